//! How Azure's scopes contain each other: what is above a subscription is in no path, it must be read.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::scope::{ArmScope, ArmScopeKind};

/// Management groups, subscriptions and, where they were asked for, resource groups with their parents.
///
/// A parent that may not be seen is unknown, and nothing is taken to lie below what it is not known to lie below: a removal
/// then stays away, it never reaches too far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hierarchy {
    parents: BTreeMap<ArmScope, ArmScope>,
    names: BTreeMap<ArmScope, String>,
    /// Subscriptions whose resource groups were listed.
    listed: BTreeSet<ArmScope>,
    /// The tenant's root management group.
    root: Option<ArmScope>,
}

impl Hierarchy {
    /// Adds a scope with its display name and parent, as far as they are known.
    pub fn insert(&mut self, scope: ArmScope, name: Option<String>, parent: Option<ArmScope>) {
        if let Some(parent) = parent.filter(|parent| *parent != scope) {
            self.parents.insert(scope.clone(), parent);
        }
        match name {
            Some(name) => {
                self.names.insert(scope, name);
            }
            None => {
                self.names.entry(scope.clone()).or_insert_with(|| scope.name().to_owned());
            }
        }
    }

    /// Adds the tenant's root management group, which is above all others.
    pub fn insert_root(&mut self, scope: ArmScope, name: Option<String>) {
        self.insert(scope.clone(), name, None);
        self.root = Some(scope);
    }

    /// Returns the tenant's root management group, where it is known.
    pub fn root(&self) -> Option<&ArmScope> {
        self.root.as_ref()
    }

    /// Notes that all resource groups of a subscription are known.
    pub fn list_groups(&mut self, subscription: ArmScope) {
        self.listed.insert(subscription);
    }

    /// Tells whether all resource groups of a subscription are known.
    pub fn has_groups_of(&self, subscription: &ArmScope) -> bool {
        self.listed.contains(subscription)
    }

    /// Returns the display name of a scope.
    pub fn name(&self, scope: &ArmScope) -> Option<&str> {
        self.names.get(scope).map(String::as_str)
    }

    /// Returns every known scope with its display name, sorted.
    pub fn scopes(&self) -> impl Iterator<Item = (&ArmScope, &str)> {
        self.names.iter().map(|(scope, name)| (scope, name.as_str()))
    }

    /// Returns the scope right above; by the path inside a subscription, by what was read above it.
    pub fn parent(&self, scope: &ArmScope) -> Option<ArmScope> {
        match scope.kind() {
            ArmScopeKind::Root => None,
            ArmScopeKind::ManagementGroup | ArmScopeKind::Subscription => self.parents.get(scope).cloned(),
            ArmScopeKind::ResourceGroup => scope.subscription(),
            ArmScopeKind::Resource => scope.resource_group().or_else(|| scope.subscription()),
        }
    }

    /// Returns the scopes above, nearest first. Ends where a parent is unknown, and never goes round in a circle.
    pub fn above(&self, scope: &ArmScope) -> Vec<ArmScope> {
        let mut found: Vec<ArmScope> = Vec::new();
        let mut next = self.parent(scope);
        while let Some(parent) = next.filter(|parent| !found.contains(parent)) {
            next = self.parent(&parent);
            found.push(parent);
        }
        found
    }

    /// Tells whether `inner` is `outer` or is known to lie below it.
    pub fn contains(&self, outer: &ArmScope, inner: &ArmScope) -> bool {
        outer.contains_path(inner) || self.above(inner).contains(outer)
    }

    /// Returns the known scopes of some kinds that lie below `group`, sorted. `group` itself is not among them.
    pub fn below(&self, group: &ArmScope, kinds: &[ArmScopeKind]) -> Vec<ArmScope> {
        let is_meant = |scope: &&ArmScope| kinds.contains(&scope.kind()) && *scope != group;
        self.names.keys().filter(is_meant).filter(|scope| self.contains(group, scope)).cloned().collect()
    }

    /// Returns the broadest scope known to contain `scope`, the root aside: lists are read there once for all that lies below.
    pub fn top(&self, scope: &ArmScope) -> ArmScope {
        let above = self.above(scope);
        above.into_iter().rfind(|above| above.kind() != ArmScopeKind::Root).unwrap_or_else(|| scope.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(id: &str) -> ArmScope {
        ArmScope::management_group(id).unwrap()
    }

    fn subscription(last: u8) -> ArmScope {
        ArmScope::parse(&format!("/subscriptions/00000000-0000-4000-8000-0000000000{last:02x}")).unwrap()
    }

    fn tree() -> Hierarchy {
        let mut tree = Hierarchy::default();
        tree.insert(group("root"), Some("Tenant Root Group".into()), None);
        tree.insert(group("corp"), Some("Corp".into()), Some(group("root")));
        tree.insert(group("online"), None, Some(group("root")));
        tree.insert(subscription(1), Some("prod".into()), Some(group("corp")));
        tree.insert(subscription(2), Some("shop".into()), Some(group("online")));
        tree
    }

    #[test]
    fn subscriptions_lie_below_groups_and_resources_below_subscriptions() {
        let tree = tree();
        let vault = format!("{}/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv", subscription(1));
        let vault = ArmScope::parse(&vault).unwrap();
        assert!(tree.contains(&group("root"), &vault) && tree.contains(&group("corp"), &vault));
        assert!(!tree.contains(&group("online"), &vault) && !tree.contains(&vault, &group("corp")));
        assert_eq!(tree.top(&vault), group("root"));
        assert_eq!(tree.below(&group("root"), &[ArmScopeKind::Subscription]), [subscription(1), subscription(2)]);
        assert_eq!(tree.below(&group("corp"), &[ArmScopeKind::ManagementGroup]), []);
    }

    #[test]
    fn what_is_not_known_contains_nothing() {
        let tree = tree();
        assert!(!tree.contains(&group("root"), &subscription(3)));
        assert_eq!(tree.top(&subscription(3)), subscription(3));
        let mut circle = Hierarchy::default();
        circle.insert(group("a"), None, Some(group("b")));
        circle.insert(group("b"), None, Some(group("a")));
        assert!(!circle.contains(&group("c"), &group("a")), "a circle ends");
    }
}
