//! Members and owners, and the actions on one object.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::answer::{Answer, Problem, Reply};
use super::super::odata::{Allowed, Expand, Options};
use super::super::permission;
use super::super::place::{Access, Key, Place};
use super::super::route::Call;
use super::super::tenant::{Kind, Object, Side, Tenant};
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
            let ids: Vec<String> = match access(list) {
                None => principal::transitive(&tenant, &id, call.now).into_iter().collect(),
                Some(access) => {
                    let mut seen = BTreeSet::new();
                    let linked = tenant.linked(&id, access, call.now).filter(|id| seen.insert(*id));
                    linked.map(str::to_owned).collect()
                }
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
            let access = access(list).ok_or_else(|| not_emulated(call))?;
            world.store.write(|tenant, now| add(tenant, &object::find(tenant, kind, key)?, access, &target, now))?;
            Ok(Reply::empty())
        }
        ("DELETE", [list @ ("members" | "owners"), target, "$ref"]) if is_grouped => {
            permission::directory(&call.caller, writing(kind))?;
            let access = access(list).ok_or_else(|| not_emulated(call))?;
            world.store.write(|tenant, now| remove(tenant, &object::find(tenant, kind, key)?, access, target, now))?;
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

/// Returns which list a segment names; nothing for the one of all members of members.
fn access(list: &str) -> Option<Access> {
    Access::BOTH.into_iter().find(|access| access.list() == list)
}

fn refused(text: impl Into<String>) -> Problem {
    Problem::new(400, "Request_BadRequest", text)
}

/// Refuses a link that the directory does not make: groups neither own groups nor nest in role-assignable ones (graph.md 4.4), and
/// nobody is added to a group whose members follow a rule. That one is answered as if permissions lacked
/// (learn.microsoft.com/troubleshoot/entra, "403 error when adding a user to a group"; unconfirmed).
pub(super) fn may_link(to: &Object, access: Access, linked: &Object) -> Result<(), Problem> {
    if to.kind == Kind::Group && access == Access::Member && to.is_dynamic() {
        let text = "Insufficient privileges to complete the operation.";
        return Err(Problem::new(403, "Authorization_RequestDenied", text));
    }
    let is_nested = to.kind == Kind::Group && linked.kind == Kind::Group;
    if is_nested && (access == Access::Owner || to.is_role_assignable()) {
        return Err(refused("A group cannot own a group, nor be a member of a group that can be assigned to a role."));
    }
    Ok(())
}

/// Links a principal to a group, or a member to an administrative unit.
fn add(tenant: &mut Tenant, id: &str, access: Access, target: &str, now: Timestamp) -> Result<(), Problem> {
    let Some((target, linked)) = tenant.object(target) else { return Err(Problem::missing(target)) };
    if let Some((_, to)) = tenant.object(id) {
        may_link(to, access, linked)?;
    }
    if tenant.linked(id, access, now).any(|link| link == target) {
        let list = access.list();
        let text = "One or more added object references already exist for the following modified properties";
        return Err(refused(format!("{text}: '{list}'.")));
    }
    let target = target.to_owned();
    if let Some(object) = tenant.objects.get_mut(id) {
        object.links_mut(access).push(target);
    }
    Ok(())
}

/// Takes a link away, whoever made it: what PIM granted goes with it (graph.md 4.3).
fn remove(tenant: &mut Tenant, id: &str, access: Access, target: &str, now: Timestamp) -> Result<(), Problem> {
    let place = Place::Group { group: id.to_owned(), access };
    let key = Key { side: Side::Active, principal: target.to_owned(), place };
    let held = tenant.group_schedules(id).find(|(_, s)| s.key.is(&key) && s.is_in_force(now));
    let held = held.map(|(id, s)| (id.clone(), s.clone()));
    let was_held = held.is_some();
    if let Some((id, schedule)) = held {
        tenant.end_schedule(&id, &schedule);
    }
    if tenant.unlink(id, access, target) || was_held { Ok(()) } else { Err(Problem::missing(target)) }
}
