//! Requests that are only to be validated: judged like those in earnest, and nothing is stored (graph.md 2.9, arm.md B.4).

use reqwest::Method;
use rolewright::sandbox::{Effect, FaultRule, Match, SandboxOptions, Seed};
use serde_json::{Value, json};

use crate::arm_pim::{READER, SUBSCRIPTION, body, guid, lasting, path};
use crate::client::{APPLY, Client, DIRECTORY, GROUP, Got, PLAN, days, forever, options};

const NOBODY: &str = "00000000-0000-4000-8000-00000000dead";

/// Sends a body to be validated and then in earnest: the first leaves the tenant as it is, and foretells the second.
async fn foretold(c: &Client, url: &str, mut body: Value) -> Got {
    let before = c.running.state_json();
    body["isValidationOnly"] = json!(true);
    let judged = c.post(url, body.clone()).await;
    assert_eq!(c.running.state_json(), before, "{body}");
    body["isValidationOnly"] = json!(false);
    let real = c.post(url, body.clone()).await;
    assert_eq!((judged.status, judged.code()), (real.status, real.code()), "{body}");
    if real.status == 201 {
        let marks = [&judged.body["isValidationOnly"], &real.body["isValidationOnly"]];
        assert_eq!(marks, [&json!(true), &json!(false)]);
        assert_eq!(judged.body["status"], real.body["status"]);
    }
    judged
}

#[tokio::test]
async fn the_directory_judges_permissions_objects_duplicates_and_rules() {
    let mut c = Client::seeded(Seed::Contoso).await;
    let (alice, role) = (c.id("users", "alice@contoso.example").await, c.role("Reports Reader").await);
    let url = format!("{DIRECTORY}/roleEligibilityScheduleRequests");
    let ask = |action: &str, role: &str, who: &str, info: Value| {
        json!({"action": action, "principalId": who, "roleDefinitionId": role, "directoryScopeId": "/",
            "justification": "test", "scheduleInfo": info})
    };
    for (body, code) in [
        (ask("adminAssign", NOBODY, &alice, days(5)), "RoleNotFound"),
        (ask("adminAssign", &role, NOBODY, days(5)), "SubjectNotFound"),
        (ask("adminUpdate", &role, &alice, days(5)), "RoleAssignmentDoesNotExist"),
        (ask("adminExtend", &role, &alice, days(5)), "RoleAssignmentDoesNotExist"),
        (ask("adminRemove", &role, &alice, Value::Null), "RoleAssignmentDoesNotExist"),
        (ask("adminAssign", &role, &alice, days(5)), ""),
        (ask("adminAssign", &role, &alice, days(5)), "RoleAssignmentExists"),
        (ask("adminRemove", &role, &alice, Value::Null), "ActiveDurationTooShort"),
        (ask("adminUpdate", &role, &alice, days(9)), ""),
        (ask("adminExtend", &role, &alice, days(20)), ""),
    ] {
        let got = foretold(&c, &url, body).await;
        assert_eq!(got.code(), code, "{}", got.body);
    }
    c.advance(400);
    assert_eq!(foretold(&c, &url, ask("adminRemove", &role, &alice, Value::Null)).await.status, 201);
    // an application cannot meet a demand for MFA, nor can a request without a reason meet one for it
    let active = format!("{DIRECTORY}/roleAssignmentScheduleRequests");
    let mut bare = ask("adminAssign", &c.role("Global Administrator").await, &alice, forever());
    bare.as_object_mut().unwrap().remove("justification");
    let got = foretold(&c, &active, bare).await;
    assert_eq!(got.code(), "RoleAssignmentRequestPolicyValidationFailed", "{}", got.body);
    c.sign_in(PLAN).await;
    let got = foretold(&c, &url, ask("adminAssign", &role, &alice, days(5))).await;
    assert_eq!((got.status, got.code().as_str()), (403, "PermissionScopeNotGranted"));
}

