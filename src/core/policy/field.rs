//! The fields of role settings that a manifest can declare: one row per field says where it lives, which way it gives more
//! access, and what holds between two values.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::core::declared::Declared;
use crate::core::direction::Direction;
use crate::core::period::Period;
use crate::core::policy::rule::{Approver, Event, NotificationLevel, Recipient, Requirement, RuleId};
use crate::core::policy::settings::Settings;

/// One part of a notification rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NotificationPart {
    /// Which events.
    Level,
    /// Whether the default recipients get it.
    DefaultRecipients,
    /// Further addresses.
    Recipients,
}

/// A field of role settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SettingField {
    /// `eligibleAssignment.permanent`, `activeAssignment.permanent`; never [`Event::Activation`].
    Permanent(Event),
    /// `….maxDuration`.
    MaxDuration(Event),
    /// `….require`.
    Require(Event),
    /// `activation.approval`: whether it is required at all.
    ApprovalRequired,
    /// `activation.approval.approvers`.
    Approvers,
    /// `activation.approval.requestorJustification`.
    RequestorJustification,
    /// `activation.approval.approverJustification`.
    ApproverJustification,
    /// `activation.approval.timeoutDays`.
    ApprovalTimeout,
    /// `activation.authenticationContext`.
    AuthenticationContext,
    /// `notifications.….….…`.
    Notification(Event, Recipient, NotificationPart),
}

/// The value of a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SettingValue {
    /// Yes or no; for `permanent`, yes is `allowed`.
    Flag(bool),
    /// A length of time; `None` where the service shows none.
    Period(Option<Period>),
    /// A set of demands.
    Requirements(BTreeSet<Requirement>),
    /// A set of approvers; empty is the service's own fallback.
    Approvers(BTreeSet<Approver>),
    /// A number of days.
    Days(u32),
    /// A context, or none.
    Context(Option<String>),
    /// A notification level.
    Level(NotificationLevel),
    /// A set of mail addresses.
    Addresses(BTreeSet<String>),
}

impl SettingField {
    /// Returns every field, in the order of the rules.
    pub fn all() -> Vec<Self> {
        let mut fields = Vec::new();
        for event in Event::ALL {
            if event != Event::Activation {
                fields.push(Self::Permanent(event));
            }
            fields.push(Self::MaxDuration(event));
            fields.push(Self::Require(event));
        }
        fields.extend([
            Self::ApprovalRequired,
            Self::Approvers,
            Self::RequestorJustification,
            Self::ApproverJustification,
            Self::ApprovalTimeout,
            Self::AuthenticationContext,
        ]);
        for event in Event::ALL {
            for recipient in Recipient::ALL {
                use NotificationPart::{DefaultRecipients, Level, Recipients};
                for part in [Level, DefaultRecipients, Recipients] {
                    fields.push(Self::Notification(event, recipient, part));
                }
            }
        }
        fields
    }

    /// Returns the rule that holds the field.
    pub fn rule(self) -> RuleId {
        match self {
            Self::Permanent(event) | Self::MaxDuration(event) => RuleId::Expiration(event),
            Self::Require(event) => RuleId::Enablement(event),
            Self::ApprovalRequired
            | Self::Approvers
            | Self::RequestorJustification
            | Self::ApproverJustification
            | Self::ApprovalTimeout => RuleId::Approval,
            Self::AuthenticationContext => RuleId::AuthenticationContext,
            Self::Notification(event, recipient, _) => RuleId::Notification(event, recipient),
        }
    }

    /// Reads the field.
    pub fn get(self, settings: &Settings) -> SettingValue {
        match self {
            Self::Permanent(event) => SettingValue::Flag(!settings.event(event).expiration.is_required),
            Self::MaxDuration(event) => SettingValue::Period(settings.event(event).expiration.maximum),
            Self::Require(event) => SettingValue::Requirements(settings.event(event).require.clone()),
            Self::ApprovalRequired => SettingValue::Flag(settings.approval.is_required),
            Self::Approvers => SettingValue::Approvers(settings.approval.approvers.clone()),
            Self::RequestorJustification => SettingValue::Flag(settings.approval.is_requestor_justification_required),
            Self::ApproverJustification => SettingValue::Flag(settings.approval.is_approver_justification_required),
            Self::ApprovalTimeout => SettingValue::Days(settings.approval.timeout_days),
            Self::AuthenticationContext => {
                let context = &settings.authentication_context;
                SettingValue::Context(context.claim.clone().filter(|_| context.is_enabled))
            }
            Self::Notification(event, recipient, part) => {
                let rule = settings.event(event).notifications.to(recipient);
                match part {
                    NotificationPart::Level => SettingValue::Level(rule.level),
                    NotificationPart::DefaultRecipients => SettingValue::Flag(rule.default_recipients),
                    NotificationPart::Recipients => SettingValue::Addresses(rule.recipients.clone()),
                }
            }
        }
    }

