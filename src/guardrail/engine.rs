//! The interpreter, wrapped: the only place that knows `regorus`. Runs in the evaluating process only.
//!
//! What policies can call is what the features of the crate leave: no network, no clock, no environment, no files. Its one source of
//! randomness is replaced by an error. Rego v1 syntax; built-in functions that fail are errors, not undefined.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::Duration;

use regorus::utils::limits::{ExecutionTimerConfig, LimitError};
use regorus::{Engine, Value};

use crate::guardrail::question::{Answer, Finding, MESSAGE_LENGTH, MESSAGES, Message, Mistake, Question, Severity};

/// How many steps pass between two looks at the clock.
const INTERVAL: NonZeroU32 = NonZeroU32::new(64).unwrap();

/// The longest name of a package in bytes, dots left out: every message carries it.
const PACKAGE_LENGTH: usize = 200;

/// A rule that judges.
struct Rule {
    package: String,
    policy: String,
    severity: Severity,
}

/// Answers a question. `input` is JSON and is read only when rules are to be evaluated.
pub(crate) fn answer(question: &Question, input: &str) -> Answer {
    let mut engine = Engine::new();
    engine.set_strict_builtin_errors(true);
    engine.set_gather_prints(true);
    let limit = Duration::from_millis(question.limits.milliseconds);
    engine.set_execution_timer_config(ExecutionTimerConfig { limit, check_interval: INTERVAL });
    // the same plan is judged the same way twice
    let refuse = |_: Vec<Value>| -> anyhow::Result<Value> { anyhow::bail!("rand.intn is not available to guardrails") };
    if let Err(error) = engine.add_extension("rand.intn".to_owned(), 2, Box::new(refuse)) {
        return Answer::mistake(None, error.to_string());
    }
    let mut mistakes = Vec::new();
    let names = add_data(&mut engine, question, &mut mistakes);
    for file in question.files.iter().filter(|file| !file.is_data()) {
        if let Err(error) = engine.add_policy(file.name.clone(), file.text.clone()) {
            mistakes.push(mistake(&error, Some(&file.name)));
        }
    }
    if !mistakes.is_empty() {
        return Answer { mistakes, findings: Vec::new() };
    }
    let rules = match rules(&engine, &names) {
        Ok(rules) => rules,
        Err(mistakes) => return Answer { mistakes, findings: Vec::new() },
    };
    if question.is_judging {
        judge(&mut engine, &rules, input)
    } else {
        let compile = |rule: &Rule| {
            let path = format!("data.{}.{}", rule.package, rule.severity.rule());
            let error = engine.compile_with_entrypoint(&path.as_str().into()).err()?;
            Some(mistake(&error, Some(&rule.policy)))
        };
        Answer { mistakes: rules.iter().find_map(compile).into_iter().collect(), findings: Vec::new() }
    }
}

/// Adds the documents of data, each under the name of its file; returns the names.
fn add_data(engine: &mut Engine, question: &Question, mistakes: &mut Vec<Mistake>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in question.files.iter().filter(|file| file.is_data()) {
        let mut complain = |line: usize, column: usize, message: String| {
            let number = |n: usize| u32::try_from(n.max(1)).unwrap_or(u32::MAX);
            let file = Some(file.name.clone());
            mistakes.push(Mistake { file, line: number(line), column: number(column), message });
        };
        let name = file.name.rsplit('/').next().and_then(|last| last.strip_suffix(".json")).unwrap_or_default();
        if !is_word(name) {
            complain(1, 1, format!("`{name}` is no name that rules can use: letters, digits and `_`"));
        } else if !names.insert(name.to_owned()) {
            complain(1, 1, format!("another file of this folder is `data.{name}` already"));
        }
        match serde_json::from_str::<serde_json::Value>(&file.text) {
            Ok(value) => {
                let document = serde_json::json!({ name: value }).to_string();
                if let Err(error) = Value::from_json_str(&document).and_then(|value| engine.add_data(value)) {
                    complain(1, 1, error.to_string());
                }
            }
            Err(error) => complain(error.line(), error.column(), format!("this is no JSON: {error}")),
        }
    }
    names
}

