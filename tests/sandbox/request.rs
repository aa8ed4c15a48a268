//! Schedule requests and what becomes of them (E2 to E10, E16).

use rolewright::sandbox::{SandboxOptions, Seed, Switches};
use serde_json::{Value, json};

use crate::client::{Client, DIRECTORY, days, forever, options};

#[tokio::test]
async fn a_grant_is_request_schedule_and_instance_with_one_id() {
    let c = Client::seeded(Seed::Contoso).await;
    let (alice, role) = (c.id("users", "alice@contoso.example").await, c.role("Reports Reader").await);
    let got = c.request("Eligibility", "AdminAssign", &alice, &role, "/", forever()).await;
    assert_eq!(got.status, 201, "{}", got.body);
    let id = got.body["id"].as_str().unwrap();
    assert_eq!(got.body["status"], "Provisioned");
    assert_eq!(got.body["action"], "adminAssign");
    assert_eq!(got.body["targetScheduleId"], id);
    assert_eq!(got.body["scheduleInfo"]["startDateTime"], "2026-11-21T12:00:00Z");
    assert_eq!(got.body["scheduleInfo"]["expiration"]["type"], "noExpiration");
    let schedule = c.get(&format!("{DIRECTORY}/roleEligibilitySchedules/{id}")).await.body;
    assert_eq!(schedule["createdUsing"], id);
    assert_eq!(schedule["modifiedDateTime"], "0001-01-01T08:00:00Z");
    let instances = c.about("roleEligibilityScheduleInstances", &alice).await;
    let instance = instances.iter().find(|row| row["roleEligibilityScheduleId"] == id).unwrap();
    assert!(instance["id"].as_str().unwrap().ends_with("-1-e"));
    // Eligible does not satisfy active, nor the reverse; each side knows its own.
    assert_eq!(c.request("Assignment", "adminAssign", &alice, &role, "/", days(5)).await.status, 201);
    let again = c.request("Eligibility", "adminAssign", &alice, &role, "/", days(5)).await;
    assert_eq!((again.status, again.code().as_str()), (400, "RoleAssignmentExists"));
}

#[tokio::test]
async fn update_changes_in_place_and_removal_waits_five_minutes() {
    let c = Client::seeded(Seed::Contoso).await;
    let (alice, role) = (c.id("users", "alice@contoso.example").await, c.role("Reports Reader").await);
    let absent = c.request("Eligibility", "adminUpdate", &alice, &role, "/", days(9)).await;
    assert_eq!(absent.code(), "RoleAssignmentDoesNotExist");
    let first = c.request("Eligibility", "adminAssign", &alice, &role, "/", days(10)).await;
    let got = c.request("Eligibility", "adminUpdate", &alice, &role, "/", days(20)).await;
    assert_eq!(got.status, 201, "{}", got.body);
    assert_ne!(got.body["id"], first.body["id"]);
    let rows = c.about("roleEligibilitySchedules", &alice).await;
    let row = rows.iter().find(|row| row["roleDefinitionId"] == role.as_str()).unwrap();
    assert_eq!(row["id"], first.body["id"]);
    assert_eq!(row["scheduleInfo"]["expiration"]["endDateTime"], "2026-12-11T12:00:00Z");
    let remove = || c.request("Eligibility", "adminRemove", &alice, &role, "/", Value::Null);
    assert_eq!(remove().await.code(), "ActiveDurationTooShort");
    c.advance(301);
    let removed = remove().await;
    assert_eq!(removed.body["status"], "Revoked");
    assert_eq!((&removed.body["targetScheduleId"], &removed.body["scheduleInfo"]), (&Value::Null, &Value::Null));
    assert_eq!(remove().await.code(), "RoleAssignmentDoesNotExist");
}

