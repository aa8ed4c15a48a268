//! When a request is sent again.

use jiff::SignedDuration;
use rolewright::transport::TransportError;
use rolewright::wire::{Api, Command, Query, Verb};
use serde_json::json;

use crate::server::{Reply, Server, error, ok, with};
use crate::{client, connect, settings, start, waited};

fn query() -> Query {
    Query::new(Api::Graph, "/roleManagement/directory/roleDefinitions")
}

fn command(verb: Verb) -> Command {
    Command::new(Api::Graph, verb, "/roleManagement/directory/roleDefinitions").body(json!({"displayName": "x"}))
}

#[tokio::test]
async fn a_read_is_asked_for_as_documented() {
    let server = Server::start(|_, _| {
        with(200, &[("request-id", "r-1"), ("Date", "Wed, 21 Oct 2026 07:28:00 GMT")], json!({"value": [1]}))
    })
    .await;
    let (client, _) = client(&server).await;
    let query = query().option("$filter", "isBuiltIn eq false").header("ConsistencyLevel", "eventual");
    let answer = client.reader().get(&query).await.expect("an answer");
    assert_eq!((answer.status, answer.body), (200, json!({"value": [1]})));
    assert_eq!((answer.request_id.as_deref(), answer.date), (Some("r-1"), Some(start())));
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].method, "GET");
    assert_eq!(asked[0].target, "/v1.0/roleManagement/directory/roleDefinitions?$filter=isBuiltIn%20eq%20false");
    assert_eq!(asked[0].header("authorization"), Some("Bearer token-1"));
    assert_eq!(asked[0].header("consistencylevel"), Some("eventual"));
    assert_eq!(asked[0].header("accept-encoding"), Some("gzip"));
    assert!(asked[0].header("user-agent").is_some_and(|agent| agent.starts_with("rolewright/")));
    let id = asked[0].header("client-request-id").expect("an id");
    assert_eq!(uuid::Uuid::parse_str(id).expect("a GUID").get_version_num(), 4);
}

#[tokio::test]
async fn throttling_waits_as_asked_in_both_forms() {
    for (after, seconds) in [("17", 17), ("Wed, 21 Oct 2026 07:28:17 GMT", 17)] {
        let server = Server::start(move |n, _| match n {
            0 => with(429, &[("Retry-After", after), ("Date", "Wed, 21 Oct 2026 07:28:00 GMT")], json!({})),
            _ => ok(json!({})),
        })
        .await;
        let (client, clock) = client(&server).await;
        client.reader().get(&query()).await.expect("an answer");
        assert_eq!(server.asked().len(), 2);
        assert!((seconds..=seconds + 1).contains(&waited(&clock)), "{after}: {} s", waited(&clock));
        assert!(client.statistics().waited >= SignedDuration::from_secs(seconds));
    }
}

