//! People who activate membership or ownership, and those who approve it (graph.md 2.10, 4.1, 4.4).

use rolewright::sandbox::Seed;
use serde_json::{Value, json};

use crate::client::{ADMIN, Client, GROUP, days};

struct Story {
    c: Client,
    dave: String,
    group: String,
}

fn hours(hours: i64) -> Value {
    json!({"expiration": {"type": "afterDuration", "duration": format!("PT{hours}H")}})
}

/// Dave is eligible as member of sg-helpdesk-all and signed in.
async fn eligible() -> Story {
    let mut c = Client::seeded(Seed::Contoso).await;
    let (dave, group) = (c.id("users", "dave@contoso.example").await, c.id("groups", "sg-helpdesk-all").await);
    let got = c.group_request("eligibility", "adminAssign", &dave, (&group, "member"), days(30)).await;
    assert_eq!(got.status, 201, "{}", got.body);
    c.act_as(json!({"user": "dave@contoso.example"})).await;
    Story { c, dave, group }
}

impl Story {
    async fn own(&self, action: &str, access: &str, schedule: Value) -> crate::client::Got {
        self.c.group_request("assignment", action, &self.dave, (&self.group, access), schedule).await
    }

    async fn rows(&mut self, collection: &str) -> Vec<Value> {
        let token = self.c.token.clone();
        self.c.sign_in(ADMIN).await;
        let rows = self.c.in_group(collection, &self.group).await;
        self.c.token = token;
        rows.into_iter().filter(|row| row["principalId"] == self.dave.as_str()).collect()
    }

    async fn is_member(&mut self) -> bool {
        let token = self.c.token.clone();
        self.c.sign_in(ADMIN).await;
        let members = self.c.ids(&format!("/v1.0/groups/{}/members", self.group)).await;
        self.c.token = token;
        members.contains(&self.dave)
    }

    /// Demands approval of activations by these approvers.
    async fn demand_approval(&mut self, approvers: Value) {
        let token = self.c.token.clone();
        self.c.sign_in(ADMIN).await;
        let setting = json!({"isApprovalRequired": true, "approvalMode": "SingleStage",
            "approvalStages": [{"primaryApprovers": approvers}]});
        let rule = "Approval_EndUser_Assignment";
        let got = self.c.group_rule(&self.group, "member", rule, json!({"setting": setting})).await;
        assert_eq!(got.status, 204, "{}", got.body);
        self.c.token = token;
    }
}

#[tokio::test]
async fn an_activation_makes_a_member_for_its_hours() {
    let mut s = eligible().await;
    let got = s.own("selfActivate", "member", hours(2)).await;
    assert_eq!((got.status, &got.body["status"]), (201, &json!("Provisioned")), "{}", got.body);
    assert_eq!(got.body["createdBy"]["user"]["id"], s.dave.as_str());
    assert!(s.is_member().await);
    let rows = s.rows("assignmentSchedules").await;
    assert_eq!((rows.len(), &rows[0]["assignmentType"]), (1, &json!("Activated")));
    assert_eq!(rows[0]["scheduleInfo"]["expiration"]["endDateTime"], "2026-11-21T14:00:00Z");
    let eligibility = s.rows("eligibilitySchedules").await;
    s.c.sign_in(ADMIN).await;
    let filter = format!("$filter=groupId eq '{}' and assignmentType eq 'activated'&$expand=activatedUsing", s.group);
    let used = s.c.get(&format!("{GROUP}/assignmentSchedules?{filter}")).await.rows()[0]["activatedUsing"].clone();
    assert_eq!(used["id"], eligibility[0]["id"]);
    let used =
        s.c.get(&format!("{GROUP}/assignmentScheduleInstances?{filter}")).await.rows()[0]["activatedUsing"].clone();
    assert_eq!(used["eligibilityScheduleId"], eligibility[0]["id"]);
    // The eligibility gets another id when it is changed; the activation follows.
    let got = s.c.group_request("eligibility", "adminExtend", &s.dave, (&s.group, "member"), days(60)).await;
    let used = s.c.get(&format!("{GROUP}/assignmentSchedules?{filter}")).await.rows()[0]["activatedUsing"].clone();
    assert_eq!(used["id"], got.body["targetScheduleId"]);
    s.c.advance(2 * 3_600);
    assert!(!s.is_member().await);
    assert_eq!((s.rows("assignmentSchedules").await.len(), s.rows("eligibilitySchedules").await.len()), (0, 1));
}

