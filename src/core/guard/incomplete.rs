//! What cannot be judged is not touched.

use crate::core::assignment::Mode;
use crate::core::change::{Action, Change, Subject};
use crate::core::direction::Direction;
use crate::core::guard::{Scene, Verdict, is_global_administrator};
use crate::core::notice::Notice;

/// Refuses a plan that updates, narrows or removes an assignment of Global Administrator at tenant scope, or any assignment of
/// a break-glass account, while active assignments could not be read: nobody can say then who would be left. There is no
/// override.
pub(super) fn judge(scene: &Scene<'_>, verdicts: &mut Vec<Verdict>, _: &mut Vec<Notice>) {
    let Some(gap) = scene.before.missing_directory(Mode::Active) else { return };
    for change in scene.changes.iter().filter(|change| takes(change) && is_vital(scene, change)) {
        verdicts.push(Verdict {
            guard: "incomplete-read".into(),
            message: format!(
                "`{}` cannot be judged: {} could not be read, so nobody can say who would still hold Global Administrator",
                change.address,
                gap.part.as_str()
            ),
            overridden_by: None,
       ..Verdict::default() });
    }
}

fn takes(change: &Change) -> bool {
    matches!(change.action, Action::Update | Action::Remove) || change.direction == Direction::Narrows
}

fn is_vital(scene: &Scene<'_>, change: &Change) -> bool {
    let Subject::Assignment { key, .. } = &change.subject else { return false };
    is_global_administrator(&key.target) || scene.desired.tenant.break_glass.iter().any(|p| p.value == key.principal)
}
