//! Schedules of eligible and active assignments at ARM scopes (arm.md B.5): what is wanted, future rows included, and the plain
//! role assignments beside them.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Problem, Reply};
use super::super::instant::{plus, precise};
use super::super::tenant::{Side, Tenant};
use super::super::world::World;
use super::ask::Ask;
use super::row::{self, Place};
use super::scope::Scope;
use super::sight::Sight;
use super::window::PROCESSING;

/// A stored intent with its time window. It is filed in `Azure::schedules` by the key of its scope and its name, which is the GUID
/// of the request that last changed it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Schedule {
    /// Eligible or active.
    pub(crate) side: Side,
    /// The scope as it was spelled.
    pub(crate) scope: String,
    /// The GUID of the role definition, lower case.
    pub(crate) role: String,
    /// Object id, lower case.
    pub(crate) principal: String,
    pub(crate) start: Timestamp,
    /// `None` is permanent.
    #[serde(default)]
    pub(crate) end: Option<Timestamp>,
    pub(crate) created: Timestamp,
    #[serde(default)]
    pub(crate) updated: Option<Timestamp>,
    /// The GUID of the instance, and for an active assignment of the row in `roleAssignments`.
    pub(crate) instance: String,
    /// The name of the eligibility schedule behind an activation.
    #[serde(default)]
    pub(crate) linked: Option<String>,
    #[serde(default)]
    pub(crate) condition: Option<String>,
    #[serde(default)]
    pub(crate) condition_version: Option<String>,
    /// Not shown and not in force before this instant (a request that is still provisioning).
    #[serde(default)]
    pub(crate) visible_from: Option<Timestamp>,
}

impl Schedule {
    /// Tells whether it has ended.
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        self.end.is_some_and(|end| end <= now)
    }

    /// Tells whether it is neither ended nor still provisioning.
    pub(crate) fn is_listed(&self, now: Timestamp) -> bool {
        !self.is_over(now) && self.visible_from.is_none_or(|from| from <= now)
    }

    /// Tells whether it holds at `now`. What was asked for now begins when it has been processed, and is answered as done.
    pub(crate) fn is_in_force(&self, now: Timestamp) -> bool {
        self.is_listed(now) && self.start <= plus(now, PROCESSING)
    }

    /// Tells whether it is about the same: one principal holds one role once at a scope, eligible or active (arm.md B.2).
    pub(super) fn is(&self, side: Side, role: &str, principal: &str) -> bool {
        self.side == side && self.role.eq_ignore_ascii_case(role) && self.principal.eq_ignore_ascii_case(principal)
    }

    fn status(&self, now: Timestamp) -> &'static str {
        if self.is_in_force(now) { "Provisioned" } else { "Granted" }
    }

    fn assignment_type(&self) -> &'static str {
        if self.linked.is_some() { "Activated" } else { "Assigned" }
    }
}

/// A schedule that a list meets: stored, or standing for a plain role assignment, whose GUID it has (arm.md B.0).
#[derive(Debug, Clone)]
pub(super) struct Found<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) scope: Scope,
    pub(super) place: Place,
    pub(super) is_plain: bool,
    pub(super) schedule: Cow<'a, Schedule>,
}

/// Returns the schedules at, above and below a scope that have not ended.
pub(super) fn reach<'a>(tenant: &'a Tenant, scope: &Scope, side: Side, now: Timestamp) -> Vec<Found<'a>> {
    let mut found = Vec::new();
    for (place, (_, name, schedule)) in row::reach(&tenant.azure, &tenant.azure.schedules, scope) {
        if schedule.side == side && schedule.is_listed(now) {
            found.push(Found {
                name: Cow::Borrowed(name),
                scope: Scope::new(&schedule.scope),
                place,
                is_plain: false,
                schedule: Cow::Borrowed(schedule),
            });
        }
    }
    if side == Side::Active {
        for (place, (_, name, plain)) in row::reach(&tenant.azure, &tenant.azure.assignments, scope) {
            found.push(Found {
                name: Cow::Borrowed(name),
                scope: Scope::new(&plain.scope),
                place,
                is_plain: true,
                schedule: Cow::Owned(of_plain(name, plain)),
            });
        }
    }
    found
}

/// Returns the schedule that stands for a plain role assignment: active since its creation, without an end.
pub(super) fn of_plain(name: &str, plain: &super::role_assignment::RoleAssignment) -> Schedule {
    Schedule {
        side: Side::Active,
        scope: plain.scope.clone(),
        role: plain.role.clone(),
        principal: plain.principal.clone(),
        start: plain.created,
        end: None,
        created: plain.created,
        updated: Some(plain.updated),
        instance: name.to_owned(),
        linked: None,
        condition: plain.condition.clone(),
        condition_version: plain.condition_version.clone(),
        visible_from: None,
    }
}

