//! Rows of the lists of groups.

use serde_json::Value;

use crate::core::assignment::Mode;
use crate::core::id::{GroupId, PrincipalId, is_guid};
use crate::core::observed::Part;
use crate::core::policy::default::factory;
use crate::core::policy::settings::Settings;
use crate::core::row::Row;
use crate::core::target::{Access, Surface, Target};
use crate::surface::json::{items, row_name, rows, text};
use crate::surface::{DecodeError, Grant, Read, name, pim, rule};

/// Decodes one page of a list. A row of another group than the one asked for would be a mistake of the service's: it is refused
/// rather than taken for a member.
pub(super) fn page(of: &Read, page: &Value) -> (Vec<Row>, Vec<DecodeError>) {
    let part = of.part;
    let (mut decoded, mut mistakes) = (Vec::new(), Vec::new());
    if !page.get("value").is_some_and(Value::is_array) {
        mistakes.push(DecodeError { part, why: "`value` is not a list".to_owned(), row: row_name(page), role: None });
    }
    for row in rows(page) {
        let result = match part {
            Part::ActiveSchedules => schedule(of, row, Mode::Active),
            Part::EligibleSchedules => schedule(of, row, Mode::Eligible),
            Part::Settings => match settings(of, row) {
                Ok(found) => Ok(found),
                Err(error) => {
                    mistakes.push(error);
                    continue;
                }
            },
            // groups have nothing of the kind
            Part::Roles
            | Part::DeletedRoles
            | Part::PlainAssignments
            | Part::ActiveInstances
            | Part::Hierarchy
            | Part::Onboarded => Ok(None),
        };
        match result {
            Ok(found) => decoded.extend(found),
            Err(why) => mistakes.push(DecodeError { part, why, row: row_name(row), role: None }),
        }
        if let Some(principal) = row.get("principal").and_then(name::principal) {
            decoded.push(Row::Principal(principal));
        }
    }
    (decoded, mistakes)
}

/// Decodes the answer that finds one policy. The answer to a filter is compared with what was asked: the owners' policy must never
/// be written for the members' (graph.md 3.6 #2).
pub(super) fn policy(target: &Target, page: &Value) -> Result<Option<(String, Settings)>, DecodeError> {
    let found: Vec<&Value> = rows(page).iter().filter(|row| governed(row).as_ref() == Ok(target)).collect();
    match found.as_slice() {
        [] => Ok(None),
        [row] => {
            let policy = row.get("policy").unwrap_or(&Value::Null);
            let Some(id) = text(policy, "id").or_else(|| text(row, "policyId")) else { return Ok(None) };
            Ok(Some((id.to_owned(), rule::decode(items(policy, "rules"), factory(Surface::Group))?)))
        }
        several => Err(DecodeError {
            part: Part::Settings,
            why: format!("{} policies for one access", several.len()),
            row: row_name(several[0]),
            role: None,
        }),
    }
}

/// Returns the ids on a page of the list of onboarded groups.
pub fn groups(page: &Value) -> Vec<GroupId> {
    rows(page).iter().filter_map(|row| text(row, "id")).filter(|id| is_guid(id)).map(GroupId::new).collect()
}

/// Reads what was granted; `None` when the answer is not about a grant.
pub(super) fn grant(body: &Value) -> Option<Grant> {
    let (target, principal) = who_and_where(body).ok()?;
    let info = body.get("scheduleInfo").filter(|info| !info.is_null());
    let window = info.and_then(|info| pim::window(info).ok());
    Some(Grant {
        target,
        principal,
        start: window.and_then(|(start, _)| start),
        end: window.map(|(_, end)| end),
        request: text(body, "id").map(str::to_owned),
        condition: None,
    })
}

/// Reads an access id. A third kind, newer than this program, is refused: it is neither membership nor ownership.
fn access(word: Option<&str>) -> Result<Access, String> {
    match word {
        Some(word) if word.eq_ignore_ascii_case("member") => Ok(Access::Member),
        Some(word) if word.eq_ignore_ascii_case("owner") => Ok(Access::Owner),
        other => Err(format!("unknown access `{}`", other.unwrap_or("null"))),
    }
}

fn who_and_where(row: &Value) -> Result<(Target, PrincipalId), String> {
    let group = GroupId::new(text(row, "groupId").ok_or("groupId is missing")?);
    let principal = PrincipalId::new(text(row, "principalId").ok_or("principalId is missing")?);
    Ok((Target::Group { group, access: access(text(row, "accessId"))? }, principal))
}

