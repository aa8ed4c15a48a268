//! All settings of one role, whole.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::core::policy::rule::{
    Approval, AuthenticationContext, Event, Expiration, Notification, Recipient, Requirement, Rule, RuleId,
};
use crate::core::target::Surface;

/// The three notification rules of one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notifications {
    /// To administrators.
    pub admin: Notification,
    /// To the assignee or requestor.
    pub assignee: Notification,
    /// To approvers.
    pub approver: Notification,
}

/// The five rules that every event has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventSettings {
    /// How long at most.
    pub expiration: Expiration,
    /// What is demanded.
    pub require: BTreeSet<Requirement>,
    /// Who gets mail.
    pub notifications: Notifications,
}

/// The content of the 17 rules of one policy, in canonical form: sets are sorted, durations are lengths, texts that mean the
/// same are equal, so that two settings compare by `==`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// Rules 1 to 5.
    pub eligible_assignment: EventSettings,
    /// Rules 6 to 10.
    pub active_assignment: EventSettings,
    /// Rules 11, 12 and 15 to 17.
    pub activation: EventSettings,
    /// Rule 13.
    pub approval: Approval,
    /// Rule 14.
    pub authentication_context: AuthenticationContext,
}

impl Settings {
    /// Returns the settings in the form in which those of a surface are compared. Azure has no maximum duration where none is
    /// demanded (arm.md C.5: it is not sent, and ignored when read).
    #[must_use]
    pub fn canonical(mut self, surface: Surface) -> Self {
        if !surface.capability().keeps_idle_maximum {
            for event in [&mut self.eligible_assignment, &mut self.active_assignment, &mut self.activation] {
                event.expiration.maximum = event.expiration.maximum.filter(|_| event.expiration.is_required);
            }
        }
        self
    }

    /// Returns the five rules of an event.
    pub fn event(&self, event: Event) -> &EventSettings {
        match event {
            Event::EligibleAssignment => &self.eligible_assignment,
            Event::ActiveAssignment => &self.active_assignment,
            Event::Activation => &self.activation,
        }
    }

    /// Returns the five rules of an event for change.
    pub fn event_mut(&mut self, event: Event) -> &mut EventSettings {
        match event {
            Event::EligibleAssignment => &mut self.eligible_assignment,
            Event::ActiveAssignment => &mut self.active_assignment,
            Event::Activation => &mut self.activation,
        }
    }

    /// Returns the content of one rule.
    pub fn rule(&self, id: RuleId) -> Rule {
        match id {
            RuleId::Expiration(event) => Rule::Expiration(self.event(event).expiration.clone()),
            RuleId::Enablement(event) => Rule::Enablement(self.event(event).require.clone()),
            RuleId::Notification(event, recipient) => {
                Rule::Notification(self.event(event).notifications.to(recipient).clone())
            }
            RuleId::Approval => Rule::Approval(self.approval.clone()),
            RuleId::AuthenticationContext => Rule::AuthenticationContext(self.authentication_context.clone()),
        }
    }

    /// Sets the content of one rule; tells whether the content has the shape of that rule.
    pub fn set_rule(&mut self, id: RuleId, rule: Rule) -> bool {
        match (id, rule) {
            (RuleId::Expiration(event), Rule::Expiration(rule)) => self.event_mut(event).expiration = rule,
            (RuleId::Enablement(event), Rule::Enablement(rule)) => self.event_mut(event).require = rule,
            (RuleId::Notification(event, recipient), Rule::Notification(rule)) => {
                *self.event_mut(event).notifications.to_mut(recipient) = rule;
            }
            (RuleId::Approval, Rule::Approval(rule)) => self.approval = rule,
            (RuleId::AuthenticationContext, Rule::AuthenticationContext(rule)) => self.authentication_context = rule,
            _ => return false,
        }
        true
    }

    /// Returns the rules whose content differs between the two, in the documented order.
    pub fn differing_rules(&self, other: &Self) -> Vec<RuleId> {
        RuleId::ALL.into_iter().filter(|id| self.rule(*id) != other.rule(*id)).collect()
    }
}

impl Notifications {
    /// Returns the rule for a recipient.
    pub fn to(&self, recipient: Recipient) -> &Notification {
        match recipient {
            Recipient::Admin => &self.admin,
            Recipient::Assignee => &self.assignee,
            Recipient::Approver => &self.approver,
        }
    }

    /// Returns the rule for a recipient for change.
    pub fn to_mut(&mut self, recipient: Recipient) -> &mut Notification {
        match recipient {
            Recipient::Admin => &mut self.admin,
            Recipient::Assignee => &mut self.assignee,
            Recipient::Approver => &mut self.approver,
        }
    }
}
