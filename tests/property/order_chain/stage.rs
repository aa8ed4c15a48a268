//! Small tenants over the three surfaces, and manifests that want them otherwise: groups in groups, owners, roles that groups hold.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use rolewright::core::assignment::{AssignmentKey, DeclaredAssignment, Mode, ObservedAssignment, Provenance, Ticket};
use rolewright::core::declared::Declared;
use rolewright::core::id::{GroupId, ObjectId, PrincipalId, RoleId, TenantId};
use rolewright::core::observed::Observed;
use rolewright::core::ownership::{Authority, Extent, Ownership, OwnershipEntry, Pattern};
use rolewright::core::period::Period;
use rolewright::core::policy::default::factory;
use rolewright::core::policy::field::{DeclaredSettings, SettingField, SettingValue, Want};
use rolewright::core::policy::rule::{Approver, Event, Requirement};
use rolewright::core::policy::settings::Settings;
use rolewright::core::principal::{Principal, PrincipalType, Principals};
use rolewright::core::role_definition::{DeclaredRole, Permission, Permissions, RoleDefinition};
use rolewright::core::schedule::{Schedule, Window};
use rolewright::core::scope::{ArmScope, DirectoryScope};
use rolewright::core::state::{ApplyAs, Desired, Limits, Tenant};
use rolewright::core::target::{Access, RoleKey, Surface, Target};

use crate::order_chain::reach::controls;
use crate::world::{Choices, now, origin};

/// Everything that a role can allow here.
pub(super) const OPERATIONS: [&str; 4] = ["a/x/read", "a/x/write", "b/y/read", "b/y/write"];

const PATTERNS: [&str; 6] = ["a/x/read", "a/x/write", "b/y/read", "b/y/write", "a/*", "*"];
const SUBSCRIPTION: &str = "/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1";
const PRIVILEGED_ROLE_ADMINISTRATOR: &str = "e8611ab8-c189-46e8-94e1-60213ab1f814";
const GROUPS: usize = 4;
const PEOPLE: usize = 3;
const ROLES: usize = 4;

/// A grant: when, on which condition.
type Terms = (Schedule, Option<String>);

/// One side, before or after.
#[derive(Debug, Clone, Default)]
pub(super) struct Side {
    pub(super) roles: BTreeMap<RoleKey, Permissions>,
    pub(super) settings: BTreeMap<Target, Settings>,
    pub(super) grants: BTreeMap<AssignmentKey, Terms>,
}

/// A tenant and what is wanted of it.
#[derive(Debug, Clone)]
pub(super) struct Stage {
    pub(super) principals: Principals,
    pub(super) before: Side,
    pub(super) after: Side,
}

pub(super) fn group(number: usize) -> GroupId {
    GroupId::new(&format!("g{number}"))
}

pub(super) fn person(number: usize) -> PrincipalId {
    PrincipalId::new(&format!("p{number}"))
}

pub(super) fn principal_of(group: &GroupId) -> PrincipalId {
    PrincipalId::new(group.as_str())
}

/// Returns a role's key: two of the directory, the first of which hands out roles, and two of Azure.
pub(super) fn role(number: usize) -> RoleKey {
    match number {
        0 => RoleKey::new(Surface::Directory, &RoleId::new(PRIVILEGED_ROLE_ADMINISTRATOR)),
        1 => RoleKey::new(Surface::Directory, &RoleId::new("0000000d-0000-4000-8000-000000000001")),
        _ => RoleKey::new(Surface::Azure, &RoleId::new(&format!("0000000e-0000-4000-8000-00000000000{number}"))),
    }
}

pub(super) fn target_of(role: &RoleKey) -> Target {
    match role.surface {
        Surface::Azure => Target::Azure { role: role.id.clone(), scope: ArmScope::parse(SUBSCRIPTION).unwrap() },
        _ => Target::Directory { role: role.id.clone(), scope: DirectoryScope::Tenant },
    }
}

fn is_built_in(role: &RoleKey) -> bool {
    role.id.as_str() == PRIVILEGED_ROLE_ADMINISTRATOR
}

pub(super) fn day(days: i64) -> Timestamp {
    now() + SignedDuration::from_hours(24 * days)
}

