//! Children of a scope that the caller is eligible on (arm.md B.6).

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::answer::Answer;
use super::super::tenant::{Side, Tenant};
use super::super::world::World;
use super::access::Standing;
use super::ask::Ask;
use super::scope::{Level, Scope};
use super::{page, refusal, row};

/// Returns the kinds that a filter asks for, `resourceType eq '…'` joined with `or`; all without one.
fn kinds(filter: Option<&str>) -> Option<Vec<String>> {
    let parts = filter.into_iter().flat_map(|text| text.split(" or "));
    parts
        .map(|part| {
            let part = part.trim().trim_start_matches('(').trim_end_matches(')');
            let (name, value) = part.split_once(" eq ")?;
            let value = value.trim().strip_prefix('\'')?.strip_suffix('\'')?;
            name.trim().eq_ignore_ascii_case("resourceType").then(|| value.to_ascii_lowercase())
        })
        .collect()
}

/// Returns the scopes right below one, or all below it.
fn children(tenant: &Tenant, scope: &Scope, is_deep: bool) -> Vec<Scope> {
    let azure = &tenant.azure;
    let groups = azure.management_groups.values().map(|group| Scope::of_management_group(&group.id));
    let subscriptions = azure.subscriptions.values().map(|one| Scope::of_subscription(&one.id));
    let resource_groups = azure.resource_groups.values().map(|group| Scope::new(&group.id));
    let resources = azure.resources.values().map(|resource| Scope::new(&resource.id));
    groups
        .chain(subscriptions)
        .chain(resource_groups)
        .chain(resources)
        .filter(|child| {
            let chain = azure.chain(child);
            match chain.iter().position(|key| key == scope.key()) {
                Some(0) | None => false,
                Some(at) => is_deep || at == 1 || (scope.level() == Level::Root && at == chain.len() - 1),
            }
        })
        .collect()
}

/// Answers the read of the collection; everybody may ask about themselves.
pub(super) fn answer(world: &Arc<World>, ask: &Ask<'_>) -> Answer {
    row::licensed(world)?;
    let ("GET", []) = (ask.method.as_str(), ask.rest.as_slice()) else { return Err(ask.not_emulated()) };
    let kinds = kinds(ask.filter()).ok_or_else(|| refusal::bad_filter(ask.filter().unwrap_or_default()))?;
    let is_deep = ask.option("$getAllChildren").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let tenant = world.store.read(ask.view);
    let (azure, now) = (&tenant.azure, ask.now());
    let standing = Standing::of(&tenant, &ask.caller, now);
    let eligible: Vec<Scope> = azure
        .schedules
        .iter()
        .filter(|(_, _, s)| s.side == Side::Eligible && s.is_in_force(now) && standing.includes(&s.principal))
        .map(|(_, _, s)| Scope::new(&s.scope))
        .collect();
    let is_touched = |child: &Scope| {
        eligible.iter().any(|held| azure.is_at_or_above(held.key(), child) || azure.is_at_or_above(child.key(), held))
    };
    let rows: Vec<Value> = children(&tenant, &ask.scope, is_deep)
        .into_iter()
        .filter(|child| kinds.is_empty() || kinds.contains(&child.type_name().to_ascii_lowercase()))
        .filter(is_touched)
        .map(|child| json!({"name": azure.display_name(&child), "id": child.id(), "type": child.type_name()}))
        .collect();
    page::page(ask, rows, 0)
}
