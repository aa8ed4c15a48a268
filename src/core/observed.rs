//! What the tenant holds, as it was read, and what is known of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use uuid::Uuid;

use crate::core::assignment::{Activation, AssignmentKey, ObservedAssignment, Provenance};
use crate::core::hierarchy::Hierarchy;
use crate::core::id::{GroupId, PrincipalId};
use crate::core::policy::default::factory;
use crate::core::policy::settings::Settings;
use crate::core::principal::{Principal, Principals};
use crate::core::role_definition::RoleDefinition;
use crate::core::row::DeletedRole;
use crate::core::scope::{ArmScope, ArmScopeKind, DirectoryScope};
use crate::core::target::{RoleKey, Surface, Target};

mod assemble;
mod gap;

pub use gap::{Part, Unreadable};

/// The observed state of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// The service's time at the read.
    pub now: Timestamp,
    /// What was looked at; of any other surface nothing is known.
    pub surfaces: BTreeSet<Surface>,
    /// What of it was looked at only because other surfaces lead there: nothing of it is declared or owned.
    pub beside: BTreeSet<Surface>,
    /// All role definitions.
    pub roles: BTreeMap<RoleKey, RoleDefinition>,
    /// Soft-deleted roles; `None` when the tenant does not show them (graph.md 2.3: public cloud only).
    pub deleted_roles: Option<Vec<DeletedRole>>,
    /// Settings by policy target, the role given by its object id.
    pub settings: BTreeMap<Target, Settings>,
    /// Roles whose settings are the service's defaults, by Azure scope.
    pub untouched: BTreeMap<ArmScope, BTreeSet<Uuid>>,
    /// Direct, assigned rows.
    pub assignments: BTreeMap<AssignmentKey, ObservedAssignment>,
    /// Keys for which the lists hold more than one window; the widest is in `assignments`.
    pub crowded: BTreeSet<AssignmentKey>,
    /// What the lists of an Azure scope show of the scopes above it, by that scope: who can do something there. Never compared, never
    /// changed; where the scope above was listed itself, its own rows tell.
    pub inherited: BTreeMap<ArmScope, BTreeMap<AssignmentKey, ObservedAssignment>>,
    /// Running activations.
    pub activations: Vec<Activation>,
    /// What is known of principals.
    pub principals: Principals,
    /// Holders of assignments, and approvers, that the directory no longer has: what holders held lingers for days (DSC#5445).
    pub deleted_principals: BTreeSet<PrincipalId>,
    /// Display names of directory scopes.
    pub scope_names: BTreeMap<DirectoryScope, String>,
    /// How Azure's scopes contain each other.
    pub hierarchy: Hierarchy,
    /// The Azure scopes whose assignments were listed.
    pub listed: BTreeSet<ArmScope>,
    /// Azure scopes that were to be read and do not exist, with the service's words.
    pub absent: BTreeMap<ArmScope, String>,
    /// The groups whose members, owners and settings were listed, and whether PIM manages them already; `None` where the tenant
    /// does not tell.
    pub groups: BTreeMap<GroupId, Option<bool>>,
    /// The members of groups that were not looked at themselves, nested ones included, where it had to be known who approves.
    pub members: BTreeMap<GroupId, BTreeSet<PrincipalId>>,
    /// Those groups that were looked at only because they lead somewhere: nothing of theirs is declared or owned.
    pub bystanders: BTreeSet<GroupId>,
    /// Why nobody can tell which groups beside those that the manifests name are onboarded to PIM, where a glob asks for them.
    pub undiscovered: Option<String>,
    /// What could not be read.
    pub unreadable: Vec<Unreadable>,
}

impl Observed {
    /// Returns an empty observation made at `now`.
    pub fn empty(now: Timestamp) -> Self {
        Self {
            now,
            surfaces: BTreeSet::new(),
            beside: BTreeSet::new(),
            roles: BTreeMap::new(),
            deleted_roles: None,
            settings: BTreeMap::new(),
            untouched: BTreeMap::new(),
            assignments: BTreeMap::new(),
            crowded: BTreeSet::new(),
            inherited: BTreeMap::new(),
            activations: Vec::new(),
            principals: BTreeMap::new(),
            deleted_principals: BTreeSet::new(),
            scope_names: BTreeMap::new(),
            hierarchy: Hierarchy::default(),
            listed: BTreeSet::new(),
            absent: BTreeMap::new(),
            groups: BTreeMap::new(),
            members: BTreeMap::new(),
            bystanders: BTreeSet::new(),
            undiscovered: None,
            unreadable: Vec::new(),
        }
    }

