//! Approvals of activations (beta): enough to approve or deny one.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::answer::{Answer, Problem, Reply};
use super::super::instant::plus;
use super::super::odata::{Allowed, Options};
use super::super::permission;
use super::super::route::Call;
use super::super::tenant::{Request, Tenant};
use super::super::world::World;
use super::{check, not_emulated, principal};

const CONTEXT: &str = "roleManagement/directory/roleAssignmentApprovals";

/// Tells whether the caller may decide on activations of `role`: a listed approver or, where none is listed, somebody who is
/// Privileged Role Administrator or Global Administrator (graph.md 3.4). Nobody decides on a request of their own.
pub(super) fn may_decide(tenant: &Tenant, call: &Call, role: &str, requestor: Option<&str>) -> bool {
    let me = call.caller.oid.as_str();
    if requestor == Some(me) || call.caller.user.is_none() {
        return false;
    }
    let Some(role) = tenant.role(role) else { return false };
    let stages =
        &check::rule(tenant.rules(role.template()), "Approval_EndUser_Assignment")["setting"]["approvalStages"];
    let approvers = stages[0]["primaryApprovers"].as_array().map(Vec::as_slice).unwrap_or_default();
    if approvers.is_empty() {
        return super::holds(tenant, me, &permission::PIM_READERS[..2], call.now);
    }
    approvers.iter().any(|approver| {
        let id = ["userId", "groupId", "id"].iter().find_map(|name| approver[*name].as_str());
        id.is_some_and(|id| principal::includes(tenant, id, me))
    })
}

fn open<'a>(tenant: &'a Tenant, id: &str) -> Result<&'a Request, Problem> {
    let found = tenant.requests.get(id).filter(|request| request.document.get("approvalId") == Some(&json!(id)));
    found.map(|request| &**request).ok_or_else(|| Problem::new(404, "ResourceNotFound", "The approval is not found."))
}

fn step(id: &str, request: &Request, is_mine: bool) -> Value {
    let status = request.document.get("status").and_then(Value::as_str).unwrap_or_default();
    let result = match status {
        "PendingApproval" => "NotReviewed",
        "Denied" => "Deny",
        _ => "Approve",
    };
    let stage = if result == "NotReviewed" { "InProgress" } else { "Completed" };
    json!({"id": id, "assignedToMe": is_mine, "displayName": null, "justification": null, "reviewResult": result,
        "reviewedBy": null, "reviewedDateTime": null, "status": stage})
}

/// Answers `/roleAssignmentApprovals/{id}[/steps[/{id}]]`.
pub(super) fn answer(world: &Arc<World>, call: &Call, rest: &[&str]) -> Answer {
    permission::pim(&call.caller, &["RoleAssignmentSchedule.ReadWrite.Directory"])?;
    let text = |request: &Request, name: &str| {
        request.document.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    match (call.method.as_str(), rest) {
        ("GET", [id, tail @ ..]) => {
            let tenant = world.store.read(call.view);
            let request = open(&tenant, id)?;
            let is_mine =
                may_decide(&tenant, call, &text(request, "roleDefinitionId"), Some(&text(request, "principalId")));
            let step = step(id, request, is_mine);
            match tail {
                [] => Options::entity(call, &Allowed::new(CONTEXT))?.one(
                    call,
                    CONTEXT,
                    200,
                    json!({"id": id, "steps": [step]}),
                    |_, _| {},
                ),
                ["steps"] => {
                    let allowed = Allowed::new("roleManagement/directory/roleAssignmentApprovals/steps");
                    Options::collection(call, &allowed)?.answer(call, &allowed, vec![step], |_, _| {})
                }
                ["steps", one] if one == id => Ok(Reply::json(200, step)),
                _ => Err(not_emulated(call)),
            }
        }
        ("PATCH", [id, "steps", one]) if id == one => {
            let body = call.object()?.clone();
            let verdict = match body.get("reviewResult").and_then(Value::as_str) {
                Some(result) if result.eq_ignore_ascii_case("approve") => true,
                Some(result) if result.eq_ignore_ascii_case("deny") => false,
                _ => return Err(Problem::bad("reviewResult must be Approve or Deny.")),
            };
            world.store.write(|tenant, now| {
                let request = open(tenant, id)?;
                if request.status(now) != "PendingApproval" {
                    return Err(Problem::new(400, "InvalidRoleAssignmentRequest", "The request was already decided."));
                }
                if !may_decide(tenant, call, &text(request, "roleDefinitionId"), Some(&text(request, "principalId"))) {
                    return Err(permission::unauthorized());
                }
                let Some(request) = tenant.requests.get_mut(*id) else { return Ok(()) };
                let pending = request.pending.take();
                request.document.insert("status".to_owned(), json!(if verdict { "Provisioned" } else { "Denied" }));
                if let (true, Some(mut schedule)) = (verdict, pending) {
                    // The activation runs from the approval on, for as long as it was asked.
                    if schedule.start < now {
                        let length = schedule.end.map(|end| end.duration_since(schedule.start));
                        schedule.start = now;
                        schedule.end = length.map(|length| plus(now, length));
                    }
                    schedule.created = now;
                    tenant.schedules.insert((*id).to_owned(), (*schedule).into());
                }
                Ok(())
            })?;
            Ok(Reply::empty())
        }
        _ => Err(not_emulated(call)),
    }
}
