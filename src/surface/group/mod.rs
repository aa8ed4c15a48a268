//! PIM for Groups on Microsoft Graph v1.0 (graph.md 3 and 4).

mod decode;
mod encode;
mod query;

use std::collections::BTreeSet;

use serde_json::Value;

pub use self::decode::groups;
pub use self::query::onboarded;
use crate::core::assignment::AssignmentKey;
use crate::core::change::Subject;
use crate::core::id::RoleId;
use crate::core::order::StepPart;
use crate::core::policy::settings::Settings;
use crate::core::reach::Reach;
use crate::core::role_definition::RoleDefinition;
use crate::core::row::Row;
use crate::core::target::Target;
use crate::surface::{AssignVerb, DecodeError, Grant, Locator, Outcome, Read, Surface, Validation};
use crate::surface::{pim, validation};
use crate::wire::{Command, Query, Refusal};

/// The group surface.
#[derive(Debug, Clone, Copy)]
pub struct Group;

impl Surface for Group {
    fn reads(&self, reach: &Reach) -> Vec<(u8, Read)> {
        reach.listed_groups.iter().flat_map(query::of_group).map(|read| (0, read)).collect()
    }

    fn is_batched(&self) -> bool {
        // three short lists a group: in batches of 20 they cost a twentieth of the round trips
        true
    }

    fn second_reads(&self, _: &Reach, _: &BTreeSet<AssignmentKey>) -> Vec<(u8, Read)> {
        // members and owners that PIM did not make are rows of the schedules themselves (graph.md 4.3): nothing waits for another
        // list to explain it
        Vec::new()
    }

    fn assignment_reads(&self, key: &AssignmentKey) -> Vec<Read> {
        query::assignment(key).into_iter().collect()
    }

    fn role_reads(&self, _: &RoleDefinition) -> Vec<Read> {
        // membership and ownership are all that a group has to give
        Vec::new()
    }

    fn scope_queries(&self, _: &Target) -> Vec<Query> {
        Vec::new()
    }

    fn decode(&self, of: &Read, page: &Value) -> (Vec<Row>, Vec<DecodeError>) {
        decode::page(of, page)
    }

    fn decode_role(&self, _: &Value) -> Result<RoleDefinition, String> {
        Err("groups have no role definitions".to_owned())
    }

    fn policy_query(&self, target: &Target, _: Option<&RoleId>) -> Query {
        query::policy(target)
    }

    fn decode_policy(&self, target: &Target, page: &Value) -> Result<Option<(String, Settings)>, DecodeError> {
        decode::policy(target, page)
    }

    fn encode(&self, subject: &Subject, part: &StepPart, verb: AssignVerb, locator: &Locator) -> Command {
        encode::command(subject, part, verb, locator)
    }

    fn validation(
        &self,
        subject: &Subject,
        part: &StepPart,
        verb: AssignVerb,
        locator: &Locator,
    ) -> Option<Validation> {
        Validation::on_graph(self.encode(subject, part, verb, locator))
    }

    fn is_only_judged(&self, body: &Value) -> bool {
        validation::is_only_judged(body)
    }

    fn looks_to_settle(&self) -> usize {
        1
    }

    fn replaces_roles(&self) -> bool {
        false
    }

    fn refusal(&self, refusal: &Refusal) -> Outcome {
        pim::graph_refusal(refusal)
    }

    fn granted(&self, body: &Value) -> Outcome {
        pim::status(body)
    }

    fn grant(&self, body: &Value) -> Option<Grant> {
        decode::grant(body)
    }
}
