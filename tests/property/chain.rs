//! Who reaches what through which groups, against a naive reading of the rules on small random tenants: groups in groups, owners,
//! both modes, circles.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::{prop_assert, prop_assert_eq, proptest};
use rolewright::core::assignment::{AssignmentKey, Mode};
use rolewright::core::chain::{Chain, Grant, Graph, Link, Manner, Pair};
use rolewright::core::id::{GroupId, PrincipalId, RoleId};
use rolewright::core::principal::{Principal, PrincipalType, Principals};
use rolewright::core::scope::{ArmScope, DirectoryScope};
use rolewright::core::target::{Access, Target};

use crate::world::{Choices, choices, config};

const LENGTH: usize = 200;

/// What somebody is, in words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Person(PrincipalId),
    DirectMember(GroupId),
    AnyMember(GroupId),
    Owner(GroupId),
    Holder(Target),
}

/// What makes somebody something else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Grant(AssignmentKey),
    AddsItself(GroupId),
    Nothing,
}

/// A small tenant.
#[derive(Debug, Clone)]
struct Small {
    principals: Principals,
    keys: Vec<AssignmentKey>,
}

fn group_id(number: usize) -> GroupId {
    GroupId::new(&format!("group-{number}"))
}

fn person_id(number: usize) -> PrincipalId {
    PrincipalId::new(&format!("person-{number}"))
}

fn principal_of(group: &GroupId) -> PrincipalId {
    PrincipalId::new(group.as_str())
}

fn role_target(number: usize) -> Target {
    let role = RoleId::new(&format!("role-{number}"));
    match number % 2 {
        0 => Target::Azure { role, scope: ArmScope::parse("/").unwrap() },
        _ => Target::Directory { role, scope: DirectoryScope::Tenant },
    }
}

fn key(choices: &mut Choices, groups: usize) -> AssignmentKey {
    let principal = match choices.chance(2, 3) {
        true => principal_of(&group_id(choices.below(groups))),
        false => person_id(choices.below(3)),
    };
    let target = match choices.chance(2, 3) {
        true => {
            let access = if choices.chance(1, 4) { Access::Owner } else { Access::Member };
            Target::Group { group: group_id(choices.below(groups)), access }
        }
        false => role_target(choices.below(3)),
    };
    let mode = if choices.chance(1, 2) { Mode::Active } else { Mode::Eligible };
    AssignmentKey { target, principal, mode }
}

impl Small {
    fn draw(choices: &mut Choices) -> Self {
        let groups = 2 + choices.below(3);
        let mut principals = Principals::new();
        for number in 0..groups {
            let id = principal_of(&group_id(number));
            let mut principal = Principal::unknown(id.clone());
            principal.kind = Some(PrincipalType::Group);
            principal.is_role_assignable = [None, Some(true), Some(false)][choices.below(3)];
            principals.insert(id, principal);
        }
        let count = choices.below(13);
        let keys: BTreeSet<AssignmentKey> = (0..count).map(|_| key(choices, groups)).collect();
        Self { principals, keys: keys.into_iter().collect() }
    }

    fn graph(&self) -> Graph {
        Graph::new(self.keys.iter().map(|key| Grant { key: key.clone(), kind: None }).collect(), &self.principals)
    }

    fn is_group(&self, id: &PrincipalId) -> bool {
        self.principals.contains_key(id)
    }

    fn start(&self, id: &PrincipalId) -> State {
        match self.is_group(id) {
            true => State::DirectMember(GroupId::new(id.as_str())),
            false => State::Person(id.clone()),
        }
    }

    fn holders(&self) -> BTreeSet<PrincipalId> {
        (0..3).map(person_id).chain(self.principals.keys().cloned()).collect()
    }

    fn targets(&self) -> BTreeSet<Target> {
        let accesses = [Access::Member, Access::Owner];
        let of_group =
            |id: &PrincipalId| accesses.map(|access| Target::Group { group: GroupId::new(id.as_str()), access });
        (0..3).map(role_target).chain(self.principals.keys().flat_map(of_group)).collect()
    }

