//! What the Markdown says, and that nobody else says anything in it.

use super::*;
use crate::render::escape::is_unsafe;
use crate::render::plan::{Wording, sample};

fn show(plan: &Plan) -> String {
    markdown(plan, &Options::default())
}

#[test]
fn every_action() {
    insta::assert_snapshot!("every_action", show(&sample::every_action()));
}

#[test]
fn refused_and_incomplete() {
    insta::assert_snapshot!("other_surfaces", show(&sample::other_surfaces()));
}

#[test]
fn drift() {
    let options = Options { wording: Wording::Drift, ..Options::default() };
    insta::assert_snapshot!("drift", markdown(&sample::every_action(), &options));
}

#[test]
fn nothing_to_do() {
    insta::assert_snapshot!(show(&sample::plan(Vec::new())), @r#"
    <!-- rolewright:plan:5a9dbb0c-0000-4000-8000-000000000001 -->
    ## rolewright plan for contoso

    **No changes. The tenant matches the manifests.**

    <sub>Read at 2026-06-01T12:00:00Z, plan digest `sha256:395a7395c22fbb86c44c73e2fbc789ff501294a12e03992a080f19350264bada`.</sub>
    "#);
}

#[test]
fn foreign_text_stays_text() {
    let text = show(&sample::hostile());
    assert!(!text.contains(|c: char| c != '\n' && is_unsafe(c)), "{text}");
    // code spans show what they hold literally
    let outside = text.lines().map(without_code).collect::<Vec<_>>().join("\n");
    for bad in ["##[", "##vso[", "<img", "**b**", "[l](", "@org", "\n::"] {
        assert!(!outside.contains(bad), "{bad}: {outside}");
    }
    assert_eq!(outside.matches("<details>").count(), outside.matches("</details>").count(), "folds are closed");
    assert_eq!(outside.matches("<!--").count(), outside.matches("-->").count(), "comments are closed");
}

/// Drops the code spans of a line, by the rule of CommonMark: a span ends with as many back-quotes as it began with.
fn without_code(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        if rest[..at].ends_with('\\') {
            out.push_str(&rest[..=at]);
            rest = &rest[at + 1..];
            continue;
        }
        out.push_str(&rest[..at]);
        let ticks = rest[at..].chars().take_while(|c| *c == '`').count();
        let inner = &rest[at + ticks..];
        let mut from = 0;
        let end = loop {
            let Some(found) = inner[from..].find('`').map(|found| from + found) else { break None };
            let run = inner[found..].chars().take_while(|c| *c == '`').count();
            if run == ticks {
                break Some(found + run);
            }
            from = found + run;
        };
        match end {
            Some(end) => rest = &inner[end..],
            None => panic!("a code span is open: {line}"),
        }
    }
    out + rest
}

#[test]
fn rows_of_tables_have_their_columns() {
    for plan in sample::all() {
        for line in show(&plan).lines().filter(|line| line.starts_with('|')) {
            let bars = line.char_indices().filter(|(at, c)| *c == '|' && !line[..*at].ends_with('\\')).count();
            assert_eq!(bars, 6, "{line}");
        }
    }
}

#[test]
fn never_too_long() {
    let long = "\u{e0001}@".repeat(300);
    for hostile in [false, true] {
        let mut changes = Vec::new();
        let (one, other) = (sample::hostile(), sample::every_action());
        for n in 0..400 {
            let from = if hostile { &one.changes } else { &other.changes };
            let mut change = from[n % from.len()].clone();
            change.address = format!("{}{n}{}", change.address, if hostile { &long } else { "" });
            changes.push(change);
        }
        let mut plan = sample::plan(changes);
        for source in [&one, &other] {
            plan.notices.extend(source.notices.iter().cycle().take(500).cloned());
            plan.unmanaged.extend(source.unmanaged.iter().cycle().take(500).cloned());
            plan.verdicts.extend(source.verdicts.iter().cycle().take(200).cloned());
        }
        plan.tenant_name = long.clone();
        let text = show(&plan);
        assert!(text.len() <= LIMIT, "{}", text.len());
        assert!(text.len() > LIMIT / 2, "{}: most of the room is used", text.len());
        assert!(text.contains("more, left out here"));
        let outside = text.lines().map(without_code).collect::<Vec<_>>().join("\n");
        assert_eq!(outside.matches("<details>").count(), outside.matches("</details>").count());
    }
}
