//! Graph's `$batch`: up to 20 reads in one request, each with an answer and a fate of its own (graph.md 6.1).

use std::collections::HashMap;
use std::sync::PoisonError;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::wire::{Answer, Api, Query};

use super::auth::{AuthError, Token};
use super::cause::Cause;
use super::client::Shared;
use super::error::TransportError;
use super::refusal::{self, Without};
use super::retry::{self, Fault, Repeat, Tally};
use super::send::Ask;
use super::{address, page, statistics};

/// The most members of a batch.
const MOST: usize = 20;

/// Reads all `queries`; answers in their order.
pub(super) async fn read(shared: &Shared, queries: &[Query]) -> Vec<Result<Answer, TransportError>> {
    let mut results: Vec<Option<Result<Answer, TransportError>>> = queries.iter().map(|_| None).collect();
    let mut chunks: Vec<(Api, Vec<usize>)> = Vec::new();
    let mut single = Vec::new();
    for (n, query) in queries.iter().enumerate() {
        // ARM has no such batch, and a path that leaves its service must not hide in one.
        if query.api == Api::Arm || Ask::read(shared, query).is_err() {
            single.push(n);
            continue;
        }
        match chunks.iter_mut().rfind(|(api, members)| *api == query.api && members.len() < MOST) {
            Some((_, members)) => members.push(n),
            None => chunks.push((query.api, vec![n])),
        }
    }
    let batched = join_all(chunks.iter().map(|(api, members)| chunk(shared, *api, queries, members)));
    let alone = join_all(single.iter().map(|&n| async move { (n, whole(shared, &queries[n]).await) }));
    let (batched, alone) = futures_util::future::join(batched, alone).await;
    for (n, result) in batched.into_iter().flatten().chain(alone) {
        results[n] = Some(result);
    }
    let missing = || TransportError::Body {
        method: "POST",
        path: "/$batch".to_owned(),
        source: Cause::new("a member has no answer"),
    };
    results.into_iter().map(|result| result.unwrap_or_else(|| Err(missing()))).collect()
}

async fn whole(shared: &Shared, query: &Query) -> Result<Answer, TransportError> {
    let mut answer = shared.exchange(&Ask::read(shared, query)?).await?;
    page::complete(shared, query, &mut answer.body).await?;
    Ok(answer)
}

/// One batch, sent again with the members that are worth it until none is left.
async fn chunk(
    shared: &Shared,
    api: Api,
    queries: &[Query],
    members: &[usize],
) -> Vec<(usize, Result<Answer, TransportError>)> {
    let deadline = shared.clock.now().checked_add(shared.time_limit).unwrap_or(Timestamp::MAX);
    let mut done = Vec::with_capacity(members.len());
    let mut open: Vec<(usize, Tally)> = members.iter().map(|&n| (n, Tally::default())).collect();
    let mut has_new_token = false;
    let mut is_repeated = false;
    while !open.is_empty() {
        count(shared, queries, &open, is_repeated);
        let asked: Vec<Value> = open.iter().map(|(n, _)| member(*n, &queries[*n])).collect();
        let token = match shared.tokens.get(&shared.cloud.scope(api)).await {
            Ok(token) => token,
            Err(error) => {
                done.extend(open.drain(..).map(|(n, _)| (n, Err(error.clone().into()))));
                break;
            }
        };
        let sent = match Ask::batch(shared, api, &json!({"requests": asked})) {
            Ok(ask) => shared.exchange(&ask).await,
            Err(error) => Err(error),
        };
        let envelope = match sent {
            Ok(envelope) => envelope,
            Err(error) => {
                done.extend(open.drain(..).map(|(n, _)| (n, Err(error.clone()))));
                break;
            }
        };
        let mut answers = answers(&envelope.body);
        let mut again = Vec::new();
        let mut longest: Option<SignedDuration> = None;
        let mut stale = Vec::new();
        for (n, mut tally) in open.drain(..) {
            let Some(answer) = answers.remove(&n.to_string()) else {
                let source = Cause::new(format!("no answer to {} in the batch", queries[n].path));
                let body = TransportError::Body { method: "POST", path: "/$batch".to_owned(), source };
                done.push((n, Err(body)));
                continue;
            };
            match judge(shared, &envelope, &token, answer) {
                Fate::Done(answer) => done.push((n, Ok(answer))),
                Fate::Final(error) => done.push((n, Err(error))),
                Fate::Stale(error) if has_new_token => done.push((n, Err(error))),
                Fate::Stale(_) => stale.push((n, tally)),
                Fate::Faulty(fault, error) => {
                    let now = shared.clock.now();
                    let wait = tally
                        .next(fault, Repeat::Freely, shared.jitter())
                        .filter(|wait| now.checked_add(*wait).is_ok_and(|then| then <= deadline));
                    let mut budget = shared.budget.lock().unwrap_or_else(PoisonError::into_inner);
                    match wait {
                        Some(wait) if budget.take(fault) => {
                            longest = longest.max(Some(wait));
                            again.push((n, tally));
                        }
                        _ => done.push((n, Err(error))),
                    }
                }
            }
        }
        if !stale.is_empty() {
            has_new_token = true;
            shared.tokens.discard(&shared.cloud.scope(api), &token).await;
            again.append(&mut stale);
        }
        if let Some(wait) = longest {
            tracing::debug!(members = again.len(), ?wait, "repeating members of a batch after a wait");
            shared.clock.sleep(wait).await;
            shared.statistics.lock().unwrap_or_else(PoisonError::into_inner).waited += wait;
        }
        open = again;
        is_repeated = true;
    }
    // Rare: a member whose answer has more pages.
    for (n, result) in &mut done {
        if let Ok(answer) = result
            && let Err(error) = page::complete(shared, &queries[*n], &mut answer.body).await
        {
            *result = Err(error);
        }
    }
    done
}

