//! SARIF 2.1.0 (OASIS standard, 2020-03), the parts that complaints and plans share. Own structs; only what readers of the format
//! use.

use serde::Serialize;
use serde_json::{Value, json};

use crate::render::annotation::join;
use crate::render::escape::json_literal;

/// One thing found.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Finding {
    /// The rule's id, which never changes its meaning.
    pub(super) rule_id: String,
    /// `error`, `warning` or `note`.
    pub(super) level: &'static str,
    /// What is said.
    pub(super) message: Message,
    /// Where it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) locations: Vec<Location>,
    /// What else belongs to it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) related_locations: Vec<Location>,
    /// By what two runs tell that they found the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) partial_fingerprints: Option<Value>,
    /// What only we know of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) properties: Option<Value>,
}

/// A text.
#[derive(Serialize)]
pub(super) struct Message {
    pub(super) text: String,
}

/// A place in a file, and the thing that it is about.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<usize>,
    pub(super) physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) logical_locations: Vec<LogicalLocation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<Message>,
}

/// A thing that has a name rather than a line.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogicalLocation {
    pub(super) fully_qualified_name: String,
    pub(super) kind: &'static str,
}

/// A place in a file.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactLocation {
    uri: String,
    uri_base_id: &'static str,
}

/// Lines and columns, counted from 1; the end is one past the last character.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Region {
    pub(super) start_line: u32,
    pub(super) start_column: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) end_line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) end_column: Option<u32>,
}

impl PhysicalLocation {
    /// Returns a place in `file` of `folder`, which is relative to the repository.
    pub(super) fn new(folder: &str, file: &str, region: Region) -> Self {
        let uri = uri(&join(folder, file));
        Self { artifact_location: ArtifactLocation { uri, uri_base_id: "%SRCROOT%" }, region }
    }
}

/// Returns a rule with what it is about and how bad what it finds usually is.
pub(super) fn rule(id: &str, known: Option<(&str, &'static str)>) -> Value {
    match known {
        Some((about, level)) => json!({
            "id": id,
            "shortDescription": {"text": about},
            "defaultConfiguration": {"level": level},
        }),
        None => json!({"id": id}),
    }
}

/// Returns a run. `rule` describes a rule by its id; `id` tells the runs of one log from each other: GitHub refuses two of one
/// tool under one id (its page "SARIF support for code scanning", seen 2026-11). Columns count characters (`unicodeCodePoints`).
pub(super) fn run(id: Option<String>, findings: &[Finding], rule: impl Fn(&str) -> Value) -> Value {
    let mut used: Vec<&str> = findings.iter().map(|one| one.rule_id.as_str()).collect();
    used.sort_unstable();
    used.dedup();
    let results = findings.iter().map(|finding| {
        let mut value = serde_json::to_value(finding).unwrap_or_default();
        value["ruleIndex"] = used.binary_search(&finding.rule_id.as_str()).unwrap_or_default().into();
        value
    });
    let results: Vec<Value> = results.collect();
    let rules: Vec<Value> = used.iter().map(|id| rule(id)).collect();
    let mut run = json!({
        "tool": {"driver": {"name": "rolewright", "version": env!("CARGO_PKG_VERSION"), "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": results,
    });
    if let Some(id) = id {
        run["automationDetails"] = json!({"id": id});
    }
    run
}

/// Returns the log of `runs`, indented, with a newline at the end. It holds nothing that a terminal or a build log would interpret.
pub(super) fn log(runs: &[Value]) -> String {
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": runs,
    });
    let text = serde_json::to_string_pretty(&log).unwrap_or_else(|e| panic!("plain structs became no JSON: {e}"));
    json_literal(&text)
}

/// Returns a relative path as a relative URI reference: everything but unreserved characters and `/` is percent-encoded, so
/// that neither a colon in the first segment nor a question mark changes its meaning. Doubled slashes become one.
fn uri(path: &str) -> String {
    const KEPT: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    let segments = path.split('/').enumerate().filter(|(at, segment)| *at == 0 || !segment.is_empty());
    let segments = segments.map(|(_, segment)| percent_encoding::utf8_percent_encode(segment, KEPT).to_string());
    segments.collect::<Vec<_>>().join("/")
}

/// What SARIF 2.1.0 demands of the parts that are written here, with the property names that its schema allows.
#[cfg(test)]
pub(super) fn essential() -> Value {
    let message = json!({"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}, "additionalProperties": false});
    let line = json!({"type": "integer", "minimum": 1});
    let location = json!({
        "type": "object", "additionalProperties": false,
        "required": ["physicalLocation"],
        "properties": {
            "id": {"type": "integer", "minimum": 0},
            "message": message,
            "logicalLocations": {"type": "array", "uniqueItems": true, "items": {
                "type": "object", "additionalProperties": false, "properties": {
                    "fullyQualifiedName": {"type": "string"}, "kind": {"type": "string"}}}},
            "physicalLocation": {
                "type": "object", "required": ["artifactLocation", "region"], "additionalProperties": false,
                "properties": {
                    "artifactLocation": {"type": "object", "additionalProperties": false, "properties": {
                        "uri": {"type": "string", "pattern": "^[A-Za-z0-9._~%-]+(/[A-Za-z0-9._~%-]+)*$"},
                        "uriBaseId": {"const": "%SRCROOT%"}}},
                    "region": {"type": "object", "required": ["startLine", "startColumn"],
                        "additionalProperties": false,
                        "properties": {"startLine": line, "startColumn": line, "endLine": line, "endColumn": line}},
                },
            },
        },
    });
    let rule = json!({
        "type": "object", "required": ["id"], "additionalProperties": false, "properties": {
            "id": {"type": "string"},
            "shortDescription": message,
            "defaultConfiguration": {"properties": {"level": {"enum": ["none", "note", "warning", "error"]}}},
        },
    });
    let driver = json!({
        "type": "object", "required": ["name"], "additionalProperties": false, "properties": {
            "name": {"type": "string"},
            "version": {"type": "string"},
            "rules": {"type": "array", "uniqueItems": true, "items": rule},
        },
    });
    let result = json!({
        "type": "object", "required": ["message"], "additionalProperties": false, "properties": {
            "ruleId": {"type": "string"},
            "ruleIndex": {"type": "integer", "minimum": 0},
            "level": {"enum": ["none", "note", "warning", "error"]},
            "message": message,
            "locations": {"type": "array", "items": location},
            "relatedLocations": {"type": "array", "items": location, "uniqueItems": true},
            "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
            "properties": {"type": "object"},
        },
    });
    let run = json!({
        "type": "object", "required": ["tool"], "additionalProperties": false, "properties": {
            "automationDetails": {"type": "object", "additionalProperties": false, "properties": {"id": {"type": "string"}}},
            "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
            "tool": {"required": ["driver"], "additionalProperties": false, "properties": {"driver": driver}},
            "results": {"type": "array", "items": result},
        },
    });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object", "required": ["version", "runs"], "additionalProperties": false,
        "properties": {
            "$schema": {"type": "string"},
            "version": {"const": "2.1.0"},
            "runs": {"type": "array", "items": run},
        },
    })
}

/// Returns how a log fails to meet [`essential`].
#[cfg(test)]
pub(super) fn mistakes(log: &Value) -> Vec<String> {
    let validator = jsonschema::draft202012::new(&essential()).unwrap();
    validator.iter_errors(log).map(|e| format!("{} {e}", e.instance_path())).collect()
}
