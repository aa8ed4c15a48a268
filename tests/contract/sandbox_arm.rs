//! The sandbox serves each example of role definitions and role assignments in its shape. What it serves beyond an example is what the
//! live service was recorded to (`arm/INDEX.md`).

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use rolewright::clock::ManualClock;
use rolewright::sandbox::{Running, Sandbox, SandboxOptions};
use serde_json::{Value, json};

use crate::shape::differences;

const SUBSCRIPTION: &str = "/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
/// What recorded answers have beyond the examples.
const STAMPS: [&str; 4] = ["createdOn", "updatedOn", "createdBy", "updatedBy"];
const BESIDES: [&str; 4] = ["condition", "conditionVersion", "delegatedManagedIdentityResourceId", "description"];

fn example(name: &str) -> Value {
    let path = format!("{}/tests/contract/arm/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

struct Tenant {
    running: Running,
    http: reqwest::Client,
    token: String,
}

impl Tenant {
    async fn start() -> Self {
        let base = Arc::new(ManualClock::new("2026-11-21T12:00:00Z".parse::<Timestamp>().unwrap()));
        let token_lifetime = SignedDuration::from_hours(24);
        let options = SandboxOptions { base, token_lifetime, ..SandboxOptions::default() };
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut tenant = Self { running: Sandbox::start(options).await.unwrap(), http, token: String::new() };
        let origins = tenant.running.origins();
        let url = format!("{}/{}/oauth2/v2.0/token", origins.login, origins.tenant_id);
        let fields = [
            ("client_id", "00000000-0000-4000-8000-0000000000a3"),
            ("client_secret", "sandbox"),
            ("grant_type", "client_credentials"),
            ("scope", "https://management.azure.com/.default"),
        ];
        let got: Value = tenant.http.post(url).form(&fields).send().await.unwrap().json().await.unwrap();
        tenant.token = got["access_token"].as_str().unwrap().to_owned();
        tenant
    }

    /// Sends a request about something of `Microsoft.Authorization` at the subscription.
    async fn send(&self, method: Method, rest: &str, body: Option<Value>) -> (u16, Value) {
        let origin = self.running.origins().arm;
        let url = format!("{origin}{SUBSCRIPTION}/providers/Microsoft.Authorization/{rest}api-version=2022-04-01");
        let mut request = self.http.request(method, url).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null))
    }
}

/// Takes members away, after seeing that they are there.
fn without(mut body: Value, names: &[&str]) -> Value {
    for name in names {
        assert!(body["properties"].as_object_mut().unwrap().remove(*name).is_some(), "{name}");
    }
    body
}

#[tokio::test]
async fn a_role_definition_has_the_shape_of_its_example() {
    let example = example("PutRoleDefinition");
    let answer = &example["responses"]["201"]["body"];
    let tenant = Tenant::start().await;
    let mut properties = answer["properties"].clone();
    properties["type"] = json!("CustomRole");
    properties["assignableScopes"] = json!([SUBSCRIPTION]);
    properties["permissions"][0]["actions"] = json!(["Microsoft.Compute/virtualMachines/read"]);
    properties["permissions"][0]["dataActions"] = json!(["Microsoft.Compute/virtualMachines/login/action"]);
    let rest = "roleDefinitions/11111111-2222-4333-8444-555555555555?";
    for _ in ["create", "update"] {
        let (status, body) = tenant.send(Method::PUT, rest, Some(json!({"properties": properties}))).await;
        assert_eq!(status, 201, "{body}");
        assert_eq!(differences(answer, &without(body, &STAMPS), &[]), Vec::<String>::new());
    }
    let (status, body) = tenant.send(Method::DELETE, rest, None).await;
    assert_eq!((status, differences(answer, &without(body, &STAMPS), &[])), (200, Vec::new()));
}

#[tokio::test]
async fn role_assignments_have_the_shape_of_their_examples() {
    let (create, list) = (example("RoleAssignments_CreateForSubscription"), example("RoleAssignments_ListForScope"));
    let delete = example("RoleAssignments_Delete");
    let tenant = Tenant::start().await;
    let name = create["parameters"]["roleAssignmentName"].as_str().unwrap();
    let mut sent = create["parameters"]["parameters"].clone();
    let role = format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{READER}");
    sent["properties"]["roleDefinitionId"] = json!(role);
    let rest = format!("roleAssignments/{name}?");
    let besides: Vec<&str> = STAMPS.iter().chain(&BESIDES).copied().collect();
    for status in ["201", "200"] {
        let (got, body) = tenant.send(Method::PUT, &rest, Some(sent.clone())).await;
        assert_eq!(got.to_string(), status, "{body}");
        assert_eq!(body["properties"]["principalId"], sent["properties"]["principalId"]);
        assert_eq!(
            differences(&create["responses"][status]["body"], &without(body, &besides), &[]),
            Vec::<String>::new()
        );
    }
    let filter =
        format!("roleAssignments?$filter=principalId eq '{}'&", sent["properties"]["principalId"].as_str().unwrap());
    let (status, body) = tenant.send(Method::GET, &filter, None).await;
    let rows: Vec<Value> = body["value"].as_array().unwrap().iter().map(|row| without(row.clone(), &besides)).collect();
    assert_eq!((status, rows.len()), (200, 1));
    assert_eq!(differences(&list["responses"]["200"]["body"], &json!({"value": rows}), &[]), Vec::<String>::new());
    let (status, body) = tenant.send(Method::DELETE, &rest, None).await;
    let found = differences(&delete["responses"]["200"]["body"], &without(body, &besides), &[]);
    assert_eq!((status, found), (200, Vec::new()));
    assert_eq!(tenant.send(Method::DELETE, &rest, None).await, (204, Value::Null));
    assert_eq!(delete["responses"]["204"], json!({}));
}
