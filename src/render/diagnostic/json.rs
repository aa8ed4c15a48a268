//! For programs: `rolewright.diagnostics/v1`. The structs here are the format and change only with its version.

use serde::Serialize;

use crate::core::diagnostic::{Diagnostic, Severity};
use crate::core::origin::Origin;
use crate::render::diagnostic::Source;
use crate::render::diagnostic::place::end;

#[derive(Serialize)]
struct Report<'a> {
    format: &'static str,
    summary: Summary,
    diagnostics: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Summary {
    errors: usize,
    warnings: usize,
    notices: usize,
}

#[derive(Serialize)]
struct Entry<'a> {
    code: &'a str,
    severity: &'static str,
    message: &'a str,
    location: Option<Location<'a>>,
    note: &'a str,
    related: Vec<Related<'a>>,
    help: &'a [String],
}

#[derive(Serialize)]
struct Related<'a> {
    location: Location<'a>,
    message: &'a str,
}

/// Lines and columns count from 1, columns in characters; the end is one past the last character.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
}

/// Returns the complaints as one JSON document, indented, with a newline at the end.
pub fn json(diagnostics: &[Diagnostic], source: &Source<'_>) -> String {
    let count = |severity| diagnostics.iter().filter(|one| one.severity == severity).count();
    let report = Report {
        format: "rolewright.diagnostics/v1",
        summary: Summary {
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            notices: count(Severity::Notice),
        },
        diagnostics: diagnostics.iter().map(|one| entry(one, source)).collect(),
    };
    let mut text =
        serde_json::to_string_pretty(&report).unwrap_or_else(|e| panic!("plain structs became no JSON: {e}"));
    text.push('\n');
    text
}

fn entry<'a>(one: &'a Diagnostic, source: &Source<'_>) -> Entry<'a> {
    Entry {
        code: one.code,
        severity: one.severity.as_str(),
        message: &one.message,
        location: one.at.as_ref().map(|at| location(at, source)),
        note: &one.note,
        related: one
            .labels
            .iter()
            .map(|label| Related { location: location(&label.at, source), message: &label.text })
            .collect(),
        help: &one.help,
    }
}

fn location<'a>(at: &'a Origin, source: &Source<'_>) -> Location<'a> {
    let (end_line, end_column) = end(source(&at.file), at);
    Location { file: &at.file, line: at.line, column: at.column, end_line, end_column }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_frozen() {
        let at = Origin { file: "a.yaml".into(), line: 1, column: 4, start: 3, end: 7 };
        let list = [
            Diagnostic::error("bad", Some(at.clone()), "no `\u{1b}`").note("here").label(at, "first").help("do this"),
            Diagnostic::notice("empty", None, "nothing"),
        ];
        insta::assert_snapshot!(json(&list, &|_: &str| Some("a: déjà vu")), @r#"
        {
          "format": "rolewright.diagnostics/v1",
          "summary": {
            "errors": 1,
            "warnings": 0,
            "notices": 1
          },
          "diagnostics": [
            {
              "code": "bad",
              "severity": "error",
              "message": "no `\u001b`",
              "location": {
                "file": "a.yaml",
                "line": 1,
                "column": 4,
                "endLine": 1,
                "endColumn": 7
              },
              "note": "here",
              "related": [
                {
                  "location": {
                    "file": "a.yaml",
                    "line": 1,
                    "column": 4,
                    "endLine": 1,
                    "endColumn": 7
                  },
                  "message": "first"
                }
              ],
              "help": [
                "do this"
              ]
            },
            {
              "code": "empty",
              "severity": "notice",
              "message": "nothing",
              "location": null,
              "note": "",
              "related": [],
              "help": []
            }
          ]
        }
        "#);
    }
}
