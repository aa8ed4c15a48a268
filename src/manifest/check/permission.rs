//! Checks: names of permissions in custom roles.

use std::collections::HashMap;

use crate::catalog::azure_operation::{self, Plane};
use crate::catalog::similar::did_you_mean;
use crate::catalog::{directory_action, directory_role};
use crate::core::diagnostic::Diagnostic;
use crate::core::target::Surface;
use crate::manifest::check::bound::{Advice, COMPLAINTS};
use crate::manifest::check::run::{Entry, Run};

/// A permission as written.
struct Listed<'a> {
    entry: &'a Entry<'a>,
    route: String,
    text: &'a str,
    surface: Surface,
    /// It is in `dataActions` or `notDataActions`.
    is_data: bool,
    /// The list it is in: nothing on directory roles.
    list: &'static str,
}

fn permissions<'a>(run: &Run<'a>) -> Vec<Listed<'a>> {
    let mut found = Vec::new();
    for (entry, role) in &run.directory_roles {
        for (index, text) in role.permissions.iter().enumerate() {
            let route = format!("/permissions/{index}");
            found.push(Listed { entry, route, text, surface: Surface::Directory, is_data: false, list: "" });
        }
    }
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
                found.push(Listed { entry, route, text, surface: Surface::Azure, is_data, list });
            }
        }
    }
    found
}

/// Tells whether a permission belongs to the other surface for certain: its namespace is one of the other catalog's and none of
/// its own.
fn is_of_other_surface(listed: &Listed<'_>) -> bool {
    match listed.surface {
        Surface::Directory => {
            azure_operation::has_known_provider(listed.text) && !directory_action::has_known_namespace(listed.text)
        }
        _ => directory_action::has_known_namespace(listed.text) && !azure_operation::has_known_provider(listed.text),
    }
}

/// `microsoft.directory/…` belongs into directory roles, operations of resource providers into Azure roles
/// (hashicorp/terraform-provider-azuread#341, -azurerm#8766).
pub(super) fn wrong_surface(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    for listed in permissions(run).iter().filter(|listed| is_of_other_surface(listed)) {
        let (what, help) = match listed.surface {
            Surface::Directory => {
                ("an Azure operation; a directory role cannot hold it", "move it to an AzureRoleDefinition".to_owned())
            }
            _ => {
                let help = match holder(listed.text) {
                    Some(role) => {
                        format!("move it to a DirectoryRoleDefinition, or assign the directory role `{role}`")
                    }
                    None => "move it to a DirectoryRoleDefinition".to_owned(),
                };
                ("a Microsoft Entra permission; an Azure role cannot hold it", help)
            }
        };
        let text = format!("`{}` is {what}", listed.text);
        found.push(Diagnostic::error("wrong-surface-permission", listed.entry.at(&listed.route), text).help(help));
    }
}

/// Returns the built-in directory role with the fewest permissions that holds something like the permission: the same entity and
/// property, whatever the last word.
fn holder(text: &str) -> Option<&'static str> {
    let folded = text.trim().trim_end_matches("/action").to_ascii_lowercase();
    let stem = folded.rsplit_once('/').map(|(stem, _)| format!("{stem}/"))?;
    let holds = |role: &directory_role::DirectoryRole| {
        let mut actions = role.blocks.iter().flat_map(|block| &block.actions);
        actions.any(|action| action.to_ascii_lowercase().starts_with(&stem))
    };
    let size =
        |role: &&directory_role::DirectoryRole| role.blocks.iter().map(|block| block.actions.len()).sum::<usize>();
    let assignable = directory_role::all().iter().filter(|role| role.kind == directory_role::RoleKind::Assignable);
    assignable.filter(|role| holds(role)).min_by_key(size).map(|role| role.name)
}

/// A permission is in the catalog. Only a warning: the catalog ages. Stops after [`COMPLAINTS`] unknown ones.
pub(super) fn unknown(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    let mut left = COMPLAINTS;
    for listed in permissions(run).iter().filter(|listed| !is_of_other_surface(listed)) {
        let (is_known, suggestion) = match listed.surface {
            Surface::Directory if directory_action::find(listed.text).is_some() => (true, None),
            Surface::Directory => (false, directory_action::suggest(listed.text).map(str::to_owned)),
            _ if listed.text.contains('*') => (azure_operation::matches_any(listed.text), None),
            _ => (azure_operation::find(listed.text).is_some(), None),
        };
        if is_known {
            continue;
        }
        let Some(less) = left.checked_sub(1) else { return };
        left = less;
        let what = match listed.surface {
            Surface::Directory => "permission",
            _ if listed.text.contains('*') => "operation that matches",
            _ => "operation",
        };
        let suggestion = suggestion.or_else(|| match listed.surface {
            Surface::Azure => azure_operation::suggest(listed.text),
            Surface::Directory | Surface::Group => None,
        });
        let text = match what {
            "operation that matches" => format!("no known operation matches `{}`", listed.text),
            what => format!("no {what} `{}` is known", listed.text),
        };
        let diagnostic = Diagnostic::warning("unknown-permission", listed.entry.at(&listed.route), text);
        found.push(match suggestion {
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
    for listed in permissions(run).iter().filter(|listed| listed.surface == Surface::Directory) {
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
    for listed in permissions(run).iter().filter(|one| one.surface == Surface::Azure && one.text.contains('*')) {
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
    for listed in permissions(run).iter().filter(|listed| listed.surface == Surface::Azure) {
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
    for listed in permissions(run).iter().filter(|listed| listed.surface == Surface::Azure) {
        if listed.text.matches('*').count() > 1 {
            let text = format!("`{}` has more than one wildcard", listed.text);
            let diagnostic = Diagnostic::warning("several-wildcards", listed.entry.at(&listed.route), text);
            found.push(diagnostic.help("Microsoft documents one wildcard a permission"));
        }
    }
}
