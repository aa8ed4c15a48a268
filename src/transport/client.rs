//! The client of a run and its two halves: one that can only read, one that can write.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::clock::SharedClock;
use crate::wire::{Answer, Api, Command, Query};

use super::auth::{self, AuthError, AuthSettings, Claims, Surroundings, TokenSource, Tokens};
use super::bucket::Buckets;
use super::cloud::Cloud;
use super::error::TransportError;
use super::retry::Budget;
use super::send::Ask;
use super::statistics::Statistics;
use super::throttle::Throttle;
use super::web::{Web, WebSettings};
use super::{batch, page};

/// Makes the ids that name our requests in Microsoft's logs.
#[derive(Clone)]
pub struct RequestIds(Arc<dyn Fn() -> Uuid + Send + Sync>);

impl RequestIds {
    /// Returns ids that `make` makes; each call must give another one.
    pub fn new(make: impl Fn() -> Uuid + Send + Sync + 'static) -> Self {
        Self(Arc::new(make))
    }

    /// Returns random ids.
    pub fn random() -> Self {
        Self::new(Uuid::new_v4)
    }

    /// Returns the same ids in every run with the same `seed`.
    pub fn seeded(seed: u64) -> Self {
        let random = Mutex::new(fastrand::Rng::with_seed(seed));
        Self::new(move || {
            let bits = random.lock().unwrap_or_else(PoisonError::into_inner).u128(..);
            uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
        })
    }

    pub(super) fn next(&self) -> Uuid {
        (self.0)()
    }
}

impl fmt::Debug for RequestIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestIds")
    }
}

/// What a client needs to know.
#[derive(Debug, Clone)]
pub struct ConnectSettings {
    /// Where the services are.
    pub cloud: Cloud,
    /// Who we are.
    pub auth: AuthSettings,
    /// How sockets are opened.
    pub web: WebSettings,
    /// The most requests in flight to one host (`--concurrency`); at least 1. Microsoft publishes no limit for PIM; 4 to 8
    /// is what others found to work (graph.md 6.3).
    pub concurrency: usize,
    /// The longest time for one request with all its repetitions and waits (`--timeout`).
    pub time_limit: SignedDuration,
    /// The seed of the jitter in waits.
    pub jitter_seed: u64,
    /// The ids of requests.
    pub request_ids: RequestIds,
}

impl ConnectSettings {
    /// Returns settings with the usual limits: 8 in flight, 5 minutes for a request, random ids and jitter.
    pub fn new(cloud: Cloud, auth: AuthSettings) -> Self {
        Self {
            cloud,
            auth,
            web: WebSettings::default(),
            concurrency: 8,
            time_limit: SignedDuration::from_mins(5),
            jitter_seed: fastrand::u64(..),
            request_ids: RequestIds::random(),
        }
    }
}

/// The connection to one cloud for one run; cheap to clone.
#[derive(Clone)]
pub struct Client {
    pub(super) shared: Arc<Shared>,
}

/// What all clones and halves share.
pub(super) struct Shared {
    pub(super) cloud: Cloud,
    pub(super) web: Web,
    pub(super) clock: SharedClock,
    pub(super) tokens: Tokens,
    pub(super) throttle: Throttle,
    pub(super) buckets: Buckets,
    pub(super) budget: Mutex<Budget>,
    pub(super) jitter: Mutex<fastrand::Rng>,
    pub(super) ids: RequestIds,
    pub(super) time_limit: SignedDuration,
    pub(super) statistics: Mutex<Statistics>,
    /// The service's clock minus ours.
    pub(super) skew: Mutex<Option<SignedDuration>>,
}

impl Client {
    /// Prepares a client. No request is sent before it is needed.
    ///
    /// # Errors
    /// [`TransportError::Auth`] when values of the authentication method are missing or unusable, and
    /// [`TransportError::Setup`] when the network client cannot be made, e.g. for an unreadable `--ca-file`.
    pub async fn connect(settings: ConnectSettings, clock: SharedClock) -> Result<Self, TransportError> {
        let web = Web::new(settings.web.clone());
        let around = Surroundings {
            cloud: settings.cloud.clone(),
            web: web.clone(),
            clock: clock.clone(),
            ids: settings.request_ids.clone(),
        };
        let source = auth::source(&settings.auth, &around)?;
        Self::with_source(settings, web, clock, source)
    }

    /// Prepares a client whose tokens come from `source` instead of the settings' method.
    ///
    /// # Errors
    /// [`TransportError::Setup`], as for [`Client::connect`].
    pub fn connect_with(
        settings: ConnectSettings,
        clock: SharedClock,
        source: Arc<dyn TokenSource>,
    ) -> Result<Self, TransportError> {
        let web = Web::new(settings.web.clone());
        Self::with_source(settings, web, clock, source)
    }

