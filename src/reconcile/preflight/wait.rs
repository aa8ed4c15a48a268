//! What of a plan the service cannot judge before another change of the same plan was made.

use crate::core::assignment::{AssignmentKey, Mode};
use crate::core::change::{Change, Subject};
use crate::core::order::{Phase, StepPart, parts};
use crate::core::policy::rule::{Event, RuleId};
use crate::surface::Ground;

/// Returns why a change is not even asked about.
///
/// - Its role is made by the plan, so the service could only say that it is not there.
/// - It brings its group under PIM. The first request of a group does that for good (graph.md 4.4); whether one that is only to be
///   judged does is *unconfirmed*, so it is not sent.
pub(super) fn before_asking(changes: &[Change], change: &Change) -> Option<String> {
    if let Some(maker) = definition(changes, change, |is_there, is_kept| !is_there && is_kept) {
        return Some(format!("waits for `{}`: the role does not exist yet", maker.address));
    }
    change.onboards.then(|| {
        "waits for its group to come under PIM: whether a question alone would bring it there, for good, is not documented"
            .to_owned()
    })
}

/// Returns why a refusal says nothing about what will be: what it is about is changed by the plan before the request is sent.
pub(super) fn after_refusal(changes: &[Change], change: &Change, ground: &Ground) -> Option<String> {
    match ground {
        Ground::Settings(failed) => {
            let Subject::Assignment { key, .. } = &change.subject else { return None };
            let loosening = changes.iter().find(|other| {
                let rules = loosened(other, key);
                !rules.is_empty() && failed.may_come_from(&rules)
            })?;
            Some(format!("waits for `{}`: the settings that refuse it are changed first", loosening.address))
        }
        Ground::Role => {
            let writer = definition(changes, change, |is_there, is_kept| is_there && is_kept)?;
            Some(format!("waits for `{}`: the role is changed first", writer.address))
        }
        Ground::Other | Ground::NoJudgement => None,
    }
}

/// Returns the change of the definition of a change's role that is made, at least in part, before anything is assigned.
fn definition<'a>(changes: &'a [Change], change: &Change, fits: impl Fn(bool, bool) -> bool) -> Option<&'a Change> {
    let role = change.subject.role_key()?;
    changes.iter().find(|other| match &other.subject {
        Subject::Role { before, after } => {
            let is_early = parts(other).iter().any(|(phase, _)| *phase < Phase::Assign);
            is_early && other.subject.role_key().as_ref() == Some(&role) && fits(before.is_some(), after.is_some())
        }
        _ => false,
    })
}

/// Returns the administrator rules about an assignment that a change of settings loosens before anything is assigned.
fn loosened(change: &Change, key: &AssignmentKey) -> Vec<RuleId> {
    let Subject::Settings { target, .. } = &change.subject else { return Vec::new() };
    if target.policy_target() != key.target.policy_target() {
        return Vec::new();
    }
    let event = match key.mode {
        Mode::Eligible => Event::EligibleAssignment,
        Mode::Active => Event::ActiveAssignment,
    };
    let written = parts(change).into_iter().filter(|(phase, _)| *phase == Phase::LoosenAssignment);
    let rules = written.flat_map(|(_, part)| match part {
        StepPart::WriteRules(_, rules) => rules,
        _ => Vec::new(),
    });
    rules.filter(|rule| [RuleId::Expiration(event), RuleId::Enablement(event)].contains(rule)).collect()
}
