//! "Did you mean": the known name that looks most like a mistyped one.

/// Names longer than this get no suggestion: nobody mistypes a novel, and the cost is quadratic.
const LONGEST: usize = 256;

/// Returns the candidate most like `wanted`, compared without regard to case, when it is close enough to be a slip of the
/// fingers: at most a third of the letters differ. Among equals the first candidate wins.
///
/// Names in another order of words ("Administrator Helpdesk") are found too. Candidates whose length alone rules them out are
/// skipped without comparing.
pub fn closest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if wanted.trim().is_empty() || wanted.len() > LONGEST {
        return None;
    }
    let wanted = wanted.to_lowercase();
    let length = wanted.chars().count();
    let allowed = (length / 3).max(1);
    let sorted = words(&wanted);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let bound = best.map_or(allowed, |(distance, _)| distance.saturating_sub(1));
        if candidate.len() > LONGEST || (best.is_some() && bound == 0) {
            continue;
        }
        // bytes are at least as many as characters: a candidate with fewer bytes than the shortest possible is too short
        if candidate.len() + allowed < length {
            continue;
        }
        let folded = candidate.to_lowercase();
        let other = folded.chars().count();
        let distance = if other.abs_diff(length) <= bound {
            strsim::osa_distance(&wanted, &folded)
        } else if other == length && words(&folded) == sorted {
            1
        } else {
            continue;
        };
        let distance = if distance > bound && other == length && sorted.len() > 1 && words(&folded) == sorted {
            1
        } else {
            distance
        };
        if distance <= bound.max(usize::from(best.is_none())) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

fn words(text: &str) -> Vec<&str> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    words.sort_unstable();
    words
}

/// Returns the advice that goes with [`closest`], as a sentence.
pub fn did_you_mean(candidate: &str) -> String {
    format!("did you mean `{candidate}`?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_strangers_are_not() {
        let roles = ["Helpdesk Administrator", "User Administrator", "Global Administrator", "Reader"];
        for (wanted, want) in [
            ("Helpdesk Adminstrator", Some("Helpdesk Administrator")),
            ("helpdesk administrator", Some("Helpdesk Administrator")),
            ("Administrator Helpdesk", Some("Helpdesk Administrator")),
            ("Raeder", Some("Reader")),
            ("Completely Different", None),
            ("", None),
            ("   ", None),
        ] {
            assert_eq!(closest(wanted, roles), want, "{wanted}");
        }
        assert_eq!(closest(&"x".repeat(100_000), roles), None);
    }
}
