//! Scopes: the documents that name them, and ARM ids written out.

use crate::core::name::Meaning;
use crate::core::origin::Origin;
use crate::core::scope::{ArmScope, ArmScopeKind, DirectoryScope};
use crate::manifest::code;
use crate::manifest::kind::Spec;
use crate::manifest::kind::scope::{Scope, TENANT_SCOPE};
use crate::manifest::lower::Run;
use crate::manifest::suggestion::closest;

/// What a reference to a scope means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A directory scope.
    Directory(DirectoryScope),
    /// An Azure scope.
    Azure(ArmScope),
    /// The scopes below a management group.
    FanOut(Vec<ArmScope>),
}

impl Run<'_> {
    /// Returns what a reference to a scope means; none when that was complained about.
    pub(super) fn place(&mut self, written: &str, at: &Origin) -> Option<Place> {
        if written.starts_with('/') {
            let scope = ArmScope::parse(written);
            if scope.is_none() {
                self.error(code::INVALID_SCOPE, at.clone(), format!("`{written}` is no id of an Azure scope"));
            }
            return scope.map(Place::Azure);
        }
        if written == TENANT_SCOPE {
            return Some(Place::Directory(DirectoryScope::Tenant));
        }
        let Some(document) = self.scopes.get(written) else {
            self.error(code::UNKNOWN_SCOPE, at.clone(), format!("no Scope manifest is named `{written}`"));
            let known = self.scopes.keys().copied().chain([TENANT_SCOPE]);
            if let (Some(meant), Some(last)) = (closest(written, known), self.diagnostics.last_mut()) {
                last.help.push(format!("did you mean `{meant}`?"));
            }
            return None;
        };
        let Some(Spec::Scope(scope)) = &document.spec else { return None };
        let reference = scope.reference().map(|(_, reference)| reference);
        match scope {
            Scope::Under { under } => {
                let group = self.azure_scope(&reference?)?;
                let kinds: Vec<ArmScopeKind> = under.kinds.iter().map(|kind| (*kind).into()).collect();
                Some(Place::FanOut(self.hierarchy.below(&group, &kinds)))
            }
            Scope::Resource { resource } => Some(Place::Azure(resource.clone())),
            Scope::ManagementGroup { .. } | Scope::Subscription { resource_group: None, .. } => {
                self.azure_scope(&reference?).map(Place::Azure)
            }
            Scope::Subscription { resource_group: Some(group), .. } => {
                let subscription = self.azure_scope(&reference?)?;
                let scope = ArmScope::parse(&format!("{subscription}/resourceGroups/{group}"));
                if scope.is_none() {
                    let at = document.at("/spec/resourceGroup");
                    self.error(code::INVALID_SCOPE, at, format!("`{group}` cannot be the name of a resource group"));
                }
                scope.map(Place::Azure)
            }
            Scope::AdministrativeUnit { .. } | Scope::Application { .. } | Scope::EnterpriseApplication { .. } => {
                let Meaning::Object { id, .. } = self.meaning(&reference?)? else { return None };
                Some(Place::Directory(match scope {
                    Scope::AdministrativeUnit { .. } => DirectoryScope::AdministrativeUnit(id.clone()),
                    _ => DirectoryScope::Object(id.clone()),
                }))
            }
        }
    }

    /// Returns a directory scope; complains when another is meant.
    pub(super) fn directory_place(&mut self, written: &str, at: &Origin) -> Option<DirectoryScope> {
        match self.place(written, at)? {
            Place::Directory(scope) => Some(scope),
            Place::Azure(_) | Place::FanOut(_) => {
                let message = format!("`{written}` is an Azure scope; directory roles do not hold there");
                self.error(code::WRONG_SCOPE, at.clone(), message);
                None
            }
        }
    }

    /// Returns an Azure scope; complains when another is meant.
    pub(super) fn azure_place(&mut self, written: &str, at: &Origin) -> Option<ArmScope> {
        match self.place(written, at)? {
            Place::Azure(scope) => Some(scope),
            Place::Directory(_) => {
                let message = format!("`{written}` is a scope of the directory; Azure roles do not hold there");
                self.error(code::WRONG_SCOPE, at.clone(), message);
                None
            }
            Place::FanOut(_) => {
                let message =
                    format!("`{written}` means many scopes (`under`), which is possible for role settings only");
                self.error(code::WRONG_SCOPE, at.clone(), message);
                None
            }
        }
    }
}
