//! Carrying a plan out: step by step in its order, each checked, each journalled, dependents of a failure skipped.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::clock::SharedClock;
use crate::core::change::{Change, Subject};
use crate::core::order::{Edges, Phase, Step};
use crate::core::plan::Plan;
use crate::core::target::Target;
use crate::reconcile::journal::{Entry, Journal};
use crate::reconcile::step::{Ended, Runner};
use crate::transport::{Client, Writer};

pub use crate::core::outcome::{Outcome, Report, State};

/// What is told while a run goes on.
pub trait Progress: Send {
    /// A step begins.
    fn begin(&mut self, change: &Change, phase: Phase);
    /// A step is over.
    fn end(&mut self, change: &Change, phase: Phase, state: &State);
}

/// What a run needs.
pub struct Applier<'a> {
    /// Reads.
    pub client: &'a Client,
    /// Writes.
    pub writer: Writer,
    /// Waits.
    pub clock: SharedClock,
    /// Notes.
    pub journal: &'a mut dyn Journal,
    /// Tells.
    pub progress: &'a mut dyn Progress,
    /// When set, no further step begins but those that tighten what this run has loosened.
    pub stop: &'a AtomicBool,
}

impl Applier<'_> {
    /// Carries out `plan`. Never fails as a whole: what failed is in the report.
    pub async fn apply(&mut self, plan: &Plan) -> Report {
        let mut report = Report::default();
        let steps = match plan.steps() {
            Ok(steps) => steps,
            Err(cycle) => {
                let failed = |change| Outcome { change, state: State::Failed(cycle.to_string()) };
                report.outcomes = (0..plan.changes.len()).map(failed).collect();
                return report;
            }
        };
        let mut states: BTreeMap<usize, State> = BTreeMap::new();
        // phases of each change that did not succeed
        let mut unmet: BTreeMap<usize, BTreeSet<Phase>> = BTreeMap::new();
        let mut ordinals: BTreeMap<usize, usize> = BTreeMap::new();
        // changes whose settings this run has loosened, or may have: whatever happens, they are tightened again
        let mut loosened: BTreeSet<usize> = BTreeSet::new();
        let mut runner = Runner::new(self.client.clone(), self.writer.clone(), self.clock.clone());
        runner.assumed = assumed(plan);
        let edges = Edges::new(&plan.changes);
        for step in &steps {
            let change = &plan.changes[step.change];
            let ordinal = ordinals.entry(step.change).or_default();
            let request = change.request_ids.get(*ordinal).copied();
            *ordinal += 1;
            runner.takes_back = step.phase == Phase::TightenAssignment && loosened.contains(&step.change);
            let state = if self.stop.load(Ordering::SeqCst) && !runner.takes_back {
                State::Stopped
            } else if let Some(reason) = blocked(plan, &edges, step, &unmet) {
                self.note(plan, step, "skipped", request, None, Some(reason.clone()), None);
                State::Skipped(reason)
            } else {
                self.progress.begin(change, step.phase);
                if step.phase == Phase::LoosenAssignment {
                    loosened.insert(step.change);
                }
                let state = self.run(&mut runner, plan, step, request).await;
                self.progress.end(change, step.phase, &state);
                state
            };
            if !state.is_success() {
                unmet.entry(step.change).or_default().insert(step.phase);
            }
            merge(&mut states, step, state);
        }
        report.outcomes = (0..plan.changes.len())
            .map(|change| Outcome { change, state: states.remove(&change).unwrap_or(State::AlreadySo) })
            .collect();
        report.remarks = runner.remarks;
        report.was_wider = runner.was_wider;
        report
    }

    async fn run(&mut self, runner: &mut Runner, plan: &Plan, step: &Step, request: Option<uuid::Uuid>) -> State {
        let change = &plan.changes[step.change];
        let journal = &mut *self.journal;
        let client = self.client;
        let mut record = |event, call: Option<String>, outcome: Option<String>, request_id: Option<String>| {
            journal.record(&Entry {
                time: client.now(),
                event,
                address: change.address.clone(),
                phase: step.phase.as_str(),
                request,
                call,
                outcome,
                request_id,
            })
        };
        let ended = runner.run(change, step, request, &mut record).await;
        if runner.journal_error.is_some() {
            self.stop.store(true, Ordering::SeqCst);
        }
        match ended {
            Ended::Done => State::Done,
            Ended::AlreadySo => State::AlreadySo,
            Ended::Pending(why) => State::Pending(why),
            Ended::Failed(why) => State::Failed(why),
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the columns of one journal line")]
    fn note(
        &mut self,
        plan: &Plan,
        step: &Step,
        event: &'static str,
        request: Option<uuid::Uuid>,
        call: Option<String>,
        outcome: Option<String>,
        request_id: Option<String>,
    ) {
        let entry = Entry {
            time: self.client.now(),
            event,
            address: plan.changes[step.change].address.clone(),
            phase: step.phase.as_str(),
            request,
            call,
            outcome,
            request_id,
        };
        if let Err(error) = self.journal.record(&entry) {
            tracing::error!(%error, "the journal cannot be written");
            self.stop.store(true, Ordering::SeqCst);
        }
    }
}

/// Returns why a step may not run: something it needs did not succeed.
fn blocked(plan: &Plan, edges: &Edges<'_>, step: &Step, unmet: &BTreeMap<usize, BTreeSet<Phase>>) -> Option<String> {
    edges.of(step).into_iter().find_map(|edge| {
        let failed = unmet.get(&edge.change)?.iter().any(|phase| *phase <= edge.through);
        failed.then(|| format!("`{}` did not succeed: {}", plan.changes[edge.change].address, edge.reason))
    })
}

/// Returns where the plan grants what was judged by settings that nobody has seen: those of roles that it makes, and those that the
/// tenant did not show.
fn assumed(plan: &Plan) -> BTreeSet<Target> {
    let assumed = plan.changes.iter().filter_map(|change| match &change.subject {
        Subject::Assignment { key, ask: Some(_), assumed: true, .. } => Some(key.target.policy_target()),
        _ => None,
    });
    assumed.collect()
}

/// Joins the states of a change's parts: the worst counts, the first of equals stays. Where a part was written and another
/// stopped, the change is neither done nor not begun.
fn merge(states: &mut BTreeMap<usize, State>, step: &Step, state: State) {
    let rank = |state: &State| match state {
        State::AlreadySo => 0,
        State::Done => 1,
        State::Stopped => 2,
        State::Skipped(_) => 3,
        State::Pending(_) => 4,
        State::Failed(_) => 5,
    };
    let joined = match (states.remove(&step.change), state) {
        (Some(State::Done | State::Pending(_)), State::Stopped) => {
            State::Failed(format!("stopped half-way, before `{}`; apply again", step.phase.as_str()))
        }
        (Some(State::Stopped), State::Done | State::Pending(_)) => {
            State::Failed(format!("stopped half-way, all but `{}`; apply again", step.phase.as_str()))
        }
        (Some(known), state) if rank(&known) >= rank(&state) => known,
        (_, state) => state,
    };
    states.insert(step.change, joined);
}
