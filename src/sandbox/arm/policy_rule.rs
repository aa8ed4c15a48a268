//! The 17 rules of a role management policy: their factory values, and what the service makes of a rule that is sent (arm.md C.3,
//! C.5). A sent rule replaces the stored one whole; an incomplete one is refused.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::super::answer::Problem;
use super::super::instant;
use super::super::options::Switches;
use super::super::tenant::{Kind, Tenant};

/// The id of the rule that says who approves.
pub(super) const APPROVAL: &str = "Approval_EndUser_Assignment";
/// The id of the rule that names an authentication context.
pub(super) const CONTEXT: &str = "AuthenticationContext_EndUser_Assignment";
/// The id of the rule of what an activation demands.
pub(super) const ACTIVATION: &str = "Enablement_EndUser_Assignment";

static DEFAULTS: LazyLock<Vec<Value>> = LazyLock::new(embedded);

/// Reads embedded data.
#[allow(clippy::expect_used)]
fn embedded() -> Vec<Value> {
    serde_json::from_str(include_str!("../data/azure_rules.json")).expect("embedded data was made by data/generate.py")
}

/// Returns the rules of an untouched policy (arm.md C.3).
pub(crate) fn defaults() -> &'static [Value] {
    &DEFAULTS
}

/// Returns the rule with this id, or null.
pub(super) fn find<'a>(rules: &'a [Value], id: &str) -> &'a Value {
    rules.iter().find(|rule| rule["id"] == id).unwrap_or(&Value::Null)
}

/// Returns what the service answers to a policy that it does not take (arm.md E.2); `why` helps whoever reads the answer.
pub(super) fn invalid(why: &str) -> Problem {
    Problem::new(400, "InvalidPolicy", format!("The policy is invalid. {why}"))
}

/// Returns the rule that `sent` makes.
pub(super) fn replacement(sent: &Value, tenant: &Tenant, switches: &Switches) -> Result<Value, Problem> {
    let members = sent.as_object().ok_or_else(|| invalid("A rule is not an object."))?;
    let id = sent["id"].as_str().unwrap_or_default();
    let usual = find(defaults(), id);
    if usual.is_null() {
        return Err(invalid(&format!("There is no rule '{id}'.")));
    }
    if sent["ruleType"] != usual["ruleType"] {
        return Err(invalid(&format!("{id}: ruleType must be {}.", usual["ruleType"])));
    }
    let mut rule = Map::new();
    rule.insert("id".to_owned(), usual["id"].clone());
    rule.insert("ruleType".to_owned(), usual["ruleType"].clone());
    rule.insert("target".to_owned(), target(id, &sent["target"], &usual["target"])?);
    let own = match usual["ruleType"].as_str().unwrap_or_default() {
        "RoleManagementPolicyExpirationRule" => expiration(id, sent, switches)?,
        "RoleManagementPolicyEnablementRule" => enablement(id, sent, switches)?,
        "RoleManagementPolicyNotificationRule" => notification(id, sent, usual)?,
        "RoleManagementPolicyApprovalRule" => approval(id, &sent["setting"], tenant)?,
        _ => context(id, sent)?,
    };
    for name in members.keys() {
        // Left out where the answer leaves it out, but known all the same.
        let is_empty = matches!(name.as_str(), "maximumDuration" | "notificationRecipients" | "claimValue");
        if !rule.contains_key(name) && own.get(name).is_none() && !is_empty && name != "exceptionMembers" {
            return Err(invalid(&format!("{id}: the member '{name}' is not known.")));
        }
    }
    if let Value::Object(own) = own {
        rule.extend(own);
    }
    Ok(Value::Object(rule))
}

