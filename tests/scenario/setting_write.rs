//! How settings are written: whole, in as few requests as possible, never over what somebody else changed, and read back.

use rolewright::sandbox::Entry;
use serde_json::json;

use crate::manifest::{assignment, role, settings};
use crate::meddling::{APPLY, meddled, watched};
use crate::stage::Stage;

const ROLE: &str = "Helpdesk Administrator";
const OTHER: &str = "User Administrator";
const LONGEST: &str = "Expiration_EndUser_Assignment";

fn is_policy_write(entry: &Entry) -> bool {
    entry.method == "PATCH" && entry.path.contains("/policies/roleManagementPolicies/")
}

fn longest(stage: &Stage, role: &str) -> serde_json::Value {
    stage.rules(role)[LONGEST]["maximumDuration"].clone()
}

fn set_longest(stage: &Stage, role: &str, duration: &str) {
    let mut rule = stage.rules(role)[LONGEST].clone();
    rule["maximumDuration"] = json!(duration);
    stage.write_rule(role, rule);
}

fn declare_both(stage: &Stage) {
    stage.write("settings.yaml", &[ROLE, OTHER].map(|role| settings(role, "activation: {maxDuration: PT1H}")).concat());
}

#[test]
fn what_somebody_changed_meanwhile_is_not_overwritten() {
    let (stage, meddler) = meddled(|_| {});
    declare_both(&stage);
    meddler.after(is_policy_write, |stage| set_longest(stage, OTHER, "PT3H"));
    let run = stage.run(&["apply", "--yes"]).exits(4);
    assert!(meddler.is_done());
    run.says("changed since they were read (Expiration_EndUser_Assignment)");
    assert_eq!(longest(&stage, ROLE), "PT1H", "independent changes go on");
    assert_eq!(longest(&stage, OTHER), "PT3H");
    assert_eq!(stage.changes(), ["update directory/settings/User Administrator"]);
    stage.apply();
    assert_eq!(longest(&stage, OTHER), "PT1H");
}

#[test]
fn another_rule_that_somebody_changed_meanwhile_stays() {
    let (stage, meddler) = meddled(|_| {});
    declare_both(&stage);
    meddler.after(is_policy_write, |stage| {
        let mut rule = stage.rules(OTHER)["Notification_Admin_EndUser_Assignment"].clone();
        rule["notificationLevel"] = json!("Critical");
        stage.write_rule(OTHER, rule);
    });
    stage.apply();
    assert!(meddler.is_done());
    assert_eq!(stage.rules(OTHER)["Notification_Admin_EndUser_Assignment"]["notificationLevel"], "Critical");
}

#[test]
fn an_acknowledged_and_ignored_write_is_repeated_once_and_then_a_failure() {
    let stage = Stage::new();
    declare_both(&stage);
    let ignore = |to: Option<u32>| json!([{"match": {"method": "PATCH", "path": "/policies/", "to": to}, "effect": "ignorePatch"}]);
    stage.faults(ignore(None));
    let mark = stage.mark();
    stage.run(&["apply", "--yes"]).exits(4).says("accepted the settings but does not show them");
    assert_eq!(stage.sent_since(mark).iter().filter(|entry| is_policy_write(entry)).count(), 4, "twice each");
    assert_eq!(longest(&stage, ROLE), "PT8H");

    stage.faults(ignore(Some(1)));
    let mark = stage.mark();
    stage.apply();
    assert_eq!(stage.sent_since(mark).iter().filter(|entry| is_policy_write(entry)).count(), 3, "one was repeated");
    assert_eq!((longest(&stage, ROLE), longest(&stage, OTHER)), (json!("PT1H"), json!("PT1H")));
}

#[test]
fn one_request_carries_all_rules_of_a_stage_and_the_policy_is_looked_up_right_before() {
    let (stage, watched) = watched(|_| {});
    stage.group("sg-approvers", false);
    let body = "activation: {maxDuration: PT1H, require: [multiFactorAuthentication, justification, ticket], approval: {approvers: [{group: sg-approvers}]}}\n\
                notifications: {activation: {admin: {level: critical}}, eligibleAssignment: {approver: {level: none}}}";
    stage.write("settings.yaml", &settings(ROLE, body));
    let text = stage.run(&["plan", "--format", "json"]).exits(0).stdout;
    assert!(!text.contains("DirectoryRole_"), "a plan stores no id of a policy: {text}");
    let mark = stage.mark();
    stage.apply();
    assert_eq!(watched.writes().len(), 1);
    let sent = stage.sent_since(mark);
    let at = sent.iter().position(is_policy_write).unwrap();
    let before = &sent[at - 1];
    assert_eq!(before.caller.as_deref(), Some(APPLY));
    assert!(before.path.ends_with("/roleManagementPolicyAssignments"), "{before:?}");
    assert!(before.query.contains(&stage.role(ROLE)), "{before:?}");
}

