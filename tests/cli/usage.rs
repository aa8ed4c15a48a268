//! How the program is called.

use crate::rolewright;

fn run(arguments: &[&str]) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let output = rolewright(folder.path()).args(arguments).output().unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn help_is_data_and_wrong_usage_is_64_on_stderr() {
    let (code, stdout, stderr) = run(&["--help"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    for verb in ["validate", "plan", "apply", "drift", "schema", "sandbox", "completions", "man"] {
        assert!(stdout.contains(verb), "{verb}");
        let (code, stdout, _) = run(&[verb, "--help"]);
        assert_eq!(code, 0, "{verb}");
        assert!(stdout.contains("Usage: rolewright"), "{verb}");
    }
    assert!(stdout.contains("64  wrong usage"), "the exit codes are in the help");
    for wrong in [&["explode"][..], &["plan", "--format", "xml"], &["plan", "--concurrency", "0"], &[]] {
        let (code, stdout, stderr) = run(wrong);
        assert_eq!((code, stdout.as_str()), (64, ""), "{wrong:?}");
        assert!(stderr.contains("Usage") || stderr.contains("--help"), "{wrong:?}: {stderr}");
    }
}

#[test]
fn global_flags_are_taken_before_and_after_the_verb() {
    let (code, ..) = run(&["--quiet", "--color", "never", "schema"]);
    assert_eq!(code, 0);
    let (code, ..) = run(&["schema", "--quiet", "--color", "never"]);
    assert_eq!(code, 0);
}

#[test]
fn dangerous_flags_have_no_environment_variable() {
    let (_, help, _) = run(&["apply", "--help"]);
    for flag in ["--yes", "--allow-mass-removal", "--allow-few-global-administrators", "--allow-incomplete"] {
        let at = help.find(flag).unwrap_or_else(|| panic!("{flag} is not in the help"));
        let section: String = help[at..].lines().take(2).collect();
        assert!(!section.contains("env:"), "{flag}: {section}");
    }
    assert!(help.contains("env: ROLEWRIGHT_JOURNAL"), "other flags have one");
}

#[test]
fn an_empty_folder_and_a_missing_one_are_errors() {
    for (path, word) in [(".", "no-manifests"), ("nowhere", "nowhere")] {
        let (code, stdout, stderr) = run(&["validate", path]);
        assert_eq!(code, 1, "{stdout}{stderr}");
        assert!(format!("{stdout}{stderr}").to_lowercase().contains(word), "{stdout}{stderr}");
        let (code, stdout, stderr) = run(&["plan", path, "--sandbox"]);
        assert_eq!((code, stdout.as_str()), (1, ""), "{stderr}");
    }
}

#[test]
fn completions_the_manual_page_and_the_schema_are_printed() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let (code, stdout, _) = run(&["completions", shell]);
        assert_eq!(code, 0);
        assert!(stdout.contains("rolewright"), "{shell}");
    }
    assert!(run(&["man"]).1.contains(".TH rolewright"));
    let schema: serde_json::Value = serde_json::from_str(&run(&["schema"]).1).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
}

#[test]
fn without_credentials_the_reason_is_said_and_nothing_is_planned() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = "apiVersion: rolewright/v1\nkind: Tenant\nmetadata: {name: contoso}\nspec: {tenantId: 5a9dbb0c-0000-4000-8000-000000000001}\n";
    std::fs::write(folder.path().join("tenant.yaml"), manifest).unwrap();
    let output = rolewright(folder.path()).args(["plan", "--auth", "client-secret"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("AZURE_CLIENT_SECRET"), "{stderr}");
}

#[test]
fn flags_can_be_set_by_environment_variables() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str, value: &str| {
        let output = rolewright(folder.path()).env(name, value).args(["schema"]).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(run("ROLEWRIGHT_COLOR", "never").0, Some(0));
    assert_eq!(run("ROLEWRIGHT_COLOR", "mauve").0, Some(64), "a wrong value is wrong usage");
    assert_eq!(run("ROLEWRIGHT_QUIET", "true").0, Some(0));
    assert_eq!(run("ROLEWRIGHT_VERBOSE", "1").0, Some(0));
    for verb in ["validate", "plan", "drift", "schema", "sandbox"] {
        let help = rolewright(folder.path()).args([verb, "--help"]).output().unwrap();
        let help = String::from_utf8(help.stdout).unwrap();
        let mut flag = None;
        for line in help.lines().map(str::trim) {
            if let Some(at) = line.find("--").filter(|at| *at <= 4 && line.starts_with('-')) {
                assert_eq!(flag, None, "{verb}: this flag has no variable");
                let name = line[at..].split([' ', '.']).next().unwrap();
                flag = (!["--help", "--version"].contains(&name) && !name.starts_with("--allow-"))
                    .then(|| name.to_owned());
            }
            if line.contains("[env: ROLEWRIGHT_") {
                flag = None;
            }
        }
        assert_eq!(flag, None, "{verb}: this flag has no variable");
    }
}
