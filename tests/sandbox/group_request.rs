//! Schedule requests of PIM for Groups and what becomes of them (graph.md 4.3, 4.4).

use rolewright::sandbox::Seed;
use serde_json::{Value, json};

use crate::client::{Client, GROUP, days, forever};

async fn contoso() -> (Client, String, String) {
    let c = Client::seeded(Seed::Contoso).await;
    let (dave, group) = (c.id("users", "dave@contoso.example").await, c.id("groups", "sg-helpdesk-all").await);
    (c, dave, group)
}

#[tokio::test]
async fn a_grant_is_request_schedule_and_instance() {
    let (c, dave, group) = contoso().await;
    let got = c.group_request("eligibility", "AdminAssign", &dave, (&group, "member"), days(30)).await;
    assert_eq!(got.status, 201, "{}", got.body);
    let id = got.body["id"].as_str().unwrap();
    let schedule = format!("{group}_member_{id}");
    assert_eq!((&got.body["status"], &got.body["action"]), (&json!("Provisioned"), &json!("adminAssign")));
    assert_eq!((&got.body["targetScheduleId"], &got.body["accessId"]), (&json!(schedule), &json!("member")));
    assert!(got.body.get("roleDefinitionId").is_none() && got.body.get("directoryScopeId").is_none());
    let row = c.get(&format!("{GROUP}/eligibilitySchedules/{schedule}")).await.body;
    assert_eq!((&row["createdUsing"], &row["memberType"]), (&json!(id), &json!("Direct")));
    assert_eq!(row["scheduleInfo"]["expiration"]["endDateTime"], "2026-12-21T12:00:00Z");
    let instances = c.in_group("eligibilityScheduleInstances", &group).await;
    assert_eq!(instances.len(), 1);
    assert_eq!(instances[0]["eligibilityScheduleId"], schedule.as_str());
    assert!(instances[0]["id"].as_str().unwrap().starts_with(&format!("{group}_member_")));
    assert_ne!(instances[0]["id"], schedule.as_str());
    assert_eq!(instances[0]["endDateTime"], "2026-12-21T12:00:00Z");
    // Eligibility does not change the group.
    assert!(!c.ids(&format!("/v1.0/groups/{group}/members")).await.contains(&dave));
    let again = c.group_request("eligibility", "adminAssign", &dave, (&group, "member"), days(5)).await;
    assert_eq!((again.status, again.code().as_str()), (400, "RoleAssignmentExists"));
    // Member and owner are told apart.
    assert_eq!(c.group_request("eligibility", "adminAssign", &dave, (&group, "owner"), days(5)).await.status, 201);
    assert_eq!(c.in_group("eligibilitySchedules", &group).await.len(), 2);
}

#[tokio::test]
async fn changes_answer_another_schedule_each_time() {
    let (c, dave, group) = contoso().await;
    let at = (group.as_str(), "member");
    let absent = c.group_request("eligibility", "adminUpdate", &dave, at, days(9)).await;
    assert_eq!(absent.code(), "RoleAssignmentDoesNotExist");
    let mut seen = vec![c.group_request("eligibility", "adminAssign", &dave, at, days(10)).await];
    seen.push(c.group_request("eligibility", "adminUpdate", &dave, at, days(20)).await);
    seen.push(c.group_request("eligibility", "adminExtend", &dave, at, days(40)).await);
    let mut ids: Vec<&str> = seen.iter().map(|got| got.body["targetScheduleId"].as_str().unwrap()).collect();
    let rows = c.in_group("eligibilitySchedules", &group).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["id"], ids[2]);
    assert_eq!(rows[0]["scheduleInfo"]["expiration"]["endDateTime"], "2026-12-31T12:00:00Z");
    ids.dedup();
    assert_eq!(ids.len(), 3);
    let remove = || c.group_request("eligibility", "adminRemove", &dave, at, Value::Null);
    assert_eq!(remove().await.code(), "ActiveDurationTooShort");
    c.advance(301);
    let removed = remove().await;
    assert_eq!(removed.body["status"], "Revoked");
    assert_eq!((&removed.body["targetScheduleId"], &removed.body["scheduleInfo"]), (&Value::Null, &Value::Null));
    assert_eq!(remove().await.code(), "RoleAssignmentDoesNotExist");
    assert!(c.in_group("eligibilitySchedules", &group).await.is_empty());
}

