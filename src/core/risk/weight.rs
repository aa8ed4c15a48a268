//! The weights: every judgement of this room is one of these numbers. The table in [`crate::core::risk`] shows them together.

use crate::catalog::escalation::Severity;
use crate::core::change::Risk;
use crate::core::scope::{ArmScopeKind, DirectoryScope};

/// An attack path of critical severity: with the role alone somebody can come to the whole tenant.
const PATH_CRITICAL: i32 = 8;
/// An attack path of high severity.
const PATH_HIGH: i32 = 6;
/// An attack path of medium severity.
const PATH_MEDIUM: i32 = 4;
/// Tier 0, and Microsoft labels it as privileged or a permission is known for escalation.
pub(super) const TIER_0_PRIVILEGED: i32 = 6;
/// Tier 0 of the classification alone, which is drawn wide (licences and branding are in it).
pub(super) const TIER_0: i32 = 5;
/// Tier 0, but it only reads: secrets may be read, nothing is changed.
pub(super) const TIER_0_READ: i32 = 4;
/// A permission that is known for escalation, whatever the tier: a heuristic of its source.
pub(super) const ESCALATING: i32 = 5;
/// Tier 1.
pub(super) const TIER_1: i32 = 4;
/// Tier 1, only reading.
pub(super) const TIER_1_READ: i32 = 2;
/// Tier 2.
pub(super) const TIER_2: i32 = 1;
/// Nothing is known: taken for privileged, since silence is no answer.
pub(super) const UNKNOWN: i32 = 6;

/// It stands without an end: whoever steals the account later has it too.
pub(super) const ENDLESS: i32 = 1;
/// It must be activated: there is a trace, a limit in time, and mail.
pub(super) const ELIGIBLE: i32 = -1;
/// The activation demands MFA or an authentication context.
pub(super) const STRONG_SIGN_IN: i32 = -1;
/// The activation waits for somebody else.
pub(super) const APPROVED: i32 = -1;
/// A check of activations goes: those who could activate before feel nothing, which is why nobody would notice.
pub(super) const LOST_CHECK: i32 = 1;
/// Standing access of a role becomes possible; somebody must still grant it.
pub(super) const LOST_LIMIT: i32 = -3;
/// Only the trace of an activation or assignment gets thinner, or its time longer.
pub(super) const LOST_TRACE: i32 = -4;
/// The least for a check that goes from a role of tier 0 or 1, or of no known tier: medium, though nobody is granted anything.
pub(super) const CHECK_OF_TIER_1: i32 = 4;
/// Nobody holds what widens yet.
pub(super) const UNHELD: i32 = -3;

/// Returns the weight of an attack path.
pub(super) fn of_path(severity: Severity) -> i32 {
    match severity {
        Severity::Critical => PATH_CRITICAL,
        Severity::High => PATH_HIGH,
        Severity::Medium => PATH_MEDIUM,
    }
}

/// What lies in a directory scope narrower than the tenant is taken off. Who is in an administrative unit is not read: a role that
/// can take over every administrator is hardly less dangerous there; of a custom role that is not known.
pub(super) fn of_directory_scope(scope: &DirectoryScope, takes_over_everybody: bool, is_built_in: bool) -> i32 {
    match scope {
        DirectoryScope::Tenant => 0,
        DirectoryScope::AdministrativeUnit(_) if takes_over_everybody => -2,
        DirectoryScope::AdministrativeUnit(_) if is_built_in => -5,
        DirectoryScope::AdministrativeUnit(_) | DirectoryScope::Object(_) => -3,
    }
}

/// What lies in an Azure scope narrower than a management group is taken off.
pub(super) fn of_arm_scope(kind: ArmScopeKind) -> i32 {
    match kind {
        ArmScopeKind::Root | ArmScopeKind::ManagementGroup => 0,
        ArmScopeKind::Subscription => -1,
        ArmScopeKind::ResourceGroup => -2,
        ArmScopeKind::Resource => -4,
    }
}

/// Returns the risk of a sum. Whatever widens has a low one at least.
pub(super) fn risk(points: i32) -> Risk {
    match points {
        ..=3 => Risk::Low,
        4..=5 => Risk::Medium,
        6..=7 => Risk::High,
        8.. => Risk::Critical,
    }
}
