//! Standing access that somebody gave without PIM, what is inherited, what is activated, and what is PIM's own.

use rolewright::sandbox::Seed;
use serde_json::json;

use crate::azure_words::{ROOT_GROUP, SUBSCRIPTION, active, eligible, owning, settings, until};
use crate::stage::{Stage, tenant};

const ROLE: &str = "Reader";

fn address(user: &str) -> String {
    format!("azure/active/{ROLE}@{SUBSCRIPTION}/user:{user}@contoso.example")
}

#[test]
fn a_classic_assignment_is_listed_where_nobody_owns_and_deleted_where_somebody_does() {
    let stage = Stage::new();
    let mallory = stage.user("mallory");
    stage.user("alice");
    let id = stage.azure_assign_plainly(ROLE, &mallory, SUBSCRIPTION, None);
    let text = eligible("a", ROLE, &format!("[{SUBSCRIPTION}]"), "[{user: alice@contoso.example}]", "{duration: P30D}");
    stage.write("a.yaml", &text);
    let listed = stage.unmanaged();
    let line = listed.iter().find(|line| line.starts_with(&address("mallory")));
    assert!(line.unwrap_or_else(|| panic!("{listed:?}")).contains("made outside PIM"));
    stage.apply();
    assert!(stage.azure_rows(SUBSCRIPTION, "roleAssignments").iter().any(|row| row["id"] == id.as_str()));

    stage.write("tenant.yaml", &owning(&[SUBSCRIPTION]));
    assert_eq!(stage.changes(), [format!("remove {}", address("mallory"))]);
    stage.run(&["drift"]).exits(2);
    let mark = stage.mark();
    stage.apply();
    let written = stage.azure_written_since(mark);
    assert_eq!(written.len(), 1, "{written:?}");
    assert!(written[0].eq_ignore_ascii_case(&format!("DELETE {id}")), "{written:?}");
    assert!(stage.azure_rows(SUBSCRIPTION, "roleAssignments").iter().all(|row| row["id"] != id.as_str()));
}

/// Old rows may carry upper-case names (arm.md 0.1): they are the same rows.
#[test]
fn names_in_upper_case_name_the_same() {
    let stage = Stage::with(|options| options.switches.uppercase_names = true);
    let (alice, bob, mallory) = (stage.user("alice"), stage.user("bob"), stage.user("mallory"));
    let here = format!("[{SUBSCRIPTION}]");
    stage.write("tenant.yaml", &owning(&[SUBSCRIPTION]));
    let declare = |user: &str, schedule: &str| {
        let who = format!("[{{user: {user}@contoso.example}}]");
        stage.write(&format!("{user}.yaml"), &eligible(user, ROLE, &here, &who, schedule));
    };
    declare("alice", "{end: 2026-10-01T00:00:00Z}");
    declare("bob", "{start: 2026-09-01T00:00:00Z, end: 2026-10-01T00:00:00Z}");
    stage.apply();
    let id = stage.azure_assign_plainly(ROLE, &mallory, SUBSCRIPTION, None);
    stage.advance(24 * 31);
    let shouted = |collection: &str, principal: &str| {
        let rows = stage.azure_rows(SUBSCRIPTION, collection);
        let name = |row: &serde_json::Value| row["name"].as_str().unwrap().to_owned();
        let names: Vec<String> =
            rows.iter().filter(|row| row["properties"]["principalId"] == principal).map(name).collect();
        !names.is_empty() && names.iter().all(|name| *name == name.to_uppercase() && *name != name.to_lowercase())
    };
    assert!(shouted("roleEligibilitySchedules", &alice) && shouted("roleEligibilitySchedules", &bob));
    assert!(shouted("roleAssignmentSchedules", &mallory));

    assert_eq!(stage.changes(), [format!("remove {}", address("mallory"))]);
    let mark = stage.mark();
    stage.apply();
    let written = stage.azure_written_since(mark);
    assert!(written.len() == 1 && written[0].eq_ignore_ascii_case(&format!("DELETE {id}")), "{written:?}");
    assert!(stage.azure_schedule("active", SUBSCRIPTION, &mallory).is_none());

    // moved in place, and the one that has not begun is cancelled
    declare("alice", "{end: 2026-11-01T00:00:00Z}");
    stage.erase("bob.yaml");
    let mark = stage.mark();
    stage.apply();
    let mut wrote = stage.azure_wrote_since(mark);
    wrote.sort();
    assert_eq!(wrote, ["POST roleEligibilityScheduleRequests/cancel", "PUT roleEligibilityScheduleRequests"]);
    assert_eq!(stage.azure_end("eligible", SUBSCRIPTION, &alice), "2026-11-01T00:00:00Z");
    assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &bob).is_none());
}

