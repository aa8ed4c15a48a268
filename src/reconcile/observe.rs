//! Reading a tenant: bulk lists in the order that makes them trustworthy.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;

use crate::core::assignment::AssignmentKey;
use crate::core::id::RoleId;
use crate::core::observed::{Observed, Part, Unreadable};
use crate::core::reach::Reach;
use crate::core::row::{DeletedRole, Row};
use crate::core::scope::ArmScope;
use crate::core::target::Surface;
use crate::surface::{self, Read};
use crate::transport::{Client, Reader, TransportError};

/// Reads everything about one surface.
///
/// # Errors
/// Only when no token can be had, or when the surface cannot be read by this program. A refused, throttled or broken read is
/// a gap in the observation, not an error (design.md 3).
pub async fn observe(client: &Client, surface: Surface, reach: &Reach) -> Result<Observed, TransportError> {
    let reader = client.reader();
    let Some(spelling) = surface::of(surface) else { return Ok(Observed::empty(now(client))) };
    let gathered = gather(&reader, surface, &spelling.reads(reach)).await?;
    let mut observed = Observed::assemble(now(client), gathered.rows);
    observed.surfaces.insert(surface);
    observed.unreadable = gathered.gaps;
    observed.deleted_roles = gathered.deleted_roles;
    // whatever answers exists: policies of a new subscription are not found for a while (arm.md C.1)
    observed.absent = gathered.absent;
    observed.absent.retain(|scope, _| !gathered.answered.contains(scope));
    observed.listed = reach.assignments.keys().filter(|_| surface == Surface::Azure).cloned().collect();
    confirm(client, surface, reach, &mut observed).await?;
    Ok(observed)
}

/// Reads one assignment as it is right now; `None` when it is not there.
///
/// # Errors
/// When any of its lists could not be read or understood: that is not the same as absent.
pub(super) async fn assignment(
    client: &Client,
    key: &AssignmentKey,
) -> Result<Option<crate::core::assignment::ObservedAssignment>, String> {
    let Some(spelling) = surface::of(key.target.surface()) else { return Ok(None) };
    let reader = client.reader();
    let mut rows = Vec::new();
    for read in spelling.assignment_reads(key) {
        for page in reader.pages(&read.query).await.map_err(|error| error.to_string())? {
            let (found, mistakes) = spelling.decode(&read, &page.body);
            if let Some(mistake) = mistakes.first() {
                return Err(mistake.to_string());
            }
            rows.extend(found);
        }
    }
    Ok(Observed::assemble(now(client), rows).assignments.remove(key))
}

/// The service's time in whole seconds: its `Date` headers have no more, and equal runs print equal plans.
fn now(client: &Client) -> jiff::Timestamp {
    let now = client.now();
    jiff::Timestamp::from_second(now.as_second()).unwrap_or(now)
}

#[derive(Default)]
struct Gathered {
    rows: Vec<Row>,
    gaps: Vec<Unreadable>,
    deleted_roles: Option<Vec<DeletedRole>>,
    absent: BTreeMap<ArmScope, String>,
    /// Scopes of which at least one list was answered.
    answered: BTreeSet<ArmScope>,
}

async fn gather(reader: &Reader, surface: Surface, reads: &[(u8, Read)]) -> Result<Gathered, TransportError> {
    let mut gathered = Gathered::default();
    let ranks: BTreeSet<u8> = reads.iter().map(|(rank, _)| *rank).collect();
    for rank in ranks {
        let now: Vec<&Read> = reads.iter().filter(|(r, _)| *r == rank).map(|(_, read)| read).collect();
        let answers = join_all(now.iter().map(|read| one_or_narrower(reader, surface, read))).await;
        for (read, (rows, mistakes)) in answers.into_iter().flatten() {
            if !mistakes.iter().any(|(_, error)| matches!(error, TransportErrorOr::Transport(_))) {
                gathered.answered.extend(read.scope.clone());
            }
            let mut is_missing = false;
            for (role, error) in mistakes {
                if matches!(error, TransportErrorOr::Transport(TransportError::Auth(_))) {
                    return Err(error.into_transport());
                } else if read.is_optional && error.means_not_here() {
                    tracing::debug!(part = read.part.as_str(), %error, "not shown by this tenant");
                    is_missing = true;
                } else {
                    if let Some(scope) = read.scope.as_ref().filter(|_| error.means_no_such_scope()) {
                        gathered.absent.entry(scope.clone()).or_insert_with(|| error.to_string());
                    }
                    let scope = read.scope.clone();
                    gathered.gaps.push(Unreadable { surface, part: read.part, scope, role, why: error.to_string() });
                }
            }
            if is_missing {
                continue;
            }
            if read.part == Part::DeletedRoles {
                let deleted = rows.into_iter().filter_map(|row| match row {
                    Row::DeletedRole(role) => Some(role),
                    _ => None,
                });
                gathered.deleted_roles = Some(deleted.collect());
            } else {
                gathered.rows.extend(rows);
            }
        }
    }
    Ok(gathered)
}

