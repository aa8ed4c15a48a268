//! Where a cloud's services are: built in for Microsoft's public clouds, or discovered from ARM's metadata.

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use reqwest::{Method, Request};
use serde::Deserialize;

use crate::clock::SharedClock;
use crate::wire::Api;

use super::error::TransportError;
use super::origin::{Origin, OriginError};
use super::retry;
use super::web::{Lost, Web, WebSettings};

/// The services of one cloud (graph.md 11).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cloud {
    /// `public`, `usGovernment`, `usGovernmentDoD`, `china`, or what the metadata calls itself.
    pub name: String,
    /// The identity platform, e.g. `https://login.microsoftonline.com`.
    pub login: Origin,
    /// Microsoft Graph, e.g. `https://graph.microsoft.com`.
    pub graph: Origin,
    /// Azure Resource Manager, e.g. `https://management.azure.com`.
    pub arm: Origin,
    /// The audience a foreign token needs to be exchanged here, e.g. `api://AzureADTokenExchange`.
    pub exchange_audience: String,
    discovered: bool,
}

/// A cloud that is known by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CloudName {
    /// Azure and Microsoft 365 for everyone, GCC included.
    Public,
    /// US Government L4 (GCC High).
    UsGovernment,
    /// US Government L5 (Department of Defense).
    UsGovernmentDoD,
    /// China, operated by 21Vianet.
    China,
}

impl CloudName {
    /// Returns the name as manifests write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::UsGovernment => "usGovernment",
            Self::UsGovernmentDoD => "usGovernmentDoD",
            Self::China => "china",
        }
    }
}

impl fmt::Display for CloudName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CloudName {
    type Err = CloudError;

    fn from_str(text: &str) -> Result<Self, CloudError> {
        [Self::Public, Self::UsGovernment, Self::UsGovernmentDoD, Self::China]
            .into_iter()
            .find(|name| name.as_str() == text)
            .ok_or_else(|| CloudError::Name { name: text.to_owned() })
    }
}

