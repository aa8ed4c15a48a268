//! What a pull request brings, apart from what was pending before it; and several tenants in one report.

use serde_json::Value;

use crate::stage::{Stage, tenant};
use crate::words::{OWN_ALL, eligible, permanent};

const FOR_EVER: &str = "{permanent: true}";

/// A tenant with drift, the manifests of the target branch in `base`, and those under review in `head`.
fn stage() -> Stage {
    let stage = Stage::new();
    stage.erase("tenant.yaml");
    for folder in ["base", "head"] {
        stage.write(&format!("{folder}/tenant.yaml"), &tenant(OWN_ALL));
    }
    let [_, bob, _] = ["alice", "bob", "carol"].map(|name| stage.user(name));
    stage.request("eligible", "adminAssign", "Reports Reader", &bob, "/", permanent());
    stage.advance(1);
    let pending = eligible("helpdesk", "Helpdesk Administrator", "[{user: alice@contoso.example}]", FOR_EVER);
    stage.write("base/a.yaml", &pending);
    // in another file and with another line before it: where it is declared does not matter
    stage.write("head/b.yaml", &format!("# moved\n{pending}"));
    stage.write("head/c.yaml", &eligible("new", "Security Reader", "[{user: carol@contoso.example}]", FOR_EVER));
    stage
}

fn path(stage: &Stage, name: &str) -> String {
    stage.path().join(name).to_string_lossy().into_owned()
}

fn marks(plan: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let changes = plan["changes"].as_array().unwrap();
    changes.iter().map(|change| (text(&change["address"]), text(&change["since"]))).collect()
}

fn plan(stage: &Stage) -> Value {
    let (head, base) = (path(stage, "head"), path(stage, "base"));
    stage.run(&["plan!", &head, "--base", &base, "--format", "json"]).exits(0).json()
}

#[test]
fn each_change_is_from_this_change_or_pending_already() {
    let stage = stage();
    let plan = plan(&stage);
    let want = [
        ("directory/eligible/Helpdesk Administrator@tenant/user:alice@contoso.example", "pending"),
        ("directory/eligible/Reports Reader@tenant/user:bob@contoso.example", "pending"),
        ("directory/eligible/Security Reader@tenant/user:carol@contoso.example", "thisChange"),
    ];
    assert_eq!(marks(&plan), want.map(|(address, since)| (address.to_owned(), since.to_owned())));
    // without a base nothing is marked, and the changes are the same
    let head = path(&stage, "head");
    let alone = stage.run(&["plan!", &head, "--format", "json"]).exits(0).json();
    let addresses = |plan: &Value| marks(plan).into_iter().map(|(address, _)| address).collect::<Vec<_>>();
    assert_eq!(addresses(&alone), addresses(&plan));
    assert!(marks(&alone).iter().all(|(_, since)| since == "-"));
}

#[test]
fn a_pending_change_that_is_changed_is_from_this_change_and_one_that_is_dropped_is_told() {
    let stage = stage();
    stage.write(
        "head/b.yaml",
        &eligible("helpdesk", "Helpdesk Administrator", "[{user: alice@contoso.example}]", "{duration: P30D}"),
    );
    stage.write("head/d.yaml", &eligible("r", "Reports Reader", "[{user: bob@contoso.example}]", FOR_EVER));
    let plan = plan(&stage);
    let since: Vec<String> = marks(&plan).into_iter().map(|(_, since)| since).collect();
    assert_eq!(since, ["thisChange", "thisChange"]);
    let notices = plan["notices"].as_array().unwrap();
    let dropped: Vec<&Value> = notices.iter().filter(|notice| notice["code"] == "no-longer-pending").collect();
    assert_eq!(dropped.len(), 1, "{notices:?}");
    assert_eq!(dropped[0]["address"], "directory/eligible/Reports Reader@tenant/user:bob@contoso.example");
}

#[test]
fn a_base_that_says_nothing_is_told_and_hides_nothing() {
    let wrong: [(&str, &str); 4] = [
        ("a: [", "its manifests have errors|holds no valid Tenant"),
        ("", "it holds no Tenant|holds no valid Tenant"),
        (
            &tenant("").replace("0000-4000-8000-000000000001", "0000-4000-8000-000000000009"),
            "it is about another tenant",
        ),
        (
            &format!("{}{}", tenant(""), eligible("x", "Reports Reader", "[{user: nobody@contoso.example}]", FOR_EVER)),
            "it cannot be planned: there is no user",
        ),
    ];
    for (text, why) in wrong {
        let stage = stage();
        stage.erase("base/a.yaml");
        stage.write("base/tenant.yaml", text);
        let plan = plan(&stage);
        assert!(marks(&plan).iter().all(|(_, since)| since == "thisChange"), "{why}");
        let notice = plan["notices"].as_array().unwrap().iter().find(|notice| notice["code"] == "base-not-planned");
        let message = notice.unwrap()["message"].as_str().unwrap();
        assert!(why.split('|').any(|why| message.contains(why)), "{message}");
    }
}

/// Returns the messages of `judge-changed` with their severity, and the lines of the head that they stand at.
fn altered(plan: &Value) -> Vec<(String, String, u64)> {
    let notices = plan["notices"].as_array().unwrap().iter().filter(|notice| notice["code"] == "judge-changed");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    notices
        .map(|one| (text(&one["severity"]), text(&one["message"]), one["source"]["line"].as_u64().unwrap()))
        .collect()
}

