//! Words of a condition: the text cut into tokens, each with its place.

use crate::core::condition::error::ConditionError;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// `(`
    Open,
    /// `)`
    Close,
    /// `{`
    SetOpen,
    /// `}`
    SetClose,
    /// `,`
    Comma,
    /// `AND` or `&&`.
    And,
    /// `OR` or `||`.
    Or,
    /// `NOT` or `!`.
    Not,
    /// `@Request`: where an attribute comes from.
    Source,
    /// `[…]`: which attribute.
    Path,
    /// `'…'`, with its quotes.
    Text,
    /// A whole number.
    Integer,
    /// A GUID of 32 digits, with hyphens or without.
    Guid,
    /// `true` or `false`.
    Bool,
    /// Any other word: a function, an operator, or something invented.
    Word,
    /// The end of the text.
    End,
}

/// A token with its text and place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// What it is.
    pub(super) kind: TokenKind,
    /// Its text as written; empty at the end.
    pub(super) text: &'a str,
    /// Its first byte in the condition.
    pub(super) offset: usize,
}

/// The tokens of a text, and what kept the rest of it from being read.
pub(super) struct Tokens<'a> {
    /// The tokens, with an [`TokenKind::End`] last.
    pub(super) list: Vec<Token<'a>>,
    /// Why the text ends early; its place is that of the `End` token.
    pub(super) broken: Option<ConditionError>,
}

/// Cuts a text into tokens. Never fails: what cannot be read ends the list.
pub(super) fn cut(text: &str) -> Tokens<'_> {
    let mut list = Vec::new();
    let mut at = 0;
    loop {
        at += text[at..].len() - text[at..].trim_start_matches([' ', '\t', '\r', '\n']).len();
        let rest = &text[at..];
        let Some(letter) = rest.chars().next() else {
            list.push(Token { kind: TokenKind::End, text: "", offset: text.trim_end().len().min(at) });
            return Tokens { list, broken: None };
        };
        match token(rest, letter) {
            Ok((kind, length)) => {
                list.push(Token { kind, text: &rest[..length], offset: at });
                at += length;
            }
            Err(error) => {
                list.push(Token { kind: TokenKind::End, text: "", offset: at });
                return Tokens { list, broken: Some(ConditionError { offset: at + error.offset, ..error }) };
            }
        }
    }
}

/// Returns the kind and length of the token that `rest` begins with; an error counts from the beginning of `rest`.
fn token(rest: &str, letter: char) -> Result<(TokenKind, usize), ConditionError> {
    let single = match letter {
        '(' => Some(TokenKind::Open),
        ')' => Some(TokenKind::Close),
        '{' => Some(TokenKind::SetOpen),
        '}' => Some(TokenKind::SetClose),
        ',' => Some(TokenKind::Comma),
        '!' if !rest.starts_with("!=") => Some(TokenKind::Not),
        _ => None,
    };
    if let Some(kind) = single {
        return Ok((kind, 1));
    }
    match letter {
        '&' if rest.starts_with("&&") => Ok((TokenKind::And, 2)),
        '|' if rest.starts_with("||") => Ok((TokenKind::Or, 2)),
        '\'' => quoted(rest),
        '[' => path(rest),
        '@' => Ok((TokenKind::Source, 1 + run(&rest[1..], |letter| letter.is_ascii_alphanumeric() || letter == '_'))),
        _ if is_word(letter) => {
            let length = run(rest, is_word);
            Ok((classify(&rest[..length]), length))
        }
        _ => Err(foreign(rest, letter)),
    }
}

/// Letters of words: operators with their cross product (`ForAnyOfAnyValues:GuidEquals`), numbers and GUIDs.
fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | ':' | '-' | '.')
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|letter| !belongs(letter)).unwrap_or(text.len())
}

/// Reads `'…'`. Two quotes inside stand for one, as in the other languages of Azure; the condition page documents no escape
/// but those of the wildcards, and a text that the service does not take is refused by the service.
fn quoted(rest: &str) -> Result<(TokenKind, usize), ConditionError> {
    let mut at = 1;
    loop {
        let Some(end) = rest[at..].find('\'') else {
            return Err(ConditionError::new(0, 1, "a quotation mark is never closed"));
        };
        at += end + 1;
        if !rest[at..].starts_with('\'') {
            return Ok((TokenKind::Text, at));
        }
        at += 1;
    }
}

