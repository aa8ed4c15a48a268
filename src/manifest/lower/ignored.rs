//! What is declared and ignored at once, seen through ids: the check over names cannot see that an id and a name are one.

use std::collections::BTreeSet;

use crate::core::declared::Declared;
use crate::core::diagnostic::Diagnostic;
use crate::core::origin::Origin;
use crate::core::state::Desired;
use crate::core::target::RoleKey;
use crate::manifest::code;

/// Returns a mistake for every declaration of something that `spec.ignore` names. Break-glass accounts come before `ignore`
/// and may be declared (design.md 2, "Precedence").
pub(super) fn declared_and_ignored(desired: &Desired) -> Vec<Diagnostic> {
    let (ignore, break_glass) = (&desired.tenant.ownership.ignore, &desired.tenant.break_glass);
    let ignored_role =
        |role: Option<RoleKey>| ignore.roles.iter().find(|ignored| Some(&ignored.value) == role.as_ref());
    let mut mistakes = Vec::new();
    let mut seen: BTreeSet<(Origin, Origin)> = BTreeSet::new();
    let mut complain = |at: &Origin, what: &str, ignored: &Origin| {
        if seen.insert((at.clone(), ignored.clone())) {
            let message = format!("{what} that is declared here is ignored");
            let mistake = Diagnostic::error(code::IGNORED_DECLARATION, Some(at.clone()), message);
            mistakes.push(mistake.label(ignored.clone(), "ignored here"));
        }
    };
    for (key, Declared { at, .. }) in &desired.assignments {
        if break_glass.iter().any(|account| account.value == key.principal) {
            continue;
        }
        if let Some(principal) = ignore.principals.iter().find(|ignored| ignored.value == key.principal) {
            complain(at, "the principal", &principal.at);
        }
        if let Some(role) = ignored_role(key.target.role_key()) {
            complain(at, "the role", &role.at);
        }
    }
    for (target, settings) in &desired.settings {
        if let Some(role) = ignored_role(target.role_key()) {
            complain(&settings.at, "the role", &role.at);
        }
    }
    mistakes
}