    /// Reads the rules: what can somebody who is `state` become next?
    fn next(&self, state: &State) -> Vec<(Step, State)> {
        let mut next = Vec::new();
        match state {
            State::DirectMember(group) => next.push((Step::Nothing, State::AnyMember(group.clone()))),
            State::Owner(group) => next.push((Step::AddsItself(group.clone()), State::DirectMember(group.clone()))),
            _ => {}
        }
        for key in &self.keys {
            let is_mine = match (state, &key.target) {
                (State::Person(id), _) => *id == key.principal,
                // directory roles ask for direct members of a role-assignable group
                (State::DirectMember(group), Target::Directory { .. }) => {
                    let id = principal_of(group);
                    id == key.principal && self.principals[&id].is_role_assignable != Some(false)
                }
                (State::AnyMember(_), Target::Directory { .. }) => false,
                // no group is an owner
                (State::AnyMember(_), Target::Group { access: Access::Owner, .. }) if key.mode == Mode::Active => false,
                (State::AnyMember(group), _) => principal_of(group) == key.principal,
                _ => false,
            };
            if !is_mine {
                continue;
            }
            let becomes = match &key.target {
                Target::Group { group, access: Access::Owner } => State::Owner(group.clone()),
                Target::Group { group, access: Access::Member } => {
                    let is_nested = key.mode == Mode::Active && !matches!(state, State::Person(_));
                    if is_nested { State::AnyMember(group.clone()) } else { State::DirectMember(group.clone()) }
                }
                role => State::Holder(role.clone()),
            };
            next.push((Step::Grant(key.clone()), becomes));
        }
        next
    }

    /// Returns every state that comes from `start`, with the easiest manner.
    fn closure(&self, start: State) -> BTreeMap<State, Manner> {
        let mut known = BTreeMap::from([(start, Manner::default())]);
        loop {
            let mut is_stable = true;
            for (state, manner) in known.clone() {
                for (step, next) in self.next(&state) {
                    let manner = add(manner, &step);
                    if known.get(&next).is_none_or(|known| manner < *known) {
                        known.insert(next, manner);
                        is_stable = false;
                    }
                }
            }
            if is_stable {
                return known;
            }
        }
    }

    /// Returns every row of steps from `start` on which no state is met twice.
    fn rows(&self, start: &State) -> Vec<(Vec<Step>, State)> {
        let mut rows = Vec::new();
        let mut open = vec![(Vec::new(), vec![start.clone()])];
        while let Some((steps, states)) = open.pop() {
            let state = states.last().unwrap().clone();
            for (step, next) in self.next(&state) {
                if !states.contains(&next) {
                    open.push(([steps.clone(), vec![step]].concat(), [states.clone(), vec![next]].concat()));
                }
            }
            rows.push((steps, state));
        }
        rows
    }

    fn states(&self) -> BTreeSet<State> {
        let groups = self.principals.keys().map(|id| GroupId::new(id.as_str()));
        let of_group = |g: GroupId| [State::DirectMember(g.clone()), State::AnyMember(g.clone()), State::Owner(g)];
        (0..3).map(|n| State::Person(person_id(n))).chain(groups.flat_map(of_group)).collect()
    }
}

fn add(manner: Manner, step: &Step) -> Manner {
    match step {
        Step::Grant(key) if key.mode == Mode::Eligible => Manner { activations: manner.activations + 1, ..manner },
        Step::AddsItself(_) => Manner { additions: manner.additions + 1, ..manner },
        Step::Grant(_) | Step::Nothing => manner,
    }
}

/// Returns the target that somebody has who is `state`.
fn target_of(state: &State) -> Option<Target> {
    match state {
        State::Person(_) | State::DirectMember(_) => None,
        State::AnyMember(group) => Some(Target::Group { group: group.clone(), access: Access::Member }),
        State::Owner(group) => Some(Target::Group { group: group.clone(), access: Access::Owner }),
        State::Holder(target) => Some(target.clone()),
    }
}

