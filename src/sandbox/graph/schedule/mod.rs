//! Schedules, instances and requests as they are read (graph.md 2.7, 2.8, 2.10, 4). Instances are derived from schedules and the
//! hour.

pub(super) mod collection;
mod row;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use self::collection::{Collection, Layer};
use super::super::answer::{Answer, Problem};
use super::super::membership::Found;
use super::super::odata::{Expand, Options, Rows};
use super::super::options::Switches;
use super::super::permission;
use super::super::place::{Place, Surface};
use super::super::route::Call;
use super::super::store::View;
use super::super::tenant::{Kind, Request, Tenant};
use super::super::world::World;
use super::{authority, not_emulated, principal, role_definition};

/// Which rows of a collection somebody looks for.
#[derive(Debug, Clone, Copy)]
enum About<'a> {
    Everything,
    Group(&'a str),
}

fn not_found() -> Problem {
    Problem::new(404, "ResourceNotFound", "The resource is not found.")
}

/// Returns the schedules of one part of PIM.
fn schedules<'a>(
    tenant: &'a Tenant,
    surface: Surface,
    about: About<'_>,
    now: Timestamp,
) -> Box<dyn Iterator<Item = Found<'a>> + 'a> {
    match (surface, about) {
        (Surface::Directory, _) => {
            let stored = tenant.schedules.iter().filter(|(_, s)| s.key.place.surface() == Surface::Directory);
            Box::new(stored.map(|(id, s)| Found::Stored(id, s)))
        }
        (Surface::Group, About::Group(group)) => Box::new(tenant.group_rows(group, now).into_iter()),
        (Surface::Group, About::Everything) => {
            let groups = tenant.objects.iter().filter(|(_, object)| object.kind == Kind::Group);
            Box::new(groups.flat_map(move |(id, _)| tenant.group_rows(id, now)))
        }
    }
}

fn rows<'a>(tenant: &'a Tenant, of: Collection, about: About<'_>, now: Timestamp, switches: &'a Switches) -> Rows<'a> {
    if of.layer == Layer::Request {
        let is_of = |request: &Request| request.side == of.side && request.surface() == of.surface;
        let kept = tenant.requests.values().filter(|request| is_of(request) && request.is_kept(now));
        return Rows::each(kept, move |request| row::request(request, now));
    }
    let found = schedules(tenant, of.surface, about, now).filter(|found| {
        let s = found.schedule();
        let is_seen = if of.layer == Layer::Schedule { s.is_listed(now) } else { s.is_in_force(now) };
        s.key.side == of.side && is_seen && (switches.shows_outside || s.created_using.is_some())
    });
    let print = move |found: &Found<'_>| match of.layer {
        Layer::Schedule => row::schedule(found.id(), found.schedule(), now, switches),
        _ => row::instance(found.id(), found.schedule()),
    };
    if switches.lists_group_rows {
        let with_members = found.flat_map(|found| {
            let row = print(&found);
            let through = through(tenant, &row, now);
            std::iter::once(row).chain(through)
        });
        return with_members.collect::<Vec<_>>().into();
    }
    Rows::each(found, print)
}

/// Returns what the members of a group have through a row that is the group's.
fn through(tenant: &Tenant, row: &Value, now: Timestamp) -> Vec<Value> {
    let holder = row["principalId"].as_str().unwrap_or_default();
    let Some((group, _)) = tenant.object_of(Kind::Group, holder) else { return Vec::new() };
    let of_member = |member: String| {
        let mut row = row.clone();
        (row["principalId"], row["memberType"]) = (json!(member), json!("Group"));
        row
    };
    principal::transitive(tenant, group, now).into_iter().map(of_member).collect()
}

/// What expansions need to know.
#[derive(Debug, Clone, Copy)]
struct Shown<'a> {
    tenant: &'a Tenant,
    of: Collection,
    now: Timestamp,
    switches: &'a Switches,
}

impl Shown<'_> {
    fn expand(&self, row: &mut Value, path: &Expand) {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let behind = match (self.of.surface, self.of.layer) {
            (_, Layer::Schedule) => text("id"),
            (Surface::Directory, Layer::Instance) => text("roleAssignmentScheduleId"),
            (Surface::Group, Layer::Instance) => text("assignmentScheduleId"),
            (_, Layer::Request) => text("targetScheduleId"),
        };
        let mut value = match path.path.as_str() {
            "principal" => principal::typed(self.tenant, &text("principalId"), path),
            "group" => principal::plain(self.tenant, &text("groupId")),
            "roleDefinition" => role_definition::stub(self.tenant, &text("roleDefinitionId")),
            "directoryScope" => {
                let scope = text("directoryScopeId");
                principal::typed(self.tenant, scope.rsplit('/').next().unwrap_or_default(), path)
            }
            "targetSchedule" => match self.tenant.schedules.get_key_value(&behind) {
                Some((id, s)) if s.is_listed(self.now) => row::schedule(id, s, self.now, self.switches),
                _ => Value::Null,
            },
            "activatedUsing" => {
                let eligibility = self.tenant.schedules.get(&behind).and_then(|s| s.activated_using.as_ref());
                match eligibility.and_then(|id| self.tenant.schedules.get_key_value(id)) {
                    Some((id, s)) if self.of.layer == Layer::Instance => row::instance(id, s),
                    Some((id, s)) => row::schedule(id, s, self.now, self.switches),
                    None => Value::Null,
                }
            }
            _ => Value::Null,
        };
        path.trim(&mut value);
        row[path.path.as_str()] = value;
    }
}

