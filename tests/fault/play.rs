//! A small piece with every kind of change, over the `contoso` tenant.

use crate::stage::{Stage, tenant};
use rolewright::sandbox::{SandboxOptions, Seed};

const MANIFESTS: &str = "
apiVersion: rolewright/v1
kind: DirectoryRoleDefinition
metadata: {name: app-assignment-operator}
spec:
  displayName: App Assignment Operator
  description: Assigns users and groups to enterprise applications
  permissions:
    - microsoft.directory/servicePrincipals/appRoleAssignedTo/update
    - microsoft.directory/servicePrincipals/appRoleAssignedTo/read
  enabled: true
---
apiVersion: rolewright/v1
kind: DirectoryRoleDefinition
metadata: {name: key-reader}
spec:
  displayName: Key Reader
  permissions: [microsoft.directory/bitlockerKeys/key/read]
---
apiVersion: rolewright/v1
kind: RoleSettings
metadata: {name: strict}
spec:
  appliesTo: [{directoryRole: Privileged Role Administrator}, {directoryRole: Key Reader}]
  activation: {maxDuration: PT4H, require: [multiFactorAuthentication, justification]}
  eligibleAssignment: {permanent: forbidden, maxDuration: P180D}
---
apiVersion: rolewright/v1
kind: EligibleAssignment
metadata: {name: key-readers}
spec:
  role: {directoryRole: Key Reader}
  principals: [{user: alice@contoso.example}, {user: grace@contoso.example}]
  schedule: {duration: P90D, renewBefore: P7D}
---
apiVersion: rolewright/v1
kind: EligibleAssignment
metadata: {name: exchange}
spec:
  role: {directoryRole: Exchange Administrator}
  principals: [{user: dave@contoso.example}]
  schedule: {duration: P180D, renewBefore: P14D}
";

const OWNERSHIP: &str = "  ownership:
    - directoryRoles: [User Administrator, Intune Administrator, Teams Administrator]
      assignments: authoritative
  limits: {maxRemovalPercent: 100}
";

/// Returns a stage with the `contoso` tenant and the manifests of the piece.
pub(crate) fn open(change: impl FnOnce(&mut SandboxOptions)) -> Stage {
    let stage = Stage::with(|options| {
        options.seed = Seed::Contoso;
        change(options);
    });
    stage.write("tenant.yaml", &tenant(OWNERSHIP));
    stage.write("piece.yaml", MANIFESTS);
    stage
}

/// Returns an instant to the hour: waiting for a lost answer takes seconds, and a duration begins when it is granted.
fn hour(instant: &serde_json::Value) -> Option<&str> {
    instant.as_str().and_then(|text| text.get(..13))
}

/// Returns what the tenant holds, without the ids that the service mints and without its log of requests.
pub(crate) fn holdings(stage: &Stage) -> serde_json::Value {
    let state = stage.running().state_json();
    let mut schedules: Vec<String> = state["schedules"]
        .as_object()
        .unwrap()
        .values()
        .map(|row| serde_json::json!([row["key"], hour(&row["start"]), hour(&row["end"]), row["duration"]]).to_string())
        .collect();
    schedules.sort();
    let roles: std::collections::BTreeMap<String, serde_json::Value> = state["customRoles"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(id, role)| {
            let content = serde_json::json!([
                role["displayName"],
                role["description"],
                role["permissions"],
                role["isEnabled"],
                role["deleted"]
            ]);
            (id.clone(), content)
        })
        .collect();
    let policies: std::collections::BTreeMap<String, serde_json::Value> = state["policies"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(id, policy)| (id.clone(), policy["rules"].clone()))
        .collect();
    serde_json::json!({ "schedules": schedules, "roles": roles, "policies": policies })
}
