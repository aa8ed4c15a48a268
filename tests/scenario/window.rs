//! When an assignment holds: changed in place, begun later, renewed, run out.

use jiff::{SignedDuration, Timestamp};

use crate::stage::{START, Stage, tenant};
use crate::words::{OWN_ALL, active, eligible, permanent, settings, until};

const ROLE: &str = "Helpdesk Administrator";
const ALICE: &str = "[{user: alice@contoso.example}]";
const ADDRESS: &str = "directory/eligible/Helpdesk Administrator@tenant/user:alice@contoso.example";

/// Returns a stage on which alice is eligible with `schedule`, applied; and her id.
fn with_alice(schedule: &str) -> (Stage, String) {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.write("tenant.yaml", &tenant(OWN_ALL));
    stage.write("a.yaml", &eligible("a", ROLE, ALICE, schedule));
    stage.apply();
    (stage, alice)
}

fn change(stage: &Stage, schedule: &str) {
    stage.write("a.yaml", &eligible("a", ROLE, ALICE, schedule));
}

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

/// Tells whether the printed instant is as far from now as asked, to the minute.
fn is_in(stage: &Stage, instant: &serde_json::Value, from_now: SignedDuration) -> bool {
    let instant: Timestamp = instant.as_str().unwrap().parse().unwrap();
    let off = instant.duration_since(rolewright::clock::Clock::now(&stage.clock) + from_now);
    off.abs() < SignedDuration::from_mins(1)
}

#[test]
fn an_end_is_moved_in_place() {
    let (stage, alice) = with_alice("{end: 2026-09-01T00:00:00Z}");
    for (end, is_drift) in [("2026-12-01T00:00:00Z", true), ("2026-08-01T00:00:00Z", true)] {
        stage.advance(1);
        change(&stage, &format!("{{end: {end}}}"));
        assert_eq!(stage.changes(), [format!("update {ADDRESS}")]);
        assert_eq!(stage.run(&["drift"]).code == 2, is_drift);
        stage.apply();
        assert_eq!(stage.end("eligible", &alice), end);
    }
    assert_eq!(stage.requested("eligible"), ["adminAssign", "adminUpdate", "adminUpdate"], "no removal, no gap");
    // minutes of difference are none: the service rounds
    change(&stage, "{end: 2026-08-01T00:04:00Z}");
    stage.assert_converged();
    // and back to the beginning
    change(&stage, "{end: 2026-09-01T00:00:00Z}");
    stage.apply();
}

#[test]
fn somebody_moved_an_end_by_hand() {
    let (stage, alice) = with_alice("{end: 2026-09-01T00:00:00Z}");
    stage.advance(1);
    stage.request("eligible", "adminUpdate", ROLE, &alice, "/", permanent());
    stage.run(&["drift"]).exits(2);
    let plan = stage.plan();
    assert_eq!(plan["changes"][0]["direction"], "narrows");
    stage.apply();
    assert_eq!(stage.end("eligible", &alice), "2026-09-01T00:00:00Z");
}

#[test]
fn permanent_becomes_bounded_and_permanent_again() {
    let (stage, alice) = with_alice("{permanent: true}");
    change(&stage, "{end: 2026-09-01T00:00:00Z}");
    assert_eq!(stage.plan()["changes"][0]["direction"], "narrows");
    stage.apply();
    assert_eq!(stage.end("eligible", &alice), "2026-09-01T00:00:00Z");
    change(&stage, "{permanent: true}");
    assert_eq!(stage.plan()["changes"][0]["direction"], "widens");
    stage.apply();
    assert_eq!(stage.end("eligible", &alice), serde_json::Value::Null);
    assert_eq!(stage.requested("eligible"), ["adminAssign", "adminUpdate", "adminUpdate"]);
}

#[test]
fn a_future_start_is_changed_and_then_cancelled_through_its_request() {
    let (stage, alice) = with_alice("{start: 2026-07-01T00:00:00Z, end: 2026-09-01T00:00:00Z}");
    let schedule = stage.schedule("eligible", &alice).unwrap();
    assert_eq!(schedule["scheduleInfo"]["startDateTime"], "2026-07-01T00:00:00Z");
    change(&stage, "{start: 2026-07-15T00:00:00Z, end: 2026-09-01T00:00:00Z}");
    assert_eq!(stage.changes(), [format!("update {ADDRESS}")]);
    stage.apply();
    let schedule = stage.schedule("eligible", &alice).unwrap();
    assert_eq!(schedule["scheduleInfo"]["startDateTime"], "2026-07-15T00:00:00Z");
    // undeclared, it is cancelled: the service removes nothing that has not begun
    stage.erase("a.yaml");
    let mark = stage.mark();
    stage.apply();
    let written = stage.written_since(mark);
    assert_eq!(written.len(), 1, "{written:?}");
    assert!(written[0].ends_with("/cancel"), "{written:?}");
    assert!(stage.schedule("eligible", &alice).is_none());
}

