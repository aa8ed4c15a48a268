//! What PIM says and takes alike on all of its surfaces: windows, statuses, kinds of rows, actions. They differ in where the members
//! stand and in the case of words only.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::core::assignment::Mode;
use crate::core::change::Subject;
use crate::core::id::PrincipalId;
use crate::core::period::Period;
use crate::core::policy::rule::RuleId;
use crate::core::policy::settings::Settings;
use crate::core::row::{Membership, ScheduleRow};
use crate::core::schedule::{Ask, End};
use crate::core::target::Target;
use crate::surface::json::{Instant, instant, text};
use crate::surface::rule::{self, Spelling};
use crate::surface::{AssignVerb, Locator, Outcome};
use crate::wire::{Api, Command, Refusal, Verb};

/// How an API writes the words of PIM. Both read either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    /// Graph: `adminAssign`.
    Camel,
    /// ARM: `AdminAssign`.
    Pascal,
}

impl Case {
    fn word(self, camel: &str) -> String {
        match self {
            Self::Camel => camel.to_owned(),
            Self::Pascal => camel[..1].to_ascii_uppercase() + &camel[1..],
        }
    }
}

/// Statuses of schedules that are no longer, never were, or are not yet decided to be in force (graph.md 2.7, arm.md B.3): what
/// waits for a person is left alone (design.md 3).
const DEAD: [&str; 11] = [
    "canceled",
    "denied",
    "admindenied",
    "failed",
    "failedasresourceislocked",
    "invalid",
    "revoked",
    "timedout",
    "pendingapproval",
    "pendingapprovalprovisioning",
    "pendingadmindecision",
];

/// Tells whether a schedule's status says that it gives nobody anything.
pub(super) fn is_dead(row: &Value) -> bool {
    text(row, "status").is_some_and(|status| DEAD.iter().any(|dead| dead.eq_ignore_ascii_case(status)))
}

/// Reads whose row it is on Graph. Only `direct` is managed; anything else, and anything newer than this program, is not
/// (graph.md 2.7, 4.2).
pub(super) fn membership(row: &Value) -> Membership {
    match text(row, "memberType") {
        Some(kind) if kind.eq_ignore_ascii_case("direct") => Membership::Direct,
        _ => Membership::Indirect,
    }
}

/// Tells whether an active row is an activation.
///
/// # Errors
/// An unknown kind: to take it for an assignment could remove it, to take it for an activation could hide it.
pub(super) fn is_activated(row: &Value) -> Result<bool, String> {
    match text(row, "assignmentType") {
        Some(kind) if kind.eq_ignore_ascii_case("activated") => Ok(true),
        Some(kind) if kind.eq_ignore_ascii_case("assigned") => Ok(false),
        other => Err(format!("unknown assignmentType `{}`", other.unwrap_or("null"))),
    }
}

/// Reads an instant that may be missing.
///
/// # Errors
/// A text that is no instant.
pub(super) fn optional(row: &Value, member: &str) -> Result<Option<Timestamp>, String> {
    match instant(row, member) {
        Instant::Never => Ok(None),
        Instant::At(at) => Ok(Some(at)),
        Instant::Unreadable => Err(format!("{member} is no instant")),
    }
}

/// Reads start and end of a `scheduleInfo`. An end that is given as a duration only is computed (graph.md 2.9).
///
/// # Errors
/// A kind of expiration that is not known: taking it for permanent, or for over, would both be wrong.
pub(super) fn window(info: &Value) -> Result<(Option<Timestamp>, Option<Timestamp>), String> {
    let start = optional(info, "startDateTime")?;
    let expiration = info.get("expiration").unwrap_or(&Value::Null);
    let end = optional(expiration, "endDateTime")?;
    let kind = text(expiration, "type").unwrap_or("noExpiration");
    let end = if kind.eq_ignore_ascii_case("noExpiration") || kind.eq_ignore_ascii_case("notSpecified") {
        end
    } else if kind.eq_ignore_ascii_case("afterDateTime") {
        Some(end.ok_or("an expiration without endDateTime")?)
    } else if kind.eq_ignore_ascii_case("afterDuration") {
        let duration = text(expiration, "duration").and_then(|text| text.parse::<Period>().ok());
        match (end, start, duration) {
            (Some(end), ..) => Some(end),
            (None, Some(start), Some(duration)) => start.checked_add(duration.as_duration()).ok(),
            _ => return Err("an expiration without end and duration".to_owned()),
        }
    } else {
        return Err(format!("unknown expiration `{kind}`"));
    };
    Ok((start, end))
}

/// Decodes what a schedule row on Graph says beside target and principal. `None` for one that gives nobody anything.
///
/// # Errors
/// What is missing or not understood.
pub(super) fn graph_schedule(
    row: &Value,
    target: Target,
    principal: PrincipalId,
    mode: Mode,
) -> Result<Option<ScheduleRow>, String> {
    if is_dead(row) {
        return Ok(None);
    }
    // without it nobody can tell a permanent row from one that ends
    let info = row.get("scheduleInfo").filter(|info| info.is_object()).ok_or("scheduleInfo is missing")?;
    let (start, end) = window(info)?;
    Ok(Some(ScheduleRow {
        target,
        principal,
        mode,
        membership: membership(row),
        is_activated: mode == Mode::Active && is_activated(row)?,
        start,
        end,
        // what PIM did not make has nothing here (graph.md 2.8, 4.3)
        request: text(row, "createdUsing").filter(|id| !id.is_empty()).map(str::to_owned),
        assignment: None,
        condition: None,
    }))
}

