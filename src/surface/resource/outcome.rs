//! What answers mean (arm.md A.5, B.3 and E).

use jiff::Timestamp;
use serde_json::Value;

use crate::surface::json::text;
use crate::surface::resource::{decode, path};
use crate::surface::{Grant, Outcome, pim};
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

/// Reads the status of a 201.
pub(super) fn granted(body: &Value) -> Outcome {
    pim::status(body.get("properties").unwrap_or(&Value::Null))
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

/// Reads `scheduleInfo`; `None` when it is not understood or does not say how it ends.
fn window(info: &Value) -> Option<(Option<Timestamp>, Option<Timestamp>)> {
    text(info.get("expiration")?, "type")?;
    pim::window(info).ok()
}
