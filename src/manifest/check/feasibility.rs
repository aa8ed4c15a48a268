//! Checks: assignments that the settings declared in the same run will not let through. Settings that are not declared are known
//! only to the tenant; planning checks those.

use std::collections::HashSet;

use jiff::SignedDuration;

use crate::core::assignment::Mode;
use crate::core::diagnostic::Diagnostic;
use crate::core::period::Period;
use crate::core::policy::field::SettingField;
use crate::core::policy::rule::{Event, Requirement};
use crate::manifest::check::governed::{Governed, Value};
use crate::manifest::check::run::{Assigned, Run, TargetName};
use crate::manifest::kind::assignment::Schedule;
use crate::manifest::kind::tenant::ApplyAs;

/// Calls `look` for every assignment whose target has declared settings, once per different settings.
fn each<'r, 'a>(run: &'r Run<'a>, mut look: impl FnMut(&'r Assigned<'a>, &'r Governed<'a>, Event, &TargetName)) {
    for assigned in &run.assignments {
        let event = match assigned.view.mode {
            Mode::Eligible => Event::EligibleAssignment,
            Mode::Active => Event::ActiveAssignment,
        };
        let mut seen: HashSet<*const _> = HashSet::new();
        for (_, target) in &assigned.targets {
            let Some(governed) = run.settings_of(target) else { continue };
            let identity = std::ptr::from_ref(governed.entry);
            if seen.insert(identity) {
                look(assigned, governed, event, target);
            }
        }
    }
}

/// A permanent assignment needs settings that allow it.
pub(super) fn permanent_forbidden(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    each(run, |assigned, governed, event, target| {
        let field = SettingField::Permanent(event);
        let is_forbidden = governed.will_be(field, target.surface) == Some(Value::Flag(false));
        if is_forbidden && matches!(assigned.view.schedule, Schedule::Permanent { .. }) {
            let text = format!(
                "the settings of `{}` forbid permanent {} assignments",
                assigned.view.role.name(),
                assigned.view.mode.as_str()
            );
            let diagnostic = Diagnostic::error("permanent-forbidden", assigned.entry.at("/schedule/permanent"), text);
            found.push(
                diagnostic
                    .label(governed.at(field), "forbidden here")
                    .help("give the assignment an end, or allow permanent ones"),
            );
        }
    });
}

/// An assignment is no longer than the settings allow. The service measures end minus start of the request (design.md 3), so a
/// window without start is measured while planning.
pub(super) fn exceeds_max_duration(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    each(run, |assigned, governed, event, target| {
        let field = SettingField::MaxDuration(event);
        let Some(Value::Period(most)) = governed.will_be(field, target.surface) else { return };
        if governed.will_be(SettingField::Permanent(event), target.surface) != Some(Value::Flag(false)) {
            return;
        }
        let (length, route) = match assigned.view.schedule {
            Schedule::Window { start: Some(start), end } => (end.duration_since(*start), "/schedule/end"),
            Schedule::Renewal { duration, .. } => (duration.as_duration(), "/schedule/duration"),
            Schedule::Window { .. } | Schedule::Permanent { .. } => return,
        };
        if length > most.as_duration() && length > SignedDuration::ZERO {
            let length = Period::seconds(length.as_secs());
            let text =
                format!("an assignment of {length}; the settings of `{}` allow {most}", assigned.view.role.name());
            let diagnostic = Diagnostic::error("exceeds-max-duration", assigned.entry.at(route), text);
            found.push(
                diagnostic
                    .label(governed.at(field), "the longest is declared here")
                    .help("shorten the assignment, or allow longer ones"),
            );
        }
    });
}

/// Settings that demand a justification refuse a request without one.
pub(super) fn missing_justification(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    each(run, |assigned, governed, event, target| {
        // on eligible assignments the demand is not enforced for applications (graph.md 3.4), and warned about where declared
        let is_demanded =
            event == Event::ActiveAssignment && governed.demands(event, Requirement::Justification, target.surface);
        if is_demanded
            && assigned.entry.is_whole()
            && assigned.view.justification.is_none_or(|text| text.trim().is_empty())
        {
            let text = format!("the settings of `{}` demand a justification", assigned.view.role.name());
            let diagnostic = Diagnostic::error("missing-justification", assigned.entry.key("/role"), text);
            found.push(
                diagnostic
                    .label(governed.at(SettingField::Require(event)), "demanded here")
                    .help("add `justification`"),
            );
        }
    });
}

/// Settings that demand a ticket refuse a request without one.
pub(super) fn missing_ticket(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    each(run, |assigned, governed, event, target| {
        if governed.demands(event, Requirement::Ticket, target.surface)
            && assigned.view.ticket.is_none()
            && assigned.entry.is_whole()
        {
            let text = format!("the settings of `{}` demand a ticket", assigned.view.role.name());
            let diagnostic = Diagnostic::error("missing-ticket", assigned.entry.key("/role"), text);
            found.push(
                diagnostic.label(governed.at(SettingField::Require(event)), "demanded here").help("add `ticket`"),
            );
        }
    });
}

/// An application can never satisfy multifactor authentication (graph.md 3.6 #17).
pub(super) fn infeasible_for_application(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    let Some((_, tenant)) = run.tenant() else { return };
    if tenant.apply_as.unwrap_or_default() != ApplyAs::Application {
        return;
    }
    each(run, |assigned, governed, event, target| {
        if governed.demands(event, Requirement::MultiFactorAuthentication, target.surface) {
            let role = assigned.view.role.name();
            let text = format!(
                "the settings of `{role}` demand multifactor authentication, which an application can never satisfy"
            );
            let diagnostic = Diagnostic::error("infeasible-for-application", assigned.entry.key("/role"), text);
            let diagnostic = diagnostic.label(governed.at(SettingField::Require(event)), "demanded here");
            found.push(diagnostic.help("remove the demand, or set `applyAs: user` in the Tenant manifest"));
        }
    });
}
