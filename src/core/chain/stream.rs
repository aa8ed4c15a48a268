//! What lies behind a grant or an access, and what lies before it: settings of the one concern whoever comes through the other.

use std::collections::BTreeSet;

use crate::core::chain::easiest::{Heading, Tree};
use crate::core::chain::graph::{Graph, Node, as_principal};
use crate::core::id::PrincipalId;
use crate::core::target::{Access, Target};

impl Graph {
    /// Returns every target that whoever holds `target` comes to by it. Nothing lies behind a role.
    pub fn downstream(&self, target: &Target) -> BTreeSet<Target> {
        let Target::Group { group, access } = target else { return BTreeSet::new() };
        let Some(nodes) = self.groups.get(&as_principal(group)) else { return BTreeSet::new() };
        let start = match access {
            Access::Member => nodes.direct,
            Access::Owner => nodes.owner,
        };
        let tree = Tree::grow(self, start, Heading::Outward, |_| true);
        let mut targets: BTreeSet<Target> = tree.nodes().filter_map(|node| self.target_at(node)).collect();
        targets.remove(target);
        targets
    }

    /// Returns every access to a group by which somebody comes to `target`.
    pub fn upstream(&self, target: &Target) -> BTreeSet<Target> {
        let mut accesses = self.end(target).map(|end| self.accesses_before(end)).unwrap_or_default();
        accesses.remove(target);
        accesses
    }

    /// Returns every access to a group by which somebody comes to act as `principal`, and so to hold its grants: none for a
    /// person, membership and what leads to it for a group.
    pub fn upstream_of_principal(&self, principal: &PrincipalId) -> BTreeSet<Target> {
        self.groups.get(principal).map(|group| self.accesses_before(group.member)).unwrap_or_default()
    }

    fn accesses_before(&self, end: usize) -> BTreeSet<Target> {
        let tree = Tree::grow(self, end, Heading::Inward, |_| true);
        let access = |node: usize| match &self.nodes[node] {
            Node::Direct(group) => Some(Target::Group { group: group.clone(), access: Access::Member }),
            Node::Owner(group) => Some(Target::Group { group: group.clone(), access: Access::Owner }),
            Node::Person(_) | Node::Member(_) | Node::Role(_) => None,
        };
        tree.nodes().filter_map(access).collect()
    }
}
