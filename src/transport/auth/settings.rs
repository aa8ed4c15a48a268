//! How we prove who we are: the methods, and the values each needs, read once by the caller.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use secrecy::SecretString;

use super::error::AuthError;

/// A way to get a token (`--auth`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Method {
    /// The first of the others that is configured: client secret, client certificate, workload identity, GitHub OIDC,
    /// Azure Pipelines, Azure CLI.
    #[default]
    Auto,
    /// An application's secret.
    ClientSecret,
    /// An application's certificate and private key, in one PEM file.
    ClientCertificate,
    /// A federated token in a file that somebody renews (Kubernetes, GitLab).
    WorkloadIdentity,
    /// The token of a GitHub Actions job with `permissions: id-token: write`.
    GithubOidc,
    /// A service connection of Azure Pipelines.
    AzurePipelines,
    /// The identity of the Azure machine or app we run on.
    ManagedIdentity,
    /// A person signs in on another device; needs an app registration of one's own, since PIM in Graph refuses tokens of
    /// Microsoft's own command lines.
    DeviceCode,
    /// Whoever `az` is signed in as. Good for ARM; in Graph only when that is a service principal.
    AzureCli,
}

impl Method {
    /// Every method, in the order of `--help`.
    pub const ALL: [Self; 9] = [
        Self::Auto,
        Self::ClientSecret,
        Self::ClientCertificate,
        Self::WorkloadIdentity,
        Self::GithubOidc,
        Self::AzurePipelines,
        Self::ManagedIdentity,
        Self::DeviceCode,
        Self::AzureCli,
    ];

    /// Returns the method's name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::ClientSecret => "client-secret",
            Self::ClientCertificate => "client-certificate",
            Self::WorkloadIdentity => "workload-identity",
            Self::GithubOidc => "github-oidc",
            Self::AzurePipelines => "azure-pipelines",
            Self::ManagedIdentity => "managed-identity",
            Self::DeviceCode => "device-code",
            Self::AzureCli => "azure-cli",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Method {
    type Err = AuthError;

    fn from_str(text: &str) -> Result<Self, AuthError> {
        Self::ALL
            .into_iter()
            .find(|method| method.as_str() == text)
            .ok_or_else(|| AuthError::UnknownMethod { name: text.to_owned() })
    }
}

/// What a person needs to sign in on another device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DevicePrompt {
    /// The code to type, e.g. `E8RWQ2XJK`.
    pub user_code: String,
    /// Where to type it, e.g. `https://microsoft.com/devicelogin`.
    pub verification_uri: String,
    /// Microsoft's own sentence with both.
    pub message: String,
}

/// Shows a [`DevicePrompt`] to a person; this room never prints.
#[derive(Clone)]
pub struct ShowPrompt(Arc<dyn Fn(&DevicePrompt) + Send + Sync>);

impl ShowPrompt {
    /// Returns a prompt that calls `show` once per sign-in.
    pub fn new(show: impl Fn(&DevicePrompt) + Send + Sync + 'static) -> Self {
        Self(Arc::new(show))
    }

    pub(super) fn show(&self, prompt: &DevicePrompt) {
        (self.0)(prompt);
    }
}

impl fmt::Debug for ShowPrompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShowPrompt")
    }
}

/// A method and the values it may use. Secrets print as `[REDACTED]`.
#[derive(Debug, Clone, Default)]
pub struct AuthSettings {
    /// The method.
    pub method: Method,
    /// The tenant's id (`AZURE_TENANT_ID`). The caller fills in the manifest's when the environment names none.
    pub tenant: Option<String>,
    /// The application's client id (`AZURE_CLIENT_ID`).
    pub client_id: Option<String>,
    /// `AZURE_CLIENT_SECRET`.
    pub client_secret: Option<SecretString>,
    /// A PEM file with certificate and private key (`AZURE_CLIENT_CERTIFICATE_PATH`).
    pub certificate_path: Option<PathBuf>,
    /// Whether the certificate's chain is sent along, for subject-name/issuer authentication
    /// (`AZURE_CLIENT_SEND_CERTIFICATE_CHAIN` is `true` or `1`).
    pub send_certificate_chain: bool,
    /// `AZURE_FEDERATED_TOKEN_FILE`.
    pub federated_token_file: Option<PathBuf>,
    /// `ACTIONS_ID_TOKEN_REQUEST_URL`.
    pub github_url: Option<String>,
    /// `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
    pub github_token: Option<SecretString>,
    /// `SYSTEM_OIDCREQUESTURI`.
    pub pipelines_uri: Option<String>,
    /// `SYSTEM_ACCESSTOKEN`.
    pub pipelines_token: Option<SecretString>,
    /// `AZURESUBSCRIPTION_SERVICE_CONNECTION_ID`.
    pub pipelines_connection: Option<String>,
    /// Another login origin for a built-in cloud (`AZURE_AUTHORITY_HOST`); a discovered cloud's own wins.
    pub authority_host: Option<String>,
    /// Another origin of the instance metadata service than `http://169.254.169.254`, loopback or https only
    /// (`AZURE_POD_IDENTITY_AUTHORITY_HOST`, as in Microsoft's other SDKs).
    pub metadata_service: Option<String>,
    /// Shows the device code; without it the method `device-code` is not available.
    pub prompt: Option<ShowPrompt>,
}

impl AuthSettings {
    /// Reads the values from `lookup`, usually the environment; empty values count as absent. The names are those of
    /// Microsoft's azure-identity libraries. One exception: whether an App Service's managed identity is used
    /// (`IDENTITY_ENDPOINT`, `IDENTITY_HEADER`) is read by `azure_identity` from the process itself.
    pub fn from_lookup(method: Method, lookup: &dyn Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        let either = |first: &str, second: &str| get(first).or_else(|| get(second));
        Self {
            method,
            tenant: either("AZURE_TENANT_ID", "AZURESUBSCRIPTION_TENANT_ID"),
            client_id: either("AZURE_CLIENT_ID", "AZURESUBSCRIPTION_CLIENT_ID"),
            client_secret: get("AZURE_CLIENT_SECRET").map(Into::into),
            certificate_path: get("AZURE_CLIENT_CERTIFICATE_PATH").map(PathBuf::from),
            send_certificate_chain: get("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN")
                .is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("true")),
            federated_token_file: get("AZURE_FEDERATED_TOKEN_FILE").map(PathBuf::from),
            github_url: get("ACTIONS_ID_TOKEN_REQUEST_URL"),
            github_token: get("ACTIONS_ID_TOKEN_REQUEST_TOKEN").map(Into::into),
            pipelines_uri: get("SYSTEM_OIDCREQUESTURI"),
            pipelines_token: get("SYSTEM_ACCESSTOKEN").map(Into::into),
            pipelines_connection: get("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID"),
            authority_host: get("AZURE_AUTHORITY_HOST"),
            metadata_service: get("AZURE_POD_IDENTITY_AUTHORITY_HOST"),
            prompt: None,
        }
    }

    /// Returns settings for an application with a secret, e.g. one of the embedded tenant's.
    pub fn client_secret(tenant: &str, client_id: &str, secret: &str) -> Self {
        Self {
            method: Method::ClientSecret,
            tenant: Some(tenant.to_owned()),
            client_id: Some(client_id.to_owned()),
            client_secret: Some(secret.to_owned().into()),
            ..Self::default()
        }
    }
}
