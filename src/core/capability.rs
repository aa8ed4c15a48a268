//! What PIM can do on each surface, and how the service behaves there, as data: one row a surface.
//!
//! Whoever must know asks for the row, so that a further surface is a further row here and no further case elsewhere.

use crate::core::name::NameKind;
use crate::core::policy::rule::Requirement;
use crate::core::target::Surface;
use crate::core::vocabulary::{self, Vocabulary};

/// What sets a surface apart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Capability {
    /// The kind of manifest that defines roles, which is part of their managed ids (design.md 2). `None` where there is no role but
    /// what is given by nature: a group has members and owners.
    pub(crate) role_kind: Option<&'static str>,
    /// How manifests name its roles; `None` as above.
    pub(crate) role_names: Option<NameKind>,
    /// What the embedded catalog knows of its roles and permissions.
    pub(crate) vocabulary: Vocabulary,
    /// Whether no two roles of the tenant share a name (arm.md A.4; none such is known of the directory, graph.md 15.2).
    pub(crate) has_unique_role_names: bool,
    /// Whether role definitions are listed scope by scope (arm.md A.2), not for the whole tenant.
    pub(crate) lists_roles_by_scope: bool,
    /// Whether a role can be disabled (graph.md 2.2 `isEnabled`; roles of Azure have no such member, arm.md A.1).
    pub(crate) disables_roles: bool,
    /// Whether a deleted role can be restored for a while (graph.md 2.3; Azure deletes for good, arm.md A.3).
    pub(crate) restores_roles: bool,
    /// Whether a role has four lists of permissions (arm.md A.1), not one (graph.md 2.2).
    pub(crate) splits_permissions: bool,
    /// Whether a permission may be a pattern with `*` (arm.md A.4; graph.md 2.2 knows whole names only).
    pub(crate) has_permission_patterns: bool,
    /// Whether assignments may have a condition (arm.md F).
    pub(crate) has_conditions: bool,
    /// Whether each scope has role settings of its own (arm.md C.1; graph.md 3.2: those of directory roles are the tenant's,
    /// whatever the scope of an assignment). A group is its own scope.
    pub(crate) has_settings_by_scope: bool,
    /// Whether some built-in roles are the service's own: hidden, deprecated or given by the system (entra-builtin-roles.json).
    pub(crate) has_reserved_roles: bool,
    /// Whether a group must be role-assignable, and of the cloud, to hold anything: a request for another is accepted and never
    /// granted (graph.md 2.4, 2.7, 13 E6).
    pub(crate) demands_role_assignable_groups: bool,
    /// Whether the assignments of deleted holders stay until somebody deletes them (arm.md B.1), and do not end by themselves
    /// within days (DSC#5445).
    pub(crate) keeps_deleted_holders: bool,
    /// Whether PIM itself may hold assignments there, which are told by nothing but its application id (arm.md B.0, MS-PIM).
    pub(crate) may_serve_pim: bool,
    /// Whether assignments need no end by the service's defaults (graph.md 3.3, arm.md C.3).
    pub(crate) defaults_to_permanent: bool,
    /// What an activation demands by the service's defaults (graph.md 3.3, arm.md C.3).
    pub(crate) default_demands: &'static [Requirement],
    /// Whether somebody can approve where no approver is named (graph.md 3.4, rule 13).
    pub(crate) has_fallback_approvers: bool,
    /// Whether a maximum duration is kept where no end is demanded (graph.md 3.4). Azure takes none, and what it may show then means
    /// nothing (arm.md C.5).
    pub(crate) keeps_idle_maximum: bool,
    /// Whether a policy is judged as a whole, so that one that demands both MFA and an authentication context is refused however it
    /// came about (arm.md C.3). Graph judges what is switched on (graph.md 3.6 #6).
    pub(crate) judges_whole_policies: bool,
}

const DIRECTORY: Capability = Capability {
    role_kind: Some("DirectoryRoleDefinition"),
    role_names: Some(NameKind::DirectoryRole),
    vocabulary: vocabulary::DIRECTORY,
    has_unique_role_names: false,
    lists_roles_by_scope: false,
    disables_roles: true,
    restores_roles: true,
    splits_permissions: false,
    has_permission_patterns: false,
    has_conditions: false,
    has_settings_by_scope: false,
    has_reserved_roles: true,
    demands_role_assignable_groups: true,
    keeps_deleted_holders: false,
    may_serve_pim: false,
    defaults_to_permanent: true,
    default_demands: &[Requirement::MultiFactorAuthentication, Requirement::Justification],
    has_fallback_approvers: true,
    keeps_idle_maximum: true,
    judges_whole_policies: false,
};

const GROUP: Capability = Capability {
    role_kind: None,
    role_names: None,
    vocabulary: vocabulary::GROUP,
    has_unique_role_names: false,
    lists_roles_by_scope: false,
    disables_roles: false,
    restores_roles: false,
    splits_permissions: false,
    has_permission_patterns: false,
    has_conditions: false,
    has_settings_by_scope: true,
    has_reserved_roles: false,
    demands_role_assignable_groups: false,
    keeps_deleted_holders: false,
    may_serve_pim: false,
    defaults_to_permanent: false,
    default_demands: &[Requirement::Justification],
    has_fallback_approvers: false,
    keeps_idle_maximum: true,
    judges_whole_policies: false,
};

const AZURE: Capability = Capability {
    role_kind: Some("AzureRoleDefinition"),
    role_names: Some(NameKind::AzureRole),
    vocabulary: vocabulary::AZURE,
    has_unique_role_names: true,
    lists_roles_by_scope: true,
    disables_roles: false,
    restores_roles: false,
    splits_permissions: true,
    has_permission_patterns: true,
    has_conditions: true,
    has_settings_by_scope: true,
    has_reserved_roles: false,
    demands_role_assignable_groups: false,
    keeps_deleted_holders: true,
    may_serve_pim: true,
    defaults_to_permanent: false,
    default_demands: &[Requirement::Justification],
    has_fallback_approvers: false,
    keeps_idle_maximum: false,
    judges_whole_policies: true,
};

impl Surface {
    /// Returns the surface's row.
    pub(crate) fn capability(self) -> &'static Capability {
        match self {
            Self::Directory => &DIRECTORY,
            Self::Group => &GROUP,
            Self::Azure => &AZURE,
        }
    }
}
