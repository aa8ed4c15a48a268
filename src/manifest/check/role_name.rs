//! Checks: names of roles.

use crate::catalog::azure_role;
use crate::catalog::directory_role::{self, DirectoryRole, RoleKind};
use crate::catalog::similar::did_you_mean;
use crate::core::diagnostic::Diagnostic;
use crate::core::id::is_guid;
use crate::core::target::Surface;
use crate::manifest::check::bound::Advice;
use crate::manifest::check::run::{Entry, Run, Settled};
use crate::manifest::kind::tenant::{IgnoredRole, OwnershipEntry};

/// A reference to a role by name.
pub(super) struct RoleUse<'a> {
    entry: &'a Entry<'a>,
    route: String,
    surface: Surface,
    name: &'a str,
    /// What happens to the role.
    by: By,
}

/// What happens to a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// It is assigned.
    Assignment,
    /// Its settings are declared, or another role is based on it.
    Declaration,
    /// It is owned or ignored.
    Tenant,
}

fn uses<'r, 'a>(run: &'r Run<'a>) -> &'r [RoleUse<'a>] {
    run.role_uses.get_or_init(|| collect(run))
}

fn collect<'a>(run: &Run<'a>) -> Vec<RoleUse<'a>> {
    use crate::manifest::kind::role::{GovernedRole, RoleReference};
    let mut uses = Vec::new();
    for assigned in &run.assignments {
        let (surface, name) = match assigned.view.role {
            RoleReference::Directory { directory_role } => (Surface::Directory, directory_role),
            RoleReference::Azure { azure_role } => (Surface::Azure, azure_role),
            RoleReference::Group { .. } => continue,
        };
        let route = format!("/role/{}", assigned.view.role.key());
        uses.push(RoleUse { entry: assigned.entry, route, surface, name, by: By::Assignment });
    }
    for Settled { entry, document: settings, .. } in &run.settings {
        for (index, applies) in settings.applies_to.iter().enumerate() {
            let (surface, key, name) = match applies {
                GovernedRole::Directory { directory_role } => (Surface::Directory, "directoryRole", directory_role),
                GovernedRole::Azure { azure_role, .. } => (Surface::Azure, "azureRole", azure_role),
                GovernedRole::Group { .. } => continue,
            };
            let route = format!("/appliesTo/{index}/{key}");
            uses.push(RoleUse { entry, route, surface, name, by: By::Declaration });
        }
    }
    for (entry, role) in &run.azure_roles {
        if let Some(name) = &role.based_on {
            let route = "/basedOn".to_owned();
            uses.push(RoleUse { entry, route, surface: Surface::Azure, name, by: By::Declaration });
        }
    }
    for (entry, tenant) in &run.tenants {
        for (index, ignored) in tenant.ignore.iter().flat_map(|ignore| ignore.roles.iter().flatten()).enumerate() {
            let (surface, key, name) = match ignored {
                IgnoredRole::Directory { directory_role } => (Surface::Directory, "directoryRole", directory_role),
                IgnoredRole::Azure { azure_role } => (Surface::Azure, "azureRole", azure_role),
            };
            let route = format!("/ignore/roles/{index}/{key}");
            uses.push(RoleUse { entry, route, surface, name, by: By::Tenant });
        }
        for (index, owned) in tenant.ownership.iter().flatten().enumerate() {
            let OwnershipEntry::DirectoryRoles { directory_roles, .. } = owned else { continue };
            for (at, name) in directory_roles.iter().enumerate().filter(|(_, name)| !name.contains(['*', '?'])) {
                let route = format!("/ownership/{index}/directoryRoles/{at}");
                uses.push(RoleUse { entry, route, surface: Surface::Directory, name, by: By::Tenant });
            }
        }
    }
    uses
}

/// Returns the built-in directory role that is meant; none where a custom role of this run has the name.
fn built_in(run: &Run<'_>, used: &RoleUse<'_>) -> Option<&'static DirectoryRole> {
    let is_ours = used.surface == Surface::Directory && run.declared(used.surface, used.name).is_none();
    directory_role::find(used.name).filter(|_| is_ours)
}

