//! For GitHub Actions: what a reviewer must not miss as annotations beside the manifest lines, then the counts.

use crate::core::change::{Change, Risk};
use crate::core::diagnostic::Severity;
use crate::core::direction::Direction;
use crate::core::origin::Origin;
use crate::core::plan::Plan;
use crate::render::annotation::{Spot, command, join};
use crate::render::escape::terminal;
use crate::render::plan::line::{address_of, said, source_of};
use crate::render::plan::{Options, access, counts, is_pending, matters, obstacles, terms};
use crate::render::style;

/// GitHub shows this many annotations of each kind per step and drops the others (its page "Workflow commands", seen 2026-11;
/// the runner has `MaxCountPerIssueType` = 10).
const MOST: usize = 10;

/// One annotation in the making.
struct Note {
    /// Greater is more important.
    weight: u8,
    title: String,
    text: String,
    at: Option<(String, u32, u32)>,
}

/// Returns the plan as workflow commands, `::error file=…,line=…,col=…,title=…::…`, and the counts as the last line.
///
/// Refusals and what could not be read are errors; warnings, what widens access with high or critical risk, and for `drift` what
/// is wider than declared, are warnings. Of each kind there are at most ten, the most important first; the tenth counts the others.
pub fn github(plan: &Plan, options: &Options) -> String {
    let [errors, warnings] = notes(plan, &options.folder, options);
    let mut out = annotations("error", errors) + &annotations("warning", warnings);
    out.push_str(&tail(plan, options));
    out
}

/// Returns the sentences behind the annotations; the counts last.
pub(super) fn tail(plan: &Plan, options: &Options) -> String {
    let mut out = String::new();
    let sentences = obstacles(plan, options).into_iter().chain(terms(plan, options)).chain(access(plan, options));
    for sentence in sentences.chain([counts(plan, options.wording)]) {
        out.push_str(&terminal(&sentence));
        out.push('\n');
    }
    out
}

/// Errors and warnings of a plan, the most important first.
pub(super) struct Notes(Vec<Note>);

/// Returns the errors and the warnings.
pub(super) fn notes(plan: &Plan, folder: &str, options: &Options) -> [Notes; 2] {
    let place = |at: Option<&Origin>| at.map(|at| (join(folder, &at.file), at.line.max(1), at.column.max(1)));
    let (mut errors, mut warnings) = (Vec::new(), Vec::new());
    for verdict in plan.verdicts.iter().filter(|_| !options.is_drift()) {
        let at = place(source_of(verdict));
        let about = address_of(verdict).map_or(String::new(), |address| format!("{}\n", terminal(address)));
        let text = format!("{about}{}", terminal(&verdict.message));
        match plan.overrides(verdict) {
            true => {
                let flag = verdict.overridden_by.as_deref().unwrap_or_default();
                let text = format!("{text}\nallowed by {}", terminal(flag));
                warnings.push(Note { weight: 9, title: format!("overridden: {}", verdict.guard), text, at });
            }
            false => errors.push(Note { weight: 9, title: format!("refused by {}", verdict.guard), text, at }),
        }
    }
    for gap in plan.unreadable.iter().filter(|gap| matters(gap.part)) {
        let text = format!("{} of {}: {}", terminal(&gap.what()), style::surface(gap.surface), terminal(&gap.why));
        let note = Note { weight: 8, title: "not read".to_owned(), text, at: None };
        if plan.is_allowed("--allow-incomplete") { warnings.push(note) } else { errors.push(note) }
    }
    for change in &plan.changes {
        let Some(weight) = weight(change, options) else { continue };
        let said: Vec<String> = said(change, options).iter().map(|line| terminal(line).into_owned()).collect();
        let pending = if is_pending(change) { "already pending before this change\n" } else { "" };
        let title = match options.is_drift() {
            true => "wider than declared".to_owned(),
            false => format!("{} risk", change.risk.as_str()),
        };
        let text = format!("{pending}{}\n{}", said.join("\n"), terminal(&change.address));
        warnings.push(Note { weight, title, text, at: place(change.source.as_ref()) });
    }
    for notice in plan.notices.iter().filter(|notice| notice.severity != Severity::Notice) {
        let about = notice.address.as_deref().map_or(String::new(), |address| format!("{}\n", terminal(address)));
        let text = format!("{about}{}", terminal(&notice.message));
        warnings.push(Note { weight: 5, title: notice.code.clone(), text, at: place(notice.source.as_ref()) });
    }
    [Notes(errors), Notes(warnings)]
}

