//! Reading how Azure's scopes contain each other, and what their names mean.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{join_all, join3};

use crate::core::hierarchy::Hierarchy;
use crate::core::id::TenantId;
use crate::core::identity::same_name;
use crate::core::name::{Handle, Lookup, Meaning, NameKind, Names, Reference};
use crate::core::scope::{ArmScope, ArmScopeKind};
use crate::surface::resource::hierarchy as list;
use crate::transport::{Reader, TransportError};
use crate::wire::Query;

/// What was read of the hierarchy.
#[derive(Debug, Clone, Default)]
pub struct Landscape {
    /// The scopes.
    pub hierarchy: Hierarchy,
    /// Why subscriptions could not be read, if they could not.
    subscriptions: Option<String>,
    /// Why management groups could not be read, if they could not.
    groups: Option<String>,
    /// Subscriptions of other tenants that the caller may see (delegated ones): never ours.
    pub foreign: BTreeSet<ArmScope>,
    /// Management groups whose descendants were read: of any other nobody knows what lies below it.
    descended: BTreeSet<ArmScope>,
    /// Why a subscription's resource groups could not be read.
    unlisted: BTreeMap<ArmScope, String>,
}

impl Landscape {
    /// Reads subscriptions and management groups: two lists. Whoever may not see the root management group gets one more list
    /// for each group that they may see.
    ///
    /// # Errors
    /// Only when no token can be had. What is refused is unknown, not absent.
    pub async fn read(reader: &Reader, tenant: &TenantId) -> Result<Self, TransportError> {
        let mut landscape = Self::default();
        let (subscriptions, below, root) = join3(
            pages(reader, list::subscriptions()),
            pages(reader, list::descendants(tenant.as_str())),
            reader.get(&list::management_group(tenant.as_str())),
        )
        .await;
        match subscriptions? {
            Ok(pages) => {
                landscape.foreign = pages.iter().flat_map(|page| list::foreign(page, tenant)).collect();
                landscape.learn(&pages);
            }
            Err(why) => landscape.subscriptions = Some(why),
        }
        match below? {
            Ok(pages) => {
                if let Some(scope) = list::root(tenant) {
                    let name = root.ok().and_then(|answer| list::name(&answer.body));
                    landscape.descended.insert(scope.clone());
                    landscape.hierarchy.insert_root(scope, name);
                }
                landscape.learn(&pages);
            }
            Err(why) => landscape.visible(reader, why).await?,
        }
        Ok(landscape)
    }

    /// Reads below each management group that can be seen.
    async fn visible(&mut self, reader: &Reader, why: String) -> Result<(), TransportError> {
        let groups = match pages(reader, list::management_groups()).await? {
            Ok(pages) => pages,
            Err(error) => {
                self.groups = Some(format!("{why}; {error}"));
                return Ok(());
            }
        };
        self.learn(&groups);
        let ids: Vec<ArmScope> = groups.iter().flat_map(list::ids).collect();
        if ids.is_empty() {
            self.groups = Some(why);
        }
        let reads = ids.iter().map(|group| pages(reader, list::descendants(group.name())));
        for (group, below) in ids.iter().zip(join_all(reads).await) {
            match below? {
                Ok(pages) => {
                    self.descended.insert(group.clone());
                    self.learn(&pages);
                }
                Err(error) => self.groups = Some(format!("{group}: {error}")),
            }
        }
        Ok(())
    }

    /// Reads the resource groups of subscriptions, where they were not read yet.
    ///
    /// # Errors
    /// As [`Landscape::read`].
    pub async fn list_groups(
        &mut self,
        reader: &Reader,
        subscriptions: &BTreeSet<ArmScope>,
    ) -> Result<(), TransportError> {
        let unread: Vec<&ArmScope> =
            subscriptions.iter().filter(|subscription| !self.hierarchy.has_groups_of(subscription)).collect();
        let reads = unread.iter().map(|subscription| pages(reader, list::resource_groups(subscription)));
        for (subscription, answer) in unread.iter().zip(join_all(reads).await) {
            match answer? {
                Ok(pages) => {
                    self.learn(&pages);
                    self.hierarchy.list_groups((*subscription).clone());
                }
                Err(why) => {
                    self.unlisted.insert((*subscription).clone(), why);
                }
            }
        }
        Ok(())
    }

