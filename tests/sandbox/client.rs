//! A small client: one origin, one token.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use rolewright::clock::ManualClock;
use rolewright::sandbox::{Running, Sandbox, SandboxOptions, Seed};
use serde_json::{Value, json};

pub(crate) const TENANT: &str = "5a9dbb0c-0000-4000-8000-000000000001";
pub(crate) const PLAN: &str = "00000000-0000-4000-8000-0000000000a1";
pub(crate) const APPLY: &str = "00000000-0000-4000-8000-0000000000a2";
pub(crate) const ADMIN: &str = "00000000-0000-4000-8000-0000000000a3";
pub(crate) const DIRECTORY: &str = "/v1.0/roleManagement/directory";
pub(crate) const GROUP: &str = "/v1.0/identityGovernance/privilegedAccess/group";

/// Returns when every test begins.
pub(crate) fn noon() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

/// Returns options on a clock that stands still, with tokens that outlive every test.
pub(crate) fn options(seed: Seed) -> SandboxOptions {
    let (base, token_lifetime) = (Arc::new(ManualClock::new(noon())), SignedDuration::from_hours(24 * 400));
    SandboxOptions { seed, base, token_lifetime, ..SandboxOptions::default() }
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) version: reqwest::Version,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Returns the error code, the inner one where Graph wraps it.
    pub(crate) fn code(&self) -> String {
        let error = &self.body["error"];
        let inner: Option<Value> = error["message"].as_str().and_then(|text| serde_json::from_str(text).ok());
        let code = inner.as_ref().map_or(&error["code"], |inner| &inner["errorCode"]);
        code.as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn rows(&self) -> &Vec<Value> {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body["value"].as_array().unwrap()
    }
}

/// A sandbox and a caller.
pub(crate) struct Client {
    pub(crate) running: Running,
    http: reqwest::Client,
    pub(crate) token: String,
}

impl Client {
    pub(crate) async fn seeded(seed: Seed) -> Self {
        Self::start(options(seed)).await
    }

    /// Starts a sandbox and signs in as `rolewright-admin`.
    pub(crate) async fn start(options: SandboxOptions) -> Self {
        Self::start_with(options, false).await
    }

