//! When an Azure assignment holds: granted, changed in place, begun later, renewed, run out, taken back.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::azure_words::{SUBSCRIPTION, active, eligible, owning, settings, until};
use crate::stage::Stage;

const ALICE: &str = "[{user: alice@contoso.example}]";
const ROLE: &str = "Reader";

fn address(mode: &str) -> String {
    format!("azure/{mode}/{ROLE}@{SUBSCRIPTION}/user:alice@contoso.example")
}

fn here() -> String {
    format!("[{SUBSCRIPTION}]")
}

fn declare(stage: &Stage, mode: &str, schedule: &str) {
    let words = if mode == "eligible" { eligible } else { active };
    stage.write("a.yaml", &words("a", ROLE, &here(), ALICE, schedule));
}

/// Returns a stage on which alice has an assignment with `schedule`, applied; and her id.
fn with_alice(mode: &str, schedule: &str) -> (Stage, String) {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.write("tenant.yaml", &owning(&[SUBSCRIPTION]));
    declare(&stage, mode, schedule);
    stage.apply();
    (stage, alice)
}

/// Lets a role be held for good at the subscription.
fn allow_permanent(stage: &Stage) {
    let body = "eligibleAssignment: {permanent: allowed}\nactiveAssignment: {permanent: allowed}";
    stage.write("s.yaml", &settings("s", ROLE, &here(), body));
}

/// Tells whether the printed instant is as far from now as asked, to the minute.
fn is_in(stage: &Stage, instant: &Value, from_now: SignedDuration) -> bool {
    let instant: Timestamp = instant.as_str().unwrap().parse().unwrap();
    let off = instant.duration_since(rolewright::clock::Clock::now(&stage.clock) + from_now);
    off.abs() < SignedDuration::from_mins(1)
}

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

#[test]
fn an_end_is_moved_in_place_in_both_modes() {
    for mode in ["eligible", "active"] {
        let (stage, alice) = with_alice(mode, "{end: 2026-08-01T00:00:00Z}");
        assert_eq!(stage.azure_end(mode, SUBSCRIPTION, &alice), "2026-08-01T00:00:00Z");
        for (end, direction) in [("2026-09-01T00:00:00Z", "widens"), ("2026-07-15T00:00:00Z", "narrows")] {
            stage.advance(1);
            declare(&stage, mode, &format!("{{end: {end}}}"));
            let plan = stage.plan();
            assert_eq!(plan["changes"][0]["direction"], direction);
            assert_eq!(stage.changes(), [format!("update {}", address(mode))]);
            stage.run(&["drift"]).exits(2);
            stage.apply();
            assert_eq!(stage.azure_end(mode, SUBSCRIPTION, &alice), end);
        }
        // never remove and create: there is no gap
        assert_eq!(stage.azure_requested(mode, SUBSCRIPTION), ["AdminAssign", "AdminUpdate", "AdminUpdate"]);
        stage.erase("a.yaml");
        assert_eq!(stage.changes(), [format!("remove {}", address(mode))]);
        stage.apply();
        assert!(stage.azure_schedule(mode, SUBSCRIPTION, &alice).is_none());
    }
}

#[test]
fn permanent_becomes_bounded_and_permanent_again() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    allow_permanent(&stage);
    declare(&stage, "eligible", "{permanent: true}");
    stage.apply();
    assert_eq!(stage.azure_end("eligible", SUBSCRIPTION, &alice), Value::Null);
    declare(&stage, "eligible", "{end: 2026-09-01T00:00:00Z}");
    assert_eq!(stage.plan()["changes"][0]["direction"], "narrows");
    stage.apply();
    declare(&stage, "eligible", "{permanent: true}");
    assert_eq!(stage.plan()["changes"][0]["direction"], "widens");
    stage.apply();
    declare(&stage, "eligible", "{duration: P30D, renewBefore: P7D}");
    assert_eq!(stage.plan()["changes"][0]["direction"], "narrows");
    stage.apply();
    assert!(is_in(&stage, &stage.azure_end("eligible", SUBSCRIPTION, &alice), days(30)));
    let sent = stage.azure_requested("eligible", SUBSCRIPTION);
    assert_eq!(sent, ["AdminAssign", "AdminUpdate", "AdminUpdate", "AdminUpdate"]);
}

