//! The words that stories about groups are told in: groups, manifests, requests, and what is there afterwards.

use rolewright::sandbox::Entry;
use serde_json::{Map, Value, json};

use crate::stage::{Stage, tenant};

const PIM: &str = "/identityGovernance/privilegedAccess/group";

/// Every group of these names is owned, and no share of removals is too large: stories that are not about that guard.
pub(crate) fn owning(groups: &str) -> String {
    tenant(&format!(
        "  ownership:\n    - {{groups: {groups}, assignments: authoritative}}\n  limits: {{maxRemovalPercent: 100}}\n"
    ))
}

fn assignment(kind: &str, name: &str, group: &str, principals: &str, schedule: &str) -> String {
    let (group, access) = group.split_once(':').unwrap();
    format!(
        "---\napiVersion: rolewright/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n  \
         role: {{group: {group}, access: {access}}}\n  principals: {principals}\n  schedule: {schedule}\n  \
         justification: story\n"
    )
}

/// Returns an EligibleAssignment; `group` is `name:access`, `principals` and `schedule` are YAML flow collections.
pub(crate) fn eligible(name: &str, group: &str, principals: &str, schedule: &str) -> String {
    assignment("EligibleAssignment", name, group, principals, schedule)
}

/// Returns an ActiveAssignment; `group` is `name:access`, `principals` and `schedule` are YAML flow collections.
pub(crate) fn active(name: &str, group: &str, principals: &str, schedule: &str) -> String {
    assignment("ActiveAssignment", name, group, principals, schedule) + "  purpose: other\n"
}

/// Returns the assignment of a mode, `eligible` or `active`.
pub(crate) fn of_mode(mode: &str, name: &str, group: &str, principals: &str, schedule: &str) -> String {
    match mode {
        "eligible" => eligible(name, group, principals, schedule),
        _ => active(name, group, principals, schedule),
    }
}

/// Returns RoleSettings of `name:access`; `body` is YAML in flow style, one key a line.
pub(crate) fn settings(name: &str, group: &str, body: &str) -> String {
    let (group, access) = group.split_once(':').unwrap();
    let body: String = body.lines().map(|line| format!("  {}\n", line.trim())).collect();
    format!(
        "---\napiVersion: rolewright/v1\nkind: RoleSettings\nmetadata: {{name: {name}}}\nspec:\n  \
         appliesTo: [{{group: {group}, access: {access}}}]\n{body}"
    )
}

impl Stage {
    /// Makes a group with further properties; returns the object id.
    pub(crate) fn group_with(&self, name: &str, more: Value) -> String {
        let mut body =
            json!({ "displayName": name, "mailNickname": "x", "mailEnabled": false, "securityEnabled": true });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.admin("POST", "/groups", Some(body))["id"].as_str().unwrap().to_owned()
    }

    /// Makes an application with its service principal; returns the id of the latter.
    pub(crate) fn service(&self, name: &str) -> String {
        let made = self.admin("POST", "/applications", Some(json!({ "displayName": name })));
        let body = json!({ "appId": made["appId"] });
        self.admin("POST", "/servicePrincipals", Some(body))["id"].as_str().unwrap().to_owned()
    }

    /// Sends a schedule request (`eligible` or `active`) about `group` (id) and access as the administrator application; returns
    /// status and answer.
    pub(crate) fn try_in_group(
        &self,
        mode: &str,
        action: &str,
        (group, access): (&str, &str),
        principal: &str,
        info: Value,
    ) -> (u16, Value) {
        let mut body = json!({
            "action": action, "groupId": group, "accessId": access, "principalId": principal, "justification": "story",
        });
        if !info.is_null() {
            body["scheduleInfo"] = info;
        }
        self.graph("POST", &format!("{PIM}/{}Requests", collection(mode, "Schedule")), Some(body))
    }

    /// As [`Stage::try_in_group`], asserting success and returning the answer.
    #[track_caller]
    pub(crate) fn in_group(&self, mode: &str, action: &str, at: (&str, &str), principal: &str, info: Value) -> Value {
        let (status, body) = self.try_in_group(mode, action, at, principal, info);
        assert_eq!(status, 201, "{body}");
        body
    }

    /// Somebody activates membership or ownership of a group for so many hours.
    #[track_caller]
    pub(crate) fn activate_in_group(&self, user: &str, id: &str, (group, access): (&str, &str), hours: u32) -> Value {
        let body = json!({
            "action": "selfActivate", "principalId": id, "groupId": group, "accessId": access, "justification": "story",
            "scheduleInfo": { "expiration": { "type": "afterDuration", "duration": format!("PT{hours}H") } },
        });
        let user = format!("{user}@contoso.example");
        let (status, body) = self.graph_as(&user, "POST", &format!("{PIM}/assignmentScheduleRequests"), Some(body));
        assert_eq!(status, 201, "{body}");
        body
    }

