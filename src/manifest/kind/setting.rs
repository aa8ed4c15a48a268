//! The blocks of role settings, shared by `SettingsProfile` and `RoleSettings`.
//!
//! A field has three states: a value, the literal `default` (the service's factory value), or absent (not managed).

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};

use crate::core::period::Period;
use crate::core::policy::rule::{NotificationLevel, Recipient, Requirement};
use crate::manifest::kind::principal::Principal;
use crate::manifest::kind::text;

/// A declared field: a value, or back to the service's factory value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting<T> {
    /// The literal `default`.
    Default,
    /// A value.
    Value(T),
}

impl<T> Setting<T> {
    /// Returns the value, when one is declared.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Default => None,
            Self::Value(value) => Some(value),
        }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Setting<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        if value == "default" {
            return Ok(Self::Default);
        }
        T::deserialize(value).map(Self::Value).map_err(D::Error::custom)
    }
}

impl<T: JsonSchema> JsonSchema for Setting<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("SettingOf{}", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        json_schema!({
            "anyOf": [
                value,
                {"const": "default", "title": "default", "description": "Reset to the service's default."}
            ]
        })
    }
}

/// What a holder must do to activate.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(
    title = "Activation",
    example = serde_json::json!({"maxDuration": "PT4H", "require": ["multiFactorAuthentication", "justification"]})
)]
pub struct Activation {
    /// The longest activation: `PT30M` to `PT24H` in half hours.
    #[schemars(with = "Option<Setting<text::Duration>>", example = &"PT4H")]
    pub max_duration: Option<Setting<Period>>,
    /// What is demanded of the holder. `[]` demands nothing.
    #[schemars(with = "Option<Setting<Vec<Demand>>>", example = serde_json::json!(["multiFactorAuthentication", "justification"]))]
    pub require: Option<Setting<Vec<Requirement>>>,
    /// Whether somebody must approve, and who: `none`, or the approvers.
    #[schemars(example = serde_json::json!({"approvers": [{"group": "sg-pim-approvers"}]}))]
    pub approval: Option<Setting<Approval>>,
    /// The Conditional Access authentication context that the holder must satisfy: `c1` to `c99`, or `none`. Excludes
    /// `multiFactorAuthentication` in `require`.
    #[schemars(example = &"c1")]
    pub authentication_context: Option<Setting<Context>>,
}

/// What holds for eligible assignments that administrators make.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(
    title = "Rules for assignments",
    example = serde_json::json!({"permanent": "forbidden", "maxDuration": "P180D"})
)]
pub struct AssignmentRules {
    /// Whether an assignment may be without end.
    pub permanent: Option<Setting<Permanence>>,
    /// The longest assignment, in days from `P1D`. Without effect while `permanent` is allowed.
    #[schemars(with = "Option<Setting<text::Duration>>", example = &"P180D")]
    pub max_duration: Option<Setting<Period>>,
    /// What is demanded of the administrator who assigns. `[]` demands nothing.
    #[schemars(with = "Option<Setting<Vec<Demand>>>", example = serde_json::json!(["justification"]))]
    pub require: Option<Setting<Vec<Requirement>>>,
}

/// Whether an assignment may be without end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "Permanence")]
pub enum Permanence {
    /// It may be.
    Allowed,
    /// It must end.
    Forbidden,
}

/// Something that is demanded of a person.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Requirement", title = "Requirement")]
#[expect(dead_code, reason = "describes a type of the core")]
enum Demand {
    /// A sign-in with multifactor authentication.
    MultiFactorAuthentication,
    /// A reason in words.
    Justification,
    /// A ticket's number and system.
    Ticket,
}

/// Approval of activations.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(title = "Approval")]
pub enum Approval {
    /// Nobody needs to approve.
    None(NoApproval),
    /// Somebody must approve.
    Required(ApprovalRules),
}

/// The literal `none`: nobody needs to approve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(inline, title = "none")]
pub enum NoApproval {
    /// Nobody needs to approve.
    #[serde(rename = "none")]
    None,
}

