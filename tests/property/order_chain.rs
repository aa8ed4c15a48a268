//! The order of a plan over chains: whatever fails, nobody reaches anything for an instant on a way that neither the state before
//! nor the state after allows.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use rolewright::core::address::Labels;
use rolewright::core::assignment::AssignmentKey;
use rolewright::core::chain::Graph;
use rolewright::core::change::{Change, Subject};
use rolewright::core::diagnostic::Diagnostic;
use rolewright::core::direction::Direction;
use rolewright::core::identity::Found;
use rolewright::core::observed::Observed;
use rolewright::core::order::{self, Phase, Step, StepPart};
use rolewright::core::plan::{Plan, Settings as PlanSettings, plan};
use rolewright::core::project::project;
use rolewright::core::target::{RoleKey, Target};

use crate::order_chain::reach::{Judge, Model};
use crate::order_chain::run::{Ended, Run};
use crate::order_chain::stage::Stage;
use crate::world::{Choices, choices, config, plan_settings};

mod reach;
mod run;
mod stage;

const LENGTH: usize = 900;

fn checked(stage: &Stage, observed: &Observed, targets: Vec<String>) -> Result<Plan, Vec<Diagnostic>> {
    let desired = stage.desired();
    let found = |id: &RoleKey| if observed.roles.contains_key(id) { Found::ById } else { Found::New };
    let found: BTreeMap<RoleKey, Found> = desired.roles.keys().map(|id| (id.clone(), found(id))).collect();
    plan(&desired, &found, observed, &PlanSettings { targets, ..plan_settings("nonce") })
}

/// Carries `steps` out, `odds` in twelve of them failing, and returns the run and the first objection.
fn simulate<'a>(
    changes: &'a [Change],
    steps: &[Step],
    judge: &Judge<'_>,
    choices: &mut Choices,
    odds: usize,
) -> (Run<'a>, Option<String>) {
    let mut run = Run::new(changes, judge.before.clone());
    for step in steps {
        let fails = odds > 0 && choices.chance(odds, 12);
        let address = &changes[step.change].address;
        let ended = run.take(step, fails);
        let name = step.phase.as_str();
        let is_left = step.phase == Phase::TightenAssignment && run.loosened.contains(&step.change);
        if let Some(reason) = skipped(&ended).filter(|_| is_left) {
            return (run, Some(format!("{address} stays loosened: {reason}")));
        }
        if let Ended::Refused(why) = &ended {
            return (run, Some(format!("the service refuses {address}: {why:?}")));
        }
        if let Some(objection) = judge.objection(&run.state) {
            return (run, Some(format!("after `{name}` of {address} ({ended:?}): {objection}")));
        }
    }
    (run, None)
}

fn skipped(ended: &Ended) -> Option<&str> {
    match ended {
        Ended::Skipped(reason) => Some(reason),
        _ => None,
    }
}

