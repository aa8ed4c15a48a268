//! One request from first attempt to final answer.

use std::sync::PoisonError;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Method, Request, Url};
use secrecy::ExposeSecret;
use serde_json::Value;

use crate::wire::{Answer, Api, Command, Query, Refusal};

use super::address;
use super::auth::{AuthError, Token};
use super::cause::Cause;
use super::client::Shared;
use super::error::TransportError;
use super::refusal::{self, Without};
use super::retry::{self, Fault, Repeat, Tally};
use super::statistics;
use super::throttle;
use super::web::{self, Lost, Reply};

/// A request, ready to be sent any number of times.
pub(super) struct Ask {
    method: Method,
    name: &'static str,
    api: Api,
    pub(super) url: Url,
    /// For messages and counting, below the service's version.
    path: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Option<Vec<u8>>,
    repeat: Repeat,
}

impl Ask {
    /// Returns the request of a query.
    pub(super) fn read(shared: &Shared, query: &Query) -> Result<Self, TransportError> {
        let url = address::absolute(&shared.cloud, query.api, &query.path, &query.options)?;
        Self::get(query, url)
    }

    /// Returns the request of a further page of a query, at `url`, which the caller has vetted.
    pub(super) fn get(query: &Query, url: Url) -> Result<Self, TransportError> {
        let mut headers = Vec::with_capacity(query.headers.len());
        for (name, value) in &query.headers {
            headers.push(header(name, value)?);
        }
        let (api, path) = (query.api, query.path.clone());
        Ok(Self { method: Method::GET, name: "GET", api, url, path, headers, body: None, repeat: Repeat::Freely })
    }

    /// Returns the request of a write.
    pub(super) fn write(shared: &Shared, command: &Command) -> Result<Self, TransportError> {
        let name = command.verb.as_str();
        let method = Method::from_bytes(name.as_bytes()).unwrap_or_else(|_| unreachable!("{name} is a method"));
        Ok(Self {
            method,
            name,
            api: command.api,
            url: address::absolute(&shared.cloud, command.api, &command.path, &command.options)?,
            path: command.path.clone(),
            headers: Vec::new(),
            body: command.body.as_ref().map(|body| body.to_string().into_bytes()),
            repeat: if command.is_repeatable() { Repeat::SameState } else { Repeat::Never },
        })
    }

    /// Returns the request of a write that the service only judges.
    pub(super) fn rehearsal(shared: &Shared, command: &Command) -> Result<Self, TransportError> {
        Ok(Self { repeat: Repeat::Freely, ..Self::write(shared, command)? })
    }

    /// Returns the request of a batch of reads, which is free to be repeated although it is a `POST`.
    pub(super) fn batch(shared: &Shared, api: Api, body: &Value) -> Result<Self, TransportError> {
        let path = "/$batch".to_owned();
        Ok(Self {
            method: Method::POST,
            name: "POST",
            api,
            url: address::absolute(&shared.cloud, api, &path, &[])?,
            path,
            headers: Vec::new(),
            body: Some(body.to_string().into_bytes()),
            repeat: Repeat::Freely,
        })
    }

    fn unreadable(&self, source: Cause) -> TransportError {
        TransportError::Body { method: self.name, path: self.path.clone(), source }
    }
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), TransportError> {
    let bad = || TransportError::Setup { what: format!("`{name}` is not a header that can be sent"), source: None };
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
    // The token goes into its header here and nowhere else.
    if name == AUTHORIZATION {
        return Err(bad());
    }
    Ok((name, HeaderValue::from_str(value).map_err(|_| bad())?))
}

/// What became of one attempt.
enum Attempt {
    Done(Done),
    /// Worth repeating, if the rules allow.
    Faulty {
        fault: Fault,
        refusal: Option<Refusal>,
        cause: Option<Cause>,
    },
    /// 401 that a new token may mend.
    Stale(Refusal),
    Final(TransportError),
}

