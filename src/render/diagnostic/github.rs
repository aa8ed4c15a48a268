//! For GitHub Actions: workflow commands that become annotations beside the changed lines.

use std::fmt::Write;

use crate::core::diagnostic::{Diagnostic, Severity};
use crate::render::annotation::{Spot, command, join};
use crate::render::diagnostic::place::end;
use crate::render::diagnostic::{Source, counts};
use crate::render::escape::terminal;

/// Returns one command a line, `::error file=…,line=…,col=…,endLine=…,endColumn=…,title=…::…`, and the counts.
///
/// `prefix` is put before file names: the folder of the manifests relative to the repository, empty when it is the same.
/// GitHub shows ten annotations of each kind per step; all of them stay in the log.
pub fn github(diagnostics: &[Diagnostic], source: &Source<'_>, prefix: &str) -> String {
    let mut out = String::new();
    for one in diagnostics {
        let kind = match one.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Notice => "notice",
        };
        let mut message = terminal(&one.message).into_owned();
        if !one.note.is_empty() {
            let _ = write!(message, ": {}", terminal(&one.note));
        }
        for label in &one.labels {
            let file = join(prefix, &label.at.file);
            let _ = write!(message, "\n{}:{}:{}: ", terminal(&file), label.at.line, label.at.column);
            message.push_str(&terminal(&label.text));
        }
        for help in &one.help {
            let _ = write!(message, "\nhelp: {}", terminal(help));
        }
        let file = one.at.as_ref().map_or(String::new(), |at| join(prefix, &at.file));
        let spot = one.at.as_ref().map(|at| Spot {
            file: &file,
            line: at.line,
            column: at.column,
            end: Some(end(source(&at.file), at)),
        });
        out.push_str(&command(kind, spot.as_ref(), one.code, &message));
    }
    if !diagnostics.is_empty() {
        out.push_str(&counts(diagnostics));
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::origin::Origin;

    #[test]
    fn one_line_a_complaint_whatever_it_says() {
        let at = Origin { file: "a,b:c.yaml".into(), line: 2, column: 3, start: 5, end: 9 };
        let list = [
            Diagnostic::error("bad-value", Some(at.clone()), "100% wrong\n::warning::fake")
                .note("here")
                .label(at, "first")
                .help("try again"),
            Diagnostic::warning("empty-folder", None, "nothing ##[error]"),
        ];
        insta::assert_snapshot!(github(&list, &|_: &str| Some("k:\n  value\n"), "./pim/"), @r#"
        ::error file=pim/a%2Cb%3Ac.yaml,line=2,col=3,endLine=2,endColumn=7,title=bad-value::100%25 wrong\n::warning::fake: here%0Apim/a,b:c.yaml:2:3: first%0Ahelp: try again
        ::warning title=empty-folder::nothing \u{23}#[error]
        1 error, 1 warning
        "#);
    }
}
