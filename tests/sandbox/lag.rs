//! Replication and read lag (E8, E20).

use jiff::SignedDuration;
use rolewright::sandbox::{SandboxOptions, Seed};
use serde_json::json;

use crate::client::{Client, DIRECTORY, days, options};

async fn lagging() -> Client {
    Client::start(SandboxOptions { lag: SignedDuration::from_secs(30), ..options(Seed::Contoso) }).await
}

#[tokio::test]
async fn a_grant_is_not_visible_at_once() {
    let c = lagging().await;
    let (alice, role) = (c.id("users", "alice@contoso.example").await, c.role("Reports Reader").await);
    let before = c.about("roleEligibilitySchedules", &alice).await.len();
    let got = c.request("Eligibility", "adminAssign", &alice, &role, "/", days(9)).await;
    let one = format!("{DIRECTORY}/roleEligibilitySchedules/{}", got.body["id"].as_str().unwrap());
    assert_eq!((c.about("roleEligibilitySchedules", &alice).await.len(), c.get(&one).await.status), (before, 404));
    // What is written is judged by the newest state all the same.
    assert_eq!(
        c.request("Eligibility", "adminAssign", &alice, &role, "/", days(9)).await.code(),
        "RoleAssignmentExists"
    );
    c.advance(29);
    assert_eq!(c.get(&one).await.status, 404);
    c.advance(2);
    assert_eq!((c.about("roleEligibilitySchedules", &alice).await.len(), c.get(&one).await.status), (before + 1, 200));
}

#[tokio::test]
async fn pim_does_not_know_what_is_young() {
    let c = lagging().await;
    let (alice, role) = (c.id("users", "alice@contoso.example").await, c.role("Reports Reader").await);
    let user = json!({"displayName": "N", "userPrincipalName": "n@contoso.example", "accountEnabled": true, "mailNickname": "n"});
    let user = c.post("/v1.0/users", user).await.body["id"].as_str().unwrap().to_owned();
    let body = json!({"displayName": "R", "isEnabled": true,
        "rolePermissions": [{"allowedResourceActions": ["microsoft.directory/users/standard/read"]}]});
    let young = c.post(&format!("{DIRECTORY}/roleDefinitions"), body).await.body["id"].as_str().unwrap().to_owned();
    let got = c.request("Eligibility", "adminAssign", &user, &role, "/", days(9)).await;
    assert_eq!((got.status, got.code().as_str()), (404, "SubjectNotFound"));
    let got = c.request("Eligibility", "adminAssign", &alice, &young, "/", days(9)).await;
    assert_eq!((got.status, got.code().as_str()), (404, "RoleNotFound"));
    let policies = format!(
        "/v1.0/policies/roleManagementPolicyAssignments?$filter=scopeId eq '/' and scopeType eq 'DirectoryRole' and roleDefinitionId eq '{young}'"
    );
    assert!(c.get(&policies).await.rows().is_empty());
    c.advance(31);
    assert_eq!(c.get(&policies).await.rows().len(), 1);
    assert_eq!(c.request("Eligibility", "adminAssign", &user, &young, "/", days(9)).await.status, 201);
}
