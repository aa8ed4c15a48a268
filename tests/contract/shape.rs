//! The shape of a document: which members, of which JSON type. Null goes with every type, rows of a list are taken together,
//! rules are told apart by their `@odata.type`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Paths with the types seen there, e.g. `value[].scheduleInfo.recurrence: null`.
pub(crate) fn shape(document: &Value) -> BTreeMap<String, BTreeSet<&'static str>> {
    let mut found = BTreeMap::new();
    collect(document, String::new(), &mut found);
    found
}

fn collect(value: &Value, path: String, found: &mut BTreeMap<String, BTreeSet<&'static str>>) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    found.entry(path.clone()).or_default().insert(kind);
    match value {
        Value::Array(rows) => {
            for row in rows {
                // A subject set and a rule have the members of their type only.
                let mark = row["@odata.type"].as_str().unwrap_or_default().trim_start_matches('#');
                collect(row, format!("{path}[{mark}]"), found);
            }
        }
        Value::Object(members) => {
            for (name, value) in members {
                collect(value, format!("{path}.{name}"), found);
            }
        }
        _ => {}
    }
}

/// Returns every difference: what the document has and the sandbox has not, or of another type, and what the sandbox has
/// beyond it. Paths in `open` are not looked at, nor what is below them.
pub(crate) fn differences(document: &Value, served: &Value, open: &[&str]) -> Vec<String> {
    let (wanted, given) = (shape(document), shape(served));
    let is_open = |path: &str| {
        open.iter().any(|o| path == *o || path.starts_with(&format!("{o}.")) || path.starts_with(&format!("{o}[")))
    };
    let mut found = Vec::new();
    for (path, kinds) in wanted.iter().filter(|(path, _)| !is_open(path)) {
        match given.get(path) {
            // Below an empty list or a null there is nothing to compare.
            None if has_no_rows(&given, path) => {}
            None => found.push(format!("missing {path}")),
            Some(others) => {
                let is_null = |kinds: &BTreeSet<&str>| kinds.iter().all(|kind| *kind == "null");
                let overlap = kinds.iter().any(|kind| *kind != "null" && others.contains(kind));
                if !overlap && !is_null(kinds) && !is_null(others) {
                    found.push(format!("{path} is {others:?}, not {kinds:?}"));
                }
            }
        }
    }
    for path in given.keys().filter(|path| !is_open(path) && !wanted.contains_key(*path)) {
        if !has_no_rows(&wanted, path) {
            found.push(format!("extra {path}"));
        }
    }
    found
}

/// Tells whether some parent of `path` is an empty list or only null here.
fn has_no_rows(shape: &BTreeMap<String, BTreeSet<&'static str>>, path: &str) -> bool {
    let ends = path.char_indices().filter(|(_, c)| matches!(c, '.' | '[')).map(|(at, _)| at);
    ends.filter(|at| *at > 0).any(|at| {
        let parent = &path[..at];
        let kinds = shape.get(parent);
        let is_list = kinds.is_some_and(|kinds| kinds.contains("array"));
        let has_rows = shape.keys().any(|other| other.starts_with(&format!("{parent}[")));
        kinds.is_some_and(|kinds| kinds.iter().all(|kind| *kind == "null")) || (is_list && !has_rows)
    })
}

#[test]
fn differences_are_seen() {
    use serde_json::json;
    let document = json!({"value": [{"a": 1, "b": null, "c": "x"}]});
    assert!(differences(&document, &json!({"value": [{"a": 2, "b": "y", "c": null}]}), &[]).is_empty());
    let got = differences(&document, &json!({"value": [{"a": "2", "b": "y", "d": null}]}), &[".value[].b"]);
    assert_eq!(
        got,
        [
            "value[].a".replace("value", ".value") + " is {\"string\"}, not {\"number\"}",
            "missing .value[].c".to_owned(),
            "extra .value[].d".to_owned()
        ]
    );
}
