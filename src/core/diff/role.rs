//! Role definitions: created, changed, adopted, removed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::core::authority::{self, Standing};
use crate::core::change::{Action, Change, FieldChange, Requirement, Risk, Subject, fingerprint};
use crate::core::diagnostic::Diagnostic;
use crate::core::diff::{Context, Difference};
use crate::core::direction::Direction;
use crate::core::id::RoleId;
use crate::core::identity::Found;
use crate::core::notice::{Notice, Unmanaged};
use crate::core::observed::{Part, Unreadable};
use crate::core::order;
use crate::core::origin::Origin;
use crate::core::permission_set::uncovered;
use crate::core::role_definition::{DeclaredRole, Permission, Permissions, RoleDefinition};
use crate::core::scope::ArmScope;
use crate::core::target::{RoleKey, Target};

/// Compares declared roles with live ones.
pub(super) fn diff(context: &Context<'_>, difference: &mut Difference) {
    for (key, declared) in &context.desired.roles {
        let id = &key.id;
        let wanted = &declared.value;
        let live = context.observed.roles.get(key);
        let found = context.found.get(key).copied().unwrap_or(Found::New);
        let address = context.labels.role_definition(key);
        if let Some(gap) = gap(context, wanted).filter(|_| live.is_none()) {
            let message = format!("cannot be compared: {} could not be read", gap.part.as_str());
            difference.notices.push(Notice::warning("not-compared", Some(address), message, Some(declared.at.clone())));
            continue;
        }
        let after = over(wanted, id, live);
        if found == Found::ByName {
            difference.notices.push(Notice::warning(
                "adopted-by-name",
                Some(address.clone()),
                format!("the role was found by its name only; add this line under `spec:` to tie it down:  id: {id}"),
                Some(declared.at.clone()),
            ));
        }
        if live.is_none() {
            twins(context, &address, wanted, &declared.at, difference);
        }
        let action = match (live, found) {
            (None, _) => Action::Create,
            (Some(_), Found::ByName) => Action::Adopt,
            (Some(_), _) => Action::Update,
        };
        let fields = fields(live, Some(&after));
        if !fields.is_empty() {
            let source = Some(declared.at.clone());
            difference.changes.push(change(address, action, live, Some(after), fields, source));
        }
    }
}

/// Returns why it is not known whether the role is there, if it is not: its definition would be listed wherever it can be assigned.
fn gap<'a>(context: &Context<'a>, wanted: &DeclaredRole) -> Option<&'a Unreadable> {
    let gap = context.observed.gap(wanted.surface, Part::Roles)?;
    let mut listed =
        wanted.assignable_scopes.iter().map(|scope| Target::Azure { role: RoleId::new(""), scope: scope.clone() });
    match wanted.surface.capability().lists_roles_by_scope {
        true => listed.find_map(|target| context.observed.gap_at(&target, Part::Roles)),
        false => Some(gap),
    }
}

/// Refuses what one run cannot do in a safe order. A role that is enabled, or whose permissions or assignable scopes are all
/// exchanged, changes after the removals; a grant of it or looser settings come before. Whichever came first, for a while somebody would be able to do what
/// neither the before nor the after allows, or be refused.
pub(crate) fn refuse_together(changes: &[Change]) -> Vec<Diagnostic> {
    let mut mistakes = Vec::new();
    let mut uses: BTreeMap<RoleKey, Vec<&Change>> = BTreeMap::new();
    for change in changes.iter().filter(|change| !matches!(change.subject, Subject::Role { .. })) {
        if let Some(role) = change.subject.role_key() {
            uses.entry(role).or_default().push(change);
        }
    }
    for role in changes {
        let Subject::Role { before: Some(before), after: Some(after) } = &role.subject else { continue };
        let (is_swap, is_enabled) = (order::is_replaced(before, after), !before.is_enabled && after.is_enabled);
        for other in uses.get(&before.key()).into_iter().flatten() {
            let what = match &other.subject {
                Subject::Assignment { ask: Some(_), .. } if is_enabled => "is enabled while it is granted",
                Subject::Assignment { ask: Some(_), .. } if is_swap && other.direction == Direction::Widens => {
                    "exchanges all its permissions or assignable scopes while it is granted"
                }
                Subject::Settings { .. } if is_swap && other.direction == Direction::Widens => {
                    "exchanges all its permissions or assignable scopes while its settings loosen"
                }
                _ => continue,
            };
            let message = format!("`{}` {what}, in one run", role.address);
            let mut mistake = Diagnostic::error("role-changes-first", role.source.clone(), message);
            if let Some(at) = &other.source {
                mistake = mistake.label(at.clone(), format!("`{}`", other.address));
            }
            mistakes.push(mistake.help(format!(
                "apply them in separate runs: what takes access away, then the role (`--target '{}'`), then the rest",
                role.address
            )));
        }
    }
    mistakes
}

