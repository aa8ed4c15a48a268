//! What a plan looks like on a terminal, whatever it holds.

use super::field::{FOLD_KEPT, FOLD_REMOVED};
use super::*;
use crate::core::change::Since;
use crate::core::notice::Notice;
use crate::render::escape::is_unsafe;
use crate::render::plan::sample;

fn show(plan: &Plan) -> String {
    text(plan, &Options::default())
}

#[test]
fn every_action() {
    insta::assert_snapshot!("every_action", show(&sample::every_action()));
}

#[test]
fn verbose() {
    let options = Options { verbose: true, ..Options::default() };
    let plan = sample::every_action();
    insta::assert_snapshot!("verbose", text(&plan, &options).replace(&plan.digest, "sha256:…"));
}

#[test]
fn compared_with_a_base() {
    let mut plan = sample::every_action();
    for (at, change) in plan.changes.iter_mut().enumerate() {
        change.since = Some(if at % 3 == 0 { Since::ThisChange } else { Since::Pending });
    }
    insta::assert_snapshot!("compared", show(&plan));
}

#[test]
fn what_stands_in_the_way_is_said_at_both_ends() {
    let text = show(&sample::other_surfaces());
    let refused = "Refused by break-glass, mass-removal, guardrail/contoso.tier0: nothing can be applied.";
    let lines: Vec<&str> = text.lines().collect();
    let flat = |lines: &[&str]| lines.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(flat(&lines).matches(refused).count(), 2, "{text}");
    assert!(flat(&lines[..6]).contains(refused), "{text}");
    assert!(flat(&lines[lines.len() - 9..]).contains(refused), "{text}");
    assert!(lines[lines.len() - 1].starts_with("Plan (incomplete): "), "the counts are last: {text}");
    let drift = Options { wording: Wording::Drift, ..Options::default() };
    assert!(!super::text(&sample::other_surfaces(), &drift).contains("Refused"), "drift is refused nothing");
}

#[test]
fn drift() {
    let options = Options { wording: Wording::Drift, ..Options::default() };
    insta::assert_snapshot!("drift", text(&sample::every_action(), &options));
}

#[test]
fn refused_and_incomplete() {
    insta::assert_snapshot!("other_surfaces", show(&sample::other_surfaces()));
}

