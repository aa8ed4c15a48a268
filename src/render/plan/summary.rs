//! What a plan comes to, in sentences: whether it is refused or incomplete, how many changes go which way, the counts, and what
//! to do next.

use crate::core::change::{Action, Change, Risk, Since};
use crate::core::diagnostic::Severity;
use crate::core::direction::Direction;
use crate::core::plan::Plan;
use crate::core::tenant_change;
use crate::render::page::plural;
use crate::render::plan::Options;
use crate::render::plan::line::cut;
use crate::render::style::{self, Wording};

/// Returns the counts, e.g. `Plan: 3 to create, 2 to remove; 4 unmanaged.`
pub fn counts(plan: &Plan, wording: Wording) -> String {
    let number = |action| plan.changes.iter().filter(|change| change.action == action).count();
    let is_drift = wording == Wording::Drift;
    // actions that are counted under the same words are neighbours
    let mut numbers: Vec<(&str, usize)> = Vec::new();
    for action in Action::ALL.into_iter().filter(|action| number(*action) > 0) {
        let words = style::counted(wording, action);
        match numbers.last_mut().filter(|(last, _)| *last == words) {
            Some((_, count)) => *count += number(action),
            None if is_drift && action == Action::Extend => {}
            None => numbers.push((words, number(action))),
        }
    }
    let parts: Vec<String> = numbers.into_iter().map(|(words, count)| format!("{count} {words}")).collect();
    let mut text = match (parts.is_empty(), plan.complete, is_drift) {
        (false, true, true) => format!("Drift: {}", parts.join(", ")),
        (false, true, false) => format!("Plan: {}", parts.join(", ")),
        (false, false, true) => format!("Drift (incomplete): {}", parts.join(", ")),
        (false, false, false) => format!("Plan (incomplete): {}", parts.join(", ")),
        (true, true, true) if plan.left_out() > 0 => "No drift that can be mended now".to_owned(),
        (true, true, false) if plan.left_out() > 0 => "No changes that can be made now".to_owned(),
        (true, true, true) => "No drift. The tenant matches the manifests".to_owned(),
        (true, true, false) => "No changes. The tenant matches the manifests".to_owned(),
        (true, false, true) => "No drift found, but the tenant could not be read in full".to_owned(),
        (true, false, false) => "No changes found, but the tenant could not be read in full".to_owned(),
    };
    if is_drift && number(Action::Extend) > 0 {
        text.push_str(&format!("; {} due, not drift", plural(number(Action::Extend), "extension")));
    }
    if plan.left_out() > 0 {
        text.push_str(&format!("; {} left out until an activation ends", plan.left_out()));
    }
    if !plan.unmanaged.is_empty() {
        text.push_str(&format!("; {} unmanaged", plan.unmanaged.len()));
    }
    text.push('.');
    text
}

/// Tells whether the base asks for a change already.
pub(super) fn is_pending(change: &Change) -> bool {
    change.since == Some(Since::Pending)
}

/// Returns how many changes go which way, and the highest risk; where the plan was compared with that of a base, which of them
/// it had already. Nothing when there are no changes or for `drift`.
pub(super) fn access(plan: &Plan, options: &Options) -> Option<String> {
    if plan.changes.is_empty() || options.is_drift() {
        return None;
    }
    let all = plan.changes.len();
    if plan.changes.iter().all(|change| change.since.is_none()) {
        return Some(format!("{}: {}.", plural(all, "change"), ways(&plan.changes.iter().collect::<Vec<_>>())));
    }
    let (pending, fresh): (Vec<&Change>, Vec<&Change>) = plan.changes.iter().partition(|change| is_pending(change));
    let before = format!("already pending before it: {} ({})", pending.len(), ways(&pending));
    Some(match (fresh.is_empty(), pending.is_empty()) {
        (true, _) => {
            let verb = if all == 1 { "was" } else { "were" };
            format!(
                "This change brings nothing new: {} {verb} already pending before it ({}).",
                plural(all, "change"),
                ways(&pending)
            )
        }
        (_, true) => format!("From this change: {} ({}); nothing was pending before it.", fresh.len(), ways(&fresh)),
        _ => format!("From this change: {} ({}); {before}.", fresh.len(), ways(&fresh)),
    })
}

fn ways(changes: &[&Change]) -> String {
    let number = |direction| changes.iter().filter(|change| change.direction == direction).count();
    let verb = |count, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    format!(
        "{} access, {} it, {} neutral; highest risk: {}",
        verb(number(Direction::Widens), "widens", "widen"),
        verb(number(Direction::Narrows), "narrows", "narrow"),
        number(Direction::Neutral),
        changes.iter().map(|change| change.risk).max().unwrap_or(Risk::None).as_str()
    )
}

/// Returns numbers of changes by risk, the highest first: `1 high, 11 low risk`; nothing where none has any.
pub(super) fn risks(all: &[Risk]) -> String {
    let words = [Risk::Critical, Risk::High, Risk::Medium, Risk::Low].into_iter().filter_map(|risk| {
        let count = all.iter().filter(|one| **one == risk).count();
        (count > 0).then(|| format!("{count} {}", risk.as_str()))
    });
    let words: Vec<String> = words.collect();
    if words.is_empty() { String::new() } else { format!("{} risk", words.join(", ")) }
}

