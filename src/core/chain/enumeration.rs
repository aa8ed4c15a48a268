//! Several chains from one holder to one target: shortest first, and never more than asked for.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use crate::core::chain::easiest::{Heading, Tree};
use crate::core::chain::graph::{Edge, Graph, Via};
use crate::core::chain::{Chain, Manner};
use crate::core::id::PrincipalId;
use crate::core::target::Target;

/// Chains between one holder and one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chains {
    /// The fewest links first; among equals the easier one.
    pub chains: Vec<Chain>,
    /// Whether there are more.
    pub has_more: bool,
}

/// How long a chain is: the number of links, then the manner.
pub(super) type Length = (u32, Manner);

/// A row of edges with its length.
pub(super) type Row = (Length, Vec<usize>);

impl Graph {
    /// Returns up to `limit` different chains on which nobody becomes the same thing twice. The work grows with `limit` times the
    /// part of the graph between the two, however many chains there are (Yen's algorithm).
    pub fn chains(&self, principal: &PrincipalId, target: &Target, limit: usize) -> Chains {
        self.chains_over(principal, target, limit, |_| true)
    }

    /// Returns up to `limit` different chains over some edges only.
    pub(super) fn chains_over(
        &self,
        principal: &PrincipalId,
        target: &Target,
        limit: usize,
        is_open: impl Fn(&Edge) -> bool,
    ) -> Chains {
        let mut rows: Vec<Row> = Vec::new();
        let mut candidates: BTreeSet<Row> = BTreeSet::new();
        let nothing = Chains { chains: Vec::new(), has_more: false };
        let (Some(start), Some(end)) = (self.start(principal), self.end(target)) else { return nothing };
        if self.groups.get(principal).is_some_and(|group| group.member == end) {
            return nothing;
        }
        let useful: BTreeSet<usize> = Tree::grow(self, end, Heading::Inward, &is_open).nodes().collect();
        let search = |from: usize, passed: &BTreeSet<usize>, barred: &BTreeSet<usize>| {
            self.shortest(from, end, |index| {
                let edge = &self.edges[index];
                is_open(edge) && useful.contains(&edge.to) && !passed.contains(&edge.to) && !barred.contains(&index)
            })
        };
        candidates.extend(search(start, &BTreeSet::from([start]), &BTreeSet::new()).map(|edges| self.row(edges)));
        while let Some(row) = candidates.pop_first() {
            if rows.len() == limit {
                candidates.insert(row);
                break;
            }
            // leave the row at each of its nodes, by an edge that no row with the same beginning has taken
            let mut passed = BTreeSet::from([start]);
            let mut node = start;
            rows.push(row.clone());
            for (at, edge) in row.1.iter().enumerate() {
                let beginning = &row.1[..at];
                let taken = rows.iter().filter(|(_, edges)| edges.starts_with(beginning));
                let barred: BTreeSet<usize> = taken.filter_map(|(_, edges)| edges.get(at).copied()).collect();
                if let Some(rest) = search(node, &passed, &barred) {
                    candidates.insert(self.row([beginning, &rest].concat()));
                }
                node = self.edges[*edge].to;
                passed.insert(node);
            }
        }
        let chains = rows.iter().map(|(_, edges)| self.chain(principal, edges)).collect();
        Chains { chains, has_more: !candidates.is_empty() }
    }

    pub(super) fn row(&self, edges: Vec<usize>) -> Row {
        let length = edges.iter().fold(Length::default(), |length, edge| self.longer(length, *edge));
        (length, edges)
    }

    fn longer(&self, length: Length, edge: usize) -> Length {
        let edge = &self.edges[edge];
        (length.0 + u32::from(edge.via != Via::IsMember), length.1.then(edge.manner))
    }

    /// Returns the shortest row of edges between two nodes over the edges that `is_open` lets through.
    pub(super) fn shortest(&self, start: usize, end: usize, is_open: impl Fn(usize) -> bool) -> Option<Vec<usize>> {
        let mut came: BTreeMap<usize, (Length, Option<usize>)> = BTreeMap::from([(start, (Length::default(), None))]);
        let mut settled: BTreeSet<usize> = BTreeSet::new();
        let mut open = BinaryHeap::from([Reverse((Length::default(), start))]);
        while let Some(Reverse((length, node))) = open.pop() {
            if node == end {
                break;
            }
            if !settled.insert(node) {
                continue;
            }
            for index in self.out[node].iter().copied().filter(|index| is_open(*index)) {
                let next = self.edges[index].to;
                let reached = self.longer(length, index);
                if came.get(&next).is_none_or(|(known, _)| reached < *known) {
                    came.insert(next, (reached, Some(index)));
                    open.push(Reverse((reached, next)));
                }
            }
        }
        let mut edges = Vec::new();
        let mut at = end;
        while at != start {
            let edge = came.get(&at)?.1?;
            edges.push(edge);
            at = self.edges[edge].from;
        }
        edges.reverse();
        Some(edges)
    }
}
