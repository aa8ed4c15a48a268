//! `apply --preflight`: the service judges every request about an assignment before the first write.

use rolewright::sandbox::Entry;
use serde_json::{Value, json};

use crate::azure_words::{self, SUBSCRIPTION};
use crate::group_words;
use crate::stage::{Stage, tenant};
use crate::words::{active, eligible, settings, until};

const ROLE: &str = "Teams Administrator";
const ALICE: &str = "[{user: alice@contoso.example}]";
const BOTH: &str = "[{user: alice@contoso.example}, {user: bob@contoso.example}]";
const END: &str = "{end: 2026-08-01T00:00:00Z}";
const GROUP: &str = "sg-pim-ops:member";
const PREFLIGHT: [&str; 3] = ["apply", "--yes", "--preflight"];

fn here() -> String {
    format!("[{SUBSCRIPTION}]")
}

/// Tells whether a request is more than a question: validations of ARM are known by their address, those of Graph are not.
fn is_request(entry: &Entry) -> bool {
    entry.method != "GET" && entry.path.contains("chedule")
}

fn requests(stage: &Stage, mark: usize) -> Vec<String> {
    let sent = stage.sent_since(mark).into_iter().filter(is_request);
    sent.map(|entry| format!("{} {}", entry.method, entry.path.rsplit('/').next().unwrap())).collect()
}

/// Everything that the tenant holds and remembers.
fn state(stage: &Stage) -> Value {
    stage.running().state_json()
}

fn onboarded(stage: &Stage) -> (String, String) {
    let (alice, group) = (stage.user("alice"), stage.group("sg-pim-ops", false));
    stage.write_group_rule((&group, "owner"), "Expiration_EndUser_Assignment", json!({"maximumDuration": "PT2H"}));
    (alice, group)
}

#[test]
fn what_the_service_takes_is_applied_on_all_three_surfaces() {
    let stage = Stage::new();
    let (alice, group) = onboarded(&stage);
    stage.write("d.yaml", &eligible("d", ROLE, ALICE, END));
    stage.write("g.yaml", &group_words::eligible("g", GROUP, ALICE, END));
    stage.write("z.yaml", &azure_words::eligible("z", "Reader", &here(), ALICE, END));
    let mark = stage.mark();
    stage.run(&PREFLIGHT).exits(0).says("Preflight: 3 of 3 assignment change(s) checked.");
    let sent = requests(&stage, mark);
    assert_eq!(sent.len(), 6, "each is judged and then sent: {sent:?}");
    assert!(sent[..3].contains(&"POST validate".to_owned()), "all are judged before the first is sent: {sent:?}");
    assert!(!sent[3..].contains(&"POST validate".to_owned()), "{sent:?}");
    assert!(stage.schedule("eligible", &alice).is_some());
    assert!(stage.group_schedule("eligible", (&group, "member"), &alice).is_some());
    assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &alice).is_some());
    stage.assert_converged();
}

#[test]
fn changes_extensions_renewals_and_removals_are_judged_in_their_own_words() {
    let stage = Stage::new();
    let (alice, group) = onboarded(&stage);
    let write = |end: &str| {
        stage.write("d.yaml", &eligible("d", ROLE, ALICE, end));
        stage.write("g.yaml", &group_words::eligible("g", GROUP, ALICE, end));
        stage.write("z.yaml", &azure_words::eligible("z", "Reader", &here(), ALICE, end));
    };
    let renewing = "{duration: P30D, renewBefore: P7D}";
    write(renewing);
    stage.run(&PREFLIGHT).exits(0);
    // due for renewal
    stage.advance(24 * 25);
    assert!(stage.changes().iter().all(|change| change.starts_with("extend")), "{:?}", stage.changes());
    stage.run(&PREFLIGHT).exits(0).says("3 of 3");
    // shortened
    write("{end: 2026-07-10T00:00:00Z}");
    assert!(stage.changes().iter().all(|change| change.starts_with("update")), "{:?}", stage.changes());
    stage.run(&PREFLIGHT).exits(0).says("3 of 3");
    // ran out
    write("{duration: P30D}");
    stage.advance(24 * 60);
    assert!(stage.changes().iter().all(|change| change.starts_with("regrant") || change.starts_with("create")));
    stage.run(&PREFLIGHT).exits(0).says("3 of 3");
    stage.advance(1);
    for file in ["d.yaml", "g.yaml", "z.yaml"] {
        stage.erase(file);
    }
    let extent = format!(
        "  ownership:\n    - {{directoryRoles: [{ROLE}], assignments: authoritative}}\n    \
         - {{groups: [sg-pim-ops], assignments: authoritative}}\n    \
         - {{azureScopes: [{SUBSCRIPTION}], assignments: authoritative}}\n  limits: {{maxRemovalPercent: 100}}\n"
    );
    stage.write("tenant.yaml", &tenant(&extent));
    assert_eq!(stage.changes().iter().filter(|change| change.starts_with("remove")).count(), 3);
    stage.run(&PREFLIGHT).exits(0).says("3 of 3");
    assert!(stage.schedule("eligible", &alice).is_none());
    assert!(stage.group_schedule("eligible", (&group, "member"), &alice).is_none());
    assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &alice).is_none());
}

