//! Where to look among groups: those that the manifests name, and of the onboarded ones those that they own.

use std::collections::BTreeSet;

use crate::core::diagnostic::Diagnostic;
use crate::core::hierarchy::Hierarchy;
use crate::core::id::{GroupId, PrincipalId};
use crate::core::name::Names;
use crate::core::observed::{Observed, Part, Unreadable};
use crate::core::principal::{Principal, PrincipalType};
use crate::core::reach::{Asked, Reach};
use crate::core::target::Surface;
use crate::reconcile::observe;
use crate::surface::{group, name};
use crate::transport::{Client, Reader, TransportError};
use crate::wire::Query;

/// Reads the groups that the manifests name, and finds those that they own by a pattern: PIM lists what it manages (graph.md 4.1).
pub(super) async fn survey(
    client: &Client,
    asked: &dyn Asked,
    names: &Names,
) -> Result<(Observed, Vec<Diagnostic>), TransportError> {
    let reader = client.reader();
    let mut reach = asked.reach(names, &Hierarchy::default());
    let onboarded = onboarded(&reader).await?;
    let found = match reach.owned_groups.is_empty() {
        true => Found::default(),
        false => owned(&reader, &reach, onboarded.as_ref().ok()).await?,
    };
    for (id, at) in found.owned {
        reach.groups.entry(id).or_insert(at);
    }
    let mut observed = observe::observe(client, Surface::Group, &reach).await?;
    for principal in found.principals {
        observed.learn(principal);
    }
    let is_onboarded = |id: &GroupId| onboarded.as_ref().ok().map(|known| known.contains(id));
    observed.groups = reach.groups.keys().map(|id| (id.clone(), is_onboarded(id))).collect();
    let gap = |why: String| Unreadable {
        surface: Surface::Group,
        part: Part::Onboarded,
        scope: None,
        group: None,
        role: None,
        name: None,
        why,
    };
    observed.unreadable.extend(found.gap.map(gap));
    // only a glob looks among what is onboarded
    if reach.owned_groups.iter().any(|pattern| !pattern.value.is_exact()) {
        match onboarded {
            Err(Hidden::Unreadable(why)) => observed.unreadable.push(gap(why)),
            Err(Hidden::NotShown(why)) => observed.undiscovered = Some(why),
            Ok(_) => {}
        }
    }
    Ok((observed, Vec::new()))
}

/// Why nobody knows which groups are onboarded.
enum Hidden {
    /// The tenant has no such list: only groups that the manifests name are known.
    NotShown(String),
    /// The list is there and could not be read.
    Unreadable(String),
}

/// Reads which groups are onboarded to PIM: on v1.0, and where that does not know the list, on beta (graph.md 4.1).
async fn onboarded(reader: &Reader) -> Result<Result<BTreeSet<GroupId>, Hidden>, TransportError> {
    let mut hidden = Hidden::NotShown(String::new());
    for query in group::onboarded() {
        match reader.pages(&query).await {
            Ok(pages) => return Ok(Ok(pages.iter().flat_map(|page| group::groups(&page.body)).collect())),
            Err(error @ TransportError::Auth(_)) => return Err(error),
            Err(error) => {
                let is_missing = error.refusal().is_some_and(|refusal| matches!(refusal.status, 400 | 404 | 405 | 501));
                hidden = match is_missing {
                    true => Hidden::NotShown(error.to_string()),
                    false => Hidden::Unreadable(error.to_string()),
                };
                if !is_missing {
                    break;
                }
            }
        }
    }
    Ok(Err(hidden))
}

#[derive(Default)]
struct Found {
    owned: Vec<(GroupId, crate::core::origin::Origin)>,
    principals: Vec<Principal>,
    gap: Option<String>,
}

/// Finds the groups that the manifests own: by exact name among all groups, by a glob among those that are onboarded.
async fn owned(reader: &Reader, reach: &Reach, onboarded: Option<&BTreeSet<GroupId>>) -> Result<Found, TransportError> {
    let mut queries: Vec<Query> = Vec::new();
    if reach.owned_groups.iter().any(|pattern| !pattern.value.is_exact()) {
        let ids: Vec<PrincipalId> = onboarded.into_iter().flatten().map(|id| PrincipalId::new(id.as_str())).collect();
        queries.extend(ids.chunks(name::IDS_PER_FILTER).map(|ids| name::principals_query(ids, PrincipalType::Group)));
    }
    let exact = reach.owned_groups.iter().filter(|pattern| pattern.value.is_exact());
    queries.extend(exact.map(|pattern| name::groups_query(pattern.value.as_str())));
    let mut found = Found::default();
    for answer in reader.batch(&queries).await {
        let groups = match answer {
            Ok(answer) => name::principals(&answer.body, PrincipalType::Group),
            Err(error @ TransportError::Auth(_)) => return Err(error),
            Err(error) => {
                found.gap.get_or_insert(error.to_string());
                continue;
            }
        };
        for group in groups {
            let label = group.name.as_deref().unwrap_or_default();
            if let Some(pattern) = reach.owned_groups.iter().find(|pattern| pattern.value.matches(label)) {
                found.owned.push((GroupId::new(group.id.as_str()), pattern.at.clone()));
                found.principals.push(group);
            }
        }
    }
    Ok(found)
}
