//! What a tenant is made of at first use. Every seed has the same tenant, domain, subscription and app registrations; ids are
//! functions of names, instants are relative to first use.

mod build;
mod contoso;
mod enterprise;

use std::path::PathBuf;
use std::str::FromStr;

use jiff::Timestamp;

use self::build::Builder;
use super::SandboxError;
use super::tenant::Tenant;

/// A seed. Text forms: `empty`, `contoso`, `enterprise:N`, or the path of a file in the form of a state file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seed {
    /// Built-in roles, two permanent Global Administrators, the three app registrations.
    Empty,
    /// Small and readable, with drift worth seeing.
    Contoso,
    /// So many generated users, with groups, units and assignments in proportion; the same every time.
    Enterprise(u32),
    /// A JSON document in the form of a state file.
    File(PathBuf),
}

impl FromStr for Seed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "empty" => Ok(Self::Empty),
            "contoso" => Ok(Self::Contoso),
            "" => Err("a seed is empty, contoso, enterprise:N or a file".to_owned()),
            _ => match text.strip_prefix("enterprise:") {
                Some(number) => number.parse().map(Self::Enterprise).map_err(|_| format!("`{number}` is not a number")),
                None => Ok(Self::File(PathBuf::from(text))),
            },
        }
    }
}

impl Seed {
    /// Makes the tenant as of `now`.
    pub(crate) fn build(&self, now: Timestamp) -> Result<Tenant, SandboxError> {
        let mut builder = Builder::new(now);
        match self {
            Self::Empty => {}
            Self::Contoso => contoso::fill(&mut builder),
            Self::Enterprise(size) => enterprise::fill(&mut builder, *size),
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
