//! From bytes to an answer: who calls, what befalls the request, which room answers it, and the journal line.

use std::sync::Arc;

use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::answer::{Answer, Problem, Reply};
use super::fault::{Asked, Effect};
use super::instant::{self, precise};
use super::journal::Entry;
use super::store::View;
use super::tenant::Tenant;
use super::token::{Caller, Desk};
use super::world::World;
use super::{arm, batch, control, graph, metadata, token};

/// One request as the rooms see it.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: String,
    /// The path as sent.
    pub(crate) path: String,
    /// The decoded segments, below the version where there is one.
    pub(crate) segments: Vec<String>,
    /// Decoded query options in order.
    pub(crate) options: Vec<(String, String)>,
    pub(crate) body: Option<Value>,
    pub(crate) caller: Caller,
    pub(crate) now: Timestamp,
    /// The origin that the client knows us by.
    pub(crate) origin: String,
    pub(crate) is_beta: bool,
    /// `ConsistencyLevel: eventual`.
    pub(crate) is_eventual: bool,
    pub(crate) page_size: Option<usize>,
    pub(crate) has_empty_pages: bool,
    /// What befalls this request.
    pub(crate) effects: Vec<Effect>,
    /// Which state a GET sees.
    pub(crate) view: View,
}

impl Call {
    /// Returns the root of the version, e.g. `http://127.0.0.1:1/v1.0`.
    pub(crate) fn root(&self) -> String {
        format!("{}/{}", self.origin, if self.is_beta { "beta" } else { "v1.0" })
    }

    /// Returns the JSON object that was sent.
    pub(crate) fn object(&self) -> Result<&serde_json::Map<String, Value>, Problem> {
        match &self.body {
            Some(Value::Object(members)) => Ok(members),
            _ => Err(Problem::bad("A JSON object is required in the request body.")),
        }
    }
}

/// A request as it came in, or as a batch contains it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Incoming {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) authorization: Option<String>,
    pub(crate) client_request_id: Option<String>,
    pub(crate) correlation_request_id: Option<String>,
    pub(crate) consistency: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Vec<u8>,
    /// The id inside a batch.
    pub(crate) batch: Option<String>,
}

/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum Fate {
    /// An answer goes out.
    Answer(Box<Reply>),
    /// The connection is dropped.
    Drop,
    /// Nothing for so many seconds, then the connection is dropped.
    Stall(u64),
}

/// Handles one request and writes its journal line before the answer leaves.
pub(crate) fn handle(world: &Arc<World>, incoming: &Incoming) -> Fate {
    let (started, time) = (world.base.now(), world.store.now());
    let is_arm = arm::is_arm(&incoming.path);
    let is_audience = |audience: &str| world.is_ours(audience) || (is_arm && token::is_arm_audience(audience));
    let caller = token::verify(incoming.authorization.as_deref(), time, is_audience);
    let label = caller.as_ref().ok().map(|caller| caller.label().to_owned());
    let fate = judge(world, incoming, caller, time);
    let entry = Entry {
        time: precise(time),
        method: incoming.method.clone(),
        path: incoming.path.clone(),
        query: decode_query(&incoming.query).into_iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join("&"),
        caller: label,
        status: match &fate {
            Fate::Answer(reply) => Some(reply.status),
            Fate::Drop | Fate::Stall(_) => None,
        },
        ms: world.base.now().duration_since(started).as_millis().try_into().unwrap_or(i64::MAX),
        batch: incoming.batch.clone(),
    };
    if let Some(observer) = &world.observer {
        observer.see(&entry, &world.state_json());
    }
    world.journal.record(entry);
    fate
}

