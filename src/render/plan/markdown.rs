//! A plan for a pull request: the verdict first, then who gains and who loses, then settings and roles by direction; details
//! folded. Never longer than a comment may be.

use std::fmt::Write;

use crate::core::change::{Change, Risk, Subject};
use crate::core::diagnostic::Severity;
use crate::core::direction::Direction;
use crate::core::order::Edges;
use crate::core::plan::Plan;
use crate::render::escape::{markdown as plain, markdown_code as code, terminal};
use crate::render::plan::value::{Shown, shown};
use crate::render::plan::{ONBOARDS, Options, access, cause, counts, matters, next, transition, waits};
use crate::render::style::{self, Mark};

/// The longest text, in bytes: GitHub takes 65,536 characters for a comment, and whoever posts it may put something around it.
const LIMIT: usize = 60_000;
/// What each of the summaries may take, so that a long one leaves room for the others.
const SHARE: usize = 12_000;
/// Kept free for the notes that say what was left out.
const RESERVE: usize = 2_500;
/// Foreign text longer than this many characters is cut: the details are in the plan.
const LONGEST: usize = 400;
/// More members of a set or lines of a text than this are cut, likewise.
const MOST_ITEMS: usize = 60;

/// Returns the plan as GitHub-flavoured Markdown of at most 60,000 bytes. The first line is a marker by which a comment can be
/// found again and replaced.
pub fn markdown(plan: &Plan, options: &Options) -> String {
    let mut sheet = Sheet { text: String::new() };
    head(&mut sheet, plan, options);
    let of = |wanted: Direction| {
        plan.changes.iter().filter(move |change| is_assignment(change) && change.direction == wanted)
    };
    let is_drift = options.is_drift();
    let (gain, lose) = match is_drift {
        true => ("Less access than declared", "More access than declared"),
        false => ("Who gains access", "Who loses access"),
    };
    for (title, direction) in [(gain, Direction::Widens), (lose, Direction::Narrows)] {
        sheet.section(&Frame::list(title), of(direction), |change| holder(change, options));
    }
    for direction in [Direction::Widens, Direction::Narrows, Direction::Neutral] {
        let changes = plan.changes.iter().filter(|change| {
            change.direction == direction && (direction == Direction::Neutral || !is_assignment(change))
        });
        let words = match (is_drift, direction) {
            (false, Direction::Widens) => "Settings and roles: widens access",
            (false, Direction::Narrows) => "Settings and roles: narrows access",
            (false, Direction::Neutral) => "Neutral: nobody gains or loses access",
            (true, Direction::Widens) => "Settings and roles: narrower than declared",
            (true, Direction::Narrows) => "Settings and roles: wider than declared",
            (true, Direction::Neutral) => "Neither wider nor narrower than declared",
        };
        sheet.section(&Frame::table(words), changes, |change| row(change, options));
    }
    let warnings = plan.notices.iter().filter(|notice| notice.severity != Severity::Notice);
    sheet.section(&Frame::list("Warnings"), warnings, notice);
    let edges = Edges::new(&plan.changes);
    let details = Frame::folded("Details of every change");
    sheet.section(&details, &plan.changes, |change| detail(plan, &edges, change, options));
    let remarks = plan.notices.iter().filter(|notice| notice.severity == Severity::Notice);
    sheet.section(&Frame::folded("Notices"), remarks, notice);
    let title = format!("Unmanaged ({})", plan.unmanaged.len());
    sheet.section(&Frame::folded(&title), &plan.unmanaged, |one| {
        format!("- {}: {}; {}\n", plain(&cut(&one.address)), plain(&cut(&one.detail)), plain(&cut(&one.why)))
    });
    sheet.finish(plan)
}

fn is_assignment(change: &Change) -> bool {
    matches!(change.subject, Subject::Assignment { .. })
}

/// What stands around the entries of a section.
struct Frame<'a> {
    title: &'a str,
    head: String,
    tail: &'static str,
    share: usize,
}

