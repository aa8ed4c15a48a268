//! Checks: what the Tenant manifest owns.

use crate::core::diagnostic::Diagnostic;
use crate::core::ownership::Pattern;
use crate::manifest::check::run::Run;
use crate::manifest::kind::tenant::{OwnershipEntry, Tenant};

/// The patterns or scopes of an ownership entry.
fn parts(owned: &OwnershipEntry) -> (&'static str, &[String]) {
    match owned {
        OwnershipEntry::DirectoryRoles { directory_roles, .. } => ("directoryRoles", directory_roles),
        OwnershipEntry::AzureScopes { azure_scopes, .. } => ("azureScopes", azure_scopes),
        OwnershipEntry::Groups { groups, .. } => ("groups", groups),
    }
}

/// The first entry that matches decides (design.md 2), so a part that an earlier entry of the same kind covers never does.
pub(super) fn shadowed(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for (entry, tenant) in &run.tenants {
        for (index, owned) in tenant.ownership.iter().flatten().enumerate() {
            let (key, texts) = parts(owned);
            for (at, text) in texts.iter().enumerate() {
                if let Some((earlier, part)) = covering(run, tenant, index, key, text) {
                    let message = format!("`{text}` can never match here: an earlier entry decides");
                    let place = entry.at(&format!("/ownership/{index}/{key}/{at}"));
                    let diagnostic = Diagnostic::warning("shadowed-ownership", place, message);
                    let first = entry.document.at(&format!("/spec/ownership/{earlier}/{key}/{part}"));
                    found.push(
                        diagnostic
                            .label(first, "this one covers it")
                            .help("put the narrower entry first, or remove it"),
                    );
                }
            }
        }
    }
}

/// Returns the entry and part, before entry `index`, that cover `text`.
fn covering(run: &Run<'_>, tenant: &Tenant, index: usize, key: &str, text: &str) -> Option<(usize, usize)> {
    for (earlier, owned) in tenant.ownership.iter().flatten().take(index).enumerate() {
        let (other_key, parts) = parts(owned);
        if other_key != key {
            continue;
        }
        let exact = matches!(owned, OwnershipEntry::AzureScopes { exact: Some(true), .. });
        for (part, other) in parts.iter().enumerate() {
            let covers = match key {
                "azureScopes" => {
                    let (a, b) = (run.scope(other).identity(), run.scope(text).identity());
                    let same_extent = !exact || is_exact(tenant, index);
                    a.is_some() && a == b && same_extent
                }
                // a glob covers a glob when it matches its text: `sg-*` covers `sg-pim-*`. Globs leave some roles to those who
                // name them, so only an exact name or another glob is covered
                _ => {
                    Pattern::new(other).is_ok_and(|p| p.matches(text))
                        && (key != "directoryRoles" || !is_reserved(other, text))
                }
            };
            if covers {
                return Some((earlier, part));
            }
        }
    }
    None
}

fn is_exact(tenant: &Tenant, index: usize) -> bool {
    matches!(tenant.ownership.iter().flatten().nth(index), Some(OwnershipEntry::AzureScopes { exact: Some(true), .. }))
}

/// Tells whether `name` is a role that globs never match: hidden, system-assigned, deprecated or of directory synchronisation
/// (design.md 2, "Precedence").
fn is_reserved(pattern: &str, name: &str) -> bool {
    use crate::catalog::directory_role::{DIRECTORY_SYNCHRONIZATION, RoleKind, find};
    let is_special = |role: &crate::catalog::directory_role::DirectoryRole| {
        role.kind != RoleKind::Assignable || role.id == DIRECTORY_SYNCHRONIZATION
    };
    pattern.contains(['*', '?']) && find(name).is_some_and(is_special)
}
