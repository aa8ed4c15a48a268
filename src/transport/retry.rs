//! When a request is sent again, and after how long. Pure: the caller waits.

use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderMap;

use super::cause::Cause;

/// What repeating a request can do to the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// It only reads.
    Freely,
    /// Twice leaves the same state as once (`PATCH`, `PUT`, `DELETE`).
    SameState,
    /// It may act twice (`POST`).
    Never,
}

/// What was wrong with an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// 429: nothing was done.
    Throttled(Option<SignedDuration>),
    /// 503 with Retry-After: turned away at the door, nothing was done.
    TurnedAway(SignedDuration),
    /// 408, 502, 503 without Retry-After, 504: something may have been done behind the gateway.
    Gateway,
    /// 500: something may have been done.
    Internal,
    /// 409 because another write was under way at the same object; nothing was done.
    Conflict,
    /// No connection: nothing was sent.
    NotSent,
    /// The connection broke or timed out after the request was sent.
    Lost,
}

impl Fault {
    /// Classifies an error status, or returns `None` for one that is final.
    pub(super) fn of_status(status: u16, code: &str, after: Option<SignedDuration>) -> Option<Self> {
        match status {
            429 => Some(Self::Throttled(after)),
            503 => Some(after.map_or(Self::Gateway, Self::TurnedAway)),
            408 | 502 | 504 => Some(Self::Gateway),
            500 => Some(Self::Internal),
            // graph.md 7.2: parallel writes on one object.
            409 if code == "Directory_ConcurrencyViolation" => Some(Self::Conflict),
            _ => None,
        }
    }

    /// Tells whether the request may have taken effect although the attempt failed.
    pub(super) fn is_doubtful(self) -> bool {
        matches!(self, Self::Gateway | Self::Internal | Self::Lost)
    }

    /// How much of the shared budget one repetition costs: a service that says when to come back is no storm.
    pub(super) fn cost(self) -> u32 {
        match self {
            Self::Throttled(Some(_)) | Self::TurnedAway(_) => 1,
            _ => 5,
        }
    }

    /// The most repetitions for faults of this kind within one request.
    fn limit(self) -> u32 {
        match self {
            Self::Throttled(_) | Self::TurnedAway(_) => 10,
            Self::Gateway | Self::Conflict => 5,
            // graph.md 7.2: a 500 is now and then transient, and a rule of the wrong type gets one for ever.
            Self::Internal => 1,
            Self::NotSent => 2,
            Self::Lost => 3,
        }
    }
}

/// How often each kind of fault happened to one request.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    throttled: u32,
    gateway: u32,
    internal: u32,
    conflict: u32,
    not_sent: u32,
    lost: u32,
}

impl Tally {
    /// Returns how long to wait before the request is sent again, or `None` when it must not be. `jitter` is in 0.0 to 1.0.
    pub(super) fn next(&mut self, fault: Fault, repeat: Repeat, jitter: f64) -> Option<SignedDuration> {
        let count = match fault {
            Fault::Throttled(_) | Fault::TurnedAway(_) => &mut self.throttled,
            Fault::Gateway => &mut self.gateway,
            Fault::Internal => &mut self.internal,
            Fault::Conflict => &mut self.conflict,
            Fault::NotSent => &mut self.not_sent,
            Fault::Lost => &mut self.lost,
        };
        *count += 1;
        if *count > fault.limit() || (fault.is_doubtful() && repeat == Repeat::Never) {
            return None;
        }
        match fault {
            // Never earlier than asked; a little later, so that many do not return in the same instant.
            Fault::Throttled(Some(after)) | Fault::TurnedAway(after) => Some(after + millis(jitter * 500.0)),
            _ => Some(backoff(*count, jitter)),
        }
    }
}

/// Returns the wait before repetition `count` (from 1): 1 to 2 s, doubling, at most 64 s (graph.md 6.3).
fn backoff(count: u32, jitter: f64) -> SignedDuration {
    let base = f64::from(1_u32 << (count.clamp(1, 6) - 1));
    millis(base * (1.0 + jitter.clamp(0.0, 1.0)) * 1_000.0)
}

fn millis(value: f64) -> SignedDuration {
    // In range: at most 64,000.
    SignedDuration::from_millis(value.round() as i64)
}

/// Reads `Retry-After`: seconds, or an HTTP date, which is counted from the answer's own `Date` where it has one, since
/// the service's clock and ours differ. A date in the past means now.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<SignedDuration> {
    let text = headers.get("retry-after")?.to_str().ok()?;
    let from = date(headers).unwrap_or(now);
    parse_retry_after(text, from)
}

/// Reads the text of a `Retry-After`, counting dates from `from`.
pub(super) fn parse_retry_after(text: &str, from: Timestamp) -> Option<SignedDuration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(SignedDuration::from_secs(i64::from(seconds)));
    }
    let until = timestamp(httpdate::parse_http_date(text).ok()?)?;
    Some(until.duration_since(from).max(SignedDuration::ZERO))
}

/// Reads the `Date` header.
pub(super) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    timestamp(httpdate::parse_http_date(headers.get("date")?.to_str().ok()?).ok()?)
}

fn timestamp(time: SystemTime) -> Option<Timestamp> {
    Timestamp::try_from(time).ok()
}

