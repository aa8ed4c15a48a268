//! Schedule requests: every change that PIM makes (graph.md 2.9).

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Problem, Reply};
use super::super::failed_rule;
use super::super::fault::Effect;
use super::super::instant::{self, plus, precise, truncate};
use super::super::options::SandboxOptions;
use super::super::permission;
use super::super::route::Call;
use super::super::tenant::{Key, Kind, Request, Role, Schedule, Side, Tenant};
use super::super::world::World;
use super::check::{self, Wish};
use super::schedule::{self, Layer};
use super::{not_emulated, principal};

/// The shortest window, and how far ahead an end must be (graph.md 2.9).
const SHORTEST: SignedDuration = SignedDuration::from_mins(5);

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Assign,
    Update,
    Extend,
    Renew,
    Remove,
    Activate,
    Deactivate,
    /// `selfExtend`, `selfRenew`: pending requests that an administrator decides.
    Ask,
}

/// The names of the actions; enums are read whatever their case and printed in camel case.
const ACTIONS: [(&str, Action); 9] = [
    ("adminAssign", Action::Assign),
    ("adminUpdate", Action::Update),
    ("adminExtend", Action::Extend),
    ("adminRenew", Action::Renew),
    ("adminRemove", Action::Remove),
    ("selfActivate", Action::Activate),
    ("selfDeactivate", Action::Deactivate),
    ("selfExtend", Action::Ask),
    ("selfRenew", Action::Ask),
];

/// The properties that a request may carry; those marked are read-only and must be null.
const KNOWN: [(&str, bool); 18] = [
    ("@odata.type", false),
    ("action", false),
    ("principalId", false),
    ("roleDefinitionId", false),
    ("directoryScopeId", false),
    ("appScopeId", true),
    ("justification", false),
    ("ticketInfo", false),
    ("scheduleInfo", false),
    ("isValidationOnly", false),
    ("targetScheduleId", false),
    ("customData", true),
    ("createdBy", true),
    ("id", true),
    ("status", true),
    ("approvalId", true),
    ("createdDateTime", true),
    ("completedDateTime", true),
];

fn exists() -> Problem {
    Problem::new(400, "RoleAssignmentExists", "The Role assignment already exists.")
}

fn absent() -> Problem {
    Problem::new(400, "RoleAssignmentDoesNotExist", "The Role assignment does not exist.")
}

fn too_short() -> Problem {
    Problem::new(400, "ActiveDurationTooShort", "The Active duration is too short. Miniumum Required is 5 minutes.")
}

fn malformed() -> Problem {
    Problem::new(400, "InvalidRoleAssignmentRequest", "The role assignment request is invalid.")
}

/// Answers `POST …Requests` and `POST …Requests/{id}/cancel`.
pub(super) fn answer(world: &Arc<World>, call: &Call, side: Side, rest: &[&str]) -> Answer {
    let surface = if side == Side::Active { "RoleAssignmentSchedule" } else { "RoleEligibilitySchedule" };
    let (write, remove) = (format!("{surface}.ReadWrite.Directory"), format!("{surface}.Remove.Directory"));
    match rest {
        [] => {
            let (name, action) = action(call)?;
            let accepted = [write.as_str(), remove.as_str()];
            permission::pim(&call.caller, if action == Action::Remove { &accepted } else { &accepted[..1] })?;
            let is_dry = call.object()?.get("isValidationOnly") == Some(&json!(true));
            let mut asked = Asked { call, options: &world.options, side, name, action };
            let document = if is_dry {
                let mut tenant = Tenant::clone(&world.store.read(super::super::store::View::Now));
                asked.run(&mut tenant, call.now)?
            } else {
                world.store.write(|tenant, now| asked.run(tenant, now))?
            };
            let mut body = Value::Object(document);
            body["@odata.context"] =
                json!(format!("{}/$metadata#{}/$entity", call.root(), schedule::context(side, Layer::Request)));
            Ok(Reply::json(201, body))
        }
        [id, "cancel"] => {
            permission::pim(&call.caller, &[write.as_str()])?;
            world.store.write(|tenant, now| cancel(tenant, call, side, id, now))?;
            Ok(Reply::empty())
        }
        _ => Err(not_emulated(call)),
    }
}

