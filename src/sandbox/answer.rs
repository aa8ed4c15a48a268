//! What a route answers: a status, headers, a JSON body; or a problem, which is printed in Graph's error shape
//! (graph.md 7.1) or ARM's (arm.md E.1).

use serde_json::{Value, json};

/// A successful answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reply {
    /// The HTTP status.
    pub(crate) status: u16,
    /// Headers besides the common ones.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The JSON body, if any.
    pub(crate) body: Option<Value>,
    /// A body that is not JSON, as a gateway in front of Graph may send; wins over `body`.
    pub(crate) text: Option<String>,
    /// Whether members are printed in ARM's order instead of the alphabet's.
    pub(crate) is_arm: bool,
    /// A body that is JSON text already, for lists of megabytes; wins over `body`.
    pub(crate) raw: Option<String>,
}

impl Reply {
    /// Returns an answer whose body is JSON text already.
    pub(crate) fn raw(status: u16, raw: String) -> Self {
        Self { status, raw: Some(raw), ..Self::default() }
    }

    /// Returns an answer with a body.
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self { status, body: Some(body), ..Self::default() }
    }

    /// Returns 204 without a body.
    pub(crate) fn empty() -> Self {
        Self { status: 204, ..Self::default() }
    }
}

/// A refusal.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    /// The HTTP status.
    pub(crate) status: u16,
    /// Microsoft's code.
    pub(crate) code: String,
    /// The sentence.
    pub(crate) message: String,
    /// Whether Graph wraps code and message into a JSON text, as it does for PIM's own errors.
    pub(crate) is_wrapped: bool,
    /// Headers besides the common ones.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// A body that is not JSON.
    pub(crate) text: Option<String>,
}

/// What every route returns.
pub(crate) type Answer = Result<Reply, Problem>;

impl Problem {
    /// Returns a plain problem.
    pub(crate) fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into(), is_wrapped: false, headers: Vec::new(), text: None }
    }

    /// Returns a problem that Graph prints as `UnknownError` around a JSON text.
    pub(crate) fn wrapped(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { is_wrapped: true, ..Self::new(status, code, message) }
    }

    /// Returns 400 for a body or parameter that no documented call has.
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// Returns 400 for a query option that the page of the endpoint does not allow.
    pub(crate) fn query(message: impl Into<String>) -> Self {
        Self::new(400, "Request_UnsupportedQuery", message)
    }

    /// Returns 501: the sandbox does not emulate this. Never 404, which would mean something to a client.
    pub(crate) fn not_emulated(what: &str) -> Self {
        Self::new(501, "NotEmulated", format!("The sandbox does not emulate {what}."))
    }

    /// Returns 404 for a directory object.
    pub(crate) fn missing(id: &str) -> Self {
        Self::new(
            404,
            "Request_ResourceNotFound",
            format!("Resource '{id}' does not exist or one of its queried reference-property objects are not present."),
        )
    }

    /// Returns the body in ARM's shape (arm.md E.1).
    pub(crate) fn arm_body(&self) -> Value {
        json!({"error": {"code": self.code, "message": self.message}})
    }

    /// Returns the body in Graph's shape; `date` has no zone there.
    pub(crate) fn body(&self, date: &str, request_id: &str, client_request_id: &str) -> Value {
        let (code, message) = if self.is_wrapped {
            let inner = format!(
                "{{\"errorCode\":{},\"message\":{},\"instanceAnnotations\":[]}}",
                Value::from(self.code.as_str()),
                Value::from(self.message.as_str())
            );
            ("UnknownError".to_owned(), inner)
        } else {
            (self.code.clone(), self.message.clone())
        };
        json!({"error": {"code": code, "message": message, "innerError": {
            "date": date, "request-id": request_id, "client-request-id": client_request_id}}})
    }
}
