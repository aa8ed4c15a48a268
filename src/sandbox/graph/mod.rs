//! Microsoft Graph: which room answers which path. Directory roles and groups share the rooms of PIM: `schedule`, `request`,
//! `approval`, `policy`; what they call a thing differently stands in `schedule::collection` and in `place`.

mod approval;
mod authority;
mod check;
mod group_resource;
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
use super::place::Surface;
use super::route::Call;
use super::tenant::Kind;
use super::world::World;

pub(crate) use self::principal::holds;
use self::schedule::collection::{Collection, Layer};

/// Answers a call below `/v1.0` or `/beta`.
pub(crate) fn answer(world: &Arc<World>, call: &Call) -> Answer {
    let parts: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["roleManagement", "directory", rest @ ..] => directory(world, call, rest),
        ["identityGovernance", "privilegedAccess", "group", rest @ ..] => group(world, call, rest),
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
        ["roleAssignmentApprovals", rest @ ..] if call.is_beta => {
            approval::answer(world, call, Surface::Directory, rest)
        }
        [collection, rest @ ..] => pim(world, call, Surface::Directory, collection, rest),
        [] => Err(not_emulated(call)),
    }
}

fn group(world: &Arc<World>, call: &Call, parts: &[&str]) -> Answer {
    match parts {
        ["resources", rest @ ..] => group_resource::answer(world, call, rest),
        ["assignmentApprovals", rest @ ..] => approval::answer(world, call, Surface::Group, rest),
        [collection, rest @ ..] => pim(world, call, Surface::Group, collection, rest),
        [] => Err(not_emulated(call)),
    }
}

/// Answers the collections of schedules, instances and requests.
fn pim(world: &Arc<World>, call: &Call, surface: Surface, collection: &str, rest: &[&str]) -> Answer {
    let collection = Collection::named(surface, collection).ok_or_else(|| not_emulated(call))?;
    licensed(world)?;
    match (call.method.as_str(), collection.layer) {
        ("GET", _) => schedule::answer(world, call, collection, rest),
        ("POST", Layer::Request) => request::answer(world, call, collection, rest),
        _ => Err(not_emulated(call)),
    }
}

/// Refuses PIM in a tenant without the licence for it (graph.md 9).
fn licensed(world: &World) -> Result<(), Problem> {
    if world.options.switches.is_licensed {
        return Ok(());
    }
    let text = "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.";
    Err(Problem::new(400, "AadPremiumLicenseRequired", text))
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
