//! Role management policies at ARM scopes (arm.md C).

use rolewright::sandbox::{Effect, FaultRule, Match, SandboxOptions, Seed, Switches};
use serde_json::{Value, json};

use crate::arm_pim::{CONTRIBUTOR, OWNER, READER, SUBSCRIPTION, at, path, role, rule};
use crate::client::{Client, PLAN, options};

/// Returns the rule with this id of a policy or a policy assignment.
fn rule_of<'a>(row: &'a Value, member: &str, id: &str) -> &'a Value {
    let mut rules = row["properties"][member].as_array().unwrap().iter();
    rules.find(|rule| rule["id"] == id).unwrap()
}

#[tokio::test]
async fn every_role_has_a_policy_with_the_factory_rules() {
    let c = Client::seeded(Seed::Empty).await;
    let policies = c.get(&path(SUBSCRIPTION, "roleManagementPolicies")).await.rows().clone();
    let assignments = c.get(&path(SUBSCRIPTION, "roleManagementPolicyAssignments")).await.rows().clone();
    assert!(policies.len() > 300 && policies.len() == assignments.len());
    let owner = policies.iter().find(|row| row["name"] == OWNER).unwrap();
    assert_eq!(owner["properties"]["isOrganizationDefault"], true);
    assert_eq!(owner["properties"]["lastModifiedBy"], json!({}));
    assert!(owner["properties"].get("lastModifiedDateTime").is_none());
    assert_eq!(owner["properties"]["rules"].as_array().unwrap().len(), 17);
    assert_eq!(owner["properties"]["rules"], owner["properties"]["effectiveRules"]);
    let expiration = rule_of(owner, "rules", "Expiration_Admin_Eligibility");
    assert_eq!((&expiration["maximumDuration"], &expiration["isExpirationRequired"]), (&json!("P365D"), &json!(true)));
    assert_eq!(expiration["target"], json!({"caller": "Admin", "operations": ["All"], "level": "Eligibility"}));

    let row = assignments.iter().find(|row| row["name"] == format!("{OWNER}_{OWNER}")).unwrap();
    assert_eq!(row["type"], "Microsoft.Authorization/roleManagementPolicyAssignment");
    assert_eq!(row["properties"]["roleDefinitionId"], role(OWNER));
    assert_eq!(row["properties"]["policyId"], owner["id"]);
    assert_eq!(row["properties"]["effectiveRules"], owner["properties"]["rules"]);
    assert_eq!(row["properties"]["policyAssignmentProperties"]["policy"]["lastModifiedBy"], json!({}));
    // The first version leaves the rules out.
    let old = c.get(&at(SUBSCRIPTION, "roleManagementPolicyAssignments", "2020-10-01-preview")).await.rows().clone();
    assert!(old[0]["properties"].get("effectiveRules").is_none());
    let one = c.get(&path(SUBSCRIPTION, &format!("roleManagementPolicyAssignments/{OWNER}_{OWNER}"))).await;
    assert_eq!(&one.body, row);
}

#[tokio::test]
async fn one_role_is_found_by_the_guid_at_the_end_of_its_id() {
    let c = Client::seeded(Seed::Empty).await;
    let top = format!("/providers/Microsoft.Authorization/roleDefinitions/{}", OWNER.to_uppercase());
    for id in [role(OWNER), top] {
        for collection in ["roleManagementPolicies", "roleManagementPolicyAssignments"] {
            let got = c.get(&path(SUBSCRIPTION, &format!("{collection}?$filter=roleDefinitionId eq '{id}'"))).await;
            assert_eq!(got.rows().len(), 1, "{id}");
            assert!(got.rows()[0]["name"].as_str().unwrap().ends_with(OWNER));
        }
    }
    let none = c.get(&path(SUBSCRIPTION, "roleManagementPolicies?$filter=roleDefinitionId eq 'x'")).await;
    assert!(none.rows().is_empty());
    let bad = c.get(&path(SUBSCRIPTION, "roleManagementPolicies?$filter=roleName eq 'Owner'")).await;
    assert_eq!(bad.status, 400);
    let gone = c.get(&path(SUBSCRIPTION, "roleManagementPolicies/00000000-0000-4000-8000-00000000dead")).await;
    assert_eq!(gone.code(), "InputPolicyNotFound");
}

