//! Removing one assignment, or cancelling what is still pending (graph.md 2.9, C11, C12).

use crate::core::assignment::{ObservedAssignment, Provenance, is_same_condition};
use crate::core::change::{Change, Subject};
use crate::core::order::Step;
use crate::reconcile::patience::{self, DENIALS, TRIES};
use crate::reconcile::step::{Ended, Record, Runner, Sent, refusal_text};
use crate::surface::{AssignVerb, Locator, Outcome, Surface};

impl Runner {
    /// Removes, cancels what is still pending, or deletes what PIM does not know.
    pub(super) async fn unassign(
        &mut self,
        surface: &dyn Surface,
        change: &Change,
        step: &Step,
        mut locator: Locator,
        record: &mut Record<'_>,
    ) -> Ended {
        let Subject::Assignment { key, before: Some(before), .. } = &change.subject else {
            return Ended::Failed("nothing was observed to be removed".to_owned());
        };
        let mut verb = removing_verb(before);
        // what was reviewed is the removal of what was observed; what is gone or not visible is the service's to say
        match self.look(key).await {
            Ok(Some(seen)) if !before.window.as_ask().matches(&seen.window, self.client.now()) => {
                return Ended::Failed(format!(
                    "it changed since it was read (it was {}, it is {}); plan again",
                    before.window, seen.window
                ));
            }
            Ok(Some(seen)) if !is_same_condition(seen.condition.as_deref(), before.condition.as_deref()) => {
                return Ended::Failed("its condition changed since it was read; plan again".to_owned());
            }
            // gone, or explained by an activation meanwhile: a row of PIM's is no longer ours to delete
            Ok(None) if verb == AssignVerb::DeletePlain => return Ended::AlreadySo,
            Ok(_) => {}
            Err(why) => return Ended::Failed(format!("it could not be read before its removal: {why}")),
        }
        let (mut young, mut denials, mut last) = (0, 0, String::new());
        let mut waits = patience::looks();
        for _ in 0..TRIES + patience::YOUTH_TRIES {
            locator.request = self.request_name();
            let command = surface.encode(&change.subject, &step.part, verb, &locator);
            match self.send(surface, &command, record).await {
                // the service may list what it says does not exist, and what it removed (arm.md B.7)
                Sent::Refused(Outcome::Arrived) => match self.await_removal(key).await {
                    ended @ Ended::Pending(_) if waits.next().is_none() => return ended,
                    Ended::Pending(_) => self.used_up = Some(self.client.now()),
                    ended => return ended,
                },
                Sent::Answer(_) => match self.await_removal(key).await {
                    // another request than the one that was cancelled keeps it
                    Ended::Pending(_) if verb == AssignVerb::Cancel => verb = AssignVerb::Remove,
                    ended => return ended,
                },
                // the request that made it may be gone, or no longer one that can be cancelled: then it is removed
                Sent::Refused(_) if verb == AssignVerb::Cancel => verb = AssignVerb::Remove,
                Sent::Refused(Outcome::TooYoung) if young < patience::YOUTH_TRIES => {
                    young += 1;
                    last = refusal_text(&Outcome::TooYoung);
                    self.wait(patience::YOUTH_STEP).await;
                }
                Sent::Refused(Outcome::TooYoung) => {
                    return Ended::Pending(format!(
                        "{}; it is removed by the next apply",
                        refusal_text(&Outcome::TooYoung)
                    ));
                }
                // lists lag behind: what an earlier try of ours removed may still be shown for seconds
                // and what was made a moment ago is listed before it can be removed (arm.md B.7: up to 90 seconds)
                Sent::Refused(Outcome::DoesNotExist) => match self.await_removal(key).await {
                    Ended::Done if last.is_empty() => return Ended::AlreadySo,
                    Ended::Done => return Ended::Done,
                    _ if denials < DENIALS => {
                        denials += 1;
                        last = "the service says that it does not exist, but still shows it".to_owned();
                        self.wait(patience::YOUTH_STEP).await;
                    }
                    _ => return Ended::Failed(last),
                },
                Sent::Refused(Outcome::NotReplicated(why)) => match (self.look(key).await, waits.next()) {
                    (Ok(None), _) => return Ended::AlreadySo,
                    (Ok(Some(_)), Some(wait)) => {
                        last = why;
                        self.wait(wait).await;
                    }
                    (Ok(Some(_)), None) => return Ended::Failed(why),
                    (Err(error), _) => return Ended::Failed(error),
                },
                Sent::Refused(outcome) => return Ended::Failed(refusal_text(&outcome)),
                Sent::Doubtful(why) => match (self.look(key).await, waits.next()) {
                    (Ok(None), _) => return Ended::Done,
                    (Ok(Some(_)), Some(wait)) => {
                        last = why;
                        self.wait(wait).await;
                    }
                    (Ok(Some(_)), None) => return Ended::Failed(why),
                    (Err(error), _) => return Ended::Failed(format!("{why}; {error}")),
                },
                Sent::Failed(why) => return Ended::Failed(why),
            }
        }
        Ended::Failed(last)
    }
}

/// Returns the verb that takes away what was observed.
pub(in crate::reconcile) fn removing_verb(before: &ObservedAssignment) -> AssignVerb {
    match &before.provenance {
        Provenance::Pim { .. } if before.window.is_pending() => AssignVerb::Cancel,
        Provenance::Pim { .. } | Provenance::OutsidePim | Provenance::Unscheduled => AssignVerb::Remove,
        Provenance::Classic { .. } | Provenance::Plain { .. } => AssignVerb::DeletePlain,
    }
}
