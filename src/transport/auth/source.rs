//! Makes the source of tokens that the settings ask for.

use std::fmt;
use std::sync::Arc;

use azure_core::credentials::TokenCredential;
use azure_core::http::ClientMethodOptions;
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, ClientAssertion, ClientAssertionCredential,
    ClientAssertionCredentialOptions, ClientSecretCredential, ClientSecretCredentialOptions, Executor,
    ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId, WorkloadIdentityCredential,
    WorkloadIdentityCredentialOptions,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use crate::clock::SharedClock;
use crate::transport::client::RequestIds;
use crate::transport::cloud::Cloud;
use crate::transport::origin::Origin;
use crate::transport::web::Web;

use super::certificate::Certificate;
use super::device::Device;
use super::error::AuthError;
use super::oidc;
use super::platform::Platform;
use super::settings::{AuthSettings, Method};
use super::token::{Token, TokenSource};

/// What every source is made from.
pub(in crate::transport) struct Surroundings {
    pub(in crate::transport) cloud: Cloud,
    pub(in crate::transport) web: Web,
    pub(in crate::transport) clock: SharedClock,
    pub(in crate::transport) ids: RequestIds,
}

/// Returns the source of tokens for `settings`. Nothing is sent yet; values that are missing are reported now.
pub(in crate::transport) fn source(
    settings: &AuthSettings,
    around: &Surroundings,
) -> Result<Arc<dyn TokenSource>, AuthError> {
    if settings.method != Method::Auto {
        return one(settings.method, settings, around);
    }
    // In this order, as Microsoft's own chain: what is configured on purpose first. A managed identity is not among them,
    // since finding out that there is none takes a time-out on every laptop.
    let order = [
        Method::ClientSecret,
        Method::ClientCertificate,
        Method::WorkloadIdentity,
        Method::GithubOidc,
        Method::AzurePipelines,
        Method::AzureCli,
    ];
    let mut links = Vec::new();
    for method in order {
        match one(method, settings, around) {
            // The first that is configured is meant: falling on to another identity when this one is refused would act as
            // somebody nobody chose.
            Ok(source) => return Ok(Arc::new(Auto { links, method, source })),
            Err(AuthError::Missing { what, .. }) => links.push((method, what)),
            Err(other) => return Err(other),
        }
    }
    Err(AuthError::Nothing { links })
}

/// The method that `auto` chose. When it turns out not to be there after all, the refusal names every method.
#[derive(Debug)]
struct Auto {
    links: Vec<(Method, String)>,
    method: Method,
    source: Arc<dyn TokenSource>,
}

#[async_trait::async_trait]
impl TokenSource for Auto {
    async fn token(&self, scope: &str) -> Result<Token, AuthError> {
        match self.source.token(scope).await {
            Err(AuthError::Missing { what, .. }) => {
                let mut links = self.links.clone();
                links.push((self.method, what));
                Err(AuthError::Nothing { links })
            }
            // The last link is a guess, not a configuration: say what else was tried.
            Err(AuthError::Failed { source, .. }) if self.method == Method::AzureCli => {
                let mut links = self.links.clone();
                links.push((self.method, source.to_string()));
                Err(AuthError::Nothing { links })
            }
            other => other,
        }
    }
}

