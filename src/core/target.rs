//! What settings and assignments hang on: a role at a scope, on one of three surfaces.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::core::id::{GroupId, RoleId};
use crate::core::scope::{ArmScope, DirectoryScope};

/// One of the three places where PIM manages access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Surface {
    /// Microsoft Entra directory roles.
    Directory,
    /// PIM for Groups.
    Group,
    /// Azure resource roles.
    Azure,
}

impl Surface {
    /// All surfaces, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Directory, Self::Group, Self::Azure];

    /// Returns the word that addresses begin with.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::Group => "group",
            Self::Azure => "azure",
        }
    }
}

impl fmt::Display for Surface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A role of one surface. Azure lets callers choose the GUIDs of custom roles (arm.md A.1), so an id alone could mean a role of the
/// directory too.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RoleKey {
    /// The surface.
    pub surface: Surface,
    /// The role definition's id there.
    pub id: RoleId,
}

impl RoleKey {
    /// Returns the key of a role.
    pub fn new(surface: Surface, id: &RoleId) -> Self {
        Self { surface, id: id.clone() }
    }
}

/// What a principal is to a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// A member.
    Member,
    /// An owner.
    Owner,
}

impl Access {
    /// Returns the service's access id.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Owner => "owner",
        }
    }
}

/// A role at a scope. The identity that policies and assignments hang on; ids only, never names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "surface", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub enum Target {
    /// A directory role at a directory scope.
    Directory {
        /// The role definition's object id.
        role: RoleId,
        /// The directory scope.
        scope: DirectoryScope,
    },
    /// Membership or ownership of a group.
    Group {
        /// The group.
        group: GroupId,
        /// Member or owner.
        access: Access,
    },
    /// An Azure role at an ARM scope.
    Azure {
        /// The role definition's GUID.
        role: RoleId,
        /// The ARM scope.
        scope: ArmScope,
    },
}

impl Target {
    /// Returns the surface.
    pub fn surface(&self) -> Surface {
        match self {
            Self::Directory { .. } => Surface::Directory,
            Self::Group { .. } => Surface::Group,
            Self::Azure { .. } => Surface::Azure,
        }
    }

    /// Returns the role definition's id, where the role is one.
    pub fn role(&self) -> Option<&RoleId> {
        match self {
            Self::Directory { role, .. } | Self::Azure { role, .. } => Some(role),
            Self::Group { .. } => None,
        }
    }

    /// Returns the role with its surface, where the role is one.
    pub fn role_key(&self) -> Option<RoleKey> {
        self.role().map(|role| RoleKey::new(self.surface(), role))
    }

    /// Returns the ARM scope, where the target has one.
    pub fn arm_scope(&self) -> Option<&ArmScope> {
        match self {
            Self::Azure { scope, .. } => Some(scope),
            Self::Directory { .. } | Self::Group { .. } => None,
        }
    }

    /// Returns the group, where the target is one's membership or ownership.
    pub fn group(&self) -> Option<&GroupId> {
        match self {
            Self::Group { group, .. } => Some(group),
            Self::Directory { .. } | Self::Azure { .. } => None,
        }
    }

    /// Tells whether the target is a role in the whole tenant's directory.
    pub fn is_tenant_wide(&self) -> bool {
        matches!(self, Self::Directory { scope: DirectoryScope::Tenant, .. })
    }

    /// Returns the words for what is held, and for what role settings are about.
    pub(crate) fn held(&self) -> &'static str {
        match self {
            Self::Directory { .. } | Self::Azure { .. } => "the role",
            Self::Group { access: Access::Member, .. } => "membership of the group",
            Self::Group { access: Access::Owner, .. } => "ownership of the group",
        }
    }

    /// Names the target by its ids alone, as an answer of the service does.
    pub fn by_ids(&self) -> String {
        match self {
            Self::Directory { role, scope } => format!("role {role} at `{scope}`"),
            Self::Group { group, access } => format!("{} of group {group}", access.as_str()),
            Self::Azure { role, scope } => format!("role {role} at `{scope}`"),
        }
    }

    /// Returns the target whose role settings govern this one: directory roles have settings at the tenant only, whatever the
    /// assignment's scope (graph.md 3.2: "Scope is always `/`").
    #[must_use]
    pub fn policy_target(&self) -> Self {
        match self {
            Self::Directory { role, .. } => Self::Directory { role: role.clone(), scope: DirectoryScope::Tenant },
            other => other.clone(),
        }
    }

    /// Returns this target with another role definition, for a role that got another id than asked.
    #[must_use]
    pub fn with_role(self, id: &RoleId) -> Self {
        match self {
            Self::Directory { scope, .. } => Self::Directory { role: id.clone(), scope },
            Self::Azure { scope, .. } => Self::Azure { role: id.clone(), scope },
            group @ Self::Group { .. } => group,
        }
    }
}
