//! Schedule requests at ARM scopes (arm.md B.2 to B.4).

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::answer::Answer;
use super::super::tenant::Side;
use super::super::world::World;
use super::ask::Ask;
use super::schedule::Schedule;

/// A schedule request: a command with its outcome, filed in `Azure::requests` by the key of its scope and its name.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Request {
    /// Eligible or active.
    pub(crate) side: Side,
    /// The scope as it was spelled.
    pub(crate) scope: String,
    pub(crate) created: Timestamp,
    /// `properties` as the PUT answered them; `status` is the one of that moment.
    pub(crate) document: Map<String, Value>,
    /// For a request that waits for approval: what to grant once approved.
    #[serde(default)]
    pub(crate) pending: Option<Box<Schedule>>,
}

/// Answers the calls of the request collections.
pub(super) fn answer(_world: &Arc<World>, ask: &Ask<'_>, _side: Side) -> Answer {
    Err(ask.not_emulated())
}
