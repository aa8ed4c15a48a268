//! The README's table against other tools: each cell about this one names tests that exist.

use std::fs;

use crate::source::root;

/// The heading above the table.
const HEADING: &str = "## Compared with other tools";

/// What the table must speak of, each by a word in the first cell of its row.
const ROWS: &[&str] = &["bound", "Direction", "power", "Lock-out", "feasible", "Planning"];

#[test]
fn what_the_table_says_of_this_tool_is_tested() {
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    let wrong = unproven(&text, |path| fs::read_to_string(root().join(path)).ok());
    assert!(wrong.is_empty(), "README.md, {HEADING}:\n{}", wrong.join("\n"));
}

#[test]
fn the_reader_of_the_table_finds_what_is_gone() {
    let rows = |ours: &str| {
        let row = |word: &&str| format!("| {word} | yes: {ours} | no | no | no |\n");
        let rows: String = ROWS.iter().map(row).collect();
        format!("{HEADING}\n\nWords.\n\n| | rolewright | A | B | C |\n|---|---|---|---|---|\n{rows}\nMore.\n")
    };
    let file = |path: &str| (path == "tests/a.rs").then(|| "#[test]\nfn holds() {}\nfn helps() {}\n".to_owned());
    let first = |text: &str| unproven(text, file).into_iter().next();
    assert_eq!(first(&rows("[holds](tests/a.rs)")), None);
    for (ours, says) in [
        ("of course", "no test is named"),
        ("[holds](tests/b.rs)", "no file tests/b.rs"),
        ("[holds](tests/a.rs), [gone](tests/a.rs)", "no test `gone` in tests/a.rs"),
        ("[hold](tests/a.rs)", "no test `hold` in tests/a.rs"),
        ("[helps](tests/a.rs)", "no test `helps` in tests/a.rs"),
    ] {
        assert_eq!(first(&rows(ours)), Some(format!("bound: {says}")), "{ours}");
    }
    let one = rows("[holds](tests/a.rs)").replace("| Lock-out ", "| Something ");
    assert_eq!(unproven(&one, file), ["no row about `Lock-out`"]);
    assert_eq!(unproven("# Nothing\n", file), ["the table is gone"]);
}

/// Returns what is wrong with the table: a row of ours that names no test, a test that is gone, a row that is missing.
fn unproven(text: &str, read: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let after = text.lines().skip_while(|line| *line != HEADING);
    let table: Vec<Vec<&str>> = (after.skip_while(|line| !line.starts_with('|')))
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    let [head, _, rows @ ..] = &table[..] else { return vec!["the table is gone".to_owned()] };
    let mut wrong = Vec::new();
    if !head.iter().any(|cell| cell.contains("rolewright")) {
        wrong.push("no column is ours".to_owned());
    }
    for row in rows {
        let [what, ours, ..] = &row[..] else { continue };
        let named = links(ours);
        if named.is_empty() {
            wrong.push(format!("{what}: no test is named"));
        }
        for (name, path) in named {
            match read(path) {
                None => wrong.push(format!("{what}: no file {path}")),
                Some(code) if !has_test(&code, name) => wrong.push(format!("{what}: no test `{name}` in {path}")),
                Some(_) => {}
            }
        }
    }
    let is_there = |word: &str| rows.iter().any(|row| row[0].contains(word));
    wrong.extend(ROWS.iter().filter(|word| !is_there(word)).map(|word| format!("no row about `{word}`")));
    wrong
}

/// Returns text and target of each `[text](target)`.
fn links(cell: &str) -> Vec<(&str, &str)> {
    let link = |rest| {
        let (before, after): (&str, &str) = rest;
        Some((before.rsplit_once('[')?.1, after.split_once(')')?.0))
    };
    let ends = cell.match_indices("](");
    ends.filter_map(|(at, between)| link((&cell[..at], &cell[at + between.len()..]))).collect()
}

/// Tells whether there is a function of this name that is run as a test: the attribute stands right above it.
fn has_test(code: &str, name: &str) -> bool {
    let lines: Vec<&str> = code.lines().map(str::trim).collect();
    let head = format!("fn {name}(");
    let is_it = |line: &&str| line.strip_prefix("async ").unwrap_or(line).starts_with(&head);
    let mut found = lines.iter().enumerate().filter(|(_, line)| is_it(line));
    found.any(|(at, _)| {
        let above = lines[..at].iter().rev().take_while(|line| line.starts_with("#[") || line.starts_with("//"));
        above.into_iter().any(|line| line.starts_with("#[") && line.ends_with("test]"))
    })
}
