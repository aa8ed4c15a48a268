//! A plan as people and programs read it: three siblings over one [`Plan`], worded for `plan`, `apply` or `drift`.

mod json;
mod markdown;
#[cfg(test)]
pub(in crate::render) mod sample;
mod schema;
mod text;
mod value;

pub use crate::render::style::Wording;
pub use json::json;
pub use markdown::markdown;
pub use schema::SCHEMA;
pub use text::text;

use crate::core::change::{Action, Change, Risk};
use crate::core::direction::Direction;
use crate::core::guard::Verdict;
use crate::core::observed::Part;
use crate::core::order::{self, Edges, Phase};
use crate::core::plan::Plan;
use crate::render::page::plural;
use crate::render::style;

/// How a plan is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Whether reasons, requirements, unchanged members and every unmanaged object are shown.
    pub verbose: bool,
    /// Whether terminal colours are used. They never say more than the words.
    pub color: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// For which verb.
    pub wording: Wording,
}

impl Default for Options {
    /// Plain text of 80 columns for `plan`.
    fn default() -> Self {
        Self { verbose: false, color: false, width: 80, wording: Wording::Plan }
    }
}

impl Options {
    fn is_drift(&self) -> bool {
        self.wording == Wording::Drift
    }

    /// Returns the refusals that stand; `drift` changes nothing and is refused nothing.
    fn refusals<'a>(&self, plan: &'a Plan) -> Vec<&'a Verdict> {
        match self.is_drift() {
            true => Vec::new(),
            false => plan.refusals().collect(),
        }
    }
}

/// Returns the counts, e.g. `Plan: 3 to create, 2 to remove; 4 unmanaged.`
pub fn counts(plan: &Plan, wording: Wording) -> String {
    let number = |action| plan.changes.iter().filter(|change| change.action == action).count();
    let is_drift = wording == Wording::Drift;
    // actions that are counted under the same words are neighbours
    let mut numbers: Vec<(&str, usize)> = Vec::new();
    for action in Action::ALL.into_iter().filter(|action| number(*action) > 0) {
        let words = style::counted(wording, action);
        match numbers.last_mut().filter(|(last, _)| *last == words) {
            Some((_, count)) => *count += number(action),
            None if is_drift && action == Action::Extend => {}
            None => numbers.push((words, number(action))),
        }
    }
    let parts: Vec<String> = numbers.into_iter().map(|(words, count)| format!("{count} {words}")).collect();
    let mut text = match (parts.is_empty(), plan.complete, is_drift) {
        (false, true, true) => format!("Drift: {}", parts.join(", ")),
        (false, true, false) => format!("Plan: {}", parts.join(", ")),
        (false, false, true) => format!("Drift (incomplete): {}", parts.join(", ")),
        (false, false, false) => format!("Plan (incomplete): {}", parts.join(", ")),
        (true, true, true) if plan.left_out() > 0 => "No drift that can be mended now".to_owned(),
        (true, true, false) if plan.left_out() > 0 => "No changes that can be made now".to_owned(),
        (true, true, true) => "No drift. The tenant matches the manifests".to_owned(),
        (true, true, false) => "No changes. The tenant matches the manifests".to_owned(),
        (true, false, true) => "No drift found, but the tenant could not be read in full".to_owned(),
        (true, false, false) => "No changes found, but the tenant could not be read in full".to_owned(),
    };
    if is_drift && number(Action::Extend) > 0 {
        text.push_str(&format!("; {} due, not drift", plural(number(Action::Extend), "extension")));
    }
    if plan.left_out() > 0 {
        text.push_str(&format!("; {} left out until an activation ends", plan.left_out()));
    }
    if !plan.unmanaged.is_empty() {
        text.push_str(&format!("; {} unmanaged", plan.unmanaged.len()));
    }
    text.push('.');
    text
}

/// Returns how many changes go which way, and the highest risk; nothing when there are no changes or for `drift`.
fn access(plan: &Plan, options: &Options) -> Option<String> {
    if plan.changes.is_empty() || options.is_drift() {
        return None;
    }
    let number = |direction| plan.changes.iter().filter(|change| change.direction == direction).count();
    let risk = plan.changes.iter().map(|change| change.risk).max().unwrap_or(Risk::None);
    Some(format!(
        "Changes: {} widen access, {} narrow it, {} neutral; highest risk: {}.",
        number(Direction::Widens),
        number(Direction::Narrows),
        number(Direction::Neutral),
        risk.as_str()
    ))
}

