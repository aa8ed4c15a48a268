//! Eligible and active are two things; an activation is a third, and nobody's business.

use crate::stage::{Stage, tenant};
use crate::words::{OWN_ALL, active, eligible, permanent, settings};

const ROLE: &str = "Helpdesk Administrator";
const ALICE: &str = "[{user: alice@contoso.example}]";

#[test]
fn an_active_assignment_does_not_stand_for_a_declared_eligible_one() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.request("active", "adminAssign", ROLE, &alice, "/", permanent());
    stage.write("a.yaml", &eligible("a", ROLE, ALICE, "{permanent: true}"));
    assert_eq!(stage.changes(), ["create directory/eligible/Helpdesk Administrator@tenant/user:alice@contoso.example"]);
    stage.apply();
    assert!(stage.schedule("active", &alice).is_some(), "nobody owns it, so it stays");
    let address = "directory/active/Helpdesk Administrator@tenant/user:alice@contoso.example";
    assert!(stage.unmanaged().iter().any(|line| line.starts_with(address)));

    // with authority the active one goes, and only that
    stage.advance(1);
    stage.write("tenant.yaml", &tenant(OWN_ALL));
    assert_eq!(stage.changes(), ["remove directory/active/Helpdesk Administrator@tenant/user:alice@contoso.example"]);
    stage.apply();
    assert!(stage.schedule("active", &alice).is_none());
    assert!(stage.schedule("eligible", &alice).is_some());
}

#[test]
fn an_eligible_assignment_does_not_stand_for_a_declared_active_one() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.request("eligible", "adminAssign", ROLE, &alice, "/", permanent());
    stage.advance(1);
    stage.write("tenant.yaml", &tenant(OWN_ALL));
    stage.write("a.yaml", &active("a", ROLE, ALICE, "{permanent: true}"));
    assert_eq!(
        stage.changes(),
        [
            "create directory/active/Helpdesk Administrator@tenant/user:alice@contoso.example",
            "remove directory/eligible/Helpdesk Administrator@tenant/user:alice@contoso.example",
        ]
    );
    stage.apply();
    assert!(stage.schedule("active", &alice).is_some());
    assert!(stage.schedule("eligible", &alice).is_none());

    // and back
    stage.advance(1);
    stage.write("a.yaml", &eligible("a", ROLE, ALICE, "{permanent: true}"));
    stage.apply();
    assert!(stage.schedule("active", &alice).is_none());
    assert!(stage.schedule("eligible", &alice).is_some());
}

#[test]
fn a_running_activation_is_neither_drift_nor_removed() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.write("tenant.yaml", &tenant(OWN_ALL));
    stage.write("a.yaml", &eligible("a", ROLE, ALICE, "{permanent: true}"));
    stage.apply();
    stage.activate("alice", &alice, ROLE, 4);
    stage.advance(1);
    stage.assert_converged();
    let address = "directory/active/Helpdesk Administrator@tenant/user:alice@contoso.example";
    assert_eq!(stage.notices(), [format!("activation {address}")]);
    assert!(stage.unmanaged().iter().all(|line| !line.contains("alice")), "it is no assignment either");
    let drift = stage.run(&["drift", "--format", "json"]).exits(0).json();
    assert_eq!(drift["changes"].as_array().unwrap().len(), 0);
    // an apply that has other work leaves it alone too
    stage.write("s.yaml", &settings("s", ROLE, "  activation: {maxDuration: PT2H}\n"));
    stage.apply();
    assert_eq!(stage.schedule("active", &alice).unwrap()["assignmentType"], "Activated");
    // it ends by itself
    stage.advance(4);
    assert!(stage.schedule("active", &alice).is_none());
    assert!(stage.notices().is_empty());
    stage.assert_converged();
}

#[test]
fn the_eligibility_under_an_activation_can_be_taken_away() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.write("tenant.yaml", &tenant(OWN_ALL));
    stage.write("a.yaml", &eligible("a", ROLE, ALICE, "{permanent: true}"));
    stage.apply();
    stage.activate("alice", &alice, ROLE, 4);
    stage.advance(1);
    stage.erase("a.yaml");
    let mark = stage.mark();
    stage.apply();
    assert_eq!(stage.written_since(mark), ["POST /v1.0/roleManagement/directory/roleEligibilityScheduleRequests"]);
    assert!(stage.schedule("eligible", &alice).is_none());
}

#[test]
fn a_declared_active_assignment_waits_for_the_activation_to_end() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.request("eligible", "adminAssign", ROLE, &alice, "/", permanent());
    stage.activate("alice", &alice, ROLE, 4);
    stage.write("a.yaml", &active("a", ROLE, ALICE, "{permanent: true}"));
    stage.run(&["apply", "--yes"]).exits(4).says("an activation may be running");
    assert_eq!(stage.schedule("active", &alice).unwrap()["assignmentType"], "Activated");
    stage.advance(4);
    stage.apply();
    assert_eq!(stage.schedule("active", &alice).unwrap()["assignmentType"], "Assigned");
}
