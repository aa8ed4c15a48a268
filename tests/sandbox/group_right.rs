//! Who may do what with PIM for Groups, and what people may do through groups (graph.md 4.4, 8).

use rolewright::sandbox::{SandboxOptions, Seed, Switches};
use serde_json::{Value, json};

use crate::client::{ADMIN, APPLY, Client, DIRECTORY, GROUP, PLAN, days, options};

#[tokio::test]
async fn planning_reads_and_applying_writes() {
    let mut c = Client::seeded(Seed::Contoso).await;
    let (dave, group) = (c.id("users", "dave@contoso.example").await, c.id("groups", "sg-helpdesk-all").await);
    c.sign_in(PLAN).await;
    for side in ["eligibility", "assignment"] {
        for layer in ["Schedules", "ScheduleInstances", "ScheduleRequests"] {
            c.in_group(&format!("{side}{layer}"), &group).await;
        }
        let got = c.group_request(side, "adminAssign", &dave, (&group, "member"), days(5)).await;
        assert_eq!((got.status, got.code().as_str()), (403, "PermissionScopeNotGranted"));
        assert!(got.body["error"]["message"].as_str().unwrap().contains("ReadWrite.AzureADGroup"), "{}", got.body);
    }
    c.sign_in(APPLY).await;
    for side in ["eligibility", "assignment"] {
        let got = c.group_request(side, "adminAssign", &dave, (&group, "member"), days(5)).await;
        assert_eq!(got.status, 201, "{}", got.body);
    }
}

#[tokio::test]
async fn each_side_and_each_part_of_pim_has_its_own_permission() {
    let mut c = Client::seeded(Seed::Contoso).await;
    let (dave, group) = (c.id("users", "dave@contoso.example").await, c.id("groups", "sg-helpdesk-all").await);
    c.group_request("eligibility", "adminAssign", &dave, (&group, "member"), days(5)).await;
    c.advance(301);
    let scopes =
        json!(["RoleEligibilitySchedule.ReadWrite.Directory", "PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup"]);
    c.act_as(json!({"user": "breakglass1@contoso.example", "scopes": scopes})).await;
    let list = |side: &str| format!("{GROUP}/{side}Schedules?$filter=groupId eq '{group}'");
    assert_eq!(c.get(&list("eligibility")).await.code(), "PermissionScopeNotGranted");
    assert_eq!(c.get(&list("assignment")).await.status, 200);
    let remove = json!(["PrivilegedEligibilitySchedule.Remove.AzureADGroup"]);
    c.act_as(json!({"user": "breakglass1@contoso.example", "scopes": remove})).await;
    let at = (group.as_str(), "member");
    assert_eq!(c.group_request("eligibility", "adminUpdate", &dave, at, days(9)).await.status, 403);
    let got = c.group_request("eligibility", "adminRemove", &dave, at, Value::Null).await;
    assert_eq!(got.body["status"], "Revoked", "{}", got.body);
}

#[tokio::test]
async fn people_need_a_directory_role_or_own_the_group() {
    let mut c = Client::seeded(Seed::Contoso).await;
    let (dave, alice) = (c.id("users", "dave@contoso.example").await, c.id("users", "alice@contoso.example").await);
    let (plain, assignable) = (c.id("groups", "sg-helpdesk-all").await, c.id("groups", "sg-helpdesk-emea").await);
    c.act_as(json!({"user": "alice@contoso.example"})).await;
    let list = |group: &str| format!("{GROUP}/eligibilitySchedules?$filter=groupId eq '{group}'");
    assert_eq!(c.get(&list(&plain)).await.status, 403);
    let got = c.group_request("eligibility", "adminAssign", &dave, (&plain, "member"), days(5)).await;
    assert_eq!(got.body["error"]["message"], "Attempted to perform an unauthorized operation.");
    // Carol is User Administrator, which is enough for groups that hold no roles.
    c.act_as(json!({"user": "carol@contoso.example"})).await;
    assert_eq!(c.get(&list(&plain)).await.status, 200);
    for (group, status) in [(&plain, 201), (&assignable, 403)] {
        let got = c.group_request("eligibility", "adminAssign", &dave, (group, "member"), days(5)).await;
        assert_eq!(got.status, status);
        let rule = c.group_rule_as(group, ADMIN).await;
        assert_eq!(c.patch(&rule.0, rule.1).await.status, if status == 201 { 204 } else { 403 });
    }
    // An owner administers the group, one through PIM as well, for as long as that lasts.
    c.sign_in(ADMIN).await;
    c.group_request("assignment", "adminAssign", &alice, (&assignable, "owner"), days(1)).await;
    c.act_as(json!({"user": "alice@contoso.example"})).await;
    let erin = c.id("users", "erin@contoso.example").await;
    let got = c.group_request("eligibility", "adminAssign", &erin, (&assignable, "member"), days(5)).await;
    assert_eq!(got.status, 201, "{}", got.body);
    c.advance(86_400);
    let got = c.group_request("eligibility", "adminUpdate", &erin, (&assignable, "member"), days(9)).await;
    assert_eq!(got.status, 403);
}

