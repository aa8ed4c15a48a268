//! Role settings: declared fields over live ones, and what differs then.

use serde_json::Value;

use crate::core::address::Labels;
use crate::core::authority;
use crate::core::change::{Action, Change, FieldChange, Requirement, Risk, Subject, fingerprint};
use crate::core::diagnostic::Diagnostic;
use crate::core::diff::{Context, Difference, group};
use crate::core::direction::Direction;
use crate::core::notice::{Notice, Unmanaged};
use crate::core::observed::Part;
use crate::core::origin::Origin;
use crate::core::policy::default::factory;
use crate::core::policy::field::{DeclaredSettings, NotificationPart, SettingField, SettingValue, Want};
use crate::core::policy::rule::{Approver, Event, Recipient, Requirement as Demand};
use crate::core::policy::settings::Settings;
use crate::core::target::Surface;

/// Compares declared settings with live ones.
pub(super) fn diff(context: &Context<'_>, difference: &mut Difference) {
    for (target, declared) in &context.desired.settings {
        let surface = target.surface();
        let address = context.labels.settings(target);
        let live = context.observed.settings_of(target);
        let is_role_known = target.role_key().is_none_or(|role| context.observed.roles.contains_key(&role));
        let part = if is_role_known { Part::Settings } else { Part::Roles };
        if let Some(gap) = context.observed.gap_at(target, part).filter(|_| live.is_none()) {
            let message = format!("cannot be compared: {} could not be read", gap.named(context.labels).what());
            difference.notices.push(Notice::warning("not-compared", Some(address), message, Some(declared.at.clone())));
            continue;
        }
        if target.role_key().is_some_and(|role| authority::is_ignored(&context.desired.tenant, &role)) {
            continue;
        }
        let factory = factory(surface);
        let role = target.role_key().and_then(|role| context.observed.roles.get(&role));
        let before = live.unwrap_or(&factory);
        let written = declared.value.over(before, &factory);
        difference.mistakes.extend(idle_maximum(surface, &declared.value, &address, &written));
        let after = written.canonical(surface);
        let fields = fields(context.labels, surface, before, &after);
        if fields.is_empty() {
            continue;
        }
        difference.mistakes.extend(group::refuse(context, target, &declared.at));
        difference.mistakes.extend(unapprovable(surface, &declared.value, &declared.at, &address, &after));
        difference.mistakes.extend(contradictions(&declared.value, &declared.at, &address, before, &after));
        let mut requires = Vec::new();
        if let Some(key) = target.role_key().filter(|_| role.is_none()) {
            requires.push(Requirement {
                address: context.labels.role_definition(&key),
                reason: "a role must exist before it has settings".to_owned(),
            });
        }
        if live.is_none() && is_role_known {
            let held = target.held();
            let message = format!("the tenant shows no settings for {held} yet; the service's defaults are assumed");
            let source = Some(declared.at.clone());
            difference.notices.push(Notice::warning("settings-not-visible", Some(address.clone()), message, source));
        }
        // the line that won for the first field that changes tells most about the change
        let source = (SettingField::all().into_iter())
            .filter(|field| fields.iter().any(|change| change.path == field.to_string()))
            .find_map(|field| declared.value.fields.get(&field).map(|f| f.at.clone()));
        difference.changes.push(Change {
            address,
            action: Action::Update,
            surface,
            direction: fields.iter().map(|f| f.direction).reduce(Direction::join).unwrap_or(Direction::Neutral),
            fields,
            subject: Subject::Settings {
                target: target.clone(),
                policy_role: target.role().map(|id| role.map_or_else(|| id.clone(), |role| role.template_id.clone())),
                before: Box::new(before.clone()),
                after: Box::new(after),
                assumed: live.is_none(),
            },
            risk: Risk::None,
            reasons: Vec::new(),
            source: Some(source.unwrap_or_else(|| declared.at.clone())),
            observed: live.map(fingerprint),
            requires,
            follows: Vec::new(),
            place: None,
            onboards: false,
            since: None,
            request_ids: Vec::new(),
        });
    }
    unmanaged(context, difference);
}