fn action(call: &Call) -> Result<(&'static str, Action), Problem> {
    let members = call.object()?;
    for (name, value) in members {
        match KNOWN.iter().find(|(known, _)| known == name) {
            Some((_, false)) => {}
            Some((_, true)) if value.is_null() => {}
            _ => return Err(Problem::bad(format!("The property '{name}' is not known or cannot be set."))),
        }
    }
    let asked = members.get("action").and_then(Value::as_str).ok_or_else(malformed)?;
    ACTIONS.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(asked)).ok_or_else(malformed)
}

/// A request on its way.
#[derive(Debug)]
struct Asked<'a> {
    call: &'a Call,
    options: &'a SandboxOptions,
    side: Side,
    name: &'static str,
    action: Action,
}

/// A window in time as asked.
#[derive(Debug, Clone)]
struct Window {
    start: Timestamp,
    end: Option<Timestamp>,
    duration: Option<String>,
    kind: &'static str,
    is_future: bool,
}

impl Asked<'_> {
    fn text(&self, name: &str) -> &str {
        self.call.body.as_ref().and_then(|body| body[name].as_str()).unwrap_or_default()
    }

    fn is_self(&self) -> bool {
        matches!(self.action, Action::Activate | Action::Deactivate | Action::Ask)
    }

    /// Returns what the request is about, or the refusal of its role, principal or scope.
    fn key(&self, tenant: &Tenant, now: Timestamp) -> Result<Key, Problem> {
        let is_young = |created: Timestamp| now < plus(created, self.options.lag);
        let role = tenant.role(self.text("roleDefinitionId")).filter(|role| match role {
            Role::BuiltIn(_) => true,
            Role::Custom(_, role) => !is_young(role.created),
        });
        let role = role.ok_or_else(|| Problem::new(404, "RoleNotFound", "The role is not found."))?;
        let scope = self.text("directoryScopeId");
        let (principal, object) = tenant
            .object(self.text("principalId"))
            .filter(|(_, o)| matches!(o.kind, Kind::User | Kind::Group | Kind::ServicePrincipal))
            .filter(|(_, o)| !is_young(o.created))
            .map(|(id, o)| (id.to_owned(), Some(o)))
            .or_else(|| {
                // What a deleted principal held can still be removed.
                let left = tenant
                    .schedules
                    .values()
                    .find(|s| s.key.principal.eq_ignore_ascii_case(self.text("principalId")))?;
                (self.action == Action::Remove).then(|| (left.key.principal.clone(), None))
            })
            .ok_or_else(|| Problem::new(404, "SubjectNotFound", "The subject is not found."))?;
        let key = Key { side: self.side, principal, role: role.id().to_owned(), scope: scope.to_owned() };
        if !matches!(self.action, Action::Assign | Action::Update | Action::Extend | Action::Renew) {
            return Ok(key);
        }
        is_assignable(tenant, role, scope)?;
        if self.side == Side::Eligible && object.is_some_and(|object| object.kind == Kind::ServicePrincipal) {
            let code = &self.options.switches.eligible_service_principal_code;
            return Err(Problem::new(400, code, "Service principals cannot be eligible for a role."));
        }
        Ok(key)
    }

    /// Reads `scheduleInfo`; instants in the past mean now.
    fn window(&self, now: Timestamp) -> Result<Window, Problem> {
        let info = self.call.body.as_ref().map_or(&Value::Null, |body| &body["scheduleInfo"]);
        let Value::Object(members) = info else { return Err(malformed()) };
        let known = |name: &str| ["startDateTime", "expiration", "recurrence", "@odata.type"].contains(&name);
        if let Some(name) = members.keys().find(|name| !known(name)) {
            return Err(Problem::bad(format!("The property 'scheduleInfo/{name}' is not known.")));
        }
        let instant = |value: &Value| match value {
            Value::Null => Ok(None),
            Value::String(text) => text.parse::<Timestamp>().map(Some).map_err(|_| {
                Problem::bad(format!("Cannot convert the literal '{text}' to the expected type 'Edm.DateTimeOffset'."))
            }),
            _ => Err(malformed()),
        };
        let asked = instant(&info["startDateTime"])?;
        let now = truncate(now, 100);
        let start = asked.filter(|start| *start > now).unwrap_or(now);
        let expiration = &info["expiration"];
        let duration = match &expiration["duration"] {
            Value::Null => None,
            Value::String(text) => {
                let length = instant::duration(text).ok_or_else(|| {
                    // A text that is no ISO 8601 duration at all does not even parse as OData.
                    if text.starts_with('P') {
                        malformed()
                    } else {
                        Problem::bad(format!(
                            "Cannot convert the literal '{text}' to the expected type 'Edm.Duration'."
                        ))
                    }
                })?;
                Some((text.clone(), length))
            }
            _ => return Err(malformed()),
        };
        let end = instant(&expiration["endDateTime"])?;
        let kind = expiration["type"].as_str().unwrap_or("notSpecified").to_ascii_lowercase();
        let (kind, end, duration) = match (kind.as_str(), end, duration) {
            ("noexpiration" | "notspecified", None, None) => ("noExpiration", None, None),
            ("noexpiration" | "notspecified", Some(end), None) | ("afterdatetime", Some(end), _) => {
                ("afterDateTime", Some(end), None)
            }
            ("afterduration" | "notspecified" | "noexpiration", _, Some((text, length))) => {
                ("afterDuration", Some(plus(start, length)), Some(text))
            }
            _ => return Err(malformed()),
        };
        if let Some(end) = end {
            if end <= start {
                let text = "The schedule of the role assignment request is invalid.";
                return Err(Problem::new(400, "InvalidRoleAssignmentRequestSchedule", text));
            }
            if end.duration_since(start) < SHORTEST || end < plus(now, SHORTEST) {
                return Err(too_short());
            }
        }
        Ok(Window { start, end, duration, kind, is_future: start > now })
    }

    fn run(&mut self, tenant: &mut Tenant, now: Timestamp) -> Result<Map<String, Value>, Problem> {
        if self.is_self() {
            if self.call.caller.user.is_none() || !self.text("principalId").eq_ignore_ascii_case(&self.call.caller.oid)
            {
                return Err(permission::unauthorized());
            }
        } else if self.call.caller.user.is_some()
            && !super::holds(tenant, &self.call.caller.oid, &permission::PIM_READERS[..2], now)
        {
            return Err(permission::unauthorized());
        }
        let mut key = self.key(tenant, now)?;
        match self.action {
            Action::Remove | Action::Deactivate => return self.remove(tenant, &key, now),
            Action::Ask => return self.ask(tenant, &key, now),
            _ => {}
        }
        let is_pending = |request: &Request| {
            request.pending.as_ref().is_some_and(|s| s.key.is(&key)) && request.status(now) == "PendingApproval"
        };
        if tenant.requests.values().any(|request| is_pending(request)) {
            let text = "There is already an existing pending Role assignment request.";
            return Err(Problem::new(400, "PendingRoleAssignmentRequest", text));
        }
        let window = self.window(now)?;
        let held = tenant.schedule(&key, now).map(|(id, s)| (id.to_owned(), s.clone()));
        let ended = tenant.schedules.values().any(|s| s.key.is(&key) && s.end.is_some_and(|end| end <= now));
        match self.action {
            Action::Assign | Action::Activate if held.is_some() => return Err(exists()),
            Action::Renew if held.is_some() => return Err(exists()),
            Action::Renew if !ended => return Err(absent()),
            Action::Update | Action::Extend if held.as_ref().is_none_or(|(_, s)| s.activated_using.is_some()) => {
                return Err(absent());
            }
            _ => {}
        }
        let activated_using = self.judge(tenant, &key, &window, now)?;
        let role = tenant.role(&key.role).map(|role| role.template().to_owned()).unwrap_or_default();
        let approval =
            check::rule(tenant.rules(&role), "Approval_EndUser_Assignment")["setting"]["isApprovalRequired"] == true;
        let needs_approval = self.action == Action::Activate && approval;

        let request_id = tenant.mint(&key.text());
        if self.call.effects.contains(&Effect::Widen) {
            key.scope = "/".to_owned();
        }
        let delay = self.call.effects.iter().find_map(|effect| match effect {
            Effect::PendingProvisioning { seconds } => Some(plus(now, SignedDuration::from_secs(*seconds))),
            _ => None,
        });
        let forced = self.call.effects.iter().find_map(|effect| match effect {
            Effect::Request { status } => Some(status.clone()),
            _ => None,
        });
        // A group that is not role-assignable stays granted for ever and gets nothing (graph.md 2.7).
        let is_stuck = tenant
            .object_of(Kind::Group, &key.principal)
            .is_some_and(|(_, group)| group.properties.get("isAssignableToRole") != Some(&json!(true)));
        let schedule_id = match &held {
            Some((id, s)) if !self.options.switches.renewed_schedule_ids && s.created_using.is_some() => id.clone(),
            _ => request_id.clone(),
        };
        let now = truncate(now, 100);
        let schedule = Schedule {
            key: key.clone(),
            start: match &held {
                // An update in place keeps the start of what is already in force.
                Some((_, s)) if !window.is_future && s.start <= now => s.start,
                _ => window.start,
            },
            end: window.end,
            duration: window.duration.clone(),
            created: held.as_ref().map_or(now, |(_, s)| s.created),
            modified: held.as_ref().map(|_| now),
            created_using: Some(request_id.clone()),
            activated_using,
            visible_from: delay,
        };
        let mut status = if window.is_future { "Granted" } else { "Provisioned" };
        let (mut settles, mut pending) = (window.is_future.then_some(window.start), None);
        let mut completed = Some(if window.is_future { window.start } else { now });
        if delay.is_some() {
            (status, settles, completed) = ("PendingProvisioning", delay, None);
        }
        let forced = forced.or_else(|| is_stuck.then(|| "Granted".to_owned()));
        if let Some(forced) = &forced {
            (status, settles, completed) = (forced.as_str(), None, None);
        } else if needs_approval {
            (status, settles, completed) = ("PendingApproval", None, None);
            pending = Some(Box::new(schedule));
        } else {
            if let Some((old, _)) = &held {
                tenant.schedules.remove(old);
            }
            tenant.schedules.insert(schedule_id.clone(), schedule.into());
        }
        let mut document = self.document(&request_id, status, &key, now);
        document.insert("completedDateTime".to_owned(), json!(completed.map(precise)));
        document.insert("targetScheduleId".to_owned(), json!(schedule_id));
        document.insert("approvalId".to_owned(), json!(pending.as_ref().map(|_| &request_id)));
        let end = window.end.filter(|_| window.duration.is_none()).map(precise);
        document.insert(
            "scheduleInfo".to_owned(),
            json!({"startDateTime": precise(window.start), "recurrence": null,
            "expiration": {"type": window.kind, "endDateTime": end, "duration": window.duration}}),
        );
        let request = Request { side: self.side, created: now, document: document.clone(), settles, pending };
        tenant.requests.insert(request_id, request.into());
        Ok(document)
    }

    /// Checks the policy; for an activation returns the eligibility that it uses.
    fn judge(&self, tenant: &Tenant, key: &Key, window: &Window, now: Timestamp) -> Result<Option<String>, Problem> {
        let Some(role) = tenant.role(&key.role) else { return Err(malformed()) };
        let rules = tenant.rules(role.template());
        let ticket = self.call.body.as_ref().map_or(&Value::Null, |body| &body["ticketInfo"]);
        let wish = Wish {
            caller: &self.call.caller,
            length: window.end.map(|end| end.duration_since(window.start)),
            has_justification: !self.text("justification").trim().is_empty(),
            has_ticket: ticket["ticketNumber"].as_str().is_some_and(|number| !number.trim().is_empty()),
        };
        let tail = match (self.action, self.side) {
            (Action::Activate, _) => "EndUser_Assignment",
            (_, Side::Eligible) => "Admin_Eligibility",
            (_, Side::Active) => "Admin_Assignment",
        };
        let mut failed = check::failures(rules, tail, &wish);
        let mut used = None;
        if self.action == Action::Activate {
            used = tenant.schedules.iter().find(|(_, s)| {
                s.key.side == Side::Eligible
                    && s.is_in_force(now)
                    && s.key.role == key.role
                    && s.key.scope.eq_ignore_ascii_case(&key.scope)
                    && principal::includes(tenant, &s.key.principal, &key.principal)
            });
            match used {
                None => failed.push("EligibilityRule"),
                Some((_, s)) => {
                    let outlives = window.end.is_none_or(|end| s.end.is_some_and(|last| end > last));
                    if outlives && !failed.contains(&"ExpirationRule") {
                        failed.push("ExpirationRule");
                    }
                }
            }
        }
        if !failed.is_empty() {
            let text = failed_rule::message(&failed, self.options.switches.newer_policy_message);
            return Err(Problem::new(400, "RoleAssignmentRequestPolicyValidationFailed", text));
        }
        if self.action == Action::Activate {
            let context = check::rule(rules, "AuthenticationContext_EndUser_Assignment");
            let claim = context["claimValue"].as_str().unwrap_or_default();
            if context["isEnabled"] == true && !self.call.caller.contexts.iter().any(|c| c == claim) {
                let challenge = json!({"access_token": {"acrs": {"essential": true, "value": claim}}});
                let text = format!(
                    "&claims={}",
                    percent_encoding::utf8_percent_encode(&challenge.to_string(), percent_encoding::NON_ALPHANUMERIC)
                );
                return Err(Problem::new(400, "RoleAssignmentRequestAcrsValidationFailed", text));
            }
        }
        Ok(used.map(|(id, _)| id.clone()))
    }

    fn remove(&self, tenant: &mut Tenant, key: &Key, now: Timestamp) -> Result<Map<String, Value>, Problem> {
        let held = tenant.schedule(key, now).map(|(id, s)| (id.to_owned(), s.clone()));
        let (id, held) = held.ok_or_else(absent)?;
        if self.action == Action::Deactivate && held.activated_using.is_none() {
            return Err(absent());
        }
        // What has not begun is cancelled through the request that made it, while that one is there.
        let maker = held.created_using.as_ref().and_then(|id| tenant.requests.get(id));
        if held.start > now && maker.is_some_and(|request| request.is_kept(now)) {
            return Err(absent());
        }
        if held.start <= now && now < plus(held.created, self.options.min_age) {
            return Err(too_short());
        }
        let request_id = tenant.mint(&key.text());
        let forced = self.call.effects.iter().find_map(|effect| match effect {
            Effect::Request { status } => Some(status.as_str()),
            _ => None,
        });
        if forced.is_none() {
            tenant.schedules.remove(&id);
        }
        let now = truncate(now, 100);
        let document = self.document(&request_id, forced.unwrap_or("Revoked"), key, now);
        let request =
            Request { side: self.side, created: now, document: document.clone(), settles: None, pending: None };
        tenant.requests.insert(request_id, request.into());
        Ok(document)
    }

    /// Stores a request that only an administrator can decide.
    fn ask(&self, tenant: &mut Tenant, key: &Key, now: Timestamp) -> Result<Map<String, Value>, Problem> {
        let was_held = tenant.schedules.values().any(|s| s.key.is(key));
        if !was_held {
            return Err(absent());
        }
        let request_id = tenant.mint(&key.text());
        let now = truncate(now, 100);
        let document = self.document(&request_id, "PendingAdminDecision", key, now);
        let request =
            Request { side: self.side, created: now, document: document.clone(), settles: None, pending: None };
        tenant.requests.insert(request_id, request.into());
        Ok(document)
    }

    /// Returns the request as it is answered, without a window.
    fn document(&self, id: &str, status: &str, key: &Key, now: Timestamp) -> Map<String, Value> {
        let body = self.call.body.as_ref().unwrap_or(&Value::Null);
        let who = json!({"displayName": null, "id": self.call.caller.oid});
        let is_user = self.call.caller.user.is_some();
        let value = json!({
            "id": id, "status": status, "createdDateTime": precise(now), "completedDateTime": null, "approvalId": null,
            "customData": null, "action": self.name, "principalId": key.principal, "roleDefinitionId": key.role,
            "directoryScopeId": key.scope, "appScopeId": null,
            "isValidationOnly": body["isValidationOnly"] == true, "targetScheduleId": null,
            "justification": body["justification"].as_str(),
            "createdBy": {"application": if is_user { Value::Null } else { who.clone() }, "device": null,
                "user": if is_user { who } else { Value::Null }},
            "scheduleInfo": null,
            "ticketInfo": {"ticketNumber": body["ticketInfo"]["ticketNumber"].as_str(),
                "ticketSystem": body["ticketInfo"]["ticketSystem"].as_str()}});
        match value {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }
}

