//! No secret and no token in anything anybody can print.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use rolewright::transport::{AuthSettings, Method};
use rolewright::wire::{Api, Command, Query, Verb};
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::server::{Reply, Server, answer, error, ok};
use crate::{SECRET, TENANT, connect, settings};

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn neither_logs_nor_errors_nor_debug_forms_hold_secrets() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(log.clone())
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .finish();
    // For all threads: what the other tests of this binary log meanwhile must not hold secrets either.
    tracing::subscriber::set_global_default(subscriber).expect("the only subscriber");

    let server = Server::start(|n, seen| match n {
        0 => ok(json!({"displayName": "body-of-an-answer"})),
        1 => Reply::HangUp,
        // A service that repeats our own header.
        2 => answer(403, json!({"error": {"code": "x", "message": seen.header("authorization")}})),
        3 => error(401, "InvalidAuthenticationToken"),
        _ => error(401, "InvalidAuthenticationToken"),
    })
    .await;
    let auth = AuthSettings::client_secret(TENANT, "an-app", SECRET);
    let settings = settings(&server, auth.clone());
    let mut shown = format!("{auth:?} {settings:?}");
    let (client, _) = connect(settings).await;
    let query = Query::new(Api::Graph, "/organization").option("$select", "value-of-an-option");
    let post = Command::new(Api::Graph, Verb::Post, "/x").body(json!({"justification": "body-of-a-request"}));
    client.reader().get(&query).await.expect("an answer");
    for failed in [
        client.writer().send(&post).await.expect_err("hung up"),
        client.reader().get(&query).await.expect_err("refused"),
        client.reader().get(&query).await.expect_err("refused twice"),
    ] {
        shown.push_str(&format!("{failed} {failed:?}"));
        let mut cause = std::error::Error::source(&failed);
        while let Some(deeper) = cause {
            shown.push_str(&format!("{deeper} {deeper:?}"));
            cause = deeper.source();
        }
    }
    shown.push_str(&format!("{client:?} {:?} {:?} {:?}", client.reader(), client.writer(), client.statistics()));

    let logged = String::from_utf8(log.0.lock().expect("unpoisoned").clone()).expect("text");
    assert!(logged.contains("value-of-an-option") && logged.contains("/organization"), "the log is on: {logged}");
    for secret in [SECRET, "token-1", "token-2", "body-of-a-request"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
        assert!(!logged.contains(secret), "{secret} in the log: {logged}");
    }
    assert!(!logged.contains("body-of-an-answer"));
}

#[test]
fn settings_hide_every_secret() {
    let auth = AuthSettings::from_lookup(Method::Auto, &|name| match name {
        "AZURE_CLIENT_SECRET" | "ACTIONS_ID_TOKEN_REQUEST_TOKEN" | "SYSTEM_ACCESSTOKEN" => Some(SECRET.to_owned()),
        other => Some(other.to_lowercase()),
    });
    let shown = format!("{auth:?}");
    assert!(!shown.contains(SECRET) && shown.contains("azure_client_id"), "{shown}");
}
