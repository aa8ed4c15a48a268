//! PIM for Groups as it is: slow, of two minds, and shared with others.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::group_words::{active, eligible, owning};
use crate::meddling::meddled;
use crate::stage::{START, Stage};
use crate::words::until;

const END: &str = "{end: 2026-08-01T00:00:00Z}";
const ALICE: &str = "[{user: alice@contoso.example}]";
const LATER: &str = "2026-08-01T00:00:00Z";

fn on(body: &str, effect: Value) -> Value {
    json!([{"match": {"method": "POST", "path": "ScheduleRequests", "body": body}, "effect": effect}])
}

/// Alice is to become an eligible member.
fn granting() -> (Stage, String, String) {
    let stage = Stage::new();
    let (alice, group) = (stage.user("alice"), stage.group("sg-pim-ops", false));
    stage.write("tenant.yaml", &owning("['sg-pim-*']"));
    stage.write("a.yaml", &eligible("a", "sg-pim-ops:member", ALICE, END));
    (stage, alice, group)
}

fn waited(stage: &Stage) -> SignedDuration {
    rolewright::clock::Clock::now(&stage.clock).duration_since(START.parse().unwrap())
}

#[test]
fn an_answer_that_is_lost_is_looked_for_and_never_asked_twice() {
    let (stage, alice, group) = granting();
    stage.faults(on("adminAssign", json!("lostAnswer")));
    stage.run(&["apply", "--yes"]).exits(0);
    assert!(stage.group_schedule("eligible", (&group, "member"), &alice).is_some());
    assert_eq!(stage.requested_in("eligible", &group), ["adminAssign"]);
    stage.advance(1);
    stage.erase("a.yaml");
    stage.faults(on("adminRemove", json!("lostAnswer")));
    stage.run(&["apply", "--yes"]).exits(0);
    stage.faults(json!([]));
    stage.assert_converged();
    assert_eq!(stage.requested_in("eligible", &group), ["adminAssign", "adminRemove"]);
}

#[test]
fn an_outage_is_waited_for_and_a_lasting_one_reported() {
    let (stage, alice, group) = granting();
    let outage = json!({"answer": {"status": 503, "code": "ServiceUnavailable"}});
    let first = json!({"method": "POST", "path": "ScheduleRequests", "to": 2});
    stage.faults(json!([{"match": first, "effect": outage.clone()}]));
    stage.apply();
    assert!(stage.group_schedule("eligible", (&group, "member"), &alice).is_some());
    stage.write("a.yaml", &eligible("a", "sg-pim-ops:member", ALICE, "{end: 2026-09-01T00:00:00Z}"));
    stage.faults(on("adminUpdate", outage));
    stage.run(&["apply", "--yes"]).exits(4).says("it is unknown whether POST").says("a.yaml:");
    stage.faults(json!([]));
    stage.apply();
}

#[test]
fn provisioning_takes_its_time_and_what_stays_granted_is_pending() {
    let (stage, alice, group) = granting();
    stage.faults(on("adminAssign", json!({"request": {"status": "Granted"}})));
    stage.run(&["apply", "--yes"]).exits(4).says("`Granted`").says("Left to do").says("alice");
    assert!(stage.group_schedule("eligible", (&group, "member"), &alice).is_none());
    assert_eq!(
        stage.requested_in("eligible", &group).len(),
        1,
        "it was accepted: asking again would be another request"
    );
    assert!(waited(&stage) < SignedDuration::from_mins(10), "{}", waited(&stage));
    stage.faults(on("adminAssign", json!({"pendingProvisioning": {"seconds": 20}})));
    stage.apply();
    assert!(stage.group_schedule("eligible", (&group, "member"), &alice).is_some());
}

#[test]
fn a_removal_that_does_not_happen_is_reported() {
    let (stage, alice, group) = granting();
    stage.apply();
    stage.advance(1);
    stage.erase("a.yaml");
    stage.faults(on("adminRemove", json!({"request": {"status": "Revoked"}})));
    stage.run(&["apply", "--yes"]).exits(4).says("still shows it");
    stage.faults(json!([]));
    stage.apply();
    assert!(stage.group_schedule("eligible", (&group, "member"), &alice).is_none());
}