#[test]
fn a_change_that_loosens_what_judges_it_says_so_in_its_head() {
    let stage = stage();
    assert_eq!(altered(&plan(&stage)), []);
    let spec = |limits: &str, rest: &str| tenant(&(OWN_ALL.replace("{maxRemovalPercent: 100}", limits) + rest));
    stage.write("base/rules/a.rego", "package contoso\n\ndeny contains \"x\" if false\n");
    stage.write(
        "base/tenant.yaml",
        &spec("{maxRemovalPercent: 100, maxRemovals: 10, minGlobalAdministrators: 1}", "  guardrails: [rules/]\n"),
    );
    stage.write(
        "head/tenant.yaml",
        &spec(
            "{maxRemovalPercent: 100, maxRemovals: 999, minGlobalAdministrators: 2}",
            "  ignore: {principals: [{user: bob@contoso.example}]}\n",
        ),
    );
    let found = altered(&plan(&stage));
    let has = |severity: &str, message: &str| {
        let is_it = |one: &&(String, String, u64)| one.0 == severity && one.1 == format!("this change {message}");
        assert!(found.iter().any(|one| is_it(&one)), "{message}: {found:?}");
    };
    has("warning", "loosens the Tenant: limits.maxRemovals 10 to 999");
    has("notice", "tightens the Tenant: limits.minGlobalAdministrators 1 to 2");
    has("warning", "loosens the Tenant: no longer names guardrails in rules");
    has("warning", "loosens the Tenant: ignores user:bob@contoso.example");
    assert_eq!(found.len(), 4, "{found:?}");
    let (head, base) = (path(&stage, "head"), path(&stage, "base"));
    let markdown = stage.run(&["plan!", &head, "--base", &base, "--format", "markdown"]).exits(0);
    let at = |text: &str| markdown.stdout.find(text).unwrap_or_else(|| panic!("no {text} in {}", markdown.stdout));
    assert!(at("**This change alters what judges it") < at("### Who gains access"), "{}", markdown.stdout);
    let text = stage.run(&["plan!", &head, "--base", &base]).exits(0);
    text.says("This change alters what judges it").says("warning[judge-changed]");
    // the other way round the limits are tightened again, and only what is loosened is in the head
    let back = stage.run(&["plan!", &base, "--base", &head]).exits(0);
    back.says("limits.minGlobalAdministrators 2 to 1").says("tightens the Tenant: limits.maxRemovals 999 to 10");
}

#[test]
fn what_is_no_longer_owned_is_told() {
    let stage = stage();
    stage.write("head/tenant.yaml", &tenant(""));
    let found = altered(&plan(&stage));
    assert!(found.iter().any(|(_, message, _)| message.contains("loosens the Tenant: no longer owns")), "{found:?}");
}

#[test]
fn a_base_that_is_not_there_is_a_mistake() {
    let stage = stage();
    let head = path(&stage, "head");
    stage.run(&["plan!", &head, "--base", &path(&stage, "bas")]).exits(64).says("--base: there is nothing at");
    stage.run(&["plan!", &head, &head, "--base", &head]).exits(64).says("--base is given 1 time(s) for 2 PATH(s)");
}

#[test]
fn a_marked_plan_can_be_applied() {
    let stage = stage();
    let (head, base, file) = (path(&stage, "head"), path(&stage, "base"), path(&stage, "plan.json"));
    let run = stage.run(&["plan!", &head, "--base", &base, "--out", &file]).exits(0);
    run.says("then apply exactly this plan: rolewright apply --plan").says("--digest sha256:");
    stage.run(&["apply!", &head, "--plan", &file, "--yes"]).exits(0);
    stage.run(&["plan!", &head, "--detailed-exitcode"]).exits(0);
}

#[test]
fn several_paths_are_one_report_and_one_plan_each() {
    let stage = stage();
    stage.write("head/tenant.yaml", &tenant(OWN_ALL).replace("{name: contoso}", "{name: contoso-head}"));
    let (head, base, out) = (path(&stage, "head"), path(&stage, "base"), path(&stage, "plans"));
    let run = stage.run(&["plan!", &head, &base, "--out", &out, "--detailed-exitcode"]).exits(2);
    run.says("contoso-head").says("Security Reader");
    let plan = |name: &str| -> Value {
        serde_json::from_str(&std::fs::read_to_string(path(&stage, &format!("plans/{name}.json"))).unwrap()).unwrap()
    };
    assert_eq!(plan("contoso-head")["changes"].as_array().unwrap().len(), 3);
    assert_eq!(plan("contoso")["changes"].as_array().unwrap().len(), 2);
    let all = stage.run(&["plan!", &head, &base, "--format", "json"]).exits(0).json();
    assert_eq!(all["format"], "rolewright.plans/v1");
    assert_eq!(all["plans"].as_array().unwrap().len(), 2);
}

#[test]
fn a_tenant_that_cannot_be_planned_does_not_hide_the_others() {
    let stage = stage();
    stage.write("base/a.yaml", &eligible("x", "Reports Reader", "[{user: nobody@contoso.example}]", FOR_EVER));
    let (head, base) = (path(&stage, "head"), path(&stage, "base"));
    let run = stage.run(&["plan!", &base, &head]).exits(1);
    run.says("there is no user `nobody@contoso.example`").says("Security Reader@tenant/user:carol");
}

#[test]
fn two_plans_of_one_name_are_not_one_file() {
    let stage = stage();
    let (head, base, out) = (path(&stage, "head"), path(&stage, "base"), path(&stage, "plans"));
    stage.run(&["plan!", &head, &base, "--out", &out]).exits(1).says("two Tenants are called `contoso`");
}
