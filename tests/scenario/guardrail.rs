//! The organisation's own policies: what they refuse, where they say so, and that a broken one lets nothing through.

use serde_json::json;

use crate::stage::{Stage, tenant};
use crate::words::eligible;

const ALICE: &str = "[{user: alice@contoso.example}]";
const ROLE: &str = "Helpdesk Administrator";
const ADDRESS: &str = "directory/eligible/Helpdesk Administrator@tenant/user:alice@contoso.example";
/// Refuses what is given for ever, at the manifest line of the change.
const NOT_FOR_EVER: &str = r#"package contoso.windows

deny contains {"msg": "nothing is for ever", "address": a.address} if {
	some a in input.after.assignments
	a.mode == "eligible"
	a.permanent
}

warn contains sprintf("%d change(s)", [count(input.plan.changes)])
"#;

/// Returns a stage whose Tenant names one folder, with one policy in it and one eligibility to plan.
fn stage(policy: &str, schedule: &str) -> Stage {
    let stage = Stage::new();
    stage.user("alice");
    stage.write("tenant.yaml", &tenant("  guardrails: [rules/]\n"));
    stage.write("rules/a.rego", policy);
    stage.write("access/a.yaml", &eligible("a", ROLE, ALICE, schedule));
    stage
}

#[track_caller]
fn is_an_error(stage: &Stage, says: &[&str]) {
    for line in [vec!["plan"], vec!["apply", "--yes"]] {
        let mark = stage.mark();
        let mut run = stage.run(&line).exits(1);
        for text in says {
            run = run.says(text);
        }
        assert_eq!(stage.written_since(mark), Vec::<String>::new());
    }
}

#[test]
fn a_denial_refuses_at_the_line_and_a_warning_does_not() {
    let stage = stage(NOT_FOR_EVER, "{permanent: true}");
    stage.run(&["validate"]).exits(0);
    let run = stage.run(&["plan"]).exits(3);
    run.says("guardrail/contoso.windows: nothing is for ever")
        .says("(at access/a.yaml:")
        .says("nothing overrides this");
    let mark = stage.mark();
    stage.run(&["apply", "--yes"]).exits(3).says("nothing is for ever");
    stage.run(&["apply", "--yes", "--allow-mass-removal", "--allow-few-global-administrators"]).exits(3);
    assert_eq!(stage.written_since(mark), Vec::<String>::new());
    let plan = stage.run(&["plan", "--format", "json"]).exits(3).json();
    assert_eq!(plan["verdicts"][0]["address"], ADDRESS);
    assert_eq!(plan["verdicts"][0]["source"]["file"], "access/a.yaml");
    assert_eq!(plan["guardrails"][0]["path"], "rules/");
    let warning = plan["notices"].as_array().unwrap().iter().find(|n| n["code"] == "guardrail").unwrap();
    assert_eq!(
        (&warning["message"], &warning["severity"]),
        (&json!("1 change(s) (contoso.windows)"), &json!("warning"))
    );
    // drift has nothing to refuse: nothing is written
    stage.run(&["drift"]).exits(2).never_says("nothing is for ever");
    // a warning alone refuses nothing
    stage.write("access/a.yaml", &eligible("a", ROLE, ALICE, "{end: 2026-09-01T00:00:00Z}"));
    stage.run(&["plan"]).exits(0).says("1 change(s)");
    stage.apply();
}

#[test]
fn a_plan_is_bound_to_the_policies_and_data_that_judged_it() {
    let stage = stage(NOT_FOR_EVER, "{end: 2026-09-01T00:00:00Z}");
    let digests = || {
        let plan = stage.run(&["plan", "--format", "json"]).exits(0).json();
        (plan["guardrails"][0]["digest"].clone(), plan["digest"].clone())
    };
    let before = digests();
    assert_eq!(digests(), before);
    stage.write("rules/more.json", "[1]");
    let after = digests();
    assert!(after.0 != before.0 && after.1 != before.1, "{before:?} {after:?}");
}

