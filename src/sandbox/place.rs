//! What a schedule, a request or a policy is about: a directory role at a scope, or a way into a group. PIM treats both alike;
//! where the two differ in spelling, the difference stands here.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::id;
use super::tenant::{Role, Side};

/// The two parts of PIM that Microsoft Graph answers for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Surface {
    /// Directory roles.
    Directory,
    /// PIM for Groups.
    Group,
}

/// How one belongs to a group: the access id of PIM for Groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Access {
    Member,
    Owner,
}

impl Access {
    /// Both, in the order in which policies of a group are listed.
    pub(crate) const BOTH: [Self; 2] = [Self::Member, Self::Owner];

    /// Returns the access id.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Owner => "owner",
        }
    }

    /// Returns the name of the group's list.
    pub(crate) fn list(self) -> &'static str {
        match self {
            Self::Member => "members",
            Self::Owner => "owners",
        }
    }

    /// Reads an access id, whatever its case.
    pub(crate) fn read(text: &str) -> Option<Self> {
        Self::BOTH.into_iter().find(|access| access.name().eq_ignore_ascii_case(text))
    }
}

/// Where a principal holds something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Place {
    /// A directory role at a scope.
    Directory {
        /// Object id of the role definition.
        role: String,
        /// `/`, `/administrativeUnits/{id}` or `/{objectId}`.
        scope: String,
    },
    /// Membership or ownership of a group.
    Group {
        /// Object id of the group.
        group: String,
        access: Access,
    },
}

impl Place {
    /// Returns the part of PIM that it belongs to.
    pub(crate) fn surface(&self) -> Surface {
        match self {
            Self::Directory { .. } => Surface::Directory,
            Self::Group { .. } => Surface::Group,
        }
    }

    /// Returns role and scope of a directory role.
    pub(crate) fn directory(&self) -> Option<(&str, &str)> {
        match self {
            Self::Directory { role, scope } => Some((role, scope)),
            Self::Group { .. } => None,
        }
    }

    /// Returns group and access.
    pub(crate) fn group(&self) -> Option<(&str, Access)> {
        match self {
            Self::Directory { .. } => None,
            Self::Group { group, access } => Some((group, *access)),
        }
    }

    /// Tells whether the two are the same, ids compared without case.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Directory { role, scope }, Self::Directory { role: other, scope: at }) => {
                role.eq_ignore_ascii_case(other) && scope.eq_ignore_ascii_case(at)
            }
            (Self::Group { group, access }, Self::Group { group: other, access: by }) => {
                group.eq_ignore_ascii_case(other) && access == by
            }
            _ => false,
        }
    }

    /// Returns it as a text to mint ids from.
    fn text(&self) -> String {
        match self {
            Self::Directory { role, scope } => format!("{role}{scope}"),
            Self::Group { group, access } => format!("{group}_{}", access.name()),
        }
    }

    /// Returns the id of the schedule that the request makes: the request's own, for groups behind group and access
    /// (graph.md 2.8, 4.3).
    pub(crate) fn schedule_id(&self, request: &str) -> String {
        match self {
            Self::Directory { .. } => request.to_owned(),
            Self::Group { .. } => format!("{}_{request}", self.text()),
        }
    }

    /// Writes it into a row as Graph prints it.
    pub(crate) fn print(&self, row: &mut Map<String, Value>) {
        match self {
            Self::Directory { role, scope } => {
                row.insert("roleDefinitionId".to_owned(), json!(role));
                row.insert("directoryScopeId".to_owned(), json!(scope));
                row.insert("appScopeId".to_owned(), Value::Null);
            }
            Self::Group { group, access } => {
                row.insert("groupId".to_owned(), json!(group));
                row.insert("accessId".to_owned(), json!(access.name()));
            }
        }
    }

    /// Reads it back from a row.
    pub(crate) fn of(row: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| row.get(name).and_then(Value::as_str);
        if let (Some(group), Some(access)) = (text("groupId"), text("accessId").and_then(Access::read)) {
            return Some(Self::Group { group: group.to_owned(), access });
        }
        Some(Self::Directory {
            role: text("roleDefinitionId")?.to_owned(),
            scope: text("directoryScopeId")?.to_owned(),
        })
    }
}

/// What a schedule is about: one principal holds one place once per side (graph.md 2.5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Key {
    pub(crate) side: Side,
    pub(crate) principal: String,
    #[serde(flatten)]
    pub(crate) place: Place,
}

impl Key {
    /// Returns the key as a text to mint ids from.
    pub(crate) fn text(&self) -> String {
        format!("{:?}/{}/{}", self.side, self.principal, self.place.text())
    }

    /// Tells whether the two are the same, ids compared without case.
    pub(crate) fn is(&self, other: &Key) -> bool {
        self.side == other.side && self.principal.eq_ignore_ascii_case(&other.principal) && self.place.is(&other.place)
    }

    /// Returns the id of a directory role's plain assignment; empty for a group.
    pub(crate) fn assignment_id(&self) -> String {
        self.place.directory().map(|(role, scope)| id::assignment(role, &self.principal, scope)).unwrap_or_default()
    }
}

/// Whose policy it is (graph.md 3.2): a role's, one for all its scopes, or a group's, one for members and one for owners.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Subject<'a> {
    Role(Role<'a>),
    Group(&'a str, Access),
}

impl Subject<'_> {
    /// Returns the key that its policy is kept under once it was written to.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Role(role) => role.template().to_owned(),
            Self::Group(group, access) => format!("{group}_{}", access.name()),
        }
    }

    /// Returns what policy assignments print as `roleDefinitionId`.
    pub(crate) fn role_definition_id(&self) -> &str {
        match self {
            Self::Role(role) => role.template(),
            Self::Group(_, access) => access.name(),
        }
    }

    /// Returns the part of PIM that it belongs to.
    pub(crate) fn surface(&self) -> Surface {
        match self {
            Self::Role(_) => Surface::Directory,
            Self::Group(..) => Surface::Group,
        }
    }
}
