//! Addresses of ARM: a scope, the provider, a collection (arm.md 0.2 and 0.3).

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::core::id::RoleId;
use crate::core::scope::ArmScope;
use crate::wire::{Api, Command, Query, Verb};

/// The version of role definitions and role assignments.
pub(super) const RBAC: &str = "2022-04-01";

/// The version of schedules, requests and policies. The preview of the same date prints other ids and member types
/// (arm.md B.6).
pub(super) const PIM: &str = "2020-10-01";

/// What would end or change a path. Names of resource groups may hold parentheses and letters of any script.
const SEGMENT: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'<').add(b'>').add(b'?').add(b'`').add(b'{').add(b'}');

/// Returns a scope as the beginning of a path: nothing for the root.
pub(super) fn scope(scope: &ArmScope) -> String {
    match scope.as_str() {
        "/" => String::new(),
        text => utf8_percent_encode(text, SEGMENT).to_string(),
    }
}

/// Returns the path of a collection of `Microsoft.Authorization` at a scope, e.g. `roleAssignments`.
pub(super) fn collection(at: &ArmScope, collection: &str) -> String {
    format!("{}/providers/Microsoft.Authorization/{collection}", scope(at))
}

/// Returns a list.
pub(super) fn list(at: &ArmScope, name: &str, version: &str) -> Query {
    Query::new(Api::Arm, collection(at, name)).option("api-version", version)
}

/// Returns a write to a path that [`collection`] or the service gave.
pub(super) fn command(verb: Verb, path: impl Into<String>, version: &str) -> Command {
    let mut command = Command::new(Api::Arm, verb, path);
    command.options.push(("api-version".to_owned(), version.to_owned()));
    command
}

/// Returns the full id of a role as requests at a scope name it: below its subscription, or below nothing at management groups
/// and the root (arm.md B.2).
pub(super) fn role(at: &ArmScope, role: &RoleId) -> String {
    let prefix = at.subscription().map(|subscription| subscription.to_string()).unwrap_or_default();
    format!("{prefix}/providers/Microsoft.Authorization/roleDefinitions/{role}")
}

/// Returns the name at the end of a full id: only the last GUID identifies a role (arm.md 0.2).
pub(super) fn name(id: &str) -> &str {
    id.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}