fn judge(world: &Arc<World>, incoming: &Incoming, caller: Result<Caller, Problem>, now: Timestamp) -> Fate {
    let text = decode_query(&incoming.query).into_iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join("&");
    let json_body: Option<Value> = serde_json::from_slice(&incoming.body).ok();
    let effects = if incoming.path.starts_with("/sandbox/") {
        Vec::new()
    } else {
        world.faults.judge(&Asked {
            method: &incoming.method,
            path: &incoming.path,
            query: &text,
            body: json_body.as_ref(),
            caller: caller.as_ref().ok().map(Caller::label),
            is_batched: incoming.batch.is_some(),
        })
    };
    for effect in &effects {
        match effect {
            Effect::Reset => return Fate::Drop,
            Effect::Stall { seconds } => return Fate::Stall(*seconds),
            _ => {}
        }
    }
    let request_id = uuid::Uuid::new_v4().to_string();
    let client_request_id = incoming.client_request_id.clone().unwrap_or_else(|| request_id.clone());
    let is_arm = arm::is_arm(&incoming.path);
    let answer = answer(world, incoming, caller, now, json_body, &effects);
    // A request may have set the clock; the answer carries the new time.
    let now = world.store.now();
    let mut reply = answer.unwrap_or_else(|problem| Reply {
        status: problem.status,
        body: Some(if is_arm {
            problem.arm_body()
        } else {
            problem.body(&instant::zoneless(now), &request_id, &client_request_id)
        }),
        headers: problem.headers,
        text: problem.text,
        is_arm,
        raw: None,
    });
    if effects.contains(&Effect::LostAnswer) {
        return Fate::Drop;
    }
    for effect in &effects {
        if let (Effect::ForeignNextLink { origin }, Some(raw)) = (effect, &mut reply.raw) {
            let link = |origin: &str| format!("\"nextLink\":\"{origin}/");
            *raw = raw.replace(&link(world.origin()), &link(origin));
        }
        if let (Effect::ForeignNextLink { origin }, Some(body)) = (effect, &mut reply.body) {
            for name in ["@odata.nextLink", "nextLink"] {
                if let Some(link) = body.get(name).and_then(Value::as_str) {
                    body[name] = Value::from(link.replace(world.origin(), origin));
                }
            }
        }
    }
    reply.headers.push(("date", instant::http_date(now)));
    if is_arm {
        reply.is_arm = true;
        arm::header::add(&mut reply, incoming, now);
        return Fate::Answer(Box::new(reply));
    }
    reply.headers.push(("request-id", request_id));
    reply.headers.push(("client-request-id", client_request_id));
    Fate::Answer(Box::new(reply))
}

/// Returns the answer that a fault puts in place of the real one.
fn replaced(effects: &[Effect], is_arm: bool) -> Option<Problem> {
    effects.iter().find_map(|effect| match effect {
        Effect::Answer { status, code, message, retry_after, text } => {
            let (usual, sentence) = match status {
                403 if is_arm => {
                    ("AuthorizationFailed", "The client does not have authorization to perform the action.")
                }
                429 => ("TooManyRequests", "Please retry again later."),
                503 => ("ServiceUnavailable", "The service is temporarily unavailable."),
                504 => ("GatewayTimeout", "The gateway timed out."),
                403 => ("Authorization_RequestDenied", "Insufficient privileges to complete the operation."),
                401 => ("InvalidAuthenticationToken", "Access token has expired or is not yet valid."),
                _ => ("UnknownError", "An error has occurred."),
            };
            let code = code.clone().unwrap_or_else(|| usual.to_owned());
            let mut problem = Problem::new(*status, code, message.clone().unwrap_or_else(|| sentence.to_owned()));
            problem.text.clone_from(text);
            problem.headers.extend(retry_after.map(|seconds| ("retry-after", seconds.to_string())));
            Some(problem)
        }
        Effect::InvalidToken => Some(token::invalid("Access token has expired or is not yet valid.")),
        _ => None,
    })
}

fn answer(
    world: &Arc<World>,
    incoming: &Incoming,
    caller: Result<Caller, Problem>,
    now: Timestamp,
    body: Option<Value>,
    effects: &[Effect],
) -> Answer {
    let is_arm = arm::is_arm(&incoming.path);
    if let Some(problem) = replaced(effects, is_arm) {
        return Err(problem);
    }
    let segments: Vec<String> = incoming
        .path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
        .collect();
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    let version = match parts.as_slice() {
        ["v1.0", ..] => Some(false),
        ["beta", ..] => Some(true),
        _ => None,
    };
    if is_arm {
        return arm(world, incoming, segments, caller, now, body, effects);
    }
    let Some(is_beta) = version else {
        return open(world, incoming, &parts, body, now);
    };
    let caller = caller?;
    if let Some(limit) = world.options.throttle
        && parts.get(1) != Some(&"$batch")
        && let Err(seconds) = world.take(limit, caller.label(), now)
    {
        let mut problem = Problem::new(429, "TooManyRequests", "Please retry again later.");
        problem.headers.push(("retry-after", seconds.to_string()));
        return Err(problem);
    }
    let has_body = !incoming.body.is_empty();
    if has_body && body.is_none() {
        return Err(Problem::bad(
            "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.",
        ));
    }
    if has_body && !incoming.content_type.as_deref().is_some_and(|kind| kind.to_ascii_lowercase().contains("json")) {
        return Err(Problem::new(415, "RequestBodyRead", "The Content-Type header must be application/json."));
    }
    let call = Call {
        method: incoming.method.clone(),
        path: incoming.path.clone(),
        segments: segments[1..].to_vec(),
        options: decode_query(&incoming.query),
        body,
        caller,
        now,
        origin: world.origin().to_owned(),
        is_beta,
        is_eventual: incoming.consistency.as_deref().is_some_and(|level| level.eq_ignore_ascii_case("eventual")),
        page_size: world.options.page_size,
        has_empty_pages: world.options.empty_pages,
        effects: effects.to_vec(),
        view: view(world, effects),
    };
    if call.segments == ["$batch"] && incoming.batch.is_none() {
        return batch::answer(world, incoming, &call);
    }
    graph::answer(world, &call)
}

