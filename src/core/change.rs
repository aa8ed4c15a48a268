//! One difference between what is declared and what is there: what it does, why, and in which direction.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::core::assignment::{AssignmentKey, ObservedAssignment, Ticket};
use crate::core::direction::Direction;
use crate::core::id::RoleId;
use crate::core::origin::Origin;
use crate::core::policy::settings::Settings;
use crate::core::principal::PrincipalType;
use crate::core::role_definition::RoleDefinition;
use crate::core::schedule::Ask;
use crate::core::target::{RoleKey, Surface, Target};

/// What a change does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Makes something that is not there.
    Create,
    /// Changes something in place.
    Update,
    /// Changes a live role that was found by its display name only.
    Adopt,
    /// Extends an assignment that runs out soon. Work, but not drift.
    Extend,
    /// Grants anew what ran out.
    Regrant,
    /// Takes something away.
    Remove,
}

impl Action {
    /// All actions, in the order in which they are counted.
    pub const ALL: [Self; 6] = [Self::Create, Self::Update, Self::Adopt, Self::Extend, Self::Regrant, Self::Remove];

    /// Returns the word shown to people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Adopt => "adopt",
            Self::Extend => "extend",
            Self::Regrant => "regrant",
            Self::Remove => "remove",
        }
    }
}

/// One field that changes. Values are JSON for machines; [`FieldChange::path`] is the manifest's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// The path in the manifest's language, e.g. `activation.maxDuration`.
    pub path: String,
    /// What is there; null when nothing is.
    pub before: Value,
    /// What is wanted; null when nothing is.
    pub after: Value,
    /// Which way it goes.
    pub direction: Direction,
    /// The entries that a list gains, as `after` shows them; empty where the field is no list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gained: Vec<String>,
    /// The entries that it loses, as `before` shows them. What is swapped is in both.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<String>,
}

impl FieldChange {
    /// Returns the change of a field. What a list gains and loses is read off the two values: where a word stands for a list
    /// (`fallback` for the service's own approvers) it is the one entry.
    pub fn new(path: impl Into<String>, before: Value, after: Value, direction: Direction) -> Self {
        let (mut gained, mut lost) = (Vec::new(), Vec::new());
        if before.is_array() || after.is_array() {
            let (old, new) = (entries(&before), entries(&after));
            gained.extend(new.iter().filter(|(key, _)| !old.contains_key(*key)).map(|(_, entry)| (*entry).to_owned()));
            lost.extend(old.iter().filter(|(key, _)| !new.contains_key(*key)).map(|(_, entry)| (*entry).to_owned()));
        }
        Self { path: path.into(), before, after, direction, gained, lost }
    }
}

/// Returns the entries of a list, or the one of a word, by their text in lower case: permissions and scopes that differ in case are
/// the same.
fn entries(value: &Value) -> BTreeMap<String, &str> {
    match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(|text| (text.to_lowercase(), text)).collect(),
        Value::String(word) => BTreeMap::from([(word.to_lowercase(), word.as_str())]),
        _ => BTreeMap::new(),
    }
}

/// What changes, with everything that is needed to do it: a plan is data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[allow(
    clippy::large_enum_variant,
    reason = "most changes are assignments, the largest; boxing them would save nothing"
)]
pub enum Subject {
    /// A role definition.
    Role {
        /// As observed.
        before: Option<Box<RoleDefinition>>,
        /// As wanted.
        after: Option<Box<RoleDefinition>>,
    },
    /// Role settings.
    Settings {
        /// Whose.
        target: Target,
        /// What the service keys the policy by (the role's template id); absent on groups.
        policy_role: Option<RoleId>,
        /// As observed, or the factory settings when `assumed`.
        before: Box<Settings>,
        /// As wanted.
        after: Box<Settings>,
        /// The role does not exist yet; the factory settings are assumed and read again after its creation.
        assumed: bool,
    },
    /// An assignment.
    Assignment {
        /// Which.
        key: AssignmentKey,
        /// What kind of principal; unknown for deleted ones.
        principal_type: Option<PrincipalType>,
        /// As observed.
        before: Option<ObservedAssignment>,
        /// The window to ask for; `None` takes it away.
        ask: Option<Ask>,
        /// ABAC condition to ask for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        condition: Option<String>,
        /// Text for the request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        justification: Option<String>,
        /// Ticket for the request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ticket: Option<Ticket>,
        /// Whether nobody has seen the settings that it was judged by: they are looked at before it is granted.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        assumed: bool,
    },
}

impl Subject {
    /// Returns the surface.
    pub fn surface(&self) -> Surface {
        match self {
            Self::Role { before, after } => {
                after.as_ref().or(before.as_ref()).map_or(Surface::Directory, |r| r.surface)
            }
            Self::Settings { target, .. } => target.surface(),
            Self::Assignment { key, .. } => key.target.surface(),
        }
    }

