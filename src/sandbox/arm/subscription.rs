//! Subscriptions, the aliases that create them, and tenants (arm.md D.2).

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::answer::{Answer, Problem, Reply};
use super::super::id;
use super::super::tenant::Tenant;
use super::super::world::World;
use super::access::{self, Standing};
use super::ask::Ask;
use super::azure::Subscription;
use super::scope::Scope;
use super::{page, refusal};

pub(super) const READ: &str = "Microsoft.Resources/subscriptions/read";

/// Returns a subscription as ARM prints it; members and their order as recorded.
fn document(one: &Subscription) -> Value {
    json!({"id": format!("/subscriptions/{}", one.id), "authorizationSource": "RoleBased", "managedByTenants": [],
        "tags": {}, "subscriptionId": one.id, "tenantId": id::TENANT, "displayName": one.display_name, "state": one.state,
        "subscriptionPolicies": {"locationPlacementId": "Public_2014-09-01", "quotaId": "EnterpriseAgreement_2014-09-01",
            "spendingLimit": "Off"}})
}

/// Tells whether the caller may see the subscription: it may read it, or something in it.
pub(super) fn is_seen(tenant: &Tenant, standing: &Standing<'_>, one: &Subscription) -> bool {
    let scope = Scope::of_subscription(&one.id);
    if standing.may(&scope, READ) {
        return true;
    }
    // Whoever holds a role on a resource group or resource sees the subscription around it.
    let now = standing.now();
    let (classic, active) = (tenant.azure.assignments.under(scope.key()), tenant.azure.schedules.under(scope.key()));
    classic.into_iter().any(|(_, _, row)| standing.includes(&row.principal))
        || active.into_iter().any(|(_, _, row)| {
            row.side == super::super::tenant::Side::Active && row.is_in_force(now) && standing.includes(&row.principal)
        })
}

/// Answers `/subscriptions` and `/subscriptions/{id}`.
pub(super) fn answer(world: &Arc<World>, ask: &Ask<'_>, name: Option<&str>) -> Answer {
    if ask.method != "GET" {
        return Err(ask.not_emulated());
    }
    let tenant = world.store.read(ask.view);
    let standing = Standing::of(&tenant, &ask.caller, ask.now());
    let subscriptions = &tenant.azure.subscriptions;
    let Some(name) = name else {
        let seen = subscriptions.values().filter(|one| is_seen(&tenant, &standing, one));
        let rows: Vec<Value> = seen.map(|one| document(one)).collect();
        let count = rows.len();
        let mut reply = page::page(ask, rows, 0)?;
        if let Some(body) = &mut reply.body {
            body["count"] = json!({"type": "Total", "value": count});
        }
        return Ok(reply);
    };
    let found = subscriptions.get(name.to_ascii_lowercase().as_str()).ok_or_else(|| refusal::no_subscription(name))?;
    if !is_seen(&tenant, &standing, found) {
        return Err(access::denied(&ask.caller, READ, &format!("/subscriptions/{name}")));
    }
    Ok(Reply::json(200, document(found)))
}

/// Answers `/tenants`.
pub(super) fn tenants(world: &Arc<World>, ask: &Ask<'_>) -> Answer {
    let tenant = world.store.read(ask.view);
    let mut row = json!({"id": format!("/tenants/{}", id::TENANT), "tenantId": id::TENANT, "tenantCategory": "Home"});
    // Versions up to 2019 say no more (recorded).
    if ask.version.as_str() >= "2020" {
        row["countryCode"] = json!("DE");
        row["displayName"] = json!(tenant.display_name);
        row["domains"] = json!([tenant.domain]);
        row["defaultDomain"] = json!(tenant.domain);
        row["tenantType"] = json!("AAD");
    }
    page::page(ask, vec![row], 0)
}

/// Answers `/subscriptions/{id}/locations`.
pub(super) fn locations(world: &Arc<World>, ask: &Ask<'_>, name: &str) -> Answer {
    answer(world, ask, Some(name))?;
    let id = |location: &str| format!("/subscriptions/{name}/locations/{location}");
    let rows = [
        ("westeurope", "West Europe", "Europe", "4.9", "52.3667", "Netherlands", "northeurope"),
        ("northeurope", "North Europe", "Europe", "-6.2597", "53.3478", "Ireland", "westeurope"),
        ("eastus", "East US", "US", "-79.8164", "37.3719", "Virginia", "westus"),
    ]
    .map(|(location, display_name, geography, longitude, latitude, place, pair)| {
        json!({"id": id(location), "name": location, "displayName": display_name,
            "regionalDisplayName": format!("({geography}) {display_name}"),
            "metadata": {"regionType": "Physical", "regionCategory": "Recommended", "geographyGroup": geography,
                "longitude": longitude, "latitude": latitude, "physicalLocation": place,
                "pairedRegion": [{"name": pair, "id": id(pair)}]}})
    });
    Ok(Reply::json(200, json!({"value": rows})))
}