#[tokio::test]
async fn rules_of_activations_apply() {
    let s = eligible().await;
    let failed = |got: &crate::client::Got| got.body["error"]["message"].as_str().unwrap_or_default().to_owned();
    let got = s.own("selfActivate", "member", hours(9)).await;
    assert!(failed(&got).contains("ExpirationRule"), "{}", got.body);
    let got = s.own("selfActivate", "owner", hours(1)).await;
    assert!(failed(&got).contains("EligibilityRule"), "{}", got.body);
    let body = json!({"action": "selfActivate", "principalId": s.dave, "groupId": s.group, "accessId": "member",
        "scheduleInfo": hours(1)});
    let got = s.c.post(&format!("{GROUP}/assignmentScheduleRequests"), body).await;
    assert!(failed(&got).contains("JustificationRule"), "{}", got.body);
    let alice = s.c.id("users", "alice@contoso.example").await;
    let got = s.c.group_request("assignment", "selfActivate", &alice, (&s.group, "member"), hours(1)).await;
    assert_eq!(got.status, 403, "for oneself only");
    assert_eq!(s.own("selfActivate", "member", hours(1)).await.status, 201);
    assert_eq!(s.own("selfActivate", "member", hours(1)).await.code(), "RoleAssignmentExists");
}

#[tokio::test]
async fn an_activation_can_be_given_back_after_five_minutes() {
    let mut s = eligible().await;
    assert_eq!(s.own("selfDeactivate", "member", Value::Null).await.code(), "RoleAssignmentDoesNotExist");
    s.own("selfActivate", "member", hours(2)).await;
    assert_eq!(s.own("selfDeactivate", "member", Value::Null).await.code(), "ActiveDurationTooShort");
    s.c.advance(301);
    assert_eq!(s.own("selfDeactivate", "member", Value::Null).await.body["status"], "Revoked");
    assert!(!s.is_member().await);
}

#[tokio::test]
async fn whoever_is_a_member_already_activates_nothing() {
    let mut s = eligible().await;
    s.c.sign_in(ADMIN).await;
    let link = json!({"@odata.id": format!("https://graph.microsoft.com/v1.0/users/{}", s.dave)});
    assert_eq!(s.c.post(&format!("/v1.0/groups/{}/members/$ref", s.group), link).await.status, 204);
    s.c.act_as(json!({"user": "dave@contoso.example"})).await;
    assert_eq!(s.own("selfActivate", "member", hours(1)).await.code(), "RoleAssignmentExists");
}

#[tokio::test]
async fn members_of_an_eligible_group_activate_for_themselves() {
    let mut s = eligible().await;
    s.c.sign_in(ADMIN).await;
    let approvers = s.c.id("groups", "sg-pim-approvers").await;
    s.c.group_request("eligibility", "adminAssign", &approvers, (&s.group, "member"), days(30)).await;
    s.c.act_as(json!({"user": "grace@contoso.example"})).await;
    let grace = s.c.id("users", "grace@contoso.example").await;
    let got = s.c.group_request("assignment", "selfActivate", &grace, (&s.group, "member"), hours(1)).await;
    assert_eq!((got.status, &got.body["principalId"]), (201, &json!(grace)));
}

#[tokio::test]
async fn an_approver_decides() {
    let mut s = eligible().await;
    let approvers = s.c.id("groups", "sg-pim-approvers").await;
    s.demand_approval(json!([{"@odata.type": "#microsoft.graph.groupMembers", "groupId": approvers}])).await;
    let got = s.own("selfActivate", "member", hours(2)).await;
    assert_eq!(got.body["status"], "PendingApproval", "{}", got.body);
    assert!(!s.is_member().await);
    assert_eq!(s.own("selfActivate", "member", hours(2)).await.code(), "PendingRoleAssignmentRequest");
    let approval = format!("{GROUP}/assignmentApprovals/{}", got.body["approvalId"].as_str().unwrap());
    s.c.act_as(json!({"user": "grace@contoso.example"})).await;
    let open = s.c.get(&format!("{GROUP}/assignmentScheduleRequests/filterByCurrentUser(on='approver')")).await;
    assert_eq!(open.rows().len(), 1);
    let stages = s.c.get(&format!("{approval}?$expand=stages")).await.body["stages"].clone();
    assert_eq!((&stages[0]["assignedToMe"], &stages[0]["reviewResult"]), (&json!(true), &json!("NotReviewed")));
    let stage = format!("{approval}/stages/{}", stages[0]["id"].as_str().unwrap());
    s.c.act_as(json!({"user": "dave@contoso.example"})).await;
    let verdict = json!({"reviewResult": "Approve", "justification": "fine"});
    assert_eq!(s.c.patch(&stage, verdict.clone()).await.status, 403, "nobody approves their own");
    s.c.advance(600);
    s.c.act_as(json!({"user": "grace@contoso.example"})).await;
    assert_eq!(s.c.patch(&stage, verdict.clone()).await.status, 204);
    assert_eq!(s.c.patch(&stage, verdict).await.status, 400, "once");
    assert!(s.is_member().await);
    let rows = s.rows("assignmentSchedules").await;
    assert_eq!(rows[0]["id"], got.body["targetScheduleId"]);
    // It runs from the approval on, for as long as it was asked.
    assert_eq!(rows[0]["scheduleInfo"]["expiration"]["endDateTime"], "2026-11-21T14:10:00Z");
    // Approvals of groups are not among those of directory roles.
    let id = approval.rsplit('/').next().unwrap();
    let other = format!("/beta/roleManagement/directory/roleAssignmentApprovals/{id}");
    assert_eq!(s.c.get(&other).await.status, 404);
}

