//! What is read: lists per scope, never one request per declared object, and never a request log (they are purged after 30 to
//! 45 days, arm.md B.3).

use std::collections::BTreeSet;

use crate::core::assignment::{AssignmentKey, Mode};
use crate::core::id::RoleId;
use crate::core::observed::Part;
use crate::core::reach::Reach;
use crate::core::role_definition::RoleDefinition;
use crate::core::scope::{ArmScope, ArmScopeKind};
use crate::core::target::Target;
use crate::surface::Read;
use crate::surface::resource::path::{self, PIM, RBAC};
use crate::wire::Query;

/// The lists: four per scope at most, and one of role definitions per top of the hierarchy. Plain assignments come first: a row
/// that PIM makes between the two reads is then explained by the schedules (design.md 3).
pub(super) fn reads(reach: &Reach) -> Vec<(u8, Read)> {
    let mut reads = Vec::new();
    for (top, below) in &reach.roles {
        // who may not read the roles of a management group may read those of what lies below
        let instead = below.iter().filter(|scope| *scope != top).map(roles).collect();
        reads.push((0, Read { instead, ..roles(top) }));
    }
    for scope in reach.settings.keys() {
        // one list holds every role's rules; its members are keyed by role and scope (arm.md C.2)
        reads.push((0, read(Part::Settings, scope, path::list(scope, "roleManagementPolicyAssignments", PIM))));
    }
    for scope in reach.assignments.keys() {
        reads.push((0, plain(scope)));
        reads.push((1, active(scope)));
        reads.push((1, read(Part::EligibleSchedules, scope, path::list(scope, "roleEligibilitySchedules", PIM))));
    }
    reads
}

/// The lists that must not explain a suspect either. Instances are read here only: on Azure the schedules show every active
/// assignment, classic ones included (arm.md B.0).
pub(super) fn second_reads(reach: &Reach, suspects: &BTreeSet<AssignmentKey>) -> Vec<(u8, Read)> {
    let is_suspect = |scope: &&ArmScope| {
        let lies_there = |key: &AssignmentKey| match &key.target {
            Target::Azure { scope: at, .. } => scope.contains_path(at),
            Target::Directory { .. } | Target::Group { .. } => false,
        };
        suspects.iter().any(lies_there)
    };
    let mut reads = Vec::new();
    for scope in reach.assignments.keys().filter(is_suspect) {
        reads.push((0, plain(scope)));
        reads.push((1, active(scope)));
        reads.push((1, instances(scope)));
    }
    reads
}

/// Custom roles that can be assigned further down only are listed by this filter alone (arm.md A.2).
fn roles(scope: &ArmScope) -> Read {
    let query = path::list(scope, "roleDefinitions", RBAC).option("$filter", "atScopeAndBelow()");
    read(Part::Roles, scope, query)
}

fn plain(scope: &ArmScope) -> Read {
    read(Part::PlainAssignments, scope, path::list(scope, "roleAssignments", RBAC))
}

fn active(scope: &ArmScope) -> Read {
    read(Part::ActiveSchedules, scope, path::list(scope, "roleAssignmentSchedules", PIM))
}

fn instances(scope: &ArmScope) -> Read {
    read(Part::ActiveInstances, scope, path::list(scope, "roleAssignmentScheduleInstances", PIM))
}

fn read(part: Part, scope: &ArmScope, query: Query) -> Read {
    Read { scope: Some(scope.clone()), ..Read::new(part, query) }
}

/// What shows one assignment: every row of its principal at, above and below the scope (arm.md B.6), of which the right one is
/// picked by scope, role and principal.
pub(super) fn assignment(key: &AssignmentKey) -> Vec<Read> {
    let Target::Azure { scope, .. } = &key.target else { return Vec::new() };
    let filter = format!("principalId eq '{}'", key.principal.as_str().replace('\'', "''"));
    let filtered = |read: Read| Read { query: read.query.option("$filter", filter.clone()), ..read };
    match key.mode {
        Mode::Eligible => {
            let query = path::list(scope, "roleEligibilitySchedules", PIM);
            vec![filtered(read(Part::EligibleSchedules, scope, query))]
        }
        Mode::Active => vec![filtered(plain(scope)), filtered(active(scope)), filtered(instances(scope))],
    }
}

/// What shows one custom role: those that can be assigned at its first scope.
pub(super) fn role(role: &RoleDefinition) -> Vec<Read> {
    let Some(scope) = home(role) else { return Vec::new() };
    let query = path::list(scope, "roleDefinitions", RBAC).option("$filter", "type eq 'CustomRole'");
    vec![read(Part::Roles, scope, query)]
}

/// Returns the scope at which a role is written: its broadest assignable one, at which it stays visible when others go.
pub(super) fn home(role: &RoleDefinition) -> Option<&ArmScope> {
    role.assignable_scopes.iter().min_by_key(|scope| (scope.kind(), *scope))
}

/// The settings of one role at one scope.
pub(super) fn policy(target: &Target, role: Option<&RoleId>) -> Query {
    let Target::Azure { role: own, scope } = target else { panic!("an Azure policy of another surface") };
    let id = path::role(scope, role.unwrap_or(own));
    path::list(scope, "roleManagementPolicyAssignments", PIM).option("$filter", format!("roleDefinitionId eq '{id}'"))
}

/// Tells whether a row that a list shows is about the list's scope or something below it. Lists show rows of the scopes above
/// too, and at the root and at management groups it is not certain that they show all of what lies below (arm.md B.5 and H):
/// there only the scope's own rows count.
pub(super) fn is_asked_for(list: &ArmScope, row: &ArmScope) -> bool {
    match list.kind() {
        ArmScopeKind::Root | ArmScopeKind::ManagementGroup => list == row,
        ArmScopeKind::Subscription | ArmScopeKind::ResourceGroup | ArmScopeKind::Resource => list.contains_path(row),
    }
}

/// Tells whether the rows of a list that are not asked for are about scopes above it. Below a subscription the path tells; whether
/// a row at another management group is above or below, a list at one does not say.
pub(super) fn shows_what_is_above(list: &ArmScope) -> bool {
    !matches!(list.kind(), ArmScopeKind::Root | ArmScopeKind::ManagementGroup)
}
