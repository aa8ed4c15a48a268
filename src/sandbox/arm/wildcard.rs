//! Actions with `*`, which stands for any run of characters, slashes included; case does not count (arm.md A.4).

/// Tells whether `text` is what `pattern` stands for.
pub(crate) fn is_match(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let (pattern_has_star, Some(mut rest)) = (pattern.contains('*'), strip(text, first)) else { return false };
    if !pattern_has_star {
        return rest.is_empty();
    }
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return true };
    for part in middle {
        match find(rest, part) {
            Some(end) => rest = &rest[end..],
            None => return false,
        }
    }
    rest.len() >= last.len() && rest.get(rest.len() - last.len()..).is_some_and(|tail| tail.eq_ignore_ascii_case(last))
}

fn strip<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    text.get(..prefix.len()).filter(|head| head.eq_ignore_ascii_case(prefix)).and_then(|_| text.get(prefix.len()..))
}

/// Returns where the first occurrence of `part` ends.
fn find(text: &str, part: &str) -> Option<usize> {
    (0..=text.len().checked_sub(part.len())?)
        .find(|at| text.get(*at..at + part.len()).is_some_and(|found| found.eq_ignore_ascii_case(part)))
        .map(|at| at + part.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_runs() {
        let action = "Microsoft.Authorization/roleAssignments/write";
        for pattern in [
            "*",
            "*/write",
            "microsoft.authorization/*",
            "Microsoft.*/roleAssignments/write",
            "*/roleAssignments/*",
            action,
        ] {
            assert!(is_match(pattern, action), "{pattern}");
        }
        for pattern in ["*/read", "Microsoft.Compute/*", "Microsoft.Authorization", "", "*/roleAssignments/writ", "*x*"]
        {
            assert!(!is_match(pattern, action), "{pattern}");
        }
        assert!(!is_match("a*a", "a") && is_match("a*a", "aa") && is_match("*/*/read", "a/b/read"));
    }
}