    /// Adds what is known of a principal.
    pub fn learn(&mut self, principal: Principal) {
        self.principals
            .entry(principal.id.clone())
            .or_insert_with(|| Principal::unknown(principal.id.clone()))
            .learn(&principal);
    }

    /// Returns the keys of instances and plain rows that nothing explains: a second read must agree before one is removed
    /// (design.md 3).
    pub fn unexplained(&self) -> BTreeSet<AssignmentKey> {
        let plain = |(_, found): &(&AssignmentKey, &ObservedAssignment)| {
            matches!(found.provenance, Provenance::Plain { .. } | Provenance::Unscheduled)
        };
        self.assignments.iter().filter(plain).map(|(key, _)| key.clone()).collect()
    }

    /// Returns the settings that were read for a target.
    pub fn settings_of(&self, target: &Target) -> Option<&Settings> {
        let is_untouched = || {
            let roles = target.arm_scope().and_then(|scope| self.untouched.get(scope));
            let role = target.role().and_then(|role| Uuid::try_parse(role.as_str()).ok());
            roles.zip(role).is_some_and(|(roles, role)| roles.contains(&role))
        };
        self.settings.get(target).or_else(|| is_untouched().then(factory_of_azure))
    }

    /// Tells whether a target was looked at only because it leads somewhere.
    pub fn is_bystander(&self, target: &Target) -> bool {
        target.group().is_some_and(|group| self.bystanders.contains(group))
    }

    /// Tells whether all assignments at a scope and everywhere below it were listed. Below a management group that is so only
    /// as far as its children are known.
    pub fn is_listed(&self, scope: &ArmScope) -> bool {
        // the lists of the root show its own rows only
        let covers = |listed: &ArmScope, scope: &ArmScope| {
            listed == scope || listed.kind() != ArmScopeKind::Root && listed.contains_path(scope)
        };
        let is_covered = |scope: &ArmScope| self.listed.iter().any(|listed| covers(listed, scope));
        let kinds = [ArmScopeKind::ManagementGroup, ArmScopeKind::Subscription];
        is_covered(scope) && self.hierarchy.below(scope, &kinds).iter().all(is_covered)
    }

    /// Adds what was read of another surface.
    pub fn join(&mut self, other: Self) {
        let Self {
            now: _,
            surfaces,
            beside,
            roles,
            deleted_roles,
            settings,
            untouched,
            assignments,
            crowded,
            inherited,
            activations,
            principals,
            deleted_principals,
            scope_names,
            hierarchy,
            listed,
            absent,
            groups,
            members,
            bystanders,
            undiscovered,
            unreadable,
        } = other;
        self.surfaces.extend(surfaces);
        self.beside.extend(beside);
        self.roles.extend(roles);
        self.deleted_roles = self.deleted_roles.take().or(deleted_roles);
        self.settings.extend(settings);
        self.untouched.extend(untouched);
        self.assignments.extend(assignments);
        self.crowded.extend(crowded);
        self.inherited.extend(inherited);
        self.activations.extend(activations);
        self.activations.sort();
        for principal in principals.into_values() {
            self.learn(principal);
        }
        self.deleted_principals.extend(deleted_principals);
        self.scope_names.extend(scope_names);
        if self.hierarchy == Hierarchy::default() {
            self.hierarchy = hierarchy;
        }
        self.listed.extend(listed);
        self.absent.extend(absent);
        self.groups.extend(groups);
        self.members.extend(members);
        self.bystanders.extend(bystanders);
        self.undiscovered = self.undiscovered.take().or(undiscovered);
        self.unreadable.extend(unreadable);
    }
}

/// Returns the defaults of Azure's settings, made once: thousands of targets have them.
fn factory_of_azure() -> &'static Settings {
    static FACTORY: std::sync::OnceLock<Settings> = std::sync::OnceLock::new();
    FACTORY.get_or_init(|| factory(Surface::Azure))
}
