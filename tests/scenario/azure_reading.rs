//! What a plan reads and what it makes of what it cannot read: reads only, only what the manifests speak of, and no removal where
//! anything is missing.

use rolewright::sandbox::Entry;
use serde_json::json;

use crate::azure_words::{ROOT_GROUP, SUBSCRIPTION, eligible, owning, role, settings, until};
use crate::stage::{Stage, tenant};
use crate::words;

const ROLE: &str = "Reader";
const ALICE: &str = "[{user: alice@contoso.example}]";
const PLAN: &str = "00000000-0000-4000-8000-0000000000a1";

/// Tells whether a request is about tokens or about where the cloud's services are.
fn is_preface(entry: &Entry) -> bool {
    entry.path.ends_with("/oauth2/v2.0/token") || entry.path == "/metadata/endpoints"
}

#[test]
fn a_plan_only_reads_and_never_a_request_log() {
    let stage = Stage::new();
    let (alice, bob) = (stage.user("alice"), stage.user("bob"));
    let corp = stage.management_group("corp", "Corp", ROOT_GROUP);
    stage.move_subscription(SUBSCRIPTION, &corp);
    let net = stage.resource_group(SUBSCRIPTION, "rg-net");
    stage.write("tenant.yaml", &owning(&[&format!("'{corp}'")]));
    let here = format!("[{SUBSCRIPTION}, '{net}']");
    let actions = "{actions: [Microsoft.Compute/virtualMachines/start/action]}";
    stage.write("role.yaml", &role("vm", "VM Starter", actions, &format!("['{corp}']"), ""));
    stage.write("s.yaml", &settings("s", ROLE, &here, "activation: {maxDuration: PT2H}"));
    stage.write("a.yaml", &eligible("a", ROLE, &here, ALICE, "{duration: P30D, renewBefore: P7D}"));
    stage.apply();
    stage.azure_activate("alice", &alice, ROLE, SUBSCRIPTION, 2);
    stage.azure_assign_plainly(ROLE, &bob, &net, None);
    stage.azure_request("eligible", "AdminAssign", "VM Starter", &bob, &corp, until("2026-09-01T00:00:00Z"));
    stage.write("s.yaml", &settings("s", ROLE, &here, "activation: {maxDuration: PT1H}"));
    let mark = stage.mark();
    for line in [&["plan"][..], &["drift"], &["plan", "--format", "markdown"]] {
        let run = stage.run(line);
        assert!(matches!(run.code, 0 | 2), "{}", run.stderr);
    }
    let sent = stage.sent_since(mark);
    assert!(sent.iter().any(|entry| entry.path.contains("roleEligibilitySchedules")));
    for entry in sent.iter().filter(|entry| !is_preface(entry)) {
        assert_eq!(entry.caller.as_deref(), Some(PLAN), "{entry:?}");
        assert!(entry.method == "GET" || entry.path.ends_with("/$batch"), "{entry:?}");
        assert!(!entry.path.contains("ScheduleRequests"), "{entry:?}");
        assert!(
            !entry.path.contains("/roleManagement/directory/role"),
            "an Azure run reads no directory roles: {entry:?}"
        );
        assert!(entry.status.is_some_and(|status| status < 300), "{entry:?}");
    }
    // a handful of lists per scope, never one request per object
    let lists = sent.iter().filter(|entry| entry.path.contains("/Microsoft.Authorization/")).count();
    assert!(lists <= 3 * (4 * 3 + 2), "{lists}");
}

