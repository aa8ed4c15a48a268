//! Policies: found by filter, read with rules, written strictly (E1, E12 to E14, E23).

use rolewright::sandbox::Seed;
use serde_json::{Value, json};

use crate::client::{Client, Got};

const POLICIES: &str = "/v1.0/policies/roleManagementPolicies";
const ASSIGNMENTS: &str =
    "/v1.0/policies/roleManagementPolicyAssignments?$filter=scopeId eq '/' and scopeType eq 'DirectoryRole'";

/// Returns the id of the policy of a role.
pub(crate) async fn policy_of(c: &Client, template: &str) -> String {
    let got = c.get(&format!("{ASSIGNMENTS} and roleDefinitionId eq '{template}'")).await;
    assert_eq!(got.rows().len(), 1, "{}", got.body);
    got.rows()[0]["policyId"].as_str().unwrap().to_owned()
}

/// Returns a rule with members written over it.
pub(crate) async fn rule(c: &Client, policy: &str, id: &str, more: Value) -> Value {
    let mut rule = c.get(&format!("{POLICIES}/{policy}/rules/{id}")).await.body;
    rule.as_object_mut().unwrap().remove("@odata.context");
    rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    rule
}

/// Writes a rule whole.
pub(crate) async fn put(c: &Client, policy: &str, id: &str, more: Value) {
    let got = try_put(c, policy, id, more).await;
    assert_eq!(got.status, 204, "{}", got.body);
}

async fn try_put(c: &Client, policy: &str, id: &str, more: Value) -> Got {
    let rule = rule(c, policy, id, more).await;
    c.patch(&format!("{POLICIES}/{policy}/rules/{id}"), rule).await
}

async fn bulk(c: &Client, policy: &str, rules: Vec<Value>) -> Got {
    c.patch(&format!("{POLICIES}/{policy}"), json!({"rules": rules})).await
}

#[tokio::test]
async fn every_role_has_a_policy_with_the_factory_rules() {
    let c = Client::seeded(Seed::Empty).await;
    let got = c.get(&format!("{ASSIGNMENTS}&$expand=policy($expand=rules)")).await;
    assert_eq!(got.rows().len(), 100);
    let next = c.get(got.body["@odata.nextLink"].as_str().unwrap()).await;
    assert_eq!((next.rows().len(), next.body.get("@odata.nextLink")), (45, None));
    let row = &got.rows()[0];
    assert_eq!(row["policy"]["rules"].as_array().unwrap().len(), 17);
    assert_eq!(row["policy"]["lastModifiedDateTime"], Value::Null);
    assert_eq!(
        row["id"],
        format!("{}_{}", row["policyId"].as_str().unwrap(), row["roleDefinitionId"].as_str().unwrap())
    );
    let other = c.get(&ASSIGNMENTS.replace("'DirectoryRole'", "'Directory'")).await;
    assert!(other.rows()[0]["id"].as_str().unwrap().starts_with("Directory_"));
}

#[tokio::test]
async fn the_filter_is_mandatory() {
    let c = Client::seeded(Seed::Empty).await;
    for path in [
        "roleManagementPolicyAssignments",
        "roleManagementPolicies",
        "roleManagementPolicies?$filter=scopeId eq '/'",
        "roleManagementPolicies?$filter=scopeId eq 'x' and scopeType eq 'Group'",
    ] {
        let got = c.get(&format!("/v1.0/policies/{path}")).await;
        assert_eq!((got.status, got.code().as_str()), (400, "MissingProvider"), "{path}");
        assert_eq!(got.body["error"]["code"], "UnknownError");
    }
}

#[tokio::test]
async fn a_written_rule_is_read_back_and_the_policy_says_who() {
    let c = Client::seeded(Seed::Empty).await;
    let policy = policy_of(&c, &c.role("Reports Reader").await).await;
    put(&c, &policy, "Expiration_EndUser_Assignment", json!({"maximumDuration": "PT1H45M"})).await;
    let got = c.get(&format!("{POLICIES}/{policy}?$expand=*")).await;
    let rules = got.body["rules"].as_array().unwrap();
    let found = rules.iter().find(|rule| rule["id"] == "Expiration_EndUser_Assignment").unwrap();
    assert_eq!(found["maximumDuration"], "PT1H45M");
    assert_eq!(found["target"]["operations"], json!(["all"]));
    assert_eq!(got.body["lastModifiedDateTime"], "2026-11-21T12:00:00Z");
    assert_eq!(got.body["lastModifiedBy"], json!({"displayName": "rolewright-admin", "id": null}));
    assert_eq!(got.body["rules"], got.body["effectiveRules"]);
}

