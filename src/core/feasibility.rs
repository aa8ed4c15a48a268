//! Whether the service will accept an assignment under the settings that will hold (design.md 3, "Feasibility").

use jiff::Timestamp;

use crate::core::assignment::{MINIMUM_LENGTH, Mode};
use crate::core::period::Period;
use crate::core::policy::field::SettingField;
use crate::core::policy::rule::{Event, Requirement, RuleId};
use crate::core::policy::settings::Settings;
use crate::core::schedule::Ask;
use crate::core::state::ApplyAs;

/// What a request for an assignment brings along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// Eligible or active.
    pub mode: Mode,
    /// The window asked for.
    pub ask: &'a Ask,
    /// Whether a justification is sent.
    pub has_justification: bool,
    /// Whether a ticket is sent.
    pub has_ticket: bool,
    /// Who sends it.
    pub apply_as: ApplyAs,
}

/// Why the service would refuse a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// The rule that refuses; none when it is no rule but the service itself.
    pub rule: Option<RuleId>,
    /// The settings field to look at.
    pub field: Option<SettingField>,
    /// Why, for people.
    pub why: String,
}

/// Returns everything that stands in the way of `request` under `settings` at `now`. Empty means feasible.
///
/// Rules 1 and 2 judge eligible assignments, 6 and 7 active ones (graph.md 7.2).
pub fn obstacles(settings: &Settings, request: &Request<'_>, now: Timestamp) -> Vec<Obstacle> {
    let event = match request.mode {
        Mode::Eligible => Event::EligibleAssignment,
        Mode::Active => Event::ActiveAssignment,
    };
    let rules = settings.event(event);
    let mut found = Vec::new();
    let mut refuse = |rule, field, why: String| found.push(Obstacle { rule: Some(rule), field: Some(field), why });
    if rules.expiration.is_required {
        let rule = RuleId::Expiration(event);
        match (request.ask.length(now), rules.expiration.maximum) {
            (None, _) => refuse(rule, SettingField::Permanent(event), "permanent assignments are forbidden".to_owned()),
            (Some(length), Some(maximum)) if length > maximum.as_duration() => {
                let asked = Period::seconds(length.as_secs());
                let why = format!("{asked} is asked for, at most {maximum} is allowed");
                refuse(rule, SettingField::MaxDuration(event), why);
            }
            _ => {}
        }
    }
    for requirement in &rules.require {
        let why = match requirement {
            Requirement::Justification if !request.has_justification => "a justification is required",
            Requirement::Ticket if !request.has_ticket => "a ticket is required",
            // an application can never satisfy MfaRule (graph.md 3.6 #17)
            Requirement::MultiFactorAuthentication if request.apply_as == ApplyAs::Application => {
                "multifactor authentication is required, which an application cannot perform"
            }
            _ => continue,
        };
        refuse(RuleId::Enablement(event), SettingField::Require(event), why.to_owned());
    }
    if request.ask.length(now).is_some_and(|length| length < MINIMUM_LENGTH.as_duration()) {
        let why = "an assignment cannot last less than five minutes".to_owned();
        found.push(Obstacle { rule: None, field: None, why });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::policy::default::factory;
    use crate::core::schedule::End;
    use crate::core::target::Surface;

    #[test]
    fn each_rule_refuses_for_its_reason() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let forever = Ask { start: None, end: End::Never };
        let days = |n| Ask { start: None, end: End::After(Period::days(n)) };
        let until = |text: &str| Ask { start: None, end: End::At(text.parse().unwrap()) };
        let group = factory(Surface::Group);
        let mut strict = group.clone();
        strict.active_assignment.require = Requirement::ALL.into();
        for (settings, mode, ask, bare, want) in [
            (&group, Mode::Eligible, forever, true, vec!["Expiration_Admin_Eligibility"]),
            (&group, Mode::Eligible, days(365), true, vec![]),
            (&group, Mode::Eligible, days(366), true, vec!["Expiration_Admin_Eligibility"]),
            (&group, Mode::Eligible, until("2027-01-01T00:00:00Z"), true, vec![]),
            (&group, Mode::Eligible, until("2027-01-01T00:00:01Z"), true, vec!["Expiration_Admin_Eligibility"]),
            (&group, Mode::Eligible, until("2026-01-01T00:04:00Z"), true, vec!["-"]),
            (&group, Mode::Active, days(1), true, vec!["Enablement_Admin_Assignment"]),
            (&group, Mode::Active, days(1), false, vec![]),
            (&strict, Mode::Active, days(1), false, vec!["Enablement_Admin_Assignment"]),
        ] {
            let request = Request {
                mode,
                ask: &ask,
                has_justification: !bare,
                has_ticket: !bare,
                apply_as: ApplyAs::Application,
            };
            let rules: Vec<String> = obstacles(settings, &request, now)
                .into_iter()
                .map(|o| o.rule.map_or("-".to_owned(), |rule| rule.to_string()))
                .collect();
            assert_eq!(rules, want, "{ask}");
        }
        let request = Request {
            mode: Mode::Active,
            ask: &days(1),
            has_justification: true,
            has_ticket: true,
            apply_as: ApplyAs::User,
        };
        assert_eq!(obstacles(&strict, &request, now), []);
    }
}
