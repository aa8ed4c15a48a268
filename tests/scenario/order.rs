//! The order of an apply: nine phases, and no instant in which anybody may do what neither the before nor the after allows, whether
//! all goes well or something fails on the way.

use serde_json::{Map, Value, json};

use crate::access::{Fact, facts, wider};
use crate::manifest::{assignment, role, settings};
use crate::meddling::{Watched, watched};
use crate::stage::{Stage, tenant};

const UPDATE: &str = "microsoft.directory/applications/basic/update";
const ASSIGN: &str = "microsoft.directory/servicePrincipals/appRoleAssignedTo/update";
const READ: &str = "microsoft.directory/servicePrincipals/appRoleAssignedTo/read";
const APP: &str = "App Operator";
const USERS: &str = "User Administrator";

const PHASES: [&str; 9] = [
    "create and narrow roles",
    "tighten activation settings",
    "loosen assignment settings",
    "grant and change assignments",
    "tighten assignment settings",
    "remove assignments",
    "loosen activation settings",
    "widen roles",
    "remove roles",
];

fn eligible(role: &str, user: &str, schedule: &str) -> String {
    assignment("EligibleAssignment", role, user, schedule)
}

fn active(role: &str, user: &str, schedule: &str) -> String {
    assignment("ActiveAssignment", role, user, schedule)
}

/// The reviewed state before.
fn before() -> String {
    let app = "activation: {maxDuration: PT4H, require: [justification], approval: {approvers: [{group: sg-approvers}]}}\n\
               eligibleAssignment: {permanent: forbidden, maxDuration: P30D}\n\
               activeAssignment: {permanent: allowed, maxDuration: P180D, require: []}";
    [
        role("app-operator", APP, &[UPDATE, ASSIGN], ""),
        role("old-role", "Old Role", &[READ], ""),
        settings(APP, app),
        settings(USERS, "activation: {maxDuration: PT1H, require: [multiFactorAuthentication, justification, ticket]}"),
        eligible(APP, "alice", "{duration: P30D, renewBefore: P7D}"),
        eligible(APP, "carol", "{duration: P30D, renewBefore: P7D}"),
        active(APP, "erin", "{permanent: true}"),
        eligible("Old Role", "olga", "{permanent: true}"),
        eligible(USERS, "ulrich", "{permanent: true}"),
        eligible(USERS, "uma", "{permanent: true}"),
    ]
    .concat()
}

/// The reviewed state after: parts in all nine phases, and much of it against the grain.
fn after() -> String {
    let app = "activation: {maxDuration: PT2H, require: [justification, ticket], approval: none}\n\
               eligibleAssignment: {permanent: forbidden, maxDuration: P180D}\n\
               activeAssignment: {permanent: forbidden, maxDuration: P15D, require: [justification]}\n\
               notifications: {activation: {admin: {level: critical}}}";
    [
        role("app-operator", APP, &[UPDATE, READ], ""),
        role("new-role", "New Role", &[ASSIGN], ""),
        settings(APP, app),
        settings(USERS, "activation: {maxDuration: PT8H, require: [justification]}"),
        settings("New Role", "activation: {maxDuration: PT1H}"),
        eligible(APP, "bob", "{duration: P120D, renewBefore: P14D}"),
        eligible(APP, "carol", "{duration: P10D, renewBefore: P3D}"),
        active(APP, "dave", "{duration: P10D, renewBefore: P3D}"),
        eligible("New Role", "nina", "{duration: P90D, renewBefore: P14D}"),
        eligible(USERS, "uma", "{permanent: true}"),
    ]
    .concat()
}

/// A tenant in the state before, with the manifests of the state after.
struct Play {
    stage: Stage,
    watched: Watched,
    factory: Map<String, Value>,
    before: Value,
}

impl Play {
    fn new() -> Self {
        let (stage, watched) = watched(|_| {});
        for name in ["alice", "bob", "carol", "dave", "erin", "nina", "olga", "ulrich", "uma"] {
            stage.user(name);
        }
        stage.group("sg-approvers", false);
        let owned = "  ownership:\n    - {directoryRoles: [App Operator, Old Role, New Role, User Administrator], \
                     assignments: authoritative, roleDefinitions: authoritative}\n  limits: {maxRemovalPercent: 100}\n";
        stage.write("tenant.yaml", &tenant(owned));
        stage.write("all.yaml", &before());
        stage.apply();
        stage.advance(24);
        stage.write("all.yaml", &after());
        watched.clear();
        let factory = stage.rules("Teams Administrator");
        let before = stage.running().state_json();
        Self { stage, watched, factory, before }
    }

