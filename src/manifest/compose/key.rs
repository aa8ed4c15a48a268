//! Keys of mappings: what may be one, and that none is there twice.

use std::collections::HashMap;

use granit_parser::{ScalarStyle, Tag};

use crate::manifest::code;
use crate::manifest::compose::{COMPLAINTS, Composer, Frame, Holds, Stop};
use crate::manifest::place::clip;
use crate::manifest::scalar;
use crate::manifest::tree::{Content, Entry, Node, Span};

/// A key that waits for its value.
pub(super) enum Key {
    Text(String, Span),
    /// Refused already; its value is read and dropped.
    Refused,
}

impl Composer<'_> {
    /// Tells whether the next node is a key.
    pub(super) fn takes_key(&self) -> bool {
        matches!(self.stack.last(), Some(Frame { holds: Holds::Map { key: None, .. }, .. }))
    }

    pub(super) fn set_key(&mut self, next: Key) {
        if let Some(Frame { holds: Holds::Map { key, .. }, .. }) = self.stack.last_mut() {
            *key = Some(next);
        }
    }

    pub(super) fn take_key(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        anchor: usize,
        span: Span,
    ) -> Result<(), Stop> {
        let is_plain = style == ScalarStyle::Plain;
        if is_plain && text == "<<" {
            self.complain(code::MERGE_KEY, span, "merge keys are not supported");
            self.help("write the keys out, or move what is shared to a SettingsProfile");
            self.set_key(Key::Refused);
            return Ok(());
        }
        if let Some(tag) = tag.filter(|tag| tag.core_suffix() != Some("str")) {
            self.complain(code::UNKNOWN_TAG, span, format!("a key cannot have the tag `{}`", tag.original()));
            self.set_key(Key::Refused);
            return Ok(());
        }
        if is_plain && tag.is_none() {
            let found = match scalar::resolve(text) {
                Ok(Content::Text(_)) => None,
                Ok(Content::Null) => Some("nothing"),
                Ok(Content::Bool(_)) => Some("a boolean"),
                _ => Some("a number"),
            };
            if let Some(found) = found {
                self.complain(code::KEY_NOT_TEXT, span, format!("a key must be a text, found {found}"));
                if !text.is_empty() {
                    self.help(format!("quote it: `\"{text}\"`"));
                }
                self.set_key(Key::Refused);
                return Ok(());
            }
        }
        self.charge(span)?;
        if anchor != 0 {
            let node = Node { span, content: Content::Text(text.to_owned()) };
            self.anchors.insert(anchor, (node, 1, 0));
        }
        self.set_key(Key::Text(text.to_owned(), span));
        Ok(())
    }

    /// Drops every key that was there before and names both lines.
    pub(super) fn without_duplicates(&mut self, entries: Vec<Entry>) -> Vec<Entry> {
        let mut is_duplicate: Vec<Option<Span>> = Vec::new();
        if entries.len() <= 16 {
            for (at, entry) in entries.iter().enumerate() {
                if let Some(first) = entries[..at].iter().find(|other| other.key == entry.key) {
                    is_duplicate.resize(entries.len(), None);
                    is_duplicate[at] = Some(first.span);
                }
            }
        } else {
            let mut seen: HashMap<&str, Span> = HashMap::with_capacity(entries.len());
            for (at, entry) in entries.iter().enumerate() {
                match seen.get(entry.key.as_str()) {
                    None => {
                        seen.insert(&entry.key, entry.span);
                    }
                    Some(first) => {
                        is_duplicate.resize(entries.len(), None);
                        is_duplicate[at] = Some(*first);
                    }
                }
            }
        }
        if is_duplicate.is_empty() {
            return entries;
        }
        let mut kept = Vec::with_capacity(entries.len());
        for (entry, first) in entries.into_iter().zip(is_duplicate) {
            let Some(first) = first else {
                kept.push(entry);
                continue;
            };
            if self.out.diagnostics.len() >= COMPLAINTS {
                continue;
            }
            let origin = self.origin(first);
            self.complain(code::DUPLICATE_KEY, entry.span, format!("the key `{}` is there twice", clip(&entry.key)));
            if let Some(diagnostic) = self.out.diagnostics.last_mut() {
                *diagnostic = diagnostic.clone().note("again here").label(origin, "first here");
            }
        }
        kept
    }
}
