//! Writing a policy (graph.md 3.4 to 3.6): which values a rule takes, and what the service refuses of them together.

use serde_json::{Map, Value, json};

use super::super::super::answer::{Answer, Problem, Reply};
use super::super::super::catalog;
use super::super::super::fault::Effect;
use super::super::super::instant;
use super::super::super::place::Subject;
use super::super::super::store::View;
use super::super::super::tenant::{Policy, Tenant};
use super::super::super::token::Caller;
use super::super::check;
use super::{Door, POLICIES};

/// What starts the type of every rule.
const TYPE: &str = "microsoft.graph.unifiedRoleManagementPolicy";

impl Door<'_> {
    pub(super) fn bulk(&self, policy: &str) -> Answer {
        let (kind, subject) = self.find(policy)?;
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
        self.write(subject, &writes, true)?;
        let tenant = self.world.store.read(View::Now);
        let mut row = Door { tenant: &tenant, ..*self }.policy_row(kind, subject);
        // The answer names the policy as it was asked for, also where it has another id from now on; so does the documented sample.
        row["id"] = json!(policy);
        row["@odata.context"] = json!(format!("{}/$metadata#{}/$entity", self.call.root(), POLICIES.context));
        Ok(Reply::json(200, row))
    }

    /// Applies rules as a unit, or none of them.
    pub(super) fn write(
        &self,
        subject: Subject<'_>,
        writes: &[(&str, &Map<String, Value>)],
        is_bulk: bool,
    ) -> Result<(), Problem> {
        let is_ignored = self.call.effects.contains(&Effect::IgnorePatch);
        let admin_ticketing = self.world.options.switches.admin_ticketing;
        let (key, surface) = (subject.key(), subject.surface());
        let group = match subject {
            Subject::Group(group, _) => Some(group.to_owned()),
            Subject::Role(_) => None,
        };
        let name = who(self.tenant, &self.call.caller);
        let unmanageable =
            group.as_ref().and_then(|group| self.tenant.object(group)).and_then(|(_, o)| o.unmanageable());
        if let Some(why) = unmanageable {
            return Err(Problem::new(400, &self.world.options.switches.unmanageable_group_code, why));
        }
        let change = |tenant: &mut Tenant, now| {
            let mut policy = tenant.policies.get(&key).cloned().unwrap_or_else(|| Policy {
                rules: catalog::default_rules(surface).to_vec(),
                modified: None,
                modified_by: None,
                is_corrupt: false,
                writes: 0,
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
            policy.modified_by = Some(name);
            policy.writes += 1;
            tenant.policies.insert(key, policy);
            tenant.onboarded.extend(group);
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
