//! Changes of small tenants and what they are judged to risk, each with the source of the judgement.

mod catalog;
mod chain;
mod custom;
mod setting;

use super::*;
use crate::catalog::{azure_role, directory_role};
use crate::core::assignment::{Mode, ObservedAssignment, Provenance};
use crate::core::change::Action;
use crate::core::id::{ObjectId, PrincipalId, RoleId};
use crate::core::principal::{Principal, PrincipalType};
use crate::core::project::project;
use crate::core::role_definition::{Permission, Permissions, RoleDefinition};
use crate::core::schedule::{Ask, End, Window};
use crate::core::scope::{ArmScope, DirectoryScope};
use crate::core::target::Access;

const SUBSCRIPTION: &str = "/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1";

/// A tenant with every built-in role, and a plan for it.
struct Tenant {
    observed: Observed,
    changes: Vec<Change>,
}

fn id(name: &str) -> PrincipalId {
    PrincipalId::new(name)
}

fn member(group: &str) -> Target {
    Target::Group { group: GroupId::new(group), access: Access::Member }
}

fn owner(group: &str) -> Target {
    Target::Group { group: GroupId::new(group), access: Access::Owner }
}

/// Returns a directory role by name, in the whole tenant.
fn directory(role: &str) -> Target {
    let role = directory_role::find(role).map_or(role, |role| role.id);
    Target::Directory { role: RoleId::new(role), scope: DirectoryScope::Tenant }
}

fn in_unit(role: &str) -> Target {
    let Target::Directory { role, .. } = directory(role) else { unreachable!() };
    Target::Directory { role, scope: DirectoryScope::AdministrativeUnit(ObjectId::new("unit")) }
}

fn at_object(role: &str) -> Target {
    let Target::Directory { role, .. } = directory(role) else { unreachable!() };
    Target::Directory { role, scope: DirectoryScope::Object(ObjectId::new("app")) }
}

/// Returns an Azure role by name at a scope.
fn azure(role: &str, scope: &str) -> Target {
    let role = azure_role::find(role).map_or(role, |role| role.id);
    Target::Azure { role: RoleId::new(role), scope: ArmScope::parse(scope).unwrap() }
}

fn until() -> Ask {
    Ask { start: None, end: End::At("2026-09-01T00:00:00Z".parse().unwrap()) }
}

fn endless() -> Ask {
    Ask { start: None, end: End::Never }
}

fn change(subject: Subject, direction: Direction) -> Change {
    Change {
        address: String::new(),
        action: Action::Create,
        surface: subject.surface(),
        place: None,
        since: None,
        onboards: false,
        subject,
        fields: Vec::new(),
        direction,
        risk: Risk::None,
        reasons: Vec::new(),
        source: None,
        observed: None,
        requires: Vec::new(),
        follows: Vec::new(),
        request_ids: Vec::new(),
    }
}

fn custom(surface: Surface, name: &str, permissions: Permissions) -> RoleDefinition {
    RoleDefinition {
        surface,
        id: RoleId::new(name),
        template_id: RoleId::new(name),
        display_name: name.to_owned(),
        description: String::new(),
        is_enabled: true,
        is_built_in: false,
        permissions,
        assignable_scopes: Default::default(),
    }
}

fn allows(actions: &[&str], not_actions: &[&str]) -> Permissions {
    let set = |names: &[&str]| names.iter().map(|name| Permission::new(name)).collect();
    Permissions { actions: set(actions), not_actions: set(not_actions), ..Permissions::default() }
}

impl Tenant {
    fn new() -> Self {
        let mut observed = Observed::empty("2026-06-01T00:00:00Z".parse().unwrap());
        let directory = directory_role::all().iter().map(|role| (Surface::Directory, role.id, role.name));
        let azure = azure_role::all().iter().map(|role| (Surface::Azure, role.id, role.name));
        for (surface, id, name) in directory.chain(azure) {
            let mut role = custom(surface, name, Permissions::default());
            (role.id, role.template_id, role.is_built_in) = (RoleId::new(id), RoleId::new(id), true);
            observed.roles.insert(role.key(), role);
        }
        Self { observed, changes: Vec::new() }
    }

    /// Adds a group all of whose members and owners were read.
    fn group(mut self, name: &str) -> Self {
        self = self.principal(name, PrincipalType::Group);
        self.observed.groups.insert(GroupId::new(name), Some(true));
        self
    }

