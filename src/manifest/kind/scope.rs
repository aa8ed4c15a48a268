//! The `Scope` document: a name for a place where roles hold.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::core::id::ObjectId;
use crate::core::name::{Handle, NameKind, Reference};
use crate::core::scope::{ArmScope, ArmScopeKind};
use crate::core::target::Surface;
use crate::manifest::kind::principal::handle;
use crate::manifest::kind::text;

/// The name of the scope that needs no document: the whole directory.
pub const TENANT_SCOPE: &str = "tenant";

/// A place where roles hold, under a name for other manifests. `tenant`, the whole directory, is predefined; a full id of an Azure
/// scope needs no Scope.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged, rename_all_fields = "camelCase", deny_unknown_fields)]
#[schemars(title = "Scope")]
pub enum Scope {
    /// The members of an administrative unit (directory roles).
    #[schemars(title = "administrative unit", example = serde_json::json!({"administrativeUnit": "EMEA Users"}))]
    AdministrativeUnit {
        /// The administrative unit's display name, or `{id: …}`.
        administrative_unit: UnitHandle,
    },
    /// One app registration (directory roles).
    #[schemars(
        title = "app registration",
        example = serde_json::json!({"application": {"displayName": "Payroll App"}})
    )]
    Application {
        /// The app registration: by application id, display name, or object id.
        application: ApplicationHandle,
    },
    /// One enterprise application (directory roles).
    #[schemars(
        title = "enterprise application",
        example = serde_json::json!({"enterpriseApplication": {"displayName": "Payroll App"}})
    )]
    EnterpriseApplication {
        /// The service principal: by application id, display name, or object id.
        enterprise_application: ApplicationHandle,
    },
    /// A management group (Azure roles).
    #[schemars(title = "management group", example = serde_json::json!({"managementGroup": "platform"}))]
    ManagementGroup {
        /// The management group's id (its name in paths) or display name.
        #[schemars(with = "text::Name")]
        management_group: String,
    },
    /// A subscription or one of its resource groups (Azure roles).
    #[schemars(
        title = "subscription",
        example = serde_json::json!({"subscription": "prod-core"}),
        example = serde_json::json!({"subscription": "prod-core", "resourceGroup": "rg-net"})
    )]
    Subscription {
        /// The subscription's display name or id. A name that several have is an error.
        #[schemars(with = "text::Name")]
        subscription: String,
        /// A resource group of the subscription, by name; the whole subscription when absent.
        #[schemars(regex(pattern = r"^[-\p{L}\p{Nd}_.()]{0,89}[-\p{L}\p{Nd}_()]$"), extend("patternErrorMessage" = "Expected the name of a resource group: at most 90 letters, digits and -_.(), without a period at the end"))]
        resource_group: Option<String>,
    },
    /// One resource (Azure roles).
    #[schemars(title = "resource")]
    Resource {
        /// The full id of the resource.
        #[schemars(with = "text::ArmId")]
        resource: ArmScope,
    },
    /// Every scope of some kinds below a management group, whatever is there when the plan is made (Azure role settings only).
    #[schemars(
        title = "fan-out",
        example = serde_json::json!({"under": {"managementGroup": "corp", "kinds": ["subscription", "resourceGroup"]}})
    )]
    Under {
        /// Which scopes are meant.
        under: Under,
    },
}

/// How messages speak of the scopes of a surface.
pub(crate) struct ScopeWords {
    /// What is said of one that stands where another kind belongs.
    pub(crate) is: &'static str,
    /// What one may be.
    pub(crate) any: &'static str,
}

impl ScopeWords {
    /// Returns the words for the scopes at which roles of a surface hold; none for groups, each of which is its own scope.
    pub(crate) const fn of(surface: Surface) -> Option<Self> {
        match surface {
            Surface::Directory => {
                Some(Self { is: "belongs to the directory", any: "`tenant`, an administrative unit or an application" })
            }
            Surface::Azure => Some(Self { is: "is an Azure scope", any: "an Azure scope" }),
            Surface::Group => None,
        }
    }
}

