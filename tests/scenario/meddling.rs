//! Eyes and hands between two requests: what the tenant was after each, and somebody else who changes it meanwhile.

use std::sync::{Arc, Mutex, OnceLock, Weak};

use rolewright::sandbox::{Entry, Observer, SandboxOptions};
use serde_json::Value;

use crate::stage::Stage;

/// The application that applies.
pub(crate) const APPLY: &str = "00000000-0000-4000-8000-0000000000a2";

/// Every request of the applying application, with the tenant as it was after it.
#[derive(Clone, Default)]
pub(crate) struct Watched(Arc<Mutex<Vec<(Entry, Value)>>>);

impl Watched {
    /// Forgets what was seen.
    pub(crate) fn clear(&self) {
        self.0.lock().unwrap().clear();
    }

    /// Returns the requests other than reads, batches and token requests.
    pub(crate) fn writes(&self) -> Vec<(Entry, Value)> {
        let is_write = |entry: &Entry| entry.method != "GET" && !entry.path.ends_with("/$batch");
        self.0.lock().unwrap().iter().filter(|(entry, _)| is_write(entry)).cloned().collect()
    }
}

/// Returns a stage whose every write is seen.
pub(crate) fn watched(change: impl FnOnce(&mut SandboxOptions)) -> (Stage, Watched) {
    let watched = Watched::default();
    let seen = watched.clone();
    let stage = Stage::with(|options| {
        change(options);
        options.observer = Some(Observer::new(move |entry, state| {
            if entry.caller.as_deref() == Some(APPLY) && entry.method != "GET" {
                seen.0.lock().unwrap().push((entry.clone(), state.clone()));
            }
        }));
    });
    (stage, watched)
}

/// What somebody does, and after which request.
type Deed = (Box<dyn Fn(&Entry) -> bool + Send>, Box<dyn FnOnce(&Stage) + Send>);

/// Somebody else with a hand in the tenant.
#[derive(Clone, Default)]
pub(crate) struct Meddler(Arc<Mutex<Option<Deed>>>);

impl Meddler {
    /// Does `deed` once, after the first request of the applying application that is `when`, before its answer leaves.
    pub(crate) fn after(
        &self,
        when: impl Fn(&Entry) -> bool + Send + 'static,
        deed: impl FnOnce(&Stage) + Send + 'static,
    ) {
        *self.0.lock().unwrap() = Some((Box::new(when), Box::new(deed)));
    }

    /// Tells whether the deed is done.
    pub(crate) fn is_done(&self) -> bool {
        self.0.lock().unwrap().is_none()
    }

    fn take(&self, entry: &Entry) -> Option<Deed> {
        self.0.lock().unwrap().take_if(|(when, _)| entry.caller.as_deref() == Some(APPLY) && when(entry))
    }
}

/// Returns a stage with somebody else in it.
pub(crate) fn meddled(change: impl FnOnce(&mut SandboxOptions)) -> (Arc<Stage>, Meddler) {
    let meddler = Meddler::default();
    let (hand, place) = (meddler.clone(), Arc::new(OnceLock::<Weak<Stage>>::new()));
    let found = place.clone();
    let stage = Arc::new(Stage::with(|options| {
        change(options);
        options.observer = Some(Observer::new(move |entry, _| {
            let Some((_, deed)) = hand.take(entry) else { return };
            let Some(stage) = found.get().and_then(Weak::upgrade) else { return };
            // the server goes on with other requests while this one waits
            tokio::task::block_in_place(|| {
                std::thread::scope(|scope| {
                    scope.spawn(|| deed(&stage));
                });
            });
        }));
    }));
    let _ = place.set(Arc::downgrade(&stage));
    (stage, meddler)
}