fn schedule(choices: &mut Choices) -> Schedule {
    let until = |start: Option<i64>, end| Schedule::Window { start: start.map(day), end: day(end) };
    match choices.below(8) {
        0..=2 => Schedule::Permanent,
        3 => until(None, 30),
        4 => until(None, 60),
        5 => until(Some(20), 60),
        6 => until(Some(10), 40),
        _ => Schedule::Renewal { duration: Period::days(30), renew_before: Some(Period::days(5)) },
    }
}

fn permissions(choices: &mut Choices, surface: Surface) -> Permissions {
    let names = if surface == Surface::Azure { &PATTERNS[..] } else { &PATTERNS[..4] };
    let mut permissions = Permissions::default();
    for name in names.iter().filter(|_| choices.chance(1, 3)) {
        permissions.actions.insert(Permission::new(name));
    }
    if permissions.actions.is_empty() {
        permissions.actions.insert(Permission::new(names[choices.below(names.len())]));
    }
    if surface == Surface::Azure && choices.chance(1, 4) {
        permissions.not_actions.insert(Permission::new(OPERATIONS[choices.below(4)]));
    }
    permissions
}

fn settings(choices: &mut Choices, surface: Surface) -> Settings {
    let mut settings = factory(surface);
    for event in [Event::EligibleAssignment, Event::ActiveAssignment] {
        settings.event_mut(event).expiration.is_required = choices.chance(1, 5);
        settings.event_mut(event).expiration.maximum = Some(Period::days([365, 90, 60][choices.below(3)]));
    }
    settings.activation.expiration.maximum = Some(Period::hours([8, 4, 2][choices.below(3)]));
    let demands = [Requirement::Justification, Requirement::Ticket].into_iter();
    settings.activation.require = demands.filter(|_| choices.chance(1, 2)).collect();
    let approvers: &[usize] = [&[][..], &[0], &[1], &[0, 1]][choices.below(4)];
    settings.approval.is_required = !approvers.is_empty();
    settings.approval.approvers = approvers.iter().map(|n| Approver::User(person(*n))).collect();
    let context = [None, None, Some("c1"), Some("c2")][choices.below(4)].map(str::to_owned);
    SettingField::AuthenticationContext.set(&mut settings, SettingValue::Context(context));
    settings.canonical(surface)
}

fn target(choices: &mut Choices) -> Target {
    match choices.chance(1, 2) {
        true => {
            let access = if choices.chance(1, 6) { Access::Owner } else { Access::Member };
            Target::Group { group: group(choices.below(GROUPS)), access }
        }
        false => match target_of(&role(choices.below(ROLES))) {
            Target::Directory { role, .. } if choices.chance(1, 4) => {
                let scope = DirectoryScope::AdministrativeUnit(ObjectId::new("0000000b-0000-4000-8000-000000000001"));
                Target::Directory { role, scope }
            }
            other => other,
        },
    }
}

fn key(choices: &mut Choices) -> AssignmentKey {
    let principal = match choices.chance(1, 2) {
        true => principal_of(&group(choices.below(GROUPS))),
        false => person(choices.below(PEOPLE)),
    };
    let mode = if choices.chance(1, 2) { Mode::Active } else { Mode::Eligible };
    AssignmentKey { target: target(choices), principal, mode }
}

fn condition(choices: &mut Choices, target: &Target) -> Option<String> {
    let names = ["a", "b"].map(|name| format!("@Resource[Microsoft.Storage/x:name] StringEquals '{name}'"));
    let is_conditional = target.surface() == Surface::Azure && choices.chance(1, 2);
    is_conditional.then(|| names[choices.below(2)].clone())
}

fn roles(choices: &mut Choices, known: Option<&Side>) -> BTreeMap<RoleKey, Permissions> {
    let mut roles = BTreeMap::new();
    for key in (0..ROLES).map(role) {
        let live = known.map(|side| side.roles.get(&key).cloned());
        let is_kept = is_built_in(&key) || choices.chance(1, 2);
        let permissions = match live {
            Some(Some(live)) if is_kept => Some(live),
            None if is_built_in(&key) => Some(permissions(choices, key.surface)),
            _ if choices.chance(1, 8) => None,
            _ => Some(permissions(choices, key.surface)),
        };
        roles.extend(permissions.map(|permissions| (key, permissions)));
    }
    roles
}

