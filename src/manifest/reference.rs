//! Every name in the manifests that only the tenant can explain, with every place where it stands.

use crate::core::declared::Declared;
use crate::core::name::{Handle, NameKind, Reference};
use crate::manifest::Manifests;
use crate::manifest::document::Document;
use crate::manifest::kind::Spec;
use crate::manifest::kind::principal::Principal;
use crate::manifest::kind::role_settings::Blocks;
use crate::manifest::kind::setting::{Approval, Approvers, Context, Setting};
use crate::manifest::kind::tenant::Tenant;

impl Manifests {
    /// Returns every name with every place, sorted by name and place. Role names are among them, those of roles declared
    /// here too; authentication contexts are, with their text as id.
    pub fn references(&self) -> Vec<Declared<Reference>> {
        let mut found = Vec::new();
        for document in &self.documents {
            Collector { document, found: &mut found }.document();
        }
        found.sort_by(|a, b| (&a.value, &a.at).cmp(&(&b.value, &b.at)));
        found
    }
}

/// Returns the reference of an authentication context.
pub(crate) fn context_reference(id: &str) -> Reference {
    Reference::new(NameKind::AuthenticationContext, Handle::Name(id.to_owned()))
}

struct Collector<'a> {
    document: &'a Document,
    found: &'a mut Vec<Declared<Reference>>,
}

impl Collector<'_> {
    fn push(&mut self, reference: Reference, route: &str) {
        self.found.push(Declared::new(reference, self.document.at(route)));
    }

    fn document(&mut self) {
        let document = self.document;
        match &document.spec {
            None => {}
            Some(Spec::Tenant(tenant)) => self.tenant(tenant),
            Some(Spec::Scope(scope)) => {
                if let Some((key, reference)) = scope.reference() {
                    self.push(reference, &format!("/spec/{key}"));
                }
            }
            Some(Spec::SettingsProfile(profile)) => self.blocks(profile.blocks()),
            Some(Spec::RoleSettings(settings)) => {
                for (at, governed) in settings.applies_to.iter().enumerate() {
                    let role = governed.role();
                    self.push(role.reference(), &format!("/spec/appliesTo/{at}/{}", role.key()));
                }
                self.blocks(settings.blocks());
            }
            Some(spec @ (Spec::EligibleAssignment(_) | Spec::ActiveAssignment(_))) => {
                let Some(assignment) = spec.assignment() else { return };
                self.push(assignment.role.reference(), &format!("/spec/role/{}", assignment.role.key()));
                self.principals(assignment.principals, "/spec/principals");
            }
            Some(Spec::DirectoryRoleDefinition(_) | Spec::AzureRoleDefinition(_)) => {}
        }
    }

    fn tenant(&mut self, tenant: &Tenant) {
        self.principals(tenant.break_glass.as_deref().unwrap_or_default(), "/spec/breakGlass");
        if let Some(applier) = &tenant.applied_by {
            self.push(applier.reference(), &format!("/spec/appliedBy/{}", applier.key()));
        }
        let Some(ignore) = &tenant.ignore else { return };
        self.principals(ignore.principals.as_deref().unwrap_or_default(), "/spec/ignore/principals");
        for (at, role) in ignore.roles.iter().flatten().enumerate() {
            let role = role.role();
            self.push(role.reference(), &format!("/spec/ignore/roles/{at}/{}", role.key()));
        }
    }

    fn principals(&mut self, principals: &[Principal], route: &str) {
        for (at, principal) in principals.iter().enumerate() {
            self.push(principal.reference(), &format!("{route}/{at}/{}", principal.key()));
        }
    }

    fn blocks(&mut self, blocks: Blocks<'_>) {
        let Some(activation) = blocks.activation else { return };
        if let Some(Setting::Value(Approval::Required(rules))) = &activation.approval
            && let Some(Approvers::These(approvers)) = &rules.approvers
        {
            self.principals(approvers, "/spec/activation/approval/approvers");
        }
        if let Some(Setting::Value(Context::Id(id))) = &activation.authentication_context {
            self.push(context_reference(id), "/spec/activation/authenticationContext");
        }
    }
}
