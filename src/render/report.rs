//! What became of a plan: each change with its outcome, then remarks, what to do next, and the counts.

use std::collections::BTreeMap;

use crate::core::change::Change;
use crate::core::outcome::{Outcome, Report, State};
use crate::core::plan::Plan;
use crate::render::escape::terminal;
use crate::render::page::Page;
use crate::render::plan::Options;
use crate::render::style;

/// Returns the report as text; the counts are its last line. The outcomes come best first, so that what needs attention
/// stands closest to the counts.
///
/// An outcome whose change is not in `plan` is counted and shown by its number.
pub fn text(plan: &Plan, report: &Report, options: &Options) -> String {
    let mut page = Page::new(options.width, options.color);
    let mut outcomes: Vec<&Outcome> = report.outcomes.iter().collect();
    outcomes.sort_by_key(|outcome| rank(&outcome.state));
    if !outcomes.is_empty() {
        page.heading("Outcome");
    }
    for outcome in outcomes {
        one(&mut page, plan.changes.get(outcome.change), outcome);
    }
    if !report.remarks.is_empty() {
        page.heading("Remarks");
        for remark in &report.remarks {
            page.prose(0, style::PLAIN, &format!("remark: {}", terminal(remark)));
        }
    }
    page.blank();
    if report.was_wider {
        let text = "A grant came out wider than what was asked for. Whatever else succeeded, this run has failed: look at \
                    the remarks and at the tenant before anything else.";
        page.prose(0, style::BAD, text);
    }
    if let Some(next) = next(report) {
        page.prose(0, style::PLAIN, next);
    }
    page.blank();
    page.line(0, &[(style::HEADING, &counts(report))]);
    page.finish()
}

fn one(page: &mut Page, change: Option<&Change>, outcome: &Outcome) {
    let word = style::state(&outcome.state);
    let name = change.map_or_else(
        || format!("change number {}", outcome.change),
        |change| format!("{} {}", change.action.as_str(), terminal(&change.address)),
    );
    page.line(0, &[(style::of_state(&outcome.state), word), (style::PLAIN, &format!(": {name}"))]);
    let why = match &outcome.state {
        State::Done | State::AlreadySo => return,
        State::Pending(why) => format!("not in force yet: {}", terminal(why)),
        State::Failed(why) => format!("why: {}", terminal(why)),
        State::Skipped(why) => format!("because {}", terminal(why)),
        State::Stopped => "the run was stopped before it".to_owned(),
    };
    page.prose(4, style::PLAIN, &why);
    if let Some(at) = change.and_then(|change| change.source.as_ref()) {
        page.prose(4, style::PLAIN, &format!("at {}:{}", terminal(&at.file), at.line));
    }
}

/// Returns the counts, e.g. `Applied: 3 done, 1 failed, 2 skipped.`
pub fn counts(report: &Report) -> String {
    let mut numbers: BTreeMap<usize, (usize, &str)> = BTreeMap::new();
    for outcome in &report.outcomes {
        numbers.entry(rank(&outcome.state)).or_insert((0, style::state(&outcome.state))).0 += 1;
    }
    let parts: Vec<String> = numbers.into_values().map(|(count, word)| format!("{count} {word}")).collect();
    match (parts.is_empty(), report.is_complete()) {
        (true, _) => "Nothing to apply.".to_owned(),
        (_, true) => format!("Applied: {}.", parts.join(", ")),
        (_, false) => format!("Applied in part: {}.", parts.join(", ")),
    }
}

fn next(report: &Report) -> Option<&'static str> {
    let has = |is_it: fn(&State) -> bool| report.outcomes.iter().any(|outcome| is_it(&outcome.state));
    if has(|state| matches!(state, State::Failed(_))) {
        Some("Next: mend what failed, then run `rolewright apply` again; it does only what is still missing.")
    } else if has(|state| matches!(state, State::Skipped(_) | State::Stopped)) {
        Some("Next: run `rolewright apply` again; it does only what is still missing.")
    } else if has(|state| matches!(state, State::Pending(_))) {
        Some("Next: run `rolewright plan` in a few minutes; nothing should be left to do.")
    } else {
        None
    }
}

