//! Management groups, subscriptions, resource groups and resources (arm.md D.2; resource groups as recorded).

use reqwest::Method;
use rolewright::sandbox::{SandboxOptions, Seed};
use serde_json::json;

use crate::arm_pim::{READER, SUBSCRIPTION, at, body, guid, lasting};
use crate::client::{APPLY, Client, Got, PLAN, TENANT, options};

const GROUPS: &str = "/providers/Microsoft.Management/managementGroups";
const V: &str = "api-version=2023-04-01";

impl Client {
    pub(crate) async fn group(&self, id: &str, parent: Option<&str>) -> Got {
        let mut body = json!({"properties": {"displayName": format!("Group {id}")}});
        if let Some(parent) = parent {
            body["properties"]["details"] = json!({"parent": {"id": format!("{GROUPS}/{parent}")}});
        }
        self.arm_put(&format!("{GROUPS}/{id}?{V}"), body).await
    }

    pub(crate) async fn subscription(&self, alias: &str, group: &str) -> String {
        let body = json!({"properties": {"displayName": alias, "workload": "Production",
            "additionalProperties": {"managementGroupId": format!("{GROUPS}/{group}")}}});
        let path = format!("/providers/Microsoft.Subscription/aliases/{alias}?api-version=2021-10-01");
        let got = self.arm_put(&path, body).await;
        assert_eq!(
            (got.status, &got.body["properties"]["provisioningState"]),
            (201, &json!("Succeeded")),
            "{}",
            got.body
        );
        format!("/subscriptions/{}", got.body["properties"]["subscriptionId"].as_str().unwrap())
    }

    pub(crate) async fn resource_group(&self, scope: &str) -> Got {
        self.arm_put(&format!("{scope}?api-version=2021-04-01"), json!({"location": "westeurope"})).await
    }
}

#[tokio::test]
async fn the_root_group_is_the_tenant() {
    let c = Client::seeded(Seed::Empty).await;
    let got = c.get(&format!("{GROUPS}?{V}")).await;
    assert_eq!(
        got.rows()[0],
        json!({"id": format!("{GROUPS}/{TENANT}"), "type": "Microsoft.Management/managementGroups", "name": TENANT,
            "properties": {"tenantId": TENANT, "displayName": "Tenant Root Group"}})
    );
    let got = c.get(&format!("{GROUPS}/{TENANT}?{V}&$expand=children&$recurse=true")).await;
    let children = got.body["properties"]["children"].as_array().unwrap();
    assert_eq!((children.len(), &children[0]["type"]), (1, &json!("/subscriptions")));
    let missing = c.get(&format!("{GROUPS}/nowhere?{V}")).await;
    assert_eq!((missing.status, missing.code().as_str()), (404, "NotFound"));
}

#[tokio::test]
async fn groups_are_made_moved_and_deleted() {
    let c = Client::seeded(Seed::Empty).await;
    for (id, parent) in [("platform", None), ("landing", None), ("Corp", Some("landing"))] {
        let got = c.group(id, parent).await;
        assert_eq!((got.status, &got.body["name"]), (200, &json!(id)), "{}", got.body);
    }
    let got = c.get(&format!("{GROUPS}/CORP?{V}&$expand=path,ancestors")).await;
    let details = &got.body["properties"]["details"];
    assert_eq!(details["parent"]["name"], "landing");
    assert_eq!(details["managementGroupAncestors"], json!(["landing", TENANT]));
    assert_eq!(details["path"].as_array().unwrap().len(), 3);

    let moved = c.patch(&format!("{GROUPS}/Corp?{V}"), json!({"parentGroupId": format!("{GROUPS}/platform")})).await;
    assert_eq!(moved.body["properties"]["details"]["parent"]["name"], "platform");
    assert_eq!(moved.body["properties"]["displayName"], "Group Corp");
    let below_itself = c.group("platform", Some("corp")).await;
    assert_eq!(below_itself.status, 400, "{}", below_itself.body);
    assert_eq!(c.group("x", Some("nowhere")).await.status, 404);

    let full = c.delete(&format!("{GROUPS}/platform?{V}")).await;
    assert_eq!(full.status, 400);
    assert_eq!(c.delete(&format!("{GROUPS}/Corp?{V}")).await.status, 204);
    assert_eq!(c.delete(&format!("{GROUPS}/platform?{V}")).await.status, 204);
    assert_eq!(c.get(&format!("{GROUPS}/platform?{V}")).await.status, 404);
}

