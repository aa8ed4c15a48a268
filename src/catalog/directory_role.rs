//! Microsoft Entra built-in roles, as Graph returned them in August 2026.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::catalog::front::{FrontCoded, lines};
use crate::catalog::similar::closest;
use crate::catalog::tier::Tier;

/// Whether people use a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleKind {
    /// It can be assigned.
    Assignable,
    /// Its description says that it is deprecated.
    Deprecated,
    /// Every user or guest holds it implicitly; it cannot be assigned (graph.md 2.2).
    SystemAssigned,
    /// Not in the public list; Microsoft's own services hold it.
    Hidden,
}

/// A part of a built-in role's permissions.
#[derive(Debug)]
pub struct PermissionBlock {
    /// `$SubjectIsOwner`, `$ResourceIsSelf` or none.
    pub condition: Option<&'static str>,
    /// The allowed resource actions, sorted.
    pub actions: Vec<String>,
}

/// A built-in directory role.
#[derive(Debug)]
pub struct DirectoryRole {
    /// The template id, which is the role definition id in every tenant.
    pub id: &'static str,
    /// The display name.
    pub name: &'static str,
    /// Whether people use it.
    pub kind: RoleKind,
    /// Microsoft marks it as privileged.
    pub is_privileged: bool,
    /// May be assigned at an administrative unit (Microsoft Learn, "Manage roles in the portal", 2025-06).
    pub is_unit_assignable: bool,
    /// Former names.
    pub aliases: Vec<&'static str>,
    /// The tier that AzurePrivilegedIAM puts it in.
    pub tier: Option<Tier>,
    /// Its tier is not told by its permissions: what it really allows is listed nowhere.
    pub is_more_than_listed: bool,
    /// Roles whose permissions it has too; not folded into `blocks`.
    pub inherits: Vec<&'static str>,
    /// Its own permissions.
    pub blocks: Vec<PermissionBlock>,
}

/// The role that directory-synchronisation tools use; assignable, yet never by people.
pub const DIRECTORY_SYNCHRONIZATION: &str = "d29b2b05-8046-44ba-8758-1e26182fcf32";
/// Global Administrator.
pub const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";

static ROLES: LazyLock<Vec<DirectoryRole>> = LazyLock::new(|| {
    let mut roles: Vec<DirectoryRole> = Vec::new();
    let mut names = FrontCoded::default();
    for line in lines(include_str!("../../data/directory-roles.txt")) {
        if let Some(head) = line.strip_prefix('=') {
            roles.push(role(head));
            continue;
        }
        let role = roles.last_mut().unwrap_or_else(|| panic!("no role before {line:?}"));
        if let Some(parent) = line.strip_prefix('<') {
            role.inherits.push(parent);
        } else if let Some(condition) = line.strip_prefix('?') {
            let condition = Some(condition).filter(|text| !text.is_empty());
            role.blocks.push(PermissionBlock { condition, actions: Vec::new() });
        } else {
            let name = names.name(line);
            role.blocks.last_mut().unwrap_or_else(|| panic!("no block before {line:?}")).actions.push(name);
        }
    }
    roles
});

fn role(head: &'static str) -> DirectoryRole {
    let fields: Vec<&'static str> = head.split('\t').collect();
    let &[id, name, kind, flags, aliases, tier] = fields.as_slice() else { panic!("not six fields: {head:?}") };
    DirectoryRole {
        id,
        name,
        kind: match kind {
            "assignable" => RoleKind::Assignable,
            "deprecated" => RoleKind::Deprecated,
            "systemAssigned" => RoleKind::SystemAssigned,
            "hidden" => RoleKind::Hidden,
            other => panic!("no kind: {other:?}"),
        },
        is_privileged: flags.contains('p'),
        is_unit_assignable: flags.contains('a'),
        aliases: aliases.split(';').filter(|alias| !alias.is_empty()).collect(),
        tier: Tier::read(tier.trim_end_matches('o')),
        is_more_than_listed: tier.ends_with('o'),
        inherits: Vec::new(),
        blocks: Vec::new(),
    }
}

/// Returns all built-in roles, sorted by name.
pub fn all() -> &'static [DirectoryRole] {
    &ROLES
}

/// Returns the role of this display name, former name or id.
pub fn find(text: &str) -> Option<&'static DirectoryRole> {
    static INDEX: LazyLock<HashMap<String, usize>> = LazyLock::new(|| {
        let mut index = HashMap::new();
        for (at, role) in ROLES.iter().enumerate() {
            index.extend(role.aliases.iter().map(|alias| (alias.to_ascii_lowercase(), at)));
        }
        for (at, role) in ROLES.iter().enumerate() {
            index.extend([(role.name.to_ascii_lowercase(), at), (role.id.to_owned(), at)]);
        }
        index
    });
    INDEX.get(&text.trim().to_ascii_lowercase()).map(|at| &ROLES[*at])
}

/// Returns the role name most like a mistyped one, deprecated and hidden roles left out.
pub fn suggest(text: &str) -> Option<&'static str> {
    closest(text, ROLES.iter().filter(|role| role.kind == RoleKind::Assignable).map(|role| role.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::directory_action;

    #[test]
    fn known_facts() {
        assert_eq!(all().len(), 145);
        assert_eq!(all().iter().filter(|role| role.is_privileged).count(), 35);
        assert_eq!(all().iter().filter(|role| role.is_unit_assignable).count(), 15);
        assert_eq!(all().iter().filter(|role| role.kind == RoleKind::Assignable).count(), 135);
        let global = find("global administrator").unwrap();
        assert_eq!(global.id, GLOBAL_ADMINISTRATOR);
        assert!(global.is_privileged && !global.is_unit_assignable);
        assert_eq!(find(GLOBAL_ADMINISTRATOR).unwrap().name, "Global Administrator");
        assert_eq!(find("Company Administrator").unwrap().id, GLOBAL_ADMINISTRATOR, "a former name");
        assert_eq!(find(DIRECTORY_SYNCHRONIZATION).unwrap().name, "Directory Synchronization Accounts");
        assert_eq!(find("Guest User").unwrap().kind, RoleKind::SystemAssigned);
        assert_eq!(find("Workplace Device Join").unwrap().kind, RoleKind::Deprecated);
        assert!(find("Helpdesk Administrator").unwrap().is_unit_assignable);
        assert_eq!(suggest("Helpdesk Adminstrator"), Some("Helpdesk Administrator"));
        assert_eq!(all().iter().filter(|role| role.tier == Some(Tier::ControlPlane)).count(), 67);
        assert_eq!(all().iter().filter(|role| role.is_more_than_listed).count(), 11);
        assert_eq!(find("Directory Readers").unwrap().tier, Some(Tier::ManagementPlane));
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let names: std::collections::BTreeSet<_> = all().iter().map(|role| role.name.to_ascii_lowercase()).collect();
        assert_eq!(names.len(), all().len(), "names are unique");
        for role in all() {
            for parent in &role.inherits {
                assert!(find(parent).is_some(), "{} inherits from {parent}", role.name);
            }
            for action in role.blocks.iter().flat_map(|block| &block.actions) {
                assert!(directory_action::find(action).is_some(), "{} holds {action}", role.name);
            }
        }
    }
}