    fn facts(&self, state: &Value) -> Vec<Fact> {
        facts(state, &self.factory)
    }

    /// Asserts that every state that was seen lies within the state before and the state now.
    #[track_caller]
    fn was_never_wider(&self) {
        let after = self.stage.running().state_json();
        let (first, last) = (self.facts(&self.before), self.facts(&after));
        for (entry, state) in self.watched.writes() {
            let seen = self.facts(&state);
            let wide = wider(&seen, &first, &last);
            assert!(wide.is_empty(), "after {} {}: {wide:#?}", entry.method, entry.path);
        }
    }

    /// Clears the faults, applies again, and looks back at all of it.
    #[track_caller]
    fn converges(&self) {
        self.stage.faults(json!([]));
        self.stage.apply();
        self.was_never_wider();
        let holders =
            self.stage.rows("roleEligibilitySchedules").len() + self.stage.rows("roleAssignmentSchedules").len();
        assert_eq!(holders, 5 + 2, "those declared, and the two Global Administrators");
        assert_eq!(self.stage.rows("roleDefinitions?$filter=isBuiltIn eq false").len(), 2);
    }

    fn fails(&self, matches: Value) {
        let answer = json!({"answer": {"status": 400, "code": "BadRequest", "message": "Not today."}});
        self.stage.faults(json!([{"match": matches, "effect": answer}]));
    }
}