#[tokio::test]
async fn subscriptions_are_made_listed_and_moved() {
    let c = Client::seeded(Seed::Empty).await;
    c.group("corp", None).await;
    c.group("online", None).await;
    let shop = c.subscription("shop", "corp").await;
    let got = c.get("/subscriptions?api-version=2022-12-01").await;
    assert_eq!((got.rows().len(), &got.body["count"]), (2, &json!({"type": "Total", "value": 2})));
    let members: Vec<&str> = got.rows()[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        members,
        [
            "authorizationSource",
            "displayName",
            "id",
            "managedByTenants",
            "state",
            "subscriptionId",
            "subscriptionPolicies",
            "tags",
            "tenantId"
        ]
    );
    let name = shop.trim_start_matches("/subscriptions/");
    let member = |group: &str| format!("{GROUPS}/{group}/subscriptions/{name}?{V}");
    assert_eq!(c.get(&member("corp")).await.body["properties"]["parent"]["id"], format!("{GROUPS}/corp"));
    assert_eq!(c.arm_put(&member("online"), json!(null)).await.status, 200);
    assert_eq!(c.get(&member("corp")).await.status, 404);
    assert_eq!(c.get(&format!("{GROUPS}/online/subscriptions?{V}")).await.rows().len(), 1);
    assert_eq!(c.delete(&member("online")).await.status, 204);

    let renamed = format!("{shop}/providers/Microsoft.Subscription/rename?api-version=2021-10-01");
    assert_eq!(c.post(&renamed, json!({"subscriptionName": "Shop 2"})).await.status, 200);
    assert_eq!(c.get(&format!("{shop}?api-version=2022-12-01")).await.body["displayName"], "Shop 2");
    let missing = c.get(&format!("/subscriptions/{}?api-version=2022-12-01", guid(9))).await;
    assert_eq!((missing.status, missing.code().as_str()), (404, "SubscriptionNotFound"));
    // The same alias again names the same subscription.
    let again = c.get("/providers/Microsoft.Subscription/aliases/SHOP?api-version=2021-10-01").await;
    assert_eq!(again.body["properties"]["subscriptionId"], name);
}

#[tokio::test]
async fn descendants_are_flat_and_paged() {
    let c = Client::start(SandboxOptions { page_size: Some(2), ..options(Seed::Empty) }).await;
    c.group("a", None).await;
    c.group("b", Some("a")).await;
    c.subscription("s1", "a").await;
    c.subscription("s2", "b").await;
    let (mut next, mut found) = (Some(format!("{GROUPS}/a/descendants?{V}")), Vec::new());
    let mut pages = 0;
    while let Some(path) = next {
        let got = c.get(&path).await;
        found.extend(got.rows().iter().map(|row| (row["type"].clone(), row["properties"]["parent"]["id"].clone())));
        next = got.body["nextLink"].as_str().map(str::to_owned);
        pages += 1;
    }
    let (group, one) =
        (json!("Microsoft.Management/managementGroups"), json!("Microsoft.Management/managementGroups/subscriptions"));
    assert_eq!(pages, 2);
    assert_eq!(found[0], (group, json!(format!("{GROUPS}/a"))));
    assert_eq!(found.iter().filter(|(kind, _)| *kind == one).count(), 2);
    assert!(found.contains(&(one, json!(format!("{GROUPS}/b")))));
}

#[tokio::test]
async fn entities_are_what_the_caller_sees() {
    let mut c = Client::seeded(Seed::Empty).await;
    c.group("corp", None).await;
    let shop = c.subscription("shop", "corp").await;
    let ask = format!("/providers/Microsoft.Management/getEntities?{V}");
    let got = c.post(&ask, json!(null)).await;
    let corp = got.rows().iter().find(|row| row["name"] == "corp").unwrap().clone();
    assert_eq!(corp["properties"]["numberOfDescendants"], 1);
    assert_eq!(corp["properties"]["parentNameChain"], json!([TENANT]));
    assert_eq!(corp["properties"]["permissions"], "delete");
    assert_eq!(got.rows().len(), 4);
    assert_eq!(c.post(&format!("{ask}&$view=GroupsOnly"), json!(null)).await.rows().len(), 2);
    assert_eq!(c.post(&format!("{ask}&$filter=x"), json!(null)).await.status, 400);

    // Somebody with a role in one subscription sees that one.
    let ann = c.person("ann").await;
    let assigned = json!({"properties": {"principalId": ann, "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{READER}")}});
    assert_eq!(
        c.arm_put(&at(&shop, &format!("roleAssignments/{}", guid(1)), "2022-04-01"), assigned).await.status,
        201
    );
    c.act_as(json!({"user": "ann@contoso.example"})).await;
    let seen = c.post(&ask, json!(null)).await;
    assert_eq!((seen.rows().len(), &seen.rows()[0]["id"]), (1, &json!(shop)));
    assert_eq!(c.get("/subscriptions?api-version=2022-12-01").await.rows().len(), 1);
    assert_eq!(c.get(&format!("{GROUPS}?{V}")).await.rows().len(), 0);
    assert_eq!(c.get(&format!("{GROUPS}/corp?{V}")).await.code(), "AuthorizationFailed");
}

