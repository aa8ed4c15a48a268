//! When an assignment holds: as declared, as observed, as asked for, and how the three compare.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::core::period::Period;

/// How far two instants may lie apart and still mean the same: the service rewrites a start to the moment of provisioning
/// and honours a future one only approximately, so Terraform ignores differences under five minutes (graph.md 2.9, C3).
pub const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// How far in the future a start may lie and still mean that the window has opened: `now` has whole seconds where the service's
/// instants have fractions, and the service rewrites a start to some seconds after the request (arm.md B.3). Not all of
/// [`TOLERANCE`]: a start that counts as now is compared as now, and one that is honoured a little early must not look as if it
/// were minutes too early.
const BEGINNING: SignedDuration = SignedDuration::from_mins(1);

/// A schedule as a manifest declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Schedule {
    /// `{permanent: true}`: no end.
    Permanent,
    /// `{start?, end}`: absolute instants.
    Window {
        /// Not before this instant; in the past it means now.
        start: Option<Timestamp>,
        /// The absolute end.
        end: Timestamp,
    },
    /// `{duration, renewBefore?}`: renewal as code.
    Renewal {
        /// How long each grant lasts.
        duration: Period,
        /// How long before its end a grant is extended; without it a grant runs out and is granted anew.
        renew_before: Option<Period>,
    },
}

/// The window of an observed assignment. A start in the past carries no meaning (graph.md 2.8) and is dropped by
/// [`Window::new`], so that equal windows are `==`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Window {
    /// The start, only when it still lies in the future by more than [`BEGINNING`].
    pub start: Option<Timestamp>,
    /// The end; `None` is permanent.
    pub end: Option<Timestamp>,
}

impl Window {
    /// Returns the window as seen at `now`.
    pub fn new(start: Option<Timestamp>, end: Option<Timestamp>, now: Timestamp) -> Self {
        Self { start: start.filter(|start| start.duration_since(now) > BEGINNING), end }
    }

    /// Tells whether the window has not opened yet.
    pub fn is_pending(&self) -> bool {
        self.start.is_some()
    }

    /// Returns the window as one would ask for it, to compare others with.
    pub fn as_ask(&self) -> Ask {
        Ask { start: self.start, end: self.end.map_or(End::Never, End::At) }
    }

    /// Tells whether the window is over at `now`.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.end.is_some_and(|end| end <= now)
    }
}

/// Prints an instant for people: to the second, since no more is ever compared.
fn seconds(instant: Timestamp) -> Timestamp {
    Timestamp::from_second(instant.as_second()).unwrap_or(instant)
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(start) = self.start {
            write!(f, "from {} ", seconds(start))?;
        }
        match self.end {
            None => f.write_str("permanent"),
            Some(end) => write!(f, "until {}", seconds(end)),
        }
    }
}

/// The end that a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum End {
    /// No end.
    Never,
    /// An instant.
    At(Timestamp),
    /// This long after the start. Asked for as a duration, so that neither a slow run nor a clock that is off makes the grant
    /// longer than the maximum the settings allow.
    After(Period),
}

/// The window that a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ask {
    /// The start; `None` is now.
    pub start: Option<Timestamp>,
    /// The end.
    pub end: End,
}

impl Ask {
    /// Returns how long the asked-for window is, for comparison with a maximum duration; `None` when it has no end. The
    /// service measures end minus start of the request (design.md 3, "Feasibility").
    pub fn length(&self, now: Timestamp) -> Option<SignedDuration> {
        match self.end {
            End::Never => None,
            End::After(period) => Some(period.as_duration()),
            End::At(end) => Some(end.duration_since(self.start.filter(|s| *s > now).unwrap_or(now))),
        }
    }

    /// Returns the window this asks for when it is granted at `now`.
    pub fn window(&self, now: Timestamp) -> Window {
        let start = self.start.unwrap_or(now);
        let end = match self.end {
            End::Never => None,
            End::At(end) => Some(end),
            End::After(period) => start.checked_add(period.as_duration()).ok(),
        };
        Window::new(self.start, end, now)
    }

    /// Tells whether `granted` gives no more than was asked for at `now`, within [`TOLERANCE`].
    pub fn covers(&self, granted: &Window, now: Timestamp) -> bool {
        let asked = self.window(now);
        let end_fits = match (asked.end, granted.end) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(asked), Some(granted)) => granted.duration_since(asked) <= TOLERANCE,
        };
        let start_fits = match (asked.start, granted.start) {
            (None, _) => true,
            (Some(asked), granted) => asked.duration_since(granted.unwrap_or(now)) <= TOLERANCE,
        };
        end_fits && start_fits
    }

    /// Tells whether `granted` is what was asked for at `now`, neither wider nor narrower, within [`TOLERANCE`].
    pub fn matches(&self, granted: &Window, now: Timestamp) -> bool {
        let asked = self.window(now);
        near(asked.end, granted.end) && near(Some(asked.start.unwrap_or(now)), Some(granted.start.unwrap_or(now)))
    }
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(start) = self.start {
            write!(f, "from {} ", seconds(start))?;
        }
        match self.end {
            End::Never => f.write_str("permanent"),
            End::At(end) => write!(f, "until {}", seconds(end)),
            End::After(period) => write!(f, "for {period}"),
        }
    }
}

