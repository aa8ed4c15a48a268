//! Known ways from one privilege to more: attack paths, tiers of Azure operations, and who can take over whose account.

use std::sync::LazyLock;

use crate::catalog::azure_operation::wildcard;
use crate::catalog::front::lines;
use crate::catalog::tier::Tier;

/// How bad an attack path is, by its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Medium.
    Medium,
    /// High.
    High,
    /// Critical.
    Critical,
}

impl Severity {
    /// Returns the word used in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// A way from a role or a permission to more.
#[derive(Debug)]
pub struct AttackPath {
    /// Its id in the source, e.g. `entra-app-credential-abuse`.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The tier that it leads to.
    pub tier: Option<Tier>,
    /// Its name.
    pub name: &'static str,
    /// Template ids of the directory roles that open it.
    pub directory_roles: Vec<&'static str>,
    /// GUIDs of the Azure roles that open it.
    pub azure_roles: Vec<&'static str>,
    /// Directory permissions that open it.
    pub directory_actions: Vec<&'static str>,
    /// Azure operations that open it; some are wildcards.
    pub azure_actions: Vec<&'static str>,
}

/// Operations of Azure of one tier, in lower case.
#[derive(Debug)]
struct TierGroup {
    tier: Tier,
    is_data: bool,
    patterns: Vec<String>,
    excluded: Vec<String>,
}

/// Who can take over the account of whom.
#[derive(Debug)]
pub struct Protection {
    /// The template id of the role that the account holds, or words in brackets for those without one.
    pub target: &'static str,
    /// Template ids of the roles that can.
    pub by: Vec<&'static str>,
}

#[derive(Debug, Default)]
struct Tables {
    paths: Vec<AttackPath>,
    groups: Vec<TierGroup>,
    wildcards: Vec<String>,
    resets: Vec<Protection>,
    changes: Vec<Protection>,
}

/// Stands for a star as written in a role, beside the stars that stand for any run: a letter that no operation has.
const STAR: &str = "\u{1}";

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let mut tables = Tables::default();
    for line in lines(include_str!("../../data/escalation.txt")) {
        let (kind, rest) = line.split_at(1);
        let fields: Vec<&'static str> = rest.split('\t').collect();
        let path = || panic!("no attack path before {line:?}");
        let group = || panic!("no tier group before {line:?}");
        match (kind, fields.as_slice()) {
            ("p", &[id, severity, tier, name]) => tables.paths.push(AttackPath {
                id,
                severity: match severity {
                    "critical" => Severity::Critical,
                    "high" => Severity::High,
                    "medium" => Severity::Medium,
                    other => panic!("no severity: {other:?}"),
                },
                tier: Tier::read(tier),
                name,
                directory_roles: Vec::new(),
                azure_roles: Vec::new(),
                directory_actions: Vec::new(),
                azure_actions: Vec::new(),
            }),
            ("e", &[id]) => tables.paths.last_mut().unwrap_or_else(path).directory_roles.push(id),
            ("z", &[id]) => tables.paths.last_mut().unwrap_or_else(path).azure_roles.push(id),
            ("E", &[name]) => tables.paths.last_mut().unwrap_or_else(path).directory_actions.push(name),
            ("Z", &[name]) => tables.paths.last_mut().unwrap_or_else(path).azure_actions.push(name),
            ("t", &[tier, plane, _service]) => tables.groups.push(TierGroup {
                tier: Tier::read(tier).unwrap_or_else(|| panic!("no tier: {line:?}")),
                is_data: plane == "d",
                patterns: Vec::new(),
                excluded: Vec::new(),
            }),
            ("+", &[name]) => tables.groups.last_mut().unwrap_or_else(group).patterns.push(name.to_ascii_lowercase()),
            ("!", &[name]) => tables.groups.last_mut().unwrap_or_else(group).excluded.push(name.to_ascii_lowercase()),
            ("w", &[text]) => tables.wildcards.push(text.to_ascii_lowercase().replace("\\*", STAR)),
            ("r", [target, by @ ..]) => tables.resets.push(Protection { target, by: by.to_vec() }),
            ("s", [target, by @ ..]) => tables.changes.push(Protection { target, by: by.to_vec() }),
            _ => panic!("not understood: {line:?}"),
        }
    }
    tables
});

/// Returns all attack paths that a directory or an Azure role opens, sorted by id.
pub fn paths() -> &'static [AttackPath] {
    &TABLES.paths
}

/// Returns who can reset the password of the holder of a role, in the whole tenant (Microsoft Learn, "Who can reset passwords").
pub fn resets() -> &'static [Protection] {
    &TABLES.resets
}