#[test]
fn what_others_did_meanwhile_is_no_failure() {
    // granted by somebody else, with another end
    let (stage, meddler) = meddled(|_| {});
    let (alice, group) = (stage.user("alice"), stage.group("sg-pim-ops", false));
    stage.write("tenant.yaml", &owning("['sg-pim-*']"));
    stage.write("a.yaml", &active("a", "sg-pim-ops:member", ALICE, END));
    let (who, at) = (alice.clone(), group.clone());
    let is_token_or_list = |entry: &rolewright::sandbox::Entry| entry.path.ends_with("/group/assignmentSchedules");
    meddler.after(is_token_or_list, move |stage| {
        stage.in_group("active", "adminAssign", (&at, "member"), &who, until("2026-07-01T00:00:00Z"));
    });
    stage.apply();
    assert!(meddler.is_done());
    assert_eq!(stage.group_end("active", (&group, "member"), &alice), LATER);
    assert_eq!(stage.requested_in("active", &group), ["adminAssign", "adminUpdate"]);

    // taken away by somebody else, where the plan is to take it away, and where it is to change
    for (manifest, is_there) in
        [(None, false), (Some(active("a", "sg-pim-ops:member", ALICE, "{end: 2026-09-01T00:00:00Z}")), true)]
    {
        stage.write("a.yaml", &active("a", "sg-pim-ops:member", ALICE, END));
        stage.apply();
        stage.advance(1);
        stage.erase("a.yaml");
        if let Some(manifest) = &manifest {
            stage.write("a.yaml", manifest);
        }
        let (who, at) = (alice.clone(), group.clone());
        let is_list = |entry: &rolewright::sandbox::Entry| entry.path.ends_with("/group/assignmentSchedules");
        meddler.after(is_list, move |stage| stage.unlink((&at, "member"), &who));
        stage.apply();
        assert!(meddler.is_done());
        assert_eq!(stage.linked((&group, "member")).contains(&alice), is_there);
        stage.write("a.yaml", &active("a", "sg-pim-ops:member", ALICE, END));
    }
}

#[test]
fn a_service_that_grants_more_than_was_asked_is_taken_at_its_word_and_undone() {
    for mode in ["eligible", "active"] {
        let (stage, alice, group) = granting();
        let words = if mode == "eligible" { eligible } else { active };
        stage.write("a.yaml", &words("a", "sg-pim-ops:member", ALICE, END));
        stage.faults(on("adminAssign", json!("widen")));
        let run = stage.run(&["apply", "--yes"]).exits(4);
        assert!(run.stdout.contains("alice"), "{}", run.stdout);
        assert!(stage.group_schedule(mode, (&group, "owner"), &alice).is_none(), "{}", run.stdout);
        stage.faults(json!([]));
        stage.apply();
        assert!(stage.group_schedule(mode, (&group, "member"), &alice).is_some());
    }
}

#[test]
fn a_request_of_a_person_that_waits_for_a_decision_is_left_alone() {
    let (stage, alice, group) = granting();
    stage.group("sg-approvers", false);
    let approval = "activation: {approval: {approvers: [{group: sg-approvers}]}}";
    stage.write("s.yaml", &crate::group_words::settings("s", "sg-pim-ops:member", approval));
    stage.apply();
    let asked = stage.activate_in_group("alice", &alice, (&group, "member"), 2);
    assert_eq!(asked["status"], "PendingApproval");
    stage.assert_converged();
    stage.write("b.yaml", &active("b", "sg-pim-ops:member", ALICE, END));
    stage.run(&["apply", "--yes"]).exits(4).says("waits for a decision").says("b.yaml:");
    let path = format!(
        "/identityGovernance/privilegedAccess/group/assignmentScheduleRequests/{}/cancel",
        asked["id"].as_str().unwrap()
    );
    stage.admin("POST", &path, None);
    stage.apply();
    assert!(stage.group_schedule("active", (&group, "member"), &alice).is_some());
}