    /// Writes the field.
    ///
    /// # Panics
    /// When `value` has not the kind of this field: fields and values are paired by the manifest room's types, so a mismatch
    /// is a mistake of ours.
    pub fn set(self, settings: &mut Settings, value: SettingValue) {
        use SettingValue as V;
        match (self, value) {
            (Self::Permanent(event), V::Flag(allowed)) => settings.event_mut(event).expiration.is_required = !allowed,
            (Self::MaxDuration(event), V::Period(maximum)) => settings.event_mut(event).expiration.maximum = maximum,
            (Self::Require(event), V::Requirements(set)) => settings.event_mut(event).require = set,
            (Self::ApprovalRequired, V::Flag(yes)) => settings.approval.is_required = yes,
            (Self::Approvers, V::Approvers(set)) => settings.approval.approvers = set,
            (Self::RequestorJustification, V::Flag(yes)) => settings.approval.is_requestor_justification_required = yes,
            (Self::ApproverJustification, V::Flag(yes)) => settings.approval.is_approver_justification_required = yes,
            (Self::ApprovalTimeout, V::Days(days)) => settings.approval.timeout_days = days,
            (Self::AuthenticationContext, V::Context(claim)) => {
                settings.authentication_context.is_enabled = claim.is_some();
                if claim.is_some() {
                    settings.authentication_context.claim = claim;
                }
            }
            (Self::Notification(event, recipient, part), value) => {
                let rule = settings.event_mut(event).notifications.to_mut(recipient);
                match (part, value) {
                    (NotificationPart::Level, V::Level(level)) => rule.level = level,
                    (NotificationPart::DefaultRecipients, V::Flag(yes)) => rule.default_recipients = yes,
                    (NotificationPart::Recipients, V::Addresses(set)) => rule.recipients = set,
                    (part, value) => panic!("{part:?} of a notification cannot hold {value:?}"),
                }
            }
            (field, value) => panic!("{field:?} cannot hold {value:?}"),
        }
    }

    /// Returns a value that gives no more access than either of the two. Where neither contains the other (swapped approvers
    /// or contexts) it is `after`: the new gatekeepers are the reviewed ones.
    #[must_use]
    pub fn tightest(self, before: SettingValue, after: SettingValue) -> SettingValue {
        use SettingValue as V;
        match (self, before, after) {
            (Self::Require(_), V::Requirements(a), V::Requirements(b)) => {
                V::Requirements(a.union(&b).copied().collect())
            }
            (Self::Approvers, V::Approvers(a), V::Approvers(b)) => {
                let both: BTreeSet<Approver> = a.intersection(&b).cloned().collect();
                V::Approvers(if both.is_empty() { b } else { both })
            }
            (Self::AuthenticationContext, V::Context(a), V::Context(b)) => V::Context(b.or(a)),
            (field, before, after) => match field.direction(&before, &after) {
                Direction::Widens => before,
                Direction::Narrows | Direction::Neutral => after,
            },
        }
    }

    /// Returns a value under which everything that either of the two allows is possible.
    #[must_use]
    pub fn loosest(self, before: SettingValue, after: SettingValue) -> SettingValue {
        use SettingValue as V;
        match (self, before, after) {
            (Self::Require(_), V::Requirements(a), V::Requirements(b)) => {
                V::Requirements(a.intersection(&b).copied().collect())
            }
            (field, before, after) => match field.direction(&before, &after) {
                Direction::Widens | Direction::Neutral => after,
                Direction::Narrows => before,
            },
        }
    }
}

