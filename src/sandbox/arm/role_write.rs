//! Writing custom roles: what is refused and what a write leaves behind (arm.md A.3 to A.5).
//!
//! Codes that no source gives are marked assumed where they are made.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::answer::{Answer, Problem, Reply};
use super::super::instant::{precise, truncate};
use super::super::tenant::Tenant;
use super::super::world::World;
use super::access::{self, Standing};
use super::ask::Ask;
use super::azure::Role;
use super::built_in::{self, Permission};
use super::refusal;
use super::role_definition::{self, RoleDefinition};
use super::scope::{Level, Scope};

/// Custom roles per tenant (arm.md A.4).
const MOST_ROLES: usize = 5_000;
/// Assignable scopes of one role (arm.md A.4).
const MOST_SCOPES: usize = 2_000;
/// Characters of a role's name (arm.md A.4).
const LONGEST_NAME: usize = 512;
/// Bytes of a description (arm.md A.4).
const LONGEST_DESCRIPTION: usize = 2_048;

/// The body of a PUT; read-only members may come along, as a client that sends back what it read does.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wish {
    #[serde(default)]
    role_name: Option<String>,
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    assignable_scopes: Option<Vec<String>>,
    #[serde(default)]
    permissions: Option<Vec<WishedPermission>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WishedPermission {
    actions: Option<Vec<String>>,
    not_actions: Option<Vec<String>>,
    data_actions: Option<Vec<String>>,
    not_data_actions: Option<Vec<String>>,
}

fn refused(code: &str, text: impl Into<String>) -> Problem {
    Problem::new(400, code, text)
}

/// Answers PUT: 201 for creation and for update. In the answer `createdOn` is now and `createdBy` null even for an update; later
/// reads show the first ones again (arm.md A.3, recorded).
pub(super) fn put(world: &Arc<World>, ask: &Ask<'_>, name: &str) -> Answer {
    let body = world.store.write(|tenant, now| {
        ask.require(tenant, "Microsoft.Authorization/roleDefinitions/write")?;
        tenant.azure.exists(&ask.scope)?;
        let key = name.to_ascii_lowercase();
        if uuid::Uuid::parse_str(&key).is_err() {
            return Err(refused(
                "InvalidRoleDefinitionId",
                format!("The role definition ID '{name}' is not valid. The role definition ID must be a GUID."),
            ));
        }
        if built_in::role(&key).is_some() {
            return Err(Problem::new(409, "RoleDefinitionExists", "The role definition already exists."));
        }
        let wish = wish(ask)?;
        let now = truncate(now, 100);
        let stored = tenant.azure.roles.get(&key);
        let definition = definition(&wish, stored.map(|stored| &**stored), ask, now)?;
        authorize(tenant, ask, &definition.assignable_scopes, "Microsoft.Authorization/roleDefinitions/write")?;
        is_unique(tenant, &key, &definition)?;
        // The answer to a PUT says nobody made it; in 2015-07-01 that is so for updates alone (recorded).
        let is_told = ask.version == "2015-07-01" && stored.is_none();
        let created_by = definition.created_by.as_deref().filter(|_| is_told);
        let stamps = json!([precise(now), precise(now), created_by, definition.updated_by]);
        let body = role_definition::document(
            ask,
            Role::Custom(name, &definition),
            &definition.description,
            &definition.permissions,
            &stamps,
        );
        tenant.azure.roles.insert(key, definition.into());
        Ok(body)
    })?;
    Ok(Reply::json(201, body))
}