/// Refuses rules that exclude each other; the code is Graph's (arm.md C.3: unconfirmed for ARM).
pub(super) fn agree(rules: &[Value]) -> Result<(), Problem> {
    let asks_mfa = find(rules, ACTIVATION)["enabledRules"]
        .as_array()
        .is_some_and(|list| list.iter().any(|entry| entry == "MultiFactorAuthentication"));
    if asks_mfa && find(rules, CONTEXT)["isEnabled"] == true {
        let text = "Multi-factor authentication and an authentication context cannot be required together.";
        return Err(Problem::new(400, "MfaAndAcrsConflict", text));
    }
    Ok(())
}

/// Checks the target of a rule: caller and level are those of the table, operations are all.
fn target(id: &str, sent: &Value, usual: &Value) -> Result<Value, Problem> {
    let is_same = |name: &str| sent[name].as_str().is_some_and(|text| usual[name] == text);
    if !is_same("caller") || !is_same("level") || sent["operations"] != usual["operations"] {
        return Err(invalid(&format!("{id}: target must be {usual}.")));
    }
    let mut kept = usual.clone();
    for name in ["targetObjects", "inheritableSettings", "enforcedSettings"] {
        if let Some(list) = sent[name].as_array().filter(|list| !list.is_empty()) {
            kept[name] = json!(list);
        }
    }
    Ok(kept)
}

/// `maximumDuration` beside `isExpirationRequired: false` is refused, unless the switch brings back the service of 2022 (arm.md C.5).
fn expiration(id: &str, sent: &Value, switches: &Switches) -> Result<Value, Problem> {
    let is_required = sent["isExpirationRequired"]
        .as_bool()
        .ok_or_else(|| invalid(&format!("{id}: isExpirationRequired is missing.")))?;
    let longest = &sent["maximumDuration"];
    if longest.is_null() {
        if is_required {
            return Err(invalid(&format!("{id}: maximumDuration is missing.")));
        }
        return Ok(json!({"isExpirationRequired": false}));
    }
    let length = longest.as_str().and_then(instant::duration).filter(|length| !length.is_negative());
    let is_fine = length.is_some_and(|length| !is_required || !length.is_zero());
    if !is_fine || (!is_required && !switches.keeps_maximum_duration) {
        return Err(invalid(&format!("{id}: maximumDuration {longest} is not possible here.")));
    }
    Ok(json!({"isExpirationRequired": is_required, "maximumDuration": longest}))
}

/// `Ticketing` is not for rule 7 (reported by users of Terraform's provider).
fn enablement(id: &str, sent: &Value, switches: &Switches) -> Result<Value, Problem> {
    let list = sent["enabledRules"].as_array().ok_or_else(|| invalid(&format!("{id}: enabledRules is missing.")))?;
    for entry in list {
        let is_fine = match entry.as_str() {
            Some("MultiFactorAuthentication" | "Justification") => true,
            Some("Ticketing") => id != "Enablement_Admin_Assignment" || switches.admin_ticketing,
            _ => false,
        };
        if !is_fine {
            return Err(invalid(&format!("{id}: {entry} cannot be demanded.")));
        }
    }
    Ok(json!({"enabledRules": list}))
}

fn notification(id: &str, sent: &Value, usual: &Value) -> Result<Value, Problem> {
    let is_level = sent["notificationLevel"].as_str().is_some_and(|level| ["All", "Critical", "None"].contains(&level));
    let recipients = &sent["notificationRecipients"];
    let is_list = recipients.is_null() || recipients.as_array().is_some_and(|list| list.iter().all(Value::is_string));
    if sent["notificationType"] != "Email"
        || sent["recipientType"] != usual["recipientType"]
        || !sent["isDefaultRecipientsEnabled"].is_boolean()
        || !is_level
        || !is_list
    {
        return Err(invalid(&format!("{id}: the notification is incomplete or contradicts its id.")));
    }
    let mut own = json!({"notificationType": "Email", "recipientType": usual["recipientType"],
        "isDefaultRecipientsEnabled": sent["isDefaultRecipientsEnabled"], "notificationLevel": sent["notificationLevel"]});
    if !recipients.is_null() {
        own["notificationRecipients"] = recipients.clone();
    }
    Ok(own)
}

