//! Takes secrets out of texts that come from elsewhere before anybody prints them.
//!
//! Our own secrets are held in types that print as `[redacted]`; this is the net beneath, for messages of services,
//! libraries and child processes.

/// What stands where a secret was.
pub(super) const REDACTED: &str = "[redacted]";

/// The longest text of somebody else's that we repeat, in characters.
const LONGEST: usize = 2_000;

/// Keys whose value is a secret wherever `key=value` or `"key":"value"` occurs.
const SECRET_KEYS: [&str; 9] = [
    "client_secret",
    "client_assertion",
    "access_token",
    "accesstoken",
    "refresh_token",
    "id_token",
    "oidctoken",
    "device_code",
    "password",
];

/// Returns `text` without anything shaped like a JSON web token (`eyJ….….…`), without the values of well-known secret
/// keys and what follows `Bearer `, without control characters other than line breaks and tabs, and cut at 2,000 characters.
pub(super) fn scrub(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(length) = secret_prefix(rest, out.chars().next_back()) {
            let keep = length.keep;
            out.push_str(&rest[..keep]);
            out.push_str(REDACTED);
            rest = &rest[keep + length.drop..];
            continue;
        }
        if !first.is_control() || matches!(first, '\n' | '\t') {
            out.push(first);
        }
        rest = &rest[first.len_utf8()..];
    }
    match out.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{}…", &out[..cut]),
        None => out,
    }
}

/// Replaces `secret` itself wherever a service repeats it, whatever it looks like.
pub(super) fn blot(text: &mut String, secret: &str) {
    if !secret.is_empty() && text.contains(secret) {
        *text = text.replace(secret, REDACTED);
    }
}

/// How much at the start of a text is shown, and how much after that is a secret, in bytes.
struct Secret {
    keep: usize,
    drop: usize,
}

fn secret_prefix(text: &str, before: Option<char>) -> Option<Secret> {
    if before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') {
        return None;
    }
    if text.starts_with("eyJ") {
        let drop = run(text, is_token_char);
        if drop >= 20 {
            return Some(Secret { keep: 0, drop });
        }
    }
    if starts_with_ignore_case(text, "bearer ") {
        let drop = run(&text[7..], is_token_char);
        // "Bearer token" and the like are words.
        return (drop >= 12).then_some(Secret { keep: 7, drop });
    }
    for key in SECRET_KEYS {
        if !starts_with_ignore_case(text, key) {
            continue;
        }
        let after = &text[key.len()..];
        let lead = run(after, |c| matches!(c, '"' | '\\' | ' ' | ':' | '='));
        if !after[..lead].contains([':', '=']) {
            continue;
        }
        let drop = run(&after[lead..], |c| !matches!(c, '"' | '\\' | '&' | ',' | '{' | '}' | '[' | ' ' | '\n'));
        return (drop > 0).then_some(Secret { keep: key.len() + lead, drop });
    }
    None
}

fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '~' | '+' | '/' | '=')
}

fn run(text: &str, is_part: impl Fn(char) -> bool) -> usize {
    text.find(|c| !is_part(c)).unwrap_or(text.len())
}

fn starts_with_ignore_case(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_and_words_stay() {
        for (text, want) in [
            ("token eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln refused", "token [redacted] refused"),
            ("Authorization: Bearer abcdefghijkl123", "Authorization: Bearer [redacted]"),
            ("a Bearer token is missing", "a Bearer token is missing"),
            ("grant_type=x&client_secret=s3cr3t&scope=y", "grant_type=x&client_secret=[redacted]&scope=y"),
            (r#"{"access_token":"abc","n":1}"#, r#"{"access_token":"[redacted]","n":1}"#),
            (r#"{\"accessToken\": \"abc\"}"#, r#"{\"accessToken\": \"[redacted]\"}"#),
            (r#"{"access_token":{"nbf":1}}"#, r#"{"access_token":{"nbf":1}}"#),
            ("the password is wrong", "the password is wrong"),
            ("eyJ is short", "eyJ is short"),
            ("a\u{1b}[31mred", "a[31mred"),
            ("grüße", "grüße"),
        ] {
            assert_eq!(scrub(text), want);
        }
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(scrub(&"ä".repeat(5_000)).chars().count(), LONGEST + 1);
    }
}