/// Answers DELETE: 200 with what was deleted, 204 when it was not there, 400 while somebody has it.
pub(super) fn delete(world: &Arc<World>, ask: &Ask<'_>, name: &str) -> Answer {
    let body = world.store.write(|tenant, now| {
        ask.require(tenant, "Microsoft.Authorization/roleDefinitions/delete")?;
        tenant.azure.exists(&ask.scope)?;
        let key = name.to_ascii_lowercase();
        if built_in::role(&key).is_some() {
            // Assumed: no source shows this answer.
            return Err(refused("RoleDefinitionIsBuiltIn", "A built-in role definition cannot be deleted."));
        }
        let Some(stored) = tenant.azure.roles.get(&key).cloned() else { return Ok(None) };
        authorize(tenant, ask, &stored.assignable_scopes, "Microsoft.Authorization/roleDefinitions/delete")?;
        let azure = &mut tenant.azure;
        let is_assigned = azure.assignments.iter().any(|(_, _, row)| row.role == key)
            || azure.schedules.iter().any(|(_, _, row)| row.role == key && row.end.is_none_or(|end| end > now));
        if is_assigned {
            return Err(refused(
                "RoleDefinitionHasAssignments",
                "There are existing role assignments referencing role (code: RoleDefinitionHasAssignments)",
            ));
        }
        let body = role_definition::current(ask, Role::Custom(&key, &stored));
        azure.roles.remove(&key);
        let policies: Vec<String> =
            azure.policies.iter().filter(|(_, role, _)| *role == key).map(|(scope, _, _)| scope.to_owned()).collect();
        for scope in policies {
            azure.policies.remove(&scope, &key);
        }
        Ok(Some(body))
    })?;
    Ok(body.map_or_else(Reply::empty, |body| Reply::json(200, body)))
}

fn wish(ask: &Ask<'_>) -> Result<Wish, Problem> {
    let properties = Value::Object(ask.properties()?.clone());
    serde_json::from_value(properties).map_err(|error| refusal::bad_content(&error.to_string()))
}

/// Returns what is stored for a wish; members left out are cleared, since PUT replaces (arm.md A.3).
fn definition(
    wish: &Wish,
    stored: Option<&RoleDefinition>,
    ask: &Ask<'_>,
    now: jiff::Timestamp,
) -> Result<RoleDefinition, Problem> {
    let role_name = wish.role_name.clone().unwrap_or_default();
    if role_name.trim().is_empty() {
        return Err(refused("RoleDefinitionNameNullOrEmpty", "The role definition name cannot be null or empty."));
    }
    if role_name.chars().count() > LONGEST_NAME {
        // Assumed code.
        return Err(refused(
            "InvalidRoleDefinitionName",
            "The role definition name cannot be longer than 512 characters.",
        ));
    }
    let description = wish.description.clone().unwrap_or_default();
    if description.len() > LONGEST_DESCRIPTION {
        // Assumed code.
        return Err(refused(
            "InvalidRoleDefinitionDescription",
            "The role definition description cannot be larger than 2 KB.",
        ));
    }
    if let Some(kind) = wish.kind.as_deref().filter(|kind| !kind.is_empty() && !kind.eq_ignore_ascii_case("CustomRole"))
    {
        return Err(refused("InvalidRoleDefinitionType", format!("The role definition type '{kind}' is not valid.")));
    }
    let assignable_scopes = wish.assignable_scopes.clone().unwrap_or_default();
    let wished = wish.permissions.as_deref().unwrap_or_default();
    let permissions: Vec<Permission> = wished
        .iter()
        .map(|wished| Permission {
            actions: wished.actions.clone().unwrap_or_default(),
            not_actions: wished.not_actions.clone().unwrap_or_default(),
            data_actions: wished.data_actions.clone().unwrap_or_default(),
            not_data_actions: wished.not_data_actions.clone().unwrap_or_default(),
            condition: None,
            condition_version: None,
        })
        .collect();
    let has_data = permissions.iter().any(|permission| !permission.data_actions.is_empty());
    check_scopes(&assignable_scopes, has_data)?;
    check_actions(&permissions)?;
    let previous = stored.map(|stored| Box::new(RoleDefinition { previous: None, ..stored.clone() }));
    Ok(RoleDefinition {
        role_name,
        description,
        assignable_scopes,
        permissions: if permissions.is_empty() { vec![Permission::default()] } else { permissions },
        created: stored.map_or(now, |stored| stored.created),
        updated: now,
        created_by: stored.map_or_else(|| Some(ask.caller.oid.clone()), |stored| stored.created_by.clone()),
        updated_by: Some(ask.caller.oid.clone()),
        previous,
    })
}

