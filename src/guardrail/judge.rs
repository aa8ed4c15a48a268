//! From a plan to a judgement: every folder is asked, and what its rules say becomes verdicts and notices.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::core::change::{canonical, digest};
use crate::core::diagnostic::Diagnostic;
use crate::core::guard::Verdict;
use crate::core::notice::Notice;
use crate::core::origin::Origin;
use crate::core::plan::{Guardrail, Judgement, Plan};
use crate::guardrail::evaluator;
use crate::guardrail::facts::Facts;
use crate::guardrail::folder::POLICY;
use crate::guardrail::place;
use crate::guardrail::question::{Answer, Finding, Limits, Mistake, Question, Severity};
use crate::guardrail::{Bundle, File};

/// The code of warnings.
pub const WARNING: &str = "guardrail";

/// Says what is wrong with the policies of a folder without evaluating them: syntax, names, rules that judge nothing.
pub fn check(program: Option<&Path>, bundle: &Bundle) -> Vec<Diagnostic> {
    let question = Question { files: bundle.files.clone(), is_judging: false, limits: Limits::default() };
    complaints(bundle, evaluator::ask(program, &question, "null"))
}

/// Asks every folder about a plan. `input` is that of the facts; `lines` tells how many lines a manifest has; none for a file that is no manifest.
///
/// # Errors
/// Everything that is wrong with the policies: nothing of a plan is judged by half.
pub fn judge(
    program: Option<&Path>,
    bundles: &[Bundle],
    facts: &Facts<'_>,
    input: &serde_json::Value,
    lines: &dyn Fn(&str) -> Option<u32>,
) -> Result<Judgement, Vec<Diagnostic>> {
    let known = addresses(input);
    let input = input.to_string();
    let mut judgement = Judgement::default();
    let mut mistakes = Vec::new();
    for bundle in bundles {
        let question = Question { files: bundle.files.clone(), is_judging: true, limits: Limits::default() };
        let mut answer = evaluator::ask(program, &question, &input);
        let findings = std::mem::take(&mut answer.findings);
        mistakes.extend(complaints(bundle, answer));
        let mut misplaced = Answer::default();
        for finding in &findings {
            match place_of(finding, facts.plan, &known, lines) {
                Ok((address, source)) => say(&mut judgement, finding, address, source),
                Err(why) => {
                    let message = format!("`{}` of package {} {why}", finding.severity.rule(), finding.package);
                    let file = Some(finding.policy.clone());
                    misplaced.mistakes.push(Mistake { file, line: 1, column: 1, message });
                }
            }
        }
        mistakes.extend(complaints(bundle, misplaced.bounded()));
        judgement.guardrails.push(Guardrail { path: bundle.path.clone(), digest: bundle.digest.clone() });
    }
    judgement.guardrails.sort();
    let has_context = facts.context.as_object().is_some_and(|members| !members.is_empty());
    judgement.data = has_context.then(|| digest(&canonical(facts.context)));
    if mistakes.is_empty() { Ok(judgement) } else { Err(mistakes) }
}

fn say(judgement: &mut Judgement, finding: &Finding, address: Option<String>, source: Option<Origin>) {
    let message = finding.message.msg.trim().to_owned();
    match finding.severity {
        Severity::Deny => judgement.verdicts.push(Verdict {
            guard: format!("guardrail/{}", finding.package),
            message,
            overridden_by: None,
            address,
            source,
        }),
        Severity::Warn => {
            let message = format!("{message} ({})", finding.package);
            judgement.notices.push(Notice::warning(WARNING, address, message, source));
        }
    }
}

/// Returns every address that a message may name, of what is there in the end and of what the plan removes.
fn addresses(input: &serde_json::Value) -> BTreeSet<&str> {
    let of = |pointer: &str| input.pointer(pointer).and_then(serde_json::Value::as_array).into_iter().flatten();
    let all = of("/plan/changes").chain(of("/after/assignments")).chain(of("/after/settings"));
    all.filter_map(|item| item["address"].as_str()).collect()
}

type Place = (Option<String>, Option<Origin>);

/// Finds the place that a message names.
fn place_of(
    finding: &Finding,
    plan: &Plan,
    known: &BTreeSet<&str>,
    lines: &dyn Fn(&str) -> Option<u32>,
) -> Result<Place, String> {
    let message = &finding.message;
    if let Some(address) = message.address.as_deref().filter(|address| !known.contains(address)) {
        return Err(format!("names `{address}`, which is the address of nothing that changes or is there"));
    }
    let change = message.address.as_ref().and_then(|address| plan.changes.iter().find(|c| c.address == *address));
    let source = match (&message.file, message.line) {
        (None, None) => change.and_then(|change| change.source.clone()),
        (None, Some(_)) => return Err("names a line without its file".to_owned()),
        (Some(file), line) => {
            let line = line.unwrap_or(1);
            match lines(file) {
                Some(count) if (1..=count.max(1)).contains(&line) => {
                    Some(Origin { file: file.as_str().into(), line, column: 1, start: 0, end: 0 })
                }
                Some(_) => {
                    return Err(format!("names line {line} of `{file}`, which has fewer or none of this number"));
                }
                None => return Err(format!("names `{file}`, which is none of the manifests")),
            }
        }
    };
    Ok((message.address.clone(), source))
}

fn complaints(bundle: &Bundle, answer: Answer) -> Vec<Diagnostic> {
    let texts: BTreeMap<&str, &File> = bundle.files.iter().map(|file| (file.name.as_str(), file)).collect();
    let mistakes = answer.mistakes.into_iter().map(|mistake| {
        let file = mistake.file.as_deref().and_then(|name| texts.get(name));
        let at = file.map(|file| place::origin(&file.name, &file.text, mistake.line, mistake.column));
        let message = match file {
            Some(_) => mistake.message,
            None => format!("guardrails in `{}`: {}", bundle.path, mistake.message),
        };
        Diagnostic::error(POLICY, at, message)
    });
    mistakes.collect()
}
