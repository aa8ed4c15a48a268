//! Where a role holds: directory scopes and Azure Resource Manager scopes.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::core::id::ObjectId;

/// The scope of a directory role assignment (graph.md 2.4).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DirectoryScope {
    /// `/`: the whole tenant.
    Tenant,
    /// `/administrativeUnits/{id}`: the members of an administrative unit.
    AdministrativeUnit(ObjectId),
    /// `/{objectId}`: one app registration or one service principal, by object id.
    Object(ObjectId),
}

impl DirectoryScope {
    /// Parses the service's spelling; `None` when it is none of the three documented forms.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "/" {
            return Some(Self::Tenant);
        }
        let rest = text.strip_prefix('/')?;
        if rest.contains(char::is_whitespace) {
            // trimmed away, an id of blanks would leave the tenant
            return None;
        }
        match rest.split_once('/') {
            None if !rest.is_empty() => Some(Self::Object(ObjectId::new(rest))),
            Some((kind, id))
                if kind.eq_ignore_ascii_case("administrativeUnits") && !id.is_empty() && !id.contains('/') =>
            {
                Some(Self::AdministrativeUnit(ObjectId::new(id)))
            }
            _ => None,
        }
    }
}

impl fmt::Display for DirectoryScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tenant => f.write_str("/"),
            Self::AdministrativeUnit(id) => write!(f, "/administrativeUnits/{id}"),
            Self::Object(id) => write!(f, "/{id}"),
        }
    }
}

impl Serialize for DirectoryScope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DirectoryScope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not a directory scope")))
    }
}

/// A kind of scope in Azure Resource Manager (arm.md 0.2), from broad to narrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ArmScopeKind {
    /// `/`.
    Root,
    /// A management group.
    ManagementGroup,
    /// A subscription.
    Subscription,
    /// A resource group.
    ResourceGroup,
    /// A single resource.
    Resource,
}

impl ArmScopeKind {
    /// Returns the words used in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::ManagementGroup => "management group",
            Self::Subscription => "subscription",
            Self::ResourceGroup => "resource group",
            Self::Resource => "resource",
        }
    }
}

/// A scope in Azure Resource Manager, in canonical form: lower case, no trailing slash, without the `Microsoft.Subscription`
/// provider that PIM may print before a subscription, `/` for the root. ARM compares scopes without regard to case (arm.md
/// 0.1 and 0.2).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ArmScope(String);

/// Tells whether a text can be the name of a resource group: 1 to 90 letters and digits of any script, `-`, `_`, `.`, `(` and
/// `)`, without a period at the end (learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules).
fn is_group_name(text: &str) -> bool {
    let is_known = |letter: char| letter.is_alphanumeric() || "-_.()".contains(letter);
    (1..=90).contains(&text.chars().count()) && !text.ends_with('.') && text.chars().all(is_known)
}

impl ArmScope {
    /// Parses an ARM id that a person wrote: the root `/`, a management group, a subscription, a resource group or a resource.
    /// `None` when the beginning is none of these, a segment is empty, `.` or `..`, the name of a resource group is none that
    /// Azure takes, or a letter would be a pattern (`*`) or end or change an address (`?`, `#`, `%`, `\`).
    pub fn parse(text: &str) -> Option<Self> {
        let scope = Self::observed(text)?;
        let is_readable = !scope.0.contains(['*', '?', '#', '%', '\\']) && !scope.0.contains(char::is_control);
        let group = scope.resource_group();
        (is_readable && group.is_none_or(|group| is_group_name(group.name()))).then_some(scope)
    }

