//! The words that stories about Azure are told in: hierarchies, manifests, requests, and what is there afterwards.

use rolewright::sandbox::Entry;
use serde_json::{Map, Value, json};

use crate::stage::{Stage, tenant};

/// The subscription of every seed, `prod-core`.
pub(crate) const SUBSCRIPTION: &str = "/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1";
/// The root management group, whose id is the tenant's.
pub(crate) const ROOT_GROUP: &str =
    "/providers/Microsoft.Management/managementGroups/5a9dbb0c-0000-4000-8000-000000000001";

/// Returns a Tenant manifest that owns scopes with everything below them, whatever share of removals that brings.
pub(crate) fn owning(scopes: &[&str]) -> String {
    let scopes = scopes.join(", ");
    tenant(&format!(
        "  ownership:\n    - {{azureScopes: [{scopes}], assignments: authoritative, roleDefinitions: authoritative}}\n  \
         limits: {{maxRemovalPercent: 100}}\n"
    ))
}

fn document(kind: &str, name: &str, spec: &str) -> String {
    format!("---\napiVersion: rolewright/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n{spec}")
}

/// Returns a Scope; `form` is the inside of a YAML flow mapping, e.g. `managementGroup: corp`.
pub(crate) fn scope(name: &str, form: &str) -> String {
    document("Scope", name, &format!("  {{{form}}}\n"))
}

fn assignment(kind: &str, name: &str, role: &str, scopes: &str, principals: &str, schedule: &str) -> String {
    let spec = format!(
        "  role: {{azureRole: {role}}}\n  scopes: {scopes}\n  principals: {principals}\n  schedule: {schedule}\n  \
         justification: story\n"
    );
    document(kind, name, &spec)
}

/// Returns an EligibleAssignment of an Azure role; `scopes`, `principals` and `schedule` are YAML flow collections.
pub(crate) fn eligible(name: &str, role: &str, scopes: &str, principals: &str, schedule: &str) -> String {
    assignment("EligibleAssignment", name, role, scopes, principals, schedule)
}

/// Returns an ActiveAssignment of an Azure role; `scopes`, `principals` and `schedule` are YAML flow collections.
pub(crate) fn active(name: &str, role: &str, scopes: &str, principals: &str, schedule: &str) -> String {
    assignment("ActiveAssignment", name, role, scopes, principals, schedule) + "  purpose: other\n"
}

/// Returns RoleSettings of an Azure role; `body` is YAML in flow style, one key a line.
pub(crate) fn settings(name: &str, role: &str, scopes: &str, body: &str) -> String {
    let body: String = body.lines().map(|line| format!("  {}\n", line.trim())).collect();
    document("RoleSettings", name, &format!("  appliesTo: [{{azureRole: {role}, scopes: {scopes}}}]\n{body}"))
}

/// Returns an AzureRoleDefinition; `permissions` and `scopes` are YAML flow collections, `more` further lines of its spec.
pub(crate) fn role(name: &str, display_name: &str, permissions: &str, scopes: &str, more: &str) -> String {
    let more: String = more.lines().map(|line| format!("  {}\n", line.trim_end())).collect();
    let spec =
        format!("  displayName: {display_name}\n  permissions: {permissions}\n  assignableScopes: {scopes}\n{more}");
    document("AzureRoleDefinition", name, &spec)
}

/// `scheduleInfo` of a request until an instant.
pub(crate) fn until(end: &str) -> Value {
    json!({ "expiration": { "type": "AfterDateTime", "endDateTime": end } })
}

/// Returns the path of something of `Microsoft.Authorization` at a scope.
pub(crate) fn at(scope: &str, rest: &str, version: &str) -> String {
    let mark = if rest.contains('?') { '&' } else { '?' };
    let scope = scope.trim_end_matches('/');
    format!("{scope}/providers/Microsoft.Authorization/{rest}{mark}api-version={version}")
}

/// Returns the path of something of PIM's at a scope.
pub(crate) fn pim(scope: &str, rest: &str) -> String {
    at(scope, rest, "2020-10-01")
}

fn is_same_scope(found: &Value, scope: &str) -> bool {
    found["properties"]["scope"].as_str().is_some_and(|found| found.eq_ignore_ascii_case(scope))
}

impl Stage {
    /// Sends a request to ARM as the administrator application, asserts success and returns the body.
    #[track_caller]
    pub(crate) fn arm_admin(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let (status, body) = self.arm(method, path, body);
        assert!(status < 300, "{method} {path}: {status} {body}");
        body
    }

    /// Makes a management group below another, or moves it there; returns its scope.
    #[track_caller]
    pub(crate) fn management_group(&self, id: &str, name: &str, parent: &str) -> String {
        let scope = format!("/providers/Microsoft.Management/managementGroups/{id}");
        let body = json!({ "properties": { "displayName": name, "details": { "parent": { "id": parent } } } });
        self.arm_admin("PUT", &format!("{scope}?api-version=2023-04-01"), Some(body));
        scope
    }

