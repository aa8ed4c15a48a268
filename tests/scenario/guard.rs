//! What a plan must not do, and who decides about what nobody declared.

use serde_json::json;

use crate::stage::{Stage, tenant};
use crate::words::{OWN_ALL, active, eligible, permanent, settings};

const ROLE: &str = "Helpdesk Administrator";
const FIRST: &str = "[{user: breakglass1@contoso.example}]";
const BOTH: &str = "[{user: breakglass1@contoso.example}, {user: breakglass2@contoso.example}]";

fn break_glass(principals: &str, schedule: &str) -> String {
    active("break-glass", "Global Administrator", principals, schedule).replace("purpose: other", "purpose: breakGlass")
}

#[test]
fn break_glass_accounts_keep_what_they_have() {
    let stage = Stage::new();
    let mallory = stage.user("mallory");
    let first = stage.admin("GET", "/users/breakglass1@contoso.example", None)["id"].as_str().unwrap().to_owned();
    stage.assign_plainly("Global Administrator", &mallory, "/");
    stage.assign_plainly(ROLE, &first, "/");
    stage.advance(1);
    let own = format!("  ownership: [{{directoryRoles: ['*'], assignments: authoritative}}]\n  breakGlass: {BOTH}\n");
    stage.write("tenant.yaml", &tenant(&own));
    stage.write("b.yaml", &break_glass(BOTH, "{permanent: true}"));
    assert_eq!(stage.changes(), ["remove directory/active/Global Administrator@tenant/user:mallory@contoso.example"]);
    let kept = format!("directory/active/{ROLE}@tenant/user:breakglass1@contoso.example");
    assert!(stage.unmanaged().iter().any(|line| line.starts_with(&kept) && line.contains("break-glass")));
    stage.apply();
    // break-glass comes before ignore
    stage.write("tenant.yaml", &tenant(&format!("{own}  ignore: {{principals: {FIRST}}}\n")));
    assert!(stage.unmanaged().iter().any(|line| line.starts_with(&kept)));
    // a manifest that forgets them is refused before anything is read
    stage.write("b.yaml", &break_glass(FIRST, "{permanent: true}"));
    let mark = stage.mark();
    stage.run(&["apply", "--yes"]).exits(1).says("break-glass-not-declared");
    assert!(stage.sent_since(mark).is_empty());
}

#[test]
fn a_plan_that_ends_the_permanence_of_break_glass_is_refused() {
    let stage = Stage::new();
    stage.write("tenant.yaml", &tenant(&format!("  breakGlass: {BOTH}\n  limits: {{minGlobalAdministrators: 0}}\n")));
    stage.write("b.yaml", &active("b", "Global Administrator", FIRST, "{end: 2026-12-01T00:00:00Z}"));
    let plan = stage.run(&["plan", "--format", "json"]).exits(3).json();
    assert_eq!(plan["verdicts"][0]["guard"], "break-glass");
    assert!(plan["verdicts"][0]["overriddenBy"].is_null());
    let mark = stage.mark();
    stage.run(&["apply", "--yes", "--allow-few-global-administrators", "--allow-mass-removal"]).exits(3);
    assert!(stage.written_since(mark).is_empty());
    stage.run(&["drift"]).exits(2);
}

#[test]
fn what_is_ignored_is_neither_drift_nor_listed() {
    let stage = Stage::new();
    let mallory = stage.user("mallory");
    let bob = stage.user("bob");
    stage.assign_plainly(ROLE, &mallory, "/");
    stage.request("eligible", "adminAssign", "User Administrator", &bob, "/", permanent());
    stage.advance(1);
    let ignore =
        "  ignore: {principals: [{user: mallory@contoso.example}], roles: [{directoryRole: User Administrator}]}\n";
    stage.write("tenant.yaml", &tenant(&format!("{OWN_ALL}{ignore}")));
    stage.assert_converged();
    assert!(stage.unmanaged().iter().all(|line| !line.contains("mallory") && !line.contains("bob")));
    // declaring it contradicts that, also where only the ids tell
    let by_id = format!("[{{id: {mallory}, type: user}}]");
    for (role, principals) in [
        (ROLE, "[{user: mallory@contoso.example}]"),
        (ROLE, by_id.as_str()),
        ("fe930be7-5e62-47db-91af-98c3a49a38b1", "[{user: bob@contoso.example}]"),
    ] {
        stage.write("a.yaml", &eligible("a", role, principals, "{permanent: true}"));
        stage.run(&["plan"]).exits(1).says("ignored-declaration").says("a.yaml:").says("tenant.yaml:");
    }
    stage
        .write("a.yaml", &settings("s", "fe930be7-5e62-47db-91af-98c3a49a38b1", "  activation: {maxDuration: PT2H}\n"));
    stage.run(&["plan"]).exits(1).says("ignored-declaration").says("a.yaml:");
}

