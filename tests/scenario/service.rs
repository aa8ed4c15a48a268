//! The service as it is: slow, forgetful, and of two minds.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::stage::{START, Stage, tenant};
use crate::words::{OWN_ALL, active, eligible, permanent, settings};

const ROLE: &str = "Helpdesk Administrator";
const ALICE: &str = "[{user: alice@contoso.example}]";

fn waited(stage: &Stage) -> SignedDuration {
    rolewright::clock::Clock::now(&stage.clock).duration_since(START.parse().unwrap())
}

fn on(body: &str, effect: Value) -> Value {
    json!({"match": {"method": "POST", "path": "ScheduleRequests", "body": body}, "effect": effect})
}

#[test]
fn what_is_too_young_is_removed_once_it_is_old_enough() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.write("tenant.yaml", &tenant(OWN_ALL));
    stage.request("eligible", "adminAssign", ROLE, &alice, "/", permanent());
    stage.clock.advance(SignedDuration::from_mins(1));
    stage.apply();
    assert!(stage.schedule("eligible", &alice).is_none());
    let waited = waited(&stage);
    assert!(waited >= SignedDuration::from_mins(5) && waited < SignedDuration::from_mins(7), "{waited}");
}

#[test]
fn what_stays_too_young_is_pending_and_said_so() {
    let stage = Stage::with(|options| options.min_age = SignedDuration::from_mins(30));
    let (alice, bob) = (stage.user("alice"), stage.user("bob"));
    stage.write("tenant.yaml", &tenant(OWN_ALL));
    stage.request("eligible", "adminAssign", ROLE, &alice, "/", permanent());
    stage.write("b.yaml", &eligible("b", ROLE, "[{user: bob@contoso.example}]", "{permanent: true}"));
    stage.run(&["apply", "--yes"]).exits(4).says("younger than five minutes").says("alice");
    assert!(stage.schedule("eligible", &alice).is_some());
    assert!(stage.schedule("eligible", &bob).is_some(), "independent changes go on");
    assert!(waited(&stage) < SignedDuration::from_mins(10), "waits are bounded: {}", waited(&stage));
    stage.clock.advance(SignedDuration::from_mins(30));
    stage.apply();
    assert!(stage.schedule("eligible", &alice).is_none());
}

#[test]
fn a_new_role_its_settings_and_its_holders_converge_over_lagging_replicas() {
    let stage = Stage::with(|options| options.lag = SignedDuration::from_secs(10));
    let alice = stage.user("alice");
    stage.unit("EMEA Users");
    stage.clock.advance(SignedDuration::from_mins(1));
    let definition = "apiVersion: rolewright/v1\nkind: DirectoryRoleDefinition\nmetadata: {name: reader}\nspec:\n  \
        displayName: User Reader\n  description: Reads\n  permissions: [microsoft.directory/users/standard/read]\n  enabled: true\n";
    let unit =
        "---\napiVersion: rolewright/v1\nkind: Scope\nmetadata: {name: emea}\nspec: {administrativeUnit: EMEA Users}\n";
    stage.write("role.yaml", &format!("{definition}{unit}"));
    stage.write("s.yaml", &settings("s", "User Reader", "  activation: {maxDuration: PT2H}\n"));
    let grant = eligible("a", "User Reader", ALICE, "{duration: P30D, renewBefore: P7D}");
    stage.write("a.yaml", &format!("{grant}  scopes: [tenant, emea]\n"));
    stage.write("b.yaml", &active("b", "User Reader", ALICE, "{end: 2026-07-01T00:00:00Z}"));
    stage.apply();
    assert_eq!(stage.rows("roleEligibilitySchedules").iter().filter(|r| r["principalId"] == alice.as_str()).count(), 2);
    assert_eq!(stage.rules("User Reader")["Expiration_EndUser_Assignment"]["maximumDuration"], "PT2H");
    assert!(waited(&stage) < SignedDuration::from_mins(5), "{}", waited(&stage));
    // and back
    let own =
        "  ownership: [{directoryRoles: [User Reader], assignments: authoritative, roleDefinitions: authoritative}]\n";
    stage.write("tenant.yaml", &tenant(own));
    for file in ["role.yaml", "s.yaml", "a.yaml", "b.yaml"] {
        stage.erase(file);
    }
    stage.clock.advance(SignedDuration::from_mins(10));
    stage.apply();
    assert!(stage.rows("roleEligibilitySchedules").is_empty());
}

