//! Reading a tenant: bulk lists in the order that makes them trustworthy.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use crate::core::assignment::AssignmentKey;
use crate::core::observed::{Observed, Part, Unreadable};
use crate::core::row::{DeletedRole, Row};
use crate::core::target::Surface;
use crate::surface::{self, Read};
use crate::transport::{Client, Reader, TransportError};

/// Reads everything about one surface.
///
/// # Errors
/// Only when no token can be had, or when the surface cannot be read by this program. A refused, throttled or broken read is
/// a gap in the observation, not an error (design.md 3).
pub async fn observe(client: &Client, surface: Surface) -> Result<Observed, TransportError> {
    let reader = client.reader();
    let Some(spelling) = surface::of(surface) else { return Ok(Observed::empty(now(client))) };
    let gathered = gather(&reader, surface, &spelling.reads()).await?;
    let mut observed = Observed::assemble(now(client), gathered.rows);
    observed.unreadable = gathered.gaps;
    observed.deleted_roles = gathered.deleted_roles;
    confirm(client, surface, &mut observed).await?;
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
            let (found, mistakes) = spelling.decode(read.part, &page.body);
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
}

async fn gather(reader: &Reader, surface: Surface, reads: &[(u8, Read)]) -> Result<Gathered, TransportError> {
    let mut gathered = Gathered::default();
    let ranks: BTreeSet<u8> = reads.iter().map(|(rank, _)| *rank).collect();
    for rank in ranks {
        let now: Vec<&Read> = reads.iter().filter(|(r, _)| *r == rank).map(|(_, read)| read).collect();
        for (read, (rows, mistake)) in now.iter().zip(join_all(now.iter().map(|read| one(reader, surface, read))).await)
        {
            match mistake {
                None => {}
                Some(error @ TransportErrorOr::Transport(TransportError::Auth(_))) => {
                    return Err(error.into_transport());
                }
                Some(error) if read.is_optional && error.means_not_here() => {
                    tracing::debug!(part = read.part.as_str(), %error, "not shown by this tenant");
                    continue;
                }
                Some(error) => {
                    gathered.gaps.push(Unreadable { surface, part: read.part, why: error.to_string() });
                }
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

/// Reads and decodes one list, page by page, so that only rows are held and no pages.
async fn one(reader: &Reader, surface: Surface, read: &Read) -> (Vec<Row>, Option<TransportErrorOr>) {
    let Some(spelling) = surface::of(surface) else { return (Vec::new(), None) };
    let (mut rows, mut mistakes) = (Vec::new(), Vec::new());
    let outcome = reader
        .each_page(&read.query, |page| {
            let (found, wrong) = spelling.decode(read.part, &page.body);
            rows.extend(found);
            mistakes.extend(wrong);
        })
        .await;
    match (outcome, mistakes.first()) {
        (Err(error), _) => (rows, Some(TransportErrorOr::Transport(error))),
        (Ok(()), Some(first)) => {
            let more = match mistakes.len() {
                1 => String::new(),
                n => format!(" (and {} more)", n - 1),
            };
            (rows, Some(TransportErrorOr::Decode(format!("{first}{more}"))))
        }
        (Ok(()), None) => (rows, None),
    }
}

/// Reads the lists of active assignments again when a plain row was not explained by them: it counts only if the second read
/// does not explain it either (design.md 3).
async fn confirm(client: &Client, surface: Surface, observed: &mut Observed) -> Result<(), TransportError> {
    let suspects = observed.unexplained();
    let Some(spelling) = surface::of(surface).filter(|_| !suspects.is_empty()) else { return Ok(()) };
    let parts = [Part::PlainAssignments, Part::ActiveSchedules, Part::ActiveInstances];
    let reads: Vec<(u8, Read)> = spelling.reads().into_iter().filter(|(_, read)| parts.contains(&read.part)).collect();
    let again = gather(&client.reader(), surface, &reads).await?;
    if let Some(gap) = again.gaps.into_iter().next() {
        observed.unreadable.push(gap);
        return Ok(());
    }
    let second = Observed::assemble(observed.now, again.rows).unexplained();
    observed.assignments.retain(|key, _| !suspects.contains(key) || second.contains(key));
    Ok(())
}
