//! Schedule requests at ARM scopes and what becomes of them (arm.md B.0 to B.7, E.2, G).

use rolewright::sandbox::{SandboxOptions, Seed, Switches};
use serde_json::{Value, json};

use crate::arm_pim::{CONTRIBUTOR, OWNER, READER, SUBSCRIPTION, at, body, guid, lasting, path, role};
use crate::client::{Client, PLAN, options};

const PERMANENT: &str = "NoExpiration";

fn forever() -> Value {
    json!({"expiration": {"type": PERMANENT}})
}

#[tokio::test]
async fn a_grant_is_request_schedule_and_instance() {
    let c = Client::seeded(Seed::Empty).await;
    let ann = c.person("ann").await;
    let got = c.put_request("Eligibility", SUBSCRIPTION, 1, body("AdminAssign", &ann, READER, lasting("P90D"))).await;
    assert_eq!(got.status, 201, "{}", got.body);
    let p = &got.body["properties"];
    let schedule = format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleEligibilitySchedules/{}", guid(1));
    assert_eq!(p["targetRoleEligibilityScheduleId"], schedule.as_str());
    assert_eq!(
        (&p["status"], &p["principalType"], &p["ticketInfo"]),
        (&json!("Provisioned"), &json!("User"), &json!({}))
    );
    // The start becomes the processing time, written with its zone.
    assert_eq!(p["scheduleInfo"]["startDateTime"], "2026-11-21T12:00:02.5+00:00");
    assert_eq!(p["scheduleInfo"]["expiration"], json!({"type": "AfterDuration", "duration": "P90D"}));
    assert_eq!(p["createdOn"], "2026-11-21T12:00:00Z");
    assert_eq!(
        p["expandedProperties"]["scope"],
        json!({"id": SUBSCRIPTION, "displayName": "prod-core", "type": "subscription"})
    );
    assert_eq!(p["expandedProperties"]["roleDefinition"]["displayName"], "Reader");
    assert_eq!(p["expandedProperties"]["principal"]["email"], "ann@contoso.example");
    assert_eq!(got.body["type"], "Microsoft.Authorization/roleEligibilityScheduleRequests");
    for absent in ["approvalId", "condition", "linkedRoleEligibilityScheduleId"] {
        assert!(p.get(absent).is_none(), "{absent}");
    }

    let one = c.get(&path(SUBSCRIPTION, &format!("roleEligibilitySchedules/{}", guid(1)))).await;
    let s = &one.body["properties"];
    assert_eq!((&s["memberType"], &s["endDateTime"]), (&json!("Direct"), &json!("2027-02-19T12:00:02.5Z")));
    assert!(s["roleEligibilityScheduleRequestId"].as_str().unwrap().ends_with(&guid(1)));
    assert!(s.get("assignmentType").is_none() && s.get("condition").is_none());
    let instances = c.held("roleEligibilityScheduleInstances", SUBSCRIPTION, &ann, READER).await;
    assert_eq!(instances[0]["properties"]["roleEligibilityScheduleId"], schedule.as_str());
    assert_ne!(instances[0]["name"], guid(1).as_str());
    // Eligible means nothing to RBAC.
    assert!(c.held("roleAssignmentSchedules", SUBSCRIPTION, &ann, READER).await.is_empty());
}

#[tokio::test]
async fn an_active_assignment_is_a_role_assignment_named_by_its_instance() {
    let c = Client::seeded(Seed::Empty).await;
    let ann = c.person("ann").await;
    let got = c.put_request("Assignment", SUBSCRIPTION, 1, body("AdminAssign", &ann, READER, lasting("P30D"))).await;
    assert_eq!(got.status, 201, "{}", got.body);
    let schedule = &c.held("roleAssignmentSchedules", SUBSCRIPTION, &ann, READER).await[0];
    assert_eq!(schedule["properties"]["assignmentType"], "Assigned");
    let instance = &c.held("roleAssignmentScheduleInstances", SUBSCRIPTION, &ann, READER).await[0];
    let p = &instance["properties"];
    let origin = p["originRoleAssignmentId"].as_str().unwrap();
    assert!(origin.ends_with(&format!("/roleAssignments/{}", instance["name"].as_str().unwrap())));
    assert_eq!(p["roleAssignmentScheduleId"], schedule["id"]);
    assert_ne!(instance["name"], schedule["name"]);
}

