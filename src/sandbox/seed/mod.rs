//! What a tenant is made of at first use. Every seed has the same tenant, domain, subscription and app registrations; ids are
//! functions of names, instants are relative to first use.

mod azure;
mod build;
mod contoso;
mod enterprise;
mod landing_zone;
mod operator_groups;

use std::path::PathBuf;
use std::str::FromStr;

use jiff::Timestamp;

use self::build::Builder;
use self::enterprise::Size;
use super::SandboxError;
use super::tenant::Tenant;

/// A seed. Text forms: `empty`, `contoso`, `enterprise:N`, `enterprise:N,subscriptions=M,assignments=K` (either may be left out), or
/// the path of a file in the form of a state file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seed {
    /// Built-in roles, two permanent Global Administrators, the three app registrations.
    Empty,
    /// Small and readable, with drift worth seeing.
    Contoso,
    /// So many generated users, with groups, units and assignments in proportion, a subscription per 100 and 20 PIM assignments in
    /// each; the same every time.
    Enterprise(u32),
    /// The same with an Azure estate of its own size.
    Estate {
        /// Users.
        people: u32,
        /// Subscriptions, at least one.
        subscriptions: u32,
        /// PIM assignments of each subscription, those of its resource groups included.
        assignments: u32,
    },
    /// A JSON document in the form of a state file.
    File(PathBuf),
}

impl FromStr for Seed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "empty" => Ok(Self::Empty),
            "contoso" => Ok(Self::Contoso),
            "" => Err("a seed is empty, contoso, enterprise:N[,subscriptions=M][,assignments=K] or a file".to_owned()),
            _ => match text.strip_prefix("enterprise:") {
                Some(rest) => enterprise(rest),
                None => Ok(Self::File(PathBuf::from(text))),
            },
        }
    }
}

/// How many PIM assignments a subscription has unless somebody says otherwise.
const ASSIGNMENTS: u32 = 20;

/// Reads what stands behind `enterprise:`.
fn enterprise(text: &str) -> Result<Seed, String> {
    let number = |text: &str| text.parse::<u32>().map_err(|_| format!("`{text}` is not a number"));
    let mut parts = text.split(',');
    let people = number(parts.next().unwrap_or_default())?;
    let (mut subscriptions, mut assignments, mut is_plain) = (usual(people), ASSIGNMENTS, true);
    for part in parts {
        match part.split_once('=') {
            Some(("subscriptions", count)) => subscriptions = number(count)?,
            Some(("assignments", count)) => assignments = number(count)?,
            _ => return Err(format!("`{part}` is neither subscriptions=M nor assignments=K")),
        }
        is_plain = false;
    }
    if is_plain { Ok(Seed::Enterprise(people)) } else { Ok(Seed::Estate { people, subscriptions, assignments }) }
}

/// Returns how many subscriptions go with so many people.
fn usual(people: u32) -> u32 {
    (people / 100).max(1)
}

impl Seed {
    /// Makes the tenant as of `now`.
    pub(crate) fn build(&self, now: Timestamp) -> Result<Tenant, SandboxError> {
        let mut builder = Builder::new(now);
        match self {
            Self::Empty => {}
            Self::Contoso => contoso::fill(&mut builder),
            Self::Enterprise(people) => {
                let size = Size { people: *people, subscriptions: usual(*people), assignments: ASSIGNMENTS };
                enterprise::fill(&mut builder, size);
            }
            Self::Estate { people, subscriptions, assignments } => {
                let size = Size { people: *people, subscriptions: (*subscriptions).max(1), assignments: *assignments };
                enterprise::fill(&mut builder, size);
            }
            Self::File(path) => {
                let failed = |source| SandboxError::StateFile { path: path.clone(), source };
                let bytes = std::fs::read(path).map_err(failed)?;
                return serde_json::from_slice(&bytes)
                    .map_err(|source| SandboxError::StateForm { path: path.clone(), source });
            }
        }
        Ok(builder.tenant)
    }
}
