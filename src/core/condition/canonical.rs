//! Texts of conditions in one spelling, for comparing.

use crate::core::condition::operator;
use crate::core::condition::token::{Token, TokenKind};

/// Joins tokens with one blank between words and none inside of brackets.
pub(super) fn join(tokens: &[Token<'_>]) -> String {
    let mut text = String::new();
    let mut before: Option<TokenKind> = None;
    for token in tokens {
        let is_tight = match (before, token.kind) {
            (None | Some(TokenKind::Open | TokenKind::SetOpen | TokenKind::Source), _) => true,
            (_, TokenKind::Close | TokenKind::SetClose | TokenKind::Comma | TokenKind::End) => true,
            (Some(TokenKind::Word), TokenKind::SetOpen) => true,
            (Some(TokenKind::Not), _) => text.ends_with('!'),
            _ => false,
        };
        if !is_tight {
            text.push(' ');
        }
        match (token.kind, token.text) {
            (TokenKind::And, _) => text.push_str("AND"),
            (TokenKind::Or, _) => text.push_str("OR"),
            (TokenKind::Not, word) if word != "!" => text.push_str("NOT"),
            (TokenKind::Guid, guid) => text.push_str(&guid.to_ascii_lowercase()),
            (TokenKind::Word, word) => push_operator(&mut text, word),
            (_, written) => text.push_str(written),
        }
        before = Some(token.kind);
    }
    text
}

/// Writes the name of an operator as the condition page does; other words as they are.
fn push_operator(text: &mut String, word: &str) {
    let (cross, name) = word.split_once(':').map_or((None, word), |(cross, name)| (Some(cross), name));
    let cross = cross.map(|cross| operator::CROSSES.iter().find(|(known, _)| known.eq_ignore_ascii_case(cross)));
    match (cross, operator::operator(name)) {
        (None, Some(known)) => text.push_str(known.name),
        (Some(Some((cross, _))), Some(known)) => {
            text.push_str(cross);
            text.push(':');
            text.push_str(known.name);
        }
        _ => text.push_str(word),
    }
}

/// Replaces every run of white space outside of quotes by one blank, and drops it at both ends.
pub(super) fn collapse(text: &str) -> String {
    let mut collapsed = String::with_capacity(text.len());
    let mut is_quoted = false;
    for letter in text.trim().chars() {
        if !is_quoted && letter.is_whitespace() {
            if !collapsed.ends_with(' ') {
                collapsed.push(' ');
            }
            continue;
        }
        is_quoted ^= letter == '\'';
        collapsed.push(letter);
    }
    collapsed
}
