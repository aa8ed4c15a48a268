//! What must have succeeded before a step may run, and why.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::assignment::is_same_condition;
use crate::core::change::{Action, Change, Subject};
use crate::core::order::{Phase, Step, StepPart, bears_on_activation, is_replaced, parts};
use crate::core::schedule::End;
use crate::core::target::{RoleKey, Target};

/// Something that must have succeeded before a step may run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// The change, by its index in the plan.
    pub change: usize,
    /// All its parts up to and including this phase.
    pub through: Phase,
    /// Why, for people.
    pub reason: String,
}

/// The changes of a plan, arranged so that the edges of each step are found without a look at all of them.
#[derive(Debug, Clone)]
pub struct Edges<'a> {
    changes: &'a [Change],
    by_address: BTreeMap<&'a str, usize>,
    /// Changes that bear on what is held under one policy, without role definitions.
    by_policy: BTreeMap<Target, Vec<usize>>,
    /// Changes that are about one role, definitions included.
    by_role: BTreeMap<RoleKey, Vec<usize>>,
    /// Changes of role definitions.
    definitions: BTreeMap<RoleKey, Vec<usize>>,
    /// When each change begins; `None` for one without parts.
    first: Vec<Option<Phase>>,
}

impl<'a> Edges<'a> {
    /// Arranges the changes of a plan.
    pub fn new(changes: &'a [Change]) -> Self {
        let mut edges = Self {
            changes,
            by_address: BTreeMap::new(),
            by_policy: BTreeMap::new(),
            by_role: BTreeMap::new(),
            definitions: BTreeMap::new(),
            first: Vec::with_capacity(changes.len()),
        };
        for (index, change) in changes.iter().enumerate() {
            edges.by_address.entry(change.address.as_str()).or_insert(index);
            if let Some(role) = change.subject.role_key() {
                if change.subject.target().is_none() {
                    edges.definitions.entry(role.clone()).or_default().push(index);
                }
                edges.by_role.entry(role).or_default().push(index);
            }
            if let Some(target) = change.subject.target() {
                edges.by_policy.entry(target.policy_target()).or_default().push(index);
            }
            edges.first.push(parts(change).into_iter().map(|(phase, _)| phase).min());
        }
        edges
    }

    /// Returns what must have succeeded before `step` may run. A step that only tightens waits for nothing but its object's
    /// existence: a loosening made for assignments is tightened again even if those assignments failed (design.md 3).
    pub fn of(&self, step: &Step) -> Vec<Edge> {
        let change = &self.changes[step.change];
        let mut edges: Vec<Edge> = Vec::new();
        for requirement in &change.requires {
            if let Some(required) = self.by_address.get(requirement.address.as_str()).copied() {
                let through = match (step.phase, &self.changes[required].subject) {
                    (Phase::RemoveRoles, _) => Phase::Unassign,
                    (_, Subject::Assignment { .. }) => Phase::Assign,
                    _ => Phase::LoosenAssignment,
                };
                edges.push(Edge { change: required, through, reason: requirement.reason.clone() });
            }
        }
        let gives = matches!(step.phase, Phase::Assign | Phase::LoosenActivation | Phase::WidenRoles);
        for followed in change.follows.iter().filter(|_| gives) {
            if let Some(taker) = self.by_address.get(followed.address.as_str()).copied() {
                let through = taken_through(&self.changes[taker]);
                edges.push(Edge { change: taker, through, reason: followed.reason.clone() });
            }
        }
        let own = |through| Edge {
            change: step.change,
            through,
            reason: "the tightening part of this change comes first".to_owned(),
        };
        if matches!(step.phase, Phase::LoosenActivation | Phase::WidenRoles) {
            edges.push(own(Phase::Unassign));
            edges.extend(self.concerned(step.change).into_iter().filter_map(|other| self.taken(step.phase, other)));
        }
        if matches!(step.part, StepPart::WriteRules(..)) && step.phase == Phase::LoosenAssignment {
            edges.push(own(Phase::TightenActivation));
        }
        edges
    }

