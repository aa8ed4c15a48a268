//! Grants that are narrower than the tenant stay so.

use serde_json::json;

use crate::stage::{Stage, tenant};
use crate::words::{OWN_ALL, active, eligible, permanent};

const ROLE: &str = "Helpdesk Administrator";
const ALICE: &str = "[{user: alice@contoso.example}]";
const UNIT: &str =
    "---\napiVersion: rolewright/v1\nkind: Scope\nmetadata: {name: emea}\nspec: {administrativeUnit: EMEA Users}\n";
const ADDRESS: &str = "directory/eligible/Helpdesk Administrator@EMEA Users/user:alice@contoso.example";

fn in_unit(schedule: &str) -> String {
    format!("{}  scopes: [emea]\n", eligible("a", ROLE, ALICE, schedule))
}

/// Returns a stage with alice, a unit and a grant in it, not applied; and the ids of both.
fn with_unit() -> (Stage, String, String) {
    let stage = Stage::new();
    let (alice, unit) = (stage.user("alice"), stage.unit("EMEA Users"));
    stage.write("tenant.yaml", &tenant(OWN_ALL));
    stage.write("scope.yaml", UNIT);
    stage.write("a.yaml", &in_unit("{permanent: true}"));
    (stage, alice, unit)
}

#[test]
fn a_grant_in_a_unit_stays_in_its_unit() {
    let (stage, alice, unit) = with_unit();
    assert_eq!(stage.changes(), [format!("create {ADDRESS}")]);
    stage.apply();
    let scope = format!("/administrativeUnits/{unit}");
    assert_eq!(stage.schedule("eligible", &alice).unwrap()["directoryScopeId"], scope);
    // the same person, role and side at the tenant is another assignment
    stage.request("eligible", "adminAssign", ROLE, &alice, "/", permanent());
    stage.advance(1);
    assert_eq!(stage.changes(), ["remove directory/eligible/Helpdesk Administrator@tenant/user:alice@contoso.example"]);
    stage.apply();
    assert_eq!(stage.schedule("eligible", &alice).unwrap()["directoryScopeId"], scope);
    // an end is put on it where it is
    stage.write("a.yaml", &in_unit("{end: 2026-09-01T00:00:00Z}"));
    stage.apply();
    assert_eq!(stage.schedule("eligible", &alice).unwrap()["directoryScopeId"], scope);
    stage.erase("a.yaml");
    stage.advance(1);
    stage.apply();
    assert!(stage.schedule("eligible", &alice).is_none());
}

#[test]
fn a_grant_that_the_service_widens_is_revoked_and_the_run_fails() {
    // (min-age, whether the removal has to wait for it)
    for minutes in [0, 5] {
        let stage = Stage::with(|options| options.min_age = jiff::SignedDuration::from_mins(minutes));
        let (alice, _) = (stage.user("alice"), stage.unit("EMEA Users"));
        stage.write("scope.yaml", UNIT);
        stage.write("a.yaml", &in_unit("{permanent: true}"));
        let widen = json!([{"match": {"method": "POST", "path": "ScheduleRequests", "body": "adminAssign"}, "effect": "widen"}]);
        stage.faults(widen);
        let run = stage.run(&["apply", "--yes"]).exits(4);
        run.says("revoked").says("granted more than was asked for").never_says("REVOKE IT BY HAND");
        assert!(stage.schedule("eligible", &alice).is_none(), "nothing wider is left behind");
        let waited = rolewright::clock::Clock::now(&stage.clock).duration_since(crate::stage::START.parse().unwrap());
        assert_eq!(waited >= jiff::SignedDuration::from_mins(5), minutes == 5, "{waited}");
        // once the service behaves, the next run converges
        stage.faults(json!([]));
        stage.apply();
    }
}

#[test]
fn a_widened_grant_that_cannot_be_revoked_is_shouted_about() {
    let (stage, alice, _) = with_unit();
    let rule = |body: &str, effect: serde_json::Value| json!({"match": {"method": "POST", "path": "ScheduleRequests", "body": body}, "effect": effect});
    let refused = json!({"answer": {"status": 400, "code": "RoleAssignmentRequestPolicyValidationFailed"}});
    stage.faults(json!([rule("adminAssign", json!("widen")), rule("adminRemove", refused)]));
    stage.run(&["apply", "--yes"]).exits(4).says("REVOKE IT BY HAND");
    assert_eq!(stage.schedule("eligible", &alice).unwrap()["directoryScopeId"], "/");
}