/// Plans the removal of undeclared custom roles where ownership is authoritative, once nothing holds them any more.
pub(super) fn remove(context: &Context<'_>, difference: &mut Difference) {
    for role in context.observed.roles.values().filter(|role| !role.is_built_in) {
        if context.desired.roles.contains_key(&role.key()) {
            continue;
        }
        let own = role.key();
        let address = context.labels.role_definition(&own);
        let detail = match role.permissions.actions.len() {
            1 => "custom role with 1 permission".to_owned(),
            several => format!("custom role with {several} permissions"),
        };
        let entry = match authority::of_role(&context.desired.tenant, context.observed, role) {
            Standing::Owned(entry) => entry,
            Standing::Ignored => continue,
            Standing::Additive | Standing::BreakGlass => {
                let why = "nobody declares it and no ownership entry claims it".to_owned();
                difference.unmanaged.push(Unmanaged { address, detail, why });
                continue;
            }
        };
        let mut assigned =
            context.desired.assignments.iter().filter(|(key, _)| key.target.role_key().as_ref() == Some(&own));
        let mut governed =
            context.desired.settings.iter().filter(|(target, _)| target.role_key().as_ref() == Some(&own));
        let named = assigned.next().map(|(_, d)| &d.at).or_else(|| governed.next().map(|(_, d)| &d.at));
        if let Some(at) = named {
            let why = "nobody declares its definition, but a manifest uses it".to_owned();
            let source = Some(at.clone());
            let message = format!("{why}; declare it, or take the use away");
            difference.notices.push(Notice::warning("role-in-use", Some(address.clone()), message, source));
            difference.unmanaged.push(Unmanaged { address, detail, why });
            continue;
        }
        let gaps = [
            Part::Roles,
            Part::PlainAssignments,
            Part::ActiveSchedules,
            Part::ActiveInstances,
            Part::EligibleSchedules,
            Part::Hierarchy,
        ];
        // Azure: anybody could hold it at a scope that was not read
        if let Some(scope) = role.assignable_scopes.iter().find(|scope| !context.observed.is_listed(scope)) {
            let why = format!("would be removed, but not all that could hold it at {scope} was read");
            difference.unmanaged.push(Unmanaged { address, detail, why });
            continue;
        }
        if let Some(gap) = gaps.iter().find_map(|part| context.observed.gap(role.surface, *part)) {
            let why = format!("would be removed, but {} could not be read", gap.part.as_str());
            difference.unmanaged.push(Unmanaged { address, detail, why });
            continue;
        }
        let removed: BTreeSet<&str> =
            (difference.changes.iter()).filter(|c| c.action == Action::Remove).map(|c| c.address.as_str()).collect();
        let holders = || context.observed.assignments.keys().filter(|key| key.target.role_key().as_ref() == Some(&own));
        let staying: Vec<String> =
            holders().map(|key| context.labels.assignment(key)).filter(|a| !removed.contains(a.as_str())).collect();
        let requires: Vec<Requirement> = holders()
            .map(|key| context.labels.assignment(key))
            .filter(|address| removed.contains(address.as_str()))
            .map(|address| Requirement { address, reason: "a role can be removed once nobody holds it".to_owned() })
            .collect();
        let running =
            context.observed.activations.iter().filter(|a| a.target.role_key().as_ref() == Some(&own)).count();
        if !staying.is_empty() || running > 0 {
            let why = match staying.is_empty() {
                true => format!("would be removed, but {running} activation(s) of it are running"),
                false => format!("would be removed, but these stay: {}", staying.join(", ")),
            };
            let source = Some(entry.at.clone());
            difference.notices.push(Notice::warning("role-in-use", Some(address.clone()), why.clone(), source));
            difference.unmanaged.push(Unmanaged { address, detail, why });
            continue;
        }
        if let Some(twin) = created_twin(difference, role) {
            let message = format!(
                "`{address}` would be removed and `{twin}` created with the same permissions: everybody who holds the role \
                 would lose it"
            );
            let mistake = Diagnostic::error("role-recreated", Some(entry.at.clone()), message);
            difference.mistakes.push(mistake.help(format!(
                "to rename it, write `id: {}` under `spec:` of its manifest; otherwise remove it in a run of its own",
                role.id
            )));
        }
        let fields = fields(Some(role), None);
        let mut change = change(address, Action::Remove, Some(role), None, fields, Some(entry.at.clone()));
        change.requires = requires;
        difference.changes.push(change);
    }
}

