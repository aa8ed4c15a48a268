//! Token buckets: one per caller, refilled by tenant time.

use std::collections::BTreeMap;
use std::str::FromStr;

use jiff::Timestamp;

/// `N` requests in `seconds`, as a bucket of `N` that fills evenly. Text form `100/10s`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Throttle {
    /// How many requests fit the bucket.
    pub requests: u32,
    /// How many seconds fill an empty bucket.
    pub seconds: u32,
}

impl FromStr for Throttle {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (requests, time) = text.split_once('/')?;
            let (number, unit) = match time.strip_suffix('s') {
                Some(number) => (number, 1),
                None => (time.strip_suffix('m')?, 60),
            };
            let seconds = if number.is_empty() { 1 } else { number.parse::<u32>().ok()? }.checked_mul(unit)?;
            let requests = requests.trim().parse().ok()?;
            (requests > 0 && seconds > 0).then_some(Self { requests, seconds })
        };
        read().ok_or_else(|| format!("`{text}` is not of the form 100/10s or 60/m"))
    }
}

/// What is throttled: Graph by a bucket of its own, ARM by the service's documented ones. Text forms `100/10s`, `arm`, `100/10s,arm`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Throttling {
    /// Microsoft Graph's bucket; `None` lets all through.
    pub graph: Option<Throttle>,
    /// Whether ARM's buckets are on: 250 reads refilled at 25 a second, 200 writes and 200 deletes at 10 (arm.md D.5).
    pub arm: bool,
}

impl FromStr for Throttling {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut all = Self { graph: None, arm: false };
        for part in text.split(',').map(str::trim) {
            match part {
                "arm" => all.arm = true,
                rule => all.graph = Some(rule.parse().map_err(|error| format!("{error}, or `arm`"))?),
            }
        }
        Ok(all)
    }
}

/// The buckets of all callers.
#[derive(Debug, Default)]
pub(crate) struct Buckets {
    levels: BTreeMap<String, (f64, Timestamp)>,
}

impl Buckets {
    /// Takes one request out of the caller's bucket; `Err` holds the whole seconds to wait.
    pub(crate) fn take(&mut self, limit: Throttle, caller: &str, now: Timestamp) -> Result<(), u64> {
        let capacity = f64::from(limit.requests);
        self.draw(caller, capacity, capacity / f64::from(limit.seconds), now).map(|_| ())
    }

    /// Takes one request out of the bucket `key`, which holds `capacity` and gains `rate` a second, and returns what is left;
    /// `Err` holds the whole seconds to wait.
    pub(crate) fn draw(&mut self, key: &str, capacity: f64, rate: f64, now: Timestamp) -> Result<f64, u64> {
        let (level, since) = self.levels.entry(key.to_owned()).or_insert((capacity, now));
        let passed = now.duration_since(*since).as_secs_f64().max(0.0);
        *level = (*level + passed * rate).min(capacity);
        *since = now;
        if *level >= 1.0 {
            *level -= 1.0;
            return Ok(level.floor());
        }
        let wait = ((1.0 - *level) / rate).ceil().max(1.0);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        Err(wait as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    #[test]
    fn a_bucket_empties_and_fills() {
        let limit: Throttle = "2/10s".parse().unwrap();
        let (mut buckets, mut now) = (Buckets::default(), Timestamp::UNIX_EPOCH);
        assert_eq!(buckets.take(limit, "a", now), Ok(()));
        assert_eq!(buckets.take(limit, "a", now), Ok(()));
        assert_eq!(buckets.take(limit, "a", now), Err(5));
        assert_eq!(buckets.take(limit, "b", now), Ok(()));
        now += SignedDuration::from_secs(5);
        assert_eq!(buckets.take(limit, "a", now), Ok(()));
        assert_eq!(buckets.take(limit, "a", now), Err(5));
        assert!("0/1s".parse::<Throttle>().is_err() && "x".parse::<Throttle>().is_err());
        assert_eq!("60/m".parse(), Ok(Throttle { requests: 60, seconds: 60 }));
        let graph = Some(Throttle { requests: 2, seconds: 10 });
        assert_eq!("2/10s,arm".parse(), Ok(Throttling { graph, arm: true }));
        assert_eq!("arm".parse(), Ok(Throttling { graph: None, arm: true }));
        assert!("arm,x".parse::<Throttling>().is_err());
    }
}
