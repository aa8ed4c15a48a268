//! What is read: bulk lists, never one request per declared object, and never a request log (reading those demands write
//! permission and they are purged, graph.md 2.9 and 8).

use crate::core::assignment::{AssignmentKey, Mode};
use crate::core::id::RoleId;
use crate::core::observed::Part;
use crate::core::role_definition::RoleDefinition;
use crate::surface::Read;
use crate::wire::{Api, Query};

/// The lists. Plain assignments come first (rank 0): a row that PIM makes between the two reads is then explained by the
/// schedules, instead of looking like access that PIM does not know (design.md 3).
pub(super) fn reads() -> Vec<(u8, Read)> {
    vec![
        (
            0,
            Read::new(
                Part::PlainAssignments,
                list("roleAssignments")
                    .option("$select", "id,principalId,roleDefinitionId,directoryScopeId,appScopeId"),
            ),
        ),
        (
            0,
            Read::new(
                Part::Roles,
                list("roleDefinitions")
                    .option("$select", "id,templateId,displayName,description,isBuiltIn,isEnabled,rolePermissions"),
            ),
        ),
        (
            0,
            // documented for the public cloud only (graph.md 2.1)
            Read { is_optional: true, ..Read::new(Part::DeletedRoles, list("deletedItems/roleDefinitions")) },
        ),
        (0, Read::new(Part::Settings, policies("scopeId eq '/' and scopeType eq 'DirectoryRole'".to_owned()))),
        (1, Read::new(Part::ActiveSchedules, list("roleAssignmentSchedules").option("$expand", "principal"))),
        (1, Read::new(Part::ActiveInstances, list("roleAssignmentScheduleInstances"))),
        (1, Read::new(Part::EligibleSchedules, list("roleEligibilitySchedules").option("$expand", "principal"))),
    ]
}

/// What shows one assignment: its schedules, and for active ones everything else that could explain them.
pub(super) fn assignment(key: &AssignmentKey) -> Vec<Read> {
    let role = key.target.role().map_or("", RoleId::as_str).replace('\'', "''");
    let principal = key.principal.as_str().replace('\'', "''");
    let filter = format!("principalId eq '{principal}' and roleDefinitionId eq '{role}'");
    let read = |part, collection: &str| Read::new(part, list(collection).option("$filter", filter.clone()));
    match key.mode {
        Mode::Eligible => vec![read(Part::EligibleSchedules, "roleEligibilitySchedules")],
        Mode::Active => vec![
            read(Part::PlainAssignments, "roleAssignments"),
            read(Part::ActiveSchedules, "roleAssignmentSchedules"),
            read(Part::ActiveInstances, "roleAssignmentScheduleInstances"),
        ],
    }
}

/// What shows one role. The filter on names is case-sensitive (graph.md 2.2), which is right here: it is our own spelling.
pub(super) fn role(role: &RoleDefinition) -> Vec<Read> {
    let name = role.display_name.replace('\'', "''");
    let read = |filter: String| Read::new(Part::Roles, list("roleDefinitions").option("$filter", filter));
    vec![read(format!("id eq '{}'", role.id)), read(format!("displayName eq '{name}'"))]
}

/// The settings of one role. `scopeType` is always `DirectoryRole`: with `Directory` the ids would differ (graph.md 3.2).
pub(super) fn policy(role: Option<&RoleId>) -> Query {
    let role = role.map_or("", RoleId::as_str).replace('\'', "''");
    policies(format!("scopeId eq '/' and scopeType eq 'DirectoryRole' and roleDefinitionId eq '{role}'"))
}

fn policies(filter: String) -> Query {
    Query::new(Api::Graph, "/policies/roleManagementPolicyAssignments")
        .option("$filter", filter)
        .option("$expand", "policy($expand=rules)")
}

fn list(collection: &str) -> Query {
    Query::new(Api::Graph, format!("/roleManagement/directory/{collection}"))
}