#[tokio::test]
async fn the_schedule_takes_the_name_of_the_last_request() {
    let c = Client::seeded(Seed::Empty).await;
    let ann = c.person("ann").await;
    let absent = c.put_request("Eligibility", SUBSCRIPTION, 1, body("AdminUpdate", &ann, READER, lasting("P9D"))).await;
    assert_eq!((absent.status, absent.code().as_str()), (400, "RoleAssignmentDoesNotExist"));
    c.put_request("Eligibility", SUBSCRIPTION, 2, body("AdminAssign", &ann, READER, lasting("P9D"))).await;
    let again = c.put_request("Eligibility", SUBSCRIPTION, 3, body("AdminAssign", &ann, READER, lasting("P9D"))).await;
    assert_eq!((again.status, again.code().as_str()), (400, "RoleAssignmentExists"));
    let got = c.put_request("Eligibility", SUBSCRIPTION, 4, body("AdminUpdate", &ann, READER, lasting("P20D"))).await;
    assert_eq!(got.status, 201, "{}", got.body);
    let rows = c.held("roleEligibilitySchedules", SUBSCRIPTION, &ann, READER).await;
    assert_eq!((rows.len(), &rows[0]["name"]), (1, &json!(guid(4))));
    assert_eq!(rows[0]["properties"]["endDateTime"], "2026-12-11T12:00:02.5Z");
    // A used name is spent, whatever the body says; the request stays readable.
    let spent = c.put_request("Eligibility", SUBSCRIPTION, 2, body("AdminRemove", &ann, READER, Value::Null)).await;
    assert_eq!((spent.status, spent.code().as_str()), (409, "RoleAssignmentRequestExists"));
    assert!(spent.body["error"]["message"].as_str().unwrap().contains(&guid(2)));
    let kept = c.get(&path(SUBSCRIPTION, &format!("roleEligibilityScheduleRequests/{}", guid(2)))).await;
    assert_eq!(kept.body["properties"]["requestType"], "AdminAssign");
    // Requests go after 45 days, the schedule stays.
    c.advance(46 * 86_400);
    let gone = c.get(&path(SUBSCRIPTION, &format!("roleEligibilityScheduleRequests/{}", guid(2)))).await;
    assert_eq!(gone.status, 404);
}

#[tokio::test]
async fn removal_waits_five_minutes() {
    let c = Client::seeded(Seed::Empty).await;
    let ann = c.person("ann").await;
    let remove = |n| c.put_request("Assignment", SUBSCRIPTION, n, body("AdminRemove", &ann, READER, Value::Null));
    assert_eq!(remove(1).await.code(), "RoleAssignmentDoesNotExist");
    c.put_request("Assignment", SUBSCRIPTION, 2, body("AdminAssign", &ann, READER, lasting("P9D"))).await;
    let early = remove(3).await;
    assert_eq!((early.status, early.code().as_str()), (400, "ActiveDurationTooShort"));
    assert_eq!(early.body["error"]["message"], "The Active duration is too short. Miniumum Required is 5 minutes.");
    c.advance(301);
    let removed = remove(4).await;
    assert_eq!(removed.status, 201, "{}", removed.body);
    let p = &removed.body["properties"];
    assert_eq!(p["status"], "Revoked");
    assert!(p.get("scheduleInfo").is_none() && p.get("targetRoleAssignmentScheduleId").is_none());
    assert_eq!(remove(5).await.code(), "RoleAssignmentDoesNotExist");
    assert!(c.held("roleAssignmentSchedules", SUBSCRIPTION, &ann, READER).await.is_empty());
}

