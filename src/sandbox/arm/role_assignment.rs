//! Role assignments as the plain interface has them (arm.md B.1, E.3). What PIM holds active shows here too and is derived from its
//! schedules. Writing is in `role_assignment_write`.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::answer::{Answer, Problem, Reply};
use super::super::instant::precise;
use super::super::tenant::{Kind, Tenant};
use super::super::world::World;
use super::access;
use super::ask::Ask;
use super::azure::Reach;
use super::filter::Filter;
use super::schedule::Schedule;
use super::scope::Scope;
use super::{page, refusal, role_assignment_write};

/// A role assignment made outside PIM, filed in `Azure::assignments` by scope and GUID.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RoleAssignment {
    /// The scope as it was spelled.
    pub(crate) scope: String,
    /// The GUID of the role definition, lower case.
    pub(crate) role: String,
    /// Object id, lower case.
    pub(crate) principal: String,
    /// `User`, `Group`, `ServicePrincipal` …; `None` when the directory is to say.
    #[serde(default)]
    pub(crate) principal_type: Option<String>,
    #[serde(default)]
    pub(crate) condition: Option<String>,
    #[serde(default)]
    pub(crate) condition_version: Option<String>,
    #[serde(default)]
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) delegated_managed_identity: Option<String>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    #[serde(default)]
    pub(crate) created_by: Option<String>,
    #[serde(default)]
    pub(crate) updated_by: Option<String>,
}

impl RoleAssignment {
    /// Returns the row behind an active schedule (arm.md B.0).
    pub(crate) fn of_schedule(schedule: &Schedule) -> Self {
        Self {
            scope: schedule.scope.clone(),
            role: schedule.role.clone(),
            principal: schedule.principal.clone(),
            principal_type: None,
            condition: schedule.condition.clone(),
            condition_version: schedule.condition_version.clone(),
            description: None,
            delegated_managed_identity: None,
            created: schedule.start,
            updated: schedule.start,
            created_by: None,
            updated_by: None,
        }
    }
}

/// Returns the word for what a principal is: `User`, `Group`, `ServicePrincipal`; `None` when the directory does not know it.
pub(crate) fn principal_type(tenant: &Tenant, principal: &str) -> Option<&'static str> {
    match tenant.object(principal)?.1.kind {
        Kind::User => Some("User"),
        Kind::Group => Some("Group"),
        Kind::ServicePrincipal => Some("ServicePrincipal"),
        Kind::Application | Kind::AdministrativeUnit => None,
    }
}

/// Answers the calls of `roleAssignments`.
pub(super) fn answer(world: &Arc<World>, ask: &Ask<'_>) -> Answer {
    match (ask.method.as_str(), ask.rest.as_slice()) {
        ("GET", []) => list(world, ask),
        ("GET", [name]) => {
            let tenant = world.store.read(ask.view);
            ask.require(&tenant, "Microsoft.Authorization/roleAssignments/read")?;
            tenant.azure.exists(&ask.scope)?;
            let row = find(&tenant, &ask.scope, name, ask.now()).ok_or_else(|| missing(name))?;
            Ok(Reply::json(200, document(&tenant, ask, name, &row)))
        }
        ("PUT", [name]) => role_assignment_write::put(world, ask, name),
        ("DELETE", [name]) => role_assignment_write::delete(world, ask, name),
        _ => Err(ask.not_emulated()),
    }
}

/// Returns the row with this name at exactly this scope.
pub(super) fn find<'a>(
    tenant: &'a Tenant,
    scope: &Scope,
    name: &str,
    now: Timestamp,
) -> Option<Cow<'a, RoleAssignment>> {
    let held = tenant.azure.held(scope, Reach::At, now);
    held.into_iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, row)| row)
}

/// Returns 404 `RoleAssignmentNotFound`.
pub(super) fn missing(name: &str) -> Problem {
    Problem::new(404, "RoleAssignmentNotFound", format!("The role assignment '{name}' is not found."))
}

fn list(world: &Arc<World>, ask: &Ask<'_>) -> Answer {
    let tenant = world.store.read(ask.view);
    ask.require(&tenant, "Microsoft.Authorization/roleAssignments/read")?;
    tenant.azure.exists(&ask.scope)?;
    let (mut reach, mut principals) = (Reach::Around, None::<BTreeSet<String>>);
    let mut keep = |more: BTreeSet<String>| {
        principals = Some(match principals.take() {
            None => more,
            Some(before) => before.intersection(&more).cloned().collect(),
        });
    };
    for term in ask.filter().map(Filter::terms).transpose()?.unwrap_or_default() {
        match term {
            Filter::Call(function, None) if function.eq_ignore_ascii_case("atScope") => reach = Reach::AtOrAbove,
            Filter::Call(function, Some(id)) if function.eq_ignore_ascii_case("assignedTo") => {
                keep(access::memberships(&tenant, &id, ask.now()));
            }
            Filter::Is(field, id) if field.eq_ignore_ascii_case("principalId") => {
                keep(BTreeSet::from([id.to_ascii_lowercase()]));
            }
            _ => return Err(refusal::bad_filter(ask.filter().unwrap_or_default())),
        }
    }
    let rows = tenant
        .azure
        .held(&ask.scope, reach, ask.now())
        .iter()
        .filter(|(_, row)| principals.as_ref().is_none_or(|ids| ids.contains(&row.principal)))
        .map(|(name, row)| document(&tenant, ask, name, row))
        .collect();
    page::page(ask, rows, 0)
}

/// Tells which members the version prints (arm.md 0.3; recordings of 2018-01-01-preview have no conditions).
fn has_conditions(version: &str) -> bool {
    version >= "2020-03-01"
}

/// Returns a row as ARM prints it for the scope and version of the call: nulls are present, the role's id has the prefix of the
/// subscription that it is seen through (arm.md B.1).
pub(super) fn document(tenant: &Tenant, ask: &Ask<'_>, name: &str, row: &RoleAssignment) -> Value {
    let kind = row.principal_type.as_deref().or_else(|| principal_type(tenant, &row.principal)).unwrap_or("Unknown");
    let mut properties = json!({
        "roleDefinitionId": tenant.azure.role_id(&ask.scope, &row.role), "principalId": row.principal, "scope": row.scope,
        "createdOn": precise(row.created), "updatedOn": precise(row.updated), "createdBy": row.created_by,
        "updatedBy": row.updated_by});
    if ask.version != "2015-07-01" {
        properties["principalType"] = Value::from(kind);
    }
    if has_conditions(&ask.version) {
        properties["condition"] = json!(row.condition);
        properties["conditionVersion"] = json!(row.condition_version);
        properties["delegatedManagedIdentityResourceId"] = json!(row.delegated_managed_identity);
        properties["description"] = json!(row.description);
    }
    json!({"properties": properties, "id": Scope::new(&row.scope).authorization("roleAssignments", name),
        "type": "Microsoft.Authorization/roleAssignments", "name": name})
}
