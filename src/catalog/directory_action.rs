//! Microsoft Entra resource actions: the permissions of directory roles (graph.md 2.2).

use std::sync::LazyLock;

use crate::catalog::front::{FrontCoded, lines};
use crate::catalog::similar::closest;
use crate::catalog::tier::Tier;

/// A resource action.
#[derive(Debug)]
pub struct DirectoryAction {
    /// Its name as documented, e.g. `microsoft.directory/applications/basic/update`.
    pub name: String,
    folded: String,
    /// Labelled PRIVILEGED by Microsoft's pages; false also where nobody knows.
    pub is_privileged: bool,
    /// Named on a page about permissions for custom roles. Its absence proves nothing (graph.md 2.2): only the service knows.
    pub is_documented_for_custom_roles: bool,
    /// The tier that AzurePrivilegedIAM puts it in.
    pub tier: Option<Tier>,
    /// Held by default users, guests or deprecated roles only.
    pub is_default_user_only: bool,
}

static ACTIONS: LazyLock<Vec<DirectoryAction>> = LazyLock::new(|| {
    let mut names = FrontCoded::default();
    lines(include_str!("../../data/directory-actions.txt"))
        .map(|line| {
            let (flags, rest) = line.split_once(' ').unwrap_or_else(|| panic!("no flags: {line:?}"));
            let name = names.name(rest);
            DirectoryAction {
                folded: name.to_ascii_lowercase(),
                name,
                is_privileged: flags.contains('p'),
                is_documented_for_custom_roles: flags.contains('c'),
                tier: flags.chars().last().and_then(|last| Tier::read(&last.to_string())),
                is_default_user_only: flags.contains('d'),
            }
        })
        .collect()
});

/// Returns all known actions, sorted by name.
pub fn all() -> &'static [DirectoryAction] {
    &ACTIONS
}

/// Returns the action of this name.
pub fn find(name: &str) -> Option<&'static DirectoryAction> {
    let folded = name.trim().to_ascii_lowercase();
    let exact = ACTIONS.binary_search_by(|action| action.folded.as_str().cmp(&folded)).ok().map(|at| &ACTIONS[at]);
    exact.or_else(|| template(&folded))
}

/// Returns the action whose name has a place for an id, `…managePermissionGrantsForAll.{id}`, that `folded` fills.
fn template(folded: &str) -> Option<&'static DirectoryAction> {
    static TEMPLATES: LazyLock<Vec<(&'static DirectoryAction, &'static str)>> = LazyLock::new(|| {
        let stem = |action: &'static DirectoryAction| action.folded.strip_suffix("{id}").map(|stem| (action, stem));
        ACTIONS.iter().filter_map(stem).collect()
    });
    let fills = |stem: &str| {
        let id = folded.strip_prefix(stem).unwrap_or_default();
        !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    TEMPLATES.iter().find(|(_, stem)| fills(stem)).map(|(action, _)| *action)
}

/// Tells whether `name` begins like a resource action: a namespace of the catalog such as `microsoft.directory`.
pub fn has_known_namespace(name: &str) -> bool {
    static NAMESPACES: LazyLock<Vec<&str>> = LazyLock::new(|| {
        let mut all: Vec<&str> = ACTIONS.iter().filter_map(|a| a.folded.split('/').next()).collect();
        all.dedup();
        all
    });
    let namespace = name.trim().split('/').next().unwrap_or_default().to_ascii_lowercase();
    NAMESPACES.contains(&namespace.as_str())
}

/// Returns the known action most like a mistyped one.
pub fn suggest(name: &str) -> Option<&'static str> {
    closest(name.trim(), ACTIONS.iter().map(|action| action.name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_facts() {
        assert_eq!(all().len(), 746);
        assert!(all().windows(2).all(|pair| pair[0].folded < pair[1].folded), "sorted and unique");
        let credentials = find("Microsoft.Directory/Applications/credentials/UPDATE").unwrap();
        assert!(credentials.is_privileged && credentials.is_documented_for_custom_roles);
        assert!(find("microsoft.directory/applications/credentials").is_none());
        let grants = "microsoft.directory/servicePrincipals/managePermissionGrantsForAll.";
        assert!(find(&format!("{grants}microsoft-user-default-low")).is_some() && find(grants).is_none());
        assert_eq!(
            suggest("microsoft.directory/aplications/credentials/update"),
            Some("microsoft.directory/applications/credentials/update")
        );
        assert!(has_known_namespace("microsoft.directory/nonsense"));
        assert!(!has_known_namespace("Microsoft.Compute/virtualMachines/read"));
    }
}
