//! Places in a text, in bytes for programs and in lines and columns for people.

use std::borrow::Cow;
use std::sync::Arc;

use crate::core::origin::Origin;
use crate::manifest::source::SourceFile;
use crate::manifest::tree::Span;

/// Returns the origin of a span.
pub(crate) fn origin(file: &SourceFile, span: Span) -> Origin {
    let length = file.text.len();
    let start = floor(&file.text, (span.start as usize).min(length));
    let end = floor(&file.text, (span.end as usize).clamp(start, length));
    // of what spans lines the first is shown
    let end =
        file.text.as_bytes()[start..end].iter().position(|b| matches!(b, b'\n' | b'\r')).map_or(end, |n| start + n);
    Origin { file: Arc::clone(&file.name), line: span.line, column: span.column, start, end }
}

/// Returns a span of the parser in our terms: its columns count from 0, ours from 1.
pub(crate) fn convert(span: &granit_parser::Span) -> Span {
    let range = span.byte_range().unwrap_or(0..0);
    Span {
        start: number(range.start),
        end: number(range.end),
        line: number(span.start.line()).max(1),
        column: number(span.start.col()).saturating_add(1),
    }
}

/// Returns a count that fits; files are smaller than 4 GiB.
pub(crate) fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// Returns the nearest character boundary at or before `at`.
pub(crate) fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Returns the beginning of a text, for messages.
pub(crate) fn clip(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(80) {
        None => text.into(),
        Some((at, _)) => format!("{}…", &text[..at]).into(),
    }
}
