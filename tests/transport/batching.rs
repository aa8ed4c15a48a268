//! `$batch`.

use rolewright::transport::TransportError;
use rolewright::wire::{Api, Query};
use serde_json::{Value, json};

use crate::server::{Seen, Server, error, ok, with};
use crate::{client, waited};

fn users(n: usize) -> Vec<Query> {
    (0..n).map(|n| Query::new(Api::Graph, format!("/users/{n}")).option("$select", "id")).collect()
}

/// Answers every member by `one(url)`, in reverse order.
fn members(seen: &Seen, one: impl Fn(&str) -> Value) -> Value {
    let asked = seen.json();
    let answers: Vec<Value> = asked["requests"]
        .as_array()
        .expect("members")
        .iter()
        .rev()
        .map(|member| {
            let mut answer = one(member["url"].as_str().expect("an address"));
            answer["id"] = member["id"].clone();
            answer
        })
        .collect();
    json!({"responses": answers})
}

#[tokio::test]
async fn twenty_at_a_time_and_answers_in_order() {
    let server = Server::start(|_, seen| ok(members(seen, |url| json!({"status": 200, "body": {"id": url}})))).await;
    let (client, _) = client(&server).await;
    let answers = client.reader().batch(&users(45)).await;
    for (n, answer) in answers.iter().enumerate() {
        let body = &answer.as_ref().expect("an answer").body;
        assert_eq!(body["id"], format!("/users/{n}?$select=id"));
    }
    let asked = server.asked();
    let mut sizes: Vec<usize> =
        asked.iter().map(|seen| seen.json()["requests"].as_array().expect("members").len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [5, 20, 20]);
    assert!(asked.iter().all(|seen| seen.method == "POST" && seen.target == "/v1.0/$batch"));
    assert!(asked.iter().all(|seen| !seen.body.contains("token-")));
    assert_eq!(client.statistics().endpoints["POST /$batch"].requests, 3);
    assert!(client.reader().batch(&[]).await.is_empty());
}

#[tokio::test]
async fn throttled_members_alone_are_asked_again_after_their_wait() {
    let server = Server::start(|n, seen| {
        ok(members(seen, |url| match (n, url) {
            (0, "/users/1?$select=id") => {
                json!({"status": 429, "headers": {"Retry-After": "12"}, "body": {"error": {"code": "TooManyRequests"}}})
            }
            (0, "/users/2?$select=id") => json!({"status": 503, "headers": {"retry-after": 30}, "body": null}),
            (_, "/users/3?$select=id") => {
                json!({"status": 404, "body": {"error": {"code": "Request_ResourceNotFound", "message": "no"}}})
            }
            _ => json!({"status": 200, "body": {}}),
        }))
    })
    .await;
    let (client, clock) = client(&server).await;
    let answers = client.reader().batch(&users(5)).await;
    let good: Vec<bool> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(good, [true, true, true, false, true]);
    assert!(answers[3].as_ref().expect_err("absent").is_absent());
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[1].json()["requests"].as_array().map(Vec::len), Some(2));
    assert!((30..=31).contains(&waited(&clock)), "the longest wait counts: {} s", waited(&clock));
}

#[tokio::test]
async fn a_member_with_more_pages_is_completed() {
    let server = Server::start(|n, seen| {
        let host = seen.header("host").expect("a host").to_owned();
        match n {
            0 => ok(members(seen, |url| {
                json!({"status": 200, "body": {"value": [url], "@odata.nextLink": format!("http://{host}/v1.0/more")}})
            })),
            _ => ok(json!({"value": ["last"]})),
        }
    })
    .await;
    let (client, _) = client(&server).await;
    let query = Query::new(Api::Graph, "/groups").header("ConsistencyLevel", "eventual");
    let answers = client.reader().batch(&[query]).await;
    assert_eq!(answers[0].as_ref().expect("an answer").body, json!({"value": ["/groups", "last"]}));
    let asked = server.asked();
    assert_eq!(asked[0].json()["requests"][0]["headers"]["ConsistencyLevel"], "eventual");
    assert_eq!(asked[1].header("consistencylevel"), Some("eventual"));
}

#[tokio::test]
async fn a_batch_that_fails_fails_each_member() {
    let server = Server::start(|_, _| error(400, "BadRequest")).await;
    let (client, _) = client(&server).await;
    for answer in client.reader().batch(&users(3)).await {
        assert_eq!(answer.expect_err("a refusal").refusal().map(|refusal| refusal.status), Some(400));
    }
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_batch_of_reads_is_repeated_like_a_read() {
    let server = Server::start(|n, seen| match n {
        0 => with(504, &[], json!({})),
        _ => ok(members(seen, |_| json!({"status": 200, "body": {}}))),
    })
    .await;
    let (client, _) = client(&server).await;
    assert!(client.reader().batch(&users(2)).await.iter().all(Result::is_ok));
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_member_without_an_answer_is_an_error() {
    let server = Server::start(|_, _| ok(json!({"responses": [{"id": "0", "status": 200, "body": {}}]}))).await;
    let (client, _) = client(&server).await;
    let answers = client.reader().batch(&users(2)).await;
    assert!(answers[0].is_ok());
    assert!(matches!(answers[1], Err(TransportError::Body { .. })));
}

#[tokio::test]
async fn members_of_arm_and_beta_go_their_own_ways() {
    let server = Server::start(|_, seen| match seen.target.as_str() {
        "/v1.0/$batch" | "/beta/$batch" => ok(members(seen, |_| json!({"status": 200, "body": {"in": "batch"}}))),
        _ => ok(json!({"in": seen.target})),
    })
    .await;
    let (client, _) = client(&server).await;
    let queries = [
        Query::new(Api::Arm, "/subscriptions").option("api-version", "2022-12-01"),
        Query::new(Api::Graph, "/users/a"),
        Query::new(Api::GraphBeta, "/users/b"),
        Query::new(Api::Graph, "/users/../me"),
    ];
    let answers = client.reader().batch(&queries).await;
    assert_eq!(answers[0].as_ref().expect("an answer").body["in"], "/subscriptions?api-version=2022-12-01");
    assert_eq!(answers[1].as_ref().expect("an answer").body["in"], "batch");
    assert_eq!(answers[2].as_ref().expect("an answer").body["in"], "batch");
    assert!(matches!(answers[3], Err(TransportError::Address { .. })));
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn a_stale_token_inside_a_batch_is_renewed_once() {
    let server = Server::start(|_, seen| {
        let is_stale = seen.header("authorization") == Some("Bearer token-1");
        ok(members(seen, |_| match is_stale {
            true => json!({"status": 401, "body": {"error": {"code": "InvalidAuthenticationToken"}}}),
            false => json!({"status": 200, "body": {}}),
        }))
    })
    .await;
    let (client, _) = client(&server).await;
    assert!(client.reader().batch(&users(2)).await.iter().all(Result::is_ok));
    assert_eq!((server.asked().len(), server.tokens()), (2, 2));
}
