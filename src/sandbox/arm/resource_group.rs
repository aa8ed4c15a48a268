//! Resource groups (arm.md D.2; shapes and statuses as recorded).

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Problem, Reply};
use super::super::tenant::Tenant;
use super::super::world::World;
use super::access::{self, Standing};
use super::ask::Ask;
use super::azure::ResourceGroup;
use super::scope::Scope;
use super::{page, refusal};

const READ: &str = "Microsoft.Resources/subscriptions/resourceGroups/read";

fn document(group: &ResourceGroup) -> Value {
    let mut body = json!({"id": group.id, "name": group.name, "type": "Microsoft.Resources/resourceGroups",
        "location": group.location, "properties": {"provisioningState": "Succeeded"}});
    if let Some(tags) = &group.tags {
        body["tags"] = Value::Object(tags.clone());
    }
    if let Some(managed_by) = &group.managed_by {
        body["managedBy"] = Value::from(managed_by.as_str());
    }
    body
}

/// Answers the calls at `/subscriptions/{id}/resourceGroups[/{name}]`.
pub(super) fn answer(world: &Arc<World>, ask: &Ask<'_>, subscription: &str, name: Option<&str>) -> Answer {
    let Some(name) = name else { return list(world, ask, subscription) };
    let scope = Scope::new(&format!("/subscriptions/{subscription}/resourceGroups/{name}"));
    match ask.method.as_str() {
        "GET" | "HEAD" => {
            let tenant = world.store.read(ask.view);
            tenant.azure.exists(&Scope::of_subscription(subscription))?;
            access::require(&tenant, ask, &scope, READ, scope.id())?;
            let found = tenant.azure.resource_groups.get(scope.key());
            let found = found.ok_or_else(|| {
                let mut problem = refusal::no_resource_group(name);
                problem.headers.push(("x-ms-failure-cause", "gateway".to_owned()));
                problem
            })?;
            Ok(if ask.method == "GET" { Reply::json(200, document(found)) } else { Reply::empty() })
        }
        "PUT" => put(world, ask, &scope),
        "PATCH" => patch(world, ask, &scope),
        "DELETE" => delete(world, ask, &scope),
        _ => Err(ask.not_emulated()),
    }
}

fn list(world: &Arc<World>, ask: &Ask<'_>, subscription: &str) -> Answer {
    if ask.method != "GET" {
        return Err(ask.not_emulated());
    }
    let tenant = world.store.read(ask.view);
    let scope = Scope::of_subscription(subscription);
    tenant.azure.exists(&scope)?;
    let standing = Standing::of(&tenant, &ask.caller, ask.now());
    let wanted = ask.filter().map(tag).transpose()?;
    let from = format!("{}/resourcegroups/", scope.key());
    let rows = tenant
        .azure
        .resource_groups
        .range(from.clone()..)
        .take_while(|(key, _)| key.starts_with(&from))
        .filter(|(_, group)| standing.may(&Scope::new(&group.id), READ))
        .filter(|(_, group)| match &wanted {
            None => true,
            Some((name, value)) => {
                let tags = group.tags.iter().flatten();
                tags.into_iter().any(|(key, found)| {
                    key.eq_ignore_ascii_case(name) && value.as_ref().is_none_or(|value| found == value.as_str())
                })
            }
        })
        .map(|(_, group)| document(group))
        .collect();
    page::page(ask, rows, 1_000)
}

/// Reads `tagName eq 'a' [and tagValue eq 'b']`, the only filter that resource groups have.
fn tag(filter: &str) -> Result<(String, Option<String>), Problem> {
    use super::filter::Filter;
    match Filter::terms(filter)?.as_slice() {
        [Filter::Is(field, name)] if field.eq_ignore_ascii_case("tagName") => Ok((name.clone(), None)),
        [Filter::Is(field, name), Filter::Is(second, value)]
            if field.eq_ignore_ascii_case("tagName") && second.eq_ignore_ascii_case("tagValue") =>
        {
            Ok((name.clone(), Some(value.clone())))
        }
        _ => Err(refusal::bad_filter(filter)),
    }
}

fn tags(body: &Value) -> Result<Option<Map<String, Value>>, Problem> {
    match &body["tags"] {
        Value::Null => Ok(None),
        Value::Object(tags) if tags.values().all(Value::is_string) => Ok(Some(tags.clone())),
        _ => Err(refusal::bad_content("'tags' must be an object of strings")),
    }
}

