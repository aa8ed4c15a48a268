//! The 17 rules in Microsoft's JSON, and back. Shared by all surfaces: they differ in the tag that names a rule's shape, in
//! the spelling of `operations`, and in how approvers are written.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::core::id::PrincipalId;
use crate::core::observed::Part;
use crate::core::period::Period;
use crate::core::policy::rule::{
    Approval, Approver, AuthenticationContext, Expiration, Notification, NotificationLevel, Requirement, Rule, RuleId,
};
use crate::core::policy::settings::Settings;
use crate::surface::DecodeError;
use crate::surface::json::{flag, items, text};

/// Decodes the rules of one policy. All 17 must be there: a policy that lacks one is not understood (graph.md 3.3).
///
/// # Errors
/// What is missing or malformed.
pub(super) fn decode(rules: &[Value], factory: Settings) -> Result<Settings, DecodeError> {
    let mut settings = factory;
    let mut seen = BTreeSet::new();
    for row in rules {
        let Some(id) = text(row, "id").and_then(RuleId::parse) else { continue };
        let rule = decode_rule(id, row).map_err(|why| error(row, why))?;
        if !settings.set_rule(id, rule) {
            return Err(error(row, "a rule of another shape".to_owned()));
        }
        seen.insert(id);
    }
    match RuleId::ALL.iter().find(|id| !seen.contains(id)) {
        Some(missing) => Err(DecodeError {
            part: Part::Settings,
            why: format!("rule {missing} is missing"),
            row: "a role management policy".to_owned(),
            role: None,
        }),
        None => Ok(settings),
    }
}

fn error(row: &Value, why: String) -> DecodeError {
    DecodeError { part: Part::Settings, why, row: format!("rule {}", text(row, "id").unwrap_or("?")), role: None }
}

fn decode_rule(id: RuleId, row: &Value) -> Result<Rule, String> {
    Ok(match id {
        RuleId::Expiration(_) => Rule::Expiration(Expiration {
            is_required: flag(row, "isExpirationRequired").ok_or("isExpirationRequired is missing")?,
            maximum: match text(row, "maximumDuration") {
                None | Some("") => None,
                Some(text) => Some(text.parse::<Period>().map_err(|e| format!("maximumDuration `{text}`: {e}"))?),
            },
        }),
        RuleId::Enablement(_) => {
            let mut set = BTreeSet::new();
            for item in items(row, "enabledRules") {
                let word = item.as_str().unwrap_or_default();
                let known = Requirement::ALL.into_iter().find(|r| r.wire().eq_ignore_ascii_case(word));
                set.insert(known.ok_or_else(|| format!("unknown enabled rule `{word}`"))?);
            }
            Rule::Enablement(set)
        }
        RuleId::Notification(..) => {
            let word = text(row, "notificationLevel").unwrap_or_default();
            let levels = [NotificationLevel::None, NotificationLevel::Critical, NotificationLevel::All];
            let level = levels.into_iter().find(|level| level.wire().eq_ignore_ascii_case(word));
            Rule::Notification(Notification {
                level: level.ok_or_else(|| format!("unknown notification level `{word}`"))?,
                default_recipients: flag(row, "isDefaultRecipientsEnabled")
                    .ok_or("isDefaultRecipientsEnabled is missing")?,
                recipients: items(row, "notificationRecipients")
                    .iter()
                    .filter_map(Value::as_str)
                    .map(|address| address.trim().to_lowercase())
                    .collect(),
            })
        }
        RuleId::Approval => Rule::Approval(decode_approval(row.get("setting").unwrap_or(&Value::Null))?),
        RuleId::AuthenticationContext => Rule::AuthenticationContext(AuthenticationContext {
            is_enabled: flag(row, "isEnabled").ok_or("isEnabled is missing")?,
            // null and the empty text are the same (C5)
            claim: text(row, "claimValue").filter(|claim| !claim.is_empty()).map(str::to_owned),
        }),
    })
}

