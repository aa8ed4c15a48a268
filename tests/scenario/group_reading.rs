//! What a plan reads of groups: little, only reads, and never "nothing" where it was refused.

use rolewright::sandbox::Entry;
use serde_json::{Value, json};

use crate::group_words::{active, eligible, owning, settings};
use crate::stage::{Stage, tenant};
use crate::words::until;

const END: &str = "{end: 2026-08-01T00:00:00Z}";
const ALICE: &str = "[{user: alice@contoso.example}]";

fn is_graph(entry: &Entry) -> bool {
    entry.path.starts_with("/v1.0") || entry.path.starts_with("/beta")
}

#[test]
fn sixty_groups_cost_a_twentieth_of_their_lists_and_a_few() {
    const GROUPS: usize = 60;
    let stage = Stage::new();
    let alice = stage.user("alice");
    let mut text = String::new();
    for n in 0..GROUPS {
        let group = stage.group(&format!("sg-pim-{n}"), false);
        // half of them are named, half are found by the glob
        if n % 2 == 0 {
            text += &eligible(&format!("e{n}"), &format!("sg-pim-{n}:member"), ALICE, END);
            text += &settings(&format!("s{n}"), &format!("sg-pim-{n}:member"), "activation: {maxDuration: PT4H}");
        } else {
            stage.in_group("active", "adminAssign", (&group, "member"), &alice, until("2026-08-01T00:00:00Z"));
        }
    }
    stage.write("all.yaml", &text);
    stage.write("tenant.yaml", &tenant("  ownership: [{groups: ['sg-pim-*'], assignments: authoritative}]\n  limits: {maxRemovals: 100, maxRemovalPercent: 100}\n"));
    let mark = stage.mark();
    assert_eq!(stage.plan()["changes"].as_array().unwrap().len(), 90);
    let sent: Vec<Entry> = stage.sent_since(mark).into_iter().filter(is_graph).collect();
    let trips = sent.iter().filter(|entry| entry.batch.is_none()).count();
    let budget = (3 * GROUPS).div_ceil(20) + 20;
    assert!(trips <= budget, "{trips} round trips, {budget} allowed");
    let inside = sent.iter().filter(|entry| entry.batch.is_some()).count();
    assert!(inside >= 3 * GROUPS, "the lists were read in batches: {inside}");
    assert!(sent.iter().all(|entry| entry.method == "GET" || entry.path.ends_with("/$batch")), "only reads");
    assert!(sent.iter().all(|entry| !entry.path.contains("ScheduleRequests")), "no log of requests");
    let asked = |list: &str| sent.iter().filter(|entry| entry.path.ends_with(list)).count();
    for list in ["/eligibilitySchedules", "/assignmentSchedules"] {
        assert_eq!(asked(list), GROUPS, "{list}: one a group");
    }
    let policies = sent.iter().filter(|entry| entry.path.ends_with("/roleManagementPolicyAssignments"));
    assert_eq!(policies.filter(|entry| entry.query.contains("'Group'")).count(), GROUPS, "one a group");
}

#[test]
fn pages_are_followed_inside_batches_and_in_the_list_of_groups() {
    let stage = Stage::with(|options| {
        options.page_size = Some(3);
        options.empty_pages = true;
    });
    let mut principals = Vec::new();
    let group = stage.group("sg-pim-big", false);
    for n in 0..10 {
        let user = stage.user(&format!("user{n}"));
        stage.in_group("eligible", "adminAssign", (&group, "member"), &user, until("2026-08-01T00:00:00Z"));
        principals.push(format!("{{user: user{n}@contoso.example}}"));
    }
    for n in 0..7 {
        let other = stage.group(&format!("sg-pim-{n}"), false);
        stage.write_group_rule((&other, "member"), "Expiration_EndUser_Assignment", json!({"maximumDuration": "PT2H"}));
        stage.link((&other, "owner"), &stage.user(&format!("owner{n}")));
    }
    stage.advance(1);
    stage.write("tenant.yaml", &owning("['sg-pim-*']"));
    stage.write("a.yaml", &eligible("a", "sg-pim-big:member", &format!("[{}]", principals.join(", ")), END));
    let removals = stage.changes();
    assert_eq!(removals.len(), 7, "all groups were found and all members of the big one: {removals:?}");
    stage.apply();
}

