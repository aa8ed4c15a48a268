//! Plans made by hand for tests: together they hold every action, subject, surface and form of value.

use jiff::Timestamp;
use serde_json::Value;

use crate::core::assignment::{AssignmentKey, Mode, ObservedAssignment, Provenance};
use crate::core::basis::Basis;
use crate::core::binding::{Reliance, Relied};
use crate::core::change::{Action, Change, FieldChange, Risk, Subject, fingerprint};
use crate::core::declared::Declared;
use crate::core::direction::Direction;
use crate::core::id::{GroupId, ObjectId, PrincipalId, RoleId, TenantId, request_id};
use crate::core::observed::Unreadable;
use crate::core::origin::Origin;
use crate::core::ownership::{Authority, Extent, Ignore, Ownership, OwnershipEntry, Pattern};
use crate::core::plan::{FORMAT, Plan, Summary};
use crate::core::principal::PrincipalType;
use crate::core::reach::Reach;
use crate::core::role_definition::{Permission, Permissions, RoleDefinition};
use crate::core::schedule::{Ask, End, Window};
use crate::core::scope::{ArmScope, DirectoryScope};
use crate::core::state::{ApplyAs, Limits, Tenant};
use crate::core::target::{RoleKey, Surface, Target};

mod directory;
mod hostile;
mod other;

pub(in crate::render) use self::directory::every_action;
pub(in crate::render) use self::hostile::{NASTY, hostile};
pub(in crate::render) use self::other::other_surfaces;

const NOW: &str = "2026-06-01T12:00:00Z";
const HELPDESK: &str = "729827e3-9c14-49f7-bb1b-9608f156bbb8";
const GLOBAL: &str = "62e90394-69f5-4237-9190-012177145e10";
const ALICE: &str = "5a9dbb0c-0000-4000-8000-0000000000e1";
const CUSTOM: &str = "5a9dbb0c-0000-4000-8000-0000000000f1";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Returns a place in a manifest.
pub(in crate::render) fn origin(file: &str, line: u32) -> Origin {
    Origin { file: file.into(), line, column: 5, start: 0, end: 0 }
}

fn field(path: &str, before: Value, after: Value, direction: Direction) -> FieldChange {
    FieldChange::new(path, before, after, direction)
}

fn until(end: &str) -> Window {
    Window { start: None, end: Some(at(end)) }
}

fn permanent() -> Window {
    Window { start: None, end: None }
}

fn live(window: Window, provenance: Provenance) -> ObservedAssignment {
    ObservedAssignment { window, condition: None, provenance }
}

fn pim() -> Provenance {
    Provenance::Pim { request: "1c4e5b0a-0000-4000-8000-000000000001".to_owned() }
}

/// Returns the key of an assignment of the directory role `role`.
fn directory(role: &str, mode: Mode, principal: &str, unit: Option<&str>) -> AssignmentKey {
    let scope = unit.map_or(DirectoryScope::Tenant, |id| DirectoryScope::AdministrativeUnit(ObjectId::new(id)));
    AssignmentKey {
        target: Target::Directory { role: RoleId::new(role), scope },
        principal: PrincipalId::new(principal),
        mode,
    }
}

/// Returns a change with what most have; `request_ids` are made with the plan.
pub(in crate::render) fn change(
    address: &str,
    action: Action,
    subject: Subject,
    fields: Vec<FieldChange>,
    source: Origin,
) -> Change {
    let direction = fields.iter().map(|f| f.direction).reduce(Direction::join).unwrap_or(Direction::Neutral);
    Change {
        address: address.to_owned(),
        action,
        surface: subject.surface(),
        observed: (action != Action::Create).then(|| fingerprint(&address)),
        subject,
        fields,
        direction,
        risk: Risk::None,
        reasons: Vec::new(),
        source: Some(source),
        requires: Vec::new(),
        follows: Vec::new(),
        place: None,
        onboards: false,
        since: None,
        request_ids: Vec::new(),
    }
}

/// Returns an assignment's subject.
fn assignment(
    key: AssignmentKey,
    kind: PrincipalType,
    before: Option<ObservedAssignment>,
    ask: Option<Ask>,
) -> Subject {
    Subject::Assignment {
        key,
        principal_type: Some(kind),
        before,
        ask,
        condition: None,
        justification: None,
        ticket: None,
        assumed: false,
    }
}

fn ask(end: End) -> Option<Ask> {
    Some(Ask { start: None, end })
}

fn role(surface: Surface, name: &str, actions: &[&str]) -> RoleDefinition {
    RoleDefinition {
        surface,
        id: RoleId::new(CUSTOM),
        template_id: RoleId::new(CUSTOM),
        display_name: name.to_owned(),
        description: "Assigns users".to_owned(),
        is_enabled: true,
        is_built_in: false,
        permissions: Permissions {
            actions: actions.iter().map(|action| Permission::new(action)).collect(),
            ..Permissions::default()
        },
        assignable_scopes: Default::default(),
    }
}

