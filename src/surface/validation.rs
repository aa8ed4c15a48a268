//! Requests that the service is to judge and not to carry out, and what its answers mean.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::core::policy::rule::{Event, RuleId};
use crate::surface::json::flag;
use crate::wire::{Command, Refusal, Verb};

/// A request of which the service says whether it would take it, and which makes nothing.
///
/// Only the surfaces can make one, and only of the very request that a change sends: whoever is handed nothing but validations
/// cannot write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validation {
    command: Command,
}

impl Validation {
    /// Returns the validation of a schedule request on Graph: the same POST with `isValidationOnly: true`, which runs the policy
    /// checks and stores nothing (graph.md 2.9). `None` for what is no schedule request: a cancellation, a deletion.
    ///
    /// The documents recommend it for activations only. That the service runs each check for an administrator's request is
    /// *unconfirmed* (graph.md 15.11): a refusal can be believed, an acceptance is no promise.
    pub(super) fn on_graph(mut command: Command) -> Option<Self> {
        let is_request = command.verb == Verb::Post && command.path.ends_with("ScheduleRequests");
        let members = command.body.as_mut().and_then(Value::as_object_mut).filter(|_| is_request)?;
        members.insert("isValidationOnly".to_owned(), json!(true));
        Some(Self { command })
    }

    /// Returns the validation of a schedule request on ARM: its body as a POST to `…Requests/{guid}/validate`, in the same version
    /// (arm.md B.4; 2020-10-01 is also the one that Microsoft's own client libraries use for it). `None` as for Graph.
    ///
    /// That it takes the permission of the write is *unconfirmed* (arm.md B.4 infers it): where it is refused for a missing
    /// permission, that counts as a refusal of the write.
    pub(super) fn on_arm(command: Command) -> Option<Self> {
        let (collection, _) = command.path.rsplit_once('/')?;
        let is_request =
            command.verb == Verb::Put && collection.ends_with("ScheduleRequests") && command.body.is_some();
        let path = format!("{}/validate", command.path);
        is_request.then_some(Self { command: Command { verb: Verb::Post, path, ..command } })
    }

    /// Returns what is sent.
    pub fn command(&self) -> &Command {
        &self.command
    }
}

/// Tells whether an answer of Graph says of itself that nothing was carried out. One that does not may be about a request that was.
pub(super) fn is_only_judged(body: &Value) -> bool {
    flag(body, "isValidationOnly") == Some(true)
}

/// What a refusal is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ground {
    /// Rules of the role settings.
    Settings(FailedRules),
    /// The role: it is not known, or cannot be assigned as it is, or not there.
    Role,
    /// Anything else.
    Other,
    /// Nothing that the service decided: it has no such request, or something else answered in its place.
    NoJudgement,
}

/// The rules that a request failed, by the names that the service gives them: not those of the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedRules(BTreeSet<String>);

impl FailedRules {
    /// Reads the names out of a message, whichever of its two forms it has (graph.md 7.2, arm.md E.2).
    fn read(message: &str) -> Self {
        let words = message.split(|c: char| !c.is_ascii_alphanumeric());
        Self(words.filter(|word| word.len() > 4 && word.ends_with("Rule")).map(str::to_owned).collect())
    }

    /// Tells whether each of them may come from one of these rules of the settings. A name that is not known may come from any.
    pub fn may_come_from(&self, rules: &[RuleId]) -> bool {
        let is_known = |name: &str| match name {
            "ExpirationRule" => Some(RuleId::Expiration as fn(Event) -> RuleId),
            "JustificationRule" | "TicketingRule" | "MfaRule" => Some(RuleId::Enablement as fn(Event) -> RuleId),
            _ => None,
        };
        self.0.iter().all(|name| match is_known(name) {
            Some(rule) => rules.iter().any(|of| rule(of.event()) == *of),
            None => !rules.is_empty(),
        })
    }
}