#[tokio::test]
async fn untouched_policies_demand_an_end() {
    let (c, dave, group) = contoso().await;
    for (side, rule) in [("eligibility", "Expiration_Admin_Eligibility"), ("assignment", "Expiration_Admin_Assignment")]
    {
        let got = c.group_request(side, "adminAssign", &dave, (&group, "member"), forever()).await;
        assert_eq!(got.code(), "RoleAssignmentRequestPolicyValidationFailed");
        assert!(got.body["error"]["message"].as_str().unwrap().contains("ExpirationRule"), "{}", got.body);
        let opened = c.group_rule(&group, "member", rule, json!({"isExpirationRequired": false})).await;
        assert_eq!(opened.status, 204, "{}", opened.body);
        let got = c.group_request(side, "adminAssign", &dave, (&group, "member"), forever()).await;
        assert_eq!(got.status, 201, "{}", got.body);
        // The other access has a policy of its own.
        let got = c.group_request(side, "adminAssign", &dave, (&group, "owner"), forever()).await;
        assert_eq!(got.code(), "RoleAssignmentRequestPolicyValidationFailed");
    }
}

#[tokio::test]
async fn windows_are_judged_as_for_directory_roles() {
    let (c, dave, group) = contoso().await;
    for (expiration, code) in [
        (json!({"type": "afterDuration", "duration": "PT4M"}), "ActiveDurationTooShort"),
        (json!({"type": "afterDuration", "duration": "P6M"}), "InvalidRoleAssignmentRequest"),
        (
            json!({"type": "afterDateTime", "endDateTime": "2020-01-01T00:00:00Z"}),
            "InvalidRoleAssignmentRequestSchedule",
        ),
        (json!({"type": "afterDuration", "duration": "P366D"}), "RoleAssignmentRequestPolicyValidationFailed"),
    ] {
        let schedule = json!({"expiration": expiration});
        let got = c.group_request("eligibility", "adminAssign", &dave, (&group, "member"), schedule).await;
        assert_eq!((got.status, got.code().as_str()), (400, code), "{}", got.body);
    }
    let foreign = json!({"action": "adminAssign", "directoryScopeId": "/"});
    let other = c.post(&format!("{GROUP}/eligibilityScheduleRequests"), foreign).await;
    assert_eq!(other.code(), "BadRequest");
}

#[tokio::test]
async fn a_validation_stores_nothing_and_does_not_onboard() {
    let (c, dave, group) = contoso().await;
    let body = json!({"action": "adminAssign", "principalId": dave, "groupId": group, "accessId": "member",
        "isValidationOnly": true, "scheduleInfo": days(5)});
    let got = c.post(&format!("{GROUP}/eligibilityScheduleRequests"), body).await;
    assert_eq!((got.status, &got.body["isValidationOnly"]), (201, &json!(true)));
    assert!(c.in_group("eligibilitySchedules", &group).await.is_empty());
    assert!(c.in_group("eligibilityScheduleRequests", &group).await.is_empty());
    assert!(c.onboarded().await.is_empty());
}

