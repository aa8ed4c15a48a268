//! Whoever shall keep the keys of the tenant has them through its group before the old way to them is closed.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::chain::Graph;
use crate::core::change::{Change, Requirement, Subject};
use crate::core::guard;
use crate::core::observed::Observed;
use crate::core::order::{Cycle, order};
use crate::core::target::{RoleKey, Surface, Target};

const REASON: &str = "nobody loses this role before those who are to come to it by a group do";

/// Declares that whoever loses Global Administrator or Privileged Role Administrator, in part or whole, loses it after every planned
/// grant of a membership or ownership by which somebody comes to that role in the end: the guards counted those.
///
/// `after` is what becomes of the tenant when `changes` are carried out. A grant that itself waits for the removal is not waited
/// for: a new member of the very group that loses the role, for example. No order could do both, and that nobody gets more than
/// was reviewed goes first.
pub(crate) fn declare(changes: &mut [Change], after: &Observed) {
    let is_entrance = |change: &Change| {
        let is_granted = matches!(change.subject, Subject::Assignment { ask: Some(_), .. });
        is_granted && change.surface == Surface::Group && !change.only_takes()
    };
    let mut entrances: BTreeMap<&Target, Vec<&str>> = BTreeMap::new();
    for change in changes.iter().filter(|change| is_entrance(change)) {
        if let Some(target) = change.subject.target() {
            entrances.entry(target).or_default().push(&change.address);
        }
    }
    let takers = changes.iter().enumerate().filter(|(_, change)| change.only_takes());
    let vital = |change: &Change| change.subject.role_key().filter(guard::hands_out_roles);
    let takers: Vec<(usize, RoleKey)> = takers.filter_map(|(at, change)| Some((at, vital(change)?))).collect();
    if entrances.is_empty() || takers.is_empty() {
        return;
    }
    let graph = Graph::of(after);
    let mut leading: BTreeMap<&RoleKey, Vec<String>> = BTreeMap::new();
    for (_, role) in &takers {
        leading.entry(role).or_insert_with(|| {
            let of_role = graph.targets().into_iter().filter(|target| target.role_key().as_ref() == Some(role));
            let accesses: BTreeSet<Target> = of_role.flat_map(|target| graph.upstream(target)).collect();
            let granted = accesses.iter().filter_map(|access| entrances.get(access)).flatten();
            granted.map(|address| (*address).to_owned()).collect()
        });
    }
    let relied: Vec<(usize, Vec<String>)> =
        takers.iter().map(|(taker, role)| (*taker, leading.get(role).cloned().unwrap_or_default())).collect();
    for (taker, granted) in relied {
        let requirement = |address: String| Requirement { address, reason: REASON.to_owned() };
        changes[taker].requires.extend(granted.into_iter().map(requirement));
    }
    yield_to_circles(changes);
}

/// Takes back what would make a circle of requirements.
fn yield_to_circles(changes: &mut [Change]) {
    while let Err(Cycle(way)) = order(changes) {
        let mut is_broken = false;
        for pair in way.windows(2) {
            for change in changes.iter_mut().filter(|change| change.address == pair[0]) {
                let count = change.requires.len();
                change.requires.retain(|required| required.reason != REASON || required.address != pair[1]);
                is_broken |= change.requires.len() < count;
            }
        }
        if !is_broken {
            return;
        }
    }
}
