//! How directory objects are printed, and who belongs to whom.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::super::catalog;
use super::super::instant::coarse;
use super::super::odata::Expand;
use super::super::place::Access;
use super::super::tenant::{Kind, Object, Side, Tenant};

/// What `GET /users` prints without `$select`.
const USER_DEFAULT: [&str; 11] = [
    "businessPhones",
    "displayName",
    "givenName",
    "id",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
];

/// Returns the properties that an object of this kind can have, with their values when nobody set them. They are also the
/// only ones that may be written.
pub(crate) fn blank(kind: Kind) -> Map<String, Value> {
    let value = match kind {
        Kind::User => {
            json!({"accountEnabled": true, "businessPhones": [], "deletedDateTime": null, "displayName": null,
            "givenName": null, "jobTitle": null, "mail": null, "mailNickname": null, "mobilePhone": null,
            "officeLocation": null, "onPremisesSyncEnabled": null, "preferredLanguage": null, "surname": null,
            "userPrincipalName": null, "userType": "Member"})
        }
        Kind::Group => {
            json!({"classification": null, "deletedDateTime": null, "description": null, "displayName": null,
            "expirationDateTime": null, "groupTypes": [], "isAssignableToRole": null, "mail": null, "mailEnabled": false,
            "mailNickname": null, "membershipRule": null, "membershipRuleProcessingState": null,
            "onPremisesLastSyncDateTime": null, "onPremisesProvisioningErrors": [], "onPremisesSecurityIdentifier": null,
            "onPremisesSyncEnabled": null, "preferredDataLocation": null, "preferredLanguage": null, "proxyAddresses": [],
            "renewedDateTime": null, "resourceBehaviorOptions": [], "resourceProvisioningOptions": [],
            "securityEnabled": true, "theme": null, "visibility": null})
        }
        Kind::ServicePrincipal => json!({"accountEnabled": true, "appDisplayName": null, "appId": null,
            "appOwnerOrganizationId": null, "appRoles": [], "deletedDateTime": null, "description": null,
            "displayName": null, "servicePrincipalNames": [], "servicePrincipalType": "Application", "tags": []}),
        Kind::Application => json!({"appId": null, "deletedDateTime": null, "description": null, "displayName": null,
            "identifierUris": [], "publisherDomain": null, "requiredResourceAccess": [],
            "signInAudience": "AzureADMyOrg", "tags": []}),
        Kind::AdministrativeUnit => json!({"deletedDateTime": null, "description": null, "displayName": null,
            "isMemberManagementRestricted": null, "membershipRule": null, "membershipRuleProcessingState": null,
            "membershipType": null, "visibility": null}),
    };
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// Returns every property of an object.
pub(crate) fn full(id: &str, object: &Object) -> Value {
    let mut members = blank(object.kind);
    members.extend(object.properties.clone());
    members.insert("id".to_owned(), json!(id));
    if object.kind != Kind::AdministrativeUnit {
        members.insert("createdDateTime".to_owned(), json!(coarse(object.created)));
    }
    Value::Object(members)
}

/// Returns what is printed when nothing was selected.
pub(crate) fn usual(id: &str, object: &Object) -> Value {
    let mut row = full(id, object);
    if let (Kind::User, Value::Object(members)) = (object.kind, &mut row) {
        members.retain(|name, _| USER_DEFAULT.contains(&name.as_str()));
    }
    row
}

/// Returns the object as an expansion or a typed list prints it.
pub(crate) fn typed(tenant: &Tenant, id: &str, expand: &Expand) -> Value {
    let Some((id, object)) = tenant.object(id) else { return Value::Null };
    let mut row = if expand.select.is_empty() { usual(id, object) } else { full(id, object) };
    expand.trim(&mut row);
    row["@odata.type"] = json!(format!("#microsoft.graph.{}", object.kind.name()));
    row
}

/// Returns the object where the static type is its own, so that no type is named; null for one that is gone.
pub(crate) fn plain(tenant: &Tenant, id: &str) -> Value {
    tenant.object(id).map_or(Value::Null, |(id, object)| usual(id, object))
}

/// Returns the ids of all members of a group at `now`, those of its groups included.
pub(crate) fn transitive(tenant: &Tenant, group: &str, now: Timestamp) -> BTreeSet<String> {
    let (mut found, mut open) = (BTreeSet::new(), vec![group.to_owned()]);
    while let Some(next) = open.pop() {
        for member in tenant.linked(&next, Access::Member, now) {
            if found.insert(member.to_owned()) {
                open.push(member.to_owned());
            }
        }
    }
    found
}

/// Tells whether `principal` is `id` or a group that `id` is in at `now`.
pub(crate) fn includes(tenant: &Tenant, principal: &str, id: &str, now: Timestamp) -> bool {
    principal.eq_ignore_ascii_case(id)
        || (tenant.object_of(Kind::Group, principal).is_some() && transitive(tenant, principal, now).contains(id))
}

/// Tells whether the person holds one of the named directory roles at tenant scope, directly or as a member of a group that holds
/// it; members of its groups do not count, since the directory does not nest role-assignable groups (graph.md 4.4).
pub(crate) fn holds(tenant: &Tenant, person: &str, roles: &[&str], now: Timestamp) -> bool {
    let wanted: Vec<&str> = roles.iter().filter_map(|name| catalog::role_named(name)).collect();
    let is_theirs = |principal: &str| {
        principal.eq_ignore_ascii_case(person)
            || (tenant.object_of(Kind::Group, principal).is_some()
                && tenant.linked(principal, Access::Member, now).any(|member| member.eq_ignore_ascii_case(person)))
    };
    tenant.schedules.values().any(|s| {
        s.key.side == Side::Active
            && s.key.place.directory().is_some_and(|(role, scope)| scope == "/" && wanted.contains(&role))
            && s.is_in_force(now)
            && is_theirs(&s.key.principal)
    })
}
