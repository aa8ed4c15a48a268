//! Which live role a declared custom role is (design.md 2, "A custom role's identity").

use std::collections::BTreeMap;

use crate::core::declared::Declared;
use crate::core::diagnostic::Diagnostic;
use crate::core::id::{RoleId, TenantId, managed_role_id};
use crate::core::role_definition::{DeclaredRole, RoleDefinition};
use crate::core::row::DeletedRole;
use crate::core::target::{RoleKey, Surface};

/// How a declared role was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// By `spec.id` or by the managed id.
    ById,
    /// By its display name only: it is adopted, and its `id:` line should be pasted.
    ByName,
    /// Not at all: it will be created.
    New,
}

/// What became of one declared role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The id that it has, or that will be asked for.
    pub id: RoleId,
    /// How it was found.
    pub found: Found,
}

/// The roles of a run by surface and `metadata.name`.
pub type Identities = BTreeMap<(Surface, String), Identity>;

/// Finds the live role of every declared one.
///
/// # Errors
/// Every mistake: an id that belongs to a built-in role, a name that belongs to a built-in role or to several custom roles, an
/// id and a name that belong to different roles, two manifests that mean the same role.
pub fn identify(
    tenant: &TenantId,
    declared: &[Declared<DeclaredRole>],
    live: &BTreeMap<RoleKey, RoleDefinition>,
    deleted: &[DeletedRole],
) -> Result<Identities, Vec<Diagnostic>> {
    let mut identities = Identities::new();
    let mut owners: BTreeMap<(Surface, RoleId), &Declared<DeclaredRole>> = BTreeMap::new();
    let mut mistakes = Vec::new();
    for role in declared {
        let identity = match identify_one(tenant, role, live, deleted) {
            Ok(identity) => identity,
            Err(mistake) => {
                mistakes.push(mistake);
                continue;
            }
        };
        let key = (role.value.surface, identity.id.clone());
        if let Some(first) = owners.insert(key, role) {
            mistakes.push(
                Diagnostic::error(
                    "conflicting-declaration",
                    Some(role.at.clone()),
                    format!("two manifests declare the role `{}`", role.value.display_name),
                )
                .label(first.at.clone(), "first declared here")
                .help("keep one of them: a role has one definition"),
            );
        }
        identities.insert((role.value.surface, role.value.name.clone()), identity);
    }
    if mistakes.is_empty() { Ok(identities) } else { Err(mistakes) }
}

/// How often a role may be deleted and declared again while all its earlier lives can still be restored.
const LIVES: usize = 9;

/// Returns the id of one life of a managed role. A role that was deleted keeps its id for as long as it can be restored
/// (graph.md 2.3), so the same manifest then asks for the id of its next life.
fn life_id(tenant: &TenantId, kind: &str, name: &str, life: usize) -> RoleId {
    match life {
        1 => managed_role_id(tenant, kind, name),
        // no `metadata.name` holds a `#`
        _ => managed_role_id(tenant, kind, &format!("{name}#{life}")),
    }
}

