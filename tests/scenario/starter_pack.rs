//! The policies of `examples/guardrails/`: each with what trips it and what does not, over the input of a real plan.

use std::path::Path;

use rolewright::guardrail::question::{Limits, Question, Severity};
use rolewright::guardrail::{evaluator, folder};
use serde_json::{Value, json};

use crate::stage::Stage;
use crate::words::eligible;

const GLOBAL: &str = "62e90394-69f5-4237-9190-012177145e10";
const PRIVILEGED: &str = "e8611ab8-c189-46e8-94e1-60213ab1f814";
const USERS: &str = "fe930be7-5e62-47db-91af-98c3a49a38b1";
const CONDITIONAL: &str = "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9";

/// The input of a plan that makes alice eligible for a harmless role until September.
fn input() -> Value {
    let stage = Stage::new();
    stage.user("alice");
    let who = "[{user: alice@contoso.example}]";
    stage.write("access/a.yaml", &eligible("a", "Reports Reader", who, "{end: 2026-09-01T00:00:00Z}"));
    let file = stage.path().join("input.out");
    stage.run(&["plan", "--guardrail-input", &file.to_string_lossy()]).exits(0);
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// What the pack says, `package: message` each.
struct Said {
    denied: Vec<String>,
    warned: Vec<String>,
}

fn ask(input: &Value) -> Said {
    ask_folder("examples/guardrails", input)
}

fn ask_folder(name: &str, input: &Value) -> Said {
    let bundle = folder::read(Path::new(env!("CARGO_MANIFEST_DIR")), Path::new(name), name, None).unwrap();
    let question = Question { files: bundle.files, is_judging: true, limits: Limits::default() };
    let program = Path::new(env!("CARGO_BIN_EXE_rolewright"));
    let answer = evaluator::ask(Some(program), &question, &input.to_string());
    assert!(answer.mistakes.is_empty(), "{:?}", answer.mistakes);
    let of = |severity: Severity| {
        let found = answer.findings.iter().filter(|finding| finding.severity == severity);
        found.map(|f| format!("{}: {}", f.package.trim_start_matches("rolewright."), f.message.msg)).collect()
    };
    Said { denied: of(Severity::Deny), warned: of(Severity::Warn) }
}

#[track_caller]
fn denies(input: &Value, text: &str) {
    let said = ask(input);
    assert!(said.denied.iter().any(|message| message.contains(text)), "`{text}` is missing: {:?}", said.denied);
}

#[track_caller]
fn denies_not(input: &Value, text: &str) {
    let said = ask(input);
    assert!(!said.denied.iter().any(|message| message.contains(text)), "{:?}", said.denied);
}

#[track_caller]
fn warns(input: &Value, text: &str) {
    let said = ask(input);
    assert!(said.warned.iter().any(|message| message.contains(text)), "`{text}` is missing: {:?}", said.warned);
    assert!(!said.denied.iter().any(|message| message.contains(text)), "{:?}", said.denied);
}

#[track_caller]
fn is_silent(input: &Value, text: &str) {
    let said = ask(input);
    let all: Vec<_> = said.denied.iter().chain(&said.warned).filter(|message| message.contains(text)).collect();
    assert!(all.is_empty(), "{all:?}");
}

/// Adds a holder that was there before.
fn hold(input: &mut Value, role: &str, who: &str, mode: &str, permanent: bool) {
    let roles = input["roles"].as_array().unwrap();
    let name = roles.iter().find(|r| r["id"] == role && r["surface"] == "directory").unwrap()["displayName"].clone();
    let kind = who.split(':').next().unwrap();
    let common = json!({
        "surface": "directory", "role": role, "roleName": name, "scope": "/", "scopeName": "tenant",
        "principal": format!("id-{who}"), "principalName": who, "principalType": kind,
    });
    let (mut assignment, mut holder) = (common.clone(), common);
    assignment["address"] = json!(format!("directory/{mode}/{}@tenant/{who}", name.as_str().unwrap()));
    assignment["mode"] = json!(mode);
    assignment["permanent"] = json!(permanent);
    assignment["outsidePim"] = json!(false);
    holder["standing"] = json!(mode == "active");
    input["after"]["assignments"].as_array_mut().unwrap().push(assignment);
    input["after"]["holders"].as_array_mut().unwrap().push(holder);
    input["principals"].as_array_mut().unwrap().push(json!({"id": format!("id-{who}"), "type": kind, "name": who}));
}

/// Adds a holder whom the plan makes one.
fn grant(input: &mut Value, role: &str, who: &str, mode: &str, permanent: bool) {
    hold(input, role, who, mode, permanent);
    let added = input["after"]["assignments"].as_array().unwrap().last().unwrap().clone();
    let mut change = input["plan"]["changes"][0].clone();
    change["address"] = added["address"].clone();
    change["subject"]["key"]["target"]["role"] = json!(role);
    input["plan"]["changes"].as_array_mut().unwrap().push(change);
}

fn settings<'a>(input: &'a mut Value, role: &str) -> &'a mut Value {
    let all = input["after"]["settings"].as_array_mut().unwrap();
    &mut all.iter_mut().find(|s| s["surface"] == "directory" && s["role"] == role).unwrap()["settings"]
}

