//! Every word and colour in which plans and outcomes are shown, in one place.
//!
//! Colour only repeats what a word says: without it nothing is lost.

use anstyle::{AnsiColor, Style};

use crate::core::assignment::Mode;
use crate::core::change::{Action, Risk};
use crate::core::diagnostic::Severity;
use crate::core::direction::Direction;
use crate::core::outcome::State;
use crate::core::target::Surface;

/// For which verb a plan is worded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wording {
    /// `plan`: what would be done.
    #[default]
    Plan,
    /// `apply`, before it asks: as `plan`, without the advice to apply.
    Apply,
    /// `drift`: how the tenant differs from what is declared.
    Drift,
}

/// What happens to one member of a set or one line of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Added,
    Removed,
    Kept,
}

/// Returns the sign before a change. The word always follows it.
pub(super) fn symbol(action: Action) -> char {
    match action {
        Action::Create => '+',
        Action::Update => '~',
        Action::Adopt => '=',
        Action::Extend => '>',
        Action::Regrant => '*',
        Action::Remove => '-',
    }
}

/// Returns the word for a change.
pub(super) fn action(wording: Wording, action: Action) -> &'static str {
    match (wording, action) {
        (Wording::Plan | Wording::Apply, action) => action.as_str(),
        (Wording::Drift, Action::Create) => "missing",
        (Wording::Drift, Action::Update) => "differs",
        (Wording::Drift, Action::Adopt) => "differs (found by name)",
        (Wording::Drift, Action::Extend) => "due for extension",
        (Wording::Drift, Action::Regrant) => "ran out",
        (Wording::Drift, Action::Remove) => "undeclared",
    }
}

/// Returns what becomes of a holder, before the name of what is held: `becomes eligible as` Owner. For drift it is what is
/// there.
pub(super) fn holding(wording: Wording, action: Action, mode: Mode) -> &'static str {
    use Action::{Adopt, Create, Extend, Regrant, Remove, Update};
    match (wording, mode, action) {
        (Wording::Plan | Wording::Apply, Mode::Eligible, Create) => "becomes eligible as",
        (Wording::Plan | Wording::Apply, Mode::Eligible, Regrant) => {
            "becomes eligible (anew whenever it has run out) as"
        }
        (Wording::Plan | Wording::Apply, Mode::Eligible, Update | Extend | Adopt) => "stays eligible as",
        (Wording::Plan | Wording::Apply, Mode::Eligible, Remove) => "is no longer eligible as",
        (Wording::Plan | Wording::Apply, Mode::Active, Create) => "becomes active (standing access) as",
        (Wording::Plan | Wording::Apply, Mode::Active, Regrant) => {
            "becomes active (standing access, anew whenever it has run out) as"
        }
        (Wording::Plan | Wording::Apply, Mode::Active, Update | Extend | Adopt) => "stays active as",
        (Wording::Plan | Wording::Apply, Mode::Active, Remove) => "is no longer active as",
        (Wording::Drift, Mode::Eligible, Create) => "is not eligible as",
        (Wording::Drift, Mode::Eligible, Regrant) => "is no longer eligible as",
        (Wording::Drift, Mode::Eligible, Update | Extend | Adopt) => "is eligible as",
        (Wording::Drift, Mode::Eligible, Remove) => "is eligible as",
        (Wording::Drift, Mode::Active, Create) => "is not active as",
        (Wording::Drift, Mode::Active, Regrant) => "is no longer active as",
        (Wording::Drift, Mode::Active, Update | Extend | Adopt) => "is active as",
        (Wording::Drift, Mode::Active, Remove) => "is active as",
    }
}

/// Returns the words before what a list gets and before what goes from it.
pub(super) fn swapped(wording: Wording) -> [&'static str; 2] {
    match wording {
        Wording::Plan | Wording::Apply => ["gains", "loses"],
        Wording::Drift => ["lacks", "has extra"],
    }
}

/// Returns the words behind the number of changes of this kind.
pub(super) fn counted(wording: Wording, action: Action) -> &'static str {
    match (wording, action) {
        (Wording::Plan | Wording::Apply, Action::Create) => "to create",
        (Wording::Plan | Wording::Apply, Action::Update) => "to update",
        (Wording::Plan | Wording::Apply, Action::Adopt) => "to adopt",
        (Wording::Plan | Wording::Apply, Action::Extend) => "to extend",
        (Wording::Plan | Wording::Apply, Action::Regrant) => "to regrant",
        (Wording::Plan | Wording::Apply, Action::Remove) => "to remove",
        (Wording::Drift, Action::Create) => "missing",
        (Wording::Drift, Action::Update) => "different",
        (Wording::Drift, Action::Adopt) => "different",
        (Wording::Drift, Action::Extend) => "due for extension",
        (Wording::Drift, Action::Regrant) => "run out",
        (Wording::Drift, Action::Remove) => "undeclared",
    }
}

