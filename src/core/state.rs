//! What is wanted: everything the manifests declare, with names replaced by ids.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::core::assignment::{AssignmentKey, DeclaredAssignment};
use crate::core::declared::Declared;
use crate::core::id::{PrincipalId, TenantId};
use crate::core::ownership::Ownership;
use crate::core::policy::field::DeclaredSettings;
use crate::core::role_definition::DeclaredRole;
use crate::core::target::{RoleKey, Target};

/// Who applies, which decides whether MFA can be satisfied (graph.md 3.6 #17).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ApplyAs {
    /// An application: it can never satisfy `MfaRule`.
    #[default]
    Application,
    /// A person with MFA in the session.
    User,
}

/// The bounds that guards use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Limits {
    /// More removals than this in one plan are refused.
    pub max_removals: u32,
    /// A larger share of the assignments in the owned extent than this is refused.
    pub max_removal_percent: u32,
    /// Fewer usable Global Administrators than this at the end are refused.
    pub min_global_administrators: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_removals: 10, max_removal_percent: 30, min_global_administrators: 2 }
    }
}

/// What the Tenant manifest says, with names resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tenant {
    /// `metadata.name`.
    pub name: String,
    /// `spec.tenantId`.
    pub id: TenantId,
    /// `spec.applyAs`.
    pub apply_as: ApplyAs,
    /// `spec.ownership` and `spec.ignore`.
    pub ownership: Ownership,
    /// `spec.breakGlass`.
    pub break_glass: Vec<Declared<PrincipalId>>,
    /// `spec.appliedBy`: the identity that applies, where it is declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied_by: Option<Declared<PrincipalId>>,
    /// `spec.limits`.
    pub limits: Limits,
    /// Where the document begins.
    pub at: crate::core::origin::Origin,
}

/// Everything that the manifests want of the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    /// The Tenant manifest.
    pub tenant: Tenant,
    /// Custom roles by the id they have or will ask for.
    pub roles: BTreeMap<RoleKey, Declared<DeclaredRole>>,
    /// Role settings by the target that they govern (a [`Target::policy_target`]).
    pub settings: BTreeMap<Target, Declared<DeclaredSettings>>,
    /// Assignments.
    pub assignments: BTreeMap<AssignmentKey, Declared<DeclaredAssignment>>,
}
