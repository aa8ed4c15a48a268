//! Looking names up: the read for each kind of name, and what its answer means (graph.md 5).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::core::id::{GroupId, ObjectId, PrincipalId, is_guid};
use crate::core::identity::same_name;
use crate::core::name::{Handle, Lookup, Meaning, NameKind, Reference};
use crate::core::principal::{Principal, PrincipalType};
use crate::surface::json::{flag, items, rows, text};
use crate::wire::{Api, Query};

const USER: &str = "id,userPrincipalName,displayName,accountEnabled,userType,onPremisesSyncEnabled";
const GROUP: &str =
    "id,displayName,isAssignableToRole,groupTypes,membershipRule,securityEnabled,mailEnabled,onPremisesSyncEnabled";
const SERVICE_PRINCIPAL: &str = "id,appId,displayName,accountEnabled,servicePrincipalType";
/// Members are of several kinds: what one of them lacks is left out of it.
const MEMBER: &str = "id,userPrincipalName,displayName,accountEnabled";
const APPLICATION: &str = "id,appId,displayName";
const UNITS: &str = "/directory/administrativeUnits";
const UNIT: &str = "id,displayName,visibility,isMemberManagementRestricted";

/// Returns the reads that look names up, each with the names that it answers: up to [`IDS_PER_FILTER`] of one kind to a read.
/// Names that are looked up otherwise (roles in the bulk list of role definitions, Azure scopes in the hierarchy) are left out.
///
/// Everything is a `$filter`, also for ids: a filter answers 200 with an empty list where a read by key answers 404.
pub fn queries<'a>(references: impl IntoIterator<Item = &'a Reference>) -> Vec<(Vec<&'a Reference>, Query)> {
    /// Path, members to select and member to compare.
    type Look<'a> = (&'a str, &'a str, &'a str);
    let mut alike: BTreeMap<Look<'_>, Vec<(&str, &Reference)>> = BTreeMap::new();
    for reference in references {
        let (path, select, name) = match reference.kind {
            NameKind::Principal(PrincipalType::User) => ("/users", USER, "userPrincipalName"),
            NameKind::Principal(PrincipalType::Group) => ("/groups", GROUP, "displayName"),
            NameKind::Principal(PrincipalType::ServicePrincipal) | NameKind::EnterpriseApplication => {
                ("/servicePrincipals", SERVICE_PRINCIPAL, "displayName")
            }
            NameKind::Application => ("/applications", APPLICATION, "displayName"),
            NameKind::AdministrativeUnit => (UNITS, UNIT, "displayName"),
            NameKind::DirectoryRole
            | NameKind::AzureRole
            | NameKind::ManagementGroup
            | NameKind::Subscription
            | NameKind::AuthenticationContext => continue,
        };
        let (field, value) = match &reference.handle {
            Handle::Id(id) => ("id", id),
            Handle::AppId(id) => ("appId", id),
            Handle::Name(text) => (name, text),
        };
        alike.entry((path, select, field)).or_default().push((value, reference));
    }
    let mut found = Vec::new();
    for ((path, select, field), wanted) in alike {
        // `in` is documented for the others (graph.md 5), not for administrative units
        let most = if path == UNITS { 1 } else { IDS_PER_FILTER };
        for chunk in wanted.chunks(most) {
            let quoted: Vec<String> =
                chunk.iter().map(|(value, _)| format!("'{}'", value.replace('\'', "''"))).collect();
            let filter = match quoted.as_slice() {
                [one] => format!("{field} eq {one}"),
                several => format!("{field} in ({})", several.join(",")),
            };
            let query = Query::new(Api::Graph, path).option("$filter", filter).option("$select", select);
            found.push((chunk.iter().map(|(_, reference)| *reference).collect(), query));
        }
    }
    found
}

/// Returns the read of a principal by id, for names and facts of principals that the lists mention.
pub fn principal_query(id: &PrincipalId, kind: PrincipalType) -> Query {
    let (path, select) = match kind {
        PrincipalType::User => ("users", USER),
        PrincipalType::Group => ("groups", GROUP),
        PrincipalType::ServicePrincipal => ("servicePrincipals", SERVICE_PRINCIPAL),
    };
    Query::new(Api::Graph, format!("/{path}/{id}")).option("$select", select)
}

/// How many ids one `in` filter holds; Graph refuses more than 15 in one expression.
pub const IDS_PER_FILTER: usize = 15;

