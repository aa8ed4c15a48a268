//! The headers that ARM puts on every answer (arm.md 0.1).

use super::super::answer::Reply;
use super::super::route::Incoming;
use super::version;

/// What PIM's answers say to browsers, as recorded.
const CROSS_ORIGIN: [(&str, &str); 3] = [
    ("access-control-allow-origin", "*"),
    ("access-control-allow-methods", "POST, PUT, DELETE, GET, OPTIONS, PATCH"),
    (
        "access-control-allow-headers",
        "content-Type, accept, origin, X-Requested-With, Authorization, name, x-ms-client-session-id, accept-language, \
         x-ms-client-request-id, x-ms-effective-locale",
    ),
];

/// Adds the headers of ARM to an answer; `path` says whether PIM made it.
pub(crate) fn add(reply: &mut Reply, incoming: &Incoming, now: jiff::Timestamp) {
    let request_id = uuid::Uuid::new_v4().to_string();
    let correlation = incoming.correlation_request_id.clone().unwrap_or_else(|| request_id.clone());
    let routing = format!("SANDBOX:{}:{request_id}", now.strftime("%Y%m%dT%H%M%SZ"));
    let common = [
        ("cache-control", "no-cache".to_owned()),
        ("pragma", "no-cache".to_owned()),
        ("expires", "-1".to_owned()),
        ("x-ms-request-id", request_id),
        ("x-ms-correlation-request-id", correlation),
        ("x-ms-routing-request-id", routing),
        ("strict-transport-security", "max-age=31536000; includeSubDomains".to_owned()),
        ("x-content-type-options", "nosniff".to_owned()),
    ];
    reply.headers.extend(common);
    let kind = incoming.path.split('/').find_map(|part| version::spelled(part));
    if kind.is_some_and(version::is_pim) {
        reply.headers.push(("mspimslice", "PROD".to_owned()));
        reply.headers.extend(CROSS_ORIGIN.map(|(name, value)| (name, value.to_owned())));
        if let Some(id) = &incoming.client_request_id {
            reply.headers.push(("x-ms-client-request-id", id.clone()));
        }
    }
}
