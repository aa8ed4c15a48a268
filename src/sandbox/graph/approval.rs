//! Approvals of activations: enough to approve or deny one. Those of directory roles are beta and have steps; those of groups have
//! stages (graph.md 2.1, 4.1).

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::answer::{Answer, Problem, Reply};
use super::super::id;
use super::super::instant::{plus, precise, truncate};
use super::super::odata::{Allowed, Expand, Options};
use super::super::permission;
use super::super::place::{Place, Surface};
use super::super::route::Call;
use super::super::tenant::{Request, Schedule, Tenant};
use super::super::world::World;
use super::{authority, check, not_emulated, principal, request};

/// How approvals are spelled on one of the surfaces.
#[derive(Debug)]
struct Spelling {
    approvals: Allowed,
    stages: Allowed,
    /// The segment, which is also the navigation property.
    list: &'static str,
    permission: &'static str,
    /// What an unreviewed stage has as its justification.
    nothing: Value,
}

const OF_ROLES: Spelling = Spelling {
    approvals: Allowed::new("roleManagement/directory/roleAssignmentApprovals"),
    stages: Allowed::new("roleManagement/directory/roleAssignmentApprovals/steps"),
    list: "steps",
    permission: "RoleAssignmentSchedule.ReadWrite.Directory",
    nothing: Value::Null,
};
const OF_GROUPS: Spelling = Spelling {
    approvals: Allowed {
        expand: &["stages"],
        ..Allowed::new("identityGovernance/privilegedAccess/group/assignmentApprovals")
    },
    stages: Allowed::new("identityGovernance/privilegedAccess/group/assignmentApprovals/stages"),
    list: "stages",
    permission: "PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup",
    nothing: Value::String(String::new()),
};

/// Tells whether the caller may decide on activations of `role`: a listed approver or, where none is listed, somebody who is
/// Privileged Role Administrator or Global Administrator (graph.md 3.4); groups have no such fallback. Nobody decides on a request of
/// their own.
pub(super) fn may_decide(tenant: &Tenant, call: &Call, place: &Place, requestor: Option<&str>) -> bool {
    let me = call.caller.oid.as_str();
    if requestor == Some(me) || call.caller.user.is_none() {
        return false;
    }
    let Some(subject) = tenant.subject(place) else { return false };
    let stages = &check::rule(tenant.rules(subject), "Approval_EndUser_Assignment")["setting"]["approvalStages"];
    let approvers = stages[0]["primaryApprovers"].as_array().map(Vec::as_slice).unwrap_or_default();
    if approvers.is_empty() {
        return place.surface() == Surface::Directory && authority::is_role_administrator(tenant, call);
    }
    approvers.iter().any(|approver| {
        let id = ["userId", "groupId", "id"].iter().find_map(|name| approver[*name].as_str());
        id.is_some_and(|id| principal::includes(tenant, id, me, call.now))
    })
}

/// Returns the request behind an approval with what it is about.
fn open<'a>(tenant: &'a Tenant, id: &str, surface: Surface) -> Result<(&'a Request, Place), Problem> {
    let found = tenant.requests.get(id).filter(|request| request.document.get("approvalId") == Some(&json!(id)));
    let found = found.and_then(|request| Some((&**request, Place::of(&request.document)?)));
    found
        .filter(|(_, place)| place.surface() == surface)
        .ok_or_else(|| Problem::new(404, "ResourceNotFound", "The approval is not found."))
}

/// Returns the id of the one stage: the approval's own for directory roles.
fn stage_id(approval: &str, surface: Surface) -> String {
    match surface {
        Surface::Directory => approval.to_owned(),
        Surface::Group => id::minted("stage", approval),
    }
}

fn stage(id: &str, request: &Request, is_mine: bool, nothing: &Value, now: Timestamp) -> Value {
    let (result, stage) = match request.status(now) {
        "PendingApproval" => ("NotReviewed", "InProgress"),
        // nobody decided, and nobody may any more
        "Canceled" => ("NotReviewed", "Expired"),
        _ if request.is_overdue(now) => ("NotReviewed", "Expired"),
        "Denied" => ("Deny", "Completed"),
        _ => ("Approve", "Completed"),
    };
    json!({"id": id, "assignedToMe": is_mine, "displayName": null, "justification": nothing, "reviewResult": result,
        "reviewedBy": null, "reviewedDateTime": null, "status": stage})
}

