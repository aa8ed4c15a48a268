//! Which check holds each of Microsoft's limits, and why none can where none does.

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::catalog::limit;
    use crate::core::diagnostic::Severity;
    use crate::manifest::check::CHECKS;

    /// How a limit is held.
    enum Held {
        /// By checks with these codes.
        By(&'static [&'static str]),
        /// By the schema, which knows no other value.
        Schema(&'static str),
        /// Not offline, because it needs the tenant.
        Tenant(&'static str),
        /// It is no rule about manifests.
        NoRule(&'static str),
    }

    use Held::{By, NoRule, Schema, Tenant};

    const HELD: &[(&str, Held)] = &[
        ("entra.customRoles.maxPerTenant", By(&["too-many-roles"])),
        ("entra.customRoleAssignments.maxPerPrincipal", By(&["too-many-assignments"])),
        ("entra.builtInRoleAssignments.nonTenantScope.maxPerPrincipal", By(&["too-many-assignments"])),
        ("entra.roleAssignableGroups.maxPerTenant", Tenant("manifests create no groups")),
        ("entra.group.maxOwners", By(&["too-many-assignments"])),
        ("entra.application.maxOwners", NoRule("owners of applications are not managed")),
        ("entra.group.ownerIsGroup", By(&["group-as-owner"])),
        ("entra.roleAssignableGroup.membershipType", Tenant("a group's membership type")),
        ("entra.roleAssignableGroup.isAssignableToRole", Tenant("a group's property, set at its creation")),
        ("entra.roleAssignableGroup.nestedGroupMember", Tenant("whether a group is role-assignable")),
        ("entra.roleAssignment.groupMustBeRoleAssignable", Tenant("whether a group is role-assignable")),
        ("entra.roleAssignment.onPremisesGroup", Tenant("where a group comes from")),
        ("entra.administrativeUnit.maxPerResource", NoRule("members of administrative units are not managed")),
        ("entra.restrictedManagementAdministrativeUnits.maxPerTenant", NoRule("administrative units are not managed")),
        ("entra.dynamicGroupsAndUnits.maxPerTenant", NoRule("groups and units are not managed")),
        ("entra.roleAssignment.administrativeUnitScope.roles", By(&["unit-scope-role"])),
        ("entra.customRole.createPermission.scope", By(&["permission-without-effect"])),
        ("entra.roleMembership.propagation", NoRule("a delay")),
        ("entra.globalAdministrators.recommendedMax", By(&["many-global-administrators"])),
        ("entra.privilegedAssignments.recommendedMax", By(&["many-privileged-assignments"])),
        ("entra.conditionalAccessPolicies.maxPerTenant", NoRule("Conditional Access is not managed")),
        ("azure.customRoles.maxPerTenant", By(&["too-many-roles"])),
        ("azure.customRoles.maxPerTenant.china", By(&["too-many-roles"])),
        ("azure.customRole.name.maxLength", By(&["role-name-too-long"])),
        ("azure.customRole.name.unique", By(&["duplicate-role-name"])),
        ("azure.customRole.description.maxLength", By(&["description-too-long"])),
        ("azure.customRole.assignableScopes.max", By(&["too-many-assignable-scopes"])),
        ("azure.customRole.assignableScopes.min", Schema("assignableScopes has at least one item")),
        ("azure.customRole.assignableScopes.root", By(&["root-assignable-scope"])),
        ("azure.customRole.assignableScopes.wildcard", By(&["invalid-scope"])),
        ("azure.customRole.assignableScopes.maxManagementGroups", By(&["several-management-groups"])),
        ("azure.customRole.action.maxWildcards", By(&["several-wildcards"])),
        (
            "azure.customRole.dataActions.managementGroupAssignment",
            By(&["data-actions-at-management-group", "data-actions-with-management-group"]),
        ),
        ("azure.customRole.actions.required", Schema("an absent list is sent as an empty one")),
        ("azure.customRole.permissionStrings.caseInsensitive", By(&["repeated-permission"])),
        ("azure.customRole.delete.withAssignments", Tenant("which assignments exist")),
        ("azure.roleAssignments.maxPerSubscription", Tenant("which scopes lie in a subscription")),
        ("azure.roleAssignments.maxPerManagementGroup", By(&["too-many-assignments"])),
        ("azure.roleAssignment.description.maxLength", NoRule("assignments have no description in manifests")),
        ("azure.roleAssignment.condition.maxLength", By(&["condition-too-long"])),
        ("pim.activation.maxDuration", By(&["activation-too-long", "activation-off-grid"])),
        ("pim.activation.maxDuration.values", By(&["activation-off-grid"])),
        ("pim.expiration.values", By(&["unusual-max-duration"])),
        ("pim.expiration.endUser.required", NoRule("a fact about what the service returns")),
        ("pim.assignment.minDuration", By(&["assignment-too-short"])),
        ("pim.assignment.minAgeBeforeRemoval", Tenant("when an assignment was made")),
        ("pim.globalAdministrator.lastActive", By(&["break-glass-not-declared"])),
        ("pim.approval.minApprovers", By(&["approval-without-approvers"])),
        ("pim.approval.azureResource.defaultApprovers", By(&["no-fallback-approvers"])),
        ("pim.approval.recommendedApprovers", By(&["single-approver"])),
        ("pim.approval.maxStages", Schema("manifests know one stage")),
        ("pim.approval.timeout", By(&["approval-timeout"])),
        ("pim.approval.approverTypes.graph", By(&["invalid-approver"])),
        ("pim.approval.approverTypes.arm", By(&["invalid-approver"])),
        ("pim.enablement.rules", Schema("require lists only these")),
        ("pim.enablement.adminEligibility", By(&["hidden-requirement"])),
        ("pim.activation.mfaAndAuthenticationContext", By(&["mfa-with-authentication-context"])),
        ("pim.notification.level", Schema("level lists only these and none")),
        ("pim.notification.maxRecipientsPerEvent", By(&["too-many-recipients"])),
        ("pim.policy.rules", NoRule("the number of rules of a policy")),
        ("pim.policy.inheritance", By(&["settings-at-other-scope"])),
        ("pim.group.types", Tenant("a group's type and where it comes from")),
        ("pim.group.policies", Schema("`access` says which of the two is meant")),
        ("pim.group.roleAssignable", NoRule("nothing is demanded")),
    ];

    /// Limits of strength `service` about which documents disagree, so that the check only warns.
    const DISPUTED: &[&str] = &[
        // arm.md A.4: one or more wildcards
        "azure.customRole.action.maxWildcards",
    ];

    #[test]
    fn every_limit_is_held_or_explained() {
        let held: BTreeMap<&str, &Held> = HELD.iter().map(|(id, held)| (*id, held)).collect();
        assert_eq!(held.len(), HELD.len(), "an id is listed twice");
        for limit in limit::all() {
            let Some(held) = held.get(limit.id) else { panic!("nothing holds {} ({})", limit.id, limit.note) };
            let codes = match held {
                By(codes) => codes,
                Schema(why) | Tenant(why) | NoRule(why) => {
                    assert!(!why.is_empty());
                    continue;
                }
            };
            let find = |code: &str| CHECKS.iter().find(|check| check.code.code == code);
            let severities: Vec<Severity> = codes
                .iter()
                .map(|code| find(code).unwrap_or_else(|| panic!("no check {code}")).code.severity)
                .collect();
            let worst = severities.iter().min().copied();
            match limit.strength {
                _ if DISPUTED.contains(&limit.id) => assert_eq!(worst, Some(Severity::Warning), "{}", limit.id),
                // facts are no rules: what follows from them is advice
                _ if limit.kind == "fact" => {}
                limit::Strength::Service => {
                    let advice = ["permission-without-effect"];
                    assert!(worst == Some(Severity::Error) || advice.contains(&codes[0]), "{}", limit.id);
                }
                limit::Strength::Client | limit::Strength::Recommendation => {
                    assert_eq!(worst, Some(Severity::Warning), "{}", limit.id);
                }
            }
        }
        for id in held.keys() {
            assert!(limit::all().iter().any(|limit| limit.id == *id), "no limit is called {id}");
        }
    }
}