/// Reads `[…]`. Keys may hold any letter but the closing bracket and line breaks: `[…/tags:Project<$key_case_sensitive$>]`.
fn path(rest: &str) -> Result<(TokenKind, usize), ConditionError> {
    match rest.find([']', '\n', '\r']).filter(|end| rest[*end..].starts_with(']')) {
        Some(end) => Ok((TokenKind::Path, end + 1)),
        None => Err(ConditionError::new(0, 1, "an attribute's `[` is never closed")),
    }
}

/// Tells words apart. Whether the service takes `and` for `AND` is not documented; it is read here and refused there at worst.
fn classify(word: &str) -> TokenKind {
    let hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_guid = crate::core::id::is_guid(word) || word.len() == 32 && hex(word);
    let digits = word.strip_prefix('-').unwrap_or(word);
    if word.eq_ignore_ascii_case("and") {
        TokenKind::And
    } else if word.eq_ignore_ascii_case("or") {
        TokenKind::Or
    } else if word.eq_ignore_ascii_case("not") {
        TokenKind::Not
    } else if word.eq_ignore_ascii_case("true") || word.eq_ignore_ascii_case("false") {
        TokenKind::Bool
    } else if is_guid {
        TokenKind::Guid
    } else if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        TokenKind::Integer
    } else {
        TokenKind::Word
    }
}

/// Returns what is wrong with a letter that no condition holds outside of quotes.
fn foreign(rest: &str, letter: char) -> ConditionError {
    let length = run(rest, |other| matches!(other, '=' | '<' | '>' | '!' | '&' | '|')).max(letter.len_utf8());
    let found = &rest[..length];
    let (message, help) = match letter {
        '=' | '<' | '>' | '!' => (
            format!("`{found}` is no operator of Azure conditions"),
            Some("compare with a word such as `StringEquals`, `GuidEquals` or `NumericLessThan`"),
        ),
        '&' => ("a single `&`".to_owned(), Some("write `AND` or `&&`")),
        '|' => ("a single `|`".to_owned(), Some("write `OR` or `||`")),
        '"' => ("a double quotation mark".to_owned(), Some("put texts in single quotes: `'…'`")),
        '\u{2018}' | '\u{2019}' | '\u{201c}' | '\u{201d}' => {
            (format!("a typographic quotation mark `{letter}`"), Some("put texts in single quotes: `'…'`"))
        }
        _ if letter.is_whitespace() || letter.is_control() || letter == '\u{feff}' => {
            (format!("an invisible letter U+{:04X}", u32::from(letter)), Some("replace it by a blank"))
        }
        _ => (format!("`{letter}` has no meaning outside of quotes"), None),
    };
    let error = ConditionError::new(0, length, message);
    match help {
        Some(help) => error.help(help),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart() {
        let text = "!(ActionMatches{'it''s'}) && @Resource [a:b<$k$>] ForAnyOfAnyValues:GuidEquals{ACDD72A7-3385-48ef-bd42-f606fba81ae7, \
                    49fc33c1886f4b21a00e1d9993234734} or -12 true";
        let kinds: Vec<TokenKind> = cut(text).list.iter().map(|token| token.kind).collect();
        use TokenKind::*;
        assert_eq!(
            kinds,
            [
                Not, Open, Word, SetOpen, Text, SetClose, Close, And, Source, Path, Word, SetOpen, Guid, Comma, Guid,
                SetClose, Or, Integer, Bool, End
            ]
        );
    }

    #[test]
    fn what_has_no_meaning_says_where() {
        for (text, offset, message) in [
            ("a == b", 2, "`==` is no operator of Azure conditions"),
            ("a \"b\"", 2, "a double quotation mark"),
            ("a\u{a0}b", 1, "an invisible letter U+00A0"),
            ("é", 0, "`é` has no meaning outside of quotes"),
            ("a 'b", 2, "a quotation mark is never closed"),
            ("a [b\n]", 2, "an attribute's `[` is never closed"),
            ("a & b", 2, "a single `&`"),
        ] {
            let error = cut(text).broken.unwrap();
            assert_eq!((error.offset, error.message.as_str()), (offset, message), "{text}");
        }
    }
}
