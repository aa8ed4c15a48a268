//! Who is left when a plan is carried out: somebody to give Azure roles, whoever applies, somebody to approve; and manifests that
//! declare nothing.

use serde_json::Value;

use crate::azure_words::{ROOT_GROUP, SUBSCRIPTION, active as active_in_azure, at, owning};
use crate::stage::{APPLY, Run, Stage, tenant};
use crate::words::{OWN_ALL, active, eligible, permanent, settings};

const HELPDESK: &str = "Helpdesk Administrator";
const ALICE: &str = "[{user: alice@contoso.example}]";

/// Returns the guards that refuse a plan, each with the flag that would override it.
fn refusing(run: Run) -> Vec<(String, String)> {
    let plan = run.exits(3).json();
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let verdicts = plan["verdicts"].as_array().unwrap().iter();
    verdicts.map(|verdict| (text(verdict, "guard"), text(verdict, "overriddenBy"))).collect()
}

fn one(guard: &str, flag: &str) -> Vec<(String, String)> {
    vec![(guard.to_owned(), flag.to_owned())]
}

fn strict() -> Stage {
    let stage = Stage::new();
    stage.be_strict();
    stage
}

impl Stage {
    /// Returns the object id of the application that applies.
    fn applying(&self) -> String {
        let path = format!("/servicePrincipals(appId='{APPLY}')");
        self.admin("GET", &path, None)["id"].as_str().unwrap().to_owned()
    }

    /// Takes from the applications what they give roles by at the root: then nothing is inherited from there.
    fn clear_root(&self) {
        let list = self.arm_admin("GET", &at("/", "roleAssignments?$filter=atScope()", "2022-04-01"), None);
        let is_of = |row: &Value, role: &str| row["properties"]["roleDefinitionId"].as_str().unwrap().contains(role);
        let (administrator, owner) = ("18d7d88d-d35e", "8e3af657-a8ff");
        let mut rows: Vec<Value> = list["value"].as_array().unwrap().clone();
        rows.retain(|row| is_of(row, administrator) || is_of(row, owner));
        // the right of whoever takes goes last
        rows.sort_by_key(|row| is_of(row, owner));
        for row in rows {
            let id = row["id"].as_str().unwrap();
            let (status, body) = self.arm("DELETE", &format!("{id}?api-version=2022-04-01"), None);
            assert!(status < 300, "{id}: {body}");
        }
    }
}

#[test]
fn an_owned_subscription_keeps_somebody_who_gives_roles() {
    let stage = strict();
    let (alice, bob) = (stage.user("alice"), stage.user("bob"));
    stage.azure_assign_plainly("Owner", &alice, SUBSCRIPTION, None);
    stage.azure_assign_plainly("Owner", &bob, SUBSCRIPTION, None);
    stage.advance(1);
    stage.write("tenant.yaml", &owning(&[SUBSCRIPTION]));
    stage.write(
        "r.yaml",
        &active_in_azure("r", "Reader", &format!("[{SUBSCRIPTION}]"), ALICE, "{end: 2026-06-05T00:00:00Z}"),
    );
    // what is inherited from the root is enough
    stage.run(&["plan"]).exits(0);
    stage.clear_root();
    let plan = ["plan", "--format", "json"];
    assert_eq!(refusing(stage.run(&plan)), one("azure-administrator", "--allow-no-azure-administrator"));
    stage.run(&["plan", "--allow-no-azure-administrator"]).exits(0);
    stage.run(&["drift"]).exits(2);
    let here = format!("[{SUBSCRIPTION}]");
    stage.write("a.yaml", &active_in_azure("a", "Owner", &here, ALICE, "{end: 2026-06-05T00:00:00Z}"));
    assert_eq!(refusing(stage.run(&plan)), one("azure-administrator", "--allow-no-azure-administrator"));
    stage.run(&["plan"]).exits(3).says("once what has an end has ended, nobody would be left");
    stage.write("a.yaml", &active_in_azure("a", "Owner", &here, ALICE, "{permanent: true}"));
    stage.run(&["plan"]).exits(0);
}

#[test]
fn whoever_applies_keeps_what_it_applies_with() {
    let stage = strict();
    let (own, alice) = (stage.applying(), stage.user("alice"));
    for id in [&own, &alice] {
        stage.assign_plainly("Privileged Role Administrator", id, "/");
    }
    stage.advance(1);
    stage.write("tenant.yaml", &tenant(OWN_ALL));
    stage.write("a.yaml", &active("a", "Privileged Role Administrator", ALICE, "{permanent: true}"));
    // the reading identity knows nothing of it
    stage.run(&["plan"]).exits(0);
    let mark = stage.mark();
    stage.run(&["apply", "--yes"]).exits(3).says("--allow-losing-own-rights");
    assert!(stage.written_since(mark).is_empty());
    // unless the manifests say who applies
    let by = format!("  appliedBy: {{id: {own}, type: servicePrincipal}}\n");
    stage.write("tenant.yaml", &tenant(&format!("{OWN_ALL}{by}")));
    assert_eq!(refusing(stage.run(&["plan", "--format", "json"])), one("own-rights", "--allow-losing-own-rights"));
    // and a plan that was made for another is judged again
    let reader = stage.admin("GET", "/servicePrincipals?$filter=startswith(displayName,'rolewright-plan')", None);
    let reader = reader["value"][0]["id"].as_str().unwrap().to_owned();
    stage.write("tenant.yaml", &tenant(&format!("{OWN_ALL}{}", by.replace(&own, &reader))));
    let file = stage.path().join("plan.json").to_string_lossy().into_owned();
    stage.run(&["plan", "--out", &file]).exits(0);
    let mark = stage.mark();
    stage.run(&["apply!", "--yes", "--plan", &file]).exits(3).says("own-rights");
    assert!(stage.written_since(mark).is_empty());
    stage.run(&["apply", "--yes", "--allow-losing-own-rights"]).exits(0).says("another-applier");
}

