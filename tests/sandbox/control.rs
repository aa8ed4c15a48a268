//! What only a sandbox has: clock, journal, throttle, batch, permissions.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use reqwest::Method;
use rolewright::sandbox::{ClockSetting, Entry, Observer, SandboxOptions, Seed, Switches};
use serde_json::{Value, json};

use crate::client::{ADMIN, APPLY, Client, DIRECTORY, PLAN, days, options};

#[tokio::test]
async fn every_answer_carries_tenant_time_and_ids() {
    let clock = Some(ClockSetting::Offset(jiff::SignedDuration::from_hours(24)));
    let c = Client::start(SandboxOptions { clock, ..options(Seed::Empty) }).await;
    let id = "11111111-2222-4333-8444-555555555555";
    let got = c.try_send(Method::GET, "/v1.0/users", None, &[("client-request-id", id)]).await.unwrap();
    assert_eq!(got.header("date"), "Sun, 22 Nov 2026 12:00:00 GMT");
    assert_eq!(got.header("client-request-id"), id);
    assert_eq!(got.header("request-id").len(), 36);
    let got = c.post("/sandbox/clock", json!({"advance": "P60D"})).await;
    assert_eq!(
        (got.body["now"].as_str().unwrap(), got.header("date")),
        ("2027-01-21T12:00:00Z", "Thu, 21 Jan 2027 12:00:00 GMT")
    );
    let got = c.post("/sandbox/clock", json!({"now": "2026-01-01T00:00:00Z"})).await;
    assert_eq!(got.body, c.get("/sandbox/clock").await.body);
    assert_eq!(c.running.now(), "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap());
    for bad in [json!({}), json!({"advance": "P1M"}), json!({"now": "x"}), json!({"now": 1}), json!({"sleep": "P1D"})] {
        assert_eq!(c.post("/sandbox/clock", bad).await.status, 400);
    }
}

#[tokio::test]
async fn the_journal_has_every_request_before_its_answer() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal");
    let c = Client::start(SandboxOptions { journal: Some(file.clone()), ..options(Seed::Empty) }).await;
    c.get("/v1.0/users?$filter=userPrincipalName eq 'a b'").await;
    let requests = json!([{"id": "x", "method": "GET", "url": "/users/nobody"}]);
    c.post("/v1.0/$batch", json!({"requests": requests})).await;
    let lines = std::fs::read_to_string(&file).unwrap();
    let entries: Vec<Entry> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(entries, c.running.journal());
    let shape: Vec<_> = entries
        .iter()
        .map(|e| (e.path.as_str(), e.query.as_str(), e.caller.as_deref(), e.status, e.batch.as_deref()))
        .collect();
    assert_eq!(shape[1], ("/v1.0/users", "$filter=userPrincipalName eq 'a b'", Some(ADMIN), Some(200), None));
    assert_eq!(shape[2], ("/v1.0/users/nobody", "", Some(ADMIN), Some(404), Some("x")));
    assert_eq!(shape[3], ("/v1.0/$batch", "", Some(ADMIN), Some(200), None));
    assert_eq!(shape[0].2, None);
}

#[tokio::test]
async fn an_observer_sees_the_tenant_between_two_requests() {
    let seen: Arc<Mutex<Vec<(String, usize)>>> = Arc::default();
    let notes = Arc::clone(&seen);
    let observer = Observer::new(move |entry, state| {
        notes.lock().unwrap().push((entry.method.clone(), state["customRoles"].as_object().unwrap().len()));
    });
    let c = Client::start(SandboxOptions { observer: Some(observer), ..options(Seed::Empty) }).await;
    let action = "microsoft.directory/users/standard/read";
    let body =
        json!({"displayName": "R", "isEnabled": true, "rolePermissions": [{"allowedResourceActions": [action]}]});
    assert_eq!(c.post(&format!("{DIRECTORY}/roleDefinitions"), body).await.status, 201);
    c.get("/v1.0/users").await;
    assert_eq!(seen.lock().unwrap()[1..], [("POST".to_owned(), 1), ("GET".to_owned(), 1)]);
}

#[tokio::test]
async fn buckets_empty_and_fill_by_tenant_time() {
    let c = Client::start(SandboxOptions { throttle: Some("2/10s".parse().unwrap()), ..options(Seed::Empty) }).await;
    assert_eq!(c.get("/v1.0/users").await.status, 200);
    assert_eq!(c.get("/v1.0/users").await.status, 200);
    let got = c.get("/v1.0/users").await;
    assert_eq!((got.status, got.code().as_str(), got.header("retry-after")), (429, "TooManyRequests", "5"));
    c.advance(5);
    let requests: Vec<Value> = (0..2).map(|n| json!({"id": n.to_string(), "method": "GET", "url": "/users"})).collect();
    let batch = c.post("/v1.0/$batch", json!({"requests": requests})).await;
    let status: Vec<_> =
        batch.body["responses"].as_array().unwrap().iter().map(|r| r["status"].as_u64().unwrap()).collect();
    assert_eq!(status, [200, 429]);
    assert_eq!(batch.body["responses"][1]["headers"]["Retry-After"], "5");
}

