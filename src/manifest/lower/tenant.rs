//! The Tenant document: ownership, what is ignored, emergency accounts, limits.

use crate::core::declared::Declared;
use crate::core::diagnostic::Diagnostic;
use crate::core::id::PrincipalId;
use crate::core::ownership::{Authority, Extent, Ignore, Ownership, OwnershipEntry, Pattern};
use crate::core::state::{ApplyAs, Limits, Tenant};
use crate::core::target::RoleKey;
use crate::manifest::code;
use crate::manifest::document::Document;
use crate::manifest::kind::principal::Principal;
use crate::manifest::kind::{Kind, Spec, tenant};
use crate::manifest::lower::Run;

impl Run<'_> {
    /// Returns the one tenant.
    pub(super) fn tenant(&mut self) -> Option<Tenant> {
        let documents = self.specs(Kind::Tenant);
        let (document, spec) = match documents.as_slice() {
            [] => {
                self.diagnostics.push(
                    Diagnostic::error(code::NO_TENANT, None, "no Tenant manifest says which tenant is meant")
                        .help("add a document of kind `Tenant`"),
                );
                return None;
            }
            [(document, Spec::Tenant(spec))] => (*document, spec),
            [(first, _), rest @ ..] => {
                for (document, _) in rest {
                    self.diagnostics.push(
                        Diagnostic::error(
                            code::SEVERAL_TENANTS,
                            Some(document.origin()),
                            "there is another Tenant manifest",
                        )
                        .label(first.origin(), "the first")
                        .help("a run is about one tenant: keep one of them"),
                    );
                }
                return None;
            }
        };
        let defaults = Limits::default();
        let limits = spec.limits.clone().unwrap_or_default();
        Some(Tenant {
            name: document.name()?.to_owned(),
            id: spec.tenant_id.clone(),
            apply_as: match spec.apply_as.unwrap_or_default() {
                tenant::ApplyAs::Application => ApplyAs::Application,
                tenant::ApplyAs::User => ApplyAs::User,
            },
            ownership: self.ownership(document, spec),
            break_glass: self.principals(document, spec.break_glass.as_deref(), "/spec/breakGlass"),
            applied_by: {
                let route = "/spec/appliedBy";
                let id = spec.applied_by.as_ref().and_then(|one| self.principal(&one.reference()));
                id.map(|id| Declared::new(id, document.at(route)))
            },
            limits: Limits {
                max_removals: limits.max_removals.unwrap_or(defaults.max_removals),
                max_removal_percent: limits.max_removal_percent.unwrap_or(defaults.max_removal_percent),
                min_global_administrators: limits
                    .min_global_administrators
                    .unwrap_or(defaults.min_global_administrators),
            },
            at: document.origin(),
        })
    }

    fn ownership(&mut self, document: &Document, spec: &tenant::Tenant) -> Ownership {
        let mut entries = Vec::new();
        for (at, entry) in spec.ownership.iter().flatten().enumerate() {
            let route = format!("/spec/ownership/{at}");
            let extent = match entry {
                tenant::OwnershipEntry::DirectoryRoles { directory_roles, .. } => {
                    Extent::DirectoryRoles(self.patterns(document, directory_roles, &format!("{route}/directoryRoles")))
                }
                tenant::OwnershipEntry::Groups { groups, .. } => {
                    Extent::Groups(self.patterns(document, groups, &format!("{route}/groups")))
                }
                tenant::OwnershipEntry::AzureScopes { azure_scopes, exact, .. } => {
                    let mut scopes = Vec::new();
                    for (at, written) in azure_scopes.iter().enumerate() {
                        let at = document.at(&format!("{route}/azureScopes/{at}"));
                        scopes.extend(self.azure_place(written, &at));
                    }
                    Extent::AzureScopes { scopes, exact: exact.unwrap_or_default() }
                }
            };
            let value = OwnershipEntry {
                extent,
                assignments: authority(entry.assignments()),
                role_definitions: authority(entry.role_definitions()),
            };
            entries.push(Declared::new(value, document.at(&route)));
        }
        let mut ignore = Ignore::default();
        if let Some(ignored) = &spec.ignore {
            ignore.principals = self.principals(document, ignored.principals.as_deref(), "/spec/ignore/principals");
            for (at, role) in ignored.roles.iter().flatten().enumerate() {
                let reference = role.role().reference();
                let at = document.at(&format!("/spec/ignore/roles/{at}"));
                let surface = role.surface();
                ignore.roles.extend(self.role(&reference).map(|id| Declared::new(RoleKey { surface, id }, at)));
            }
        }
        Ownership { entries, ignore }
    }

    fn patterns(&mut self, document: &Document, written: &[String], route: &str) -> Vec<Pattern> {
        let mut patterns = Vec::new();
        for (at, text) in written.iter().enumerate() {
            match Pattern::new(text) {
                Ok(pattern) => patterns.push(pattern),
                Err(why) => {
                    let message = format!("`{text}` cannot be read as a name or glob: {why}");
                    self.error(code::INVALID_PATTERN, document.at(&format!("{route}/{at}")), message);
                }
            }
        }
        patterns
    }

    fn principals(
        &self,
        document: &Document,
        principals: Option<&[Principal]>,
        route: &str,
    ) -> Vec<Declared<PrincipalId>> {
        let mut ids = Vec::new();
        for (at, principal) in principals.unwrap_or_default().iter().enumerate() {
            let at = document.at(&format!("{route}/{at}"));
            ids.extend(self.principal(&principal.reference()).map(|id| Declared::new(id, at)));
        }
        ids
    }
}

fn authority(written: tenant::Authority) -> Authority {
    match written {
        tenant::Authority::Additive => Authority::Additive,
        tenant::Authority::Authoritative => Authority::Authoritative,
    }
}
