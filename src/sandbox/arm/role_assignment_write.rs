//! Writing role assignments outside PIM (arm.md B.1, E.3, G.3).

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::super::answer::{Answer, Problem, Reply};
use super::super::graph;
use super::super::id;
use super::super::instant::{self, truncate};
use super::super::tenant::Tenant;
use super::super::world::World;
use super::ask::Ask;
use super::azure::Reach;
use super::role_assignment::{self, RoleAssignment};
use super::scope::{Level, Scope};
use super::{built_in, refusal};

/// Role assignments of a subscription with everything in it, and of one management group (arm.md E.4).
const MOST_IN_SUBSCRIPTION: usize = 5_000;
const MOST_AT_GROUP: usize = 500;
/// Bytes of a condition (arm.md F).
const LONGEST_CONDITION: usize = 8_192;

/// Built-in roles that administer access; a subscription keeps at least one of their assignments.
const ADMINISTRATORS: [&str; 2] = ["Owner", "User Access Administrator"];

/// The body of a PUT. Read-only members may come along.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wish {
    role_definition_id: Option<String>,
    principal_id: Option<String>,
    #[serde(default)]
    principal_type: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    condition: Option<String>,
    #[serde(default)]
    condition_version: Option<String>,
    #[serde(default)]
    delegated_managed_identity_resource_id: Option<String>,
}

fn refused(code: &str, text: impl Into<String>) -> Problem {
    Problem::new(400, code, text)
}

/// Answers PUT: 201 for a new one, 200 for an update of description and condition.
pub(super) fn put(world: &Arc<World>, ask: &Ask<'_>, name: &str) -> Answer {
    let lag = world.options.lag;
    let (status, body) = world.store.write(|tenant, now| {
        ask.require(tenant, "Microsoft.Authorization/roleAssignments/write")?;
        tenant.azure.exists(&ask.scope)?;
        let properties = Value::Object(ask.properties()?.clone());
        let wish: Wish =
            serde_json::from_value(properties).map_err(|error| refusal::bad_content(&error.to_string()))?;
        let wanted = wanted(tenant, ask, &wish, truncate(now, 100))?;
        let key = name.to_ascii_lowercase();
        if uuid::Uuid::parse_str(&key).is_err() {
            let text = format!("The role assignment ID '{name}' is not valid. The role assignment ID must be a GUID.");
            return Err(refused("InvalidRoleAssignmentId", text));
        }
        let (status, row) = match stored(tenant, &key) {
            Some(row) => (200, updated(&row, wanted)?),
            None if is_pim(tenant, &key, now) => return Err(not_permitted()),
            None => {
                is_new(tenant, ask, &wanted, lag, &wish, now)?;
                (201, wanted)
            }
        };
        // The answer to a PUT has no createdBy and two equal stamps; reads have both (arm.md B.1).
        let shown = RoleAssignment { created: row.updated, created_by: None, ..row.clone() };
        let body = role_assignment::document(tenant, ask, name, &shown);
        tenant.azure.assignments.insert(ask.scope.key(), &key, row);
        Ok((status, body))
    })?;
    Ok(Reply::json(status, body))
}

/// Answers DELETE: 200 with the row, 204 when it was not there. A row of PIM's takes its schedule along.
pub(super) fn delete(world: &Arc<World>, ask: &Ask<'_>, name: &str) -> Answer {
    let body = world.store.write(|tenant, now| {
        ask.require(tenant, "Microsoft.Authorization/roleAssignments/delete")?;
        tenant.azure.exists(&ask.scope)?;
        let Some(row) = role_assignment::find(tenant, &ask.scope, name, now) else { return Ok(None) };
        is_not_last(tenant, ask, &row, now)?;
        let body = role_assignment::document(tenant, ask, name, &row);
        let azure = &mut tenant.azure;
        if azure.assignments.remove(ask.scope.key(), name).is_none() {
            let behind =
                azure.schedules.at(ask.scope.key()).find(|(_, _, row)| row.instance.eq_ignore_ascii_case(name));
            if let Some(schedule) = behind.map(|(_, name, _)| name.to_owned()) {
                azure.schedules.remove(ask.scope.key(), &schedule);
            }
        }
        Ok(Some(body))
    })?;
    Ok(body.map_or_else(Reply::empty, |body| Reply::json(200, body)))
}

