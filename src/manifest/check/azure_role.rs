//! Checks: custom Azure roles.

use crate::catalog::azure_role;
use crate::catalog::limit;
use crate::core::diagnostic::Diagnostic;
use crate::core::permission_set::{Excess, excess};
use crate::core::role_definition::{Permission, Permissions};
use crate::core::scope::ArmScopeKind;
use crate::core::target::Surface;
use crate::manifest::check::run::{Entry, Run};
use crate::manifest::kind::Spec;
use crate::manifest::kind::role_definition::AzureRoleDefinition;

/// A role that allows nothing is of no use; whether the service takes it is unknown (arm.md A.4).
pub(super) fn empty(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for (entry, role) in &run.azure_roles {
        let is_empty = |list: &Option<Vec<String>>| list.as_ref().is_none_or(Vec::is_empty);
        let permissions = &role.permissions;
        if entry.is_whole() && is_empty(&permissions.actions) && is_empty(&permissions.data_actions) {
            let text = format!("`{}` has neither actions nor data actions", role.display_name);
            found.push(Diagnostic::warning("empty-role", entry.key("/permissions"), text));
        }
    }
}

/// Returns what a built-in role allows without condition, block by block: a custom role cannot carry a condition, so what a block
/// with one allows is never enough.
fn blocks(base: &azure_role::AzureRole) -> impl Iterator<Item = Permissions> + '_ {
    let set = |texts: &[String]| texts.iter().map(|text| Permission::new(text)).collect();
    base.blocks.iter().filter(|block| !block.is_conditional).map(move |block| Permissions {
        actions: set(&block.actions),
        not_actions: set(&block.not_actions),
        data_actions: set(&block.data_actions),
        not_data_actions: set(&block.not_data_actions),
    })
}

/// `basedOn` promises that the role allows nothing that the built-in role does not. What the built-in role excludes, the role
/// excludes too or does not reach.
pub(super) fn not_a_subset(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for (entry, role) in &run.azure_roles {
        let Some(base) = role.based_on.as_deref().and_then(azure_role::find) else { continue };
        let inner = permissions(role);
        // beyond every block is beyond the role
        let mut beyond: Option<Vec<Excess>> = None;
        for block in blocks(base) {
            let excess = excess(&inner, &block);
            let is_beyond = |one: &Excess| {
                excess.iter().any(|other| (other.is_data, &other.permission) == (one.is_data, &one.permission))
            };
            beyond = Some(match beyond {
                None => excess,
                Some(before) => before.into_iter().filter(is_beyond).collect(),
            });
        }
        for one in beyond.unwrap_or_else(|| excess(&inner, &Permissions::default())) {
            let (list, exclusions, texts) = match one.is_data {
                false => ("actions", "notActions", &role.permissions.actions),
                true => ("dataActions", "notDataActions", &role.permissions.data_actions),
            };
            let listed = texts.iter().flatten().position(|text| Permission::new(text) == one.permission);
            let at = entry.at(&format!("/permissions/{list}/{}", listed.unwrap_or_default()));
            let (text, help) = match &one.into {
                None => (
                    format!("`{}` does not allow `{}`", base.name, one.permission),
                    "remove the permission or `basedOn`".to_owned(),
                ),
                Some(exclusion) => (
                    format!("`{}` excludes `{exclusion}`, which `{}` may include", base.name, one.permission),
                    format!("add `{exclusion}` to `{exclusions}`, or name narrower permissions"),
                ),
            };
            let base = entry.document.at("/spec/basedOn");
            let diagnostic = Diagnostic::error("not-a-subset", at, text);
            found.push(diagnostic.label(base, "the role is based on this one").help(help));
        }
    }
}

fn permissions(role: &AzureRoleDefinition) -> Permissions {
    let set = |texts: &Option<Vec<String>>| texts.iter().flatten().map(|text| Permission::new(text)).collect();
    let listed = &role.permissions;
    Permissions {
        actions: set(&listed.actions),
        not_actions: set(&listed.not_actions),
        data_actions: set(&listed.data_actions),
        not_data_actions: set(&listed.not_data_actions),
    }
}

/// Limits.json `azure.customRole.name.maxLength`, in characters.
pub(super) fn name_too_long(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    let most = limit::number("azure.customRole.name.maxLength");
    for (entry, role) in &run.azure_roles {
        let length = role.display_name.chars().count();
        if length > most {
            let text = format!("a name of {length} characters; the service takes {most}");
            found.push(Diagnostic::error("role-name-too-long", entry.key("/displayName"), text));
        }
    }
}

