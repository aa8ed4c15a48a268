//! The organisation's own rules: folders of Rego policies that judge a plan (design.md 6).
//!
//! Policies are foreign programs, in a pull request even those of whoever asks for access. So they run in a process of their own
//! that has no environment, and that ends itself when it takes too long or grows too large: a policy that recurses without end or
//! asks for a terabyte takes down that process and nothing else, and what did not end well refuses. The walk: `folder` (a path to
//! a [`Bundle`]), `facts` (a plan to the `input` of the rules), `evaluator` (the process), `engine` (the interpreter, in it), `judge`
//! (findings to verdicts). Knows no tenant and no printing.

#[cfg(feature = "rego")]
mod engine;
pub mod evaluator;
pub mod facts;
pub mod folder;
pub mod judge;
mod place;
pub mod question;

/// Whether this build can evaluate policies.
pub const IS_AVAILABLE: bool = cfg!(feature = "rego");

/// One folder of policies. Each is evaluated by itself: no folder sees, or adds to, the rules and data of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The folder as it was named.
    pub path: String,
    /// The policies and data, sorted by name.
    pub files: Vec<File>,
    /// Digest of the names, relative to the folder, and the contents of the files: `sha256:` and lower-case hex.
    pub digest: String,
}

/// A file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct File {
    /// The name for people: the folder as it was named, then the path below it, with `/` between folders. A policy ends in `.rego`,
    /// data in `.json`.
    pub name: String,
    /// The content.
    pub text: String,
}

impl File {
    /// Tells whether this is a document of data.
    pub fn is_data(&self) -> bool {
        self.name.ends_with(".json")
    }
}
