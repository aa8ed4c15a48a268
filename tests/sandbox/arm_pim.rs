//! What the tests of PIM for Azure resources share: paths, bodies, a few words.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Client, Got};

pub(crate) const SUBSCRIPTION: &str = "/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1";
pub(crate) const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
pub(crate) const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
pub(crate) const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
/// The contractor of contoso, a guest.
pub(crate) const IVAN: &str = "ivan_fabrikam.example#EXT#@contoso.example";
/// A reason to give for every request.
pub(crate) const WHY: &str = "test";

/// Returns the path of a collection of `Microsoft.Authorization`, or of something in it.
pub(crate) fn path(scope: &str, rest: &str) -> String {
    at(scope, rest, "2020-10-01")
}

/// Returns the same for an api-version.
pub(crate) fn at(scope: &str, rest: &str, version: &str) -> String {
    let mark = if rest.contains('?') { '&' } else { '?' };
    let scope = scope.trim_end_matches('/');
    format!("{scope}/providers/Microsoft.Authorization/{rest}{mark}api-version={version}")
}

/// Returns the id of a role as rows of the subscription print it.
pub(crate) fn role(guid: &str) -> String {
    format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{guid}")
}

/// Returns the n-th name for requests.
pub(crate) fn guid(n: u32) -> String {
    format!("00000000-0000-4000-9000-{n:012}")
}

/// Returns `scheduleInfo` that lasts so long.
pub(crate) fn lasting(duration: &str) -> Value {
    json!({"expiration": {"type": "AfterDuration", "duration": duration}})
}

/// Returns the body of a request with a justification.
pub(crate) fn body(request_type: &str, principal: &str, guid: &str, schedule: Value) -> Value {
    let mut properties = json!({"requestType": request_type, "principalId": principal, "roleDefinitionId": role(guid),
        "justification": WHY});
    if !schedule.is_null() {
        properties["scheduleInfo"] = schedule;
    }
    json!({"properties": properties})
}

impl Client {
    /// Sends a PUT.
    pub(crate) async fn arm_put(&self, path: &str, body: Value) -> Got {
        self.try_send(Method::PUT, path, Some(body), &[]).await.unwrap()
    }

    /// Puts the n-th request about eligible (`Eligibility`) or active (`Assignment`) assignments at a scope.
    pub(crate) async fn put_request(&self, side: &str, scope: &str, n: u32, body: Value) -> Got {
        self.arm_put(&path(scope, &format!("role{side}ScheduleRequests/{}", guid(n))), body).await
    }

    /// Returns the rows of a collection at a scope whose principal and role are these.
    pub(crate) async fn held(&self, collection: &str, scope: &str, principal: &str, guid: &str) -> Vec<Value> {
        let rows = self.get(&path(scope, collection)).await.rows().clone();
        let is = |row: &Value| {
            row["properties"]["principalId"] == principal
                && row["properties"]["roleDefinitionId"].as_str().unwrap().ends_with(guid)
        };
        rows.into_iter().filter(is).collect()
    }

    /// Adds a person.
    pub(crate) async fn person(&self, name: &str) -> String {
        let upn = format!("{name}@contoso.example");
        let body = json!({"displayName": name, "userPrincipalName": upn, "mailNickname": name, "accountEnabled": true,
            "passwordProfile": {"password": "x-Y-9-z-long"}});
        let got = self.post("/v1.0/users", body).await;
        assert_eq!(got.status, 201, "{}", got.body);
        got.body["id"].as_str().unwrap().to_owned()
    }

    /// Writes rules of a policy at a scope and returns the answer.
    pub(crate) async fn patch_rules(&self, scope: &str, guid: &str, rules: Value) -> Got {
        let filter = format!("roleManagementPolicies?$filter=roleDefinitionId eq '{}'", role(guid));
        let found = self.get(&path(scope, &filter)).await.rows().clone();
        assert_eq!(found.len(), 1);
        let name = found[0]["name"].as_str().unwrap();
        let body = json!({"properties": {"rules": rules}});
        self.patch(&path(scope, &format!("roleManagementPolicies/{name}")), body).await
    }
}

/// Returns a complete rule: the factory one with some members changed; null takes one away.
pub(crate) fn rule(id: &str, change: Value) -> Value {
    let kind = id.split('_').next().unwrap();
    let (caller, level) = match (id.contains("EndUser"), id.ends_with("Eligibility")) {
        (true, _) => ("EndUser", "Assignment"),
        (false, true) => ("Admin", "Eligibility"),
        (false, false) => ("Admin", "Assignment"),
    };
    let mut rule = json!({"id": id, "ruleType": format!("RoleManagementPolicy{kind}Rule"),
        "target": {"caller": caller, "operations": ["All"], "level": level}});
    for (name, value) in change.as_object().unwrap() {
        rule[name.as_str()] = value.clone();
    }
    rule
}
