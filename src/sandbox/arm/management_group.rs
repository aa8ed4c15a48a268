//! Management groups: the hierarchy above subscriptions (arm.md D.2).
//!
//! Writes are answered at once with the finished state, which clients that poll accept as well.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::answer::{Answer, Problem, Reply};
use super::super::id;
use super::super::instant::precise;
use super::super::world::World;
use super::access::Standing;
use super::ask::Ask;
use super::azure::{Azure, ManagementGroup, Subscription};
use super::scope::Scope;
use super::{page, refusal};

const TYPE: &str = "Microsoft.Management/managementGroups";
const READ: &str = "Microsoft.Management/managementGroups/read";
const WRITE: &str = "Microsoft.Management/managementGroups/write";

/// Answers the calls below `/providers/Microsoft.Management/managementGroups`.
pub(super) fn answer(world: &Arc<World>, ask: &Ask<'_>, rest: &[&str]) -> Answer {
    let second = rest.get(1).map(|part| part.to_ascii_lowercase());
    match (ask.method.as_str(), rest, second.as_deref()) {
        ("GET", [], _) => list(world, ask),
        ("GET", [name], _) => one(world, ask, name),
        ("PUT", [name], _) => put(world, ask, name),
        ("PATCH", [name], _) => patch(world, ask, name),
        ("DELETE", [name], _) => delete(world, ask, name),
        ("GET", [name, _], Some("descendants")) => descendants(world, ask, name),
        ("GET", [name, _], Some("subscriptions")) => subscriptions(world, ask, name),
        (method, [name, _, subscription], Some("subscriptions")) => member(world, ask, method, name, subscription),
        _ => Err(ask.not_emulated()),
    }
}

/// Returns the id of a management group.
fn id_of(group: &ManagementGroup) -> String {
    format!("/providers/Microsoft.Management/managementGroups/{}", group.id)
}

fn find<'a>(azure: &'a Azure, name: &str) -> Result<&'a ManagementGroup, Problem> {
    let found = azure.management_groups.get(name.to_ascii_lowercase().as_str());
    found.map(|group| &**group).ok_or_else(|| refusal::no_management_group(name))
}

fn list(world: &Arc<World>, ask: &Ask<'_>) -> Answer {
    let tenant = world.store.read(ask.view);
    let standing = Standing::of(&tenant, &ask.caller, ask.now());
    let groups = tenant.azure.management_groups.values();
    let rows = groups
        .filter(|group| standing.may(&Scope::of_management_group(&group.id), READ))
        .map(|group| {
            json!({"id": id_of(group), "type": TYPE, "name": group.id,
                "properties": {"tenantId": id::TENANT, "displayName": group.display_name}})
        })
        .collect();
    let mut reply = page::page(ask, rows, 0)?;
    // Microsoft's clients for this list read the one spelling, everybody else the other (arm.md D.2).
    if let Some(body) = &mut reply.body
        && let Some(next) = body.get("nextLink").cloned()
    {
        body["@nextLink"] = next;
    }
    Ok(reply)
}

/// Tells whether subscriptions are left out of children: the one filter that there is, `children.childType ne Subscription`.
///
/// # Errors
/// 400 for any other.
fn is_without_subscriptions(ask: &Ask<'_>) -> Result<bool, Problem> {
    let Some(filter) = ask.filter() else { return Ok(false) };
    let words: Vec<String> = filter.split_whitespace().map(str::to_ascii_lowercase).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["children.childtype", "ne", "subscription" | "'subscription'"] => Ok(true),
        _ => Err(refusal::bad_filter(filter)),
    }
}

