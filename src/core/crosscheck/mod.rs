//! What only shows when the three surfaces are looked at together: access that one surface guards and another gives away.
//!
//! Remarks, never refusals. Each names the manifest lines behind the grants that it is about, and says of others that they are in
//! no manifest. What a manifest has a part in is a warning, what is in none a notice.

mod circle;
mod double;
mod ownership;
mod weaker_group;

use std::fmt;

use crate::core::address::Labels;
use crate::core::assignment::AssignmentKey;
use crate::core::chain::{Chain, Graph, Link};
use crate::core::diagnostic::Severity;
use crate::core::notice::Notice;
use crate::core::origin::Origin;
use crate::core::policy::settings::Settings;
use crate::core::target::Target;

/// What the checks look at: the state after the plan.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// Who reaches what.
    pub graph: &'a Graph,
    /// Names for messages.
    pub labels: &'a Labels,
    /// The settings of a [`Target::policy_target`], where they are known.
    pub settings: &'a dyn Fn(&Target) -> Option<&'a Settings>,
    /// The manifest line that declares an assignment, where one does.
    pub declared: &'a dyn Fn(&AssignmentKey) -> Option<&'a Origin>,
    /// The manifest line that declares the settings of a [`Target::policy_target`], where one does.
    pub governed: &'a dyn Fn(&Target) -> Option<&'a Origin>,
}

impl fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").field("graph", self.graph).finish_non_exhaustive()
    }
}

/// One check: the code of its remarks, and what makes them.
type Check = (&'static str, fn(&View<'_>) -> Vec<Notice>);

/// Every check.
const CHECKS: [Check; 4] = [
    (circle::CODE, circle::check),
    (double::CODE, double::check),
    (ownership::CODE, ownership::check),
    (weaker_group::CODE, weaker_group::check),
];

/// The most remarks of one kind: who must read more than that reads none.
const MOST: usize = 20;

/// Runs every check. The remarks are sorted, and the same state gives the same ones.
pub fn check(view: &View<'_>) -> Vec<Notice> {
    let mut notices = Vec::new();
    for (code, check) in CHECKS {
        notices.extend(capped(code, check(view)));
    }
    notices.sort();
    notices
}

/// Keeps the first remarks, those with a part in a manifest before others, and says how many were left out.
fn capped(code: &str, mut notices: Vec<Notice>) -> Vec<Notice> {
    notices.sort();
    notices.sort_by_key(|notice| notice.severity != Severity::Warning);
    let more = notices.len().saturating_sub(MOST);
    notices.truncate(MOST);
    if more > 0 {
        notices.push(Notice::new(code, None, format!("and {more} more of this kind"), None));
    }
    notices
}

impl View<'_> {
    /// Returns the words for where a grant comes from: a manifest line, or none.
    fn origin(&self, key: &AssignmentKey) -> String {
        (self.declared)(key).map_or_else(|| "in no manifest".to_owned(), Origin::to_string)
    }

    /// Returns a chain as one line in which each grant has its manifest line.
    fn words(&self, chain: &Chain) -> String {
        self.graph.words_with(chain, self.labels, |key| Some(self.origin(key)))
    }

    /// Returns the grants of a chain.
    fn keys<'b>(&'b self, chain: &'b Chain) -> impl Iterator<Item = &'b AssignmentKey> {
        chain.links.iter().filter_map(|link| match link {
            Link::Grant(index) => Some(&self.graph.grants()[*index].key),
            Link::AddsItself(_) => None,
        })
    }

    /// Returns a remark about `key`: a warning at the first of the manifest lines, or a notice when there are none.
    fn remark(
        &self,
        code: &str,
        key: &AssignmentKey,
        message: String,
        lines: impl IntoIterator<Item = Option<Origin>>,
    ) -> Notice {
        let address = Some(self.labels.assignment(key));
        match lines.into_iter().flatten().next() {
            Some(line) => Notice::warning(code, address, message, Some(line)),
            None => Notice::new(code, address, message, None),
        }
    }
}

/// Returns some words as a list: the first few, and how many more there are.
fn listed(items: &[String], most: usize) -> String {
    let shown = items.iter().take(most).cloned().collect::<Vec<_>>().join(", ");
    match items.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests;
