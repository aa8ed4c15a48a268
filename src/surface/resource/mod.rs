//! Azure resource roles on Azure Resource Manager (arm.md): role definitions, role assignments, PIM's schedules and role
//! management policies, each below the scope that it is about.

mod decode;
mod encode;
pub mod hierarchy;
mod outcome;
mod path;
mod query;

use std::collections::BTreeSet;

use serde_json::Value;

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
use crate::wire::{Command, Query, Refusal};

/// The Azure surface.
#[derive(Debug, Clone, Copy)]
pub struct Resource;

impl Surface for Resource {
    fn reads(&self, reach: &Reach) -> Vec<(u8, Read)> {
        query::reads(reach)
    }

    fn is_batched(&self) -> bool {
        false
    }

    fn second_reads(&self, reach: &Reach, suspects: &BTreeSet<AssignmentKey>) -> Vec<(u8, Read)> {
        query::second_reads(reach, suspects)
    }

    fn assignment_reads(&self, key: &AssignmentKey) -> Vec<Read> {
        query::assignment(key)
    }

    fn role_reads(&self, role: &RoleDefinition) -> Vec<Read> {
        query::role(role)
    }

    /// Azure has no request that a young scope would widen: the scope is in the address, and one that is not known is refused.
    fn scope_queries(&self, _: &Target) -> Vec<Query> {
        Vec::new()
    }

    fn decode(&self, of: &Read, page: &Value) -> (Vec<Row>, Vec<DecodeError>) {
        decode::page(of, page)
    }

    fn decode_role(&self, body: &Value) -> Result<RoleDefinition, String> {
        decode::role(body)
    }

    fn policy_query(&self, target: &Target, policy_role: Option<&RoleId>) -> Query {
        query::policy(target, policy_role)
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
        Validation::on_arm(self.encode(subject, part, verb, locator))
    }

    /// The address says it: nothing but validation happens there.
    fn is_only_judged(&self, _: &Value) -> bool {
        true
    }

    fn looks_to_settle(&self) -> usize {
        3
    }

    fn replaces_roles(&self) -> bool {
        true
    }

    fn refusal(&self, refusal: &Refusal) -> Outcome {
        outcome::refusal(refusal)
    }

    fn granted(&self, body: &Value) -> Outcome {
        outcome::granted(body)
    }

    fn grant(&self, body: &Value) -> Option<Grant> {
        outcome::grant(body)
    }
}
