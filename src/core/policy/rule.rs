//! The 17 rules of a role management policy and their five shapes (graph.md 3.3).

use std::collections::BTreeSet;
use std::fmt;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::core::id::PrincipalId;
use crate::core::period::Period;

/// What a rule, or a block of settings, is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// An administrator makes somebody eligible (`Admin` / `Eligibility`).
    EligibleAssignment,
    /// An administrator makes somebody active (`Admin` / `Assignment`).
    ActiveAssignment,
    /// A holder activates (`EndUser` / `Assignment`).
    Activation,
}

impl Event {
    /// All events, in the order of the rules.
    pub const ALL: [Self; 3] = [Self::EligibleAssignment, Self::ActiveAssignment, Self::Activation];

    /// Returns the manifest's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EligibleAssignment => "eligibleAssignment",
            Self::ActiveAssignment => "activeAssignment",
            Self::Activation => "activation",
        }
    }

    /// Returns the target's caller.
    pub fn caller(self) -> &'static str {
        match self {
            Self::EligibleAssignment | Self::ActiveAssignment => "Admin",
            Self::Activation => "EndUser",
        }
    }

    /// Returns the target's level.
    pub fn level(self) -> &'static str {
        match self {
            Self::EligibleAssignment => "Eligibility",
            Self::ActiveAssignment | Self::Activation => "Assignment",
        }
    }
}

/// To whom a notification goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Recipient {
    /// Administrators.
    Admin,
    /// The assignee or requestor.
    Assignee,
    /// Approvers.
    Approver,
}

impl Recipient {
    /// All recipients, in the order of the rules.
    pub const ALL: [Self; 3] = [Self::Admin, Self::Assignee, Self::Approver];

    /// Returns the manifest's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Assignee => "assignee",
            Self::Approver => "approver",
        }
    }

    /// Returns the service's word.
    pub fn wire(self) -> &'static str {
        match self {
            Self::Admin => "Admin",
            Self::Assignee => "Requestor",
            Self::Approver => "Approver",
        }
    }
}

/// One of the 17 rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleId {
    /// How long at most.
    Expiration(Event),
    /// What is demanded.
    Enablement(Event),
    /// Who gets mail.
    Notification(Event, Recipient),
    /// Approval of activations.
    Approval,
    /// Conditional Access context of activations.
    AuthenticationContext,
}

impl RuleId {
    /// All rules in the documented order, 1 to 17.
    pub const ALL: [Self; 17] = {
        use Event::{Activation, ActiveAssignment, EligibleAssignment};
        use Recipient::{Admin, Approver, Assignee};
        [
            Self::Expiration(EligibleAssignment),
            Self::Enablement(EligibleAssignment),
            Self::Notification(EligibleAssignment, Admin),
            Self::Notification(EligibleAssignment, Assignee),
            Self::Notification(EligibleAssignment, Approver),
            Self::Expiration(ActiveAssignment),
            Self::Enablement(ActiveAssignment),
            Self::Notification(ActiveAssignment, Admin),
            Self::Notification(ActiveAssignment, Assignee),
            Self::Notification(ActiveAssignment, Approver),
            Self::Expiration(Activation),
            Self::Enablement(Activation),
            Self::Approval,
            Self::AuthenticationContext,
            Self::Notification(Activation, Admin),
            Self::Notification(Activation, Assignee),
            Self::Notification(Activation, Approver),
        ]
    };

    /// Returns the event the rule belongs to.
    pub fn event(self) -> Event {
        match self {
            Self::Expiration(event) | Self::Enablement(event) | Self::Notification(event, _) => event,
            Self::Approval | Self::AuthenticationContext => Event::Activation,
        }
    }

    /// Returns the rule with this id, compared without regard to case.
    pub fn parse(id: &str) -> Option<Self> {
        // the ids are made once: a tenant's policies hold thousands of rules
        static IDS: LazyLock<[String; 17]> = LazyLock::new(|| RuleId::ALL.map(|rule| rule.to_string()));
        IDS.iter().position(|known| known.eq_ignore_ascii_case(id)).map(|at| Self::ALL[at])
    }
}

impl fmt::Display for RuleId {
    /// Prints the service's id, e.g. `Notification_Requestor_EndUser_Assignment`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let event = self.event();
        match self {
            Self::Expiration(_) => f.write_str("Expiration")?,
            Self::Enablement(_) => f.write_str("Enablement")?,
            Self::Notification(_, recipient) => write!(f, "Notification_{}", recipient.wire())?,
            Self::Approval => f.write_str("Approval")?,
            Self::AuthenticationContext => f.write_str("AuthenticationContext")?,
        }
        write!(f, "_{}_{}", event.caller(), event.level())
    }
}

/// What may be demanded of an administrator or of the activating holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Requirement {
    /// `MultiFactorAuthentication`.
    MultiFactorAuthentication,
    /// `Justification`.
    Justification,
    /// `Ticketing`.
    Ticket,
}

impl Requirement {
    /// All requirements.
    pub const ALL: [Self; 3] = [Self::MultiFactorAuthentication, Self::Justification, Self::Ticket];

