//! Checks: who may hold what.

use crate::core::assignment::Mode;
use crate::core::diagnostic::Diagnostic;
use crate::core::principal::PrincipalType;
use crate::manifest::check::run::{Run, principal_identity};
use crate::manifest::kind::principal::Principal;
use crate::manifest::kind::role::{Access, RoleReference};

/// Service principals cannot activate, so they hold active assignments only (graph.md 2.9).
pub(super) fn eligible_service_principal(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for assigned in run.assignments.iter().filter(|one| one.view.mode == Mode::Eligible) {
        for (index, principal) in assigned.view.principals.iter().enumerate() {
            if principal.kind() == PrincipalType::ServicePrincipal {
                let text = "a service principal cannot activate a role, so it cannot be eligible";
                let at = assigned.entry.at(&format!("/principals/{index}"));
                let diagnostic = Diagnostic::error("eligible-service-principal", at, text);
                found.push(diagnostic.help("use an ActiveAssignment with `purpose: serviceIdentity`"));
            }
        }
    }
}

/// A group cannot be an owner of a group (graph.md 4.4; limits.json `entra.group.ownerIsGroup`).
pub(super) fn group_as_owner(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for assigned in &run.assignments {
        let RoleReference::Group { group, access: Access::Owner } = assigned.view.role else { continue };
        for (index, principal) in assigned.view.principals.iter().enumerate() {
            if principal.kind() == PrincipalType::Group {
                let text = format!("a group cannot own the group `{group}`");
                let at = assigned.entry.at(&format!("/principals/{index}"));
                found.push(Diagnostic::error("group-as-owner", at, text).help("name users, or use `access: member`"));
            }
        }
    }
}

/// A group is not its own member.
pub(super) fn group_in_itself(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for assigned in &run.assignments {
        let RoleReference::Group { group, access: Access::Member } = assigned.view.role else { continue };
        let itself = principal_identity(&Principal::Group { group: group.clone() });
        for (index, principal) in assigned.view.principals.iter().enumerate() {
            if principal_identity(principal) == itself {
                let text = format!("the group `{group}` cannot be a member of itself");
                found.push(Diagnostic::error(
                    "group-in-itself",
                    assigned.entry.at(&format!("/principals/{index}")),
                    text,
                ));
            }
        }
    }
}
