//! Which groups a run looks at, and what it owns there: by exact name, or by a glob among those that PIM manages.

use serde_json::json;

use crate::group_words::{active, eligible, owning};
use crate::stage::{Stage, tenant};
use crate::words::until;

const END: &str = "2026-08-01T00:00:00Z";
const ALICE: &str = "[{user: alice@contoso.example}]";

/// A group with an eligible member, an active member and an active owner, all undeclared; the ids of group and people.
fn crowded(stage: &Stage, name: &str) -> String {
    let group = stage.group(name, false);
    for (mode, access, user) in [
        ("eligible", "member", "bob"),
        ("active", "member", "carol"),
        ("active", "owner", "dave"),
        ("eligible", "owner", "erin"),
    ] {
        let id = stage.admin("GET", &format!("/users/{user}@contoso.example"), None)["id"].as_str().unwrap().to_owned();
        stage.in_group(mode, "adminAssign", (&group, access), &id, until(END));
    }
    stage.advance(1);
    group
}

fn people() -> Stage {
    let stage = Stage::new();
    for name in ["alice", "bob", "carol", "dave", "erin"] {
        stage.user(name);
    }
    stage
}

fn removals(group: &str) -> Vec<String> {
    [
        format!("remove group/active/{group}:member/user:carol@contoso.example"),
        format!("remove group/active/{group}:owner/user:dave@contoso.example"),
        format!("remove group/eligible/{group}:member/user:bob@contoso.example"),
        format!("remove group/eligible/{group}:owner/user:erin@contoso.example"),
    ]
    .to_vec()
}

fn sorted(mut changes: Vec<String>) -> Vec<String> {
    changes.sort();
    changes
}

fn count(stage: &Stage, group: &str) -> usize {
    ["eligibilitySchedules", "assignmentSchedules"].map(|list| stage.rows_of_group(group, list).len()).iter().sum()
}

#[test]
fn a_glob_finds_an_onboarded_group_that_no_manifest_names() {
    let stage = people();
    let (owned, other) = (crowded(&stage, "SG-PIM-legacy"), crowded(&stage, "sg-other"));
    stage.write("tenant.yaml", &owning("['sg-pim-*']"));
    assert_eq!(sorted(stage.changes()), removals("SG-PIM-legacy"));
    stage.run(&["drift"]).exits(2).says("SG-PIM-legacy").never_says("sg-other");
    let change = stage.plan()["changes"][0].clone();
    assert_eq!((&change["source"]["file"], &change["source"]["line"]), (&json!("tenant.yaml"), &json!(7)));
    stage.apply();
    assert_eq!((count(&stage, &owned), count(&stage, &other)), (0, 4));
}

#[test]
fn a_group_that_matches_and_is_not_onboarded_is_left_alone() {
    let stage = people();
    let alice = stage.admin("GET", "/users/alice@contoso.example", None)["id"].as_str().unwrap().to_owned();
    let plain = stage.group("sg-pim-plain", false);
    stage.link((&plain, "member"), &alice);
    stage.link((&plain, "owner"), &alice);
    stage.advance(1);
    stage.write("tenant.yaml", &owning("['sg-pim-*']"));
    stage.assert_converged();
    stage.apply();
    assert_eq!(stage.linked((&plain, "member")), std::slice::from_ref(&alice));
    assert!(!stage.is_onboarded(&plain));
    // named, it is owned without PIM too
    stage.write("tenant.yaml", &owning("[sg-pim-plain]"));
    let own = |access: &str| format!("remove group/active/sg-pim-plain:{access}/user:alice@contoso.example");
    assert_eq!(sorted(stage.changes()), [own("member"), own("owner")]);
    assert!(stage.plan()["changes"].as_array().unwrap().iter().all(|change| change["onboards"] == true));
    stage.apply();
    assert!(stage.linked((&plain, "member")).is_empty() && stage.linked((&plain, "owner")).is_empty());
}

#[test]
fn without_authority_what_nobody_declares_is_listed_and_stays() {
    let additive = "  ownership:\n    - {groups: ['sg-pim-*'], assignments: additive}\n    - {groups: ['*'], assignments: authoritative}\n";
    for own in ["", additive] {
        let stage = people();
        let group = crowded(&stage, "sg-pim-ops");
        stage.write("tenant.yaml", &tenant(own));
        stage.write("a.yaml", &eligible("a", "sg-pim-ops:member", ALICE, &format!("{{end: {END}}}")));
        assert_eq!(stage.changes(), ["create group/eligible/sg-pim-ops:member/user:alice@contoso.example"]);
        let listed = stage.unmanaged();
        for user in ["bob", "carol", "dave", "erin"] {
            assert!(
                listed.iter().any(|line| line.contains(user) && line.contains("made in PIM")),
                "{user}: {listed:?}"
            );
        }
        stage.apply();
        assert_eq!(count(&stage, &group), 5);
    }
}