/// Refuses a role that cannot be assigned at the scope (graph.md 2.4).
pub(super) fn is_assignable(tenant: &Tenant, role: Role<'_>, scope: &str) -> Result<(), Problem> {
    let refused = |text: &str| Err(Problem::new(400, "Request_BadRequest", text));
    let is_open = match role {
        Role::BuiltIn(role) => !role.implicit,
        Role::Custom(_, role) => role.is_enabled,
    };
    if !is_open {
        return refused("The given role definition cannot be assigned.");
    }
    let narrow = "The given built-in role is not supported to be assigned to a single resource scope.";
    if scope == "/" {
        return Ok(());
    }
    if let Some(unit) = scope.strip_prefix("/administrativeUnits/") {
        if tenant.object_of(Kind::AdministrativeUnit, unit).is_none() {
            return Err(Problem::new(404, "ResourceNotFound", "The administrative unit is not found."));
        }
        let fits = match role {
            Role::BuiltIn(role) => role.unit_assignable,
            Role::Custom(..) => role.touches(&["users", "groups", "devices"]),
        };
        return if fits { Ok(()) } else { refused(narrow) };
    }
    let object = scope.strip_prefix('/').filter(|id| !id.contains('/')).and_then(|id| tenant.object(id));
    match object {
        Some((_, o)) if matches!(o.kind, Kind::Application | Kind::ServicePrincipal) => {
            if role.touches(&["applications", "servicePrincipals"]) { Ok(()) } else { refused(narrow) }
        }
        Some(_) => Err(malformed()),
        None if scope.starts_with('/') => {
            Err(Problem::new(404, "ResourceNotFound", "The directory scope is not found."))
        }
        None => Err(malformed()),
    }
}

