//! Lines and columns of policies as origins, for snippets.

use crate::core::origin::Origin;

/// Returns the place of a line and column, both counted from 1, in a text; what is to be seen there is the rest of the word.
pub(crate) fn origin(file: &str, text: &str, line: u32, column: u32) -> Origin {
    let mut start = 0;
    let mut row = "";
    for (index, piece) in text.split_inclusive('\n').enumerate() {
        if index + 1 == line as usize {
            row = piece.trim_end_matches(['\n', '\r']);
            break;
        }
        start += piece.len();
    }
    let begin = row.char_indices().nth(column.saturating_sub(1) as usize).map_or(row.len(), |(at, _)| at);
    let rest = &row[begin..];
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let length = match rest.find(|c| !is_word(c)) {
        Some(0) => rest.chars().next().map_or(0, char::len_utf8),
        Some(at) => at,
        None => rest.len(),
    };
    let start = (start + begin).min(text.len());
    Origin { file: file.into(), line, column, start, end: start + length }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_and_places_outside_end_at_the_text() {
        let text = "package a\r\ndény contains x\n";
        let seen = |line, column| {
            let at = origin("a.rego", text, line, column);
            &text[at.start..at.end]
        };
        assert_eq!(seen(1, 9), "a");
        assert_eq!(seen(2, 1), "dény");
        assert_eq!(seen(2, 6), "contains");
        assert_eq!(seen(2, 99), "");
        assert_eq!(seen(9, 9), "");
    }
}
