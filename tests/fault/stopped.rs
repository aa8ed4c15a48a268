//! A run that is stopped half-way, by a person or by a journal that cannot be written: nothing more is given, and what was
//! loosened for assignments is tightened again.

use std::io::BufRead;
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use rolewright::core::change::Change;
use rolewright::core::order::Phase;
use rolewright::core::outcome::{Report, State};
use rolewright::core::plan::Plan;
use rolewright::reconcile::apply::{Applier, Progress};
use rolewright::reconcile::journal::{Entry, Journal};
use rolewright::sandbox::Observer;
use rolewright::transport::{AuthSettings, Client, Cloud, ConnectSettings, WebSettings};
use serde_json::json;

use crate::process::{APPLY, start};
use crate::stage::{Stage, TENANT, tenant};

const ROLE: &str = "Helpdesk Administrator";

/// Settings that are loosened before an assignment and tightened after it, and the assignment.
const LOOSE_AND_TIGHT: &str = "
apiVersion: rolewright/v1
kind: RoleSettings
metadata: {name: helpdesk}
spec:
  appliesTo: [{directoryRole: Helpdesk Administrator}]
  activeAssignment: {permanent: forbidden, maxDuration: P365D, require: []}
  eligibleAssignment: {permanent: forbidden, maxDuration: P90D}
---
apiVersion: rolewright/v1
kind: EligibleAssignment
metadata: {name: helpdesk}
spec:
  role: {directoryRole: Helpdesk Administrator}
  principals: [{user: alice@contoso.example}]
  schedule: {duration: P30D}
";

fn written(stage: &Stage, mark: usize) -> Vec<String> {
    let is_write = |e: &rolewright::sandbox::Entry| {
        e.method != "GET"
            && e.path.starts_with("/v1.0")
            && e.caller.as_deref() == Some(APPLY)
            && !e.path.contains("$batch")
    };
    stage.sent_since(mark).iter().filter(|e| is_write(e)).map(|e| format!("{} {}", e.method, e.path)).collect()
}

#[track_caller]
fn assert_tight(stage: &Stage, mark: usize) {
    let rules = stage.rules(ROLE);
    assert_eq!(rules["Enablement_Admin_Assignment"]["enabledRules"], json!([]), "it was loosened");
    let rule = &rules["Expiration_Admin_Eligibility"];
    assert_eq!((&rule["isExpirationRequired"], &rule["maximumDuration"]), (&json!(true), &json!("P90D")));
    let written = written(stage, mark);
    assert!(written.iter().all(|call| call.starts_with("PATCH ")), "nobody was granted anything: {written:?}");
}

/// A journal that can be written until an entry is `until`, exclusive.
struct Torn<F>(F, bool);

impl<F: Fn(&Entry) -> bool + Send> Journal for Torn<F> {
    fn record(&mut self, entry: &Entry) -> std::io::Result<()> {
        self.1 |= (self.0)(entry);
        if self.1 { Err(std::io::Error::other("no space left")) } else { Ok(()) }
    }
}

struct Quiet;

impl Progress for Quiet {
    fn begin(&mut self, _: &Change, _: Phase) {}
    fn end(&mut self, _: &Change, _: Phase, _: &State) {}
}

/// Plans, and applies with a journal that fails from the first entry that is `torn` on.
fn apply_torn(stage: &Stage, torn: impl Fn(&Entry) -> bool + Send) -> Report {
    let plan: Plan = serde_json::from_value(stage.plan()).unwrap();
    let clock: rolewright::clock::SharedClock = Arc::new(stage.clock.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let host = stage.running().origins().metadata;
        let cloud = Cloud::discover(&host, &WebSettings::default(), &clock).await.unwrap();
        let auth = AuthSettings::client_secret(TENANT, APPLY, "sandbox");
        let client = Client::connect(ConnectSettings::new(cloud, auth), clock.clone()).await.unwrap();
        let (mut journal, mut progress, stop) = (Torn(torn, false), Quiet, AtomicBool::new(false));
        let writer = client.writer();
        Applier { client: &client, writer, clock, journal: &mut journal, progress: &mut progress, stop: &stop }
            .apply(&plan)
            .await
    })
}

#[test]
fn without_a_journal_nothing_more_is_given_and_what_was_loosened_is_tightened() {
    let stage = Stage::new();
    stage.user("alice");
    stage.write("m.yaml", LOOSE_AND_TIGHT);
    let mark = stage.mark();
    let loosening = Phase::LoosenAssignment.as_str();
    let report = apply_torn(&stage, move |entry| entry.event == "answered" && entry.phase == loosening);
    assert_tight(&stage, mark);
    assert!(!report.is_complete());
    let failed =
        |o: &rolewright::core::outcome::Outcome| matches!(&o.state, State::Failed(why) if why.contains("journal"));
    assert!(report.outcomes.iter().any(failed), "{report:?}");
    stage.apply();
}