    /// Parses an ARM id that the service gave. More is possible there than a person has reason to write: the record of a DNS zone
    /// may be called `*`, a database `a#b`, and what could not be read would be taken for absent. `None` as in
    /// [`parse`](Self::parse) but for names; a segment `.` or `..` or a `\`, which some readers of addresses take for `/`, would
    /// lead elsewhere and is refused here too.
    pub fn observed(text: &str) -> Option<Self> {
        if text == "/" {
            return Some(Self("/".to_owned()));
        }
        let folded = text.trim_end_matches('/').to_ascii_lowercase();
        let folded = match folded.strip_prefix("/providers/microsoft.subscription") {
            Some(rest) if rest.starts_with("/subscriptions/") => rest.to_owned(),
            _ => folded,
        };
        let segments: Vec<&str> = folded.strip_prefix('/')?.split('/').collect();
        let is_astray = |segment: &str| matches!(segment, "" | "." | "..") || segment.contains('\\');
        if segments.iter().any(|s| is_astray(s) || s.trim() != *s) {
            return None;
        }
        let known = match segments.as_slice() {
            ["providers", "microsoft.management", "managementgroups", _] => true,
            ["subscriptions", id] => crate::core::id::is_guid(id),
            ["subscriptions", id, "resourcegroups", _] => crate::core::id::is_guid(id),
            ["subscriptions", id, "resourcegroups", _, "providers", rest @ ..]
            | ["subscriptions", id, "providers", rest @ ..] => {
                // namespace, then pairs of type and name; nested `providers` segments belong to extension resources
                crate::core::id::is_guid(id) && rest.len() >= 3 && rest.len() % 2 == 1
                    || crate::core::id::is_guid(id) && rest.contains(&"providers")
            }
            _ => false,
        };
        known.then_some(Self(folded))
    }

    /// Returns the canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the scope of a management group by its id.
    pub fn management_group(id: &str) -> Option<Self> {
        Self::observed(&format!("/providers/Microsoft.Management/managementGroups/{id}"))
    }

    /// Returns what kind of scope it is.
    pub fn kind(&self) -> ArmScopeKind {
        let segments: Vec<&str> = self.0.split('/').skip(1).collect();
        match segments.as_slice() {
            ["providers", "microsoft.management", ..] => ArmScopeKind::ManagementGroup,
            ["subscriptions", _] => ArmScopeKind::Subscription,
            ["subscriptions", _, "resourcegroups", _] => ArmScopeKind::ResourceGroup,
            ["subscriptions", ..] => ArmScopeKind::Resource,
            _ => ArmScopeKind::Root,
        }
    }

    /// Returns the subscription that the scope is or lies in; `None` above subscriptions.
    pub fn subscription(&self) -> Option<Self> {
        let id = self.0.strip_prefix("/subscriptions/")?.split('/').next()?;
        Some(Self(format!("/subscriptions/{id}")))
    }

    /// Returns the resource group that the scope is or lies in.
    pub fn resource_group(&self) -> Option<Self> {
        let mut segments = self.0.split('/').skip(1);
        match (segments.next(), segments.next(), segments.next(), segments.next()) {
            (Some("subscriptions"), Some(id), Some("resourcegroups"), Some(group)) => {
                Some(Self(format!("/subscriptions/{id}/resourcegroups/{group}")))
            }
            _ => None,
        }
    }

    /// Returns the last segment: the id of a management group or subscription, the name of a resource group or resource.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// Tells whether `other` is this scope or lies below it by its path. Management groups and the root contain
    /// subscriptions only by hierarchy, which a path does not show.
    pub fn contains_path(&self, other: &Self) -> bool {
        self == other || self.0 == "/" || other.0.strip_prefix(&self.0).is_some_and(|rest| rest.starts_with('/'))
    }
}

