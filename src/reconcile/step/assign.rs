//! Granting, changing and removing one assignment (graph.md 2.9, C9 to C12).

use jiff::Timestamp;
use serde_json::Value;

use crate::core::assignment::{AssignmentKey, ObservedAssignment, Provenance, is_same_condition};
use crate::core::change::{Change, Subject};
use crate::core::order::Step;
use crate::core::schedule::{Ask, Window};
use crate::core::target::Target;
use crate::reconcile::observe;
use crate::reconcile::patience;
use crate::reconcile::step::{Ended, Record, Runner, Seen, Sent, first_verb, live_key, refusal_text};
use crate::surface::{AssignVerb, Grant, Locator, Outcome, Surface};

/// How often one assignment is tried with whatever verb fits, before it counts as failed.
const TRIES: usize = 12;

/// How often "it exists" and "it does not exist" may alternate (C9): lists that lag explain two, more is a contradiction.
const SWAPS: usize = 3;

/// How often the service must say that something does not exist before it is believed, although it is listed or was just made.
const DENIALS: usize = 3;

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
        let mut verb = match &before.provenance {
            Provenance::Pim { .. } if before.window.is_pending() => AssignVerb::Cancel,
            Provenance::Pim { .. } | Provenance::OutsidePim | Provenance::Unscheduled => AssignVerb::Remove,
            Provenance::Classic { .. } | Provenance::Plain { .. } => AssignVerb::DeletePlain,
        };
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

    async fn look(&self, key: &AssignmentKey) -> Result<Seen, String> {
        observe::assignment(&self.client, key).await
    }

    /// Looks until the schedule shows what was asked for: success is a re-read, not a 201 (graph.md 2.7).
    async fn await_grant(&self, key: &AssignmentKey, wanted: &Wanted<'_>, asked_at: Timestamp, why: String) -> Ended {
        let mut last = why;
        for wait in std::iter::once(jiff::SignedDuration::ZERO).chain(patience::looks().take(4)) {
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

    /// Returns in which way an assignment that is not as asked for is wider, whatever the answer said. One that was there
    /// before may still be shown as it was.
    async fn shown_wider(
        &self,
        key: &AssignmentKey,
        before: Option<&ObservedAssignment>,
        wanted: &Wanted<'_>,
        asked_at: Timestamp,
        ended: &Ended,
    ) -> Option<Wider> {
        if !matches!(ended, Ended::Pending(_)) {
            return None;
        }
        let was_so = |seen: &ObservedAssignment| {
            before.is_some_and(|before| {
                before.window.as_ask().covers(&seen.window, asked_at)
                    && is_same_condition(before.condition.as_deref(), seen.condition.as_deref())
            })
        };
        let is_wider = |seen: &ObservedAssignment| {
            !wanted.ask.covers(&seen.window, asked_at)
                || !is_same_condition(wanted.condition, seen.condition.as_deref())
        };
        let seen = self.look(key).await.ok().flatten().filter(|seen| is_wider(seen) && !was_so(seen))?;
        let how = match wanted.ask.covers(&seen.window, asked_at) {
            true => "the service shows another condition than asked for".to_owned(),
            false => format!("the service shows a wider window than asked for: {}", seen.window),
        };
        let request = match seen.provenance {
            Provenance::Pim { request } => Some(request),
            Provenance::OutsidePim
            | Provenance::Classic { .. }
            | Provenance::Unscheduled
            | Provenance::Plain { .. } => None,
        };
        Some(Wider {
            why: how,
            grant: Grant {
                target: key.target.clone(),
                principal: key.principal.clone(),
                start: seen.window.start,
                end: Some(seen.window.end),
                request,
                condition: seen.condition,
            },
            window: seen.window,
        })
    }

    /// Asks once more for the window of an assignment that was there before and is wider now than both then and asked for: to
    /// remove it would take away what its holder had. The run fails either way.
    #[allow(clippy::too_many_arguments, reason = "one step with its parts spelled out")]
    async fn narrow(
        &mut self,
        surface: &dyn Surface,
        change: &Change,
        subject: &Subject,
        step: &Step,
        locator: &Locator,
        wider: Wider,
        record: &mut Record<'_>,
    ) -> Ended {
        self.was_wider = true;
        self.takes_back = true;
        let Subject::Assignment { key, ask: Some(ask), condition, .. } = subject else {
            return Ended::Failed(wider.why);
        };
        let wanted = Wanted { ask, condition: condition.as_deref() };
        let key = live_key(key, locator.role.as_ref());
        let locator = Locator { request: self.request_name(), ..locator.clone() };
        let command = surface.encode(subject, &step.part, AssignVerb::Update, &locator);
        let last = match self.send(surface, &command, record).await {
            Sent::Answer(_) => {
                let asked_at = self.client.now();
                match self.await_grant(&key, &wanted, asked_at, "it is not visible".to_owned()).await {
                    Ended::Done => return Ended::Failed(format!("{}; it was narrowed at once", wider.why)),
                    Ended::Pending(why) | Ended::Failed(why) => why,
                    Ended::AlreadySo => String::new(),
                }
            }
            Sent::Refused(outcome) => refusal_text(&outcome),
            Sent::Doubtful(why) | Sent::Failed(why) => why,
        };
        if wanted.condition.is_some() && wider.grant.condition.is_none() {
            // without its condition it reaches further than before and after allow: better none
            return self.revoke(surface, change, step, wider, record).await;
        }
        Ended::Failed(format!("{}; NARROW IT BY HAND: {last}", wider.why))
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
    ///
    /// A grant that was made a moment ago may not be known everywhere: that it "does not exist" is believed only after it was
    /// said several times and no list shows it.
    async fn revoke(
        &mut self,
        surface: &dyn Surface,
        change: &Change,
        step: &Step,
        wider: Wider,
        record: &mut Record<'_>,
    ) -> Ended {
        self.was_wider = true;
        self.takes_back = true;
        let Subject::Assignment { key, principal_type, .. } = &change.subject else {
            return Ended::Failed(wider.why);
        };
        // exactly what the answer says was granted is taken back, not what was asked for
        let Wider { why: wider, grant, window } = wider;
        let granted = AssignmentKey { target: grant.target, principal: grant.principal, mode: key.mode };
        let request = grant.request.unwrap_or_default();
        let mut verb = match window.is_pending() && !request.is_empty() {
            true => AssignVerb::Cancel,
            false => AssignVerb::Remove,
        };
        let subject = Subject::Assignment {
            key: granted.clone(),
            principal_type: *principal_type,
            before: Some(ObservedAssignment { window, condition: None, provenance: Provenance::Pim { request } }),
            ask: None,
            condition: None,
            justification: None,
            ticket: None,
        };
        let mut last = "six minutes were not enough".to_owned();
        let mut denials = 0;
        for _ in 0..=patience::YOUTH_TRIES {
            let locator = Locator { request: self.request_name(), ..Locator::default() };
            let command = surface.encode(&subject, &step.part, verb, &locator);
            match self.send(surface, &command, record).await {
                Sent::Answer(_) => match self.await_removal(&granted).await {
                    Ended::Done => {
                        self.remarks.push(format!("{wider}; it was revoked"));
                        return Ended::Failed(format!("{wider}; it was revoked at once"));
                    }
                    Ended::Pending(why) | Ended::Failed(why) => last = why,
                    Ended::AlreadySo => {}
                },
                Sent::Refused(Outcome::DoesNotExist) => {
                    denials += 1;
                    if denials >= DENIALS && matches!(self.look(&granted).await, Ok(None)) {
                        self.remarks.push(format!("{wider}; it was revoked"));
                        return Ended::Failed(format!("{wider}; it was revoked at once"));
                    }
                    last = refusal_text(&Outcome::DoesNotExist);
                }
                Sent::Refused(Outcome::Refused(why)) if verb == AssignVerb::Remove => {
                    return Ended::Failed(format!("{wider}; REVOKE IT BY HAND, the service refused to: {why}"));
                }
                Sent::Refused(outcome) => last = refusal_text(&outcome),
                Sent::Doubtful(why) => last = why,
                Sent::Failed(why) => {
                    return Ended::Failed(format!("{wider}; REVOKE IT BY HAND, it could not be revoked: {why}"));
                }
            }
            verb = AssignVerb::Remove;
            self.wait(patience::YOUTH_STEP).await;
        }
        Ended::Failed(format!("{wider}; REVOKE IT BY HAND: {last}"))
    }
}

/// Returns the subject as it is asked for at `now`: a start that has passed since planning means now and is left out
/// (azurerm#23432: a start in the past is refused).
fn started(subject: &Subject, ask: &Ask, now: Timestamp) -> Subject {
    let mut subject = subject.clone();
    if let Subject::Assignment { ask: asked, .. } = &mut subject {
        *asked = Some(Ask { start: ask.start.filter(|start| *start > now), ..*ask });
    }
    subject
}

/// What one assignment shall be.
struct Wanted<'a> {
    ask: &'a Ask,
    condition: Option<&'a str>,
}

impl Wanted<'_> {
    /// Tells whether an assignment is what was asked for.
    fn is_granted(&self, seen: &ObservedAssignment, asked_at: Timestamp) -> bool {
        self.ask.matches(&seen.window, asked_at) && is_same_condition(self.condition, seen.condition.as_deref())
    }
}

