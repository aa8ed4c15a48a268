//! No mass removal by accident.

use crate::core::authority::{self, Standing};
use crate::core::change::{Action, Subject};
use crate::core::guard::{Scene, Verdict};
use crate::core::notice::Notice;

/// The smallest extent for which a percentage means anything (design.md 6).
const SMALLEST_EXTENT: usize = 5;

/// Refuses more removals than `limits.maxRemovals`, or a larger share of the owned extent than `limits.maxRemovalPercent`.
pub(super) fn judge(scene: &Scene<'_>, verdicts: &mut Vec<Verdict>, _: &mut Vec<Notice>) {
    let limits = scene.desired.tenant.limits;
    let is_removal = |change: &&crate::core::change::Change| change.action == Action::Remove;
    let removals = scene.changes.iter().filter(is_removal).count();
    let assignments =
        scene.changes.iter().filter(is_removal).filter(|c| matches!(c.subject, Subject::Assignment { .. })).count();
    let is_owned = |key| matches!(authority::of_assignment(scene.desired, scene.before, key), Standing::Owned(_));
    let owned = scene.before.assignments.keys().filter(|key| is_owned(key)).count();
    let overridden_by = Some("--allow-mass-removal".to_owned());
    if removals > limits.max_removals as usize {
        let message = format!("{removals} removals are planned, `limits.maxRemovals` is {}", limits.max_removals);
        verdicts.push(Verdict { guard: "mass-removal".into(), message, overridden_by, ..Verdict::default() });
    } else if owned >= SMALLEST_EXTENT && assignments * 100 > owned * limits.max_removal_percent as usize {
        let message = format!(
            "{assignments} of the {owned} assignments in the owned extent would be removed ({} %), \
             `limits.maxRemovalPercent` is {}",
            assignments * 100 / owned,
            limits.max_removal_percent
        );
        verdicts.push(Verdict { guard: "mass-removal".into(), message, overridden_by, ..Verdict::default() });
    }
}
