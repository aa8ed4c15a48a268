//! From flags and a manifest to a client: the cloud, or the embedded tenant, which is one more cloud.

use std::path::Path;
#[cfg(feature = "sandbox")]
use std::path::PathBuf;
use std::sync::Arc;

use jiff::SignedDuration;

use crate::cli::context::Context;
use crate::cli::fault::Fault;
use crate::clock::{SharedClock, SystemClock};
use crate::core::id::{PrincipalId, TenantId};
use crate::core::plan::Plan;
use crate::manifest::TenantHead;
use crate::manifest::kind::tenant::ApplyAs;
use crate::transport::{AuthSettings, Client, Cloud, CloudName, ConnectSettings, Method, ShowPrompt, WebSettings};
use crate::wire::Api;

/// What a verb does to the tenant, which decides who it signs in as in the embedded one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Only reads.
    Read,
    /// Writes.
    Write,
}

/// Which tenant is meant, and who says so.
#[derive(Debug, Clone)]
pub(crate) struct Meant {
    /// The tenant.
    pub tenant: TenantId,
    /// Its cloud.
    pub cloud: String,
    /// Who will apply.
    pub is_for_user: bool,
    /// What says so, e.g. `the manifests (tenant.yaml:5:13)`.
    pub by: String,
}

impl From<&TenantHead> for Meant {
    fn from(head: &TenantHead) -> Self {
        Self {
            tenant: head.tenant_id.clone(),
            cloud: head.cloud.as_str().to_owned(),
            is_for_user: head.apply_as == ApplyAs::User,
            by: format!("the manifests ({})", head.at),
        }
    }
}

impl From<&Plan> for Meant {
    fn from(plan: &Plan) -> Self {
        Self {
            tenant: plan.tenant_id.clone(),
            cloud: plan.cloud.clone(),
            is_for_user: plan.basis.tenant.apply_as == crate::core::state::ApplyAs::User,
            by: "the plan".to_owned(),
        }
    }
}

/// A client, and the embedded tenant when there is one.
pub(crate) struct Connection {
    /// The client.
    pub client: Client,
    /// How to wait.
    pub clock: SharedClock,
    /// The object id of whoever writes, where the token tells; nothing when this connection only reads.
    pub applier: Option<PrincipalId>,
    #[cfg(feature = "sandbox")]
    embedded: Option<Arc<crate::sandbox::Running>>,
}

impl Connection {
    /// Connects, and makes sure that the token is one of the manifest's tenant before anything is read (design.md 2).
    ///
    /// # Errors
    /// When a flag or the environment is unusable, no token can be had, or it belongs to another tenant.
    pub(crate) async fn open(context: &Context, path: &Path, meant: &Meant, purpose: Purpose) -> Result<Self, Fault> {
        let mut connection = Self::connect(context, path, meant, purpose).await?;
        let claims = connection.client.claims(Api::Graph).await?;
        connection.applier = claims.object.as_deref().filter(|_| purpose == Purpose::Write).map(PrincipalId::new);
        if purpose == Purpose::Write && meant.is_for_user && claims.is_application() {
            let message = "the Tenant says `applyAs: user`, but the token is an application's, which can never satisfy \
                           multifactor authentication";
            return Err(
                Fault::error(message).help("sign in as a person (`--auth device-code`), or correct `spec.applyAs`")
            );
        }
        match claims.tenant.as_deref() {
            Some(tenant) if tenant.eq_ignore_ascii_case(meant.tenant.as_str()) => Ok(connection),
            Some(tenant) => {
                let message = format!("the token belongs to tenant {tenant}, {} to {}", meant.by, meant.tenant);
                Err(Fault::error(message).help("sign in to the right tenant, or correct `spec.tenantId`"))
            }
            None => Err(Fault::error("the token does not say which tenant it belongs to (no `tid` claim)")),
        }
    }

