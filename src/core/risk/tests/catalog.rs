//! The judgement of roles against the catalog's own examples.

use super::*;
use crate::catalog::escalation::Severity;
use crate::catalog::tier::Tier;

fn least(severity: Severity) -> Risk {
    match severity {
        Severity::Medium => Risk::Medium,
        Severity::High => Risk::High,
        Severity::Critical => Risk::Critical,
    }
}

/// Source: every attack path of AzurePrivilegedIAM whose roles are built-in ones.
#[test]
fn every_attack_path_gives_its_severity_at_least() {
    let mut tenant = Tenant::new();
    let mut want = Vec::new();
    for path in escalation::paths() {
        let directory = path.directory_roles.iter().map(|role| directory(role));
        let azure = path.azure_roles.iter().map(|role| azure(role, "/"));
        for target in directory.chain(azure) {
            tenant = tenant.grant("alice", &target, Mode::Active, until());
            want.push((path.id, least(path.severity), target));
        }
    }
    assert!(want.len() > 80, "{}", want.len());
    for ((risk, reasons), (path, least, target)) in tenant.judged().into_iter().zip(want) {
        assert!(risk >= least, "{path}: {target:?} is {risk:?}: {reasons:?}");
        assert!(!reasons.is_empty() && reasons.len() <= MOST);
    }
}

/// Source: the tier files of AzurePrivilegedIAM.
#[test]
fn permissions_alone_come_to_the_control_plane_where_the_tier_file_does() {
    let is_plain = |role: &&azure_role::AzureRole| role.blocks.iter().all(|block| !block.is_conditional);
    let of_tier = |role: &&azure_role::AzureRole| role.tier == Some(Tier::ControlPlane);
    let roles: Vec<_> = azure_role::all().iter().filter(of_tier).filter(is_plain).collect();
    assert!(roles.len() > 20, "{}", roles.len());
    for role in roles {
        let mut tiers =
            role.blocks.iter().map(|block| Power::of_permissions(Surface::Azure, &power::as_permissions(block)).tier);
        assert!(tiers.any(|tier| tier == Some(Tier::ControlPlane)), "{}", role.name);
    }
}

