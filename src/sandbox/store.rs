//! The one place that holds the tenant: reads of now or of the past, writes that happen whole or not at all, the state file.

use std::collections::VecDeque;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::answer::Problem;
use super::instant::plus;
use super::tenant::Tenant;
use super::{ClockSetting, SandboxError};
use crate::clock::SharedClock;

/// How many past states a sandbox with lag or stale reads remembers.
const PAST: usize = 512;

/// The tenant behind a lock.
#[derive(Debug)]
pub(crate) struct Store {
    inner: Mutex<Inner>,
    base: SharedClock,
    file: Option<PathBuf>,
    /// Keeps other processes away from the state file; released by the system when this one dies.
    _lock: Option<File>,
}

#[derive(Debug)]
struct Inner {
    tenant: Arc<Tenant>,
    /// Earlier states with the instant at which each was replaced, oldest first.
    past: VecDeque<(Timestamp, Arc<Tenant>)>,
    has_past: bool,
}

/// Which state a read sees.
#[derive(Debug, Clone, Copy)]
pub(crate) enum View {
    /// The newest.
    Now,
    /// The one of so long ago.
    Ago(SignedDuration),
    /// The one before so many writes.
    WritesAgo(usize),
}

/// Returns the file beside `path` whose lock says that the state is in use.
fn lock(path: &Path) -> Result<File, SandboxError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let failed = |source| SandboxError::StateFile { path: path.to_owned(), source };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let file = File::options().create(true).truncate(false).write(true).open(&name).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(SandboxError::StateInUse { path: path.to_owned() }),
        Err(std::fs::TryLockError::Error(source)) => Err(failed(source)),
    }
}

impl Store {
    /// Opens the state file, or makes the tenant by `seed` when there is none yet, and sets the clock.
    pub(crate) fn open(
        file: Option<PathBuf>,
        base: SharedClock,
        clock: Option<ClockSetting>,
        seed: impl FnOnce(Timestamp) -> Result<Tenant, SandboxError>,
    ) -> Result<Self, SandboxError> {
        let lock = file.as_deref().map(lock).transpose()?;
        let stored = match &file {
            None => None,
            Some(path) => match std::fs::read(path) {
                Ok(bytes) => Some(
                    serde_json::from_slice::<Tenant>(&bytes)
                        .map_err(|source| SandboxError::StateForm { path: path.clone(), source })?,
                ),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
                Err(source) => return Err(SandboxError::StateFile { path: path.clone(), source }),
            },
        };
        let wanted = clock.map(|setting| match setting {
            ClockSetting::At(instant) => instant.duration_since(base.now()),
            ClockSetting::Offset(offset) => offset,
        });
        let is_new = stored.is_none();
        let mut tenant = match stored {
            Some(tenant) => tenant,
            None => {
                let mut tenant = seed(plus(base.now(), wanted.unwrap_or_default()))?;
                tenant.clock_offset = 0;
                tenant
            }
        };
        if let Some(offset) = wanted {
            tenant.clock_offset = nanoseconds(offset);
        }
        let inner = Inner { tenant: Arc::new(tenant), past: VecDeque::new(), has_past: false };
        let store = Self { inner: Mutex::new(inner), base, file, _lock: lock };
        if is_new || wanted.is_some() {
            store.save()?;
        }
        Ok(store)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers past states from now on, or forgets them.
    pub(crate) fn keep_past(&self, keep: bool) {
        let mut inner = self.lock();
        inner.has_past = keep;
        if !keep {
            inner.past.clear();
        }
    }

    /// Returns tenant time.
    pub(crate) fn now(&self) -> Timestamp {
        self.now_of(&self.lock().tenant)
    }

    fn now_of(&self, tenant: &Tenant) -> Timestamp {
        plus(self.base.now(), SignedDuration::from_nanos(tenant.clock_offset))
    }

    /// Sets tenant time.
    pub(crate) fn set_now(&self, now: Timestamp) -> Result<(), Problem> {
        let offset = nanoseconds(now.duration_since(self.base.now()));
        self.write(|tenant, _| {
            tenant.clock_offset = offset;
            Ok(())
        })
    }

    /// Returns the tenant as `view` sees it.
    pub(crate) fn read(&self, view: View) -> Arc<Tenant> {
        let inner = self.lock();
        let then = match view {
            View::Now => None,
            View::WritesAgo(0) => None,
            View::WritesAgo(writes) => {
                let at = inner.past.len().saturating_sub(writes);
                inner.past.get(at).map(|(_, tenant)| tenant)
            }
            View::Ago(age) => {
                let then = self.now_of(&inner.tenant).saturating_sub(age).unwrap_or(Timestamp::MIN);
                inner.past.iter().find(|(replaced, _)| *replaced > then).map(|(_, tenant)| tenant)
            }
        };
        Arc::clone(then.unwrap_or(&inner.tenant))
    }

    /// Runs `change` on a copy and keeps the copy if it succeeds; the state file is on disk before this returns.
    pub(crate) fn write<R>(
        &self,
        change: impl FnOnce(&mut Tenant, Timestamp) -> Result<R, Problem>,
    ) -> Result<R, Problem> {
        let mut inner = self.lock();
        let now = self.now_of(&inner.tenant);
        let mut next = Tenant::clone(&inner.tenant);
        next.forget(now);
        let result = change(&mut next, now)?;
        if let Some(path) = &self.file {
            replace(path, &next).map_err(|error| {
                Problem::new(500, "StateFile", format!("The sandbox cannot write {}: {error}", path.display()))
            })?;
        }
        let before = std::mem::replace(&mut inner.tenant, Arc::new(next));
        if inner.has_past {
            inner.past.push_back((now, before));
            if inner.past.len() > PAST {
                inner.past.pop_front();
            }
        }
        Ok(result)
    }

    /// Writes the state file, if there is one.
    pub(crate) fn save(&self) -> Result<(), SandboxError> {
        let Some(path) = &self.file else { return Ok(()) };
        replace(path, &self.lock().tenant).map_err(|source| SandboxError::StateFile { path: path.clone(), source })
    }
}

/// Returns the duration in whole nanoseconds, stopping at ±292 years.
fn nanoseconds(duration: SignedDuration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(if duration.is_negative() { i64::MIN } else { i64::MAX })
}

/// Writes beside the file and renames, so that a kill leaves the old state or the new one.
fn replace(path: &Path, tenant: &Tenant) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let mut bytes = serde_json::to_vec(tenant)?;
    bytes.push(b'\n');
    std::fs::write(&beside, bytes)?;
    std::fs::rename(&beside, path)
}
