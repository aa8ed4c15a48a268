//! A sandbox in which the principals and roles of the documents exist, and what is compared with them.

use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use rolewright::clock::ManualClock;
use rolewright::sandbox::{Running, Sandbox, SandboxOptions, Seed, Switches};
use serde_json::{Value, json};

use crate::shape::differences;

/// The filter that policies of directory roles are found by.
pub(crate) const DIRECTORY_ROLE: &str = "$filter=scopeId eq '/' and scopeType eq 'DirectoryRole'";

/// Returns a document.
pub(crate) fn document(name: &str) -> Value {
    let path = format!("{}/tests/contract/graph/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A tenant whose users, groups and roles have the ids that the documents name.
pub(crate) struct Tenant {
    pub(crate) running: Running,
    http: reqwest::Client,
    pub(crate) token: String,
}

/// The principals and roles of the documents.
pub(crate) const PERSON: &str = "071cc716-8147-4397-a5ba-b2105951cc0b";
pub(crate) const GLOBAL: &str = "62e90394-69f5-4237-9190-012177145e10";

impl Tenant {
    pub(crate) async fn start(switches: Switches) -> Self {
        let base = Arc::new(ManualClock::new("2022-04-11T11:50:06.3431234Z".parse::<Timestamp>().unwrap()));
        let folder = tempfile::tempdir().unwrap();
        let seed = Self::seed(folder.path()).await;
        let options = SandboxOptions {
            seed,
            base,
            switches,
            token_lifetime: SignedDuration::from_hours(24 * 900),
            ..SandboxOptions::default()
        };
        let mut tenant = Self { running: Sandbox::start(options).await.unwrap(), http: http(), token: String::new() };
        let got = tenant.form("sandbox").await;
        tenant.token = got.1["access_token"].as_str().unwrap().to_owned();
        tenant
    }

    /// Writes a seed that is `contoso` with the documents' principals.
    pub(crate) async fn seed(folder: &Path) -> Seed {
        let contoso =
            Sandbox::start(SandboxOptions { seed: Seed::Contoso, ..SandboxOptions::default() }).await.unwrap();
        let mut state = contoso.state_json();
        let made = "2020-01-01T00:00:00Z";
        let user = |name: &str| json!({"kind": "user", "created": made, "properties": {"displayName": name, "userPrincipalName": format!("{name}@contoso.example")}});
        let group = json!({"kind": "group", "created": made, "properties": {"displayName": "helpdesk", "isAssignableToRole": true}});
        state["objects"][PERSON] = user("person");
        state["objects"]["fc9a2c2b-1ddc-486d-a211-5fe8ca77fa1f"] = group;
        state["objects"]["dc626e71-4837-40eb-be4a-bc29d88a1178"] =
            json!({"kind": "administrativeUnit", "created": made, "properties": {"displayName": "unit"}});
        for id in ["3cce9d87-3986-4f19-8335-7ed075408ca2", "56f2d212-e49c-42e3-8298-0188e5bef094"] {
            state["objects"][id] = user(id);
        }
        for id in [
            "2b5ed229-4072-478d-9504-a047ebd4b07d",
            "68e55cce-cf7e-4a2d-9046-3e4e75c4bfa7",
            "60bba733-f09d-49b7-8445-32369aa066b3",
            "7e526275-97a8-4dc6-932a-4db521cccf96",
        ] {
            state["objects"][id] = json!({"kind": "group", "created": made, "properties": {"displayName": id}});
        }
        state["schedules"] = json!({});
        state["requests"] = json!({});
        let file = folder.join("seed.json");
        std::fs::write(&file, serde_json::to_vec(&state).unwrap()).unwrap();
        Seed::File(file)
    }

    pub(crate) async fn form(&self, secret: &str) -> (u16, Value) {
        let origins = self.running.origins();
        let url = format!("{}/{}/oauth2/v2.0/token", origins.login, origins.tenant_id);
        let scope = format!("{}/.default", origins.graph);
        let fields = [
            ("client_id", "00000000-0000-4000-8000-0000000000a3"),
            ("client_secret", secret),
            ("grant_type", "client_credentials"),
            ("scope", &scope),
        ];
        let response = self.http.post(url).form(&fields).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request = self.http.request(method, self.running.origins().graph + path).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null))
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send(Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.send(Method::POST, path, Some(body)).await;
        assert_eq!(status, 201, "{path}: {answer}");
        answer
    }

    /// Continues as the person of most documents.
    pub(crate) async fn as_person(&mut self) {
        self.as_user(PERSON).await;
    }

    /// Continues as a person.
    pub(crate) async fn as_user(&mut self, id: &str) {
        let (_, got) = self.send(Method::POST, "/sandbox/token", Some(json!({"user": id, "mfa": true}))).await;
        self.token = got["access_token"].as_str().unwrap().to_owned();
    }

    pub(crate) async fn as_admin(&mut self) {
        self.token = self.form("sandbox").await.1["access_token"].as_str().unwrap().to_owned();
    }

    pub(crate) async fn policy(&self, role: &str) -> String {
        let path =
            format!("/v1.0/policies/roleManagementPolicyAssignments?{DIRECTORY_ROLE} and roleDefinitionId eq '{role}'");
        self.get(&path).await["value"][0]["policyId"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn http() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// Asserts that what is served has the shape of the document, but for the paths in `open`.
pub(crate) fn same(name: &str, served: &Value, open: &[&str]) {
    let found = differences(&document(name), served, open);
    assert!(found.is_empty(), "{name}: {found:#?}\n{served:#}");
}
