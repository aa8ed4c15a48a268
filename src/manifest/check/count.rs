//! Checks: how many. Only what the manifests declare is counted; what else the tenant holds comes on top.

use std::collections::{BTreeMap, HashMap};

use crate::catalog::directory_role::{self, GLOBAL_ADMINISTRATOR};
use crate::catalog::limit;
use crate::core::assignment::Mode;
use crate::core::diagnostic::Diagnostic;
use crate::core::name::Reference;
use crate::core::origin::Origin;
use crate::core::target::Surface;
use crate::manifest::check::run::{Run, principal_identity, role_identity};
use crate::manifest::kind::role::{Access, RoleReference};
use crate::manifest::kind::tenant::Cloud;

/// A tenant holds 100 custom directory roles and 5,000 custom Azure roles, 2,000 in China (limits.json
/// `entra.customRoles.maxPerTenant`, `azure.customRoles.maxPerTenant`, `….china`).
pub(super) fn custom_roles(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    let is_china = run.tenant().is_some_and(|(_, tenant)| tenant.cloud == Some(Cloud::China));
    let azure = if is_china { "azure.customRoles.maxPerTenant.china" } else { "azure.customRoles.maxPerTenant" };
    let directory: Vec<_> = run.directory_roles.iter().map(|(entry, _)| *entry).collect();
    let resource: Vec<_> = run.azure_roles.iter().map(|(entry, _)| *entry).collect();
    for (entries, id, what) in [(directory, "entra.customRoles.maxPerTenant", "directory"), (resource, azure, "Azure")]
    {
        let most = limit::number(id);
        if let Some(entry) = entries.get(most) {
            let text = format!("{} custom {what} roles are declared; a tenant holds {most}", entries.len());
            found.push(Diagnostic::error("too-many-roles", Some(entry.head()), text).note("this one is too many"));
        }
    }
}

/// Returns the place of each declared standing assignment of a directory role that `wanted` accepts, one per principal.
fn standing<'a>(run: &'a Run<'_>, wanted: impl Fn(&str) -> bool + 'a) -> Vec<(Reference, Origin)> {
    let mut places: Vec<(Reference, Origin)> = Vec::new();
    for assigned in &run.assignments {
        let view = &assigned.view;
        let is_wanted =
            view.mode == Mode::Active && view.role.surface() == Surface::Directory && wanted(&role_identity(view.role));
        for (index, principal) in view.principals.iter().enumerate().filter(|_| is_wanted) {
            places.push((
                principal_identity(principal),
                assigned.entry.document.at(&format!("/spec/principals/{index}")),
            ));
        }
    }
    places
}

/// Microsoft advises fewer than five Global Administrators (limits.json `entra.globalAdministrators.recommendedMax`). Groups
/// count once; how many members they have, only the tenant knows.
pub(super) fn global_administrators(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    let most = limit::number("entra.globalAdministrators.recommendedMax");
    let mut holders: BTreeMap<Reference, Origin> = BTreeMap::new();
    for assigned in &run.assignments {
        let view = &assigned.view;
        if view.role.surface() == Surface::Directory && role_identity(view.role) == GLOBAL_ADMINISTRATOR {
            for (index, principal) in view.principals.iter().enumerate() {
                let at = assigned.entry.document.at(&format!("/spec/principals/{index}"));
                holders.entry(principal_identity(principal)).or_insert(at);
            }
        }
    }
    let mut places: Vec<Origin> = holders.into_values().collect();
    places.sort();
    if let Some(at) = places.get(most) {
        let text = format!("{} Global Administrators are declared, eligible ones included", places.len());
        let diagnostic = Diagnostic::warning("many-global-administrators", Some(at.clone()), text);
        found.push(diagnostic.help("Microsoft advises fewer than five: use roles that allow less"));
    }
}

/// Microsoft advises fewer than ten privileged role assignments (limits.json `entra.privilegedAssignments.recommendedMax`); those
/// that stand without activation are counted.
pub(super) fn privileged_assignments(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    let most = limit::number("entra.privilegedAssignments.recommendedMax");
    let mut places = standing(run, |id| directory_role::find(id).is_some_and(|role| role.is_privileged));
    places.sort_by(|a, b| a.1.cmp(&b.1));
    if let Some((_, at)) = places.get(most) {
        let text = format!("{} standing assignments of privileged roles are declared", places.len());
        let diagnostic = Diagnostic::warning("many-privileged-assignments", Some(at.clone()), text);
        found.push(diagnostic.help("Microsoft advises fewer than ten: make people eligible instead"));
    }
}

/// 150 custom roles for one principal, 100 built-in ones below the tenant, 100 owners of a group, 500 role assignments at a
/// management group (limits.json `entra.customRoleAssignments.maxPerPrincipal`,
/// `entra.builtInRoleAssignments.nonTenantScope.maxPerPrincipal`, `entra.group.maxOwners`,
/// `azure.roleAssignments.maxPerManagementGroup`). Assignments per subscription are left to the tenant, which knows the
/// hierarchy; documents disagree about that number (arm.md E.4).
pub(super) fn assignments(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    if !run.is_expandable() {
        return;
    }
    let mut counts: HashMap<(&str, String), Vec<Origin>> = HashMap::new();
    for assigned in &run.assignments {
        let view = &assigned.view;
        for (index, target) in &assigned.targets {
            for (at, principal) in view.principals.iter().enumerate() {
                let place = || assigned.entry.document.at(&format!("/spec/principals/{at}"));
                let who = principal_identity(principal).to_string();
                let key = match view.role {
                    RoleReference::Directory { directory_role } => {
                        let is_custom = run.declared(Surface::Directory, directory_role).is_some();
                        let is_built_in = directory_role::find(directory_role).is_some();
                        match (is_custom, is_built_in, target.scope.as_str()) {
                            (true, _, _) => ("entra.customRoleAssignments.maxPerPrincipal", who),
                            (false, true, scope) if scope != "/" => {
                                ("entra.builtInRoleAssignments.nonTenantScope.maxPerPrincipal", who)
                            }
                            _ => continue,
                        }
                    }
                    RoleReference::Group { group, access: Access::Owner } if view.mode == Mode::Active => {
                        ("entra.group.maxOwners", group.to_lowercase())
                    }
                    RoleReference::Group { .. } => continue,
                    RoleReference::Azure { .. } => {
                        let scopes = view.scopes.unwrap_or_default();
                        if view.mode == Mode::Eligible
                            || !scopes.get(*index).is_some_and(|s| run.scope(s).is_management_group())
                        {
                            continue;
                        }
                        ("azure.roleAssignments.maxPerManagementGroup", target.scope.clone())
                    }
                };
                counts.entry(key).or_default().push(place());
            }
        }
    }
    for ((id, whose), mut places) in counts {
        let most = limit::number(id);
        places.sort();
        if let Some(at) = places.get(most) {
            let what = match id {
                "entra.customRoleAssignments.maxPerPrincipal" => "assignments of custom roles",
                "entra.builtInRoleAssignments.nonTenantScope.maxPerPrincipal" => "assignments below the tenant",
                "entra.group.maxOwners" => "owners",
                _ => "assignments",
            };
            let text = format!("{} {what} are declared for {whose}; the service takes {most}", places.len());
            found.push(Diagnostic::error("too-many-assignments", Some(at.clone()), text).note("this one is too many"));
        }
    }
}
