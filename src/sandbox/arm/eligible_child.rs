//! Children that the caller is eligible on (arm.md B.6).

use std::sync::Arc;

use super::super::answer::Answer;
use super::super::world::World;
use super::ask::Ask;

/// Answers the calls of this room.
pub(super) fn answer(_world: &Arc<World>, ask: &Ask<'_>) -> Answer {
    Err(ask.not_emulated())
}
