//! Role management policies of directory roles (graph.md 3): found by filter, read with their rules, written rule by rule or in bulk.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Problem, Reply};
use super::super::catalog;
use super::super::fault::Effect;
use super::super::instant::{self, plus};
use super::super::odata::filter::Expr;
use super::super::odata::{Allowed, Expand, Options};
use super::super::permission;
use super::super::route::Call;
use super::super::tenant::{Policy, Role, Tenant};
use super::super::world::World;
use super::super::{id, token::Caller};
use super::{check, not_emulated};

const ASSIGNMENTS: Allowed = Allowed {
    filter: &[("scopeId", "eq"), ("scopeType", "eq"), ("roleDefinitionId", "eq in"), ("policyId", "eq")],
    expand: &["policy"],
    ..Allowed::new("policies/roleManagementPolicyAssignments")
};
const POLICIES: Allowed = Allowed {
    filter: &[("scopeId", "eq"), ("scopeType", "eq"), ("id", "eq")],
    expand: &["rules", "effectiveRules"],
    ..Allowed::new("policies/roleManagementPolicies")
};
/// What starts the type of every rule.
const TYPE: &str = "microsoft.graph.unifiedRoleManagementPolicy";

/// Answers `/policies/…`.
pub(super) fn answer(world: &Arc<World>, call: &Call, parts: &[&str]) -> Answer {
    let is_ours = matches!(parts.first(), Some(&("roleManagementPolicies" | "roleManagementPolicyAssignments")));
    if !is_ours {
        return Err(not_emulated(call));
    }
    if !world.options.switches.is_licensed {
        return Err(Problem::new(
            400,
            "AadPremiumLicenseRequired",
            "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.",
        ));
    }
    let is_read = call.method == "GET";
    permission::pim(&call.caller, if is_read { permission::READ_POLICIES } else { permission::WRITE_POLICIES })?;
    let tenant = world.store.read(call.view);
    let door = Door { world, call, tenant: &tenant };
    if call.caller.user.is_some() {
        let roles = if is_read { permission::PIM_READERS } else { &permission::PIM_READERS[..2] };
        if !super::holds(&tenant, &call.caller.oid, roles, call.now) {
            return Err(permission::unauthorized());
        }
    }
    match (call.method.as_str(), parts) {
        ("GET", ["roleManagementPolicyAssignments"]) => door.assignments(),
        ("GET", ["roleManagementPolicyAssignments", id]) => door.assignment(id),
        ("GET", ["roleManagementPolicies"]) => door.policies(),
        ("GET", ["roleManagementPolicies", id]) => {
            let (kind, role) = door.find(id)?;
            let options = Options::entity(call, &POLICIES)?;
            let row = door.policy_row(kind, role);
            options.one(call, POLICIES.context, 200, row, |row, path| door.expand_rules(role, row, path))
        }
        ("GET", ["roleManagementPolicies", id, "rules"]) => {
            let (_, role) = door.find(id)?;
            let allowed = Allowed::new("policies/roleManagementPolicies/rules");
            // The 17 rules come in one page.
            let whole = Call { page_size: Some(usize::MAX), has_empty_pages: false, ..call.clone() };
            let mut reply =
                Options::collection(&whole, &allowed)?.answer(&whole, &allowed, door.rules(role), |_, _| {})?;
            if let Some(body) = &mut reply.body {
                body["@odata.context"] =
                    json!(format!("{}/$metadata#policies/roleManagementPolicies('{id}')/rules", call.root()));
            }
            Ok(reply)
        }
        ("GET", ["roleManagementPolicies", id, "rules", rule]) => {
            let (_, role) = door.find(id)?;
            let found = door.rules(role).into_iter().find(|found| found["id"] == *rule).ok_or_else(not_found)?;
            let context = format!("policies/roleManagementPolicies('{id}')/rules");
            Options::entity(call, &Allowed::new("rules"))?.one(call, &context, 200, found, |_, _| {})
        }
        ("PATCH", ["roleManagementPolicies", id, "rules", rule]) => {
            let (_, role) = door.find(id)?;
            let rule =
                call.object()?.get("id").and_then(Value::as_str).filter(|id| id != rule).map_or(
                    Ok(*rule),
                    |other| {
                        Err(Problem::new(400, "InvalidPolicyRule", format!("The policy rule id {other} is invalid.")))
                    },
                )?;
            door.write(role.template(), &[(rule, call.object()?)], false)?;
            Ok(Reply::empty())
        }
        ("PATCH", ["roleManagementPolicies", id]) => door.bulk(id),
        _ => Err(not_emulated(call)),
    }
}

