//! Writes that fail: lost answers, refusals, half-done runs.

use serde_json::json;

use crate::play;

/// What each kind of write is, by its path.
const WRITES: [&str; 5] = [
    "roleEligibilityScheduleRequests",
    "roleAssignmentScheduleRequests",
    "/v1.0/roleManagement/directory/roleDefinitions",
    "roleManagementPolicies",
    "/cancel",
];

#[test]
fn a_lost_answer_never_doubles_or_loses_a_write() {
    let reference = play::open(|_| {});
    reference.apply();
    let wanted = play::holdings(&reference);
    for path in WRITES {
        for method in ["POST", "PATCH"] {
            for effect in ["lostAnswer", "reset"] {
                let stage = play::open(|_| {});
                stage.faults(json!([{ "match": { "path": path, "method": method, "every": 2 }, "effect": effect }]));
                stage.run(&["apply", "--yes"]).exits(0);
                stage.faults(json!([]));
                stage.assert_converged();
                assert_eq!(play::holdings(&stage), wanted, "{method} {path} {effect}");
            }
        }
    }
}

#[test]
fn a_refused_change_fails_alone_its_dependents_are_skipped_and_the_next_run_converges() {
    let stage = play::open(|_| {});
    let refusal = json!({ "answer": { "status": 403, "code": "PermissionScopeNotGranted", "message": "not today" } });
    let making = json!({ "method": "POST", "path": "/v1.0/roleManagement/directory/roleDefinitions" });
    stage.faults(json!([{ "match": making, "effect": refusal }]));
    let run = stage.run(&["apply", "--yes"]).exits(4);
    run.says("not today").says("Key Reader");
    let names: Vec<String> =
        stage.rows("roleEligibilitySchedules").iter().map(|row| row["principalId"].to_string()).collect();
    assert!(!names.is_empty(), "independent changes went on");
    let plan = stage.run(&["plan", "--format", "json"]).exits(0).json();
    let left: Vec<&str> = plan["changes"].as_array().unwrap().iter().map(|c| c["address"].as_str().unwrap()).collect();
    assert!(left.iter().all(|address| address.contains("Key Reader")), "{left:?}");
    assert_eq!(left.len(), 4, "the role, its settings, its two assignments: {left:?}");
    stage.faults(json!([]));
    stage.apply();
}

#[test]
fn a_journal_that_cannot_be_written_stops_the_run_before_anything_is_sent() {
    let stage = play::open(|_| {});
    let before = play::holdings(&stage);
    let folder = stage.path().join("journal");
    std::fs::create_dir(&folder).unwrap();
    stage.run(&["apply", "--yes", "--journal", folder.to_str().unwrap()]).exits(1).says("journal");
    assert_eq!(play::holdings(&stage), before);
}

#[test]
fn the_journal_notes_every_write_before_and_after() {
    let stage = play::open(|_| {});
    let path = stage.path().join("journal.jsonl");
    let mark = stage.mark();
    stage.run(&["apply", "--yes", "--journal", path.to_str().unwrap()]).exits(0);
    let writes = stage
        .sent_since(mark)
        .into_iter()
        .filter(|e| e.method != "GET" && !e.path.contains("batch") && !e.path.ends_with("/token"))
        .count();
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let count = |event: &str| lines.iter().filter(|line| line["event"] == event).count();
    assert_eq!(count("sending"), writes);
    assert_eq!(count("answered"), writes);
    assert!(lines.iter().filter(|l| l["event"] == "answered").all(|l| l["requestId"].is_string()));
    assert!(!text.contains("Bearer") && !text.contains("eyJ"), "no token reaches the journal");
}
