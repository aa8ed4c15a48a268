//! Checks: the same thing declared twice, or declared and ignored.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::core::assignment::Mode;
use crate::core::diagnostic::Diagnostic;
use crate::core::name::Reference;
use crate::core::origin::Origin;
use crate::core::target::Surface;
use crate::manifest::check::bound::EXPANSION;
use crate::manifest::check::governed::{Governed, declared};
use crate::manifest::check::run::{Run, Settled, TargetName, principal_identity, role_identity};
use crate::manifest::kind::assignment::AssignmentView;
use crate::manifest::kind::role::RoleReference;
use crate::manifest::kind::tenant::IgnoredRole;

/// Two declarations of the same thing.
pub(super) struct Twice {
    first: Origin,
    second: Option<Origin>,
    is_equal: bool,
    what: String,
}

/// Returns the places where something is declared that was declared before.
fn twice<'r>(run: &'r Run<'_>) -> &'r [Twice] {
    run.twice.get_or_init(|| {
        let mut found = assignments(run);
        found.extend(settings(run));
        found
    })
}

fn assignments(run: &Run<'_>) -> Vec<Twice> {
    if !run.is_expandable() {
        return Vec::new();
    }
    let mut targets: HashMap<&TargetName, usize> = HashMap::new();
    let mut seen: HashMap<(usize, Reference, Mode), (usize, usize)> = HashMap::new();
    let mut found = Vec::new();
    for (index, assigned) in run.assignments.iter().enumerate() {
        let principals: Vec<Reference> = assigned.view.principals.iter().map(principal_identity).collect();
        for (_, target) in &assigned.targets {
            let count = targets.len();
            let target = *targets.entry(target).or_insert(count);
            for (at, principal) in principals.iter().enumerate() {
                let key = (target, principal.clone(), assigned.view.mode);
                let Some((other, place)) = seen.get(&key).copied() else {
                    seen.insert(key, (index, at));
                    continue;
                };
                let first = &run.assignments[other];
                let reference = assigned.view.principals[at].reference();
                found.push(Twice {
                    first: first.entry.document.at(&format!("/spec/principals/{place}")),
                    second: assigned.entry.at(&format!("/principals/{at}")),
                    is_equal: is_same(&first.view, &assigned.view),
                    what: format!(
                        "the {} assignment of `{}` to {reference}",
                        key.2.as_str(),
                        assigned.view.role.name()
                    ),
                });
            }
        }
    }
    found
}

/// Every manifest stands for its scopes times its principals; what cannot be looked at one by one is refused.
pub(super) fn too_many(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    let mut total = 0_usize;
    for assigned in &run.assignments {
        total = total.saturating_add(assigned.expansion());
        if total > EXPANSION {
            let text = format!("these manifests stand for more than {EXPANSION} assignments");
            let diagnostic = Diagnostic::error("too-many-declared", Some(assigned.entry.head()), text);
            found.push(diagnostic.note("the number is reached here").help("assign to groups, at broader scopes"));
            return;
        }
    }
}

fn is_same(a: &AssignmentView<'_>, b: &AssignmentView<'_>) -> bool {
    a.schedule == b.schedule
        && a.justification == b.justification
        && a.ticket == b.ticket
        && a.condition == b.condition
        && a.purpose == b.purpose
}

fn settings(run: &Run<'_>) -> Vec<Twice> {
    let mut seen: HashMap<TargetName, (Origin, Rc<Governed<'_>>)> = HashMap::new();
    let mut found = Vec::new();
    for Settled { entry, document: settings, governed: merged } in &run.settings {
        for (index, applies) in settings.applies_to.iter().enumerate() {
            for (at, target) in run.governed_targets(applies) {
                let route = format!("/appliesTo/{index}{}", applies.scope_route(at));
                let Some((first, other)) = seen.get(&target) else {
                    seen.insert(target, (entry.document.at(&format!("/spec{route}")), Rc::clone(merged)));
                    continue;
                };
                let values = |one: &Governed<'_>| -> Vec<_> {
                    one.fields.iter().map(|(field, (value, _))| format!("{field} {value:?}")).collect()
                };
                let is_equal =
                    values(other) == values(merged) && other.undeclared_is_factory == merged.undeclared_is_factory;
                found.push(Twice {
                    first: first.clone(),
                    second: entry.at(&route),
                    is_equal,
                    what: format!("the settings of `{}`", applies.role().name()),
                });
            }
        }
    }
    found
}

