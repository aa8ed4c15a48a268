//! What an Azure run must not do: remove in bulk, overwrite what somebody else changed meanwhile, or end half-way for good.

use serde_json::{Value, json};

use crate::azure_words::{SUBSCRIPTION, at, eligible, owning, role, settings, until};
use crate::meddling::meddled;
use crate::stage::{Stage, tenant};

const ROLE: &str = "Reader";
const ALICE: &str = "[{user: alice@contoso.example}]";
const LONGEST: &str = "Expiration_EndUser_Assignment";
const START: &str = "Microsoft.Compute/virtualMachines/start/action";

fn here() -> String {
    format!("[{SUBSCRIPTION}]")
}

#[test]
fn many_removals_are_refused_until_somebody_means_it() {
    let stage = Stage::new();
    for number in 0..6 {
        let id = stage.user(&format!("user{number}"));
        stage.azure_request("eligible", "AdminAssign", ROLE, &id, SUBSCRIPTION, until("2026-09-01T00:00:00Z"));
    }
    stage.advance(1);
    stage.write(
        "tenant.yaml",
        &tenant(&format!("  ownership:\n    - {{azureScopes: [{SUBSCRIPTION}], assignments: authoritative}}\n")),
    );
    let mark = stage.mark();
    stage.run(&["apply", "--yes"]).exits(3).says("--allow-mass-removal");
    assert!(stage.azure_written_since(mark).is_empty());
    stage.run(&["apply", "--yes", "--allow-mass-removal"]).exits(0);
    assert!(stage.azure_rows(SUBSCRIPTION, "roleEligibilitySchedules").is_empty());
}

#[test]
fn settings_that_somebody_changed_meanwhile_are_not_overwritten() {
    let (stage, meddler) = meddled(|_| {});
    let body = "activation: {maxDuration: PT1H}";
    stage.write("s.yaml", &(settings("s", ROLE, &here(), body) + &settings("t", "Contributor", &here(), body)));
    meddler.after(
        |entry| entry.method == "PATCH",
        |stage| stage.azure_write_rule(SUBSCRIPTION, ROLE, LONGEST, json!({"maximumDuration": "PT3H"})),
    );
    // contributors are written first, readers are somebody else's meanwhile
    let run = stage.run(&["apply", "--yes"]).exits(4);
    assert!(meddler.is_done());
    run.says("changed since they were read (Expiration_EndUser_Assignment)");
    let longest = |role: &str| stage.azure_rules(SUBSCRIPTION, role)[LONGEST]["maximumDuration"].clone();
    assert_eq!((longest("Contributor"), longest(ROLE)), (json!("PT1H"), json!("PT3H")));
    stage.apply();
    assert_eq!(longest(ROLE), "PT1H");
}

#[test]
fn a_role_that_somebody_changed_meanwhile_is_not_overwritten() {
    let (stage, meddler) = meddled(|_| {});
    let declare = |more: &str| {
        let permissions = format!("{{actions: [{START}{more}]}}");
        stage.write("role.yaml", &role("vm", "VM Starter", &permissions, &here(), ""));
    };
    declare("");
    stage.apply();
    declare(", Microsoft.Compute/virtualMachines/read");
    stage.write("s.yaml", &settings("s", ROLE, &here(), "activation: {maxDuration: PT1H}"));
    meddler.after(
        |entry| entry.method == "PATCH",
        |stage| {
            let live = stage.azure_roles(SUBSCRIPTION).remove(0);
            let mut properties = live["properties"].clone();
            properties["description"] = json!("Somebody else");
            let path = at(SUBSCRIPTION, &format!("roleDefinitions/{}", live["name"].as_str().unwrap()), "2022-04-01");
            stage.arm_admin("PUT", &path, Some(json!({ "properties": properties })));
        },
    );
    stage.run(&["apply", "--yes"]).exits(4).says("the role changed since it was read");
    assert!(meddler.is_done());
    stage.apply();
    assert_eq!(stage.azure_roles(SUBSCRIPTION)[0]["properties"]["description"], "Somebody else", "nobody declares it");
}

