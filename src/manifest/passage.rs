//! A passage of a scalar's content, found again in the text of the file.
//!
//! Quotes, escapes, folding and indentation make a content differ from its text only in white space and in how letters are written:
//! the n-th visible letter of one is the n-th visible letter of the other, whatever the style.

use crate::manifest::place::number;
use crate::manifest::tree::Span;

/// Returns the place of the bytes `offset..offset + length` of a content that was read from `span` of `text`; none for a content
/// that stands elsewhere, behind an alias. Of a passage without visible letters the place is the end of what stands before it.
pub(crate) fn find(text: &str, span: Span, content: &str, offset: usize, length: usize) -> Option<Span> {
    let raw = text.get(span.start as usize..span.end as usize)?;
    let before = visible(content.get(..offset)?).count();
    let count = visible(content.get(offset..offset.checked_add(length)?)?).count();
    let letters = align(raw, content)?;
    let end = before.checked_sub(1).map_or(0, |last| letters[last].1);
    let found = match letters.get(before..before + count)? {
        [] => (end, end),
        [first, .., last] => (first.0, last.1),
        [only] => *only,
    };
    Some(place(raw, span, found))
}

/// Returns where each visible letter of a content stands in its text. How the text is written is found out by reading: only one
/// way gives the content.
fn align(raw: &str, content: &str) -> Option<Vec<(usize, usize)>> {
    let quoted = match raw.as_bytes().first()? {
        b'\'' => Some((Style::Single, 1)),
        b'"' => Some((Style::Double, 1)),
        // the header of a block, and a comment behind it
        b'|' | b'>' => raw.find('\n').map(|end| (Style::Bare, end + 1)),
        _ => None,
    };
    quoted.into_iter().chain([(Style::Bare, 0)]).find_map(|(style, at)| {
        let mut letters = Letters { raw, style, at };
        let places: Option<Vec<(usize, usize)>> = visible(content)
            .map(|wanted| letters.next().filter(|found| found.letter == wanted).map(|found| (found.start, found.end)))
            .collect();
        places.filter(|_| letters.next().is_none())
    })
}

/// Returns the place of a range of bytes of the text of a scalar.
fn place(raw: &str, span: Span, (start, end): (usize, usize)) -> Span {
    let head = &raw[..start];
    let (mut line, mut line_start) = (span.line, None);
    for (at, letter) in head.char_indices() {
        if letter == '\n' || letter == '\r' && !raw[at + 1..].starts_with('\n') {
            line = line.saturating_add(1);
            line_start = Some(at + 1);
        }
    }
    let column = match line_start {
        None => span.column.saturating_add(number(head.chars().count())),
        Some(at) => number(raw[at..start].chars().count()).saturating_add(1),
    };
    Span { start: span.start.saturating_add(number(start)), end: span.start.saturating_add(number(end)), line, column }
}

/// White space that YAML may add, take away or fold.
fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\r')
}

fn visible(content: &str) -> impl Iterator<Item = char> + '_ {
    content.chars().filter(|letter| !is_blank(*letter))
}

/// A letter of the content, and the bytes of the text that stand for it.
struct Letter {
    letter: char,
    start: usize,
    end: usize,
}

/// How a scalar is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// Without quotes, or as a block.
    Bare,
    /// `'…'`
    Single,
    /// `"…"`
    Double,
}

/// Reads the visible letters of a scalar's text.
struct Letters<'a> {
    raw: &'a str,
    style: Style,
    at: usize,
}

