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