#[tokio::test]
async fn repetitions_carry_the_same_id_and_body() {
    let server = Server::start(|n, _| if n < 2 { with(429, &[], json!({})) } else { ok(json!({})) }).await;
    let (client, clock) = client(&server).await;
    client.writer().send(&command(Verb::Post)).await.expect("an answer");
    let asked = server.asked();
    assert_eq!(asked.len(), 3);
    for again in &asked[1..] {
        assert_eq!(again.header("client-request-id"), asked[0].header("client-request-id"));
        assert_eq!(again.body, r#"{"displayName":"x"}"#);
    }
    assert!((3..=6).contains(&waited(&clock)), "1 to 2 s, then 2 to 4 s, but {} s", waited(&clock));
}

#[tokio::test]
async fn reads_survive_outages_and_broken_connections() {
    for fault in [502, 503, 504, 500, 0] {
        let server = Server::start(move |n, _| match (n, fault) {
            (0, 0) => Reply::HangUp,
            (0, status) => error(status, "ServiceUnavailable"),
            _ => ok(json!({"n": 1})),
        })
        .await;
        let (client, _) = client(&server).await;
        let answer = client.reader().get(&query()).await.expect("an answer");
        assert_eq!((answer.body, server.asked().len()), (json!({"n": 1}), 2), "{fault}");
    }
}

#[tokio::test]
async fn reads_give_up_in_the_end() {
    for (fault, most) in [(500, 2), (503, 6), (429, 11)] {
        let server = Server::start(move |_, _| error(fault, "Busy")).await;
        let mut settings =
            settings(&server, rolewright::transport::AuthSettings::client_secret(crate::TENANT, "a", "b"));
        settings.time_limit = SignedDuration::from_hours(1);
        let (client, _) = connect(settings).await;
        let failed = client.reader().get(&query()).await.expect_err("a refusal");
        assert!(matches!(&failed, TransportError::Refused(refusal) if refusal.status == fault), "{failed}");
        assert_eq!(server.asked().len(), most);
    }
}

#[tokio::test]
async fn the_time_limit_ends_waiting() {
    let server = Server::start(|_, _| with(429, &[("Retry-After", "400")], json!({}))).await;
    let (client, clock) = client(&server).await;
    let failed = client.reader().get(&query()).await.expect_err("a refusal");
    assert_eq!(failed.refusal().and_then(|refusal| refusal.retry_after), Some(400));
    assert_eq!((server.asked().len(), waited(&clock)), (1, 0));
}

#[tokio::test]
async fn a_lost_answer_to_a_post_is_ambiguous() {
    for fault in [0, 500, 502, 503, 504] {
        let server = Server::start(move |_, _| match fault {
            0 => Reply::HangUp,
            status => error(status, "Broken"),
        })
        .await;
        let (client, _) = client(&server).await;
        let failed = client.writer().send(&command(Verb::Post)).await.expect_err("no answer");
        assert!(failed.is_ambiguous() && !failed.is_absent(), "{failed}");
        assert_eq!(server.asked().len(), 1, "{fault}: never repeated");
        assert_eq!(failed.refusal().map_or(0, |refusal| refusal.status), fault);
    }
}

#[tokio::test]
async fn an_unreadable_success_of_a_write_is_ambiguous() {
    let server = Server::start(|_, _| Reply::Send { status: 201, headers: vec![], body: b"<html>".to_vec() }).await;
    let (client, _) = client(&server).await;
    let failed = client.writer().send(&command(Verb::Post)).await.expect_err("no answer");
    assert!(failed.is_ambiguous(), "{failed}");
    let failed = client.reader().get(&query()).await.expect_err("no answer");
    assert!(matches!(failed, TransportError::Body { .. }), "{failed}");
}

#[tokio::test]
async fn same_state_writes_are_repeated_after_a_lost_answer() {
    for verb in [Verb::Patch, Verb::Put, Verb::Delete] {
        let server = Server::start(|n, _| if n == 0 { Reply::HangUp } else { with(204, &[], json!({})) }).await;
        let (client, _) = client(&server).await;
        client.writer().send(&command(verb)).await.expect("an answer");
        let asked = server.asked();
        assert_eq!(asked.len(), 2, "{verb:?}");
        assert_eq!((&asked[0].method, &asked[0].body), (&asked[1].method, &asked[1].body));
    }
}

#[tokio::test]
async fn a_repeated_write_that_never_gets_an_answer_is_ambiguous_even_if_the_last_attempt_was_not_sent() {
    let server =
        Server::start(|n, _| if n == 0 { Reply::HangUp } else { with(429, &[("Retry-After", "9999")], json!({})) })
            .await;
    let (client, _) = client(&server).await;
    let failed = client.writer().send(&command(Verb::Patch)).await.expect_err("no answer");
    assert!(failed.is_ambiguous(), "{failed}");
}

#[tokio::test]
async fn a_post_that_was_turned_away_is_repeated() {
    for (status, headers) in [(429, &[][..]), (503, &[("Retry-After", "2")][..])] {
        let server =
            Server::start(move |n, _| if n == 0 { with(status, headers, json!({})) } else { ok(json!({})) }).await;
        let (client, _) = client(&server).await;
        client.writer().send(&command(Verb::Post)).await.expect("an answer");
        assert_eq!(server.asked().len(), 2, "{status}");
    }
}

#[tokio::test]
async fn refusals_are_final_and_absence_is_told_apart() {
    for (status, code, is_absent) in [
        (404, "Request_ResourceNotFound", true),
        (404, "UnknownError", false),
        (403, "Authorization_RequestDenied", false),
        (400, "RoleAssignmentExists", false),
    ] {
        let server = Server::start(move |_, _| error(status, code)).await;
        let (client, _) = client(&server).await;
        let failed = client.writer().send(&command(Verb::Post)).await.expect_err("a refusal");
        assert!(matches!(&failed, TransportError::Refused(refusal) if refusal.code == code), "{failed}");
        assert_eq!(failed.is_absent(), is_absent);
        assert_eq!(server.asked().len(), 1);
    }
}

#[tokio::test]
async fn nobody_there_is_unreachable_for_reads_and_writes() {
    let server = Server::start(|_, _| ok(json!({}))).await;
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let empty = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let mut settings = settings(&server, rolewright::transport::AuthSettings::client_secret(crate::TENANT, "a", "b"));
    settings.cloud.graph = rolewright::transport::Origin::parse(&empty).expect("an origin");
    let (client, _) = connect(settings).await;
    let failed = client.reader().get(&query()).await.expect_err("nobody there");
    assert!(matches!(&failed, TransportError::Unreachable { host, .. } if *host == empty), "{failed}");
    let failed = client.writer().send(&command(Verb::Post)).await.expect_err("nobody there");
    assert!(matches!(failed, TransportError::Unreachable { .. }), "nothing was sent, so nothing is in doubt: {failed}");
}

#[tokio::test]
async fn a_storm_is_not_fed() {
    let server = Server::start(|_, _| error(503, "Down")).await;
    let (client, _) = client(&server).await;
    let mut stopped = false;
    for _ in 0..20 {
        let failed = client.reader().get(&query()).await.expect_err("down");
        stopped |= matches!(failed, TransportError::Budget { .. });
    }
    assert!(stopped, "the shared budget never ran out");
    assert!(server.asked().len() <= 60, "{} requests", server.asked().len());
}

#[tokio::test]
async fn redirects_are_errors() {
    let server = Server::start(|_, _| with(302, &[("Location", "https://evil.example/?t=1")], json!({}))).await;
    let (client, _) = client(&server).await;
    let failed = client.reader().get(&query()).await.expect_err("a redirect");
    assert!(failed.to_string().contains("https://evil.example;"), "{failed}");
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn the_services_clock_is_followed() {
    let server = Server::start(|_, _| with(200, &[("Date", "Wed, 21 Oct 2026 09:00:00 GMT")], json!({}))).await;
    let (client, clock) = client(&server).await;
    assert_eq!(client.now(), start());
    client.reader().get(&query()).await.expect("an answer");
    assert_eq!(client.now().to_string(), "2026-10-21T09:00:00Z");
    clock.advance(SignedDuration::from_secs(90));
    assert_eq!(client.now().to_string(), "2026-10-21T09:01:30Z");
}

#[tokio::test]
async fn requests_are_counted_by_endpoint() {
    let server = Server::start(|n, _| if n == 0 { with(429, &[], json!({})) } else { ok(json!({"a": 1})) }).await;
    let (client, _) = client(&server).await;
    client.reader().get(&query()).await.expect("an answer");
    let statistics = client.statistics();
    let count = statistics.endpoints["GET /roleManagement/directory/roleDefinitions"];
    assert_eq!((count.requests, count.repeated, statistics.requests()), (2, 1, 2));
    assert_eq!(statistics.bytes_received, 9);
}