fn identify_one(
    tenant: &TenantId,
    role: &Declared<DeclaredRole>,
    live: &BTreeMap<RoleKey, RoleDefinition>,
    deleted: &[DeletedRole],
) -> Result<Identity, Diagnostic> {
    let wanted = &role.value;
    let kind = wanted.surface.capability().role_kind.unwrap_or_default();
    let lives: Vec<RoleId> = match &wanted.id {
        Some(id) => vec![id.clone()],
        None => (1..=LIVES).map(|life| life_id(tenant, kind, &wanted.name, life)).collect(),
    };
    let on_surface = || live.values().filter(|r| r.surface == wanted.surface);
    // either of the two ids names the role: which one the service shows first differs (graph.md 3.6 #1)
    let has_id =
        |id: &RoleId| on_surface().find(|r| r.id == *id).or_else(|| on_surface().find(|r| r.template_id == *id));
    let by_id = lives.iter().find_map(has_id);
    let is_free = |id: &&RoleId| !deleted.iter().any(|role| role.id == **id || role.template_id == **id);
    let Some(asked) = lives.iter().find(is_free).or_else(|| lives.first()).cloned() else {
        return Err(Diagnostic::error("role-identity-conflict", Some(role.at.clone()), "no id is left for the role"));
    };
    let by_name: Vec<&RoleDefinition> =
        on_surface().filter(|r| same_name(&r.display_name, &wanted.display_name)).collect();
    let error = |code, text: String| Diagnostic::error(code, Some(role.at.clone()), text);
    if let Some(found) = by_id.filter(|r| r.is_built_in) {
        return Err(error(
            "built-in-role",
            format!("`{}` is the id of the built-in role `{}`", asked, found.display_name),
        )
        .help("built-in roles cannot be changed; use another id, or none"));
    }
    if let Some(built_in) = by_name.iter().find(|r| r.is_built_in) {
        return Err(error("built-in-role", format!("`{}` is the name of a built-in role", built_in.display_name))
            .help("choose another display name: two roles of one name cannot be told apart in the portal"));
    }
    let other_names: Vec<String> = by_name
        .iter()
        .filter(|r| by_id.is_none_or(|found| found.id != r.id))
        .map(|r| format!("`{}` ({})", r.display_name, r.id))
        .collect();
    match (by_id, other_names.as_slice()) {
        (Some(found), []) => Ok(Identity { id: found.id.clone(), found: Found::ById }),
        (Some(found), others) => Err(error(
            "role-identity-conflict",
            format!(
                "the id belongs to `{}` ({}), but the display name belongs to {}",
                found.display_name,
                found.id,
                others.join(", ")
            ),
        )
        .help("rename or delete one of the two roles, or correct `spec.id`")),
        (None, []) => Ok(Identity { id: asked, found: Found::New }),
        (None, [_]) => match (&wanted.id, by_name.first()) {
            (Some(id), _) => Err(error(
                "role-identity-conflict",
                format!("no role has the id {id}, but the display name belongs to {}", other_names.join(", ")),
            )
            .help("correct `spec.id`, or remove it to adopt the role by its name")),
            (None, Some(found)) => Ok(Identity { id: found.id.clone(), found: Found::ByName }),
            (None, None) => Ok(Identity { id: asked, found: Found::New }),
        },
        (None, several) => Err(error(
            "ambiguous-name",
            format!("several custom roles are named `{}`: {}", wanted.display_name, several.join(", ")),
        )
        .help("say which one with `spec.id`")),
    }
}

