//! One change in a few sentences, for forms that have room for no more: annotations and results of code scanning.

use crate::core::change::{Change, FieldChange, Risk};
use crate::core::guard::Verdict;
use crate::core::origin::Origin;
use crate::render::plan::value::{Shown, shown};
use crate::render::plan::{ONBOARDS, Options, name, transition};
use crate::render::style::{self, Mark, Wording};

/// More fields or reasons than this are counted.
const MOST: usize = 8;
/// More members than this are counted.
const MOST_MEMBERS: usize = 6;
/// Longer foreign text is cut.
const LONGEST: usize = 200;

/// Returns a change as raw lines: what happens, then why it is risky, then what is behind it.
pub(super) fn said(change: &Change, options: &Options) -> Vec<String> {
    let mut first = sentence(change, options);
    if options.wording != Wording::Drift && change.risk > Risk::None {
        first.push_str(&format!(" ({} risk)", change.risk.as_str()));
    }
    let mut lines = vec![first];
    if options.wording != Wording::Drift {
        lines.extend(change.reasons.iter().take(MOST).map(|reason| format!("because {}", cut(reason))));
    }
    if change.onboards {
        lines.push(ONBOARDS.to_owned());
    }
    if name::assignment(change).is_none() {
        lines.extend(change.fields.iter().take(MOST).map(|one| field(change, one, options)));
        if change.fields.len() > MOST {
            lines.push(format!("and {} more fields", change.fields.len() - MOST));
        }
    }
    lines
}

/// Returns what happens, as one raw sentence without a full stop.
pub(super) fn sentence(change: &Change, options: &Options) -> String {
    match (name::assignment(change), &change.subject) {
        (Some(named), crate::core::change::Subject::Assignment { key, .. }) => {
            let verb = style::holding(options.wording, change.action, key.mode);
            let fields: Vec<String> = change.fields.iter().map(|one| brief(change, one, options)).collect();
            let what = format!("{} {verb} {} {}", cut(&named.holder), cut(&named.role), cut(&named.place));
            format!("{}: {}", what.trim_end(), fields.join("; "))
        }
        _ => format!("{} {}", style::action(options.wording, change.action), cut(&name::object(change))),
    }
}

/// Returns the schedule alone without its name, which goes without saying behind a holder.
fn brief(change: &Change, one: &FieldChange, options: &Options) -> String {
    let text = field(change, one, options);
    text.strip_prefix("schedule: ").map(str::to_owned).unwrap_or(text)
}

/// Returns a field change as raw text on one line: `activation.maxDuration: PT8H -> PT4H`, `approvers: gains a; loses b`.
pub(super) fn field(change: &Change, field: &FieldChange, options: &Options) -> String {
    let value = match shown(field) {
        Shown::Scalars(before, after) => transition(
            change.action,
            options.wording,
            before.as_deref().map(cut).as_deref(),
            after.as_deref().map(cut).as_deref(),
        ),
        Shown::Members(members) => {
            let [gains, loses] = style::swapped(options.wording);
            let named = |mark: Mark, word: &str| {
                let all: Vec<&String> = members.iter().filter(|(m, _)| *m == mark).map(|(_, text)| text).collect();
                let mut text = all.iter().take(MOST_MEMBERS).map(|text| cut(text)).collect::<Vec<_>>().join(", ");
                if all.len() > MOST_MEMBERS {
                    text.push_str(&format!(" and {} more", all.len() - MOST_MEMBERS));
                }
                (!all.is_empty()).then(|| format!("{word} {text}"))
            };
            let parts: Vec<String> =
                [named(Mark::Added, gains), named(Mark::Removed, loses)].into_iter().flatten().collect();
            if parts.is_empty() { "the same members".to_owned() } else { parts.join("; ") }
        }
        Shown::Lines(_) => "text changed".to_owned(),
    };
    format!("{}: {value}", cut(&field.path))
}

/// Cuts foreign text to a bearable length.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// Cuts a reason, which may hold a chain of several names, to a bearable length.
pub(super) fn cut_long(text: &str) -> String {
    match text.char_indices().nth(3 * LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// Returns the manifest line that a refusal is about, where it is about one.
pub(super) fn source_of(verdict: &Verdict) -> Option<&Origin> {
    verdict.source.as_ref()
}

/// Returns the address that a refusal is about, where it is about one.
pub(super) fn address_of(verdict: &Verdict) -> Option<&str> {
    verdict.address.as_deref()
}
