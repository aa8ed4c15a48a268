//! Conditions: sent, compared by meaning, and never lost in silence.

use serde_json::json;

use crate::azure_words::{SUBSCRIPTION, active, eligible, owning};
use crate::stage::Stage;

const ALICE: &str = "[{user: alice@contoso.example}]";
const ROLE: &str = "Storage Blob Data Reader";
const CONDITION: &str = "((!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'})) OR (@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'logs'))";

fn declare(stage: &Stage, condition: Option<&str>) {
    let more = condition.map(|text| format!("  condition: {}\n", json!(text))).unwrap_or_default();
    let text = eligible("a", ROLE, &format!("[{SUBSCRIPTION}]"), ALICE, "{end: 2026-09-01T00:00:00Z}");
    stage.write("a.yaml", &(text + &more));
}

fn live(stage: &Stage, alice: &str) -> serde_json::Value {
    stage.azure_schedule("eligible", SUBSCRIPTION, alice).unwrap()["condition"].clone()
}

#[test]
fn it_is_created_changed_and_taken_away_in_place() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.write("tenant.yaml", &owning(&[SUBSCRIPTION]));
    declare(&stage, Some(CONDITION));
    let plan = stage.plan();
    assert!(plan["changes"][0]["fields"].as_array().unwrap().iter().any(|field| field["path"] == "condition"));
    stage.apply();
    assert_eq!(live(&stage, &alice), CONDITION);

    let other = CONDITION.replace("'logs'", "'reports'");
    declare(&stage, Some(&other));
    assert!(stage.changes()[0].starts_with("update azure/eligible/"), "{:?}", stage.changes());
    stage.run(&["drift"]).exits(2);
    stage.apply();
    assert_eq!(live(&stage, &alice), other.as_str());

    declare(&stage, None);
    assert_eq!(stage.plan()["changes"][0]["direction"], "widens", "without a condition it gives more");
    stage.apply();
    assert!(live(&stage, &alice).as_str().is_none_or(str::is_empty));
    declare(&stage, Some(CONDITION));
    assert_eq!(stage.plan()["changes"][0]["direction"], "narrows");
    stage.apply();
    assert_eq!(
        stage.azure_requested("eligible", SUBSCRIPTION),
        ["AdminAssign", "AdminUpdate", "AdminUpdate", "AdminUpdate"]
    );
}

#[test]
fn white_space_and_case_of_words_are_no_change() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    declare(&stage, Some(CONDITION));
    stage.apply();
    let spread = CONDITION.replace(" OR ", "\n  OR\n  ").replace(" StringEquals ", "  stringEquals  ");
    declare(&stage, Some(&spread));
    stage.assert_converged();
    // an end moves with it: the text is sent as declared, and is still no change afterwards
    let text = eligible("a", ROLE, &format!("[{SUBSCRIPTION}]"), ALICE, "{end: 2026-08-01T00:00:00Z}");
    stage.write("a.yaml", &format!("{text}  condition: {}\n", json!(spread)));
    assert_eq!(stage.plan()["changes"][0]["fields"].as_array().unwrap().len(), 1);
    stage.apply();
    assert_eq!(stage.azure_end("eligible", SUBSCRIPTION, &alice), "2026-08-01T00:00:00Z");
}

#[test]
fn an_invented_function_is_an_error_at_its_line() {
    let stage = Stage::new();
    stage.user("alice");
    declare(&stage, Some("@pimApprovalRequired(true) && @pimActivationDuration(12h)"));
    stage.run(&["validate"]).exits(1).says("a.yaml:11");
}

#[test]
fn a_condition_that_the_service_drops_is_revoked_and_a_failure() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.faults(json!([{"match": {"method": "PUT", "body": "AdminAssign"}, "effect": "dropCondition"}]));
    declare(&stage, Some(CONDITION));
    let run = stage.run(&["apply", "--yes"]).exits(4);
    run.says("without the condition that was asked for").says("it was revoked at once");
    assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &alice).is_none());
}

#[test]
fn a_classic_assignment_keeps_its_condition() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.azure_assign_plainly(ROLE, &alice, SUBSCRIPTION, Some(CONDITION));
    let body = "activeAssignment: {permanent: allowed}";
    stage.write("s.yaml", &crate::azure_words::settings("s", ROLE, &format!("[{SUBSCRIPTION}]"), body));
    stage.write("tenant.yaml", &owning(&[SUBSCRIPTION]));
    let text = active("a", ROLE, &format!("[{SUBSCRIPTION}]"), ALICE, "{permanent: true}");
    stage.write("a.yaml", &format!("{text}  condition: {}\n", json!(CONDITION)));
    stage.apply();
    let mark = stage.mark();
    stage.apply();
    assert!(stage.azure_written_since(mark).is_empty(), "as declared, it is taken over as it is");
}