#[test]
fn declared_it_is_taken_over_and_bounded_in_place() {
    let stage = Stage::new();
    let mallory = stage.user("mallory");
    stage.azure_assign_plainly(ROLE, &mallory, SUBSCRIPTION, None);
    stage.advance(1);
    let scopes = format!("[{SUBSCRIPTION}]");
    stage.write("tenant.yaml", &owning(&[SUBSCRIPTION]));
    stage.write("s.yaml", &settings("s", ROLE, &scopes, "activeAssignment: {permanent: allowed}"));
    let who = "[{user: mallory@contoso.example}]";
    stage.write("a.yaml", &active("a", ROLE, &scopes, who, "{permanent: true}"));
    let mark = stage.mark();
    stage.apply();
    assert_eq!(stage.azure_wrote_since(mark), ["PATCH roleManagementPolicies"], "permanent it was and is");
    stage.write("a.yaml", &active("a", ROLE, &scopes, who, "{end: 2026-09-01T00:00:00Z}"));
    assert_eq!(stage.changes(), [format!("update {}", address("mallory"))]);
    stage.apply();
    assert_eq!(stage.azure_end("active", SUBSCRIPTION, &mallory), "2026-09-01T00:00:00Z");
    assert_eq!(stage.azure_requested("active", SUBSCRIPTION), ["AdminUpdate"]);
}

#[test]
fn what_is_inherited_is_nobodys_business_further_down() {
    let stage = Stage::new();
    let (alice, bob) = (stage.user("alice"), stage.user("bob"));
    let corp = stage.management_group("corp", "Corp", ROOT_GROUP);
    stage.move_subscription(SUBSCRIPTION, &corp);
    let net = stage.resource_group(SUBSCRIPTION, "rg-net");
    stage.azure_assign_plainly(ROLE, &alice, &corp, None);
    stage.azure_request("eligible", "AdminAssign", ROLE, &bob, &corp, until("2026-09-01T00:00:00Z"));
    stage.advance(1);
    // the lists of the subscription and of its group show both as inherited
    stage.write("tenant.yaml", &owning(&[SUBSCRIPTION]));
    assert!(stage.changes().is_empty(), "{:?}", stage.changes());
    // what is inherited satisfies no declaration either
    stage.write(
        "a.yaml",
        &eligible(
            "a",
            ROLE,
            &format!("['{net}']"),
            "[{user: bob@contoso.example}]",
            "{duration: P30D, renewBefore: P7D}",
        ),
    );
    let net = net.to_lowercase();
    assert_eq!(stage.changes(), [format!("create azure/eligible/{ROLE}@{net}/user:bob@contoso.example")]);
    stage.apply();
    assert!(stage.azure_schedule("eligible", &corp, &bob).is_some());
    // and back: the child's goes, the parent's stays
    stage.erase("a.yaml");
    stage.advance(1);
    assert_eq!(stage.changes(), [format!("remove azure/eligible/{ROLE}@{net}/user:bob@contoso.example")]);
    stage.apply();
    assert!(stage.azure_schedule("eligible", &corp, &bob).is_some());
    assert!(
        stage.azure_rows(&corp, "roleAssignments").iter().any(|row| row["properties"]["principalId"] == alice.as_str())
    );
}

#[test]
fn an_activation_is_no_drift_and_never_removed() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.write("tenant.yaml", &owning(&[SUBSCRIPTION]));
    let who = "[{user: alice@contoso.example}]";
    stage.write("a.yaml", &eligible("a", ROLE, &format!("[{SUBSCRIPTION}]"), who, "{end: 2026-09-01T00:00:00Z}"));
    stage.apply();
    stage.azure_activate("alice", &alice, ROLE, SUBSCRIPTION, 4);
    stage.assert_converged();
    // the service lets it begin seconds later
    stage.clock.advance(jiff::SignedDuration::from_mins(1));
    stage.assert_converged();
    assert!(stage.notices().contains(&format!("activation {}", address("alice"))), "{:?}", stage.notices());
    let mark = stage.mark();
    stage.apply();
    assert!(stage.azure_written_since(mark).is_empty());
    // an activation does not satisfy an active declaration: the service has one place for both and says so
    stage.write("b.yaml", &active("b", ROLE, &format!("[{SUBSCRIPTION}]"), who, "{end: 2026-08-01T00:00:00Z}"));
    assert_eq!(stage.changes(), [format!("create {}", address("alice"))]);
    stage.run(&["apply", "--yes"]).exits(4).says("an activation may be running");
    stage.advance(5);
    stage.apply();
}