fn one(world: &Arc<World>, ask: &Ask<'_>, name: &str) -> Answer {
    let tenant = world.store.read(ask.view);
    let scope = Scope::of_management_group(name);
    super::access::require(&tenant, ask, &scope, READ, scope.id())?;
    let azure = &tenant.azure;
    let group = find(azure, name)?;
    let mut body = document(azure, group);
    let expand: Vec<String> =
        ask.option("$expand").unwrap_or_default().split(',').map(|part| part.trim().to_ascii_lowercase()).collect();
    let (with_subscriptions, is_deep) =
        (!is_without_subscriptions(ask)?, ask.option("$recurse").is_some_and(|text| text.eq_ignore_ascii_case("true")));
    for part in expand.iter().filter(|part| !part.is_empty()) {
        match part.as_str() {
            "children" => {
                body["properties"]["children"] =
                    children(azure, &name.to_ascii_lowercase(), is_deep, with_subscriptions);
            }
            "path" => {
                let path: Vec<Value> = ancestors(azure, group)
                    .iter()
                    .rev()
                    .chain([&group])
                    .map(|group| json!({"name": group.id, "displayName": group.display_name}))
                    .collect();
                body["properties"]["details"]["path"] = Value::from(path);
            }
            "ancestors" => {
                let above = ancestors(azure, group);
                let names: Vec<&str> = above.iter().map(|group| group.id.as_str()).collect();
                let chain: Vec<Value> =
                    above.iter().map(|group| json!({"name": group.id, "displayName": group.display_name})).collect();
                body["properties"]["details"]["managementGroupAncestors"] = json!(names);
                body["properties"]["details"]["managementGroupAncestorsChain"] = json!(chain);
            }
            other => {
                let text = format!("The value '{other}' of '$expand' is not supported.");
                return Err(Problem::new(400, "BadRequest", text));
            }
        }
    }
    Ok(Reply::json(200, body))
}

/// Returns the groups above one, the nearest first.
fn ancestors<'a>(azure: &'a Azure, group: &ManagementGroup) -> Vec<&'a ManagementGroup> {
    let (mut above, mut next) = (Vec::new(), group.parent.clone());
    while let Some(group) = next.and_then(|id| azure.management_groups.get(&id)) {
        above.push(&**group);
        next = group.parent.clone();
        if above.len() > 16 {
            break;
        }
    }
    above
}

fn children(azure: &Azure, parent: &str, is_deep: bool, with_subscriptions: bool) -> Value {
    let groups = azure.management_groups.iter().filter(|(_, group)| group.parent.as_deref() == Some(parent));
    let mut rows: Vec<Value> = groups
        .map(|(key, group)| {
            let mut row =
                json!({"type": TYPE, "id": id_of(group), "name": group.id, "displayName": group.display_name});
            if is_deep {
                row["children"] = children(azure, key, true, with_subscriptions);
            }
            row
        })
        .collect();
    let subscriptions = azure.subscriptions.values().filter(|one| with_subscriptions && one.parent == parent);
    rows.extend(subscriptions.map(|one| {
        json!({"type": "/subscriptions", "id": format!("/subscriptions/{}", one.id), "name": one.id,
            "displayName": one.display_name})
    }));
    // A group without children has null there.
    if rows.is_empty() { Value::Null } else { Value::from(rows) }
}

fn document(azure: &Azure, group: &ManagementGroup) -> Value {
    let parent = group.parent.as_ref().and_then(|id| azure.management_groups.get(id));
    let mut details = json!({"version": group.version, "updatedTime": group.updated.map(precise),
        "updatedBy": group.updated_by});
    if let Some(parent) = parent {
        details["parent"] = json!({"id": id_of(parent), "name": parent.id, "displayName": parent.display_name});
    }
    json!({"id": id_of(group), "type": TYPE, "name": group.id,
        "properties": {"tenantId": id::TENANT, "displayName": group.display_name, "details": details}})
}

/// Returns the key of the group that an id or a bare name in a body names.
fn named_parent(azure: &Azure, text: &str) -> Result<String, Problem> {
    let name = text.rsplit('/').next().unwrap_or_default();
    find(azure, name)?;
    Ok(name.to_ascii_lowercase())
}

fn stamp(group: &mut ManagementGroup, ask: &Ask<'_>, now: Timestamp) {
    group.version += 1;
    group.updated = Some(now);
    group.updated_by = Some(ask.caller.oid.clone());
}

fn put(world: &Arc<World>, ask: &Ask<'_>, name: &str) -> Answer {
    let body = ask.call.body.clone().unwrap_or(Value::Null);
    let display_name = body["properties"]["displayName"].as_str().map(str::to_owned);
    let parent = body["properties"]["details"]["parent"]["id"].as_str().map(str::to_owned);
    write(world, ask, name, true, display_name, parent)
}