#[tokio::test]
async fn a_young_assignment_may_be_unknown_to_removals() {
    let switches = Switches { settling_removals: true, ..Switches::default() };
    let c = Client::start(SandboxOptions { switches, ..options(Seed::Empty) }).await;
    let ann = c.person("ann").await;
    let remove = |n| c.put_request("Eligibility", SUBSCRIPTION, n, body("AdminRemove", &ann, READER, Value::Null));
    c.put_request("Eligibility", SUBSCRIPTION, 1, body("AdminAssign", &ann, READER, lasting("P9D"))).await;
    c.advance(60);
    assert_eq!(remove(2).await.code(), "RoleAssignmentDoesNotExist");
    c.advance(31);
    assert_eq!(remove(3).await.code(), "ActiveDurationTooShort");
    c.advance(300);
    assert_eq!(remove(4).await.status, 201);
}

#[tokio::test]
async fn what_starts_later_is_a_schedule_and_is_cancelled_by_its_request() {
    let c = Client::seeded(Seed::Empty).await;
    let ann = c.person("ann").await;
    let later = json!({"startDateTime": "2026-12-01T00:00:00.1234567-08:00", "expiration": {"type": "AfterDuration", "duration": "PT30M"}});
    let got = c.put_request("Eligibility", SUBSCRIPTION, 1, body("AdminAssign", &ann, READER, later.clone())).await;
    assert_eq!(got.body["properties"]["status"], "Granted");
    assert_eq!(got.body["properties"]["scheduleInfo"]["startDateTime"], "2026-12-01T08:00:00.1234567+00:00");
    assert_eq!(c.held("roleEligibilitySchedules", SUBSCRIPTION, &ann, READER).await.len(), 1);
    assert!(c.held("roleEligibilityScheduleInstances", SUBSCRIPTION, &ann, READER).await.is_empty());
    let cancel = path(SUBSCRIPTION, &format!("roleEligibilityScheduleRequests/{}/cancel", guid(1)));
    let cancelled = c.post(&cancel, Value::Null).await;
    assert_eq!((cancelled.status, &cancelled.body), (200, &Value::Null));
    assert_eq!(cancelled.header("content-length"), "0");
    assert!(c.held("roleEligibilitySchedules", SUBSCRIPTION, &ann, READER).await.is_empty());
    let request = c.get(&path(SUBSCRIPTION, &format!("roleEligibilityScheduleRequests/{}", guid(1)))).await;
    assert_eq!(request.body["properties"]["status"], "Canceled");
    assert_eq!(c.post(&cancel, Value::Null).await.status, 400);

    // As time goes by it begins, and ends.
    c.put_request("Eligibility", SUBSCRIPTION, 2, body("AdminAssign", &ann, READER, later)).await;
    c.advance(10 * 86_400 - 4 * 3_600 + 60);
    assert_eq!(c.held("roleEligibilityScheduleInstances", SUBSCRIPTION, &ann, READER).await.len(), 1);
    let request = c.get(&path(SUBSCRIPTION, &format!("roleEligibilityScheduleRequests/{}", guid(2)))).await;
    assert_eq!(request.body["properties"]["status"], "Provisioned");
    c.advance(3_600);
    assert!(c.held("roleEligibilitySchedules", SUBSCRIPTION, &ann, READER).await.is_empty());
    let renewed = c.put_request("Eligibility", SUBSCRIPTION, 3, body("AdminRenew", &ann, READER, lasting("P9D"))).await;
    assert_eq!(renewed.status, 201, "{}", renewed.body);
}