#[tokio::test]
async fn mfa_and_context_exclude_each_other_one_way() {
    let c = Client::seeded(Seed::Empty).await;
    let policy = policy_of(&c, &c.role("Reports Reader").await).await;
    let (context, enablement) = ("AuthenticationContext_EndUser_Assignment", "Enablement_EndUser_Assignment");
    let (on, off) = (json!({"isEnabled": true, "claimValue": "c77"}), json!({"isEnabled": false}));
    let mfa = json!({"enabledRules": ["MultiFactorAuthentication"]});
    // The factory policy demands MFA: switching the context on is accepted, MFA again is not.
    put(&c, &policy, context, on.clone()).await;
    let got = try_put(&c, &policy, enablement, mfa.clone()).await;
    assert_eq!((got.status, got.code().as_str()), (400, "MfaAndAcrsConflict"));
    put(&c, &policy, enablement, json!({"enabledRules": []})).await;
    let both = vec![rule(&c, &policy, context, off).await, rule(&c, &policy, enablement, mfa).await];
    let got = bulk(&c, &policy, both).await;
    assert_eq!((got.status, got.body.get("rules")), (200, None), "{}", got.body);
}

#[tokio::test]
async fn approver_recipients_lock_the_policy() {
    let c = Client::seeded(Seed::Empty).await;
    let policy = policy_of(&c, &c.role("Reports Reader").await).await;
    let id = "Notification_Approver_EndUser_Assignment";
    put(&c, &policy, id, json!({"notificationRecipients": ["soc@contoso.example"]})).await;
    let got = try_put(&c, &policy, "Expiration_EndUser_Assignment", json!({"maximumDuration": "PT2H"})).await;
    assert_eq!((got.status, got.code().as_str()), (400, "ActivationCustomApproversNotEmpty"));
    let empty = rule(&c, &policy, id, json!({"notificationRecipients": []})).await;
    assert_eq!(bulk(&c, &policy, vec![empty]).await.status, 200);
    put(&c, &policy, "Expiration_EndUser_Assignment", json!({"maximumDuration": "PT2H"})).await;
}

#[tokio::test]
async fn a_missing_target_breaks_the_other_notifications() {
    let c = Client::seeded(Seed::Empty).await;
    let policy = policy_of(&c, &c.role("Reports Reader").await).await;
    let id = "Notification_Admin_Admin_Eligibility";
    put(&c, &policy, id, json!({"target": {}})).await;
    let got =
        try_put(&c, &policy, "Notification_Requestor_Admin_Eligibility", json!({"notificationLevel": "None"})).await;
    assert_eq!(got.status, 400);
    assert!(got.body.to_string().contains("is invalid"), "{}", got.body);
    let whole = rule(&c, &policy, id, json!({})).await;
    assert_eq!(bulk(&c, &policy, vec![whole]).await.status, 200);
    put(&c, &policy, "Notification_Requestor_Admin_Eligibility", json!({"notificationLevel": "None"})).await;
}

#[tokio::test]
async fn wrong_rules_are_refused() {
    let c = Client::seeded(Seed::Empty).await;
    let policy = policy_of(&c, &c.role("Reports Reader").await).await;
    let before = c.running.state_json();
    let approver = |id: &str| {
        json!({"setting": {"isApprovalRequired": true, "approvalStages": [{"primaryApprovers": [
        {"@odata.type": "#microsoft.graph.singleUser", "userId": id}]}]}})
    };
    for (id, more, status, code) in [
        (
            "Expiration_EndUser_Assignment",
            json!({"@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyApprovalRule"}),
            500,
            "",
        ),
        ("Expiration_EndUser_Assignment", json!({"maximumDuration": null}), 400, "InvalidPolicy"),
        ("Expiration_EndUser_Assignment", json!({"maximumDuration": "8:00:00"}), 400, "BadRequest"),
        ("Expiration_EndUser_Assignment", json!({"unknown": 1}), 400, "BadRequest"),
        ("Enablement_Admin_Assignment", json!({"enabledRules": ["Ticketing"]}), 400, "InvalidPolicyRule"),
        ("Enablement_EndUser_Assignment", json!({"enabledRules": ["justification"]}), 400, "InvalidPolicyRule"),
        ("Approval_EndUser_Assignment", approver(""), 400, "FormatException"),
        (
            "Approval_EndUser_Assignment",
            json!({"setting": {"isApprovalRequired": true, "approvalStages": []}}),
            400,
            "InvalidPolicy",
        ),
        ("Notification_Admin_Admin_Eligibility", json!({"notificationLevel": "Loud"}), 400, "BadRequest"),
    ] {
        let got = try_put(&c, &policy, id, more.clone()).await;
        assert_eq!((got.status, got.code().as_str()), (status, code), "{id} {more}: {}", got.body);
    }
    assert_eq!(c.running.state_json(), before);
}

#[tokio::test]
async fn a_custom_role_is_keyed_by_template_in_policies_and_by_id_in_schedules() {
    let c = Client::seeded(Seed::Contoso).await;
    let id = c.role("Device Auditor").await;
    let template = c.get(&format!("/v1.0/roleManagement/directory/roleDefinitions/{id}")).await.body["templateId"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_ne!(id, template);
    assert_eq!(c.get(&format!("{ASSIGNMENTS} and roleDefinitionId eq '{id}'")).await.rows().len(), 0);
    policy_of(&c, &template).await;
    let alice = c.id("users", "alice@contoso.example").await;
    assert!(c.about("roleEligibilitySchedules", &alice).await.iter().any(|row| row["roleDefinitionId"] == id.as_str()));
}
