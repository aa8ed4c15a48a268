//! Checks: names of roles.

use crate::catalog::directory_role::{self, DirectoryRole, RoleKind};
use crate::catalog::similar::did_you_mean;
use crate::core::diagnostic::Diagnostic;
use crate::core::id::is_guid;
use crate::core::target::Surface;
use crate::manifest::check::bound::Advice;
use crate::manifest::check::run::{Entry, Run, Settled};
use crate::manifest::kind::role::RoleWords;
use crate::manifest::kind::tenant::OwnershipEntry;

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
    let mut uses = Vec::new();
    for assigned in &run.assignments {
        let role = assigned.view.role;
        let route = format!("/role/{}", role.key());
        let (surface, name) = (role.surface(), role.name());
        uses.push(RoleUse { entry: assigned.entry, route, surface, name, by: By::Assignment });
    }
    for Settled { entry, document: settings, .. } in &run.settings {
        for (index, applies) in settings.applies_to.iter().enumerate() {
            let (surface, name) = (applies.surface(), applies.name());
            let route = format!("/appliesTo/{index}/{}", RoleWords::of(surface).key);
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
            let (surface, name) = (ignored.surface(), ignored.name());
            let route = format!("/ignore/roles/{index}/{}", RoleWords::of(surface).key);
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
    // what is given by nature has the name of a group, which only the tenant knows
    uses.retain(|used| used.surface.capability().role_kind.is_some());
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
    let ours = Surface::ALL.map(|surface| (surface, run.declared_names(surface)));
    for used in uses(run) {
        let name = used.name;
        let known = &used.surface.capability().vocabulary;
        // an id that is not built-in may be that of any custom role
        if (known.role)(name).is_some() || run.declared(used.surface, name).is_some() || is_guid(name) {
            continue;
        }
        let others = Surface::ALL.into_iter().filter(|surface| *surface != used.surface);
        let other = others.filter_map(|surface| Some((surface, (surface.capability().vocabulary.role)(name)?))).next();
        let what = RoleWords::of(used.surface).one;
        let text = format!("no built-in {what} and no role in these manifests is called `{name}`");
        let diagnostic = Diagnostic::warning("unknown-role", used.entry.at(&used.route), text);
        let declared = ours.iter().find(|(surface, _)| *surface == used.surface);
        let suggestion = declared
            .and_then(|(_, names)| advice.closest(name, names))
            .or_else(|| advice.take((known.count_roles)()).then(|| (known.suggest_role)(name)).flatten());
        found.push(match (other, suggestion) {
            (Some((surface, role)), _) => {
                let (words, name) = (RoleWords::of(surface), role.name);
                diagnostic.help(format!("`{name}` is {}: write `{}: {name}`", words.a_one, words.key))
            }
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
