//! What must be taken away before something else is given, because somebody could use both, one after the other, through groups.
//!
//! A chain that holds neither before nor after the run must not hold for an instant in between: a group that loses a role loses it
//! before it gets a member, and settings that a chain leads through are tightened before it gets a new end.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::core::address::Labels;
use crate::core::assignment::{AssignmentKey, Mode, ObservedAssignment, is_same_condition};
use crate::core::chain::{Graph, Pair};
use crate::core::change::{Change, Requirement, Subject};
use crate::core::observed::Observed;
use crate::core::order::{Phase, bears_on_activation, is_replaced, parts};
use crate::core::target::{RoleKey, Surface, Target};

/// Declares, on each change that gives somebody more, which changes must have taken away before.
///
/// `before` is what was observed, `after` what it becomes when `changes` are carried out. Only changes of different targets are
/// looked at: phases and requirements see to those of one. Two changes are in each other's way when one gives at an instant at
/// which the other takes: what shall not be used together is often not there together anyway.
pub(crate) fn declare(changes: &mut [Change], before: &Observed, after: &Observed, labels: &Labels) {
    let has_group = |observed: &Observed| observed.assignments.keys().any(|key| key.target.surface() == Surface::Group);
    if !has_group(before) && !has_group(after) {
        return;
    }
    let graph = Graph::of(before).join(&Graph::of(after));
    let effects = all_effects(changes, &graph, before, after);
    // which change takes away, or gives, at which grants
    let mut takers: BTreeMap<usize, Vec<(usize, &[Stretch])>> = BTreeMap::new();
    let mut givers: BTreeMap<usize, Vec<(usize, &[Stretch])>> = BTreeMap::new();
    for (index, effect) in effects.iter().enumerate().flat_map(|(index, all)| all.iter().map(move |one| (index, one))) {
        if !effect.takes.is_empty() {
            takers.entry(effect.grant).or_default().push((index, &effect.takes));
        }
        if !effect.gives.is_empty() {
            givers.entry(effect.grant).or_default().push((index, &effect.gives));
        }
    }
    let first: Vec<usize> = takers.keys().copied().collect();
    let second: Vec<usize> = givers.keys().copied().collect();
    // which change follows which, and because of which pair: one that leads to a role tells most
    let mut follows: BTreeMap<usize, BTreeMap<usize, (bool, Pair)>> = BTreeMap::new();
    for pair in graph.pairs(&first, &second) {
        let (_, last) = pair.in_order();
        let found = (graph.grants()[last].key.target.role().is_none(), pair);
        for (taker, takes) in &takers[&pair.one] {
            let givers = givers[&pair.other].iter().filter(|(giver, _)| giver != taker);
            for (giver, _) in givers.filter(|(_, gives)| meet(takes, gives)) {
                let known = follows.entry(*giver).or_default().entry(*taker).or_insert(found);
                *known = found.min(*known);
            }
        }
    }
    for (giver, takers) in follows {
        let follow = |(taker, (_, pair)): (usize, (bool, Pair))| {
            let taker = &changes[taker];
            let (first, last) = pair.in_order();
            Requirement { address: taker.address.clone(), reason: reason(taker, &graph.way(first, last, labels)) }
        };
        changes[giver].follows = takers.into_iter().map(follow).collect();
    }
}

/// Says what must be so first, and which way would otherwise be open for an instant.
fn reason(taker: &Change, way: &str) -> String {
    match &taker.subject {
        Subject::Assignment { ask: None, .. } => {
            format!("it must be gone first, or `{way}` would hold for an instant")
        }
        Subject::Settings { .. } => {
            format!(
                "its settings must be tightened first, or `{way}` would be easier for an instant than before and after"
            )
        }
        Subject::Assignment { .. } | Subject::Role { .. } => {
            format!("it must be narrowed first, or `{way}` would give more for an instant than before and after")
        }
    }
}

/// A row of instants: from the first, up to but without the second.
pub(super) type Stretch = (Timestamp, Timestamp);

/// Every instant.
const ALWAYS: Stretch = (Timestamp::MIN, Timestamp::MAX);

/// What a change does to a grant: when it takes from it and when it gives to it.
pub(super) struct Effect {
    pub(super) grant: usize,
    pub(super) takes: Vec<Stretch>,
    pub(super) gives: Vec<Stretch>,
}

/// The state before and the state after, with the grants of both.
struct Sides<'a> {
    grants: &'a Grants<'a>,
    before: &'a Observed,
    after: &'a Observed,
}

/// Returns what each change takes and gives, by the grants of a graph of both sides.
pub(super) fn all_effects(changes: &[Change], graph: &Graph, before: &Observed, after: &Observed) -> Vec<Vec<Effect>> {
    let grants = Grants::new(graph);
    changes.iter().map(|change| effects(change, &Sides { grants: &grants, before, after })).collect()
}

