//! Each way to get a token, and what happens when one is no longer good.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use ring::signature::{RSA_PSS_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use rolewright::clock::ManualClock;
use rolewright::transport::{
    AuthError, AuthSettings, Client, Cloud, CloudName, Method, Origin, ShowPrompt, TransportError,
};
use rolewright::wire::{Api, Command, Query, Verb};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};

use crate::server::{Reply, Seen, Server, answer, error, ok, with};
use crate::{SECRET, TENANT, client, connect, settings, start};

fn query() -> Query {
    Query::new(Api::Graph, "/organization")
}

fn token(name: &str) -> Reply {
    ok(json!({"token_type": "Bearer", "expires_in": 3599, "access_token": name}))
}

fn lookup<'a>(pairs: &'a [(&'a str, String)]) -> impl Fn(&str) -> Option<String> + 'a {
    |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone())
}

fn app(method: Method, more: &[(&str, String)]) -> AuthSettings {
    let mut pairs = vec![("AZURE_TENANT_ID", TENANT.to_owned()), ("AZURE_CLIENT_ID", "an-app".to_owned())];
    pairs.extend_from_slice(more);
    AuthSettings::from_lookup(method, &lookup(&pairs))
}

/// The request for a token of this application.
fn token_request(server: &Server) -> Seen {
    let all = server.seen();
    let path = format!("/{TENANT}/oauth2/v2.0/token");
    all.into_iter().find(|seen| seen.target == path).expect("a request for a token")
}

#[tokio::test]
async fn a_client_secret_is_exchanged_once_per_scope() {
    let server = Server::start(|_, _| ok(json!({}))).await;
    let (client, _) = client(&server).await;
    let reader = client.reader();
    let query = query();
    let many = futures_util::future::join_all((0..8).map(|_| reader.get(&query))).await;
    assert!(many.iter().all(Result::is_ok));
    assert_eq!((server.asked().len(), server.tokens()), (8, 1));
    let seen = token_request(&server);
    assert_eq!(seen.method, "POST");
    assert_eq!(seen.field("client_id").as_deref(), Some("an-app"));
    assert_eq!(seen.field("client_secret").as_deref(), Some(SECRET));
    assert_eq!(seen.field("grant_type").as_deref(), Some("client_credentials"));
    assert_eq!(seen.field("scope"), Some(format!("{}/.default", server.origin)));
}

#[tokio::test]
async fn a_token_is_renewed_before_its_end() {
    let server = Server::start(|_, _| ok(json!({}))).await;
    let (client, clock) = client(&server).await;
    client.reader().get(&query()).await.expect("an answer");
    clock.advance(SignedDuration::from_mins(54));
    client.reader().get(&query()).await.expect("an answer");
    assert_eq!(server.tokens(), 1);
    clock.advance(SignedDuration::from_mins(2));
    client.reader().get(&query()).await.expect("an answer");
    assert_eq!(server.tokens(), 2);
    let bearers: Vec<_> = server.asked().iter().map(|seen| seen.header("authorization").map(str::to_owned)).collect();
    assert_eq!(bearers[2].as_deref(), Some("Bearer token-2"));
}

#[tokio::test]
async fn a_refused_token_is_replaced_once() {
    let server =
        Server::start(|n, _| if n == 0 { error(401, "InvalidAuthenticationToken") } else { ok(json!({})) }).await;
    let (first, _) = client(&server).await;
    first.reader().get(&query()).await.expect("an answer");
    assert_eq!((server.asked().len(), server.tokens()), (2, 2));

    let server = Server::start(|_, _| error(401, "InvalidAuthenticationToken")).await;
    let (second, _) = client(&server).await;
    let failed = second.reader().get(&query()).await.expect_err("refused twice");
    assert!(matches!(failed, TransportError::Auth(AuthError::Rejected(_))), "{failed}");
    assert!(!failed.is_absent());
    assert_eq!((server.asked().len(), server.tokens()), (2, 2));
}

#[tokio::test]
async fn a_claims_challenge_is_reported_plainly() {
    let claims = r#"{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}"#;
    let header =
        format!(r#"Bearer realm="", error="insufficient_claims", claims="{}""#, URL_SAFE_NO_PAD.encode(claims));
    let server = Server::start(move |_, _| with(401, &[("WWW-Authenticate", &header)], json!({}))).await;
    let (client, _) = client(&server).await;
    let failed = client.reader().get(&query()).await.expect_err("a challenge");
    assert_eq!(failed, TransportError::Auth(AuthError::ClaimsChallenge { claims: claims.to_owned() }));
    assert_eq!(server.tokens(), 1);
}

#[tokio::test]
async fn microsofts_number_is_shown_and_the_secret_is_not() {
    let server = Server::raw(|seen| {
        // As careless as a service can be: it repeats what it was sent.
        let description = format!("AADSTS7000215: Invalid client secret provided: {SECRET}. {}\r\nTrace ID: t", seen.body);
        answer(401, json!({"error": "invalid_client", "error_description": description, "error_codes": [7000215], "trace_id": "t"}))
    })
    .await;
    let (client, _) = client(&server).await;
    let failed = client.reader().get(&query()).await.expect_err("refused");
    let text = format!("{failed} {failed:?}");
    assert!(text.contains("AADSTS7000215") && text.contains("the secret is wrong"), "{text}");
    assert!(!text.contains(SECRET), "{text}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn an_outage_of_the_identity_platform_is_survived() {
    let count = Mutex::new(0);
    let server = Server::raw(move |seen| {
        let mut n = count.lock().expect("unpoisoned");
        *n += 1;
        match *n {
            1 => answer(503, json!({})),
            2 => Reply::HangUp,
            3 => with(429, &[("Retry-After", "20")], json!({"error": "temporarily_unavailable"})),
            _ if seen.target.ends_with("/token") => token("late"),
            _ => ok(json!({})),
        }
    })
    .await;
    let (client, clock) = client(&server).await;
    client.reader().get(&query()).await.expect("an answer");
    assert!(crate::waited(&clock) >= 20);
}

#[tokio::test]
async fn a_certificate_signs_an_assertion_that_its_public_key_verifies() {
    let pem = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/transport/fixtures/worthless.pem");
    let server = Server::start(|_, _| ok(json!({}))).await;
    for send_chain in ["false", "true"] {
        let auth = app(
            Method::ClientCertificate,
            &[
                ("AZURE_CLIENT_CERTIFICATE_PATH", pem.display().to_string()),
                ("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN", send_chain.to_owned()),
            ],
        );
        let (client, _) = connect(settings(&server, auth)).await;
        client.reader().get(&query()).await.expect("an answer");
        let seen = server.seen().into_iter().rfind(|seen| seen.target.ends_with("/token")).expect("a request");
        assert_eq!(
            seen.field("client_assertion_type").as_deref(),
            Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        );
        let assertion = seen.field("client_assertion").expect("an assertion");
        let (signed, signature) = assertion.rsplit_once('.').expect("three parts");
        let (header, claims) = signed.split_once('.').expect("three parts");
        let decode = |part| URL_SAFE_NO_PAD.decode(part).expect("base64url");
        let header: Value = serde_json::from_slice(&decode(header)).expect("JSON");
        let claims: Value = serde_json::from_slice(&decode(claims)).expect("JSON");

        let PrivateKeyDer::Pkcs8(key) = PrivateKeyDer::from_pem_file(&pem).expect("a key") else { panic!("PKCS #8") };
        let key = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).expect("an RSA key");
        UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, key.public().as_ref())
            .verify(signed.as_bytes(), &decode(signature))
            .expect("the signature is good");
        assert_eq!((&header["alg"], &header["typ"]), (&json!("PS256"), &json!("JWT")));
        // `openssl x509 -outform der | openssl dgst -sha256 -binary`, base64url: the application's certificate, which is not
        // the first in the file.
        assert_eq!(header["x5t#S256"], "a5QimBt0VKgH2ujcXunX4b8hOghkomxl5jNnKrqzsQo");
        assert_eq!(header["x5c"].as_array().map(Vec::len), (send_chain == "true").then_some(2));
        assert_eq!((&claims["iss"], &claims["sub"]), (&json!("an-app"), &json!("an-app")));
        assert_eq!(claims["aud"], format!("{}/{TENANT}/oauth2/v2.0/token", server.origin));
        assert_eq!(claims["nbf"], start().as_second());
        assert_eq!(claims["exp"], start().as_second() + 600);
        assert!(uuid::Uuid::parse_str(claims["jti"].as_str().expect("an id")).is_ok());
    }
}

#[tokio::test]
async fn a_bad_certificate_file_is_reported_before_anything_is_sent() {
    let server = Server::start(|_, _| ok(json!({}))).await;
    let folder = tempfile::tempdir().expect("a folder");
    let full = std::fs::read_to_string(
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/transport/fixtures/worthless.pem"),
    )
    .expect("the fixture");
    let key = &full[full.find("-----BEGIN PRIVATE").expect("a key")..];
    let certificate = &full[..full.find("-----BEGIN PRIVATE").expect("a key")];
    let foreign = full.split_inclusive("-----END CERTIFICATE-----\n").next().expect("a certificate").to_owned() + key;
    for (name, text, says) in [
        ("no-key", certificate, "no private key"),
        ("no-certificate", key, "no certificate in it belongs"),
        ("foreign", &foreign, "no certificate in it belongs"),
        ("empty", "", "no private key"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        let auth = app(Method::ClientCertificate, &[("AZURE_CLIENT_CERTIFICATE_PATH", path.display().to_string())]);
        let failed = Client::connect(settings(&server, auth), Arc::new(ManualClock::new(start()))).await;
        let text = failed.expect_err("a bad file").to_string();
        assert!(text.contains(says), "{name}: {text}");
        assert!(!text.contains("MII"), "{text}");
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn github_vouches_for_its_job() {
    let server = Server::raw(|seen| match seen.target.as_str() {
        "/idtoken?api-version=2.0&audience=api%3A%2F%2FAzureADTokenExchange" => {
            ok(json!({"value": "github-jwt", "count": 1}))
        }
        path if path.ends_with("/token") => token("graph"),
        _ => ok(json!({})),
    })
    .await;
    let auth = app(
        Method::GithubOidc,
        &[
            ("ACTIONS_ID_TOKEN_REQUEST_URL", format!("{}/idtoken?api-version=2.0", server.origin)),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "job-token".to_owned()),
        ],
    );
    let (client, _) = connect(settings(&server, auth)).await;
    client.reader().get(&query()).await.expect("an answer");
    let all = server.seen();
    assert_eq!(all[0].method, "GET");
    assert_eq!(all[0].header("authorization"), Some("Bearer job-token"));
    assert_eq!(token_request(&server).field("client_assertion").as_deref(), Some("github-jwt"));
    assert_eq!(token_request(&server).header("authorization"), None);
    assert_eq!(all[2].header("authorization"), Some("Bearer graph"));
}

#[tokio::test]
async fn azure_pipelines_vouches_for_its_service_connection() {
    let server = Server::raw(|seen| match seen.target.as_str() {
        "/oidc?api-version=7.1&serviceConnectionId=sc-1" => ok(json!({"oidcToken": "pipeline-jwt"})),
        path if path.ends_with("/token") => token("graph"),
        _ => ok(json!({})),
    })
    .await;
    let auth = app(
        Method::AzurePipelines,
        &[
            ("SYSTEM_OIDCREQUESTURI", format!("{}/oidc", server.origin)),
            ("SYSTEM_ACCESSTOKEN", "system-token".to_owned()),
            ("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", "sc-1".to_owned()),
        ],
    );
    let (client, _) = connect(settings(&server, auth)).await;
    client.reader().get(&query()).await.expect("an answer");
    let first = &server.seen()[0];
    assert_eq!((first.method.as_str(), first.header("authorization")), ("POST", Some("Bearer system-token")));
    assert_eq!(first.header("x-tfs-fedauthredirect"), Some("Suppress"));
    assert_eq!(token_request(&server).field("client_assertion").as_deref(), Some("pipeline-jwt"));
}

#[tokio::test]
async fn a_build_services_token_is_not_sent_in_the_clear() {
    let server = Server::start(|_, _| ok(json!({}))).await;
    let auth = app(
        Method::GithubOidc,
        &[
            ("ACTIONS_ID_TOKEN_REQUEST_URL", "http://evil.example/idtoken?x=1".to_owned()),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "job-token".to_owned()),
        ],
    );
    let (client, _) = connect(settings(&server, auth)).await;
    let failed = client.reader().get(&query()).await.expect_err("plain http elsewhere");
    assert!(matches!(failed, TransportError::Auth(AuthError::Input { .. })), "{failed}");
}

#[tokio::test]
async fn a_federated_token_file_is_read_anew_for_each_token() {
    let server = Server::start(|_, _| ok(json!({}))).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    std::fs::write(&file, "first-jwt").expect("written");
    let auth = app(Method::WorkloadIdentity, &[("AZURE_FEDERATED_TOKEN_FILE", file.display().to_string())]);
    let (client, clock) = connect(settings(&server, auth)).await;
    client.reader().get(&query()).await.expect("an answer");
    std::fs::write(&file, "second-jwt").expect("written");
    clock.advance(SignedDuration::from_mins(56));
    client.reader().get(&query()).await.expect("an answer");
    let assertions: Vec<_> = server.seen().iter().filter_map(|seen| seen.field("client_assertion")).collect();
    assert_eq!(assertions, ["first-jwt", "second-jwt"]);
}

#[tokio::test]
async fn a_managed_identity_asks_the_metadata_service_and_waits_for_it() {
    let count = Mutex::new(0);
    let server = Server::raw(move |seen| {
        if !seen.target.starts_with("/metadata/identity") {
            return ok(json!({}));
        }
        let mut n = count.lock().expect("unpoisoned");
        *n += 1;
        match *n {
            1 => answer(410, json!({})),
            _ => ok(json!({
                "access_token": "managed", "expires_in": "10", "expires_on": (start().as_second() + 7200).to_string(),
                "resource": "x", "token_type": "Bearer"
            })),
        }
    })
    .await;
    let pairs =
        [("AZURE_POD_IDENTITY_AUTHORITY_HOST", server.origin.clone()), ("AZURE_CLIENT_ID", "an-identity".to_owned())];
    let auth = AuthSettings::from_lookup(Method::ManagedIdentity, &lookup(&pairs));
    let (client, clock) = connect(settings(&server, auth)).await;
    client.reader().get(&query()).await.expect("an answer");
    // Its absolute end counts, not the 10 seconds.
    clock.advance(SignedDuration::from_mins(60));
    client.reader().get(&query()).await.expect("an answer");
    let all = server.seen();
    assert_eq!(all.len(), 4);
    assert_eq!(all[1].header("metadata"), Some("true"));
    let url = reqwest::Url::parse(&format!("http://h{}", all[1].target)).expect("an address");
    let options: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    assert!(options.contains(&("resource".into(), server.origin.clone())), "{options:?}");
    assert!(options.contains(&("client_id".into(), "an-identity".into())), "{options:?}");
    assert_eq!(all[3].header("authorization"), Some("Bearer managed"));
}

#[tokio::test]
async fn a_person_signs_in_once_for_all_scopes() {
    let polls = Mutex::new(0);
    let server = Server::raw(move |seen| {
        if seen.target.ends_with("/devicecode") {
            return ok(json!({
                "device_code": "device-secret", "user_code": "E8RWQ2XJK", "verification_uri": "https://microsoft.com/devicelogin",
                "message": "To sign in, use a web browser", "expires_in": 900, "interval": 5
            }));
        }
        if !seen.target.ends_with("/token") {
            return ok(json!({}));
        }
        let granted =
            |name: &str| ok(json!({"access_token": name, "refresh_token": "refresh-secret", "expires_in": 3600}));
        if seen.field("grant_type").as_deref() == Some("refresh_token") {
            return granted("refreshed");
        }
        let mut n = polls.lock().expect("unpoisoned");
        *n += 1;
        match *n {
            1 => answer(400, json!({"error": "authorization_pending"})),
            2 => answer(400, json!({"error": "slow_down"})),
            _ => granted("signed-in"),
        }
    })
    .await;
    let shown = Arc::new(Mutex::new(Vec::new()));
    let mut auth = app(Method::DeviceCode, &[]);
    let sink = Arc::clone(&shown);
    auth.prompt = Some(ShowPrompt::new(move |prompt| sink.lock().expect("unpoisoned").push(prompt.clone())));
    let (client, clock) = connect(settings(&server, auth)).await;
    client.reader().get(&query()).await.expect("an answer");
    assert_eq!(crate::waited(&clock), 5 + 5 + 10);
    clock.advance(SignedDuration::from_mins(58));
    client.reader().get(&query()).await.expect("an answer");
    let shown = shown.lock().expect("unpoisoned");
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].user_code, "E8RWQ2XJK");
    let all = server.seen();
    assert_eq!(all[0].field("scope"), Some(format!("{}/.default offline_access", server.origin)));
    assert_eq!(all.last().and_then(|seen| seen.header("authorization")), Some("Bearer refreshed"));
}

