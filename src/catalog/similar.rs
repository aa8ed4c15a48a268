//! "Did you mean": the known name that looks most like a mistyped one.

/// Names longer than this get no suggestion: nobody mistypes a novel, and the cost is quadratic.
const LONGEST: usize = 256;

/// Returns the candidate most like `wanted`, compared without regard to case, when it is close enough to be a slip of the
/// fingers: at most a third of the letters differ. Among equals the first candidate wins.
///
/// Names in another order of words ("Administrator Helpdesk") are found too. Candidates that length or letters alone rule out are
/// skipped without comparing.
pub fn closest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if wanted.trim().is_empty() || wanted.len() > LONGEST {
        return None;
    }
    let wanted = wanted.to_lowercase();
    let length = wanted.chars().count();
    let letters = histogram(&wanted);
    let sorted = words(&wanted);
    let mut bound = (length / 3).max(1);
    let mut best = None;
    for candidate in candidates {
        // bytes are at least as many as characters: a candidate with fewer bytes than the shortest possible is too short
        if candidate.len() > LONGEST || candidate.len() + bound < length {
            continue;
        }
        let folded = candidate.to_lowercase();
        if folded == wanted {
            return Some(candidate);
        }
        let distance = if sorted.len() > 1 && folded.len() == wanted.len() && words(&folded) == sorted {
            1
        } else if folded.chars().count().abs_diff(length) > bound
            || apart(&letters, &histogram(&folded), if wanted.is_ascii() && folded.is_ascii() { 1 } else { 4 }) > bound
        {
            continue;
        } else {
            let (a, b) = differing(&wanted, &folded);
            strsim::osa_distance(a, b)
        };
        if distance <= bound {
            best = Some(candidate);
            // from now on only a better one counts
            bound = distance - 1;
        }
        if bound == 0 {
            break;
        }
    }
    best
}

/// Returns how often each letter occurs, by the low bits of its bytes.
fn histogram(text: &str) -> [u16; 64] {
    let mut counts = [0; 64];
    for byte in text.bytes() {
        counts[usize::from(byte & 63)] += 1;
    }
    counts
}

/// Returns a number of edits that is needed at least to get from one set of letters to the other: each edit takes at most one letter
/// away and puts one in its place, which is `width` bytes at most.
fn apart(a: &[u16; 64], b: &[u16; 64], width: usize) -> usize {
    let (mut more, mut less) = (0_usize, 0_usize);
    for (a, b) in a.iter().zip(b) {
        more += usize::from(a.saturating_sub(*b));
        less += usize::from(b.saturating_sub(*a));
    }
    more.max(less).div_ceil(width)
}

/// Returns what is left of both without their common beginning and end, which no edit touches.
fn differing<'a>(a: &'a str, b: &'a str) -> (&'a str, &'a str) {
    let start: usize = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(letter, _)| letter.len_utf8()).sum();
    let (a, b) = (&a[start..], &b[start..]);
    let end: usize =
        a.chars().rev().zip(b.chars().rev()).take_while(|(a, b)| a == b).map(|(letter, _)| letter.len_utf8()).sum();
    (&a[..a.len() - end], &b[..b.len() - end])
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
