//! Where absence from Git means removal: by subtree, exact or with descendants, by name or id, wherever a subscription moves.

use serde_json::json;

use crate::azure_words::{ROOT_GROUP, SUBSCRIPTION, at, eligible, owning, scope, until};
use crate::stage::{Stage, tenant};

const ROLE: &str = "Reader";

/// A management group with the seed's subscription, a resource group and somebody eligible at each.
struct Tree {
    stage: Stage,
    corp: String,
    net: String,
    alice: String,
}

fn tree() -> Tree {
    let stage = Stage::new();
    let alice = stage.user("alice");
    let corp = stage.management_group("corp", "Corp", ROOT_GROUP);
    stage.move_subscription(SUBSCRIPTION, &corp);
    let net = stage.resource_group(SUBSCRIPTION, "rg-net");
    for scope in [&corp, SUBSCRIPTION, &net] {
        stage.azure_request("eligible", "AdminAssign", ROLE, &alice, scope, until("2026-09-01T00:00:00Z"));
    }
    stage.advance(1);
    Tree { stage, corp, net, alice }
}

impl Tree {
    /// Returns the scopes of planned removals, narrowest last.
    fn removals(&self) -> Vec<String> {
        let short = |line: String| {
            let line = line.strip_prefix(&format!("remove azure/eligible/{ROLE}@")).unwrap_or_else(|| panic!("{line}"));
            line.strip_suffix("/user:alice@contoso.example").unwrap().to_owned()
        };
        let mut found: Vec<String> = self.stage.changes().into_iter().map(short).collect();
        found.sort_by_key(|scope| (scope.starts_with("/subscriptions"), scope.len()));
        found
    }

    fn own(&self, entry: &str) {
        self.stage.write(
            "tenant.yaml",
            &tenant(&format!("  ownership:\n    - {entry}\n  limits: {{maxRemovalPercent: 100}}\n")),
        );
    }
}

#[test]
fn exact_or_with_descendants_by_name_or_by_id() {
    let tree = tree();
    let (corp, net) = (tree.corp.to_lowercase(), tree.net.to_lowercase());
    tree.stage
        .write("scopes.yaml", &(scope("corp", "managementGroup: Corp") + &scope("prod", "subscription: prod-core")));
    for (entry, want) in [
        ("azureScopes: [corp], assignments: authoritative", vec![corp.as_str(), SUBSCRIPTION, &net]),
        ("azureScopes: [corp], exact: true, assignments: authoritative", vec![corp.as_str()]),
        ("azureScopes: [prod], assignments: authoritative", vec![SUBSCRIPTION, &net]),
        ("azureScopes: [prod], exact: true, assignments: authoritative", vec![SUBSCRIPTION]),
        (&format!("azureScopes: ['{}'], assignments: authoritative", tree.net), vec![net.as_str()]),
        ("azureScopes: [prod], assignments: additive", vec![]),
    ] {
        tree.own(&format!("{{{entry}}}"));
        assert_eq!(tree.removals(), want, "{entry}");
    }
    // the first entry that matches decides
    tree.stage.write("tenant.yaml", &tenant(&format!(
        "  ownership:\n    - {{azureScopes: ['{}'], assignments: additive}}\n    - {{azureScopes: [corp], assignments: authoritative}}\n  \
         limits: {{maxRemovalPercent: 100}}\n", tree.net
    )));
    assert_eq!(tree.removals(), [corp.as_str(), SUBSCRIPTION]);
}

#[test]
fn the_childs_goes_and_the_parents_stays_and_the_reverse() {
    let tree = tree();
    let stage = &tree.stage;
    let who = "[{user: alice@contoso.example}]";
    stage.write("tenant.yaml", &owning(&[&format!("'{}'", tree.corp)]));
    // declared at the parent, the child's own is not declared by that
    stage.write("a.yaml", &eligible("a", ROLE, &format!("['{}']", tree.corp), who, "{end: 2026-09-01T00:00:00Z}"));
    assert_eq!(tree.removals(), [SUBSCRIPTION, &tree.net.to_lowercase()]);
    // declared at the child, the parent's is not: it would give more than is written
    stage.write("a.yaml", &eligible("a", ROLE, &format!("['{}']", tree.net), who, "{end: 2026-09-01T00:00:00Z}"));
    assert_eq!(tree.removals(), [&tree.corp.to_lowercase(), SUBSCRIPTION]);
    stage.apply();
    assert!(stage.azure_schedule("eligible", &tree.net, &tree.alice).is_some());
    assert!(stage.azure_schedule("eligible", &tree.corp, &tree.alice).is_none());
}

