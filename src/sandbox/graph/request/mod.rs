//! Schedule requests: every change that PIM makes (graph.md 2.9, 4.3). `aim` reads what one is about, `window` for how long,
//! `judge` asks the policy, `grant` stores what becomes of it.

mod aim;
mod grant;
mod judge;
mod window;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

pub(super) use self::aim::is_assignable;
pub(super) use self::judge::eligibility;
use super::super::answer::{Answer, Problem, Reply};
use super::super::fault::Effect;
use super::super::options::SandboxOptions;
use super::super::permission;
use super::super::place::Surface;
use super::super::route::Call;
use super::super::store::View;
use super::super::tenant::{Request, Tenant};
use super::super::world::World;
use super::schedule::collection::Collection;
use super::{authority, not_emulated};

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Assign,
    Update,
    Extend,
    Renew,
    Remove,
    Activate,
    Deactivate,
    /// `selfExtend`, `selfRenew`: pending requests that an administrator decides.
    Ask,
}

/// The names of the actions; enums are read whatever their case and printed in camel case.
const ACTIONS: [(&str, Action); 9] = [
    ("adminAssign", Action::Assign),
    ("adminUpdate", Action::Update),
    ("adminExtend", Action::Extend),
    ("adminRenew", Action::Renew),
    ("adminRemove", Action::Remove),
    ("selfActivate", Action::Activate),
    ("selfDeactivate", Action::Deactivate),
    ("selfExtend", Action::Ask),
    ("selfRenew", Action::Ask),
];

/// The properties that a request may carry; those marked are read-only and must be null.
const KNOWN: [(&str, bool); 15] = [
    ("@odata.type", false),
    ("action", false),
    ("principalId", false),
    ("justification", false),
    ("ticketInfo", false),
    ("scheduleInfo", false),
    ("isValidationOnly", false),
    ("targetScheduleId", false),
    ("customData", true),
    ("createdBy", true),
    ("id", true),
    ("status", true),
    ("approvalId", true),
    ("createdDateTime", true),
    ("completedDateTime", true),
];
/// Those that name the place, for directory roles and for groups.
const OF_ROLES: [(&str, bool); 3] = [("roleDefinitionId", false), ("directoryScopeId", false), ("appScopeId", true)];
const OF_GROUPS: [(&str, bool); 2] = [("groupId", false), ("accessId", false)];

fn exists() -> Problem {
    Problem::new(400, "RoleAssignmentExists", "The Role assignment already exists.")
}

fn absent() -> Problem {
    Problem::new(400, "RoleAssignmentDoesNotExist", "The Role assignment does not exist.")
}

fn too_short() -> Problem {
    Problem::new(400, "ActiveDurationTooShort", "The Active duration is too short. Miniumum Required is 5 minutes.")
}

fn malformed() -> Problem {
    Problem::new(400, "InvalidRoleAssignmentRequest", "The role assignment request is invalid.")
}

/// Answers `POST …Requests` and `POST …Requests/{id}/cancel`.
pub(super) fn answer(world: &Arc<World>, call: &Call, of: Collection, rest: &[&str]) -> Answer {
    let (write, remove) = of.writing();
    match rest {
        [] => {
            let (name, action) = action(call, of.surface)?;
            let accepted = [write, remove];
            permission::pim(&call.caller, if action == Action::Remove { &accepted } else { &accepted[..1] })?;
            let is_dry = call.object()?.get("isValidationOnly") == Some(&json!(true))
                && !call.effects.contains(&Effect::CarryOut);
            let asked = Asked { call, options: &world.options, of, name, action, is_dry };
            let document = if is_dry {
                let mut tenant = Tenant::clone(&world.store.read(View::Now));
                asked.run(&mut tenant, call.now)?
            } else {
                world.store.write(|tenant, now| asked.run(tenant, now))?
            };
            let mut body = Value::Object(document);
            body["@odata.context"] = json!(format!("{}/$metadata#{}/$entity", call.root(), of.context()));
            Ok(Reply::json(201, body))
        }
        [id, "cancel"] => {
            permission::pim(&call.caller, &[write])?;
            world.store.write(|tenant, now| cancel(tenant, call, of, id, now))?;
            Ok(Reply::empty())
        }
        _ => Err(not_emulated(call)),
    }
}

fn action(call: &Call, surface: Surface) -> Result<(&'static str, Action), Problem> {
    let members = call.object()?;
    let place: &[(&str, bool)] = match surface {
        Surface::Directory => &OF_ROLES,
        Surface::Group => &OF_GROUPS,
    };
    for (name, value) in members {
        match KNOWN.iter().chain(place).find(|(known, _)| known == name) {
            Some((_, false)) => {}
            Some((_, true)) if value.is_null() => {}
            _ => return Err(Problem::bad(format!("The property '{name}' is not known or cannot be set."))),
        }
    }
    let asked = members.get("action").and_then(Value::as_str).ok_or_else(malformed)?;
    ACTIONS.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(asked)).ok_or_else(malformed)
}

/// A request on its way.
#[derive(Debug)]
struct Asked<'a> {
    call: &'a Call,
    options: &'a SandboxOptions,
    of: Collection,
    name: &'static str,
    action: Action,
    /// Whether it is judged and not carried out.
    is_dry: bool,
}

impl Asked<'_> {
    fn text(&self, name: &str) -> &str {
        self.call.body.as_ref().and_then(|body| body[name].as_str()).unwrap_or_default()
    }

    fn is_self(&self) -> bool {
        matches!(self.action, Action::Activate | Action::Deactivate | Action::Ask)
    }
}

/// Cancels a request that is not in force yet.
fn cancel(tenant: &mut Tenant, call: &Call, of: Collection, id: &str, now: Timestamp) -> Result<(), Problem> {
    let missing = || Problem::new(404, "ResourceNotFound", "The request is not found.");
    let is_of = |request: &Request| request.side == of.side && request.surface() == of.surface;
    let request = tenant.requests.get(id).filter(|request| is_of(request)).ok_or_else(missing)?;
    let is_own = request.document.get("principalId") == Some(&json!(call.caller.oid));
    if !is_own {
        authority::write(tenant, call, request.document.get("groupId").and_then(Value::as_str))?;
    }
    if !["Granted", "PendingApproval", "PendingAdminDecision", "PendingProvisioning"].contains(&request.status(now)) {
        return Err(malformed());
    }
    let target = request.document.get("targetScheduleId").and_then(Value::as_str).unwrap_or_default().to_owned();
    if tenant.schedules.get(&target).is_some_and(|s| s.created_using.as_deref() == Some(id)) {
        tenant.schedules.remove(&target);
    }
    if let Some(request) = tenant.requests.get_mut(id) {
        request.document.insert("status".to_owned(), json!("Canceled"));
        (request.settles, request.pending) = (None, None);
    }
    Ok(())
}