/// Reads what the refusal of a schedule request is about. The words are the same on all surfaces (graph.md 7.2, arm.md E.2).
pub fn ground(refusal: &Refusal) -> Ground {
    let is_any = |codes: &[&str]| codes.iter().any(|code| refusal.code.eq_ignore_ascii_case(code));
    // a caller without the role is refused without a code (graph.md 7.2, 403); other bodies without one are not the service's
    let is_mute = refusal.code.is_empty() && refusal.status != 403;
    if refusal.status >= 500 || matches!(refusal.status, 401 | 405 | 408 | 429) || is_mute {
        Ground::NoJudgement
    } else if is_any(&["RoleAssignmentRequestPolicyValidationFailed"]) {
        Ground::Settings(FailedRules::read(&refusal.message))
    } else if is_any(&[
        "RoleNotFound",
        "RoleDefinitionDoesNotExist",
        "RoleDefinitionNotFound",
        "ScopeDoesNotMatchRoleDefinition",
        // of the directory: a disabled role, or one that does not fit its scope (graph.md 7.2)
        "Request_BadRequest",
    ]) {
        Ground::Role
    } else {
        Ground::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::policy::rule::Event::{ActiveAssignment, EligibleAssignment};
    use crate::wire::Api;

    fn refusal(status: u16, code: &str, message: &str) -> Refusal {
        Refusal { status, code: code.to_owned(), message: message.to_owned(), request_id: None, retry_after: None }
    }

    #[test]
    fn nothing_but_a_schedule_request_has_a_validation() {
        let requests = "/roleManagement/directory/roleEligibilityScheduleRequests";
        let post = |path: &str| Command::new(Api::Graph, Verb::Post, path).body(json!({ "action": "adminAssign" }));
        let made = Validation::on_graph(post(requests)).unwrap();
        assert_eq!(made.command().path, requests);
        assert_eq!(made.command().body, Some(json!({ "action": "adminAssign", "isValidationOnly": true })));
        for path in [&format!("{requests}/1/cancel"), "/roleManagement/directory/roleAssignments", "/groups"] {
            assert_eq!(Validation::on_graph(post(path)), None, "{path}");
        }
        assert_eq!(Validation::on_graph(Command::new(Api::Graph, Verb::Post, requests)), None, "without a body");
        assert_eq!(Validation::on_graph(Command { verb: Verb::Patch, ..post(requests) }), None);

        let requests = "/subscriptions/1/providers/Microsoft.Authorization/roleEligibilityScheduleRequests";
        let put = |path: &str| Command::new(Api::Arm, Verb::Put, path).body(json!({}));
        let made = Validation::on_arm(put(&format!("{requests}/2"))).unwrap();
        assert_eq!(
            (made.command().verb, made.command().path.as_str()),
            (Verb::Post, &*format!("{requests}/2/validate"))
        );
        for path in [requests, "/subscriptions/1/providers/Microsoft.Authorization/roleAssignments/2"] {
            assert_eq!(Validation::on_arm(put(path)), None, "{path}");
        }
        assert_eq!(Validation::on_arm(Command { verb: Verb::Delete, ..put(&format!("{requests}/2")) }), None);
    }

    #[test]
    fn an_answer_says_of_itself_that_nothing_was_carried_out() {
        assert!(is_only_judged(&json!({ "isValidationOnly": true })));
        for body in
            [json!({ "isValidationOnly": false }), json!({ "isValidationOnly": "true" }), json!({}), Value::Null]
        {
            assert!(!is_only_judged(&body), "{body}");
        }
    }

    #[test]
    fn failed_rules_are_read_in_both_forms() {
        let expiration = [RuleId::Expiration(EligibleAssignment)];
        let both = [RuleId::Enablement(ActiveAssignment), RuleId::Expiration(ActiveAssignment)];
        for (message, by_expiration, by_both) in [
            (r#"The following policy rules failed: ["ExpirationRule"]"#, true, true),
            (r#"The following policy rules failed: ["ExpirationRule","JustificationRule"]"#, false, true),
            ("The following policy rules failed: MfaRule - Multi-factor authentication is required", false, true),
            ("The following policy rules failed: TicketingRule - x, ExpirationRule - y", false, true),
            // neither a name nor silence says that it is not one of these
            ("The following policy rules failed: WeekdayRule - Not today", true, true),
            ("", true, true),
        ] {
            let Ground::Settings(failed) =
                ground(&refusal(400, "RoleAssignmentRequestPolicyValidationFailed", message))
            else {
                panic!("{message}")
            };
            assert_eq!(failed.may_come_from(&expiration), by_expiration, "{message}");
            assert_eq!(failed.may_come_from(&both), by_both, "{message}");
        }
    }

    #[test]
    fn only_the_services_own_refusals_are_judgements() {
        for (status, code, ground_) in [
            (404, "RoleNotFound", Ground::Role),
            (400, "rolenotfound", Ground::Role),
            (400, "ScopeDoesNotMatchRoleDefinition", Ground::Role),
            (400, "InvalidRoleAssignmentRequest", Ground::Other),
            (403, "AuthorizationFailed", Ground::Other),
            (403, "", Ground::Other),
            (400, "", Ground::NoJudgement),
            (404, "", Ground::NoJudgement),
            (405, "", Ground::NoJudgement),
            (429, "TooManyRequests", Ground::NoJudgement),
            (500, "RoleNotFound", Ground::NoJudgement),
            (501, "NotImplemented", Ground::NoJudgement),
            (503, "ServiceUnavailable", Ground::NoJudgement),
        ] {
            assert_eq!(ground(&refusal(status, code, "")), ground_, "{status} {code}");
        }
    }
}
