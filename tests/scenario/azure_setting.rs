//! Azure role settings: one list per scope, one PATCH per policy, the changed rules whole, read back.

use rolewright::sandbox::{Entry, Seed};
use serde_json::{Value, json};

use crate::azure_words::{ROOT_GROUP, SUBSCRIPTION, eligible, settings};
use crate::stage::Stage;

const ROLE: &str = "Contributor";
const LONGEST: &str = "Expiration_EndUser_Assignment";

fn here() -> String {
    format!("[{SUBSCRIPTION}]")
}

fn declare(stage: &Stage, body: &str) {
    stage.write("s.yaml", &settings("s", ROLE, &here(), body));
}

fn is_policy_write(entry: &Entry) -> bool {
    entry.method == "PATCH" && entry.path.contains("/roleManagementPolicies/")
}

fn writes(stage: &Stage, mark: usize) -> usize {
    stage.sent_since(mark).iter().filter(|entry| is_policy_write(entry)).count()
}

#[test]
fn every_field_is_written_and_written_back_whatever_the_service_does_to_names() {
    for renamed in [false, true] {
        let stage = Stage::with(|options| options.switches.renamed_policies = renamed);
        let approvers = stage.group("sg-approvers", false);
        let factory = stage.azure_rules(SUBSCRIPTION, ROLE);
        let all = "activation: {maxDuration: PT4H, require: [justification, ticket], authenticationContext: c1, approval: {approvers: [{group: sg-approvers}], requestorJustification: false, approverJustification: false}}\n\
            eligibleAssignment: {permanent: allowed, require: [justification]}\n\
            activeAssignment: {permanent: forbidden, maxDuration: P15D, require: [justification]}\n\
            notifications: {activation: {admin: {recipients: [soc@contoso.example], defaultRecipients: false, level: critical}}, eligibleAssignment: {assignee: {level: none}}, activeAssignment: {approver: {level: critical}}}";
        declare(&stage, all);
        let mark = stage.mark();
        stage.apply();
        let rules = stage.azure_rules(SUBSCRIPTION, ROLE);
        assert_eq!(rules[LONGEST]["maximumDuration"], "PT4H");
        assert_eq!(rules["Expiration_Admin_Eligibility"]["isExpirationRequired"], false);
        assert_eq!(rules["Expiration_Admin_Assignment"]["maximumDuration"], "P15D");
        assert_eq!(rules["AuthenticationContext_EndUser_Assignment"]["claimValue"], "c1");
        let setting = &rules["Approval_EndUser_Assignment"]["setting"];
        assert_eq!(setting["isApprovalRequired"], true);
        assert_eq!(setting["approvalStages"][0]["primaryApprovers"][0]["id"], approvers.as_str());
        assert_eq!(
            rules["Notification_Admin_EndUser_Assignment"]["notificationRecipients"],
            json!(["soc@contoso.example"])
        );
        assert_eq!(rules["Notification_Requestor_Admin_Eligibility"]["notificationLevel"], "None");
        for (id, rule) in &rules {
            assert_eq!(rule["target"], factory[id]["target"], "{id}: never overwritten by a bare target");
        }
        // one PATCH per stage: activation tightens, administrators' rules loosen and tighten, activation loosens
        assert_eq!(writes(&stage, mark), 4);

        let back = "activation: {maxDuration: default, require: default, authenticationContext: default, approval: default}\n\
            eligibleAssignment: {permanent: default, maxDuration: default, require: default}\n\
            activeAssignment: {permanent: default, maxDuration: default, require: default}\n\
            notifications: {activation: {admin: default}, eligibleAssignment: {assignee: default}, activeAssignment: {approver: default}}";
        declare(&stage, back);
        stage.apply();
        let rules = stage.azure_rules(SUBSCRIPTION, ROLE);
        assert_eq!(rules[LONGEST]["maximumDuration"], factory[LONGEST]["maximumDuration"]);
        assert_eq!(rules["Approval_EndUser_Assignment"]["setting"]["isApprovalRequired"], false);
        assert_eq!(rules["Expiration_Admin_Eligibility"]["isExpirationRequired"], true);
        assert_eq!(rules["Expiration_Admin_Eligibility"]["maximumDuration"], "P365D");
    }
}