fn put(world: &Arc<World>, ask: &Ask<'_>, scope: &Scope) -> Answer {
    let body = ask.call.body.clone().unwrap_or(Value::Null);
    let (status, document) = world.store.write(|tenant, _| {
        tenant.azure.exists(&Scope::of_subscription(scope.subscription().unwrap_or_default()))?;
        access::require(tenant, ask, scope, "Microsoft.Resources/subscriptions/resourceGroups/write", scope.id())?;
        let name = scope.name();
        let is_word = |letter: char| letter.is_alphanumeric() || "-_().".contains(letter);
        if name.len() > 90 || name.ends_with('.') || !name.chars().all(is_word) {
            let text = format!(
                "The provided resource group name '{name}' has these invalid characters: '{name}'. The name can only be a \
                 letter, digit, '-', '.', '(', ')' or '_'."
            );
            return Err(Problem::new(400, "InvalidResourceGroup", text));
        }
        let Some(location) = body["location"].as_str().filter(|text| !text.is_empty()) else {
            let text = "The location property is required for this definition.";
            return Err(Problem::new(400, "LocationRequired", text));
        };
        let stored = tenant.azure.resource_groups.get(scope.key()).map(|group| (**group).clone());
        let location = location.to_ascii_lowercase().replace(' ', "");
        if let Some(stored) = stored.as_ref().filter(|stored| stored.location != location) {
            let text = format!(
                "Invalid resource group location '{location}'. The Resource group already exists in location '{}'.",
                stored.location
            );
            return Err(Problem::new(409, "InvalidResourceGroupLocation", text));
        }
        let status = if stored.is_some() { 200 } else { 201 };
        let group = ResourceGroup {
            id: stored.as_ref().map_or_else(|| scope.id().to_owned(), |stored| stored.id.clone()),
            name: stored.map_or_else(|| name.to_owned(), |stored| stored.name),
            location,
            tags: tags(&body)?,
            managed_by: body["managedBy"].as_str().map(str::to_owned),
        };
        let document = document(&group);
        tenant.azure.resource_groups.insert(scope.key().to_owned(), group.into());
        Ok((status, document))
    })?;
    Ok(Reply::json(status, document))
}

fn patch(world: &Arc<World>, ask: &Ask<'_>, scope: &Scope) -> Answer {
    let body = ask.call.body.clone().unwrap_or(Value::Null);
    let document = world.store.write(|tenant, _| {
        tenant.azure.exists(scope)?;
        access::require(tenant, ask, scope, "Microsoft.Resources/subscriptions/resourceGroups/write", scope.id())?;
        let Some(group) = tenant.azure.resource_groups.get_mut(scope.key()) else {
            return Err(refusal::no_resource_group(scope.name()));
        };
        if let Some(tags) = tags(&body)? {
            group.tags = Some(tags);
        }
        Ok(document(group))
    })?;
    Ok(Reply::json(200, document))
}

/// Deletes a group with everything in it: 202 and a place to ask, where it is done at once (as recorded, but quicker).
fn delete(world: &Arc<World>, ask: &Ask<'_>, scope: &Scope) -> Answer {
    world.store.write(|tenant, _| {
        access::require(tenant, ask, scope, "Microsoft.Resources/subscriptions/resourceGroups/delete", scope.id())?;
        tenant.azure.exists(scope)?;
        tenant.azure.resource_groups.remove(scope.key());
        let under = format!("{}/", scope.key());
        tenant.azure.resources.retain(|key, _| !key.starts_with(&under));
        forget(tenant, scope);
        Ok(())
    })?;
    let job = super::super::id::minted("operation", scope.key()).replace('-', "");
    let subscription = scope.subscription().unwrap_or_default();
    let location =
        format!("{}/subscriptions/{subscription}/operationresults/{job}?api-version={}", ask.origin, ask.version);
    let headers = vec![("location", location), ("retry-after", "1".to_owned())];
    Ok(Reply { status: 202, headers, ..Reply::default() })
}

/// Takes away what was assigned at and below a scope that is gone.
pub(super) fn forget(tenant: &mut Tenant, scope: &Scope) {
    let azure = &mut tenant.azure;
    azure.assignments.clear(scope.key());
    azure.schedules.clear(scope.key());
    azure.requests.clear(scope.key());
    azure.policies.clear(scope.key());
}

/// Answers `/subscriptions/{id}/operationresults/{job}`: whatever it was, it is done.
pub(super) fn operation(world: &Arc<World>, ask: &Ask<'_>, subscription: &str) -> Answer {
    let tenant = world.store.read(ask.view);
    let scope = Scope::of_subscription(subscription);
    tenant.azure.exists(&scope)?;
    access::require(&tenant, ask, &scope, super::subscription::READ, scope.id())?;
    Ok(Reply { status: 200, ..Reply::default() })
}
