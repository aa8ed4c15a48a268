//! What the Markdown says, and that nobody else says anything in it.

use std::collections::BTreeSet;

use pulldown_cmark::{Event, Options as Parse, Parser, Tag, TagEnd};

use super::*;
use crate::core::change::Since;
use crate::render::escape::is_unsafe;
use crate::render::plan::several::{self, Entry};
use crate::render::plan::{Wording, sample};

fn show(plan: &Plan) -> String {
    markdown(plan, &Options::default()).replace(&plan.digest, "sha256:…")
}

fn drift() -> Options {
    Options { wording: Wording::Drift, ..Options::default() }
}

/// Returns the sample with every action, all but the first of each three pending already.
fn compared() -> Plan {
    let mut plan = sample::every_action();
    for (at, change) in plan.changes.iter_mut().enumerate() {
        change.since = Some(if at % 3 == 0 { Since::ThisChange } else { Since::Pending });
    }
    sample::finish(plan)
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
fn compared_with_a_base() {
    insta::assert_snapshot!("compared", show(&compared()));
}

#[test]
fn all_was_pending() {
    let mut plan = compared();
    plan.changes.iter_mut().for_each(|change| change.since = Some(Since::Pending));
    let text = show(&plan);
    let verdict = text.lines().find(|line| line.starts_with("**")).unwrap();
    assert_eq!(
        verdict,
        "**This change brings nothing new: 7 changes were already pending before it (5 widen access, 2 narrow it, \
         0 neutral; highest risk: high).**"
    );
    assert!(!text.contains("### Who"), "nothing but the fold shows them: {text}");
    assert!(text.contains("<summary>Already pending before this change (7)</summary>"));
}

#[test]
fn as_drift() {
    let plan = sample::every_action();
    insta::assert_snapshot!("drift", markdown(&plan, &drift()).replace(&plan.digest, "sha256:…"));
}

#[test]
fn nothing_to_do() {
    insta::assert_snapshot!(show(&sample::plan(Vec::new())), @r"
    <!-- rolewright:plan:5a9dbb0c-0000-4000-8000-000000000001 -->
    ## rolewright plan for contoso

    **No changes. The tenant matches the manifests.**

    <sub>Read at 2026-06-01T12:00:00Z; digest `sha256:…`.</sub>
    ");
}

#[test]
fn the_command_is_shown_only_for_what_may_be_applied() {
    let command = "rolewright apply --plan plan.json --digest sha256:";
    assert!(show(&sample::every_action()).contains(command));
    assert!(!show(&sample::other_surfaces()).contains(command), "refused");
    assert!(!markdown(&sample::every_action(), &drift()).contains(command), "drift is no plan");
    assert!(!show(&sample::plan(Vec::new())).contains(command), "nothing to apply");
    let mut plan = sample::every_action();
    plan.complete = false;
    assert!(!show(&plan).contains(command), "incomplete");
    plan.overrides = vec!["--allow-incomplete".to_owned()];
    let text = show(&plan);
    assert!(text.contains(command), "allowed: {text}");
    assert!(text.contains("**Safety overridden with `--allow-incomplete`\\.**"), "and said: {text}");
}

#[test]
fn a_swapped_approver_is_named_on_both_sides() {
    let mut plan = sample::every_action();
    let settings = plan.changes.last_mut().unwrap();
    settings.fields = vec![crate::core::change::FieldChange::new(
        "activation.approval.approvers",
        serde_json::json!(["user:grace", "group:sg-approvers"]),
        serde_json::json!(["user:mallory", "group:sg-approvers"]),
        Direction::Widens,
    )];
    let text = show(&plan);
    let open = text.split("<details>").next().unwrap();
    assert!(open.contains("`activation.approval.approvers`: gains `user:mallory`; loses `user:grace`"), "{open}");
}

/// What the renderer itself writes of HTML.
const TAGS: [&str; 7] = ["<!-- -->", "<details>", "</details>", "<summary>", "</summary>", "<sub>", "</sub>"];

/// How our headings begin.
const TITLES: [&str; 10] = [
    "rolewright",
    "Who gains access",
    "Who loses access",
    "More access than",
    "Less access than",
    "Guards",
    "Not read",
    "Settings and roles",
    "Warnings",
    "Due, not drift",
];

/// Asserts that whoever reads the Markdown as CommonMark with tables finds no link, image, markup, mention or heading that we did
/// not write. Titles are cut at their numbers.
fn is_ours(text: &str, headings: &[&str]) {
    let parser = Parser::new_ext(text, Parse::ENABLE_TABLES | Parse::ENABLE_STRIKETHROUGH | Parse::ENABLE_FOOTNOTES);
    let (mut run, mut heading, mut open) = (String::new(), None::<String>, 0);
    for event in parser {
        if !matches!(event, Event::Text(_)) {
            // GitHub makes a mention of `@name` and a reference of `#1` in running text
            let bytes = run.as_bytes();
            let refers = bytes.windows(2).any(|pair| matches!(pair[0], b'@' | b'#') && pair[1].is_ascii_alphanumeric());
            assert!(!refers, "a mention: {run}");
            run.clear();
        }
        match event {
            Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::FootnoteDefinition(_)) => {
                panic!("a link in {text}")
            }
            Event::Start(Tag::BlockQuote(_) | Tag::Strikethrough) | Event::FootnoteReference(_) => {
                panic!("markup in {text}")
            }
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                let title = heading.take().unwrap();
                assert!(headings.iter().any(|known| title.starts_with(known)), "a heading: {title}");
            }
            Event::Text(piece) => {
                run.push_str(&piece);
                heading.iter_mut().for_each(|heading| heading.push_str(&piece));
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                let mut rest = &html[..];
                while let Some(at) = rest.find('<') {
                    rest = &rest[at..];
                    let known = TAGS.iter().find(|tag| rest.starts_with(**tag));
                    let marker = rest.strip_prefix("<!-- rolewright:").and_then(|rest| rest.find(" -->\n"));
                    match (known, marker) {
                        (Some(tag), _) => {
                            open += i32::from(*tag == "<details>") - i32::from(*tag == "</details>");
                            assert!(open >= 0, "a fold is closed twice: {html}");
                            rest = &rest[tag.len()..];
                        }
                        (None, Some(end)) => rest = &rest[end..],
                        (None, None) => panic!("markup: {rest}"),
                    }
                }
            }
            _ => {}
        }
    }
    assert_eq!(open, 0, "folds are closed");
}