impl Shared {
    /// Sends `ask` until there is a final answer, the rules of [`retry`] are exhausted, or the time limit is reached.
    pub(super) async fn exchange(&self, ask: &Ask) -> Result<Answer, TransportError> {
        let id = self.ids.next().to_string();
        let deadline = self.clock.now().checked_add(self.time_limit).unwrap_or(Timestamp::MAX);
        let host = self.cloud.origin(ask.api).to_string();
        let lanes = self.throttle.lanes(&host, &ask.path, ask.api == Api::Arm);
        let mut tally = Tally::default();
        let mut has_new_token = false;
        // Whether an earlier attempt may have taken effect.
        let mut is_doubtful = false;
        let mut attempts = 0_u32;
        loop {
            attempts += 1;
            let token = match self.tokens.get(&self.cloud.scope(ask.api)).await {
                Ok(token) => token,
                Err(error) if is_doubtful => return Err(ambiguous(ask, &id, None, Some(Cause::of(&error)))),
                Err(error) => return Err(error.into()),
            };
            if ask.api == Api::Arm {
                let scope = throttle::subscription(&ask.path).unwrap_or_default();
                self.buckets.take(&scope, ask.name, &self.clock).await;
            }
            let mut permits = Vec::with_capacity(lanes.len());
            for lane in &lanes {
                permits.push(lane.enter(&self.clock, deadline).await);
            }
            let attempt = self.attempt(ask, &id, &token, attempts, deadline).await;
            drop(permits);
            let (fault, refusal, cause) = match attempt {
                Attempt::Done(done) => {
                    let is_tight = done.is_tight;
                    for lane in &lanes {
                        lane.content(is_tight);
                    }
                    self.budget.lock().unwrap_or_else(PoisonError::into_inner).refill();
                    return Ok(done.answer);
                }
                Attempt::Final(error) => return Err(error),
                Attempt::Stale(refusal) if has_new_token => return Err(AuthError::Rejected(refusal).into()),
                Attempt::Stale(_) => {
                    has_new_token = true;
                    self.tokens.discard(&self.cloud.scope(ask.api), &token).await;
                    continue;
                }
                Attempt::Faulty { fault, refusal, cause } => (fault, refusal, cause),
            };
            is_doubtful |= fault.is_doubtful() && ask.repeat != Repeat::Freely;
            let wait = tally.next(fault, ask.repeat, self.jitter());
            let is_hopeless = cause.as_ref().is_some_and(retry::is_hopeless);
            let now = self.clock.now();
            let in_time = |wait: &SignedDuration| now.checked_add(*wait).is_ok_and(|then| then <= deadline);
            if let (Fault::Throttled(_) | Fault::TurnedAway(_), Some(wait)) = (fault, wait) {
                // The narrowest lane: one busy subscription does not slow the others.
                if let Some(lane) = lanes.first() {
                    lane.complain(now, wait);
                }
            }
            let wait = wait.filter(in_time).filter(|_| !is_hopeless);
            let has_budget = wait.is_some() && self.budget.lock().unwrap_or_else(PoisonError::into_inner).take(fault);
            match wait {
                Some(wait) if has_budget => {
                    tracing::debug!(method = ask.name, path = ask.path, ?fault, ?wait, "repeating after a wait");
                    self.clock.sleep(wait).await;
                    self.statistics.lock().unwrap_or_else(PoisonError::into_inner).waited += wait;
                }
                _ if is_doubtful => return Err(ambiguous(ask, &id, refusal, cause)),
                Some(_) => return Err(TransportError::Budget { host, last: refusal.map(Box::new) }),
                None => {
                    return Err(match (refusal, cause) {
                        (Some(refusal), _) => TransportError::Refused(refusal),
                        (None, Some(source)) => TransportError::Unreachable { host, source },
                        (None, None) => TransportError::Unreachable { host, source: Cause::new("no answer") },
                    });
                }
            }
        }
    }

