//! Role definitions: the built-in ones and custom ones (arm.md A).

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::answer::Answer;
use super::super::world::World;
use super::ask::Ask;
use super::built_in::Permission;

/// A custom role definition, filed in `Azure::roles` by its GUID.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RoleDefinition {
    pub(crate) role_name: String,
    #[serde(default)]
    pub(crate) description: String,
    /// As they were spelled.
    pub(crate) assignable_scopes: Vec<String>,
    pub(crate) permissions: Vec<Permission>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    #[serde(default)]
    pub(crate) created_by: Option<String>,
    #[serde(default)]
    pub(crate) updated_by: Option<String>,
    /// What it was before the last write, for reads that alternate (arm.md G.7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) previous: Option<Box<RoleDefinition>>,
}

/// Answers the calls of `roleDefinitions`.
pub(super) fn answer(_world: &Arc<World>, ask: &Ask<'_>) -> Answer {
    Err(ask.not_emulated())
}
