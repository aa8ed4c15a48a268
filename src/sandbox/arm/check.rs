//! What a policy says to a schedule request (arm.md G.4, G.5): the names of the rules that fail.

use jiff::SignedDuration;
use serde_json::Value;

use super::super::instant;
use super::policy_rule::find;

/// What a request asks, as far as policies care.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    /// How long it would last; `None` is for ever.
    pub(super) length: Option<SignedDuration>,
    /// Whether the session has done multi-factor authentication; never true for an application.
    pub(super) has_mfa: bool,
    pub(super) has_justification: bool,
    pub(super) has_ticket: bool,
}

/// Tells whether an enablement rule demands `what`.
fn demands(rule: &Value, what: &str) -> bool {
    rule["enabledRules"].as_array().is_some_and(|list| list.iter().any(|entry| entry == what))
}

/// Returns the failing rules of a request judged by the rules `{kind}_{tail}`, e.g. `Admin_Eligibility`, in the order in which
/// the service was seen to name them (arm.md E.2).
pub(super) fn failures(rules: &[Value], tail: &str, wish: &Wish) -> Vec<&'static str> {
    let mut failed = Vec::new();
    let expiration = find(rules, &format!("Expiration_{tail}"));
    if expiration["isExpirationRequired"] == true {
        let most = expiration["maximumDuration"].as_str().and_then(instant::duration).unwrap_or_default();
        if wish.length.is_none_or(|length| length > most) {
            failed.push("ExpirationRule");
        }
    }
    failed.extend(demanded(rules, tail, wish));
    failed
}

/// Returns the failing rules that are not about time; a removal is judged by these alone (arm.md B.7, G.5).
pub(super) fn demanded(rules: &[Value], tail: &str, wish: &Wish) -> Vec<&'static str> {
    let enablement = find(rules, &format!("Enablement_{tail}"));
    [
        ("MultiFactorAuthentication", wish.has_mfa, "MfaRule"),
        ("Justification", wish.has_justification, "JustificationRule"),
        ("Ticketing", wish.has_ticket, "TicketingRule"),
    ]
    .into_iter()
    .filter(|(what, has, _)| demands(enablement, what) && !has)
    .map(|(.., name)| name)
    .collect()
}