#[tokio::test]
async fn windows_are_judged() {
    let c = Client::seeded(Seed::Contoso).await;
    let (alice, role) = (c.id("users", "alice@contoso.example").await, c.role("Reports Reader").await);
    for (expiration, code) in [
        (json!({"type": "afterDuration", "duration": "PT4M"}), "ActiveDurationTooShort"),
        (json!({"type": "afterDuration", "duration": "P6M"}), "InvalidRoleAssignmentRequest"),
        (json!({"type": "afterDuration", "duration": "30 days, 0:00:00"}), "BadRequest"),
        (
            json!({"type": "afterDateTime", "endDateTime": "2026-11-20T00:00:00Z"}),
            "InvalidRoleAssignmentRequestSchedule",
        ),
        (json!({"type": "afterDateTime"}), "InvalidRoleAssignmentRequest"),
    ] {
        let got = c.request("Eligibility", "adminAssign", &alice, &role, "/", json!({"expiration": expiration})).await;
        assert_eq!((got.status, got.code().as_str()), (400, code), "{expiration}");
    }
    let got = c.request("Eligibility", "adminAssign", &alice, &role, "/", Value::Null).await;
    assert_eq!(got.code(), "InvalidRoleAssignmentRequest");
    assert!(
        c.about("roleEligibilitySchedules", &alice).await.iter().all(|row| row["roleDefinitionId"] != role.as_str())
    );
}

#[tokio::test]
async fn policies_are_enforced_and_all_failed_rules_named() {
    for newer in [false, true] {
        let switches = Switches { newer_policy_message: newer, ..Switches::default() };
        let c = Client::start(SandboxOptions { switches, ..options(Seed::Contoso) }).await;
        let (alice, role) = (c.id("users", "alice@contoso.example").await, c.role("Reports Reader").await);
        let policy = crate::policy::policy_of(&c, &role).await;
        crate::policy::put(
            &c,
            &policy,
            "Expiration_Admin_Assignment",
            json!({"isExpirationRequired": true, "maximumDuration": "P15D"}),
        )
        .await;
        let body = json!({"action": "adminAssign", "principalId": alice, "roleDefinitionId": role, "directoryScopeId": "/",
            "scheduleInfo": forever()});
        let got = c.post(&format!("{DIRECTORY}/roleAssignmentScheduleRequests"), body).await;
        assert_eq!(got.code(), "RoleAssignmentRequestPolicyValidationFailed");
        let text = got.body["error"]["message"].as_str().unwrap();
        let expected = if newer {
            "The following policy rules failed: JustificationRule - Justification is required, ExpirationRule - The requested duration is not allowed"
        } else {
            "The following policy rules failed: [\"JustificationRule\",\"ExpirationRule\"]"
        };
        assert_eq!(text, expected);
        // An application never satisfies MFA.
        crate::policy::put(
            &c,
            &policy,
            "Enablement_Admin_Eligibility",
            json!({"enabledRules": ["MultiFactorAuthentication", "Justification"]}),
        )
        .await;
        let body = json!({"action": "adminAssign", "principalId": alice, "roleDefinitionId": role, "directoryScopeId": "/",
            "scheduleInfo": days(5)});
        let got = c.post(&format!("{DIRECTORY}/roleEligibilityScheduleRequests"), body).await;
        assert!(got.body.to_string().contains("MfaRule") && !got.body.to_string().contains("JustificationRule"));
    }
}

#[tokio::test]
async fn principals_that_cannot_hold() {
    let c = Client::seeded(Seed::Contoso).await;
    let role = c.role("Reports Reader").await;
    let app = c.id("servicePrincipals", "Payroll App").await;
    let got = c.request("Eligibility", "adminAssign", &app, &role, "/", days(5)).await;
    assert_eq!((got.status, got.code().as_str()), (400, "InvalidRoleAssignmentRequest"));
    assert_eq!(c.request("Assignment", "adminAssign", &app, &role, "/", days(5)).await.body["status"], "Provisioned");
    let group = c.id("groups", "sg-helpdesk-all").await;
    let got = c.request("Eligibility", "adminAssign", &group, &role, "/", days(5)).await;
    assert_eq!((got.status, &got.body["status"]), (201, &json!("Granted")));
    c.advance(3600);
    assert!(c.about("roleEligibilitySchedules", &group).await.is_empty());
    let nobody = "00000000-0000-0000-0000-00000000dead";
    assert_eq!(c.request("Eligibility", "adminAssign", nobody, &role, "/", days(5)).await.code(), "SubjectNotFound");
    assert_eq!(c.request("Eligibility", "adminAssign", &app, nobody, "/", days(5)).await.code(), "RoleNotFound");
}

