//! Complaints as people and programs read them: four siblings over one list.
//!
//! The list must be sorted ([`crate::core::diagnostic::sort`]). Sources are asked for by name and may be missing: then there is
//! a place without a snippet.

mod github;
mod json;
mod place;
pub(super) mod sarif;
mod text;

pub use github::github;
pub use json::json;
pub use sarif::sarif;
pub use text::text;

use crate::core::diagnostic::{Diagnostic, Severity};

/// Gives the text of a file by the name that [`crate::core::origin::Origin`] carries.
pub type Source<'a> = dyn Fn(&str) -> Option<&'a str> + 'a;

/// Returns the counts, e.g. `2 errors, 1 warning`; `no problems` when there are none.
pub fn counts(diagnostics: &[Diagnostic]) -> String {
    let mut parts = Vec::new();
    for (severity, word) in [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Notice, "notice")] {
        match diagnostics.iter().filter(|one| one.severity == severity).count() {
            0 => {}
            1 => parts.push(format!("1 {word}")),
            count => parts.push(format!("{count} {word}s")),
        }
    }
    if parts.is_empty() { "no problems".to_owned() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_words() {
        let list =
            [Diagnostic::error("a", None, "x"), Diagnostic::error("a", None, "y"), Diagnostic::notice("b", None, "z")];
        assert_eq!(counts(&list), "2 errors, 1 notice");
        assert_eq!(counts(&[]), "no problems");
    }
}