/// Answers the reads of one collection.
pub(super) fn answer(world: &Arc<World>, call: &Call, of: Collection, rest: &[&str]) -> Answer {
    permission::pim(&call.caller, of.reading())?;
    let allowed = of.allowed();
    let tenant = world.store.read(call.view);
    let (now, switches) = (call.now, &world.options.switches);
    let shown = Shown { tenant: &tenant, of, now, switches };
    let navigate = |row: &mut Value, path: &Expand| shown.expand(row, path);
    match rest {
        [function] if function.starts_with("filterByCurrentUser(") => {
            let on = function.trim_start_matches("filterByCurrentUser(on='").trim_end_matches("')");
            let rows = mine(&tenant, call, rows(&tenant, of, About::Everything, now, switches).all(), on)?;
            let kind = of.row_type();
            let options = Options::collection(call, &allowed)?;
            let reply = options.answer(call, &allowed, rows, navigate);
            reply.map(|mut reply| {
                if let Some(body) = &mut reply.body {
                    let context = body["@odata.context"].as_str().unwrap_or_default();
                    body["@odata.context"] = json!(context.replace(allowed.context, &format!("Collection({kind})")));
                    let rows = body["value"].as_array_mut();
                    let kind = json!(format!("#microsoft.graph.{kind}"));
                    rows.into_iter().flatten().for_each(|row| row["@odata.type"] = kind.clone());
                }
                reply
            })
        }
        [] => {
            let options = Options::collection(call, &allowed)?;
            let about = about(world, call, &tenant, of, &options)?;
            options.answer(call, &allowed, rows(&tenant, of, about, now, switches), navigate)
        }
        [id] => {
            let options = Options::entity(call, &allowed)?;
            let about = match (of.surface, of.layer, id.split_once('_')) {
                (Surface::Group, Layer::Schedule | Layer::Instance, Some((group, _))) => About::Group(group),
                _ => About::Everything,
            };
            let row = rows(&tenant, of, about, now, switches).all().into_iter().find(|row| row["id"] == *id);
            let row = row.ok_or_else(not_found)?;
            authority::read(&tenant, call, of.surface, row["groupId"].as_str())?;
            options.one(call, allowed.context, 200, row, navigate)
        }
        _ => Err(not_emulated(call)),
    }
}

/// Returns what a list is about, or why it is refused: the lists of groups need a filter on the group or the principal
/// (graph.md 4.1; the code is unconfirmed). A group that there is not is refused too, also unconfirmed; one that is too young to be
/// seen here has no rows yet.
fn about<'a>(
    world: &World,
    call: &Call,
    tenant: &Tenant,
    of: Collection,
    options: &'a Options,
) -> Result<About<'a>, Problem> {
    if of.surface == Surface::Directory {
        authority::read(tenant, call, of.surface, None)?;
        return Ok(About::Everything);
    }
    let required = |path| options.filter.as_ref().and_then(|filter| filter.required(path));
    match (required("groupId"), required("principalId")) {
        (Some(group), _) => {
            if world.store.read(View::Now).object_of(Kind::Group, group).is_none() {
                return Err(not_found());
            }
            authority::read(tenant, call, of.surface, Some(group))?;
            Ok(About::Group(group))
        }
        (None, Some(principal)) => {
            if principal != call.caller.oid {
                authority::read(tenant, call, of.surface, None)?;
            }
            Ok(About::Everything)
        }
        (None, None) => {
            Err(Problem::new(400, "InvalidFilter", "The filter must name the groupId or the principalId to look for."))
        }
    }
}

/// Returns the caller's own rows; those through a group say so and name the caller (graph.md 2.7).
fn mine(tenant: &Tenant, call: &Call, rows: Vec<Value>, on: &str) -> Result<Vec<Value>, Problem> {
    if call.caller.user.is_none() {
        return Err(Problem::bad("filterByCurrentUser needs a signed-in user."));
    }
    let me = call.caller.oid.as_str();
    let kept = rows.into_iter().filter_map(|mut row| match on {
        "principal" => {
            let principal = row["principalId"].as_str().unwrap_or_default().to_owned();
            if principal != me {
                tenant.object_of(Kind::Group, &principal)?;
                if !principal::includes(tenant, &principal, me, call.now) {
                    return None;
                }
                row["principalId"] = json!(me);
                if row.get("memberType").is_some() {
                    row["memberType"] = json!("Group");
                }
            }
            Some(row)
        }
        "createdBy" => (row["createdBy"]["user"]["id"] == me).then_some(row),
        "approver" => {
            let is_open = row["status"] == "PendingApproval";
            let place = row.as_object().and_then(Place::of)?;
            (is_open && super::approval::may_decide(tenant, call, &place, None)).then_some(row)
        }
        _ => None,
    });
    if !["principal", "createdBy", "approver"].contains(&on) {
        return Err(Problem::bad(format!("The value '{on}' of 'on' is not supported.")));
    }
    let kept: Vec<Value> = kept.collect();
    Ok(kept)
}