#[test]
fn the_first_entry_that_matches_decides() {
    let stage = Stage::new();
    let mallory = stage.user("mallory");
    for role in [ROLE, "User Administrator", "Groups Administrator"] {
        stage.request("eligible", "adminAssign", role, &mallory, "/", permanent());
    }
    stage.advance(1);
    let own = "  ownership:
    - {directoryRoles: [Global Administrator, 'helpdesk *'], assignments: additive}
    - {directoryRoles: ['* Administrator'], assignments: authoritative}
    - {directoryRoles: ['User Administrator'], assignments: additive}
";
    stage.write("tenant.yaml", &tenant(own));
    stage.run(&["validate"]).exits(0).says("shadowed-ownership").says("tenant.yaml:9");
    assert_eq!(
        stage.changes(),
        [
            "remove directory/eligible/Groups Administrator@tenant/user:mallory@contoso.example",
            "remove directory/eligible/User Administrator@tenant/user:mallory@contoso.example",
        ]
    );
    stage.apply();
    assert!(stage.unmanaged().iter().any(|line| line.contains(ROLE)));
}

#[test]
fn globs_pass_over_reserved_roles_and_names_do_not() {
    let stage = Stage::new();
    let robot = stage.user("robot");
    let reserved = ["Directory Synchronization Accounts", "Partner Tier1 Support"];
    for role in reserved {
        stage.assign_plainly(role, &robot, "/");
    }
    stage.advance(1);
    stage.write("tenant.yaml", &tenant(OWN_ALL));
    stage.assert_converged();
    for role in reserved {
        assert!(stage.unmanaged().iter().any(|line| line.contains(role)), "{role} is listed");
    }
    let named = OWN_ALL.replace("['*']", "['*', Partner Tier1 Support]");
    stage.write("tenant.yaml", &tenant(&named));
    assert_eq!(stage.changes(), ["remove directory/active/Partner Tier1 Support@tenant/user:robot@contoso.example"]);
    stage.apply();
}

#[test]
fn mass_removal_needs_a_flag() {
    let stage = Stage::new();
    let names = ["a", "b", "c", "d", "e", "f"];
    let all = |names: &[&str]| {
        let users: Vec<String> = names.iter().map(|name| format!("{{user: {name}@contoso.example}}")).collect();
        eligible("a", ROLE, &format!("[{}]", users.join(", ")), "{permanent: true}")
    };
    names.iter().for_each(|name| drop(stage.user(name)));
    let own = "  ownership: [{directoryRoles: [Helpdesk Administrator], assignments: authoritative}]\n";
    stage.write("tenant.yaml", &tenant(own));
    stage.write("a.yaml", &all(&names));
    stage.apply();
    stage.advance(1);
    // two of six are a third
    stage.write("a.yaml", &all(&names[..4]));
    let run = stage.run(&["plan", "--format", "json"]).exits(3);
    assert_eq!(run.json()["verdicts"][0]["guard"], "mass-removal");
    let mark = stage.mark();
    stage.run(&["apply", "--yes"]).exits(3).says("--allow-mass-removal");
    stage.run(&["apply", "--yes", "--allow-few-global-administrators"]).exits(3);
    assert!(stage.written_since(mark).is_empty());
    stage.run(&["drift"]).exits(2);
    stage.run(&["apply", "--yes", "--allow-mass-removal"]).exits(0);
    stage.assert_converged();
    // a bound in numbers
    stage.write("tenant.yaml", &tenant(&format!("{own}  limits: {{maxRemovals: 1, maxRemovalPercent: 100}}\n")));
    stage.write("a.yaml", &all(&names[..2]));
    stage.run(&["apply", "--yes"]).exits(3).says("limits.maxRemovals");
    stage.write("a.yaml", &all(&names[..3]));
    stage.apply();
}

#[test]
fn too_few_global_administrators_need_a_flag() {
    let stage = Stage::new();
    let own = "  ownership: [{directoryRoles: [Global Administrator], assignments: authoritative}]\n";
    stage.write("tenant.yaml", &tenant(own));
    stage.write("b.yaml", &break_glass(FIRST, "{permanent: true}"));
    stage.advance(1);
    let run = stage.run(&["plan", "--format", "json"]).exits(3);
    assert_eq!(run.json()["verdicts"][0]["guard"], "lockout");
    let mark = stage.mark();
    stage.run(&["apply", "--yes", "--allow-mass-removal"]).exits(3).says("--allow-few-global-administrators");
    assert!(stage.written_since(mark).is_empty());
    stage.run(&["apply", "--yes", "--allow-few-global-administrators"]).exits(0);
    stage.assert_converged();
    // the last one stays, whatever the flags
    stage.erase("b.yaml");
    let mark = stage.mark();
    stage.run(&["apply", "--yes", "--allow-few-global-administrators", "--allow-mass-removal"]).exits(3);
    assert!(stage.written_since(mark).is_empty());
}

