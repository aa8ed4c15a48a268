//! The front of ARM: versions, headers, error bodies, routing, throttling, faults, and the odd answers (arm.md 0, D.5, E.1).

use jiff::SignedDuration;
use reqwest::Method;
use rolewright::sandbox::{SandboxOptions, Seed};
use serde_json::{Value, json};

use crate::arm_pim::{READER, SUBSCRIPTION, at, guid};
use crate::client::{ADMIN, Client, PLAN, TENANT, options};

fn definitions(filter: &str) -> String {
    format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions?api-version=2022-04-01{filter}")
}

#[tokio::test]
async fn a_version_is_needed_and_known() {
    let c = Client::seeded(Seed::Empty).await;
    let missing = c.get(&format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions")).await;
    assert_eq!((missing.status, missing.code().as_str()), (400, "MissingApiVersionParameter"));
    let unknown = c.get(&at(SUBSCRIPTION, "denyAssignments", "2010-01-01")).await;
    assert_eq!(
        unknown.body,
        json!({"error": {"code": "InvalidResourceType", "message":
            "The resource type 'denyAssignments' could not be found in the namespace 'Microsoft.Authorization' for api version \
             '2010-01-01'. The supported api-versions are '2018-07-01-preview,2022-04-01,2024-07-01-preview'."}})
    );
    assert_eq!(c.get("/subscriptions?api-version=latest").await.status, 400);
    assert_eq!(c.get("/subscriptions?API-Version=2016-06-01").await.status, 200);
    for path in [
        at(SUBSCRIPTION, "locks", "2020-05-01"),
        "/providers/Microsoft.Nowhere/things?api-version=2020-01-01".to_owned(),
        "/batch?api-version=2020-06-01".to_owned(),
        at(SUBSCRIPTION, "roleManagementAlerts", "2022-08-01-preview"),
        // A provider's own call, not the id of a resource.
        format!("{SUBSCRIPTION}/providers/Microsoft.Insights/eventtypes/management/values?api-version=2015-04-01"),
        format!("{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.KeyVault/vaults?api-version=2023-07-01"),
    ] {
        let got = c.get(&path).await;
        assert_eq!((got.status, got.code().as_str()), (501, "NotEmulated"), "{path}");
    }
}

#[tokio::test]
async fn paths_are_forgiving() {
    let c = Client::seeded(Seed::Empty).await;
    let filter = "$filter=roleName eq 'Reader'&api-version=2022-04-01";
    for path in [
        format!("/{SUBSCRIPTION}//providers/Microsoft.Authorization/roleDefinitions?{filter}"),
        format!("{}/PROVIDERS/microsoft.authorization/ROLEDEFINITIONS?{filter}", SUBSCRIPTION.to_uppercase()),
        format!(
            "/providers/Microsoft.Subscription{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions?{filter}"
        ),
    ] {
        assert_eq!(c.get(&path).await.rows().len(), 1, "{path}");
    }
}

#[tokio::test]
async fn answers_have_arms_headers() {
    let c = Client::seeded(Seed::Empty).await;
    let sent = [("x-ms-correlation-request-id", "corr-1"), ("x-ms-client-request-id", "mine-1")];
    let got = c.try_send(Method::GET, &definitions("&$filter=roleName eq 'x'"), None, &sent).await.unwrap();
    for (name, value) in [
        ("cache-control", "no-cache"),
        ("pragma", "no-cache"),
        ("expires", "-1"),
        ("content-type", "application/json; charset=utf-8"),
        ("strict-transport-security", "max-age=31536000; includeSubDomains"),
        ("x-content-type-options", "nosniff"),
        ("x-ms-correlation-request-id", "corr-1"),
        ("x-ms-ratelimit-remaining-subscription-reads", "249"),
        ("x-ms-ratelimit-remaining-subscription-global-reads", "3749"),
        ("mspimslice", ""),
        ("request-id", ""),
    ] {
        assert_eq!(got.header(name), value, "{name}");
    }
    assert_eq!(got.header("x-ms-request-id").len(), 36);
    assert!(got.header("x-ms-routing-request-id").contains(":20261121T120000Z:"));
    let pim = c
        .try_send(Method::GET, &at(SUBSCRIPTION, "roleEligibilitySchedules", "2020-10-01"), None, &sent)
        .await
        .unwrap();
    assert_eq!((pim.header("mspimslice"), pim.header("x-ms-client-request-id")), ("PROD", "mine-1"));
    let tenant = c.get("/providers/Microsoft.Management/managementGroups?api-version=2023-04-01").await;
    assert_eq!(tenant.header("x-ms-ratelimit-remaining-tenant-reads"), "249");
    let written = c.delete(&at(SUBSCRIPTION, &format!("roleAssignments/{}", guid(1)), "2022-04-01")).await;
    assert_eq!(written.header("x-ms-ratelimit-remaining-subscription-deletes"), "199");
}

#[tokio::test]
async fn tokens_are_checked() {
    let mut c = Client::seeded(Seed::Empty).await;
    let refused = |got: &crate::client::Got| (got.status, got.code());
    let good = std::mem::replace(&mut c.token, "x.y.z".to_owned());
    let got = c.get(&definitions("")).await;
    assert_eq!(refused(&got), (401, "InvalidAuthenticationToken".to_owned()));
    assert!(got.header("www-authenticate").contains(&format!("/{TENANT}\"")));
    c.token = String::new();
    assert_eq!(refused(&c.get(&definitions("")).await), (401, "AuthenticationFailed".to_owned()));
    c.token = good;
    c.advance(500 * 86_400);
    assert_eq!(refused(&c.get(&definitions("")).await), (401, "ExpiredAuthenticationToken".to_owned()));
    // Microsoft's own audiences are good for ARM, and for ARM alone.
    for scope in ["https://management.azure.com/.default", "https://management.core.windows.net//.default"] {
        let form = [
            ("client_id", ADMIN),
            ("client_secret", "sandbox"),
            ("grant_type", "client_credentials"),
            ("scope", scope),
        ];
        c.token = c.form(&form).await.body["access_token"].as_str().unwrap().to_owned();
        assert_eq!(c.get(&definitions("&$filter=roleName eq 'x'")).await.status, 200, "{scope}");
        assert_eq!(c.get("/v1.0/users").await.status, 401);
    }
}

#[tokio::test]
async fn a_body_must_be_json() {
    let c = Client::seeded(Seed::Empty).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}{}", c.origin(), at(SUBSCRIPTION, &format!("roleAssignments/{}", guid(1)), "2022-04-01"));
    let got = http.put(&url).bearer_auth(&c.token).body("{").send().await.unwrap();
    assert_eq!(got.status().as_u16(), 400);
    let body: Value = serde_json::from_slice(&got.bytes().await.unwrap()).unwrap();
    assert_eq!(body["error"]["code"], "InvalidRequestContent");
    assert!(body["error"].get("innerError").is_none());
    let text = http.get(format!("{}{}", c.origin(), definitions("&$filter=roleName eq 'Owner'"))).bearer_auth(&c.token);
    let text = text.send().await.unwrap().text().await.unwrap();
    assert!(
        text.starts_with(
            "{\"value\":[{\"properties\":{\"roleName\":\"Owner\",\"type\":\"BuiltInRole\",\"description\":"
        ),
        "{text}"
    );
    let owner = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
    assert!(text.ends_with(&format!("\"type\":\"Microsoft.Authorization/roleDefinitions\",\"name\":\"{owner}\"}}]}}")));
}