fn context(id: &str, sent: &Value) -> Result<Value, Problem> {
    let is_enabled = sent["isEnabled"].as_bool().ok_or_else(|| invalid(&format!("{id}: isEnabled is missing.")))?;
    let claim = match &sent["claimValue"] {
        Value::Null => "",
        Value::String(claim) => claim,
        _ => return Err(invalid(&format!("{id}: claimValue must be a text."))),
    };
    if is_enabled && claim.is_empty() {
        return Err(invalid(&format!("{id}: claimValue is missing.")));
    }
    let mut own = json!({"isEnabled": is_enabled});
    if !sent["claimValue"].is_null() {
        own["claimValue"] = json!(claim);
    }
    Ok(own)
}

/// Approval settings: one stage, approvers that exist; `description` becomes their display name (arm.md C.3).
fn approval(id: &str, sent: &Value, tenant: &Tenant) -> Result<Value, Problem> {
    let flag = |value: &Value, usual: bool| match value {
        Value::Null => Ok(usual),
        Value::Bool(flag) => Ok(*flag),
        _ => Err(invalid(&format!("{id}: a flag of the setting is not true or false."))),
    };
    let is_required = sent["isApprovalRequired"]
        .as_bool()
        .ok_or_else(|| invalid(&format!("{id}: setting.isApprovalRequired is missing.")))?;
    let mode = sent["approvalMode"].as_str().unwrap_or("SingleStage");
    if !["SingleStage", "Serial", "Parallel", "NoApproval"].contains(&mode) {
        return Err(invalid(&format!("{id}: the approval mode '{mode}' is not known.")));
    }
    let none = json!({});
    let stage = match sent["approvalStages"].as_array().map(Vec::as_slice) {
        Some([stage]) if stage.is_object() => stage,
        None | Some([]) if !is_required => &none,
        _ => return Err(invalid(&format!("{id}: one approval stage is needed."))),
    };
    let mut kept = json!({
        "approvalStageTimeOutInDays": stage["approvalStageTimeOutInDays"].as_i64().unwrap_or(1),
        "isApproverJustificationRequired": flag(&stage["isApproverJustificationRequired"], true)?,
        "escalationTimeInMinutes": stage["escalationTimeInMinutes"].as_i64().unwrap_or(0),
        "isEscalationEnabled": flag(&stage["isEscalationEnabled"], false)?});
    for name in ["primaryApprovers", "escalationApprovers"] {
        let mut approvers = Vec::new();
        for one in stage[name].as_array().into_iter().flatten() {
            approvers.push(approver(id, one, tenant)?);
        }
        if !approvers.is_empty() {
            kept[name] = json!(approvers);
        }
    }
    Ok(json!({"setting": {
        "isApprovalRequired": is_required,
        "isApprovalRequiredForExtension": flag(&sent["isApprovalRequiredForExtension"], false)?,
        "isRequestorJustificationRequired": flag(&sent["isRequestorJustificationRequired"], true)?,
        "approvalMode": mode, "approvalStages": [kept]}}))
}

fn approver(id: &str, sent: &Value, tenant: &Tenant) -> Result<Value, Problem> {
    let (kind, name) = match sent["userType"].as_str() {
        Some("User") => (Kind::User, "User"),
        Some("Group") => (Kind::Group, "Group"),
        _ => return Err(invalid(&format!("{id}: an approver's userType must be User or Group."))),
    };
    let found = sent["id"].as_str().and_then(|id| tenant.object_of(kind, id));
    let (object_id, object) =
        found.ok_or_else(|| invalid(&format!("{id}: the approver {} does not exist.", sent["id"])))?;
    Ok(json!({"id": object_id, "userType": name, "isBackup": sent["isBackup"].as_bool().unwrap_or(false),
        "description": object.properties.get("displayName").cloned().unwrap_or_default()}))
}
