//! Checks: names of other documents.

use crate::catalog::similar::did_you_mean;
use crate::core::diagnostic::Diagnostic;
use crate::manifest::check::bound::Advice;
use crate::manifest::check::run::{Entry, Meant, Run, Settled};
use crate::manifest::kind::tenant::OwnershipEntry;

/// A reference to a scope: where it is written, and its text.
pub(super) struct ScopeUse<'a> {
    /// The document.
    pub(super) entry: &'a Entry<'a>,
    /// The route below `spec`.
    pub(super) route: String,
    /// The text.
    pub(super) name: &'a str,
    /// What is scoped.
    pub(super) by: User,
}

/// What a scope is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum User {
    /// An assignment.
    Assignment,
    /// Role settings.
    Settings,
    /// The assignable scopes of a custom role.
    AssignableScopes,
    /// An ownership entry.
    Ownership,
}

/// Returns every reference to a scope in the run.
pub(super) fn scope_uses<'a>(run: &Run<'a>) -> Vec<ScopeUse<'a>> {
    let mut uses = Vec::new();
    let mut add = |entry, route: &str, names: &'a [String], by| {
        for (index, name) in names.iter().enumerate() {
            uses.push(ScopeUse { entry, route: format!("{route}/{index}"), name, by });
        }
    };
    for assigned in &run.assignments {
        add(assigned.entry, "/scopes", assigned.view.scopes.unwrap_or_default(), User::Assignment);
    }
    for Settled { entry, document: settings, .. } in &run.settings {
        for (index, applies) in settings.applies_to.iter().enumerate() {
            let scopes = match applies {
                crate::manifest::kind::role::GovernedRole::Azure { scopes, .. } => scopes.as_slice(),
                _ => &[],
            };
            add(entry, &format!("/appliesTo/{index}/scopes"), scopes, User::Settings);
        }
    }
    for (entry, role) in &run.azure_roles {
        add(entry, "/assignableScopes", &role.assignable_scopes, User::AssignableScopes);
    }
    for (entry, tenant) in &run.tenants {
        for (index, owned) in tenant.ownership.iter().flatten().enumerate() {
            if let OwnershipEntry::AzureScopes { azure_scopes, .. } = owned {
                add(entry, &format!("/ownership/{index}/azureScopes"), azure_scopes, User::Ownership);
            }
        }
    }
    uses
}

/// A name of a scope leads to a Scope manifest of the run.
pub(super) fn unknown_scope(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    let mut advice = Advice::new();
    let mut names: Vec<&str> = run.scopes.keys().copied().chain(["tenant"]).collect();
    names.sort_unstable();
    for used in scope_uses(run) {
        if !matches!(run.scope(used.name), Meant::Unknown) {
            continue;
        }
        let text = format!("no Scope is called `{}`", used.name);
        let diagnostic = Diagnostic::error("unknown-scope", used.entry.at(&used.route), text);
        found.push(match advice.closest(used.name, &names) {
            Some(name) => diagnostic.help(did_you_mean(name)),
            None => diagnostic.help(format!("declare a document of kind Scope with `metadata.name: {}`", used.name)),
        });
    }
}

/// A name in `extends` leads to a SettingsProfile manifest of the run.
pub(super) fn unknown_profile(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    let mut advice = Advice::new();
    let mut names: Vec<&str> = run.profiles.keys().copied().collect();
    names.sort_unstable();
    for Settled { entry, document: settings, .. } in &run.settings {
        for (index, name) in settings.extends.iter().flatten().enumerate() {
            if run.profiles.contains_key(name.as_str()) {
                continue;
            }
            let text = format!("no SettingsProfile is called `{name}`");
            let diagnostic = Diagnostic::error("unknown-profile", entry.at(&format!("/extends/{index}")), text);
            found.push(match advice.closest(name, &names) {
                Some(name) => diagnostic.help(did_you_mean(name)),
                None => {
                    diagnostic.help(format!("declare a document of kind SettingsProfile with `metadata.name: {name}`"))
                }
            });
        }
    }
}
