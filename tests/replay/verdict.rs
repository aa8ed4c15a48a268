//! What is said of a pair: that it is comparable, why it is not, or what differs without a reason.
//!
//! The tables here are the whole list of what the sandbox does otherwise than the recordings.

use crate::excerpt::BUILT_IN;
use crate::json::Json;
use crate::pair::Pair;
use crate::play::Answer;
use crate::shape;

/// How the answer to a pair compares.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// The answers agree but for the differences that these reasons explain.
    Comparable(Vec<&'static str>),
    /// They differ.
    Different(Vec<String>),
}

/// Headers that say nothing about the interface: of the connection, of the machines in front, of the day.
const ANYWAY: &[&str] = &[
    "connection",
    "content-encoding",
    "content-length",
    "date",
    "server",
    "set-cookie",
    "transfer-encoding",
    "vary",
    "x-cache",
    "x-msedge-ref",
    "x-powered-by",
];
/// Headers that, when the sandbox sends them and the live service does not, would mislead a client.
const TELLING: &[&str] =
    &["allow", "location", "mspimslice", "retry-after", "x-ms-client-request-id", "x-ms-failure-cause"];

/// Tells whether the header is compared at all, or read to know the hour.
pub(crate) fn is_compared(name: &str) -> bool {
    name == "date" || !ANYWAY.contains(&name)
}

/// Returns why the sandbox does not claim to answer the request as recorded.
pub(crate) fn other(pair: &Pair) -> Option<&'static str> {
    let path = pair.path().to_ascii_lowercase();
    if path.ends_with("/exporttemplate") {
        return Some("not emulated: templates of resource groups");
    }
    if path.contains("/operationresults/") && pair.status == 202 {
        return Some("the sandbox deletes a resource group at once, so nobody sees the deletion under way");
    }
    if path.ends_with("/microsoft.resourcegraph/resources") && pair.sent.is_none() {
        return Some("the recorder kept no query, so there is nothing to ask");
    }
    None
}

/// Compares what was recorded with what was answered.
pub(crate) fn of(pair: &Pair, answer: &Answer) -> Verdict {
    let mut differences = Vec::new();
    if answer.status != pair.status {
        let text = answer.body.as_ref().map_or("", |body| body.at("error.message").text());
        differences.push(format!("status {} instead of {}: {}", answer.status, pair.status, shape::neutral(text)));
    } else {
        let body = |body: &Option<Json>| body.clone().unwrap_or(Json::Null);
        shape::compare("", &body(&pair.body), &body(&answer.body), &mut differences);
        extra_rows(pair, answer, &mut differences);
    }
    headers(pair, answer, &mut differences);
    let mut reasons = Vec::new();
    differences.retain(|line| match accepted(pair, line) {
        Some(reason) => {
            reasons.push(reason);
            false
        }
        None => true,
    });
    reasons.sort_unstable();
    reasons.dedup();
    if differences.is_empty() { Verdict::Comparable(reasons) } else { Verdict::Different(differences) }
}

fn headers(pair: &Pair, answer: &Answer, differences: &mut Vec<String>) {
    for name in pair.headers.keys().filter(|name| !ANYWAY.contains(&name.as_str())) {
        if !answer.headers.contains_key(name) {
            differences.push(format!("header {name}: left out"));
        }
    }
    // Transcribed recordings keep some headers only; those that keep all have this one.
    if pair.headers.contains_key("strict-transport-security") {
        for name in TELLING.iter().filter(|name| !pair.headers.contains_key(**name)) {
            if answer.headers.contains_key(*name) {
                differences.push(format!("header {name}: not recorded"));
            }
        }
    }
    if let (Some(recorded), Some(answered)) = (pair.headers.get("content-type"), answer.headers.get("content-type"))
        && recorded != answered
    {
        differences.push(format!("header content-type: {answered} instead of {recorded}"));
    }
}

/// The lists of PIM.
const PIM: &[&str] = &[
    "roleassignmentschedules",
    "roleassignmentscheduleinstances",
    "roleassignmentschedulerequests",
    "roleeligibilityschedules",
    "roleeligibilityscheduleinstances",
    "roleeligibilityschedulerequests",
];

