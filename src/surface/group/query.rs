//! What is read of groups: two lists and both policies of each, never a request log (reading those demands write permission and
//! they are purged, graph.md 4.3 and 8).

use crate::core::assignment::{AssignmentKey, Mode};
use crate::core::id::GroupId;
use crate::core::observed::Part;
use crate::core::target::Target;
use crate::surface::Read;
use crate::wire::{Api, Query};

/// Everything about one group. Lists without a filter by group or principal are refused (graph.md 4.1).
pub(super) fn of_group(group: &GroupId) -> Vec<Read> {
    let filter = format!("groupId eq '{}'", quoted(group.as_str()));
    let schedules = |part, collection: &str| {
        let query = list(collection).option("$filter", filter.clone()).option("$expand", "principal");
        read(part, query, group)
    };
    vec![
        schedules(Part::ActiveSchedules, "assignmentSchedules"),
        schedules(Part::EligibleSchedules, "eligibilitySchedules"),
        read(Part::Settings, policies(group, None), group),
    ]
}

/// What shows one assignment.
pub(super) fn assignment(key: &AssignmentKey) -> Option<Read> {
    let Target::Group { group, .. } = &key.target else { return None };
    let principal = quoted(key.principal.as_str());
    let filter = format!("groupId eq '{}' and principalId eq '{principal}'", quoted(group.as_str()));
    let (part, collection) = match key.mode {
        Mode::Eligible => (Part::EligibleSchedules, "eligibilitySchedules"),
        Mode::Active => (Part::ActiveSchedules, "assignmentSchedules"),
    };
    Some(read(part, list(collection).option("$filter", filter), group))
}

/// The settings of members or of owners: each has a policy of its own, whose id changes when the group is onboarded and whenever
/// the policy is written, so it is looked up right before each write (graph.md 3.6 #2).
pub(super) fn policy(target: &Target) -> Query {
    match target {
        Target::Group { group, access } => policies(group, Some(access.as_str())),
        Target::Directory { .. } | Target::Azure { .. } => policies(&GroupId::new(""), None),
    }
}

/// The groups that are onboarded to PIM, where to ask first and where then: documented for beta, generated into the SDK of v1.0
/// (graph.md 4.1).
pub fn onboarded() -> [Query; 2] {
    [Api::Graph, Api::GraphBeta]
        .map(|api| Query::new(api, "/identityGovernance/privilegedAccess/group/resources").option("$select", "id"))
}

fn policies(group: &GroupId, access: Option<&str>) -> Query {
    let mut filter = format!("scopeId eq '{}' and scopeType eq 'Group'", quoted(group.as_str()));
    if let Some(access) = access {
        filter.push_str(&format!(" and roleDefinitionId eq '{access}'"));
    }
    Query::new(Api::Graph, "/policies/roleManagementPolicyAssignments")
        .option("$filter", filter)
        .option("$expand", "policy($expand=rules)")
}

fn list(collection: &str) -> Query {
    Query::new(Api::Graph, format!("/identityGovernance/privilegedAccess/group/{collection}"))
}

fn read(part: Part, query: Query, group: &GroupId) -> Read {
    Read { group: Some(group.clone()), ..Read::new(part, query) }
}

fn quoted(text: &str) -> String {
    text.replace('\'', "''")
}
