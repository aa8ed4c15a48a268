//! Reading members of Microsoft's JSON without trusting them.

use jiff::Timestamp;
use serde_json::Value;

/// Returns a member's text; `None` when it is absent, null or not text.
pub(super) fn text<'a>(value: &'a Value, member: &str) -> Option<&'a str> {
    value.get(member).and_then(Value::as_str)
}

/// Returns a member's truth value; `None` when it is absent, null or none.
pub(super) fn flag(value: &Value, member: &str) -> Option<bool> {
    value.get(member).and_then(Value::as_bool)
}

/// Returns a member's items; nothing when it is absent or null.
pub(super) fn items<'a>(value: &'a Value, member: &str) -> &'a [Value] {
    value.get(member).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// An instant as Microsoft prints it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Instant {
    /// Absent, null, or one of the sentinels for "never": year 1 (graph.md 1, "Null instants") or year 9999.
    Never,
    /// An instant.
    At(Timestamp),
    /// A text that is none.
    Unreadable,
}

/// Reads an instant, 0 to 7 fractional digits.
pub(super) fn instant(value: &Value, member: &str) -> Instant {
    let Some(text) = text(value, member) else { return Instant::Never };
    if text.starts_with("0001-") || text.starts_with("9999-") {
        return Instant::Never;
    }
    text.parse().map_or(Instant::Unreadable, Instant::At)
}

/// Returns the rows of a collection, or the single entity as one row.
pub(super) fn rows(page: &Value) -> &[Value] {
    items(page, "value")
}

/// Names a row for an error: its id, or its beginning.
pub(super) fn row_name(row: &Value) -> String {
    match text(row, "id") {
        Some(id) => format!("the row with id {id}"),
        None => row.to_string().chars().take(80).collect(),
    }
}