#[tokio::test]
async fn policies_are_enforced_and_all_failed_rules_named() {
    let c = Client::seeded(Seed::Empty).await;
    let ann = c.person("ann").await;
    let mut sent = body("AdminAssign", &ann, READER, forever());
    sent["properties"].as_object_mut().unwrap().remove("justification");
    let got = c.put_request("Assignment", SUBSCRIPTION, 1, sent).await;
    assert_eq!((got.status, got.code().as_str()), (400, "RoleAssignmentRequestPolicyValidationFailed"));
    assert_eq!(
        got.body["error"]["message"],
        "The following policy rules failed: [\"ExpirationRule\",\"JustificationRule\"]"
    );
    let edge = c.put_request("Assignment", SUBSCRIPTION, 2, body("AdminAssign", &ann, READER, lasting("P180D"))).await;
    assert_eq!(edge.status, 201, "{}", edge.body);
    let over = body("AdminUpdate", &ann, READER, lasting("P181D"));
    assert_eq!(c.put_request("Assignment", SUBSCRIPTION, 3, over).await.status, 400);
    // Nothing was stored under the refused names.
    let name = path(SUBSCRIPTION, &format!("roleAssignmentScheduleRequests/{}", guid(1)));
    assert_eq!(c.get(&name).await.status, 404);
    // An application never satisfies MFA.
    let mfa = crate::arm_pim::rule(
        "Enablement_Admin_Eligibility",
        json!({"enabledRules": ["MultiFactorAuthentication", "Ticketing"]}),
    );
    assert_eq!(c.patch_rules(SUBSCRIPTION, READER, json!([mfa])).await.status, 200);
    let got = c.put_request("Eligibility", SUBSCRIPTION, 4, body("AdminAssign", &ann, READER, lasting("P9D"))).await;
    assert_eq!(got.body["error"]["message"], "The following policy rules failed: [\"MfaRule\",\"TicketingRule\"]");
}

#[tokio::test]
async fn contradictions_are_refused() {
    let c = Client::seeded(Seed::Empty).await;
    let ann = c.person("ann").await;
    let app = c.id("servicePrincipals", "rolewright-plan").await;
    let with = |change: Value| {
        let mut sent = body("AdminAssign", &ann, READER, lasting("P9D"));
        for (name, value) in change.as_object().unwrap() {
            sent["properties"][name.as_str()] = value.clone();
        }
        sent
    };
    let cases = [
        (with(json!({"scheduleInfo": lasting("PT4M")})), "ActiveDurationTooShort"),
        (with(json!({"scheduleInfo": lasting("P6M")})), "InvalidRoleAssignmentRequest"),
        (with(json!({"scheduleInfo": null})), "InvalidRoleAssignmentRequest"),
        (with(json!({"requestType": "AdminAssigned"})), "InvalidRoleAssignmentRequest"),
        (with(json!({"requestType": "SelfActivate"})), "InvalidRoleAssignmentRequest"),
        (with(json!({"unheard": 1})), "InvalidRoleAssignmentRequest"),
        (with(json!({"condition": "x"})), "InvalidRoleAssignmentRequest"),
        (with(json!({"condition": "x", "conditionVersion": "1.0"})), "InvalidRoleAssignmentRequest"),
        (with(json!({"condition": "x".repeat(8193), "conditionVersion": "2.0"})), "InvalidRoleAssignmentRequest"),
        (with(json!({"principalId": guid(9)})), "SubjectNotFound"),
        (with(json!({"roleDefinitionId": role(&guid(9))})), "RoleNotFound"),
        (with(json!({"principalId": app})), "InvalidRoleAssignmentRequest"),
    ];
    for (n, (sent, code)) in cases.into_iter().enumerate() {
        let got = c.put_request("Eligibility", SUBSCRIPTION, n as u32, sent.clone()).await;
        assert_eq!((got.status, got.code().as_str()), (400, code), "{sent}");
    }
    // What only reads is refused, and so is a scope that is not there.
    let elsewhere = "/subscriptions/5a9dbb0c-0000-4000-8000-00000000dead";
    assert_eq!(c.put_request("Eligibility", elsewhere, 1, with(json!({}))).await.code(), "SubscriptionNotFound");
    // Ids come in every form; a service principal may be active.
    let bare = with(json!({"roleDefinitionId": &role(READER)[1..], "scope": SUBSCRIPTION}));
    let got = c.put_request("Eligibility", SUBSCRIPTION, 50, bare).await;
    assert_eq!(got.body["properties"]["roleDefinitionId"], role(READER), "{}", got.body);
    let top = format!("/providers/Microsoft.Authorization/roleDefinitions/{}", CONTRIBUTOR.to_uppercase());
    let got =
        c.put_request("Assignment", SUBSCRIPTION, 51, with(json!({"roleDefinitionId": top, "principalId": app}))).await;
    assert_eq!(got.body["properties"]["roleDefinitionId"], role(CONTRIBUTOR), "{}", got.body);
    let mut c = c;
    c.sign_in(PLAN).await;
    let got = c.put_request("Eligibility", SUBSCRIPTION, 52, body("AdminAssign", &ann, OWNER, lasting("P9D"))).await;
    assert_eq!((got.status, got.code().as_str()), (403, "AuthorizationFailed"));
    assert!(got.body["error"]["message"].as_str().unwrap().contains("roleEligibilityScheduleRequests/write"));
}

