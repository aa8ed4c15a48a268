//! A custom Azure role lives: made, changed field by field, renamed, adopted, deleted.

use serde_json::{Value, json};

use crate::azure_words::{ROOT_GROUP, SUBSCRIPTION, at, eligible, owning, role, scope};
use crate::meddling::watched;
use crate::stage::{Stage, tenant};

const NAME: &str = "VM Operator";
const START: &str = "Microsoft.Compute/virtualMachines/start/action";
const RESTART: &str = "Microsoft.Compute/virtualMachines/restart/action";
const ADDRESS: &str = "azure/role-definition/VM Operator";

fn declare(stage: &Stage, name: &str, actions: &[&str], scopes: &str, more: &str) {
    let permissions = format!("{{actions: [{}]}}", actions.join(", "));
    stage.write("role.yaml", &role("vm-operator", name, &permissions, scopes, more));
}

fn here() -> String {
    format!("[{SUBSCRIPTION}]")
}

/// Returns name, description, actions and assignable scopes of the only custom role.
fn live(stage: &Stage) -> Option<Value> {
    let roles = stage.azure_roles(ROOT_GROUP);
    assert!(roles.len() < 2, "{roles:?}");
    let role = &roles.first()?["properties"];
    Some(json!([role["roleName"], role["description"], role["permissions"][0]["actions"], role["assignableScopes"]]))
}

/// Makes a role at the portal; returns its GUID.
fn made(stage: &Stage, name: &str, scope: &str) -> String {
    let id = uuid::Uuid::new_v4().to_string();
    let body = json!({"properties": {"roleName": name, "description": "By hand", "type": "CustomRole",
        "assignableScopes": [scope], "permissions": [{"actions": [START]}]}});
    stage.arm_admin("PUT", &at(scope, &format!("roleDefinitions/{id}"), "2022-04-01"), Some(body));
    id
}

#[test]
fn each_field_is_changed_and_the_whole_definition_is_sent() {
    let stage = Stage::new();
    let net = stage.resource_group(SUBSCRIPTION, "rg-net");
    declare(&stage, NAME, &[START], &here(), "description: Starts");
    assert_eq!(stage.changes(), [format!("create {ADDRESS}")]);
    stage.apply();
    assert_eq!(live(&stage).unwrap(), json!([NAME, "Starts", [START], [SUBSCRIPTION]]));
    let id = stage.azure_roles(SUBSCRIPTION)[0]["name"].clone();

    // what is not declared is not cleared, although the service replaces all of it
    declare(&stage, NAME, &[START, RESTART], &here(), "");
    assert_eq!(stage.plan()["changes"][0]["direction"], "widens");
    stage.apply();
    assert_eq!(live(&stage).unwrap()[1], "Starts");
    declare(&stage, NAME, &["'Microsoft.Compute/virtualMachines/*'"], &here(), "");
    assert_eq!(stage.plan()["changes"][0]["direction"], "widens", "a wildcard admits more");
    stage.apply();
    declare(&stage, NAME, &["'Microsoft.Compute/virtualMachines/*/action'"], &here(), "");
    assert_eq!(stage.plan()["changes"][0]["direction"], "narrows");
    stage.apply();
    declare(&stage, NAME, &[RESTART], &here(), "");
    assert_eq!(stage.plan()["changes"][0]["direction"], "narrows");
    stage.apply();
    // case is no difference
    declare(&stage, NAME, &["microsoft.compute/VirtualMachines/restart/action"], &here(), "");
    stage.assert_converged();

    declare(&stage, NAME, &[RESTART], &format!("['{net}']"), "");
    assert_eq!(stage.plan()["changes"][0]["direction"], "narrows");
    stage.apply();
    assert_eq!(live(&stage).unwrap()[3], json!([net.to_lowercase()]));
    declare(&stage, NAME, &[RESTART], &format!("[{SUBSCRIPTION}, '{net}']"), "");
    assert_eq!(stage.plan()["changes"][0]["direction"], "widens");
    stage.apply();

    // the managed id ties the role down: a rename is an update
    declare(&stage, "VM Restarter", &[RESTART], &here(), "");
    assert_eq!(stage.changes(), [format!("update {ADDRESS}")]);
    stage.apply();
    let roles = stage.azure_roles(SUBSCRIPTION);
    assert_eq!((roles.len(), &roles[0]["name"], &roles[0]["properties"]["roleName"]), (1, &id, &json!("VM Restarter")));
}