/// A grant that gives more than was asked for.
struct Wider {
    /// In which way, for people.
    why: String,
    /// What the answer says.
    grant: Grant,
    /// Its window; permanent when the answer does not say.
    window: Window,
}

impl Wider {
    /// Tells whether it gives no more than was there before: then nothing was gained that could be revoked, and to remove the
    /// assignment would take away what its holder had.
    fn was_so(&self, key: &AssignmentKey, before: Option<&ObservedAssignment>, now: Timestamp) -> bool {
        self.is_of(key)
            && before.is_some_and(|before| {
                before.window.as_ask().covers(&self.window, now)
                    && is_same_condition(before.condition.as_deref(), self.grant.condition.as_deref())
            })
    }

    /// Tells whether it is a grant of the very role, scope and principal that were meant.
    fn is_of(&self, key: &AssignmentKey) -> bool {
        self.grant.target == key.target && self.grant.principal == key.principal
    }
}

/// Returns in which way an answer grants more than was asked for.
fn wider(
    surface: &dyn Surface,
    body: &Value,
    key: &AssignmentKey,
    wanted: &Wanted<'_>,
    asked_at: Timestamp,
) -> Option<Wider> {
    let grant = surface.grant(body)?;
    let window = Window::new(grant.start, grant.end.flatten(), asked_at);
    let why = if grant.target != key.target {
        format!("the service granted another role or scope than asked for: {}", place(&grant.target))
    } else if grant.principal != key.principal {
        format!("the service granted it to another principal than asked for: {}", grant.principal)
    } else if grant.end.is_some() && !wanted.ask.covers(&window, asked_at) {
        format!("the service granted a wider window than asked for: {window}")
    } else if wanted.condition.is_some() && !is_same_condition(wanted.condition, grant.condition.as_deref()) {
        "the service granted it without the condition that was asked for".to_owned()
    } else {
        return None;
    };
    Some(Wider { why, grant, window })
}

/// Tells whether an answer says all of what was granted: role, scope, principal and window.
fn says_what(surface: &dyn Surface, body: &Value) -> bool {
    surface.grant(body).is_some_and(|grant| grant.end.is_some())
}

/// Names a target without its tenant's names, which an answer does not carry.
fn place(target: &Target) -> String {
    match target {
        Target::Directory { role, scope } => format!("role {role} at `{scope}`"),
        Target::Group { group, access } => format!("{} of group {group}", access.as_str()),
        Target::Azure { role, scope } => format!("role {role} at `{scope}`"),
    }
}
