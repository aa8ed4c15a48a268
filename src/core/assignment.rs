//! Who is eligible for, or active in, which target.

use serde::{Deserialize, Serialize};

use crate::core::id::PrincipalId;
use crate::core::period::Period;
use crate::core::principal::PrincipalType;
use crate::core::schedule::{Schedule, Window};
use crate::core::target::Target;

/// Whether the role may be activated or is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// May be activated by its holder (role eligibility schedule).
    Eligible,
    /// Is held without activation (role assignment schedule).
    Active,
}

impl Mode {
    /// Returns the word used in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eligible => "eligible",
            Self::Active => "active",
        }
    }
}

/// The identity of an assignment (design.md 3): surface, role and scope in the target, principal, mode.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AssignmentKey {
    /// The role at its scope.
    pub target: Target,
    /// The holder.
    pub principal: PrincipalId,
    /// Eligible or active.
    pub mode: Mode,
}

/// A ticket that justifies a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ticket {
    /// The ticket's number.
    pub number: String,
    /// The ticket system's name.
    pub system: Option<String>,
}

/// Why standing access stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Purpose {
    /// An emergency account.
    BreakGlass,
    /// A workload that cannot activate anything.
    ServiceIdentity,
    /// Infrastructure that must work when PIM does not.
    CriticalInfrastructure,
    /// Something else, explained in the justification.
    Other,
}

/// An assignment as declared. Justification and ticket exist only on requests (graph.md 2.7): they are sent, never compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredAssignment {
    /// What kind of principal holds it.
    pub principal_type: PrincipalType,
    /// When.
    pub schedule: Schedule,
    /// An ABAC condition, Azure only, as written.
    pub condition: Option<String>,
    /// Text for the request.
    pub justification: Option<String>,
    /// Ticket for the request.
    pub ticket: Option<Ticket>,
    /// Why it stands; active assignments only.
    pub purpose: Option<Purpose>,
}

/// Where a row of observed state comes from, which decides how it can be removed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Provenance {
    /// A PIM schedule that a request made.
    Pim {
        /// The request (`createdUsing`); it may have been purged since.
        request: String,
    },
    /// A schedule row without a request (`createdUsing` null): made outside PIM. Its start is the time of the query and means
    /// nothing (graph.md 2.8).
    OutsidePim,
    /// An Azure role assignment made outside PIM, which PIM shows as a schedule of the same name (arm.md B.0). It is deleted as
    /// what it is (arm.md B.1).
    Classic {
        /// The id of the plain role assignment.
        assignment: String,
    },
    /// An instance that is in force though no schedule shows it: in Microsoft's own samples the lists differ by such rows.
    Unscheduled,
    /// A plain role assignment that no schedule and no instance explains.
    Plain {
        /// The id of the plain role assignment.
        assignment: String,
    },
}

/// An assignment as read from the tenant: direct and assigned (never an activation, never inherited).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObservedAssignment {
    /// When it holds.
    pub window: Window,
    /// Its ABAC condition.
    pub condition: Option<String>,
    /// Where the row comes from.
    pub provenance: Provenance,
}

/// Tells whether two conditions say the same: white space does not count (arm.md F).
pub fn is_same_condition(a: Option<&str>, b: Option<&str>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => crate::core::condition::same(a, b),
        _ => false,
    }
}

/// A running activation: somebody uses an eligibility. Never drift, never removed (design.md 3).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Activation {
    /// The activated role at its scope.
    pub target: Target,
    /// Who activated it.
    pub principal: PrincipalId,
    /// When it ends.
    pub end: Option<jiff::Timestamp>,
}

/// The shortest assignment the service accepts, and the time after creation in which it refuses a removal
/// (graph.md 2.9, "5-minute rules").
pub const MINIMUM_LENGTH: Period = Period::minutes(5);