fn not_found() -> Problem {
    Problem::new(404, "ResourceNotFound", "The resource is not found.")
}

/// One call on policies, with what it sees.
#[derive(Debug, Clone, Copy)]
struct Door<'a> {
    world: &'a Arc<World>,
    call: &'a Call,
    tenant: &'a Tenant,
}

impl<'a> Door<'a> {
    /// Returns the roles that have a policy: all but custom ones that PIM does not know yet.
    fn roles(&self) -> impl Iterator<Item = Role<'a>> {
        let (now, lag) = (self.call.now, self.world.options.lag);
        self.tenant.roles().filter(move |role| match role {
            Role::BuiltIn(_) => true,
            Role::Custom(_, role) => now >= plus(role.created, lag),
        })
    }

    /// Returns the scope type that the mandatory filter names, as it is spelled in ids (graph.md 3.2).
    fn kind(&self, filter: Option<&Expr>) -> Result<&'static str, Problem> {
        let required = |path| filter.and_then(|filter| filter.required(path));
        match (required("scopeId"), required("scopeType")) {
            (Some(_), Some(kind)) if kind.eq_ignore_ascii_case("Group") => {
                Err(Problem::not_emulated("the policies of PIM for Groups"))
            }
            (Some("/"), Some(kind)) if kind.eq_ignore_ascii_case("DirectoryRole") => Ok("DirectoryRole"),
            (Some("/"), Some(kind)) if kind.eq_ignore_ascii_case("Directory") => Ok("Directory"),
            _ => Err(Problem::wrapped(400, "MissingProvider", "The provider is missing.")),
        }
    }

    fn policy_id(kind: &str, role: Role<'_>) -> String {
        format!("{kind}_{}_{}", id::TENANT, id::policy(role.template()))
    }

    fn assignment_row(kind: &str, role: Role<'_>) -> Value {
        let policy = Self::policy_id(kind, role);
        json!({"id": format!("{policy}_{}", role.template()), "policyId": policy, "scopeId": "/", "scopeType": kind,
            "roleDefinitionId": role.template()})
    }

    fn policy_row(&self, kind: &str, role: Role<'_>) -> Value {
        let written = self.tenant.policies.get(role.template());
        json!({"id": Self::policy_id(kind, role), "displayName": kind, "description": kind, "isOrganizationDefault": false,
            "scopeId": "/", "scopeType": kind,
            "lastModifiedDateTime": written.and_then(|policy| policy.modified).map(instant::coarse),
            "lastModifiedBy": {"displayName": written.and_then(|policy| policy.modified_by.clone()), "id": null}})
    }

    /// Returns the rules as this version of the API prints approvers.
    fn rules(&self, role: Role<'_>) -> Vec<Value> {
        let mut rules = self.tenant.rules(role.template()).to_vec();
        let has_ids = self.call.is_beta || self.world.options.switches.approver_ids;
        let stages =
            rules.iter_mut().filter_map(|rule| rule.pointer_mut("/setting/approvalStages")?.as_array_mut()).flatten();
        for stage in stages {
            let approvers = stage.pointer_mut("/primaryApprovers").and_then(Value::as_array_mut);
            for approver in approvers.into_iter().flatten() {
                if has_ids && let Value::Object(members) = approver {
                    let id = members.remove("userId").or_else(|| members.remove("groupId"));
                    members.insert("id".to_owned(), id.unwrap_or_default());
                    members.insert("isBackup".to_owned(), json!(false));
                }
            }
        }
        rules
    }

    fn expand_rules(&self, role: Role<'_>, row: &mut Value, path: &Expand) {
        let mut rules = Value::Array(self.rules(role));
        path.trim(&mut rules);
        row[path.path.as_str()] = rules;
    }

    fn expand_policy(&self, kind: &str, row: &mut Value, path: &Expand) {
        let Some(role) = row["roleDefinitionId"].as_str().and_then(|id| self.tenant.role_by_template(id)) else {
            return;
        };
        let mut policy = self.policy_row(kind, role);
        for inner in &path.inner {
            self.expand_rules(role, &mut policy, inner);
        }
        path.trim(&mut policy);
        row["policy"] = policy;
    }

    fn assignments(&self) -> Answer {
        let options = Options::collection(self.call, &ASSIGNMENTS)?;
        let kind = self.kind(options.filter.as_ref())?;
        let rows: Vec<Value> = self.roles().map(|role| Self::assignment_row(kind, role)).collect();
        options.answer(self.call, &ASSIGNMENTS, rows, |row, path| self.expand_policy(kind, row, path))
    }

    fn assignment(&self, id: &str) -> Answer {
        let options = Options::entity(self.call, &ASSIGNMENTS)?;
        let (policy, _) = id.rsplit_once('_').ok_or_else(not_found)?;
        let (kind, role) = self.find(policy)?;
        let row = Self::assignment_row(kind, role);
        if row["id"] != id {
            return Err(not_found());
        }
        options.one(self.call, ASSIGNMENTS.context, 200, row, |row, path| self.expand_policy(kind, row, path))
    }

    fn policies(&self) -> Answer {
        let options = Options::collection(self.call, &POLICIES)?;
        let kind = self.kind(options.filter.as_ref())?;
        let roles: Vec<Role<'_>> = self.roles().collect();
        let rows: Vec<Value> = roles.iter().map(|role| self.policy_row(kind, *role)).collect();
        options.answer(self.call, &POLICIES, rows, |row, path| {
            if let Some(role) = roles.iter().find(|role| row["id"] == Self::policy_id(kind, **role)) {
                self.expand_rules(*role, row, path);
            }
        })
    }

    /// Finds a policy by id; both spellings of the scope type work.
    fn find(&self, policy: &str) -> Result<(&'static str, Role<'a>), Problem> {
        let mut parts = policy.splitn(3, '_');
        let kind = match parts.next() {
            Some("DirectoryRole") => "DirectoryRole",
            Some("Directory") => "Directory",
            Some("Group") => return Err(Problem::not_emulated("the policies of PIM for Groups")),
            _ => return Err(not_found()),
        };
        if parts.next() != Some(id::TENANT) {
            return Err(not_found());
        }
        let guid = parts.next().unwrap_or_default();
        let role = self.roles().find(|role| id::policy(role.template()) == guid).ok_or_else(not_found)?;
        Ok((kind, role))
    }

    fn bulk(&self, policy: &str) -> Answer {
        let (kind, role) = self.find(policy)?;
        const KNOWN: [&str; 9] = [
            "@odata.type",
            "rules",
            "id",
            "displayName",
            "description",
            "isOrganizationDefault",
            "scopeId",
            "scopeType",
            "lastModifiedBy",
        ];
        let body = self.call.object()?;
        if let Some(name) = body.keys().find(|name| !KNOWN.contains(&name.as_str()) && *name != "lastModifiedDateTime")
        {
            return Err(Problem::bad(format!("The property '{name}' does not exist on a policy.")));
        }
        let rules = body.get("rules").and_then(Value::as_array).ok_or_else(|| Problem::bad("'rules' is required."))?;
        let mut writes = Vec::new();
        for rule in rules {
            let members = rule.as_object().ok_or_else(|| Problem::bad("A rule must be an object."))?;
            let id = members.get("id").and_then(Value::as_str).ok_or_else(|| Problem::bad("A rule needs its id."))?;
            writes.push((id, members));
        }
        self.write(role.template(), &writes, true)?;
        let tenant = self.world.store.read(super::super::store::View::Now);
        let mut row = Door { tenant: &tenant, ..*self }.policy_row(kind, role);
        row["@odata.context"] = json!(format!("{}/$metadata#{}/$entity", self.call.root(), POLICIES.context));
        Ok(Reply::json(200, row))
    }

    /// Applies rules as a unit, or none of them.
    fn write(&self, template: &str, writes: &[(&str, &Map<String, Value>)], is_bulk: bool) -> Result<(), Problem> {
        let is_ignored = self.call.effects.contains(&Effect::IgnorePatch);
        let admin_ticketing = self.world.options.switches.admin_ticketing;
        let name = who(self.tenant, &self.call.caller);
        let change = |tenant: &mut Tenant, now| {
            let mut policy = tenant.policies.get(template).cloned().unwrap_or_else(|| Policy {
                rules: catalog::default_rules().to_vec(),
                modified: None,
                modified_by: None,
                is_corrupt: false,
            });
            let is_locked = is_locked(&policy.rules);
            for (id, members) in writes {
                let at = policy.rules.iter().position(|rule| rule["id"] == *id);
                let at = at.ok_or_else(|| {
                    Problem::new(400, "InvalidPolicyRule", format!("The policy rule id {id} is invalid."))
                })?;
                let is_notification = id.starts_with("Notification_");
                if policy.is_corrupt && is_notification && !is_bulk {
                    return Err(Problem::new(400, "InvalidPolicyRule", format!("The policy rule id {id} is invalid.")));
                }
                policy.rules[at] = merged(&policy.rules[at], members, admin_ticketing)?;
                if !has_target(members) {
                    policy.is_corrupt |= is_notification;
                } else if is_bulk && is_notification {
                    policy.is_corrupt = false;
                }
            }
            // Recipients of approver mails are accepted once and lock the policy until a bulk write empties them (3.6 #7).
            if is_locked && (!is_bulk || self::is_locked(&policy.rules)) {
                let text = "The custom approvers of the activation notification must be empty.";
                return Err(Problem::new(400, "ActivationCustomApproversNotEmpty", text));
            }
            judge(&policy.rules, writes)?;
            policy.modified = Some(now);
            policy.modified_by = Some(name.clone());
            tenant.policies.insert(template.to_owned(), policy);
            Ok(())
        };
        if is_ignored {
            return change(&mut self.tenant.clone(), self.call.now);
        }
        self.world.store.write(change)
    }
}

