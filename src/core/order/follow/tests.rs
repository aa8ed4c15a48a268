//! The order across groups by example: who must lose what before somebody else gets it.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::*;
use crate::core::assignment::{DeclaredAssignment, Provenance};
use crate::core::declared::Declared;
use crate::core::diagnostic::Diagnostic;
use crate::core::id::{GroupId, PrincipalId, RoleId, TenantId};
use crate::core::identity::Found;
use crate::core::order::{Edges, Step, StepPart};
use crate::core::origin::Origin;
use crate::core::ownership::{Authority, Extent, Ownership, OwnershipEntry, Pattern};
use crate::core::period::Period;
use crate::core::plan::{Plan, Settings as PlanSettings, plan};
use crate::core::policy::default::factory;
use crate::core::policy::field::{DeclaredSettings, SettingField, SettingValue, Want};
use crate::core::policy::rule::Event;
use crate::core::policy::settings::Settings;
use crate::core::principal::{Principal, PrincipalType};
use crate::core::role_definition::{DeclaredRole, Permission, Permissions, RoleDefinition};
use crate::core::schedule::{Schedule, Window};
use crate::core::scope::{ArmScope, DirectoryScope};
use crate::core::state::{ApplyAs, Desired, Limits, Tenant};
use crate::core::target::Access;

const SUBSCRIPTION: &str = "/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1";
const ROLES: [(&str, &str); 3] = [
    ("Starter", "0000000e-0000-4000-8000-000000000001"),
    ("Stopper", "0000000e-0000-4000-8000-000000000002"),
    ("Helper", "0000000d-0000-4000-8000-000000000003"),
];

