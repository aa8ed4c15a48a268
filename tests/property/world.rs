//! Generated tenants and manifests on the directory surface.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::{ProptestConfig, Strategy, any};
use rolewright::core::assignment::{AssignmentKey, DeclaredAssignment, Mode, Ticket};
use rolewright::core::declared::Declared;
use rolewright::core::diagnostic::Diagnostic;
use rolewright::core::id::{ObjectId, PrincipalId, RoleId, TenantId};
use rolewright::core::identity::Found;
use rolewright::core::observed::{Observed, Part, Unreadable};
use rolewright::core::origin::Origin;
use rolewright::core::ownership::{Authority, Extent, Ignore, Ownership, OwnershipEntry, Pattern};
use rolewright::core::period::Period;
use rolewright::core::plan::{Plan, Settings as PlanSettings, plan};
use rolewright::core::policy::default::factory;
use rolewright::core::policy::field::{DeclaredSettings, SettingField, SettingValue, Want};
use rolewright::core::policy::rule::{Approver, Event, NotificationLevel, Requirement};
use rolewright::core::policy::settings::Settings;
use rolewright::core::principal::{Principal, PrincipalType};
use rolewright::core::role_definition::{DeclaredRole, Permission, Permissions, RoleDefinition};
use rolewright::core::row::{InstanceRow, Membership, PlainRow, Row, ScheduleRow};
use rolewright::core::schedule::Schedule;
use rolewright::core::scope::DirectoryScope;
use rolewright::core::state::{ApplyAs, Desired, Limits, Tenant};
use rolewright::core::target::{RoleKey, Surface, Target};

/// A source of decisions. Zero is always the plainest one, and an exhausted source says zero.
#[derive(Clone)]
pub(crate) struct Choices {
    numbers: Vec<u16>,
    next: usize,
}

impl std::fmt::Debug for Choices {
    /// What was drawn is told by the assertion; the numbers themselves would fill a screen.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} decisions", self.numbers.len())
    }
}

impl Choices {
    /// Returns a number below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let number = self.numbers.get(self.next).copied().unwrap_or(0);
        self.next += 1;
        usize::from(number) % limit
    }

    /// Says yes `times` in `of`.
    pub(crate) fn chance(&mut self, times: usize, of: usize) -> bool {
        self.below(of) >= of - times
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// Returns the items in another order.
    pub(crate) fn shuffled<T>(&mut self, mut items: Vec<T>) -> Vec<T> {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
        items
    }
}

/// Sources of `length` decisions.
pub(crate) fn choices(length: usize) -> impl Strategy<Value = Choices> {
    proptest::collection::vec(any::<u16>(), length).prop_map(|numbers| Choices { numbers, next: 0 })
}

/// How many worlds a property is tried on, in parts of 32 of the usual number (`PROPTEST_CASES`): each costs several plans.
/// Nothing is written beside the tests.
pub(crate) fn config(parts: u32) -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: (usual.cases * parts / 32).max(4), failure_persistence: None, ..usual }
}

/// The instant of every generated observation.
pub(crate) fn now() -> Timestamp {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

/// A tenant as rows, and the manifests for it.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) desired: Desired,
    pub(crate) rows: Vec<Row>,
    pub(crate) unreadable: Vec<Unreadable>,
}

impl World {
    /// Draws a world.
    pub(crate) fn draw(choices: &mut Choices) -> Self {
        let custom = custom_roles(choices);
        let mut rows = rows(choices, &custom);
        let unreadable = unreadable(choices);
        let desired = desired(choices, &custom);
        let is_live = |role: &RoleId| rows.iter().any(|row| matches!(row, Row::Role(live) if live.id == *role));
        let held = desired.assignments.keys().filter(|key| key.target.role().is_some_and(is_live));
        let mut near_rows = Vec::new();
        for key in held {
            if choices.chance(1, 2) {
                near_rows.push(near(choices, key));
            }
        }
        rows.extend(near_rows);
        World { desired, rows, unreadable }
    }

    /// Puts the rows together in the given order.
    pub(crate) fn observe(&self, rows: Vec<Row>) -> Observed {
        let mut observed = Observed::assemble(now(), rows);
        observed.surfaces.insert(rolewright::core::target::Surface::Directory);
        observed.unreadable.clone_from(&self.unreadable);
        observed
    }

