//! Turns an error answer into a [`Refusal`]: finds the real code and message beneath Graph's wrapping.

use secrecy::ExposeSecret;
use serde_json::Value;

use crate::wire::Refusal;

use super::auth::Token;
use super::redact::{blot, scrub};

/// Codes that, with status 404, say that the named object does not exist (graph.md 7.2; for ARM its resource providers'
/// error tables). Gateways, unknown routes and invisible subscriptions answer 404 with other codes or none, and a caller that
/// took those for absence would delete or create by mistake.
const ABSENT: [&str; 12] = [
    "Request_ResourceNotFound",
    "ResourceNotFound",
    "RoleNotFound",
    "SubjectNotFound",
    "RoleDefinitionDoesNotExist",
    "RoleDefinitionNotFound",
    "RoleAssignmentDoesNotExist",
    "RoleAssignmentNotFound",
    "RoleAssignmentScheduleRequestNotFound",
    "PolicyNotFound",
    "ResourceGroupNotFound",
    "ItemNotFound",
];

/// Decodes the body of an error answer.
///
/// PIM behind Graph often hides its error: `code` is `UnknownError` or empty and `message` is JSON text with `errorCode` and
/// `message`; `innerError` is also spelled `innererror` and may nest (graph.md 7.1).
pub(super) fn decode(status: u16, body: &[u8], request_id: Option<String>, retry_after: Option<u64>) -> Refusal {
    let (code, message) = match serde_json::from_slice::<Value>(body) {
        Ok(json) => code_and_message(&json),
        Err(_) => (String::new(), String::new()),
    };
    Refusal { status, code: scrub(&code), message: scrub(&message), request_id, retry_after }
}

/// Decodes an error that arrived as JSON already, e.g. inside a batch.
pub(super) fn decode_value(status: u16, body: &Value, request_id: Option<String>, retry_after: Option<u64>) -> Refusal {
    let (code, message) = code_and_message(body);
    Refusal { status, code: scrub(&code), message: scrub(&message), request_id, retry_after }
}

/// Takes our own token out of what a service said, should it repeat what it was sent.
pub(super) trait Without {
    /// Returns the same without the text of `token`.
    fn without(self, token: &Token) -> Self;
}

impl Without for Refusal {
    fn without(mut self, token: &Token) -> Self {
        for text in [&mut self.code, &mut self.message] {
            blot(text, token.secret().expose_secret());
        }
        self
    }
}

/// Tells whether the refusal says that the object does not exist; never true for 401, 403, 429 or 5xx.
pub(super) fn is_absent(refusal: &Refusal) -> bool {
    refusal.status == 404 && ABSENT.iter().any(|code| code.eq_ignore_ascii_case(&refusal.code))
}

fn code_and_message(body: &Value) -> (String, String) {
    let error = match body.get("error") {
        Some(error @ Value::Object(_)) => error,
        // The token endpoint's and some gateways' shape.
        Some(Value::String(code)) => return (code.clone(), text(body, "error_description").unwrap_or_default()),
        _ => body,
    };
    let code = text(error, "code").unwrap_or_default();
    let message = text(error, "message").unwrap_or_default();
    if !says_nothing(&code) {
        return (code, message);
    }
    if let Some(hidden) = wrapped(&message) {
        return hidden;
    }
    let mut inner = inner_error(error);
    while let Some(next) = inner {
        if let Some(code) = text(next, "code").filter(|code| !says_nothing(code)) {
            let deeper = text(next, "message").unwrap_or(message);
            return (code, deeper);
        }
        inner = inner_error(next);
    }
    (code, message)
}

fn says_nothing(code: &str) -> bool {
    code.is_empty() || code.eq_ignore_ascii_case("UnknownError")
}

fn wrapped(message: &str) -> Option<(String, String)> {
    let hidden: Value = serde_json::from_str(message.trim()).ok()?;
    if let Some(code) = text(&hidden, "errorCode") {
        return Some((code, text(&hidden, "message").unwrap_or_default()));
    }
    // ARM's shape, passed through as text.
    let error = hidden.get("error")?;
    Some((text(error, "code")?, text(error, "message").unwrap_or_default()))
}

fn inner_error(error: &Value) -> Option<&Value> {
    error.get("innerError").or_else(|| error.get("innererror")).filter(|inner| inner.is_object())
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn decoded(body: &Value) -> (String, String) {
        let refusal = decode(400, body.to_string().as_bytes(), None, None);
        (refusal.code, refusal.message)
    }

    #[test]
    fn finds_the_hidden_error() {
        let wrapped =
            r#"{"errorCode":"MissingProvider","message":"The provider is missing.","instanceAnnotations":[]}"#;
        for code in ["UnknownError", ""] {
            let body =
                json!({"error": {"code": code, "message": wrapped, "innerError": {"date": "2026-01-01T00:00:00"}}});
            assert_eq!(decoded(&body), ("MissingProvider".into(), "The provider is missing.".into()));
        }
    }

    #[test]
    fn looks_into_inner_errors_of_both_spellings() {
        for key in ["innerError", "innererror"] {
            let body = json!({"error": {"code": "UnknownError", "message": "", key: {key: {"code": "RoleNotFound", "message": "gone"}}}});
            assert_eq!(decoded(&body), ("RoleNotFound".into(), "gone".into()));
        }
    }

    #[test]
    fn keeps_plain_errors_and_survives_anything_else() {
        let plain = json!({"error": {"code": "RoleNotFound", "message": "The role is not found.", "innerError": {"code": "x"}}});
        assert_eq!(decoded(&plain), ("RoleNotFound".into(), "The role is not found.".into()));
        let unknown =
            json!({"error": {"code": "UnknownError", "message": "Attempted to perform an unauthorized operation."}});
        assert_eq!(decoded(&unknown).0, "UnknownError");
        for body in [&b"<html>Bad gateway</html>"[..], b"", b"[]", b"{\"error\":{\"code\":1}}"] {
            assert_eq!(decode(502, body, None, None).code, "");
        }
    }

    #[test]
    fn only_a_404_that_names_the_object_is_absence() {
        let refusal = |status, code: &str| Refusal {
            status,
            code: code.into(),
            message: String::new(),
            request_id: None,
            retry_after: None,
        };
        assert!(is_absent(&refusal(404, "Request_ResourceNotFound")));
        assert!(is_absent(&refusal(404, "resourceNotFound")));
        for (status, code) in [
            (404, ""),
            (404, "UnknownError"),
            (404, "SubscriptionNotFound"),
            (403, "Request_ResourceNotFound"),
            (401, "RoleNotFound"),
            (429, "RoleNotFound"),
            (503, "ResourceNotFound"),
            (400, "RoleNotFound"),
        ] {
            assert!(!is_absent(&refusal(status, code)), "{status} {code}");
        }
    }
}
