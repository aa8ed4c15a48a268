//! Lengths of time as Microsoft writes them: ISO 8601 without years, months and weeks.

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A length of time in whole seconds, at least zero. `P1D` and `PT24H` are the same period; a day has 24 hours
/// (graph.md 1, "Durations").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Period {
    seconds: i64,
}

/// Why a text is not a [`Period`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    /// Years, months or weeks: the service knows none of them (`P6M` is refused with `InvalidRoleAssignmentRequest`).
    #[error("years, months and weeks are not known to the service")]
    Calendar,
    /// A fraction of a second, a sign, or a length beyond a century.
    #[error("only whole, positive seconds up to 100 years are possible")]
    Range,
    /// Not an ISO 8601 duration.
    #[error("not an ISO 8601 duration such as `P180D` or `PT8H`")]
    Syntax,
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

impl Period {
    /// Returns a period of `days` days of 24 hours.
    pub const fn days(days: i64) -> Self {
        Self { seconds: days * DAY }
    }

    /// Returns a period of `hours` hours.
    pub const fn hours(hours: i64) -> Self {
        Self { seconds: hours * HOUR }
    }

    /// Returns a period of `minutes` minutes.
    pub const fn minutes(minutes: i64) -> Self {
        Self { seconds: minutes * MINUTE }
    }

    /// Returns a period of `seconds` seconds; negative ones count as zero.
    pub fn seconds(seconds: i64) -> Self {
        Self { seconds: seconds.max(0) }
    }

    /// Returns the length in seconds.
    pub fn as_seconds(self) -> i64 {
        self.seconds
    }

    /// Returns the length as a duration that can be added to an instant.
    pub fn as_duration(self) -> SignedDuration {
        SignedDuration::from_secs(self.seconds)
    }

    /// Tells whether the length is a whole multiple of `step`.
    pub fn is_multiple_of(self, step: Self) -> bool {
        step.seconds != 0 && self.seconds % step.seconds == 0
    }
}

impl FromStr for Period {
    type Err = PeriodError;

    /// Parses `PnDTnHnMnS`; parts may be left out and hours, minutes and seconds may exceed their usual range.
    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let rest = text.strip_prefix('P').ok_or(PeriodError::Syntax)?;
        let (date, time) = match rest.split_once('T') {
            Some((date, time)) if !time.is_empty() => (date, time),
            Some(_) => return Err(PeriodError::Syntax),
            None => (rest, ""),
        };
        if date.is_empty() && time.is_empty() {
            return Err(PeriodError::Syntax);
        }
        let mut seconds = 0_i64;
        let mut add = |number: &str, unit: i64| -> Result<(), PeriodError> {
            let value: i64 = match number.parse() {
                Ok(value) => value,
                Err(_)
                    if number.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b',')) && !number.is_empty() =>
                {
                    return Err(PeriodError::Range);
                }
                Err(_) => return Err(PeriodError::Syntax),
            };
            let part = value.checked_mul(unit).ok_or(PeriodError::Range)?;
            seconds = seconds.checked_add(part).ok_or(PeriodError::Range)?;
            Ok(())
        };
        for (part, units) in [(date, "YMWD"), (time, "HMS")] {
            let (mut start, mut next) = (0, 0);
            for (at, letter) in part.char_indices() {
                if letter.is_ascii_digit() || matches!(letter, '.' | ',' | '-' | '+') {
                    continue;
                }
                let position = units[next..].find(letter).ok_or(PeriodError::Syntax)? + next;
                next = position + 1;
                let number = &part[start..at];
                match (units, letter) {
                    ("YMWD", 'D') => add(number, DAY)?,
                    ("YMWD", _) => return Err(PeriodError::Calendar),
                    (_, 'H') => add(number, HOUR)?,
                    (_, 'M') => add(number, MINUTE)?,
                    _ => add(number, 1)?,
                }
                start = at + letter.len_utf8();
            }
            if start != part.len() {
                return Err(PeriodError::Syntax);
            }
        }
        if !(0..=100 * 366 * DAY).contains(&seconds) {
            return Err(PeriodError::Range);
        }
        Ok(Self { seconds })
    }
}

impl Period {
    /// Returns the period in words, e.g. `180 days`, `1 hour 30 minutes`.
    pub fn in_words(self) -> String {
        let rest = self.seconds % DAY;
        let parts = [
            (self.seconds / DAY, "day"),
            (rest / HOUR, "hour"),
            (rest % HOUR / MINUTE, "minute"),
            (rest % MINUTE, "second"),
        ];
        let words: Vec<String> = (parts.into_iter().filter(|(count, _)| *count > 0))
            .map(|(count, unit)| format!("{count} {unit}{}", if count == 1 { "" } else { "s" }))
            .collect();
        if words.is_empty() { "0 seconds".to_owned() } else { words.join(" ") }
    }
}

impl fmt::Display for Period {
    /// Prints whole days as `P180D`, anything else as `[PnD]TnHnMnS` with at most 24 hours, so that `P1D` stays `P1D` and
    /// `PT36H` becomes `P1DT12H`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, rest) = (self.seconds / DAY, self.seconds % DAY);
        if self.seconds == 0 {
            return f.write_str("PT0S");
        }
        f.write_str("P")?;
        if days > 0 {
            write!(f, "{days}D")?;
        }
        if rest > 0 {
            f.write_str("T")?;
            for (value, unit) in [(rest / HOUR, 'H'), (rest % HOUR / MINUTE, 'M'), (rest % MINUTE, 'S')] {
                if value > 0 {
                    write!(f, "{value}{unit}")?;
                }
            }
        }
        Ok(())
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_length_is_the_same_period() {
        for (a, b) in [("P1D", "PT24H"), ("PT480M", "PT8H"), ("P1DT12H", "PT36H"), ("PT1800S", "PT30M")] {
            assert_eq!(a.parse::<Period>().unwrap(), b.parse::<Period>().unwrap(), "{a} {b}");
        }
    }

    #[test]
    fn people_read_words() {
        for (text, want) in
            [("P180D", "180 days"), ("PT1H30M", "1 hour 30 minutes"), ("P1D", "1 day"), ("PT0S", "0 seconds")]
        {
            assert_eq!(text.parse::<Period>().unwrap().in_words(), want);
        }
    }

    #[test]
    fn printing_and_parsing_agree() {
        for text in ["P180D", "PT8H", "PT30M", "PT23H30M", "P1D", "P1DT12H", "PT0S", "PT1H1M1S"] {
            assert_eq!(text.parse::<Period>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_the_service_does_not_know_is_refused() {
        use PeriodError::{Calendar, Range, Syntax};
        for (text, want) in [
            ("P6M", Calendar),
            ("P1Y", Calendar),
            ("P2W", Calendar),
            ("P1M2D", Calendar),
            ("PT0.5H", Range),
            ("PT99999999999999999999S", Range),
            ("P99999999D", Range),
            ("-P1D", Syntax),
            ("P", Syntax),
            ("PT", Syntax),
            ("8h", Syntax),
            ("", Syntax),
            ("P1", Syntax),
            ("PT1H5", Syntax),
            ("PT5M1H", Syntax),
            ("P1DT", Syntax),
            ("P\u{e4}D", Syntax),
        ] {
            assert_eq!(text.parse::<Period>(), Err(want), "{text}");
        }
    }
}
