//! Who can hold a role, and what they may be called.

use serde_json::{Value, json};

use crate::stage::{Stage, tenant};
use crate::words::{OWN_ALL, active, eligible, permanent};

const ROLE: &str = "Helpdesk Administrator";

/// Makes a group with further properties; returns its id.
fn group(stage: &Stage, name: &str, more: Value) -> String {
    let mut body = json!({"displayName": name, "mailNickname": "x", "mailEnabled": false, "securityEnabled": true});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    stage.admin("POST", "/groups", Some(body))["id"].as_str().unwrap().to_owned()
}

#[test]
fn groups_that_cannot_hold_roles_are_refused_at_their_line() {
    let stage = Stage::new();
    group(&stage, "sg-plain", json!({}));
    group(&stage, "sg-synced", json!({"onPremisesSyncEnabled": true}));
    let dynamic = json!({"groupTypes": ["DynamicMembership"], "membershipRule": "user.department -eq \"x\""});
    group(&stage, "sg-dynamic", dynamic);
    for (name, code) in [
        ("sg-plain", "group-not-role-assignable"),
        ("sg-synced", "synchronized-group"),
        ("sg-dynamic", "group-not-role-assignable"),
    ] {
        stage.write("a.yaml", &eligible("a", ROLE, &format!("[{{group: {name}}}]"), "{permanent: true}"));
        let mark = stage.mark();
        stage.run(&["plan"]).exits(1).says(code).says("a.yaml:7").says(name);
        stage.run(&["apply", "--yes"]).exits(1).says(code);
        assert!(stage.written_since(mark).is_empty());
    }
}

#[test]
fn two_groups_of_one_name_are_told_apart_by_id() {
    let stage = Stage::new();
    let (first, second) = (stage.group("sg-ops", true), stage.group("SG-Ops", true));
    stage.write("tenant.yaml", &tenant(OWN_ALL));
    stage.write("a.yaml", &eligible("a", ROLE, "[{group: sg-ops}]", "{permanent: true}"));
    stage.run(&["plan"]).exits(1).says("ambiguous-name").says("a.yaml:7").says(&first).says(&second);
    stage.write("a.yaml", &eligible("a", ROLE, &format!("[{{id: {second}, type: group}}]"), "{permanent: true}"));
    stage.apply();
    assert!(stage.schedule("eligible", &second).is_some());
    assert!(stage.schedule("eligible", &first).is_none());
    // both: two addresses, each naming one of them
    let both = format!("[{{id: {first}, type: group}}, {{id: {second}, type: group}}]");
    stage.write("a.yaml", &eligible("a", ROLE, &both, "{permanent: true}"));
    let changes = stage.changes();
    assert_eq!(changes, [format!("create directory/eligible/{ROLE}@tenant/group:sg-ops ({first})")]);
    stage.apply();
    // an id of another kind of principal is no group
    let alice = stage.user("alice");
    stage.write("a.yaml", &eligible("a", ROLE, &format!("[{{id: {alice}, type: group}}]"), "{permanent: true}"));
    stage.run(&["plan"]).exits(1).says("unknown-group").says("a.yaml:7");
}

