//! Schedules, instances and requests as they are read (graph.md 2.7, 2.8, 2.10). Instances are derived from schedules and the hour.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::answer::{Answer, Problem};
use super::super::id;
use super::super::instant::{self, coarse, precise};
use super::super::odata::{Allowed, Expand, Options, Rows};
use super::super::options::Switches;
use super::super::permission;
use super::super::route::Call;
use super::super::tenant::{Kind, Request, Schedule, Side, Tenant};
use super::super::world::World;
use super::{not_emulated, principal, role_definition};

/// One of the three layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layer {
    Schedule,
    Instance,
    Request,
}

macro_rules! filter {
    ($($more:expr),*) => {
        &[
            ("id", "eq"), ("principalId", "eq ne"), ("roleDefinitionId", "eq ne"), ("directoryScopeId", "eq ne"),
            ("appScopeId", "eq ne"), ("principal/", "eq ne startsWith"), ("roleDefinition/", "eq ne startsWith"),
            $($more),*
        ]
    };
}

/// What each collection documents (graph.md 2.6). `$top`, `$count` and `$orderby` are not documented for any.
const fn allowed(side: Side, layer: Layer) -> Allowed {
    match (side, layer) {
        (Side::Eligible, Layer::Schedule) => Allowed {
            filter: filter!(("status", "eq ne"), ("memberType", "eq ne"), ("createdUsing", "eq ne")),
            expand: &["principal", "roleDefinition", "directoryScope", "appScope"],
            ..Allowed::new("roleManagement/directory/roleEligibilitySchedules")
        },
        (Side::Active, Layer::Schedule) => Allowed {
            filter: filter!(
                ("status", "eq ne"),
                ("memberType", "eq ne"),
                ("assignmentType", "eq ne"),
                ("createdUsing", "eq ne")
            ),
            expand: &["principal", "roleDefinition", "directoryScope", "appScope", "activatedUsing"],
            ..Allowed::new("roleManagement/directory/roleAssignmentSchedules")
        },
        (Side::Eligible, Layer::Instance) => Allowed {
            filter: filter!(("memberType", "eq ne"), ("roleEligibilityScheduleId", "eq ne")),
            expand: &["principal", "roleDefinition", "directoryScope", "appScope"],
            ..Allowed::new("roleManagement/directory/roleEligibilityScheduleInstances")
        },
        (Side::Active, Layer::Instance) => Allowed {
            filter: filter!(
                ("memberType", "eq ne"),
                ("assignmentType", "eq ne"),
                ("roleAssignmentScheduleId", "eq ne"),
                ("roleAssignmentOriginId", "eq ne")
            ),
            expand: &["principal", "roleDefinition", "directoryScope", "appScope", "activatedUsing"],
            ..Allowed::new("roleManagement/directory/roleAssignmentScheduleInstances")
        },
        (Side::Eligible, Layer::Request) => Allowed {
            filter: filter!(("targetScheduleId", "eq ne"), ("status", "eq ne"), ("action", "eq ne")),
            expand: &["principal", "roleDefinition", "directoryScope", "appScope", "targetSchedule"],
            ..Allowed::new("roleManagement/directory/roleEligibilityScheduleRequests")
        },
        (Side::Active, Layer::Request) => Allowed {
            filter: filter!(("targetScheduleId", "eq ne"), ("status", "eq ne"), ("action", "eq ne")),
            expand: &["principal", "roleDefinition", "directoryScope", "appScope", "targetSchedule", "activatedUsing"],
            ..Allowed::new("roleManagement/directory/roleAssignmentScheduleRequests")
        },
    }
}

/// Returns the name of the collection, for contexts.
pub(super) fn context(side: Side, layer: Layer) -> &'static str {
    allowed(side, layer).context
}

/// Returns the permissions that read this layer; listing requests demands the right to write (graph.md 8.1).
fn reading(side: Side, layer: Layer) -> &'static [&'static str] {
    match (side, layer) {
        (Side::Active, Layer::Request) => &["RoleAssignmentSchedule.ReadWrite.Directory"],
        (Side::Active, _) => &["RoleAssignmentSchedule.Read.Directory", "RoleAssignmentSchedule.ReadWrite.Directory"],
        (Side::Eligible, Layer::Request) => &["RoleEligibilitySchedule.ReadWrite.Directory"],
        (Side::Eligible, _) => {
            &["RoleEligibilitySchedule.Read.Directory", "RoleEligibilitySchedule.ReadWrite.Directory"]
        }
    }
}

