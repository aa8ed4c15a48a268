//! Users, groups, administrative units, applications and service principals: lists and single objects.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Problem, Reply};
use super::super::id;
use super::super::odata::{Allowed, Options, Rows};
use super::super::permission;
use super::super::place::Access;
use super::super::route::Call;
use super::super::tenant::{Credential, Kind, Object, Tenant};
use super::super::world::World;
use super::{member, not_emulated, principal};

const NAME: (&str, &str) = ("displayName", "eq ne in startsWith endsWith");
const PLAIN: Allowed = Allowed { top: 999, order: &["displayName"], is_directory: true, ..Allowed::new("") };

/// What each list documents (graph.md 5).
pub(super) const fn allowed(kind: Kind) -> Allowed {
    match kind {
        Kind::User => Allowed {
            context: "users",
            filter: &[
                ("id", "eq ne in"),
                NAME,
                ("userPrincipalName", "eq ne in startsWith endsWith"),
                ("mail", "eq ne in startsWith endsWith"),
                ("mailNickname", "eq ne in startsWith"),
                ("accountEnabled", "eq ne"),
                ("userType", "eq ne in"),
                ("onPremisesSyncEnabled", "eq ne"),
            ],
            order: &["displayName", "userPrincipalName"],
            ..PLAIN
        },
        Kind::Group => Allowed {
            context: "groups",
            filter: &[
                ("id", "eq ne in"),
                NAME,
                ("mail", "eq ne in startsWith"),
                ("mailNickname", "eq ne in startsWith"),
                ("mailEnabled", "eq ne"),
                ("securityEnabled", "eq ne"),
                ("isAssignableToRole", "eq ne"),
                ("onPremisesSyncEnabled", "eq ne"),
                ("groupTypes", "any"),
            ],
            ..PLAIN
        },
        Kind::ServicePrincipal => Allowed {
            context: "servicePrincipals",
            filter: &[
                ("id", "eq ne in"),
                ("appId", "eq ne in"),
                NAME,
                ("accountEnabled", "eq ne"),
                ("servicePrincipalType", "eq ne in"),
                ("servicePrincipalNames", "any"),
            ],
            ..PLAIN
        },
        Kind::Application => {
            Allowed { context: "applications", filter: &[("id", "eq ne in"), ("appId", "eq ne in"), NAME], ..PLAIN }
        }
        Kind::AdministrativeUnit => Allowed {
            context: "directory/administrativeUnits",
            filter: &[("id", "eq ne in"), NAME, ("visibility", "eq ne")],
            ..PLAIN
        },
    }
}

/// Returns the permissions that read this kind.
pub(super) fn reading(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::User => permission::READ_USERS,
        Kind::Group => permission::READ_GROUPS,
        Kind::ServicePrincipal | Kind::Application => permission::READ_APPLICATIONS,
        Kind::AdministrativeUnit => permission::READ_UNITS,
    }
}

fn writing(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::User => permission::WRITE_USERS,
        Kind::Group => permission::WRITE_GROUPS,
        Kind::ServicePrincipal | Kind::Application => permission::WRITE_APPLICATIONS,
        Kind::AdministrativeUnit => permission::WRITE_UNITS,
    }
}

/// Refuses when a write comes from a caller that may not; people are judged by their scopes alone here.
fn may_write(call: &Call, kind: Kind) -> Result<(), Problem> {
    permission::directory(&call.caller, writing(kind))
}

/// Answers a call on a whole collection.
pub(super) fn collection(world: &Arc<World>, call: &Call, kind: Kind) -> Answer {
    match call.method.as_str() {
        "GET" => {
            permission::directory(&call.caller, reading(kind))?;
            let options = Options::collection(call, &allowed(kind))?;
            let tenant = world.store.read(call.view);
            let is_usual = options.select.is_empty();
            let rows = tenant.objects.iter().filter(|(_, object)| object.kind == kind);
            let rows = Rows::each(rows, |(id, object)| principal::full(id, object));
            let mut reply = options.answer(call, &allowed(kind), rows, |_, _| {})?;
            if is_usual
                && kind == Kind::User
                && let Some(Value::Array(rows)) = reply.body.as_mut().map(|body| &mut body["value"])
            {
                for row in rows {
                    let id = row["id"].as_str().unwrap_or_default();
                    *row = tenant.object(id).map_or(Value::Null, |(id, object)| principal::usual(id, object));
                }
            }
            Ok(reply)
        }
        "POST" => {
            may_write(call, kind)?;
            let (id, object) = world.store.write(|tenant, now| create(tenant, call, kind, now))?;
            let mut body = principal::full(&id, &object);
            body["@odata.context"] = json!(format!("{}/$metadata#{}/$entity", call.root(), allowed(kind).context));
            Ok(Reply::json(201, body))
        }
        _ => Err(not_emulated(call)),
    }
}

/// Finds an object by id, user principal name, or an alternate key (`appId='…'`).
pub(super) fn find(tenant: &Tenant, kind: Kind, key: &str) -> Result<String, Problem> {
    let by = |property: &str, text: &str| {
        tenant.objects.iter().find(|(_, object)| {
            object.kind == kind
                && object.properties.get(property).and_then(Value::as_str).is_some_and(|t| t.eq_ignore_ascii_case(text))
        })
    };
    if let Some((property, text)) = key.split_once('=') {
        let text = text.trim_matches('\'');
        if property != "appId" || !matches!(kind, Kind::Application | Kind::ServicePrincipal) {
            return Err(Problem::bad(format!("'{property}' is not a key here.")));
        }
        return by(property, text).map(|(id, _)| id.clone()).ok_or_else(|| Problem::missing(text));
    }
    if let Some((id, _)) = tenant.object_of(kind, key) {
        return Ok(id.to_owned());
    }
    if kind == Kind::User
        && let Some((id, _)) = by("userPrincipalName", key)
    {
        return Ok(id.clone());
    }
    Err(Problem::missing(key))
}

