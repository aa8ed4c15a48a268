//! Azure role definitions (arm.md A).

use rolewright::sandbox::{SandboxOptions, Seed, Switches};
use serde_json::{Value, json};

use crate::arm_pim::{OWNER, READER, SUBSCRIPTION, at, body, guid, lasting};
use crate::client::{APPLY, Client, Got, PLAN, TENANT, options};

const START: &str = "Microsoft.Compute/virtualMachines/start/action";

fn definition(name: &str, scopes: &[&str]) -> Value {
    json!({"properties": {"roleName": name, "description": "d", "type": "CustomRole", "assignableScopes": scopes,
        "permissions": [{"actions": [START]}]}})
}

fn path(scope: &str, rest: &str) -> String {
    at(scope, &format!("roleDefinitions{rest}"), "2022-04-01")
}

fn one(n: u32) -> String {
    path(SUBSCRIPTION, &format!("/{}", guid(n)))
}

async fn make(c: &Client, n: u32, name: &str) -> Got {
    let got = c.arm_put(&one(n), definition(name, &[SUBSCRIPTION])).await;
    assert_eq!(got.status, 201, "{}", got.body);
    got
}

#[tokio::test]
async fn built_in_roles_are_there() {
    let c = Client::seeded(Seed::Empty).await;
    let got = c.get(&path(SUBSCRIPTION, "?$filter=roleName eq 'owner'")).await;
    let id = format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{OWNER}");
    assert_eq!(got.rows().len(), 1);
    assert_eq!(got.rows()[0]["id"], id.as_str());
    let p = &got.rows()[0]["properties"];
    assert_eq!(
        p["permissions"],
        json!([{"actions": ["*"], "notActions": [], "dataActions": [], "notDataActions": []}])
    );
    assert_eq!((&p["type"], &p["createdBy"]), (&json!("BuiltInRole"), &Value::Null));
    assert!(c.get(&path(SUBSCRIPTION, "")).await.rows().len() > 900);
    assert!(c.get(&path(SUBSCRIPTION, "?$filter=roleName eq 'nope'")).await.rows().is_empty());
    let old = c.get(&at(SUBSCRIPTION, &format!("roleDefinitions/{OWNER}"), "2015-07-01")).await;
    assert_eq!(old.body["properties"]["permissions"], json!([{"actions": ["*"], "notActions": []}]));
    // Through a management group or the root the id has no subscription.
    let root = format!("/providers/Microsoft.Management/managementGroups/{TENANT}");
    let through = c.get(&path(&root, &format!("/{}", OWNER.to_uppercase()))).await;
    assert_eq!(through.body["id"], format!("/providers/Microsoft.Authorization/roleDefinitions/{OWNER}"));
    for bad in ["name eq 'x'", "roleName ne 'x'", "roleName eq 'x' or roleName eq 'y'"] {
        assert_eq!(c.get(&path(SUBSCRIPTION, &format!("?$filter={bad}"))).await.status, 400, "{bad}");
    }
}

#[tokio::test]
async fn a_put_answers_201_with_odd_stamps() {
    let c = Client::seeded(Seed::Empty).await;
    let got = make(&c, 1, "VM Starter").await;
    let p = &got.body["properties"];
    assert_eq!((&p["createdOn"], &p["createdBy"]), (&json!("2026-11-21T12:00:00Z"), &Value::Null));
    assert_eq!(p["permissions"][0]["dataActions"], json!([]));
    let first = c.get(&one(1)).await.body["properties"].clone();
    assert_eq!(first["createdBy"], p["updatedBy"]);

    c.advance(100);
    let again = make(&c, 1, "VM Starter 2").await;
    let p = &again.body["properties"];
    assert_eq!((&p["createdOn"], &p["updatedOn"]), (&json!("2026-11-21T12:01:40Z"), &json!("2026-11-21T12:01:40Z")));
    let now = c.get(&one(1)).await.body["properties"].clone();
    assert_eq!((&now["createdOn"], &now["updatedOn"]), (&first["createdOn"], &p["updatedOn"]));
    assert_eq!((&now["createdBy"], &now["roleName"]), (&first["createdBy"], &json!("VM Starter 2")));
    // What a PUT leaves out is cleared.
    let bare = json!({"properties": {"roleName": "VM Starter 2", "assignableScopes": [SUBSCRIPTION]}});
    let got = c.arm_put(&one(1), bare).await;
    assert_eq!((&got.body["properties"]["description"], got.status), (&json!(""), 201));
    assert_eq!(got.body["properties"]["permissions"][0]["actions"], json!([]));
}

