//! Granting, changing and removing one assignment (graph.md 2.9, C9 to C12).

use jiff::Timestamp;
use serde_json::Value;

use crate::core::assignment::{AssignmentKey, Provenance};
use crate::core::change::{Change, Subject};
use crate::core::order::Step;
use crate::core::schedule::{Ask, Window};
use crate::reconcile::observe;
use crate::reconcile::patience;
use crate::reconcile::step::{Ended, Record, Runner, Seen, Sent, first_verb, live_key, refusal_text};
use crate::surface::{AssignVerb, Locator, Outcome, Surface};

/// How often one assignment is tried with whatever verb fits, before it counts as failed.
const TRIES: usize = 12;

impl Runner {
    /// Grants, changes or extends in place.
    pub(super) async fn assign(
        &mut self,
        surface: &dyn Surface,
        change: &Change,
        step: &Step,
        locator: Locator,
        record: &mut Record<'_>,
    ) -> Ended {
        let Subject::Assignment { key, ask: Some(ask), .. } = &change.subject else {
            return Ended::Failed("not an assignment".to_owned());
        };
        let key = live_key(key, locator.role.as_ref());
        if let Err(why) = self.settle_scope(surface, &key.target).await {
            return Ended::Failed(why);
        }
        let mut verb = first_verb(change.action);
        let mut waits = patience::looks();
        let mut last = String::new();
        for _ in 0..TRIES {
            let command = surface.encode(&change.subject, &step.part, verb, &locator);
            let sent = self.send(surface, &command, record).await;
            let asked_at = self.client.now();
            match sent {
                Sent::Answer(answer) => {
                    if let Some(wider) = wider(surface, &answer.body, &key, ask, asked_at) {
                        return self.revoke(surface, change, step, &locator, &answer.body, wider, record).await;
                    }
                    match surface.granted(&answer.body) {
                        Outcome::NotReplicated(why) => last = why,
                        Outcome::Refused(why) => return Ended::Failed(why),
                        Outcome::Pending(why) => return self.await_grant(&key, ask, asked_at, why).await,
                        _ => return self.await_grant(&key, ask, asked_at, "not yet visible".to_owned()).await,
                    }
                }
                Sent::Refused(Outcome::Exists) => match self.look(&key).await {
                    Ok(Some(seen)) if is_granted(&seen.window, ask, asked_at) => return Ended::AlreadySo,
                    Ok(Some(_)) if verb == AssignVerb::Assign => {
                        verb = AssignVerb::Update;
                        continue;
                    }
                    Ok(Some(_)) => {
                        return Ended::Failed("the service says that it exists, with another window".to_owned());
                    }
                    // an activation occupies the same place (graph.md 2.9), or the lists lag behind
                    Ok(None) => {
                        last = "the service says that it exists, but does not show it; an activation may be running"
                            .to_owned();
                    }
                    Err(why) => return Ended::Failed(why),
                },
                Sent::Refused(Outcome::DoesNotExist) if verb != AssignVerb::Assign => {
                    // it ran out, or somebody removed it, since it was read
                    verb = AssignVerb::Assign;
                    continue;
                }
                Sent::Refused(Outcome::NotReplicated(why)) => last = why,
                Sent::Refused(Outcome::TooYoung) => last = refusal_text(&Outcome::TooYoung),
                Sent::Refused(outcome) => return Ended::Failed(refusal_text(&outcome)),
                Sent::Doubtful(why) => match self.look(&key).await {
                    Ok(Some(seen)) if is_granted(&seen.window, ask, asked_at) => return Ended::Done,
                    Ok(_) => last = why,
                    Err(error) => return Ended::Failed(format!("{why}; {error}")),
                },
                Sent::Failed(why) => return Ended::Failed(why),
            }
            match waits.next() {
                Some(wait) => self.wait(wait).await,
                None => break,
            }
        }
        Ended::Failed(last)
    }

    /// Removes, cancels what is still pending, or deletes what PIM does not know.
    pub(super) async fn unassign(
        &mut self,
        surface: &dyn Surface,
        change: &Change,
        step: &Step,
        locator: Locator,
        record: &mut Record<'_>,
    ) -> Ended {
        let Subject::Assignment { key, before: Some(before), .. } = &change.subject else {
            return Ended::Failed("nothing was observed to be removed".to_owned());
        };
        let mut verb = match &before.provenance {
            Provenance::Pim { .. } if before.window.is_pending() => AssignVerb::Cancel,
            Provenance::Pim { .. } | Provenance::OutsidePim => AssignVerb::Remove,
            Provenance::Plain { .. } => AssignVerb::DeletePlain,
        };
        let (mut young, mut last) = (0, String::new());
        for _ in 0..TRIES + patience::YOUTH_TRIES {
            let command = surface.encode(&change.subject, &step.part, verb, &locator);
            match self.send(surface, &command, record).await {
                Sent::Answer(_) => return self.await_removal(key).await,
                // the request that made it may be gone, or no longer one that can be cancelled: then it is removed
                Sent::Refused(Outcome::TooYoung) if young < patience::YOUTH_TRIES => {
                    young += 1;
                    last = refusal_text(&Outcome::TooYoung);
                    self.wait(patience::YOUTH_STEP).await;
                }
                Sent::Refused(_) if verb == AssignVerb::Cancel => verb = AssignVerb::Remove,
                Sent::Refused(Outcome::DoesNotExist | Outcome::NotReplicated(_)) => match self.look(key).await {
                    Ok(None) => return Ended::AlreadySo,
                    Ok(Some(_)) => {
                        return Ended::Failed("the service says that it does not exist, but still shows it".to_owned());
                    }
                    Err(why) => return Ended::Failed(why),
                },
                Sent::Refused(Outcome::TooYoung) => {
                    return Ended::Pending(format!(
                        "{}; it is removed by the next apply",
                        refusal_text(&Outcome::TooYoung)
                    ));
                }
                Sent::Refused(outcome) => return Ended::Failed(refusal_text(&outcome)),
                Sent::Doubtful(why) => match self.look(key).await {
                    Ok(None) => return Ended::Done,
                    Ok(Some(_)) => last = why,
                    Err(error) => return Ended::Failed(format!("{why}; {error}")),
                },
                Sent::Failed(why) => return Ended::Failed(why),
            }
        }
        Ended::Failed(last)
    }

