//! What the caller of a PIM list may see and asked to see.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::super::answer::Problem;
use super::super::instant::plus;
use super::super::tenant::Tenant;
use super::super::world::World;
use super::access::{self, Standing};
use super::ask::Ask;
use super::pim_filter::Filter;
use super::row::{self, Place};
use super::scope::Scope;

/// A list in the making.
#[derive(Debug)]
pub(super) struct Sight<'a> {
    pub(super) tenant: &'a Tenant,
    pub(super) ask: &'a Ask<'a>,
    pub(super) now: Timestamp,
    pub(super) filter: Filter,
    /// The principal whose rows are asked for, groups included.
    target: Option<String>,
    /// The groups that the target is in.
    groups: BTreeSet<String>,
    /// Whether old rows have upper-case names.
    is_upper: bool,
}

/// How old a row is that may have an upper-case name.
const OLD: SignedDuration = SignedDuration::from_hours(24 * 30);

impl<'a> Sight<'a> {
    /// Reads the filter of a list and checks that the caller may see it: the right to read, or a filter on what is the caller's own
    /// (arm.md B.6).
    pub(super) fn new(world: &World, tenant: &'a Tenant, ask: &'a Ask<'a>, fields: &[&str]) -> Result<Self, Problem> {
        let filter = ask.filter().map_or_else(|| Ok(Filter::default()), |text| Filter::parse(text, fields))?;
        if !(filter.as_target || filter.as_requestor || filter.as_approver) {
            may_read(tenant, ask)?;
        }
        let target = if filter.as_target { Some(ask.caller.oid.clone()) } else { filter.assigned_to.clone() };
        let groups = target.as_ref().map(|id| access::memberships(tenant, id, ask.now())).unwrap_or_default();
        let is_upper = world.options.switches.uppercase_names;
        Ok(Self { tenant, ask, now: ask.now(), filter, target, groups, is_upper })
    }

    /// Checks that the caller may read one row by name.
    pub(super) fn one(world: &World, tenant: &'a Tenant, ask: &'a Ask<'a>) -> Result<Self, Problem> {
        may_read(tenant, ask)?;
        Ok(Self {
            tenant,
            ask,
            now: ask.now(),
            filter: Filter::default(),
            target: None,
            groups: BTreeSet::new(),
            is_upper: world.options.switches.uppercase_names,
        })
    }

    /// Returns an id in the form of the version.
    pub(super) fn id(&self, scope: &Scope, collection: &str, name: &str) -> String {
        row::id(scope, collection, name, self.ask.is_preview())
    }

    /// Returns the name of a schedule or an instance that was created then.
    pub(super) fn spelled(&self, name: &str, created: Timestamp) -> String {
        if self.is_upper && plus(created, OLD) < self.now { name.to_ascii_uppercase() } else { name.to_owned() }
    }

    /// Tells whether the list holds the row by its place and principal; returns the principal to print and `memberType`. Through a
    /// group the row is the member's (arm.md B.5).
    pub(super) fn admit(&self, place: Place, scope: &Scope, holder: &str) -> Option<(String, &'static str)> {
        let is_elsewhere = (self.filter.at_scope && place == Place::Below)
            || (self.filter.at_scope_and_below && place == Place::Above)
            || (self.filter.as_target && row::is_hidden_from_target(scope, place));
        if is_elsewhere {
            return None;
        }
        let usual = place.member_type(self.ask);
        match &self.target {
            None => Some((holder.to_owned(), usual)),
            Some(target) if target.eq_ignore_ascii_case(holder) => Some((holder.to_owned(), usual)),
            Some(target) => self.groups.contains(holder).then(|| (target.to_ascii_lowercase(), "Group")),
        }
    }

    /// Tells whether a row passes the equations of the filter; of role definition ids only the last GUID counts.
    pub(super) fn is_equal(&self, row: &Value) -> bool {
        self.filter.equal.iter().all(|(name, wanted)| {
            let found = row["properties"][name.as_str()].as_str().unwrap_or_default();
            let is_id = name == "roleDefinitionId" || name.ends_with("ScheduleId");
            let tail = |id: &str| id.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
            if is_id { tail(found) == tail(wanted) } else { found.eq_ignore_ascii_case(wanted) }
        })
    }
}

/// Refuses who may not read PIM here; the text is the service's (arm.md B.6, E.2).
fn may_read(tenant: &Tenant, ask: &Ask<'_>) -> Result<(), Problem> {
    let action = format!("Microsoft.Authorization/{}/read", ask.kind);
    if Standing::of(tenant, &ask.caller, ask.now()).may(&ask.scope, &action) {
        return Ok(());
    }
    let text = format!(
        "The requestor {} does not have permissions for this request. Please use $filter=asTarget() to filter on the \
         requestor's assignments.",
        ask.caller.oid
    );
    Err(Problem::new(403, "InsufficientPermissions", text))
}
