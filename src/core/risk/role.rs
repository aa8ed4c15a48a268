//! The risk of a custom role that allows more than before: of what is added, for those who hold it already.

use std::collections::BTreeSet;

use crate::core::assignment::{AssignmentKey, Mode};
use crate::core::id::PrincipalId;
use crate::core::permission_set::excess;
use crate::core::risk::people::not_known;
use crate::core::risk::power::Power;
use crate::core::risk::{Judge, Sum, weight};
use crate::core::role_definition::{Permissions, RoleDefinition};
use crate::core::target::Target;

impl Judge<'_> {
    pub(super) fn role(&mut self, before: &RoleDefinition, after: &RoleDefinition) -> Sum {
        let name = after.display_name.clone();
        let was_off = !before.is_enabled && after.is_enabled;
        let (added, count) = match was_off {
            // whoever holds it gets all of it back
            true => (after.permissions.clone(), 1),
            false => added(before, after),
        };
        if count == 0 {
            let text = format!("{name} can be assigned in more places; nobody gains by that alone");
            return Sum { points: weight::TIER_2, reasons: vec![text] };
        }
        let power = Power::of_permissions(after.surface, &added);
        let keys: Vec<AssignmentKey> = self.held.get(&after.key()).into_iter().flatten().copied().cloned().collect();
        let mut reasons = Vec::new();
        if was_off {
            reasons.push(format!("{name} is enabled: whoever holds it can use it"));
        }
        // what is added gives the reason
        let added_name = if was_off { name.clone() } else { format!("what {name} gains") };
        reasons.extend(self.why(&added_name, None, &power));
        if keys.is_empty() {
            reasons.push(format!("nobody holds {name} yet"));
            return Sum { points: power.points + weight::UNHELD, reasons };
        }
        let how = |key: &AssignmentKey| {
            let by_mode = match key.mode {
                Mode::Active => 0,
                Mode::Eligible => self.checks(&key.target).unwrap_or_default().points(),
            };
            by_mode + self.breadth(&key.target)
        };
        let points = power.points + keys.iter().map(how).max().unwrap_or_default();
        let targets: BTreeSet<&Target> = keys.iter().map(|key| &key.target).collect();
        let (mut people, mut groups): (BTreeSet<PrincipalId>, BTreeSet<PrincipalId>) = Default::default();
        for principal in keys.iter().map(|key| &key.principal) {
            let members = self.people.members(principal);
            people.extend(members.people.iter().cloned());
            groups.extend(self.people.unknown(&members).into_iter().cloned());
        }
        let count = self.people.count(&people.iter().collect(), !groups.is_empty());
        let verb = if people.len() == 1 { "holds" } else { "hold" };
        let places = match targets.len() {
            1 => targets.first().map(|target| self.role_name(target)).unwrap_or_default(),
            several => format!("{name} in {several} places"),
        };
        reasons.push(format!("{count} {verb} or can activate {places} and can do more by it at once"));
        reasons.extend(not_known(self.labels, &groups.iter().collect::<Vec<_>>()));
        Sum { points, reasons }
    }
}

/// Returns what a role allows that it did not before, and how many permissions that is. Where an exclusion goes, it is what the
/// exclusion kept away.
fn added(before: &RoleDefinition, after: &RoleDefinition) -> (Permissions, usize) {
    let excess = excess(&after.permissions, &before.permissions);
    let mut added = Permissions {
        not_actions: after.permissions.not_actions.clone(),
        not_data_actions: after.permissions.not_data_actions.clone(),
        ..Permissions::default()
    };
    for one in &excess {
        let set = if one.is_data { &mut added.data_actions } else { &mut added.actions };
        set.insert(one.into.clone().unwrap_or_else(|| one.permission.clone()));
    }
    (added, excess.len())
}
