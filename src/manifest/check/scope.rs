//! Checks: where roles may hold.

use std::collections::HashMap;

use crate::catalog::directory_role;
use crate::core::diagnostic::Diagnostic;
use crate::core::scope::ArmScopeKind;
use crate::core::target::Surface;
use crate::manifest::check::reference::{User, scope_uses};
use crate::manifest::check::run::{Meant, Run};
use crate::manifest::kind::Spec;
use crate::manifest::kind::role_definition::DirectoryRoleDefinition;
use crate::manifest::kind::scope::{Scope, ScopeWords};

/// A text that begins with `/` is the id of a management group, a subscription, a resource group or a resource. What stands under
/// `resource` is none of those above all subscriptions: they are not resources, and not what whoever wrote that had in mind.
pub(super) fn invalid(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for used in scope_uses(run) {
        if matches!(run.scope(used.name), Meant::Malformed) {
            let text = format!("`{}` is no Azure scope", used.name);
            let diagnostic = Diagnostic::error("invalid-scope", used.entry.at(&used.route), text);
            let help = match used.name.contains('*') {
                true => "a scope is no pattern; `under` means every scope below a management group, in role settings",
                false => "an Azure scope is written like `/subscriptions/{guid}/resourceGroups/{name}`",
            };
            found.push(diagnostic.help(help));
        }
    }
    for entry in run.entries {
        let Some(Spec::Scope(Scope::Resource { resource })) = entry.spec else { continue };
        let (what, help) = match resource.kind() {
            ArmScopeKind::Root => ("the root", "write `/` where the scope is named".to_owned()),
            ArmScopeKind::ManagementGroup => {
                ("a management group", format!("write `managementGroup: {}`", resource.name()))
            }
            ArmScopeKind::Subscription | ArmScopeKind::ResourceGroup | ArmScopeKind::Resource => continue,
        };
        let text = format!("`{resource}` is {what} and no resource");
        found.push(Diagnostic::error("invalid-scope", entry.at("/resource"), text).help(help));
    }
}

/// Directory roles hold in the tenant, in administrative units and on applications; Azure roles at Azure scopes; a group is its
/// own scope; fan-out (`under`) is for role settings only.
pub(super) fn wrong(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for assigned in &run.assignments {
        if !assigned.view.role.has_scopes() && assigned.view.scopes.is_some() {
            let diagnostic =
                Diagnostic::error("wrong-scope", assigned.entry.key("/scopes"), "a group is its own scope");
            found.push(diagnostic.help("remove `scopes`"));
        }
    }
    let surfaces: HashMap<*const _, Surface> = run
        .assignments
        .iter()
        .map(|assigned| (std::ptr::from_ref(assigned.entry), assigned.view.role.surface()))
        .collect();
    for used in scope_uses(run) {
        let wanted = match used.by {
            User::Assignment => surfaces.get(&std::ptr::from_ref(used.entry)).copied().unwrap_or(Surface::Azure),
            User::Settings | User::AssignableScopes | User::Ownership => Surface::Azure,
        };
        let meant = run.scope(used.name);
        let Some(surface) = meant.surface() else { continue };
        let (Some(needed), Some(given)) = (ScopeWords::of(wanted), ScopeWords::of(surface)) else { continue };
        let at = used.entry.at(&used.route);
        if surface != wanted {
            let text = format!("the scope `{}` {}", used.name, given.is);
            found.push(Diagnostic::error("wrong-scope", at, text).help(format!("use {} here", needed.any)));
        } else if used.by != User::Settings && matches!(meant, Meant::Named(Scope::Under { .. })) {
            let text = format!("the scope `{}` fans out, which only role settings may do", used.name);
            found.push(
                Diagnostic::error("wrong-scope", at, text)
                    .help("name the management group or the subscriptions themselves"),
            );
        }
    }
}

/// An Azure assignment says where it holds: there is no default scope, and none is taken from the surroundings.
pub(super) fn missing(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for assigned in &run.assignments {
        let is_needed = assigned.view.role.default_scope().is_none();
        if is_needed && assigned.view.scopes.is_none() && assigned.entry.is_whole() {
            let diagnostic = Diagnostic::error(
                "missing-scopes",
                assigned.entry.key("/role"),
                "an Azure role needs `scopes`: where does it hold?",
            );
            found.push(diagnostic.help("add `scopes` with names of Scope manifests or full ids"));
        }
    }
}

