//! What is there at the last moment is not what was reviewed, and answers that do not say what they did.

use serde_json::json;

use crate::meddling::meddled;
use crate::stage::{Stage, tenant};
use crate::words::{OWN_ALL, eligible, permanent, settings, until};

const ROLE: &str = "Helpdesk Administrator";
const ALICE: &str = "[{user: alice@contoso.example}]";

#[test]
fn an_assignment_that_changed_since_it_was_read_is_not_removed() {
    let (stage, meddler) = meddled(|_| {});
    let alice = stage.user("alice");
    stage.write("tenant.yaml", &tenant(OWN_ALL));
    stage.write("s.yaml", &settings("s", ROLE, "  activation: {maxDuration: PT1H}\n"));
    stage.request("eligible", "adminAssign", ROLE, &alice, "/", until("2026-08-01T00:00:00Z"));
    stage.advance(1);
    let id = alice.clone();
    meddler.after(
        |entry| entry.method == "PATCH",
        move |stage| {
            stage.request("eligible", "adminUpdate", ROLE, &id, "/", until("2026-10-01T00:00:00Z"));
        },
    );
    stage.run(&["apply", "--yes"]).exits(4).says("changed since it was read").says("plan again");
    assert!(meddler.is_done());
    assert_eq!(stage.end("eligible", &alice), "2026-10-01T00:00:00Z", "nobody reviewed the removal of this");
    stage.apply();
    assert!(stage.schedule("eligible", &alice).is_none());
}

#[test]
fn a_role_that_changed_since_it_was_read_is_not_removed() {
    let (stage, meddler) = meddled(|_| {});
    let permissions = |action: &str| json!({"rolePermissions": [{"allowedResourceActions": [action]}]});
    let mut body = permissions("microsoft.directory/users/standard/read");
    body["displayName"] = json!("Old Operator");
    body["isEnabled"] = json!(true);
    let made = stage.admin("POST", "/roleManagement/directory/roleDefinitions", Some(body));
    let path = format!("/roleManagement/directory/roleDefinitions/{}", made["id"].as_str().unwrap());
    stage.write("tenant.yaml", &tenant(OWN_ALL));
    stage.write("s.yaml", &settings("s", ROLE, "  activation: {maxDuration: PT1H}\n"));
    assert!(stage.changes().iter().any(|change| change.starts_with("remove directory/role-definition/Old Operator")));
    let at = path.clone();
    meddler.after(
        |entry| entry.method == "PATCH",
        move |stage| {
            stage.admin("PATCH", &at, Some(permissions("microsoft.directory/groups/standard/read")));
        },
    );
    stage.run(&["apply", "--yes"]).exits(4).says("the role changed since it was read; plan again");
    assert!(meddler.is_done());
    stage.admin("GET", &path, None);
    stage.apply();
    assert!(stage.rows("roleDefinitions").iter().all(|row| row["displayName"] != "Old Operator"));
}

#[test]
fn an_answer_that_does_not_say_what_was_granted_is_not_believed() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.write("a.yaml", &eligible("a", ROLE, ALICE, "{permanent: true}"));
    for text in [r#"{"status":"Provisioned"}"#, r#"{"id":"x","status":"Provisioned","directoryScopeId":null}"#] {
        let rule = json!({"match": {"method": "POST", "path": "ScheduleRequests"}, "effect": {"answer": {"status": 201, "text": text}}});
        stage.faults(json!([rule]));
        stage.run(&["apply", "--yes"]).exits(4).says("failed: create").says("does not say what was granted");
    }
    assert!(stage.schedule("eligible", &alice).is_none());
    stage.faults(json!([]));
    stage.apply();
}

#[test]
fn an_update_that_comes_out_wider_than_before_and_after_is_narrowed_and_shouted_about() {
    let (stage, meddler) = meddled(|_| {});
    let alice = stage.user("alice");
    stage.request("eligible", "adminAssign", ROLE, &alice, "/", until("2026-08-01T00:00:00Z"));
    stage.advance(1);
    stage.write("a.yaml", &eligible("a", ROLE, ALICE, "{end: 2026-09-01T00:00:00Z}"));
    let id = alice.clone();
    meddler.after(
        |entry| entry.method == "POST" && entry.path.ends_with("roleEligibilityScheduleRequests"),
        move |stage| {
            stage.request("eligible", "adminUpdate", ROLE, &id, "/", permanent());
        },
    );
    let run = stage.run(&["apply", "--yes"]).exits(4);
    assert!(meddler.is_done());
    run.says("wider window than asked for").says("it was narrowed at once").never_says("BY HAND");
    assert_eq!(stage.end("eligible", &alice), "2026-09-01T00:00:00Z");
    stage.assert_converged();
}
