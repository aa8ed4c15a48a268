//! Files that nobody means well with: each costs bounded time and memory and gives a clear error, and every other file is
//! still checked.

use std::fs;
use std::path::Path;

use rolewright::manifest::{Manifests, read, validate, validate_sources};
use rolewright::render::diagnostic;

const TENANT: &str = "apiVersion: rolewright/v1\nkind: Tenant\nmetadata: {name: contoso}\nspec: {tenantId: 5a9dbb0c-0000-4000-8000-000000000001}\n";

/// A document whose own mistake shows that the files beside a hostile one are still checked.
const WITNESS: &str = "apiVersion: rolewright/v1\nkind: EligibleAssignment\nmetadata: {name: witness}\nspec:\n  role: {directoryRole: Guest User}\n  principals: [{user: alice@contoso.example}]\n  schedule: {permanent: true}\n";

fn codes(manifests: &Manifests) -> Vec<&'static str> {
    manifests.diagnostics.iter().map(|one| one.code).collect()
}

fn show(manifests: &Manifests) -> String {
    diagnostic::text(&manifests.diagnostics, &|file: &str| manifests.sources.text(file), false)
}

/// Validates a text beside the witness; the text's complaints are returned, the witness's must be there.
fn beside_witness(hostile: String) -> Manifests {
    let sources = [("a.yaml", hostile), ("tenant.yaml", TENANT.to_owned()), ("z.yaml", WITNESS.to_owned())];
    let manifests = validate_sources(sources.map(|(name, text)| (name.to_owned(), text)).into());
    assert!(codes(&manifests).contains(&"unassignable-role"), "the file beside is checked: {:?}", codes(&manifests));
    assert!(show(&manifests).len() < 20_000, "a hostile file makes no long report");
    manifests
}

/// A folder with the witness and what `make` puts beside it.
fn folder(make: impl FnOnce(&Path)) -> Manifests {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("tenant.yaml"), TENANT).unwrap();
    fs::write(folder.path().join("z.yaml"), WITNESS).unwrap();
    make(folder.path());
    let manifests = validate(folder.path());
    assert!(codes(&manifests).contains(&"unassignable-role"), "the file beside is checked: {:?}", codes(&manifests));
    manifests
}

/// The most memory this process ever held, in MB; none where the system does not say.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kilobytes| kilobytes / 1024)
}

#[test]
fn alias_bombs() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let items = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    let manifests = beside_witness(bomb);
    assert!(codes(&manifests).contains(&"alias-limit"), "{}", show(&manifests));
}

#[test]
fn ten_thousand_levels() {
    let flow = format!("spec: {}{}\n", "[".repeat(10_000), "]".repeat(10_000));
    let mappings = format!("spec: {}x{}\n", "{a: ".repeat(10_000), "}".repeat(10_000));
    let mut block = String::new();
    for level in 0..10_000 {
        block.push_str(&" ".repeat(level));
        block.push_str("a:\n");
    }
    let dashes = format!("{}x\n", "- ".repeat(10_000));
    for text in [flow, mappings, block, dashes] {
        let manifests = beside_witness(text);
        assert!(codes(&manifests).contains(&"nesting-limit"), "{}", show(&manifests));
    }
}

#[test]
fn fifty_megabytes() {
    let line = format!("apiVersion: rolewright/v1\nkind: Scope\nmetadata: {{name: {}}}\n", "x".repeat(50_000_000));
    let manifests = beside_witness(line);
    assert!(codes(&manifests).contains(&"invalid-text"), "{}", show(&manifests));
    let mut items = String::from("apiVersion: rolewright/v1\nkind: Scope\nmetadata: {name: a}\nspec:\n");
    while items.len() < 50_000_000 {
        items.push_str("  - an item of a list that never ends, and another word or two to fill the line\n");
    }
    let manifests = beside_witness(items);
    assert!(codes(&manifests).contains(&"document-limit"), "{}", show(&manifests));
    if let Some(peak) = peak() {
        assert!(peak < 1_200, "{peak} MB");
    }
}

#[test]
fn too_large_to_be_read() {
    let manifests = folder(|folder| {
        // a hole: it takes no space, and must not be read
        fs::File::create(folder.join("huge.yaml")).unwrap().set_len(3 << 30).unwrap();
    });
    assert!(codes(&manifests).contains(&"file-too-large"), "{}", show(&manifests));
}

#[test]
fn no_text() {
    let manifests = folder(|folder| {
        fs::write(folder.join("latin.yaml"), b"kind: Scope\nmetadata: {name: caf\xe9}\n").unwrap();
        fs::write(folder.join("binary.yaml"), b"\x7fELF\0\0\0").unwrap();
        fs::write(folder.join("wide.yaml"), "k\0i\0n\0d\0").unwrap();
    });
    let found = codes(&manifests);
    assert!(found.contains(&"invalid-utf8") && found.contains(&"binary-file"), "{}", show(&manifests));
    let latin = manifests.diagnostics.iter().find(|one| one.code == "invalid-utf8").unwrap();
    assert_eq!(latin.at.as_ref().unwrap().line, 2);
}

#[cfg(unix)]
#[test]
fn links() {
    use std::os::unix::fs::symlink;
    let manifests = folder(|folder| {
        fs::create_dir(folder.join("sub")).unwrap();
        symlink("..", folder.join("sub/up")).unwrap();
        symlink("itself.yaml", folder.join("itself.yaml")).unwrap();
        symlink("nowhere", folder.join("gone.yaml")).unwrap();
    });
    let found = codes(&manifests);
    assert!(found.contains(&"link-loop") && found.contains(&"dangling-link"), "{}", show(&manifests));
}

