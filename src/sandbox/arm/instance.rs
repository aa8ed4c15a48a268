//! Instances: what is in force now (arm.md B.5). The name of an active one is the GUID of its row in `roleAssignments`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::answer::{Answer, Reply};
use super::super::tenant::Side;
use super::super::world::World;
use super::ask::Ask;
use super::row;
use super::schedule::{Found, absent, reach};
use super::sight::Sight;

/// The properties that `$filter` may compare (arm.md B.6).
const ELIGIBLE: [&str; 4] = ["principalId", "roleDefinitionId", "status", "roleEligibilityScheduleId"];
const ACTIVE: [&str; 4] = ["principalId", "roleDefinitionId", "status", "roleAssignmentScheduleId"];

fn printed(found: &Found<'_>, sight: &Sight<'_>, principal: &str, member_type: &str) -> Value {
    let mut p = found.common(sight, principal, member_type);
    let instance = &found.schedule.instance;
    let collection = match found.schedule.side {
        Side::Eligible => {
            let schedule = sight.id(&found.scope, "roleEligibilitySchedules", &found.name);
            p.insert("roleEligibilityScheduleId".to_owned(), json!(schedule));
            "roleEligibilityScheduleInstances"
        }
        Side::Active => {
            let schedule = sight.id(&found.scope, "roleAssignmentSchedules", &found.name);
            p.insert("roleAssignmentScheduleId".to_owned(), json!(schedule));
            // Without the prefix in every version, as recorded.
            let origin = found.scope.authorization("roleAssignments", instance);
            p.insert("originRoleAssignmentId".to_owned(), json!(origin));
            if let Some((scope, _, Some(used))) = found.eligibility(sight.tenant) {
                let linked = sight.id(&scope, "roleEligibilityScheduleInstances", &used);
                p.insert("linkedRoleEligibilityScheduleInstanceId".to_owned(), json!(linked));
            }
            "roleAssignmentScheduleInstances"
        }
    };
    let name = sight.spelled(instance, found.schedule.created);
    json!({"properties": p, "name": name, "id": sight.id(&found.scope, collection, &name),
        "type": format!("Microsoft.Authorization/{collection}")})
}

/// Answers the reads of the instance collections.
pub(super) fn answer(world: &Arc<World>, ask: &Ask<'_>, side: Side) -> Answer {
    let fields = if side == Side::Eligible { ELIGIBLE } else { ACTIVE };
    row::licensed(world)?;
    let tenant = world.store.read(ask.view);
    let in_force =
        || reach(&tenant, &ask.scope, side, ask.now()).into_iter().filter(|f| f.schedule.is_in_force(ask.now()));
    match (ask.method.as_str(), ask.rest.as_slice()) {
        ("GET", []) => {
            let sight = Sight::new(world, &tenant, ask, &fields)?;
            let mut rows = Vec::new();
            for found in in_force() {
                if let Some((principal, member)) = sight.admit(found.place, &found.scope, &found.schedule.principal) {
                    let row = printed(&found, &sight, &principal, member);
                    rows.extend(sight.is_equal(&row).then_some(row));
                }
            }
            super::page::page(ask, rows, 0)
        }
        ("GET", [name]) => {
            let sight = Sight::one(world, &tenant, ask)?;
            let found = in_force().find(|found| found.schedule.instance.eq_ignore_ascii_case(name));
            let found = found.ok_or_else(|| absent(name))?;
            Ok(Reply::json(200, printed(&found, &sight, &found.schedule.principal, found.place.member_type(ask))))
        }
        _ => Err(ask.not_emulated()),
    }
}
