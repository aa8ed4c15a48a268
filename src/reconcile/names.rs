//! Looking up all names of a run at once.

use std::collections::BTreeSet;

use crate::core::assignment::AssignmentKey;
use crate::core::id::{ObjectId, PrincipalId};
use crate::core::name::{Handle, Lookup, Meaning, NameKind, Names, Reference};
use crate::core::observed::Observed;
use crate::core::principal::{Principal, PrincipalType};
use crate::core::role_definition::RoleDefinition;
use crate::core::scope::DirectoryScope;
use crate::core::target::Surface;
use crate::surface::name;
use crate::transport::{Reader, TransportError};
use crate::wire::Query;

/// Looks up every reference that a query can answer, twenty to a round trip. A refused look-up is [`Lookup::Unreadable`],
/// never "absent".
///
/// # Errors
/// Only when no token can be had: then nothing can be read at all.
pub async fn resolve(reader: &Reader, references: &BTreeSet<Reference>) -> Result<Names, TransportError> {
    let mut names = Names::new();
    let asked = name::queries(references);
    let queries: Vec<Query> = asked.iter().map(|(_, query)| query.clone()).collect();
    let answers = if queries.is_empty() { Vec::new() } else { reader.batch(&queries).await };
    for ((references, _), answer) in asked.into_iter().zip(answers) {
        for reference in references {
            let lookup = match &answer {
                Ok(answer) => name::answer(reference, &answer.body),
                Err(error @ TransportError::Auth(_)) => return Err(error.clone()),
                Err(error) => Lookup::Unreadable { why: error.to_string() },
            };
            names.insert(reference.clone(), lookup);
        }
    }
    namesakes(reader, &mut names).await?;
    contexts(reader, references, &mut names).await?;
    Ok(names)
}

/// Finds what could have been meant by principals' names that mean nobody. Only help: where it is refused, none is given.
async fn namesakes(reader: &Reader, names: &mut Names) -> Result<(), TransportError> {
    let is_nobody = |lookup: &Lookup| matches!(lookup, Lookup::None { .. });
    let nobody = names.iter().filter(|(_, lookup)| is_nobody(lookup)).map(|(reference, _)| reference.clone());
    let asked: Vec<(Reference, Query)> =
        nobody.filter_map(|reference| name::namesakes_query(&reference).map(|query| (reference, query))).collect();
    if asked.is_empty() {
        return Ok(());
    }
    let queries: Vec<Query> = asked.iter().map(|(_, query)| query.clone()).collect();
    for ((reference, _), answer) in asked.into_iter().zip(reader.batch(&queries).await) {
        let found = match answer {
            Ok(answer) => name::namesakes(&reference, &answer.body),
            Err(error @ TransportError::Auth(_)) => return Err(error),
            Err(_) => continue,
        };
        let similar = similar(found.iter().map(String::as_str), &reference.handle.to_string());
        names.insert(reference, Lookup::None { similar });
    }
    Ok(())
}

/// Authentication contexts are few: one list serves all. The service does not check them (graph.md 3.4), so we do.
async fn contexts(reader: &Reader, references: &BTreeSet<Reference>, names: &mut Names) -> Result<(), TransportError> {
    let wanted: Vec<&Reference> = references.iter().filter(|r| r.kind == NameKind::AuthenticationContext).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let known: Result<BTreeSet<String>, String> = match reader.pages(&name::context_query()).await {
        Ok(pages) => Ok(pages.iter().flat_map(|page| name::contexts(&page.body)).collect()),
        Err(error @ TransportError::Auth(_)) => return Err(error),
        Err(error) => Err(error.to_string()),
    };
    for reference in wanted {
        let (Handle::Id(text) | Handle::AppId(text) | Handle::Name(text)) = &reference.handle;
        let lookup = match &known {
            Ok(known) if known.contains(text) => Lookup::One(Meaning::Exists),
            Ok(known) => Lookup::None { similar: known.iter().cloned().collect() },
            Err(why) => Lookup::Unreadable { why: why.clone() },
        };
        names.insert(reference.clone(), lookup);
    }
    Ok(())
}