/// Refuses assignable scopes that no custom role may have (arm.md A.4).
fn check_scopes(scopes: &[String], has_data: bool) -> Result<(), Problem> {
    if scopes.is_empty() {
        return Err(refused("MissingAssignableScopes", "The assignable scopes of a role definition cannot be empty."));
    }
    // The code of the four below is assumed.
    let invalid = |text: String| refused("InvalidAssignableScope", text);
    if scopes.len() > MOST_SCOPES {
        return Err(invalid("A role definition cannot have more than 2000 assignable scopes.".to_owned()));
    }
    let mut groups = 0;
    for text in scopes {
        if !text.starts_with('/') || text.contains("//") {
            return Err(refused(
                "LinkedInvalidPropertyId",
                format!(
                    "Property id '{text}' at path 'properties.assignableScopes' is invalid. Expect fully qualified resource Id that start with '/subscriptions/{{subscriptionId}}' or '/providers/{{resourceProviderNamespace}}/'."
                ),
            ));
        }
        if text.contains('*') {
            return Err(invalid(format!("The assignable scope '{text}' is not valid: wildcards are not allowed.")));
        }
        match Scope::new(text).level() {
            Level::Root => {
                return Err(invalid("The assignable scope '/' is not valid for a custom role.".to_owned()));
            }
            Level::ManagementGroup => groups += 1,
            _ => {}
        }
    }
    if groups > 1 {
        return Err(invalid("Only one management group can be an assignable scope of a custom role.".to_owned()));
    }
    if groups == 1 && has_data && scopes.len() > 1 {
        // A definition with data actions may have one management group as its only assignable scope (arm.md A.4, newer document).
        return Err(invalid(
            "You cannot add data action permissions when you have a management group as an assignable scope".to_owned(),
        ));
    }
    Ok(())
}

/// Refuses actions that stand for no operation of any provider (arm.md A.5).
fn check_actions(permissions: &[Permission]) -> Result<(), Problem> {
    for permission in permissions {
        let planes = [
            (&permission.actions, false),
            (&permission.not_actions, false),
            (&permission.data_actions, true),
            (&permission.not_data_actions, true),
        ];
        for (list, is_data) in planes {
            if let Some(action) = list.iter().find(|action| !built_in::is_known(action, is_data)) {
                return Err(refused(
                    "InvalidActionOrNotAction",
                    format!("'{action}' does not match any of the actions supported by the providers."),
                ));
            }
        }
    }
    Ok(())
}

/// Refuses the write unless the caller may do it at every assignable scope, each of which must exist (403
/// `LinkedAuthorizationFailed`, arm.md A.5).
fn authorize(tenant: &Tenant, ask: &Ask<'_>, scopes: &[String], action: &str) -> Result<(), Problem> {
    let standing = Standing::of(tenant, &ask.caller, ask.now());
    let bad: Vec<&str> = scopes
        .iter()
        .filter(|text| {
            let scope = Scope::new(text);
            tenant.azure.exists(&scope).is_err() || !standing.may(&scope, action)
        })
        .map(String::as_str)
        .collect();
    if bad.is_empty() {
        return Ok(());
    }
    let text = access::denied(&ask.caller, action, ask.scope.id()).message;
    let head = text.split(" does not have").next().unwrap_or_default();
    let mut problem = Problem::new(
        403,
        "LinkedAuthorizationFailed",
        format!(
            "{head} has permission to perform action '{action}' on scope '{}'; however, it does not have permission to perform \
             action '{action}' on the linked scope(s) '{}' or the linked scope(s) are invalid.",
            ask.scope.authorization("roleDefinitions", ask.rest.first().unwrap_or(&"")),
            bad.join(",")
        ),
    );
    problem.headers.push(("x-ms-failure-cause", "gateway".to_owned()));
    Err(problem)
}

/// Refuses a name that another custom role of the tenant has, and a role too many.
fn is_unique(tenant: &Tenant, key: &str, definition: &RoleDefinition) -> Result<(), Problem> {
    let roles = &tenant.azure.roles;
    let is_taken =
        roles.iter().any(|(other, role)| other != key && role.role_name.eq_ignore_ascii_case(&definition.role_name));
    if is_taken {
        let text = if roles.contains_key(key) {
            "A role definition cannot be updated with a name that already exists."
        } else {
            "A custom role with the same name already exists in this directory. Use a different name"
        };
        return Err(Problem::new(409, "RoleDefinitionWithSameNameExists", text));
    }
    if !roles.contains_key(key) && roles.len() >= MOST_ROLES {
        return Err(refused(
            "RoleDefinitionLimitExceeded",
            "Role definition limit exceeded. No more role definitions can be created.",
        ));
    }
    Ok(())
}
