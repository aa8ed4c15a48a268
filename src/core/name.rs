//! Names as manifests write them, and what the tenant says they mean.
//!
//! Resolution is exact: one object or an error that lists the candidates. Looking names up is `reconcile`'s work; this is the
//! language that it and the manifests share.

use std::collections::BTreeMap;
use std::fmt;

use crate::core::id::{ObjectId, RoleId};
use crate::core::principal::{Principal, PrincipalType};
use crate::core::scope::ArmScope;

/// What kind of object a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NameKind {
    /// A principal of the given type.
    Principal(PrincipalType),
    /// A principal known by id whose type the manifest states.
    AdministrativeUnit,
    /// An app registration.
    Application,
    /// A service principal as a scope.
    EnterpriseApplication,
    /// A directory role.
    DirectoryRole,
    /// An Azure role.
    AzureRole,
    /// A management group, by name (its id in paths) or display name.
    ManagementGroup,
    /// A subscription, by display name or id.
    Subscription,
    /// An authentication context `c1` to `c99`.
    AuthenticationContext,
}

impl NameKind {
    /// Returns the words used in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Principal(PrincipalType::User) => "user",
            Self::Principal(PrincipalType::Group) => "group",
            Self::Principal(PrincipalType::ServicePrincipal) => "service principal",
            Self::AdministrativeUnit => "administrative unit",
            Self::Application => "app registration",
            Self::EnterpriseApplication => "enterprise application",
            Self::DirectoryRole => "directory role",
            Self::AzureRole => "Azure role",
            Self::ManagementGroup => "management group",
            Self::Subscription => "subscription",
            Self::AuthenticationContext => "authentication context",
        }
    }
}

/// How the manifest names the object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Handle {
    /// By object id (or the GUID of a role, or the id of a subscription).
    Id(String),
    /// By application id.
    AppId(String),
    /// By the name people know: the user principal name of a user, the display name of the rest.
    Name(String),
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(text) => write!(f, "id {text}"),
            Self::AppId(text) => write!(f, "appId {text}"),
            Self::Name(text) => f.write_str(text),
        }
    }
}

/// A name to be looked up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// What it stands for.
    pub kind: NameKind,
    /// How it is written.
    pub handle: Handle,
}

impl Reference {
    /// Returns a reference.
    pub fn new(kind: NameKind, handle: Handle) -> Self {
        Self { kind, handle }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.kind.as_str(), self.handle)
    }
}

/// What a name means in this tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// A principal.
    Principal(Principal),
    /// An object that is a directory scope, with its display name.
    Object {
        /// Its object id.
        id: ObjectId,
        /// Its display name.
        name: String,
    },
    /// A role definition, with its display name.
    Role {
        /// Its id.
        id: RoleId,
        /// Its display name.
        name: String,
    },
    /// An Azure scope, with its display name.
    Azure {
        /// The scope.
        scope: ArmScope,
        /// Its display name.
        name: String,
    },
    /// It exists, and its text is its identity (authentication contexts).
    Exists,
}

/// The outcome of looking one name up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// Exactly one object.
    One(Meaning),
    /// Nothing; with similar names, when some are known.
    None {
        /// Names that look alike.
        similar: Vec<String>,
    },
    /// Several; each as `display name (id)`.
    Several {
        /// The candidates, sorted.
        candidates: Vec<String>,
    },
    /// The tenant did not let it be looked up (refused, throttled, unreachable): not the same as absent.
    Unreadable {
        /// Why.
        why: String,
    },
}

/// All names of a run with their meanings.
pub type Names = BTreeMap<Reference, Lookup>;
