//! Which way each field of role settings gives more access, and proof that every field has an answer.
//!
//! [`SettingField::of`] takes settings apart down to the last member, and [`SettingField::direction`] matches every field: a new
//! member of [`Settings`] does not compile until it is a field, and a new field not until it has a direction.

use crate::core::direction::Direction;
use crate::core::period::Period;
use crate::core::policy::field::{NotificationPart, SettingField, SettingValue};
use crate::core::policy::rule::{Approval, AuthenticationContext, Event, Expiration, Notification, Recipient};
use crate::core::policy::settings::{EventSettings, Notifications, Settings};

impl SettingField {
    /// Returns every field of some settings with its value, in the order of [`SettingField::all`].
    pub fn of(settings: &Settings) -> Vec<(Self, SettingValue)> {
        let Settings { eligible_assignment, active_assignment, activation, approval, authentication_context } =
            settings;
        let events = [
            (Event::EligibleAssignment, eligible_assignment),
            (Event::ActiveAssignment, active_assignment),
            (Event::Activation, activation),
        ];
        let (mut fields, mut mails) = (Vec::new(), Vec::new());
        for (event, settings) in events {
            let EventSettings { expiration, require, notifications } = settings;
            let Expiration { is_required, maximum } = expiration;
            // an activation always ends (limits.json, `pim.expiration.endUser.required`): what is read there is kept
            if event != Event::Activation {
                fields.push((Self::Permanent(event), SettingValue::Flag(!is_required)));
            }
            fields.push((Self::MaxDuration(event), SettingValue::Period(*maximum)));
            fields.push((Self::Require(event), SettingValue::Requirements(require.clone())));
            let Notifications { admin, assignee, approver } = notifications;
            for (recipient, mail) in
                [(Recipient::Admin, admin), (Recipient::Assignee, assignee), (Recipient::Approver, approver)]
            {
                let Notification { level, default_recipients, recipients } = mail;
                let field = |part| Self::Notification(event, recipient, part);
                mails.push((field(NotificationPart::Level), SettingValue::Level(*level)));
                mails.push((field(NotificationPart::DefaultRecipients), SettingValue::Flag(*default_recipients)));
                mails.push((field(NotificationPart::Recipients), SettingValue::Addresses(recipients.clone())));
            }
        }
        let Approval {
            is_required,
            is_requestor_justification_required,
            is_approver_justification_required,
            timeout_days,
            approvers,
            // no manifest declares these two: they are kept as read, and an approval that has more stages is not written
            is_required_for_extension: _,
            unmodelled: _,
        } = approval;
        let AuthenticationContext { is_enabled, claim } = authentication_context;
        fields.extend([
            (Self::ApprovalRequired, SettingValue::Flag(*is_required)),
            (Self::Approvers, SettingValue::Approvers(approvers.clone())),
            (Self::RequestorJustification, SettingValue::Flag(*is_requestor_justification_required)),
            (Self::ApproverJustification, SettingValue::Flag(*is_approver_justification_required)),
            (Self::ApprovalTimeout, SettingValue::Days(*timeout_days)),
            // a context that is off demands nothing, whatever it is called
            (Self::AuthenticationContext, SettingValue::Context(claim.clone().filter(|_| *is_enabled))),
        ]);
        fields.append(&mut mails);
        fields
    }

    /// Returns the direction of a change of this field. A set that both gains and loses widens: what is lost does not excuse what is
    /// gained.
    ///
    /// # Panics
    /// When a value has not the kind of this field, as [`SettingField::set`] does.
    pub fn direction(self, before: &SettingValue, after: &SettingValue) -> Direction {
        use SettingValue as V;
        if before == after {
            return Direction::Neutral;
        }
        let fitting = match self {
            // who may get access without end may get more
            Self::Permanent(_) => flags(before, after).map(|(old, new)| Direction::of_growth(&old, &new)),
            // longer is more, and no maximum is the longest
            Self::MaxDuration(_) => match (before, after) {
                (V::Period(old), V::Period(new)) => Some(Direction::of_growth(&longest(*old), &longest(*new))),
                _ => None,
            },
            // one demand that goes is one check fewer, whatever comes in its place
            Self::Require(_) => match (before, after) {
                (V::Requirements(old), V::Requirements(new)) => {
                    Some(if old.is_subset(new) { Direction::Narrows } else { Direction::Widens })
                }
                _ => None,
            },
            // a check that goes; an activation then waits for nobody
            Self::ApprovalRequired => flags(before, after).map(|(old, new)| Direction::of_growth(&new, &old)),
            // whoever is new may approve who could not before. Empty is the fallback to the privileged administrators: another
            // set, neither smaller nor larger
            Self::Approvers => match (before, after) {
                (V::Approvers(old), V::Approvers(new)) => {
                    Some(if !new.is_empty() && new.is_subset(old) { Direction::Narrows } else { Direction::Widens })
                }
                _ => None,
            },
            // a check that goes, on the one side and on the other
            Self::RequestorJustification | Self::ApproverJustification => {
                flags(before, after).map(|(old, new)| Direction::of_growth(&new, &old))
            }
            // a request that lapses later can be approved for longer
            Self::ApprovalTimeout => match (before, after) {
                (V::Days(old), V::Days(new)) => Some(Direction::of_growth(old, new)),
                _ => None,
            },
            // another context is another Conditional Access policy: nobody here knows which of the two demands more
            Self::AuthenticationContext => match (before, after) {
                (V::Context(None), V::Context(Some(_))) => Some(Direction::Narrows),
                (V::Context(Some(_)), V::Context(_)) => Some(Direction::Widens),
                _ => None,
            },
            // mail gives nobody access and stops nobody
            Self::Notification(_, _, NotificationPart::Level) => match (before, after) {
                (V::Level(_), V::Level(_)) => Some(Direction::Neutral),
                _ => None,
            },
            Self::Notification(_, _, NotificationPart::DefaultRecipients) => {
                flags(before, after).map(|_| Direction::Neutral)
            }
            Self::Notification(_, _, NotificationPart::Recipients) => match (before, after) {
                (V::Addresses(_), V::Addresses(_)) => Some(Direction::Neutral),
                _ => None,
            },
        };
        fitting.unwrap_or_else(|| panic!("{self:?} cannot go from {before:?} to {after:?}"))
    }
}