/// A request of hers that waits for a decision is nothing that a plan can see, and the service takes no second one.
fn with_a_waiting_request(stage: &Stage) {
    let (alice, group) = (stage.user("alice"), stage.group("sg-pim-ops", false));
    stage.user("bob");
    stage.group("sg-approvers", false);
    let approval = "activation: {approval: {approvers: [{group: sg-approvers}]}}";
    stage.write("ds.yaml", &settings("ds", ROLE, &format!("  {approval}\n")));
    stage.write("gs.yaml", &group_words::settings("gs", GROUP, approval));
    stage.write("zs.yaml", &azure_words::settings("zs", "Reader", &here(), approval));
    stage.write("de.yaml", &eligible("de", ROLE, ALICE, END));
    stage.write("ge.yaml", &group_words::eligible("ge", GROUP, ALICE, END));
    stage.write("ze.yaml", &azure_words::eligible("ze", "Reader", &here(), ALICE, END));
    stage.apply();
    stage.activate("alice", &alice, ROLE, 4);
    stage.activate_in_group("alice", &alice, (&group, "member"), 4);
    stage.azure_activate("alice", &alice, "Reader", SUBSCRIPTION, 4);
    stage.write("d.yaml", &active("d", ROLE, BOTH, END));
    stage.write("g.yaml", &group_words::active("g", GROUP, BOTH, END));
    stage.write("z.yaml", &azure_words::active("z", "Reader", &here(), BOTH, "{end: 2026-07-01T00:00:00Z}"));
}

#[test]
fn every_refusal_is_shown_at_its_line_and_nothing_is_written() {
    let stage = Stage::new();
    with_a_waiting_request(&stage);
    // something else to write that comes before the assignments
    stage.write("ds.yaml", &settings("ds", ROLE, "  activation: {maxDuration: PT1H}\n"));
    let before = state(&stage);
    let journal = stage.path().join("journal.jsonl");
    let mark = stage.mark();
    let run = stage.run(&["apply", "--yes", "--preflight", "--journal", journal.to_str().unwrap()]).exits(1);
    let run = run.says("the service would refuse 3 of 6 request(s); nothing was written");
    for file in ["d.yaml:", "g.yaml:", "z.yaml:"] {
        assert!(run.stderr.contains(file), "{file} {}", run.stderr);
    }
    assert_eq!(run.stderr.matches("PendingRoleAssignmentRequest").count(), 3, "{}", run.stderr);
    assert_eq!(run.stderr.matches("error[preflight-refused]").count(), 3, "{}", run.stderr);
    assert!(run.stderr.contains("6 of 6 assignment change(s) checked"), "{}", run.stderr);
    assert!(
        !run.stderr.contains("would refuse `directory/active/Teams Administrator@tenant/user:bob"),
        "{}",
        run.stderr
    );
    assert_eq!(state(&stage), before, "the tenant is as it was");
    let sent = requests(&stage, mark);
    assert_eq!(sent.len(), 6, "{sent:?}");
    let others = stage
        .sent_since(mark)
        .into_iter()
        .filter(|entry| entry.method != "GET" && !is_request(entry) && !entry.path.ends_with("/token"));
    assert!(others.into_iter().all(|entry| entry.path.ends_with("/$batch")), "no settings were written");
    // the notes say what these requests were
    let text = std::fs::read_to_string(journal).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 12);
    assert!(lines.iter().all(|line| line["phase"] == "preflight"), "{text}");
    for event in ["validating", "validated"] {
        assert_eq!(lines.iter().filter(|line| line["event"] == event).count(), 6, "{text}");
    }
    assert!(lines.iter().filter(|l| l["event"] == "validated").all(|l| l["outcome"].is_string()));
    // what apply alone would have done: some of it
    stage.run(&["apply", "--yes"]).exits(4).says("waits for a decision");
}