    /// Makes a subscription in a management group; returns its scope. Two may have one name, but not one alias.
    #[track_caller]
    pub(crate) fn subscription(&self, alias: &str, name: &str, group: &str) -> String {
        let more = json!({ "managementGroupId": group });
        let body =
            json!({ "properties": { "displayName": name, "workload": "Production", "additionalProperties": more } });
        let path = format!("/providers/Microsoft.Subscription/aliases/{alias}?api-version=2021-10-01");
        let made = self.arm_admin("PUT", &path, Some(body));
        format!("/subscriptions/{}", made["properties"]["subscriptionId"].as_str().unwrap())
    }

    /// Moves a subscription into a management group.
    #[track_caller]
    pub(crate) fn move_subscription(&self, subscription: &str, group: &str) {
        self.arm_admin("PUT", &format!("{group}{subscription}?api-version=2023-04-01"), None);
    }

    /// Makes a resource group; returns its scope.
    #[track_caller]
    pub(crate) fn resource_group(&self, subscription: &str, name: &str) -> String {
        let scope = format!("{subscription}/resourceGroups/{name}");
        self.arm_admin("PUT", &format!("{scope}?api-version=2021-04-01"), Some(json!({ "location": "westeurope" })));
        scope
    }

    /// Makes a storage account; returns its scope.
    #[track_caller]
    pub(crate) fn storage_account(&self, group: &str, name: &str) -> String {
        let scope = format!("{group}/providers/Microsoft.Storage/storageAccounts/{name}");
        let body = json!({ "location": "westeurope", "kind": "StorageV2", "sku": { "name": "Standard_LRS" }, "properties": {} });
        self.arm_admin("PUT", &format!("{scope}?api-version=2023-01-01"), Some(body));
        scope
    }

    /// Returns the GUID of an Azure role that can be used in the seed's subscription, by its display name.
    #[track_caller]
    pub(crate) fn azure_role(&self, name: &str) -> String {
        let path = at(SUBSCRIPTION, &format!("roleDefinitions?$filter=roleName eq '{name}'"), "2022-04-01");
        self.arm_admin("GET", &path, None)["value"][0]["name"].as_str().unwrap().to_owned()
    }

    /// Returns the custom roles that can be used at or below a scope.
    pub(crate) fn azure_roles(&self, scope: &str) -> Vec<Value> {
        let filter = "roleDefinitions?$filter=atScopeAndBelow() and type eq 'CustomRole'";
        let body = self.arm_admin("GET", &at(scope, filter, "2022-04-01"), None);
        body["value"].as_array().unwrap().clone()
    }

