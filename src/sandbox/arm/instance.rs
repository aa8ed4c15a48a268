//! Instances, what is in force now (arm.md B.5).

use std::sync::Arc;

use super::super::answer::Answer;
use super::super::tenant::Side;
use super::super::world::World;
use super::ask::Ask;

/// Answers the calls of this room.
pub(super) fn answer(_world: &Arc<World>, ask: &Ask<'_>, _side: Side) -> Answer {
    Err(ask.not_emulated())
}
