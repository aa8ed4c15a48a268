//! One call to ARM, taken apart: what is asked of which type at which scope.

use std::ops::Deref;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::super::answer::Problem;
use super::super::route::Call;
use super::super::tenant::Tenant;
use super::access;
use super::scope::Scope;

/// A call with its scope, type and version. Derefs to the call.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) call: &'a Call,
    /// `api-version`, lower case.
    pub(crate) version: String,
    /// What stands before the last `/providers/Microsoft.Authorization/`; the root for paths without it.
    pub(crate) scope: Scope,
    /// The type of `Microsoft.Authorization` as it is spelled in arm.md 0.3; empty for paths without it.
    pub(crate) kind: &'static str,
    /// The segments behind the type: nothing for a collection, then a name, then what is below.
    pub(crate) rest: Vec<&'a str>,
}

impl Deref for Ask<'_> {
    type Target = Call;

    fn deref(&self) -> &Call {
        self.call
    }
}

impl Ask<'_> {
    /// Returns the decoded query option with this name, names compared without case.
    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        self.call.options.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Returns `$filter`, nothing when it is blank.
    pub(crate) fn filter(&self) -> Option<&str> {
        self.option("$filter").map(str::trim).filter(|text| !text.is_empty())
    }

    /// Tells whether the version is one of the early ones whose ids and rows differ (arm.md B.6).
    pub(crate) fn is_preview(&self) -> bool {
        self.version == "2020-10-01-preview"
    }

    /// Returns 501 for what the sandbox does not emulate.
    pub(crate) fn not_emulated(&self) -> Problem {
        Problem::not_emulated(&format!("{} {} at this api-version", self.method, self.path))
    }

    /// Returns `properties` of the JSON object that was sent.
    pub(crate) fn properties(&self) -> Result<&Map<String, Value>, Problem> {
        match self.call.body.as_ref().map(|body| &body["properties"]) {
            Some(Value::Object(members)) => Ok(members),
            _ => Err(Problem::new(
                400,
                "InvalidRequestContent",
                "The request content was invalid and could not be deserialized: 'properties' is required.",
            )),
        }
    }

    /// Refuses the call unless the caller may do `action` at its scope (403 `AuthorizationFailed`, arm.md E.1). The message names
    /// the item where there is one, as recorded.
    pub(crate) fn require(&self, tenant: &Tenant, action: &str) -> Result<(), Problem> {
        let over = match self.rest.first() {
            Some(name) if !self.kind.is_empty() => self.scope.authorization(self.kind, name),
            _ => self.scope.id().to_owned(),
        };
        access::require(tenant, self, &self.scope, action, &over)
    }

    /// Returns tenant time.
    pub(crate) fn now(&self) -> Timestamp {
        self.call.now
    }
}
