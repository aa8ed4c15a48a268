//! Carrying out one step: send, understand the answer, wait where waiting helps, read again where the outcome is in doubt.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use uuid::Uuid;

use crate::clock::SharedClock;
use crate::core::change::{Action, Change, Subject};
use crate::core::id::RoleId;
use crate::core::identity::same_name;
use crate::core::order::{Step, StepPart};
use crate::core::policy::default::factory;
use crate::core::policy::rule::RuleId;
use crate::core::policy::settings::Settings;
use crate::core::role_definition::RoleDefinition;
use crate::core::row::Row;
use crate::core::target::Target;
use crate::reconcile::patience;
use crate::surface::{self, AssignVerb, Locator, Outcome, Surface};
use crate::transport::{Client, TransportError, Writer};
use crate::wire::{Answer, Command, Query};

mod assign;

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
        let Some(surface) = surface::of(change.surface) else {
            return Ended::Failed(format!("the {} surface cannot be written yet", change.surface));
        };
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

    /// Creates a role. A `POST` is never repeated blindly: after a doubtful answer the role is looked for first.
    async fn create_role(
        &mut self,
        surface: &dyn Surface,
        change: &Change,
        step: &Step,
        role: &RoleDefinition,
        record: &mut Record<'_>,
    ) -> Ended {
        if surface.replaces_roles() {
            match self.live_role(surface, &[role]).await {
                Ok(Some(found)) if is_same_role(&found, role) => return Ended::AlreadySo,
                Ok(Some(_)) => {
                    return Ended::Failed("a role of this id was made since it was read; plan again".to_owned());
                }
                Ok(None) => {}
                Err(error) => return Ended::Failed(format!("the role could not be looked for: {error}")),
            }
        }
        let command = surface.encode(&change.subject, &step.part, AssignVerb::Assign, &Locator::default());
        for wait in std::iter::once(SignedDuration::ZERO).chain(patience::looks().take(4)) {
            self.wait(wait).await;
            let made = match self.send(surface, &command, record).await {
                Sent::Answer(answer) => match surface.decode_role(&answer.body) {
                    Ok(made) => made,
                    Err(why) => return Ended::Failed(format!("the service's answer is not a role definition: {why}")),
                },
                Sent::Refused(Outcome::NotReplicated(_)) => continue,
                Sent::Refused(outcome) => match self.find_role(surface, role).await {
                    // somebody, or an earlier try of ours, made the very same role
                    Ok(Some(found)) if is_same_role(&found, role) => found,
                    _ => return Ended::Failed(refusal_text(&outcome)),
                },
                Sent::Doubtful(why) => match self.await_role(surface, role).await {
                    Ok(Some(found)) => found,
                    Ok(None) => continue,
                    Err(error) => return Ended::Failed(format!("{why}; {error}")),
                },
                Sent::Failed(why) => return Ended::Failed(why),
            };
            let is_wider = !made.permissions.actions.is_subset(&role.permissions.actions)
                || !made.permissions.data_actions.is_subset(&role.permissions.data_actions)
                || !made.assignable_scopes.is_subset(&role.assignable_scopes);
            if is_wider {
                self.was_wider = true;
                return Ended::Failed(format!(
                    "the role was made with more permissions than asked for (id {})",
                    made.id
                ));
            }
            if made.id != role.id || made.template_id != role.template_id {
                let got = GotIds { id: made.id.clone(), template_id: made.template_id.clone() };
                self.got.insert(role.id.clone(), got);
            }
            if made.id != role.id {
                self.remarks.push(format!(
                    "`{}` got the id {} instead of {}; write `id: {}` under `spec:` of its manifest",
                    role.display_name, made.id, role.id, made.id
                ));
            }
            return match is_same_role(&made, role) {
                true => self.settle_role(surface, role).await,
                false => Ended::Failed("the role was made with other content than asked for".to_owned()),
            };
        }
        Ended::Failed("the service did not answer whether the role was made".to_owned())
    }

    /// Waits until enough looks in a row show the role as it was written. What was acknowledged and does not settle is pending, not
    /// failed.
    async fn settle_role(&self, surface: &dyn Surface, role: &RoleDefinition) -> Ended {
        let (needed, mut seen) = (surface.looks_to_settle(), 1);
        for wait in patience::settling() {
            if seen >= needed {
                return Ended::Done;
            }
            self.wait(wait).await;
            match self.live_role(surface, &[role]).await {
                Ok(Some(live)) if is_same_role(&live, role) => seen += 1,
                Ok(_) => seen = 0,
                Err(error) => return Ended::Pending(format!("accepted, but could not be checked: {error}")),
            }
        }
        match seen >= needed {
            true => Ended::Done,
            false => Ended::Pending("accepted, but the service still shows the old version now and then".to_owned()),
        }
    }

    /// Looks for a role that may have been made a moment ago: lists lag behind, and a second `POST` could make a second role.
    async fn await_role(&self, surface: &dyn Surface, role: &RoleDefinition) -> Result<Option<RoleDefinition>, String> {
        for wait in std::iter::once(SignedDuration::ZERO).chain(patience::looks().take(4)) {
            self.wait(wait).await;
            if let Some(found) = self.find_role(surface, role).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    async fn find_role(&self, surface: &dyn Surface, role: &RoleDefinition) -> Result<Option<RoleDefinition>, String> {
        for read in surface.role_reads(role) {
            let mut custom: Vec<RoleDefinition> = Vec::new();
            for page in self.client.reader().pages(&read.query).await.map_err(|error| error.to_string())? {
                let (rows, mistakes) = surface.decode(&read, &page.body);
                // a row about another role does not matter here
                if let Some(mistake) = mistakes.iter().find(|m| m.role.as_ref().is_none_or(|id| *id == role.id)) {
                    return Err(mistake.to_string());
                }
                custom.extend(rows.into_iter().filter_map(|row| match row {
                    Row::Role(found) if !found.is_built_in => Some(*found),
                    _ => None,
                }));
            }
            // by id before by name, over all pages: a list may show others too
            let is_it = |found: &&RoleDefinition| found.id == role.id || found.template_id == role.template_id;
            let by_name = |found: &&RoleDefinition| same_name(&found.display_name, &role.display_name);
            if let Some(found) = custom.iter().find(is_it).or_else(|| custom.iter().find(by_name)) {
                return Ok(Some(found.clone()));
            }
        }
        Ok(None)
    }

    async fn write_role(
        &mut self,
        surface: &dyn Surface,
        change: &Change,
        step: &Step,
        locator: &Locator,
        record: &mut Record<'_>,
    ) -> Ended {
        let (Subject::Role { before: Some(before), .. }, StepPart::WriteRole(wanted)) = (&change.subject, &step.part)
        else {
            return Ended::Failed("not a role definition".to_owned());
        };
        match self.live_role(surface, &[before, wanted]).await {
            Ok(Some(live)) if is_same_role(&live, wanted) => return Ended::AlreadySo,
            // what was reviewed is a step from `before`, or from a form that this very change passes through
            Ok(Some(live)) if is_same_role(&live, before) || is_own_form(change, &live) => {}
            Ok(Some(_)) => return Ended::Failed("the role changed since it was read; plan again".to_owned()),
            Ok(None) => return Ended::Failed("the role is gone; plan again".to_owned()),
            Err(error) => return Ended::Failed(format!("the role could not be read: {error}")),
        }
        let command = surface.encode(&change.subject, &step.part, AssignVerb::Update, locator);
        let mut last = String::new();
        // a write that was acknowledged and ignored is repeated, like one whose answer was lost
        for wait in std::iter::once(SignedDuration::ZERO).chain(patience::looks().take(2)) {
            self.wait(wait).await;
            match self.send(surface, &command, record).await {
                Sent::Answer(_) => last = "the service accepted the role but does not show it".to_owned(),
                Sent::Refused(Outcome::NotReplicated(why)) | Sent::Doubtful(why) => last = why,
                Sent::Refused(outcome) => return Ended::Failed(refusal_text(&outcome)),
                Sent::Failed(why) => return Ended::Failed(why),
            }
            for wait in std::iter::once(SignedDuration::ZERO).chain(patience::looks().take(4)) {
                self.wait(wait).await;
                match self.live_role(surface, &[wanted, before]).await {
                    Ok(Some(live)) if is_same_role(&live, wanted) => return self.settle_role(surface, wanted).await,
                    Ok(_) => {}
                    Err(error) => return Ended::Failed(format!("{last}; {error}")),
                }
            }
        }
        Ended::Failed(last)
    }

    /// Returns a role as it is right now, looked for by its id. Of several forms of it each is looked for where it would be
    /// visible: a role may leave the scopes it had.
    async fn live_role(
        &self,
        surface: &dyn Surface,
        forms: &[&RoleDefinition],
    ) -> Result<Option<RoleDefinition>, String> {
        let mut looked: Vec<Query> = Vec::new();
        for form in forms {
            let queries: Vec<Query> = surface.role_reads(form).into_iter().map(|read| read.query).collect();
            if queries.iter().all(|query| looked.contains(query)) && !looked.is_empty() {
                continue;
            }
            looked.extend(queries);
            if let Some(found) = self.find_role(surface, form).await?.filter(|found| found.id == form.id) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    async fn remove_role(
        &mut self,
        surface: &dyn Surface,
        change: &Change,
        step: &Step,
        locator: &Locator,
        record: &mut Record<'_>,
    ) -> Ended {
        let Subject::Role { before: Some(before), .. } = &change.subject else {
            return Ended::Failed("not a role definition".to_owned());
        };
        match self.live_role(surface, &[before]).await {
            Ok(Some(live)) if !is_same_role(&live, before) => {
                return Ended::Failed("the role changed since it was read; plan again".to_owned());
            }
            Ok(_) => {}
            Err(error) => return Ended::Failed(format!("the role could not be read before its removal: {error}")),
        }
        let command = surface.encode(&change.subject, &step.part, AssignVerb::Remove, locator);
        match self.send(surface, &command, record).await {
            Sent::Answer(_) => Ended::Done,
            Sent::Refused(Outcome::DoesNotExist | Outcome::NotReplicated(_)) => Ended::AlreadySo,
            Sent::Refused(outcome) => Ended::Failed(refusal_text(&outcome)),
            Sent::Doubtful(why) => match self.live_role(surface, &[before]).await {
                Ok(None) => Ended::Done,
                Ok(Some(_)) => Ended::Failed(why),
                Err(error) => Ended::Failed(format!("{why}; {error}")),
            },
            Sent::Failed(why) => Ended::Failed(why),
        }
    }

    /// Writes rules of one policy in one `PATCH` and reads them back: a success that changed nothing is a failure
    /// (design.md 3). The policy's id is looked up right before (C7).
    #[allow(clippy::too_many_arguments, reason = "one step with its parts spelled out")]
    async fn write_rules(
        &mut self,
        surface: &dyn Surface,
        change: &Change,
        step: &Step,
        wanted: &Settings,
        rules: &[RuleId],
        mut locator: Locator,
        record: &mut Record<'_>,
    ) -> Ended {
        let Subject::Settings { target, policy_role, before, assumed, .. } = &change.subject else {
            return Ended::Failed("not role settings".to_owned());
        };
        // policies are keyed by the template id, but both are tried (graph.md 3.6 #1)
        let got = target.role().and_then(|role| self.got.get(role));
        let keys: Vec<Option<RoleId>> = match (got, policy_role) {
            (Some(got), _) if got.template_id != got.id => vec![Some(got.template_id.clone()), Some(got.id.clone())],
            (Some(got), _) => vec![Some(got.id.clone())],
            (None, Some(key)) if target.role().is_some_and(|role| role != key) => {
                vec![Some(key.clone()), target.role().cloned()]
            }
            (None, key) => vec![key.clone()],
        };
        let (policy, live) = match self.find_policy(surface, target, &keys).await {
            Ok(Some(found)) => found,
            Ok(None) => {
                return Ended::Failed("the service shows no settings for this role yet; apply again later".to_owned());
            }
            Err(why) => return Ended::Failed(why),
        };
        let is_there = |live: &Settings| rules.iter().all(|id| live.rule(*id).holds(&wanted.rule(*id)));
        // what was reviewed is a step from `before`; rules of ours that already moved on are fine. Where the settings were
        // only assumed, every rule counts: what the assignments of this plan need was judged by all of them.
        let judged = if *assumed { &RuleId::ALL[..] } else { rules };
        let foreign: Vec<String> = judged
            .iter()
            .filter(|id| !live.rule(**id).holds(&before.rule(**id)) && !live.rule(**id).holds(&wanted.rule(**id)))
            .filter(|id| !self.is_own_stage(change, &live, **id))
            .map(ToString::to_string)
            .collect();
        if !foreign.is_empty() {
            let what = if *assumed { "are not the defaults that were assumed" } else { "changed since they were read" };
            return Ended::Failed(format!("the settings {what} ({}); plan again", foreign.join(", ")));
        }
        if is_there(&live) {
            return Ended::AlreadySo;
        }
        locator.policy = Some(policy);
        let command = surface.encode(&change.subject, &step.part, AssignVerb::Update, &locator);
        let mut last = "the service accepted the settings but does not show them".to_owned();
        // writes that were acknowledged and ignored are repeated once (azuread#1759, #1806); so are those for a role that the
        // service does not know everywhere yet
        for _ in 0..2 {
            match self.send(surface, &command, record).await {
                Sent::Answer(_) => {}
                Sent::Refused(Outcome::NotReplicated(why)) | Sent::Doubtful(why) => last = why,
                Sent::Refused(outcome) => return Ended::Failed(refusal_text(&outcome)),
                Sent::Failed(why) => return Ended::Failed(why),
            }
            for wait in std::iter::once(SignedDuration::ZERO).chain(patience::looks().take(4)) {
                self.wait(wait).await;
                match self.look_policy(surface, target, &keys).await {
                    Ok(Some((_, live))) if is_there(&live) => return Ended::Done,
                    Ok(_) => {}
                    Err(why) => return Ended::Failed(format!("the settings were sent but cannot be read back: {why}")),
                }
            }
        }
        Ended::Failed(last)
    }

    /// Tells whether a live rule has the content of one of the stages that this very change passes through.
    fn is_own_stage(&self, change: &Change, live: &Settings, id: RuleId) -> bool {
        crate::core::order::parts(change).into_iter().any(|(_, part)| match part {
            StepPart::WriteRules(stage, _) => live.rule(id).holds(&stage.rule(id)),
            _ => false,
        })
    }

    /// Finds the policy; waits for that of a new role (graph.md 3.6 #3).
    async fn find_policy(
        &self,
        surface: &dyn Surface,
        target: &Target,
        keys: &[Option<RoleId>],
    ) -> Result<Option<(String, Settings)>, String> {
        for wait in std::iter::once(SignedDuration::ZERO).chain(patience::looks()) {
            self.wait(wait).await;
            if let Some(found) = self.look_policy(surface, target, keys).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Looks for the policy once under each of the role's ids.
    async fn look_policy(
        &self,
        surface: &dyn Surface,
        target: &Target,
        keys: &[Option<RoleId>],
    ) -> Result<Option<(String, Settings)>, String> {
        for key in keys {
            match self.client.reader().get(&surface.policy_query(target, key.as_ref())).await {
                Ok(answer) => match surface.decode_policy(target, &answer.body) {
                    Ok(Some(found)) => return Ok(Some(found)),
                    Ok(None) => {}
                    Err(error) => return Err(error.to_string()),
                },
                Err(error) if error.refusal().is_some_and(|r| r.code == "ResourceNotFound") => {}
                Err(error) => return Err(error.to_string()),
            }
        }
        Ok(None)
    }

    /// Makes sure that the settings of a new role, where the service shows them, are those that its assignments were judged by.
    async fn check_assumed(&mut self, surface: &dyn Surface, target: &Target) -> Result<(), String> {
        let policy_target = target.policy_target();
        let Some(role) = target.role().filter(|_| self.assumed.contains(&policy_target)).cloned() else {
            return Ok(());
        };
        let keys = match self.got.get(&role) {
            Some(got) => vec![Some(got.template_id.clone()), Some(got.id.clone())],
            None => vec![Some(role.clone())],
        };
        let Some((_, live)) = self.look_policy(surface, &policy_target, &keys).await? else { return Ok(()) };
        let assumed = factory(target.surface()).canonical(target.surface());
        let others: Vec<String> = RuleId::ALL
            .iter()
            .filter(|id| !live.rule(**id).holds(&assumed.rule(**id)))
            .map(ToString::to_string)
            .collect();
        if !others.is_empty() {
            let rules = others.join(", ");
            return Err(format!("the role's settings are not the defaults that were assumed ({rules}); plan again"));
        }
        self.assumed.remove(&policy_target);
        Ok(())
    }

    /// Waits until a scope that may be young is seen twice, seconds apart: a request scoped to an administrative unit that the
    /// service does not know everywhere was granted on the whole tenant (traps: msgraph-sdk-powershell#1996). Once per run.
    async fn settle_scope(&mut self, surface: &dyn Surface, target: &Target) -> Result<(), String> {
        let queries = surface.scope_queries(target);
        let Some(first) = queries.first() else { return Ok(()) };
        if self.settled_scopes.contains(&first.path) {
            return Ok(());
        }
        let mut seen = 0;
        let mut waits = patience::looks();
        loop {
            seen = if self.is_there(&queries).await? { seen + 1 } else { 0 };
            if seen >= 2 {
                self.settled_scopes.insert(first.path.clone());
                return Ok(());
            }
            match waits.next() {
                Some(_) if seen == 1 => self.wait(patience::SECOND_LOOK).await,
                Some(wait) => self.wait(wait).await,
                None => return Err("the scope does not exist".to_owned()),
            }
        }
    }

    /// Tells whether any of the reads shows an object.
    async fn is_there(&self, queries: &[Query]) -> Result<bool, String> {
        for query in queries {
            match self.client.reader().get(query).await {
                Ok(_) => return Ok(true),
                Err(error) if error.is_absent() => {}
                Err(error) => return Err(format!("the scope could not be read: {error}")),
            }
        }
        Ok(false)
    }
}

/// Tells whether a live role is the one that was asked for, ids aside.
fn is_same_role(live: &RoleDefinition, asked: &RoleDefinition) -> bool {
    live.display_name == asked.display_name
        && live.description == asked.description
        && live.is_enabled == asked.is_enabled
        && live.permissions == asked.permissions
        && live.assignable_scopes == asked.assignable_scopes
}

/// Tells whether a live role has one of the forms that this very change passes through.
fn is_own_form(change: &Change, live: &RoleDefinition) -> bool {
    crate::core::order::parts(change).iter().any(|(_, part)| match part {
        StepPart::WriteRole(form) => is_same_role(live, form),
        _ => false,
    })
}

fn refusal_text(outcome: &Outcome) -> String {
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
fn live_key(
    key: &crate::core::assignment::AssignmentKey,
    role: Option<&RoleId>,
) -> crate::core::assignment::AssignmentKey {
    match role {
        Some(id) => crate::core::assignment::AssignmentKey { target: key.target.clone().with_role(id), ..key.clone() },
        None => key.clone(),
    }
}

/// Returns the verb an action begins with.
fn first_verb(action: Action) -> AssignVerb {
    match action {
        Action::Create | Action::Regrant => AssignVerb::Assign,
        Action::Extend => AssignVerb::Extend,
        Action::Update | Action::Adopt => AssignVerb::Update,
        Action::Remove => AssignVerb::Remove,
    }
}

/// What a look at one assignment shows.
type Seen = Option<crate::core::assignment::ObservedAssignment>;