    /// Somebody is made member or owner without PIM.
    #[track_caller]
    pub(crate) fn link(&self, (group, access): (&str, &str), principal: &str) {
        let body = json!({ "@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{principal}") });
        self.admin("POST", &format!("/groups/{group}/{access}s/$ref"), Some(body));
    }

    /// Somebody is taken out of a group without PIM.
    #[track_caller]
    pub(crate) fn unlink(&self, (group, access): (&str, &str), principal: &str) {
        self.admin("DELETE", &format!("/groups/{group}/{access}s/{principal}/$ref"), None);
    }

    /// Returns the ids of those who are members or owners now, however they became it.
    pub(crate) fn linked(&self, (group, access): (&str, &str)) -> Vec<String> {
        let body = self.admin("GET", &format!("/groups/{group}/{access}s"), None);
        body["value"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Returns the rows of a collection of a group, e.g. `eligibilitySchedules`.
    #[track_caller]
    pub(crate) fn rows_of_group(&self, group: &str, collection: &str) -> Vec<Value> {
        let body = self.admin("GET", &format!("{PIM}/{collection}?$filter=groupId eq '{group}'"), None);
        body["value"].as_array().unwrap().clone()
    }

    /// Returns the assigned schedule of a principal, if it has one; `eligible` or `active`.
    #[track_caller]
    pub(crate) fn group_schedule(&self, mode: &str, (group, access): (&str, &str), principal: &str) -> Option<Value> {
        let is_theirs = |row: &Value| {
            let is_assigned =
                !row["assignmentType"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("activated"));
            row["principalId"] == principal && row["accessId"] == access && is_assigned
        };
        self.rows_of_group(group, &format!("{}s", collection(mode, "Schedule"))).into_iter().find(is_theirs)
    }

    /// Returns the end of the schedule of a principal as printed; `null` is permanent.
    #[track_caller]
    pub(crate) fn group_end(&self, mode: &str, at: (&str, &str), principal: &str) -> Value {
        let schedule = self.group_schedule(mode, at, principal).expect("there is a schedule");
        schedule["scheduleInfo"]["expiration"]["endDateTime"].clone()
    }

    /// Returns the actions of every request about a group that the tenant remembers, sorted; `eligible` or `active`.
    #[track_caller]
    pub(crate) fn requested_in(&self, mode: &str, group: &str) -> Vec<String> {
        let rows = self.rows_of_group(group, &format!("{}Requests", collection(mode, "Schedule")));
        let mut actions: Vec<String> = rows.iter().map(|row| row["action"].as_str().unwrap().to_owned()).collect();
        actions.sort();
        actions
    }

    #[track_caller]
    fn group_policy(&self, (group, access): (&str, &str)) -> Value {
        let filter = format!("scopeId eq '{group}' and scopeType eq 'Group' and roleDefinitionId eq '{access}'");
        let path = format!("/policies/roleManagementPolicyAssignments?$filter={filter}&$expand=policy($expand=rules)");
        self.admin("GET", &path, None)["value"][0].clone()
    }

    /// Returns the id of the policy of members or of owners, as it is now.
    #[track_caller]
    pub(crate) fn group_policy_id(&self, at: (&str, &str)) -> String {
        self.group_policy(at)["policyId"].as_str().unwrap().to_owned()
    }

    /// Returns the rules of the policy of members or of owners by rule id.
    #[track_caller]
    pub(crate) fn group_rules(&self, at: (&str, &str)) -> Map<String, Value> {
        let policy = self.group_policy(at);
        let rules = policy["policy"]["rules"].as_array().unwrap();
        rules.iter().map(|rule| (rule["id"].as_str().unwrap().to_owned(), rule.clone())).collect()
    }

    /// Changes members of one rule of a group's policy, as somebody at the portal would.
    #[track_caller]
    pub(crate) fn write_group_rule(&self, at: (&str, &str), id: &str, change: Value) {
        let mut rule = self.group_rules(at)[id].clone();
        rule.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let policy = self.group_policy_id(at);
        self.admin("PATCH", &format!("/policies/roleManagementPolicies/{policy}/rules/{id}"), Some(rule));
    }

    /// Allows assignments without an end, eligible and active, as somebody at the portal would.
    #[track_caller]
    pub(crate) fn allow_permanent(&self, at: (&str, &str)) {
        for id in ["Expiration_Admin_Eligibility", "Expiration_Admin_Assignment"] {
            self.write_group_rule(at, id, json!({ "isExpirationRequired": false }));
        }
    }

    /// Tells whether PIM manages the group.
    pub(crate) fn is_onboarded(&self, group: &str) -> bool {
        self.graph("GET", &format!("{PIM}/resources/{group}"), None).0 == 200
    }

    /// Returns the requests since `mark` whose path has this in it, as the journal has them.
    pub(crate) fn sent_about(&self, mark: usize, path: &str) -> Vec<Entry> {
        self.sent_since(mark).into_iter().filter(|entry| entry.path.contains(path)).collect()
    }
}

fn collection(mode: &str, rest: &str) -> String {
    match mode {
        "eligible" => format!("eligibility{rest}"),
        _ => format!("assignment{rest}"),
    }
}