/// Why a cloud's services are not known. Usually a mistake in `cloud:` or `--metadata-host`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CloudError {
    /// No cloud of that name is built in.
    #[error("no cloud is called `{name}`: public, usGovernment, usGovernmentDoD or china")]
    Name {
        /// The name as given.
        name: String,
    },
    /// The metadata host is not an origin.
    #[error("--metadata-host: {0}")]
    Host(#[source] OriginError),
    /// An endpoint in the metadata is missing or not usable; the cloud's operator has to mend it.
    #[error("the metadata of {host} gives no usable `{field}`")]
    Endpoint {
        /// The metadata host.
        host: String,
        /// The JSON field, e.g. `authentication.loginEndpoint`.
        field: &'static str,
        /// What is wrong with the value; absent when there is no value.
        #[source]
        source: Option<OriginError>,
    },
    /// The host answered something that is not cloud metadata; it may not be an ARM host.
    #[error("{host} does not answer with cloud metadata (HTTP {status})")]
    NotMetadata {
        /// The metadata host.
        host: String,
        /// The HTTP status.
        status: u16,
    },
    /// The host cannot be reached.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

impl Cloud {
    /// Returns a built-in cloud.
    pub fn named(name: CloudName) -> Self {
        // Hosts: graph.md section 11.
        let (login, graph, arm, audience) = match name {
            CloudName::Public => (
                "https://login.microsoftonline.com",
                "https://graph.microsoft.com",
                "https://management.azure.com",
                "api://AzureADTokenExchange",
            ),
            CloudName::UsGovernment => (
                "https://login.microsoftonline.us",
                "https://graph.microsoft.us",
                "https://management.usgovcloudapi.net",
                "api://AzureADTokenExchangeUSGov",
            ),
            CloudName::UsGovernmentDoD => (
                "https://login.microsoftonline.us",
                "https://dod-graph.microsoft.us",
                "https://management.usgovcloudapi.net",
                "api://AzureADTokenExchangeUSGov",
            ),
            CloudName::China => (
                "https://login.chinacloudapi.cn",
                "https://microsoftgraph.chinacloudapi.cn",
                "https://management.chinacloudapi.cn",
                "api://AzureADTokenExchangeChina",
            ),
        };
        Self {
            name: name.as_str().to_owned(),
            login: Origin::known(login),
            graph: Origin::known(graph),
            arm: Origin::known(arm),
            exchange_audience: audience.to_owned(),
            discovered: false,
        }
    }

    /// Returns a cloud whose services are at these origins, as if its metadata had said so.
    pub fn at(name: &str, login: Origin, graph: Origin, arm: Origin) -> Self {
        Self {
            name: name.to_owned(),
            login,
            graph,
            arm,
            exchange_audience: "api://AzureADTokenExchange".to_owned(),
            discovered: true,
        }
    }

    /// Asks ARM's metadata at `host` (`https://host[:port]`, `host[:port]`, or plain http on loopback) where the cloud's
    /// services are: `GET {host}/metadata/endpoints?api-version=2022-09-01`, without a token. The document may begin with a
    /// byte order mark. Note that the US Government's metadata names the L4 Graph; DoD tenants name their cloud instead.
    ///
    /// # Errors
    /// [`CloudError::Host`] when `host` is no origin, [`CloudError::Transport`] when it cannot be reached,
    /// [`CloudError::NotMetadata`] or [`CloudError::Endpoint`] when its answer does not serve; an endpoint that is plain
    /// http on another machine is refused like a flag that says so.
    pub async fn discover(host: &str, web: &WebSettings, clock: &SharedClock) -> Result<Self, CloudError> {
        let origin = Origin::parse(host).map_err(CloudError::Host)?;
        let path = "/metadata/endpoints?api-version=2022-09-01";
        let url = origin
            .at(path)
            .ok_or_else(|| TransportError::Address { path: path.to_owned(), host: origin.to_string() })?;
        let web = Web::new(web.clone());
        let mut attempt = 0_u32;
        let reply = loop {
            attempt += 1;
            let answered = web.send(Request::new(Method::GET, url.clone())).await;
            let wait = SignedDuration::from_secs(1 << attempt.min(4));
            match answered {
                Ok(reply) if matches!(reply.status, 429 | 502..=504) && attempt < 4 => {
                    let asked = retry::retry_after(&reply.headers, clock.now()).unwrap_or(wait);
                    clock.sleep(asked.min(SignedDuration::from_secs(60))).await;
                }
                Err(Lost::NotSent(cause) | Lost::Unknown(cause)) if attempt < 3 && !retry::is_hopeless(&cause) => {
                    clock.sleep(wait).await;
                }
                Ok(reply) => break reply,
                Err(lost) => return Err(lost.into_error(&url).into()),
            }
        };
        let not_metadata = || CloudError::NotMetadata { host: origin.to_string(), status: reply.status };
        if reply.status != 200 {
            return Err(not_metadata());
        }
        let body = reply.body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&reply.body);
        let metadata: Metadata = serde_json::from_slice(body).map_err(|_| not_metadata())?;
        Self::from_metadata(&origin, metadata)
    }

    fn from_metadata(origin: &Origin, metadata: Metadata) -> Result<Self, CloudError> {
        let endpoint = |field: &'static str, value: Option<String>| match value.map(|text| Origin::parse(&text)) {
            Some(Ok(found)) => Ok(found),
            Some(Err(source)) => Err(CloudError::Endpoint { host: origin.to_string(), field, source: Some(source) }),
            None => Err(CloudError::Endpoint { host: origin.to_string(), field, source: None }),
        };
        let name = metadata.name.unwrap_or_else(|| origin.to_string());
        let exchange_audience = match name.as_str() {
            "AzureUSGovernment" => "api://AzureADTokenExchangeUSGov",
            "AzureChinaCloud" => "api://AzureADTokenExchangeChina",
            "USNat" => "api://AzureADTokenExchangeUSNat",
            "USSec" => "api://AzureADTokenExchangeUSSec",
            _ => "api://AzureADTokenExchange",
        };
        Ok(Self {
            exchange_audience: exchange_audience.to_owned(),
            name,
            login: endpoint(
                "authentication.loginEndpoint",
                metadata.authentication.and_then(|authentication| authentication.login_endpoint),
            )?,
            graph: endpoint("microsoftGraphResourceId", metadata.microsoft_graph_resource_id)?,
            arm: endpoint("resourceManager", metadata.resource_manager)?,
            discovered: true,
        })
    }

    /// Tells whether the services came from a metadata host rather than from our own table.
    pub fn is_discovered(&self) -> bool {
        self.discovered
    }

    /// Returns the origin that serves `api`.
    pub fn origin(&self, api: Api) -> &Origin {
        match api {
            Api::Graph | Api::GraphBeta => &self.graph,
            Api::Arm => &self.arm,
        }
    }

    /// Returns the scope to ask a token for, e.g. `https://graph.microsoft.com/.default`.
    pub fn scope(&self, api: Api) -> String {
        format!("{}/.default", self.origin(api))
    }
}

/// The part of the metadata document that we use (graph.md 11). `graph` is the retired Azure AD Graph.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: Option<String>,
    authentication: Option<Authentication>,
    resource_manager: Option<String>,
    microsoft_graph_resource_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Authentication {
    login_endpoint: Option<String>,
}