#[test]
fn two_surfaces_in_one_run() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.write(
        "a.yaml",
        &eligible("a", ROLE, &format!("[{SUBSCRIPTION}]"), ALICE, "{duration: P30D, renewBefore: P7D}"),
    );
    let directory = words::eligible("b", "Helpdesk Administrator", ALICE, "{duration: P30D, renewBefore: P7D}");
    stage.write("b.yaml", &directory);
    stage.write("s.yaml", &settings("s", ROLE, &format!("[{SUBSCRIPTION}]"), "activation: {maxDuration: PT2H}"));
    stage.write("t.yaml", &words::settings("t", "Helpdesk Administrator", "  activation: {maxDuration: PT2H}\n"));
    let mut changes = stage.changes();
    changes.sort();
    let surfaces: Vec<&str> = changes.iter().map(|line| line.split([' ', '/']).nth(1).unwrap()).collect();
    assert_eq!(surfaces, ["azure", "directory", "azure", "directory"], "{changes:?}");
    stage.apply();
    assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &alice).is_some());
    assert!(stage.schedule("eligible", &alice).is_some());
    // one surface fails, the other goes on
    stage.write("s.yaml", &settings("s", ROLE, &format!("[{SUBSCRIPTION}]"), "activation: {maxDuration: PT1H}"));
    stage.write("t.yaml", &words::settings("t", "Helpdesk Administrator", "  activation: {maxDuration: PT1H}\n"));
    let answer = json!({"answer": {"status": 400, "code": "InvalidPolicy", "message": "The policy is invalid."}});
    stage.faults(json!([{"match": {"method": "PATCH", "path": "/Microsoft.Authorization/"}, "effect": answer}]));
    stage.run(&["apply", "--yes"]).exits(4).says("InvalidPolicy");
    assert_eq!(stage.rules("Helpdesk Administrator")["Expiration_EndUser_Assignment"]["maximumDuration"], "PT1H");
    stage.faults(json!([]));
    stage.apply();
    // and back, each owned
    for file in ["a.yaml", "b.yaml"] {
        stage.erase(file);
    }
    stage.advance(1);
    stage.write(
        "tenant.yaml",
        &tenant(&format!(
            "  ownership:\n    - {{directoryRoles: [Helpdesk Administrator], assignments: authoritative}}\n    \
         - {{azureScopes: [{SUBSCRIPTION}], assignments: authoritative}}\n  limits: {{maxRemovalPercent: 100}}\n"
        )),
    );
    assert_eq!(stage.changes().len(), 2);
    stage.apply();
}

#[test]
fn a_directory_run_asks_nothing_of_azure() {
    let stage = Stage::new();
    stage.user("alice");
    stage.write("b.yaml", &words::eligible("b", "Helpdesk Administrator", ALICE, "{permanent: true}"));
    let mark = stage.mark();
    stage.apply();
    let sent = stage.sent_since(mark);
    assert!(
        sent.iter().all(|entry| !entry.path.starts_with("/subscriptions") && !entry.path.starts_with("/providers"))
    );
}

#[test]
fn a_subscription_that_may_not_be_read_leaves_the_others_planned_and_loses_nothing() {
    let stage = Stage::new();
    let (alice, bob) = (stage.user("alice"), stage.user("bob"));
    let dev = stage.subscription("dev", "dev", ROOT_GROUP);
    stage.write("tenant.yaml", &owning(&[SUBSCRIPTION, &dev]));
    stage.write(
        "a.yaml",
        &eligible("a", ROLE, &format!("[{SUBSCRIPTION}, {dev}]"), ALICE, "{duration: P30D, renewBefore: P7D}"),
    );
    for scope in [SUBSCRIPTION, &dev] {
        stage.azure_request("eligible", "AdminAssign", ROLE, &bob, scope, until("2026-09-01T00:00:00Z"));
    }
    stage.advance(1);
    assert_eq!(stage.changes().len(), 4);
    let refuse = |list: &str| {
        let path = format!("{dev}/providers/Microsoft.Authorization/{list}");
        let answer = json!({"answer": {"status": 403, "code": "AuthorizationFailed", "message": "Not yours."}});
        stage.faults(json!([{"match": {"method": "GET", "path": path}, "effect": answer}]));
    };
    refuse("");
    let at_prod = [
        format!("create azure/eligible/{ROLE}@{SUBSCRIPTION}/user:alice@contoso.example"),
        format!("remove azure/eligible/{ROLE}@{SUBSCRIPTION}/user:bob@contoso.example"),
    ];
    let lines = |plan: &serde_json::Value| {
        let line =
            |c: &serde_json::Value| format!("{} {}", c["action"].as_str().unwrap(), c["address"].as_str().unwrap());
        let mut found: Vec<String> = plan["changes"].as_array().unwrap().iter().map(line).collect();
        found.sort();
        found
    };
    stage.run(&["plan"]).exits(1).says("403").says(&dev);
    stage.run(&["drift"]).exits(1);
    let plan = stage.run(&["plan", "--allow-incomplete", "--format", "json"]).exits(0).json();
    assert_eq!((lines(&plan), &plan["complete"]), (at_prod.to_vec(), &json!(false)));
    stage.run(&["plan", "--allow-incomplete", "--detailed-exitcode"]).exits(2);
    stage.run(&["apply", "--yes"]).exits(1);
    stage.run(&["apply", "--yes", "--allow-incomplete"]);
    assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &alice).is_some());
    assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &bob).is_none());
    stage.run(&["plan", "--allow-incomplete", "--detailed-exitcode"]).exits(0);
    stage.faults(json!([]));
    assert!(stage.azure_schedule("eligible", &dev, &bob).is_some(), "nothing was pruned there");
    assert!(stage.azure_schedule("eligible", &dev, &alice).is_none());
    // one list is enough to keep what it would show
    refuse("roleEligibilitySchedules");
    let plan = stage.run(&["plan", "--allow-incomplete", "--format", "json"]).exits(0).json();
    assert_eq!(plan["changes"], json!([]));
    stage.faults(json!([]));
    stage.apply();
    assert!(stage.azure_schedule("eligible", &dev, &bob).is_none());
}

