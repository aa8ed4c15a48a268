//! A group loses what it holds and gets members in one run: first the one, then the other, whatever fails on the way.

use serde_json::json;

use crate::azure_words::{self, SUBSCRIPTION};
use crate::chain_walk::{Play, longer};
use crate::group_words::{active, eligible};
use crate::meddling::watched;
use crate::stage::tenant;
use crate::words;

const ROLE: &str = "Helpdesk Administrator";
const READER: &str = "Reader";
const CONTRIBUTOR: &str = "Contributor";
const END: &str = "{end: 2026-08-01T00:00:00Z}";
const GONE_FIRST: &str = "it must be gone first, or `";

/// Whatever these manifests speak of is owned, but the emergency accounts. What nobody speaks of is not read, which is faster.
fn owning(manifests: &str) -> String {
    let roles = "    - {directoryRoles: [Global Administrator], assignments: additive}\n    - {directoryRoles: ['*'], assignments: authoritative}\n";
    let scopes = format!("    - {{azureScopes: [{SUBSCRIPTION}], assignments: authoritative}}\n");
    let spoken = |word: &str, entry: &str| if manifests.contains(word) { entry.to_owned() } else { String::new() };
    tenant(&format!(
        "  ownership:\n    - {{groups: ['sg-*'], assignments: authoritative}}\n{}{}  limits: {{maxRemovalPercent: 100}}\n",
        spoken("directoryRole", roles),
        spoken("azureRole", &scopes)
    ))
}

fn user(name: &str) -> String {
    format!("[{{user: {name}@contoso.example}}]")
}

/// A group holds an Azure role of the subscription.
fn holds(name: &str, role: &str, group: &str) -> String {
    azure_words::active(name, role, &format!("[{SUBSCRIPTION}]"), &format!("[{{group: {group}}}]"), END)
}

/// A watched tenant of people and role-assignable groups in the state before, with the manifests of the state after.
fn play(before: &str, after: &str) -> Play {
    let (stage, watched) = watched(|_| {});
    for name in ["alice", "bob", "carol"] {
        stage.user(name);
    }
    for name in ["sg-ops", "sg-net", "sg-inner"] {
        stage.group(name, true);
    }
    stage.write("tenant.yaml", &owning(&format!("{before}{after}")));
    stage.write("all.yaml", before);
    stage.apply();
    stage.advance(1);
    let play = Play::new(stage, watched);
    play.stage.write("all.yaml", after);
    play
}

/// Returns the phases that a journal tells of, one after the other.
fn phases(journal: &std::path::Path) -> Vec<String> {
    let text = std::fs::read_to_string(journal).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let mut phases: Vec<String> = lines.map(|line| line["phase"].as_str().unwrap().to_owned()).collect();
    phases.dedup();
    phases
}

#[test]
fn a_group_loses_a_role_before_it_gets_a_member() {
    let (member, owner) = ("sg-ops:member", "sg-ops:owner");
    for (role, member) in [
        (words::active("r", ROLE, "[{group: sg-ops}]", END), eligible("m", member, &user("alice"), END)),
        (words::eligible("r", ROLE, "[{group: sg-ops}]", END), active("m", owner, &user("alice"), END)),
        (holds("r", READER, "sg-ops"), active("m", member, &user("alice"), END)),
        (holds("r", READER, "sg-ops"), eligible("m", owner, &user("alice"), END)),
    ] {
        let play = play(&role, &member);
        let plan = play.stage.plan();
        let of = |action: &str| {
            let mut changes = plan["changes"].as_array().unwrap().iter();
            changes.find(|change| change["action"] == action).unwrap().clone()
        };
        assert_eq!(of("create")["follows"][0]["address"], of("remove")["address"], "{plan}");
        let said = play.stage.run(&["plan", "-v"]).exits(0).says(GONE_FIRST);
        said.says("or `user:alice@contoso.example -> sg-ops:").says("` would hold for an instant");
        let journal = play.stage.path().join("journal.jsonl");
        play.stage.run(&["apply", "--yes", "--journal", journal.to_str().unwrap()]).exits(0);
        assert_eq!(phases(&journal), ["remove assignments", "grant and change assignments"]);
        play.stage.assert_converged();
        play.was_never_longer();
    }
}

#[test]
fn a_grant_waits_for_a_removal_that_failed_and_says_why() {
    let play = play(&holds("r", READER, "sg-ops"), &eligible("m", "sg-ops:member", &user("alice"), END));
    let refusal = json!({"answer": {"status": 400, "code": "BadRequest", "message": "Not today."}});
    let removal = json!({"path": "/roleAssignmentScheduleRequests", "body": "AdminRemove"});
    play.stage.faults(json!([{"match": removal, "effect": refusal}]));
    let run = play.stage.run(&["apply", "--yes"]).exits(4);
    run.says("Not today.").says("skipped").says(GONE_FIRST).says("all.yaml:");
    let group = play.stage.admin("GET", "/groups?$filter=displayName eq 'sg-ops'", None)["value"][0]["id"].clone();
    assert!(play.stage.rows_of_group(group.as_str().unwrap(), "eligibilitySchedules").is_empty());
    play.was_never_longer();
    play.converges();
}

#[test]
fn a_targeted_grant_brings_the_removal_that_it_follows() {
    let play = play(&holds("r", READER, "sg-ops"), &eligible("m", "sg-ops:member", &user("alice"), END));
    let target = "group/eligible/sg-ops:member/user:alice@contoso.example";
    let plan = play.stage.run(&["plan", "--format", "json", "--target", target]).exits(0).json();
    assert_eq!(plan["changes"].as_array().unwrap().len(), 2, "{plan}");
    play.stage.run(&["apply", "--yes", "--target", target]).exits(0);
    play.was_never_longer();
    play.stage.assert_converged();
}