    pub(crate) fn observed(&self) -> Observed {
        self.observe(self.rows.clone())
    }
}

/// Plans; `None` when there are mistakes.
pub(crate) fn planned(desired: &Desired, observed: &Observed) -> Option<Plan> {
    checked(desired, observed).ok()
}

/// Plans, or says what is wrong.
pub(crate) fn checked(desired: &Desired, observed: &Observed) -> Result<Plan, Vec<Diagnostic>> {
    let found = |id: &RoleKey| if observed.roles.contains_key(id) { Found::ById } else { Found::New };
    let found: BTreeMap<RoleKey, Found> = desired.roles.keys().map(|id| (id.clone(), found(id))).collect();
    plan(desired, &found, observed, &plan_settings("nonce"))
}

pub(crate) fn plan_settings(nonce: &str) -> PlanSettings {
    PlanSettings {
        tool_version: "0".into(),
        cloud: "public".into(),
        nonce: nonce.into(),
        manifests: "sha256:0".into(),
        targets: Vec::new(),
    }
}

fn guid(kind: u8, number: usize) -> String {
    format!("{kind:08x}-0000-4000-8000-{number:012x}")
}

/// Built-in roles, Global Administrator and the forbidden one of directory synchronisation among them.
const BUILT_IN: [(&str, &str); 4] = [
    ("729827e3-9c14-49f7-bb1b-9608f156bbb8", "Helpdesk Administrator"),
    ("62e90394-69f5-4237-9190-012177145e10", "Global Administrator"),
    ("e8611ab8-c189-46e8-94e1-60213ab1f814", "Privileged Role Administrator"),
    ("d29b2b05-8046-44ba-8758-1e26182fcf32", "Directory Synchronization Accounts"),
];

const PERMISSIONS: [&str; 4] = [
    "microsoft.directory/users/basic/update",
    "microsoft.directory/users/password/update",
    "microsoft.directory/groups/members/update",
    "microsoft.directory/applications/create",
];

const PEOPLE: usize = 8;

fn person(number: usize) -> Principal {
    let mut principal = Principal::unknown(PrincipalId::new(&guid(0xa, number)));
    // the last one is gone: nothing is known of it
    principal.kind = [PrincipalType::User, PrincipalType::Group, PrincipalType::ServicePrincipal]
        .get(number % 4)
        .copied()
        .filter(|_| number != PEOPLE - 1);
    principal.name = principal.kind.map(|kind| format!("{kind}-{}", number % 3));
    principal.is_role_assignable = Some(true);
    // PIM's own service principal
    principal.app_id = (number == 6).then(|| "01fc33a7-78ba-4d2f-a4b7-768e336e890e".to_owned());
    principal
}

fn scope(choices: &mut Choices) -> DirectoryScope {
    match choices.below(5) {
        3 => DirectoryScope::AdministrativeUnit(ObjectId::new(&guid(0xb, 1))),
        4 => DirectoryScope::Object(ObjectId::new(&guid(0xc, 1))),
        _ => DirectoryScope::Tenant,
    }
}

fn permissions(choices: &mut Choices) -> Permissions {
    let mut actions: BTreeSet<Permission> =
        PERMISSIONS.iter().filter(|_| choices.chance(1, 2)).map(|name| Permission::new(name)).collect();
    if actions.is_empty() {
        actions.insert(Permission::new(PERMISSIONS[0]));
    }
    Permissions { actions, ..Permissions::default() }
}

/// A custom role: live, declared, or both. The last two are never live or never declared.
fn custom_roles(choices: &mut Choices) -> Vec<RoleDefinition> {
    (0..4)
        .map(|number| {
            let id = RoleId::new(&guid(0xd, number));
            let template_id = if choices.chance(1, 3) { RoleId::new(&guid(0xe, number)) } else { id.clone() };
            RoleDefinition {
                surface: Surface::Directory,
                id,
                template_id,
                display_name: format!("Custom {number}"),
                description: ["", "One"][choices.below(2)].to_owned(),
                is_enabled: !choices.chance(1, 8),
                is_built_in: false,
                permissions: permissions(choices),
                assignable_scopes: BTreeSet::new(),
            }
        })
        .collect()
}

fn is_live(number: usize) -> bool {
    number != 2
}

fn is_declared(number: usize) -> bool {
    number != 3
}

