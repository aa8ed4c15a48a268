//! How a saved plan fits what is there: every kind of subject, the same, gone, changed, unreadable, and as planned.

mod reliance;

use std::collections::BTreeMap;

use super::*;
use crate::core::assignment::{Mode, Provenance};
use crate::core::basis::Basis;
use crate::core::change::Action;
use crate::core::direction::Direction;
use crate::core::id::{GroupId, PrincipalId, RoleId, TenantId};
use crate::core::observed::Unreadable;
use crate::core::origin::Origin;
use crate::core::ownership::{Ignore, Ownership};
use crate::core::period::Period;
use crate::core::plan::{FORMAT, LIFETIME, Summary};
use crate::core::policy::default::factory;
use crate::core::policy::rule::Event;
use crate::core::principal::{Principal, PrincipalType};
use crate::core::role_definition::{Permission, Permissions};
use crate::core::scope::{ArmScope, DirectoryScope};
use crate::core::state::{ApplyAs, Limits, Tenant};
use crate::core::target::{Access, Surface};

const NOW: &str = "2026-06-01T12:00:00Z";
const CORP: &str = "/providers/Microsoft.Management/managementGroups/corp";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Returns a plan of some changes, with what they rely on left out.
pub(crate) fn plan_of(changes: Vec<Change>) -> Plan {
    let origin = Origin { file: "tenant.yaml".into(), line: 1, column: 1, start: 0, end: 0 };
    let tenant = Tenant {
        name: "contoso".into(),
        id: TenantId::new("t"),
        apply_as: ApplyAs::Application,
        ownership: Ownership { entries: Vec::new(), ignore: Ignore::default() },
        break_glass: Vec::new(),
        applied_by: None,
        limits: Limits::default(),
        at: origin,
    };
    let mut plan = Plan {
        format: FORMAT.to_owned(),
        tool_version: "0".to_owned(),
        tenant_id: tenant.id.clone(),
        tenant_name: tenant.name.clone(),
        cloud: "public".to_owned(),
        created_at: at(NOW),
        expires_at: at(NOW) + LIFETIME,
        nonce: "n".to_owned(),
        manifests_digest: "sha256:0".to_owned(),
        complete: true,
        unreadable: Vec::new(),
        overrides: Vec::new(),
        targets: Vec::new(),
        changes,
        unmanaged: Vec::new(),
        notices: Vec::new(),
        verdicts: Vec::new(),
        summary: Summary::default(),
        relies: Vec::new(),
        guardrails: Vec::new(),
        guardrail_data: None,
        basis: Box::new(Basis {
            tenant,
            surfaces: Surface::ALL.into(),
            beside: Default::default(),
            reach: Default::default(),
            unneeded: Vec::new(),
            principals: BTreeMap::new(),
        }),
        digest: String::new(),
    };
    plan.digest = plan.compute_digest();
    plan
}

fn change(address: &str, direction: Direction, observed: Option<String>, subject: Subject) -> Change {
    Change {
        address: address.to_owned(),
        action: Action::Update,
        surface: subject.surface(),
        place: None,
        onboards: false,
        subject,
        fields: Vec::new(),
        direction,
        risk: Risk::None,
        reasons: Vec::new(),
        source: None,
        observed,
        requires: Vec::new(),
        follows: Vec::new(),
        since: None,
        request_ids: Vec::new(),
    }
}

fn role(id: &str) -> RoleDefinition {
    let actions = [Permission::new("microsoft.directory/applications/standard/read")].into();
    RoleDefinition {
        surface: Surface::Directory,
        id: RoleId::new(id),
        template_id: RoleId::new(id),
        display_name: id.to_uppercase(),
        description: String::new(),
        is_enabled: true,
        is_built_in: false,
        permissions: Permissions { actions, ..Permissions::default() },
        assignable_scopes: Default::default(),
    }
}

fn of_role(id: &str) -> Target {
    Target::Directory { role: RoleId::new(id), scope: DirectoryScope::Tenant }
}

fn member_of(group: &str) -> Target {
    Target::Group { group: GroupId::new(group), access: Access::Member }
}

fn key(target: Target, principal: &str, mode: Mode) -> AssignmentKey {
    AssignmentKey { target, principal: PrincipalId::new(principal), mode }
}