#[test]
fn all_nine_phases_in_order_and_never_wider_than_before_and_after() {
    let play = Play::new();
    let journal = play.stage.path().join("journal.jsonl");
    let run = play.stage.run(&["apply", "--yes", "--journal", journal.to_str().unwrap()]);
    run.exits(0);
    play.stage.assert_converged();
    let text = std::fs::read_to_string(journal).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut phases: Vec<usize> =
        lines.map(|line| PHASES.iter().position(|phase| line["phase"] == *phase).unwrap()).collect();
    assert!(phases.is_sorted(), "{phases:?}");
    phases.dedup();
    assert_eq!(phases, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    play.was_never_wider();

    // administrators may meanwhile do what they could before or can after, rule by rule and field by field
    let end = play.stage.running().state_json();
    for (_, state) in play.watched.writes() {
        for (template, policy) in state["policies"].as_object().unwrap() {
            for rule in policy["rules"].as_array().unwrap() {
                let id = rule["id"].as_str().unwrap();
                let of = |state: &Value| {
                    let rules = state["policies"][template]["rules"].as_array().cloned();
                    let found = rules.and_then(|rules| rules.into_iter().find(|rule| rule["id"] == id));
                    found.unwrap_or_else(|| play.factory[id].clone())
                };
                let (first, last) = (of(&play.before), of(&end));
                let is_admin = id.starts_with("Expiration_Admin") || id.starts_with("Enablement_Admin");
                for (field, value) in rule.as_object().unwrap().iter().filter(|_| is_admin) {
                    assert!(*value == first[field] || *value == last[field], "{id} {field}: {value}");
                }
            }
        }
    }
    play.converges();

    // and back, by the same measure
    play.stage.advance(24);
    play.stage.write("all.yaml", &before());
    let play = Play { before: play.stage.running().state_json(), ..play };
    play.watched.clear();
    play.stage.apply();
    play.was_never_wider();
}

#[test]
fn the_measure_finds_what_is_wider() {
    let play = Play::new();
    play.stage.apply();
    let after = play.stage.running().state_json();
    let (first, last) = (play.facts(&play.before), play.facts(&after));
    // the new settings over the old holders, and the new role over the old settings
    for part in ["policies", "customRoles"] {
        let mut mixed = play.before.clone();
        mixed[part] = after[part].clone();
        assert!(!wider(&play.facts(&mixed), &first, &last).is_empty(), "{part}");
    }
    let mut mixed = after.clone();
    mixed["customRoles"] = play.before["customRoles"].clone();
    let wide = play.facts(&mixed);
    assert!(!wider(&wide, &first, &last).is_empty());
    assert!(wider(&first, &first, &last).is_empty() && wider(&last, &first, &last).is_empty());
}

#[test]
fn what_was_loosened_for_assignments_is_tightened_again_even_if_they_failed() {
    let play = Play::new();
    play.fails(json!({"method": "POST", "path": "ScheduleRequests", "body": "adminAssign"}));
    play.stage.run(&["apply", "--yes"]).exits(4).says("Not today.");
    let rules = play.stage.rules(APP);
    assert_eq!(rules["Expiration_Admin_Assignment"]["isExpirationRequired"], true);
    assert_eq!(rules["Expiration_Admin_Assignment"]["maximumDuration"], "P15D");
    assert_eq!(rules["Enablement_Admin_Assignment"]["enabledRules"], json!(["Justification"]));
    play.converges();
}

#[test]
fn nothing_loosens_when_a_removal_failed() {
    let play = Play::new();
    play.fails(json!({"method": "POST", "path": "ScheduleRequests", "body": "adminRemove"}));
    let run = play.stage.run(&["apply", "--yes"]).exits(4);
    let run = run.says("Not today.").says("whoever loses the role must not gain from it first");
    run.says("a role can be removed once nobody holds it");
    let rules = play.stage.rules(APP);
    assert_eq!(rules["Approval_EndUser_Assignment"]["setting"]["isApprovalRequired"], true, "not loosened");
    assert_eq!(rules["Expiration_EndUser_Assignment"]["maximumDuration"], "PT2H", "but tightened");
    assert_eq!(play.stage.rules(USERS)["Expiration_EndUser_Assignment"]["maximumDuration"], "PT1H", "not loosened");
    let roles = play.stage.rows("roleDefinitions?$filter=isBuiltIn eq false");
    let app = roles.iter().find(|role| role["displayName"] == APP).unwrap();
    assert_eq!(app["rolePermissions"][0]["allowedResourceActions"], json!([UPDATE]), "narrowed, not widened");
    assert!(roles.iter().any(|role| role["displayName"] == "Old Role"), "not removed");
    play.converges();
}

#[test]
fn nothing_is_granted_or_loosened_when_a_role_could_not_be_narrowed() {
    let play = Play::new();
    play.fails(json!({"method": "PATCH", "path": "/roleDefinitions/"}));
    let run = play.stage.run(&["apply", "--yes"]).exits(4).says("Not today.");
    run.says("whoever gets the role must not get more than its reviewed definition");
    assert_eq!(play.stage.rules(APP)["Approval_EndUser_Assignment"]["setting"]["isApprovalRequired"], true);
    assert_eq!(play.stage.rules(USERS)["Expiration_EndUser_Assignment"]["maximumDuration"], "PT8H", "goes on");
    play.converges();
}

#[test]
fn nothing_is_granted_or_widened_when_settings_could_not_be_tightened() {
    let play = Play::new();
    play.fails(json!({"method": "PATCH", "path": "/policies/"}));
    let run = play.stage.run(&["apply", "--yes"]).exits(4).says("Not today.");
    run.says("whoever gets the role must meet the reviewed settings");
    let roles = play.stage.rows("roleDefinitions?$filter=isBuiltIn eq false");
    let app = roles.iter().find(|role| role["displayName"] == APP).unwrap();
    assert_eq!(app["rolePermissions"][0]["allowedResourceActions"], json!([UPDATE]), "narrowed, not widened");
    play.converges();
}

#[test]
fn a_role_and_its_settings_wait_for_each_other() {
    let stage = Stage::new();
    let declare = |permissions: &[&str], duration: &str| {
        let body = format!("activation: {{maxDuration: {duration}}}");
        stage.write("role.yaml", &(role("app-operator", APP, permissions, "") + &settings(APP, &body)));
    };
    let answer = json!({"answer": {"status": 400, "code": "BadRequest", "message": "Not today."}});
    let fail =
        |path: &str| stage.faults(json!([{"match": {"method": "PATCH", "path": path}, "effect": answer.clone()}]));
    declare(&[UPDATE, ASSIGN], "PT4H");
    stage.apply();

    declare(&[UPDATE], "PT8H");
    fail("/roleDefinitions/");
    let run = stage.run(&["apply", "--yes"]).exits(4);
    run.says("what the role loses must not be gained by looser settings first");
    assert_eq!(stage.rules(APP)["Expiration_EndUser_Assignment"]["maximumDuration"], "PT4H");
    stage.faults(json!([]));
    stage.apply();

    declare(&[UPDATE, ASSIGN], "PT4H");
    fail("/policies/");
    stage.run(&["apply", "--yes"]).exits(4).says("the tighter settings must hold before the role allows more");
    let role = stage.rows("roleDefinitions?$filter=isBuiltIn eq false").remove(0);
    assert_eq!(role["rolePermissions"][0]["allowedResourceActions"], json!([UPDATE]));
    stage.faults(json!([]));
    stage.apply();
}
