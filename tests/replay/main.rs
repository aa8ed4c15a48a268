//! Recorded traffic of the live service, played to the sandbox.
//!
//! Each recorded request is sent to a sandbox in whose tenant it applies, and the answers are compared: status, headers, members and
//! their order, nulls, JSON types, forms of ids and stamps, error codes and messages. What differs is either listed with its
//! reason in `verdict`, or fails the test.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its recording has failed")]
#![allow(clippy::print_stdout, reason = "the count is the result")]

mod excerpt;
mod json;
mod pair;
mod play;
mod reader;
mod shape;
mod stage;
mod verdict;

use std::collections::BTreeMap;
use std::path::PathBuf;

use pair::Pair;
use verdict::Verdict;

/// How many pairs of the excerpt are comparable, at least.
const EXCERPT: usize = 80;
/// How many of the 461 pairs of all recordings are.
const WHOLE: usize = 456;

/// Plays the pairs and returns how many are comparable; prints the reasons of all others.
async fn replay(pairs: &[Pair]) -> usize {
    let player = play::Player::new().await;
    let (mut comparable, mut different) = (0, BTreeMap::<String, Vec<String>>::new());
    let (mut accepted, mut others) = (BTreeMap::new(), BTreeMap::new());
    for pair in pairs {
        if let Some(reason) = verdict::other(pair) {
            *others.entry(reason).or_insert(0) += 1;
            continue;
        }
        let answer = player.play(recording(pairs, pair), pair).await;
        match verdict::of(pair, &answer) {
            Verdict::Comparable(reasons) => {
                comparable += 1;
                reasons.into_iter().for_each(|reason| *accepted.entry(reason).or_insert(0) += 1);
            }
            Verdict::Different(lines) => {
                lines.into_iter().for_each(|line| different.entry(line).or_default().push(pair.label()));
            }
        }
    }
    println!("{comparable} of {} recorded pairs are comparable", pairs.len());
    others.iter().for_each(|(reason, count)| println!("{count:>5} not: {reason}"));
    accepted.iter().for_each(|(reason, count)| println!("{count:>5} but for: {reason}"));
    for (line, labels) in &different {
        println!("{:>5} DIFFER: {line}\n        {}", labels.len(), labels[0]);
    }
    assert!(different.is_empty(), "the sandbox differs from the recordings without a reason");
    comparable
}

/// Returns the pairs of the recording that the pair is from; they follow each other.
fn recording<'a>(pairs: &'a [Pair], pair: &Pair) -> &'a [Pair] {
    let is_same = |other: &Pair| other.recording == pair.recording;
    let first = pairs.iter().position(is_same).unwrap_or_default();
    let length = pairs[first..].iter().take_while(|other| is_same(other)).count();
    &pairs[first..first + length]
}

/// Returns every recorded pair, where somebody has them: below the folder that `ROLEWRIGHT_RECORDINGS` names, or in a folder of
/// recordings beside the checkout.
fn whole() -> Option<Vec<Pair>> {
    let folder = match std::env::var_os("ROLEWRIGHT_RECORDINGS") {
        Some(named) => PathBuf::from(named),
        None => PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/api/recordings")),
    };
    // A folder that was named must be there.
    let is_there = folder.is_dir() || std::env::var_os("ROLEWRIGHT_RECORDINGS").is_some();
    is_there.then(|| reader::folder(&folder))
}

#[tokio::test]
async fn the_excerpt_is_answered_as_recorded() {
    let comparable = replay(&excerpt::read()).await;
    assert!(comparable >= EXCERPT, "{comparable} of {EXCERPT} are left");
}

#[tokio::test]
async fn all_recordings_are_answered_as_recorded() {
    let Some(pairs) = whole() else {
        println!("no recordings beside the checkout; the excerpt is all that was played");
        return;
    };
    let comparable = replay(&pairs).await;
    assert!(comparable >= WHOLE, "{comparable} of {WHOLE} are left");
}

#[tokio::test]
async fn a_difference_is_told() {
    let pairs = excerpt::read();
    let is_it = |pair: &&Pair| pair.kind() == "roleassignments" && pair.method == "PUT" && pair.status == 201;
    let pair = pairs.iter().find(is_it).unwrap();
    let answer = play::Player::new().await.play(recording(&pairs, pair), pair).await;
    let differences = |change: &dyn Fn(&mut Pair)| {
        let mut pair = pair.clone();
        change(&mut pair);
        match verdict::of(&pair, &answer) {
            Verdict::Comparable(_) => Vec::new(),
            Verdict::Different(lines) => lines,
        }
    };
    assert!(differences(&|_| {}).is_empty());
    assert_eq!(differences(&|pair| pair.status = 200).len(), 1);
    assert_eq!(differences(&|pair| pair.body = None).len(), 1);
    let header = differences(&|pair| drop(pair.headers.insert("x-ms-new".to_owned(), String::new())));
    assert_eq!(header, ["header x-ms-new: left out"]);
    let member = differences(&|pair| {
        let Some(json::Json::Object(members)) = &mut pair.body else { unreachable!() };
        members.retain(|(name, _)| name != "id");
    });
    assert_eq!(member, [".id: not recorded"]);
    let order = differences(&|pair| {
        let Some(json::Json::Object(members)) = &mut pair.body else { unreachable!() };
        members.reverse();
    });
    assert_eq!(order.len(), 1, "{order:?}");
}

/// No list of PIM's was recorded so far; the day one is, a row too many must not pass.
#[test]
fn a_row_too_many_is_told() {
    let row = |name: &str, scope: &str| {
        let id = format!("{scope}/providers/Microsoft.Authorization/roleEligibilitySchedules/{name}");
        format!(r#"{{"id":"{id}","properties":{{"scope":"{scope}"}}}}"#)
    };
    let list = |rows: &[String]| json::Json::read(&format!(r#"{{"value":[{}]}}"#, rows.join(",")));
    let scope = "/subscriptions/0a4d3ef7-0000-4000-8000-000000000001";
    let (one, other, above) = (row("one", scope), row("other", scope), row("above", "/"));
    let pair = Pair {
        recording: "made/up.json".to_owned(),
        number: 0,
        method: "GET".to_owned(),
        target: format!("{scope}/providers/Microsoft.Authorization/roleEligibilitySchedules?api-version=2020-10-01"),
        sent: None,
        status: 200,
        headers: BTreeMap::new(),
        body: list(std::slice::from_ref(&one)),
    };
    let told = |rows: &[String]| {
        let answer = play::Answer { status: 200, headers: BTreeMap::new(), body: list(rows) };
        match verdict::of(&pair, &answer) {
            Verdict::Comparable(_) => Vec::new(),
            Verdict::Different(lines) => lines,
        }
    };
    assert!(told(&[one.clone(), above]).is_empty());
    let lines = told(&[one, other]);
    assert!(lines.len() == 1 && lines[0].ends_with("/roleEligibilitySchedules/other: not recorded"), "{lines:?}");
}

#[test]
#[ignore = "writes the excerpt anew from all recordings"]
fn write_the_excerpt() {
    excerpt::write(&whole().expect("there are recordings"));
}
