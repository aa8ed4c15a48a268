//! The order of an apply over two Azure scopes: no instant in which anybody may do what neither the before nor the after allows,
//! and no scope that waits for the troubles of another.

use serde_json::{Map, Value, json};

use crate::access::{Fact, azure_facts, wider};
use crate::azure_words::{ROOT_GROUP, SUBSCRIPTION, active, eligible, owning, role, settings};
use crate::meddling::{Watched, watched};
use crate::stage::Stage;

const OPERATIONS: [&str; 4] = [
    "Microsoft.Compute/virtualMachines/read",
    "Microsoft.Compute/virtualMachines/start/action",
    "Microsoft.Compute/virtualMachines/restart/action",
    "Microsoft.Compute/virtualMachines/deallocate/action",
];
const VM: &str = "VM Operator";
const LONGEST: &str = "Expiration_EndUser_Assignment";

/// One person's assignment.
fn grant(mode: &str, role: &str, scope: &str, user: &str, schedule: &str) -> String {
    let name = format!("{mode}-{}-{}-{user}", role.to_lowercase().replace(' ', "-"), scope.len());
    let words = if mode == "eligible" { eligible } else { active };
    words(&name, role, &format!("[{scope}]"), &format!("[{{user: {user}@contoso.example}}]"), schedule)
}

fn govern(name: &str, role: &str, scope: &str, body: &str) -> String {
    settings(name, role, &format!("[{scope}]"), body)
}

/// Two scopes, one after the other as they are called below.
struct Play {
    stage: Stage,
    watched: Watched,
    dev: String,
    factory: Map<String, Value>,
    start: Value,
}

impl Play {
    fn new() -> Self {
        let (stage, watched) = watched(|_| {});
        for name in ["alice", "bob", "carol", "dave", "erin", "nina", "olga", "ulrich", "uma"] {
            stage.user(name);
        }
        stage.group("sg-approvers", false);
        let dev = stage.subscription("dev", "dev", ROOT_GROUP);
        let factory = stage.azure_rules(SUBSCRIPTION, "Contributor");
        stage.write("tenant.yaml", &owning(&[SUBSCRIPTION, &dev]));
        let mut play = Self { stage, watched, dev, factory, start: Value::Null };
        play.stage.write("all.yaml", &play.before());
        play.stage.apply();
        play.stage.advance(24);
        play.stage.write("all.yaml", &play.after());
        play.watched.clear();
        play.start = play.stage.running().state_json();
        play
    }

    /// The reviewed state before.
    fn before(&self) -> String {
        let (prod, dev) = (SUBSCRIPTION, self.dev.as_str());
        let both = format!("[{prod}, {dev}]");
        let strict = "activation: {maxDuration: PT4H, require: [justification], approval: {approvers: [{group: sg-approvers}]}}\n\
            eligibleAssignment: {permanent: forbidden, maxDuration: P30D}\n\
            activeAssignment: {permanent: allowed, require: []}";
        [
            role("vm-operator", VM, &format!("{{actions: [{}, {}]}}", OPERATIONS[1], OPERATIONS[2]), &both, ""),
            role("old-role", "Old Role", &format!("{{actions: [{}]}}", OPERATIONS[0]), &both, ""),
            govern("prod", VM, prod, strict),
            govern("dev", VM, dev, "activation: {maxDuration: PT1H, require: [justification, ticket]}"),
            grant("eligible", VM, prod, "alice", "{duration: P30D, renewBefore: P7D}"),
            grant("eligible", VM, prod, "carol", "{duration: P30D, renewBefore: P7D}"),
            grant("active", VM, prod, "erin", "{permanent: true}"),
            grant("eligible", "Old Role", dev, "olga", "{duration: P90D, renewBefore: P7D}"),
            grant("eligible", VM, dev, "ulrich", "{duration: P90D, renewBefore: P7D}"),
            grant("eligible", VM, dev, "uma", "{duration: P90D, renewBefore: P7D}"),
        ]
        .concat()
    }

