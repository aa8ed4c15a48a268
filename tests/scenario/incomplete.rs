//! What must not happen when a list could be read only in part.

use serde_json::json;

use crate::stage::{Stage, tenant};

const OWN: &str = "  ownership: [{directoryRoles: ['*'], roleDefinitions: authoritative}]\n";

#[test]
fn no_role_is_removed_when_a_page_of_roles_is_missing() {
    let stage = Stage::with(|options| options.page_size = Some(100));
    let body = json!({
        "displayName": "Undeclared", "isEnabled": true,
        "rolePermissions": [{ "allowedResourceActions": ["microsoft.directory/users/standard/read"] }],
    });
    stage.admin("POST", "/roleManagement/directory/roleDefinitions", Some(body));
    stage.write("tenant.yaml", &tenant(OWN));
    let removal = "remove directory/role-definition/Undeclared";
    assert!(stage.changes().contains(&removal.to_owned()));
    // the roles come on two pages; the second is refused
    let outage = json!({ "answer": { "status": 503, "code": "ServiceUnavailable" } });
    let second = json!({ "path": "/roleDefinitions", "query": "skiptoken" });
    stage.faults(json!([{ "match": second, "effect": outage }]));
    let plan = stage.run(&["plan", "--allow-incomplete", "--format", "json", "--timeout", "5"]).exits(0).json();
    assert_eq!(plan["complete"], false);
    let removed = plan["changes"].as_array().unwrap().iter().filter(|change| change["action"] == "remove").count();
    assert_eq!(removed, 0, "{plan}");
}

#[test]
fn a_list_of_deleted_roles_that_is_refused_is_said_and_one_that_does_not_exist_is_not() {
    for (status, is_gap) in [(501, false), (404, false), (403, true), (503, true)] {
        let stage = Stage::new();
        let effect = json!({ "answer": { "status": status, "code": "Refused" } });
        stage.faults(json!([{ "match": { "path": "/deletedItems/" }, "effect": effect }]));
        let plan = stage.run(&["plan", "--format", "json", "--timeout", "5"]).exits(0).json();
        let gaps = plan["unreadable"].as_array().unwrap();
        assert_eq!(gaps.iter().any(|gap| gap["part"] == "deletedRoles"), is_gap, "{status}: {gaps:?}");
        assert_eq!(plan["complete"], true, "{status}: nothing is removed or granted by that list");
    }
}