    /// Starts a sandbox and a client that speaks HTTP/1.1 only if `is_old`.
    pub(crate) async fn start_with(options: SandboxOptions, is_old: bool) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let running = Sandbox::start(options).await.unwrap();
        let mut http = reqwest::Client::builder().no_proxy();
        if is_old {
            http = http.http1_only();
        }
        if let Some(ca) = running.origins().ca {
            http = http.tls_certs_only([reqwest::Certificate::from_pem(&std::fs::read(ca).unwrap()).unwrap()]);
        }
        let mut client = Self { running, http: http.build().unwrap(), token: String::new() };
        client.sign_in(ADMIN).await;
        client
    }

    pub(crate) fn origin(&self) -> String {
        self.running.origins().graph
    }

    pub(crate) async fn form(&self, fields: &[(&str, &str)]) -> Got {
        let url = format!("{}/{TENANT}/oauth2/v2.0/token", self.origin());
        read(self.http.post(url).form(fields).send().await.unwrap()).await
    }

    pub(crate) async fn sign_in(&mut self, app: &str) {
        let scope = format!("{}/.default", self.origin());
        let got = self
            .form(&[
                ("client_id", app),
                ("client_secret", "sandbox"),
                ("grant_type", "client_credentials"),
                ("scope", &scope),
            ])
            .await;
        self.token = got.body["access_token"].as_str().unwrap().to_owned();
    }

    /// Continues as a person.
    pub(crate) async fn act_as(&mut self, body: Value) {
        let got = self.post("/sandbox/token", body).await;
        self.token = got.body["access_token"].as_str().unwrap().to_owned();
    }

    /// Sends a request; `None` when the connection was dropped.
    pub(crate) async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        more: &[(&str, &str)],
    ) -> Option<Got> {
        let url = if path.starts_with("http") { path.to_owned() } else { self.origin() + path };
        let mut request = self.http.request(method, url).bearer_auth(&self.token);
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        Some(read(request.send().await.ok()?).await)
    }

    pub(crate) async fn get(&self, path: &str) -> Got {
        self.try_send(Method::GET, path, None, &[]).await.unwrap()
    }

    pub(crate) async fn advanced(&self, path: &str) -> Got {
        self.try_send(Method::GET, path, None, &[("ConsistencyLevel", "eventual")]).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Got {
        self.try_send(Method::POST, path, Some(body), &[]).await.unwrap()
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Got {
        self.try_send(Method::PATCH, path, Some(body), &[]).await.unwrap()
    }

    pub(crate) async fn delete(&self, path: &str) -> Got {
        self.try_send(Method::DELETE, path, None, &[]).await.unwrap()
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.running.advance(SignedDuration::from_secs(seconds));
    }

    /// Returns the id of the row of a collection with this name.
    pub(crate) async fn id(&self, collection: &str, name: &str) -> String {
        let property = if collection == "users" { "userPrincipalName" } else { "displayName" };
        let got = self.get(&format!("/v1.0/{collection}?$filter={property} eq '{}'", name.replace('#', "%23"))).await;
        assert_eq!(got.rows().len(), 1, "{name}: {}", got.body);
        got.rows()[0]["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn role(&self, name: &str) -> String {
        self.id("roleManagement/directory/roleDefinitions", name).await
    }

    /// Sends a schedule request.
    pub(crate) async fn request(
        &self,
        side: &str,
        action: &str,
        principal: &str,
        role: &str,
        scope: &str,
        schedule: Value,
    ) -> Got {
        let body = json!({"action": action, "principalId": principal, "roleDefinitionId": role, "directoryScopeId": scope,
            "justification": "test", "scheduleInfo": schedule});
        self.post(&format!("{DIRECTORY}/role{side}ScheduleRequests"), body).await
    }

    /// Sends a schedule request of PIM for Groups; `at` is group and access.
    pub(crate) async fn group_request(
        &self,
        side: &str,
        action: &str,
        principal: &str,
        at: (&str, &str),
        schedule: Value,
    ) -> Got {
        let body = json!({"action": action, "principalId": principal, "groupId": at.0, "accessId": at.1,
            "justification": "test", "scheduleInfo": schedule});
        self.post(&format!("{GROUP}/{side}ScheduleRequests"), body).await
    }

    /// Returns the rows of a collection of PIM for Groups about one group.
    pub(crate) async fn in_group(&self, collection: &str, group: &str) -> Vec<Value> {
        self.get(&format!("{GROUP}/{collection}?$filter=groupId eq '{group}'")).await.rows().clone()
    }

    /// Returns the groups that came under PIM after the seed `contoso`, whose own are called `sg-pim-…`.
    pub(crate) async fn onboarded(&self) -> Vec<String> {
        let seeded = self.ids("/v1.0/groups?$select=id&$filter=startsWith(displayName,'sg-pim-')").await;
        let mut groups = self.ids(&format!("{GROUP}/resources")).await;
        groups.retain(|group| !seeded.contains(group));
        groups
    }

    /// Returns the policy assignment of a group with policy and rules.
    pub(crate) async fn group_policy(&self, group: &str, access: &str) -> Value {
        let filter = format!("scopeId eq '{group}' and scopeType eq 'Group' and roleDefinitionId eq '{access}'");
        let path =
            format!("/v1.0/policies/roleManagementPolicyAssignments?$filter={filter}&$expand=policy($expand=rules)");
        let rows = self.get(&path).await.rows().clone();
        assert_eq!(rows.len(), 1, "{rows:?}");
        rows[0].clone()
    }

    /// Writes one rule of a group's policy, found right before.
    pub(crate) async fn group_rule(&self, group: &str, access: &str, rule: &str, more: Value) -> Got {
        let policy = self.group_policy(group, access).await;
        let rules = policy["policy"]["rules"].as_array().unwrap();
        let mut found = rules.iter().find(|found| found["id"] == rule).unwrap().clone();
        found.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let id = policy["policyId"].as_str().unwrap();
        self.patch(&format!("/v1.0/policies/roleManagementPolicies/{id}/rules/{rule}"), found).await
    }

    /// Returns the ids of the rows of a list of directory objects.
    pub(crate) async fn ids(&self, path: &str) -> Vec<String> {
        let got = self.get(path).await;
        got.rows().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Returns the rows of a PIM collection about one principal.
    pub(crate) async fn about(&self, collection: &str, principal: &str) -> Vec<Value> {
        self.get(&format!("{DIRECTORY}/{collection}?$filter=principalId eq '{principal}'")).await.rows().clone()
    }
}

async fn read(response: reqwest::Response) -> Got {
    let (status, headers, version) = (response.status().as_u16(), response.headers().clone(), response.version());
    let bytes = response.bytes().await.unwrap_or_default();
    Got { status, headers, version, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
}

/// Returns `scheduleInfo` for so many days.
pub(crate) fn days(days: i64) -> Value {
    json!({"expiration": {"type": "afterDuration", "duration": format!("P{days}D")}})
}

/// Returns `scheduleInfo` for ever.
pub(crate) fn forever() -> Value {
    json!({"startDateTime": "2020-01-01T00:00:00Z", "expiration": {"type": "NoExpiration"}})
}
