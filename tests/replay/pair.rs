//! One recorded request with its answer, whatever the recorder.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::json::Json;

/// A request and its answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Pair {
    /// The file of the recording, with the folder of its project: `azure-dev/Test_StorageBlobClient.json`.
    pub(crate) recording: String,
    /// Its place in the recording, from 0.
    pub(crate) number: usize,
    pub(crate) method: String,
    /// Path and query as sent, without the origin.
    pub(crate) target: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sent: Option<Json>,
    pub(crate) status: u16,
    /// Answered headers, names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<Json>,
}

impl Pair {
    /// Returns the segments of the path, doubled slashes collapsed.
    pub(crate) fn segments(&self) -> Vec<&str> {
        self.path().split('/').filter(|part| !part.is_empty()).collect()
    }

    /// Returns the path.
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// Returns the decoded value of a query option.
    pub(crate) fn option(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            decode(key).eq_ignore_ascii_case(name).then(|| decode(value))
        })
    }

    /// Returns the type of `Microsoft.Authorization` that it is about, in lower case; empty for others.
    pub(crate) fn kind(&self) -> String {
        let segments = self.segments();
        let found = segments.windows(2).rposition(|two| two[0].eq_ignore_ascii_case("Microsoft.Authorization"));
        found.map_or_else(String::new, |at| segments[at + 1].to_ascii_lowercase())
    }

    /// Returns the scope before the last `/providers/Microsoft.Authorization`, or the whole path.
    pub(crate) fn scope(&self) -> String {
        let segments = self.segments();
        let end = segments.windows(2).rposition(|two| {
            two[0].eq_ignore_ascii_case("providers") && two[1].eq_ignore_ascii_case("Microsoft.Authorization")
        });
        let kept = &segments[..end.unwrap_or(segments.len())];
        format!("/{}", kept.join("/"))
    }

    /// Returns the name at the end of the path when it names one thing of a type.
    pub(crate) fn name(&self) -> &str {
        self.segments().last().copied().unwrap_or_default()
    }

    /// Returns the documents of the answer: the rows of a list, or the one.
    pub(crate) fn documents(&self) -> &[Json] {
        match &self.body {
            None => &[],
            Some(body) => match body.get("value") {
                Json::List(rows) => rows,
                _ => std::slice::from_ref(body),
            },
        }
    }

    /// Returns a line that says which pair it is.
    pub(crate) fn label(&self) -> String {
        format!("{}#{} {} {} -> {}", self.recording, self.number, self.method, self.target, self.status)
    }
}
