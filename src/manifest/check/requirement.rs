//! Checks: what role settings demand.

use crate::core::diagnostic::Diagnostic;
use crate::core::policy::field::SettingField;
use crate::core::policy::rule::{Event, Requirement};
use crate::manifest::check::governed::{Value, declared, place};
use crate::manifest::check::run::{Entry, Run, Settled};
use crate::manifest::kind::Spec;
use crate::manifest::kind::role_settings::Blocks;
use crate::manifest::kind::tenant::ApplyAs;

/// Returns every document that declares settings, profiles included.
pub(super) fn documents<'a>(run: &Run<'a>) -> Vec<(&'a Entry<'a>, Blocks<'a>)> {
    let blocks = run.entries.iter().filter_map(|entry| match entry.spec {
        Some(Spec::SettingsProfile(profile)) => Some((entry, profile.blocks())),
        Some(Spec::RoleSettings(settings)) => Some((entry, settings.blocks())),
        _ => None,
    });
    blocks.collect()
}

/// The service refuses multifactor authentication beside an authentication context (`MfaAndAcrsConflict`, graph.md 3.6 #6).
/// Judged after profiles are merged.
pub(super) fn mfa_with_context(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for Settled { document: settings, governed, .. } in &run.settings {
        let require = SettingField::Require(Event::Activation);
        let context = match governed.fields.get(&SettingField::AuthenticationContext) {
            Some((Value::Context(Some(context)), _)) => *context,
            _ => continue,
        };
        // `default` and `undeclared: serviceDefault` demand what the service's default on that surface demands
        let demands_mfa = settings.applies_to.iter().any(|applies| {
            governed.demands(Event::Activation, Requirement::MultiFactorAuthentication, applies.role().surface())
        });
        if demands_mfa {
            let text =
                format!("`multiFactorAuthentication` and the authentication context `{context}` exclude each other");
            let diagnostic = Diagnostic::error("mfa-with-authentication-context", Some(governed.at(require)), text);
            let at = governed.at(SettingField::AuthenticationContext);
            let diagnostic = diagnostic.label(at, "the context is demanded here");
            found.push(diagnostic.help(format!(
                "in RoleSettings `{}` demand one of the two: the context can demand multifactor authentication itself",
                governed.entry.name.unwrap_or_default()
            )));
        }
    }
}

/// Returns the places where a document demands something for an event.
fn demands(run: &Run<'_>, event: Event, requirement: Requirement) -> Vec<crate::core::origin::Origin> {
    let mut places = Vec::new();
    for (entry, blocks) in documents(run) {
        let rules = blocks.assignment_rules(event);
        let list = rules.and_then(|rules| rules.require.as_ref()).and_then(|require| require.value());
        for (index, one) in list.into_iter().flatten().enumerate() {
            if *one == requirement {
                places.push(entry.document.at(&format!("/spec/{}/require/{index}", event.as_str())));
            }
        }
    }
    places
}

/// `Ticketing` is no value of rule 7 (hashicorp/terraform-provider-azurerm PR#33418, #33068; graph.md 3.4).
pub(super) fn ticket_on_active(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for at in demands(run, Event::ActiveAssignment, Requirement::Ticket) {
        let text = "`ticket` cannot be demanded of active assignments";
        let diagnostic = Diagnostic::error("ticket-on-active-assignment", Some(at), text);
        found.push(diagnostic.help("possible here: multiFactorAuthentication, justification"));
    }
}

/// The portal neither shows nor applies rule 2, and multifactor authentication in it makes requests of applications fail
/// (graph.md 3.4).
pub(super) fn hidden(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for (entry, blocks) in documents(run) {
        let field = SettingField::Require(Event::EligibleAssignment);
        let is_declared = declared(blocks)
            .iter()
            .any(|(one, value)| *one == field && matches!(value, Value::Requirements(set) if !set.is_empty()));
        if is_declared {
            let text = "the portal neither shows nor applies demands on eligible assignments";
            let diagnostic = Diagnostic::warning("hidden-requirement", Some(place(entry, field)), text);
            found.push(diagnostic.help("leave it out, or write `[]` to clear what is there"));
        }
    }
}

/// An application can never satisfy multifactor authentication (graph.md 3.6 #17), so rules 2 and 7 with it keep
/// `applyAs: application` from making assignments of the role.
pub(super) fn mfa_locks_out(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    let Some((_, tenant)) = run.tenant() else { return };
    if tenant.apply_as.unwrap_or_default() != ApplyAs::Application {
        return;
    }
    for event in [Event::EligibleAssignment, Event::ActiveAssignment] {
        for at in demands(run, event, Requirement::MultiFactorAuthentication) {
            let text = "an application can never satisfy multifactor authentication, and one applies these manifests";
            let diagnostic = Diagnostic::warning("mfa-locks-out-application", Some(at), text);
            found.push(diagnostic.help("remove it, or set `applyAs: user` in the Tenant manifest"));
        }
    }
}
