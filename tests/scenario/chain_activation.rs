//! Somebody goes on using a group whose eligibility was taken away: what the group is to get waits until that ends.

use serde_json::Value;

use crate::chain_walk::Play;
use crate::group_words::{eligible, settings};
use crate::meddling::watched;
use crate::stage::tenant;
use crate::words;

const ROLE: &str = "Helpdesk Administrator";
const END: &str = "{end: 2026-08-01T00:00:00Z}";
const WAITS: &str = "apply again when the activation has ended";

/// Dave and alice are eligible for a group, dave has activated it for four hours; the manifests are those of the state after.
fn play(before: &str, after: &str) -> Play {
    let (stage, watched) = watched(|_| {});
    stage.user("alice");
    let dave = stage.user("dave");
    let group = stage.group("sg-ops", true);
    stage.group("sg-net", true);
    stage.write(
        "tenant.yaml",
        &tenant(
            "  ownership:\n    - {directoryRoles: [Global Administrator], assignments: additive}\n    \
             - {directoryRoles: ['*'], assignments: authoritative}\n    \
             - {groups: ['sg-*'], assignments: authoritative}\n  limits: {maxRemovalPercent: 100}\n",
        ),
    );
    stage.write("all.yaml", &format!("{}{before}", members("alice, dave")));
    stage.apply();
    stage.activate_in_group("dave", &dave, (&group, "member"), 4);
    stage.advance(1);
    let play = Play::new(stage, watched);
    play.stage.write("all.yaml", after);
    play
}

fn members(names: &str) -> String {
    let all: Vec<String> = names.split(", ").map(|name| format!("{{user: {name}@contoso.example}}")).collect();
    eligible("m", "sg-ops:member", &format!("[{}]", all.join(", ")), END)
}

fn holds(group: &str) -> String {
    words::active("h", ROLE, &format!("[{{group: {group}}}]"), END)
}

fn deferred(plan: &Value) -> Vec<&str> {
    let notices = plan["notices"].as_array().unwrap().iter().filter(|notice| notice["code"] == "waits-for-activation");
    notices.map(|notice| notice["address"].as_str().unwrap()).collect()
}

#[test]
fn a_group_gets_no_role_while_somebody_uses_it_who_is_to_leave() {
    let role = "directory/active/Helpdesk Administrator@tenant/group:sg-ops";
    let nested = format!("{}{}", eligible("n", "sg-net:member", "[{group: sg-ops}]", END), holds("sg-net"));
    let through = "directory/active/Helpdesk Administrator@tenant/group:sg-net";
    for (before, after, waiting) in [
        (String::new(), holds("sg-ops"), vec![role]),
        (eligible("n", "sg-net:member", "[{group: sg-ops}]", END), nested, vec![through]),
    ] {
        let mut play = play(&before, &format!("{}{after}", members("alice")));
        let removal = "remove group/eligible/sg-ops:member/user:dave@contoso.example";
        assert_eq!(play.stage.changes(), [removal]);
        assert_eq!(deferred(&play.stage.plan()), waiting);
        let said = play.stage.run(&["plan"]).exits(0).says(WAITS);
        said.says("`user:dave@contoso.example` has `sg-ops:member` activated until 2026-06-01T12:");
        // the plan after it is empty, and says what is left to do
        play.stage.apply();
        play.was_never_longer();
        assert_eq!(deferred(&play.stage.plan()), waiting, "the eligibility is gone, dave is still there");
        let said = play.stage.run(&["plan"]).exits(0).says(WAITS).never_says("matches the manifests");
        said.says(&format!("No changes that can be made now; {} left out until an activation ends", waiting.len()));
        play.stage.advance(4);
        assert_eq!(deferred(&play.stage.plan()), Vec::<&str>::new());
        assert_eq!(play.stage.changes(), [format!("create {}", waiting[0])]);
        play.restart();
        play.stage.apply();
        play.was_never_longer();
    }
}

#[test]
fn looser_settings_wait_too_and_so_does_what_needs_them() {
    let eligible_role = words::eligible("h", ROLE, "[{group: sg-ops}]", END);
    let loose = words::settings(
        "s",
        ROLE,
        "  activation: {maxDuration: PT8H, require: []}\n  activeAssignment: {permanent: allowed, require: []}\n",
    );
    let alice = words::active("a", ROLE, "[{user: alice@contoso.example}]", "{permanent: true}");
    let after = format!("{}{eligible_role}{loose}{alice}", members("alice"));
    let play = play(&eligible_role, &after);
    let plan = play.stage.plan();
    let own = "directory/active/Helpdesk Administrator@tenant/user:alice@contoso.example";
    assert_eq!(deferred(&plan), [own, "directory/settings/Helpdesk Administrator"]);
    assert_eq!(play.stage.changes().len(), 1, "the removal");
    play.stage.run(&["plan"]).exits(0).says("it waits for `directory/settings/Helpdesk Administrator`");
    play.stage.apply();
    play.stage.advance(4);
    assert_eq!(play.stage.changes().len(), 2);
    play.stage.apply();
}

#[test]
fn whoever_stays_and_what_leads_nowhere_holds_nothing_up() {
    // dave stays eligible
    let stays = play("", &format!("{}{}", members("alice, dave"), holds("sg-ops")));
    assert_eq!((stays.stage.changes().len(), deferred(&stays.stage.plan()).len()), (1, 0));
    stays.stage.apply();
    // another group gets a role, and this one other settings
    let body = "activation: {maxDuration: PT1H}";
    let after = format!("{}{}{}", members("alice"), holds("sg-net"), settings("s", "sg-ops:member", body));
    let apart = play("", &after);
    assert_eq!((apart.stage.changes().len(), deferred(&apart.stage.plan()).len()), (3, 0));
    apart.converges();
}