/// Returns the route and meaning of each scope of the directory assignments, with the role's name.
fn directory_scopes<'a>(run: &Run<'a>) -> Vec<(&'a crate::manifest::check::run::Entry<'a>, usize, &'a str, &'a Scope)> {
    let mut found = Vec::new();
    for assigned in run.assignments.iter().filter(|one| one.view.role.surface() == Surface::Directory) {
        for (index, name) in assigned.view.scopes.unwrap_or_default().iter().enumerate() {
            if let Meant::Named(scope) = run.scope(name) {
                found.push((assigned.entry, index, assigned.view.role.name(), scope));
            }
        }
    }
    found
}

/// Returns the custom role of this run that has the name.
fn custom<'a>(run: &Run<'a>, name: &str) -> Option<&'a DirectoryRoleDefinition> {
    match run.declared(Surface::Directory, name)?.spec {
        Some(Spec::DirectoryRoleDefinition(role)) => Some(role),
        _ => None,
    }
}

/// Tells whether a custom role holds a permission on one of the entities, by their names' beginnings. Looks at each role once.
fn holds<'a>(seen: &mut HashMap<&'a str, bool>, role: &'a DirectoryRoleDefinition, entities: &[&str]) -> bool {
    *seen.entry(role.display_name.as_str()).or_insert_with(|| look(role, entities))
}

fn look(role: &DirectoryRoleDefinition, entities: &[&str]) -> bool {
    role.permissions.iter().any(|permission| {
        let mut parts = permission.trim().split('/');
        let entity = parts.nth(1).unwrap_or_default().to_ascii_lowercase();
        entities.iter().any(|known| entity.starts_with(known))
    })
}

/// At an administrative unit only some built-in roles can be assigned, and custom roles with a permission on users, groups or
/// devices (graph.md 2.4; limits.json `entra.roleAssignment.administrativeUnitScope.roles`).
pub(super) fn unit_role(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    let mut seen = HashMap::new();
    for (entry, index, name, scope) in directory_scopes(run) {
        if !matches!(scope, Scope::AdministrativeUnit { .. }) {
            continue;
        }
        let at = entry.at(&format!("/scopes/{index}"));
        if let Some(role) = custom(run, name) {
            if !holds(&mut seen, role, &["users", "groups", "devices"]) {
                let text = format!(
                    "`{name}` holds no permission on users, groups or devices, so no administrative unit takes it"
                );
                found.push(Diagnostic::error("unit-scope-role", at, text));
            }
        } else if directory_role::find(name).is_some_and(|role| !role.is_unit_assignable) {
            let text = format!("`{name}` cannot be assigned at administrative units");
            let diagnostic = Diagnostic::error("unit-scope-role", at, text).note("this is an administrative unit");
            found.push(diagnostic.help("assign it at `tenant`, or another role here, e.g. `User Administrator`"));
        }
    }
}

/// At an application only roles with permissions on applications or service principals do anything (graph.md 2.4).
pub(super) fn application_role(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    let mut seen = HashMap::new();
    for (entry, index, name, scope) in directory_scopes(run) {
        if !matches!(scope, Scope::Application { .. } | Scope::EnterpriseApplication { .. }) {
            continue;
        }
        let is_of_use = match custom(run, name) {
            Some(role) => holds(&mut seen, role, &["applications", "serviceprincipals"]),
            None => directory_role::find(name).is_none_or(|role| {
                let mut actions = role.blocks.iter().flat_map(|block| &block.actions);
                actions.any(|a| {
                    a.starts_with("microsoft.directory/applications")
                        || a.starts_with("microsoft.directory/servicePrincipals")
                })
            }),
        };
        if !is_of_use {
            let text = format!("`{name}` holds no permission on applications or service principals");
            let diagnostic = Diagnostic::warning("application-scope-role", entry.at(&format!("/scopes/{index}")), text);
            found.push(diagnostic.note("this is an application"));
        }
    }
}

/// Creating applications cannot be granted at one application (limits.json `entra.customRole.createPermission.scope`).
pub(super) fn without_effect(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    let mut seen: HashMap<&str, Option<&String>> = HashMap::new();
    for (entry, index, name, scope) in directory_scopes(run) {
        let is_application = matches!(scope, Scope::Application { .. } | Scope::EnterpriseApplication { .. });
        let Some(role) = custom(run, name).filter(|_| is_application) else { continue };
        let creating = *seen.entry(name).or_insert_with(|| role.permissions.iter().find(|text| creates(text)));
        if let Some(permission) = creating {
            let text = format!("`{permission}` of `{name}` grants nothing at an application");
            let diagnostic =
                Diagnostic::warning("permission-without-effect", entry.at(&format!("/scopes/{index}")), text);
            found.push(diagnostic.help("assign the role at `tenant`"));
        }
    }
}

fn creates(permission: &str) -> bool {
    let folded = permission.trim().to_ascii_lowercase();
    matches!(
        folded.as_str(),
        "microsoft.directory/applications/create" | "microsoft.directory/applications/createasowner"
    )
}
