//! The manifest language: files to documents, documents to complaints, documents to what is wanted.
//!
//! Knows YAML and file positions; never knows the tenant. The walk: `load` (a path to texts), `compose` (a text to trees with
//! places), `document` (a tree to a typed document, against the schema of its kind), then the checks, `reference` (every name
//! in them) and `lower` (names replaced by ids).

pub mod check;
pub mod code;
mod compose;
pub mod document;
pub mod kind;
mod load;
pub mod lower;
mod mismatch;
mod passage;
mod place;
mod reference;
mod scalar;
pub mod schema;
pub mod source;
mod suggestion;
mod surface;
mod syntax;
mod tree;
mod wording;

use std::path::Path;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::core::diagnostic::{self, Diagnostic};
use crate::core::id::TenantId;
use crate::core::origin::Origin;
use crate::manifest::compose::Budget;
use crate::manifest::document::Document;
use crate::manifest::kind::tenant::{ApplyAs, Cloud};
use crate::manifest::kind::{Kind, Spec};
use crate::manifest::source::{SourceFile, Sources};

/// Everything that was read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Manifests {
    /// The texts, for snippets.
    pub sources: Sources,
    /// The documents, in the order of file names and of the text.
    pub documents: Vec<Document>,
    /// What is wrong with files, YAML and shapes, sorted.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether every file and every document could be read. When false, nobody can say that something is *not* declared.
    pub is_complete: bool,
}

/// What is needed before connecting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantHead {
    /// `metadata.name`.
    pub name: String,
    /// `spec.tenantId`.
    pub tenant_id: TenantId,
    /// `spec.cloud`.
    pub cloud: Cloud,
    /// `spec.applyAs`.
    pub apply_as: ApplyAs,
    /// Where `spec.tenantId` stands.
    pub at: Origin,
}

/// Reads the manifests at a path: a file, or a folder with all below it. Never panics and never stops at the first mistake;
/// what is wrong is in [`Manifests::diagnostics`].
pub fn read(path: &Path) -> Manifests {
    let loaded = load::load(path);
    assemble(loaded.files, loaded.diagnostics)
}

/// Reads manifests from memory: pairs of file name and text.
pub fn read_sources(sources: Vec<(String, String)>) -> Manifests {
    let files = sources.into_iter().map(|(name, text)| SourceFile { name: name.into(), text: text.into() });
    assemble(files.collect(), Vec::new())
}

/// Reads the manifests at a path and checks them: everything that can be said offline is in [`Manifests::diagnostics`].
pub fn validate(path: &Path) -> Manifests {
    read(path).checked()
}

/// Reads manifests from memory, as [`read_sources`] does, and checks them.
pub fn validate_sources(sources: Vec<(String, String)>) -> Manifests {
    read_sources(sources).checked()
}

/// How many complaints a run collects before it gives up: a bound for memory, not for people.
const MISTAKES: usize = 10_000;

fn assemble(mut files: Vec<SourceFile>, mut diagnostics: Vec<Diagnostic>) -> Manifests {
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let mut is_complete = diagnostics.is_empty();
    let mut budget = Budget::default();
    let mut sources = Sources::default();
    let mut documents = Vec::new();
    'files: for file in files {
        let composed = compose::compose(&file, &mut budget);
        is_complete &= !composed.is_incomplete;
        diagnostics.extend(composed.diagnostics);
        for tree in composed.documents {
            match Document::read(&file, tree, &mut diagnostics) {
                Some(document) => documents.push(document),
                None => is_complete = false,
            }
            if diagnostics.len() > MISTAKES {
                let message = format!("more than {MISTAKES} mistakes; the rest is not read");
                diagnostics.push(Diagnostic::error(code::TOO_MANY_MISTAKES, None, message));
                is_complete = false;
                sources.insert(file);
                break 'files;
            }
        }
        sources.insert(file);
    }
    if documents.is_empty() && diagnostics.is_empty() {
        let mut files = sources.iter();
        let (first, more) = (files.next(), files.next().is_some());
        let at = first.map(|file| Origin { file: Arc::clone(&file.name), line: 1, column: 1, start: 0, end: 0 });
        let what = if more { "the files hold" } else { "the file holds" };
        diagnostics.push(
            Diagnostic::error(code::NO_MANIFESTS, at, format!("{what} no document"))
                .help("nothing declared is never read as `remove everything`"),
        );
        is_complete = false;
    }
    diagnostic::sort(&mut diagnostics);
    Manifests { sources, documents, diagnostics, is_complete }
}

impl Manifests {
    /// Adds what the offline checks find.
    #[must_use]
    fn checked(mut self) -> Self {
        self.diagnostics.extend(check::check(&self));
        diagnostic::sort(&mut self.diagnostics);
        self
    }

    /// Tells whether a mistake was found that stops the run.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// Returns the documents of a kind.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Document> {
        self.documents.iter().filter(move |document| document.kind == kind)
    }

    /// Returns what is needed before connecting; none unless exactly one Tenant document could be read.
    pub fn tenant(&self) -> Option<TenantHead> {
        let mut tenants = self.of_kind(Kind::Tenant);
        let (Some(document), None) = (tenants.next(), tenants.next()) else { return None };
        let Some(Spec::Tenant(tenant)) = &document.spec else { return None };
        Some(TenantHead {
            name: document.name()?.to_owned(),
            tenant_id: tenant.tenant_id.clone(),
            cloud: tenant.cloud.unwrap_or_default(),
            apply_as: tenant.apply_as.unwrap_or_default(),
            at: document.at("/spec/tenantId"),
        })
    }

    /// Returns the digest of what is declared: SHA-256 in lower-case hexadecimal over the canonical JSON of all documents,
    /// sorted. File names, the order of documents and keys, comments and notation do not matter.
    pub fn digest(&self) -> String {
        use std::fmt::Write as _;
        let mut contents: Vec<String> = self.documents.iter().map(Document::canonical).collect();
        contents.sort_unstable();
        let mut hash = Sha256::new();
        for content in contents {
            hash.update(content.as_bytes());
            hash.update(b"\n");
        }
        hash.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
            // writing to a String cannot fail
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

#[cfg(test)]
mod tests;