#[tokio::test]
async fn without_approvers_nobody_can_approve() {
    let mut s = eligible().await;
    s.demand_approval(json!([])).await;
    let got = s.own("selfActivate", "member", hours(2)).await;
    assert_eq!(got.body["status"], "PendingApproval");
    let approval = format!("{GROUP}/assignmentApprovals/{}", got.body["approvalId"].as_str().unwrap());
    // Directory roles would fall back to Global Administrators.
    s.c.act_as(json!({"user": "breakglass1@contoso.example", "mfa": true})).await;
    let stages = s.c.get(&format!("{approval}?$expand=stages")).await.body["stages"].clone();
    assert_eq!(stages[0]["assignedToMe"], false);
    let stage = format!("{approval}/stages/{}", stages[0]["id"].as_str().unwrap());
    assert_eq!(s.c.patch(&stage, json!({"reviewResult": "Approve"})).await.status, 403);
    s.c.act_as(json!({"user": "dave@contoso.example"})).await;
    let cancel = format!("{GROUP}/assignmentScheduleRequests/{}/cancel", got.body["id"].as_str().unwrap());
    assert_eq!(s.c.post(&cancel, json!({})).await.status, 204);
    assert!(!s.is_member().await);
}

/// Dave asked for membership as `schedule` says, with approval by grace; returns the request and the path of the stage, and grace is
/// signed in.
async fn asked(s: &mut Story, schedule: Value) -> (Value, String) {
    let approvers = s.c.id("groups", "sg-pim-approvers").await;
    s.demand_approval(json!([{"@odata.type": "#microsoft.graph.groupMembers", "groupId": approvers}])).await;
    let got = s.own("selfActivate", "member", schedule).await;
    assert_eq!(got.body["status"], "PendingApproval", "{}", got.body);
    assert_eq!(got.body["completedDateTime"], Value::Null);
    s.c.act_as(json!({"user": "grace@contoso.example"})).await;
    let approval = format!("{GROUP}/assignmentApprovals/{}", got.body["approvalId"].as_str().unwrap());
    let stages = s.c.get(&format!("{approval}?$expand=stages")).await.body["stages"].clone();
    (got.body, format!("{approval}/stages/{}", stages[0]["id"].as_str().unwrap()))
}

impl Story {
    /// Returns dave's only request for membership as it is now.
    async fn request(&mut self) -> Value {
        let rows = self.rows("assignmentScheduleRequests").await;
        assert_eq!(rows.len(), 1);
        rows[0].clone()
    }
}

fn verdict(result: &str) -> Value {
    json!({"reviewResult": result, "justification": "so"})
}

#[tokio::test]
async fn an_approver_denies() {
    let mut s = eligible().await;
    let (_, stage) = asked(&mut s, hours(2)).await;
    s.c.advance(60);
    assert_eq!(s.c.patch(&stage, verdict("Deny")).await.status, 204);
    let request = s.request().await;
    assert_eq!((&request["status"], &request["completedDateTime"]), (&json!("Denied"), &json!("2026-11-21T12:01:00Z")));
    let found = s.c.get(&stage).await.body;
    assert_eq!((&found["reviewResult"], &found["status"]), (&json!("Deny"), &json!("Completed")));
    assert_eq!(s.c.patch(&stage, verdict("Approve")).await.status, 400, "once");
    assert!(!s.is_member().await && s.rows("assignmentSchedules").await.is_empty());
    // a new request is free to be made
    s.c.act_as(json!({"user": "dave@contoso.example"})).await;
    assert_eq!(s.own("selfActivate", "member", hours(1)).await.status, 201);
}

