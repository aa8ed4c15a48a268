//! Asking the service, before the first write, whether it would take each request about an assignment.
//!
//! Nothing can be written here: a [`Validator`] sends nothing but [`crate::surface::Validation`]s, which only the surfaces make.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use futures_util::StreamExt as _;
use futures_util::TryStreamExt as _;
use futures_util::stream;
use jiff::SignedDuration;
use uuid::Uuid;

use crate::clock::SharedClock;
use crate::core::change::{Change, Subject};
use crate::core::order::{Cycle, Step, StepPart};
use crate::core::plan::Plan;
use crate::reconcile::journal::{Entry, Journal};
use crate::reconcile::patience;
use crate::reconcile::step::{first_verb, refusal_text, removing_verb, started};
use crate::surface::{self, AssignVerb, Ground, Locator, Outcome, Surface};
use crate::transport::{Client, TransportError};
use crate::wire::Answer;

mod validator;
mod wait;

use self::validator::Validator;

/// How many requests are under way at once. The transport lets through what a service takes.
const ABREAST: usize = 16;

/// How often "it exists" and "it does not exist" may alternate; apply goes as far.
const SWAPS: usize = 3;

/// What the service says to the request of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// It would take it, as things are now.
    Fine,
    /// It would refuse it, with its code and message.
    Refused(String),
    /// It cannot be asked, or cannot know yet.
    NotChecked(String),
    /// It did not say: no answer, or none of its own.
    Unanswered(String),
    /// It answered as if it had carried the request out instead of judging it.
    CarriedOut,
}

/// The judgement of one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The change, by its index in the plan.
    pub change: usize,
    /// What the service says.
    pub judgement: Judgement,
}

/// Why nothing more was asked.
#[derive(Debug, thiserror::Error)]
pub enum PreflightError {
    /// The changes require each other; no order exists in which they could be made.
    #[error(transparent)]
    Cycle(#[from] Cycle),
    /// No token could be had.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// What is sent cannot be noted.
    #[error("the journal cannot be written: {0}")]
    Journal(#[from] std::io::Error),
}

/// What a preflight needs.
pub struct Preflight<'a> {
    validator: Validator,
    clock: SharedClock,
    journal: Mutex<&'a mut dyn Journal>,
    /// Set when a service carried out what it was to judge: nothing more is sent.
    is_broken: AtomicBool,
}

impl<'a> Preflight<'a> {
    /// Prepares to ask as the identity of `client`, and to note in `journal` what is asked.
    pub fn new(client: &Client, clock: SharedClock, journal: &'a mut dyn Journal) -> Self {
        let validator = Validator::new(client);
        Self { validator, clock, journal: Mutex::new(journal), is_broken: AtomicBool::new(false) }
    }

    /// Asks about every change of an assignment, in the order in which the changes would be made; the answers have that order.
    ///
    /// The requests of a surface go one by one until an answer shows that the service only judged one. Should it carry that one
    /// out, it is the only one: the others are then not sent any more. A refusal, or no answer, shows nothing of the kind.
    ///
    /// # Errors
    /// [`PreflightError`]: nothing is known then, and nothing was written.
    pub async fn check(&self, plan: &Plan) -> Result<Vec<Check>, PreflightError> {
        let steps = plan.steps()?;
        let is_asked = |step: &&Step| matches!(step.part, StepPart::Assign | StepPart::Unassign);
        let steps: Vec<&Step> = steps.iter().filter(is_asked).collect();
        let mut proven = BTreeSet::new();
        let mut checks: Vec<Option<Check>> = Vec::new();
        for step in &steps {
            let goes_alone = !proven.contains(&plan.changes[step.change].surface);
            let check = match goes_alone {
                true => Some(self.judge(plan, step).await?),
                false => None,
            };
            if check.as_ref().is_some_and(|(_, is_proof)| *is_proof) {
                proven.insert(plan.changes[step.change].surface);
            }
            checks.push(check.map(|(check, _)| check));
        }
        let others =
            steps.iter().zip(&checks).filter(|(_, check)| check.is_none()).map(|(step, _)| self.judge(plan, step));
        let others: Vec<(Check, bool)> = stream::iter(others).buffered(ABREAST).try_collect().await?;
        let mut others = others.into_iter().map(|(check, _)| check);
        Ok(checks.into_iter().filter_map(|check| check.or_else(|| others.next())).collect())
    }

