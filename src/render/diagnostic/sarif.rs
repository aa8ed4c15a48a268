//! For code scanning: SARIF 2.1.0 (OASIS standard, 2020-03). Own structs; only what readers of the format use.

use serde::Serialize;
use serde_json::{Value, json};

use crate::core::diagnostic::{Code, Diagnostic, Severity};
use crate::core::origin::Origin;
use crate::render::diagnostic::Source;
use crate::render::diagnostic::github::join;
use crate::render::diagnostic::place::end;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    rule_id: &'a str,
    rule_index: usize,
    level: &'static str,
    message: Message,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<Location>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactLocation {
    uri: String,
    uri_base_id: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    start_column: u32,
    end_line: u32,
    end_column: u32,
}

/// Returns the complaints as a SARIF log with one run.
///
/// `codes` describe the rules; a code that is not among them gets a rule without description. `prefix` is the folder of the
/// manifests relative to the repository. Columns count characters (`unicodeCodePoints`).
pub fn sarif(diagnostics: &[Diagnostic], source: &Source<'_>, codes: &[Code], prefix: &str) -> String {
    let mut used: Vec<&str> = diagnostics.iter().map(|one| one.code).collect();
    used.sort_unstable();
    used.dedup();
    let rules: Vec<Value> = used.iter().map(|code| rule(code, codes)).collect();
    let results: Vec<Outcome<'_>> = diagnostics
        .iter()
        .map(|one| Outcome {
            rule_id: one.code,
            rule_index: used.binary_search(&one.code).unwrap_or_default(),
            level: level(one.severity),
            message: Message { text: message(one) },
            locations: one.at.iter().map(|at| location(at, source, prefix, None)).collect(),
            related_locations: one
                .labels
                .iter()
                .enumerate()
                .map(|(id, label)| location(&label.at, source, prefix, Some((id + 1, &label.text))))
                .collect(),
        })
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "rolewright", "version": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    let mut text = serde_json::to_string_pretty(&log).unwrap_or_else(|e| panic!("plain structs became no JSON: {e}"));
    text.push('\n');
    text
}

fn rule(code: &str, codes: &[Code]) -> Value {
    match codes.iter().find(|known| known.code == code) {
        Some(known) => json!({
            "id": code,
            "shortDescription": {"text": known.about},
            "defaultConfiguration": {"level": level(known.severity)},
        }),
        None => json!({"id": code}),
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Notice => "note",
    }
}

fn message(one: &Diagnostic) -> String {
    let mut text = one.message.clone();
    if !one.note.is_empty() {
        text.push_str(": ");
        text.push_str(&one.note);
    }
    for help in &one.help {
        text.push_str("\nhelp: ");
        text.push_str(help);
    }
    text
}

fn location(at: &Origin, source: &Source<'_>, prefix: &str, related: Option<(usize, &str)>) -> Location {
    let (end_line, end_column) = end(source(&at.file), at);
    Location {
        id: related.map(|(id, _)| id),
        physical_location: PhysicalLocation {
            artifact_location: ArtifactLocation { uri: uri(&join(prefix, &at.file)), uri_base_id: "%SRCROOT%" },
            region: Region { start_line: at.line, start_column: at.column, end_line, end_column },
        },
        message: related.map(|(_, text)| Message { text: text.to_owned() }),
    }
}

/// Returns a relative path as a relative URI reference: everything but unreserved characters and `/` is percent-encoded, so
/// that neither a colon in the first segment nor a question mark changes its meaning.
fn uri(path: &str) -> String {
    const KEPT: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    percent_encoding::utf8_percent_encode(path, KEPT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What SARIF 2.1.0 demands of the parts that are written here, with the property names that its schema allows.
    fn essential() -> Value {
        let message = json!({"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}, "additionalProperties": false});
        let line = json!({"type": "integer", "minimum": 1});
        let location = json!({
            "type": "object", "additionalProperties": false,
            "required": ["physicalLocation"],
            "properties": {
                "id": {"type": "integer", "minimum": 0},
                "message": message,
                "physicalLocation": {
                    "type": "object", "required": ["artifactLocation", "region"], "additionalProperties": false,
                    "properties": {
                        "artifactLocation": {"type": "object", "additionalProperties": false, "properties": {
                            "uri": {"type": "string", "pattern": "^[A-Za-z0-9._~%-]+(/[A-Za-z0-9._~%-]+)*$"},
                            "uriBaseId": {"const": "%SRCROOT%"}}},
                        "region": {"type": "object", "required": ["startLine", "startColumn", "endLine", "endColumn"],
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
            },
        });
        let run = json!({
            "type": "object", "required": ["tool"], "additionalProperties": false, "properties": {
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

    #[test]
    fn meets_the_standard() {
        let at = |line, file: &str| Origin { file: file.into(), line, column: 2, start: 1, end: 3 };
        let list = [
            Diagnostic::error("b", Some(at(1, "dir/a b:ä?.yaml")), "x").label(at(2, "c.yaml"), "first").help("do"),
            Diagnostic::notice("a", None, "nowhere"),
            Diagnostic::warning("b", Some(at(3, "c.yaml")), "y"),
        ];
        let codes = [Code { code: "b", severity: Severity::Error, about: "Something is b" }];
        let log: Value = serde_json::from_str(&sarif(&list, &|_: &str| Some("abcd"), &codes, "pim")).unwrap();
        let validator = jsonschema::draft202012::new(&essential()).unwrap();
        let errors: Vec<String> = validator.iter_errors(&log).map(|e| format!("{} {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:?}");
        let run = &log["runs"][0];
        for result in run["results"].as_array().unwrap() {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
        }
        let place = &run["results"][0]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "pim/dir/a%20b%3A%C3%A4%3F.yaml");
        assert_eq!(place["region"], json!({"startLine": 1, "startColumn": 2, "endLine": 1, "endColumn": 4}));
        assert_eq!(run["results"][1]["locations"], Value::Null, "no place, no location");
        assert_eq!(run["results"][0]["message"]["text"], "x\nhelp: do");
    }

    #[test]
    fn an_empty_log_is_still_a_log() {
        let log: Value = serde_json::from_str(&sarif(&[], &|_: &str| None, &[], "")).unwrap();
        assert_eq!(log["runs"][0]["results"], json!([]));
    }
}