/// What a declared schedule and an observed window make necessary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They agree.
    InSync,
    /// Nothing is there: grant it.
    Grant(Ask),
    /// A `duration` without `renewBefore` is not there: grant it anew.
    Regrant(Ask),
    /// It is there with another window: change it in place.
    Update(Ask),
    /// It runs out soon: extend it in place.
    Extend(Ask),
    /// The declared end has passed: nothing is declared any more.
    Expired,
}

impl Schedule {
    /// Compares this declaration with the observed window at `now`, by design.md 2 ("Rules of the language").
    pub fn judge(&self, live: Option<&Window>, now: Timestamp) -> Verdict {
        let live = live.filter(|window| !window.is_over(now));
        match *self {
            Self::Permanent => {
                let ask = Ask { start: None, end: End::Never };
                match live {
                    None => Verdict::Grant(ask),
                    Some(window) if window.end.is_none() && !starts_late(window, None, now) => Verdict::InSync,
                    Some(_) => Verdict::Update(ask),
                }
            }
            Self::Window { end, .. } if end <= now => Verdict::Expired,
            Self::Window { start, end } => {
                let start = start.filter(|s| *s > now);
                let ask = Ask { start, end: End::At(end) };
                match live {
                    None => Verdict::Grant(ask),
                    Some(window) if near(Some(end), window.end) && !starts_apart(window, start, now) => Verdict::InSync,
                    Some(_) => Verdict::Update(ask),
                }
            }
            Self::Renewal { duration, renew_before } => {
                let ask = Ask { start: None, end: End::After(duration) };
                let Some(window) = live else {
                    return if renew_before.is_some() { Verdict::Grant(ask) } else { Verdict::Regrant(ask) };
                };
                let Some(end) = window.end else { return Verdict::Update(ask) };
                let left = end.duration_since(now);
                if left > duration.as_duration() + TOLERANCE || starts_late(window, None, now) {
                    Verdict::Update(ask)
                } else if renew_before.is_some_and(|before| left <= before.as_duration()) {
                    Verdict::Extend(ask)
                } else {
                    Verdict::InSync
                }
            }
        }
    }

    /// Returns the widest window this declaration stands for at `now`, for checks against role settings; `None` when it has
    /// expired.
    pub fn widest(&self, now: Timestamp) -> Option<Ask> {
        match self.judge(None, now) {
            Verdict::Grant(ask) | Verdict::Regrant(ask) => Some(ask),
            _ => None,
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Permanent => f.write_str("permanent"),
            Self::Window { start: None, end } => write!(f, "until {}", seconds(*end)),
            Self::Window { start: Some(start), end } => write!(f, "from {} until {}", seconds(*start), seconds(*end)),
            Self::Renewal { duration, renew_before: None } => write!(f, "for {duration}"),
            Self::Renewal { duration, renew_before: Some(before) } => {
                write!(f, "for {duration}, renewed {before} before its end")
            }
        }
    }
}

/// Tells whether two ends mean the same.
fn near(a: Option<Timestamp>, b: Option<Timestamp>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => a.duration_since(b).abs() <= TOLERANCE,
        _ => false,
    }
}

/// Tells whether the window opens later than `start` (now when there is none).
fn starts_late(window: &Window, start: Option<Timestamp>, now: Timestamp) -> bool {
    window.start.is_some_and(|opens| opens.duration_since(start.unwrap_or(now)) > TOLERANCE)
}