#[tokio::test]
async fn groups_are_judged_alike() {
    let mut c = Client::seeded(Seed::Contoso).await;
    let (dave, group) = (c.id("users", "dave@contoso.example").await, c.id("groups", "sg-helpdesk-all").await);
    let url = format!("{GROUP}/eligibilityScheduleRequests");
    let ask = |action: &str, group: &str, who: &str, info: Value| {
        json!({"action": action, "principalId": who, "groupId": group, "accessId": "member", "justification": "test",
            "scheduleInfo": info})
    };
    for (body, code) in [
        (ask("adminAssign", NOBODY, &dave, days(5)), "ResourceNotFound"),
        (ask("adminAssign", &group, NOBODY, days(5)), "SubjectNotFound"),
        (ask("adminAssign", &group, &dave, forever()), "RoleAssignmentRequestPolicyValidationFailed"),
        (ask("adminUpdate", &group, &dave, days(5)), "RoleAssignmentDoesNotExist"),
        (ask("adminAssign", &group, &dave, days(5)), ""),
        (ask("adminAssign", &group, &dave, days(5)), "RoleAssignmentExists"),
        (ask("adminExtend", &group, &dave, days(9)), ""),
    ] {
        let got = foretold(&c, &url, body).await;
        assert_eq!(got.code(), code, "{}", got.body);
    }
    c.sign_in(PLAN).await;
    let got = foretold(&c, &url, ask("adminUpdate", &group, &dave, days(5))).await;
    assert_eq!((got.status, got.code().as_str()), (403, "PermissionScopeNotGranted"));
}

#[tokio::test]
async fn azure_judges_at_an_address_of_its_own_and_uses_up_no_name() {
    let mut c = Client::seeded(Seed::Empty).await;
    let ann = c.person("ann").await;
    c.sign_in(APPLY).await;
    for (n, (request, code)) in [
        (body("AdminAssign", &ann, NOBODY, lasting("P9D")), "RoleNotFound"),
        (body("AdminAssign", NOBODY, READER, lasting("P9D")), "SubjectNotFound"),
        (body("AdminAssign", &ann, READER, forever()), "RoleAssignmentRequestPolicyValidationFailed"),
        (body("AdminUpdate", &ann, READER, lasting("P9D")), "RoleAssignmentDoesNotExist"),
        (body("AdminRemove", &ann, READER, Value::Null), "RoleAssignmentDoesNotExist"),
        (body("AdminAssign", &ann, READER, lasting("P9D")), ""),
        (body("AdminAssign", &ann, READER, lasting("P9D")), "RoleAssignmentExists"),
        (body("AdminExtend", &ann, READER, lasting("P20D")), ""),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("roleEligibilityScheduleRequests/{}", guid(n as u32));
        let before = c.running.state_json();
        let judged = c.post(&path(SUBSCRIPTION, &format!("{name}/validate")), request.clone()).await;
        assert_eq!(c.running.state_json(), before, "{request}");
        assert_eq!(c.get(&path(SUBSCRIPTION, &name)).await.status, 404, "no request has the name");
        let real = c.try_send(Method::PUT, &path(SUBSCRIPTION, &name), Some(request), &[]).await.unwrap();
        assert_eq!((judged.code().as_str(), real.code().as_str()), (code, code), "{}", judged.body);
        if code.is_empty() {
            assert_eq!((judged.status, real.status), (200, 201));
            assert_eq!(judged.body, real.body, "the body that the PUT returns");
        } else {
            assert_eq!(judged.status, real.status);
        }
    }
    c.sign_in(PLAN).await;
    let url = path(SUBSCRIPTION, &format!("roleEligibilityScheduleRequests/{}/validate", guid(90)));
    let got = c.post(&url, body("AdminAssign", &ann, READER, lasting("P9D"))).await;
    assert_eq!((got.status, got.code().as_str()), (403, "AuthorizationFailed"));
}

#[tokio::test]
async fn a_service_that_does_not_know_the_mark_carries_the_request_out_and_says_so() {
    let matches = Match { body: Some("isValidationOnly".to_owned()), ..Match::default() };
    let faults = vec![FaultRule { matches, effect: Effect::CarryOut }];
    let c = Client::start(SandboxOptions { faults, ..options(Seed::Contoso) }).await;
    let (alice, role) = (c.id("users", "alice@contoso.example").await, c.role("Reports Reader").await);
    let ask = json!({"action": "adminAssign", "principalId": alice, "roleDefinitionId": role, "directoryScopeId": "/",
        "isValidationOnly": true, "scheduleInfo": days(5)});
    let got = c.post(&format!("{DIRECTORY}/roleEligibilityScheduleRequests"), ask).await;
    assert_eq!((got.status, &got.body["isValidationOnly"]), (201, &json!(false)));
    let held = c.about("roleEligibilitySchedules", &alice).await;
    assert!(held.iter().any(|row| row["roleDefinitionId"] == role.as_str()));
}
