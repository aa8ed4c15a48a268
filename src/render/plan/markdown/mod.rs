//! A plan for a pull request: the verdict first, then who gains and who loses, then settings and roles by direction; details
//! folded. Never longer than a comment may be.

mod access;
mod detail;
mod head;
mod setting;
pub(super) mod sheet;
#[cfg(test)]
mod tests;

use crate::core::change::{Action, Change, Risk};
use crate::core::diagnostic::Severity;
use crate::core::direction::Direction;
use crate::core::notice::Notice;
use crate::core::order::Edges;
use crate::core::plan::Plan;
use crate::render::escape::{markdown as plain, markdown_code as code};
use crate::render::plan::line::cut;
use crate::render::plan::name::Conversions;
use crate::render::plan::{Options, is_appliable, is_pending};

use self::sheet::{Frame, Sheet};

/// The longest text, in bytes: GitHub takes 65,536 characters for a comment, and whoever posts it may put something around it.
pub(super) const LIMIT: usize = 60_000;

/// Returns the plan as GitHub-flavoured Markdown of at most 60,000 bytes. The first line is a marker by which a comment can be
/// found again and replaced.
pub fn markdown(plan: &Plan, options: &Options) -> String {
    let mut sheet = Sheet::new(LIMIT);
    let what = options.verb();
    sheet.push(&format!("<!-- rolewright:{what}:{} -->\n", safe(plan.tenant_id.as_str())));
    sheet.push(&format!("## rolewright {what} for {}\n\n", plain(&name(plan))));
    fill(&mut sheet, plan, "plan.json", options);
    sheet.finish()
}

/// Writes everything but the heading. `file` is what the plan is called where it was saved.
pub(super) fn fill(sheet: &mut Sheet, plan: &Plan, file: &str, options: &Options) {
    head::write(sheet, plan, file, options);
    let is_due = |change: &&Change| options.is_drift() && change.action == Action::Extend;
    let (due, rest): (Vec<&Change>, Vec<&Change>) = plan.changes.iter().partition(is_due);
    let (pending, fresh): (Vec<&Change>, Vec<&Change>) = rest.into_iter().partition(|change| is_pending(change));
    access::write(sheet, &fresh, &Conversions::of(plan), options);
    setting::write(sheet, &fresh, options);
    sheet.section(&Frame::list("Due, not drift"), due, |_| None, |change| access::short(change, options));
    let warnings = plan.notices.iter().filter(|notice| notice.severity != Severity::Notice);
    sheet.section(&Frame::list("Warnings"), warnings, |_| None, notice);
    if !pending.is_empty() {
        let title = format!("Already pending before this change ({})", pending.len());
        let pending = ranked(pending, options);
        sheet.section(&Frame::folded(&title), pending, |change| Some(change.risk), |one| access::short(one, options));
    }
    let edges = Edges::new(&plan.changes);
    let title = format!("Details of every change ({})", plan.changes.len());
    let all = ranked(plan.changes.iter().collect(), options);
    let details = |change: &Change| detail::one(plan, &edges, change, options);
    sheet.section(&Frame::folded(&title), all, |change| Some(change.risk), details);
    let remarks: Vec<&Notice> = plan.notices.iter().filter(|notice| notice.severity == Severity::Notice).collect();
    let title = format!("Notices ({})", remarks.len());
    sheet.section(&Frame::folded(&title), remarks, |_| None, notice);
    let title = format!("Unmanaged ({})", plan.unmanaged.len());
    sheet.section(
        &Frame::folded(&title),
        &plan.unmanaged,
        |_| None,
        |one| format!("- {}: {}; {}\n", code(&cut(&one.address)), plain(&cut(&one.detail)), plain(&cut(&one.why))),
    );
    let until = match is_appliable(plan, options) {
        true => format!(", may be applied until {}", plan.expires_at),
        false => String::new(),
    };
    let (at, digest) = (plan.created_at, safe(&plan.digest));
    let folders: Vec<String> = plan.guardrails.iter().take(5).map(|judge| code(&cut(&judge.path))).collect();
    let judges = match folders.is_empty() {
        true => String::new(),
        false => format!("; judged by the guardrails in {}", folders.join(", ")),
    };
    sheet.push_at_end(&format!("<sub>Read at {at}{until}; digest `{digest}`{judges}.</sub>\n"));
}

/// Sorts what deserves the most attention first: what widens, the riskiest before the others; for `drift` what is wider than
/// declared. Otherwise the order stays.
fn ranked<'a>(mut changes: Vec<&'a Change>, options: &Options) -> Vec<&'a Change> {
    changes.sort_by_key(|change| match (options.is_drift(), change.direction) {
        (false, direction) => (std::cmp::Reverse(change.risk), direction),
        (true, Direction::Narrows) => (std::cmp::Reverse(Risk::Critical), Direction::Narrows),
        (true, direction) => (std::cmp::Reverse(Risk::None), direction),
    });
    changes
}

/// Returns an id or digest as it may stand in a comment or between back-quotes: what else it holds is dropped.
pub(super) fn safe(id: &str) -> String {
    id.chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, ':' | '-'))
        .take(100)
        .collect::<String>()
        .replace("--", "-")
}

/// Returns the tenant's name, cut to what a heading bears.
pub(super) fn name(plan: &Plan) -> String {
    plan.tenant_name.chars().take(80).collect()
}

/// Returns bold text that shows `text` literally. Blanks at its ends would keep the stars from meaning anything.
fn bold(text: &str) -> String {
    match text.trim() {
        "" => String::new(),
        text => format!("**{}**", plain(text)),
    }
}

fn notice(notice: &Notice) -> String {
    let mut text = "- ".to_owned();
    if let Some(address) = &notice.address {
        text.push_str(&format!("{}: ", code(&cut(address))));
    }
    // what a policy says is no sentence of ours
    text.push_str(&match notice.code == "guardrail" {
        true => plain(&cut(&notice.message)),
        false => head::with_code(&cut(&notice.message)),
    });
    if let Some(at) = &notice.source {
        text.push_str(&format!(" ({})", code(&cut(&format!("{}:{}", at.file, at.line)))));
    }
    text.push('\n');
    text
}
