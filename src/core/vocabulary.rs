//! What the embedded catalog knows of the roles and permissions of a surface, asked in the same words for each: one row a surface.

use crate::catalog::{azure_operation, azure_role, directory_action, directory_role};

/// A built-in role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BuiltIn {
    /// Its id, in lower case.
    pub(crate) id: &'static str,
    /// Its display name.
    pub(crate) name: &'static str,
}

/// What is known offline. The catalog ages: what it does not know may exist all the same.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Vocabulary {
    /// Returns the built-in role of a display name, former name or id.
    pub(crate) role: fn(&str) -> Option<BuiltIn>,
    /// Returns the name of the built-in role most like a mistyped one.
    pub(crate) suggest_role: fn(&str) -> Option<&'static str>,
    /// Returns how many built-in roles there are.
    pub(crate) count_roles: fn() -> usize,
    /// Tells whether a permission is known; of a pattern, where roles may hold patterns, whether one is known that it matches.
    pub(crate) has_permission: fn(&str) -> bool,
    /// Returns the permission most like a mistyped one.
    pub(crate) suggest_permission: fn(&str) -> Option<String>,
    /// Tells whether a text begins like a permission: with a known namespace or resource provider.
    pub(crate) has_namespace: fn(&str) -> bool,
    /// Returns the name of the narrowest built-in role that holds something like a permission, where such a role is worth naming.
    pub(crate) holder: fn(&str) -> Option<&'static str>,
}

/// Microsoft Entra directory roles (entra-builtin-roles.json, entra-resource-actions.json).
pub(super) const DIRECTORY: Vocabulary = Vocabulary {
    role: |text| directory_role::find(text).map(|role| BuiltIn { id: role.id, name: role.name }),
    suggest_role: directory_role::suggest,
    count_roles: || directory_role::all().len(),
    has_permission: |text| directory_action::find(text).is_some(),
    suggest_permission: |text| directory_action::suggest(text).map(str::to_owned),
    has_namespace: directory_action::has_known_namespace,
    holder,
};

/// Membership and ownership are given by nature, and hold no permissions.
pub(super) const GROUP: Vocabulary = Vocabulary {
    role: |_| None,
    suggest_role: |_| None,
    count_roles: || 0,
    has_permission: |_| false,
    suggest_permission: |_| None,
    has_namespace: |_| false,
    holder: |_| None,
};

/// Azure resource roles (azure-builtin-roles.json, azure-operations.json).
pub(super) const AZURE: Vocabulary = Vocabulary {
    role: |text| azure_role::find(text).map(|role| BuiltIn { id: role.id, name: role.name }),
    suggest_role: azure_role::suggest,
    count_roles: || azure_role::all().len(),
    has_permission: |text| match text.contains('*') {
        true => azure_operation::matches_any(text),
        false => azure_operation::find(text).is_some(),
    },
    suggest_permission: azure_operation::suggest,
    has_namespace: azure_operation::has_known_provider,
    // Azure's built-in roles hold patterns: the narrowest by number is not the one that is meant
    holder: |_| None,
};

/// Returns the built-in directory role with the fewest permissions that holds something like the permission: the same entity and
/// property, whatever the last word.
fn holder(text: &str) -> Option<&'static str> {
    let folded = text.trim().trim_end_matches("/action").to_ascii_lowercase();
    let stem = folded.rsplit_once('/').map(|(stem, _)| format!("{stem}/"))?;
    let holds = |role: &directory_role::DirectoryRole| {
        let mut actions = role.blocks.iter().flat_map(|block| &block.actions);
        actions.any(|action| action.to_ascii_lowercase().starts_with(&stem))
    };
    let size =
        |role: &&directory_role::DirectoryRole| role.blocks.iter().map(|block| block.actions.len()).sum::<usize>();
    let assignable = directory_role::all().iter().filter(|role| role.kind == directory_role::RoleKind::Assignable);
    assignable.filter(|role| holds(role)).min_by_key(size).map(|role| role.name)
}

#[cfg(test)]
mod tests {
    use crate::core::target::Surface;

    #[test]
    fn each_surface_knows_its_own() {
        let knows = |surface: Surface, role: &str, permission: &str| {
            let words = surface.capability().vocabulary;
            ((words.role)(role).is_some(), (words.has_permission)(permission), (words.has_namespace)(permission))
        };
        let (ours, theirs) = ("microsoft.directory/users/basic/update", "Microsoft.Compute/virtualMachines/*/read");
        assert_eq!(knows(Surface::Directory, "Company Administrator", ours), (true, true, true), "a former name");
        assert_eq!(knows(Surface::Azure, "Owner", theirs), (true, true, true), "a pattern");
        assert_eq!(knows(Surface::Directory, "Owner", theirs), (false, false, false));
        assert_eq!(knows(Surface::Azure, "Company Administrator", ours), (false, false, false));
        assert_eq!(knows(Surface::Group, "member", ours), (false, false, false));
    }
}
