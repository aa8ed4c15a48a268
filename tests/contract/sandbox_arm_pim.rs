//! The sandbox serves each example of PIM for Azure in its shape and accepts what it sends, save what the live service does otherwise
//! (`arm/INDEX-pim.md`): members that are null in the examples are left out.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use rolewright::clock::ManualClock;
use rolewright::sandbox::{Running, Sandbox, SandboxOptions, Seed, Switches};
use serde_json::{Value, json};

use crate::shape::differences;

const SUBSCRIPTION: &str = "/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1";
/// alice@contoso.example.
const PERSON: &str = "7e886f40-c450-5af4-ad06-3d7a3e365874";
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";

/// Returns an example.
fn example(name: &str) -> Value {
    let path = format!("{}/tests/contract/arm/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Returns the value without members that are null.
fn live(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            members.iter().filter(|(_, v)| !v.is_null()).map(|(name, v)| (name.clone(), live(v))).collect()
        }
        Value::Array(rows) => rows.iter().map(live).collect(),
        other => other.clone(),
    }
}

struct Tenant {
    running: Running,
    http: reqwest::Client,
    token: String,
}

impl Tenant {
    async fn start() -> Self {
        let base = Arc::new(ManualClock::new("2026-11-21T12:00:00Z".parse::<Timestamp>().unwrap()));
        // The example of a PATCH is from before 2026.
        let switches = Switches { keeps_maximum_duration: true, ..Switches::default() };
        let token_lifetime = SignedDuration::from_hours(24);
        let options =
            SandboxOptions { seed: Seed::Contoso, base, switches, token_lifetime, ..SandboxOptions::default() };
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut tenant = Self { running: Sandbox::start(options).await.unwrap(), http, token: String::new() };
        let origins = tenant.running.origins();
        let url = format!("{}/{}/oauth2/v2.0/token", origins.login, origins.tenant_id);
        let scope = format!("{}/.default", origins.arm);
        let fields = [
            ("client_id", "00000000-0000-4000-8000-0000000000a3"),
            ("client_secret", "sandbox"),
            ("grant_type", "client_credentials"),
            ("scope", &scope),
        ];
        let got: Value = tenant.http.post(url).form(&fields).send().await.unwrap().json().await.unwrap();
        tenant.token = got["access_token"].as_str().unwrap().to_owned();
        tenant
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request = self.http.request(method, self.running.origins().arm + path).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null))
    }

    async fn as_person(&mut self) {
        let (_, got) = self.send(Method::POST, "/sandbox/token", Some(json!({"user": PERSON}))).await;
        self.token = got["access_token"].as_str().unwrap().to_owned();
    }

    /// Sends the body of an example, as live as it must be, and compares the answer.
    async fn exchange(&self, name: &str, method: Method, rest: &str, open: &[&str]) -> Value {
        let example = example(name);
        let mut body = example["parameters"]["parameters"].clone();
        let sent = &mut body["properties"];
        if sent["principalId"].is_string() {
            sent["principalId"] = json!(PERSON);
            sent["conditionVersion"] = json!("2.0");
            sent["justification"] = json!("as an example");
            sent["roleDefinitionId"] = json!(CONTRIBUTOR);
        }
        if sent["linkedRoleEligibilityScheduleId"].is_string() {
            sent.as_object_mut().unwrap().remove("linkedRoleEligibilityScheduleId");
        }
        let url = format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/{rest}?api-version=2020-10-01");
        let (status, served) = self.send(method, &url, Some(body)).await;
        let (wanted, response) = example["responses"].as_object().unwrap().iter().next().unwrap();
        assert_eq!(status.to_string(), *wanted, "{name}: {served}");
        let found = differences(&live(&response["body"]), &served, open);
        assert!(found.is_empty(), "{name}: {found:#?}\n{served:#}");
        served
    }

    async fn list(&self, name: &str, scope: &str, rest: &str, open: &[&str]) {
        let url = format!("{scope}/providers/Microsoft.Authorization/{rest}");
        let mark = if rest.contains('?') { '&' } else { '?' };
        let (status, served) = self.send(Method::GET, &format!("{url}{mark}api-version=2020-10-01"), None).await;
        assert_eq!(status, 200, "{name}: {served}");
        assert!(!served["value"].as_array().unwrap().is_empty(), "{name}");
        let found = differences(&live(&example(name)["responses"]["200"]["body"]), &served, open);
        assert!(found.is_empty(), "{name}: {found:#?}\n{served:#}");
    }
}

const NAME: &str = "fea7a502-9a96-4806-a26f-eee560e52045";