#[test]
fn applications_are_scopes_too() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    let made = stage.admin("POST", "/applications", Some(json!({"displayName": "Payroll"})));
    let (app, app_id) = (made["id"].as_str().unwrap(), made["appId"].as_str().unwrap());
    let made = stage.admin("POST", "/servicePrincipals", Some(json!({"appId": app_id})));
    let enterprise = made["id"].as_str().unwrap();
    stage.write("tenant.yaml", &tenant(OWN_ALL));
    let scope = |name: &str, spec: &str| {
        format!("---\napiVersion: rolewright/v1\nkind: Scope\nmetadata: {{name: {name}}}\nspec: {spec}\n")
    };
    stage.write("scope.yaml", &scope("payroll", "{application: {displayName: Payroll}}"));
    stage
        .write("scope2.yaml", &scope("payroll-enterprise", &format!("{{enterpriseApplication: {{appId: {app_id}}}}}")));
    let grant = eligible("a", "Cloud Application Administrator", ALICE, "{end: 2026-09-01T00:00:00Z}");
    stage.write("a.yaml", &format!("{grant}  scopes: [payroll, payroll-enterprise]\n"));
    assert_eq!(stage.changes().len(), 2);
    let (mark, before) = (stage.mark(), rolewright::clock::Clock::now(&stage.clock));
    stage.apply();
    let waited = rolewright::clock::Clock::now(&stage.clock).duration_since(before);
    assert_eq!(waited, jiff::SignedDuration::from_secs(4), "each scope is seen twice, two seconds apart");
    let sent = stage.sent_since(mark);
    let looks =
        |path: String| sent.iter().filter(|e| e.method == "GET" && e.path == path && e.status == Some(200)).count();
    assert_eq!(looks(format!("/v1.0/applications/{app}")), 2);
    assert_eq!(looks(format!("/v1.0/servicePrincipals/{enterprise}")), 2);
    let mut scopes: Vec<String> = (stage.rows("roleEligibilitySchedules").iter())
        .filter(|row| row["principalId"] == alice.as_str())
        .map(|row| row["directoryScopeId"].as_str().unwrap().to_owned())
        .collect();
    scopes.sort();
    let mut wanted = [format!("/{app}"), format!("/{enterprise}")];
    wanted.sort();
    assert_eq!(scopes, wanted);
    stage.erase("a.yaml");
    stage.advance(1);
    stage.apply();
    assert!(stage.schedule("eligible", &alice).is_none());
}

#[test]
fn an_unknown_unit_is_an_error_with_its_line() {
    let (stage, _, _) = with_unit();
    stage.write("scope.yaml", &UNIT.replace("EMEA Users", "EMEA Usrs"));
    stage.run(&["plan"]).exits(1).says("unknown-administrative-unit").says("scope.yaml:5");
}

#[test]
fn a_service_principal_holds_an_active_assignment() {
    let stage = Stage::new();
    let made = stage.admin("POST", "/applications", Some(json!({"displayName": "CI Deployer"})));
    let made = stage.admin("POST", "/servicePrincipals", Some(json!({"appId": made["appId"]})));
    let id = made["id"].as_str().unwrap().to_owned();
    stage.write("tenant.yaml", &tenant(OWN_ALL));
    let grant = active("a", "Application Administrator", "[{servicePrincipal: CI Deployer}]", "{permanent: true}");
    stage.write("a.yaml", &grant.replace("purpose: other", "purpose: serviceIdentity"));
    assert_eq!(
        stage.changes(),
        ["create directory/active/Application Administrator@tenant/servicePrincipal:CI Deployer"]
    );
    stage.apply();
    stage.advance(1);
    stage.write("a.yaml", "");
    assert_eq!(
        stage.changes(),
        ["remove directory/active/Application Administrator@tenant/servicePrincipal:CI Deployer"]
    );
    stage.apply();
    assert!(stage.schedule("active", &id).is_none());
    // eligible it can never be, and nobody has to ask the tenant to know
    stage.write("a.yaml", &eligible("a", ROLE, "[{servicePrincipal: CI Deployer}]", "{permanent: true}"));
    let mark = stage.mark();
    stage.run(&["validate"]).exits(1).says("a.yaml:7");
    stage.run(&["plan"]).exits(1).says("a.yaml:7");
    assert!(stage.sent_since(mark).is_empty(), "refused offline");
}
