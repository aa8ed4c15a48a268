//! `scheduleInfo`: from when until when a request asks for a role (arm.md B.2, B.3).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::answer::Problem;
use super::super::instant::{self, plus, precise, truncate};

/// The shortest assignment (arm.md B.7).
const SHORTEST: SignedDuration = SignedDuration::from_mins(5);
/// How long the service needs: a start that is not later becomes the processing time (arm.md B.3: 1.5 to 3 s).
pub(super) const PROCESSING: SignedDuration = SignedDuration::from_millis(2500);

/// A window in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Window {
    pub(crate) start: Timestamp,
    /// `None` is permanent.
    #[serde(default)]
    pub(crate) end: Option<Timestamp>,
    /// The duration as it was asked, where the request said one.
    #[serde(default)]
    pub(crate) duration: Option<String>,
}

/// Returns the refusal of a contradictory request (arm.md E.2).
pub(super) fn malformed(why: &str) -> Problem {
    Problem::new(400, "InvalidRoleAssignmentRequest", format!("The role assignment request is invalid. {why}"))
}

/// Returns the refusal of what lasts or lasted less than five minutes; the spelling is the service's (arm.md B.7).
pub(super) fn too_short() -> Problem {
    Problem::new(400, "ActiveDurationTooShort", "The Active duration is too short. Miniumum Required is 5 minutes.")
}

/// Returns an instant in the form of `scheduleInfo`, whose zone is written `+00:00` (arm.md B.3).
fn zoned(instant: Timestamp) -> String {
    format!("{}+00:00", precise(instant).trim_end_matches('Z'))
}

impl Window {
    /// Reads `scheduleInfo`. A start that is absent or not in the future becomes the processing time.
    pub(super) fn read(info: &Value, now: Timestamp) -> Result<Self, Problem> {
        let Value::Object(members) = info else { return Err(malformed("scheduleInfo is missing.")) };
        if let Some(name) = members.keys().find(|name| !["startDateTime", "expiration"].contains(&name.as_str())) {
            return Err(malformed(&format!("The member 'scheduleInfo.{name}' is not known.")));
        }
        let processed = plus(truncate(now, 100), PROCESSING);
        let start = instant(&info["startDateTime"])?.filter(|start| *start > processed).unwrap_or(processed);
        let expiration = &info["expiration"];
        let duration = match &expiration["duration"] {
            Value::Null => None,
            Value::String(text) => Some((
                text.clone(),
                instant::duration(text).ok_or_else(|| {
                    malformed(&format!("'{text}' is not a duration in days, hours, minutes, seconds."))
                })?,
            )),
            _ => return Err(malformed("expiration.duration must be a text.")),
        };
        let end = instant(&expiration["endDateTime"])?;
        let kind = expiration["type"].as_str().unwrap_or_default().to_ascii_lowercase();
        let (end, duration) = match (kind.as_str(), end, duration) {
            ("noexpiration", None, None) => (None, None),
            ("afterdatetime", Some(end), None) => (Some(end), None),
            ("afterduration", None, Some((text, length))) => (Some(plus(start, length)), Some(text)),
            _ => {
                return Err(malformed(
                    "expiration must be NoExpiration, AfterDateTime + endDateTime or AfterDuration + duration.",
                ));
            }
        };
        Ok(Self { start, end, duration })
    }

    /// Refuses an end in the past and what is shorter than five minutes.
    pub(super) fn check(&self, now: Timestamp) -> Result<(), Problem> {
        match self.end {
            Some(end) if end <= now => {
                let text = "The schedule of the role assignment request is invalid.";
                Err(Problem::new(400, "InvalidRoleAssignmentRequestSchedule", text))
            }
            Some(end) if end.duration_since(self.start) < SHORTEST => Err(too_short()),
            _ => Ok(()),
        }
    }

    /// Returns how long it lasts; `None` is for ever.
    pub(super) fn length(&self) -> Option<SignedDuration> {
        self.end.map(|end| end.duration_since(self.start))
    }

    /// Tells whether it begins later than a request is processed.
    pub(super) fn is_future(&self, now: Timestamp) -> bool {
        self.start > plus(now, PROCESSING)
    }

    /// Returns `scheduleInfo` as requests print it: what is not asked is left out.
    pub(super) fn info(&self) -> Value {
        let mut expiration = Map::new();
        let kind = match (&self.duration, self.end) {
            (Some(duration), _) => {
                expiration.insert("duration".to_owned(), json!(duration));
                "AfterDuration"
            }
            (None, Some(end)) => {
                expiration.insert("endDateTime".to_owned(), json!(zoned(end)));
                "AfterDateTime"
            }
            (None, None) => "NoExpiration",
        };
        expiration.insert("type".to_owned(), json!(kind));
        json!({"startDateTime": zoned(self.start), "expiration": expiration})
    }
}

fn instant(value: &Value) -> Result<Option<Timestamp>, Problem> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => match text.parse::<Timestamp>() {
            Ok(instant) => Ok(Some(truncate(instant, 100))),
            Err(_) => Err(malformed(&format!("'{text}' is not an instant with a zone."))),
        },
        _ => Err(malformed("An instant must be a text.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn starts_become_the_processing_time_and_ends_follow() {
        let now = at("2022-02-11T00:20:35.4165592Z");
        let info = json!({"startDateTime": "2022-02-10T16:20:33.9232179-08:00",
            "expiration": {"type": "AfterDuration", "duration": "PT30M"}});
        let window = Window::read(&info, now).unwrap();
        assert_eq!(window.info()["startDateTime"], "2022-02-11T00:20:37.9165592+00:00");
        assert_eq!(window.end, Some(at("2022-02-11T00:50:37.9165592Z")));
        assert!(!window.is_future(now));
        let later =
            json!({"startDateTime": "2022-03-09T17:11:19.7711006-08:00", "expiration": {"type": "NoExpiration"}});
        let window = Window::read(&later, now).unwrap();
        assert_eq!(
            window.info(),
            json!({"startDateTime": "2022-03-10T01:11:19.7711006+00:00",
            "expiration": {"type": "NoExpiration"}})
        );
        assert!(window.is_future(now));
        for (expiration, code) in [
            (json!({"type": "AfterDuration", "duration": "PT4M"}), "ActiveDurationTooShort"),
            (
                json!({"type": "AfterDateTime", "endDateTime": "2022-02-10T00:00:00Z"}),
                "InvalidRoleAssignmentRequestSchedule",
            ),
        ] {
            let window = Window::read(&json!({"expiration": expiration}), now).unwrap();
            assert_eq!(window.check(now).unwrap_err().code, code);
        }
        for expiration in [
            json!({"type": "AfterDuration", "duration": "P6M"}),
            json!({"type": "AfterDateTime"}),
            json!({"type": "NoExpiration", "duration": "P1D"}),
            json!({}),
            Value::Null,
        ] {
            assert!(Window::read(&json!({"expiration": expiration}), now).is_err(), "{expiration}");
        }
    }
}
