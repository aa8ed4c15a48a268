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

/// The buckets of all callers.
#[derive(Debug, Default)]
pub(crate) struct Buckets {
    levels: BTreeMap<String, (f64, Timestamp)>,
}

impl Buckets {
    /// Takes one request out of the caller's bucket; `Err` holds the whole seconds to wait.
    pub(crate) fn take(&mut self, limit: Throttle, caller: &str, now: Timestamp) -> Result<(), u64> {
        let (capacity, rate) = (f64::from(limit.requests), f64::from(limit.requests) / f64::from(limit.seconds));
        let (level, since) = self.levels.entry(caller.to_owned()).or_insert((capacity, now));
        let passed = now.duration_since(*since).as_secs_f64().max(0.0);
        *level = (*level + passed * rate).min(capacity);
        *since = now;
        if *level >= 1.0 {
            *level -= 1.0;
            return Ok(());
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
    }
}