/// Finds the rules that judge.
fn rules(engine: &Engine, data: &BTreeSet<String>) -> Result<Vec<Rule>, Vec<Mistake>> {
    let packages = engine.get_policy_package_components().map_err(|error| vec![mistake(&error, None)])?;
    let (mut rules, mut mistakes) = (Vec::new(), Vec::new());
    for package in &packages {
        let file = &package.source_file;
        let mut complain = |message: String| {
            mistakes.push(Mistake { file: Some(file.clone()), line: 1, column: 1, message });
        };
        if !package.components.iter().all(|part| is_word(part)) {
            complain("the name of a package is made of letters, digits, `_` and dots".to_owned());
            continue;
        }
        if package.components.iter().map(String::len).sum::<usize>() > PACKAGE_LENGTH {
            complain(format!("the name of a package is longer than {PACKAGE_LENGTH} bytes"));
            continue;
        }
        if let Some(first) = package.components.first().filter(|first| data.contains(*first)) {
            complain(format!("the package begins with `{first}`, and so does the data of `{first}.json`"));
            continue;
        }
        let name = package.components.join(".");
        for severity in Severity::ALL {
            match engine.has_declared_rule_rooted_at(file, severity.rule()) {
                Ok(true) if rules.iter().any(|r: &Rule| r.package == name && r.severity == severity) => {}
                Ok(true) => rules.push(Rule { package: name.clone(), policy: file.clone(), severity }),
                Ok(false) => {}
                Err(error) => complain(error.to_string()),
            }
        }
    }
    if rules.is_empty() && mistakes.is_empty() {
        let file = packages.first().map(|package| package.source_file.clone());
        let message = "no package of this folder has a rule `deny` or `warn`, so it would judge nothing".to_owned();
        mistakes.push(Mistake { file, line: 1, column: 1, message });
    }
    rules.sort_by(|a, b| (&a.package, a.severity).cmp(&(&b.package, b.severity)));
    if mistakes.is_empty() { Ok(rules) } else { Err(mistakes) }
}

/// Evaluates the rules.
fn judge(engine: &mut Engine, rules: &[Rule], input: &str) -> Answer {
    match Value::from_json_str(input) {
        Ok(value) => engine.set_input(value),
        Err(error) => return Answer::mistake(None, format!("the input cannot be read: {error}")),
    }
    let mut out = Answer::default();
    for rule in rules {
        let path = format!("data.{}.{}", rule.package, rule.severity.rule());
        let value = match engine.eval_rule(path) {
            Ok(value) => value,
            Err(error) => {
                out.mistakes.push(mistake(&error, Some(&rule.policy)));
                continue;
            }
        };
        match findings(rule, &value, MESSAGES - out.findings.len()) {
            Ok(found) => out.findings.extend(found),
            Err(message) => {
                let message = format!("`{}` of package {}: {message}", rule.severity.rule(), rule.package);
                out.mistakes.push(Mistake { file: Some(rule.policy.clone()), line: 1, column: 1, message });
            }
        }
    }
    out.findings.sort();
    out
}

/// Reads what a rule gave.
fn findings(rule: &Rule, value: &Value, room: usize) -> Result<Vec<Finding>, String> {
    let Ok(set) = value.as_set() else {
        return Err(format!("is no set of messages; write `{} contains msg if {{ … }}`", rule.severity.rule()));
    };
    if set.len() > room {
        return Err(format!("the folder has more than {MESSAGES} messages"));
    }
    let mut found = Vec::new();
    for item in set.iter() {
        let value = serde_json::to_value(item).map_err(|error| error.to_string())?;
        let message = match value {
            serde_json::Value::String(msg) => Message { msg, address: None, file: None, line: None },
            value @ serde_json::Value::Object(_) => serde_json::from_value::<Message>(value)
                .map_err(|error| format!("a message is a text or {{msg, address?, file?, line?}}: {error}"))?,
            other => {
                let kind = match other {
                    serde_json::Value::Array(_) => "a list",
                    serde_json::Value::Number(_) => "a number",
                    serde_json::Value::Bool(_) => "a boolean",
                    _ => "null",
                };
                return Err(format!("a message is a text or {{msg, address?, file?, line?}}, not {kind}"));
            }
        };
        if message.msg.trim().is_empty() {
            return Err("a message is empty".to_owned());
        }
        let texts = [Some(&message.msg), message.address.as_ref(), message.file.as_ref()];
        if texts.into_iter().flatten().any(|text| text.len() > MESSAGE_LENGTH) {
            return Err(format!("a message is longer than {MESSAGE_LENGTH} bytes"));
        }
        let (severity, package, policy) = (rule.severity, rule.package.clone(), rule.policy.clone());
        found.push(Finding { severity, package, policy, message });
    }
    Ok(found)
}

/// Turns an error of the interpreter into a mistake. Its text shows a place (`--> file:line:column`), a snippet, and then the
/// sentence behind `error:`.
fn mistake(error: &anyhow::Error, file: Option<&str>) -> Mistake {
    if let Some(limit) = error.downcast_ref::<LimitError>() {
        return Mistake { file: file.map(str::to_owned), line: 1, column: 1, message: limit.to_string() };
    }
    let text = format!("{error:#}");
    let place = text.lines().find_map(|line| {
        let mut parts = line.trim_start().strip_prefix("--> ")?.rsplitn(3, ':');
        let (column, line) = (parts.next()?.trim().parse().ok()?, parts.next()?.parse().ok()?);
        Some((parts.next()?.to_owned(), line, column))
    });
    let sentence = text.lines().find_map(|line| line.strip_prefix("error: ")).unwrap_or(text.trim());
    let sentence = sentence.split(" (path [").next().unwrap_or(sentence);
    let message = sentence.trim().trim_end_matches(':').to_owned();
    match place {
        Some((file, line, column)) => Mistake { file: Some(file), line, column, message },
        None => Mistake { file: file.map(str::to_owned), line: 1, column: 1, message },
    }
}

/// Tells whether a text is a name in Rego.
fn is_word(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}
