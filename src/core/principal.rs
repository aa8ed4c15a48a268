//! Who holds access: users, groups and service principals, and what is known about them.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::core::id::PrincipalId;

/// What kind of principal it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PrincipalType {
    /// A user.
    User,
    /// A group.
    Group,
    /// A service principal, managed identities included.
    ServicePrincipal,
}

impl PrincipalType {
    /// Returns the word used in manifests and addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::ServicePrincipal => "servicePrincipal",
        }
    }
}

impl fmt::Display for PrincipalType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What was read about a principal. Every fact may be unknown: not asked for, or not shown to this identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Principal {
    /// Its object id.
    pub id: PrincipalId,
    /// Its kind; `None` when only the id is known (a deleted principal lingers for days).
    pub kind: Option<PrincipalType>,
    /// What people call it: the user principal name of a user, the display name of the others.
    pub name: Option<String>,
    /// `accountEnabled`.
    pub is_enabled: Option<bool>,
    /// `userType` is `Guest`.
    pub is_guest: Option<bool>,
    /// `onPremisesSyncEnabled`: null means false (graph.md 5).
    pub is_synchronized: Option<bool>,
    /// `isAssignableToRole` of a group: null means false (graph.md 5).
    pub is_role_assignable: Option<bool>,
    /// `groupTypes` holds `DynamicMembership`.
    pub is_dynamic: Option<bool>,
    /// `appId` of a service principal.
    pub app_id: Option<String>,
}

impl Principal {
    /// Returns a principal of whom nothing but the id is known.
    pub fn unknown(id: PrincipalId) -> Self {
        Self {
            id,
            kind: None,
            name: None,
            is_enabled: None,
            is_guest: None,
            is_synchronized: None,
            is_role_assignable: None,
            is_dynamic: None,
            app_id: None,
        }
    }

    /// Tells whether this is the service principal of PIM itself, whose own assignments PIM needs to work (design.md 2).
    pub fn is_pim_itself(&self) -> bool {
        self.app_id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(MS_PIM))
    }

    /// Fills in what `other` knows and this one does not.
    pub fn learn(&mut self, other: &Self) {
        fn fill<T: Clone>(mine: &mut Option<T>, theirs: &Option<T>) {
            if mine.is_none() {
                mine.clone_from(theirs);
            }
        }
        fill(&mut self.kind, &other.kind);
        fill(&mut self.name, &other.name);
        fill(&mut self.is_enabled, &other.is_enabled);
        fill(&mut self.is_guest, &other.is_guest);
        fill(&mut self.is_synchronized, &other.is_synchronized);
        fill(&mut self.is_role_assignable, &other.is_role_assignable);
        fill(&mut self.is_dynamic, &other.is_dynamic);
        fill(&mut self.app_id, &other.app_id);
    }
}

/// The application id of Microsoft's first-party service principal "MS-PIM", the same in every tenant.
const MS_PIM: &str = "01fc33a7-78ba-4d2f-a4b7-768e336e890e";

/// Everything known about principals, by id.
pub type Principals = BTreeMap<PrincipalId, Principal>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pim_itself_is_known_by_its_application_id_and_not_by_a_name() {
        let mut principal = Principal::unknown(PrincipalId::new("p"));
        principal.name = Some("MS-PIM".to_owned());
        assert!(!principal.is_pim_itself(), "anybody can take the name");
        principal.app_id = Some("01FC33A7-78BA-4D2F-A4B7-768E336E890E".to_owned());
        assert!(principal.is_pim_itself());
    }
}
