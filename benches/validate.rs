//! Validates 10,000 documents and reads the same bytes with the YAML parser alone, in one run, and prints how many times longer
//! validation takes. The budget is 3.
//!
//! `cargo bench --bench validate`; with `--test` (as `cargo test --benches` runs it) a small run that proves the work is done
//! and times nothing.
#![allow(clippy::print_stdout, missing_docs)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use granit_parser::{Event, Parser};
use rolewright::manifest;

/// The longest that validation may take, in plain parses.
const BUDGET: f64 = 3.0;
const ROUNDS: usize = 7;

fn main() {
    let is_test = std::env::args().any(|argument| argument == "--test");
    let documents = if is_test { 100 } else { 10_000 };
    let sources = generate(documents);
    let bytes: usize = sources.iter().map(|(_, text)| text.len()).sum();
    let manifests = validate(&sources);
    assert_eq!(manifests.documents.len(), documents, "every document is read");
    assert!(!manifests.has_errors(), "the documents are right: {:?}", manifests.diagnostics.first());
    assert_eq!(parse(&sources), documents, "every document is parsed");
    if is_test {
        println!("validate: {documents} documents, {bytes} bytes: read and parsed");
        return;
    }
    // one after the other within each round, the best of all rounds: what else the machine does hits both alike
    let (mut plain, mut whole) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        plain = plain.min(time(|| parse(&sources)));
        whole = whole.min(time(|| validate(&sources)));
    }
    let ratio = whole.as_secs_f64() / plain.as_secs_f64();
    println!("documents  {documents} in {} files, {bytes} bytes", sources.len());
    println!("parse      {:7.1} ms (granit-parser, events only)", plain.as_secs_f64() * 1000.0);
    println!("validate   {:7.1} ms (trees, schemas, types, checks)", whole.as_secs_f64() * 1000.0);
    println!("ratio      {ratio:7.2}, budget {BUDGET}: {}", if ratio <= BUDGET { "held" } else { "EXCEEDED" });
    if ratio > BUDGET {
        std::process::exit(1);
    }
}

fn time<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    let result = black_box(work());
    let elapsed = start.elapsed();
    drop(result);
    elapsed
}

fn validate(sources: &[(String, String)]) -> manifest::Manifests {
    manifest::validate_sources(sources.to_vec())
}

/// Parses to events; returns the number of documents.
fn parse(sources: &[(String, String)]) -> usize {
    let mut documents = 0;
    for (_, text) in sources {
        for event in Parser::new_from_str(text) {
            let (event, span) = black_box(event.expect("the generated text is valid YAML"));
            black_box(span);
            documents += usize::from(matches!(event, Event::DocumentStart(..)));
        }
    }
    documents
}

/// Writes documents as people do: block style, comments, twenty to a file; a tenant, scopes, profiles, settings, roles and
/// mostly assignments.
fn generate(documents: usize) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut text = TENANT.to_owned();
    for n in 1..documents {
        if n % 20 == 0 {
            files.push((format!("{:04}.yaml", files.len()), std::mem::take(&mut text)));
        }
        let _ = write!(text, "---\napiVersion: rolewright/v1\n");
        let _ = match n % 20 {
            1 => write!(text, "kind: Scope\nmetadata: {{name: unit-{n}}}\nspec: {{administrativeUnit: Unit {n}}}\n"),
            2 => write!(text, "kind: SettingsProfile\nmetadata: {{name: profile-{n}}}\nspec:\n{PROFILE}"),
            3 => write!(
                text,
                "kind: RoleSettings\nmetadata: {{name: settings-{n}}}\nspec:\n  appliesTo:\n    - {{group: sg-governed-{n}, \
                 access: member}}\n  extends: [profile-{}]\n  activation: {{maxDuration: PT2H}}\n",
                n - 1
            ),
            4..=9 => write!(
                text,
                "kind: ActiveAssignment\nmetadata:\n  name: active-{n}\n  labels: {{owner: team-{}}}\nspec:\n  role: {{group: \
                 sg-target-{n}, access: member}}\n  principals: # the team's pipeline\n    - servicePrincipal: Deployer {n}\n  \
                 schedule: {{duration: P180D, renewBefore: P30D}}\n  purpose: serviceIdentity\n  justification: Deploys \
                 application {n}\n",
                n % 7
            ),
            _ => write!(
                text,
                "kind: EligibleAssignment\nmetadata:\n  name: eligible-{n}\n  annotations:\n    runbook: \
                 https://wiki.contoso.example/rb/{n}\nspec:\n  role:\n    directoryRole: Helpdesk Administrator\n  scopes: \
                 [unit-{}]  # one unit\n  principals:\n    - user: user{n}@contoso.example\n    - group: sg-helpdesk-{n}\n  \
                 schedule:\n    duration: P180D\n    renewBefore: P14D\n  justification: Regional helpdesk {n}\n  ticket: \
                 {{number: CHG-{n}, system: ServiceNow}}\n",
                n / 20 * 20 + 1
            ),
        };
    }
    files.push((format!("{:04}.yaml", files.len()), text));
    files
}

const TENANT: &str = "apiVersion: rolewright/v1
kind: Tenant
metadata: {name: contoso}
spec:
  tenantId: 5a9dbb0c-0000-4000-8000-000000000001
  ownership:
    - directoryRoles: [\"*\"]
      assignments: authoritative
";

const PROFILE: &str = "  activation:
    maxDuration: PT4H
    require: [multiFactorAuthentication, justification, ticket]
    approval:
      approvers:
        - group: sg-pim-approvers
  eligibleAssignment: {permanent: forbidden, maxDuration: P180D}
  activeAssignment: {permanent: forbidden, maxDuration: P180D, require: [justification]}
  notifications:
    activation:
      admin: {recipients: [soc@contoso.example], defaultRecipients: true, level: all}
";