#[tokio::test]
async fn scopes_must_fit_the_role() {
    let c = Client::seeded(Seed::Contoso).await;
    let alice = c.id("users", "alice@contoso.example").await;
    let unit = format!("/administrativeUnits/{}", c.id("directory/administrativeUnits", "APAC Users").await);
    let app = format!("/{}", c.id("applications", "Payroll App").await);
    for (role, scope, status) in [
        ("Helpdesk Administrator", unit.as_str(), 201),
        ("Exchange Administrator", unit.as_str(), 400),
        ("Application Administrator", app.as_str(), 201),
        ("Reports Reader", app.as_str(), 400),
        ("Helpdesk Administrator", "/administrativeUnits/00000000-0000-0000-0000-00000000dead", 404),
        ("User", "/", 400),
    ] {
        let id = c.role(role).await;
        let got = c.request("Eligibility", "adminAssign", &alice, &id, scope, days(5)).await;
        assert_eq!(got.status, status, "{role} at {scope}: {}", got.body);
    }
    let rows = c.about("roleEligibilityScheduleInstances", &alice).await;
    assert!(
        rows.iter()
            .any(|row| row["directoryScopeId"] == unit.as_str() && row["id"].as_str().unwrap().ends_with("-2-e"))
    );
}

#[tokio::test]
async fn a_pending_grant_has_no_instance_and_is_cancelled_through_its_request() {
    let c = Client::seeded(Seed::Contoso).await;
    let (alice, role) = (c.id("users", "alice@contoso.example").await, c.role("Reports Reader").await);
    let later =
        json!({"startDateTime": "2026-12-01T00:00:00Z", "expiration": {"type": "afterDuration", "duration": "P9D"}});
    let got = c.request("Eligibility", "adminAssign", &alice, &role, "/", later.clone()).await;
    assert_eq!(
        (&got.body["status"], &got.body["completedDateTime"]),
        (&json!("Granted"), &json!("2026-12-01T00:00:00Z"))
    );
    let of_role = |rows: Vec<Value>| rows.into_iter().filter(|row| row["roleDefinitionId"] == role.as_str()).count();
    assert_eq!(of_role(c.about("roleEligibilitySchedules", &alice).await), 1);
    assert_eq!(of_role(c.about("roleEligibilityScheduleInstances", &alice).await), 0);
    assert_eq!(
        c.request("Eligibility", "adminRemove", &alice, &role, "/", Value::Null).await.code(),
        "RoleAssignmentDoesNotExist"
    );
    let id = got.body["id"].as_str().unwrap();
    let path = format!("{DIRECTORY}/roleEligibilityScheduleRequests/{id}/cancel");
    assert_eq!(c.post(&path, json!({})).await.status, 204);
    assert_eq!(of_role(c.about("roleEligibilitySchedules", &alice).await), 0);
    let request = c.get(&format!("{DIRECTORY}/roleEligibilityScheduleRequests/{id}")).await;
    assert_eq!(request.body["status"], "Canceled");
    // In force, it cannot be cancelled any more.
    let got = c.request("Eligibility", "adminAssign", &alice, &role, "/", later).await;
    c.advance(86_400 * 11);
    assert_eq!(of_role(c.about("roleEligibilityScheduleInstances", &alice).await), 1);
    let path = format!("{DIRECTORY}/roleEligibilityScheduleRequests/{}/cancel", got.body["id"].as_str().unwrap());
    assert_eq!(c.post(&path, json!({})).await.status, 400);
}

#[tokio::test]
async fn requests_are_purged_and_schedules_stay() {
    let c = Client::seeded(Seed::Contoso).await;
    let (alice, role) = (c.id("users", "alice@contoso.example").await, c.role("Reports Reader").await);
    let got = c.request("Eligibility", "adminAssign", &alice, &role, "/", days(200)).await;
    let id = got.body["id"].as_str().unwrap().to_owned();
    c.advance(86_400 * 60);
    assert_eq!(c.get(&format!("{DIRECTORY}/roleEligibilityScheduleRequests/{id}")).await.status, 404);
    assert_eq!(c.get(&format!("{DIRECTORY}/roleEligibilitySchedules/{id}")).await.status, 200);
    assert_eq!(c.request("Eligibility", "adminRemove", &alice, &role, "/", Value::Null).await.status, 201);
}

