//! Text that grows section by section and never passes its limit; what has no room is counted.

use crate::core::change::Risk;
use crate::render::plan::summary::risks;

/// What each of the open sections may take, as a part of the limit, so that a long one leaves room for the others.
const SHARE: usize = 5;
/// What is kept free for the lines that count what was left out, as a part of the limit.
const RESERVE: usize = 24;
/// However small the limit is, those lines need this much.
const LEAST_RESERVE: usize = 1_200;

/// What stands around the entries of a section.
pub(in crate::render::plan) struct Frame<'a> {
    title: &'a str,
    head: String,
    tail: &'static str,
    is_open: bool,
}

impl<'a> Frame<'a> {
    /// A heading, then a list.
    pub(in crate::render::plan) fn list(title: &'a str) -> Self {
        Self { title, head: format!("### {title}\n\n"), tail: "", is_open: true }
    }

    /// Everything that still fits, folded.
    pub(in crate::render::plan) fn folded(title: &'a str) -> Self {
        let head = format!("<details><summary>{title}</summary>\n\n");
        Self { title, head, tail: "\n</details>\n", is_open: false }
    }

    /// A fold that takes no more than an open section.
    pub(in crate::render::plan) fn short_fold(title: &'a str) -> Self {
        Self { is_open: true, ..Self::folded(title) }
    }
}

/// Text that grows and never passes the limit.
pub(in crate::render::plan) struct Sheet {
    text: String,
    limit: usize,
    end: String,
}

impl Sheet {
    /// Returns an empty sheet for `limit` bytes.
    pub(in crate::render::plan) fn new(limit: usize) -> Self {
        Self { text: String::new(), limit, end: String::new() }
    }

    /// Writes what must be there whatever the room.
    pub(in crate::render::plan) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Keeps what must come last.
    pub(in crate::render::plan) fn push_at_end(&mut self, text: &str) {
        self.end.push_str(text);
    }

    /// Writes a section with as many entries as fit into its share and the limit, and says how many do not, and of what risk. Nothing
    /// is written when there are no entries; what does not fit is not even laid out.
    pub(in crate::render::plan) fn section<T>(
        &mut self,
        frame: &Frame<'_>,
        entries: impl IntoIterator<Item = T>,
        risk: impl Fn(&T) -> Option<Risk>,
        show: impl Fn(T) -> String,
    ) {
        let mut entries = entries.into_iter().peekable();
        if entries.peek().is_none() {
            return;
        }
        let room = self.limit.saturating_sub((self.limit / RESERVE).max(LEAST_RESERVE));
        let end = match frame.is_open {
            true => (self.text.len() + self.limit / SHARE).min(room),
            false => room,
        };
        if self.text.len() + frame.head.len() + frame.tail.len() >= end {
            let left: Vec<Option<Risk>> = entries.map(|entry| risk(&entry)).collect();
            self.text.push_str(&format!("_{}: {} left out here{}._\n\n", frame.title, left.len(), of(&left)));
            return;
        }
        self.text.push_str(&frame.head);
        let mut left = Vec::new();
        for entry in entries.by_ref() {
            let weight = risk(&entry);
            let entry = show(entry);
            if self.text.len() + entry.len() + frame.tail.len() >= end {
                left.push(weight);
                break;
            }
            self.text.push_str(&entry);
        }
        left.extend(entries.map(|entry| risk(&entry)));
        if !left.is_empty() {
            let line = format!("\n_And {} more{}, left out here; {WHOLE}._\n", left.len(), of(&left));
            self.text.push_str(&line);
        }
        self.text.push_str(frame.tail);
        self.text.push('\n');
    }

    /// Returns what was written.
    pub(in crate::render::plan) fn finish(mut self) -> String {
        self.text.push_str(&self.end);
        self.text
    }
}

/// Where what was left out can be read.
const WHOLE: &str = "`rolewright show plan.json` prints the whole plan that was saved";

fn of(left: &[Option<Risk>]) -> String {
    let known: Vec<Risk> = left.iter().copied().flatten().collect();
    match risks(&known) {
        text if text.is_empty() => String::new(),
        text => format!(" ({text})"),
    }
}
