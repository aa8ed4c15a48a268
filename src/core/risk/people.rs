//! Who reaches a role before and after the plan, and with which checks.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::core::address::Labels;
use crate::core::assignment::Mode;
use crate::core::chain::{Crowd, Graph, Link};
use crate::core::id::{GroupId, PrincipalId};
use crate::core::observed::Observed;
use crate::core::policy::settings::Settings;
use crate::core::principal::PrincipalType;
use crate::core::risk::Checks;
use crate::core::target::{Access, Target};

/// How easily somebody comes to use a role. The order is from the easiest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// Without doing anything.
    Standing,
    /// By what nobody approves: activations without approval, and adding oneself to a group that one owns.
    Unapproved,
    /// By an activation that waits for approval.
    Approved,
}

impl Way {
    pub(super) const ALL: [Self; 3] = [Self::Standing, Self::Unapproved, Self::Approved];
}

/// Who reaches one role, by way: each set holds those of the easier ways too.
#[derive(Debug)]
pub(super) struct Reach {
    /// In the end.
    pub(super) now: [Crowd; 3],
    /// Of these, who does not before.
    pub(super) new: [BTreeSet<PrincipalId>; 3],
}

/// The two graphs and what was asked of them: thousands of changes ask about the same groups.
pub(super) struct People<'a> {
    observed: [&'a Observed; 2],
    graphs: [Graph; 2],
    assumed: BTreeMap<Target, Settings>,
    reaches: BTreeMap<Target, Rc<Reach>>,
    members: BTreeMap<PrincipalId, Rc<Crowd>>,
}

impl<'a> People<'a> {
    pub(super) fn new(before: &'a Observed, after: &'a Observed, assumed: &BTreeMap<Target, Settings>) -> Self {
        Self {
            observed: [before, after],
            graphs: [Graph::of(before), Graph::of(after)],
            assumed: assumed.clone(),
            reaches: BTreeMap::new(),
            members: BTreeMap::new(),
        }
    }

    /// Tells whether a principal is a group, as far as anything shows it.
    pub(super) fn is_group(&self, principal: &PrincipalId) -> bool {
        self.graphs[1].is_group(principal)
    }

    /// Returns the checks of an activation before or after the plan; none when nobody knows them.
    fn checks(&self, side: usize, target: &Target) -> Checks {
        let target = target.policy_target();
        let known = self.observed[side].settings_of(&target).or_else(|| self.assumed.get(&target));
        known.map(Checks::of).unwrap_or_default()
    }

    fn crowd(&self, side: usize, target: &Target, way: Way) -> Crowd {
        self.graphs[side].crowd(target, |grant| match (grant, way) {
            (_, Way::Approved) => true,
            (None, way) => way != Way::Standing,
            (Some(key), way) if key.mode == Mode::Eligible => {
                way == Way::Unapproved && !self.checks(side, &key.target).approval
            }
            (Some(_), _) => true,
        })
    }

    /// Returns who reaches a role.
    pub(super) fn reach(&mut self, role: &Target) -> Rc<Reach> {
        if let Some(known) = self.reaches.get(role) {
            return Rc::clone(known);
        }
        let now = Way::ALL.map(|way| self.crowd(1, role, way));
        let new = [0, 1, 2].map(|at| &now[at].people - &self.crowd(0, role, Way::ALL[at]).people);
        let reach = Rc::new(Reach { now, new });
        self.reaches.insert(role.clone(), Rc::clone(&reach));
        reach
    }

    /// Returns who acts as a principal in the end: itself, or whoever is in the group or may come to be.
    pub(super) fn members(&mut self, principal: &PrincipalId) -> Rc<Crowd> {
        if let Some(known) = self.members.get(principal) {
            return Rc::clone(known);
        }
        let crowd = match self.is_group(principal) {
            true => {
                let group = GroupId::new(principal.as_str());
                let mut crowd = self.crowd(1, &Target::Group { group, access: Access::Member }, Way::Approved);
                crowd.groups.insert(principal.clone());
                crowd
            }
            false => Crowd { people: BTreeSet::from([principal.clone()]), groups: BTreeSet::new() },
        };
        let crowd = Rc::new(crowd);
        self.members.insert(principal.clone(), Rc::clone(&crowd));
        crowd
    }

    /// Returns who holds, or may come to hold, a target in the end.
    pub(super) fn holders(&self, target: &Target) -> Crowd {
        self.crowd(1, target, Way::Approved)
    }

