//! What only shows across surfaces, from manifests: each remark with the lines that make it, and gone when one of them is mended.

use crate::group_words::{active, eligible, settings};
use crate::stage::Stage;
use crate::words;

const ROLE: &str = "Helpdesk Administrator";
const END: &str = "{end: 2026-08-01T00:00:00Z}";
const ALICE: &str = "[{user: alice@contoso.example}]";
const OPS: &str = "[{group: sg-ops}]";
const TIGHT: &str = "activation: {maxDuration: PT1H, require: [multiFactorAuthentication, justification]}";
const LOOSE: &str = "activation: {maxDuration: PT8H, require: [justification]}";

const CODES: [&str; 4] = ["weaker-group", "owners-add-themselves", "circular-eligibility", "reached-twice"];

fn stage() -> Stage {
    let stage = Stage::new();
    stage.user("alice");
    for name in ["sg-ops", "sg-a", "sg-b"] {
        stage.group(name, true);
    }
    stage
}

/// Returns the messages of all cross-surface remarks of a plan with their codes.
#[track_caller]
fn remarks(stage: &Stage) -> Vec<(String, String)> {
    let plan = stage.plan();
    let text = |row: &serde_json::Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let rows = plan["notices"].as_array().unwrap().iter();
    let found = rows.filter(|row| CODES.iter().any(|code| row["code"] == *code));
    found.map(|row| (text(row, "code"), text(row, "message"))).collect()
}

/// Asserts that these manifests, planned and applied, are remarked on with `code` alone, naming `lines` of `a.yaml`; and that with
/// `mended` in their place nothing is.
#[track_caller]
fn told(code: &str, bad: &[String], lines: &[u32], says: &str, mended: &[String]) {
    let stage = stage();
    stage.write("a.yaml", &bad.concat());
    for is_applied in [false, true] {
        if is_applied {
            stage.apply();
        }
        let found = remarks(&stage);
        assert_eq!(found.iter().map(|(code, _)| code.as_str()).collect::<Vec<_>>(), [code], "{found:?}");
        for line in lines {
            assert!(found[0].1.contains(&format!("a.yaml:{line}:")), "line {line}: {found:?}");
        }
        let run = stage.run(&["plan"]).exits(0).says(&format!("warning[{code}]")).says(says);
        run.says(&format!("a.yaml:{}", lines[0]));
    }
    // on a stage of its own, since nobody owns what the first one holds
    let stage = self::stage();
    stage.write("a.yaml", &mended.concat());
    assert_eq!(remarks(&stage), []);
    stage.apply();
    assert_eq!(remarks(&stage), []);
}

#[test]
fn a_group_that_is_easier_to_enter_than_its_role() {
    let manifests = |group: &str| {
        [
            eligible("m", "sg-ops:member", ALICE, END),
            words::active("r", ROLE, OPS, END),
            settings("g", "sg-ops:member", group),
            words::settings("s", ROLE, &format!("  {TIGHT}\n")),
        ]
    };
    let says = "`activation.require` of the group lacks multiFactorAuthentication";
    // who is eligible, what the group holds, and both settings
    told("weaker-group", &manifests(LOOSE), &[7, 16, 25, 32], says, &manifests(TIGHT));
}

#[test]
fn an_owner_who_could_add_itself() {
    let manifests = [active("o", "sg-ops:owner", ALICE, END), words::eligible("r", ROLE, OPS, END)];
    let says = "can add themselves to it and reach `Helpdesk Administrator@tenant`";
    let member = [manifests.as_slice(), &[active("m", "sg-ops:member", ALICE, END)]].concat();
    told("owners-add-themselves", &manifests, &[7, 17], says, &member);
}

#[test]
fn groups_that_are_eligible_for_each_other() {
    let manifests =
        [eligible("a", "sg-a:member", "[{group: sg-b}]", END), eligible("b", "sg-b:member", "[{group: sg-a}]", END)];
    let says = "groups are members of each other in a circle";
    told("circular-eligibility", &manifests, &[7, 16], says, &manifests[..1]);
}

#[test]
fn a_role_that_somebody_reaches_by_two_paths() {
    let manifests = [
        eligible("m", "sg-ops:member", ALICE, END),
        words::eligible("r", ROLE, OPS, END),
        words::eligible("d", ROLE, ALICE, END),
    ];
    let says = "reaches `Helpdesk Administrator@tenant` by two paths";
    told("reached-twice", &manifests, &[7, 16, 25], says, &manifests[..2]);
}
