//! The quick start of the README, on the embedded tenant, with the real binary.

use std::path::Path;

use crate::rolewright;

/// Copies the example, so that its embedded tenant lives in a folder of the test.
pub(crate) fn example(folder: &Path) {
    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
            let target = to.join(entry.file_name());
            match entry.file_type().unwrap().is_dir() {
                true if entry.file_name() == ".rolewright" => {}
                true => copy(&entry.path(), &target),
                false => drop(std::fs::copy(entry.path(), target).unwrap()),
            }
        }
    }
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/contoso"), folder);
}

fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    run_at(folder, "2026-11-21T12:00:00Z", arguments)
}

fn run_at(folder: &Path, clock: &str, arguments: &[&str]) -> (i32, String, String) {
    let output = rolewright(folder).args(arguments).args(["--sandbox", "--clock", clock]).output().unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn plan_apply_plan_on_the_example() {
    let folder = tempfile::tempdir().unwrap();
    example(folder.path());
    let (code, plan, stderr) = run(folder.path(), &["plan", "--detailed-exitcode"]);
    assert_eq!(code, 2, "{stderr}");
    for word in [
        "+ create",
        "~ update",
        "> extend",
        "- remove",
        "Unmanaged",
        "an activation is not drift",
        "tenant.yaml:",
        "Azure resource roles",
        "PIM for Groups",
        "brings the group under PIM, which cannot be undone",
        "remove group/active/sg-pim-helpdesk-operators:owner/user:bob@contoso.example",
        "remove group/active/sg-pim-landing-zone-operators:member/user:erin@contoso.example",
        "remove group/eligible/sg-pim-migration-2025:member/user:frank@contoso.example",
        "update group/active/sg-tier0-operators:member/user:grace@contoso.example",
        "remove group/eligible/sg-pim-identity-configuration:member/user:heidi@contoso.example",
        "update group/settings/sg-pim-identity-configuration:member",
        "azure/active/Reader@/providers/microsoft.management/managementgroups/contoso/user:alice@contoso.example",
        "Plan: 12 to create, 37 to update, 2 to extend, 10 to remove; 8 unmanaged.",
    ] {
        assert!(plan.contains(word), "{word} is missing:\n{plan}");
    }
    let of_pim = |line: &&str| line.ends_with("servicePrincipal:MS-PIM");
    assert_eq!(plan.lines().filter(of_pim).count(), 1, "said once for every scope that is read:\n{plan}");
    assert_eq!(plan.matches("it is PIM's own").count(), 1, "and never removed:\n{plan}");
    assert!(plan.contains("4 more of its own elsewhere"), "{plan}");
    for remark in ["weaker-group", "owners-add-themselves", "circular-eligibility", "reached-twice"] {
        assert!(!plan.contains(remark), "a blueprint has no {remark}:\n{plan}");
    }
    assert_eq!(run(folder.path(), &["drift", "--quiet"]).0, 2);
    let (code, stdout, stderr) = run(folder.path(), &["apply"]);
    assert_eq!(code, 64, "nobody can be asked: {stderr}");
    assert!(stdout.contains("Plan: "), "the plan is shown all the same");
    let (code, stdout, stderr) = run(folder.path(), &["apply", "--yes"]);
    assert_eq!(code, 0, "{stdout}{stderr}");
    assert!(stdout.contains("the second plan is empty"), "{stdout}");
    // applying took a minute or two of the tenant's time, in which Azure's roles settle; what was made then is not yet there at noon
    let later = "2026-11-21T13:00:00Z";
    let (code, plan, _) = run_at(folder.path(), later, &["plan", "--detailed-exitcode"]);
    assert_eq!(code, 0, "{plan}");
    assert_eq!(run_at(folder.path(), later, &["drift"]).0, 0);
}

#[test]
fn the_reviewed_plan_of_the_example_is_applied_once() {
    let folder = tempfile::tempdir().unwrap();
    example(folder.path());
    let (code, _, stderr) = run(folder.path(), &["plan", "--out", "plan.json"]);
    assert_eq!(code, 0, "{stderr}");
    let (code, digest, stderr) = run(folder.path(), &["show", "plan.json", "--digest"]);
    assert_eq!(code, 0, "{stderr}");
    let reviewed = ["apply", "--plan", "plan.json", "--digest", digest.trim(), "--yes"];
    let (code, stdout, stderr) = run(folder.path(), &reviewed);
    assert_eq!(code, 0, "{stdout}{stderr}");
    assert!(stdout.contains("Checked: every change of the plan holds."), "{stdout}");
    // the service shows the settings of the new role some minutes after it was made
    let later = "2026-11-21T13:00:00Z";
    let (code, _, stderr) = run_at(folder.path(), later, &reviewed);
    assert_eq!(code, 5, "{stderr}");
    assert!(stderr.contains("applied already: all of its 61 change(s) hold"), "{stderr}");
    let (code, stdout, stderr) = run_at(folder.path(), later, &["plan", "--detailed-exitcode"]);
    assert_eq!(code, 0, "{stdout}{stderr}");
}

#[test]
fn a_group_that_asks_for_less_than_its_role_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    example(folder.path());
    let settings = folder.path().join("groups/settings.yaml");
    let text = std::fs::read_to_string(&settings).unwrap();
    // the first of them is that of the profile `operators`
    std::fs::write(&settings, text.replacen("multiFactorAuthentication, ", "", 1)).unwrap();
    let (code, plan, stderr) = run(folder.path(), &["plan"]);
    assert_eq!(code, 0, "{stderr}");
    let warned = |line: &&str| line.starts_with("warning[");
    let warnings: Vec<&str> = plan.lines().filter(warned).collect();
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    assert_eq!(
        warnings,
        [
            "warning[weaker-group] group/eligible/sg-pim-helpdesk-operators:member/user:erin@contoso.example",
            "warning[weaker-group] group/eligible/sg-pim-identity-execution:member/user:carol@contoso.example",
            "warning[weaker-group] group/eligible/sg-pim-landing-zone-operators:member/user:dave@contoso.example",
        ]
    );
    // what the README shows is what is printed, word for word
    let begin = plan.find(warnings[1]).unwrap();
    let end = plan.find(warnings[2]).unwrap();
    assert!(readme.contains(&plan[begin..end]), "the README shows something else:\n{}", &plan[begin..end]);
}

