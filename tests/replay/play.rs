//! One pair played: a sandbox made for it, the request sent to it, the answer beside the recorded one.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rolewright::clock::ManualClock;
use rolewright::sandbox::{Running, Sandbox, SandboxOptions, Seed, Switches};
use serde_json::Value;

use crate::json::Json;
use crate::pair::Pair;
use crate::stage;

const TENANT: &str = "5a9dbb0c-0000-4000-8000-000000000001";
/// Reader everywhere; for what was recorded as a refusal.
const PLAN: &str = "00000000-0000-4000-8000-0000000000a1";
/// Owner everywhere.
const ADMIN: &str = "00000000-0000-4000-8000-0000000000a3";
/// Echoed by PIM; every recorder sent one.
const REQUEST_ID: &str = "1c70ba11-0000-4000-8000-000000000001";

/// What the sandbox answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Option<Json>,
}

/// Plays recordings.
pub(crate) struct Player {
    http: reqwest::Client,
    base: Value,
    folder: tempfile::TempDir,
}

impl Player {
    pub(crate) async fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let empty = Sandbox::start(options("2015-01-01T00:00:00Z".parse().unwrap(), Seed::Empty)).await.unwrap();
        let base = empty.state_json();
        empty.stop().await.unwrap();
        let http = reqwest::Client::builder().no_proxy().http1_only().build().unwrap();
        Self { http, base, folder: tempfile::tempdir().unwrap() }
    }

    /// Plays one pair of a recording.
    pub(crate) async fn play(&self, recording: &[Pair], pair: &Pair) -> Answer {
        let file = self.folder.path().join("seed.json");
        let state = stage::state(&self.base, recording, pair);
        std::fs::write(&file, serde_json::to_vec(&state).unwrap()).unwrap();
        let running = start(hour(pair), &file).await;
        let origin = running.origins().arm;
        let token = self.token(&origin, if pair.status == 403 { PLAN } else { ADMIN }).await;
        if let Some(first) = stage::prelude(recording, pair) {
            let made = self.send(&origin, &token, recording, first).await;
            assert_eq!(made.status, first.status, "{}: {:?}", first.label(), made.body);
        }
        let answer = self.send(&origin, &token, recording, pair).await;
        running.stop().await.unwrap();
        answer
    }

    async fn token(&self, origin: &str, client: &str) -> String {
        let scope = format!("{origin}/.default");
        let form = [
            ("client_id", client),
            ("client_secret", "sandbox"),
            ("grant_type", "client_credentials"),
            ("scope", scope.as_str()),
        ];
        let url = format!("{origin}/{TENANT}/oauth2/v2.0/token");
        let response = self.http.post(url).form(&form).send().await.unwrap();
        let body: Value = response.json().await.unwrap();
        body["access_token"].as_str().unwrap().to_owned()
    }

    async fn send(&self, origin: &str, token: &str, recording: &[Pair], pair: &Pair) -> Answer {
        let method = reqwest::Method::from_bytes(pair.method.as_bytes()).unwrap();
        let url = format!("{origin}{}", pair.target);
        let mut request =
            self.http.request(method, url).bearer_auth(token).header("x-ms-client-request-id", REQUEST_ID);
        if let Some(body) = stage::sent(recording, pair) {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let names = response.headers().iter();
        let headers =
            names.map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap().to_owned())).collect();
        let text = response.text().await.unwrap();
        Answer { status, headers, body: Json::read(&text) }
    }
}

/// Returns when the answer was recorded, a moment after the full second, so that stamps have a fraction.
fn hour(pair: &Pair) -> Timestamp {
    let date = pair.headers.get("date").map(String::as_str).unwrap_or("Thu, 01 Jan 2026 00:00:00 GMT");
    let seconds = httpdate::parse_http_date(date).unwrap().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    Timestamp::new(i64::try_from(seconds).unwrap(), 123_456_700).unwrap()
}

fn options(now: Timestamp, seed: Seed) -> SandboxOptions {
    SandboxOptions {
        seed,
        base: Arc::new(ManualClock::new(now)),
        token_lifetime: SignedDuration::from_hours(24),
        // The recorded PATCH of a policy is of 2022 (arm.md C.5).
        switches: Switches { keeps_maximum_duration: true, ..Switches::default() },
        ..SandboxOptions::default()
    }
}

async fn start(now: Timestamp, file: &Path) -> Running {
    Sandbox::start(options(now, Seed::File(file.to_owned()))).await.unwrap()
}
