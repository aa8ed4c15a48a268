//! What the policy says to a request (graph.md 7.2), and which eligibility an activation uses.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::super::answer::Problem;
use super::super::super::failed_rule;
use super::super::super::place::Key;
use super::super::super::tenant::{Schedule, Side, Tenant};
use super::super::check::{self, Wish};
use super::super::principal;
use super::window::Window;
use super::{Action, Asked, malformed};

/// Returns the eligibility that an activation uses, with its id: the principal's own or that of a group it is in.
pub(in super::super) fn eligibility<'a>(
    tenant: &'a Tenant,
    key: &Key,
    now: Timestamp,
) -> Option<(&'a String, &'a Schedule)> {
    let found = tenant.schedules.iter().find(|(_, s)| {
        s.key.side == Side::Eligible
            && s.is_in_force(now)
            && s.key.place.is(&key.place)
            && principal::includes(tenant, &s.key.principal, &key.principal, now)
    });
    found.map(|(id, s)| (id, &**s))
}

impl Asked<'_> {
    /// Checks the policy; for an activation returns the eligibility that it uses.
    pub(super) fn judge(
        &self,
        tenant: &Tenant,
        key: &Key,
        window: &Window,
        now: Timestamp,
    ) -> Result<Option<String>, Problem> {
        let rules = tenant.rules(tenant.subject(&key.place).ok_or_else(malformed)?);
        let ticket = self.call.body.as_ref().map_or(&Value::Null, |body| &body["ticketInfo"]);
        let wish = Wish {
            caller: &self.call.caller,
            length: window.length(),
            has_justification: !self.text("justification").trim().is_empty(),
            has_ticket: ticket["ticketNumber"].as_str().is_some_and(|number| !number.trim().is_empty()),
        };
        let tail = match (self.action, self.of.side) {
            (Action::Activate, _) => "EndUser_Assignment",
            (_, Side::Eligible) => "Admin_Eligibility",
            (_, Side::Active) => "Admin_Assignment",
        };
        let mut failed = check::failures(rules, tail, &wish);
        let mut used = None;
        if self.action == Action::Activate {
            used = eligibility(tenant, key, now);
            match used {
                None => failed.push("EligibilityRule"),
                Some((_, s)) => {
                    let outlives = window.end.is_none_or(|end| s.end.is_some_and(|last| end > last));
                    if outlives && !failed.contains(&"ExpirationRule") {
                        failed.push("ExpirationRule");
                    }
                }
            }
        }
        if !failed.is_empty() {
            let text = failed_rule::message(&failed, self.options.switches.newer_policy_message);
            return Err(Problem::new(400, "RoleAssignmentRequestPolicyValidationFailed", text));
        }
        if self.action == Action::Activate {
            let context = check::rule(rules, "AuthenticationContext_EndUser_Assignment");
            let claim = context["claimValue"].as_str().unwrap_or_default();
            if context["isEnabled"] == true && !self.call.caller.contexts.iter().any(|c| c == claim) {
                let challenge = json!({"access_token": {"acrs": {"essential": true, "value": claim}}});
                let text = format!(
                    "&claims={}",
                    percent_encoding::utf8_percent_encode(&challenge.to_string(), percent_encoding::NON_ALPHANUMERIC)
                );
                return Err(Problem::new(400, "RoleAssignmentRequestAcrsValidationFailed", text));
            }
        }
        Ok(used.map(|(id, _)| id.clone()))
    }
}