fn held(end: Option<&str>) -> ObservedAssignment {
    ObservedAssignment {
        window: Window { start: None, end: end.map(at) },
        condition: None,
        provenance: Provenance::Pim { request: "r".into() },
    }
}

fn learn(observed: &mut Observed, id: &str, kind: PrincipalType) {
    let mut principal = Principal::unknown(PrincipalId::new(id));
    (principal.kind, principal.name, principal.is_enabled) = (Some(kind), Some(id.to_owned()), Some(true));
    observed.learn(principal);
}

/// A tenant with two custom roles, `app` and `desk`, and their settings; alice is eligible for `app` until autumn. bob and carol are
/// in `ops`, which is in nothing; `tier` holds `desk`; `approvers` has dave.
fn tenant() -> Observed {
    let mut observed = Observed::empty(at(NOW));
    observed.surfaces = Surface::ALL.into();
    for id in ["app", "desk"] {
        observed.roles.insert(role(id).key(), role(id));
        observed.settings.insert(of_role(id), factory(Surface::Directory));
    }
    for id in ["alice", "bob", "carol", "dave", "erin"] {
        learn(&mut observed, id, PrincipalType::User);
    }
    for id in ["ops", "tier", "approvers"] {
        learn(&mut observed, id, PrincipalType::Group);
        observed.groups.insert(GroupId::new(id), Some(true));
        observed.settings.insert(member_of(id), factory(Surface::Group));
    }
    for (target, principal, mode, end) in [
        (of_role("app"), "alice", Mode::Eligible, Some("2026-09-01T00:00:00Z")),
        (member_of("ops"), "bob", Mode::Active, None),
        (member_of("ops"), "carol", Mode::Eligible, None),
        (of_role("desk"), "tier", Mode::Eligible, None),
        (member_of("approvers"), "dave", Mode::Active, None),
    ] {
        observed.assignments.insert(key(target, principal, mode), held(end));
    }
    let corp = ArmScope::parse(CORP).unwrap();
    observed.hierarchy.insert(corp.clone(), Some("Corp".into()), None);
    observed.hierarchy.insert(subscription(1), Some("prod".into()), Some(corp));
    observed
}

fn subscription(last: u8) -> ArmScope {
    ArmScope::parse(&format!("/subscriptions/00000000-0000-4000-8000-0000000000{last:02x}")).unwrap()
}

fn gap(part: Part) -> Unreadable {
    let why = "HTTP 503".to_owned();
    Unreadable { surface: Surface::Directory, part, scope: None, group: None, role: None, name: None, why }
}

fn grant(key: AssignmentKey, kind: PrincipalType, end: End) -> Change {
    let subject = Subject::Assignment {
        key,
        principal_type: Some(kind),
        before: None,
        ask: Some(Ask { start: None, end }),
        condition: None,
        justification: None,
        ticket: None,
        assumed: false,
    };
    change("grant", Direction::Widens, None, subject)
}

fn autumn() -> End {
    End::At(at("2026-10-01T00:00:00Z"))
}

fn alice() -> AssignmentKey {
    key(of_role("app"), "alice", Mode::Eligible)
}

/// Changes alice's eligibility: to another end, or away.
fn of_alice(end: Option<End>) -> Change {
    let before = tenant().assignments[&alice()].clone();
    let hash = diff::assignment::observed_hash(&before);
    let subject = Subject::Assignment {
        key: alice(),
        principal_type: Some(PrincipalType::User),
        before: Some(before),
        ask: end.map(|end| Ask { start: None, end }),
        condition: None,
        justification: None,
        ticket: None,
        assumed: false,
    };
    change("alice", Direction::Narrows, Some(hash), subject)
}

fn shorter() -> Settings {
    let mut settings = factory(Surface::Directory);
    settings.event_mut(Event::Activation).expiration.maximum = Some(Period::hours(1));
    settings
}

fn of_settings(assumed: bool) -> Change {
    let before = factory(Surface::Directory);
    let hash = (!assumed).then(|| fingerprint(&before));
    let subject = Subject::Settings {
        target: of_role("app"),
        policy_role: None,
        before: Box::new(before),
        after: Box::new(shorter()),
        assumed,
    };
    change("settings", Direction::Narrows, hash, subject)
}

fn of_definition(before: Option<RoleDefinition>, after: Option<RoleDefinition>) -> Change {
    let hash = before.as_ref().map(fingerprint);
    let subject = Subject::Role { before: before.map(Box::new), after: after.map(Box::new) };
    change("role", Direction::Narrows, hash, subject)
}

