//! The `Tenant` document: which tenant, who applies, what is owned, what is never touched.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::core::id::TenantId;
use crate::core::target::Surface;
use crate::manifest::kind::principal::Principal;
use crate::manifest::kind::role::RoleReference;
use crate::manifest::kind::text;

/// The tenant that the manifests describe. Exactly one document of this kind in a run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "Tenant")]
pub struct Tenant {
    /// The id of the Microsoft Entra tenant. A token of any other tenant is refused before the first read.
    #[schemars(with = "text::Guid")]
    pub tenant_id: TenantId,
    /// The cloud the tenant is in; `public` when absent.
    pub cloud: Option<Cloud>,
    /// Who will apply the manifests; `application` when absent. An application can never satisfy a demand for multifactor
    /// authentication.
    pub apply_as: Option<ApplyAs>,
    /// The identity that will apply: a service principal, or a user where `applyAs: user`. A plan that takes from it what it needs
    /// to write is refused, also when another identity makes the plan.
    #[schemars(example = serde_json::json!({"servicePrincipal": "CI Deployer"}))]
    pub applied_by: Option<Principal>,
    /// Where absence from Git means removal. Everywhere else what is not declared is listed as unmanaged and left alone. The
    /// first entry that matches decides.
    pub ownership: Option<Vec<OwnershipEntry>>,
    /// What is never drift and never touched, but still counted by guards and risk.
    pub ignore: Option<Ignore>,
    /// Emergency accounts. Each must hold a permanent, direct, active Global Administrator at tenant scope in the end state.
    #[schemars(example = serde_json::json!([{"user": "breakglass1@contoso.example"}]))]
    pub break_glass: Option<Vec<Principal>>,
    /// Bounds for what one plan may do.
    pub limits: Option<Limits>,
    /// Folders of guardrails, the organisation's own rules in Rego, relative to the folder of this file.
    #[schemars(example = serde_json::json!(["guardrails/"]))]
    pub guardrails: Option<Vec<String>>,
}

/// A Microsoft cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "Cloud")]
pub enum Cloud {
    /// The public cloud.
    #[default]
    Public,
    /// Azure for the US Government (GCC High).
    UsGovernment,
    /// Azure for the US Department of Defense.
    #[serde(rename = "usGovernmentDoD")]
    UsGovernmentDod,
    /// Azure operated by 21Vianet.
    China,
}

impl Cloud {
    /// Returns the manifest's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::UsGovernment => "usGovernment",
            Self::UsGovernmentDod => "usGovernmentDoD",
            Self::China => "china",
        }
    }
}

/// Who applies the manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "Who applies")]
pub enum ApplyAs {
    /// An application, e.g. a pipeline.
    #[default]
    Application,
    /// A person who signed in with multifactor authentication.
    User,
}

/// Whether what is not declared is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "Authority")]
pub enum Authority {
    /// What is not declared is listed as unmanaged and left alone.
    #[default]
    Additive,
    /// What is not declared is removed.
    Authoritative,
}

/// An extent and what happens in it to what is not declared.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged, rename_all_fields = "camelCase", deny_unknown_fields)]
#[schemars(title = "Ownership entry")]
pub enum OwnershipEntry {
    /// Directory roles.
    #[schemars(
        title = "directory roles",
        example = serde_json::json!({"directoryRoles": ["*"], "assignments": "authoritative"})
    )]
    DirectoryRoles {
        /// Role names or globs (`*`, `?`). Globs never match hidden, deprecated or directory-synchronisation roles; name those
        /// to own them.
        #[schemars(with = "Vec<text::Name>", length(min = 1))]
        directory_roles: Vec<String>,
        /// Assignments of these roles that are not declared; `additive` when absent.
        assignments: Option<Authority>,
        /// Custom roles of these names that are not declared; `additive` when absent.
        role_definitions: Option<Authority>,
    },
    /// Azure scopes.
    #[schemars(
        title = "Azure scopes",
        example = serde_json::json!({"azureScopes": ["platform-prod"], "assignments": "authoritative"})
    )]
    AzureScopes {
        /// Names of Scope manifests, or full ids of Azure scopes.
        #[schemars(with = "Vec<text::ScopeName>", length(min = 1))]
        azure_scopes: Vec<String>,
        /// Only these scopes, not what lies below them; false when absent.
        exact: Option<bool>,
        /// Assignments at these scopes that are not declared; `additive` when absent.
        assignments: Option<Authority>,
        /// Custom roles assignable at these scopes that are not declared; `additive` when absent.
        role_definitions: Option<Authority>,
    },
    /// Groups.
    #[schemars(
        title = "groups",
        example = serde_json::json!({"groups": ["sg-pim-*"], "assignments": "authoritative"})
    )]
    Groups {
        /// Display names or globs (`*`, `?`) of groups that PIM for Groups manages.
        #[schemars(with = "Vec<text::Name>", length(min = 1))]
        groups: Vec<String>,
        /// Assignments to these groups that are not declared; `additive` when absent.
        assignments: Option<Authority>,
    },
}

