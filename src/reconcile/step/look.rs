//! Looking at one assignment, and waiting until it is seen, or seen to be gone.

use jiff::{SignedDuration, Timestamp};

use crate::core::assignment::{AssignmentKey, ObservedAssignment, is_same_condition};
use crate::core::schedule::Ask;
use crate::reconcile::step::{Ended, Runner};
use crate::reconcile::{observe, patience};

/// What a look at one assignment shows.
pub(super) type Seen = Option<ObservedAssignment>;

/// What one assignment shall be.
pub(super) struct Wanted<'a> {
    pub(super) ask: &'a Ask,
    pub(super) condition: Option<&'a str>,
}

impl Wanted<'_> {
    /// Tells whether an assignment is what was asked for.
    pub(super) fn is_granted(&self, seen: &ObservedAssignment, asked_at: Timestamp) -> bool {
        self.ask.matches(&seen.window, asked_at) && is_same_condition(self.condition, seen.condition.as_deref())
    }
}

impl Runner {
    pub(super) async fn look(&self, key: &AssignmentKey) -> Result<Seen, String> {
        observe::assignment(&self.client, key).await
    }

    /// Looks until the schedule shows what was asked for: success is a re-read, not a 201 (graph.md 2.7).
    pub(super) async fn await_grant(
        &self,
        key: &AssignmentKey,
        wanted: &Wanted<'_>,
        asked_at: Timestamp,
        why: String,
    ) -> Ended {
        let mut last = why;
        for wait in std::iter::once(SignedDuration::ZERO).chain(patience::looks().take(4)) {
            self.wait(wait).await;
            match self.look(key).await {
                Ok(Some(seen)) if wanted.is_granted(&seen, asked_at) => return Ended::Done,
                Ok(Some(seen)) if wanted.ask.matches(&seen.window, asked_at) => {
                    last = "the tenant shows another condition instead".to_owned();
                }
                Ok(Some(seen)) => last = format!("the tenant shows {} instead", seen.window),
                Ok(None) => {}
                Err(error) => last = error,
            }
        }
        Ended::Pending(format!("accepted, but after 30 seconds {last}"))
    }

    /// Looks until the assignment is gone.
    pub(super) async fn await_removal(&self, key: &AssignmentKey) -> Ended {
        for wait in std::iter::once(SignedDuration::ZERO).chain(patience::looks().take(4)) {
            self.wait(wait).await;
            match self.look(key).await {
                Ok(None) => return Ended::Done,
                Ok(Some(_)) => {}
                Err(error) => return Ended::Pending(format!("accepted, but could not be checked: {error}")),
            }
        }
        Ended::Pending("accepted, but the tenant still shows it after 30 seconds".to_owned())
    }
}
