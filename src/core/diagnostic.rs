//! A complaint as data: what is wrong, where, why, and what to do about it.
//!
//! A user's mistake is a [`Diagnostic`]: collected, never thrown, all shown at once.

use serde::{Deserialize, Serialize};

use crate::core::origin::Origin;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing is planned or written.
    Error,
    /// Worth a look; nothing is refused.
    Warning,
    /// For information.
    Notice,
}

impl Severity {
    /// Returns the word shown to people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// What a code means, for the tables that document all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// The stable kebab-case word.
    pub code: &'static str,
    /// How bad it is, at worst.
    pub severity: Severity,
    /// One sentence without a full stop that says what is wrong.
    pub about: &'static str,
}

/// A second place that belongs to the complaint.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    /// The place.
    pub at: Origin,
    /// What is to be seen there.
    pub text: String,
}

/// One complaint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// A stable kebab-case word, e.g. `unknown-principal`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence without a full stop; names in back-quotes.
    pub message: String,
    /// The place it is about; none when it is about no file (an empty folder).
    pub at: Option<Origin>,
    /// What is to be seen at that place; may be empty.
    pub note: String,
    /// Other places, e.g. the first of two declarations.
    pub labels: Vec<Label>,
    /// What to do, one sentence each.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// Returns an error at `at`.
    pub fn error(code: &'static str, at: Option<Origin>, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, at, message)
    }

    /// Returns a warning at `at`.
    pub fn warning(code: &'static str, at: Option<Origin>, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, at, message)
    }

    /// Returns a notice at `at`.
    pub fn notice(code: &'static str, at: Option<Origin>, message: impl Into<String>) -> Self {
        Self::new(Severity::Notice, code, at, message)
    }

    fn new(severity: Severity, code: &'static str, at: Option<Origin>, message: impl Into<String>) -> Self {
        Self { code, severity, message: message.into(), at, note: String::new(), labels: Vec::new(), help: Vec::new() }
    }

    /// Says what is to be seen at the primary place.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.note = text.into();
        self
    }

    /// Adds a second place.
    #[must_use]
    pub fn label(mut self, at: Origin, text: impl Into<String>) -> Self {
        self.labels.push(Label { at, text: text.into() });
        self
    }

    /// Adds a sentence of advice.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// Tells whether this stops the run.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Sorts complaints by file, place, code and text, and drops exact repetitions, so that output does not depend on the order
/// in which checks ran.
pub fn sort(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by(|a, b| (&a.at, a.severity, a.code, &a.message).cmp(&(&b.at, b.severity, b.code, &b.message)));
    diagnostics.dedup();
}