    async fn connect(context: &Context, path: &Path, meant: &Meant, purpose: Purpose) -> Result<Self, Fault> {
        #[cfg(feature = "sandbox")]
        if context.flags.sandbox {
            return Self::embedded(context, path, purpose).await;
        }
        let _ = (path, purpose);
        let clock: SharedClock = context.clock.clone().unwrap_or_else(|| Arc::new(SystemClock));
        let method: Method = context.flags.auth.parse().map_err(|error| Fault::usage(format!("--auth: {error}")))?;
        let mut auth = AuthSettings::from_lookup(method, &|name| context.environment(name));
        if auth.tenant.is_none() {
            auth.tenant = Some(meant.tenant.to_string());
        }
        auth.prompt = Some(ShowPrompt::new(|prompt| {
            use std::io::Write as _;
            let text = crate::render::escape::terminal(&prompt.message).into_owned();
            let _ = writeln!(std::io::stderr().lock(), "{text}");
        }));
        let web = WebSettings { ca_file: context.flags.ca_file.clone(), ..WebSettings::default() };
        let cloud = match &context.flags.metadata_host {
            Some(host) => Cloud::discover(host, &web, &clock).await.map_err(|error| Fault::error(error.to_string()))?,
            None => {
                let name: CloudName = (meant.cloud.parse())
                    .map_err(|_| Fault::error(format!("unknown cloud `{}`: {} names it", meant.cloud, meant.by)))?;
                Cloud::named(name)
            }
        };
        let client = Client::connect(settings(context, cloud, auth, web), clock.clone()).await?;
        Ok(Self {
            client,
            clock,
            applier: None,
            #[cfg(feature = "sandbox")]
            embedded: None,
        })
    }

    #[cfg(feature = "sandbox")]
    async fn embedded(context: &Context, path: &Path, purpose: Purpose) -> Result<Self, Fault> {
        use crate::clock::ManualClock;
        use crate::sandbox::{ClockSetting, Sandbox, SandboxOptions};
        let mut options = SandboxOptions {
            seed: context.flags.sandbox_seed.clone(),
            state: Some(folder(path).join(".rolewright").join("sandbox.json")),
            ..SandboxOptions::default()
        };
        if let Some(text) = &context.flags.clock {
            let setting: ClockSetting = text.parse().map_err(|error| Fault::usage(format!("--clock: {error}")))?;
            if let ClockSetting::At(now) = setting {
                // an instant stands still, so that equal runs print equal plans
                options.base = Arc::new(ManualClock::new(now));
            }
            options.clock = Some(setting);
        }
        let running = Sandbox::start(options).await.map_err(|error| {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            Fault::error(format!("{error}{cause}")).help("delete `.rolewright/sandbox.json` to begin with a new tenant")
        })?;
        let origins = running.origins();
        let running = Arc::new(running);
        let clock: SharedClock = Arc::new(EmbeddedClock(running.clone()));
        let web = WebSettings::default();
        let cloud =
            Cloud::discover(&origins.metadata, &web, &clock).await.map_err(|error| Fault::error(error.to_string()))?;
        let app = match purpose {
            Purpose::Read => "00000000-0000-4000-8000-0000000000a1",
            Purpose::Write => "00000000-0000-4000-8000-0000000000a2",
        };
        let auth = AuthSettings::client_secret(&origins.tenant_id, app, "sandbox");
        let client = Client::connect(settings(context, cloud, auth, web), clock.clone()).await?;
        Ok(Self { client, clock, applier: None, embedded: Some(running) })
    }

    /// Ends the connection; the embedded tenant keeps its state.
    pub(crate) async fn close(self) -> Result<(), Fault> {
        #[cfg(feature = "sandbox")]
        if let Some(running) = self.embedded {
            drop((self.client, self.clock));
            if let Ok(running) = Arc::try_unwrap(running) {
                running.stop().await.map_err(|error| Fault::error(error.to_string()))?;
            }
        }
        Ok(())
    }
}

fn settings(context: &Context, cloud: Cloud, auth: AuthSettings, web: WebSettings) -> ConnectSettings {
    let mut settings = ConnectSettings::new(cloud, auth);
    settings.web = web;
    settings.concurrency = usize::from(context.flags.concurrency);
    settings.time_limit = SignedDuration::from_secs(i64::from(context.flags.timeout));
    settings
}

/// Returns the folder that holds the manifests.
#[cfg(feature = "sandbox")]
fn folder(path: &Path) -> PathBuf {
    match path.is_file() {
        true => path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_path_buf(),
        false => path.to_path_buf(),
    }
}

/// The embedded tenant's time. Nobody has to sit through its five-minute rule: waiting moves its clock.
#[cfg(feature = "sandbox")]
#[derive(Debug)]
struct EmbeddedClock(Arc<crate::sandbox::Running>);

#[cfg(feature = "sandbox")]
impl crate::clock::Clock for EmbeddedClock {
    fn now(&self) -> jiff::Timestamp {
        self.0.now()
    }

    fn sleep(&self, duration: SignedDuration) -> crate::clock::Wait {
        if duration > SignedDuration::ZERO {
            self.0.advance(duration);
        }
        Box::pin(tokio::task::yield_now())
    }
}
