//! Approvals of activations (arm.md B.8): one stage, decided by a listed approver.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Problem, Reply};
use super::super::instant::{plus, precise, truncate};
use super::super::tenant::Tenant;
use super::super::world::World;
use super::access::{Standing, denied};
use super::ask::Ask;
use super::request::Request;
use super::schedule::absent;
use super::scope::Scope;
use super::window::malformed;
use super::{policy, policy_rule, row};

/// Who decided on an activation, and how.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Decision {
    pub(crate) is_approved: bool,
    /// The object id of the approver.
    pub(crate) by: String,
    pub(crate) at: Timestamp,
    pub(crate) justification: String,
}

/// Tells whether the caller may decide on the request: a listed approver or, where none is listed, who may write role assignments
/// there (assumed). Nobody decides on a request of their own, and no application decides (arm.md B.7, B.8).
pub(super) fn may_decide(tenant: &Tenant, ask: &Ask<'_>, request: &Request) -> bool {
    let caller = &ask.caller;
    let is_open = request.status(ask.now()) == "PendingApproval";
    if !is_open || caller.user.is_none() || request.principal.eq_ignore_ascii_case(&caller.oid) {
        return false;
    }
    let standing = Standing::of(tenant, caller, ask.now());
    let scope = Scope::new(request.linked.as_ref().map_or(&request.scope, |(scope, _)| scope));
    let rules = policy::rules(tenant, scope.key(), &request.role);
    let stage = &policy_rule::find(rules, policy_rule::APPROVAL)["setting"]["approvalStages"][0];
    match stage["primaryApprovers"].as_array() {
        Some(list) => list.iter().filter_map(|one| one["id"].as_str()).any(|id| standing.includes(id)),
        None => standing.may(&scope, "Microsoft.Authorization/roleAssignments/write"),
    }
}

/// Refuses who has nothing to do with the approval and may not read at its scope.
fn may_see(tenant: &Tenant, ask: &Ask<'_>, name: &str, request: &Request) -> Result<(), Problem> {
    let me = ask.caller.oid.as_str();
    let decider = request.decision.as_ref().map(|decision| decision.by.as_str());
    let is_party = [Some(request.principal.as_str()), Some(request.requestor.as_str()), decider].contains(&Some(me));
    let action = "Microsoft.Authorization/roleAssignmentApprovals/read";
    let may_read = || Standing::of(tenant, &ask.caller, ask.now()).may(&Scope::new(&request.scope), action);
    if is_party || may_decide(tenant, ask, request) || may_read() {
        return Ok(());
    }
    Err(denied(&ask.caller, action, &approval_id(name, request)))
}

/// Returns the approval as it is printed, with its id.
fn stage(tenant: &Tenant, ask: &Ask<'_>, name: &str, request: &Request) -> Value {
    let id = format!("{}/stages/{name}", approval_id(name, request));
    let mut p = Map::new();
    let mut put = |name: &str, value: Value| p.insert(name.to_owned(), value);
    let (status, result) = match (&request.decision, request.status(ask.now())) {
        (Some(decision), _) => ("Completed", if decision.is_approved { "Approve" } else { "Deny" }),
        (None, "PendingApproval") => ("InProgress", "NotReviewed"),
        (None, _) => ("Expired", "NotReviewed"),
    };
    put("status", json!(status));
    put("assignedToMe", json!(may_decide(tenant, ask, request)));
    put("reviewResult", json!(result));
    if let Some(decision) = &request.decision {
        let by = row::expanded(tenant, &Scope::new(&request.scope), &request.role, &decision.by)["principal"].clone();
        put("reviewedDateTime", json!(precise(decision.at)));
        put("justification", json!(decision.justification));
        put(
            "reviewedBy",
            json!({"principalId": decision.by, "principalType": by["type"],
            "principalName": by["displayName"], "userPrincipalName": by["email"]}),
        );
    }
    json!({"id": id, "name": name, "type": "Microsoft.Authorization/roleAssignmentApprovals/stages", "properties": p})
}

