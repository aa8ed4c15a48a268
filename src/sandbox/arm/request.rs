//! Schedule requests at ARM scopes: how they are kept, printed, listed and withdrawn (arm.md B.3, B.4). What they do is in `command`.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Problem, Reply};
use super::super::instant::{plus, precise};
use super::super::store::View;
use super::super::tenant::{Side, Tenant};
use super::super::world::World;
use super::approval;
use super::ask::Ask;
use super::azure::Azure;
use super::command::Command;
use super::row;
use super::schedule::{Schedule, absent};
use super::scope::Scope;
use super::sight::Sight;
use super::window::{Window, malformed};

/// A schedule request: a command with its outcome, filed in `Azure::requests` by the key of its scope and its name.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Request {
    /// Eligible or active.
    pub(crate) side: Side,
    /// The scope as it was spelled.
    pub(crate) scope: String,
    /// The GUID of the role definition, lower case.
    pub(crate) role: String,
    /// Object id, lower case.
    pub(crate) principal: String,
    /// `AdminAssign`, `SelfActivate` …
    pub(crate) request_type: String,
    /// The status when it was answered, or when it was decided or withdrawn.
    pub(crate) status: String,
    pub(crate) created: Timestamp,
    /// The object id of who asked.
    pub(crate) requestor: String,
    #[serde(default)]
    pub(crate) window: Option<Window>,
    #[serde(default)]
    pub(crate) justification: Option<String>,
    /// `ticketInfo` as it was sent, without nulls.
    #[serde(default)]
    pub(crate) ticket: Map<String, Value>,
    #[serde(default)]
    pub(crate) condition: Option<String>,
    #[serde(default)]
    pub(crate) condition_version: Option<String>,
    /// Whether it has a schedule, whose name is its own.
    pub(crate) has_target: bool,
    /// The scope and the name of the eligibility behind an activation.
    #[serde(default)]
    pub(crate) linked: Option<(String, String)>,
    /// The status turns to `Provisioned` at this instant.
    #[serde(default)]
    pub(crate) settles: Option<Timestamp>,
    /// For a request that waits for approval: what to grant once approved.
    #[serde(default)]
    pub(crate) pending: Option<Box<Schedule>>,
    /// When nobody can approve it any more.
    #[serde(default)]
    pub(crate) due: Option<Timestamp>,
    /// Who decided, and how.
    #[serde(default)]
    pub(crate) decision: Option<approval::Decision>,
}

/// How long the service keeps requests (arm.md B.3).
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 45);
/// How long the sandbox remembers ended schedules, so that they can be renewed.
const ENDED: SignedDuration = SignedDuration::from_hours(24 * 30);

/// Drops what the service forgets as time goes by.
pub(crate) fn forget(azure: &mut Azure, now: Timestamp) {
    azure.requests.retain(|request| request.is_kept(now));
    azure.schedules.retain(|schedule| schedule.end.is_none_or(|end| plus(end, ENDED) > now));
}

impl Request {
    /// Tells whether the service still has it.
    pub(crate) fn is_kept(&self, now: Timestamp) -> bool {
        now < plus(self.created, KEPT)
    }

    /// Returns the status at `now`.
    pub(crate) fn status(&self, now: Timestamp) -> &str {
        match (self.settles, self.due) {
            (Some(at), _) if at <= now => "Provisioned",
            (_, Some(due)) if self.pending.is_some() && due <= now => "TimedOut",
            _ => &self.status,
        }
    }

    /// Returns the row; members without a value are left out, except `ticketInfo` (arm.md B.3).
    pub(super) fn row(&self, tenant: &Tenant, name: &str, now: Timestamp, is_preview: bool) -> Value {
        let scope = Scope::new(&self.scope);
        let (collection, schedules, target) = match self.side {
            Side::Eligible => {
                ("roleEligibilityScheduleRequests", "roleEligibilitySchedules", "targetRoleEligibilityScheduleId")
            }
            Side::Active => {
                ("roleAssignmentScheduleRequests", "roleAssignmentSchedules", "targetRoleAssignmentScheduleId")
            }
        };
        let mut p = Map::new();
        let mut put = |name: &str, value: Value| p.insert(name.to_owned(), value);
        if self.has_target {
            put(target, json!(row::id(&scope, schedules, name, is_preview)));
        }
        put("scope", json!(scope.id()));
        put("roleDefinitionId", json!(tenant.azure.role_id(&scope, &self.role)));
        put("principalId", json!(self.principal));
        put("principalType", json!(row::principal_type(tenant, &self.principal)));
        put("requestType", json!(self.request_type));
        put("status", json!(self.status(now)));
        if self.due.is_some() {
            put("approvalId", json!(row::id(&scope, "roleAssignmentApprovals", name, is_preview)));
        }
        if let Some(window) = &self.window {
            put("scheduleInfo", window.info());
        }
        put("ticketInfo", json!(self.ticket));
        if let Some(justification) = &self.justification {
            put("justification", json!(justification));
        }
        put("requestorId", json!(self.requestor));
        put("createdOn", json!(precise(self.created)));
        if let Some(condition) = &self.condition {
            put("condition", json!(condition));
            put("conditionVersion", json!(self.condition_version));
        }
        if let Some((scope, name)) = &self.linked {
            let linked = row::id(&Scope::new(scope), "roleEligibilitySchedules", name, is_preview);
            put("linkedRoleEligibilityScheduleId", json!(linked));
        }
        put("expandedProperties", row::expanded(tenant, &scope, &self.role, &self.principal));
        json!({"properties": p, "name": name, "id": row::id(&scope, collection, name, is_preview),
            "type": format!("Microsoft.Authorization/{collection}")})
    }
}