#[test]
fn a_broken_policy_lets_nothing_through() {
    let head = "package contoso.broken\n\n";
    let broken = [
        ("deny contains msg if { msg := }\n", "rules/a.rego:3:"),
        ("deny contains \"x\" if { 1 / 0 }\n", "divide by zero"),
        ("deny contains 1\n", "a message is a text or"),
        ("deny := \"x\"\n", "is no set of messages"),
        ("deny contains {\"msg\": \"x\", \"adress\": \"y\"}\n", "adress"),
        ("deny contains {\"msg\": \"x\", \"address\": \"y\"}\n", "the address of nothing that changes or is there"),
        ("deny contains {\"msg\": \"x\", \"file\": \"/etc/passwd\", \"line\": 1}\n", "which is none of the manifests"),
        ("deny contains {\"msg\": \"x\", \"file\": \"tenant.yaml\", \"line\": 900}\n", "line 900"),
        ("deny contains http.send({\"method\": \"get\", \"url\": \"http://localhost\"}).body\n", "http.send"),
        ("deny contains sprintf(\"%d\", [rand.intn(\"x\", 9)])\n", "rand.intn is not available"),
        ("f(x) := f(x + 1)\n\ndeny contains f(1)\n", "the evaluation broke down"),
        ("denied contains \"x\"\n", "would judge nothing"),
    ];
    let stage = stage("", "{end: 2026-09-01T00:00:00Z}");
    for (rule, says) in broken {
        stage.write("rules/a.rego", &format!("{head}{rule}"));
        is_an_error(&stage, &["guardrail-policy", "rules", says]);
    }
    // what can be known offline is said offline, with its place
    stage.write("rules/a.rego", &format!("{head}deny contains msg if {{ msg := }}\n"));
    stage.run(&["validate"]).exits(1).says("rules/a.rego:3:");
    let sarif = stage.run(&["validate", "--format", "sarif"]).exits(1).json();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "guardrail-policy");
}

#[test]
fn a_folder_that_cannot_be_used_is_said_at_the_line_that_names_it() {
    let stage = stage(NOT_FOR_EVER, "{end: 2026-09-01T00:00:00Z}");
    let refused = |folder: &str, says: &str| {
        stage.write("tenant.yaml", &tenant(&format!("  guardrails: [\"{folder}\"]\n")));
        is_an_error(&stage, &["guardrail-folder", "tenant.yaml:6:", says]);
        stage.run(&["validate"]).exits(1).says("guardrail-folder").says("tenant.yaml:6:");
    };
    refused("nowhere/", "does not exist");
    refused("access/", "holds no `.rego` file");
    refused("tenant.yaml", "is no folder");
    refused("/rules", "relative to the manifest");
    refused("../rules", "outside of the manifests' own folder");
    refused("rules/../../rules", "outside of the manifests' own folder");
    stage.write("upper/A.REGO", NOT_FOR_EVER);
    refused("upper/", "small letters");
    stage.write("loose/data.json", "{");
    stage.write("loose/a.rego", NOT_FOR_EVER);
    stage.write("tenant.yaml", &tenant("  guardrails: [loose/]\n"));
    is_an_error(&stage, &["loose/data.json:1:", "this is no JSON"]);
    #[cfg(unix)]
    {
        std::fs::create_dir_all(stage.path().join("linked")).unwrap();
        std::os::unix::fs::symlink("../rules/a.rego", stage.path().join("linked/a.rego")).unwrap();
        refused("linked/", "links are not followed");
        std::os::unix::fs::symlink("rules", stage.path().join("link")).unwrap();
        std::fs::create_dir_all(stage.path().join("rules/sub")).unwrap();
        stage.write("rules/sub/b.rego", NOT_FOR_EVER);
        // as it is usually written, and on the way
        for folder in
            ["link", "link/", "link/.", "./link//", "link/sub", "link/sub/", "link/../rules", "rules/../link/"]
        {
            refused(folder, "links are not followed");
        }
        stage.write("tenant.yaml", &tenant(""));
        for folder in ["link", "link/", "link/."] {
            let folder = stage.path().join(folder).to_string_lossy().into_owned();
            stage.run(&["plan", "--guardrails", &folder]).exits(1).says("links are not followed");
        }
    }
}

#[test]
fn tests_of_policies_are_not_policies() {
    let stage = stage(NOT_FOR_EVER, "{end: 2026-09-01T00:00:00Z}");
    stage.write("rules/a_test.rego", "package contoso.windows\n\ndeny contains \"a test\"\n");
    stage.run(&["plan"]).exits(0).never_says("a test");
}

