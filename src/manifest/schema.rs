//! The JSON schemas of the manifests, generated from the types of `kind`: one per kind, and one that dispatches on `kind`.
//!
//! Draft 2020-12. The same schemas validate manifests here and complete them in editors; the committed files under `schemas/`
//! are written from [`files`] and never edited.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jsonschema::{Draft, PatternOptions, Validator};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::core::id::is_guid;
use crate::core::period::Period;
use crate::core::scope::ArmScope;
use crate::manifest::kind::Kind;
use crate::manifest::kind::metadata::{API_VERSION, Metadata};

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// A schema with its compiled form.
pub(crate) struct Compiled {
    /// The schema.
    pub(crate) schema: Value,
    /// What checks it.
    pub(crate) validator: Validator,
}

/// Returns the schema of a kind, compiled once.
pub(crate) fn compiled(kind: Kind) -> &'static Compiled {
    static ALL: LazyLock<BTreeMap<Kind, Compiled>> = LazyLock::new(|| {
        let compile = |kind: &Kind| {
            let schema = document_schema(*kind);
            let validator = compile(&schema);
            (*kind, Compiled { schema, validator })
        };
        Kind::ALL.iter().map(compile).collect()
    });
    &ALL[&kind]
}

/// Compiles a schema of ours. Formats are checked with the parsers that read the values.
fn compile(schema: &Value) -> Validator {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .should_ignore_unknown_formats(false)
        .with_format("uuid", is_guid)
        .with_format("duration", |text: &str| text.parse::<Period>().is_ok())
        .with_format("date-time", |text: &str| text.parse::<jiff::Timestamp>().is_ok())
        .with_format("arm-scope", |text: &str| ArmScope::parse(text).is_some())
        .with_pattern_options(PatternOptions::regex())
        .offline()
        .build(schema)
        .unwrap_or_else(|error| panic!("the schemas are generated and must compile: {error}"))
}

/// Returns the schema files: name and content, with a line break at the end.
pub fn files() -> Vec<(String, String)> {
    let print = |schema: &Value| format!("{schema:#}\n");
    let mut files = vec![("manifest.schema.json".to_owned(), print(&manifest_schema()))];
    for kind in Kind::ALL {
        files.push((format!("{}.schema.json", file_stem(*kind)), print(&document_schema(*kind))));
    }
    files.sort();
    files
}

/// Returns the kind in kebab case.
fn file_stem(kind: Kind) -> String {
    let mut stem = String::new();
    for letter in kind.as_str().chars() {
        if letter.is_ascii_uppercase() && !stem.is_empty() {
            stem.push('-');
        }
        stem.push(letter.to_ascii_lowercase());
    }
    stem
}

/// Returns the schema of one kind of document.
fn document_schema(kind: Kind) -> Value {
    let (parts, definitions) = generate(&[kind]);
    let mut schema = json!({
        "$schema": DRAFT,
        "$id": format!("urn:rolewright:schema:v1:{}", file_stem(kind)),
    });
    merge(&mut schema, document(kind, &parts[0]));
    merge(&mut schema, json!({ "$defs": definitions }));
    schema
}

/// Returns the schema of any document. `if` and `then` by `kind`, not one `oneOf`: every mistake is then reported at its own
/// place.
fn manifest_schema() -> Value {
    let (parts, mut definitions) = generate(Kind::ALL);
    let mut branches = Vec::new();
    for (kind, spec) in Kind::ALL.iter().zip(&parts) {
        let name = format!("{}Document", kind.as_str());
        branches.push(json!({
            "if": {"properties": {"kind": {"const": kind.as_str()}}, "required": ["kind"]},
            "then": {"$ref": format!("#/$defs/{name}")}
        }));
        definitions.insert(name, document(*kind, spec));
    }
    let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    let about: Vec<&str> = Kind::ALL.iter().map(|kind| kind.about()).collect();
    json!({
        "$schema": DRAFT,
        "$id": "urn:rolewright:schema:v1:manifest",
        "title": "rolewright manifest",
        "description": "One document of rolewright: privileged access in Microsoft Entra as files in Git.",
        "type": "object",
        "properties": {
            "apiVersion": api_version(),
            "kind": {
                "title": "Kind",
                "description": "What the document declares.",
                "type": "string",
                "enum": kinds,
                "enumDescriptions": about
            }
        },
        "required": ["apiVersion", "kind"],
        "allOf": branches,
        "$defs": definitions
    })
}