/// Returns the words for the direction of a whole change. What must narrow to match is wider than it should be.
pub(super) fn direction(wording: Wording, direction: Direction) -> &'static str {
    match (wording, direction) {
        (Wording::Plan | Wording::Apply, Direction::Widens) => "widens access",
        (Wording::Plan | Wording::Apply, Direction::Narrows) => "narrows access",
        (Wording::Plan | Wording::Apply, Direction::Neutral) => "neutral: nobody gains or loses access",
        (Wording::Drift, Direction::Widens) => "narrower than declared",
        (Wording::Drift, Direction::Narrows) => "wider than declared",
        (Wording::Drift, Direction::Neutral) => "neither wider nor narrower than declared",
    }
}

/// Returns the words for the direction of one field.
pub(super) fn field_direction(wording: Wording, of: Direction) -> &'static str {
    match wording {
        Wording::Plan | Wording::Apply => of.as_str(),
        Wording::Drift => direction(wording, of),
    }
}

/// Returns the word before a member of a set or a line of a text, padded to the longest.
pub(super) fn mark(wording: Wording, mark: Mark) -> &'static str {
    match (wording, mark) {
        (Wording::Plan | Wording::Apply, Mark::Added) => "added  ",
        (Wording::Plan | Wording::Apply, Mark::Removed) => "removed",
        (Wording::Drift, Mark::Added) => "missing",
        (Wording::Drift, Mark::Removed) => "extra  ",
        (_, Mark::Kept) => "same   ",
    }
}

/// Returns the heading of a surface.
pub(super) fn surface(surface: Surface) -> &'static str {
    match surface {
        Surface::Directory => "Directory roles",
        Surface::Group => "PIM for Groups",
        Surface::Azure => "Azure resource roles",
    }
}

/// Returns the word for what became of a change.
pub(super) fn state(state: &State) -> &'static str {
    match state {
        State::Done => "done",
        State::AlreadySo => "already so",
        State::Pending(_) => "pending",
        State::Failed(_) => "failed",
        State::Skipped(_) => "skipped",
        State::Stopped => "not begun",
    }
}

/// Puts colour on text, or does not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    pub(super) is_coloured: bool,
}

impl Paint {
    /// Returns `text` in `style`.
    pub(super) fn on(self, style: Style, text: &str) -> String {
        match self.is_coloured {
            true => format!("{style}{text}{style:#}"),
            false => text.to_owned(),
        }
    }
}

const fn colour(colour: AnsiColor) -> Style {
    colour.on_default()
}

pub(super) const PLAIN: Style = Style::new();
pub(super) const HEADING: Style = Style::new().bold();
pub(super) const FAINT: Style = Style::new().dimmed();
pub(super) const GOOD: Style = colour(AnsiColor::Green);
pub(super) const BAD: Style = colour(AnsiColor::Red).bold();

/// Returns the style of a change's sign and word.
pub(super) fn of_action(action: Action) -> Style {
    match action {
        Action::Create => colour(AnsiColor::Green).bold(),
        Action::Update => colour(AnsiColor::Yellow).bold(),
        Action::Adopt | Action::Extend | Action::Regrant => colour(AnsiColor::Cyan).bold(),
        Action::Remove => colour(AnsiColor::Red).bold(),
    }
}

/// Returns the style of a direction with its risk.
pub(super) fn of_risk(risk: Risk) -> Style {
    match risk {
        Risk::None | Risk::Low => PLAIN,
        Risk::Medium => colour(AnsiColor::Yellow),
        Risk::High | Risk::Critical => BAD,
    }
}

/// Returns the style of a remark's word.
pub(super) fn of_severity(severity: Severity) -> Style {
    match severity {
        Severity::Error => BAD,
        Severity::Warning => colour(AnsiColor::Yellow).bold(),
        Severity::Notice => colour(AnsiColor::Cyan).bold(),
    }
}

/// Returns the style of a member's or line's word.
pub(super) fn of_mark(mark: Mark) -> Style {
    match mark {
        Mark::Added => colour(AnsiColor::Green),
        Mark::Removed => colour(AnsiColor::Red),
        Mark::Kept => FAINT,
    }
}

/// Returns the style of an outcome's word.
pub(super) fn of_state(state: &State) -> Style {
    match state {
        State::Done | State::AlreadySo => GOOD,
        State::Pending(_) | State::Skipped(_) | State::Stopped => colour(AnsiColor::Yellow).bold(),
        State::Failed(_) => BAD,
    }
}