#[test]
fn a_run_about_groups_alone_reads_the_directory_beside_them_and_no_azure() {
    let stage = Stage::new();
    stage.user("alice");
    stage.group("sg-ops", false);
    stage.write("a.yaml", &eligible("a", "sg-ops:member", ALICE, END));
    stage.write("s.yaml", &settings("s", "sg-ops:member", "activation: {maxDuration: PT4H}"));
    let mark = stage.mark();
    stage.apply();
    for path in ["/subscriptions", "/providers/"] {
        assert!(stage.sent_about(mark, path).is_empty(), "{path}");
    }
    assert!(!stage.sent_about(mark, "/roleManagement/directory/roleAssignments").is_empty(), "whom a group makes what");
    assert_eq!(stage.unmanaged(), [] as [String; 0], "nobody speaks of the directory here");
    // and one without groups reads none
    stage.erase("a.yaml");
    stage.erase("s.yaml");
    stage.write("r.yaml", &crate::words::eligible("r", "Helpdesk Administrator", ALICE, "{permanent: true}"));
    let mark = stage.mark();
    stage.apply();
    assert!(stage.sent_about(mark, "/privilegedAccess/group").is_empty());
}

/// Two owned groups, each with an undeclared member and a declared one that is missing.
fn two() -> (Stage, String, String, String) {
    let stage = Stage::new();
    let (alice, bob) = (stage.user("alice"), stage.user("bob"));
    let (one, two) = (stage.group("sg-pim-one", false), stage.group("sg-pim-two", false));
    for group in [&one, &two] {
        stage.in_group("eligible", "adminAssign", (group, "member"), &bob, until("2026-08-01T00:00:00Z"));
        stage.link((group, "owner"), &bob);
    }
    stage.advance(1);
    stage.write("tenant.yaml", &owning("['sg-pim-*']"));
    let one_ = eligible("one", "sg-pim-one:member", ALICE, END) + &active("o1", "sg-pim-one:owner", ALICE, END);
    let two_ = eligible("two", "sg-pim-two:member", ALICE, END) + &active("o2", "sg-pim-two:owner", ALICE, END);
    stage.write("a.yaml", &(one_ + &two_));
    (stage, alice, one, two)
}

fn of(plan: &Value, action: &str, part: &str) -> usize {
    let changes = plan["changes"].as_array().unwrap().iter();
    changes.filter(|c| c["action"] == action && c["address"].as_str().unwrap().contains(part)).count()
}

#[test]
fn a_refused_list_of_one_group_hides_that_list_alone() {
    for status in [403, 404, 500] {
        let (stage, alice, one, two) = two();
        let refused = json!({"answer": {"status": status, "code": "UnknownError", "message": "Not for you."}});
        let list = json!({"path": "/eligibilitySchedules", "query": one});
        stage.faults(json!([{"match": list, "effect": refused}]));
        stage.run(&["plan", "--timeout", "5"]).exits(1).says("Not for you.");
        stage.run(&["drift", "--timeout", "5"]).exits(1);
        let mark = stage.mark();
        stage.run(&["apply", "--yes", "--timeout", "5"]).exits(1);
        assert!(stage.written_since(mark).is_empty(), "{status}");
        let plan = stage.run(&["plan", "--format", "json", "--allow-incomplete", "--timeout", "5"]).json();
        assert_eq!(plan["complete"], false);
        assert_eq!((of(&plan, "create", "one:member"), of(&plan, "remove", "one:member")), (0, 0), "{status}: {plan}");
        assert_eq!((of(&plan, "create", "one:owner"), of(&plan, "remove", "one:owner")), (1, 1), "{status}");
        assert_eq!((of(&plan, "create", "two:member"), of(&plan, "remove", "two:member")), (1, 1), "{status}");
        stage.run(&["apply", "--yes", "--allow-incomplete", "--timeout", "5"]);
        assert!(stage.group_schedule("eligible", (&two, "member"), &alice).is_some(), "{status}");
        assert_eq!(stage.rows_of_group(&two, "eligibilitySchedules").len(), 1, "{status}");
        stage.faults(json!([]));
        assert_eq!(stage.rows_of_group(&one, "eligibilitySchedules").len(), 1, "{status}: nothing was pruned");
        stage.apply();
        assert_eq!(stage.rows_of_group(&one, "eligibilitySchedules").len(), 1);
        assert!(stage.group_schedule("eligible", (&one, "member"), &alice).is_some());
    }
}