#[tokio::test]
async fn a_batch_holds_twenty_and_followers_of_failures_fail() {
    let c = Client::seeded(Seed::Empty).await;
    let one = |id: &str, url: &str| json!({"id": id, "method": "GET", "url": url});
    let many: Vec<Value> = (0..21).map(|n| one(&n.to_string(), "/users")).collect();
    assert_eq!(c.post("/v1.0/$batch", json!({"requests": many})).await.status, 400);
    assert_eq!(c.post("/v1.0/$batch", json!({"requests": [one("a", "/users"), one("A", "/users")]})).await.status, 400);
    assert_eq!(c.post("/v1.0/$batch", json!({"requests": [{"id": "1", "url": "/users"}]})).await.status, 400);
    let body = json!({"displayName": "G", "mailEnabled": false, "mailNickname": "g", "securityEnabled": true});
    let requests = json!([
        {"id": "3", "method": "GET", "url": "/users?$top=1", "dependsOn": ["2"]},
        {"id": "1", "method": "POST", "url": "/groups", "headers": {"Content-Type": "application/json"}, "body": body},
        {"id": "2", "method": "GET", "url": "/users/nobody", "dependsOn": ["1"]}]);
    let got = c.post("/v1.0/$batch", json!({"requests": requests})).await;
    let status: Vec<_> = got.body["responses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["id"].as_str().unwrap(), r["status"].as_u64().unwrap()))
        .collect();
    assert_eq!(status, [("1", 201), ("2", 404), ("3", 424)]);
    assert_eq!(c.id("groups", "G").await, got.body["responses"][0]["body"]["id"]);
}

#[tokio::test]
async fn planning_needs_the_read_set_and_no_more() {
    let mut c = Client::seeded(Seed::Contoso).await;
    let (alice, role) = (c.id("users", "alice@contoso.example").await, c.role("Reports Reader").await);
    let unit = c.id("directory/administrativeUnits", "EMEA Users").await;
    let policies =
        "/v1.0/policies/roleManagementPolicyAssignments?$filter=scopeId eq '/' and scopeType eq 'DirectoryRole'";
    c.sign_in(PLAN).await;
    for path in [
        "/v1.0/users",
        "/v1.0/groups",
        "/v1.0/applications",
        "/v1.0/servicePrincipals",
        "/v1.0/directory/administrativeUnits",
        "/v1.0/identity/conditionalAccess/authenticationContextClassReferences",
        policies,
        "/v1.0/roleManagement/directory/roleDefinitions",
        "/v1.0/roleManagement/directory/deletedItems/roleDefinitions",
        "/v1.0/roleManagement/directory/roleAssignments",
        "/v1.0/roleManagement/directory/roleAssignmentSchedules?$expand=principal",
        "/v1.0/roleManagement/directory/roleAssignmentScheduleInstances",
        "/v1.0/roleManagement/directory/roleEligibilitySchedules",
        "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances",
    ] {
        assert_eq!(c.get(path).await.status, 200, "{path}");
    }
    for side in ["Assignment", "Eligibility"] {
        let got = c.get(&format!("{DIRECTORY}/role{side}ScheduleRequests")).await;
        assert_eq!((got.status, got.code().as_str()), (403, "PermissionScopeNotGranted"));
        assert!(got.body.to_string().contains(&format!("Role{side}Schedule.ReadWrite.Directory")));
        assert_eq!(c.request(side, "adminAssign", &alice, &role, "/", days(5)).await.status, 403);
    }
    let before = c.running.state_json();
    for (method, path) in [
        (Method::POST, "/v1.0/users".to_owned()),
        (Method::PATCH, format!("/v1.0/users/{alice}")),
        (Method::DELETE, format!("/v1.0/directory/administrativeUnits/{unit}")),
        (Method::POST, format!("{DIRECTORY}/roleDefinitions")),
        (Method::POST, format!("{DIRECTORY}/roleAssignments")),
    ] {
        let got = c.try_send(method, &path, Some(json!({})), &[]).await.unwrap();
        assert_eq!((got.status, got.code().as_str()), (403, "Authorization_RequestDenied"), "{path}");
    }
    assert_eq!(c.get("/v1.0/organization").await.status, 403);
    assert_eq!(c.running.state_json(), before);
    c.sign_in(APPLY).await;
    assert_eq!(c.request("Eligibility", "adminAssign", &alice, &role, "/", days(5)).await.status, 201);
    assert_eq!(c.post("/v1.0/users", json!({})).await.status, 403);
}

#[tokio::test]
async fn without_a_licence_pim_is_refused() {
    let switches = Switches { is_licensed: false, ..Switches::default() };
    let c = Client::start(SandboxOptions { switches, ..options(Seed::Empty) }).await;
    for path in ["roleManagement/directory/roleEligibilitySchedules", "policies/roleManagementPolicies"] {
        assert_eq!(c.get(&format!("/v1.0/{path}")).await.code(), "AadPremiumLicenseRequired");
    }
    assert_eq!(c.get(&format!("{DIRECTORY}/roleAssignments")).await.rows().len(), 2);
}
