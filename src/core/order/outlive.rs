//! Activations that outlive what they rest on: whoever uses one until it ends must not gain what others are given meanwhile.
//!
//! Whether the service ends a running activation when the eligibility behind it is removed is not documented (graph.md 2.10, 4.3), so
//! it is taken to go on until its end. Activations are never removed (design.md 3); what would reach their holders waits instead.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::core::address::Labels;
use crate::core::assignment::{Activation, AssignmentKey, Mode, ObservedAssignment};
use crate::core::chain::{Grant, Graph};
use crate::core::change::Change;
use crate::core::notice::Notice;
use crate::core::observed::Observed;
use crate::core::order::follow::{Stretch, all_effects, meet};
use crate::core::order::{Edges, Step, parts};
use crate::core::project::project;
use crate::core::schedule::TOLERANCE;
use crate::core::target::Target;

/// The code of what is said of each change that is left out.
pub(crate) const CODE: &str = "waits-for-activation";

/// Takes out of a plan what would give somebody more who has a group activated without being meant to any more, with everything that
/// waits for it, and says so. What is left out is planned once the activation has ended.
pub(crate) fn defer(changes: &mut Vec<Change>, before: &Observed, labels: &Labels) -> Vec<Notice> {
    let mut notices = Vec::new();
    if !before.activations.iter().any(|activation| activation.target.group().is_some()) {
        return notices;
    }
    // what is left out may have been what an activation was to rest on
    while !changes.is_empty() {
        let after = project(before, changes);
        let deferred = gaining(changes, before, &after, &orphans(before, &after));
        if deferred.is_empty() {
            break;
        }
        let mut out: BTreeSet<usize> = BTreeSet::new();
        for (at, activation) in deferred {
            let who = labels.principal(&activation.principal);
            let what = labels.target(&activation.target);
            let until = activation.end.map_or("without a known end".to_owned(), |end| format!("until {end}"));
            let message = format!(
                "cannot be planned: `{who}` has `{what}` activated {until}, is not meant to have it any more and would gain by \
                 this; apply again when the activation has ended"
            );
            out.insert(at);
            notices.push(Notice::warning(CODE, Some(changes[at].address.clone()), message, changes[at].source.clone()));
        }
        for (at, awaited) in waiting(changes, &mut out) {
            let awaited = &changes[awaited].address;
            let message =
                format!("cannot be planned: it waits for `{awaited}`, which waits for the end of an activation");
            notices.push(Notice::warning(CODE, Some(changes[at].address.clone()), message, changes[at].source.clone()));
        }
        let mut at = 0..;
        changes.retain(|_| at.next().is_none_or(|at| !out.contains(&at)));
    }
    notices
}

/// Returns the running activations of groups to which their holders have no way afterwards: their eligibility goes, or is gone.
fn orphans<'a>(before: &'a Observed, after: &Observed) -> Vec<&'a Activation> {
    let lasts = |held: &ObservedAssignment, end: Option<Timestamp>| {
        let is_long = |until: Timestamp| end.is_none_or(|end| end.duration_since(until) <= TOLERANCE);
        !held.window.is_pending() && held.window.end.is_none_or(is_long)
    };
    let key =
        |of: &Activation, mode| AssignmentKey { target: of.target.clone(), principal: of.principal.clone(), mode };
    let is_held = |of: &&Activation| {
        let mut held =
            [Mode::Eligible, Mode::Active].into_iter().filter_map(|mode| after.assignments.get(&key(of, mode)));
        held.any(|held| lasts(held, of.end))
    };
    let of_groups = before.activations.iter().filter(|activation| activation.target.group().is_some());
    let mut found: Vec<&Activation> = of_groups.filter(|activation| !is_held(activation)).collect();
    if found.is_empty() {
        return found;
    }
    // through other groups, which last as long as the last of them
    let end = found.iter().filter_map(|activation| activation.end).max();
    let lasting = after.assignments.iter().filter(|(_, held)| lasts(held, end));
    let grants = lasting.map(|(key, _)| Grant { key: key.clone(), kind: None }).collect();
    let graph = Graph::new(grants, &after.principals);
    let is_unread = |group: &Target| {
        let is_missing = |mode: &Mode| after.missing(group, *mode).is_some();
        let group = group.group();
        group.is_some_and(|group| !after.groups.contains_key(group))
            || [Mode::Eligible, Mode::Active].iter().any(is_missing)
    };
    found.retain(|activation| {
        // whose own eligibility was never seen has it through a group, perhaps one that was not read
        let is_own = before.assignments.contains_key(&key(activation, Mode::Eligible));
        let mut before_it = graph.upstream(&activation.target).into_iter();
        let may_be_through =
            !is_own && before_it.any(|access| access.group() != activation.target.group() && is_unread(&access));
        !may_be_through && graph.outreach(&activation.principal).manner(&activation.target).is_none()
    });
    found
}