#[test]
fn settings_locked_by_recipients_of_approver_mails_are_unlocked_in_bulk() {
    let stage = Stage::new();
    let mut rule = stage.rules(ROLE)["Notification_Approver_EndUser_Assignment"].clone();
    rule["notificationRecipients"] = json!(["approvers@contoso.example"]);
    stage.write_rule(ROLE, rule);
    stage.write("settings.yaml", &settings(ROLE, "activation: {maxDuration: PT1H}"));
    let locked = stage.run(&["apply", "--yes"]).exits(1);
    locked.says("locked-settings").says("notifications.activation.approver.recipients: []");
    assert_eq!(longest(&stage, ROLE), "PT8H");

    let body = "activation: {maxDuration: PT24H}\nnotifications: {activation: {approver: {recipients: []}}}";
    stage.write("settings.yaml", &settings(ROLE, body));
    stage.apply();
    assert_eq!(stage.rules(ROLE)["Notification_Approver_EndUser_Assignment"]["notificationRecipients"], json!([]));
    assert_eq!(longest(&stage, ROLE), "P1D");
}

const NEW: &str = "App Operator";

/// A new role, its settings, and somebody who becomes eligible for it.
fn declare_new(stage: &Stage) {
    let permissions = ["microsoft.directory/applications/basic/update"];
    let own = role("app-operator", NEW, &permissions, "description: Updates applications");
    let body = "activation: {maxDuration: PT1H, require: [justification]}\neligibleAssignment: {permanent: forbidden, maxDuration: P90D}";
    let who = assignment("EligibleAssignment", NEW, "alice", "{duration: P30D, renewBefore: P7D}");
    stage.write("role.yaml", &(own + &settings(NEW, body) + &who));
}

#[test]
fn settings_of_a_new_role_are_assumed_and_read_again_even_where_replicas_lag() {
    let stage = Stage::with(|options| options.lag = jiff::SignedDuration::from_secs(20));
    stage.user("alice");
    stage.clock.advance(jiff::SignedDuration::from_mins(1));
    declare_new(&stage);
    let plan = stage.plan();
    let change = plan["changes"].as_array().unwrap().iter().find(|c| c["subject"]["kind"] == "settings").unwrap();
    assert_eq!(change["subject"]["assumed"], true);
    assert_eq!(change["requires"][0]["address"], "directory/role-definition/App Operator");
    stage.apply();
    stage.clock.advance(jiff::SignedDuration::from_mins(1));
    assert_eq!(longest(&stage, NEW), "PT1H");
    assert_eq!(stage.rows("roleEligibilitySchedules").len(), 1);
}

#[test]
fn settings_of_a_new_role_that_are_not_the_assumed_ones_stop_it() {
    let (stage, meddler) = meddled(|_| {});
    stage.user("alice");
    declare_new(&stage);
    meddler.after(
        |entry| entry.method == "POST" && entry.path.ends_with("/roleDefinitions"),
        |stage| set_longest(stage, NEW, "PT24H"),
    );
    let run = stage.run(&["apply", "--yes"]).exits(4);
    assert!(meddler.is_done());
    run.says("are not the defaults that were assumed").says("whoever gets the role must meet the reviewed settings");
    assert_eq!(longest(&stage, NEW), "PT24H");
    assert!(
        stage.rows("roleEligibilitySchedules").is_empty(),
        "nobody gets the role under settings that nobody reviewed"
    );
    stage.apply();
    assert_eq!(stage.rows("roleEligibilitySchedules").len(), 1);
}

#[test]
fn nobody_gets_a_new_role_under_undeclared_settings_that_are_not_the_assumed_ones() {
    let (stage, meddler) = meddled(|_| {});
    stage.user("alice");
    let permissions = ["microsoft.directory/applications/basic/update"];
    let own = role("app-operator", NEW, &permissions, "description: Updates applications");
    let who = assignment("EligibleAssignment", NEW, "alice", "{duration: P30D, renewBefore: P7D}");
    stage.write("role.yaml", &(own + &who));
    meddler.after(
        |entry| entry.method == "POST" && entry.path.ends_with("/roleDefinitions"),
        |stage| set_longest(stage, NEW, "PT24H"),
    );
    let run = stage.run(&["apply", "--yes"]).exits(4);
    assert!(meddler.is_done());
    run.says("are not the defaults that were assumed (Expiration_EndUser_Assignment); plan again");
    assert!(stage.rows("roleEligibilitySchedules").is_empty());
    stage.apply();
    assert_eq!(stage.rows("roleEligibilitySchedules").len(), 1);
}
