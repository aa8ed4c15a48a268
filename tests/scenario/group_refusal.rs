//! What the service would refuse, or take and never do, about groups: said before anything is written, with the manifest line.

use serde_json::{Value, json};

use crate::group_words::{active, eligible, owning, settings};
use crate::stage::Stage;
use crate::words::eligible as of_role;

const END: &str = "{end: 2026-08-01T00:00:00Z}";
const ALICE: &str = "[{user: alice@contoso.example}]";

/// Asserts that apply refuses the manifests for this reason, at this line of `a.yaml`, and writes nothing.
#[track_caller]
fn refused(stage: &Stage, code: &str, line: u32, says: &str) {
    let mark = stage.mark();
    for verb in [&["plan"][..], &["apply", "--yes"], &["drift"]] {
        stage.run(verb).exits(1).says(&format!("error[{code}]")).says(&format!("a.yaml:{line}:")).says(says);
    }
    assert!(stage.written_since(mark).is_empty());
}

#[test]
fn dynamic_and_synchronised_groups() {
    let dynamic = json!({"groupTypes": ["DynamicMembership"], "membershipRule": "user.department -eq \"IT\"",
                         "membershipRuleProcessingState": "On"});
    for (more, code) in [(dynamic, "dynamic-group"), (json!({"onPremisesSyncEnabled": true}), "synchronized-group")] {
        let stage = Stage::new();
        let alice = stage.user("alice");
        let group = stage.group_with("sg-pim-odd", more);
        for text in [
            eligible("a", "sg-pim-odd:member", ALICE, END),
            active("a", "sg-pim-odd:owner", ALICE, END),
            settings("a", "sg-pim-odd:member", "activation: {maxDuration: PT4H}"),
        ] {
            stage.write("a.yaml", &text);
            let line = if text.contains("RoleSettings") { 6 } else { 7 };
            refused(&stage, code, line, "PIM cannot manage the group");
        }
        // what is there is left, also where it is owned, and the reason is given
        stage.erase("a.yaml");
        stage.link((&group, "owner"), &alice);
        stage.write("tenant.yaml", &owning("[sg-pim-odd]"));
        stage.assert_converged();
        stage.run(&["plan"]).exits(0).says("owned-group-unmanageable").says("tenant.yaml:");
        assert_eq!(stage.admin("GET", &format!("/groups/{group}/owners"), None)["value"][0]["id"], alice.as_str());
    }
}

#[test]
fn a_group_as_owner() {
    let stage = Stage::new();
    stage.group("sg-ops", false);
    let inner = stage.group("sg-inner", false);
    for principals in ["[{group: sg-inner}]", &format!("[{{id: {inner}, type: group}}]")] {
        for text in [active("a", "sg-ops:owner", principals, END), eligible("a", "sg-ops:owner", principals, END)] {
            stage.write("a.yaml", &text);
            refused(&stage, "group-as-owner", 7, "name users, or use `access: member`");
        }
    }
}

#[test]
fn a_group_active_in_a_role_assignable_group_where_eligible_is_fine() {
    let stage = Stage::new();
    let (tier0, inner, plain) =
        (stage.group("sg-tier0", true), stage.group("sg-inner", false), stage.group("sg-plain", false));
    stage.write("a.yaml", &active("a", "sg-tier0:member", "[{group: sg-inner}]", END));
    refused(&stage, "active-group-in-role-assignable-group", 7, "make it eligible");
    stage.write("a.yaml", &eligible("a", "sg-tier0:member", "[{group: sg-inner}]", END));
    stage.write("b.yaml", &active("b", "sg-plain:member", "[{group: sg-inner}]", END));
    stage.apply();
    assert!(stage.group_schedule("eligible", (&tier0, "member"), &inner).is_some());
    assert_eq!(stage.linked((&plain, "member")), std::slice::from_ref(&inner));
    // whoever is in the inner group may activate for themselves
    let alice = stage.user("alice");
    stage.link((&inner, "member"), &alice);
    stage.activate_in_group("alice", &alice, (&tier0, "member"), 2);
    assert_eq!(stage.linked((&tier0, "member")), [alice]);
    stage.assert_converged();
}

#[test]
fn a_service_principal_as_eligible_where_active_is_fine() {
    let stage = Stage::new();
    let (group, robot) = (stage.group("sg-ops", false), stage.service("robot"));
    for (access, schedule) in [("member", END), ("owner", END)] {
        let target = format!("sg-ops:{access}");
        stage.write("a.yaml", &eligible("a", &target, "[{servicePrincipal: robot}]", schedule));
        refused(&stage, "eligible-service-principal", 7, "cannot activate a role, so it cannot be eligible");
        stage.write("a.yaml", &eligible("a", &target, &format!("[{{id: {robot}, type: servicePrincipal}}]"), schedule));
        refused(&stage, "eligible-service-principal", 7, "cannot activate a role, so it cannot be eligible");
        stage.write("a.yaml", &active("a", &target, "[{servicePrincipal: robot}]", schedule));
        stage.apply();
        assert!(stage.linked((&group, access)).contains(&robot));
    }
}