/// Returns the declared maxima that nothing would come of: where Azure demands no end it knows no maximum (arm.md C.5), and what is
/// reviewed as 90 days would be granted for ever.
fn idle_maximum(surface: Surface, declared: &DeclaredSettings, address: &str, written: &Settings) -> Vec<Diagnostic> {
    let mut mistakes = Vec::new();
    let is_kept = surface.capability().keeps_idle_maximum;
    for event in [Event::EligibleAssignment, Event::ActiveAssignment].into_iter().filter(|_| !is_kept) {
        let maximum = declared.fields.get(&SettingField::MaxDuration(event));
        let maximum = maximum.filter(|declared| matches!(declared.value, Want::Value(_)));
        if let Some(declared) = maximum.filter(|_| !written.event(event).expiration.is_required) {
            let message =
                format!("`{address}` would allow permanent assignments, and Azure knows no maximum duration then");
            let mistake = Diagnostic::error("idle-maximum", Some(declared.at.clone()), message);
            let word = event.as_str();
            mistakes.push(
                mistake.help(format!("declare `{word}.permanent: forbidden`, or leave `{word}.maxDuration` out")),
            );
        }
    }
    mistakes
}

/// Returns the mistake of settings that demand approval by nobody: only directory roles have approvers of their own then
/// (graph.md 3.4), elsewhere nobody could ever activate.
fn unapprovable(
    surface: Surface,
    declared: &DeclaredSettings,
    at: &Origin,
    address: &str,
    after: &Settings,
) -> Option<Diagnostic> {
    if surface.capability().has_fallback_approvers
        || !after.approval.is_required
        || !after.approval.approvers.is_empty()
    {
        return None;
    }
    let fields = [SettingField::Approvers, SettingField::ApprovalRequired];
    let line = fields.iter().find_map(|field| declared.fields.get(field)).map_or(at, |declared| &declared.at);
    let message = format!("`{address}` would demand approval and name nobody who can give it");
    let mistake = Diagnostic::error("approval-without-approvers", Some(line.clone()), message);
    Some(mistake.help("declare `activation.approval` with its approvers; only directory roles have a fallback"))
}

/// Returns what the declared fields and the live ones they leave alone cannot be together.
fn contradictions(
    declared: &DeclaredSettings,
    at: &Origin,
    address: &str,
    before: &Settings,
    after: &Settings,
) -> Vec<Diagnostic> {
    let mut mistakes = Vec::new();
    let line = |fields: &[SettingField]| {
        let declared = fields.iter().find_map(|field| declared.fields.get(field));
        declared.map_or(at, |declared| &declared.at).clone()
    };
    let demand = SettingField::Require(Event::Activation);
    let has_both = |settings: &Settings| {
        settings.authentication_context.is_enabled
            && settings.activation.require.contains(&Demand::MultiFactorAuthentication)
    };
    // the service refuses MFA beside a context (MfaAndAcrsConflict, graph.md 3.6 #6)
    let is_touched = before.activation.require != after.activation.require
        || before.authentication_context != after.authentication_context;
    if has_both(after) && is_touched {
        let mistake = Diagnostic::error(
            "mfa-with-authentication-context",
            Some(line(&[SettingField::AuthenticationContext, demand])),
            format!(
                "`{address}` would demand multifactor authentication and an authentication context, which exclude each other"
            ),
        );
        mistakes.push(mistake.help(
            "declare both `activation.require` and `activation.authenticationContext`: one of the two is what the tenant has now",
        ));
    }
    for event in Event::ALL {
        // recipients of approver mails lock the settings until a bulk write empties them (graph.md 3.6 #7)
        if !after.event(event).notifications.approver.recipients.is_empty() {
            let path = SettingField::Notification(event, Recipient::Approver, NotificationPart::Recipients);
            let message = format!("`{address}` is locked: its mail to approvers has further recipients");
            let mistake = Diagnostic::error("locked-settings", Some(at.clone()), message);
            mistakes.push(mistake.help(format!("declare `{path}: []` to clear them and unlock the settings")));
        }
    }
    if before.approval != after.approval && !before.approval.unmodelled.is_empty() {
        let fields = [SettingField::ApprovalRequired, SettingField::Approvers];
        let message = format!(
            "`{address}` has {}, which writing its approval would remove unseen",
            before.approval.unmodelled.join(" and ")
        );
        let mistake = Diagnostic::error("approval-beyond-the-language", Some(line(&fields)), message);
        mistakes
            .push(mistake.help("simplify the approval in the portal first, or leave `activation.approval` undeclared"));
    }
    for event in [Event::EligibleAssignment, Event::ActiveAssignment] {
        let (old, new) = (&before.event(event).expiration, &after.event(event).expiration);
        // the service refuses a rule that demands an end and knows no maximum (InvalidPolicy, graph.md 3.6 #8)
        if new.is_required && new.maximum.is_none() && old != new {
            let fields = [SettingField::Permanent(event), SettingField::MaxDuration(event)];
            let message = format!("`{address}` would forbid permanent assignments without a maximum duration");
            let mistake = Diagnostic::error("maximum-missing", Some(line(&fields)), message);
            mistakes.push(mistake.help(format!("declare `{}.maxDuration`", event.as_str())));
        }
    }
    mistakes
}

