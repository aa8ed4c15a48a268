//! Rows of the directory's lists.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::core::assignment::Mode;
use crate::core::id::{PrincipalId, RoleId};
use crate::core::observed::Part;
use crate::core::policy::default::factory;
use crate::core::policy::settings::Settings;
use crate::core::role_definition::{Permission, Permissions, RoleDefinition};
use crate::core::row::{DeletedRole, InstanceRow, PlainRow, Row, ScheduleRow};
use crate::core::scope::DirectoryScope;
use crate::core::target::{Surface, Target};
use crate::surface::json::{Instant, flag, instant, items, row_name, rows, text};
use crate::surface::{DecodeError, name, pim, rule};

/// Decodes one page of a list.
pub(super) fn page(part: Part, page: &Value) -> (Vec<Row>, Vec<DecodeError>) {
    let (mut decoded, mut mistakes) = (Vec::new(), Vec::new());
    if !page.get("value").is_some_and(Value::is_array) {
        mistakes.push(DecodeError { part, why: "`value` is not a list".to_owned(), row: row_name(page), role: None });
    }
    for row in rows(page) {
        match decode_row(part, row) {
            Ok(found) => decoded.extend(found),
            Err(error) => mistakes.push(error),
        }
        if let Some(principal) = row.get("principal").and_then(name::principal) {
            decoded.push(Row::Principal(principal));
        }
    }
    (decoded, mistakes)
}

fn decode_row(part: Part, row: &Value) -> Result<Option<Row>, DecodeError> {
    let decoded = match part {
        Part::Roles => role(row).map(|role| Some(Row::Role(Box::new(role)))),
        // the directory has no hierarchy of scopes, and nothing is onboarded to it
        Part::Hierarchy | Part::Onboarded => Ok(None),
        Part::DeletedRoles => deleted(row).map(|role| Some(Row::DeletedRole(role))),
        Part::Settings => return settings(row),
        Part::PlainAssignments => plain(row).map(|row| row.map(Row::Plain)),
        Part::ActiveInstances => active_instance(row).map(|row| row.map(Row::Instance)),
        Part::ActiveSchedules => schedule(row, Mode::Active).map(|row| row.map(Row::Schedule)),
        Part::EligibleSchedules => schedule(row, Mode::Eligible).map(|row| row.map(Row::Schedule)),
    };
    decoded.map_err(|why| DecodeError { part, why, row: row_name(row), role: None })
}

/// Decodes the answer that finds one role's policy.
pub(super) fn policy(page: &Value) -> Result<Option<(String, Settings)>, DecodeError> {
    match rows(page) {
        [] => Ok(None),
        [row] => {
            let policy = row.get("policy").unwrap_or(&Value::Null);
            let Some(id) = text(policy, "id").or_else(|| text(row, "policyId")) else { return Ok(None) };
            let rules = items(policy, "rules");
            Ok(Some((id.to_owned(), rule::decode(rules, factory(Surface::Directory))?)))
        }
        several => Err(DecodeError {
            part: Part::Settings,
            why: format!("{} policies for one role", several.len()),
            row: row_name(&several[0]),
            role: None,
        }),
    }
}

/// Decodes a role definition. Built-in roles have one block of permissions per condition; custom roles have one block and
/// cannot carry a condition (graph.md 2.2).
pub(crate) fn role(row: &Value) -> Result<RoleDefinition, String> {
    let id = RoleId::new(text(row, "id").ok_or("id is missing")?);
    let permissions: BTreeSet<Permission> = items(row, "rolePermissions")
        .iter()
        .flat_map(|block| items(block, "allowedResourceActions"))
        .filter_map(Value::as_str)
        .map(Permission::new)
        .collect();
    Ok(RoleDefinition {
        surface: Surface::Directory,
        template_id: text(row, "templateId").filter(|t| !t.is_empty()).map_or_else(|| id.clone(), RoleId::new),
        id,
        display_name: text(row, "displayName").ok_or("displayName is missing")?.to_owned(),
        description: text(row, "description").unwrap_or_default().to_owned(),
        is_enabled: flag(row, "isEnabled").ok_or("isEnabled is missing")?,
        is_built_in: flag(row, "isBuiltIn").ok_or("isBuiltIn is missing")?,
        permissions: Permissions { actions: permissions, ..Permissions::default() },
        assignable_scopes: BTreeSet::new(),
    })
}

