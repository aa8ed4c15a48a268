//! The program is killed at any instant; the next run finishes the work.

use std::process::Command;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rolewright::sandbox::Observer;
use serde_json::json;

use crate::play;
use crate::process::{APPLY, start};
use crate::stage::Stage;

/// Counts the requests of an application and kills a process at one of them, after it was handled and before its answer leaves.
#[derive(Default)]
struct Assassin {
    seen: AtomicUsize,
    at: AtomicUsize,
    victim: Mutex<Option<u32>>,
    hits: AtomicU32,
}

impl Assassin {
    fn see(&self, caller: Option<&str>) {
        if caller != Some(APPLY) {
            return;
        }
        let count = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
        if count == self.at.load(Ordering::SeqCst) {
            // the process may not be known yet only if it asks before `spawn` returns: wait for it
            for _ in 0..10_000 {
                if let Some(victim) = *self.victim.lock().unwrap() {
                    // counted first: the process is gone before `kill` is
                    self.hits.fetch_add(1, Ordering::SeqCst);
                    let _ = Command::new("kill").args(["-KILL", &victim.to_string()]).status();
                    return;
                }
                std::thread::yield_now();
            }
        }
    }
}

fn stage(assassin: &Arc<Assassin>) -> Stage {
    let eyes = assassin.clone();
    play::open(|options| options.observer = Some(Observer::new(move |entry, _| eyes.see(entry.caller.as_deref()))))
}

#[cfg(unix)]
#[test]
fn killed_at_twenty_request_boundaries_the_next_run_converges() {
    let undisturbed = Arc::new(Assassin::default());
    let reference = stage(&undisturbed);
    let output = start(&reference, "killed").wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let wanted = play::holdings(&reference);
    let boundaries = undisturbed.seen.load(Ordering::SeqCst);
    assert!(boundaries > 20, "only {boundaries} requests");

    // ten boundaries over the whole run, each once before the request is handled and once after it, before its answer
    for round in 0..10 {
        let at = 1 + round * (boundaries - 1) / 9;
        for is_handled in [false, true] {
            let assassin = Arc::new(Assassin::default());
            let stage = stage(&assassin);
            assassin.at.store(at, Ordering::SeqCst);
            if !is_handled {
                let turn = json!({ "caller": APPLY, "from": at, "to": at });
                stage.faults(json!([{ "match": turn, "effect": "reset" }]));
            }
            let child = start(&stage, "killed");
            *assassin.victim.lock().unwrap() = Some(child.id());
            let output = child.wait_with_output().unwrap();
            let status = output.status;
            let said = format!(
                "{status}, {} requests\n{}\n{}",
                assassin.seen.load(Ordering::SeqCst),
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
            assert_eq!(assassin.hits.load(Ordering::SeqCst), 1, "boundary {at} of {boundaries} was not met: {said}");
            assert!(!status.success(), "boundary {at}: the program ended by itself");
            stage.faults(json!([]));
            assassin.at.store(0, Ordering::SeqCst);
            let output = start(&stage, "killed").wait_with_output().unwrap();
            let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert!(output.status.success(), "boundary {at}, handled {is_handled}:\n{stdout}\n{stderr}");
            assert_eq!(play::holdings(&stage), wanted, "boundary {at}, handled {is_handled}:\n{stdout}");
            stage.assert_converged();
        }
    }
}