/// Returns what stands in the way of applying, one sentence each: refusals by name, and an incomplete read. `drift` is
/// refused nothing.
pub(super) fn obstacles(plan: &Plan, options: &Options) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut guards: Vec<&str> = options.refusals(plan).iter().map(|verdict| verdict.guard.as_str()).collect();
    guards.dedup();
    if !guards.is_empty() {
        let more = guards.len().saturating_sub(MOST_NAMED);
        guards.truncate(MOST_NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        sentences.push(format!("Refused by {}{more}: nothing can be applied.", guards.join(", ")));
    }
    match (plan.complete, plan.is_allowed("--allow-incomplete")) {
        (true, _) => {}
        (false, false) => sentences.push("Incomplete: not everything could be read.".to_owned()),
        (false, true) => sentences.push("Incomplete, as allowed: not everything could be read.".to_owned()),
    }
    sentences
}

/// More names than this are counted.
const MOST_NAMED: usize = 5;

/// Returns what else whoever applies must know, one sentence each: that the change under review alters what judges it, overrides
/// that were given, and that it is part of a plan.
pub(super) fn terms(plan: &Plan, options: &Options) -> Vec<String> {
    let mut sentences = Vec::new();
    let altered: Vec<String> = (plan.notices.iter())
        .filter(|notice| notice.code == tenant_change::CODE && notice.severity != Severity::Notice)
        .map(|notice| cut(notice.message.split_once(": ").map_or(notice.message.as_str(), |(_, what)| what)))
        .collect();
    if !altered.is_empty() {
        let more = altered.len().saturating_sub(MOST_NAMED);
        let named = altered[..altered.len() - more].join("; ");
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        sentences.push(format!("This change alters what judges it: {named}{more}."));
    }
    if !plan.overrides.is_empty() && !options.is_drift() {
        let more = plan.overrides.len().saturating_sub(MOST_NAMED);
        let named = plan.overrides[..plan.overrides.len() - more].join(" ");
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        sentences.push(format!("Safety overridden with {named}{more}."));
    }
    if !plan.targets.is_empty() {
        let what = if plan.targets.len() == 1 { "1 target" } else { &format!("{} targets", plan.targets.len()) };
        sentences.push(format!("In part: limited to {what} and what they require."));
    }
    sentences
}

/// Returns what to do next, one sentence or two; nothing when there is nothing to do.
pub(super) fn next(plan: &Plan, options: &Options) -> Option<String> {
    let refusals = options.refusals(plan);
    if !refusals.is_empty() {
        let flags: Vec<&str> = refusals.iter().filter_map(|verdict| verdict.overridden_by.as_deref()).collect();
        let mut text = "Next: change the manifests so that no guard refuses.".to_owned();
        if flags.len() == refusals.len() {
            let mut distinct = flags;
            distinct.dedup();
            text.push_str(&format!(" If this is really wanted, add {}.", distinct.join(" and ")));
        }
        return Some(text);
    }
    if !plan.complete && !plan.is_allowed("--allow-incomplete") {
        return Some(
            "Next: give this identity what it needs to read everything and run again; `--allow-incomplete` goes on \
             with what could be read."
                .to_owned(),
        );
    }
    match (options.wording, plan.drift().next().is_some(), plan.is_empty()) {
        (_, _, true) | (Wording::Apply, ..) => None,
        (Wording::Plan, ..) => Some(match &options.saved {
            Some(file) => format!(
                "Next: review the changes, then apply exactly this plan: rolewright apply --plan {} --digest {}",
                quoted(file),
                plan.digest
            ),
            None => "Next: review the changes, then run `rolewright apply`.".to_owned(),
        }),
        (Wording::Drift, true, _) => Some(
            "Next: run `rolewright plan` and `rolewright apply` to bring the tenant back, or change the manifests to \
             what is there."
                .to_owned(),
        ),
        (Wording::Drift, false, _) => Some("Next: run `rolewright apply` to extend what is due.".to_owned()),
    }
}

/// Returns the name of a file as a shell takes it for one word.
fn quoted(file: &str) -> String {
    // what parts folders on one system is an escape on the others
    let is_plain =
        |letter: char| letter.is_ascii_alphanumeric() || "/:._-".contains(letter) || cfg!(windows) && letter == '\\';
    match !file.is_empty() && file.chars().all(is_plain) {
        true => file.to_owned(),
        false => format!("'{}'", file.replace('\'', "'\\''")),
    }
}

/// Tells whether a plan, once saved, may be applied as it is.
pub(super) fn is_appliable(plan: &Plan, options: &Options) -> bool {
    let is_whole = plan.complete || plan.is_allowed("--allow-incomplete");
    options.wording == Wording::Plan && !plan.is_empty() && is_whole && options.refusals(plan).is_empty()
}