    /// Returns the manifest's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MultiFactorAuthentication => "multiFactorAuthentication",
            Self::Justification => "justification",
            Self::Ticket => "ticket",
        }
    }

    /// Returns the service's word; its spelling is case-sensitive (graph.md 3.4).
    pub fn wire(self) -> &'static str {
        match self {
            Self::MultiFactorAuthentication => "MultiFactorAuthentication",
            Self::Justification => "Justification",
            Self::Ticket => "Ticketing",
        }
    }
}

/// How long at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Expiration {
    /// Whether an end is demanded. On activations real tenants return both values and the maximum holds all the same
    /// (limits.json, `pim.expiration.endUser.required`): there it is kept as read and never declared.
    pub is_required: bool,
    /// The longest possible; kept but without effect when no end is demanded (graph.md 3.4).
    pub maximum: Option<Period>,
}

/// Somebody who may approve.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Approver {
    /// A user.
    User(PrincipalId),
    /// The members of a group.
    Group(PrincipalId),
}

impl Approver {
    /// Returns the principal's id.
    pub fn id(&self) -> &PrincipalId {
        match self {
            Self::User(id) | Self::Group(id) => id,
        }
    }
}

/// Approval of activations: the one stage that PIM uses (graph.md 3.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    /// Whether an activation waits for approval.
    pub is_required: bool,
    /// Whether the requestor must give a reason.
    pub is_requestor_justification_required: bool,
    /// Whether the approver must give a reason.
    pub is_approver_justification_required: bool,
    /// Days until an unanswered request lapses.
    pub timeout_days: u32,
    /// Who may approve; empty is the service's own fallback on directory roles (graph.md 3.4).
    pub approvers: BTreeSet<Approver>,
    /// Whether an extension waits for approval too. No manifest declares it: it is kept as read.
    pub is_required_for_extension: bool,
    /// What else the live rule holds that no manifest can declare (further stages, escalation). Writing the rule would lose
    /// it, so a change of such a rule is refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmodelled: Vec<String>,
}

/// Conditional Access context of activations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthenticationContext {
    /// Whether it is demanded.
    pub is_enabled: bool,
    /// `c1` to `c99`; `None` for null and the empty text, which mean the same (C5).
    pub claim: Option<String>,
}

/// Which events send mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NotificationLevel {
    /// None.
    None,
    /// Critical ones.
    Critical,
    /// All.
    All,
}

impl NotificationLevel {
    /// Returns the manifest's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Critical => "critical",
            Self::All => "all",
        }
    }

    /// Returns the service's word.
    pub fn wire(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Critical => "Critical",
            Self::All => "All",
        }
    }
}

/// Who gets mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// Which events.
    pub level: NotificationLevel,
    /// Whether the default recipients get it.
    pub default_recipients: bool,
    /// Further addresses, in lower case.
    pub recipients: BTreeSet<String>,
}

/// The content of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// See [`Expiration`].
    Expiration(Expiration),
    /// The set of demands.
    Enablement(BTreeSet<Requirement>),
    /// See [`Notification`].
    Notification(Notification),
    /// See [`Approval`].
    Approval(Approval),
    /// See [`AuthenticationContext`].
    AuthenticationContext(AuthenticationContext),
}

impl Rule {
    /// Tells whether this live rule does what `wanted` says. What is switched off has no effect: the service may drop the stage
    /// of an approval that nobody needs (azuread#1398), and the claim of a context that is off.
    #[must_use]
    pub fn holds(&self, wanted: &Self) -> bool {
        match (self, wanted) {
            (Self::Approval(live), Self::Approval(wanted)) if !wanted.is_required => !live.is_required,
            (Self::AuthenticationContext(live), Self::AuthenticationContext(wanted)) if !wanted.is_enabled => {
                !live.is_enabled
            }
            (live, wanted) => live == wanted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_the_documented_ones() {
        let ids: Vec<String> = RuleId::ALL.iter().map(ToString::to_string).collect();
        assert_eq!(
            ids,
            [
                "Expiration_Admin_Eligibility",
                "Enablement_Admin_Eligibility",
                "Notification_Admin_Admin_Eligibility",
                "Notification_Requestor_Admin_Eligibility",
                "Notification_Approver_Admin_Eligibility",
                "Expiration_Admin_Assignment",
                "Enablement_Admin_Assignment",
                "Notification_Admin_Admin_Assignment",
                "Notification_Requestor_Admin_Assignment",
                "Notification_Approver_Admin_Assignment",
                "Expiration_EndUser_Assignment",
                "Enablement_EndUser_Assignment",
                "Approval_EndUser_Assignment",
                "AuthenticationContext_EndUser_Assignment",
                "Notification_Admin_EndUser_Assignment",
                "Notification_Requestor_EndUser_Assignment",
                "Notification_Approver_EndUser_Assignment",
            ]
        );
        for rule in RuleId::ALL {
            assert_eq!(RuleId::parse(&rule.to_string()), Some(rule));
        }
    }
}