#[test]
fn ignored_and_emergency_accounts_keep_what_they_have() {
    let stage = people();
    let group = crowded(&stage, "sg-pim-ops");
    let own = "  ownership: [{groups: ['sg-pim-*'], assignments: authoritative}]\n  limits: {maxRemovalPercent: 100}\n  \
               ignore: {principals: [{user: bob@contoso.example}]}\n  breakGlass: [{user: carol@contoso.example}]\n";
    stage.write("tenant.yaml", &tenant(own));
    let glass =
        crate::words::active("g", "Global Administrator", "[{user: carol@contoso.example}]", "{permanent: true}");
    stage.write("g.yaml", &glass.replace("purpose: other", "purpose: breakGlass"));
    let changes = sorted(stage.changes());
    assert_eq!(
        changes,
        [
            "create directory/active/Global Administrator@tenant/user:carol@contoso.example",
            "remove group/active/sg-pim-ops:owner/user:dave@contoso.example",
            "remove group/eligible/sg-pim-ops:owner/user:erin@contoso.example",
        ]
    );
    let listed = stage.unmanaged();
    assert!(listed.iter().any(|line| line.contains("carol") && line.contains("break-glass")), "{listed:?}");
    assert!(listed.iter().all(|line| !line.contains("bob")), "{listed:?}");
    stage.apply();
    assert_eq!(count(&stage, &group), 2);
    // declaring what is ignored contradicts that
    let bob = eligible("b", "sg-pim-ops:member", "[{user: bob@contoso.example}]", &format!("{{end: {END}}}"));
    stage.write("b.yaml", &bob);
    stage.run(&["plan"]).exits(1).says("ignored-declaration").says("b.yaml:").says("tenant.yaml:");
}

#[test]
fn the_first_entry_that_matches_decides() {
    let stage = people();
    let (tier0, ops) = (crowded(&stage, "sg-pim-tier0"), crowded(&stage, "sg-pim-ops"));
    let own = "  ownership:\n    - {groups: [sg-pim-tier0], assignments: additive}\n    - {groups: ['sg-*'], assignments: authoritative}\n  limits: {maxRemovalPercent: 100}\n";
    stage.write("tenant.yaml", &tenant(own));
    assert_eq!(sorted(stage.changes()), removals("sg-pim-ops"));
    stage.apply();
    assert_eq!((count(&stage, &tier0), count(&stage, &ops)), (4, 0));
}

#[test]
fn a_group_is_known_by_its_name_of_today() {
    let stage = people();
    let group = crowded(&stage, "sg-pim-ops");
    stage.write("tenant.yaml", &owning("['sg-pim-*']"));
    let target = |name: &str| active("a", &format!("{name}:member"), ALICE, &format!("{{end: {END}}}"));
    stage.write("a.yaml", &target("sg-pim-ops"));
    stage.apply();
    assert_eq!(count(&stage, &group), 1);
    stage.admin("PATCH", &format!("/groups/{group}"), Some(json!({"displayName": "sg-pim-operators"})));
    stage.run(&["plan"]).exits(1).says("unknown-group").says("a.yaml:");
    stage.write("a.yaml", &target("sg-pim-operators"));
    stage.assert_converged();
    // out of the extent nothing is removed any more
    stage.admin("PATCH", &format!("/groups/{group}"), Some(json!({"displayName": "sg-operators"})));
    stage.erase("a.yaml");
    stage.assert_converged();
    assert_eq!(count(&stage, &group), 1);
    // by id it is the same one under any name
    let by_id = target("sg-x").replace("sg-x", &group);
    stage.write("a.yaml", &by_id);
    stage.assert_converged();
}

#[test]
fn a_deleted_group_is_gone_with_all_it_held() {
    let stage = people();
    let group = crowded(&stage, "sg-pim-ops");
    stage.write("tenant.yaml", &owning("['sg-pim-*', sg-pim-exact]"));
    stage.admin("DELETE", &format!("/groups/{group}"), None);
    stage.assert_converged();
    // and its namesake is another group
    let again = stage.group("sg-pim-ops", false);
    stage.write("a.yaml", &active("a", "sg-pim-ops:member", ALICE, &format!("{{end: {END}}}")));
    assert_eq!(stage.changes(), ["create group/active/sg-pim-ops:member/user:alice@contoso.example"]);
    stage.apply();
    assert_eq!(count(&stage, &again), 1);
}

#[test]
fn mass_removal_in_groups_needs_a_flag() {
    let stage = people();
    crowded(&stage, "sg-pim-a");
    crowded(&stage, "sg-pim-b");
    stage.write("tenant.yaml", &tenant("  ownership: [{groups: ['sg-pim-*'], assignments: authoritative}]\n"));
    let plan = stage.run(&["plan", "--format", "json"]).exits(3).json();
    assert!(plan["verdicts"].as_array().unwrap().iter().any(|verdict| verdict["guard"] == "mass-removal"));
    let mark = stage.mark();
    stage.run(&["apply", "--yes"]).exits(3).says("--allow-mass-removal");
    assert!(stage.written_since(mark).is_empty());
    stage.run(&["apply", "--yes", "--allow-mass-removal"]).exits(0);
    stage.assert_converged();
}
