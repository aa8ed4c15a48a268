//! `getEntities`: every management group and subscription that the caller sees, flat (arm.md D.2).

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::answer::{Answer, Problem};
use super::super::id;
use super::super::odata::filter::{self, Expr};
use super::super::world::World;
use super::access::Standing;
use super::ask::Ask;
use super::azure::Azure;
use super::scope::Scope;
use super::{page, refusal, subscription};

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

fn unsupported(name: &str, value: &str) -> Problem {
    Problem::new(400, "BadRequest", format!("The sandbox does not support '{name}={value}' here."))
}

/// Which rows are asked for, and which members of each.
struct Wish {
    filter: Option<Expr>,
    /// With `$search`: the group in lower case, whether it is shown itself, and whether what is right below it is.
    near: Option<(String, bool, bool)>,
    /// Members in lower case, all when empty.
    select: Vec<String>,
}

impl Wish {
    /// Reads `$filter` (equal names, parts of names and display names), `groupName` (a filter on the name), `$search` (what is
    /// around the group that either of them names) and `$select`.
    ///
    /// # Errors
    /// 400 for anything else; `AllowedParents` and `AllowedChildren` are not emulated.
    fn read(ask: &Ask<'_>) -> Result<Self, Problem> {
        let given = |name: &str| ask.option(name).filter(|value| !value.is_empty());
        let group = given("groupName").map(|name| format!("name eq '{}'", name.replace('\'', "''")));
        let texts = [given("$filter").map(str::to_owned), group];
        let text = texts.into_iter().flatten().map(|text| format!("({text})")).collect::<Vec<_>>().join(" and ");
        let filter = if text.is_empty() { None } else { Some(filter::parse(&text)?) };
        let known = [("name", "eq"), ("name", "contains"), ("displayName", "contains")];
        for found in filter.iter().flat_map(Expr::uses) {
            if !known.iter().any(|(path, op)| path.eq_ignore_ascii_case(&found.path) && *op == found.op) {
                return Err(refusal::bad_filter(&text));
            }
        }
        let select: Vec<String> =
            given("$select").unwrap_or_default().split(',').map(|part| part.trim().to_ascii_lowercase()).collect();
        let select: Vec<String> = select.into_iter().filter(|part| !part.is_empty()).collect();
        if let Some(other) = select.iter().find(|part| !SELECTABLE.contains(&part.as_str())) {
            return Err(unsupported("$select", other));
        }
        let Some(search) = given("$search") else { return Ok(Self { filter, near: None, select }) };
        let (itself, below) = match search.to_ascii_lowercase().as_str() {
            "parentonly" => (true, false),
            "childrenonly" => (false, true),
            "parentandfirstlevelchildren" => (true, true),
            _ => return Err(unsupported("$search", search)),
        };
        let name = filter.as_ref().filter(|filter| filter.uses().len() == 1).and_then(|one| one.required("name"));
        let name = name.ok_or_else(|| unsupported("$search", search))?.to_ascii_lowercase();
        Ok(Self { filter: None, near: Some((name, itself, below)), select })
    }

    /// Tells whether a row is asked for.
    fn is_met(&self, row: &Value) -> bool {
        let named = json!({"name": row["name"], "displayName": row["properties"]["displayName"]});
        let lower = |value: &Value| value.as_str().unwrap_or_default().to_ascii_lowercase();
        self.filter.as_ref().is_none_or(|filter| filter.holds(&named, &[]))
            && self.near.as_ref().is_none_or(|(group, itself, below)| {
                let parent = lower(&row["properties"]["parent"]["id"]);
                (*itself && lower(&row["name"]) == *group)
                    || (*below && parent == Scope::of_management_group(group).key())
            })
    }

    /// Takes away what was not selected; the id stays (assumed).
    fn trim(&self, row: &mut Value) {
        if self.select.is_empty() {
            return;
        }
        let is_kept = |name: &str| self.select.contains(&name.to_ascii_lowercase());
        if let Some(properties) = row["properties"].as_object_mut() {
            properties.retain(|name, _| is_kept(name));
        }
        if let Some(members) = row.as_object_mut() {
            members.retain(|name, _| name == "id" || name == "properties" || is_kept(name));
        }
    }
}

/// What `$select` may name.
const SELECTABLE: &[&str] = &["name", "displayname", "type", "parentdisplaynamechain", "parentnamechain"];

/// Answers POST `/providers/Microsoft.Management/getEntities`, and GET, by which Microsoft's clients follow the link to the next page.
pub(super) fn answer(world: &Arc<World>, ask: &Ask<'_>) -> Answer {
    if !["GET", "POST"].contains(&ask.method.as_str()) {
        return Err(ask.not_emulated());
    }
    let wish = Wish::read(ask)?;
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
    rows.retain(|row| wish.is_met(row));
    rows.iter_mut().for_each(|row| wish.trim(row));
    let count = rows.len();
    let mut reply = page::page(ask, rows, 1_000)?;
    if let Some(body) = &mut reply.body {
        body["count"] = json!(count);
    }
    Ok(reply)
}
