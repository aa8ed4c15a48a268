//! Management groups, subscriptions and resource groups: how they are read and what the answers say (arm.md D.2).

use std::collections::BTreeSet;

use serde_json::Value;

use crate::core::hierarchy::Hierarchy;
use crate::core::id::{TenantId, is_guid};
use crate::core::scope::ArmScope;
use crate::surface::json::{rows, text};
use crate::surface::resource::path;
use crate::wire::{Api, Query};

/// The version of management groups. `no-cache` is asked for as the documentation demands: answers are cached for minutes.
fn groups(rest: &str) -> Query {
    let path = format!("/providers/Microsoft.Management/managementGroups{rest}");
    Query::new(Api::Arm, path).option("api-version", "2023-04-01").header("Cache-Control", "no-cache")
}

/// Returns the list of subscriptions that the caller may see.
pub fn subscriptions() -> Query {
    Query::new(Api::Arm, "/subscriptions").option("api-version", "2022-12-01")
}

/// Returns the list of management groups that the caller may see, without their parents.
pub fn management_groups() -> Query {
    groups("")
}

/// Returns one management group.
pub fn management_group(group: &str) -> Query {
    let probe = ArmScope::management_group(group).map(|scope| path::scope(&scope)).unwrap_or_default();
    groups(&format!("/{}", path::name(&probe)))
}

/// Returns the display name of a management group that was read by itself.
pub fn name(body: &Value) -> Option<String> {
    text(body.get("properties")?, "displayName").map(str::to_owned)
}

/// Returns the subscriptions on a page that belong to other tenants: who manages those of customers sees them in the same list
/// (`tenantId`, arm.md D.2).
pub fn foreign(page: &Value, tenant: &TenantId) -> Vec<ArmScope> {
    let is_foreign = |row: &&Value| text(row, "tenantId").is_some_and(|id| TenantId::new(id) != *tenant);
    rows(page).iter().filter(is_foreign).filter_map(scope).collect()
}

/// Returns the flat list of everything below a management group.
pub fn descendants(group: &str) -> Query {
    let probe = ArmScope::management_group(group).map(|scope| path::scope(&scope)).unwrap_or_default();
    let id = path::name(&probe).to_owned();
    groups(&format!("/{id}/descendants"))
}

/// Returns the list of a subscription's resource groups.
pub fn resource_groups(subscription: &ArmScope) -> Query {
    let path = format!("{}/resourceGroups", path::scope(subscription));
    Query::new(Api::Arm, path).option("api-version", "2021-04-01")
}

/// Returns the list of the resources in a resource group.
pub fn resources(group: &ArmScope) -> Query {
    Query::new(Api::Arm, format!("{}/resources", path::scope(group))).option("api-version", "2021-04-01")
}

/// Returns the scope of the tenant's root management group, whose id is the tenant's (arm.md 0.2).
pub fn root(tenant: &TenantId) -> Option<ArmScope> {
    ArmScope::management_group(tenant.as_str())
}

/// Adds the rows of a page of any of the lists. Rows that are no scopes are passed over: they can hold nothing that is ours.
pub fn learn(page: &Value, foreign: &BTreeSet<ArmScope>, hierarchy: &mut Hierarchy) {
    for row in rows(page) {
        let properties = row.get("properties").unwrap_or(&Value::Null);
        let name = text(row, "displayName").or_else(|| text(properties, "displayName"));
        let parent = properties.get("parent").and_then(|parent| text(parent, "id")).and_then(ArmScope::observed);
        if let Some(scope) = scope(row).filter(|scope| !foreign.contains(scope)) {
            hierarchy.insert(scope, name.map(str::to_owned), parent);
        }
    }
}

/// Returns the ids on a page that are scopes or resources.
pub fn ids(page: &Value) -> Vec<ArmScope> {
    rows(page).iter().filter_map(|row| text(row, "id")).filter_map(ArmScope::observed).collect()
}

/// Returns the scope of a row. Below a management group a subscription's id may be written as its child
/// (`…/managementGroups/{group}/subscriptions/{guid}`, arm.md D.2).
fn scope(row: &Value) -> Option<ArmScope> {
    let id = text(row, "id")?;
    let kind = text(row, "type").unwrap_or_default();
    if kind.to_ascii_lowercase().ends_with("/subscriptions") {
        let name = path::name(id);
        return is_guid(name).then(|| ArmScope::parse(&format!("/subscriptions/{name}"))).flatten();
    }
    ArmScope::observed(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_of_every_kind_add_up_to_one_tree() {
        let tenant = TenantId::new("5a9dbb0c-0000-4000-8000-000000000001");
        let subscription = "5a9dbb0c-0000-4000-8000-0000000000b1";
        let group = |id: &str| format!("/providers/Microsoft.Management/managementGroups/{id}");
        let mut tree = Hierarchy::default();
        let below = json!({"value": [
            {"id": group("corp"), "type": "Microsoft.Management/managementGroups", "name": "corp",
             "properties": {"displayName": "Corp", "parent": {"id": group(tenant.as_str())}}},
            {"id": format!("{}/subscriptions/{subscription}", group("corp")),
             "type": "Microsoft.Management/managementGroups/subscriptions", "name": subscription,
             "properties": {"displayName": "prod", "parent": {"id": group("corp")}}},
        ]});
        learn(&below, &BTreeSet::new(), &mut tree);
        learn(
            &json!({"value": [{"id": format!("/subscriptions/{subscription}"), "displayName": "prod-core"}]}),
            &BTreeSet::new(),
            &mut tree,
        );
        learn(&json!({"value": [{"name": "no id"}, 7]}), &BTreeSet::new(), &mut tree);
        let scope = ArmScope::parse(&format!("/subscriptions/{subscription}")).unwrap();
        assert!(tree.contains(&root(&tenant).unwrap(), &scope));
        assert_eq!(tree.name(&scope), Some("prod-core"));
        assert_eq!(descendants("a b").path, "/providers/Microsoft.Management/managementGroups/a%20b/descendants");
    }

    #[test]
    fn subscriptions_of_other_tenants_are_told_apart_and_never_learnt() {
        let tenant = TenantId::new("5a9dbb0c-0000-4000-8000-000000000001");
        let row = |last: u8, tenant: &str| {
            let id = format!("/subscriptions/5a9dbb0c-0000-4000-8000-0000000000{last:02x}");
            json!({"id": id, "displayName": "prod-core", "tenantId": tenant})
        };
        let page =
            json!({"value": [row(1, &tenant.as_str().to_uppercase()), row(2, "99999999-0000-4000-8000-000000000009")]});
        let foreign: BTreeSet<ArmScope> = foreign(&page, &tenant).into_iter().collect();
        assert_eq!(foreign.iter().map(ArmScope::name).collect::<Vec<_>>(), ["5a9dbb0c-0000-4000-8000-000000000002"]);
        let mut tree = Hierarchy::default();
        learn(&page, &foreign, &mut tree);
        assert_eq!(tree.scopes().count(), 1, "of two of one name only ours is known");
    }
}