/// Answers `/roleAssignmentApprovals/{id}[/steps[/{id}]]` and `/assignmentApprovals/{id}[/stages[/{id}]]`.
pub(super) fn answer(world: &Arc<World>, call: &Call, surface: Surface, rest: &[&str]) -> Answer {
    let spelling = match surface {
        Surface::Directory => OF_ROLES,
        Surface::Group => OF_GROUPS,
    };
    permission::pim(&call.caller, &[spelling.permission])?;
    match (call.method.as_str(), rest) {
        ("GET", [id, tail @ ..]) => {
            let tenant = world.store.read(call.view);
            let (request, place) = open(&tenant, id, surface)?;
            let is_mine = may_decide(&tenant, call, &place, principal_of(request));
            let own = stage_id(id, surface);
            let stage = stage(&own, request, is_mine, &spelling.nothing, call.now);
            match tail {
                [] => {
                    let row = match surface {
                        Surface::Directory => json!({"id": id, spelling.list: [stage]}),
                        Surface::Group => json!({"id": id}),
                    };
                    let options = Options::entity(call, &spelling.approvals)?;
                    let expand = |row: &mut Value, _: &Expand| row[spelling.list] = json!([stage]);
                    options.one(call, spelling.approvals.context, 200, row, expand)
                }
                [list] if *list == spelling.list => {
                    let options = Options::collection(call, &spelling.stages)?;
                    options.answer(call, &spelling.stages, vec![stage], |_, _| {})
                }
                [list, one] if *list == spelling.list && *one == own => Ok(Reply::json(200, stage)),
                _ => Err(not_emulated(call)),
            }
        }
        ("PATCH", [id, list, one]) if *list == spelling.list && *one == stage_id(id, surface) => {
            let body = call.object()?.clone();
            let verdict = match body.get("reviewResult").and_then(Value::as_str) {
                Some(result) if result.eq_ignore_ascii_case("approve") => true,
                Some(result) if result.eq_ignore_ascii_case("deny") => false,
                _ => return Err(Problem::bad("reviewResult must be Approve or Deny.")),
            };
            world.store.write(|tenant, now| decide(tenant, call, id, surface, verdict, now))?;
            Ok(Reply::empty())
        }
        _ => Err(not_emulated(call)),
    }
}

fn principal_of(request: &Request) -> Option<&str> {
    request.document.get("principalId").and_then(Value::as_str)
}

/// Decides on a waiting request.
fn decide(
    tenant: &mut Tenant,
    call: &Call,
    id: &str,
    surface: Surface,
    verdict: bool,
    now: Timestamp,
) -> Result<(), Problem> {
    let (request, place) = open(tenant, id, surface)?;
    if request.status(now) != "PendingApproval" {
        let text = "The request was already decided, or nobody decided in time.";
        return Err(Problem::new(400, "InvalidRoleAssignmentRequest", text));
    }
    if !may_decide(tenant, call, &place, principal_of(request)) {
        return Err(permission::unauthorized());
    }
    let now = truncate(now, 100);
    let granted = request.pending.as_deref().filter(|_| verdict).map(|asked| activation(tenant, asked, now));
    let Some(request) = tenant.requests.get_mut(id) else { return Ok(()) };
    (request.pending, request.due) = (None, None);
    let (status, completed) = match &granted {
        None => ("Denied", now),
        Some(None) => ("Failed", now),
        Some(Some(schedule)) if schedule.start > now => {
            request.settles = Some(schedule.start);
            ("Granted", schedule.start)
        }
        Some(Some(_)) => ("Provisioned", now),
    };
    request.document.insert("status".to_owned(), json!(status));
    request.document.insert("completedDateTime".to_owned(), json!(precise(completed)));
    if let Some(Some(schedule)) = granted {
        tenant.schedules.insert(schedule.key.place.schedule_id(id), schedule.into());
    }
    Ok(())
}

/// Returns what an approved activation becomes at `now`: it runs from the approval on, for as long as it was asked, and not beyond
/// the eligibility that it uses. Nothing, and the request fails, when there is no such eligibility any more or somebody gave the
/// principal the place meanwhile. What the service says then is unconfirmed; that it does not grant is certain.
fn activation(tenant: &Tenant, asked: &Schedule, now: Timestamp) -> Option<Schedule> {
    let (used, eligibility) = request::eligibility(tenant, &asked.key, now)?;
    if tenant.schedule(&asked.key, now).is_some() {
        return None;
    }
    let mut schedule = Schedule { created: now, activated_using: Some(used.clone()), ..asked.clone() };
    if schedule.start < now {
        let length = schedule.end.map(|end| end.duration_since(schedule.start));
        schedule.start = now;
        schedule.end = length.map(|length| plus(now, length));
    }
    if let Some(last) = eligibility.end.filter(|last| schedule.end.is_none_or(|end| end > *last)) {
        schedule.end = Some(last);
    }
    Some(schedule).filter(|schedule| schedule.end.is_none_or(|end| end > schedule.start))
}
