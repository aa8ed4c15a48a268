//! For people: like rustc's, with the line, the place in it and what to do. The counts come last.

use annotate_snippets::{AnnotationKind, Group, Level, Origin as Place, Renderer, Snippet};

use crate::core::diagnostic::{Diagnostic, Severity};
use crate::core::origin::Origin;
use crate::render::diagnostic::place::excerpt;
use crate::render::diagnostic::{Source, counts};
use crate::render::escape::terminal;

/// Returns all complaints and a line of counts; an empty text when there is nothing to say.
pub fn text(diagnostics: &[Diagnostic], source: &Source<'_>, is_coloured: bool) -> String {
    let renderer = if is_coloured { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for diagnostic in diagnostics {
        out.push_str(&renderer.render(&[group(diagnostic, source)]));
        out.push_str("\n\n");
    }
    if !diagnostics.is_empty() {
        out.push_str(&counts(diagnostics));
        out.push('\n');
    }
    out
}

fn group<'a>(diagnostic: &'a Diagnostic, source: &Source<'_>) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Notice => Level::NOTE.with_name("notice"),
    };
    let mut group = Group::with_title(level.primary_title(terminal(&diagnostic.message)).id(diagnostic.code));
    if let Some(at) = &diagnostic.at {
        group = show(group, at, &diagnostic.note, AnnotationKind::Primary, source);
    } else if !diagnostic.note.is_empty() {
        group = group.element(Level::NOTE.message(terminal(&diagnostic.note)));
    }
    for label in &diagnostic.labels {
        group = show(group, &label.at, &label.text, AnnotationKind::Context, source);
    }
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(terminal(help)));
    }
    group
}

/// Adds a place and, where the source is known, its line. The position is stated apart from a snippet that begins in the middle
/// of a long line, because columns are counted from the snippet's beginning.
fn show<'a>(group: Group<'a>, at: &'a Origin, text: &'a str, kind: AnnotationKind, source: &Source<'_>) -> Group<'a> {
    let place = Place::path(terminal(&at.file)).line(at.line as usize).char_column(at.column as usize);
    let Some(excerpt) = source(&at.file).and_then(|source| excerpt(source, at)) else {
        let group = group.element(place);
        return if text.is_empty() { group } else { group.element(Level::NOTE.message(terminal(text))) };
    };
    let mut annotation = kind.span(excerpt.span);
    if !text.is_empty() {
        annotation = annotation.label(terminal(text));
    }
    let snippet = Snippet::source(excerpt.line).line_start(at.line as usize).annotation(annotation);
    match excerpt.is_cropped {
        true => group.element(place).element(snippet),
        false => group.element(snippet.path(terminal(&at.file))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "kind: EligibleAssignment\nspec:\n  principals:\n    - user: alice@contoso.example\n";

    fn origin(line: u32, column: u32, needle: &str) -> Origin {
        let start = MANIFEST.find(needle).unwrap();
        Origin { file: "roles/helpdesk.yaml".into(), line, column, start, end: start + needle.len() }
    }

    fn show(diagnostics: &[Diagnostic]) -> String {
        text(diagnostics, &|file: &str| (file == "roles/helpdesk.yaml").then_some(MANIFEST), false)
    }

    #[test]
    fn looks_like_a_compiler() {
        let one = Diagnostic::error(
            "unknown-principal",
            Some(origin(4, 13, "alice@contoso.example")),
            "no user named `alice@contoso.example`",
        )
        .note("looked up in tenant contoso.example")
        .label(origin(1, 1, "kind"), "in this document")
        .help("did you mean `alicia@contoso.example`?");
        insta::assert_snapshot!(show(&[one]), @r#"
        error[unknown-principal]: no user named `alice@contoso.example`
         --> roles/helpdesk.yaml:4:13
          |
        4 |     - user: alice@contoso.example
          |             ^^^^^^^^^^^^^^^^^^^^^ looked up in tenant contoso.example
          |
         ::: roles/helpdesk.yaml:1:1
          |
        1 | kind: EligibleAssignment
          | ---- in this document
          |
          = help: did you mean `alicia@contoso.example`?

        1 error
        "#);
    }

    #[test]
    fn places_without_source_and_complaints_without_place() {
        let elsewhere = Origin { file: "gone\u{1b}.yaml".into(), line: 7, column: 3, start: 900, end: 901 };
        let list = [
            Diagnostic::error("empty-folder", None, "`manifests` holds no manifest").help("name another folder"),
            Diagnostic::warning("x", Some(elsewhere), "hidden \u{1b}[2J\nname").note("here"),
        ];
        insta::assert_snapshot!(show(&list), @r#"
        error[empty-folder]: `manifests` holds no manifest
         |
         = help: name another folder

        warning[x]: hidden \u{1b}[2J\nname
        --> gone\u{1b}.yaml:7:3
         = note: here

        1 error, 1 warning
        "#);
    }

    #[test]
    fn nothing_to_say() {
        assert_eq!(show(&[]), "");
    }
}
