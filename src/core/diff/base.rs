//! `basedOn`: whether a custom Azure role is still a subset of the built-in role that it was copied from, which moves on.

use std::collections::BTreeSet;

use crate::catalog::azure_role;
use crate::core::diff::{Context, Difference};
use crate::core::identity::same_name;
use crate::core::notice::Notice;
use crate::core::permission_set::{excess, uncovered};
use crate::core::role_definition::{DeclaredRole, Permission, RoleDefinition};

/// How many permissions one remark names.
const NAMED: usize = 5;

/// Says where the live built-in role of a copy allows less than the copy, or more than this version's catalog knows.
pub(super) fn remark(context: &Context<'_>, difference: &mut Difference) {
    for (key, declared) in &context.desired.roles {
        let Some(base) = &declared.value.based_on else { continue };
        let is_base = |role: &&RoleDefinition| {
            role.surface == key.surface
                && role.is_built_in
                && (same_name(&role.display_name, base) || role.id.as_str().eq_ignore_ascii_case(base))
        };
        let mut notice = |code: &'static str, message: String| {
            let address = context.labels.role_definition(key);
            difference.notices.push(Notice::warning(code, Some(address), message, Some(declared.at.clone())));
        };
        let Some(live) = context.observed.roles.values().find(is_base) else {
            notice("base-not-found", format!("the tenant shows no built-in role `{base}` to compare it with"));
            continue;
        };
        compare(&declared.value, live, notice);
    }
}

fn compare(declared: &DeclaredRole, live: &RoleDefinition, mut notice: impl FnMut(&'static str, String)) {
    let beyond = excess(&declared.permissions, &live.permissions);
    if !beyond.is_empty() {
        let named = name(beyond.iter().map(|one| &one.permission));
        notice("base-allows-less", format!("`{}` does not allow all that the copy does: {named}", live.display_name));
    }
    let Some(known) = azure_role::find(live.id.as_str()) else { return };
    let set = |pick: fn(&azure_role::AzurePermissions) -> &Vec<String>| -> BTreeSet<Permission> {
        known.blocks.iter().flat_map(pick).map(|text| Permission::new(text)).collect()
    };
    let planes = [
        (&live.permissions.actions, set(|block| &block.actions)),
        (&live.permissions.data_actions, set(|block| &block.data_actions)),
    ];
    let gained: Vec<&Permission> = planes.iter().flat_map(|(live, known)| uncovered(live, known)).collect();
    let exclusions = [
        (set(|block| &block.not_actions), &live.permissions.not_actions),
        (set(|block| &block.not_data_actions), &live.permissions.not_data_actions),
    ];
    let lifted: Vec<&Permission> = exclusions.iter().flat_map(|(known, live)| uncovered(known, live)).collect();
    if !gained.is_empty() || !lifted.is_empty() {
        let named = name(gained.into_iter().chain(lifted));
        notice(
            "base-moved-on",
            format!(
                "`{}` has come to allow more since this version was made, the copy has not: {named}",
                live.display_name
            ),
        );
    }
}

fn name<'a>(permissions: impl Iterator<Item = &'a Permission>) -> String {
    let all: Vec<&str> = permissions.map(Permission::as_str).collect();
    let more = match all.len().saturating_sub(NAMED) {
        0 => String::new(),
        left => format!(" and {left} more"),
    };
    format!("{}{more}", all[..all.len().min(NAMED)].join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::id::RoleId;
    use crate::core::role_definition::Permissions;
    use crate::core::target::Surface;

    const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";

    fn remarks(copy: &[&str], live: &[&str]) -> Vec<&'static str> {
        let permissions = |texts: &[&str]| Permissions {
            actions: texts.iter().map(|text| Permission::new(text)).collect(),
            ..Permissions::default()
        };
        let declared = DeclaredRole {
            surface: Surface::Azure,
            name: "copy".into(),
            id: None,
            display_name: "Copy".into(),
            description: None,
            is_enabled: None,
            based_on: Some("Reader".into()),
            permissions: permissions(copy),
            assignable_scopes: BTreeSet::new(),
        };
        let live = RoleDefinition {
            surface: Surface::Azure,
            id: RoleId::new(READER),
            template_id: RoleId::new(READER),
            display_name: "Reader".into(),
            description: String::new(),
            is_enabled: true,
            is_built_in: true,
            permissions: permissions(live),
            assignable_scopes: BTreeSet::new(),
        };
        let mut found = Vec::new();
        compare(&declared, &live, |code, _| found.push(code));
        found
    }

    #[test]
    fn a_base_that_moves_is_noticed_in_both_directions() {
        assert_eq!(remarks(&["*/read"], &["*/read"]), Vec::<&str>::new());
        assert_eq!(remarks(&["*/read"], &["Microsoft.Compute/*/read"]), ["base-allows-less"]);
        assert_eq!(remarks(&["*/read"], &["*/read", "*/write"]), ["base-moved-on"]);
    }
}
