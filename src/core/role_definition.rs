//! Role definitions: built-in ones, live custom ones, and those that manifests declare.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

use crate::core::id::RoleId;
use crate::core::permission_set::common;
use crate::core::scope::ArmScope;
use crate::core::target::{RoleKey, Surface};

/// The name of a permission: `microsoft.directory/users/basic/update` or `Microsoft.Compute/*/read`. Compared without regard
/// to case, sent as written (graph.md 2.2; arm.md).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Permission(String);

impl Permission {
    /// Returns the permission with surrounding blanks removed.
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// Returns the text as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn folded(&self) -> impl Iterator<Item = u8> + '_ {
        self.0.bytes().map(|b| b.to_ascii_lowercase())
    }
}

impl PartialEq for Permission {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Permission {}

impl PartialOrd for Permission {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Permission {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded().cmp(other.folded())
    }
}

impl Hash for Permission {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded().for_each(|byte| byte.hash(state));
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a role allows. Directory roles use `actions` alone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Permissions {
    /// Control-plane actions, or a directory role's allowed resource actions.
    pub actions: BTreeSet<Permission>,
    /// Control-plane actions taken away again.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub not_actions: BTreeSet<Permission>,
    /// Data-plane actions.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub data_actions: BTreeSet<Permission>,
    /// Data-plane actions taken away again.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub not_data_actions: BTreeSet<Permission>,
}

impl Permissions {
    /// Returns what both allow for certain: the permissions of each that a pattern of the other covers, and the exclusions of
    /// both. Never wider than either.
    #[must_use]
    pub fn narrowest(&self, other: &Self) -> Self {
        let either = |a: &BTreeSet<Permission>, b: &BTreeSet<Permission>| a.union(b).cloned().collect();
        Self {
            actions: common(&self.actions, &other.actions),
            not_actions: either(&self.not_actions, &other.not_actions),
            data_actions: common(&self.data_actions, &other.data_actions),
            not_data_actions: either(&self.not_data_actions, &other.not_data_actions),
        }
    }

    /// Tells whether nothing is allowed at all: no action and no data action is listed.
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty() && self.data_actions.is_empty()
    }
}

/// A role definition in canonical form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleDefinition {
    /// Directory or Azure.
    pub surface: Surface,
    /// The object id (directory) or GUID (Azure): what assignments refer to.
    pub id: RoleId,
    /// What role settings are keyed by. Equal to `id` on built-in roles; may differ on custom directory roles
    /// (graph.md 3.6 #1).
    pub template_id: RoleId,
    /// The name people know it by.
    pub display_name: String,
    /// The description; empty and absent are the same.
    pub description: String,
    /// Whether it may be assigned; directory only, true elsewhere.
    pub is_enabled: bool,
    /// Whether Microsoft made it.
    pub is_built_in: bool,
    /// What it allows. For built-in directory roles, whose permissions carry conditions, the union of all blocks; they are
    /// never compared.
    pub permissions: Permissions,
    /// Where it may be assigned; Azure only, empty elsewhere.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub assignable_scopes: BTreeSet<ArmScope>,
}

impl RoleDefinition {
    /// Returns the role with its surface.
    pub fn key(&self) -> RoleKey {
        RoleKey::new(self.surface, &self.id)
    }
}

/// A custom role as a manifest declares it; fields that are not declared are not managed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredRole {
    /// Directory or Azure.
    pub surface: Surface,
    /// `metadata.name`, from which the managed id is derived.
    pub name: String,
    /// `spec.id`, when written.
    pub id: Option<RoleId>,
    /// `spec.displayName`.
    pub display_name: String,
    /// `spec.description`; `None` is not managed.
    pub description: Option<String>,
    /// `spec.enabled`; `None` is not managed, and true at creation. Directory only.
    pub is_enabled: Option<bool>,
    /// `spec.basedOn`: the built-in role that it is a copy of; Azure only.
    pub based_on: Option<String>,
    /// `spec.permissions`.
    pub permissions: Permissions,
    /// `spec.assignableScopes`, resolved; Azure only.
    pub assignable_scopes: BTreeSet<ArmScope>,
}
