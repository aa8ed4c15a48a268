//! What somebody may have meant.

/// Returns the candidate closest to `name`, when one is close enough to be worth saying.
pub(crate) fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // nobody mistypes a text of this length into another; the bound keeps hostile keys cheap
    if name.is_empty() || name.len() > 80 {
        return None;
    }
    let folded = name.to_lowercase();
    let budget = (folded.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len().abs_diff(name.len()) <= budget.max(2))
        .map(|candidate| (strsim::damerau_levenshtein(&folded, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= budget)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Returns names in back-quotes, joined: `a`, `b` or `c`.
pub(crate) fn list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    join(&quoted)
}

/// Joins phrases: a, b or c.
pub(crate) fn join(phrases: &[String]) -> String {
    match phrases {
        [] => String::new(),
        [only] => only.clone(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_close_is_suggested() {
        let keys = ["maxDuration", "require", "approval", "authenticationContext"];
        for (name, want) in [
            ("maxduration", Some("maxDuration")),
            ("requires", Some("require")),
            ("aproval", Some("approval")),
            ("x", None),
            ("", None),
            ("notifications", None),
        ] {
            assert_eq!(closest(name, keys), want, "{name}");
        }
        assert_eq!(list(&["a", "b", "c"]), "`a`, `b` or `c`");
    }
}
