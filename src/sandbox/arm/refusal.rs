//! Refusals that several rooms of ARM share. Shapes and texts are those of arm.md E.1 and D.2.

use super::super::answer::Problem;

/// Returns 404 `SubscriptionNotFound`.
pub(crate) fn no_subscription(id: &str) -> Problem {
    Problem::new(404, "SubscriptionNotFound", format!("The subscription '{id}' could not be found."))
}

/// Returns 404 `ResourceGroupNotFound`.
pub(crate) fn no_resource_group(name: &str) -> Problem {
    Problem::new(404, "ResourceGroupNotFound", format!("Resource group '{name}' could not be found."))
}

/// Returns 404 `NotFound` for a management group.
pub(crate) fn no_management_group(id: &str) -> Problem {
    Problem::new(
        404,
        "NotFound",
        format!("'/providers/Microsoft.Management/managementGroups/{id}' not found. Failed to get management group."),
    )
}

/// Returns 404 `ResourceNotFound`.
pub(crate) fn no_resource(kind: &str, name: &str, group: &str) -> Problem {
    Problem::new(
        404,
        "ResourceNotFound",
        format!(
            "The Resource '{kind}/{name}' under resource group '{group}' was not found. For more details please go to \
             https://aka.ms/ARMResourceNotFoundFix"
        ),
    )
}

/// Returns 404 `RoleDefinitionDoesNotExist`.
pub(crate) fn no_role(id: &str) -> Problem {
    Problem::new(
        404,
        "RoleDefinitionDoesNotExist",
        format!("The specified role definition with ID '{id}' does not exist."),
    )
}

/// Returns 400 for a filter that the endpoint does not have.
pub(crate) fn bad_filter(filter: &str) -> Problem {
    Problem::new(400, "BadRequest", format!("The filter '{filter}' is not supported."))
}

/// Returns 400 `InvalidRequestContent`.
pub(crate) fn bad_content(text: &str) -> Problem {
    Problem::new(
        400,
        "InvalidRequestContent",
        format!("The request content was invalid and could not be deserialized: '{text}'."),
    )
}