/// Returns what a change takes and gives, grant by grant.
fn effects(change: &Change, sides: &Sides<'_>) -> Vec<Effect> {
    let through = |grants: Vec<usize>, takes: bool, gives: bool| {
        let stretch = |is_so: bool| if is_so { vec![ALWAYS] } else { Vec::new() };
        grants.into_iter().map(|grant| Effect { grant, takes: stretch(takes), gives: stretch(gives) }).collect()
    };
    match &change.subject {
        Subject::Assignment { key, .. } => of_assignment(key, sides).into_iter().collect(),
        Subject::Settings { target, .. } => {
            let takes = bears_on_activation(change, Phase::TightenActivation);
            let gives = bears_on_activation(change, Phase::LoosenActivation);
            through(sides.grants.activated(target), takes, gives)
        }
        Subject::Role { before, after } => {
            let phases: BTreeSet<Phase> = parts(change).into_iter().map(|(phase, _)| phase).collect();
            let is_exchanged = before.as_ref().zip(after.as_ref()).is_some_and(|(old, new)| is_replaced(old, new));
            let of_role = change.subject.role_key().map(|role| sides.grants.of_role(&role)).unwrap_or_default();
            let takes = is_exchanged || phases.contains(&Phase::NarrowRoles);
            through(of_role, takes, phases.contains(&Phase::WidenRoles))
        }
    }
}

/// Returns what a change of an assignment takes and gives. What the same principal has of the same target on the other side,
/// in an equal or stronger mode and on no stricter condition, is neither taken nor given at that time; a change of condition may
/// be both.
fn of_assignment(key: &AssignmentKey, sides: &Sides<'_>) -> Option<Effect> {
    let grant = *sides.grants.by_key.get(key)?;
    let stronger = AssignmentKey { mode: Mode::Active, ..key.clone() };
    let is_stronger = |grants: &Grants<'_>| {
        let other = grants.by_key.get(&stronger);
        key.mode == Mode::Eligible && other.is_some_and(|other| grants.graph.leads_as_far(*other, grant))
    };
    let keys: &[&AssignmentKey] = if is_stronger(sides.grants) { &[key, &stronger] } else { &[key] };
    let beyond = |mine: &Observed, other: &Observed| -> Vec<Stretch> {
        let Some(held) = mine.assignments.get(key) else { return Vec::new() };
        let is_as_free = |by: &&ObservedAssignment| {
            by.condition.is_none() || is_same_condition(by.condition.as_deref(), held.condition.as_deref())
        };
        let covers = keys.iter().filter_map(|key| other.assignments.get(*key)).filter(is_as_free);
        covers.fold(vec![stretch(held)], |left, by| without(&left, stretch(by)))
    };
    Some(Effect { grant, takes: beyond(sides.before, sides.after), gives: beyond(sides.after, sides.before) })
}

fn stretch(held: &ObservedAssignment) -> Stretch {
    (held.window.start.unwrap_or(ALWAYS.0), held.window.end.unwrap_or(ALWAYS.1))
}

/// Returns what is left of some stretches when one is taken out.
fn without(some: &[Stretch], other: Stretch) -> Vec<Stretch> {
    let around = |(from, to): &Stretch| [(*from, (*to).min(other.0)), ((*from).max(other.1), *to)];
    some.iter().flat_map(around).filter(|(from, to)| from < to).collect()
}

/// Tells whether two rows of instants have one in common.
pub(super) fn meet(some: &[Stretch], others: &[Stretch]) -> bool {
    some.iter().any(|(from, to)| others.iter().any(|(start, end)| from < end && start < to))
}

/// The grants of a graph by what they are about.
struct Grants<'a> {
    graph: &'a Graph,
    by_key: BTreeMap<AssignmentKey, usize>,
    by_policy: BTreeMap<Target, Vec<usize>>,
    by_role: BTreeMap<RoleKey, Vec<usize>>,
}

impl<'a> Grants<'a> {
    fn new(graph: &'a Graph) -> Self {
        let mut grants = Self { graph, by_key: BTreeMap::new(), by_policy: BTreeMap::new(), by_role: BTreeMap::new() };
        for (index, grant) in graph.grants().iter().enumerate() {
            grants.by_key.insert(grant.key.clone(), index);
            grants.by_policy.entry(grant.key.target.policy_target()).or_default().push(index);
            if let Some(role) = grant.key.target.role_key() {
                grants.by_role.entry(role).or_default().push(index);
            }
        }
        grants
    }

    /// Returns the grants whose activation some settings govern.
    fn activated(&self, target: &Target) -> Vec<usize> {
        let all = self.by_policy.get(&target.policy_target()).into_iter().flatten().copied();
        all.filter(|index| self.graph.grants()[*index].key.mode == Mode::Eligible).collect()
    }

    fn of_role(&self, role: &RoleKey) -> Vec<usize> {
        self.by_role.get(role).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
