//! Role definitions, their deleted twins, and the catalogue of actions (graph.md 2.2, 2.3).

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Problem, Reply};
use super::super::catalog;
use super::super::instant::coarse;
use super::super::odata::{Allowed, Expand, Options};
use super::super::permission;
use super::super::route::Call;
use super::super::tenant::{CustomRole, Role, Schedule, Tenant};
use super::super::world::World;
use super::not_emulated;

const FILTER: &[(&str, &str)] = &[("id", "eq in"), ("displayName", "eq in"), ("isBuiltIn", "eq in")];
const BETA_FILTER: &[(&str, &str)] = &[
    ("id", "eq in"),
    ("displayName", "eq in startsWith"),
    ("isBuiltIn", "eq in"),
    ("isPrivileged", "eq"),
    ("templateId", "eq in"),
];
const LIST: Allowed = Allowed {
    filter: FILTER,
    expand: &["inheritsPermissionsFrom"],
    exact: &["displayName"],
    ..Allowed::new("roleManagement/directory/roleDefinitions")
};
const DELETED: Allowed = Allowed::new("roleManagement/directory/deletedItems/roleDefinitions");
const NAMESPACES: Allowed = Allowed::new("roleManagement/directory/resourceNamespaces");
const ACTIONS: Allowed = Allowed {
    filter: &[("name", "eq startsWith")],
    ..Allowed::new("roleManagement/directory/resourceNamespaces/resourceActions")
};
/// Known actions that custom roles are reported not to take (MicrosoftDocs/azure-docs issue 100973). There are more; no list of
/// them is published.
const REFUSED: [&str; 1] = ["microsoft.directory/users/password/update"];
/// The limit of custom roles in a tenant (graph.md 2.3).
const LIMIT: usize = 100;

/// Returns a role definition as Graph prints it.
pub(crate) fn row(role: Role<'_>, is_beta: bool) -> Value {
    let mut row = match role {
        Role::BuiltIn(role) => {
            let permissions: Vec<Value> = role
                .permissions
                .iter()
                .map(|p| json!({"allowedResourceActions": p.actions, "condition": p.condition}))
                .collect();
            let inherits: Vec<Value> = role.inherits.iter().map(|id| json!({"id": id})).collect();
            json!({"id": role.id, "description": role.description, "displayName": role.display_name, "isBuiltIn": true,
                "isEnabled": true, "resourceScopes": ["/"], "templateId": role.id, "version": "1",
                "rolePermissions": permissions, "inheritsPermissionsFrom": inherits})
        }
        Role::Custom(id, role) => json!({"id": id, "description": role.description, "displayName": role.display_name,
            "isBuiltIn": false, "isEnabled": role.is_enabled, "resourceScopes": ["/"], "templateId": role.template_id,
            "version": role.version, "rolePermissions": role.permissions, "inheritsPermissionsFrom": []}),
    };
    if is_beta {
        row["isPrivileged"] = match role {
            Role::BuiltIn(role) => json!(role.is_privileged),
            Role::Custom(..) => json!(false),
        };
        row["allowedPrincipalTypes"] = json!("user,servicePrincipal,group");
    }
    row
}

/// Returns a role as `$expand=roleDefinition` prints it: without permissions and description (graph.md 2.6).
pub(crate) fn stub(tenant: &Tenant, id: &str) -> Value {
    let Some(role) = tenant.role(id) else { return Value::Null };
    let mut stub = row(role, false);
    if let Value::Object(members) = &mut stub {
        members.remove("inheritsPermissionsFrom");
        members.insert("description".to_owned(), json!(""));
        members.insert("rolePermissions".to_owned(), json!([]));
        members.insert("resourceScopes".to_owned(), json!([]));
        members.insert("version".to_owned(), Value::Null);
    }
    stub
}

fn expand(tenant: &Tenant, row: &mut Value, path: &Expand) {
    let ids: Vec<String> = row["inheritsPermissionsFrom"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|role| role["id"].as_str().map(str::to_owned))
        .collect();
    let mut rows = Value::Array(
        ids.iter()
            .filter_map(|id| tenant.role(id))
            .map(|role| {
                let mut row = self::row(role, false);
                if let Value::Object(members) = &mut row {
                    members.remove("inheritsPermissionsFrom");
                }
                row
            })
            .collect(),
    );
    path.trim(&mut rows);
    row["inheritsPermissionsFrom"] = rows;
}

