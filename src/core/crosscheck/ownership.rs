//! Owners of groups that hold roles.

use std::collections::BTreeMap;

use crate::core::assignment::AssignmentKey;
use crate::core::chain::Outreach;
use crate::core::crosscheck::{View, listed};
use crate::core::id::{GroupId, PrincipalId};
use crate::core::notice::Notice;
use crate::core::target::{Access, Target};

pub(super) const CODE: &str = "owners-add-themselves";

/// Remarks on groups whose members reach a role and whose owners are no members: an owner can add itself (graph.md 4.4, and
/// "delegate the management of role-assignable groups by adding group owners",
/// learn.microsoft.com/entra/identity/role-based-access-control/groups-concept), and no settings of the role or of the
/// membership ask it for anything. An owner who may only activate its membership is no member, unless it must activate its
/// ownership too.
pub(super) fn check(view: &View<'_>) -> Vec<Notice> {
    let mut owners: BTreeMap<&GroupId, Vec<&AssignmentKey>> = BTreeMap::new();
    let mut reaches: BTreeMap<&PrincipalId, Outreach<'_>> = BTreeMap::new();
    let mut held: BTreeMap<&str, Vec<&AssignmentKey>> = BTreeMap::new();
    for key in view.graph.grants().iter().map(|grant| &grant.key) {
        held.entry(key.principal.as_str()).or_default().push(key);
        if let Target::Group { group, access: Access::Owner } = &key.target {
            let keys = owners.entry(group).or_default();
            // once for each owner, in the easier mode
            match keys.iter_mut().find(|known| known.principal == key.principal) {
                Some(known) => *known = (*known).max(key),
                None => keys.push(key),
            }
            let reach = || view.graph.outreach_without_ownership(&key.principal);
            reaches.entry(&key.principal).or_insert_with(reach);
        }
    }
    let mut notices = Vec::new();
    for (group, keys) in owners {
        let roles = roles_of(view, group);
        if roles.is_empty() {
            continue;
        }
        let outside: Vec<_> =
            keys.into_iter().filter_map(|key| Some((key, standing_of(&reaches[&key.principal], group)?))).collect();
        let Some((first, _)) = outside.first() else { continue };
        let names: Vec<String> = outside
            .iter()
            .map(|(key, how)| {
                format!(
                    "`{}` ({}, {}, {how})",
                    view.labels.principal(&key.principal),
                    key.mode.as_str(),
                    view.origin(key)
                )
            })
            .collect();
        let message = format!(
            "owners of `{}` can add themselves to it and reach {}: {}",
            view.labels.principal(&PrincipalId::new(group.as_str())),
            listed(&roles, 3),
            listed(&names, 5)
        );
        let held = held.get(group.as_str()).into_iter().flatten().copied();
        let lines = outside.iter().map(|(key, _)| *key).chain(held).map(|key| (view.declared)(key).cloned());
        notices.push(view.remark(CODE, first, message, lines.collect::<Vec<_>>()));
    }
    notices
}

/// Returns the roles that the members of a group reach by their membership, each in words with the manifest line of the grant that
/// gives it.
fn roles_of(view: &View<'_>, group: &GroupId) -> Vec<String> {
    let reach = view.graph.outreach_without_ownership(&PrincipalId::new(group.as_str()));
    let roles = reach.iter().map(|(target, _)| target).filter(|target| target.role().is_some());
    let words = |role: &Target| {
        let chain = reach.chain(role)?;
        let last = view.keys(&chain).last()?;
        Some(format!("`{}` ({}, {})", view.labels.target(role), last.mode.as_str(), view.origin(last)))
    };
    roles.filter_map(words).collect()
}

/// Returns what an owner is to the group besides, in words; `None` when it is a member as easily as an owner, or no owner at all.
fn standing_of(reach: &Outreach<'_>, group: &GroupId) -> Option<&'static str> {
    let as_owner = reach.manner(&Target::Group { group: group.clone(), access: Access::Owner })?;
    match reach.manner(&Target::Group { group: group.clone(), access: Access::Member }) {
        None => Some("no member"),
        Some(as_member) if as_member > as_owner => Some("no member without activation"),
        Some(_) => None,
    }
}
