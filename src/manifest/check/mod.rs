//! Offline checks: what is wrong with the manifests as far as it can be seen without the tenant.
//!
//! One check is one function with one sentence, listed in [`CHECKS`]; all of them run and everything they find is reported
//! at once. A check skips only what it cannot read. Facts about Microsoft's services carry their source; what needs the
//! tenant is not checked here but while planning.

mod applied_by;
mod approval;
mod assignable;
mod azure_role;
mod bound;
mod break_glass;
mod condition;
mod count;
mod declaration;
mod duration;
mod feasibility;
mod governed;
mod limit;
mod notification;
mod ownership;
mod permission;
mod principal;
mod purpose;
mod reference;
mod requirement;
mod role_name;
mod run;
mod schedule;
mod scope;
mod unique;
mod unmanaged;

use crate::core::diagnostic::{Code, Diagnostic, Severity};
use crate::manifest::check::run::{Entry, Run};
use crate::manifest::{MISTAKES, Manifests, code};

/// A check: the code of what it finds, and the function that finds it.
struct Check {
    /// Code, worst severity and sentence.
    code: Code,
    run: fn(&Run<'_>, &mut Vec<Diagnostic>),
}

impl Check {
    const fn error(code: &'static str, about: &'static str, run: fn(&Run<'_>, &mut Vec<Diagnostic>)) -> Self {
        Self { code: Code { code, severity: Severity::Error, about }, run }
    }

    const fn warning(code: &'static str, about: &'static str, run: fn(&Run<'_>, &mut Vec<Diagnostic>)) -> Self {
        Self { code: Code { code, severity: Severity::Warning, about }, run }
    }

    const fn notice(code: &'static str, about: &'static str, run: fn(&Run<'_>, &mut Vec<Diagnostic>)) -> Self {
        Self { code: Code { code, severity: Severity::Notice, about }, run }
    }
}

/// All checks.
const CHECKS: &[Check] = &[
    // documents and references
    Check::error("no-tenant", "No Tenant manifest says which tenant is meant", unique::no_tenant),
    Check::error("several-tenants", "More than one Tenant manifest is given", unique::several_tenants),
    Check::error("duplicate-name", "Two documents of one kind have the same name", unique::duplicate_name),
    Check::error("reserved-name", "A Scope has the name `tenant`, which is predefined", unique::reserved_name),
    Check::error("duplicate-role-name", "Two custom roles have the same display name", unique::duplicate_role_name),
    Check::warning("built-in-role-name", "A custom role has the name of a built-in one", unique::built_in_role_name),
    Check::error("unknown-scope", "No Scope manifest has this name", reference::unknown_scope),
    Check::error("unknown-profile", "No SettingsProfile manifest has this name", reference::unknown_profile),
    Check::warning(
        "unknown-role",
        "A role is neither built-in nor declared in these manifests",
        role_name::unknown_role,
    ),
    Check::warning("former-role-name", "A role is called by a name it no longer has", role_name::former_role_name),
    Check::error("unassignable-role", "A role cannot be assigned to anybody", role_name::unassignable_role),
    Check::warning(
        "deprecated-role",
        "A role is deprecated or reserved for Microsoft's services",
        role_name::deprecated_role,
    ),
    // declarations
    Check::error(
        "conflicting-declaration",
        "Two manifests declare the same thing differently",
        declaration::conflicting,
    ),
    Check::warning("duplicate-declaration", "Two manifests declare the same thing", declaration::duplicate),
    Check::error("too-many-declared", "The manifests expand to more assignments than are read", declaration::too_many),
    Check::error("ignored-declaration", "A manifest declares what the Tenant manifest ignores", declaration::ignored),
    Check::warning("nothing-declared", "Role settings declare no field", declaration::nothing),
    // scopes
    Check::error("invalid-scope", "A text is no id of an Azure scope", scope::invalid),
    Check::error("wrong-scope", "A scope does not fit the role's surface", scope::wrong),
    Check::error("missing-scopes", "An Azure assignment does not say where it holds", scope::missing),
    Check::error("unit-scope-role", "A role cannot be assigned at administrative units", scope::unit_role),
    Check::warning(
        "application-scope-role",
        "A role holds no application permission but is assigned at one",
        scope::application_role,
    ),
    Check::warning("permission-without-effect", "A permission grants nothing at an application", scope::without_effect),
    // principals and schedules
    Check::error(
        "eligible-service-principal",
        "A service principal cannot activate a role",
        principal::eligible_service_principal,
    ),
    Check::error("group-as-owner", "A group cannot own a group", principal::group_as_owner),
    Check::error("group-in-itself", "A group is its own member", principal::group_in_itself),
    Check::error("missing-purpose", "Standing access does not say why it stands", purpose::missing),
    Check::error("purpose-without-justification", "Purpose `other` is not explained", purpose::without_justification),
    Check::warning(
        "purpose-not-break-glass",
        "Access marked breakGlass is held by no break-glass account",
        purpose::not_break_glass,
    ),
    Check::error("end-before-start", "A schedule ends before it starts", schedule::end_before_start),
    Check::error("assignment-too-short", "An assignment is shorter than five minutes", schedule::too_short),
    Check::error(
        "renewal-before-grant",
        "An assignment would be due for renewal from its first moment",
        schedule::renewal_before_grant,
    ),
    Check::notice(
        "duration-without-renewal",
        "An assignment runs out and is granted anew after a gap",
        schedule::without_renewal,
    ),
    // conditions
    Check::error("condition-on-wrong-surface", "Only Azure roles have conditions", condition::wrong_surface),
    Check::error("invalid-condition", "A condition is not in the language of Azure ABAC", condition::invalid),
    Check::error("condition-too-long", "A condition is longer than 8 KB", condition::too_long),
    Check::error(
        "version-without-condition",
        "A conditionVersion stands without a condition",
        condition::version_alone,
    ),
    Check::warning("ambiguous-condition", "AND and OR stand side by side in a condition", condition::ambiguous),
    Check::warning(
        "undocumented-operator",
        "A condition uses an operator that is not documented",
        condition::undocumented,
    ),
    Check::warning("unknown-attribute", "A condition names an attribute that is not there", condition::attribute),
    Check::warning("comparison-always-true", "A comparison in a condition always holds", condition::always_true),
    Check::warning("unguarded-condition", "A condition bears on actions that it does not name", condition::unguarded),
    Check::warning(
        "half-delegation",
        "A condition limits the making or the removal of role assignments, and not both",
        condition::half_delegation,
    ),
    Check::warning(
        "unbounded-delegation",
        "A condition limits the making of role assignments, and not of those that lift the limit",
        condition::unbounded_delegation,
    ),
    Check::warning(
        "unknown-condition-action",
        "An action in a condition is not in the catalog",
        condition::unknown_action,
    ),
    // custom roles
    Check::error(
        "wrong-surface-permission",
        "A permission belongs to the other kind of role",
        permission::wrong_surface,
    ),
    Check::warning("unknown-permission", "A permission is not in the catalog", permission::unknown),
    Check::warning("repeated-permission", "A permission is listed twice", permission::repeated),
    Check::notice(
        "undocumented-permission",
        "A permission is not documented for custom roles",
        permission::undocumented,
    ),
    Check::error("wrong-plane", "An operation is in the list of the other plane", permission::wrong_plane),
    Check::notice(
        "doubtful-plane",
        "An operation seems to be in the list of the other plane",
        permission::doubtful_plane,
    ),
    Check::warning("several-wildcards", "A permission has more than one wildcard", permission::several_wildcards),
    Check::warning("empty-role", "A role allows nothing", azure_role::empty),
    Check::error("not-a-subset", "A role allows more than the one it is based on", azure_role::not_a_subset),
    Check::error(
        "role-name-too-long",
        "An Azure role's name is longer than the service takes",
        azure_role::name_too_long,
    ),
    Check::error(
        "description-too-long",
        "An Azure role's description is longer than the service takes",
        azure_role::description_too_long,
    ),
    Check::error("root-assignable-scope", "A custom Azure role cannot be assignable at `/`", azure_role::root_scope),
    Check::error(
        "several-management-groups",
        "A custom Azure role is assignable at more than one management group",
        azure_role::several_management_groups,
    ),
    Check::error(
        "too-many-assignable-scopes",
        "A custom Azure role is assignable at too many scopes",
        azure_role::too_many_scopes,
    ),
    Check::error(
        "data-actions-at-management-group",
        "A role with data actions cannot be assigned at a management group",
        azure_role::data_actions_assigned,
    ),
    Check::warning(
        "data-actions-with-management-group",
        "A role with data actions lists a management group",
        azure_role::data_actions_listed,
    ),
    Check::warning(
        "outside-assignable-scopes",
        "A custom Azure role is used where it is not assignable",
        assignable::outside,
    ),
    Check::error("too-many-roles", "More custom roles are declared than a tenant holds", count::custom_roles),
    // role settings
    Check::error(
        "mfa-with-authentication-context",
        "Multifactor authentication and an authentication context exclude each other",
        requirement::mfa_with_context,
    ),
    Check::error(
        "ticket-on-active-assignment",
        "Active assignments cannot demand a ticket",
        requirement::ticket_on_active,
    ),
    Check::warning(
        "hidden-requirement",
        "The portal neither shows nor applies demands on eligible assignments",
        requirement::hidden,
    ),
    Check::warning(
        "mfa-locks-out-application",
        "An application can never satisfy multifactor authentication",
        requirement::mfa_locks_out,
    ),
    Check::error(
        "approval-without-approvers",
        "Approval is required and nobody is named to give it",
        approval::without_approvers,
    ),
    Check::error("no-fallback-approvers", "Only directory roles have fallback approvers", approval::no_fallback),
    Check::error("invalid-approver", "Only users and groups can approve", approval::invalid_approver),
    Check::warning("single-approver", "One person alone can approve", approval::single_approver),
    Check::error("approval-timeout", "The service waits one day for approval", approval::timeout),
    Check::error("activation-too-long", "An activation lasts at most 24 hours", duration::activation_too_long),
    Check::warning(
        "activation-off-grid",
        "The portal knows activations of whole half hours from 30 minutes on",
        duration::activation_off_grid,
    ),
    Check::error("zero-duration", "A maximum duration of zero makes every request fail", duration::zero),
    Check::error("duration-not-in-days", "The longest assignment is not a whole number of days", duration::not_in_days),
    Check::warning("unusual-max-duration", "The portal does not offer this maximum duration", duration::unusual),
    Check::error(
        "approver-recipients",
        "Mail to approvers takes no further recipients",
        notification::approver_recipients,
    ),
    Check::error(
        "too-many-recipients",
        "A notification has more than 1,000 recipients",
        notification::too_many_recipients,
    ),
    Check::warning(
        "settings-at-other-scope",
        "An Azure role is assigned at a scope that its declared settings do not cover",
        unmanaged::elsewhere,
    ),
    Check::notice(
        "unmanaged-settings",
        "No document manages the settings of an assigned Azure role",
        unmanaged::nowhere,
    ),
    Check::error(
        "permanent-forbidden",
        "A permanent assignment contradicts the settings of the same run",
        feasibility::permanent_forbidden,
    ),
    Check::error(
        "exceeds-max-duration",
        "An assignment is longer than the settings of the same run allow",
        feasibility::exceeds_max_duration,
    ),
    Check::error(
        "missing-justification",
        "The settings of the same run demand a justification",
        feasibility::missing_justification,
    ),
    Check::error("missing-ticket", "The settings of the same run demand a ticket", feasibility::missing_ticket),
    Check::error(
        "infeasible-for-application",
        "The settings of the same run keep the applying application from making the assignment",
        feasibility::infeasible_for_application,
    ),
    // tenant
    Check::error("invalid-break-glass", "A break-glass account is not a user", break_glass::invalid),
    Check::error(
        "break-glass-not-declared",
        "A break-glass account would lose Global Administrator",
        break_glass::not_declared,
    ),
    Check::error("invalid-applier", "The identity that applies is none that can", applied_by::invalid),
    Check::warning("shadowed-ownership", "An ownership entry can never match", ownership::shadowed),
    // numbers
    Check::warning(
        "many-global-administrators",
        "Microsoft advises fewer than five Global Administrators",
        count::global_administrators,
    ),
    Check::warning(
        "many-privileged-assignments",
        "Microsoft advises fewer than ten standing privileged assignments",
        count::privileged_assignments,
    ),
    Check::error("too-many-assignments", "More assignments are declared than the service takes", count::assignments),
];

/// Runs all checks over what was read. Unsorted.
pub(crate) fn check(manifests: &Manifests) -> Vec<Diagnostic> {
    let entries: Vec<Entry<'_>> = manifests.documents.iter().map(Entry::new).collect();
    let run = Run::new(&entries, manifests.is_complete);
    let mut found = Vec::new();
    for check in CHECKS {
        let known = found.len();
        (check.run)(&run, &mut found);
        found[known..].iter_mut().for_each(bound::clip);
        if found.len() > MISTAKES {
            // an error in any case: among what is not looked for there may be one
            found.truncate(MISTAKES);
            let message = format!("more than {MISTAKES} mistakes; the rest is not looked for");
            found.push(Diagnostic::error(code::TOO_MANY_MISTAKES, None, message));
            break;
        }
    }
    found
}

/// Returns every code that validating manifests can raise, of reading and of checks, sorted; for documentation and for formats
/// that carry a table of rules.
pub fn codes() -> Vec<Code> {
    let reading = code::CODES.iter().map(|known| Code {
        code: known.name,
        severity: known.severity,
        about: known.about.trim_end_matches('.'),
    });
    let mut codes: Vec<Code> = CHECKS.iter().map(|check| check.code).chain(reading).collect();
    codes.sort_by_key(|known| known.code);
    // some mistakes are looked for offline by names and again, by ids, when names are replaced: one code for both
    codes.dedup_by_key(|known| known.code);
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_tables_agree() {
        for check in CHECKS {
            if let Some(known) = code::CODES.iter().find(|known| known.name == check.code.code) {
                assert_eq!(known.severity, check.code.severity, "{}", known.name);
            }
        }
    }

    #[test]
    fn codes_are_distinct_words_and_sentences_are_sentences() {
        let mut codes: Vec<&str> = CHECKS.iter().map(|check| check.code.code).collect();
        codes.sort_unstable();
        let count = codes.len();
        codes.dedup();
        assert_eq!(codes.len(), count);
        for check in CHECKS {
            let Code { code, about, .. } = check.code;
            assert!(code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{code}");
            assert!(about.starts_with(char::is_uppercase) && !about.ends_with('.'), "{code}: {about}");
        }
    }
}
