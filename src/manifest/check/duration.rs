//! Checks: longest durations in role settings.

use crate::core::diagnostic::Diagnostic;
use crate::core::period::Period;
use crate::core::policy::field::SettingField;
use crate::core::policy::rule::Event;
use crate::manifest::check::governed::{Value, declared, place};
use crate::manifest::check::requirement::documents;
use crate::manifest::check::run::{Entry, Run};

/// What the portal and Terraform offer, in days (limits.json `pim.expiration.values`).
const OFFERED_DAYS: [i64; 5] = [15, 30, 90, 180, 365];

/// Returns every declared maximum duration.
fn durations<'a>(run: &Run<'a>) -> Vec<(&'a Entry<'a>, Event, Period)> {
    let mut found = Vec::new();
    for (entry, blocks) in documents(run) {
        for (field, value) in declared(blocks) {
            if let (SettingField::MaxDuration(event), Value::Period(period)) = (field, value) {
                found.push((entry, event, period));
            }
        }
    }
    found
}

/// An activation lasts at most 24 hours (limits.json `pim.activation.maxDuration`).
pub(super) fn activation_too_long(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for (entry, event, period) in durations(run) {
        if event == Event::Activation && period > Period::hours(24) {
            let at = Some(place(entry, SettingField::MaxDuration(event)));
            let text = format!("an activation of {period}; the service takes at most 24 hours");
            found.push(Diagnostic::error("activation-too-long", at, text).help("write PT24H or less"));
        }
    }
}

/// The portal and Terraform know half hours from 30 minutes on. The service is finer grained (the documented sample sends
/// `PT1H45M`), so it is a warning (limits.json `pim.activation.maxDuration.values`; graph.md 3.4).
pub(super) fn activation_off_grid(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    let grid = Period::minutes(30);
    for (entry, event, period) in durations(run) {
        let is_usable = period > Period::seconds(0) && period <= Period::hours(24);
        if event == Event::Activation && is_usable && !period.is_multiple_of(grid) {
            let at = Some(place(entry, SettingField::MaxDuration(event)));
            let text = format!("{period} is not a whole number of half hours");
            found.push(
                Diagnostic::warning("activation-off-grid", at, text)
                    .help("the portal cannot show it; use PT30M to PT24H in half hours"),
            );
        }
    }
}

/// `PT0S` is stored, and then every request fails with `ExpirationRule` (graph.md 3.6 #9).
pub(super) fn zero(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for (entry, event, period) in durations(run) {
        if period == Period::seconds(0) {
            let at = Some(place(entry, SettingField::MaxDuration(event)));
            let text = "with a maximum duration of zero every request fails";
            found.push(Diagnostic::error("zero-duration", at, text).help("write a duration, or `default`"));
        }
    }
}

/// Rules 1 and 6 hold days (graph.md 3.4).
pub(super) fn not_in_days(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for (entry, event, period) in durations(run) {
        if event != Event::Activation && !period.is_multiple_of(Period::days(1)) {
            let at = Some(place(entry, SettingField::MaxDuration(event)));
            let text = format!("{period} is not a whole number of days");
            found.push(Diagnostic::error("duration-not-in-days", at, text).help("write days, e.g. P180D"));
        }
    }
}

/// The portal offers 15, 30, 90, 180 and 365 days; bounds of the service are unconfirmed (graph.md 3.4).
pub(super) fn unusual(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for (entry, event, period) in durations(run) {
        let is_in_days = period.is_multiple_of(Period::days(1)) && period > Period::seconds(0);
        if event != Event::Activation && is_in_days && !OFFERED_DAYS.map(Period::days).contains(&period) {
            let at = Some(place(entry, SettingField::MaxDuration(event)));
            let text = format!("the portal does not offer {period}");
            found.push(
                Diagnostic::warning("unusual-max-duration", at, text)
                    .help("it offers P15D, P30D, P90D, P180D and P365D"),
            );
        }
    }
}