/// Answers the calls of this room.
pub(super) fn answer(world: &Arc<World>, call: &Call, parts: &[&str]) -> Answer {
    let needed = if call.method == "GET" { permission::READ_ROLES } else { permission::WRITE_ROLES };
    permission::directory(&call.caller, needed)?;
    let allowed = if call.is_beta { Allowed { filter: BETA_FILTER, ..LIST } } else { LIST };
    match (call.method.as_str(), parts) {
        ("GET", ["roleDefinitions"]) => {
            let options = Options::collection(call, &allowed)?;
            let tenant = world.store.read(call.view);
            let rows: Vec<Value> = tenant.roles().map(|role| row(role, call.is_beta)).collect();
            options.answer(call, &allowed, rows, |row, path| expand(&tenant, row, path))
        }
        ("GET", ["roleDefinitions", id]) => {
            let options = Options::entity(call, &allowed)?;
            let tenant = world.store.read(call.view);
            let role = tenant.role(id).ok_or_else(|| Problem::missing(id))?;
            options.one(call, allowed.context, 200, row(role, call.is_beta), |row, path| expand(&tenant, row, path))
        }
        ("POST", ["roleDefinitions"]) => {
            let is_distinct = world.options.switches.distinct_template_ids;
            let id = world.store.write(|tenant, now| create(tenant, call, is_distinct, now))?;
            let tenant = world.store.read(super::super::store::View::Now);
            let role = tenant.role(&id).ok_or_else(|| Problem::missing(&id))?;
            let mut body = row(role, call.is_beta);
            body["@odata.context"] = json!(format!("{}/$metadata#{}/$entity", call.root(), LIST.context));
            Ok(Reply::json(201, body))
        }
        ("PATCH", ["roleDefinitions", id]) => {
            let is_ignored = call.effects.contains(&super::super::fault::Effect::IgnorePatch);
            if is_ignored {
                call.object()?;
                return Ok(Reply::empty());
            }
            world.store.write(|tenant, _| update(tenant, call, id))?;
            Ok(Reply::empty())
        }
        ("DELETE", ["roleDefinitions", id]) => {
            let is_soft = world.options.switches.soft_delete;
            world.store.write(|tenant, now| remove(tenant, id, is_soft, now))?;
            Ok(Reply::empty())
        }
        (_, ["deletedItems", "roleDefinitions", rest @ ..]) if world.options.switches.soft_delete => {
            deleted(world, call, rest)
        }
        ("GET", ["resourceNamespaces"]) => {
            let names: BTreeSet<&str> = catalog::actions().iter().filter_map(|name| name.split('/').next()).collect();
            let rows: Vec<Value> = names.into_iter().map(|name| json!({"id": name, "name": name})).collect();
            Options::collection(call, &NAMESPACES)?.answer(call, &NAMESPACES, rows, |_, _| {})
        }
        ("GET", ["resourceNamespaces", namespace, "resourceActions"]) => {
            let prefix = format!("{namespace}/");
            let rows = catalog::actions().iter().filter(|name| name.starts_with(&prefix)).map(|name| {
                json!({"id": name.replace('/', "-"), "name": name, "description": null, "actionVerb": null,
                    "resourceScopeId": null, "authenticationContextId": null, "isAuthenticationContextSettable": false})
            });
            Options::collection(call, &ACTIONS)?.answer(call, &ACTIONS, rows.collect::<Vec<_>>(), |_, _| {})
        }
        _ => Err(not_emulated(call)),
    }
}

fn refused(text: String) -> Problem {
    Problem::new(400, "Request_BadRequest", text)
}

