//! Where one run looks in Azure and among groups: everything else of the tenant is left unread.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::core::declared::Declared;
use crate::core::hierarchy::Hierarchy;
use crate::core::id::GroupId;
use crate::core::name::Names;
use crate::core::origin::Origin;
use crate::core::ownership::Pattern;
use crate::core::scope::{ArmScope, ArmScopeKind};

/// A fan-out: a management group and the kinds of scope below it that are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FanOut {
    /// The management group.
    pub group: ArmScope,
    /// The kinds.
    pub kinds: Vec<ArmScopeKind>,
}

/// What the manifests ask of a tenant, step by step as their names become known.
pub trait Asked {
    /// Returns every fan-out whose management group is known.
    fn fan_outs(&self, names: &Names) -> Vec<Declared<FanOut>>;

    /// Returns where a run looks. What cannot be understood is left out.
    fn reach(&self, names: &Names, hierarchy: &Hierarchy) -> Reach;
}

/// The scopes and groups that a run reads, each with the first manifest line that asks for it.
///
/// A list of assignments also shows what lies below by path, so it covers the resource groups of a subscription; settings do
/// not (arm.md B.5 and C.1).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Reach {
    /// Where assignments are listed.
    pub assignments: BTreeMap<ArmScope, Origin>,
    /// Where role settings are listed.
    pub settings: BTreeMap<ArmScope, Origin>,
    /// Where role definitions are listed, with everything below: the broadest scopes known, each with the scopes that it stands
    /// for.
    pub roles: BTreeMap<ArmScope, BTreeSet<ArmScope>>,
    /// Where declared roles can be assigned.
    pub assignable: BTreeMap<ArmScope, Origin>,
    /// What is owned with everything below it, where no path shows what that is: management groups and the root.
    pub descended: BTreeSet<ArmScope>,
    /// Groups that the manifests speak of.
    pub groups: BTreeMap<GroupId, Origin>,
    /// Groups whose members, owners and settings are read.
    pub listed_groups: BTreeSet<GroupId>,
    /// Names and globs of groups of which everything that is onboarded is read.
    pub owned_groups: Vec<Declared<Pattern>>,
}

impl Reach {
    /// Asks for the assignments and the settings of a scope that the manifests assign roles at.
    pub fn assign(&mut self, scope: &ArmScope, at: &Origin) {
        self.assignments.entry(scope.clone()).or_insert_with(|| at.clone());
        self.settings.entry(scope.clone()).or_insert_with(|| at.clone());
    }

    /// Asks for everything about a group.
    pub fn open(&mut self, group: &GroupId, at: &Origin) {
        self.groups.entry(group.clone()).or_insert_with(|| at.clone());
    }

    /// Asks for the settings of a scope.
    pub fn govern(&mut self, scope: &ArmScope, at: &Origin) {
        self.settings.entry(scope.clone()).or_insert_with(|| at.clone());
    }

    /// Asks for the assignments of a scope that the manifests own, with everything below it unless `exact`. Lists read at a
    /// management group may or may not show what lies below it (arm.md H), so its subscriptions are read themselves.
    pub fn own(&mut self, scope: &ArmScope, exact: bool, hierarchy: &Hierarchy, at: &Origin) {
        self.assignments.entry(scope.clone()).or_insert_with(|| at.clone());
        if !exact {
            let kinds = [ArmScopeKind::ManagementGroup, ArmScopeKind::Subscription];
            if scope.subscription().is_none() {
                self.descended.insert(scope.clone());
            }
            for below in hierarchy.below(scope, &kinds) {
                self.assignments.entry(below).or_insert_with(|| at.clone());
            }
        }
    }

    /// Asks for the role definitions that can be used at a scope.
    pub fn define(&mut self, scope: &ArmScope, hierarchy: &Hierarchy) {
        self.roles.entry(hierarchy.top(scope)).or_default().insert(scope.clone());
    }

    /// Leaves out lists that others cover, once all was asked for. A scope whose settings are listed is known to exist by that.
    #[must_use]
    pub fn tidy(mut self, hierarchy: &Hierarchy) -> Self {
        let all: BTreeSet<ArmScope> = self.assignments.keys().chain(self.settings.keys()).cloned().collect();
        for scope in &all {
            self.define(scope, hierarchy);
        }
        let asked: Vec<ArmScope> = self.assignments.keys().cloned().collect();
        let is_covered = |scope: &ArmScope| {
            let is_broader =
                |other: &&ArmScope| *other != scope && other.subscription().is_some() && other.contains_path(scope);
            self.settings.contains_key(scope) && asked.iter().any(|other| is_broader(&other))
        };
        let covered: Vec<ArmScope> = asked.iter().filter(|scope| is_covered(scope)).cloned().collect();
        for scope in covered {
            self.assignments.remove(&scope);
        }
        self
    }

    /// Tells whether nothing is asked for in Azure.
    pub fn is_empty(&self) -> bool {
        self.assignments.is_empty() && self.settings.is_empty() && self.roles.is_empty()
    }

    /// Returns every scope that the manifests speak of.
    pub fn scopes(&self) -> impl Iterator<Item = &ArmScope> {
        self.assignments.keys().chain(self.settings.keys()).chain(self.assignable.keys())
    }

    /// Returns the first manifest line that asks for a scope.
    pub fn origin(&self, scope: &ArmScope) -> Option<&Origin> {
        self.settings.get(scope).or_else(|| self.assignments.get(scope)).or_else(|| self.assignable.get(scope))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(path: &str) -> ArmScope {
        ArmScope::parse(&format!("/subscriptions/00000000-0000-4000-8000-000000000001{path}")).unwrap()
    }

    #[test]
    fn a_subscription_covers_its_groups_but_not_their_settings() {
        let at = Origin { file: "a.yaml".into(), line: 1, column: 1, start: 0, end: 0 };
        let hierarchy = Hierarchy::default();
        let mut reach = Reach::default();
        reach.assign(&scope(""), &at);
        reach.assign(&scope("/resourceGroups/a"), &at);
        reach.own(&scope("/resourceGroups/b"), false, &hierarchy, &at);
        let reach = reach.tidy(&hierarchy);
        let assigned: Vec<&ArmScope> = reach.assignments.keys().collect();
        assert_eq!(assigned, [&scope(""), &scope("/resourceGroups/b")], "nothing else shows that b exists");
        assert_eq!(reach.settings.len(), 2);
        assert_eq!(reach.roles.keys().collect::<Vec<_>>(), [&scope("")]);
    }

    #[test]
    fn an_owned_management_group_is_read_down_to_its_subscriptions() {
        let at = Origin { file: "a.yaml".into(), line: 1, column: 1, start: 0, end: 0 };
        let corp = ArmScope::management_group("corp").unwrap();
        let mut hierarchy = Hierarchy::default();
        hierarchy.insert(scope(""), None, Some(corp.clone()));
        let read = |exact| {
            let mut reach = Reach::default();
            reach.own(&corp, exact, &hierarchy, &at);
            reach.tidy(&hierarchy)
        };
        assert_eq!(read(false).assignments.len(), 2);
        assert_eq!(read(true).assignments.len(), 1);
        assert_eq!(read(false).roles.keys().collect::<Vec<_>>(), [&corp], "one list serves all");
    }
}
