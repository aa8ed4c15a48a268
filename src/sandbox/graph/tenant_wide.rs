//! What there is once per tenant: the organisation, authentication contexts, lookups by id.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::answer::{Answer, Problem, Reply};
use super::super::id;
use super::super::odata::{Allowed, Expand, Options};
use super::super::permission;
use super::super::route::Call;
use super::super::tenant::Kind;
use super::super::world::World;
use super::{not_emulated, object, principal};

const ORGANIZATION: Allowed = Allowed::new("organization");
const CONTEXTS: Allowed = Allowed {
    filter: &[("id", "eq in"), ("displayName", "eq"), ("isAvailable", "eq")],
    ..Allowed::new("identity/conditionalAccess/authenticationContextClassReferences")
};
const BY_IDS: Allowed = Allowed::new("directoryObjects");
/// The most ids that getByIds takes.
const IDS: usize = 1000;
/// The service plan of Entra ID P2.
const P2: &str = "eec0eb4f-6444-4f95-aba0-50c24d67f998";

/// Answers the calls of this room, 501 for all others.
pub(super) fn answer(world: &Arc<World>, call: &Call, parts: &[&str]) -> Answer {
    match (call.method.as_str(), parts) {
        ("GET", ["organization"]) => {
            permission::directory(&call.caller, permission::READ_ORGANIZATION)?;
            let tenant = world.store.read(call.view);
            let plans = if world.options.switches.is_licensed {
                json!([{"service": "AADPremiumService",
                "servicePlanId": P2, "capabilityStatus": "Enabled"}])
            } else {
                json!([])
            };
            let row = json!({"id": id::TENANT, "displayName": tenant.display_name, "assignedPlans": plans,
                "verifiedDomains": [{"name": tenant.domain, "isDefault": true, "isInitial": true, "type": "Managed",
                    "capabilities": "Email, OfficeCommunicationsOnline"}], "countryLetterCode": null, "tenantType": "AAD"});
            Options::collection(call, &ORGANIZATION)?.answer(call, &ORGANIZATION, vec![row], |_, _| {})
        }
        ("GET", ["identity", "conditionalAccess", "authenticationContextClassReferences", rest @ ..]) => {
            permission::directory(&call.caller, permission::READ_CONTEXTS)?;
            let tenant = world.store.read(call.view);
            match rest {
                [] => Options::collection(call, &CONTEXTS)?.answer(call, &CONTEXTS, tenant.contexts.clone(), |_, _| {}),
                [key] => {
                    let found = tenant.contexts.iter().find(|context| context["id"] == *key);
                    let row = found.cloned().ok_or_else(|| Problem::missing(key))?;
                    Options::entity(call, &CONTEXTS)?.one(call, CONTEXTS.context, 200, row, |_, _| {})
                }
                _ => Err(not_emulated(call)),
            }
        }
        ("PATCH", ["identity", "conditionalAccess", "authenticationContextClassReferences", key]) => {
            permission::directory(&call.caller, permission::WRITE_CONTEXTS)?;
            let changes = call.object()?.clone();
            if let Some(name) = changes
                .keys()
                .find(|name| !["id", "displayName", "description", "isAvailable"].contains(&name.as_str()))
            {
                return Err(Problem::bad(format!("Invalid property '{name}'.")));
            }
            world.store.write(|tenant, _| {
                let at = tenant.contexts.iter().position(|context| context["id"] == *key);
                let at = at.unwrap_or_else(|| {
                    tenant
                        .contexts
                        .push(json!({"id": key, "displayName": null, "description": null, "isAvailable": false}));
                    tenant.contexts.len() - 1
                });
                if let Value::Object(members) = &mut tenant.contexts[at] {
                    members.extend(changes);
                }
                Ok(())
            })?;
            Ok(Reply::empty())
        }
        ("POST", ["directoryObjects", "getByIds"]) => by_ids(world, call),
        ("GET", ["directoryObjects", key]) => {
            let tenant = world.store.read(call.view);
            let Some((key, found)) = tenant.object(key) else { return Err(Problem::missing(key)) };
            permission::directory(&call.caller, object::reading(found.kind))?;
            let row = principal::typed(&tenant, key, &Expand::plain(""));
            Options::entity(call, &BY_IDS)?.one(call, "directoryObjects", 200, row, |_, _| {})
        }
        _ => Err(not_emulated(call)),
    }
}

/// Answers getByIds: unknown ids are left out, as are rows that the other permissions would not show (graph.md 8.1).
fn by_ids(world: &Arc<World>, call: &Call) -> Answer {
    let body = call.object()?;
    if let Some(name) = body.keys().find(|name| !["ids", "types"].contains(&name.as_str())) {
        return Err(Problem::bad(format!("Invalid property '{name}'.")));
    }
    let list = |name: &str| -> Vec<String> {
        body.get(name)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    };
    let (ids, types) = (list("ids"), list("types"));
    if ids.len() > IDS {
        let text = format!("Too many ids were given; the maximum is {IDS}.");
        return Err(Problem::new(400, "Request_BadRequest", text));
    }
    let tenant = world.store.read(call.view);
    let is_shown = |kind: Kind| object::reading(kind).iter().any(|name| call.caller.has(name));
    let kinds = [Kind::User, Kind::Group, Kind::ServicePrincipal, Kind::Application, Kind::AdministrativeUnit];
    if !kinds.into_iter().any(is_shown) {
        permission::directory(&call.caller, permission::READ_ORGANIZATION)?;
    }
    let options = Options::collection(call, &BY_IDS)?;
    let shape = Expand { select: options.select.clone(), ..Expand::plain("") };
    let rows = ids
        .iter()
        .filter_map(|id| tenant.object(id))
        .filter(|(_, o)| {
            types.is_empty() || types.iter().any(|t| t.eq_ignore_ascii_case(o.kind.name()) || t == "directoryObject")
        })
        .filter(|(_, object)| is_shown(object.kind))
        .map(|(id, _)| principal::typed(&tenant, id, &shape));
    let rows: Vec<Value> = rows.collect();
    // getByIds answers in one page.
    let call = Call { page_size: Some(usize::MAX), has_empty_pages: false, ..call.clone() };
    Options { select: Vec::new(), ..options }.answer(&call, &BY_IDS, rows, |_, _| {})
}
