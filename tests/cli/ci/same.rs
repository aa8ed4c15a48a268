//! Whether a reviewed plan asks for nothing but what a fresh one asks for: `.github/actions/rolewright/same.sh`, case by case.

use std::process::Command;

use serde_json::{Value, json};

fn plan() -> Value {
    let change = |name: &str| {
        json!({
            "address": name, "action": "create", "subject": {"principal": name, "ask": {"end": {"after": "P90D"}}},
            "observed": null, "requestIds": [format!("{name}-1")], "fields": [{"path": "schedule", "after": "for P90D"}],
            "direction": "widens", "risk": "low", "reasons": ["a"], "source": {"file": "a.yaml", "line": 1}, "requires": [],
            "follows": [],
        })
    };
    json!({
        "format": "rolewright.plan/v1", "tenantId": "t", "cloud": "public", "manifestsDigest": "m", "nonce": "n", "complete": true,
        "createdAt": "2026-01-01T00:00:00Z", "changes": [change("one"), change("two")],
        "relies": [{"address": "role", "observed": "sha256:1"}],
        "basis": {"tenant": {"limits": {"maxRemovals": 10}, "breakGlass": [{"value": "b", "at": {"line": 1}}]}},
    })
}

fn compare(reviewed: &Value, fresh: &Value) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    for (name, plan) in [("reviewed", reviewed), ("fresh", fresh)] {
        std::fs::write(folder.path().join(name), plan.to_string()).unwrap();
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/.github/actions/rolewright/same.sh");
    let output = Command::new(script).args(["reviewed", "fresh"]).current_dir(folder.path()).output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn where_it_stands_may_differ_and_more_may_be_due() {
    let fresh = plan();
    let mut reviewed = plan();
    reviewed["createdAt"] = json!("2025-12-31T00:00:00Z");
    reviewed["basis"]["tenant"]["breakGlass"][0]["at"]["line"] = json!(7);
    let change = &mut reviewed["changes"][0];
    change["since"] = json!("thisChange");
    change["source"]["line"] = json!(9);
    assert_eq!(compare(&reviewed, &fresh), (0, String::new()));
    reviewed["changes"].as_array_mut().unwrap().pop();
    assert_eq!(compare(&reviewed, &fresh), (0, String::new()), "what drifted since stays pending");
    assert_eq!(compare(&fresh, &reviewed).0, 5);
}

#[test]
fn nothing_that_is_done_may_differ() {
    let cases: [(&str, Value, &str); 16] = [
        ("/changes/0/action", json!("remove"), "one: differs"),
        ("/changes/0/subject/ask/end/after", json!("P900D"), "one: differs"),
        ("/changes/0/subject/principal", json!("mallory"), "one: differs"),
        ("/changes/1/observed", json!("sha256:2"), "two: differs"),
        ("/changes/1/requestIds/0", json!("x"), "two: differs"),
        ("/changes/1/fields/0/after", json!("for P1D"), "two: differs"),
        ("/changes/0/requires", json!([{"address": "two", "reason": "r"}]), "one: differs"),
        ("/changes/0/follows", json!([{"address": "two", "reason": "r"}]), "one: differs"),
        ("/changes/0/risk", json!("none"), "one: differs"),
        ("/changes/0/reasons", json!([]), "one: differs"),
        (
            "/changes/1/address",
            json!("three\n##vso[task.x]y ::error::z\u{202e}"),
            "three?# #vso[task.x]y : :error: :z?: not due any more",
        ),
        ("/manifestsDigest", json!("other"), "the plan: manifestsDigest differs"),
        ("/tenantId", json!("other"), "the plan: tenantId differs"),
        ("/basis/tenant/limits/maxRemovals", json!(1000), "the plan: tenant differs"),
        ("/relies/0/observed", json!("sha256:2"), "role: relied on, and differs"),
        ("/relies", json!([]), "the plan: what it relies on differs"),
    ];
    for (pointer, value, expected) in cases {
        let mut reviewed = plan();
        *reviewed.pointer_mut(pointer).unwrap() = value;
        assert_eq!(compare(&reviewed, &plan()), (5, format!("  - {expected}\n")), "{pointer}");
    }
    let mut overridden = plan();
    overridden["overrides"] = json!(["--allow-mass-removal"]);
    assert_eq!(compare(&overridden, &plan()), (5, "  - the plan: overrides differs\n".to_owned()));
}

#[test]
fn a_safeguard_that_is_due_may_not_be_left_out() {
    for by in ["requires", "follows"] {
        let mut fresh = plan();
        fresh["changes"][1][by] =
            json!([{"address": "one", "reason": "r"}, {"address": "holds already", "reason": "r"}]);
        let mut reviewed = fresh.clone();
        assert_eq!(compare(&reviewed, &fresh), (0, String::new()), "{by}");
        reviewed["changes"].as_array_mut().unwrap().remove(0);
        let said = "  - two: requires one, which was left out\n".to_owned();
        assert_eq!(compare(&reviewed, &fresh), (5, said), "{by}");
        reviewed["changes"][0][by] = json!([{"address": "holds already", "reason": "r"}]);
        assert_eq!(compare(&reviewed, &fresh), (5, "  - two: differs\n".to_owned()), "{by}");
    }
}