impl<'a> Frame<'a> {
    /// A heading, then a list.
    fn list(title: &'a str) -> Self {
        Self { title, head: format!("### {title}\n\n"), tail: "", share: SHARE }
    }

    /// A heading, then a table.
    fn table(title: &'a str) -> Self {
        let head = format!("### {title}\n\n| Change | Object | What | Risk | Manifest |\n|---|---|---|---|---|\n");
        Self { title, head, tail: "", share: SHARE }
    }

    /// Everything that still fits, folded.
    fn folded(title: &'a str) -> Self {
        let head = format!("<details><summary>{title}</summary>\n\n");
        Self { title, head, tail: "\n</details>\n", share: usize::MAX }
    }
}

/// Text that grows and never passes the limit.
struct Sheet {
    text: String,
}

impl Sheet {
    /// Writes a section with as many entries as fit into `share` and the limit, and says how many do not. Nothing is written
    /// when there are no entries; what does not fit is not even laid out.
    fn section<T>(&mut self, frame: &Frame<'_>, entries: impl IntoIterator<Item = T>, show: impl Fn(T) -> String) {
        let mut entries = entries.into_iter().peekable();
        if entries.peek().is_none() {
            return;
        }
        let end = self.text.len().saturating_add(frame.share).min(LIMIT - RESERVE);
        if self.text.len() + frame.head.len() + frame.tail.len() >= end {
            // the reserve holds this line for every section
            let _ = writeln!(self.text, "_{}: {} left out here._\n", frame.title, entries.count());
            return;
        }
        self.text.push_str(&frame.head);
        let mut left = 0;
        for entry in entries.by_ref() {
            let entry = show(entry);
            if self.text.len() + entry.len() + frame.tail.len() >= end {
                left = 1;
                break;
            }
            self.text.push_str(&entry);
        }
        left += entries.count();
        if left > 0 {
            // writing to a string cannot fail
            let _ = write!(self.text, "\n_And {left} more, left out here; the plan itself holds them all._\n");
        }
        self.text.push_str(frame.tail);
        self.text.push('\n');
    }

    fn finish(mut self, plan: &Plan) -> String {
        let made = format!("<sub>Read at {}, plan digest `{}`.</sub>\n", plan.created_at, safe(&plan.digest));
        self.text.push_str(&made);
        self.text
    }
}

/// Returns an id or digest as it may stand in a comment or between back-quotes: what else it holds is dropped.
fn safe(id: &str) -> String {
    id.chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, ':' | '-'))
        .take(100)
        .collect::<String>()
        .replace("--", "-")
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

/// Cuts foreign text to a bearable length.
fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn head(sheet: &mut Sheet, plan: &Plan, options: &Options) {
    let (verb, what) = if options.is_drift() { ("drift", "drift") } else { ("plan", "plan") };
    let mut out = format!("<!-- rolewright:{verb}:{} -->\n", safe(plan.tenant_id.as_str()));
    let _ = writeln!(out, "## rolewright {what} for {}\n", plain(&cut(&plan.tenant_name)));
    let refusals = options.refusals(plan);
    let verdict = match (refusals.len(), plan.complete) {
        (0, true) => String::new(),
        (0, false) => "Incomplete: not everything could be read. ".to_owned(),
        (1, _) => "Refused by a guard. ".to_owned(),
        (count, _) => format!("Refused by {count} guards. "),
    };
    let _ = writeln!(out, "**{verdict}{}**\n", counts(plan, options.wording));
    for sentence in [access(plan, options), next(plan, options)].into_iter().flatten() {
        let _ = writeln!(out, "{}\n", sentence_with_code(&sentence));
    }
    sheet.text = out;
    let stands = |verdict: &&crate::core::guard::Verdict| refusals.contains(verdict);
    sheet.section(&Frame::list("Guards"), &plan.verdicts, |verdict| {
        let how = match (stands(&verdict), verdict.overridden_by.as_deref()) {
            (true, Some(flag)) => format!("refuses ({} overrides this)", code(flag)),
            (true, None) => "refuses (nothing overrides this)".to_owned(),
            (false, Some(flag)) if plan.is_allowed(flag) => format!("allowed by {}", code(flag)),
            (false, _) => "would refuse".to_owned(),
        };
        let place = verdict.source.as_ref().map(|at| format!(" ({})", code(&format!("{}:{}", at.file, at.line))));
        let place = place.unwrap_or_default();
        format!("- {} {how}: {}{place}\n", plain(&cut(&verdict.guard)), plain(&cut(&verdict.message)))
    });
    sheet.section(&Frame::list("Not read"), &plan.unreadable, |gap| {
        let weight = if matters(gap.part) { "" } else { " (for advice only)" };
        let (what, surface) = (gap.what(), style::surface(gap.surface));
        format!("- {} of {surface}{weight}: {}\n", plain(&cut(&what)), plain(&cut(&gap.why)))
    });
}

