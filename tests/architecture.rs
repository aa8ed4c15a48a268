//! The rules of the house that no compiler knows: who may import whom, what the core must not touch, how long a file may
//! grow, and whether prose still names what exists.
//!
//! It reads the sources as text. Comments and string literals are blanked first, so a doc link imports nothing.
#![allow(clippy::unwrap_used)]

use std::fs;

#[path = "architecture/comparison.rs"]
mod comparison;
#[path = "architecture/source.rs"]
mod source;

use source::{Source, blank, files, names_crate, relative, root, sources};

/// Each room of `src/` and the modules of ours that it may import. Its own modules go without saying.
const ROOMS: &[(&str, &[&str])] = &[
    ("catalog", &[]),
    ("clock", &[]),
    ("wire", &[]),
    ("core", &["catalog"]),
    ("manifest", &["core", "catalog"]),
    ("guardrail", &["core"]),
    ("surface", &["core", "wire"]),
    ("transport", &["wire", "clock"]),
    ("reconcile", &["core", "wire", "surface", "transport", "clock"]),
    ("render", &["core", "manifest::source"]),
    ("sandbox", &["clock"]),
    (
        "cli",
        &[
            "catalog",
            "clock",
            "wire",
            "core",
            "guardrail",
            "manifest",
            "surface",
            "transport",
            "reconcile",
            "render",
            "sandbox",
        ],
    ),
];

/// Crates that are the business of some rooms only, and the rooms.
const CRATES: &[(&str, &[&str])] = &[
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("tracing_subscriber", &["cli"]),
    ("granit_parser", &["manifest"]),
    ("regorus", &["guardrail"]),
    ("serde_yaml", &["manifest"]),
    ("schemars", &["manifest"]),
    ("ignore", &["manifest"]),
    ("annotate_snippets", &["render"]),
    ("indicatif", &["render"]),
    ("anstyle", &["render"]),
    ("reqwest", &["transport"]),
    ("azure_core", &["transport"]),
    ("azure_identity", &["transport"]),
    ("httpdate", &["transport"]),
    ("axum", &["sandbox"]),
    ("tower", &["sandbox"]),
    ("hyper", &["sandbox"]),
    ("hyper_util", &["sandbox"]),
    ("tokio_rustls", &["sandbox"]),
    ("rcgen", &["sandbox"]),
    // the command line installs the process-wide cryptography provider
    ("rustls", &["transport", "sandbox", "cli"]),
    ("fastrand", &["transport", "sandbox"]),
    ("tokio", &["clock", "transport", "sandbox", "cli"]),
];

/// What the core must not mention: clocks, environment, files, randomness, sockets. The lints of `.clippy.toml` see
/// through renamed imports; this sees what they do not list.
const NOT_IN_CORE: &[&str] = &[
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::process",
    "std::thread",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "new_v4",
    "RandomState",
    "fastrand",
    "getrandom",
    "tokio",
    "reqwest",
    "async fn",
    "println!",
    "eprintln!",
    "clippy::disallowed_",
];

/// Longer than this, a source file has a second noun in it.
const LONGEST: usize = 700;

/// Files that may be longer, each with the reason.
const LONG: &[(&str, &str)] = &[];

/// Prose that names files of this repository.
const PROSE: &[&str] = &["README.md", "CHANGELOG.md", "docs", ".github", "src/lib.rs"];

/// The beginnings by which a word of prose is known to be a path of this repository.
const ROOTS: &[&str] = &["src/", "tests/", "examples/", "schemas/", "data/", "docs/", "benches/", ".github/", ".ci/"];

#[test]
fn rooms_import_only_what_the_table_allows() {
    let mut wrong = Vec::new();
    for file in sources("src") {
        let Some(room) = file.room() else { continue };
        let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            wrong.push(format!("{}:1: the room `{room}` is not in the table of this test", file.name));
            continue;
        };
        for (line, path) in file.imports() {
            let first = path.split("::").next().unwrap_or_default();
            let fits = |module: &&str| path == *module || path.starts_with(&format!("{module}::"));
            if first != room && !allowed.iter().any(fits) {
                wrong.push(format!("{}:{line}: `{room}` imports `{path}`", file.name));
            }
        }
    }
    assert_none(&wrong, "imports against the table");
}

