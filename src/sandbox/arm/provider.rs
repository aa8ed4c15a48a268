//! Resource providers of a subscription, which Microsoft's clients look up and register before they use them.
//!
//! No source that the sandbox is written from describes them; shapes are those that `azure-mgmt-resource` reads. Every provider is
//! registered until somebody says otherwise, and nothing is refused because one is not.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::super::answer::{Answer, Problem, Reply};
use super::super::world::World;
use super::access;
use super::ask::Ask;
use super::azure::Azure;
use super::built_in::{self, Provider};
use super::scope::Scope;
use super::{page, version};

const READ: &str = "Microsoft.Resources/subscriptions/providers/read";
/// Providers that need no registration.
const FREE: &[&str] =
    &["Microsoft.Authorization", "Microsoft.Features", "Microsoft.ResourceGraph", "Microsoft.Resources"];
/// Stands for the versions of types whose versions the sandbox does not list; it takes any there.
const SOME_VERSION: &str = "2021-04-01";

/// Answers GET `/subscriptions/{id}/providers`.
pub(super) fn list(world: &Arc<World>, ask: &Ask<'_>, subscription: &str) -> Answer {
    may_get(world, ask, subscription)?;
    let tenant = world.store.read(ask.view);
    let all = built_in::providers().iter().collect();
    page::built(ask, all, 0, |one| document(&tenant.azure, subscription, one))
}

/// Answers GET `/subscriptions/{id}/providers/{namespace}`.
pub(super) fn one(world: &Arc<World>, ask: &Ask<'_>, subscription: &str, namespace: &str) -> Answer {
    may_get(world, ask, subscription)?;
    let tenant = world.store.read(ask.view);
    Ok(Reply::json(200, document(&tenant.azure, subscription, find(namespace)?)))
}

/// Answers POST `/subscriptions/{id}/providers/{namespace}/register|unregister`: done at once, where the service takes minutes.
pub(super) fn act(world: &Arc<World>, ask: &Ask<'_>, subscription: &str, namespace: &str, verb: &str) -> Answer {
    if ask.method != "POST" {
        return Err(ask.not_emulated());
    }
    let body = world.store.write(|tenant, _| {
        let scope = Scope::of_subscription(subscription);
        tenant.azure.exists(&scope)?;
        let found = find(namespace)?;
        access::require(tenant, ask, &scope, &format!("{}/{verb}/action", found.name), scope.id())?;
        let entry = entry(subscription, found);
        if verb == "register" {
            tenant.azure.unregistered.remove(&entry);
        } else {
            tenant.azure.unregistered.insert(entry);
        }
        Ok(document(&tenant.azure, subscription, found))
    })?;
    Ok(Reply::json(200, body))
}

fn may_get(world: &Arc<World>, ask: &Ask<'_>, subscription: &str) -> Result<(), Problem> {
    if ask.method != "GET" {
        return Err(ask.not_emulated());
    }
    if let Some(value) = ask.option("$expand").filter(|value| !value.is_empty()) {
        let text = format!("The sandbox does not support '$expand={value}' here.");
        return Err(Problem::new(400, "BadRequest", text));
    }
    let (tenant, scope) = (world.store.read(ask.view), Scope::of_subscription(subscription));
    tenant.azure.exists(&scope)?;
    access::require(&tenant, ask, &scope, READ, scope.id())
}

/// Finds a provider; the code of the 404 is assumed.
fn find(namespace: &str) -> Result<&'static Provider, Problem> {
    let found = built_in::providers().iter().find(|one| one.name.eq_ignore_ascii_case(namespace));
    found.ok_or_else(|| {
        let text = format!("The resource namespace '{namespace}' is invalid.");
        Problem::new(404, "InvalidResourceNamespace", text)
    })
}

/// Returns what `Azure::unregistered` holds of a provider that was unregistered.
fn entry(subscription: &str, one: &Provider) -> String {
    format!("{subscription}/{}", one.name).to_ascii_lowercase()
}

fn document(azure: &Azure, subscription: &str, one: &Provider) -> Value {
    let is_free = FREE.contains(&one.name.as_str());
    let is_there = !azure.unregistered.contains(&entry(subscription, one));
    let kinds: BTreeSet<&str> =
        one.all().map(|(name, _)| built_in::resource_type(name)).filter(|kind| !kind.is_empty()).collect();
    let is_ours = one.name == "Microsoft.Authorization";
    let kinds: Vec<Value> = kinds
        .into_iter()
        .map(|kind| {
            let known = if is_ours { version::known(kind) } else { None };
            // The newest comes first, as clients that take the first one expect.
            let versions: Vec<&str> =
                known.map_or_else(|| vec![SOME_VERSION], |all| all.iter().rev().copied().collect());
            let locations: &[&str] = if is_free { &[] } else { &["West Europe", "North Europe", "East US"] };
            json!({"resourceType": kind, "locations": locations, "apiVersions": versions})
        })
        .collect();
    json!({"id": format!("/subscriptions/{subscription}/providers/{}", one.name), "namespace": one.name,
        "registrationState": if is_there { "Registered" } else { "NotRegistered" },
        "registrationPolicy": if is_free { "RegistrationFree" } else { "RegistrationRequired" }, "resourceTypes": kinds})
}
