//! What must be taken away before something else is given, because somebody could use both, one after the other, through groups.
//!
//! A chain that holds neither before nor after the run must not hold for an instant in between: a group that loses a role loses it
//! before it gets a member, and settings that a chain leads through are tightened before it gets a new end.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::assignment::{AssignmentKey, Mode, is_same_condition};
use crate::core::chain::Graph;
use crate::core::change::{Change, Requirement, Subject};
use crate::core::observed::Observed;
use crate::core::order::{Phase, parts};
use crate::core::target::{RoleKey, Surface, Target};

/// Declares, on each change that gives somebody more, which changes must have taken away before.
///
/// `before` is what was observed, `after` what it becomes when `changes` are carried out. Only changes of different targets are
/// looked at: phases and requirements see to those of one.
pub(crate) fn declare(changes: &mut [Change], before: &Observed, after: &Observed) {
    let has_group = |observed: &Observed| observed.assignments.keys().any(|key| key.target.surface() == Surface::Group);
    if !has_group(before) && !has_group(after) {
        return;
    }
    let (old, new) = (Graph::of(before), Graph::of(after));
    let graph = old.join(&new);
    let grants = Grants::new(&graph);
    let held = |graph: &Graph| -> BTreeSet<AssignmentKey> { graph.grants().iter().map(|g| g.key.clone()).collect() };
    let (held_before, held_after) = (held(&old), held(&new));
    // which change takes away, or gives, at which grants
    let mut takers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut givers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, change) in changes.iter().enumerate() {
        let (takes, gives) = match &change.subject {
            Subject::Assignment { key, .. } => {
                let (takes, gives) = grant_effect(change, key, &held_before, &held_after);
                let at: Vec<usize> = grants.by_key.get(key).copied().into_iter().collect();
                (if takes { at.clone() } else { Vec::new() }, if gives { at } else { Vec::new() })
            }
            Subject::Settings { target, .. } => {
                let phases: BTreeSet<Phase> = parts(change).into_iter().map(|(phase, _)| phase).collect();
                let at = |phase| if phases.contains(&phase) { grants.activated(target) } else { Vec::new() };
                (at(Phase::TightenActivation), at(Phase::LoosenActivation))
            }
            Subject::Role { .. } => {
                let phases: BTreeSet<Phase> = parts(change).into_iter().map(|(phase, _)| phase).collect();
                let of_role = || change.subject.role_key().map(|role| grants.of_role(&role)).unwrap_or_default();
                let at = |phase| if phases.contains(&phase) { of_role() } else { Vec::new() };
                (at(Phase::NarrowRoles), at(Phase::WidenRoles))
            }
        };
        takes.into_iter().for_each(|grant| takers.entry(grant).or_default().push(index));
        gives.into_iter().for_each(|grant| givers.entry(grant).or_default().push(index));
    }
    let first: Vec<usize> = takers.keys().copied().collect();
    let second: Vec<usize> = givers.keys().copied().collect();
    let mut follows: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for (taken, given) in graph.pairs(&first, &second) {
        for taker in &takers[&taken] {
            for giver in givers[&given].iter().filter(|giver| *giver != taker) {
                follows.entry(*giver).or_default().insert(*taker);
            }
        }
    }
    for (giver, takers) in follows {
        let follow = |taker: usize| {
            let taker = &changes[taker];
            Requirement { address: taker.address.clone(), reason: reason(taker).to_owned() }
        };
        changes[giver].follows = takers.into_iter().map(follow).collect();
    }
}

fn reason(taker: &Change) -> &'static str {
    match &taker.subject {
        Subject::Assignment { ask: None, .. } => {
            "both are on one way to a role: it must be gone before the other is there"
        }
        Subject::Assignment { .. } => "both are on one way to a role: it must be narrowed before the other is there",
        Subject::Settings { .. } => {
            "both are on one way to a role: its settings must be tightened before the other is there"
        }
        Subject::Role { .. } => "both are on one way to a role: it must be narrowed before the other is there",
    }
}

/// Returns whether a change of an assignment takes something away and whether it gives something. What the same principal has of
/// the same target in an equal or stronger mode on the other side is neither taken nor given; a change of condition may be both.
fn grant_effect(
    change: &Change,
    key: &AssignmentKey,
    before: &BTreeSet<AssignmentKey>,
    after: &BTreeSet<AssignmentKey>,
) -> (bool, bool) {
    let is_covered = |held: &BTreeSet<AssignmentKey>| {
        key.mode == Mode::Eligible && held.contains(&AssignmentKey { mode: Mode::Active, ..key.clone() })
    };
    let Subject::Assignment { before: live, ask, condition, .. } = &change.subject else { return (false, false) };
    match (live, ask) {
        (_, None) => (!is_covered(after), false),
        (None, Some(_)) => (false, !is_covered(before)),
        (Some(live), Some(ask)) => {
            let is_other = !is_same_condition(live.condition.as_deref(), condition.as_deref());
            // a window that is put off is taken away until it opens
            let (was_open, is_put_off) = (!live.window.is_pending(), ask.start.is_some());
            (is_other || was_open && is_put_off, is_other || !was_open && !is_put_off)
        }
    }
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
