//! Directory roles, groups and Azure in one run: one plan, one order, one picture.

use serde_json::{Value, json};

use crate::azure_words::{self, SUBSCRIPTION};
use crate::chain_walk::Play;
use crate::group_words::{active, eligible, settings};
use crate::meddling::watched;
use crate::stage::tenant;
use crate::words;

const ROLE: &str = "Helpdesk Administrator";
const END: &str = "{end: 2026-08-01T00:00:00Z}";
const TIGHT: &str = "activation: {maxDuration: PT1H, require: [multiFactorAuthentication, justification, ticket]}";
const LOOSE: &str = "activation: {maxDuration: PT8H, require: [justification]}";

fn user(name: &str) -> String {
    format!("[{{user: {name}@contoso.example}}]")
}

fn reader(name: &str, principals: &str) -> String {
    azure_words::active(name, "Reader", &format!("[{SUBSCRIPTION}]"), principals, END)
}

fn reader_settings(body: &str) -> String {
    azure_words::settings("azure", "Reader", &format!("[{SUBSCRIPTION}]"), body)
}

fn before() -> String {
    [
        words::eligible("r1", ROLE, "[{group: sg-ops}]", END),
        reader("r2", "[{group: sg-net}, {group: sg-inner}]"),
        words::active("r3", "User Administrator", &user("carol"), END),
        eligible("m1", "sg-ops:member", &user("alice"), END),
        active("m2", "sg-net:member", &user("bob"), END),
        active("m3", "sg-net:member", "[{group: sg-inner}]", END),
        eligible("m4", "sg-inner:member", &user("carol"), END),
        active("o1", "sg-ops:owner", &user("carol"), END),
        words::settings("role", ROLE, &format!("  {TIGHT}\n")),
        settings("ops", "sg-ops:member", LOOSE),
        settings("inner", "sg-inner:member", TIGHT),
        reader_settings(TIGHT),
    ]
    .concat()
}

fn after() -> String {
    [
        words::eligible("r1", ROLE, "[{group: sg-tier0}]", END),
        words::eligible("r3", "User Administrator", "[{group: sg-ops}]", END),
        reader("r2", "[{group: sg-ops}]"),
        eligible("m1", "sg-ops:member", &user("bob"), END),
        eligible("m2", "sg-net:member", &user("carol"), END),
        active("m3", "sg-net:member", "[{group: sg-inner}]", END),
        eligible("m4", "sg-inner:member", &user("alice"), END),
        eligible("m5", "sg-tier0:member", "[{group: sg-inner}]", END),
        active("o1", "sg-net:owner", &user("alice"), END),
        words::settings("role", ROLE, &format!("  {LOOSE}\n")),
        settings("ops", "sg-ops:member", TIGHT),
        settings("inner", "sg-inner:member", LOOSE),
        reader_settings(LOOSE),
    ]
    .concat()
}

fn play() -> Play {
    let (stage, watched) = watched(|_| {});
    for name in ["alice", "bob", "carol"] {
        stage.user(name);
    }
    for (name, is_assignable) in [("sg-ops", true), ("sg-tier0", true), ("sg-net", false), ("sg-inner", false)] {
        stage.group(name, is_assignable);
    }
    let own = format!(
        "  ownership:\n    - {{directoryRoles: [Global Administrator], assignments: additive}}\n    \
         - {{directoryRoles: ['*'], assignments: authoritative}}\n    - {{groups: ['sg-*'], assignments: authoritative}}\n    \
         - {{azureScopes: [{SUBSCRIPTION}], assignments: authoritative}}\n  \
         limits: {{maxRemovals: 50, maxRemovalPercent: 100}}\n"
    );
    stage.write("tenant.yaml", &tenant(&own));
    stage.write("all.yaml", &before());
    stage.apply();
    stage.advance(1);
    let play = Play::new(stage, watched);
    play.stage.write("all.yaml", &after());
    play
}

#[test]
fn all_three_change_in_one_run_and_back_and_no_way_is_longer_on_the_way() {
    let mut play = play();
    let plan = play.stage.plan();
    let changes = plan["changes"].as_array().unwrap();
    for surface in ["directory", "group", "azure"] {
        assert!(changes.iter().any(|change| change["surface"] == surface), "{surface}");
    }
    play.stage.apply();
    play.was_never_longer();
    play.stage.advance(1);
    play.restart();
    play.stage.write("all.yaml", &before());
    play.stage.apply();
    play.was_never_longer();
    assert!(play.watched.writes().len() >= 10);
}

#[test]
fn whatever_fails_nothing_is_longer_and_the_next_run_converges() {
    for matches in [
        json!({"path": "ScheduleRequests", "body": "dminRemove"}),
        json!({"path": "/group/", "body": "adminRemove"}),
        json!({"method": "PATCH", "path": "olic"}),
        json!({"path": "ScheduleRequests", "every": 2}),
    ] {
        let play = play();
        let refusal = json!({"answer": {"status": 400, "code": "BadRequest", "message": "Not today."}});
        play.stage.faults(json!([{"match": matches, "effect": refusal}]));
        play.stage.run(&["apply", "--yes"]).exits(4).says("Not today.");
        play.was_never_longer();
        play.converges();
    }
}

#[test]
fn every_edge_of_the_plan_is_printed_with_its_reason() {
    let play = play();
    let plan = play.stage.plan();
    let mut edges = 0;
    let run = play.stage.run(&["plan", "-v"]).exits(0);
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = flat(&run.stdout);
    for change in plan["changes"].as_array().unwrap() {
        for edge in change["follows"].as_array().into_iter().flatten() {
            edges += 1;
            let line =
                flat(&format!("waits for {}: {}", edge["address"].as_str().unwrap(), edge["reason"].as_str().unwrap()));
            assert!(said.contains(&line), "`{line}` is not printed:\n{}", run.stdout);
        }
    }
    assert!(edges >= 5, "{edges}");
    let brief = play.stage.run(&["plan"]).exits(0);
    assert!(!flat(&brief.stdout).contains("for an instant"), "only when asked");
}

#[test]
fn one_run_reads_what_it_speaks_of_and_names_come_out_right() {
    let play = play();
    let plan: Value = play.stage.plan();
    let addresses: Vec<&str> =
        plan["changes"].as_array().unwrap().iter().map(|change| change["address"].as_str().unwrap()).collect();
    for address in [
        "group/active/sg-net:owner/user:alice@contoso.example".to_owned(),
        "group/eligible/sg-tier0:member/group:sg-inner".to_owned(),
        "directory/eligible/Helpdesk Administrator@tenant/group:sg-tier0".to_owned(),
        format!("azure/active/Reader@{SUBSCRIPTION}/group:sg-ops"),
        "group/settings/sg-inner:member".to_owned(),
    ] {
        assert!(addresses.contains(&address.as_str()), "{address}: {addresses:#?}");
    }
}
