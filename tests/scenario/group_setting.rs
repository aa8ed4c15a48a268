//! Settings of groups: those of members and those of owners, whose policies look alike and change their ids.

use rolewright::sandbox::Entry;
use serde_json::{Value, json};

use crate::group_words::{active, eligible, owning, settings};
use crate::meddling::{APPLY, meddled};
use crate::stage::Stage;

const ALICE: &str = "[{user: alice@contoso.example}]";
const LONGEST: &str = "Expiration_EndUser_Assignment";
const POLICIES: &str = "/roleManagementPolicies/";

fn is_write(entry: &Entry) -> bool {
    entry.method == "PATCH" && entry.path.contains(POLICIES)
}

fn longest(stage: &Stage, at: (&str, &str)) -> Value {
    stage.group_rules(at)[LONGEST]["maximumDuration"].clone()
}

#[test]
fn members_and_owners_have_settings_of_their_own() {
    let stage = Stage::new();
    let (ops, other) = (stage.group("sg-ops", false), stage.group("sg-other", false));
    let member = settings("m", "sg-ops:member", "activation: {maxDuration: PT4H}");
    stage.write("m.yaml", &member);
    assert_eq!(stage.changes(), ["update group/settings/sg-ops:member"]);
    stage.apply();
    assert_eq!((longest(&stage, (&ops, "member")), longest(&stage, (&ops, "owner"))), (json!("PT4H"), json!("PT8H")));
    stage.write("o.yaml", &settings("o", "sg-ops:owner", "activation: {maxDuration: PT1H}"));
    assert_eq!(stage.changes(), ["update group/settings/sg-ops:owner"]);
    stage.apply();
    assert_eq!((longest(&stage, (&ops, "member")), longest(&stage, (&ops, "owner"))), (json!("PT4H"), json!("PT1H")));
    // somebody changes one of them: only that one is drift
    stage.write_group_rule((&ops, "owner"), LONGEST, json!({"maximumDuration": "PT12H"}));
    stage.run(&["drift"]).exits(2).says("sg-ops:owner").never_says("sg-ops:member");
    assert_eq!(stage.changes(), ["update group/settings/sg-ops:owner"]);
    stage.apply();
    assert_eq!((longest(&stage, (&ops, "member")), longest(&stage, (&ops, "owner"))), (json!("PT4H"), json!("PT1H")));
    // of another group nothing was touched
    assert_eq!(longest(&stage, (&other, "member")), "PT8H");
    assert!(!stage.is_onboarded(&other));
    // and exchanged
    stage.write("m.yaml", &settings("m", "sg-ops:member", "activation: {maxDuration: PT1H}"));
    stage.write("o.yaml", &settings("o", "sg-ops:owner", "activation: {maxDuration: PT4H}"));
    stage.apply();
    assert_eq!((longest(&stage, (&ops, "member")), longest(&stage, (&ops, "owner"))), (json!("PT1H"), json!("PT4H")));
}

#[test]
fn the_policy_is_looked_up_right_before_each_write_since_its_id_changes() {
    let stage = Stage::new();
    let group = stage.group("sg-ops", false);
    let user = stage.user("alice");
    // both sides change, in several stages, and an assignment onboards the group in between
    stage.write("m.yaml", &settings("m", "sg-ops:member", MIXED));
    stage.write("o.yaml", &settings("o", "sg-ops:owner", MIXED));
    stage.write("a.yaml", &active("a", "sg-ops:member", ALICE, "{duration: P300D, renewBefore: P9D}"));
    let first = stage.group_policy_id((&group, "member"));
    let mark = stage.mark();
    stage.apply();
    assert_ne!(stage.group_policy_id((&group, "member")), first, "the service gave it another id");
    let sent: Vec<Entry> =
        stage.sent_since(mark).into_iter().filter(|entry| entry.caller.as_deref() == Some(APPLY)).collect();
    let mut ids = Vec::new();
    for (at, entry) in sent.iter().enumerate().filter(|(_, entry)| is_write(entry)) {
        assert_eq!(entry.status.unwrap() / 100, 2, "{entry:?}");
        let before = &sent[at - 1];
        assert!(before.method == "GET" && before.path.ends_with("/roleManagementPolicyAssignments"), "{before:?}");
        assert!(before.query.contains(&format!("scopeId eq '{group}'")), "{before:?}");
        assert!(before.query.contains("'member'") != before.query.contains("'owner'"), "{before:?}");
        ids.push(entry.path.clone());
    }
    let count = ids.len();
    assert!(count >= 4, "{ids:?}");
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count, "no id was good for a second write");
    assert!(stage.group_schedule("active", (&group, "member"), &user).is_some());
    let text = stage.run(&["plan", "--format", "json"]).exits(0).stdout;
    assert!(!text.contains("Group_"), "a plan stores no id of a policy: {text}");
}

