//! Groups come under PIM by the first change, for good: said in the plan, and waited for where the group is new.

use jiff::SignedDuration;
use rolewright::sandbox::GroupResources;
use serde_json::{Value, json};

use crate::group_words::{active, eligible, owning, settings};
use crate::stage::{START, Stage};
use crate::words::until;

const ALICE: &str = "[{user: alice@contoso.example}]";
const END: &str = "{end: 2026-08-01T00:00:00Z}";

/// A group, and a change of each kind to it.
fn before(change: impl FnOnce(&mut rolewright::sandbox::SandboxOptions)) -> (Stage, String, String) {
    let stage = Stage::with(change);
    let (alice, group) = (stage.user("alice"), stage.group("sg-pim-ops", false));
    stage.write("s.yaml", &settings("s", "sg-pim-ops:owner", "activation: {maxDuration: PT4H}"));
    stage.write("a.yaml", &eligible("a", "sg-pim-ops:member", ALICE, END));
    stage.write("b.yaml", &active("b", "sg-pim-ops:owner", ALICE, END));
    (stage, alice, group)
}

fn onboarding(plan: &Value) -> Vec<bool> {
    plan["changes"].as_array().unwrap().iter().map(|change| change["onboards"] == true).collect()
}

#[test]
fn every_change_of_a_group_that_is_not_onboarded_says_so_and_none_after() {
    let (stage, _, group) = before(|_| {});
    let other = stage.group("sg-pim-known", false);
    stage.write_group_rule((&other, "member"), "Expiration_EndUser_Assignment", json!({"maximumDuration": "PT2H"}));
    stage.write("c.yaml", &eligible("c", "sg-pim-known:member", ALICE, END));
    let plan = stage.plan();
    for change in plan["changes"].as_array().unwrap() {
        let is_new = change["address"].as_str().unwrap().contains("sg-pim-ops");
        assert_eq!(change["onboards"] == true, is_new, "{change}");
    }
    assert_eq!(onboarding(&plan).iter().filter(|onboards| **onboards).count(), 3);
    stage.run(&["plan"]).exits(0).says("under PIM");
    stage.run(&["plan", "--format", "markdown"]).exits(0).says("under PIM");
    assert!(!stage.is_onboarded(&group), "a plan onboards nothing");
    stage.apply();
    assert!(stage.is_onboarded(&group));
    stage.write("a.yaml", &eligible("a", "sg-pim-ops:member", ALICE, "{end: 2026-09-01T00:00:00Z}"));
    assert_eq!(onboarding(&stage.plan()), [false]);
    stage.run(&["plan"]).exits(0).never_says("under PIM");
    stage.apply();
}

#[test]
fn a_tenant_that_shows_the_list_on_beta_only_is_asked_there() {
    let (stage, ..) = before(|options| options.switches.group_resources = GroupResources::BetaOnly);
    let mark = stage.mark();
    assert_eq!(onboarding(&stage.plan()), [true, true, true]);
    assert_eq!(stage.sent_about(mark, "/v1.0/identityGovernance/privilegedAccess/group/resources").len(), 1);
    assert_eq!(stage.sent_about(mark, "/beta/identityGovernance/privilegedAccess/group/resources").len(), 1);
    stage.apply();
    assert!(stage.notices().iter().all(|line| !line.contains("onboard") && !line.contains("discovered")));
}