    /// The reviewed state after: parts in all nine phases, and much of it against the grain.
    fn after(&self) -> String {
        let (prod, dev) = (SUBSCRIPTION, self.dev.as_str());
        let both = format!("[{prod}, {dev}]");
        let loose = "activation: {maxDuration: PT2H, require: [justification, ticket], approval: none}\n\
            eligibleAssignment: {permanent: forbidden, maxDuration: P180D}\n\
            activeAssignment: {permanent: forbidden, maxDuration: P15D, require: [justification]}\n\
            notifications: {activation: {admin: {level: critical}}}";
        [
            role("vm-operator", VM, &format!("{{actions: [{}, {}]}}", OPERATIONS[1], OPERATIONS[3]), &both, ""),
            role("new-role", "New Role", "{actions: ['Microsoft.Compute/virtualMachines/*/action']}", &both, ""),
            govern("prod", VM, prod, loose),
            govern("dev", VM, dev, "activation: {maxDuration: PT8H, require: [justification]}"),
            govern("new", "New Role", dev, "activation: {maxDuration: PT1H}"),
            grant("eligible", VM, prod, "bob", "{duration: P120D, renewBefore: P14D}"),
            grant("eligible", VM, prod, "carol", "{duration: P10D, renewBefore: P3D}"),
            grant("active", VM, prod, "dave", "{duration: P10D, renewBefore: P3D}"),
            grant("eligible", "New Role", dev, "nina", "{duration: P90D, renewBefore: P14D}"),
            grant("eligible", VM, dev, "uma", "{duration: P90D, renewBefore: P7D}"),
        ]
        .concat()
    }

    fn facts(&self, state: &Value) -> Vec<Fact> {
        azure_facts(state, &self.factory, &OPERATIONS)
    }

    /// Asserts that every state that was seen lies within the state before and the state now.
    #[track_caller]
    fn was_never_wider(&self) {
        let (first, last) = (self.facts(&self.start), self.facts(&self.stage.running().state_json()));
        assert!(!first.is_empty() && !last.is_empty());
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
        let held = |scope: &str| {
            let eligible = self.stage.azure_rows(scope, "roleEligibilitySchedules").len();
            eligible + self.stage.azure_rows(scope, "roleAssignmentSchedules").len()
        };
        assert_eq!((held(SUBSCRIPTION), held(&self.dev)), (3, 2));
    }

    fn fails(&self, matches: Value) {
        let answer = json!({"answer": {"status": 400, "code": "BadRequest", "message": "Not today."}});
        self.stage.faults(json!([{"match": matches, "effect": answer}]));
    }

    fn longest(&self, scope: &str) -> Value {
        self.stage.azure_rules(scope, VM)[LONGEST]["maximumDuration"].clone()
    }

    fn actions(&self) -> Value {
        let roles = self.stage.azure_roles(SUBSCRIPTION);
        let vm = roles.iter().find(|role| role["properties"]["roleName"] == VM).unwrap();
        vm["properties"]["permissions"][0]["actions"].clone()
    }
}

#[test]
fn all_phases_in_order_and_never_wider_than_before_and_after() {
    let play = Play::new();
    let journal = play.stage.path().join("journal.jsonl");
    play.stage.run(&["apply", "--yes", "--journal", journal.to_str().unwrap()]).exits(0);
    let text = std::fs::read_to_string(journal).unwrap();
    let mut phases: Vec<Value> =
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["phase"].clone()).collect();
    phases.dedup();
    assert_eq!(phases.len(), 9, "each phase once: {phases:?}");
    play.converges();
    // and back, by the same measure
    play.stage.advance(24);
    play.stage.write("all.yaml", &play.before());
    let play = Play { start: play.stage.running().state_json(), ..play };
    play.watched.clear();
    play.stage.apply();
    play.was_never_wider();
}