/// Answers the role references of a run from the role definitions that were read.
pub fn roles<'a>(
    references: &BTreeSet<Reference>,
    surface: Surface,
    live: impl IntoIterator<Item = &'a RoleDefinition>,
    unreadable: Option<&str>,
    names: &mut Names,
) {
    let Some(kind) = surface.capability().role_names else { return };
    let live: Vec<&RoleDefinition> = live.into_iter().filter(|role| role.surface == surface).collect();
    for reference in references.iter().filter(|reference| reference.kind == kind) {
        let found: Vec<&&RoleDefinition> = live
            .iter()
            .filter(|role| match &reference.handle {
                Handle::Id(id) | Handle::AppId(id) => {
                    role.id.as_str().eq_ignore_ascii_case(id) || role.template_id.as_str().eq_ignore_ascii_case(id)
                }
                Handle::Name(text) => crate::core::identity::same_name(&role.display_name, text),
            })
            .collect();
        let lookup = match (found.as_slice(), unreadable) {
            // a namesake may be among the roles that could not be read; an id is one role's alone
            ([], Some(why)) => Lookup::Unreadable { why: why.to_owned() },
            ([_], Some(why))
                if matches!(reference.handle, Handle::Name(_)) && !surface.capability().has_unique_role_names =>
            {
                Lookup::Unreadable { why: why.to_owned() }
            }
            ([], None) => {
                let known = live.iter().map(|role| role.display_name.as_str());
                Lookup::None { similar: similar(known, &reference.handle.to_string()) }
            }
            ([role], _) => Lookup::One(Meaning::Role { id: role.id.clone(), name: role.display_name.clone() }),
            (several, _) => {
                let mut candidates: Vec<String> =
                    several.iter().map(|role| format!("{} ({})", role.display_name, role.id)).collect();
                candidates.sort();
                Lookup::Several { candidates }
            }
        };
        names.insert(reference.clone(), lookup);
    }
}

/// Returns the names that come closest to one, the closest first.
fn similar<'a>(known: impl Iterator<Item = &'a str>, name: &str) -> Vec<String> {
    let score = |known: &str| strsim::jaro_winkler(&known.to_lowercase(), &name.to_lowercase());
    let mut close: Vec<(f64, &str)> =
        known.map(|known| (score(known), known)).filter(|(score, _)| *score > 0.88).collect();
    close.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    close.into_iter().take(3).map(|(_, name)| name.to_owned()).collect()
}

/// Learns, in batches, what the lists did not say and a plan will show or judge: facts about the holders of the roles in
/// `judged`, names of approvers, names of scopes. A refused read leaves the fact unknown, and the guards say of whom.
///
/// # Errors
/// Only when no token can be had.
pub async fn enrich(
    reader: &Reader,
    observed: &mut Observed,
    names: &Names,
    judged: &[&str],
) -> Result<(), TransportError> {
    for lookup in names.values() {
        if let Lookup::One(Meaning::Principal(principal)) = lookup {
            observed.learn(principal.clone());
        }
    }
    for (reference, lookup) in names {
        if let Lookup::One(Meaning::Object { id, name }) = lookup {
            let scope = match reference.kind {
                NameKind::AdministrativeUnit => DirectoryScope::AdministrativeUnit(id.clone()),
                _ => DirectoryScope::Object(id.clone()),
            };
            observed.scope_names.insert(scope, name.clone());
        }
    }
    strangers(reader, observed).await?;
    let mut people: BTreeSet<(PrincipalId, PrincipalType)> = BTreeSet::new();
    for key in observed.assignments.keys() {
        let known = observed.principals.get(&key.principal);
        let is_judged = key.target.role().is_some_and(|role| judged.contains(&role.as_str()));
        if let Some(kind) = known.and_then(|p| p.kind) {
            let is_vague =
                known.is_some_and(|p| p.is_synchronized.is_none() || p.is_enabled.is_none() || p.is_guest.is_none());
            if is_judged && kind == PrincipalType::User && is_vague {
                people.insert((key.principal.clone(), kind));
            }
        }
    }
    for settings in observed.settings.values() {
        for approver in &settings.approval.approvers {
            // a deleted approver may linger as any text (graph.md 3.6 #10), which is no path to ask
            let is_id = crate::core::id::is_guid(approver.id().as_str());
            if is_id && observed.principals.get(approver.id()).is_none_or(|p| p.name.is_none()) {
                let kind = match approver {
                    crate::core::policy::rule::Approver::User(_) => PrincipalType::User,
                    crate::core::policy::rule::Approver::Group(_) => PrincipalType::Group,
                };
                people.insert((approver.id().clone(), kind));
            }
        }
    }
    let mut asks: Vec<(Ask, Query)> = people
        .into_iter()
        .map(|(id, kind)| {
            let query = name::principal_query(&id, kind);
            (Ask::Principal(kind), query)
        })
        .collect();
    let scopes: BTreeSet<&DirectoryScope> = (observed.assignments.keys())
        .filter_map(|key| match &key.target {
            crate::core::target::Target::Directory { scope, .. } => Some(scope),
            _ => None,
        })
        .filter(|scope| !observed.scope_names.contains_key(scope))
        .collect();
    for scope in scopes {
        match scope {
            DirectoryScope::Tenant => {}
            DirectoryScope::AdministrativeUnit(id) => asks.push((Ask::Scope(scope.clone()), name::unit_query(id))),
            // the id does not say which of the two it is: both are asked, one answers
            DirectoryScope::Object(id) => {
                asks.extend(object_queries(id).into_iter().map(|query| (Ask::Scope(scope.clone()), query)));
            }
        }
    }
    if asks.is_empty() {
        return Ok(());
    }
    let queries: Vec<Query> = asks.iter().map(|(_, query)| query.clone()).collect();
    for ((ask, _), answer) in asks.into_iter().zip(reader.batch(&queries).await) {
        let body = match answer {
            Ok(answer) => answer.body,
            Err(error @ TransportError::Auth(_)) => return Err(error),
            Err(error) => {
                tracing::debug!(%error, "a name stays unknown");
                continue;
            }
        };
        match ask {
            Ask::Principal(kind) => {
                if let Some(principal) = name::principal_of(&body, kind) {
                    learn_over(observed, principal);
                }
            }
            Ask::Scope(scope) => {
                if let Some(name) = body.get("displayName").and_then(serde_json::Value::as_str) {
                    observed.scope_names.insert(scope, name.to_owned());
                }
            }
        }
    }
    Ok(())
}