/// Tells whether a connection will fail the same way next time: the certificate is not trusted, not a busy network.
pub(super) fn is_hopeless(cause: &Cause) -> bool {
    cause.mentions("invalid peer certificate")
}

/// A bucket that many requests share: every repetition takes from it, every success puts back. When it is empty, most
/// of what we send fails and sending more only makes it worse.
#[derive(Debug)]
pub(super) struct Budget {
    left: u32,
}

impl Budget {
    /// Enough for a throttled start of a big run (200 polite repetitions), or 40 in a row that fail without a word.
    const FULL: u32 = 200;

    /// Returns a full bucket.
    pub(super) fn full() -> Self {
        Self { left: Self::FULL }
    }

    /// Takes the cost of one repetition; false when there is not enough left.
    pub(super) fn take(&mut self, fault: Fault) -> bool {
        let Some(left) = self.left.checked_sub(fault.cost()) else { return false };
        self.left = left;
        true
    }

    /// Puts back for a success.
    pub(super) fn refill(&mut self) {
        self.left = (self.left + 2).min(Self::FULL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(n: i64) -> SignedDuration {
        SignedDuration::from_secs(n)
    }

    #[test]
    fn statuses_are_told_apart() {
        for (status, code, after, want) in [
            (429, "", None, Some(Fault::Throttled(None))),
            (429, "", Some(seconds(7)), Some(Fault::Throttled(Some(seconds(7))))),
            (503, "", Some(seconds(7)), Some(Fault::TurnedAway(seconds(7)))),
            (503, "", None, Some(Fault::Gateway)),
            (502, "", None, Some(Fault::Gateway)),
            (504, "", Some(seconds(1)), Some(Fault::Gateway)),
            (500, "", None, Some(Fault::Internal)),
            (409, "Directory_ConcurrencyViolation", None, Some(Fault::Conflict)),
            (409, "Request_MultipleObjectsWithSameKeyValue", None, None),
            (400, "RoleAssignmentExists", None, None),
            (401, "", None, None),
            (403, "", Some(seconds(9)), None),
            (404, "", None, None),
            (501, "", None, None),
        ] {
            assert_eq!(Fault::of_status(status, code, after), want, "{status} {code}");
        }
    }

    #[test]
    fn a_post_is_repeated_only_when_nothing_was_done() {
        for (fault, again) in [
            (Fault::Throttled(None), true),
            (Fault::Throttled(Some(seconds(3))), true),
            (Fault::TurnedAway(seconds(3)), true),
            (Fault::Conflict, true),
            (Fault::NotSent, true),
            (Fault::Gateway, false),
            (Fault::Internal, false),
            (Fault::Lost, false),
        ] {
            assert_eq!(Tally::default().next(fault, Repeat::Never, 0.0).is_some(), again, "{fault:?}");
            for repeat in [Repeat::Freely, Repeat::SameState] {
                assert!(Tally::default().next(fault, repeat, 0.0).is_some(), "{fault:?} {repeat:?}");
            }
        }
    }

    #[test]
    fn waits_grow_and_never_undercut_what_was_asked() {
        let mut tally = Tally::default();
        let waits: Vec<i64> = (0..6)
            .filter_map(|_| tally.next(Fault::Gateway, Repeat::Freely, 0.5))
            .map(|wait| wait.as_millis() as i64)
            .collect();
        assert_eq!(waits, [1_500, 3_000, 6_000, 12_000, 24_000]);
        let asked = Fault::Throttled(Some(seconds(30)));
        for jitter in [0.0, 1.0] {
            let wait = Tally::default().next(asked, Repeat::Never, jitter).expect("throttling is repeated");
            assert!(wait >= seconds(30) && wait <= seconds(31));
        }
        let mut tally = Tally::default();
        assert!(tally.next(Fault::Internal, Repeat::Freely, 0.0).is_some());
        assert!(tally.next(Fault::Internal, Repeat::Freely, 0.0).is_none());
    }

    #[test]
    fn retry_after_has_two_forms() {
        let now: Timestamp = "2026-10-21T07:28:00Z".parse().expect("an instant");
        for (text, want) in [
            ("120", Some(seconds(120))),
            (" 0 ", Some(seconds(0))),
            ("Wed, 21 Oct 2026 07:28:30 GMT", Some(seconds(30))),
            ("Wed, 21 Oct 2026 07:00:00 GMT", Some(seconds(0))),
            ("soon", None),
            ("-5", None),
        ] {
            assert_eq!(parse_retry_after(text, now), want, "{text}");
        }
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", "Wed, 21 Oct 2026 09:00:10 GMT".parse().expect("a header"));
        headers.insert("date", "Wed, 21 Oct 2026 09:00:00 GMT".parse().expect("a header"));
        assert_eq!(retry_after(&headers, now), Some(seconds(10)));
    }

    #[test]
    fn a_storm_empties_the_budget_and_successes_fill_it() {
        let mut budget = Budget::full();
        let polite = Fault::Throttled(Some(seconds(1)));
        assert_eq!((0..1_000).take_while(|_| budget.take(Fault::Gateway)).count(), 40);
        assert!(!budget.take(polite));
        budget.refill();
        assert!(budget.take(polite) && budget.take(polite) && !budget.take(polite));
    }
}