#[tokio::test]
async fn a_patch_merges_by_rule_and_replaces_rules_whole() {
    let c = Client::seeded(Seed::Empty).await;
    let mut notification = rule(
        "Notification_Approver_Admin_Eligibility",
        json!({"notificationType": "Email", "notificationLevel": "Critical", "recipientType": "Approver",
            "isDefaultRecipientsEnabled": false, "notificationRecipients": ["a@contoso.example"]}),
    );
    // Null lists of the target are accepted and left out again.
    notification["target"]["targetObjects"] = Value::Null;
    let expiration = rule("Expiration_Admin_Eligibility", json!({"isExpirationRequired": false}));
    let got = c.patch_rules(SUBSCRIPTION, OWNER, json!([notification, expiration])).await;
    assert_eq!(got.status, 200, "{}", got.body);
    let p = &got.body["properties"];
    assert_eq!((p["rules"].as_array().unwrap().len(), &p["isOrganizationDefault"]), (17, &json!(false)));
    assert_eq!(p["lastModifiedDateTime"], "2026-11-21T12:00:00+00:00");
    assert_eq!(p["lastModifiedBy"], json!({"displayName": "rolewright-admin"}));
    let expiration = rule_of(&got.body, "effectiveRules", "Expiration_Admin_Eligibility");
    assert!(expiration.get("maximumDuration").is_none());
    let notification = rule_of(&got.body, "rules", "Notification_Approver_Admin_Eligibility");
    assert_eq!(notification["notificationRecipients"], json!(["a@contoso.example"]));
    assert!(notification["target"].get("targetObjects").is_none());
    assert_eq!(c.get(&path(SUBSCRIPTION, &format!("roleManagementPolicies/{OWNER}"))).await.body, got.body);
    // Other roles and other scopes keep theirs.
    let other = c.get(&path(SUBSCRIPTION, &format!("roleManagementPolicies/{READER}"))).await;
    assert_eq!(other.body["properties"]["isOrganizationDefault"], true);
    let root = "/providers/Microsoft.Management/managementGroups/5a9dbb0c-0000-4000-8000-000000000001";
    let above = c.get(&path(root, &format!("roleManagementPolicies/{OWNER}"))).await;
    assert_eq!(above.body["properties"]["isOrganizationDefault"], true, "{}", above.body);
}

#[tokio::test]
async fn incomplete_and_contradictory_rules_are_refused_whole() {
    let c = Client::seeded(Seed::Empty).await;
    let good = rule("Expiration_EndUser_Assignment", json!({"isExpirationRequired": true, "maximumDuration": "PT2H"}));
    let with = |id: &str, change: Value| rule(id, change);
    let eligibility = json!({"caller": "Admin", "operations": ["All"], "level": "Eligibility"});
    let approver = |id: &str| json!({"approvalStages": [{"primaryApprovers": [{"id": id, "userType": "User"}]}], "isApprovalRequired": true});
    let cases = [
        json!({"id": "Expiration_Admin_Assignment", "isExpirationRequired": true, "maximumDuration": "P9D"}),
        with("Expiration_Admin_Assignment", json!({"isExpirationRequired": true})),
        with("Expiration_Admin_Assignment", json!({"isExpirationRequired": true, "maximumDuration": "P6M"})),
        with("Expiration_Admin_Assignment", json!({"isExpirationRequired": false, "maximumDuration": "P90D"})),
        with(
            "Expiration_Admin_Assignment",
            json!({"isExpirationRequired": true, "maximumDuration": "P9D", "target": eligibility}),
        ),
        with("Expiration_Admin_Nothing", json!({"isExpirationRequired": true, "maximumDuration": "P9D"})),
        with("Enablement_EndUser_Assignment", json!({"enabledRules": ["justification"]})),
        with("Enablement_Admin_Assignment", json!({"enabledRules": ["Ticketing"]})),
        with("Enablement_EndUser_Assignment", json!({})),
        with("AuthenticationContext_EndUser_Assignment", json!({"isEnabled": true})),
        with("Approval_EndUser_Assignment", json!({"setting": approver("00000000-0000-4000-8000-00000000dead")})),
        with("Approval_EndUser_Assignment", json!({"setting": {"isApprovalRequired": true}})),
        with("Notification_Admin_Admin_Assignment", json!({"notificationType": "Email"})),
        json!("Expiration_EndUser_Assignment"),
    ];
    for case in cases {
        let got = c.patch_rules(SUBSCRIPTION, OWNER, json!([good, case])).await;
        assert_eq!((got.status, got.code().as_str()), (400, "InvalidPolicy"), "{case}");
    }
    let both = json!([
        rule("Enablement_EndUser_Assignment", json!({"enabledRules": ["MultiFactorAuthentication"]})),
        rule("AuthenticationContext_EndUser_Assignment", json!({"isEnabled": true, "claimValue": "c1"})),
    ]);
    assert_eq!(c.patch_rules(SUBSCRIPTION, OWNER, both).await.code(), "MfaAndAcrsConflict");
    let kept = c.get(&path(SUBSCRIPTION, &format!("roleManagementPolicies/{OWNER}"))).await;
    assert_eq!(rule_of(&kept.body, "rules", "Expiration_EndUser_Assignment")["maximumDuration"], "PT8H");
}

