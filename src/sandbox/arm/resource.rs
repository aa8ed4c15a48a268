//! Resources of any type: enough of them to be scopes. No provider checks what is put (arm.md 0.2).

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Reply};
use super::super::world::World;
use super::access::{self, Standing};
use super::ask::Ask;
use super::azure::Resource;
use super::filter::Filter;
use super::resource_group::forget;
use super::scope::{Level, Scope};
use super::{page, refusal};

pub(super) fn document(resource: &Resource) -> Value {
    let mut body = json!({"id": resource.id, "name": resource.name, "type": resource.kind});
    if let Some(body) = body.as_object_mut() {
        body.extend(resource.document.clone());
    }
    body
}

/// Answers GET of a list of resources at a subscription or resource group.
pub(super) fn list(world: &Arc<World>, ask: &Ask<'_>, scope: &Scope) -> Answer {
    if ask.method != "GET" {
        return Err(ask.not_emulated());
    }
    let tenant = world.store.read(ask.view);
    tenant.azure.exists(scope)?;
    let standing = Standing::of(&tenant, &ask.caller, ask.now());
    let mut wanted = Vec::new();
    for term in ask.filter().map(Filter::terms).transpose()?.unwrap_or_default() {
        match term {
            Filter::Is(field, value)
                if ["resourceType", "name", "resourceGroup", "location"]
                    .iter()
                    .any(|one| one.eq_ignore_ascii_case(&field)) =>
            {
                wanted.push((field.to_ascii_lowercase(), value));
            }
            _ => return Err(refusal::bad_filter(ask.filter().unwrap_or_default())),
        }
    }
    let is_wanted = |resource: &Resource| {
        wanted.iter().all(|(field, value)| match field.as_str() {
            "resourcetype" => resource.kind.eq_ignore_ascii_case(value),
            "name" => resource.name.eq_ignore_ascii_case(value),
            "location" => resource
                .document
                .get("location")
                .and_then(Value::as_str)
                .is_some_and(|at| at.eq_ignore_ascii_case(value)),
            _ => resource.id.split('/').nth(4).is_some_and(|group| group.eq_ignore_ascii_case(value)),
        })
    };
    let from = format!("{}/", scope.key());
    let rows = tenant
        .azure
        .resources
        .range(from.clone()..)
        .take_while(|(key, _)| key.starts_with(&from))
        .filter(|(_, resource)| is_wanted(resource))
        .filter(|(_, resource)| standing.may(&Scope::new(&resource.id), &format!("{}/read", resource.kind)))
        .map(|(_, resource)| {
            let mut row = document(resource);
            if let Some(row) = row.as_object_mut() {
                // Lists leave the provider's own properties out.
                row.remove("properties");
            }
            row
        })
        .collect();
    page::page(ask, rows, 1_000)
}

/// Answers the calls at the full id of a resource.
pub(super) fn answer(world: &Arc<World>, ask: &Ask<'_>, scope: &Scope) -> Answer {
    // What is no pair of type and name at the end is a collection or some provider's own call.
    let Some(kind) = scope.resource_type().filter(|_| scope.is_resource()) else { return Err(ask.not_emulated()) };
    match ask.method.as_str() {
        "GET" | "HEAD" => {
            let tenant = world.store.read(ask.view);
            access::require(&tenant, ask, scope, &format!("{kind}/read"), scope.id())?;
            tenant.azure.exists(scope)?;
            match tenant.azure.resources.get(scope.key()) {
                Some(found) if ask.method == "GET" => Ok(Reply::json(200, document(found))),
                Some(_) => Ok(Reply::empty()),
                None => Err(ask.not_emulated()),
            }
        }
        "PUT" | "PATCH" => write(world, ask, scope, &kind),
        "DELETE" => {
            let is_there = world.store.write(|tenant, _| {
                access::require(tenant, ask, scope, &format!("{kind}/delete"), scope.id())?;
                if let Some(parent) = scope.parent() {
                    tenant.azure.exists(&parent)?;
                }
                let is_there = tenant.azure.resources.remove(scope.key()).is_some();
                if is_there {
                    let under = format!("{}/", scope.key());
                    tenant.azure.resources.retain(|key, _| !key.starts_with(&under));
                    forget(tenant, scope);
                }
                Ok(is_there)
            })?;
            Ok(Reply { status: if is_there { 200 } else { 204 }, ..Reply::default() })
        }
        _ => Err(ask.not_emulated()),
    }
}

fn write(world: &Arc<World>, ask: &Ask<'_>, scope: &Scope, kind: &str) -> Answer {
    let is_patch = ask.method == "PATCH";
    let wished: Map<String, Value> = match &ask.call.body {
        Some(Value::Object(members)) => members
            .iter()
            .filter(|(name, _)| !["id", "name", "type"].contains(&name.as_str()))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect(),
        _ => return Err(refusal::bad_content("A JSON object is required")),
    };
    let (status, body) = world.store.write(|tenant, _| {
        access::require(tenant, ask, scope, &format!("{kind}/write"), scope.id())?;
        if let Some(parent) = scope.parent().filter(|parent| parent.level() != Level::Root) {
            tenant.azure.exists(&parent)?;
        }
        let stored = tenant.azure.resources.get(scope.key()).map(|resource| (**resource).clone());
        if is_patch && stored.is_none() {
            tenant.azure.exists(scope)?;
        }
        let status = if stored.is_some() { 200 } else { 201 };
        let mut document_ = match (&stored, is_patch) {
            (Some(stored), true) => stored.document.clone(),
            _ => Map::new(),
        };
        document_.extend(wished);
        if !document_.contains_key("properties") {
            document_.insert("properties".to_owned(), json!({"provisioningState": "Succeeded"}));
        }
        let resource = Resource {
            id: stored.as_ref().map_or_else(|| scope.id().to_owned(), |stored| stored.id.clone()),
            kind: stored.map_or_else(|| kind.to_owned(), |stored| stored.kind),
            name: scope.name().to_owned(),
            document: document_,
        };
        let body = document(&resource);
        tenant.azure.resources.insert(scope.key().to_owned(), resource.into());
        Ok((status, body))
    })?;
    Ok(Reply::json(status, body))
}
