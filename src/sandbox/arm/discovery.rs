//! What ARM says about rights themselves: the caller's permissions, operations of providers, deny assignments, classic
//! administrators, and the elevation of a Global Administrator (arm.md 0.4, E.6).

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::answer::{Answer, Problem, Reply};
use super::super::graph;
use super::super::id;
use super::super::instant::truncate;
use super::super::world::World;
use super::access::Standing;
use super::ask::Ask;
use super::built_in::{self, Provider};
use super::page;
use super::role_assignment::RoleAssignment;
use super::scope::Scope;

/// Answers GET `permissions`: the permissions of the caller's roles there, one element each. Anyone may ask (recorded).
pub(super) fn permissions(world: &Arc<World>, ask: &Ask<'_>) -> Answer {
    if ask.method != "GET" || !ask.rest.is_empty() {
        return Err(ask.not_emulated());
    }
    let tenant = world.store.read(ask.view);
    tenant.azure.exists(&ask.scope)?;
    let rows = Standing::of(&tenant, &ask.caller, ask.now())
        .permissions(&ask.scope)
        .into_iter()
        .map(|permission| {
            let mut row = json!({"actions": permission.actions, "notActions": permission.not_actions});
            if ask.version != "2015-07-01" {
                row["dataActions"] = json!(permission.data_actions);
                row["notDataActions"] = json!(permission.not_data_actions);
            }
            row
        })
        .collect();
    page::page(ask, rows, 0)
}

/// Answers GET of a collection that the sandbox has no rows of.
pub(super) fn empty(world: &Arc<World>, ask: &Ask<'_>) -> Answer {
    if ask.method != "GET" || !ask.rest.is_empty() {
        return Err(ask.not_emulated());
    }
    let tenant = world.store.read(ask.view);
    ask.require(&tenant, &format!("Microsoft.Authorization/{}/read", ask.kind))?;
    tenant.azure.exists(&ask.scope)?;
    page::page(ask, Vec::new(), 0)
}

/// Answers GET of deny assignments, of which the sandbox has none; nobody may write them (arm.md 0.4). The code of the 404 is
/// assumed.
pub(super) fn denials(world: &Arc<World>, ask: &Ask<'_>) -> Answer {
    let ("GET", [name]) = (ask.method.as_str(), ask.rest.as_slice()) else { return empty(world, ask) };
    let tenant = world.store.read(ask.view);
    ask.require(&tenant, "Microsoft.Authorization/denyAssignments/read")?;
    tenant.azure.exists(&ask.scope)?;
    let text = format!("The deny assignment '{name}' is not found.");
    Err(Problem::new(404, "DenyAssignmentNotFound", text))
}

/// Answers GET `providerOperations[/{namespace}]`; the recorded shape, with names for what the sandbox has no texts of.
pub(super) fn operations(ask: &Ask<'_>) -> Answer {
    let with_types = ask.option("$expand").is_some_and(|text| text.eq_ignore_ascii_case("resourceTypes"));
    match (ask.method.as_str(), ask.rest.as_slice()) {
        ("GET", []) => page::built(ask, built_in::providers().iter().collect(), 0, |one| provider(one, with_types)),
        ("GET", [name]) => {
            let found = built_in::providers().iter().find(|one| one.name.eq_ignore_ascii_case(name));
            let text = || Problem::new(404, "ProviderNotFound", format!("Provider '{name}' not found."));
            Ok(Reply::json(200, provider(found.ok_or_else(text)?, with_types)))
        }
        _ => Err(ask.not_emulated()),
    }
}

fn provider(one: &Provider, with_types: bool) -> Value {
    let (mut own, mut types) = (Vec::new(), std::collections::BTreeMap::<&str, Vec<Value>>::new());
    for (name, is_data) in one.all() {
        let row = json!({"name": format!("{}/{name}", one.name), "displayName": name, "description": name,
            "origin": "user,system", "properties": null, "isDataAction": is_data});
        match built_in::resource_type(name) {
            "" => own.push(row),
            kind => types.entry(kind).or_default().push(row),
        }
    }
    let types: Vec<Value> = types
        .into_iter()
        .map(|(name, operations)| json!({"name": name, "displayName": name, "operations": operations}))
        .collect();
    json!({"displayName": one.name, "operations": own, "resourceTypes": if with_types { types } else { Vec::new() },
        "id": format!("/providers/Microsoft.Authorization/providerOperations/{}", one.name),
        "type": "Microsoft.Authorization/providerOperations", "name": one.name})
}

/// Answers POST `elevateAccess`: a person who is Global Administrator gets User Access Administrator at the root.
pub(super) fn elevate(world: &Arc<World>, ask: &Ask<'_>) -> Answer {
    if ask.method != "POST" || ask.scope.key() != "/" {
        return Err(ask.not_emulated());
    }
    world.store.write(|tenant, now| {
        let is_person = ask.caller.user.is_some();
        if !is_person || !graph::holds(tenant, &ask.caller.oid, &["Global Administrator"], now) {
            let action = "Microsoft.Authorization/elevateAccess/action";
            return Err(super::access::denied(&ask.caller, action, "/providers/Microsoft.Authorization"));
        }
        let role = built_in::role_named("User Access Administrator").unwrap_or_default().to_owned();
        let root = Scope::root();
        let principal = ask.caller.oid.to_ascii_lowercase();
        let is_same = |row: &RoleAssignment| row.role == role && row.principal == principal;
        if tenant.azure.assignments.at(root.key()).any(|(_, _, row)| is_same(row)) {
            return Ok(());
        }
        let now = truncate(now, 100);
        let row = RoleAssignment {
            scope: "/".to_owned(),
            role,
            principal,
            principal_type: None,
            condition: None,
            condition_version: None,
            description: None,
            delegated_managed_identity: None,
            created: now,
            updated: now,
            created_by: Some(ask.caller.oid.clone()),
            updated_by: Some(ask.caller.oid.clone()),
        };
        let name = id::minted("elevated", &row.principal);
        tenant.azure.assignments.insert(root.key(), &name, row);
        Ok(())
    })?;
    Ok(Reply { status: 200, ..Reply::default() })
}