#[test]
fn foreign_text_stays_text() {
    for options in [Options::default(), drift()] {
        for plan in sample::all() {
            let text = markdown(&plan, &options);
            assert!(!text.contains(|c: char| c != '\n' && is_unsafe(c)), "{text}");
            assert!(!text.contains("##[") && !text.contains("##vso["), "{text}");
            assert!(text.lines().all(|line| !line.trim_start().starts_with("::")), "{text}");
            is_ours(&text, &TITLES);
        }
        let (one, other) = (sample::hostile(), sample::other_surfaces());
        let entries = [Entry { plan: &one, folder: sample::NASTY }, Entry { plan: &other, folder: "b|`c" }];
        is_ours(&several::markdown(&entries, 2, &options), &[&TITLES[..], &["contoso", "x\\u{1b}"]].concat());
    }
}

#[test]
fn a_marker_is_the_first_line_and_stays() {
    let (one, mut other) = (sample::every_action(), sample::other_surfaces());
    let marker = "<!-- rolewright:plan:5a9dbb0c-0000-4000-8000-000000000001 -->";
    assert_eq!(show(&one).lines().next(), Some(marker));
    assert_eq!(show(&other).lines().next(), Some(marker), "whatever the plan says");
    other.tenant_id = crate::core::id::TenantId::new("5a9dbb0c-0000-4000-8000-000000000002");
    let first = |entries: &[Entry<'_>]| {
        several::markdown(entries, entries.len(), &Options::default()).lines().next().map(str::to_owned)
    };
    let [one, other] = [&one, &other].map(|plan| Entry { plan, folder: "a/" });
    let of_several = Some("<!-- rolewright:plans:5a9dbb0c-0000-4000-8000-000000000001 -->".to_owned());
    assert_eq!(first(&[one, other]), of_several);
    assert_eq!(first(&[one, other, other]), of_several, "another tenant joins");
    assert_ne!(first(&[other, one]), of_several, "another set");
}

