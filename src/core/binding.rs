//! What binds a saved plan to the tenant: whether everything it touches or relies on is still as it was when somebody reviewed it
//! (design.md 1, promise 2).

mod reliance;

use std::collections::BTreeSet;

use jiff::Timestamp;

pub use self::reliance::{Reliance, Relied, rely};

use self::reliance::Ways;
use crate::core::address::Labels;
use crate::core::assignment::{AssignmentKey, ObservedAssignment, is_same_condition};
use crate::core::change::{Change, Risk, Subject, fingerprint};
use crate::core::diff;
use crate::core::name::{Handle, Lookup, NameKind, Names, Reference};
use crate::core::observed::{Observed, Part, Unreadable};
use crate::core::order;
use crate::core::plan::Plan;
use crate::core::policy::settings::Settings;
use crate::core::project::project;
use crate::core::risk;
use crate::core::role_definition::RoleDefinition;
use crate::core::schedule::{Ask, End, TOLERANCE, Window};
use crate::core::target::{RoleKey, Target};

/// One thing that is not as reviewed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// The address of the object.
    pub address: String,
    /// What is different, e.g. `was permanent, is until 2026-07-01T00:00:00Z`.
    pub what: String,
}

/// How a saved plan fits what is there now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fit {
    /// Everything is as it was observed.
    Same,
    /// Everything is as the plan would make it.
    Applied,
    /// Something is neither.
    Stale(Vec<Difference>),
}

/// Compares what `plan` observed with what is there now.
///
/// Time alone makes no difference: a window that was to open has opened. An object that cannot be read now differs, since nobody can
/// say that it does not.
pub fn compare(plan: &Plan, observed: &Observed, names: &Names) -> Fit {
    let labels = Labels::new(observed, []);
    let mut stale = Vec::new();
    let mut held = 0;
    for change in &plan.changes {
        let mut differences = differences(change, observed, &labels);
        differences.extend(impossible(change, observed, names));
        if differences.is_empty() {
            continue;
        }
        let differ = |what| Difference { address: change.address.clone(), what };
        if holds(change, plan.created_at, observed) {
            held += 1;
            stale.push(differ("is as planned already".to_owned()));
        } else {
            stale.extend(differences.into_iter().map(differ));
        }
    }
    if held > 0 && held == plan.changes.len() {
        return Fit::Applied;
    }
    let ways = Ways::new(observed);
    for relied in &plan.relies {
        let now = ways.fingerprint(&relied.on);
        if now.as_ref() == Some(&relied.observed) {
            continue;
        }
        let what = relied.on.differs(now.is_some()).to_owned();
        stale.push(Difference { address: relied.address.clone(), what });
    }
    if stale.is_empty() { Fit::Same } else { Fit::Stale(stale) }
}

/// Judges the risk of the same changes over what is there now, and returns those whose risk is greater than was reviewed. What the
/// reasons say is not compared: who and what they rest on is bound by [`Reliance`], and a name that changed is no other thing.
pub fn rejudge(plan: &Plan, observed: &Observed) -> Vec<Difference> {
    let after = project(observed, &plan.changes);
    let judged = risk::judge(&plan.changes, observed, &after, &labels(plan, observed));
    let riskier = |(change, (risk, reasons)): (&Change, (Risk, Vec<String>))| {
        let (was, is) = (change.risk.as_str(), risk.as_str());
        let what = format!("was reviewed as {was} risk, is {is} risk now: {}", reasons.join("; "));
        (risk > change.risk).then(|| Difference { address: change.address.clone(), what })
    };
    plan.changes.iter().zip(judged).filter_map(riskier).collect()
}

/// Orders the same changes over what is there now, and returns those that would wait for more than was reviewed: for another change, or
/// for the end of an activation that somebody began since.
pub fn reorder(plan: &Plan, observed: &Observed) -> Vec<Difference> {
    let labels = labels(plan, observed);
    let mut changes = plan.changes.clone();
    let end = project(observed, &changes);
    let mut found = Vec::new();
    // a plan for some addresses only was ordered among more changes than it holds
    if plan.targets.is_empty() {
        changes.iter_mut().for_each(|change| change.follows.clear());
        order::follow::declare(&mut changes, observed, &end, &labels);
        order::keep::declare(&mut changes, &end);
        for (was, is) in plan.changes.iter().zip(&changes) {
            let known: BTreeSet<&str> =
                was.requires.iter().chain(&was.follows).map(|edge| edge.address.as_str()).collect();
            let new = is.requires.iter().chain(&is.follows).find(|edge| !known.contains(edge.address.as_str()));
            found.extend(new.map(|edge| Difference {
                address: was.address.clone(),
                what: format!("would have to wait for `{}` now: {}", edge.address, edge.reason),
            }));
        }
    }
    let waiting = order::outlive::defer(&mut changes, observed, &labels);
    found.extend(waiting.into_iter().filter_map(|notice| {
        Some(Difference { address: notice.address?, what: notice.message.replacen("planned", "applied", 1) })
    }));
    found
}