#[test]
fn where_no_list_tells_named_groups_are_planned_and_the_doubt_is_said() {
    let (stage, _, _) = before(|options| options.switches.group_resources = GroupResources::Nowhere);
    let (bob, unnamed) = (stage.user("bob"), stage.group("sg-pim-unnamed", false));
    stage.in_group("eligible", "adminAssign", (&unnamed, "member"), &bob, until("2026-08-01T00:00:00Z"));
    stage.advance(1);
    stage.write("tenant.yaml", &owning("['sg-pim-*']"));
    let notices = stage.notices();
    assert!(notices.iter().any(|line| line.starts_with("may-onboard")), "{notices:?}");
    assert!(notices.iter().any(|line| line.starts_with("groups-not-discovered")), "{notices:?}");
    let plan = stage.plan();
    assert_eq!(plan["complete"], true, "it is how this tenant is, not a read that failed");
    assert_eq!(onboarding(&plan), [false, false, false], "nobody knows");
    stage.apply();
    assert!(stage.group_schedule("eligible", (&unnamed, "member"), &bob).is_some());
    // in sync there is nothing to be unsure of but what a glob would find
    assert!(stage.notices().iter().all(|line| !line.starts_with("may-onboard")));
    stage.write("tenant.yaml", &owning("[sg-pim-ops]"));
    assert!(stage.notices().is_empty(), "{:?}", stage.notices());
}

#[test]
fn a_list_that_is_refused_makes_the_plan_incomplete() {
    for status in [403, 500] {
        let (stage, alice, group) = before(|_| {});
        let (bob, unnamed) = (stage.user("bob"), stage.group("sg-pim-unnamed", false));
        stage.in_group("eligible", "adminAssign", (&unnamed, "member"), &bob, until("2026-08-01T00:00:00Z"));
        stage.in_group("eligible", "adminAssign", (&group, "owner"), &bob, until("2026-08-01T00:00:00Z"));
        stage.advance(1);
        stage.write("tenant.yaml", &owning("['sg-pim-*']"));
        let refused = json!({"answer": {"status": status, "code": "UnknownError"}});
        stage.faults(json!([{"match": {"path": "/group/resources"}, "effect": refused}]));
        stage.run(&["plan", "--timeout", "5"]).exits(1).says("the list of onboarded groups");
        stage.run(&["drift", "--timeout", "5"]).exits(1);
        let plan = stage.run(&["plan", "--format", "json", "--allow-incomplete", "--timeout", "5"]).json();
        assert_eq!(plan["complete"], false);
        let line = |c: &Value| format!("{} {}", c["action"].as_str().unwrap(), c["address"].as_str().unwrap());
        let changes: Vec<String> = plan["changes"].as_array().unwrap().iter().map(line).collect();
        assert!(changes.iter().all(|line| !line.contains("sg-pim-unnamed")), "{status}: {changes:?}");
        assert!(changes.contains(&"update group/settings/sg-pim-ops:owner".to_owned()), "{changes:?}");
        stage.run(&["apply", "--yes", "--allow-incomplete", "--timeout", "5"]);
        assert!(stage.group_schedule("eligible", (&group, "member"), &alice).is_some(), "{status}");
        assert!(stage.group_schedule("eligible", (&unnamed, "member"), &bob).is_some(), "{status}");
        stage.faults(json!([]));
        stage.apply();
        assert!(stage.group_schedule("eligible", (&unnamed, "member"), &bob).is_none(), "{status}");
    }
}

fn waited(stage: &Stage) -> SignedDuration {
    rolewright::clock::Clock::now(&stage.clock).duration_since(START.parse().unwrap())
}

/// What was measured of new groups: unknown, then known and failing, then ready; their policies are not there yet either.
fn young() -> Value {
    let requests = |from: u32, to: u32| json!({"method": "POST", "path": "ScheduleRequests", "from": from, "to": to});
    let unknown =
        json!({"answer": {"status": 404, "code": "ResourceNotFound", "message": "The resource is not found."}});
    let failed = json!({"request": {"status": "Failed"}});
    // as the service saw the tenant before the group, which was made last
    let empty = json!({"staleRead": {"writes": 1}});
    let policies = json!({"method": "GET", "path": "/roleManagementPolicyAssignments", "to": 3});
    json!([
        {"match": requests(1, 2), "effect": unknown},
        {"match": requests(3, 3), "effect": failed},
        {"match": policies, "effect": empty},
    ])
}

