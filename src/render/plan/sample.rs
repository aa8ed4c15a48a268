//! Plans made by hand for tests: together they hold every action, subject, surface and form of value.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::core::assignment::{AssignmentKey, Mode, ObservedAssignment, Provenance, Ticket};
use crate::core::change::{Action, Change, FieldChange, Requirement, Risk, Subject, fingerprint};
use crate::core::direction::Direction;
use crate::core::guard::Verdict;
use crate::core::id::{GroupId, ObjectId, PrincipalId, RoleId, TenantId, request_id};
use crate::core::notice::{Notice, Unmanaged};
use crate::core::observed::{Part, Unreadable};
use crate::core::origin::Origin;
use crate::core::period::Period;
use crate::core::plan::{FORMAT, Plan, Summary};
use crate::core::policy::default::factory;
use crate::core::policy::rule::{Approver, NotificationLevel, Requirement as Demand};
use crate::core::principal::PrincipalType;
use crate::core::role_definition::{Permission, Permissions, RoleDefinition};
use crate::core::schedule::{Ask, End, Window};
use crate::core::scope::{ArmScope, DirectoryScope};
use crate::core::target::{Access, Surface, Target};

const NOW: &str = "2026-06-01T12:00:00Z";
const HELPDESK: &str = "729827e3-9c14-49f7-bb1b-9608f156bbb8";
const GLOBAL: &str = "62e90394-69f5-4237-9190-012177145e10";
const CUSTOM: &str = "5a9dbb0c-0000-4000-8000-0000000000f1";
const SUBSCRIPTION: &str = "/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Returns a place in a manifest.
pub(in crate::render) fn origin(file: &str, line: u32) -> Origin {
    Origin { file: file.into(), line, column: 5, start: 0, end: 0 }
}

