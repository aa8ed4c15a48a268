//! What is worth knowing beside the changes: remarks, what is left alone, what could not be read, refusals.

use std::collections::BTreeMap;

use crate::core::diagnostic::Severity;
use crate::core::notice::Notice;
use crate::core::plan::Plan;
use crate::render::escape::terminal;
use crate::render::page::Page;
use crate::render::plan::line::{address_of, source_of};
use crate::render::plan::{Options, family, matters};
use crate::render::style;

/// More unmanaged objects or notices than this are folded to counts unless they are asked for.
const FOLD: usize = 20;

/// Writes the remarks.
pub(super) fn notices(page: &mut Page, plan: &Plan, options: &Options) {
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

/// Writes what is left alone.
pub(super) fn unmanaged(page: &mut Page, plan: &Plan, options: &Options) {
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
        page.line(2, &[(style::PLAIN, &terminal(&one.address))]);
        page.prose(6, style::FAINT, &format!("is there: {}", terminal(&one.detail)));
        page.prose(6, style::FAINT, &format!("left alone: {}", terminal(&one.why)));
    }
}

/// Writes what could not be read.
pub(super) fn unreadable(page: &mut Page, plan: &Plan) {
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

/// Writes the refusals.
pub(super) fn verdicts(page: &mut Page, plan: &Plan) {
    if plan.verdicts.is_empty() {
        return;
    }
    page.heading("Guards");
    for verdict in &plan.verdicts {
        let mut what = format!("{}: {}", terminal(&verdict.guard), terminal(&verdict.message));
        if let Some(address) = address_of(verdict) {
            what.push_str(&format!(" (about {})", terminal(address)));
        }
        if let Some(at) = source_of(verdict) {
            what.push_str(&format!(" (at {}:{})", terminal(&at.file), at.line));
        }
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
