//! One document: kind, metadata and spec as written, and the place of each part.

use serde::Deserialize as _;
use serde_json::Value;

use crate::core::diagnostic::Diagnostic;
use crate::core::origin::Origin;
use crate::manifest::code;
use crate::manifest::kind::metadata::{API_VERSION, Metadata};
use crate::manifest::kind::{Kind, Spec};
use crate::manifest::mismatch::{Explainer, LIMIT, Mismatch};
use crate::manifest::passage;
use crate::manifest::place::origin;
use crate::manifest::schema::{self, Compiled};
use crate::manifest::source::SourceFile;
use crate::manifest::suggestion::{closest, list};
use crate::manifest::tree::{Content, Node};

/// A document of a known kind. What could not be read is left out: a list holds the items that could, and `metadata` or `spec`
/// is absent when a key that it needs is missing or wrong. Every such case was complained about.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// `kind`.
    pub kind: Kind,
    /// `metadata`.
    pub metadata: Option<Metadata>,
    /// `spec`.
    pub spec: Option<Spec>,
    /// Whether nothing was left out.
    pub is_whole: bool,
    file: SourceFile,
    tree: Node,
}

impl Document {
    /// Reads a document and complains about everything that does not fit the schema of its kind.
    pub(crate) fn read(file: &SourceFile, mut tree: Node, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let kind = find_kind(file, &tree, diagnostics)?;
        let compiled = schema::compiled(kind);
        let mut value = tree.to_value();
        let is_whole = !tree.has_broken() && compiled.validator.is_valid(&value);
        if !is_whole {
            let mut mismatches = mismatches(file, &tree, compiled, &value);
            let is_hopeless = mismatches.len() > LIMIT;
            mismatches.truncate(LIMIT);
            diagnostics.extend(mismatches.into_iter().map(|mismatch| mismatch.diagnostic));
            if is_hopeless {
                let message = format!("the document has more than {LIMIT} mistakes; the rest is not shown");
                diagnostics.push(Diagnostic::error(code::TOO_MANY_MISTAKES, Some(origin(file, tree.span)), message));
                value = Value::Null;
            } else {
                // what is broken already was complained about when the text was read
                tree.prune(&[]);
                value = prune_until_valid(file, &mut tree, compiled, kind);
            }
        }
        let root = |key: &str| value.get(key).filter(|part| part.is_object());
        let metadata = root("metadata").and_then(|part| Metadata::deserialize(part).ok());
        let spec = root("spec").and_then(|part| match kind.read_spec(part) {
            Ok(spec) => Some(spec),
            Err(error) => {
                // the schema and the types come from one source: this says that they disagree after all
                let at = tree.find("/spec").map_or(tree.span, |place| place.node.span);
                let message = format!("`spec` cannot be read: {error}");
                diagnostics.push(Diagnostic::error(code::INVALID_VALUE, Some(origin(file, at)), message));
                None
            }
        });
        Some(Self { kind, metadata, spec, is_whole, file: file.clone(), tree })
    }

    /// Returns `metadata.name`, when it could be read.
    pub fn name(&self) -> Option<&str> {
        self.metadata.as_ref().map(|metadata| metadata.name.as_str())
    }

    /// Returns the place of the value at a route, e.g. `/spec/principals/0`; of what holds it when it is absent. A value
    /// that spans lines is shown by its first line.
    pub fn at(&self, route: &str) -> Origin {
        origin(&self.file, self.tree.nearest(route).node.span)
    }

    /// Returns the place of a passage of the text at a route: `length` bytes from `offset` of its content. Of a text that stands
    /// elsewhere, behind an alias, the place of the whole.
    pub(crate) fn within(&self, route: &str, offset: usize, length: usize) -> Origin {
        let node = self.tree.nearest(route).node;
        let passage = match &node.content {
            Content::Text(content) => passage::find(&self.file.text, node.span, content, offset, length),
            _ => None,
        };
        origin(&self.file, passage.unwrap_or(node.span))
    }

    /// Returns the place of the key at a route, e.g. `/spec/schedule`; of the value where there is no key.
    pub fn key_at(&self, route: &str) -> Origin {
        let place = self.tree.nearest(route);
        origin(&self.file, place.key.unwrap_or(place.node.span))
    }

    /// Returns the place that stands for the whole document: its name, or else its kind.
    pub fn origin(&self) -> Origin {
        match self.tree.find("/metadata/name") {
            Some(place) => origin(&self.file, place.node.span),
            None => self.at("/kind"),
        }
    }

