//! Checks: why standing access stands.

use std::collections::HashSet;

use crate::core::assignment::Mode;
use crate::core::diagnostic::Diagnostic;
use crate::manifest::check::bound::COMPLAINTS;
use crate::manifest::check::run::{Run, may_be_same, principal_identity};
use crate::manifest::kind::assignment::Purpose;

/// Standing access says why it stands (design.md 2).
pub(super) fn missing(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for assigned in run.assignments.iter().filter(|one| one.view.mode == Mode::Active && one.view.purpose.is_none()) {
        if assigned.entry.is_whole() {
            let text = "standing access without `purpose`: why does it stand?";
            let diagnostic = Diagnostic::error("missing-purpose", assigned.entry.key("/role"), text);
            found.push(diagnostic.help(
                "add `purpose: breakGlass`, `serviceIdentity`, `criticalInfrastructure` or `other`, or make it an EligibleAssignment",
            ));
        }
    }
}

/// Purpose `other` needs a justification (design.md 2).
pub(super) fn without_justification(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for assigned in run.assignments.iter().filter(|one| one.view.purpose == Some(Purpose::Other)) {
        if assigned.entry.is_whole() && assigned.view.justification.is_none_or(|text| text.trim().is_empty()) {
            let text = "`purpose: other` needs a `justification` that says what it is";
            found.push(Diagnostic::error("purpose-without-justification", assigned.entry.at("/purpose"), text));
        }
    }
}

/// `purpose: breakGlass` is for the accounts that the Tenant manifest lists, which guards and reports rely on.
pub(super) fn not_break_glass(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    let Some((_, tenant)) = run.tenant() else { return };
    let accounts: HashSet<_> = tenant.break_glass.iter().flatten().map(principal_identity).collect();
    for assigned in run.assignments.iter().filter(|one| one.view.purpose == Some(Purpose::BreakGlass)) {
        for (index, principal) in assigned.view.principals.iter().enumerate() {
            let may_be_there =
                tenant.break_glass.iter().flatten().take(COMPLAINTS).any(|account| may_be_same(principal, account));
            if !accounts.contains(&principal_identity(principal)) && !may_be_there {
                let text = format!("{} is not in the Tenant's `breakGlass`", principal.reference());
                let at = assigned.entry.at(&format!("/principals/{index}"));
                let diagnostic = Diagnostic::warning("purpose-not-break-glass", at, text);
                found.push(diagnostic.help("list it there, so that no plan takes its access away"));
            }
        }
    }
}
