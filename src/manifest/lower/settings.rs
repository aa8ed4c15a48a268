//! Role settings: profiles in order, own fields over all, one block of fields per target.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::declared::Declared;
use crate::core::diagnostic::Diagnostic;
use crate::core::origin::Origin;
use crate::core::policy::field::{DeclaredSettings, NotificationPart, SettingField, SettingValue, Want};
use crate::core::policy::rule::{Approver, Event, Recipient};
use crate::core::principal::PrincipalType;
use crate::core::scope::DirectoryScope;
use crate::core::target::Target;
use crate::manifest::code;
use crate::manifest::document::Document;
use crate::manifest::kind::role::GovernedRole;
use crate::manifest::kind::role_settings::{Blocks, RoleSettings, Undeclared};
use crate::manifest::kind::setting::{
    Activation, Approval, ApprovalRules, Approvers, AssignmentRules, Context, Mail, Permanence, Setting,
};
use crate::manifest::kind::{Kind, Spec};
use crate::manifest::lower::scope::Place;
use crate::manifest::lower::{Run, repeated};
use crate::manifest::suggestion::closest;

type Fields = BTreeMap<SettingField, Declared<Want>>;

impl Run<'_> {
    /// Returns the declared settings of every target.
    pub(super) fn settings(&mut self) -> BTreeMap<Target, Declared<DeclaredSettings>> {
        let mut out: BTreeMap<Target, Declared<DeclaredSettings>> = BTreeMap::new();
        for (document, spec) in self.specs(Kind::RoleSettings) {
            let Spec::RoleSettings(settings) = spec else { continue };
            let declared = self.merged(document, settings);
            for (at, governed) in settings.applies_to.iter().enumerate() {
                let here = document.at(&format!("/spec/appliesTo/{at}"));
                for target in self.governed(document, governed, at) {
                    match out.get(&target) {
                        None => {
                            out.insert(target, Declared::new(declared.clone(), here.clone()));
                        }
                        Some(first) => self.complain_about_repeated(governed, first, &declared, &here),
                    }
                }
            }
        }
        out
    }

    /// Merges the profiles and the own fields of role settings.
    fn merged(&mut self, document: &Document, settings: &RoleSettings) -> DeclaredSettings {
        let mut fields = Fields::new();
        for (at, name) in settings.extends.iter().flatten().enumerate() {
            let Some(profile) = self.profiles.get(name.as_str()).copied() else {
                let at = document.at(&format!("/spec/extends/{at}"));
                self.error(code::UNKNOWN_PROFILE, at, format!("no SettingsProfile manifest is named `{name}`"));
                if let Some(meant) = closest(name, self.profiles.keys().copied())
                    && let Some(last) = self.diagnostics.last_mut()
                {
                    last.help.push(format!("did you mean `{meant}`?"));
                }
                continue;
            };
            if let Some(Spec::SettingsProfile(spec)) = &profile.spec {
                Merge { run: self, document: profile, fields: &mut fields }.blocks(spec.blocks());
            }
        }
        Merge { run: self, document, fields: &mut fields }.blocks(settings.blocks());
        let undeclared_is_factory = settings.undeclared == Some(Undeclared::ServiceDefault);
        DeclaredSettings { fields, undeclared_is_factory }
    }

    /// Returns the targets of one entry of `appliesTo`.
    fn governed(&mut self, document: &Document, governed: &GovernedRole, index: usize) -> Vec<Target> {
        let id = governed.role().reference();
        match governed {
            GovernedRole::Directory { .. } => self
                .role(&id)
                .map(|role| Target::Directory { role, scope: DirectoryScope::Tenant })
                .into_iter()
                .collect(),
            GovernedRole::Group { access, .. } => {
                self.group(&id).map(|group| Target::Group { group, access: (*access).into() }).into_iter().collect()
            }
            GovernedRole::Azure { scopes, .. } => {
                let mut targets = Vec::new();
                for (at, written) in scopes.iter().enumerate() {
                    let at = document.at(&format!("/spec/appliesTo/{index}/scopes/{at}"));
                    let scopes = match self.place(written, &at) {
                        None => continue,
                        Some(Place::Azure(scope)) => vec![scope],
                        Some(Place::Directory(_)) => {
                            let message =
                                format!("`{written}` is a scope of the directory; Azure roles do not hold there");
                            self.error(code::WRONG_SCOPE, at, message);
                            continue;
                        }
                        Some(Place::FanOut(scopes)) => {
                            if scopes.is_empty() {
                                let message = format!("`{written}` means no scope: nothing of its kinds lies there");
                                let warning = Diagnostic::warning(code::EMPTY_FAN_OUT, Some(at), message);
                                self.diagnostics.push(warning.note("looked up in the tenant"));
                            }
                            scopes
                        }
                    };
                    if let Some(role) = self.role(&id) {
                        targets.extend(scopes.into_iter().map(|scope| Target::Azure { role: role.clone(), scope }));
                    }
                }
                targets
            }
        }
    }

    /// Complains about a second declaration of the same role's settings, and names the first field that differs.
    fn complain_about_repeated(
        &mut self,
        governed: &GovernedRole,
        first: &Declared<DeclaredSettings>,
        second: &DeclaredSettings,
        here: &Origin,
    ) {
        let (a, b) = (&first.value, second);
        let differing = SettingField::all()
            .into_iter()
            .find(|field| a.fields.get(field).map(|want| &want.value) != b.fields.get(field).map(|want| &want.value));
        let is_equal = differing.is_none() && a.undeclared_is_factory == b.undeclared_is_factory;
        let what = format!("the role settings of `{}`", governed.role().name());
        let mut diagnostic = repeated(&what, &first.at, here, is_equal);
        if let Some(field) = differing {
            for (settings, text) in [(a, "there"), (b, "here")] {
                if let Some(want) = settings.fields.get(&field) {
                    diagnostic = diagnostic.label(want.at.clone(), format!("`{field}` as declared {text}"));
                }
            }
        }
        self.diagnostics.push(diagnostic);
    }
}