/// The properties that `$filter` may compare (arm.md B.6).
const FIELDS: [&str; 4] = ["principalId", "roleDefinitionId", "status", "requestorId"];

/// Answers the calls of the request collections.
pub(super) fn answer(world: &Arc<World>, ask: &Ask<'_>, side: Side) -> Answer {
    row::licensed(world)?;
    let is_preview = ask.is_preview();
    match (ask.method.as_str(), ask.rest.as_slice()) {
        ("GET", []) => list(world, &world.store.read(ask.view), ask, side),
        ("GET", [name]) => {
            let tenant = world.store.read(ask.view);
            let request = find(&tenant, ask, side, name)?;
            if !request.principal.eq_ignore_ascii_case(&ask.caller.oid) {
                Sight::one(world, &tenant, ask)?;
            }
            Ok(Reply::json(200, request.row(&tenant, &name.to_ascii_lowercase(), ask.now(), is_preview)))
        }
        ("PUT", [name]) => {
            let command = Command::read(world, ask, side, name)?;
            let row = world.store.write(|tenant, now| {
                let request = command.run(tenant, now)?;
                Ok(request.row(tenant, &command.name, now, is_preview))
            })?;
            Ok(Reply::json(201, row))
        }
        ("POST", [name, "validate"]) => {
            let command = Command::read(world, ask, side, name)?;
            let mut tenant = Tenant::clone(&world.store.read(View::Now));
            let request = command.run(&mut tenant, ask.now())?;
            Ok(Reply::json(200, request.row(&tenant, &command.name, ask.now(), is_preview)))
        }
        ("POST", [name, "cancel"]) => {
            world.store.write(|tenant, now| cancel(tenant, ask, side, name, now))?;
            Ok(Reply { status: 200, ..Reply::default() })
        }
        _ => Err(ask.not_emulated()),
    }
}

fn find<'a>(tenant: &'a Tenant, ask: &Ask<'_>, side: Side, name: &str) -> Result<&'a Request, Problem> {
    let found = tenant.azure.requests.get(ask.scope.key(), name);
    found.filter(|request| request.side == side && request.is_kept(ask.now())).ok_or_else(|| absent(name))
}

fn list(world: &World, tenant: &Tenant, ask: &Ask<'_>, side: Side) -> Answer {
    let sight = Sight::new(world, tenant, ask, &FIELDS)?;
    let mut rows = Vec::new();
    for (place, (_, name, request)) in row::reach(&tenant.azure, &tenant.azure.requests, &ask.scope) {
        let scope = Scope::new(&request.scope);
        let is_asked = request.side == side
            && request.is_kept(ask.now())
            && sight.admit(place, &scope, &request.principal).is_some()
            && (!sight.filter.as_requestor || request.requestor.eq_ignore_ascii_case(&ask.caller.oid))
            && (!sight.filter.as_approver || approval::may_decide(tenant, ask, request));
        if is_asked {
            let row = request.row(tenant, name, ask.now(), ask.is_preview());
            rows.extend(sight.is_equal(&row).then_some(row));
        }
    }
    super::page::page(ask, rows, 0)
}

/// The statuses that can be withdrawn (arm.md B.4).
const OPEN: [&str; 6] = [
    "PendingApproval",
    "PendingApprovalProvisioning",
    "PendingEvaluation",
    "Granted",
    "PendingProvisioning",
    "PendingAdminDecision",
];

/// Withdraws a request that is not in force yet, and the schedule it made.
fn cancel(tenant: &mut Tenant, ask: &Ask<'_>, side: Side, name: &str, now: Timestamp) -> Result<(), Problem> {
    let request = find(tenant, ask, side, name)?;
    if !request.requestor.eq_ignore_ascii_case(&ask.caller.oid) {
        ask.require(tenant, &format!("Microsoft.Authorization/{}/cancel/action", ask.kind))?;
    }
    let status = request.status(now);
    if !OPEN.contains(&status) {
        // The code is assumed (arm.md B.4, H).
        return Err(malformed(&format!("A request that is {status} cannot be canceled.")));
    }
    let key = Scope::new(&request.scope).key().to_owned();
    tenant.azure.schedules.remove(&key, name);
    if let Some(request) = tenant.azure.requests.get_mut(ask.scope.key(), name) {
        request.status = "Canceled".to_owned();
        (request.settles, request.pending) = (None, None);
    }
    Ok(())
}
