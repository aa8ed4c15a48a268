//! The only table of exit codes (design.md 4).

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: success, or in sync; warnings alone are success.
    Success,
    /// 1: an error, or an incomplete read.
    Error,
    /// 2: changes or drift.
    Changes,
    /// 3: refused by a guard or a guardrail.
    Refused,
    /// 4: partly applied, or still pending after the wait budget.
    Partial,
    /// 5: the saved plan is stale or applied already.
    Stale,
    /// 64: wrong usage.
    Usage,
}

impl Exit {
    /// Returns the code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Error => 1,
            Self::Changes => 2,
            Self::Refused => 3,
            Self::Partial => 4,
            Self::Stale => 5,
            Self::Usage => 64,
        }
    }

    /// Returns the one that is reported when both hold: 64, 1, 5, 4, 3, 2.
    pub(crate) fn and(self, other: Self) -> Self {
        let rank = |exit: Self| match exit {
            Self::Usage => 0,
            Self::Error => 1,
            Self::Stale => 2,
            Self::Partial => 3,
            Self::Refused => 4,
            Self::Changes => 5,
            Self::Success => 6,
        };
        if rank(other) < rank(self) { other } else { self }
    }
}

/// The table as shown by `--help`.
pub(crate) const TABLE: &str = "\
Exit codes:
  0   success, or in sync (warnings alone are 0)
  1   error (also: the tenant could not be read completely)
  2   changes or drift (`drift`, and `plan --detailed-exitcode`)
  3   refused by a guard or a guardrail
  4   partly applied, or still pending after the wait budget
  5   the saved plan is stale, or applied already
  64  wrong usage";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_precedence() {
        use Exit::{Changes, Error, Partial, Refused, Stale, Success, Usage};
        let order = [Usage, Error, Stale, Partial, Refused, Changes, Success];
        for (i, first) in order.iter().enumerate() {
            for second in &order[i..] {
                assert_eq!(first.and(*second), *first);
                assert_eq!(second.and(*first), *first);
            }
        }
    }
}
