//! What is compared of two bodies: members and their order, null against left out, JSON types, forms of ids and timestamps, words of
//! enumerations and messages. Not compared: which ids, which hour, names and descriptions.

use crate::json::Json;

/// Members whose text is one of a set of words and is compared as it is.
const WORDS: &[&str] = &[
    "type",
    "code",
    "requestType",
    "status",
    "principalType",
    "memberType",
    "assignmentType",
    "ruleType",
    "caller",
    "level",
    "recipientType",
    "notificationType",
    "notificationLevel",
    "approvalMode",
    "state",
    "spendingLimit",
    "authorizationSource",
    "tenantCategory",
    "provisioningState",
    "resultTruncated",
    "origin",
    "userType",
    "conditionVersion",
];
/// Members whose text is compared but for ids and instants in it.
const SENTENCES: &[&str] = &["message"];
/// Members that belong to whoever wrote them: there are or are not such, with whatever is in them.
const OPEN: &[&str] = &["tags", "sku", "plan", "identity"];

/// Adds to `found` what the answer has otherwise than the recording, one line each, beginning with the path of the member.
pub(crate) fn compare(at: &str, recorded: &Json, answered: &Json, found: &mut Vec<String>) {
    match (recorded, answered) {
        (Json::Object(ours), Json::Object(theirs)) => {
            let name = at.rsplit(['.', ']']).next().unwrap_or_default();
            if OPEN.contains(&name) {
                return;
            }
            let names = |members: &[(String, Json)]| members.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
            let (wanted, got) = (names(ours), names(theirs));
            for name in wanted.iter().filter(|name| !got.contains(name)) {
                found.push(format!("{at}.{name}: left out"));
            }
            for name in got.iter().filter(|name| !wanted.contains(name)) {
                found.push(format!("{at}.{name}: not recorded"));
            }
            let common = |from: &[String], other: &[String]| {
                from.iter().filter(|name| other.contains(name)).cloned().collect::<Vec<_>>()
            };
            if common(&wanted, &got) != common(&got, &wanted) {
                found.push(format!("{at}: order {} instead of {}", got.join(","), wanted.join(",")));
            }
            // What Microsoft ships is told from what somebody wrote.
            let is_built_in = recorded.get("type").text() == "BuiltInRole";
            let at = if is_built_in { format!("{at}(built-in)") } else { at.to_owned() };
            for (name, value) in ours {
                if let Some((_, other)) = theirs.iter().find(|(known, _)| known == name) {
                    compare(&format!("{at}.{name}"), value, other, found);
                }
            }
        }
        (Json::List(ours), Json::List(theirs)) => items(at, ours, theirs, found),
        _ => {
            let name = at.rsplit('.').next().unwrap_or_default();
            let (wanted, got) = (form(name, recorded), form(name, answered));
            if wanted != got {
                found.push(format!("{at}: {got} instead of {wanted}"));
            }
        }
    }
}

/// Compares rows that have ids by id, all others by their first.
fn items(at: &str, recorded: &[Json], answered: &[Json], found: &mut Vec<String>) {
    let ids = recorded.iter().filter(|item| !item.get("id").text().is_empty()).count();
    let is_tenant = recorded.iter().any(|item| *item.get("tenantCategory") != Json::Null);
    if recorded.is_empty() != answered.is_empty() {
        found.push(format!("{at}: {} items instead of {}", answered.len(), recorded.len()));
    }
    // A sandbox has one tenant, with its own id.
    if ids < recorded.len() || is_tenant {
        if let (Some(one), Some(other)) = (recorded.first(), answered.first()) {
            compare(&format!("{at}[0]"), one, other, found);
        }
        return;
    }
    for one in recorded {
        let id = one.get("id").text();
        match answered.iter().find(|other| other.get("id").text().eq_ignore_ascii_case(id)) {
            Some(other) => compare(&format!("{at}[]"), one, other, found),
            None => found.push(format!("{at}[]: no row {id}")),
        }
    }
}

/// Returns what is compared of a value.
fn form(name: &str, json: &Json) -> String {
    match json {
        Json::Null => "null".to_owned(),
        Json::Bool(_) => "a truth value".to_owned(),
        Json::Number(number) if number.is_f64() => "a fraction".to_owned(),
        Json::Number(_) => "a number".to_owned(),
        Json::List(_) => "a list".to_owned(),
        Json::Object(_) => "an object".to_owned(),
        Json::Text(text) if text.starts_with('/') => neutral(text),
        Json::Text(text) if WORDS.contains(&name) || SENTENCES.contains(&name) => format!("`{}`", neutral(text)),
        Json::Text(text) if neutral(text) != *text && !text.contains(' ') => neutral(text),
        Json::Text(_) => "a text".to_owned(),
    }
}