#[test]
fn permanence_that_the_scope_forbids_is_an_error_at_its_line() {
    let stage = Stage::new();
    stage.user("alice");
    declare(&stage, "eligible", "{permanent: true}");
    let run = stage.run(&["plan"]).exits(1);
    run.says("Expiration_Admin_Eligibility").says("permanent assignments are forbidden").says("a.yaml:8");
    allow_permanent(&stage);
    stage.apply();
}

#[test]
fn a_future_start_is_changed_and_then_cancelled_through_its_request() {
    let (stage, alice) = with_alice("eligible", "{start: 2026-07-01T00:00:00Z, end: 2026-09-01T00:00:00Z}");
    let start =
        |stage: &Stage| stage.azure_schedule("eligible", SUBSCRIPTION, &alice).unwrap()["startDateTime"].clone();
    assert_eq!(start(&stage), "2026-07-01T00:00:00Z");
    declare(&stage, "eligible", "{start: 2026-07-15T00:00:00Z, end: 2026-09-01T00:00:00Z}");
    assert_eq!(stage.changes(), [format!("update {}", address("eligible"))]);
    stage.apply();
    assert_eq!(start(&stage), "2026-07-15T00:00:00Z");
    stage.erase("a.yaml");
    let mark = stage.mark();
    stage.apply();
    assert_eq!(stage.azure_wrote_since(mark), ["POST roleEligibilityScheduleRequests/cancel"]);
    assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &alice).is_none());
}

#[test]
fn a_future_start_whose_request_is_gone_is_removed() {
    let (stage, alice) = with_alice("eligible", "{start: 2026-12-01T00:00:00Z, end: 2027-03-01T00:00:00Z}");
    stage.advance(24 * 60);
    stage.assert_converged();
    assert!(stage.azure_requested("eligible", SUBSCRIPTION).is_empty(), "the service forgot its requests");
    stage.erase("a.yaml");
    stage.apply();
    assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &alice).is_none());
    assert_eq!(stage.azure_requested("eligible", SUBSCRIPTION), ["AdminRemove"]);
}

#[test]
fn a_future_start_arrives_or_is_wanted_now() {
    let (stage, alice) = with_alice("active", "{start: 2026-07-01T00:00:00Z, end: 2026-09-01T00:00:00Z}");
    assert!(
        stage
            .azure_rows(SUBSCRIPTION, "roleAssignmentScheduleInstances")
            .iter()
            .all(|row| row["properties"]["principalId"] != alice.as_str())
    );
    declare(&stage, "active", "{end: 2026-09-01T00:00:00Z}");
    assert_eq!(stage.plan()["changes"][0]["direction"], "widens");
    stage.apply();
    assert!(
        stage
            .azure_rows(SUBSCRIPTION, "roleAssignmentScheduleInstances")
            .iter()
            .any(|row| row["properties"]["principalId"] == alice.as_str())
    );
    declare(&stage, "active", "{start: 2026-05-01T00:00:00Z, end: 2026-09-01T00:00:00Z}");
    stage.assert_converged();
    let (stage, _) = with_alice("eligible", "{start: 2026-07-01T00:00:00Z, end: 2026-09-01T00:00:00Z}");
    stage.advance(24 * 31);
    stage.assert_converged();
    stage.erase("a.yaml");
    stage.apply();
    assert_eq!(stage.azure_requested("eligible", SUBSCRIPTION), ["AdminAssign", "AdminRemove"]);
}

#[test]
fn renewal_extends_in_place_and_only_inside_its_window() {
    for mode in ["eligible", "active"] {
        let (stage, alice) = with_alice(mode, "{duration: P30D, renewBefore: P7D}");
        assert!(is_in(&stage, &stage.azure_end(mode, SUBSCRIPTION, &alice), days(30)));
        stage.advance(24 * 23 - 1);
        stage.assert_converged();
        stage.advance(2);
        assert_eq!(stage.changes(), [format!("extend {}", address(mode))]);
        stage.run(&["plan", "--detailed-exitcode"]).exits(2);
        stage.run(&["drift"]).exits(0).says("alice");
        stage.apply();
        assert!(is_in(&stage, &stage.azure_end(mode, SUBSCRIPTION, &alice), days(30)));
        assert_eq!(stage.azure_requested(mode, SUBSCRIPTION), ["AdminAssign", "AdminExtend"]);
        // nobody ran for too long: it is granted anew
        stage.advance(24 * 31);
        assert!(stage.azure_schedule(mode, SUBSCRIPTION, &alice).is_none());
        assert_eq!(stage.changes(), [format!("create {}", address(mode))]);
        stage.run(&["drift"]).exits(2);
        stage.apply();
    }
}

