//! A plan for the terminal: a block for each change, then what is worth knowing, then the counts.
//!
//! Reads well at 80 columns, without colour and aloud: one fact a line, no tables, words beside every sign.

use std::collections::BTreeMap;

use crate::core::change::{Action, Change, FieldChange, Risk, Subject};
use crate::core::diagnostic::Severity;
use crate::core::direction::Direction;
use crate::core::notice::Notice;
use crate::core::order::Edges;
use crate::core::plan::Plan;
use crate::core::target::Surface;
use crate::render::escape::terminal;
use crate::render::page::{Page, plural};
use crate::render::plan::value::{Shown, shown};
use crate::render::plan::{ONBOARDS, Options, access, cause, counts, family, matters, next, transition, waits};
use crate::render::style::{self, Mark, Wording};

/// More unmanaged objects or notices than this are folded to counts unless they are asked for.
const FOLD: usize = 20;
/// More unchanged members of a set than this are folded.
const FOLD_KEPT: usize = 5;
/// More members of a set that goes away as a whole than this are folded.
const FOLD_REMOVED: usize = 10;

/// Returns the plan as text; the counts are its last line.
pub fn text(plan: &Plan, options: &Options) -> String {
    let mut page = Page::new(options.width, options.color);
    head(&mut page, plan, options);
    let edges = Edges::new(&plan.changes);
    let is_due = |change: &&Change| options.is_drift() && change.action == Action::Extend;
    for surface in Surface::ALL {
        let changes = || plan.changes.iter().filter(|c| c.surface == surface && !is_due(c));
        if changes().next().is_some() {
            page.heading(style::surface(surface));
        }
        changes().for_each(|change| block(&mut page, plan, &edges, change, options));
    }
    if plan.changes.iter().any(|change| is_due(&change)) {
        page.heading("Due, not drift");
        plan.changes.iter().filter(is_due).for_each(|change| block(&mut page, plan, &edges, change, options));
    }
    notices(&mut page, plan, options);
    unmanaged(&mut page, plan, options);
    unreadable(&mut page, plan);
    verdicts(&mut page, plan);
    page.blank();
    for sentence in [access(plan, options), next(plan, options)].into_iter().flatten() {
        page.prose(0, style::PLAIN, &terminal(&sentence));
    }
    page.blank();
    page.line(0, &[(style::HEADING, &counts(plan, options.wording))]);
    page.finish()
}

fn head(page: &mut Page, plan: &Plan, options: &Options) {
    let what = if options.is_drift() { "Drift of" } else { "Plan for" };
    let (name, id) = (terminal(&plan.tenant_name), terminal(plan.tenant_id.as_str()));
    page.prose(0, style::PLAIN, &format!("{what} tenant {name} ({id})"));
    page.line(2, &[(style::FAINT, &format!("read at {}", plan.created_at))]);
    if options.verbose {
        for (word, value) in [
            ("cloud", plan.cloud.as_str()),
            ("made by rolewright", plan.tool_version.as_str()),
            ("may be applied until", plan.expires_at.to_string().as_str()),
            ("manifests", plan.manifests_digest.as_str()),
            ("plan", plan.digest.as_str()),
        ] {
            page.line(2, &[(style::FAINT, &format!("{word} {}", terminal(value)))]);
        }
    }
}

fn block(page: &mut Page, plan: &Plan, edges: &Edges<'_>, change: &Change, options: &Options) {
    let wording = options.wording;
    page.blank();
    let title = format!("{} {}", style::symbol(change.action), style::action(wording, change.action));
    page.line(
        0,
        &[(style::of_action(change.action), &title), (style::HEADING, &format!(" {}", terminal(&change.address)))],
    );
    if let Some(place) = &change.place {
        page.prose(4, style::PLAIN, &format!("at {}", terminal(place)));
    }
    if change.onboards {
        page.prose(4, style::HEADING, ONBOARDS);
    }
    page.prose(4, style::PLAIN, &terminal(&cause(change)));
    let risk = match (change.risk, wording) {
        (Risk::None, _) => String::new(),
        (risk, Wording::Drift) => format!("; risk of applying it: {}", risk.as_str()),
        (risk, _) => format!("; {} risk", risk.as_str()),
    };
    let direction = format!("{}{risk}", style::direction(wording, change.direction));
    page.prose(4, style::of_risk(change.risk), &direction);
    if options.verbose || change.risk >= Risk::High {
        for reason in &change.reasons {
            page.prose(6, style::PLAIN, &format!("because {}", terminal(reason)));
        }
    }
    if matches!(change.subject, Subject::Settings { assumed: true, .. }) {
        let text = "there are no settings to compare with yet: the service's defaults are assumed and read again first";
        page.prose(4, style::PLAIN, text);
    }
    for field in &change.fields {
        field_lines(page, change, field, options);
    }
    if options.verbose {
        request(page, change);
        for (part, address, reason) in waits(plan, edges, change) {
            page.prose(4, style::PLAIN, &format!("{part}waits for {}: {}", terminal(&address), terminal(&reason)));
        }
    }
}

