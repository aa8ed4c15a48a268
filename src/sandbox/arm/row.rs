//! What every PIM body has in common: ids in the form of the version, expanded properties, which rows a list at a scope holds.

use serde_json::{Map, Value, json};

use super::super::answer::Problem;
use super::super::tenant::{Kind, Tenant};
use super::super::world::World;
use super::ask::Ask;
use super::azure::{Azure, Reach};
use super::scope::{Level, Scope};
use super::scoped::{Row, Scoped};

/// Returns the id of a row in the form of the version: early ones put `/providers/Microsoft.Subscription` before ids in a
/// subscription (arm.md B.6).
pub(super) fn id(scope: &Scope, collection: &str, name: &str, is_preview: bool) -> String {
    let id = scope.authorization(collection, name);
    if is_preview && scope.subscription().is_some() { format!("/providers/Microsoft.Subscription{id}") } else { id }
}

/// Returns the guid at the end of a role definition id, which alone says which role it is (arm.md 0.2).
pub(super) fn role_guid(id: &str) -> Option<String> {
    let guid = id.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    uuid::Uuid::try_parse(guid).ok().map(|guid| guid.to_string())
}

/// Returns the word for a principal's kind in `principalType`.
pub(super) fn principal_type(tenant: &Tenant, principal: &str) -> &'static str {
    match tenant.object(principal).map(|(_, object)| object.kind) {
        Some(Kind::User) => "User",
        Some(Kind::Group) => "Group",
        Some(Kind::ServicePrincipal) => "ServicePrincipal",
        _ => "Unknown",
    }
}

/// Returns `expandedProperties` (arm.md B.3): `email` is absent for groups and service principals, names for what is gone.
pub(super) fn expanded(tenant: &Tenant, scope: &Scope, role: &str, principal: &str) -> Value {
    let kind = principal_type(tenant, principal);
    let mut who = Map::new();
    who.insert("id".to_owned(), json!(principal));
    who.insert("type".to_owned(), json!(kind));
    if let Some((_, object)) = tenant.object(principal) {
        who.insert("displayName".to_owned(), object.properties.get("displayName").cloned().unwrap_or_default());
        let mail = ["mail", "userPrincipalName"].iter().find_map(|name| object.properties.get(*name)?.as_str());
        if let Some(mail) = mail.filter(|_| object.kind == Kind::User) {
            who.insert("email".to_owned(), json!(mail));
        }
    }
    let mut what = json!({"id": tenant.azure.role_id(scope, role)});
    if let Some(role) = tenant.azure.role(role) {
        what["displayName"] = json!(role.role_name());
        what["type"] = json!(role.kind());
    }
    json!({"principal": who, "roleDefinition": what, "scope": place(tenant, scope)})
}

/// Returns a scope with its display name and type.
pub(super) fn place(tenant: &Tenant, scope: &Scope) -> Value {
    json!({"id": scope.id(), "displayName": tenant.azure.display_name(scope), "type": scope.type_name()})
}

/// How a row's scope lies to the scope of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    At,
    Above,
    Below,
}

impl Place {
    /// Returns `memberType` of a row that is the principal's own (arm.md B.6: early versions say `Direct` throughout).
    pub(super) fn member_type(self, ask: &Ask<'_>) -> &'static str {
        if self == Self::Above && !ask.is_preview() { "Inherited" } else { "Direct" }
    }
}

/// Returns the rows that a list at a scope holds: at, above and below it (arm.md B.6).
pub(super) fn reach<'a, T>(azure: &'a Azure, of: &'a Scoped<T>, scope: &Scope) -> Vec<(Place, Row<'a, T>)> {
    let above = azure.chain(scope);
    let place = |key: &str| match above.iter().position(|one| one == key) {
        Some(0) => Place::At,
        Some(_) => Place::Above,
        None => Place::Below,
    };
    azure.rows(of, scope, Reach::Around).into_iter().map(|row| (place(row.0), row)).collect()
}

/// Returns the scope right above, the root above everything.
pub(super) fn above(azure: &Azure, scope: &Scope) -> Scope {
    let key = azure.chain(scope).into_iter().nth(1).map(|key| Scope::new(&key));
    let group = key.as_ref().and_then(Scope::management_group).and_then(|id| azure.management_groups.get(id));
    match (scope.parent(), group) {
        (Some(parent), _) => parent,
        (None, Some(group)) => Scope::of_management_group(&group.id),
        (None, None) => Scope::root(),
    }
}

/// Tells whether a row that is inherited from a management group is hidden from `asTarget()` (arm.md B.6).
pub(super) fn is_hidden_from_target(scope: &Scope, place: Place) -> bool {
    place == Place::Above && matches!(scope.level(), Level::ManagementGroup | Level::Root)
}

/// Refuses every call on PIM in a tenant without the licence (arm.md E.2).
pub(super) fn licensed(world: &World) -> Result<(), Problem> {
    if world.options.switches.is_licensed {
        return Ok(());
    }
    let text = "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.";
    Err(Problem::new(400, "AadPremiumLicenseRequired", text))
}
