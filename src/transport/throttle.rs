//! How many requests are in flight: fewer when a service complains, more again while it is content.
//!
//! Each host has a lane; on ARM each subscription has one besides, since its limits are counted per subscription.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use crate::clock::SharedClock;

/// All lanes of a run.
#[derive(Debug)]
pub(super) struct Throttle {
    most: usize,
    lanes: Mutex<HashMap<String, Arc<Lane>>>,
}

impl Throttle {
    /// Returns lanes that hold at most `most` (at least 1) requests each.
    pub(super) fn new(most: usize) -> Self {
        Self { most: most.max(1), lanes: Mutex::default() }
    }

    /// Returns the lanes that a request to `path` at `host` passes, the narrowest first.
    pub(super) fn lanes(&self, host: &str, path: &str, has_subscriptions: bool) -> Vec<Arc<Lane>> {
        let mut names = Vec::with_capacity(2);
        if has_subscriptions && let Some(subscription) = subscription(path) {
            names.push(format!("{host} {subscription}"));
        }
        names.push(host.to_owned());
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        names
            .into_iter()
            .map(|name| Arc::clone(lanes.entry(name).or_insert_with(|| Arc::new(Lane::new(self.most)))))
            .collect()
    }
}

/// Returns the subscription that a path of ARM is about; `None` above subscriptions.
pub(super) fn subscription(path: &str) -> Option<String> {
    let mut segments = path.trim_start_matches('/').split('/');
    let first = segments.next()?;
    let id = segments.next().filter(|id| !id.is_empty())?;
    first.eq_ignore_ascii_case("subscriptions").then(|| id.to_ascii_lowercase())
}

/// One queue with a limit that adapts: halved by a complaint, raised by one after a round of successes.
#[derive(Debug)]
pub(super) struct Lane {
    most: f64,
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Debug)]
struct State {
    limit: f64,
    in_flight: usize,
    /// Nobody enters before this instant.
    closed_until: Option<Timestamp>,
}

/// The right to have one request in flight; returned when dropped.
#[derive(Debug)]
pub(super) struct Permit {
    lane: Arc<Lane>,
}

impl Lane {
    fn new(most: usize) -> Self {
        let most = most as f64;
        Self { most, state: Mutex::new(State { limit: most, in_flight: 0, closed_until: None }), freed: Notify::new() }
    }

    /// Waits until the lane is open and has room. Waits no longer than to `deadline` for it to open.
    pub(super) async fn enter(self: &Arc<Self>, clock: &SharedClock, deadline: Timestamp) -> Permit {
        loop {
            let freed = self.freed.notified();
            let closed = {
                let mut state = self.state();
                let now = clock.now();
                match state.closed_until.filter(|until| *until > now && now < deadline) {
                    Some(until) => Some(until.min(deadline).duration_since(now)),
                    None if state.in_flight < state.limit.floor() as usize => {
                        state.in_flight += 1;
                        return Permit { lane: Arc::clone(self) };
                    }
                    None => None,
                }
            };
            match closed {
                Some(wait) => clock.sleep(wait).await,
                None => freed.await,
            }
        }
    }

    /// Notes that the service is overwhelmed: half as many from now on, and none before `wait` is over.
    pub(super) fn complain(&self, now: Timestamp, wait: SignedDuration) {
        let mut state = self.state();
        // Complaints about requests sent before the last one say nothing new.
        if state.closed_until.is_none_or(|until| until <= now) {
            state.limit = (state.limit / 2.0).max(1.0);
        }
        if let Ok(until) = now.checked_add(wait) {
            state.closed_until = Some(state.closed_until.map_or(until, |old| old.max(until)));
        }
    }

    /// Notes a success. With `is_tight` the service says that its limit is near, and the lane does not grow.
    pub(super) fn content(&self, is_tight: bool) {
        let mut state = self.state();
        if !is_tight && state.limit < self.most {
            state.limit = (state.limit + 1.0 / state.limit).min(self.most);
            drop(state);
            self.freed.notify_one();
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.lane.state().in_flight -= 1;
        self.lane.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, ManualClock};

    fn start() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().expect("an instant")
    }

    fn limit(lane: &Lane) -> usize {
        lane.state().limit.floor() as usize
    }

    #[test]
    fn lanes_are_per_host_and_per_subscription() {
        let throttle = Throttle::new(8);
        let graph = throttle.lanes("graph", "/subscriptions/x", false);
        assert_eq!(graph.len(), 1);
        let first = throttle.lanes("arm", "/subscriptions/A/providers/x", true);
        let again = throttle.lanes("arm", "/Subscriptions/a/resourceGroups/x", true);
        let other = throttle.lanes("arm", "/subscriptions/b", true);
        assert!(Arc::ptr_eq(&first[0], &again[0]) && !Arc::ptr_eq(&first[0], &other[0]));
        assert!(Arc::ptr_eq(&first[1], &other[1]));
        assert_eq!(throttle.lanes("arm", "/providers/x", true).len(), 1);
    }

    #[test]
    fn complaints_halve_and_content_grows_back() {
        let lane = Lane::new(8);
        let wait = SignedDuration::from_secs(10);
        lane.complain(start(), wait);
        lane.complain(start(), wait);
        assert_eq!(limit(&lane), 4, "two complaints of one moment count once");
        lane.content(true);
        assert_eq!(limit(&lane), 4);
        for _ in 0..100 {
            lane.content(false);
        }
        assert_eq!(limit(&lane), 8);
        for n in 1..10 {
            lane.complain(start() + SignedDuration::from_secs(n * 60), wait);
        }
        assert_eq!(limit(&lane), 1);
    }

    #[tokio::test]
    async fn a_closed_lane_opens_after_the_wait() {
        let manual = ManualClock::new(start());
        let clock: SharedClock = Arc::new(manual.clone());
        let lane = Arc::new(Lane::new(2));
        lane.complain(start(), SignedDuration::from_secs(10));
        let _permit = lane.enter(&clock, start() + SignedDuration::from_secs(60)).await;
        assert_eq!(manual.now(), start() + SignedDuration::from_secs(10));
    }

    #[tokio::test]
    async fn a_full_lane_lets_the_next_in_when_one_leaves() {
        let clock: SharedClock = Arc::new(ManualClock::new(start()));
        let lane = Arc::new(Lane::new(1));
        let permit = lane.enter(&clock, start()).await;
        let waiting = tokio::spawn({
            let (lane, clock) = (Arc::clone(&lane), Arc::clone(&clock));
            async move { drop(lane.enter(&clock, start()).await) }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(permit);
        waiting.await.expect("it entered");
    }
}
