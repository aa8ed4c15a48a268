//! What cannot be judged is not touched.

use crate::core::assignment::Mode;
use crate::core::change::{Action, Change, Subject};
use crate::core::direction::Direction;
use crate::core::guard::{Case, Findings, Scene, is_global_administrator};

pub(super) const NAME: &str = "incomplete-read";

/// Refuses a plan that updates, narrows or removes an assignment of Global Administrator at tenant scope, or any assignment of
/// a break-glass account, while active assignments could not be read: nobody can say then who would be left. There is no
/// override.
pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    let scene = &case.scene;
    let Some(gap) = scene.before.missing_directory(Mode::Active) else { return };
    for change in scene.changes.iter().filter(|change| takes(change) && is_vital(scene, change)) {
        let message = format!(
            "`{}` cannot be judged: {} could not be read, so nobody can say who would still hold Global Administrator",
            change.address,
            gap.part.as_str()
        );
        findings.refuse(NAME, message, None);
    }
}

fn takes(change: &Change) -> bool {
    matches!(change.action, Action::Update | Action::Remove) || change.direction == Direction::Narrows
}

fn is_vital(scene: &Scene<'_>, change: &Change) -> bool {
    let Subject::Assignment { key, .. } = &change.subject else { return false };
    is_global_administrator(&key.target) || scene.desired.tenant.break_glass.iter().any(|p| p.value == key.principal)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::core::guard::fixture::*;
    use crate::core::observed::Part;
    use Mode::Active;

    /// The role of `who` is to end, while instances could not be read.
    fn staged(role: &str, who: &str) -> Staged {
        let held = [(GA, "ada", Active), (GA, "bea", Active), (GA, "cy", Active), (HELPDESK, "dan", Active)];
        let mut desired = manifests(&held);
        declare(&mut desired, key(role, who, Active), until_autumn());
        let mut observed = tenant(&held);
        observed.unreadable = vec![gap(Part::ActiveInstances)];
        Staged::new(desired, observed)
    }

    pub(in crate::core::guard) const FIXTURE: Fixture =
        Fixture { refused: || staged(GA, "ada"), passed: || staged(HELPDESK, "dan") };

    #[test]
    fn nothing_is_removed_where_something_could_not_be_read() {
        let mut staged = staged(HELPDESK, "dan");
        staged.desired.assignments.clear();
        assert!(staged.plan().is_empty());
        assert_eq!(staged.plan().notices.iter().filter(|notice| notice.code == NAME).count(), 0);
    }
}
