//! Groups that are members of each other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::core::chain::graph::{Graph, as_principal};
use crate::core::id::PrincipalId;
use crate::core::target::{Access, Target};

/// Groups each of which is eligible for, or active in, the next; the last in the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circle {
    /// The grants that make a shortest circle through the first group, in order: each is held by the group that the one before
    /// leads to.
    pub grants: Vec<usize>,
    /// Every group that is on some circle with these, sorted.
    pub groups: Vec<PrincipalId>,
}

impl Graph {
    /// Returns the circles of memberships among groups, one for each set of groups that reach each other, sorted by their first
    /// group.
    pub fn circles(&self) -> Vec<Circle> {
        let mut next: BTreeMap<&PrincipalId, Vec<(PrincipalId, usize)>> = BTreeMap::new();
        for (index, grant) in self.grants().iter().enumerate() {
            if let Target::Group { group, access: Access::Member } = &grant.key.target
                && self.groups.contains_key(&grant.key.principal)
                && self.edge_of[index].is_some()
            {
                next.entry(&grant.key.principal).or_default().push((as_principal(group), index));
            }
        }
        let mut circles = Vec::new();
        for groups in components(&next) {
            let first = &groups[0];
            let within: BTreeSet<&PrincipalId> = groups.iter().collect();
            if let Some(grants) = shortest(&next, first, &within) {
                circles.push(Circle { grants, groups });
            }
        }
        circles.sort_by(|a, b| a.groups.cmp(&b.groups));
        circles
    }
}

/// Returns the sets of groups that reach each other, each sorted; single groups too. (Tarjan's algorithm, with a stack of its own:
/// groups may be nested as deep as there are groups.)
fn components(next: &BTreeMap<&PrincipalId, Vec<(PrincipalId, usize)>>) -> Vec<Vec<PrincipalId>> {
    let none = Vec::new();
    let mut number: BTreeMap<&PrincipalId, usize> = BTreeMap::new();
    let mut low: BTreeMap<&PrincipalId, usize> = BTreeMap::new();
    let mut path: Vec<&PrincipalId> = Vec::new();
    let mut on_path: BTreeSet<&PrincipalId> = BTreeSet::new();
    let mut found = Vec::new();
    for root in next.keys() {
        if number.contains_key(root) {
            continue;
        }
        let mut calls: Vec<(&PrincipalId, usize)> = vec![(root, 0)];
        while let Some((at, step)) = calls.pop() {
            if step == 0 {
                let count = number.len();
                number.insert(at, count);
                low.insert(at, count);
                path.push(at);
                on_path.insert(at);
            }
            let edges = next.get(at).unwrap_or(&none);
            if step > 0 {
                let child = &edges[step - 1].0;
                if on_path.contains(child) {
                    let lowest = low[at].min(low[child]);
                    low.insert(at, lowest);
                }
            }
            if let Some((child, _)) = edges.get(step) {
                calls.push((at, step + 1));
                if !number.contains_key(child) {
                    calls.push((child, 0));
                }
            } else if low[at] == number[at] {
                let mut groups = Vec::new();
                while let Some(member) = path.pop() {
                    on_path.remove(member);
                    groups.push(member.clone());
                    if member == at {
                        break;
                    }
                }
                groups.sort();
                found.push(groups);
            }
        }
    }
    found
}

/// Returns the grants of a shortest way from a group back to itself.
fn shortest(
    next: &BTreeMap<&PrincipalId, Vec<(PrincipalId, usize)>>,
    first: &PrincipalId,
    within: &BTreeSet<&PrincipalId>,
) -> Option<Vec<usize>> {
    let mut came: BTreeMap<&PrincipalId, (&PrincipalId, usize)> = BTreeMap::new();
    let mut open = VecDeque::from([first]);
    while let Some(at) = open.pop_front() {
        for (child, grant) in next.get(at).into_iter().flatten().filter(|(child, _)| within.contains(child)) {
            if child == first {
                let mut grants = vec![*grant];
                let mut back = at;
                while back != first {
                    let (parent, grant) = came[back];
                    grants.push(grant);
                    back = parent;
                }
                grants.reverse();
                return Some(grants);
            }
            if !came.contains_key(child) {
                came.insert(child, (at, *grant));
                open.push_back(child);
            }
        }
    }
    None
}
