//! Azure Resource Manager as it is: slow, forgetful, and now and then silent.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::azure_words::{ROOT_GROUP, SUBSCRIPTION, active, eligible, owning, role, settings, until};
use crate::stage::{START, Stage};

const ROLE: &str = "Reader";
const ALICE: &str = "[{user: alice@contoso.example}]";

fn here() -> String {
    format!("[{SUBSCRIPTION}]")
}

fn with_alice() -> (Stage, String) {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.write("a.yaml", &eligible("a", ROLE, &here(), ALICE, "{end: 2026-09-01T00:00:00Z}"));
    (stage, alice)
}

fn waited(stage: &Stage) -> SignedDuration {
    rolewright::clock::Clock::now(&stage.clock).duration_since(START.parse().unwrap())
}

fn on(body: &str, to: Option<u32>, effect: Value) -> Value {
    json!([{"match": {"method": "PUT", "path": "ScheduleRequests", "body": body, "to": to}, "effect": effect}])
}

fn refusal(code: &str) -> Value {
    json!({"answer": {"status": 400, "code": code, "message": "The service says so."}})
}

#[test]
fn a_request_whose_answer_was_lost_grants_once() {
    for effect in
        [json!("lostAnswer"), json!("reset"), json!({"answer": {"status": 503, "code": "ServiceUnavailable"}})]
    {
        let (stage, alice) = with_alice();
        stage.faults(on("AdminAssign", Some(1), effect.clone()));
        let mark = stage.mark();
        stage.apply();
        assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &alice).is_some());
        assert_eq!(stage.azure_requested("eligible", SUBSCRIPTION), ["AdminAssign"], "{effect}");
        // whatever was sent again had the same name
        let mut written = stage.azure_written_since(mark);
        written.dedup();
        assert_eq!(written.len(), 1, "{written:?}");
    }
}

#[test]
fn a_removal_whose_answer_was_lost_is_done() {
    let (stage, alice) = with_alice();
    stage.write("tenant.yaml", &owning(&[SUBSCRIPTION]));
    stage.apply();
    stage.advance(1);
    stage.erase("a.yaml");
    stage.faults(on("AdminRemove", Some(1), json!("lostAnswer")));
    stage.apply();
    assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &alice).is_none());
    assert_eq!(stage.azure_requested("eligible", SUBSCRIPTION), ["AdminAssign", "AdminRemove"]);
}

#[test]
fn a_principal_that_is_not_known_everywhere_is_waited_for_and_one_that_never_is_fails() {
    for code in ["SubjectNotFound", "PrincipalNotFound"] {
        let (stage, alice) = with_alice();
        stage.faults(on("AdminAssign", Some(3), refusal(code)));
        stage.apply();
        assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &alice).is_some());
        assert!(waited(&stage) < SignedDuration::from_mins(2), "{}", waited(&stage));
    }
    let (stage, alice) = with_alice();
    stage.faults(on("AdminAssign", None, refusal("PrincipalNotFound")));
    stage.run(&["apply", "--yes"]).exits(4).says("PrincipalNotFound").says("a.yaml:8");
    assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &alice).is_none());
    assert!(waited(&stage) < SignedDuration::from_mins(10), "waits are bounded: {}", waited(&stage));
}

#[test]
fn a_new_role_its_settings_and_its_holders_converge_over_lagging_replicas() {
    let stage = Stage::with(|options| options.lag = SignedDuration::from_secs(10));
    let alice = stage.user("alice");
    let net = stage.resource_group(SUBSCRIPTION, "rg-net");
    stage.clock.advance(SignedDuration::from_mins(1));
    let places = format!("[{SUBSCRIPTION}, '{net}']");
    let actions = "{actions: [Microsoft.Compute/virtualMachines/start/action]}";
    stage.write("role.yaml", &role("vm", "VM Starter", actions, &here(), ""));
    stage.write("s.yaml", &settings("s", "VM Starter", &places, "activation: {maxDuration: PT2H}"));
    stage.write("a.yaml", &eligible("a", "VM Starter", &places, ALICE, "{duration: P30D, renewBefore: P7D}"));
    stage.write("b.yaml", &active("b", "VM Starter", &here(), ALICE, "{end: 2026-07-01T00:00:00Z}"));
    stage.apply();
    stage.clock.advance(SignedDuration::from_mins(1));
    for scope in [SUBSCRIPTION, &net] {
        assert!(stage.azure_schedule("eligible", scope, &alice).is_some());
        let rules = stage.azure_rules(scope, "VM Starter");
        assert_eq!(rules["Expiration_EndUser_Assignment"]["maximumDuration"], "PT2H");
    }
    // and back
    stage.write("tenant.yaml", &owning(&[SUBSCRIPTION]));
    for file in ["role.yaml", "s.yaml", "a.yaml", "b.yaml"] {
        stage.erase(file);
    }
    stage.clock.advance(SignedDuration::from_mins(10));
    stage.apply();
    stage.clock.advance(SignedDuration::from_mins(1));
    assert!(stage.azure_roles(SUBSCRIPTION).is_empty());
}

