//! Break-glass accounts keep a permanent, direct, active Global Administrator at tenant scope.

use crate::core::assignment::{AssignmentKey, Mode};
use crate::core::change::{Change, Subject};
use crate::core::guard::{Case, Findings, GLOBAL_ADMINISTRATOR};
use crate::core::id::{PrincipalId, RoleId};
use crate::core::notice::Notice;
use crate::core::observed::Observed;
use crate::core::scope::DirectoryScope;
use crate::core::target::Target;

pub(super) const NAME: &str = "break-glass";

/// Refuses a plan that takes the role from a break-glass account, or that touches it and leaves it without. There is no
/// override. Settings that forbid what it holds are no danger: they bind new requests only (graph.md 3.6 #16).
pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    let scene = &case.scene;
    if scene.before.missing_directory(Mode::Active).is_some() {
        return;
    }
    for account in &scene.desired.tenant.break_glass {
        let label = scene.labels.principal(&account.value);
        let (had, has) = (holds(scene.before, &account.value), holds(scene.after, &account.value));
        let message =
            format!("break-glass account `{label}` holds no permanent, active Global Administrator at tenant scope");
        let address = || Some(scene.labels.assignment(&key(&account.value)));
        if !has && (had || is_touched(scene.changes, &account.value)) {
            findings.refuse(NAME, format!("after this plan {message}"), None);
        } else if !has {
            findings.remark(Notice::warning(NAME, address(), message, Some(account.at.clone())));
        }
        if case.before.is_gone(&account.value) {
            let message = format!("break-glass account `{label}` is disabled or deleted: nobody can sign in as it");
            findings.remark(Notice::warning("break-glass-unusable", address(), message, Some(account.at.clone())));
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::core::guard::fixture::*;
    use crate::core::schedule::Schedule;
    use Mode::Active;

    /// `who` is a break-glass account; ada's role is to end.
    fn staged(who: &str) -> Staged {
        let held = [(GA, "ada", Active), (GA, "bea", Active), (GA, "cy", Active)];
        let mut desired = manifests(&held);
        desired.tenant.break_glass = vec![at(PrincipalId::new(who))];
        declare(&mut desired, super::key(&PrincipalId::new("ada")), until_autumn());
        Staged::new(desired, tenant(&held))
    }

    pub(in crate::core::guard) const FIXTURE: Fixture = Fixture { refused: || staged("ada"), passed: || staged("bea") };

    #[test]
    fn nothing_overrides_it() {
        assert_eq!(staged("ada").refusals(NAME)[0].overridden_by, None);
    }

    #[test]
    fn an_account_that_cannot_sign_in_is_remarked_on() {
        let mut staged = staged("bea");
        assert_eq!(staged.notices("break-glass-unusable"), [""; 0]);
        staged.observed.principals.get_mut(&PrincipalId::new("bea")).unwrap().is_enabled = Some(false);
        assert_eq!(staged.notices("break-glass-unusable").len(), 1);
        declare(&mut staged.desired, super::key(&PrincipalId::new("ada")), Schedule::Permanent);
        assert_eq!(staged.refusals(NAME), []);
    }
}
