//! For code scanning: a plan as SARIF 2.1.0, one result for each change, refusal, part that was not read, and warning.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::core::change::{Change, Risk, Subject, digest};
use crate::core::diagnostic::Severity;
use crate::core::direction::Direction;
use crate::core::guard::Verdict;
use crate::core::notice::Notice;
use crate::core::origin::Origin;
use crate::core::plan::Plan;
use crate::render::diagnostic::sarif::level;
use crate::render::escape::terminal;
use crate::render::plan::line::{self, said};
use crate::render::plan::{Options, matters};
use crate::render::sarif::{Finding, Location, LogicalLocation, Message, PhysicalLocation, Region, log, rule, run};
use crate::render::style;

/// Returns the plan as a SARIF log with one run.
pub fn sarif(plan: &Plan, options: &Options) -> String {
    log(&[of_tenant(plan, &options.folder, options)])
}

/// Returns the run of one tenant.
pub(super) fn of_tenant(plan: &Plan, folder: &str, options: &Options) -> Value {
    let mut writer = Writer { plan, folder, seen: BTreeMap::new(), findings: Vec::new() };
    for verdict in &plan.verdicts {
        writer.verdict(verdict, options);
    }
    for gap in plan.unreadable.iter().filter(|gap| matters(gap.part)) {
        let text = format!("{} of {}: {}", gap.what(), style::surface(gap.surface), gap.why);
        let level = if plan.is_allowed("--allow-incomplete") { "warning" } else { "error" };
        writer.add("not-read", level, text, None, None, &gap.what());
    }
    for change in &plan.changes {
        writer.change(change, options);
    }
    for notice in plan.notices.iter().filter(|notice| notice.severity != Severity::Notice) {
        writer.notice(notice);
    }
    let what = if options.is_drift() { "drift" } else { "plan" };
    // what follows the last slash would be the run's own id (SARIF 2.1.0, 3.17.3)
    let id = format!("rolewright/{what}/{}/", terminal(plan.tenant_id.as_str()));
    run(Some(id), &writer.findings, |id| rule(id, about(id, options)))
}

struct Writer<'a> {
    plan: &'a Plan,
    folder: &'a str,
    /// How often a fingerprint was given.
    seen: BTreeMap<String, usize>,
    findings: Vec<Finding>,
}

impl Writer<'_> {
    fn verdict(&mut self, verdict: &Verdict, options: &Options) {
        let (level, text) = match (options.is_drift(), self.plan.overrides(verdict)) {
            (true, _) => return,
            (false, true) => {
                let flag = verdict.overridden_by.as_deref().unwrap_or_default();
                ("warning", format!("allowed by {flag}: {}", verdict.message))
            }
            (false, false) => ("error", format!("refused: {}", verdict.message)),
        };
        let id = format!("guard-{}", verdict.guard);
        let address = line::address_of(verdict);
        self.add(&id, level, text, line::source_of(verdict), address, address.unwrap_or_default());
    }

    fn change(&mut self, change: &Change, options: &Options) {
        let text = said(change, options).join("\n");
        let id = format!("{}-{}", kind(&change.subject), change.direction.as_str());
        let address = Some(change.address.as_str());
        self.add(&id, danger(change, options), text, change.source.as_ref(), address, &change.address);
        if let Some(last) = self.findings.last_mut() {
            let mut properties = json!({
                "action": change.action,
                "direction": change.direction,
                "risk": change.risk,
            });
            if let Some(since) = change.since {
                properties["since"] = json!(since);
            }
            last.properties = Some(properties);
        }
    }

    fn notice(&mut self, notice: &Notice) {
        let key = notice.address.as_deref().unwrap_or(&notice.message);
        let text = notice.message.clone();
        self.add(&notice.code, level(notice.severity), text, notice.source.as_ref(), notice.address.as_deref(), key);
    }

    /// Adds a finding about `key`, which together with the rule names it in every run, however lines and values change.
    ///
    /// What has no line is shown at the head of the tenant's manifest: GitHub takes no result without one. It tracks results by
    /// `primaryLocationLineHash` alone (`fingerprints.ts` of github/codeql-action).
    fn add(
        &mut self,
        rule: &str,
        level: &'static str,
        text: String,
        source: Option<&Origin>,
        address: Option<&str>,
        key: &str,
    ) {
        let hash = digest(&format!("{}\n{rule}\n{key}", self.plan.tenant_id));
        let hash = hash.trim_start_matches("sha256:")[..32].to_owned();
        let count = self.seen.entry(hash.clone()).or_default();
        *count += 1;
        let fingerprint = format!("{hash}:{count}");
        let at = source.unwrap_or(&self.plan.basis.tenant.at);
        let region =
            Region { start_line: at.line.max(1), start_column: at.column.max(1), end_line: None, end_column: None };
        let named = |name: &str| LogicalLocation { fully_qualified_name: name.to_owned(), kind: "resource" };
        self.findings.push(Finding {
            rule_id: terminal(rule).into_owned(),
            level,
            message: Message { text: text.split('\n').map(terminal).collect::<Vec<_>>().join("\n") },
            locations: vec![Location {
                id: None,
                physical_location: PhysicalLocation::new(self.folder, &at.file, region),
                logical_locations: address.map(named).into_iter().collect(),
                message: None,
            }],
            related_locations: Vec::new(),
            partial_fingerprints: Some(json!({
                "primaryLocationLineHash": fingerprint,
                "rolewright/v1": fingerprint,
            })),
            properties: None,
        });
    }
}

