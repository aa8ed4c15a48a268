//! Complaints about a text that is no YAML, or YAML that is read differently elsewhere.

use std::sync::Arc;

use granit_parser::{ErrorKind, ScanError};

use crate::core::diagnostic::Diagnostic;
use crate::core::origin::Origin;
use crate::manifest::code;
use crate::manifest::compose::DEPTH;
use crate::manifest::place::{floor, number, origin};
use crate::manifest::source::SourceFile;
use crate::manifest::tree::Span;

/// Returns the complaint about a syntax error.
pub(crate) fn complaint(file: &SourceFile, error: &ScanError) -> Diagnostic {
    let marker = error.marker();
    let start = floor(&file.text, marker.byte_offset().unwrap_or(file.text.len()));
    let end = file.text[start..].chars().next().filter(|c| *c != '\n').map_or(start, |c| start + c.len_utf8());
    let at = Origin {
        file: Arc::clone(&file.name),
        line: number(marker.line()).max(1),
        column: number(marker.col()).saturating_add(1),
        start,
        end,
    };
    match error.kind() {
        ErrorKind::RecursionLimitExceeded => {
            Diagnostic::error(code::NESTING_LIMIT, Some(at), format!("nested deeper than {DEPTH} levels"))
        }
        ErrorKind::DirectiveDisallowed => {
            Diagnostic::error(code::DIRECTIVE, Some(at), "YAML directives are not supported").help("leave the line out")
        }
        ErrorKind::UnknownAnchor => {
            Diagnostic::error(code::YAML_SYNTAX, Some(at), "the alias refers to no anchor above it")
                .help("quote the value when a text beginning with `*` is meant")
        }
        kind @ (ErrorKind::TabNotAllowed | ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation) => {
            Diagnostic::error(code::YAML_SYNTAX, Some(at), kind.to_string()).help("indent with blanks, not with tabs")
        }
        kind => Diagnostic::error(code::YAML_SYNTAX, Some(at), kind.to_string()),
    }
}

/// Returns the offsets of NEL, LS and PS.
pub(crate) fn separators(text: &str) -> Vec<usize> {
    if text.is_ascii() {
        return Vec::new();
    }
    text.char_indices().filter(|(_, c)| matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}')).map(|(at, _)| at).collect()
}

/// Returns the complaint about the first separator that stands outside quotes. `separators` are their offsets, `quoted` the
/// bytes of quoted scalars, both in the order of the text.
pub(crate) fn separator(file: &SourceFile, separators: &[usize], quoted: &[(usize, usize)]) -> Option<Diagnostic> {
    let mut quoted = quoted.iter().peekable();
    let outside = separators.iter().copied().find(|offset| {
        while quoted.next_if(|(_, end)| end <= offset).is_some() {}
        quoted.peek().is_none_or(|(start, _)| start > offset)
    });
    let offset = outside?;
    let before = &file.text[..offset];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let character = file.text[offset..].chars().next().unwrap_or(' ');
    let span = Span {
        start: number(offset),
        end: number(offset + character.len_utf8()),
        line: number(before.matches('\n').count() + 1),
        column: number(before[line_start..].chars().count() + 1),
    };
    let message = format!("U+{:04X} is a line break for some YAML readers and not for others", u32::from(character));
    Some(
        Diagnostic::error(code::LINE_SEPARATOR, Some(origin(file, span)), message)
            .help("remove it, or write it as an escape in double quotes"),
    )
}