/// Tightens for whoever activates, loosens for administrators in one respect and tightens in another, loosens for whoever activates.
const MIXED: &str = "activation: {maxDuration: PT4H, require: []}\n\
    activeAssignment: {maxDuration: P360D, require: [justification]}\n\
    eligibleAssignment: {maxDuration: P15D}";

#[test]
fn somebody_writes_the_policy_between_look_up_and_write() {
    let (stage, meddler) = meddled(|_| {});
    let group = stage.group("sg-ops", false);
    stage.write("m.yaml", &settings("m", "sg-ops:member", "activation: {maxDuration: PT4H}"));
    let found = group.clone();
    // the second look-up of that policy is the one before the write
    let seen = std::sync::atomic::AtomicUsize::new(0);
    let is_look_up = move |entry: &Entry| {
        let is_it = entry.batch.is_none() && entry.path.ends_with("/roleManagementPolicyAssignments");
        is_it && entry.query.contains("'member'") && seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0
    };
    meddler.after(is_look_up, move |stage| {
        let level = json!({"notificationLevel": "Critical"});
        stage.write_group_rule((&found, "member"), "Notification_Admin_EndUser_Assignment", level);
    });
    stage.apply();
    assert!(meddler.is_done());
    let rules = stage.group_rules((&group, "member"));
    assert_eq!(rules[LONGEST]["maximumDuration"], "PT4H");
    assert_eq!(rules["Notification_Admin_EndUser_Assignment"]["notificationLevel"], "Critical", "theirs stays");
}

#[test]
fn every_field_is_written_and_written_back_and_the_other_side_stays_untouched() {
    for (access, other) in [("member", "owner"), ("owner", "member")] {
        let stage = Stage::new();
        let (group, approvers) = (stage.group("sg-ops", true), stage.group("sg-approvers", false));
        let at = (group.as_str(), access);
        let factory = stage.group_rules(at);
        let mail = "{level: critical, defaultRecipients: false, recipients: [soc@contoso.example]}";
        let quiet = "{level: none, defaultRecipients: false}";
        let event = |name: &str| format!("{name}: {{admin: {mail}, assignee: {mail}, approver: {quiet}}}");
        let all = format!(
            "activation: {{maxDuration: PT4H, require: [justification, ticket], authenticationContext: c1, approval: {{approvers: [{{group: sg-approvers}}], requestorJustification: false, approverJustification: false}}}}\n\
             eligibleAssignment: {{permanent: allowed, maxDuration: P90D, require: [justification]}}\n\
             activeAssignment: {{permanent: allowed, maxDuration: P15D, require: [justification, multiFactorAuthentication]}}\n\
             notifications: {{{}, {}, {}}}",
            event("activation"),
            event("eligibleAssignment"),
            event("activeAssignment")
        );
        stage.write("s.yaml", &settings("s", &format!("sg-ops:{access}"), &all));
        stage.apply();
        let rules = stage.group_rules(at);
        assert_eq!(rules.len(), 17);
        for (id, rule) in &rules {
            assert_eq!(rule["target"], factory[id]["target"], "{id}: never overwritten by a bare target");
            assert_ne!(*rule, factory[id], "{id} was written");
        }
        let setting = &rules["Approval_EndUser_Assignment"]["setting"];
        let approver = &setting["approvalStages"][0]["primaryApprovers"][0];
        assert!(approver.to_string().contains(&approvers), "{approver}");
        assert_eq!(rules["AuthenticationContext_EndUser_Assignment"]["claimValue"], "c1");
        assert_eq!(rules["Notification_Approver_Admin_Assignment"]["notificationLevel"], "None");
        assert_eq!(stage.group_rules((&group, other)), factory, "the other side's");

        let reset = |name: &str| format!("{name}: {{admin: default, assignee: default, approver: default}}");
        let back = format!(
            "activation: {{maxDuration: default, require: default, authenticationContext: default, approval: default}}\n\
             eligibleAssignment: {{permanent: default, maxDuration: default, require: default}}\n\
             activeAssignment: {{permanent: default, maxDuration: default, require: default}}\n\
             notifications: {{{}, {}, {}}}",
            reset("activation"),
            reset("eligibleAssignment"),
            reset("activeAssignment")
        );
        stage.write("s.yaml", &settings("s", &format!("sg-ops:{access}"), &back));
        stage.apply();
        let rules = stage.group_rules(at);
        for (id, rule) in &factory {
            let mut rule = rule.clone();
            if rule.get("claimValue").is_some() {
                // the name of a context that is off has no effect
                rule["claimValue"] = rules[id]["claimValue"].clone();
            }
            assert_eq!(rules[id], rule, "{id}");
        }
    }
}