impl fmt::Display for SettingField {
    /// Prints the manifest's path, e.g. `activation.maxDuration`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Permanent(event) => write!(f, "{}.permanent", event.as_str()),
            Self::MaxDuration(event) => write!(f, "{}.maxDuration", event.as_str()),
            Self::Require(event) => write!(f, "{}.require", event.as_str()),
            Self::ApprovalRequired => f.write_str("activation.approval"),
            Self::Approvers => f.write_str("activation.approval.approvers"),
            Self::RequestorJustification => f.write_str("activation.approval.requestorJustification"),
            Self::ApproverJustification => f.write_str("activation.approval.approverJustification"),
            Self::ApprovalTimeout => f.write_str("activation.approval.timeoutDays"),
            Self::AuthenticationContext => f.write_str("activation.authenticationContext"),
            Self::Notification(event, recipient, part) => {
                let part = match part {
                    NotificationPart::Level => "level",
                    NotificationPart::DefaultRecipients => "defaultRecipients",
                    NotificationPart::Recipients => "recipients",
                };
                write!(f, "notifications.{}.{}.{part}", event.as_str(), recipient.as_str())
            }
        }
    }
}

/// What a manifest wants of a field. Absent fields are not in the map: they are not managed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Want {
    /// This value.
    Value(SettingValue),
    /// The service's factory value (the literal `default`).
    Factory,
}

/// Role settings as declared for one target: profiles and own fields already merged, later ones winning.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeclaredSettings {
    /// The declared fields, each with the line that won.
    pub fields: BTreeMap<SettingField, Declared<Want>>,
    /// `undeclared: serviceDefault`: every other field must equal the factory value.
    pub undeclared_is_factory: bool,
}

impl DeclaredSettings {
    /// Returns what the settings must become: the declared fields over what is there, and the factory values where the
    /// manifest wants them. Fields that nobody declared stay as they are.
    pub fn over(&self, live: &Settings, factory: &Settings) -> Settings {
        let mut wanted = live.clone();
        for field in SettingField::all() {
            match self.fields.get(&field).map(|declared| &declared.value) {
                Some(Want::Value(value)) => field.set(&mut wanted, value.clone()),
                Some(Want::Factory) => field.set(&mut wanted, field.get(factory)),
                None if self.undeclared_is_factory => field.set(&mut wanted, field.get(factory)),
                None => {}
            }
        }
        if !wanted.approval.is_required && !live.approval.is_required {
            // the details of an approval that is and stays off have no effect, and the service may not keep them
            // (azuread#1398): to compare them would be a difference for ever
            wanted.approval = live.approval.clone();
        }
        wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::policy::default::factory;
    use crate::core::target::Surface;

    #[test]
    fn every_field_reads_back_what_was_set_and_belongs_to_its_rule() {
        let (directory, group) = (factory(Surface::Directory), factory(Surface::Group));
        for field in SettingField::all() {
            let mut settings = directory.clone();
            let value = match field.get(&directory) {
                SettingValue::Flag(yes) => SettingValue::Flag(!yes),
                SettingValue::Period(_) => SettingValue::Period(Some(Period::hours(2))),
                SettingValue::Requirements(_) => SettingValue::Requirements([Requirement::Ticket].into()),
                SettingValue::Approvers(_) => {
                    SettingValue::Approvers([Approver::User(crate::core::id::PrincipalId::new("x"))].into())
                }
                SettingValue::Days(days) => SettingValue::Days(days + 1),
                SettingValue::Context(_) => SettingValue::Context(Some("c1".into())),
                SettingValue::Level(_) => SettingValue::Level(NotificationLevel::Critical),
                SettingValue::Addresses(_) => SettingValue::Addresses(["a@b.example".to_owned()].into()),
            };
            field.set(&mut settings, value.clone());
            assert_eq!(field.get(&settings), value, "{field}");
            assert_eq!(settings.differing_rules(&directory), [field.rule()], "{field}");
            field.set(&mut settings, field.get(&group));
            assert_eq!(field.get(&settings), field.get(&group), "{field}");
        }
    }

    #[test]
    fn paths_are_distinct() {
        let paths: BTreeSet<String> = SettingField::all().iter().map(ToString::to_string).collect();
        assert_eq!(paths.len(), SettingField::all().len());
    }
}
