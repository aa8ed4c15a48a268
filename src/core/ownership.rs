//! Where absence from Git means removal: what the manifests own, what they ignore.

use globset::{GlobBuilder, GlobMatcher};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::core::declared::Declared;
use crate::core::id::PrincipalId;
use crate::core::scope::ArmScope;
use crate::core::target::{RoleKey, Surface};

/// Whether what is not declared is removed or only listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Authority {
    /// What is not declared is listed as unmanaged and left alone.
    #[default]
    Additive,
    /// What is not declared is removed.
    Authoritative,
}

/// A role or group name, exact or a glob with `*` and `?`. Compared without regard to case.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    matcher: GlobMatcher,
}

impl Pattern {
    /// Compiles a pattern. `*` matches any run of characters, `?` one; everything else is literal.
    ///
    /// # Errors
    /// The reason, when the text is no valid glob.
    pub fn new(text: &str) -> Result<Self, String> {
        let glob = GlobBuilder::new(&escape(text)).case_insensitive(true).literal_separator(false).build();
        Ok(Self { text: text.to_owned(), matcher: glob.map_err(|e| e.kind().to_string())?.compile_matcher() })
    }

    /// Returns the pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Tells whether the pattern is a name and not a glob.
    pub fn is_exact(&self) -> bool {
        !self.text.contains(['*', '?'])
    }

    /// Tells whether `name` matches.
    pub fn matches(&self, name: &str) -> bool {
        self.matcher.is_match(name)
    }
}

/// Takes the meaning from everything but `*` and `?`.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '[' | ']' | '{' | '}' => {
                escaped.push('[');
                escaped.push(letter);
                escaped.push(']');
            }
            '\\' => escaped.push_str("\\\\"),
            other => escaped.push(other),
        }
    }
    escaped
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// What an ownership entry speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Extent {
    /// Directory roles by name or glob. Globs never match hidden, system-assigned, deprecated or directory-synchronisation
    /// roles; naming one owns it.
    DirectoryRoles(Vec<Pattern>),
    /// Azure scopes, with their descendants unless `exact`.
    AzureScopes {
        /// The scopes.
        scopes: Vec<ArmScope>,
        /// Only the scopes themselves.
        exact: bool,
    },
    /// Groups by name or glob.
    Groups(Vec<Pattern>),
}

impl Extent {
    /// Returns the surface on which it lies.
    pub fn surface(&self) -> Surface {
        match self {
            Self::DirectoryRoles(_) => Surface::Directory,
            Self::AzureScopes { .. } => Surface::Azure,
            Self::Groups(_) => Surface::Group,
        }
    }
}

/// One entry of `spec.ownership`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OwnershipEntry {
    /// What it speaks of.
    pub extent: Extent,
    /// What happens to undeclared assignments.
    pub assignments: Authority,
    /// What happens to undeclared custom role definitions.
    pub role_definitions: Authority,
}

/// `spec.ignore`, resolved: never drift, never touched, still counted by guards and risk.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ignore {
    /// Principals.
    pub principals: Vec<Declared<PrincipalId>>,
    /// Roles, of either surface.
    pub roles: Vec<Declared<RoleKey>>,
}

/// Everything the Tenant manifest says about ownership. The first entry that matches decides.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ownership {
    /// The entries in order.
    pub entries: Vec<Declared<OwnershipEntry>>,
    /// What is ignored.
    pub ignore: Ignore,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_star_and_question_mark_are_special() {
        for (pattern, name, want) in [
            ("*", "Global Administrator", true),
            ("sg-pim-*", "SG-PIM-ops", true),
            ("sg-pim-*", "sg-pi", false),
            ("a[b]{c,d}", "a[b]{c,d}", true),
            ("a[b]", "ab", false),
            ("User ?dministrator", "User Administrator", true),
            ("a\\*", "a\\b", true),
            ("a/*", "a/b/c", true),
        ] {
            assert_eq!(Pattern::new(pattern).unwrap().matches(name), want, "{pattern} {name}");
        }
    }
}