fn shown(plan: &Plan, steps: &[Step]) -> String {
    let all = order::Edges::new(&plan.changes);
    let line = |step: &Step| {
        let change = &plan.changes[step.change];
        let edges = all.of(step).into_iter();
        let edges: Vec<String> =
            edges.map(|e| format!("    <- {} {:?}", plan.changes[e.change].address, e.through)).collect();
        let fields: Vec<String> =
            change.fields.iter().map(|f| format!("{} {}>{}", f.path, f.before, f.after)).collect();
        format!("  {:?} {} [{}]\n{}", step.phase, change.address, fields.join(" "), edges.join("\n"))
    };
    steps.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Returns what takes away the role that hands out all others, each with the planned grants of accesses to groups that lead to it.
fn relying(plan: &Plan, observed: &Observed) -> Vec<(usize, usize)> {
    let end = project(observed, &plan.changes);
    let graph = Graph::of(&end);
    let keys = stage::target_of(&stage::role(0)).role_key();
    let is_keys = |target: &&Target| target.role_key() == keys;
    let leading: BTreeSet<Target> =
        graph.targets().into_iter().filter(is_keys).flat_map(|target| graph.upstream(target)).collect();
    let mut found = Vec::new();
    for (taker, taken) in plan.changes.iter().enumerate() {
        let Subject::Assignment { key, ask: None, .. } = &taken.subject else { continue };
        for (grant, given) in plan.changes.iter().enumerate().filter(|_| key.target.role_key() == keys) {
            if let Subject::Assignment { key, ask: Some(_), .. } = &given.subject
                && leading.contains(&key.target)
                && given.direction != Direction::Narrows
            {
                found.push((taker, grant));
            }
        }
    }
    found
}

/// Tells whether one change waits for another, over others too, so that the other cannot wait for it.
fn is_behind(plan: &Plan, one: usize, other: usize) -> bool {
    let edges = order::Edges::new(&plan.changes);
    let mut seen = BTreeSet::from([one]);
    let mut open = vec![one];
    while let Some(at) = open.pop() {
        for (_, edge) in edges.waits(at) {
            if seen.insert(edge.change) {
                open.push(edge.change);
            }
        }
    }
    seen.contains(&other)
}

/// The keys of the tenant are kept for those who come to them by a group, unless they are let in only after they were taken away:
/// what takes them waits for their grant, or the grant waits for it. In no circle of a plan that is refused does a removal of the
/// keys wait for a grant in a group.
#[test]
fn the_keys_are_kept_for_those_who_come_to_them_by_a_group() {
    let mut runner = TestRunner::deterministic();
    let (mut kept, mut yielded) = (0, 0);
    for _ in 0..600 {
        let mut choices = choices(LENGTH).new_tree(&mut runner).unwrap().current();
        let stage = Stage::draw(&mut choices);
        let observed = stage.observed();
        let plan = match checked(&stage, &observed, Vec::new()) {
            Ok(plan) => plan,
            Err(mistakes) => {
                let labels = Labels::new(&observed, []);
                let keys = stage::target_of(&stage::role(0)).role_key();
                let is_removed =
                    |key: &&AssignmentKey| key.target.role_key() == keys && !stage.after.grants.contains_key(*key);
                let removed: Vec<String> =
                    stage.before.grants.keys().filter(is_removed).map(|key| labels.assignment(key)).collect();
                for mistake in mistakes.iter().filter(|mistake| mistake.code == "circular-requirement") {
                    let way: Vec<&str> = mistake.message.split(" -> ").collect();
                    let waits = |pair: &[&str]| {
                        removed.iter().any(|key| pair[0].ends_with(key)) && pair[1].starts_with("group/")
                    };
                    assert!(!way.windows(2).any(waits), "{}", mistake.message);
                }
                continue;
            }
        };
        for (taker, grant) in relying(&plan, &observed) {
            let address = &plan.changes[grant].address;
            let is_kept = plan.changes[taker].requires.iter().any(|required| required.address == *address);
            // waiting for a part of what waits for it is no circle yet
            assert!(is_kept || is_behind(&plan, grant, taker), "{} and {address}", plan.changes[taker].address);
            (kept, yielded) = (kept + usize::from(is_kept), yielded + usize::from(!is_kept));
        }
    }
    assert!(kept >= 15 && yielded >= 2, "{kept} kept, {yielded} behind");
}

/// Returns steps as phases alone would have them.
fn by_phase(changes: &[Change]) -> Vec<Step> {
    let parts = |(change, of): (usize, &Change)| {
        order::parts(of).into_iter().map(move |(phase, part)| Step { change, phase, part }).collect::<Vec<_>>()
    };
    let mut steps: Vec<Step> = changes.iter().enumerate().flat_map(parts).collect();
    steps.sort_by_key(|step| step.phase);
    steps
}

proptest! {
    // shrinking costs three runs a step
    #![proptest_config(ProptestConfig { max_shrink_iters: 400, ..config(16) })]

    #[test]
    fn no_way_opens_that_neither_side_allows(mut choices in choices(LENGTH)) {
        let stage = Stage::draw(&mut choices);
        let observed = stage.observed();
        let Ok(plan) = checked(&stage, &observed, Vec::new()) else { return Ok(()) };
        let (before, after) = (Model::of(&observed), Model::of(&project(&observed, &plan.changes)));
        let judge = Judge { principals: &stage.principals, before: &before, after: &after };
        let steps = plan.steps().unwrap();
        for odds in [0, 1, 4] {
            let (run, objection) = simulate(&plan.changes, &steps, &judge, &mut choices, odds);
            prop_assert!(objection.is_none(), "{}\n{}", objection.unwrap_or_default(), shown(&plan, &steps));
            if odds == 0 {
                prop_assert_eq!(&run.state.grants, &after.grants);
                prop_assert_eq!(&run.state.roles, &after.roles);
                for (target, settings) in &run.state.settings {
                    prop_assert_eq!(settings, &after.settings[target]);
                }
                let second = checked(&stage, &project(&observed, &plan.changes), Vec::new());
                prop_assert_eq!(&second.unwrap().changes, &[]);
            }
        }
    }

    #[test]
    fn a_target_brings_what_it_follows(mut choices in choices(LENGTH)) {
        let stage = Stage::draw(&mut choices);
        let observed = stage.observed();
        let Ok(whole) = checked(&stage, &observed, Vec::new()) else { return Ok(()) };
        if whole.changes.is_empty() {
            return Ok(());
        }
        let target = whole.changes[choices.below(whole.changes.len())].address.clone();
        let Ok(plan) = checked(&stage, &observed, vec![target]) else { return Ok(()) };
        let (before, after) = (Model::of(&observed), Model::of(&project(&observed, &whole.changes)));
        let judge = Judge { principals: &stage.principals, before: &before, after: &after };
        let steps = plan.steps().unwrap();
        for odds in [0, 2] {
            let (_, objection) = simulate(&plan.changes, &steps, &judge, &mut choices, odds);
            prop_assert!(objection.is_none(), "{}\n{}", objection.unwrap_or_default(), shown(&plan, &steps));
        }
    }
}

/// The property above says something: most stages can be planned, many have grants that wait for others, and the measure objects
/// to plans that do not know what they follow.
#[test]
fn the_measure_objects_to_an_order_without_chains() {
    let mut runner = TestRunner::deterministic();
    let (mut plans, mut following, mut delayed, mut circles) = (0, 0, 0, 0);
    let mut objections = [0, 0, 0];
    for _ in 0..200 {
        let mut choices = choices(LENGTH).new_tree(&mut runner).unwrap().current();
        let stage = Stage::draw(&mut choices);
        let observed = stage.observed();
        let plan = match checked(&stage, &observed, Vec::new()) {
            Ok(plan) => plan,
            Err(mistakes) => {
                circles += usize::from(mistakes.iter().any(|mistake| mistake.code == "circular-requirement"));
                continue;
            }
        };
        plans += 1;
        following += usize::from(plan.changes.iter().any(|change| !change.follows.is_empty()));
        let steps = plan.steps().unwrap();
        delayed += usize::from(!steps.is_sorted_by_key(|step| step.phase));
        let (before, after) = (Model::of(&observed), Model::of(&project(&observed, &plan.changes)));
        let judge = Judge { principals: &stage.principals, before: &before, after: &after };
        let mut blind = plan.clone();
        blind.changes.iter_mut().for_each(|change| change.follows.clear());
        let blind_steps = blind.steps().unwrap();
        let mut removals_last = steps.clone();
        removals_last.sort_by_key(|step| (step.part == StepPart::RemoveRole, step.part == StepPart::Unassign));
        for (at, (plan, steps)) in
            [(&blind, &blind_steps), (&plan, &by_phase(&plan.changes)), (&plan, &removals_last)].into_iter().enumerate()
        {
            let (_, objection) = simulate(&plan.changes, steps, &judge, &mut choices, 0);
            objections[at] += usize::from(objection.is_some());
        }
    }
    let counts = format!("{plans} plans, {following} follow, {delayed} delayed, {circles} circles, {objections:?}");
    assert!(plans >= 100 && following >= 60 && delayed >= 40 && circles <= 4, "{counts}");
    assert!(objections.iter().all(|count| *count >= 20), "{counts}");
}
