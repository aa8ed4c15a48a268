//! Checks: custom Azure roles are used where they may be assigned, as far as paths show it. What a management group contains only
//! the tenant knows.

use crate::core::diagnostic::Diagnostic;
use crate::core::id::is_guid;
use crate::core::scope::ArmScope;
use crate::core::target::Surface;
use crate::manifest::check::bound::Advice;
use crate::manifest::check::reference::{User, scope_uses};
use crate::manifest::check::run::{Entry, Meant, Run};
use crate::manifest::kind::Spec;
use crate::manifest::kind::role::GovernedRole;
use crate::manifest::kind::role_definition::AzureRoleDefinition;
use crate::manifest::kind::scope::Scope;

/// An Azure scope as far as it is known offline.
enum Place {
    /// `/`.
    Root,
    /// A management group, whatever it contains.
    Group,
    /// A subscription, and the path below it, in lower case.
    Below {
        /// The subscription, by id or by name.
        subscription: String,
        /// What follows; empty for the subscription itself.
        path: Vec<String>,
    },
}

/// Returns the place of a scope; none when nothing is known, or when it stands for several.
fn place(meant: &Meant<'_>) -> Option<Place> {
    let of_id = |scope: &ArmScope| {
        let mut segments = scope.as_str().split('/').skip(1).map(str::to_owned);
        match segments.next()?.as_str() {
            "" => Some(Place::Root),
            "subscriptions" => Some(Place::Below { subscription: segments.next()?, path: segments.collect() }),
            _ => Some(Place::Group),
        }
    };
    match meant {
        Meant::Arm(scope) | Meant::Named(Scope::Resource { resource: scope }) => of_id(scope),
        Meant::Named(Scope::ManagementGroup { .. }) => Some(Place::Group),
        Meant::Named(Scope::Subscription { subscription, resource_group }) => {
            let group = resource_group.iter().flat_map(|name| ["resourcegroups".to_owned(), name.to_lowercase()]);
            Some(Place::Below { subscription: subscription.to_lowercase(), path: group.collect() })
        }
        _ => None,
    }
}

/// Tells whether `inner` certainly does not lie in `outer`.
fn is_outside(outer: &Place, inner: &Place) -> bool {
    match (outer, inner) {
        (Place::Root, _) => false,
        (_, Place::Root) => true,
        (Place::Group, _) => false,
        (Place::Below { .. }, Place::Group) => true,
        (Place::Below { subscription: a, path: above }, Place::Below { subscription: b, path }) => {
            // a name and an id may mean the same subscription
            a != b && is_guid(a) == is_guid(b) || !path.starts_with(above)
        }
    }
}

/// Returns the custom Azure role of this run that a document names at the route of one of its scopes.
fn role<'a>(
    run: &Run<'a>,
    entry: &Entry<'a>,
    route: &str,
    by: User,
) -> Option<(&'a Entry<'a>, &'a AzureRoleDefinition)> {
    let name = match (by, entry.spec?) {
        (User::Assignment, spec) => {
            let role = spec.assignment()?.role;
            (role.surface() == Surface::Azure).then(|| role.name().to_owned())?
        }
        (User::Settings, Spec::RoleSettings(settings)) => {
            let index: usize = route.strip_prefix("/appliesTo/")?.split('/').next()?.parse().ok()?;
            match settings.applies_to.get(index)? {
                GovernedRole::Azure { azure_role, .. } => azure_role.clone(),
                _ => return None,
            }
        }
        _ => return None,
    };
    let declared = run.declared(Surface::Azure, &name)?;
    match declared.spec {
        Some(Spec::AzureRoleDefinition(role)) => Some((declared, role)),
        _ => None,
    }
}

/// A custom role can be assigned, and has settings, only in its assignable scopes (arm.md A.2).
pub(super) fn outside(run: &Run<'_>, found: &mut Vec<Diagnostic>) {
    let mut budget = Advice::new();
    for used in scope_uses(run).iter().filter(|used| matches!(used.by, User::Assignment | User::Settings)) {
        let Some((declared, role)) = role(run, used.entry, &used.route, used.by) else { continue };
        let Some(inner) = place(&run.scope(used.name)) else { continue };
        if !declared.is_whole() {
            continue;
        }
        if !budget.take(role.assignable_scopes.len()) {
            return;
        }
        let is_outside = |name: &String| place(&run.scope(name)).is_some_and(|outer| is_outside(&outer, &inner));
        if role.assignable_scopes.iter().all(is_outside) {
            let text = format!("`{}` is not assignable at this scope", role.display_name);
            let diagnostic = Diagnostic::warning("outside-assignable-scopes", used.entry.at(&used.route), text);
            let scopes = declared.document.key_at("/spec/assignableScopes");
            found.push(
                diagnostic.label(scopes, "it is assignable at these").help("add the scope, or one above it, there"),
            );
        }
    }
}