/// Returns a schedule as Graph prints it.
pub(super) fn schedule_row(id: &str, s: &Schedule, now: Timestamp, switches: &Switches) -> Value {
    let is_outside = s.created_using.is_none();
    // Out-of-PIM rows print the time of the query as their start, with full precision (graph.md 2.8).
    let start = if is_outside { precise(now) } else { coarse(s.start) };
    // after an update in place the duration no longer counts from the start that is kept
    let adds_up = |text: &str, end| instant::duration(text).is_some_and(|length| instant::plus(s.start, length) == end);
    let expiration = match (&s.duration, s.end) {
        (_, None) => json!({"type": "noExpiration", "endDateTime": null, "duration": null}),
        (Some(duration), Some(end)) if switches.keeps_durations && adds_up(duration, end) => {
            json!({"type": "afterDuration", "endDateTime": null, "duration": duration})
        }
        (_, Some(end)) => json!({"type": "afterDateTime", "endDateTime": coarse(end), "duration": null}),
    };
    // "Never modified" is null on one side and a sentinel on the other (graph.md 1).
    let modified = match (s.modified, s.key.side) {
        (Some(modified), _) => json!(coarse(modified)),
        (None, Side::Eligible) => json!("0001-01-01T08:00:00Z"),
        (None, Side::Active) => Value::Null,
    };
    let mut row = json!({"id": id, "principalId": s.key.principal, "roleDefinitionId": s.key.role,
        "directoryScopeId": s.key.scope, "appScopeId": null, "createdUsing": s.created_using,
        "createdDateTime": if is_outside { Value::Null } else { json!(coarse(s.created)) },
        "modifiedDateTime": modified, "status": if s.start > now { "Granted" } else { "Provisioned" },
        "memberType": "Direct",
        "scheduleInfo": {"startDateTime": start, "recurrence": null, "expiration": expiration}});
    if s.key.side == Side::Active {
        row["assignmentType"] = json!(assignment_type(s));
    }
    row
}

fn assignment_type(s: &Schedule) -> &'static str {
    if s.activated_using.is_some() { "Activated" } else { "Assigned" }
}

/// Returns the instance of a schedule that is in force.
fn instance_row(id: &str, s: &Schedule) -> Value {
    let origin = id::assignment(&s.key.role, &s.key.principal, &s.key.scope);
    let start = s.created_using.is_some().then(|| coarse(s.start));
    let mut row = json!({"principalId": s.key.principal, "roleDefinitionId": s.key.role, "directoryScopeId": s.key.scope,
        "appScopeId": null, "startDateTime": start, "endDateTime": s.end.map(coarse), "memberType": "Direct"});
    match s.key.side {
        Side::Eligible => {
            row["id"] = json!(format!("{origin}-e"));
            row["roleEligibilityScheduleId"] = json!(id);
        }
        Side::Active => {
            row["id"] = json!(origin);
            row["assignmentType"] = json!(assignment_type(s));
            row["roleAssignmentOriginId"] = json!(origin);
            row["roleAssignmentScheduleId"] = json!(id);
        }
    }
    row
}

/// Returns a request as a later GET prints it: its status of now, and instants with less precision than the POST's answer.
pub(super) fn request_row(request: &Request, now: Timestamp) -> Value {
    let mut document = request.document.clone();
    document.insert("status".to_owned(), json!(request.status(now)));
    document.insert("createdDateTime".to_owned(), json!(coarse(request.created)));
    if let Some(completed) = document.get("completedDateTime").and_then(Value::as_str)
        && let Ok(completed) = completed.parse::<Timestamp>()
    {
        document.insert("completedDateTime".to_owned(), json!(coarse(completed)));
    }
    Value::Object(document)
}

fn rows<'a>(tenant: &'a Tenant, side: Side, layer: Layer, now: Timestamp, switches: &'a Switches) -> Rows<'a> {
    let shown = move |s: &Schedule| s.key.side == side && (switches.shows_outside || s.created_using.is_some());
    let schedules = tenant.schedules.iter().filter(move |(_, s)| shown(s));
    match layer {
        Layer::Schedule => {
            Rows::each(schedules.filter(|(_, s)| s.is_listed(now)), move |(id, s)| schedule_row(id, s, now, switches))
        }
        Layer::Instance => Rows::each(schedules.filter(|(_, s)| s.is_in_force(now)), |(id, s)| instance_row(id, s)),
        Layer::Request => {
            let kept = tenant.requests.values().filter(|request| request.side == side && request.is_kept(now));
            Rows::each(kept, move |request| request_row(request, now))
        }
    }
}

fn expand(tenant: &Tenant, layer: Layer, now: Timestamp, switches: &Switches, row: &mut Value, path: &Expand) {
    let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let behind = match layer {
        Layer::Schedule => text("id"),
        Layer::Instance => text("roleAssignmentScheduleId"),
        Layer::Request => text("targetScheduleId"),
    };
    let value = match path.path.as_str() {
        "principal" => principal::typed(tenant, &text("principalId"), path),
        "roleDefinition" => role_definition::stub(tenant, &text("roleDefinitionId")),
        "directoryScope" => {
            let scope = text("directoryScopeId");
            principal::typed(tenant, scope.rsplit('/').next().unwrap_or_default(), path)
        }
        "targetSchedule" => match tenant.schedules.get_key_value(&behind) {
            Some((id, s)) if s.is_listed(now) => schedule_row(id, s, now, switches),
            _ => Value::Null,
        },
        "activatedUsing" => {
            let eligibility = tenant.schedules.get(&behind).and_then(|s| s.activated_using.as_ref());
            match eligibility.and_then(|id| tenant.schedules.get_key_value(id)) {
                Some((id, s)) if layer == Layer::Instance => instance_row(id, s),
                Some((id, s)) => schedule_row(id, s, now, switches),
                None => Value::Null,
            }
        }
        _ => Value::Null,
    };
    let mut value = value;
    path.trim(&mut value);
    row[path.path.as_str()] = value;
}