    /// Tells whether something stands at a route.
    pub fn has(&self, route: &str) -> bool {
        self.tree.find(route).is_some()
    }

    /// Returns the name of the file.
    pub fn file(&self) -> &str {
        &self.file.name
    }

    /// Returns the document as it is written: `{file, line, kind, metadata, spec}`, the line that of its name.
    pub fn written(&self) -> Value {
        let mut value = self.tree.to_value();
        let mut part = |key: &str| value.get_mut(key).map(Value::take).unwrap_or_default();
        let (metadata, spec) = (part("metadata"), part("spec"));
        serde_json::json!({
            "file": self.file(), "line": self.origin().line, "kind": self.kind.as_str(), "metadata": metadata, "spec": spec,
        })
    }

    /// Returns the content as canonical JSON: keys sorted, no blanks.
    pub(crate) fn canonical(&self) -> String {
        let mut text = String::new();
        self.tree.write_canonical(&mut text);
        text
    }
}

/// Finds out the kind, or complains.
fn find_kind(file: &SourceFile, tree: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<Kind> {
    let kinds = || Kind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>();
    let Content::Map(entries) = &tree.content else {
        if tree.content != Content::Broken {
            let message = "a document is a mapping with `apiVersion`, `kind`, `metadata` and `spec`";
            diagnostics.push(
                Diagnostic::error(code::NOT_A_DOCUMENT, Some(origin(file, tree.span)), message)
                    .help(format!("it begins with `apiVersion: {API_VERSION}`")),
            );
        }
        return None;
    };
    let Some(entry) = tree.entry("kind") else {
        let at = entries.first().map_or(tree.span, |entry| entry.span);
        diagnostics.push(
            Diagnostic::error(code::MISSING_KEY, Some(origin(file, at)), "the document has no `kind`")
                .help(format!("kinds are {}", list(&kinds()))),
        );
        return None;
    };
    match &entry.node.content {
        Content::Broken => None,
        Content::Text(name) => {
            if let Some(kind) = Kind::parse(name) {
                return Some(kind);
            }
            let at = Some(origin(file, entry.node.span));
            let shown = crate::manifest::place::clip(name);
            let diagnostic = Diagnostic::error(code::UNKNOWN_KIND, at, format!("`{shown}` is no kind of manifest"));
            diagnostics.push(match closest(name, kinds()) {
                Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
                None => diagnostic.help(format!("kinds are {}", list(&kinds()))),
            });
            None
        }
        _ => {
            let message = "`kind` must be a text, the name of a kind";
            diagnostics.push(
                Diagnostic::error(code::WRONG_TYPE, Some(origin(file, entry.span)), message)
                    .help(format!("kinds are {}", list(&kinds()))),
            );
            None
        }
    }
}

/// Puts harmless values where an assignment lacks what it needs, so that one mistake in its schedule does not hide the mistakes
/// in its role, scopes and principals. The document is refused already; no check has anything to say about these values.
fn stand_in(kind: Kind, value: &mut Value) {
    let Some(spec) = value.get_mut("spec").and_then(Value::as_object_mut) else { return };
    if matches!(kind, Kind::EligibleAssignment | Kind::ActiveAssignment) {
        spec.entry("schedule").or_insert_with(|| serde_json::json!({ "end": "9998-01-01T00:00:00Z" }));
    }
    if kind == Kind::ActiveAssignment {
        spec.entry("purpose").or_insert_with(|| Value::from("criticalInfrastructure"));
    }
}

fn mismatches(file: &SourceFile, tree: &Node, compiled: &Compiled, value: &Value) -> Vec<Mismatch> {
    let errors: Vec<_> = compiled.validator.iter_errors(value).collect();
    Explainer { file, tree, schema: &compiled.schema }.explain(&errors)
}

/// Returns what is to be left out. The document itself stays: `metadata` and `spec` are read apart.
fn routes(mismatches: &[Mismatch]) -> Vec<String> {
    mismatches.iter().map(|mismatch| mismatch.drop.clone()).filter(|route| !route.is_empty()).collect()
}

/// Leaves out what does not fit until the rest does: without a key that it needs, a mapping does not fit either. Ends because
/// every round removes something.
fn prune_until_valid(file: &SourceFile, tree: &mut Node, compiled: &Compiled, kind: Kind) -> Value {
    loop {
        let mut value = tree.to_value();
        stand_in(kind, &mut value);
        let drop = routes(&mismatches(file, tree, compiled, &value));
        if drop.is_empty() {
            return value;
        }
        tree.prune(&drop);
    }
}
