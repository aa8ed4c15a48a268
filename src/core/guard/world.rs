//! One state as guards ask about it: who can act, by which way, with whose approval.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::core::assignment::{AssignmentKey, Mode, ObservedAssignment};
use crate::core::chain::{Chain, Graph, Link};
use crate::core::condition::{ASSIGN, Condition, Effect};
use crate::core::guard::{PRIVILEGED_ROLE_ADMINISTRATOR, is_at_tenant, is_global_administrator};
use crate::core::id::{GroupId, PrincipalId, RoleId, is_guid};
use crate::core::observed::Observed;
use crate::core::policy::rule::Approver;
use crate::core::policy::settings::Settings;
use crate::core::principal::PrincipalType;
use crate::core::scope::ArmScope;
use crate::core::target::{Access, Surface, Target};

/// The built-in roles of Azure whose holders can give roles to others: Owner, User Access Administrator, Role Based Access Control
/// Administrator (arm.md F). A custom role that could does not count: what it permits may be changed any time.
const AZURE_ADMINISTRATORS: [&str; 3] = [
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
];

/// How many ways to a role are looked at when the easiest is closed.
const WAYS: usize = 5;

/// Some people, and whether they are all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct People {
    /// Those who are known and not known to be unable to sign in.
    pub(super) known: BTreeSet<PrincipalId>,
    /// Whether nobody else can be among them.
    pub(super) is_whole: bool,
}

impl People {
    /// Tells whether nobody but `requester` is, or can be, among them.
    pub(super) fn is_nobody_but(&self, requester: Option<&PrincipalId>) -> bool {
        self.is_whole && self.known.iter().all(|person| Some(person) == requester)
    }
}

/// The approvers that settings name, on a surface.
type Named = (Surface, BTreeSet<Approver>);

/// A state with what is derived from it once.
pub(super) struct World<'a> {
    pub(super) state: &'a Observed,
    /// Who reaches what by what is in force: what opens later helps nobody today.
    pub(super) graph: Graph,
    /// Which assignments are looked at.
    is_meant: fn(&ObservedAssignment) -> bool,
    azure: OnceCell<BTreeMap<&'a ArmScope, Vec<Held<'a>>>>,
    approvers: RefCell<BTreeMap<Named, Rc<People>>>,
}

/// An assignment with its row.
pub(super) type Held<'a> = (&'a AssignmentKey, &'a ObservedAssignment);

impl<'a> World<'a> {
    pub(super) fn of(state: &'a Observed) -> Self {
        Self::with(state, |found| !found.window.is_pending())
    }

    /// Returns what is left of a state when everything that has an end has ended.
    pub(super) fn lasting(state: &'a Observed) -> Self {
        Self::with(state, |found| !found.window.is_pending() && found.window.end.is_none())
    }

    fn with(state: &'a Observed, is_meant: fn(&ObservedAssignment) -> bool) -> Self {
        let graph = Graph::of_those(state, is_meant);
        Self { state, graph, is_meant, azure: OnceCell::new(), approvers: RefCell::default() }
    }

    /// Tells whether somebody is known to be deleted or disabled.
    pub(super) fn is_gone(&self, id: &PrincipalId) -> bool {
        let is_disabled = || self.state.principals.get(id).is_some_and(|known| known.is_enabled == Some(false));
        self.state.deleted_principals.contains(id) || is_disabled()
    }

    pub(super) fn is_group(&self, id: &PrincipalId) -> bool {
        let is_kind = || self.state.principals.get(id).is_some_and(|known| known.kind == Some(PrincipalType::Group));
        self.graph.is_group(id) || is_kind()
    }

    /// Tells whether the members of a group were listed.
    pub(super) fn is_looked_at(&self, group: &PrincipalId) -> bool {
        self.state.groups.contains_key(&GroupId::new(group.as_str()))
    }

    /// Tells whether the members of a group were to be listed and could not all be.
    pub(super) fn is_hidden(&self, group: &PrincipalId) -> bool {
        let members = member(group);
        [Mode::Active, Mode::Eligible].iter().any(|mode| self.state.missing(&members, *mode).is_some())
    }

    /// Returns who is, or may become, a member of a group.
    pub(super) fn members(&self, group: &PrincipalId) -> People {
        if !self.is_looked_at(group) {
            let Some(read) = self.state.members.get(&GroupId::new(group.as_str())) else { return People::default() };
            let known = read.iter().filter(|id| !self.is_gone(id) && !self.is_group(id)).cloned().collect();
            return People { known, is_whole: true };
        }
        let mut people = People { known: BTreeSet::new(), is_whole: !self.is_hidden(group) };
        for (id, _) in self.graph.holders(&member(group)).iter() {
            if self.is_group(id) {
                people.is_whole &= self.is_looked_at(id) && !self.is_hidden(id);
            } else if !self.is_gone(id) {
                people.known.insert(id.clone());
            }
        }
        people
    }

    /// Returns who holds Global Administrator or Privileged Role Administrator over the whole tenant without doing anything: who
    /// approves where a directory role names nobody (graph.md 3.4).
    fn standing_administrators(&self) -> People {
        let mut people = People { known: BTreeSet::new(), is_whole: self.state.surfaces.contains(&Surface::Directory) };
        people.is_whole &= self.state.missing_directory(Mode::Active).is_none();
        for target in self.graph.targets().into_iter().filter(|target| hands_out(target)) {
            let holders = self.graph.holders(target);
            for (id, _) in holders.iter().filter(|(_, manner)| manner.is_standing()) {
                if self.is_group(id) {
                    people.is_whole &= self.is_looked_at(id) && !self.is_hidden(id);
                } else if !self.is_gone(id) {
                    people.known.insert(id.clone());
                }
            }
        }
        people
    }

