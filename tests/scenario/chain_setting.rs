//! Settings and role definitions on a way through groups: tightened before the way gets a new end, loosened after it lost one.

use serde_json::{Value, json};

use crate::azure_words::SUBSCRIPTION;
use crate::chain_walk::{Play, longer};
use crate::group_words::{active, eligible, settings};
use crate::meddling::watched;
use crate::stage::tenant;
use crate::words;

const ROLE: &str = "Helpdesk Administrator";
const END: &str = "{end: 2026-08-01T00:00:00Z}";
const TIGHT: &str = "activation: {maxDuration: PT1H, require: [multiFactorAuthentication, justification, ticket]}";
const LOOSE: &str = "activation: {maxDuration: PT8H, require: [justification]}";
const TIGHTENED_FIRST: &str = "its settings must be tightened first, or `";

fn alice() -> String {
    "[{user: alice@contoso.example}]".to_owned()
}

fn of_role(body: &str) -> String {
    words::settings("role", ROLE, &format!("  {body}\n"))
}

fn of_group(body: &str) -> String {
    settings("group", "sg-ops:member", body)
}

/// A watched tenant in the state before, with the manifests of the state after.
fn play(before: &str, after: &str) -> Play {
    let (stage, watched) = watched(|_| {});
    for name in ["alice", "bob"] {
        stage.user(name);
    }
    for name in ["sg-ops", "sg-inner"] {
        stage.group(name, true);
    }
    let own = format!(
        "  ownership:\n    - {{directoryRoles: [Global Administrator], assignments: additive}}\n    \
         - {{directoryRoles: ['*'], assignments: authoritative, roleDefinitions: authoritative}}\n    \
         - {{groups: ['sg-*'], assignments: authoritative}}\n    \
         - {{azureScopes: [{SUBSCRIPTION}], assignments: authoritative}}\n  limits: {{maxRemovalPercent: 100}}\n"
    );
    stage.write("tenant.yaml", &tenant(&own));
    stage.write("all.yaml", before);
    stage.apply();
    stage.advance(1);
    let play = Play::new(stage, watched);
    play.stage.write("all.yaml", after);
    play
}

fn fails(play: &Play, matches: Value) {
    let answer = json!({"answer": {"status": 400, "code": "BadRequest", "message": "Not today."}});
    play.stage.faults(json!([{"match": matches, "effect": answer}]));
}

fn policies() -> Value {
    json!({"method": "PATCH", "path": "/policies/"})
}

fn removals() -> Value {
    json!({"method": "POST", "path": "ScheduleRequests", "body": "adminRemove"})
}

fn verbs(play: &Play) -> Vec<String> {
    play.watched.writes().iter().map(|(entry, _)| entry.method.clone()).collect()
}

#[test]
fn a_roles_settings_are_tightened_before_its_group_gets_a_member() {
    let holds = words::eligible("h", ROLE, "[{group: sg-ops}]", END);
    let member = active("m", "sg-ops:member", &alice(), END);
    let play = play(&format!("{holds}{}", of_role(LOOSE)), &format!("{holds}{}{member}", of_role(TIGHT)));
    play.stage.run(&["plan", "-v"]).exits(0).says(TIGHTENED_FIRST);
    fails(&play, policies());
    play.stage.run(&["apply", "--yes"]).exits(4).says("Not today.").says(TIGHTENED_FIRST);
    assert_eq!(verbs(&play), ["PATCH"], "nobody was let in");
    play.watched.clear();
    play.converges();
    assert_eq!(verbs(&play), ["PATCH", "POST"]);
}

#[test]
fn a_groups_settings_are_tightened_before_it_gets_a_role() {
    let member = eligible("m", "sg-ops:member", &alice(), END);
    let holds = words::active("h", ROLE, "[{group: sg-ops}]", END);
    let play = play(&format!("{member}{}", of_group(LOOSE)), &format!("{member}{}{holds}", of_group(TIGHT)));
    play.stage.run(&["plan", "-v"]).exits(0).says(TIGHTENED_FIRST);
    fails(&play, policies());
    play.stage.run(&["apply", "--yes"]).exits(4).says("Not today.").says(TIGHTENED_FIRST);
    assert_eq!(verbs(&play), ["PATCH"]);
    play.watched.clear();
    play.converges();
    assert_eq!(verbs(&play), ["PATCH", "POST"]);
}

