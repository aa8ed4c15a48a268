//! Eligible and active assignments: granted, changed in place, extended, removed, or left alone and listed.

use serde_json::Value;

use crate::core::assignment::{
    AssignmentKey, DeclaredAssignment, Mode, ObservedAssignment, Provenance, is_same_condition,
};
use crate::core::authority::{self, Standing};
use crate::core::change::{Action, Change, FieldChange, Requirement, Risk, Subject, fingerprint};
use crate::core::declared::Declared;
use crate::core::diagnostic::Diagnostic;
use crate::core::diff::group::Entrances;
use crate::core::diff::planned::Planned;
use crate::core::diff::{Context, Difference, group};
use crate::core::direction::Direction;
use crate::core::feasibility::{self, Request};
use crate::core::notice::{Notice, Unmanaged};
use crate::core::observed::Part;
use crate::core::origin::Origin;
use crate::core::principal::{Principal, PrincipalType};
use crate::core::schedule::{Verdict, Window};

/// Compares declared assignments with live ones, and decides about undeclared ones.
pub(super) fn diff(context: &Context<'_>, difference: &mut Difference) {
    let (planned, entrances) = (Planned::new(&difference.changes), Entrances::new(context));
    for (key, declared) in &context.desired.assignments {
        declared_one(context, &planned, &entrances, difference, key, declared);
    }
    for (key, live) in &context.observed.assignments {
        let declared = context.desired.assignments.get(key);
        let is_over = declared.is_some_and(|d| d.value.schedule.judge(None, context.observed.now) == Verdict::Expired);
        if declared.is_none() || is_over {
            undeclared_one(context, difference, key, live);
        }
        if context.observed.crowded.contains(key) {
            let address = context.labels.assignment(key);
            let message = "the tenant lists more than one window for it; the widest is compared".to_owned();
            difference.notices.push(Notice::warning("several-windows", Some(address), message, None));
        }
    }
    activations(context, difference);
}