#[test]
fn without_renewal_a_grant_runs_out_before_it_is_granted_anew() {
    let (stage, alice) = with_alice("eligible", "{duration: P30D}");
    stage.advance(24 * 30 - 1);
    stage.assert_converged();
    stage.advance(2);
    assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &alice).is_none());
    assert_eq!(stage.changes(), [format!("regrant {}", address("eligible"))]);
    stage.apply();
    assert!(is_in(&stage, &stage.azure_end("eligible", SUBSCRIPTION, &alice), days(30)));
}

#[test]
fn what_is_too_young_is_removed_once_it_is_old_enough() {
    for settling in [false, true] {
        let stage = Stage::with(|options| options.switches.settling_removals = settling);
        let alice = stage.user("alice");
        stage.write("tenant.yaml", &owning(&[SUBSCRIPTION]));
        stage.azure_request("eligible", "AdminAssign", ROLE, &alice, SUBSCRIPTION, until("2026-09-01T00:00:00Z"));
        // within its first 90 seconds the service says of what it lists that it does not exist
        stage.clock.advance(SignedDuration::from_secs(60));
        stage.apply();
        assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &alice).is_none(), "settling: {settling}");
    }
}

#[test]
fn an_eligible_assignment_never_satisfies_an_active_declaration_or_the_reverse() {
    let (stage, alice) = with_alice("eligible", "{end: 2026-09-01T00:00:00Z}");
    stage.advance(1);
    declare(&stage, "active", "{end: 2026-09-01T00:00:00Z}");
    let mut changes = stage.changes();
    changes.sort();
    assert_eq!(changes, [format!("create {}", address("active")), format!("remove {}", address("eligible"))]);
    let mark = stage.mark();
    stage.apply();
    // the holder keeps the one until the other is granted
    assert_eq!(
        stage.azure_wrote_since(mark),
        ["PUT roleAssignmentScheduleRequests", "PUT roleEligibilityScheduleRequests"]
    );
    assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &alice).is_none());
    assert!(stage.azure_schedule("active", SUBSCRIPTION, &alice).is_some());
}

#[test]
fn somebody_moved_an_end_by_hand() {
    let (stage, alice) = with_alice("eligible", "{end: 2026-09-01T00:00:00Z}");
    stage.advance(1);
    stage.azure_request("eligible", "AdminUpdate", ROLE, &alice, SUBSCRIPTION, until("2027-03-01T00:00:00Z"));
    assert_eq!(stage.plan()["changes"][0]["direction"], "narrows");
    stage.run(&["drift"]).exits(2);
    stage.apply();
    assert_eq!(stage.azure_end("eligible", SUBSCRIPTION, &alice), "2026-09-01T00:00:00Z");
}

#[test]
fn an_end_in_the_past_is_a_warning_and_never_a_request() {
    let stage = Stage::new();
    stage.user("alice");
    declare(&stage, "eligible", "{end: 2026-05-01T00:00:00Z}");
    stage.run(&["plan", "--detailed-exitcode"]).exits(0).says("expired").says("a.yaml:");
    let mark = stage.mark();
    stage.apply();
    assert!(stage.azure_written_since(mark).is_empty());
}

#[test]
fn justification_and_ticket_are_sent_and_a_demand_for_them_is_checked_before() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    let body = "eligibleAssignment: {require: [justification, ticket]}";
    stage.write("s.yaml", &settings("s", ROLE, &here(), body));
    declare(&stage, "eligible", "{end: 2026-09-01T00:00:00Z}");
    stage.run(&["plan"]).exits(1).says("demand a ticket").says("s.yaml:7");
    let more = "  ticket: {number: CHG-1234, system: ServiceNow}\n";
    stage.write("a.yaml", &(eligible("a", ROLE, &here(), ALICE, "{end: 2026-09-01T00:00:00Z}") + more));
    stage.apply();
    let request = &stage.azure_rows(SUBSCRIPTION, "roleEligibilityScheduleRequests")[0]["properties"];
    assert_eq!((&request["principalId"], &request["justification"]), (&json!(alice), &json!("story")));
    assert_eq!(request["ticketInfo"], json!({"ticketNumber": "CHG-1234", "ticketSystem": "ServiceNow"}));
}
