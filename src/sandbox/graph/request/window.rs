//! From when until when a request asks (graph.md 2.7, 2.9).

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::super::super::answer::Problem;
use super::super::super::instant::{self, plus, precise, truncate};
use super::{malformed, too_short};

/// The shortest window, and how far ahead an end must be (graph.md 2.9).
const SHORTEST: SignedDuration = SignedDuration::from_mins(5);

/// A window in time as asked.
#[derive(Debug, Clone)]
pub(super) struct Window {
    pub(super) start: Timestamp,
    pub(super) end: Option<Timestamp>,
    pub(super) duration: Option<String>,
    kind: &'static str,
    pub(super) is_future: bool,
}

impl Window {
    /// Reads `scheduleInfo`; instants in the past mean now.
    pub(super) fn read(info: &Value, now: Timestamp) -> Result<Self, Problem> {
        let Value::Object(members) = info else { return Err(malformed()) };
        let known = |name: &str| ["startDateTime", "expiration", "recurrence", "@odata.type"].contains(&name);
        if let Some(name) = members.keys().find(|name| !known(name)) {
            return Err(Problem::bad(format!("The property 'scheduleInfo/{name}' is not known.")));
        }
        let instant = |value: &Value| match value {
            Value::Null => Ok(None),
            Value::String(text) => text.parse::<Timestamp>().map(Some).map_err(|_| {
                Problem::bad(format!("Cannot convert the literal '{text}' to the expected type 'Edm.DateTimeOffset'."))
            }),
            _ => Err(malformed()),
        };
        let asked = instant(&info["startDateTime"])?;
        let now = truncate(now, 100);
        let start = asked.filter(|start| *start > now).unwrap_or(now);
        let expiration = &info["expiration"];
        let duration = match &expiration["duration"] {
            Value::Null => None,
            Value::String(text) => {
                let length = instant::duration(text).ok_or_else(|| {
                    // A text that is no ISO 8601 duration at all does not even parse as OData.
                    if text.starts_with('P') {
                        malformed()
                    } else {
                        Problem::bad(format!(
                            "Cannot convert the literal '{text}' to the expected type 'Edm.Duration'."
                        ))
                    }
                })?;
                Some((text.clone(), length))
            }
            _ => return Err(malformed()),
        };
        let end = instant(&expiration["endDateTime"])?;
        let kind = expiration["type"].as_str().unwrap_or("notSpecified").to_ascii_lowercase();
        let (kind, end, duration) = match (kind.as_str(), end, duration) {
            ("noexpiration" | "notspecified", None, None) => ("noExpiration", None, None),
            ("noexpiration" | "notspecified", Some(end), None) | ("afterdatetime", Some(end), _) => {
                ("afterDateTime", Some(end), None)
            }
            ("afterduration" | "notspecified" | "noexpiration", _, Some((text, length))) => {
                ("afterDuration", Some(plus(start, length)), Some(text))
            }
            _ => return Err(malformed()),
        };
        if let Some(end) = end {
            if end <= start {
                let text = "The schedule of the role assignment request is invalid.";
                return Err(Problem::new(400, "InvalidRoleAssignmentRequestSchedule", text));
            }
            if end.duration_since(start) < SHORTEST || end < plus(now, SHORTEST) {
                return Err(too_short());
            }
        }
        Ok(Window { start, end, duration, kind, is_future: start > now })
    }

    /// Returns how long it lasts; `None` is for ever.
    pub(super) fn length(&self) -> Option<SignedDuration> {
        self.end.map(|end| end.duration_since(self.start))
    }

    /// Returns it as the answer to a POST prints it.
    pub(super) fn print(&self) -> Value {
        let end = self.end.filter(|_| self.duration.is_none()).map(precise);
        json!({"startDateTime": precise(self.start), "recurrence": null,
            "expiration": {"type": self.kind, "endDateTime": end, "duration": self.duration}})
    }
}