    /// Returns the targets whose activation the settings of one govern: those of a directory role hold in every scope.
    pub(super) fn governed(&self, settings: &Target) -> BTreeSet<Target> {
        let Target::Directory { role, .. } = settings else { return BTreeSet::from([settings.clone()]) };
        let targets = self.graphs[1].grants().iter().map(|grant| &grant.key.target);
        let governed =
            targets.filter(|target| matches!(target, Target::Directory { role: other, .. } if other == role));
        governed.cloned().collect()
    }

    /// Returns the roles that the members of a group come to in the end.
    pub(super) fn roles_of(&self, group: &GroupId) -> Vec<Target> {
        let access = Target::Group { group: group.clone(), access: Access::Member };
        self.graphs[1].downstream(&access).into_iter().filter(|target| target.role().is_some()).collect()
    }

    /// Returns the checks on the way from the membership of a group to each of some roles; none where nothing is activated.
    pub(super) fn checks_to(&self, group: &GroupId, roles: &[Target]) -> Vec<Option<Checks>> {
        let outreach = self.graphs[1].outreach(&PrincipalId::new(group.as_str()));
        let checks = |role: &Target| {
            let chain = outreach.chain(role)?;
            let grants = chain.links.iter().filter_map(|link| match link {
                Link::Grant(grant) => Some(&self.graphs[1].grants()[*grant].key),
                Link::AddsItself(_) => None,
            });
            let checks = grants.filter(|key| key.mode == Mode::Eligible).map(|key| self.checks(1, &key.target));
            checks.reduce(Checks::and)
        };
        roles.iter().map(checks).collect()
    }

    /// Returns the groups among those of a crowd whose members are not all known: not read, or following a rule.
    pub(super) fn unknown<'b>(&self, crowd: &'b Crowd) -> Vec<&'b PrincipalId> {
        let after = self.observed[1];
        let is_known = |id: &PrincipalId| {
            let group = GroupId::new(id.as_str());
            let access = Target::Group { group: group.clone(), access: Access::Member };
            after.groups.contains_key(&group)
                && [Mode::Eligible, Mode::Active].iter().all(|mode| after.missing(&access, *mode).is_none())
                && after.principals.get(id).is_none_or(|known| known.is_dynamic != Some(true))
        };
        crowd.groups.iter().filter(|id| !is_known(id)).collect()
    }

    /// Returns the words for a number of people: `1 person`, `14 people and 2 service principals`, with `at least` where not all
    /// are known.
    pub(super) fn count(&self, people: &BTreeSet<&PrincipalId>, at_least: bool) -> String {
        let kind = |id: &PrincipalId| self.observed[1].principals.get(id).and_then(|known| known.kind);
        let services = people.iter().filter(|id| kind(id) == Some(PrincipalType::ServicePrincipal)).count();
        let words = |count: usize, one: &str, many: &str| match count {
            1 => format!("1 {one}"),
            count => format!("{count} {many}"),
        };
        let services_words = words(services, "service principal", "service principals");
        let people = people.len() - services;
        let people_words = words(people, "person", "people");
        let text = match (people, services) {
            (0, 1..) => services_words,
            (_, 0) => people_words,
            _ => format!("{people_words} and {services_words}"),
        };
        if at_least { format!("at least {text}") } else { text }
    }
}

/// Returns who of a crowd reaches a role by the easiest way that any of them takes: of all who do, or only of those who did not before.
pub(super) fn easiest<'b>(crowd: &'b Crowd, reach: &Reach, only_new: bool) -> Option<(Way, BTreeSet<&'b PrincipalId>)> {
    Way::ALL.into_iter().enumerate().find_map(|(at, way)| {
        let among = if only_new { &reach.new[at] } else { &reach.now[at].people };
        let people: BTreeSet<&PrincipalId> = crowd.people.iter().filter(|person| among.contains(*person)).collect();
        (!people.is_empty()).then_some((way, people))
    })
}

/// Returns the name of a group without the word for its kind.
pub(super) fn group_name(labels: &Labels, group: &PrincipalId) -> String {
    labels.known_group(&GroupId::new(group.as_str())).unwrap_or_else(|| labels.principal(group))
}

/// Returns the sentence about groups whose members are not known.
pub(super) fn not_known(labels: &Labels, groups: &[&PrincipalId]) -> Option<String> {
    let first = group_name(labels, groups.first()?);
    Some(match groups.len() - 1 {
        0 => format!("who else is in {first} is not known, and whoever is gains too"),
        more => format!("who else is in {first} and {more} more groups is not known, and whoever is gains too"),
    })
}
