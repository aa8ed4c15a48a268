//! What was sent and what came of it: one entry per request and one per outcome, never a token and never a body.

use jiff::Timestamp;
use serde::Serialize;

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// When, by the service's clock.
    pub time: Timestamp,
    /// `sending`, `answered`, or `skipped`; `validating` and `validated` for what the service only judges, which is no write.
    pub event: &'static str,
    /// The change.
    pub address: String,
    /// The phase; `preflight` before the first.
    pub phase: &'static str,
    /// The plan's id for the step.
    pub request: Option<uuid::Uuid>,
    /// The HTTP method and path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// What came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Microsoft's id of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// Where entries go. Each is flushed before the next write is sent.
pub trait Journal: Send {
    /// Writes one entry.
    ///
    /// # Errors
    /// When it cannot be written: then nothing more is sent.
    fn record(&mut self, entry: &Entry) -> std::io::Result<()>;
}

/// A journal that keeps nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoJournal;

impl Journal for NoJournal {
    fn record(&mut self, _: &Entry) -> std::io::Result<()> {
        Ok(())
    }
}
