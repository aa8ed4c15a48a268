//! The `SettingsProfile` and `RoleSettings` documents.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::core::policy::rule::Event;
use crate::manifest::kind::role::GovernedRole;
use crate::manifest::kind::setting::{Activation, AssignmentRules, Notifications, Recipients};
use crate::manifest::kind::text;

/// A reusable block of role settings. Fields that are absent are not managed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "Settings profile")]
pub struct SettingsProfile {
    /// What a holder must do to activate.
    pub activation: Option<Activation>,
    /// What holds for eligible assignments.
    pub eligible_assignment: Option<AssignmentRules>,
    /// What holds for active assignments.
    pub active_assignment: Option<AssignmentRules>,
    /// Who gets mail about what.
    pub notifications: Option<Notifications>,
}

/// The settings of roles. Fields that are absent, here and in the profiles, are not managed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "Role settings")]
pub struct RoleSettings {
    /// The roles that get these settings.
    #[schemars(length(min = 1))]
    pub applies_to: Vec<GovernedRole>,
    /// Names of SettingsProfile manifests. Later ones win; the fields below win over all.
    #[schemars(with = "Option<Vec<text::Label>>", example = serde_json::json!(["tier0"]))]
    pub extends: Option<Vec<String>>,
    /// What a holder must do to activate.
    pub activation: Option<Activation>,
    /// What holds for eligible assignments.
    pub eligible_assignment: Option<AssignmentRules>,
    /// What holds for active assignments.
    pub active_assignment: Option<AssignmentRules>,
    /// Who gets mail about what.
    pub notifications: Option<Notifications>,
    /// What happens to fields that nobody declares; `keep` when absent.
    pub undeclared: Option<Undeclared>,
}

/// What happens to fields that nobody declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "Undeclared fields")]
pub enum Undeclared {
    /// They stay as they are.
    #[default]
    Keep,
    /// They must equal the service's default.
    ServiceDefault,
}

/// The blocks of settings that a profile and role settings have in common.
#[derive(Debug, Clone, Copy)]
pub struct Blocks<'a> {
    /// `activation`.
    pub activation: Option<&'a Activation>,
    /// `eligibleAssignment`.
    pub eligible_assignment: Option<&'a AssignmentRules>,
    /// `activeAssignment`.
    pub active_assignment: Option<&'a AssignmentRules>,
    /// `notifications`.
    pub notifications: Option<&'a Notifications>,
}

impl SettingsProfile {
    /// Returns the blocks.
    pub fn blocks(&self) -> Blocks<'_> {
        Blocks {
            activation: self.activation.as_ref(),
            eligible_assignment: self.eligible_assignment.as_ref(),
            active_assignment: self.active_assignment.as_ref(),
            notifications: self.notifications.as_ref(),
        }
    }
}

impl RoleSettings {
    /// Returns the blocks.
    pub fn blocks(&self) -> Blocks<'_> {
        Blocks {
            activation: self.activation.as_ref(),
            eligible_assignment: self.eligible_assignment.as_ref(),
            active_assignment: self.active_assignment.as_ref(),
            notifications: self.notifications.as_ref(),
        }
    }
}

impl<'a> Blocks<'a> {
    /// Returns the rules for assignments of an event; none for activations.
    pub fn assignment_rules(&self, event: Event) -> Option<&'a AssignmentRules> {
        match event {
            Event::EligibleAssignment => self.eligible_assignment,
            Event::ActiveAssignment => self.active_assignment,
            Event::Activation => None,
        }
    }

    /// Returns the mail rules of an event.
    pub fn recipients(&self, event: Event) -> Option<&'a Recipients> {
        let notifications = self.notifications?;
        match event {
            Event::EligibleAssignment => notifications.eligible_assignment.as_ref(),
            Event::ActiveAssignment => notifications.active_assignment.as_ref(),
            Event::Activation => notifications.activation.as_ref(),
        }
    }
}