/// Limits.json `azure.customRole.description.maxLength`: 2 KB (arm.md A.4), and a letter may have several bytes.
pub(super) fn description_too_long(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    let most = limit::number("azure.customRole.description.maxLength");
    for (entry, role) in &run.azure_roles {
        let length = role.description.as_deref().unwrap_or_default().len();
        if length > most {
            let text = format!("a description of {length} bytes; the service takes {most}");
            found.push(Diagnostic::error("description-too-long", entry.key("/description"), text));
        }
    }
}

/// `/` is for built-in roles only (limits.json `azure.customRole.assignableScopes.root`).
pub(super) fn root_scope(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for (entry, role) in &run.azure_roles {
        let is_root = |name: &String| run.scope(name).arm_kind() == Some(ArmScopeKind::Root);
        for (index, _) in role.assignable_scopes.iter().enumerate().filter(|(_, name)| is_root(name)) {
            let at = entry.at(&format!("/assignableScopes/{index}"));
            let diagnostic =
                Diagnostic::error("root-assignable-scope", at, "a custom Azure role cannot be assignable at `/`");
            found.push(diagnostic.help("name a management group, or the subscriptions"));
        }
    }
}

/// Returns the assignable scopes that are management groups, by index.
fn management_groups(run: &Run<'_>, role: &AzureRoleDefinition) -> Vec<usize> {
    let scopes = role.assignable_scopes.iter().enumerate();
    scopes.filter(|(_, name)| run.scope(name).is_management_group()).map(|(index, _)| index).collect()
}

/// At most one management group (limits.json `azure.customRole.assignableScopes.maxManagementGroups`).
pub(super) fn several_management_groups(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for (entry, role) in &run.azure_roles {
        if let [first, others @ ..] = management_groups(run, role).as_slice() {
            for other in others {
                let text = "a second management group; a custom role is assignable at one";
                let diagnostic = Diagnostic::error(
                    "several-management-groups",
                    entry.at(&format!("/assignableScopes/{other}")),
                    text,
                );
                let first = entry.document.at(&format!("/spec/assignableScopes/{first}"));
                found.push(
                    diagnostic
                        .label(first, "the first one is here")
                        .help("use a management group above both, or subscriptions"),
                );
            }
        }
    }
}

/// Limits.json `azure.customRole.assignableScopes.max`.
pub(super) fn too_many_scopes(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    let most = limit::number("azure.customRole.assignableScopes.max");
    for (entry, role) in &run.azure_roles {
        let count = role.assignable_scopes.len();
        if count > most {
            let text = format!("{count} assignable scopes; the service takes {most}");
            let diagnostic = Diagnostic::error("too-many-assignable-scopes", entry.key("/assignableScopes"), text);
            found.push(diagnostic.help("name a management group above them"));
        }
    }
}

fn has_data_actions(role: &AzureRoleDefinition) -> bool {
    role.permissions.data_actions.as_ref().is_some_and(|list| !list.is_empty())
}

/// A custom role with data actions cannot be assigned at a management group (limits.json
/// `azure.customRole.dataActions.managementGroupAssignment`; demoray/azure-pim-cli#97).
pub(super) fn data_actions_assigned(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for assigned in run.assignments.iter().filter(|one| one.view.role.surface() == Surface::Azure) {
        let name = assigned.view.role.name();
        let Some(Entry { spec: Some(Spec::AzureRoleDefinition(role)), .. }) = run.declared(Surface::Azure, name) else {
            continue;
        };
        if !has_data_actions(role) {
            continue;
        }
        for (index, scope) in assigned.view.scopes.unwrap_or_default().iter().enumerate() {
            if run.scope(scope).is_management_group() {
                let text = format!("`{name}` has data actions and cannot be assigned at a management group");
                let at = assigned.entry.at(&format!("/scopes/{index}"));
                found.push(
                    Diagnostic::error("data-actions-at-management-group", at, text)
                        .help("assign it at the subscriptions"),
                );
            }
        }
    }
}

/// Documents disagree whether a role with data actions may list a management group (arm.md A.4), so it is a warning.
pub(super) fn data_actions_listed(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for (entry, role) in run.azure_roles.iter().filter(|(_, role)| has_data_actions(role)) {
        for index in management_groups(run, role) {
            let at = entry.at(&format!("/assignableScopes/{index}"));
            let text = format!("`{}` has data actions and lists a management group", role.display_name);
            let diagnostic = Diagnostic::warning("data-actions-with-management-group", at, text);
            found.push(
                diagnostic
                    .help("it cannot be assigned there, and older documentation says that the service refuses it"),
            );
        }
    }
}