/// Returns the changes that give something, while such an activation runs, to whoever has it, each with the activation that ends
/// last.
fn gaining<'a>(
    changes: &[Change],
    before: &Observed,
    after: &Observed,
    orphans: &[&'a Activation],
) -> BTreeMap<usize, &'a Activation> {
    if orphans.is_empty() {
        return BTreeMap::new();
    }
    let both = Graph::of(before).join(&Graph::of(after));
    let mut gives: BTreeMap<&AssignmentKey, Vec<(usize, Vec<Stretch>)>> = BTreeMap::new();
    for (index, effects) in all_effects(changes, &both, before, after).into_iter().enumerate() {
        for effect in effects.into_iter().filter(|effect| !effect.gives.is_empty()) {
            gives.entry(&both.grants()[effect.grant].key).or_default().push((index, effect.gives));
        }
    }
    let running = orphans.iter().map(|activation| AssignmentKey {
        target: activation.target.clone(),
        principal: activation.principal.clone(),
        mode: Mode::Active,
    });
    // what is removed is gone before anything is given on a way over it
    let keys: Vec<AssignmentKey> = after.assignments.keys().cloned().chain(running).collect();
    let first = after.assignments.len();
    let given: Vec<usize> = (0..first).filter(|index| gives.contains_key(&keys[*index])).collect();
    let some: Vec<usize> = (first..keys.len()).collect();
    let grants = keys.iter().map(|key| Grant { key: key.clone(), kind: None }).collect();
    let graph = Graph::new(grants, &after.principals);
    let mut found: BTreeMap<usize, &Activation> = BTreeMap::new();
    for pair in graph.pairs(&some, &given).into_iter().filter(|pair| pair.is_one_first) {
        let activation = orphans[pair.one - first];
        let runs = [(before.now, activation.end.unwrap_or(Timestamp::MAX))];
        for (index, _) in gives[&keys[pair.other]].iter().filter(|(_, gives)| meet(gives, &runs)) {
            let last = found.entry(*index).or_insert(activation);
            let end = |of: &Activation| of.end.unwrap_or(Timestamp::MAX);
            if end(activation) > end(last) {
                *last = activation;
            }
        }
    }
    found
}

/// Adds to `out` the changes that wait for one that is in it, and returns them with what they wait for.
fn waiting(changes: &[Change], out: &mut BTreeSet<usize>) -> Vec<(usize, usize)> {
    let edges = Edges::new(changes);
    let mut by_awaited: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, change) in changes.iter().enumerate() {
        let steps = parts(change).into_iter().map(|(phase, part)| Step { change: at, phase, part });
        for edge in steps.flat_map(|step| edges.of(&step)).filter(|edge| edge.change != at && edges.has_part(edge)) {
            by_awaited.entry(edge.change).or_default().push(at);
        }
    }
    let mut found = Vec::new();
    let mut open: Vec<usize> = out.iter().copied().collect();
    while let Some(awaited) = open.pop() {
        for at in by_awaited.get(&awaited).into_iter().flatten() {
            if out.insert(*at) {
                found.push((*at, awaited));
                open.push(*at);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::assignment::Provenance;
    use crate::core::id::{GroupId, PrincipalId};
    use crate::core::principal::{Principal, PrincipalType};
    use crate::core::schedule::Window;
    use crate::core::target::Access;

    fn at(hours: i64) -> Timestamp {
        "2026-06-01T12:00:00Z".parse::<Timestamp>().unwrap() + jiff::SignedDuration::from_hours(hours)
    }

    /// Who is in which group, how, from and until which hour.
    type Held = (&'static str, &'static str, Mode, Option<i64>, Option<i64>);

    /// A tenant where dave uses his membership of `ops` for four hours.
    fn tenant(held: &[Held], read: &[&str]) -> Observed {
        let mut observed = Observed::empty(at(0));
        for name in ["ops", "team"] {
            let mut group = Principal::unknown(PrincipalId::new(name));
            group.kind = Some(PrincipalType::Group);
            observed.learn(group);
        }
        observed.groups = read.iter().map(|name| (GroupId::new(name), Some(true))).collect();
        for (group, holder, mode, start, end) in held {
            let target = Target::Group { group: GroupId::new(group), access: Access::Member };
            let key = AssignmentKey { target, principal: PrincipalId::new(holder), mode: *mode };
            let window = Window { start: start.map(at), end: end.map(at) };
            let provenance = Provenance::OutsidePim;
            observed.assignments.insert(key, ObservedAssignment { window, condition: None, provenance });
        }
        let target = Target::Group { group: GroupId::new("ops"), access: Access::Member };
        observed.activations = vec![Activation { target, principal: PrincipalId::new("dave"), end: Some(at(4)) }];
        observed
    }

    #[test]
    fn an_activation_that_rests_on_nothing_any_more_is_told_from_one_that_does() {
        use Mode::{Active, Eligible};
        let own = ("ops", "dave", Eligible, None, None);
        let team = [("ops", "team", Eligible, None, None), ("team", "dave", Active, None, None)];
        let (both, ops) = (["ops", "team"], ["ops"]);
        for (before, after, read, is_orphan, why) in [
            (&[own][..], &[own][..], &both[..], false, "it stays"),
            (&[own], &[], &both, true, "it goes"),
            (&[], &[], &both, true, "it went before this run"),
            (&[own], &[("ops", "dave", Active, None, None)], &both, false, "active instead"),
            (&[own], &[("ops", "dave", Eligible, Some(1), None)], &both, true, "it opens again, later"),
            (&[own], &[("ops", "dave", Eligible, None, Some(3))], &both, true, "it ends before the activation"),
            (&[own], &[("ops", "dave", Eligible, None, Some(4))], &both, false, "it ends with the activation"),
            (&team, &team, &both, false, "through a group"),
            (&team, &team[..1], &both, true, "he leaves that group"),
            (&team[..1], &team[..1], &ops, false, "perhaps through a group whose members were not read"),
            (&[own, team[0]], &team[..1], &ops, true, "what he was seen to have goes"),
        ] {
            let (before, after) = (tenant(before, read), tenant(after, read));
            assert_eq!(!orphans(&before, &after).is_empty(), is_orphan, "{why}");
        }
    }
}
