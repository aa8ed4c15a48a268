//! `getEntities`: every management group and subscription that the caller sees, flat (arm.md D.2).

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::answer::{Answer, Problem};
use super::super::id;
use super::super::world::World;
use super::access::Standing;
use super::ask::Ask;
use super::azure::Azure;
use super::scope::Scope;
use super::{page, subscription};

/// Returns the groups above `parent` and itself, the root first.
fn chain<'a>(azure: &'a Azure, parent: Option<&str>) -> Vec<&'a super::azure::ManagementGroup> {
    let (mut above, mut next) = (Vec::new(), parent.map(str::to_owned));
    while let Some(group) = next.and_then(|id| azure.management_groups.get(&id)) {
        above.push(&**group);
        next = group.parent.clone();
        if above.len() > 16 {
            break;
        }
    }
    above.reverse();
    above
}

fn permission(standing: &Standing<'_>, scope: &Scope, verb: &str) -> &'static str {
    let may = |action: &str| standing.may(scope, &format!("{verb}/{action}"));
    if may("delete") {
        "delete"
    } else if may("write") {
        "edit"
    } else if may("read") {
        "view"
    } else {
        "noaccess"
    }
}

/// Answers POST `/providers/Microsoft.Management/getEntities`.
pub(super) fn answer(world: &Arc<World>, ask: &Ask<'_>) -> Answer {
    for name in ["$search", "$filter", "$select", "groupName"] {
        if let Some(value) = ask.option(name).filter(|value| !value.is_empty()) {
            let text = format!("The sandbox does not support '{name}={value}' here.");
            return Err(Problem::new(400, "BadRequest", text));
        }
    }
    let view = ask.option("$view").unwrap_or("FullHierarchy").to_ascii_lowercase();
    if !["fullhierarchy", "groupsonly", "subscriptionsonly"].contains(&view.as_str()) {
        return Err(Problem::new(400, "BadRequest", format!("The value '{view}' of '$view' is not supported.")));
    }
    let tenant = world.store.read(ask.view);
    let azure = &tenant.azure;
    let standing = Standing::of(&tenant, &ask.caller, ask.now());
    let mut rows: Vec<Value> = Vec::new();
    let properties = |name: &str, parent: Option<&str>, rights: &str| {
        let above = chain(azure, parent);
        let nearest = above.last();
        json!({"tenantId": id::TENANT, "displayName": name,
            "parent": {"id": nearest.map(|group| format!("/providers/Microsoft.Management/managementGroups/{}", group.id))},
            "permissions": rights, "inheritedPermissions": rights,
            "parentDisplayNameChain": above.iter().map(|group| group.display_name.as_str()).collect::<Vec<_>>(),
            "parentNameChain": above.iter().map(|group| group.id.as_str()).collect::<Vec<_>>()})
    };
    if view != "subscriptionsonly" {
        for (key, group) in azure.management_groups.iter() {
            let scope = Scope::of_management_group(&group.id);
            let rights = permission(&standing, &scope, "Microsoft.Management/managementGroups");
            if rights == "noaccess" {
                continue;
            }
            let below = azure.groups_below(key);
            let subscriptions = azure.subscriptions.values();
            let within = subscriptions.clone().filter(|one| one.parent == *key || below.contains(&one.parent)).count();
            let groups = azure.management_groups.values().filter(|one| one.parent.as_ref() == Some(key)).count();
            let direct = subscriptions.filter(|one| one.parent == *key).count();
            let mut properties = properties(&group.display_name, group.parent.as_deref(), rights);
            properties["numberOfDescendants"] = json!(below.len() + within);
            properties["numberOfChildren"] = json!(groups + direct);
            properties["numberOfChildGroups"] = json!(groups);
            rows.push(json!({"id": scope.id(), "type": "Microsoft.Management/managementGroups", "name": group.id,
                "properties": properties}));
        }
    }
    if view != "groupsonly" {
        for one in azure.subscriptions.values().filter(|one| subscription::is_seen(&tenant, &standing, one)) {
            let scope = Scope::of_subscription(&one.id);
            let rights = permission(&standing, &scope, "Microsoft.Resources/subscriptions");
            let mut properties = properties(&one.display_name, Some(&one.parent), rights);
            for count in ["numberOfDescendants", "numberOfChildren", "numberOfChildGroups"] {
                properties[count] = json!(0);
            }
            rows.push(json!({"id": scope.id(), "type": "/subscriptions", "name": one.id, "properties": properties}));
        }
    }
    let count = rows.len();
    let mut reply = page::page(ask, rows, 1_000)?;
    if let Some(body) = &mut reply.body {
        body["count"] = json!(count);
    }
    Ok(reply)
}
