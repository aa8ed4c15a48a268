//! From what is written to what is wanted: names replaced by ids, manifests expanded, profiles merged.
//!
//! Pure. What a name means and what time it is come in as values. Nothing is wanted unless everything could be lowered: a part
//! that is missing would look like a part that nobody declares.

mod assignment;
mod ignored;
mod name;
mod reach;
mod role;
mod scope;
mod settings;
mod tenant;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::core::declared::Declared;
use crate::core::diagnostic::{self, Diagnostic};
use crate::core::hierarchy::Hierarchy;
use crate::core::id::{GroupId, PrincipalId, RoleId};
use crate::core::name::{Lookup, Meaning, Names, Reference};
use crate::core::origin::Origin;
use crate::core::role_definition::DeclaredRole;
use crate::core::scope::ArmScope;
use crate::core::state::Desired;
use crate::core::target::Surface;
use crate::manifest::document::Document;
use crate::manifest::kind::{Kind, Spec};
use crate::manifest::{Manifests, code};

/// The ids of the custom roles that manifests declare, by surface and `metadata.name`: the id that a role has, or the one
/// that it will be created with.
pub type RoleIds = BTreeMap<(Surface, String), RoleId>;

/// The outcome of lowering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lowered {
    /// What is wanted; none when there is an error.
    pub desired: Option<Desired>,
    /// Errors and warnings, sorted.
    pub diagnostics: Vec<Diagnostic>,
}

impl Manifests {
    /// Returns the custom roles that the manifests declare, with what is wrong with them. `names` must hold the scopes that
    /// they are assignable at.
    pub fn declared_roles(
        &self,
        names: &Names,
        hierarchy: &Hierarchy,
    ) -> (Vec<Declared<DeclaredRole>>, Vec<Diagnostic>) {
        let mut run = Run::new(self, names, hierarchy);
        let roles = run.roles();
        diagnostic::sort(&mut run.diagnostics);
        (roles, run.diagnostics)
    }

    /// Returns everything that the manifests want at `now`. `names` must hold the outcome of every look-up of
    /// [`Manifests::references`]; one that is absent is reported as unreadable.
    ///
    /// With errors in [`Manifests::diagnostics`] nothing is wanted: those errors are the outcome.
    pub fn lower(&self, names: &Names, hierarchy: &Hierarchy, roles: &RoleIds, now: Timestamp) -> Lowered {
        if self.has_errors() || !self.is_complete {
            return Lowered { desired: None, diagnostics: self.diagnostics.clone() };
        }
        let mut run = Run::new(self, names, hierarchy);
        run.complain_about_names();
        let desired = run.desired(roles, now);
        let mut diagnostics = run.diagnostics;
        diagnostic::sort(&mut diagnostics);
        let desired = desired.filter(|_| !diagnostics.iter().any(Diagnostic::is_error));
        Lowered { desired, diagnostics }
    }
}

/// One lowering.
struct Run<'a> {
    manifests: &'a Manifests,
    names: &'a Names,
    hierarchy: &'a Hierarchy,
    scopes: BTreeMap<&'a str, &'a Document>,
    profiles: BTreeMap<&'a str, &'a Document>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Run<'a> {
    fn new(manifests: &'a Manifests, names: &'a Names, hierarchy: &'a Hierarchy) -> Self {
        let index = |kind: Kind| -> BTreeMap<&'a str, &'a Document> {
            manifests.of_kind(kind).filter_map(|document| Some((document.name()?, document))).collect()
        };
        let (scopes, profiles) = (index(Kind::Scope), index(Kind::SettingsProfile));
        Self { manifests, names, hierarchy, scopes, profiles, diagnostics: Vec::new() }
    }

    fn desired(&mut self, ids: &RoleIds, now: Timestamp) -> Option<Desired> {
        self.complain_about_duplicate_names();
        let tenant = self.tenant();
        let declared = self.roles();
        let roles = tenant.as_ref().map(|tenant| self.key_roles(declared, ids, &tenant.id));
        let settings = self.settings();
        let assignments = self.assignments(now);
        let desired = Desired { tenant: tenant?, roles: roles?, settings, assignments };
        self.diagnostics.extend(ignored::declared_and_ignored(&desired));
        Some(desired)
    }

    /// Documents refer to each other by name: two of one name would make one of them vanish.
    fn complain_about_duplicate_names(&mut self) {
        let mut seen: BTreeMap<(Kind, &str), &Document> = BTreeMap::new();
        for document in &self.manifests.documents {
            let Some(name) = document.name() else { continue };
            if let Some(first) = seen.insert((document.kind, name), document) {
                let message = format!("two {} documents are named `{name}`", document.kind.as_str());
                self.diagnostics.push(
                    Diagnostic::error(code::DUPLICATE_NAME, Some(document.origin()), message)
                        .label(first.origin(), "the first"),
                );
            }
        }
    }

    fn error(&mut self, code: &'static str, at: Origin, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(code, Some(at), message));
    }

    /// Returns what a name means; none when that was complained about.
    fn meaning(&self, reference: &Reference) -> Option<&'a Meaning> {
        match self.names.get(reference) {
            Some(Lookup::One(meaning)) => Some(meaning),
            _ => None,
        }
    }

    fn principal(&self, reference: &Reference) -> Option<PrincipalId> {
        match self.meaning(reference)? {
            Meaning::Principal(principal) => Some(principal.id.clone()),
            _ => None,
        }
    }

    fn group(&self, reference: &Reference) -> Option<GroupId> {
        self.principal(reference).map(|id| GroupId::new(id.as_str()))
    }

    fn role(&self, reference: &Reference) -> Option<RoleId> {
        match self.meaning(reference)? {
            Meaning::Role { id, .. } => Some(id.clone()),
            _ => None,
        }
    }

    fn azure_scope(&self, reference: &Reference) -> Option<ArmScope> {
        match self.meaning(reference)? {
            Meaning::Azure { scope, .. } => Some(scope.clone()),
            _ => None,
        }
    }

    /// Returns the documents of a kind with their content.
    fn specs(&self, kind: Kind) -> Vec<(&'a Document, &'a Spec)> {
        let manifests = self.manifests;
        manifests.of_kind(kind).filter_map(|document| Some((document, document.spec.as_ref()?))).collect()
    }
}

/// Reports the second declaration of the same thing: a mistake when it differs, a warning when it says the same.
fn repeated(what: &str, first: &Origin, second: &Origin, is_equal: bool) -> Diagnostic {
    match is_equal {
        true => Diagnostic::warning(
            code::DUPLICATE_DECLARATION,
            Some(second.clone()),
            format!("two declarations of {what}"),
        )
        .label(first.clone(), "first here")
        .help("remove one of the two"),
        false => Diagnostic::error(
            code::CONFLICTING_DECLARATION,
            Some(second.clone()),
            format!("two different declarations of {what}"),
        )
        .label(first.clone(), "first here")
        .help("keep one of the two"),
    }
}

#[cfg(test)]
mod tests;
