//! Who reaches a target when not every way is open: people, and the groups whose members stand behind them.

use std::collections::BTreeSet;

use crate::core::assignment::AssignmentKey;
use crate::core::chain::easiest::{Heading, Tree};
use crate::core::chain::graph::{Graph, Node, Via};
use crate::core::id::PrincipalId;
use crate::core::target::Target;

/// Those who reach a target.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Crowd {
    /// Users, service principals, and what nothing shows to be a group.
    pub people: BTreeSet<PrincipalId>,
    /// The groups through which they do; whoever else is in one does too.
    pub groups: BTreeSet<PrincipalId>,
}

impl Graph {
    /// Returns who reaches a target over the links that `is_open` lets through: a grant, or `None` for an owner that adds itself.
    pub fn crowd(&self, target: &Target, is_open: impl Fn(Option<&AssignmentKey>) -> bool) -> Crowd {
        let Some(end) = self.end(target) else { return Crowd::default() };
        let tree = Tree::grow(self, end, Heading::Inward, |edge| match edge.via {
            Via::Grant(grant) => is_open(Some(&self.grants()[grant].key)),
            Via::AddsItself => is_open(None),
            Via::IsMember => true,
        });
        let mut crowd = Crowd::default();
        for node in tree.nodes() {
            match &self.nodes[node] {
                Node::Person(person) => _ = crowd.people.insert(person.clone()),
                Node::Direct(group) => _ = crowd.groups.insert(PrincipalId::new(group.as_str())),
                Node::Member(_) | Node::Owner(_) | Node::Role(_) => {}
            }
        }
        crowd
    }
}