#[tokio::test]
async fn odd_answers_are_no_arm_errors() {
    let c = Client::seeded(Seed::Empty).await;
    for kind in ["roleManagementPolicies", "roleManagementPolicyAssignments"] {
        let path = at(SUBSCRIPTION, &format!("{kind}/{READER}"), "2020-10-01");
        let got = c.arm_put(&path, json!({"properties": {}})).await;
        assert_eq!((got.status, &got.body), (400, &json!("Not implemented exception")));
        let got = c.delete(&path).await;
        assert_eq!((got.status, got.header("allow")), (405, "GET, PUT, POST"));
        assert_eq!(got.body, json!({"message": "The requested resource does not support http method 'DELETE'."}));
    }
}

#[tokio::test]
async fn arms_buckets_empty_and_fill() {
    let c = Client::start(SandboxOptions { throttle_arm: true, ..options(Seed::Empty) }).await;
    let path = format!("{SUBSCRIPTION}?api-version=2022-12-01");
    for left in (0..250).rev() {
        assert_eq!(c.get(&path).await.header("x-ms-ratelimit-remaining-subscription-reads"), left.to_string());
    }
    let got = c.get(&path).await;
    assert_eq!(
        (got.status, got.code().as_str(), got.header("retry-after")),
        (429, "SubscriptionRequestsThrottled", "1")
    );
    // The tenant has a bucket of its own, and so have writes.
    assert_eq!(c.get("/subscriptions?api-version=2022-12-01").await.status, 200);
    assert_eq!(
        c.arm_put(&format!("{SUBSCRIPTION}/resourceGroups/rg?api-version=2021-04-01"), json!({"location": "x"}))
            .await
            .status,
        201
    );
    c.advance(1);
    assert_eq!(c.get(&path).await.header("x-ms-ratelimit-remaining-subscription-reads"), "24");
    // Graph is not throttled by it.
    assert_eq!(c.get("/v1.0/users").await.status, 200);
}

