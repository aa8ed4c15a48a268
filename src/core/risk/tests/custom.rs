//! Custom roles: what their permissions come to, with wildcards and exclusions, and what a wider one means for its holders.

use super::*;

fn data(actions: &[&str]) -> Permissions {
    Permissions { data_actions: allows(actions, &[]).actions, ..Permissions::default() }
}

/// Source: the attack paths by action, the tier patterns and the escalation patterns of AzurePrivilegedIAM.
#[test]
fn permissions_decide() {
    use Risk::{Critical, High, Low, Medium};
    let (azure, entra) = (Surface::Azure, Surface::Directory);
    let mut wrong = Vec::new();
    for (surface, permissions, want, source) in [
        (azure, allows(&["*"], &[]), Critical, "escalation pattern ^\\*$"),
        (azure, allows(&["*"], &["Microsoft.Authorization/*"]), Critical, "azure-inhibit-backup-recovery"),
        (azure, allows(&["Microsoft.Authorization/*"], &[]), Critical, "azure-rbac-escalation"),
        (azure, allows(&["*/write"], &[]), Critical, "azure-rbac-escalation by a wildcard"),
        (
            azure,
            allows(&["Microsoft.Authorization/roleAssignments/*"], &["Microsoft.Authorization/roleAssignments/write"]),
            High,
            "tier 0 and a pattern; its path is excluded",
        ),
        (azure, allows(&["Microsoft.Authorization/*/read"], &[]), Low, "tier file: reader"),
        (azure, allows(&["*/read"], &[]), Low, "tier file: reader; webhooks/read alone opens no path"),
        (
            azure,
            allows(&["Microsoft.Automation/automationAccounts/webhooks/read"], &[]),
            Medium,
            "azure-runbook-webhook-abuse",
        ),
        (
            azure,
            allows(
                &["Microsoft.Compute/virtualMachines/start/action", "Microsoft.Compute/virtualMachines/*/read"],
                &[],
            ),
            Medium,
            "tier file: compute",
        ),
        (
            azure,
            allows(&["Microsoft.Compute/virtualMachines/runCommand/action"], &[]),
            High,
            "azure-managed-identity-abuse",
        ),
        (
            azure,
            allows(&["Microsoft.Compute/virtualMachines/*"], &[]),
            High,
            "azure-managed-identity-abuse by a wildcard",
        ),
        (azure, allows(&["Microsoft.Storage/storageAccounts/listKeys/action"], &[]), Medium, "azure-storage-key-theft"),
        (
            azure,
            allows(&["Microsoft.Logic/workflows/read"], &[]),
            Low,
            "part of azure-logicapp-managed-identity-abuse is not it",
        ),
        (azure, allows(&["Microsoft.Logic/*"], &[]), High, "azure-logicapp-managed-identity-abuse"),
        (azure, allows(&["*/action"], &[]), Critical, "azure-inhibit-backup-recovery by a wildcard"),
        (azure, data(&["Microsoft.KeyVault/vaults/secrets/getSecret/action"]), High, "azure-keyvault-credential-theft"),
        (
            azure,
            allows(&["Microsoft.KeyVault/vaults/secrets/getSecret/action"], &[]),
            Medium,
            "in the wrong plane it gives nothing",
        ),
        (
            azure,
            data(&["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"]),
            Low,
            "tier file: user access",
        ),
        (
            entra,
            allows(&["microsoft.directory/applications/credentials/update"], &[]),
            Critical,
            "BloodHound AZAddSecret",
        ),
        (
            entra,
            allows(&["microsoft.directory/servicePrincipals/appRoleAssignedTo/update"], &[]),
            Critical,
            "BloodHound AZMGAppRoleAssignment_ReadWrite_All",
        ),
        (entra, allows(&["microsoft.directory/groups/members/update"], &[]), Critical, "BloodHound AZAddMembers"),
        (entra, allows(&["microsoft.directory/users/password/update"], &[]), Critical, "BloodHound AZResetPassword"),
        (entra, allows(&["microsoft.directory/applications/standard/read"], &[]), Low, "it only reads"),
        (entra, allows(&["microsoft.directory/somethingNew/update"], &[]), Medium, "not classified: taken for tier 1"),
    ] {
        let target = match surface {
            Surface::Azure => super::azure("r", "/"),
            _ => directory("r"),
        };
        let tenant = Tenant::new().role(custom(surface, "r", permissions.clone()));
        let (risk, reasons) = tenant.grant("alice", &target, Mode::Active, until()).last();
        if risk != want {
            wrong.push(format!("{source}: {permissions:?} is {risk:?}, not {want:?}: {reasons:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_role_of_which_nothing_is_known_is_taken_for_privileged() {
    let (risk, reasons) = Tenant::new().grant("alice", &directory("mystery"), Mode::Active, until()).last();
    assert_eq!(risk, Risk::High);
    assert_eq!(reasons[0], "what mystery allows is not known; it is taken for privileged");
}

#[test]
fn a_wider_role_weighs_what_is_added_for_those_who_hold_it() {
    let target = azure("r", SUBSCRIPTION);
    let reads = custom(Surface::Azure, "r", allows(&["*/read"], &[]));
    let wider = custom(Surface::Azure, "r", allows(&["*/read", "Microsoft.Authorization/roleAssignments/write"], &[]));
    let tenant = || Tenant::new().role(reads.clone()).group("ops");
    let held = tenant().held("alice", &target, Mode::Active).redefine(wider.clone()).last();
    assert_eq!(held.0, Risk::High);
    assert_eq!(
        held.1[0],
        "what r gains opens a known attack path of critical severity by Microsoft.Authorization/roleAssignments/write: Azure \
         RBAC role assignment escalation (azure-rbac-escalation)"
    );
    assert!(held.1[1].starts_with("1 person holds or can activate r in subscription"), "{:?}", held.1);
    let eligible = tenant()
        .held("alice", &target, Mode::Eligible)
        .demands(&target, |settings| {
            settings.approval.is_required = true;
            settings.activation.require.insert(Requirement::MultiFactorAuthentication);
        })
        .redefine(wider.clone())
        .last();
    assert_eq!(eligible.0, Risk::Medium);
    let (risk, reasons) = tenant().redefine(wider.clone()).last();
    assert_eq!((risk, reasons[1].as_str()), (Risk::Medium, "nobody holds r yet"));
    let through = tenant()
        .held("ops", &target, Mode::Active)
        .held("alice", &member("ops"), Mode::Active)
        .held("bob", &member("ops"), Mode::Eligible)
        .redefine(wider)
        .last();
    assert!(through.1[1].starts_with("2 people hold or can activate"), "{:?}", through.1);
}

#[test]
fn an_exclusion_that_goes_adds_what_it_kept_away() {
    let target = azure("r", SUBSCRIPTION);
    let before = custom(
        Surface::Azure,
        "r",
        allows(&["*"], &["Microsoft.Authorization/roleAssignments/write", "Microsoft.Compute/disks/read"]),
    );
    let role = |not_actions: &[&str]| custom(Surface::Azure, "r", allows(&["*"], not_actions));
    for (after, want) in [
        (role(&["Microsoft.Compute/disks/read"]), Risk::High),
        (role(&["Microsoft.Authorization/roleAssignments/write"]), Risk::Low),
    ] {
        let (risk, reasons) =
            Tenant::new().role(before.clone()).held("alice", &target, Mode::Active).redefine(after).last();
        assert_eq!(risk, want, "{reasons:?}");
    }
}

#[test]
fn enabling_a_role_gives_back_all_of_it_and_more_places_nothing_yet() {
    let on = custom(Surface::Directory, "r", allows(&["microsoft.directory/applications/credentials/update"], &[]));
    let mut off = on.clone();
    off.is_enabled = false;
    let tenant = Tenant::new().role(off).held("alice", &directory("r"), Mode::Active).redefine(on);
    assert_eq!(tenant.last().0, Risk::Critical);
    let one = custom(Surface::Azure, "r", allows(&["*"], &[]));
    let mut two = one.clone();
    two.assignable_scopes.insert(ArmScope::parse(SUBSCRIPTION).unwrap());
    let (risk, reasons) = Tenant::new().role(one).redefine(two).last();
    assert_eq!(
        (risk, reasons[0].as_str()),
        (Risk::Low, "r can be assigned in more places; nobody gains by that alone")
    );
}
