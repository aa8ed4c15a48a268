//! The texts that were read, by file name, for positions and snippets.

use std::collections::BTreeMap;
use std::sync::Arc;

/// One manifest file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The name relative to the manifest folder, with `/` between folders.
    pub name: Arc<str>,
    /// The content, decoded; without a byte order mark nothing was taken away.
    pub text: Arc<str>,
}

/// All files of a run, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sources {
    files: BTreeMap<Arc<str>, Arc<str>>,
}

impl Sources {
    /// Adds a file.
    pub fn insert(&mut self, file: SourceFile) {
        self.files.insert(file.name, file.text);
    }

    /// Returns the text of a file.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.files.get(name).map(AsRef::as_ref)
    }

    /// Returns the files in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = SourceFile> + '_ {
        self.files.iter().map(|(name, text)| SourceFile { name: Arc::clone(name), text: Arc::clone(text) })
    }

    /// Returns how many files there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Tells whether there is no file.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}