#[test]
fn a_page_that_is_missing_removes_nothing() {
    let stage = Stage::with(|options| options.page_size = Some(2));
    let bob = stage.user("bob");
    stage.write("tenant.yaml", &owning(&[SUBSCRIPTION]));
    for role in ["Reader", "Contributor", "Owner", "Storage Blob Data Reader"] {
        stage.azure_request("eligible", "AdminAssign", role, &bob, SUBSCRIPTION, until("2026-09-01T00:00:00Z"));
    }
    stage.advance(1);
    assert_eq!(stage.changes().len(), 4, "pages are followed");
    let outage = json!({"answer": {"status": 503, "code": "ServiceUnavailable"}});
    let second = json!({"path": "/roleEligibilitySchedules", "query": "skiptoken"});
    stage.faults(json!([{"match": second, "effect": outage}]));
    let plan = stage.run(&["plan", "--allow-incomplete", "--format", "json", "--timeout", "5"]).exits(0).json();
    assert_eq!((&plan["complete"], &plan["changes"]), (&json!(false), &json!([])));
}

#[test]
fn a_hierarchy_that_may_not_be_read_is_said_and_never_taken_for_an_empty_one() {
    let stage = Stage::new();
    let bob = stage.user("bob");
    let corp = stage.management_group("corp", "Corp", ROOT_GROUP);
    stage.move_subscription(SUBSCRIPTION, &corp);
    stage.write("tenant.yaml", &owning(&[&format!("'{corp}'")]));
    stage.azure_request("eligible", "AdminAssign", ROLE, &bob, SUBSCRIPTION, until("2026-09-01T00:00:00Z"));
    stage.advance(1);
    assert_eq!(stage.changes().len(), 1);
    let refuse = |path: &str| {
        let answer = json!({"answer": {"status": 403, "code": "AuthorizationFailed", "message": "Not yours."}});
        stage.faults(json!([{"match": {"method": "GET", "path": path}, "effect": answer}]));
    };
    for path in ["/providers/Microsoft.Management/managementGroups**", "/subscriptions"] {
        refuse(path);
        stage.run(&["drift"]).exits(1).says("could not be read").says("Not yours.");
        let plan = stage.run(&["plan", "--allow-incomplete", "--format", "json"]).json();
        assert_eq!(plan["complete"], false, "{path}");
        // by its name nothing is found, which is not the same as that it does not exist
        stage.write("scopes.yaml", &crate::azure_words::scope("prod", "subscription: prod-core"));
        stage.write("scopes2.yaml", &crate::azure_words::scope("corp", "managementGroup: Corp"));
        stage.run(&["plan"]).exits(1).says("could not be looked up").never_says("there is no");
        stage.erase("scopes.yaml");
        stage.erase("scopes2.yaml");
    }
}