#[tokio::test]
async fn a_declined_sign_in_is_a_refusal() {
    let server = Server::raw(|seen| match seen.target.ends_with("/devicecode") {
        true => ok(json!({"device_code": "d", "user_code": "u", "verification_uri": "v", "expires_in": 900})),
        false => answer(400, json!({"error": "authorization_declined", "error_description": "The user said no."})),
    })
    .await;
    let mut auth = app(Method::DeviceCode, &[]);
    auth.prompt = Some(ShowPrompt::new(|_| {}));
    let (client, _) = connect(settings(&server, auth)).await;
    let failed = client.reader().get(&query()).await.expect_err("declined");
    assert!(failed.to_string().contains("authorization_declined: The user said no."), "{failed}");
}

#[tokio::test]
async fn auto_takes_the_first_that_is_configured() {
    let server = Server::start(|_, _| ok(json!({}))).await;
    let auth = app(
        Method::Auto,
        &[("AZURE_CLIENT_SECRET", SECRET.to_owned()), ("AZURE_FEDERATED_TOKEN_FILE", "/nowhere".to_owned())],
    );
    let (client, _) = connect(settings(&server, auth)).await;
    client.reader().get(&query()).await.expect("an answer");
    assert_eq!(token_request(&server).field("client_secret").as_deref(), Some(SECRET));
}