/// Finds rows that the live service would have left out. The sandbox's own applications hold their roles at the root.
fn extra_rows(pair: &Pair, answer: &Answer, differences: &mut Vec<String>) {
    let (Some(recorded), Some(answered)) = (&pair.body, &answer.body) else { return };
    let is_filtered = pair.option("$filter").is_some_and(|filter| filter.starts_with("roleName"));
    let is_about = match pair.kind().as_str() {
        "roleassignments" => true,
        "roledefinitions" => is_filtered,
        kind => PIM.contains(&kind),
    };
    let recorded = recorded.get("value").items();
    let is_recorded = |id: &str| recorded.iter().any(|row| row.get("id").text().eq_ignore_ascii_case(id));
    for row in answered.get("value").items().iter().filter(|_| is_about) {
        let (id, scope) = (row.get("id").text(), row.at("properties.scope").text());
        if scope != "/" && !is_recorded(id) {
            differences.push(format!("row {}: not recorded", shape::neutral(id)));
        }
    }
}

/// Returns the reason why a difference is none of the sandbox's.
fn accepted(pair: &Pair, line: &str) -> Option<&'static str> {
    let kind = pair.kind();
    let header = line.strip_prefix("header ").and_then(|rest| rest.split(": ").next());
    if let Some(name) = header {
        return accepted_header(pair, name);
    }
    let (at, text) = line.split_once(": ").unwrap_or((line, ""));
    let is_built_in = at.contains("(built-in)");
    if let Some(id) = text.strip_prefix("no row ")
        && let Some(row) = pair.documents().iter().find(|row| row.get("id").text() == id)
    {
        if is_withdrawn(row) {
            return Some("a built-in role that Microsoft has withdrawn since");
        }
        if row.at("properties.assignableScopes").items().iter().any(|scope| scope.text().ends_with("/*")) {
            return Some("a role whose assignable scope has a wildcard, which none may have today");
        }
    }
    if is_built_in && at.ends_with(".updatedBy") && text == "null instead of a text" {
        return Some("an empty updatedBy of some built-in roles before 2020");
    }
    let lists = ["actions", "notActions", "dataActions", "notDataActions"];
    if text.ends_with(" items instead of 0") || text.starts_with("0 items instead of ") {
        let is_list = lists.iter().any(|list| at.ends_with(&format!("].{list}")));
        if is_list && is_built_in {
            return Some("what a built-in role grants has changed since");
        }
        if is_list && kind == "permissions" {
            return Some("the caller holds another role");
        }
        if at.ends_with("managedByTenants") {
            return Some("no other tenant manages the sandbox's subscriptions");
        }
    }
    if at == ".error.message"
        && let Some((answered, recorded)) = text.split_once(" instead of ")
        && answered.trim_end_matches('`').starts_with(recorded.trim_end_matches('`'))
    {
        return Some("the message has grown a sentence since");
    }
    if at.starts_with(".data[].properties") && text.starts_with("order ") {
        return Some("the order of members inside what other providers say of their resources");
    }
    if pair.path().ends_with("/locations") && text.starts_with("no row") {
        return Some("the sandbox knows three regions");
    }
    None
}

/// Tells whether the row is a built-in role that is none any more.
fn is_withdrawn(row: &Json) -> bool {
    row.at("properties.type").text() == "BuiltInRole" && !BUILT_IN.contains(row.get("name").text())
}

fn accepted_header(pair: &Pair, name: &str) -> Option<&'static str> {
    match name {
        "x-ms-request-charge" => Some("x-ms-request-charge, what the store behind took until 2020"),
        "retry-after" if pair.headers.get(name).is_some_and(|value| value == "0") => {
            Some("`Retry-After: 0`, written by the recorder for Java so that replays do not wait")
        }
        "retry-after" if pair.status == 202 => Some("Retry-After, which the recorder for Python takes away"),
        "x-ms-ratelimit-remaining-tenant-writes" if pair.method == "POST" => {
            Some("queries of Resource Graph counted as writes in 2021, as reads in 2024")
        }
        "x-ms-ratelimit-remaining-subscription-writes" if pair.method == "DELETE" => {
            Some("deletes had no count of their own in 2017")
        }
        _ => None,
    }
}