#[tokio::test]
async fn resource_groups_live_as_recorded() {
    let c = Client::seeded(Seed::Empty).await;
    let group = format!("{SUBSCRIPTION}/resourcegroups/Rg-Net");
    let path = format!("{group}?api-version=2020-10-01");
    let body = json!({"location": "westus", "tags": {"tag1": "value1"}});
    let got = c.arm_put(&path, body.clone()).await;
    // The id is spelled the service's way whatever the path was (recorded).
    let id = format!("{SUBSCRIPTION}/resourceGroups/Rg-Net");
    let expected = json!({"id": id, "name": "Rg-Net", "type": "Microsoft.Resources/resourceGroups", "location": "westus",
        "tags": {"tag1": "value1"}, "properties": {"provisioningState": "Succeeded"}});
    assert_eq!((got.status, &got.body), (201, &expected));
    assert_eq!(c.arm_put(&path, body).await.status, 200);
    assert_eq!(c.get(&path.to_lowercase()).await.body, expected);
    assert_eq!(c.try_send(Method::HEAD, &path, None, &[]).await.unwrap().status, 204);
    let unknown = format!("{SUBSCRIPTION}/resourcegroups/unknowngroup?api-version=2020-10-01");
    let head = c.try_send(Method::HEAD, &unknown, None, &[]).await.unwrap();
    assert_eq!((head.status, head.header("x-ms-failure-cause")), (404, "gateway"));
    assert_eq!(
        c.get(&unknown).await.body,
        json!({"error": {"code": "ResourceGroupNotFound", "message": "Resource group 'unknowngroup' could not be found."}})
    );
    let patched = c.patch(&path, json!({"tags": {"tag1": "valueA", "tag2": "valueB"}})).await;
    assert_eq!((patched.status, &patched.body["tags"]["tag2"]), (200, &json!("valueB")));
    let list = format!("{SUBSCRIPTION}/resourcegroups?api-version=2020-10-01");
    assert_eq!(c.get(&format!("{list}&$filter=tagName eq 'tag2'")).await.rows().len(), 1);
    assert_eq!(c.get(&format!("{list}&$filter=tagName eq 'tag9'")).await.rows().len(), 0);

    let deleted = c.delete(&path).await;
    assert_eq!((deleted.status, &deleted.body), (202, &json!(null)));
    assert_eq!(c.get(deleted.header("location")).await.status, 200);
    assert_eq!(c.get(&path).await.status, 404);
    assert_eq!(c.get(&list).await.rows().len(), 0);
}

#[tokio::test]
async fn what_is_assigned_goes_with_its_scope() {
    let c = Client::seeded(Seed::Empty).await;
    let ann = c.person("ann").await;
    let group = format!("{SUBSCRIPTION}/resourceGroups/rg");
    assert_eq!(c.resource_group(&group).await.status, 201);
    let vault = format!("{group}/providers/Microsoft.KeyVault/vaults/kv");
    let vault_path = format!("{vault}?api-version=2023-07-01");
    let made = c.arm_put(&vault_path, json!({"location": "westeurope", "properties": {"sku": "x"}})).await;
    assert_eq!((made.status, &made.body["type"]), (201, &json!("Microsoft.KeyVault/vaults")));
    assert_eq!(c.get(&format!("{group}/resources?api-version=2021-04-01")).await.rows().len(), 1);
    let asked = c.put_request("Eligibility", &vault, 1, body("AdminAssign", &ann, READER, lasting("P30D"))).await;
    assert_eq!(asked.status, 201, "{}", asked.body);
    let lone = at(&vault, "roleEligibilitySchedules", "2020-10-01");
    assert_eq!(c.get(&lone).await.rows().iter().filter(|row| row["properties"]["scope"] == vault).count(), 1);
    c.delete(&format!("{group}?api-version=2021-04-01")).await;
    assert_eq!(c.get(&lone).await.code(), "ResourceGroupNotFound");
    let above = c.get(&at(SUBSCRIPTION, "roleEligibilitySchedules", "2020-10-01")).await;
    assert!(above.rows().is_empty());
    let nested = format!("{group}/providers/Microsoft.KeyVault/vaults/kv?api-version=2023-07-01");
    assert_eq!(c.get(&nested).await.status, 404);
}

#[tokio::test]
async fn a_planner_changes_nothing() {
    let mut c = Client::seeded(Seed::Empty).await;
    for app in [PLAN, APPLY] {
        c.sign_in(app).await;
        assert_eq!(c.get("/subscriptions?api-version=2022-12-01").await.rows().len(), 1);
        assert_eq!(c.get(&format!("{GROUPS}/{TENANT}/descendants?{V}")).await.rows().len(), 1);
        assert_eq!(c.group("x", None).await.code(), "AuthorizationFailed");
        assert_eq!(c.resource_group(&format!("{SUBSCRIPTION}/resourceGroups/rg")).await.code(), "AuthorizationFailed");
    }
    let tenants = c.get("/tenants?api-version=2022-12-01").await;
    assert_eq!(tenants.rows()[0]["tenantId"], TENANT);
}
