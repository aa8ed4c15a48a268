//! Time as a value that is passed in: what hour it is, and how to wait.
//!
//! Nothing else in the crate reads a clock or sleeps. Tests and the embedded tenant use [`ManualClock`], on which waiting
//! moves the hands instead of the caller.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// A boxed wait, so that [`Clock`] can be a trait object.
pub type Wait = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Tells the time and waits.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Returns the current instant.
    fn now(&self) -> Timestamp;
    /// Waits for `duration`; returns at once when it is zero or negative.
    fn sleep(&self, duration: SignedDuration) -> Wait;
}

/// A clock that many parts share.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep(&self, duration: SignedDuration) -> Wait {
        let wait = std::time::Duration::try_from(duration).unwrap_or_default();
        Box::pin(tokio::time::sleep(wait))
    }
}

/// A clock that stands still until somebody waits on it or sets it.
#[derive(Debug, Clone)]
pub struct ManualClock {
    now: Arc<Mutex<Timestamp>>,
}

impl ManualClock {
    /// Returns a clock that shows `now`.
    pub fn new(now: Timestamp) -> Self {
        Self { now: Arc::new(Mutex::new(now)) }
    }

    /// Sets the hands to `now`.
    pub fn set(&self, now: Timestamp) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Moves the hands forward by `duration` (backward when negative), stopping at the ends of the calendar.
    pub fn advance(&self, duration: SignedDuration) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.checked_add(duration).unwrap_or(*now);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sleep(&self, duration: SignedDuration) -> Wait {
        if duration > SignedDuration::ZERO {
            self.advance(duration);
        }
        Box::pin(tokio::task::yield_now())
    }
}
