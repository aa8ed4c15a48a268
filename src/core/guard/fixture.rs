//! A small tenant and its manifests, to trip guards with. Each guard has one of these that it refuses and one that it lets pass.

use std::collections::BTreeMap;

use crate::core::assignment::{AssignmentKey, DeclaredAssignment, Mode, ObservedAssignment, Provenance};
use crate::core::declared::Declared;
use crate::core::diagnostic::Diagnostic;
use crate::core::guard::{GLOBAL_ADMINISTRATOR, PRIVILEGED_ROLE_ADMINISTRATOR};
use crate::core::id::{GroupId, PrincipalId, RoleId, TenantId};
use crate::core::observed::{Observed, Part, Unreadable};
use crate::core::origin::Origin;
use crate::core::ownership::{Authority, Extent, Ignore, Ownership, OwnershipEntry, Pattern};
use crate::core::plan::{Plan, Settings, plan};
use crate::core::policy::default::factory;
use crate::core::policy::rule::Event;
use crate::core::principal::{Principal, PrincipalType};
use crate::core::role_definition::{Permissions, RoleDefinition};
use crate::core::schedule::{Schedule, Window};
use crate::core::scope::DirectoryScope;
use crate::core::state::{ApplyAs, Desired, Limits, Tenant};
use crate::core::target::{Access, Surface, Target};

/// What a guard is tried with.
pub(super) struct Staged {
    pub(super) desired: Desired,
    pub(super) observed: Observed,
    pub(super) applier: Option<PrincipalId>,
}

impl Staged {
    pub(super) fn new(desired: Desired, observed: Observed) -> Self {
        Self { desired, observed, applier: None }
    }

    pub(super) fn plan(&self) -> Plan {
        let settings = Settings { applier: self.applier.clone(), ..settings(&[]) };
        plan(&self.desired, &BTreeMap::new(), &self.observed, &settings).unwrap()
    }

    /// Returns the verdicts of one guard.
    pub(super) fn refusals(&self, guard: &str) -> Vec<crate::core::guard::Verdict> {
        self.plan().verdicts.into_iter().filter(|verdict| verdict.guard == guard).collect()
    }

    /// Returns the messages of the notices of one code.
    pub(super) fn notices(&self, code: &str) -> Vec<String> {
        let plan = self.plan();
        plan.notices.into_iter().filter(|notice| notice.code == code).map(|notice| notice.message).collect()
    }
}

/// A plan that a guard refuses, and one like it that it lets pass.
pub(super) struct Fixture {
    pub(super) refused: fn() -> Staged,
    pub(super) passed: fn() -> Staged,
}

pub(super) const HELPDESK: &str = "729827e3-9c14-49f7-bb1b-9608f156bbb8";

pub(super) fn origin() -> Origin {
    Origin { file: "m.yaml".into(), line: 1, column: 1, start: 0, end: 0 }
}

pub(super) fn at<T>(value: T) -> Declared<T> {
    Declared::new(value, origin())
}

pub(super) fn key(role: &str, person: &str, mode: Mode) -> AssignmentKey {
    let target = Target::Directory { role: RoleId::new(role), scope: DirectoryScope::Tenant };
    AssignmentKey { target, principal: PrincipalId::new(person), mode }
}

pub(super) fn person(name: &str) -> Principal {
    let mut person = Principal::unknown(PrincipalId::new(name));
    (person.kind, person.name) = (Some(PrincipalType::User), Some(name.to_owned()));
    (person.is_enabled, person.is_guest, person.is_synchronized) = (Some(true), Some(false), Some(false));
    person
}

/// A tenant with three roles and these permanent assignments.
pub(super) fn tenant(held: &[(&str, &str, Mode)]) -> Observed {
    let mut observed = Observed::empty("2026-06-01T12:00:00Z".parse().unwrap());
    observed.surfaces.insert(Surface::Directory);
    for (id, name) in [
        (GLOBAL_ADMINISTRATOR, "Global Administrator"),
        (PRIVILEGED_ROLE_ADMINISTRATOR, "Privileged Role Administrator"),
        (HELPDESK, "Helpdesk Administrator"),
    ] {
        let role = RoleDefinition {
            surface: Surface::Directory,
            id: RoleId::new(id),
            template_id: RoleId::new(id),
            display_name: name.to_owned(),
            description: String::new(),
            is_enabled: true,
            is_built_in: true,
            permissions: Permissions::default(),
            assignable_scopes: Default::default(),
        };
        let target = Target::Directory { role: role.id.clone(), scope: DirectoryScope::Tenant };
        let mut settings = factory(Surface::Directory);
        for event in [Event::EligibleAssignment, Event::ActiveAssignment] {
            settings.event_mut(event).expiration.is_required = false;
        }
        settings.active_assignment.require.clear();
        observed.settings.insert(target, settings);
        observed.roles.insert(role.key(), role);
    }
    ["ada", "bea", "cy", "dan"].into_iter().for_each(|name| observed.learn(person(name)));
    for (role, name, mode) in held {
        let found = ObservedAssignment {
            window: Window { start: None, end: None },
            condition: None,
            provenance: Provenance::Pim { request: "r".into() },
        };
        observed.assignments.insert(key(role, name, *mode), found);
    }
    observed
}