#[tokio::test]
async fn a_renewal_follows_an_end() {
    let c = Client::seeded(Seed::Contoso).await;
    let (alice, role) = (c.id("users", "alice@contoso.example").await, c.role("Reports Reader").await);
    assert_eq!(
        c.request("Eligibility", "adminRenew", &alice, &role, "/", days(5)).await.code(),
        "RoleAssignmentDoesNotExist"
    );
    c.request("Eligibility", "adminAssign", &alice, &role, "/", days(2)).await;
    assert_eq!(
        c.request("Eligibility", "adminRenew", &alice, &role, "/", days(5)).await.code(),
        "RoleAssignmentExists"
    );
    assert_eq!(c.request("Eligibility", "adminExtend", &alice, &role, "/", days(3)).await.status, 201);
    c.advance(86_400 * 4);
    assert!(
        c.about("roleEligibilitySchedules", &alice).await.iter().all(|row| row["roleDefinitionId"] != role.as_str())
    );
    assert_eq!(
        c.request("Eligibility", "adminExtend", &alice, &role, "/", days(5)).await.code(),
        "RoleAssignmentDoesNotExist"
    );
    assert_eq!(c.request("Eligibility", "adminRenew", &alice, &role, "/", days(5)).await.status, 201);
}

#[tokio::test]
async fn validation_only_stores_nothing() {
    let c = Client::seeded(Seed::Contoso).await;
    let (alice, role) = (c.id("users", "alice@contoso.example").await, c.role("Reports Reader").await);
    let before = c.running.state_json();
    let body = json!({"action": "adminAssign", "principalId": alice, "roleDefinitionId": role, "directoryScopeId": "/",
        "isValidationOnly": true, "scheduleInfo": days(5)});
    assert_eq!(c.post(&format!("{DIRECTORY}/roleEligibilityScheduleRequests"), body.clone()).await.status, 201);
    assert_eq!(c.running.state_json(), before);
    let mut unknown = body;
    unknown["reason"] = json!("x");
    assert_eq!(c.post(&format!("{DIRECTORY}/roleEligibilityScheduleRequests"), unknown).await.status, 400);
}

#[tokio::test]
async fn a_person_activates_and_it_ends_by_itself() {
    let mut c = Client::seeded(Seed::Contoso).await;
    let (heidi, role) = (c.id("users", "heidi@contoso.example").await, c.role("Teams Administrator").await);
    let ask = json!({"expiration": {"type": "AfterDuration", "duration": "PT5H"}});
    c.request("Eligibility", "adminAssign", &heidi, &role, "/", days(30)).await;
    c.act_as(json!({"user": "heidi@contoso.example"})).await;
    let got = c.request("Assignment", "selfActivate", &heidi, &role, "/", ask.clone()).await;
    assert!(got.body.to_string().contains("MfaRule"), "{}", got.body);
    c.act_as(json!({"user": "heidi@contoso.example", "mfa": true})).await;
    let long = json!({"expiration": {"type": "AfterDuration", "duration": "PT9H"}});
    assert!(
        c.request("Assignment", "selfActivate", &heidi, &role, "/", long)
            .await
            .body
            .to_string()
            .contains("ExpirationRule")
    );
    let got = c.request("Assignment", "selfActivate", &heidi, &role, "/", ask.clone()).await;
    assert_eq!((got.status, &got.body["status"]), (201, &json!("Provisioned")), "{}", got.body);
    assert_eq!(c.request("Assignment", "selfActivate", &heidi, &role, "/", ask).await.code(), "RoleAssignmentExists");
    let other = c.role_as_admin("Exchange Administrator").await;
    let ask = json!({"expiration": {"type": "AfterDuration", "duration": "PT1H"}});
    let got = c.request("Assignment", "selfActivate", &heidi, &other, "/", ask).await;
    assert!(got.body.to_string().contains("EligibilityRule"), "{}", got.body);
    c.sign_in(crate::client::ADMIN).await;
    let path =
        format!("{DIRECTORY}/roleAssignmentScheduleInstances?$filter=principalId eq '{heidi}'&$expand=activatedUsing");
    let rows = c.get(&path).await.rows().clone();
    assert_eq!((rows.len(), &rows[0]["assignmentType"]), (1, &json!("Activated")));
    assert!(rows[0]["activatedUsing"]["id"].as_str().unwrap().ends_with("-e"));
    let plain = c.get(&format!("{DIRECTORY}/roleAssignments?$filter=principalId eq '{heidi}'")).await.rows().clone();
    assert_eq!(plain[0]["id"], rows[0]["roleAssignmentOriginId"]);
    c.advance(5 * 3600);
    assert!(c.about("roleAssignmentScheduleInstances", &heidi).await.is_empty());
    assert!(!c.about("roleEligibilitySchedules", &heidi).await.is_empty());
}

