//! The bridge to `azure_identity`: its credentials speak over our sockets, keep no token of their own, and their failures
//! become our errors.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::TokenCredential;
use azure_core::error::ErrorKind;
use azure_core::http::headers::Headers;
use azure_core::http::request::Body;
use azure_core::http::{AsyncRawResponse, ClientOptions, HttpClient, RetryOptions, Transport};
use azure_core::http::{Request as AzureRequest, StatusCode};
use jiff::{SignedDuration, Timestamp};
use reqwest::{Method as HttpMethod, Request, Url};
use serde_json::Value;

use crate::clock::SharedClock;
use crate::transport::cause::Cause;
use crate::transport::origin::Origin;
use crate::transport::retry;
use crate::transport::web::{Lost, Web};

use super::error::AuthError;
use super::settings::Method;
use super::token::Token;

/// `azure_identity` takes https authorities only; an emulator on plain loopback hides behind this name, which cannot exist.
const PLACEHOLDER: &str = "login.loopback.invalid";

/// The instance metadata service's host.
const METADATA_SERVICE: &str = "169.254.169.254";

/// Where tokens come from.
#[derive(Debug, Clone)]
pub(super) struct Platform {
    pub(super) login: Origin,
    pub(super) web: Web,
    pub(super) clock: SharedClock,
    /// Stands in for the instance metadata service.
    pub(super) metadata_service: Option<Origin>,
}

/// The most attempts for one token; the instance metadata service may be away for 70 s while it updates (graph.md 10).
const ATTEMPTS: u32 = 7;

impl Platform {
    /// Fetches a token with a credential that `build` makes. It is made anew for each attempt, so that nothing is cached
    /// behind our back.
    pub(super) async fn fetch<F>(&self, method: Method, scope: &str, build: F) -> Result<Token, AuthError>
    where
        F: Fn(ClientOptions) -> azure_core::Result<Arc<dyn TokenCredential>> + Send + Sync,
    {
        let mut attempt = 0_u32;
        loop {
            attempt += 1;
            let tap = Tap { platform: self.clone(), seen: Arc::default() };
            let seen = Arc::clone(&tap.seen);
            let fetched = self.clock.now();
            let result = match build(self.options(tap)) {
                Ok(credential) => credential.get_token(&[scope], None).await,
                Err(error) => Err(error),
            };
            let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
            let backoff = SignedDuration::from_secs(1 << attempt.min(6));
            let (wait, error) = match (result, seen) {
                (Ok(access), seen) => {
                    let relative = match seen {
                        // A managed identity's answer may come from a cache, so only its absolute end counts.
                        Some(Seen::Token { lifetime }) if method != Method::ManagedIdentity => lifetime,
                        _ => None,
                    };
                    let absolute = Timestamp::from_second(access.expires_on.unix_timestamp());
                    let expires = relative
                        .and_then(|lifetime| fetched.checked_add(lifetime).ok())
                        .or(absolute.ok())
                        .unwrap_or(fetched);
                    let secret = access.token.secret().to_owned();
                    return Ok(Token::new(secret.into(), fetched, expires));
                }
                (Err(_), Some(Seen::Refusal { status, body, after })) => {
                    let error = AuthError::refused(method, status, &body);
                    let is_busy = matches!(status, 429 | 500..=599)
                        || (method == Method::ManagedIdentity && matches!(status, 404 | 410));
                    (is_busy.then(|| after.unwrap_or(backoff)), error)
                }
                (Err(_), Some(Seen::Lost { host, lost })) => match lost {
                    Lost::NotSent(source) | Lost::Unknown(source) => {
                        let again = attempt < 3 && !retry::is_hopeless(&source);
                        (again.then_some(backoff), AuthError::Unreachable { method, host, source })
                    }
                    other => {
                        let source = Cause::of(&other.into_error(&placeholder_url()));
                        (None, AuthError::Unreachable { method, host, source })
                    }
                },
                (Err(error), _) => (None, failed(method, &error)),
            };
            match wait {
                Some(wait) if attempt < ATTEMPTS && wait <= SignedDuration::from_mins(2) => {
                    tracing::debug!(%method, attempt, %error, "repeating the request for a token");
                    self.clock.sleep(wait).await;
                }
                _ => return Err(error),
            }
        }
    }

