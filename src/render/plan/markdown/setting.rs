//! Settings and roles by direction; what changes in the same way is one entry.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::core::change::{Action, Change, FieldChange, Risk};
use crate::core::direction::Direction;
use crate::render::escape::{markdown as plain, markdown_code as code};
use crate::render::plan::line::cut;
use crate::render::plan::markdown::access::{at, is_assignment};
use crate::render::plan::markdown::bold;
use crate::render::plan::markdown::sheet::{Frame, Sheet};
use crate::render::plan::value::{Shown, shown};
use crate::render::plan::{Options, name};
use crate::render::style::{self, Mark, Wording};

/// More objects, fields or members of a list in one entry than this are counted.
const MOST: usize = 12;

/// Writes the sections: what widens access in full view, the others folded; for `drift` what is wider than declared in full view.
pub(super) fn write(sheet: &mut Sheet, changes: &[&Change], options: &Options) {
    let order = match options.is_drift() {
        false => [Direction::Widens, Direction::Narrows, Direction::Neutral],
        true => [Direction::Narrows, Direction::Widens, Direction::Neutral],
    };
    for (at, direction) in order.into_iter().enumerate() {
        let of_it: Vec<&Change> = changes
            .iter()
            .copied()
            .filter(|change| {
                change.direction == direction && (direction == Direction::Neutral || !is_assignment(change))
            })
            .collect();
        let title = match (options.is_drift(), direction) {
            (false, Direction::Widens) => "Settings and roles that widen access",
            (false, Direction::Narrows) => "Settings and roles that narrow access",
            (false, Direction::Neutral) => "Nobody gains or loses access",
            (true, Direction::Widens) => "Settings and roles narrower than declared",
            (true, Direction::Narrows) => "Settings and roles wider than declared",
            (true, Direction::Neutral) => "Neither wider nor narrower than declared",
        };
        let title = if at == 0 { title.to_owned() } else { format!("{title} ({})", of_it.len()) };
        let frame = if at == 0 { Frame::list(&title) } else { Frame::short_fold(&title) };
        let entries = alike(&of_it, options);
        sheet.section(
            &frame,
            entries,
            |(all, _)| all.iter().map(|change| change.risk).max(),
            |(all, body)| format!("- {}\n{body}", title_of(&all, options)),
        );
    }
}

/// The riskiest first, otherwise in the order of the plan.
type Rank = (Reverse<Risk>, usize);

/// Groups changes that say the same of different objects, the riskiest first, and returns each group with what it says.
fn alike<'a>(changes: &[&'a Change], options: &Options) -> Vec<(Vec<&'a Change>, String)> {
    let mut groups: BTreeMap<Rank, (Vec<&Change>, String)> = BTreeMap::new();
    let mut seen: BTreeMap<(String, &str), Rank> = BTreeMap::new();
    for (at, change) in changes.iter().enumerate() {
        let body = body(change, options);
        let fresh = (Reverse(change.risk), at);
        // the word is part of what is said
        let key = *seen.entry((body.clone(), change.action.as_str())).or_insert(fresh);
        groups.entry(key).or_insert_with(|| (Vec::new(), body)).0.push(change);
    }
    groups.into_values().collect()
}

/// Returns the heading of an entry without the manifest lines.
pub(super) fn title(changes: &[&Change], options: &Options) -> String {
    let Some(first) = changes.first() else { return String::new() };
    let named = changes.iter().take(MOST).map(|change| {
        let (name, place) = name::located(change);
        format!("{} {}", bold(&cut(&name)), plain(&cut(&place))).trim_end().to_owned()
    });
    let names: Vec<String> = named.collect();
    let more = changes.len().saturating_sub(MOST);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let risk = match (options.is_drift(), changes.iter().map(|change| change.risk).max()) {
        (false, Some(risk)) if risk > Risk::None => format!("**{} risk:** ", risk.as_str()),
        _ => String::new(),
    };
    let word = match (options.is_drift(), first.action) {
        // the headings say so
        (true, Action::Update) => String::new(),
        (true, action) => format!("{}: ", style::action(options.wording, action)),
        (false, action) => format!("{} ", style::action(options.wording, action)),
    };
    format!("{risk}{word}{}{more}", names.join("; "))
}

fn title_of(changes: &[&Change], options: &Options) -> String {
    let mut places: Vec<String> = changes.iter().map(|change| at(change)).collect();
    places.dedup();
    match places.as_slice() {
        [one] => title(changes, options) + one,
        _ => {
            let mut files: Vec<String> = changes
                .iter()
                .filter_map(|change| change.source.as_ref())
                .map(|at| code(&cut(&format!("{}:{}", at.file, at.line))))
                .collect();
            files.sort();
            files.dedup();
            let more = files.len().saturating_sub(3);
            files.truncate(3);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("{} ({}{more})", title(changes, options), files.join(", "))
        }
    }
}

fn body(change: &Change, options: &Options) -> String {
    let mut text = String::new();
    if !options.is_drift() && change.risk >= Risk::Medium {
        for reason in change.reasons.iter().take(MOST) {
            text.push_str(&format!("  - because {}\n", plain(&cut(reason))));
        }
    }
    for one in change.fields.iter().take(MOST) {
        let is_telling = one.direction != Direction::Neutral && one.direction != change.direction;
        let direction = match is_telling {
            true => format!(" ({})", style::field_direction(options.wording, one.direction)),
            false => String::new(),
        };
        text.push_str(&format!("  - {}{direction}\n", field(change, one, options)));
    }
    if change.fields.len() > MOST {
        text.push_str(&format!("  - and {} more fields\n", change.fields.len() - MOST));
    }
    text
}

/// Returns a field on one line: `` `activation.maxDuration`: `PT8H` to `PT4H` ``, or what a list gains and loses by name.
pub(super) fn field(change: &Change, field: &FieldChange, options: &Options) -> String {
    let path = code(&cut(&field.path));
    let is_drift = options.wording == Wording::Drift;
    let value = match shown(field) {
        Shown::Scalars(before, after) => {
            let quoted = |value: Option<String>| value.map(|value| code(&cut(&value)));
            match (quoted(before), quoted(after), is_drift) {
                (None, Some(after), false) if matches!(change.action, Action::Create | Action::Regrant) => after,
                (Some(before), None, false) => format!("was {before}"),
                (before, after, false) => {
                    format!("{} to {}", before.as_deref().unwrap_or("nothing"), after.as_deref().unwrap_or("nothing"))
                }
                (before, after, true) => format!(
                    "is {}, declared {}",
                    before.as_deref().unwrap_or("nothing"),
                    after.as_deref().unwrap_or("nothing")
                ),
            }
        }
        Shown::Members(members) => {
            let [gains, loses] = style::swapped(options.wording);
            let named = |mark: Mark, word: &str| {
                let all: Vec<&String> = members.iter().filter(|(m, _)| *m == mark).map(|(_, text)| text).collect();
                let mut text = all.iter().take(MOST).map(|text| code(&cut(text))).collect::<Vec<_>>().join(", ");
                if all.len() > MOST {
                    text.push_str(&format!(" and {} more", all.len() - MOST));
                }
                (!all.is_empty()).then(|| format!("{word} {text}"))
            };
            let parts: Vec<String> =
                [named(Mark::Added, gains), named(Mark::Removed, loses)].into_iter().flatten().collect();
            if parts.is_empty() { "the same members".to_owned() } else { parts.join("; ") }
        }
        Shown::Lines(_) => "text changed, see the details".to_owned(),
    };
    format!("{path}: {value}")
}