/// Returns the read of those of some ids that are principals of a kind. A filter, so that what is absent is known to be absent
/// and not merely refused. At most [`IDS_PER_FILTER`] ids.
pub fn principals_query(ids: &[PrincipalId], kind: PrincipalType) -> Query {
    let (path, select) = match kind {
        PrincipalType::User => ("/users", USER),
        PrincipalType::Group => ("/groups", GROUP),
        PrincipalType::ServicePrincipal => ("/servicePrincipals", SERVICE_PRINCIPAL),
    };
    let ids: Vec<String> = ids.iter().map(|id| format!("'{}'", id.as_str().replace('\'', "''"))).collect();
    let filter = format!("id in ({})", ids.join(","));
    Query::new(Api::Graph, path).option("$filter", filter).option("$select", select)
}

/// Returns the read of the groups of one name, or of the group of one id; names are not unique (graph.md 5).
pub fn groups_query(name: &str) -> Query {
    let field = if is_guid(name) { "id" } else { "displayName" };
    let filter = format!("{field} eq '{}'", name.replace('\'', "''"));
    Query::new(Api::Graph, "/groups").option("$filter", filter).option("$select", GROUP)
}

/// Returns the read of principals whose names begin like one that means nobody: with its first half, which leaves few to choose
/// from and room for a slip in the rest. `None` for ids and for what is no principal.
pub fn namesakes_query(reference: &Reference) -> Option<Query> {
    let (NameKind::Principal(kind), Handle::Name(text)) = (reference.kind, &reference.handle) else { return None };
    let (path, member) = name_member(kind);
    let beginning: String = text.chars().take(text.chars().count().div_ceil(2)).collect();
    let filter = format!("startswith({member},'{}')", beginning.replace('\'', "''"));
    (!beginning.is_empty()).then(|| Query::new(Api::Graph, path).option("$filter", filter).option("$select", member))
}

/// Returns the names on a page of [`namesakes_query`].
pub fn namesakes(reference: &Reference, page: &Value) -> Vec<String> {
    let NameKind::Principal(kind) = reference.kind else { return Vec::new() };
    rows(page).iter().filter_map(|row| text(row, name_member(kind).1)).map(str::to_owned).collect()
}

/// Returns where principals of a kind are listed, and which member of theirs manifests name them by.
fn name_member(kind: PrincipalType) -> (&'static str, &'static str) {
    match kind {
        PrincipalType::User => ("/users", "userPrincipalName"),
        PrincipalType::Group => ("/groups", "displayName"),
        PrincipalType::ServicePrincipal => ("/servicePrincipals", "displayName"),
    }
}

/// Returns the read of everybody who is in a group, through nested ones too.
pub fn members_query(group: &GroupId) -> Query {
    Query::new(Api::Graph, format!("/groups/{group}/transitiveMembers")).option("$select", MEMBER).option("$top", "999")
}

/// Returns the members on a page of [`members_query`].
pub fn members(page: &Value) -> Vec<Principal> {
    rows(page).iter().filter_map(principal).collect()
}

/// Returns the principals on a page of [`principals_query`] or [`groups_query`].
pub fn principals(page: &Value, kind: PrincipalType) -> Vec<Principal> {
    rows(page).iter().filter_map(|row| principal_of(row, kind)).collect()
}

/// Returns the read of an administrative unit by id.
pub fn unit_query(id: &ObjectId) -> Query {
    Query::new(Api::Graph, format!("/directory/administrativeUnits/{id}")).option("$select", "id,displayName")
}

/// Returns the reads of an object that is a scope by itself: an app registration or a service principal (graph.md 2.4), whose
/// id does not say which.
pub fn object_queries(id: &ObjectId) -> [Query; 2] {
    ["applications", "servicePrincipals"]
        .map(|collection| Query::new(Api::Graph, format!("/{collection}/{id}")).option("$select", "id"))
}

/// Returns the list of authentication contexts.
pub fn context_query() -> Query {
    Query::new(Api::Graph, "/identity/conditionalAccess/authenticationContextClassReferences")
        .option("$select", "id,displayName,isAvailable")
}

/// Returns the ids of the authentication contexts on a page.
pub fn contexts(page: &Value) -> Vec<String> {
    rows(page).iter().filter_map(|row| text(row, "id")).map(str::to_owned).collect()
}

