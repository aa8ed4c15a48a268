//! Activations and their approval, and what somebody can activate (arm.md B.2, B.5, B.7, B.8).

use reqwest::Method;
use rolewright::sandbox::Seed;
use serde_json::{Value, json};

use crate::arm_pim::{CONTRIBUTOR, IVAN, OWNER, SUBSCRIPTION, at, body, guid, lasting, path, rule};
use crate::arm_pim_schedule::subscription;
use crate::client::{ADMIN, Client};

#[tokio::test]
async fn an_activation_in_progress_says_so() {
    let c = Client::seeded(Seed::Contoso).await;
    let scope = subscription(&c, "prod-connectivity").await;
    let bob = c.id("users", "bob@contoso.example").await;
    let eligible = &c.held("roleEligibilitySchedules", &scope, &bob, CONTRIBUTOR).await[0];
    let used = &c.held("roleEligibilityScheduleInstances", &scope, &bob, CONTRIBUTOR).await[0];
    let active = &c.held("roleAssignmentSchedules", &scope, &bob, CONTRIBUTOR).await[0]["properties"];
    assert_eq!(active["assignmentType"], "Activated");
    assert_eq!(active["linkedRoleEligibilityScheduleId"], eligible["id"]);
    assert_eq!(
        (&active["startDateTime"], &active["endDateTime"]),
        (&json!("2026-11-21T11:00:00Z"), &json!("2026-11-21T19:00:00Z"))
    );
    let instance = &c.held("roleAssignmentScheduleInstances", &scope, &bob, CONTRIBUTOR).await[0];
    assert_eq!(instance["properties"]["linkedRoleEligibilityScheduleInstanceId"], used["id"]);
    // The plain list does not tell it from a permanent assignment.
    let plain = c.get(&at(&scope, "roleAssignments", "2022-04-01")).await.rows().clone();
    assert!(
        plain.iter().any(|row| row["name"] == instance["name"] && row["properties"]["principalId"] == bob.as_str())
    );
    c.advance(8 * 3_600);
    assert!(c.held("roleAssignmentSchedules", &scope, &bob, CONTRIBUTOR).await.is_empty());
    assert_eq!(c.held("roleEligibilitySchedules", &scope, &bob, CONTRIBUTOR).await.len(), 1);
}

#[tokio::test]
async fn a_member_of_an_eligible_group_activates_for_itself() {
    let mut c = Client::seeded(Seed::Contoso).await;
    let shop = subscription(&c, "online-shop").await;
    let ivan = c.id("users", IVAN).await;
    let erin = c.id("users", "erin@contoso.example").await;
    let group = c.id("groups", "sg-contractors").await;
    let schedule = c.held("roleEligibilitySchedules", &shop, &group, CONTRIBUTOR).await[0]["id"].clone();
    let ask = |n: u32, change: Value| {
        let mut sent = body("SelfActivate", &ivan, CONTRIBUTOR, lasting("PT2H"));
        for (name, value) in change.as_object().unwrap() {
            sent["properties"][name.as_str()] = value.clone();
        }
        (n, sent)
    };
    let app = c.put_request("Assignment", &shop, 1, ask(1, json!({})).1).await;
    assert_eq!((app.status, app.code().as_str()), (400, "InvalidRoleAssignmentRequest"));
    c.act_as(json!({"user": IVAN})).await;
    for (n, change, code) in [
        (2, json!({"principalId": erin}), "InvalidRoleAssignmentRequest"),
        (3, json!({"linkedRoleEligibilityScheduleId": guid(7)}), "InvalidRoleAssignmentRequest"),
        (4, json!({"scheduleInfo": lasting("PT9H")}), "RoleAssignmentRequestPolicyValidationFailed"),
        (5, json!({"roleDefinitionId": crate::arm_pim::role(OWNER)}), "RoleAssignmentRequestPolicyValidationFailed"),
    ] {
        let (n, sent) = ask(n, change);
        let got = c.put_request("Assignment", &shop, n, sent).await;
        assert_eq!((got.status, got.code().as_str()), (400, code), "{}", got.body);
    }
    // At a resource group, with the eligibility of the subscription above.
    let group = format!("{shop}/resourceGroups/rg-shop-web");
    let got =
        c.put_request("Assignment", &group, 6, ask(6, json!({"linkedRoleEligibilityScheduleId": schedule})).1).await;
    assert_eq!((got.status, &got.body["properties"]["status"]), (201, &json!("Provisioned")), "{}", got.body);
    assert_eq!(got.body["properties"]["linkedRoleEligibilityScheduleId"], schedule);
    let again = c.put_request("Assignment", &group, 7, ask(7, json!({})).1).await;
    assert_eq!(again.code(), "RoleAssignmentExists");
    // Now the caller is Contributor there, and may read.
    assert_eq!(c.held("roleAssignmentSchedules", &group, &ivan, CONTRIBUTOR).await.len(), 1);
    let mine = c.get(&path("", "roleAssignmentScheduleRequests?$filter=asRequestor()")).await.rows().clone();
    assert_eq!(mine.len(), 1);
    c.advance(301);
    let off = c.put_request("Assignment", &group, 8, body("SelfDeactivate", &ivan, CONTRIBUTOR, Value::Null)).await;
    assert_eq!((off.status, &off.body["properties"]["status"]), (201, &json!("Revoked")));
    assert!(off.body["properties"].get("scheduleInfo").is_none());
    assert!(c.get(&path(&group, "roleAssignmentSchedules?$filter=asTarget()")).await.rows().is_empty());
}

