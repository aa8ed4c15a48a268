//! What PIM for Groups does not do (graph.md 4.4). Codes are unconfirmed where the documents name none.

use rolewright::sandbox::{SandboxOptions, Seed, Switches};
use serde_json::json;

use crate::client::{Client, days, options};

async fn group(c: &Client, name: &str, more: serde_json::Value) -> String {
    let mut body = json!({"displayName": name, "mailNickname": name, "mailEnabled": false, "securityEnabled": true});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let got = c.post("/v1.0/groups", body).await;
    assert_eq!(got.status, 201, "{}", got.body);
    got.body["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn groups_that_others_fill_are_refused() {
    let switches = Switches { unmanageable_group_code: "GroupNotSupported".to_owned(), ..Switches::default() };
    let c = Client::start(SandboxOptions { switches, ..options(Seed::Contoso) }).await;
    let dave = c.id("users", "dave@contoso.example").await;
    let list = group(&c, "list", json!({"securityEnabled": false, "mailEnabled": true})).await;
    let dynamic = c.id("groups", "sg-all-employees").await;
    let synchronised = c.id("groups", "sg-onprem-admins").await;
    for id in [&dynamic, &synchronised, &list] {
        for side in ["eligibility", "assignment"] {
            let got = c.group_request(side, "adminAssign", &dave, (id, "owner"), days(5)).await;
            assert_eq!((got.status, got.code().as_str()), (400, "GroupNotSupported"));
        }
        // Its policies can be read, with the factory values, but not written.
        let more = json!({"maximumDuration": "PT1H"});
        let got = c.group_rule(id, "member", "Expiration_EndUser_Assignment", more).await;
        assert_eq!((got.status, got.code().as_str()), (400, "GroupNotSupported"));
        assert!(c.in_group("eligibilitySchedules", id).await.is_empty());
    }
    let office =
        group(&c, "office", json!({"securityEnabled": false, "mailEnabled": true, "groupTypes": ["Unified"]})).await;
    assert_eq!(c.group_request("eligibility", "adminAssign", &dave, (&office, "member"), days(5)).await.status, 201);
}

#[tokio::test]
async fn groups_own_nothing_and_are_active_in_role_assignable_ones_never() {
    let c = Client::seeded(Seed::Contoso).await;
    let (plain, nested) = (c.id("groups", "sg-helpdesk-all").await, c.id("groups", "sg-pim-approvers").await);
    let assignable = c.id("groups", "sg-helpdesk-emea").await;
    for (side, group, access, status) in [
        ("eligibility", &plain, "owner", 400),
        ("assignment", &plain, "owner", 400),
        ("assignment", &assignable, "member", 400),
        ("eligibility", &assignable, "member", 201),
        ("assignment", &plain, "member", 201),
    ] {
        let got = c.group_request(side, "adminAssign", &nested, (group, access), days(5)).await;
        assert_eq!(got.status, status, "{side} {access}: {}", got.body);
    }
    // Nor are they linked so outside PIM.
    let link = json!({"@odata.id": format!("https://graph.microsoft.com/v1.0/groups/{nested}")});
    assert_eq!(c.post(&format!("/v1.0/groups/{assignable}/members/$ref"), link.clone()).await.status, 400);
    assert_eq!(c.post(&format!("/v1.0/groups/{plain}/owners/$ref"), link.clone()).await.status, 400);
    let body = json!({"displayName": "n", "mailNickname": "n", "mailEnabled": false, "securityEnabled": true,
        "isAssignableToRole": true, "members@odata.bind": [link["@odata.id"]]});
    assert_eq!(c.post("/v1.0/groups", body).await.status, 400);
}

#[tokio::test]
async fn a_group_is_not_given_to_itself() {
    let c = Client::seeded(Seed::Contoso).await;
    let group = c.id("groups", "sg-helpdesk-all").await;
    for side in ["eligibility", "assignment"] {
        for group_as_asked in [group.clone(), group.to_uppercase()] {
            let got = c.group_request(side, "adminAssign", &group, (&group_as_asked, "member"), days(5)).await;
            assert_eq!((got.status, got.code().as_str()), (400, "InvalidRoleAssignmentRequest"), "{side}");
        }
    }
    assert!(c.in_group("eligibilitySchedules", &group).await.iter().all(|row| row["principalId"] != group.as_str()));
}

#[tokio::test]
async fn nobody_is_added_to_a_group_whose_members_follow_a_rule() {
    let c = Client::seeded(Seed::Contoso).await;
    let (dynamic, dave) = (c.id("groups", "sg-all-employees").await, c.id("users", "dave@contoso.example").await);
    let guest = c
        .post(
            "/v1.0/users",
            json!({"displayName": "g", "userPrincipalName": "g@contoso.example",
        "mailNickname": "g", "accountEnabled": true, "passwordProfile": {"password": "x"}}),
        )
        .await;
    let guest = guest.body["id"].as_str().unwrap().to_owned();
    let link = |id: &str| json!({"@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{id}")});
    let got = c.post(&format!("/v1.0/groups/{dynamic}/members/$ref"), link(&guest)).await;
    assert_eq!((got.status, got.code().as_str()), (403, "Authorization_RequestDenied"));
    assert!(!c.ids(&format!("/v1.0/groups/{dynamic}/members")).await.contains(&guest));
    assert_eq!(
        c.post(&format!("/v1.0/groups/{dynamic}/owners/$ref"), link(&dave)).await.status,
        204,
        "owners are named"
    );
}

#[tokio::test]
async fn service_principals_are_active_but_not_eligible() {
    let c = Client::seeded(Seed::Contoso).await;
    let (app, group) = (c.id("servicePrincipals", "CI Deployer").await, c.id("groups", "sg-helpdesk-all").await);
    let got = c.group_request("eligibility", "adminAssign", &app, (&group, "member"), days(5)).await;
    assert_eq!((got.status, got.code().as_str()), (400, "InvalidRoleAssignmentRequest"));
    assert_eq!(c.group_request("assignment", "adminAssign", &app, (&group, "member"), days(5)).await.status, 201);
    assert!(c.ids(&format!("/v1.0/groups/{group}/members")).await.contains(&app));
}

#[tokio::test]
async fn what_is_not_there_is_said_by_name() {
    let c = Client::seeded(Seed::Contoso).await;
    let (dave, group) = (c.id("users", "dave@contoso.example").await, c.id("groups", "sg-helpdesk-all").await);
    let nowhere = "00000000-0000-4000-8000-00000000dead";
    for (principal, group, access, wanted) in [
        (dave.as_str(), nowhere, "member", (404, "ResourceNotFound")),
        (dave.as_str(), dave.as_str(), "member", (404, "ResourceNotFound")),
        (nowhere, group.as_str(), "member", (404, "SubjectNotFound")),
        (dave.as_str(), group.as_str(), "guest", (400, "InvalidRoleAssignmentRequest")),
        (dave.as_str(), "", "member", (400, "InvalidRoleAssignmentRequest")),
    ] {
        let got = c.group_request("eligibility", "adminAssign", principal, (group, access), days(5)).await;
        assert_eq!((got.status, got.code().as_str()), wanted);
    }
}