#[test]
fn the_service_principal_of_pim_is_never_removed() {
    // its application id is the same everywhere, and nobody can choose one
    let maker = Stage::new();
    let app = maker.admin("POST", "/applications", Some(json!({"displayName": "MS-PIM"})))["appId"].clone();
    let body = maker.admin("POST", "/servicePrincipals", Some(json!({"appId": app})));
    let pim = body["id"].as_str().unwrap();
    let state = maker.running().state_json().to_string();
    let seed = maker.path().join("seed.json");
    std::fs::write(&seed, state.replace(app.as_str().unwrap(), "01fc33a7-78ba-4d2f-a4b7-768e336e890e")).unwrap();

    let stage = Stage::with(|options| options.seed = Seed::File(seed));
    let id = stage.azure_assign_plainly("User Access Administrator", pim, SUBSCRIPTION, None);
    stage.advance(1);
    stage.write("tenant.yaml", &owning(&[SUBSCRIPTION]));
    stage.assert_converged();
    assert!(stage.unmanaged().iter().any(|line| line.contains("it is PIM's own")), "{:?}", stage.unmanaged());
    // it is known by its application id alone: as long as that cannot be read, no service principal is removed
    let answer = json!({"answer": {"status": 403, "code": "Authorization_RequestDenied", "message": "Not yours."}});
    stage.faults(json!([{"match": {"method": "GET", "path": "/servicePrincipals"}, "effect": answer}]));
    stage.assert_converged();
    let listed = stage.unmanaged();
    assert!(listed.iter().any(|line| line.contains("which application its holder is could not be read")), "{listed:?}");
    stage.faults(json!([]));
    assert!(stage.azure_rows(SUBSCRIPTION, "roleAssignments").iter().any(|row| row["id"] == id.as_str()));
}

#[test]
fn a_service_principal_is_active_and_never_eligible() {
    let stage = Stage::new();
    let scopes = format!("[{SUBSCRIPTION}]");
    let who = "[{servicePrincipal: rolewright-plan}]";
    stage.write("a.yaml", &eligible("a", ROLE, &scopes, who, "{duration: P30D}"));
    stage.run(&["plan"]).exits(1).says("a.yaml:8").says("so it cannot be eligible");
    stage.write("a.yaml", &active("a", ROLE, &scopes, who, "{duration: P30D, renewBefore: P7D}"));
    stage.apply();
    assert_eq!(stage.azure_requested("active", SUBSCRIPTION), ["AdminAssign"]);
    stage.write("tenant.yaml", &owning(&[SUBSCRIPTION]));
    stage.erase("a.yaml");
    stage.advance(1);
    stage.apply();
}

#[test]
fn what_a_group_holds_is_the_groups() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    let ops = stage.group("sg-ops", false);
    stage.admin(
        "POST",
        &format!("/groups/{ops}/members/$ref"),
        Some(json!({"@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{alice}")})),
    );
    stage.write("tenant.yaml", &owning(&[SUBSCRIPTION]));
    stage.write(
        "a.yaml",
        &eligible("a", ROLE, &format!("[{SUBSCRIPTION}]"), "[{group: sg-ops}]", "{end: 2026-09-01T00:00:00Z}"),
    );
    stage.apply();
    assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &ops).is_some());
    // a member uses it: an activation like any other
    stage.azure_activate("alice", &alice, ROLE, SUBSCRIPTION, 2);
    stage.assert_converged();
    stage.write("tenant.yaml", &tenant(""));
    stage.assert_converged();
}

#[test]
fn what_the_deleted_hold_is_deleted_by_its_id_and_left_where_pim_must_be_asked() {
    let stage = Stage::new();
    let (mallory, olga) = (stage.user("mallory"), stage.user("olga"));
    stage.azure_assign_plainly(ROLE, &mallory, SUBSCRIPTION, None);
    stage.azure_request("eligible", "AdminAssign", ROLE, &olga, SUBSCRIPTION, until("2026-09-01T00:00:00Z"));
    for id in [&mallory, &olga] {
        stage.admin("DELETE", &format!("/users/{id}"), None);
    }
    stage.advance(1);
    stage.write("tenant.yaml", &owning(&[SUBSCRIPTION]));
    let changes = stage.changes();
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert!(changes[0].contains(&mallory), "{changes:?}");
    let listed = stage.unmanaged();
    assert!(listed.iter().any(|line| line.contains("its holder was deleted")), "{listed:?}");
    let mark = stage.mark();
    stage.apply();
    assert_eq!(stage.azure_wrote_since(mark), ["DELETE roleAssignments"]);
}

#[test]
fn what_is_held_above_is_activated_below_and_is_no_drift_there() {
    let stage = Stage::new();
    let bob = stage.user("bob");
    let net = stage.resource_group(SUBSCRIPTION, "rg-net");
    let corp = stage.management_group("corp", "Corp", ROOT_GROUP);
    stage.move_subscription(SUBSCRIPTION, &corp);
    stage.azure_request("eligible", "AdminAssign", ROLE, &bob, &corp, until("2026-09-01T00:00:00Z"));
    for scope in [SUBSCRIPTION, &net] {
        stage.azure_activate("bob", &bob, ROLE, scope, 2);
    }
    stage.clock.advance(jiff::SignedDuration::from_mins(10));
    stage.write("tenant.yaml", &owning(&[SUBSCRIPTION]));
    stage.assert_converged();
    assert_eq!(stage.notices().iter().filter(|line| line.starts_with("activation ")).count(), 2);
    stage.advance(3);
    assert!(stage.notices().is_empty(), "{:?}", stage.notices());
}
