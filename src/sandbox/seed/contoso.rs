//! The tenant of the README and the examples: small, readable, with drift worth seeing.
//!
//! Ids are UUIDv5 of the tenant id and `kind/key`; the key is the user principal name of a user, the name of anything else.
//!
//! Azure has its own table in `landing_zone`, and so have the groups under PIM in `operator_groups`.
//!
//! | Object | What | Id |
//! |---|---|---|
//! | `breakglass1@contoso.example`, `breakglass2@…` | permanent active Global Administrators, made outside PIM | `cda04781-3888-54e2-8fbb-8b84eb6796a0`, `74a84f8e-2224-5666-8bb7-51ce88ef9923` |
//! | `alice@contoso.example` | helpdesk lead | `7e886f40-c450-5af4-ad06-3d7a3e365874` |
//! | `bob@contoso.example` | activated Security Administrator an hour ago | `5fedb7c4-7526-511b-8d4f-a975c099fbee` |
//! | `carol@contoso.example` | standing User Administrator outside PIM | `070b8a6a-a6a0-536a-99a0-2fe81e3a98a7` |
//! | `dave@contoso.example` | eligible Exchange Administrator, ends in 10 days | `2f45a226-f27f-5883-9a62-328f65a479e9` |
//! | `erin@contoso.example` | eligible Intune Administrator that nobody declared | `881b7aa6-c76a-54f9-a415-19dc88abedc5` |
//! | `frank@contoso.example` | eligible Teams Administrator from in 20 days on (pending) | `de0b63d9-7945-5f44-af24-1876af0130e2` |
//! | `grace@contoso.example` | member of sg-pim-approvers | `ee855ee5-7212-5fc4-be81-03d2c7555f07` |
//! | `heidi@contoso.example` | eligible Privileged Role Administrator, who weakened its policy in the portal | `9a1a5182-8642-50ea-b9d2-67f69ea61dc4` |
//! | `judy@contoso.example`, `ken@contoso.example` | approve, and operate nothing | `46375f40-878c-5322-8e54-b6f6afdc940f`, `6f633fc0-8528-5c02-b6c5-2286d8203614` |
//! | `ivan_fabrikam.example#EXT#@contoso.example` | a guest | `5d368ebc-fafa-5ebd-af32-04d71b6a0f16` |
//! | `sg-helpdesk-emea` | role-assignable, eligible Helpdesk Administrator at EMEA Users | `fb70f24f-bc19-50ae-a603-f3e91b5197a4` |
//! | `sg-tier0-operators` | role-assignable, eligible Global Administrator | `d5caa64c-af9d-5baf-a91c-8354641e707b` |
//! | `sg-pim-approvers` | role-assignable, approvers | `a4a07534-9a39-5c79-aba4-6e85b71de51e` |
//! | `sg-helpdesk-all` | not role-assignable | `d51fb5a6-9601-53bf-a467-5042fc94badb` |
//! | `sg-all-employees` | dynamic | `32722606-0cf6-523c-a719-89ff14902b66` |
//! | `sg-onprem-admins` | synchronised from on-premises | `639707db-a2f0-5ac5-bd25-8e89b8b1c804` |
//! | `sg-contractors` | people from outside, who may become Contributor at online-shop | `ffe2564d-405e-55b4-a7cc-d15b90b01832` |
//! | `sg-project-x` twice | two groups of one name | `3a222f9f-3f44-5f65-ab16-b3903530d323`, `9436a791-e586-52ec-b606-00b49452bcdc` |
//! | `EMEA Users`, `APAC Users` | administrative units | `15073f9a-b94e-55c0-a948-00e08df2c682`, `544071b5-e7e9-58e6-afef-471397298c20` |
//! | `Payroll App` | application and service principal | `4fef7df1-5510-5575-ac42-d5e22b700c38`, `1d09682e-9f39-563a-91bf-7ed0d08d3c46` |
//! | `Vendor Backup` | holds Directory Readers, permanently | `5aa4a670-e29c-5d33-a3fc-6306c01bb23e`, `22231856-db1b-576c-92ad-b5ca52be94cd` |
//! | `CI Deployer` | holds Application Administrator through PIM | `7af381b1-dea1-59ab-9cff-356c6391ad30`, `45d91893-880f-5b60-8ee2-649ae5b6f1e9` |
//! | `App Assignment Operator` | custom role that lacks one action of the examples | `31c823a7-1db5-5a71-8d2d-7840a4a224bf` |
//! | `Device Auditor` | custom role whose template id differs from its id | `c7928f91-81b5-5490-9b94-e7ecc8c38217` |

use serde_json::json;

use super::super::id::minted;
use super::super::tenant::Side;
use super::build::{Builder, Span};
use super::landing_zone::{self, People};
use super::operator_groups;

