//! Checks: the identity that applies.

use crate::core::diagnostic::Diagnostic;
use crate::core::principal::PrincipalType;
use crate::manifest::check::run::Run;
use crate::manifest::kind::tenant::ApplyAs;

/// Whoever applies signs in: an application as a service principal, a person as a user. `applyAs` and `appliedBy` say the same.
pub(super) fn invalid(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for (entry, tenant) in &run.tenants {
        let Some(applier) = &tenant.applied_by else { continue };
        let text = match (applier.kind(), tenant.apply_as.unwrap_or_default()) {
            (PrincipalType::Group, _) => "a group cannot sign in, so it cannot apply",
            (PrincipalType::User, ApplyAs::Application) => "a user applies only where `applyAs` is `user`",
            (PrincipalType::ServicePrincipal, ApplyAs::User) => "`applyAs` is `user`, and a service principal is none",
            (PrincipalType::User, ApplyAs::User) | (PrincipalType::ServicePrincipal, ApplyAs::Application) => continue,
        };
        found.push(Diagnostic::error("invalid-applier", entry.at("/appliedBy"), text));
    }
}
