//! Rows of ARM's lists: members under `properties`, those without a value left out (arm.md B.3).

use std::collections::BTreeSet;

use serde_json::Value;
use uuid::Uuid;

use crate::core::assignment::Mode;
use crate::core::id::{PrincipalId, RoleId, is_guid};
use crate::core::observed::Part;
use crate::core::policy::default::factory;
use crate::core::policy::settings::Settings;
use crate::core::principal::{Principal, PrincipalType};
use crate::core::role_definition::{Permission, Permissions, RoleDefinition};
use crate::core::row::{InstanceRow, Membership, PlainRow, Row, ScheduleRow};
use crate::core::scope::ArmScope;
use crate::core::target::{Surface, Target};
use crate::surface::json::{items, row_name, rows, text};
use crate::surface::resource::{path, query};
use crate::surface::{DecodeError, Read, pim, rule};

/// Decodes one page of a list.
pub(super) fn page(of: &Read, page: &Value) -> (Vec<Row>, Vec<DecodeError>) {
    let part = of.part;
    let (mut decoded, mut mistakes) = (Vec::new(), Vec::new());
    let mut untouched: Vec<Uuid> = Vec::new();
    if !page.get("value").is_some_and(Value::is_array) {
        let why = "`value` is not a list".to_owned();
        mistakes.push(DecodeError { part, why, row: row_name(page), role: None });
    }
    for row in rows(page) {
        let properties = row.get("properties").unwrap_or(&Value::Null);
        let result = match part {
            Part::Roles => role(row).map(|role| Some(Row::Role(Box::new(role)))),
            Part::Settings => match settings(of, properties) {
                Ok(Found::Nothing) => Ok(None),
                Ok(Found::Changed(row)) => Ok(Some(row)),
                Ok(Found::Untouched(role)) => {
                    untouched.push(role);
                    continue;
                }
                Err(error) => {
                    mistakes.push(error);
                    continue;
                }
            },
            // Azure keeps no deleted roles, and its hierarchy is read before
            Part::DeletedRoles | Part::Hierarchy | Part::Onboarded => Ok(None),
            Part::PlainAssignments => plain(of, row, properties).map(|row| row.map(Row::Plain)),
            Part::ActiveInstances => instance(of, properties).map(|row| row.map(Row::Instance)),
            Part::ActiveSchedules => schedule(of, row, properties, Mode::Active),
            Part::EligibleSchedules => schedule(of, row, properties, Mode::Eligible),
        };
        match result {
            Ok(None) => {}
            Ok(Some(found)) => {
                decoded.push(found);
                decoded.extend(principal(properties).map(Row::Principal));
            }
            Err(why) => {
                // a custom role that is not understood says nothing about the others
                let id = text(row, "name").filter(|name| part == Part::Roles && is_guid(name)).map(RoleId::new);
                mistakes.push(DecodeError { part, why, row: row_name(row), role: id });
            }
        }
    }
    if let Some(scope) = of.scope.as_ref().filter(|_| !untouched.is_empty()) {
        decoded.push(Row::Untouched(scope.clone(), untouched));
    }
    (decoded, mistakes)
}

/// What one row of settings says.
enum Found {
    /// It is about another scope.
    Nothing,
    /// They are the service's defaults.
    Untouched(Uuid),
    /// They are not.
    Changed(Row),
}

/// Decodes the answer that finds one role's policy at one scope. The filter by role is not documented (arm.md 0.4), so what it
/// answers is compared with what was asked: another role's policy must never be written.
pub(super) fn policy(target: &Target, page: &Value) -> Result<Option<(String, Settings)>, DecodeError> {
    let is_it = |properties: &&Value| {
        let role = text(properties, "roleDefinitionId").map(|id| RoleId::new(path::name(id)));
        let found = role.zip(scope(properties).ok()).map(|(role, scope)| Target::Azure { role, scope });
        found.as_ref() == Some(target)
    };
    let all: Vec<&Value> = rows(page).iter().filter_map(|row| row.get("properties")).filter(is_it).collect();
    match all.as_slice() {
        [] => Ok(None),
        [properties] => {
            let Some(id) = text(properties, "policyId") else { return Ok(None) };
            Ok(Some((id.to_owned(), rules(properties)?)))
        }
        several => Err(DecodeError {
            part: Part::Settings,
            why: format!("{} policies for one role", several.len()),
            row: row_name(several[0]),
            role: None,
        }),
    }
}

/// A policy assignment carries the rules that hold as `effectiveRules`; there is no inheritance (arm.md C.1).
fn rules(properties: &Value) -> Result<Settings, DecodeError> {
    let settings = rule::decode(items(properties, "effectiveRules"), factory(Surface::Azure))?;
    Ok(settings.canonical(Surface::Azure))
}

