//! What takes access away relies on what gives it: whoever shall keep access has it before the old way to it is closed.

use std::collections::BTreeMap;

use crate::core::assignment::{AssignmentKey, Mode};
use crate::core::change::{Change, Requirement, Subject};
use crate::core::guard;
use crate::core::target::RoleKey;

/// Declares what removals and narrowings rely on.
///
/// - Whoever loses Global Administrator or Privileged Role Administrator, in part or whole, loses it after every planned grant of
///   that role: the guards counted those who are to get it.
/// - Whoever changes from active to eligible or back keeps the one until the other is there.
///
/// No grant relies on a removal, so this makes no circle. Who is to hold such a role through a group is seen to where the ways are
/// known (`order/keep.rs`).
pub(super) fn declare(changes: &mut [Change]) {
    let mut by_role: BTreeMap<RoleKey, Vec<String>> = BTreeMap::new();
    let mut by_key: BTreeMap<AssignmentKey, String> = BTreeMap::new();
    for change in changes.iter().filter(|change| !change.only_takes()) {
        let Subject::Assignment { key, ask: Some(_), .. } = &change.subject else { continue };
        by_key.insert(key.clone(), change.address.clone());
        if let Some(role) = key.target.role_key().filter(guard::hands_out_roles) {
            by_role.entry(role).or_default().push(change.address.clone());
        }
    }
    for change in changes.iter_mut().filter(|change| change.only_takes()) {
        let Subject::Assignment { key, ask, .. } = &change.subject else { continue };
        let swapped = AssignmentKey { mode: other(key.mode), ..key.clone() };
        let swapped = by_key.get(&swapped).filter(|_| ask.is_none());
        let mut requires: Vec<Requirement> = Vec::new();
        if let Some(address) = swapped {
            let reason = "its holder keeps the one until the other is granted".to_owned();
            requires.push(Requirement { address: address.clone(), reason });
        }
        for address in key.target.role_key().and_then(|role| by_role.get(&role)).into_iter().flatten() {
            if swapped != Some(address) {
                let reason = "nobody loses this role before those who are to hold it do".to_owned();
                requires.push(Requirement { address: address.clone(), reason });
            }
        }
        change.requires.extend(requires);
    }
}

fn other(mode: Mode) -> Mode {
    match mode {
        Mode::Eligible => Mode::Active,
        Mode::Active => Mode::Eligible,
    }
}