fn flags(before: &SettingValue, after: &SettingValue) -> Option<(bool, bool)> {
    match (before, after) {
        (SettingValue::Flag(before), SettingValue::Flag(after)) => Some((*before, *after)),
        _ => None,
    }
}

/// No maximum counts as the longest.
fn longest(maximum: Option<Period>) -> i64 {
    maximum.map_or(i64::MAX, Period::as_seconds)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::core::id::PrincipalId;
    use crate::core::policy::default::factory;
    use crate::core::policy::rule::{Approver, NotificationLevel, Requirement};
    use crate::core::target::Surface;

    #[test]
    fn every_field_is_taken_out_of_settings() {
        for surface in Surface::ALL {
            let settings = factory(surface);
            let fields = SettingField::of(&settings);
            assert_eq!(fields.iter().map(|(field, _)| *field).collect::<Vec<_>>(), SettingField::all());
            for (field, value) in fields {
                assert_eq!(value, field.get(&settings), "{field}");
            }
        }
    }

    /// Returns changes of a field with their directions: of every field at least one each way, or that there is none.
    fn cases(field: SettingField) -> Vec<(SettingValue, SettingValue, Direction)> {
        use Direction::{Narrows, Neutral, Widens};
        use Requirement::{Justification, MultiFactorAuthentication as Mfa, Ticket};
        use SettingValue as V;
        let set = |items: &[Requirement]| V::Requirements(items.iter().copied().collect());
        let approvers =
            |ids: &[&str]| V::Approvers(ids.iter().map(|id| Approver::User(PrincipalId::new(id))).collect());
        let period = |text: &str| V::Period(Some(text.parse().unwrap()));
        let context = |text: &str| V::Context(Some(text.into()));
        let mails = |items: &[&str]| V::Addresses(items.iter().map(|item| (*item).to_owned()).collect::<BTreeSet<_>>());
        match field {
            SettingField::Permanent(_) => {
                vec![(V::Flag(false), V::Flag(true), Widens), (V::Flag(true), V::Flag(false), Narrows)]
            }
            SettingField::MaxDuration(_) => vec![
                (period("PT8H"), period("PT4H"), Narrows),
                (period("PT4H"), period("PT8H"), Widens),
                (period("P1D"), period("PT24H"), Neutral),
                (period("P1D"), V::Period(None), Widens),
                (V::Period(None), period("P365D"), Narrows),
            ],
            SettingField::Require(_) => vec![
                (set(&[Mfa]), set(&[Mfa, Ticket]), Narrows),
                (set(&[Mfa, Ticket]), set(&[Mfa]), Widens),
                (set(&[]), set(&[Justification]), Narrows),
                (set(&[Mfa]), set(&[Justification]), Widens),
                (set(&[Ticket]), set(&[Mfa, Justification]), Widens),
            ],
            SettingField::ApprovalRequired
            | SettingField::RequestorJustification
            | SettingField::ApproverJustification => {
                vec![(V::Flag(true), V::Flag(false), Widens), (V::Flag(false), V::Flag(true), Narrows)]
            }
            SettingField::Approvers => vec![
                (approvers(&["a", "b"]), approvers(&["a"]), Narrows),
                (approvers(&["a"]), approvers(&["a", "b"]), Widens),
                (approvers(&["a"]), approvers(&["b"]), Widens),
                (approvers(&["a"]), approvers(&[]), Widens),
                (approvers(&[]), approvers(&["a"]), Widens),
            ],
            SettingField::ApprovalTimeout => vec![(V::Days(1), V::Days(3), Widens), (V::Days(3), V::Days(1), Narrows)],
            SettingField::AuthenticationContext => vec![
                (V::Context(None), context("c1"), Narrows),
                (context("c1"), V::Context(None), Widens),
                (context("c1"), context("c2"), Widens),
            ],
            SettingField::Notification(_, _, NotificationPart::Level) => vec![
                (V::Level(NotificationLevel::All), V::Level(NotificationLevel::None), Neutral),
                (V::Level(NotificationLevel::None), V::Level(NotificationLevel::All), Neutral),
            ],
            SettingField::Notification(_, _, NotificationPart::DefaultRecipients) => {
                vec![(V::Flag(true), V::Flag(false), Neutral), (V::Flag(false), V::Flag(true), Neutral)]
            }
            SettingField::Notification(_, _, NotificationPart::Recipients) => vec![
                (mails(&["soc@a.example"]), mails(&[]), Neutral),
                (mails(&["soc@a.example"]), mails(&["x@b.example"]), Neutral),
            ],
        }
    }

    #[test]
    fn directions() {
        let all = SettingField::all();
        let cases = all.iter().flat_map(|field| cases(*field).into_iter().map(|case| (*field, case)));
        for (field, (before, after, want)) in cases {
            assert_eq!(field.direction(&before, &after), want, "{field}: {before:?} to {after:?}");
            assert_eq!(field.direction(&before, &before), Direction::Neutral, "{field}: nothing changes");
            let tight = field.tightest(before.clone(), after.clone());
            assert_ne!(
                field.direction(&after, &tight),
                Direction::Widens,
                "{field}: the tightest is no wider than after"
            );
        }
    }
}