/// Escapes our own sentence; commands between back-quotes stay code.
fn sentence_with_code(text: &str) -> String {
    let pieces = text.split('`').enumerate();
    pieces.map(|(at, piece)| if at % 2 == 1 { code(piece) } else { plain(piece) }).collect()
}

fn risk(change: &Change) -> &'static str {
    match change.risk {
        Risk::None => "",
        risk => risk.as_str(),
    }
}

fn word(change: &Change, options: &Options) -> &'static str {
    style::action(options.wording, change.action)
}

/// Returns the line for a holder: what happens, to whom, for how long, how bad, and where it is written.
fn holder(change: &Change, options: &Options) -> String {
    let mut text = format!("- **{}** {}", plain(word(change, options)), plain(&cut(&change.address)));
    if let Some(place) = &change.place {
        let _ = write!(text, " at {}", plain(&cut(place)));
    }
    if change.onboards {
        let _ = write!(text, "; **{ONBOARDS}**");
    }
    for field in &change.fields {
        let _ = write!(text, "; {}", plain(&brief(change, field, options)));
    }
    if change.risk > Risk::None {
        let _ = write!(text, "; **{} risk**", change.risk.as_str());
    }
    let _ = write!(text, " ({})", plain(&cut(&cause(change))));
    text.push('\n');
    text
}

fn row(change: &Change, options: &Options) -> String {
    let place = change.source.as_ref().map_or(String::new(), |at| code(&cut(&format!("{}:{}", at.file, at.line))));
    let what: Vec<String> = change.fields.iter().take(8).map(|field| code(&brief(change, field, options))).collect();
    let mut located = change.place.as_ref().map_or(String::new(), |place| format!("<br>at {}", code(&cut(place))));
    if change.onboards {
        let _ = write!(located, "<br>**{ONBOARDS}**");
    }
    let more = match change.fields.len().saturating_sub(8) {
        0 => String::new(),
        left => format!("<br>and {left} more"),
    };
    format!(
        "| {} | {}{located} | {}{more} | {} | {place} |\n",
        plain(word(change, options)),
        code(&cut(&change.address)),
        what.join("<br>"),
        risk(change)
    )
}

/// Returns a field change on one line, as raw text.
fn brief(change: &Change, field: &crate::core::change::FieldChange, options: &Options) -> String {
    let value = match shown(field) {
        Shown::Scalars(before, after) => transition(
            change.action,
            options.wording,
            before.as_deref().map(cut).as_deref(),
            after.as_deref().map(cut).as_deref(),
        ),
        Shown::Members(members) => {
            let count = |mark| members.iter().filter(|(m, _)| *m == mark).count();
            let parts =
                [Mark::Added, Mark::Removed, Mark::Kept].map(|mark| (count(mark), style::mark(options.wording, mark)));
            let parts: Vec<String> =
                parts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {}", word.trim_end())).collect();
            parts.join(", ")
        }
        Shown::Lines(_) => "text changed".to_owned(),
    };
    format!("{}: {value}", cut(&field.path))
}