impl Client {
    /// Returns path and body of a write of a group's policy, looked up by another caller.
    async fn group_rule_as(&mut self, group: &str, app: &str) -> (String, Value) {
        let token = self.token.clone();
        self.sign_in(app).await;
        let policy = self.group_policy(group, "member").await;
        self.token = token;
        let rules = policy["policy"]["rules"].as_array().unwrap();
        let rule = rules.iter().find(|rule| rule["id"] == "Expiration_EndUser_Assignment").unwrap().clone();
        let id = policy["policyId"].as_str().unwrap();
        (format!("/v1.0/policies/roleManagementPolicies/{id}/rules/Expiration_EndUser_Assignment"), rule)
    }
}

#[tokio::test]
async fn a_member_for_an_hour_has_the_groups_directory_role_for_an_hour() {
    let mut c = Client::seeded(Seed::Contoso).await;
    let (dave, group) = (c.id("users", "dave@contoso.example").await, c.id("groups", "sg-helpdesk-emea").await);
    let (role, reports) = (c.role("Privileged Role Administrator").await, c.role("Reports Reader").await);
    assert_eq!(c.request("Assignment", "adminAssign", &group, &role, "/", days(30)).await.status, 201);
    c.group_request("eligibility", "adminAssign", &dave, (&group, "member"), days(30)).await;
    c.act_as(json!({"user": "dave@contoso.example"})).await;
    let erin = c.id("users", "erin@contoso.example").await;
    let grant = || c.request("Eligibility", "adminAssign", &erin, &reports, "/", days(5));
    assert_eq!(grant().await.status, 403, "eligible is not active");
    let hour = json!({"expiration": {"type": "afterDuration", "duration": "PT1H"}});
    assert_eq!(c.group_request("assignment", "selfActivate", &dave, (&group, "member"), hour).await.status, 201);
    assert_eq!(grant().await.status, 201);
    assert_eq!(c.get(&format!("{DIRECTORY}/roleEligibilitySchedules")).await.status, 200);
    c.advance(3_600);
    assert_eq!(c.get(&format!("{DIRECTORY}/roleEligibilitySchedules")).await.status, 403);
}

#[tokio::test]
async fn a_member_for_an_hour_has_the_groups_azure_role_for_an_hour() {
    let mut c = Client::seeded(Seed::Contoso).await;
    let (dave, group) = (c.id("users", "dave@contoso.example").await, c.id("groups", "sg-helpdesk-all").await);
    let subscription = "/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1";
    let reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
    let body = json!({"properties": {"principalId": group,
        "roleDefinitionId": format!("{subscription}/providers/Microsoft.Authorization/roleDefinitions/{reader}")}});
    let name = "00000000-0000-4000-8000-000000000777";
    let path =
        format!("{subscription}/providers/Microsoft.Authorization/roleAssignments/{name}?api-version=2022-04-01");
    let got = c.try_send(reqwest::Method::PUT, &path, Some(body), &[]).await.unwrap();
    assert_eq!(got.status, 201, "{}", got.body);
    c.group_request("assignment", "adminAssign", &dave, (&group, "member"), days(1)).await;
    c.act_as(json!({"user": "dave@contoso.example"})).await;
    let rows = format!("{subscription}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01");
    assert_eq!(c.get(&rows).await.status, 200);
    c.advance(86_400);
    assert_eq!(c.get(&rows).await.status, 403);
}

#[tokio::test]
async fn without_the_licence_there_is_no_pim_for_groups() {
    let switches = Switches { is_licensed: false, ..Switches::default() };
    let c = Client::start(SandboxOptions { switches, ..options(Seed::Contoso) }).await;
    let group = c.id("groups", "sg-helpdesk-all").await;
    for path in [
        format!("{GROUP}/eligibilitySchedules?$filter=groupId eq '{group}'"),
        format!("{GROUP}/resources"),
        format!("/v1.0/policies/roleManagementPolicyAssignments?$filter=scopeId eq '{group}' and scopeType eq 'Group'"),
    ] {
        assert_eq!(c.get(&path).await.code(), "AadPremiumLicenseRequired", "{path}");
    }
}