/// Answers a call on one object.
pub(super) fn one(world: &Arc<World>, call: &Call, kind: Kind, key: &str) -> Answer {
    match call.method.as_str() {
        "GET" => {
            permission::directory(&call.caller, reading(kind))?;
            let options = Options::entity(call, &allowed(kind))?;
            let tenant = world.store.read(call.view);
            let id = find(&tenant, kind, key)?;
            let Some((id, object)) = tenant.object(&id) else { return Err(Problem::missing(key)) };
            let row =
                if options.select.is_empty() { principal::usual(id, object) } else { principal::full(id, object) };
            options.one(call, allowed(kind).context, 200, row, |_, _| {})
        }
        "PATCH" => {
            may_write(call, kind)?;
            let changes = properties(call, kind)?;
            world.store.write(|tenant, _| {
                let id = find(tenant, kind, key)?;
                if let Some(object) = tenant.objects.get_mut(&id) {
                    let before = object.properties.get("isAssignableToRole");
                    if changes.get("isAssignableToRole").is_some_and(|value| Some(value) != before) {
                        return Err(Problem::new(
                            400,
                            "Request_BadRequest",
                            "Property 'isAssignableToRole' is read-only.",
                        ));
                    }
                    object.properties.extend(changes);
                }
                Ok(())
            })?;
            Ok(Reply::empty())
        }
        "DELETE" => {
            may_write(call, kind)?;
            world.store.write(|tenant, _| {
                let id = find(tenant, kind, key)?;
                tenant.forget_object(&id);
                Ok(())
            })?;
            Ok(Reply::empty())
        }
        _ => Err(not_emulated(call)),
    }
}

/// Returns the writable properties of a body; unknown ones are refused.
fn properties(call: &Call, kind: Kind) -> Result<Map<String, Value>, Problem> {
    let known = principal::blank(kind);
    let mut found = Map::new();
    for (name, value) in call.object()? {
        match name.as_str() {
            "passwordProfile" if kind == Kind::User => {}
            "members@odata.bind" | "owners@odata.bind" | "@odata.type" => {}
            _ if known.contains_key(name) => {
                found.insert(name.clone(), value.clone());
            }
            _ => {
                let text = format!("Invalid property '{name}'.");
                return Err(Problem::new(400, "Request_BadRequest", text));
            }
        }
    }
    Ok(found)
}

fn required<'a>(found: &'a Map<String, Value>, name: &str) -> Result<&'a str, Problem> {
    found.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).ok_or_else(|| {
        Problem::new(400, "Request_BadRequest", format!("A value is required for property '{name}' of the resource."))
    })
}

fn create(tenant: &mut Tenant, call: &Call, kind: Kind, now: Timestamp) -> Result<(String, Object), Problem> {
    let mut found = properties(call, kind)?;
    let key = match kind {
        Kind::User => {
            let upn = required(&found, "userPrincipalName")?.to_owned();
            required(&found, "displayName")?;
            if find(tenant, Kind::User, &upn).is_ok() {
                let text = "Another object with the same value for property userPrincipalName already exists.";
                return Err(Problem::new(400, "Request_BadRequest", text));
            }
            upn.to_lowercase()
        }
        Kind::Group => {
            required(&found, "mailNickname")?;
            let is_dynamic =
                found.get("groupTypes").is_some_and(|types| types.to_string().contains("DynamicMembership"));
            if is_dynamic && found.get("isAssignableToRole") == Some(&json!(true)) {
                let text = "A role-assignable group cannot have dynamic membership.";
                return Err(Problem::new(400, "Request_BadRequest", text));
            }
            required(&found, "displayName")?.to_owned()
        }
        Kind::ServicePrincipal => {
            let app = required(&found, "appId")?.to_owned();
            if find(tenant, kind, &format!("appId='{app}'")).is_ok() {
                let text = "The service principal cannot be created, updated, or restored because the service principal name is already in use.";
                return Err(Problem::new(409, "Request_MultipleObjectsWithSameKeyValue", text));
            }
            let application = find(tenant, Kind::Application, &format!("appId='{app}'"))?;
            let name = tenant.objects.get(&application).and_then(|a| a.properties.get("displayName")).cloned();
            let name = name.unwrap_or(Value::Null);
            found.entry("displayName").or_insert_with(|| name.clone());
            found.insert("appDisplayName".to_owned(), name);
            found.insert("servicePrincipalNames".to_owned(), json!([app]));
            found.insert("appOwnerOrganizationId".to_owned(), json!(id::TENANT));
            app
        }
        Kind::Application | Kind::AdministrativeUnit => required(&found, "displayName")?.to_owned(),
    };
    let id = tenant.mint(&format!("{}/{key}", kind.name()));
    let mut credential = None;
    if kind == Kind::Application {
        let app = tenant.mint(&format!("appId/{key}"));
        found.insert("appId".to_owned(), json!(app));
        credential = Some(Credential::default());
    }
    let mut object =
        Object { kind, created: now, properties: found, members: Vec::new(), owners: Vec::new(), credential };
    for access in Access::BOTH {
        let name = format!("{}@odata.bind", access.list());
        for link in call.object()?.get(&name).and_then(Value::as_array).into_iter().flatten() {
            let target = link.as_str().and_then(|link| link.rsplit('/').next()).unwrap_or_default();
            let Some((target, linked)) = tenant.object(target) else { return Err(Problem::missing(target)) };
            member::may_link(&object, access, linked)?;
            object.links_mut(access).push(target.to_owned());
        }
    }
    tenant.objects.insert(id.clone(), object.clone().into());
    Ok((id, object))
}