/// Returns everything that has settings.
fn governed() -> impl Iterator<Item = Target> {
    let of_group =
        |number| [Access::Member, Access::Owner].map(|access| Target::Group { group: group(number), access });
    (0..GROUPS).flat_map(of_group).chain((0..ROLES).map(|number| target_of(&role(number))))
}

impl Stage {
    pub(super) fn draw(choices: &mut Choices) -> Self {
        let mut principals = Principals::new();
        for (id, kind) in (0..PEOPLE)
            .map(|number| (person(number), PrincipalType::User))
            .chain((0..GROUPS).map(|number| (principal_of(&group(number)), PrincipalType::Group)))
        {
            let mut principal = Principal::unknown(id.clone());
            principal.kind = Some(kind);
            principal.name = Some(id.to_string());
            principal.is_role_assignable = [None, Some(true), Some(false)][choices.below(3)];
            principals.insert(id, principal);
        }
        let mut stage = Self { principals, before: Side::default(), after: Side::default() };
        stage.before = stage.first(choices);
        stage.after = stage.second(choices);
        stage
    }

    fn first(&self, choices: &mut Choices) -> Side {
        let mut side = Side { roles: roles(choices, None), ..Side::default() };
        for target in governed() {
            side.settings.insert(target.clone(), settings(choices, target.surface()));
        }
        for _ in 0..4 + choices.below(8) {
            let key = key(choices);
            let terms = (schedule(choices), condition(choices, &key.target));
            side.grants.insert(key, terms);
        }
        side.prune();
        side
    }

    fn second(&self, choices: &mut Choices) -> Side {
        let mut side = Side { roles: roles(choices, Some(&self.before)), ..Side::default() };
        for target in governed() {
            let live = self.before.settings.get(&target).filter(|_| !choices.chance(1, 3));
            let settings = live.cloned().unwrap_or_else(|| settings(choices, target.surface()));
            side.settings.insert(target, settings);
        }
        for (key, (live, condition_live)) in &self.before.grants {
            let terms = (*live, condition_live.clone());
            match choices.below(8) {
                0 | 1 => _ = side.grants.insert(key.clone(), terms),
                2 => {
                    let mode = if key.mode == Mode::Active { Mode::Eligible } else { Mode::Active };
                    side.grants.insert(AssignmentKey { mode, ..key.clone() }, terms);
                }
                3 => _ = side.grants.insert(key.clone(), (schedule(choices), terms.1)),
                4 => {
                    let condition = condition(choices, &key.target);
                    side.grants.insert(key.clone(), (terms.0, condition));
                }
                _ => {}
            }
        }
        for _ in 0..choices.below(6) {
            let key = key(choices);
            let terms = (schedule(choices), condition(choices, &key.target));
            side.grants.insert(key, terms);
        }
        side.prune();
        let is_taken = |key: &AssignmentKey| {
            let holder = &self.principals[&key.principal];
            if holder.kind != Some(PrincipalType::Group) {
                return true;
            }
            match &key.target {
                Target::Group { access: Access::Owner, .. } => false,
                Target::Group { group, .. } => {
                    let is_protected = self.principals[&principal_of(group)].is_role_assignable == Some(true);
                    principal_of(group) != key.principal && !(is_protected && key.mode == Mode::Active)
                }
                Target::Directory { .. } => holder.is_role_assignable != Some(false),
                Target::Azure { .. } => true,
            }
        };
        side.grants.retain(|key, _| is_taken(key));
        side
    }

    /// Returns the tenant as it is.
    pub(super) fn observed(&self) -> Observed {
        let mut observed = Observed::empty(now());
        observed.surfaces.extend(Surface::ALL);
        observed.listed.insert(ArmScope::parse(SUBSCRIPTION).unwrap());
        observed.groups = (0..GROUPS).map(|number| (group(number), Some(true))).collect();
        observed.principals = self.principals.clone();
        for (key, permissions) in &self.before.roles {
            let definition = RoleDefinition {
                surface: key.surface,
                id: key.id.clone(),
                template_id: key.id.clone(),
                display_name: name(key),
                description: String::new(),
                is_enabled: true,
                is_built_in: is_built_in(key),
                permissions: permissions.clone(),
                assignable_scopes: assignable(key),
            };
            observed.roles.insert(key.clone(), definition);
        }
        observed.settings = self.before.settings.clone();
        for (key, (schedule, condition)) in &self.before.grants {
            let window = match schedule {
                Schedule::Permanent => Window { start: None, end: None },
                Schedule::Window { start, end } => Window { start: *start, end: Some(*end) },
                // due for renewal
                Schedule::Renewal { .. } => Window { start: None, end: Some(day(3)) },
            };
            let provenance = Provenance::Pim { request: "r".to_owned() };
            let live = ObservedAssignment { window, condition: condition.clone(), provenance };
            observed.assignments.insert(key.clone(), live);
        }
        observed
    }