#[test]
fn a_group_that_is_not_role_assignable_with_a_directory_role() {
    let stage = Stage::new();
    stage.group("sg-plain", false);
    let fine = stage.group("sg-fine", true);
    let role = "Helpdesk Administrator";
    stage.write("a.yaml", &of_role("a", role, "[{group: sg-plain}]", "{permanent: true}"));
    refused(&stage, "group-not-role-assignable", 7, "never grants it");
    stage.write("a.yaml", &of_role("a", role, "[{group: sg-fine}]", "{permanent: true}"));
    stage.apply();
    assert!(stage.schedule("eligible", &fine).is_some());
}

#[test]
fn approval_without_approvers() {
    let stage = Stage::new();
    let (group, approvers) = (stage.group("sg-ops", false), stage.group("sg-approvers", false));
    let declare = |body: &str| stage.write("a.yaml", &settings("a", "sg-ops:member", body));
    for (approval, code) in [
        ("{requestorJustification: true}", "approval-without-approvers"),
        ("{approvers: []}", "empty-list"),
        ("{approvers: fallback}", "no-fallback-approvers"),
    ] {
        declare(&format!("activation: {{approval: {approval}}}"));
        refused(&stage, code, 7, "approvers");
    }
    declare("activation: {approval: {approvers: [{group: sg-approvers}]}}");
    stage.apply();
    let setting = |stage: &Stage| {
        let rules = stage.group_rules((&group, "member"));
        rules["Approval_EndUser_Assignment"]["setting"].clone()
    };
    assert!(setting(&stage)["approvalStages"][0]["primaryApprovers"].to_string().contains(&approvers));
    // undeclared it stays; declared off, it goes
    declare("activation: {maxDuration: PT4H}");
    stage.apply();
    assert_eq!(setting(&stage)["isApprovalRequired"], true);
    declare("activation: {approval: none}");
    stage.apply();
    assert_eq!(setting(&stage)["isApprovalRequired"], false);
}

#[test]
fn approval_that_somebody_switched_on_without_naming_anybody() {
    let stage = Stage::new();
    let group = stage.group("sg-ops", false);
    let at = (group.as_str(), "member");
    let mut setting = stage.group_rules(at)["Approval_EndUser_Assignment"]["setting"].clone();
    setting["isApprovalRequired"] = json!(true);
    stage.write_group_rule(at, "Approval_EndUser_Assignment", json!({ "setting": setting }));
    // another field is declared: writing it would leave what nobody can use, and says so
    stage.write("a.yaml", &settings("a", "sg-ops:member", "activation: {maxDuration: PT4H}"));
    refused(&stage, "approval-without-approvers", 6, "name nobody who can give it");
    stage.write("a.yaml", &settings("a", "sg-ops:member", "activation: {maxDuration: PT4H, approval: none}"));
    stage.apply();
}

#[test]
fn names_that_mean_two_groups_or_none() {
    let stage = Stage::new();
    stage.user("alice");
    let (one, two) = (stage.group("sg-twin", false), stage.group("SG-Twin", false));
    stage.write("a.yaml", &eligible("a", "sg-twin:member", ALICE, END));
    stage.run(&["plan"]).exits(1).says("ambiguous-name").says("a.yaml:6").says(&one).says(&two);
    // by id it is clear
    stage.write("a.yaml", &eligible("a", &format!("{two}:member"), ALICE, END));
    stage.apply();
    assert_eq!(stage.rows_of_group(&two, "eligibilitySchedules").len(), 1);
    assert!(stage.rows_of_group(&one, "eligibilitySchedules").is_empty());
    let addresses: Vec<Value> = stage.plan()["changes"].as_array().unwrap().clone();
    assert!(addresses.is_empty());

    stage.group("sg-pim-operators", false);
    for (wrong, right) in [("sg-pim-operator", "sg-pim-operators"), ("SG-PIM-operatosr", "sg-pim-operators")] {
        stage.write("a.yaml", &eligible("a", &format!("{wrong}:member"), ALICE, END));
        stage.run(&["plan"]).exits(1).says("unknown-group").says("a.yaml:6").says(&format!("did you mean `{right}`"));
    }
    stage.write("a.yaml", &eligible("a", "nothing-like-it:member", ALICE, END));
    stage.run(&["plan"]).exits(1).says("unknown-group").never_says("did you mean");
    let none = "00000000-0000-4000-8000-00000000dead";
    stage.write("a.yaml", &eligible("a", &format!("{none}:member"), ALICE, END));
    stage.run(&["plan"]).exits(1).says("unknown-group").says(none);
}

#[test]
fn what_the_service_refuses_all_the_same_is_shown_with_its_words_and_the_line() {
    let stage = Stage::new();
    let (alice, group) = (stage.user("alice"), stage.group("sg-ops", false));
    stage.user("bob");
    let people = "[{user: alice@contoso.example}, {user: bob@contoso.example}]";
    stage.write("a.yaml", &eligible("a", "sg-ops:member", people, END));
    let refusal =
        json!({"answer": {"status": 400, "code": "InvalidRoleAssignmentRequest", "message": "Not this one."}});
    let of_alice = json!({"method": "POST", "path": "ScheduleRequests", "body": alice});
    stage.faults(json!([{"match": of_alice, "effect": refusal}]));
    let run = stage.run(&["apply", "--yes"]).exits(4);
    run.says("InvalidRoleAssignmentRequest").says("Not this one.").says("a.yaml:7").says("alice");
    assert_eq!(stage.rows_of_group(&group, "eligibilitySchedules").len(), 1, "independent changes go on");
    stage.faults(json!([]));
    stage.apply();
}