#[tokio::test]
async fn auto_says_why_each_link_was_passed_over() {
    let server = Server::start(|_, _| ok(json!({}))).await;
    // Without a tenant not even the Azure CLI is asked.
    let auth = AuthSettings::from_lookup(Method::Auto, &|name| (name == "AZURE_CLIENT_SECRET").then(|| " ".to_owned()));
    let failed =
        Client::connect(settings(&server, auth), Arc::new(ManualClock::new(start()))).await.expect_err("nothing");
    let text = failed.to_string();
    for says in [
        "client-secret: AZURE_CLIENT_SECRET is not set",
        "client-certificate: AZURE_CLIENT_CERTIFICATE_PATH is not set",
        "workload-identity: AZURE_FEDERATED_TOKEN_FILE is not set",
        "github-oidc: ACTIONS_ID_TOKEN_REQUEST_URL is not set",
        "azure-pipelines: SYSTEM_OIDCREQUESTURI is not set",
        "azure-cli: AZURE_TENANT_ID is not set",
    ] {
        assert!(text.contains(says), "{says} in {text}");
    }
}

#[tokio::test]
async fn auto_does_not_fall_on_to_another_identity_when_one_is_refused() {
    let server = Server::raw(|_| answer(401, json!({"error": "invalid_client", "error_codes": [7000222]}))).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    std::fs::write(&file, "jwt").expect("written");
    let auth = app(
        Method::Auto,
        &[("AZURE_CLIENT_SECRET", SECRET.to_owned()), ("AZURE_FEDERATED_TOKEN_FILE", file.display().to_string())],
    );
    let (client, _) = connect(settings(&server, auth)).await;
    let failed = client.reader().get(&query()).await.expect_err("refused");
    assert!(failed.to_string().contains("AADSTS7000222"), "{failed}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn another_login_serves_named_clouds_only() {
    let elsewhere = Server::raw(|_| token("elsewhere")).await;
    let server = Server::start(|_, _| ok(json!({}))).await;
    let auth = app(
        Method::ClientSecret,
        &[("AZURE_CLIENT_SECRET", SECRET.to_owned()), ("AZURE_AUTHORITY_HOST", elsewhere.origin.clone())],
    );
    // A discovered cloud knows its own login.
    let (discovered, _) = connect(settings(&server, auth.clone())).await;
    discovered.reader().get(&query()).await.expect("an answer");
    assert!(elsewhere.seen().is_empty());
    let mut named = settings(&server, auth);
    named.cloud = Cloud::named(CloudName::Public);
    named.cloud.graph = Origin::parse(&server.origin).expect("an origin");
    let (named, _) = connect(named).await;
    named.reader().get(&query()).await.expect("an answer");
    assert_eq!(elsewhere.seen().len(), 1);
    assert_eq!(server.asked()[1].header("authorization"), Some("Bearer elsewhere"));
}

#[tokio::test]
async fn a_reader_can_be_handed_to_another_task() {
    let server = Server::start(|_, _| ok(json!({"value": []}))).await;
    let (client, _) = client(&server).await;
    let (reader, writer) = (client.reader(), client.writer());
    let task = tokio::spawn(async move {
        let _ = reader.batch(&[query()]).await;
        let _ = writer.send(&Command::new(Api::Arm, Verb::Put, "/x")).await;
        reader.pages(&query()).await
    });
    assert_eq!(task.await.expect("it ran").expect("pages").len(), 1);
}

#[tokio::test]
async fn claims_tell_whose_token_it_is() {
    let payload = URL_SAFE_NO_PAD.encode(json!({"tid": TENANT, "idtyp": "app", "roles": ["R"]}).to_string());
    let server = Server::raw(move |_| token(&format!("e30.{payload}.c2ln"))).await;
    let (client, _) = client(&server).await;
    let claims = client.claims(Api::Graph).await.expect("claims");
    assert_eq!(claims.tenant.as_deref(), Some(TENANT));
    assert!(claims.is_application());
}

#[test]
fn every_method_has_its_name() {
    for method in Method::ALL {
        assert_eq!(method.as_str().parse::<Method>(), Ok(method));
    }
    assert!("password".parse::<Method>().is_err());
}
