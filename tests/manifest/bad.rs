//! One fixture for every code: `bad/{code}.yaml` is validated beside a plain Tenant manifest (unless it brings its own, or says
//! `# no tenant`), and the text shown must be `bad/{code}.txt`. With `ROLEWRIGHT_UPDATE=1` the texts are rewritten.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rolewright::manifest::{Manifests, check, validate_sources};
use rolewright::render::diagnostic;

const TENANT: &str = "apiVersion: rolewright/v1\nkind: Tenant\nmetadata: {name: contoso}\nspec: {tenantId: 5a9dbb0c-0000-4000-8000-000000000001}\n";

/// Codes that no text of a manifest raises, and why.
const ELSEWHERE: &[(&str, &str)] = &[
    ("path-not-found", "hostile.rs: about files"),
    ("no-manifests", "hostile.rs: about files"),
    ("unreadable-file", "hostile.rs: about files"),
    ("not-a-file", "hostile.rs: about files"),
    ("dangling-link", "hostile.rs: about files"),
    ("link-loop", "hostile.rs: about files"),
    ("file-too-large", "hostile.rs: about files"),
    ("binary-file", "hostile.rs: about files"),
    ("invalid-utf8", "hostile.rs: about files"),
    ("alias-limit", "hostile.rs: made by the test"),
    ("nesting-limit", "hostile.rs: made by the test"),
    ("document-limit", "hostile.rs: made by the test"),
    ("too-many-mistakes", "hostile.rs: made by the test"),
    ("ambiguous-name", "needs the tenant"),
    ("unreadable-name", "needs the tenant"),
    ("wrong-principal-type", "needs the tenant"),
    ("unknown-administrative-unit", "needs the tenant"),
    ("unknown-application", "needs the tenant"),
    ("unknown-authentication-context", "needs the tenant"),
    ("unknown-azure-role", "needs the tenant"),
    ("unknown-directory-role", "needs the tenant"),
    ("unknown-enterprise-application", "needs the tenant"),
    ("unknown-group", "needs the tenant"),
    ("unknown-management-group", "needs the tenant"),
    ("unknown-service-principal", "needs the tenant"),
    ("unknown-subscription", "needs the tenant"),
    ("unknown-user", "needs the tenant"),
    ("expired", "needs a clock"),
    ("empty-fan-out", "needs the tenant"),
    ("invalid-pattern", "no text is known that is no pattern"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifest/bad")
}

fn fixtures() -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            all.insert(path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap());
        }
    }
    all
}

fn validate(code: &str, text: &str) -> Manifests {
    let mut sources = vec![(format!("{code}.yaml"), text.to_owned())];
    if !text.contains("kind: Tenant") && !text.starts_with("# no tenant") {
        sources.push(("tenant.yaml".to_owned(), TENANT.to_owned()));
    }
    validate_sources(sources)
}

fn show(manifests: &Manifests) -> String {
    diagnostic::text(&manifests.diagnostics, &|file: &str| manifests.sources.text(file), false)
}

#[test]
fn every_fixture_says_exactly_this() {
    let is_update = std::env::var_os("ROLEWRIGHT_UPDATE").is_some();
    let mut wrong = Vec::new();
    for (code, text) in fixtures() {
        let manifests = validate(&code, &text);
        assert!(
            manifests.diagnostics.iter().any(|one| one.code == code),
            "{code}.yaml does not raise {code}:\n{}",
            show(&manifests)
        );
        let path = folder().join(format!("{code}.txt"));
        let shown = show(&manifests);
        if is_update {
            fs::write(&path, &shown).unwrap();
        } else if fs::read_to_string(&path).unwrap_or_default() != shown {
            wrong.push(format!("{code}:\n{shown}"));
        }
    }
    assert!(wrong.is_empty(), "not as expected:\n{}", wrong.join("\n"));
}

#[test]
fn every_code_has_a_fixture() {
    let fixtures = fixtures();
    let mut missing = Vec::new();
    for known in check::codes() {
        let is_elsewhere = ELSEWHERE.iter().any(|(code, _)| *code == known.code);
        if !is_elsewhere && !fixtures.contains_key(known.code) {
            missing.push(known.code);
        }
    }
    assert!(missing.is_empty(), "no fixture for {missing:?}");
    for (code, why) in ELSEWHERE {
        assert!(check::codes().iter().any(|known| known.code == *code), "`{code}` ({why}) is in no table");
        assert!(!fixtures.contains_key(*code), "{code} has a fixture after all");
    }
    for code in fixtures.keys() {
        assert!(check::codes().iter().any(|known| known.code == code), "{code}.yaml is named after no code");
    }
}

#[test]
fn severities_are_those_of_the_table() {
    let codes = check::codes();
    for (code, text) in fixtures() {
        for one in validate(&code, &text).diagnostics {
            let known = codes.iter().find(|known| known.code == one.code);
            let known = known.unwrap_or_else(|| panic!("{code}.yaml raises `{}`, which is in no table", one.code));
            assert_eq!(one.severity, known.severity, "{code}.yaml, {}", one.code);
        }
    }
}

/// Whatever the order of files and however often: the same bytes.
#[test]
fn output_is_deterministic() {
    let fixtures = fixtures();
    let skipped = ["no-tenant", "several-tenants"];
    let files: Vec<(String, String)> = fixtures
        .iter()
        .filter(|(code, text)| !skipped.contains(&code.as_str()) && text.len() < 20_000)
        .map(|(code, text)| (format!("{code}.yaml"), text.clone()))
        .collect();
    let mut orders = vec![files.clone(), files.iter().rev().cloned().collect()];
    for shift in 1..9 {
        let mut order = files.clone();
        order.rotate_left(shift * 7 % files.len());
        orders.push(order);
    }
    let mut seen: Option<[String; 4]> = None;
    for order in orders {
        let manifests = validate_sources(order);
        let source = |file: &str| manifests.sources.text(file);
        let list = &manifests.diagnostics;
        let all = [
            diagnostic::text(list, &source, false),
            diagnostic::json(list, &source),
            diagnostic::sarif(list, &source, &check::codes(), "pim"),
            diagnostic::github(list, &source, "pim"),
        ];
        match &seen {
            None => seen = Some(all),
            Some(first) => assert!(*first == all, "another order of files gives another output"),
        }
    }
}

/// The examples that circulate and are wrong, each refused with the advice it needs.
#[test]
fn wrong_examples_from_the_wild_are_refused() {
    let fixtures = fixtures();
    for (code, text, advice) in [
        ("invalid-condition", "@pimApprovalRequired(true) && @pimActivationDuration(12h)", "set `activation.approval`"),
        ("invalid-value", "conditionVersion: \"1.0\"", "2.0"),
        ("unknown-key", "canDelegate", "canDelegate"),
        ("wrong-surface-permission", "Microsoft.Directory/users/password/reset/action", "assign the directory role"),
        ("root-assignable-scope", "[\"/\"]", "management group"),
        ("unit-scope-role", "scopes: [emea]", "cannot be assigned at administrative units"),
        ("approval-without-approvers", "approval:", "approvers: fallback"),
    ] {
        let fixture = &fixtures[code];
        assert!(fixture.contains(text), "{code}.yaml holds `{text}`");
        let manifests = validate(code, fixture);
        assert!(manifests.diagnostics.iter().any(|one| one.code == code && one.is_error()), "{code} is an error");
        assert!(show(&manifests).contains(advice), "{code} advises `{advice}`:\n{}", show(&manifests));
    }
}