fn kind(subject: &Subject) -> &'static str {
    match subject {
        Subject::Role { .. } => "role",
        Subject::Settings { .. } => "settings",
        Subject::Assignment { .. } => "assignment",
    }
}

/// Returns how loud a change is: what widens access by its risk; for `drift` what is wider than declared is worth a warning.
fn danger(change: &Change, options: &Options) -> &'static str {
    match (options.is_drift(), change.direction, change.risk) {
        (true, Direction::Narrows, _) => "warning",
        (true, ..) => "note",
        (false, Direction::Widens, Risk::Critical | Risk::High) => "error",
        (false, Direction::Widens, Risk::Medium) => "warning",
        (false, ..) => "note",
    }
}

/// Returns what a rule is about and its usual level.
fn about(id: &str, options: &Options) -> Option<(&'static str, &'static str)> {
    Some(match (id, options.is_drift()) {
        ("assignment-widens", false) => ("An assignment gives more access", "warning"),
        ("assignment-narrows", false) => ("An assignment is taken away or gives less access", "note"),
        ("assignment-neutral", false) => ("An assignment changes without giving or taking access", "note"),
        ("settings-widens", false) => ("Role settings ask for less", "warning"),
        ("settings-narrows", false) => ("Role settings ask for more", "note"),
        ("settings-neutral", false) => ("Role settings change without asking for more or less", "note"),
        ("role-widens", false) => ("A role allows more", "warning"),
        ("role-narrows", false) => ("A role allows less", "note"),
        ("role-neutral", false) => ("A role changes without allowing more or less", "note"),
        ("assignment-widens", true) => ("An assignment is missing or gives less access than declared", "note"),
        ("assignment-narrows", true) => ("An assignment is undeclared or gives more access than declared", "warning"),
        ("assignment-neutral", true) => ("An assignment differs from what is declared", "note"),
        ("settings-widens", true) => ("Role settings ask for more than declared", "note"),
        ("settings-narrows", true) => ("Role settings ask for less than declared", "warning"),
        ("settings-neutral", true) => ("Role settings differ from what is declared", "note"),
        ("role-widens", true) => ("A role allows less than declared", "note"),
        ("role-narrows", true) => ("A role allows more than declared", "warning"),
        ("role-neutral", true) => ("A role differs from what is declared", "note"),
        ("not-read", _) => ("A part of the tenant could not be read", "error"),
        (id, _) if id.starts_with("guard-") => ("A guard refuses the plan", "error"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::escape::is_unsafe;
    use crate::render::plan::{Wording, sample};
    use crate::render::sarif::mistakes;

    fn show(plan: &Plan, options: &Options) -> Value {
        serde_json::from_str(&sarif(plan, &Options { folder: "pim".to_owned(), ..options.clone() })).unwrap()
    }

    fn drift() -> Options {
        Options { wording: Wording::Drift, ..Options::default() }
    }

    #[test]
    fn meets_the_standard() {
        for plan in sample::all() {
            for options in [Options::default(), drift()] {
                let log = show(&plan, &options);
                assert_eq!(mistakes(&log), [""; 0]);
                let results = log["runs"][0]["results"].as_array().unwrap();
                let at_least = plan.changes.len() + if options.is_drift() { 0 } else { plan.verdicts.len() };
                assert!(results.len() >= at_least, "one for each");
                for result in results {
                    assert_eq!(result["locations"].as_array().map(Vec::len), Some(1), "GitHub needs a place: {result}");
                }
            }
        }
    }

    #[test]
    fn every_action() {
        let log = show(&sample::every_action(), &Options::default());
        let lines = log["runs"][0]["results"].as_array().unwrap().iter().map(|result| {
            let place = &result["locations"][0];
            format!(
                "{} {} {}:{} {}\n  {}",
                result["level"].as_str().unwrap(),
                result["ruleId"].as_str().unwrap(),
                place["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap(),
                place["physicalLocation"]["region"]["startLine"],
                place["logicalLocations"][0]["fullyQualifiedName"],
                result["message"]["text"].as_str().unwrap().replace('\n', "\n  ")
            )
        });
        insta::assert_snapshot!("every_action", lines.collect::<Vec<_>>().join("\n"));
    }

    #[test]
    fn what_is_found_again_has_the_fingerprint_it_had() {
        let prints = |plan: &Plan| -> Vec<Value> {
            let log = show(plan, &Options::default());
            let results = log["runs"][0]["results"].as_array().unwrap().clone();
            results.iter().map(|result| result["partialFingerprints"]["primaryLocationLineHash"].clone()).collect()
        };
        let plan = sample::other_surfaces();
        let first = prints(&plan);
        let mut distinct = first.clone();
        distinct.sort_by_key(ToString::to_string);
        distinct.dedup();
        assert_eq!(distinct.len(), first.len(), "each has its own");
        let mut later = plan.clone();
        later.created_at = "2027-01-01T00:00:00Z".parse().unwrap();
        for change in &mut later.changes {
            change.source = Some(sample::origin("elsewhere.yaml", 99));
            change.fields.truncate(1);
            change.risk = Risk::Low;
        }
        later.verdicts[1].message = "13 removals are planned".to_owned();
        assert_eq!(prints(&later), first);
        later.changes.remove(0);
        let fewer = prints(&later);
        assert!(fewer.len() + 1 == first.len() && fewer.iter().all(|print| first.contains(print)));
    }

    #[test]
    fn levels_follow_risk_and_refusals() {
        let log = show(&sample::other_surfaces(), &Options::default());
        let level = |rule: &str| {
            let results = log["runs"][0]["results"].as_array().unwrap().iter();
            let levels: Vec<&str> =
                results.filter(|r| r["ruleId"] == rule).map(|r| r["level"].as_str().unwrap()).collect();
            levels.join(" ")
        };
        assert_eq!(level("guard-mass-removal"), "error");
        assert_eq!(level("assignment-widens"), "error", "critical");
        assert_eq!(level("assignment-narrows"), "note note");
        assert_eq!(level("not-read"), "error error error");
        let mut allowed = sample::other_surfaces();
        allowed.overrides = vec!["--allow-mass-removal".to_owned()];
        let log = show(&allowed, &Options::default());
        assert_eq!(log["runs"][0]["results"][1]["level"], "warning", "an overridden refusal is no error");
    }

    #[test]
    fn foreign_text_is_harmless() {
        let text = sarif(&sample::hostile(), &Options { folder: sample::NASTY.to_owned(), ..Options::default() });
        assert!(!text.contains(|c: char| c != '\n' && is_unsafe(c)), "{text}");
        assert!(!text.contains("##[") && !text.contains("##vso["));
        assert!(text.lines().all(|line| !line.trim_start().starts_with("::")));
        assert_eq!(mistakes(&serde_json::from_str(&text).unwrap()), [""; 0]);
    }
}
