//! Role assignments outside PIM (arm.md B.1, E.3) and what they let their holder do.

use rolewright::sandbox::{SandboxOptions, Seed};
use serde_json::{Value, json};

use crate::arm_pim::{CONTRIBUTOR, OWNER, READER, SUBSCRIPTION, at, body, guid, lasting, role};
use crate::client::{ADMIN, Client, Got, PLAN, TENANT, noon, options};
use jiff::SignedDuration;

const ASKED: &str = "2022-04-01";

fn one(scope: &str, n: u32) -> String {
    at(scope, &format!("roleAssignments/{}", guid(n)), ASKED)
}

fn list(scope: &str, filter: &str) -> String {
    let tail = if filter.is_empty() { String::new() } else { format!("?$filter={filter}") };
    at(scope, &format!("roleAssignments{tail}"), ASKED)
}

async fn assign(c: &Client, scope: &str, n: u32, principal: &str, guid: &str) -> Got {
    c.arm_put(&one(scope, n), json!({"properties": {"roleDefinitionId": role(guid), "principalId": principal}})).await
}

async fn names(c: &Client, path: &str) -> Vec<String> {
    let rows = c.get(path).await.rows().clone();
    let known = |row: &&Value| row["name"].as_str().unwrap().starts_with("00000000");
    rows.iter().filter(known).map(|row| row["name"].as_str().unwrap().rsplit('0').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_row_is_printed_as_recorded() {
    let c = Client::seeded(Seed::Empty).await;
    let ann = c.person("ann").await;
    let got = assign(&c, SUBSCRIPTION, 1, &ann, READER).await;
    assert_eq!(got.status, 201);
    let id = format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignments/{}", guid(1));
    let admin = got.body["properties"]["updatedBy"].clone();
    let mut expected = json!({"properties": {"roleDefinitionId": role(READER), "principalId": ann, "principalType": "User",
            "scope": SUBSCRIPTION, "condition": null, "conditionVersion": null, "createdOn": "2026-11-21T12:00:00Z",
            "updatedOn": "2026-11-21T12:00:00Z", "createdBy": null, "updatedBy": admin,
            "delegatedManagedIdentityResourceId": null, "description": null},
        "id": id, "type": "Microsoft.Authorization/roleAssignments", "name": guid(1)});
    assert_eq!(got.body, expected);
    expected["properties"]["createdBy"] = admin;
    assert_eq!(c.get(&one(SUBSCRIPTION, 1)).await.body, expected);
    let old = c.get(&at(SUBSCRIPTION, &format!("roleAssignments/{}", guid(1)), "2018-01-01-preview")).await;
    assert!(old.body["properties"].get("condition").is_none());
    let deleted = c.delete(&one(SUBSCRIPTION, 1)).await;
    assert_eq!((deleted.status, &deleted.body), (200, &expected));
    assert_eq!(c.delete(&one(SUBSCRIPTION, 1)).await.status, 204);
    assert_eq!(
        c.get(&one(SUBSCRIPTION, 1)).await.body["error"],
        json!({"code": "RoleAssignmentNotFound", "message": format!("The role assignment '{}' is not found.", guid(1))})
    );
}

#[tokio::test]
async fn a_list_shows_above_and_below_unless_told() {
    let c = Client::seeded(Seed::Empty).await;
    c.group("corp", None).await;
    let sub = c.subscription("shop", "corp").await;
    let rg = format!("{sub}/resourceGroups/rg");
    c.resource_group(&rg).await;
    let (ann, ben) = (c.person("ann").await, c.person("ben").await);
    let corp = "/providers/Microsoft.Management/managementGroups/corp";
    for (scope, n, who) in [("/", 1, &ann), (corp, 2, &ben), (&sub, 3, &ann), (&rg, 4, &ann)] {
        assert_eq!(assign(&c, scope, n, who, READER).await.status, 201);
    }
    assert_eq!(names(&c, &list(&sub, "")).await, ["3", "2", "1", "4"]);
    assert_eq!(names(&c, &list(&sub, "atScope()")).await, ["3", "2", "1"]);
    assert_eq!(names(&c, &list(corp, "")).await, ["2", "1", "3", "4"]);
    assert_eq!(names(&c, &list(&rg, "")).await, ["4", "3", "2", "1"]);
    assert_eq!(names(&c, &list(SUBSCRIPTION, "")).await, ["1"]);
    assert_eq!(names(&c, &list(&sub, &format!("principalId eq '{ben}'"))).await, ["2"]);
    assert_eq!(names(&c, &list(&sub, &format!("atScope() and assignedTo('{ann}')"))).await, ["3", "1"]);
    // A row keeps its own id and scope, and shows its role with the subscription's prefix.
    let rows = c.get(&list(&sub, &format!("principalId eq '{ben}'"))).await.rows().clone();
    assert_eq!(rows[0]["properties"]["scope"], corp);
    assert_eq!(rows[0]["id"], format!("{corp}/providers/Microsoft.Authorization/roleAssignments/{}", guid(2)));
    assert!(rows[0]["properties"]["roleDefinitionId"].as_str().unwrap().starts_with(&sub));
    let rows = c.get(&list(corp, "atScope()")).await.rows().clone();
    let tenant_level = format!("/providers/Microsoft.Authorization/roleDefinitions/{READER}");
    assert_eq!(rows[0]["properties"]["roleDefinitionId"], tenant_level);
    let root = c.get(&list("/", &format!("principalId eq '{ann}'"))).await.rows().clone();
    let mut ids = root.iter().map(|row| row["id"].as_str().unwrap());
    assert!(ids.any(|id| id == format!("/providers/Microsoft.Authorization/roleAssignments/{}", guid(1))));
    assert_eq!(c.get(&list(&sub, "foo eq 'x'")).await.status, 400);
}

#[tokio::test]
async fn groups_count_where_asked() {
    let mut c = Client::seeded(Seed::Empty).await;
    let ann = c.person("ann").await;
    let body = json!({"displayName": "sg", "mailNickname": "sg", "mailEnabled": false, "securityEnabled": true});
    let sg = c.post("/v1.0/groups", body).await.body["id"].as_str().unwrap().to_owned();
    let member = json!({"@odata.id": format!("{}/v1.0/directoryObjects/{ann}", c.origin())});
    assert_eq!(c.post(&format!("/v1.0/groups/{sg}/members/$ref"), member).await.status, 204);
    let got = assign(&c, SUBSCRIPTION, 1, &sg, READER).await;
    assert_eq!(got.body["properties"]["principalType"], "Group");
    assert_eq!(names(&c, &list(SUBSCRIPTION, &format!("assignedTo('{ann}')"))).await, ["1"]);
    assert!(names(&c, &list(SUBSCRIPTION, &format!("principalId eq '{ann}'"))).await.is_empty());
    // The member has the group's rights.
    c.act_as(json!({"user": "ann@contoso.example"})).await;
    assert_eq!(c.get(&list(SUBSCRIPTION, "")).await.status, 200);
    let permissions = c.get(&at(SUBSCRIPTION, "permissions", ASKED)).await;
    assert_eq!(
        permissions.rows()[0],
        json!({"actions": ["*/read"], "notActions": [], "dataActions": [], "notDataActions": []})
    );
    assert!(c.get(&at("/", "permissions", ASKED)).await.rows().is_empty());
}

#[tokio::test]
async fn writes_are_judged_in_order() {
    let c = Client::seeded(Seed::Empty).await;
    let (ann, ben) = (c.person("ann").await, c.person("ben").await);
    assert_eq!(assign(&c, SUBSCRIPTION, 1, &ann, READER).await.status, 201);
    let twin = assign(&c, SUBSCRIPTION, 2, &ann, READER).await;
    assert_eq!((twin.status, twin.code().as_str()), (409, "RoleAssignmentExists"));
    assert!(twin.body["error"]["message"].as_str().unwrap().starts_with("The role assignment already exists."));
    assert_eq!(assign(&c, SUBSCRIPTION, 1, &ann, READER).await.status, 200);
    for (scope, who, what) in [(SUBSCRIPTION, &ben, READER), (SUBSCRIPTION, &ann, CONTRIBUTOR), ("/", &ann, READER)] {
        assert_eq!(assign(&c, scope, 1, who, what).await.code(), "RoleAssignmentUpdateNotPermitted");
    }
    let unknown = assign(&c, SUBSCRIPTION, 2, &ann, &guid(9)).await;
    assert_eq!((unknown.status, unknown.code().as_str()), (404, "RoleDefinitionDoesNotExist"));
    let nobody = assign(&c, SUBSCRIPTION, 2, &guid(8), READER).await;
    assert_eq!((nobody.status, nobody.code().as_str()), (400, "PrincipalNotFound"));
    let start = format!("Principal {} does not exist in the directory {TENANT}.", guid(8).replace('-', ""));
    assert!(nobody.body["error"]["message"].as_str().unwrap().starts_with(&start));
    let with = |principal: &str, more: Value| {
        let mut body = json!({"properties": {"roleDefinitionId": role(READER), "principalId": principal}});
        for (name, value) in more.as_object().unwrap() {
            body["properties"][name] = value.clone();
        }
        body
    };
    // Who says the type is not asked for the directory; who says a wrong one is.
    let told = c.arm_put(&one(SUBSCRIPTION, 2), with(&guid(8), json!({"principalType": "ServicePrincipal"}))).await;
    assert_eq!((told.status, &told.body["properties"]["principalType"]), (201, &json!("ServicePrincipal")));
    let wrong = c.arm_put(&one(SUBSCRIPTION, 3), with(&ben, json!({"principalType": "Group"}))).await;
    assert_eq!(wrong.code(), "UnmatchedPrincipalType");
    for more in [
        json!({"condition": "x"}),
        json!({"conditionVersion": "2.0"}),
        json!({"condition": "x", "conditionVersion": "1.0"}),
    ] {
        assert_eq!(c.arm_put(&one(SUBSCRIPTION, 3), with(&ben, more)).await.code(), "InvalidConditionVersion");
    }
    let described = json!({"description": "why", "condition": "c", "conditionVersion": "2.0"});
    let updated = c.arm_put(&one(SUBSCRIPTION, 1), with(&ann, described)).await;
    assert_eq!((updated.status, &updated.body["properties"]["description"]), (200, &json!("why")));
    let missing = format!("/subscriptions/{}", guid(5));
    assert_eq!(
        assign(&c, &format!("{SUBSCRIPTION}/resourceGroups/no"), 4, &ben, READER).await.code(),
        "ResourceGroupNotFound"
    );
    assert_eq!(assign(&c, &missing, 4, &ben, READER).await.code(), "SubscriptionNotFound");
}

#[tokio::test]
async fn a_principal_needs_time_to_be_known() {
    let lag = SignedDuration::from_secs(60);
    let c = Client::start(SandboxOptions { lag, ..options(Seed::Empty) }).await;
    let ann = c.person("ann").await;
    assert_eq!(assign(&c, SUBSCRIPTION, 1, &ann, READER).await.code(), "PrincipalNotFound");
    c.advance(61);
    assert_eq!(assign(&c, SUBSCRIPTION, 1, &ann, READER).await.status, 201);
    // The list lags behind the write.
    assert!(names(&c, &list(SUBSCRIPTION, "")).await.is_empty());
    c.advance(61);
    assert_eq!(names(&c, &list(SUBSCRIPTION, "")).await, ["1"]);
}

#[tokio::test]
async fn what_pim_holds_active_is_a_row_too() {
    let mut c = Client::seeded(Seed::Empty).await;
    let ann = c.person("ann").await;
    let got =
        c.put_request("Assignment", SUBSCRIPTION, 1, body("AdminAssign", &ann, CONTRIBUTOR, lasting("P30D"))).await;
    assert_eq!(got.status, 201, "{}", got.body);
    // An instance begins when its request was worked off, some seconds later.
    c.advance(10);
    let rows = c.get(&list(SUBSCRIPTION, &format!("principalId eq '{ann}'"))).await.rows().clone();
    assert_eq!(rows.len(), 1);
    let admin = c.token.clone();
    c.act_as(json!({"user": "ann@contoso.example"})).await;
    assert_eq!(c.resource_group(&format!("{SUBSCRIPTION}/resourceGroups/rg")).await.status, 201);
    c.token = admin;
    let path = at(SUBSCRIPTION, &format!("roleAssignments/{}", rows[0]["name"].as_str().unwrap()), ASKED);
    assert_eq!(c.delete(&path).await.status, 200);
    assert!(c.held("roleAssignmentSchedules", SUBSCRIPTION, &ann, CONTRIBUTOR).await.is_empty());
    c.act_as(json!({"user": "ann@contoso.example"})).await;
    assert_eq!(c.resource_group(&format!("{SUBSCRIPTION}/resourceGroups/rg2")).await.code(), "AuthorizationFailed");
}

#[tokio::test]
async fn a_planner_may_read_and_not_write() {
    let mut c = Client::seeded(Seed::Empty).await;
    let ann = c.person("ann").await;
    c.sign_in(PLAN).await;
    assert_eq!(c.get(&list(SUBSCRIPTION, "")).await.status, 200);
    assert_eq!(assign(&c, SUBSCRIPTION, 1, &ann, READER).await.code(), "AuthorizationFailed");
    assert_eq!(c.delete(&one(SUBSCRIPTION, 1)).await.code(), "AuthorizationFailed");
}

#[tokio::test]
async fn a_global_administrator_can_elevate_access() {
    let mut c = Client::seeded(Seed::Empty).await;
    let elevate = "/providers/Microsoft.Authorization/elevateAccess?api-version=2016-07-01";
    assert_eq!(c.post(elevate, json!(null)).await.status, 403);
    c.person("ann").await;
    c.act_as(json!({"user": "ann@contoso.example"})).await;
    assert_eq!(c.post(elevate, json!(null)).await.code(), "AuthorizationFailed");
    c.act_as(json!({"user": "breakglass1@contoso.example"})).await;
    assert_eq!(c.get(&list(SUBSCRIPTION, "")).await.status, 403);
    let got = c.post(elevate, json!(null)).await;
    assert_eq!((got.status, &got.body), (200, &Value::Null));
    assert_eq!(c.post(elevate, json!(null)).await.status, 200);
    let mine = c.get(&list("/", "atScope()")).await.rows().clone();
    let uaa = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9";
    let is_mine = |row: &&Value| {
        row["properties"]["roleDefinitionId"].as_str().unwrap().ends_with(uaa)
            && row["properties"]["principalType"] == "User"
            && row["properties"]["createdOn"] == noon().to_string()
    };
    assert_eq!(mine.iter().filter(is_mine).count(), 1);
}

#[tokio::test]
async fn the_last_administrator_of_a_subscription_stays() {
    let mut c = Client::seeded(Seed::Empty).await;
    let (ann, ben) = (c.person("ann").await, c.person("ben").await);
    let user_access = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9";
    assert_eq!(assign(&c, SUBSCRIPTION, 1, &ann, OWNER).await.status, 201);
    assert_eq!(assign(&c, SUBSCRIPTION, 2, &ann, READER).await.status, 201);
    let refused = c.delete(&one(SUBSCRIPTION, 1)).await;
    assert_eq!((refused.status, refused.code().as_str()), (412, "CannotDeleteLastRbacAdminAssignment"));
    assert_eq!(refused.body["error"]["message"], "Cannot delete the last RBAC admin assignment");
    assert_eq!(c.get(&one(SUBSCRIPTION, 1)).await.status, 200);
    assert_eq!(c.delete(&one(SUBSCRIPTION, 2)).await.status, 200);
    assert_eq!(assign(&c, SUBSCRIPTION, 3, &ben, user_access).await.status, 201);
    assert_eq!(c.delete(&one(SUBSCRIPTION, 1)).await.status, 200);
    assert_eq!(c.delete(&one(SUBSCRIPTION, 3)).await.status, 412);
    // Nothing holds back a Global Administrator who may delete at all.
    c.act_as(json!({"user": "breakglass1@contoso.example"})).await;
    let elevate = "/providers/Microsoft.Authorization/elevateAccess?api-version=2016-07-01";
    assert_eq!(c.post(elevate, json!(null)).await.status, 200);
    assert_eq!(c.delete(&one(SUBSCRIPTION, 3)).await.status, 200);
    c.sign_in(ADMIN).await;
    // Resource groups have no such rule.
    let rg = format!("{SUBSCRIPTION}/resourceGroups/rg");
    assert_eq!(c.resource_group(&rg).await.status, 201);
    assert_eq!(assign(&c, &rg, 4, &ann, OWNER).await.status, 201);
    assert_eq!(c.delete(&one(&rg, 4)).await.status, 200);
}