/// Answers the reads of one collection.
pub(super) fn answer(world: &Arc<World>, call: &Call, side: Side, layer: Layer, rest: &[&str]) -> Answer {
    permission::pim(&call.caller, reading(side, layer))?;
    let allowed = allowed(side, layer);
    let tenant = world.store.read(call.view);
    let (now, switches) = (call.now, &world.options.switches);
    let navigate = |row: &mut Value, path: &Expand| expand(&tenant, layer, now, switches, row, path);
    match rest {
        [function] if function.starts_with("filterByCurrentUser(") => {
            let on = function.trim_start_matches("filterByCurrentUser(on='").trim_end_matches("')");
            let rows = mine(&tenant, call, rows(&tenant, side, layer, now, switches).all(), on)?;
            let (kind, context) = function_types(side, layer);
            let options = Options::collection(call, &allowed)?;
            options.answer(call, &Allowed { context, ..allowed }, rows, navigate).map(|mut reply| {
                let rows = reply.body.as_mut().and_then(|body| body["value"].as_array_mut());
                rows.into_iter().flatten().for_each(|row| row["@odata.type"] = json!(kind));
                reply
            })
        }
        [] => {
            may_read(&tenant, call)?;
            let options = Options::collection(call, &allowed)?;
            options.answer(call, &allowed, rows(&tenant, side, layer, now, switches), navigate)
        }
        [id] => {
            may_read(&tenant, call)?;
            let options = Options::entity(call, &allowed)?;
            let row = rows(&tenant, side, layer, now, switches).all().into_iter().find(|row| row["id"] == *id);
            let row = row.ok_or_else(|| Problem::new(404, "ResourceNotFound", "The resource is not found."))?;
            options.one(call, allowed.context, 200, row, navigate)
        }
        _ => Err(not_emulated(call)),
    }
}

/// Returns the type of a function's rows, which they name since the static type is not theirs (graph.md 1), and the context.
fn function_types(side: Side, layer: Layer) -> (&'static str, &'static str) {
    macro_rules! types {
        ($name:literal) => {
            (concat!("#microsoft.graph.", $name), concat!("Collection(", $name, ")"))
        };
    }
    match (side, layer) {
        (Side::Eligible, Layer::Schedule) => types!("unifiedRoleEligibilitySchedule"),
        (Side::Eligible, Layer::Instance) => types!("unifiedRoleEligibilityScheduleInstance"),
        (Side::Eligible, Layer::Request) => types!("unifiedRoleEligibilityScheduleRequest"),
        (Side::Active, Layer::Schedule) => types!("unifiedRoleAssignmentSchedule"),
        (Side::Active, Layer::Instance) => types!("unifiedRoleAssignmentScheduleInstance"),
        (Side::Active, Layer::Request) => types!("unifiedRoleAssignmentScheduleRequest"),
    }
}

/// Refuses a person without a role that reads PIM (graph.md 8.3).
pub(super) fn may_read(tenant: &Tenant, call: &Call) -> Result<(), Problem> {
    if call.caller.user.is_some() && !super::holds(tenant, &call.caller.oid, permission::PIM_READERS, call.now) {
        return Err(permission::unauthorized());
    }
    Ok(())
}

/// Returns the caller's own rows; those through a group say so and name the caller (graph.md 2.7).
fn mine(tenant: &Tenant, call: &Call, rows: Vec<Value>, on: &str) -> Result<Vec<Value>, Problem> {
    if call.caller.user.is_none() {
        return Err(Problem::bad("filterByCurrentUser needs a signed-in user."));
    }
    let me = call.caller.oid.as_str();
    let kept = rows.into_iter().filter_map(|mut row| match on {
        "principal" => {
            let principal = row["principalId"].as_str().unwrap_or_default().to_owned();
            if principal != me {
                tenant.object_of(Kind::Group, &principal)?;
                if !principal::includes(tenant, &principal, me) {
                    return None;
                }
                row["principalId"] = json!(me);
                if row.get("memberType").is_some() {
                    row["memberType"] = json!("Group");
                }
            }
            Some(row)
        }
        "createdBy" => (row["createdBy"]["user"]["id"] == me).then_some(row),
        "approver" => {
            let is_open = row["status"] == "PendingApproval";
            (is_open && super::approval::may_decide(tenant, call, row["roleDefinitionId"].as_str()?, None))
                .then_some(row)
        }
        _ => None,
    });
    if !["principal", "createdBy", "approver"].contains(&on) {
        return Err(Problem::bad(format!("The value '{on}' of 'on' is not supported.")));
    }
    let kept: Vec<Value> = kept.collect();
    Ok(kept)
}
