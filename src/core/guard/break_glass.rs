//! Break-glass accounts keep a permanent, direct, active Global Administrator at tenant scope.

use crate::core::assignment::{AssignmentKey, Mode};
use crate::core::change::{Change, Subject};
use crate::core::guard::{GLOBAL_ADMINISTRATOR, Scene, Verdict};
use crate::core::id::{PrincipalId, RoleId};
use crate::core::notice::Notice;
use crate::core::observed::Observed;
use crate::core::scope::DirectoryScope;
use crate::core::target::Target;

/// Refuses a plan that takes the role from a break-glass account, or that touches it and leaves it without. There is no
/// override.
pub(super) fn judge(scene: &Scene<'_>, verdicts: &mut Vec<Verdict>, notices: &mut Vec<Notice>) {
    if scene.before.missing_directory(Mode::Active).is_some() {
        return;
    }
    for account in &scene.desired.tenant.break_glass {
        let label = scene.labels.principal(&account.value);
        let (had, has) = (holds(scene.before, &account.value), holds(scene.after, &account.value));
        let message =
            format!("break-glass account `{label}` holds no permanent, active Global Administrator at tenant scope");
        if !has && (had || is_touched(scene.changes, &account.value)) {
            verdicts.push(Verdict {
                guard: "break-glass".into(),
                message: format!("after this plan {message}"),
                overridden_by: None,
                ..Verdict::default()
            });
        } else if !has {
            let address = scene.labels.assignment(&key(&account.value));
            notices.push(Notice::warning("break-glass", Some(address), message, Some(account.at.clone())));
        }
    }
}

fn is_touched(changes: &[Change], principal: &PrincipalId) -> bool {
    let of =
        |change: &Change| matches!(&change.subject, Subject::Assignment { key, .. } if key.principal == *principal);
    changes.iter().any(of)
}

fn holds(state: &Observed, principal: &PrincipalId) -> bool {
    let found = state.assignments.get(&key(principal));
    found.is_some_and(|found| found.window.end.is_none() && !found.window.is_pending())
}

/// Returns the assignment that a break-glass account must hold.
fn key(principal: &PrincipalId) -> AssignmentKey {
    let target = Target::Directory { role: RoleId::new(GLOBAL_ADMINISTRATOR), scope: DirectoryScope::Tenant };
    AssignmentKey { target, principal: principal.clone(), mode: Mode::Active }
}
