//! Complaints about names that mean nothing, or too much, at every place where they stand.

use crate::core::diagnostic::Diagnostic;
use crate::core::name::Reference;
use crate::core::name::{Lookup, Meaning, NameKind};
use crate::core::origin::Origin;
use crate::core::principal::PrincipalType;
use crate::manifest::code;
use crate::manifest::lower::Run;
use crate::manifest::suggestion::list;

impl Run<'_> {
    /// Complains about every reference that is not exactly one object of the right kind.
    pub(super) fn complain_about_names(&mut self) {
        for declared in self.manifests.references() {
            let complaint = match self.names.get(&declared.value) {
                Some(Lookup::One(meaning)) => wrong_kind(&declared.value, meaning, &declared.at),
                Some(other) => Some(complaint(&declared.value, other, declared.at)),
                None => {
                    let unread = Lookup::Unreadable { why: "it was not looked up".to_owned() };
                    Some(complaint(&declared.value, &unread, declared.at))
                }
            };
            self.diagnostics.extend(complaint);
        }
    }
}

fn complaint(reference: &Reference, lookup: &Lookup, at: Origin) -> Diagnostic {
    match lookup {
        Lookup::None { similar } => {
            let message = format!("there is no {reference}");
            let diagnostic =
                Diagnostic::error(unknown(reference.kind), Some(at), message).note("looked up in the tenant");
            match similar.as_slice() {
                [] => diagnostic,
                [one] => diagnostic.help(format!("did you mean `{one}`?")),
                several => {
                    let names: Vec<&str> = several.iter().map(String::as_str).collect();
                    diagnostic.help(format!("similar names are {}", list(&names)))
                }
            }
        }
        Lookup::Several { candidates } => {
            let count = candidates.len();
            let message = format!("the {reference} is not unique: {count} objects have that name");
            let mut diagnostic = Diagnostic::error(code::AMBIGUOUS_NAME, Some(at), message);
            for candidate in candidates {
                diagnostic = diagnostic.help(format!("candidate: {candidate}"));
            }
            diagnostic.help(by_id(reference.kind))
        }
        Lookup::Unreadable { why } => {
            Diagnostic::error(code::UNREADABLE_NAME, Some(at), format!("the {reference} could not be looked up: {why}"))
                .help("nothing is known about it; this does not mean that it is absent")
        }
        Lookup::One(_) => Diagnostic::error(code::UNREADABLE_NAME, Some(at), format!("the {reference} was found")),
    }
}

/// Complains when an id belongs to something else than the manifest says. Of a principal whose type is unknown (it was
/// deleted, or may not be read) the manifest is believed.
fn wrong_kind(reference: &Reference, meaning: &Meaning, at: &Origin) -> Option<Diagnostic> {
    let is_right = match (reference.kind, meaning) {
        (NameKind::Principal(kind), Meaning::Principal(principal)) => match principal.kind {
            Some(found) if found != kind => {
                let message = format!("the {reference} is a {}", NameKind::Principal(found).as_str());
                return Some(
                    Diagnostic::error(code::WRONG_PRINCIPAL_TYPE, Some(at.clone()), message)
                        .help(format!("write `type: {found}`, or another id")),
                );
            }
            _ => true,
        },
        (
            NameKind::AdministrativeUnit | NameKind::Application | NameKind::EnterpriseApplication,
            Meaning::Object { .. },
        )
        | (NameKind::DirectoryRole | NameKind::AzureRole, Meaning::Role { .. })
        | (NameKind::ManagementGroup | NameKind::Subscription, Meaning::Azure { .. })
        | (NameKind::AuthenticationContext, Meaning::Exists) => true,
        _ => false,
    };
    let message = || format!("the {reference} was answered with something else");
    (!is_right).then(|| Diagnostic::error(code::UNREADABLE_NAME, Some(at.clone()), message()))
}

/// Returns the code for a name that means nothing.
fn unknown(kind: NameKind) -> &'static str {
    match kind {
        NameKind::Principal(PrincipalType::User) => code::UNKNOWN_USER,
        NameKind::Principal(PrincipalType::Group) => code::UNKNOWN_GROUP,
        NameKind::Principal(PrincipalType::ServicePrincipal) => code::UNKNOWN_SERVICE_PRINCIPAL,
        NameKind::AdministrativeUnit => code::UNKNOWN_ADMINISTRATIVE_UNIT,
        NameKind::Application => code::UNKNOWN_APPLICATION,
        NameKind::EnterpriseApplication => code::UNKNOWN_ENTERPRISE_APPLICATION,
        NameKind::DirectoryRole => code::UNKNOWN_DIRECTORY_ROLE,
        NameKind::AzureRole => code::UNKNOWN_AZURE_ROLE,
        NameKind::ManagementGroup => code::UNKNOWN_MANAGEMENT_GROUP,
        NameKind::Subscription => code::UNKNOWN_SUBSCRIPTION,
        NameKind::AuthenticationContext => code::UNKNOWN_AUTHENTICATION_CONTEXT,
    }
}

/// Says how to name the object without doubt.
fn by_id(kind: NameKind) -> &'static str {
    match kind {
        NameKind::Principal(_) => "name it by id: `{id: …, type: …}`",
        NameKind::AdministrativeUnit | NameKind::Application | NameKind::EnterpriseApplication => {
            "name it by id: `{id: …}`"
        }
        NameKind::ManagementGroup => {
            "write its full id where the scope is used: /providers/Microsoft.Management/managementGroups/…"
        }
        _ => "write its id in place of the name",
    }
}
