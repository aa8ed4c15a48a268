//! Where to look among groups: those that the manifests name, of the onboarded ones those that they own, and those that lead on.

use std::collections::BTreeSet;

use crate::core::declared::Declared;
use crate::core::diagnostic::Diagnostic;
use crate::core::hierarchy::Hierarchy;
use crate::core::id::{GroupId, PrincipalId};
use crate::core::name::{Lookup, Meaning, Names};
use crate::core::observed::{Observed, Part, Unreadable};
use crate::core::origin::Origin;
use crate::core::ownership::Pattern;
use crate::core::principal::{Principal, PrincipalType};
use crate::core::reach::{Asked, Reach};
use crate::core::target::Surface;
use crate::reconcile::observe;
use crate::surface::{group, name};
use crate::transport::{Client, Reader, TransportError};
use crate::wire::Query;

/// The groups that a run is about.
#[derive(Default)]
pub(super) struct Found {
    /// Where to look.
    reach: Reach,
    /// Which groups are onboarded to PIM, where the tenant tells.
    onboarded: Option<BTreeSet<GroupId>>,
    /// What is known of those that are owned.
    principals: Vec<Principal>,
    /// What could not be read.
    gaps: Vec<Unreadable>,
    /// Why the onboarded groups are not known, where a glob asks for them.
    undiscovered: Option<String>,
    /// Names that mean no group, or several.
    pub(super) mistakes: Vec<Diagnostic>,
}

/// Finds the groups that the manifests name, and those that they own by a pattern: PIM lists what it manages (graph.md 4.1).
pub(super) async fn find(reader: &Reader, asked: &dyn Asked, names: &Names) -> Result<Found, TransportError> {
    let mut found = Found { reach: asked.reach(names, &Hierarchy::default()), ..Found::default() };
    let onboarded = onboarded(reader).await?;
    // only a glob looks among what is onboarded
    let has_glob = found.reach.owned_groups.iter().any(|pattern| !pattern.value.is_exact());
    match onboarded {
        Ok(known) => found.onboarded = Some(known),
        Err(Hidden::Unreadable(why)) if has_glob => found.gaps.push(gap(why)),
        Err(Hidden::NotShown(why)) if has_glob => found.undiscovered = Some(why),
        Err(_) => {}
    }
    if has_glob {
        globbed(reader, &mut found).await?;
    }
    named(reader, &mut found).await?;
    Ok(found)
}

/// Reads the groups, and with them those that the manifests name as holders, that hold a role, or that are in one of the groups: who
/// reaches a role through them is not known otherwise. Groups whose members follow a rule or come from on-premises are left
/// out: PIM does not know them (graph.md 4.4).
pub(super) async fn read(
    client: &Client,
    found: Found,
    names: &Names,
    observed: &mut Observed,
) -> Result<(), TransportError> {
    let Found { reach, onboarded, principals, gaps, undiscovered, mistakes: _ } = found;
    principals.into_iter().for_each(|principal| observed.learn(principal));
    for lookup in names.values() {
        if let Lookup::One(Meaning::Principal(principal)) = lookup {
            observed.learn(principal.clone());
        }
    }
    observed.surfaces.insert(Surface::Group);
    observed.unreadable.extend(gaps);
    observed.undiscovered = undiscovered;
    let mut wanted: BTreeSet<GroupId> = reach.groups.keys().cloned().collect();
    wanted.extend(names.values().filter_map(|lookup| match lookup {
        Lookup::One(Meaning::Principal(principal)) => group_of(principal),
        _ => None,
    }));
    let mut seen: BTreeSet<GroupId> = BTreeSet::new();
    loop {
        wanted.extend(observed.assignments.keys().filter_map(|key| group_of(observed.principals.get(&key.principal)?)));
        let is_managed =
            |id: &&GroupId| observed.principals.get(&PrincipalId::new(id.as_str())).is_none_or(is_manageable);
        let open: BTreeSet<GroupId> = wanted.difference(&seen).filter(is_managed).cloned().collect();
        if open.is_empty() {
            break;
        }
        let round = Reach { listed_groups: open.clone(), ..Reach::default() };
        let mut read = observe::observe(client, Surface::Group, &round).await?;
        for id in &open {
            read.groups.insert(id.clone(), onboarded.as_ref().map(|known| known.contains(id)));
            if !reach.groups.contains_key(id) {
                read.bystanders.insert(id.clone());
            }
        }
        observed.join(read);
        seen.extend(open);
    }
    Ok(())
}