/// Returns the permissions in the form they are kept, or the service's refusal (graph.md 2.2).
fn permissions(value: &Value) -> Result<Vec<Value>, Problem> {
    let blocks = value.as_array().ok_or_else(|| Problem::bad("rolePermissions must be a collection."))?;
    let mut kept = Vec::new();
    for block in blocks {
        let members = block.as_object().ok_or_else(|| Problem::bad("rolePermissions must hold objects."))?;
        for (name, value) in members {
            let is_fine = match name.as_str() {
                "allowedResourceActions" | "@odata.type" => true,
                "excludedResourceActions" => value.as_array().is_none_or(Vec::is_empty),
                "condition" => value.is_null(),
                _ => false,
            };
            if !is_fine {
                return Err(refused(format!(
                    "The property '{name}' is not supported in the permissions of a custom role."
                )));
            }
        }
        let actions = members.get("allowedResourceActions").and_then(Value::as_array);
        let actions = actions.filter(|actions| !actions.is_empty());
        let actions = actions.ok_or_else(|| refused("allowedResourceActions must not be empty.".to_owned()))?;
        for action in actions {
            let action = action.as_str().ok_or_else(|| Problem::bad("allowedResourceActions must hold strings."))?;
            let namespace = action.split('/').next().unwrap_or_default();
            if !catalog::actions()
                .iter()
                .any(|known| known.split('/').next().is_some_and(|n| n.eq_ignore_ascii_case(namespace)))
            {
                return Err(refused(format!("Resource category '{namespace}' is not supported.")));
            }
            if !catalog::is_action(action) || REFUSED.iter().any(|refused| refused.eq_ignore_ascii_case(action)) {
                return Err(refused(format!("Action '{action}' is not supported for Custom Role creation")));
            }
        }
        kept.push(json!({"allowedResourceActions": actions, "condition": null}));
    }
    Ok(kept)
}

fn known(body: &Map<String, Value>) -> Result<(), Problem> {
    const WRITABLE: [&str; 8] = [
        "@odata.type",
        "displayName",
        "description",
        "isEnabled",
        "rolePermissions",
        "templateId",
        "version",
        "resourceScopes",
    ];
    // Clients that send whole models leave these empty.
    const READ_ONLY: [&str; 6] =
        ["id", "isBuiltIn", "inheritsPermissionsFrom", "isPrivileged", "allowedPrincipalTypes", "deletedDateTime"];
    for (name, value) in body {
        let is_empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        if !(WRITABLE.contains(&name.as_str()) || (is_empty && READ_ONLY.contains(&name.as_str()))) {
            return Err(refused(format!("Invalid property '{name}'.")));
        }
    }
    Ok(())
}

fn create(tenant: &mut Tenant, call: &Call, is_distinct: bool, now: Timestamp) -> Result<String, Problem> {
    let body = call.object()?;
    known(body)?;
    let name = body.get("displayName").and_then(Value::as_str).filter(|name| !name.is_empty());
    let name =
        name.ok_or_else(|| refused("A value is required for property 'displayName' of the resource.".to_owned()))?;
    let is_enabled = body.get("isEnabled").and_then(Value::as_bool);
    let is_enabled = is_enabled
        .ok_or_else(|| refused("A value is required for property 'isEnabled' of the resource.".to_owned()))?;
    let permissions = permissions(body.get("rolePermissions").unwrap_or(&Value::Null))?;
    if tenant.custom_roles.values().filter(|role| role.deleted.is_none()).count() >= LIMIT {
        return Err(refused(format!("The tenant has reached its limit of {LIMIT} custom roles.")));
    }
    let id = tenant.mint(&format!("roleDefinition/{name}"));
    let template = match body.get("templateId").and_then(Value::as_str).filter(|id| !id.is_empty()) {
        None => id.clone(),
        Some(template) => {
            uuid::Uuid::parse_str(template)
                .map_err(|_| refused("Invalid value specified for property 'templateId'.".to_owned()))?;
            let template = template.to_ascii_lowercase();
            let is_taken = catalog::built_in(&template).is_some()
                || tenant.custom_roles.iter().any(|(id, role)| *id == template || role.template_id == template);
            if is_taken {
                return Err(refused("A conflicting object with one or more of the specified property values is present in the directory.".to_owned()));
            }
            template
        }
    };
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let role = CustomRole {
        template_id: template.clone(),
        display_name: name.to_owned(),
        description: text("description"),
        is_enabled,
        version: text("version"),
        permissions,
        created: now,
        deleted: None,
    };
    let id = if is_distinct { id } else { template };
    tenant.custom_roles.insert(id.clone(), role);
    Ok(id)
}

