//! What a schedule request does: it is judged in the order that gives the service's errors, then it changes schedules
//! (arm.md B.2, B.7, G.4 to G.6).

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::super::answer::Problem;
use super::super::failed_rule;
use super::super::fault::Effect;
use super::super::instant::{plus, truncate};
use super::super::options::SandboxOptions;
use super::super::tenant::{Kind, Side, Tenant};
use super::super::world::World;
use super::access;
use super::action::{ACTIONS, Action, KNOWN};
use super::ask::Ask;
use super::azure::Role;
use super::check::{self, Wish};
use super::request::Request;
use super::schedule::{self, Schedule};
use super::scope::{Level, Scope};
use super::window::{Window, malformed, too_short};
use super::{policy, policy_rule, row};

/// How long after its creation an assignment may be unknown to removals (arm.md B.7).
const SETTLING: SignedDuration = SignedDuration::from_secs(90);
/// The longest condition in bytes (arm.md E.4).
const LONGEST_CONDITION: usize = 8 * 1024;

fn exists() -> Problem {
    Problem::new(400, "RoleAssignmentExists", "The Role assignment already exists.")
}

fn absent() -> Problem {
    Problem::new(400, "RoleAssignmentDoesNotExist", "The Role assignment does not exist.")
}

/// A request on its way.
#[derive(Debug)]
pub(super) struct Command<'a> {
    ask: &'a Ask<'a>,
    options: &'a SandboxOptions,
    side: Side,
    /// The GUID in lower case.
    pub(super) name: String,
    request_type: &'static str,
    action: Action,
    sent: &'a Map<String, Value>,
    role: String,
    condition: Option<(String, String)>,
}

/// What a principal holds already.
#[derive(Debug)]
struct Held {
    name: String,
    is_plain: bool,
    schedule: Schedule,
}