#[test]
fn a_saved_plan_is_judged_before_it_is_applied() {
    let stage = Stage::new();
    with_a_waiting_request(&stage);
    let file = stage.path().join("plan.json").to_string_lossy().into_owned();
    stage.run(&["plan", "--out", &file]).exits(0);
    let before = state(&stage);
    let run = stage.run(&["apply", "--plan", &file, "--yes", "--preflight"]).exits(1);
    let run = run.says("the service would refuse 3 of 6 request(s); nothing was written");
    assert!(["d.yaml:", "g.yaml:", "z.yaml:"].iter().all(|file| run.stderr.contains(file)), "{}", run.stderr);
    assert_eq!(state(&stage), before);
    stage.advance(5 * 24);
    stage.run(&["plan", "--out", &file]).exits(0);
    stage.run(&["apply", "--plan", &file, "--yes", "--preflight"]).exits(0).says("6 of 6");
    stage.assert_converged();
}

#[test]
fn a_running_activation_in_the_place_of_an_assignment_is_told_before_anything_is_written() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.write("e.yaml", &eligible("e", ROLE, ALICE, END));
    stage.apply();
    stage.activate("alice", &alice, ROLE, 4);
    stage.write("d.yaml", &active("d", ROLE, ALICE, END));
    let before = state(&stage);
    let run = stage.run(&PREFLIGHT).exits(1);
    run.says("an activation may be running").says("d.yaml:").says("nothing was written");
    assert_eq!(state(&stage), before);
    stage.advance(5);
    stage.run(&PREFLIGHT).exits(0);
}

#[test]
fn what_waits_for_another_change_is_not_checked_and_not_refused() {
    let stage = Stage::new();
    let (alice, group) = (stage.user("alice"), stage.group("sg-pim-ops", false));
    // a role that the plan makes
    let role = "apiVersion: rolewright/v1\nkind: DirectoryRoleDefinition\nmetadata: {name: key-reader}\nspec:\n  \
                displayName: Key Reader\n  permissions: [microsoft.directory/bitlockerKeys/key/read]\n";
    stage.write("dr.yaml", role);
    stage.write("d.yaml", &eligible("d", "Key Reader", ALICE, END));
    let actions = "{actions: [Microsoft.Compute/virtualMachines/start/action]}";
    stage.write("zr.yaml", &azure_words::role("vm", "VM Starter", actions, &here(), ""));
    stage.write("z.yaml", &azure_words::eligible("z", "VM Starter", &here(), ALICE, END));
    // settings that the plan loosens first
    stage.write("zs.yaml", &azure_words::settings("zs", "Reader", &here(), "eligibleAssignment: {permanent: allowed}"));
    stage.write("zp.yaml", &azure_words::eligible("zp", "Reader", &here(), ALICE, "{permanent: true}"));
    // a group that the plan brings under PIM
    stage.write("g.yaml", &group_words::eligible("g", GROUP, ALICE, END));
    // and one that waits for nothing
    stage.write("f.yaml", &eligible("f", ROLE, ALICE, END));
    let mark = stage.mark();
    let run = stage.run(&PREFLIGHT).exits(0);
    let run = run.says("Preflight: 1 of 5 assignment change(s) checked, 4 could not be:");
    let run = run.says("d.yaml:").says("waits for `directory/role-definition/Key Reader`: the role does not exist yet");
    let run = run.says("waits for `azure/role-definition/VM Starter`: the role does not exist yet");
    let run = run.says("the settings that refuse it are changed first");
    run.says("waits for its group to come under PIM").never_says("preflight-refused");
    let judged: Vec<String> = requests(&stage, mark).into_iter().filter(|line| line.ends_with("validate")).collect();
    assert_eq!(judged.len(), 1, "what waits for a role was not asked about: {judged:?}");
    assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &alice).is_some());
    assert!(stage.group_schedule("eligible", (&group, "member"), &alice).is_some());
    stage.assert_converged();
}