/// The service of 2022 took a duration beside `isExpirationRequired: false` and still shows it; today's refuses to take it back.
#[test]
fn a_duration_that_does_not_count_is_no_difference_and_is_never_sent() {
    const KEPT: &str = "Expiration_Admin_Assignment";
    const CHANGED: &str = "Expiration_Admin_Eligibility";
    for length in ["P180D", "PT0S"] {
        let past = Stage::with(|options| options.switches.keeps_maximum_duration = true);
        for id in [KEPT, CHANGED] {
            let loose = json!({"isExpirationRequired": false, "maximumDuration": length});
            past.azure_write_rule(SUBSCRIPTION, ROLE, id, loose);
        }
        let file = past.path().join("seed.json");
        std::fs::write(&file, past.running().state_json().to_string()).unwrap();
        for keeps in [true, false] {
            let stage = Stage::with(|options| {
                options.seed = Seed::File(file.clone());
                options.switches.keeps_maximum_duration = keeps;
            });
            let rule = |id: &str| stage.azure_rules(SUBSCRIPTION, ROLE)[id].clone();
            let both = "eligibleAssignment: {permanent: allowed}\nactiveAssignment: {permanent: allowed}";
            declare(&stage, both);
            let mark = stage.mark();
            stage.assert_converged();
            stage.apply();
            assert_eq!(writes(&stage, mark), 0, "{length}");
            assert_eq!(rule(CHANGED)["maximumDuration"], length);

            // it does not come to count by itself either
            declare(&stage, "eligibleAssignment: {permanent: forbidden}");
            stage.run(&["plan"]).exits(1).says("maximum-missing").says("s.yaml:7");

            // a rule is replaced whole, so what is stored is what was sent
            declare(&stage, "eligibleAssignment: {permanent: forbidden, maxDuration: P30D}");
            stage.apply();
            let stored = rule(CHANGED);
            assert_eq!((&stored["isExpirationRequired"], &stored["maximumDuration"]), (&json!(true), &json!("P30D")));
            let mark = stage.mark();
            declare(&stage, both);
            stage.apply();
            assert_eq!(writes(&stage, mark), 1);
            let stored = rule(CHANGED);
            assert_eq!((&stored["isExpirationRequired"], stored.get("maximumDuration")), (&json!(false), None));
            assert_eq!(rule(KEPT)["maximumDuration"], length, "what nobody changes is not sent");
        }
    }
}

#[test]
fn one_request_carries_the_changed_rules_only_and_the_policy_is_looked_up_right_before() {
    let stage = Stage::new();
    declare(&stage, "activation: {maxDuration: PT2H, require: [justification, ticket]}");
    let text = stage.run(&["plan", "--format", "json"]).exits(0).stdout;
    assert!(!text.contains("roleManagementPolicies"), "a plan stores no id of a policy");
    let mark = stage.mark();
    stage.apply();
    let sent = stage.sent_since(mark);
    let at = sent.iter().position(is_policy_write).unwrap();
    assert_eq!(writes(&stage, mark), 1);
    assert!(sent[at - 1].path.ends_with("/roleManagementPolicyAssignments"), "{:?}", sent[at - 1]);
    assert!(sent[at - 1].query.contains(&stage.azure_role(ROLE)));
    assert!(sent[at + 1..].iter().any(|entry| entry.path.ends_with("/roleManagementPolicyAssignments")), "read back");
    // what nobody declares stays, whoever changes it
    stage.azure_write_rule(
        SUBSCRIPTION,
        ROLE,
        "Notification_Admin_EndUser_Assignment",
        json!({"notificationLevel": "Critical"}),
    );
    stage.assert_converged();
    declare(&stage, "activation: {maxDuration: PT1H}");
    stage.apply();
    let rules = stage.azure_rules(SUBSCRIPTION, ROLE);
    assert_eq!(rules["Notification_Admin_EndUser_Assignment"]["notificationLevel"], "Critical");
    assert_eq!(
        rules["Enablement_EndUser_Assignment"]["enabledRules"].as_array().unwrap().len(),
        2,
        "not managed any more"
    );
}

#[test]
fn accepted_and_ignored_is_a_failure() {
    let stage = Stage::new();
    declare(&stage, "activation: {maxDuration: PT2H}");
    let ignore = |to: Option<u32>| json!([{"match": {"method": "PATCH", "path": "/roleManagementPolicies/", "to": to}, "effect": "ignorePatch"}]);
    stage.faults(ignore(None));
    let mark = stage.mark();
    stage.run(&["apply", "--yes"]).exits(4).says("accepted the settings but does not show them").says("s.yaml:");
    assert_eq!(writes(&stage, mark), 2);
    stage.faults(ignore(Some(1)));
    stage.apply();
    assert_eq!(stage.azure_rules(SUBSCRIPTION, ROLE)[LONGEST]["maximumDuration"], "PT2H");
}

#[test]
fn somebody_weakens_a_rule_by_hand() {
    let stage = Stage::new();
    declare(&stage, "activation: {maxDuration: PT2H, require: [justification, ticket]}");
    stage.apply();
    stage.azure_write_rule(SUBSCRIPTION, ROLE, "Enablement_EndUser_Assignment", json!({"enabledRules": []}));
    let plan = stage.plan();
    assert_eq!(plan["changes"][0]["address"], format!("azure/settings/{ROLE}@{SUBSCRIPTION}"));
    assert_eq!((&plan["changes"][0]["direction"], plan["changes"].as_array().unwrap().len()), (&json!("narrows"), 1));
    stage.run(&["drift"]).exits(2);
    stage.apply();
}

