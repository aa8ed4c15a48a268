//! Checks: emergency accounts.

use std::collections::HashSet;

use crate::catalog::directory_role::GLOBAL_ADMINISTRATOR;
use crate::core::assignment::Mode;
use crate::core::diagnostic::Diagnostic;
use crate::core::name::Reference;
use crate::core::ownership::Pattern;
use crate::core::principal::PrincipalType;
use crate::core::target::Surface;
use crate::manifest::check::bound::COMPLAINTS;
use crate::manifest::check::run::{Run, may_be_same, principal_identity, role_identity};
use crate::manifest::kind::Kind;
use crate::manifest::kind::assignment::Schedule;
use crate::manifest::kind::principal::Principal;
use crate::manifest::kind::tenant::{Authority, OwnershipEntry};

/// Break-glass accounts hold Global Administrator directly (design.md 2), so they are users.
pub(super) fn invalid(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for (entry, tenant) in &run.tenants {
        for (index, account) in tenant.break_glass.iter().flatten().enumerate() {
            if account.kind() != PrincipalType::User {
                let text = "a break-glass account is a user: it signs in by itself when nothing else works";
                found.push(Diagnostic::error("invalid-break-glass", entry.at(&format!("/breakGlass/{index}")), text));
            }
        }
    }
}

/// Where Global Administrator is owned authoritatively, what is not declared is removed; so each break-glass account has a
/// permanent active assignment at tenant scope in the manifests (design.md 2). Not complained about while something could not
/// be read.
pub(super) fn not_declared(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    let Some((entry, tenant)) = run.tenant() else { return };
    if !run.is_complete || run.entries.iter().any(|entry| entry.kind == Kind::ActiveAssignment && !entry.is_whole()) {
        return;
    }
    let owner = tenant.ownership.iter().flatten().find_map(|owned| match owned {
        OwnershipEntry::DirectoryRoles { directory_roles, .. } => {
            let mut patterns = directory_roles.iter().filter_map(|text| Pattern::new(text).ok());
            let matches = patterns
                .any(|p| p.matches("Global Administrator") || p.as_str().eq_ignore_ascii_case(GLOBAL_ADMINISTRATOR));
            matches.then(|| owned.assignments())
        }
        OwnershipEntry::AzureScopes { .. } | OwnershipEntry::Groups { .. } => None,
    });
    if owner != Some(Authority::Authoritative) {
        return;
    }
    let holders: Vec<&Principal> = run
        .assignments
        .iter()
        .filter(|assigned| {
            let view = &assigned.view;
            view.mode == Mode::Active
                && view.role.surface() == Surface::Directory
                && role_identity(view.role) == GLOBAL_ADMINISTRATOR
                && matches!(view.schedule, Schedule::Permanent { .. })
                && view.scopes.is_none_or(|scopes| scopes.iter().any(|scope| scope == "tenant"))
        })
        .flat_map(|assigned| assigned.view.principals)
        .collect();
    let named: HashSet<Reference> = holders.iter().map(|one| principal_identity(one)).collect();
    for (index, account) in tenant.break_glass.iter().flatten().enumerate().take(COMPLAINTS) {
        // who is named by id here and by name there may be the same: only the tenant knows
        let is_declared =
            named.contains(&principal_identity(account)) || holders.iter().any(|one| may_be_same(one, account));
        if !is_declared && account.kind() == PrincipalType::User {
            let text = format!(
                "{} has no permanent active assignment of Global Administrator in these manifests",
                account.reference()
            );
            let at = entry.at(&format!("/breakGlass/{index}"));
            let diagnostic = Diagnostic::error("break-glass-not-declared", at, text);
            found.push(diagnostic.help(
                "Global Administrator is owned here: add an ActiveAssignment at tenant scope with `schedule: {permanent: true}` and `purpose: breakGlass`",
            ));
        }
    }
}