/// Returns everything about one change, folded.
fn detail(plan: &Plan, edges: &Edges<'_>, change: &Change, options: &Options) -> String {
    let title = format!("{} {}", style::action(options.wording, change.action), cut(&change.address));
    let mut text = format!("<details><summary>{}</summary>\n\n", summary(&title));
    if let Some(place) = &change.place {
        let _ = writeln!(text, "- at {}", plain(&cut(place)));
    }
    if change.onboards {
        let _ = writeln!(text, "- **{ONBOARDS}**");
    }
    let _ = writeln!(text, "- {}", plain(&cut(&cause(change))));
    let _ = write!(text, "- {}", style::direction(options.wording, change.direction));
    let _ =
        writeln!(text, "{}", if risk(change).is_empty() { String::new() } else { format!("; {} risk", risk(change)) });
    for reason in &change.reasons {
        let _ = writeln!(text, "- because {}", plain(&cut(reason)));
    }
    let waits = waits(plan, edges, change);
    for (part, address, reason) in waits.iter().take(MOST_ITEMS) {
        let _ = writeln!(text, "- {part}waits for {}: {}", plain(&cut(address)), plain(&cut(reason)));
    }
    if let Some(left) = waits.len().checked_sub(MOST_ITEMS).filter(|left| *left > 0) {
        let _ = writeln!(text, "- waits for {left} more");
    }
    for field in &change.fields {
        let direction = match field.direction {
            Direction::Neutral => String::new(),
            direction => format!(" ({})", style::field_direction(options.wording, direction)),
        };
        let path = plain(&cut(&field.path));
        let items: Vec<(Mark, String)> = match shown(field) {
            Shown::Scalars(..) => {
                let line = brief(change, field, options);
                let value = line.split_once(": ").map_or("", |(_, value)| value);
                let _ = writeln!(text, "- {path}{direction}: {}", plain(value));
                continue;
            }
            Shown::Members(members) => members,
            Shown::Lines(lines) => lines.into_iter().map(|(_, mark, line)| (mark, line)).collect(),
        };
        let _ = writeln!(text, "- {path}{direction}:");
        let left = items.len().saturating_sub(MOST_ITEMS);
        for (mark, item) in items.into_iter().take(MOST_ITEMS) {
            let _ = writeln!(text, "  - {} {}", style::mark(options.wording, mark).trim_end(), plain(&cut(&item)));
        }
        if left > 0 {
            let _ = writeln!(text, "  - and {left} more");
        }
    }
    text.push_str("\n</details>\n");
    text
}