#[test]
fn a_custom_role_with_another_id_than_asked_converges() {
    let stage = Stage::with(|options| options.switches.distinct_template_ids = true);
    let alice = stage.user("alice");
    let definition = "apiVersion: rolewright/v1\nkind: DirectoryRoleDefinition\nmetadata: {name: reader}\nspec:\n  \
        displayName: User Reader\n  description: Reads\n  permissions: [microsoft.directory/users/standard/read]\n  enabled: true\n";
    stage.write("role.yaml", definition);
    stage.write("s.yaml", &settings("s", "User Reader", "  activation: {maxDuration: PT2H}\n"));
    stage.write("a.yaml", &eligible("a", "User Reader", ALICE, "{end: 2026-07-01T00:00:00Z}"));
    stage.apply();
    assert!(stage.schedule("eligible", &alice).is_some());
    assert_eq!(stage.rules("User Reader")["Expiration_EndUser_Assignment"]["maximumDuration"], "PT2H");
    stage.write("a.yaml", &eligible("a", "User Reader", ALICE, "{end: 2026-08-01T00:00:00Z}"));
    stage.write("s.yaml", &settings("s", "User Reader", "  activation: {maxDuration: PT4H}\n"));
    stage.apply();
    assert_eq!(stage.end("eligible", &alice), "2026-08-01T00:00:00Z");
}

#[test]
fn a_request_that_failed_is_tried_again() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.write("a.yaml", &eligible("a", ROLE, ALICE, "{permanent: true}"));
    let rule = json!({"match": {"method": "POST", "path": "ScheduleRequests", "to": 2}, "effect": {"request": {"status": "Failed"}}});
    stage.faults(json!([rule]));
    stage.apply();
    assert!(stage.schedule("eligible", &alice).is_some());
    assert_eq!(stage.requested("eligible").len(), 3);
}

#[test]
fn a_request_that_keeps_failing_is_reported() {
    let stage = Stage::new();
    stage.user("alice");
    stage.write("a.yaml", &eligible("a", ROLE, ALICE, "{permanent: true}"));
    stage.faults(json!([on("adminAssign", json!({"request": {"status": "Failed"}}))]));
    stage.run(&["apply", "--yes"]).exits(4).says("`Failed`");
    assert!(waited(&stage) < SignedDuration::from_mins(10), "{}", waited(&stage));
    stage.faults(json!([]));
    stage.apply();
}

#[test]
fn a_request_that_stays_granted_is_pending_and_said_so() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.write("a.yaml", &eligible("a", ROLE, ALICE, "{permanent: true}"));
    stage.faults(json!([on("adminAssign", json!({"request": {"status": "Granted"}}))]));
    stage.run(&["apply", "--yes"]).exits(4).says("`Granted`").says("Left to do").says("alice");
    assert!(stage.schedule("eligible", &alice).is_none());
    assert_eq!(stage.requested("eligible").len(), 1, "it was accepted: asking again would be another request");
    stage.run(&["drift"]).exits(2);
    stage.faults(json!([]));
    stage.apply();
}

#[test]
fn provisioning_takes_its_time() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.write("a.yaml", &eligible("a", ROLE, ALICE, "{permanent: true}"));
    stage.faults(json!([on("adminAssign", json!({"pendingProvisioning": {"seconds": 20}}))]));
    stage.apply();
    assert!(stage.schedule("eligible", &alice).is_some());
    assert_eq!(stage.requested("eligible"), ["adminAssign"]);
}

#[test]
fn a_removal_that_does_not_happen_is_reported() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.write("tenant.yaml", &tenant(OWN_ALL));
    stage.request("eligible", "adminAssign", ROLE, &alice, "/", permanent());
    stage.advance(1);
    stage.faults(json!([on("adminRemove", json!({"request": {"status": "Revoked"}}))]));
    stage.run(&["apply", "--yes"]).exits(4).says("still shows it");
    stage.faults(json!([]));
    stage.apply();
    assert!(stage.schedule("eligible", &alice).is_none());
}

#[test]
fn a_request_that_waits_for_a_decision_is_left_alone_and_said_so() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.group("sg-approvers", false);
    stage.write("tenant.yaml", &tenant(OWN_ALL));
    stage.write("s.yaml", &settings("s", ROLE, "  activation: {approval: {approvers: [{group: sg-approvers}]}}\n"));
    stage.write("a.yaml", &eligible("a", ROLE, ALICE, "{permanent: true}"));
    stage.apply();
    stage.activate("alice", &alice, ROLE, 4);
    stage.assert_converged();
    // the same person is to hold the role for good: the service decides one request at a time
    stage.write("b.yaml", &active("b", ROLE, ALICE, "{permanent: true}"));
    stage.run(&["apply", "--yes"]).exits(4).says("waits for a decision");
    let requests = stage.rows("roleAssignmentScheduleRequests");
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0]["status"], "PendingApproval");
    let id = requests[0]["id"].as_str().unwrap();
    stage.admin("POST", &format!("/roleManagement/directory/roleAssignmentScheduleRequests/{id}/cancel"), None);
    stage.apply();
    assert_eq!(stage.schedule("active", &alice).unwrap()["assignmentType"], "Assigned");
}
