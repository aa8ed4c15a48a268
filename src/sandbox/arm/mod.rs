//! Azure Resource Manager: which room answers which path. Written from the reference for ARM (arm.md) alone.
//!
//! A path is a scope, then `/providers/Microsoft.Authorization/`, then a type; what has no such part is the hierarchy itself.
//! Everything is compared without case and doubled slashes do not count (arm.md 0.1).

pub(crate) mod access;
mod action;
mod approval;
mod ask;
pub(crate) mod azure;
pub(crate) mod built_in;
mod check;
mod command;
mod discovery;
mod eligible_child;
mod entity;
mod filter;
pub(crate) mod header;
mod instance;
mod kql;
mod kql_run;
mod management_group;
pub(crate) mod order;
mod page;
mod pim_filter;
pub(crate) mod policy;
mod policy_assignment;
pub(crate) mod policy_rule;
mod provider;
pub(crate) mod quota;
mod refusal;
pub(crate) mod request;
mod resource;
mod resource_graph;
mod resource_group;
pub(crate) mod role_assignment;
mod role_assignment_write;
pub(crate) mod role_definition;
mod role_write;
mod row;
pub(crate) mod schedule;
pub(crate) mod scope;
pub(crate) mod scoped;
mod sight;
mod subscription;
mod version;
mod wildcard;
pub(crate) mod window;

use std::sync::Arc;

use serde_json::json;

use super::answer::{Answer, Problem, Reply};
use super::route::Call;
use super::tenant::Side;
use super::world::World;

pub(crate) use self::request::forget;

use self::ask::Ask;
use self::scope::Scope;

/// Tells whether a path is ARM's: its first segment is one that only ARM has.
pub(crate) fn is_arm(path: &str) -> bool {
    let first = path.split('/').find(|part| !part.is_empty()).unwrap_or_default();
    ["subscriptions", "providers", "tenants", "batch"].iter().any(|known| known.eq_ignore_ascii_case(first))
}