#[test]
fn a_subscription_takes_its_ownership_along_when_it_moves() {
    let tree = tree();
    let other = tree.stage.management_group("other", "Other", ROOT_GROUP);
    tree.own(&format!("{{azureScopes: ['{other}'], assignments: authoritative}}"));
    assert!(tree.removals().is_empty());
    tree.stage.move_subscription(SUBSCRIPTION, &other);
    assert_eq!(tree.removals(), [SUBSCRIPTION, &tree.net.to_lowercase()]);
    tree.stage.move_subscription(SUBSCRIPTION, &tree.corp);
    assert!(tree.removals().is_empty());
    // a group moves with all it holds
    tree.stage.management_group("corp", "Corp", &other);
    assert_eq!(tree.removals(), [&tree.corp.to_lowercase(), SUBSCRIPTION, &tree.net.to_lowercase()]);
    tree.stage.apply();
    assert!(tree.stage.azure_schedule("eligible", &tree.corp, &tree.alice).is_none());
}

#[test]
fn what_is_ignored_or_break_glass_stays() {
    let tree = tree();
    let stage = &tree.stage;
    let own = "  ownership:\n    - {azureScopes: [/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1], assignments: authoritative}\n  limits: {maxRemovalPercent: 100}\n";
    for ignore in ["roles: [{azureRole: Reader}]", "principals: [{user: alice@contoso.example}]"] {
        stage.write("tenant.yaml", &tenant(&format!("{own}  ignore: {{{ignore}}}\n")));
        assert!(tree.removals().is_empty(), "{ignore}");
    }
    let id = stage.admin("GET", "/users/breakglass1@contoso.example", None)["id"].as_str().unwrap().to_owned();
    stage.azure_assign_plainly("Owner", &id, SUBSCRIPTION, None);
    let more = "  ignore: {roles: [{azureRole: Reader}]}\n  breakGlass: [{user: breakglass1@contoso.example}]\n";
    stage.write("tenant.yaml", &tenant(&format!("{own}{more}")));
    stage.assert_converged();
    assert!(stage.unmanaged().iter().any(|line| line.contains("it belongs to a break-glass account")));
}

#[test]
fn a_role_that_could_be_held_where_nobody_read_stays_and_says_why() {
    let tree = tree();
    let stage = &tree.stage;
    let dev = stage.subscription("dev", "dev", &tree.corp);
    let id = uuid::Uuid::new_v4().to_string();
    let body = json!({"properties": {"roleName": "Undeclared", "type": "CustomRole", "assignableScopes": [tree.corp],
        "permissions": [{"actions": ["Microsoft.Compute/virtualMachines/read"]}]}});
    stage.arm_admin("PUT", &at(&tree.corp, &format!("roleDefinitions/{id}"), "2022-04-01"), Some(body));
    stage.write(
        "tenant.yaml",
        &tenant(&format!("  ownership:\n    - {{azureScopes: ['{}'], roleDefinitions: authoritative}}\n", tree.corp)),
    );
    assert_eq!(stage.changes(), ["remove azure/role-definition/Undeclared"]);
    let answer = json!({"answer": {"status": 403, "code": "AuthorizationFailed", "message": "Not yours."}});
    stage.faults(json!([{"match": {"method": "GET", "path": format!("{dev}/providers/Microsoft.Authorization/roleEligibilitySchedules")}, "effect": answer}]));
    let plan = stage.run(&["plan", "--allow-incomplete", "--format", "json"]).exits(0).json();
    assert_eq!(plan["changes"], json!([]));
    let rows = plan["unmanaged"].as_array().unwrap();
    let why = rows.iter().find(|row| row["address"] == "azure/role-definition/Undeclared").unwrap()["why"].to_string();
    assert!(why.contains("could not be read"), "{why}");
    stage.faults(json!([]));
    // somebody holds it somewhere below
    stage.azure_request("eligible", "AdminAssign", "Undeclared", &tree.alice, &dev, until("2026-09-01T00:00:00Z"));
    assert!(stage.changes().is_empty());
    stage.run(&["plan"]).exits(0).says("role-in-use").says("these stay");
}