/// Lists undeclared settings that are not the service's defaults.
fn unmanaged(context: &Context<'_>, difference: &mut Difference) {
    for (target, live) in &context.observed.settings {
        let is_ignored = target.role_key().is_some_and(|role| authority::is_ignored(&context.desired.tenant, &role));
        if context.desired.settings.contains_key(target) || is_ignored || context.observed.is_bystander(target) {
            continue;
        }
        let surface = target.surface();
        let changed = fields(context.labels, surface, &factory(surface).canonical(surface), live);
        if !changed.is_empty() {
            let paths: Vec<&str> = changed.iter().map(|field| field.path.as_str()).collect();
            difference.unmanaged.push(Unmanaged {
                address: context.labels.settings(target),
                detail: match context.labels.place(target) {
                    Some(place) => format!("differs from the service's defaults in {}, at {place}", paths.join(", ")),
                    None => format!("differs from the service's defaults in {}", paths.join(", ")),
                },
                why: "nobody declares it".to_owned(),
            });
        }
    }
}

/// Returns the fields that differ, with names for ids.
pub(in crate::core) fn fields(
    labels: &Labels,
    surface: Surface,
    before: &Settings,
    after: &Settings,
) -> Vec<FieldChange> {
    let mut found = Vec::new();
    let pairs = SettingField::of(before).into_iter().zip(SettingField::of(after));
    for ((field, old), (_, new)) in pairs.filter(|((_, old), (_, new))| old != new) {
        let is_approval = matches!(
            field,
            SettingField::Approvers
                | SettingField::RequestorJustification
                | SettingField::ApproverJustification
                | SettingField::ApprovalTimeout
        );
        // while no approval is asked for, its details have no effect in either direction
        let direction = match is_approval && !after.approval.is_required {
            true => Direction::Neutral,
            false if is_approval && !before.approval.is_required => Direction::Neutral,
            false => field.direction(&old, &new),
        };
        let [before, after] = [&old, &new].map(|value| show(labels, surface, field, value));
        found.push(FieldChange::new(field.to_string(), before, after, direction));
    }
    found
}

/// Returns a value in the manifest's language.
fn show(labels: &Labels, surface: Surface, field: SettingField, value: &SettingValue) -> Value {
    let list = |items: Vec<String>| Value::from(items);
    match value {
        SettingValue::Flag(yes) => match field {
            SettingField::Permanent(_) => Value::from(if *yes { "allowed" } else { "forbidden" }),
            SettingField::ApprovalRequired => Value::from(if *yes { "required" } else { "none" }),
            _ => Value::from(*yes),
        },
        SettingValue::Period(period) => period.map_or(Value::Null, |p| Value::from(p.to_string())),
        SettingValue::Requirements(set) => list(set.iter().map(|r| r.as_str().to_owned()).collect()),
        // only directory roles have approvers where none are named
        SettingValue::Approvers(set) if set.is_empty() && surface.capability().has_fallback_approvers => {
            Value::from("fallback")
        }
        SettingValue::Approvers(set) => {
            let mut names: Vec<String> = set.iter().map(|approver| name(labels, approver)).collect();
            names.sort();
            list(names)
        }
        SettingValue::Days(days) => Value::from(*days),
        SettingValue::Context(claim) => Value::from(claim.as_deref().unwrap_or("none")),
        SettingValue::Level(level) => Value::from(level.as_str()),
        SettingValue::Addresses(set) => list(set.iter().cloned().collect()),
    }
}

fn name(labels: &Labels, approver: &Approver) -> String {
    let label = labels.principal(approver.id());
    match (approver, label.strip_prefix("id:")) {
        (Approver::User(_), Some(id)) => format!("user:{id}"),
        (Approver::Group(_), Some(id)) => format!("group:{id}"),
        _ => label,
    }
}