/// Lays the blocks of one document over the fields so far.
struct Merge<'r, 'a, 'f> {
    run: &'r mut Run<'a>,
    document: &'r Document,
    fields: &'f mut Fields,
}

impl Merge<'_, '_, '_> {
    fn set(&mut self, field: SettingField, want: Want, route: &str) {
        self.fields.insert(field, Declared::new(want, self.document.at(route)));
    }

    /// Sets a field from its three states; absent leaves it as it is.
    fn field<T>(
        &mut self,
        field: SettingField,
        setting: Option<&Setting<T>>,
        route: &str,
        value: impl Fn(&T) -> SettingValue,
    ) {
        match setting {
            None => {}
            Some(Setting::Default) => self.set(field, Want::Factory, route),
            Some(Setting::Value(written)) => self.set(field, Want::Value(value(written)), route),
        }
    }

    fn blocks(&mut self, blocks: Blocks<'_>) {
        if let Some(activation) = blocks.activation {
            self.activation(activation);
        }
        for event in Event::ALL {
            if let Some(rules) = blocks.assignment_rules(event) {
                self.rules(event, rules);
            }
            let Some(recipients) = blocks.recipients(event) else { continue };
            for recipient in Recipient::ALL {
                if let Some(mail) = recipients.to(recipient) {
                    self.mail(event, recipient, mail);
                }
            }
        }
    }

    fn activation(&mut self, activation: &Activation) {
        let event = Event::Activation;
        self.field(
            SettingField::MaxDuration(event),
            activation.max_duration.as_ref(),
            "/spec/activation/maxDuration",
            |period| SettingValue::Period(Some(*period)),
        );
        self.field(SettingField::Require(event), activation.require.as_ref(), "/spec/activation/require", |demands| {
            SettingValue::Requirements(demands.iter().copied().collect())
        });
        self.field(
            SettingField::AuthenticationContext,
            activation.authentication_context.as_ref(),
            "/spec/activation/authenticationContext",
            |context| match context {
                Context::None => SettingValue::Context(None),
                Context::Id(id) => SettingValue::Context(Some(id.clone())),
            },
        );
        self.approval(activation.approval.as_ref());
    }

    /// `none` and `default` speak of all of approval and replace what came before; rules replace the parts that they name.
    fn approval(&mut self, approval: Option<&Setting<Approval>>) {
        const ROUTE: &str = "/spec/activation/approval";
        use SettingField::{
            ApprovalRequired, ApprovalTimeout, ApproverJustification, Approvers, RequestorJustification,
        };
        let all = [ApprovalRequired, Approvers, RequestorJustification, ApproverJustification, ApprovalTimeout];
        match approval {
            None => {}
            Some(Setting::Default) => {
                for field in all {
                    self.set(field, Want::Factory, ROUTE);
                }
            }
            Some(Setting::Value(Approval::None(_))) => {
                for field in all {
                    self.fields.remove(&field);
                }
                self.set(ApprovalRequired, Want::Value(SettingValue::Flag(false)), ROUTE);
            }
            Some(Setting::Value(Approval::Required(rules))) => self.approval_rules(rules),
        }
    }

    fn approval_rules(&mut self, rules: &ApprovalRules) {
        const ROUTE: &str = "/spec/activation/approval";
        self.set(SettingField::ApprovalRequired, Want::Value(SettingValue::Flag(true)), ROUTE);
        let approvers = match &rules.approvers {
            None => None,
            Some(Approvers::Fallback(_)) => Some(BTreeSet::new()),
            Some(Approvers::These(principals)) => {
                let mut approvers = BTreeSet::new();
                for (at, principal) in principals.iter().enumerate() {
                    let make: fn(_) -> Approver = match principal.kind() {
                        PrincipalType::User => Approver::User,
                        PrincipalType::Group => Approver::Group,
                        PrincipalType::ServicePrincipal => {
                            let at = self.document.at(&format!("{ROUTE}/approvers/{at}"));
                            self.run.error(code::INVALID_APPROVER, at, "only users and groups can approve");
                            continue;
                        }
                    };
                    approvers.extend(self.run.principal(&principal.reference()).map(make));
                }
                // an empty set means the service's own approvers: never by accident
                (!approvers.is_empty()).then_some(approvers)
            }
        };
        if let Some(approvers) = approvers {
            let want = Want::Value(SettingValue::Approvers(approvers));
            self.set(SettingField::Approvers, want, &format!("{ROUTE}/approvers"));
        }
        for (field, setting, key) in [
            (SettingField::RequestorJustification, &rules.requestor_justification, "requestorJustification"),
            (SettingField::ApproverJustification, &rules.approver_justification, "approverJustification"),
        ] {
            self.field(field, setting.as_ref(), &format!("{ROUTE}/{key}"), |yes| SettingValue::Flag(*yes));
        }
        self.field(
            SettingField::ApprovalTimeout,
            rules.timeout_days.as_ref(),
            &format!("{ROUTE}/timeoutDays"),
            |days| SettingValue::Days(*days),
        );
    }

    fn rules(&mut self, event: Event, rules: &AssignmentRules) {
        let route = |key: &str| format!("/spec/{}/{key}", event.as_str());
        self.field(SettingField::Permanent(event), rules.permanent.as_ref(), &route("permanent"), |permanence| {
            SettingValue::Flag(*permanence == Permanence::Allowed)
        });
        self.field(SettingField::MaxDuration(event), rules.max_duration.as_ref(), &route("maxDuration"), |period| {
            SettingValue::Period(Some(*period))
        });
        self.field(SettingField::Require(event), rules.require.as_ref(), &route("require"), |demands| {
            SettingValue::Requirements(demands.iter().copied().collect())
        });
    }

    fn mail(&mut self, event: Event, recipient: Recipient, mail: &Setting<Mail>) {
        let route = format!("/spec/notifications/{}/{}", event.as_str(), recipient.as_str());
        let field = |part| SettingField::Notification(event, recipient, part);
        use NotificationPart::{DefaultRecipients, Level, Recipients};
        match mail {
            Setting::Default => {
                for part in [Level, DefaultRecipients, Recipients] {
                    self.set(field(part), Want::Factory, &route);
                }
            }
            Setting::Value(mail) => {
                self.field(field(Level), mail.level.as_ref(), &format!("{route}/level"), |level| {
                    SettingValue::Level(*level)
                });
                let default = mail.default_recipients.as_ref();
                self.field(field(DefaultRecipients), default, &format!("{route}/defaultRecipients"), |yes| {
                    SettingValue::Flag(*yes)
                });
                self.field(field(Recipients), mail.recipients.as_ref(), &format!("{route}/recipients"), |addresses| {
                    SettingValue::Addresses(addresses.iter().map(|address| address.to_lowercase()).collect())
                });
            }
        }
    }
}
