//! A saved plan and a tenant that somebody changes between the review and the apply: refused when it is about anything that the plan
//! touches or relies on, carried out when it is not.
#![allow(clippy::print_stdout, reason = "a trial that fails shows what was done")]

mod portal;
mod related;
mod rule;
mod tenant;
mod unrelated;

use std::sync::{Mutex, OnceLock};

use fastrand::Rng;
use rolewright::sandbox::Entry;

use self::tenant::Saved;
use crate::stage::{Run, Stage};

/// How many trials there are of each kind; the number of a trial is the seed of its randomness.
const TRIALS: u64 = 50;

/// Returns the tenant with its plan, made once.
fn saved() -> &'static Saved {
    static SAVED: OnceLock<Saved> = OnceLock::new();
    SAVED.get_or_init(Saved::new)
}

/// Applies the saved plan; returns how it ended and what the applying application wrote.
fn apply(stage: &Stage) -> (Run, Vec<String>) {
    let mark = stage.mark();
    let run = stage.run(&["apply!", "--plan", &saved().file(), "--yes"]);
    let is_write = |entry: &Entry| {
        entry.method != "GET" && !entry.path.ends_with("/$batch") && !entry.path.ends_with("/oauth2/v2.0/token")
    };
    let sent = stage.sent_since(mark).into_iter().filter(is_write);
    (run, sent.map(|entry| format!("{} {}", entry.method, entry.path)).collect())
}

/// Runs every trial on two threads and fails with all that went wrong.
fn each(trials: impl Iterator<Item = u64> + Send, trial: impl Fn(u64) -> Result<(), String> + Sync) {
    saved();
    let (trials, wrong) = (Mutex::new(trials), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let next = trials.lock().unwrap().next();
                    let Some(seed) = next else { break };
                    if let Err(why) = trial(seed) {
                        wrong.lock().unwrap().push(format!("seed {seed}: {why}"));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} went wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn refused(deed: &related::Deed, random: &mut Rng) -> Result<(), String> {
    let stage = saved().stage();
    println!("{}", deed.what);
    deed.run(&stage, random);
    let (run, written) = apply(&stage);
    let wrong = |why: &str| Err(format!("{}: {why} (exit {})\n{}", deed.what, run.code, run.stderr));
    if !matches!(run.code, 3 | 5) {
        return wrong("was not refused");
    }
    if !written.is_empty() {
        return wrong(&format!("wrote {written:?}"));
    }
    // what is asked for is on stdout; the reason is on stderr
    let said = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    if !said.contains(&deed.address) {
        return wrong("did not name what is different");
    }
    if said.contains("applied already") {
        return wrong("was taken for applied");
    }
    Ok(())
}

#[test]
fn whatever_is_changed_of_what_a_plan_is_about_is_refused() {
    each(0..TRIALS, |seed| {
        let mut random = Rng::with_seed(seed);
        let objects = related::objects(&saved().plan);
        let deeds = random.choice(&objects).unwrap();
        refused(random.choice(deeds).unwrap(), &mut random)
    });
}

#[test]
fn what_is_changed_elsewhere_holds_nothing_up() {
    each(0..TRIALS, |seed| {
        let mut random = Rng::with_seed(seed);
        // each deed at least once
        let at = usize::try_from(seed).unwrap() % unrelated::DEEDS.len();
        carried_out(&unrelated::DEEDS[at], &mut random)
    });
}

fn carried_out(deed: &unrelated::Deed, random: &mut Rng) -> Result<(), String> {
    let stage = saved().stage();
    println!("{}", deed.what);
    (deed.run)(&stage, random);
    let (run, written) = apply(&stage);
    let wrong = |run: &Run, why: &str| Err(format!("{}: {why} (exit {})\n{}", deed.what, run.code, run.stderr));
    if run.code != 0 || written.len() < saved().plan["changes"].as_array().unwrap().len() {
        return wrong(&run, "was not carried out");
    }
    tenant::declare(&stage);
    let again = stage.run(&["plan", "--detailed-exitcode"]);
    if again.code != 0 {
        return wrong(&again, &format!("left something to do: {}", again.stdout));
    }
    Ok(())
}