impl OwnershipEntry {
    /// Returns what happens to undeclared assignments.
    pub fn assignments(&self) -> Authority {
        match self {
            Self::DirectoryRoles { assignments, .. }
            | Self::AzureScopes { assignments, .. }
            | Self::Groups { assignments, .. } => assignments.unwrap_or_default(),
        }
    }

    /// Returns what happens to undeclared custom roles.
    pub fn role_definitions(&self) -> Authority {
        match self {
            Self::DirectoryRoles { role_definitions, .. } | Self::AzureScopes { role_definitions, .. } => {
                role_definitions.unwrap_or_default()
            }
            Self::Groups { .. } => Authority::Additive,
        }
    }
}

/// What is never drift and never touched.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(
    title = "Ignored",
    example = serde_json::json!({"principals": [{"servicePrincipal": "Vendor Backup"}], "roles": [{"azureRole": "Reader"}]})
)]
pub struct Ignore {
    /// Principals whose assignments are left alone.
    pub principals: Option<Vec<Principal>>,
    /// Roles whose assignments and settings are left alone.
    pub roles: Option<Vec<IgnoredRole>>,
}

/// A role that is left alone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged, rename_all_fields = "camelCase", deny_unknown_fields)]
#[schemars(title = "Ignored role")]
pub enum IgnoredRole {
    /// A Microsoft Entra directory role.
    #[schemars(title = "directory role", example = serde_json::json!({"directoryRole": "Directory Readers"}))]
    Directory {
        /// The role's display name, or the id of its definition.
        #[schemars(with = "text::Name")]
        directory_role: String,
    },
    /// An Azure resource role.
    #[schemars(title = "Azure role", example = serde_json::json!({"azureRole": "Reader"}))]
    Azure {
        /// The role's display name, or the GUID of its definition.
        #[schemars(with = "text::Name")]
        azure_role: String,
    },
}

impl IgnoredRole {
    /// Returns the surface.
    pub(crate) fn surface(&self) -> Surface {
        match self {
            Self::Directory { .. } => Surface::Directory,
            Self::Azure { .. } => Surface::Azure,
        }
    }

    /// Returns the role's name as written.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Directory { directory_role: name } | Self::Azure { azure_role: name } => name,
        }
    }

    /// Returns the role.
    pub(crate) fn role(&self) -> RoleReference {
        match self {
            Self::Directory { directory_role } => RoleReference::Directory { directory_role: directory_role.clone() },
            Self::Azure { azure_role } => RoleReference::Azure { azure_role: azure_role.clone() },
        }
    }
}

/// Bounds for what one plan may do. A plan beyond them is refused.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(
    title = "Limits",
    example = serde_json::json!({"maxRemovals": 10, "maxRemovalPercent": 30, "minGlobalAdministrators": 2})
)]
pub struct Limits {
    /// How many assignments one plan may remove; 10 when absent.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub max_removals: Option<u32>,
    /// Which share, in percent, of the assignments in the owned extent one plan may remove; 30 when absent.
    #[schemars(range(min = 0, max = 100))]
    pub max_removal_percent: Option<u32>,
    /// How many usable permanent Global Administrators must remain; 2 when absent.
    #[schemars(range(min = 0, max = 1000))]
    pub min_global_administrators: Option<u32>,
}
