//! Hostile guardrails: what they cost is bounded, and nothing of them passes. No test asserts how long anything takes.

use std::path::Path;

use rolewright::guardrail::question::{Answer, Limits, MISTAKE_LENGTH, MISTAKES, Question};
use rolewright::guardrail::{File, evaluator};

/// Little time, so that the tests are quick; enough for a policy that does nothing.
const LIMITS: Limits = Limits { milliseconds: 2_000, bytes: 1 << 30 };

fn ask(policy: String, limits: Limits) -> Answer {
    let file = File { name: "rules/a.rego".to_owned(), text: format!("package g\n\n{policy}") };
    let question = Question { files: vec![file], is_judging: true, limits };
    evaluator::ask(Some(Path::new(env!("CARGO_BIN_EXE_rolewright"))), &question, "{\"a\": [1, 2, 3]}")
}

#[track_caller]
fn breaks(policy: impl Into<String>) -> String {
    let answer = ask(policy.into(), LIMITS);
    assert!(answer.findings.is_empty(), "{:?}", answer.findings);
    answer.mistakes.first().expect("a mistake").message.clone()
}

/// A chain of forty rules, each made of the one before it.
fn chain(first: &str, next: impl Fn(usize) -> String) -> String {
    let rules: String = (1..=40).map(|n| format!("s{n} := {}\n", next(n - 1))).collect();
    format!("s0 := {first}\n{rules}\ndeny contains \"x\" if s40 == 1\n")
}

#[test]
fn a_harmless_policy_is_answered() {
    let answer = ask("deny contains sprintf(\"%d\", [count(input.a)])\n".to_owned(), LIMITS);
    assert_eq!(answer.mistakes, []);
    assert_eq!(answer.findings[0].message.msg, "3");
}

#[test]
fn endless_work_is_ended() {
    let loops = "r := numbers.range(1, 3000)\n\ndeny contains \"x\" if { some a in r; some b in r; some c in r; a + b * c < 0 }\n";
    assert!(breaks(loops).contains("exceeded time limit"));
    let exponential = "r := numbers.range(1, 3000)\n\ndeny contains x if { some a in r; some b in r; x := [a, b] }\n";
    breaks(exponential);
    // one step that the interpreter does not look up from
    breaks(chain("10000000000", |n| format!("s{n} * s{n}")));
}

#[test]
fn memory_is_bounded() {
    breaks(chain("\"0123456789\"", |n| format!("concat(\"\", [s{n}, s{n}])")));
    breaks("deny contains \"x\" if count(numbers.range(1, 100000000000)) == 1\n");
    breaks("deny contains sprintf(\"%4000000000d\", [1])\n");
    #[cfg(target_os = "linux")]
    {
        let limits = Limits { milliseconds: 60_000, bytes: 256 << 20 };
        let answer = ask("deny contains \"x\" if count(numbers.range(1, 100000000)) == 1\n".to_owned(), limits);
        assert!(answer.mistakes[0].message.contains("more than 256 MiB"), "{:?}", answer.mistakes);
    }
}

#[test]
fn depth_breaks_nothing_but_the_evaluation() {
    let nested = |open: &str, close: &str, depth: usize| {
        format!("deny contains x if {{ x := {}1{} }}\n", open.repeat(depth), close.repeat(depth))
    };
    for policy in [
        nested("(", ")", 100_000),
        nested("[\n", "]\n", 9_000),
        nested("{\n", "}\n", 9_000),
        nested("-\n", "", 15_000),
        format!("deny contains x if {{ x := 1{} }}\n", "\n+ 1".repeat(15_000)),
        "f(x) := f(x + 1)\n\ndeny contains f(1)\n".to_owned(),
        "a := b\n\nb := a\n\ndeny contains a\n".to_owned(),
        // a panic of the interpreter (regorus 0.14.1, width of sprintf)
        "deny contains sprintf(\"%99999999999999d\", [1])\n".to_owned(),
    ] {
        breaks(policy);
    }
}

