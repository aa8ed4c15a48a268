//! ARM's token buckets, kept on our side too: what would be refused is not sent before its time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::clock::SharedClock;

/// What ARM counts apart, per subscription (or the tenant, above subscriptions) and caller (arm.md D.5). A `POST` counts as a
/// write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Read,
    Write,
    Delete,
}

impl Kind {
    fn of(method: &str) -> Self {
        match method {
            "GET" | "HEAD" => Self::Read,
            "DELETE" => Self::Delete,
            _ => Self::Write,
        }
    }

    /// Returns how many requests fit a full bucket and how many flow in per second (arm.md D.5; free and trial subscriptions have
    /// less, and answer 429).
    fn limits(self) -> (f64, f64) {
        match self {
            Self::Read => (250.0, 25.0),
            Self::Write | Self::Delete => (200.0, 10.0),
        }
    }
}

/// The buckets of a run.
#[derive(Debug, Default)]
pub(super) struct Buckets {
    levels: Mutex<HashMap<(String, Kind), Level>>,
}

#[derive(Debug, Clone, Copy)]
struct Level {
    /// Below zero: that many requests wait already.
    left: f64,
    since: Timestamp,
}

impl Buckets {
    /// Takes a token for a request, waiting until there is one. Those who wait are served in the order in which they came.
    pub(super) async fn take(&self, scope: &str, method: &str, clock: &SharedClock) {
        if let Some(wait) = self.draw(scope, Kind::of(method), clock.now()) {
            tracing::debug!(scope, method, ?wait, "waiting for the service's bucket to fill");
            clock.sleep(wait).await;
        }
    }

    /// Draws a token, in advance if need be; returns how long it takes to flow in.
    fn draw(&self, scope: &str, kind: Kind, now: Timestamp) -> Option<SignedDuration> {
        let (capacity, rate) = kind.limits();
        let mut levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
        let level = levels.entry((scope.to_owned(), kind)).or_insert(Level { left: capacity, since: now });
        let passed = now.duration_since(level.since).as_secs_f64().max(0.0);
        *level = Level { left: (level.left + passed * rate).min(capacity) - 1.0, since: level.since.max(now) };
        let missing = -level.left;
        (missing > 0.0).then(|| SignedDuration::from_secs_f64(missing / rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_bucket_is_free_and_an_empty_one_flows_at_its_rate() {
        let (buckets, start) = (Buckets::default(), Timestamp::UNIX_EPOCH);
        for n in 0..250 {
            assert_eq!(buckets.draw("a", Kind::Read, start), None, "{n}");
        }
        assert_eq!(buckets.draw("a", Kind::Read, start), Some(SignedDuration::from_millis(40)));
        assert_eq!(buckets.draw("a", Kind::Read, start), Some(SignedDuration::from_millis(80)), "one after the other");
        assert_eq!(buckets.draw("a", Kind::Write, start), None, "kinds are counted apart");
        assert_eq!(buckets.draw("b", Kind::Read, start), None, "so are subscriptions");
        let later = start + SignedDuration::from_secs(60);
        assert_eq!(buckets.draw("a", Kind::Read, later), None);
        assert_eq!(Kind::of("POST"), Kind::Write);
    }
}