    /// Returns who may approve by these settings. On Azure it is not documented who does when nobody is named (arm.md C.4), so
    /// nothing is known there; on groups nobody does (graph.md 3.4).
    pub(super) fn approvers(&self, surface: Surface, settings: &Settings) -> Rc<People> {
        let key = (surface, settings.approval.approvers.clone());
        if let Some(known) = self.approvers.borrow().get(&key) {
            return Rc::clone(known);
        }
        let mut people = People { known: BTreeSet::new(), is_whole: true };
        if key.1.is_empty() {
            match surface {
                Surface::Directory => people = self.standing_administrators(),
                Surface::Azure => people.is_whole = false,
                Surface::Group => {}
            }
        }
        for approver in &key.1 {
            let of_one = match approver {
                Approver::User(id) => self.one(id),
                Approver::Group(id) if self.is_gone(id) => People { known: BTreeSet::new(), is_whole: true },
                Approver::Group(id) => self.members(id),
            };
            people.known.extend(of_one.known);
            people.is_whole &= of_one.is_whole;
        }
        let people = Rc::new(people);
        self.approvers.borrow_mut().insert(key, Rc::clone(&people));
        people
    }

    /// A deleted approver may linger as any text (graph.md 3.6 #10 and #15).
    fn one(&self, id: &PrincipalId) -> People {
        let known = self.state.principals.get(id).filter(|known| known.kind.is_some() || known.name.is_some());
        let is_gone = self.is_gone(id) || known.is_none() && !is_guid(id.as_str());
        let is_there = known.is_some() && !is_gone;
        People { known: is_there.then(|| id.clone()).into_iter().collect(), is_whole: is_there || is_gone }
    }

    /// Tells whether an activation of `target` is known to wait for an approval that nobody could give to `requester`; `None` asks
    /// for a requester who is not known.
    pub(super) fn is_barred(&self, target: &Target, requester: Option<&PrincipalId>) -> bool {
        let Some(settings) = self.state.settings_of(&target.policy_target()) else { return false };
        settings.approval.is_required && self.approvers(target.surface(), settings).is_nobody_but(requester)
    }

    /// Tells whether a chain can be gone: no activation on it waits for an approval that nobody could give.
    fn is_open(&self, chain: &Chain) -> bool {
        let requester = (!self.is_group(&chain.holder)).then_some(&chain.holder);
        chain.links.iter().all(|link| match link {
            Link::Grant(index) => {
                let key = &self.graph.grants()[*index].key;
                key.mode == Mode::Active || !self.is_barred(&key.target, requester)
            }
            Link::AddsItself(_) => true,
        })
    }

    /// Tells whether somebody can get to `target`, which lies on the way `easiest` or on a few others.
    pub(super) fn can_get_to(&self, holder: &PrincipalId, target: &Target, easiest: Option<&Chain>) -> bool {
        easiest.is_some_and(|chain| self.is_open(chain))
            || self.graph.chains(holder, target, WAYS).chains.iter().any(|chain| self.is_open(chain))
    }

    /// Returns who holds, or may activate, one of the roles that give Azure roles to others at a scope: made there, above it, or
    /// inherited from a scope that was not listed. What opens later is left out, and of what lasts all that has an end.
    pub(super) fn azure_administrators(&self, scope: &ArmScope) -> Vec<Held<'a>> {
        let index = self.azure.get_or_init(|| {
            let mut index: BTreeMap<&ArmScope, Vec<Held<'_>>> = BTreeMap::new();
            for (key, found) in &self.state.assignments {
                if let Some(at) = key.target.arm_scope().filter(|_| self.administers(key, found)) {
                    index.entry(at).or_default().push((key, found));
                }
            }
            index
        });
        let mut places: BTreeSet<ArmScope> = self.state.hierarchy.above(scope).into_iter().collect();
        places.insert(scope.clone());
        places.extend(ArmScope::parse("/"));
        let mut held: Vec<Held<'a>> = places.iter().filter_map(|place| index.get(place)).flatten().copied().collect();
        for (_, rows) in self.state.inherited.iter().filter(|(list, _)| list.contains_path(scope)) {
            let is_own = |key: &AssignmentKey| key.target.arm_scope().is_some_and(|at| self.state.listed.contains(at));
            held.extend(rows.iter().filter(|(key, found)| self.administers(key, found) && !is_own(key)));
        }
        held.sort_by_key(|(key, _)| *key);
        held.dedup_by_key(|(key, _)| *key);
        held
    }

    fn administers(&self, key: &AssignmentKey, found: &ObservedAssignment) -> bool {
        let is_administrator = |role: &RoleId| AZURE_ADMINISTRATORS.contains(&role.as_str());
        key.target.role().is_some_and(is_administrator) && (self.is_meant)(found)
    }
}

/// Tells whether a condition keeps its holder from giving roles as it likes. One that cannot be read does.
pub(super) fn is_limited(found: &ObservedAssignment) -> bool {
    let allows = |text: &str| Condition::parse(text).is_ok_and(|one| one.effect_on(ASSIGN) == Effect::Allows);
    found.condition.as_deref().is_some_and(|text| !allows(text))
}

/// Tells whether a target is one of the two roles that can give every other one, over the whole tenant.
pub(super) fn hands_out(target: &Target) -> bool {
    is_global_administrator(target) || is_at_tenant(target, PRIVILEGED_ROLE_ADMINISTRATOR)
}

/// Returns membership of a group.
pub(super) fn member(group: &PrincipalId) -> Target {
    Target::Group { group: GroupId::new(group.as_str()), access: Access::Member }
}