fn count(shared: &Shared, queries: &[Query], open: &[(usize, Tally)], is_repeated: bool) {
    let mut statistics = shared.statistics.lock().unwrap_or_else(PoisonError::into_inner);
    for (n, _) in open {
        statistics.count(&statistics::endpoint("GET", &queries[*n].path), true, is_repeated);
    }
}

fn member(n: usize, query: &Query) -> Value {
    let mut member = json!({
        "id": n.to_string(),
        "method": "GET",
        "url": address::relative(&query.path, &query.options),
    });
    if !query.headers.is_empty() {
        let headers: Map<String, Value> =
            query.headers.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
        member["headers"] = Value::Object(headers);
    }
    member
}

/// Returns the members' answers by id; they come in any order.
fn answers(body: &Value) -> HashMap<String, Value> {
    let responses = body.get("responses").and_then(Value::as_array);
    responses
        .into_iter()
        .flatten()
        .filter_map(|answer| Some((answer.get("id")?.as_str()?.to_owned(), answer.clone())))
        .collect()
}

/// What becomes of one member.
enum Fate {
    Done(Answer),
    Faulty(Fault, TransportError),
    Stale(TransportError),
    Final(TransportError),
}

fn judge(shared: &Shared, envelope: &Answer, token: &Token, mut answer: Value) -> Fate {
    let status =
        answer.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok()).unwrap_or(0);
    let header = |name: &str| {
        let headers = answer.get("headers")?.as_object()?;
        let (_, value) = headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        // Numbers are written without quotes by some.
        value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|n| n.to_string()))
    };
    let request_id = header("request-id").or_else(|| envelope.request_id.clone());
    let from = envelope.date.unwrap_or_else(|| shared.clock.now());
    let after = header("retry-after").and_then(|text| retry::parse_retry_after(&text, from));
    let body = answer.get_mut("body").map(Value::take).unwrap_or_default();
    if (200..300).contains(&status) {
        return Fate::Done(Answer { status, body, request_id, date: envelope.date });
    }
    let seconds = after.map(|after| after.as_secs().unsigned_abs());
    let refusal = refusal::decode_value(status, &body, request_id, seconds).without(token);
    match Fault::of_status(status, &refusal.code, after) {
        _ if status == 401 => Fate::Stale(AuthError::Rejected(refusal).into()),
        Some(fault) => Fate::Faulty(fault, TransportError::Refused(refusal)),
        None => Fate::Final(TransportError::Refused(refusal)),
    }
}