/// What stood in the way of a read.
enum TransportErrorOr {
    Transport(TransportError),
    Decode(String),
}

impl TransportErrorOr {
    /// Tells whether the tenant says that it has no such list, as clouds without it do. A refusal, throttling or an outage
    /// says nothing of the kind.
    fn means_not_here(&self) -> bool {
        match self {
            Self::Transport(error) => error.refusal().is_some_and(|refusal| matches!(refusal.status, 400 | 404 | 501)),
            Self::Decode(_) => false,
        }
    }

    /// Tells whether the service says that the scope of the list does not exist (arm.md A.5): then nothing is there, which is
    /// not the same as not knowing what is there.
    fn means_no_such_scope(&self) -> bool {
        let codes = [
            "ResourceGroupNotFound",
            "SubscriptionNotFound",
            "ResourceNotFound",
            "ManagementGroupNotFound",
            "NotFound",
        ];
        match self {
            Self::Transport(error) => error.refusal().is_some_and(|refusal| {
                refusal.status == 404 && codes.iter().any(|code| refusal.code.eq_ignore_ascii_case(code))
            }),
            Self::Decode(_) => false,
        }
    }

    fn into_transport(self) -> TransportError {
        match self {
            Self::Transport(error) => error,
            Self::Decode(text) => TransportError::Setup { what: text, source: None },
        }
    }
}

impl std::fmt::Display for TransportErrorOr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Transport(error) => error.fmt(f),
            Self::Decode(text) => f.write_str(text),
        }
    }
}

/// Reads a list, or what is to be read in its place where the service refuses it to the caller.
async fn one_or_narrower<'a>(
    reader: &Reader,
    surface: Surface,
    read: &'a Read,
) -> Vec<(&'a Read, (Vec<Row>, Vec<Problem>))> {
    let answer = one(reader, surface, read).await;
    let is_refused = |(_, error): &Problem| match error {
        TransportErrorOr::Transport(error) => error.refusal().is_some_and(|refusal| refusal.status == 403),
        TransportErrorOr::Decode(_) => false,
    };
    if read.instead.is_empty() || !answer.1.iter().any(is_refused) {
        return vec![(read, answer)];
    }
    let narrower = join_all(read.instead.iter().map(|read| one(reader, surface, read))).await;
    read.instead.iter().zip(narrower).collect()
}

/// What is wrong with a list, or with the rows about one role.
type Problem = (Option<RoleId>, TransportErrorOr);

/// Reads and decodes one list, page by page, so that only rows are held and no pages.
async fn one(reader: &Reader, surface: Surface, read: &Read) -> (Vec<Row>, Vec<Problem>) {
    let Some(spelling) = surface::of(surface) else { return (Vec::new(), Vec::new()) };
    let (mut rows, mut mistakes) = (Vec::new(), Vec::new());
    let outcome = reader
        .each_page(&read.query, |page| {
            let (found, wrong) = spelling.decode(read, &page.body);
            rows.extend(found);
            mistakes.extend(wrong);
        })
        .await;
    if let Err(error) = outcome {
        return (rows, vec![(None, TransportErrorOr::Transport(error))]);
    }
    let (about_one, about_all): (Vec<_>, Vec<_>) = mistakes.into_iter().partition(|mistake| mistake.role.is_some());
    let mut problems: Vec<Problem> = about_one
        .into_iter()
        .map(|mistake| (mistake.role.clone(), TransportErrorOr::Decode(mistake.to_string())))
        .collect();
    if let Some(first) = about_all.first() {
        let more = match about_all.len() {
            1 => String::new(),
            n => format!(" (and {} more)", n - 1),
        };
        problems.push((None, TransportErrorOr::Decode(format!("{first}{more}"))));
    }
    (rows, problems)
}

/// Reads the lists of active assignments again when a plain row was not explained by them: it counts only if the second read
/// does not explain it either (design.md 3).
async fn confirm(
    client: &Client,
    surface: Surface,
    reach: &Reach,
    observed: &mut Observed,
) -> Result<(), TransportError> {
    let suspects = observed.unexplained();
    let Some(spelling) = surface::of(surface).filter(|_| !suspects.is_empty()) else { return Ok(()) };
    let reads = spelling.second_reads(reach, &suspects);
    let again = gather(&client.reader(), surface, &reads).await?;
    // where the second read failed nobody knows: the gap keeps what was found from being removed
    observed.unreadable.extend(again.gaps);
    let second = Observed::assemble(observed.now, again.rows).unexplained();
    let unread: BTreeSet<AssignmentKey> =
        suspects.iter().filter(|key| observed.missing(&key.target, key.mode).is_some()).cloned().collect();
    let stays = |key: &AssignmentKey| !suspects.contains(key) || second.contains(key) || unread.contains(key);
    observed.assignments.retain(|key, _| stays(key));
    Ok(())
}
