//! Checks: what may be there only once.

use std::collections::HashMap;

use crate::core::diagnostic::Diagnostic;
use crate::core::target::Surface;
use crate::manifest::check::run::{Entry, Run};
use crate::manifest::kind::Kind;

/// Exactly one Tenant manifest says which tenant is meant. Not complained about while something could not be read.
pub(super) fn no_tenant(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    let is_there = run.entries.iter().any(|entry| entry.kind == Kind::Tenant);
    if !is_there && run.is_complete {
        let text = "no Tenant manifest says which tenant is meant";
        found.push(
            Diagnostic::error("no-tenant", None, text)
                .help("add a document of kind Tenant with `spec.tenantId` to these files"),
        );
    }
}

/// Exactly one Tenant manifest says which tenant is meant.
pub(super) fn several_tenants(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    let mut tenants = run.entries.iter().filter(|entry| entry.kind == Kind::Tenant);
    let Some(first) = tenants.next() else { return };
    for other in tenants {
        let text = "a second Tenant manifest; a run has exactly one";
        found.push(
            Diagnostic::error("several-tenants", Some(other.head()), text).label(first.head(), "the first one is here"),
        );
    }
}

/// `metadata.name` is unique per kind (design.md 2).
pub(super) fn duplicate_name(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    let mut seen: HashMap<(Kind, &str), &Entry<'_>> = HashMap::new();
    for entry in run.entries {
        let Some(name) = entry.name else { continue };
        match seen.get(&(entry.kind, name)) {
            None => {
                seen.insert((entry.kind, name), entry);
            }
            Some(first) => {
                let text = format!("another {} is called `{name}`", entry.kind.as_str());
                found.push(
                    Diagnostic::error("duplicate-name", Some(entry.head()), text)
                        .label(first.head(), "the first one is here"),
                );
            }
        }
    }
}

/// `tenant` is the predefined scope.
pub(super) fn reserved_name(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for entry in run.entries.iter().filter(|entry| entry.kind == Kind::Scope && entry.name == Some("tenant")) {
        let text = "`tenant` is predefined: it is the whole directory";
        found.push(Diagnostic::error("reserved-name", Some(entry.head()), text).help("give the Scope another name"));
    }
}

/// Display names of custom roles are unique: Azure refuses a second one in the tenant (limits.json
/// `azure.customRole.name.unique`), and assignments could not tell two directory roles apart.
pub(super) fn duplicate_role_name(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    let mut seen: HashMap<(Surface, String), &Entry<'_>> = HashMap::new();
    for &(surface, entry, name) in &run.custom_roles {
        let key = (surface, name.to_lowercase());
        match seen.get(&key) {
            None => {
                seen.insert(key, entry);
            }
            Some(first) => {
                let text = format!("another custom role is called `{name}`");
                let diagnostic = Diagnostic::error("duplicate-role-name", entry.at("/displayName"), text);
                found.push(diagnostic.label(first.document.at("/spec/displayName"), "the first one is here"));
            }
        }
    }
}

/// A custom role that is called like a built-in one makes the name ambiguous for people and for look-ups.
pub(super) fn built_in_role_name(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for &(surface, entry, name) in &run.custom_roles {
        let known = (surface.capability().vocabulary.role)(name);
        // a former name is not in the way
        if known.is_some_and(|role| role.name.eq_ignore_ascii_case(name)) {
            let text = format!("a built-in role is called `{name}` too");
            let diagnostic = Diagnostic::warning("built-in-role-name", entry.at("/displayName"), text);
            found.push(diagnostic.help("give the custom role a name of its own: assignments refer to roles by name"));
        }
    }
}
