//! In which order a plan is carried out, so that no instant is wider than both the before and the after (design.md 3).
//!
//! A change may have parts in several phases: what narrows comes before the grants, what widens after the removals. Phases
//! are walls; inside a phase, declared requirements and then addresses decide. One door leads through the walls: what two changes
//! would give together through groups is taken away before it is given ([`follow`]).

mod edge;
pub(crate) mod follow;
pub(crate) mod keep;
pub(crate) mod outlive;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::core::change::{Change, Subject};
use crate::core::policy::field::SettingField;
use crate::core::policy::rule::{Event, Requirement, RuleId};
use crate::core::policy::settings::Settings;
use crate::core::role_definition::RoleDefinition;
use crate::core::scope::{ArmScope, ArmScopeKind};
use crate::core::target::{Surface, Target};

pub use edge::{Edge, Edges, edges};

/// The nine phases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// (1) Roles created and narrowed.
    NarrowRoles,
    /// (2) End-user rules that tighten, and notifications.
    TightenActivation,
    /// (3) Administrator rules that loosen.
    LoosenAssignment,
    /// (4) New and changed assignments.
    Assign,
    /// (5) Administrator rules that tighten.
    TightenAssignment,
    /// (6) Removed assignments.
    Unassign,
    /// (7) End-user rules that loosen.
    LoosenActivation,
    /// (8) Roles widened.
    WidenRoles,
    /// (9) Roles removed.
    RemoveRoles,
}

impl Phase {
    /// All phases in order.
    pub const ALL: [Self; 9] = [
        Self::NarrowRoles,
        Self::TightenActivation,
        Self::LoosenAssignment,
        Self::Assign,
        Self::TightenAssignment,
        Self::Unassign,
        Self::LoosenActivation,
        Self::WidenRoles,
        Self::RemoveRoles,
    ];

    /// Returns the words shown to people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NarrowRoles => "create and narrow roles",
            Self::TightenActivation => "tighten activation settings",
            Self::LoosenAssignment => "loosen assignment settings",
            Self::Assign => "grant and change assignments",
            Self::TightenAssignment => "tighten assignment settings",
            Self::Unassign => "remove assignments",
            Self::LoosenActivation => "loosen activation settings",
            Self::WidenRoles => "widen roles",
            Self::RemoveRoles => "remove roles",
        }
    }
}

/// One part of one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The change, by its index in the plan.
    pub change: usize,
    /// When.
    pub phase: Phase,
    /// What.
    pub part: StepPart,
}

/// What a step writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepPart {
    /// Makes the role.
    CreateRole(Box<RoleDefinition>),
    /// Brings the role to this intermediate or final form.
    WriteRole(Box<RoleDefinition>),
    /// Deletes the role.
    RemoveRole,
    /// Brings these rules of the policy to this content; the others are left as they are.
    WriteRules(Box<Settings>, Vec<RuleId>),
    /// Grants, changes or extends the assignment.
    Assign,
    /// Removes the assignment, or cancels it when it is still pending.
    Unassign,
}

/// Requirements that go round in a circle, by address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Cycle(pub Vec<String>);

impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the changes require each other in a circle: {}", self.0.join(" -> "))
    }
}

/// Returns the steps of a plan in the order in which they are carried out.
///
/// # Errors
/// [`Cycle`] when requirements go round.
pub fn order(changes: &[Change]) -> Result<Vec<Step>, Cycle> {
    let depth = depths(changes)?;
    let mut steps: Vec<Step> = Vec::new();
    for (index, change) in changes.iter().enumerate() {
        steps.extend(parts(change).into_iter().map(|(phase, part)| Step { change: index, phase, part }));
    }
    steps.sort_by(|a, b| {
        let key = |step: &Step| (step.phase, depth[step.change], changes[step.change].address.as_str());
        key(a).cmp(&key(b))
    });
    match changes.iter().all(|change| change.follows.is_empty()) {
        true => Ok(steps),
        false => delay(changes, steps),
    }
}