#[tokio::test]
async fn the_service_of_2022_takes_a_duration_without_expiration() {
    let switches = Switches { keeps_maximum_duration: true, renamed_policies: true, ..Switches::default() };
    let c = Client::start(SandboxOptions { switches, ..options(Seed::Empty) }).await;
    let off = rule("Expiration_Admin_Eligibility", json!({"isExpirationRequired": false, "maximumDuration": "P180D"}));
    let got = c.patch_rules(SUBSCRIPTION, OWNER, json!([off])).await;
    assert_eq!(rule_of(&got.body, "rules", "Expiration_Admin_Eligibility")["maximumDuration"], "P180D");
    // The name changed; the old one is gone, and the next write changes it again.
    let first = got.body["name"].as_str().unwrap().to_owned();
    assert_ne!(first, OWNER);
    assert_eq!(
        c.get(&path(SUBSCRIPTION, &format!("roleManagementPolicies/{OWNER}"))).await.code(),
        "InputPolicyNotFound"
    );
    let second = c.patch_rules(SUBSCRIPTION, OWNER, json!([off])).await;
    assert_ne!(second.body["name"], first.as_str());
    let row = c
        .get(&path(
            SUBSCRIPTION,
            &format!("roleManagementPolicyAssignments?$filter=roleDefinitionId eq '{}'", role(OWNER)),
        ))
        .await;
    assert_eq!(row.rows()[0]["name"], format!("{}_{OWNER}", second.body["name"].as_str().unwrap()));
}

#[tokio::test]
async fn writing_demands_rights_and_policies_cannot_be_made_or_deleted() {
    let mut c = Client::seeded(Seed::Empty).await;
    let url = path(SUBSCRIPTION, &format!("roleManagementPolicies/{OWNER}"));
    let put = c.arm_put(&url, json!({})).await;
    assert_eq!((put.status, &put.body), (400, &json!("Not implemented exception")));
    let delete = c.delete(&url).await;
    assert_eq!((delete.status, delete.header("allow")), (405, "GET, PUT, POST"));
    assert_eq!(delete.body, json!({"message": "The requested resource does not support http method 'DELETE'."}));
    c.sign_in(PLAN).await;
    assert_eq!(c.get(&url).await.status, 200);
    let rules = json!({"properties": {"rules": [rule("Enablement_EndUser_Assignment", json!({"enabledRules": []}))]}});
    assert_eq!(c.patch(&url, rules).await.code(), "AuthorizationFailed");
}

#[tokio::test]
async fn an_ignored_patch_answers_as_usual() {
    let effect = Effect::IgnorePatch;
    let faults = vec![FaultRule { matches: Match { method: Some("PATCH".to_owned()), ..Match::default() }, effect }];
    let c = Client::start(SandboxOptions { faults, ..options(Seed::Empty) }).await;
    let rules = json!([rule("Enablement_EndUser_Assignment", json!({"enabledRules": []}))]);
    let got = c.patch_rules(SUBSCRIPTION, CONTRIBUTOR, rules).await;
    assert_eq!(rule_of(&got.body, "rules", "Enablement_EndUser_Assignment")["enabledRules"], json!([]));
    let kept = c.get(&path(SUBSCRIPTION, &format!("roleManagementPolicies/{CONTRIBUTOR}"))).await;
    assert_eq!(kept.body["properties"]["isOrganizationDefault"], true);
}
