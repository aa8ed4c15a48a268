//! A preflight that is throttled, not answered, or answered by something else: neither refused nor fine.

use rolewright::sandbox::Entry;
use serde_json::{Value, json};

use crate::play;
use crate::stage::{START, Stage};

const PREFLIGHT: [&str; 5] = ["apply", "--yes", "--preflight", "--timeout", "20"];

const SUBSCRIPTION: &str = "5a9dbb0c-0000-4000-8000-0000000000b1";

/// An eligibility on Azure.
fn reader() -> String {
    format!(
        "apiVersion: rolewright/v1\nkind: EligibleAssignment\nmetadata: {{name: reader}}\nspec:\n  \
         role: {{azureRole: Reader}}\n  scopes: [/subscriptions/{SUBSCRIPTION}]\n  \
         principals: [{{user: alice@contoso.example}}]\n  schedule: {{end: 2026-08-01T00:00:00Z}}\n  \
         justification: a reason\n"
    )
}

/// A piece without the role that it makes, so that every assignment is asked about, with one on Azure.
fn open() -> Stage {
    let stage = play::open(|_| {});
    stage.write("reader.yaml", &reader());
    stage
}

/// What befalls the questions, and nothing else.
fn on_questions(to: Option<u32>, effect: &Value) -> Value {
    json!([
        { "match": { "body": "isValidationOnly", "to": to }, "effect": effect },
        { "match": { "path": "/validate", "to": to }, "effect": effect },
    ])
}

fn writes(stage: &Stage, mark: usize) -> Vec<String> {
    let is_write = |entry: &Entry| {
        let is_question = entry.path.ends_with("/validate") || entry.path.ends_with("ScheduleRequests");
        entry.method != "GET" && !is_question && !entry.path.contains("batch") && !entry.path.ends_with("/token")
    };
    let sent = stage.sent_since(mark).into_iter().filter(is_write);
    sent.map(|entry| format!("{} {}", entry.method, entry.path)).collect()
}

#[test]
fn questions_that_are_throttled_or_lost_are_asked_again() {
    for effect in [
        json!({ "answer": { "status": 429, "retryAfter": 7 } }),
        json!({ "answer": { "status": 503, "code": "ServiceUnavailable", "retryAfter": 7 } }),
        json!({ "answer": { "status": 502, "text": "<html>gateway</html>" } }),
        json!("lostAnswer"),
        json!("reset"),
    ] {
        let stage = open();
        stage.faults(on_questions(Some(2), &effect));
        stage.run(&["apply", "--yes", "--preflight"]).exits(0).never_says("refuse");
        stage.faults(json!([]));
        stage.assert_converged();
    }
}

#[test]
fn no_answer_is_no_refusal_and_no_consent() {
    for (effect, word) in [
        (json!({ "answer": { "status": 429, "retryAfter": 7 } }), "429"),
        (json!({ "answer": { "status": 500, "code": "" } }), "500"),
        (json!({ "answer": { "status": 503, "code": "ServiceUnavailable" } }), "503"),
        (json!({ "answer": { "status": 504, "text": "" } }), "504"),
        (json!({ "answer": { "status": 400, "text": "<html>gateway</html>" } }), "400"),
        (json!({ "answer": { "status": 404, "text": "" } }), "404"),
        (json!({ "answer": { "status": 405, "text": "" } }), "405"),
        (json!({ "answer": { "status": 501, "code": "NotImplemented" } }), "501"),
        (json!({ "answer": { "status": 200, "text": "<html>sign in</html>" } }), "cannot be read"),
        (json!("lostAnswer"), "cannot reach"),
        (json!("reset"), "cannot reach"),
    ] {
        let stage = open();
        let before = play::holdings(&stage);
        stage.faults(on_questions(None, &effect));
        let mark = stage.mark();
        let run = stage.run(&PREFLIGHT).exits(1).says(word).says("did not judge").says("nothing was written");
        run.never_says("would refuse").never_says("took effect");
        assert_eq!(writes(&stage, mark), [""; 0], "{effect}");
        assert_eq!(play::holdings(&stage), before, "{effect}");
    }
}

#[test]
fn a_refusal_is_shown_although_another_question_is_not_answered() {
    let stage = open();
    let before = play::holdings(&stage);
    stage.faults(json!([
        { "match": { "path": "/validate" }, "effect": { "answer": { "status": 500, "code": "" } } },
        { "match": { "body": "isValidationOnly" },
          "effect": { "answer": { "status": 400, "code": "ResourceIsLocked", "message": "not today" } } },
    ]));
    let run = stage.run(&PREFLIGHT).exits(1);
    run.says("not today").says("would refuse").says("did not judge 1 request(s)");
    assert_eq!(play::holdings(&stage), before);
}

#[test]
fn a_rejected_identity_ends_it_at_once() {
    let stage = open();
    let before = play::holdings(&stage);
    stage.faults(on_questions(None, &json!("invalidToken")));
    let mark = stage.mark();
    stage.run(&PREFLIGHT).exits(1);
    assert_eq!(writes(&stage, mark), [""; 0]);
    assert_eq!(play::holdings(&stage), before);
    let asked = stage.sent_since(mark).iter().filter(|entry| entry.status == Some(401)).count();
    assert!(asked <= 2, "once, and once with a new token: {asked}");
}

#[test]
fn what_is_not_known_everywhere_is_waited_for_and_then_refused() {
    let unknown = json!({ "answer": { "status": 404, "code": "SubjectNotFound", "message": "nobody" } });
    let stage = open();
    stage.faults(on_questions(Some(2), &unknown));
    stage.run(&PREFLIGHT).exits(0);
    let stage = open();
    let before = play::holdings(&stage);
    stage.faults(on_questions(None, &unknown));
    let mark = stage.mark();
    stage.run(&PREFLIGHT).exits(1).says("SubjectNotFound").says("nothing was written");
    assert_eq!(writes(&stage, mark), [""; 0]);
    assert_eq!(play::holdings(&stage), before);
    let waited = rolewright::clock::Clock::now(&stage.clock).duration_since(START.parse().unwrap());
    assert!(waited < jiff::SignedDuration::from_mins(10), "waits are bounded: {waited}");
}

#[test]
fn lists_that_lag_are_no_refusal_where_apply_would_find_its_way() {
    // "it exists" of what is not there, once; "it does not exist" of what is to change, once
    for (sent, code) in [("adminAssign", "RoleAssignmentExists"), ("adminRemove", "RoleAssignmentDoesNotExist")] {
        let stage = open();
        let answer = json!({ "answer": { "status": 400, "code": code, "message": "The lists lag." } });
        stage.faults(json!([{ "match": { "body": sent, "to": 1 }, "effect": answer }]));
        stage.run(&PREFLIGHT).exits(0).never_says("would refuse");
    }
}

#[test]
fn a_journal_that_cannot_be_written_ends_it() {
    // a full disk: the file can be opened, and nothing can be written to it
    let stage = open();
    let full = std::path::Path::new("/dev/full");
    if !full.exists() {
        return;
    }
    let mark = stage.mark();
    let arguments = ["apply", "--yes", "--preflight", "--journal", "/dev/full"];
    stage.run(&arguments).exits(1).says("the journal cannot be written").says("nothing was written");
    let asked = stage.sent_since(mark).into_iter().filter(|entry| entry.path.contains("validate"));
    assert_eq!((asked.count(), writes(&stage, mark)), (0, Vec::new()));
}
