//! What an administrator does at the portal while a plan waits, to objects that are given by their ids, as a plan has them.

use fastrand::Rng;
use serde_json::{Value, json};

use super::rule::twisted;
use crate::azure_words::{SUBSCRIPTION, at, pim};
use crate::stage::Stage;

/// An assignment as a plan has it: `{target, principal, mode}`.
pub(super) struct Key<'a>(pub(super) &'a Value);

impl Key<'_> {
    fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap()
    }

    fn at(&self, name: &str) -> &str {
        self.0["target"][name].as_str().unwrap()
    }

    /// Sends a schedule request: `assign`, `update` or `remove`. Without an end there is none.
    pub(super) fn request(&self, stage: &Stage, verb: &str, end: Option<&str>, condition: Option<&str>) {
        let is_eligible = self.text("mode") == "eligible";
        let expiration = |none: &str, at: &str| match end {
            Some(end) => json!({ "expiration": { "type": at, "endDateTime": end } }),
            None => json!({ "expiration": { "type": none } }),
        };
        let collection = if is_eligible { "roleEligibilityScheduleRequests" } else { "roleAssignmentScheduleRequests" };
        match self.at("surface") {
            "directory" => {
                let mut body = json!({
                    "action": action("admin", verb), "roleDefinitionId": self.at("role"), "principalId": self.text("principal"),
                    "directoryScopeId": self.at("scope"), "justification": "meddling",
                });
                if verb != "remove" {
                    body["scheduleInfo"] = expiration("noExpiration", "afterDateTime");
                }
                stage.admin("POST", &format!("/roleManagement/directory/{collection}"), Some(body));
            }
            "group" => {
                let info = if verb == "remove" { Value::Null } else { expiration("noExpiration", "afterDateTime") };
                let at = (self.at("group"), self.at("access"));
                stage.in_group(self.text("mode"), &action("admin", verb), at, self.text("principal"), info);
            }
            _ => {
                let mut properties = json!({
                    "requestType": action("Admin", verb), "principalId": self.text("principal"), "justification": "meddling",
                    "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{}", self.at("role")),
                });
                if verb != "remove" {
                    properties["scheduleInfo"] = expiration("NoExpiration", "AfterDateTime");
                }
                if let Some(condition) = condition {
                    properties["condition"] = json!(condition);
                    properties["conditionVersion"] = json!("2.0");
                }
                let path = pim(self.at("scope"), &format!("{collection}/{}", uuid::Uuid::new_v4()));
                stage.arm_admin("PUT", &path, Some(json!({ "properties": properties })));
            }
        }
    }

    /// Takes away what was assigned outside of PIM.
    pub(super) fn remove_plain(&self, stage: &Stage, provenance: &Value) {
        if let Some(id) = provenance["classic"]["assignment"].as_str() {
            stage.arm_admin("DELETE", &format!("{id}?api-version=2022-04-01"), None);
            return;
        }
        let rows = stage.rows("roleAssignments");
        let is_it = |row: &&Value| {
            row["principalId"] == self.0["principal"] && row["roleDefinitionId"] == self.0["target"]["role"]
        };
        let id = rows.iter().find(is_it).unwrap()["id"].as_str().unwrap().to_owned();
        stage.admin("DELETE", &format!("/roleManagement/directory/roleAssignments/{id}"), None);
    }
}

fn action(prefix: &str, verb: &str) -> String {
    let (first, rest) = verb.split_at(1);
    format!("{prefix}{}{rest}", first.to_uppercase())
}

/// Gives one rule of the settings of a target another value. `number` picks the rule.
pub(super) fn write_rule(stage: &Stage, target: &Value, number: usize, approver: &str, random: &mut Rng) -> String {
    let text = |name: &str| target[name].as_str().unwrap();
    if text("surface") == "azure" {
        let role = format!("/providers/Microsoft.Authorization/roleDefinitions/{}", text("role"));
        let filter = format!("roleManagementPolicies?$filter=roleDefinitionId eq '{role}'");
        let policy = stage.arm_admin("GET", &pim(text("scope"), &filter), None)["value"][0].clone();
        let rules = policy["properties"]["rules"].as_array().unwrap();
        let rule = twisted(&rules[number % rules.len()], approver, random);
        let path = format!("{}?api-version=2020-10-01", policy["id"].as_str().unwrap());
        stage.arm_admin("PATCH", &path, Some(json!({ "properties": { "rules": [rule] } })));
        return rule.to_string();
    }
    let filter = match text("surface") {
        "group" => {
            format!(
                "scopeId eq '{}' and scopeType eq 'Group' and roleDefinitionId eq '{}'",
                text("group"),
                text("access")
            )
        }
        _ => {
            let role = stage.admin("GET", &format!("/roleManagement/directory/roleDefinitions/{}", text("role")), None);
            let template = role["templateId"].as_str().unwrap();
            format!("scopeId eq '/' and scopeType eq 'DirectoryRole' and roleDefinitionId eq '{template}'")
        }
    };
    let path = format!("/policies/roleManagementPolicyAssignments?$filter={filter}&$expand=policy($expand=rules)");
    let found = stage.admin("GET", &path, None)["value"][0].clone();
    let rules = found["policy"]["rules"].as_array().unwrap();
    let rule = twisted(&rules[number % rules.len()], approver, random);
    let policy = found["policyId"].as_str().unwrap();
    let id = rule["id"].as_str().unwrap();
    stage.admin("PATCH", &format!("/policies/roleManagementPolicies/{policy}/rules/{id}"), Some(rule.clone()));
    rule.to_string()
}

/// The fields of a custom role that can be given another value.
pub(super) const ROLE_FIELDS: [&str; 4] = ["displayName", "description", "permissions", "isEnabled"];

/// Gives one field of a custom role another value.
pub(super) fn write_role(stage: &Stage, surface: &str, id: &str, field: &str) {
    if surface == "directory" {
        let body = match field {
            "displayName" => json!({ "displayName": "Another Name" }),
            "description" => json!({ "description": "Another text" }),
            "isEnabled" => json!({ "isEnabled": false }),
            _ => {
                json!({ "rolePermissions": [{ "allowedResourceActions": ["microsoft.directory/groups/allProperties/allTasks"] }] })
            }
        };
        stage.admin("PATCH", &format!("/roleManagement/directory/roleDefinitions/{id}"), Some(body));
        return;
    }
    let path = at(SUBSCRIPTION, &format!("roleDefinitions/{id}"), "2022-04-01");
    let mut properties = stage.arm_admin("GET", &path, None)["properties"].clone();
    let own = ["roleName", "description", "type", "permissions", "assignableScopes"];
    properties.as_object_mut().unwrap().retain(|name, _| own.contains(&name.as_str()));
    properties["type"] = json!("CustomRole");
    match field {
        "displayName" => properties["roleName"] = json!("Another Name"),
        "description" => properties["description"] = json!("Another text"),
        // an Azure role cannot be disabled: it is assignable in one place more
        "isEnabled" => {
            let more = json!(format!("{SUBSCRIPTION}/resourceGroups/rg-misc"));
            properties["assignableScopes"].as_array_mut().unwrap().push(more);
        }
        _ => properties["permissions"] = json!([{ "actions": ["*"] }]),
    }
    stage.arm_admin("PUT", &path, Some(json!({ "properties": properties })));
}