impl fmt::Display for ArmScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ArmScope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // plans hold what was observed; manifests are held to `parse` by their schema
        Self::observed(&text).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not an Azure scope")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directory_scopes_read_back() {
        for text in
            ["/", "/administrativeUnits/dc626e71-4837-40eb-be4a-bc29d88a1178", "/661e1310-bd76-4795-89a7-8f3c8f855bfc"]
        {
            assert_eq!(DirectoryScope::parse(text).unwrap().to_string(), text);
        }
        for text in [
            "",
            "x",
            "//",
            "/ ",
            "/administrativeUnits/ ",
            "/ x",
            "/administrativeUnits/",
            "/administrativeUnits/a/b",
            "/AccessPackageCatalog/x/y",
        ] {
            assert_eq!(DirectoryScope::parse(text), None, "{text}");
        }
        assert_eq!(
            DirectoryScope::parse("/administrativeUnits/DC626E71-4837-40EB-BE4A-BC29D88A1178"),
            DirectoryScope::parse("/administrativeUnits/dc626e71-4837-40eb-be4a-bc29d88a1178"),
        );
    }

    #[test]
    fn arm_scopes_fold_case_and_refuse_nonsense() {
        let subscription = "/subscriptions/5A9DBB0C-0000-4000-8000-0000000000B1";
        assert_eq!(ArmScope::parse(subscription).unwrap().as_str(), subscription.to_lowercase());
        for text in
            ["", "subscriptions/x", "/subscriptions/prod", "/subscriptions//x", "/resourceGroups/x", "/providers/x"]
        {
            assert_eq!(ArmScope::parse(text), None, "{text}");
        }
        let old = format!("/providers/Microsoft.Subscription{subscription}/");
        assert_eq!(ArmScope::parse(&old), ArmScope::parse(subscription), "PIM's older spelling");
        let group = ArmScope::parse(&format!("{subscription}/resourceGroups/rg")).unwrap();
        let other = ArmScope::parse(&format!("{subscription}/resourceGroups/rg-two")).unwrap();
        assert!(ArmScope::parse(subscription).unwrap().contains_path(&group));
        assert!(!group.contains_path(&other));
        let vault = ArmScope::parse(&format!("{group}/providers/Microsoft.KeyVault/vaults/kv")).unwrap();
        let root = ArmScope::parse("/").unwrap();
        let corp = ArmScope::management_group("Corp").unwrap();
        let kinds = [&root, &corp, &ArmScope::parse(subscription).unwrap(), &group, &vault].map(|scope| scope.kind());
        assert!(kinds.windows(2).all(|pair| pair[0] < pair[1]), "{kinds:?}");
        assert_eq!(vault.resource_group(), Some(group));
        assert_eq!(vault.subscription(), ArmScope::parse(subscription));
        assert_eq!((corp.subscription(), root.resource_group()), (None, None));
        assert_eq!(corp.name(), "corp");
    }

    #[test]
    fn what_a_person_writes_is_no_pattern_and_leads_nowhere_else() {
        let subscription = "/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1";
        let group = |name: &str| format!("{subscription}/resourceGroups/{name}");
        let resource = |name: &str| format!("{}/providers/Microsoft.Network/dnsZones/{name}", group("rg"));
        let longest = "x".repeat(90);
        for name in ["rg", "rg.net_(1)-a", "gruppe-käse", "資源", ".rg", longest.as_str()] {
            assert!(ArmScope::parse(&group(name)).is_some(), "{name}");
        }
        let too_long = "x".repeat(91);
        for name in
            ["*", "rg*", "rg?", "rg#1", "rg%2e", "a b", "rg.", ".", "..", "a\\b", "a&b", "rg!", too_long.as_str()]
        {
            assert_eq!(ArmScope::parse(&group(name)), None, "{name}");
        }
        for name in ["*", "x?y", "a#b", "%2e%2e", "..", ".", "a\\..", "a\u{7}"] {
            assert_eq!(ArmScope::parse(&resource(name)), None, "{name}");
        }
        for id in ["*", "corp?x", "..", "corp#", "a\\b"] {
            let text = format!("/providers/Microsoft.Management/managementGroups/{id}");
            assert_eq!(ArmScope::parse(&text), None, "{id}");
        }
        // the service knows such resources, and a saved plan may be about one
        for name in ["*", "a#b", "50%"] {
            let live = ArmScope::observed(&resource(name)).unwrap();
            let saved = serde_json::to_string(&live).unwrap();
            assert_eq!(serde_json::from_str::<ArmScope>(&saved).unwrap(), live);
        }
        for name in ["..", ".", "a\\.."] {
            assert_eq!(ArmScope::observed(&resource(name)), None, "{name}");
        }
    }
}