/// Returns who can disable, delete or change the account of the holder of a role, in the whole tenant (Microsoft Learn, "Who can
/// perform sensitive actions").
pub fn sensitive_actions() -> &'static [Protection] {
    &TABLES.changes
}

/// Tells whether a permission, as written in a role, is known for escalation. As in the source, its stars are letters.
pub fn is_escalating(permission: &str) -> bool {
    let text = permission.trim().to_ascii_lowercase().replace('*', STAR);
    TABLES.wildcards.iter().any(|pattern| wildcard(pattern, &text))
}

/// Returns the tier of an Azure operation: that of the most privileged group that names it, else of the most privileged one with a
/// pattern for it; `None` when there is none.
pub fn tier_of_operation(operation: &str, is_data: bool) -> Option<Tier> {
    let name = operation.trim().to_ascii_lowercase();
    let of_plane = || TABLES.groups.iter().filter(|group| group.is_data == is_data);
    let named = of_plane().filter(|group| group.patterns.contains(&name)).map(|group| group.tier).min();
    let matches = |list: &[String]| list.iter().any(|pattern| pattern.contains('*') && wildcard(pattern, &name));
    named.or_else(|| {
        let fits = |group: &&TierGroup| {
            matches(&group.patterns) && !group.excluded.contains(&name) && !matches(&group.excluded)
        };
        of_plane().filter(fits).map(|group| group.tier).min()
    })
}

/// Returns the operations, and wildcards of operations, of the control plane of Azure.
pub fn control_plane(is_data: bool) -> impl Iterator<Item = &'static str> {
    let groups = TABLES.groups.iter().filter(move |group| group.tier == Tier::ControlPlane && group.is_data == is_data);
    groups.flat_map(|group| group.patterns.iter().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{azure_role, directory_action, directory_role};

    #[test]
    fn known_facts() {
        assert_eq!(paths().len(), 41);
        assert!(paths().windows(2).all(|pair| pair[0].id < pair[1].id), "sorted and unique");
        assert_eq!((TABLES.groups.len(), resets().len(), sensitive_actions().len()), (57, 18, 18));
        let path = paths().iter().find(|path| path.id == "entra-app-credential-abuse").unwrap();
        assert_eq!((path.severity, path.tier), (Severity::Critical, Some(Tier::ControlPlane)));
        assert_eq!(path.directory_roles.len(), 3);
        assert_eq!(path.directory_actions[0], "microsoft.directory/applications/credentials/update");
    }

    #[test]
    fn every_reference_leads_somewhere() {
        for path in paths() {
            assert!(path.directory_roles.iter().all(|id| directory_role::find(id).is_some()), "{}", path.id);
            assert!(path.azure_roles.iter().all(|id| azure_role::find(id).is_some()), "{}", path.id);
            assert!(path.directory_actions.iter().all(|name| directory_action::find(name).is_some()), "{}", path.id);
        }
        for row in resets().iter().chain(sensitive_actions()) {
            assert!(row.target.starts_with('(') || directory_role::find(row.target).is_some(), "{}", row.target);
            assert!(row.by.iter().all(|id| directory_role::find(id).is_some()), "{}", row.target);
        }
    }

    #[test]
    fn the_patterns_flag_the_roles_that_the_source_flags() {
        for role in azure_role::all() {
            let is_flagged = role.blocks.iter().any(|block| {
                let flagged = |list: &[String], excluded: &[String]| {
                    list.iter().any(|name| !excluded.contains(name) && is_escalating(name))
                };
                flagged(&block.actions, &block.not_actions) || flagged(&block.data_actions, &block.not_data_actions)
            });
            assert_eq!(is_flagged, role.is_escalating, "{}", role.name);
        }
    }

    #[test]
    fn tiers_of_operations() {
        use Tier::{ControlPlane, ManagementPlane, UserAccess};
        for (operation, is_data, want) in [
            ("Microsoft.Authorization/roleAssignments/write", false, Some(ControlPlane)),
            ("Microsoft.Authorization/roleAssignments/read", false, Some(UserAccess)),
            ("Microsoft.Storage/storageAccounts/listKeys/action", false, Some(ManagementPlane)),
            ("Microsoft.KeyVault/vaults/secrets/getSecret/action", true, Some(ManagementPlane)),
            ("Microsoft.Compute/virtualMachines/read", false, Some(UserAccess)),
            ("Microsoft.Compute/virtualMachines/start/action", false, Some(ManagementPlane)),
            ("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read", true, Some(UserAccess)),
            ("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write", true, Some(ManagementPlane)),
        ] {
            assert_eq!(tier_of_operation(operation, is_data), want, "{operation}");
        }
    }
}
