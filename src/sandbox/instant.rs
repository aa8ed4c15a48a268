//! Instants and durations as Graph prints them (graph.md 1).

use jiff::{SignedDuration, Timestamp};

/// Returns `instant` with up to seven fractional digits, as the answer to a POST prints it.
pub(crate) fn precise(instant: Timestamp) -> String {
    truncate(instant, 100).to_string()
}

/// Returns `instant` with up to three fractional digits, as a later GET prints it.
pub(crate) fn coarse(instant: Timestamp) -> String {
    truncate(instant, 1_000_000).to_string()
}

/// Returns `instant` without its fraction of `step` nanoseconds.
pub(crate) fn truncate(instant: Timestamp, step: i128) -> Timestamp {
    let whole = instant.as_nanosecond().div_euclid(step) * step;
    Timestamp::from_nanosecond(whole).unwrap_or(instant)
}

/// Returns the seconds without a zone, as `innerError.date` prints them.
pub(crate) fn zoneless(instant: Timestamp) -> String {
    truncate(instant, 1_000_000_000).to_string().trim_end_matches('Z').to_owned()
}

/// Returns the instant as the `Date` header prints it.
pub(crate) fn http_date(instant: Timestamp) -> String {
    instant.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Returns `instant + duration`, stopping at the ends of the calendar.
pub(crate) fn plus(instant: Timestamp, duration: SignedDuration) -> Timestamp {
    instant.saturating_add(duration).unwrap_or(instant)
}

/// Reads an `Edm.Duration`: `P[nD][T[nH][nM][nS]]`. Years, months and weeks do not exist there (graph.md 1), nor does the
/// text that Python's `timedelta` prints; both give `None`.
pub(crate) fn duration(text: &str) -> Option<SignedDuration> {
    let rest = text.strip_prefix('P')?;
    let (days, time) = match rest.split_once('T') {
        Some((days, time)) if !time.is_empty() => (days, time),
        Some(_) => return None,
        None => (rest, ""),
    };
    if days.is_empty() && time.is_empty() {
        return None;
    }
    let mut seconds: i64 = 0;
    if !days.is_empty() {
        seconds = days.strip_suffix('D')?.parse::<u32>().ok()?.into();
        seconds = seconds.checked_mul(86_400)?;
    }
    let (mut number, mut last) = (String::new(), 0_u8);
    for letter in time.chars() {
        let (rank, unit) = match letter {
            '0'..='9' => {
                number.push(letter);
                continue;
            }
            'H' => (1, 3_600),
            'M' => (2, 60),
            'S' => (3, 1),
            _ => return None,
        };
        if rank <= last {
            return None;
        }
        last = rank;
        seconds = seconds.checked_add(i64::from(number.parse::<u32>().ok()?).checked_mul(unit)?)?;
        number.clear();
    }
    number.is_empty().then(|| SignedDuration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_days_and_smaller() {
        assert_eq!(duration("P1D"), duration("PT24H"));
        assert_eq!(duration("P1DT2H3M4S"), Some(SignedDuration::from_secs(93_784)));
        for text in ["P6M", "P1Y", "P2W", "PT", "P", "", "30 days, 0:00:00", "PT1M2H", "PT5", "P-1D"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn precision_differs_between_the_two_forms() {
        let instant: Timestamp = "2026-11-21T10:00:00.123456789Z".parse().unwrap();
        assert_eq!(precise(instant), "2026-11-21T10:00:00.1234567Z");
        assert_eq!(coarse(instant), "2026-11-21T10:00:00.123Z");
        assert_eq!(http_date(instant), "Sat, 21 Nov 2026 10:00:00 GMT");
    }
}