/// Returns the text with ids and instants replaced by words: `{guid}`, `{GUID}` in upper case, `{hex}` without dashes, `{instant}`
/// with its zone.
pub(crate) fn neutral(text: &str) -> String {
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let is_inside = out.ends_with(|letter: char| letter.is_ascii_alphanumeric());
        let found = if is_inside { None } else { guid(rest).or_else(|| hex(rest)).or_else(|| instant(rest)) };
        match found {
            Some((length, word)) => {
                out.push_str(&word);
                at += length;
            }
            None => {
                let letter = rest.chars().next().unwrap_or_default();
                out.push(letter);
                at += letter.len_utf8();
            }
        }
    }
    out
}

fn guid(text: &str) -> Option<(usize, String)> {
    let head = text.get(..36)?;
    uuid::Uuid::parse_str(head).ok()?;
    let word = if head.contains(|letter: char| letter.is_ascii_uppercase()) { "{GUID}" } else { "{guid}" };
    Some((36, word.to_owned()))
}

fn hex(text: &str) -> Option<(usize, String)> {
    let head = text.get(..32)?;
    let is_alone = !text[32..].starts_with(|letter: char| letter.is_ascii_alphanumeric());
    (is_alone && head.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| (32, "{hex}".to_owned()))
}

fn instant(text: &str) -> Option<(usize, String)> {
    let head = text.get(..19)?;
    head.parse::<jiff::civil::DateTime>().ok().filter(|_| head.as_bytes()[10] == b'T')?;
    let rest = &text[19..];
    let digits = rest.strip_prefix('.').map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    let fraction = if digits == 0 { 0 } else { digits + 1 };
    let zone = ["Z", "+00:00"].into_iter().find(|zone| rest[fraction..].starts_with(zone)).unwrap_or_default();
    // Trailing zeros are left out or not, both in one list (recorded): how many digits there are says nothing.
    let word = if digits == 0 { "{whole instant" } else { "{instant" };
    Some((19 + fraction + zone.len(), format!("{word}{zone}}}")))
}

#[test]
fn ids_and_instants_are_neutral() {
    let id = "0a4d3ef7-147b-4777-a958-ae9dfab3c331";
    assert_eq!(neutral(&format!("/subscriptions/{id}/x")), "/subscriptions/{guid}/x");
    assert_eq!(neutral(&id.to_ascii_uppercase()), "{GUID}");
    assert_eq!(neutral("Principal a54dbb9a58754936b47b810e8aba95f9 is"), "Principal {hex} is");
    assert_eq!(neutral("2022-01-07T20:28:57.5074357+00:00"), "{instant+00:00}");
    assert_eq!(neutral("at 2022-01-07T20:28:57Z, rg0a4d3ef7"), "at {whole instantZ}, rg0a4d3ef7");
}

#[test]
fn differences_are_seen() {
    let differences = |recorded: &str, answered: &str| {
        let mut found = Vec::new();
        compare("", &Json::read(recorded).unwrap(), &Json::read(answered).unwrap(), &mut found);
        found
    };
    assert!(differences(r#"{"a":[{"b":"x"}],"name":"u"}"#, r#"{"a":[{"b":"y"}],"name":"v"}"#).is_empty());
    assert_eq!(differences(r#"{"a":null,"b":1}"#, r#"{"b":"1","a":null}"#).len(), 2);
    assert_eq!(differences(r#"{"a":null}"#, "{}"), [".a: left out"]);
    assert_eq!(differences("{}", r#"{"a":null}"#), [".a: not recorded"]);
    assert_eq!(differences(r#"{"type":"User"}"#, r#"{"type":"Group"}"#), [".type: `Group` instead of `User`"]);
    assert_eq!(differences(r#"[{"id":"/a"}]"#, r#"[{"id":"/b"}]"#), ["[]: no row /a"]);
    assert_eq!(differences(r#"{"id":"/A/b"}"#, r#"{"id":"/a/b"}"#), [".id: /a/b instead of /A/b"]);
    assert_eq!(differences(r#"[]"#, r#"[1]"#), [": 1 items instead of 0"]);
}
