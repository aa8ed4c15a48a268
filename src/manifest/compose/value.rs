//! Values that are neither mapping nor list: their tags, and what they mean in YAML 1.2.

use std::borrow::Cow;

use granit_parser::{ScalarStyle, Tag};

use crate::manifest::code;
use crate::manifest::compose::Composer;
use crate::manifest::place::clip;
use crate::manifest::scalar::{self, Refused};
use crate::manifest::tree::{Content, Span};

impl Composer<'_> {
    pub(super) fn scalar(&mut self, text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Content {
        let refuse = |this: &mut Self, tag: &Tag| {
            this.complain(code::UNKNOWN_TAG, span, format!("the tag `{}` is not known here", tag.original()));
            this.help("leave the tag out: values mean what YAML 1.2 says");
            Content::Broken
        };
        let suffix = match tag {
            None => None,
            Some(tag) if tag.core_suffix() == Some("str") || matches!(tag.parts(), ("", "!") | ("!", "")) => {
                return Content::Text(text.into_owned());
            }
            Some(tag) => match (tag.core_suffix(), style) {
                (Some(suffix @ ("null" | "bool" | "int" | "float")), ScalarStyle::Plain) => Some((suffix, tag)),
                _ => return refuse(self, tag),
            },
        };
        if style != ScalarStyle::Plain {
            return Content::Text(text.into_owned());
        }
        let content = match scalar::resolve(&text) {
            Ok(content) => content,
            Err(Refused::Range) => {
                self.complain(code::BAD_NUMBER, span, format!("`{}` is not a number that can be used", clip(&text)));
                self.help("quote it when a text is meant");
                return Content::Broken;
            }
            Err(Refused::LeadingZero) => {
                let message = format!("`{}` is another number in YAML 1.1 than in YAML 1.2", clip(&text));
                self.complain(code::BAD_NUMBER, span, message);
                self.help("write it without the leading zero, or quote it when a text is meant");
                return Content::Broken;
            }
        };
        let fits = match (&suffix, &content) {
            (None, _)
            | (Some(("null", _)), Content::Null)
            | (Some(("bool", _)), Content::Bool(_))
            | (Some(("float", _)), Content::Number(_)) => true,
            (Some(("int", _)), Content::Number(number)) => number.is_i64() || number.is_u64(),
            _ => false,
        };
        match (suffix, fits) {
            (Some((_, tag)), false) => refuse(self, tag),
            _ => content,
        }
    }
}
