//! Who may do what at which scope: the union of the caller's role assignments there and above, those of its groups included
//! (arm.md A.4, E.6).

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::super::answer::Problem;
use super::super::place::Access;
use super::super::route::Call;
use super::super::tenant::{Kind, Side, Tenant};
use super::super::token::Caller;
use super::azure::Reach;
use super::built_in::Permission;
use super::scope::Scope;

/// The caller with its groups, to ask about many scopes.
#[derive(Debug)]
pub(crate) struct Standing<'a> {
    tenant: &'a Tenant,
    now: Timestamp,
    ids: BTreeSet<String>,
}

/// Returns the ids of the principal and of every group that it is in, directly or through another, all lower case.
pub(crate) fn memberships(tenant: &Tenant, principal: &str, now: Timestamp) -> BTreeSet<String> {
    let mut ids = BTreeSet::from([principal.to_ascii_lowercase()]);
    let groups: Vec<_> =
        tenant.objects.iter().filter(|(_, object)| object.kind == Kind::Group).map(|(id, _)| id).collect();
    loop {
        let more: Vec<String> = groups
            .iter()
            .filter(|id| {
                !ids.contains(**id) && tenant.linked(id, Access::Member, now).any(|member| ids.contains(member))
            })
            .map(|id| (*id).clone())
            .collect();
        if more.is_empty() {
            return ids;
        }
        ids.extend(more);
    }
}

impl<'a> Standing<'a> {
    /// Returns the standing of a caller.
    pub(crate) fn of(tenant: &'a Tenant, caller: &Caller, now: Timestamp) -> Self {
        Self { tenant, now, ids: memberships(tenant, &caller.oid, now) }
    }

    /// Returns the hour that it is about.
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// Tells whether the principal is the caller or one of its groups.
    pub(crate) fn includes(&self, principal: &str) -> bool {
        self.ids.contains(principal)
    }

    /// Returns the permissions that hold at the scope.
    pub(crate) fn permissions(&self, scope: &Scope) -> Vec<&'a Permission> {
        let azure = &self.tenant.azure;
        let classic = azure.rows(&azure.assignments, scope, Reach::AtOrAbove).into_iter();
        let classic = classic.filter(|(_, _, row)| self.includes(&row.principal)).map(|(_, _, row)| row.role.as_str());
        let active = azure.rows(&azure.schedules, scope, Reach::AtOrAbove).into_iter();
        let active = active
            .filter(|(_, _, row)| {
                row.side == Side::Active && self.includes(&row.principal) && row.is_in_force(self.now)
            })
            .map(|(_, _, row)| row.role.as_str());
        classic.chain(active).filter_map(|role| azure.role(role)).flat_map(|role| role.permissions()).collect()
    }

    /// Tells whether the caller may do the control-plane action at the scope.
    pub(crate) fn may(&self, scope: &Scope, action: &str) -> bool {
        self.permissions(scope).iter().any(|permission| permission.grants(action))
    }
}

/// Refuses the call unless its caller may do `action` at `scope`; `over` is the id that the refusal names.
///
/// # Errors
/// 403 `AuthorizationFailed` in the words of arm.md E.1, with the gateway's header.
pub(crate) fn require(tenant: &Tenant, call: &Call, scope: &Scope, action: &str, over: &str) -> Result<(), Problem> {
    if Standing::of(tenant, &call.caller, call.now).may(scope, action) {
        return Ok(());
    }
    Err(denied(&call.caller, action, over))
}

/// Returns the refusal of the ARM front end.
pub(crate) fn denied(caller: &Caller, action: &str, over: &str) -> Problem {
    let mut problem = Problem::new(
        403,
        "AuthorizationFailed",
        format!(
            "The client '{}' with object id '{}' does not have authorization to perform action '{action}' over scope \
             '{over}' or the scope is invalid. If access was recently granted, please refresh your credentials.",
            caller.label(),
            caller.oid
        ),
    );
    problem.headers.push(("x-ms-failure-cause", "gateway".to_owned()));
    problem
}