fn patch(world: &Arc<World>, ask: &Ask<'_>, name: &str) -> Answer {
    let body = ask.call.body.clone().unwrap_or(Value::Null);
    let text = |member: &str| body[member].as_str().map(str::to_owned);
    write(world, ask, name, false, text("displayName"), text("parentGroupId"))
}

fn write(
    world: &Arc<World>,
    ask: &Ask<'_>,
    name: &str,
    may_create: bool,
    display_name: Option<String>,
    parent: Option<String>,
) -> Answer {
    let body = world.store.write(|tenant, now| {
        let key = name.to_ascii_lowercase();
        let is_word = |letter: char| letter.is_ascii_alphanumeric() || "-_().".contains(letter);
        if name.is_empty() || name.len() > 90 || !name.chars().all(is_word) {
            return Err(Problem::new(400, "BadRequest", format!("The management group id '{name}' is invalid.")));
        }
        let stored = tenant.azure.management_groups.get(&key).map(|group| (**group).clone());
        if stored.is_none() && !may_create {
            return Err(refusal::no_management_group(name));
        }
        let parent = parent.map(|text| named_parent(&tenant.azure, &text)).transpose()?;
        // A new group goes below the root unless the body says otherwise.
        let home = parent.clone().or_else(|| stored.as_ref().and_then(|group| group.parent.clone()));
        let above = Scope::of_management_group(home.as_deref().unwrap_or(id::TENANT));
        super::access::require(tenant, ask, &above, WRITE, Scope::of_management_group(name).id())?;
        if let Some(stored) = &stored {
            super::access::require(tenant, ask, &Scope::of_management_group(&stored.id), WRITE, above.id())?;
        }
        let is_root = key == id::TENANT;
        if let Some(parent) = parent.as_ref().filter(|_| stored.is_some()) {
            if is_root {
                return Err(Problem::new(400, "BadRequest", "The root management group cannot be moved."));
            }
            if *parent == key || tenant.azure.groups_below(&key).contains(parent) {
                let text = "A management group cannot be moved below itself.";
                return Err(Problem::new(400, "BadRequest", text));
            }
        }
        let mut group = stored.unwrap_or_else(|| ManagementGroup {
            id: name.to_owned(),
            display_name: name.to_owned(),
            parent: Some(id::TENANT.to_owned()),
            version: 0,
            updated: None,
            updated_by: None,
        });
        if let Some(display_name) = display_name {
            group.display_name = display_name;
        }
        if parent.is_some() {
            group.parent = parent;
        }
        stamp(&mut group, ask, now);
        tenant.azure.management_groups.insert(key, group.clone().into());
        let mut body = document(&tenant.azure, &group);
        body["status"] = Value::from("Succeeded");
        Ok(body)
    })?;
    Ok(Reply::json(200, body))
}

fn delete(world: &Arc<World>, ask: &Ask<'_>, name: &str) -> Answer {
    world.store.write(|tenant, _| {
        let (key, scope) = (name.to_ascii_lowercase(), Scope::of_management_group(name));
        super::access::require(tenant, ask, &scope, "Microsoft.Management/managementGroups/delete", scope.id())?;
        if !tenant.azure.management_groups.contains_key(&key) {
            return Ok(());
        }
        let has_children = tenant.azure.management_groups.values().any(|group| group.parent.as_ref() == Some(&key))
            || tenant.azure.subscriptions.values().any(|one| one.parent == key);
        if has_children || key == id::TENANT {
            let text = format!("Failed to delete management group '{name}': it has children or is the root.");
            return Err(Problem::new(400, "BadRequest", text));
        }
        let azure = &mut tenant.azure;
        azure.management_groups.remove(&key);
        azure.assignments.clear(scope.key());
        azure.schedules.clear(scope.key());
        azure.requests.clear(scope.key());
        azure.policies.clear(scope.key());
        Ok(())
    })?;
    Ok(Reply::empty())
}

