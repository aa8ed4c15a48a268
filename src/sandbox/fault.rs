//! Faults: which request, which time, what happens.
//!
//! A file of faults is a JSON list of rules; unknown keys are errors. Every part of `match` may be left out, and a rule
//! without any matches everything. All rules that match a request act, in order; of several `answer`s the first wins.
//!
//! ```json
//! [ {"match": {"method": "POST", "path": "/roleEligibilityScheduleRequests", "from": 1, "to": 3},
//!    "effect": {"answer": {"status": 429, "retryAfter": 10}}},
//!   {"match": {"path": "/v1.0/policies/**", "query": "scopeId", "caller": "00000000-0000-4000-8000-0000000000a2",
//!              "batch": false, "body": "adminAssign", "every": 2}, "effect": "lostAnswer"} ]
//! ```
//!
//! `path` is a substring, or a glob over the whole path when it has a `*` (`*` within a segment, `**` across). `from`, `to` and
//! `every` count the requests that match otherwise, from 1. The effects are those of [`Effect`].

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One rule.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// Which requests.
    #[serde(default, rename = "match")]
    pub matches: Match,
    /// What happens to them.
    pub effect: Effect,
}

/// Which requests a rule is about; what is absent matches all.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Match {
    /// The HTTP method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// A part of the path, or a glob for all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// A part of the decoded query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// A part of the body, as compact JSON with sorted keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The caller as the journal prints it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// Only requests inside a `$batch`, or only those outside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<bool>,
    /// The first one that is hit; 1 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<u32>,
    /// The last one that is hit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<u32>,
    /// Only every n-th one from `from` on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<u32>,
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Effect {
    /// This answer instead of handling the request. `code` defaults to Graph's for the status.
    Answer {
        /// The HTTP status, 100 to 599.
        status: u16,
        /// The error code.
        #[serde(default)]
        code: Option<String>,
        /// The error message.
        #[serde(default)]
        message: Option<String>,
        /// `Retry-After` in seconds.
        #[serde(default)]
        retry_after: Option<u64>,
        /// A body that is not JSON (HTML of a gateway, or empty) in place of Graph's error.
        #[serde(default)]
        text: Option<String>,
    },
    /// The connection is dropped before the request is handled.
    Reset,
    /// The request is handled, then the connection is dropped.
    LostAnswer,
    /// No answer for so many real seconds; then the connection is dropped. Not handled.
    Stall {
        /// Real seconds.
        seconds: u64,
    },
    /// A GET sees the tenant as it was so many writes, or seconds of tenant time, ago.
    StaleRead {
        /// How many writes ago.
        #[serde(default)]
        writes: Option<usize>,
        /// How many seconds ago.
        #[serde(default)]
        seconds: Option<i64>,
    },
    /// A schedule request is stored with this status (`Failed`, `Granted`) and makes nothing.
    Request {
        /// The status.
        status: String,
    },
    /// A schedule request is `PendingProvisioning` for so many seconds of tenant time; its schedule appears then.
    PendingProvisioning {
        /// Seconds of tenant time.
        seconds: i64,
    },
    /// A PATCH is answered as usual, but changes nothing.
    IgnorePatch,
    /// A schedule request for a narrower scope makes a schedule at `/` and says so.
    Widen,
    /// A schedule request at an Azure scope makes its schedule without the condition that was sent, and says so.
    DropCondition,
    /// A schedule request on Graph that is only to be validated is carried out, and says so.
    CarryOut,
    /// The link to the next page leads to another origin.
    ForeignNextLink {
        /// The origin, e.g. `http://127.0.0.1:1`.
        origin: String,
    },
    /// 401 `InvalidAuthenticationToken`.
    InvalidToken,
}

impl Match {
    fn is_met(&self, of: &Asked<'_>) -> bool {
        let text = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|part| found.contains(part));
        self.method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(of.method))
            && self.path.as_ref().is_none_or(|path| {
                if path.contains('*') {
                    is_glob_match(path.as_bytes(), of.path.as_bytes())
                } else {
                    of.path.contains(path)
                }
            })
            && text(&self.query, of.query)
            && (self.body.is_none() || text(&self.body, &of.body.map(Value::to_string).unwrap_or_default()))
            && self.caller.as_ref().is_none_or(|caller| of.caller == Some(caller.as_str()))
            && self.batch.is_none_or(|inside| inside == of.is_batched)
    }

    fn is_turn(&self, count: u32) -> bool {
        let from = self.from.unwrap_or(1);
        count >= from
            && self.to.is_none_or(|to| count <= to)
            && self.every.is_none_or(|every| (count - from).is_multiple_of(every.max(1)))
    }
}

/// Matches `*` within a segment and `**` across segments.
fn is_glob_match(glob: &[u8], text: &[u8]) -> bool {
    match glob {
        [] => text.is_empty(),
        [b'*', b'*', rest @ ..] => (0..=text.len()).any(|n| is_glob_match(rest, &text[n..])),
        [b'*', rest @ ..] => {
            let end = text.iter().position(|b| *b == b'/').unwrap_or(text.len());
            (0..=end).any(|n| is_glob_match(rest, &text[n..]))
        }
        [first, rest @ ..] => text.first() == Some(first) && is_glob_match(rest, &text[1..]),
    }
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) body: Option<&'a Value>,
    pub(crate) caller: Option<&'a str>,
    pub(crate) is_batched: bool,
}

/// The rules and how often each was met.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<(FaultRule, u32)>>);

impl Faults {
    /// Replaces all rules; counting starts anew.
    pub(crate) fn set(&self, rules: Vec<FaultRule>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = rules.into_iter().map(|rule| (rule, 0)).collect();
    }

    /// Returns the rules.
    pub(crate) fn rules(&self) -> Vec<FaultRule> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|(rule, _)| rule.clone()).collect()
    }

    /// Tells whether some rule reads the past.
    pub(crate) fn needs_history(&self) -> bool {
        let rules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rules.iter().any(|(rule, _)| matches!(rule.effect, Effect::StaleRead { .. }))
    }

    /// Counts the request and returns what happens to it.
    pub(crate) fn judge(&self, asked: &Asked<'_>) -> Vec<Effect> {
        let mut rules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut effects = Vec::new();
        for (rule, count) in rules.iter_mut() {
            if rule.matches.is_met(asked) {
                *count += 1;
                if rule.matches.is_turn(*count) {
                    effects.push(rule.effect.clone());
                }
            }
        }
        effects
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_count_and_globs_match() {
        let faults = Faults::default();
        faults.set(
            serde_json::from_str(r#"[{"match":{"path":"/v1.0/policies/**","from":2,"to":3},"effect":"reset"}]"#)
                .unwrap(),
        );
        let asked =
            Asked { method: "GET", path: "/v1.0/policies/a/b", query: "", body: None, caller: None, is_batched: false };
        let hits: Vec<bool> = (0..4).map(|_| !faults.judge(&asked).is_empty()).collect();
        assert_eq!(hits, [false, true, true, false]);
        assert!(!is_glob_match(b"/v1.0/*", b"/v1.0/a/b") && is_glob_match(b"/*/users*", b"/beta/users"));
        assert!(serde_json::from_str::<FaultRule>(r#"{"effect":"reset","when":1}"#).is_err());
        assert!(serde_json::from_str::<FaultRule>(r#"{"effect":{"stall":{"second":1}}}"#).is_err());
    }
}
