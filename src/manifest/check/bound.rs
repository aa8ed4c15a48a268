//! Bounds on what checks do with files that nobody means well with: a manifest may hold 200,000 values, and nothing may cost the
//! square of that.

use crate::catalog::similar::closest;
use crate::core::diagnostic::Diagnostic;

/// How many candidates all suggestions of one check may be compared with. A mistyped name among 1,000 others is found a
/// thousand times over.
const CANDIDATES: usize = 1_000_000;
/// How many complaints a check with costly look-ups makes.
pub(super) const COMPLAINTS: usize = 1_000;
/// How many assignments the manifests may expand to. Far beyond a tenant's own limits, and still held in memory.
pub(super) const EXPANSION: usize = 250_000;
/// The longest message in characters; names in it may be of any length.
const MESSAGE: usize = 400;

/// Suggests names until its budget is used up.
pub(super) struct Advice {
    left: usize,
}

impl Advice {
    /// Returns a full budget.
    pub(super) fn new() -> Self {
        Self { left: CANDIDATES }
    }

    /// Returns the name most like `wanted`, while the budget lasts.
    pub(super) fn closest<'a>(&mut self, wanted: &str, candidates: &[&'a str]) -> Option<&'a str> {
        self.left = self.left.checked_sub(candidates.len())?;
        closest(wanted, candidates.iter().copied())
    }

    /// Takes a look-up among `candidates` names from the budget; tells whether it was there.
    pub(super) fn take(&mut self, candidates: usize) -> bool {
        match self.left.checked_sub(candidates) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }
}

/// Shortens the texts of a complaint.
pub(super) fn clip(diagnostic: &mut Diagnostic) {
    let texts = std::iter::once(&mut diagnostic.message)
        .chain(std::iter::once(&mut diagnostic.note))
        .chain(diagnostic.labels.iter_mut().map(|label| &mut label.text))
        .chain(&mut diagnostic.help);
    for text in texts {
        if let Some((at, _)) = text.char_indices().nth(MESSAGE) {
            text.truncate(at);
            text.push('…');
        }
    }
}