#[tokio::test]
async fn an_approval_gives_nothing_when_the_eligibility_is_gone_or_the_place_is_taken() {
    for is_linked in [false, true] {
        let mut s = eligible().await;
        let (_, stage) = asked(&mut s, hours(2)).await;
        s.c.advance(600);
        s.c.sign_in(ADMIN).await;
        if is_linked {
            let link = json!({"@odata.id": format!("https://graph.microsoft.com/v1.0/users/{}", s.dave)});
            assert_eq!(s.c.post(&format!("/v1.0/groups/{}/members/$ref", s.group), link).await.status, 204);
        } else {
            let at = (s.group.as_str(), "member");
            let got = s.c.group_request("eligibility", "adminRemove", &s.dave, at, Value::Null).await;
            assert_eq!(got.body["status"], "Revoked", "{}", got.body);
        }
        s.c.act_as(json!({"user": "grace@contoso.example"})).await;
        assert_eq!(s.c.patch(&stage, verdict("Approve")).await.status, 204);
        assert_eq!(s.request().await["status"], "Failed");
        assert_eq!(s.is_member().await, is_linked);
        let rows = s.rows("assignmentSchedules").await;
        assert!(rows.iter().all(|row| row["assignmentType"] != "Activated"), "{rows:?}");
    }
}

#[tokio::test]
async fn an_approved_activation_uses_the_eligibility_of_that_hour_and_does_not_outlive_it() {
    let mut s = eligible().await;
    let (_, stage) = asked(&mut s, hours(8)).await;
    s.c.sign_in(ADMIN).await;
    let until = json!({"expiration": {"type": "afterDateTime", "endDateTime": "2026-11-21T15:00:00Z"}});
    let got = s.c.group_request("eligibility", "adminUpdate", &s.dave, (&s.group, "member"), until).await;
    assert_eq!(got.status, 201, "{}", got.body);
    s.c.act_as(json!({"user": "grace@contoso.example"})).await;
    assert_eq!(s.c.patch(&stage, verdict("Approve")).await.status, 204);
    assert_eq!(
        s.rows("assignmentSchedules").await[0]["scheduleInfo"]["expiration"]["endDateTime"],
        "2026-11-21T15:00:00Z"
    );
    s.c.sign_in(ADMIN).await;
    let filter = format!("$filter=groupId eq '{}' and assignmentType eq 'activated'&$expand=activatedUsing", s.group);
    let rows = s.c.get(&format!("{GROUP}/assignmentSchedules?{filter}")).await.rows().clone();
    assert_eq!(rows[0]["activatedUsing"]["id"], got.body["targetScheduleId"]);
}

#[tokio::test]
async fn an_activation_for_later_is_granted_until_then() {
    let mut s = eligible().await;
    let later =
        json!({"startDateTime": "2026-11-21T16:00:00Z", "expiration": {"type": "afterDuration", "duration": "PT2H"}});
    let (_, stage) = asked(&mut s, later).await;
    s.c.advance(60);
    assert_eq!(s.c.patch(&stage, verdict("Approve")).await.status, 204);
    let request = s.request().await;
    assert_eq!(
        (&request["status"], &request["completedDateTime"]),
        (&json!("Granted"), &json!("2026-11-21T16:00:00Z"))
    );
    let found = s.c.get(&stage).await.body;
    assert_eq!((&found["reviewResult"], &found["status"]), (&json!("Approve"), &json!("Completed")));
    assert!(!s.is_member().await);
    s.c.advance(4 * 3_600);
    assert!(s.is_member().await);
    assert_eq!(s.request().await["status"], "Provisioned");
    assert_eq!(
        s.rows("assignmentSchedules").await[0]["scheduleInfo"]["expiration"]["endDateTime"],
        "2026-11-21T18:00:00Z"
    );
}

#[tokio::test]
async fn what_nobody_approves_in_time_fails() {
    let mut s = eligible().await;
    let (_, stage) = asked(&mut s, hours(2)).await;
    s.c.advance(86_399);
    assert_eq!(s.request().await["status"], "PendingApproval");
    s.c.advance(1);
    assert_eq!(s.request().await["status"], "Failed");
    s.c.act_as(json!({"user": "grace@contoso.example"})).await;
    let open = s.c.get(&format!("{GROUP}/assignmentScheduleRequests/filterByCurrentUser(on='approver')")).await;
    assert_eq!((open.status, open.rows().len()), (200, 0), "{}", open.body);
    let found = s.c.get(&stage).await.body;
    assert_eq!((&found["reviewResult"], &found["status"]), (&json!("NotReviewed"), &json!("Expired")));
    assert_eq!(s.c.patch(&stage, verdict("Approve")).await.status, 400);
    assert!(!s.is_member().await);
    s.c.act_as(json!({"user": "dave@contoso.example"})).await;
    assert_eq!(s.own("selfActivate", "member", hours(2)).await.status, 201, "and may ask again");
}