#[test]
fn a_live_role_is_adopted_by_its_name_until_its_id_is_pasted() {
    let stage = Stage::new();
    let id = made(&stage, NAME, SUBSCRIPTION);
    declare(&stage, NAME, &[START, RESTART], &here(), "");
    assert_eq!(stage.changes(), [format!("adopt {ADDRESS}")]);
    let line = format!("id: {id}");
    stage.run(&["plan"]).exits(0).says(&line).says("adopted-by-name");
    stage.apply();
    assert_eq!(stage.azure_roles(SUBSCRIPTION).len(), 1);
    stage.run(&["plan"]).exits(0).says(&line);
    declare(&stage, NAME, &[START, RESTART], &here(), &line);
    stage.assert_converged();
    stage.run(&["plan"]).never_says("adopted-by-name");
    // with its id it can be renamed; an id that is another role's, or nobody's, is an error
    declare(&stage, "VM Restarter", &[START, RESTART], &here(), &format!("id: {}", id.to_uppercase()));
    assert_eq!(stage.changes(), [format!("update {ADDRESS}")]);
    stage.apply();
    let other = made(&stage, "Other", SUBSCRIPTION);
    declare(&stage, "VM Restarter", &[START, RESTART], &here(), &format!("id: {other}"));
    stage.run(&["plan"]).exits(1).says("role-identity-conflict").says("role.yaml:");
}

#[test]
fn an_undeclared_role_is_removed_only_where_all_its_scopes_are_owned_and_nothing_holds_it() {
    let (stage, watched) = watched(|_| {});
    let alice = stage.user("alice");
    let other = stage.subscription("dev", "dev", ROOT_GROUP);
    declare(&stage, NAME, &[START], &format!("[{SUBSCRIPTION}, {other}]"), "");
    stage.apply();
    stage.azure_request(
        "eligible",
        "AdminAssign",
        NAME,
        &alice,
        &other,
        crate::azure_words::until("2026-09-01T00:00:00Z"),
    );
    stage.advance(1);
    stage.erase("role.yaml");
    // owned in part: not ours to remove
    stage.write("tenant.yaml", &owning(&[SUBSCRIPTION]));
    assert!(stage.changes().is_empty());
    assert!(stage.unmanaged().iter().any(|line| line.starts_with(ADDRESS)), "{:?}", stage.unmanaged());
    // owned in whole, held by somebody whom this run leaves alone
    let additive = tenant(&format!(
        "  ownership:\n    - {{azureScopes: [{SUBSCRIPTION}, {other}], roleDefinitions: authoritative}}\n"
    ));
    stage.write("tenant.yaml", &additive);
    let plan = stage.plan();
    assert_eq!(plan["changes"], json!([]));
    let notice = plan["notices"].as_array().unwrap().iter().find(|n| n["code"] == "role-in-use").unwrap();
    assert!(notice["message"].as_str().unwrap().contains("user:alice@contoso.example"), "{notice}");
    // owned in whole with what is held: removals first
    stage.write("tenant.yaml", &owning(&[SUBSCRIPTION, &other]));
    watched.clear();
    stage.apply();
    let writes: Vec<String> = watched.writes().iter().map(|(entry, _)| entry.method.clone()).collect();
    assert_eq!(writes, ["PUT", "DELETE"]);
    assert_eq!(live(&stage), None);
}

#[test]
fn a_role_stays_while_somebody_has_it_activated() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.write("tenant.yaml", &owning(&[SUBSCRIPTION]));
    declare(&stage, NAME, &[START], &here(), "");
    stage.write(
        "a.yaml",
        &eligible("a", NAME, &here(), "[{user: alice@contoso.example}]", "{end: 2026-09-01T00:00:00Z}"),
    );
    stage.apply();
    stage.advance(1);
    stage.azure_activate("alice", &alice, NAME, SUBSCRIPTION, 4);
    stage.clock.advance(jiff::SignedDuration::from_mins(1));
    stage.erase("role.yaml");
    stage.erase("a.yaml");
    assert_eq!(stage.changes(), [format!("remove azure/eligible/{NAME}@{SUBSCRIPTION}/user:alice@contoso.example")]);
    stage.apply();
    assert!(live(&stage).is_some());
    stage.advance(5);
    assert_eq!(stage.changes(), [format!("remove {ADDRESS}")]);
    stage.apply();
    assert_eq!(live(&stage), None);
}