#[tokio::test]
async fn what_has_not_begun_is_cancelled() {
    let (c, dave, group) = contoso().await;
    let later =
        json!({"startDateTime": "2026-12-01T00:00:00Z", "expiration": {"type": "afterDuration", "duration": "P10D"}});
    let got = c.group_request("assignment", "adminAssign", &dave, (&group, "member"), later).await;
    assert_eq!(got.body["status"], "Granted");
    let rows = c.in_group("assignmentSchedules", &group).await;
    assert!(rows.iter().any(|row| row["principalId"] == dave.as_str() && row["status"] == "Granted"));
    assert!(!c.ids(&format!("/v1.0/groups/{group}/members")).await.contains(&dave));
    assert_eq!(c.group_request("assignment", "adminRemove", &dave, (&group, "member"), Value::Null).await.status, 400);
    let one = format!("{GROUP}/assignmentScheduleRequests/{}", got.body["id"].as_str().unwrap());
    // One side does not cancel what is the other's, nor one part of PIM.
    let id = got.body["id"].as_str().unwrap();
    for other in [
        format!("{GROUP}/eligibilityScheduleRequests/{id}/cancel"),
        format!("{}/roleAssignmentScheduleRequests/{id}/cancel", crate::client::DIRECTORY),
    ] {
        assert_eq!(c.post(&other, json!({})).await.status, 404);
    }
    assert_eq!(c.post(&format!("{one}/cancel"), json!({})).await.status, 204);
    assert_eq!(c.get(&one).await.body["status"], "Canceled");
    c.advance(86_400 * 12);
    assert!(!c.ids(&format!("/v1.0/groups/{group}/members")).await.contains(&dave));
}

#[tokio::test]
async fn requests_are_purged_and_schedules_stay() {
    let (c, dave, group) = contoso().await;
    let got = c.group_request("eligibility", "adminAssign", &dave, (&group, "member"), days(90)).await;
    let one = format!("{GROUP}/eligibilityScheduleRequests/{}", got.body["id"].as_str().unwrap());
    c.advance(86_400 * 44);
    assert_eq!(c.get(&one).await.status, 200);
    c.advance(86_400);
    assert_eq!((c.get(&one).await.status, c.get(&one).await.code().as_str()), (404, "ResourceNotFound"));
    assert_eq!(c.in_group("eligibilitySchedules", &group).await.len(), 1);
    // Ended ones leave the lists, and can be renewed.
    c.advance(86_400 * 46);
    assert!(c.in_group("eligibilitySchedules", &group).await.is_empty());
    let renewed = c.group_request("eligibility", "adminRenew", &dave, (&group, "member"), days(9)).await;
    assert_eq!(renewed.status, 201, "{}", renewed.body);
}

#[tokio::test]
async fn two_parts_of_pim_do_not_see_each_other() {
    let (c, dave, group) = contoso().await;
    c.group_request("eligibility", "adminAssign", &dave, (&group, "member"), days(9)).await;
    let rows = c.about("roleEligibilitySchedules", &dave).await;
    assert!(rows.iter().all(|row| row.get("groupId").is_none()), "{rows:?}");
    let requests = c.about("roleEligibilityScheduleRequests", &dave).await;
    assert!(requests.iter().all(|row| row.get("groupId").is_none()), "{requests:?}");
    let mine = c.get(&format!("{GROUP}/eligibilitySchedules?$filter=principalId eq '{dave}'")).await;
    assert_eq!(mine.rows().iter().filter(|row| row["groupId"] == group.as_str()).count(), 1);
}

#[tokio::test]
async fn a_fault_gives_owner_instead_of_member() {
    use rolewright::sandbox::{Effect, FaultRule, Match, SandboxOptions};
    let on = Match { method: Some("POST".to_owned()), ..Match::default() };
    let faults = vec![FaultRule { matches: on, effect: Effect::Widen }];
    let c = Client::start(SandboxOptions { faults, ..crate::client::options(Seed::Contoso) }).await;
    let (dave, group) = (c.id("users", "dave@contoso.example").await, c.id("groups", "sg-helpdesk-all").await);
    let got = c.group_request("eligibility", "adminAssign", &dave, (&group, "member"), days(9)).await;
    assert_eq!((got.status, &got.body["accessId"]), (201, &json!("owner")));
    assert_eq!(c.in_group("eligibilitySchedules", &group).await[0]["accessId"], "owner");
}