#[tokio::test]
async fn validation_stores_nothing() {
    let c = Client::seeded(Seed::Empty).await;
    let ann = c.person("ann").await;
    let url = path(SUBSCRIPTION, &format!("roleEligibilityScheduleRequests/{}/validate", guid(1)));
    let got = c.post(&url, body("AdminAssign", &ann, READER, lasting("P9D"))).await;
    assert_eq!((got.status, &got.body["properties"]["status"]), (200, &json!("Provisioned")));
    let bad = c.post(&url, body("AdminAssign", &ann, READER, forever())).await;
    assert_eq!(bad.code(), "RoleAssignmentRequestPolicyValidationFailed");
    assert!(c.held("roleEligibilitySchedules", SUBSCRIPTION, &ann, READER).await.is_empty());
}

#[tokio::test]
async fn conditions_are_kept_to_the_letter() {
    let c = Client::seeded(Seed::Empty).await;
    let ann = c.person("ann").await;
    let condition = "((!(ActionMatches{'x/write'}))\r\n OR (@Request[y:Z] StringEquals 'a'))";
    let mut sent = body("AdminAssign", &ann, READER, lasting("P9D"));
    sent["properties"]["condition"] = json!(condition);
    sent["properties"]["conditionVersion"] = json!("2.0");
    let got = c.put_request("Eligibility", SUBSCRIPTION, 1, sent).await;
    assert_eq!(got.body["properties"]["condition"], condition, "{}", got.body);
    let row = &c.held("roleEligibilitySchedules", SUBSCRIPTION, &ann, READER).await[0]["properties"];
    assert_eq!((&row["condition"], &row["conditionVersion"]), (&json!(condition), &json!("2.0")));
    // An update says all of it anew.
    c.put_request("Eligibility", SUBSCRIPTION, 2, body("AdminUpdate", &ann, READER, lasting("P9D"))).await;
    let row = &c.held("roleEligibilitySchedules", SUBSCRIPTION, &ann, READER).await[0]["properties"];
    assert!(row.get("condition").is_none());
    // The first version prints empty texts, and ids with another prefix.
    let old = c.get(&at(SUBSCRIPTION, &format!("roleEligibilitySchedules/{}", guid(2)), "2020-10-01-preview")).await;
    assert_eq!(old.body["properties"]["condition"], "");
    let prefixed = format!("/providers/Microsoft.Subscription{SUBSCRIPTION}/providers/");
    assert!(old.body["id"].as_str().unwrap().starts_with(&prefixed));
    assert_eq!(old.body["properties"]["scope"], SUBSCRIPTION);
}
