//! Checks: Azure ABAC conditions. The language itself is `core::condition`; here its complaints get places in files.

use crate::catalog::azure_operation;
use crate::catalog::similar::did_you_mean;
use crate::core::condition::{ASSIGN, Condition, DoubtKind, Effect, LONGEST};
use crate::core::diagnostic::Diagnostic;
use crate::core::id::RoleId;
use crate::manifest::check::bound::COMPLAINTS;
use crate::manifest::check::run::{Assigned, Run};
use crate::manifest::kind::Spec;

/// Where conditions stand, below `spec`.
const ROUTE: &str = "/condition";

/// The built-in roles whose holders assign any role, without a condition of their own (arm.md F).
const ASSIGNERS: &[(&str, &str)] = &[
    ("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner"),
    ("18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", "User Access Administrator"),
    ("f58310d9-a9f6-439a-9e8d-f62e7b41a168", "Role Based Access Control Administrator"),
];

/// A condition that could be read.
pub(super) struct ReadCondition {
    /// The assignment, by its index in the run.
    assigned: usize,
    condition: Condition,
}

/// Returns the Azure assignments with conditions, by their indexes, with the texts that are short enough to be read.
fn texts<'r, 'a>(run: &'r Run<'a>) -> impl Iterator<Item = (usize, &'r Assigned<'a>, &'a str)> {
    let able =
        run.assignments.iter().enumerate().filter(|(_, one)| one.view.role.surface().capability().has_conditions);
    able.filter_map(|(index, one)| Some((index, one, one.view.condition.filter(|text| text.len() <= LONGEST)?)))
}

/// Returns the conditions that could be read.
fn conditions<'r, 'a>(run: &'r Run<'a>) -> impl Iterator<Item = (&'r Assigned<'a>, &'r Condition)> {
    let read = run.conditions.get_or_init(|| {
        let read = texts(run).filter_map(|(assigned, _, text)| {
            Some(ReadCondition { assigned, condition: Condition::parse(text).ok()? })
        });
        read.collect()
    });
    read.iter().map(|one| (&run.assignments[one.assigned], &one.condition))
}

/// Only Azure roles have conditions.
pub(super) fn wrong_surface(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for assigned in run.assignments.iter().filter(|one| one.view.condition.is_some()) {
        if !assigned.view.role.surface().capability().has_conditions {
            let text = format!("`{}` cannot have a condition: only Azure roles can", assigned.view.role.name());
            found.push(
                Diagnostic::error("condition-on-wrong-surface", assigned.entry.key(ROUTE), text).help("remove it"),
            );
        }
    }
}

/// A condition is at most 8 KB long (limits.json `azure.roleAssignment.condition.maxLength`).
pub(super) fn too_long(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for assigned in &run.assignments {
        if let Some(length) = assigned.view.condition.map(str::len).filter(|length| *length > LONGEST) {
            let text = format!("a condition of {length} bytes; the service takes {LONGEST}");
            found.push(Diagnostic::error("condition-too-long", assigned.entry.key(ROUTE), text));
        }
    }
}

/// `condition` and `conditionVersion` go together: both or neither (arm.md F). The version may be left out, because there is only
/// one; without a condition it means nothing.
pub(super) fn version_alone(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for entry in run.entries {
        let (condition, version) = match entry.spec {
            Some(Spec::EligibleAssignment(one)) => (&one.condition, one.condition_version),
            Some(Spec::ActiveAssignment(one)) => (&one.condition, one.condition_version),
            _ => continue,
        };
        if condition.is_none() && version.is_some() && entry.is_whole() {
            let diagnostic = Diagnostic::error(
                "version-without-condition",
                entry.key("/conditionVersion"),
                "there is no `condition`",
            );
            found.push(diagnostic.help("add `condition`, or remove `conditionVersion`"));
        }
    }
}

