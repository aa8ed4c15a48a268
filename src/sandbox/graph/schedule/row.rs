//! One schedule, instance or request as Graph prints it, for directory roles and for groups (graph.md 2.7, 4.2).

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::super::super::id;
use super::super::super::instant::{self, coarse, precise};
use super::super::super::options::Switches;
use super::super::super::place::Surface;
use super::super::super::tenant::{Request, Schedule, Side};

/// Returns a schedule.
pub(crate) fn schedule(id: &str, s: &Schedule, now: Timestamp, switches: &Switches) -> Value {
    let (is_outside, surface) = (s.created_using.is_none(), s.key.place.surface());
    // Out-of-PIM rows print the time of the query as their start (graph.md 2.8), with full precision for directory roles. Those of
    // groups print a creation too; the documented sample has the same time in both.
    let (start, created) = match (is_outside, surface) {
        (false, _) => (coarse(s.start), json!(coarse(s.created))),
        (true, Surface::Directory) => (precise(now), Value::Null),
        (true, Surface::Group) => (coarse(now), json!(coarse(now))),
    };
    // after an update in place the duration no longer counts from the start that is kept
    let adds_up = |text: &str, end| instant::duration(text).is_some_and(|length| instant::plus(s.start, length) == end);
    let expiration = match (&s.duration, s.end) {
        (_, None) => json!({"type": "noExpiration", "endDateTime": null, "duration": null}),
        (Some(duration), Some(end)) if switches.keeps_durations && adds_up(duration, end) => {
            json!({"type": "afterDuration", "endDateTime": null, "duration": duration})
        }
        (_, Some(end)) => json!({"type": "afterDateTime", "endDateTime": coarse(end), "duration": null}),
    };
    // "Never modified" is null on one side and a sentinel on the other (graph.md 1).
    let modified = match (s.modified, s.key.side) {
        (Some(modified), _) => json!(coarse(modified)),
        (None, Side::Eligible) => json!("0001-01-01T08:00:00Z"),
        (None, Side::Active) => Value::Null,
    };
    let mut row = base(id, s);
    for (name, value) in [
        ("createdUsing", json!(s.created_using)),
        ("createdDateTime", created),
        ("modifiedDateTime", modified),
        ("status", json!(if s.start > now { "Granted" } else { "Provisioned" })),
        ("scheduleInfo", json!({"startDateTime": start, "recurrence": null, "expiration": expiration})),
    ] {
        row.insert(name.to_owned(), value);
    }
    Value::Object(row)
}

/// Returns what schedule and instance have in common.
fn base(id: &str, s: &Schedule) -> Map<String, Value> {
    let mut row = Map::new();
    row.insert("id".to_owned(), json!(id));
    row.insert("principalId".to_owned(), json!(s.key.principal));
    s.key.place.print(&mut row);
    row.insert("memberType".to_owned(), json!("Direct"));
    if s.key.side == Side::Active {
        let kind = if s.activated_using.is_some() { "Activated" } else { "Assigned" };
        row.insert("assignmentType".to_owned(), json!(kind));
    }
    row
}

/// Returns the instance of a schedule that is in force. An out-of-PIM instance of a group has its schedule's id.
pub(crate) fn instance(id: &str, s: &Schedule) -> Value {
    let is_outside = s.created_using.is_none();
    let (own, behind, origin) = match (s.key.place.surface(), s.key.side) {
        (Surface::Directory, Side::Eligible) => {
            (format!("{}-e", s.key.assignment_id()), "roleEligibilityScheduleId", None)
        }
        (Surface::Directory, Side::Active) => {
            let origin = s.key.assignment_id();
            (origin.clone(), "roleAssignmentScheduleId", Some(origin))
        }
        (Surface::Group, side) => {
            let own = s.key.place.schedule_id(&id::minted("instance", &s.key.text()));
            let behind = if side == Side::Active { "assignmentScheduleId" } else { "eligibilityScheduleId" };
            (if is_outside { id.to_owned() } else { own }, behind, None)
        }
    };
    let mut row = base(&own, s);
    row.insert("startDateTime".to_owned(), json!((!is_outside).then(|| coarse(s.start))));
    row.insert("endDateTime".to_owned(), json!(s.end.map(coarse)));
    row.insert(behind.to_owned(), json!(id));
    if let Some(origin) = origin {
        row.insert("roleAssignmentOriginId".to_owned(), json!(origin));
    }
    Value::Object(row)
}

/// Returns a request as a later GET prints it: its status of now, and instants with less precision than the POST's answer.
pub(crate) fn request(request: &Request, now: Timestamp) -> Value {
    let mut document = request.document.clone();
    document.insert("status".to_owned(), json!(request.status(now)));
    document.insert("createdDateTime".to_owned(), json!(coarse(request.created)));
    if let Some(completed) = document.get("completedDateTime").and_then(Value::as_str)
        && let Ok(completed) = completed.parse::<Timestamp>()
    {
        document.insert("completedDateTime".to_owned(), json!(coarse(completed)));
    }
    Value::Object(document)
}
