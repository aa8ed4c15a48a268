//! Between the question and the answer, and what is said to have been checked.

use std::sync::Arc;

use serde_json::json;

use crate::stage::{Stage, tenant};
use crate::words::{OWN_ALL, eligible, permanent};

const ROLE: &str = "Helpdesk Administrator";
const ALICE: &str = "[{user: alice@contoso.example}]";

#[test]
fn what_a_guard_refuses_by_the_time_of_the_answer_is_not_applied() {
    let stage = Arc::new(Stage::new());
    let mallory = stage.user("mallory");
    stage.request("active", "adminAssign", "Global Administrator", &mallory, "/", permanent());
    stage.advance(1);
    stage.write(
        "tenant.yaml",
        &tenant(
            "  ownership: [{directoryRoles: [Global Administrator], assignments: authoritative}]\n  limits: {maxRemovalPercent: 100}\n",
        ),
    );
    let admins = "[{user: breakglass1@contoso.example}, {user: breakglass2@contoso.example}]";
    stage.write("b.yaml", &crate::words::active("b", "Global Administrator", admins, "{permanent: true}"));
    assert_eq!(stage.changes(), ["remove directory/active/Global Administrator@tenant/user:mallory@contoso.example"]);
    let (hand, mark) = (stage.clone(), stage.mark());
    let run = stage.apply_asked(&[], move || {
        std::thread::scope(|scope| {
            let disable =
                || hand.admin("PATCH", "/users/breakglass1@contoso.example", Some(json!({"accountEnabled": false})));
            scope.spawn(disable);
        });
    });
    run.exits(3).says("nothing was written").says("Global Administrator");
    let written = stage.written_since(mark);
    assert_eq!(written, ["PATCH /v1.0/users/breakglass1@contoso.example"], "only by the other hand");
    // undisturbed, the same answer is taken
    stage.admin("PATCH", "/users/breakglass1@contoso.example", Some(json!({"accountEnabled": true})));
    stage.apply_asked(&[], || {}).exits(0).says("Checked: the second plan is empty.");
}

#[test]
fn a_targeted_apply_says_that_only_the_targets_were_checked() {
    let stage = Stage::new();
    let (alice, bob) = (stage.user("alice"), stage.user("bob"));
    stage.write("a.yaml", &eligible("a", ROLE, ALICE, "{permanent: true}"));
    stage.write("b.yaml", &eligible("b", ROLE, "[{user: bob@contoso.example}]", "{permanent: true}"));
    let target = format!("directory/eligible/{ROLE}@tenant/user:alice@contoso.example");
    let run = stage.run(&["apply", "--yes", "--target", &target]).exits(0);
    run.says("Checked for the targets: the second plan is empty.").never_says("Checked: the");
    assert!(stage.schedule("eligible", &alice).is_some());
    assert!(stage.schedule("eligible", &bob).is_none());
}

#[test]
fn an_apply_that_could_not_read_all_says_so() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.write("tenant.yaml", &tenant(OWN_ALL));
    stage.write("a.yaml", &eligible("a", ROLE, ALICE, "{permanent: true}"));
    let refusal = json!({"answer": {"status": 403, "code": "Authorization_RequestDenied", "message": "no"}});
    stage.faults(json!([{"match": {"method": "GET", "path": "roleAssignmentSchedules"}, "effect": refusal}]));
    let run = stage.run(&["apply", "--yes", "--allow-incomplete"]).exits(0);
    run.says("Checked as far as the tenant could be read").never_says("Checked: the");
    assert!(stage.schedule("eligible", &alice).is_some());
}

#[test]
fn what_a_grant_relies_on_may_not_change_while_the_question_stands() {
    let stage = Arc::new(Stage::new());
    stage.user("alice");
    stage.write("a.yaml", &eligible("a", ROLE, ALICE, "{permanent: true}"));
    let (hand, mark) = (stage.clone(), stage.mark());
    // nobody declares the settings: the change that is asked about stays the same
    let run = stage.apply_asked(&[], move || {
        let weaken = json!({
            "@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyEnablementRule",
            "id": "Enablement_EndUser_Assignment", "enabledRules": [],
            "target": { "caller": "EndUser", "operations": ["All"], "level": "Assignment", "inheritableSettings": [],
                        "enforcedSettings": [] },
        });
        std::thread::scope(|scope| {
            scope.spawn(|| hand.write_rule(ROLE, weaken));
        });
    });
    run.exits(5).says("the tenant changed while you were reading; nothing was written");
    let written = stage.written_since(mark);
    assert!(written.iter().all(|call| call.contains("/rules/")), "only by the other hand: {written:?}");
}
