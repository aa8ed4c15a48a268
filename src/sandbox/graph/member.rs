//! Members and owners, and the actions on one object.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::answer::{Answer, Problem, Reply};
use super::super::odata::{Allowed, Expand, Options};
use super::super::permission;
use super::super::route::Call;
use super::super::tenant::{Kind, Object};
use super::super::world::World;
use super::{not_emulated, object, principal};

const LIST: Allowed = Allowed { top: 999, ..Allowed::new("directoryObjects") };

/// Answers `/{collection}/{key}/…`.
pub(super) fn answer(world: &Arc<World>, call: &Call, kind: Kind, key: &str, rest: &[&str]) -> Answer {
    let is_grouped = matches!(kind, Kind::Group | Kind::AdministrativeUnit);
    match (call.method.as_str(), rest) {
        ("GET", [list @ ("members" | "transitiveMembers" | "owners")]) if is_grouped => {
            permission::directory(&call.caller, object::reading(kind))?;
            let options = Options::collection(call, &LIST)?;
            let tenant = world.store.read(call.view);
            let id = object::find(&tenant, kind, key)?;
            let ids: Vec<String> = match (*list, tenant.object(&id)) {
                ("transitiveMembers", _) => principal::transitive(&tenant, &id).into_iter().collect(),
                ("owners", Some((_, object))) => object.owners.clone(),
                (_, Some((_, object))) => object.members.clone(),
                (_, None) => Vec::new(),
            };
            let shape = Expand { select: options.select.clone(), ..Expand::plain("") };
            let rows = ids.iter().map(|id| principal::typed(&tenant, id, &shape)).filter(|row| !row.is_null());
            let rows: Vec<Value> = rows.collect();
            // Rows of several kinds: a property that one of them lacks is left out, not refused.
            let options = Options { select: Vec::new(), ..options };
            options.answer(call, &LIST, rows, |_, _| {})
        }
        ("POST", [list @ ("members" | "owners"), "$ref"]) if is_grouped => {
            permission::directory(&call.caller, writing(kind))?;
            let link = call.object()?.get("@odata.id").and_then(Value::as_str).unwrap_or_default();
            let target = link.rsplit('/').next().unwrap_or_default().to_owned();
            world.store.write(|tenant, _| {
                let id = object::find(tenant, kind, key)?;
                let Some((target, _)) = tenant.object(&target) else { return Err(Problem::missing(&target)) };
                let target = target.to_owned();
                let ids = ids(tenant.objects.get_mut(&id).map(|object| &mut **object), list)?;
                if ids.contains(&target) {
                    let text = format!("One or more added object references already exist for the following modified properties: '{list}'.");
                    return Err(Problem::new(400, "Request_BadRequest", text));
                }
                ids.push(target);
                Ok(())
            })?;
            Ok(Reply::empty())
        }
        ("DELETE", [list @ ("members" | "owners"), target, "$ref"]) if is_grouped => {
            permission::directory(&call.caller, writing(kind))?;
            world.store.write(|tenant, _| {
                let id = object::find(tenant, kind, key)?;
                let ids = ids(tenant.objects.get_mut(&id).map(|object| &mut **object), list)?;
                let before = ids.len();
                ids.retain(|id| !id.eq_ignore_ascii_case(target));
                if ids.len() == before { Err(Problem::missing(target)) } else { Ok(()) }
            })?;
            Ok(Reply::empty())
        }
        ("POST", ["addPassword"]) if kind == Kind::Application => {
            permission::directory(&call.caller, permission::WRITE_APPLICATIONS)?;
            let (id, secret) = world.store.write(|tenant, _| {
                let id = object::find(tenant, kind, key)?;
                let secret = tenant.mint(&format!("secret/{id}"));
                if let Some(object) = tenant.objects.get_mut(&id) {
                    object.credential.get_or_insert_default().secrets.push(secret.clone());
                }
                Ok((id, secret))
            })?;
            let context = format!("{}/$metadata#microsoft.graph.passwordCredential", call.root());
            let body = json!({"@odata.context": context, "keyId": id, "secretText": secret, "displayName": null});
            Ok(Reply::json(200, body))
        }
        _ => Err(not_emulated(call)),
    }
}

fn writing(kind: Kind) -> &'static [&'static str] {
    if kind == Kind::Group { permission::WRITE_MEMBERS } else { permission::WRITE_UNITS }
}

fn ids<'a>(object: Option<&'a mut Object>, list: &str) -> Result<&'a mut Vec<String>, Problem> {
    let object = object.ok_or_else(|| Problem::missing(list))?;
    Ok(if list == "owners" { &mut object.owners } else { &mut object.members })
}
