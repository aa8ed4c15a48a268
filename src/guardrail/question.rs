//! What is asked of the evaluating process, and what it answers.

use serde::{Deserialize, Serialize};

use crate::guardrail::File;

/// A question: one folder of policies, and what they may cost. The input follows apart from it: it may be large.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The files.
    pub files: Vec<File>,
    /// Whether rules are evaluated; otherwise the files are only read and their shape is checked.
    pub is_judging: bool,
    /// What the evaluation may cost.
    pub limits: Limits,
}

/// What an evaluation may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Time in milliseconds, reading included.
    pub milliseconds: u64,
    /// Memory of the evaluating process in bytes, the input included. Enforced where the system tells it (Linux); elsewhere time
    /// bounds it.
    pub bytes: u64,
}

impl Default for Limits {
    /// Five seconds and one gigabyte: a plan of 20,000 changes takes less than a fifth of a second and some 200 MB
    /// (dependencies.md 4.8).
    fn default() -> Self {
        Self { milliseconds: 5_000, bytes: 1 << 30 }
    }
}

/// The most messages of one folder. A policy that says more says nothing.
pub const MESSAGES: usize = 1_000;
/// The longest message in bytes.
pub const MESSAGE_LENGTH: usize = 4 << 10;

/// The most mistakes of one folder that are told; the rest are counted.
pub const MISTAKES: usize = 100;
/// The longest text of a mistake in characters: policies choose parts of it.
pub const MISTAKE_LENGTH: usize = 500;

/// An answer: mistakes, or findings.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Answer {
    /// What is wrong with the policies. With one mistake no finding counts.
    pub mistakes: Vec<Mistake>,
    /// What the rules say, sorted.
    pub findings: Vec<Finding>,
}

impl Answer {
    /// Returns the answer that one thing is wrong.
    pub(crate) fn mistake(file: Option<String>, message: impl Into<String>) -> Self {
        let mistake = Mistake { file, line: 1, column: 1, message: message.into() };
        Self { mistakes: vec![mistake], findings: Vec::new() }
    }

    /// Returns the answer with no more mistakes, and none longer, than people read.
    #[must_use]
    pub(crate) fn bounded(mut self) -> Self {
        if self.mistakes.len() > MISTAKES {
            let more = self.mistakes.len() - MISTAKES + 1;
            self.mistakes.truncate(MISTAKES - 1);
            let message = format!("and {more} more mistakes");
            self.mistakes.push(Mistake { file: None, line: 1, column: 1, message });
        }
        for mistake in &mut self.mistakes {
            mistake.message = bounded(&mistake.message);
        }
        self
    }
}

/// Returns the beginning of a text that policies had a part in.
pub(crate) fn bounded(text: &str) -> String {
    match text.char_indices().nth(MISTAKE_LENGTH) {
        Some(_) => text.chars().take(MISTAKE_LENGTH - 1).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

/// Something wrong with a policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Mistake {
    /// The file, where it is known.
    pub file: Option<String>,
    /// The line in it, counted from 1.
    pub line: u32,
    /// The column, counted from 1.
    pub column: u32,
    /// What is wrong. No longer than [`MISTAKE_LENGTH`].
    pub message: String,
}

/// Whether a rule refuses or warns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// `deny`.
    Deny,
    /// `warn`.
    Warn,
}

impl Severity {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Deny, Self::Warn];

    /// Returns the name of the rule.
    pub fn rule(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Warn => "warn",
        }
    }
}

/// One message of one rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    /// Refused or warned of.
    pub severity: Severity,
    /// The package of the rule, with dots.
    pub package: String,
    /// A file of that package, for complaints about the message.
    pub policy: String,
    /// The message.
    pub message: Message,
}

/// What a rule says: a text, or an object with the text and the place that it is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// The text.
    pub msg: String,
    /// The address of what it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The manifest file that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in that file, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_mistakes_is_bounded() {
        let mistake = |message: String| Mistake { file: None, line: 1, column: 1, message };
        let few = Answer { mistakes: vec![mistake("é".repeat(MISTAKE_LENGTH)); MISTAKES], findings: Vec::new() };
        assert_eq!(few.clone().bounded(), few);
        let many = Answer { mistakes: vec![mistake("é".repeat(9_000)); MISTAKES + 1], findings: Vec::new() }.bounded();
        assert_eq!(many.mistakes.len(), MISTAKES);
        assert!(many.mistakes.iter().all(|one| one.message.chars().count() <= MISTAKE_LENGTH));
        assert_eq!(many.mistakes.last().unwrap().message, "and 2 more mistakes");
        assert_eq!(many.clone().bounded(), many);
    }
}
