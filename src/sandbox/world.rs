//! Everything that the rooms of one running sandbox share.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jiff::Timestamp;
use serde_json::Value;

use super::SandboxOptions;
use super::fault::Faults;
use super::journal::{Entry, Journal};
use super::store::{Store, View};
use super::tenant::Tenant;
use super::throttle::{Buckets, Throttle};
use crate::clock::SharedClock;

type See = dyn Fn(&Entry, &Value) + Send + Sync;

/// Sees each request when it was handled and before its answer leaves.
#[derive(Clone)]
pub struct Observer(Arc<See>);

impl Observer {
    /// Returns an observer that is called with the journal entry and the tenant's state as JSON after each request, those
    /// inside a batch included. It runs on the server's thread: it must be quick and must not call the sandbox.
    pub fn new(see: impl Fn(&Entry, &Value) + Send + Sync + 'static) -> Self {
        Self(Arc::new(see))
    }

    pub(crate) fn see(&self, entry: &Entry, state: &Value) {
        (self.0)(entry, state);
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

/// The shared state.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) options: SandboxOptions,
    pub(crate) base: SharedClock,
    pub(crate) store: Store,
    pub(crate) faults: Faults,
    pub(crate) journal: Journal,
    pub(crate) observer: Option<Observer>,
    pub(crate) buckets: Mutex<Buckets>,
    pub(crate) address: OnceLock<(String, BTreeSet<String>)>,
    /// How many reads of role definitions there were, for those that alternate.
    pub(crate) turns: AtomicU64,
}

impl World {
    /// Returns the origin that we hand out.
    pub(crate) fn origin(&self) -> &str {
        self.address.get().map_or("", |(origin, _)| origin)
    }

    /// Tells whether a token audience or scope names this sandbox, by any of its names, with or without a slash at the end.
    pub(crate) fn is_ours(&self, resource: &str) -> bool {
        let resource = resource.trim_end_matches('/');
        self.address.get().is_some_and(|(_, names)| names.contains(resource))
    }

    /// Takes a request out of the caller's bucket.
    pub(crate) fn take(&self, limit: Throttle, caller: &str, now: Timestamp) -> Result<(), u64> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner).take(limit, caller, now)
    }

    /// Returns the number of this read, where reads are to alternate between old and new (arm.md G.7).
    pub(crate) fn turn(&self) -> Option<u64> {
        self.options.switches.alternating_roles.then(|| self.turns.fetch_add(1, Ordering::Relaxed))
    }

    /// Returns the tenant as JSON, in the form of the state file.
    pub(crate) fn state_json(&self) -> Value {
        let tenant: &Tenant = &self.store.read(View::Now);
        serde_json::to_value(tenant).unwrap_or(Value::Null)
    }

    /// Remembers the past if somebody may read it.
    pub(crate) fn update_past(&self) {
        self.store.keep_past(!self.options.lag.is_zero() || self.faults.needs_history());
    }
}