/// Fills the tenant.
pub(super) fn fill(b: &mut Builder) {
    let alice = b.user("alice", "Alice Adams");
    let bob = b.user("bob", "Bob Brown");
    let carol = b.user("carol", "Carol Clark");
    let dave = b.user("dave", "Dave Diaz");
    let erin = b.user("erin", "Erin Evans");
    let frank = b.user("frank", "Frank Foster");
    let grace = b.user("grace", "Grace Green");
    let heidi = b.user("heidi", "Heidi Portal");
    let judy = b.user("judy", "Judy Jones");
    let ken = b.user("ken", "Ken Keller");
    let ivan = b.user("ivan_fabrikam.example#EXT#", "Ivan Ivanov");
    b.change(&ivan, json!({"userType": "Guest", "mail": "ivan@fabrikam.example"}));

    let assignable = || json!({"isAssignableToRole": true});
    let helpdesk = b.group("sg-helpdesk-emea", assignable(), &[&alice, &bob]);
    let tier0 = b.group("sg-tier0-operators", assignable(), &[&grace, &heidi]);
    let approvers = b.group("sg-pim-approvers", assignable(), &[&grace, &heidi]);
    b.group("sg-helpdesk-all", json!({}), &[&alice, &bob, &carol]);
    let dynamic = json!({"groupTypes": ["DynamicMembership"], "membershipRule": "user.userType -eq \"Member\"",
        "membershipRuleProcessingState": "On"});
    let everybody = [&alice, &bob, &carol, &dave, &erin, &frank, &grace, &heidi, &judy, &ken].map(String::as_str);
    let employees = b.group("sg-all-employees", dynamic, &everybody);
    b.group("sg-onprem-admins", json!({"onPremisesSyncEnabled": true}), &[&dave]);
    let contractors = b.group("sg-contractors", json!({"description": "People from outside"}), &[&ivan]);
    b.group("sg-project-x", json!({"description": "Project X, finance"}), &[&erin]);
    b.group_as("sg-project-x#2", "sg-project-x", json!({"description": "Project X, engineering"}), &[&frank]);

    let emea = format!("/administrativeUnits/{}", b.unit("EMEA Users", &[&alice, &carol, &dave]));
    let apac = format!("/administrativeUnits/{}", b.unit("APAC Users", &[&erin, &frank]));
    b.application("Payroll App", None, None);
    let (_, backup) = b.application("Vendor Backup", None, None);
    let (_, deployer) = b.application("CI Deployer", None, None);

    let operator = "microsoft.directory/servicePrincipals/appRoleAssignedTo/update";
    b.custom_role("App Assignment Operator", "Assigns users and groups to enterprise applications", &[operator], None);
    let template = minted("template", "Device Auditor");
    let audit = "microsoft.directory/devices/standard/read";
    b.custom_role("Device Auditor", "Reads devices", &[audit], Some(&template));

    use Side::{Active, Eligible};
    b.assign(Eligible, &helpdesk, "Helpdesk Administrator", &emea, Span::until(100, 150));
    b.assign(Eligible, &tier0, "Global Administrator", "/", Span::until(20, 160));
    let security = b.assign(Eligible, &bob, "Security Administrator", "/", Span::until(40, 140));
    b.activate(&security, &bob, (1, 7));
    b.assign(Eligible, &dave, "Exchange Administrator", "/", Span::until(170, 10));
    b.assign(Eligible, &erin, "Intune Administrator", "/", Span::since(250));
    b.assign(Eligible, &frank, "Teams Administrator", "/", Span::until(-20, 200));
    b.assign(Eligible, &heidi, "Privileged Role Administrator", "/", Span::until(60, 120));
    b.assign(Eligible, &alice, "Groups Administrator", &apac, Span::until(10, 80));
    b.assign(Eligible, &alice, "Device Auditor", "/", Span::until(10, 80));
    b.assign(Active, &deployer, "Application Administrator", "/", Span::until(90, 80));
    b.outside(&carol, "User Administrator", "/");
    b.outside(&backup, "Directory Readers", "/");

    let privileged = "Privileged Role Administrator";
    b.rule(privileged, "Enablement_EndUser_Assignment", json!({"enabledRules": ["Justification"]}));
    b.rule(privileged, "Expiration_EndUser_Assignment", json!({"maximumDuration": "PT24H"}));

    let people = People {
        alice: &alice,
        bob: &bob,
        carol: &carol,
        dave: &dave,
        frank: &frank,
        grace: &grace,
        tier0: &tier0,
        approvers: &approvers,
        contractors: &contractors,
        employees: &employees,
        deployer: &deployer,
    };
    let payroll = landing_zone::fill(b, people);
    let operators = operator_groups::People {
        bob: &bob,
        dave: &dave,
        erin: &erin,
        frank: &frank,
        heidi: &heidi,
        judy: &judy,
        ken: &ken,
        approvers: &approvers,
        apac: &apac,
        payroll: &payroll,
    };
    operator_groups::fill(b, operators);
}