fn declared_one(
    context: &Context<'_>,
    plan: &Planned,
    entrances: &Entrances,
    difference: &mut Difference,
    key: &AssignmentKey,
    declared: &Declared<DeclaredAssignment>,
) {
    let (wanted, now) = (&declared.value, context.observed.now);
    // the kind is part of the identity; what explains a request exists on requests only, the purpose in manifests only, so that
    // schedule and condition are all that has a direction; a new field does not compile until it is put on one side
    let DeclaredAssignment { principal_type: _, schedule, condition, justification: _, ticket: _, purpose: _ } = wanted;
    let address = context.labels.assignment(key);
    let source = Some(declared.at.clone());
    let live = context.observed.assignments.get(key);
    if let Some(gap) = live.is_none().then(|| context.observed.missing(&key.target, key.mode)).flatten() {
        let message = format!("cannot be compared: {} could not be read", gap.named(context.labels).what());
        difference.notices.push(Notice::warning("not-compared", Some(address), message, source));
        return;
    }
    let condition_differs =
        live.is_some_and(|live| !is_same_condition(live.condition.as_deref(), condition.as_deref()));
    let (action, ask) = match schedule.judge(live.map(|l| &l.window), now) {
        Verdict::InSync if condition_differs => match schedule.widest(now) {
            Some(ask) => (Action::Update, ask),
            None => return,
        },
        Verdict::InSync => return,
        Verdict::Expired => {
            let message = "expired: remove this entry".to_owned();
            difference.notices.push(Notice::warning("expired", Some(address), message, source));
            return;
        }
        Verdict::Grant(ask) => (Action::Create, ask),
        Verdict::Regrant(ask) => (Action::Regrant, ask),
        Verdict::Update(ask) => (Action::Update, ask),
        Verdict::Extend(ask) => (Action::Extend, ask),
    };
    // without the role's settings nobody can tell whether the service agrees, nor whom the reviewed settings would stop
    let policy_target = key.target.policy_target();
    let is_role_known = key.target.role_key().is_none_or(|role| context.observed.roles.contains_key(&role));
    let roles = context.observed.gap_at(&key.target, Part::Roles);
    if let Some(gap) = roles.filter(|_| !is_role_known) {
        let message = format!("cannot be planned: {} could not be read", gap.named(context.labels).what());
        difference.notices.push(Notice::warning("not-compared", Some(address), message, source));
        return;
    }
    let gap = context.observed.gap_at(&key.target, Part::Settings);
    if let Some(gap) = gap.filter(|_| is_role_known && context.observed.settings_of(&policy_target).is_none()) {
        let message = format!("cannot be planned: {} could not be read", gap.named(context.labels).what());
        difference.notices.push(Notice::warning("not-compared", Some(address), message, source));
        return;
    }
    let mut mistakes = preconditions(context, key, declared);
    mistakes.extend(group::preconditions(context, key, declared));
    if !mistakes.is_empty() {
        difference.mistakes.extend(mistakes);
        return;
    }
    let held = key.target.held();
    let (settings, planned) = plan.holding(context, &key.target);
    let planned_settings = planned.clone();
    let request = Request {
        mode: key.mode,
        ask: &ask,
        has_justification: wanted.justification.as_deref().is_some_and(|text| !text.trim().is_empty()),
        has_ticket: wanted.ticket.is_some(),
        apply_as: context.desired.tenant.apply_as,
    };
    for obstacle in feasibility::obstacles(&settings, &request, now) {
        let rule = obstacle.rule.map_or("the service".to_owned(), |rule| format!("rule {rule}"));
        let message = format!("{rule} refuses `{address}`: {}", obstacle.why);
        let mut mistake = Diagnostic::error("infeasible-assignment", source.clone(), message);
        let line = context.desired.settings.get(&key.target.policy_target()).and_then(|settings| {
            obstacle.field.and_then(|field| settings.value.fields.get(&field)).map(|field| field.at.clone())
        });
        mistake = match line {
            Some(at) => mistake.label(at, "declared here"),
            None if planned.is_none() => {
                mistake.help(format!("these are the settings for {held} in the tenant; no manifest declares them"))
            }
            None => mistake,
        };
        difference.mistakes.push(
            mistake.help(format!("change the assignment's schedule or the settings for {held} so that they agree")),
        );
    }
    let mut requires = Vec::new();
    if let Some(role) = key.target.role_key() {
        let address = context.labels.role_definition(&role);
        if !context.observed.roles.contains_key(&role) {
            let reason = "a role must exist before anybody can hold it".to_owned();
            requires.push(Requirement { address, reason });
        } else if plan.changes_role(&role) {
            let reason = "whoever gets the role must not get more than its reviewed definition".to_owned();
            requires.push(Requirement { address, reason });
        }
    }
    if let Some(address) = planned {
        let reason = format!("whoever gets {held} must meet the reviewed settings");
        requires.push(Requirement { address, reason });
    }
    // a new role's settings are the service's defaults; of one that is there, it is not known why none are shown
    let is_shown = context.observed.settings_of(&policy_target).is_some();
    let assumed = planned_settings.is_none() && !is_shown;
    if assumed && is_role_known {
        let message = format!(
            "the tenant shows no settings for {held} yet; the service's defaults are assumed and looked at first"
        );
        let source = Some(declared.at.clone());
        difference.notices.push(Notice::warning("settings-not-visible", Some(address.clone()), message, source));
    }
    let mut fields = Vec::new();
    let after = ask.window(now);
    let before = live.map(|live| &live.window);
    fields.push(FieldChange::new(
        "schedule",
        before.map_or(Value::Null, |w| Value::from(w.to_string())),
        Value::from(ask.to_string()),
        before.map_or(Direction::Widens, |before| window_direction(before, &after, now)),
    ));
    if condition_differs || live.is_none() && condition.is_some() {
        let text = |condition: Option<&String>| condition.map_or(Value::Null, |c| Value::from(c.as_str()));
        let (old, new) = (live.and_then(|l| l.condition.as_ref()), condition.as_ref());
        fields.push(FieldChange::new("condition", text(old), text(new), condition_direction(old, new)));
    }
    let direction = fields.iter().map(|f| f.direction).reduce(Direction::join).unwrap_or(Direction::Neutral);
    // nor can anybody tell then who else would come to it by a group
    if let Some(gap) = entrances.gap(context, &key.principal).filter(|_| direction != Direction::Narrows) {
        let message =
            format!("cannot be planned: {} could not be read, and whoever is in its holder gains by it", gap.what());
        difference.notices.push(Notice::warning("not-compared", Some(address), message, source));
        return;
    }
    difference.changes.push(Change {
        address,
        action,
        surface: key.target.surface(),
        direction,
        fields,
        subject: Subject::Assignment {
            key: key.clone(),
            principal_type: Some(wanted.principal_type),
            before: live.cloned(),
            ask: Some(ask),
            condition: wanted.condition.clone(),
            justification: wanted.justification.clone(),
            ticket: wanted.ticket.clone(),
            assumed,
        },
        risk: Risk::None,
        reasons: Vec::new(),
        source,
        observed: live.map(observed_hash),
        requires,
        follows: Vec::new(),
        place: None,
        onboards: false,
        since: None,
        request_ids: Vec::new(),
    });
}