    /// Sends a schedule request (`eligible` or `active`) as the administrator application; returns the answer.
    #[track_caller]
    pub(crate) fn azure_request(
        &self,
        mode: &str,
        kind: &str,
        role: &str,
        principal: &str,
        scope: &str,
        info: Value,
    ) -> Value {
        let mut properties = json!({
            "requestType": kind, "principalId": principal, "justification": "story",
            "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{}", self.azure_role(role)),
        });
        if !info.is_null() {
            properties["scheduleInfo"] = info;
        }
        let path = pim(scope, &format!("{}/{}", requests(mode), uuid::Uuid::new_v4()));
        self.arm_admin("PUT", &path, Some(json!({ "properties": properties })))
    }

    /// Somebody activates a role for so many hours.
    #[track_caller]
    pub(crate) fn azure_activate(&self, user: &str, id: &str, role: &str, scope: &str, hours: u32) {
        let body = json!({ "properties": {
            "requestType": "SelfActivate", "principalId": id, "justification": "story",
            "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{}", self.azure_role(role)),
            "scheduleInfo": { "expiration": { "type": "AfterDuration", "duration": format!("PT{hours}H") } },
        }});
        let path = pim(scope, &format!("{}/{}", requests("active"), uuid::Uuid::new_v4()));
        let (status, body) = self.arm_as(&format!("{user}@contoso.example"), "PUT", &path, Some(body));
        assert_eq!(status, 201, "{body}");
    }

    /// Somebody assigns a role without PIM; returns the id of the role assignment.
    #[track_caller]
    pub(crate) fn azure_assign_plainly(
        &self,
        role: &str,
        principal: &str,
        scope: &str,
        condition: Option<&str>,
    ) -> String {
        let mut properties = json!({
            "principalId": principal,
            "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{}", self.azure_role(role)),
        });
        if let Some(condition) = condition {
            properties["condition"] = json!(condition);
            properties["conditionVersion"] = json!("2.0");
        }
        let path = at(scope, &format!("roleAssignments/{}", uuid::Uuid::new_v4()), "2022-04-01");
        let made = self.arm_admin("PUT", &path, Some(json!({ "properties": properties })));
        made["id"].as_str().unwrap().to_owned()
    }

    /// Returns the rows of a PIM collection or of `roleAssignments` whose scope is exactly this.
    #[track_caller]
    pub(crate) fn azure_rows(&self, scope: &str, collection: &str) -> Vec<Value> {
        let version = if collection == "roleAssignments" { "2022-04-01" } else { "2020-10-01" };
        let body = self.arm_admin("GET", &at(scope, collection, version), None);
        let rows = body["value"].as_array().unwrap().iter();
        rows.filter(|row| is_same_scope(row, scope)).cloned().collect()
    }

    /// Returns the schedule that a principal has at exactly this scope, if any; `eligible` or `active`.
    pub(crate) fn azure_schedule(&self, mode: &str, scope: &str, principal: &str) -> Option<Value> {
        let collection = match mode {
            "eligible" => "roleEligibilitySchedules",
            _ => "roleAssignmentSchedules",
        };
        let is_theirs = |row: &Value| row["properties"]["principalId"] == principal;
        self.azure_rows(scope, collection).into_iter().find(is_theirs).map(|row| row["properties"].clone())
    }

    /// Returns the end of the schedule of a principal as printed; `null` is permanent.
    #[track_caller]
    pub(crate) fn azure_end(&self, mode: &str, scope: &str, principal: &str) -> Value {
        self.azure_schedule(mode, scope, principal).expect("there is a schedule")["endDateTime"].clone()
    }

    /// Returns the types of every request at a scope that the tenant remembers, sorted; `eligible` or `active`.
    #[track_caller]
    pub(crate) fn azure_requested(&self, mode: &str, scope: &str) -> Vec<String> {
        let rows = self.azure_rows(scope, requests(mode));
        let kind = |row: &Value| row["properties"]["requestType"].as_str().unwrap().to_owned();
        let mut kinds: Vec<String> = rows.iter().map(kind).collect();
        kinds.sort();
        kinds
    }

    fn azure_policy(&self, scope: &str, role: &str) -> Value {
        let id = format!("/providers/Microsoft.Authorization/roleDefinitions/{}", self.azure_role(role));
        let filter = format!("roleManagementPolicies?$filter=roleDefinitionId eq '{id}'");
        self.arm_admin("GET", &pim(scope, &filter), None)["value"][0].clone()
    }

    /// Returns the rules of a role's policy at a scope by rule id.
    #[track_caller]
    pub(crate) fn azure_rules(&self, scope: &str, role: &str) -> Map<String, Value> {
        let policy = self.azure_policy(scope, role);
        let rules = policy["properties"]["rules"].as_array().unwrap();
        rules.iter().map(|rule| (rule["id"].as_str().unwrap().to_owned(), rule.clone())).collect()
    }

    /// Changes members of one rule of a role's policy at a scope, as somebody at the portal would.
    #[track_caller]
    pub(crate) fn azure_write_rule(&self, scope: &str, role: &str, id: &str, change: Value) {
        let mut rule = self.azure_rules(scope, role)[id].clone();
        for (name, value) in change.as_object().unwrap() {
            rule[name.as_str()] = value.clone();
        }
        let policy = self.azure_policy(scope, role);
        let path = format!("{}?api-version=2020-10-01", policy["id"].as_str().unwrap());
        self.arm_admin("PATCH", &path, Some(json!({ "properties": { "rules": [rule] } })));
    }

    /// Returns the requests to ARM since `mark` other than reads.
    pub(crate) fn azure_written_since(&self, mark: usize) -> Vec<String> {
        let is_arm = |entry: &Entry| entry.path.contains("/providers/Microsoft.Authorization/");
        let sent = self.sent_since(mark).into_iter().filter(|entry| is_arm(entry) && entry.method != "GET");
        sent.map(|entry| format!("{} {}", entry.method, entry.path)).collect()
    }

    /// Returns the requests to ARM since `mark` other than reads, as method and collection only.
    pub(crate) fn azure_wrote_since(&self, mark: usize) -> Vec<String> {
        let short = |line: String| {
            let (method, path) = line.split_once(' ').unwrap();
            let rest = path.rsplit("/providers/Microsoft.Authorization/").next().unwrap();
            let tail = if rest.ends_with("/cancel") { "/cancel" } else { "" };
            format!("{method} {}{tail}", rest.split('/').next().unwrap())
        };
        self.azure_written_since(mark).into_iter().map(short).collect()
    }
}

fn requests(mode: &str) -> &'static str {
    match mode {
        "eligible" => "roleEligibilityScheduleRequests",
        _ => "roleAssignmentScheduleRequests",
    }
}
