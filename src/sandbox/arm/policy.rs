//! Role management policies at ARM scopes (arm.md C).

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::answer::Answer;
use super::super::world::World;
use super::ask::Ask;

/// A policy that somebody wrote to, filed in `Azure::policies` by the key of its scope and the GUID of its role.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Policy {
    /// Its name, a GUID.
    pub(crate) name: String,
    /// All rules as ARM prints them.
    pub(crate) rules: Vec<Value>,
    pub(crate) modified: Option<Timestamp>,
    /// The display name of who wrote it.
    pub(crate) modified_by: Option<String>,
}

/// Answers the calls of `roleManagementPolicies`.
pub(super) fn answer(_world: &Arc<World>, ask: &Ask<'_>) -> Answer {
    Err(ask.not_emulated())
}