#[test]
fn a_wider_grant_is_revoked_even_when_the_journal_breaks_at_its_answer() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.unit("EMEA Users");
    stage.write("tenant.yaml", &tenant(""));
    stage.write(
        "a.yaml",
        "apiVersion: rolewright/v1\nkind: Scope\nmetadata: {name: emea}\nspec: {administrativeUnit: EMEA Users}\n---\n\
         apiVersion: rolewright/v1\nkind: EligibleAssignment\nmetadata: {name: a}\nspec:\n  \
         role: {directoryRole: Helpdesk Administrator}\n  scopes: [emea]\n  \
         principals: [{user: alice@contoso.example}]\n  schedule: {permanent: true}\n",
    );
    stage.faults(json!([{"match": {"method": "POST", "path": "ScheduleRequests", "to": 1}, "effect": "widen"}]));
    let report = apply_torn(&stage, |entry| entry.event == "answered");
    assert!(report.was_wider, "{report:?}");
    assert!(stage.rows("roleEligibilitySchedules").iter().all(|row| row["principalId"] != alice.as_str()));
}

/// Where the child that is to be interrupted is, what it said, and whether it has ended.
#[derive(Default)]
struct Child {
    id: Option<u32>,
    said: String,
    is_over: bool,
}

/// Presses Ctrl-C so many times at the first request of the applying application that writes settings, before its answer
/// leaves; after each waits until the program has noticed.
fn interrupted(presses: usize) -> (Stage, usize, std::process::ExitStatus, String) {
    let child = Arc::new((Mutex::new(Child::default()), Condvar::new()));
    let (eyes, is_done) = (child.clone(), AtomicBool::new(false));
    let stage = Stage::with(|options| {
        options.observer = Some(Observer::new(move |entry, _| {
            let is_first = entry.caller.as_deref() == Some(APPLY) && entry.method == "PATCH";
            if !is_first || is_done.swap(true, std::sync::atomic::Ordering::SeqCst) {
                return;
            }
            let (state, news) = &*eyes;
            let wait = |until: &dyn Fn(&Child) -> bool| {
                let guard = state.lock().unwrap();
                let bound = Duration::from_secs(60);
                drop(news.wait_timeout_while(guard, bound, |child| !until(child)).unwrap());
            };
            wait(&|child| child.id.is_some());
            let id = state.lock().unwrap().id.unwrap().to_string();
            for press in 1..=presses {
                assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
                wait(&|child| child.is_over || press == 1 && child.said.contains("Stopping"));
            }
        }));
    });
    stage.user("alice");
    stage.write("m.yaml", LOOSE_AND_TIGHT);
    let mark = stage.mark();
    let mut process = start(&stage, "stopped");
    let stderr = process.stderr.take().unwrap();
    {
        child.0.lock().unwrap().id = Some(process.id());
        child.1.notify_all();
    }
    let ears = child.clone();
    let listener = std::thread::spawn(move || {
        for line in std::io::BufReader::new(stderr).lines().map_while(Result::ok) {
            ears.0.lock().unwrap().said.push_str(&format!("{line}\n"));
            ears.1.notify_all();
        }
        ears.0.lock().unwrap().is_over = true;
        ears.1.notify_all();
    });
    let output = process.wait_with_output().unwrap();
    listener.join().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), child.0.lock().unwrap().said);
    (stage, mark, output.status, said)
}

#[cfg(unix)]
#[test]
fn after_ctrl_c_what_was_loosened_is_tightened_and_nothing_is_given() {
    let (stage, mark, status, said) = interrupted(1);
    assert_eq!(status.code(), Some(4), "{said}");
    assert_tight(&stage, mark);
    assert!(said.contains("not begun: regrant directory/eligible/Helpdesk Administrator"), "{said}");
    stage.apply();
}

#[cfg(unix)]
#[test]
fn a_second_ctrl_c_ends_the_run_at_once() {
    let (stage, mark, status, said) = interrupted(2);
    assert_eq!(status.code(), Some(4), "{said}");
    // the tenant notes the request once its handler ends, which may be after the program has gone
    assert!(written(&stage, mark).len() <= 1, "nothing was sent after it: {said}");
    assert!(said.contains("ended at once"), "{said}");
    stage.apply();
}