fn approval_id(name: &str, request: &Request) -> String {
    Scope::new(&request.scope).authorization("roleAssignmentApprovals", name)
}

/// Answers `roleAssignmentApprovals/{id}[/stages[/{id}]]`.
pub(super) fn answer(world: &Arc<World>, ask: &Ask<'_>) -> Answer {
    row::licensed(world)?;
    let find = |tenant: &Tenant, name: &str| {
        let found = tenant.azure.requests.named(name).filter(|(_, _, request)| request.due.is_some());
        found.map(|(_, _, request)| request.clone()).ok_or_else(|| absent(name))
    };
    match (ask.method.as_str(), ask.rest.as_slice()) {
        ("GET", [name, tail @ ..]) => {
            let (tenant, name) = (world.store.read(ask.view), name.to_ascii_lowercase());
            let request = find(&tenant, &name)?;
            may_see(&tenant, ask, &name, &request)?;
            let stage = stage(&tenant, ask, &name, &request);
            match tail {
                [] => Ok(Reply::json(
                    200,
                    json!({"id": approval_id(&name, &request), "name": name,
                    "type": "Microsoft.Authorization/roleAssignmentApprovals", "properties": {"stages": [stage]}}),
                )),
                ["stages"] => Ok(Reply::json(200, json!({"value": [stage]}))),
                ["stages", one] if one.eq_ignore_ascii_case(&name) => Ok(Reply::json(200, stage)),
                _ => Err(absent(&name)),
            }
        }
        ("PUT" | "PATCH", [name, "stages", one]) if one.eq_ignore_ascii_case(name) => {
            let name = name.to_ascii_lowercase();
            let row = world.store.write(|tenant, now| {
                let mut request = find(tenant, &name)?;
                if request.status(now) != "PendingApproval" {
                    return Err(malformed("The request was already decided."));
                }
                if !may_decide(tenant, ask, &request) {
                    let action = "Microsoft.Authorization/roleAssignmentApprovals/stages/write";
                    return Err(denied(&ask.caller, action, &approval_id(&name, &request)));
                }
                decide(tenant, ask, &name, &mut request, now)?;
                Ok(stage(tenant, ask, &name, &request))
            })?;
            Ok(Reply::json(200, row))
        }
        _ => Err(ask.not_emulated()),
    }
}

/// Grants or refuses; an activation runs from the approval on, for as long as it was asked.
fn decide(
    tenant: &mut Tenant,
    ask: &Ask<'_>,
    name: &str,
    request: &mut Request,
    now: Timestamp,
) -> Result<(), Problem> {
    // Community tools wrap the decision in `properties`, the specification does not (arm.md B.8).
    let sent = match ask.properties() {
        Ok(properties) => properties,
        Err(_) => ask.call.object()?,
    };
    let text = |name: &str| sent.get(name).and_then(Value::as_str).unwrap_or_default();
    let is_approved = match text("reviewResult").to_ascii_lowercase().as_str() {
        "approve" => true,
        "deny" => false,
        _ => return Err(malformed("reviewResult must be Approve or Deny.")),
    };
    let now = truncate(now, 100);
    let key = Scope::new(&request.scope).key().to_owned();
    request.status = if is_approved { "Provisioned" } else { "Denied" }.to_owned();
    request.decision = Some(Decision {
        is_approved,
        by: ask.caller.oid.clone(),
        at: now,
        justification: text("justification").to_owned(),
    });
    if let (true, Some(mut schedule)) = (is_approved, request.pending.take()) {
        if schedule.start < now {
            let length = schedule.end.map(|end| end.duration_since(schedule.start));
            schedule.start = now;
            schedule.end = length.map(|length| plus(now, length));
        }
        schedule.created = now;
        tenant.azure.schedules.insert(&key, name, *schedule);
    }
    request.pending = None;
    tenant.azure.requests.insert(&key, name, request.clone());
    Ok(())
}
