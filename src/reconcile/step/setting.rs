//! Writing the rules of one policy, and knowing the settings of a new role from those that were assumed (graph.md 3.6, C7).

use jiff::SignedDuration;

use crate::core::change::{Change, Subject};
use crate::core::id::RoleId;
use crate::core::order::{Step, StepPart, parts};
use crate::core::policy::default::factory;
use crate::core::policy::rule::RuleId;
use crate::core::policy::settings::Settings;
use crate::core::target::Target;
use crate::reconcile::patience;
use crate::reconcile::step::{Ended, Record, Runner, Sent, refusal_text};
use crate::surface::{AssignVerb, Locator, Outcome, Surface};

impl Runner {
    /// Writes rules of one policy in one `PATCH` and reads them back: a success that changed nothing is a failure
    /// (design.md 3). The policy's id is looked up right before (C7).
    #[allow(clippy::too_many_arguments, reason = "one step with its parts spelled out")]
    pub(super) async fn write_rules(
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
        let is_there = |live: &Settings| rules.iter().all(|id| live.rule(*id).holds(&wanted.rule(*id)));
        // what was reviewed is a step from `before`; rules of ours that already moved on are fine. Where the settings were
        // only assumed, every rule counts: what the assignments of this plan need was judged by all of them.
        let judged = if *assumed { &RuleId::ALL[..] } else { rules };
        let mut last = "the service accepted the settings but does not show them".to_owned();
        // writes that were acknowledged and ignored are repeated once (azuread#1759, #1806); so are those for a role that the
        // service does not know everywhere yet, and those that somebody else's write came before: it gave the policy of a
        // group another id (graph.md 3.6 #2)
        for is_first in [true, false] {
            let (policy, live) = match self.find_policy(surface, target, &keys).await {
                Ok(Some(found)) => found,
                Ok(None) => {
                    let held = target.held();
                    return Ended::Failed(format!("the service shows no settings for {held} yet; apply again later"));
                }
                Err(why) => return Ended::Failed(why),
            };
            let foreign: Vec<String> = judged
                .iter()
                .filter(|id| !live.rule(**id).holds(&before.rule(**id)) && !live.rule(**id).holds(&wanted.rule(**id)))
                .filter(|id| !self.is_own_stage(change, &live, **id))
                .map(ToString::to_string)
                .collect();
            if !foreign.is_empty() {
                let what =
                    if *assumed { "are not the defaults that were assumed" } else { "changed since they were read" };
                return Ended::Failed(format!("the settings {what} ({}); plan again", foreign.join(", ")));
            }
            if is_there(&live) {
                return if is_first { Ended::AlreadySo } else { Ended::Done };
            }
            locator.policy = Some(policy);
            let command = surface.encode(&change.subject, &step.part, AssignVerb::Update, &locator);
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
        parts(change).into_iter().any(|(_, part)| match part {
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

    /// Makes sure that the settings of a new role or group, which nobody has seen when the plan was made, are those that its
    /// assignments were judged by. They are waited for: nobody is granted what nothing may guard.
    pub(super) async fn check_assumed(&mut self, surface: &dyn Surface, target: &Target) -> Result<(), String> {
        let policy_target = target.policy_target();
        if !self.assumed.contains(&policy_target) {
            return Ok(());
        }
        // a group has no role by whose id its policies are found
        let keys = match target.role().and_then(|role| self.got.get(role)) {
            Some(got) => vec![Some(got.template_id.clone()), Some(got.id.clone())],
            None => vec![target.role().cloned()],
        };
        let Some((_, live)) = self.find_policy(surface, &policy_target, &keys).await? else {
            return Err("the service shows no settings yet by which it could be judged; apply again later".to_owned());
        };
        let assumed = factory(target.surface()).canonical(target.surface());
        let others: Vec<String> = RuleId::ALL
            .iter()
            .filter(|id| !live.rule(**id).holds(&assumed.rule(**id)))
            .map(ToString::to_string)
            .collect();
        if !others.is_empty() {
            let rules = others.join(", ");
            let held = target.held();
            return Err(format!(
                "the settings for {held} are not the defaults that were assumed ({rules}); plan again"
            ));
        }
        self.assumed.remove(&policy_target);
        Ok(())
    }
}