#[test]
fn a_201_is_not_success() {
    let (stage, alice) = with_alice();
    stage.faults(on("AdminAssign", Some(2), json!({"request": {"status": "Failed"}})));
    stage.apply();
    assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &alice).is_some());

    let (stage, _) = with_alice();
    stage.faults(on("AdminAssign", None, json!({"request": {"status": "Failed"}})));
    stage.run(&["apply", "--yes"]).exits(4).says("`Failed`");

    let (stage, _) = with_alice();
    stage.faults(on("AdminAssign", None, json!({"request": {"status": "Granted"}})));
    stage.run(&["apply", "--yes"]).exits(4).says("`Granted`").says("Left to do");
    assert_eq!(stage.azure_requested("eligible", SUBSCRIPTION).len(), 1, "accepted: asking again would be another");

    let (stage, alice) = with_alice();
    stage.faults(on("AdminAssign", None, json!({"pendingProvisioning": {"seconds": 20}})));
    stage.apply();
    assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &alice).is_some());
}

#[test]
fn a_removal_that_does_not_happen_is_reported() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.write("tenant.yaml", &owning(&[SUBSCRIPTION]));
    stage.azure_request("eligible", "AdminAssign", ROLE, &alice, SUBSCRIPTION, until("2026-09-01T00:00:00Z"));
    stage.advance(1);
    stage.faults(on("AdminRemove", None, json!({"request": {"status": "Revoked"}})));
    stage.run(&["apply", "--yes"]).exits(4).says("still shows it");
    stage.faults(on("AdminRemove", None, refusal("RoleAssignmentDoesNotExist")));
    stage.run(&["apply", "--yes"]).exits(4).says("does not exist, but still shows it");
    assert!(waited(&stage) < SignedDuration::from_mins(70), "waits are bounded: {}", waited(&stage));
    stage.faults(json!([]));
    stage.apply();
}

#[test]
fn what_stays_too_young_is_pending_and_said_so() {
    let stage = Stage::with(|options| options.min_age = SignedDuration::from_mins(30));
    let (alice, bob) = (stage.user("alice"), stage.user("bob"));
    stage.write("tenant.yaml", &owning(&[SUBSCRIPTION]));
    stage.azure_request("eligible", "AdminAssign", ROLE, &alice, SUBSCRIPTION, until("2026-09-01T00:00:00Z"));
    stage.write("b.yaml", &eligible("b", ROLE, &here(), "[{user: bob@contoso.example}]", "{duration: P30D}"));
    stage.run(&["apply", "--yes"]).exits(4).says("younger than five minutes").says("alice");
    assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &alice).is_some());
    assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &bob).is_some(), "independent changes go on");
    stage.clock.advance(SignedDuration::from_mins(30));
    stage.apply();
}

#[test]
fn a_grant_at_a_broader_scope_is_revoked_there_and_a_failure() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    let net = stage.resource_group(SUBSCRIPTION, "rg-net");
    stage.write("a.yaml", &eligible("a", ROLE, &format!("['{net}']"), ALICE, "{end: 2026-09-01T00:00:00Z}"));
    stage.faults(on("AdminAssign", Some(1), json!("widen")));
    let run = stage.run(&["apply", "--yes"]).exits(4);
    run.says("another role or scope than asked for").says("it was revoked at once");
    for scope in [SUBSCRIPTION, &net, ROOT_GROUP] {
        assert!(stage.azure_schedule("eligible", scope, &alice).is_none(), "{scope}");
    }
    stage.faults(json!([]));
    stage.apply();
}

#[test]
fn a_request_that_waits_for_a_decision_is_left_alone_and_said_so() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.group("sg-approvers", false);
    let body = "activation: {approval: {approvers: [{group: sg-approvers}]}}";
    stage.write("s.yaml", &settings("s", ROLE, &here(), body));
    stage.write("a.yaml", &eligible("a", ROLE, &here(), ALICE, "{end: 2026-09-01T00:00:00Z}"));
    stage.write("tenant.yaml", &owning(&[SUBSCRIPTION]));
    stage.apply();
    stage.azure_activate("alice", &alice, ROLE, SUBSCRIPTION, 4);
    stage.assert_converged();
    stage.write("b.yaml", &active("b", ROLE, &here(), ALICE, "{end: 2026-07-01T00:00:00Z}"));
    stage.run(&["apply", "--yes"]).exits(4).says("waits for a decision");
    let requests = stage.azure_rows(SUBSCRIPTION, "roleAssignmentScheduleRequests");
    assert_eq!((requests.len(), &requests[0]["properties"]["status"]), (1, &json!("PendingApproval")));
}

#[test]
fn bodies_that_are_no_arm_errors_and_throttling_are_survived() {
    let (stage, alice) = with_alice();
    stage.faults(on(
        "AdminAssign",
        Some(2),
        json!({"answer": {"status": 429, "code": "TooManyRequests", "retryAfter": 7}}),
    ));
    stage.apply();
    assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &alice).is_some());
    assert!(waited(&stage) >= SignedDuration::from_secs(14), "{}", waited(&stage));
    for text in ["\"Not implemented exception\"", "{\"message\":\"no\"}", "", "<html>gateway</html>"] {
        let (stage, _) = with_alice();
        stage.faults(on("AdminAssign", None, json!({"answer": {"status": 400, "text": text}})));
        stage.run(&["apply", "--yes"]).exits(4).says("a.yaml:").says("400");
    }
}
