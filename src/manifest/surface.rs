//! Which surfaces the manifests speak of, and where.

use crate::core::declared::Declared;
use crate::core::target::Surface;
use crate::manifest::Manifests;
use crate::manifest::document::Document;
use crate::manifest::kind::Spec;
use crate::manifest::kind::tenant::{OwnershipEntry, Tenant};

impl Manifests {
    /// Returns every place that declares something on a surface, sorted by place.
    pub fn surfaces(&self) -> Vec<Declared<Surface>> {
        let mut found = Vec::new();
        for document in &self.documents {
            for (surface, route) in spoken_of(document) {
                found.push(Declared::new(surface, document.at(&route)));
            }
        }
        found.sort_by(|a, b| (&a.at, a.value).cmp(&(&b.at, b.value)));
        found
    }

    /// Tells whether the Tenant names emergency accounts, which hold a directory role whatever else is declared.
    pub fn has_break_glass(&self) -> bool {
        let has = |document: &Document| match &document.spec {
            Some(Spec::Tenant(tenant)) => !tenant.break_glass.as_deref().unwrap_or_default().is_empty(),
            _ => false,
        };
        self.documents.iter().any(has)
    }

    /// Returns where the Tenant names folders of guardrails.
    pub fn guardrails(&self) -> Vec<Declared<String>> {
        let mut found = Vec::new();
        for document in &self.documents {
            if let Some(Spec::Tenant(tenant)) = &document.spec {
                for (index, folder) in tenant.guardrails.iter().flatten().enumerate() {
                    found.push(Declared::new(folder.clone(), document.at(&format!("/spec/guardrails/{index}"))));
                }
            }
        }
        found
    }
}

fn spoken_of(document: &Document) -> Vec<(Surface, String)> {
    match &document.spec {
        None | Some(Spec::SettingsProfile(_)) => Vec::new(),
        Some(Spec::Tenant(tenant)) => tenant_entries(tenant),
        Some(Spec::DirectoryRoleDefinition(_)) => vec![(Surface::Directory, "/spec".to_owned())],
        Some(Spec::AzureRoleDefinition(_)) => vec![(Surface::Azure, "/spec".to_owned())],
        Some(Spec::Scope(scope)) => vec![(scope.surface(), "/spec".to_owned())],
        Some(Spec::RoleSettings(settings)) => (settings.applies_to.iter().enumerate())
            .map(|(index, governed)| (governed.surface(), format!("/spec/appliesTo/{index}")))
            .collect(),
        Some(spec @ (Spec::EligibleAssignment(_) | Spec::ActiveAssignment(_))) => {
            spec.assignment().map(|view| (view.role.surface(), "/spec/role".to_owned())).into_iter().collect()
        }
    }
}

fn tenant_entries(tenant: &Tenant) -> Vec<(Surface, String)> {
    let mut found = Vec::new();
    for (index, entry) in tenant.ownership.iter().flatten().enumerate() {
        let surface = match entry {
            OwnershipEntry::DirectoryRoles { .. } => Surface::Directory,
            OwnershipEntry::AzureScopes { .. } => Surface::Azure,
            OwnershipEntry::Groups { .. } => Surface::Group,
        };
        found.push((surface, format!("/spec/ownership/{index}")));
    }
    let ignored = tenant.ignore.iter().flat_map(|ignore| ignore.roles.iter().flatten());
    for (index, role) in ignored.enumerate() {
        found.push((role.surface(), format!("/spec/ignore/roles/{index}")));
    }
    found
}
