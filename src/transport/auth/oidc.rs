//! Foreign tokens of build services, which the identity platform exchanges for its own (graph.md 10).

use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Method as HttpMethod, Request, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::transport::origin::is_loopback;
use crate::transport::retry;
use crate::transport::web::Lost;

use super::error::AuthError;
use super::platform::Platform;
use super::settings::Method;

/// Asks GitHub for the job's token: `GET {url}&audience={audience}`, answer `{"value": "jwt"}`.
pub(super) async fn github(
    platform: &Platform,
    url: &str,
    bearer: &SecretString,
    audience: &str,
) -> Result<SecretString, AuthError> {
    let method = Method::GithubOidc;
    let mut url = address(method, "ACTIONS_ID_TOKEN_REQUEST_URL", url)?;
    url.query_pairs_mut().append_pair("audience", audience);
    let request = Request::new(HttpMethod::GET, url);
    ask(platform, method, request, bearer, "value").await
}

/// Asks Azure Pipelines for the service connection's token: `POST {uri}?api-version=7.1&serviceConnectionId={id}`, answer
/// `{"oidcToken": "jwt"}` (azure-identity for Python 1.27.0).
pub(super) async fn pipelines(
    platform: &Platform,
    uri: &str,
    connection: &str,
    bearer: &SecretString,
) -> Result<SecretString, AuthError> {
    let method = Method::AzurePipelines;
    let mut url = address(method, "SYSTEM_OIDCREQUESTURI", uri)?;
    url.query_pairs_mut().append_pair("api-version", "7.1").append_pair("serviceConnectionId", connection);
    let mut request = Request::new(HttpMethod::POST, url);
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    // Otherwise a refusal is a redirect to a log-in page.
    headers.insert(HeaderName::from_static("x-tfs-fedauthredirect"), HeaderValue::from_static("Suppress"));
    ask(platform, method, request, bearer, "oidcToken").await
}

/// The job's own token goes to this address, so the rule for plain http holds here too.
fn address(method: Method, variable: &str, text: &str) -> Result<Url, AuthError> {
    let input = |what: String| AuthError::Input { method, what, source: None };
    let url = Url::parse(text).map_err(|_| input(format!("{variable} is not an address")))?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        _ => Err(input(format!("{variable} is neither https nor on this machine"))),
    }
}

async fn ask(
    platform: &Platform,
    method: Method,
    mut request: Request,
    bearer: &SecretString,
    field: &str,
) -> Result<SecretString, AuthError> {
    let mut authorization = HeaderValue::from_str(&format!("Bearer {}", bearer.expose_secret())).map_err(|_| {
        AuthError::Input { method, what: "the build service's token holds line breaks".to_owned(), source: None }
    })?;
    authorization.set_sensitive(true);
    request.headers_mut().insert(AUTHORIZATION, authorization);
    let url = request.url().clone();
    let mut attempt = 0_u32;
    let reply = loop {
        attempt += 1;
        let again = request.try_clone().unwrap_or_else(|| Request::new(request.method().clone(), url.clone()));
        let wait = jiff::SignedDuration::from_secs(1 << attempt);
        match platform.web.send(again).await {
            Ok(reply) if matches!(reply.status, 429 | 500..=599) && attempt < 4 => {
                let asked = retry::retry_after(&reply.headers, platform.clock.now()).unwrap_or(wait);
                platform.clock.sleep(asked.min(jiff::SignedDuration::from_secs(60))).await;
            }
            Ok(reply) => break reply,
            Err(Lost::NotSent(cause) | Lost::Unknown(cause)) if attempt < 3 && !retry::is_hopeless(&cause) => {
                platform.clock.sleep(wait).await;
            }
            Err(Lost::NotSent(source) | Lost::Unknown(source)) => {
                return Err(AuthError::Unreachable { method, host: url.origin().ascii_serialization(), source });
            }
            Err(lost) => {
                let source = crate::transport::cause::Cause::of(&lost.into_error(&url));
                return Err(AuthError::Failed { method, source });
            }
        }
    };
    if reply.status != 200 {
        return Err(AuthError::refused(method, reply.status, &reply.body));
    }
    serde_json::from_slice::<Value>(&reply.body)
        .ok()
        .and_then(|json| json.get(field)?.as_str().map(|token| SecretString::from(token.to_owned())))
        .ok_or_else(|| AuthError::Input {
            method,
            what: format!("the build service's answer has no `{field}`"),
            source: None,
        })
}