fn api_version() -> Value {
    json!({
        "title": "API version",
        "description": "The version of the manifest language.",
        "type": "string",
        "const": API_VERSION
    })
}

fn document(kind: Kind, spec: &Value) -> Value {
    let mut spec = spec.clone();
    merge(&mut spec, json!({ "description": kind.about() }));
    json!({
        "title": kind.as_str(),
        "description": kind.about(),
        "type": "object",
        "properties": {
            "apiVersion": api_version(),
            "kind": {
                "title": "Kind",
                "description": "What the document declares.",
                "type": "string",
                "const": kind.as_str()
            },
            "metadata": {
                "description": "What the document is called, and what people want to know about it.",
                "$ref": "#/$defs/Metadata"
            },
            "spec": spec
        },
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "additionalProperties": false
    })
}

/// Generates the schemas of the `spec` of `kinds` and the definitions they share.
fn generate(kinds: &[Kind]) -> (Vec<Value>, Map<String, Value>) {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut parts: Vec<Value> = kinds.iter().map(|kind| kind.spec_schema(&mut generator).to_value()).collect();
    generator.subschema_for::<Metadata>();
    let mut definitions = generator.take_definitions(true);
    parts.iter_mut().chain(definitions.values_mut()).for_each(tidy);
    (parts, definitions)
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}

/// Takes out what schemars adds and manifests do not have: `null` (absent is absent), formats that only Rust knows, and
/// line breaks of the source in descriptions.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Object(object) => {
            let is_schema = !object.contains_key("examples") || object.contains_key("title");
            if is_schema && object.get("format").and_then(Value::as_str).is_some_and(is_rust_format) {
                object.remove("format");
            }
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    object.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::String(text)) = object.get_mut("description") {
                *text = unwrap_lines(text);
            }
            for keyword in ["anyOf", "oneOf"] {
                if let Some(Value::Array(branches)) = object.get_mut(keyword) {
                    branches.retain(|branch| branch.get("type").is_none_or(|name| name != "null"));
                    if let [only] = branches.as_slice() {
                        let only = only.clone();
                        object.remove(keyword);
                        if let Value::Object(only) = only {
                            for (key, value) in only {
                                object.entry(key).or_insert(value);
                            }
                        }
                    }
                }
            }
            for (key, value) in object.iter_mut() {
                if !matches!(key.as_str(), "examples" | "enum" | "const" | "required") {
                    tidy(value);
                }
            }
        }
        _ => {}
    }
}

fn is_rust_format(format: &str) -> bool {
    matches!(format, "uint" | "uint8" | "uint16" | "uint32" | "uint64" | "int32" | "int64" | "double" | "float")
}

/// Joins the lines of a paragraph.
fn unwrap_lines(text: &str) -> String {
    let paragraphs = text.split("\n\n").map(|paragraph| paragraph.split('\n').collect::<Vec<_>>().join(" "));
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_compile_and_print_the_same_twice() {
        for kind in Kind::ALL {
            assert!(compiled(*kind).schema.is_object());
        }
        compile(&manifest_schema());
        assert_eq!(files(), files());
        assert_eq!(files().len(), Kind::ALL.len() + 1);
    }

    #[test]
    fn nothing_is_nullable() {
        fn walk(value: &Value, path: &str) {
            match value {
                Value::Object(object) => {
                    assert_ne!(object.get("type"), Some(&json!("null")), "{path}");
                    object.iter().for_each(|(key, value)| walk(value, &format!("{path}/{key}")));
                }
                Value::Array(items) => items.iter().for_each(|value| walk(value, path)),
                Value::Null => panic!("null at {path}"),
                _ => {}
            }
        }
        walk(&manifest_schema(), "");
    }
}
