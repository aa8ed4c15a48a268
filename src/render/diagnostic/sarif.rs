//! For code scanning: complaints as SARIF.

use crate::core::diagnostic::{Code, Diagnostic, Severity};
use crate::core::origin::Origin;
use crate::render::diagnostic::Source;
use crate::render::diagnostic::place::end;
use crate::render::sarif::{self, Finding, Location, Message, PhysicalLocation, Region};

/// Returns the complaints as a SARIF log with one run.
///
/// `codes` describe the rules; a code that is not among them gets a rule without description. `prefix` is the folder of the
/// manifests relative to the repository.
pub fn sarif(diagnostics: &[Diagnostic], source: &Source<'_>, codes: &[Code], prefix: &str) -> String {
    let findings = diagnostics.iter().map(|one| Finding {
        rule_id: one.code.to_owned(),
        level: level(one.severity),
        message: Message { text: message(one) },
        locations: one.at.iter().map(|at| location(at, source, prefix, None)).collect(),
        related_locations: one
            .labels
            .iter()
            .enumerate()
            .map(|(id, label)| location(&label.at, source, prefix, Some((id + 1, &label.text))))
            .collect(),
        partial_fingerprints: None,
        properties: None,
    });
    let known = |id: &str| codes.iter().find(|code| code.code == id).map(|code| (code.about, level(code.severity)));
    sarif::log(&[sarif::run(None, &findings.collect::<Vec<_>>(), |id| sarif::rule(id, known(id)))])
}

/// Returns the level of a severity.
pub(in crate::render) fn level(severity: Severity) -> &'static str {
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
    let region =
        Region { start_line: at.line, start_column: at.column, end_line: Some(end_line), end_column: Some(end_column) };
    Location {
        id: related.map(|(id, _)| id),
        physical_location: PhysicalLocation::new(prefix, &at.file, region),
        logical_locations: Vec::new(),
        message: related.map(|(_, text)| Message { text: text.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sarif::mistakes;
    use serde_json::{Value, json};

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
        assert_eq!(mistakes(&log), [""; 0]);
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
