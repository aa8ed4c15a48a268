//! Members and owners whom somebody added without PIM, or took out behind its back.

use serde_json::Value;

use crate::group_words::{active, eligible, owning, settings};
use crate::stage::Stage;

const END: &str = "{end: 2026-08-01T00:00:00Z}";

fn holder(mode: &str, access: &str) -> String {
    format!("group/{mode}/sg-pim-ops:{access}/user:mallory@contoso.example")
}

/// An onboarded group; mallory is a plain member or owner of it.
fn with_mallory(access: &str) -> (Stage, String, String) {
    let stage = Stage::new();
    let (mallory, group) = (stage.user("mallory"), stage.group("sg-pim-ops", false));
    stage.user("alice");
    stage.write("s.yaml", &settings("s", "sg-pim-ops:member", "activation: {maxDuration: PT4H}"));
    stage.apply();
    stage.link((&group, access), &mallory);
    stage.advance(1);
    (stage, mallory, group)
}

#[test]
fn they_are_listed_and_kept_where_nobody_owns_the_group() {
    for access in ["member", "owner"] {
        let (stage, mallory, group) = with_mallory(access);
        let listed = stage.unmanaged();
        let line = listed.iter().find(|line| line.starts_with(&holder("active", access)));
        assert!(line.is_some_and(|line| line.contains("made outside PIM")), "{listed:?}");
        stage.write("a.yaml", &eligible("a", "sg-pim-ops:member", "[{user: alice@contoso.example}]", END));
        stage.apply();
        assert_eq!(stage.linked((&group, access)), [mallory]);
    }
}

#[test]
fn they_are_removed_through_pim_where_the_group_is_owned() {
    for access in ["member", "owner"] {
        let (stage, mallory, group) = with_mallory(access);
        stage.write("tenant.yaml", &owning("['sg-pim-*']"));
        assert_eq!(stage.changes(), [format!("remove {}", holder("active", access))]);
        stage.run(&["drift"]).exits(2).says("mallory");
        let mark = stage.mark();
        stage.apply();
        let path = "POST /v1.0/identityGovernance/privilegedAccess/group/assignmentScheduleRequests";
        assert_eq!(stage.written_since(mark), [path]);
        assert!(!stage.linked((&group, access)).contains(&mallory));
        // added again behind the manifests' back it is drift again
        stage.link((&group, access), &mallory);
        stage.advance(1);
        stage.run(&["drift"]).exits(2);
        stage.apply();
    }
}

#[test]
fn declared_they_are_taken_over_without_a_gap() {
    for access in ["member", "owner"] {
        let (stage, mallory, group) = with_mallory(access);
        let declare = |schedule: &str| {
            let target = format!("sg-pim-ops:{access}");
            stage.write("m.yaml", &active("m", &target, "[{user: mallory@contoso.example}]", schedule));
        };
        stage.write("tenant.yaml", &owning("['sg-pim-*']"));
        declare("{permanent: true}");
        let mark = stage.mark();
        stage.apply();
        assert!(stage.written_since(mark).is_empty(), "permanent it was and is");
        declare(END);
        assert_eq!(stage.changes(), [format!("update {}", holder("active", access))]);
        assert_eq!(stage.plan()["changes"][0]["direction"], "narrows");
        stage.apply();
        assert_eq!(stage.group_end("active", (&group, access), &mallory), "2026-08-01T00:00:00Z");
        assert_eq!(stage.requested_in("active", &group), ["adminUpdate"]);
        assert_eq!(stage.linked((&group, access)), std::slice::from_ref(&mallory));
        // and when it ends, it has ended
        stage.advance(24 * 90);
        assert!(stage.linked((&group, access)).is_empty());
    }
}

#[test]
fn eligible_is_not_satisfied_by_a_plain_membership() {
    let (stage, mallory, group) = with_mallory("member");
    stage.write("tenant.yaml", &owning("['sg-pim-*']"));
    stage.write("m.yaml", &eligible("m", "sg-pim-ops:member", "[{user: mallory@contoso.example}]", END));
    let mut changes = stage.changes();
    changes.sort();
    assert_eq!(
        changes,
        [format!("create {}", holder("eligible", "member")), format!("remove {}", holder("active", "member"))]
    );
    stage.apply();
    assert!(stage.linked((&group, "member")).is_empty());
    assert!(stage.group_schedule("eligible", (&group, "member"), &mallory).is_some());
}

#[test]
fn whoever_was_taken_out_behind_pim_s_back_is_granted_again() {
    for access in ["member", "owner"] {
        let stage = Stage::new();
        let (mallory, group) = (stage.user("mallory"), stage.group("sg-pim-ops", false));
        let target = format!("sg-pim-ops:{access}");
        stage.write("m.yaml", &active("m", &target, "[{user: mallory@contoso.example}]", END));
        stage.apply();
        assert_eq!(stage.linked((&group, access)), std::slice::from_ref(&mallory));
        stage.unlink((&group, access), &mallory);
        stage.run(&["drift"]).exits(2).says("mallory");
        assert_eq!(stage.changes(), [format!("create {}", holder("active", access))]);
        stage.apply();
        assert_eq!(stage.linked((&group, access)), std::slice::from_ref(&mallory));
        assert_eq!(stage.group_end("active", (&group, access), &mallory), "2026-08-01T00:00:00Z");
    }
}

#[test]
fn nested_groups_and_service_principals_without_pim_are_seen_too() {
    let stage = Stage::new();
    let (group, nested, robot) =
        (stage.group("sg-pim-ops", false), stage.group("sg-nested", false), stage.service("robot"));
    stage.link((&group, "member"), &nested);
    stage.link((&group, "member"), &robot);
    stage.link((&group, "owner"), &robot);
    stage.advance(1);
    stage.write("tenant.yaml", &owning("[sg-pim-ops]"));
    let mut changes = stage.changes();
    changes.sort();
    assert_eq!(
        changes,
        [
            "remove group/active/sg-pim-ops:member/group:sg-nested",
            "remove group/active/sg-pim-ops:member/servicePrincipal:robot",
            "remove group/active/sg-pim-ops:owner/servicePrincipal:robot",
        ]
    );
    // a nested group and an application may be declared
    let people = "[{group: sg-nested}, {servicePrincipal: robot}]";
    stage.write("a.yaml", &active("a", "sg-pim-ops:member", people, "{permanent: true}"));
    assert_eq!(stage.changes(), ["remove group/active/sg-pim-ops:owner/servicePrincipal:robot"]);
    stage.apply();
    assert_eq!(stage.linked((&group, "member")).len(), 2);
}

#[test]
fn a_member_both_plain_and_activated_loses_only_what_is_plain() {
    let (stage, mallory, group) = with_mallory("owner");
    let at = (group.as_str(), "member");
    stage.write("tenant.yaml", &owning("['sg-pim-*']"));
    stage.write("m.yaml", &eligible("m", "sg-pim-ops:member", "[{user: mallory@contoso.example}]", END));
    stage.apply();
    stage.activate_in_group("mallory", &mallory, at, 2);
    stage.assert_converged();
    stage.link((&group, "owner"), &mallory);
    stage.advance(1);
    assert_eq!(stage.changes(), [format!("remove {}", holder("active", "owner"))]);
    stage.apply();
    assert_eq!(stage.linked(at), [mallory], "the activation goes on");
    assert_eq!(stage.plan()["changes"], Value::Array(Vec::new()));
}