fn decode_approval(setting: &Value) -> Result<Approval, String> {
    let stage = items(setting, "approvalStages").first().unwrap_or(&Value::Null);
    let mut approvers = BTreeSet::new();
    for row in items(stage, "primaryApprovers") {
        let kind = text(row, "@odata.type").or_else(|| text(row, "userType")).unwrap_or_default();
        // v1.0 metadata says userId and groupId, its samples say id; all are read (graph.md 3.1)
        let id = ["userId", "groupId", "id"].iter().find_map(|member| text(row, member)).filter(|id| !id.is_empty());
        let id = PrincipalId::new(id.ok_or("an approver has no id")?);
        let kind = kind.rsplit('.').next().unwrap_or_default();
        approvers.insert(match kind {
            k if k.eq_ignore_ascii_case("singleUser") || k.eq_ignore_ascii_case("user") => Approver::User(id),
            k if k.eq_ignore_ascii_case("groupMembers") || k.eq_ignore_ascii_case("group") => Approver::Group(id),
            other => return Err(format!("unknown kind of approver `{other}`")),
        });
    }
    Ok(Approval {
        is_required: flag(setting, "isApprovalRequired").ok_or("isApprovalRequired is missing")?,
        // with approval off the service may return no stage and no flags (azuread#1398): then the factory's
        is_requestor_justification_required: flag(setting, "isRequestorJustificationRequired").unwrap_or(true),
        is_approver_justification_required: flag(stage, "isApproverJustificationRequired").unwrap_or(true),
        timeout_days: stage
            .get("approvalStageTimeOutInDays")
            .and_then(Value::as_u64)
            .and_then(|days| u32::try_from(days).ok())
            .unwrap_or(1),
        approvers,
        is_required_for_extension: flag(setting, "isApprovalRequiredForExtension").unwrap_or(false),
        unmodelled: unmodelled(setting, stage),
    })
}

/// Returns what an approval setting holds beyond the one stage that PIM uses.
fn unmodelled(setting: &Value, stage: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if items(setting, "approvalStages").len() > 1 {
        found.push("more than one approval stage".to_owned());
    }
    if flag(stage, "isEscalationEnabled") == Some(true) || !items(stage, "escalationApprovers").is_empty() {
        found.push("escalation".to_owned());
    }
    if items(stage, "primaryApprovers").iter().any(|approver| flag(approver, "isBackup") == Some(true)) {
        found.push("backup approvers".to_owned());
    }
    found
}

/// How one API spells rules.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spelling {
    /// The member that names a rule's shape, and what its value begins with.
    tag: (&'static str, &'static str),
    /// What `target.operations` holds.
    operations: &'static str,
    /// Whether values are those of ARM: shapes without a namespace, approvers by id and type, no duration that does not
    /// count.
    is_arm: bool,
}

impl Spelling {
    /// Directory roles on Graph, whose operations are `all` (graph.md 3.3).
    pub(super) const DIRECTORY: Self =
        Self { tag: ("@odata.type", "#microsoft.graph.unified"), operations: "all", is_arm: false };
    /// Groups on Graph, whose operations are `All` (graph.md 3.3).
    pub(super) const GROUP: Self = Self { operations: "All", ..Self::DIRECTORY };
    /// ARM (arm.md C.3).
    pub(super) const ARM: Self = Self { tag: ("ruleType", ""), operations: "All", is_arm: true };
}

/// Encodes one rule, whole, with its complete target block: a bare target corrupts the policy's other rules
/// (graph.md 3.6 #4).
pub(super) fn encode(settings: &Settings, id: RuleId, spelling: Spelling) -> Value {
    let shape = match id {
        RuleId::Expiration(_) => "Expiration",
        RuleId::Enablement(_) => "Enablement",
        RuleId::Notification(..) => "Notification",
        RuleId::Approval => "Approval",
        RuleId::AuthenticationContext => "AuthenticationContext",
    };
    let mut rule = json!({
        spelling.tag.0: format!("{}RoleManagementPolicy{shape}Rule", spelling.tag.1),
        "id": id.to_string(),
        "target": {
            "caller": id.event().caller(),
            "operations": [spelling.operations],
            "level": id.event().level(),
        },
    });
    if !spelling.is_arm {
        // ARM leaves them out when it answers (arm.md C.3)
        rule["target"]["inheritableSettings"] = json!([]);
        rule["target"]["enforcedSettings"] = json!([]);
    }
    let content = match settings.rule(id) {
        Rule::Expiration(rule) => {
            let mut content = json!({ "isExpirationRequired": rule.is_required });
            // null means different things on different rules and is never sent (specs#24242)
            // ARM refuses a duration that does not count (arm.md C.5)
            if let Some(maximum) = rule.maximum.filter(|_| rule.is_required || !spelling.is_arm) {
                content["maximumDuration"] = json!(maximum.to_string());
            }
            content
        }
        Rule::Enablement(set) => json!({ "enabledRules": set.iter().map(|r| r.wire()).collect::<Vec<_>>() }),
        Rule::Notification(rule) => json!({
            "notificationType": "Email",
            "recipientType": match id {
                RuleId::Notification(_, recipient) => recipient.wire(),
                _ => "Admin",
            },
            "notificationLevel": rule.level.wire(),
            "isDefaultRecipientsEnabled": rule.default_recipients,
            "notificationRecipients": rule.recipients,
        }),
        Rule::Approval(rule) => json!({ "setting": {
            "isApprovalRequired": rule.is_required,
            "isApprovalRequiredForExtension": rule.is_required_for_extension,
            "isRequestorJustificationRequired": rule.is_requestor_justification_required,
            "approvalMode": "SingleStage",
            "approvalStages": [{
                "approvalStageTimeOutInDays": rule.timeout_days,
                "isApproverJustificationRequired": rule.is_approver_justification_required,
                "escalationTimeInMinutes": 0,
                "isEscalationEnabled": false,
                "primaryApprovers": rule.approvers.iter().map(|approver| encode_approver(approver, spelling)).collect::<Vec<_>>(),
                "escalationApprovers": [],
            }],
        }}),
        Rule::AuthenticationContext(rule) => json!({ "isEnabled": rule.is_enabled, "claimValue": rule.claim }),
    };
    if let (Some(rule), Value::Object(content)) = (rule.as_object_mut(), content) {
        rule.extend(content);
    }
    rule
}

