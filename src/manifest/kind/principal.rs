//! How manifests name users, groups and service principals.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::core::id::{PrincipalId, is_guid};
use crate::core::name::{Handle, NameKind, Reference};
use crate::core::principal::PrincipalType;
use crate::manifest::kind::text;

/// Somebody who holds access: a user by user principal name, a group or service principal by display name, or any of them by
/// object id and type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema)]
#[serde(untagged, rename_all_fields = "camelCase", deny_unknown_fields)]
#[schemars(title = "Principal")]
pub enum Principal {
    /// A user, by user principal name.
    #[schemars(title = "user", example = serde_json::json!({"user": "alice@contoso.example"}))]
    User {
        /// The user principal name, e.g. `alice@contoso.example`.
        #[schemars(with = "text::Name")]
        user: String,
    },
    /// A group, by display name.
    #[schemars(title = "group", example = serde_json::json!({"group": "sg-helpdesk-emea"}))]
    Group {
        /// The display name of the group. It must be unique in the tenant.
        #[schemars(with = "text::Name")]
        group: String,
    },
    /// A service principal (enterprise application or managed identity), by display name.
    #[schemars(title = "service principal", example = serde_json::json!({"servicePrincipal": "CI Deployer"}))]
    ServicePrincipal {
        /// The display name of the service principal. It must be unique in the tenant.
        #[schemars(with = "text::Name")]
        service_principal: String,
    },
    /// Any principal, by object id.
    #[schemars(
        title = "id and type",
        example = serde_json::json!({"id": "6f0e5a00-0000-4000-8000-00000000000a", "type": "user"})
    )]
    Id {
        /// The object id. Always unambiguous.
        #[schemars(with = "text::Guid")]
        id: PrincipalId,
        /// What kind of principal it is.
        #[serde(rename = "type")]
        #[schemars(with = "Type")]
        kind: PrincipalType,
    },
}

/// A user, a group, or a service principal.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PrincipalType", title = "Principal type")]
#[expect(dead_code, reason = "describes a type of the core")]
enum Type {
    /// A user.
    User,
    /// A group.
    Group,
    /// A service principal, managed identities included.
    ServicePrincipal,
}

impl Principal {
    /// Returns what is to be looked up. A name in the form of a GUID is an object id.
    pub fn reference(&self) -> Reference {
        let handle = match self {
            Self::User { user: name }
            | Self::Group { group: name }
            | Self::ServicePrincipal { service_principal: name } => handle(name),
            Self::Id { id, .. } => Handle::Id(id.as_str().to_owned()),
        };
        Reference::new(NameKind::Principal(self.kind()), handle)
    }

    /// Returns the type that the manifest states.
    pub fn kind(&self) -> PrincipalType {
        match self {
            Self::User { .. } => PrincipalType::User,
            Self::Group { .. } => PrincipalType::Group,
            Self::ServicePrincipal { .. } => PrincipalType::ServicePrincipal,
            Self::Id { kind, .. } => *kind,
        }
    }

    /// Returns the manifest key that holds the name: `user`, `group`, `servicePrincipal` or `id`.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Id { .. } => "id",
            named => named.kind().as_str(),
        }
    }
}

/// Returns the handle of a name: by id when it has the form of a GUID.
pub(crate) fn handle(name: &str) -> Handle {
    match is_guid(name) {
        true => Handle::Id(name.to_ascii_lowercase()),
        false => Handle::Name(name.to_owned()),
    }
}
