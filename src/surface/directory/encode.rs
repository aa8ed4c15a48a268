//! What is written: request bodies of the directory surface.

use serde_json::{Map, Value, json};

use crate::core::assignment::{Mode, Provenance};
use crate::core::change::Subject;
use crate::core::id::{RoleId, is_guid};
use crate::core::order::StepPart;
use crate::core::role_definition::RoleDefinition;
use crate::core::target::Target;
use crate::surface::pim::{self, Case};
use crate::surface::rule::Spelling;
use crate::surface::{AssignVerb, Locator};
use crate::wire::{Api, Command, Verb};

const ROLES: &str = "/roleManagement/directory/roleDefinitions";

/// Returns the request for one step.
///
/// # Panics
/// When the step does not belong to the subject: both come from the same plan.
pub(super) fn command(subject: &Subject, part: &StepPart, verb: AssignVerb, locator: &Locator) -> Command {
    match (subject, part) {
        (_, StepPart::CreateRole(role)) => Command::new(Api::Graph, Verb::Post, ROLES).body(creation(role)),
        (Subject::Role { .. }, StepPart::WriteRole(role)) => {
            let id = locator.role.as_ref().unwrap_or(&role.id);
            Command::new(Api::Graph, Verb::Patch, format!("{ROLES}/{id}")).body(definition(role))
        }
        (Subject::Role { before: Some(role), .. }, StepPart::RemoveRole) => {
            Command::new(Api::Graph, Verb::Delete, format!("{ROLES}/{}", role.id))
        }
        (Subject::Settings { .. }, StepPart::WriteRules(settings, rules)) => {
            pim::policy_command(settings, rules, Spelling::DIRECTORY, locator)
        }
        (Subject::Assignment { .. }, StepPart::Assign | StepPart::Unassign) => assignment(subject, verb, locator),
        (subject, part) => panic!("{part:?} is no step of {subject:?}"),
    }
}

/// A new role asks for its id through `templateId` (graph.md 2.2).
fn creation(role: &RoleDefinition) -> Value {
    let mut body = definition(role);
    body["templateId"] = json!(role.template_id.as_str());
    body
}

/// `resourceScopes` is being retired and is never sent; `version` is free text of no use here (graph.md 2.2).
fn definition(role: &RoleDefinition) -> Value {
    let actions: Vec<&str> = role.permissions.actions.iter().map(|p| p.as_str()).collect();
    json!({
        "displayName": role.display_name,
        "description": role.description,
        "isEnabled": role.is_enabled,
        "rolePermissions": [{ "allowedResourceActions": actions }],
    })
}

fn assignment(subject: &Subject, verb: AssignVerb, locator: &Locator) -> Command {
    let Subject::Assignment { key, before, .. } = subject else { panic!("only assignments are assigned") };
    let requests = match key.mode {
        Mode::Eligible => "/roleManagement/directory/roleEligibilityScheduleRequests",
        Mode::Active => "/roleManagement/directory/roleAssignmentScheduleRequests",
    };
    let provenance = before.as_ref().map(|before| &before.provenance);
    match (verb, provenance) {
        (AssignVerb::Cancel, Some(Provenance::Pim { request })) if is_guid(request) => {
            return Command::new(Api::Graph, Verb::Post, format!("{requests}/{request}/cancel"));
        }
        (AssignVerb::DeletePlain, Some(Provenance::Plain { assignment })) => {
            let path = format!("/roleManagement/directory/roleAssignments/{assignment}");
            return Command::new(Api::Graph, Verb::Delete, path);
        }
        _ => {}
    }
    let Target::Directory { role, scope } = &key.target else { panic!("a directory request for another surface") };
    let role: &RoleId = locator.role.as_ref().unwrap_or(role);
    let mut body = Map::new();
    body.insert("action".to_owned(), json!(pim::action(verb, Case::Camel)));
    body.insert("principalId".to_owned(), json!(key.principal.as_str()));
    body.insert("roleDefinitionId".to_owned(), json!(role.as_str()));
    body.insert("directoryScopeId".to_owned(), json!(scope.to_string()));
    pim::when_and_why(&mut body, subject, verb);
    Command::new(Api::Graph, Verb::Post, requests).body(Value::Object(body))
}
