//! The easiest way from a holder to everything that it reaches, and to a target from everybody who reaches it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use crate::core::chain::graph::{Edge, Graph, Node, Via};
use crate::core::chain::{Chain, Manner};
use crate::core::id::PrincipalId;
use crate::core::target::Target;

/// How far a node is: the manner first, then the number of links.
type Distance = (Manner, u32);

/// The direction of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heading {
    /// From a holder.
    Outward,
    /// To a target.
    Inward,
}

/// The easiest ways between one node and all others in one direction.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    start: usize,
    heading: Heading,
    /// Each node that was found, with the edge through which it is easiest; the start has none.
    found: BTreeMap<usize, (Distance, Option<usize>)>,
}

impl Tree {
    /// Searches from `start` over the edges that `is_open` lets through.
    pub(super) fn grow(graph: &Graph, start: usize, heading: Heading, is_open: impl Fn(&Edge) -> bool) -> Self {
        let mut found: BTreeMap<usize, (Distance, Option<usize>)> = BTreeMap::new();
        let mut settled: BTreeSet<usize> = BTreeSet::new();
        let mut open = BinaryHeap::from([Reverse((Distance::default(), start))]);
        found.insert(start, (Distance::default(), None));
        while let Some(Reverse((distance, node))) = open.pop() {
            if !settled.insert(node) {
                continue;
            }
            let edges = match heading {
                Heading::Outward => &graph.out[node],
                Heading::Inward => &graph.into[node],
            };
            for index in edges {
                let edge = &graph.edges[*index];
                if !is_open(edge) {
                    continue;
                }
                let next = match heading {
                    Heading::Outward => edge.to,
                    Heading::Inward => edge.from,
                };
                let links = u32::from(edge.via != Via::IsMember);
                let reached = (distance.0.then(edge.manner), distance.1 + links);
                if found.get(&next).is_none_or(|(known, _)| reached < *known) {
                    found.insert(next, (reached, Some(*index)));
                    open.push(Reverse((reached, next)));
                }
            }
        }
        Self { start, heading, found }
    }

    /// Returns how hard it is to get to, or from, a node.
    pub(super) fn manner(&self, node: usize) -> Option<Manner> {
        self.found.get(&node).map(|((manner, _), _)| *manner)
    }

    /// Returns every node that was found.
    pub(super) fn nodes(&self) -> impl Iterator<Item = usize> {
        self.found.keys().copied()
    }

    /// Returns the edges of the easiest way, in the order in which a holder goes; `None` when there is none.
    pub(super) fn edges(&self, graph: &Graph, node: usize) -> Option<Vec<usize>> {
        let mut edges = Vec::new();
        let mut at = node;
        while at != self.start {
            let edge = self.found.get(&at)?.1?;
            edges.push(edge);
            at = match self.heading {
                Heading::Outward => graph.edges[edge].from,
                Heading::Inward => graph.edges[edge].to,
            };
        }
        if self.heading == Heading::Outward {
            edges.reverse();
        }
        Some(edges)
    }
}

/// Everything that one principal reaches.
#[derive(Debug)]
pub struct Outreach<'a> {
    graph: &'a Graph,
    holder: PrincipalId,
    tree: Option<Tree>,
    /// The targets, each with its node.
    targets: BTreeMap<Target, usize>,
}

impl Outreach<'_> {
    /// Returns the targets with the easiest manner of each, sorted. Of a group: what its members reach by being members.
    pub fn iter(&self) -> impl Iterator<Item = (&Target, Manner)> {
        self.targets.iter().filter_map(|(target, node)| Some((target, self.tree.as_ref()?.manner(*node)?)))
    }

    /// Returns the easiest manner of reaching a target.
    pub fn manner(&self, target: &Target) -> Option<Manner> {
        self.tree.as_ref()?.manner(*self.targets.get(target)?)
    }

    /// Returns the easiest chain to a target; among equals the one with the fewest links.
    pub fn chain(&self, target: &Target) -> Option<Chain> {
        let edges = self.tree.as_ref()?.edges(self.graph, *self.targets.get(target)?)?;
        Some(self.graph.chain(&self.holder, &edges))
    }
}

/// Everybody who reaches one target.
#[derive(Debug)]
pub struct Holders<'a> {
    graph: &'a Graph,
    tree: Option<Tree>,
    /// The principals, each with the node at which it begins.
    principals: BTreeMap<PrincipalId, usize>,
}

impl Holders<'_> {
    /// Returns the principals with the easiest manner of each, sorted. A group among them stands for members that are perhaps not
    /// known ([`Graph::has_known_members`]); those that are known are listed beside it.
    pub fn iter(&self) -> impl Iterator<Item = (&PrincipalId, Manner)> {
        self.principals.iter().filter_map(|(holder, node)| Some((holder, self.tree.as_ref()?.manner(*node)?)))
    }

    /// Returns the easiest chain of a principal.
    pub fn chain(&self, principal: &PrincipalId) -> Option<Chain> {
        let edges = self.tree.as_ref()?.edges(self.graph, *self.principals.get(principal)?)?;
        Some(self.graph.chain(principal, &edges))
    }
}

impl Graph {
    /// Returns everything that a principal reaches. That the members of a group are its members is left out.
    pub fn outreach(&self, principal: &PrincipalId) -> Outreach<'_> {
        self.outreach_over(principal, |_| true)
    }

    /// Returns what a principal reaches over some edges only.
    pub(super) fn outreach_over(&self, principal: &PrincipalId, is_open: impl Fn(&Edge) -> bool) -> Outreach<'_> {
        let start = self.start(principal);
        let tree = start.map(|start| Tree::grow(self, start, Heading::Outward, is_open));
        let itself = self.groups.get(principal).map(|group| group.member);
        let nodes = tree.iter().flat_map(Tree::nodes).filter(|node| Some(*node) != itself);
        let targets = nodes.filter_map(|node| Some((self.target_at(node)?, node))).collect();
        Outreach { graph: self, holder: principal.clone(), tree, targets }
    }

    /// Returns what a principal reaches without using its ownership of a group.
    pub fn outreach_without_ownership(&self, principal: &PrincipalId) -> Outreach<'_> {
        self.outreach_over(principal, |edge| edge.via != Via::AddsItself)
    }

    /// Returns what a principal reaches without doing anything.
    pub fn standing_outreach(&self, principal: &PrincipalId) -> Outreach<'_> {
        self.outreach_over(principal, |edge| edge.manner.is_standing())
    }

    /// Returns everybody who reaches a target. A group is not among those who reach its own membership.
    pub fn holders(&self, target: &Target) -> Holders<'_> {
        let end = self.end(target);
        let tree = end.map(|end| Tree::grow(self, end, Heading::Inward, |_| true));
        let principal = |node: usize| match &self.nodes[node] {
            Node::Person(id) => Some(id.clone()),
            Node::Direct(group) => Some(PrincipalId::new(group.as_str())),
            Node::Member(_) | Node::Owner(_) | Node::Role(_) => None,
        };
        let is_itself = |id: &PrincipalId| end.is_some() && self.groups.get(id).map(|group| group.member) == end;
        let nodes = tree.iter().flat_map(Tree::nodes);
        let named = nodes.filter_map(|node| Some((principal(node)?, node)));
        let principals = named.filter(|(id, _)| !is_itself(id)).collect();
        Holders { graph: self, tree, principals }
    }
}
