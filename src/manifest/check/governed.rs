//! Role settings as one target gets them: profiles and own fields merged, each with the line that won.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::core::origin::Origin;
use crate::core::period::Period;
use crate::core::policy::default::factory;
use crate::core::policy::field::{NotificationPart, SettingField, SettingValue};
use crate::core::policy::rule::{Event, NotificationLevel, Recipient, Requirement};
use crate::core::target::Surface;
use crate::manifest::check::run::{Entry, Run};
use crate::manifest::kind::Spec;
use crate::manifest::kind::principal::Principal;
use crate::manifest::kind::role_settings::{Blocks, RoleSettings, Undeclared};
use crate::manifest::kind::setting::{Approval, Approvers, Context, Permanence, Setting};

/// A declared value, with principals by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// The service's factory value.
    Default,
    /// Yes or no; for `permanent`, yes is allowed.
    Flag(bool),
    /// A length of time.
    Period(Period),
    /// A set of demands.
    Requirements(BTreeSet<Requirement>),
    /// Approvers; none is the service's own fallback.
    Approvers(Option<BTreeSet<&'a Principal>>),
    /// A number of days.
    Days(u32),
    /// An authentication context, or none.
    Context(Option<&'a str>),
    /// A notification level.
    Level(NotificationLevel),
    /// Mail addresses.
    Addresses(BTreeSet<String>),
}

/// The merged settings.
#[derive(Clone)]
pub(super) struct Governed<'a> {
    /// The RoleSettings document.
    pub(super) entry: &'a Entry<'a>,
    /// The declared fields and the document whose line won.
    pub(super) fields: BTreeMap<SettingField, (Value<'a>, &'a Entry<'a>)>,
    /// `undeclared: serviceDefault`.
    pub(super) undeclared_is_factory: bool,
}

impl<'a> Governed<'a> {
    /// Merges: profiles in order, later ones win, own fields win over all. Profiles that cannot be read are left out.
    pub(super) fn merge(run: &Run<'a>, entry: &'a Entry<'a>, settings: &'a RoleSettings) -> Self {
        let mut fields = BTreeMap::new();
        let names: Vec<&str> = settings.extends.iter().flatten().map(String::as_str).collect();
        // of a profile that is named again only the last place counts
        let last: HashMap<&str, usize> = names.iter().enumerate().map(|(at, name)| (*name, at)).collect();
        for (_, name) in names.iter().enumerate().filter(|(at, name)| last.get(*name) == Some(at)) {
            if let Some((profile, Some(content))) = run.profiles.get(name) {
                fields.extend(declared(content.blocks()).into_iter().map(|(field, value)| (field, (value, *profile))));
            }
        }
        fields.extend(declared(settings.blocks()).into_iter().map(|(field, value)| (field, (value, entry))));
        Self { entry, fields, undeclared_is_factory: settings.undeclared == Some(Undeclared::ServiceDefault) }
    }

    /// Tells whether nothing was left out of the documents that it was merged from.
    pub(super) fn is_whole(&self, run: &Run<'_>) -> bool {
        let Some(Spec::RoleSettings(settings)) = self.entry.spec else { return false };
        let mut profiles = settings.extends.iter().flatten().map(|name| run.profiles.get(name.as_str()));
        self.entry.is_whole() && profiles.all(|profile| profile.is_some_and(|(entry, _)| entry.is_whole()))
    }

    /// Returns the place of a declared field; of the document's name where it is not declared.
    pub(super) fn at(&self, field: SettingField) -> Origin {
        self.fields.get(&field).map_or_else(|| self.entry.head(), |(_, entry)| place(entry, field))
    }

    /// Returns the value that a field will have, as far as this run decides it: factory values are filled in.
    pub(super) fn will_be(&self, field: SettingField, surface: Surface) -> Option<Value<'a>> {
        match self.fields.get(&field).map(|(value, _)| value) {
            Some(Value::Default) => Some(factory_value(field, surface)),
            Some(value) => Some(value.clone()),
            None if self.undeclared_is_factory => Some(factory_value(field, surface)),
            None => None,
        }
    }

    /// Tells whether the settings will demand something, as far as this run decides it.
    pub(super) fn demands(&self, event: Event, requirement: Requirement, surface: Surface) -> bool {
        matches!(self.will_be(SettingField::Require(event), surface), Some(Value::Requirements(set)) if set.contains(&requirement))
    }
}

/// Returns the place of a field that `entry` declares.
pub(super) fn place(entry: &Entry<'_>, field: SettingField) -> Origin {
    entry.document.at(&format!("/spec/{}", field.to_string().replace('.', "/")))
}