#[tokio::test]
async fn an_activation_that_needs_approval_waits_for_an_approver() {
    for verdict in ["Approve", "Deny"] {
        let mut c = Client::seeded(Seed::Contoso).await;
        let (grace, heidi) =
            (c.id("users", "grace@contoso.example").await, c.id("users", "heidi@contoso.example").await);
        let group = c.id("groups", "sg-tier0-operators").await;
        assert_eq!(c.held("roleEligibilitySchedules", SUBSCRIPTION, &group, OWNER).await.len(), 1);
        c.act_as(json!({"user": "grace@contoso.example"})).await;
        let got =
            c.put_request("Assignment", SUBSCRIPTION, 1, body("SelfActivate", &grace, OWNER, lasting("PT2H"))).await;
        assert_eq!(got.body["properties"]["status"], "PendingApproval", "{}", got.body);
        let approval = got.body["properties"]["approvalId"].as_str().unwrap().to_owned();
        assert!(
            approval.starts_with(&format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignmentApprovals/"))
        );
        let twice =
            c.put_request("Assignment", SUBSCRIPTION, 2, body("SelfActivate", &grace, OWNER, lasting("PT2H"))).await;
        assert_eq!(twice.code(), "PendingRoleAssignmentRequest");
        let stages = c.get(&format!("{approval}/stages?api-version=2021-01-01-preview")).await.rows().clone();
        assert_eq!(
            (&stages[0]["properties"]["reviewResult"], &stages[0]["properties"]["assignedToMe"]),
            (&json!("NotReviewed"), &json!(false))
        );
        let stage = format!("{}?api-version=2021-01-01-preview", stages[0]["id"].as_str().unwrap());
        let decision = json!({"properties": {"reviewResult": verdict, "justification": "seen"}});
        let own = c.try_send(Method::PUT, &stage, Some(decision.clone()), &[]).await.unwrap();
        assert_eq!((own.status, own.code().as_str()), (403, "AuthorizationFailed"));

        c.act_as(json!({"user": "erin@contoso.example"})).await;
        assert_eq!(c.get(&stage).await.code(), "AuthorizationFailed");
        c.act_as(json!({"user": "heidi@contoso.example"})).await;
        assert_eq!(c.get(&stage).await.body["properties"]["assignedToMe"], true);
        let waiting = c.get(&path("", "roleAssignmentScheduleRequests?$filter=asApprover()")).await.rows().clone();
        assert_eq!(waiting.len(), 1);
        c.advance(600);
        let decided = c.arm_put(&stage, decision.clone()).await;
        assert_eq!((decided.status, &decided.body["properties"]["status"]), (200, &json!("Completed")));
        assert_eq!(decided.body["properties"]["reviewedBy"]["principalId"], heidi.as_str());
        assert_eq!(c.arm_put(&stage, decision).await.status, 400);
        c.sign_in(ADMIN).await;
        let held = c.held("roleAssignmentSchedules", SUBSCRIPTION, &grace, OWNER).await;
        let request = c.get(&path(SUBSCRIPTION, &format!("roleAssignmentScheduleRequests/{}", guid(1)))).await;
        if verdict == "Approve" {
            // It runs from the approval on, for as long as it was asked.
            assert_eq!(held[0]["properties"]["endDateTime"], "2026-11-21T14:10:00Z");
            assert_eq!(request.body["properties"]["status"], "Provisioned");
        } else {
            assert!(held.is_empty());
            assert_eq!(request.body["properties"]["status"], "Denied");
        }
    }
}

#[tokio::test]
async fn nobody_approves_in_time_and_contexts_must_be_met() {
    let mut c = Client::seeded(Seed::Contoso).await;
    let grace = c.id("users", "grace@contoso.example").await;
    let context = rule("AuthenticationContext_EndUser_Assignment", json!({"isEnabled": true, "claimValue": "c1"}));
    assert_eq!(c.patch_rules(SUBSCRIPTION, OWNER, json!([context])).await.status, 200);
    c.act_as(json!({"user": "grace@contoso.example"})).await;
    let sent = body("SelfActivate", &grace, OWNER, lasting("PT2H"));
    let got = c.put_request("Assignment", SUBSCRIPTION, 1, sent.clone()).await;
    assert_eq!((got.status, got.code().as_str()), (400, "RoleAssignmentRequestAcrsValidationFailed"));
    c.act_as(json!({"user": "grace@contoso.example", "acrs": ["c1"]})).await;
    assert_eq!(
        c.put_request("Assignment", SUBSCRIPTION, 2, sent).await.body["properties"]["status"],
        "PendingApproval"
    );
    c.advance(86_401);
    let request = c.get(&path(SUBSCRIPTION, &format!("roleAssignmentScheduleRequests/{}", guid(2)))).await;
    assert_eq!(request.body["properties"]["status"], "TimedOut");
}

#[tokio::test]
async fn children_that_somebody_is_eligible_on() {
    let mut c = Client::seeded(Seed::Contoso).await;
    let (shop, payroll) = (subscription(&c, "online-shop").await, subscription(&c, "corp-payroll").await);
    c.act_as(json!({"user": IVAN})).await;
    let online = "/providers/Microsoft.Management/managementGroups/online";
    let got = c.get(&path(online, "eligibleChildResources?$filter=resourceType eq 'subscription'")).await;
    assert_eq!(got.body["value"], json!([{"id": shop, "name": "online-shop", "type": "subscription"}]));
    let groups = c
        .get(&path(
            &shop,
            "eligibleChildResources?$filter=resourceType eq 'Subscription' or resourceType eq 'resourcegroup'",
        ))
        .await;
    let id = format!("{shop}/resourceGroups/rg-shop-web");
    assert_eq!(groups.body["value"], json!([{"id": id, "name": "rg-shop-web", "type": "resourcegroup"}]));
    assert!(c.get(&path(&payroll, "eligibleChildResources")).await.rows().is_empty());
    let deep = c.get(&path(online, "eligibleChildResources?$getAllChildren=true")).await.rows().len();
    assert_eq!(deep, 3);
    assert_eq!(c.get(&path(&shop, "eligibleChildResources?$filter=name eq 'x'")).await.status, 400);
}

#[tokio::test]
async fn what_was_granted_on_a_condition_is_activated_on_it() {
    let mut c = Client::seeded(Seed::Contoso).await;
    let payroll = subscription(&c, "corp-payroll").await;
    let grace = c.id("users", "grace@contoso.example").await;
    let administrator = "f58310d9-a9f6-439a-9e8d-f62e7b41a168";
    let eligible = c.held("roleEligibilitySchedules", &payroll, &grace, administrator).await;
    let condition = eligible[0]["properties"]["condition"].clone();
    assert!(condition.as_str().unwrap().contains("GuidEquals"));
    c.act_as(json!({"user": "grace@contoso.example"})).await;
    let sent = body("SelfActivate", &grace, administrator, lasting("PT2H"));
    assert_eq!(c.put_request("Assignment", &payroll, 1, sent).await.status, 201);
    c.sign_in(ADMIN).await;
    let active = c.held("roleAssignmentScheduleInstances", &payroll, &grace, administrator).await;
    assert_eq!(active[0]["properties"]["condition"], condition);
}
