//! Who reaches what, when and under which controls, read naively off a state; and what of it neither of two other states allows.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use rolewright::core::assignment::{AssignmentKey, Mode};
use rolewright::core::direction::Direction;
use rolewright::core::id::{GroupId, PrincipalId};
use rolewright::core::observed::Observed;
use rolewright::core::policy::default::factory;
use rolewright::core::policy::field::{SettingField, SettingValue};
use rolewright::core::policy::rule::Event;
use rolewright::core::policy::settings::Settings;
use rolewright::core::principal::Principals;
use rolewright::core::role_definition::{Permission, Permissions};
use rolewright::core::schedule::Window;
use rolewright::core::target::{Access, RoleKey, Target};

use crate::order_chain::stage::OPERATIONS;
use crate::world::now;

/// Instants as bits: one in each stretch between two instants at which a window may open or close.
pub(super) type Instants = u16;

/// Hours from now, in order.
const HOURS: [i64; 7] = [1, 3 * 24 + 1, 10 * 24 + 1, 20 * 24 + 1, 30 * 24 + 1, 40 * 24 + 1, 60 * 24 + 1];

fn open(window: &Window) -> Instants {
    let instant = |hours: &i64| -> Timestamp { now() + SignedDuration::from_hours(*hours) };
    let is_open = |at: Timestamp| window.start.is_none_or(|s| s <= at) && window.end.is_none_or(|end| at < end);
    HOURS.iter().enumerate().filter(|(_, hours)| is_open(instant(hours))).map(|(bit, _)| 1 << bit).sum()
}

/// A tenant, as far as it says who may do what.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Model {
    pub(super) roles: BTreeMap<RoleKey, Permissions>,
    pub(super) settings: BTreeMap<Target, Settings>,
    pub(super) grants: BTreeMap<AssignmentKey, (Window, Option<String>)>,
}

/// What somebody is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Being {
    Person(PrincipalId),
    DirectMember(GroupId),
    Member(GroupId),
    Owner(GroupId),
    Holder(Target),
}

impl Model {
    pub(super) fn of(observed: &Observed) -> Self {
        let grants = observed.assignments.iter();
        Self {
            roles: observed.roles.iter().map(|(key, role)| (key.clone(), role.permissions.clone())).collect(),
            settings: observed.settings.clone(),
            grants: grants.map(|(key, live)| (key.clone(), (live.window, live.condition.clone()))).collect(),
        }
    }

    /// Returns the settings of a target; of a role that is new, the service's defaults.
    pub(super) fn governing(&self, target: &Target) -> Settings {
        self.settings.get(&target.policy_target()).cloned().unwrap_or_else(|| factory(target.surface()))
    }

    fn allows(&self, role: &RoleKey, operation: &str) -> bool {
        let matches = |list: &BTreeSet<Permission>| {
            list.iter().any(|one| match one.as_str().strip_suffix('*') {
                Some(head) => operation.starts_with(head),
                None => operation == one.as_str(),
            })
        };
        self.roles.get(role).is_some_and(|role| matches(&role.actions) && !matches(&role.not_actions))
    }
}

/// Returns what a grant makes of somebody who is `being`; nothing when it is not theirs.
fn becomes(principals: &Principals, being: &Being, key: &AssignmentKey) -> Option<Being> {
    let group_of = |group: &GroupId| PrincipalId::new(group.as_str());
    let is_mine = match (being, &key.target) {
        (Being::Person(id), _) => *id == key.principal,
        (Being::DirectMember(group), Target::Directory { .. }) => {
            let is_plain = principals[&group_of(group)].is_role_assignable == Some(false);
            group_of(group) == key.principal && !is_plain
        }
        (Being::Member(_), Target::Directory { .. }) => false,
        (Being::Member(_), Target::Group { access: Access::Owner, .. }) if key.mode == Mode::Active => false,
        (Being::Member(group), _) => group_of(group) == key.principal,
        _ => false,
    };
    is_mine.then(|| match &key.target {
        Target::Group { group, access: Access::Owner } => Being::Owner(group.clone()),
        // whoever is active in a nested group is no direct member; an activation is personal
        Target::Group { group, .. } if key.mode == Mode::Active && !matches!(being, Being::Person(_)) => {
            Being::Member(group.clone())
        }
        Target::Group { group, .. } => Being::DirectMember(group.clone()),
        role => Being::Holder(role.clone()),
    })
}

/// When a way is open in a state, and when it was as open before and will be after. Whoever has come to a group is a member; the
/// last two say when they were, or will be, a direct one.
#[derive(Clone, Copy)]
struct Open {
    here: Instants,
    before: Instants,
    after: Instants,
    direct_before: Instants,
    direct_after: Instants,
}

const ALWAYS: Open = Open {
    here: Instants::MAX,
    before: Instants::MAX,
    after: Instants::MAX,
    direct_before: Instants::MAX,
    direct_after: Instants::MAX,
};

/// Three states: may what one allows be, given the two others?
pub(super) struct Judge<'a> {
    pub(super) principals: &'a Principals,
    pub(super) before: &'a Model,
    pub(super) after: &'a Model,
}