/// Returns the hash of an observed assignment: what it gives and whether PIM made it. The ids of requests and rows are left
/// out, since the service may mint new ones without any change (graph.md 2.8).
pub(crate) fn observed_hash(live: &ObservedAssignment) -> String {
    let made = match live.provenance {
        Provenance::Pim { .. } => "pim",
        Provenance::OutsidePim => "outsidePim",
        Provenance::Classic { .. } => "classic",
        Provenance::Unscheduled => "unscheduled",
        Provenance::Plain { .. } => "plain",
    };
    fingerprint(&(live.window, &live.condition, made))
}

/// Returns what must be true of a principal, and is not, before it can hold a role (C13).
fn preconditions(
    context: &Context<'_>,
    key: &AssignmentKey,
    declared: &Declared<DeclaredAssignment>,
) -> Vec<Diagnostic> {
    let mut mistakes = Vec::new();
    let mut refuse = |code, message: String, help: &str| {
        mistakes.push(Diagnostic::error(code, Some(declared.at.clone()), message).help(help));
    };
    let label = context.labels.principal(&key.principal);
    let known = context.observed.principals.get(&key.principal);
    let can = key.target.surface().capability();
    if can.demands_role_assignable_groups && declared.value.principal_type == PrincipalType::Group {
        if known.is_some_and(|group| group.is_role_assignable == Some(false)) {
            refuse(
                "group-not-role-assignable",
                format!(
                    "`{label}` is not a role-assignable group: the service accepts the request and never grants it"
                ),
                "create a group with `isAssignableToRole`; the property cannot be changed later",
            );
        }
        if known.is_some_and(|group| group.is_synchronized == Some(true)) {
            let help = "use a cloud-only role-assignable group";
            refuse(
                "synchronized-group",
                format!("`{label}` is synchronised from on-premises and cannot hold directory roles"),
                help,
            );
        }
    }
    if declared.value.principal_type == PrincipalType::ServicePrincipal && key.mode == Mode::Eligible {
        // the manifests are refused for it before anything is read; this is the last look before something is written
        let help = "service principals cannot activate anything: declare an ActiveAssignment";
        refuse("eligible-service-principal", format!("`{label}` is a service principal and cannot be eligible"), help);
    }
    let role = key.target.role_key().and_then(|role| context.observed.roles.get(&role));
    let declared_off =
        key.target.role_key().and_then(|role| context.desired.roles.get(&role)).and_then(|r| r.value.is_enabled);
    if role.is_some_and(|role| !role.is_enabled) && declared_off != Some(true) || declared_off == Some(false) {
        let name = context.labels.target(&key.target);
        refuse(
            "role-disabled",
            format!("`{name}` is disabled and cannot be assigned"),
            "set `enabled: true` in its definition",
        );
    }
    mistakes
}

