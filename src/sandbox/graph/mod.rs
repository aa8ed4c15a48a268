//! Microsoft Graph: which room answers which path. PIM for Groups would be a sibling of `schedule` and `request`.

mod approval;
mod check;
mod member;
mod object;
mod policy;
mod principal;
mod request;
mod role_assignment;
mod role_definition;
mod schedule;
mod tenant_wide;

use std::sync::Arc;

use super::answer::{Answer, Problem};
use super::route::Call;
use super::tenant::{Kind, Side};
use super::world::World;

pub(crate) use self::principal::holds;

/// Answers a call below `/v1.0` or `/beta`.
pub(crate) fn answer(world: &Arc<World>, call: &Call) -> Answer {
    let parts: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["roleManagement", "directory", rest @ ..] => directory(world, call, rest),
        ["policies", rest @ ..] => policy::answer(world, call, rest),
        ["directory", rest @ ..] => directory_objects(world, call, rest),
        _ => directory_objects(world, call, &parts),
    }
}

/// Returns 501 for a path or method that the sandbox does not emulate.
pub(crate) fn not_emulated(call: &Call) -> Problem {
    Problem::not_emulated(&format!("{} {}", call.method, call.path))
}

fn directory(world: &Arc<World>, call: &Call, parts: &[&str]) -> Answer {
    match parts {
        ["roleDefinitions", ..] | ["deletedItems", "roleDefinitions", ..] | ["resourceNamespaces", ..] => {
            role_definition::answer(world, call, parts)
        }
        ["roleAssignments", rest @ ..] => role_assignment::answer(world, call, rest),
        ["roleAssignmentApprovals", rest @ ..] if call.is_beta => approval::answer(world, call, rest),
        [collection, rest @ ..] => {
            let (side, layer) = match *collection {
                "roleEligibilitySchedules" => (Side::Eligible, schedule::Layer::Schedule),
                "roleEligibilityScheduleInstances" => (Side::Eligible, schedule::Layer::Instance),
                "roleEligibilityScheduleRequests" => (Side::Eligible, schedule::Layer::Request),
                "roleAssignmentSchedules" => (Side::Active, schedule::Layer::Schedule),
                "roleAssignmentScheduleInstances" => (Side::Active, schedule::Layer::Instance),
                "roleAssignmentScheduleRequests" => (Side::Active, schedule::Layer::Request),
                _ => return Err(not_emulated(call)),
            };
            if !world.options.switches.is_licensed {
                return Err(Problem::new(
                    400,
                    "AadPremiumLicenseRequired",
                    "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.",
                ));
            }
            match (call.method.as_str(), layer) {
                ("GET", _) => schedule::answer(world, call, side, layer, rest),
                ("POST", schedule::Layer::Request) => request::answer(world, call, side, rest),
                _ => Err(not_emulated(call)),
            }
        }
        [] => Err(not_emulated(call)),
    }
}

fn directory_objects(world: &Arc<World>, call: &Call, parts: &[&str]) -> Answer {
    let Some((first, rest)) = parts.split_first() else { return Err(not_emulated(call)) };
    let name = first.split_once('(').map_or(*first, |(name, _)| name);
    let kind = match name {
        "users" => Kind::User,
        "groups" => Kind::Group,
        "applications" => Kind::Application,
        "servicePrincipals" => Kind::ServicePrincipal,
        "administrativeUnits" => Kind::AdministrativeUnit,
        _ => return tenant_wide::answer(world, call, parts),
    };
    // `/servicePrincipals(appId='…')` is one segment for collection and key.
    let key = first.split_once('(').map(|(_, key)| key.trim_end_matches(')'));
    match (key, rest) {
        (None, []) => object::collection(world, call, kind),
        (None, [id]) => object::one(world, call, kind, id),
        (None, [id, rest @ ..]) => member::answer(world, call, kind, id, rest),
        (Some(key), []) => object::one(world, call, kind, key),
        (Some(key), rest) => member::answer(world, call, kind, key, rest),
    }
}