fn any_role(choices: &mut Choices, custom: &[RoleDefinition], allowed: fn(usize) -> bool) -> RoleId {
    let mut ids: Vec<RoleId> = BUILT_IN.iter().map(|(id, _)| RoleId::new(id)).collect();
    ids.extend(custom.iter().enumerate().filter(|(number, _)| allowed(*number)).map(|(_, role)| role.id.clone()));
    choices.pick(&ids).clone()
}

fn minutes_from_now(choices: &mut Choices) -> Timestamp {
    let minutes = *choices.pick(&[60_i64 * 24 * 30, 3, 7, 60, 60 * 24, 60 * 24 * 180, 60 * 24 * 364, -60, -3]);
    now() + SignedDuration::from_mins(minutes) + SignedDuration::from_secs(choices.below(3) as i64 * 59)
}

fn rows(choices: &mut Choices, custom: &[RoleDefinition]) -> Vec<Row> {
    let mut rows: Vec<Row> = (0..PEOPLE).map(person).filter(|p| p.kind.is_some()).map(Row::Principal).collect();
    for (id, name) in BUILT_IN {
        let id = RoleId::new(id);
        rows.push(Row::Role(Box::new(RoleDefinition {
            surface: Surface::Directory,
            template_id: id.clone(),
            id,
            display_name: name.to_owned(),
            description: String::new(),
            is_enabled: true,
            is_built_in: true,
            permissions: Permissions::default(),
            assignable_scopes: BTreeSet::new(),
        })));
    }
    let live: Vec<&RoleDefinition> = custom.iter().enumerate().filter(|(n, _)| is_live(*n)).map(|(_, r)| r).collect();
    rows.extend(live.iter().map(|role| Row::Role(Box::new((*role).clone()))));
    let keys = BUILT_IN.iter().map(|(id, _)| RoleId::new(id)).chain(live.iter().map(|role| role.template_id.clone()));
    for role in keys {
        if !choices.chance(1, 6) {
            let target = Target::Directory { role, scope: DirectoryScope::Tenant };
            rows.push(Row::Settings(target, Box::new(settings(choices))));
        }
    }
    for number in 0..choices.below(14) {
        let target = Target::Directory { role: any_role(choices, custom, is_live), scope: scope(choices) };
        let principal = person(choices.below(PEOPLE)).id;
        let end = choices.chance(2, 3).then(|| minutes_from_now(choices));
        match choices.below(9) {
            7 => rows.push(Row::Plain(PlainRow {
                id: format!("plain-{target:?}-{principal}"),
                target,
                principal,
                condition: None,
            })),
            8 => rows.push(Row::Instance(InstanceRow {
                target,
                principal,
                membership: Membership::Direct,
                is_activated: true,
                end,
                origin: None,
            })),
            kind => rows.push(Row::Schedule(ScheduleRow {
                target,
                principal,
                mode: if kind % 2 == 0 { Mode::Eligible } else { Mode::Active },
                membership: if choices.chance(1, 8) { Membership::Indirect } else { Membership::Direct },
                is_activated: kind == 5 && choices.chance(1, 2),
                start: choices.chance(1, 4).then(|| minutes_from_now(choices)),
                end,
                request: (!choices.chance(1, 4)).then(|| guid(0xf, number)),
                assignment: None,
                condition: None,
            })),
        }
    }
    rows
}

/// A row for a declared key, as likely right as not.
fn near(choices: &mut Choices, key: &AssignmentKey) -> Row {
    Row::Schedule(ScheduleRow {
        target: key.target.clone(),
        principal: key.principal.clone(),
        mode: key.mode,
        membership: Membership::Direct,
        is_activated: false,
        start: choices.chance(1, 6).then(|| minutes_from_now(choices)),
        end: choices.chance(3, 4).then(|| minutes_from_now(choices)),
        request: Some(guid(0xf, 100)),
        assignment: None,
        condition: None,
    })
}

fn unreadable(choices: &mut Choices) -> Vec<Unreadable> {
    let parts = [
        Part::ActiveSchedules,
        Part::EligibleSchedules,
        Part::PlainAssignments,
        Part::ActiveInstances,
        Part::Settings,
        Part::Roles,
        Part::DeletedRoles,
    ];
    if !choices.chance(1, 4) {
        return Vec::new();
    }
    let gap = |part: &Part| Unreadable {
        surface: Surface::Directory,
        part: *part,
        scope: None,
        role: None,
        why: "HTTP 503".into(),
    };
    parts.iter().filter(|_| choices.chance(1, 4)).map(gap).collect()
}

