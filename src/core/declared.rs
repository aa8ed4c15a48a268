//! A value together with the manifest line that declares it.

use serde::{Deserialize, Serialize};

use crate::core::origin::Origin;

/// A declared value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declared<T> {
    /// What is declared.
    pub value: T,
    /// Where.
    pub at: Origin,
}

impl<T> Declared<T> {
    /// Returns `value` as declared at `at`.
    pub fn new(value: T, at: Origin) -> Self {
        Self { value, at }
    }
}