#[test]
fn nobody_loses_the_role_when_the_grants_that_were_counted_fail() {
    let stage = Stage::new();
    let own = "  ownership: [{directoryRoles: [Global Administrator], assignments: authoritative}]\n";
    let carol = stage.user("carol");
    stage.write("tenant.yaml", &tenant(own));
    let people = "[{user: breakglass1@contoso.example}, {user: carol@contoso.example}]";
    stage.write("a.yaml", &active("a", "Global Administrator", people, "{permanent: true}"));
    stage.advance(1);
    let refused = json!({"answer": {"status": 403, "code": "UnknownError"}});
    let post = json!({"method": "POST", "path": "/roleAssignmentScheduleRequests"});
    stage.faults(json!([{"match": post, "effect": refused}]));
    let run = stage.run(&["apply", "--yes"]).exits(4);
    run.says("nobody loses this role before those who are to hold it do");
    stage.faults(json!([]));
    let holders = stage.rows("roleAssignmentSchedules");
    assert_eq!(holders.len(), 2, "both of those who held it still do: {holders:?}");
    assert!(holders.iter().all(|row| row["principalId"] != carol.as_str()));
    stage.apply();
    stage.assert_converged();
}

#[test]
fn global_administrators_are_not_narrowed_where_something_could_not_be_read() {
    let stage = Stage::new();
    stage.write("tenant.yaml", &tenant(""));
    stage.write("b.yaml", &active("b", "Global Administrator", FIRST, "{end: 2026-12-01T00:00:00Z}"));
    let unread = json!({"answer": {"status": 403, "code": "UnknownError"}});
    let list = json!({"method": "GET", "path": "/roleAssignmentScheduleInstances"});
    stage.faults(json!([{"match": list, "effect": unread}]));
    let plan = stage.run(&["plan", "--format", "json", "--allow-incomplete"]).exits(3).json();
    assert_eq!(plan["verdicts"][0]["guard"], "incomplete-read");
    let mark = stage.mark();
    stage.run(&["apply", "--yes", "--allow-incomplete", "--allow-few-global-administrators"]).exits(3);
    assert!(stage.written_since(mark).is_empty());
}

#[test]
fn guards_count_what_is_ignored() {
    let stage = Stage::new();
    let own = "  ownership: [{directoryRoles: [Global Administrator], assignments: authoritative}]\n";
    let ignore = "  ignore: {principals: [{user: breakglass1@contoso.example}]}\n";
    stage.user("carol");
    stage.write("tenant.yaml", &tenant(&format!("{own}{ignore}")));
    let carol = active("carol", "Global Administrator", "[{user: carol@contoso.example}]", "{permanent: true}");
    stage.write("c.yaml", &carol);
    stage.advance(1);
    // breakglass2 goes, carol comes, and the ignored one is still the second of the two that must remain
    assert_eq!(
        stage.changes(),
        [
            "remove directory/active/Global Administrator@tenant/user:breakglass2@contoso.example",
            "create directory/active/Global Administrator@tenant/user:carol@contoso.example",
        ]
    );
    stage.apply();
}

#[test]
fn a_target_brings_what_it_requires_and_nothing_else() {
    let stage = Stage::new();
    let (alice, bob) = (stage.user("alice"), stage.user("bob"));
    let definition = "apiVersion: rolewright/v1\nkind: DirectoryRoleDefinition\nmetadata: {name: reader}\nspec:\n  \
        displayName: User Reader\n  description: Reads\n  permissions: [microsoft.directory/users/standard/read]\n  enabled: true\n";
    stage.write("role.yaml", definition);
    stage.write("s.yaml", &settings("s", "User Reader", "  activation: {maxDuration: PT2H}\n"));
    stage.write("a.yaml", &eligible("a", "User Reader", "[{user: alice@contoso.example}]", "{permanent: true}"));
    stage.write("b.yaml", &eligible("b", ROLE, "[{user: bob@contoso.example}]", "{permanent: true}"));
    let target = "directory/eligible/User Reader@tenant/user:alice@contoso.example";
    let plan = stage.run(&["plan", "--format", "json", "--target", target]).exits(0).json();
    let addresses: Vec<&str> =
        plan["changes"].as_array().unwrap().iter().map(|c| c["address"].as_str().unwrap()).collect();
    assert_eq!(addresses, [target, "directory/role-definition/User Reader", "directory/settings/User Reader"]);
    stage.run(&["apply", "--yes", "--target", target]).exits(0);
    assert!(stage.schedule("eligible", &alice).is_some());
    assert!(stage.schedule("eligible", &bob).is_none());
    // in sync now: nothing to do is no mistake
    stage.run(&["plan", "--detailed-exitcode", "--target", target]).exits(0);
    stage.run(&["drift", "--target", target]).exits(0);
    stage
        .run(&[
            "drift",
            "--target",
            "directory/settings/User Reader",
            "--target",
            "directory/role-definition/User Reader",
        ])
        .exits(0);
    stage.run(&["drift"]).exits(2);
    let mark = stage.mark();
    let wrong = "directory/eligible/Helpdesk Administrator@tenant/user:rob@contoso.example";
    stage.run(&["apply", "--yes", "--target", wrong]).exits(1).says("unknown-target").says("did you mean");
    assert!(stage.written_since(mark).is_empty());
    stage.apply();
}