/// Returns names for everything that is there or that a plan makes.
fn labels(plan: &Plan, observed: &Observed) -> Labels {
    let role = |change: &Change| match &change.subject {
        Subject::Role { after: Some(after), .. } => Some((after.key(), after.display_name.clone())),
        _ => None,
    };
    let planned: Vec<(RoleKey, String)> = plan.changes.iter().filter_map(role).collect();
    Labels::new(observed, planned.iter().map(|(key, name)| (key, name.as_str())))
}

/// Tells whether a gap may hide anything that a plan is about. A row of one role that is not understood hides that role only.
pub fn concerns(plan: &Plan, gap: &Unreadable) -> bool {
    let Some(role) = &gap.role else { return gap.part != Part::DeletedRoles };
    let key = RoleKey::new(gap.surface, role);
    let is_relied_on = |relied: &Reliance| match &relied.on {
        Relied::Role(role) | Relied::HoldersOfRole(role) => *role == key,
        Relied::Settings(target) | Relied::Holders(target) => {
            target.role_key().as_ref() == Some(&key) || gap.hides(target)
        }
        Relied::Principal(_) | Relied::Members(_) | Relied::Leads(_) | Relied::Below(_) => false,
    };
    let is_about = |change: &Change| {
        change.subject.role_key().as_ref() == Some(&key)
            || change.subject.target().is_some_and(|target| gap.hides(target))
    };
    plan.changes.iter().any(is_about) || plan.relies.iter().any(is_relied_on)
}

/// Tells whether what a change asks for is there, whoever made it so.
pub fn holds(change: &Change, planned: Timestamp, observed: &Observed) -> bool {
    match &change.subject {
        Subject::Role { after: Some(after), .. } => {
            let is_it = |role: &&RoleDefinition| is_same_role(role, after);
            observed.roles.values().filter(|role| role.surface == after.surface).any(|role| is_it(&role))
        }
        Subject::Role { before: Some(before), after: None } => {
            !observed.roles.contains_key(&before.key()) && observed.gap(before.surface, Part::Roles).is_none()
        }
        Subject::Role { before: None, after: None } => true,
        Subject::Settings { target, after, .. } => observed.settings_of(target) == Some(after),
        Subject::Assignment { key, ask, condition, .. } => match (ask, observed.assignments.get(key)) {
            (None, live) => live.is_none() && observed.missing(&key.target, key.mode).is_none(),
            (Some(_), None) => false,
            (Some(ask), Some(live)) => {
                is_same_condition(condition.as_deref(), live.condition.as_deref())
                    && is_granted(ask, &live.window, planned, observed.now)
            }
        },
    }
}

/// Tells whether a role is what was asked for; the service may have answered with another id.
fn is_same_role(role: &RoleDefinition, wanted: &RoleDefinition) -> bool {
    let RoleDefinition {
        surface,
        id: _,
        template_id: _,
        display_name,
        description,
        is_enabled,
        is_built_in,
        permissions,
        assignable_scopes,
    } = wanted;
    (role.surface, role.is_enabled, role.is_built_in) == (*surface, *is_enabled, *is_built_in)
        && (&role.display_name, &role.description) == (display_name, description)
        && (&role.permissions, &role.assignable_scopes) == (permissions, assignable_scopes)
}

/// Tells whether a window is what was asked for at some time between planning and now.
fn is_granted(ask: &Ask, window: &Window, planned: Timestamp, now: Timestamp) -> bool {
    let starts = match ask.start.filter(|start| *start > now) {
        Some(start) => window.start.is_some_and(|opens| opens.duration_since(start).abs() <= TOLERANCE),
        None => !window.is_pending(),
    };
    let ends = match (ask.end, window.end) {
        (End::Never, None) => true,
        (End::At(wanted), Some(end)) => end.duration_since(wanted).abs() <= TOLERANCE,
        (End::After(period), Some(end)) => {
            let length = period.as_duration();
            end.duration_since(planned) >= length - TOLERANCE && end.duration_since(now) <= length + TOLERANCE
        }
        _ => false,
    };
    starts && ends
}