fn factory_value<'a>(field: SettingField, surface: Surface) -> Value<'a> {
    match field.get(&factory(surface)) {
        SettingValue::Flag(yes) => Value::Flag(yes),
        SettingValue::Period(period) => period.map_or(Value::Default, Value::Period),
        SettingValue::Requirements(set) => Value::Requirements(set),
        SettingValue::Approvers(_) => Value::Approvers(None),
        SettingValue::Days(days) => Value::Days(days),
        SettingValue::Context(_) => Value::Context(None),
        SettingValue::Level(level) => Value::Level(level),
        SettingValue::Addresses(set) => Value::Addresses(set),
    }
}

/// Returns what one document declares, field by field.
pub(super) fn declared<'a>(blocks: Blocks<'a>) -> Vec<(SettingField, Value<'a>)> {
    let mut fields = Vec::new();
    for event in Event::ALL {
        if let Some(rules) = blocks.assignment_rules(event) {
            let allowed = |permanence: &Permanence| Value::Flag(*permanence == Permanence::Allowed);
            add(&mut fields, SettingField::Permanent(event), rules.permanent.as_ref(), allowed);
            add(&mut fields, SettingField::MaxDuration(event), rules.max_duration.as_ref(), |p| Value::Period(*p));
            add(&mut fields, SettingField::Require(event), rules.require.as_ref(), |list| requirements(list));
        }
        for recipient in Recipient::ALL {
            let field = |part| SettingField::Notification(event, recipient, part);
            use NotificationPart::{DefaultRecipients, Level, Recipients};
            match blocks.recipients(event).and_then(|recipients| recipients.to(recipient)) {
                None => {}
                Some(Setting::Default) => {
                    fields.extend([Level, DefaultRecipients, Recipients].map(|part| (field(part), Value::Default)));
                }
                Some(Setting::Value(mail)) => {
                    add(&mut fields, field(Level), mail.level.as_ref(), |level| Value::Level(*level));
                    add(&mut fields, field(DefaultRecipients), mail.default_recipients.as_ref(), |yes| {
                        Value::Flag(*yes)
                    });
                    add(&mut fields, field(Recipients), mail.recipients.as_ref(), |list| {
                        Value::Addresses(list.iter().map(|address| address.to_lowercase()).collect())
                    });
                }
            }
        }
    }
    if let Some(activation) = blocks.activation {
        let event = Event::Activation;
        add(&mut fields, SettingField::MaxDuration(event), activation.max_duration.as_ref(), |p| Value::Period(*p));
        add(&mut fields, SettingField::Require(event), activation.require.as_ref(), |list| requirements(list));
        add(&mut fields, SettingField::AuthenticationContext, activation.authentication_context.as_ref(), |context| {
            Value::Context(match context {
                Context::None => None,
                Context::Id(id) => Some(id.as_str()),
            })
        });
        approval(&mut fields, activation.approval.as_ref());
    }
    fields
}

fn approval<'a>(fields: &mut Vec<(SettingField, Value<'a>)>, approval: Option<&'a Setting<Approval>>) {
    match approval {
        None => {}
        Some(Setting::Default) => fields.push((SettingField::ApprovalRequired, Value::Default)),
        Some(Setting::Value(Approval::None(_))) => fields.push((SettingField::ApprovalRequired, Value::Flag(false))),
        Some(Setting::Value(Approval::Required(rules))) => {
            fields.push((SettingField::ApprovalRequired, Value::Flag(true)));
            match &rules.approvers {
                None => {}
                Some(Approvers::Fallback(_)) => fields.push((SettingField::Approvers, Value::Approvers(None))),
                Some(Approvers::These(list)) => {
                    fields.push((SettingField::Approvers, Value::Approvers(Some(list.iter().collect()))));
                }
            }
            let flag = |yes: &bool| Value::Flag(*yes);
            add(fields, SettingField::RequestorJustification, rules.requestor_justification.as_ref(), flag);
            add(fields, SettingField::ApproverJustification, rules.approver_justification.as_ref(), flag);
            add(fields, SettingField::ApprovalTimeout, rules.timeout_days.as_ref(), |days| Value::Days(*days));
        }
    }
}

fn requirements<'a>(list: &[Requirement]) -> Value<'a> {
    Value::Requirements(list.iter().copied().collect())
}

fn add<'a, T>(
    fields: &mut Vec<(SettingField, Value<'a>)>,
    field: SettingField,
    setting: Option<&'a Setting<T>>,
    value: impl Fn(&'a T) -> Value<'a>,
) {
    match setting {
        None => {}
        Some(Setting::Default) => fields.push((field, Value::Default)),
        Some(Setting::Value(content)) => fields.push((field, value(content))),
    }
}
