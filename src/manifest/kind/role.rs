//! How manifests name roles, and group membership or ownership as one.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::core::name::{NameKind, Reference};
use crate::core::principal::PrincipalType;
use crate::core::target::{self, Surface};
use crate::manifest::kind::principal::handle;
use crate::manifest::kind::text;

/// The role that an assignment gives: a directory role, an Azure role, or membership or ownership of a group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema)]
#[serde(untagged, rename_all_fields = "camelCase", deny_unknown_fields)]
#[schemars(title = "Role")]
pub enum RoleReference {
    /// A Microsoft Entra directory role.
    #[schemars(title = "directory role", example = serde_json::json!({"directoryRole": "Helpdesk Administrator"}))]
    Directory {
        /// The role's display name, or the id of its definition. Built-in, custom, or declared in these manifests.
        #[schemars(with = "text::Name")]
        directory_role: String,
    },
    /// An Azure resource role.
    #[schemars(title = "Azure role", example = serde_json::json!({"azureRole": "Virtual Machine Contributor"}))]
    Azure {
        /// The role's display name, or the GUID of its definition. Built-in, custom, or declared in these manifests.
        #[schemars(with = "text::Name")]
        azure_role: String,
    },
    /// Membership or ownership of a group that PIM for Groups manages.
    #[schemars(title = "group", example = serde_json::json!({"group": "sg-tier0-operators", "access": "member"}))]
    Group {
        /// The group's display name, or its object id.
        #[schemars(with = "text::Name")]
        group: String,
        /// What the principal becomes.
        access: Access,
    },
}

/// What a principal is to a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "Access to a group")]
pub enum Access {
    /// A member.
    Member,
    /// An owner.
    Owner,
}

impl From<Access> for target::Access {
    fn from(access: Access) -> Self {
        match access {
            Access::Member => Self::Member,
            Access::Owner => Self::Owner,
        }
    }
}

impl RoleReference {
    /// Returns the surface.
    pub fn surface(&self) -> Surface {
        match self {
            Self::Directory { .. } => Surface::Directory,
            Self::Azure { .. } => Surface::Azure,
            Self::Group { .. } => Surface::Group,
        }
    }

    /// Returns what is to be looked up.
    pub fn reference(&self) -> Reference {
        Reference::new(name_kind(self.surface()), handle(self.name()))
    }

    /// Returns the name as written: of the role, or of the group.
    pub fn name(&self) -> &str {
        match self {
            Self::Directory { directory_role: name } | Self::Azure { azure_role: name } => name,
            Self::Group { group, .. } => group,
        }
    }

    /// Returns the manifest key that holds the name: `directoryRole`, `azureRole` or `group`.
    pub fn key(&self) -> &'static str {
        RoleWords::of(self.surface()).key
    }

    /// Tells whether an assignment of it says where it holds. A group is its own scope.
    pub(crate) fn has_scopes(&self) -> bool {
        match self {
            Self::Directory { .. } | Self::Azure { .. } => true,
            Self::Group { .. } => false,
        }
    }

    /// Returns the identity of the scope that is meant where none is written: the tenant for a directory role, the group itself,
    /// and none for an Azure role, which has no default.
    pub(crate) fn default_scope(&self) -> Option<&'static str> {
        match self {
            Self::Directory { .. } => Some(TENANT_IDENTITY),
            Self::Group { .. } => Some(""),
            Self::Azure { .. } => None,
        }
    }
}

/// A text for the whole directory that is equal to that of no other scope.
pub(crate) const TENANT_IDENTITY: &str = "/";

/// How manifests and messages about them name the roles of a surface.
pub(crate) struct RoleWords {
    /// The key that holds a name.
    pub(crate) key: &'static str,
    /// What one is.
    pub(crate) one: &'static str,
    /// The same with its article.
    pub(crate) a_one: &'static str,
    /// What several are.
    pub(crate) several: &'static str,
}

impl RoleWords {
    /// Returns the words for a surface.
    pub(crate) const fn of(surface: Surface) -> Self {
        match surface {
            Surface::Directory => Self {
                key: "directoryRole",
                one: "directory role",
                a_one: "a directory role",
                several: "directory roles",
            },
            Surface::Azure => {
                Self { key: "azureRole", one: "Azure role", a_one: "an Azure role", several: "Azure roles" }
            }
            Surface::Group => Self { key: "group", one: "group", a_one: "a group", several: "groups" },
        }
    }
}

/// What is looked up for a role on a surface: a role, or the group where there are no roles.
fn name_kind(surface: Surface) -> NameKind {
    surface.capability().role_names.unwrap_or(NameKind::Principal(PrincipalType::Group))
}

/// Roles that role settings apply to. Directory roles have one set of settings, whatever the scope; Azure roles have one for
/// every scope.
// graph.md 3.2, arm.md
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged, rename_all_fields = "camelCase", deny_unknown_fields)]
#[schemars(title = "Governed role")]
pub enum GovernedRole {
    /// A Microsoft Entra directory role.
    #[schemars(
        title = "directory role",
        example = serde_json::json!({"directoryRole": "Privileged Role Administrator"})
    )]
    Directory {
        /// The role's display name, or the id of its definition.
        #[schemars(with = "text::Name")]
        directory_role: String,
    },
    /// An Azure role at scopes.
    #[schemars(title = "Azure role", example = serde_json::json!({"azureRole": "Owner", "scopes": ["platform-prod"]}))]
    Azure {
        /// The role's display name, or the GUID of its definition.
        #[schemars(with = "text::Name")]
        azure_role: String,
        /// The scopes whose settings are meant. Settings are not inherited from scope to scope.
        #[schemars(with = "Vec<text::ScopeName>", length(min = 1))]
        scopes: Vec<String>,
    },
    /// Membership or ownership of a group.
    #[schemars(title = "group", example = serde_json::json!({"group": "sg-tier0-operators", "access": "member"}))]
    Group {
        /// The group's display name, or its object id.
        #[schemars(with = "text::Name")]
        group: String,
        /// Which of the two settings of the group is meant: that of members or that of owners.
        access: Access,
    },
}

impl GovernedRole {
    /// Returns the surface.
    pub(crate) fn surface(&self) -> Surface {
        match self {
            Self::Directory { .. } => Surface::Directory,
            Self::Azure { .. } => Surface::Azure,
            Self::Group { .. } => Surface::Group,
        }
    }

    /// Returns the name as written: of the role, or of the group.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Directory { directory_role: name } | Self::Azure { azure_role: name, .. } => name,
            Self::Group { group, .. } => group,
        }
    }

    /// Returns the role without its scopes.
    pub fn role(&self) -> RoleReference {
        match self {
            Self::Directory { directory_role } => RoleReference::Directory { directory_role: directory_role.clone() },
            Self::Azure { azure_role, .. } => RoleReference::Azure { azure_role: azure_role.clone() },
            Self::Group { group, access } => RoleReference::Group { group: group.clone(), access: *access },
        }
    }

    /// Returns the scopes as written; none on directory and groups.
    pub fn scopes(&self) -> &[String] {
        match self {
            Self::Azure { scopes, .. } => scopes,
            Self::Directory { .. } | Self::Group { .. } => &[],
        }
    }

    /// Returns the route of one of its scopes, by index; of the role itself where it has none.
    pub(crate) fn scope_route(&self, scope: usize) -> String {
        match self {
            Self::Azure { .. } => format!("/scopes/{scope}"),
            Self::Directory { .. } | Self::Group { .. } => String::new(),
        }
    }
}