fn field_lines(page: &mut Page, change: &Change, field: &FieldChange, options: &Options) {
    let wording = options.wording;
    let is_telling =
        field.direction != Direction::Neutral && (change.fields.len() > 1 || field.direction != change.direction);
    let path = match is_telling {
        true => format!("{} ({})", terminal(&field.path), style::field_direction(wording, field.direction)),
        false => terminal(&field.path).into_owned(),
    };
    match shown(field) {
        Shown::Scalars(before, after) => {
            let line = transition(change.action, wording, before.as_deref(), after.as_deref());
            let line = format!("{path}: {}", terminal(&line));
            if page.fits(4, &line) || before.is_none() || after.is_none() {
                return page.prose(4, style::PLAIN, &line);
            }
            page.line(4, &[(style::PLAIN, &format!("{path}:"))]);
            let words = if wording == Wording::Drift { ["is", "declared"] } else { ["before", "after"] };
            for (word, value) in words.into_iter().zip([before, after]) {
                page.prose(6, style::PLAIN, &format!("{word} {}", terminal(&value.unwrap_or_default())));
            }
        }
        Shown::Members(members) => {
            page.line(4, &[(style::PLAIN, &format!("{path}:"))]);
            let mut folded: BTreeMap<&str, usize> = BTreeMap::new();
            let (mut kept, mut removed) = (0, 0);
            for (mark, text) in &members {
                let (count, most, words) = match mark {
                    Mark::Kept => (&mut kept, FOLD_KEPT, "that stay the same"),
                    Mark::Removed if field.after.is_null() => (&mut removed, FOLD_REMOVED, "that go with it"),
                    _ => (&mut 0, usize::MAX, ""),
                };
                *count += 1;
                match *count > most && !options.verbose {
                    true => *folded.entry(words).or_default() += 1,
                    false => item(page, wording, *mark, text),
                }
            }
            for (words, count) in folded {
                page.line(6, &[(style::FAINT, &format!("and {count} more {words} (-v shows all)"))]);
            }
        }
        Shown::Lines(lines) => {
            page.line(4, &[(style::PLAIN, &format!("{path}, by line:"))]);
            for (skipped, mark, text) in &lines {
                if *skipped > 0 {
                    let words = format!("({} left out)", plural(*skipped, "unchanged line"));
                    page.line(6, &[(style::FAINT, &words)]);
                }
                item(page, wording, *mark, text);
            }
        }
    }
}

fn item(page: &mut Page, wording: Wording, mark: Mark, text: &str) {
    let word = style::mark(wording, mark);
    page.line(6, &[(style::of_mark(mark), word), (style::PLAIN, &format!(" {}", terminal(text)))]);
}

/// Says what the request of an assignment will carry.
fn request(page: &mut Page, change: &Change) {
    let Subject::Assignment { justification, ticket, .. } = &change.subject else { return };
    if let Some(text) = justification {
        page.prose(4, style::PLAIN, &format!("justification: {}", terminal(text)));
    }
    if let Some(ticket) = ticket {
        let system = ticket.system.as_deref().map_or(String::new(), |system| format!(" in {}", terminal(system)));
        page.prose(4, style::PLAIN, &format!("ticket: {}{system}", terminal(&ticket.number)));
    }
}