/// Brings steps, already in the order of their phases, behind those that they follow through groups; all others stay where they
/// are as far as that allows. An assignment that is delayed in this way keeps the settings that were loosened for it until it is
/// made.
fn delay(changes: &[Change], steps: Vec<Step>) -> Result<Vec<Step>, Cycle> {
    let mut of_change: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut granted: BTreeMap<Target, Vec<usize>> = BTreeMap::new();
    for (at, step) in steps.iter().enumerate() {
        of_change.entry(step.change).or_default().push(at);
        if let (StepPart::Assign, Some(target)) = (&step.part, changes[step.change].subject.target()) {
            granted.entry(target.policy_target()).or_default().push(at);
        }
    }
    let all = Edges::new(changes);
    let mut before: Vec<BTreeSet<usize>> = Vec::with_capacity(steps.len());
    for (at, step) in steps.iter().enumerate() {
        let own = of_change[&step.change].iter().copied().filter(|other| *other < at);
        let mut needed: BTreeSet<usize> = own.collect();
        for edge in all.of(step) {
            let through = of_change.get(&edge.change).into_iter().flatten().copied();
            needed.extend(through.filter(|other| *other != at && steps[*other].phase <= edge.through));
        }
        if let (Phase::TightenAssignment, Some(target)) = (step.phase, changes[step.change].subject.target()) {
            needed.extend(granted.get(&target.policy_target()).into_iter().flatten().copied());
        }
        before.push(needed);
    }
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); steps.len()];
    for (at, needed) in before.iter().enumerate() {
        needed.iter().for_each(|other| after[*other].push(at));
    }
    let mut missing: Vec<usize> = before.iter().map(BTreeSet::len).collect();
    let mut ready: BTreeSet<usize> = (0..steps.len()).filter(|at| missing[*at] == 0).collect();
    let mut order: Vec<usize> = Vec::with_capacity(steps.len());
    while let Some(at) = ready.pop_first() {
        order.push(at);
        for next in &after[at] {
            missing[*next] -= 1;
            if missing[*next] == 0 {
                ready.insert(*next);
            }
        }
    }
    if let Some(first) = (0..steps.len()).find(|at| missing[*at] > 0) {
        return Err(Cycle(circle(first, &before, &missing, |at| changes[steps[at].change].address.as_str())));
    }
    let mut steps: Vec<Option<Step>> = steps.into_iter().map(Some).collect();
    Ok(order.into_iter().filter_map(|at| steps[at].take()).collect())
}

/// Returns a circle among steps that wait for each other, as the addresses of their changes, each for the one behind it.
fn circle<'a>(
    first: usize,
    before: &[BTreeSet<usize>],
    missing: &[usize],
    address: impl Fn(usize) -> &'a str,
) -> Vec<String> {
    let mut way = vec![first];
    // every step that is stuck waits for another that is
    while let Some(next) = way.last().and_then(|at| before[*at].iter().copied().find(|other| missing[*other] > 0)) {
        if let Some(start) = way.iter().position(|at| *at == next) {
            let mut circle: Vec<String> =
                way[start..].iter().chain([&next]).map(|at| address(*at).to_owned()).collect();
            circle.dedup();
            return circle;
        }
        way.push(next);
    }
    way.into_iter().map(|at| address(at).to_owned()).collect()
}