#[tokio::test]
async fn deletion_answers_the_role_or_nothing() {
    let c = Client::seeded(Seed::Empty).await;
    make(&c, 1, "VM Starter").await;
    let ann = c.person("ann").await;
    let asked =
        c.put_request("Eligibility", SUBSCRIPTION, 1, body("AdminAssign", &ann, &guid(1), lasting("P30D"))).await;
    assert_eq!(asked.status, 201, "{}", asked.body);
    let held = c.delete(&one(1)).await;
    assert_eq!((held.status, held.code().as_str()), (400, "RoleDefinitionHasAssignments"));
    c.advance(600);
    let gone = c.put_request("Eligibility", SUBSCRIPTION, 2, body("AdminRemove", &ann, &guid(1), Value::Null)).await;
    assert_eq!(gone.status, 201, "{}", gone.body);
    let deleted = c.delete(&one(1)).await;
    assert_eq!((deleted.status, &deleted.body["properties"]["roleName"]), (200, &json!("VM Starter")));
    assert_eq!(c.delete(&one(1)).await.status, 204);
    let missing = c.get(&one(1)).await;
    assert_eq!(
        missing.body,
        json!({"error": {"code": "RoleDefinitionDoesNotExist",
            "message": format!("The specified role definition with ID '{}' does not exist.", guid(1))}})
    );
    assert_eq!(missing.status, 404);
}

#[tokio::test]
async fn rules_of_custom_roles_hold() {
    let c = Client::seeded(Seed::Empty).await;
    make(&c, 1, "VM Starter").await;
    let root = format!("/providers/Microsoft.Management/managementGroups/{TENANT}");
    let taken = c.arm_put(&one(2), definition("vm starter", &[SUBSCRIPTION])).await;
    assert_eq!((taken.status, taken.code().as_str()), (409, "RoleDefinitionWithSameNameExists"));
    let built_in = c.arm_put(&path(SUBSCRIPTION, &format!("/{READER}")), definition("x", &[SUBSCRIPTION])).await;
    assert_eq!((built_in.status, built_in.code().as_str()), (409, "RoleDefinitionExists"));
    let with = |change: Value| {
        let mut body = definition("Other", &[SUBSCRIPTION]);
        for (name, value) in change.as_object().unwrap() {
            body["properties"][name] = value.clone();
        }
        body
    };
    let groups = [root.as_str(), "/providers/Microsoft.Management/managementGroups/other"];
    let unknown = format!("/subscriptions/{}", guid(7));
    let permission = |actions: Value| json!({"permissions": [actions]});
    for (body, status, code) in [
        (with(json!({"roleName": " "})), 400, "RoleDefinitionNameNullOrEmpty"),
        (with(json!({"type": "BuiltInRole"})), 400, "InvalidRoleDefinitionType"),
        (with(json!({"assignableScopes": []})), 400, "MissingAssignableScopes"),
        (with(json!({"assignableScopes": ["prod"]})), 400, "LinkedInvalidPropertyId"),
        (with(json!({"assignableScopes": ["/"]})), 400, "InvalidAssignableScope"),
        (with(json!({"assignableScopes": ["/subscriptions/*"]})), 400, "InvalidAssignableScope"),
        (with(json!({"assignableScopes": groups})), 400, "InvalidAssignableScope"),
        (with(json!({"assignableScopes": [SUBSCRIPTION, unknown]})), 403, "LinkedAuthorizationFailed"),
        (with(json!({"description": "x".repeat(3_000)})), 400, "InvalidRoleDefinitionDescription"),
        (
            with(permission(json!({"actions": ["Microsoft.Compute/virtualMachines/fly/action"]}))),
            400,
            "InvalidActionOrNotAction",
        ),
        (with(permission(json!({"notActions": ["Microsoft.Nowhere/*"]}))), 400, "InvalidActionOrNotAction"),
        (with(json!({"permissions": "x"})), 400, "InvalidRequestContent"),
    ] {
        let got = c.arm_put(&one(3), body.clone()).await;
        assert_eq!((got.status, got.code().as_str()), (status, code), "{body}");
    }
    let bad_name = c.arm_put(&path(SUBSCRIPTION, "/not-a-guid"), definition("x", &[SUBSCRIPTION])).await;
    assert_eq!(bad_name.code(), "InvalidRoleDefinitionId");
    // A copy of a built-in role with wildcards is fine, at the root management group too.
    let copy = with(json!({"assignableScopes": [root], "permissions": [{"actions": ["*"],
        "notActions": ["Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write"]}]}));
    assert_eq!(c.arm_put(&path(&root, &format!("/{}", guid(4))), copy).await.status, 201);
    let listed = c.get(&path(SUBSCRIPTION, "?$filter=type eq 'CustomRole'")).await;
    assert_eq!(listed.rows().len(), 2);
    assert_eq!(c.get(&path(&root, "?$filter=type eq 'CustomRole'")).await.rows().len(), 1);
    let below = c.get(&path(&root, "?$filter=atScopeAndBelow() and type eq 'CustomRole'")).await;
    assert_eq!(below.rows().len(), 2);
}

