//! Who decides about an undeclared object: break-glass, ignore, the first matching ownership entry, or nobody.

use crate::catalog::directory_role::{self, RoleKind};
use crate::core::assignment::AssignmentKey;
use crate::core::declared::Declared;
use crate::core::hierarchy::Hierarchy;
use crate::core::observed::Observed;
use crate::core::ownership::{Authority, Extent, OwnershipEntry, Pattern};
use crate::core::role_definition::RoleDefinition;
use crate::core::scope::ArmScope;
use crate::core::state::{Desired, Tenant};
use crate::core::target::{RoleKey, Target};

/// What holds for an object, in the order of precedence of design.md 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing<'a> {
    /// It belongs to a break-glass principal: never touched.
    BreakGlass,
    /// `spec.ignore` names it: never drift, never touched.
    Ignored,
    /// An ownership entry claims it with authority: absence from Git means removal.
    Owned(&'a Declared<OwnershipEntry>),
    /// Nobody does: listed as unmanaged, untouched.
    Additive,
}

/// Returns what holds for an assignment. A role that the manifests rename is judged by its new name: by the old one, the plan
/// after this one would find another owner.
pub fn of_assignment<'a>(desired: &'a Desired, observed: &Observed, key: &AssignmentKey) -> Standing<'a> {
    let tenant = &desired.tenant;
    let principals = &tenant.ownership.ignore.principals;
    if tenant.break_glass.iter().any(|p| p.value == key.principal) {
        return Standing::BreakGlass;
    }
    if principals.iter().any(|p| p.value == key.principal)
        || key.target.role_key().is_some_and(|r| is_ignored(tenant, &r))
    {
        return Standing::Ignored;
    }
    let entry =
        tenant.ownership.entries.iter().find(|entry| matches(&entry.value.extent, desired, observed, &key.target));
    owned(entry, |entry| entry.assignments)
}

/// Returns what holds for a custom role definition.
///
/// An Azure role is owned where all the scopes at which it can be assigned are.
pub fn of_role<'a>(tenant: &'a Tenant, observed: &Observed, role: &RoleDefinition) -> Standing<'a> {
    if is_ignored(tenant, &role.key()) {
        return Standing::Ignored;
    }
    let mut of_surface = tenant.ownership.entries.iter().filter(|entry| entry.value.extent.surface() == role.surface);
    let entry = of_surface.find(|entry| match &entry.value.extent {
        Extent::DirectoryRoles(patterns) => any_matches(patterns, role, &role.display_name),
        Extent::AzureScopes { scopes, exact } => {
            let is_inside = |scope: &ArmScope| lies_in(scopes, *exact, &observed.hierarchy, scope);
            !role.assignable_scopes.is_empty() && role.assignable_scopes.iter().all(is_inside)
        }
        Extent::Groups(_) => false,
    });
    owned(entry, |entry| entry.role_definitions)
}

/// Tells whether `spec.ignore` names the role.
pub fn is_ignored(tenant: &Tenant, role: &RoleKey) -> bool {
    tenant.ownership.ignore.roles.iter().any(|r| r.value == *role)
}

fn owned<'a>(
    entry: Option<&'a Declared<OwnershipEntry>>,
    authority: impl Fn(&OwnershipEntry) -> Authority,
) -> Standing<'a> {
    match entry {
        Some(entry) if authority(&entry.value) == Authority::Authoritative => Standing::Owned(entry),
        _ => Standing::Additive,
    }
}

fn matches(extent: &Extent, desired: &Desired, observed: &Observed, target: &Target) -> bool {
    match (extent, target) {
        (Extent::DirectoryRoles(patterns), Target::Directory { role, .. }) => {
            let key = RoleKey::new(target.surface(), role);
            let name = desired.roles.get(&key).map(|declared| declared.value.display_name.as_str());
            observed.roles.get(&key).is_some_and(|role| any_matches(patterns, role, name.unwrap_or(&role.display_name)))
        }
        (Extent::AzureScopes { scopes, exact }, Target::Azure { scope, .. }) => {
            lies_in(scopes, *exact, &observed.hierarchy, scope)
        }
        // a group that only leads somewhere is not owned, whatever its name
        (Extent::Groups(patterns), Target::Group { group, .. }) if !observed.is_bystander(target) => {
            let id = crate::core::id::PrincipalId::new(group.as_str());
            let name = observed.principals.get(&id).and_then(|p| p.name.as_deref());
            let is_id = |p: &Pattern| p.is_exact() && p.as_str().eq_ignore_ascii_case(group.as_str());
            patterns.iter().any(|p| is_id(p) || name.is_some_and(|name| p.matches(name)))
        }
        _ => false,
    }
}