fn notice(notice: &crate::core::notice::Notice) -> String {
    let mut text = format!("- {}", notice.severity.as_str());
    if let Some(address) = &notice.address {
        let _ = write!(text, " {}", plain(&cut(address)));
    }
    let _ = write!(text, ": {}", plain(&cut(&notice.message)));
    if let Some(at) = &notice.source {
        let _ = write!(text, " ({})", plain(&cut(&format!("{}:{}", terminal(&at.file), at.line))));
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::escape::is_unsafe;
    use crate::render::plan::{Wording, sample};

    fn show(plan: &Plan) -> String {
        markdown(plan, &Options::default())
    }

    #[test]
    fn every_action() {
        insta::assert_snapshot!("every_action", show(&sample::every_action()));
    }

    #[test]
    fn refused_and_incomplete() {
        insta::assert_snapshot!("other_surfaces", show(&sample::other_surfaces()));
    }

    #[test]
    fn drift() {
        let options = Options { wording: Wording::Drift, ..Options::default() };
        insta::assert_snapshot!("drift", markdown(&sample::every_action(), &options));
    }

    #[test]
    fn nothing_to_do() {
        insta::assert_snapshot!(show(&sample::plan(Vec::new())), @r#"
        <!-- rolewright:plan:5a9dbb0c-0000-4000-8000-000000000001 -->
        ## rolewright plan for contoso

        **No changes. The tenant matches the manifests.**

        <sub>Read at 2026-06-01T12:00:00Z, plan digest `sha256:98c02ae3b69dc2a525bf66a8efc79cf1a9eafa72d0619744ee92347715874682`.</sub>
        "#);
    }

    #[test]
    fn foreign_text_stays_text() {
        let text = show(&sample::hostile());
        assert!(!text.contains(|c: char| c != '\n' && is_unsafe(c)), "{text}");
        // code spans show what they hold literally
        let outside = text.lines().map(without_code).collect::<Vec<_>>().join("\n");
        for bad in ["##[", "##vso[", "<img", "**b**", "[l](", "@org", "\n::"] {
            assert!(!outside.contains(bad), "{bad}: {outside}");
        }
        assert_eq!(outside.matches("<details>").count(), outside.matches("</details>").count(), "folds are closed");
        assert_eq!(outside.matches("<!--").count(), outside.matches("-->").count(), "comments are closed");
    }

    /// Drops the code spans of a line, by the rule of CommonMark: a span ends with as many back-quotes as it began with.
    fn without_code(line: &str) -> String {
        let mut out = String::new();
        let mut rest = line;
        while let Some(at) = rest.find('`') {
            if rest[..at].ends_with('\\') {
                out.push_str(&rest[..=at]);
                rest = &rest[at + 1..];
                continue;
            }
            out.push_str(&rest[..at]);
            let ticks = rest[at..].chars().take_while(|c| *c == '`').count();
            let inner = &rest[at + ticks..];
            let mut from = 0;
            let end = loop {
                let Some(found) = inner[from..].find('`').map(|found| from + found) else { break None };
                let run = inner[found..].chars().take_while(|c| *c == '`').count();
                if run == ticks {
                    break Some(found + run);
                }
                from = found + run;
            };
            match end {
                Some(end) => rest = &inner[end..],
                None => panic!("a code span is open: {line}"),
            }
        }
        out + rest
    }

    #[test]
    fn rows_of_tables_have_their_columns() {
        for plan in sample::all() {
            for line in show(&plan).lines().filter(|line| line.starts_with('|')) {
                let bars = line.char_indices().filter(|(at, c)| *c == '|' && !line[..*at].ends_with('\\')).count();
                assert_eq!(bars, 6, "{line}");
            }
        }
    }

    #[test]
    fn never_too_long() {
        let long = "\u{e0001}@".repeat(300);
        for hostile in [false, true] {
            let mut changes = Vec::new();
            let (one, other) = (sample::hostile(), sample::every_action());
            for n in 0..400 {
                let from = if hostile { &one.changes } else { &other.changes };
                let mut change = from[n % from.len()].clone();
                change.address = format!("{}{n}{}", change.address, if hostile { &long } else { "" });
                changes.push(change);
            }
            let mut plan = sample::plan(changes);
            for source in [&one, &other] {
                plan.notices.extend(source.notices.iter().cycle().take(500).cloned());
                plan.unmanaged.extend(source.unmanaged.iter().cycle().take(500).cloned());
                plan.verdicts.extend(source.verdicts.iter().cycle().take(200).cloned());
            }
            plan.tenant_name = long.clone();
            let text = show(&plan);
            assert!(text.len() <= LIMIT, "{}", text.len());
            assert!(text.len() > LIMIT / 2, "{}: most of the room is used", text.len());
            assert!(text.contains("more, left out here"));
            let outside = text.lines().map(without_code).collect::<Vec<_>>().join("\n");
            assert_eq!(outside.matches("<details>").count(), outside.matches("</details>").count());
        }
    }
}