fn disabled() -> RoleDefinition {
    RoleDefinition { is_enabled: false, ..role("app") }
}

fn without(observed: &mut Observed, role: &str) {
    observed.roles.remove(&RoleKey::new(Surface::Directory, &RoleId::new(role)));
}

/// Says in one line how a plan fits.
fn fit(plan: &Plan, observed: &Observed) -> String {
    match compare(plan, observed, &Names::new()) {
        Fit::Same => "same".to_owned(),
        Fit::Applied => "applied".to_owned(),
        Fit::Stale(found) => {
            found.into_iter().map(|one| format!("{}: {}", one.address, one.what)).collect::<Vec<_>>().join("; ")
        }
    }
}

type Meddle = fn(&mut Observed);

/// What it is about, the change, what happens meanwhile, and how the plan fits then.
type Case = (&'static str, fn() -> Change, Meddle, &'static str);

#[test]
fn every_kind_of_change_is_compared_with_what_is_there() {
    let create = || of_definition(None, Some(role("new")));
    let update = || of_definition(Some(role("app")), Some(disabled()));
    let remove = || of_definition(Some(role("app")), None);
    let settings = || of_settings(false);
    let give = || grant(key(of_role("desk"), "bob", Mode::Eligible), PrincipalType::User, autumn());
    let longer = || of_alice(Some(autumn()));
    let away = || of_alice(None);
    fn put(observed: &mut Observed, key: AssignmentKey, end: &str) {
        observed.assignments.insert(key, held(Some(end)));
    }
    let table: &[Case] = &[
        ("create a role", create, |_| {}, "same"),
        (
            "create a role",
            create,
            |o| drop(o.roles.insert(role("new").key(), RoleDefinition { is_enabled: false, ..role("new") })),
            "role: was absent, is there now",
        ),
        (
            "create a role",
            create,
            |o| drop(o.roles.insert(role("x").key(), RoleDefinition { display_name: "New".into(), ..role("x") })),
            "role: was absent; x has its name now",
        ),
        ("create a role", create, |o| o.unreadable.push(gap(Part::Roles)), "role: cannot be compared: HTTP 503"),
        ("create a role", create, |o| drop(o.roles.insert(role("new").key(), role("new"))), "applied"),
        (
            "create a role",
            create,
            |o| drop(o.roles.insert(role("x").key(), RoleDefinition { id: RoleId::new("x"), ..role("new") })),
            "applied",
        ),
        ("update a role", update, |_| {}, "same"),
        ("update a role", update, |o| without(o, "app"), "role: is gone"),
        (
            "update a role",
            update,
            |o| {
                without(o, "app");
                o.unreadable.push(gap(Part::Roles));
            },
            "role: cannot be compared: HTTP 503",
        ),
        (
            "update a role",
            update,
            |o| o.roles.get_mut(&role("app").key()).unwrap().description = "x".into(),
            "role: `description` was",
        ),
        (
            "update a role",
            update,
            |o| o.roles.get_mut(&role("app").key()).unwrap().template_id = RoleId::new("y"),
            "role: its ids are not as they were",
        ),
        ("update a role", update, |o| drop(o.roles.insert(role("app").key(), disabled())), "applied"),
        ("remove a role", remove, |_| {}, "same"),
        (
            "remove a role",
            remove,
            |o| o.roles.get_mut(&role("app").key()).unwrap().is_enabled = false,
            "role: `enabled` was",
        ),
        (
            "remove a role",
            remove,
            |o| {
                without(o, "app");
                o.unreadable.push(gap(Part::Roles));
            },
            "role: cannot be compared: HTTP 503",
        ),
        ("remove a role", remove, |o| without(o, "app"), "applied"),
        ("settings", settings, |_| {}, "same"),
        (
            "settings",
            settings,
            |o| o.settings.get_mut(&of_role("app")).unwrap().approval.is_required = true,
            "settings: `activation.approval` was",
        ),
        (
            "settings",
            settings,
            |o| drop(o.settings.remove(&of_role("app"))),
            "settings: its settings are not shown any more",
        ),
        (
            "settings",
            settings,
            |o| {
                o.settings.remove(&of_role("app"));
                o.unreadable.push(gap(Part::Settings));
            },
            "settings: cannot be compared: HTTP 503",
        ),
        ("settings", settings, |o| drop(o.settings.insert(of_role("app"), shorter())), "applied"),
        ("assumed settings", || of_settings(true), |_| {}, "same"),
        ("assumed settings", || of_settings(true), |o| drop(o.settings.remove(&of_role("app"))), "same"),
        (
            "assumed settings",
            || of_settings(true),
            |o| o.settings.get_mut(&of_role("app")).unwrap().approval.is_required = true,
            "settings: `activation.approval` was",
        ),
        ("grant", give, |_| {}, "same"),
        (
            "grant",
            give,
            |o| put(o, key(of_role("desk"), "bob", Mode::Eligible), "2026-07-01T00:00:00Z"),
            "grant: was absent, is there now: until 2026-07-01T00:00:00Z",
        ),
        ("grant", give, |o| o.unreadable.push(gap(Part::EligibleSchedules)), "grant: cannot be compared: HTTP 503"),
        ("grant", give, |o| o.unreadable.push(gap(Part::ActiveSchedules)), "same"),
        (
            "grant",
            give,
            |o| o.deleted_principals.extend([PrincipalId::new("bob")]),
            "grant: its principal is not in the directory any more",
        ),
        (
            "grant",
            give,
            |o| o.now = at("2026-10-01T00:00:00Z"),
            "grant: was to end at 2026-10-01T00:00:00Z, which has passed",
        ),
        ("grant", give, |o| put(o, key(of_role("desk"), "bob", Mode::Eligible), "2026-10-01T00:00:00Z"), "applied"),
        ("update", longer, |_| {}, "same"),
        (
            "update",
            longer,
            |o| put(o, alice(), "2026-08-01T00:00:00Z"),
            "alice: was until 2026-09-01T00:00:00Z, is until 2026-08-01T00:00:00Z",
        ),
        (
            "update",
            longer,
            |o| o.assignments.get_mut(&alice()).unwrap().condition = Some("x".into()),
            "alice: its condition is another one",
        ),
        (
            "update",
            longer,
            |o| o.assignments.get_mut(&alice()).unwrap().provenance = Provenance::OutsidePim,
            "alice: it was made in another way",
        ),
        ("update", longer, |o| drop(o.assignments.remove(&alice())), "alice: is gone"),
        (
            "update",
            longer,
            |o| {
                o.assignments.remove(&alice());
                o.unreadable.push(gap(Part::EligibleSchedules));
            },
            "alice: cannot be compared: HTTP 503",
        ),
        ("update", longer, |o| put(o, alice(), "2026-10-01T00:00:00Z"), "applied"),
        ("remove", away, |_| {}, "same"),
        (
            "remove",
            away,
            |o| o.assignments.get_mut(&alice()).unwrap().window.end = None,
            "alice: was until 2026-09-01T00:00:00Z, is permanent",
        ),
        (
            "remove",
            away,
            |o| {
                o.assignments.remove(&alice());
                o.unreadable.push(gap(Part::EligibleSchedules));
            },
            "alice: cannot be compared: HTTP 503",
        ),
        ("remove", away, |o| drop(o.assignments.remove(&alice())), "applied"),
    ];
    for (what, change, meddle, expected) in table {
        let mut observed = tenant();
        meddle(&mut observed);
        let found = fit(&plan_of(vec![change()]), &observed);
        assert!(found.starts_with(expected), "{what}: {found}, not {expected}");
    }
}

#[test]
fn a_plan_that_holds_in_part_is_stale() {
    let mut observed = tenant();
    without(&mut observed, "app");
    let plan = plan_of(vec![of_definition(Some(role("app")), None), of_settings(false)]);
    assert_eq!(fit(&plan, &observed), "role: is as planned already");
}

#[test]
fn a_window_that_opens_by_itself_is_no_difference() {
    let mut before = tenant();
    before.assignments.get_mut(&alice()).unwrap().window.start = Some(at("2026-06-01T20:00:00Z"));
    let mut change = of_alice(None);
    let Subject::Assignment { before: known, .. } = &mut change.subject else { unreachable!() };
    *known = Some(before.assignments[&alice()].clone());
    let plan = plan_of(vec![change]);
    assert_eq!(fit(&plan, &before), "same");
    let mut later = tenant();
    later.now = at("2026-06-01T21:00:00Z");
    assert_eq!(fit(&plan, &later), "same");
}