/// Draws a value that the field can have.
pub(crate) fn value(choices: &mut Choices, field: SettingField) -> SettingValue {
    use SettingValue as V;
    match field {
        SettingField::Permanent(_) => V::Flag(!choices.chance(1, 5)),
        SettingField::MaxDuration(Event::Activation) => {
            V::Period(Some(Period::minutes(30 * (1 + choices.below(48) as i64))))
        }
        SettingField::MaxDuration(_) => V::Period(Some(Period::days(*choices.pick(&[365, 180, 90, 30])))),
        SettingField::Require(event) => {
            let all = Requirement::ALL.into_iter();
            // administrators' demands stay meetable, so that most plans are feasible
            let is_allowed =
                |r: &Requirement| event == Event::Activation || *r != Requirement::MultiFactorAuthentication;
            V::Requirements(all.filter(is_allowed).filter(|_| choices.chance(1, 3)).collect())
        }
        SettingField::Approvers => {
            let approver = |n: usize| match n {
                0 => Approver::User(person(0).id),
                1 => Approver::Group(person(1).id),
                _ => Approver::User(person(4).id),
            };
            V::Approvers((0..3).filter(|_| choices.chance(1, 3)).map(approver).collect())
        }
        SettingField::ApprovalTimeout => V::Days(1 + choices.below(3) as u32),
        SettingField::AuthenticationContext => {
            V::Context([None, Some("c1"), Some("c2")][choices.below(3)].map(str::to_owned))
        }
        SettingField::ApprovalRequired | SettingField::RequestorJustification | SettingField::ApproverJustification => {
            V::Flag(choices.chance(1, 2))
        }
        SettingField::Notification(_, _, _) => match field.get(&factory(Surface::Directory)) {
            V::Flag(_) => V::Flag(choices.chance(1, 2)),
            V::Level(_) => V::Level(*choices.pick(&[NotificationLevel::All, NotificationLevel::Critical])),
            V::Addresses(_) => {
                V::Addresses((choices.chance(1, 2)).then(|| "soc@contoso.example".into()).into_iter().collect())
            }
            other => other,
        },
    }
}

/// Draws settings: the factory's with some fields changed.
pub(crate) fn settings(choices: &mut Choices) -> Settings {
    let mut settings = factory(Surface::Directory);
    for field in SettingField::all() {
        if choices.chance(1, 5) {
            let value = value(choices, field);
            field.set(&mut settings, value);
        }
    }
    settings
}

pub(crate) fn origin(line: usize) -> Origin {
    Origin { file: "m.yaml".into(), line: line as u32, column: 1, start: 0, end: 0 }
}

fn declared_settings(choices: &mut Choices, line: usize) -> DeclaredSettings {
    let mut declared = DeclaredSettings { undeclared_is_factory: choices.chance(1, 5), ..DeclaredSettings::default() };
    for field in SettingField::all() {
        if choices.chance(1, 5) {
            let want = match choices.chance(1, 4) {
                true => Want::Factory,
                false => Want::Value(value(choices, field)),
            };
            declared.fields.insert(field, Declared::new(want, origin(line)));
        }
    }
    declared
}

/// Draws a schedule as a manifest that passed its checks may have it.
pub(crate) fn schedule(choices: &mut Choices) -> Schedule {
    match choices.below(4) {
        0 => Schedule::Permanent,
        1 => {
            let end = now() + SignedDuration::from_hours(24 * (1 + choices.below(90) as i64));
            let end = if choices.chance(1, 8) { now() - SignedDuration::from_hours(1) } else { end };
            let start = choices.chance(1, 3).then(|| end - SignedDuration::from_hours(1 + choices.below(200) as i64));
            Schedule::Window { start, end }
        }
        kind => {
            let days = 2 + choices.below(88) as i64;
            let renew_before = (kind == 2).then(|| Period::days(1 + choices.below(days as usize - 1) as i64));
            Schedule::Renewal { duration: Period::days(days), renew_before }
        }
    }
}

fn assignment(choices: &mut Choices, kind: PrincipalType) -> DeclaredAssignment {
    DeclaredAssignment {
        principal_type: kind,
        schedule: schedule(choices),
        condition: None,
        justification: Some("because".into()),
        ticket: Some(Ticket { number: "1".into(), system: None }),
        purpose: None,
    }
}

