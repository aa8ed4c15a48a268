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
use crate::surface::{self, DecodeError, Read};
use crate::transport::{Client, Reader, TransportError};
use crate::wire::{Answer, Query};

/// Reads everything about one surface.
///
/// # Errors
/// Only when no token can be had. A refused, throttled or broken read is a gap in the observation, not an error (design.md 3).
pub async fn observe(client: &Client, surface: Surface, reach: &Reach) -> Result<Observed, TransportError> {
    let reader = client.reader();
    let spelling = surface::of(surface);
    let gathered = gather(&reader, surface, &spelling.reads(reach)).await?;
    let mut observed = Observed::assemble(now(client), gathered.rows);
    observed.surfaces.insert(surface);
    observed.unreadable = gathered.gaps;
    observed.deleted_roles = gathered.deleted_roles;
    // whatever answers exists: policies of a new subscription are not found for a while (arm.md C.1)
    observed.absent = gathered.absent;
    observed.absent.retain(|scope, _| !gathered.answered.contains(scope));
    observed.listed = gathered.listed;
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
    let spelling = surface::of(key.target.surface());
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
pub(super) fn now(client: &Client) -> jiff::Timestamp {
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
    /// Scopes whose assignments were to be listed.
    listed: BTreeSet<ArmScope>,
}

async fn gather(reader: &Reader, surface: Surface, reads: &[(u8, Read)]) -> Result<Gathered, TransportError> {
    let mut gathered = Gathered::default();
    let ranks: BTreeSet<u8> = reads.iter().map(|(rank, _)| *rank).collect();
    for rank in ranks {
        let now: Vec<&Read> = reads.iter().filter(|(r, _)| *r == rank).map(|(_, read)| read).collect();
        let answers = match surface::of(surface).is_batched() {
            true => together(reader, surface, &now).await,
            false => join_all(now.iter().map(|read| one_or_narrower(reader, surface, read))).await,
        };
        for (read, (rows, mistakes)) in answers.into_iter().flatten() {
            if read.part == Part::ActiveSchedules {
                gathered.listed.extend(read.scope.clone());
            }
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
                    let (scope, group) = (read.scope.clone(), read.group.clone());
                    let why = error.to_string();
                    gathered.gaps.push(Unreadable { surface, part: read.part, scope, group, role, name: None, why });
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
    let mut decoded = Decoded::default();
    let outcome = reader.each_page(&read.query, |page| decoded.take(surface, read, &page.body)).await;
    decoded.done(outcome.err())
}

/// Reads and decodes many short lists in batches.
async fn together<'a>(
    reader: &Reader,
    surface: Surface,
    reads: &[&'a Read],
) -> Vec<Vec<(&'a Read, (Vec<Row>, Vec<Problem>))>> {
    let queries: Vec<Query> = reads.iter().map(|read| read.query.clone()).collect();
    let answers = reader.batch(&queries).await;
    let decode = |(read, answer): (&&'a Read, Result<Answer, TransportError>)| {
        let mut decoded = Decoded::default();
        let error = answer.map(|answer| decoded.take(surface, read, &answer.body)).err();
        vec![(*read, decoded.done(error))]
    };
    reads.iter().zip(answers).map(decode).collect()
}

/// What the pages of one list hold.
#[derive(Default)]
struct Decoded {
    rows: Vec<Row>,
    mistakes: Vec<DecodeError>,
}

impl Decoded {
    fn take(&mut self, surface: Surface, read: &Read, page: &serde_json::Value) {
        let (found, wrong) = surface::of(surface).decode(read, page);
        self.rows.extend(found);
        self.mistakes.extend(wrong);
    }

    fn done(self, error: Option<TransportError>) -> (Vec<Row>, Vec<Problem>) {
        if let Some(error) = error {
            return (self.rows, vec![(None, TransportErrorOr::Transport(error))]);
        }
        let (about_one, about_all): (Vec<_>, Vec<_>) =
            self.mistakes.into_iter().partition(|mistake| mistake.role.is_some());
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
        (self.rows, problems)
    }
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
    if suspects.is_empty() {
        return Ok(());
    }
    let reads = surface::of(surface).second_reads(reach, &suspects);
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