fn schedule(of: &Read, row: &Value, mode: Mode) -> Result<Option<Row>, String> {
    let (target, principal) = who_and_where(row)?;
    if let (Some(asked), Target::Group { group, .. }) = (&of.group, &target)
        && asked != group
    {
        return Err(format!("it is about another group, {group}"));
    }
    Ok(pim::graph_schedule(row, target, principal, mode)?.map(Row::Schedule))
}

/// Reads whose settings a policy assignment is about.
fn governed(row: &Value) -> Result<Target, String> {
    let group = GroupId::new(text(row, "scopeId").ok_or("scopeId is missing")?);
    Ok(Target::Group { group, access: access(text(row, "roleDefinitionId"))? })
}

/// Decodes a policy assignment with its expanded policy and rules. A row without a policy is one that has not materialised
/// yet (graph.md 3.6 #3) and yields nothing.
fn settings(of: &Read, row: &Value) -> Result<Option<Row>, DecodeError> {
    let error = |why: String| DecodeError { part: Part::Settings, why, row: row_name(row), role: None };
    let Some(policy) = row.get("policy").filter(|policy| !policy.is_null()) else { return Ok(None) };
    let target = governed(row).map_err(error)?;
    if let (Some(asked), Target::Group { group, access }) = (&of.group, &target) {
        if asked != group {
            return Err(error(format!("it is about another group, {group}")));
        }
        let settings = rule::decode(items(policy, "rules"), factory(Surface::Group))
            .map_err(|error| DecodeError { row: format!("{} of the {}", error.row, access.as_str()), ..error })?;
        return Ok(Some(Row::Settings(target, Box::new(settings))));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::policy::rule::RuleId;
    use crate::core::row::Membership;
    use crate::surface::group::query;
    use crate::surface::rule::Spelling;
    use serde_json::json;

    fn target(access: Access) -> Target {
        Target::Group { group: GroupId::new("g"), access }
    }

    fn row(group: &str, access: &str) -> Value {
        let factory = factory(Surface::Group);
        let rules: Vec<Value> = RuleId::ALL.iter().map(|id| rule::encode(&factory, *id, Spelling::GROUP)).collect();
        json!({
            "id": format!("{access}-assignment"), "scopeId": group, "scopeType": "Group", "roleDefinitionId": access,
            "policyId": format!("{access}-policy"), "policy": { "id": format!("{access}-policy"), "rules": rules },
        })
    }

    #[test]
    fn member_and_owner_are_never_confused() {
        let page = json!({ "value": [row("g", "owner"), row("other", "member"), row("g", "member")] });
        let (id, _) = policy(&target(Access::Member), &page).unwrap().unwrap();
        assert_eq!(id, "member-policy");
        let only_owner = json!({ "value": [row("g", "owner")] });
        assert_eq!(policy(&target(Access::Member), &only_owner), Ok(None));
        let twice = json!({ "value": [row("g", "owner"), row("g", "owner")] });
        assert!(policy(&target(Access::Owner), &twice).is_err());
    }

    fn schedule_row() -> Value {
        json!({
            "id": "g_member_1", "groupId": "g", "accessId": "member", "principalId": "p", "memberType": "direct",
            "assignmentType": "assigned", "status": "Provisioned", "createdUsing": null,
            "scheduleInfo": { "startDateTime": null, "expiration": { "type": "noExpiration" } },
        })
    }

    #[test]
    fn a_row_through_another_group_is_indirect_in_both_lists() {
        let reads = query::of_group(&GroupId::new("g"));
        for part in [Part::ActiveSchedules, Part::EligibleSchedules] {
            let read = reads.iter().find(|read| read.part == part).unwrap();
            for (word, membership) in [("Direct", Membership::Direct), ("Group", Membership::Indirect)] {
                let mut row = schedule_row();
                row["memberType"] = json!(word);
                let (rows, mistakes) = page(read, &json!({ "value": [row] }));
                assert_eq!(mistakes, []);
                let [Row::Schedule(row)] = rows.as_slice() else { panic!("{rows:?}") };
                assert_eq!(row.membership, membership, "{part:?} {word}");
            }
        }
    }

    #[test]
    fn what_is_not_understood_is_a_mistake_and_never_absent() {
        let read = query::of_group(&GroupId::new("g")).remove(0);
        let good = schedule_row();
        let with = |member: &str, value: Value| {
            let mut row = good.clone();
            row[member] = value;
            json!({ "value": [row] })
        };
        assert_eq!(page(&read, &with("id", json!("x"))).1, []);
        for (member, value) in [
            ("accessId", json!("guest")),
            ("groupId", json!("other")),
            ("assignmentType", json!("lent")),
            ("scheduleInfo", Value::Null),
        ] {
            let (rows, mistakes) = page(&read, &with(member, value));
            assert_eq!((rows.len(), mistakes.len()), (0, 1), "{member}");
        }
    }
}
