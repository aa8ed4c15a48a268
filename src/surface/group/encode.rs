//! What is written: request bodies of the group surface.

use serde_json::{Map, Value, json};

use crate::core::assignment::{Mode, Provenance};
use crate::core::change::Subject;
use crate::core::id::is_guid;
use crate::core::order::StepPart;
use crate::core::target::Target;
use crate::surface::pim::{self, Case};
use crate::surface::rule::Spelling;
use crate::surface::{AssignVerb, Locator};
use crate::wire::{Api, Command, Verb};

/// Returns the request for one step.
///
/// # Panics
/// When the step does not belong to the subject: both come from the same plan.
pub(super) fn command(subject: &Subject, part: &StepPart, verb: AssignVerb, locator: &Locator) -> Command {
    match (subject, part) {
        (Subject::Settings { .. }, StepPart::WriteRules(settings, rules)) => {
            pim::policy_command(settings, rules, Spelling::GROUP, locator)
        }
        (Subject::Assignment { .. }, StepPart::Assign | StepPart::Unassign) => assignment(subject, verb),
        (subject, part) => panic!("{part:?} is no step of {subject:?}"),
    }
}

fn assignment(subject: &Subject, verb: AssignVerb) -> Command {
    let Subject::Assignment { key, before, .. } = subject else { panic!("only assignments are assigned") };
    let Target::Group { group, access } = &key.target else { panic!("a group's request for another surface") };
    let requests = match key.mode {
        Mode::Eligible => "/identityGovernance/privilegedAccess/group/eligibilityScheduleRequests",
        Mode::Active => "/identityGovernance/privilegedAccess/group/assignmentScheduleRequests",
    };
    if let (AssignVerb::Cancel, Some(Provenance::Pim { request })) = (verb, before.as_ref().map(|b| &b.provenance))
        && is_guid(request)
    {
        return Command::new(Api::Graph, Verb::Post, format!("{requests}/{request}/cancel"));
    }
    let mut body = Map::new();
    body.insert("accessId".to_owned(), json!(access.as_str()));
    body.insert("groupId".to_owned(), json!(group.as_str()));
    body.insert("principalId".to_owned(), json!(key.principal.as_str()));
    body.insert("action".to_owned(), json!(pim::action(verb, Case::Camel)));
    pim::when_and_why(&mut body, subject, verb);
    Command::new(Api::Graph, Verb::Post, requests).body(Value::Object(body))
}
