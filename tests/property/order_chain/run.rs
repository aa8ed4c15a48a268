//! Carrying steps out on data, as an apply does: what needs something that failed is skipped.

use std::collections::{BTreeMap, BTreeSet};

use rolewright::core::change::{Change, Subject};
use rolewright::core::feasibility::{Obstacle, Request, obstacles};
use rolewright::core::order::{Edges, Phase, Step, StepPart};
use rolewright::core::state::ApplyAs;

use crate::order_chain::reach::Model;
use crate::world::now;

/// A run that has come so far.
pub(super) struct Run<'a> {
    changes: &'a [Change],
    edges: Edges<'a>,
    pub(super) state: Model,
    /// Phases of each change that did not succeed.
    unmet: BTreeMap<usize, BTreeSet<Phase>>,
    /// Changes whose settings were loosened for assignments and not tightened yet.
    pub(super) loosened: BTreeSet<usize>,
}

/// What became of a step.
#[derive(Debug, PartialEq)]
pub(super) enum Ended {
    Done,
    Failed,
    /// Because of this.
    Skipped(String),
    /// The service would refuse it.
    Refused(Vec<Obstacle>),
}

impl<'a> Run<'a> {
    pub(super) fn new(changes: &'a [Change], state: Model) -> Self {
        Self { changes, edges: Edges::new(changes), state, unmet: BTreeMap::new(), loosened: BTreeSet::new() }
    }

    /// Takes a step, which fails when `fails` and it is not skipped.
    pub(super) fn take(&mut self, step: &Step, fails: bool) -> Ended {
        let blocked = self.edges.of(step).into_iter().find(|edge| {
            self.unmet.get(&edge.change).is_some_and(|phases| phases.iter().any(|phase| *phase <= edge.through))
        });
        let ended = match blocked {
            Some(edge) => Ended::Skipped(edge.reason),
            None if fails => Ended::Failed,
            None => self.write(step),
        };
        if ended != Ended::Done {
            self.unmet.entry(step.change).or_default().insert(step.phase);
        }
        ended
    }

    fn write(&mut self, step: &Step) -> Ended {
        let state = &mut self.state;
        match (&step.part, &self.changes[step.change].subject) {
            (StepPart::CreateRole(role) | StepPart::WriteRole(role), _) => {
                state.roles.insert(role.key(), role.permissions.clone());
            }
            (StepPart::RemoveRole, Subject::Role { before: Some(role), .. }) => {
                assert!(!state.grants.keys().any(|key| key.target.role_key() == Some(role.key())), "it is held");
                state.roles.remove(&role.key());
                state.settings.retain(|target, _| target.role_key() != Some(role.key()));
            }
            (StepPart::WriteRules(stage, rules), Subject::Settings { target, before, .. }) => {
                assert!(target.role_key().is_none_or(|role| state.roles.contains_key(&role)), "its role is not there");
                let settings = state.settings.entry(target.clone()).or_insert_with(|| (**before).clone());
                assert!(rules.iter().all(|rule| settings.set_rule(*rule, stage.rule(*rule))));
                match step.phase {
                    Phase::LoosenAssignment => _ = self.loosened.insert(step.change),
                    Phase::TightenAssignment => _ = self.loosened.remove(&step.change),
                    _ => {}
                }
            }
            (StepPart::Assign, Subject::Assignment { key, ask: Some(ask), condition, .. }) => {
                let (mode, apply_as) = (key.mode, ApplyAs::Application);
                let request = Request { mode, ask, has_justification: true, has_ticket: true, apply_as };
                let obstacles = obstacles(&state.governing(&key.target), &request, now());
                let is_there = key.target.role_key().is_none_or(|role| state.roles.contains_key(&role));
                if !obstacles.is_empty() || !is_there {
                    return Ended::Refused(obstacles);
                }
                state.grants.insert(key.clone(), (ask.window(now()), condition.clone()));
            }
            (StepPart::Unassign, Subject::Assignment { key, .. }) => _ = state.grants.remove(key),
            other => panic!("{other:?}"),
        }
        Ended::Done
    }
}