/// Returns what to do next, one sentence or two; nothing when there is nothing to do.
fn next(plan: &Plan, options: &Options) -> Option<String> {
    let refusals = options.refusals(plan);
    if !refusals.is_empty() {
        let flags: Vec<&str> = refusals.iter().filter_map(|verdict| verdict.overridden_by.as_deref()).collect();
        let mut text = "Next: change the manifests so that no guard refuses.".to_owned();
        if flags.len() == refusals.len() {
            let mut distinct = flags;
            distinct.dedup();
            text.push_str(&format!(" If this is really wanted, add {}.", distinct.join(" and ")));
        }
        return Some(text);
    }
    if !plan.complete && !plan.is_allowed("--allow-incomplete") {
        return Some(
            "Next: give this identity what it needs to read everything and run again; `--allow-incomplete` goes on \
             with what could be read."
                .to_owned(),
        );
    }
    match (options.wording, plan.drift().next().is_some(), plan.is_empty()) {
        (_, _, true) | (Wording::Apply, ..) => None,
        (Wording::Plan, ..) => Some("Next: review the changes, then run `rolewright apply`.".to_owned()),
        (Wording::Drift, true, _) => Some(
            "Next: run `rolewright plan` and `rolewright apply` to bring the tenant back, or change the manifests to \
             what is there."
                .to_owned(),
        ),
        (Wording::Drift, false, _) => Some("Next: run `rolewright apply` to extend what is due.".to_owned()),
    }
}

/// What is said of a change that brings a group under PIM (graph.md 4.4).
const ONBOARDS: &str = "brings the group under PIM, which cannot be undone";

/// Tells whether a gap keeps anything from being planned; deleted roles are only needed for advice.
fn matters(part: Part) -> bool {
    part != Part::DeletedRoles
}

/// Returns what a change of `plan` waits for: which of its parts does, where it has several, as the beginning of a sentence, the
/// address, and why.
fn waits(plan: &Plan, edges: &Edges<'_>, change: &Change) -> Vec<(String, String, String)> {
    let Some(at) = edges.index(&change.address) else { return Vec::new() };
    let is_one = order::parts(change).len() < 2;
    let part = |phase: Phase| if is_one { String::new() } else { format!("to {}, ", phase.as_str()) };
    let waits = edges.waits(at).into_iter();
    waits.map(|(phase, edge)| (part(phase), plan.changes[edge.change].address.clone(), edge.reason)).collect()
}

/// Returns why a change is there, as raw text: the manifest line, or the ownership entry that makes absence a removal.
fn cause(change: &Change) -> String {
    let place = change.source.as_ref().map(|at| format!("{}:{}", at.file, at.line));
    match (change.action, place) {
        (Action::Remove, Some(place)) => {
            format!("no manifest in force declares it, and the ownership entry at {place} claims it")
        }
        (Action::Remove, None) => "no manifest in force declares it".to_owned(),
        (Action::Adopt, Some(place)) => format!("declared at {place}, found by its display name only"),
        (_, Some(place)) => format!("declared at {place}"),
        (_, None) => "no manifest line is known".to_owned(),
    }
}

/// Returns how a single value changes, as raw text: `before -> after`, or the one side that a creation or a removal has.
fn transition(action: Action, wording: Wording, before: Option<&str>, after: Option<&str>) -> String {
    let is_new = matches!(action, Action::Create | Action::Regrant);
    match (wording, before, after) {
        (Wording::Drift, None, Some(after)) if is_new => format!("declared {after}"),
        (Wording::Drift, Some(before), None) if action == Action::Remove => format!("is {before}"),
        (Wording::Drift, before, after) => {
            format!("is {}, declared {}", before.unwrap_or("nothing"), after.unwrap_or("nothing"))
        }
        (_, None, Some(after)) if is_new => after.to_owned(),
        (_, Some(before), None) if action == Action::Remove => format!("was {before}"),
        (_, before, after) => format!("{} -> {}", before.unwrap_or("nothing"), after.unwrap_or("nothing")),
    }
}

/// Returns the surface and kind of an address, e.g. `directory/eligible`: what unmanaged objects are counted by.
fn family(address: &str) -> &str {
    let end = address.match_indices('/').nth(1).map_or(address.len(), |(at, _)| at);
    &address[..end]
}