#[tokio::test]
async fn requests_schedules_and_instances() {
    let mut t = Tenant::start().await;
    // Justifications are sent here, and printed.
    let open = [".properties.justification"];
    let eligible = format!("roleEligibilityScheduleRequests/{}", NAME.replace('f', "a"));
    t.exchange("ValidateRoleEligibilityScheduleRequestByName", Method::POST, &format!("{eligible}/validate"), &open)
        .await;
    t.exchange("PutRoleEligibilityScheduleRequest", Method::PUT, &eligible, &open).await;
    t.as_person().await;
    let active = format!("roleAssignmentScheduleRequests/{NAME}");
    t.exchange("ValidateRoleAssignmentScheduleRequestByName", Method::POST, &format!("{active}/validate"), &open).await;
    let served = t.exchange("PutRoleAssignmentScheduleRequest", Method::PUT, &active, &open).await;
    let linked = served["properties"]["linkedRoleEligibilityScheduleId"].as_str().unwrap();
    assert!(linked.ends_with(&format!("/roleEligibilitySchedules/{}", NAME.replace('f', "a"))));

    for kind in ["RoleEligibilitySchedule", "RoleAssignmentSchedule"] {
        let collection = format!("r{}", &kind[1..]);
        for (name, list) in [
            (format!("Get{kind}sByScope"), format!("{collection}s")),
            (format!("Get{kind}InstancesByScope"), format!("{collection}Instances")),
        ] {
            t.list(&name, SUBSCRIPTION, &format!("{list}?$filter=asTarget()"), &[]).await;
        }
    }
    let parent = "/providers/Microsoft.Management/managementGroups/platform";
    t.list("GetEligibleChildResourcesByScope", parent, "eligibleChildResources", &[]).await;
}

#[tokio::test]
async fn a_request_is_cancelled_without_a_word() {
    let t = Tenant::start().await;
    let url = |rest: &str| {
        format!(
            "{SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignmentScheduleRequests/{NAME}{rest}?api-version=2020-10-01"
        )
    };
    let body = json!({"properties": {"principalId": PERSON, "roleDefinitionId": CONTRIBUTOR, "requestType": "AdminAssign",
        "justification": "later", "scheduleInfo": {"startDateTime": "2027-01-01T00:00:00Z",
            "expiration": {"type": "AfterDuration", "duration": "P30D"}}}});
    assert_eq!(t.send(Method::PUT, &url(""), Some(body)).await.0, 201);
    let got = t.send(Method::POST, &url("/cancel"), None).await;
    assert_eq!(example("CancelRoleAssignmentScheduleRequestByName")["responses"]["200"], json!({}));
    assert_eq!(got, (200, Value::Null));
}

#[tokio::test]
async fn policies_are_patched_rule_by_rule() {
    let t = Tenant::start().await;
    let rules = "[].setting.approvalStages[].primaryApprovers";
    let open = [
        // The factory rules have no approvers and no claim.
        &format!(".properties.rules{rules}"),
        &format!(".properties.effectiveRules{rules}"),
        ".properties.rules[].claimValue",
        ".properties.effectiveRules[].claimValue",
        // Recorded, and not in the example.
        ".properties.policyProperties",
    ];
    let path = format!("roleManagementPolicies/{CONTRIBUTOR}");
    let served = t.exchange("PatchPartialRoleManagementPolicy", Method::PATCH, &path, &open).await;
    let sent = live(&example("PatchPartialRoleManagementPolicy")["parameters"]["parameters"]["properties"]["rules"]);
    for rule in sent.as_array().unwrap() {
        assert!(served["properties"]["rules"].as_array().unwrap().contains(rule), "{rule}");
    }
}

#[tokio::test]
async fn policy_assignments_are_neither_put_nor_deleted() {
    let t = Tenant::start().await;
    let name = format!("{CONTRIBUTOR}_{CONTRIBUTOR}");
    let url = format!(
        "{SUBSCRIPTION}/providers/Microsoft.Authorization/roleManagementPolicyAssignments/{name}?api-version=2020-10-01"
    );
    let body = example("PutRoleManagementPolicyAssignment")["parameters"]["parameters"].clone();
    assert_eq!(t.send(Method::PUT, &url, Some(body)).await, (400, json!("Not implemented exception")));
    assert_eq!(t.send(Method::DELETE, &url, None).await.0, 405);
    // The example's answer to the PUT is what a GET prints.
    let wanted = live(&example("PutRoleManagementPolicyAssignment")["responses"]["201"]["body"]);
    let (_, served) = t.send(Method::GET, &url, None).await;
    let members = |row: &Value| row["properties"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let missing: Vec<String> = members(&wanted).into_iter().filter(|name| !members(&served).contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