/// Answers `/providers/Microsoft.Subscription/aliases/{name}`: PUT creates a subscription at once.
pub(super) fn alias(world: &Arc<World>, ask: &Ask<'_>, name: &str) -> Answer {
    let document = |subscription: &str| {
        json!({"id": format!("/providers/Microsoft.Subscription/aliases/{name}"), "name": name,
            "type": "Microsoft.Subscription/aliases",
            "properties": {"subscriptionId": subscription, "provisioningState": "Succeeded", "acceptOwnershipState": "Completed"}})
    };
    let key = name.to_ascii_lowercase();
    match ask.method.as_str() {
        "GET" => {
            let tenant = world.store.read(ask.view);
            access::require(&tenant, ask, &Scope::root(), "Microsoft.Subscription/aliases/read", &ask.path)?;
            let found = tenant.azure.aliases.get(&key);
            let text = || Problem::new(404, "AliasNotFound", format!("The alias '{name}' could not be found."));
            Ok(Reply::json(200, document(found.ok_or_else(text)?)))
        }
        "PUT" => {
            let (status, id) = world.store.write(|tenant, _| {
                access::require(tenant, ask, &Scope::root(), "Microsoft.Subscription/aliases/write", &ask.path)?;
                if let Some(found) = tenant.azure.aliases.get(&key) {
                    return Ok((200, found.clone()));
                }
                let properties = Value::Object(ask.properties()?.clone());
                let id = match properties["subscriptionId"].as_str() {
                    // An alias for a subscription that exists.
                    Some(known) => {
                        tenant.azure.exists(&Scope::of_subscription(known))?;
                        known.to_owned()
                    }
                    None => create(tenant, &properties, name)?,
                };
                tenant.azure.aliases.insert(key, id.clone());
                Ok((201, id))
            })?;
            Ok(Reply::json(status, document(&id)))
        }
        "DELETE" => {
            world.store.write(|tenant, _| {
                access::require(tenant, ask, &Scope::root(), "Microsoft.Subscription/aliases/delete", &ask.path)?;
                tenant.azure.aliases.remove(&key);
                Ok(())
            })?;
            Ok(Reply { status: 200, ..Reply::default() })
        }
        _ => Err(ask.not_emulated()),
    }
}

fn create(tenant: &mut Tenant, properties: &Value, alias: &str) -> Result<String, Problem> {
    let display_name = properties["displayName"].as_str().filter(|text| !text.is_empty());
    let display_name = display_name.ok_or_else(|| refusal::bad_content("'displayName' is required"))?;
    let parent = match properties["additionalProperties"]["managementGroupId"].as_str() {
        None => id::TENANT.to_owned(),
        Some(text) => {
            let scope = Scope::of_management_group(text.rsplit('/').next().unwrap_or_default());
            tenant.azure.exists(&scope)?;
            scope.management_group().unwrap_or_default().to_owned()
        }
    };
    let id = id::minted("subscription", alias);
    let subscription =
        Subscription { id: id.clone(), display_name: display_name.to_owned(), parent, state: "Enabled".to_owned() };
    tenant.azure.subscriptions.insert(id.clone(), subscription.into());
    Ok(id)
}

/// Answers POST `/subscriptions/{id}/providers/Microsoft.Subscription/rename|cancel|enable`.
pub(super) fn act(world: &Arc<World>, ask: &Ask<'_>, name: &str, verb: &str) -> Answer {
    if ask.method != "POST" {
        return Err(ask.not_emulated());
    }
    world.store.write(|tenant, _| {
        let scope = Scope::of_subscription(name);
        tenant.azure.exists(&scope)?;
        access::require(tenant, ask, &scope, &format!("Microsoft.Subscription/{verb}/action"), scope.id())?;
        let Some(one) = tenant.azure.subscriptions.get_mut(scope.subscription().unwrap_or_default()) else {
            return Err(refusal::no_subscription(name));
        };
        match verb {
            "rename" => {
                let wanted = ask.call.body.as_ref().and_then(|body| body["subscriptionName"].as_str());
                wanted
                    .ok_or_else(|| refusal::bad_content("'subscriptionName' is required"))?
                    .clone_into(&mut one.display_name);
            }
            "cancel" => "Disabled".clone_into(&mut one.state),
            "enable" => "Enabled".clone_into(&mut one.state),
            _ => return Err(ask.not_emulated()),
        }
        Ok(())
    })?;
    Ok(Reply::json(200, json!({"subscriptionId": name})))
}
