//! The fields of a change, one below the other.

use std::collections::BTreeMap;

use crate::core::change::{Change, FieldChange};
use crate::core::direction::Direction;
use crate::render::escape::terminal;
use crate::render::page::{Page, plural};
use crate::render::plan::value::{Shown, shown};
use crate::render::plan::{Options, transition};
use crate::render::style::{self, Mark, Wording};

/// More unchanged members of a set than this are folded.
pub(super) const FOLD_KEPT: usize = 5;
/// More members of a set that goes away as a whole than this are folded.
pub(super) const FOLD_REMOVED: usize = 10;

/// Writes one field.
pub(super) fn field_lines(page: &mut Page, change: &Change, field: &FieldChange, options: &Options) {
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