/// Returns how many requirements deep each change lies.
fn depths(changes: &[Change]) -> Result<Vec<usize>, Cycle> {
    let index: BTreeMap<&str, usize> = changes.iter().enumerate().map(|(i, c)| (c.address.as_str(), i)).collect();
    let mut depth: Vec<Option<usize>> = vec![None; changes.len()];
    for start in 0..changes.len() {
        // an explicit stack: a chain may be as long as the plan
        let mut stack = vec![(start, false)];
        let mut open: BTreeSet<usize> = BTreeSet::new();
        while let Some((at, is_done)) = stack.pop() {
            let required = || changes[at].requires.iter().filter_map(|r| index.get(r.address.as_str()).copied());
            if is_done {
                open.remove(&at);
                depth[at] = Some(required().filter_map(|r| depth[r]).max().map_or(0, |deepest| deepest + 1));
            } else if depth[at].is_none() {
                if !open.insert(at) {
                    continue;
                }
                stack.push((at, true));
                for next in required() {
                    if open.contains(&next) {
                        let mut circle: Vec<String> = open.iter().map(|i| changes[*i].address.clone()).collect();
                        circle.push(changes[next].address.clone());
                        return Err(Cycle(circle));
                    }
                    stack.push((next, false));
                }
            }
        }
    }
    Ok(depth.into_iter().map(Option::unwrap_or_default).collect())
}

/// Returns the parts of a change with their phases.
pub fn parts(change: &Change) -> Vec<(Phase, StepPart)> {
    match &change.subject {
        Subject::Role { before: None, after: None } => Vec::new(),
        Subject::Role { before: None, after: Some(after) } => {
            vec![(Phase::NarrowRoles, StepPart::CreateRole(after.clone()))]
        }
        Subject::Role { before: Some(_), after: None } => vec![(Phase::RemoveRoles, StepPart::RemoveRole)],
        Subject::Role { before: Some(before), after: Some(after) } => {
            let middle = RoleDefinition {
                permissions: before.permissions.narrowest(&after.permissions),
                is_enabled: before.is_enabled && after.is_enabled,
                assignable_scopes: bridging_scopes(before, after).unwrap_or_default(),
                ..(**after).clone()
            };
            let mut parts = Vec::new();
            let is_possible = !is_replaced(before, after);
            // a role cannot be without any permission or scope: where nothing is common to both, it changes at once, after the
            // removals
            if is_possible && middle != **before {
                parts.push((Phase::NarrowRoles, StepPart::WriteRole(Box::new(middle.clone()))));
            }
            if !is_possible || middle != **after {
                parts.push((Phase::WidenRoles, StepPart::WriteRole(after.clone())));
            }
            parts
        }
        Subject::Settings { target, before, after, .. } => settings(before, after, target.surface()),
        Subject::Assignment { ask: Some(_), .. } => vec![(Phase::Assign, StepPart::Assign)],
        Subject::Assignment { ask: None, .. } => vec![(Phase::Unassign, StepPart::Unassign)],
    }
}

/// Tells whether a role exchanges every permission, or every scope where it may be assigned, so that no form of it lies between
/// the two: a role has at least one permission, and an Azure role at least one assignable scope (arm.md A.3, A.4).
pub(crate) fn is_replaced(before: &RoleDefinition, after: &RoleDefinition) -> bool {
    let is_exchanged = before.permissions.narrowest(&after.permissions).is_empty() && !after.permissions.is_empty();
    is_exchanged && before.permissions != after.permissions || bridging_scopes(before, after).is_none()
}

/// The most scopes at which a custom role can be assigned (arm.md A.4).
const MOST_SCOPES: usize = 2_000;

/// Returns the scopes between two forms of a role: all of both, so that it can be assigned at the new ones before anybody is and
/// stays at the old ones until nobody is. That it could be assigned somewhere gives nobody anything. `None` where the service takes
/// no such form: it allows one management group (arm.md A.4).
fn bridging_scopes(before: &RoleDefinition, after: &RoleDefinition) -> Option<BTreeSet<ArmScope>> {
    let all = &before.assignable_scopes | &after.assignable_scopes;
    let groups = all.iter().filter(|scope| scope.kind() == ArmScopeKind::ManagementGroup).count();
    (groups <= 1 && all.len() <= MOST_SCOPES).then_some(all)
}

