//! Standing access that somebody gave without PIM.

use rolewright::sandbox::Seed;
use serde_json::json;

use crate::stage::{Stage, tenant};
use crate::words::{OWN_ALL, active, eligible};

const ROLE: &str = "Helpdesk Administrator";
const ADDRESS: &str = "directory/active/Helpdesk Administrator@tenant/user:mallory@contoso.example";

#[test]
fn it_is_listed_and_kept_where_nobody_owns_the_role() {
    for shows_outside in [true, false] {
        let stage = Stage::with(|options| options.switches.shows_outside = shows_outside);
        let mallory = stage.user("mallory");
        stage.user("alice");
        stage.assign_plainly(ROLE, &mallory, "/");
        stage.write("a.yaml", &eligible("a", ROLE, "[{user: alice@contoso.example}]", "{permanent: true}"));
        let listed = stage.unmanaged();
        let line = listed.iter().find(|line| line.starts_with(ADDRESS));
        let line = line.unwrap_or_else(|| panic!("it is reported: {listed:?}"));
        assert!(line.contains("made outside PIM"), "{line}");
        stage.apply();
        assert!(stage.rows("roleAssignments").iter().any(|row| row["principalId"] == mallory.as_str()));
    }
}

#[test]
fn it_is_removed_through_pim_where_the_role_is_owned() {
    let stage = Stage::new();
    let mallory = stage.user("mallory");
    stage.assign_plainly(ROLE, &mallory, "/");
    stage.advance(1);
    stage.write("tenant.yaml", &tenant(OWN_ALL));
    assert_eq!(stage.changes(), [format!("remove {ADDRESS}")]);
    stage.run(&["drift"]).exits(2);
    let mark = stage.mark();
    stage.apply();
    assert_eq!(stage.written_since(mark), ["POST /v1.0/roleManagement/directory/roleAssignmentScheduleRequests"]);
    assert!(stage.rows("roleAssignments").iter().all(|row| row["principalId"] != mallory.as_str()));
}

#[test]
fn what_pim_does_not_show_is_deleted_after_a_second_read() {
    let stage = Stage::with(|options| options.switches.shows_outside = false);
    let mallory = stage.user("mallory");
    let id = stage.assign_plainly(ROLE, &mallory, "/");
    stage.advance(1);
    stage.write("tenant.yaml", &tenant(OWN_ALL));
    let mark = stage.mark();
    assert_eq!(stage.changes(), [format!("remove {ADDRESS}")]);
    let reads = |path: &str| stage.sent_since(mark).iter().filter(|entry| entry.path.ends_with(path)).count();
    for list in ["/roleAssignments", "/roleAssignmentSchedules", "/roleAssignmentScheduleInstances"] {
        assert_eq!(reads(list), 2, "{list}");
    }
    let mark = stage.mark();
    stage.apply();
    assert_eq!(stage.written_since(mark), [format!("DELETE /v1.0/roleManagement/directory/roleAssignments/{id}")]);
    assert!(stage.rows("roleAssignments").iter().all(|row| row["principalId"] != mallory.as_str()));
}

#[test]
fn one_that_the_second_read_explains_is_left_alone() {
    // at the first read the schedules lag behind the plain list
    let stage = Stage::new();
    let mallory = stage.user("mallory");
    stage.write("tenant.yaml", &tenant(OWN_ALL));
    let late = json!({"match": {"method": "GET", "path": "/roleAssignmentSchedule", "to": 2}, "effect": {"staleRead": {"writes": 1}}});
    stage.faults(json!([late]));
    stage.assign_plainly(ROLE, &mallory, "/");
    let mark = stage.mark();
    assert!(stage.changes().is_empty(), "the second read gave no ground to remove it");
    let reads = stage.sent_since(mark).into_iter().filter(|entry| entry.path.ends_with("/roleAssignments")).count();
    assert_eq!(reads, 2, "there was something to explain");
    stage.faults(json!([]));
    assert_eq!(stage.changes(), [format!("remove {ADDRESS}")], "the next plan sees it as it is");
}

#[test]
fn declared_it_is_taken_over_without_a_gap() {
    for shows_outside in [true, false] {
        let stage = Stage::with(|options| options.switches.shows_outside = shows_outside);
        let mallory = stage.user("mallory");
        stage.assign_plainly(ROLE, &mallory, "/");
        stage.advance(1);
        stage.write("tenant.yaml", &tenant(OWN_ALL));
        stage.write("a.yaml", &active("a", ROLE, "[{user: mallory@contoso.example}]", "{permanent: true}"));
        let mark = stage.mark();
        stage.apply();
        assert!(stage.written_since(mark).is_empty(), "permanent it was and is");
        // an end is put on it in place
        stage.write("a.yaml", &active("a", ROLE, "[{user: mallory@contoso.example}]", "{end: 2026-09-01T00:00:00Z}"));
        assert_eq!(stage.changes(), [format!("update {ADDRESS}")]);
        stage.apply();
        assert_eq!(stage.end("active", &mallory), "2026-09-01T00:00:00Z");
        assert_eq!(stage.requested("active"), ["adminUpdate"]);
    }
}

#[test]
fn the_readable_tenant_shows_its_standing_administrators() {
    let stage = Stage::with(|options| options.seed = Seed::Contoso);
    assert!(stage.unmanaged().iter().any(|line| line.contains("made outside PIM")));
    assert!(stage.notices().iter().any(|line| line.starts_with("activation ")));
}
