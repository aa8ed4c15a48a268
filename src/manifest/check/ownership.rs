//! Checks: what the Tenant manifest owns.

use crate::core::diagnostic::Diagnostic;
use crate::core::ownership::Pattern;
use crate::manifest::check::run::Run;
use crate::manifest::kind::tenant::OwnershipEntry;

/// The patterns or scopes of an ownership entry.
fn parts(owned: &OwnershipEntry) -> (&'static str, &[String]) {
    match owned {
        OwnershipEntry::DirectoryRoles { directory_roles, .. } => ("directoryRoles", directory_roles),
        OwnershipEntry::AzureScopes { azure_scopes, .. } => ("azureScopes", azure_scopes),
        OwnershipEntry::Groups { groups, .. } => ("groups", groups),
    }
}

/// How many patterns and scopes are compared with each other. Nobody owns more; a file that means ill may hold 200,000.
const EXAMINED: usize = 500;

/// A pattern or scope of an ownership entry.
struct Part<'a> {
    route: String,
    key: &'static str,
    entry: usize,
    text: &'a str,
    pattern: Option<Pattern>,
    scope: Option<String>,
    is_exact: bool,
}

/// The first entry that matches decides (design.md 2), so a part that an earlier entry of the same kind covers never does. Looks
/// at the first [`EXAMINED`] parts.
pub(super) fn shadowed(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for (entry, tenant) in &run.tenants {
        let mut earlier: Vec<Part<'_>> = Vec::new();
        for (index, owned) in tenant.ownership.iter().flatten().enumerate() {
            let (key, texts) = parts(owned);
            let is_exact = matches!(owned, OwnershipEntry::AzureScopes { exact: Some(true), .. });
            for (at, text) in texts.iter().enumerate().take(EXAMINED - earlier.len()) {
                let is_scope = key == "azureScopes";
                let part = Part {
                    route: format!("/ownership/{index}/{key}/{at}"),
                    key,
                    entry: index,
                    text,
                    pattern: Pattern::new(text).ok().filter(|_| !is_scope),
                    scope: run.scope(text).identity().filter(|_| is_scope),
                    is_exact,
                };
                if let Some(other) = earlier.iter().find(|other| other.entry < index && covers(other, &part)) {
                    let message = format!("`{text}` can never match here: an earlier entry decides");
                    let diagnostic = Diagnostic::warning("shadowed-ownership", entry.at(&part.route), message);
                    let first = entry.document.at(&format!("/spec{}", other.route));
                    let diagnostic = diagnostic.label(first, "this one covers it");
                    found.push(diagnostic.help("put the narrower entry first, or remove it"));
                }
                earlier.push(part);
            }
        }
    }
}

/// Tells whether everything that `later` means is already meant by `earlier`.
fn covers(earlier: &Part<'_>, later: &Part<'_>) -> bool {
    if earlier.key != later.key {
        return false;
    }
    if let (Some(a), Some(b)) = (&earlier.scope, &later.scope) {
        let is_below = b.strip_prefix(a.as_str()).is_some_and(|rest| rest.starts_with('/'));
        return (a == b && (!earlier.is_exact || later.is_exact)) || (is_below && !earlier.is_exact);
    }
    // a glob covers a glob when it matches its text, as `sg-*` covers `sg-pim-*`; only `?` would match a `*` by mistake
    let misleads = earlier.text.contains('?') && later.text.contains('*');
    let matches = earlier.pattern.as_ref().is_some_and(|pattern| pattern.matches(later.text));
    let leaves_out = earlier.key == "directoryRoles" && is_reserved(earlier.text, later.text);
    matches && !leaves_out && !misleads
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
