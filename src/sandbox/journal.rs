//! What was asked and answered, one entry per request, those inside a `$batch` included.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Tenant time at arrival.
    pub time: String,
    /// The HTTP method.
    pub method: String,
    /// The path as sent, e.g. `/v1.0/users`.
    pub path: String,
    /// The query, decoded; empty when there was none.
    pub query: String,
    /// The client id of an application, the user principal name of a person, or nothing for calls without a valid token.
    pub caller: Option<String>,
    /// The status that was answered; `None` when a fault withheld the answer.
    pub status: Option<u16>,
    /// Milliseconds spent, by the base clock.
    pub ms: i64,
    /// The id of the request inside a batch; `None` outside.
    pub batch: Option<String>,
}

/// The journal in memory and, if asked, in a file.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    inner: Mutex<(Vec<Entry>, Option<File>)>,
}

impl Journal {
    /// Returns a journal that also appends to `path`.
    pub(crate) fn open(path: Option<&Path>) -> std::io::Result<Self> {
        let file = match path {
            Some(path) => Some(File::options().create(true).append(true).open(path)?),
            None => None,
        };
        Ok(Self { inner: Mutex::new((Vec::new(), file)) })
    }

    /// Writes an entry through to the file before it returns, so that it is there before the answer leaves.
    pub(crate) fn record(&self, entry: Entry) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = &mut inner.1
            && let Ok(mut line) = serde_json::to_vec(&entry)
        {
            line.push(b'\n');
            if let Err(error) = file.write_all(&line).and_then(|()| file.flush()) {
                tracing::error!(%error, "the sandbox cannot write its journal");
            }
        }
        inner.0.push(entry);
    }

    /// Returns all entries so far.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).0.clone()
    }
}
