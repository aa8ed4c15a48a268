//! Newtypes for every identifier, in canonical form: GUIDs compare without regard to case (graph.md 1), so they are
//! lower-cased where they come in; anything else is kept as it was.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

/// Returns the canonical spelling of an identifier: GUIDs in lower case with hyphens, other text trimmed.
fn canonical(text: &str) -> String {
    let text = text.trim();
    match is_guid(text) {
        true => text.to_ascii_lowercase(),
        false => text.to_owned(),
    }
}

/// Tells whether `text` is a GUID of the form `8-4-4-4-12`.
pub fn is_guid(text: &str) -> bool {
    text.len() == 36 && Uuid::try_parse(text).is_ok()
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Returns the identifier in canonical form.
            pub fn new(text: &str) -> Self {
                Self(canonical(text))
            }

            /// Returns the canonical text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Ok(Self::new(&String::deserialize(deserializer)?))
            }
        }
    };
}

id!(
    /// A Microsoft Entra tenant.
    TenantId
);
id!(
    /// The object id of a user, group or service principal.
    PrincipalId
);
id!(
    /// The id of a role definition: a directory role's object `id`, or the GUID of an Azure role.
    RoleId
);
id!(
    /// The object id of a group that PIM for Groups manages.
    GroupId
);
id!(
    /// The object id of a directory object that is a scope: an administrative unit, an app registration or a service
    /// principal.
    ObjectId
);

/// The namespace of the ids that rolewright asks for: UUIDv5 of this namespace keeps them apart from everybody else's.
const NAMESPACE: Uuid = Uuid::from_u128(0x5d3b_6a0e_9f1c_5c57_8f0e_2b6d_0a4e_71c9);

/// Returns the id that rolewright asks the service for when it creates a custom role: UUIDv5 over tenant, manifest kind and
/// `metadata.name`, so that the same manifest always means the same role (design.md 2).
pub fn managed_role_id(tenant: &TenantId, kind: &str, name: &str) -> RoleId {
    RoleId::new(&Uuid::new_v5(&NAMESPACE, format!("role\n{tenant}\n{kind}\n{name}").as_bytes()).to_string())
}

/// Returns a request id: UUIDv5 over the plan's nonce, the change's address and the request's ordinal within the change;
/// repeatable given the nonce and never met again in a later plan (design.md 5).
pub fn request_id(nonce: &str, address: &str, ordinal: usize) -> Uuid {
    Uuid::new_v5(&NAMESPACE, format!("request\n{nonce}\n{address}\n{ordinal}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guids_fold_case_and_other_ids_do_not() {
        assert_eq!(
            PrincipalId::new("6F0E5A00-0000-4000-8000-00000000000A").as_str(),
            "6f0e5a00-0000-4000-8000-00000000000a"
        );
        assert_eq!(PrincipalId::new(" Abc ").as_str(), "Abc");
    }

    #[test]
    fn managed_ids_differ_by_tenant_kind_and_name() {
        let (a, b) = (TenantId::new("a"), TenantId::new("b"));
        let ids = [
            managed_role_id(&a, "DirectoryRoleDefinition", "x"),
            managed_role_id(&b, "DirectoryRoleDefinition", "x"),
            managed_role_id(&a, "AzureRoleDefinition", "x"),
            managed_role_id(&a, "DirectoryRoleDefinition", "y"),
        ];
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
        assert_eq!(ids[0], managed_role_id(&a, "DirectoryRoleDefinition", "x"));
    }
}