#[test]
fn folders_given_from_outside_judge_too_and_nothing_weakens_them() {
    let outside = tempfile::tempdir().unwrap();
    let strict = "package house\n\nexempt contains \"nobody\"\n\ndeny contains \"not without us\" if { not \"alice\" in exempt }\n";
    std::fs::write(outside.path().join("house.rego"), strict).unwrap();
    let folder = outside.path().to_string_lossy().into_owned();
    // whoever writes the manifests extends the same package, and has data of the same name
    let weaker = "package house\n\nexempt contains \"alice\"\n\nwarn contains \"weakened\"\n";
    let stage = stage(weaker, "{end: 2026-09-01T00:00:00Z}");
    stage.run(&["plan"]).exits(0).says("weakened");
    let run = stage.run(&["plan", "--guardrails", &folder]).exits(3).says("guardrail/house: not without us");
    run.says("weakened");
    stage.run(&["apply", "--yes", "--guardrails", &folder]).exits(3);
    stage.run(&["plan", "--guardrails", "/does/not/exist"]).exits(1).says("does not exist");
}

#[test]
fn what_the_pipeline_knows_reaches_the_rules() {
    let policy = "package house\n\ndeny contains \"not approved\" if { count(object.get(input.context, \"approvers\", [])) < 2 }\n";
    let stage = stage(policy, "{end: 2026-09-01T00:00:00Z}");
    stage.run(&["plan"]).exits(3).says("not approved");
    let data = tempfile::NamedTempFile::new().unwrap();
    let file = data.path().to_string_lossy().into_owned();
    std::fs::write(&file, r#"{"author": "alice", "approvers": ["bob", "carol"]}"#).unwrap();
    let plan = stage.run(&["plan", "--format", "json", "--guardrail-data", &file]).exits(0).json();
    assert!(plan["guardrailData"].as_str().unwrap().starts_with("sha256:"));
    for wrong in ["[]", "{", ""] {
        std::fs::write(&file, wrong).unwrap();
        stage.run(&["plan", "--guardrail-data", &file]).exits(1).says("holds no JSON");
    }
    stage.run(&["plan", "--guardrail-data", "/does/not/exist"]).exits(1).says("cannot read");
}

#[test]
fn messages_are_foreign_text() {
    let policy = "package house\n\ndeny contains \"\\u001b[31mred\\n::set-output name=x::y\\u202e\"\n";
    let stage = stage(policy, "{end: 2026-09-01T00:00:00Z}");
    for form in ["text", "markdown", "json"] {
        let run = stage.run(&["plan", "--format", form]).exits(3);
        assert!(!run.stdout.contains(['\u{1b}', '\u{202e}']), "{form}: {}", run.stdout);
        assert!(run.stdout.lines().all(|line| !line.trim_start().starts_with("::")), "{form}: {}", run.stdout);
    }
}

#[test]
fn the_documented_input_is_the_real_one() {
    let stage = stage(NOT_FOR_EVER, "{end: 2026-09-01T00:00:00Z}");
    let file = stage.path().join("input.out");
    stage.run(&["plan", "--guardrail-input", &file.to_string_lossy()]).exits(0);
    let real: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guardrails.md");
    let text = std::fs::read_to_string(path).unwrap();
    let sample = text.split("<!-- test:input -->").nth(1).unwrap().split("```json").nth(1).unwrap();
    let sample: serde_json::Value = serde_json::from_str(sample.split("```").next().unwrap()).unwrap();
    let (mut documented, mut given) = (Default::default(), Default::default());
    members(&sample, "", &mut documented);
    members(&real, "", &mut given);
    let missing: Vec<_> = documented.difference(&given).collect();
    assert!(missing.is_empty(), "documented, and not there: {missing:?}");
    // the plan has a schema of its own, and manifests and settings their own pages
    let is_elsewhere = |path: &&String| {
        ["/plan/", "/manifests/metadata", "/manifests/spec", "/after/settings/settings/"]
            .iter()
            .any(|p| path.starts_with(p))
    };
    let silent: Vec<_> = given.difference(&documented).filter(|path| !is_elsewhere(path)).collect();
    assert!(silent.is_empty(), "there, and not documented: {silent:?}");
}

/// Collects the paths of all members, those of list items under the list's.
fn members(value: &serde_json::Value, path: &str, found: &mut std::collections::BTreeSet<String>) {
    match value {
        serde_json::Value::Object(object) => {
            for (name, member) in object {
                let path = format!("{path}/{name}");
                members(member, &path, found);
                found.insert(path);
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| members(item, path, found)),
        _ => {}
    }
}
