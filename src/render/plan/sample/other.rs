//! A plan for the other surfaces.

use serde_json::json;

use crate::core::assignment::{AssignmentKey, Mode, Provenance};
use crate::core::change::{Action, Requirement, Risk, Subject, digest};
use crate::core::direction::Direction;
use crate::core::guard::Verdict;
use crate::core::id::{GroupId, PrincipalId, RoleId};
use crate::core::notice::Unmanaged;
use crate::core::observed::{Part, Unreadable};
use crate::core::plan::{Guardrail, Plan};
use crate::core::principal::PrincipalType;
use crate::core::role_definition::Permission;
use crate::core::schedule::{Ask, End, Window};
use crate::core::scope::ArmScope;
use crate::core::target::{Access, Surface, Target};
use crate::render::plan::sample::{
    CUSTOM, assignment, at, change, field, finish, live, origin, pim, plan, role, until,
};

const SUBSCRIPTION: &str = "/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1";

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
    let reason = "it must be gone first, or `id:0b00b2f4-0000-4000-8000-000000000031 -> sg-tier0-operators:owner -> VM Operator@/` would hold for an instant".to_owned();
    let follows = Requirement { address: address.to_owned(), reason };
    all.last_mut().unwrap().onboards = true;
    all[0].follows.push(follows);

    let mut plan = plan(all);
    plan.complete = false;
    plan.unreadable = vec![
        Unreadable {
            surface: Surface::Directory,
            part: Part::EligibleSchedules,
            scope: None,
            group: None,
            role: None,
            name: None,
            why: "HTTP 403 PermissionScopeNotGranted: RoleEligibilitySchedule.Read.Directory is missing".to_owned(),
        },
        Unreadable {
            surface: Surface::Directory,
            part: Part::DeletedRoles,
            scope: None,
            group: None,
            role: None,
            name: None,
            why: "HTTP 404".to_owned(),
        },
    ];
    plan.unreadable.push(Unreadable {
        surface: Surface::Azure,
        part: Part::Settings,
        scope: ArmScope::parse(SUBSCRIPTION),
        group: None,
        role: Some(RoleId::new(CUSTOM)),
        name: None,
        why: "rule Approval_EndUser_Assignment is missing".to_owned(),
    });
    plan.unreadable.push(Unreadable {
        surface: Surface::Group,
        part: Part::Settings,
        scope: None,
        group: Some(GroupId::new("0b00b2f4-0000-4000-8000-000000000040")),
        role: None,
        name: Some("sg-pim-operators".to_owned()),
        why: "HTTP 403".to_owned(),
    });
    plan.verdicts = vec![
        Verdict {
            guard: "break-glass".to_owned(),
            message: "after this plan break-glass account `user:bg1` holds nothing".to_owned(),
            overridden_by: None,
            ..Verdict::default()
        },
        Verdict {
            guard: "mass-removal".to_owned(),
            message: "12 removals are planned, `limits.maxRemovals` is 10".to_owned(),
            overridden_by: Some("--allow-mass-removal".to_owned()),
            ..Verdict::default()
        },
        Verdict {
            guard: "guardrail/contoso.tier0".to_owned(),
            message: "Owner is given for ever; 180 days are the most".to_owned(),
            overridden_by: None,
            address: Some(format!("azure/eligible/Owner@{SUBSCRIPTION}/user:u00")),
            source: Some(origin("azure/owner.yaml", 7)),
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
    plan.guardrails = vec![Guardrail { path: "guardrails/".to_owned(), digest: digest("guardrails") }];
    plan.guardrail_data = Some(digest("data"));
    finish(plan)
}
