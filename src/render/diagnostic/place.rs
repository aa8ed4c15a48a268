//! The part of a source line that is shown for a place, and where the place ends.

use std::ops::Range;

use crate::core::origin::Origin;
use crate::render::escape::{is_unsafe, opens_log_command};

/// How many bytes of a line are looked at on either side of a place: a file may be one line of 20 MB.
const REACH: usize = 300;

/// The line that a place is on, safe to show, and the place in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// The line, or the part of it around the place. Unsafe characters are replaced one by one.
    pub(super) line: String,
    /// The place, in bytes of `line`; at least one character unless the line has none there.
    pub(super) span: Range<usize>,
    /// The excerpt begins within the line, not at its beginning.
    pub(super) is_cropped: bool,
}

/// Returns the excerpt for a place; none when the place has no bytes in this text. Never panics, whatever the span.
pub(super) fn excerpt(text: &str, at: &Origin) -> Option<Excerpt> {
    let (line, span) = locate(text, at)?;
    let mut shown = String::with_capacity(line.len());
    let mut mapped = None;
    let mut end = None;
    for (offset, letter) in text[line.clone()].char_indices() {
        let offset = line.start + offset;
        if offset >= span.start && mapped.is_none() {
            mapped = Some(shown.len());
        }
        if offset >= span.end && end.is_none() {
            end = Some(shown.len());
        }
        shown.push(match letter {
            '\t' => ' ',
            '#' if opens_log_command(&text[offset..]) => '\u{ff03}',
            letter if is_unsafe(letter) => '\u{fffd}',
            letter => letter,
        });
    }
    let start = mapped.unwrap_or(shown.len());
    let is_cropped = line.start > 0 && !text[..line.start].ends_with('\n');
    Some(Excerpt { span: start..end.unwrap_or(shown.len()).max(start), line: shown, is_cropped })
}

/// Returns line and column, both counted from 1, one past the last character of a place. A place over several lines ends with
/// its first one.
pub(super) fn end(text: Option<&str>, at: &Origin) -> (u32, u32) {
    let width = text.and_then(|text| locate(text, at).map(|(_, span)| text[span].chars().count()));
    (at.line, at.column.saturating_add(u32::try_from(width.unwrap_or(0)).unwrap_or(0)))
}

/// Returns the bytes of the shown part of the line and of the place, both on character boundaries and within the text.
fn locate(text: &str, at: &Origin) -> Option<(Range<usize>, Range<usize>)> {
    if at.start > text.len() || (at.start == 0 && at.end == 0 && (at.line, at.column) != (1, 1)) {
        return None;
    }
    let start = floor(text, at.start);
    let mut from = floor(text, start.saturating_sub(REACH));
    if let Some(newline) = text[from..start].rfind('\n') {
        from += newline + 1;
    }
    let limit = floor(text, start.saturating_add(2 * REACH).min(text.len()));
    let rest = &text[start..limit];
    let to = start + rest.find(['\n', '\r']).unwrap_or(rest.len());
    let mut stop = floor(text, at.end.min(to)).max(start);
    if stop == start {
        // an empty place is shown at the character it precedes
        stop = start + text[start..to].chars().next().map_or(0, char::len_utf8);
    }
    Some((from..to.max(from), start..stop))
}

/// Returns the nearest character boundary at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(line: u32, column: u32, span: Range<usize>) -> Origin {
        Origin { file: "f.yaml".into(), line, column, start: span.start, end: span.end }
    }

    #[test]
    fn the_line_around_a_place() {
        let text = "a: 1\nbé: \u{202e}x\u{1b}\r\nc: 3\n";
        let place = excerpt(text, &origin(2, 5, 10..14)).unwrap();
        assert_eq!(place.line, "bé: \u{fffd}x\u{fffd}");
        assert_eq!(&place.line[place.span], "\u{fffd}x");
        assert_eq!(end(Some(text), &origin(1, 1, 0..1)), (1, 2));
        assert_eq!(end(Some(text), &origin(1, 1, 0..17)), (1, 5), "ends with its first line");
        assert_eq!(end(None, &origin(3, 4, 0..0)), (3, 4));
    }

    #[test]
    fn spans_that_are_off_are_harmless() {
        let text = "é\n";
        for start in 0..6 {
            for stop in 0..6 {
                let place = excerpt(text, &origin(1, 1, start..stop));
                assert_eq!(place.is_none(), start > text.len(), "{start}..{stop}");
                end(Some(text), &origin(1, 1, start..stop));
            }
        }
        assert_eq!(excerpt(text, &origin(1, 1, usize::MAX..usize::MAX)), None);
        assert_eq!(excerpt(text, &origin(7, 3, 0..0)), None, "a place whose bytes were not kept");
        assert!(excerpt("", &origin(1, 1, 0..0)).is_some());
    }

    #[test]
    fn a_line_of_megabytes_is_cropped() {
        let text = "x".repeat(20_000_000);
        let place = excerpt(&text, &origin(1, 10_000_001, 10_000_000..10_000_005)).unwrap();
        assert_eq!(place.line.len(), 3 * REACH);
        assert_eq!(place.span, REACH..REACH + 5);
    }
}