#[test]
fn through_a_group_in_a_group() {
    let nested = eligible("n", "sg-net:member", "[{group: sg-inner}]", END);
    let member = active("m", "sg-inner:member", &user("alice"), END);
    let role = holds("r", READER, "sg-net");
    // each of the three links comes while each other one goes; the third one stays
    for (gone, came, stays) in [
        (&role, &member, &nested),
        (&role, &nested, &member),
        (&nested, &member, &role),
        (&nested, &role, &member),
        (&member, &role, &nested),
        (&member, &nested, &role),
    ] {
        let play = play(&format!("{gone}{stays}"), &format!("{came}{stays}"));
        play.stage.run(&["plan", "-v"]).exits(0).says(GONE_FIRST);
        play.stage.apply();
        play.was_never_longer();
        assert!(!play.watched.writes().is_empty());
    }
    // two links come while one goes
    let play = play(&role, &format!("{nested}{member}"));
    play.stage.apply();
    play.was_never_longer();
}

#[test]
fn two_groups_exchange_their_roles_and_their_members() {
    let before = [
        holds("r1", READER, "sg-ops"),
        holds("r2", CONTRIBUTOR, "sg-net"),
        eligible("m1", "sg-ops:member", &user("alice"), END),
        eligible("m2", "sg-net:member", &user("bob"), END),
    ]
    .concat();
    let roles = [
        holds("r1", CONTRIBUTOR, "sg-ops"),
        holds("r2", READER, "sg-net"),
        eligible("m1", "sg-ops:member", &user("alice"), END),
        eligible("m2", "sg-net:member", &user("bob"), END),
    ]
    .concat();
    let both = [
        holds("r1", CONTRIBUTOR, "sg-ops"),
        holds("r2", READER, "sg-net"),
        eligible("m1", "sg-ops:member", &user("bob"), END),
        eligible("m2", "sg-net:member", &user("alice"), END),
    ]
    .concat();
    for after in [roles, both] {
        let mut play = play(&before, &after);
        play.stage.apply();
        play.was_never_longer();
        // and back
        play.stage.advance(1);
        play.restart();
        play.stage.write("all.yaml", &before);
        play.stage.apply();
        play.was_never_longer();
    }
}

#[test]
fn what_is_no_way_to_a_role_waits_for_nothing() {
    // alice leaves the group that keeps its role, bob leaves a role of his own, carol joins a group without any
    let keeps = holds("r", READER, "sg-ops");
    let before = format!(
        "{keeps}{}{}",
        eligible("m", "sg-ops:member", &user("alice"), END),
        azure_words::active("b", CONTRIBUTOR, &format!("[{SUBSCRIPTION}]"), &user("bob"), END)
    );
    let play = play(&before, &format!("{keeps}{}", eligible("c", "sg-inner:member", &user("carol"), END)));
    let plan = play.stage.plan();
    assert_eq!(plan["changes"].as_array().unwrap().len(), 3);
    for change in plan["changes"].as_array().unwrap() {
        assert!(change["follows"].as_array().is_none_or(Vec::is_empty), "{change}");
    }
    play.converges();
}

#[test]
fn a_grant_that_is_put_off_counts_as_taken_away() {
    let member = eligible("m", "sg-ops:member", &user("alice"), END);
    let later = "{start: 2026-07-01T00:00:00Z, end: 2026-08-01T00:00:00Z}";
    let put_off = holds("r", READER, "sg-ops").replace(END, later);
    let play = play(&holds("r", READER, "sg-ops"), &format!("{put_off}{member}"));
    play.stage
        .run(&["plan", "-v"])
        .exits(0)
        .says("it must be narrowed first, or `user:alice@contoso.example -> sg-ops:member -> Reader@");
    play.stage.apply();
    play.was_never_longer();
}

#[test]
fn the_measure_finds_what_is_longer() {
    let play = play(&holds("r", READER, "sg-ops"), &eligible("m", "sg-ops:member", &user("alice"), END));
    play.stage.apply();
    let after = play.stage.running().state_json();
    let (first, last) = (play.links(play.before()), play.links(&after));
    // the new member while the role is still there
    let mut mixed = after.clone();
    mixed["azure"] = play.before()["azure"].clone();
    let seen = play.chains(&mixed);
    let long = longer(&seen, &first, &last);
    assert_eq!(long.len(), 1, "{long:#?}");
    assert_eq!(long[0].len(), 2);
    for state in [play.before(), &after] {
        assert!(longer(&play.chains(state), &first, &last).is_empty());
    }
}

#[test]
fn nobody_loses_the_keys_before_the_group_that_has_them_lets_somebody_in() {
    const KEYS: &str = "Privileged Role Administrator";
    let holds = words::active("g", KEYS, "[{group: sg-ops}]", END);
    let before = format!("{holds}{}", words::eligible("d", KEYS, &user("alice"), END));
    let play = play(&before, &format!("{holds}{}", eligible("m", "sg-ops:member", &user("alice"), END)));
    let refusal = json!({"answer": {"status": 400, "code": "BadRequest", "message": "Not today."}});
    let request = json!({"method": "POST", "path": "/group/", "body": "adminAssign"});
    play.stage.faults(json!([{"match": request, "effect": refusal}]));
    let run = play.stage.run(&["apply", "--yes"]).exits(4);
    run.says("Not today.").says("nobody loses this role before those who are to come to it by a group do");
    assert_eq!(play.watched.writes().len(), 1, "her own eligibility stays");
    play.watched.clear();
    play.converges();
    assert_eq!(play.watched.writes().len(), 2);
}
