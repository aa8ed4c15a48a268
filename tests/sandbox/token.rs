//! Tokens and discovery.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rolewright::sandbox::{SandboxOptions, Seed};
use serde_json::Value;

use crate::client::{ADMIN, Client, PLAN, TENANT, options};
use jiff::SignedDuration;

#[tokio::test]
async fn a_token_has_the_claims_that_clients_decode() {
    let c = Client::seeded(Seed::Empty).await;
    let scope = format!("{}/.default", c.origin());
    let got = c
        .form(&[
            ("client_id", PLAN),
            ("client_secret", "sandbox"),
            ("grant_type", "client_credentials"),
            ("scope", &scope),
        ])
        .await;
    assert_eq!((got.status, &got.body["token_type"]), (200, &Value::from("Bearer")));
    assert!(got.body["expires_in"].is_number());
    let token = got.body["access_token"].as_str().unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    assert_eq!(parts.len(), 3);
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    assert_eq!((&claims["tid"], &claims["appid"], &claims["idtyp"]), (&TENANT.into(), &PLAN.into(), &"app".into()));
    assert_eq!(claims["aud"], c.origin());
    assert!(claims["oid"].is_string());
    assert_eq!(claims["roles"].as_array().unwrap().len(), 13);
}

#[tokio::test]
async fn wrong_credentials_have_their_numbers() {
    let c = Client::seeded(Seed::Empty).await;
    let scope = format!("{}/.default", c.origin());
    let grant = ("grant_type", "client_credentials");
    for (fields, status, number) in [
        (vec![("client_id", PLAN), ("client_secret", "x"), grant, ("scope", &scope)], 401, 7_000_215),
        (vec![("client_id", "nobody"), ("client_secret", "x"), grant, ("scope", &scope)], 400, 700_016),
        (
            vec![
                ("client_id", PLAN),
                ("client_secret", "sandbox"),
                grant,
                ("scope", "https://graph.microsoft.com/.default"),
            ],
            400,
            500_011,
        ),
        (vec![("client_id", PLAN), ("client_assertion", "a.e30.c"), grant, ("scope", &scope)], 401, 700_213),
        (vec![("client_id", PLAN), grant, ("scope", &scope)], 401, 7_000_218),
        (vec![("client_id", PLAN), ("grant_type", "password"), ("scope", &scope)], 400, 70_003),
    ] {
        let got = c.form(&fields).await;
        assert_eq!((got.status, &got.body["error_codes"][0]), (status, &number.into()), "{}", got.body);
        assert!(got.body["error_description"].as_str().unwrap().starts_with(&format!("AADSTS{number}: ")));
    }
    let assertion = format!("e30.{}.x", URL_SAFE_NO_PAD.encode(format!("{{\"sub\":\"{PLAN}\"}}")));
    let fields = [("client_id", PLAN), ("client_assertion", assertion.as_str()), grant, ("scope", &scope)];
    assert_eq!(c.form(&fields).await.status, 200);
}

#[tokio::test]
async fn tokens_expire_by_tenant_time_and_cannot_be_forged() {
    let mut c =
        Client::start(SandboxOptions { token_lifetime: SignedDuration::from_secs(3600), ..options(Seed::Empty) }).await;
    assert_eq!(c.get("/v1.0/users").await.status, 200);
    c.advance(3600);
    let got = c.get("/v1.0/users").await;
    assert_eq!((got.status, got.code().as_str()), (401, "InvalidAuthenticationToken"));
    assert!(got.header("www-authenticate").starts_with("Bearer"));
    c.sign_in(ADMIN).await;
    assert_eq!(c.get("/v1.0/users").await.status, 200);
    let good = c.token.clone();
    let mut parts = good.split('.');
    let (head, claims, mark) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
    let wider = URL_SAFE_NO_PAD
        .encode(String::from_utf8(URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap().replace(ADMIN, PLAN));
    for forged in [format!("{head}.{wider}.{mark}"), String::new(), "x".to_owned()] {
        c.token = forged;
        assert_eq!(c.get("/v1.0/users").await.status, 401);
    }
}

#[tokio::test]
async fn discovery_leads_back_here() {
    let c = Client::seeded(Seed::Empty).await;
    let origin = c.origin();
    let openid = c.get(&format!("/{TENANT}/v2.0/.well-known/openid-configuration")).await.body;
    assert_eq!(openid["token_endpoint"], format!("{origin}/{TENANT}/oauth2/v2.0/token"));
    assert!(openid["authorization_endpoint"].is_string() && openid["issuer"].is_string());
    assert_eq!(c.get(openid["jwks_uri"].as_str().unwrap()).await.status, 200);
    assert_eq!(c.get("/common/discovery/instance?api-version=1.1").await.status, 200);
    let metadata = c.get("/metadata/endpoints?api-version=2022-09-01").await.body;
    for name in ["resourceManager", "microsoftGraphResourceId"] {
        assert_eq!(metadata[name], origin);
    }
    assert_eq!(metadata["authentication"]["loginEndpoint"], origin);
    assert!(metadata["suffixes"]["storage"].is_string() && metadata["name"].is_string());
    assert!(c.get("/metadata/endpoints?api-version=2019-05-01").await.body.is_array());
    let subscriptions = c.get("/subscriptions?api-version=2022-12-01").await;
    assert_eq!(subscriptions.rows()[0]["subscriptionId"], c.running.origins().subscription_id);
}

#[tokio::test]
async fn what_is_not_emulated_is_501() {
    let c = Client::seeded(Seed::Empty).await;
    for path in [
        "/v1.0/identityGovernance/entitlementManagement/accessPackages",
        "/v1.0/me",
        "/v1.0/directoryRoles",
        "/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1/providers/Microsoft.Authorization/roleManagementAlerts?api-version=2022-08-01-preview",
        "/nowhere",
    ] {
        let got = c.get(path).await;
        assert_eq!((got.status, got.code().as_str()), (501, "NotEmulated"), "{path}");
    }
}
