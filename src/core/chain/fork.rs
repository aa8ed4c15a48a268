//! Holders from whom two chains lead to one target.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::chain::Chain;
use crate::core::chain::easiest::{Heading, Tree};
use crate::core::chain::graph::{Graph, Node, Via};
use crate::core::id::PrincipalId;
use crate::core::target::Target;

/// Two chains of one holder to one target that part at their first link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    /// The shortest chain of all, and the shortest that begins with something else.
    pub chains: [Chain; 2],
    /// How many more ways there are to begin.
    pub more: usize,
}

impl Graph {
    /// Returns the holders who get to `target` by two grants of their own on different things, sorted by holder. Chains that part
    /// further on are the fork of the group where they do. The same thing held in both modes is one beginning, and an ownership
    /// counts as none: owners who are members too are common.
    pub fn forks(&self, target: &Target) -> Vec<Fork> {
        let Some(end) = self.end(target) else { return Vec::new() };
        let tree = Tree::grow(self, end, Heading::Inward, |edge| edge.via != Via::AddsItself);
        let nodes: BTreeSet<usize> = tree.nodes().collect();
        let mut found: BTreeMap<PrincipalId, Fork> = BTreeMap::new();
        for node in &nodes {
            let (holder, own) = match &self.nodes[*node] {
                Node::Person(id) => (id.clone(), vec![*node]),
                Node::Direct(group) => {
                    let holder = PrincipalId::new(group.as_str());
                    let nodes = self.groups[&holder];
                    (holder, vec![nodes.direct, nodes.member])
                }
                Node::Member(_) | Node::Owner(_) | Node::Role(_) => continue,
            };
            if own.contains(&end) {
                continue;
            }
            let mut beginnings: BTreeMap<&Target, Vec<usize>> = BTreeMap::new();
            for edge in own.iter().flat_map(|node| &self.out[*node]) {
                if let Via::Grant(index) = self.edges[*edge].via
                    && nodes.contains(&self.edges[*edge].to)
                    && !own.contains(&self.edges[*edge].to)
                {
                    beginnings.entry(&self.grants()[index].key.target).or_default().push(*edge);
                }
            }
            if beginnings.len() < 2 {
                continue;
            }
            let is_open = |index: usize| {
                let edge = &self.edges[index];
                edge.via != Via::AddsItself && nodes.contains(&edge.to) && !own.contains(&edge.to)
            };
            let shortest = |edges: Vec<usize>| {
                let rows = edges.into_iter().filter_map(|first| {
                    let rest = self.shortest(self.edges[first].to, end, is_open)?;
                    Some(self.row([vec![first], rest].concat()))
                });
                rows.min()
            };
            let mut rows: Vec<_> = beginnings.into_values().filter_map(shortest).collect();
            rows.sort();
            if let [first, second, more @ ..] = &rows[..] {
                let chains = [first, second].map(|(_, edges)| self.chain(&holder, edges));
                found.insert(holder, Fork { chains, more: more.len() });
            }
        }
        found.into_values().collect()
    }
}
