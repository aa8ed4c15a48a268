//! A plan as people and programs read it: five siblings over one [`Plan`], worded for `plan`, `apply` or `drift`; and
//! several plans in one report ([`several`]).

mod github;
mod json;
mod line;
mod markdown;
mod name;
#[cfg(test)]
pub(in crate::render) mod sample;
mod sarif;
mod schema;
pub mod several;
mod summary;
mod text;
mod value;

pub use crate::render::style::Wording;
pub use github::github;
pub use json::json;
pub use markdown::markdown;
pub use sarif::sarif;
pub use schema::{SCHEMA, SET_SCHEMA};
pub use summary::counts;
pub use text::text;

use self::summary::{access, is_appliable, is_pending, next, obstacles, terms};

use crate::core::change::{Action, Change};
use crate::core::guard::Verdict;
use crate::core::observed::Part;
use crate::core::order::{self, Edges, Phase};
use crate::core::plan::Plan;

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
    /// The folder of the manifests relative to the repository, for the forms whose places a program follows: SARIF and annotations.
    pub folder: String,
    /// The file that the plan was saved to, where it was.
    pub saved: Option<String>,
}

impl Default for Options {
    /// Plain text of 80 columns for `plan`.
    fn default() -> Self {
        Self { verbose: false, color: false, width: 80, wording: Wording::Plan, folder: String::new(), saved: None }
    }
}

impl Options {
    /// Returns the verb that the plan is worded for, as headings and markers say it.
    fn verb(&self) -> &'static str {
        if self.is_drift() { "drift" } else { "plan" }
    }

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

/// Returns how a single value changes, as raw text and in words, since an arrow is not read aloud: both sides, or the one side that a creation or a removal has.
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
        (_, before, after) => {
            format!("was {}, will be {}", before.unwrap_or("nothing"), after.unwrap_or("nothing"))
        }
    }
}

/// Returns the surface and kind of an address, e.g. `directory/eligible`: what unmanaged objects are counted by.
fn family(address: &str) -> &str {
    let end = address.match_indices('/').nth(1).map_or(address.len(), |(at, _)| at);
    &address[..end]
}