    fn with_source(
        settings: ConnectSettings,
        web: Web,
        clock: SharedClock,
        source: Arc<dyn TokenSource>,
    ) -> Result<Self, TransportError> {
        // A bad certificate file is reported before anything is asked of anybody.
        if let Some(url) = settings.cloud.graph.at("/") {
            web.client(&url)?;
        }
        let shared = Shared {
            tokens: Tokens::new(source, clock.clone()),
            throttle: Throttle::new(settings.concurrency),
            buckets: Buckets::default(),
            budget: Mutex::new(Budget::full()),
            jitter: Mutex::new(fastrand::Rng::with_seed(settings.jitter_seed)),
            ids: settings.request_ids,
            time_limit: settings.time_limit,
            statistics: Mutex::default(),
            skew: Mutex::default(),
            cloud: settings.cloud,
            web,
            clock,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Returns the half that can only read.
    pub fn reader(&self) -> Reader {
        Reader { shared: Arc::clone(&self.shared) }
    }

    /// Returns the half that can write.
    pub fn writer(&self) -> Writer {
        Writer { shared: Arc::clone(&self.shared) }
    }

    /// Returns what our token for `api` says about us, fetching one if none is held.
    ///
    /// # Errors
    /// [`TransportError::Auth`].
    pub async fn claims(&self, api: Api) -> Result<Claims, TransportError> {
        let token = self.shared.tokens.get(&self.shared.cloud.scope(api)).await?;
        Claims::decode(&token).map_err(|error: AuthError| error.into())
    }

    /// Returns the cloud this client talks to.
    pub fn cloud(&self) -> &Cloud {
        &self.shared.cloud
    }

    /// Returns what was sent so far.
    pub fn statistics(&self) -> Statistics {
        self.shared.statistics.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the service's time: our clock, corrected by the newest `Date` header of Graph or ARM once one was seen. Dates
    /// have whole seconds, so differences of up to two seconds count as none.
    pub fn now(&self) -> Timestamp {
        self.shared.service_time()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("cloud", &self.shared.cloud).finish_non_exhaustive()
    }
}

/// The half that can only read: `GET`, and batches of `GET`.
#[derive(Clone)]
pub struct Reader {
    pub(super) shared: Arc<Shared>,
}

impl Reader {
    /// Reads one answer. A next link in it is left alone.
    ///
    /// # Errors
    /// Any [`TransportError`] but `Ambiguous`; `Refused` after all repetitions.
    pub async fn get(&self, query: &Query) -> Result<Answer, TransportError> {
        let ask = Ask::read(&self.shared, query)?;
        self.shared.exchange(&ask).await
    }

    /// Reads all pages.
    ///
    /// # Errors
    /// As [`Reader::get`], and `ForeignLink` or `Paging`. Pages read before the error are not returned: half a list is
    /// no list.
    pub async fn pages(&self, query: &Query) -> Result<Vec<Answer>, TransportError> {
        let mut pages = Vec::new();
        self.each_page(query, |page| pages.push(page)).await?;
        Ok(pages)
    }

    /// Hands every page to `take` as it arrives. The next link is followed as it is, with the query's headers again.
    ///
    /// # Errors
    /// As [`Reader::pages`]; `take` has then seen only some of the pages.
    pub async fn each_page(&self, query: &Query, take: impl FnMut(Answer)) -> Result<(), TransportError> {
        page::each(&self.shared, query, take).await
    }

    /// Reads many, answers in the order of `queries`. Those to Graph travel in batches of up to 20, several in flight; each
    /// member is repeated by its own rules. A next link inside an answer is followed and its rows appended to `value`.
    ///
    /// # Errors
    /// Each member has its own; when a batch as a whole fails, all its members carry that error.
    pub async fn batch(&self, queries: &[Query]) -> Vec<Result<Answer, TransportError>> {
        batch::read(&self.shared, queries).await
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("cloud", &self.shared.cloud.name).finish_non_exhaustive()
    }
}

/// The half that writes.
#[derive(Clone)]
pub struct Writer {
    shared: Arc<Shared>,
}

impl Writer {
    /// Sends one write. It is repeated when the service did nothing (429, 503 with Retry-After, no connection), and otherwise
    /// only when sending it twice leaves the same state as once.
    ///
    /// # Errors
    /// `Ambiguous` when it may or may not have taken effect: read before anything else. `Refused` means nothing was done,
    /// except that a `DELETE` repeated after a lost answer finds nothing (404), and a repeated `PUT` or `PATCH` may meet
    /// its own effect.
    pub async fn send(&self, command: &Command) -> Result<Answer, TransportError> {
        let ask = Ask::write(&self.shared, command)?;
        self.shared.exchange(&ask).await
    }

    /// Sends a write in a form that the service only judges and does not carry out, so that it is repeated like a read. It is for
    /// the caller to see to it that the command has that form.
    ///
    /// # Errors
    /// As [`Reader::get`].
    pub async fn rehearse(&self, command: &Command) -> Result<Answer, TransportError> {
        let ask = Ask::rehearsal(&self.shared, command)?;
        self.shared.exchange(&ask).await
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("cloud", &self.shared.cloud.name).finish_non_exhaustive()
    }
}
