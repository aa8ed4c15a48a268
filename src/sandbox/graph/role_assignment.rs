//! Plain role assignments, which bypass PIM: one row per active assignment in force, activations included (graph.md 2.5, 2.8).

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::answer::{Answer, Problem, Reply};
use super::super::id;
use super::super::instant::truncate;
use super::super::odata::{Allowed, Expand, Options};
use super::super::permission;
use super::super::place::{Key, Place, Surface};
use super::super::route::Call;
use super::super::tenant::{Kind, Schedule, Side, Tenant};
use super::super::world::World;
use super::{not_emulated, principal, request, role_definition};

const LIST: Allowed = Allowed {
    filter: &[("id", "eq"), ("roleDefinitionId", "eq"), ("principalId", "eq in"), ("directoryScopeId", "eq")],
    expand: &["principal", "roleDefinition", "directoryScope"],
    top: 999,
    ..Allowed::new("roleManagement/directory/roleAssignments")
};

fn row(key: &Key, is_beta: bool) -> Value {
    let mut row = json!({"id": key.assignment_id(), "principalId": key.principal, "condition": null,
        "principalOrganizationId": id::TENANT});
    if let Value::Object(row) = &mut row {
        key.place.print(row);
    }
    if is_beta {
        row["resourceScope"] = row["directoryScopeId"].clone();
    }
    row
}

/// Tells whether a schedule has a plain assignment at `now`.
fn is_assignment(s: &Schedule, now: Timestamp) -> bool {
    s.key.side == Side::Active && s.key.place.surface() == Surface::Directory && s.is_in_force(now)
}

fn expand(tenant: &Tenant, row: &mut Value, path: &Expand) {
    let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let mut value = match path.path.as_str() {
        "principal" => principal::typed(tenant, &text("principalId"), path),
        "roleDefinition" => role_definition::stub(tenant, &text("roleDefinitionId")),
        _ => principal::typed(tenant, text("directoryScopeId").rsplit('/').next().unwrap_or_default(), path),
    };
    path.trim(&mut value);
    row[path.path.as_str()] = value;
}

/// Answers the calls of this room.
pub(super) fn answer(world: &Arc<World>, call: &Call, rest: &[&str]) -> Answer {
    let needed = if call.method == "GET" { permission::READ_ROLES } else { permission::WRITE_ROLES };
    permission::directory(&call.caller, needed)?;
    let in_force = |tenant: &Tenant| -> Vec<Value> {
        let mut rows: Vec<Value> = tenant
            .schedules
            .values()
            .filter(|s| is_assignment(s, call.now))
            .map(|s| row(&s.key, call.is_beta))
            .collect();
        rows.sort_by(|a, b| a["id"].as_str().cmp(&b["id"].as_str()));
        rows
    };
    match (call.method.as_str(), rest) {
        ("GET", []) => {
            let tenant = world.store.read(call.view);
            let mut options = Options::collection(call, &LIST)?;
            // The filter takes the template id of a role as well as its id.
            if let Some(filter) = &mut options.filter {
                filter.rewrite("roleDefinitionId", &|id| tenant.role(id).map(|role| role.id().to_owned()));
            }
            options.answer(call, &LIST, in_force(&tenant), |row, path| expand(&tenant, row, path))
        }
        ("GET", [id]) => {
            let tenant = world.store.read(call.view);
            let options = Options::entity(call, &LIST)?;
            let row = in_force(&tenant).into_iter().find(|row| row["id"] == *id).ok_or_else(|| Problem::missing(id))?;
            options.one(call, LIST.context, 200, row, |row, path| expand(&tenant, row, path))
        }
        ("POST", []) => {
            let is_conflict = world.options.switches.duplicate_conflict;
            let key = world.store.write(|tenant, now| {
                let key = asked(tenant, call)?;
                if tenant.schedule(&key, now).is_some_and(|found| found.schedule().is_in_force(now)) {
                    let text = "A conflicting object with one or more of the specified property values is present in the directory.";
                    return Err(if is_conflict {
                        Problem::new(409, "Request_MultipleObjectsWithSameKeyValue", text)
                    } else {
                        Problem::new(400, "Request_BadRequest", text)
                    });
                }
                let now = truncate(now, 100);
                let schedule = Schedule {
                    key: key.clone(),
                    start: now,
                    end: None,
                    duration: None,
                    created: now,
                    modified: None,
                    created_using: None,
                    activated_using: None,
                    visible_from: None,
                };
                tenant.schedules.insert(key.assignment_id(), schedule.into());
                Ok(key)
            })?;
            let mut body = row(&key, call.is_beta);
            body["@odata.context"] = json!(format!("{}/$metadata#{}/$entity", call.root(), LIST.context));
            Ok(Reply::json(201, body))
        }
        ("DELETE", [id]) => {
            world.store.write(|tenant, now| {
                let found =
                    tenant.schedules.iter().find(|(_, s)| is_assignment(s, now) && s.key.assignment_id() == *id);
                let schedule = found.map(|(id, _)| id.clone()).ok_or_else(|| Problem::missing(id))?;
                tenant.schedules.remove(&schedule);
                Ok(())
            })?;
            Ok(Reply::empty())
        }
        _ => Err(not_emulated(call)),
    }
}

/// Returns what a POST asks for.
fn asked(tenant: &Tenant, call: &Call) -> Result<Key, Problem> {
    let body = call.object()?;
    if let Some(name) = body
        .keys()
        .find(|name| !["@odata.type", "principalId", "roleDefinitionId", "directoryScopeId"].contains(&name.as_str()))
    {
        return Err(Problem::new(400, "Request_BadRequest", format!("Invalid property '{name}'.")));
    }
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let role = tenant.role(text("roleDefinitionId")).ok_or_else(|| Problem::missing(text("roleDefinitionId")))?;
    let found = tenant.object(text("principalId"));
    let (principal, object) = found.ok_or_else(|| Problem::missing(text("principalId")))?;
    if object.kind == Kind::Group && object.properties.get("isAssignableToRole") != Some(&json!(true)) {
        let text = "The group must have the property isAssignableToRole set to true.";
        return Err(Problem::new(400, "Request_BadRequest", text));
    }
    request::is_assignable(tenant, role, text("directoryScopeId"))?;
    Ok(Key {
        side: Side::Active,
        principal: principal.to_owned(),
        place: Place::Directory { role: role.id().to_owned(), scope: text("directoryScopeId").to_owned() },
    })
}