#[tokio::test]
async fn writing_needs_the_right_at_every_assignable_scope() {
    let mut c = Client::seeded(Seed::Empty).await;
    c.group("corp", None).await;
    let other = c.subscription("other", "corp").await;
    let ann = c.person("ann").await;
    let body = json!({"properties": {"principalId": ann, "roleDefinitionId": OWNER}});
    assert_eq!(
        c.arm_put(&at(SUBSCRIPTION, &format!("roleAssignments/{}", guid(1)), "2022-04-01"), body).await.status,
        201
    );
    c.act_as(json!({"user": "ann@contoso.example"})).await;
    assert_eq!(make(&c, 1, "Mine").await.status, 201);
    let both = c.arm_put(&one(1), definition("Mine", &[SUBSCRIPTION, &other])).await;
    assert_eq!((both.status, both.code().as_str()), (403, "LinkedAuthorizationFailed"));
    assert!(both.body["error"]["message"].as_str().unwrap().contains(&format!("the linked scope(s) '{other}' or")));
    c.sign_in(PLAN).await;
    let refused = c.arm_put(&one(1), definition("Mine", &[SUBSCRIPTION])).await;
    assert_eq!((refused.status, refused.code().as_str()), (403, "AuthorizationFailed"));
    assert_eq!(refused.header("x-ms-failure-cause"), "gateway");
    let message = refused.body["error"]["message"].as_str().unwrap().to_owned();
    let tail = format!(
        "does not have authorization to perform action 'Microsoft.Authorization/roleDefinitions/write' over scope \
         '{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{}' or the scope is invalid. If access was recently \
         granted, please refresh your credentials.",
        guid(1)
    );
    assert!(
        message.starts_with(&format!("The client '{PLAN}' with object id '")) && message.ends_with(&tail),
        "{message}"
    );
    c.sign_in(APPLY).await;
    assert_eq!(make(&c, 1, "Theirs").await.status, 201);
}

#[tokio::test]
async fn reads_may_alternate_for_a_minute() {
    let switches = Switches { alternating_roles: true, ..Switches::default() };
    let c = Client::start(SandboxOptions { switches, ..options(Seed::Empty) }).await;
    make(&c, 1, "Before").await;
    make(&c, 1, "After").await;
    let mut names = Vec::new();
    for _ in 0..4 {
        names.push(c.get(&one(1)).await.body["properties"]["roleName"].as_str().unwrap().to_owned());
    }
    assert_eq!(names, ["After", "Before", "After", "Before"]);
    c.advance(61);
    for _ in 0..3 {
        assert_eq!(c.get(&one(1)).await.body["properties"]["roleName"], "After");
    }
}

#[tokio::test]
async fn a_new_role_may_come_and_go_for_a_minute() {
    let switches = Switches { alternating_roles: true, ..Switches::default() };
    let c = Client::start(SandboxOptions { switches, ..options(Seed::Empty) }).await;
    make(&c, 1, "New").await;
    let list = path(SUBSCRIPTION, "?$filter=type eq 'CustomRole'");
    let mut seen = Vec::new();
    for _ in 0..2 {
        let got = c.get(&one(1)).await;
        seen.push((got.status, c.get(&list).await.rows().len()));
        c.get(&one(1)).await;
    }
    assert_eq!(seen, [(200, 0), (404, 1)]);
    c.advance(61);
    for _ in 0..2 {
        assert_eq!((c.get(&one(1)).await.status, c.get(&list).await.rows().len()), (200, 1));
        c.get(&one(1)).await;
    }
}
