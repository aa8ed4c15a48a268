//! The words for values, types and places in complaints about shapes.

use serde_json::Value;

use crate::manifest::place::clip;
use crate::manifest::tree::{Content, Node};

/// What a string is called.
pub(crate) const TEXT: &str = "a text";
/// What a boolean is called.
pub(crate) const BOOLEAN: &str = "`true` or `false`";
/// What an integer is called.
pub(crate) const WHOLE: &str = "a whole number";
/// What an array is called.
pub(crate) const LIST: &str = "a list";

/// Returns the words for the value of a `type` keyword.
pub(crate) fn types(keyword: &Value) -> Vec<String> {
    let word = |name: &Value| match name.as_str() {
        Some("string") => TEXT,
        Some("boolean") => BOOLEAN,
        Some("integer") => WHOLE,
        Some("number") => "a number",
        Some("array") => LIST,
        _ => "a mapping",
    };
    match keyword {
        Value::Array(names) => names.iter().map(|name| word(name).to_owned()).collect(),
        name => vec![word(name).to_owned()],
    }
}

/// Returns the words for what a schema wants.
pub(crate) fn phrases(schema: &Value) -> Vec<String> {
    match (schema.get("const"), schema.get("type")) {
        (Some(value), _) => vec![format!("`{}`", plain(value))],
        (None, Some(keyword)) => types(keyword),
        (None, None) => Vec::new(),
    }
}

/// Tells whether a node has the type that a schema wants.
pub(crate) fn fits_type(schema: &Value, node: &Node) -> bool {
    let name = match schema.get("const") {
        Some(Value::String(_)) => Some("string"),
        Some(Value::Bool(_)) => Some("boolean"),
        _ => schema.get("type").and_then(Value::as_str),
    };
    match (name, &node.content) {
        (Some("string"), Content::Text(_))
        | (Some("boolean"), Content::Bool(_))
        | (Some("integer" | "number"), Content::Number(_))
        | (Some("array"), Content::List(_))
        | (Some("object"), Content::Map(_)) => true,
        (None, content) => *content != Content::Null,
        _ => false,
    }
}

/// Returns the schema of a property.
pub(crate) fn property<'a>(schema: &'a Value, key: &str) -> Option<&'a Value> {
    schema.get("properties")?.get(key)
}

/// Says what a node is.
pub(crate) fn describe(node: &Node) -> String {
    match &node.content {
        Content::Null | Content::Broken => "nothing".to_owned(),
        Content::Bool(value) => format!("the boolean `{value}`"),
        Content::Number(value) => format!("the number `{value}`"),
        Content::Text(text) => format!("the text `{}`", clip(text).escape_debug()),
        Content::List(_) => LIST.to_owned(),
        Content::Map(_) => "a mapping".to_owned(),
    }
}

/// Returns a value as people write it.
pub(crate) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Names the place of a route: the key, or the list that holds the item.
pub(crate) fn subject(route: &str) -> String {
    let mut steps = route.rsplit('/');
    let last = steps.next().unwrap_or_default();
    if last.is_empty() {
        return "the document".to_owned();
    }
    if last.bytes().all(|b| b.is_ascii_digit()) {
        let list = steps.next().unwrap_or_default();
        return format!("an item of `{}`", clip(list));
    }
    format!("`{}`", clip(&last.replace("~1", "/").replace("~0", "~")))
}

/// Returns the first sentence, without its full stop.
pub(crate) fn first_sentence(text: &str) -> &str {
    text.split_once(". ").map_or(text, |(first, _)| first).trim_end_matches('.')
}

/// Returns the text with a small first letter.
pub(crate) fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// Keys of other tools and of Microsoft's APIs that people bring along.
pub(crate) fn foreign(key: &str) -> Option<&'static str> {
    Some(match key {
        "canDelegate" => "`canDelegate` is gone from the API since 2020-08-01-preview; leave it out",
        "principalId" | "principal" => "name holders under `principals`: `[{user: …}]` or `[{id: …, type: …}]`",
        "roleDefinitionId" | "roleName" => "name the role under `role`: `{directoryRole: …}`, by name or id",
        "directoryScopeId" => "name places under `scopes`, and describe them in a Scope manifest",
        "rolePermissions" | "allowedResourceActions" => "list the actions under `permissions`",
        "AssignableScopes" => "did you mean `assignableScopes`?",
        "expiration" | "endDateTime" | "startDateTime" => "say from when until when under `schedule`",
        _ => return None,
    })
}
