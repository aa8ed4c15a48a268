//! A plan for the terminal: a block for each change, then what is worth knowing, then the counts.
//!
//! Reads well at 80 columns, without colour and aloud: one fact a line, no tables, words beside every sign. What stands in the way
//! is said at the top and again at the end, since some begin to read there.

mod field;
mod rest;
#[cfg(test)]
mod tests;

use crate::core::change::{Action, Change, Risk, Subject};
use crate::core::order::Edges;
use crate::core::plan::Plan;
use crate::core::target::Surface;
use crate::render::escape::terminal;
use crate::render::page::Page;
use crate::render::plan::{
    ONBOARDS, Options, access, cause, counts, is_pending, name::Conversions, next, obstacles, terms, waits,
};
use crate::render::style::{self, Wording};

/// With more changes than this the summary stands at the top too.
const SHORT: usize = 8;

/// Returns the plan as text; the counts are its last line.
pub fn text(plan: &Plan, options: &Options) -> String {
    let mut page = Page::new(options.width, options.color);
    head(&mut page, plan, options);
    let around = Around { edges: Edges::new(&plan.changes), conversions: Conversions::of(plan) };
    let is_due = |change: &&Change| options.is_drift() && change.action == Action::Extend;
    for surface in Surface::ALL {
        let changes = || plan.changes.iter().filter(|c| c.surface == surface && !is_due(c) && !is_pending(c));
        if changes().next().is_some() {
            page.heading(style::surface(surface));
        }
        changes().for_each(|change| block(&mut page, plan, &around, change, options));
    }
    if plan.changes.iter().any(|change| is_due(&change)) {
        page.heading("Due, not drift");
        plan.changes.iter().filter(is_due).for_each(|change| block(&mut page, plan, &around, change, options));
    }
    if plan.changes.iter().any(is_pending) {
        page.heading("Already pending before this change");
        let changes = plan.changes.iter().filter(|change| is_pending(change));
        changes.for_each(|change| pending(&mut page, plan, &around, change, options));
    }
    rest::notices(&mut page, plan, options);
    rest::unmanaged(&mut page, plan, options);
    rest::unreadable(&mut page, plan);
    rest::verdicts(&mut page, plan);
    page.blank();
    for sentence in obstacles(plan, options) {
        page.prose(0, style::BAD, &terminal(&sentence));
    }
    for sentence in terms(plan, options) {
        page.prose(0, style::HEADING, &terminal(&sentence));
    }
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
    if !plan.guardrails.is_empty() {
        let folders: Vec<&str> = plan.guardrails.iter().map(|judge| judge.path.as_str()).collect();
        page.prose(2, style::FAINT, &format!("judged by the guardrails in {}", terminal(&folders.join(", "))));
    }
    for sentence in obstacles(plan, options) {
        page.prose(2, style::BAD, &terminal(&sentence));
    }
    for sentence in terms(plan, options) {
        page.prose(2, style::HEADING, &terminal(&sentence));
    }
    if let Some(sentence) = access(plan, options).filter(|_| plan.changes.len() > SHORT) {
        page.prose(2, style::PLAIN, &sentence);
    }
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

/// What the changes of a plan are to each other.
struct Around<'a> {
    edges: Edges<'a>,
    conversions: Conversions<'a>,
}

/// Writes a change that the base asks for already: whole when all is asked for, otherwise what a reviewer must not overlook.
fn pending(page: &mut Page, plan: &Plan, around: &Around<'_>, change: &Change, options: &Options) {
    if options.verbose {
        return block(page, plan, around, change, options);
    }
    title(page, change, options);
    if change.risk >= Risk::High {
        page.prose(4, style::of_risk(change.risk), &judged(change, options));
    }
}

fn title(page: &mut Page, change: &Change, options: &Options) {
    let title = format!("{} {}", style::symbol(change.action), style::action(options.wording, change.action));
    let address = format!(" {}", terminal(&change.address));
    page.line(0, &[(style::of_action(change.action), &title), (style::HEADING, &address)]);
}

/// Returns the direction and the risk.
fn judged(change: &Change, options: &Options) -> String {
    let risk = match (change.risk, options.wording) {
        (Risk::None, _) => String::new(),
        (risk, Wording::Drift) => format!("; risk of applying it: {}", risk.as_str()),
        (risk, _) => format!("; {} risk", risk.as_str()),
    };
    format!("{}{risk}", style::direction(options.wording, change.direction))
}

fn block(page: &mut Page, plan: &Plan, around: &Around<'_>, change: &Change, options: &Options) {
    page.blank();
    title(page, change, options);
    if let Some(place) = &change.place {
        page.prose(4, style::PLAIN, &format!("at {}", terminal(place)));
    }
    if change.onboards {
        page.prose(4, style::HEADING, ONBOARDS);
    }
    page.prose(4, style::PLAIN, &terminal(&cause(change)));
    page.prose(4, style::of_risk(change.risk), &judged(change, options));
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
        field::field_lines(page, change, field, options);
    }
    if let Some(said) = around.conversions.said(change).filter(|_| !options.is_drift()) {
        page.prose(4, style::PLAIN, &terminal(&said));
    }
    if options.verbose {
        request(page, change);
        for (part, address, reason) in waits(plan, &around.edges, change) {
            page.prose(4, style::PLAIN, &format!("{part}waits for {}: {}", terminal(&address), terminal(&reason)));
        }
    }
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