/// Makes the plan change the settings of a role.
fn touch(input: &mut Value, role: &str) {
    let all = input["after"]["settings"].as_array().unwrap();
    let address = all.iter().find(|s| s["surface"] == "directory" && s["role"] == role).unwrap()["address"].clone();
    let mut change = input["plan"]["changes"][0].clone();
    change["address"] = address;
    change["subject"] = json!({"kind": "settings", "target": {"surface": "directory", "role": role, "scope": "/"}});
    input["plan"]["changes"].as_array_mut().unwrap().push(change);
}

#[test]
fn the_plain_plan_passes() {
    let said = ask(&input());
    assert_eq!(said.denied, Vec::<String>::new());
}

#[test]
fn no_permanent_eligibility_in_tier_0() {
    let base = input();
    let mut given = base.clone();
    grant(&mut given, PRIVILEGED, "user:bob", "eligible", true);
    denies(&given, "tier0: user:bob would be eligible for Privileged Role Administrator");
    let mut ending = base.clone();
    grant(&mut ending, PRIVILEGED, "user:bob", "eligible", false);
    is_silent(&ending, "tier0:");
    let mut there = base;
    hold(&mut there, PRIVILEGED, "user:bob", "eligible", true);
    warns(&there, "tier0: user:bob would be eligible");
}

#[test]
fn approval_for_privileged_roles() {
    let base = input();
    let mut given = base.clone();
    grant(&mut given, USERS, "user:bob", "eligible", false);
    settings(&mut given, USERS)["approval"]["isRequired"] = json!(true);
    is_silent(&given, "approval:");
    settings(&mut given, USERS)["approval"]["isRequired"] = json!(false);
    denies(&given, "approval: user:bob would be able to activate User Administrator");
    let mut loosened = base;
    touch(&mut loosened, USERS);
    denies(&loosened, "approval: User Administrator is a privileged role");
    settings(&mut loosened, USERS)["approval"]["isRequired"] = json!(true);
    is_silent(&loosened, "approval:");
}

#[test]
fn names_follow_a_pattern() {
    let base = input();
    let reader = base["plan"]["changes"][0]["subject"]["key"]["target"]["role"].as_str().unwrap().to_owned();
    for (name, is_wrong) in [("group:Admins", true), ("group:sg-report-readers", false)] {
        let mut given = base.clone();
        grant(&mut given, &reader, name, "eligible", false);
        if is_wrong { denies(&given, "names: the group `Admins`") } else { is_silent(&given, "names:") }
    }
    for (name, is_wrong) in [("helpdesk_stuff!", true), ("Helpdesk Operator", false)] {
        let mut given = base.clone();
        given["plan"]["changes"][0]["subject"] = json!({"kind": "role", "after": {"displayName": name}});
        if is_wrong { denies(&given, "names: the custom role `helpdesk_stuff!`") } else { is_silent(&given, "names:") }
    }
}

#[test]
fn two_people_approve_what_lies_in_guarded_folders() {
    let base = input();
    is_silent(&base, "two_person:");
    let mut given = base.clone();
    given["plan"]["changes"][0]["source"]["file"] = json!("tier0/admins.yaml");
    denies(&given, "two_person: tier0/admins.yaml is changed: who wrote and who approved it is not known");
    given["context"] = json!({"author": "alice", "approvers": ["alice", "bob", "bob"]});
    denies(&given, "are needed, 1 are given");
    given["context"] = json!({"author": "alice", "approvers": ["bob", "carol"]});
    is_silent(&given, "two_person:");
    let mut removed = base;
    removed["context"] = json!({"author": "alice", "approvers": ["bob"], "files": ["tenant.yaml"]});
    denies(&removed, "two_person: tenant.yaml is changed");
}

