//! A custom role lives: made, changed field by field, disabled, deleted, and declared again.

use serde_json::{Value, json};

use crate::manifest::{assignment, role, settings};
use crate::meddling::{meddled, watched};
use crate::stage::{Stage, tenant};

const NAME: &str = "App Operator";
const UPDATE: &str = "microsoft.directory/applications/basic/update";
const ASSIGN: &str = "microsoft.directory/servicePrincipals/appRoleAssignedTo/update";
const READ: &str = "microsoft.directory/servicePrincipals/appRoleAssignedTo/read";
const OWNED: &str =
    "  ownership: [{directoryRoles: [App Operator], assignments: authoritative, roleDefinitions: authoritative}]\n";

fn declare(stage: &Stage, permissions: &[&str], more: &str) {
    stage.write("role.yaml", &role("app-operator", NAME, permissions, more));
}

/// Returns name, description, whether it is enabled, and the permissions.
fn live(stage: &Stage) -> Option<Value> {
    let roles = stage.rows("roleDefinitions?$filter=isBuiltIn eq false");
    assert!(roles.len() < 2, "{roles:?}");
    let role = roles.first()?;
    let actions = role["rolePermissions"][0]["allowedResourceActions"].clone();
    Some(json!([role["displayName"], role["description"], role["isEnabled"], actions]))
}

fn change(stage: &Stage, body: Value) {
    let id = stage.rows("roleDefinitions?$filter=isBuiltIn eq false")[0]["id"].as_str().unwrap().to_owned();
    stage.admin("PATCH", &format!("/roleManagement/directory/roleDefinitions/{id}"), Some(body));
}

#[test]
fn each_field_is_changed_and_changed_back() {
    let stage = Stage::new();
    declare(&stage, &[UPDATE], "description: Updates applications");
    assert_eq!(stage.changes(), ["create directory/role-definition/App Operator"]);
    stage.apply();
    assert_eq!(
        live(&stage).unwrap(),
        json!([NAME, "Updates applications", true, [UPDATE]]),
        "enabled when nobody says"
    );

    declare(&stage, &[UPDATE], "description: Updates all applications");
    stage.apply();
    assert_eq!(live(&stage).unwrap()[1], "Updates all applications");
    declare(&stage, &[UPDATE], "");
    stage.assert_converged();
    declare(&stage, &[UPDATE], "description: ''");
    stage.apply();

    declare(&stage, &[UPDATE, ASSIGN], "");
    assert_eq!(stage.plan()["changes"][0]["direction"], "widens");
    stage.apply();
    declare(&stage, &[ASSIGN], "");
    assert_eq!(stage.plan()["changes"][0]["direction"], "narrows");
    stage.apply();
    assert_eq!(live(&stage).unwrap()[3], json!([ASSIGN]));
    declare(&stage, &[READ], "");
    stage.apply();
    assert_eq!(live(&stage).unwrap()[3], json!([READ]), "no permission in common");

    declare(&stage, &[READ], "enabled: false");
    stage.apply();
    assert_eq!(live(&stage).unwrap()[2], false);
    declare(&stage, &[READ], "");
    stage.assert_converged();
    declare(&stage, &[READ], "enabled: true");
    stage.apply();
    assert_eq!(live(&stage).unwrap()[2], true);

    // the managed id ties the role down, whatever it is called: a rename is an update
    stage.write("role.yaml", &role("app-operator", "Application Operator", &[READ], ""));
    assert_eq!(stage.changes(), ["update directory/role-definition/App Operator"]);
    stage.apply();
    assert_eq!(live(&stage).unwrap()[0], "Application Operator");
}

#[test]
fn only_the_owner_removes_it_and_a_deleted_role_can_be_declared_again() {
    let stage = Stage::new();
    declare(&stage, &[UPDATE], "");
    stage.apply();
    stage.erase("role.yaml");
    stage.assert_converged();
    let plan = stage.plan();
    let unmanaged = plan["unmanaged"].as_array().unwrap();
    assert!(unmanaged.iter().any(|u| u["address"] == "directory/role-definition/App Operator"), "{unmanaged:?}");

    stage.write("tenant.yaml", &tenant(OWNED));
    assert_eq!(stage.changes(), ["remove directory/role-definition/App Operator"]);
    stage.apply();
    assert_eq!(live(&stage), None);

    // twice, since each deleted life keeps its id
    for _ in 0..2 {
        declare(&stage, &[UPDATE], "description: Again");
        let plan = stage.plan();
        let codes: Vec<&Value> = plan["notices"].as_array().unwrap().iter().map(|n| &n["code"]).collect();
        assert!(codes.contains(&&json!("deleted-twin")), "{codes:?}");
        stage.apply();
        assert_eq!(live(&stage).unwrap()[1], "Again");
        declare(&stage, &[UPDATE], "description: Once more");
        assert_eq!(stage.changes(), ["update directory/role-definition/App Operator"], "known by its id");
        stage.apply();
        stage.erase("role.yaml");
        stage.apply();
        assert_eq!(live(&stage), None);
    }
}