fn one(method: Method, settings: &AuthSettings, around: &Surroundings) -> Result<Arc<dyn TokenSource>, AuthError> {
    let mut login = around.cloud.login.clone();
    let mut metadata_service = None;
    // Each is looked at by the methods that use it only: a platform may set the other for purposes of its own.
    match method {
        Method::ManagedIdentity => {
            let real = ["http://169.254.169.254", "http://169.254.169.254/"];
            let host = settings.metadata_service.as_deref().filter(|host| !real.contains(host));
            metadata_service =
                host.map(|host| origin(method, "AZURE_POD_IDENTITY_AUTHORITY_HOST", host)).transpose()?;
        }
        Method::AzureCli => {}
        _ if around.cloud.is_discovered() => {}
        _ => {
            if let Some(host) = &settings.authority_host {
                login = origin(method, "AZURE_AUTHORITY_HOST", host)?;
            }
        }
    }
    let platform = Platform { login, web: around.web.clone(), clock: around.clock.clone(), metadata_service };
    let unset = |variable: &str| AuthError::unset(method, variable);
    // What makes a method *this* method is asked first, so that `auto` names the telling variable.
    let kind = match method {
        Method::Auto => return source(settings, around),
        Method::ClientSecret => {
            Kind::Secret(settings.client_secret.clone().ok_or_else(|| unset("AZURE_CLIENT_SECRET"))?)
        }
        Method::ClientCertificate => {
            let path = settings.certificate_path.as_ref().ok_or_else(|| unset("AZURE_CLIENT_CERTIFICATE_PATH"))?;
            let certificate = Certificate::read(path, settings.send_certificate_chain)?;
            Kind::Certificate(Box::new(certificate), around.ids.clone())
        }
        Method::WorkloadIdentity => {
            Kind::Workload(settings.federated_token_file.clone().ok_or_else(|| unset("AZURE_FEDERATED_TOKEN_FILE"))?)
        }
        Method::GithubOidc => Kind::Github {
            url: settings.github_url.clone().ok_or_else(|| AuthError::Missing {
                method,
                what: "ACTIONS_ID_TOKEN_REQUEST_URL is not set (the job needs `permissions: id-token: write`)"
                    .to_owned(),
            })?,
            bearer: settings.github_token.clone().ok_or_else(|| unset("ACTIONS_ID_TOKEN_REQUEST_TOKEN"))?,
            audience: around.cloud.exchange_audience.clone(),
        },
        Method::AzurePipelines => Kind::Pipelines {
            uri: settings.pipelines_uri.clone().ok_or_else(|| unset("SYSTEM_OIDCREQUESTURI"))?,
            connection: settings
                .pipelines_connection
                .clone()
                .ok_or_else(|| unset("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID"))?,
            bearer: settings.pipelines_token.clone().ok_or_else(|| unset("SYSTEM_ACCESSTOKEN"))?,
        },
        Method::ManagedIdentity => Kind::Managed(settings.client_id.clone()),
        Method::DeviceCode => {
            let prompt = settings.prompt.clone().ok_or_else(|| AuthError::Missing {
                method,
                what: "there is no terminal to show the code on".to_owned(),
            })?;
            let client_id = settings.client_id.clone().ok_or_else(|| unset("AZURE_CLIENT_ID"))?;
            let tenant = tenant(method, settings)?;
            return Ok(Arc::new(Device { platform, tenant, client_id, prompt, refresh: Mutex::new(None) }));
        }
        Method::AzureCli => Kind::Cli(azure_identity::new_executor()),
    };
    let needs_application = !matches!(method, Method::ManagedIdentity | Method::AzureCli);
    let client_id = match settings.client_id.clone() {
        None if needs_application => return Err(unset("AZURE_CLIENT_ID")),
        id => id.unwrap_or_default(),
    };
    let tenant = match method {
        Method::ManagedIdentity => String::new(),
        _ => tenant(method, settings)?,
    };
    Ok(Arc::new(Borrowed { method, platform, tenant, client_id, kind }))
}

fn tenant(method: Method, settings: &AuthSettings) -> Result<String, AuthError> {
    let tenant = settings.tenant.clone().ok_or_else(|| AuthError::unset(method, "AZURE_TENANT_ID"))?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    if tenant.is_empty() || !tenant.chars().all(is_plain) {
        let what = "the tenant is not an id or a domain".to_owned();
        return Err(AuthError::Input { method, what, source: None });
    }
    Ok(tenant)
}

fn origin(method: Method, variable: &str, text: &str) -> Result<Origin, AuthError> {
    Origin::parse(text).map_err(|error| AuthError::Input { method, what: format!("{variable}: {error}"), source: None })
}

/// A method that `azure_identity` carries out, with the part that makes it this one.
enum Kind {
    Secret(SecretString),
    Certificate(Box<Certificate>, RequestIds),
    Workload(std::path::PathBuf),
    Github { url: String, bearer: SecretString, audience: String },
    Pipelines { uri: String, connection: String, bearer: SecretString },
    Managed(Option<String>),
    Cli(Arc<dyn Executor>),
}

struct Borrowed {
    method: Method,
    platform: Platform,
    tenant: String,
    client_id: String,
    kind: Kind,
}