/// Orders outcomes from good to bad.
fn rank(state: &State) -> usize {
    match state {
        State::Done => 0,
        State::AlreadySo => 1,
        State::Pending(_) => 2,
        State::Stopped => 3,
        State::Skipped(_) => 4,
        State::Failed(_) => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::plan::sample;

    fn report(states: Vec<State>) -> Report {
        let outcomes = states.into_iter().enumerate().map(|(change, state)| Outcome { change, state }).collect();
        Report { outcomes, ..Report::default() }
    }

    fn every_state() -> Report {
        let mut report = report(vec![
            State::Failed("HTTP 400 RoleAssignmentRequestPolicyValidationFailed: MfaRule (request 7c1e)".to_owned()),
            State::Done,
            State::Skipped("`directory/settings/Helpdesk Administrator` did not succeed: whoever gets the role must meet the reviewed settings".to_owned()),
            State::AlreadySo,
            State::Pending("the schedule is not visible yet".to_owned()),
            State::Stopped,
            State::Done,
        ]);
        report.remarks = vec!["`App Assignment Operator` got the id b instead of a".to_owned()];
        report
    }

    #[test]
    fn every_outcome() {
        let plan = sample::every_action();
        insta::assert_snapshot!(text(&plan, &every_state(), &Options::default()), @r#"
        Outcome

        done: regrant directory/eligible/App Assignment Operator@tenant/user:alice@contoso.example
        done: update directory/settings/Helpdesk Administrator
        already so: extend directory/eligible/Helpdesk Administrator@tenant/user:bob@contoso.example
        pending: adopt directory/role-definition/App Assignment Operator
            not in force yet: the schedule is not visible yet
            at roles/app.yaml:3
        not begun: remove directory/role-definition/Old Operator
            the run was stopped before it
            at tenant.yaml:10
        skipped: create directory/eligible/Helpdesk Administrator@EMEA Users/group:sg-helpdesk-emea
            because `directory/settings/Helpdesk Administrator` did not succeed:
              whoever gets the role must meet the reviewed settings
            at roles/helpdesk.yaml:12
        failed: remove directory/active/Global Administrator@tenant/user:eve@contoso.example
            why: HTTP 400 RoleAssignmentRequestPolicyValidationFailed: MfaRule
              (request 7c1e)
            at tenant.yaml:9

        Remarks

        remark: `App Assignment Operator` got the id b instead of a

        Next: mend what failed, then run `rolewright apply` again; it does only what
          is still missing.

        Applied in part: 2 done, 1 already so, 1 pending, 1 not begun, 1 skipped, 1 failed.
        "#);
    }

    #[test]
    fn all_is_well() {
        let plan = sample::every_action();
        let report = report(vec![State::Done, State::Done, State::AlreadySo]);
        insta::assert_snapshot!(text(&plan, &report, &Options::default()), @r#"
        Outcome

        done: remove directory/active/Global Administrator@tenant/user:eve@contoso.example
        done: regrant directory/eligible/App Assignment Operator@tenant/user:alice@contoso.example
        already so: create directory/eligible/Helpdesk Administrator@EMEA Users/group:sg-helpdesk-emea

        Applied: 2 done, 1 already so.
        "#);
        assert_eq!(counts(&Report::default()), "Nothing to apply.");
    }

    #[test]
    fn a_wider_grant_is_loud() {
        let plan = sample::every_action();
        let mut report = report(vec![State::Done]);
        report.was_wider = true;
        let text = text(&plan, &report, &Options::default());
        assert!(text.starts_with("Outcome\n\ndone: remove"), "{text}");
        assert!(text.contains("A grant came out wider than what was asked for."), "{text}");
        assert!(text.ends_with("Applied in part: 1 done.\n"), "{text}");
    }

    #[test]
    fn foreign_text_is_harmless_and_an_unknown_change_is_named() {
        let nasty = || sample::NASTY.to_owned();
        let mut report =
            report(vec![State::Failed(nasty()), State::Pending(nasty()), State::Skipped("::error::x".to_owned())]);
        report.outcomes.push(Outcome { change: 99, state: State::Failed("gone".to_owned()) });
        report.remarks = vec![nasty(), "::error::y".to_owned()];
        let plan = sample::hostile();
        for width in [40, 57, 80, 200] {
            let text = text(&plan, &report, &Options { width, ..Options::default() });
            assert!(!text.contains(|c: char| c != '\n' && crate::render::escape::is_unsafe(c)), "{text}");
            assert!(!text.contains("##[") && !text.contains("##vso["), "{text}");
            assert!(text.lines().all(|line| !line.trim_start().starts_with("::")), "{text}");
            assert!(text.contains("failed: change number 99"));
        }
    }
}