#[test]
fn it_goes_after_those_who_hold_it() {
    let (stage, watched) = watched(|_| {});
    stage.user("alice");
    stage.write("tenant.yaml", &tenant(OWNED));
    declare(&stage, &[UPDATE], "");
    stage.write("alice.yaml", &assignment("EligibleAssignment", NAME, "alice", "{permanent: true}"));
    stage.apply();
    stage.advance(1);

    // out of Git while somebody holds it whom this run leaves alone
    stage.erase("role.yaml");
    stage.erase("alice.yaml");
    let additive = OWNED.replace("assignments: authoritative, ", "");
    stage.write("tenant.yaml", &tenant(&additive));
    let plan = stage.plan();
    assert_eq!(plan["changes"], json!([]));
    let notice = plan["notices"].as_array().unwrap().iter().find(|n| n["code"] == "role-in-use").unwrap();
    assert!(notice["message"].as_str().unwrap().contains("user:alice@contoso.example"), "{notice}");
    stage.assert_converged();

    stage.write("tenant.yaml", &tenant(OWNED));
    watched.clear();
    stage.apply();
    let writes: Vec<String> = watched.writes().iter().map(|(entry, _)| entry.method.clone()).collect();
    assert_eq!(writes, ["POST", "DELETE"]);
    assert_eq!(live(&stage), None);
}

#[test]
fn it_stays_while_somebody_has_it_activated() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.write("tenant.yaml", &tenant(OWNED));
    declare(&stage, &[UPDATE], "");
    stage.write("alice.yaml", &assignment("EligibleAssignment", NAME, "alice", "{permanent: true}"));
    stage.apply();
    stage.advance(1);
    let ask = json!({
        "action": "selfActivate", "roleDefinitionId": stage.role(NAME), "principalId": alice, "directoryScopeId": "/",
        "justification": "story", "scheduleInfo": {"expiration": {"type": "afterDuration", "duration": "PT4H"}},
    });
    let path = "/roleManagement/directory/roleAssignmentScheduleRequests";
    let (status, body) = stage.graph_as("alice@contoso.example", "POST", path, Some(ask));
    assert_eq!(status, 201, "{body}");
    stage.erase("role.yaml");
    stage.erase("alice.yaml");
    assert_eq!(stage.changes(), ["remove directory/eligible/App Operator@tenant/user:alice@contoso.example"]);
    stage.apply();
    assert!(live(&stage).is_some());
    stage.advance(5);
    assert_eq!(stage.changes(), ["remove directory/role-definition/App Operator"]);
    stage.apply();
    assert_eq!(live(&stage), None);
}

#[test]
fn what_the_service_refuses_fails_alone_and_what_needs_it_is_skipped() {
    let stage = Stage::new();
    stage.user("alice");
    let unknown = "microsoft.directory/applications/teleport";
    let broken = role("app-operator", NAME, &[unknown], "") + &settings(NAME, "activation: {maxDuration: PT1H}");
    stage.write("role.yaml", &(broken.clone() + &assignment("EligibleAssignment", NAME, "alice", "{permanent: true}")));
    stage.write("other.yaml", &settings("Helpdesk Administrator", "activation: {maxDuration: PT1H}"));
    let run = stage.run(&["apply", "--yes"]).exits(4);
    let run = run.says("unknown-permission").says("is not supported for Custom Role creation");
    run.says("a role must exist before it has settings").says("a role must exist before anybody can hold it");
    assert_eq!(live(&stage), None);
    assert_eq!(stage.rules("Helpdesk Administrator")["Expiration_EndUser_Assignment"]["maximumDuration"], "PT1H");
    assert_eq!(stage.changes().len(), 3);

    let mended = broken.replace(unknown, UPDATE);
    stage.write("role.yaml", &(mended + &assignment("EligibleAssignment", NAME, "alice", "{permanent: true}")));
    stage.apply();
    assert_eq!(stage.rows("roleEligibilitySchedules").len(), 1);
}

#[test]
fn what_somebody_changed_meanwhile_is_not_overwritten() {
    let (stage, meddler) = meddled(|_| {});
    declare(&stage, &[UPDATE], "description: Before");
    stage.apply();
    declare(&stage, &[UPDATE, ASSIGN], "");
    stage.write("other.yaml", &settings("Helpdesk Administrator", "activation: {maxDuration: PT1H}"));
    meddler.after(|entry| entry.method == "PATCH", |stage| change(stage, json!({"description": "Somebody else"})));
    stage.run(&["apply", "--yes"]).exits(4).says("the role changed since it was read");
    assert!(meddler.is_done());
    assert_eq!(live(&stage).unwrap(), json!([NAME, "Somebody else", true, [UPDATE]]));
    stage.apply();
    assert_eq!(live(&stage).unwrap()[1], "Somebody else", "nobody declares it");
}

#[test]
fn an_ignored_write_is_a_failure() {
    let stage = Stage::new();
    declare(&stage, &[UPDATE], "");
    stage.apply();
    declare(&stage, &[UPDATE, ASSIGN], "");
    stage.faults(json!([{"match": {"method": "PATCH"}, "effect": "ignorePatch"}]));
    stage.run(&["apply", "--yes"]).exits(4).says("accepted the role but does not show it");
    stage.faults(json!([]));
    stage.apply();
}

#[test]
fn a_role_is_enabled_or_exchanged_before_it_is_granted() {
    let stage = Stage::new();
    stage.user("alice");
    declare(&stage, &[UPDATE], "enabled: false");
    stage.apply();
    stage.write("alice.yaml", &assignment("EligibleAssignment", NAME, "alice", "{duration: P30D, renewBefore: P7D}"));
    stage.run(&["plan"]).exits(1).says("role-disabled");
    for (permissions, why) in
        [([UPDATE], "is enabled while it is granted"), ([ASSIGN], "exchanges all its permissions")]
    {
        declare(&stage, &permissions, "enabled: true");
        let run = stage.run(&["apply", "--yes"]).exits(1);
        run.says("role-changes-first").says(why).says("--target 'directory/role-definition/App Operator'");
        stage.run(&["apply", "--yes", "--target", "directory/role-definition/App Operator"]).exits(0);
        stage.apply();
        stage.write("alice.yaml", &assignment("EligibleAssignment", NAME, "alice", "{permanent: true}"));
    }
}
