//! Faults (E18): each effect, asserted on the answer, the tenant and the journal.

use rolewright::sandbox::{FaultRule, Running, Seed};
use serde_json::{Value, json};

use crate::client::{Client, DIRECTORY, days};

fn set(running: &Running, rules: Value) {
    let rules: Vec<FaultRule> = serde_json::from_value(rules).unwrap();
    running.set_faults(rules);
}

async fn scene() -> (Client, String, String) {
    let c = Client::seeded(Seed::Contoso).await;
    let (alice, role) = (c.id("users", "alice@contoso.example").await, c.role("Helpdesk Administrator").await);
    (c, alice, role)
}

#[tokio::test]
async fn answers_come_on_their_turn() {
    let (c, ..) = scene().await;
    let rules = json!([{"match": {"method": "GET", "path": "/v1.0/users**", "from": 2, "to": 3},
        "effect": {"answer": {"status": 429, "retryAfter": 7}}}]);
    assert_eq!(c.post("/sandbox/faults", rules).await.status, 204);
    let mut seen = Vec::new();
    for _ in 0..4 {
        let got = c.get("/v1.0/users").await;
        seen.push((got.status, got.header("retry-after").to_owned()));
    }
    assert_eq!(seen, [(200, String::new()), (429, "7".into()), (429, "7".into()), (200, String::new())]);
    assert_eq!(c.post("/sandbox/faults", json!([{"effect": "explode"}])).await.status, 400);
}

#[tokio::test]
async fn a_reset_changes_nothing_and_a_lost_answer_does() {
    let (c, alice, role) = scene().await;
    let body = json!({"action": "adminAssign", "principalId": alice, "roleDefinitionId": role, "directoryScopeId": "/",
        "justification": "x", "scheduleInfo": days(9)});
    let path = format!("{DIRECTORY}/roleEligibilityScheduleRequests");
    let post = || c.try_send(reqwest::Method::POST, &path, Some(body.clone()), &[]);
    let before = c.running.state_json();
    for (effect, is_changed) in [("reset", false), ("lostAnswer", true)] {
        set(
            &c.running,
            json!([{"match": {"path": "ScheduleRequests", "body": "adminAssign", "to": 1}, "effect": effect}]),
        );
        assert!(post().await.is_none());
        assert_eq!(c.running.state_json() != before, is_changed, "{effect}");
        assert_eq!(c.running.journal().last().unwrap().status, None);
    }
    assert_eq!(post().await.unwrap().code(), "RoleAssignmentExists");
}

#[tokio::test]
async fn a_stall_ends_in_a_drop() {
    let (c, ..) = scene().await;
    set(&c.running, json!([{"match": {"path": "/users", "to": 1}, "effect": {"stall": {"seconds": 0}}}]));
    assert!(c.try_send(reqwest::Method::GET, "/v1.0/users", None, &[]).await.is_none());
    assert_eq!(c.get("/v1.0/users").await.status, 200);
}

#[tokio::test]
async fn reads_may_be_stale() {
    let (c, alice, role) = scene().await;
    set(
        &c.running,
        json!([{"match": {"path": "roleEligibilitySchedules", "to": 1}, "effect": {"staleRead": {"writes": 1}}}]),
    );
    let got = c.request("Eligibility", "adminAssign", &alice, &role, "/", days(9)).await;
    assert_eq!(got.status, 201, "{}", got.body);
    let one = format!("{DIRECTORY}/roleEligibilitySchedules/{}", got.body["id"].as_str().unwrap());
    assert_eq!(c.get(&one).await.status, 404);
    assert_eq!(c.get(&one).await.status, 200);
}

