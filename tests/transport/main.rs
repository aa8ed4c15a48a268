//! The transport against servers that misbehave, one failure a test. Clocks are turned by hand, so that waits cost nothing.

mod authentication;
mod batching;
mod discovery;
mod paging;
mod repeating;
mod secrecy;
mod server;

use std::sync::Arc;

use jiff::Timestamp;
use rolewright::clock::{Clock, ManualClock};
use rolewright::transport::{AuthSettings, Client, Cloud, ConnectSettings, Origin, RequestIds};
use server::Server;

const TENANT: &str = "5a9dbb0c-0000-4000-8000-000000000001";
const SECRET: &str = "hunter2-is-the-secret";

fn start() -> Timestamp {
    "2026-10-21T07:28:00Z".parse().expect("an instant")
}

/// The cloud that is all in one server.
fn cloud(server: &Server) -> Cloud {
    let origin = Origin::parse(&server.origin).expect("an origin");
    Cloud::at("test", origin.clone(), origin.clone(), origin)
}

fn settings(server: &Server, auth: AuthSettings) -> ConnectSettings {
    let mut settings = ConnectSettings::new(cloud(server), auth);
    settings.jitter_seed = 7;
    settings.request_ids = RequestIds::seeded(7);
    settings
}

/// A client that signs in with a secret, and its clock.
async fn client(server: &Server) -> (Client, ManualClock) {
    connect(settings(server, AuthSettings::client_secret(TENANT, "an-app", SECRET))).await
}

async fn connect(settings: ConnectSettings) -> (Client, ManualClock) {
    let clock = ManualClock::new(start());
    let client = Client::connect(settings, Arc::new(clock.clone())).await.expect("good settings");
    (client, clock)
}

/// Seconds that were waited so far.
fn waited(clock: &ManualClock) -> i64 {
    clock.now().duration_since(start()).as_secs()
}
