//! `POST /$batch` (graph.md 6.1): at most 20 requests, each handled, throttled and journalled on its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::answer::{Answer, Problem, Reply};
use super::route::{self, Call, Fate, Incoming};
use super::world::World;

/// The service's limit.
const LIMIT: usize = 20;

/// Answers a batch: 200 unless its envelope is malformed.
pub(crate) fn answer(world: &Arc<World>, outer: &Incoming, call: &Call) -> Answer {
    if call.method != "POST" {
        return Err(Problem::new(
            405,
            "Request_BadRequest",
            "Specified HTTP method is not allowed for the request target.",
        ));
    }
    let members = call.object()?;
    let requests = match members.get("requests") {
        Some(Value::Array(requests)) if !requests.is_empty() && members.len() == 1 => requests,
        _ => return Err(Problem::bad("Invalid batch payload format.")),
    };
    if requests.len() > LIMIT {
        return Err(Problem::bad(format!("Number of batch request steps exceeds the maximum value of {LIMIT}.")));
    }
    let mut status: BTreeMap<String, u16> = BTreeMap::new();
    let parsed = requests.iter().map(|request| inner(outer, request)).collect::<Result<Vec<_>, _>>()?;
    for (request, _) in &parsed {
        let id = request.batch.clone().unwrap_or_default().to_ascii_lowercase();
        if status.insert(id.clone(), 0).is_some() {
            return Err(Problem::bad(format!("Request id '{id}' found more than once in the batch.")));
        }
    }
    if let Some(unknown) = parsed.iter().flat_map(|(_, needs)| needs).find(|id| !status.contains_key(*id)) {
        return Err(Problem::bad(format!("The dependsOn id '{unknown}' is not in the batch.")));
    }
    let mut responses = Vec::new();
    let mut waiting: Vec<_> = parsed.iter().collect();
    while !waiting.is_empty() {
        let ready = waiting.iter().position(|(_, needs)| needs.iter().all(|id| status.get(id).is_some_and(|s| *s > 0)));
        let Some(at) = ready else { return Err(Problem::bad("The dependsOn ids form a cycle.")) };
        let (request, needs) = waiting.remove(at);
        let id = request.batch.clone().unwrap_or_default();
        let has_failed = needs.iter().any(|id| status.get(id).is_some_and(|s| *s >= 400));
        let reply = if has_failed {
            let problem = Problem::new(
                424,
                "FailedDependency",
                "The request could not be completed because a dependent request failed.",
            );
            Reply::json(424, problem.body("", "", ""))
        } else {
            match route::handle(world, request) {
                Fate::Answer(reply) => *reply,
                // A connection of its own, behind Graph, that broke: the outer answer says so.
                Fate::Drop | Fate::Stall(_) => {
                    let problem = Problem::new(504, "GatewayTimeout", "The gateway timed out.");
                    Reply::json(504, problem.body("", "", ""))
                }
            }
        };
        status.insert(id.to_ascii_lowercase(), reply.status);
        let mut headers = Map::new();
        for (name, value) in &reply.headers {
            let name = if *name == "retry-after" { "Retry-After" } else { name };
            headers.insert(name.to_owned(), json!(value));
        }
        let mut response = json!({"id": id, "status": reply.status});
        if let Some(body) = reply.body {
            headers.insert("Content-Type".to_owned(), json!("application/json"));
            response["body"] = body;
        }
        response["headers"] = Value::Object(headers);
        responses.push(response);
    }
    Ok(Reply::json(200, json!({"responses": responses})))
}

/// Reads one request of the envelope, with the ids it depends on in lower case.
fn inner(outer: &Incoming, request: &Value) -> Result<(Incoming, Vec<String>), Problem> {
    let malformed = || Problem::bad("Invalid batch payload format.");
    let members = request.as_object().ok_or_else(malformed)?;
    if members.keys().any(|key| !["id", "method", "url", "headers", "body", "dependsOn"].contains(&key.as_str())) {
        return Err(malformed());
    }
    let text = |name: &str| members.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let id = text("id").ok_or_else(malformed)?;
    let method = text("method").ok_or_else(malformed)?.to_ascii_uppercase();
    let url = text("url").ok_or_else(malformed)?;
    let version = outer.path.split('/').nth(1).unwrap_or("v1.0");
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let header = |wanted: &str| {
        let headers = members.get("headers").and_then(Value::as_object)?;
        let (_, value) = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
        value.as_str().map(str::to_owned)
    };
    let body = members.get("body").filter(|body| !body.is_null());
    if body.is_some() && header("content-type").is_none() {
        return Err(Problem::bad("Write request id : ".to_owned() + id + " does not contain Content-Type header."));
    }
    let needs = members.get("dependsOn").and_then(Value::as_array).into_iter().flatten();
    let incoming = Incoming {
        method,
        path: format!("/{version}/{}", path.trim_start_matches('/')),
        query: query.to_owned(),
        authorization: outer.authorization.clone(),
        client_request_id: header("client-request-id"),
        correlation_request_id: None,
        consistency: header("consistencylevel"),
        content_type: header("content-type"),
        body: body.and_then(|body| serde_json::to_vec(body).ok()).unwrap_or_default(),
        batch: Some(id.to_owned()),
    };
    Ok((incoming, needs.filter_map(Value::as_str).map(str::to_ascii_lowercase).collect()))
}