/// An administrative unit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(title = "Administrative unit")]
pub enum UnitHandle {
    /// By display name.
    Name(#[schemars(with = "text::Name")] String),
    /// By object id.
    Id(ById),
}

/// An object by its id.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "By id")]
pub struct ById {
    /// The object id.
    #[schemars(with = "text::Guid")]
    pub id: ObjectId,
}

/// An application, by one of the three names it has.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged, rename_all_fields = "camelCase", deny_unknown_fields)]
#[schemars(title = "Application")]
pub enum ApplicationHandle {
    /// By application (client) id.
    #[schemars(title = "application id")]
    AppId {
        /// The application (client) id.
        #[schemars(with = "text::Guid")]
        app_id: String,
    },
    /// By display name.
    #[schemars(title = "display name")]
    DisplayName {
        /// The display name. It must be unique in the tenant.
        #[schemars(with = "text::Name")]
        display_name: String,
    },
    /// By object id.
    #[schemars(title = "object id")]
    Id {
        /// The object id.
        #[schemars(with = "text::Guid")]
        id: ObjectId,
    },
}

/// Scopes below a management group.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "Fan-out")]
pub struct Under {
    /// The management group's id (its name in paths) or display name.
    #[schemars(with = "text::Name")]
    pub management_group: String,
    /// Which kinds of scope are meant.
    #[schemars(length(min = 1))]
    pub kinds: Vec<ScopeKind>,
}

/// A kind of Azure scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "Kind of Azure scope")]
pub enum ScopeKind {
    /// Management groups.
    ManagementGroup,
    /// Subscriptions.
    Subscription,
    /// Resource groups.
    ResourceGroup,
}

impl From<ScopeKind> for ArmScopeKind {
    fn from(kind: ScopeKind) -> Self {
        match kind {
            ScopeKind::ManagementGroup => Self::ManagementGroup,
            ScopeKind::Subscription => Self::Subscription,
            ScopeKind::ResourceGroup => Self::ResourceGroup,
        }
    }
}

impl Scope {
    /// Returns the surface whose roles hold there.
    pub fn surface(&self) -> Surface {
        match self {
            Self::AdministrativeUnit { .. } | Self::Application { .. } | Self::EnterpriseApplication { .. } => {
                Surface::Directory
            }
            Self::ManagementGroup { .. } | Self::Subscription { .. } | Self::Resource { .. } | Self::Under { .. } => {
                Surface::Azure
            }
        }
    }

    /// Returns what is to be looked up, with the manifest key that holds it; a resource needs no look-up.
    pub fn reference(&self) -> Option<(&'static str, Reference)> {
        Some(match self {
            Self::AdministrativeUnit { administrative_unit } => (
                "administrativeUnit",
                Reference::new(
                    NameKind::AdministrativeUnit,
                    match administrative_unit {
                        UnitHandle::Name(name) => handle(name),
                        UnitHandle::Id(by) => Handle::Id(by.id.as_str().to_owned()),
                    },
                ),
            ),
            Self::Application { application } => {
                ("application", Reference::new(NameKind::Application, application.handle()))
            }
            Self::EnterpriseApplication { enterprise_application } => (
                "enterpriseApplication",
                Reference::new(NameKind::EnterpriseApplication, enterprise_application.handle()),
            ),
            Self::ManagementGroup { management_group } => (
                "managementGroup",
                // the id of a management group may have the form of a GUID and is its name all the same
                Reference::new(NameKind::ManagementGroup, Handle::Name(management_group.clone())),
            ),
            Self::Subscription { subscription, .. } => {
                ("subscription", Reference::new(NameKind::Subscription, handle(subscription)))
            }
            Self::Under { under } => {
                ("under", Reference::new(NameKind::ManagementGroup, Handle::Name(under.management_group.clone())))
            }
            Self::Resource { .. } => return None,
        })
    }
}

impl ApplicationHandle {
    /// Returns the handle to look up.
    pub fn handle(&self) -> Handle {
        match self {
            Self::AppId { app_id } => Handle::AppId(app_id.to_ascii_lowercase()),
            Self::DisplayName { display_name } => Handle::Name(display_name.clone()),
            Self::Id { id } => Handle::Id(id.as_str().to_owned()),
        }
    }
}
