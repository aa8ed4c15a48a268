//! Role settings: declared fields over live ones, and what differs then.

use serde_json::Value;

use crate::core::address::Labels;
use crate::core::authority;
use crate::core::change::{self, Action, Change, FieldChange, Risk, Subject, fingerprint};
use crate::core::diagnostic::Diagnostic;
use crate::core::diff::{Context, Difference};
use crate::core::direction::Direction;
use crate::core::notice::{Notice, Unmanaged};
use crate::core::observed::Part;
use crate::core::origin::Origin;
use crate::core::policy::default::factory;
use crate::core::policy::field::{DeclaredSettings, NotificationPart, SettingField, SettingValue};
use crate::core::policy::rule::{Approver, Event, Recipient, Requirement};
use crate::core::policy::settings::Settings;
use crate::core::target::Target;

/// Compares declared settings with live ones.
pub(super) fn diff(context: &Context<'_>, difference: &mut Difference) {
    for (target, declared) in &context.desired.settings {
        let surface = target.surface();
        let address = context.labels.settings(target);
        let live = context.observed.settings.get(target);
        if live.is_none() && context.observed.gap(surface, Part::Settings).is_some() {
            continue;
        }
        if target.role().is_some_and(|role| authority::is_ignored(&context.desired.tenant, role)) {
            continue;
        }
        let factory = factory(surface);
        let role = target.role().and_then(|role| context.observed.roles.get(role));
        let before = live.unwrap_or(&factory);
        let after = declared.value.over(before, &factory);
        let fields = fields(context.labels, before, &after);
        if fields.is_empty() {
            continue;
        }
        let mut requires = Vec::new();
        if let Some(id) = target.role().filter(|_| role.is_none()) {
            requires.push(change::Requirement {
                address: context.labels.role_definition(surface, id),
                reason: "a role must exist before it has settings".to_owned(),
            });
        }
        if live.is_none() && role.is_some() {
            let message =
                "the tenant shows no settings for this role yet; the service's defaults are assumed".to_owned();
            let source = Some(declared.at.clone());
            difference.notices.push(Notice::warning("settings-not-visible", Some(address.clone()), message, source));
        }
        difference.mistakes.extend(obstacles(before, &after, &declared.value, &declared.at, &address));
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
            request_ids: Vec::new(),
        });
    }
    unmanaged(context, difference);
}

/// Returns why the service would refuse every write that leads to `after`: what stands in the way is live and undeclared, so
/// only the tenant could reveal it.
fn obstacles(
    before: &Settings,
    after: &Settings,
    declared: &DeclaredSettings,
    at: &Origin,
    address: &str,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let at_field = |field| declared.fields.get(&field).map_or_else(|| at.clone(), |f| f.at.clone());
    // graph.md 3.6 #7: recipients of approver mails lock the policy until a bulk write empties them
    for event in Event::ALL {
        if !after.event(event).notifications.approver.recipients.is_empty() {
            let path = SettingField::Notification(event, Recipient::Approver, NotificationPart::Recipients);
            let message = format!("`{address}` is locked: its mail to approvers has further recipients");
            let mistake = Diagnostic::error("locked-settings", Some(at.clone()), message);
            found.push(mistake.help(format!("declare `{path}: []` to clear them and unlock the settings")));
        }
    }
    // graph.md 3.6 #6: MFA cannot be written while a context is on
    let require = SettingField::Require(Event::Activation);
    let mfa = Requirement::MultiFactorAuthentication;
    let is_written = before.activation.require != after.activation.require;
    if is_written && after.activation.require.contains(&mfa) && after.authentication_context.is_enabled {
        let message = format!(
            "`{address}` has an authentication context; the service refuses multifactor authentication beside it"
        );
        let mistake = Diagnostic::error("mfa-with-authentication-context", Some(at_field(require)), message);
        found.push(mistake.help("declare `authenticationContext: none` as well"));
    }
    found
}

/// Lists undeclared settings that are not the service's defaults.
fn unmanaged(context: &Context<'_>, difference: &mut Difference) {
    for (target, live) in &context.observed.settings {
        let is_ignored = target.role().is_some_and(|role| authority::is_ignored(&context.desired.tenant, role));
        if context.desired.settings.contains_key(target) || is_ignored {
            continue;
        }
        let changed = fields(context.labels, &factory(target.surface()), live);
        if !changed.is_empty() {
            let paths: Vec<&str> = changed.iter().map(|field| field.path.as_str()).collect();
            difference.unmanaged.push(Unmanaged {
                address: context.labels.settings(target),
                detail: format!("differs from the service's defaults in {}", paths.join(", ")),
                why: "nobody declares it".to_owned(),
            });
        }
    }
}

/// Returns the fields that differ, with names for ids.
fn fields(labels: &Labels, before: &Settings, after: &Settings) -> Vec<FieldChange> {
    let mut found = Vec::new();
    for field in SettingField::all() {
        let (old, new) = (field.get(before), field.get(after));
        if old == new {
            continue;
        }
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
        found.push(FieldChange {
            path: field.to_string(),
            before: show(labels, field, &old),
            after: show(labels, field, &new),
            direction,
        });
    }
    found
}

/// Returns a value in the manifest's language.
fn show(labels: &Labels, field: SettingField, value: &SettingValue) -> Value {
    let list = |items: Vec<String>| Value::from(items);
    match value {
        SettingValue::Flag(yes) => match field {
            SettingField::Permanent(_) => Value::from(if *yes { "allowed" } else { "forbidden" }),
            SettingField::ApprovalRequired => Value::from(if *yes { "required" } else { "none" }),
            _ => Value::from(*yes),
        },
        SettingValue::Period(period) => period.map_or(Value::Null, |p| Value::from(p.to_string())),
        SettingValue::Requirements(set) => list(set.iter().map(|r| r.as_str().to_owned()).collect()),
        SettingValue::Approvers(set) if set.is_empty() => Value::from("fallback"),
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

/// Returns the settings that will hold for `target`: the planned ones, else the live ones, else the factory's.
pub(super) fn holding(context: &Context<'_>, difference: &Difference, target: &Target) -> (Settings, Option<String>) {
    let target = target.policy_target();
    for change in &difference.changes {
        if let Subject::Settings { target: changed, after, .. } = &change.subject {
            if *changed == target {
                return ((**after).clone(), Some(change.address.clone()));
            }
        }
    }
    let live = context.observed.settings.get(&target).cloned();
    (live.unwrap_or_else(|| factory(target.surface())), None)
}
