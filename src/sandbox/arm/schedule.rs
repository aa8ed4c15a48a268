//! Schedules of eligible and active assignments at ARM scopes (arm.md B.5).

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::answer::Answer;
use super::super::tenant::Side;
use super::super::world::World;
use super::ask::Ask;

/// A stored intent with its time window. It is filed in `Azure::schedules` by the key of its scope and its name, which is the GUID
/// of the request that last changed it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Schedule {
    /// Eligible or active.
    pub(crate) side: Side,
    /// The scope as it was spelled.
    pub(crate) scope: String,
    /// The GUID of the role definition, lower case.
    pub(crate) role: String,
    /// Object id, lower case.
    pub(crate) principal: String,
    pub(crate) start: Timestamp,
    /// `None` is permanent.
    #[serde(default)]
    pub(crate) end: Option<Timestamp>,
    pub(crate) created: Timestamp,
    #[serde(default)]
    pub(crate) updated: Option<Timestamp>,
    /// The GUID of the instance, and for an active assignment of the row in `roleAssignments`.
    pub(crate) instance: String,
    /// The name of the eligibility schedule behind an activation.
    #[serde(default)]
    pub(crate) linked: Option<String>,
    #[serde(default)]
    pub(crate) condition: Option<String>,
    #[serde(default)]
    pub(crate) condition_version: Option<String>,
    /// Not shown and not in force before this instant (a request that is still provisioning).
    #[serde(default)]
    pub(crate) visible_from: Option<Timestamp>,
}

impl Schedule {
    /// Tells whether it is neither ended nor still provisioning.
    pub(crate) fn is_listed(&self, now: Timestamp) -> bool {
        self.end.is_none_or(|end| end > now) && self.visible_from.is_none_or(|from| from <= now)
    }

    /// Tells whether it holds at `now`.
    pub(crate) fn is_in_force(&self, now: Timestamp) -> bool {
        self.is_listed(now) && self.start <= now
    }
}

/// Answers the calls of the schedule collections.
pub(super) fn answer(_world: &Arc<World>, ask: &Ask<'_>, _side: Side) -> Answer {
    Err(ask.not_emulated())
}