#[test]
fn several_tenants_share_the_room() {
    let (small, refused) = (sample::every_action(), sample::other_surfaces());
    let long = crowded(false);
    let entries = [
        Entry { plan: &small, folder: "tenants/small/" },
        Entry { plan: &long, folder: "tenants/long/" },
        Entry { plan: &refused, folder: "tenants/refused/" },
        Entry { plan: &long, folder: "tenants/long-too/" },
    ];
    let text = several::markdown(&entries, 5, &Options::default());
    assert!(text.len() <= LIMIT, "{}", text.len());
    assert!(text.len() > LIMIT * 3 / 4, "{}: the room is used", text.len());
    let alone = markdown(&small, &Options::default());
    let body = alone.split_once("\n\n").unwrap().1.replace("plan.json", "contoso.json");
    assert!(text.contains(&body), "what is short is shown whole");
    let parts: BTreeSet<&str> = text.lines().filter(|line| line.starts_with("## contoso in")).collect();
    assert_eq!(parts.len(), 4);
    let head: Vec<&str> = text.lines().skip(1).take_while(|line| !line.starts_with("## contoso")).collect();
    insta::assert_snapshot!(head.join("\n"), @r"
    ## rolewright plan for 5 tenants

    **3 of 4 refused or incomplete. In all: 811 changes in 4 of 5 tenants. 1 tenant could not be planned: the log says why.**

    | Tenant | Folder | Verdict | Changes | Widen | Highest risk |
    |---|---|---|---|---|---|
    | contoso | `tenants/small/` | may be applied | 7 | 5 | high |
    | contoso | `tenants/long/` | refused | 400 | 285 | high |
    | contoso | `tenants/refused/` | refused | 4 | 1 | critical |
    | contoso | `tenants/long-too/` | refused | 400 | 285 | high |
    ");
    let many: Vec<Entry<'_>> = (0..200).map(|_| Entry { plan: &long, folder: "a/" }).collect();
    let text = several::markdown(&many, 200, &Options::default());
    assert!(text.len() <= LIMIT && text.contains("200 tenants left out here"), "{text}");
}

/// Returns a plan with far more than fits.
fn crowded(is_hostile: bool) -> Plan {
    let long = "\u{e0001}@".repeat(300);
    let mut changes = Vec::new();
    let (one, other) = (sample::hostile(), sample::every_action());
    for n in 0..400 {
        let from = if is_hostile { &one.changes } else { &other.changes };
        let mut change = from[n % from.len()].clone();
        change.address = format!("{}{n}{}", change.address, if is_hostile { &long } else { "" });
        changes.push(change);
    }
    let mut plan = sample::plan(changes);
    for source in [&one, &other] {
        plan.notices.extend(source.notices.iter().cycle().take(500).cloned());
        plan.unmanaged.extend(source.unmanaged.iter().cycle().take(500).cloned());
        plan.verdicts.extend(source.verdicts.iter().cycle().take(200).cloned());
    }
    if is_hostile {
        plan.tenant_name = long;
        plan.overrides = one.overrides;
    }
    plan
}

#[test]
fn never_too_long() {
    for is_hostile in [false, true] {
        let text = show(&crowded(is_hostile));
        assert!(text.len() <= LIMIT, "{}", text.len());
        assert!(text.len() > LIMIT / 2, "{}: most of the room is used", text.len());
        assert!(
            text.contains("left out here; `rolewright show plan.json` prints the whole plan that was saved"),
            "{text}"
        );
        assert!(text.contains(" high"), "{text}");
        is_ours(&text, &TITLES);
    }
    let text = show(&crowded(false));
    assert!(text.contains(" low risk), left out here"), "the least risky are left out first and counted: {text}");
}
