//! The Azure part of the tenant of the README and the examples: a small landing zone with drift worth seeing.
//!
//! Ids of subscriptions, custom roles, schedules and plain assignments are UUIDv5 like those of the directory; management groups are
//! called by their ids.
//!
//! | What | Where |
//! |---|---|
//! | management groups | `contoso` under the root; below it `platform`, `landingzones` (with `corp`, `online`) and `sandbox-mg` |
//! | `prod-core` `5a9dbb0c-0000-4000-8000-0000000000b1` | under `platform`: `rg-core-identity`, `rg-core-monitoring` |
//! | `prod-connectivity` `73f57816-72c7-5f62-8f2d-bec17210906b` | under `platform`: `rg-hub-network` with `vnet-hub` |
//! | `corp-payroll` `7c3d3709-83f5-5647-9cde-f36a6e01b70a` | under `corp`: `rg-payroll-app` with `kv-payroll`, `rg-payroll-data` with `stpayrolldata` |
//! | `online-shop` `03fb4eba-938b-5cb9-89ed-798c4b4828bb` | under `online`: `rg-shop-web` with `vm-shop-01` |
//! | `VM Operator` `e21d5927-ea73-520d-868e-7057550440e7` | custom role at `contoso` that lacks `…/deallocate/action` |
//! | Owner at `prod-core` | `sg-tier0-operators` eligible; its settings ask an approval of `sg-pim-approvers` or alice, but were weakened in the portal to 24 h without MFA |
//! | Contributor at `online-shop` | `sg-contractors` eligible, under the settings of everybody who is |
//! | Reader at `online-shop` | `sg-all-employees` eligible |
//! | Contributor at `prod-connectivity` | bob eligible and active since an hour ago |
//! | Network Contributor at `rg-hub-network` | dave eligible, ends in 10 days |
//! | Reader at `prod-core` | frank eligible from in 20 days on |
//! | Role Based Access Control Administrator at `corp-payroll` | grace eligible, on condition that she assigns Reader only |
//! | Contributor at `rg-shop-web` | CI Deployer active through PIM |
//! | Owner at `corp-payroll` | carol, assigned outside PIM, declared by nobody |
//! | Reader at `contoso` | alice, assigned outside PIM; inherited by all below |
//! | `MS-PIM` | User Access Administrator wherever PIM manages something |

use serde_json::json;

use super::super::id::TENANT;
use super::super::tenant::Side;
use super::build::{Builder, Span};

/// Who of the directory holds something in Azure.
#[derive(Debug, Clone, Copy)]
pub(super) struct People<'a> {
    pub(super) alice: &'a str,
    pub(super) bob: &'a str,
    pub(super) carol: &'a str,
    pub(super) dave: &'a str,
    pub(super) frank: &'a str,
    pub(super) grace: &'a str,
    /// sg-tier0-operators.
    pub(super) tier0: &'a str,
    /// sg-pim-approvers.
    pub(super) approvers: &'a str,
    /// sg-contractors.
    pub(super) contractors: &'a str,
    /// sg-all-employees.
    pub(super) employees: &'a str,
    /// The service principal CI Deployer.
    pub(super) deployer: &'a str,
}

/// Lets its holder assign Reader and nothing else (arm.md F).
const READER_ONLY: &str = "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR \
(@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals \
{acdd72a7-3385-48ef-bd42-f606fba81ae7})) AND \
((!(ActionMatches{'Microsoft.Authorization/roleAssignments/delete'})) OR \
(@Resource[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals \
{acdd72a7-3385-48ef-bd42-f606fba81ae7}))";

