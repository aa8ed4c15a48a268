//! What becomes of a request: a schedule now or later, a wait, a removal (graph.md 2.7 to 2.9, 4.3).

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::super::super::answer::Problem;
use super::super::super::fault::Effect;
use super::super::super::instant::{plus, precise, truncate};
use super::super::super::membership::Found;
use super::super::super::permission;
use super::super::super::place::{Access, Key, Place, Surface};
use super::super::super::tenant::{Kind, Request, Schedule, Tenant};
use super::super::{authority, check};
use super::window::Window;
use super::{Action, Asked, absent, exists, malformed, too_short};

/// What was there before a change, with its id.
type Held = Option<(String, Schedule)>;

impl Asked<'_> {
    /// Judges the request and stores what becomes of it; returns the answer.
    pub(super) fn run(&self, tenant: &mut Tenant, now: Timestamp) -> Result<Map<String, Value>, Problem> {
        if !self.is_self() {
            let group = (self.of.surface == Surface::Group).then(|| self.text("groupId"));
            authority::write(tenant, self.call, group)?;
        } else if self.call.caller.user.is_none()
            || !self.text("principalId").eq_ignore_ascii_case(&self.call.caller.oid)
        {
            return Err(permission::unauthorized());
        }
        let key = self.key(tenant, now)?;
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
        let window = Window::read(self.call.body.as_ref().map_or(&Value::Null, |body| &body["scheduleInfo"]), now)?;
        let held: Held = tenant.schedule(&key, now).map(Found::into_owned);
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
        self.grant(tenant, key, &window, held, activated_using, now)
    }

    /// Stores what was allowed.
    fn grant(
        &self,
        tenant: &mut Tenant,
        mut key: Key,
        window: &Window,
        held: Held,
        activated_using: Option<String>,
        now: Timestamp,
    ) -> Result<Map<String, Value>, Problem> {
        let rules = tenant.rules(tenant.subject(&key.place).ok_or_else(malformed)?);
        let approval = &check::rule(rules, "Approval_EndUser_Assignment")["setting"];
        let needs_approval = self.action == Action::Activate && approval["isApprovalRequired"] == true;
        let days = approval["approvalStages"][0]["approvalStageTimeOutInDays"].as_i64().unwrap_or(1).clamp(1, 30);
        let request_id = tenant.mint(&key.text());
        if self.call.effects.contains(&Effect::Widen) {
            widen(&mut key.place);
        }
        let delay = self.call.effects.iter().find_map(|effect| match effect {
            Effect::PendingProvisioning { seconds } => Some(plus(now, SignedDuration::from_secs(*seconds))),
            _ => None,
        });
        let forced = self.forced().or_else(|| self.fate(tenant, &key, now)).map(str::to_owned);
        let schedule_id = match &held {
            Some((id, s)) if self.keeps_ids() && s.created_using.is_some() => id.clone(),
            _ => key.place.schedule_id(&request_id),
        };
        let now = truncate(now, 100);
        // A link that PIM had no part in begins, as PIM knows it, when PIM takes it over.
        let known = held.as_ref().map(|(_, s)| s).filter(|s| s.created > Timestamp::UNIX_EPOCH);
        let schedule = Schedule {
            key: key.clone(),
            start: match known {
                // An update in place keeps the start of what is already in force.
                Some(s) if !window.is_future && s.start <= now => s.start,
                _ => window.start,
            },
            end: window.end,
            duration: window.duration.clone(),
            created: known.map_or(now, |s| s.created),
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
        if let Some(forced) = &forced {
            (status, settles, completed) = (forced.as_str(), None, None);
        } else if needs_approval {
            (status, settles, completed) = ("PendingApproval", None, None);
            pending = Some(Box::new(schedule));
        } else {
            replace(tenant, held.as_ref(), &schedule_id, schedule);
        }
        let mut document = self.document(&request_id, status, &key, now);
        document.insert("completedDateTime".to_owned(), json!(completed.map(precise)));
        document.insert("targetScheduleId".to_owned(), json!(schedule_id));
        document.insert("approvalId".to_owned(), json!(pending.as_ref().map(|_| &request_id)));
        document.insert("scheduleInfo".to_owned(), window.print());
        if status != "Failed" {
            tenant.onboard(&key.place);
        }
        let due = pending.as_ref().map(|_| plus(now, SignedDuration::from_hours(24 * days)));
        let request = Request { side: self.of.side, created: now, document: document.clone(), settles, pending, due };
        tenant.requests.insert(request_id, request.into());
        Ok(document)
    }

    /// Returns the status that a fault puts on the request.
    fn forced(&self) -> Option<&str> {
        self.call.effects.iter().find_map(|effect| match effect {
            Effect::Request { status } => Some(status.as_str()),
            _ => None,
        })
    }

    /// Returns the status of a request that is taken and gives nothing: a group that is not role-assignable stays granted for ever
    /// as principal of a directory role (graph.md 2.7), a group that is too young fails (graph.md 4.4).
    fn fate(&self, tenant: &Tenant, key: &Key, now: Timestamp) -> Option<&'static str> {
        match self.of.surface {
            Surface::Directory => {
                let group = tenant.object_of(Kind::Group, &key.principal);
                group.is_some_and(|(_, group)| !group.is_role_assignable()).then_some("Granted")
            }
            Surface::Group => self.is_settling(tenant, &key.place, now).then_some("Failed"),
        }
    }

    /// Tells whether a change keeps the id of the schedule: never for groups (graph.md 4.3).
    fn keeps_ids(&self) -> bool {
        self.of.surface == Surface::Directory && !self.options.switches.renewed_schedule_ids
    }

    fn remove(&self, tenant: &mut Tenant, key: &Key, now: Timestamp) -> Result<Map<String, Value>, Problem> {
        let held: Held = tenant.schedule(key, now).map(Found::into_owned);
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
        if self.forced().is_none() {
            tenant.end_schedule(&id, &held);
        }
        tenant.onboard(&key.place);
        Ok(self.store(tenant, self.forced().unwrap_or("Revoked"), key, now))
    }

    /// Stores a request that only an administrator can decide.
    fn ask(&self, tenant: &mut Tenant, key: &Key, now: Timestamp) -> Result<Map<String, Value>, Problem> {
        if !tenant.schedules.values().any(|s| s.key.is(key)) {
            return Err(absent());
        }
        Ok(self.store(tenant, "PendingAdminDecision", key, now))
    }

    /// Stores a request that gives nothing.
    fn store(&self, tenant: &mut Tenant, status: &str, key: &Key, now: Timestamp) -> Map<String, Value> {
        let request_id = tenant.mint(&key.text());
        let now = truncate(now, 100);
        let document = self.document(&request_id, status, key, now);
        let request = Request {
            side: self.of.side,
            created: now,
            document: document.clone(),
            settles: None,
            pending: None,
            due: None,
        };
        tenant.requests.insert(request_id, request.into());
        document
    }

    /// Returns the request as it is answered, without a window.
    fn document(&self, id: &str, status: &str, key: &Key, now: Timestamp) -> Map<String, Value> {
        let body = self.call.body.as_ref().unwrap_or(&Value::Null);
        let who = json!({"displayName": null, "id": self.call.caller.oid});
        let is_user = self.call.caller.user.is_some();
        let value = json!({
            "id": id, "status": status, "createdDateTime": precise(now), "completedDateTime": null, "approvalId": null,
            "customData": null, "action": self.name, "principalId": key.principal,
            "isValidationOnly": self.is_dry, "targetScheduleId": null,
            "justification": body["justification"].as_str(),
            "createdBy": {"application": if is_user { Value::Null } else { who.clone() }, "device": null,
                "user": if is_user { who } else { Value::Null }},
            "scheduleInfo": null,
            "ticketInfo": {"ticketNumber": body["ticketInfo"]["ticketNumber"].as_str(),
                "ticketSystem": body["ticketInfo"]["ticketSystem"].as_str()}});
        let mut members = match value {
            Value::Object(members) => members,
            _ => Map::new(),
        };
        key.place.print(&mut members);
        members
    }
}

/// Puts a schedule in the place of the one that it changes; activations of that one follow it.
fn replace(tenant: &mut Tenant, held: Option<&(String, Schedule)>, id: &str, schedule: Schedule) {
    if let Some((old, held)) = held {
        tenant.end_schedule(old, held);
        let used = |s: &Schedule| s.activated_using.as_ref() == Some(old);
        let users: Vec<String> = tenant.schedules.iter().filter(|(_, s)| used(s)).map(|(id, _)| id.clone()).collect();
        for user in users {
            if let Some(user) = tenant.schedules.get_mut(&user) {
                user.activated_using = Some(id.to_owned());
            }
        }
    }
    tenant.schedules.insert(id.to_owned(), schedule.into());
}

/// Makes the place wider than was asked, for a fault: the tenant instead of a part of it, owner instead of member.
fn widen(place: &mut Place) {
    match place {
        Place::Directory { scope, .. } => "/".clone_into(scope),
        Place::Group { access, .. } => *access = Access::Owner,
    }
}