fn undeclared_one(context: &Context<'_>, difference: &mut Difference, key: &AssignmentKey, live: &ObservedAssignment) {
    if context.observed.is_bystander(&key.target) {
        return;
    }
    let address = context.labels.assignment(key);
    let origin = match live.provenance {
        Provenance::Pim { .. } if live.window.is_pending() => "pending",
        Provenance::Pim { .. } => "made in PIM",
        Provenance::OutsidePim | Provenance::Classic { .. } => "made outside PIM",
        Provenance::Unscheduled => "in force without a schedule",
        Provenance::Plain { .. } => "made outside PIM and not shown by it",
    };
    let detail = format!("{}, {origin}", live.window);
    let located = match context.labels.place(&key.target) {
        Some(place) => format!("{detail}, at {place}"),
        None => detail.clone(),
    };
    let mut leave = |why: String| {
        difference.unmanaged.push(Unmanaged { address: address.clone(), detail: located.clone(), why });
    };
    if context.observed.principals.get(&key.principal).is_some_and(Principal::is_pim_itself) {
        difference.own.push(Unmanaged { address, detail: located, why: "it is PIM's own".to_owned() });
        return;
    }
    let entry = match authority::of_assignment(context.desired, context.observed, key) {
        Standing::Owned(entry) => entry,
        Standing::Ignored => return,
        Standing::BreakGlass => return leave("it belongs to a break-glass account".to_owned()),
        Standing::Additive => {
            if let Some(entry) = authority::unknown_to_globs(context.desired, context.observed, key) {
                difference.notices.push(unknown_role(context, key, entry.at.clone()));
            }
            return leave("nobody declares it and no ownership entry claims it".to_owned());
        }
    };
    let can = key.target.surface().capability();
    if context.observed.deleted_principals.contains(&key.principal) {
        match &live.provenance {
            // deleted by its id (arm.md B.1)
            Provenance::Classic { .. } | Provenance::Plain { .. } if can.keeps_deleted_holders => {}
            _ if can.keeps_deleted_holders => {
                return leave("its holder was deleted; PIM takes no request about whom it does not know".to_owned());
            }
            _ => return leave("its holder was deleted; the service removes what is left within days".to_owned()),
        }
    }
    let holder = context.observed.principals.get(&key.principal);
    let is_application = holder.and_then(|p| p.kind).is_none_or(|kind| kind == PrincipalType::ServicePrincipal);
    let is_deleted = context.observed.deleted_principals.contains(&key.principal);
    let is_vague = is_application && !is_deleted && holder.is_none_or(|p| p.app_id.is_none());
    if can.may_serve_pim && is_vague {
        // PIM's own is known by its application id alone
        return leave("would be removed, but which application its holder is could not be read".to_owned());
    }
    if let Some((_, why)) = group::unmanageable(context, &key.target) {
        return leave(format!("would be removed, but {why}"));
    }
    if let Some(gap) = context.observed.missing(&key.target, key.mode) {
        return leave(format!("would be removed, but {} could not be read", gap.named(context.labels).what()));
    }
    if let Some(gap) = context.observed.gap_at(&key.target, Part::Roles) {
        return leave(format!("would be removed, but {} could not be read", gap.named(context.labels).what()));
    }
    difference.changes.push(Change {
        address,
        action: Action::Remove,
        surface: key.target.surface(),
        direction: Direction::Narrows,
        fields: vec![FieldChange::new("schedule", Value::from(detail), Value::Null, Direction::Narrows)],
        subject: Subject::Assignment {
            key: key.clone(),
            principal_type: context.observed.principals.get(&key.principal).and_then(|p| p.kind),
            before: Some(live.clone()),
            ask: None,
            condition: None,
            justification: None,
            ticket: None,
            assumed: false,
        },
        risk: Risk::None,
        reasons: Vec::new(),
        source: Some(entry.at.clone()),
        observed: Some(observed_hash(live)),
        requires: Vec::new(),
        follows: Vec::new(),
        place: None,
        onboards: false,
        since: None,
        request_ids: Vec::new(),
    });
}

