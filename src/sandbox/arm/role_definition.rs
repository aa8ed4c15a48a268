//! Role definitions: reading the built-in ones and custom ones, and how ARM prints them (arm.md A.1, A.2). Writing is in
//! `role_write`.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::answer::{Answer, Reply};
use super::super::instant::{self, precise};
use super::super::tenant::Tenant;
use super::super::world::World;
use super::ask::Ask;
use super::azure::{Azure, Role};
use super::built_in::Permission;
use super::filter::Filter;
use super::scope::{Level, Scope};
use super::{page, refusal, role_write};

/// A custom role definition, filed in `Azure::roles` by its GUID.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RoleDefinition {
    pub(crate) role_name: String,
    #[serde(default)]
    pub(crate) description: String,
    /// As they were spelled.
    pub(crate) assignable_scopes: Vec<String>,
    pub(crate) permissions: Vec<Permission>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    #[serde(default)]
    pub(crate) created_by: Option<String>,
    #[serde(default)]
    pub(crate) updated_by: Option<String>,
    /// What it was before the last write, for reads that alternate (arm.md G.7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) previous: Option<Box<RoleDefinition>>,
}

/// How long after a write reads may still show the old definition (arm.md A.3).
const UNSETTLED: SignedDuration = SignedDuration::from_secs(60);

impl RoleDefinition {
    /// Returns what the `turn`-th read shows: every other one what was before, nothing for a new role, while the last write is
    /// young and the sandbox is told to.
    fn seen(&self, now: Timestamp, turn: Option<u64>) -> Option<&Self> {
        let is_young = now < instant::plus(self.updated, UNSETTLED);
        if is_young && turn.is_some_and(|turn| turn % 2 == 1) { self.previous.as_deref() } else { Some(self) }
    }
}

/// Answers the calls of `roleDefinitions`.
pub(super) fn answer(world: &Arc<World>, ask: &Ask<'_>) -> Answer {
    match (ask.method.as_str(), ask.rest.as_slice()) {
        ("GET", []) => list(world, ask),
        ("GET", [name]) => {
            let tenant = world.store.read(ask.view);
            ask.require(&tenant, "Microsoft.Authorization/roleDefinitions/read")?;
            tenant.azure.exists(&ask.scope)?;
            let found = tenant.azure.role(name).filter(|role| is_readable(&tenant.azure, *role, &ask.scope));
            let row = found.and_then(|role| row(ask, role, world.turn()));
            Ok(Reply::json(200, row.ok_or_else(|| refusal::no_role(name))?))
        }
        ("PUT", [name]) => role_write::put(world, ask, name),
        ("DELETE", [name]) => role_write::delete(world, ask, name),
        _ => Err(ask.not_emulated()),
    }
}

fn list(world: &Arc<World>, ask: &Ask<'_>) -> Answer {
    let tenant: Arc<Tenant> = world.store.read(ask.view);
    ask.require(&tenant, "Microsoft.Authorization/roleDefinitions/read")?;
    tenant.azure.exists(&ask.scope)?;
    // The first version shows what is assignable below without being asked (recorded in 2017; no later recording tells).
    let (mut is_below, mut kind, mut name) = (ask.version == "2015-07-01", None, None);
    for term in ask.filter().map(Filter::terms).transpose()?.unwrap_or_default() {
        match term {
            Filter::Call(function, None) if function.eq_ignore_ascii_case("atScopeAndBelow") => is_below = true,
            Filter::Call(function, None) if function.eq_ignore_ascii_case("atScope") => {}
            Filter::Is(field, value) if field.eq_ignore_ascii_case("type") => kind = Some(value),
            Filter::Is(field, value) if field.eq_ignore_ascii_case("roleName") => name = Some(value),
            _ => return Err(refusal::bad_filter(ask.filter().unwrap_or_default())),
        }
    }
    let azure = &tenant.azure;
    let chain = azure.chain(&ask.scope);
    let is_seen = |role: Role<'_>| {
        role.assignable_scopes().iter().any(|text| {
            let scope = Scope::new(text);
            // At the tenant's level the list holds every custom role (arm.md A.2, unconfirmed).
            chain.iter().any(|key| key == scope.key())
                || ((is_below || ask.scope.level() == Level::Root) && azure.is_at_or_above(ask.scope.key(), &scope))
        })
    };
    let turn = world.turn();
    let rows = azure
        .all_roles()
        .filter(|role| kind.as_ref().is_none_or(|kind| role.kind().eq_ignore_ascii_case(kind)))
        .filter(|role| name.as_ref().is_none_or(|name| role.role_name().eq_ignore_ascii_case(name)))
        .filter(|role| is_seen(*role))
        .filter_map(|role| row(ask, role, turn))
        .collect();
    page::page(ask, rows, 0)
}

