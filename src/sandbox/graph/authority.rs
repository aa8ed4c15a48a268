//! Which people may read and change PIM besides holding the scope: their directory roles, and owning a group (graph.md 8.3, 4.4).
//! Applications are judged by their permissions alone.

use super::super::answer::Problem;
use super::super::permission;
use super::super::place::{Access, Surface};
use super::super::route::Call;
use super::super::tenant::{Kind, Tenant};
use super::principal;

/// Who may read PIM of directory roles; writing needs the first or the second.
const OF_ROLES: &[&str] = &[
    "Privileged Role Administrator",
    "Global Administrator",
    "Global Reader",
    "Security Reader",
    "Security Operator",
    "Security Administrator",
];
/// Who administers role-assignable groups in PIM besides their owners.
const OF_ASSIGNABLE_GROUPS: &[&str] = &["Privileged Role Administrator", "Global Administrator"];
/// Who administers other groups in PIM besides their owners.
const OF_GROUPS: &[&str] = &[
    "Directory Writers",
    "Groups Administrator",
    "Identity Governance Administrator",
    "User Administrator",
    "Global Administrator",
];
/// Who may read PIM of every group.
const READ_ALL_GROUPS: &[&str] = &["Global Reader", "Privileged Role Administrator", "Global Administrator"];

/// Tells whether the person administers the directory's roles: may assign them, set their policies, and decide where no approver
/// is listed.
pub(super) fn is_role_administrator(tenant: &Tenant, call: &Call) -> bool {
    principal::holds(tenant, &call.caller.oid, &OF_ROLES[..2], call.now)
}

/// Refuses a person who may not read PIM of directory roles, or of this group, or of all groups.
pub(super) fn read(tenant: &Tenant, call: &Call, surface: Surface, group: Option<&str>) -> Result<(), Problem> {
    let me = call.caller.oid.as_str();
    let may = match (surface, group) {
        (Surface::Directory, _) => principal::holds(tenant, me, OF_ROLES, call.now),
        (Surface::Group, None) => principal::holds(tenant, me, READ_ALL_GROUPS, call.now),
        (Surface::Group, Some(group)) => {
            principal::holds(tenant, me, READ_ALL_GROUPS, call.now) || administers(tenant, call, group)
        }
    };
    allow(call, may)
}

/// Refuses a person who may not change PIM of directory roles, or of this group.
pub(super) fn write(tenant: &Tenant, call: &Call, group: Option<&str>) -> Result<(), Problem> {
    allow(call, group.map_or_else(|| is_role_administrator(tenant, call), |group| administers(tenant, call, group)))
}

fn allow(call: &Call, may: bool) -> Result<(), Problem> {
    if call.caller.user.is_none() || may { Ok(()) } else { Err(permission::unauthorized()) }
}

fn administers(tenant: &Tenant, call: &Call, group: &str) -> bool {
    let Some((id, object)) = tenant.object_of(Kind::Group, group) else { return false };
    let roles = if object.is_role_assignable() { OF_ASSIGNABLE_GROUPS } else { OF_GROUPS };
    let me = call.caller.oid.as_str();
    tenant.linked(id, Access::Owner, call.now).any(|owner| owner == me) || principal::holds(tenant, me, roles, call.now)
}