#[test]
fn crates_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    for file in sources("src") {
        let Some(room) = file.room() else { continue };
        for (number, line) in file.lines() {
            for (name, rooms) in CRATES {
                if !rooms.contains(&room.as_str()) && names_crate(line, name) {
                    wrong.push(format!("{}:{number}: `{room}` uses the crate `{name}`", file.name));
                }
            }
        }
    }
    assert_none(&wrong, "crates outside their rooms");
}

#[test]
fn the_core_is_pure() {
    let mut wrong = Vec::new();
    let files = sources("src/core");
    for file in &files {
        for (number, line) in file.lines() {
            if file.name == "src/core/mod.rs" && line.starts_with("#![deny(") {
                continue;
            }
            for word in NOT_IN_CORE.iter().filter(|word| line.contains(**word)) {
                wrong.push(format!("{}:{number}: `{word}`", file.name));
            }
        }
    }
    let head = files.iter().find(|file| file.name == "src/core/mod.rs").expect("the core has a mod.rs");
    if !head.text.contains("#![deny(clippy::disallowed_methods, clippy::disallowed_types)]") {
        wrong.push("src/core/mod.rs: does not deny clippy::disallowed_methods and clippy::disallowed_types".to_owned());
    }
    let lints = fs::read_to_string(root().join(".clippy.toml")).unwrap();
    for path in [
        "jiff::Timestamp::now",
        "jiff::Zoned::now",
        "std::time::SystemTime::now",
        "std::time::Instant::now",
        "std::env::var",
        "std::fs::read",
        "std::fs::read_to_string",
        "std::fs::write",
        "std::fs::File",
        "uuid::Uuid::new_v4",
    ] {
        if !lints.contains(&format!("path = \"{path}\"")) {
            wrong.push(format!(".clippy.toml: does not list {path}"));
        }
    }
    assert_none(&wrong, "impurities in the core");
}

#[test]
fn every_file_says_what_it_is_for() {
    let files = ["src", "tests", "benches"].into_iter().flat_map(sources);
    let wrong: Vec<_> = files.filter(|f| !f.text.starts_with("//! ")).map(|f| format!("{}:1", f.name)).collect();
    assert_none(&wrong, "files that do not open with `//!`");
}

#[test]
fn no_file_has_grown_too_long() {
    let mut lengths: Vec<(usize, String)> =
        sources("src").into_iter().map(|file| (file.text.lines().count(), file.name)).collect();
    lengths.sort_unstable_by(|a, b| b.cmp(a));
    let report: Vec<_> = lengths.iter().take(10).map(|(lines, name)| format!("{lines:>5} {name}")).collect();
    println!("the longest files:\n{}", report.join("\n"));
    let mut wrong = Vec::new();
    for (lines, name) in &lengths {
        let is_listed = LONG.iter().any(|(listed, _)| listed == name);
        if *lines > LONGEST && !is_listed {
            wrong.push(format!("{name}: {lines} lines; look for the second noun in it"));
        } else if *lines <= LONGEST && is_listed {
            wrong.push(format!("{name}: {lines} lines; need not be listed any more"));
        }
    }
    for (name, reason) in LONG {
        if reason.is_empty() || !lengths.iter().any(|(_, known)| known == name) {
            wrong.push(format!("{name}: listed without a reason, or gone"));
        }
    }
    assert_none(&wrong, "lengths");
}

#[test]
fn prose_names_what_exists() {
    let mut wrong = Vec::new();
    for file in PROSE.iter().flat_map(|path| files(path)) {
        // what is known of Microsoft's APIs names files of other repositories, and the contract what is yet to come
        if relative(&file).starts_with("docs/api/") || relative(&file) == "docs/design.md" {
            continue;
        }
        let is_source = file.extension().is_some_and(|extension| extension == "rs");
        let text = fs::read_to_string(&file).unwrap();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !is_source || line.starts_with("//!")) {
            for path in paths_in(line) {
                // relative links start at the file, all other mentions at the root
                if !root().join(&path).exists() && !file.parent().is_some_and(|folder| folder.join(&path).exists()) {
                    wrong.push(format!("{}:{}: {path}", relative(&file), number + 1));
                }
            }
        }
    }
    assert_none(&wrong, "paths in prose that do not exist");
}