impl Found<'_> {
    /// Returns the members that schedules and instances share.
    pub(super) fn common(&self, sight: &Sight<'_>, principal: &str, member_type: &str) -> Map<String, Value> {
        let (s, ask) = (&*self.schedule, sight.ask);
        let mut p = Map::new();
        let mut put = |name: &str, value: Value| p.insert(name.to_owned(), value);
        put("scope", json!(self.scope.id()));
        put("roleDefinitionId", json!(sight.tenant.azure.role_id(&self.scope, &s.role)));
        put("principalId", json!(principal));
        put("principalType", json!(row::principal_type(sight.tenant, principal)));
        put("status", json!(s.status(sight.now)));
        put("startDateTime", json!(precise(s.start)));
        if let Some(end) = s.end {
            put("endDateTime", json!(precise(end)));
        }
        put("memberType", json!(member_type));
        put("createdOn", json!(precise(s.created)));
        match (&s.condition, &s.condition_version) {
            (Some(condition), version) => {
                put("condition", json!(condition));
                put("conditionVersion", json!(version.as_deref().unwrap_or("2.0")));
            }
            // Early versions print empty texts (arm.md B.5).
            (None, _) if ask.is_preview() => {
                put("condition", json!(""));
                put("conditionVersion", json!(""));
            }
            (None, _) => {}
        }
        if s.side == Side::Active {
            put("assignmentType", json!(s.assignment_type()));
        }
        if let Some((scope, name, _)) = self.eligibility(sight.tenant) {
            put("linkedRoleEligibilityScheduleId", json!(sight.id(&scope, "roleEligibilitySchedules", &name)));
        }
        put("expandedProperties", row::expanded(sight.tenant, &self.scope, &s.role, principal));
        p
    }

    /// Returns the eligibility behind an activation: its scope, name and instance.
    pub(super) fn eligibility(&self, tenant: &Tenant) -> Option<(Scope, String, Option<String>)> {
        let linked = self.schedule.linked.as_ref()?;
        Some(match tenant.azure.schedules.named(linked) {
            Some((_, name, used)) => (Scope::new(&used.scope), name.to_owned(), Some(used.instance.clone())),
            None => (self.scope.clone(), linked.clone(), None),
        })
    }

    /// Returns the row of a schedule.
    fn row(&self, sight: &Sight<'_>, principal: &str, member_type: &str) -> Value {
        let mut p = self.common(sight, principal, member_type);
        p.insert("updatedOn".to_owned(), json!(precise(self.schedule.updated.unwrap_or(self.schedule.created))));
        let (collection, request, member) = match self.schedule.side {
            Side::Eligible => {
                ("roleEligibilitySchedules", "roleEligibilityScheduleRequests", "roleEligibilityScheduleRequestId")
            }
            Side::Active => {
                ("roleAssignmentSchedules", "roleAssignmentScheduleRequests", "roleAssignmentScheduleRequestId")
            }
        };
        if !self.is_plain {
            p.insert(member.to_owned(), json!(sight.id(&self.scope, request, &self.name)));
        }
        let name = sight.spelled(&self.name, self.schedule.created);
        json!({"properties": p, "name": name, "id": sight.id(&self.scope, collection, &name),
            "type": format!("Microsoft.Authorization/{collection}")})
    }
}

/// The properties that `$filter` may compare (arm.md B.6).
const FIELDS: [&str; 3] = ["principalId", "roleDefinitionId", "status"];

/// Answers the reads of the schedule collections; they are written through requests only.
pub(super) fn answer(world: &Arc<World>, ask: &Ask<'_>, side: Side) -> Answer {
    row::licensed(world)?;
    let tenant = world.store.read(ask.view);
    match (ask.method.as_str(), ask.rest.as_slice()) {
        ("GET", []) => {
            let sight = Sight::new(world, &tenant, ask, &FIELDS)?;
            let mut rows = Vec::new();
            for found in reach(&tenant, &ask.scope, side, ask.now()) {
                if let Some((principal, member)) = sight.admit(found.place, &found.scope, &found.schedule.principal) {
                    let row = found.row(&sight, &principal, member);
                    rows.extend(sight.is_equal(&row).then_some(row));
                }
            }
            super::page::page(ask, rows, 0)
        }
        ("GET", [name]) => {
            let sight = Sight::one(world, &tenant, ask)?;
            let mut all = reach(&tenant, &ask.scope, side, ask.now()).into_iter();
            let found = all.find(|found| found.name.eq_ignore_ascii_case(name)).ok_or_else(|| absent(name))?;
            Ok(Reply::json(200, found.row(&sight, &found.schedule.principal, found.place.member_type(ask))))
        }
        _ => Err(ask.not_emulated()),
    }
}

/// Returns 404 for a schedule, an instance or a request that is not there; the code is assumed.
pub(super) fn absent(name: &str) -> Problem {
    Problem::new(404, "ResourceNotFound", format!("The resource '{name}' is not found."))
}
