//! Which grants lie on one chain: somebody could use one and then the other.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::core::chain::graph::{Graph, Node};

/// Two grants that lie on one chain, by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    /// One of those that were given first.
    pub one: usize,
    /// One of those that were given second.
    pub other: usize,
    /// Whether `one` is used before `other`. Where groups are members of each other both may be so; those are two pairs.
    pub is_one_first: bool,
}

impl Pair {
    /// Returns the two grants in the order in which they are used.
    pub fn in_order(self) -> (usize, usize) {
        if self.is_one_first { (self.one, self.other) } else { (self.other, self.one) }
    }
}

/// The nodes of groups that are reached from one node.
struct Flood {
    /// Each with the times at which the depth-first walk came to it and left it: whatever lies between is behind it.
    nodes: BTreeMap<usize, (usize, usize)>,
}

impl Graph {
    /// Returns the pairs of a grant of `some` and one of `others` that lie on one chain in either order: that somebody could use
    /// one after the other without being anything twice. Grants that the service does not honour lie on none.
    pub fn pairs(&self, some: &[usize], others: &[usize]) -> BTreeSet<Pair> {
        let mut leaving: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut leading: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for index in others {
            if let Some(edge) = self.edge_of[*index].map(|edge| self.edges[edge]) {
                leaving.entry(edge.from).or_default().push(*index);
                leading.entry(edge.to).or_default().push(*index);
            }
        }
        let mut pairs = BTreeSet::new();
        for index in some {
            let Some(edge) = self.edge_of[*index].map(|edge| self.edges[edge]).filter(|edge| edge.from != edge.to)
            else {
                continue;
            };
            // the grant of `some` is used before the other one, then after it
            for (start, barred, met, far_end) in
                [(edge.to, edge.from, &leaving, true), (edge.from, edge.to, &leading, false)]
            {
                let flood = self.flood(start, barred, far_end);
                for node in flood.nodes.keys() {
                    for other in met.get(node).into_iter().flatten() {
                        let Some(edge) = self.edge_of[*other].map(|edge| self.edges[edge]) else { continue };
                        let end = if far_end { edge.to } else { edge.from };
                        let is_simple = end != barred
                            && end != start
                            && end != *node
                            && (flood.is_clear(*node, end) || self.is_linked(start, *node, [barred, end], far_end));
                        if is_simple {
                            pairs.insert(Pair { one: *index, other: *other, is_one_first: far_end });
                        }
                    }
                }
            }
        }
        pairs
    }

    /// Returns the nodes next to one, without people and roles: no chain leads through them.
    fn beside(&self, node: usize, is_outward: bool) -> impl Iterator<Item = usize> {
        let edges = if is_outward { &self.out[node] } else { &self.into[node] };
        let next = edges.iter().map(move |edge| if is_outward { self.edges[*edge].to } else { self.edges[*edge].from });
        next.filter(|next| matches!(self.nodes[*next], Node::Direct(_) | Node::Member(_) | Node::Owner(_)))
    }

    /// Walks depth first from `start` without touching `barred`.
    fn flood(&self, start: usize, barred: usize, is_outward: bool) -> Flood {
        let mut nodes: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
        let mut count = 0;
        let mut stack = vec![(start, false)];
        while let Some((node, is_left)) = stack.pop() {
            count += 1;
            if is_left {
                nodes.entry(node).and_modify(|times| times.1 = count);
            } else if let Entry::Vacant(entry) = nodes.entry(node) {
                entry.insert((count, usize::MAX));
                stack.push((node, true));
                stack.extend(self.beside(node, is_outward).filter(|next| *next != barred).map(|next| (next, false)));
            }
        }
        Flood { nodes }
    }

    /// Tells whether a way leads from `start` to `goal` without touching some nodes.
    fn is_linked(&self, start: usize, goal: usize, barred: [usize; 2], is_outward: bool) -> bool {
        let mut seen = BTreeSet::from([start]);
        let mut open = VecDeque::from([start]);
        while let Some(node) = open.pop_front() {
            if node == goal {
                return true;
            }
            for next in self.beside(node, is_outward).filter(|next| !barred.contains(next)) {
                if seen.insert(next) {
                    open.push_back(next);
                }
            }
        }
        false
    }
}

impl Flood {
    /// Tells whether the way that was walked to `node` does not lead through `other`.
    fn is_clear(&self, node: usize, other: usize) -> bool {
        match (self.nodes.get(&node), self.nodes.get(&other)) {
            (Some(node), Some(other)) => !(other.0 <= node.0 && node.1 <= other.1),
            _ => true,
        }
    }
}
