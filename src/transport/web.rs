//! One exchange over a socket: proxies, certificates, time-outs, bounded bodies. No tokens, no retries, no opinions.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Certificate, Client, Request, Url};

use super::cause::Cause;
use super::error::TransportError;
use super::origin::{Origin, is_loopback};

/// What we call ourselves.
const USER_AGENT: &str = concat!("rolewright/", env!("CARGO_PKG_VERSION"));

/// The largest body that is read, in bytes. The biggest real answers (a page of 999 users) are below 10 MB; beyond this the
/// other side is broken or hostile.
const LARGEST_BODY: usize = 256 * 1024 * 1024;

/// How sockets are opened.
#[derive(Debug, Clone)]
pub struct WebSettings {
    /// A PEM file with certificate authorities to trust besides the machine's own (`--ca-file`).
    pub ca_file: Option<PathBuf>,
    /// The longest wait for a connection.
    pub connect_limit: Duration,
    /// The longest silence while an answer is on its way.
    pub read_limit: Duration,
    /// The longest single exchange, from connection to the last byte.
    pub exchange_limit: Duration,
}

impl Default for WebSettings {
    fn default() -> Self {
        // PIM behind Graph is known to think for tens of seconds about a policy.
        Self {
            ca_file: None,
            connect_limit: Duration::from_secs(15),
            read_limit: Duration::from_secs(90),
            exchange_limit: Duration::from_secs(180),
        }
    }
}

/// Opens sockets; cheap to clone. Clients are made at first use, since a machine without certificate authorities can
/// still talk to plain loopback.
#[derive(Clone)]
pub(super) struct Web {
    settings: Arc<WebSettings>,
    clients: Arc<Mutex<HashMap<Route, Client>>>,
}

/// Which of the three clients an address needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Route {
    /// Through the system's proxy, if it has one.
    Outside,
    /// This machine and its neighbours on the link (169.254.0.0/16): a proxy would be wrong.
    Direct,
    /// Loopback without TLS.
    Plain,
}

/// A complete answer of any status.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Reply {
    /// Returns a header's text, if it is text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

// Bodies hold tokens and other people's data.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("status", &self.status).field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}

/// Why there is no complete answer.
#[derive(Debug, Clone)]
pub(super) enum Lost {
    /// The request never left: no connection.
    NotSent(Cause),
    /// The request may have arrived.
    Unknown(Cause),
    /// The answer was larger than we read.
    TooLarge,
    /// The client could not be set up.
    Setup(TransportError),
}

impl Web {
    /// Returns an opener of sockets with these settings.
    pub(super) fn new(settings: WebSettings) -> Self {
        // Someone else in the process may have been first; any provider will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { settings: Arc::new(settings), clients: Arc::default() }
    }

    /// Returns the client for `url`.
    pub(super) fn client(&self, url: &Url) -> Result<Client, TransportError> {
        let route = match (url.scheme(), is_loopback(url), url.host_str()) {
            ("http", true, _) => Route::Plain,
            (_, true, _) => Route::Direct,
            (_, _, Some(host)) if host.starts_with("169.254.") => Route::Direct,
            _ => Route::Outside,
        };
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&route) {
            return Ok(client.clone());
        }
        let client = self.build(route)?;
        clients.insert(route, client.clone());
        Ok(client)
    }

    /// Returns the longest single exchange.
    pub(super) fn exchange_limit(&self) -> Duration {
        self.settings.exchange_limit
    }

    fn build(&self, route: Route) -> Result<Client, TransportError> {
        let mut builder = Client::builder()
            .user_agent(USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(self.settings.connect_limit)
            .read_timeout(self.settings.read_limit)
            .timeout(self.settings.exchange_limit)
            .gzip(true);
        if route != Route::Outside {
            builder = builder.no_proxy();
        }
        if route == Route::Plain {
            // No TLS will be spoken, so the machine's store of authorities need not exist.
            builder = builder.tls_certs_only(Vec::new());
        } else if let Some(path) = &self.settings.ca_file {
            builder = builder.tls_certs_merge(authorities(path)?);
        }
        builder.build().map_err(|error| {
            let source = Cause::of_request(error);
            let what = if source.mentions("No CA certificates") {
                "this machine has no store of certificate authorities; install one (ca-certificates) or pass --ca-file"
            } else {
                "TLS or proxy settings are not usable"
            };
            TransportError::Setup { what: what.to_owned(), source: Some(source) }
        })
    }

    /// Sends one request and reads the whole answer, whatever its status.
    pub(super) async fn send(&self, request: Request) -> Result<Reply, Lost> {
        let client = self.client(request.url()).map_err(Lost::Setup)?;
        let mut response = client.execute(request).await.map_err(lost)?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            if body.len() + chunk.len() > LARGEST_BODY {
                return Err(Lost::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply { status, headers, body })
    }
}

impl Lost {
    /// Turns the loss into an error about `url`, for callers that do not repeat.
    pub(super) fn into_error(self, url: &Url) -> TransportError {
        let host = url.origin().ascii_serialization();
        match self {
            Self::NotSent(source) | Self::Unknown(source) => TransportError::Unreachable { host, source },
            Self::TooLarge => TransportError::Unreachable { host, source: too_large() },
            Self::Setup(error) => error,
        }
    }
}

/// Returns the cause that stands for an answer beyond the limit.
pub(super) fn too_large() -> Cause {
    Cause::new(format!("it is larger than {} MB", LARGEST_BODY / 1024 / 1024))
}

impl fmt::Debug for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Web").field("settings", &self.settings).finish_non_exhaustive()
    }
}

fn authorities(path: &Path) -> Result<Vec<Certificate>, TransportError> {
    let setup = |what: String, source| TransportError::Setup { what, source };
    let pem = std::fs::read(path).map_err(|error| {
        setup(format!("the certificate authority file {} cannot be read", path.display()), Some(Cause::of(&error)))
    })?;
    let found = Certificate::from_pem_bundle(&pem).map_err(|error| {
        setup(format!("the certificate authority file {} is not PEM", path.display()), Some(Cause::of_request(error)))
    })?;
    if found.is_empty() {
        return Err(setup(format!("the certificate authority file {} holds no certificate", path.display()), None));
    }
    Ok(found)
}

fn lost(error: reqwest::Error) -> Lost {
    if error.is_connect() || error.is_builder() {
        Lost::NotSent(Cause::of_request(error))
    } else {
        Lost::Unknown(Cause::of_request(error))
    }
}

/// Returns the origin of `location`, which may be relative to `base`, for a message.
pub(super) fn target_of(base: &Url, location: Option<&str>) -> String {
    location
        .and_then(|location| base.join(location).ok())
        .map_or_else(|| "nowhere".to_owned(), |url| url.origin().ascii_serialization())
}

/// Returns the origin of a page's link for a message; `relative` when it is none.
pub(super) fn origin_of(link: &str) -> String {
    Url::parse(link).map_or_else(
        |_| "a relative address".to_owned(),
        |url| match Origin::of(&url) {
            Ok(origin) => origin.to_string(),
            Err(_) => url.origin().ascii_serialization(),
        },
    )
}