#[test]
fn nobody_holds_both_configuration_and_execution() {
    let base = input();
    let mut given = base.clone();
    hold(&mut given, CONDITIONAL, "user:bob", "active", false);
    is_silent(&given, "separation:");
    hold(&mut given, USERS, "user:bob", "eligible", false);
    warns(&given, "separation: user:bob would have both Conditional Access Administrator and User Administrator");
    let mut given = base;
    hold(&mut given, CONDITIONAL, "user:bob", "active", false);
    grant(&mut given, USERS, "user:bob", "eligible", false);
    denies(&given, "separation: user:bob would have both");
}

#[test]
fn scuba_7_1_and_7_2_count_global_administrators() {
    let base = input();
    is_silent(&base, "7.1");
    warns(&base, "7.2");
    let mut few = base.clone();
    few["after"]["holders"].as_array_mut().unwrap().retain(|h| h["role"] != GLOBAL);
    warns(&few, "7.1: 0 user(s)");
    touch(&mut few, GLOBAL);
    denies(&few, "7.1: 0 user(s)");
    let mut many = base.clone();
    for n in 0..7 {
        grant(&mut many, GLOBAL, &format!("user:{n}"), "eligible", false);
    }
    denies(&many, "7.1: 9 users");
    let mut finer = base;
    for n in 0..2 {
        hold(&mut finer, USERS, &format!("user:{n}"), "eligible", false);
    }
    is_silent(&finer, "7.2");
}

#[test]
fn scuba_7_3_to_7_5_look_at_the_holders() {
    let base = input();
    let mut given = base.clone();
    grant(&mut given, USERS, "user:bob", "active", false);
    for rule in ["7.3", "7.4: user:bob", "7.5: user:bob"] {
        is_silent(&given, rule);
    }
    given["principals"].as_array_mut().unwrap().last_mut().unwrap()["isSynchronized"] = json!(true);
    denies(&given, "7.3: user:bob would have User Administrator");
    given["after"]["assignments"].as_array_mut().unwrap().last_mut().unwrap()["permanent"] = json!(true);
    denies(&given, "7.4: user:bob would hold User Administrator permanently");
    given["after"]["assignments"].as_array_mut().unwrap().last_mut().unwrap()["outsidePim"] = json!(true);
    denies(&given, "7.5: user:bob holds User Administrator outside PIM");
    // emergency accounts are excepted
    warns(&base, "7.4: user:breakglass1@contoso.example would hold Global Administrator");
    let admins = base["after"]["assignments"].as_array().unwrap().iter().filter(|a| a["role"] == GLOBAL);
    let declared: Vec<Value> = admins.map(|a| json!({"value": a["principal"]})).collect();
    let mut excepted = base.clone();
    excepted["plan"]["basis"]["tenant"]["breakGlass"] = json!(declared);
    is_silent(&excepted, "7.4");
}

#[test]
fn scuba_7_6_to_7_9_look_at_the_settings() {
    let told = json!(["soc@contoso.example"]);
    let base = input();
    let mut strict = base.clone();
    for role in ["f28a1f50-f6e7-4571-818b-6a12f2af6b6c", "29232cdf-9323-42fd-ade2-1d097af3e4de", USERS, PRIVILEGED]
        .into_iter()
        .chain(["8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2", "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"])
        .chain(["158c047a-c907-4556-b7ef-446551a6b5f7", GLOBAL])
    {
        let of = settings(&mut strict, role);
        of["approval"]["isRequired"] = json!(true);
        for event in ["eligibleAssignment", "activeAssignment", "activation"] {
            of[event]["notifications"]["admin"]["recipients"] = told.clone();
        }
    }
    for rule in ["7.6", "7.7", "7.8", "7.9"] {
        warns(&base, rule);
        is_silent(&strict, rule);
    }
    let mut loosened = base;
    touch(&mut loosened, GLOBAL);
    touch(&mut loosened, USERS);
    for rule in ["7.6", "7.7: nobody but the default recipients is told of a new eligible", "7.8"] {
        denies(&loosened, rule);
    }
    denies_not(&loosened, "7.9");
    warns(&loosened, "7.9: nobody but the default recipients is told of activations of User Administrator");
}

#[test]
fn the_rules_of_contoso_bite() {
    let mut given = input();
    settings(&mut given, GLOBAL)["approval"]["isRequired"] = json!(true);
    let denied = |input: &Value| ask_folder("examples/contoso/guardrails", input).denied;
    assert_eq!(denied(&given), Vec::<String>::new());
    grant(&mut given, PRIVILEGED, "user:bob", "eligible", true);
    assert_eq!(denied(&given).len(), 1);
    settings(&mut given, GLOBAL)["approval"]["isRequired"] = json!(false);
    assert_eq!(denied(&given).len(), 2);
}