impl<'a> Command<'a> {
    /// Reads a request; nothing of the tenant matters yet.
    pub(super) fn read(world: &'a Arc<World>, ask: &'a Ask<'a>, side: Side, name: &str) -> Result<Self, Problem> {
        let guid = uuid::Uuid::try_parse(name).map_err(|_| malformed("The name of a request must be a GUID."))?;
        let sent = ask.properties()?;
        if let Some(name) = sent.keys().find(|name| !KNOWN.contains(&name.as_str())) {
            return Err(malformed(&format!("The member '{name}' is not known.")));
        }
        let text = |name: &str| sent.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let asked = text("requestType").ok_or_else(|| malformed("requestType is missing."))?;
        let found = ACTIONS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(asked));
        let (request_type, action) = match found {
            Some((name, action, is_for_both)) if *is_for_both || side == Side::Active => (*name, *action),
            _ => return Err(malformed(&format!("The request type '{asked}' is not known here."))),
        };
        text("principalId").ok_or_else(|| malformed("principalId is missing."))?;
        let role = text("roleDefinitionId").and_then(row::role_guid);
        let role = role.ok_or_else(|| malformed("roleDefinitionId must end in the GUID of a role definition."))?;
        let condition = match (text("condition"), text("conditionVersion")) {
            (None, None) => None,
            (Some(condition), Some("2.0")) if condition.len() <= LONGEST_CONDITION => {
                Some((condition.to_owned(), "2.0".to_owned()))
            }
            (Some(_), Some("2.0")) => return Err(malformed("The condition is longer than 8 KB.")),
            (Some(_), Some(_)) => return Err(malformed("The condition version must be 2.0.")),
            _ => return Err(malformed("condition and conditionVersion go together.")),
        };
        Ok(Self {
            ask,
            options: &world.options,
            side,
            name: guid.to_string(),
            request_type,
            action,
            sent,
            role,
            condition,
        })
    }

    fn text(&self, name: &str) -> &str {
        self.sent.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn value(&self, name: &str) -> &Value {
        self.sent.get(name).unwrap_or(&Value::Null)
    }

    /// Judges the request and does what it says, or changes nothing.
    pub(super) fn run(&self, tenant: &mut Tenant, now: Timestamp) -> Result<Request, Problem> {
        if tenant.azure.requests.named(&self.name).is_some() {
            let text = format!("A role assignment request with Id: {} already exists.", self.name);
            return Err(Problem::new(409, "RoleAssignmentRequestExists", text));
        }
        self.allowed(tenant)?;
        tenant.azure.exists(&self.ask.scope)?;
        let principal = self.subject(tenant, now)?;
        let window = match self.action {
            Action::Remove | Action::Deactivate | Action::Ask => None,
            _ => Some(Window::read(self.value("scheduleInfo"), now)?),
        };
        let held = self.held(tenant, &principal, now);
        let mut request = self.request(&principal, now);
        let Some(window) = window else {
            self.end(tenant, held, &mut request, now)?;
            return Ok(self.file(tenant, request));
        };
        self.fits(tenant, held.as_ref(), &principal, now)?;
        let is_waiting = tenant.azure.requests.at(self.ask.scope.key()).any(|(_, _, other)| {
            other.pending.as_ref().is_some_and(|s| s.is(self.side, &self.role, &principal))
                && other.status(now) == "PendingApproval"
        });
        if is_waiting {
            let text = "There is already an existing pending Role assignment request.";
            return Err(Problem::new(400, "PendingRoleAssignmentRequest", text));
        }
        window.check(now)?;
        self.judge(tenant, &window, &mut request, now)?;
        self.grant(tenant, window, held, &mut request, now);
        Ok(self.file(tenant, request))
    }

    fn file(&self, tenant: &mut Tenant, request: Request) -> Request {
        tenant.azure.requests.insert(Scope::new(&request.scope).key(), &self.name, request.clone());
        request
    }

    /// Refuses who may not: Self… is for the person concerned, all else for who may write requests at the scope.
    fn allowed(&self, tenant: &Tenant) -> Result<(), Problem> {
        if !matches!(self.action, Action::Activate | Action::Deactivate | Action::Ask) {
            return self.ask.require(tenant, &format!("Microsoft.Authorization/{}/write", self.ask.kind));
        }
        let caller = &self.ask.caller;
        if caller.user.is_none() || !self.text("principalId").eq_ignore_ascii_case(&caller.oid) {
            return Err(malformed("Only the person concerned can ask for this."));
        }
        Ok(())
    }

    /// Returns the principal, or the refusal of the role, the principal, or the two together at this scope.
    fn subject(&self, tenant: &Tenant, now: Timestamp) -> Result<String, Problem> {
        let is_young = |created: Timestamp| now < plus(created, self.options.lag);
        let role = tenant.azure.role(&self.role).filter(|role| match role {
            Role::BuiltIn(_) => true,
            Role::Custom(_, role) => !is_young(role.created),
        });
        let role = role.ok_or_else(|| Problem::new(400, "RoleNotFound", "The role is not found."))?;
        let is_grant = matches!(self.action, Action::Assign | Action::Update | Action::Extend | Action::Renew);
        let id = self.text("principalId").to_ascii_lowercase();
        let object = tenant.object(&id).map(|(_, object)| object).filter(|object| {
            matches!(object.kind, Kind::User | Kind::Group | Kind::ServicePrincipal) && !is_young(object.created)
        });
        let Some(object) = object else {
            // What a deleted principal held can still be removed.
            if self.action == Action::Remove && self.held(tenant, &id, now).is_some() {
                return Ok(id);
            }
            return Err(Problem::new(400, "SubjectNotFound", "The subject is not found."));
        };
        if !is_grant {
            return Ok(id);
        }
        if self.side == Side::Eligible && object.kind == Kind::ServicePrincipal {
            let code = &self.options.switches.eligible_service_principal_code;
            return Err(Problem::new(400, code, "Service principals cannot be eligible for a role."));
        }
        let scope = &self.ask.scope;
        let is_group = matches!(scope.level(), Level::ManagementGroup | Level::Root);
        let is_barred = matches!(role, Role::Custom(..)) && role.has_data_actions() && is_group;
        if !tenant.azure.is_assignable(role, scope) || is_barred {
            let text = format!("The role definition '{}' is not assignable at the scope '{}'.", self.role, scope.id());
            return Err(Problem::new(400, "ScopeDoesNotMatchRoleDefinition", text));
        }
        Ok(id)
    }

    fn held(&self, tenant: &Tenant, principal: &str, now: Timestamp) -> Option<Held> {
        let (azure, key) = (&tenant.azure, self.ask.scope.key());
        let mut stored = azure.schedules.at(key).filter(|(_, _, s)| s.is(self.side, &self.role, principal));
        if let Some((_, name, schedule)) = stored.find(|(_, _, s)| !s.is_over(now)) {
            return Some(Held { name: name.to_owned(), is_plain: false, schedule: schedule.clone() });
        }
        let mut plain = azure.assignments.at(key).filter(|_| self.side == Side::Active);
        let (_, name, row) = plain.find(|(_, _, row)| row.role == self.role && row.principal == principal)?;
        Some(Held { name: name.to_owned(), is_plain: true, schedule: schedule::of_plain(name, row) })
    }

    /// Refuses a grant of what is held already, and a change of what is not.
    fn fits(&self, tenant: &Tenant, held: Option<&Held>, principal: &str, now: Timestamp) -> Result<(), Problem> {
        let has_ended = |tenant: &Tenant| {
            let mut all = tenant.azure.schedules.at(self.ask.scope.key());
            all.any(|(_, _, s)| s.is(self.side, &self.role, principal) && s.is_over(now))
        };
        match self.action {
            Action::Assign | Action::Activate | Action::Renew if held.is_some() => Err(exists()),
            Action::Renew if !has_ended(tenant) => Err(absent()),
            Action::Update | Action::Extend if held.is_none_or(|held| held.schedule.linked.is_some()) => Err(absent()),
            _ => Ok(()),
        }
    }

    fn wish(&self, window: Option<&Window>) -> Wish {
        let number = self.value("ticketInfo")["ticketNumber"].as_str().unwrap_or_default();
        Wish {
            length: window.and_then(Window::length),
            has_mfa: self.ask.caller.user.is_some() && self.ask.caller.has_mfa,
            has_justification: !self.text("justification").trim().is_empty(),
            has_ticket: !number.trim().is_empty(),
        }
    }

    fn refuse(&self, failed: &[&str]) -> Result<(), Problem> {
        if failed.is_empty() {
            return Ok(());
        }
        let text = failed_rule::message(failed, self.options.switches.newer_policy_message);
        Err(Problem::new(400, "RoleAssignmentRequestPolicyValidationFailed", text))
    }

    fn tail(&self) -> &'static str {
        match (self.action, self.side) {
            (Action::Activate, _) => "EndUser_Assignment",
            (_, Side::Eligible) => "Admin_Eligibility",
            (_, Side::Active) => "Admin_Assignment",
        }
    }

    /// Checks the policy; for an activation finds the eligibility behind it, whose scope's policy governs (arm.md C.1), and whether
    /// somebody must approve.
    fn judge(&self, tenant: &Tenant, window: &Window, request: &mut Request, now: Timestamp) -> Result<(), Problem> {
        let wish = self.wish(Some(window));
        if self.action != Action::Activate {
            let rules = policy::rules(tenant, self.ask.scope.key(), &self.role);
            return self.refuse(&check::failures(rules, self.tail(), &wish));
        }
        let used = self.eligibility(tenant, &request.principal, now)?;
        let at = used.as_ref().map_or(self.ask.scope.key(), |(key, ..)| key);
        let rules = policy::rules(tenant, at, &self.role);
        let mut failed = check::failures(rules, self.tail(), &wish);
        match &used {
            None => failed.insert(0, "EligibilityRule"),
            Some((_, _, eligible)) => {
                let outlives = eligible.end.is_some_and(|last| window.end.is_none_or(|end| end > last));
                if outlives && !failed.contains(&"ExpirationRule") {
                    failed.insert(0, "ExpirationRule");
                }
            }
        }
        self.refuse(&failed)?;
        let context = policy_rule::find(rules, policy_rule::CONTEXT);
        let claim = context["claimValue"].as_str().unwrap_or_default();
        if context["isEnabled"] == true && !self.ask.caller.contexts.iter().any(|held| held == claim) {
            let challenge =
                serde_json::json!({"access_token": {"acrs": {"essential": true, "value": claim}}}).to_string();
            let claims = percent_encoding::utf8_percent_encode(&challenge, percent_encoding::NON_ALPHANUMERIC);
            return Err(Problem::new(400, "RoleAssignmentRequestAcrsValidationFailed", format!("&claims={claims}")));
        }
        let setting = &policy_rule::find(rules, policy_rule::APPROVAL)["setting"];
        if setting["isApprovalRequired"] == true {
            let days = setting["approvalStages"][0]["approvalStageTimeOutInDays"].as_i64().unwrap_or(1);
            request.due = Some(plus(now, SignedDuration::from_hours(24 * days.clamp(1, 30))));
        }
        if let (Some((_, _, eligible)), None) = (&used, &request.condition) {
            // What was granted on a condition is activated on that condition.
            request.condition.clone_from(&eligible.condition);
            request.condition_version.clone_from(&eligible.condition_version);
        }
        request.linked = used.map(|(_, name, eligible)| (eligible.scope, name));
        Ok(())
    }

    /// Finds the eligibility that an activation uses: the linked one, or one here or above, held directly or through a group.
    fn eligibility(
        &self,
        tenant: &Tenant,
        principal: &str,
        now: Timestamp,
    ) -> Result<Option<(String, String, Schedule)>, Problem> {
        let linked = self.text("linkedRoleEligibilityScheduleId");
        if !linked.is_empty() && !linked.to_ascii_lowercase().contains("/roleeligibilityschedules/") {
            return Err(malformed("linkedRoleEligibilityScheduleId must be the id of a schedule."));
        }
        let wanted = linked.rsplit('/').next().filter(|name| !name.is_empty());
        let ids = access::memberships(tenant, principal, now);
        let chain = tenant.azure.chain(&self.ask.scope);
        let mut rows = chain.iter().flat_map(|key| tenant.azure.schedules.at(key));
        let found = rows.find(|(_, name, s)| {
            s.side == Side::Eligible
                && s.role == self.role
                && s.is_in_force(now)
                && ids.contains(&s.principal)
                && wanted.is_none_or(|wanted| wanted.eq_ignore_ascii_case(name))
        });
        Ok(found.map(|(key, name, s)| (key.to_owned(), name.to_owned(), s.clone())))
    }

    /// Makes the schedule, unless somebody must approve or a fault says otherwise.
    fn grant(&self, tenant: &mut Tenant, window: Window, held: Option<Held>, request: &mut Request, now: Timestamp) {
        if self.ask.effects.contains(&Effect::Widen) {
            request.scope = row::above(&tenant.azure, &self.ask.scope).id().to_owned();
        }
        let delay = self.ask.effects.iter().find_map(|effect| match effect {
            Effect::PendingProvisioning { seconds } => Some(plus(now, SignedDuration::from_secs(*seconds))),
            _ => None,
        });
        let instance = match &held {
            Some(held) => held.schedule.instance.clone(),
            None => tenant.mint(&format!("instance/{}", self.name)),
        };
        let schedule = Schedule {
            side: self.side,
            scope: request.scope.clone(),
            role: self.role.clone(),
            principal: request.principal.clone(),
            start: window.start,
            end: window.end,
            created: held.as_ref().map_or(request.created, |held| held.schedule.created),
            updated: Some(request.created),
            instance,
            linked: request.linked.as_ref().map(|(_, name)| name.clone()),
            condition: request.condition.clone(),
            condition_version: request.condition_version.clone(),
            visible_from: delay,
        };
        let is_future = window.is_future(now);
        request.settles = is_future.then_some(window.start);
        request.status = if is_future { "Granted" } else { "Provisioned" }.to_owned();
        request.has_target = true;
        if delay.is_some() {
            (request.status, request.settles) = ("PendingProvisioning".to_owned(), delay);
        }
        request.window = Some(window);
        if let Some(status) = self.forced() {
            (request.status, request.settles, request.due) = (status, None, None);
            return;
        }
        if request.due.is_some() {
            (request.status, request.settles) = ("PendingApproval".to_owned(), None);
            request.pending = Some(Box::new(schedule));
            return;
        }
        if let Some(held) = held {
            self.drop_held(tenant, &held);
        }
        tenant.azure.schedules.insert(Scope::new(&schedule.scope).key(), &self.name, schedule);
    }

    /// Returns the condition, unless a fault drops it.
    fn kept_condition(&self) -> Option<(String, String)> {
        self.condition.clone().filter(|_| !self.ask.effects.contains(&Effect::DropCondition))
    }

    fn forced(&self) -> Option<String> {
        self.ask.effects.iter().find_map(|effect| match effect {
            Effect::Request { status } => Some(status.clone()),
            _ => None,
        })
    }

    fn drop_held(&self, tenant: &mut Tenant, held: &Held) {
        let (azure, key) = (&mut tenant.azure, self.ask.scope.key());
        if held.is_plain {
            azure.assignments.remove(key, &held.name);
        } else {
            azure.schedules.remove(key, &held.name);
        }
    }

    /// Removes, deactivates, or files what only an administrator can decide.
    fn end(
        &self,
        tenant: &mut Tenant,
        held: Option<Held>,
        request: &mut Request,
        now: Timestamp,
    ) -> Result<(), Problem> {
        if self.action == Action::Ask {
            let mut all = tenant.azure.schedules.at(self.ask.scope.key());
            if !all.any(|(_, _, s)| s.is(self.side, &self.role, &request.principal)) {
                return Err(absent());
            }
            request.status = "PendingAdminDecision".to_owned();
            return Ok(());
        }
        let held = held.ok_or_else(absent)?;
        if self.action == Action::Deactivate && held.schedule.linked.is_none() {
            return Err(absent());
        }
        // What has not begun is cancelled through the request that made it, while that one is there (arm.md B.7).
        let has_maker = tenant.azure.requests.get(self.ask.scope.key(), &held.name).is_some_and(|r| r.is_kept(now));
        let is_settling = self.options.switches.settling_removals && now < plus(held.schedule.created, SETTLING);
        let has_begun = held.schedule.is_in_force(now);
        if (!has_begun && has_maker) || is_settling {
            return Err(absent());
        }
        if has_begun && now < plus(held.schedule.created, self.options.min_age) {
            return Err(too_short());
        }
        if self.action == Action::Remove {
            // Justification and ticket are demanded of removals too, MFA is not (arm.md B.7).
            let wish = Wish { has_mfa: true, ..self.wish(None) };
            let rules = policy::rules(tenant, self.ask.scope.key(), &self.role);
            self.refuse(&check::demanded(rules, self.tail(), &wish))?;
        }
        request.status = "Revoked".to_owned();
        match self.forced() {
            Some(status) => request.status = status,
            None => self.drop_held(tenant, &held),
        }
        Ok(())
    }

    /// Returns the request as it is filed before anything comes of it.
    fn request(&self, principal: &str, now: Timestamp) -> Request {
        let ticket = self.value("ticketInfo").as_object().cloned().unwrap_or_default();
        let (condition, condition_version) = self.kept_condition().unzip();
        Request {
            side: self.side,
            scope: self.ask.scope.id().to_owned(),
            role: self.role.clone(),
            principal: principal.to_owned(),
            request_type: self.request_type.to_owned(),
            status: String::new(),
            created: truncate(now, 100),
            requestor: self.ask.caller.oid.clone(),
            window: None,
            justification: Some(self.text("justification").to_owned()).filter(|text| !text.is_empty()),
            ticket: ticket.into_iter().filter(|(_, value)| !value.is_null()).collect(),
            condition,
            condition_version,
            has_target: false,
            linked: None,
            settles: None,
            pending: None,
            due: None,
            decision: None,
        }
    }
}