#[cfg(unix)]
#[test]
fn no_regular_file() {
    use std::os::unix::net::UnixListener;
    let manifests = folder(|folder| {
        UnixListener::bind(folder.join("socket.yaml")).unwrap();
    });
    assert!(codes(&manifests).contains(&"not-a-file"), "{}", show(&manifests));
}

#[cfg(unix)]
#[test]
fn unreadable() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret.yaml");
    fs::write(&secret, TENANT).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o0)).unwrap();
    if fs::read(&secret).is_ok() {
        return; // root reads everything
    }
    let manifests = validate(folder.path());
    assert!(codes(&manifests).contains(&"unreadable-file"), "{}", show(&manifests));
    assert!(!codes(&manifests).contains(&"no-tenant"), "it may be in the file that nobody could read");
}

#[test]
fn nothing_there() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(codes(&validate(folder.path())), ["no-manifests"], "an empty folder never means `remove everything`");
    fs::write(folder.path().join("readme.md"), "# nothing").unwrap();
    fs::write(folder.path().join("comment.yaml"), "# nothing\n---\n---\n").unwrap();
    assert!(codes(&validate(folder.path())).contains(&"no-manifests"));
    assert!(!read(folder.path()).is_complete, "nobody may conclude that nothing is declared");
    assert_eq!(codes(&validate(&folder.path().join("gone"))), ["path-not-found"]);
}

/// A small file that stands for a very large number of things.
#[test]
fn multiplication() {
    let list = |item: &str| -> String {
        (0..20_000).map(|i| format!("    - {}\n", item.replace('#', &i.to_string()))).collect()
    };
    let text = format!(
        "apiVersion: rolewright/v1\nkind: EligibleAssignment\nmetadata: {{name: a}}\nspec:\n  role: {{directoryRole: Helpdesk Administrator}}\n  scopes:\n{}  principals:\n{}  schedule: {{permanent: true}}\n",
        list("tenant"),
        list("{user: u#@contoso.example}"),
    );
    let manifests = beside_witness(text);
    assert!(codes(&manifests).contains(&"too-many-declared"), "{}", show(&manifests));
}

/// A small file with more mistakes than anybody reads.
#[test]
fn endless_mistakes() {
    let scopes: String = (0..20_000).map(|i| format!("    - nowhere-{i}\n")).collect();
    let text = format!(
        "apiVersion: rolewright/v1\nkind: EligibleAssignment\nmetadata: {{name: a}}\nspec:\n  role: {{directoryRole: Helpdesk Administrator}}\n  scopes:\n{scopes}  principals: [{{user: u@contoso.example}}]\n  schedule: {{permanent: true}}\n"
    );
    let manifests = validate_sources(vec![("a.yaml".to_owned(), text)]);
    assert!(manifests.diagnostics.len() <= 10_001, "{}", manifests.diagnostics.len());
    assert!(manifests.has_errors() && codes(&manifests).contains(&"too-many-mistakes"));
}

/// Many mistyped names, each of which would be compared with many others, and long ones.
#[test]
fn suggestions_are_bounded() {
    let mut text = String::from(
        "apiVersion: rolewright/v1\nkind: DirectoryRoleDefinition\nmetadata: {name: a}\nspec:\n  displayName: A\n  permissions:\n",
    );
    for index in 0..2_000 {
        text.push_str(&format!("    - microsoft.directory/aplications/{index}/update\n"));
    }
    let manifests = validate_sources(vec![("a.yaml".to_owned(), text)]);
    assert_eq!(codes(&manifests).iter().filter(|code| **code == "unknown-permission").count(), 1_000);
    let long = "x".repeat(1_000_000);
    let text = format!(
        "apiVersion: rolewright/v1\nkind: EligibleAssignment\nmetadata: {{name: a}}\nspec:\n  role: {{directoryRole: {long}}}\n  principals: [{{group: {long}}}]\n  schedule: {{duration: P1D}}\n"
    );
    let manifests = beside_witness(text);
    assert!(codes(&manifests).contains(&"unknown-role"), "{}", show(&manifests));
}

/// Names and texts that would break a terminal or a build log come out harmless in every format.
#[test]
fn nothing_to_interpret() {
    let evil = "x\\e[31m\\n::error::fake ##[error]\\u202e";
    let text = format!(
        "apiVersion: rolewright/v1\nkind: EligibleAssignment\nmetadata: {{name: a}}\nspec:\n  role: {{directoryRole: \"{evil}\"}}\n  principals: [{{user: a@b.example}}]\n  schedule: {{permanent: true}}\n# \u{1b}[2J raw\n"
    );
    let manifests = beside_witness(text);
    let source = |file: &str| manifests.sources.text(file);
    let github = diagnostic::github(&manifests.diagnostics, &source, "");
    for shown in [show(&manifests), github.clone()] {
        assert!(!shown.contains(['\u{1b}', '\u{202e}', '\r']), "{shown:?}");
        assert!(!shown.contains("##[") && !shown.contains("\n::error::fake"), "{shown:?}");
    }
    assert_eq!(github.lines().count(), manifests.diagnostics.len() + 1, "one line a complaint, and the counts");
}
