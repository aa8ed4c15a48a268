//! Cloud metadata.

use std::sync::Arc;

use rolewright::clock::{ManualClock, SharedClock};
use rolewright::transport::{Cloud, CloudError, WebSettings};
use rolewright::wire::Api;
use serde_json::{Value, json};

use crate::server::{Reply, Server, answer, with};
use crate::start;

fn clock() -> SharedClock {
    Arc::new(ManualClock::new(start()))
}

fn metadata(origin: &str) -> Value {
    json!({
        "name": "AzureUSGovernment", "graph": "https://graph.windows.net", "graphAudience": "https://graph.windows.net",
        "authentication": {"loginEndpoint": format!("{origin}/"), "audiences": [], "tenant": "common"},
        "resourceManager": format!("{origin}/"), "microsoftGraphResourceId": format!("{origin}/"),
    })
}

#[tokio::test]
async fn endpoints_come_from_metadata_with_a_byte_order_mark() {
    let server = Server::start(|n, seen| {
        if n == 0 {
            return with(503, &[("Retry-After", "3")], json!({}));
        }
        let origin = format!("http://{}", seen.header("host").expect("a host"));
        let mut body = b"\xEF\xBB\xBF".to_vec();
        body.extend(metadata(&origin).to_string().into_bytes());
        Reply::Send { status: 200, headers: vec![], body }
    })
    .await;
    let cloud = Cloud::discover(&server.origin, &WebSettings::default(), &clock()).await.expect("a cloud");
    assert_eq!(cloud.name, "AzureUSGovernment");
    assert_eq!(cloud.exchange_audience, "api://AzureADTokenExchangeUSGov");
    assert_eq!(cloud.scope(Api::GraphBeta), format!("{}/.default", server.origin));
    assert_eq!(cloud.arm.to_string(), server.origin);
    let asked = server.asked();
    assert_eq!(asked[1].target, "/metadata/endpoints?api-version=2022-09-01");
    assert_eq!(asked[1].header("authorization"), None);
}

#[tokio::test]
async fn plain_http_elsewhere_is_refused_in_flags_and_in_metadata() {
    let refused = Cloud::discover("http://management.azure.com", &WebSettings::default(), &clock()).await;
    assert!(matches!(refused, Err(CloudError::Host(_))), "{refused:?}");
    for field in ["resourceManager", "microsoftGraphResourceId", "loginEndpoint"] {
        let server = Server::start(move |_, seen| {
            let mut body = metadata(&format!("http://{}", seen.header("host").expect("a host")));
            let bad = json!("http://evil.example/");
            match field {
                "loginEndpoint" => body["authentication"][field] = bad,
                _ => body[field] = bad,
            }
            answer(200, body)
        })
        .await;
        let failed =
            Cloud::discover(&server.origin, &WebSettings::default(), &clock()).await.expect_err("plain http elsewhere");
        assert!(matches!(&failed, CloudError::Endpoint { field: named, .. } if named.ends_with(field)), "{failed}");
    }
}

#[tokio::test]
async fn what_is_no_metadata_is_said_to_be_none() {
    for reply in [|| answer(404, json!({})), || answer(200, json!([])), || answer(200, json!("x"))] {
        let server = Server::start(move |_, _| reply()).await;
        let failed = Cloud::discover(&server.origin, &WebSettings::default(), &clock()).await.expect_err("no metadata");
        assert!(matches!(failed, CloudError::NotMetadata { .. }), "{failed}");
    }
    let server = Server::start(|_, _| answer(200, json!({"name": "x"}))).await;
    let failed = Cloud::discover(&server.origin, &WebSettings::default(), &clock()).await.expect_err("no endpoints");
    assert!(matches!(failed, CloudError::Endpoint { source: None, .. }), "{failed}");
}
