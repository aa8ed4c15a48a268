//! Approval of activations: who approves, the service's own approvers, nobody; and its details.

use serde_json::{Value, json};

use crate::manifest::settings;
use crate::stage::Stage;

const ROLE: &str = "Helpdesk Administrator";
const RULE: &str = "Approval_EndUser_Assignment";

fn declare(stage: &Stage, approval: &str) {
    stage.write("settings.yaml", &settings(ROLE, &format!("activation: {{approval: {approval}}}")));
}

/// Returns whether approval is required, from whom, both justifications, and the days.
fn live(stage: &Stage) -> Value {
    let setting = stage.rules(ROLE)[RULE]["setting"].clone();
    let step = &setting["approvalStages"][0];
    let approvers = step["primaryApprovers"].as_array().unwrap();
    let mut ids: Vec<&Value> = approvers.iter().map(|a| a.get("userId").unwrap_or(&a["groupId"])).collect();
    ids.sort_by_key(|id| id.to_string());
    json!([
        setting["isApprovalRequired"],
        ids,
        setting["isRequestorJustificationRequired"],
        step["isApproverJustificationRequired"],
        step["approvalStageTimeOutInDays"]
    ])
}

#[test]
fn approvers_fallback_and_none() {
    let stage = Stage::new();
    let (alice, approvers) = (stage.user("alice"), stage.group("sg-approvers", false));
    let factory = stage.rules(ROLE);
    let mut both = [alice.as_str(), approvers.as_str()];
    both.sort_unstable();

    declare(&stage, "{approvers: [{user: alice@contoso.example}, {group: sg-approvers}]}");
    stage.apply();
    assert_eq!(live(&stage), json!([true, both, true, true, 1]));

    // fewer approvers, and every detail
    declare(
        &stage,
        "{approvers: [{group: sg-approvers}], requestorJustification: false, approverJustification: false, timeoutDays: 1}",
    );
    stage.apply();
    assert_eq!(live(&stage), json!([true, [approvers], false, false, 1]));

    // absent details are untouched
    declare(&stage, "{approvers: [{user: alice@contoso.example}]}");
    stage.apply();
    assert_eq!(live(&stage), json!([true, [alice], false, false, 1]));

    declare(&stage, "{approvers: fallback, requestorJustification: true, approverJustification: default}");
    stage.apply();
    assert_eq!(live(&stage), json!([true, [], true, true, 1]));

    declare(&stage, "none");
    assert_eq!(stage.changes(), ["update directory/settings/Helpdesk Administrator"]);
    stage.apply();
    assert_eq!(live(&stage)[0], false);

    declare(&stage, "{approvers: [{group: sg-approvers}], approverJustification: false}");
    stage.apply();
    declare(&stage, "default");
    stage.apply();
    assert_eq!(stage.rules(ROLE), factory);
}

#[test]
fn a_time_limit_that_somebody_changed_goes_back() {
    let stage = Stage::new();
    stage.group("sg-approvers", false);
    declare(&stage, "{approvers: [{group: sg-approvers}]}");
    stage.apply();
    let mut rule = stage.rules(ROLE)[RULE].clone();
    rule["setting"]["approvalStages"][0]["approvalStageTimeOutInDays"] = json!(7);
    stage.write_rule(ROLE, rule);
    stage.assert_converged();
    assert_eq!(live(&stage)[4], 7, "nobody declares it");
    declare(&stage, "{approvers: [{group: sg-approvers}], timeoutDays: default}");
    stage.apply();
    assert_eq!(live(&stage)[4], 1);
}

#[test]
fn approvers_that_do_not_exist_or_are_not_named_are_refused() {
    let stage = Stage::new();
    let factory = stage.rules(ROLE);
    declare(&stage, "{approvers: [{user: nobody@contoso.example}]}");
    stage.run(&["apply", "--yes"]).exits(1).says("unknown-user").says("settings.yaml");
    declare(&stage, "{requestorJustification: true}");
    stage.run(&["apply", "--yes"]).exits(1).says("approval-without-approvers");
    declare(&stage, "{approvers: []}");
    stage.run(&["apply", "--yes"]).exits(1).says("empty-list");
    assert_eq!(stage.rules(ROLE), factory);
}
