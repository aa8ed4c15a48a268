//! Where the manifests make a run look in Azure and among groups, known before any role's name is.

use std::collections::BTreeSet;

use crate::core::declared::Declared;
use crate::core::hierarchy::Hierarchy;
use crate::core::name::Names;
use crate::core::origin::Origin;
use crate::core::ownership::{Authority, Extent};
use crate::core::reach::{Asked, FanOut, Reach};
use crate::core::scope::ArmScope;
use crate::manifest::Manifests;
use crate::manifest::document::Document;
use crate::manifest::kind::role::{GovernedRole, RoleReference};
use crate::manifest::kind::scope::Scope;
use crate::manifest::kind::{Kind, Spec};
use crate::manifest::lower::Run;
use crate::manifest::lower::scope::Place;

impl Asked for Manifests {
    fn fan_outs(&self, names: &Names) -> Vec<Declared<FanOut>> {
        let hierarchy = Hierarchy::default();
        let run = Run::new(self, names, &hierarchy);
        let mut found = Vec::new();
        for (document, spec) in run.specs(Kind::Scope) {
            let Spec::Scope(scope @ Scope::Under { under }) = spec else { continue };
            let group = scope.reference().and_then(|(_, reference)| run.azure_scope(&reference));
            if let Some(group) = group {
                let kinds = under.kinds.iter().map(|kind| (*kind).into()).collect();
                found.push(Declared::new(FanOut { group, kinds }, document.at("/spec/under")));
            }
        }
        found
    }

    /// What cannot be understood, [`Manifests::lower`] complains about.
    fn reach(&self, names: &Names, hierarchy: &Hierarchy) -> Reach {
        let mut run = Run::new(self, names, hierarchy);
        let mut reach = Reach::default();
        for (document, spec) in run.specs(Kind::RoleSettings) {
            let Spec::RoleSettings(settings) = spec else { continue };
            for (index, governed) in settings.applies_to.iter().enumerate() {
                let scopes = match governed {
                    GovernedRole::Azure { scopes, .. } => scopes,
                    GovernedRole::Group { .. } => {
                        let at = document.at(&format!("/spec/appliesTo/{index}/group"));
                        if let Some(group) = run.group(&governed.role().reference()) {
                            reach.open(&group, &at);
                        }
                        continue;
                    }
                    GovernedRole::Directory { .. } => continue,
                };
                for (scope, at) in run.places(document, scopes, &format!("/spec/appliesTo/{index}/scopes")) {
                    reach.govern(&scope, &at);
                }
            }
        }
        for kind in [Kind::EligibleAssignment, Kind::ActiveAssignment] {
            for (document, spec) in run.specs(kind) {
                let Some(view) = spec.assignment() else { continue };
                if let RoleReference::Group { .. } = view.role
                    && let Some(group) = run.group(&view.role.reference())
                {
                    reach.open(&group, &document.at("/spec/role/group"));
                }
                let RoleReference::Azure { .. } = view.role else { continue };
                for (scope, at) in run.places(document, view.scopes.unwrap_or_default(), "/spec/scopes") {
                    reach.assign(&scope, &at);
                }
            }
        }
        for (document, spec) in run.specs(Kind::AzureRoleDefinition) {
            let Spec::AzureRoleDefinition(role) = spec else { continue };
            for (scope, at) in run.places(document, &role.assignable_scopes, "/spec/assignableScopes") {
                reach.define(&scope, hierarchy);
                reach.assignable.entry(scope).or_insert(at);
            }
        }
        if let Some(tenant) = run.tenant() {
            for entry in &tenant.ownership.entries {
                if let (Extent::Groups(patterns), Authority::Authoritative) =
                    (&entry.value.extent, entry.value.assignments)
                {
                    let owned = patterns.iter().map(|pattern| Declared::new(pattern.clone(), entry.at.clone()));
                    reach.owned_groups.extend(owned);
                }
                let Extent::AzureScopes { scopes, exact } = &entry.value.extent else { continue };
                let authorities = [entry.value.assignments, entry.value.role_definitions];
                if authorities.contains(&Authority::Authoritative) {
                    for scope in scopes {
                        reach.own(scope, *exact, hierarchy, &entry.at);
                    }
                }
            }
        }
        if reach.is_empty() {
            // roles may be named without any scope, by `spec.ignore`
            let known: BTreeSet<ArmScope> = hierarchy.scopes().map(|(scope, _)| scope.clone()).collect();
            for scope in &known {
                reach.define(scope, hierarchy);
            }
        }
        reach.tidy(hierarchy)
    }
}

impl Run<'_> {
    /// Returns the Azure scopes of a list, with their places in the manifest.
    fn places(&mut self, document: &Document, written: &[String], route: &str) -> Vec<(ArmScope, Origin)> {
        let mut found = Vec::new();
        for (index, written) in written.iter().enumerate() {
            let at = document.at(&format!("{route}/{index}"));
            match self.place(written, &at) {
                Some(Place::Azure(scope)) => found.push((scope, at)),
                Some(Place::FanOut(scopes)) => found.extend(scopes.into_iter().map(|scope| (scope, at.clone()))),
                Some(Place::Directory(_)) | None => {}
            }
        }
        found
    }
}
