//! State files, TLS, stopping.

use rolewright::sandbox::{Sandbox, SandboxError, SandboxOptions, Seed};
use serde_json::json;

use crate::client::{Client, options};

#[tokio::test]
async fn a_state_file_holds_every_change_at_once_and_the_clock() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deep/state.json");
    let with = || SandboxOptions { state: Some(file.clone()), ..options(Seed::Contoso) };
    let c = Client::start(with()).await;
    let unit = json!({"displayName": "U"});
    assert_eq!(c.post("/v1.0/directory/administrativeUnits", unit).await.status, 201);
    c.post("/sandbox/clock", json!({"advance": "P3D"})).await;
    let state = c.running.state_json();
    let on_disk: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(on_disk, state);
    assert!(matches!(Sandbox::start(with()).await, Err(SandboxError::StateInUse { .. })));
    c.running.stop().await.unwrap();
    // The seed is not asked again; the clock goes on three days ahead.
    let c = Client::start(SandboxOptions { seed: Seed::Empty, ..with() }).await;
    assert_eq!(c.running.state_json(), state);
    assert_eq!(c.running.now().to_string(), "2026-11-24T12:00:00Z");
    c.id("directory/administrativeUnits", "U").await;
    c.running.stop().await.unwrap();
    let as_seed = Client::seeded(Seed::File(file.clone())).await;
    as_seed.id("directory/administrativeUnits", "U").await;
    std::fs::write(&file, "{}").unwrap();
    assert!(matches!(Sandbox::start(with()).await, Err(SandboxError::StateForm { .. })));
}

#[tokio::test]
async fn tls_serves_both_versions_under_a_throw_away_authority() {
    let tls = || SandboxOptions { tls: true, ..options(Seed::Empty) };
    let old = Client::start_with(tls(), true).await;
    assert_eq!(old.get("/v1.0/users").await.version, reqwest::Version::HTTP_11);
    let c = Client::start(tls()).await;
    let origins = c.running.origins();
    assert!(origins.graph.starts_with("https://localhost:"));
    let got = c.get("/v1.0/users").await;
    assert_eq!((got.status, got.version), (200, reqwest::Version::HTTP_2));
    let other = origins.graph.replace("localhost", "127.0.0.1");
    assert_eq!(c.get(&format!("{other}/v1.0/users")).await.status, 200);
    let line: serde_json::Value = serde_json::from_str(&origins.to_json()).unwrap();
    let names: Vec<&String> = line.as_object().unwrap().keys().collect();
    assert_eq!(names, ["arm", "ca", "graph", "login", "metadata", "subscriptionId", "tenantId"]);
    let ca = origins.ca.unwrap();
    c.running.stop().await.unwrap();
    assert!(!ca.exists());
}