#[tokio::test]
async fn a_context_and_a_group_stand_between_a_person_and_a_role() {
    let mut c = Client::seeded(Seed::Contoso).await;
    let (alice, role) = (c.id("users", "alice@contoso.example").await, c.role("Helpdesk Administrator").await);
    let unit = format!("/administrativeUnits/{}", c.id("directory/administrativeUnits", "EMEA Users").await);
    let policy = crate::policy::policy_of(&c, &role).await;
    crate::policy::put(
        &c,
        &policy,
        "AuthenticationContext_EndUser_Assignment",
        json!({"isEnabled": true, "claimValue": "c1"}),
    )
    .await;
    crate::policy::put(&c, &policy, "Enablement_EndUser_Assignment", json!({"enabledRules": ["Ticketing"]})).await;
    let mut body = json!({"action": "selfActivate", "principalId": alice, "roleDefinitionId": role, "directoryScopeId": unit,
        "scheduleInfo": {"expiration": {"type": "afterDuration", "duration": "PT1H"}}});
    let path = format!("{DIRECTORY}/roleAssignmentScheduleRequests");
    c.act_as(json!({"user": "alice@contoso.example"})).await;
    assert!(c.post(&path, body.clone()).await.body.to_string().contains("TicketingRule"));
    body["ticketInfo"] = json!({"ticketNumber": "CHG-1", "ticketSystem": "ServiceNow"});
    let got = c.post(&path, body.clone()).await;
    assert_eq!(got.code(), "RoleAssignmentRequestAcrsValidationFailed");
    assert!(got.body["error"]["message"].as_str().unwrap().contains("c1"));
    c.act_as(json!({"user": "alice@contoso.example", "acrs": ["c1"]})).await;
    let got = c.post(&path, body).await;
    assert_eq!((got.status, &got.body["status"]), (201, &json!("Provisioned")), "{}", got.body);
    let off = || c.request("Assignment", "selfDeactivate", &alice, &role, &unit, Value::Null);
    assert_eq!(off().await.code(), "ActiveDurationTooShort");
    c.advance(301);
    assert_eq!(off().await.body["status"], "Revoked");
    assert_eq!(off().await.code(), "RoleAssignmentDoesNotExist");
}

#[tokio::test]
async fn a_cancelled_request_is_forgotten_after_thirty_days() {
    let c = Client::seeded(Seed::Contoso).await;
    let frank = c.id("users", "frank@contoso.example").await;
    let requests = c.about("roleEligibilityScheduleRequests", &frank).await;
    let one = format!("{DIRECTORY}/roleEligibilityScheduleRequests/{}", requests[0]["id"].as_str().unwrap());
    assert_eq!(c.post(&format!("{one}/cancel"), json!({})).await.status, 204);
    c.advance(86_400 * 28);
    assert_eq!(c.get(&one).await.body["status"], "Canceled");
    c.advance(86_400 * 2);
    assert_eq!(c.get(&one).await.status, 404);
}

impl Client {
    /// Returns a role's id although the current caller may not read roles.
    async fn role_as_admin(&mut self, name: &str) -> String {
        let token = self.token.clone();
        self.sign_in(crate::client::ADMIN).await;
        let id = self.role(name).await;
        self.token = token;
        id
    }
}

