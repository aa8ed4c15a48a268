//! A grant that came out wider than asked for: noticing it, and narrowing or revoking it at once (design.md 3).

use jiff::Timestamp;
use serde_json::Value;

use crate::core::assignment::{AssignmentKey, ObservedAssignment, Provenance, is_same_condition};
use crate::core::change::{Change, Subject};
use crate::core::order::Step;
use crate::core::schedule::Window;
use crate::reconcile::patience::{self, DENIALS};
use crate::reconcile::step::look::Wanted;
use crate::reconcile::step::{Ended, Record, Runner, Sent, live_key, refusal_text};
use crate::surface::{AssignVerb, Grant, Locator, Outcome, Surface};

/// A grant that gives more than was asked for.
pub(super) struct Wider {
    /// In which way, for people.
    pub(super) why: String,
    /// What the answer says.
    grant: Grant,
    /// Its window; permanent when the answer does not say.
    window: Window,
}

impl Wider {
    /// Tells whether it gives no more than was there before: then nothing was gained that could be revoked, and to remove the
    /// assignment would take away what its holder had.
    pub(super) fn was_so(&self, key: &AssignmentKey, before: Option<&ObservedAssignment>, now: Timestamp) -> bool {
        self.is_of(key)
            && before.is_some_and(|before| {
                before.window.as_ask().covers(&self.window, now)
                    && is_same_condition(before.condition.as_deref(), self.grant.condition.as_deref())
            })
    }

    /// Tells whether it is a grant of the very role, scope and principal that were meant.
    pub(super) fn is_of(&self, key: &AssignmentKey) -> bool {
        self.grant.target == key.target && self.grant.principal == key.principal
    }
}

impl Runner {
    /// Returns in which way an assignment that is not as asked for is wider, whatever the answer said. One that was there
    /// before may still be shown as it was.
    pub(super) async fn shown_wider(
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
    pub(super) async fn narrow(
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

    /// Takes back what is wider than asked for, at once, for as long as the service's five-minute rule refuses, and fails.
    ///
    /// A grant that was made a moment ago may not be known everywhere: that it "does not exist" is believed only after it was
    /// said several times and no list shows it.
    pub(super) async fn revoke(
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
            assumed: false,
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

/// Returns in which way an answer grants more than was asked for.
pub(super) fn wider(
    surface: &dyn Surface,
    body: &Value,
    key: &AssignmentKey,
    wanted: &Wanted<'_>,
    asked_at: Timestamp,
) -> Option<Wider> {
    let grant = surface.grant(body)?;
    let window = Window::new(grant.start, grant.end.flatten(), asked_at);
    let why = if grant.target != key.target {
        format!("the service granted another role or scope than asked for: {}", grant.target.by_ids())
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
pub(super) fn says_what(surface: &dyn Surface, body: &Value) -> bool {
    surface.grant(body).is_some_and(|grant| grant.end.is_some())
}