#[test]
fn settings_do_not_inherit_and_every_scope_has_its_own() {
    let stage = Stage::new();
    stage.user("alice");
    let corp = stage.management_group("corp", "Corp", ROOT_GROUP);
    let net = stage.resource_group(SUBSCRIPTION, "rg-net");
    let vault = stage.storage_account(&net, "stlogs");
    declare(&stage, "activation: {maxDuration: PT2H}");
    stage.apply();
    for scope in [&corp, &net, &vault] {
        assert_eq!(stage.azure_rules(scope, ROLE)[LONGEST]["maximumDuration"], "PT8H", "{scope}");
    }
    let all = format!("[{SUBSCRIPTION}, '{corp}', '{net}', '{vault}', /]");
    stage.write("s.yaml", &settings("s", ROLE, &all, "activation: {maxDuration: PT1H}"));
    assert_eq!(stage.changes().len(), 5);
    let mark = stage.mark();
    stage.apply();
    assert_eq!(writes(&stage, mark), 5);
    for scope in [SUBSCRIPTION, &corp, &net, &vault, "/"] {
        assert_eq!(stage.azure_rules(scope, ROLE)[LONGEST]["maximumDuration"], "PT1H", "{scope}");
    }
    // an assignment where nobody manages the settings is worth a remark
    let other = stage.resource_group(SUBSCRIPTION, "rg-other");
    stage.write(
        "a.yaml",
        &eligible("a", ROLE, &format!("['{other}']"), "[{user: alice@contoso.example}]", "{duration: P30D}"),
    );
    stage.run(&["validate"]).exits(0).says("a.yaml:").says("inherit");
    stage.apply();
}

#[test]
fn a_wish_that_needs_looser_settings_is_granted_after_they_are_and_before_they_tighten_again() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    let who = "[{user: alice@contoso.example}]";
    declare(&stage, "eligibleAssignment: {permanent: forbidden, maxDuration: P30D}\nactivation: {maxDuration: PT2H}");
    stage.apply();
    stage.write("a.yaml", &eligible("a", ROLE, &here(), who, "{duration: P90D, renewBefore: P14D}"));
    stage.run(&["plan"]).exits(1).says("allow P30D").says("s.yaml:7").says("a.yaml:9");
    declare(&stage, "eligibleAssignment: {permanent: forbidden, maxDuration: P90D}\nactivation: {maxDuration: PT8H}");
    let mark = stage.mark();
    stage.apply();
    assert_eq!(
        stage.azure_wrote_since(mark),
        ["PATCH roleManagementPolicies", "PUT roleEligibilityScheduleRequests", "PATCH roleManagementPolicies"]
    );
    assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &alice).is_some());
    assert_ne!(stage.azure_rules(SUBSCRIPTION, ROLE)[LONGEST]["maximumDuration"], Value::Null);
}

#[test]
fn what_nobody_declares_goes_back_to_the_services_default_where_that_is_asked_for() {
    let stage = Stage::new();
    stage.azure_write_rule(SUBSCRIPTION, ROLE, "Enablement_EndUser_Assignment", json!({"enabledRules": []}));
    stage.azure_write_rule(SUBSCRIPTION, ROLE, "Expiration_Admin_Assignment", json!({"maximumDuration": "P300D"}));
    declare(&stage, "activation: {maxDuration: PT2H}");
    assert_eq!(stage.plan()["changes"][0]["fields"].as_array().unwrap().len(), 1);
    declare(&stage, "activation: {maxDuration: PT2H}\nundeclared: serviceDefault");
    assert_eq!(stage.plan()["changes"][0]["fields"].as_array().unwrap().len(), 3);
    stage.apply();
    let rules = stage.azure_rules(SUBSCRIPTION, ROLE);
    assert_eq!(rules["Enablement_EndUser_Assignment"]["enabledRules"], json!(["Justification"]));
    assert_eq!(rules["Expiration_Admin_Assignment"]["maximumDuration"], "P180D");
}

#[test]
fn from_multifactor_authentication_to_a_context_and_back() {
    let stage = Stage::new();
    let demands = |stage: &Stage| {
        let rules = stage.azure_rules(SUBSCRIPTION, ROLE);
        let context = rules["AuthenticationContext_EndUser_Assignment"]["isEnabled"].clone();
        (rules["Enablement_EndUser_Assignment"]["enabledRules"].as_array().unwrap().len(), context)
    };
    declare(&stage, "activation: {require: [multiFactorAuthentication, justification]}");
    stage.apply();
    assert_eq!(demands(&stage), (2, json!(false)));
    declare(&stage, "activation: {require: [justification], authenticationContext: c1}");
    stage.apply();
    assert_eq!(demands(&stage), (1, json!(true)));
    let mark = stage.mark();
    declare(&stage, "activation: {require: [multiFactorAuthentication, justification], authenticationContext: none}");
    stage.apply();
    assert_eq!(demands(&stage), (2, json!(false)));
    assert_eq!(writes(&stage, mark), 1, "both rules at once: for no instant is neither demanded");
    declare(&stage, "activation: {require: [multiFactorAuthentication], authenticationContext: c1}");
    stage.run(&["plan"]).exits(1).says("s.yaml:7");
    // the service's own approvers are the directory's alone
    declare(&stage, "activation: {approval: {approvers: fallback}}");
    stage.run(&["plan"]).exits(1).says("s.yaml:7");
}