#[test]
fn a_role_its_settings_and_its_holders_in_one_run() {
    for alternating in [false, true] {
        let stage = Stage::with(|options| options.switches.alternating_roles = alternating);
        let alice = stage.user("alice");
        declare(&stage, NAME, &[START], &here(), "");
        let body = "activation: {maxDuration: PT2H}";
        stage.write("s.yaml", &crate::azure_words::settings("s", NAME, &here(), body));
        let who = "[{user: alice@contoso.example}]";
        stage.write("a.yaml", &eligible("a", NAME, &here(), who, "{duration: P30D, renewBefore: P7D}"));
        stage.apply();
        assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &alice).is_some());
        assert_eq!(stage.azure_rules(SUBSCRIPTION, NAME)["Expiration_EndUser_Assignment"]["maximumDuration"], "PT2H");
        // a change settles too, whichever version is read at first
        stage.clock.advance(jiff::SignedDuration::from_mins(10));
        declare(&stage, NAME, &[START, RESTART], &here(), "");
        stage.apply();
    }
}

#[test]
fn a_name_that_another_scope_has_taken_is_said_plainly() {
    let stage = Stage::new();
    let other = stage.subscription("dev", "dev", ROOT_GROUP);
    // seen by this run: adopted by its name, and refused as long as nobody says so
    let stale = |writes: usize| {
        let late = json!({"staleRead": {"writes": writes}});
        stage.faults(json!([{"match": {"method": "GET", "path": "/roleDefinitions"}, "effect": late}]));
    };
    stale(0);
    made(&stage, NAME, &other);
    declare(&stage, NAME, &[START], &here(), "");
    assert_eq!(stage.changes(), [format!("adopt {ADDRESS}")]);
    // not seen by the plan, as one at a scope that it may not read: the service refuses
    stale(1);
    let run = stage.run(&["apply", "--yes"]);
    assert_eq!(run.code, 4, "{}\n{}", run.stdout, run.stderr);
    run.says("RoleDefinitionWithSameNameExists").says("Use a different name");
}

#[test]
fn an_ignored_write_is_a_failure_and_another_hand_is_not_overwritten() {
    let stage = Stage::new();
    declare(&stage, NAME, &[START], &here(), "description: Ours");
    stage.apply();
    declare(&stage, NAME, &[START, RESTART], &here(), "description: Ours");
    // what was acknowledged is never shown
    stage.faults(
        json!([{"match": {"method": "GET", "path": "/roleDefinitions"}, "effect": {"staleRead": {"writes": 3}}}]),
    );
    let run = stage.run(&["apply", "--yes"]);
    assert_eq!(run.code, 4, "{}\n{}", run.stdout, run.stderr);
    run.says("does not show it");
    stage.faults(json!([]));
    stage.assert_converged();
}

#[test]
fn what_cannot_be_is_refused_at_its_line() {
    let stage = Stage::new();
    stage.write("scopes.yaml", &scope("prod", "subscription: prod-core"));
    for (permissions, scopes, exit, line) in [
        // an operation that the catalog does not know may be newer than the catalog
        ("{actions: [Microsoft.Compute/virtualMachines/teleport/action]}", "[prod]", 0, "role.yaml:7"),
        ("{actions: [microsoft.directory/users/create]}", "[prod]", 1, "role.yaml:7"),
        ("{actions: [Microsoft.Compute/virtualMachines/start/action]}", "[/]", 1, "role.yaml:8"),
    ] {
        stage.write("role.yaml", &role("vm-operator", NAME, permissions, scopes, ""));
        stage.run(&["validate"]).exits(exit).says(line);
    }
}

#[test]
fn a_role_moves_to_another_scope_altogether() {
    let stage = Stage::new();
    let dev = stage.subscription("dev", "dev", ROOT_GROUP);
    stage.user("alice");
    declare(&stage, NAME, &[START], &here(), "");
    stage.apply();
    let id = stage.azure_roles(SUBSCRIPTION)[0]["name"].clone();
    declare(&stage, NAME, &[START], &format!("[{dev}]"), "");
    let who = "[{user: alice@contoso.example}]";
    stage.write("a.yaml", &eligible("a", NAME, &format!("[{dev}]"), who, "{end: 2026-09-01T00:00:00Z}"));
    // for a while it can be assigned at both: nobody can be granted what cannot be assigned there yet
    let mark = stage.mark();
    stage.apply();
    assert_eq!(
        stage.azure_wrote_since(mark),
        ["PUT roleDefinitions", "PUT roleEligibilityScheduleRequests", "PUT roleDefinitions"]
    );
    assert!(stage.azure_roles(SUBSCRIPTION).is_empty());
    assert_eq!(stage.azure_roles(&dev)[0]["name"], id);
}
