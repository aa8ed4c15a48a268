//! The committed schemas are what the types say, and the examples are what the schemas say.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use rolewright::manifest;
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn schemas() -> Vec<(String, Value)> {
    let parse = |(name, text): (String, String)| (name, serde_json::from_str(&text).unwrap());
    manifest::schema::files().into_iter().map(parse).collect()
}

/// With `UPDATE_SCHEMAS=1` the files are written instead.
#[test]
fn committed_schemas_are_fresh() {
    let folder = root().join("schemas");
    let files = manifest::schema::files();
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        for (name, text) in &files {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    for (name, text) in &files {
        let committed = fs::read_to_string(folder.join(name)).unwrap_or_default().replace("\r\n", "\n");
        assert!(committed == *text, "schemas/{name} is not fresh: run UPDATE_SCHEMAS=1 cargo test --test schema");
    }
}

#[test]
fn schemas_are_valid_draft_2020_12() {
    for (name, schema) in schemas() {
        assert!(jsonschema::draft202012::meta::is_valid(&schema), "{name}");
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{name}");
    }
}

#[test]
fn every_field_and_every_definition_tells_an_editor_what_it_is() {
    fn walk(schema: &Value, path: &str, missing: &mut Vec<String>) {
        let Value::Object(object) = schema else {
            if let Value::Array(items) = schema {
                items.iter().enumerate().for_each(|(at, item)| walk(item, &format!("{path}/{at}"), missing));
            }
            return;
        };
        for (key, value) in object {
            let path = format!("{path}/{key}");
            if key == "examples" || key == "if" {
                continue;
            }
            if let (true, Value::Object(fields)) = (key == "properties", value) {
                for (name, field) in fields {
                    if field.get("description").and_then(Value::as_str).is_none_or(str::is_empty) {
                        missing.push(format!("{path}/{name} has no description"));
                    }
                }
            }
            if let (true, Value::Object(definitions)) = (key == "$defs", value) {
                for (name, definition) in definitions {
                    for word in ["title", "description"] {
                        let text = definition.get(word).and_then(Value::as_str).unwrap_or_default();
                        // neither nothing nor what is meant for readers of the source
                        if text.is_empty() || text.contains("[`") || text.contains(".md") {
                            missing.push(format!("{path}/{name} has no {word} for people"));
                        }
                    }
                }
            }
            walk(value, &path, missing);
        }
    }
    let mut missing = Vec::new();
    for (name, schema) in schemas() {
        walk(&schema, &name, &mut missing);
    }
    assert_eq!(missing, [""; 0]);
}

#[test]
fn every_embedded_example_is_valid() {
    fn walk(schema: &Value, whole: &Value, path: &str, checked: &mut usize) {
        match schema {
            Value::Object(object) => {
                for example in object.get("examples").and_then(Value::as_array).into_iter().flatten() {
                    let mut alone = Value::Object(object.clone());
                    alone["$defs"] = whole["$defs"].clone();
                    let validator = jsonschema::draft202012::new(&alone).unwrap();
                    assert!(validator.is_valid(example), "{path}: {example}");
                    *checked += 1;
                }
                for (key, value) in object.iter().filter(|(key, _)| *key != "examples") {
                    walk(value, whole, &format!("{path}/{key}"), checked);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, whole, path, checked)),
            _ => {}
        }
    }
    let mut checked = 0;
    for (name, schema) in schemas().iter().filter(|(name, _)| name == "manifest.schema.json") {
        walk(schema, schema, name, &mut checked);
    }
    assert!(checked > 40, "{checked} examples were found");
}

#[test]
fn every_example_is_read_without_a_complaint() {
    for folder in ["examples/contoso", "examples/language"] {
        let manifests = manifest::read(&root().join(folder));
        assert_eq!(manifests.diagnostics, [], "{folder}");
        assert!(manifests.is_complete);
        assert!(manifests.tenant().is_some(), "{folder}");
    }
    let language = manifest::read(&root().join("examples/language"));
    for kind in manifest::kind::Kind::ALL {
        assert!(language.of_kind(*kind).count() > 0, "no example of {}", kind.as_str());
    }
}

#[test]
fn every_example_names_the_schema_for_editors() {
    fn yaml(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                yaml(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    yaml(&root().join("examples"), &mut found);
    assert!(found.len() > 10);
    for path in found {
        let text = fs::read_to_string(&path).unwrap();
        let line = text.lines().next().unwrap_or_default();
        let schema =
            line.strip_prefix("# yaml-language-server: $schema=").unwrap_or_else(|| panic!("{}", path.display()));
        assert!(path.parent().unwrap().join(schema).is_file(), "{}: {schema}", path.display());
    }
}