fn now() -> Timestamp {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

fn day(number: i64) -> Timestamp {
    now() + SignedDuration::from_hours(24 * number)
}

fn at<T>(value: T) -> Declared<T> {
    Declared::new(value, Origin { file: "m.yaml".into(), line: 1, column: 1, start: 0, end: 0 })
}

/// Returns a target by its short name: one of the roles, a group, or `owner of` a group.
fn target(name: &str) -> Target {
    match ROLES.iter().find(|(role, _)| *role == name) {
        Some((_, id)) if *id == ROLES[2].1 => {
            Target::Directory { role: RoleId::new(id), scope: DirectoryScope::Tenant }
        }
        Some((_, id)) => Target::Azure { role: RoleId::new(id), scope: ArmScope::parse(SUBSCRIPTION).unwrap() },
        None => match name.strip_prefix("owner of ") {
            Some(group) => Target::Group { group: GroupId::new(group), access: Access::Owner },
            None => Target::Group { group: GroupId::new(name), access: Access::Member },
        },
    }
}

/// One side: grants as `holder eligible|active target`, with the days from and until which they hold.
#[derive(Clone, Default)]
struct Side {
    grants: Vec<(&'static str, Option<i64>, Option<i64>)>,
    /// How many hours an activation may last, by target; eight elsewhere.
    hours: Vec<(&'static str, i64)>,
    /// What roles allow; `x/read` elsewhere.
    permissions: Vec<(&'static str, &'static str)>,
}

fn side(grants: &[&'static str]) -> Side {
    Side { grants: grants.iter().map(|grant| (*grant, None, None)).collect(), ..Side::default() }
}

impl Side {
    fn hours(mut self, target: &'static str, hours: i64) -> Self {
        self.hours.push((target, hours));
        self
    }

    fn permission(mut self, role: &'static str, permission: &'static str) -> Self {
        self.permissions.push((role, permission));
        self
    }

    fn between(mut self, grant: &'static str, start: Option<i64>, end: Option<i64>) -> Self {
        self.grants.push((grant, start, end));
        self
    }

    fn settings(&self, target: &str, surface: Surface) -> Settings {
        let mut settings = factory(surface);
        for event in [Event::EligibleAssignment, Event::ActiveAssignment] {
            settings.event_mut(event).expiration.is_required = false;
            settings.event_mut(event).require.clear();
        }
        settings.activation.require.clear();
        let hours = self.hours.iter().find(|(name, _)| *name == target).map_or(8, |(_, hours)| *hours);
        settings.activation.expiration.maximum = Some(Period::hours(hours));
        settings.canonical(surface)
    }

    fn role(&self, name: &str, id: &str) -> RoleDefinition {
        let permission = self.permissions.iter().find(|(role, _)| *role == name).map_or("x/read", |(_, one)| *one);
        let surface = target(name).surface();
        let scope = ArmScope::parse(SUBSCRIPTION).unwrap();
        RoleDefinition {
            surface,
            id: RoleId::new(id),
            template_id: RoleId::new(id),
            display_name: name.to_owned(),
            description: String::new(),
            is_enabled: true,
            is_built_in: false,
            permissions: Permissions { actions: [Permission::new(permission)].into(), ..Permissions::default() },
            assignable_scopes: (surface == Surface::Azure).then_some(scope).into_iter().collect(),
        }
    }

    fn keys(&self) -> impl Iterator<Item = (AssignmentKey, Option<Timestamp>, Option<Timestamp>)> + '_ {
        self.grants.iter().map(|(text, start, end)| {
            let (holder, rest) = text.split_once(' ').unwrap();
            let (mode, what) = rest.split_once(' ').unwrap();
            let mode = if mode == "eligible" { Mode::Eligible } else { Mode::Active };
            let key = AssignmentKey { target: target(what), principal: PrincipalId::new(holder), mode };
            (key, start.map(day), end.map(day))
        })
    }

    /// Everything that has settings.
    fn governed() -> impl Iterator<Item = &'static str> {
        ROLES.iter().map(|(name, _)| *name).chain(["ops", "sec"])
    }

    fn observed(&self) -> Observed {
        let mut observed = Observed::empty(now());
        observed.surfaces.extend(Surface::ALL);
        for (id, kind) in [
            ("ann", PrincipalType::User),
            ("bob", PrincipalType::User),
            ("ops", PrincipalType::Group),
            ("sec", PrincipalType::Group),
        ] {
            let mut principal = Principal::unknown(PrincipalId::new(id));
            (principal.kind, principal.name) = (Some(kind), Some(id.to_owned()));
            observed.learn(principal);
        }
        for (name, id) in ROLES {
            let role = self.role(name, id);
            observed.roles.insert(role.key(), role);
        }
        for name in Self::governed() {
            let target = target(name);
            let settings = self.settings(name, target.surface());
            observed.settings.insert(target, settings);
        }
        for (key, start, end) in self.keys() {
            let provenance = Provenance::Pim { request: "r".to_owned() };
            let live = ObservedAssignment { window: Window { start, end }, condition: None, provenance };
            observed.assignments.insert(key, live);
        }
        observed
    }

    fn desired(&self) -> Desired {
        let scopes = vec![ArmScope::parse(SUBSCRIPTION).unwrap()];
        let every = || vec![Pattern::new("*").unwrap()];
        let extents =
            [Extent::DirectoryRoles(every()), Extent::Groups(every()), Extent::AzureScopes { scopes, exact: false }];
        let (assignments, role_definitions) = (Authority::Authoritative, Authority::Additive);
        let entry = |extent| at(OwnershipEntry { extent, assignments, role_definitions });
        let tenant = Tenant {
            name: "t".into(),
            id: TenantId::new("5a9dbb0c-0000-4000-8000-000000000001"),
            apply_as: ApplyAs::Application,
            ownership: Ownership { entries: extents.into_iter().map(entry).collect(), ..Ownership::default() },
            break_glass: Vec::new(),
            applied_by: None,
            limits: Limits::default(),
            at: at(()).at,
        };
        let (roles, settings, assignments) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut desired = Desired { tenant, roles, settings, assignments };
        for (name, id) in ROLES {
            let role = self.role(name, id);
            let declared = DeclaredRole {
                surface: role.surface,
                name: name.to_lowercase(),
                id: None,
                display_name: name.to_owned(),
                description: None,
                is_enabled: None,
                based_on: None,
                permissions: role.permissions.clone(),
                assignable_scopes: role.assignable_scopes.clone(),
            };
            desired.roles.insert(role.key(), at(declared));
        }
        for name in Self::governed() {
            let target = target(name);
            let field = SettingField::MaxDuration(Event::Activation);
            let value = field.get(&self.settings(name, target.surface()));
            let mut declared = DeclaredSettings::default();
            declared.fields.insert(field, at(Want::Value(value)));
            desired.settings.insert(target, at(declared));
        }
        for (key, start, end) in self.keys() {
            let is_group = ["ops", "sec"].contains(&key.principal.as_str());
            let declared = DeclaredAssignment {
                principal_type: if is_group { PrincipalType::Group } else { PrincipalType::User },
                schedule: end.map_or(Schedule::Permanent, |end| Schedule::Window { start, end }),
                condition: None,
                justification: None,
                ticket: None,
                purpose: None,
            };
            desired.assignments.insert(key, at(declared));
        }
        desired
    }
}

fn try_plan(observed: &Observed, desired: &Desired, targets: &[&str]) -> Result<Plan, Vec<Diagnostic>> {
    let found = desired.roles.keys().map(|key| (key.clone(), Found::ById)).collect();
    let settings = PlanSettings {
        tool_version: "0".into(),
        cloud: "public".into(),
        nonce: "n".into(),
        manifests: "sha256:0".into(),
        targets: targets.iter().map(|target| (*target).to_owned()).collect(),
        ..PlanSettings::default()
    };
    plan(desired, &found, observed, &settings)
}

fn planned(before: &Side, after: &Side) -> Plan {
    try_plan(&before.observed(), &after.desired(), &[]).unwrap()
}

/// Returns the plan's steps, shortly.
fn steps(plan: &Plan) -> Vec<String> {
    let sign = |step: &Step| match step.part {
        StepPart::Assign => '+',
        StepPart::Unassign => '-',
        _ if matches!(step.phase, Phase::LoosenActivation | Phase::WidenRoles) => '>',
        _ => '<',
    };
    let short = |address: &str| address.replace(&format!("@{SUBSCRIPTION}"), "");
    plan.steps().unwrap().iter().map(|s| format!("{}{}", sign(s), short(&plan.changes[s.change].address))).collect()
}

/// Returns the reasons why the step at an index would be skipped if every step before it had failed.
fn reasons(plan: &Plan, at: usize) -> Vec<String> {
    let steps = plan.steps().unwrap();
    let edges = Edges::new(&plan.changes).of(&steps[at]);
    let is_behind = |edge: &super::super::Edge| {
        steps[..at].iter().any(|step| step.change == edge.change && step.phase <= edge.through)
    };
    assert!(edges.iter().filter(|edge| edge.change != steps[at].change).all(is_behind), "{edges:?}");
    edges.into_iter().filter(is_behind).map(|edge| edge.reason).collect()
}

#[test]
fn a_group_loses_a_role_before_it_gets_a_member() {
    let before = side(&["ops active Starter"]);
    let plan = planned(&before, &side(&["ann active ops"]));
    assert_eq!(steps(&plan), ["-azure/active/Starter/group:ops", "+group/active/ops:member/user:ann"]);
    // the removal has failed: the grant is skipped and says why
    assert_eq!(
        reasons(&plan, 1),
        [
            "it must be gone first, or `user:ann -> ops:member -> Starter@/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1` would hold for an instant"
        ]
    );
    // and a member goes before the group gets a role, whatever the names
    let plan = planned(&side(&["ann eligible ops"]), &side(&["ops active Starter"]));
    assert_eq!(steps(&plan), ["-group/eligible/ops:member/user:ann", "+azure/active/Starter/group:ops"]);
    // what lies on no common way keeps its phase
    let plan = planned(&side(&["sec active Starter"]), &side(&["ann active ops"]));
    assert_eq!(steps(&plan), ["+group/active/ops:member/user:ann", "-azure/active/Starter/group:sec"]);
}

#[test]
fn settings_tighten_before_a_group_gets_a_role_and_loosen_after_it_lost_one() {
    let members = ["ann eligible ops"];
    let tight = side(&["ann eligible ops", "ops active Starter"]).hours("ops", 1);
    let there = planned(&side(&members), &tight);
    assert_eq!(steps(&there), ["<group/settings/ops:member", "+azure/active/Starter/group:ops"]);
    let reason = "its settings must be tightened first, or `user:ann -> ops:member -> Starter@/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1` would be easier for an instant than before and after";
    assert_eq!(reasons(&there, 1), [reason]);
    let back = planned(&tight, &side(&members));
    assert_eq!(steps(&back), ["-azure/active/Starter/group:ops", ">group/settings/ops:member"]);
    assert_eq!(
        reasons(&back, 1),
        [
            "it must be gone first, or `user:ann -> ops:member -> Starter@/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1` would hold for an instant"
        ]
    );
}

#[test]
fn two_groups_change_places() {
    let before = side(&["ann active ops", "bob active sec", "ops active Starter", "sec active Stopper"]);
    let after = side(&["ann active sec", "bob active ops", "ops active Starter", "sec active Stopper"]);
    let plan = planned(&before, &after);
    let phases = ["+group/active/ops:member/user:bob", "+group/active/sec:member/user:ann"];
    assert_eq!(steps(&plan)[..2], phases, "nobody's way crosses another's: no reason to take before giving");
    // the roles change places: each is taken from its group before the other is given to it
    let after = side(&["ann active ops", "bob active sec", "ops active Stopper", "sec active Starter"]);
    assert_eq!(
        steps(&planned(&before, &after))[..2],
        ["+azure/active/Starter/group:sec", "+azure/active/Stopper/group:ops"]
    );
    // both at once: whoever comes meets only what stays
    let after = side(&["ann active sec", "bob active ops", "ops active Stopper", "sec active Starter"]);
    let expected = [
        "-azure/active/Starter/group:ops",
        "+group/active/ops:member/user:bob",
        "-azure/active/Stopper/group:sec",
        "+group/active/sec:member/user:ann",
        "-group/active/ops:member/user:ann",
        "+azure/active/Stopper/group:ops",
        "-group/active/sec:member/user:bob",
        "+azure/active/Starter/group:sec",
    ];
    assert_eq!(steps(&planned(&before, &after)), expected);
}

#[test]
fn a_shorter_membership_is_cut_before_the_group_gets_a_role() {
    let before = side(&[]).between("ann active ops", None, Some(200));
    let after = side(&["ops active Starter"]).between("ann active ops", None, Some(30));
    let plan = planned(&before, &after);
    assert_eq!(steps(&plan), ["+group/active/ops:member/user:ann", "+azure/active/Starter/group:ops"]);
    assert_eq!(
        reasons(&plan, 1),
        [
            "it must be narrowed first, or `user:ann -> ops:member -> Starter@/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1` would give more for an instant than before and after"
        ]
    );
    // a longer one waits until the group has lost its role
    let plan = planned(&after, &before);
    assert_eq!(steps(&plan), ["-azure/active/Starter/group:ops", "+group/active/ops:member/user:ann"]);
    // what is never there at the same time need not wait: the role opens when the membership is long over
    let after = after.clone();
    let before = side(&[]).between("ann active ops", None, Some(20));
    let after = Side { grants: vec![("ops active Starter", Some(30), Some(60))], ..after };
    let plan = planned(&before, &after);
    assert_eq!(steps(&plan), ["+azure/active/Starter/group:ops", "-group/active/ops:member/user:ann"]);
}

#[test]
fn a_role_that_exchanges_all_it_allows_does_so_before_its_group_gets_a_member() {
    let before = side(&["ops active Starter"]).permission("Starter", "a/read");
    let after = side(&["ops active Starter", "ann active ops"]).permission("Starter", "b/read");
    let plan = planned(&before, &after);
    assert_eq!(steps(&plan), [">azure/role-definition/Starter", "+group/active/ops:member/user:ann"]);
    assert!(!reasons(&plan, 1).is_empty());
    // and after it lost one
    let plan = planned(
        &Side { permissions: before.permissions.clone(), ..after.clone() },
        &Side { permissions: after.permissions.clone(), ..before.clone() },
    );
    assert_eq!(steps(&plan), ["-group/active/ops:member/user:ann", ">azure/role-definition/Starter"]);
    assert_eq!(reasons(&plan, 1).len(), 1);
}

#[test]
fn nested_memberships_become_eligible_without_a_circle() {
    let before = side(&["ops active sec", "sec active Starter"]);
    let after = side(&["ops eligible sec", "sec eligible Starter"]);
    let plan = planned(&before, &after);
    let names = steps(&plan);
    assert!(names[..2].iter().all(|step| step.starts_with('+')), "whoever has access keeps it: {names:?}");
    // a directory role asks for direct members, which only an activation makes
    let before = side(&["ops active sec", "sec active Helper"]);
    let plan = planned(&before, &side(&["ops eligible sec"]));
    let expected = [
        "-directory/active/Helper@tenant/group:sec",
        "+group/eligible/sec:member/group:ops",
        "-group/active/sec:member/group:ops",
    ];
    assert_eq!(steps(&plan), expected);
}

#[test]
fn a_circle_is_refused_and_named() {
    // now neither is used with the other: whichever window moved first, both would be open at once
    let before = side(&[]).between("ann active ops", None, Some(10)).between("ops active Starter", Some(10), Some(20));
    let after = side(&[]).between("ann active ops", Some(5), Some(20)).between("ops active Starter", None, Some(5));
    let mistakes = try_plan(&before.observed(), &after.desired(), &[]).unwrap_err();
    assert_eq!(mistakes.iter().map(|m| m.code).collect::<Vec<_>>(), ["circular-requirement"]);
    let group = "group/active/ops:member/user:ann";
    let role = format!("azure/active/Starter@{SUBSCRIPTION}/group:ops");
    let circle = format!("the changes require each other in a circle: {role} -> {group} -> {role}");
    assert_eq!(mistakes[0].message, circle);
}

#[test]
fn what_several_parts_wait_for_is_listed_once() {
    // both the settings of the group and the role that it holds are waited for by what widens, with each its reason
    let before = side(&["ann eligible ops", "bob eligible ops", "ops active Starter"]);
    let after = side(&["ann eligible ops", "ops active Starter"]).permission("Starter", "*").hours("Starter", 9);
    let plan = planned(&before, &after);
    let edges = Edges::new(&plan.changes);
    let at = edges.index("azure/role-definition/Starter").unwrap();
    let waits = edges.waits(at);
    let names: Vec<(Phase, &str)> = waits.iter().map(|(p, e)| (*p, plan.changes[e.change].address.as_str())).collect();
    assert_eq!(names, [(Phase::WidenRoles, "group/eligible/ops:member/user:bob")]);
    for at in 0..plan.changes.len() {
        let waits = edges.waits(at);
        let distinct: BTreeSet<(usize, &str)> = waits.iter().map(|(_, e)| (e.change, e.reason.as_str())).collect();
        assert_eq!(distinct.len(), waits.len());
    }
}

#[test]
fn a_delayed_grant_keeps_the_settings_that_were_loosened_for_it() {
    let before = side(&["ops active Starter"]);
    let after = side(&["ops active Stopper"]).between("ann active ops", None, Some(300));
    let mut observed = before.observed();
    let settings = observed.settings.get_mut(&target("ops")).unwrap();
    settings.eligible_assignment.expiration.maximum = Some(Period::days(90));
    settings.active_assignment.expiration =
        crate::core::policy::rule::Expiration { is_required: true, maximum: Some(Period::days(30)) };
    let mut desired = after.desired();
    let fields = &mut desired.settings.get_mut(&target("ops")).unwrap().value.fields;
    // longer for active members, shorter for eligible ones
    let days = |days| at(Want::Value(SettingValue::Period(Some(Period::days(days)))));
    fields.insert(SettingField::MaxDuration(Event::ActiveAssignment), days(365));
    fields.insert(SettingField::MaxDuration(Event::EligibleAssignment), days(10));
    let plan = try_plan(&observed, &desired, &[]).unwrap();
    let order: Vec<(Phase, &str)> =
        plan.steps().unwrap().iter().map(|s| (s.phase, plan.changes[s.change].address.as_str())).collect();
    let place = |phase, name: &str| order.iter().position(|(p, n)| *p == phase && n.starts_with(name)).unwrap();
    let grant = place(Phase::Assign, "group/active/ops:member/user:ann");
    assert!(place(Phase::LoosenAssignment, "group/settings/ops:member") < grant);
    assert!(place(Phase::Unassign, "azure/active/Starter") < grant, "delayed: {order:?}");
    assert!(grant < place(Phase::TightenAssignment, "group/settings/ops:member"), "{order:?}");
}

#[test]
fn looser_settings_wait_for_a_window_that_moves() {
    let before = side(&[]).between("ann eligible ops", None, Some(30));
    let after = side(&[]).between("ann eligible ops", Some(60), Some(90)).hours("ops", 9);
    let plan = planned(&before, &after);
    assert_eq!(steps(&plan), ["+group/eligible/ops:member/user:ann", ">group/settings/ops:member"]);
    assert!(reasons(&plan, 1).contains(&"whoever loses the role must not gain from it first".to_owned()));
    // one that only opens or lasts longer takes nothing away
    let after = side(&[]).between("ann eligible ops", None, Some(60)).hours("ops", 9);
    let plan = planned(&before, &after);
    assert!(!reasons(&plan, 1).contains(&"whoever loses the role must not gain from it first".to_owned()));
}

#[test]
fn a_target_brings_what_it_follows() {
    let before = side(&["ops active Starter", "sec active Starter"]);
    let after = side(&["ann active ops", "bob active sec"]);
    let plan = try_plan(&before.observed(), &after.desired(), &["group/active/ops:member/user:ann"]).unwrap();
    assert_eq!(steps(&plan), ["-azure/active/Starter/group:ops", "+group/active/ops:member/user:ann"]);
}