#[tokio::test]
async fn faults_and_the_journal_know_arm() {
    let c = Client::seeded(Seed::Empty).await;
    let rules = json!([
        {"match": {"path": "roleDefinitions", "to": 1}, "effect": {"answer": {"status": 429, "retryAfter": 7}}},
        {"match": {"path": "roleDefinitions", "from": 2, "to": 2}, "effect": {"answer": {"status": 403}}},
        {"match": {"path": "roleAssignments", "method": "PUT"}, "effect": "lostAnswer"},
        {"match": {"path": "roleAssignments", "method": "GET", "to": 1}, "effect": {"staleRead": {"writes": 1}}}
    ]);
    assert_eq!(c.post("/sandbox/faults", rules).await.status, 204);
    let got = c.get(&definitions("")).await;
    assert_eq!((got.status, got.header("retry-after")), (429, "7"));
    assert_eq!(got.body["error"].as_object().unwrap().keys().collect::<Vec<_>>(), ["code", "message"]);
    assert_eq!(c.get(&definitions("")).await.code(), "AuthorizationFailed");
    let body = json!({"properties": {"roleDefinitionId": READER, "principalId": guid(3), "principalType": "User"}});
    let path = at(SUBSCRIPTION, &format!("roleAssignments/{}", guid(1)), "2022-04-01");
    assert!(c.try_send(Method::PUT, &path, Some(body), &[]).await.is_none());
    assert_eq!(c.get(&path).await.status, 404);
    assert_eq!(c.get(&path).await.status, 200);
    let journal = c.running.journal();
    let last = journal.last().unwrap();
    assert_eq!((last.method.as_str(), last.caller.as_deref(), last.status), ("GET", Some(ADMIN), Some(200)));
    assert_eq!(last.query, "api-version=2022-04-01");
}

#[tokio::test]
async fn a_page_may_be_empty_and_links_lead_on() {
    let c = Client::start(SandboxOptions { page_size: Some(400), empty_pages: true, ..options(Seed::Empty) }).await;
    let (mut next, mut count, mut sizes) = (Some(definitions("&$filter=type eq 'BuiltInRole'")), 0, Vec::new());
    while let Some(path) = next {
        let got = c.get(&path).await;
        sizes.push(got.rows().len());
        count += got.rows().len();
        next = got.body["nextLink"].as_str().map(str::to_owned);
    }
    assert_eq!(&sizes[..3], [0, 400, 400]);
    assert!(count > 900);
}

#[tokio::test]
async fn small_collections_answer() {
    let mut c = Client::seeded(Seed::Empty).await;
    c.sign_in(PLAN).await;
    assert!(c.get(&at(SUBSCRIPTION, "denyAssignments", "2022-04-01")).await.rows().is_empty());
    let denial = c.get(&at(SUBSCRIPTION, &format!("denyAssignments/{}", guid(1)), "2022-04-01")).await;
    assert_eq!((denial.status, denial.code().as_str()), (404, "DenyAssignmentNotFound"));
    assert!(c.get(&at(SUBSCRIPTION, "classicAdministrators", "2015-07-01")).await.rows().is_empty());
    let one = c.get(&at("", "providerOperations/microsoft.compute?$expand=resourceTypes", "2022-04-01")).await;
    assert_eq!((one.status, &one.body["name"]), (200, &json!("Microsoft.Compute")));
    let types = one.body["resourceTypes"].as_array().unwrap();
    let machines = types.iter().find(|kind| kind["name"] == "virtualMachines").unwrap();
    let start = "Microsoft.Compute/virtualMachines/start/action";
    assert!(
        machines["operations"]
            .as_array()
            .unwrap()
            .iter()
            .any(|row| row["name"] == start && row["isDataAction"] == false)
    );
    assert_eq!(c.get(&at("", "providerOperations/none", "2022-04-01")).await.status, 404);
}

#[tokio::test]
async fn the_latency_of_lag_is_tenant_time() {
    let c = Client::start(SandboxOptions { lag: SignedDuration::from_secs(30), ..options(Seed::Empty) }).await;
    let rg = format!("{SUBSCRIPTION}/resourceGroups/rg");
    assert_eq!(c.resource_group(&rg).await.status, 201);
    assert_eq!(c.get(&format!("{rg}?api-version=2021-04-01")).await.status, 404);
    c.advance(31);
    assert_eq!(c.get(&format!("{rg}?api-version=2021-04-01")).await.status, 200);
}

#[tokio::test]
async fn operations_of_providers_come_in_pages() {
    let c = Client::start(SandboxOptions { page_size: Some(200), ..options(Seed::Empty) }).await;
    let first = c.get(&at("", "providerOperations?$expand=resourceTypes", "2022-04-01")).await;
    let last = c.get(first.body["nextLink"].as_str().unwrap()).await;
    assert_eq!(first.rows().len(), 200);
    assert!(last.rows().iter().any(|row| row["name"] == "Microsoft.Storage"));
}

#[tokio::test]
async fn a_missing_resource_names_its_group() {
    let c = Client::seeded(Seed::Empty).await;
    let rg = format!("{SUBSCRIPTION}/resourceGroups/rg");
    assert_eq!(c.resource_group(&rg).await.status, 201);
    for (scope, group) in [(SUBSCRIPTION, "<null>"), (&rg, "rg")] {
        let got = c.get(&format!("{scope}/providers/Microsoft.KeyVault/vaults/kv?api-version=2023-07-01")).await;
        let text = format!("'Microsoft.KeyVault/vaults/kv' under resource group '{group}' was not found");
        assert_eq!((got.status, got.code().as_str()), (404, "ResourceNotFound"));
        assert!(got.body["error"]["message"].as_str().unwrap().contains(&text), "{}", got.body);
    }
}