fn field(path: &str, before: Value, after: Value, direction: Direction) -> FieldChange {
    FieldChange { path: path.to_owned(), before, after, direction }
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
        place: None,
        onboards: false,
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
        summary: Summary::default(),
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

/// Returns a plan for the directory with every action.
pub(in crate::render) fn every_action() -> Plan {
    use Direction::{Narrows, Neutral, Widens};
    let mut all = Vec::new();

    let key = directory(GLOBAL, Mode::Active, "0b00b2f4-0000-4000-8000-000000000009", None);
    let subject = assignment(key, PrincipalType::User, Some(live(permanent(), Provenance::OutsidePim)), None);
    let fields = vec![field("schedule", json!("permanent, made outside PIM"), json!(null), Narrows)];
    let source = origin("tenant.yaml", 9);
    all.push(change(
        "directory/active/Global Administrator@tenant/user:eve@contoso.example",
        Action::Remove,
        subject,
        fields,
        source,
    ));

    let key = directory(CUSTOM, Mode::Eligible, "0b00b2f4-0000-4000-8000-000000000001", None);
    let mut subject = assignment(key, PrincipalType::User, None, ask(End::After(Period::days(30))));
    if let Subject::Assignment { justification, ticket, .. } = &mut subject {
        *justification = Some("Onboarding".to_owned());
        *ticket = Some(Ticket { number: "CHG-1234".to_owned(), system: Some("ServiceNow".to_owned()) });
    }
    let fields = vec![field("schedule", json!(null), json!("for P30D"), Widens)];
    let mut one = change(
        "directory/eligible/App Assignment Operator@tenant/user:alice@contoso.example",
        Action::Regrant,
        subject,
        fields,
        origin("roles/app.yaml", 22),
    );
    one.requires = vec![Requirement {
        address: "directory/role-definition/App Assignment Operator".to_owned(),
        reason: "a role must exist before anybody can hold it".to_owned(),
    }];
    (one.risk, one.reasons) = (Risk::Low, vec!["it holds in the whole tenant".to_owned()]);
    all.push(one);

    let key = directory(
        HELPDESK,
        Mode::Eligible,
        "0b00b2f4-0000-4000-8000-000000000002",
        Some("0b00b2f4-0000-4000-8000-0000000000aa"),
    );
    let subject = assignment(key, PrincipalType::Group, None, ask(End::Never));
    let fields = vec![field("schedule", json!(null), json!("permanent"), Widens)];
    let address = "directory/eligible/Helpdesk Administrator@EMEA Users/group:sg-helpdesk-emea";
    let mut one = change(address, Action::Create, subject, fields, origin("roles/helpdesk.yaml", 12));
    (one.risk, one.reasons) = (Risk::Medium, vec!["it has no end".to_owned()]);
    all.push(one);

    let key = directory(HELPDESK, Mode::Eligible, "0b00b2f4-0000-4000-8000-000000000003", None);
    let before = live(until("2026-06-08T00:00:00Z"), pim());
    let subject = assignment(key, PrincipalType::User, Some(before), ask(End::After(Period::days(180))));
    let fields = vec![field("schedule", json!("until 2026-06-08T00:00:00Z"), json!("for P180D"), Widens)];
    let address = "directory/eligible/Helpdesk Administrator@tenant/user:bob@contoso.example";
    all.push(change(address, Action::Extend, subject, fields, origin("roles/helpdesk.yaml", 30)));

    let before = role(Surface::Directory, "App Assignment Operator", &["microsoft.directory/users/basic/update"]);
    let mut after = role(
        Surface::Directory,
        "App Assignment Operator",
        &["microsoft.directory/servicePrincipals/appRoleAssignedTo/update", "microsoft.directory/users/basic/update"],
    );
    after.description = "Assigns users and groups to enterprise applications, and nothing else at all".to_owned();
    let fields = vec![
        field("description", json!(before.description), json!(after.description), Neutral),
        field(
            "permissions",
            json!(["microsoft.directory/users/basic/update"]),
            json!([
                "microsoft.directory/servicePrincipals/appRoleAssignedTo/update",
                "microsoft.directory/users/basic/update"
            ]),
            Widens,
        ),
    ];
    let subject = Subject::Role { before: Some(Box::new(before)), after: Some(Box::new(after)) };
    let address = "directory/role-definition/App Assignment Operator";
    let mut one = change(address, Action::Adopt, subject, fields, origin("roles/app.yaml", 3));
    (one.risk, one.reasons) = (Risk::Low, vec!["everybody who holds the role can do more".to_owned()]);
    all.push(one);

    let before = role(Surface::Directory, "Old Operator", &["microsoft.directory/users/basic/update"]);
    let fields = vec![
        field("displayName", json!("Old Operator"), json!(null), Neutral),
        field("enabled", json!(true), json!(null), Neutral),
        field("permissions", json!(["microsoft.directory/users/basic/update"]), json!(null), Neutral),
    ];
    let subject = Subject::Role { before: Some(Box::new(before)), after: None };
    let source = origin("tenant.yaml", 10);
    let mut one = change("directory/role-definition/Old Operator", Action::Remove, subject, fields, source);
    one.direction = Narrows;
    all.push(one);

    all.push(settings());
    let mut plan = plan(all);
    plan.notices = vec![
        Notice::new(
            "activation",
            Some("directory/active/Helpdesk Administrator@tenant/user:bob@contoso.example".to_owned()),
            "activated until 2026-06-01T16:00:00Z; an activation is not drift and is left alone",
            Some(origin("roles/helpdesk.yaml", 30)),
        ),
        Notice::warning(
            "expired",
            Some("directory/eligible/Helpdesk Administrator@tenant/user:carl@contoso.example".to_owned()),
            "expired: remove this entry",
            Some(origin("roles/helpdesk.yaml", 41)),
        ),
        Notice::warning(
            "break-glass",
            None,
            "break-glass account `user:bg1` holds no permanent Global Administrator",
            None,
        ),
    ];
    plan.unmanaged = vec![Unmanaged {
        address: "directory/settings/Security Reader".to_owned(),
        detail: "differs from the service's defaults in activation.maxDuration".to_owned(),
        why: "nobody declares it".to_owned(),
    }];
    finish(plan)
}

/// Returns a change of settings that goes every way.
fn settings() -> Change {
    use Direction::{Narrows, Neutral, Widens};
    let before = factory(Surface::Directory);
    let mut after = before.clone();
    after.activation.expiration.maximum = Some(Period::hours(4));
    after.activation.require = [Demand::Justification, Demand::Ticket].into();
    after.approval.is_required = true;
    after.approval.unmodelled = vec!["escalation".to_owned()];
    after.approval.approvers = [
        Approver::Group(PrincipalId::new("0b00b2f4-0000-4000-8000-000000000010")),
        Approver::User(PrincipalId::new("0b00b2f4-0000-4000-8000-000000000011")),
    ]
    .into();
    after.authentication_context.claim = Some("c1".to_owned());
    after.activation.notifications.admin.level = NotificationLevel::Critical;
    after.activation.notifications.admin.recipients = ["soc@contoso.example".to_owned()].into();
    let fields = vec![
        field("activation.maxDuration", json!("PT8H"), json!("PT4H"), Narrows),
        field(
            "activation.require",
            json!(["multiFactorAuthentication", "justification"]),
            json!(["justification", "ticket"]),
            Widens,
        ),
        field("activation.approval", json!("none"), json!("required"), Narrows),
        field("activation.approval.approvers", json!("fallback"), json!(["group:sg-approvers", "user:dan"]), Neutral),
        field("notifications.activation.admin.recipients", json!([]), json!(["soc@contoso.example"]), Neutral),
    ];
    let subject = Subject::Settings {
        target: Target::Directory { role: RoleId::new(HELPDESK), scope: DirectoryScope::Tenant },
        policy_role: Some(RoleId::new(HELPDESK)),
        before: Box::new(before),
        after: Box::new(after),
        assumed: true,
    };
    let address = "directory/settings/Helpdesk Administrator";
    let mut one = change(address, Action::Update, subject, fields, origin("settings.yaml", 17));
    (one.risk, one.reasons) = (Risk::High, vec!["activation.require demands less".to_owned()]);
    one
}

/// Returns a plan for the other surfaces, incomplete and refused.
pub(in crate::render) fn other_surfaces() -> Plan {
    use Direction::{Narrows, Widens};
    let mut all = Vec::new();

    let scope = ArmScope::parse(SUBSCRIPTION).unwrap();
    let target = Target::Azure { role: RoleId::new(CUSTOM), scope: scope.clone() };
    let stray = AssignmentKey {
        target: target.clone(),
        principal: PrincipalId::new("0b00b2f4-0000-4000-8000-000000000021"),
        mode: Mode::Active,
    };
    let key = AssignmentKey {
        target,
        principal: PrincipalId::new("0b00b2f4-0000-4000-8000-000000000020"),
        mode: Mode::Active,
    };
    let condition =
        |names: &str| format!("(\n !(ActionMatches{{'x'}})\n)\nOR\n(\n @Resource[name] StringEquals '{names}'\n)\n");
    let mut before = live(
        Window { start: Some(at("2026-07-01T00:00:00Z")), end: None },
        Provenance::Classic { assignment: "ra-1".to_owned() },
    );
    before.condition = Some(condition("blue"));
    let mut subject = assignment(
        key,
        PrincipalType::ServicePrincipal,
        Some(before),
        Some(Ask { start: Some(at("2026-08-01T00:00:00Z")), end: End::At(at("2026-12-01T00:00:00Z")) }),
    );
    if let Subject::Assignment { condition: wanted, .. } = &mut subject {
        *wanted = Some(condition("green"));
    }
    let fields = vec![
        field(
            "schedule",
            json!("from 2026-07-01T00:00:00Z permanent"),
            json!("from 2026-08-01T00:00:00Z until 2026-12-01T00:00:00Z"),
            Narrows,
        ),
        field("condition", json!(condition("blue")), json!(condition("green")), Widens),
    ];
    let address = format!("azure/active/VM Operator@{SUBSCRIPTION}/servicePrincipal:deploy");
    let mut one = change(&address, Action::Update, subject, fields, origin("azure.yaml", 8));
    one.place = Some("subscription prod-core, in management group Corp".to_owned());
    one.risk = Risk::Critical;
    one.reasons =
        vec!["VM Operator reaches every virtual machine of the subscription and the identities on them".to_owned()];
    all.push(one);

    let plain = Provenance::Plain { assignment: "ra-2".to_owned() };
    let mut subject =
        assignment(stray, PrincipalType::User, Some(live(Window { start: None, end: None }, plain)), None);
    if let Subject::Assignment { principal_type, .. } = &mut subject {
        *principal_type = None;
    }
    let fields =
        vec![field("schedule", json!("permanent, made outside PIM and not shown by it"), json!(null), Narrows)];
    let address = format!("azure/active/VM Operator@{SUBSCRIPTION}/id:0b00b2f4-0000-4000-8000-000000000021");
    let mut two = change(&address, Action::Remove, subject, fields, origin("tenant.yaml", 16));
    two.place = Some("subscription prod-core, in management group Corp".to_owned());
    all.push(two);

    let mut after = role(Surface::Azure, "VM Operator", &["Microsoft.Compute/virtualMachines/*/read"]);
    after.permissions.not_actions = [Permission::new("Microsoft.Compute/virtualMachines/delete")].into();
    after.permissions.data_actions = [Permission::new("Microsoft.Compute/virtualMachines/login/action")].into();
    after.permissions.not_data_actions =
        [Permission::new("Microsoft.Compute/virtualMachines/loginAsAdmin/action")].into();
    after.assignable_scopes = [scope].into();
    let fields = vec![field(
        "permissions.actions",
        json!(null),
        json!(["Microsoft.Compute/virtualMachines/*/read"]),
        Direction::Neutral,
    )];
    let subject = Subject::Role { before: None, after: Some(Box::new(after)) };
    all.push(change("azure/role-definition/VM Operator", Action::Create, subject, fields, origin("azure.yaml", 2)));

    let group = GroupId::new("0b00b2f4-0000-4000-8000-000000000030");
    let key = AssignmentKey {
        target: Target::Group { group, access: Access::Owner },
        principal: PrincipalId::new("0b00b2f4-0000-4000-8000-000000000031"),
        mode: Mode::Eligible,
    };
    let mut subject = assignment(key, PrincipalType::User, Some(live(until("2026-09-01T00:00:00Z"), pim())), None);
    if let Subject::Assignment { principal_type, .. } = &mut subject {
        *principal_type = None;
    }
    let fields = vec![field("schedule", json!("until 2026-09-01T00:00:00Z, made in PIM"), json!(null), Narrows)];
    let address = "group/eligible/sg-tier0-operators:owner/id:0b00b2f4-0000-4000-8000-000000000031";
    all.push(change(address, Action::Remove, subject, fields, origin("tenant.yaml", 14)));

    let mut plan = plan(all);
    plan.complete = false;
    plan.unreadable = vec![
        Unreadable {
            surface: Surface::Directory,
            part: Part::EligibleSchedules,
            scope: None,
            role: None,
            why: "HTTP 403 PermissionScopeNotGranted: RoleEligibilitySchedule.Read.Directory is missing".to_owned(),
        },
        Unreadable {
            surface: Surface::Directory,
            part: Part::DeletedRoles,
            scope: None,
            role: None,
            why: "HTTP 404".to_owned(),
        },
    ];
    plan.unreadable.push(Unreadable {
        surface: Surface::Azure,
        part: Part::Settings,
        scope: ArmScope::parse(SUBSCRIPTION),
        role: Some(RoleId::new(CUSTOM)),
        why: "rule Approval_EndUser_Assignment is missing".to_owned(),
    });
    plan.verdicts = vec![
        Verdict {
            guard: "break-glass".to_owned(),
            message: "after this plan break-glass account `user:bg1` holds nothing".to_owned(),
            overridden_by: None,
        },
        Verdict {
            guard: "mass-removal".to_owned(),
            message: "12 removals are planned, `limits.maxRemovals` is 10".to_owned(),
            overridden_by: Some("--allow-mass-removal".to_owned()),
        },
    ];
    plan.unmanaged = (0..30)
        .map(|n| Unmanaged {
            address: format!(
                "{}/user:u{n:02}",
                if n < 10 { "directory/active/Reader@tenant" } else { "group/eligible/g:member" }
            ),
            detail: "permanent, made in PIM".to_owned(),
            why: "nobody declares it and no ownership entry claims it".to_owned(),
        })
        .collect();
    finish(plan)
}

/// Text that tries everything: escapes, direction, hiding, lines, Markdown, markup, mentions, build-log commands.
pub(in crate::render) const NASTY: &str = "x\u{1b}[31m\u{202e}y\u{200b}\u{e0001}\r\n::error::a\n##[error]b ##vso[task.c] `|` \
     [l](http://e.example) **b** <img src=x onerror=a> </details> --> @org #1 ::set-output name=z::1\u{9b}2J";

/// Returns a plan in which every foreign text is nasty.
pub(in crate::render) fn hostile() -> Plan {
    let mut plan = every_action();
    for change in &mut plan.changes {
        change.address = format!("{}{NASTY}", change.address);
        change.reasons = vec![NASTY.to_owned()];
        change.risk = Risk::High;
        change.source = Some(origin(NASTY, 3));
        change.requires = vec![Requirement { address: NASTY.to_owned(), reason: NASTY.to_owned() }];
        let texts = [(json!(NASTY), json!(format!("{NASTY}2"))), (json!([NASTY]), json!([NASTY, format!("{NASTY}3")]))];
        for (before, after) in texts {
            change.fields.push(field("description", before, after, Direction::Widens));
        }
        change.fields.push(field(NASTY, json!("a"), json!(NASTY.replace('\n', " ")), Direction::Widens));
        if let Subject::Assignment { justification, ticket, .. } = &mut change.subject {
            *justification = Some(NASTY.to_owned());
            *ticket = Some(Ticket { number: NASTY.to_owned(), system: Some(NASTY.to_owned()) });
        }
    }
    plan.tenant_name = NASTY.to_owned();
    plan.tenant_id = TenantId::new(NASTY);
    plan.cloud = NASTY.to_owned();
    for notice in &mut plan.notices {
        notice.message = NASTY.to_owned();
        notice.source = Some(origin(NASTY, 4));
    }
    plan.notices.push(Notice::warning("z", Some(NASTY.to_owned()), "::error::from the start", None));
    plan.unmanaged.push(Unmanaged { address: NASTY.to_owned(), detail: NASTY.to_owned(), why: NASTY.to_owned() });
    plan.unreadable = vec![Unreadable {
        surface: Surface::Directory,
        part: Part::Roles,
        scope: None,
        role: None,
        why: NASTY.to_owned(),
    }];
    plan.verdicts = vec![Verdict {
        guard: NASTY.to_owned(),
        message: NASTY.to_owned(),
        overridden_by: Some("--allow-x".to_owned()),
    }];
    finish(plan)
}

/// Returns every sample.
pub(in crate::render) fn all() -> Vec<Plan> {
    vec![every_action(), other_surfaces(), hostile(), plan(Vec::new())]
}
