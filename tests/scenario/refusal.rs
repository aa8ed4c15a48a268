//! What is refused before anything is written, with the line to look at.

use serde_json::json;

use crate::stage::{Stage, TENANT, tenant};
use crate::words::{OWN_ALL, active, eligible, permanent, settings};

const ROLE: &str = "Helpdesk Administrator";
const ROLE_ID: &str = "729827e3-9c14-49f7-bb1b-9608f156bbb8";
const CUSTOM: &str = "User Reader";
const ALICE: &str = "[{user: alice@contoso.example}]";

/// Plans and applies, asserts that both are refused with this and that nothing was written.
#[track_caller]
fn refused(stage: &Stage, says: &[&str]) {
    let mark = stage.mark();
    for arguments in [&["plan"][..], &["apply", "--yes"], &["drift"]] {
        let run = stage.run(arguments).exits(1);
        says.iter().fold(run, |run, text| run.says(text));
    }
    assert!(stage.written_since(mark).is_empty());
}

#[test]
fn what_the_declared_settings_forbid_names_the_rule_and_both_lines() {
    let stage = Stage::new();
    stage.user("alice");
    // a live custom role, by its id here and by its name there: only the tenant knows that they are one
    let body = json!({"displayName": CUSTOM, "isEnabled": true,
        "rolePermissions": [{"allowedResourceActions": ["microsoft.directory/users/standard/read"]}]});
    let made = stage.admin("POST", "/roleManagement/directory/roleDefinitions", Some(body));
    let id = made["id"].as_str().unwrap().to_owned();
    let forbid = |fields: &str| stage.write("s.yaml", &settings("s", &id, fields));
    let case = |fields: &str, grant: &str, says: &[&str]| {
        forbid(fields);
        stage.write("a.yaml", grant);
        refused(&stage, &[says, &["infeasible-assignment", "a.yaml:7", "s.yaml:"][..]].concat());
    };
    case(
        "  eligibleAssignment: {permanent: forbidden, maxDuration: P30D}\n",
        &eligible("a", CUSTOM, ALICE, "{duration: P60D, renewBefore: P7D}"),
        &["Expiration_Admin_Eligibility", "P30D"],
    );
    case(
        "  eligibleAssignment: {permanent: forbidden, maxDuration: P30D}\n",
        &eligible("a", CUSTOM, ALICE, "{permanent: true}"),
        &["Expiration_Admin_Eligibility", "permanent"],
    );
    case(
        "  activeAssignment: {permanent: forbidden, maxDuration: P15D}\n",
        &active("a", CUSTOM, ALICE, "{end: 2026-12-01T00:00:00Z}"),
        &["Expiration_Admin_Assignment", "P15D"],
    );
    let unjustified = |text: String| text.replace("  justification: story\n", "");
    case(
        "  eligibleAssignment: {require: [justification]}\n",
        &unjustified(eligible("a", CUSTOM, ALICE, "{permanent: true}")),
        &["Enablement_Admin_Eligibility", "a justification is required"],
    );
    case(
        "  eligibleAssignment: {require: [ticket]}\n",
        &eligible("a", CUSTOM, ALICE, "{permanent: true}"),
        &["Enablement_Admin_Eligibility", "a ticket is required"],
    );
    case(
        "  activeAssignment: {require: [multiFactorAuthentication, justification]}\n",
        &active("a", CUSTOM, ALICE, "{permanent: true}"),
        &["Enablement_Admin_Assignment", "which an application cannot perform"],
    );
    // a person can
    stage.write("tenant.yaml", &tenant("  applyAs: user\n"));
    assert_eq!(stage.changes().len(), 2);
    // and with what is demanded the application can, too
    stage.write("tenant.yaml", &tenant(""));
    forbid("  eligibleAssignment: {permanent: forbidden, maxDuration: P30D, require: [justification, ticket]}\n");
    let grant = eligible("a", CUSTOM, ALICE, "{duration: P30D, renewBefore: P7D}");
    stage.write("a.yaml", &format!("{grant}  ticket: {{number: CHG-1, system: x}}\n"));
    stage.apply();
}

