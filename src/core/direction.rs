//! Whether a change gives more, takes away, or neither.

use serde::{Deserialize, Serialize};

/// The direction of a change or of one of its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Somebody can do more, for longer, or with fewer checks.
    Widens,
    /// Somebody can do less, for shorter, or with more checks.
    Narrows,
    /// Nobody gains or loses access.
    Neutral,
}

impl Direction {
    /// Returns the word shown to people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Widens => "widens",
            Self::Narrows => "narrows",
            Self::Neutral => "neutral",
        }
    }

    /// Joins two directions for a summary: what widens anywhere widens, so that a narrowing beside it hides nothing.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        self.min(other)
    }

    /// Returns the direction of going from `before` to `after` where a greater value means more access.
    pub fn of_growth<T: PartialOrd>(before: &T, after: &T) -> Self {
        if after > before {
            Self::Widens
        } else if after < before {
            Self::Narrows
        } else {
            Self::Neutral
        }
    }
}
