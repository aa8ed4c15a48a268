//! What answers mean (arm.md A.5, B.3 and E).

use jiff::Timestamp;
use serde_json::Value;

use crate::core::period::Period;
use crate::surface::json::{Instant, instant, text};
use crate::surface::resource::{decode, path};
use crate::surface::{Grant, Outcome};
use crate::wire::Refusal;

/// Reads a refusal. Codes decide.
pub(super) fn refusal(refusal: &Refusal) -> Outcome {
    let is_any = |codes: &[&str]| codes.iter().any(|code| refusal.code.eq_ignore_ascii_case(code));
    if is_any(&["RoleAssignmentExists"]) {
        Outcome::Exists
    } else if is_any(&["RoleAssignmentDoesNotExist", "RoleAssignmentNotFound"]) {
        Outcome::DoesNotExist
    } else if is_any(&["ActiveDurationTooShort"]) {
        Outcome::TooYoung
    } else if is_any(&["PendingRoleAssignmentRequest"]) {
        Outcome::PendingRequest
    } else if is_any(&["RoleAssignmentRequestExists"]) {
        Outcome::Arrived
    } else if is_any(&["SubjectNotFound", "PrincipalNotFound", "RoleNotFound", "RoleDefinitionDoesNotExist"]) {
        Outcome::NotReplicated(refusal.to_string())
    } else {
        Outcome::Refused(refusal.to_string())
    }
}

/// Reads the status of a 201: failures come with it too (arm.md B.3).
pub(super) fn granted(body: &Value) -> Outcome {
    let status = body.get("properties").and_then(|properties| text(properties, "status")).unwrap_or_default();
    match status.to_ascii_lowercase().as_str() {
        "provisioned" | "revoked" | "" => Outcome::Done,
        "failed" => Outcome::NotReplicated("the service answered `Failed`".to_owned()),
        "denied" | "admindenied" | "canceled" | "invalid" | "timedout" | "failedasresourceislocked" => {
            Outcome::Refused(format!("the service answered `{status}`"))
        }
        "pendingapproval" | "pendingapprovalprovisioning" | "pendingadmindecision" => {
            Outcome::Pending(format!("it waits for a person (`{status}`)"))
        }
        _ => Outcome::Pending(format!("accepted (`{status}`), not yet in force")),
    }
}

/// Reads what was granted; `None` when the answer is not about a grant.
pub(super) fn grant(body: &Value) -> Option<Grant> {
    let properties = body.get("properties")?;
    let (target, principal) = decode::who_and_where(properties).ok()?;
    let window = properties.get("scheduleInfo").filter(|info| info.is_object()).and_then(window);
    Some(Grant {
        target,
        principal,
        start: window.and_then(|(start, _)| start),
        end: window.map(|(_, end)| end),
        request: text(body, "name").or_else(|| text(body, "id").map(path::name)).map(str::to_owned),
        condition: decode::condition(properties),
    })
}

/// Reads `scheduleInfo`; `None` when it is not understood.
fn window(info: &Value) -> Option<(Option<Timestamp>, Option<Timestamp>)> {
    let at = |value: &Value, member: &str| match instant(value, member) {
        Instant::Never => Some(None),
        Instant::At(at) => Some(Some(at)),
        Instant::Unreadable => None,
    };
    let start = at(info, "startDateTime")?;
    let expiration = info.get("expiration")?;
    let end = at(expiration, "endDateTime")?;
    let kind = text(expiration, "type")?;
    let end = if kind.eq_ignore_ascii_case("NoExpiration") {
        None
    } else if kind.eq_ignore_ascii_case("AfterDateTime") {
        Some(end?)
    } else if kind.eq_ignore_ascii_case("AfterDuration") {
        let duration = text(expiration, "duration")?.parse::<Period>().ok()?;
        Some(end.or_else(|| start?.checked_add(duration.as_duration()).ok())?)
    } else {
        return None;
    };
    Some((start, end))
}