/// Who must approve, and how.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(
    title = "Approval rules",
    example = serde_json::json!({"approvers": [{"group": "sg-pim-approvers"}], "timeoutDays": 1})
)]
pub struct ApprovalRules {
    /// Users and groups who may approve, or `fallback`: the service's own approvers (directory roles only).
    #[schemars(example = serde_json::json!([{"group": "sg-pim-approvers"}]))]
    pub approvers: Option<Approvers>,
    /// Whether the requestor must give a reason.
    pub requestor_justification: Option<Setting<bool>>,
    /// Whether the approver must give a reason.
    pub approver_justification: Option<Setting<bool>>,
    /// Days until an unanswered request lapses.
    #[schemars(with = "Option<Setting<Days>>")]
    pub timeout_days: Option<Setting<u32>>,
}

/// A number of days.
#[derive(JsonSchema)]
#[schemars(title = "Days")]
#[expect(dead_code, reason = "describes a number")]
struct Days(#[schemars(range(min = 1, max = 365))] u32);

/// Who may approve.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(title = "Approvers")]
pub enum Approvers {
    /// The service's own approvers.
    Fallback(Fallback),
    /// These users and groups.
    These(#[schemars(length(min = 1))] Vec<Principal>),
}

/// The literal `fallback`: the service's own approvers, who are the active Privileged Role and Global Administrators.
// graph.md 3.4
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(inline, title = "fallback")]
pub enum Fallback {
    /// The service's own approvers.
    #[serde(rename = "fallback")]
    Fallback,
}

/// An authentication context, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Context {
    /// The literal `none`.
    None,
    /// `c1` to `c99`.
    Id(String),
}

impl<'de> Deserialize<'de> for Context {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(match text.as_str() {
            "none" => Self::None,
            _ => Self::Id(text),
        })
    }
}

impl JsonSchema for Context {
    fn schema_name() -> Cow<'static, str> {
        "AuthenticationContext".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "title": "Authentication context",
            "description": "`c1` to `c99`, or `none`.",
            "type": "string",
            "pattern": "^(?:none|c[1-9][0-9]?)$",
            "patternErrorMessage": "Expected an authentication context c1 to c99, or none",
            "examples": ["c1", "none"]
        })
    }
}

/// Who gets mail about what.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(
    title = "Notifications",
    example = serde_json::json!({"activation": {"admin": {"level": "all", "recipients": ["soc@contoso.example"]}}})
)]
pub struct Notifications {
    /// When somebody is made eligible.
    pub eligible_assignment: Option<Recipients>,
    /// When somebody is made active.
    pub active_assignment: Option<Recipients>,
    /// When a holder activates.
    pub activation: Option<Recipients>,
}

/// Mail to three kinds of people.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "Recipients", example = serde_json::json!({"admin": {"level": "all"}}))]
pub struct Recipients {
    /// Mail to administrators.
    pub admin: Option<Setting<Mail>>,
    /// Mail to the assignee or requestor.
    pub assignee: Option<Setting<Mail>>,
    /// Mail to approvers. The service takes no further recipients here.
    pub approver: Option<Setting<Mail>>,
}

impl Recipients {
    /// Returns the rule for a recipient.
    pub fn to(&self, recipient: Recipient) -> Option<&Setting<Mail>> {
        match recipient {
            Recipient::Admin => self.admin.as_ref(),
            Recipient::Assignee => self.assignee.as_ref(),
            Recipient::Approver => self.approver.as_ref(),
        }
    }
}

/// One rule for mail.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(
    title = "Mail",
    example = serde_json::json!({"level": "all", "defaultRecipients": true, "recipients": ["soc@contoso.example"]})
)]
pub struct Mail {
    /// Which events send mail.
    #[schemars(with = "Option<Setting<Level>>")]
    pub level: Option<Setting<NotificationLevel>>,
    /// Whether the service's default recipients get it.
    pub default_recipients: Option<Setting<bool>>,
    /// Further addresses. `[]` is none.
    #[schemars(with = "Option<Setting<Vec<text::MailAddress>>>")]
    pub recipients: Option<Setting<Vec<String>>>,
}

/// Which events send mail.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "NotificationLevel", title = "Notification level")]
#[expect(dead_code, reason = "describes a type of the core")]
enum Level {
    /// No mail.
    None,
    /// Mail about critical events.
    Critical,
    /// Mail about all events.
    All,
}
