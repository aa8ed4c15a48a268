//! Policies of PIM for Groups (graph.md 3.2 to 3.6): two for each group, with ids that do not last.

use rolewright::sandbox::{Effect, FaultRule, Match, SandboxOptions, Seed};
use serde_json::{Value, json};

use crate::client::{Client, DIRECTORY, days, options};

const POLICIES: &str = "/v1.0/policies/roleManagementPolicies";

fn assignments(group: &str) -> String {
    format!("/v1.0/policies/roleManagementPolicyAssignments?$filter=scopeId eq '{group}' and scopeType eq 'Group'")
}

async fn contoso() -> (Client, String) {
    let c = Client::seeded(Seed::Contoso).await;
    let group = c.id("groups", "sg-helpdesk-all").await;
    (c, group)
}

fn rule<'a>(policy: &'a Value, id: &str) -> &'a Value {
    policy["policy"]["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == id).unwrap()
}

async fn id(c: &Client, group: &str, access: &str) -> String {
    c.group_policy(group, access).await["policyId"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_group_has_two_policies_with_the_factory_values() {
    let (c, group) = contoso().await;
    let rows = c.get(&assignments(&group)).await.rows().clone();
    let access: Vec<&Value> = rows.iter().map(|row| &row["roleDefinitionId"]).collect();
    assert_eq!(access, ["member", "owner"]);
    for row in &rows {
        let policy = row["policyId"].as_str().unwrap();
        assert!(policy.starts_with(&format!("Group_{group}_")));
        assert_eq!(row["id"], format!("{policy}_{}", row["roleDefinitionId"].as_str().unwrap()));
        assert_eq!((&row["scopeId"], &row["scopeType"]), (&json!(group), &json!("Group")));
        let whole = c.group_policy(&group, row["roleDefinitionId"].as_str().unwrap()).await;
        assert_eq!(whole["policy"]["rules"].as_array().unwrap().len(), 17);
        assert_eq!(whole["policy"]["lastModifiedDateTime"], Value::Null);
        for (id, name, value) in [
            ("Expiration_Admin_Eligibility", "isExpirationRequired", json!(true)),
            ("Expiration_Admin_Eligibility", "maximumDuration", json!("P365D")),
            ("Expiration_Admin_Assignment", "isExpirationRequired", json!(true)),
            ("Expiration_Admin_Assignment", "maximumDuration", json!("P180D")),
            ("Expiration_EndUser_Assignment", "maximumDuration", json!("PT8H")),
            ("Enablement_Admin_Eligibility", "enabledRules", json!([])),
            ("Enablement_Admin_Assignment", "enabledRules", json!(["Justification"])),
            ("Enablement_EndUser_Assignment", "enabledRules", json!(["Justification"])),
            ("AuthenticationContext_EndUser_Assignment", "claimValue", Value::Null),
        ] {
            assert_eq!(rule(&whole, id)[name], value, "{id} {name}");
        }
        let all = whole["policy"]["rules"].as_array().unwrap();
        assert!(all.iter().all(|rule| rule["target"]["operations"] == json!(["All"])));
        assert_eq!(c.get(&format!("{POLICIES}/{policy}?$expand=*")).await.body["rules"].as_array().unwrap().len(), 17);
        let one =
            c.get(&format!("/v1.0/policies/roleManagementPolicyAssignments/{}", row["id"].as_str().unwrap())).await;
        assert_eq!(one.body["policyId"], policy);
    }
    assert_ne!(rows[0]["policyId"], rows[1]["policyId"]);
    let list = c.get(&format!("{POLICIES}?$filter=scopeId eq '{group}' and scopeType eq 'Group'")).await;
    assert_eq!(list.rows().len(), 2);
    let nowhere = c.get(&assignments("00000000-0000-4000-8000-00000000dead")).await;
    assert_eq!((nowhere.status, nowhere.code().as_str()), (404, "ResourceNotFound"));
}

#[tokio::test]
async fn ids_change_when_the_group_is_onboarded_and_at_every_write() {
    let (c, group) = contoso().await;
    let dave = c.id("users", "dave@contoso.example").await;
    let (member, owner) = (id(&c, &group, "member").await, id(&c, &group, "owner").await);
    assert_eq!(id(&c, &group, "member").await, member, "reading changes nothing");
    assert_eq!(c.group_request("eligibility", "adminAssign", &dave, (&group, "member"), days(5)).await.status, 201);
    let onboarded = (id(&c, &group, "member").await, id(&c, &group, "owner").await);
    assert!(onboarded.0 != member && onboarded.1 != owner);
    assert_eq!(c.get(&format!("{POLICIES}/{member}")).await.code(), "ResourceNotFound");
    let body = json!({"@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyExpirationRule",
        "id": "Expiration_EndUser_Assignment", "isExpirationRequired": true, "maximumDuration": "PT2H",
        "target": {"caller": "EndUser", "operations": ["All"], "level": "Assignment"}});
    let path = |policy: &str| format!("{POLICIES}/{policy}/rules/Expiration_EndUser_Assignment");
    assert_eq!(c.patch(&path(&member), body.clone()).await.code(), "ResourceNotFound");
    assert_eq!(c.patch(&path(&onboarded.0), body.clone()).await.status, 204);
    assert_eq!(c.patch(&path(&onboarded.0), body.clone()).await.code(), "ResourceNotFound");
    assert_eq!(id(&c, &group, "owner").await, onboarded.1, "each policy for itself");
    let bulk = c.patch(&format!("{POLICIES}/{}", id(&c, &group, "member").await), json!({"rules": [body]})).await;
    assert_eq!((bulk.status, bulk.body.get("rules")), (200, None));
    let found = c.group_policy(&group, "member").await;
    assert_ne!(found["policyId"], bulk.body["id"]);
    assert_eq!(rule(&found, "Expiration_EndUser_Assignment")["maximumDuration"], "PT2H");
    assert_eq!(
        rule(&c.group_policy(&group, "owner").await, "Expiration_EndUser_Assignment")["maximumDuration"],
        "PT8H"
    );
}

#[tokio::test]
async fn a_written_policy_prints_its_rules_in_another_order() {
    let (c, group) = contoso().await;
    let second = async |c: &Client| c.group_policy(&group, "member").await["policy"]["rules"][1]["id"].clone();
    assert_eq!(second(&c).await, "Enablement_Admin_Eligibility");
    let got = c.group_rule(&group, "member", "Expiration_EndUser_Assignment", json!({"maximumDuration": "PT7H"})).await;
    assert_eq!(got.status, 204);
    assert_eq!(second(&c).await, "Notification_Admin_Admin_Eligibility");
    let whole = c.group_policy(&group, "member").await;
    assert_eq!(rule(&whole, "AuthenticationContext_EndUser_Assignment")["claimValue"], "");
    assert_eq!(whole["policy"]["lastModifiedBy"]["displayName"], "rolewright-admin");
}

#[tokio::test]
async fn the_quirks_of_writes_are_those_of_directory_roles() {
    let (c, group) = contoso().await;
    let context = json!({"isEnabled": true, "claimValue": "c1"});
    assert_eq!(c.group_rule(&group, "owner", "AuthenticationContext_EndUser_Assignment", context).await.status, 204);
    let mfa = json!({"enabledRules": ["MultiFactorAuthentication"]});
    assert_eq!(c.group_rule(&group, "owner", "Enablement_EndUser_Assignment", mfa).await.code(), "MfaAndAcrsConflict");
    let to = json!({"notificationRecipients": ["soc@contoso.example"]});
    assert_eq!(c.group_rule(&group, "owner", "Notification_Approver_EndUser_Assignment", to).await.status, 204);
    let more = json!({"maximumDuration": "PT2H"});
    let got = c.group_rule(&group, "owner", "Expiration_EndUser_Assignment", more.clone()).await;
    assert_eq!(got.code(), "ActivationCustomApproversNotEmpty");
    assert_eq!(c.group_rule(&group, "member", "Expiration_EndUser_Assignment", more).await.status, 204);
}

#[tokio::test]
async fn an_ignored_write_answers_as_usual_and_onboards_nothing() {
    let on = Match { method: Some("PATCH".to_owned()), ..Match::default() };
    let faults = vec![FaultRule { matches: on, effect: Effect::IgnorePatch }];
    let c = Client::start(SandboxOptions { faults, ..options(Seed::Contoso) }).await;
    let group = c.id("groups", "sg-helpdesk-all").await;
    let before = id(&c, &group, "member").await;
    let got = c.group_rule(&group, "member", "Expiration_EndUser_Assignment", json!({"maximumDuration": "PT2H"})).await;
    assert_eq!(got.status, 204);
    assert_eq!(id(&c, &group, "member").await, before);
    assert!(c.onboarded().await.is_empty());
}

#[tokio::test]
async fn policies_of_roles_and_groups_need_permissions_of_their_own() {
    let (mut c, group) = contoso().await;
    c.sign_in(crate::client::PLAN).await;
    assert_eq!(c.get(&assignments(&group)).await.status, 200);
    let rule = "Expiration_EndUser_Assignment";
    let got = c.group_rule(&group, "member", rule, json!({"maximumDuration": "PT2H"})).await;
    assert_eq!((got.status, got.code().as_str()), (403, "PermissionScopeNotGranted"));
    assert!(got.body["error"]["message"].as_str().unwrap().contains("RoleManagementPolicy.ReadWrite.AzureADGroup"));
    c.sign_in(crate::client::APPLY).await;
    assert_eq!(c.group_rule(&group, "member", rule, json!({"maximumDuration": "PT2H"})).await.status, 204);
    c.act_as(json!({"user": "breakglass1@contoso.example", "scopes": ["RoleManagementPolicy.Read.Directory"]})).await;
    assert_eq!(c.get(&assignments(&group)).await.code(), "PermissionScopeNotGranted");
    assert_eq!(c.get(&format!("{POLICIES}?$filter=scopeId eq '/' and scopeType eq 'DirectoryRole'")).await.status, 200);
    assert_eq!(c.get(&format!("{DIRECTORY}/roleEligibilitySchedules")).await.status, 403);
}