fn notices(page: &mut Page, plan: &Plan, options: &Options) {
    if plan.notices.is_empty() {
        return;
    }
    page.heading("Notices");
    let of = |severity| plan.notices.iter().filter(move |notice| notice.severity == severity);
    let plain = of(Severity::Notice).count();
    let is_folded = plain > FOLD && !options.verbose;
    let shown = of(Severity::Error).chain(of(Severity::Warning)).chain(of(Severity::Notice).filter(|_| !is_folded));
    shown.for_each(|notice| remark(page, notice));
    if is_folded {
        let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
        of(Severity::Notice).for_each(|notice| *codes.entry(&notice.code).or_default() += 1);
        let list: Vec<String> = codes.into_iter().map(|(code, count)| format!("{count} {}", terminal(code))).collect();
        page.prose(0, style::PLAIN, &format!("and {plain} notices: {} (-v shows them)", list.join(", ")));
    }
}

fn remark(page: &mut Page, notice: &Notice) {
    let title = format!("{}[{}]", notice.severity.as_str(), terminal(&notice.code));
    let mut text = terminal(&notice.message).into_owned();
    if let Some(at) = &notice.source {
        text.push_str(&format!(" (at {}:{})", terminal(&at.file), at.line));
    }
    match &notice.address {
        Some(address) => {
            let address = format!(" {}", terminal(address));
            page.line(0, &[(style::of_severity(notice.severity), &title), (style::PLAIN, &address)]);
            // a message may begin like a command of a build log
            match text.starts_with("::") {
                true => page.prose(4, style::PLAIN, &format!("it says {text}")),
                false => page.prose(4, style::PLAIN, &text),
            }
        }
        None => page.prose(0, style::PLAIN, &format!("{title} {text}")),
    }
}

fn unmanaged(page: &mut Page, plan: &Plan, options: &Options) {
    if plan.unmanaged.is_empty() {
        return;
    }
    page.heading("Unmanaged");
    let count = plan.unmanaged.len();
    let words = if count == 1 { "object is there, undeclared, and" } else { "objects are there, undeclared, and" };
    let left = if count == 1 { "is left alone" } else { "are left alone" };
    if count > FOLD && !options.verbose {
        let mut families: BTreeMap<&str, usize> = BTreeMap::new();
        plan.unmanaged.iter().for_each(|one| *families.entry(family(&one.address)).or_default() += 1);
        page.prose(0, style::PLAIN, &format!("{count} {words} {left} (-v lists them):"));
        for (family, count) in families {
            page.line(2, &[(style::PLAIN, &format!("{count} {}", terminal(family)))]);
        }
        return;
    }
    page.prose(0, style::PLAIN, &format!("{count} {words} {left}:"));
    for one in &plan.unmanaged {
        page.line(2, &[(style::PLAIN, &format!("? {}", terminal(&one.address)))]);
        page.prose(6, style::FAINT, &format!("is there: {}", terminal(&one.detail)));
        page.prose(6, style::FAINT, &format!("left alone: {}", terminal(&one.why)));
    }
}

fn unreadable(page: &mut Page, plan: &Plan) {
    if plan.unreadable.is_empty() {
        return;
    }
    page.heading("Not read");
    for gap in &plan.unreadable {
        let what = format!("{} of {}: {}", terminal(&gap.what()), style::surface(gap.surface), terminal(&gap.why));
        match matters(gap.part) {
            true => page.prose(0, style::BAD, &format!("incomplete: {what}")),
            false => page.prose(0, style::PLAIN, &format!("for advice only: {what}")),
        }
    }
    if !plan.complete {
        page.prose(0, style::PLAIN, "What depends on these parts is not compared, and nothing is removed there.");
    }
}

fn verdicts(page: &mut Page, plan: &Plan) {
    if plan.verdicts.is_empty() {
        return;
    }
    page.heading("Guards");
    for verdict in &plan.verdicts {
        let place = verdict.source.as_ref().map(|at| format!(" ({}:{})", terminal(&at.file), at.line));
        let place = place.unwrap_or_default();
        let what = format!("{}: {}{place}", terminal(&verdict.guard), terminal(&verdict.message));
        let flag = verdict.overridden_by.as_deref().map(terminal);
        match (plan.overrides(verdict), flag) {
            (true, Some(flag)) => page.prose(0, style::PLAIN, &format!("allowed by {flag}: {what}")),
            (_, Some(flag)) => {
                page.prose(0, style::BAD, &format!("refused by {what}"));
                page.prose(4, style::PLAIN, &format!("{flag} overrides this"));
            }
            (_, None) => {
                page.prose(0, style::BAD, &format!("refused by {what}"));
                page.prose(4, style::PLAIN, "nothing overrides this");
            }
        }
    }
}

#[cfg(test)]
mod tests;