    /// Returns the resources that the resource groups of `wanted` hold, by group; groups that could not be listed are absent.
    ///
    /// # Errors
    /// As [`Landscape::read`].
    pub async fn resources(
        reader: &Reader,
        wanted: &BTreeSet<ArmScope>,
    ) -> Result<BTreeMap<ArmScope, BTreeSet<ArmScope>>, TransportError> {
        let groups: BTreeSet<ArmScope> = wanted.iter().filter_map(ArmScope::resource_group).collect();
        let mut found = BTreeMap::new();
        let reads = groups.iter().map(|group| pages(reader, list::resources(group)));
        for (group, answer) in groups.iter().zip(join_all(reads).await) {
            if let Ok(pages) = answer? {
                found.insert(group.clone(), pages.iter().flat_map(list::ids).collect());
            }
        }
        Ok(found)
    }

    fn learn(&mut self, pages: &[serde_json::Value]) {
        for page in pages {
            list::learn(page, &self.foreign, &mut self.hierarchy);
        }
    }

    /// Tells whether all subscriptions and management groups of the tenant are known.
    pub fn is_whole(&self) -> bool {
        self.groups.is_none() && self.subscriptions.is_none() && self.hierarchy.root().is_some()
    }

    /// Returns why the scopes below `group` are not all known, when `kinds` are asked for; `None` when they are.
    pub fn gap_below(&self, group: &ArmScope, kinds: &[ArmScopeKind]) -> Option<String> {
        if let Some(why) = self.groups.as_ref().or(self.subscriptions.as_ref()) {
            return Some(why.clone());
        }
        let is_descended = match group.kind() {
            ArmScopeKind::Root => self.is_whole(),
            ArmScopeKind::ManagementGroup => self.descended.iter().any(|top| self.hierarchy.contains(top, group)),
            ArmScopeKind::Subscription | ArmScopeKind::ResourceGroup | ArmScopeKind::Resource => true,
        };
        if !is_descended {
            return Some("the caller may not see it in the hierarchy".to_owned());
        }
        let wants_groups = kinds.contains(&ArmScopeKind::ResourceGroup);
        let is_below = |scope: &&ArmScope| self.hierarchy.contains(group, scope);
        let unlisted = self.unlisted.iter().find(|(scope, _)| is_below(scope)).filter(|_| wants_groups);
        unlisted.map(|(scope, why)| format!("the resource groups of {scope}: {why}"))
    }

    /// Answers the references of a run to management groups and subscriptions.
    pub fn resolve(&self, references: &BTreeSet<Reference>, names: &mut Names) {
        for reference in references {
            let (kind, unreadable) = match reference.kind {
                NameKind::ManagementGroup => (ArmScopeKind::ManagementGroup, &self.groups),
                NameKind::Subscription => (ArmScopeKind::Subscription, &self.subscriptions),
                _ => continue,
            };
            names.insert(reference.clone(), self.look_up(kind, &reference.handle, unreadable.as_deref()));
        }
    }