fn authority(choices: &mut Choices) -> Authority {
    if choices.chance(2, 3) { Authority::Authoritative } else { Authority::Additive }
}

fn desired(choices: &mut Choices, custom: &[RoleDefinition]) -> Desired {
    let mut desired = Desired {
        tenant: Tenant {
            name: "t".into(),
            id: TenantId::new("5a9dbb0c-0000-4000-8000-000000000001"),
            apply_as: ApplyAs::Application,
            ownership: ownership(choices, custom),
            break_glass: (choices.chance(1, 3)).then(|| Declared::new(person(0).id, origin(2))).into_iter().collect(),
            limits: Limits::default(),
            at: origin(1),
        },
        roles: BTreeMap::new(),
        settings: BTreeMap::new(),
        assignments: BTreeMap::new(),
    };
    let is_ignored = |desired: &Desired, role: &RoleId| {
        desired.tenant.ownership.ignore.roles.iter().any(|ignored| ignored.value.id == *role)
    };
    for (number, role) in custom.iter().enumerate().filter(|(number, _)| is_declared(*number)) {
        // a role that is not live yet must be declared, for others refer to it
        if is_ignored(&desired, &role.id) || is_live(number) && choices.chance(1, 3) {
            continue;
        }
        let declared = DeclaredRole {
            surface: Surface::Directory,
            name: format!("custom-{number}"),
            id: None,
            display_name: format!("Custom {number}{}", ["", " renamed"][choices.below(2)]),
            description: choices.chance(1, 2).then(|| "One".to_owned()),
            is_enabled: choices.chance(1, 2).then_some(true),
            based_on: None,
            permissions: permissions(choices),
            assignable_scopes: BTreeSet::new(),
        };
        desired.roles.insert(role.key(), Declared::new(declared, origin(10 + number)));
    }
    for number in 0..choices.below(4) {
        let target = Target::Directory { role: any_role(choices, custom, is_declared), scope: DirectoryScope::Tenant };
        if !target.role().is_some_and(|role| is_ignored(&desired, role)) {
            let line = 20 + number;
            let settings = declared_settings(choices, line);
            desired.settings.insert(target, Declared::new(settings, origin(line)));
        }
    }
    for number in 0..choices.below(10) {
        let holder = person(choices.below(PEOPLE - 1));
        let Some(kind) = holder.kind else { continue };
        let target = Target::Directory { role: any_role(choices, custom, is_declared), scope: scope(choices) };
        let is_eligible = kind != PrincipalType::ServicePrincipal && choices.chance(1, 2);
        let mode = if is_eligible { Mode::Eligible } else { Mode::Active };
        let is_ignored = target.role().is_some_and(|role| is_ignored(&desired, role))
            || desired.tenant.ownership.ignore.principals.iter().any(|p| p.value == holder.id);
        if !is_ignored {
            let key = AssignmentKey { target, principal: holder.id, mode };
            let declared = assignment(choices, kind);
            desired.assignments.insert(key, Declared::new(declared, origin(30 + number)));
        }
    }
    desired
}

fn ownership(choices: &mut Choices, custom: &[RoleDefinition]) -> Ownership {
    let patterns =
        ["*", "Custom *", "Helpdesk Administrator", "global *", "Directory Synchronization Accounts", "Cust?m 1"];
    let entries = (0..choices.below(4))
        .map(|number| {
            let some = (0..=choices.below(2))
                .map(|_| Pattern::new(patterns[choices.below(patterns.len())]).unwrap())
                .collect();
            let entry = OwnershipEntry {
                extent: Extent::DirectoryRoles(some),
                assignments: authority(choices),
                role_definitions: authority(choices),
            };
            Declared::new(entry, origin(3 + number))
        })
        .collect();
    let principals = choices.chance(1, 4).then(|| Declared::new(person(choices.below(PEOPLE)).id, origin(8)));
    let roles = choices
        .chance(1, 6)
        .then(|| Declared::new(RoleKey::new(Surface::Directory, &any_role(choices, custom, is_live)), origin(9)));
    Ownership {
        entries,
        ignore: Ignore { principals: principals.into_iter().collect(), roles: roles.into_iter().collect() },
    }
}