#[test]
fn nothing_to_do() {
    let mut plan = sample::plan(Vec::new());
    insta::assert_snapshot!(show(&plan), @r#"
    Plan for tenant contoso (5a9dbb0c-0000-4000-8000-000000000001)
      read at 2026-06-01T12:00:00Z

    No changes. The tenant matches the manifests.
    "#);
    let drift = Options { wording: Wording::Drift, ..Options::default() };
    assert!(text(&plan, &drift).ends_with("\nNo drift. The tenant matches the manifests.\n"));
    plan.complete = false;
    assert!(show(&plan).ends_with("\nNo changes found, but the tenant could not be read in full.\n"));
}

#[test]
fn long_lists_are_folded_until_they_are_asked_for() {
    let mut plan = sample::every_action();
    let names = |range: std::ops::Range<u32>| serde_json::json!(range.map(|n| format!("p{n:02}")).collect::<Vec<_>>());
    let (update, removal) = (4, 5);
    (plan.changes[update].fields[1].before, plan.changes[update].fields[1].after) = (names(0..40), names(10..50));
    plan.changes[removal].fields[2].before = names(0..40);
    plan.notices = (0..21)
        .map(|n| Notice::new("activation", Some(format!("directory/active/u{n:02}")), "activated", None))
        .collect();
    plan.notices.push(Notice::warning("expired", None, "expired: remove this entry", None));
    let short = show(&plan);
    let count = |text: &str, part: &str| text.matches(part).count();
    assert_eq!(count(&short, "      added   p"), 10, "what is gained is never folded: {short}");
    assert_eq!(count(&short, "      removed p"), 10 + FOLD_REMOVED, "what an update loses is not folded: {short}");
    assert_eq!(count(&short, "      same    p"), FOLD_KEPT);
    assert!(short.contains("and 25 more that stay the same (-v shows all)"), "{short}");
    assert!(short.contains("and 30 more that go with it (-v shows all)"), "{short}");
    assert!(short.contains("and 21 notices: 21 activation (-v shows them)"), "{short}");
    assert!(short.contains("warning[expired] expired: remove this entry"), "{short}");
    let long = text(&plan, &Options { verbose: true, ..Options::default() });
    assert_eq!(count(&long, "      removed p"), 10 + 40);
    assert_eq!(count(&long, "      same    p"), 30);
    assert_eq!(count(&long, "notice[activation] "), 21);
    assert!(!long.contains("-v shows"), "{long}");
}

#[test]
fn a_due_extension_is_no_drift() {
    let mut plan = sample::every_action();
    plan.changes.retain(|change| change.action == Action::Extend);
    let drift = text(&sample::finish(plan), &Options { wording: Wording::Drift, ..Options::default() });
    assert!(drift.contains("\nDue, not drift\n\n> due for extension directory/eligible/"), "{drift}");
    assert!(
        drift.ends_with("\nNo drift. The tenant matches the manifests; 1 extension due, not drift; 1 unmanaged.\n"),
        "{drift}"
    );
}

#[test]
fn an_override_is_said_and_no_longer_refuses() {
    let mut plan = sample::other_surfaces();
    plan.verdicts.retain(|verdict| verdict.guard == "mass-removal");
    plan.complete = true;
    plan.unreadable.clear();
    let refused = text(&plan, &Options { width: 120, ..Options::default() });
    assert!(refused.contains("refused by mass-removal: 12 removals"), "{refused}");
    assert!(refused.contains("If this is really wanted, add --allow-mass-removal."), "{refused}");
    let mut plan = plan;
    plan.overrides.push("--allow-mass-removal".to_owned());
    let allowed = text(&plan, &Options::default());
    assert!(allowed.contains("allowed by --allow-mass-removal: mass-removal: 12"), "{allowed}");
    assert!(allowed.contains("Next: review the changes") && !allowed.contains("refused"), "{allowed}");
}

#[test]
fn applying_gives_no_advice_to_apply() {
    let plan = sample::every_action();
    let text = text(&plan, &Options { wording: Wording::Apply, ..Options::default() });
    assert!(!text.contains("Next:"), "{text}");
    assert!(text.ends_with(
        "\nPlan: 1 to create, 1 to update, 1 to adopt, 1 to extend, 1 to regrant, 2 to remove; 1 unmanaged.\n"
    ));
}

#[test]
fn colour_changes_no_word() {
    for plan in sample::all() {
        for verbose in [false, true] {
            let plain = Options { verbose, ..Options::default() };
            let coloured = text(&plan, &Options { color: true, ..plain.clone() });
            assert!(coloured.contains('\u{1b}'));
            assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), text(&plan, &plain));
        }
    }
}

#[test]
fn foreign_text_gives_nothing_to_interpret() {
    for wording in [Wording::Plan, Wording::Drift] {
        for width in (0..130).step_by(7) {
            let options = Options { verbose: true, width, wording, ..Options::default() };
            let text = text(&sample::hostile(), &options);
            for line in text.lines() {
                assert!(!line.contains(is_unsafe), "{line}");
                assert!(!line.contains("##[") && !line.contains("##vso["), "{line}");
                assert!(!line.trim_start().starts_with("::"), "{line}");
            }
        }
    }
}

#[test]
fn fits_eighty_columns_but_for_what_is_copied() {
    for plan in [sample::every_action(), sample::other_surfaces()] {
        for line in show(&plan).lines().filter(|line| line.chars().count() > 80) {
            let is_copied = ["directory/", "group/", "azure/", "Plan:"].iter().any(|part| line.contains(part));
            assert!(is_copied, "{line}");
        }
    }
}

#[test]
fn ten_runs_give_the_same_bytes() {
    let options = Options { verbose: true, color: true, ..Options::default() };
    for plan in sample::all() {
        let first = text(&plan, &options);
        assert!((0..10).all(|_| text(&plan, &options) == first));
    }
}
