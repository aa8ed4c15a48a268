//! Checks: Azure assignments whose role settings nobody declares. Settings belong to one scope and are not inherited (limits.json
//! `pim.policy.inheritance`; azure-docs#107446): what is strict at a management group is the service's default below it.

use std::collections::{HashMap, HashSet};

use crate::core::diagnostic::Diagnostic;
use crate::core::scope::ArmScopeKind;
use crate::core::target::Surface;
use crate::manifest::check::governed::Governed;
use crate::manifest::check::run::{Assigned, Meant, Run, TargetName, role_identity};
use crate::manifest::kind::scope::{Scope, ScopeKind};

/// What the run declares of each Azure role's settings.
struct Declared<'r, 'a> {
    /// A declaration, by role.
    somewhere: HashMap<&'r str, &'r Governed<'a>>,
    /// The kinds of scope that fan-outs cover, by role. Which scopes those are only the tenant knows.
    fan_outs: HashMap<String, Vec<ScopeKind>>,
}

impl<'r, 'a> Declared<'r, 'a> {
    fn new(run: &'r Run<'a>) -> Self {
        let mut somewhere = HashMap::new();
        for (target, governed) in run.governed.iter().filter(|(target, _)| target.surface == Surface::Azure) {
            somewhere.entry(target.role.as_str()).or_insert(governed.as_ref());
        }
        let mut fan_outs: HashMap<String, Vec<ScopeKind>> = HashMap::new();
        for applies in run.settings.iter().flat_map(|settled| &settled.document.applies_to) {
            for name in applies.scopes() {
                if let Meant::Named(Scope::Under { under }) = run.scope(name) {
                    fan_outs.entry(role_identity(&applies.role())).or_default().extend(&under.kinds);
                }
            }
        }
        Self { somewhere, fan_outs }
    }

    /// Tells whether a fan-out may cover a scope of this kind.
    fn may_cover(&self, role: &str, kind: Option<ArmScopeKind>) -> bool {
        let covers = |kinds: &Vec<ScopeKind>| kinds.iter().any(|one| Some(ArmScopeKind::from(*one)) == kind);
        self.fan_outs.get(role).is_some_and(covers)
    }
}

/// Calls `look` for every target of an Azure assignment that no declared settings cover for all that can be seen offline.
fn each<'r, 'a>(
    run: &'r Run<'a>,
    declared: &Declared<'r, 'a>,
    mut look: impl FnMut(&'r Assigned<'a>, usize, &'r TargetName),
) {
    for assigned in run.assignments.iter().filter(|one| one.view.role.surface() == Surface::Azure) {
        for (index, target) in &assigned.targets {
            let name = assigned.view.scopes.and_then(|scopes| scopes.get(*index));
            let kind = name.and_then(|name| run.scope(name).arm_kind());
            if !run.governed.contains_key(target) && !declared.may_cover(&target.role, kind) {
                look(assigned, *index, target);
            }
        }
    }
}

/// Settings of the role are declared, and not for this scope.
pub(super) fn elsewhere(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    let declared = Declared::new(run);
    each(run, &declared, |assigned, index, target| {
        let Some(governed) = declared.somewhere.get(target.role.as_str()) else { return };
        let text = format!("the declared settings of `{}` do not cover this scope", assigned.view.role.name());
        let at = assigned.entry.at(&format!("/scopes/{index}"));
        let diagnostic = Diagnostic::warning("settings-at-other-scope", at, text);
        let diagnostic = diagnostic.label(governed.entry.head(), "declared for other scopes here");
        found.push(diagnostic.help("Azure role settings are not inherited: add the scope there"));
    });
}

/// No settings of the role are declared at all. Said once for each role and scope, and once for each document.
pub(super) fn nowhere(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    if !run.is_complete {
        return;
    }
    let declared = Declared::new(run);
    let mut seen: HashSet<&TargetName> = HashSet::new();
    let mut bare: Vec<(&Assigned<'_>, usize, usize)> = Vec::new();
    each(run, &declared, |assigned, index, target| {
        if declared.somewhere.contains_key(target.role.as_str()) || !seen.insert(target) {
            return;
        }
        match bare.last_mut() {
            Some((last, _, count)) if std::ptr::eq(*last, assigned) => *count += 1,
            _ => bare.push((assigned, index, 1)),
        }
    });
    for (assigned, first, count) in bare {
        let others = match count - 1 {
            0 => String::new(),
            1 => " and another one".to_owned(),
            more => format!(" and {more} others"),
        };
        let role = assigned.view.role.name();
        let text = format!("no RoleSettings manages the settings of `{role}` at this scope{others}");
        let at = assigned.entry.at(&format!("/scopes/{first}"));
        let diagnostic = Diagnostic::notice("unmanaged-settings", at, text);
        found.push(diagnostic.help("they stay as they are; Azure role settings are not inherited from scopes above"));
    }
}