    /// Finds a scope by its id or its display name; what is the id of one and the name of another is not exact.
    fn look_up(&self, kind: ArmScopeKind, handle: &Handle, unreadable: Option<&str>) -> Lookup {
        let (Handle::Id(wanted) | Handle::AppId(wanted) | Handle::Name(wanted)) = handle;
        let of_kind = || self.hierarchy.scopes().filter(|(scope, _)| scope.kind() == kind);
        let meaning =
            |scope: &ArmScope, name: &str| Lookup::One(Meaning::Azure { scope: scope.clone(), name: name.to_owned() });
        let by_id = of_kind().find(|(scope, _)| scope.name().eq_ignore_ascii_case(wanted));
        if let Some((scope, name)) = by_id {
            // the id of one and the name of another: anybody may make a management group, and must not draw grants to it
            let other = |other: &&ArmScope| *other != scope;
            let namesakes = of_kind().filter(|(found, name)| other(found) && same_name(name, wanted));
            let mut candidates: Vec<String> =
                namesakes.map(|(found, name)| format!("{name} ({})", found.name())).collect();
            if candidates.is_empty() || matches!(handle, Handle::Id(_)) {
                return meaning(scope, name);
            }
            candidates.insert(0, format!("{name} ({})", scope.name()));
            return Lookup::Several { candidates };
        }
        // whoever knows a subscription's id may be refused its list and hear more from what is read there
        let unseen = match (kind, handle) {
            (ArmScopeKind::Subscription, Handle::Id(id)) => ArmScope::parse(&format!("/subscriptions/{id}")),
            _ => None,
        };
        if let Some(scope) = unseen.filter(|scope| !self.foreign.contains(scope)) {
            return meaning(&scope, scope.name());
        }
        let by_name: Vec<(&ArmScope, &str)> = match handle {
            Handle::Name(_) => of_kind().filter(|(_, name)| same_name(name, wanted)).collect(),
            Handle::Id(_) | Handle::AppId(_) => Vec::new(),
        };
        match (by_name.as_slice(), unreadable) {
            // a namesake may be among those that could not be read
            (_, Some(why)) => Lookup::Unreadable { why: why.to_owned() },
            ([], None) => Lookup::None { similar: similar(of_kind(), wanted) },
            ([(scope, name)], None) => meaning(scope, name),
            (several, None) => {
                let candidates = several.iter().map(|(scope, name)| format!("{name} ({})", scope.name())).collect();
                Lookup::Several { candidates }
            }
        }
    }
}

/// Reads all pages; the inner error is a refusal or an outage, the outer one that no token can be had.
async fn pages(reader: &Reader, query: Query) -> Result<Result<Vec<serde_json::Value>, String>, TransportError> {
    match reader.pages(&query).await {
        Ok(pages) => Ok(Ok(pages.into_iter().map(|page| page.body).collect())),
        Err(error @ TransportError::Auth(_)) => Err(error),
        Err(error) => Ok(Err(error.to_string())),
    }
}

/// Returns up to three names that look like `wanted`, nearest first.
pub fn similar<'a>(known: impl Iterator<Item = (&'a ArmScope, &'a str)>, wanted: &str) -> Vec<String> {
    let wanted = wanted.to_lowercase();
    let mut close: Vec<(f64, String)> = known
        .flat_map(|(scope, name)| [name.to_owned(), scope.name().to_owned()])
        .map(|name| (strsim::jaro_winkler(&name.to_lowercase(), &wanted), name))
        .filter(|(score, _)| *score > 0.85)
        .collect();
    close.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    close.dedup_by(|a, b| a.1.eq_ignore_ascii_case(&b.1));
    close.into_iter().take(3).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_below_a_group_that_is_not_seen_is_not_known() {
        let group = |id: &str| ArmScope::management_group(id).unwrap();
        let mut landscape = Landscape::default();
        landscape.hierarchy.insert(group("corp"), None, None);
        landscape.hierarchy.insert(group("payroll"), None, Some(group("corp")));
        landscape.descended.insert(group("corp"));
        assert_eq!(landscape.gap_below(&group("corp"), &[]), None);
        assert_eq!(landscape.gap_below(&group("payroll"), &[]), None, "read with the group above it");
        assert!(
            landscape.gap_below(&group("hidden"), &[]).is_some(),
            "no list showed it, none of its children neither"
        );
        assert!(landscape.gap_below(&ArmScope::parse("/").unwrap(), &[]).is_some(), "the root group was not seen");
        landscape.hierarchy.insert_root(group("root"), None);
        assert_eq!(landscape.gap_below(&ArmScope::parse("/").unwrap(), &[]), None);
    }
}