#[test]
fn what_the_declared_settings_of_a_built_in_role_forbid_is_refused_offline() {
    let stage = Stage::new();
    stage.write("s.yaml", &settings("s", ROLE_ID, "  eligibleAssignment: {permanent: forbidden, maxDuration: P30D}\n"));
    let mark = stage.mark();
    stage.write("a.yaml", &eligible("a", ROLE, ALICE, "{duration: P60D, renewBefore: P7D}"));
    refused(&stage, &["exceeds-max-duration", "a.yaml:8", "s.yaml:7"]);
    stage.write("a.yaml", &eligible("a", ROLE, ALICE, "{permanent: true}"));
    refused(&stage, &["permanent", "a.yaml:8", "s.yaml:7"]);
    assert!(stage.sent_since(mark).is_empty());
}

#[test]
fn what_the_live_settings_forbid_is_refused_too() {
    let stage = Stage::new();
    stage.user("alice");
    stage.write("s.yaml", &settings("s", ROLE, "  eligibleAssignment: {permanent: forbidden, maxDuration: P30D}\n"));
    stage.apply();
    stage.erase("s.yaml");
    stage.write("a.yaml", &eligible("a", ROLE, ALICE, "{permanent: true}"));
    refused(
        &stage,
        &["infeasible-assignment", "Expiration_Admin_Eligibility", "a.yaml:7", "no manifest declares them"],
    );
}

#[test]
fn one_declaration_found_twice_through_ids() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    let by_id = format!("[{{id: {alice}, type: user}}]");
    stage.write("a.yaml", &eligible("a", ROLE, ALICE, "{permanent: true}"));
    stage.write("b.yaml", &eligible("b", ROLE_ID, &by_id, "{end: 2026-12-01T00:00:00Z}"));
    refused(&stage, &["conflicting-declaration", "a.yaml:7", "b.yaml:7"]);
    // the same said twice is only untidy
    stage.write("b.yaml", &eligible("b", ROLE_ID, &by_id, "{permanent: true}"));
    stage.run(&["plan"]).exits(0).says("duplicate-declaration").says("b.yaml:7");
    assert_eq!(stage.changes().len(), 1);
    stage.apply();
    // one of them expired and the other not is a contradiction as well
    stage.write("b.yaml", &eligible("b", ROLE_ID, &by_id, "{end: 2026-05-01T00:00:00Z}"));
    refused(&stage, &["conflicting-declaration", "expired"]);
    stage.erase("b.yaml");
    // settings of one role, by name and by id
    stage.write("s.yaml", &settings("s", ROLE, "  activation: {maxDuration: PT2H}\n"));
    stage.write("t.yaml", &settings("t", ROLE_ID, "  activation: {maxDuration: PT4H}\n"));
    refused(&stage, &["conflicting-declaration", "s.yaml:", "t.yaml:"]);
}

#[test]
fn the_wrong_tenant_is_noticed_before_the_first_read() {
    let stage = Stage::new();
    let other = "5a9dbb0c-0000-4000-8000-0000000000ff";
    stage.write("tenant.yaml", &tenant(OWN_ALL).replace(TENANT, other));
    let mark = stage.mark();
    refused(&stage, &[TENANT, other]);
    let sent = stage.sent_since(mark);
    assert!(sent.iter().all(|e| !e.path.starts_with("/v1.0") && !e.path.starts_with("/beta")), "{sent:?}");
    assert!(sent.iter().any(|e| e.path.contains("/oauth2/")), "a token was had: {sent:?}");
}

#[cfg(not(feature = "rego"))]
#[test]
fn what_cannot_be_planned_by_this_build_is_refused_with_its_line() {
    let stage = Stage::new();
    stage.write("tenant.yaml", &tenant("  guardrails: [guardrails/]\n"));
    stage.run(&["validate"]).exits(0);
    let mark = stage.mark();
    refused(&stage, &["not-plannable", "tenant.yaml:", "guardrails/"]);
    assert!(stage.sent_since(mark).is_empty());
}

#[test]
fn manifests_that_cannot_be_read_whole_are_never_planned() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.request("eligible", "adminAssign", ROLE, &alice, "/", permanent());
    stage.advance(1);
    stage.write("tenant.yaml", &tenant(OWN_ALL));
    let good = eligible("a", ROLE, ALICE, "{permanent: true}");
    stage.write("a.yaml", &good);
    stage.assert_converged();
    for text in
        [good.replace("principals:", "principls:"), format!("{good}  - ]\n"), good.replace("alice", "al\u{0}ice")]
    {
        stage.write("a.yaml", &text);
        let mark = stage.mark();
        refused(&stage, &["a.yaml"]);
        assert!(stage.sent_since(mark).is_empty());
    }
    std::fs::write(stage.path().join("a.yaml"), b"\xff\xfe").unwrap();
    refused(&stage, &["invalid-utf8"]);
    // no manifest at all does not mean `remove everything`
    stage.erase("a.yaml");
    stage.erase("tenant.yaml");
    refused(&stage, &["no-manifests"]);
    assert!(stage.schedule("eligible", &alice).is_some());
}

