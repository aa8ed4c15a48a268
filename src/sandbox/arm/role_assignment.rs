//! Role assignments as the plain interface has them (arm.md B.1, E.3).

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::answer::Answer;
use super::super::world::World;
use super::ask::Ask;
use super::schedule::Schedule;

/// A role assignment made outside PIM, filed in `Azure::assignments` by scope and GUID.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RoleAssignment {
    /// The scope as it was spelled.
    pub(crate) scope: String,
    /// The GUID of the role definition, lower case.
    pub(crate) role: String,
    /// Object id, lower case.
    pub(crate) principal: String,
    /// `User`, `Group`, `ServicePrincipal` …; `None` when the directory is to say.
    #[serde(default)]
    pub(crate) principal_type: Option<String>,
    #[serde(default)]
    pub(crate) condition: Option<String>,
    #[serde(default)]
    pub(crate) condition_version: Option<String>,
    #[serde(default)]
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) delegated_managed_identity: Option<String>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    #[serde(default)]
    pub(crate) created_by: Option<String>,
    #[serde(default)]
    pub(crate) updated_by: Option<String>,
}

impl RoleAssignment {
    /// Returns the row behind an active schedule (arm.md B.0).
    pub(crate) fn of_schedule(schedule: &Schedule) -> Self {
        Self {
            scope: schedule.scope.clone(),
            role: schedule.role.clone(),
            principal: schedule.principal.clone(),
            principal_type: None,
            condition: schedule.condition.clone(),
            condition_version: schedule.condition_version.clone(),
            description: None,
            delegated_managed_identity: None,
            created: schedule.start,
            updated: schedule.start,
            created_by: None,
            updated_by: None,
        }
    }
}

/// Answers the calls of `roleAssignments`.
pub(super) fn answer(_world: &Arc<World>, ask: &Ask<'_>) -> Answer {
    Err(ask.not_emulated())
}