#[tokio::test]
async fn an_activation_waits_for_its_approver() {
    let mut c = Client::seeded(Seed::Contoso).await;
    let (alice, role) = (c.id("users", "alice@contoso.example").await, c.role("Teams Administrator").await);
    let approvers = c.id("groups", "sg-pim-approvers").await;
    let policy = crate::policy::policy_of(&c, &role).await;
    crate::policy::put(
        &c,
        &policy,
        "Approval_EndUser_Assignment",
        json!({"setting": {"isApprovalRequired": true,
        "approvalMode": "SingleStage", "approvalStages": [{"primaryApprovers": [
            {"@odata.type": "#microsoft.graph.groupMembers", "groupId": approvers}]}]}}),
    )
    .await;
    c.request("Eligibility", "adminAssign", &alice, &role, "/", days(30)).await;
    c.act_as(json!({"user": "alice@contoso.example", "mfa": true})).await;
    let ask = json!({"expiration": {"type": "AfterDuration", "duration": "PT2H"}});
    let got = c.request("Assignment", "selfActivate", &alice, &role, "/", ask.clone()).await;
    assert_eq!(got.body["status"], "PendingApproval");
    assert_eq!(
        c.request("Assignment", "selfActivate", &alice, &role, "/", ask).await.code(),
        "PendingRoleAssignmentRequest"
    );
    let id = got.body["approvalId"].as_str().unwrap().to_owned();
    let step = format!("/beta/roleManagement/directory/roleAssignmentApprovals/{id}/steps/{id}");
    let verdict = json!({"reviewResult": "Approve", "justification": "fine"});
    assert_eq!(c.patch(&step, verdict.clone()).await.status, 403);
    c.act_as(json!({"user": "grace@contoso.example", "mfa": true})).await;
    let open = c.get(&format!("{DIRECTORY}/roleAssignmentScheduleRequests/filterByCurrentUser(on='approver')")).await;
    assert_eq!(open.rows().len(), 1);
    assert_eq!(c.patch(&step, verdict).await.status, 204);
    c.sign_in(crate::client::ADMIN).await;
    assert_eq!(c.about("roleAssignmentScheduleInstances", &alice).await.len(), 1);
}

#[tokio::test]
async fn what_was_assigned_outside_pim_shows_with_the_time_of_the_query() {
    let c = Client::seeded(Seed::Contoso).await;
    let (erin, role) = (c.id("users", "erin@contoso.example").await, c.role("Reports Reader").await);
    let body = json!({"principalId": erin, "roleDefinitionId": role, "directoryScopeId": "/"});
    let got = c.post(&format!("{DIRECTORY}/roleAssignments"), body.clone()).await;
    assert_eq!(got.status, 201, "{}", got.body);
    assert_eq!(c.post(&format!("{DIRECTORY}/roleAssignments"), body).await.code(), "Request_BadRequest");
    let row = &c.about("roleAssignmentSchedules", &erin).await[0];
    assert_eq!(
        (&row["id"], &row["createdUsing"], &row["createdDateTime"]),
        (&got.body["id"], &Value::Null, &Value::Null)
    );
    assert_eq!(row["scheduleInfo"]["startDateTime"], "2026-11-21T12:00:00Z");
    c.advance(600);
    let row = &c.about("roleAssignmentSchedules", &erin).await[0];
    assert_eq!(row["scheduleInfo"]["startDateTime"], "2026-11-21T12:10:00Z");
    assert_eq!(c.about("roleAssignmentScheduleInstances", &erin).await[0]["startDateTime"], Value::Null);
    assert_eq!(c.request("Assignment", "adminRemove", &erin, &role, "/", Value::Null).await.body["status"], "Revoked");
    assert!(c.about("roleAssignmentSchedules", &erin).await.is_empty());
}

#[tokio::test]
async fn people_need_an_entra_role_to_administer() {
    let mut c = Client::seeded(Seed::Contoso).await;
    let (alice, role) = (c.id("users", "alice@contoso.example").await, c.role("Reports Reader").await);
    c.act_as(json!({"user": "alice@contoso.example", "mfa": true})).await;
    let got = c.request("Eligibility", "adminAssign", &alice, &role, "/", days(5)).await;
    assert_eq!(
        (got.status, got.body["error"]["message"].as_str().unwrap()),
        (403, "Attempted to perform an unauthorized operation.")
    );
    assert_eq!(c.get(&format!("{DIRECTORY}/roleEligibilitySchedules")).await.status, 403);
    let mine = c.get(&format!("{DIRECTORY}/roleEligibilitySchedules/filterByCurrentUser(on='principal')")).await;
    assert!(mine.rows().iter().any(|row| row["memberType"] == "Group" && row["principalId"] == alice.as_str()));
    c.act_as(json!({"user": "breakglass1@contoso.example"})).await;
    assert_eq!(c.request("Eligibility", "adminAssign", &alice, &role, "/", days(5)).await.status, 201);
}