    /// Returns the role with its surface, where the change is about one.
    pub fn role_key(&self) -> Option<RoleKey> {
        self.role().map(|role| RoleKey::new(self.surface(), role))
    }

    /// Returns the role at its scope, where the change is about one.
    pub fn target(&self) -> Option<&Target> {
        match self {
            Self::Role { .. } => None,
            Self::Settings { target, .. } => Some(target),
            Self::Assignment { key, .. } => Some(&key.target),
        }
    }

    /// Returns the role the change is about, where there is one.
    pub fn role(&self) -> Option<&RoleId> {
        match self {
            Self::Role { before, after } => before.as_ref().or(after.as_ref()).map(|role| &role.id),
            Self::Settings { target, .. } => target.role(),
            Self::Assignment { key, .. } => key.target.role(),
        }
    }
}

/// Why a change must wait for another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Requirement {
    /// The address of the change that comes first.
    pub address: String,
    /// Why, for people.
    pub reason: String,
}

/// How much harm a change could do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// None worth naming.
    None,
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
    /// The keys of the company.
    Critical,
}

impl Risk {
    /// Returns the word shown to people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// Since when a change is due, where a plan was compared with that of other manifests (`plan --base`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Since {
    /// The manifests under review bring it.
    ThisChange,
    /// The base asks for the same: it is pending already.
    Pending,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Its address.
    pub address: String,
    /// What it does.
    pub action: Action,
    /// The surface.
    pub surface: Surface,
    /// Where an Azure change takes place, in the names that people know: the address has ids only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Whether it brings its group under PIM, for which there is no way back (graph.md 4.4).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub onboards: bool,
    /// What changes.
    pub subject: Subject,
    /// The fields that change.
    pub fields: Vec<FieldChange>,
    /// Which way it goes as a whole.
    pub direction: Direction,
    /// How much harm it could do.
    pub risk: Risk,
    /// Why the risk is what it is.
    pub reasons: Vec<String>,
    /// The manifest line; for a removal the ownership entry that causes it.
    pub source: Option<Origin>,
    /// Hash of the object as observed; `None` when it was absent.
    pub observed: Option<String>,
    /// What must come first.
    pub requires: Vec<Requirement>,
    /// What must have taken away before this gives anybody more: both are on one way to a role, through groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub follows: Vec<Requirement>,
    /// Whether the manifests under review bring it or the base asks for it already; absent where nothing was compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Since>,
    /// The ids of the requests that it will send.
    pub request_ids: Vec<Uuid>,
}

impl Change {
    /// Tells whether two changes do the same to the same object. Where they are declared, and how they are judged, does not matter.
    pub fn does_the_same(&self, other: &Self) -> bool {
        (&self.address, self.action, &self.subject) == (&other.address, other.action, &other.subject)
    }

    /// Tells whether it takes access away from somebody and gives none.
    pub(crate) fn only_takes(&self) -> bool {
        matches!(self.subject, Subject::Assignment { .. }) && self.direction == Direction::Narrows
    }
}

/// Returns the hash of an observed object: SHA-256 over its canonical JSON, `sha256:` and lower-case hex.
pub fn fingerprint<T: Serialize>(object: &T) -> String {
    let value = serde_json::to_value(object).unwrap_or(Value::Null);
    digest(&canonical(&value))
}

/// Returns the digest of a text as `sha256:` and lower-case hex.
pub fn digest(text: &str) -> String {
    let mut hex = String::from("sha256:");
    for byte in Sha256::digest(text.as_bytes()) {
        hex.push_str(&format!("{byte:02x}"));
    }
    hex
}

/// Returns JSON with sorted keys and no blanks, so that equal values have equal text.
pub fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let sorted: BTreeMap<&String, &Value> = members.iter().collect();
            let parts: Vec<String> = sorted
                .into_iter()
                .map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), canonical(value)))
                .collect();
            format!("{{{}}}", parts.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        scalar => scalar.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_list_tells_what_it_gains_and_loses() {
        for (before, after, gained, lost) in [
            (json!(["user:a", "group:b"]), json!(["user:a", "user:c"]), vec!["user:c"], vec!["group:b"]),
            (json!("fallback"), json!(["user:a"]), vec!["user:a"], vec!["fallback"]),
            (json!(["user:a"]), json!("fallback"), vec!["fallback"], vec!["user:a"]),
            (json!(null), json!(["a/read"]), vec!["a/read"], vec![]),
            (json!(["A/Read", "a/write"]), json!(["a/read"]), vec![], vec!["a/write"]),
            (json!("PT8H"), json!("PT4H"), vec![], vec![]),
            (json!(true), json!(null), vec![], vec![]),
        ] {
            let field = FieldChange::new("f", before, after, Direction::Widens);
            assert_eq!(
                (field.gained, field.lost),
                (gained.into_iter().map(str::to_owned).collect(), lost.into_iter().map(str::to_owned).collect())
            );
        }
    }
}