    /// Returns what each part of a change waits for of other changes, for people: the phase of the part, and the edge. Other
    /// changes without a part that early are left out, and what two parts wait for alike is given once.
    pub fn waits(&self, at: usize) -> Vec<(Phase, Edge)> {
        let mut found: Vec<(Phase, Edge)> = Vec::new();
        let mut known: BTreeSet<(usize, String)> = BTreeSet::new();
        for (phase, part) in parts(&self.changes[at]) {
            let step = Step { change: at, phase, part };
            for edge in self.of(&step).into_iter().filter(|edge| edge.change != at && self.has_part(edge)) {
                if known.insert((edge.change, edge.reason.clone())) {
                    found.push((phase, edge));
                }
            }
        }
        found
    }

    /// Returns the index of the change with an address.
    pub fn index(&self, address: &str) -> Option<usize> {
        self.by_address.get(address).copied()
    }

    /// Tells whether there is anything to wait for: a part that early.
    pub(crate) fn has_part(&self, edge: &Edge) -> bool {
        self.first[edge.change].is_some_and(|first| first <= edge.through)
    }

    /// Returns the other changes that bear on the same access: a role as such bears on all that is held of it, settings only on
    /// what is held where they govern (an Azure role has settings of its own at every scope).
    fn concerned(&self, at: usize) -> Vec<usize> {
        let subject = &self.changes[at].subject;
        let role = subject.role_key();
        let mut found: Vec<usize> = match (subject.target(), &role) {
            (Some(target), role) => {
                let governed = self.by_policy.get(&target.policy_target()).into_iter().flatten();
                let definitions = role.as_ref().and_then(|role| self.definitions.get(role)).into_iter().flatten();
                governed.chain(definitions).copied().collect()
            }
            (None, Some(role)) => self.by_role.get(role).cloned().unwrap_or_default(),
            (None, None) => Vec::new(),
        };
        found.retain(|other| *other != at);
        found.sort_unstable();
        found
    }

    /// Returns the edge from a step that widens to a change that bears on the same access, where that takes something away first.
    fn taken(&self, phase: Phase, other: usize) -> Option<Edge> {
        let (through, reason) = match &self.changes[other].subject {
            Subject::Role { .. } if phase == Phase::LoosenActivation => {
                (Phase::NarrowRoles, "what the role loses must not be gained by looser settings first")
            }
            Subject::Settings { .. }
                if phase == Phase::WidenRoles
                    && bears_on_activation(&self.changes[other], Phase::TightenActivation) =>
            {
                (Phase::TightenActivation, "the tighter settings must hold before the role allows more")
            }
            Subject::Assignment { .. } if may_take(&self.changes[other]) => {
                (Phase::Unassign, "whoever loses the role must not gain from it first")
            }
            _ => return None,
        };
        Some(Edge { change: other, through, reason: reason.to_owned() })
    }
}

/// Returns the phase by whose end a change has taken away what it takes.
fn taken_through(change: &Change) -> Phase {
    match &change.subject {
        // what has no form in between loses the old one when it gets the new one
        Subject::Role { before: Some(before), after: Some(after) } if is_replaced(before, after) => Phase::WidenRoles,
        Subject::Role { .. } => Phase::NarrowRoles,
        Subject::Settings { .. } => Phase::TightenActivation,
        Subject::Assignment { .. } => Phase::Unassign,
    }
}

/// Tells whether a change of an assignment may take something away, whatever it gives beside that: the whole of it, a time at
/// which it held, or what another condition admitted.
fn may_take(change: &Change) -> bool {
    let Subject::Assignment { before, ask, condition, .. } = &change.subject else { return false };
    let (before, ask) = match (before, ask) {
        (_, None) => return true,
        (None, Some(_)) => return false,
        (Some(before), Some(ask)) => (before, ask),
    };
    let opens_later = ask.start.is_some_and(|asked| before.window.start.is_none_or(|start| start < asked));
    let ends_earlier = match (ask.end, before.window.end) {
        (End::Never, _) => false,
        (End::At(asked), end) => end.is_none_or(|end| asked < end),
        (End::After(_), _) => change.action != Action::Extend,
    };
    let is_limited = condition.is_some() && !is_same_condition(before.condition.as_deref(), condition.as_deref());
    opens_later || ends_earlier || is_limited
}

/// Returns what must have succeeded before `step` may run; whoever asks for many steps keeps [`Edges`].
pub fn edges(changes: &[Change], step: &Step) -> Vec<Edge> {
    Edges::new(changes).of(step)
}
