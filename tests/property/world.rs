//! Generated tenants and manifests on the directory surface.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::{ProptestConfig, Strategy, any};
use rolewright::core::diagnostic::Diagnostic;
use rolewright::core::id::{ObjectId, PrincipalId, RoleId};
use rolewright::core::identity::Found;
use rolewright::core::observed::{Observed, Unreadable};
use rolewright::core::origin::Origin;
use rolewright::core::period::Period;
use rolewright::core::plan::{Plan, Settings as PlanSettings, plan};
use rolewright::core::policy::default::factory;
use rolewright::core::policy::field::{SettingField, SettingValue};
use rolewright::core::policy::rule::{Approver, Event, NotificationLevel, Requirement};
use rolewright::core::policy::settings::Settings;
use rolewright::core::principal::{Principal, PrincipalType};
use rolewright::core::role_definition::{Permission, Permissions, RoleDefinition};
use rolewright::core::row::Row;
use rolewright::core::schedule::Schedule;
use rolewright::core::scope::DirectoryScope;
use rolewright::core::state::Desired;
use rolewright::core::target::{RoleKey, Surface};

mod manifest;
mod tenant;

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
        let custom = tenant::custom_roles(choices);
        let mut rows = tenant::rows(choices, &custom);
        let unreadable = tenant::unreadable(choices);
        let desired = manifest::desired(choices, &custom);
        let is_live = |role: &RoleId| rows.iter().any(|row| matches!(row, Row::Role(live) if live.id == *role));
        let held = desired.assignments.keys().filter(|key| key.target.role().is_some_and(is_live));
        let mut near_rows = Vec::new();
        for key in held {
            if choices.chance(1, 2) {
                near_rows.push(tenant::near(choices, key));
            }
        }
        rows.extend(near_rows);
        World { desired, rows, unreadable }
    }

    /// Puts the rows together in the given order.
    pub(crate) fn observe(&self, rows: Vec<Row>) -> Observed {
        let mut observed = Observed::assemble(now(), rows);
        observed.surfaces.insert(Surface::Directory);
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
        ..PlanSettings::default()
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
