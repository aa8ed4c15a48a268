//! Things worth saying that are no changes.

use serde::{Deserialize, Serialize};

use crate::core::diagnostic::Severity;
use crate::core::origin::Origin;

/// A remark of a plan.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Notice {
    /// A stable kebab-case word.
    pub code: String,
    /// Warning or notice.
    pub severity: Severity,
    /// The address of the object, where there is one.
    pub address: Option<String>,
    /// One sentence.
    pub message: String,
    /// The manifest line, where there is one.
    pub source: Option<Origin>,
}

impl Notice {
    /// Returns a notice about `address`.
    pub fn new(code: &str, address: Option<String>, message: impl Into<String>, source: Option<Origin>) -> Self {
        Self { code: code.to_owned(), severity: Severity::Notice, address, message: message.into(), source }
    }

    /// Returns a warning about `address`.
    pub fn warning(code: &str, address: Option<String>, message: impl Into<String>, source: Option<Origin>) -> Self {
        Self { severity: Severity::Warning, ..Self::new(code, address, message, source) }
    }
}

/// A live object that no manifest declares and nobody owns: listed, untouched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unmanaged {
    /// Its address.
    pub address: String,
    /// What it is, in a few words: its window, where it comes from.
    pub detail: String,
    /// Why it is left alone.
    pub why: String,
}
