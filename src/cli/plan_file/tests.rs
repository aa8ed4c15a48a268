//! What is no plan that may be used, and why.

use serde_json::json;

use super::*;
use crate::core::binding::tests::plan_of;

fn good() -> Value {
    serde_json::to_value(plan_of(Vec::new())).unwrap()
}

/// Gives a document the digest of what it holds, as whoever wrote it could.
fn signed(mut document: Value) -> Value {
    document.as_object_mut().unwrap().remove("digest");
    let digest = digest(&canonical(&document));
    document["digest"] = json!(digest);
    document
}

fn tried(text: &str) -> Result<Plan, PlanFileError> {
    parse(text, Path::new("plan.json"))
}

/// Returns which error it is, with what it says.
fn refused(text: &str) -> (&'static str, String) {
    let error = tried(text).unwrap_err();
    let kind = match error {
        PlanFileError::Unreadable { .. } => "unreadable",
        PlanFileError::Json { .. } => "json",
        PlanFileError::NoPlan { .. } => "no plan",
        PlanFileError::Format { .. } => "format",
        PlanFileError::Edited { .. } => "edited",
        PlanFileError::Unknown { .. } => "unknown",
        PlanFileError::Torn { .. } => "torn",
        PlanFileError::Another { .. } => "another",
    };
    (kind, error.to_string())
}

#[test]
fn what_was_written_is_read() {
    let plan = plan_of(Vec::new());
    assert_eq!(tried(&good().to_string()).unwrap(), plan);
    assert_eq!(tried(&format!("\n{:#}\n", good())).unwrap(), plan, "white space is no content");
}

#[test]
fn each_kind_of_other_document_is_refused() {
    type Spoil = fn(&mut Value);
    let spoil: [(&str, &str, Spoil); 12] = [
        ("no plan", "no `format: rolewright.plan/v1`", |p| drop(p.as_object_mut().unwrap().remove("format"))),
        ("no plan", "no `format", |p| p["format"] = json!(1)),
        ("no plan", "several tenants", |p| p["format"] = json!("rolewright.plans/v1")),
        ("format", "`rolewright.plan/v2`", |p| p["format"] = json!("rolewright.plan/v2")),
        ("unknown", "note", |p| p["note"] = json!("x")),
        ("unknown", "`note`", |p| p["basis"]["note"] = json!("x")),
        ("unknown", "changes", |p| drop(p.as_object_mut().unwrap().remove("changes"))),
        ("unknown", "", |p| p["changes"] = json!([{}])),
        ("unknown", "", |p| p["expiresAt"] = json!("tomorrow")),
        // spelt in another way it would be read and not be what was hashed
        ("unknown", "/createdAt", |p| p["createdAt"] = json!("2026-06-01T14:00:00+02:00")),
        ("unknown", "/targets", |p| p["targets"] = json!([])),
        ("unknown", "", |p| p["relies"] = json!([{"address": "a", "on": {"moon": 1}, "observed": "b"}])),
    ];
    for (kind, says, spoil) in spoil {
        let mut document = good();
        spoil(&mut document);
        let (found, said) = refused(&signed(document).to_string());
        assert!(found == kind && said.contains(says), "{kind} `{says}`: {found} {said}");
    }
    for (kind, text) in
        [("json", ""), ("json", "{\"format\": \"rolewr"), ("json", "{} {}"), ("no plan", "[]"), ("no plan", "1")]
    {
        assert_eq!(refused(text).0, kind, "{text}");
    }
    let cut = good().to_string();
    assert!(refused(&cut[..cut.len() - 1]).1.starts_with("plan.json:1:"));
}

#[test]
fn every_member_is_under_the_digest() {
    let members: Vec<String> = good().as_object().unwrap().keys().cloned().collect();
    for name in members.iter().filter(|name| *name != "format") {
        let mut document = good();
        document[name] = json!("other");
        assert_eq!(refused(&document.to_string()).0, "edited", "{name}");
    }
}

#[test]
fn a_member_that_is_there_twice_is_no_matter_of_taste() {
    let good = good().to_string();
    // the first would be ignored, and with it what a reviewer may have read
    let twice = good.replacen('{', "{\"changes\":[],", 1);
    let (kind, said) = refused(&twice);
    assert!(kind == "json" && said.contains("the member `changes` is there twice"), "{said}");
    let inside = good.replacen("\"basis\":{", "\"basis\":{\"tenant\":null,", 1);
    assert!(refused(&inside).1.contains("the member `tenant` is there twice"));
    assert!(
        refused(&good.replacen('{', "{\"chang\\u0065s\":[],", 1)).1.contains("`changes` is there twice"),
        "escaped"
    );
}

#[test]
fn depth_ends_in_an_error_and_size_does_not() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{}1{}", open.repeat(200_000), close.repeat(200_000));
        assert_eq!(refused(&deep).0, "json");
    }
    let notice =
        json!({"code": "c", "address": null, "message": "x".repeat(400), "severity": "notice", "source": null});
    let mut large = good();
    large["notices"] = json!(vec![notice; 8_000]);
    let text = signed(large).to_string();
    assert!(text.len() > 3_000_000);
    assert_eq!(tried(&text).unwrap().notices.len(), 8_000);
}

#[test]
fn the_file_must_be_there_and_be_the_one_that_was_reviewed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.json");
    assert!(matches!(read(&path, None), Err(PlanFileError::Unreadable { .. })));
    std::fs::write(&path, [0xff, 0xfe]).unwrap();
    assert!(matches!(read(&path, None), Err(PlanFileError::Unreadable { .. })), "no text");
    std::fs::write(&path, good().to_string()).unwrap();
    let digest = good()["digest"].as_str().unwrap().to_owned();
    assert!(read(&path, Some(&digest)).is_ok());
    for other in ["", "sha256:0", &digest[7..], &digest.to_uppercase()] {
        assert!(matches!(read(&path, Some(other)), Err(PlanFileError::Another { .. })), "{other}");
    }
}

#[test]
fn no_plan_lives_longer_than_plans_do() {
    let mut plan = plan_of(Vec::new());
    let at = |hours: i64| plan.created_at + jiff::SignedDuration::from_hours(hours);
    let (day, year) = (at(24), at(24 * 365));
    assert!(expired(&plan, at(23)).is_none() && expired(&plan, day).is_some());
    plan.expires_at = year;
    assert!(expired(&plan, day).is_some(), "whatever the file says");
}