/// Tells whether a role is there for who looks from `scope`: at, below or above one of its assignable scopes.
pub(super) fn is_readable(azure: &Azure, role: Role<'_>, scope: &Scope) -> bool {
    role.assignable_scopes().iter().any(|text| {
        let assignable = Scope::new(text);
        azure.is_at_or_above(assignable.key(), scope) || azure.is_at_or_above(scope.key(), &assignable)
    })
}

/// Returns a role as ARM prints it for the scope and version of the call; nothing when this read does not see it yet.
fn row(ask: &Ask<'_>, role: Role<'_>, turn: Option<u64>) -> Option<Value> {
    match role {
        Role::BuiltIn(_) => Some(current(ask, role)),
        Role::Custom(name, stored) => Some(current(ask, Role::Custom(name, stored.seen(ask.now(), turn)?))),
    }
}

/// Returns a role as it is now.
pub(super) fn current(ask: &Ask<'_>, role: Role<'_>) -> Value {
    match role {
        Role::BuiltIn(built_in) => {
            let instant = |text: &Option<String>| match text {
                None => "2015-02-02T21:55:09.8806423Z".to_owned(),
                Some(text) if text.contains('T') => text.clone(),
                Some(date) => format!("{date}T00:00:00.0000000Z"),
            };
            let stamps = json!([instant(&built_in.created_on), instant(&built_in.updated_on), null, null]);
            document(ask, role, &built_in.description, &built_in.permissions, &stamps)
        }
        Role::Custom(_, custom) => {
            let stamps =
                json!([precise(custom.created), precise(custom.updated), custom.created_by, custom.updated_by]);
            document(ask, role, &custom.description, &custom.permissions, &stamps)
        }
    }
}

/// Returns the document of a role; `stamps` are createdOn, updatedOn, createdBy and updatedBy.
pub(super) fn document(
    ask: &Ask<'_>,
    role: Role<'_>,
    description: &str,
    permissions: &[Permission],
    stamps: &Value,
) -> Value {
    // A role is printed with the prefix of the subscription that it is seen through, never with that of a resource group
    // (arm.md A.1).
    let home = match ask.scope.subscription() {
        Some(_) => Scope::new(&ask.scope.id().split('/').take(3).collect::<Vec<_>>().join("/")),
        None => Scope::root(),
    };
    let permissions: Vec<Value> = permissions
        .iter()
        .map(|permission| {
            let mut row = json!({"actions": permission.actions, "notActions": permission.not_actions});
            if ask.version != "2015-07-01" {
                row["dataActions"] = json!(permission.data_actions);
                row["notDataActions"] = json!(permission.not_data_actions);
            }
            if ask.version == "2022-05-01-preview" {
                row["condition"] = json!(permission.condition);
                row["conditionVersion"] = json!(permission.condition_version);
            }
            row
        })
        .collect();
    json!({
        "properties": {"roleName": role.role_name(), "type": role.kind(), "description": description,
            "assignableScopes": role.assignable_scopes(), "permissions": permissions, "createdOn": stamps[0],
            "updatedOn": stamps[1], "createdBy": stamps[2], "updatedBy": stamps[3]},
        "id": home.authorization("roleDefinitions", role.name()), "type": "Microsoft.Authorization/roleDefinitions",
        "name": role.name()})
}
