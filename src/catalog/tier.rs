//! Tiers of the enterprise access model, as AzurePrivilegedIAM classifies roles and permissions.

/// A tier. The order is from the most privileged to the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// Tier 0: who is in it can come to everything.
    ControlPlane,
    /// Tier 1: services and their data.
    ManagementPlane,
    /// Tier 2: what users and readers have.
    UserAccess,
}

impl Tier {
    /// Reads the digit of the data files; `None` for what is not classified.
    pub(super) fn read(digit: &str) -> Option<Self> {
        match digit {
            "0" => Some(Self::ControlPlane),
            "1" => Some(Self::ManagementPlane),
            "2" => Some(Self::UserAccess),
            _ => None,
        }
    }

    /// Returns the words used in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ControlPlane => "tier 0, the control plane",
            Self::ManagementPlane => "tier 1, the management plane",
            Self::UserAccess => "tier 2, user access",
        }
    }
}
