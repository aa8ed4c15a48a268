//! A plan for the directory with every action.

use serde_json::json;

use crate::core::assignment::{Mode, Provenance, Ticket};
use crate::core::change::{Action, Change, Requirement, Risk, Subject};
use crate::core::direction::Direction;
use crate::core::id::{PrincipalId, RoleId};
use crate::core::notice::{Notice, Unmanaged};
use crate::core::period::Period;
use crate::core::plan::Plan;
use crate::core::policy::default::factory;
use crate::core::policy::rule::{Approver, NotificationLevel, Requirement as Demand};
use crate::core::principal::PrincipalType;
use crate::core::schedule::End;
use crate::core::scope::DirectoryScope;
use crate::core::target::{Surface, Target};
use crate::render::plan::sample::{
    CUSTOM, GLOBAL, HELPDESK, ask, assignment, change, directory, field, finish, live, origin, permanent, pim, plan,
    role, until,
};

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
