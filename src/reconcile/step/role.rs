//! Creating, writing and removing one role definition.

use jiff::SignedDuration;

use crate::core::change::{Change, Subject};
use crate::core::identity::same_name;
use crate::core::order::{Step, StepPart, parts};
use crate::core::role_definition::RoleDefinition;
use crate::core::row::Row;
use crate::reconcile::patience;
use crate::reconcile::step::{Ended, GotIds, Record, Runner, Sent, refusal_text};
use crate::surface::{AssignVerb, Locator, Outcome, Surface};
use crate::wire::Query;

impl Runner {
    /// Creates a role. A `POST` is never repeated blindly: after a doubtful answer the role is looked for first.
    pub(super) async fn create_role(
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

    pub(super) async fn write_role(
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

    pub(super) async fn remove_role(
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
    parts(change).iter().any(|(_, part)| match part {
        StepPart::WriteRole(form) => is_same_role(live, form),
        _ => false,
    })
}
