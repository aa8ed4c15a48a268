//! Recorded traffic of the live service, played to the sandbox.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its recording has failed")]
#![allow(clippy::print_stdout, reason = "the count is the result")]

mod json;
mod pair;
mod play;
mod reader;
mod shape;
mod stage;

use std::collections::BTreeMap;

#[tokio::test]
async fn survey() {
    let pairs = reader::folder(std::path::Path::new(&std::env::var("ROLEWRIGHT_RECORDINGS").unwrap()));
    let player = play::Player::new().await;
    let mut counts: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let mut clean = 0;
    for pair in &pairs {
        let recording: Vec<_> = pairs.iter().filter(|other| other.recording == pair.recording).cloned().collect();
        let answer = player.play(&recording, pair).await;
        let mut found = Vec::new();
        if answer.status != pair.status {
            found.push(format!(
                "status {} instead of {}: {}",
                answer.status,
                pair.status,
                shape::neutral(answer.body.as_ref().map_or("", |b| b.at("error.message").text()))
            ));
        } else {
            shape::compare(
                "",
                pair.body.as_ref().unwrap_or(&json::Json::Null),
                answer.body.as_ref().unwrap_or(&json::Json::Null),
                &mut found,
            );
            for name in pair.headers.keys().filter(|name| !answer.headers.contains_key(*name)) {
                found.push(format!("header {name} left out"));
            }
            for name in answer.headers.keys().filter(|name| !pair.headers.contains_key(*name)) {
                found.push(format!("header {name} not recorded"));
            }
        }
        if found.is_empty() {
            clean += 1
        }
        found.sort();
        found.dedup();
        for line in found {
            let key = format!(
                "{} {} {} {}: {line}",
                pair.recording.split('/').next().unwrap(),
                pair.method,
                pair.kind(),
                pair.option("api-version").unwrap()
            );
            let entry = counts.entry(key).or_insert((0, pair.label()));
            entry.0 += 1;
        }
    }
    for (key, (n, label)) in counts {
        println!("{n:>4} {key}   [{}]", &label[..label.len().min(90)]);
    }
    println!("{} pairs, {clean} clean", pairs.len());
}