#[test]
fn an_activation_has_somebody_to_approve_it() {
    let stage = strict();
    let (alice, bob) = (stage.user("alice"), stage.user("bob"));
    let group = stage.group("sg-approvers", false);
    stage.request("eligible", "adminAssign", HELPDESK, &alice, "/", permanent());
    let plan = ["plan", "--format", "json"];
    let by = |approver: &str| {
        let fields = format!("  activation: {{approval: {{approvers: [{approver}]}}}}\n");
        stage.write("s.yaml", &settings("s", HELPDESK, &fields));
    };
    let refused = one("unreachable-approvers", "--allow-unreachable-approvers");
    by("{group: sg-approvers}");
    assert_eq!(refusing(stage.run(&plan)), refused, "nobody is in the group");
    let member = |id: &str| {
        let link = serde_json::json!({"@odata.id": format!("https://graph.example/v1.0/directoryObjects/{id}")});
        stage.admin("POST", &format!("/groups/{group}/members/$ref"), Some(link));
    };
    member(&alice);
    assert_eq!(refusing(stage.run(&plan)), refused, "nobody approves an own request");
    member(&bob);
    stage.run(&plan).exits(0);
    by("{user: bob@contoso.example}");
    stage.apply();
    // what was so before and is not touched is a notice
    stage.admin("PATCH", &format!("/users/{bob}"), Some(serde_json::json!({"accountEnabled": false})));
    assert!(stage.notices().iter().any(|line| line.starts_with("unreachable-approvers directory/settings/Helpdesk")));
    stage.user("carol");
    stage.write("a.yaml", &eligible("a", HELPDESK, "[{user: carol@contoso.example}]", "{permanent: true}"));
    assert_eq!(refusing(stage.run(&plan)), refused, "carol could never activate it");
    stage.run(&["apply", "--yes", "--allow-unreachable-approvers"]).exits(0);
}

#[test]
fn manifests_that_declare_nothing_remove_nothing() {
    let stage = strict();
    let (alice, bob) = (stage.user("alice"), stage.user("bob"));
    stage.request("eligible", "adminAssign", HELPDESK, &alice, "/", permanent());
    stage.request("eligible", "adminAssign", HELPDESK, &bob, "/", permanent());
    stage.advance(1);
    stage.write("tenant.yaml", &tenant(OWN_ALL));
    let plan = ["plan", "--format", "json"];
    let refused = one("empty-manifests", "--allow-empty-manifests");
    assert_eq!(refusing(stage.run(&plan)), refused);
    let mark = stage.mark();
    stage.run(&["apply", "--yes"]).exits(3).says("--allow-empty-manifests");
    assert!(stage.written_since(mark).is_empty());
    // settings are no assignments
    stage.write("s.yaml", &settings("s", HELPDESK, "  activation: {maxDuration: PT2H}\n"));
    assert_eq!(refusing(stage.run(&plan)), refused);
    stage.write("a.yaml", &eligible("a", HELPDESK, ALICE, "{permanent: true}"));
    stage.run(&plan).exits(0);
    stage.erase("a.yaml");
    let overridden = stage.run(&["plan", "--format", "json", "--allow-empty-manifests"]).exits(0).json();
    assert_eq!(overridden["overrides"], serde_json::json!(["--allow-empty-manifests"]));
    stage.run(&["apply", "--yes", "--allow-empty-manifests"]).exits(0);
    assert!(stage.schedule("eligible", &alice).is_none());
}

#[test]
fn what_a_management_group_gives_is_seen_where_it_is_inherited() {
    let stage = strict();
    let (alice, bob) = (stage.user("alice"), stage.user("bob"));
    stage.azure_assign_plainly("Owner", &alice, SUBSCRIPTION, None);
    stage.azure_assign_plainly("User Access Administrator", &bob, ROOT_GROUP, None);
    stage.advance(1);
    stage.write("tenant.yaml", &owning(&[SUBSCRIPTION]));
    stage.clear_root();
    let plan = stage.run(&["plan", "--allow-empty-manifests", "--format", "json"]).exits(0).json();
    assert_eq!(
        plan["changes"].as_array().unwrap().len(),
        1,
        "alice goes, and bob is no assignment of the subscription"
    );
}
