//! The words that stories are told in: short manifests, activations, and what was sent.

use rolewright::sandbox::Entry;
use serde_json::{Value, json};

use crate::stage::Stage;

/// Every directory role but Global Administrator is owned, and no share of removals is too large: stories that are not about that guard.
pub(crate) const OWN_ALL: &str = "  ownership:
    - {directoryRoles: [Global Administrator], assignments: additive}
    - {directoryRoles: ['*'], assignments: authoritative, roleDefinitions: authoritative}
  limits: {maxRemovalPercent: 100}
";

/// Returns an EligibleAssignment; `principals` and `schedule` are YAML flow collections.
pub(crate) fn eligible(name: &str, role: &str, principals: &str, schedule: &str) -> String {
    format!(
        "---\napiVersion: rolewright/v1\nkind: EligibleAssignment\nmetadata: {{name: {name}}}\nspec:\n  \
         role: {{directoryRole: {role}}}\n  principals: {principals}\n  schedule: {schedule}\n  justification: story\n"
    )
}

/// Returns an ActiveAssignment; `principals` and `schedule` are YAML flow collections.
pub(crate) fn active(name: &str, role: &str, principals: &str, schedule: &str) -> String {
    format!(
        "---\napiVersion: rolewright/v1\nkind: ActiveAssignment\nmetadata: {{name: {name}}}\nspec:\n  \
         role: {{directoryRole: {role}}}\n  principals: {principals}\n  schedule: {schedule}\n  \
         justification: story\n  purpose: other\n"
    )
}

/// Returns RoleSettings for one role; `fields` are further lines under `spec`, each indented by two.
pub(crate) fn settings(name: &str, role: &str, fields: &str) -> String {
    format!(
        "---\napiVersion: rolewright/v1\nkind: RoleSettings\nmetadata: {{name: {name}}}\nspec:\n  \
         appliesTo: [{{directoryRole: {role}}}]\n{fields}"
    )
}

/// `scheduleInfo` without an end.
pub(crate) fn permanent() -> Value {
    json!({ "expiration": { "type": "noExpiration" } })
}

/// `scheduleInfo` until an instant.
pub(crate) fn until(end: &str) -> Value {
    json!({ "expiration": { "type": "afterDateTime", "endDateTime": end } })
}

impl Stage {
    /// Somebody activates a role for so many hours.
    #[track_caller]
    pub(crate) fn activate(&self, user: &str, id: &str, role: &str, hours: u32) {
        let body = json!({
            "action": "selfActivate", "principalId": id, "roleDefinitionId": self.role(role), "directoryScopeId": "/",
            "justification": "story",
            "scheduleInfo": { "expiration": { "type": "afterDuration", "duration": format!("PT{hours}H") } },
        });
        let user = format!("{user}@contoso.example");
        let path = "/roleManagement/directory/roleAssignmentScheduleRequests";
        let (status, body) = self.graph_as(&user, "POST", path, Some(body));
        assert_eq!(status, 201, "{body}");
    }

    /// Somebody assigns a role without PIM.
    #[track_caller]
    pub(crate) fn assign_plainly(&self, role: &str, principal: &str, scope: &str) -> String {
        let body = json!({ "roleDefinitionId": self.role(role), "principalId": principal, "directoryScopeId": scope });
        let made = self.admin("POST", "/roleManagement/directory/roleAssignments", Some(body));
        made["id"].as_str().unwrap().to_owned()
    }

    /// Returns the actions of every request that the tenant remembers, sorted; `eligible` or `active`.
    pub(crate) fn requested(&self, mode: &str) -> Vec<String> {
        let rows = self.rows(match mode {
            "eligible" => "roleEligibilityScheduleRequests",
            _ => "roleAssignmentScheduleRequests",
        });
        let mut actions: Vec<String> = rows.iter().map(|row| row["action"].as_str().unwrap().to_owned()).collect();
        actions.sort();
        actions
    }

    /// Returns the schedule of a principal, if it has one; `eligible` or `active`.
    pub(crate) fn schedule(&self, mode: &str, principal: &str) -> Option<Value> {
        let rows = self.rows(match mode {
            "eligible" => "roleEligibilitySchedules",
            _ => "roleAssignmentSchedules",
        });
        rows.into_iter().find(|row| row["principalId"] == principal)
    }

    /// Returns the end of the schedule of a principal as printed; `null` is permanent.
    #[track_caller]
    pub(crate) fn end(&self, mode: &str, principal: &str) -> Value {
        self.schedule(mode, principal).expect("there is a schedule")["scheduleInfo"]["expiration"]["endDateTime"]
            .clone()
    }

    /// Returns what was written since `mark`.
    pub(crate) fn written_since(&self, mark: usize) -> Vec<String> {
        let is_write = |entry: &Entry| entry.method != "GET" && !entry.path.ends_with("/$batch");
        let is_graph = |entry: &Entry| entry.path.starts_with("/v1.0") || entry.path.starts_with("/beta");
        let sent = self.sent_since(mark).into_iter().filter(|entry| is_write(entry) && is_graph(entry));
        sent.map(|entry| format!("{} {}", entry.method, entry.path)).collect()
    }

    /// Returns the unmanaged objects of a plan as `address: detail: why`.
    #[track_caller]
    pub(crate) fn unmanaged(&self) -> Vec<String> {
        let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let plan = self.plan();
        let rows = plan["unmanaged"].as_array().unwrap();
        rows.iter()
            .map(|row| format!("{}: {}: {}", text(row, "address"), text(row, "detail"), text(row, "why")))
            .collect()
    }

    /// Returns the notices of a plan as `code address`.
    #[track_caller]
    pub(crate) fn notices(&self) -> Vec<String> {
        let plan = self.plan();
        let rows = plan["notices"].as_array().unwrap();
        let line = |row: &Value| {
            format!("{} {}", row["code"].as_str().unwrap_or_default(), row["address"].as_str().unwrap_or_default())
        };
        rows.iter().map(line).collect()
    }
}
