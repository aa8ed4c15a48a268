//! No mass removal by accident.

use crate::core::authority::{self, Standing};
use crate::core::change::{Action, Subject};
use crate::core::guard::{Case, Findings};

pub(super) const NAME: &str = "mass-removal";
const FLAG: &str = "--allow-mass-removal";

/// The smallest extent for which a percentage means anything (design.md 6).
const SMALLEST_EXTENT: usize = 5;

/// Refuses more removals than `limits.maxRemovals`, or a larger share of the owned extent than `limits.maxRemovalPercent`.
pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    let scene = &case.scene;
    let limits = scene.desired.tenant.limits;
    let is_removal = |change: &&crate::core::change::Change| change.action == Action::Remove;
    let removals = scene.changes.iter().filter(is_removal).count();
    let assignments =
        scene.changes.iter().filter(is_removal).filter(|c| matches!(c.subject, Subject::Assignment { .. })).count();
    let is_owned = |key| matches!(authority::of_assignment(scene.desired, scene.before, key), Standing::Owned(_));
    let owned = scene.before.assignments.keys().filter(|key| is_owned(key)).count();
    if removals > limits.max_removals as usize {
        let message = format!("{removals} removals are planned, `limits.maxRemovals` is {}", limits.max_removals);
        findings.refuse(NAME, message, Some(FLAG));
    } else if owned >= SMALLEST_EXTENT && assignments * 100 > owned * limits.max_removal_percent as usize {
        let message = format!(
            "{assignments} of the {owned} assignments in the owned extent would be removed ({} %), \
             `limits.maxRemovalPercent` is {}",
            assignments * 100 / owned,
            limits.max_removal_percent
        );
        findings.refuse(NAME, message, Some(FLAG));
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::core::assignment::Mode::Active;
    use crate::core::guard::fixture::*;

    /// Four of five readers go, and this share may.
    fn staged(percent: u32) -> Staged {
        let held = ["ada", "bea", "cy", "dan", "eve"].map(|name| (HELPDESK, name, Active));
        let mut staged = Staged::new(manifests(&held[..1]), tenant(&held));
        staged.desired.tenant.limits.max_removal_percent = percent;
        staged
    }

    pub(in crate::core::guard) const FIXTURE: Fixture = Fixture { refused: || staged(79), passed: || staged(80) };

    #[test]
    fn numbers_and_shares_are_bounds_of_their_own() {
        let mut few = staged(100);
        few.desired.tenant.limits.max_removals = 3;
        let refusals = few.refusals(NAME);
        assert!(refusals[0].message.contains("limits.maxRemovals"), "{}", refusals[0].message);
        assert_eq!(refusals[0].overridden_by.as_deref(), Some(FLAG));
        few.desired.tenant.limits.max_removals = 4;
        assert_eq!(few.refusals(NAME), []);
        // a share of few means nothing
        few.desired.tenant.limits.max_removal_percent = 1;
        few.observed.assignments.remove(&key(HELPDESK, "eve", Active));
        assert_eq!(few.refusals(NAME), []);
    }
}
