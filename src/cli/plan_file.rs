//! A saved plan as a file: read whole, understood whole, unchanged since it was written.

mod document;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;

use self::document::Document;
use crate::cli::fault::Fault;
use crate::core::change::{canonical, digest};
use crate::core::plan::{FORMAT, LIFETIME, Plan};

/// Why a file is no plan that may be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlanFileError {
    /// The file cannot be read: a wrong path, or missing rights.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no JSON: cut off, or something else altogether, or it has a member twice.
    #[error("{path}:{line}:{column}: no JSON: {message}")]
    Json {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
        /// What the parser says.
        message: String,
    },
    /// JSON, but not one of our plans.
    #[error("{path} is no plan: {why}")]
    NoPlan {
        /// The file.
        path: PathBuf,
        /// What is missing.
        why: String,
    },
    /// A version of the document that this program does not know.
    #[error("{path} is a plan of format `{format}`; this version reads `{FORMAT}`")]
    Format {
        /// The file.
        path: PathBuf,
        /// The format that it names.
        format: String,
    },
    /// It was changed after it was written.
    #[error("{path} was edited: its content has digest {found}, but it says {said}")]
    Edited {
        /// The file.
        path: PathBuf,
        /// The digest that it holds.
        said: String,
        /// The digest of what it holds.
        found: String,
    },
    /// It holds something that this version would ignore.
    #[error("{path} was made by rolewright {version} and holds what this version does not understand: {what}")]
    Unknown {
        /// The file.
        path: PathBuf,
        /// The version that made it.
        version: String,
        /// Where in the document.
        what: String,
    },
    /// A change without what it was to wait for: somebody took safeguards out of the plan.
    #[error("{path} is not whole: `{address}` is to wait for `{awaited}`, which is not in it")]
    Torn {
        /// The file.
        path: PathBuf,
        /// The change.
        address: String,
        /// What is missing.
        awaited: String,
    },
    /// It is another plan than the one that was reviewed.
    #[error("{path} is not the plan that was reviewed: its digest is {found}, demanded is {wanted}")]
    Another {
        /// The file.
        path: PathBuf,
        /// The digest of the file.
        found: String,
        /// The digest that was demanded.
        wanted: String,
    },
}

impl PlanFileError {
    /// Returns what to do about it.
    fn help(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "`rolewright plan --out FILE` writes a plan",
            Self::Json { .. } | Self::NoPlan { .. } => {
                "take the file that `rolewright plan --out FILE` wrote; several plans in one file cannot be applied"
            }
            Self::Format { .. } | Self::Unknown { .. } => {
                "use the version of rolewright that made the plan, or plan again"
            }
            Self::Edited { .. } | Self::Torn { .. } => {
                "a plan is never edited: change the manifests, plan again, and have the new plan reviewed"
            }
            Self::Another { .. } => "take the plan that belongs to the review, or have this one reviewed",
        }
    }
}

impl From<PlanFileError> for Fault {
    fn from(error: PlanFileError) -> Self {
        Self::error(error.to_string()).help(error.help())
    }
}

/// Reads a plan. The digest is taken over the document as it stands, so nothing in it is outside of what was reviewed, and what this
/// version would not understand is refused.
///
/// # Errors
/// See [`PlanFileError`].
pub(crate) fn read(path: &Path, demanded: Option<&str>) -> Result<Plan, PlanFileError> {
    let at = || path.to_path_buf();
    let text = std::fs::read_to_string(path).map_err(|source| PlanFileError::Unreadable { path: at(), source })?;
    let plan = parse(&text, path)?;
    match demanded {
        Some(wanted) if wanted != plan.digest => {
            Err(PlanFileError::Another { path: at(), found: plan.digest, wanted: wanted.to_owned() })
        }
        _ => Ok(plan),
    }
}

fn parse(text: &str, path: &Path) -> Result<Plan, PlanFileError> {
    let at = || path.to_path_buf();
    let Document(document) = serde_json::from_str(text).map_err(|error| PlanFileError::Json {
        path: at(),
        line: error.line(),
        column: error.column(),
        message: error.to_string(),
    })?;
    let word = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let no_plan = |why: &str| PlanFileError::NoPlan { path: at(), why: why.to_owned() };
    match word("format") {
        format if format == FORMAT => {}
        format if format.starts_with("rolewright.plans/") => {
            return Err(no_plan("it holds the plans of several tenants"));
        }
        format if format.starts_with("rolewright.plan/") => return Err(PlanFileError::Format { path: at(), format }),
        _ => return Err(no_plan(&format!("it has no `format: {FORMAT}`"))),
    }
    let said = word("digest");
    let mut rest = document.clone();
    if let Some(members) = rest.as_object_mut() {
        members.remove("digest");
    }
    let found = digest(&canonical(&rest));
    if found != said {
        return Err(PlanFileError::Edited { path: at(), said, found });
    }
    let version = word("toolVersion");
    let unknown = |what: String| PlanFileError::Unknown { path: at(), version: version.clone(), what };
    let plan: Plan = serde_json::from_value(document.clone()).map_err(|error| unknown(error.to_string()))?;
    let again = serde_json::to_value(&plan).unwrap_or_default();
    if let Some(what) = lost(&document, &again, String::new()) {
        return Err(unknown(what));
    }
    let held: BTreeSet<&str> = plan.changes.iter().map(|change| change.address.as_str()).collect();
    for change in &plan.changes {
        if let Some(awaited) = change.requires.iter().find(|awaited| !held.contains(awaited.address.as_str())) {
            let (address, awaited) = (change.address.clone(), awaited.address.clone());
            return Err(PlanFileError::Torn { path: at(), address, awaited });
        }
    }
    Ok(plan)
}

/// Returns where the document says something that did not survive being read.
fn lost(document: &Value, again: &Value, at: String) -> Option<String> {
    match (document, again) {
        (Value::Object(members), Value::Object(kept)) => {
            let gone = |name: &String| format!("{at}/{name}");
            let changed = members.iter().find_map(|(name, value)| match kept.get(name) {
                Some(kept) => lost(value, kept, gone(name)),
                None => Some(gone(name)),
            });
            changed.or_else(|| kept.keys().find(|name| !members.contains_key(*name)).map(gone))
        }
        (Value::Array(items), Value::Array(kept)) if items.len() == kept.len() => {
            let mut pairs = items.iter().zip(kept).enumerate();
            pairs.find_map(|(n, (item, kept))| lost(item, kept, format!("{at}/{n}")))
        }
        (document, again) => (document != again).then_some(at),
    }
}

/// Returns why a plan may not be applied any more at `now`, the service's time.
pub(crate) fn expired(plan: &Plan, now: Timestamp) -> Option<Fault> {
    // nothing that a file says makes a plan live longer than every plan does
    let end = plan.created_at.checked_add(LIFETIME).map_or(plan.expires_at, |end| end.min(plan.expires_at));
    (now >= end).then(|| {
        let message = format!("the plan of {} expired at {end}; it is {now} now", plan.created_at);
        Fault::stale(message).help("plan again, and have the new plan reviewed; nothing was written")
    })
}

#[cfg(test)]
mod tests;