    async fn look(&self, key: &AssignmentKey) -> Result<Seen, String> {
        observe::assignment(&self.client, key).await.map_err(|error| error.to_string())
    }

    /// Looks until the schedule shows what was asked for: success is a re-read, not a 201 (graph.md 2.7).
    async fn await_grant(&self, key: &AssignmentKey, ask: &Ask, asked_at: Timestamp, why: String) -> Ended {
        let mut last = why;
        for wait in std::iter::once(jiff::SignedDuration::ZERO).chain(patience::looks().take(4)) {
            self.wait(wait).await;
            match self.look(key).await {
                Ok(Some(seen)) if is_granted(&seen.window, ask, asked_at) => return Ended::Done,
                Ok(Some(seen)) => last = format!("the tenant shows {} instead", seen.window),
                Ok(None) => {}
                Err(error) => last = error,
            }
        }
        Ended::Pending(format!("accepted, but after 30 seconds {last}"))
    }

    /// Looks until the assignment is gone.
    async fn await_removal(&self, key: &AssignmentKey) -> Ended {
        for wait in std::iter::once(jiff::SignedDuration::ZERO).chain(patience::looks().take(4)) {
            self.wait(wait).await;
            match self.look(key).await {
                Ok(None) => return Ended::Done,
                Ok(Some(_)) => {}
                Err(error) => return Ended::Pending(format!("accepted, but could not be checked: {error}")),
            }
        }
        Ended::Pending("accepted, but the tenant still shows it after 30 seconds".to_owned())
    }

    /// Takes back what is wider than asked for, at once, for as long as the service's five-minute rule refuses, and fails.
    #[allow(clippy::too_many_arguments, reason = "one step with its parts spelled out")]
    async fn revoke(
        &mut self,
        surface: &dyn Surface,
        change: &Change,
        step: &Step,
        locator: &Locator,
        body: &Value,
        wider: String,
        record: &mut Record<'_>,
    ) -> Ended {
        self.was_wider = true;
        let Subject::Assignment { key, principal_type, .. } = &change.subject else {
            return Ended::Failed(wider);
        };
        // exactly what the answer says was granted is taken back, not what was asked for
        let Some(grant) = surface.grant(body) else { return Ended::Failed(wider) };
        let granted = AssignmentKey { target: grant.target, principal: grant.principal, mode: key.mode };
        let subject = Subject::Assignment {
            key: granted.clone(),
            principal_type: *principal_type,
            before: None,
            ask: None,
            condition: None,
            justification: None,
            ticket: None,
        };
        let _ = locator;
        let command = surface.encode(&subject, &step.part, AssignVerb::Remove, &Locator::default());
        for _ in 0..=patience::YOUTH_TRIES {
            match self.send(surface, &command, record).await {
                Sent::Answer(_) | Sent::Refused(Outcome::DoesNotExist) => {
                    self.remarks.push(format!("{wider}; it was revoked"));
                    return Ended::Failed(format!("{wider}; it was revoked at once"));
                }
                Sent::Refused(Outcome::TooYoung) | Sent::Doubtful(_) => self.wait(patience::YOUTH_STEP).await,
                Sent::Refused(outcome) => {
                    let why = refusal_text(&outcome);
                    return Ended::Failed(format!("{wider}; REVOKE IT BY HAND, the service refused to: {why}"));
                }
                Sent::Failed(why) => {
                    return Ended::Failed(format!("{wider}; REVOKE IT BY HAND, it could not be revoked: {why}"));
                }
            }
        }
        Ended::Failed(format!("{wider}; REVOKE IT BY HAND, six minutes were not enough"))
    }
}

/// Tells whether a window is what was asked for.
fn is_granted(seen: &Window, ask: &Ask, asked_at: Timestamp) -> bool {
    ask.matches(seen, asked_at)
}

/// Returns in which way an answer grants more than was asked for.
fn wider(surface: &dyn Surface, body: &Value, key: &AssignmentKey, ask: &Ask, asked_at: Timestamp) -> Option<String> {
    let grant = surface.grant(body)?;
    if grant.target != key.target {
        return Some(format!("the service granted another role or scope than asked for: {:?}", grant.target));
    }
    if grant.principal != key.principal {
        return Some(format!("the service granted it to another principal than asked for: {}", grant.principal));
    }
    let window = Window::new(grant.start, grant.end?, asked_at);
    (!ask.covers(&window, asked_at)).then(|| format!("the service granted a wider window than asked for: {window}"))
}
