//! What could be mistaken for something else, and must not be: ids, names, refusals and answers that lie nearby.

use serde_json::json;

use crate::azure_words::{ROOT_GROUP, SUBSCRIPTION, at, eligible, role, scope, settings};
use crate::stage::Stage;
use crate::words;

const ALICE: &str = "[{user: alice@contoso.example}]";
const HELPDESK: &str = "729827e3-9c14-49f7-bb1b-9608f156bbb8";
const END: &str = "{end: 2026-09-01T00:00:00Z}";
const DELEGATION: &str = "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR \
(@Request[Microsoft.Authorization/roleAssignments:PrincipalType] StringEqualsIgnoreCase 'User'))";

fn reader(stage: &Stage) {
    stage.write("a.yaml", &eligible("a", "Reader", &format!("[{SUBSCRIPTION}]"), ALICE, END));
}

#[test]
fn a_custom_azure_role_cannot_take_the_place_of_a_directory_role() {
    let stage = Stage::new();
    stage.user("alice");
    // the caller chooses the GUID of a custom role
    let body = json!({"properties": {"roleName": "Harmless Thing", "type": "CustomRole", "description": "x",
        "assignableScopes": [SUBSCRIPTION], "permissions": [{"actions": ["Microsoft.Compute/virtualMachines/read"]}]}});
    stage.arm_admin("PUT", &at(SUBSCRIPTION, &format!("roleDefinitions/{HELPDESK}"), "2022-04-01"), Some(body));
    reader(&stage);
    stage.write("d.yaml", &words::eligible("d", "Helpdesk Administrator", ALICE, END));
    let changes = stage.changes();
    assert!(changes.iter().any(|change| change.contains("Helpdesk Administrator@tenant/user:alice")), "{changes:?}");
    assert!(!changes.iter().any(|change| change.contains("Harmless Thing")), "{changes:?}");
    stage.apply();
}

#[test]
fn a_condition_that_an_update_loses_takes_the_assignment_with_it() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    let declare = |kind: &str| {
        let text = eligible("a", "Reader", &format!("[{SUBSCRIPTION}]"), ALICE, END);
        stage.write("a.yaml", &format!("{text}  condition: {}\n", json!(DELEGATION.replace("User", kind))));
    };
    declare("User");
    stage.apply();
    stage.advance(1);
    declare("Group");
    stage.faults(json!([{"match": {"method": "PUT", "body": "AdminUpdate"}, "effect": "dropCondition"}]));
    let run = stage.run(&["apply", "--yes"]).exits(4);
    run.says("without the condition that was asked for").never_says("as it was before");
    assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &alice).is_none(), "better none than without its condition");
    stage.faults(json!([]));
    stage.apply();
    assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &alice).is_some());
}

#[test]
fn a_management_group_whose_id_is_the_name_of_another_draws_nothing_to_itself() {
    let stage = Stage::new();
    stage.user("alice");
    stage.management_group("mg-0017", "Finance", ROOT_GROUP);
    stage.write("s.yaml", &scope("fin", "managementGroup: Finance"));
    stage.write("a.yaml", &eligible("a", "Reader", "[fin]", ALICE, END));
    assert!(stage.changes()[0].contains("managementgroups/mg-0017"), "{:?}", stage.changes());
    stage.management_group("finance", "Somebody else", ROOT_GROUP);
    let run = stage.run(&["plan"]).exits(1);
    run.says("ambiguous-name").says("s.yaml:6").says("Finance (mg-0017)").says("Somebody else (finance)");
}

#[test]
fn a_scope_whose_settings_are_not_found_yet_exists_all_the_same() {
    let stage = Stage::new();
    stage.user("alice");
    reader(&stage);
    let answer = json!({"answer": {"status": 404, "code": "ResourceNotFound", "message": "Not found."}});
    let path = "roleManagementPolicyAssignments";
    stage.faults(json!([{"match": {"method": "GET", "path": path}, "effect": answer}]));
    let run = stage.run(&["plan"]).exits(1);
    run.never_says("unknown-azure-scope").says("incomplete").says("role settings at");
}

#[test]
fn a_maximum_that_azure_would_not_keep_is_refused_at_its_line() {
    let stage = Stage::with(|options| options.switches.keeps_maximum_duration = true);
    let declare = |fields: &str| {
        let body = format!("eligibleAssignment: {fields}");
        stage.write("s.yaml", &settings("s", "Reader", &format!("[{SUBSCRIPTION}]"), &body));
    };
    declare("{permanent: allowed, maxDuration: P90D}");
    stage.run(&["plan"]).exits(1).says("idle-maximum").says("s.yaml:7");
    // somebody allowed permanence in the portal: what is declared as 90 days must not pass for in sync
    stage.azure_write_rule(
        SUBSCRIPTION,
        "Reader",
        "Expiration_Admin_Eligibility",
        json!({"isExpirationRequired": false}),
    );
    declare("{maxDuration: P90D}");
    stage.run(&["plan"]).exits(1).says("idle-maximum").says("s.yaml:7");
    declare("{permanent: forbidden, maxDuration: P90D}");
    stage.apply();
}

#[test]
fn a_role_that_shall_be_assignable_nowhere_real_is_an_error_at_its_line() {
    let stage = Stage::new();
    stage.resource_group(SUBSCRIPTION, "rg-net");
    let declare = |scope: &str| {
        let actions = "{actions: [Microsoft.Compute/virtualMachines/read]}";
        stage.write("role.yaml", &role("vm", "VM Watcher", actions, &format!("['{scope}']"), ""));
    };
    for scope in [
        "/subscriptions/00000000-0000-4000-8000-0000000000ff".to_owned(),
        "/providers/Microsoft.Management/managementGroups/nowhere".to_owned(),
        format!("{SUBSCRIPTION}/resourceGroups/rg-nte"),
    ] {
        declare(&scope);
        stage.run(&["plan"]).exits(1).says("unknown-azure-scope").says("role.yaml:8");
    }
    stage.run(&["plan"]).exits(1).says("did you mean `rg-net`?");
    declare(&format!("{SUBSCRIPTION}/resourceGroups/RG-Net"));
    stage.apply();
}