/// Tells whether two display names are the same to a person. Microsoft's filter on role names is case-sensitive
/// (graph.md 2.2), but two roles that differ in case only are a trap, so they count as one here.
pub fn same_name(a: &str, b: &str) -> bool {
    a == b || a.to_lowercase() == b.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::origin::Origin;
    use crate::core::role_definition::Permissions;

    fn origin(line: u32) -> Origin {
        Origin { file: "r.yaml".into(), line, column: 1, start: 0, end: 0 }
    }

    fn declared(name: &str, display: &str, id: Option<&str>) -> Declared<DeclaredRole> {
        let role = DeclaredRole {
            surface: Surface::Directory,
            name: name.into(),
            id: id.map(RoleId::new),
            display_name: display.into(),
            description: None,
            is_enabled: None,
            based_on: None,
            permissions: Permissions::default(),
            assignable_scopes: Default::default(),
        };
        Declared::new(role, origin(1))
    }

    fn live(roles: &[(&str, &str, &str, bool)]) -> BTreeMap<RoleKey, RoleDefinition> {
        let role = |(id, template, name, built_in): &(&str, &str, &str, bool)| RoleDefinition {
            surface: Surface::Directory,
            id: RoleId::new(id),
            template_id: RoleId::new(template),
            display_name: (*name).to_owned(),
            description: String::new(),
            is_enabled: true,
            is_built_in: *built_in,
            permissions: Permissions::default(),
            assignable_scopes: Default::default(),
        };
        roles.iter().map(|r| (role(r).key(), role(r))).collect()
    }

    fn one(role: Declared<DeclaredRole>, roles: &[(&str, &str, &str, bool)]) -> Result<(String, Found), &'static str> {
        let tenant = TenantId::new("t");
        match identify(&tenant, std::slice::from_ref(&role), &live(roles), &[]) {
            Ok(found) => {
                let identity = found.into_values().next().unwrap();
                Ok((identity.id.to_string(), identity.found))
            }
            Err(mistakes) => Err(mistakes[0].code),
        }
    }

    #[test]
    fn id_managed_id_name_and_nothing() {
        let managed = managed_role_id(&TenantId::new("t"), "DirectoryRoleDefinition", "x").to_string();
        assert_eq!(one(declared("x", "X", Some("a")), &[("a", "a", "Old name", false)]), Ok(("a".into(), Found::ById)));
        assert_eq!(one(declared("x", "X", Some("t1")), &[("a", "t1", "X", false)]), Ok(("a".into(), Found::ById)));
        assert_eq!(
            one(declared("x", "X", None), &[(&managed, &managed, "Y", false)]),
            Ok((managed.clone(), Found::ById))
        );
        assert_eq!(one(declared("x", "X", None), &[("b", "b", "x", false)]), Ok(("b".into(), Found::ByName)));
        assert_eq!(one(declared("x", "X", None), &[]), Ok((managed, Found::New)));
    }

    #[test]
    fn a_deleted_life_keeps_its_ids_and_the_next_one_asks_for_another() {
        let tenant = TenantId::new("t");
        let life = |n| life_id(&tenant, "DirectoryRoleDefinition", "x", n);
        let gone = |id: &RoleId, template: &RoleId| DeletedRole {
            id: id.clone(),
            template_id: template.clone(),
            display_name: "X".to_owned(),
            deleted: None,
        };
        let find = |lives: &[(&str, &str, &str, bool)], deleted: &[DeletedRole]| {
            let role = declared("x", "X", None);
            let found = identify(&tenant, std::slice::from_ref(&role), &live(lives), deleted).unwrap();
            found.into_values().map(|identity| (identity.id, identity.found)).next().unwrap()
        };
        let deleted = [gone(&life(1), &life(1)), gone(&RoleId::new("other"), &life(2))];
        assert_eq!(find(&[], &[]), (life(1), Found::New));
        assert_eq!(find(&[], &deleted[..1]), (life(2), Found::New));
        assert_eq!(find(&[], &deleted), (life(3), Found::New));
        let third = life(3).to_string();
        assert_eq!(find(&[(&third, &third, "X", false)], &deleted), (life(3), Found::ById));
        assert_eq!(
            find(&[("new", &third, "X", false)], &[]),
            (RoleId::new("new"), Found::ById),
            "even once those are purged"
        );
    }

    #[test]
    fn contradictions_are_errors() {
        assert_eq!(
            one(declared("x", "X", Some("a")), &[("a", "a", "A", false), ("b", "b", "X", false)]),
            Err("role-identity-conflict")
        );
        assert_eq!(one(declared("x", "X", Some("a")), &[("b", "b", "X", false)]), Err("role-identity-conflict"));
        assert_eq!(
            one(declared("x", "X", None), &[("a", "a", "X", false), ("b", "b", "X", false)]),
            Err("ambiguous-name")
        );
        assert_eq!(one(declared("x", "X", None), &[("a", "a", "X", true)]), Err("built-in-role"));
        assert_eq!(one(declared("x", "X", Some("a")), &[("a", "a", "B", true)]), Err("built-in-role"));
    }

    #[test]
    fn two_manifests_for_one_role_are_an_error() {
        let both = [declared("x", "X", Some("a")), declared("y", "X", Some("a"))];
        let mistakes = identify(&TenantId::new("t"), &both, &live(&[("a", "a", "X", false)]), &[]).unwrap_err();
        assert_eq!(mistakes[0].code, "conflicting-declaration");
    }
}