    fn principal(mut self, name: &str, kind: PrincipalType) -> Self {
        let mut principal = Principal::unknown(id(name));
        (principal.kind, principal.name) = (Some(kind), Some(name.to_owned()));
        self.observed.learn(principal);
        self
    }

    fn role(mut self, role: RoleDefinition) -> Self {
        self.observed.roles.insert(role.key(), role);
        self
    }

    /// Adds what is there.
    fn held(mut self, principal: &str, target: &Target, mode: Mode) -> Self {
        let key = AssignmentKey { target: target.clone(), principal: id(principal), mode };
        let live = ObservedAssignment {
            window: Window { start: None, end: None },
            condition: None,
            provenance: Provenance::Pim { request: String::new() },
        };
        self.observed.assignments.insert(key, live);
        self
    }

    /// Sets what activations of a target demand.
    fn demands(mut self, target: &Target, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = factory(target.surface());
        change(&mut settings);
        self.observed.settings.insert(target.clone(), settings);
        self
    }

    fn grant(self, principal: &str, target: &Target, mode: Mode, ask: Ask) -> Self {
        self.grant_with(principal, target, mode, ask, None)
    }

    fn grant_with(mut self, principal: &str, target: &Target, mode: Mode, ask: Ask, condition: Option<&str>) -> Self {
        let key = AssignmentKey { target: target.clone(), principal: id(principal), mode };
        let known = self.observed.principals.get(&id(principal)).and_then(|known| known.kind);
        let subject = Subject::Assignment {
            principal_type: Some(known.unwrap_or(PrincipalType::User)),
            before: self.observed.assignments.get(&key).cloned(),
            key,
            ask: Some(ask),
            condition: condition.map(str::to_owned),
            justification: None,
            ticket: None,
            assumed: false,
        };
        self.changes.push(change(subject, Direction::Widens));
        self
    }

    /// Plans other settings of a target.
    fn set(mut self, target: &Target, loosen: impl FnOnce(&mut Settings)) -> Self {
        let before = self.observed.settings_of(target).cloned().unwrap_or_else(|| factory(target.surface()));
        let mut after = before.clone();
        loosen(&mut after);
        let subject = Subject::Settings {
            target: target.clone(),
            policy_role: None,
            before: Box::new(before),
            after: Box::new(after),
            assumed: false,
        };
        self.changes.push(change(subject, Direction::Widens));
        self
    }

    /// Plans another definition of a custom role.
    fn redefine(mut self, after: RoleDefinition) -> Self {
        let before = self.observed.roles[&after.key()].clone();
        let subject = Subject::Role { before: Some(Box::new(before)), after: Some(Box::new(after)) };
        self.changes.push(change(subject, Direction::Widens));
        self
    }

    fn remove(mut self, principal: &str, target: &Target, mode: Mode) -> Self {
        let key = AssignmentKey { target: target.clone(), principal: id(principal), mode };
        let subject = Subject::Assignment {
            principal_type: None,
            before: self.observed.assignments.get(&key).cloned(),
            key,
            ask: None,
            condition: None,
            justification: None,
            ticket: None,
            assumed: false,
        };
        self.changes.push(change(subject, Direction::Narrows));
        self
    }

    fn judged(&self) -> Vec<(Risk, Vec<String>)> {
        let after = project(&self.observed, &self.changes);
        judge(&self.changes, &self.observed, &after, &Labels::new(&self.observed, []))
    }

    /// Returns the judgement of the last change.
    fn last(&self) -> (Risk, Vec<String>) {
        self.judged().pop().unwrap()
    }
}

/// Returns the risk of giving a role to one person.
fn risk(target: &Target, mode: Mode, ask: Ask) -> Risk {
    Tenant::new().grant("alice", target, mode, ask).last().0
}

#[test]
fn what_only_takes_away_has_no_risk() {
    let target = directory("Global Administrator");
    let tenant = Tenant::new().held("alice", &target, Mode::Active).remove("alice", &target, Mode::Active);
    assert_eq!(tenant.last(), (Risk::None, Vec::new()));
}

#[test]
fn the_same_changes_are_judged_the_same_again() {
    let tenant = Tenant::new().group("ops").held("ops", &directory("Global Administrator"), Mode::Active).grant(
        "alice",
        &member("ops"),
        Mode::Eligible,
        endless(),
    );
    assert_eq!(tenant.judged(), tenant.judged());
}
