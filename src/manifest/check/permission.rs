//! Checks: names of permissions in custom roles.

use std::collections::HashMap;

use crate::catalog::azure_operation::{self, Plane};
use crate::catalog::directory_action;
use crate::catalog::similar::did_you_mean;
use crate::core::diagnostic::Diagnostic;
use crate::core::target::Surface;
use crate::core::vocabulary::Vocabulary;
use crate::manifest::check::bound::{Advice, COMPLAINTS};
use crate::manifest::check::run::{Entry, Run};
use crate::manifest::kind::role::RoleWords;
use crate::manifest::kind::role_definition::{AzureRoleDefinition, DirectoryRoleDefinition, PermissionWords};

/// A permission as written.
struct Listed<'a> {
    entry: &'a Entry<'a>,
    route: String,
    text: &'a str,
    /// What kind of role it is in.
    of: &'static PermissionWords,
    /// It is in `dataActions` or `notDataActions`.
    is_data: bool,
    /// The list it is in: nothing on directory roles.
    list: &'static str,
}

impl Listed<'_> {
    fn vocabulary(&self) -> &'static Vocabulary {
        &self.of.surface.capability().vocabulary
    }

    /// Tells whether it stands for all that it matches.
    fn is_pattern(&self) -> bool {
        self.of.surface.capability().has_permission_patterns && self.text.contains('*')
    }

    /// Returns the kind of role that it belongs into for certain, where that is another one: its namespace is in the other
    /// catalog and not in its own.
    fn belongs(&self) -> Option<&'static PermissionWords> {
        let knows = |surface: Surface| (surface.capability().vocabulary.has_namespace)(self.text);
        let mut others = PermissionWords::ALL.into_iter().filter(|other| other.surface != self.of.surface);
        others.find(|other| knows(other.surface) && !knows(self.of.surface))
    }
}

fn permissions<'a>(run: &Run<'a>) -> Vec<Listed<'a>> {
    let mut found = of_directory(run);
    found.extend(of_azure(run));
    found
}

fn of_directory<'a>(run: &Run<'a>) -> Vec<Listed<'a>> {
    let mut found = Vec::new();
    for (entry, role) in &run.directory_roles {
        for (index, text) in role.permissions.iter().enumerate() {
            let route = format!("/permissions/{index}");
            let of = &DirectoryRoleDefinition::PERMISSION;
            found.push(Listed { entry, route, text, of, is_data: false, list: "" });
        }
    }
    found
}

fn of_azure<'a>(run: &Run<'a>) -> Vec<Listed<'a>> {
    let mut found = Vec::new();
    for (entry, role) in &run.azure_roles {
        let lists = [
            ("actions", &role.permissions.actions, false),
            ("notActions", &role.permissions.not_actions, false),
            ("dataActions", &role.permissions.data_actions, true),
            ("notDataActions", &role.permissions.not_data_actions, true),
        ];
        for (list, texts, is_data) in lists {
            for (index, text) in texts.iter().flatten().enumerate() {
                let route = format!("/permissions/{list}/{index}");
                found.push(Listed { entry, route, text, of: &AzureRoleDefinition::PERMISSION, is_data, list });
            }
        }
    }
    found
}

/// `microsoft.directory/…` belongs into directory roles, operations of resource providers into Azure roles
/// (hashicorp/terraform-provider-azuread#341, -azurerm#8766).
pub(super) fn wrong_surface(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for listed in permissions(run) {
        let Some(right) = listed.belongs() else { continue };
        let mut help = format!("move it to {}", right.document);
        if let Some(role) = (right.surface.capability().vocabulary.holder)(listed.text) {
            help.push_str(&format!(", or assign the {} `{role}`", RoleWords::of(right.surface).one));
        }
        let role = RoleWords::of(listed.of.surface).a_one;
        let text = format!("`{}` is {}; {role} cannot hold it", listed.text, right.foreign);
        found.push(Diagnostic::error("wrong-surface-permission", listed.entry.at(&listed.route), text).help(help));
    }
}

/// A permission is in the catalog. Only a warning: the catalog ages. Stops after [`COMPLAINTS`] unknown ones.
pub(super) fn unknown(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    let mut left = COMPLAINTS;
    for listed in permissions(run).iter().filter(|listed| listed.belongs().is_none()) {
        if (listed.vocabulary().has_permission)(listed.text) {
            continue;
        }
        let Some(less) = left.checked_sub(1) else { return };
        left = less;
        let what = listed.of.one;
        let text = match listed.is_pattern() {
            true => format!("no known {what} matches `{}`", listed.text),
            false => format!("no {what} `{}` is known", listed.text),
        };
        let diagnostic = Diagnostic::warning("unknown-permission", listed.entry.at(&listed.route), text);
        found.push(match (listed.vocabulary().suggest_permission)(listed.text) {
            Some(known) => diagnostic.help(did_you_mean(&known)),
            None => diagnostic,
        });
    }
}