#[test]
fn without_a_terminal_and_without_yes_nothing_is_written() {
    let stage = Stage::new();
    stage.user("alice");
    stage.write("a.yaml", &eligible("a", ROLE, ALICE, "{permanent: true}"));
    let mark = stage.mark();
    stage.run(&["apply"]).exits(64).says("nothing was written").says("--yes");
    assert!(stage.written_since(mark).is_empty());
    stage.apply();
    // with nothing to do nobody has to be asked
    stage.run(&["apply"]).exits(0);
}

#[test]
fn drift_says_by_its_code_whether_the_tenant_matches() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.write("tenant.yaml", &tenant(OWN_ALL));
    stage.run(&["drift"]).exits(0);
    stage.write("a.yaml", &eligible("a", ROLE, ALICE, "{permanent: true}"));
    stage.run(&["drift"]).exits(2);
    // not knowing is an error, whatever else is known
    let unread = |list: &str| json!([{"match": {"method": "GET", "path": list}, "effect": {"answer": {"status": 403, "code": "UnknownError"}}}]);
    stage.faults(unread("/roleAssignmentSchedules"));
    stage.run(&["drift"]).exits(1).says("active assignment schedules");
    stage.run(&["plan"]).exits(1);
    stage.run(&["drift", "--allow-incomplete"]).exits(2);
    stage.faults(json!([]));
    stage.apply();
    stage.advance(1);
    stage.erase("a.yaml");
    stage.faults(unread("/roleEligibilitySchedules"));
    let plan = stage.run(&["plan", "--format", "json", "--allow-incomplete"]).exits(0).json();
    assert_eq!(plan["complete"], false);
    assert_eq!(plan["changes"].as_array().unwrap().len(), 0, "nothing is removed where nothing could be read");
    let mark = stage.mark();
    stage.run(&["apply", "--yes"]).exits(1);
    stage.run(&["apply", "--yes", "--allow-incomplete"]).exits(0);
    assert!(stage.written_since(mark).is_empty());
    stage.faults(json!([]));
    assert_eq!(stage.run(&["drift"]).exits(2).code, 2);
    stage.apply();
    assert!(stage.schedule("eligible", &alice).is_none());
}

#[test]
fn planning_only_reads_and_never_reads_requests() {
    let stage = Stage::with(|options| options.seed = rolewright::sandbox::Seed::Contoso);
    stage.write("tenant.yaml", &tenant(OWN_ALL));
    stage.write("s.yaml", &settings("s", ROLE, "  activation: {maxDuration: PT2H}\n"));
    let mark = stage.mark();
    stage.run(&["plan", "--detailed-exitcode"]);
    stage.run(&["drift"]);
    let sent = stage.sent_since(mark);
    let graph: Vec<_> = sent.iter().filter(|e| e.path.starts_with("/v1.0") || e.path.starts_with("/beta")).collect();
    assert!(graph.len() > 10, "{graph:?}");
    for entry in graph {
        assert!(entry.method == "GET" || entry.path.ends_with("/$batch"), "{entry:?}");
        assert!(!entry.path.contains("ScheduleRequests"), "{entry:?}");
        assert_eq!(entry.status, Some(200), "the planning set of permissions suffices: {entry:?}");
        assert_eq!(entry.caller.as_deref(), Some("00000000-0000-4000-8000-0000000000a1"));
    }
}

#[test]
fn an_application_does_not_apply_what_is_declared_for_a_person() {
    let stage = Stage::new();
    stage.write("tenant.yaml", &tenant("  applyAs: user\n"));
    let mark = stage.mark();
    stage.run(&["apply", "--yes"]).exits(1).says("applyAs: user");
    assert!(stage.sent_since(mark).iter().all(|entry| !entry.path.starts_with("/v1.0")), "nothing was even read");
    stage.run(&["plan"]).exits(0);
}
