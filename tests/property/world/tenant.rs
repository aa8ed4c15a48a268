//! What a generated tenant holds.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use rolewright::core::assignment::{AssignmentKey, Mode};
use rolewright::core::id::RoleId;
use rolewright::core::observed::{Part, Unreadable};
use rolewright::core::role_definition::{Permissions, RoleDefinition};
use rolewright::core::row::{InstanceRow, Membership, PlainRow, Row, ScheduleRow};
use rolewright::core::scope::DirectoryScope;
use rolewright::core::target::{Surface, Target};

use crate::world::{BUILT_IN, Choices, PEOPLE, any_role, guid, is_live, now, permissions, person, scope, settings};

/// A custom role: live, declared, or both. The last two are never live or never declared.
pub(super) fn custom_roles(choices: &mut Choices) -> Vec<RoleDefinition> {
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

fn minutes_from_now(choices: &mut Choices) -> Timestamp {
    let minutes = *choices.pick(&[60_i64 * 24 * 30, 3, 7, 60, 60 * 24, 60 * 24 * 180, 60 * 24 * 364, -60, -3]);
    now() + SignedDuration::from_mins(minutes) + SignedDuration::from_secs(choices.below(3) as i64 * 59)
}

pub(super) fn rows(choices: &mut Choices, custom: &[RoleDefinition]) -> Vec<Row> {
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
pub(super) fn near(choices: &mut Choices, key: &AssignmentKey) -> Row {
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

pub(super) fn unreadable(choices: &mut Choices) -> Vec<Unreadable> {
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
        group: None,
        role: None,
        name: None,
        why: "HTTP 503".into(),
    };
    parts.iter().filter(|_| choices.chance(1, 4)).map(gap).collect()
}
