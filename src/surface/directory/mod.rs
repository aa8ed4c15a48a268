//! Microsoft Entra directory roles on Microsoft Graph v1.0 (graph.md 2 and 3).

mod decode;
mod encode;
mod outcome;
mod query;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::core::assignment::AssignmentKey;
use crate::core::change::Subject;
use crate::core::id::RoleId;
use crate::core::observed::Part;
use crate::core::order::StepPart;
use crate::core::policy::settings::Settings;
use crate::core::reach::Reach;
use crate::core::role_definition::RoleDefinition;
use crate::core::row::Row;
use crate::core::scope::DirectoryScope;
use crate::core::target::Target;
use crate::surface::{AssignVerb, DecodeError, Grant, Locator, Outcome, Read, Surface, Validation};
use crate::surface::{name, pim, validation};
use crate::wire::{Command, Query, Refusal};

/// The directory surface.
#[derive(Debug, Clone, Copy)]
pub struct Directory;

impl Surface for Directory {
    fn reads(&self, _: &Reach) -> Vec<(u8, Read)> {
        query::reads()
    }

    fn is_batched(&self) -> bool {
        false
    }

    fn second_reads(&self, _: &Reach, _: &BTreeSet<AssignmentKey>) -> Vec<(u8, Read)> {
        let parts = [Part::PlainAssignments, Part::ActiveSchedules, Part::ActiveInstances];
        query::reads().into_iter().filter(|(_, read)| parts.contains(&read.part)).collect()
    }

    fn assignment_reads(&self, key: &AssignmentKey) -> Vec<Read> {
        query::assignment(key)
    }

    fn role_reads(&self, role: &RoleDefinition) -> Vec<Read> {
        query::role(role)
    }

    fn scope_queries(&self, target: &Target) -> Vec<Query> {
        match target {
            Target::Directory { scope: DirectoryScope::AdministrativeUnit(id), .. } => vec![name::unit_query(id)],
            Target::Directory { scope: DirectoryScope::Object(id), .. } => name::object_queries(id).into(),
            _ => Vec::new(),
        }
    }

    fn decode(&self, of: &Read, page: &Value) -> (Vec<Row>, Vec<DecodeError>) {
        decode::page(of.part, page)
    }

    fn decode_role(&self, body: &Value) -> Result<RoleDefinition, String> {
        decode::role(body)
    }

    fn policy_query(&self, target: &Target, policy_role: Option<&RoleId>) -> Query {
        query::policy(policy_role.or(target.role()))
    }

    fn decode_policy(&self, _: &Target, page: &Value) -> Result<Option<(String, Settings)>, DecodeError> {
        decode::policy(page)
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
        outcome::grant(body)
    }
}
