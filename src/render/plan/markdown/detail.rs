//! Everything about one change, folded.

use std::fmt::Write;

use crate::core::change::{Change, Risk};
use crate::core::direction::Direction;
use crate::core::order::Edges;
use crate::core::plan::Plan;
use crate::render::escape::{markdown as plain, markdown_code as code, terminal};
use crate::render::plan::line::cut;
use crate::render::plan::markdown::setting;
use crate::render::plan::value::{Shown, shown};
use crate::render::plan::{ONBOARDS, Options, cause, is_pending, waits};
use crate::render::style::{self, Mark};

/// More members of a set, lines of a text, reasons or waits than this are cut.
const MOST: usize = 60;

/// Returns everything about one change.
pub(super) fn one(plan: &Plan, edges: &Edges<'_>, change: &Change, options: &Options) -> String {
    let title = format!("{} {}", style::action(options.wording, change.action), cut(&change.address));
    let mut text = format!("<details><summary>{}</summary>\n\n", summary(&title));
    if is_pending(change) {
        text.push_str("- already pending before this change\n");
    }
    if let Some(place) = &change.place {
        // writing to a string cannot fail
        let _ = writeln!(text, "- at {}", plain(&cut(place)));
    }
    if change.onboards {
        let _ = writeln!(text, "- **{ONBOARDS}**");
    }
    let _ = writeln!(text, "- {}", plain(&cut(&cause(change))));
    let risk = match (change.risk, options.is_drift()) {
        (Risk::None, _) => String::new(),
        (risk, true) => format!("; risk of applying it: {}", risk.as_str()),
        (risk, false) => format!("; {} risk", risk.as_str()),
    };
    let _ = writeln!(text, "- {}{risk}", style::direction(options.wording, change.direction));
    for reason in change.reasons.iter().take(MOST) {
        let _ = writeln!(text, "- because {}", plain(&cut(reason)));
    }
    let waits = waits(plan, edges, change);
    for (part, address, reason) in waits.iter().take(MOST) {
        let _ = writeln!(text, "- {part}waits for {}: {}", code(&cut(address)), plain(&cut(reason)));
    }
    for (left, what) in [(change.reasons.len(), "has"), (waits.len(), "waits for")] {
        if left > MOST {
            let _ = writeln!(text, "- {what} {} more", left - MOST);
        }
    }
    for field in &change.fields {
        let direction = match field.direction {
            Direction::Neutral => String::new(),
            direction => format!(" ({})", style::field_direction(options.wording, direction)),
        };
        let items: Vec<(Mark, String)> = match shown(field) {
            Shown::Scalars(..) => {
                let _ = writeln!(text, "- {}{direction}", setting::field(change, field, options));
                continue;
            }
            Shown::Members(members) => members,
            Shown::Lines(lines) => lines.into_iter().map(|(_, mark, line)| (mark, line)).collect(),
        };
        let _ = writeln!(text, "- {}{direction}:", code(&cut(&field.path)));
        let left = items.len().saturating_sub(MOST);
        for (mark, item) in items.into_iter().take(MOST) {
            let _ = writeln!(text, "  - {} {}", style::mark(options.wording, mark).trim_end(), code(&cut(&item)));
        }
        if left > 0 {
            let _ = writeln!(text, "  - and {left} more");
        }
    }
    text.push_str("\n</details>\n");
    text
}

/// Returns `text` for the title of a fold, which one reader takes for HTML and another for Markdown: entities mean the same to
/// both. An empty comment keeps GitHub from making mentions and references.
fn summary(text: &str) -> String {
    let mut out = String::with_capacity(2 * text.len());
    for letter in terminal(text).chars() {
        match letter {
            letter if letter.is_ascii_punctuation() && !matches!(letter, '/' | '-' | ',') => {
                let _ = write!(out, "&#{};", u32::from(letter));
            }
            letter => out.push(letter),
        }
        if matches!(letter, '@' | '#') {
            out.push_str("<!-- -->");
        }
    }
    out
}