/// Cancels a request that is not in force yet.
fn cancel(tenant: &mut Tenant, call: &Call, side: Side, id: &str, now: Timestamp) -> Result<(), Problem> {
    let found = tenant.requests.get(id).filter(|request| request.side == side);
    let Some(request) = found else {
        return Err(Problem::new(404, "ResourceNotFound", "The request is not found."));
    };
    let is_own = request.document.get("principalId") == Some(&json!(call.caller.oid));
    if call.caller.user.is_some()
        && !is_own
        && !super::holds(tenant, &call.caller.oid, &permission::PIM_READERS[..2], now)
    {
        return Err(permission::unauthorized());
    }
    if !["Granted", "PendingApproval", "PendingAdminDecision", "PendingProvisioning"].contains(&request.status(now)) {
        return Err(malformed());
    }
    let target = request.document.get("targetScheduleId").and_then(Value::as_str).unwrap_or_default().to_owned();
    if tenant.schedules.get(&target).is_some_and(|s| s.created_using.as_deref() == Some(id)) {
        tenant.schedules.remove(&target);
    }
    if let Some(request) = tenant.requests.get_mut(id) {
        request.document.insert("status".to_owned(), json!("Canceled"));
        (request.settles, request.pending) = (None, None);
    }
    Ok(())
}
