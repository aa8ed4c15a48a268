//! HTTP as data: what is asked and what was answered, without a socket.
//!
//! [`Query`] can only read and [`Command`] can only be sent by the writing half of the transport, so that code which holds
//! nothing but a reader cannot change a tenant.

use std::fmt;

use jiff::Timestamp;
use serde_json::Value;

/// One of the services behind a cloud; the transport knows their hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Api {
    /// Microsoft Graph `v1.0`.
    Graph,
    /// Microsoft Graph `beta`.
    GraphBeta,
    /// Azure Resource Manager.
    Arm,
}

impl fmt::Display for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Graph => "graph",
            Self::GraphBeta => "graph-beta",
            Self::Arm => "arm",
        })
    }
}

/// A read: always a `GET`, free to be repeated, batched and paged.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Query {
    /// The service.
    pub api: Api,
    /// The path below the service's version, beginning with `/`, its segments already percent-encoded,
    /// e.g. `/roleManagement/directory/roleDefinitions`.
    pub path: String,
    /// Query options in order, decoded, e.g. `("$filter", "scopeId eq '/'")`.
    pub options: Vec<(String, String)>,
    /// Extra headers that every page needs again, e.g. `ConsistencyLevel: eventual`.
    pub headers: Vec<(String, String)>,
}

impl Query {
    /// Returns a read of `path` on `api` without options.
    pub fn new(api: Api, path: impl Into<String>) -> Self {
        Self { api, path: path.into(), options: Vec::new(), headers: Vec::new() }
    }

    /// Adds a query option; `value` is decoded text.
    #[must_use]
    pub fn option(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.push((name.into(), value.into()));
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// The verb of a [`Command`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// `POST`: never repeated blindly.
    Post,
    /// `PATCH`: the same body again gives the same state.
    Patch,
    /// `PUT` with a name chosen by us: the same body again gives the same state.
    Put,
    /// `DELETE`: a second one finds nothing.
    Delete,
}

impl Verb {
    /// Returns the HTTP method's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// A write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The service.
    pub api: Api,
    /// The verb.
    pub verb: Verb,
    /// The path below the service's version, as in [`Query::path`].
    pub path: String,
    /// Query options, as in [`Query::options`].
    pub options: Vec<(String, String)>,
    /// The JSON body.
    pub body: Option<Value>,
}

impl Command {
    /// Returns a write without a body.
    pub fn new(api: Api, verb: Verb, path: impl Into<String>) -> Self {
        Self { api, verb, path: path.into(), options: Vec::new(), body: None }
    }

    /// Sets the JSON body.
    #[must_use]
    pub fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// Tells whether sending the very same request twice leaves the same state as sending it once, so that the transport may
    /// repeat it after a lost answer. A `POST` never is: the caller reads again and decides (graph.md 2.9).
    pub fn is_repeatable(&self) -> bool {
        !matches!(self.verb, Verb::Post)
    }
}

/// An answer with a success status.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// The HTTP status, 200 to 299.
    pub status: u16,
    /// The JSON body; `Null` when there was none.
    pub body: Value,
    /// Microsoft's id of the request (`request-id` on Graph, `x-ms-request-id` on ARM).
    pub request_id: Option<String>,
    /// The service's own time (`Date`), whole seconds.
    pub date: Option<Timestamp>,
}

/// A refusal by the service: an answer with an error status, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status, 400 to 599.
    pub status: u16,
    /// The service's error code; the inner one where Graph wraps PIM's answer in a JSON text (graph.md 7.1). Empty when the
    /// body was not a JSON error.
    pub code: String,
    /// The service's message, unwrapped likewise.
    pub message: String,
    /// Microsoft's id of the request.
    pub request_id: Option<String>,
    /// How long the service asked to wait, in whole seconds.
    pub retry_after: Option<u64>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}", self.status)?;
        if !self.code.is_empty() {
            write!(f, " {}", self.code)?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        if let Some(id) = &self.request_id {
            write!(f, " (request {id})")?;
        }
        Ok(())
    }
}
