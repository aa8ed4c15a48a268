//! What generated manifests want.

use std::collections::{BTreeMap, BTreeSet};

use rolewright::core::assignment::{AssignmentKey, DeclaredAssignment, Mode, Ticket};
use rolewright::core::declared::Declared;
use rolewright::core::id::{RoleId, TenantId};
use rolewright::core::ownership::{Authority, Extent, Ignore, Ownership, OwnershipEntry, Pattern};
use rolewright::core::policy::field::{DeclaredSettings, SettingField, Want};
use rolewright::core::principal::PrincipalType;
use rolewright::core::role_definition::{DeclaredRole, RoleDefinition};
use rolewright::core::scope::DirectoryScope;
use rolewright::core::state::{ApplyAs, Desired, Limits, Tenant};
use rolewright::core::target::{RoleKey, Surface, Target};

use crate::world::{
    Choices, PEOPLE, any_role, is_declared, is_live, origin, permissions, person, schedule, scope, value,
};

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

pub(super) fn desired(choices: &mut Choices, custom: &[RoleDefinition]) -> Desired {
    let mut desired = Desired {
        tenant: Tenant {
            name: "t".into(),
            id: TenantId::new("5a9dbb0c-0000-4000-8000-000000000001"),
            apply_as: ApplyAs::Application,
            ownership: ownership(choices, custom),
            break_glass: (choices.chance(1, 3)).then(|| Declared::new(person(0).id, origin(2))).into_iter().collect(),
            applied_by: None,
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
