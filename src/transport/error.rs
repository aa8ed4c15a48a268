//! What can go wrong between us and a service.

use crate::wire::Refusal;

use super::auth::AuthError;
use super::cause::Cause;
use super::refusal;

/// Why a request has no usable answer. No text of it ever holds a token, a secret or a body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The service answered with a final 4xx or 5xx, and nothing was done. The reason is in the refusal's code: a missing
    /// permission, a policy, a mistake in the request, or an outage that outlasted our patience.
    #[error("the service refused: {0}")]
    Refused(Refusal),
    /// A write whose outcome is unknown: the connection broke or the service failed after the request was sent. Read
    /// again before repeating it; the same plan applied again converges.
    #[error(
        "it is unknown whether {method} {path} took effect (client-request-id {client_request_id}); read again first"
    )]
    Ambiguous {
        /// The HTTP method.
        method: &'static str,
        /// The path, without query.
        path: String,
        /// The id we sent, by which Microsoft's support finds the request.
        client_request_id: String,
        /// The last answer, when there was one.
        refusal: Option<Box<Refusal>>,
        /// What broke, when there was no answer.
        #[source]
        source: Option<Cause>,
    },
    /// The service could not be reached, or never finished an answer to a read. Usually the network, a proxy, DNS, or a
    /// certificate authority that `--ca-file` must name.
    #[error("cannot reach {host}: {}", source.root())]
    Unreachable {
        /// The origin we tried.
        host: String,
        /// What broke.
        #[source]
        source: Cause,
    },
    /// No token could be had, or the service did not accept ours.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// A success answer whose body is not the JSON that was promised, or larger than we accept. A proxy's log-in page is
    /// the usual culprit.
    #[error("the answer to {method} {path} cannot be read: {source}")]
    Body {
        /// The HTTP method.
        method: &'static str,
        /// The path, without query.
        path: String,
        /// What is wrong with it.
        #[source]
        source: Cause,
    },
    /// A page's link to the next page leads to another host or scheme. Following it would hand our token to a stranger.
    #[error("{path} links to its next page at {found}, but tokens go to {expected} only")]
    ForeignLink {
        /// The path whose page holds the link.
        path: String,
        /// The origin of the link.
        found: String,
        /// The origin of the service.
        expected: String,
    },
    /// Paging does not end: a link was seen before, or there are absurdly many pages. The service's fault; run again.
    #[error("paging of {path} does not end: {reason}")]
    Paging {
        /// The path being paged.
        path: String,
        /// What was noticed.
        reason: &'static str,
    },
    /// The service redirected, which these APIs never do. A captive portal or a wrong host is likely.
    #[error("{method} {path} was redirected (HTTP {status}) to {target}; redirects are never followed")]
    Redirected {
        /// The HTTP method.
        method: &'static str,
        /// The path, without query.
        path: String,
        /// The status, 300 to 399.
        status: u16,
        /// The origin it points to.
        target: String,
    },
    /// So many requests of this run failed that repeating more would only feed the storm. Nothing was sent for this one
    /// beyond what `last` says. Wait some minutes and run again.
    #[error("gave up on {host}: too many requests of this run failed already")]
    Budget {
        /// The origin that keeps failing.
        host: String,
        /// The answer that broke the budget.
        last: Option<Box<Refusal>>,
    },
    /// A path that does not begin with `/` or would leave its service. Our own mistake, or an id with dots and slashes.
    #[error("`{path}` is not a path below {host}")]
    Address {
        /// The path.
        path: String,
        /// The origin it was meant for.
        host: String,
    },
    /// The network client cannot be set up: an unreadable `--ca-file`, or no certificate authorities on this machine.
    #[error("cannot set up the network client: {what}")]
    Setup {
        /// What is missing.
        what: String,
        /// The cause beneath.
        #[source]
        source: Option<Cause>,
    },
}

impl TransportError {
    /// Returns the service's refusal, where there is one.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Ambiguous { refusal, .. } => refusal.as_deref(),
            Self::Budget { last, .. } => last.as_deref(),
            _ => None,
        }
    }

    /// Tells whether the service said that the object does not exist: 404 with a code that means it. Never true for 401,
    /// 403, 429, 5xx, time-outs, or a 404 of a gateway.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal::is_absent(refusal))
    }

    /// Returns what usually helps, as a sentence without a full stop, where there is more to say than the message does.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Unreachable { source, .. } if source.mentions("invalid peer certificate") => {
                Some("name the certificate authority's PEM file with --ca-file, if you trust that host")
            }
            Self::Ambiguous { .. } => Some("run plan again: it shows what is left to do"),
            Self::Budget { .. } => Some("wait some minutes and run again, perhaps with a smaller --concurrency"),
            Self::Refused(refusal) => match (refusal.status, refusal.code.as_str()) {
                (403, "PermissionScopeNotGranted") => Some(
                    "grant the identity the permission named above, with an administrator's consent, and run again",
                ),
                (403, "Authorization_RequestDenied" | "AuthorizationFailed") => {
                    Some("the identity lacks a permission or role for this; `rolewright doctor` lists what is needed")
                }
                (429, _) => Some("the service is busy: wait some minutes, or raise --timeout"),
                _ => None,
            },
            _ => None,
        }
    }

    /// Tells whether a write may or may not have taken effect.
    pub fn is_ambiguous(&self) -> bool {
        matches!(self, Self::Ambiguous { .. })
    }
}
