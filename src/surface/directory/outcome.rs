//! What answers mean (graph.md 2.7 and 7.2).

use serde_json::Value;

use crate::core::id::{PrincipalId, RoleId};
use crate::core::scope::DirectoryScope;
use crate::core::target::Target;
use crate::surface::directory::decode;
use crate::surface::json::text;
use crate::surface::{Grant, Outcome};
use crate::wire::Refusal;

/// Reads a refusal. Codes decide; only the newer form of a policy refusal is told apart by its text.
pub(super) fn refusal(refusal: &Refusal) -> Outcome {
    let is = |code: &str| refusal.code.eq_ignore_ascii_case(code);
    if is("RoleAssignmentExists") || is("Request_MultipleObjectsWithSameKeyValue") {
        Outcome::Exists
    } else if is("RoleAssignmentDoesNotExist") {
        Outcome::DoesNotExist
    } else if is("ActiveDurationTooShort") {
        Outcome::TooYoung
    } else if is("PendingRoleAssignmentRequest") {
        Outcome::PendingRequest
    } else if ["RoleNotFound", "SubjectNotFound", "ResourceNotFound", "RoleDefinitionDoesNotExist"]
        .iter()
        .any(|code| is(code))
    {
        // the retired API said 400 for these, the current one says 404: both are read (graph.md 7.2)
        Outcome::NotReplicated(refusal.to_string())
    } else if refusal.status == 404 && is("Request_ResourceNotFound") {
        Outcome::DoesNotExist
    } else {
        Outcome::Refused(refusal.to_string())
    }
}

/// Reads the status of a 201. Success is a re-read of the schedules, not the 201 (graph.md 2.7).
pub(super) fn granted(body: &Value) -> Outcome {
    let status = text(body, "status").unwrap_or_default();
    match status.to_ascii_lowercase().as_str() {
        "provisioned" | "revoked" => Outcome::Done,
        "failed" => Outcome::NotReplicated("the service answered `Failed`".to_owned()),
        "denied" | "canceled" => Outcome::Refused(format!("the service answered `{status}`")),
        "pendingapproval" | "pendingadmindecision" => Outcome::Pending(format!("it waits for a person (`{status}`)")),
        "" => Outcome::Done,
        _ => Outcome::Pending(format!("accepted (`{status}`), not yet in force")),
    }
}

/// Reads what was granted; `None` when the answer is not about a grant.
pub(super) fn grant(body: &Value) -> Option<Grant> {
    let scope = DirectoryScope::parse(text(body, "directoryScopeId")?)?;
    let role = RoleId::new(text(body, "roleDefinitionId")?);
    let info = body.get("scheduleInfo").filter(|info| !info.is_null());
    let window = info.and_then(|info| decode::window(info).ok());
    Some(Grant {
        target: Target::Directory { role, scope },
        principal: PrincipalId::new(text(body, "principalId")?),
        start: window.and_then(|(start, _)| start),
        end: window.map(|(_, end)| end),
        request: text(body, "id").map(str::to_owned),
        condition: None,
    })
}