impl Judge<'_> {
    /// Returns a way that `state` opens, at an instant at which it is neither open before nor after, or not as widely.
    pub(super) fn objection(&self, state: &Model) -> Option<String> {
        let groups =
            self.principals.keys().filter(|id| id.as_str().starts_with('g')).map(|id| GroupId::new(id.as_str()));
        let of_group = |g: GroupId| [Being::DirectMember(g.clone()), Being::Member(g.clone()), Being::Owner(g)];
        let people = self.principals.keys().filter(|id| !id.as_str().starts_with('g')).cloned().map(Being::Person);
        people.chain(groups.flat_map(of_group)).find_map(|being| self.walk(state, &[being], &[], ALWAYS))
    }

    /// Goes on from the last of `beings`.
    fn walk(&self, state: &Model, beings: &[Being], way: &[String], open_at: Open) -> Option<String> {
        let being = beings.last()?;
        let mut found = open_at.here & !(open_at.before | open_at.after) != 0;
        if let Being::Holder(target) = being {
            let role = target.role_key()?;
            found |= OPERATIONS.iter().filter(|operation| state.allows(&role, operation)).any(|operation| {
                let of = |model: &Model, instants| if model.allows(&role, operation) { instants } else { 0 };
                open_at.here & !(of(self.before, open_at.before) | of(self.after, open_at.after)) != 0
            });
        }
        if found {
            return Some(way.join(", then "));
        }
        let mut next: Vec<(String, Being, Open)> = Vec::new();
        match being {
            Being::DirectMember(group) => {
                next.push(("is a member".to_owned(), Being::Member(group.clone()), ALWAYS));
            }
            Being::Owner(group) => {
                next.push((format!("adds itself to {group}"), Being::DirectMember(group.clone()), ALWAYS));
            }
            _ => {}
        }
        for (key, (window, condition)) in &state.grants {
            let Some(becomes) = becomes(self.principals, being, key) else { continue };
            let [before, after, direct_before, direct_after] =
                [(self.before, false), (self.after, false), (self.before, true), (self.after, true)].map(
                    |(by, is_exact)| self.allowed((by, is_exact), (being, &becomes), key, condition.as_deref(), state),
                );
            let open_at = Open { here: open(window), before, after, direct_before, direct_after };
            next.push((format!("{key:?} {window} {condition:?}"), becomes, open_at));
        }
        next.into_iter().filter(|(_, becomes, _)| !beings.contains(becomes)).find_map(|(link, becomes, more)| {
            // directory roles ask for direct members, everything else for members
            let asks = matches!(being, Being::DirectMember(_)) && matches!(becomes, Being::Holder(_));
            let (before, after) = match asks {
                true => (open_at.direct_before, open_at.direct_after),
                false => (open_at.before, open_at.after),
            };
            let open_at = Open {
                here: open_at.here & more.here,
                before: before & more.before,
                after: after & more.after,
                direct_before: before & more.direct_before,
                direct_after: after & more.direct_after,
            };
            let beings = [beings, &[becomes]].concat();
            if open_at.here == 0 { None } else { self.walk(state, &beings, &[way, &[link]].concat(), open_at) }
        })
    }

    /// Returns when a side has a grant that takes somebody as far as easily: active covers eligible, no condition covers any, and
    /// controls cover what is controlled more strictly. Unless it must be exact, a member will do for a direct one.
    fn allowed(
        &self,
        (by, is_exact): (&Model, bool),
        (being, wanted): (&Being, &Being),
        key: &AssignmentKey,
        condition: Option<&str>,
        state: &Model,
    ) -> Instants {
        let modes: &[Mode] = if key.mode == Mode::Active { &[Mode::Active] } else { &[Mode::Active, Mode::Eligible] };
        let mut instants = 0;
        for mode in modes {
            let key = AssignmentKey { mode: *mode, ..key.clone() };
            let Some((window, other)) = by.grants.get(&key) else { continue };
            let is_as_easy = *mode == Mode::Active || self.holds(&state.governing(&key.target), by, &key.target);
            let is_as_free = other.is_none() || other.as_deref() == condition;
            let is_as_far = match (becomes(self.principals, being, &key), wanted) {
                (Some(Being::Member(group)), Being::DirectMember(wanted)) => !is_exact && group == *wanted,
                (becomes, wanted) => becomes.as_ref() == Some(wanted),
            };
            if is_as_easy && is_as_free && is_as_far {
                instants |= open(window);
            }
        }
        instants
    }

    /// Tells whether `settings` stop whoever those of `by` stop. Where gatekeepers change places with others, those that were
    /// reviewed count as well as those before (`SettingField::tightest`).
    fn holds(&self, settings: &Settings, by: &Model, target: &Target) -> bool {
        let other = by.governing(target);
        let (before, after) = (self.before.governing(target), self.after.governing(target));
        let is_ruled = other.approval.is_required;
        controls().into_iter().filter(|field| *field != SettingField::Approvers || is_ruled).all(|field| {
            let is_exchanged = match (field.get(&before), field.get(&after)) {
                (SettingValue::Approvers(a), SettingValue::Approvers(b)) => {
                    let asked = before.approval.is_required && after.approval.is_required;
                    asked && a.is_disjoint(&b)
                }
                (SettingValue::Context(a), SettingValue::Context(b)) => a.is_some() && b.is_some() && a != b,
                _ => false,
            };
            is_exchanged && field.get(settings) == field.get(&after)
                || field.direction(&field.get(&other), &field.get(settings)) != Direction::Widens
        })
    }
}

/// Returns the fields that hold an activation up.
pub(super) fn controls() -> [SettingField; 5] {
    [
        SettingField::MaxDuration(Event::Activation),
        SettingField::Require(Event::Activation),
        SettingField::ApprovalRequired,
        SettingField::Approvers,
        SettingField::AuthenticationContext,
    ]
}