fn weight(change: &Change, options: &Options) -> Option<u8> {
    match (options.is_drift(), change.direction, change.risk) {
        (true, Direction::Narrows, _) => Some(4),
        (false, Direction::Widens, risk) if risk >= Risk::High => {
            let base = if risk == Risk::Critical { 7 } else { 6 };
            // below warnings: whoever reviews has seen it before
            Some(if is_pending(change) { base - 4 } else { base })
        }
        _ => None,
    }
}

impl Extend<Notes> for Notes {
    fn extend<T: IntoIterator<Item = Notes>>(&mut self, more: T) {
        self.0.extend(more.into_iter().flat_map(|notes| notes.0));
    }
}

impl Notes {
    /// Returns none.
    pub(super) fn none() -> Self {
        Self(Vec::new())
    }
}

/// Returns at most ten commands of one kind.
pub(super) fn annotations(kind: &str, notes: Notes) -> String {
    let mut notes = notes.0;
    notes.sort_by_key(|note| std::cmp::Reverse(note.weight));
    let mut out = String::new();
    let kept = if notes.len() > MOST { MOST - 1 } else { notes.len() };
    for note in &notes[..kept] {
        let spot = note.at.as_ref().map(|(file, line, column)| Spot { file, line: *line, column: *column, end: None });
        out.push_str(&command(kind, spot.as_ref(), &note.title, &note.text));
    }
    if notes.len() > kept {
        let text = format!("and {} more, which the plan's other forms list", notes.len() - kept);
        out.push_str(&command(kind, None, "left out here", &text));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::escape::is_unsafe;
    use crate::render::plan::{Wording, sample};

    fn inside(folder: &str) -> Options {
        Options { folder: folder.to_owned(), ..Options::default() }
    }

    #[test]
    fn refused_and_incomplete() {
        let text = github(&sample::other_surfaces(), &inside("pim/prod"));
        insta::assert_snapshot!("other_surfaces", text);
    }

    #[test]
    fn drift() {
        let options = Options { wording: Wording::Drift, ..Options::default() };
        insta::assert_snapshot!("drift", github(&sample::every_action(), &options));
    }

    #[test]
    fn ten_of_a_kind_the_most_important_first() {
        let mut plan = sample::every_action();
        let one = plan.changes[2].clone();
        for n in 0..30 {
            let mut change = one.clone();
            change.address = format!("{}{n}", change.address);
            change.risk = [Risk::Low, Risk::High, Risk::Critical][n % 3];
            plan.changes.push(change);
        }
        let text = github(&plan, &Options::default());
        let warnings: Vec<&str> = text.lines().filter(|line| line.starts_with("::warning ")).collect();
        assert_eq!(warnings.len(), MOST);
        assert!(warnings[..9].iter().all(|line| line.contains("title=critical risk")), "{text}");
        assert_eq!(warnings[9], "::warning title=left out here::and 14 more, which the plan's other forms list");
    }

    #[test]
    fn foreign_text_gives_no_command() {
        for folder in ["", sample::NASTY] {
            let text = github(&sample::hostile(), &inside(folder));
            assert!(!text.contains(|c: char| c != '\n' && is_unsafe(c)), "{text}");
            assert!(!text.contains("##[") && !text.contains("##vso["), "{text}");
            for line in text.lines() {
                let is_ours = line.starts_with("::error ") || line.starts_with("::warning ");
                assert!(is_ours || !line.trim_start().starts_with("::"), "{line}");
                // the runner splits a command at the first `::` behind its properties, and those at `,`
                if is_ours {
                    let (properties, _) = line[2..].split_once("::").unwrap();
                    let (_, properties) = properties.split_once(' ').unwrap();
                    for property in properties.split(',') {
                        let key = property.split('=').next().unwrap();
                        assert!(["file", "line", "col", "title"].contains(&key), "{line}");
                    }
                }
            }
        }
    }
}