#[test]
fn a_future_start_whose_request_is_gone_is_removed() {
    let (stage, alice) = with_alice("{start: 2026-12-01T00:00:00Z, end: 2027-03-01T00:00:00Z}");
    stage.advance(24 * 60);
    stage.assert_converged();
    assert!(stage.requested("eligible").is_empty(), "the service forgot its requests");
    stage.erase("a.yaml");
    stage.apply();
    assert!(stage.schedule("eligible", &alice).is_none());
    assert_eq!(stage.requested("eligible"), ["adminRemove"]);
}

#[test]
fn a_future_start_that_is_wanted_now_begins_now() {
    let (stage, alice) = with_alice("{start: 2026-07-01T00:00:00Z, end: 2026-09-01T00:00:00Z}");
    change(&stage, "{end: 2026-09-01T00:00:00Z}");
    assert_eq!(stage.plan()["changes"][0]["direction"], "widens");
    stage.apply();
    assert_eq!(stage.schedule("eligible", &alice).unwrap()["status"], "Provisioned");
    // a start that has passed means now
    change(&stage, "{start: 2026-05-01T00:00:00Z, end: 2026-09-01T00:00:00Z}");
    stage.assert_converged();
    // what is in force although it should begin later is wider than written
    change(&stage, "{start: 2026-07-01T00:00:00Z, end: 2026-09-01T00:00:00Z}");
    assert_eq!(stage.changes(), [format!("update {ADDRESS}")]);
}

#[test]
fn a_future_start_arrives() {
    let (stage, alice) = with_alice("{start: 2026-07-01T00:00:00Z, end: 2026-09-01T00:00:00Z}");
    stage.advance(24 * 31);
    stage.assert_converged();
    assert_eq!(stage.schedule("eligible", &alice).unwrap()["status"], "Provisioned");
    stage.erase("a.yaml");
    stage.apply();
    assert_eq!(stage.requested("eligible"), ["adminAssign", "adminRemove"]);
}

#[test]
fn renewal_extends_in_place_and_only_inside_its_window() {
    let (stage, alice) = with_alice("{duration: P30D, renewBefore: P7D}");
    assert!(is_in(&stage, &stage.end("eligible", &alice), days(30)));
    stage.advance(24 * 23 - 1);
    stage.assert_converged();
    stage.advance(2);
    assert_eq!(stage.changes(), [format!("extend {ADDRESS}")]);
    stage.run(&["plan", "--detailed-exitcode"]).exits(2);
    stage.run(&["drift"]).exits(0).says("alice");
    stage.apply();
    assert!(is_in(&stage, &stage.end("eligible", &alice), days(30)));
    assert_eq!(stage.requested("eligible"), ["adminAssign", "adminExtend"]);
    // nobody ran for too long: it is granted anew
    stage.advance(24 * 31);
    assert!(stage.schedule("eligible", &alice).is_none());
    assert_eq!(stage.changes(), [format!("create {ADDRESS}")]);
    stage.run(&["drift"]).exits(2);
    stage.apply();
    // longer than written is narrowed
    stage.advance(1);
    stage.request("eligible", "adminUpdate", ROLE, &alice, "/", permanent());
    assert_eq!(stage.changes(), [format!("update {ADDRESS}")]);
    stage.run(&["drift"]).exits(2);
    stage.apply();
    assert!(is_in(&stage, &stage.end("eligible", &alice), days(30)));
}

#[test]
fn without_renewal_a_grant_runs_out_before_it_is_granted_anew() {
    let (stage, alice) = with_alice("{duration: P30D}");
    stage.advance(24 * 30 - 1);
    stage.assert_converged();
    stage.advance(1);
    assert!(stage.schedule("eligible", &alice).is_none());
    assert_eq!(stage.changes(), [format!("regrant {ADDRESS}")]);
    stage.apply();
    assert!(is_in(&stage, &stage.end("eligible", &alice), days(30)));
}

#[test]
fn an_active_assignment_is_renewed_too() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.write("a.yaml", &active("a", ROLE, ALICE, "{duration: P30D, renewBefore: P7D}"));
    stage.apply();
    stage.advance(24 * 24);
    stage.apply();
    assert_eq!(stage.requested("active"), ["adminAssign", "adminExtend"]);
    assert!(is_in(&stage, &stage.end("active", &alice), days(30)));
}