#[test]
fn a_group_comes_under_pim_by_no_question() {
    let stage = Stage::new();
    let (_, group) = (stage.user("alice"), stage.group("sg-pim-ops", false));
    stage.write("g.yaml", &group_words::eligible("g", GROUP, ALICE, END));
    // refused for another reason, so that only the questions are sent
    stage.write("d.yaml", &eligible("d", ROLE, ALICE, END));
    let refusal = json!({"answer": {"status": 400, "code": "ResourceIsLocked", "message": "not today"}});
    stage.faults(json!([{"match": {"body": "isValidationOnly"}, "effect": refusal}]));
    stage.run(&PREFLIGHT).exits(1).says("not today").says("waits for its group");
    assert!(!stage.is_onboarded(&group));
}

#[test]
fn a_refusal_by_settings_that_the_plan_loosens_in_another_respect_stands() {
    let stage = Stage::new();
    stage.user("alice");
    stage.write("s.yaml", &azure_words::settings("s", "Reader", &here(), "eligibleAssignment: {permanent: allowed}"));
    stage.write("z.yaml", &azure_words::eligible("z", "Reader", &here(), ALICE, "{permanent: true}"));
    let refusing = |rules: &str| {
        let message = format!("The following policy rules failed: [{rules}]");
        let code = "RoleAssignmentRequestPolicyValidationFailed";
        let answer = json!({"answer": {"status": 400, "code": code, "message": message}});
        stage.faults(json!([{"match": {"path": "/validate"}, "effect": answer}]));
    };
    refusing(r#""ExpirationRule","TicketingRule""#);
    stage.run(&PREFLIGHT).exits(1).says("TicketingRule").says("z.yaml:").says("nothing was written");
    refusing(r#""ExpirationRule""#);
    // what is loosened for eligible assignments changes nothing for active ones
    stage.write("y.yaml", &azure_words::active("y", "Reader", &here(), ALICE, "{end: 2026-06-20T00:00:00Z}"));
    let run = stage.run(&PREFLIGHT).exits(1).says("would refuse 1 of 1").says("y.yaml:");
    assert!(run.stderr.contains("changed first"), "{}", run.stderr);
    stage.erase("y.yaml");
    stage.run(&PREFLIGHT).exits(0).says("changed first");
}

#[test]
fn a_role_that_is_not_assignable_yet_where_the_plan_makes_it_so_is_no_refusal() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    let net = stage.resource_group(SUBSCRIPTION, "rg-net");
    let actions = "{actions: [Microsoft.Compute/virtualMachines/start/action]}";
    stage.write("r.yaml", &azure_words::role("vm", "VM Starter", actions, &format!("['{net}']"), ""));
    stage.apply();
    stage.write("r.yaml", &azure_words::role("vm", "VM Starter", actions, &format!("['{net}', {SUBSCRIPTION}]"), ""));
    stage.write("z.yaml", &azure_words::eligible("z", "VM Starter", &here(), ALICE, END));
    let run = stage.run(&PREFLIGHT).exits(0);
    run.says("waits for `azure/role-definition/VM Starter`: the role is changed first").says("0 of 1");
    assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &alice).is_some());
}

