//! Azure Resource Graph: one POST over everything that the caller may read (arm.md D.3). It holds role assignments and definitions,
//! and no schedules and no policies, as the real one.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Problem, Reply};
use super::super::id;
use super::super::instant::precise;
use super::super::tenant::Tenant;
use super::super::world::World;
use super::access::Standing;
use super::ask::Ask;
use super::azure::{Reach, Role};
use super::kql::{Failure, Query};
use super::kql_run::Row;
use super::role_assignment;
use super::scope::{Level, Scope};

/// The most rows of one answer.
const MOST: usize = 1_000;
const VERSIONS: [&str; 5] = ["2019-04-01", "2020-04-01-preview", "2021-03-01", "2021-06-01-preview", "2022-10-01"];

fn bad(ask: &Ask<'_>, details: Value) -> Reply {
    let text = format!(
        "Please provide below info when asking for support: timestamp = {}, correlationId = {}.",
        precise(ask.now()),
        uuid::Uuid::new_v4()
    );
    with_quota(Reply::json(400, json!({"error": {"code": "BadRequest", "message": text, "details": details}})))
}

/// Adds the headers of the service's own quota: 15 queries in 5 seconds (recorded).
fn with_quota(mut reply: Reply) -> Reply {
    reply.headers.extend([
        ("x-ms-resource-graph-request-duration", "0:00:00:00.0120000".to_owned()),
        ("x-ms-user-quota-remaining", "14".to_owned()),
        ("x-ms-user-quota-resets-after", "00:00:05".to_owned()),
        ("x-ms-ratelimit-remaining-tenant-resource-requests", "14".to_owned()),
    ]);
    reply
}

fn unreadable(ask: &Ask<'_>, failure: &Failure) -> Reply {
    let text = "Query is invalid. Please refer to the documentation for the Azure Resource Graph service and fix the error before retrying.";
    bad(
        ask,
        json!([{"code": "InvalidQuery", "message": text},
            {"code": "ParserFailure", "message": "ParserFailure", "line": failure.line,
                "characterPositionInLine": failure.position, "token": failure.token, "expectedToken": failure.expected}]),
    )
}

/// Answers POST `/providers/Microsoft.ResourceGraph/resources`.
pub(super) fn answer(world: &Arc<World>, ask: &Ask<'_>) -> Answer {
    if ask.method != "POST" {
        return Err(ask.not_emulated());
    }
    if !VERSIONS.contains(&ask.version.as_str()) {
        let text = format!(
            "The resource type 'resources' could not be found in the namespace 'Microsoft.ResourceGraph' for api version '{}'. \
             The supported api-versions are '{}'.",
            ask.version,
            VERSIONS.join(",")
        );
        return Err(Problem::new(400, "InvalidResourceType", text));
    }
    let body = ask.call.object()?;
    let query = match Query::parse(body.get("query").and_then(Value::as_str).unwrap_or_default()) {
        Ok(query) => query,
        Err(failure) => return Ok(unreadable(ask, &failure)),
    };
    let tenant = world.store.read(ask.view);
    let list = |name: &str| -> Vec<&str> {
        body.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
    };
    let mut scopes: Vec<Scope> = list("subscriptions").into_iter().map(Scope::of_subscription).collect();
    scopes.extend(list("managementGroups").into_iter().map(Scope::of_management_group));
    let options = body.get("options").cloned().unwrap_or(Value::Null);
    let filter = options["authorizationScopeFilter"].as_str().unwrap_or("AtScopeAndBelow");
    let view = View { tenant: &tenant, standing: Standing::of(&tenant, &ask.caller, ask.now()), ask, scopes, filter };
    let rows = match query.table.as_str() {
        "resources" => view.resources(),
        "resourcecontainers" => view.containers(),
        "authorizationresources" => view.authorization(),
        other => {
            let text = format!(
                "Table {other} was not found. The sandbox has Resources, ResourceContainers and AuthorizationResources."
            );
            return Ok(bad(ask, json!([{"code": "InvalidQuery", "message": text}])));
        }
    };
    let rows = query.run(rows);
    let number = |name: &str| options[name].as_u64().and_then(|number| usize::try_from(number).ok());
    let top = number("$top").unwrap_or(MOST);
    if top == 0 || top > MOST {
        let text = format!("The value '{top}' of '$top' is invalid; it must be between 1 and {MOST}.");
        return Ok(bad(ask, json!([{"code": "InvalidParameter", "message": text}])));
    }
    let start = match options["$skipToken"].as_str() {
        None => number("$skip").unwrap_or(0),
        Some(token) => {
            let bytes = STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            match bytes.and_then(|text| text.parse().ok()) {
                Some(start) => start,
                None => {
                    return Ok(bad(
                        ask,
                        json!([{"code": "InvalidSkipToken", "message": "The skip token is invalid."}]),
                    ));
                }
            }
        }
    };
    let is_table = match options["resultFormat"].as_str() {
        Some(format) => format.eq_ignore_ascii_case("table"),
        None => ask.version.as_str() < "2020",
    };
    let top = ask.page_size.map_or(top, |size| size.min(top));
    let total = rows.len();
    let page: Vec<Row> = rows.into_iter().skip(start).take(top).collect();
    let is_more = start + page.len() < total;
    // Pages need the id among the columns; without it the rest is lost (arm.md D.3).
    let has_id = page.first().is_some_and(|row| row.iter().any(|(name, _)| name == "id"));
    let token = (is_more && has_id).then(|| STANDARD.encode((start + page.len()).to_string()));
    Ok(with_quota(Reply {
        status: 200,
        raw: Some(text(total, &page, is_table, is_more && !has_id, token.as_deref())),
        ..Reply::default()
    }))
}