/// Each permission is listed once; case does not matter (limits.json `azure.customRole.permissionStrings.caseInsensitive`).
pub(super) fn repeated(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    let all = permissions(run);
    let mut seen: HashMap<(*const Entry<'_>, &str, String), &Listed<'_>> = HashMap::new();
    for listed in &all {
        let key = (std::ptr::from_ref(listed.entry), listed.list, listed.text.trim().to_ascii_lowercase());
        match seen.get(&key) {
            None => {
                seen.insert(key, listed);
            }
            Some(first) => {
                let text = format!("`{}` is listed twice", listed.text);
                let diagnostic = Diagnostic::warning("repeated-permission", listed.entry.at(&listed.route), text);
                let first = first.entry.document.at(&format!("/spec{}", first.route));
                found.push(diagnostic.label(first, "first listed here"));
            }
        }
    }
}

/// Custom directory roles take only a part of all permissions; which, only the service knows (graph.md 2.2).
pub(super) fn undocumented(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for listed in of_directory(run) {
        if directory_action::find(listed.text).is_some_and(|action| !action.is_documented_for_custom_roles) {
            let text = format!("`{}` is not documented for custom roles", listed.text);
            let diagnostic = Diagnostic::notice("undocumented-permission", listed.entry.at(&listed.route), text);
            found.push(
                diagnostic.help("the service may refuse it with `Action … is not supported for Custom Role creation`"),
            );
        }
    }
}

/// Control-plane operations belong into `actions`, data-plane operations into `dataActions`. Sure where a built-in role lists
/// the operation.
pub(super) fn wrong_plane(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    plane(run, found, |plane| match plane {
        Plane::Control => Some(false),
        Plane::Data => Some(true),
        _ => None,
    });
}

/// The same where the plane is only inferred from the operation's siblings, and for patterns that stand for operations of the other
/// plane alone: a hint.
pub(super) fn doubtful_plane(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    plane(run, found, |plane| match plane {
        Plane::ControlInferred => Some(false),
        Plane::DataInferred => Some(true),
        _ => None,
    });
    let mut budget = Advice::new();
    for listed in of_azure(run).iter().filter(|listed| listed.is_pattern()) {
        if !budget.take(PATTERN) {
            return;
        }
        let mut known = azure_operation::matching(listed.text).peekable();
        let other = if listed.is_data { Plane::Control } else { Plane::Data };
        if known.peek().is_some() && known.all(|operation| operation.plane == other) {
            let (plane, right) = right_list(!listed.is_data, listed.list);
            let text = format!("every known operation that matches `{}` is of the {plane} plane", listed.text);
            let diagnostic = Diagnostic::notice("doubtful-plane", listed.entry.at(&listed.route), text);
            found.push(diagnostic.help(format!("if that is what is meant, move it to `{right}`")));
        }
    }
}

/// What the expansion of a pattern takes from a budget that counts names.
const PATTERN: usize = 200;

/// Returns the words for a plane and for the list of it that corresponds to `list`.
fn right_list(is_data: bool, list: &str) -> (&'static str, &'static str) {
    match (is_data, list.starts_with("not")) {
        (true, false) => ("data", "dataActions"),
        (true, true) => ("data", "notDataActions"),
        (false, false) => ("control", "actions"),
        (false, true) => ("control", "notActions"),
    }
}

fn plane(run: &Run<'_>, found: &mut Vec<Diagnostic>, is_data: impl Fn(Plane) -> Option<bool>) {
    for listed in of_azure(run) {
        let Some(known) = azure_operation::find(listed.text) else { continue };
        let Some(belongs) = is_data(known.plane).filter(|belongs| *belongs != listed.is_data) else { continue };
        let (plane, right) = right_list(belongs, listed.list);
        let at = listed.entry.at(&listed.route);
        let is_sure = matches!(known.plane, Plane::Control | Plane::Data);
        found.push(if is_sure {
            let text = format!("`{}` is an operation of the {plane} plane", known.name);
            Diagnostic::error("wrong-plane", at, text).help(format!("move it to `{right}`"))
        } else {
            let text = format!("`{}` looks like an operation of the {plane} plane", known.name);
            Diagnostic::notice("doubtful-plane", at, text).help(format!("if it is, move it to `{right}`"))
        });
    }
}

/// Documents disagree whether a permission may have more than one wildcard (limits.json `azure.customRole.action.maxWildcards`
/// says one; arm.md A.4 says several), so it is a warning.
pub(super) fn several_wildcards(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for listed in of_azure(run) {
        if listed.text.matches('*').count() > 1 {
            let text = format!("`{}` has more than one wildcard", listed.text);
            let diagnostic = Diagnostic::warning("several-wildcards", listed.entry.at(&listed.route), text);
            found.push(diagnostic.help("Microsoft documents one wildcard a permission"));
        }
    }
}
