//! Carrying out one step of a plan: which part does it, how a command is sent and noted, and what its answer came to.
//!
//! The parts are beside: roles, settings, assignments, and what to do about a grant that came out wider than asked for.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use uuid::Uuid;

use crate::clock::SharedClock;
use crate::core::assignment::AssignmentKey;
use crate::core::change::Change;
use crate::core::id::RoleId;
use crate::core::order::{Step, StepPart};
use crate::core::target::Target;
use crate::surface::{self, Locator, Outcome, Surface};
use crate::transport::{Client, TransportError, Writer};
use crate::wire::{Answer, Command};

mod assign;
mod look;
mod role;
mod scope;
mod setting;
mod unassign;
mod wider;

pub(super) use self::assign::{first_verb, started};
pub(super) use self::unassign::removing_verb;

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ended {
    Done,
    AlreadySo,
    Pending(String),
    Failed(String),
}

/// Notes an event, a call, an outcome and Microsoft's id.
pub(super) type Record<'a> =
    dyn FnMut(&'static str, Option<String>, Option<String>, Option<String>) -> std::io::Result<()> + Send + 'a;

/// Carries out the steps of one run and remembers what later ones need.
pub(super) struct Runner {
    client: Client,
    writer: Writer,
    clock: SharedClock,
    /// The ids that created roles really got, by the id that was asked for.
    got: BTreeMap<RoleId, GotIds>,
    /// Targets whose settings were assumed and have not been seen yet.
    pub(super) assumed: BTreeSet<Target>,
    /// The name of this step's request, from the plan.
    request: Option<Uuid>,
    /// How many requests of the step were answered: each further one needs another name.
    requests: usize,
    /// Since when the names that the plan gives are known to be used up by an earlier plan of the same nonce.
    used_up: Option<jiff::Timestamp>,
    /// Scopes that were seen twice in this run.
    settled_scopes: BTreeSet<String>,
    pub(super) remarks: Vec<String>,
    pub(super) was_wider: bool,
    /// Why the journal could not be written. Then nothing more is sent but what takes something back.
    pub(super) journal_error: Option<String>,
    /// Whether what is sent takes back what this run gave, which no broken journal may hinder.
    pub(super) takes_back: bool,
}

/// The two ids of a role that was just made: assignments refer to one, policies are keyed by the other (graph.md 3.6 #1).
struct GotIds {
    id: RoleId,
    template_id: RoleId,
}

/// What a write came to.
enum Sent {
    Answer(Answer),
    Refused(Outcome),
    /// Nobody knows whether it took effect.
    Doubtful(String),
    Failed(String),
}

impl Runner {
    pub(super) fn new(client: Client, writer: Writer, clock: SharedClock) -> Self {
        Self {
            client,
            writer,
            clock,
            got: BTreeMap::new(),
            assumed: BTreeSet::new(),
            request: None,
            requests: 0,
            used_up: None,
            settled_scopes: BTreeSet::new(),
            remarks: Vec::new(),
            was_wider: false,
            journal_error: None,
            takes_back: false,
        }
    }

    pub(super) async fn run(
        &mut self,
        change: &Change,
        step: &Step,
        request: Option<Uuid>,
        record: &mut Record<'_>,
    ) -> Ended {
        (self.request, self.requests, self.used_up) = (request, 0, None);
        let was_fine = self.journal_error.is_none();
        let ended = self.carry_out(change, step, record).await;
        match (&self.journal_error, ended) {
            (Some(error), Ended::Done | Ended::AlreadySo) if was_fine => Ended::Failed(error.clone()),
            (Some(error), Ended::Pending(why) | Ended::Failed(why)) if was_fine && why != *error => {
                Ended::Failed(format!("{error}; {why}"))
            }
            (_, ended) => ended,
        }
    }

    async fn carry_out(&mut self, change: &Change, step: &Step, record: &mut Record<'_>) -> Ended {
        let surface = surface::of(change.surface);
        let got = change.subject.role().and_then(|role| self.got.get(role));
        let locator = Locator { policy: None, role: got.map(|got| got.id.clone()), request: self.request };
        match &step.part {
            StepPart::CreateRole(role) => self.create_role(surface, change, step, role, record).await,
            StepPart::WriteRole(_) => self.write_role(surface, change, step, &locator, record).await,
            StepPart::RemoveRole => self.remove_role(surface, change, step, &locator, record).await,
            StepPart::WriteRules(settings, rules) => {
                self.write_rules(surface, change, step, settings, rules, locator, record).await
            }
            StepPart::Assign => self.assign(surface, change, step, locator, record).await,
            StepPart::Unassign => self.unassign(surface, change, step, locator, record).await,
        }
    }

    /// Sends one command and notes it before and after: what is on the journal's last line may have happened.
    ///
    /// An answer that cannot be noted counts all the same: what it granted is judged, and taken back where it is too much.
    async fn send(&mut self, surface: &dyn Surface, command: &Command, record: &mut Record<'_>) -> Sent {
        let call = format!("{} {}", command.verb.as_str(), command.path);
        if let Err(error) = record("sending", Some(call.clone()), None, None) {
            self.lose_journal(&error);
        }
        if let Some(error) = self.journal_error.as_ref().filter(|_| !self.takes_back) {
            return Sent::Failed(error.clone());
        }
        let result = self.writer.send(command).await;
        if !result.as_ref().is_err_and(TransportError::is_ambiguous) {
            self.requests += 1;
        }
        let (outcome, request_id) = match &result {
            Ok(answer) => (format!("HTTP {}", answer.status), answer.request_id.clone()),
            Err(error) => (error.to_string(), error.refusal().and_then(|r| r.request_id.clone())),
        };
        if let Err(error) = record("answered", Some(call), Some(outcome), request_id) {
            self.lose_journal(&error);
        }
        match result {
            Ok(answer) => Sent::Answer(answer),
            Err(TransportError::Refused(refusal)) => Sent::Refused(surface.refusal(&refusal)),
            Err(error) if error.is_ambiguous() || matches!(error, TransportError::Body { .. }) => {
                Sent::Doubtful(error.to_string())
            }
            Err(error) => Sent::Failed(error.to_string()),
        }
    }

    /// Returns the name of the next request. One that was answered is used up; one whose answer was lost is sent again under its
    /// own name, so that the service recognises it (arm.md B.3).
    fn request_name(&self) -> Option<Uuid> {
        let first = self.request?;
        Some(match (self.requests, self.used_up) {
            (0, None) => first,
            (further, None) => Uuid::new_v5(&first, further.to_string().as_bytes()),
            (further, Some(since)) => Uuid::new_v5(&first, format!("{further} since {since}").as_bytes()),
        })
    }

    fn lose_journal(&mut self, error: &std::io::Error) {
        self.journal_error.get_or_insert_with(|| format!("the journal cannot be written: {error}"));
    }

    async fn wait(&self, duration: SignedDuration) {
        self.clock.sleep(duration).await;
    }
}

pub(super) fn refusal_text(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Refused(why) | Outcome::NotReplicated(why) | Outcome::Pending(why) => why.clone(),
        Outcome::Exists => "it exists already".to_owned(),
        Outcome::DoesNotExist => "it does not exist".to_owned(),
        Outcome::TooYoung => "it is younger than five minutes".to_owned(),
        Outcome::PendingRequest => {
            "another request for the same assignment waits for a decision; decide or cancel it, then apply again"
                .to_owned()
        }
        Outcome::Arrived => "a request of the same name was made before".to_owned(),
        Outcome::Done | Outcome::AlreadySo => "it is so already".to_owned(),
    }
}

/// Puts the id that a role really got into an assignment's key.
fn live_key(key: &AssignmentKey, role: Option<&RoleId>) -> AssignmentKey {
    match role {
        Some(id) => AssignmentKey { target: key.target.clone().with_role(id), ..key.clone() },
        None => key.clone(),
    }
}