#[test]
fn hostile_names_work_and_print_harmlessly() {
    let stage = Stage::new();
    let users = ["o'neill@contoso.example", "bob_fabrikam.example#EXT#@contoso.example", "ü+ß&%41=?@contoso.example"];
    let groups = [
        "sg 'quoted' \"twice\" \\ back",
        "sg-🦀-ops",
        "sg-\u{1b}[31mred\u{7}\r::error::x",
        "sg-\u{202e}evil\u{9b}2J",
        "| a | `b` | <script>",
    ];
    for name in users {
        let body = json!({"displayName": name, "userPrincipalName": name, "mailNickname": "x", "accountEnabled": true,
            "passwordProfile": {"password": "x"}});
        stage.admin("POST", "/users", Some(body));
    }
    for name in groups {
        stage.group(name, true);
    }
    let role = "Röle \u{1b}[2J 'of' 🦀";
    // YAML wants every control character escaped
    let letter = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c.is_control() || c == '\u{202e}' => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    let quote = |text: &str| format!("\"{}\"", text.chars().map(letter).collect::<String>());
    let mut all: Vec<String> = users.iter().map(|name| format!("{{user: {}}}", quote(name))).collect();
    all.extend(groups.iter().map(|name| format!("{{group: {}}}", quote(name))));
    let all = format!("[{}]", all.join(", "));
    stage.write("tenant.yaml", &tenant(OWN_ALL));
    let definition = format!(
        "apiVersion: rolewright/v1\nkind: DirectoryRoleDefinition\nmetadata: {{name: odd}}\nspec:\n  displayName: {}\n  \
         description: Odd\n  permissions: [microsoft.directory/applications/basic/update]\n  enabled: true\n",
        quote(role)
    );
    stage.write("role.yaml", &definition);
    stage.write("a.yaml", &eligible("a", ROLE, &all, "{permanent: true}"));
    stage.write("b.yaml", &eligible("b", &quote(role), &all, "{permanent: true}"));
    assert_eq!(stage.changes().len(), 17);
    let harmless = |run: crate::stage::Run| {
        for text in [&run.stdout, &run.stderr] {
            let bad = |letter: char| letter != '\n' && letter.is_control() || letter == '\u{202e}';
            assert!(!text.contains(bad), "{text:?}");
            assert!(!text.lines().any(|line| line.starts_with("::")), "a workflow command: {text}");
        }
    };
    harmless(stage.run(&["plan"]).exits(0));
    harmless(stage.run(&["plan", "--format", "markdown"]).exits(0));
    harmless(stage.apply());
    harmless(stage.run(&["drift"]).exits(0));
    assert_eq!(stage.rows("roleEligibilitySchedules").len(), 16);
    // a mistake names them harmlessly too
    stage.write(
        "a.yaml",
        &eligible("a", ROLE, &format!("[{{group: {}}}]", quote("sg-\u{1b}[31mnone")), "{permanent: true}"),
    );
    harmless(stage.run(&["plan"]).exits(1));
    stage.erase("a.yaml");
    stage.erase("b.yaml");
    stage.erase("role.yaml");
    stage.advance(1);
    harmless(stage.run(&["apply", "--yes", "--allow-mass-removal"]).exits(0));
    stage.assert_converged();
    assert!(stage.rows("roleEligibilitySchedules").is_empty());
}

#[test]
fn what_a_deleted_holder_leaves_is_listed_and_is_no_drift() {
    let stage = Stage::new();
    let (alice, bob) = (stage.user("alice"), stage.user("bob"));
    stage.request("eligible", "adminAssign", ROLE, &alice, "/", permanent());
    stage.request("active", "adminAssign", ROLE, &bob, "/", permanent());
    stage.advance(1);
    stage.admin("DELETE", &format!("/users/{alice}"), None);
    stage.admin("DELETE", &format!("/users/{bob}"), None);
    stage.write("tenant.yaml", &tenant(OWN_ALL));
    let mark = stage.mark();
    stage.apply();
    assert!(stage.written_since(mark).is_empty());
    let left = stage.unmanaged();
    for (mode, id) in [("eligible", &alice), ("active", &bob)] {
        let address = format!("directory/{mode}/{ROLE}@tenant/id:{id}");
        assert!(left.iter().any(|line| line.starts_with(&address) && line.contains("deleted")), "{left:?}");
    }
}

#[test]
fn a_holder_who_cannot_be_looked_up_is_not_taken_for_deleted() {
    let stage = Stage::with(|options| options.switches.shows_outside = false);
    let mallory = stage.user("mallory");
    stage.assign_plainly(ROLE, &mallory, "/");
    stage.advance(1);
    stage.write("tenant.yaml", &tenant(OWN_ALL));
    let refused = json!({"answer": {"status": 403, "code": "Authorization_RequestDenied"}});
    stage.faults(json!([{"match": {"path": "/users", "query": "id in"}, "effect": refused}]));
    assert_eq!(stage.changes(), [format!("remove directory/active/{ROLE}@tenant/id:{mallory}")]);
}

#[test]
fn a_declared_holder_who_was_deleted_is_an_error_with_its_line() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.write("a.yaml", &active("a", ROLE, "[{user: alice@contoso.example}]", "{permanent: true}"));
    stage.apply();
    stage.admin("DELETE", &format!("/users/{alice}"), None);
    stage.run(&["plan"]).exits(1).says("unknown-user").says("a.yaml:7");
    stage.run(&["drift"]).exits(1).says("unknown-user");
}