/// Returns the address of a role that the plan creates with the permissions of `role`: no run removes a role and creates its
/// like (design.md 2).
fn created_twin(difference: &Difference, role: &RoleDefinition) -> Option<String> {
    let is_twin = |change: &&Change| match &change.subject {
        Subject::Role { before: None, after: Some(after) } => {
            after.surface == role.surface && after.permissions == role.permissions
        }
        _ => false,
    };
    difference.changes.iter().find(is_twin).map(|change| change.address.clone())
}

/// Says when a soft-deleted role has the name or the id of one that is to be created.
fn twins(context: &Context<'_>, address: &str, wanted: &DeclaredRole, at: &Origin, difference: &mut Difference) {
    for deleted in context.observed.deleted_roles.iter().flatten() {
        if wanted.surface.capability().restores_roles
            && super::super::identity::same_name(&deleted.display_name, &wanted.display_name)
        {
            difference.notices.push(Notice::warning(
                "deleted-twin",
                Some(address.to_owned()),
                format!(
                    "a deleted role of this name can still be restored (id {}); restoring it instead keeps its id: \
                     restore it in the portal and set `spec.id`",
                    deleted.id
                ),
                Some(at.clone()),
            ));
        }
    }
}

/// Returns the role as it must become: declared fields over what is there.
fn over(wanted: &DeclaredRole, id: &crate::core::id::RoleId, live: Option<&RoleDefinition>) -> RoleDefinition {
    RoleDefinition {
        surface: wanted.surface,
        id: id.clone(),
        template_id: live.map_or_else(|| id.clone(), |role| role.template_id.clone()),
        display_name: wanted.display_name.clone(),
        description: (wanted.description.clone())
            .or_else(|| live.map(|role| role.description.clone()))
            .unwrap_or_default(),
        is_enabled: wanted.is_enabled.or(live.map(|role| role.is_enabled)).unwrap_or(true),
        is_built_in: false,
        permissions: wanted.permissions.clone(),
        assignable_scopes: wanted.assignable_scopes.clone(),
    }
}

fn change(
    address: String,
    action: Action,
    before: Option<&RoleDefinition>,
    after: Option<RoleDefinition>,
    fields: Vec<FieldChange>,
    source: Option<Origin>,
) -> Change {
    let direction = match action {
        // nobody holds a role that does not exist yet
        Action::Create => Direction::Neutral,
        Action::Remove => Direction::Narrows,
        _ => fields.iter().map(|f| f.direction).reduce(Direction::join).unwrap_or(Direction::Neutral),
    };
    let subject = Subject::Role { before: before.cloned().map(Box::new), after: after.map(Box::new) };
    Change {
        address,
        action,
        surface: subject.surface(),
        observed: before.map(fingerprint),
        subject,
        fields,
        direction,
        risk: Risk::None,
        reasons: Vec::new(),
        source,
        requires: Vec::new(),
        follows: Vec::new(),
        place: None,
        onboards: false,
        since: None,
        request_ids: Vec::new(),
    }
}