    async fn attempt(&self, ask: &Ask, id: &str, token: &Token, attempts: u32, deadline: Timestamp) -> Attempt {
        let request = match self.request(ask, id, token, deadline) {
            Ok(request) => request,
            Err(error) => return Attempt::Final(error),
        };
        let started = self.clock.now();
        let result = self.web.send(request).await;
        let ended = self.clock.now();
        {
            let mut statistics = self.statistics.lock().unwrap_or_else(PoisonError::into_inner);
            statistics.count(&statistics::endpoint(ask.name, &ask.path), false, attempts > 1);
            statistics.bytes_sent += ask.body.as_ref().map_or(0, |body| body.len() as u64);
            if let Ok(reply) = &result {
                statistics.bytes_received += reply.body.len() as u64;
            }
        }
        let ms = ended.duration_since(started).as_millis() as i64;
        let query = ask.url.query().unwrap_or_default();
        match result {
            Ok(reply) => {
                let request_id = request_id(&reply);
                tracing::debug!(
                    method = ask.name,
                    path = ask.path,
                    query,
                    status = reply.status,
                    request_id = request_id.as_deref().unwrap_or_default(),
                    ms,
                    attempts,
                    "answered"
                );
                self.note_date(&reply, ended);
                self.judge(ask, id, token, reply, request_id)
            }
            Err(lost) => {
                let (fault, cause) = match lost {
                    Lost::NotSent(cause) => (Fault::NotSent, cause),
                    Lost::Unknown(cause) => (Fault::Lost, cause),
                    Lost::TooLarge if ask.repeat == Repeat::Freely => {
                        return Attempt::Final(ask.unreadable(web::too_large()));
                    }
                    Lost::TooLarge => return Attempt::Final(ambiguous(ask, id, None, Some(web::too_large()))),
                    Lost::Setup(error) => return Attempt::Final(error),
                };
                tracing::debug!(
                    method = ask.name,
                    path = ask.path,
                    query,
                    ms,
                    attempts,
                    error = cause.root(),
                    "no answer"
                );
                Attempt::Faulty { fault, refusal: None, cause: Some(cause) }
            }
        }
    }

    fn request(&self, ask: &Ask, id: &str, token: &Token, deadline: Timestamp) -> Result<Request, TransportError> {
        // The token goes to the host of the cloud it was issued for and nowhere else; every way to make an `Ask` upholds
        // this, and here is the last place to look.
        let origin = self.cloud.origin(ask.api);
        if !origin.owns(&ask.url) {
            return Err(TransportError::Address { path: ask.path.clone(), host: origin.to_string() });
        }
        let mut request = Request::new(ask.method.clone(), ask.url.clone());
        let headers = request.headers_mut();
        for (name, value) in &ask.headers {
            headers.insert(name, value.clone());
        }
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.secret().expose_secret()))
            .map_err(|_| TransportError::Auth(AuthError::Opaque))?;
        bearer.set_sensitive(true);
        headers.insert(AUTHORIZATION, bearer);
        if let Ok(value) = HeaderValue::from_str(id) {
            headers.insert(HeaderName::from_static("client-request-id"), value.clone());
            if ask.api == Api::Arm {
                headers.insert(HeaderName::from_static("x-ms-client-request-id"), value);
            }
        }
        if let Some(body) = &ask.body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(body.clone().into());
        }
        // The last attempt may not outlive the time limit; a second is the least that makes sense.
        let left = Duration::try_from(deadline.duration_since(self.clock.now())).unwrap_or_default();
        let most = self.web.exchange_limit();
        if left < most {
            *request.timeout_mut() = Some(left.max(Duration::from_secs(1)));
        }
        Ok(request)
    }

    fn judge(&self, ask: &Ask, id: &str, token: &Token, reply: Reply, request_id: Option<String>) -> Attempt {
        let status = reply.status;
        if (200..300).contains(&status) {
            let body = match reply.body.as_slice() {
                [] => Value::Null,
                bytes => match parse(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)) {
                    Ok(body) => body,
                    Err(cause) if ask.repeat == Repeat::Freely => return Attempt::Final(ask.unreadable(cause)),
                    Err(cause) => return Attempt::Final(ambiguous(ask, id, None, Some(cause))),
                },
            };
            let is_tight = reply
                .header("x-ms-throttle-limit-percentage")
                .and_then(|text| text.parse::<f64>().ok())
                .is_some_and(|used| used >= 0.8);
            let date = retry::date(&reply.headers);
            return Attempt::Done(Done { answer: Answer { status, body, request_id, date }, is_tight });
        }
        if status < 400 {
            let target = web::target_of(&ask.url, reply.header("location"));
            return Attempt::Final(TransportError::Redirected {
                method: ask.name,
                path: ask.path.clone(),
                status,
                target,
            });
        }
        let after = retry::retry_after(&reply.headers, self.clock.now());
        let seconds = after.map(|after| after.as_secs().unsigned_abs());
        let refusal = refusal::decode(status, &reply.body, request_id, seconds).without(token);
        if status == 401 {
            return match challenge(&reply) {
                Some(claims) => Attempt::Final(AuthError::ClaimsChallenge { claims }.into()),
                None => Attempt::Stale(refusal),
            };
        }
        match Fault::of_status(status, &refusal.code, after) {
            Some(fault) => Attempt::Faulty { fault, refusal: Some(refusal), cause: None },
            None => Attempt::Final(TransportError::Refused(refusal)),
        }
    }

    /// Returns the next jitter, 0.0 to 1.0.
    pub(super) fn jitter(&self) -> f64 {
        self.jitter.lock().unwrap_or_else(PoisonError::into_inner).f64()
    }

    /// Returns our clock's time plus the difference to the service's.
    pub(super) fn service_time(&self) -> Timestamp {
        let now = self.clock.now();
        let skew = self.skew.lock().unwrap_or_else(PoisonError::into_inner).unwrap_or(SignedDuration::ZERO);
        now.checked_add(skew).unwrap_or(now)
    }

    fn note_date(&self, reply: &Reply, now: Timestamp) {
        let Some(date) = retry::date(&reply.headers) else { return };
        let seen = date.duration_since(now);
        let tolerance = SignedDuration::from_secs(2);
        let mut skew = self.skew.lock().unwrap_or_else(PoisonError::into_inner);
        let held = skew.unwrap_or(SignedDuration::ZERO);
        // Dates have whole seconds; following them exactly would let time jump back and forth.
        if (seen - held).abs() > tolerance {
            *skew = Some(seen);
        }
    }
}

