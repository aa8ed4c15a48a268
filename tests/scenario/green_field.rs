//! An empty tenant gets its first manifests, and loses them again.

use crate::stage::{Stage, tenant};

const HELPDESK: &str = "
apiVersion: rolewright/v1
kind: DirectoryRoleDefinition
metadata: {name: app-operator}
spec:
  displayName: App Operator
  description: Assigns users to applications
  permissions:
    - microsoft.directory/servicePrincipals/appRoleAssignedTo/update
  enabled: true
---
apiVersion: rolewright/v1
kind: RoleSettings
metadata: {name: helpdesk}
spec:
  appliesTo: [{directoryRole: Helpdesk Administrator}, {directoryRole: App Operator}]
  activation:
    maxDuration: PT4H
    approval: {approvers: [{group: sg-approvers}]}
---
apiVersion: rolewright/v1
kind: EligibleAssignment
metadata: {name: helpdesk}
spec:
  role: {directoryRole: Helpdesk Administrator}
  principals: [{group: sg-helpdesk}, {user: alice@contoso.example}]
  schedule: {permanent: true}
---
apiVersion: rolewright/v1
kind: EligibleAssignment
metadata: {name: app-operators}
spec:
  role: {directoryRole: App Operator}
  principals: [{user: alice@contoso.example}]
  schedule: {duration: P30D, renewBefore: P7D}
";

#[test]
fn everything_is_made_and_the_second_plan_is_empty() {
    let stage = Stage::new();
    stage.user("alice");
    stage.group("sg-helpdesk", true);
    stage.group("sg-approvers", false);
    let owned = "  ownership: [{directoryRoles: ['Helpdesk *', App Operator], assignments: authoritative, roleDefinitions: authoritative}]\n";
    stage.write("tenant.yaml", &tenant(owned));
    stage.write("helpdesk.yaml", HELPDESK);
    assert_eq!(
        stage.changes(),
        [
            "create directory/eligible/App Operator@tenant/user:alice@contoso.example",
            "create directory/eligible/Helpdesk Administrator@tenant/group:sg-helpdesk",
            "create directory/eligible/Helpdesk Administrator@tenant/user:alice@contoso.example",
            "create directory/role-definition/App Operator",
            "update directory/settings/App Operator",
            "update directory/settings/Helpdesk Administrator",
        ]
    );
    stage.run(&["plan", "--detailed-exitcode"]).exits(2);
    stage.run(&["drift"]).exits(2);
    stage.apply();
    assert_eq!(stage.rows("roleEligibilitySchedules").len(), 3);
    assert_eq!(stage.rules("Helpdesk Administrator")["Expiration_EndUser_Assignment"]["maximumDuration"], "PT4H");
    assert_eq!(stage.rules("App Operator")["Approval_EndUser_Assignment"]["setting"]["isApprovalRequired"], true);

    // and back: what is no longer declared is removed; settings that nobody declares stay as they are
    stage.erase("helpdesk.yaml");
    stage.clock.advance(jiff::SignedDuration::from_mins(10));
    assert_eq!(
        stage.changes(),
        [
            "remove directory/eligible/App Operator@tenant/user:alice@contoso.example",
            "remove directory/eligible/Helpdesk Administrator@tenant/group:sg-helpdesk",
            "remove directory/eligible/Helpdesk Administrator@tenant/user:alice@contoso.example",
            "remove directory/role-definition/App Operator",
        ]
    );
    stage.apply();
    assert!(stage.rows("roleEligibilitySchedules").is_empty());
}