fn encode_approver(approver: &Approver, spelling: Spelling) -> Value {
    if spelling.is_arm {
        let kind = match approver {
            Approver::User(_) => "User",
            Approver::Group(_) => "Group",
        };
        return json!({ "id": approver.id().as_str(), "userType": kind, "isBackup": false });
    }
    match approver {
        Approver::User(id) => json!({ "@odata.type": "#microsoft.graph.singleUser", "userId": id.as_str() }),
        Approver::Group(id) => json!({ "@odata.type": "#microsoft.graph.groupMembers", "groupId": id.as_str() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::policy::default::factory;
    use crate::core::policy::field::{SettingField, SettingValue};
    use crate::core::target::Surface;

    #[test]
    fn decoding_after_encoding_is_the_identity_for_every_field() {
        let base = factory(Surface::Directory);
        let other = factory(Surface::Group);
        for field in SettingField::all() {
            let mut settings = base.clone();
            let value = match field.get(&base) {
                SettingValue::Flag(yes) => SettingValue::Flag(!yes),
                SettingValue::Period(_) => SettingValue::Period(Some(Period::minutes(90))),
                SettingValue::Requirements(_) => SettingValue::Requirements([Requirement::Ticket].into()),
                SettingValue::Approvers(_) => SettingValue::Approvers(
                    [Approver::User(PrincipalId::new("u")), Approver::Group(PrincipalId::new("g"))].into(),
                ),
                SettingValue::Days(_) => SettingValue::Days(3),
                SettingValue::Context(_) => SettingValue::Context(Some("c3".into())),
                SettingValue::Level(_) => SettingValue::Level(NotificationLevel::Critical),
                SettingValue::Addresses(_) => SettingValue::Addresses(["soc@contoso.example".to_owned()].into()),
            };
            field.set(&mut settings, value);
            let rules: Vec<Value> = RuleId::ALL.iter().map(|id| encode(&settings, *id, Spelling::DIRECTORY)).collect();
            assert_eq!(decode(&rules, other.clone()).unwrap(), settings, "{field}");
        }
    }

    #[test]
    fn what_no_manifest_declares_of_an_approval_is_kept_or_named() {
        let live = json!({
            "isApprovalRequired": true, "isApprovalRequiredForExtension": true,
            "approvalStages": [{ "isEscalationEnabled": true }, {}],
        });
        let approval = decode_approval(&live).unwrap();
        assert_eq!(approval.unmodelled, ["more than one approval stage", "escalation"]);
        let mut settings = factory(Surface::Directory);
        settings.approval = approval;
        let written = encode(&settings, RuleId::Approval, Spelling::DIRECTORY);
        assert_eq!(written["setting"]["isApprovalRequiredForExtension"], true);
    }

    #[test]
    fn a_policy_that_lacks_a_rule_is_not_understood() {
        let settings = factory(Surface::Directory);
        let mut rules: Vec<Value> = RuleId::ALL.iter().map(|id| encode(&settings, *id, Spelling::DIRECTORY)).collect();
        rules.remove(12);
        let error = decode(&rules, settings).unwrap_err();
        assert!(error.to_string().contains("Approval_EndUser_Assignment"), "{error}");
    }

    #[test]
    fn both_spellings_of_approvers_and_an_empty_stage_are_read() {
        let beta = json!({ "isApprovalRequired": true, "approvalStages": [{ "primaryApprovers": [
            { "@odata.type": "#microsoft.graph.singleUser", "id": "A", "isBackup": false },
            { "@odata.type": "microsoft.graph.groupMembers", "groupId": "B" },
        ]}]});
        assert_eq!(decode_approval(&beta).unwrap().approvers.len(), 2);
        let off = json!({ "isApprovalRequired": false, "approvalStages": [] });
        assert_eq!(decode_approval(&off).unwrap(), factory(Surface::Directory).approval);
    }
}
