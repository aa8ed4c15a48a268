//! Reads that fail: refused, throttled, broken, stale. What could not be read is never taken for absent.

use serde_json::{Value, json};

use crate::play;

/// Every list of a plan, with a word of its path.
const LISTS: [&str; 6] = [
    "/roleManagement/directory/roleDefinitions",
    "/policies/roleManagementPolicyAssignments",
    "/roleManagement/directory/roleAssignments",
    "/roleManagement/directory/roleAssignmentSchedules",
    "/roleManagement/directory/roleAssignmentScheduleInstances",
    "/roleManagement/directory/roleEligibilitySchedules",
];

fn answer(path: &str, status: u16, code: &str) -> Value {
    json!([{ "match": { "path": format!("/v1.0{path}") }, "effect": { "answer": { "status": status, "code": code } } }])
}

#[test]
fn a_refused_list_makes_the_plan_incomplete_and_removes_nothing_there() {
    for list in LISTS {
        for (status, code) in [(403, "PermissionScopeNotGranted"), (503, "ServiceUnavailable"), (500, "")] {
            let stage = play::open(|_| {});
            stage.faults(answer(list, status, code));
            let run = stage.run(&["plan", "--format", "json", "--timeout", "20"]);
            if list.ends_with("roleDefinitions") {
                // names of roles cannot be resolved: nothing can be planned, and the reason is not "unknown role"
                run.exits(1).says(&status.to_string()).never_says("did you mean");
                continue;
            }
            let run = run.exits(1);
            let plan = run.json();
            assert_eq!(plan["complete"], false, "{list}");
            assert!(plan["unreadable"][0]["why"].as_str().unwrap().contains(&status.to_string()), "{list}: {plan}");
            let is_active_gone = list.contains("ssignment") && !list.contains("Policy");
            for change in plan["changes"].as_array().unwrap() {
                let address = change["address"].as_str().unwrap();
                let is_removal = change["action"] == "remove";
                assert!(!(is_removal && is_active_gone && address.contains("/active/")), "{list}: {address}");
                assert!(
                    !(is_removal && list.contains("Eligibility") && address.contains("/eligible/")),
                    "{list}: {address}"
                );
                if list.contains("Eligibility") {
                    assert!(!address.contains("/eligible/"), "{list}: granted what may be there: {address}");
                }
            }
            // drift and apply do not go on either; asked to, the plan is shown as a success
            stage.run(&["drift", "--timeout", "20"]).exits(1);
            let mark = stage.mark();
            stage.run(&["apply", "--yes", "--timeout", "20"]).exits(1);
            let writes = |e: &&rolewright::sandbox::Entry| {
                e.method != "GET" && !e.path.contains("batch") && !e.path.contains("token")
            };
            assert_eq!(stage.sent_since(mark).iter().filter(writes).count(), 0, "{list}");
            stage.run(&["plan", "--allow-incomplete", "--timeout", "20"]).exits(0);
        }
    }
}

#[test]
fn an_empty_page_with_a_next_link_and_small_pages_are_read_whole() {
    let whole = play::open(|_| {}).plan();
    let paged = play::open(|options| {
        options.page_size = Some(1);
        options.empty_pages = true;
    });
    assert_eq!(paged.plan()["changes"], whole["changes"]);
}

#[test]
fn a_storm_of_429_is_waited_out() {
    let stage = play::open(|_| {});
    let storm = json!({ "answer": { "status": 429, "retryAfter": 7 } });
    // first nothing gets through, then two of three; one request alone never meets more than its patience
    let (first, then) = (json!({ "path": "/v1.0/", "to": 8 }), json!({ "path": "/v1.0/", "from": 9, "every": 3 }));
    stage.faults(json!([{ "match": first, "effect": storm }, { "match": then, "effect": storm }]));
    stage.apply();
}

#[test]
fn a_token_that_expires_during_the_run_is_renewed() {
    // tokens live for two minutes and every request takes one: several are needed for one apply
    let stage = play::open(|options| {
        options.token_lifetime = jiff::SignedDuration::from_mins(10);
        options.latency = jiff::SignedDuration::from_mins(1);
    });
    let mark = stage.mark();
    stage.run(&["apply", "--yes"]).exits(0);
    let tokens = stage.sent_since(mark).iter().filter(|entry| entry.path.ends_with("/token")).count();
    assert!(tokens > 1, "{tokens} token(s)");
    stage.running().set_faults(Vec::new());
}

#[test]
fn a_rejected_token_is_fetched_anew_once() {
    let stage = play::open(|_| {});
    stage
        .faults(json!([{ "match": { "path": "/v1.0/roleManagement", "from": 2, "to": 2 }, "effect": "invalidToken" }]));
    stage.apply();
}

#[test]
fn stale_reads_after_writes_are_waited_for() {
    let stage = play::open(|options| options.lag = jiff::SignedDuration::from_secs(10));
    stage.clock.advance(jiff::SignedDuration::from_mins(1));
    stage.run(&["apply", "--yes"]).exits(0);
    stage.clock.advance(jiff::SignedDuration::from_mins(1));
    stage.assert_converged();
}
