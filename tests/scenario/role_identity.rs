//! Which live role a manifest means: by its id, by the managed id, by its name; and what happens when they disagree.

use rolewright::sandbox::Seed;
use serde_json::{Value, json};

use crate::manifest::{assignment, role, settings};
use crate::stage::{Stage, tenant};

const NAME: &str = "App Operator";
const UPDATE: &str = "microsoft.directory/applications/basic/update";
const ASSIGN: &str = "microsoft.directory/servicePrincipals/appRoleAssignedTo/update";
const LONGEST: &str = "Expiration_EndUser_Assignment";

/// Makes a role at the portal; returns its id.
fn made(stage: &Stage, name: &str) -> String {
    let body =
        json!({"displayName": name, "isEnabled": true, "rolePermissions": [{"allowedResourceActions": [UPDATE]}]});
    let role = stage.admin("POST", "/roleManagement/directory/roleDefinitions", Some(body));
    role["id"].as_str().unwrap().to_owned()
}

fn declare(stage: &Stage, name: &str, more: &str) {
    stage.write("role.yaml", &role("app-operator", name, &[UPDATE, ASSIGN], more));
}

/// Returns the message of the notice with this code, where the plan has one.
fn notice(stage: &Stage, code: &str) -> Option<String> {
    let plan = stage.plan();
    let found = plan["notices"].as_array().unwrap().iter().find(|n| n["code"] == code).cloned();
    found.map(|n| n["message"].as_str().unwrap().to_owned())
}

fn customs(stage: &Stage) -> Vec<Value> {
    stage.rows("roleDefinitions?$filter=isBuiltIn eq false")
}

#[test]
fn a_live_role_is_adopted_by_its_name_until_its_id_is_pasted() {
    let stage = Stage::new();
    let id = made(&stage, NAME);
    declare(&stage, NAME, "");
    assert_eq!(stage.changes(), ["adopt directory/role-definition/App Operator"]);
    let line = format!("id: {id}");
    assert!(notice(&stage, "adopted-by-name").unwrap().contains(&line));
    stage.apply();
    assert_eq!(customs(&stage).len(), 1, "nothing is made anew");
    assert!(notice(&stage, "adopted-by-name").unwrap().contains(&line), "warned of until it is there");

    declare(&stage, NAME, &line);
    stage.assert_converged();
    assert_eq!(notice(&stage, "adopted-by-name"), None);
    // with its id it can be renamed
    declare(&stage, "Application Operator", &line);
    stage.apply();
    assert_eq!(customs(&stage)[0]["displayName"], "Application Operator");
    assert_eq!(customs(&stage)[0]["id"], id.as_str());
}

#[test]
fn ids_and_names_that_disagree_are_refused() {
    let stage = Stage::new();
    let (one, _) = (made(&stage, "One"), made(&stage, "Two"));
    let before = customs(&stage);
    declare(&stage, "Two", &format!("id: {one}"));
    stage.run(&["apply", "--yes"]).exits(1).says("role-identity-conflict").says("role.yaml:4");
    declare(&stage, "Two", "id: 00000000-0000-4000-8000-00000000dead");
    stage.run(&["apply", "--yes"]).exits(1).says("role-identity-conflict");
    declare(&stage, "Helpdesk Administrator", "");
    stage.run(&["apply", "--yes"]).exits(1).says("built-in");
    declare(&stage, NAME, &format!("id: {}", stage.role("Helpdesk Administrator")));
    stage.run(&["apply", "--yes"]).exits(1).says("built-in");
    made(&stage, "two");
    declare(&stage, "Two", "");
    stage.run(&["apply", "--yes"]).exits(1).says("ambiguous-name");
    let pasted = format!("id: {one}");
    let two = role("app-operator", "One", &[UPDATE], &pasted) + &role("other", "One", &[ASSIGN], &pasted);
    stage.write("role.yaml", &two);
    stage.run(&["apply", "--yes"]).exits(1).says("role.yaml:6").says("duplicate-role-name");
    // two names, one role
    let two = role("app-operator", "One", &[UPDATE], &pasted) + &role("other", "Uno", &[ASSIGN], &pasted);
    stage.write("role.yaml", &two);
    stage.run(&["apply", "--yes"]).exits(1).says("role.yaml:4").says("role.yaml:12");
    let after = customs(&stage);
    assert!(before.iter().all(|role| after.contains(role)) && after.len() == 3, "{after:?}");
}

#[test]
fn settings_follow_the_template_id_and_assignments_the_id() {
    let stage = Stage::with(|options| options.switches.distinct_template_ids = true);
    stage.user("alice");
    declare(&stage, NAME, "");
    let body = "activation: {maxDuration: PT1H}\neligibleAssignment: {permanent: forbidden}";
    stage.write("settings.yaml", &settings(NAME, body));
    stage.write("alice.yaml", &assignment("EligibleAssignment", NAME, "alice", "{duration: P30D, renewBefore: P7D}"));
    let run = stage.apply();
    let role = customs(&stage)[0].clone();
    let (id, template) = (role["id"].as_str().unwrap(), role["templateId"].as_str().unwrap());
    assert_ne!(id, template);
    run.says(&format!("got the id {id} instead of {template}"));
    let state = stage.running().state_json();
    assert!(
        state["policies"][template]["rules"].as_array().unwrap().iter().any(|rule| rule["maximumDuration"] == "PT1H")
    );
    assert_eq!(stage.rows("roleEligibilitySchedules")[0]["roleDefinitionId"], id);

    // and again, once both ids are known
    stage.write("settings.yaml", &settings(NAME, &body.replace("PT1H", "PT2H")));
    declare(&stage, NAME, "enabled: true\ndescription: With both ids");
    stage.apply();
    stage.write("tenant.yaml", &tenant("  ownership: [{directoryRoles: [App Operator], assignments: authoritative, roleDefinitions: authoritative}]\n"));
    stage.advance(1);
    for file in ["role.yaml", "settings.yaml", "alice.yaml"] {
        stage.erase(file);
    }
    stage.apply();
    assert_eq!(customs(&stage), Vec::<Value>::new());

    // a new life while the old one can still be restored and keeps both its ids
    declare(&stage, NAME, "");
    stage.apply();
    assert_ne!(customs(&stage)[0]["templateId"], template);
}

#[test]
fn a_role_of_the_portal_whose_template_id_differs_is_governed_like_any_other() {
    let stage = Stage::with(|options| options.seed = Seed::Contoso);
    let name = "Device Auditor";
    let role = customs(&stage).into_iter().find(|role| role["displayName"] == name).unwrap();
    assert_ne!(role["id"], role["templateId"]);
    stage.write("settings.yaml", &settings(name, "activation: {maxDuration: PT1H}"));
    stage.write("erin.yaml", &assignment("EligibleAssignment", name, "erin", "{permanent: true}"));
    stage.apply();
    let held = |stage: &Stage| {
        let rows = stage.rows("roleEligibilitySchedules");
        rows.iter().filter(|row| row["roleDefinitionId"] == role["id"]).count()
    };
    assert_eq!(held(&stage), 2);
    let state = stage.running().state_json();
    let rules = state["policies"][role["templateId"].as_str().unwrap()]["rules"].as_array().unwrap().clone();
    assert_eq!(rules.iter().find(|rule| rule["id"] == LONGEST).unwrap()["maximumDuration"], "PT1H");
    stage.write("settings.yaml", &settings(name, "activation: {maxDuration: default}"));
    stage.apply();
}
