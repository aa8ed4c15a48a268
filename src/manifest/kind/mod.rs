//! The kinds of document that manifests hold, one type each. Their documentation comments are the schemas' descriptions.

pub mod assignment;
pub mod metadata;
pub mod principal;
pub mod role;
pub mod role_definition;
pub mod role_settings;
pub mod scope;
pub mod setting;
pub mod tenant;
pub mod text;

use serde_json::Value;

use crate::manifest::kind::assignment::{ActiveAssignment, AssignmentView, EligibleAssignment};
use crate::manifest::kind::role_definition::{AzureRoleDefinition, DirectoryRoleDefinition};
use crate::manifest::kind::role_settings::{RoleSettings, SettingsProfile};
use crate::manifest::kind::scope::Scope;
use crate::manifest::kind::tenant::Tenant;

macro_rules! kinds {
    ($($name:ident: $about:literal,)*) => {
        /// A kind of document.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $(#[doc = $about] $name,)*
        }

        impl Kind {
            /// All kinds, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Returns the value of `kind`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// Returns one sentence for people in an editor.
            pub fn about(self) -> &'static str {
                match self {
                    $(Self::$name => $about,)*
                }
            }

            /// Returns the schema of `spec`.
            pub(crate) fn spec_schema(self, generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                match self {
                    $(Self::$name => generator.subschema_for::<$name>(),)*
                }
            }

            /// Reads `spec`.
            pub(crate) fn read_spec(self, spec: &Value) -> Result<Spec, serde_json::Error> {
                use serde::Deserialize;
                match self {
                    $(Self::$name => $name::deserialize(spec).map(Spec::$name),)*
                }
            }
        }

        /// The content of `spec`, by kind.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Spec {
            $(#[doc = $about] $name($name),)*
        }
    };
}

kinds! {
    Tenant: "The tenant that the manifests describe, what they own there and what they leave alone.",
    DirectoryRoleDefinition: "A custom Microsoft Entra directory role.",
    AzureRoleDefinition: "A custom Azure role.",
    Scope: "A name for a place where roles hold.",
    SettingsProfile: "A reusable block of role settings.",
    RoleSettings: "The settings of roles: activation, approval, expiration, notifications.",
    EligibleAssignment: "Principals who may activate a role.",
    ActiveAssignment: "Principals who hold a role without activating it.",
}

impl Kind {
    /// Returns the kind with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }
}

impl Spec {
    /// Returns what both kinds of assignment have in common, when it is one.
    pub fn assignment(&self) -> Option<AssignmentView<'_>> {
        match self {
            Self::EligibleAssignment(assignment) => Some(assignment.view()),
            Self::ActiveAssignment(assignment) => Some(assignment.view()),
            _ => None,
        }
    }
}