fn settings(of: &Read, properties: &Value) -> Result<Found, DecodeError> {
    let role = text(properties, "roleDefinitionId").map(|id| RoleId::new(path::name(id)));
    let error = |why: String, role: Option<RoleId>| DecodeError {
        part: Part::Settings,
        why,
        row: "a policy assignment".to_owned(),
        role,
    };
    let Some(role) = role else { return Err(error("roleDefinitionId is missing".to_owned(), None)) };
    let scope = scope(properties).map_err(|why| error(why, None))?;
    if of.scope.as_ref() != Some(&scope) {
        return Ok(Found::Nothing);
    }
    let settings = rules(properties).map_err(|error| DecodeError {
        row: format!("{} of role {role}", error.row),
        role: Some(role.clone()),
        ..error
    })?;
    let is_factory = settings == factory(Surface::Azure).canonical(Surface::Azure);
    Ok(match Uuid::try_parse(role.as_str()) {
        Ok(role) if is_factory => Found::Untouched(role),
        _ => Found::Changed(Row::Settings(Target::Azure { role, scope }, Box::new(settings))),
    })
}

/// Decodes a role definition. Only one block of permissions is used (arm.md A.1); a custom role with several is not understood.
pub(super) fn role(row: &Value) -> Result<RoleDefinition, String> {
    let properties = row.get("properties").unwrap_or(&Value::Null);
    let id = text(row, "name").filter(|name| is_guid(name)).or_else(|| text(row, "id").map(path::name));
    let id = RoleId::new(id.filter(|id| is_guid(id)).ok_or("its name is no GUID")?);
    let is_built_in = match text(properties, "type") {
        Some(kind) if kind.eq_ignore_ascii_case("BuiltInRole") => true,
        Some(kind) if kind.eq_ignore_ascii_case("CustomRole") => false,
        other => return Err(format!("unknown type `{}`", other.unwrap_or("null"))),
    };
    let blocks = items(properties, "permissions");
    if blocks.len() > 1 && !is_built_in {
        return Err(format!("{} blocks of permissions", blocks.len()));
    }
    let set = |member: &str| -> BTreeSet<Permission> {
        let texts = blocks.iter().flat_map(|block| items(block, member)).filter_map(Value::as_str);
        texts.map(Permission::new).collect()
    };
    let mut assignable_scopes = BTreeSet::new();
    for written in items(properties, "assignableScopes").iter().filter_map(Value::as_str) {
        match ArmScope::observed(written) {
            Some(scope) => {
                assignable_scopes.insert(scope);
            }
            None if is_built_in => {}
            None => return Err(format!("`{written}` is not an Azure scope")),
        }
    }
    Ok(RoleDefinition {
        surface: Surface::Azure,
        template_id: id.clone(),
        id,
        display_name: text(properties, "roleName").ok_or("roleName is missing")?.to_owned(),
        description: text(properties, "description").unwrap_or_default().to_owned(),
        is_enabled: true,
        is_built_in,
        permissions: Permissions {
            actions: set("actions"),
            not_actions: set("notActions"),
            data_actions: set("dataActions"),
            not_data_actions: set("notDataActions"),
        },
        assignable_scopes,
    })
}

fn scope(properties: &Value) -> Result<ArmScope, String> {
    let written = text(properties, "scope").ok_or("scope is missing")?;
    ArmScope::observed(written).ok_or_else(|| format!("`{written}` is not an Azure scope"))
}

/// Reads role, scope and principal. Only the last GUID of a role's id identifies it (arm.md 0.2).
pub(super) fn who_and_where(properties: &Value) -> Result<(Target, PrincipalId), String> {
    let scope = scope(properties)?;
    let role = text(properties, "roleDefinitionId").map(path::name).filter(|id| is_guid(id));
    let role = RoleId::new(role.ok_or("roleDefinitionId is missing or names no role")?);
    let principal = PrincipalId::new(text(properties, "principalId").ok_or("principalId is missing")?);
    Ok((Target::Azure { role, scope }, principal))
}

/// As [`who_and_where`]; `None` for rows of the scopes above the list's.
fn asked_for(of: &Read, properties: &Value) -> Result<Option<(Target, PrincipalId)>, String> {
    let (target, principal) = who_and_where(properties)?;
    let is_meant = match (&of.scope, &target) {
        (Some(list), Target::Azure { scope, .. }) => query::is_asked_for(list, scope),
        _ => true,
    };
    Ok(is_meant.then_some((target, principal)))
}

/// An empty condition and none are the same (arm.md B.5).
pub(super) fn condition(properties: &Value) -> Option<String> {
    text(properties, "condition").filter(|text| !text.trim().is_empty()).map(str::to_owned)
}

fn plain(of: &Read, row: &Value, properties: &Value) -> Result<Option<PlainRow>, String> {
    let id = text(row, "id").ok_or("id is missing")?.to_ascii_lowercase();
    let found = asked_for(of, properties)?;
    Ok(found.map(|(target, principal)| PlainRow { id, target, principal, condition: condition(properties) }))
}

