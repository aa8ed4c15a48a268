//! Who approves: what the lists did not say of approvers, read before a plan is judged.

use std::collections::BTreeSet;

use crate::core::id::{GroupId, PrincipalId, is_guid};
use crate::core::observed::Observed;
use crate::core::policy::rule::Approver;
use crate::core::principal::PrincipalType;
use crate::surface::name;
use crate::transport::{Reader, TransportError};
use crate::wire::Query;

enum Ask<'a> {
    Members(&'a GroupId),
    Principals(&'a [PrincipalId], PrincipalType),
}

/// Learns, in one batch, which of these approvers are there and can sign in, and who is in their groups where those were not
/// looked at. Whom a list by id does not show was deleted; what is refused stays unknown.
///
/// # Errors
/// Only when no token can be had.
pub async fn read(
    reader: &Reader,
    observed: &mut Observed,
    approvers: &BTreeSet<Approver>,
) -> Result<(), TransportError> {
    let (mut users, mut groups, mut opened) = (Vec::new(), Vec::new(), Vec::new());
    // a deleted approver may linger as any text (graph.md 3.6 #10), which is nothing to ask for
    for approver in approvers.iter().filter(|approver| is_guid(approver.id().as_str())) {
        let id = approver.id();
        let known = observed.principals.get(id);
        match approver {
            Approver::User(_) if known.is_none_or(|known| known.is_enabled.is_none()) => users.push(id.clone()),
            Approver::User(_) => {}
            Approver::Group(_) => {
                let group = GroupId::new(id.as_str());
                if known.is_none_or(|known| known.name.is_none()) {
                    groups.push(id.clone());
                }
                if !observed.groups.contains_key(&group) && !observed.members.contains_key(&group) {
                    opened.push(group);
                }
            }
        }
    }
    let kinds = [(&users, PrincipalType::User), (&groups, PrincipalType::Group)];
    let mut asks: Vec<Ask<'_>> = (kinds.into_iter())
        .flat_map(|(ids, kind)| ids.chunks(name::IDS_PER_FILTER).map(move |ids| Ask::Principals(ids, kind)))
        .collect();
    asks.extend(opened.iter().map(Ask::Members));
    if asks.is_empty() {
        return Ok(());
    }
    let query = |ask: &Ask<'_>| match ask {
        Ask::Members(group) => name::members_query(group),
        Ask::Principals(ids, kind) => name::principals_query(ids, *kind),
    };
    let queries: Vec<Query> = asks.iter().map(query).collect();
    for (ask, answer) in asks.iter().zip(reader.batch(&queries).await) {
        let body = match answer {
            Ok(answer) => answer.body,
            Err(error @ TransportError::Auth(_)) => return Err(error),
            Err(error) => {
                tracing::debug!(%error, "an approver stays unknown");
                continue;
            }
        };
        match ask {
            Ask::Members(group) => {
                let members = name::members(&body);
                observed.members.insert((*group).clone(), members.iter().map(|member| member.id.clone()).collect());
                members.into_iter().for_each(|member| observed.learn(member));
            }
            Ask::Principals(ids, kind) => {
                let found = name::principals(&body, *kind);
                let is_there = |id: &&PrincipalId| found.iter().any(|principal| principal.id == **id);
                let gone: Vec<PrincipalId> = ids.iter().filter(|id| !is_there(id)).cloned().collect();
                observed.deleted_principals.extend(gone);
                found.into_iter().for_each(|principal| observed.learn(principal));
            }
        }
    }
    Ok(())
}