#[test]
fn refused_settings_of_one_group_hold_up_its_grants_alone() {
    let (stage, alice, one, two) = two();
    let refused = json!({"answer": {"status": 403, "code": "UnknownError"}});
    let list = json!({"path": "/roleManagementPolicyAssignments", "query": one});
    stage.faults(json!([{"match": list, "effect": refused}]));
    stage.run(&["plan"]).exits(1);
    let plan = stage.run(&["plan", "--format", "json", "--allow-incomplete"]).json();
    assert_eq!(
        (of(&plan, "create", "one:"), of(&plan, "create", "two:")),
        (0, 2),
        "whom settings would stop is not known"
    );
    stage.run(&["apply", "--yes", "--allow-incomplete"]);
    assert!(stage.group_schedule("eligible", (&two, "member"), &alice).is_some());
    assert!(stage.group_schedule("eligible", (&one, "member"), &alice).is_none());
    stage.faults(json!([]));
    stage.apply();
}

#[test]
fn a_group_whose_members_or_settings_were_not_read_gets_no_role() {
    const ROLE: &str = "directory/eligible/User Administrator@tenant/group:sg-pim-one";
    for list in ["/roleManagementPolicyAssignments", "/eligibilitySchedules", "/assignmentSchedules"] {
        for is_nested in [false, true] {
            let stage = Stage::new();
            let alice = stage.user("alice");
            let (one, inner) = (stage.group("sg-pim-one", true), stage.group("sg-pim-inner", false));
            let group = if is_nested { &inner } else { &one };
            stage.in_group("eligible", "adminAssign", (group, "member"), &alice, until("2026-08-01T00:00:00Z"));
            stage.advance(1);
            stage.write("tenant.yaml", &owning("['sg-pim-*']"));
            let name = if is_nested { "sg-pim-inner:member" } else { "sg-pim-one:member" };
            let nested = eligible("n", "sg-pim-one:member", "[{group: sg-pim-inner}]", END);
            let demands = "activation: {require: [multiFactorAuthentication, justification]}";
            stage.write(
                "a.yaml",
                &[
                    eligible("a", name, ALICE, END),
                    if is_nested { nested } else { String::new() },
                    settings("s", name, demands),
                    crate::words::eligible("r", "User Administrator", "[{group: sg-pim-one}]", END),
                ]
                .concat(),
            );
            let refused = json!({"answer": {"status": 403, "code": "UnknownError"}});
            stage.faults(json!([{"match": {"path": list, "query": group}, "effect": refused}]));
            let what = format!("{list}, nested: {is_nested}");
            let plan = stage.run(&["plan", "--format", "json", "--allow-incomplete"]).json();
            assert_eq!(of(&plan, "create", "User Administrator"), 0, "{what}: {plan}");
            let is_said = |notice: &Value| notice["code"] == "not-compared" && notice["address"] == ROLE;
            assert!(plan["notices"].as_array().unwrap().iter().any(is_said), "{what}: {plan}");
            let mark = stage.mark();
            stage.run(&["apply", "--yes", "--allow-incomplete"]);
            let written = stage.written_since(mark);
            assert!(!written.iter().any(|entry| entry.contains("/roleManagement/")), "{what}: {written:?}");
            stage.faults(json!([]));
            assert!(
                stage.changes().iter().any(|change| change.ends_with(ROLE)),
                "{what}: it is planned once all is known"
            );
            stage.apply();
        }
    }
}

#[test]
fn a_batch_that_is_refused_whole_or_throttled_in_part_ends_well_or_says_so() {
    let (stage, alice, one, _) = two();
    let busy = json!({"answer": {"status": 429, "retryAfter": 3}});
    let some = json!({"path": "/group/", "batch": true, "every": 2, "to": 6});
    stage.faults(json!([{"match": some, "effect": busy}]));
    stage.apply();
    assert!(stage.group_schedule("eligible", (&one, "member"), &alice).is_some());
    let refused = json!({"answer": {"status": 403, "code": "Forbidden"}});
    stage.faults(json!([{"match": {"path": "/$batch"}, "effect": refused}]));
    stage.run(&["plan"]).exits(1);
}

#[test]
fn without_a_licence_the_refusal_is_shown() {
    let stage = Stage::with(|options| options.switches.is_licensed = false);
    stage.user("alice");
    stage.group("sg-ops", false);
    stage.write("a.yaml", &eligible("a", "sg-ops:member", ALICE, END));
    let mark = stage.mark();
    stage.run(&["apply", "--yes"]).exits(1).says("AadPremiumLicenseRequired");
    assert!(stage.written_since(mark).is_empty());
}