/// Returns what of the object of a change is not as the plan observed it.
fn differences(change: &Change, observed: &Observed, labels: &Labels) -> Vec<String> {
    match &change.subject {
        Subject::Role { before, after } => {
            let Some(key) = before.as_ref().or(after.as_ref()).map(|role| role.key()) else { return Vec::new() };
            let now = observed.roles.get(&key);
            match (before, now) {
                (None, None) => {
                    let wanted = after.as_ref().map(|role| role.display_name.as_str()).unwrap_or_default();
                    let is_twin = |role: &&RoleDefinition| {
                        role.surface == key.surface && crate::core::identity::same_name(&role.display_name, wanted)
                    };
                    let twin = observed.roles.values().find(is_twin);
                    let gap = observed.gap(key.surface, Part::Roles);
                    let unread = gap.map(|gap| format!("cannot be compared: {}", gap.why));
                    unread
                        .into_iter()
                        .chain(twin.map(|role| format!("was absent; {} has its name now", role.id)))
                        .collect()
                }
                (None, Some(_)) => vec!["was absent, is there now".to_owned()],
                (Some(_), None) => vec![match observed.gap(key.surface, Part::Roles) {
                    Some(gap) => format!("cannot be compared: {}", gap.why),
                    None => "is gone".to_owned(),
                }],
                (Some(before), Some(now)) => match change.observed.as_ref() == Some(&fingerprint(now)) {
                    true => Vec::new(),
                    false => named(diff::role::fields(Some(before), Some(now)), "its ids"),
                },
            }
        }
        Subject::Settings { target, before, assumed, .. } => match observed.settings_of(target) {
            None if *assumed => Vec::new(),
            None => vec![match observed.gap_at(target, Part::Settings) {
                Some(gap) => format!("cannot be compared: {}", gap.why),
                None => "its settings are not shown any more".to_owned(),
            }],
            Some(now) => settings_differ(change, *assumed, before, now, labels, target),
        },
        Subject::Assignment { key, before, ask, .. } => {
            let mut found = window_differs(key, before.as_ref(), observed);
            if let Some(End::At(end)) = ask.map(|ask| ask.end).filter(|_| found.is_empty())
                && end <= observed.now
            {
                found.push(format!("was to end at {end}, which has passed"));
            }
            found
        }
    }
}

fn settings_differ(
    change: &Change,
    assumed: bool,
    before: &Settings,
    now: &Settings,
    labels: &Labels,
    target: &Target,
) -> Vec<String> {
    let is_same = match assumed {
        // they have come to be seen, and are what was assumed
        true => now == before,
        false => change.observed.as_ref() == Some(&fingerprint(now)),
    };
    if is_same { Vec::new() } else { named(diff::setting::fields(labels, target.surface(), before, now), "its rules") }
}

fn window_differs(key: &AssignmentKey, before: Option<&ObservedAssignment>, observed: &Observed) -> Vec<String> {
    let now = observed.assignments.get(key);
    let unread = || observed.missing(&key.target, key.mode).map(|gap| format!("cannot be compared: {}", gap.why));
    let expected = before.map(|before| ObservedAssignment {
        // what was to begin may have begun
        window: Window::new(before.window.start, before.window.end, observed.now),
        ..before.clone()
    });
    match (expected, now) {
        (None, None) => unread().into_iter().collect(),
        (None, Some(now)) => vec![format!("was absent, is there now: {}", now.window)],
        (Some(_), None) => vec![unread().unwrap_or_else(|| "is gone".to_owned())],
        (Some(expected), Some(now))
            if diff::assignment::observed_hash(&expected) != diff::assignment::observed_hash(now) =>
        {
            let mut found = Vec::new();
            if expected.window != now.window {
                found.push(format!("was {}, is {}", expected.window, now.window));
            }
            if expected.condition != now.condition {
                found.push("its condition is another one".to_owned());
            }
            if found.is_empty() {
                found.push("it was made in another way".to_owned());
            }
            found
        }
        _ => Vec::new(),
    }
}

/// Returns why a grant cannot be what was reviewed, whatever is there: its principal or its role is gone.
fn impossible(change: &Change, observed: &Observed, names: &Names) -> Option<String> {
    let Subject::Assignment { key, principal_type, ask: Some(_), .. } = &change.subject else { return None };
    let reference = Reference::new(NameKind::Principal((*principal_type)?), Handle::Id(key.principal.to_string()));
    let is_gone = matches!(names.get(&reference), Some(Lookup::None { .. }))
        || observed.deleted_principals.contains(&key.principal);
    is_gone.then(|| "its principal is not in the directory any more".to_owned())
}

/// Words differences of fields; something that no field shows is called `other`.
fn named(fields: Vec<crate::core::change::FieldChange>, other: &str) -> Vec<String> {
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Null => "nothing".to_owned(),
        other => other.to_string(),
    };
    if fields.is_empty() {
        return vec![format!("{other} are not as they were")];
    }
    let one = |field: crate::core::change::FieldChange| {
        format!("`{}` was {}, is {}", field.path, text(&field.before), text(&field.after))
    };
    fields.into_iter().map(one).collect()
}

#[cfg(test)]
pub(crate) mod tests;
