//! Where to look in Azure: the hierarchy first, then only the scopes that the manifests speak of.

use std::collections::BTreeSet;

use crate::core::diagnostic::Diagnostic;
use crate::core::hierarchy::Hierarchy;
use crate::core::name::Names;
use crate::core::observed::{Observed, Part, Unreadable};
use crate::core::origin::Origin;
use crate::core::reach::{Asked, Reach};
use crate::core::scope::{ArmScope, ArmScopeKind};
use crate::core::target::Surface;
use crate::reconcile::hierarchy::{Landscape, similar};
use crate::reconcile::observe;
use crate::transport::{Client, TransportError};

/// Reads what lies at the Azure scopes that the manifests speak of, and returns it with the mistakes
/// that only the tenant reveals: scopes that do not exist, fan-outs that cannot be seen whole.
pub(super) async fn survey(
    client: &Client,
    asked: &dyn Asked,
    mut landscape: Landscape,
    names: &Names,
) -> Result<(Observed, Vec<Diagnostic>), TransportError> {
    let reader = client.reader();
    let mut mistakes = Vec::new();
    let fan_outs = asked.fan_outs(names);
    let wanted: BTreeSet<ArmScope> = (fan_outs.iter())
        .filter(|fan_out| fan_out.value.kinds.contains(&ArmScopeKind::ResourceGroup))
        .flat_map(|fan_out| landscape.hierarchy.below(&fan_out.value.group, &[ArmScopeKind::Subscription]))
        .collect();
    landscape.list_groups(&reader, &wanted).await?;
    for fan_out in &fan_outs {
        if let Some(why) = landscape.gap_below(&fan_out.value.group, &fan_out.value.kinds) {
            let message = format!("what lies below {} could not be read: {why}", fan_out.value.group);
            let mistake = Diagnostic::error("unreadable-name", Some(fan_out.at.clone()), message);
            mistakes.push(mistake.help("a fan-out that is not seen whole would leave scopes without their settings"));
        }
    }
    let reach = asked.reach(names, &landscape.hierarchy);
    let missing = missing_resources(&reader, &reach).await?;
    let mut observed = observe::observe(client, Surface::Azure, &reach).await?;
    observed.absent.extend(missing);
    observed.absent.extend(unassignable(&reader, &mut landscape, &reach).await?);
    let foreign = |scope: &&ArmScope| scope.subscription().is_some_and(|own| landscape.foreign.contains(&own));
    let strangers: Vec<ArmScope> = reach.scopes().filter(foreign).cloned().collect();
    observed.absent.extend(strangers.into_iter().map(|scope| (scope, "it belongs to another tenant".to_owned())));
    let absent: Vec<ArmScope> = observed.absent.keys().cloned().collect();
    let subscriptions = absent.iter().filter(|scope| scope.kind() == ArmScopeKind::ResourceGroup);
    let subscriptions: BTreeSet<ArmScope> = subscriptions.filter_map(ArmScope::subscription).collect();
    // only to say what could have been meant
    landscape.list_groups(&reader, &subscriptions).await?;
    for (scope, why) in &observed.absent {
        mistakes.push(absence(scope, why, reach.origin(scope), &landscape.hierarchy));
    }
    for group in &reach.descended {
        // what is not known to lie below is not owned: that it is in sync nobody can say
        if let Some(why) = landscape.gap_below(group, &[]) {
            let (surface, part, scope) = (Surface::Azure, Part::Hierarchy, Some(group.clone()));
            observed.unreadable.push(Unreadable { surface, part, scope, group: None, role: None, name: None, why });
        }
    }
    observed.unreadable.retain(|gap| gap.scope.as_ref().is_none_or(|scope| !absent.contains(scope)));
    observed.hierarchy = landscape.hierarchy;
    Ok((observed, mistakes))
}

/// Returns the resources that manifests name and that are not there. Nested ones are looked for by the resource that they
/// belong to, since lists show no others; where a list is refused, nothing is concluded.
async fn missing_resources(
    reader: &crate::transport::Reader,
    reach: &Reach,
) -> Result<Vec<(ArmScope, String)>, TransportError> {
    let asked = reach.settings.keys().chain(reach.assignments.keys());
    let wanted: BTreeSet<ArmScope> = asked.filter(|s| s.kind() == ArmScopeKind::Resource).cloned().collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let known = Landscape::resources(reader, &wanted).await?;
    let is_there = |scope: &ArmScope| {
        let group = scope.resource_group().and_then(|group| known.get(&group));
        group.is_none_or(|resources| resources.iter().any(|resource| resource.contains_path(scope)))
    };
    let missing = wanted.into_iter().filter(|scope| !is_there(scope));
    Ok(missing.map(|scope| (scope, "its resource group does not hold it".to_owned())).collect())
}

/// Returns the scopes where declared roles shall be assignable and that are not there: nothing else of the run need look at them.
async fn unassignable(
    reader: &crate::transport::Reader,
    landscape: &mut Landscape,
    reach: &Reach,
) -> Result<Vec<(ArmScope, String)>, TransportError> {
    let groups = reach.assignable.keys().filter(|scope| scope.kind() == ArmScopeKind::ResourceGroup);
    let subscriptions: BTreeSet<ArmScope> = groups.filter_map(ArmScope::subscription).collect();
    landscape.list_groups(reader, &subscriptions).await?;
    let is_absent = |scope: &&ArmScope| {
        let is_unknown = landscape.hierarchy.name(scope).is_none();
        match scope.kind() {
            ArmScopeKind::Root | ArmScopeKind::Resource => false,
            ArmScopeKind::ResourceGroup => {
                is_unknown && scope.subscription().is_some_and(|own| landscape.hierarchy.has_groups_of(&own))
            }
            ArmScopeKind::ManagementGroup | ArmScopeKind::Subscription => is_unknown && landscape.is_whole(),
        }
    };
    let absent = reach.assignable.keys().filter(is_absent);
    Ok(absent.map(|scope| (scope.clone(), "looked for in the tenant's hierarchy".to_owned())).collect())
}

/// Returns the mistake of a manifest that names a scope which does not exist.
fn absence(scope: &ArmScope, why: &str, at: Option<&Origin>, hierarchy: &Hierarchy) -> Diagnostic {
    let kind = scope.kind();
    let message = format!("there is no {} `{scope}`", kind.as_str());
    let mistake = Diagnostic::error("unknown-azure-scope", at.cloned(), message).note(why.to_owned());
    // subscriptions and management groups are all siblings, resource groups those of one subscription
    let is_near = |other: &ArmScope| kind <= ArmScopeKind::Subscription || other.subscription() == scope.subscription();
    let siblings = hierarchy.scopes().filter(|(other, _)| other.kind() == kind && is_near(other));
    let siblings = siblings.filter(|(other, _)| *other != scope);
    let siblings = siblings.collect::<Vec<_>>();
    match similar(siblings.iter().copied(), scope.name()).first() {
        Some(name) => mistake.help(format!("did you mean `{name}`?")),
        None if kind == ArmScopeKind::ResourceGroup && !siblings.is_empty() => {
            let names: Vec<&str> = siblings.iter().map(|(_, name)| *name).take(10).collect();
            mistake.help(format!("the subscription has {}", names.join(", ")))
        }
        None => mistake,
    }
}