#[tokio::test]
async fn requests_may_fail_stick_or_take_time() {
    let (c, alice, role) = scene().await;
    let count = async || {
        c.about("roleEligibilitySchedules", &alice)
            .await
            .iter()
            .filter(|row| row["roleDefinitionId"] == role.as_str())
            .count()
    };
    for status in ["Failed", "Granted"] {
        set(&c.running, json!([{"match": {"path": "ScheduleRequests"}, "effect": {"request": {"status": status}}}]));
        let got = c.request("Eligibility", "adminAssign", &alice, &role, "/", days(9)).await;
        assert_eq!((got.status, &got.body["status"]), (201, &json!(status)));
        assert_eq!(count().await, 0);
    }
    set(&c.running, json!([{"match": {"method": "POST"}, "effect": {"pendingProvisioning": {"seconds": 30}}}]));
    let got = c.request("Eligibility", "adminAssign", &alice, &role, "/", days(9)).await;
    assert_eq!(got.body["status"], "PendingProvisioning");
    assert_eq!(count().await, 0);
    c.advance(31);
    assert_eq!(count().await, 1);
    let request =
        c.get(&format!("{DIRECTORY}/roleEligibilityScheduleRequests/{}", got.body["id"].as_str().unwrap())).await;
    assert_eq!(request.body["status"], "Provisioned");
}

#[tokio::test]
async fn a_grant_may_come_out_wider() {
    let (c, alice, role) = scene().await;
    let unit = format!("/administrativeUnits/{}", c.id("directory/administrativeUnits", "EMEA Users").await);
    set(&c.running, json!([{"match": {"method": "POST"}, "effect": "widen"}]));
    let got = c.request("Eligibility", "adminAssign", &alice, &role, &unit, days(9)).await;
    assert_eq!((got.status, &got.body["directoryScopeId"]), (201, &json!("/")));
    assert!(
        c.about("roleEligibilitySchedules", &alice)
            .await
            .iter()
            .any(|row| row["roleDefinitionId"] == role.as_str() && row["directoryScopeId"] == "/")
    );
}

#[tokio::test]
async fn a_patch_may_be_ignored_and_a_token_refused() {
    let (c, _, role) = scene().await;
    let policy = crate::policy::policy_of(&c, &role).await;
    let before = c.running.state_json();
    set(&c.running, json!([{"match": {"method": "PATCH"}, "effect": "ignorePatch"}]));
    crate::policy::put(&c, &policy, "Expiration_EndUser_Assignment", json!({"maximumDuration": "PT2H"})).await;
    let custom = c.role("App Assignment Operator").await;
    assert_eq!(
        c.patch(&format!("{DIRECTORY}/roleDefinitions/{custom}"), json!({"description": "x"})).await.status,
        204
    );
    assert_eq!(c.running.state_json(), before);
    set(&c.running, json!([{"match": {"to": 1}, "effect": "invalidToken"}]));
    assert_eq!(c.get("/v1.0/users").await.code(), "InvalidAuthenticationToken");
    assert_eq!(c.get("/v1.0/users").await.status, 200);
}

#[tokio::test]
async fn one_request_of_a_batch_may_fail() {
    let (c, ..) = scene().await;
    set(
        &c.running,
        json!([
        {"match": {"batch": true, "path": "/groups"}, "effect": {"answer": {"status": 503}}},
        {"match": {"batch": true, "path": "/applications"}, "effect": "lostAnswer"}]),
    );
    let requests: Vec<Value> = ["users", "groups", "applications"]
        .iter()
        .map(|n| json!({"id": n, "method": "GET", "url": format!("/{n}")}))
        .collect();
    let got = c.post("/v1.0/$batch", json!({"requests": requests})).await;
    let status: Vec<_> =
        got.body["responses"].as_array().unwrap().iter().map(|r| r["status"].as_u64().unwrap()).collect();
    assert_eq!(status, [200, 503, 504]);
    assert_eq!(c.get("/v1.0/groups").await.status, 200);
}

#[tokio::test]
async fn gateways_speak_html_and_links_may_lead_elsewhere() {
    let (c, ..) = scene().await;
    let html = json!({"answer": {"status": 502, "text": "<html>Bad Gateway</html>"}});
    set(&c.running, json!([{"match": {"path": "/users", "to": 1}, "effect": html}]));
    let got = c.get("/v1.0/users").await;
    assert_eq!((got.status, got.header("content-type"), &got.body), (502, "text/html", &Value::Null));
    set(&c.running, json!([{"effect": {"foreignNextLink": {"origin": "http://127.0.0.1:1"}}}]));
    let got = c.get("/v1.0/users?$top=2").await;
    assert!(got.body["@odata.nextLink"].as_str().unwrap().starts_with("http://127.0.0.1:1/v1.0/users?"));
}