#[test]
fn the_measure_finds_what_is_wider() {
    let play = Play::new();
    play.stage.run(&["apply", "--yes"]).exits(0);
    let after = play.stage.running().state_json();
    let (first, last) = (play.facts(&play.start), play.facts(&after));
    for part in ["policies", "roles"] {
        let mut mixed = play.start.clone();
        mixed["azure"][part] = after["azure"][part].clone();
        if part == "roles" {
            // the holders of the role that is gone hold nothing
            mixed["azure"]["roles"] = merged(&play.start["azure"]["roles"], &after["azure"]["roles"]);
        }
        assert!(!wider(&play.facts(&mixed), &first, &last).is_empty(), "{part}");
    }
    assert!(wider(&first, &first, &last).is_empty() && wider(&last, &first, &last).is_empty());
}

fn merged(old: &Value, new: &Value) -> Value {
    let mut all = old.as_object().unwrap().clone();
    all.extend(new.as_object().unwrap().clone());
    Value::Object(all)
}

#[test]
fn a_failure_at_one_scope_holds_nothing_up_at_another() {
    let play = Play::new();
    play.fails(json!({"method": "PUT", "path": format!("{}/providers", play.dev), "body": "AdminRemove"}));
    let run = play.stage.run(&["apply", "--yes"]).exits(4).says("Not today.");
    let run = run.says("whoever loses the role must not gain from it first");
    run.says("a role can be removed once nobody holds it");
    assert_eq!(play.longest(&play.dev), "PT1H", "not loosened where somebody still holds it");
    let rules = play.stage.azure_rules(SUBSCRIPTION, VM);
    assert_eq!(rules["Approval_EndUser_Assignment"]["setting"]["isApprovalRequired"], false, "the other scope goes on");
    assert_eq!(play.longest(SUBSCRIPTION), "PT2H");
    assert_eq!(play.actions(), json!([OPERATIONS[1]]), "a role bears on both: narrowed, not widened");
    play.converges();
}

#[test]
fn what_was_loosened_for_assignments_is_tightened_again_even_if_they_failed() {
    let play = Play::new();
    play.fails(json!({"method": "PUT", "path": "ScheduleRequests", "body": "AdminAssign"}));
    play.stage.run(&["apply", "--yes"]).exits(4).says("Not today.");
    let rules = play.stage.azure_rules(SUBSCRIPTION, VM);
    assert_eq!(rules["Expiration_Admin_Assignment"]["isExpirationRequired"], true);
    assert_eq!(rules["Expiration_Admin_Assignment"]["maximumDuration"], "P15D");
    play.converges();
}

#[test]
fn nothing_is_granted_or_widened_when_settings_could_not_be_tightened() {
    let play = Play::new();
    play.fails(json!({"method": "PATCH", "path": format!("{SUBSCRIPTION}/providers")}));
    let run = play.stage.run(&["apply", "--yes"]).exits(4).says("Not today.");
    run.says("whoever gets the role must meet the reviewed settings");
    assert_eq!(play.actions(), json!([OPERATIONS[1]]), "narrowed, not widened");
    assert_eq!(play.longest(&play.dev), "PT8H", "the other scope goes on");
    let nina = play.stage.azure_rows(&play.dev, "roleEligibilitySchedules").len();
    assert_eq!(nina, 2, "nina and uma");
    play.converges();
}

#[test]
fn nothing_is_granted_when_a_role_could_not_be_narrowed() {
    let play = Play::new();
    play.fails(json!({"method": "PUT", "path": "/roleDefinitions/", "body": VM}));
    let run = play.stage.run(&["apply", "--yes"]).exits(4).says("Not today.");
    run.says("whoever gets the role must not get more than its reviewed definition");
    assert!(play.stage.azure_roles(SUBSCRIPTION).iter().any(|role| role["properties"]["roleName"] == "New Role"));
    play.converges();
}