/// Returns which state a GET sees.
fn view(world: &World, effects: &[Effect]) -> View {
    let lag = world.options.lag;
    effects
        .iter()
        .find_map(|effect| match effect {
            Effect::StaleRead { writes: Some(writes), .. } => Some(View::WritesAgo(*writes)),
            Effect::StaleRead { seconds: Some(seconds), .. } => {
                Some(View::Ago(jiff::SignedDuration::from_secs(*seconds)))
            }
            Effect::StaleRead { .. } => Some(View::WritesAgo(1)),
            _ => None,
        })
        .unwrap_or(if lag.is_zero() { View::Now } else { View::Ago(lag) })
}

/// Answers a call to ARM.
fn arm(
    world: &Arc<World>,
    incoming: &Incoming,
    segments: Vec<String>,
    caller: Result<Caller, Problem>,
    now: Timestamp,
    body: Option<Value>,
    effects: &[Effect],
) -> Answer {
    let caller = caller.map_err(|problem| arm::unauthenticated(world.origin(), &problem))?;
    if !incoming.body.is_empty() && body.is_none() {
        return Err(arm::unreadable());
    }
    let call = Call {
        method: incoming.method.clone(),
        path: incoming.path.clone(),
        segments,
        options: decode_query(&incoming.query),
        body,
        caller,
        now,
        origin: world.origin().to_owned(),
        is_beta: false,
        is_eventual: false,
        page_size: world.options.page_size,
        has_empty_pages: world.options.empty_pages,
        effects: effects.to_vec(),
        view: view(world, effects),
    };
    let quota = arm::quota::take(world, &call)?;
    let mut answer = arm::answer(world, &call);
    match &mut answer {
        Ok(reply) => reply.headers.extend(quota),
        Err(problem) => problem.headers.extend(quota),
    }
    answer
}

/// Answers what needs no Graph token.
fn open(world: &Arc<World>, incoming: &Incoming, parts: &[&str], body: Option<Value>, now: Timestamp) -> Answer {
    let tenant: Arc<Tenant> = world.store.read(View::Now);
    let desk = Desk { tenant: &tenant, now, origin: world.origin(), lifetime: world.options.token_lifetime };
    match (incoming.method.as_str(), parts) {
        ("POST", [directory, "oauth2", "v2.0", "token"]) => {
            let form = String::from_utf8_lossy(&incoming.body);
            desk.issue(directory, &decode_query(&form), |resource| {
                world.is_ours(resource) || token::is_arm_audience(resource)
            })
        }
        ("POST", ["sandbox", "token"]) => desk.impersonate(&body.unwrap_or(Value::Null)),
        (_, ["sandbox", ..]) => control::answer(world, incoming.method.as_str(), &parts[1..], body),
        ("GET", _) => metadata::answer(world, parts, &decode_query(&incoming.query)),
        (method, _) => Err(Problem::not_emulated(&format!("{method} {}", incoming.path))),
    }
}

/// Decodes a query or a form: `+` is a blank in both.
pub(crate) fn decode_query(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

/// Returns the body of a reply as bytes; nothing where there is none.
pub(crate) fn bytes(reply: &Reply) -> Vec<u8> {
    if let Some(text) = reply.text.as_ref().or(reply.raw.as_ref()) {
        return text.clone().into_bytes();
    }
    if reply.is_arm {
        return reply.body.as_ref().map(arm::order::bytes).unwrap_or_default();
    }
    // by way of `Display`, which is compiled in the library and optimised there in builds for tests too
    reply.body.as_ref().map(|body| body.to_string().into_bytes()).unwrap_or_default()
}