/// Returns the 401 of ARM for what is wrong with a token (arm.md E.1).
pub(crate) fn unauthenticated(origin: &str, cause: &Problem) -> Problem {
    let (code, text) = match cause.message.as_str() {
        text if text.contains("expired") => {
            ("ExpiredAuthenticationToken", "The access token expiry UTC time is in the past.")
        }
        text if text.contains("is empty") => {
            ("AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
        }
        _ => ("InvalidAuthenticationToken", "The access token is invalid."),
    };
    let mut problem = Problem::new(401, code, text);
    let challenge = format!(
        "Bearer authorization_uri=\"{origin}/{}\", error=\"invalid_token\", error_description=\"{text}\"",
        super::id::TENANT
    );
    problem.headers.push(("www-authenticate", challenge));
    problem
}

/// Returns 400 for a body that is not JSON.
pub(crate) fn unreadable() -> Problem {
    refusal::bad_content("The body is not valid JSON")
}

/// Answers a call to ARM; `call.segments` are those of the whole path, without empty ones.
pub(crate) fn answer(world: &Arc<World>, call: &Call) -> Answer {
    let mut parts: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    if let [first, namespace, second, ..] = parts.as_slice()
        && first.eq_ignore_ascii_case("providers")
        && namespace.eq_ignore_ascii_case("Microsoft.Subscription")
        && second.eq_ignore_ascii_case("subscriptions")
    {
        parts.drain(..2);
    }
    let version = call.options.iter().find(|(name, _)| name.eq_ignore_ascii_case("api-version"));
    let Some(version) = version.map(|(_, value)| value.to_ascii_lowercase()).filter(|text| !text.is_empty()) else {
        let text = "The api-version query parameter (?api-version=) is required for all requests.";
        return Err(Problem::new(400, "MissingApiVersionParameter", text));
    };
    let split = (0..parts.len().saturating_sub(2)).rev().find(|at| {
        parts[*at].eq_ignore_ascii_case("providers")
            && parts[at + 1].eq_ignore_ascii_case("Microsoft.Authorization")
            // The provider itself can be registered like any other.
            && !["register", "unregister"].iter().any(|verb| parts[at + 2].eq_ignore_ascii_case(verb))
    });
    let Some(at) = split else {
        version::check_form(&version)?;
        let ask = Ask { call, version, scope: Scope::root(), kind: "", rest: parts };
        return hierarchy(world, &ask);
    };
    let Some(kind) = version::spelled(parts[at + 2]) else {
        return Err(Problem::not_emulated(&format!("{} {}", call.method, call.path)));
    };
    version::check(kind, &version)?;
    let ask = Ask { call, version, scope: Scope::new(&parts[..at].join("/")), kind, rest: parts[at + 3..].to_vec() };
    authorization(world, &ask)
}

/// Answers what is not of `Microsoft.Authorization`: the hierarchy itself.
fn hierarchy(world: &Arc<World>, ask: &Ask<'_>) -> Answer {
    let lower: Vec<String> = ask.rest.iter().map(|part| part.to_ascii_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    let path = || Scope::new(&ask.rest.join("/"));
    match lower.as_slice() {
        ["tenants"] => subscription::tenants(world, ask),
        ["subscriptions"] => subscription::answer(world, ask, None),
        ["subscriptions", id] => subscription::answer(world, ask, Some(id)),
        ["subscriptions", id, "locations"] => subscription::locations(world, ask, id),
        ["subscriptions", id, "operationresults", _] => resource_group::operation(world, ask, id),
        ["subscriptions", id, "resourcegroups"] => resource_group::answer(world, ask, id, None),
        ["subscriptions", _, "resourcegroups", _] => resource_group::answer(world, ask, ask.rest[1], Some(ask.rest[3])),
        ["subscriptions", _, "resources"] => resource::list(world, ask, &Scope::of_subscription(ask.rest[1])),
        ["subscriptions", _, "resourcegroups", _, "resources"] => {
            resource::list(world, ask, &Scope::new(&ask.rest[..4].join("/")))
        }
        ["subscriptions", id, "providers"] => provider::list(world, ask, id),
        ["subscriptions", id, "providers", _] => provider::one(world, ask, id, ask.rest[3]),
        ["subscriptions", id, "providers", _, verb @ ("register" | "unregister")] => {
            provider::act(world, ask, id, ask.rest[3], verb)
        }
        ["subscriptions", id, "providers", "microsoft.subscription", verb] => subscription::act(world, ask, id, verb),
        ["providers", "microsoft.management", "managementgroups", ..] => {
            management_group::answer(world, ask, &ask.rest[3..])
        }
        ["providers", "microsoft.management", "getentities"] => entity::answer(world, ask),
        ["providers", "microsoft.resourcegraph", "resources"] => resource_graph::answer(world, ask),
        ["providers", "microsoft.subscription", "aliases", _] => subscription::alias(world, ask, ask.rest[3]),
        ["subscriptions", _, "providers", _, _, _, ..]
        | ["subscriptions", _, "resourcegroups", _, "providers", _, _, _, ..] => resource::answer(world, ask, &path()),
        _ => Err(ask.not_emulated()),
    }
}

fn authorization(world: &Arc<World>, ask: &Ask<'_>) -> Answer {
    if let Some(odd) = odd(ask) {
        return Ok(odd);
    }
    // ARM looks for the scope before it hands a call to PIM. Alerts are not emulated at all.
    if version::is_pim(ask.kind) && !ask.kind.contains("Alert") {
        world.store.read(ask.view).azure.exists(&ask.scope)?;
    }
    match ask.kind {
        "roleDefinitions" => identified(ask, role_definition::answer(world, ask)?),
        "roleAssignments" => identified(ask, role_assignment::answer(world, ask)?),
        "roleEligibilitySchedules" => schedule::answer(world, ask, Side::Eligible),
        "roleAssignmentSchedules" => schedule::answer(world, ask, Side::Active),
        "roleEligibilityScheduleInstances" => instance::answer(world, ask, Side::Eligible),
        "roleAssignmentScheduleInstances" => instance::answer(world, ask, Side::Active),
        "roleEligibilityScheduleRequests" => request::answer(world, ask, Side::Eligible),
        "roleAssignmentScheduleRequests" => request::answer(world, ask, Side::Active),
        "roleManagementPolicies" => policy::answer(world, ask),
        "roleManagementPolicyAssignments" => policy_assignment::answer(world, ask),
        "roleAssignmentApprovals" => approval::answer(world, ask),
        "eligibleChildResources" => eligible_child::answer(world, ask),
        "permissions" => discovery::permissions(world, ask),
        "providerOperations" => discovery::operations(ask),
        "denyAssignments" => discovery::denials(world, ask),
        "classicAdministrators" => discovery::empty(world, ask),
        "elevateAccess" => discovery::elevate(world, ask),
        _ => Err(ask.not_emulated()),
    }
}

/// Adds the header by which reads of roles and assignments say who read (recorded in 2026).
fn identified(ask: &Ask<'_>, mut reply: Reply) -> Answer {
    if ask.method == "GET" {
        let (tenant, caller, operation) = (super::id::TENANT, &ask.caller.oid, uuid::Uuid::new_v4());
        let text = format!("tenantId={tenant},objectId={caller}/sandbox/{operation}");
        reply.headers.push(("x-ms-operation-identifier", text));
    }
    Ok(reply)
}

/// Returns the answers that are no ARM errors (arm.md 0.4): 405 with a bare `message`, 400 with a bare JSON string.
fn odd(ask: &Ask<'_>) -> Option<Reply> {
    let is_policy = matches!(ask.kind, "roleManagementPolicies" | "roleManagementPolicyAssignments");
    match (is_policy, ask.method.as_str(), ask.rest.as_slice()) {
        (true, "PUT", [_]) => Some(Reply::json(400, json!("Not implemented exception"))),
        (true, "DELETE", [_]) => {
            let text = "The requested resource does not support http method 'DELETE'.";
            let mut reply = Reply::json(405, json!({"message": text}));
            reply.headers.push(("allow", "GET, PUT, POST".to_owned()));
            Some(reply)
        }
        _ => None,
    }
}