/// Two manifests that declare the same assignment or settings with different content contradict each other (design.md 2).
pub(super) fn conflicting(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for pair in twice(run).iter().filter(|pair| !pair.is_equal) {
        let text = format!("{} declared twice, with different content", sentence(&pair.what));
        let diagnostic = Diagnostic::error("conflicting-declaration", pair.second.clone(), text);
        found.push(diagnostic.label(pair.first.clone(), "first declared here").help("keep one of the two"));
    }
}

/// Two manifests that declare the same with the same content are one too many (design.md 2).
pub(super) fn duplicate(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for pair in twice(run).iter().filter(|pair| pair.is_equal) {
        let text = format!("{} declared twice", sentence(&pair.what));
        let diagnostic = Diagnostic::warning("duplicate-declaration", pair.second.clone(), text);
        found.push(diagnostic.label(pair.first.clone(), "first declared here").help("remove one of the two"));
    }
}

fn sentence(what: &str) -> String {
    let verb = if what.starts_with("the settings") { "are" } else { "is" };
    format!("{what} {verb}")
}

/// What is ignored is never touched, so declaring it contradicts the Tenant manifest (design.md 2, "Precedence"). Break-glass
/// accounts come before `ignore` and may be declared.
pub(super) fn ignored(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    let Some((tenant_entry, tenant)) = run.tenant() else { return };
    let Some(ignore) = &tenant.ignore else { return };
    let roles: HashMap<(Surface, String), usize> = ignore
        .roles
        .iter()
        .flatten()
        .map(IgnoredRole::role)
        .enumerate()
        .map(|(index, role)| ((role.surface(), role_identity(&role)), index))
        .collect();
    let principals: HashMap<Reference, usize> =
        ignore.principals.iter().flatten().enumerate().map(|(index, one)| (principal_identity(one), index)).collect();
    let exempt: HashSet<Reference> = tenant.break_glass.iter().flatten().map(principal_identity).collect();
    let role_of = |role: &RoleReference| roles.get(&(role.surface(), role_identity(role)));
    let mut complain = |at: Option<Origin>, name: &str, ignored: &str| {
        let diagnostic = Diagnostic::error("ignored-declaration", at, format!("`{name}` is declared here and ignored"));
        found.push(diagnostic.label(tenant_entry.document.at(&format!("/spec/ignore/{ignored}")), "ignored here"));
    };
    for assigned in &run.assignments {
        let all_exempt = assigned.view.principals.iter().all(|one| exempt.contains(&principal_identity(one)));
        if let Some(index) = role_of(assigned.view.role).filter(|_| !all_exempt) {
            complain(assigned.entry.at("/role"), assigned.view.role.name(), &format!("roles/{index}"));
        }
        for (at, principal) in assigned.view.principals.iter().enumerate() {
            let identity = principal_identity(principal);
            if let Some(index) = principals.get(&identity).filter(|_| !exempt.contains(&identity)) {
                let at = assigned.entry.at(&format!("/principals/{at}"));
                complain(at, &principal.reference().handle.to_string(), &format!("principals/{index}"));
            }
        }
    }
    for Settled { entry, document: settings, .. } in &run.settings {
        for (at, applies) in settings.applies_to.iter().enumerate() {
            let role = applies.role();
            if let Some(index) = role_of(&role) {
                complain(entry.at(&format!("/appliesTo/{at}")), role.name(), &format!("roles/{index}"));
            }
        }
    }
}

/// Role settings without a field, own or from a profile, manage nothing.
pub(super) fn nothing(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for Settled { entry, governed: merged, .. } in &run.settings {
        if merged.fields.is_empty() && !merged.undeclared_is_factory && merged.is_whole(run) {
            let diagnostic =
                Diagnostic::warning("nothing-declared", Some(entry.head()), "these role settings declare no field");
            found.push(diagnostic.help("add a field, a profile in `extends`, or `undeclared: serviceDefault`"));
        }
    }
    for (name, (entry, profile)) in &run.profiles {
        if entry.is_whole() && profile.is_some_and(|profile| declared(profile.blocks()).is_empty()) {
            let text = format!("the profile `{name}` declares no field");
            found.push(Diagnostic::warning("nothing-declared", Some(entry.head()), text));
        }
    }
}