/// A condition is in the language of Azure ABAC (arm.md F). What belongs into role settings, such as the invented
/// `@pimApprovalRequired(true)`, is pointed there.
pub(super) fn invalid(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for (_, assigned, text) in texts(run) {
        for mistake in Condition::mistakes(text) {
            let at = assigned.entry.within(ROUTE, mistake.offset, mistake.length);
            let diagnostic = Diagnostic::error("invalid-condition", at, mistake.message);
            found.push(match mistake.help {
                Some(help) => diagnostic.help(help),
                None => diagnostic,
            });
        }
    }
}

/// Reports the doubts of one kind.
fn doubts(run: &Run<'_>, found: &mut Vec<Diagnostic>, kind: DoubtKind, code: &'static str) {
    for (assigned, condition) in conditions(run) {
        for doubt in condition.doubts().into_iter().filter(|doubt| doubt.kind == kind) {
            let at = match doubt.length {
                0 => assigned.entry.key(ROUTE),
                length => assigned.entry.within(ROUTE, doubt.offset, length),
            };
            found.push(Diagnostic::warning(code, at, doubt.message).help(doubt.help));
        }
    }
}

/// Which of AND and OR binds stronger is not documented.
pub(super) fn ambiguous(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    doubts(run, found, DoubtKind::Ambiguous, "ambiguous-condition");
}

/// Operators that Microsoft names, but not on the page about conditions.
pub(super) fn undocumented(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    doubts(run, found, DoubtKind::Undocumented, "undocumented-operator");
}

/// Role assignments have three attributes: of the request when they are made, of the resource when they are removed.
pub(super) fn attribute(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    doubts(run, found, DoubtKind::Attribute, "unknown-attribute");
}

/// Every value differs from at least one of two.
pub(super) fn always_true(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    doubts(run, found, DoubtKind::AlwaysTrue, "comparison-always-true");
}

/// A condition without a guard bears on all actions of the role, also those that lack its attributes.
pub(super) fn unguarded(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    doubts(run, found, DoubtKind::Unguarded, "unguarded-condition");
}

/// A delegation that limits only the making, or only the removal, of role assignments.
pub(super) fn half_delegation(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    doubts(run, found, DoubtKind::HalfDelegation, "half-delegation");
}

/// The actions that a condition names are in the catalog. Only a warning: the catalog ages. Stops after [`COMPLAINTS`].
pub(super) fn unknown_action(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    let mut left = COMPLAINTS;
    for (assigned, condition) in conditions(run) {
        for (offset, length, action) in condition.actions() {
            if azure_operation::matches_any(action) {
                continue;
            }
            let Some(less) = left.checked_sub(1) else { return };
            left = less;
            let text = match action.contains('*') {
                true => format!("no known operation matches `{action}`"),
                false => format!("no operation `{action}` is known"),
            };
            let at = assigned.entry.within(ROUTE, offset, length);
            let diagnostic = Diagnostic::warning("unknown-condition-action", at, text);
            found.push(match azure_operation::suggest(action) {
                Some(known) => diagnostic.help(did_you_mean(&known)),
                None => diagnostic.help("a guard of an action that does not exist guards nothing"),
            });
        }
    }
}

/// Whoever may assign one of [`ASSIGNERS`] may make anybody, also themselves, an assigner without limits.
pub(super) fn unbounded_delegation(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for (assigned, condition) in conditions(run) {
        let Some(delegation) = condition.delegation() else { continue };
        if delegation.assign != Effect::Limits {
            continue;
        }
        let roles: Vec<String> = ASSIGNERS
            .iter()
            .filter(|(id, _)| delegation.roles.has(&RoleId::new(id)))
            .map(|(_, name)| format!("`{name}`"))
            .collect();
        if roles.is_empty() {
            continue;
        }
        let text = format!("the condition lets its holders assign {}, whose holders assign any role", roles.join(", "));
        let diagnostic = Diagnostic::warning("unbounded-delegation", assigned.entry.key(ROUTE), text);
        found.push(diagnostic.help(format!(
            "name the roles that may be assigned, for `{ASSIGN}`: `@Request[…:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {{…}}`"
        )));
    }
}
