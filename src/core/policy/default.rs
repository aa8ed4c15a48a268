//! The service's factory settings (graph.md 3.3, arm.md, policies-defaults.json).
//!
//! Used where a role does not exist yet (the plan marks such settings *assumed*), for the literal `default`, and for
//! `undeclared: serviceDefault`. Whether every built-in role ships with the same values is unconfirmed (graph.md 15 #10), so a
//! plan never takes them for what a live role has.

use std::collections::BTreeSet;

use crate::core::period::Period;
use crate::core::policy::rule::{
    Approval, AuthenticationContext, Event, Expiration, Notification, NotificationLevel, Requirement,
};
use crate::core::policy::settings::{EventSettings, Notifications, Settings};
use crate::core::target::Surface;

/// Returns the factory settings of a role on `surface`.
///
/// Directory roles allow permanent assignments and demand MFA on activation; groups and Azure roles demand an end and a
/// justification only.
pub fn factory(surface: Surface) -> Settings {
    let can = surface.capability();
    let ends = !can.defaults_to_permanent;
    Settings {
        eligible_assignment: event(Event::EligibleAssignment, ends, &[]),
        active_assignment: event(Event::ActiveAssignment, ends, &[Requirement::Justification]),
        activation: event(Event::Activation, true, can.default_demands),
        approval: Approval {
            is_required: false,
            is_requestor_justification_required: true,
            is_approver_justification_required: true,
            timeout_days: 1,
            approvers: BTreeSet::new(),
            is_required_for_extension: false,
            unmodelled: Vec::new(),
        },
        authentication_context: AuthenticationContext { is_enabled: false, claim: None },
    }
}

fn event(event: Event, is_required: bool, require: &[Requirement]) -> EventSettings {
    let maximum = match event {
        Event::EligibleAssignment => Period::days(365),
        Event::ActiveAssignment => Period::days(180),
        Event::Activation => Period::hours(8),
    };
    let mail = Notification { level: NotificationLevel::All, default_recipients: true, recipients: BTreeSet::new() };
    EventSettings {
        expiration: Expiration { is_required, maximum: Some(maximum) },
        require: require.iter().copied().collect(),
        notifications: Notifications { admin: mail.clone(), assignee: mail.clone(), approver: mail },
    }
}