/// Writes the answer with the columns in the order of the query.
fn text(total: usize, page: &[Row], is_table: bool, is_truncated: bool, token: Option<&str>) -> String {
    let object = |row: &Row| {
        let members: Vec<String> =
            row.iter().map(|(name, value)| format!("{}:{value}", Value::from(name.as_str()))).collect();
        format!("{{{}}}", members.join(","))
    };
    let data = if is_table {
        let columns: Vec<Value> = page.first().map_or_else(Vec::new, |row| {
            let kind = |value: &Value| match value {
                Value::String(_) | Value::Null => "string",
                Value::Number(_) => "integer",
                Value::Bool(_) => "boolean",
                _ => "object",
            };
            row.iter().map(|(name, value)| json!({"name": name, "type": kind(value)})).collect()
        });
        let rows: Vec<Vec<&Value>> = page.iter().map(|row| row.iter().map(|(_, value)| value).collect()).collect();
        json!({"columns": columns, "rows": rows}).to_string()
    } else {
        format!("[{}]", page.iter().map(object).collect::<Vec<_>>().join(","))
    };
    let token = token.map(|token| format!(",\"$skipToken\":{}", Value::from(token))).unwrap_or_default();
    format!(
        "{{\"totalRecords\":{total},\"count\":{},\"data\":{data},\"facets\":[],\"resultTruncated\":\"{is_truncated}\"{token}}}",
        page.len()
    )
}

/// What the caller sees of the tenant.
struct View<'a> {
    tenant: &'a Tenant,
    standing: Standing<'a>,
    ask: &'a Ask<'a>,
    /// Subscriptions and management groups that the query is about; none means all.
    scopes: Vec<Scope>,
    filter: &'a str,
}

