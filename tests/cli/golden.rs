//! The plan of the example in every form, as committed in `tests/golden/contoso`: what a reviewer gets to see changes only where a
//! commit shows it. `ROLEWRIGHT_UPDATE=1` writes them anew.

use std::path::{Path, PathBuf};

use crate::embedded::example;
use crate::rolewright;

/// Each file and the arguments that print it.
const FORMS: [(&str, &[&str]); 6] = [
    ("plan.txt", &["plan", "--format", "text"]),
    ("plan.md", &["plan", "--format", "markdown"]),
    ("plan.json", &["plan", "--format", "json"]),
    ("plan.sarif", &["plan", "--format", "sarif"]),
    ("plan.github.txt", &["plan", "--format", "github"]),
    ("drift.md", &["drift", "--format", "markdown"]),
];

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/contoso")
}

#[test]
fn the_example_looks_as_committed_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    example(&folder.path().join("examples/contoso"));
    let is_update = std::env::var_os("ROLEWRIGHT_UPDATE").is_some();
    let mut stale = Vec::new();
    for (name, arguments) in FORMS {
        let fixed = ["examples/contoso", "--sandbox", "--clock", "2026-11-21T12:00:00Z", "--nonce", "golden"];
        let output = rolewright(folder.path()).args(arguments).args(fixed).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(!text.is_empty(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let path = golden().join(name);
        if is_update {
            std::fs::create_dir_all(golden()).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        if std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n") != text {
            stale.push(name);
        }
    }
    let how =
        "look at what changed with ROLEWRIGHT_UPDATE=1 cargo test --test cli golden, and commit it if it is meant";
    assert!(stale.is_empty(), "tests/golden/contoso: {stale:?} are not what is printed now: {how}");
}

#[test]
fn several_tenants_are_one_report() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        let of_it = folder.path().join(name);
        std::fs::create_dir_all(&of_it).unwrap();
        let tenant = format!(
            "apiVersion: rolewright/v1\nkind: Tenant\nmetadata: {{name: {name}}}\nspec: {{tenantId: 5a9dbb0c-0000-4000-8000-000000000001}}\n"
        );
        std::fs::write(of_it.join("tenant.yaml"), tenant).unwrap();
    }
    let run = |format: &str| {
        let fixed = ["a", "b", "--sandbox", "--sandbox-seed", "empty", "--clock", "2026-11-21T12:00:00Z"];
        let output = rolewright(folder.path()).args(["plan", "--format", format]).args(fixed).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{stderr}");
        String::from_utf8(output.stdout).unwrap()
    };
    let markdown = run("markdown");
    assert!(markdown.starts_with("<!-- rolewright:plans:5a9dbb0c-0000-4000-8000-000000000001 -->\n"), "{markdown}");
    assert!(markdown.contains("| b | `b/` | in sync |"), "{markdown}");
    assert!(run("text").ends_with("2 of 2 tenants match their manifests.\n"));
    let set: serde_json::Value = serde_json::from_str(&run("json")).unwrap();
    assert_eq!(set["format"], "rolewright.plans/v1");
    assert_eq!(set["plans"][1]["tenantName"], "b");
    let log: serde_json::Value = serde_json::from_str(&run("sarif")).unwrap();
    assert_eq!(log["runs"].as_array().unwrap().len(), 2);
}