/// Tells whether a scope is one of an extent or, unless `exact`, is known to lie below one.
pub(crate) fn lies_in(scopes: &[ArmScope], exact: bool, hierarchy: &Hierarchy, scope: &ArmScope) -> bool {
    scopes.iter().any(|owned| owned == scope || !exact && hierarchy.contains(owned, scope))
}

fn any_matches(patterns: &[Pattern], role: &RoleDefinition, name: &str) -> bool {
    let named = |p: &Pattern| p.is_exact() && (p.matches(name) || p.as_str().eq_ignore_ascii_case(role.id.as_str()));
    patterns.iter().any(|p| named(p) || !p.is_exact() && !is_reserved(role) && p.matches(name))
}

/// The other role of directory synchronisation, which the catalog does not tell apart: removing its holders breaks the
/// tenant's synchronisation.
const ON_PREMISES_SYNCHRONIZATION: &str = "a92aed5d-d78a-4d16-b381-09adb37eb3b0";

/// Tells whether globs pass the role over: hidden, system-assigned, deprecated and synchronisation roles (design.md 2), and
/// built-in ones that are newer than the catalog, which may be any of these.
pub fn is_reserved(role: &RoleDefinition) -> bool {
    let id = role.id.as_str();
    let known = || directory_role::find(id).filter(|known| known.id == id);
    role.is_built_in
        && role.surface.capability().has_reserved_roles
        && ([directory_role::DIRECTORY_SYNCHRONIZATION, ON_PREMISES_SYNCHRONIZATION].contains(&id)
            || known().is_none_or(|known| known.kind != RoleKind::Assignable))
}

/// Returns the ownership entry that would claim the assignment with authority, were its built-in role not missing in the catalog.
pub fn unknown_to_globs<'a>(
    desired: &'a Desired,
    observed: &Observed,
    key: &AssignmentKey,
) -> Option<&'a Declared<OwnershipEntry>> {
    let role = observed.roles.get(&key.target.role_key()?)?;
    let is_unknown = role.is_built_in
        && role.surface.capability().has_reserved_roles
        && directory_role::find(role.id.as_str()).is_none_or(|known| known.id != role.id.as_str());
    let would_match = |entry: &&Declared<OwnershipEntry>| match &entry.value.extent {
        Extent::DirectoryRoles(patterns) => patterns.iter().any(|p| p.matches(&role.display_name)),
        Extent::AzureScopes { .. } | Extent::Groups(_) => false,
    };
    let entry = desired.tenant.ownership.entries.iter().find(would_match).filter(|_| is_unknown)?;
    (entry.value.assignments == Authority::Authoritative).then_some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::id::RoleId;
    use crate::core::role_definition::Permissions;
    use crate::core::target::Surface;

    fn built_in(id: &str, name: &str) -> RoleDefinition {
        RoleDefinition {
            surface: Surface::Directory,
            id: RoleId::new(id),
            template_id: RoleId::new(id),
            display_name: name.to_owned(),
            description: String::new(),
            is_enabled: true,
            is_built_in: true,
            permissions: Permissions::default(),
            assignable_scopes: Default::default(),
        }
    }

    #[test]
    fn globs_pass_over_what_is_newer_than_the_catalog() {
        let role = built_in("0f0e5a00-0000-4000-8000-00000000000a", "Quantum Administrator");
        let pattern = |text: &str| [Pattern::new(text).unwrap()];
        assert!(!any_matches(&pattern("*"), &role, &role.display_name));
        assert!(any_matches(&pattern("Quantum Administrator"), &role, &role.display_name));
        let custom = RoleDefinition { is_built_in: false, ..role };
        assert!(any_matches(&pattern("*"), &custom, &custom.display_name));
    }

    #[test]
    fn globs_pass_over_what_nobody_should_hold() {
        for known in directory_role::all() {
            let role = built_in(known.id, known.name);
            let pattern = |text: &str| [Pattern::new(text).unwrap()];
            let is_sync =
                known.id == directory_role::DIRECTORY_SYNCHRONIZATION || known.id == ON_PREMISES_SYNCHRONIZATION;
            assert_eq!(
                any_matches(&pattern("*"), &role, known.name),
                known.kind == RoleKind::Assignable && !is_sync,
                "{}",
                known.name
            );
            assert!(any_matches(&pattern(known.name), &role, known.name), "{} by its name", known.name);
        }
    }
}
