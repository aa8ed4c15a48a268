//! Which permission each call needs (graph.md 8). Only the permissions of that table are known; a token with any of the listed
//! ones passes, and the first one is named in the refusal.

use serde_json::Value;

use super::answer::Problem;
use super::token::Caller;

/// Every application permission that the sandbox knows; `rolewright-admin` has all.
pub(crate) const ALL: &[&str] = &[
    "AdministrativeUnit.Read.All",
    "AdministrativeUnit.ReadWrite.All",
    "Application.Read.All",
    "Application.ReadWrite.All",
    "AuthenticationContext.Read.All",
    "AuthenticationContext.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadWrite.All",
    "GroupMember.Read.All",
    "GroupMember.ReadWrite.All",
    "Organization.Read.All",
    "Policy.Read.ConditionalAccess",
    "PrivilegedAccess.Read.AzureADGroup",
    "PrivilegedAssignmentSchedule.Read.AzureADGroup",
    "PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup",
    "PrivilegedAssignmentSchedule.Remove.AzureADGroup",
    "PrivilegedEligibilitySchedule.Read.AzureADGroup",
    "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup",
    "PrivilegedEligibilitySchedule.Remove.AzureADGroup",
    "RoleAssignmentSchedule.Read.Directory",
    "RoleAssignmentSchedule.ReadWrite.Directory",
    "RoleAssignmentSchedule.Remove.Directory",
    "RoleEligibilitySchedule.Read.Directory",
    "RoleEligibilitySchedule.ReadWrite.Directory",
    "RoleEligibilitySchedule.Remove.Directory",
    "RoleManagement.Read.Directory",
    "RoleManagement.ReadWrite.Directory",
    "RoleManagementPolicy.Read.AzureADGroup",
    "RoleManagementPolicy.Read.Directory",
    "RoleManagementPolicy.ReadWrite.AzureADGroup",
    "RoleManagementPolicy.ReadWrite.Directory",
    "User.Read.All",
    "User.ReadBasic.All",
    "User.ReadWrite.All",
];

/// The permissions of `rolewright-plan` (design.md 7).
pub(crate) const PLAN: &[&str] = &[
    "RoleManagement.Read.Directory",
    "RoleManagementPolicy.Read.Directory",
    "RoleManagementPolicy.Read.AzureADGroup",
    "RoleAssignmentSchedule.Read.Directory",
    "RoleEligibilitySchedule.Read.Directory",
    "PrivilegedAssignmentSchedule.Read.AzureADGroup",
    "PrivilegedEligibilitySchedule.Read.AzureADGroup",
    "PrivilegedAccess.Read.AzureADGroup",
    "User.Read.All",
    "Group.Read.All",
    "Application.Read.All",
    "AdministrativeUnit.Read.All",
    "AuthenticationContext.Read.All",
];

/// What `rolewright-apply` has beyond [`PLAN`] (design.md 7).
pub(crate) const APPLY: &[&str] = &[
    "RoleManagement.ReadWrite.Directory",
    "RoleManagementPolicy.ReadWrite.Directory",
    "RoleManagementPolicy.ReadWrite.AzureADGroup",
    "RoleAssignmentSchedule.ReadWrite.Directory",
    "RoleEligibilitySchedule.ReadWrite.Directory",
    "PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup",
    "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup",
];

pub(crate) const READ_USERS: &[&str] =
    &["User.ReadBasic.All", "User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"];
pub(crate) const WRITE_USERS: &[&str] = &["User.ReadWrite.All", "Directory.ReadWrite.All"];
pub(crate) const READ_GROUPS: &[&str] = &[
    "GroupMember.Read.All",
    "GroupMember.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
pub(crate) const WRITE_GROUPS: &[&str] = &["Group.ReadWrite.All", "Directory.ReadWrite.All"];
pub(crate) const WRITE_MEMBERS: &[&str] =
    &["GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All"];
pub(crate) const READ_APPLICATIONS: &[&str] =
    &["Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"];
pub(crate) const WRITE_APPLICATIONS: &[&str] = &["Application.ReadWrite.All", "Directory.ReadWrite.All"];
pub(crate) const READ_UNITS: &[&str] = &[
    "AdministrativeUnit.Read.All",
    "AdministrativeUnit.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
pub(crate) const WRITE_UNITS: &[&str] = &["AdministrativeUnit.ReadWrite.All", "Directory.ReadWrite.All"];
pub(crate) const READ_ORGANIZATION: &[&str] =
    &["Organization.Read.All", "Directory.Read.All", "Directory.ReadWrite.All"];
pub(crate) const READ_CONTEXTS: &[&str] =
    &["AuthenticationContext.Read.All", "AuthenticationContext.ReadWrite.All", "Policy.Read.ConditionalAccess"];
pub(crate) const WRITE_CONTEXTS: &[&str] = &["AuthenticationContext.ReadWrite.All"];
pub(crate) const READ_ROLES: &[&str] = &[
    "RoleManagement.Read.Directory",
    "RoleManagement.ReadWrite.Directory",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
pub(crate) const WRITE_ROLES: &[&str] = &["RoleManagement.ReadWrite.Directory"];
pub(crate) const READ_POLICIES: &[&str] =
    &["RoleManagementPolicy.Read.Directory", "RoleManagementPolicy.ReadWrite.Directory"];
pub(crate) const WRITE_POLICIES: &[&str] = &["RoleManagementPolicy.ReadWrite.Directory"];
pub(crate) const READ_GROUP_POLICIES: &[&str] =
    &["RoleManagementPolicy.Read.AzureADGroup", "RoleManagementPolicy.ReadWrite.AzureADGroup"];
pub(crate) const WRITE_GROUP_POLICIES: &[&str] = &["RoleManagementPolicy.ReadWrite.AzureADGroup"];
pub(crate) const READ_ONBOARDED: &[&str] = &["PrivilegedAccess.Read.AzureADGroup"];

/// Refuses a directory call without any of `accepted` (403 `Authorization_RequestDenied`).
pub(crate) fn directory(caller: &Caller, accepted: &[&str]) -> Result<(), Problem> {
    if accepted.iter().any(|name| caller.has(name)) {
        return Ok(());
    }
    Err(Problem::new(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."))
}

/// Refuses a PIM call without any of `accepted` (403 `PermissionScopeNotGranted`, wrapped).
pub(crate) fn pim(caller: &Caller, accepted: &[&str]) -> Result<(), Problem> {
    if accepted.iter().any(|name| caller.has(name)) {
        return Ok(());
    }
    let name = accepted.first().copied().unwrap_or_default();
    Err(Problem::wrapped(
        403,
        "PermissionScopeNotGranted",
        format!("Authorization failed due to missing permission scope {name}."),
    ))
}

/// Returns the refusal for a person without the directory role (graph.md 7.2).
pub(crate) fn unauthorized() -> Problem {
    Problem::new(403, "UnknownError", "Attempted to perform an unauthorized operation.")
}

/// Returns the permission names of a credential, `*` spelled out.
pub(crate) fn expand(names: &[String]) -> Vec<Value> {
    if names.iter().any(|name| name == "*") {
        return ALL.iter().map(|name| Value::from(*name)).collect();
    }
    names.iter().map(|name| Value::from(name.as_str())).collect()
}
