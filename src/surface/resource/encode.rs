//! What is written: request bodies of the Azure surface.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::core::assignment::{Mode, Provenance};
use crate::core::change::Subject;
use crate::core::id::is_guid;
use crate::core::order::StepPart;
use crate::core::role_definition::{Permission, RoleDefinition};
use crate::core::target::Target;
use crate::surface::pim::{self, Case};
use crate::surface::resource::path::{self, PIM, RBAC};
use crate::surface::resource::query;
use crate::surface::rule::{self, Spelling};
use crate::surface::{AssignVerb, Locator};
use crate::wire::{Command, Verb};

/// Returns the request for one step.
///
/// # Panics
/// When the step does not belong to the subject: both come from the same plan.
pub(super) fn command(subject: &Subject, part: &StepPart, verb: AssignVerb, locator: &Locator) -> Command {
    match (subject, part) {
        (_, StepPart::CreateRole(role) | StepPart::WriteRole(role)) => {
            role_command(Verb::Put, role).body(definition(role))
        }
        (Subject::Role { before: Some(role), .. }, StepPart::RemoveRole) => role_command(Verb::Delete, role),
        (Subject::Settings { .. }, StepPart::WriteRules(settings, rules)) => {
            let rules: Vec<Value> = rules.iter().map(|id| rule::encode(settings, *id, Spelling::ARM)).collect();
            let policy = locator.policy.as_deref().unwrap_or_default();
            path::command(Verb::Patch, policy, PIM).body(json!({ "properties": { "rules": rules } }))
        }
        (Subject::Assignment { .. }, StepPart::Assign | StepPart::Unassign) => assignment(subject, verb, locator),
        (subject, part) => panic!("{part:?} is no step of {subject:?}"),
    }
}

/// The address need not be one of the assignable scopes; the broadest of them is used (arm.md A.3).
fn role_command(verb: Verb, role: &RoleDefinition) -> Command {
    let at = query::home(role).map(|scope| path::collection(scope, "roleDefinitions")).unwrap_or_default();
    path::command(verb, format!("{at}/{}", role.id), RBAC)
}

/// The whole definition: what is left out is cleared (arm.md A.3).
fn definition(role: &RoleDefinition) -> Value {
    json!({ "properties": {
        "roleName": role.display_name,
        "description": role.description,
        "type": "CustomRole",
        "assignableScopes": role.assignable_scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>(),
        "permissions": [{
            "actions": texts(&role.permissions.actions),
            "notActions": texts(&role.permissions.not_actions),
            "dataActions": texts(&role.permissions.data_actions),
            "notDataActions": texts(&role.permissions.not_data_actions),
        }],
    }})
}

fn texts(set: &BTreeSet<Permission>) -> Vec<&str> {
    set.iter().map(|permission| permission.as_str()).collect()
}

/// Why something is removed. The rules that demand a justification may apply to removals too (arm.md B.7).
const REMOVAL: &str = "No manifest declares it";

fn assignment(subject: &Subject, verb: AssignVerb, locator: &Locator) -> Command {
    let Subject::Assignment { key, before, ask, condition, justification, ticket, .. } = subject else {
        panic!("only assignments are assigned")
    };
    let Target::Azure { role, scope } = &key.target else { panic!("an Azure request for another surface") };
    let requests = match key.mode {
        Mode::Eligible => path::collection(scope, "roleEligibilityScheduleRequests"),
        Mode::Active => path::collection(scope, "roleAssignmentScheduleRequests"),
    };
    let provenance = before.as_ref().map(|before| &before.provenance);
    match (verb, provenance) {
        (AssignVerb::Cancel, Some(Provenance::Pim { request })) if is_guid(request) => {
            return path::command(Verb::Post, format!("{requests}/{request}/cancel"), PIM);
        }
        // the id is the service's own, or made of the schedule's name
        (AssignVerb::DeletePlain, Some(Provenance::Classic { assignment } | Provenance::Plain { assignment })) => {
            return path::command(Verb::Delete, assignment.as_str(), RBAC);
        }
        _ => {}
    }
    let mut body = Map::new();
    body.insert("principalId".to_owned(), json!(key.principal.as_str()));
    body.insert("roleDefinitionId".to_owned(), json!(path::role(scope, role)));
    body.insert("requestType".to_owned(), json!(pim::action(verb, Case::Pascal)));
    let is_removal = pim::is_removal(verb);
    if let Some(text) = justification.as_deref().or(is_removal.then_some(REMOVAL)) {
        body.insert("justification".to_owned(), json!(text));
    }
    if let Some(ticket) = ticket {
        let info =
            json!({ "ticketNumber": ticket.number, "ticketSystem": ticket.system.as_deref().unwrap_or_default() });
        body.insert("ticketInfo".to_owned(), info);
    }
    if !is_removal {
        body.insert(
            "scheduleInfo".to_owned(),
            ask.as_ref().map_or(Value::Null, |ask| pim::schedule_info(ask, Case::Pascal)),
        );
        if let Some(text) = condition {
            body.insert("condition".to_owned(), json!(text));
            body.insert("conditionVersion".to_owned(), json!("2.0"));
        }
    }
    // the name is the plan's: a repeated request is then recognised (arm.md B.3)
    let name = locator.request.map(|id| id.to_string()).unwrap_or_default();
    path::command(Verb::Put, format!("{requests}/{name}"), PIM).body(json!({ "properties": body }))
}
