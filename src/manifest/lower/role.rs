//! Custom roles.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::declared::Declared;
use crate::core::id::{TenantId, managed_role_id};
use crate::core::role_definition::{DeclaredRole, Permission, Permissions};
use crate::core::target::{RoleKey, Surface};
use crate::manifest::document::Document;
use crate::manifest::kind::role_definition::{AzureRoleDefinition, DirectoryRoleDefinition};
use crate::manifest::kind::{Kind, Spec};
use crate::manifest::lower::{RoleIds, Run, repeated};

impl Run<'_> {
    /// Returns every declared custom role.
    pub(super) fn roles(&mut self) -> Vec<Declared<DeclaredRole>> {
        let mut roles = Vec::new();
        for kind in [Kind::DirectoryRoleDefinition, Kind::AzureRoleDefinition] {
            for (document, spec) in self.specs(kind) {
                let Some(name) = document.name() else { continue };
                let role = match spec {
                    Spec::DirectoryRoleDefinition(role) => directory_role(name, role),
                    Spec::AzureRoleDefinition(role) => self.azure_role(name, role, document),
                    _ => continue,
                };
                roles.push(Declared::new(role, document.origin()));
            }
        }
        roles
    }

    fn azure_role(&mut self, name: &str, role: &AzureRoleDefinition, document: &Document) -> DeclaredRole {
        let mut assignable_scopes = BTreeSet::new();
        for (at, written) in role.assignable_scopes.iter().enumerate() {
            let at = document.at(&format!("/spec/assignableScopes/{at}"));
            assignable_scopes.extend(self.azure_place(written, &at));
        }
        let permissions = &role.permissions;
        DeclaredRole {
            surface: Surface::Azure,
            name: name.to_owned(),
            id: role.id.clone(),
            display_name: role.display_name.clone(),
            description: role.description.clone(),
            is_enabled: None,
            based_on: role.based_on.clone(),
            permissions: Permissions {
                actions: set(permissions.actions.as_deref()),
                not_actions: set(permissions.not_actions.as_deref()),
                data_actions: set(permissions.data_actions.as_deref()),
                not_data_actions: set(permissions.not_data_actions.as_deref()),
            },
            assignable_scopes,
        }
    }

    /// Gives every role the id that it has or will ask for. Two manifests that mean the same role are a mistake.
    pub(super) fn key_roles(
        &mut self,
        roles: Vec<Declared<DeclaredRole>>,
        ids: &RoleIds,
        tenant: &TenantId,
    ) -> BTreeMap<RoleKey, Declared<DeclaredRole>> {
        let mut keyed: BTreeMap<RoleKey, Declared<DeclaredRole>> = BTreeMap::new();
        for role in roles {
            let kind = role.value.surface.capability().role_kind.unwrap_or_default();
            let found = ids.get(&(role.value.surface, role.value.name.clone())).or(role.value.id.as_ref()).cloned();
            let id = found.unwrap_or_else(|| managed_role_id(tenant, kind, &role.value.name));
            let key = RoleKey { surface: role.value.surface, id };
            if let Some(first) = keyed.get(&key) {
                let what = format!("the custom role `{}`", role.value.display_name);
                self.diagnostics.push(repeated(&what, &first.at, &role.at, false));
                continue;
            }
            keyed.insert(key, role);
        }
        keyed
    }
}

fn directory_role(name: &str, role: &DirectoryRoleDefinition) -> DeclaredRole {
    DeclaredRole {
        surface: Surface::Directory,
        name: name.to_owned(),
        id: role.id.clone(),
        display_name: role.display_name.clone(),
        description: role.description.clone(),
        is_enabled: role.enabled,
        based_on: None,
        permissions: Permissions { actions: set(Some(&role.permissions)), ..Permissions::default() },
        assignable_scopes: BTreeSet::new(),
    }
}

fn set(actions: Option<&[String]>) -> BTreeSet<Permission> {
    actions.unwrap_or_default().iter().map(|action| Permission::new(action)).collect()
}