/// Returns what the answer to a read of [`queries`] says of one of its names. The service compares names without regard to case; so do we, exactly: rows that
/// differ in more are not this name.
pub fn answer(reference: &Reference, page: &Value) -> Lookup {
    let mut found: Vec<(String, Meaning)> = rows(page).iter().filter_map(|row| meaning(reference, row)).collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found.dedup_by(|a, b| a.0 == b.0);
    match found.len() {
        0 => Lookup::None { similar: Vec::new() },
        1 => Lookup::One(found.remove(0).1),
        _ => Lookup::Several { candidates: found.into_iter().map(|(candidate, _)| candidate).collect() },
    }
}

fn meaning(reference: &Reference, row: &Value) -> Option<(String, Meaning)> {
    let id = text(row, "id").filter(|id| is_guid(id))?;
    let display = text(row, "displayName").unwrap_or_default();
    let (found, wanted) = match (&reference.handle, reference.kind) {
        (Handle::Id(wanted), _) => (id, wanted),
        (Handle::AppId(wanted), _) => (text(row, "appId").unwrap_or_default(), wanted),
        (Handle::Name(wanted), NameKind::Principal(PrincipalType::User)) => {
            (text(row, "userPrincipalName").unwrap_or_default(), wanted)
        }
        (Handle::Name(wanted), _) => (display, wanted),
    };
    if !same_name(found, wanted) {
        return None;
    }
    match reference.kind {
        NameKind::Principal(kind) => {
            let principal = principal_of(row, kind)?;
            let name = principal.name.clone().unwrap_or_default();
            Some((format!("{name} ({id})"), Meaning::Principal(principal)))
        }
        _ => Some((format!("{display} ({id})"), Meaning::Object { id: ObjectId::new(id), name: display.to_owned() })),
    }
}

/// Decodes a principal whose row names its type (`@odata.type`), as in `$expand=principal`. One of a type that is newer than this
/// program has a name and no kind: it is there, and that is all that is known.
pub fn principal(row: &Value) -> Option<Principal> {
    let kind = text(row, "@odata.type")?.rsplit('.').next()?;
    let kind = if kind.eq_ignore_ascii_case("user") {
        PrincipalType::User
    } else if kind.eq_ignore_ascii_case("group") {
        PrincipalType::Group
    } else if kind.eq_ignore_ascii_case("servicePrincipal") {
        PrincipalType::ServicePrincipal
    } else {
        let mut unknown = Principal::unknown(PrincipalId::new(text(row, "id").filter(|id| is_guid(id))?));
        unknown.name = Some(text(row, "displayName").unwrap_or(kind).to_owned());
        return Some(unknown);
    };
    principal_of(row, kind)
}

/// Decodes a principal of a known type. Absent members stay unknown; members that are null where null means no are no
/// (`isAssignableToRole`, `onPremisesSyncEnabled`, graph.md 5).
pub fn principal_of(row: &Value, kind: PrincipalType) -> Option<Principal> {
    let id = text(row, "id").filter(|id| is_guid(id))?;
    let mut principal = Principal::unknown(PrincipalId::new(id));
    let null_is_no = |member: &str| row.get(member).map(|value| value.as_bool().unwrap_or(false));
    principal.kind = Some(kind);
    principal.name = match kind {
        PrincipalType::User => text(row, "userPrincipalName").or_else(|| text(row, "displayName")),
        PrincipalType::Group | PrincipalType::ServicePrincipal => text(row, "displayName"),
    }
    .map(str::to_owned);
    principal.is_enabled = flag(row, "accountEnabled");
    // null on members that are older than the property
    principal.is_guest = row
        .get("userType")
        .filter(|_| kind == PrincipalType::User)
        .map(|kind| kind.as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("Guest")));
    principal.is_synchronized = null_is_no("onPremisesSyncEnabled");
    if kind == PrincipalType::ServicePrincipal {
        principal.app_id = text(row, "appId").map(str::to_owned);
    }
    if kind == PrincipalType::Group {
        principal.is_role_assignable = null_is_no("isAssignableToRole");
        principal.is_dynamic = row.get("groupTypes").map(|_| {
            items(row, "groupTypes")
                .iter()
                .filter_map(Value::as_str)
                .any(|t| t.eq_ignore_ascii_case("DynamicMembership"))
        });
    }
    Some(principal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_principal_of_a_new_type_is_there_and_a_deleted_one_is_not() {
        let id = "6f0e5a00-0000-4000-8000-00000000000a";
        let row = json!({"@odata.type": "#microsoft.graph.agentUser", "id": id, "displayName": "Robot"});
        let found = principal(&row).unwrap();
        assert_eq!((found.kind, found.name.as_deref()), (None, Some("Robot")));
        assert_eq!(principal(&Value::Null), None);
    }
}