/// Says that globs pass over a built-in role that the catalog does not know: whether people should hold it, nobody here can tell.
fn unknown_role(context: &Context<'_>, key: &AssignmentKey, at: Origin) -> Notice {
    let role = key.target.role_key();
    let address = role.map(|role| context.labels.role_definition(&role));
    let message = "a built-in role that this version does not know has holders that no manifest declares; globs pass it over, \
                   write its name under `directoryRoles` to own it";
    Notice::warning("role-unknown-to-globs", address, message, Some(at))
}

/// Says who uses an eligibility right now: no drift, never removed.
fn activations(context: &Context<'_>, difference: &mut Difference) {
    for activation in context.observed.activations.iter().filter(|one| !context.observed.is_bystander(&one.target)) {
        let key = AssignmentKey {
            target: activation.target.clone(),
            principal: activation.principal.clone(),
            mode: Mode::Eligible,
        };
        let until = activation.end.map_or("without an end".to_owned(), |end| format!("until {end}"));
        let source = context.desired.assignments.get(&key).map(|declared| declared.at.clone());
        let active = AssignmentKey { mode: Mode::Active, ..key };
        let message = format!("activated {until}; an activation is not drift and is left alone");
        difference.notices.push(Notice::new("activation", Some(context.labels.assignment(&active)), message, source));
    }
}

/// Returns which way a condition goes. What one admits is not compared: any change of it may admit more; but one where there was
/// none, or beside a new grant, only takes away.
fn condition_direction(before: Option<&String>, after: Option<&String>) -> Direction {
    match (before, after) {
        (None, None) => Direction::Neutral,
        (None, Some(_)) => Direction::Narrows,
        (Some(_), _) => Direction::Widens,
    }
}

/// Returns which way a window goes. A start that comes earlier and an end that comes later, or goes, widen; where the one widens
/// the whole does. Instants that lie within the tolerance are the same.
fn window_direction(before: &Window, after: &Window, now: jiff::Timestamp) -> Direction {
    // both are compared below, as asked for: a further field does not compile until it is too
    let Window { start: _, end: _ } = after;
    let was = before.as_ask();
    match (was.covers(after, now), was.matches(after, now)) {
        (true, true) => Direction::Neutral,
        (true, false) => Direction::Narrows,
        (false, _) => Direction::Widens,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_way_a_window_and_a_condition_go() {
        use Direction::{Narrows, Neutral, Widens};
        let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
        let now = at("2026-06-01T00:00:00Z");
        let window = |start: Option<&str>, end: Option<&str>| Window::new(start.map(at), end.map(at), now);
        let (july, august) = (Some("2026-07-01T00:00:00Z"), Some("2026-08-01T00:00:00Z"));
        for (before, after, want) in [
            (window(None, july), window(None, august), Widens),
            (window(None, august), window(None, july), Narrows),
            (window(None, july), window(None, None), Widens),
            (window(None, None), window(None, july), Narrows),
            (window(None, july), window(None, Some("2026-07-01T00:03:00Z")), Neutral),
            (window(july, None), window(None, None), Widens),
            (window(None, None), window(july, None), Narrows),
            (window(july, None), window(None, august), Widens),
        ] {
            assert_eq!(window_direction(&before, &after, now), want, "{before} to {after}");
        }
        let (a, b) = ("a".to_owned(), "b".to_owned());
        for (before, after, want) in
            [(None, None, Neutral), (None, Some(&a), Narrows), (Some(&a), None, Widens), (Some(&a), Some(&b), Widens)]
        {
            assert_eq!(condition_direction(before, after), want);
        }
    }
}