/// Finds out who those holders are whom the lists name by id only: holders of plain rows, which come without their principal,
/// and deleted ones. Whom none of the three kinds knows, every read having succeeded, was deleted. Azure's lists say of a service
/// principal neither its application nor, with that, whether it is PIM's own (arm.md B.6), so it is asked for too.
async fn strangers(reader: &Reader, observed: &mut Observed) -> Result<(), TransportError> {
    let is_known = |id: &PrincipalId| observed.principals.get(id).is_some_and(|p| p.kind.is_some() || p.name.is_some());
    let is_vague = |id: &PrincipalId| {
        let known = observed.principals.get(id);
        known.is_some_and(|p| p.kind == Some(PrincipalType::ServicePrincipal) && p.app_id.is_none())
    };
    let unknown: BTreeSet<PrincipalId> =
        observed.assignments.keys().map(|key| &key.principal).filter(|id| !is_known(id)).cloned().collect();
    let may_be_pim = |key: &&AssignmentKey| key.target.surface().capability().may_serve_pim;
    let azure = observed.assignments.keys().filter(may_be_pim);
    let services: BTreeSet<PrincipalId> = azure.map(|key| &key.principal).filter(|id| is_vague(id)).cloned().collect();
    let mut absent: BTreeSet<PrincipalId> = unknown.union(&services).cloned().collect();
    let (unknown, services): (Vec<_>, Vec<_>) = (unknown.into_iter().collect(), services.into_iter().collect());
    let kinds = [PrincipalType::User, PrincipalType::Group, PrincipalType::ServicePrincipal];
    let strangers = unknown.chunks(name::IDS_PER_FILTER).flat_map(|ids| kinds.map(|kind| (ids, kind)));
    let services = services.chunks(name::IDS_PER_FILTER).map(|ids| (ids, PrincipalType::ServicePrincipal));
    let asks: Vec<(&[PrincipalId], PrincipalType)> = strangers.chain(services).collect();
    if asks.is_empty() {
        return Ok(());
    }
    let queries: Vec<Query> = asks.iter().map(|(ids, kind)| name::principals_query(ids, *kind)).collect();
    for ((ids, kind), answer) in asks.into_iter().zip(reader.batch(&queries).await) {
        let found = match answer {
            Ok(answer) => name::principals(&answer.body, kind),
            Err(error @ TransportError::Auth(_)) => return Err(error),
            Err(error) => {
                tracing::debug!(%error, "whoever could not be looked up is not taken for deleted");
                absent.retain(|id| !ids.contains(id));
                continue;
            }
        };
        for principal in found {
            absent.remove(&principal.id);
            learn_over(observed, principal);
        }
    }
    observed.deleted_principals = absent;
    Ok(())
}

enum Ask {
    Principal(PrincipalType),
    Scope(DirectoryScope),
}

fn object_queries(id: &ObjectId) -> [Query; 2] {
    ["applications", "servicePrincipals"].map(|collection| {
        Query::new(crate::wire::Api::Graph, format!("/{collection}/{id}")).option("$select", "id,displayName")
    })
}

/// What a direct read says outweighs what a list said in passing.
fn learn_over(observed: &mut Observed, mut principal: Principal) {
    if let Some(known) = observed.principals.get(&principal.id) {
        principal.learn(known);
    }
    observed.principals.insert(principal.id.clone(), principal);
}
