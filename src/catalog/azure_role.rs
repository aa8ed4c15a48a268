//! Azure built-in roles, as the Azure command-line client listed them in August 2026.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::catalog::front::{FrontCoded, lines};
use crate::catalog::similar::closest;
use crate::catalog::tier::Tier;

/// A block of permissions: what it allows minus what it excludes. Names are sorted; wildcards are as written.
#[derive(Debug, Default)]
pub struct AzurePermissions {
    /// Whether a condition limits the block (ABAC): what it allows is then less than its lists say.
    pub is_conditional: bool,
    /// Control-plane actions.
    pub actions: Vec<String>,
    /// Control-plane actions taken away.
    pub not_actions: Vec<String>,
    /// Data-plane actions.
    pub data_actions: Vec<String>,
    /// Data-plane actions taken away.
    pub not_data_actions: Vec<String>,
}

/// A built-in Azure role.
#[derive(Debug)]
pub struct AzureRole {
    /// The GUID, the same in every tenant.
    pub id: &'static str,
    /// The role name.
    pub name: &'static str,
    /// Microsoft's category "privileged administrator role".
    pub is_privileged: bool,
    /// The tier that AzurePrivilegedIAM puts it in.
    pub tier: Option<Tier>,
    /// One of its permissions matches a pattern of known escalations (AzurePrivilegedIAM; a heuristic).
    pub is_escalating: bool,
    /// Its permissions.
    pub blocks: Vec<AzurePermissions>,
}

static ROLES: LazyLock<Vec<AzureRole>> = LazyLock::new(|| {
    let mut roles: Vec<AzureRole> = Vec::new();
    let mut names = FrontCoded::default();
    let mut list = 'a';
    let mut conditional: Vec<usize> = Vec::new();
    for line in lines(include_str!("../../data/azure-roles.txt")) {
        if let Some(head) = line.strip_prefix('=') {
            let fields: Vec<&'static str> = head.split('\t').collect();
            let &[id, name, flags, rank] = fields.as_slice() else { panic!("not four fields: {head:?}") };
            // `p`, then `c` and a number for each block with a condition
            conditional = flags.split('c').skip(1).filter_map(|index| index.parse().ok()).collect();
            roles.push(AzureRole {
                id,
                name,
                is_privileged: flags.contains('p'),
                tier: Tier::read(rank.trim_end_matches('e')),
                is_escalating: rank.ends_with('e'),
                blocks: Vec::new(),
            });
            continue;
        }
        let role = roles.last_mut().unwrap_or_else(|| panic!("no role before {line:?}"));
        if line == "?" {
            let is_conditional = conditional.contains(&role.blocks.len());
            role.blocks.push(AzurePermissions { is_conditional, ..AzurePermissions::default() });
        } else if let Some(letter) = line.strip_prefix('[') {
            list = letter.chars().next().unwrap_or_default();
            names = FrontCoded::default();
        } else {
            let block = role.blocks.last_mut().unwrap_or_else(|| panic!("no block before {line:?}"));
            let target = match list {
                'a' => &mut block.actions,
                'n' => &mut block.not_actions,
                'd' => &mut block.data_actions,
                'm' => &mut block.not_data_actions,
                other => panic!("no list: {other:?}"),
            };
            target.push(names.name(line));
        }
    }
    roles
});

/// Returns all built-in roles, sorted by name.
pub fn all() -> &'static [AzureRole] {
    &ROLES
}

/// Returns the role of this name or id.
pub fn find(text: &str) -> Option<&'static AzureRole> {
    static INDEX: LazyLock<HashMap<String, usize>> = LazyLock::new(|| {
        let pairs = |(at, role): (usize, &AzureRole)| [(role.name.to_ascii_lowercase(), at), (role.id.to_owned(), at)];
        ROLES.iter().enumerate().flat_map(pairs).collect()
    });
    INDEX.get(&text.trim().to_ascii_lowercase()).map(|at| &ROLES[*at])
}

/// Returns the role name most like a mistyped one.
pub fn suggest(text: &str) -> Option<&'static str> {
    closest(text, ROLES.iter().map(|role| role.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::azure_operation;

    #[test]
    fn known_facts() {
        assert_eq!(all().len(), 929);
        assert_eq!(all().iter().filter(|role| role.is_privileged).count(), 5);
        for (name, id) in [
            ("Owner", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"),
            ("Contributor", "b24988ac-6180-42a0-ab88-20f7382dd24c"),
            ("reader", "acdd72a7-3385-48ef-bd42-f606fba81ae7"),
            ("User Access Administrator", "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"),
        ] {
            assert_eq!(find(name).unwrap().id, id);
        }
        assert_eq!(find("Owner").unwrap().blocks[0].actions, ["*"]);
        assert_eq!(all().iter().filter(|role| role.is_escalating).count(), 89);
        assert_eq!(all().iter().filter(|role| role.tier == Some(Tier::ControlPlane)).count(), 48);
        assert_eq!(suggest("Virtual Machine Contributer"), Some("Virtual Machine Contributor"));
    }

    #[test]
    fn every_literal_action_is_an_operation() {
        for role in all() {
            for name in role.blocks.iter().flat_map(|b| b.actions.iter().chain(&b.data_actions)) {
                let is_pattern = name.contains('*') || name.ends_with('/');
                assert!(is_pattern || azure_operation::find(name).is_some(), "{} holds {name}", role.name);
            }
        }
    }

    #[test]
    fn blocks_with_conditions_are_marked() {
        let conditions =
            |name: &str| -> Vec<bool> { find(name).unwrap().blocks.iter().map(|block| block.is_conditional).collect() };
        assert_eq!(conditions("Key Vault Data Access Administrator"), [true]);
        assert_eq!(conditions("Owner"), [false]);
        assert_eq!(all().iter().flat_map(|role| &role.blocks).filter(|block| block.is_conditional).count(), 31);
    }
}
