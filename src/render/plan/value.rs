//! How a field goes from one value to another: scalars side by side, sets by member, long texts by line.
//!
//! Everything here is raw text; whoever prints it escapes it for the place where it is printed.

use std::collections::BTreeSet;

use serde_json::Value;
use similar::{ChangeTag, DiffOp, TextDiff};

use crate::core::change::FieldChange;
use crate::core::period::Period;
use crate::render::style::Mark;

/// A field change, ready to be printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shown {
    /// Two values; `None` where there is none.
    Scalars(Option<String>, Option<String>),
    /// Members of a set: those that come or go, then those that stay.
    Members(Vec<(Mark, String)>),
    /// Lines of a text; the number says how many unchanged lines were left out before a line.
    Lines(Vec<(usize, Mark, String)>),
}

/// Returns how a field change is shown.
pub(super) fn shown(field: &FieldChange) -> Shown {
    match (&field.before, &field.after) {
        (Value::Array(before), Value::Array(after)) => members(before, after),
        (Value::Array(before), Value::Null) => members(before, &[]),
        (Value::Null, Value::Array(after)) => members(&[], after),
        // a word stands for a list: `fallback` for the service's own approvers
        (Value::Array(before), Value::String(_)) => members(before, std::slice::from_ref(&field.after)),
        (Value::String(_), Value::Array(after)) => members(std::slice::from_ref(&field.before), after),
        (before, after) if is_long(before) || is_long(after) => lines(&raw(before), &raw(after)),
        (before, after) => {
            let is_free = matches!(field.path.as_str(), "displayName" | "description" | "condition");
            Shown::Scalars(scalar(before, is_free), scalar(after, is_free))
        }
    }
}

/// Tells whether a value is a text of several lines.
fn is_long(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.trim_end().contains('\n'))
}

fn raw(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Returns one value as text; free text is quoted, so that it cannot pretend to be more than one value.
fn scalar(value: &Value, is_free: bool) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) if is_free || text.is_empty() => Some(format!("\"{}\"", text.replace('"', "\\\""))),
        Value::String(text) => Some(worded(text)),
        Value::Array(items) if items.is_empty() => Some("[]".to_owned()),
        Value::Array(items) => Some(items.iter().map(item).collect::<Vec<_>>().join(", ")),
        other => Some(other.to_string()),
    }
}

/// Puts words before each duration of a value that is no free text: `for 180 days (P180D)`.
fn worded(text: &str) -> String {
    let word = |word: &str| match word.parse::<Period>() {
        Ok(period) if word.starts_with('P') => format!("{} ({word})", period.in_words()),
        _ => word.to_owned(),
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn item(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Compares without regard to case: permissions, names and addresses are the same in either.
fn members(before: &[Value], after: &[Value]) -> Shown {
    let keys = |items: &[Value]| items.iter().map(|value| item(value).to_lowercase()).collect::<BTreeSet<_>>();
    let (old, new) = (keys(before), keys(after));
    let pick = |items: &[Value], mark: Mark, is_wanted: &dyn Fn(&str) -> bool| -> Vec<(Mark, String)> {
        items.iter().map(item).filter(|text| is_wanted(&text.to_lowercase())).map(|text| (mark, text)).collect()
    };
    let mut all = pick(after, Mark::Added, &|key| !old.contains(key));
    all.extend(pick(before, Mark::Removed, &|key| !new.contains(key)));
    all.extend(pick(after, Mark::Kept, &|key| old.contains(key)));
    Shown::Members(all)
}

/// Unchanged lines shown around changed ones.
const CONTEXT: usize = 1;

fn lines(before: &str, after: &str) -> Shown {
    let diff = TextDiff::from_lines(before, after);
    let mut shown = Vec::new();
    let mut next = 0;
    for group in diff.grouped_ops(CONTEXT) {
        let mut skipped = group.first().map_or(0, |op: &DiffOp| op.old_range().start.saturating_sub(next));
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let mark = match change.tag() {
                ChangeTag::Equal => Mark::Kept,
                ChangeTag::Insert => Mark::Added,
                ChangeTag::Delete => Mark::Removed,
            };
            let text = change.value();
            shown.push((std::mem::take(&mut skipped), mark, text.strip_suffix('\n').unwrap_or(text).to_owned()));
        }
        next = group.last().map_or(next, |op| op.old_range().end);
    }
    Shown::Lines(shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::direction::Direction;
    use serde_json::json;

    fn show(path: &str, before: Value, after: Value) -> Shown {
        shown(&FieldChange::new(path, before, after, Direction::Neutral))
    }

    #[test]
    fn scalars() {
        let some = |text: &str| Some(text.to_owned());
        for (path, before, after, want) in [
            ("activation.maxDuration", json!("PT8H"), json!("PT4H"), (some("8 hours (PT8H)"), some("4 hours (PT4H)"))),
            ("schedule", json!(null), json!("permanent"), (None, some("permanent"))),
            ("schedule", json!("permanent"), json!("for P180D"), (some("permanent"), some("for 180 days (P180D)"))),
            ("description", json!("P1D"), json!("for P1D"), (some("\"P1D\""), some("\"for P1D\""))),
            ("enabled", json!(true), json!(false), (some("true"), some("false"))),
            ("activation.approval.timeoutDays", json!(1), json!(3), (some("1"), some("3"))),
            ("description", json!(""), json!("say \"x\" -> y"), (some("\"\""), some("\"say \\\"x\\\" -> y\""))),
        ] {
            assert_eq!(show(path, before, after), Shown::Scalars(want.0, want.1), "{path}");
        }
    }

    #[test]
    fn sets_by_member() {
        let got = show("permissions", json!(["a/read", "B/Read", "c/read"]), json!(["b/read", "d/read"]));
        let want =
            [(Mark::Added, "d/read"), (Mark::Removed, "a/read"), (Mark::Removed, "c/read"), (Mark::Kept, "b/read")];
        assert_eq!(got, Shown::Members(want.map(|(mark, text)| (mark, text.to_owned())).to_vec()));
    }

    #[test]
    fn a_word_for_a_list_is_its_one_member() {
        let got = show("activation.approval.approvers", json!("fallback"), json!(["group:a"]));
        let want = [(Mark::Added, "group:a"), (Mark::Removed, "fallback")];
        assert_eq!(got, Shown::Members(want.map(|(mark, text)| (mark, text.to_owned())).to_vec()));
        let got = show("activation.approval.approvers", json!([]), json!("fallback"));
        assert_eq!(got, Shown::Members(vec![(Mark::Added, "fallback".to_owned())]));
    }

    #[test]
    fn texts_by_line() {
        let before = "one\ntwo\nthree\nfour\nfive\nsix\n";
        let after = "one\ntwo\nthree\nfour\n5\nsix\n";
        let want = [(3, Mark::Kept, "four"), (0, Mark::Removed, "five"), (0, Mark::Added, "5"), (0, Mark::Kept, "six")];
        let want = want.map(|(skipped, mark, text)| (skipped, mark, text.to_owned())).to_vec();
        assert_eq!(show("condition", json!(before), json!(after)), Shown::Lines(want));
        let Shown::Lines(all) = show("condition", json!(null), json!("a\nb")) else { panic!("not by line") };
        assert!(all.iter().all(|(_, mark, _)| *mark == Mark::Added) && all.len() == 2, "{all:?}");
    }
}