    /// Returns what the service says to a change, and whether it showed that it only judges what it is to judge.
    async fn judge(&self, plan: &Plan, step: &Step) -> Result<(Check, bool), PreflightError> {
        let change = &plan.changes[step.change];
        let judged = |judgement| Check { change: step.change, judgement };
        if let Some(why) = wait::before_asking(&plan.changes, change) {
            return Ok((judged(Judgement::NotChecked(why)), false));
        }
        let Some(mut asked) = Asked::new(change, step, self.validator.now()) else {
            return Ok((judged(Judgement::NotChecked("nothing was observed to be removed".to_owned())), false));
        };
        let judgement = loop {
            if self.is_broken.load(Ordering::SeqCst) {
                break Judgement::Unanswered("it was not asked about any more".to_owned());
            }
            let Some(said) = self.ask(&asked).await? else {
                break Judgement::NotChecked(
                    "it is cancelled or deleted without a request that could be judged".to_owned(),
                );
            };
            match asked.read(&plan.changes, said) {
                Next::Over(judgement) => break judgement,
                Next::Again => {}
                Next::Later(wait) => self.clock.sleep(wait).await,
            }
        };
        if judgement == Judgement::CarriedOut {
            self.is_broken.store(true, Ordering::SeqCst);
        }
        Ok((judged(judgement), asked.is_proof))
    }

    /// Sends one validation and notes it before and after; `None` when the request has no such form.
    async fn ask(&self, asked: &Asked<'_>) -> Result<Option<Said>, PreflightError> {
        let locator = Locator { policy: None, role: None, request: asked.name() };
        let validation = asked.surface.validation(&asked.subject, &asked.step.part, asked.verb, &locator);
        let Some(validation) = validation else { return Ok(None) };
        let call = format!("{} {}", validation.command().verb.as_str(), validation.command().path);
        self.note(asked.change, "validating", &call, None, None)?;
        let result = self.validator.send(&validation).await;
        let (outcome, request_id) = match &result {
            Ok(answer) => (format!("HTTP {}", answer.status), answer.request_id.clone()),
            Err(error) => (error.to_string(), error.refusal().and_then(|r| r.request_id.clone())),
        };
        self.note(asked.change, "validated", &call, Some(outcome), request_id)?;
        match result {
            Ok(answer) => Ok(Some(Ok(answer))),
            // every further request would meet the same
            Err(error @ TransportError::Auth(_)) => Err(error.into()),
            Err(error) => Ok(Some(Err(error))),
        }
    }

    fn note(
        &self,
        change: &Change,
        event: &'static str,
        call: &str,
        outcome: Option<String>,
        request_id: Option<String>,
    ) -> std::io::Result<()> {
        let entry = Entry {
            time: self.validator.now(),
            event,
            address: change.address.clone(),
            phase: "preflight",
            request: change.request_ids.first().copied(),
            call: Some(call.to_owned()),
            outcome,
            request_id,
        };
        self.journal.lock().unwrap_or_else(PoisonError::into_inner).record(&entry)
    }
}

/// What came back.
type Said = Result<Answer, TransportError>;

/// What follows from an answer.
enum Next {
    Over(Judgement),
    /// Ask again, in another way.
    Again,
    /// Ask again after a wait.
    Later(SignedDuration),
}

/// A change that is being asked about, as far as the answers have led.
struct Asked<'a> {
    surface: &'static dyn Surface,
    change: &'a Change,
    step: &'a Step,
    /// What is sent, as it would be now.
    subject: Subject,
    verb: AssignVerb,
    swaps: usize,
    tries: usize,
    /// Whether an answer showed that the service only judged.
    is_proof: bool,
    waits: std::iter::Take<std::slice::Iter<'static, u64>>,
}