#[test]
fn settings_are_loosened_only_after_the_way_through_them_is_gone() {
    let role_loosens = (
        format!("{}{}", words::eligible("h", ROLE, "[{group: sg-ops}]", END), of_role(TIGHT)),
        format!("{}{}", words::eligible("h", ROLE, "[{group: sg-ops}]", END), of_role(LOOSE)),
        active("m", "sg-ops:member", &alice(), END),
    );
    let group_loosens = (
        format!("{}{}", eligible("m", "sg-ops:member", &alice(), END), of_group(TIGHT)),
        format!("{}{}", eligible("m", "sg-ops:member", &alice(), END), of_group(LOOSE)),
        words::active("h", ROLE, "[{group: sg-ops}]", END),
    );
    for (before, after, gone) in [role_loosens, group_loosens] {
        let play = play(&format!("{before}{gone}"), &after);
        fails(&play, removals());
        let run = play.stage.run(&["apply", "--yes"]).exits(4);
        run.says("Not today.").says("it must be gone first, or `user:alice@contoso.example -> sg-ops:member -> ");
        assert_eq!(verbs(&play), ["POST"], "not loosened");
        play.was_never_longer();
        play.watched.clear();
        play.converges();
        assert_eq!(verbs(&play), ["POST", "PATCH"]);
    }
}

#[test]
fn settings_of_one_link_loosen_after_those_of_another_tightened() {
    // the group becomes easier to enter, its role harder to activate
    let grants = words::eligible("h", ROLE, "[{group: sg-ops}]", END) + &eligible("m", "sg-ops:member", &alice(), END);
    let before = format!("{grants}{}{}", of_role(LOOSE), of_group(TIGHT));
    let after = format!("{grants}{}{}", of_role(TIGHT), of_group(LOOSE));
    let mut play = play(&before, &after);
    fails(&play, json!({"method": "PATCH", "path": "/policies/roleManagementPolicies/DirectoryRole"}));
    play.stage.run(&["apply", "--yes"]).exits(4).says(TIGHTENED_FIRST);
    assert_eq!(verbs(&play), ["PATCH"], "the group's were not loosened");
    play.was_never_longer();
    play.converges();
    // and back
    play.restart();
    play.stage.write("all.yaml", &before);
    play.stage.apply();
    play.was_never_longer();
}

#[test]
fn a_custom_role_is_narrowed_before_its_group_gets_a_member_and_widened_after_one_left() {
    let role = |permissions: &str| {
        format!(
            "---\napiVersion: rolewright/v1\nkind: DirectoryRoleDefinition\nmetadata: {{name: reader}}\nspec:\n  \
             displayName: User Reader\n  permissions: [{permissions}]\n"
        )
    };
    let (narrow, wide) = (
        "microsoft.directory/users/standard/read",
        "microsoft.directory/users/standard/read, microsoft.directory/applications/basic/update",
    );
    let holds = words::active("h", "User Reader", "[{group: sg-ops}]", END);
    let member = eligible("m", "sg-ops:member", &alice(), END);
    let play_ = play(&format!("{}{holds}", role(wide)), &format!("{}{holds}{member}", role(narrow)));
    fails(&play_, json!({"method": "PATCH", "path": "/roleDefinitions/"}));
    let run = play_.stage.run(&["apply", "--yes"]).exits(4);
    run.says("Not today.").says("it must be narrowed first, or `user:alice@contoso.example -> sg-ops:member -> User Reader@tenant` would give more");
    assert_eq!(verbs(&play_), ["PATCH"]);
    play_.converges();

    let play_ = play(&format!("{}{holds}{member}", role(narrow)), &format!("{}{holds}", role(wide)));
    fails(&play_, removals());
    play_
        .stage
        .run(&["apply", "--yes"])
        .exits(4)
        .says("it must be gone first, or `user:alice@contoso.example -> sg-ops:member -> ");
    assert_eq!(verbs(&play_), ["POST"]);
    play_.watched.clear();
    play_.converges();
    assert_eq!(verbs(&play_), ["POST", "PATCH"]);
}

#[test]
fn the_measure_finds_settings_that_are_looser_on_the_way() {
    let grants = words::eligible("h", ROLE, "[{group: sg-ops}]", END);
    let member = active("m", "sg-ops:member", &alice(), END);
    let play = play(&format!("{grants}{}", of_role(LOOSE)), &format!("{grants}{}{member}", of_role(TIGHT)));
    play.stage.apply();
    let after = play.stage.running().state_json();
    let (first, last) = (play.links(play.before()), play.links(&after));
    let mut mixed = after.clone();
    mixed["policies"] = play.before()["policies"].clone();
    let seen = play.chains(&mixed);
    assert_eq!(longer(&seen, &first, &last).len(), 1);
    assert!(longer(&play.chains(&after), &first, &last).is_empty());
}

#[test]
fn a_change_of_mail_alone_holds_nothing_up() {
    let holds = words::eligible("h", ROLE, "[{group: sg-ops}]", END);
    let member = active("m", "sg-ops:member", &alice(), END);
    let mail = "notifications: {activation: {admin: {recipients: [soc@contoso.example]}}}";
    let play = play(&holds, &format!("{holds}{}{member}", of_role(mail)));
    play.stage.run(&["plan", "-v"]).exits(0).never_says("for an instant");
    fails(&play, policies());
    play.stage.run(&["apply", "--yes"]).exits(4).says("Not today.");
    assert_eq!(verbs(&play), ["PATCH", "POST"], "the member is let in all the same");
    play.converges();
}
