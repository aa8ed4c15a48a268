//! The groups that PIM manages (graph.md 4.1): ids only. Documented for beta in 2025-11, in the v1.0 SDK of 2026-10, absent from the
//! v1.0 metadata of 2026-08; a switch says where it is.

use std::sync::Arc;

use serde_json::json;

use super::super::answer::{Answer, Problem};
use super::super::odata::{Allowed, Options, Rows};
use super::super::options::GroupResources;
use super::super::permission;
use super::super::place::Surface;
use super::super::route::Call;
use super::super::world::World;
use super::{authority, licensed, not_emulated};

const LIST: Allowed =
    Allowed { filter: &[("id", "eq in")], ..Allowed::new("identityGovernance/privilegedAccess/group/resources") };

/// Answers `/resources[/{id}]`.
pub(super) fn answer(world: &Arc<World>, call: &Call, rest: &[&str]) -> Answer {
    let is_there = match world.options.switches.group_resources {
        GroupResources::Everywhere => true,
        GroupResources::BetaOnly => call.is_beta,
        GroupResources::Nowhere => false,
    };
    if !is_there {
        return Err(Problem::new(404, "BadRequest", "Resource not found for the segment 'resources'."));
    }
    if call.method != "GET" {
        return Err(not_emulated(call));
    }
    licensed(world)?;
    permission::pim(&call.caller, permission::READ_ONBOARDED)?;
    let tenant = world.store.read(call.view);
    authority::read(&tenant, call, Surface::Group, None)?;
    match rest {
        [] => {
            let options = Options::collection(call, &LIST)?;
            let rows = Rows::each(tenant.onboarded.iter(), |id| json!({"id": id}));
            options.answer(call, &LIST, rows, |_, _| {})
        }
        [id] => {
            let options = Options::entity(call, &LIST)?;
            let id = tenant.onboarded.get(&id.to_ascii_lowercase());
            let id = id.ok_or_else(|| Problem::new(404, "ResourceNotFound", "The resource is not found."))?;
            options.one(call, LIST.context, 200, json!({"id": id}), |_, _| {})
        }
        _ => Err(not_emulated(call)),
    }
}
