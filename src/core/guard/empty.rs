//! An empty folder, or a wrong path, never wipes a tenant.

use crate::core::change::{Action, Subject};
use crate::core::guard::{Case, Findings};
use crate::core::target::Surface;

pub(super) const NAME: &str = "empty-manifests";
const FLAG: &str = "--allow-empty-manifests";

/// Refuses a plan that removes something while the manifests declare nothing but who owns what, and one that removes assignments
/// of a surface of which they declare none.
pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    let desired = case.scene.desired;
    let removed = |surface: Option<Surface>, is_assignment: bool| {
        let is_meant = |subject: &Subject| {
            surface.is_none_or(|surface| subject.surface() == surface)
                && (!is_assignment || matches!(subject, Subject::Assignment { .. }))
        };
        case.scene.changes.iter().filter(|change| change.action == Action::Remove && is_meant(&change.subject)).count()
    };
    if desired.assignments.is_empty() && desired.settings.is_empty() && desired.roles.is_empty() {
        let count = removed(None, false);
        if count > 0 {
            let message = format!("the manifests declare nothing, and {count} object(s) would be removed");
            findings.refuse(NAME, message, Some(FLAG));
        }
        return;
    }
    for surface in Surface::ALL {
        let count = removed(Some(surface), true);
        if count > 0 && !desired.assignments.keys().any(|key| key.target.surface() == surface) {
            let what = match surface {
                Surface::Directory => "directory role",
                Surface::Group => "group",
                Surface::Azure => "Azure role",
            };
            let message = format!(
                "the manifests declare no assignment of any {what}, and {count} such assignment(s) would be removed"
            );
            findings.refuse(NAME, message, Some(FLAG));
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::core::assignment::Mode::{self, Active, Eligible};
    use crate::core::guard::fixture::*;
    use crate::core::schedule::Schedule;

    /// Two hold a role, these are to keep it.
    fn staged(kept: &[(&str, &str, Mode)]) -> Staged {
        Staged::new(manifests(kept), tenant(&[(HELPDESK, "ada", Active), (HELPDESK, "bea", Active)]))
    }

    pub(in crate::core::guard) const FIXTURE: Fixture =
        Fixture { refused: || staged(&[]), passed: || staged(&[(HELPDESK, "ada", Active)]) };

    #[test]
    fn one_declared_assignment_of_the_surface_is_enough() {
        let refusals = staged(&[]).refusals(NAME);
        assert_eq!(refusals[0].overridden_by.as_deref(), Some(FLAG));
        assert!(refusals[0].message.starts_with("the manifests declare nothing"), "{}", refusals[0].message);
        // one of another surface is not
        let mut other = staged(&[]);
        group(&mut other.observed, "operators");
        declare(&mut other.desired, member("operators", "cy", Eligible), Schedule::Permanent);
        let refusals = other.refusals(NAME);
        assert!(refusals[0].message.contains("any directory role, and 2"), "{}", refusals[0].message);
        declare(&mut other.desired, key(HELPDESK, "ada", Active), Schedule::Permanent);
        assert_eq!(other.refusals(NAME), []);
    }

    #[test]
    fn nothing_declared_and_nothing_owned_is_no_danger() {
        let mut staged = staged(&[]);
        staged.desired.tenant.ownership.entries.clear();
        assert_eq!(staged.refusals(NAME), []);
    }
}
