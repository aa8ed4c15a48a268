//! Who gains and who loses, by holder; the riskiest first, with the reasons.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::core::assignment::{Mode, Provenance};
use crate::core::change::{Action, Change, Risk, Subject};
use crate::core::direction::Direction;
use crate::core::risk::rank;
use crate::render::escape::{markdown as plain, markdown_code as code};
use crate::render::plan::line::{self, cut};
use crate::render::plan::markdown::bold;
use crate::render::plan::markdown::setting;
use crate::render::plan::markdown::sheet::{Frame, Sheet};
use crate::render::plan::name::Conversions;
use crate::render::plan::value::{Shown, shown};
use crate::render::plan::{Options, name, transition};
use crate::render::style;

/// More reasons than this are in the details.
const MOST_REASONS: usize = 6;

/// Writes both sections.
pub(super) fn write(sheet: &mut Sheet, changes: &[&Change], conversions: &Conversions<'_>, options: &Options) {
    let sections = match options.is_drift() {
        false => [("Who gains access", Direction::Widens), ("Who loses access", Direction::Narrows)],
        true => [("More access than declared", Direction::Narrows), ("Less access than declared", Direction::Widens)],
    };
    for (title, direction) in sections {
        let held = changes.iter().copied().filter(|change| is_assignment(change) && change.direction == direction);
        let lines = by_holder(held, options);
        sheet.section(
            &Frame::list(title),
            lines,
            |line| Some(line.change.risk),
            |line| line.show(conversions, options),
        );
    }
}

/// Tells whether a change is about what somebody holds.
pub(super) fn is_assignment(change: &Change) -> bool {
    matches!(change.subject, Subject::Assignment { .. })
}

/// One change of what somebody holds; the first of each holder carries the name.
struct Line<'a> {
    change: &'a Change,
    holder: Option<String>,
}

impl Line<'_> {
    fn show(self, conversions: &Conversions<'_>, options: &Options) -> String {
        let holder = self.holder.map_or(String::new(), |holder| format!("- {}\n", bold(&cut(&holder))));
        holder + &indent(&entry(self.change, conversions, options))
    }
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

fn by_holder<'a>(changes: impl Iterator<Item = &'a Change>, options: &Options) -> Vec<Line<'a>> {
    let mut holders: BTreeMap<String, Vec<&Change>> = BTreeMap::new();
    for change in changes {
        let holder = name::assignment(change).map_or_else(|| change.address.clone(), |named| named.holder);
        holders.entry(holder).or_default().push(change);
    }
    let weight = |change: &Change| match options.is_drift() {
        false => (change.risk, 0),
        true => (Risk::None, standing(change)),
    };
    let mut holders: Vec<(String, Vec<&Change>)> = holders.into_iter().collect();
    for (_, held) in &mut holders {
        held.sort_by_key(|change| Reverse(weight(change)));
    }
    holders.sort_by_key(|(_, held)| Reverse(held.iter().map(|change| weight(change)).max()));
    let lines = holders.into_iter().flat_map(|(holder, held)| {
        held.into_iter().enumerate().map(move |(at, change)| Line { change, holder: (at == 0).then(|| holder.clone()) })
    });
    lines.collect()
}

/// Returns how much deserves attention what is there and should not be, or the other way round, as a number for sorting: by the tier
/// of a built-in role, then what is active before what is eligible, made outside PIM before made in it, and permanent before what ends.
fn standing(change: &Change) -> u8 {
    let Subject::Assignment { key, before, .. } = &change.subject else { return 0 };
    let tier = match rank::tier_of(&key.target) {
        Some(0) => 3,
        Some(1) => 2,
        // nobody knows what a role in Azure, a custom role or a group leads to
        None => 1,
        Some(_) => 0,
    };
    let is_outside = before.as_ref().is_some_and(|live| !matches!(live.provenance, Provenance::Pim { .. }));
    let is_permanent = before.as_ref().is_some_and(|live| live.window.end.is_none());
    tier * 8 + 4 * u8::from(key.mode == Mode::Active) + 2 * u8::from(is_outside) + u8::from(is_permanent)
}

/// Returns the entry of a change below its holder, with its reasons.
fn entry(change: &Change, conversions: &Conversions<'_>, options: &Options) -> String {
    let mut text = format!("- {}", sentence(change, options));
    if let Some(said) = conversions.said(change).filter(|_| !options.is_drift()) {
        text.push_str(&format!("; {}", plain(&said)));
    }
    text.push('\n');
    if !options.is_drift() && change.risk >= Risk::Medium {
        for reason in change.reasons.iter().take(MOST_REASONS) {
            text.push_str(&format!("  - because {}\n", plain(&line::cut_long(reason))));
        }
        if change.reasons.len() > MOST_REASONS {
            text.push_str(&format!("  - and {} more reasons\n", change.reasons.len() - MOST_REASONS));
        }
    }
    text
}

/// Returns what becomes of a holder: `**high risk:** becomes eligible as **Owner** at …, for P30D (a.yaml:3)`.
fn sentence(change: &Change, options: &Options) -> String {
    let Subject::Assignment { key, .. } = &change.subject else { return String::new() };
    let mut text = String::new();
    if !options.is_drift() && change.risk > Risk::None {
        text.push_str(&format!("**{} risk:** ", change.risk.as_str()));
    }
    text.push_str(style::holding(options.wording, change.action, key.mode));
    if let Some(named) = name::assignment(change) {
        text.push_str(&format!(" {} {}", bold(&cut(&named.role)), plain(&cut(&named.place))));
    }
    let mut text = text.trim_end().to_owned();
    for field in &change.fields {
        let said = match shown(field) {
            Shown::Scalars(before, after) if field.path == "schedule" => {
                let (before, after) = (before.as_deref().map(cut), after.as_deref().map(cut));
                match (&before, &after, options.is_drift()) {
                    (Some(before), Some(after), false) => plain(&format!("{after} instead of {before}")),
                    _ => {
                        let text = transition(change.action, options.wording, before.as_deref(), after.as_deref());
                        // the sentence has said `is`
                        plain(text.strip_prefix("is ").unwrap_or(&text))
                    }
                }
            }
            _ => setting::field(change, field, options),
        };
        text.push_str(&format!(", {said}"));
    }
    text + &at(change)
}

/// Returns the manifest line behind a change.
pub(super) fn at(change: &Change) -> String {
    let Some(at) = &change.source else { return String::new() };
    let place = code(&cut(&format!("{}:{}", at.file, at.line)));
    match change.action {
        Action::Remove => format!(" (undeclared, and owned by {place})"),
        Action::Adopt => format!(" ({place}, found by its name)"),
        _ => format!(" ({place})"),
    }
}

/// Returns any change on one line, for a fold.
pub(super) fn short(change: &Change, options: &Options) -> String {
    match name::assignment(change) {
        Some(named) => format!("- {} {}\n", bold(&cut(&named.holder)), sentence(change, options)),
        None => format!("- {}{}\n", setting::title(&[change], options), at(change)),
    }
}
