//! The `DirectoryRoleDefinition` and `AzureRoleDefinition` documents: custom roles.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::core::id::RoleId;
use crate::core::target::Surface;
use crate::manifest::kind::text;

/// A custom Microsoft Entra directory role.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "Custom directory role")]
pub struct DirectoryRoleDefinition {
    /// The id of a role that exists already. Without it the role is known by an id derived from tenant and `metadata.name`.
    #[schemars(with = "Option<text::Guid>")]
    pub id: Option<RoleId>,
    /// The name that people see. Assignments refer to the role by it.
    #[schemars(with = "text::Name", example = &"App Assignment Operator")]
    pub display_name: String,
    /// What the role is for; not managed when absent.
    #[schemars(example = &"Assigns users and groups to enterprise applications")]
    pub description: Option<String>,
    /// The resource actions that the role allows.
    #[schemars(
        with = "Vec<text::Name>",
        length(min = 1),
        example = serde_json::json!(["microsoft.directory/servicePrincipals/appRoleAssignedTo/update"])
    )]
    pub permissions: Vec<String>,
    /// Whether the role may be assigned; not managed when absent (true at creation).
    pub enabled: Option<bool>,
}

/// A custom Azure role.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "Custom Azure role")]
pub struct AzureRoleDefinition {
    /// The GUID of a role that exists already. Without it the role is known by an id derived from tenant and `metadata.name`.
    #[schemars(with = "Option<text::Guid>")]
    pub id: Option<RoleId>,
    /// The name that people see. Assignments refer to the role by it.
    #[schemars(with = "text::Name", example = &"VM Operator")]
    pub display_name: String,
    /// What the role is for; not managed when absent.
    #[schemars(example = "Starts, stops and restarts virtual machines")]
    pub description: Option<String>,
    /// A built-in role of which this one must be a subset, e.g. because it is a copy with stricter settings. Checked offline, compared
    /// with the live role by `plan`, never sent.
    #[schemars(with = "Option<text::Name>", example = &"Virtual Machine Contributor")]
    pub based_on: Option<String>,
    /// What the role allows.
    pub permissions: AzurePermissions,
    /// Where the role may be assigned: names of Scope manifests or full ids of Azure scopes. Not `/`; at most one management group.
    #[schemars(with = "Vec<text::ScopeName>", length(min = 1))]
    pub assignable_scopes: Vec<String>,
}

/// What an Azure role allows. `*` is a wildcard.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(
    title = "Azure permissions",
    example = serde_json::json!({"actions": ["Microsoft.Compute/virtualMachines/start/action", "Microsoft.Compute/virtualMachines/*/read"]})
)]
pub struct AzurePermissions {
    /// Control-plane actions that are allowed.
    #[schemars(with = "Option<Vec<text::Name>>")]
    pub actions: Option<Vec<String>>,
    /// Control-plane actions taken out of `actions` again.
    #[schemars(with = "Option<Vec<text::Name>>")]
    pub not_actions: Option<Vec<String>>,
    /// Data-plane actions that are allowed. A role that has them cannot be assigned at a management group.
    #[schemars(with = "Option<Vec<text::Name>>")]
    pub data_actions: Option<Vec<String>>,
    /// Data-plane actions taken out of `dataActions` again.
    #[schemars(with = "Option<Vec<text::Name>>")]
    pub not_data_actions: Option<Vec<String>>,
}

/// How messages speak of what the custom roles of a kind hold.
#[derive(Debug)]
pub(crate) struct PermissionWords {
    /// The surface of the roles.
    pub(crate) surface: Surface,
    /// The document that holds one, with its article.
    pub(crate) document: &'static str,
    /// What one is.
    pub(crate) one: &'static str,
    /// What one is where it stands in the wrong place.
    pub(crate) foreign: &'static str,
}

impl DirectoryRoleDefinition {
    /// The words for what it holds.
    pub(crate) const PERMISSION: PermissionWords = PermissionWords {
        surface: Surface::Directory,
        document: "a DirectoryRoleDefinition",
        one: "permission",
        foreign: "a Microsoft Entra permission",
    };
}

impl AzureRoleDefinition {
    /// The words for what it holds.
    pub(crate) const PERMISSION: PermissionWords = PermissionWords {
        surface: Surface::Azure,
        document: "an AzureRoleDefinition",
        one: "operation",
        foreign: "an Azure operation",
    };
}

impl PermissionWords {
    /// Those of every kind of role definition.
    pub(crate) const ALL: [&'static Self; 2] = [&DirectoryRoleDefinition::PERMISSION, &AzureRoleDefinition::PERMISSION];
}