/// Returns the fields that differ, each with its direction.
///
/// Both sides are destructured whole, so that a new field does not compile until it has a direction. A role that begins or ceases to be
/// gives and takes nothing by itself: its assignments do.
pub(in crate::core) fn fields(before: Option<&RoleDefinition>, after: Option<&RoleDefinition>) -> Vec<FieldChange> {
    let (Some(some), both) = (before.or(after), before.zip(after)) else { return Vec::new() };
    let can = some.surface.capability();
    let empty = RoleDefinition {
        surface: some.surface,
        id: some.id.clone(),
        template_id: some.template_id.clone(),
        display_name: String::new(),
        description: String::new(),
        is_enabled: true,
        is_built_in: some.is_built_in,
        permissions: Permissions::default(),
        assignable_scopes: BTreeSet::new(),
    };
    // what identifies a role does not change
    let RoleDefinition {
        surface: _,
        id: _,
        template_id: _,
        is_built_in: _,
        display_name: old_name,
        description: old_description,
        is_enabled: was_enabled,
        permissions: old,
        assignable_scopes: old_scopes,
    } = before.unwrap_or(&empty);
    let RoleDefinition {
        surface: _,
        id: _,
        template_id: _,
        is_built_in: _,
        display_name,
        description,
        is_enabled,
        permissions,
        assignable_scopes,
    } = after.unwrap_or(&empty);
    let Permissions {
        actions: old_actions,
        not_actions: old_not,
        data_actions: old_data,
        not_data_actions: old_not_data,
    } = old;
    let Permissions { actions, not_actions, data_actions, not_data_actions } = permissions;
    let mut found = Vec::new();
    let mut field = |path: &str, old: Value, new: Value, direction: Direction| {
        let (old, new) = (before.map_or(Value::Null, |_| old), after.map_or(Value::Null, |_| new));
        if old != new {
            let direction = both.map_or(Direction::Neutral, |_| direction);
            found.push(FieldChange::new(path, old, new, direction));
        }
    };
    // what a role is called and how it is explained gives nobody anything
    field("displayName", Value::from(old_name.as_str()), Value::from(display_name.as_str()), Direction::Neutral);
    field("description", Value::from(old_description.as_str()), Value::from(description.as_str()), Direction::Neutral);
    if can.disables_roles {
        // a disabled role gives its holders nothing
        let direction = Direction::of_growth(was_enabled, is_enabled);
        field("enabled", Value::from(*was_enabled), Value::from(*is_enabled), direction);
    }
    // the manifest's own paths
    let path = if can.splits_permissions { "permissions.actions" } else { "permissions" };
    // a permission that comes widens; an exclusion that goes does
    for (path, old, new, is_exclusion) in [
        (path, old_actions, actions, false),
        ("permissions.notActions", old_not, not_actions, true),
        ("permissions.dataActions", old_data, data_actions, false),
        ("permissions.notDataActions", old_not_data, not_data_actions, true),
    ] {
        if old == new {
            continue;
        }
        let (less, more) = if is_exclusion { (new, old) } else { (old, new) };
        let json =
            |set: &BTreeSet<Permission>| Value::from(set.iter().map(|p| p.as_str().to_owned()).collect::<Vec<_>>());
        let direction = growth(!uncovered(more, less).is_empty(), !uncovered(less, more).is_empty());
        field(path, json(old), json(new), direction);
    }
    if old_scopes != assignable_scopes {
        // more places to assign it widen: whoever may assign there can
        let outside = |some: &BTreeSet<ArmScope>, others: &BTreeSet<ArmScope>| {
            some.iter().any(|scope| !others.iter().any(|other| other.contains_path(scope)))
        };
        let json =
            |set: &BTreeSet<ArmScope>| Value::from(set.iter().map(|s| s.as_str().to_owned()).collect::<Vec<_>>());
        let direction = growth(outside(assignable_scopes, old_scopes), outside(old_scopes, assignable_scopes));
        field("assignableScopes", json(old_scopes), json(assignable_scopes), direction);
    }
    found
}