/// A role is built-in or declared in the run. Only a warning: a live custom role is legal, and the catalog ages.
pub(super) fn unknown_role(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    let mut advice = Advice::new();
    let ours = [run.declared_names(Surface::Directory), run.declared_names(Surface::Azure)];
    for used in uses(run) {
        let name = used.name;
        let is_known = match used.surface {
            Surface::Directory => directory_role::find(name).is_some(),
            _ => azure_role::find(name).is_some(),
        };
        // an id that is not built-in may be that of any custom role
        if is_known || run.declared(used.surface, name).is_some() || is_guid(name) {
            continue;
        }
        let (what, other) = match used.surface {
            Surface::Directory => {
                ("directory role", azure_role::find(name).map(|role| ("azureRole", "an Azure role", role.name)))
            }
            _ => {
                ("Azure role", directory_role::find(name).map(|role| ("directoryRole", "a directory role", role.name)))
            }
        };
        let text = format!("no built-in {what} and no role in these manifests is called `{name}`");
        let diagnostic = Diagnostic::warning("unknown-role", used.entry.at(&used.route), text);
        let is_azure = used.surface == Surface::Azure;
        let suggestion = advice.closest(name, &ours[usize::from(is_azure)]).or_else(|| match is_azure {
            false if advice.take(directory_role::all().len()) => directory_role::suggest(name),
            true if advice.take(azure_role::all().len()) => azure_role::suggest(name),
            _ => None,
        });
        found.push(match (other, suggestion) {
            (Some((key, kind, name)), _) => diagnostic.help(format!("`{name}` is {kind}: write `{key}: {name}`")),
            (None, Some(known)) => diagnostic.help(did_you_mean(known)),
            // a role that is owned or ignored without being declared is a live custom role more often than not
            (None, None) if used.by == By::Tenant => continue,
            (None, None) => diagnostic.help("a custom role that exists in the tenant is fine; `plan` will look it up"),
        });
    }
}

/// Names are resolved exactly, and a renamed role has only its new name in the tenant.
pub(super) fn former_role_name(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for used in uses(run) {
        let Some(role) = built_in(run, used) else { continue };
        if !role.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(used.name)) {
            continue;
        }
        let text = format!("`{}` is a former name of `{}`", used.name, role.name);
        found.push(
            Diagnostic::warning("former-role-name", used.entry.at(&used.route), text).help(did_you_mean(role.name)),
        );
    }
}

/// User, Guest User and Restricted Guest User are held implicitly and cannot be assigned (graph.md 2.2).
pub(super) fn unassignable_role(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for used in uses(run).iter().filter(|used| used.by == By::Assignment) {
        if built_in(run, used).is_some_and(|role| role.kind == RoleKind::SystemAssigned) {
            let text = format!("`{}` is held implicitly and cannot be assigned", used.name);
            found.push(Diagnostic::error("unassignable-role", used.entry.at(&used.route), text));
        }
    }
}

/// Deprecated and hidden roles should not be given to anybody, nor the one of the directory-synchronisation tools.
pub(super) fn deprecated_role(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for used in uses(run).iter().filter(|used| used.by == By::Assignment) {
        let Some(role) = built_in(run, used) else { continue };
        let why = match role.kind {
            RoleKind::Deprecated => "is deprecated",
            RoleKind::Hidden => "is reserved for Microsoft's own services",
            RoleKind::Assignable if role.id == directory_role::DIRECTORY_SYNCHRONIZATION => {
                "is reserved for the accounts of directory synchronisation"
            }
            RoleKind::Assignable | RoleKind::SystemAssigned => continue,
        };
        let text = format!("`{}` {why}", role.name);
        found
            .push(Diagnostic::warning("deprecated-role", used.entry.at(&used.route), text).help("assign another role"));
    }
}