impl fmt::Debug for Borrowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Borrowed")
            .field("method", &self.method)
            .field("tenant", &self.tenant)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl TokenSource for Borrowed {
    async fn token(&self, scope: &str) -> Result<Token, AuthError> {
        let (method, platform) = (self.method, &self.platform);
        match &self.kind {
            Kind::Secret(secret) => platform
                .fetch(method, scope, |client_options| {
                    let secret = secret.expose_secret().to_owned().into();
                    let options = ClientSecretCredentialOptions { client_options };
                    Ok(ClientSecretCredential::new(&self.tenant, self.client_id.clone(), secret, Some(options))?)
                })
                .await
                .map_err(|error| error.without(secret.expose_secret())),
            Kind::Certificate(certificate, ids) => {
                let audience = format!("{}/{}/oauth2/v2.0/token", platform.login, self.tenant);
                let assertion = certificate.assert(&self.client_id, &audience, platform.clock.now(), ids.next())?;
                self.exchange(scope, &assertion.into()).await
            }
            Kind::Github { url, bearer, audience } => {
                let assertion = oidc::github(platform, url, bearer, audience)
                    .await
                    .map_err(|error| error.without(bearer.expose_secret()))?;
                self.exchange(scope, &assertion).await
            }
            Kind::Pipelines { uri, connection, bearer } => {
                let assertion = oidc::pipelines(platform, uri, connection, bearer)
                    .await
                    .map_err(|error| error.without(bearer.expose_secret()))?;
                self.exchange(scope, &assertion).await
            }
            Kind::Workload(file) => {
                platform
                    .fetch(method, scope, |client_options| {
                        let options = WorkloadIdentityCredentialOptions {
                            credential_options: ClientAssertionCredentialOptions { client_options },
                            client_id: Some(self.client_id.clone()),
                            tenant_id: Some(self.tenant.clone()),
                            token_file_path: Some(file.clone()),
                        };
                        Ok(WorkloadIdentityCredential::new(Some(options))?)
                    })
                    .await
            }
            Kind::Managed(client_id) => {
                platform
                    .fetch(method, scope, |client_options| {
                        let user_assigned_id = client_id.clone().map(UserAssignedId::ClientId);
                        let options = ManagedIdentityCredentialOptions { user_assigned_id, client_options };
                        Ok(ManagedIdentityCredential::new(Some(options))?)
                    })
                    .await
            }
            Kind::Cli(executor) => {
                platform
                    .fetch(method, scope, |_| {
                        let options = AzureCliCredentialOptions {
                            tenant_id: Some(self.tenant.clone()),
                            executor: Some(Arc::clone(executor)),
                            ..AzureCliCredentialOptions::default()
                        };
                        Ok(AzureCliCredential::new(Some(options))?)
                    })
                    .await
            }
        }
    }
}

impl Borrowed {
    /// Exchanges an assertion for a token.
    async fn exchange(&self, scope: &str, assertion: &SecretString) -> Result<Token, AuthError> {
        self.platform
            .fetch(self.method, scope, |client_options| {
                let credential: Arc<dyn TokenCredential> = ClientAssertionCredential::new(
                    self.tenant.clone(),
                    self.client_id.clone(),
                    Ready(assertion.clone()),
                    Some(ClientAssertionCredentialOptions { client_options }),
                )?;
                Ok(credential)
            })
            .await
    }
}

/// An assertion that was made beforehand.
#[derive(Debug)]
struct Ready(SecretString);

#[async_trait::async_trait]
impl ClientAssertion for Ready {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        Ok(self.0.expose_secret().to_owned())
    }
}

// The stand-in for `az` is a shell.
#[cfg(all(test, unix))]
mod tests {
    use std::ffi::OsStr;
    use std::process::{Command, Output};

    use jiff::Timestamp;

    use super::*;
    use crate::clock::ManualClock;
    use crate::transport::cloud::CloudName;
    use crate::transport::web::WebSettings;

    /// Runs something else instead of `az`.
    #[derive(Debug)]
    struct Instead(&'static str);

    #[async_trait::async_trait]
    impl Executor for Instead {
        async fn run(&self, _: &OsStr, arguments: &[&OsStr]) -> std::io::Result<Output> {
            let line = arguments.last().map(|text| text.to_string_lossy().into_owned()).unwrap_or_default();
            assert!(line.contains("--tenant contoso.example") && line.contains("--scope https://g/.default"), "{line}");
            Command::new("/bin/sh").arg("-c").arg(self.0).output()
        }
    }

    fn cli(script: &'static str) -> Borrowed {
        let platform = Platform {
            login: Cloud::named(CloudName::Public).login,
            web: Web::new(WebSettings::default()),
            clock: Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH)),
            metadata_service: None,
        };
        Borrowed {
            method: Method::AzureCli,
            platform,
            tenant: "contoso.example".into(),
            client_id: String::new(),
            kind: Kind::Cli(Arc::new(Instead(script))),
        }
    }

    #[tokio::test]
    async fn the_azure_cli_gives_a_token_or_its_reason() {
        let good = r#"echo '{"accessToken":"tok","expires_on":1800000000,"tokenType":"Bearer"}'"#;
        let token = cli(good).token("https://g/.default").await.expect("a token");
        assert_eq!((token.secret().expose_secret(), token.expires().as_second()), ("tok", 1_800_000_000));
        let signed_out = "echo 'ERROR: Please run az login to setup account.' >&2; exit 1";
        let error = cli(signed_out).token("https://g/.default").await.expect_err("signed out");
        assert_eq!(error.to_string(), "azure-cli: ERROR: Please run az login to setup account.");
        let error = cli("exit 127").token("https://g/.default").await.expect_err("not installed");
        assert!(matches!(error, AuthError::Missing { .. }), "{error}");
    }
}