/// Returns one reliance of each kind.
fn relies() -> Vec<Reliance> {
    let role = RoleKey::new(Surface::Directory, &RoleId::new(HELPDESK));
    let target = Target::Directory { role: role.id.clone(), scope: DirectoryScope::Tenant };
    let corp = ArmScope::management_group("corp").unwrap();
    let on = |address: &str, on| Reliance { address: address.to_owned(), observed: fingerprint(&address), on };
    vec![
        on("azure/below@/providers/microsoft.management/managementgroups/corp", Relied::Below(corp)),
        on("directory/holders/Helpdesk Administrator", Relied::Holders(target.clone())),
        on("directory/holders/Helpdesk Administrator", Relied::HoldersOfRole(role.clone())),
        on("directory/role-definition/Helpdesk Administrator", Relied::Role(role)),
        on("directory/settings/Helpdesk Administrator", Relied::Settings(target)),
        on("group/leads/sg-ops", Relied::Leads(GroupId::new("sg-ops"))),
        on("group/members/sg-ops", Relied::Members(GroupId::new("sg-ops"))),
        on("user:alice@contoso.example", Relied::Principal(PrincipalId::new("alice"))),
    ]
}

/// Returns what a plan rests on, with something in every member.
fn basis() -> Basis {
    let at = origin("tenant.yaml", 1);
    let subscription = ArmScope::parse("/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1").unwrap();
    let owned = |extent| {
        let (assignments, role_definitions) = (Authority::Authoritative, Authority::Additive);
        Declared::new(OwnershipEntry { extent, assignments, role_definitions }, at.clone())
    };
    let pattern = |text| Pattern::new(text).unwrap();
    let azure = Extent::AzureScopes { scopes: vec![subscription.clone()], exact: false };
    Basis {
        tenant: Tenant {
            name: "contoso".to_owned(),
            id: TenantId::new("5a9dbb0c-0000-4000-8000-000000000001"),
            apply_as: ApplyAs::Application,
            ownership: Ownership {
                entries: vec![
                    owned(Extent::DirectoryRoles(vec![pattern("*")])),
                    owned(azure),
                    owned(Extent::Groups(vec![pattern("sg-pim-*")])),
                ],
                ignore: Ignore {
                    principals: vec![Declared::new(PrincipalId::new(ALICE), at.clone())],
                    roles: vec![Declared::new(RoleKey::new(Surface::Azure, &RoleId::new(CUSTOM)), at.clone())],
                },
            },
            break_glass: vec![Declared::new(PrincipalId::new(ALICE), at.clone())],
            applied_by: Some(Declared::new(PrincipalId::new(ALICE), at.clone())),
            limits: Limits::default(),
            at: at.clone(),
        },
        surfaces: [Surface::Directory, Surface::Azure, Surface::Group].into(),
        beside: [Surface::Directory].into(),
        reach: Reach {
            assignments: [(subscription.clone(), at.clone())].into(),
            settings: [(subscription.clone(), at.clone())].into(),
            roles: [(subscription.clone(), [subscription.clone()].into())].into(),
            assignable: [(subscription.clone(), at.clone())].into(),
            descended: [subscription].into(),
            groups: [(GroupId::new(ALICE), at.clone())].into(),
            listed_groups: [GroupId::new(ALICE)].into(),
            owned_groups: vec![Declared::new(pattern("sg-pim-*"), at)],
        },
        unneeded: vec![Unreadable {
            surface: Surface::Directory,
            part: crate::core::observed::Part::DeletedRoles,
            scope: None,
            group: None,
            role: None,
            name: None,
            why: "HTTP 403".to_owned(),
        }],
        principals: [(PrincipalId::new(ALICE), PrincipalType::User)].into(),
    }
}

/// Returns a plan of `changes`, whole and with its digest.
pub(in crate::render) fn plan(changes: Vec<Change>) -> Plan {
    finish(Plan {
        format: FORMAT.to_owned(),
        tool_version: "0.1.0".to_owned(),
        tenant_id: TenantId::new("5a9dbb0c-0000-4000-8000-000000000001"),
        tenant_name: "contoso".to_owned(),
        cloud: "public".to_owned(),
        created_at: at(NOW),
        expires_at: at("2026-06-02T12:00:00Z"),
        nonce: "0011223344556677".to_owned(),
        manifests_digest: fingerprint(&"manifests"),
        complete: true,
        unreadable: Vec::new(),
        changes,
        unmanaged: Vec::new(),
        notices: Vec::new(),
        verdicts: Vec::new(),
        guardrails: Vec::new(),
        guardrail_data: None,
        summary: Summary::default(),
        overrides: Vec::new(),
        targets: Vec::new(),
        relies: relies(),
        basis: Box::new(basis()),
        digest: String::new(),
    })
}

/// Brings what is computed up to date.
pub(in crate::render) fn finish(mut plan: Plan) -> Plan {
    plan.summary = Summary { unmanaged: plan.unmanaged.len(), ..Summary::default() };
    for change in &mut plan.changes {
        change.request_ids = vec![request_id(&plan.nonce, &change.address, 0)];
        *plan.summary.actions.entry(change.action).or_default() += 1;
        *plan.summary.directions.entry(change.direction).or_default() += 1;
    }
    plan.digest = plan.compute_digest();
    plan
}

/// Returns every sample.
pub(in crate::render) fn all() -> Vec<Plan> {
    vec![every_action(), other_surfaces(), hostile(), plan(Vec::new())]
}