/// Decodes the claims that a 401 demands: `WWW-Authenticate: Bearer …, error="insufficient_claims", claims="{base64}"`.
fn challenge(reply: &Reply) -> Option<String> {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
    let header = reply.headers.get_all("www-authenticate").iter().filter_map(|value| value.to_str().ok());
    let text = header.into_iter().find(|text| text.contains("claims=") || text.contains("insufficient_claims"))?;
    let encoded = text.split_once("claims=\"").and_then(|(_, rest)| rest.split('"').next()).unwrap_or_default();
    let bare = encoded.trim_end_matches('=');
    let bytes = URL_SAFE_NO_PAD.decode(bare).or_else(|_| STANDARD_NO_PAD.decode(bare)).unwrap_or_default();
    let claims = String::from_utf8(bytes).unwrap_or_default();
    Some(super::redact::scrub(if claims.is_empty() { "insufficient_claims" } else { &claims }))
}

fn request_id(reply: &Reply) -> Option<String> {
    reply.header("request-id").or_else(|| reply.header("x-ms-request-id")).map(str::to_owned)
}

fn ambiguous(ask: &Ask, id: &str, refusal: Option<Refusal>, source: Option<Cause>) -> TransportError {
    TransportError::Ambiguous {
        method: ask.name,
        path: ask.path.clone(),
        client_request_id: id.to_owned(),
        refusal: refusal.map(Box::new),
        source,
    }
}

/// An answer, and whether the service says that its limit is near.
struct Done {
    answer: Answer,
    is_tight: bool,
}

/// Reads a body. By way of `FromStr`, which is compiled in the library and optimised there in builds for tests too.
fn parse(bytes: &[u8]) -> Result<Value, Cause> {
    let text = std::str::from_utf8(bytes).map_err(|error| Cause::of(&error))?;
    text.parse::<Value>().map_err(|error| Cause::of(&error))
}