    /// Returns the manifests.
    pub(super) fn desired(&self) -> Desired {
        let every = || vec![Pattern::new("*").unwrap()];
        let subscription = ArmScope::parse(SUBSCRIPTION).unwrap();
        let extents = [
            Extent::DirectoryRoles(every()),
            Extent::Groups(every()),
            Extent::AzureScopes { scopes: vec![subscription], exact: false },
        ];
        let entry = |extent| OwnershipEntry {
            extent,
            assignments: Authority::Authoritative,
            role_definitions: Authority::Authoritative,
        };
        let entries = extents.into_iter().map(|extent| Declared::new(entry(extent), origin(2))).collect();
        let mut desired = Desired {
            tenant: Tenant {
                name: "t".into(),
                id: TenantId::new("5a9dbb0c-0000-4000-8000-000000000001"),
                apply_as: ApplyAs::Application,
                ownership: Ownership { entries, ..Ownership::default() },
                break_glass: Vec::new(),
                applied_by: None,
                limits: Limits::default(),
                at: origin(1),
            },
            roles: BTreeMap::new(),
            settings: BTreeMap::new(),
            assignments: BTreeMap::new(),
        };
        for (key, permissions) in self.after.roles.iter().filter(|(key, _)| !is_built_in(key)) {
            let declared = DeclaredRole {
                surface: key.surface,
                name: name(key).to_lowercase(),
                id: None,
                display_name: name(key),
                description: None,
                is_enabled: None,
                based_on: None,
                permissions: permissions.clone(),
                assignable_scopes: assignable(key),
            };
            desired.roles.insert(key.clone(), Declared::new(declared, origin(10)));
        }
        for (target, settings) in &self.after.settings {
            let admin = [Event::EligibleAssignment, Event::ActiveAssignment];
            let mut declared = DeclaredSettings::default();
            let fields = controls().into_iter().chain(admin.map(SettingField::Permanent));
            let bounded = admin.into_iter().filter(|event| settings.event(*event).expiration.is_required);
            for field in fields.chain(bounded.map(SettingField::MaxDuration)) {
                if field != SettingField::Approvers || settings.approval.is_required {
                    declared.fields.insert(field, Declared::new(Want::Value(field.get(settings)), origin(20)));
                }
            }
            desired.settings.insert(target.clone(), Declared::new(declared, origin(20)));
        }
        for (key, (schedule, condition)) in &self.after.grants {
            let declared = DeclaredAssignment {
                principal_type: self.principals[&key.principal].kind.unwrap(),
                schedule: *schedule,
                condition: condition.clone(),
                justification: Some("because".into()),
                ticket: Some(Ticket { number: "1".into(), system: None }),
                purpose: None,
            };
            desired.assignments.insert(key.clone(), Declared::new(declared, origin(30)));
        }
        desired
    }
}

impl Side {
    /// Leaves out what is held of roles that are not there, and a group's membership in itself.
    fn prune(&mut self) {
        let is_there = |target: &Target| target.role_key().is_none_or(|role| self.roles.contains_key(&role));
        self.settings.retain(|target, _| is_there(target));
        self.grants.retain(|key, _| is_there(&key.target));
    }
}

fn name(role: &RoleKey) -> String {
    format!("Role {}", &role.id.as_str()[role.id.as_str().len() - 3..])
}

fn assignable(role: &RoleKey) -> BTreeSet<ArmScope> {
    let scope = ArmScope::parse(SUBSCRIPTION).unwrap();
    (role.surface == Surface::Azure).then_some(scope).into_iter().collect()
}
