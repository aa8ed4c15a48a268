//! Checks: from when until when.

use jiff::SignedDuration;

use crate::core::assignment::MINIMUM_LENGTH;
use crate::core::diagnostic::Diagnostic;
use crate::core::period::Period;
use crate::manifest::check::run::Run;
use crate::manifest::kind::assignment::Schedule;

/// A schedule ends after it starts.
pub(super) fn end_before_start(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for assigned in &run.assignments {
        if let Schedule::Window { start: Some(start), end } = assigned.view.schedule
            && end <= start
        {
            let text = format!("this ends at {end}, before it starts");
            let diagnostic = Diagnostic::error("end-before-start", assigned.entry.at("/schedule/end"), text);
            found.push(diagnostic.label(assigned.entry.document.at("/spec/schedule/start"), "it starts here"));
        }
    }
}

/// The service refuses assignments of less than five minutes (graph.md 2.9; limits.json `pim.assignment.minDuration`).
pub(super) fn too_short(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for assigned in &run.assignments {
        let (length, route) = match assigned.view.schedule {
            Schedule::Window { start: Some(start), end } if end > start => {
                (end.duration_since(*start), "/schedule/end")
            }
            Schedule::Renewal { duration, .. } => (duration.as_duration(), "/schedule/duration"),
            Schedule::Window { .. } | Schedule::Permanent { .. } => continue,
        };
        if length < MINIMUM_LENGTH.as_duration() {
            let text = format!("an assignment of {} is too short", Period::seconds(length.as_secs()));
            let diagnostic = Diagnostic::error("assignment-too-short", assigned.entry.at(route), text);
            found.push(diagnostic.help("the service takes no assignment of less than five minutes"));
        }
    }
}

/// `renewBefore` is shorter than `duration`: else every run would extend.
pub(super) fn renewal_before_grant(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for assigned in &run.assignments {
        if let Schedule::Renewal { duration, renew_before: Some(before) } = assigned.view.schedule
            && before.as_duration() >= duration.as_duration()
            && duration.as_duration() > SignedDuration::ZERO
        {
            let text =
                format!("renewed {before} before its end, an assignment of {duration} would be extended by every run");
            let diagnostic =
                Diagnostic::error("renewal-before-grant", assigned.entry.at("/schedule/renewBefore"), text);
            found.push(diagnostic.help("make `renewBefore` shorter than `duration`"));
        }
    }
}

/// `duration` alone lets the assignment run out before it is granted anew (design.md 2).
pub(super) fn without_renewal(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for assigned in &run.assignments {
        if let Schedule::Renewal { renew_before: None, .. } = assigned.view.schedule {
            let text = "this assignment runs out and is granted anew only after that";
            let diagnostic =
                Diagnostic::notice("duration-without-renewal", assigned.entry.at("/schedule/duration"), text);
            found.push(
                diagnostic.help("add `renewBefore` to extend it in time, or use `end` for a grant that happens once"),
            );
        }
    }
}