fn settings(before: &Settings, after: &Settings, surface: Surface) -> Vec<(Phase, StepPart)> {
    let mut stages: Vec<(Phase, Settings)> = Vec::new();
    let mut tight = before.clone();
    let mut loose = before.clone();
    for field in SettingField::all() {
        let (old, new) = (field.get(before), field.get(after));
        if old == new {
            continue;
        }
        match field.rule().event() {
            _ if matches!(field, SettingField::Notification(..)) => field.set(&mut tight, new),
            Event::Activation => field.set(&mut tight, field.tightest(old, new)),
            Event::EligibleAssignment | Event::ActiveAssignment => field.set(&mut loose, field.loosest(old, new)),
        }
    }
    let mfa = Requirement::MultiFactorAuthentication;
    if before.authentication_context.is_enabled && tight.activation.require != before.activation.require {
        // while a context is on, no demand for MFA can be written, not even one that is there already (MfaAndAcrsConflict,
        // graph.md 3.6 #6)
        if after.activation.require.contains(&mfa) && !after.authentication_context.is_enabled {
            // both rules change in one bulk PATCH. Neither demand contains the other, so the reviewed one holds before anybody is
            // granted the role
            tight.authentication_context = after.authentication_context.clone();
        } else {
            tight.activation.require.remove(&mfa);
        }
    }
    let is_on = |settings: &Settings| settings.authentication_context.is_enabled;
    if surface.capability().judges_whole_policies && is_on(&tight) && !is_on(before) {
        // it cannot demand both: the reviewed demand takes the other's place in one PATCH
        tight.activation.require.remove(&mfa);
    }
    let mut reached = before.clone();
    let is_context_new = tight.authentication_context != before.authentication_context;
    if is_context_new
        && tight.authentication_context.is_enabled
        && tight.activation.require.contains(&mfa)
        && tight.activation.require != before.activation.require
    {
        // the demands are written first and the context is switched on over them: in one PATCH the two would conflict
        let mut demands = tight.clone();
        demands.authentication_context = before.authentication_context.clone();
        stages.push((Phase::TightenActivation, demands));
    }
    stages.push((Phase::TightenActivation, tight.clone()));
    let mut loosened = tight.clone();
    loosened.eligible_assignment = with_mail(&loose, &tight, Event::EligibleAssignment);
    loosened.active_assignment = with_mail(&loose, &tight, Event::ActiveAssignment);
    stages.push((Phase::LoosenAssignment, loosened.clone()));
    let mut tightened = loosened;
    tightened.eligible_assignment = after.eligible_assignment.clone();
    tightened.active_assignment = after.active_assignment.clone();
    stages.push((Phase::TightenAssignment, tightened));
    stages.push((Phase::LoosenActivation, after.clone()));
    let mut parts = Vec::new();
    for (phase, stage) in stages {
        let rules = stage.differing_rules(&reached);
        if !rules.is_empty() {
            parts.push((phase, StepPart::WriteRules(Box::new(stage.clone()), rules)));
            reached = stage;
        }
    }
    parts
}

/// Tells whether a change of settings makes it harder (`Phase::TightenActivation`) or easier (`Phase::LoosenActivation`) to
/// activate. Who gets mail about it is written in the same phase and does neither.
pub(crate) fn bears_on_activation(change: &Change, phase: Phase) -> bool {
    let is_mail = |rule: &RuleId| matches!(rule, RuleId::Notification(..));
    let of_phase = parts(change).into_iter().filter(|(of, _)| *of == phase);
    of_phase.into_iter().any(|(_, part)| matches!(part, StepPart::WriteRules(_, rules) if !rules.iter().all(is_mail)))
}

/// Returns the expiration and demands of `rules` with the notifications of `mail`.
fn with_mail(rules: &Settings, mail: &Settings, event: Event) -> crate::core::policy::settings::EventSettings {
    let mut joined = rules.event(event).clone();
    joined.notifications = mail.event(event).notifications.clone();
    joined
}

#[cfg(test)]
mod tests;
