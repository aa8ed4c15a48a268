//! Where in a manifest something came from.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A place in a manifest file: for people the line and column, for snippets the bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// The file as it was named to the program, relative to the manifest folder, with `/` between folders.
    pub file: Arc<str>,
    /// The line, counted from 1.
    pub line: u32,
    /// The column in characters, counted from 1.
    pub column: u32,
    /// First byte of the place in the file.
    #[serde(skip)]
    pub start: usize,
    /// One past the last byte of the place in the file.
    #[serde(skip)]
    pub end: usize,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}