/// Refuses to take the last Owner or User Access Administrator from a subscription, unless a Global Administrator asks (arm.md E.3;
/// who may and which roles count are from Microsoft's "Troubleshoot Azure RBAC", 2025-05-27). What is inherited does not count;
/// that, status and code are reported by users of Terraform (azurerm#26122).
fn is_not_last(tenant: &Tenant, ask: &Ask<'_>, row: &RoleAssignment, now: jiff::Timestamp) -> Result<(), Problem> {
    let scope = &ask.scope;
    let administers =
        |row: &RoleAssignment| ADMINISTRATORS.iter().any(|name| built_in::role_named(name) == Some(row.role.as_str()));
    if scope.level() != Level::Subscription || !administers(row) {
        return Ok(());
    }
    let held = tenant.azure.held(scope, Reach::At, now);
    let is_free = ask.caller.user.is_some() && graph::holds(tenant, &ask.caller.oid, &["Global Administrator"], now);
    if is_free || held.iter().filter(|(_, row)| administers(row)).count() > 1 {
        return Ok(());
    }
    Err(Problem::new(412, "CannotDeleteLastRbacAdminAssignment", "Cannot delete the last RBAC admin assignment"))
}

/// Returns the row of this name wherever it is; names are unique in the tenant.
fn stored(tenant: &Tenant, name: &str) -> Option<RoleAssignment> {
    tenant.azure.assignments.named(name).map(|(_, _, row)| row.clone())
}

/// Tells whether the row of this name is PIM's.
fn is_pim(tenant: &Tenant, name: &str, now: jiff::Timestamp) -> bool {
    tenant.azure.schedules.iter().any(|(_, _, row)| row.instance.eq_ignore_ascii_case(name) && row.is_in_force(now))
}

fn not_permitted() -> Problem {
    let text = "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.";
    refused("RoleAssignmentUpdateNotPermitted", text)
}

fn wanted(tenant: &Tenant, ask: &Ask<'_>, wish: &Wish, now: jiff::Timestamp) -> Result<RoleAssignment, Problem> {
    let role_id = wish.role_definition_id.as_deref().unwrap_or_default();
    let role = role_id.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    if uuid::Uuid::parse_str(&role).is_err() {
        return Err(refused("InvalidRoleDefinitionId", format!("The role definition ID '{role_id}' is not valid.")));
    }
    let principal = wish.principal_id.as_deref().unwrap_or_default().to_ascii_lowercase();
    if uuid::Uuid::parse_str(&principal).is_err() {
        return Err(refused(
            "InvalidPrincipalId",
            format!("A valid principal ID must be provided for role assignment: '{principal}'."),
        ));
    }
    let condition = wish.condition.clone().filter(|text| !text.is_empty());
    let condition_version = wish.condition_version.clone().filter(|text| !text.is_empty());
    match (&condition, condition_version.as_deref()) {
        (None, None) => {}
        (Some(text), Some("2.0")) if text.len() <= LONGEST_CONDITION => {}
        (Some(_), Some("2.0")) => {
            return Err(refused("InvalidCondition", "The condition is larger than 8 KB."));
        }
        // The code is assumed.
        _ => {
            let text = "A condition and its version must come together, and the version must be '2.0'.";
            return Err(refused("InvalidConditionVersion", text));
        }
    }
    let found = tenant.azure.role(&role).filter(|role| tenant.azure.is_assignable(*role, &ask.scope));
    let found = found.ok_or_else(|| refusal::no_role(&role))?;
    if ask.scope.level() == Level::ManagementGroup && found.kind() == "CustomRole" && found.has_data_actions() {
        // The code is assumed; the rule is documented (arm.md A.4).
        let text = "A custom role with data actions cannot be assigned at the scope of a management group.";
        return Err(refused("InvalidRoleDefinitionScope", text));
    }
    Ok(RoleAssignment {
        scope: ask.scope.id().to_owned(),
        role,
        principal,
        principal_type: wish.principal_type.clone(),
        condition,
        condition_version,
        description: wish.description.clone(),
        delegated_managed_identity: wish.delegated_managed_identity_resource_id.clone(),
        created: now,
        updated: now,
        created_by: Some(ask.caller.oid.clone()),
        updated_by: Some(ask.caller.oid.clone()),
    })
}

