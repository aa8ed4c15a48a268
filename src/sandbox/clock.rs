//! Tenant time: the base clock plus an offset that is part of the tenant's state.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

use super::instant;

/// How `--clock` sets tenant time at the start; it goes on from there with the base clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockSetting {
    /// Tenant time is this instant now.
    At(Timestamp),
    /// Tenant time is the base clock plus this.
    Offset(SignedDuration),
}

impl FromStr for ClockSetting {
    type Err = String;

    /// Reads an instant (`2026-11-21T10:00:00Z`) or an offset: `+60d`, `-2h`, `+30m`, `+10s`, or ISO 8601 (`+P60D`, `P1DT2H`).
    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(instant) = text.parse::<Timestamp>() {
            return Ok(Self::At(instant));
        }
        let (sign, rest) = match text.split_at_checked(1) {
            Some(("-", rest)) => (-1, rest),
            Some(("+", rest)) => (1, rest),
            _ => (1, text),
        };
        let duration = instant::duration(rest).or_else(|| {
            let (number, unit) = rest.split_at_checked(rest.len().checked_sub(1)?)?;
            let seconds = match unit {
                "d" => 86_400,
                "h" => 3_600,
                "m" => 60,
                "s" => 1,
                _ => return None,
            };
            Some(SignedDuration::from_secs(i64::from(number.parse::<u32>().ok()?).checked_mul(seconds)?))
        });
        match duration {
            Some(duration) => Ok(Self::Offset(duration * sign)),
            None => Err(format!("`{text}` is neither an instant (2026-11-21T10:00:00Z) nor an offset (+60d, PT2H)")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_and_offsets() {
        assert_eq!("+60d".parse(), Ok(ClockSetting::Offset(SignedDuration::from_hours(1440))));
        assert_eq!("-P1D".parse(), Ok(ClockSetting::Offset(SignedDuration::from_hours(-24))));
        assert_eq!("PT2H".parse(), Ok(ClockSetting::Offset(SignedDuration::from_hours(2))));
        let at = "2026-11-21T10:00:00Z";
        assert_eq!(at.parse(), Ok(ClockSetting::At(at.parse().unwrap())));
        for bad in ["", "+", "tomorrow", "60", "+5y", "é"] {
            assert!(bad.parse::<ClockSetting>().is_err(), "{bad}");
        }
    }
}