#[test]
fn an_assignment_that_somebody_changed_meanwhile_is_not_removed() {
    let (stage, meddler) = meddled(|_| {});
    let alice = stage.user("alice");
    stage.azure_request("eligible", "AdminAssign", ROLE, &alice, SUBSCRIPTION, until("2026-09-01T00:00:00Z"));
    stage.advance(1);
    stage.write("tenant.yaml", &owning(&[SUBSCRIPTION]));
    stage.write("s.yaml", &settings("s", ROLE, &here(), "activation: {maxDuration: PT1H}"));
    let id = alice.clone();
    meddler.after(
        |entry| entry.method == "PATCH",
        move |stage| {
            stage.azure_request("eligible", "AdminUpdate", ROLE, &id, SUBSCRIPTION, until("2026-12-01T00:00:00Z"));
        },
    );
    stage.run(&["apply", "--yes"]).exits(4).says("it changed since it was read");
    assert!(meddler.is_done());
    assert_eq!(stage.azure_end("eligible", SUBSCRIPTION, &alice), "2026-12-01T00:00:00Z");
    stage.apply();
    assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &alice).is_none());
}

#[test]
fn whichever_answer_is_lost_the_run_ends_as_declared_and_grants_once() {
    for (method, turn) in [("PUT", 1), ("PUT", 2), ("PUT", 3), ("PATCH", 1), ("PATCH", 2), ("DELETE", 1)] {
        let stage = Stage::new();
        let (alice, mallory, olga) = (stage.user("alice"), stage.user("mallory"), stage.user("olga"));
        stage.azure_assign_plainly(ROLE, &mallory, SUBSCRIPTION, None);
        stage.azure_request("eligible", "AdminAssign", ROLE, &olga, SUBSCRIPTION, until("2026-09-01T00:00:00Z"));
        stage.advance(1);
        stage.write("tenant.yaml", &owning(&[SUBSCRIPTION]));
        stage.write("role.yaml", &role("vm", "VM Starter", &format!("{{actions: [{START}]}}"), &here(), ""));
        let body = "activation: {maxDuration: PT2H}\neligibleAssignment: {permanent: allowed}";
        stage.write("s.yaml", &settings("s", "VM Starter", &here(), body));
        stage.write("a.yaml", &eligible("a", "VM Starter", &here(), ALICE, "{permanent: true}"));
        let path = "/providers/Microsoft.Authorization/";
        stage.faults(
            json!([{"match": {"method": method, "path": path, "from": turn, "to": turn}, "effect": "lostAnswer"}]),
        );
        stage.apply();
        assert_eq!(stage.azure_end("eligible", SUBSCRIPTION, &alice), Value::Null, "{method} {turn}");
        assert!(stage.azure_schedule("active", SUBSCRIPTION, &mallory).is_none(), "{method} {turn}");
        assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &olga).is_none(), "{method} {turn}");
        let sent = stage.azure_requested("eligible", SUBSCRIPTION);
        assert_eq!(sent, ["AdminAssign", "AdminAssign", "AdminRemove"], "olga's, alice's, olga's: {method} {turn}");
        assert_eq!(stage.azure_roles(SUBSCRIPTION).len(), 1, "{method} {turn}");
    }
}

#[test]
fn one_change_can_be_picked_with_what_it_requires() {
    let stage = Stage::new();
    let (alice, bob) = (stage.user("alice"), stage.user("bob"));
    stage.write("role.yaml", &role("vm", "VM Starter", &format!("{{actions: [{START}]}}"), &here(), ""));
    let who = "[{user: alice@contoso.example}, {user: bob@contoso.example}]";
    stage.write("a.yaml", &eligible("a", "VM Starter", &here(), who, "{duration: P30D, renewBefore: P7D}"));
    let address = format!("azure/eligible/VM Starter@{SUBSCRIPTION}/user:alice@contoso.example");
    stage.run(&["apply", "--yes", "--target", &address]).exits(0);
    assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &alice).is_some());
    assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &bob).is_none());
    stage.apply();
}

#[test]
fn a_nonce_that_is_used_again_names_used_requests_and_converges_all_the_same() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.write("tenant.yaml", &owning(&[SUBSCRIPTION]));
    for _ in 0..2 {
        stage.write("a.yaml", &eligible("a", ROLE, &here(), ALICE, "{end: 2026-09-01T00:00:00Z}"));
        stage.run(&["apply", "--yes", "--nonce", "always"]).exits(0);
        assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &alice).is_some());
        stage.write("a.yaml", &eligible("a", ROLE, &here(), ALICE, "{end: 2026-08-01T00:00:00Z}"));
        stage.run(&["apply", "--yes", "--nonce", "always"]).exits(0);
        assert_eq!(stage.azure_end("eligible", SUBSCRIPTION, &alice), "2026-08-01T00:00:00Z");
        stage.erase("a.yaml");
        stage.advance(1);
        stage.run(&["apply", "--yes", "--nonce", "always"]).exits(0);
        assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &alice).is_none());
    }
    stage.assert_converged();
}