/// Returns the row after an update, which may change description and condition alone.
fn updated(row: &RoleAssignment, wanted: RoleAssignment) -> Result<RoleAssignment, Problem> {
    let is_same = Scope::new(&row.scope).key() == Scope::new(&wanted.scope).key()
        && row.role == wanted.role
        && row.principal == wanted.principal;
    if !is_same {
        return Err(not_permitted());
    }
    Ok(RoleAssignment {
        scope: row.scope.clone(),
        created: row.created,
        created_by: row.created_by.clone(),
        principal_type: wanted.principal_type.clone().or_else(|| row.principal_type.clone()),
        ..wanted
    })
}

/// Refuses a second assignment of the same thing, an unknown principal, and one too many.
fn is_new(
    tenant: &Tenant,
    ask: &Ask<'_>,
    wanted: &RoleAssignment,
    lag: jiff::SignedDuration,
    wish: &Wish,
    now: jiff::Timestamp,
) -> Result<(), Problem> {
    let here = tenant.azure.held(&ask.scope, Reach::At, now);
    let twin = here.iter().find(|(_, row)| row.role == wanted.role && row.principal == wanted.principal);
    if let Some((name, _)) = twin {
        let text = format!(
            "The role assignment already exists. The ID of the existing role assignment is {}.",
            name.replace('-', "")
        );
        return Err(Problem::new(409, "RoleAssignmentExists", text));
    }
    let compact = wanted.principal.replace('-', "");
    let found = tenant.object(&wanted.principal).filter(|(_, object)| instant::plus(object.created, lag) <= now);
    let actual = found.and_then(|_| role_assignment::principal_type(tenant, &wanted.principal));
    match (wish.principal_type.as_deref(), actual) {
        (None, None) => {
            return Err(refused(
                "PrincipalNotFound",
                format!(
                    "Principal {compact} does not exist in the directory {}. Check that you have the correct principal ID. \
                     If you are creating this principal and then immediately assigning a role, this error might be related \
                     to a replication delay. In this case, set the role assignment principalType property to a value, such \
                     as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype",
                    id::TENANT
                ),
            ));
        }
        (Some(said), Some(actual)) if !said.eq_ignore_ascii_case(actual) => {
            return Err(refused(
                "UnmatchedPrincipalType",
                format!(
                    "The PrincipalId '{compact}' has type '{actual}' , which is different from specified PrinciaplType '{said}'."
                ),
            ));
        }
        _ => {}
    }
    let is_full = match (ask.scope.level(), ask.scope.subscription()) {
        (Level::ManagementGroup, _) => here.len() >= MOST_AT_GROUP,
        (_, Some(subscription)) => {
            let key = format!("/subscriptions/{subscription}");
            let classic = tenant.azure.assignments.at(&key).count() + tenant.azure.assignments.under(&key).count();
            classic >= MOST_IN_SUBSCRIPTION
        }
        _ => false,
    };
    if is_full {
        let text = "No more role assignments can be created (code: RoleAssignmentLimitExceeded)";
        return Err(refused("RoleAssignmentLimitExceeded", text));
    }
    Ok(())
}