/// One row each: what is given, how, the risk, and the source of the expectation.
#[test]
fn roles_by_tier_scope_and_permanence() {
    use Mode::{Active, Eligible};
    use Risk::{Critical, High, Low, Medium};
    let group = "/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1/resourceGroups/rg";
    let vault = format!("{group}/providers/Microsoft.KeyVault/vaults/kv");
    let management = "/providers/Microsoft.Management/managementGroups/corp";
    let mut wrong = Vec::new();
    for (target, mode, ask, want, source) in [
        (
            directory("Global Administrator"),
            Active,
            endless(),
            Critical,
            "BloodHound AZGlobalAdmin; tier zero default rule",
        ),
        (directory("Global Administrator"), Active, until(), Critical, "attack path azure-elevated-access-toggle"),
        (directory("Global Administrator"), Eligible, endless(), High, "BloodHound AZRoleEligible: not yet active"),
        (directory("Privileged Role Administrator"), Active, until(), Critical, "BloodHound tier zero default rule"),
        (
            directory("Privileged Authentication Administrator"),
            Active,
            until(),
            Critical,
            "passwordReset: Global Administrator",
        ),
        (directory("Privileged Authentication Administrator"), Eligible, until(), High, "role override, control plane"),
        (directory("Application Administrator"), Active, until(), Critical, "BloodHound AZAppAdmin"),
        (directory("Cloud Application Administrator"), Active, endless(), Critical, "BloodHound AZCloudAppAdmin"),
        (directory("Intune Administrator"), Active, until(), High, "BloodHound AZExecuteCommand"),
        (directory("Partner Tier2 Support"), Active, until(), Critical, "BloodHound tier zero default rule"),
        (directory("Security Administrator"), Eligible, until(), High, "attack path entra-federation-golden-saml"),
        (
            directory("Knowledge Administrator"),
            Active,
            until(),
            Medium,
            "tier file: control plane, no privileged label",
        ),
        (directory("Groups Administrator"), Active, until(), Critical, "BloodHound AZAddMembers"),
        (
            directory("Helpdesk Administrator"),
            Active,
            until(),
            Critical,
            "BloodHound AZResetPassword; attack path entra-credential-reset",
        ),
        (directory("Helpdesk Administrator"), Eligible, until(), High, "entra-credential-reset, with MFA"),
        (in_unit("Helpdesk Administrator"), Active, until(), Low, "passwordReset: lesser roles only, of one unit"),
        (in_unit("Password Administrator"), Eligible, until(), Low, "passwordReset: users without a role, of one unit"),
        (
            in_unit("Privileged Authentication Administrator"),
            Active,
            until(),
            High,
            "passwordReset: Global Administrator",
        ),
        (at_object("Application Administrator"), Active, until(), Medium, "BloodHound AZAppAdmin: one application"),
        (
            directory("Directory Synchronization Accounts"),
            Active,
            until(),
            Critical,
            "attack path entra-hybrid-sync-takeover",
        ),
        (
            directory("AI Administrator"),
            Active,
            until(),
            Critical,
            "entra-agentid-blueprint-cross-tenant-takeover by permission",
        ),
        (directory("License Administrator"), Active, until(), Medium, "tier file: control plane, no privileged label"),
        (directory("Global Reader"), Active, until(), Medium, "tier file: control plane, only reads"),
        (directory("Exchange Administrator"), Active, until(), Medium, "tier file: management plane"),
        (directory("Exchange Administrator"), Eligible, until(), Low, "tier file: management plane, with MFA"),
        (directory("Directory Readers"), Active, endless(), Low, "tier file: tenant configuration, reader"),
        (directory("Message Center Reader"), Active, endless(), Low, "tier file: reader"),
        (directory("Guest Inviter"), Active, endless(), Low, "tier file: user access"),
        (azure("Owner", "/"), Active, until(), Critical, "attack path azure-rbac-escalation; BloodHound AZOwner"),
        (azure("Owner", management), Active, endless(), Critical, "azure-rbac-escalation below a management group"),
        (azure("Owner", SUBSCRIPTION), Active, endless(), Critical, "azure-rbac-escalation, standing"),
        (azure("Owner", SUBSCRIPTION), Active, until(), High, "azure-rbac-escalation in one subscription"),
        (azure("Owner", group), Active, until(), High, "azure-rbac-escalation in one resource group"),
        (azure("Owner", &vault), Active, until(), Medium, "azure-rbac-escalation on one resource"),
        (
            azure("User Access Administrator", SUBSCRIPTION),
            Eligible,
            until(),
            High,
            "BloodHound AZUserAccessAdministrator",
        ),
        (azure("Contributor", group), Eligible, until(), Medium, "BloodHound AZContributor"),
        (
            azure("Virtual Machine Contributor", SUBSCRIPTION),
            Active,
            until(),
            Medium,
            "BloodHound AZVMContributor; azure-managed-identity-abuse",
        ),
        (azure("Key Vault Secrets User", &vault), Active, until(), Low, "BloodHound AZGetSecrets: one vault"),
        (
            azure("Key Vault Administrator", SUBSCRIPTION),
            Active,
            endless(),
            High,
            "attack path azure-keyvault-credential-theft",
        ),
        (azure("Reader", "/"), Active, endless(), Low, "tier file: user access"),
        (azure("Reader", SUBSCRIPTION), Active, endless(), Low, "tier file: user access"),
        (azure("Storage Account Contributor", "/"), Active, until(), Medium, "attack path azure-storage-key-theft"),
    ] {
        let mut tenant = Tenant::new();
        // directory roles ask for MFA by default, Azure's do not (policies-defaults.json)
        tenant = tenant.demands(&target.policy_target(), |_| {});
        let (risk, reasons) = tenant.grant("alice", &target, mode, ask).last();
        if risk != want {
            wrong.push(format!("{source}: {target:?} {mode:?} is {risk:?}, not {want:?}: {reasons:#?}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}",
        wrong.join(
            "
"
        )
    );
}

#[test]
fn approval_and_mfa_each_take_weight_away() {
    let target = directory("Global Administrator");
    for (mfa, approval, want) in
        [(false, false, Risk::High), (true, false, Risk::High), (false, true, Risk::High), (true, true, Risk::Medium)]
    {
        let tenant = Tenant::new().demands(&target, |settings| {
            settings.activation.require.clear();
            if mfa {
                settings.activation.require.insert(Requirement::MultiFactorAuthentication);
            }
            settings.approval.is_required = approval;
        });
        let (risk, reasons) = tenant.grant("alice", &target, Mode::Eligible, until()).last();
        assert_eq!(risk, want, "MFA {mfa}, approval {approval}: {reasons:?}");
    }
    assert_eq!(risk(&target, Mode::Active, until()), Risk::Critical, "active is more than eligible");
    let (_, reasons) = Tenant::new().grant("alice", &target, Mode::Eligible, until()).last();
    assert!(
        reasons.contains(&"the settings of the role are not known: no check is counted on".to_owned()),
        "{reasons:?}"
    );
}

#[test]
fn reasons_are_sentences_with_the_most_important_first() {
    let reasons = |target: Target| {
        let tenant = Tenant::new().demands(&target.policy_target(), |_| {});
        tenant.grant("alice", &target, Mode::Active, endless()).last().1
    };
    assert_eq!(
        reasons(directory("Global Administrator")),
        [
            "Global Administrator can hand out every other role",
            "it holds in the whole tenant",
            "standing access: it is in force without activation",
            "it has no end",
        ]
    );
    assert_eq!(
        reasons(directory("Helpdesk Administrator")),
        [
            "Helpdesk Administrator opens a known attack path of critical severity by microsoft.directory/users/password/update: \
             Privileged credential / MFA reset takeover (entra-credential-reset), and 1 more",
            "it holds in the whole tenant",
            "standing access: it is in force without activation",
            "it has no end",
            "its holder can reset the passwords of users without a role and of holders of Directory Readers and 6 more roles",
        ]
    );
}

#[test]
fn a_renewal_is_judged_as_what_is_granted() {
    let target = directory("Global Administrator");
    let tenant = Tenant::new().held("alice", &target, Mode::Active).grant("alice", &target, Mode::Active, endless());
    assert_eq!(tenant.last().0, Risk::Critical);
}

#[test]
fn only_a_condition_that_proves_its_roles_takes_weight_away() {
    let target = azure("Role Based Access Control Administrator", SUBSCRIPTION);
    let (reader, owner) = ("acdd72a7-3385-48ef-bd42-f606fba81ae7", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635");
    let role = "@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId]";
    let write = "!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})";
    let delete = "!(ActionMatches{'Microsoft.Authorization/roleAssignments/delete'})";
    let resource = "@Resource[Microsoft.Authorization/roleAssignments:RoleDefinitionId]";
    let only =
        |id: &str| format!("(({write}) OR ({role} GuidEquals {id})) AND (({delete}) OR ({resource} GuidEquals {id}))");
    let all_but = format!("({write}) OR ({role} ForAnyOfAllValues:GuidNotEquals {{{owner}}})");
    // source: Microsoft Learn, "Delegate Azure access management to others" (constrained delegation by role)
    for (condition, want) in [
        (None, Risk::High),
        (Some(only(reader)), Risk::Low),
        (Some(only(owner)), Risk::High),
        (Some(all_but), Risk::High),
        (Some("nonsense".to_owned()), Risk::High),
        (
            Some(format!(
                "({write}) OR (@Request[Microsoft.Authorization/roleAssignments:PrincipalType] StringEquals 'User')"
            )),
            Risk::High,
        ),
    ] {
        let tenant = Tenant::new().grant_with("alice", &target, Mode::Active, until(), condition.as_deref());
        let (risk, reasons) = tenant.last();
        assert_eq!(risk, want, "{condition:?}: {reasons:?}");
    }
    // who holds all of Microsoft.Authorization writes definitions and policies too
    let target = azure("User Access Administrator", SUBSCRIPTION);
    let tenant = Tenant::new().grant_with("alice", &target, Mode::Active, endless(), Some(&only(reader)));
    assert!(tenant.last().0 >= Risk::Medium, "{:?}", tenant.last());
}