#[test]
fn the_map_shows_every_room() {
    let map = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let docs: Vec<_> = map.lines().filter(|line| line.starts_with("//!")).collect();
    let wrong: Vec<_> = (ROOMS.iter())
        .filter(|(room, _)| !docs.iter().any(|line| line.starts_with(&format!("//! | `{room}` |"))))
        .map(|(room, _)| (*room).to_owned())
        .collect();
    assert_none(&wrong, "rooms missing from the map in src/lib.rs");
}

#[test]
fn nothing_names_the_machine_it_was_made_on() {
    let words =
        [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/fa", "rm/"), concat!("/Us", "ers/"), "\\Users\\"];
    let mut wrong = Vec::new();
    for file in files(".") {
        // Microsoft's operations are paths too, of their own kind
        let is_data = relative(&file).starts_with("data/") || relative(&file).starts_with("src/sandbox/data/");
        let Some(text) = fs::read_to_string(&file).ok().filter(|_| !is_data) else { continue };
        for (number, line) in text.lines().enumerate() {
            for word in words.iter().filter(|word| line.contains(**word)) {
                if relative(&file) != "tests/architecture.rs" {
                    wrong.push(format!("{}:{}: {word}", relative(&file), number + 1));
                }
            }
        }
    }
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    for line in lock.lines().filter(|line| line.starts_with("source = ")) {
        if line != "source = \"registry+https://github.com/rust-lang/crates.io-index\"" {
            wrong.push(format!("Cargo.lock: {line}"));
        }
    }
    assert_none(&wrong, "machine paths, or crates from elsewhere than crates.io");
}

#[test]
fn the_reader_of_this_test_reads_rust() {
    let text = "use crate::{core::{id, plan}, wire};\n// crate::cli\nlet x = \"crate::cli\"; let c = '\"';\n\
                mod tests {\n    use super::super::super::clock;\n    fn f<'a>() { crate::render::style::word() }\n}\n\
                let y = r#\"crate::cli \"# ; crate::surface::of();\n";
    let file = Source { name: "src/core/guard/lockout.rs".to_owned(), code: blank(text), text: text.to_owned() };
    let found: Vec<_> = file.imports();
    let expected = [
        (1, "core::id"),
        (1, "core::plan"),
        (1, "wire"),
        (5, "core::clock"),
        (6, "render::style::word"),
        (8, "surface::of"),
    ];
    assert_eq!(found, expected.map(|(line, path)| (line, path.to_owned())));
    let file = Source { name: "src/core/guard/mod.rs".to_owned(), code: blank("use super::super::wire;"), ..file };
    assert_eq!(file.imports(), [(1, "wire".to_owned())]);
    assert!(names_crate("use reqwest::Client;", "reqwest") && names_crate("tokio::spawn", "tokio"));
    assert!(!names_crate("self::ignore::x", "ignore") && !names_crate("my_tokio::spawn", "tokio"));
    assert_eq!(
        paths_in("see [x](docs/a.md), `src/b/<name>.rs`: tests/c.rs:12:3."),
        ["docs/a.md", "src/b/", "tests/c.rs"]
    );
}

/// Returns the paths of this repository that a line of prose names: words that begin like one, and targets of relative links.
/// A placeholder (`<name>`, `*`) ends the path at the folder before it.
fn paths_in(line: &str) -> Vec<String> {
    let is_outside = |c: char| c.is_whitespace() || "`()[]\"',;|".contains(c);
    let words = line.split(is_outside).filter(|word| ROOTS.iter().any(|root| word.starts_with(root)));
    let links = line.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    let links = links.filter(|link| !link.is_empty() && !link.contains("://") && !link.starts_with("mailto:"));
    let mut paths = Vec::new();
    for word in words.chain(links) {
        let known = word.split(['<', '*', '{', '…']).next().unwrap_or_default();
        let path = match known.len() < word.len() {
            true => known.rsplit_once('/').map_or_else(String::new, |(folder, _)| format!("{folder}/")),
            false => known.split(':').next().unwrap_or_default().trim_end_matches('.').to_owned(),
        };
        if !path.is_empty() && !paths.contains(&path) {
            paths.push(path);
        }
    }
    paths
}

/// Fails with every line when there is one.
fn assert_none(wrong: &[String], what: &str) {
    assert!(wrong.is_empty(), "{what}:\n{}", wrong.join("\n"));
}