impl Letters<'_> {
    fn next(&mut self) -> Option<Letter> {
        loop {
            let start = self.at;
            let letter = self.raw[start..].chars().next()?;
            self.at += letter.len_utf8();
            let read = match (self.style, letter) {
                (Style::Single, '\'') => {
                    // two stand for one; one alone ends the scalar
                    self.at += self.raw[self.at..].starts_with('\'').then_some(1)?;
                    Some('\'')
                }
                (Style::Double, '"') => return None,
                (Style::Double, '\\') => self.escape()?,
                _ => Some(letter),
            };
            if let Some(letter) = read.filter(|letter| !is_blank(*letter)) {
                return Some(Letter { letter, start, end: self.at });
            }
        }
    }

    /// Reads what follows a backslash; nothing for the end of a line, which continues on the next.
    fn escape(&mut self) -> Option<Option<char>> {
        let letter = self.raw[self.at..].chars().next()?;
        self.at += letter.len_utf8();
        let digits = match letter {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            '\n' | '\r' => return Some(None),
            '0' => return Some(Some('\0')),
            'a' => return Some(Some('\u{7}')),
            'b' => return Some(Some('\u{8}')),
            't' | 'n' | 'r' => return Some(Some(' ')),
            'v' => return Some(Some('\u{b}')),
            'f' => return Some(Some('\u{c}')),
            'e' => return Some(Some('\u{1b}')),
            'N' => return Some(Some('\u{85}')),
            '_' => return Some(Some('\u{a0}')),
            'L' => return Some(Some('\u{2028}')),
            'P' => return Some(Some('\u{2029}')),
            same => return Some(Some(same)),
        };
        let code = u32::from_str_radix(self.raw.get(self.at..self.at + digits)?, 16).ok()?;
        self.at += digits;
        Some(Some(char::from_u32(code)?))
    }
}

#[cfg(test)]
mod tests {
    use crate::manifest::compose::{Budget, compose};
    use crate::manifest::source::SourceFile;
    use crate::manifest::tree::Content;

    use super::*;

    /// Reads `c: …` and returns line, column and text of the passage `wanted` of its content.
    fn found(yaml: &str, wanted: &str) -> Option<(u32, u32, String)> {
        let file = SourceFile { name: "x.yaml".into(), text: yaml.into() };
        let documents = compose(&file, &mut Budget::default()).documents;
        let node = documents[0].find("/c").unwrap().node;
        let Content::Text(content) = &node.content else { panic!("{node:?}") };
        let offset = if wanted.is_empty() { content.trim_end().len() } else { content.find(wanted).unwrap() };
        let at = find(yaml, node.span, content, offset, wanted.len())?;
        Some((at.line, at.column, yaml[at.start as usize..at.end as usize].to_owned()))
    }

    #[test]
    fn passages_are_found_in_every_style() {
        for (yaml, wanted, line, column, raw) in [
            ("c: é @Resource x", "@Resource", 1, 6, "@Resource"),
            ("a: 1\nc:\n  x y\n  Zé z\n", "Zé z", 4, 3, "Zé z"),
            ("c: 'a ''b'' Xx'\n", "'b'", 1, 7, "''b''"),
            ("c: 'a\n\n   b Xx'\n", "Xx", 3, 6, "Xx"),
            ("c: \"a \\\"b\\x41\\t \\u00e9 Xx\"\n", "Xx", 1, 24, "Xx"),
            ("c: \"a \\\n   b\\_ Xx\"\n", "Xx", 2, 8, "Xx"),
            ("c: \"\\u00e9Xx\"\n", "é", 1, 5, "\\u00e9"),
            ("k: 1\nc: |\n    a\n      é Xx\n\n    b\nd: 2\n", "Xx", 4, 9, "Xx"),
            ("c: >-   # note Xx\n\n  a b\n  c Xx\n", "Xx", 4, 5, "Xx"),
            ("c: |2\n   a\n  Xx\n", "Xx", 3, 3, "Xx"),
            ("c: |\r\n  a\r\n  Xx\r\n", "Xx", 3, 3, "Xx"),
            ("c: |\n  'a' Xx\n", "Xx", 2, 7, "Xx"),
            ("c: >\n\n  !(a)\n  | Xx\n", "Xx", 4, 5, "Xx"),
            ("c: |\n\n  | a\n  Xx\n", "Xx", 4, 3, "Xx"),
            ("c: !!str 'a Xx'\n", "Xx", 1, 13, "Xx"),
            ("c: &anchor a Xx\n", "Xx", 1, 14, "Xx"),
            // the end
            ("c: 'a b'\n", "", 1, 8, ""),
            ("c: |\n  a\n  b\n", "", 3, 4, ""),
        ] {
            let want = Some((line, column, raw.to_owned()));
            assert_eq!(found(yaml, wanted), want, "{yaml:?}");
        }
        assert_eq!(found("a: &x a Xx\nc: *x\n", "Xx"), None, "it stands elsewhere");
    }
}
