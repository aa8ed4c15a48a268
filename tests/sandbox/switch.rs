//! Behaviours on which sources disagree: each switch makes the difference it promises.

use rolewright::sandbox::{SandboxOptions, Seed, Switches};
use serde_json::{Value, json};

use crate::client::{Client, DIRECTORY, days, options};

async fn with(change: impl FnOnce(&mut Switches)) -> (Client, String, String) {
    let mut switches = Switches::default();
    change(&mut switches);
    let c = Client::start(SandboxOptions { switches, ..options(Seed::Contoso) }).await;
    let (alice, role) = (c.id("users", "alice@contoso.example").await, c.role("Reports Reader").await);
    (c, alice, role)
}

#[tokio::test]
async fn ids_and_durations_of_schedules() {
    for on in [false, true] {
        let (c, alice, role) = with(|s| (s.renewed_schedule_ids, s.keeps_durations) = (on, on)).await;
        let first = c.request("Eligibility", "adminAssign", &alice, &role, "/", days(9)).await;
        let second = c.request("Eligibility", "adminUpdate", &alice, &role, "/", days(12)).await;
        assert_eq!(second.body["targetScheduleId"] != first.body["targetScheduleId"], on);
        let rows = c.about("roleEligibilitySchedules", &alice).await;
        let found: Vec<&Value> = rows.iter().filter(|row| row["roleDefinitionId"] == role.as_str()).collect();
        assert_eq!((found.len(), &found[0]["id"]), (1, &second.body["targetScheduleId"]));
        let expected = if on {
            json!({"type": "afterDuration", "endDateTime": null, "duration": "P12D"})
        } else {
            json!({"type": "afterDateTime", "endDateTime": "2026-12-03T12:00:00Z", "duration": null})
        };
        assert_eq!(found[0]["scheduleInfo"]["expiration"], expected);
    }
}

#[tokio::test]
async fn assignments_outside_pim() {
    for shown in [false, true] {
        let (c, alice, role) = with(|s| (s.shows_outside, s.duplicate_conflict) = (shown, shown)).await;
        let body = json!({"principalId": alice, "roleDefinitionId": role, "directoryScopeId": "/"});
        let plain = format!("{DIRECTORY}/roleAssignments");
        assert_eq!(c.post(&plain, body.clone()).await.status, 201);
        assert_eq!(c.post(&plain, body).await.status, if shown { 409 } else { 400 });
        for layer in ["roleAssignmentSchedules", "roleAssignmentScheduleInstances"] {
            assert_eq!(!c.about(layer, &alice).await.is_empty(), shown);
        }
        let rows = c.get(&format!("{plain}?$filter=principalId eq '{alice}'")).await.rows().clone();
        assert_eq!(rows.len(), 1);
        assert_eq!(c.delete(&format!("{plain}/{}", rows[0]["id"].as_str().unwrap())).await.status, 204);
    }
}

#[tokio::test]
async fn policies_and_codes() {
    for on in [false, true] {
        let (c, alice, role) = with(|s| {
            (s.admin_ticketing, s.approver_ids) = (on, on);
            s.eligible_service_principal_code = "SubjectTypeNotSupported".to_owned();
        })
        .await;
        let app = c.id("servicePrincipals", "Payroll App").await;
        let got = c.request("Eligibility", "adminAssign", &app, &role, "/", days(9)).await;
        assert_eq!(got.code(), "SubjectTypeNotSupported");
        let policy = crate::policy::policy_of(&c, &role).await;
        let rules = format!("/v1.0/policies/roleManagementPolicies/{policy}/rules");
        let rule =
            crate::policy::rule(&c, &policy, "Enablement_Admin_Assignment", json!({"enabledRules": ["Ticketing"]}))
                .await;
        let got = c.patch(&format!("{rules}/Enablement_Admin_Assignment"), rule).await;
        assert_eq!(got.status, if on { 204 } else { 400 });
        let approver = json!({"setting": {"isApprovalRequired": true, "approvalStages": [{"escalationApprovers": [
            {"@odata.type": "#microsoft.graph.singleUser", "userId": alice}], "isEscalationEnabled": true,
            "primaryApprovers": [{"@odata.type": "microsoft.graph.singleUser", "id": alice}]}]}});
        crate::policy::put(&c, &policy, "Approval_EndUser_Assignment", approver).await;
        let kept = c.get(&format!("{rules}/Approval_EndUser_Assignment")).await.body;
        let stage = &kept["setting"]["approvalStages"][0];
        // Escalation is accepted and not stored.
        assert_eq!((&stage["escalationApprovers"], &stage["isEscalationEnabled"]), (&json!([]), &json!(false)));
        let approver = &stage["primaryApprovers"][0];
        assert_eq!(approver["@odata.type"], "#microsoft.graph.singleUser");
        assert_eq!((approver["userId"] == alice.as_str(), approver["id"] == alice.as_str()), (!on, on));
    }
}