/// Returns the display name of whoever writes.
fn who(tenant: &Tenant, caller: &Caller) -> String {
    let name = tenant.object(&caller.oid).and_then(|(_, object)| object.properties.get("displayName"));
    name.and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn is_locked(rules: &[Value]) -> bool {
    rules.iter().any(|rule| {
        rule["recipientType"] == "Approver"
            && rule["notificationRecipients"].as_array().is_some_and(|list| !list.is_empty())
    })
}

fn has_target(members: &Map<String, Value>) -> bool {
    let target = members.get("target").and_then(Value::as_object);
    target.is_some_and(|t| {
        ["caller", "operations", "level"].iter().all(|name| t.get(*name).is_some_and(|v| !v.is_null()))
    })
}

/// Judges the whole policy after a write of `writes` (graph.md 3.6 #6, #8).
fn judge(rules: &[Value], writes: &[(&str, &Map<String, Value>)]) -> Result<(), Problem> {
    const MFA: &str = "Enablement_EndUser_Assignment";
    let has_context = check::rule(rules, "AuthenticationContext_EndUser_Assignment")["isEnabled"] == true;
    let writes_mfa = writes.iter().any(|(id, _)| *id == MFA);
    if writes_mfa && has_context && check::demands(check::rule(rules, MFA), "MultiFactorAuthentication") {
        let text = "The Mfa and Acrs policy settings cannot be enabled simultaneously.";
        return Err(Problem::new(400, "MfaAndAcrsConflict", text));
    }
    Ok(())
}

fn invalid_policy() -> Problem {
    Problem::new(400, "InvalidPolicy", "The policy is invalid.")
}

/// Returns `rule` with the members of a PATCH written over it.
fn merged(rule: &Value, members: &Map<String, Value>, admin_ticketing: bool) -> Result<Value, Problem> {
    let kind = rule["@odata.type"].as_str().unwrap_or_default().trim_start_matches('#');
    let asked = members.get("@odata.type").and_then(Value::as_str);
    let asked = asked.ok_or_else(|| Problem::bad("A rule needs its '@odata.type'."))?.trim_start_matches('#');
    if !asked.starts_with(TYPE) {
        return Err(Problem::bad(format!("The type '{asked}' is not known.")));
    }
    if asked != kind {
        return Err(Problem::new(500, "", "An error has occurred."));
    }
    let mut next = rule.clone();
    for (name, value) in members {
        let is_known = match (kind.trim_start_matches(TYPE), name.as_str()) {
            (_, "@odata.type" | "id" | "target") => continue,
            ("ExpirationRule", "isExpirationRequired") => value.is_boolean(),
            ("ExpirationRule", "maximumDuration") => {
                let is_duration = value.as_str().and_then(instant::duration).is_some();
                // `PT0S` is stored like any other (3.6 #9); null only where it has no effect.
                is_duration || (value.is_null() && members.get("isExpirationRequired") == Some(&json!(false)))
            }
            ("EnablementRule", "enabledRules") => {
                is_enablement(rule["id"].as_str().unwrap_or_default(), value, admin_ticketing)?;
                true
            }
            ("ApprovalRule", "setting") => {
                next["setting"] = setting(value)?;
                continue;
            }
            ("AuthenticationContextRule", "isEnabled") => value.is_boolean(),
            ("AuthenticationContextRule", "claimValue") => value.is_string() || value.is_null(),
            ("NotificationRule", "notificationType") => value == "Email",
            ("NotificationRule", "recipientType") => *value == rule["recipientType"],
            ("NotificationRule", "notificationLevel") => {
                value.as_str().is_some_and(|level| ["None", "Critical", "All"].contains(&level))
            }
            ("NotificationRule", "isDefaultRecipientsEnabled") => value.is_boolean(),
            ("NotificationRule", "notificationRecipients") => {
                value.as_array().is_some_and(|list| list.iter().all(Value::is_string))
            }
            _ => return Err(Problem::bad(format!("The property '{name}' does not exist on type '{kind}'."))),
        };
        if name == "maximumDuration" && value.is_null() && !is_known {
            return Err(invalid_policy());
        }
        if !is_known {
            return Err(Problem::bad(format!("The value of '{name}' is not valid.")));
        }
        if !(name == "maximumDuration" && value.is_null()) {
            next[name.as_str()] = value.clone();
        }
    }
    // Required without saying how long: the service does not take the old value for it (3.6 #8).
    if members.get("isExpirationRequired") == Some(&json!(true)) && !members.contains_key("maximumDuration") {
        return Err(invalid_policy());
    }
    Ok(next)
}

/// Refuses what an enablement rule cannot demand; spelling matters (graph.md 3.4).
fn is_enablement(id: &str, value: &Value, admin_ticketing: bool) -> Result<(), Problem> {
    let list = value.as_array().ok_or_else(|| Problem::bad("'enabledRules' must be a collection."))?;
    for entry in list {
        let is_fine = match entry.as_str() {
            Some("MultiFactorAuthentication" | "Justification") => true,
            Some("Ticketing") => admin_ticketing || id != "Enablement_Admin_Assignment",
            _ => false,
        };
        if !is_fine {
            return Err(Problem::new(
                400,
                "InvalidPolicyRule",
                format!("The enabled rule {entry} is not supported by {id}."),
            ));
        }
    }
    Ok(())
}

/// Returns approval settings in the form they are kept: one stage, approvers with `userId` or `groupId`, no escalation
/// (accepted, not stored; graph.md 3.4).
fn setting(value: &Value) -> Result<Value, Problem> {
    let known = [
        "isApprovalRequired",
        "isApprovalRequiredForExtension",
        "isRequestorJustificationRequired",
        "approvalMode",
        "approvalStages",
        "@odata.type",
    ];
    let members = value.as_object().ok_or_else(|| Problem::bad("'setting' must be an object."))?;
    if let Some(name) = members.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(Problem::bad(format!(
            "The property '{name}' does not exist on type 'microsoft.graph.approvalSettings'."
        )));
    }
    let flag = |value: &Value, usual: bool| value.as_bool().unwrap_or(usual);
    let is_required = flag(&value["isApprovalRequired"], false);
    let stage = match value["approvalStages"].as_array().map(Vec::as_slice) {
        Some([stage]) => stage.clone(),
        None | Some([]) if !is_required => json!({}),
        _ => return Err(invalid_policy()),
    };
    let mut approvers = Vec::new();
    for approver in stage["primaryApprovers"].as_array().into_iter().flatten() {
        let kind = approver["@odata.type"].as_str().unwrap_or_default().trim_start_matches('#');
        let name = match kind {
            "microsoft.graph.singleUser" => "userId",
            "microsoft.graph.groupMembers" => "groupId",
            other => return Err(Problem::bad(format!("The approver type '{other}' is not supported."))),
        };
        let id = [name, "id"].iter().find_map(|name| approver[*name].as_str()).unwrap_or_default();
        if uuid::Uuid::parse_str(id).is_err() {
            let text = "Guid should contain 32 digits with 4 dashes (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx).";
            return Err(Problem::new(400, "FormatException", text));
        }
        approvers.push(
            json!({"@odata.type": format!("#{kind}"), name: id, "description": approver["description"].as_str()}),
        );
    }
    let mode = value["approvalMode"].as_str().unwrap_or("SingleStage");
    if !["SingleStage", "NoApproval", "Serial", "Parallel"].iter().any(|known| known.eq_ignore_ascii_case(mode)) {
        return Err(Problem::bad(format!("The approval mode '{mode}' is not known.")));
    }
    Ok(json!({
        "isApprovalRequired": is_required,
        "isApprovalRequiredForExtension": flag(&value["isApprovalRequiredForExtension"], false),
        "isRequestorJustificationRequired": flag(&value["isRequestorJustificationRequired"], true),
        "approvalMode": mode,
        "approvalStages": [{
            "approvalStageTimeOutInDays": stage["approvalStageTimeOutInDays"].as_i64().unwrap_or(1),
            "isApproverJustificationRequired": flag(&stage["isApproverJustificationRequired"], true),
            "escalationTimeInMinutes": 0, "isEscalationEnabled": false,
            "primaryApprovers": approvers, "escalationApprovers": []}]}))
}
