//! Role management policy assignments: which policy is a role's, with its rules (arm.md C.2). The service cannot change them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::answer::{Answer, Problem, Reply};
use super::super::instant::precise;
use super::super::world::World;
use super::ask::Ask;
use super::policy::{Shelf, Shown, with_rules};
use super::{page, row};

/// Returns a policy assignment as JSON text. The type is singular (arm.md C.2).
fn text(shelf: &Shelf<'_>, shown: Shown<'_>) -> String {
    const KIND: &str = "roleManagementPolicyAssignment";
    let (ask, scope, azure) = (shelf.ask, &shelf.ask.scope, &shelf.tenant.azure);
    let id = |kind: &str, name: &str| row::id(scope, kind, name, ask.is_preview());
    let name = format!("{}_{}", shown.name(), shown.role.name());
    let policy_id = id("roleManagementPolicies", shown.name());
    let mut policy = json!({"id": policy_id, "lastModifiedBy": shown.modified_by()});
    if let Some(modified) = shown.written.and_then(|policy| policy.modified) {
        policy["lastModifiedDateTime"] = json!(precise(modified));
    }
    let role = azure.role_id(scope, shown.role.name());
    let about = if shelf.is_fresh {
        json!({"scope": {"id": scope.id()}, "policy": policy})
    } else {
        json!({"scope": row::place(shelf.tenant, scope), "policy": policy,
            "roleDefinition": {"id": role, "displayName": shown.role.role_name(), "type": shown.role.kind()}})
    };
    let mut properties = json!({"scope": scope.id(), "roleDefinitionId": role, "policyId": policy_id,
        "policyAssignmentProperties": about});
    // The first version does not print them (arm.md B.6).
    if !ask.is_preview() {
        properties["effectiveRules"] = Value::Null;
    }
    let row = json!({"properties": properties, "name": name, "id": id(KIND, &name),
        "type": format!("Microsoft.Authorization/{KIND}")});
    with_rules(&row, &shown.rules())
}

/// Answers the calls of `roleManagementPolicyAssignments`.
pub(super) fn answer(world: &Arc<World>, ask: &Ask<'_>) -> Answer {
    let tenant = world.store.read(ask.view);
    match (ask.method.as_str(), ask.rest.as_slice()) {
        ("GET", []) => {
            let shelf = Shelf::open(world, &tenant, ask)?;
            page::texts(ask, shelf.filtered()?, |shown| text(&shelf, shown))
        }
        ("GET", [name]) => {
            let shelf = Shelf::open(world, &tenant, ask)?;
            let (policy, role) = name.rsplit_once('_').unwrap_or((name, ""));
            let shown = shelf.named(policy)?;
            if !shown.role.name().eq_ignore_ascii_case(role) {
                let text = format!("The policy assignment '{name}' is not found.");
                return Err(Problem::new(400, "InputPolicyNotFound", text));
            }
            Ok(Reply::raw(200, text(&shelf, shown)))
        }
        _ => Err(ask.not_emulated()),
    }
}