fn update(tenant: &mut Tenant, call: &Call, id: &str) -> Result<(), Problem> {
    let body = call.object()?;
    known(body)?;
    let key = match tenant.role(id) {
        Some(Role::Custom(key, _)) => key.to_owned(),
        Some(Role::BuiltIn(_)) => {
            return Err(refused("Updates to built-in role definitions are not supported.".to_owned()));
        }
        None => return Err(Problem::missing(id)),
    };
    let Some(role) = tenant.custom_roles.get_mut(&key) else { return Err(Problem::missing(id)) };
    for (name, value) in body {
        let text = value.as_str().map(str::to_owned);
        match name.as_str() {
            "displayName" => {
                role.display_name =
                    text.filter(|name| !name.is_empty()).ok_or_else(|| refused("Invalid displayName.".to_owned()))?
            }
            "description" => role.description = text,
            "version" => role.version = text,
            "isEnabled" => {
                role.is_enabled = value.as_bool().ok_or_else(|| Problem::bad("isEnabled must be a boolean."))?
            }
            "rolePermissions" => role.permissions = permissions(value)?,
            _ => {}
        }
    }
    // Changing the template id changes the id of the role (graph.md 2.2).
    let template = body.get("templateId").and_then(Value::as_str).filter(|template| !template.is_empty());
    if let Some(template) = template.map(str::to_ascii_lowercase).filter(|template| *template != role.template_id) {
        role.template_id.clone_from(&template);
        if let Some(role) = tenant.custom_roles.remove(&key) {
            tenant.custom_roles.insert(template, role);
        }
    }
    Ok(())
}

/// Deletes a custom role. One that is still assigned is refused: sources are silent, and this is the careful reading.
fn remove(tenant: &mut Tenant, id: &str, is_soft: bool, now: Timestamp) -> Result<(), Problem> {
    let key = match tenant.role(id) {
        Some(Role::Custom(key, _)) => key.to_owned(),
        Some(Role::BuiltIn(_)) => {
            return Err(refused("Deletion of built-in role definitions is not supported.".to_owned()));
        }
        None => return Err(Problem::missing(id)),
    };
    let is_of = |s: &Schedule| s.key.place.directory().is_some_and(|(role, _)| role == key);
    if tenant.schedules.values().any(|s| is_of(s) && s.end.is_none_or(|end| end > now)) {
        return Err(refused("The role definition cannot be deleted while it is assigned.".to_owned()));
    }
    if is_soft {
        if let Some(role) = tenant.custom_roles.get_mut(&key) {
            role.deleted = Some(now);
        }
    } else {
        tenant.custom_roles.remove(&key);
    }
    Ok(())
}

fn deleted(world: &Arc<World>, call: &Call, rest: &[&str]) -> Answer {
    let print = |id: &str, role: &CustomRole| {
        let mut row = row(Role::Custom(id, role), call.is_beta);
        row["deletedDateTime"] = json!(role.deleted.map(coarse));
        row
    };
    let gone = |tenant: &Tenant, id: &str| {
        let found = tenant.custom_roles.get(&id.to_ascii_lowercase()).filter(|role| role.deleted.is_some());
        found.cloned().ok_or_else(|| Problem::missing(id))
    };
    match (call.method.as_str(), rest) {
        ("GET", []) => {
            let tenant = world.store.read(call.view);
            let rows = tenant.custom_roles.iter().filter(|(_, role)| role.deleted.is_some());
            let rows: Vec<Value> = rows.map(|(id, role)| print(id, role)).collect();
            Options::collection(call, &DELETED)?.answer(call, &DELETED, rows, |_, _| {})
        }
        ("GET", [id]) => {
            let role = gone(&world.store.read(call.view), id)?;
            Options::entity(call, &DELETED)?.one(call, DELETED.context, 200, print(id, &role), |_, _| {})
        }
        ("POST", [id, "restore"]) => {
            let role = world.store.write(|tenant, _| {
                gone(tenant, id)?;
                let role = tenant.custom_roles.get_mut(&id.to_ascii_lowercase()).ok_or_else(|| Problem::missing(id))?;
                role.deleted = None;
                Ok(role.clone())
            })?;
            Options::entity(call, &DELETED)?.one(call, DELETED.context, 200, print(id, &role), |_, _| {})
        }
        ("DELETE", [id]) => {
            world.store.write(|tenant, _| {
                gone(tenant, id)?;
                tenant.custom_roles.remove(&id.to_ascii_lowercase());
                Ok(())
            })?;
            Ok(Reply::empty())
        }
        _ => Err(not_emulated(call)),
    }
}