#[test]
fn a_new_group_is_waited_for_and_granted_once() {
    let (stage, alice, group) = before(|options| options.faults = serde_json::from_value(young()).unwrap());
    stage.erase("b.yaml");
    let run = stage.apply();
    run.says("settings-not-visible").says("the service's defaults are assumed");
    assert!(stage.group_schedule("eligible", (&group, "member"), &alice).is_some());
    assert_eq!(stage.group_rules((&group, "owner"))["Expiration_EndUser_Assignment"]["maximumDuration"], "PT4H");
    let granted = stage.rows_of_group(&group, "eligibilityScheduleRequests");
    let good = granted.iter().filter(|row| row["status"] == "Provisioned").count();
    assert_eq!((good, granted.len()), (1, 2), "one failed, one was granted");
    assert!(waited(&stage) < SignedDuration::from_mins(3), "{}", waited(&stage));
}

#[test]
fn a_new_group_whose_settings_are_not_what_was_assumed_gets_nobody() {
    // the plan's read shows the tenant as it was before the group
    let hidden = json!({"method": "GET", "path": "/roleManagementPolicyAssignments", "batch": true});
    let hidden = json!([{"match": hidden, "effect": {"staleRead": {"writes": 2}}}]);
    let (stage, alice, group) = before(|options| options.faults = serde_json::from_value(hidden).unwrap());
    stage.erase("s.yaml");
    stage.erase("b.yaml");
    stage.write_group_rule((&group, "member"), "Expiration_EndUser_Assignment", json!({"maximumDuration": "PT24H"}));
    let run = stage.run(&["apply", "--yes"]).exits(4);
    run.says("the settings for membership of the group are not the defaults that were assumed (Expiration_EndUser_Assignment);");
    assert!(stage.group_schedule("eligible", (&group, "member"), &alice).is_none());
    stage.faults(json!([]));
    stage.apply();
}

#[test]
fn a_group_that_stays_unknown_is_reported_within_the_patience() {
    let (stage, ..) = before(|_| {});
    let unknown =
        json!({"answer": {"status": 404, "code": "ResourceNotFound", "message": "The resource is not found."}});
    stage.faults(json!([{"match": {"method": "POST", "path": "ScheduleRequests"}, "effect": unknown}]));
    stage.run(&["apply", "--yes"]).exits(4).says("The resource is not found").says("a.yaml:");
    assert!(waited(&stage) < SignedDuration::from_mins(15), "{}", waited(&stage));
    stage.faults(json!([]));
    stage.apply();
}

#[test]
fn everything_converges_over_lagging_replicas() {
    let (stage, alice, group) = before(|options| options.lag = SignedDuration::from_secs(10));
    stage.clock.advance(SignedDuration::from_secs(10));
    stage.apply();
    assert!(stage.group_schedule("eligible", (&group, "member"), &alice).is_some());
    assert!(stage.group_schedule("active", (&group, "owner"), &alice).is_some());
    assert!(waited(&stage) < SignedDuration::from_mins(3), "{}", waited(&stage));
    assert_eq!(stage.requested_in("eligible", &group), ["adminAssign"]);
    // both sides' settings, whose policies change their ids, and back to nothing
    stage.write("tenant.yaml", &owning("['sg-pim-*']"));
    let mixed = "activation: {maxDuration: PT2H, require: []}\nactiveAssignment: {maxDuration: P360D, require: []}";
    stage.write("s.yaml", &["member", "owner"].map(|a| settings(a, &format!("sg-pim-ops:{a}"), mixed)).concat());
    stage.clock.advance(SignedDuration::from_mins(10));
    stage.apply();
    stage.erase("a.yaml");
    stage.erase("b.yaml");
    stage.apply();
    stage.clock.advance(SignedDuration::from_mins(1));
    assert!(stage.group_schedule("eligible", (&group, "member"), &alice).is_none());
    assert!(stage.group_schedule("active", (&group, "owner"), &alice).is_none());
}
