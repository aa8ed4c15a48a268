//! A page of plain text in the making: indented, wrapped, coloured where that is wanted.

use std::borrow::Cow;

use anstyle::Style;

use crate::render::style::{self, Paint};

/// Narrower than this nothing can be laid out; lines are then longer than asked for.
const NARROWEST: usize = 40;

/// Text that grows line by line. What is passed in must have gone through [`crate::render::escape::terminal`].
pub(super) struct Page {
    text: String,
    width: usize,
    paint: Paint,
}

impl Page {
    /// Returns an empty page of `width` columns.
    pub(super) fn new(width: usize, is_coloured: bool) -> Self {
        Self { text: String::new(), width: width.max(NARROWEST), paint: Paint { is_coloured } }
    }

    /// Returns what was written, with exactly one newline at the end.
    pub(super) fn finish(mut self) -> String {
        self.text.truncate(self.text.trim_end_matches('\n').len());
        self.text.push('\n');
        self.text
    }

    /// Ends a block. At the beginning and after another blank line nothing happens.
    pub(super) fn blank(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// Writes a heading between blank lines.
    pub(super) fn heading(&mut self, text: &str) {
        self.blank();
        self.line(0, &[(style::HEADING, text)]);
        self.blank();
    }

    /// Writes one line of styled pieces, never wrapped: what is on it is meant to be copied.
    pub(super) fn line(&mut self, indent: usize, pieces: &[(Style, &str)]) {
        self.text.extend(std::iter::repeat_n(' ', indent));
        for (style, text) in pieces {
            self.text.push_str(&self.paint.on(*style, text));
        }
        self.text.push('\n');
    }

    /// Writes prose, wrapped; further lines are indented by two more.
    pub(super) fn prose(&mut self, indent: usize, style: Style, text: &str) {
        for (at, line) in wrap(text, self.width.saturating_sub(indent + 2).max(NARROWEST / 2)).iter().enumerate() {
            self.line(if at == 0 { indent } else { indent + 2 }, &[(style, line)]);
        }
    }

    /// Tells whether `text` fits on one line behind `indent`.
    pub(super) fn fits(&self, indent: usize, text: &str) -> bool {
        indent + text.chars().count() <= self.width
    }
}

/// Breaks text at blanks into lines of at most `width` characters, where words allow it.
///
/// No line but the first begins with `::`: build logs take that, even indented, for a command (actions/runner,
/// `ActionCommand.TryParseV2` trims the line first).
fn wrap(text: &str, width: usize) -> Vec<Cow<'_, str>> {
    let mut lines: Vec<Cow<'_, str>> = Vec::new();
    let mut line = String::new();
    let mut length = 0;
    for word in text.split(' ') {
        let size = word.chars().count();
        if length > 0 && length + 1 + size > width && !word.starts_with("::") && !word.is_empty() {
            lines.push(Cow::Owned(std::mem::take(&mut line)));
            length = 0;
        }
        if length > 0 || !line.is_empty() {
            line.push(' ');
            length += 1;
        }
        line.push_str(word);
        length += size;
    }
    lines.push(Cow::Owned(line));
    lines
}

/// Returns `1 change`, `2 changes`.
pub(super) fn plural(count: usize, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        count => format!("{count} {one}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_wrapped_and_never_begins_a_command() {
        let mut page = Page::new(40, false);
        page.blank();
        page.prose(
            4,
            style::PLAIN,
            "the quick brown fox jumps over the lazy ::error::dog and a_word_that_is_far_too_long_to_fit",
        );
        page.line(0, &[(style::BAD, "kept "), (style::PLAIN, "as it is")]);
        page.blank();
        page.blank();
        insta::assert_snapshot!(page.finish(), @r#"
            the quick brown fox jumps over the
              lazy ::error::dog and
              a_word_that_is_far_too_long_to_fit
        kept as it is
        "#);
    }

    #[test]
    fn commands_stay_inside_lines_at_every_width() {
        let text = "a ::stop-commands::x bb ::error::y   ::z ccc ::w";
        for width in 1..60 {
            for line in wrap(text, width) {
                assert!(!line.trim_start().starts_with("::"), "{width}: {line}");
            }
            assert_eq!(wrap(text, width).join(" ").split_whitespace().count(), 7);
        }
    }

    #[test]
    fn colour_only_wraps() {
        let page = |is_coloured| {
            let mut page = Page::new(80, is_coloured);
            page.line(2, &[(style::BAD, "no"), (style::PLAIN, " way")]);
            page.finish()
        };
        assert_eq!(page(false), "  no way\n");
        assert_eq!(page(true), "  \u{1b}[1m\u{1b}[31mno\u{1b}[0m way\n");
    }
}