/// Returns everything below a group in one flat list, groups first.
fn descendants(world: &Arc<World>, ask: &Ask<'_>, name: &str) -> Answer {
    let tenant = world.store.read(ask.view);
    let scope = Scope::of_management_group(name);
    super::access::require(&tenant, ask, &scope, "Microsoft.Management/managementGroups/descendants/read", scope.id())?;
    let azure = &tenant.azure;
    let key = find(azure, name)?.id.to_ascii_lowercase();
    let mut groups = azure.groups_below(&key);
    let parent_id = |id: &str| azure.management_groups.get(id).map(|group| id_of(group)).unwrap_or_default();
    let mut rows: Vec<Value> = groups
        .iter()
        .filter_map(|id| azure.management_groups.get(id))
        .map(|group| {
            json!({"id": id_of(group), "type": TYPE, "name": group.id, "properties": {"displayName": group.display_name,
                "parent": {"id": parent_id(group.parent.as_deref().unwrap_or_default())}}})
        })
        .collect();
    groups.push(key);
    rows.extend(azure.subscriptions.values().filter(|one| groups.contains(&one.parent)).map(|one| {
        json!({"id": format!("/subscriptions/{}", one.id), "type": "Microsoft.Management/managementGroups/subscriptions",
            "name": one.id, "properties": {"displayName": one.display_name, "parent": {"id": parent_id(&one.parent)}}})
    }));
    page::page(ask, rows, 2_000)
}

fn membership(group: &ManagementGroup, one: &Subscription) -> Value {
    json!({"id": format!("{}/subscriptions/{}", id_of(group), one.id),
        "type": "Microsoft.Management/managementGroups/subscriptions", "name": one.id,
        "properties": {"tenant": id::TENANT, "displayName": one.display_name, "parent": {"id": id_of(group)},
            "state": if one.state == "Enabled" { "Active" } else { one.state.as_str() }}})
}

fn subscriptions(world: &Arc<World>, ask: &Ask<'_>, name: &str) -> Answer {
    let tenant = world.store.read(ask.view);
    let scope = Scope::of_management_group(name);
    let action = "Microsoft.Management/managementGroups/subscriptions/read";
    super::access::require(&tenant, ask, &scope, action, scope.id())?;
    let group = find(&tenant.azure, name)?;
    let key = name.to_ascii_lowercase();
    let members = tenant.azure.subscriptions.values().filter(|one| one.parent == key);
    page::page(ask, members.map(|one| membership(group, one)).collect(), 0)
}

/// Answers the calls about one subscription of a group: PUT moves it there, DELETE back to the root.
fn member(world: &Arc<World>, ask: &Ask<'_>, method: &str, name: &str, subscription: &str) -> Answer {
    let scope = Scope::of_management_group(name);
    let (key, subscription) = (name.to_ascii_lowercase(), subscription.to_ascii_lowercase());
    let known = |azure: &Azure| -> Result<Subscription, Problem> {
        let found = azure.subscriptions.get(&subscription).map(|one| (**one).clone());
        found.ok_or_else(|| refusal::no_subscription(&subscription))
    };
    match method {
        "GET" => {
            let tenant = world.store.read(ask.view);
            let action = "Microsoft.Management/managementGroups/subscriptions/read";
            super::access::require(&tenant, ask, &scope, action, scope.id())?;
            let group = find(&tenant.azure, name)?;
            let one = known(&tenant.azure)?;
            if one.parent != key {
                return Err(refusal::no_subscription(&subscription));
            }
            Ok(Reply::json(200, membership(group, &one)))
        }
        "PUT" | "DELETE" => {
            let is_put = method == "PUT";
            let action = if is_put {
                "Microsoft.Management/managementGroups/subscriptions/write"
            } else {
                "Microsoft.Management/managementGroups/subscriptions/delete"
            };
            let body = world.store.write(|tenant, _| {
                super::access::require(tenant, ask, &scope, action, scope.id())?;
                let group = find(&tenant.azure, name)?.clone();
                let mut one = known(&tenant.azure)?;
                let itself = Scope::of_subscription(&one.id);
                super::access::require(
                    tenant,
                    ask,
                    &itself,
                    "Microsoft.Authorization/roleAssignments/write",
                    itself.id(),
                )?;
                if !is_put && one.parent != key {
                    return Ok(None);
                }
                one.parent = if is_put { key.clone() } else { id::TENANT.to_owned() };
                let body = membership(&group, &one);
                tenant.azure.subscriptions.insert(subscription.clone(), one.into());
                Ok(is_put.then_some(body))
            })?;
            Ok(body.map_or_else(Reply::empty, |body| Reply::json(200, body)))
        }
        _ => Err(ask.not_emulated()),
    }
}
