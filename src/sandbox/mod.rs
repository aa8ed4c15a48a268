//! An embedded Entra tenant and Azure hierarchy behind HTTP: token endpoint, Microsoft Graph, Resource Manager, discovery.
//!
//! To the product it is one more cloud; no type of the client is known here. It is a state machine (request, schedule, instance)
//! over one JSON document, written from Microsoft's documentation alone (graph.md; E1 to E23 of its section 13; arm.md).
//!
//! Rooms: `server` accepts, `route` turns bytes into a `Call`, judges faults and writes the journal, `graph` and `arm` answer,
//! `store` keeps the tenant, `seed` makes one. What is not emulated answers 501.
//!
//! ```no_run
//! # async fn example() -> Result<(), rolewright::sandbox::SandboxError> {
//! use rolewright::sandbox::{Sandbox, SandboxOptions};
//! let running = Sandbox::start(SandboxOptions::default()).await?;
//! println!("{}", running.origins().to_json());
//! running.stop().await?;
//! # Ok(()) }
//! ```

mod answer;
mod arm;
mod batch;
mod catalog;
mod clock;
mod control;
mod failed_rule;
mod fault;
mod graph;
mod id;
mod instant;
mod journal;
mod membership;
mod metadata;
mod odata;
mod options;
mod permission;
mod place;
mod route;
mod seed;
mod server;
mod shared;
mod store;
mod tenant;
mod throttle;
mod tls;
mod token;
mod world;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, OnceLock};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;

pub use self::clock::ClockSetting;
pub use self::fault::{Effect, FaultRule, Match};
pub use self::journal::Entry;
pub use self::options::{GroupResources, SandboxOptions, Switches};
pub use self::seed::Seed;
pub use self::throttle::{Throttle, Throttling};
pub use self::world::Observer;

use self::fault::Faults;
use self::journal::Journal;
use self::server::Server;
use self::store::Store;
use self::world::World;

/// Why a sandbox cannot start or stop.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The address is taken or not ours; another `--listen` helps.
    #[error("the sandbox cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file (state, lock, journal, certificate) cannot be read or written.
    #[error("the sandbox cannot use {}", path.display())]
    StateFile {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The state file is not one that this version wrote; deleting it starts from the seed again.
    #[error("{} is not a sandbox state", path.display())]
    StateForm {
        /// The file.
        path: PathBuf,
        /// Where it goes wrong.
        source: serde_json::Error,
    },
    /// Another process runs a sandbox on the same state file.
    #[error("{} is in use by another sandbox", path.display())]
    StateInUse {
        /// The file.
        path: PathBuf,
    },
    /// A certificate cannot be made.
    #[error("the sandbox cannot make its certificate: {0}")]
    Tls(String),
}

/// The embedded tenant.
#[derive(Debug)]
pub struct Sandbox;

impl Sandbox {
    /// Starts a sandbox on the current tokio runtime.
    ///
    /// # Errors
    /// [`SandboxError`] when the address, a file or the certificate is in the way.
    pub async fn start(options: SandboxOptions) -> Result<Running, SandboxError> {
        let address = options.listen;
        let failed = |source| SandboxError::Listen { address, source };
        let listener = tokio::net::TcpListener::bind(address).await.map_err(failed)?;
        let bound = listener.local_addr().map_err(failed)?;
        let store = Store::open(options.state.clone(), Arc::clone(&options.base), options.clock, |now| {
            let mut tenant = options.seed.build(now)?;
            tenant.azure.listed_built_in = options.azure_roles.clone().map(BTreeSet::from_iter);
            Ok(tenant)
        })?;
        let journal = Journal::open(options.journal.as_deref())
            .map_err(|source| SandboxError::StateFile { path: options.journal.clone().unwrap_or_default(), source })?;
        let (tls, ca) = match options.tls {
            true => {
                let (acceptor, file) = tls::acceptor(bound.port())?;
                (Some(acceptor), Some(file))
            }
            false => (None, None),
        };
        let scheme = if options.tls { "https" } else { "http" };
        let host = if options.tls { format!("localhost:{}", bound.port()) } else { bound.to_string() };
        let names: BTreeSet<String> = ["localhost", "127.0.0.1", "[::1]"]
            .iter()
            .map(|name| format!("{scheme}://{name}:{}", bound.port()))
            .chain([format!("{scheme}://{host}"), format!("{scheme}://{bound}")])
            .collect();
        let faults = Faults::default();
        faults.set(options.faults.clone());
        let world = Arc::new(World {
            base: Arc::clone(&options.base),
            observer: options.observer.clone(),
            store,
            faults,
            journal,
            buckets: Mutex::default(),
            turns: AtomicU64::default(),
            address: OnceLock::from((format!("{scheme}://{host}"), names)),
            options,
        });
        world.update_past();
        let server = Server::spawn(Arc::clone(&world), listener, tls);
        Ok(Running { world, server, ca })
    }
}

/// A sandbox that serves until it is stopped or dropped.
#[derive(Debug)]
pub struct Running {
    world: Arc<World>,
    server: Server,
    ca: Option<PathBuf>,
}

/// Where a sandbox listens: the line that `rolewright sandbox` prints when it is ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Origins {
    /// Origin of the token endpoint, without a path.
    pub login: String,
    /// Origin of Microsoft Graph.
    pub graph: String,
    /// Origin of Azure Resource Manager.
    pub arm: String,
    /// Origin of `/metadata/endpoints` and `/sandbox/…`.
    pub metadata: String,
    /// The tenant.
    pub tenant_id: String,
    /// The first subscription.
    pub subscription_id: String,
    /// The PEM file of the certificate authority; `None` without TLS.
    pub ca: Option<PathBuf>,
}

impl Origins {
    /// Returns one line of JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Running {
    /// Returns where to reach it.
    pub fn origins(&self) -> Origins {
        let origin = self.world.origin().to_owned();
        Origins {
            login: origin.clone(),
            graph: origin.clone(),
            arm: origin.clone(),
            metadata: origin,
            tenant_id: id::TENANT.to_owned(),
            subscription_id: id::SUBSCRIPTION.to_owned(),
            ca: self.ca.clone(),
        }
    }

    /// Returns tenant time.
    pub fn now(&self) -> Timestamp {
        self.world.store.now()
    }

    /// Moves tenant time forward (backward when negative).
    pub fn advance(&self, by: SignedDuration) {
        let now = instant::plus(self.now(), by);
        if let Err(problem) = self.world.store.set_now(now) {
            tracing::error!(message = %problem.message, "the sandbox cannot keep its clock");
        }
    }

    /// Replaces the faults; counting starts anew.
    pub fn set_faults(&self, rules: Vec<FaultRule>) {
        self.world.faults.set(rules);
        self.world.update_past();
    }

    /// Returns the tenant in the form of a state file.
    pub fn state_json(&self) -> Value {
        self.world.state_json()
    }

    /// Returns every request so far, in order of their end.
    pub fn journal(&self) -> Vec<Entry> {
        self.world.journal.entries()
    }

    /// Stops serving and writes the state file.
    ///
    /// # Errors
    /// [`SandboxError::StateFile`] when the state cannot be written.
    pub async fn stop(self) -> Result<(), SandboxError> {
        self.server.stop().await;
        if let Some(file) = &self.ca {
            let _ = std::fs::remove_file(file);
        }
        self.world.store.save()
    }
}