/// Fills the Azure part; returns the scope of the subscription corp-payroll.
pub(super) fn fill(b: &mut Builder, who: People<'_>) -> String {
    let contoso = b.management_group("contoso", "Contoso", TENANT);
    b.management_group("platform", "Platform", "contoso");
    b.management_group("landingzones", "Landing Zones", "contoso");
    b.management_group("corp", "Corp", "landingzones");
    b.management_group("online", "Online", "landingzones");
    b.management_group("sandbox-mg", "Sandbox", "contoso");
    let core = b.subscription("prod-core", "platform");
    let connectivity = b.subscription("prod-connectivity", "platform");
    let payroll = b.subscription("corp-payroll", "corp");
    let shop = b.subscription("online-shop", "online");
    b.resource_group(&core, "rg-core-identity");
    b.resource_group(&core, "rg-core-monitoring");
    let hub = b.resource_group(&connectivity, "rg-hub-network");
    b.resource(&hub, "Microsoft.Network/virtualNetworks", "vnet-hub");
    let app = b.resource_group(&payroll, "rg-payroll-app");
    b.resource(&app, "Microsoft.KeyVault/vaults", "kv-payroll");
    let data = b.resource_group(&payroll, "rg-payroll-data");
    b.resource(&data, "Microsoft.Storage/storageAccounts", "stpayrolldata");
    let web = b.resource_group(&shop, "rg-shop-web");
    b.resource(&web, "Microsoft.Compute/virtualMachines", "vm-shop-01");

    let compute = "Microsoft.Compute/virtualMachines";
    let actions =
        [&format!("{compute}/read"), &format!("{compute}/start/action"), &format!("{compute}/restart/action")];
    b.azure_role("VM Operator", "Starts and restarts virtual machines", &contoso, &actions.map(String::as_str));

    use Side::{Active, Eligible};
    b.azure_assign(Eligible, who.tier0, "Owner", &core, Span::until(20, 160));
    b.azure_assign(Eligible, who.contractors, "Contributor", &shop, Span::until(30, 60));
    b.azure_assign(Eligible, who.employees, "Reader", &shop, Span::until(100, 200));
    let contributor = b.azure_assign(Eligible, who.bob, "Contributor", &connectivity, Span::until(40, 140));
    b.azure_activate(&contributor, who.bob, "Contributor", &connectivity, (1, 7));
    b.azure_assign(Eligible, who.dave, "Network Contributor", &hub, Span::until(170, 10));
    b.azure_assign(Eligible, who.frank, "Reader", &core, Span::until(-20, 200));
    let administrator = "Role Based Access Control Administrator";
    let delegated = b.azure_assign(Eligible, who.grace, administrator, &payroll, Span::until(15, 150));
    b.azure_condition(&payroll, &delegated, READER_ONLY);
    b.azure_assign(Active, who.deployer, "Contributor", &web, Span::until(90, 80));
    b.arm_outside(who.carol, "Owner", &payroll);
    b.arm_outside(who.alice, "Reader", &contoso);
    for scope in [&contoso, &core, &connectivity, &payroll, &shop] {
        b.ms_pim(scope);
    }

    let approver =
        |id: &str, kind: &str, name: &str| json!({"id": id, "userType": kind, "isBackup": false, "description": name});
    // the examples want the group alone; what else was weakened follows
    let approvers = [approver(who.approvers, "Group", "sg-pim-approvers"), approver(who.alice, "User", "Alice Adams")];
    let setting = json!({"isApprovalRequired": true, "isApprovalRequiredForExtension": false,
        "isRequestorJustificationRequired": true, "approvalMode": "SingleStage", "approvalStages": [{
            "approvalStageTimeOutInDays": 1, "isApproverJustificationRequired": true, "escalationTimeInMinutes": 0,
            "isEscalationEnabled": false, "primaryApprovers": approvers}]});
    b.azure_rule(&core, "Owner", "Approval_EndUser_Assignment", json!({"setting": setting}));
    b.azure_rule(&core, "Owner", "Enablement_EndUser_Assignment", json!({"enabledRules": ["Justification"]}));
    b.azure_rule(&core, "Owner", "Expiration_EndUser_Assignment", json!({"maximumDuration": "PT24H"}));
    payroll
}