/// A row of the scope itself is the principal's own; its `memberType` is not trusted for that (arm.md B.6). What comes through
/// a group is not.
fn membership(properties: &Value) -> Membership {
    match text(properties, "memberType") {
        Some(kind) if kind.eq_ignore_ascii_case("Direct") || kind.eq_ignore_ascii_case("Inherited") => {
            Membership::Direct
        }
        _ => Membership::Indirect,
    }
}

/// Tells whether an active row is an activation. What is linked to an eligibility is one, also where Microsoft's own example calls it
/// assigned.
fn is_activated(properties: &Value) -> Result<bool, String> {
    if text(properties, "linkedRoleEligibilityScheduleId").is_some_and(|id| !id.is_empty()) {
        return Ok(true);
    }
    pim::is_activated(properties)
}

fn instance(of: &Read, properties: &Value) -> Result<Option<InstanceRow>, String> {
    let Some((target, principal)) = asked_for(of, properties)? else { return Ok(None) };
    Ok(Some(InstanceRow {
        target,
        principal,
        membership: membership(properties),
        is_activated: is_activated(properties)?,
        end: pim::optional(properties, "endDateTime")?,
        // ids are compared without regard to case (arm.md 0.1)
        origin: text(properties, "originRoleAssignmentId").map(str::to_ascii_lowercase),
    }))
}

/// A row of a scope above the list's is kept as inherited where the path tells that it is above; one of those that cannot be
/// understood is left out, since nothing of this scope is hidden by it.
fn schedule(of: &Read, row: &Value, properties: &Value, mode: Mode) -> Result<Option<Row>, String> {
    let (target, principal) = who_and_where(properties)?;
    let Target::Azure { scope, .. } = &target else { return Ok(None) };
    match of.scope.as_ref().filter(|list| !query::is_asked_for(list, scope)) {
        None => Ok(schedule_row(row, properties, mode, target, principal)?.map(Row::Schedule)),
        Some(list) if query::shows_what_is_above(list) => {
            let found = schedule_row(row, properties, mode, target, principal).ok().flatten();
            Ok(found.map(|row| Row::Inherited(list.clone(), Box::new(row))))
        }
        Some(_) => Ok(None),
    }
}

fn schedule_row(
    row: &Value,
    properties: &Value,
    mode: Mode,
    target: Target,
    principal: PrincipalId,
) -> Result<Option<ScheduleRow>, String> {
    if pim::is_dead(properties) {
        return Ok(None);
    }
    let made_by = match mode {
        Mode::Eligible => "roleEligibilityScheduleRequestId",
        Mode::Active => "roleAssignmentScheduleRequestId",
    };
    let request = text(properties, made_by).map(path::name).filter(|id| !id.is_empty()).map(str::to_owned);
    let is_activated = mode == Mode::Active && is_activated(properties)?;
    // a role assignment made outside PIM has the name of its schedule (arm.md B.0)
    let is_classic = mode == Mode::Active && !is_activated && request.is_none();
    let Target::Azure { scope, .. } = &target else { return Ok(None) };
    let assignment = text(row, "name")
        .filter(|_| is_classic)
        .map(|name| format!("{}/{name}", path::collection(scope, "roleAssignments")));
    Ok(Some(ScheduleRow {
        principal,
        mode,
        membership: membership(properties),
        is_activated,
        start: pim::optional(properties, "startDateTime")?,
        end: pim::optional(properties, "endDateTime")?,
        request,
        assignment,
        condition: condition(properties),
        target,
    }))
}

/// Returns what a schedule row says about its principal. A deleted one has no name there and is looked up (arm.md B.1).
fn principal(properties: &Value) -> Option<Principal> {
    let expanded = properties.get("expandedProperties")?.get("principal")?;
    let kind = match text(expanded, "type").or_else(|| text(properties, "principalType"))? {
        kind if kind.eq_ignore_ascii_case("User") => PrincipalType::User,
        kind if kind.eq_ignore_ascii_case("Group") => PrincipalType::Group,
        kind if kind.eq_ignore_ascii_case("ServicePrincipal") => PrincipalType::ServicePrincipal,
        _ => return None,
    };
    // people are named by what they sign in with, which is what PIM prints as their address
    let name = match kind {
        PrincipalType::User => text(expanded, "email").filter(|email| email.contains('@')),
        PrincipalType::Group | PrincipalType::ServicePrincipal => text(expanded, "displayName"),
    };
    let mut principal = Principal::unknown(PrincipalId::new(text(expanded, "id")?));
    principal.name = Some(name.filter(|name| !name.is_empty())?.to_owned());
    principal.kind = Some(kind);
    Some(principal)
}
