//! New groups, and groups new to PIM: replication (graph.md 4.4, 6.4) and onboarding.

use jiff::SignedDuration;
use rolewright::sandbox::{GroupResources, SandboxOptions, Seed, Switches};
use serde_json::json;

use crate::client::{ADMIN, Client, GROUP, PLAN, days, options};

const BETA: &str = "/beta/identityGovernance/privilegedAccess/group";

#[tokio::test]
async fn a_new_group_is_unknown_then_fails_then_works() {
    let c = Client::start(SandboxOptions { lag: SignedDuration::from_secs(30), ..options(Seed::Contoso) }).await;
    let dave = c.id("users", "dave@contoso.example").await;
    let body = json!({"displayName": "new", "mailNickname": "new", "mailEnabled": false, "securityEnabled": true});
    let group = c.post("/v1.0/groups", body).await.body["id"].as_str().unwrap().to_owned();
    let ask = || c.group_request("eligibility", "adminAssign", &dave, (&group, "member"), days(5));
    let policies =
        format!("/v1.0/policies/roleManagementPolicyAssignments?$filter=scopeId eq '{group}' and scopeType eq 'Group'");
    let got = ask().await;
    assert_eq!((got.status, got.code().as_str()), (404, "ResourceNotFound"));
    assert!(c.get(&policies).await.rows().is_empty());
    assert!(c.in_group("eligibilitySchedules", &group).await.is_empty());
    c.advance(16);
    let got = ask().await;
    assert_eq!((got.status, &got.body["status"]), (201, &json!("Failed")));
    assert!(c.get(&policies).await.rows().is_empty());
    c.advance(16);
    assert_eq!(c.get(&policies).await.rows().len(), 2);
    assert!(c.onboarded().await.is_empty(), "a failed request onboards nothing");
    let got = ask().await;
    assert_eq!((got.status, &got.body["status"]), (201, &json!("Provisioned")));
    // Lists are behind like all others.
    assert!(c.in_group("eligibilitySchedules", &group).await.is_empty());
    c.advance(31);
    assert_eq!(c.in_group("eligibilitySchedules", &group).await.len(), 1);
    assert_eq!(c.onboarded().await, [group]);
}

#[tokio::test]
async fn the_first_request_or_policy_write_onboards_for_good() {
    let c = Client::seeded(Seed::Contoso).await;
    let dave = c.id("users", "dave@contoso.example").await;
    let (first, second) = (c.id("groups", "sg-helpdesk-all").await, c.id("groups", "sg-contractors").await);
    let resources = format!("{GROUP}/resources");
    assert!(c.onboarded().await.is_empty());
    // Reading onboards nothing.
    c.in_group("assignmentSchedules", &first).await;
    c.group_policy(&first, "member").await;
    assert!(c.onboarded().await.is_empty());
    c.group_request("eligibility", "adminAssign", &dave, (&first, "member"), days(5)).await;
    assert_eq!(c.onboarded().await, *std::slice::from_ref(&first));
    let got = c.group_rule(&second, "owner", "Expiration_EndUser_Assignment", json!({"maximumDuration": "PT1H"})).await;
    assert_eq!(got.status, 204);
    let mut both = vec![first.clone(), second.clone()];
    both.sort();
    assert_eq!(c.onboarded().await, both);
    c.advance(301);
    c.group_request("eligibility", "adminRemove", &dave, (&first, "member"), json!(null)).await;
    assert_eq!(c.onboarded().await, both, "there is no way back");
    let one = c.get(&format!("{resources}/{first}?$select=id")).await;
    assert_eq!((one.status, &one.body["id"]), (200, &json!(first)));
    let row = c.get(&resources).await.rows()[0].clone();
    assert_eq!(row.as_object().unwrap().len(), 1, "ids only");
    assert_eq!(c.ids(&format!("{resources}?$filter=id eq '{second}'")).await, [second]);
    assert_eq!(c.get(&format!("{resources}/{dave}")).await.code(), "ResourceNotFound");
}

#[tokio::test]
async fn discovery_can_be_missing() {
    for (at, v1, beta) in [
        (GroupResources::Everywhere, 200, 200),
        (GroupResources::BetaOnly, 404, 200),
        (GroupResources::Nowhere, 404, 404),
    ] {
        let switches = Switches { group_resources: at, ..Switches::default() };
        let c = Client::start(SandboxOptions { switches, ..options(Seed::Empty) }).await;
        assert_eq!(c.get(&format!("{GROUP}/resources")).await.status, v1, "{at:?}");
        assert_eq!(c.get(&format!("{BETA}/resources")).await.status, beta, "{at:?}");
    }
}

#[tokio::test]
async fn discovery_is_paged_and_has_a_permission_of_its_own() {
    let mut c = Client::start(SandboxOptions { page_size: Some(1), ..options(Seed::Contoso) }).await;
    let dave = c.id("users", "dave@contoso.example").await;
    for name in ["sg-helpdesk-all", "sg-pim-approvers"] {
        let group = c.id("groups", name).await;
        c.group_request("eligibility", "adminAssign", &dave, (&group, "member"), days(5)).await;
    }
    c.sign_in(PLAN).await;
    let first = c.get(&format!("{GROUP}/resources")).await;
    assert_eq!(first.rows().len(), 1);
    assert_eq!(c.get(first.body["@odata.nextLink"].as_str().unwrap()).await.rows().len(), 1);
    let scopes = json!(["PrivilegedEligibilitySchedule.Read.AzureADGroup"]);
    c.act_as(json!({"user": "breakglass1@contoso.example", "scopes": scopes})).await;
    assert_eq!(c.get(&format!("{GROUP}/resources")).await.code(), "PermissionScopeNotGranted");
    c.sign_in(ADMIN).await;
    assert_eq!(c.post(&format!("{GROUP}/resources"), json!({})).await.status, 501);
}
