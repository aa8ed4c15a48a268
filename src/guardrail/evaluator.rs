//! The evaluating process: this program once more, with nothing but a question.
//!
//! It ends itself: a watch of its own looks at the clock and at the memory in use, whatever the interpreter is busy with. A policy
//! that overflows the stack or exhausts the memory kills it. Whatever does not end with an answer is a mistake of the policies.

use std::io::{BufRead as _, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::guardrail::question::{Answer, Limits, Question};

/// The hidden verb by which this program is the evaluating process.
pub const VERB: &str = "evaluate-guardrails";

/// How the evaluating process ends when it took too long.
const TOO_LONG: u8 = 71;
/// How it ends when it grew too large.
const TOO_LARGE: u8 = 72;
/// The time between two looks of the watch.
const LOOK: Duration = Duration::from_millis(10);
/// What the watch adds to the time limit, so that the interpreter, which knows the rule, complains first.
const GRACE: Duration = Duration::from_millis(250);
/// The most bytes of an answer that are read.
const ANSWER: u64 = 8 << 20;
/// The stack on which policies are read and evaluated: with a debug build's frames enough for any that people write.
const STACK: usize = 64 << 20;

/// Asks a process of its own. `program` is this program's file; none where the caller does not know it.
pub fn ask(program: Option<&Path>, question: &Question, input: &str) -> Answer {
    let Some(program) = program else {
        return Answer::mistake(None, "this program's own file is not known, so no process can evaluate the policies");
    };
    let started = Command::new(program)
        .arg(VERB)
        .env_clear()
        // without it Windows starts no process
        .envs(std::env::var_os("SystemRoot").map(|folder| ("SystemRoot", folder)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let failed =
        |error: std::io::Error| Answer::mistake(None, format!("no process can evaluate the policies: {error}"));
    let mut child = match started {
        Ok(child) => child,
        Err(error) => return failed(error),
    };
    let question_line = serde_json::to_string(question).unwrap_or_else(|e| panic!("plain structs became no JSON: {e}"));
    if let Some(mut stdin) = child.stdin.take() {
        // one that ended early says why by its status
        let _ = stdin.write_all(question_line.as_bytes()).and_then(|()| stdin.write_all(b"\n"));
        let _ = stdin.write_all(input.as_bytes());
    }
    let mut output = Vec::new();
    if let Some(Err(error)) = child.stdout.take().map(|stdout| stdout.take(ANSWER + 1).read_to_end(&mut output)) {
        end(child);
        return failed(error);
    }
    if output.len() as u64 > ANSWER {
        end(child);
        return Answer::mistake(None, format!("the policies say more than {} MiB", ANSWER >> 20));
    }
    match child.wait() {
        Err(error) => failed(error),
        Ok(status) if status.success() => {
            let answer: Answer = serde_json::from_slice(&output).unwrap_or_else(|error| {
                Answer::mistake(None, format!("the evaluation gave no answer that can be read: {error}"))
            });
            answer.bounded()
        }
        Ok(status) => Answer::mistake(None, complaint(status, &question.limits)),
    }
}

/// Ends a process whose answer is of no use.
fn end(mut child: Child) {
    // one that ended by itself cannot be ended, and that is as good
    let _ = child.kill();
    let _ = child.wait();
}

/// Says why there is no answer.
fn complaint(status: ExitStatus, limits: &Limits) -> String {
    match status.code() {
        Some(code) if code == i32::from(TOO_LONG) => {
            format!("the policies take longer than {} ms", limits.milliseconds)
        }
        Some(code) if code == i32::from(TOO_LARGE) => {
            format!("the policies need more than {} MiB of memory", limits.bytes >> 20)
        }
        _ => format!(
            "the evaluation broke down ({status}): a rule that calls itself, an expression nested too deep, or more \
             memory than there is"
        ),
    }
}

/// Reads a question from stdin and answers it on stdout; returns the exit code. For the evaluating process.
pub fn serve() -> u8 {
    let mut stdin = std::io::stdin().lock();
    let (mut line, mut input) = (String::new(), String::new());
    let read = stdin.read_line(&mut line).and_then(|_| stdin.read_to_string(&mut input));
    let question: Question = match (read, serde_json::from_str(&line)) {
        (Ok(_), Ok(question)) => question,
        _ => return 1,
    };
    watch(question.limits);
    let worker = std::thread::Builder::new().stack_size(STACK).spawn(move || answer(&question, &input));
    let Ok(Ok(answer)) = worker.map(std::thread::JoinHandle::join) else { return 1 };
    match serde_json::to_vec(&answer.bounded()).map(|bytes| std::io::stdout().lock().write_all(&bytes)) {
        Ok(Ok(())) => 0,
        _ => 1,
    }
}

#[cfg(feature = "rego")]
fn answer(question: &Question, input: &str) -> Answer {
    crate::guardrail::engine::answer(question, input)
}

#[cfg(not(feature = "rego"))]
fn answer(_: &Question, _: &str) -> Answer {
    Answer::mistake(None, "this build cannot evaluate policies")
}

/// Ends the process when a limit is passed.
fn watch(limits: Limits) {
    let begin = Instant::now();
    let longest = Duration::from_millis(limits.milliseconds) + GRACE;
    let look = move || {
        loop {
            if begin.elapsed() > longest {
                std::process::exit(i32::from(TOO_LONG));
            }
            if memory().is_some_and(|bytes| bytes > limits.bytes) {
                std::process::exit(i32::from(TOO_LARGE));
            }
            std::thread::sleep(LOOK);
        }
    };
    if std::thread::Builder::new().spawn(look).is_err() {
        // nobody would watch
        std::process::exit(1);
    }
}

/// Returns the memory that the process holds, where the system tells it as a file (Linux: proc(5), `VmRSS` in kB).
fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes << 10)
}