#[test]
fn nothing_reaches_outside_and_nothing_is_random() {
    for call in [
        "http.send({\"method\": \"get\", \"url\": \"http://localhost\"})",
        "opa.runtime()",
        "time.now_ns()",
        "uuid.rfc4122(\"x\")",
        "net.lookup_ip_addr(\"localhost\")",
    ] {
        let said = breaks(format!("deny contains sprintf(\"%v\", [{call}])\n"));
        assert!(said.contains("could not find function"), "{said}");
    }
    for call in ["rand.intn(\"x\", 9)", "rand[\"intn\"](\"x\", 9)"] {
        let said = breaks(format!("deny contains sprintf(\"%v\", [{call}])\n"));
        assert!(said.contains("rand.intn is not available"), "{said}");
    }
}

#[test]
fn too_much_to_say_is_said_as_a_mistake() {
    let many = "deny contains sprintf(\"%d\", [n]) if some n in numbers.range(1, 2000)\n";
    assert!(breaks(many).contains("more than 1000 messages"));
    let long =
        "deny contains concat(\"\", [\"0123456789\" | some n in numbers.range(1, 1000)])\n\nwarn contains \"x\"\n";
    let answer = ask(long.to_owned(), LIMITS);
    assert!(answer.mistakes[0].message.contains("longer than"), "{answer:?}");
}

#[test]
fn what_a_policy_says_in_a_mistake_is_bounded() {
    // 64 texts of 100,000 letters: a member that no message has
    let part = "part := concat(\"\", [\"0123456789\" | some n in numbers.range(1, 10000)])";
    let key = "key := concat(\"\", [part | some n in numbers.range(1, 64)])";
    let policy = format!("{part}\n\n{key}\n\ndeny contains {{\"msg\": \"x\", key: 1}}\n");
    let answer = ask(policy, Limits { milliseconds: 20_000, ..LIMITS });
    let said = &answer.mistakes[0].message;
    assert!(said.contains("unknown field `0123"), "{}", &said[..100.min(said.len())]);
    assert!(said.chars().count() <= MISTAKE_LENGTH, "{}", said.len());

    let files = (0..300).map(|n| File { name: format!("rules/{n}-.json"), text: "{".to_owned() }).collect();
    let question = Question { files, is_judging: true, limits: LIMITS };
    let answer = evaluator::ask(Some(Path::new(env!("CARGO_BIN_EXE_rolewright"))), &question, "{}");
    assert_eq!(answer.mistakes.len(), MISTAKES);
    assert!(answer.mistakes[MISTAKES - 1].message.contains("501 more mistakes"), "{:?}", answer.mistakes[MISTAKES - 1]);

    let name = "g".repeat(300);
    let file = File { name: "rules/a.rego".to_owned(), text: format!("package {name}\n\ndeny contains \"x\"\n") };
    let question = Question { files: vec![file], is_judging: true, limits: LIMITS };
    let answer = evaluator::ask(Some(Path::new(env!("CARGO_BIN_EXE_rolewright"))), &question, "{}");
    assert!(answer.mistakes[0].message.contains("longer than 200 bytes"), "{:?}", answer.mistakes);
}

#[test]
fn an_answer_that_is_too_long_is_none() {
    // 1,000 messages of 4,000 control characters, six bytes each as JSON
    let part = "part := concat(\"\", [\"\\u0001\\u0001\\u0001\\u0001\" | some n in numbers.range(1, 1000)])";
    let rule = "deny contains sprintf(\"%d%s\", [n, part]) if some n in numbers.range(1, 1000)";
    let answer = ask(format!("{part}\n\n{rule}\n"), Limits { milliseconds: 20_000, ..LIMITS });
    assert_eq!(answer.findings.len(), 0);
    assert_eq!(answer.mistakes[0].message, "the policies say more than 8 MiB");
}

#[test]
fn without_its_own_file_nothing_is_evaluated() {
    let question = Question { files: Vec::new(), is_judging: true, limits: LIMITS };
    for program in [None, Some(Path::new("/does/not/exist"))] {
        assert_eq!(evaluator::ask(program, &question, "{}").mistakes.len(), 1);
    }
}

#[test]
fn the_verb_of_the_evaluation_is_nobodys_business() {
    let folder = tempfile::tempdir().unwrap();
    let help = crate::rolewright(folder.path()).arg("--help").output().unwrap();
    assert!(!String::from_utf8(help.stdout).unwrap().contains(evaluator::VERB));
    // what is no question gets no answer
    let run = crate::rolewright(folder.path()).arg(evaluator::VERB).write_stdin("?\n").output().unwrap();
    assert_eq!((run.status.code(), run.stdout), (Some(1), Vec::new()));
}