fn links(steps: &[Step], graph: &Graph) -> Vec<Link> {
    let link = |step: &Step| match step {
        Step::Grant(key) => graph.grants().iter().position(|grant| grant.key == *key).map(Link::Grant),
        Step::AddsItself(group) => Some(Link::AddsItself(group.clone())),
        Step::Nothing => None,
    };
    steps.iter().filter_map(link).collect()
}

/// Follows a chain link by link; returns whether it can be gone and ends at the target.
fn is_walkable(small: &Small, graph: &Graph, chain: &Chain, target: &Target) -> bool {
    let mut at: BTreeSet<State> = BTreeSet::from([small.start(&chain.holder)]);
    let mut manner = Manner::default();
    for link in &chain.links {
        let wanted = match link {
            Link::Grant(index) => Step::Grant(graph.grants()[*index].key.clone()),
            Link::AddsItself(group) => Step::AddsItself(group.clone()),
        };
        manner = add(manner, &wanted);
        let free = |state: &State| small.next(state).into_iter().filter(|(step, _)| *step == Step::Nothing);
        let silent: Vec<State> = at.iter().flat_map(free).map(|(_, next)| next).collect();
        at.extend(silent);
        let taken = |state: &State| small.next(state).into_iter().filter(|(step, _)| *step == wanted);
        at = at.iter().flat_map(taken).map(|(_, next)| next).collect();
    }
    let silent: Vec<State> = at
        .iter()
        .flat_map(|state| small.next(state))
        .filter(|(step, _)| *step == Step::Nothing)
        .map(|(_, next)| next)
        .collect();
    at.extend(silent);
    manner == chain.manner
        && !chain.links.is_empty()
        && at.iter().any(|state| target_of(state).as_ref() == Some(target))
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn reach_is_the_closure_and_every_witness_can_be_gone(mut choices in choices(LENGTH)) {
        let small = Small::draw(&mut choices);
        let graph = small.graph();
        let mut reached: BTreeSet<(PrincipalId, Target, Manner)> = BTreeSet::new();
        for holder in small.holders() {
            let closure = small.closure(small.start(&holder));
            let itself = Target::Group { group: GroupId::new(holder.as_str()), access: Access::Member };
            let expected: BTreeMap<Target, Manner> = closure
                .iter()
                .filter_map(|(state, manner)| Some((target_of(state)?, *manner)))
                .filter(|(target, _)| *target != itself)
                .collect();
            let outreach = graph.outreach(&holder);
            let found: BTreeMap<Target, Manner> = outreach.iter().map(|(t, manner)| (t.clone(), manner)).collect();
            prop_assert_eq!(&found, &expected, "{}", holder);
            for (target, manner) in &found {
                let chain = outreach.chain(target).unwrap();
                prop_assert_eq!(chain.manner, *manner);
                prop_assert!(is_walkable(&small, &graph, &chain, target), "{chain:?} to {target:?}");
                reached.insert((holder.clone(), target.clone(), *manner));
            }
        }
        let mut held = BTreeSet::new();
        for target in small.targets() {
            let holders = graph.holders(&target);
            for (holder, manner) in holders.iter() {
                held.insert((holder.clone(), target.clone(), manner));
                let chain = holders.chain(holder).unwrap();
                prop_assert_eq!(chain.manner, manner);
                prop_assert!(is_walkable(&small, &graph, &chain, &target), "{chain:?} to {target:?}");
            }
        }
        prop_assert_eq!(held, reached, "both directions agree");
    }

    #[test]
    fn chains_are_all_there_shortest_first(mut choices in choices(LENGTH)) {
        let small = Small::draw(&mut choices);
        let graph = small.graph();
        for holder in small.holders() {
            let rows = small.rows(&small.start(&holder));
            for target in small.targets() {
                let mut expected: Vec<Vec<Link>> = rows
                    .iter()
                    .filter(|(_, state)| target_of(state).as_ref() == Some(&target))
                    .map(|(steps, _)| links(steps, &graph))
                    .filter(|links| !links.is_empty())
                    .collect();
                if target == (Target::Group { group: GroupId::new(holder.as_str()), access: Access::Member }) {
                    expected.clear();
                }
                let all = graph.chains(&holder, &target, 10_000);
                prop_assert!(!all.has_more);
                prop_assert!(all.chains.windows(2).all(|pair| pair[0].links.len() <= pair[1].links.len()));
                let mut found: Vec<Vec<Link>> = all.chains.iter().map(|chain| chain.links.clone()).collect();
                found.sort();
                expected.sort();
                prop_assert_eq!(&found, &expected, "{} to {:?}", holder, target);
                let some = graph.chains(&holder, &target, 2);
                prop_assert_eq!(&some.chains[..], &all.chains[..all.chains.len().min(2)]);
                prop_assert_eq!(some.has_more, all.chains.len() > 2);
            }
        }
    }

    #[test]
    fn pairs_are_the_grants_that_some_simple_chain_uses(mut choices in choices(LENGTH)) {
        let small = Small::draw(&mut choices);
        let graph = small.graph();
        let all = 0..graph.grants().len();
        let some: Vec<usize> = all.clone().filter(|_| choices.chance(1, 2)).collect();
        let others: Vec<usize> = all.filter(|_| choices.chance(1, 2)).collect();
        let mut expected: BTreeSet<Pair> = BTreeSet::new();
        for start in small.states() {
            for (steps, _) in small.rows(&start) {
                let used: Vec<usize> = links(&steps, &graph)
                    .into_iter()
                    .filter_map(|link| if let Link::Grant(index) = link { Some(index) } else { None })
                    .collect();
                for (at, early) in used.iter().enumerate() {
                    for late in &used[at + 1..] {
                        for (one, other, is_one_first) in [(*early, *late, true), (*late, *early, false)] {
                            if some.contains(&one) && others.contains(&other) {
                                expected.insert(Pair { one, other, is_one_first });
                            }
                        }
                    }
                }
            }
        }
        prop_assert_eq!(graph.pairs(&some, &others), expected);
    }

    #[test]
    fn forks_are_holders_with_two_beginnings(mut choices in choices(LENGTH)) {
        let small = Small::draw(&mut choices);
        let graph = small.graph();
        for target in small.targets() {
            let mut expected: BTreeSet<PrincipalId> = BTreeSet::new();
            for holder in small.holders() {
                let itself = Target::Group { group: GroupId::new(holder.as_str()), access: Access::Member };
                let mut rows = small.rows(&small.start(&holder));
                // an indirect member of a group begins there too
                if small.is_group(&holder) {
                    rows.extend(small.rows(&State::AnyMember(GroupId::new(holder.as_str()))));
                }
                let is_own = |step: &Step| match step {
                    Step::Grant(key) => key.target == itself,
                    Step::AddsItself(_) => true,
                    Step::Nothing => false,
                };
                let first = |steps: &Vec<Step>| steps.iter().find_map(|step| match step {
                    Step::Grant(key) => Some(key.target.clone()),
                    _ => None,
                });
                let beginnings: BTreeSet<Target> = rows
                    .iter()
                    .filter(|(steps, state)| target_of(state).as_ref() == Some(&target) && !steps.iter().any(is_own))
                    .filter_map(|(steps, _)| first(steps))
                    .collect();
                if beginnings.len() > 1 && itself != target {
                    expected.insert(holder);
                }
            }
            let forks = graph.forks(&target);
            for fork in &forks {
                let [first, second] = &fork.chains;
                prop_assert_eq!(&first.holder, &second.holder);
                prop_assert!(is_walkable(&small, &graph, first, &target) && is_walkable(&small, &graph, second, &target));
                prop_assert!(first.links[0] != second.links[0] && first.links.len() <= second.links.len());
            }
            let found: BTreeSet<PrincipalId> = forks.into_iter().map(|fork| fork.chains[0].holder.clone()).collect();
            prop_assert_eq!(found, expected, "{:?}", target);
        }
    }

    #[test]
    fn streams_are_what_can_be_come_to(mut choices in choices(LENGTH)) {
        let small = Small::draw(&mut choices);
        let graph = small.graph();
        let mut upstream: BTreeMap<Target, BTreeSet<Target>> = BTreeMap::new();
        for access in small.targets() {
            let start = match &access {
                Target::Group { group, access: Access::Member } => State::DirectMember(group.clone()),
                Target::Group { group, access: Access::Owner } => State::Owner(group.clone()),
                _ => {
                    prop_assert!(graph.downstream(&access).is_empty());
                    continue;
                }
            };
            let mut expected: BTreeSet<Target> = small.closure(start).keys().filter_map(target_of).collect();
            expected.remove(&access);
            // the graph knows the groups of its grants
            if let Target::Group { group, .. } = &access
                && graph.is_group(&principal_of(group))
            {
                prop_assert_eq!(&graph.downstream(&access), &expected);
            }
            for target in expected {
                upstream.entry(target).or_default().insert(access.clone());
            }
        }
        for target in graph.targets() {
            prop_assert_eq!(graph.upstream(target), upstream.get(target).cloned().unwrap_or_default(), "{:?}", target);
        }
        for principal in graph.principals() {
            let member = Target::Group { group: GroupId::new(principal.as_str()), access: Access::Member };
            let mut expected = BTreeSet::new();
            if small.is_group(principal) {
                expected = upstream.get(&member).cloned().unwrap_or_default();
                expected.insert(member);
            }
            prop_assert_eq!(graph.upstream_of_principal(principal), expected, "{}", principal);
        }
    }

    #[test]
    fn circles_are_the_groups_that_reach_themselves(mut choices in choices(LENGTH)) {
        let small = Small::draw(&mut choices);
        let graph = small.graph();
        let next = |group: &PrincipalId| -> BTreeSet<PrincipalId> {
            let target = |key: &AssignmentKey| match &key.target {
                Target::Group { group, access: Access::Member } => Some(principal_of(group)),
                _ => None,
            };
            small.keys.iter().filter(|key| key.principal == *group).filter_map(target).collect()
        };
        let behind = |group: &PrincipalId| {
            let mut found = next(group);
            loop {
                let more: BTreeSet<PrincipalId> = found.iter().flat_map(&next).chain(found.iter().cloned()).collect();
                if more == found {
                    return found;
                }
                found = more;
            }
        };
        let mut expected: BTreeSet<Vec<PrincipalId>> = BTreeSet::new();
        for group in small.principals.keys().filter(|group| behind(group).contains(*group)) {
            let mates = small.principals.keys().filter(|other| behind(group).contains(*other) && behind(other).contains(group));
            expected.insert(mates.cloned().collect());
        }
        let circles = graph.circles();
        let found: BTreeSet<Vec<PrincipalId>> = circles.iter().map(|circle| circle.groups.clone()).collect();
        prop_assert_eq!(found.len(), circles.len());
        prop_assert_eq!(found, expected);
        for circle in circles {
            let ends = |index: usize| {
                let key = &graph.grants()[index].key;
                match &key.target {
                    Target::Group { group, .. } => (key.principal.clone(), principal_of(group)),
                    other => panic!("{other:?} is no group"),
                }
            };
            prop_assert_eq!(&ends(circle.grants[0]).0, &circle.groups[0]);
            for (at, index) in circle.grants.iter().enumerate() {
                let after = circle.grants[(at + 1) % circle.grants.len()];
                prop_assert_eq!(ends(*index).1, ends(after).0);
            }
        }
    }
}
