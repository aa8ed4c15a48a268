//! Next links.

use rolewright::transport::TransportError;
use rolewright::wire::{Api, Query};
use serde_json::json;

use crate::client;
use crate::server::{Server, error, ok};

fn query() -> Query {
    Query::new(Api::Graph, "/groups").option("$count", "true").header("ConsistencyLevel", "eventual")
}

#[tokio::test]
async fn links_are_followed_as_they_are_and_headers_sent_again() {
    let server = Server::start(|n, seen| {
        let host = seen.header("host").expect("a host");
        match n {
            0 => {
                ok(json!({"value": [1], "@odata.nextLink": format!("http://{host}/v1.0/groups?$skiptoken=a%2Bb'%3D")}))
            }
            // A page may be empty and still have a next link.
            1 => ok(json!({"value": [], "@odata.nextLink": format!("http://{host}/v1.0/groups?$skip=2")})),
            _ => ok(json!({"value": [2, 3]})),
        }
    })
    .await;
    let (client, _) = client(&server).await;
    let pages = client.reader().pages(&query()).await.expect("three pages");
    let rows: Vec<_> = pages.iter().map(|page| page.body["value"].clone()).collect();
    assert_eq!(rows, [json!([1]), json!([]), json!([2, 3])]);
    let asked = server.asked();
    assert!(asked[1].target.starts_with("/v1.0/groups?$skiptoken=a%2Bb"), "{}", asked[1].target);
    assert!(asked.iter().all(|seen| seen.header("consistencylevel") == Some("eventual")));
    assert!(asked.iter().all(|seen| seen.header("authorization") == Some("Bearer token-1")));
}

#[tokio::test]
async fn arm_links_are_followed_and_empty_ones_end() {
    let server = Server::start(|n, seen| {
        let host = seen.header("host").expect("a host");
        let link = if n == 0 { format!("http://{host}/subscriptions?page=2") } else { String::new() };
        ok(json!({"value": [n], "nextLink": link}))
    })
    .await;
    let (client, _) = client(&server).await;
    let pages = client.reader().pages(&Query::new(Api::Arm, "/subscriptions")).await.expect("two pages");
    assert_eq!(pages.len(), 2);
}

#[tokio::test]
async fn two_spellings_of_a_link_are_one_page() {
    let server = Server::start(|n, seen| {
        let host = seen.header("host").expect("a host");
        let link = format!("http://{host}/providers/x?page={n}");
        ok(match n {
            0 => json!({"value": [n], "nextLink": link, "@nextLink": link}),
            1 => json!({"value": [n], "nextLink": null, "@nextLink": link}),
            _ => json!({"value": [n]}),
        })
    })
    .await;
    let (client, _) = client(&server).await;
    let pages = client.reader().pages(&Query::new(Api::Arm, "/providers/x")).await.expect("three pages");
    assert_eq!((pages.len(), server.asked().len()), (3, 3));
}

#[tokio::test]
async fn no_token_follows_a_link_elsewhere() {
    let stranger = Server::start(|_, _| ok(json!({"value": []}))).await;
    let origin = stranger.origin.clone();
    for link in [
        format!("{origin}/v1.0/groups?$skip=1"),
        "https://graph.microsoft.com.evil.example/v1.0/groups".to_owned(),
        "/v1.0/groups?$skip=1".to_owned(),
        "ftp://127.0.0.1/x".to_owned(),
    ] {
        let script = link.clone();
        let server = Server::start(move |_, _| ok(json!({"value": [], "@odata.nextLink": script}))).await;
        let (client, _) = client(&server).await;
        let failed = client.reader().pages(&query()).await.expect_err("a foreign link");
        assert!(matches!(failed, TransportError::ForeignLink { .. }), "{link}: {failed}");
        assert_eq!(server.asked().len(), 1);
    }
    // The same host and port, but a user in the address or another scheme.
    let server = Server::start(|_, seen| {
        let host = seen.header("host").expect("a host");
        let scheme = if seen.target.contains("count=true") { "http://me@" } else { "https://" };
        ok(json!({"value": [], "@odata.nextLink": format!("{scheme}{host}/x")}))
    })
    .await;
    let (client, _) = client(&server).await;
    for query in [query(), Query::new(Api::Graph, "/groups")] {
        let failed = client.reader().pages(&query).await.expect_err("a foreign link");
        assert!(matches!(failed, TransportError::ForeignLink { .. }), "{failed}");
    }
    assert!(stranger.seen().is_empty());
}

#[tokio::test]
async fn loops_end() {
    let server = Server::start(|n, seen| {
        let host = seen.header("host").expect("a host");
        ok(json!({"value": [n], "@odata.nextLink": format!("http://{host}/v1.0/groups?$skip={}", n % 2)}))
    })
    .await;
    let (client, _) = client(&server).await;
    let failed = client.reader().pages(&query()).await.expect_err("a loop");
    assert!(matches!(failed, TransportError::Paging { .. }), "{failed}");
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn a_page_that_fails_fails_the_list() {
    let server = Server::start(|n, seen| {
        let host = seen.header("host").expect("a host");
        match n {
            0 => ok(json!({"value": [1], "@odata.nextLink": format!("http://{host}/v1.0/groups?$skip=1")})),
            _ => error(403, "Authorization_RequestDenied"),
        }
    })
    .await;
    let (client, _) = client(&server).await;
    let failed = client.reader().pages(&query()).await.expect_err("half a list");
    assert_eq!(failed.refusal().map(|refusal| refusal.status), Some(403));
}
