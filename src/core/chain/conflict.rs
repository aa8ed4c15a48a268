//! Which removals must come before which additions, so that nobody reaches for an instant what neither the state before nor the
//! state after allows.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::core::assignment::{AssignmentKey, Mode};
use crate::core::chain::graph::{Graph, Node};

/// A grant that goes and a grant that comes, both on one chain: if the second came first, that chain would hold between the two,
/// though it holds neither before nor after.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict {
    /// What must be removed first.
    pub removed: AssignmentKey,
    /// What may be granted then.
    pub added: AssignmentKey,
}

/// Returns every conflict between two states, sorted.
///
/// Pairs whose one part is *covered* are none: an added grant when the same principal has the same target before in an equal or
/// stronger mode, a removed one when it does so after; active is stronger than eligible. What only changes its window or its
/// condition is in both graphs and in no pair: [`Graph::pairs`] takes any grants.
pub fn conflicts(before: &Graph, after: &Graph) -> Vec<Conflict> {
    let both = before.join(after);
    let held_before: BTreeSet<&AssignmentKey> = before.grants().iter().map(|grant| &grant.key).collect();
    let held_after: BTreeSet<&AssignmentKey> = after.grants().iter().map(|grant| &grant.key).collect();
    let key = |index: usize| &both.grants()[index].key;
    let all = 0..both.grants().len();
    let removed: Vec<usize> = all.clone().filter(|index| !is_covered(key(*index), &held_after)).collect();
    let added: Vec<usize> = all.filter(|index| !is_covered(key(*index), &held_before)).collect();
    let pairs = both.pairs(&removed, &added);
    let conflict = |(removed, added)| Conflict { removed: key(removed).clone(), added: key(added).clone() };
    let mut found: Vec<Conflict> = pairs.into_iter().map(conflict).collect();
    found.sort();
    found
}

/// Tells whether the same principal has the same target in an equal or stronger mode.
fn is_covered(key: &AssignmentKey, held: &BTreeSet<&AssignmentKey>) -> bool {
    held.contains(key)
        || key.mode == Mode::Eligible && held.contains(&AssignmentKey { mode: Mode::Active, ..key.clone() })
}

/// The nodes of groups that are reached from one node.
struct Flood {
    /// Each with the times at which the depth-first walk came to it and left it: whatever lies between is behind it.
    nodes: BTreeMap<usize, (usize, usize)>,
}

impl Graph {
    /// Returns the pairs of a grant of `first` and one of `second`, by index, that lie on one chain in either order: that somebody
    /// could use one after the other without being anything twice. Grants that the service does not honour lie on none.
    pub fn pairs(&self, first: &[usize], second: &[usize]) -> BTreeSet<(usize, usize)> {
        let mut leaving: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut leading: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for index in second {
            if let Some(edge) = self.edge_of[*index].map(|edge| self.edges[edge]) {
                leaving.entry(edge.from).or_default().push(*index);
                leading.entry(edge.to).or_default().push(*index);
            }
        }
        let mut pairs = BTreeSet::new();
        for index in first {
            let Some(edge) = self.edge_of[*index].map(|edge| self.edges[edge]).filter(|edge| edge.from != edge.to)
            else {
                continue;
            };
            // the grant of `first` is used before the other one, then after it
            for (start, barred, others, far_end) in
                [(edge.to, edge.from, &leaving, true), (edge.from, edge.to, &leading, false)]
            {
                let flood = self.flood(start, barred, far_end);
                for node in flood.nodes.keys() {
                    for other in others.get(node).into_iter().flatten() {
                        let Some(met) = self.edge_of[*other].map(|edge| self.edges[edge]) else { continue };
                        let end = if far_end { met.to } else { met.from };
                        let is_simple = end != barred
                            && end != start
                            && end != *node
                            && (flood.is_clear(*node, end) || self.is_linked(start, *node, [barred, end], far_end));
                        if is_simple {
                            pairs.insert((*index, *other));
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
