//! Groups that nobody manages here and that lead somewhere all the same: looked at, never touched, never listed.

use serde_json::Value;

use crate::azure_words::SUBSCRIPTION;
use crate::group_words::{active, eligible, owning};
use crate::stage::{Stage, tenant};
use crate::words;

const END: &str = "{end: 2026-08-01T00:00:00Z}";
const ALICE: &str = "[{user: alice@contoso.example}]";

fn change(plan: &Value, address: &str) -> Value {
    let changes = plan["changes"].as_array().unwrap();
    let found = changes.iter().find(|change| change["address"].as_str().unwrap().contains(address));
    found.unwrap_or_else(|| panic!("no {address} in {changes:#?}")).clone()
}

#[test]
fn a_role_behind_a_group_that_nobody_manages_is_gone_before_the_member_comes() {
    let stage = Stage::new();
    stage.user("alice");
    let (inner, outer) = (stage.group("sg-inner", false), stage.group("sg-outer", false));
    stage.link((&outer, "member"), &inner);
    stage.azure_assign_plainly("Contributor", &outer, SUBSCRIPTION, None);
    stage.advance(1);
    stage.write(
        "tenant.yaml",
        &tenant(&format!("  ownership: [{{azureScopes: [{SUBSCRIPTION}], assignments: authoritative}}]\n  limits: {{maxRemovalPercent: 100}}\n")),
    );
    stage.write("a.yaml", &active("a", "sg-inner:member", ALICE, END));
    let plan = stage.plan();
    let joins = change(&plan, "group/active/sg-inner:member");
    assert!(joins["follows"][0]["address"].as_str().unwrap().contains("group:sg-outer"), "{joins:#}");
    assert!(stage.unmanaged().iter().all(|line| !line.contains("group/active/sg-outer")), "it is not ours to list");
    stage.apply();
}

#[test]
fn owners_of_a_group_that_gets_a_role_are_seen_and_left() {
    let stage = Stage::new();
    stage.user("alice");
    let mallory = stage.user("mallory");
    let (ops, helpdesk) = (stage.group("sg-ops", false), stage.group("sg-helpdesk", true));
    stage.link((&helpdesk, "owner"), &mallory);
    stage.write("a.yaml", &eligible("a", "sg-ops:member", ALICE, END));
    stage.write("r.yaml", &words::active("r", "User Administrator", "[{group: sg-helpdesk}]", END));
    stage.write("tenant.yaml", &owning("['*']"));
    stage.run(&["plan"]).exits(0).says("owners-add-themselves").says("mallory@contoso.example");
    // no list of groups under PIM holds it, so no glob owns it
    stage.apply();
    assert_eq!(stage.linked((&helpdesk, "owner")), [mallory]);
    assert!(stage.unmanaged().iter().all(|line| !line.contains("sg-helpdesk:owner")));
    assert!(stage.is_onboarded(&ops) && !stage.is_onboarded(&helpdesk));
}

#[test]
fn an_owned_name_means_one_group() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    let (one, two) = (stage.group("sg-fin", false), stage.group("sg-fin", false));
    for group in [&one, &two] {
        stage.link((group, "member"), &alice);
    }
    stage.write("tenant.yaml", &owning("[sg-fin]"));
    let mark = stage.mark();
    stage.run(&["apply", "--yes"]).exits(1).says("ambiguous-name").says("tenant.yaml:").says(&one).says(&two);
    assert!(stage.written_since(mark).is_empty());
    // an id is the group's alone
    stage.write("tenant.yaml", &owning(&format!("['{one}']")));
    let removals = stage.changes();
    assert!(removals.len() == 1 && removals[0].contains("sg-fin"), "{removals:?}");
    stage.apply();
    assert_eq!(stage.linked((&one, "member")), [] as [String; 0]);
    assert_eq!(stage.linked((&two, "member")), [alice]);
}

#[test]
fn an_owned_name_that_means_nothing_is_said() {
    let stage = Stage::new();
    stage.write("tenant.yaml", &owning("[sg-typo]"));
    stage.run(&["plan"]).exits(0).says("owned-group-missing").says("sg-typo").says("tenant.yaml:");
}
