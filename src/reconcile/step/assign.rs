//! Granting, changing and extending one assignment (graph.md 2.9, C9, C10).

use jiff::Timestamp;

use crate::core::change::{Action, Change, Subject};
use crate::core::order::Step;
use crate::core::schedule::Ask;
use crate::reconcile::patience::{self, TRIES};
use crate::reconcile::step::look::Wanted;
use crate::reconcile::step::wider::{says_what, wider};
use crate::reconcile::step::{Ended, Record, Runner, Sent, live_key, refusal_text};
use crate::surface::{AssignVerb, Locator, Outcome, Surface};

/// How often "it exists" and "it does not exist" may alternate (C9): lists that lag explain two, more is a contradiction.
const SWAPS: usize = 3;

impl Runner {
    /// Grants, changes or extends in place.
    pub(super) async fn assign(
        &mut self,
        surface: &dyn Surface,
        change: &Change,
        step: &Step,
        mut locator: Locator,
        record: &mut Record<'_>,
    ) -> Ended {
        let Subject::Assignment { key, before, ask: Some(ask), condition, .. } = &change.subject else {
            return Ended::Failed("not an assignment".to_owned());
        };
        let wanted = Wanted { ask, condition: condition.as_deref() };
        if let Err(why) = self.check_assumed(surface, &key.target).await {
            return Ended::Failed(why);
        }
        let key = live_key(key, locator.role.as_ref());
        if let Err(why) = self.settle_scope(surface, &key.target).await {
            return Ended::Failed(why);
        }
        let subject = started(&change.subject, ask, self.client.now());
        let mut verb = first_verb(change.action);
        let mut swaps = 0;
        let mut waits = patience::looks();
        let mut last = String::new();
        for _ in 0..TRIES {
            locator.request = self.request_name();
            let command = surface.encode(&subject, &step.part, verb, &locator);
            let sent = self.send(surface, &command, record).await;
            let asked_at = self.client.now();
            match sent {
                Sent::Answer(answer) => {
                    if let Some(wider) = wider(surface, &answer.body, &key, &wanted, asked_at) {
                        if wider.was_so(&key, before.as_ref(), asked_at) {
                            return Ended::Failed(format!("{}, as it was before", wider.why));
                        }
                        return match before.is_some() && wider.is_of(&key) {
                            true => self.narrow(surface, change, &subject, step, &locator, wider, record).await,
                            false => self.revoke(surface, change, step, wider, record).await,
                        };
                    }
                    let is_silent = !says_what(surface, &answer.body);
                    match surface.granted(&answer.body) {
                        Outcome::NotReplicated(why) => last = why,
                        Outcome::Refused(why) => return Ended::Failed(why),
                        outcome => {
                            let why = match outcome {
                                Outcome::Pending(why) => why,
                                _ => "it is not yet visible".to_owned(),
                            };
                            let ended = self.await_grant(&key, &wanted, asked_at, why).await;
                            let shown = self.shown_wider(&key, before.as_ref(), &wanted, asked_at, &ended).await;
                            return match (shown, ended) {
                                (Some(wider), _) if before.is_some() => {
                                    self.narrow(surface, change, &subject, step, &locator, wider, record).await
                                }
                                (Some(wider), _) => self.revoke(surface, change, step, wider, record).await,
                                // it may hold elsewhere or longer, where no look of ours would find it
                                (None, Ended::Pending(why)) if is_silent => Ended::Failed(format!(
                                    "the answer does not say what was granted, and {why}; look at what the principal holds"
                                )),
                                (None, ended) => ended,
                            };
                        }
                    }
                }
                Sent::Refused(Outcome::Exists) => match self.look(&key).await {
                    Ok(Some(seen)) if wanted.is_granted(&seen, asked_at) => return Ended::AlreadySo,
                    Ok(Some(_)) if matches!(verb, AssignVerb::Assign | AssignVerb::Renew) && swaps < SWAPS => {
                        verb = AssignVerb::Update;
                        swaps += 1;
                        continue;
                    }
                    Ok(Some(seen)) => {
                        return Ended::Failed(format!(
                            "the service shows it {}, and neither grants it anew nor changes it in place",
                            seen.window
                        ));
                    }
                    // an activation occupies the same place (graph.md 2.9), or the lists lag behind
                    Ok(None) => {
                        last = "the service says that it exists, but does not show it; an activation may be running"
                            .to_owned();
                    }
                    Err(why) => return Ended::Failed(why),
                },
                Sent::Refused(Outcome::DoesNotExist) if verb != AssignVerb::Assign => {
                    // it ran out, or somebody removed it, since it was read: what cannot be extended is renewed, what cannot
                    // be renewed is granted anew (graph.md 2.9)
                    verb = if verb == AssignVerb::Extend { AssignVerb::Renew } else { AssignVerb::Assign };
                    swaps += 1;
                    continue;
                }
                // an earlier sending of ours, whose answer was lost
                Sent::Refused(Outcome::Arrived) => {
                    let why = refusal_text(&Outcome::Arrived);
                    let ended = self.await_grant(&key, &wanted, asked_at, why).await;
                    return match self.shown_wider(&key, before.as_ref(), &wanted, asked_at, &ended).await {
                        Some(wider) if before.is_some() => {
                            self.narrow(surface, change, &subject, step, &locator, wider, record).await
                        }
                        Some(wider) => self.revoke(surface, change, step, wider, record).await,
                        // or the request of an earlier plan that was made with the same nonce, whose name is used up
                        None if matches!(ended, Ended::Pending(_)) && self.used_up.is_none() => {
                            self.used_up = Some(self.client.now());
                            last = refusal_text(&Outcome::Arrived);
                            continue;
                        }
                        None => ended,
                    };
                }
                Sent::Refused(Outcome::NotReplicated(why)) => last = why,
                Sent::Refused(Outcome::TooYoung) => last = refusal_text(&Outcome::TooYoung),
                Sent::Refused(outcome) => return Ended::Failed(refusal_text(&outcome)),
                Sent::Doubtful(why) => match self.look(&key).await {
                    Ok(Some(seen)) if wanted.is_granted(&seen, asked_at) => return Ended::Done,
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
}

/// Returns the subject as it is asked for at `now`: a start that has passed since planning means now and is left out
/// (azurerm#23432: a start in the past is refused).
pub(in crate::reconcile) fn started(subject: &Subject, ask: &Ask, now: Timestamp) -> Subject {
    let mut subject = subject.clone();
    if let Subject::Assignment { ask: asked, .. } = &mut subject {
        *asked = Some(Ask { start: ask.start.filter(|start| *start > now), ..*ask });
    }
    subject
}

/// Returns the verb an action begins with.
pub(in crate::reconcile) fn first_verb(action: Action) -> AssignVerb {
    match action {
        Action::Create | Action::Regrant => AssignVerb::Assign,
        Action::Extend => AssignVerb::Extend,
        Action::Update | Action::Adopt => AssignVerb::Update,
        Action::Remove => AssignVerb::Remove,
    }
}
