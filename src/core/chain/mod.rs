//! Who reaches which role through which groups: one graph over the three surfaces, used by the order of a plan, by checks,
//! guards and reports.
//!
//! A *grant* is an eligible or active assignment. A *chain* is a row of grants, each held by means of the one before:
//! `alice -> sg-ops:member (eligible) -> Owner@/subscriptions/… (active)`. What the service honours, and what follows for the graph:
//!
//! - A member of a group acts as the group. Azure counts members of nested groups too ("Role assignments are transitive for
//!   groups", learn.microsoft.com/azure/role-based-access-control/overview, seen 2025-11).
//! - A directory role reaches direct members only, and only of a role-assignable group: "Group nesting isn't supported. A group
//!   can't be added as a member of a role-assignable group" (…/entra/identity/role-based-access-control/groups-concept, seen
//!   2026-03). A role on a group known not to be role-assignable is never provisioned (graph.md 2.7) and reaches nobody.
//! - "If a user is an active member of Group A, and Group A is an eligible member of Group B, the user can activate their
//!   membership in Group B. This activation is only for the user" (…/privileged-identity-management/concept-pim-for-groups,
//!   seen 2025-02): whoever activates becomes a direct member.
//! - Somebody eligible for a group may activate it first and then act as its member: reached too, by more activations.
//! - An owner manages the members of the group, of a role-assignable one too (groups-concept), so an owner can add itself. A
//!   group cannot be an owner (graph.md 4.4).
//!
//! Guards rely on this graph, so where the documents are silent more is counted rather than less: a nested member may activate
//! what its group is eligible for; a service principal may activate like a user; a group whose fact is not known is taken to be
//! role-assignable; ownership for which a group is *eligible* may be activated by its members; what opens later is open; the
//! members of every group are taken to exist and to be direct, whether they were read or not. What a role permits (a Groups
//! Administrator changes memberships too) and which scopes lie below others is not looked at here.

mod circle;
mod crowd;
mod easiest;
mod enumeration;
mod fork;
mod graph;
mod pair;
mod stream;
mod wording;

pub use circle::Circle;
pub use crowd::Crowd;
pub use easiest::{Holders, Outreach};
pub use enumeration::Chains;
pub use fork::Fork;
pub use graph::{Grant, Graph};
pub use pair::Pair;

use crate::core::id::{GroupId, PrincipalId};

/// How hard it is to get somewhere. The order says what is easier: nothing to do before activations, and any number of
/// activations before a change to a group's members, which no activation settings hold up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Manner {
    /// How often the holder adds itself to a group that it owns.
    pub additions: u32,
    /// How many activations it takes.
    pub activations: u32,
}

impl Manner {
    /// Tells whether the access is there without any action.
    pub fn is_standing(self) -> bool {
        self == Self::default()
    }

    /// Tells whether the holder must use its ownership of a group.
    pub fn is_through_ownership(self) -> bool {
        self.additions > 0
    }

    /// Returns the sum of two ways, one after the other.
    fn then(self, next: Self) -> Self {
        Self { additions: self.additions + next.additions, activations: self.activations + next.activations }
    }
}

/// One link of a chain.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Link {
    /// A grant, by its index in [`Graph::grants`].
    Grant(usize),
    /// The owner of a group adds itself as a member.
    AddsItself(GroupId),
}

/// How one holder gets to one target, link by link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Who begins it. When it is a group, its members do.
    pub holder: PrincipalId,
    /// The links; never empty.
    pub links: Vec<Link>,
    /// How hard it is.
    pub manner: Manner,
}

#[cfg(test)]
mod tests;