impl<'a> Asked<'a> {
    /// Begins with the request that apply would send first.
    fn new(change: &'a Change, step: &'a Step, now: jiff::Timestamp) -> Option<Self> {
        let Subject::Assignment { before, ask, .. } = &change.subject else { return None };
        let (subject, verb) = match (ask, before) {
            (Some(ask), _) => (started(&change.subject, ask, now), first_verb(change.action)),
            (None, Some(before)) => (change.subject.clone(), removing_verb(before)),
            (None, None) => return None,
        };
        let surface = surface::of(change.surface);
        // what is not known everywhere yet is looked for as long as apply looks for a grant
        let waits = patience::LOOKS.iter().take(4);
        Some(Self { surface, change, step, subject, verb, swaps: 0, tries: 0, is_proof: false, waits })
    }

    fn is_removal(&self) -> bool {
        self.step.part == StepPart::Unassign
    }

    /// Returns the name of the request that is judged: not the one that apply will send. That a name is free afterwards is not
    /// documented.
    fn name(&self) -> Option<Uuid> {
        let first = self.change.request_ids.first()?;
        Some(Uuid::new_v5(first, format!("preflight {}", self.tries).as_bytes()))
    }

    /// Reads an answer. Where apply would go on in another way, or wait, so does this.
    fn read(&mut self, changes: &[Change], said: Said) -> Next {
        self.tries += 1;
        let refusal = match said {
            Ok(answer) if !self.surface.is_only_judged(&answer.body) => return Next::Over(Judgement::CarriedOut),
            Ok(answer) => {
                self.is_proof = true;
                return match self.surface.granted(&answer.body) {
                    Outcome::Refused(why) => Next::Over(Judgement::Refused(why)),
                    Outcome::NotReplicated(why) => self.later(Judgement::Refused(why)),
                    _ => Next::Over(Judgement::Fine),
                };
            }
            Err(TransportError::Refused(refusal)) => refusal,
            Err(error) => return Next::Over(Judgement::Unanswered(error.to_string())),
        };
        let ground = surface::ground(&refusal);
        if ground == Ground::NoJudgement {
            return Next::Over(Judgement::Unanswered(refusal.to_string()));
        }
        if let Some(why) = wait::after_refusal(changes, self.change, &ground) {
            return Next::Over(Judgement::NotChecked(why));
        }
        match self.surface.refusal(&refusal) {
            Outcome::DoesNotExist if self.is_removal() => Next::Over(Judgement::Fine),
            Outcome::TooYoung if self.is_removal() => Next::Over(Judgement::NotChecked(
                "it is younger than five minutes; apply waits until it can be removed".to_owned(),
            )),
            Outcome::Exists => self.swap(AssignVerb::Update, &[AssignVerb::Assign, AssignVerb::Renew], &refusal),
            Outcome::DoesNotExist if self.verb == AssignVerb::Extend => {
                self.swap(AssignVerb::Renew, &[AssignVerb::Extend], &refusal)
            }
            Outcome::DoesNotExist => self.swap(AssignVerb::Assign, &[AssignVerb::Update, AssignVerb::Renew], &refusal),
            Outcome::NotReplicated(why) => self.later(Judgement::Refused(why)),
            Outcome::Arrived => self.later(Judgement::Unanswered(refusal.to_string())),
            outcome @ Outcome::PendingRequest => {
                Next::Over(Judgement::Refused(format!("{refusal}: {}", refusal_text(&outcome))))
            }
            _ => Next::Over(Judgement::Refused(refusal.to_string())),
        }
    }

    /// Goes on with another verb, as apply does (C9), unless that leads nowhere.
    fn swap(&mut self, to: AssignVerb, from: &[AssignVerb], refusal: &crate::wire::Refusal) -> Next {
        if self.swaps < SWAPS && from.contains(&self.verb) {
            self.verb = to;
            self.swaps += 1;
            return Next::Again;
        }
        // an activation occupies the same place (graph.md 2.9)
        let hint = if self.swaps > 1 { "; an activation may be running" } else { "" };
        Next::Over(Judgement::Refused(format!("{refusal}{hint}")))
    }

    /// Goes on a little later, or ends with `last` when that was done often enough.
    fn later(&mut self, last: Judgement) -> Next {
        match self.waits.next() {
            Some(seconds) => Next::Later(SignedDuration::from_secs(*seconds as i64)),
            None => Next::Over(last),
        }
    }
}