#[test]
fn equal_runs_print_equal_bytes_whatever_the_order_of_files() {
    let folder = tempfile::tempdir().unwrap();
    example(folder.path());
    let plan = |format: &str| {
        let (code, stdout, stderr) = run(folder.path(), &["plan", "--format", format, "--nonce", "same"]);
        assert_eq!(code, 0, "{stderr}");
        stdout
    };
    for format in ["text", "json", "markdown"] {
        let first = plan(format);
        // each run reads some 40 MB of Azure's policies, so few of them
        for _ in 0..2 {
            assert_eq!(plan(format), first);
        }
    }
    let by_name = plan("json");
    // the same documents in one file, in reverse: other line numbers, the same work
    let mut texts: Vec<String> = Vec::new();
    let mut open = vec![folder.path().to_path_buf()];
    while let Some(at) = open.pop() {
        for entry in std::fs::read_dir(at).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() && !path.ends_with(".rolewright") {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "yaml") {
                texts.push(std::fs::read_to_string(&path).unwrap());
                std::fs::remove_file(path).unwrap();
            }
        }
    }
    texts.sort();
    texts.reverse();
    std::fs::write(folder.path().join("all.yaml"), texts.join("\n---\n")).unwrap();
    let strip = |text: &str| {
        let mut plan: serde_json::Value = serde_json::from_str(text).unwrap();
        for change in plan["changes"].as_array_mut().unwrap() {
            change["source"] = serde_json::Value::Null;
        }
        (plan["manifestsDigest"].clone(), plan["changes"].clone())
    };
    assert_eq!(strip(&by_name), strip(&plan("json")));
}

#[test]
fn a_closed_pipe_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    example(folder.path());
    let binary = env!("CARGO_BIN_EXE_rolewright");
    let line = format!("{binary} plan --sandbox --quiet | head -n 1; exit ${{PIPESTATUS[0]}}");
    let output = std::process::Command::new("bash").args(["-c", &line]).current_dir(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}
