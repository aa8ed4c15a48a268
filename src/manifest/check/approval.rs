//! Checks: approval of activations.

use crate::core::diagnostic::Diagnostic;
use crate::core::policy::field::SettingField;
use crate::core::principal::PrincipalType;
use crate::manifest::check::governed::{Value, declared, place};
use crate::manifest::check::requirement::documents;
use crate::manifest::check::run::{Run, Settled};
use crate::manifest::kind::Spec;
use crate::manifest::kind::role::RoleWords;
use crate::manifest::kind::setting::{Approval, Approvers};

/// Who approves when nobody is named differs by surface and by document (azure-docs#86424, #116250), so it is written out.
/// Judged after profiles are merged; in a profile alone it may be completed elsewhere.
pub(super) fn without_approvers(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for Settled { governed, .. } in &run.settings {
        let is_required = matches!(governed.fields.get(&SettingField::ApprovalRequired), Some((Value::Flag(true), _)));
        if !is_required || governed.fields.contains_key(&SettingField::Approvers) || !governed.is_whole(run) {
            continue;
        }
        let at = governed.at(SettingField::ApprovalRequired);
        let diagnostic =
            Diagnostic::error("approval-without-approvers", Some(at), "approval is required, but by whom?");
        found.push(diagnostic.help(
            "name `approvers`, or on directory roles write `approvers: fallback` for Privileged Role and Global Administrators",
        ));
    }
}

/// Groups and Azure roles have no default approvers (limits.json `pim.approval.azureResource.defaultApprovers`).
pub(super) fn no_fallback(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for Settled { entry, document: settings, governed } in &run.settings {
        if !matches!(governed.fields.get(&SettingField::Approvers), Some((Value::Approvers(None), _))) {
            continue;
        }
        for (index, applies) in settings.applies_to.iter().enumerate() {
            let surface = applies.surface();
            if surface.capability().has_fallback_approvers {
                continue;
            }
            let text = format!("{} have no fallback approvers", RoleWords::of(surface).several);
            let diagnostic =
                Diagnostic::error("no-fallback-approvers", Some(governed.at(SettingField::Approvers)), text);
            let at = entry.document.at(&format!("/spec/appliesTo/{index}"));
            found.push(diagnostic.label(at, "the settings apply to this").help("name the approvers"));
        }
    }
}

/// Returns the place and list of approvers in each document.
fn lists<'a>(
    run: &Run<'a>,
) -> Vec<(&'a crate::manifest::check::run::Entry<'a>, &'a [crate::manifest::kind::principal::Principal])> {
    let lists = documents(run).into_iter().filter_map(|(entry, blocks)| {
        let Approval::Required(rules) = blocks.activation?.approval.as_ref()?.value()? else { return None };
        match rules.approvers.as_ref()? {
            Approvers::These(list) => Some((entry, list.as_slice())),
            Approvers::Fallback(_) => None,
        }
    });
    lists.collect()
}

/// Approvers are users and groups (limits.json `pim.approval.approverTypes.graph`, `.arm`).
pub(super) fn invalid_approver(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for (entry, approvers) in lists(run) {
        for (index, approver) in approvers.iter().enumerate() {
            if approver.kind() == PrincipalType::ServicePrincipal {
                let at = entry.at(&format!("/activation/approval/approvers/{index}"));
                found.push(
                    Diagnostic::error("invalid-approver", at, "a service principal cannot approve")
                        .help("name a user or a group"),
                );
            }
        }
    }
}

/// Microsoft advises two approvers (limits.json `pim.approval.recommendedApprovers`); a group may have any number of members.
pub(super) fn single_approver(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for (entry, approvers) in lists(run) {
        if let [only] = approvers
            && only.kind() == PrincipalType::User
        {
            let at = entry.at("/activation/approval/approvers/0");
            let diagnostic = Diagnostic::warning("single-approver", at, "one person alone can approve");
            found.push(diagnostic.help("Microsoft advises two approvers: name a second one or a group"));
        }
    }
}

/// The service waits one day (limits.json `pim.approval.timeout`).
pub(super) fn timeout(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for entry in run.entries {
        let blocks = match entry.spec {
            Some(Spec::SettingsProfile(profile)) => profile.blocks(),
            Some(Spec::RoleSettings(settings)) => settings.blocks(),
            _ => continue,
        };
        for (field, value) in declared(blocks) {
            if let (SettingField::ApprovalTimeout, Value::Days(days)) = (field, value)
                && days != 1
            {
                let text = format!("the service waits one day for approval, not {days}");
                found.push(
                    Diagnostic::error("approval-timeout", Some(place(entry, field)), text)
                        .help("write 1, or leave it out"),
                );
            }
        }
    }
}