/// Manifests that own every role and declare these assignments as permanent.
pub(super) fn manifests(wanted: &[(&str, &str, Mode)]) -> Desired {
    let extent = Extent::DirectoryRoles(vec![Pattern::new("*").unwrap()]);
    let entry = OwnershipEntry { extent, assignments: Authority::Authoritative, role_definitions: Authority::Additive };
    let mut desired = Desired {
        tenant: Tenant {
            name: "contoso".into(),
            id: TenantId::new("t"),
            apply_as: ApplyAs::Application,
            ownership: Ownership { entries: vec![at(entry)], ignore: Ignore::default() },
            break_glass: Vec::new(),
            applied_by: None,
            limits: Limits { max_removal_percent: 100, ..Limits::default() },
            at: origin(),
        },
        roles: BTreeMap::new(),
        settings: BTreeMap::new(),
        assignments: BTreeMap::new(),
    };
    for (role, name, mode) in wanted {
        declare(&mut desired, key(role, name, *mode), Schedule::Permanent);
    }
    desired
}

pub(super) fn declare(desired: &mut Desired, key: AssignmentKey, schedule: Schedule) {
    let declared = DeclaredAssignment {
        principal_type: PrincipalType::User,
        schedule,
        condition: None,
        justification: Some("because".into()),
        ticket: None,
        purpose: None,
    };
    desired.assignments.insert(key, at(declared));
}

pub(super) fn until_autumn() -> Schedule {
    Schedule::Window { start: None, end: "2026-09-01T00:00:00Z".parse().unwrap() }
}

pub(super) fn planned(desired: &Desired, observed: &Observed, targets: &[&str]) -> Plan {
    tried(desired, observed, targets).unwrap()
}

pub(super) fn tried(desired: &Desired, observed: &Observed, targets: &[&str]) -> Result<Plan, Vec<Diagnostic>> {
    plan(desired, &BTreeMap::new(), observed, &settings(targets))
}

pub(super) fn settings(targets: &[&str]) -> Settings {
    Settings {
        tool_version: "0".into(),
        cloud: "public".into(),
        nonce: "n".into(),
        manifests: "sha256:0".into(),
        targets: targets.iter().map(|target| (*target).to_owned()).collect(),
        ..Settings::default()
    }
}

pub(super) fn refusing(plan: &Plan) -> Vec<&str> {
    // that little is declared here is for brevity
    let others = plan.verdicts.iter().filter(|verdict| verdict.guard != crate::core::guard::empty::NAME);
    others.map(|verdict| verdict.guard.as_str()).collect()
}

pub(super) fn gap(part: Part) -> Unreadable {
    Unreadable {
        surface: Surface::Directory,
        part,
        scope: None,
        group: None,
        role: None,
        name: None,
        why: "HTTP 503".into(),
    }
}

pub(super) const GA: &str = GLOBAL_ADMINISTRATOR;

pub(super) fn group(observed: &mut Observed, name: &str) -> GroupId {
    let mut group = Principal::unknown(PrincipalId::new(name));
    (group.kind, group.name, group.is_role_assignable) = (Some(PrincipalType::Group), Some(name.into()), Some(true));
    observed.learn(group);
    observed.surfaces.insert(Surface::Group);
    observed.groups.insert(GroupId::new(name), Some(true));
    let settings = observed.settings.values().next().unwrap().clone();
    for access in [Access::Member, Access::Owner] {
        observed.settings.insert(Target::Group { group: GroupId::new(name), access }, settings.clone());
    }
    GroupId::new(name)
}

pub(super) fn member(group: &str, person: &str, mode: Mode) -> AssignmentKey {
    let target = Target::Group { group: GroupId::new(group), access: Access::Member };
    AssignmentKey { target, principal: PrincipalId::new(person), mode }
}

/// Lets an assignment be there, permanently.
pub(super) fn hold(observed: &mut Observed, key: AssignmentKey) {
    let found = ObservedAssignment {
        window: Window { start: None, end: None },
        condition: None,
        provenance: Provenance::Pim { request: "r".into() },
    };
    observed.assignments.insert(key, found);
}