/// Returns the `scheduleInfo` of a request. A start that is left out means now (graph.md 2.9, arm.md B.2).
pub(super) fn schedule_info(ask: &Ask, case: Case) -> Value {
    let mut info = match ask.end {
        End::Never => json!({ "expiration": { "type": case.word("noExpiration") } }),
        End::At(end) => {
            json!({ "expiration": { "type": case.word("afterDateTime"), "endDateTime": end.to_string() } })
        }
        End::After(period) => {
            json!({ "expiration": { "type": case.word("afterDuration"), "duration": period.to_string() } })
        }
    };
    if let Some(start) = ask.start {
        info["startDateTime"] = json!(start.to_string());
    }
    info
}

/// Returns the action of a request. What cannot be cancelled or deleted as what it is, is removed.
pub(super) fn action(verb: AssignVerb, case: Case) -> String {
    case.word(match verb {
        AssignVerb::Assign => "adminAssign",
        AssignVerb::Update => "adminUpdate",
        AssignVerb::Extend => "adminExtend",
        AssignVerb::Renew => "adminRenew",
        AssignVerb::Remove | AssignVerb::Cancel | AssignVerb::DeletePlain => "adminRemove",
    })
}

/// Adds to a request on Graph what the two surfaces there ask for alike: window, justification and ticket. A removal needs none
/// of them (graph.md 2.9, 4.3).
pub(super) fn when_and_why(body: &mut Map<String, Value>, subject: &Subject, verb: AssignVerb) {
    let Subject::Assignment { ask, justification, ticket, .. } = subject else { return };
    if is_removal(verb) {
        return;
    }
    let info = ask.as_ref().map_or(Value::Null, |ask| schedule_info(ask, Case::Camel));
    body.insert("scheduleInfo".to_owned(), info);
    if let Some(text) = justification {
        body.insert("justification".to_owned(), json!(text));
    }
    if let Some(ticket) = ticket {
        let info = json!({ "ticketNumber": ticket.number, "ticketSystem": ticket.system });
        body.insert("ticketInfo".to_owned(), info);
    }
}

/// Returns the request on Graph that brings rules of a policy to their content: one bulk PATCH per policy, the only form that can
/// swap MFA and a context, and the way out of the write lock of approver recipients (graph.md 3.5, 3.6 #6 and #7).
pub(super) fn policy_command(settings: &Settings, rules: &[RuleId], spelling: Spelling, locator: &Locator) -> Command {
    let rules: Vec<Value> = rules.iter().map(|id| rule::encode(settings, *id, spelling)).collect();
    let policy = locator.policy.as_deref().unwrap_or_default();
    Command::new(Api::Graph, Verb::Patch, format!("/policies/roleManagementPolicies/{policy}"))
        .body(json!({ "rules": rules }))
}

/// Tells whether a request takes something away.
pub(super) fn is_removal(verb: AssignVerb) -> bool {
    matches!(verb, AssignVerb::Remove | AssignVerb::Cancel | AssignVerb::DeletePlain)
}

/// Reads the status of an accepted request: failures come with a 201 too (arm.md B.3), and success is a re-read of the schedules
/// (graph.md 2.7).
pub(super) fn status(row: &Value) -> Outcome {
    let status = text(row, "status").unwrap_or_default();
    match status.to_ascii_lowercase().as_str() {
        "provisioned" | "revoked" | "" => Outcome::Done,
        // a new principal or group is not known everywhere yet (graph.md 2.7, 4.4)
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

/// Reads a refusal of PIM on Graph (graph.md 7.2). Codes decide.
pub(super) fn graph_refusal(refusal: &Refusal) -> Outcome {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_row_that_calls_itself_direct_is_managed() {
        for (word, membership) in [
            (json!("direct"), Membership::Direct),
            (json!("Direct"), Membership::Direct),
            (json!("group"), Membership::Indirect),
            (json!("Group"), Membership::Indirect),
            (json!("Inherited"), Membership::Indirect),
            (json!("Directly"), Membership::Indirect),
            (json!(""), Membership::Indirect),
            (Value::Null, Membership::Indirect),
            (json!(1), Membership::Indirect),
        ] {
            assert_eq!(super::membership(&json!({ "memberType": word })), membership, "{word}");
        }
        assert_eq!(super::membership(&json!({})), Membership::Indirect, "absent");
    }

    #[test]
    fn words_are_written_in_the_case_of_their_api_and_read_in_any() {
        let ask = Ask { start: None, end: End::After(Period::days(30)) };
        assert_eq!(schedule_info(&ask, Case::Camel)["expiration"]["type"], "afterDuration");
        assert_eq!(schedule_info(&ask, Case::Pascal)["expiration"]["type"], "AfterDuration");
        assert_eq!(action(AssignVerb::Extend, Case::Pascal), "AdminExtend");
        for word in ["PendingApproval", "pendingApproval"] {
            assert!(is_dead(&json!({ "status": word })));
            assert!(matches!(status(&json!({ "status": word })), Outcome::Pending(_)));
        }
        let start = "2026-01-01T00:00:00Z";
        for kind in ["afterDuration", "AfterDuration"] {
            let info = json!({ "startDateTime": start, "expiration": { "type": kind, "duration": "P1D" } });
            let end: Timestamp = "2026-01-02T00:00:00Z".parse().unwrap();
            assert_eq!(window(&info), Ok((start.parse().ok(), Some(end))));
        }
        assert!(window(&json!({ "expiration": { "type": "afterFullMoon" } })).is_err());
    }
}