fn deleted(row: &Value) -> Result<DeletedRole, String> {
    let id = RoleId::new(text(row, "id").ok_or("id is missing")?);
    Ok(DeletedRole {
        template_id: text(row, "templateId").filter(|t| !t.is_empty()).map_or_else(|| id.clone(), RoleId::new),
        id,
        display_name: text(row, "displayName").ok_or("displayName is missing")?.to_owned(),
        deleted: match instant(row, "deletedDateTime") {
            Instant::At(at) => Some(at),
            Instant::Never | Instant::Unreadable => None,
        },
    })
}

/// Decodes a policy assignment with its expanded policy and rules. A row without a policy is one that has not materialised
/// yet (graph.md 3.6 #3) and yields nothing.
fn settings(row: &Value) -> Result<Option<Row>, DecodeError> {
    let Some(policy) = row.get("policy").filter(|policy| !policy.is_null()) else { return Ok(None) };
    let Some(role) = text(row, "roleDefinitionId") else {
        return Err(DecodeError {
            part: Part::Settings,
            why: "roleDefinitionId is missing".to_owned(),
            row: row_name(row),
            role: None,
        });
    };
    let target = Target::Directory { role: RoleId::new(role), scope: DirectoryScope::Tenant };
    let settings = rule::decode(items(policy, "rules"), factory(Surface::Directory))
        .map_err(|error| DecodeError { row: format!("{} of role {role}", error.row), ..error })?;
    Ok(Some(Row::Settings(target, Box::new(settings))))
}

/// What every kind of assignment row says. `None` for rows of other providers (`appScopeId` set, graph.md 2.4).
fn who_and_where(row: &Value) -> Result<Option<(Target, PrincipalId)>, String> {
    if text(row, "appScopeId").is_some_and(|scope| !scope.is_empty()) {
        return Ok(None);
    }
    let scope = text(row, "directoryScopeId").ok_or("directoryScopeId is missing")?;
    let scope = DirectoryScope::parse(scope).ok_or_else(|| format!("`{scope}` is not a directory scope"))?;
    let role = RoleId::new(text(row, "roleDefinitionId").ok_or("roleDefinitionId is missing")?);
    let principal = PrincipalId::new(text(row, "principalId").ok_or("principalId is missing")?);
    Ok(Some((Target::Directory { role, scope }, principal)))
}

fn plain(row: &Value) -> Result<Option<PlainRow>, String> {
    let id = text(row, "id").ok_or("id is missing")?.to_owned();
    Ok(who_and_where(row)?.map(|(target, principal)| PlainRow { id, target, principal, condition: None }))
}

fn active_instance(row: &Value) -> Result<Option<InstanceRow>, String> {
    let Some((target, principal)) = who_and_where(row)? else { return Ok(None) };
    Ok(Some(InstanceRow {
        target,
        principal,
        membership: pim::membership(row),
        is_activated: pim::is_activated(row)?,
        end: pim::optional(row, "endDateTime")?,
        origin: text(row, "roleAssignmentOriginId").map(str::to_owned),
    }))
}

fn schedule(row: &Value, mode: Mode) -> Result<Option<ScheduleRow>, String> {
    let Some((target, principal)) = who_and_where(row)? else { return Ok(None) };
    pim::graph_schedule(row, target, principal, mode)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::row::Membership;
    use serde_json::json;

    #[test]
    fn a_row_through_a_group_is_indirect_in_every_list_that_has_such_rows() {
        for part in [Part::ActiveSchedules, Part::EligibleSchedules, Part::ActiveInstances] {
            for (word, wanted) in [("Direct", Membership::Direct), ("Group", Membership::Indirect)] {
                let row = json!({
                    "id": "1", "roleDefinitionId": "r", "directoryScopeId": "/", "appScopeId": null, "principalId": "p",
                    "memberType": word, "assignmentType": "Assigned", "status": "Provisioned", "createdUsing": "1",
                    "scheduleInfo": { "startDateTime": null, "expiration": { "type": "noExpiration" } },
                });
                let (rows, mistakes) = page(part, &json!({ "value": [row] }));
                assert_eq!(mistakes, []);
                let membership = match rows.as_slice() {
                    [Row::Schedule(row)] => row.membership,
                    [Row::Instance(row)] => row.membership,
                    other => panic!("{other:?}"),
                };
                assert_eq!(membership, wanted, "{part:?} {word}");
            }
        }
    }
}