#[test]
fn an_acknowledged_and_ignored_write_is_repeated_once_and_then_a_failure() {
    let stage = Stage::new();
    let group = stage.group("sg-ops", false);
    stage.write("m.yaml", &settings("m", "sg-ops:member", "activation: {maxDuration: PT4H}"));
    let ignore = |to: Option<u32>| json!([{"match": {"method": "PATCH", "path": "/policies/", "to": to}, "effect": "ignorePatch"}]);
    stage.faults(ignore(None));
    let mark = stage.mark();
    stage.run(&["apply", "--yes"]).exits(4).says("accepted the settings but does not show them").says("m.yaml:");
    assert_eq!(stage.sent_since(mark).iter().filter(|entry| is_write(entry)).count(), 2);
    stage.faults(ignore(Some(1)));
    stage.apply();
    assert_eq!(longest(&stage, (&group, "member")), "PT4H");
}

#[test]
fn the_default_forbids_permanence_and_the_plan_says_so_until_it_is_allowed() {
    for (mode, event, text) in [
        ("eligible", "eligibleAssignment", eligible("a", "sg-ops:member", ALICE, "{permanent: true}")),
        ("active", "activeAssignment", active("a", "sg-ops:member", ALICE, "{permanent: true}")),
    ] {
        let stage = Stage::new();
        let (alice, group) = (stage.user("alice"), stage.group("sg-ops", false));
        stage.write("a.yaml", &text);
        let mark = stage.mark();
        stage.run(&["apply", "--yes"]).exits(1).says("infeasible-assignment").says("Expiration_Admin").says("a.yaml:");
        assert!(stage.written_since(mark).is_empty());
        // allowed for owners it is not allowed for members
        stage.write("s.yaml", &settings("s", "sg-ops:owner", &format!("{event}: {{permanent: allowed}}")));
        stage.run(&["plan"]).exits(1).says("infeasible-assignment");
        stage.write("s.yaml", &settings("s", "sg-ops:member", &format!("{event}: {{permanent: allowed}}")));
        let mark = stage.mark();
        stage.apply();
        let written = stage.written_since(mark);
        assert_eq!(written.len(), 2, "{written:?}");
        assert!(written[0].starts_with("PATCH ") && written[1].starts_with("POST "), "loosened first: {written:?}");
        assert_eq!(stage.group_end(mode, (&group, "member"), &alice), Value::Null);
        stage.advance(24 * 400);
        stage.assert_converged();
    }
}

#[test]
fn what_is_loosened_for_an_assignment_is_tightened_again_in_the_same_run_even_if_it_failed() {
    let stage = Stage::new();
    let (alice, group) = (stage.user("alice"), stage.group("sg-ops", false));
    let at = (group.as_str(), "member");
    stage.write_group_rule(at, "Expiration_Admin_Assignment", json!({"maximumDuration": "P30D"}));
    stage.write_group_rule(at, "Enablement_Admin_Assignment", json!({"enabledRules": []}));
    let body = "activeAssignment: {maxDuration: P90D, require: [justification]}";
    stage.write("s.yaml", &settings("s", "sg-ops:member", body));
    stage.write("a.yaml", &active("a", "sg-ops:member", ALICE, "{duration: P60D, renewBefore: P7D}"));
    let refused = json!({"answer": {"status": 400, "code": "BadRequest", "message": "Not today."}});
    let post = json!({"method": "POST", "path": "ScheduleRequests"});
    stage.faults(json!([{"match": post, "effect": refused}]));
    stage.run(&["apply", "--yes"]).exits(4).says("Not today.");
    let rules = stage.group_rules(at);
    assert_eq!(
        rules["Enablement_Admin_Assignment"]["enabledRules"],
        json!(["Justification"]),
        "tightened all the same"
    );
    stage.faults(json!([]));
    stage.apply();
    assert!(stage.group_schedule("active", at, &alice).is_some());

    // from the beginning, in order
    stage.write_group_rule(at, "Expiration_Admin_Assignment", json!({"maximumDuration": "P30D"}));
    stage.write_group_rule(at, "Enablement_Admin_Assignment", json!({"enabledRules": []}));
    stage.write("a.yaml", &active("a", "sg-ops:member", ALICE, "{duration: P80D, renewBefore: P70D}"));
    let mark = stage.mark();
    stage.apply();
    let verbs: Vec<String> =
        stage.written_since(mark).iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(verbs, ["PATCH", "POST", "PATCH"]);
}

#[test]
fn settings_that_nobody_declares_are_listed_and_stay() {
    let stage = Stage::new();
    let group = stage.group("sg-pim-ops", false);
    stage.write_group_rule((&group, "owner"), LONGEST, json!({"maximumDuration": "PT12H"}));
    stage.write("tenant.yaml", &owning("['sg-pim-*']"));
    let listed = stage.unmanaged();
    assert!(listed.iter().any(|line| line.starts_with("group/settings/sg-pim-ops:owner")), "{listed:?}");
    assert!(listed.iter().all(|line| !line.contains("sg-pim-ops:member")), "{listed:?}");
    stage.apply();
    assert_eq!(longest(&stage, (&group, "owner")), "PT12H");
}