impl View<'_> {
    /// Tells whether the scope is one that the query is about, or below one.
    fn is_within(&self, scope: &Scope) -> bool {
        self.scopes.is_empty() || self.scopes.iter().any(|one| self.tenant.azure.is_at_or_above(one.key(), scope))
    }

    fn row(&self, scope: &Scope, name: &str, kind: &str, properties: Value) -> Map<String, Value> {
        let group = scope.resource_group().and_then(|key| self.tenant.azure.resource_groups.get(key));
        let row = json!({"id": scope.id(), "name": name, "type": kind.to_ascii_lowercase(), "tenantId": id::TENANT,
            "kind": "", "location": "", "resourceGroup": group.map(|group| group.name.as_str()).unwrap_or_default(),
            "subscriptionId": scope.subscription().unwrap_or_default(), "managedBy": "", "sku": null, "plan": null,
            "properties": properties, "tags": null, "identity": null, "zones": null, "extendedLocation": null});
        if let Value::Object(row) = row { row } else { Map::new() }
    }

    fn resources(&self) -> Vec<Map<String, Value>> {
        let resources = self.tenant.azure.resources.values();
        resources
            .map(|resource| (Scope::new(&resource.id), resource))
            .filter(|(scope, _)| self.is_within(scope))
            .filter(|(scope, resource)| self.standing.may(scope, &format!("{}/read", resource.kind)))
            .map(|(scope, resource)| {
                let mut row = self.row(&scope, &resource.name, &resource.kind, Value::Null);
                for (name, value) in &resource.document {
                    row.insert(name.clone(), value.clone());
                }
                row
            })
            .collect()
    }

    fn containers(&self) -> Vec<Map<String, Value>> {
        let azure = &self.tenant.azure;
        let mut rows = Vec::new();
        let chain = |parent: Option<&str>| -> Vec<Value> {
            let (mut above, mut next) = (Vec::new(), parent.map(str::to_owned));
            while let Some(group) = next.and_then(|id| azure.management_groups.get(&id)) {
                above.push(json!({"name": group.id, "displayName": group.display_name}));
                next = group.parent.clone();
                if above.len() > 16 {
                    break;
                }
            }
            above
        };
        for group in azure.management_groups.values() {
            let scope = Scope::of_management_group(&group.id);
            if self.is_within(&scope) && self.standing.may(&scope, "Microsoft.Management/managementGroups/read") {
                let above = chain(group.parent.as_deref());
                let properties = json!({"displayName": group.display_name, "tenantId": id::TENANT,
                    "details": {"version": group.version, "managementGroupAncestorsChain": above, "parent": above.first()}});
                rows.push(self.row(&scope, &group.id, "microsoft.management/managementgroups", properties));
            }
        }
        for one in azure.subscriptions.values() {
            let scope = Scope::of_subscription(&one.id);
            if self.is_within(&scope) && self.standing.may(&scope, super::subscription::READ) {
                let properties = json!({"state": one.state, "managementGroupAncestorsChain": chain(Some(&one.parent)),
                    "subscriptionPolicies": {"quotaId": "EnterpriseAgreement_2014-09-01", "spendingLimit": "Off",
                        "locationPlacementId": "Public_2014-09-01"}});
                rows.push(self.row(&scope, &one.display_name, "microsoft.resources/subscriptions", properties));
            }
        }
        for group in azure.resource_groups.values() {
            let scope = Scope::new(&group.id);
            if self.is_within(&scope)
                && self.standing.may(&scope, "Microsoft.Resources/subscriptions/resourceGroups/read")
            {
                let properties = json!({"provisioningState": "Succeeded"});
                let mut row =
                    self.row(&scope, &group.name, "microsoft.resources/subscriptions/resourcegroups", properties);
                row.insert("location".to_owned(), json!(group.location));
                row.insert("tags".to_owned(), json!(group.tags));
                rows.push(row);
            }
        }
        rows
    }

    fn authorization(&self) -> Vec<Map<String, Value>> {
        let azure = &self.tenant.azure;
        let mut rows = Vec::new();
        for (name, assignment) in azure.held(&Scope::root(), Reach::Around, self.ask.now()) {
            let scope = Scope::new(&assignment.scope);
            let is_seen =
                self.is_about(&scope) && self.standing.may(&scope, "Microsoft.Authorization/roleAssignments/read");
            if !is_seen {
                continue;
            }
            let kind = assignment
                .principal_type
                .as_deref()
                .or_else(|| role_assignment::principal_type(self.tenant, &assignment.principal));
            let properties = json!({"roleDefinitionId": Scope::root().authorization("RoleDefinitions", &assignment.role),
                "principalId": assignment.principal, "principalType": kind.unwrap_or("Unknown"), "scope": assignment.scope,
                "createdOn": precise(assignment.created), "updatedOn": precise(assignment.updated),
                "createdBy": assignment.created_by, "updatedBy": assignment.updated_by,
                "description": assignment.description, "condition": assignment.condition,
                "conditionVersion": assignment.condition_version});
            let id = Scope::new(&scope.authorization("RoleAssignments", &name));
            let mut row = self.row(&id, &name, "microsoft.authorization/roleassignments", properties);
            row.insert("subscriptionId".to_owned(), json!(scope.subscription().unwrap_or_default()));
            rows.push(row);
        }
        for role in azure.all_roles() {
            let is_seen = role.assignable_scopes().iter().map(|text| Scope::new(text)).any(|scope| {
                (scope.level() == Level::Root || self.is_about(&scope))
                    && self.standing.may(&scope, "Microsoft.Authorization/roleDefinitions/read")
            });
            if !is_seen {
                continue;
            }
            let description = match role {
                Role::BuiltIn(role) => &role.description,
                Role::Custom(_, role) => &role.description,
            };
            let properties = json!({"roleName": role.role_name(), "type": role.kind(), "description": description,
                "assignableScopes": role.assignable_scopes(), "permissions": role.permissions(), "isServiceRole": false});
            let id = Scope::new(&Scope::root().authorization("RoleDefinitions", role.name()));
            rows.push(self.row(&id, role.name(), "microsoft.authorization/roledefinitions", properties));
        }
        rows
    }

    /// Tells whether a row at the scope belongs to the answer, by `authorizationScopeFilter`.
    fn is_about(&self, scope: &Scope) -> bool {
        if self.scopes.is_empty() {
            return true;
        }
        let azure = &self.tenant.azure;
        self.scopes.iter().any(|one| {
            let is_same = one.key() == scope.key();
            let is_above = azure.is_at_or_above(scope.key(), one);
            let is_below = azure.is_at_or_above(one.key(), scope);
            match self.filter {
                "AtScopeExact" => is_same,
                "AtScopeAndAbove" => is_above,
                "AtScopeAboveAndBelow" => is_above || is_below,
                _ => is_below,
            }
        })
    }
}