/// Tells whether the window opens earlier or later than declared.
fn starts_apart(window: &Window, start: Option<Timestamp>, now: Timestamp) -> bool {
    !near(Some(window.start.unwrap_or(now)), Some(start.unwrap_or(now)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    const NOW: &str = "2026-06-01T12:00:00Z";

    fn live(start: Option<&str>, end: Option<&str>) -> Window {
        Window::new(start.map(at), end.map(at), at(NOW))
    }

    fn period(text: &str) -> Period {
        text.parse().unwrap()
    }

    #[test]
    fn what_was_made_in_this_very_second_has_begun() {
        for (start, is_pending) in [
            ("2026-06-01T12:00:00.4Z", false),
            ("2026-06-01T12:01:00Z", false),
            ("2026-06-01T12:01:01Z", true),
            ("2026-05-31T00:00:00Z", false),
        ] {
            assert_eq!(live(Some(start), None).is_pending(), is_pending, "{start}");
        }
    }

    #[test]
    fn permanent() {
        let ask = Ask { start: None, end: End::Never };
        let judge = |w: Option<Window>| Schedule::Permanent.judge(w.as_ref(), at(NOW));
        assert_eq!(judge(None), Verdict::Grant(ask));
        assert_eq!(judge(Some(live(None, None))), Verdict::InSync);
        assert_eq!(judge(Some(live(Some("2020-01-01T00:00:00Z"), None))), Verdict::InSync);
        assert_eq!(judge(Some(live(None, Some("2027-01-01T00:00:00Z")))), Verdict::Update(ask));
        assert_eq!(judge(Some(live(Some("2026-07-01T00:00:00Z"), None))), Verdict::Update(ask), "not yet in force");
        assert_eq!(
            judge(Some(live(None, Some("2026-05-01T00:00:00Z")))),
            Verdict::Grant(ask),
            "what is over is not there"
        );
    }

    #[test]
    fn windows() {
        let end = at("2026-12-01T00:00:00Z");
        let schedule = Schedule::Window { start: None, end };
        let ask = Ask { start: None, end: End::At(end) };
        let judge = |w: Window| schedule.judge(Some(&w), at(NOW));
        assert_eq!(judge(live(None, Some("2026-12-01T00:04:59Z"))), Verdict::InSync);
        assert_eq!(judge(live(None, Some("2026-12-01T00:05:01Z"))), Verdict::Update(ask));
        assert_eq!(judge(live(None, Some("2026-11-30T23:54:00Z"))), Verdict::Update(ask));
        assert_eq!(judge(live(None, None)), Verdict::Update(ask));
        assert_eq!(judge(live(Some("2026-09-01T00:00:00Z"), Some("2026-12-01T00:00:00Z"))), Verdict::Update(ask));
        assert_eq!(schedule.judge(None, at("2026-12-01T00:00:00Z")), Verdict::Expired);
        assert_eq!(schedule.judge(Some(&live(None, None)), at("2027-01-01T00:00:00Z")), Verdict::Expired);
    }

    #[test]
    fn future_starts() {
        let (start, end) = (at("2026-07-01T00:00:00Z"), at("2026-12-01T00:00:00Z"));
        let schedule = Schedule::Window { start: Some(start), end };
        let ask = Ask { start: Some(start), end: End::At(end) };
        let judge = |w: Option<Window>| schedule.judge(w.as_ref(), at(NOW));
        assert_eq!(judge(None), Verdict::Grant(ask));
        assert_eq!(judge(Some(live(Some("2026-07-01T00:03:00Z"), Some("2026-12-01T00:00:00Z")))), Verdict::InSync);
        assert_eq!(
            judge(Some(live(None, Some("2026-12-01T00:00:00Z")))),
            Verdict::Update(ask),
            "in force before its time is wider than written"
        );
        // the start has passed: now is meant, and what is in force is right
        assert_eq!(
            schedule.judge(Some(&Window { start: None, end: Some(end) }), at("2026-08-01T00:00:00Z")),
            Verdict::InSync
        );
    }

    #[test]
    fn renewal() {
        let schedule = Schedule::Renewal { duration: period("P180D"), renew_before: Some(period("P14D")) };
        let ask = Ask { start: None, end: End::After(period("P180D")) };
        let now = at(NOW);
        let ends_in = |hours: i64| Window { start: None, end: Some(now + SignedDuration::from_hours(hours)) };
        for (hours, want) in [
            (180 * 24, Verdict::InSync),
            (180 * 24 + 1, Verdict::Update(ask)),
            (15 * 24, Verdict::InSync),
            (14 * 24, Verdict::Extend(ask)),
            (1, Verdict::Extend(ask)),
            (-1, Verdict::Grant(ask)),
        ] {
            assert_eq!(schedule.judge(Some(&ends_in(hours)), now), want, "{hours} h");
        }
        assert_eq!(schedule.judge(Some(&Window { start: None, end: None }), now), Verdict::Update(ask));
        let once = Schedule::Renewal { duration: period("P1D"), renew_before: None };
        let ask = Ask { start: None, end: End::After(period("P1D")) };
        assert_eq!(once.judge(None, now), Verdict::Regrant(ask));
        assert_eq!(once.judge(Some(&ends_in(1)), now), Verdict::InSync);
    }

    #[test]
    fn a_wider_grant_is_seen() {
        let now = at(NOW);
        let end = now + SignedDuration::from_hours(24);
        let ask = Ask { start: None, end: End::At(end) };
        assert!(ask.covers(&Window { start: None, end: Some(end) }, now));
        assert!(ask.covers(&Window { start: None, end: Some(now) }, now), "narrower is covered");
        assert!(!ask.covers(&Window { start: None, end: None }, now));
        assert!(!ask.covers(&Window { start: None, end: Some(end + SignedDuration::from_mins(6)) }, now));
        let later = Ask { start: Some(now + SignedDuration::from_hours(1)), end: End::At(end) };
        assert!(!later.covers(&Window { start: None, end: Some(end) }, now), "in force too early");
        let soon = Ask { start: Some(now + SignedDuration::from_secs(330)), end: End::At(end) };
        let granted = Window::new(Some(now + SignedDuration::from_secs(290)), Some(end), now);
        assert!(soon.covers(&granted, now), "a start that is honoured approximately is not too early");
    }
}