#[test]
fn an_end_in_the_past_is_a_warning_and_never_a_request() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.write("a.yaml", &eligible("a", ROLE, ALICE, "{end: 2026-05-01T00:00:00Z}"));
    stage.run(&["plan", "--detailed-exitcode"]).exits(0).says("expired").says("a.yaml:");
    assert_eq!(stage.notices(), [format!("expired {ADDRESS}")]);
    let mark = stage.mark();
    stage.apply();
    assert!(stage.written_since(mark).is_empty());
    // what is live and should have ended is nobody's business without ownership, and is removed with it
    stage.request("eligible", "adminAssign", ROLE, &alice, "/", until("2026-09-01T00:00:00Z"));
    stage.advance(1);
    stage.assert_converged();
    stage.write("tenant.yaml", &tenant(OWN_ALL));
    assert_eq!(stage.changes(), [format!("remove {ADDRESS}")]);
    stage.apply();
}

#[test]
fn an_assignment_ends_and_its_entry_lingers() {
    let (stage, alice) = with_alice("{end: 2026-06-02T00:00:00Z}");
    stage.advance(24);
    assert!(stage.schedule("eligible", &alice).is_none());
    let mark = stage.mark();
    stage.run(&["apply", "--yes"]).exits(0).says("expired");
    assert!(stage.written_since(mark).is_empty());
}

#[test]
fn purged_requests_change_nothing() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    let bob = stage.user("bob");
    stage.write("tenant.yaml", &tenant(OWN_ALL));
    stage.write("s.yaml", &settings("s", ROLE, "  activation: {maxDuration: PT2H}\n"));
    stage.write(
        "a.yaml",
        &eligible("a", ROLE, "[{user: alice@contoso.example}, {user: bob@contoso.example}]", "{permanent: true}"),
    );
    stage.write("b.yaml", &active("b", ROLE, "[{user: bob@contoso.example}]", "{end: 2027-01-01T00:00:00Z}"));
    stage.apply();
    stage.advance(24 * 60);
    assert!(stage.rows("roleEligibilityScheduleRequests").is_empty());
    assert!(stage.rows("roleAssignmentScheduleRequests").is_empty());
    stage.assert_converged();
    // and they can still be changed and removed
    stage.write("b.yaml", &active("b", ROLE, "[{user: bob@contoso.example}]", "{end: 2026-12-01T00:00:00Z}"));
    stage.apply();
    stage.erase("a.yaml");
    stage.erase("b.yaml");
    stage.apply();
    for (mode, id) in [("eligible", &alice), ("eligible", &bob), ("active", &bob)] {
        assert!(stage.schedule(mode, id).is_none());
    }
    assert!(START < "2026-06-02", "stories begin in June: the instants above follow from that");
}

#[test]
fn schedules_that_get_new_ids_or_print_durations_are_the_same_assignments() {
    let stage = Stage::with(|options| {
        options.switches.renewed_schedule_ids = true;
        options.switches.keeps_durations = true;
    });
    let alice = stage.user("alice");
    stage.write("tenant.yaml", &tenant(OWN_ALL));
    stage.write("a.yaml", &eligible("a", ROLE, ALICE, "{duration: P30D, renewBefore: P7D}"));
    stage.apply();
    let first = stage.schedule("eligible", &alice).unwrap();
    assert_eq!(first["scheduleInfo"]["expiration"]["type"], "afterDuration");
    stage.advance(24 * 24);
    assert_eq!(stage.changes(), [format!("extend {ADDRESS}")]);
    stage.apply();
    assert_ne!(stage.schedule("eligible", &alice).unwrap()["id"], first["id"]);
    change(&stage, "{end: 2026-12-01T00:00:00Z}");
    stage.apply();
    stage.erase("a.yaml");
    stage.advance(1);
    stage.apply();
    assert!(stage.schedule("eligible", &alice).is_none());
}

#[test]
fn what_runs_out_while_it_is_being_extended_is_renewed() {
    let (stage, alice) = with_alice("{duration: P1D, renewBefore: PT3H}");
    stage.clock.advance(SignedDuration::from_mins(24 * 60 - 1));
    assert_eq!(stage.changes(), [format!("extend {ADDRESS}")]);
    // one minute is left, and the service asks to come back in two
    let busy = serde_json::json!({ "answer": { "status": 429, "retryAfter": 120 } });
    let first = serde_json::json!({ "method": "POST", "path": "roleEligibilityScheduleRequests", "to": 1 });
    stage.faults(serde_json::json!([{ "match": first, "effect": busy }]));
    stage.apply();
    assert_eq!(stage.requested("eligible"), ["adminAssign", "adminRenew"]);
    assert!(is_in(&stage, &stage.end("eligible", &alice), days(1)));
}