/// Returns the direction of something that gains or loses: what is lost does not excuse what is gained.
fn growth(gains: bool, loses: bool) -> Direction {
    match (gains, loses) {
        (true, _) => Direction::Widens,
        (false, true) => Direction::Narrows,
        (false, false) => Direction::Neutral,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::target::Surface;

    fn role(actions: &[&str], not_actions: &[&str], scopes: &[&str]) -> RoleDefinition {
        let set = |texts: &[&str]| texts.iter().map(|text| Permission::new(text)).collect();
        RoleDefinition {
            surface: Surface::Azure,
            id: RoleId::new("1"),
            template_id: RoleId::new("1"),
            display_name: "VM Operator".to_owned(),
            description: String::new(),
            is_enabled: true,
            is_built_in: false,
            permissions: Permissions { actions: set(actions), not_actions: set(not_actions), ..Permissions::default() },
            assignable_scopes: scopes.iter().map(|text| ArmScope::parse(text).unwrap()).collect(),
        }
    }

    #[test]
    fn a_field_widens_when_something_new_is_not_covered() {
        const ONE: &str = "/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1";
        const GROUP: &str = "/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1/resourceGroups/rg";
        use Direction::{Narrows, Neutral, Widens};
        let with = |change: fn(&mut RoleDefinition)| {
            let mut role = role(&["a/*"], &[], &[]);
            role.surface = Surface::Directory;
            change(&mut role);
            role
        };
        let data = |list: &[&str], excluded: &[&str]| {
            let mut role = role(&[], &[], &[]);
            role.permissions.data_actions = list.iter().map(|text| Permission::new(text)).collect();
            role.permissions.not_data_actions = excluded.iter().map(|text| Permission::new(text)).collect();
            role
        };
        for (before, after, path, want) in [
            (with(|_| {}), with(|r| r.display_name = "X".into()), "displayName", Neutral),
            (with(|_| {}), with(|r| r.description = "X".into()), "description", Neutral),
            (with(|_| {}), with(|r| r.is_enabled = false), "enabled", Narrows),
            (with(|r| r.is_enabled = false), with(|_| {}), "enabled", Widens),
            (with(|_| {}), with(|r| r.permissions.actions = [Permission::new("b")].into()), "permissions", Widens),
            (data(&["a/read"], &[]), data(&["a/read", "a/write"], &[]), "permissions.dataActions", Widens),
            (data(&["a/read", "a/write"], &[]), data(&["a/read"], &[]), "permissions.dataActions", Narrows),
            (data(&["a/*"], &["a/write"]), data(&["a/*"], &[]), "permissions.notDataActions", Widens),
            (data(&["a/*"], &[]), data(&["a/*"], &["a/write"]), "permissions.notDataActions", Narrows),
            (role(&["a/*"], &[], &[]), role(&["a/read"], &[], &[]), "permissions.actions", Narrows),
            (role(&["a/read"], &[], &[]), role(&["A/*"], &[], &[]), "permissions.actions", Widens),
            (role(&["a/*"], &[], &[]), role(&["b/*"], &[], &[]), "permissions.actions", Widens),
            (role(&["a/*", "a/read"], &[], &[]), role(&["a/*"], &[], &[]), "permissions.actions", Neutral),
            (role(&["a/*"], &[], &[]), role(&["a/*"], &["a/read"], &[]), "permissions.notActions", Narrows),
            (role(&["a/*"], &["a/read"], &[]), role(&["a/*"], &["a/write"], &[]), "permissions.notActions", Widens),
            (role(&["a/*"], &["a/read"], &[]), role(&["a/*"], &["*/read"], &[]), "permissions.notActions", Narrows),
            (role(&["a/*"], &[], &[ONE]), role(&["a/*"], &[], &[GROUP]), "assignableScopes", Narrows),
            (role(&["a/*"], &[], &[GROUP]), role(&["a/*"], &[], &[ONE]), "assignableScopes", Widens),
            (role(&["a/*"], &[], &[ONE]), role(&["a/*"], &[], &[ONE, GROUP]), "assignableScopes", Neutral),
        ] {
            let found = fields(Some(&before), Some(&after));
            let found: Vec<(&str, Direction)> = found.iter().map(|f| (f.path.as_str(), f.direction)).collect();
            assert_eq!(found, [(path, want)]);
        }
    }

    #[test]
    fn a_role_that_begins_or_ends_gives_and_takes_nothing_by_itself() {
        let role = role(&["a/*"], &["a/write"], &["/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1"]);
        for (before, after) in [(None, Some(&role)), (Some(&role), None)] {
            let found = fields(before, after);
            let paths: Vec<&str> = found.iter().map(|field| field.path.as_str()).collect();
            assert_eq!(
                paths,
                ["displayName", "description", "permissions.actions", "permissions.notActions", "assignableScopes"]
            );
            assert!(found.iter().all(|field| field.direction == Direction::Neutral));
            let listed: Vec<bool> = found.iter().map(|f| !f.gained.is_empty() || !f.lost.is_empty()).collect();
            assert_eq!(listed, [false, false, true, true, true]);
        }
    }
}