#[test]
fn what_is_cancelled_deleted_or_too_young_cannot_be_checked() {
    let stage = Stage::new();
    let (alice, bob, carol) = (stage.user("alice"), stage.user("bob"), stage.user("carol"));
    let later = json!({"startDateTime": "2026-07-01T00:00:00Z",
        "expiration": {"type": "afterDateTime", "endDateTime": "2026-08-01T00:00:00Z"}});
    stage.request("eligible", "adminAssign", ROLE, &alice, "/", later);
    stage.azure_assign_plainly("Reader", &bob, SUBSCRIPTION, None);
    stage.advance(1);
    stage.request("eligible", "adminAssign", ROLE, &carol, "/", until("2026-08-01T00:00:00Z"));
    let spec = format!(
        "  ownership:\n    - {{directoryRoles: [{ROLE}], assignments: authoritative}}\n    \
         - {{azureScopes: [{SUBSCRIPTION}], assignments: authoritative}}\n  limits: {{maxRemovalPercent: 100}}\n"
    );
    stage.write("tenant.yaml", &tenant(&spec));
    let run = stage.run(&PREFLIGHT).exits(0).says("could not be:");
    let run = run.says("it is younger than five minutes; apply waits until it can be removed");
    assert_eq!(run.stderr.matches("without a request that could be judged").count(), 2, "{}", run.stderr);
    stage.assert_converged();
}

#[test]
fn a_service_that_carries_out_what_it_was_to_judge_is_asked_once() {
    let stage = Stage::new();
    let (alice, bob) = (stage.user("alice"), stage.user("bob"));
    stage.write("d.yaml", &eligible("d", ROLE, BOTH, END));
    stage.faults(json!([{"match": {"body": "isValidationOnly"}, "effect": "carryOut"}]));
    let mark = stage.mark();
    let run = stage.run(&PREFLIGHT).exits(4).says("it only judged 1 request(s): it may have carried them out");
    run.never_says("nothing was written");
    assert_eq!(requests(&stage, mark).len(), 1);
    assert_eq!([&alice, &bob].iter().filter(|who| stage.schedule("eligible", who).is_some()).count(), 1);
    stage.faults(json!([]));
    stage.apply();
}

#[test]
fn a_refusal_is_no_proof_that_the_service_only_judges() {
    let stage = Stage::new();
    let people: Vec<String> = (1..=6).map(|n| stage.user(&format!("u{n}"))).collect();
    let all: Vec<String> = (1..=6).map(|n| format!("{{user: u{n}@contoso.example}}")).collect();
    stage.write("d.yaml", &eligible("d", ROLE, &format!("[{}]", all.join(", ")), END));
    let granted = || people.iter().filter(|who| stage.schedule("eligible", who).is_some()).count();
    let refusal = json!({"answer": {"status": 400, "code": "ResourceIsLocked", "message": "not today"}});
    stage.faults(json!([
        {"match": {"body": "isValidationOnly", "to": 2}, "effect": refusal},
        {"match": {"body": "isValidationOnly", "from": 3}, "effect": "carryOut"}
    ]));
    let mark = stage.mark();
    stage.run(&PREFLIGHT).exits(4).says("it only judged 1 request(s)").never_says("nothing was written");
    assert_eq!((requests(&stage, mark).len(), granted()), (3, 1), "two are refused, and one is carried out");
    stage.faults(json!([]));
    // one that breaks later is seen as well: whatever was under way is named
    stage.faults(json!([{"match": {"body": "isValidationOnly", "from": 2}, "effect": "carryOut"}]));
    let run = stage.run(&PREFLIGHT).exits(4);
    let (named, made) = (run.stderr.matches("\n  - directory/eligible/").count(), granted() - 1);
    assert!(made > 0 && named == made, "{made} more were granted: {}", run.stderr);
}

#[test]
fn nothing_to_check_is_said_and_who_may_not_write_is_refused() {
    let stage = Stage::new();
    stage.user("alice");
    stage.write("s.yaml", &settings("s", ROLE, "  activation: {maxDuration: PT1H}\n"));
    stage.run(&PREFLIGHT).exits(0).says("0 of 0 assignment change(s)");
    stage.write("d.yaml", &eligible("d", ROLE, ALICE, END));
    stage.write("z.yaml", &azure_words::eligible("z", "Reader", &here(), ALICE, END));
    let before = state(&stage);
    let reader = "00000000-0000-4000-8000-0000000000a1";
    let run = stage.run_as(reader, &PREFLIGHT).exits(1);
    run.says("PermissionScopeNotGranted").says("AuthorizationFailed").says("would refuse 2 of 2");
    assert_eq!(state(&stage), before);
}