/// Tells whether PIM may manage a group, as far as is known (graph.md 4.4).
fn is_manageable(group: &Principal) -> bool {
    group.is_dynamic != Some(true) && group.is_synchronized != Some(true)
}

fn group_of(principal: &Principal) -> Option<GroupId> {
    (principal.kind == Some(PrincipalType::Group)).then(|| GroupId::new(principal.id.as_str()))
}

fn gap(why: String) -> Unreadable {
    Unreadable { surface: Surface::Group, part: Part::Onboarded, scope: None, group: None, role: None, name: None, why }
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

/// Finds, among the groups that are onboarded, those that a glob matches.
async fn globbed(reader: &Reader, found: &mut Found) -> Result<(), TransportError> {
    let ids: Vec<PrincipalId> = found.onboarded.iter().flatten().map(|id| PrincipalId::new(id.as_str())).collect();
    let query = |ids: &[PrincipalId]| name::principals_query(ids, PrincipalType::Group);
    let queries: Vec<Query> = ids.chunks(name::IDS_PER_FILTER).map(query).collect();
    for answer in reader.batch(&queries).await {
        let groups = match answer {
            Ok(answer) => name::principals(&answer.body, PrincipalType::Group),
            Err(error @ TransportError::Auth(_)) => return Err(error),
            Err(error) => {
                found.gaps.push(gap(format!("the names of onboarded groups could not be looked up: {error}")));
                continue;
            }
        };
        for group in groups {
            let label = group.name.as_deref().unwrap_or_default();
            let is_meant = |pattern: &&Declared<Pattern>| !pattern.value.is_exact() && pattern.value.matches(label);
            if let Some(pattern) = found.reach.owned_groups.iter().find(is_meant) {
                let at = pattern.at.clone();
                found.take(group, at);
            }
        }
    }
    Ok(())
}

/// Finds the groups that are owned by their exact name or id, onboarded or not. A name that means several groups is a mistake: nobody
/// can tell whose members are meant to go.
async fn named(reader: &Reader, found: &mut Found) -> Result<(), TransportError> {
    let exact: Vec<Declared<Pattern>> =
        found.reach.owned_groups.iter().filter(|pattern| pattern.value.is_exact()).cloned().collect();
    let query = |pattern: &Declared<Pattern>| name::groups_query(pattern.value.as_str());
    let queries: Vec<Query> = exact.iter().map(query).collect();
    for (pattern, answer) in exact.into_iter().zip(reader.batch(&queries).await) {
        let text = pattern.value.as_str();
        let mut groups = match answer {
            Ok(answer) => name::principals(&answer.body, PrincipalType::Group),
            Err(error @ TransportError::Auth(_)) => return Err(error),
            Err(error) => {
                found.gaps.push(gap(format!("the group `{text}` could not be looked up: {error}")));
                continue;
            }
        };
        groups.retain(|group| {
            group.id.as_str().eq_ignore_ascii_case(text)
                || group.name.as_deref().is_some_and(|n| pattern.value.matches(n))
        });
        match groups.len() {
            0 => {
                let message = format!("the ownership of `{text}` means nothing: there is no such group");
                found.mistakes.push(Diagnostic::warning("owned-group-missing", Some(pattern.at), message));
            }
            1 => groups.into_iter().for_each(|group| found.take(group, pattern.at.clone())),
            _ => {
                let mut ids: Vec<&str> = groups.iter().map(|group| group.id.as_str()).collect();
                ids.sort_unstable();
                let message = format!("the name `{text}` means {} groups", ids.len());
                let mistake = Diagnostic::error("ambiguous-name", Some(pattern.at), message);
                found
                    .mistakes
                    .push(mistake.note(format!("candidates: {}", ids.join(", "))).help("write the id of the one"));
            }
        }
    }
    Ok(())
}

impl Found {
    fn take(&mut self, group: Principal, at: Origin) {
        if !is_manageable(&group) {
            let name = group.name.as_deref().unwrap_or(group.id.as_str());
            let message = format!(
                "`{name}` is owned and left alone: its members follow a rule or come from on-premises, so PIM cannot manage it"
            );
            self.mistakes.push(Diagnostic::warning("owned-group-unmanageable", Some(at), message));
            return;
        }
        self.reach.groups.entry(GroupId::new(group.id.as_str())).or_insert(at);
        self.principals.push(group);
    }
}