    fn options(&self, tap: Tap) -> ClientOptions {
        // The struct is non-exhaustive, so it cannot be written as a literal.
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host =
            if self.login.is_plain() { format!("https://{PLACEHOLDER}") } else { self.login.to_string() };
        ClientOptions {
            transport: Some(Transport::new(Arc::new(tap))),
            cloud: Some(Arc::new(cloud.into())),
            retry: RetryOptions::none(),
            ..ClientOptions::default()
        }
    }

    /// Returns where a request meant for `url` really goes.
    fn address(&self, url: &Url) -> Option<Url> {
        let path = || match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        match url.host_str() {
            Some(PLACEHOLDER) => self.login.at(&path()),
            Some(METADATA_SERVICE) => match &self.metadata_service {
                Some(stand_in) => stand_in.at(&path()),
                None => Some(url.clone()),
            },
            _ => Some(url.clone()),
        }
    }
}

fn placeholder_url() -> Url {
    Url::parse("https://login.loopback.invalid").unwrap_or_else(|error| unreachable!("a constant address: {error}"))
}

fn failed(method: Method, error: &azure_core::Error) -> AuthError {
    let text = error.to_string();
    if method == Method::AzureCli && text.contains("not found on PATH") {
        return AuthError::Missing { method, what: "the Azure CLI (az) is not installed".to_owned() };
    }
    // The library's first sentence says what we say already, its last one links to its own guide.
    let own = text.split_once("authentication failed.").map_or(text.as_str(), |(_, rest)| rest);
    let own = own.split("\nTo troubleshoot").next().unwrap_or(own).trim();
    AuthError::Failed { method, source: Cause::new(own) }
}

/// What went over the wire, kept because the library's errors do not tell all of it.
enum Seen {
    /// A success; how long the token lives from now.
    Token { lifetime: Option<SignedDuration> },
    /// An error answer.
    Refusal { status: u16, body: Vec<u8>, after: Option<SignedDuration> },
    /// No answer.
    Lost { host: String, lost: Lost },
}

/// Our sockets, as `azure_core` wants them.
struct Tap {
    platform: Platform,
    seen: Arc<Mutex<Option<Seen>>>,
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tap")
    }
}

#[async_trait::async_trait]
impl HttpClient for Tap {
    async fn execute_request(&self, request: &AzureRequest) -> azure_core::Result<AsyncRawResponse> {
        let other = |text: &'static str| azure_core::Error::with_message(ErrorKind::Other, text);
        let url =
            self.platform.address(request.url()).ok_or_else(|| other("the address of the token cannot be used"))?;
        let method = HttpMethod::from_bytes(request.method().as_ref().as_bytes())
            .map_err(|_| other("the method of the request for a token cannot be used"))?;
        let host = url.origin().ascii_serialization();
        let mut sent = Request::new(method, url);
        for (name, value) in request.headers().iter() {
            let name = reqwest::header::HeaderName::from_bytes(name.as_str().as_bytes());
            let value = reqwest::header::HeaderValue::from_str(value.as_str());
            if let (Ok(name), Ok(mut value)) = (name, value) {
                // One of them may be the secret of an App Service's identity.
                value.set_sensitive(true);
                sent.headers_mut().insert(name, value);
            }
        }
        if let Body::Bytes(bytes) = request.body() {
            *sent.body_mut() = Some(bytes.to_vec().into());
        }
        let result = self.platform.web.send(sent).await;
        let (seen, answer) = match result {
            Ok(reply) if (200..300).contains(&reply.status) => {
                let lifetime = lifetime(&reply.body);
                let status = StatusCode::from(reply.status);
                (Seen::Token { lifetime }, Ok(AsyncRawResponse::from_bytes(status, Headers::default(), reply.body)))
            }
            // Errors of this kind are not repeated by the library, whose own waits would run on the real clock and add up
            // with ours; what was answered is read from `seen`.
            Ok(reply) => {
                let after = retry::retry_after(&reply.headers, self.platform.clock.now());
                let seen = Seen::Refusal { status: reply.status, body: reply.body, after };
                (seen, Err(other("the request for a token was refused")))
            }
            Err(lost) => (Seen::Lost { host, lost }, Err(other("no answer to the request for a token"))),
        };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        answer
    }
}

/// Reads `expires_in`, a number, or text on some endpoints.
fn lifetime(body: &[u8]) -> Option<SignedDuration> {
    let json: Value = serde_json::from_slice(body).ok()?;
    let field = json.get("expires_in")?;
    let seconds = field.as_i64().or_else(|| field.as_str()?.parse().ok())?;
    Some(SignedDuration::from_secs(seconds.clamp(0, 7 * 24 * 3600)))
}
