//! What a policy says to a schedule request (graph.md 3.3, 3.6, 7.2): the names of the rules that fail.

use jiff::SignedDuration;
use serde_json::Value;

use super::super::instant;
use super::super::token::Caller;

/// What a request asks, as far as policies care.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish<'a> {
    pub(super) caller: &'a Caller,
    /// How long it would last; `None` is for ever.
    pub(super) length: Option<SignedDuration>,
    pub(super) has_justification: bool,
    pub(super) has_ticket: bool,
}

/// Returns the rule with this id.
pub(super) fn rule<'a>(rules: &'a [Value], id: &str) -> &'a Value {
    rules.iter().find(|rule| rule["id"] == id).unwrap_or(&Value::Null)
}

/// Tells whether an enablement rule demands `what`.
pub(super) fn demands(rule: &Value, what: &str) -> bool {
    rule["enabledRules"].as_array().is_some_and(|list| list.iter().any(|entry| entry == what))
}

/// Returns the failing rules of a request judged by rules `{kind}_{tail}`, e.g. `Admin_Eligibility`.
///
/// `Justification` and `Ticketing` of rule 2 do not bind applications (measured); an application never satisfies MFA (#17).
pub(super) fn failures(rules: &[Value], tail: &str, wish: &Wish<'_>) -> Vec<&'static str> {
    let mut failed = Vec::new();
    let enablement = rule(rules, &format!("Enablement_{tail}"));
    let is_lenient = tail == "Admin_Eligibility" && wish.caller.user.is_none();
    if demands(enablement, "MultiFactorAuthentication") && !wish.caller.has_mfa {
        failed.push("MfaRule");
    }
    if demands(enablement, "Justification") && !wish.has_justification && !is_lenient {
        failed.push("JustificationRule");
    }
    if demands(enablement, "Ticketing") && !wish.has_ticket && !is_lenient {
        failed.push("TicketingRule");
    }
    let expiration = rule(rules, &format!("Expiration_{tail}"));
    if expiration["isExpirationRequired"] == true {
        let most = expiration["maximumDuration"].as_str().and_then(instant::duration).unwrap_or_default();
        if wish.length.is_none_or(|length| length > most) {
            failed.push("ExpirationRule");
        }
    }
    failed
}
