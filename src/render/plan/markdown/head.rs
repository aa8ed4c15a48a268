//! The head of a plan: whether it may be applied, what it comes to, what refuses it, what could not be read.

use std::collections::BTreeSet;

use crate::core::plan::Plan;
use crate::render::escape::{markdown as plain, markdown_code as code};
use crate::render::plan::line::{address_of, cut, source_of};
use crate::render::plan::markdown::sheet::{Frame, Sheet};
use crate::render::plan::markdown::{bold, safe};
use crate::render::plan::{ONBOARDS, Options, access, counts, is_appliable, matters, name, next, obstacles, terms};
use crate::render::style;

/// Writes the head.
pub(super) fn write(sheet: &mut Sheet, plan: &Plan, file: &str, options: &Options) {
    let mut verdict: Vec<String> = obstacles(plan, options).iter().map(|sentence| with_code(sentence)).collect();
    match access(plan, options) {
        Some(sentence) => {
            verdict.push(sentence);
            sheet.push(&format!("**{}**\n\n{}\n\n", verdict.join(" "), counts(plan, options.wording)));
        }
        None => {
            verdict.push(counts(plan, options.wording));
            sheet.push(&format!("**{}**\n\n", verdict.join(" ")));
        }
    }
    for sentence in terms(plan, options) {
        sheet.push(&format!("**{}**\n\n", with_code(&sentence)));
    }
    if is_appliable(plan, options) {
        let digest = safe(&plan.digest);
        sheet.push(&format!(
            "Next: review the changes, then apply exactly them until {} (`{file}` is what `plan --out` wrote):\n\n\
             ```\nrolewright apply --plan {file} --digest {digest}\n```\n\n",
            plan.expires_at
        ));
    } else if let Some(sentence) = next(plan, options) {
        sheet.push(&format!("{}\n\n", with_code(&sentence)));
    }
    guards(sheet, plan, options);
    sheet.section(
        &Frame::list("Not read"),
        &plan.unreadable,
        |_| None,
        |gap| {
            let weight = if matters(gap.part) { "" } else { " (for advice only)" };
            let (what, surface) = (gap.what(), style::surface(gap.surface));
            format!("- {} of {surface}{weight}: {}\n", plain(&cut(&what)), with_code(&cut(&gap.why)))
        },
    );
    let groups: BTreeSet<String> = plan
        .changes
        .iter()
        .filter(|change| change.onboards)
        .map(|change| name::group_of(change).unwrap_or_else(|| change.address.clone()))
        .collect();
    if !groups.is_empty() && !options.is_drift() {
        let named: Vec<String> = groups.iter().take(20).map(|group| code(&cut(group))).collect();
        let more = groups.len().saturating_sub(20);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        sheet.push(&format!(
            "{}: {}{more}\n\n",
            bold(
                &format!("This {ONBOARDS}").replace("the group", if groups.len() == 1 { "a group" } else { "groups" })
            ),
            named.join(", ")
        ));
    }
}

fn guards(sheet: &mut Sheet, plan: &Plan, options: &Options) {
    if options.is_drift() {
        return;
    }
    sheet.section(
        &Frame::list("Guards"),
        &plan.verdicts,
        |_| None,
        |verdict| {
            let how = match (plan.overrides(verdict), verdict.overridden_by.as_deref()) {
                (true, Some(flag)) => format!("would refuse, but {} was given", code(flag)),
                (_, Some(flag)) => format!("refuses ({} overrides this)", code(flag)),
                (_, None) => "refuses (nothing overrides this)".to_owned(),
            };
            let about = address_of(verdict).map_or(String::new(), |address| format!(" {}:", code(&cut(address))));
            let at = source_of(verdict)
                .map_or(String::new(), |at| format!(" ({})", code(&cut(&format!("{}:{}", at.file, at.line)))));
            // what a policy says is no sentence of ours
            let said = match verdict.guard.starts_with("guardrail/") {
                true => plain(&cut(&verdict.message)),
                false => with_code(&cut(&verdict.message)),
            };
            format!("- {} {how}:{about} {said}{at}\n", bold(&cut(&verdict.guard)))
        },
    );
}

/// Escapes our own sentence; what stands between back-quotes is code, as are long flags.
pub(super) fn with_code(text: &str) -> String {
    let pieces = text.split('`').enumerate().map(|(at, piece)| match at % 2 {
        1 => code(piece),
        _ => {
            let words = piece.split(' ').map(|word| {
                let flag = word.trim_end_matches(['.', ',', ';', ':']);
                match flag.starts_with("--") && flag.len() > 2 {
                    true => code(flag) + &plain(&word[flag.len()..]),
                    false => plain(word),
                }
            });
            words.collect::<Vec<_>>().join(" ")
        }
    });
    pieces.collect()
}
