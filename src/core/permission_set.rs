//! What sets of permissions with wildcards have in common, decided on the patterns alone.
//!
//! Everything here errs to one side: covered is what is covered for certain. `*` stands for any run of characters, slashes
//! included, and case does not matter (arm.md A.4). Whether the run may be empty is not documented; nothing here depends on it.

use std::collections::BTreeSet;

use crate::core::role_definition::{Permission, Permissions};

/// Longest product of two patterns' lengths that is looked at letter by letter; beyond, they are taken to overlap.
const OVERLAP: usize = 1 << 20;

/// A permission of one set that another does not cover.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Excess {
    /// Whether it is in the data plane.
    pub is_data: bool,
    /// The permission, as the set lists it.
    pub permission: Permission,
    /// The exclusion of the other set that it reaches into; none when nothing in the other set allows it.
    pub into: Option<Permission>,
}

/// Returns what `inner` allows and `outer` does not for certain: each listed permission that no one pattern of `outer` covers, or
/// that reaches into one of `outer`'s exclusions without excluding that too. Empty means that `inner` is a subset.
pub fn excess(inner: &Permissions, outer: &Permissions) -> Vec<Excess> {
    let mut found = Vec::new();
    let planes = [
        (false, [&inner.actions, &inner.not_actions], [&outer.actions, &outer.not_actions]),
        (true, [&inner.data_actions, &inner.not_data_actions], [&outer.data_actions, &outer.not_data_actions]),
    ];
    for (is_data, [allowed, excluded], [other_allowed, other_excluded]) in planes {
        let (excluded, other_allowed) = (Patterns::new(excluded), Patterns::new(other_allowed));
        let other_excluded: Vec<(&Permission, Pattern)> =
            other_excluded.iter().map(|one| (one, Pattern::new(one.as_str()))).collect();
        for permission in allowed {
            let pattern = Pattern::new(permission.as_str());
            // what is excluded again grants nothing
            if excluded.cover(&pattern) {
                continue;
            }
            let reached = other_excluded
                .iter()
                .find(|(_, exclusion)| exclusion.overlaps(&pattern) && !excluded.cover(exclusion))
                .map(|(permission, _)| (*permission).clone());
            if reached.is_some() || !other_allowed.cover(&pattern) {
                let into = reached.filter(|_| other_allowed.cover(&pattern));
                found.push(Excess { is_data, permission: permission.clone(), into });
            }
        }
    }
    found
}

/// Returns the permissions of `some` that no one pattern of `others` covers.
pub fn uncovered<'a>(some: &'a BTreeSet<Permission>, others: &BTreeSet<Permission>) -> Vec<&'a Permission> {
    let others = Patterns::new(others);
    some.iter().filter(|one| !others.cover(&Pattern::new(one.as_str()))).collect()
}

/// Returns what both sets list: each permission of one that a pattern of the other covers.
pub(crate) fn common(a: &BTreeSet<Permission>, b: &BTreeSet<Permission>) -> BTreeSet<Permission> {
    let covered = |some: &BTreeSet<Permission>, others: &BTreeSet<Permission>| {
        let others = Patterns::new(others);
        some.iter().filter(|one| others.cover(&Pattern::new(one.as_str()))).cloned().collect::<Vec<_>>()
    };
    covered(a, b).into_iter().chain(covered(b, a)).collect()
}

/// What one plane of a role allows, asked about single permissions.
pub(crate) struct Granted {
    allowed: Vec<Pattern>,
    excluded: Patterns,
}

impl Granted {
    /// Arranges what is allowed and what of it is taken away again.
    pub(crate) fn new(allowed: &BTreeSet<Permission>, excluded: &BTreeSet<Permission>) -> Self {
        let excluded = Patterns::new(excluded);
        let all = allowed.iter().map(|one| Pattern::new(one.as_str()));
        // what is excluded again grants nothing
        Self { allowed: all.filter(|one| !excluded.cover(one)).collect(), excluded }
    }

    /// Tells whether something that `pattern` stands for may be allowed: not when all of it is taken away.
    pub(crate) fn reaches(&self, pattern: &str) -> bool {
        let pattern = Pattern::new(pattern);
        !self.excluded.cover(&pattern) && self.allowed.iter().any(|one| one.overlaps(&pattern))
    }

    /// Tells whether one permission, as listed, allows all that `pattern` stands for, and none of it is taken away by name.
    pub(crate) fn covers(&self, pattern: &str) -> bool {
        let pattern = Pattern::new(pattern);
        !self.excluded.cover(&pattern) && self.allowed.iter().any(|one| one.covers(&pattern))
    }

    /// Returns what is listed and not taken away again, in lower case.
    pub(crate) fn listed(&self) -> impl Iterator<Item = &str> {
        self.allowed.iter().map(|one| one.0.as_str())
    }
}

/// A permission in lower case.
struct Pattern(String);

impl Pattern {
    fn new(text: &str) -> Self {
        Self(text.to_ascii_lowercase())
    }

    fn has_wildcard(&self) -> bool {
        self.0.contains('*')
    }

    /// Tells whether everything that `other` stands for, this stands for too. A `*` of the other pattern is a letter that only a
    /// `*` of this one takes. Each `*` takes at least one letter: `a*` is not taken to cover `a`.
    fn covers(&self, other: &Self) -> bool {
        let Some((head, rest)) = self.0.split_once('*') else { return self.0 == other.0 };
        let Some(mut text) = other.0.strip_prefix(head).map(str::as_bytes) else { return false };
        let mut parts: Vec<&[u8]> = rest.split('*').map(str::as_bytes).collect();
        let tail = parts.pop().unwrap_or_default();
        for part in parts {
            // one letter for the wildcard, then the next place where the part stands
            let found = (1..text.len()).find(|at| text[*at..].starts_with(part));
            match found {
                Some(at) => text = &text[at + part.len()..],
                None => return false,
            }
        }
        text.len() > tail.len() && text.ends_with(tail)
    }

    /// Tells whether both can stand for one permission; yes where that would take long to find out.
    fn overlaps(&self, other: &Self) -> bool {
        let (a, b) = (self.0.as_bytes(), other.0.as_bytes());
        if !self.has_wildcard() && !other.has_wildcard() {
            return a == b;
        }
        let (head_a, head_b) = (literal(a), literal(b));
        let head = head_a.len().min(head_b.len());
        let (tail_a, tail_b) = (last_literal(a), last_literal(b));
        let tail = tail_a.len().min(tail_b.len());
        if head_a[..head] != head_b[..head] || tail_a[tail_a.len() - tail..] != tail_b[tail_b.len() - tail..] {
            return false;
        }
        if a.len().saturating_mul(b.len()) > OVERLAP {
            return true;
        }
        // meets[j]: whether the rests from i in one and j in the other can be equal, for one i at a time, from the end
        let mut next = vec![false; b.len() + 1];
        for i in (0..=a.len()).rev() {
            let mut meets = vec![false; b.len() + 1];
            for j in (0..=b.len()).rev() {
                let (x, y) = (a.get(i), b.get(j));
                meets[j] = match (x, y) {
                    (None, None) => true,
                    (Some(b'*'), _) if next[j] || j < b.len() && meets[j + 1] => true,
                    (_, Some(b'*')) => meets[j + 1] || i < a.len() && next[j],
                    (Some(x), Some(y)) => x == y && next[j + 1],
                    _ => false,
                };
            }
            next = meets;
        }
        next[0]
    }
}

/// Returns what stands before the first wildcard.
fn literal(pattern: &[u8]) -> &[u8] {
    let end = pattern.iter().position(|byte| *byte == b'*').unwrap_or(pattern.len());
    &pattern[..end]
}

/// Returns what stands after the last wildcard.
fn last_literal(pattern: &[u8]) -> &[u8] {
    let start = pattern.iter().rposition(|byte| *byte == b'*').map_or(0, |at| at + 1);
    &pattern[start..]
}

/// A list of permissions that is asked often: those without wildcard by name, the others one by one.
struct Patterns {
    literal: std::collections::HashSet<String>,
    wild: Vec<Pattern>,
}

impl Patterns {
    fn new(permissions: &BTreeSet<Permission>) -> Self {
        let all = permissions.iter().map(|one| Pattern::new(one.as_str()));
        let (wild, literal): (Vec<Pattern>, Vec<Pattern>) = all.partition(Pattern::has_wildcard);
        Self { literal: literal.into_iter().map(|one| one.0).collect(), wild }
    }

    /// Tells whether one of them covers the pattern.
    fn cover(&self, pattern: &Pattern) -> bool {
        self.literal.contains(&pattern.0) || self.wild.iter().any(|known| known.covers(pattern))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(texts: &[&str]) -> BTreeSet<Permission> {
        texts.iter().map(|text| Permission::new(text)).collect()
    }

    fn role(actions: &[&str], not_actions: &[&str]) -> Permissions {
        Permissions { actions: set(actions), not_actions: set(not_actions), ..Permissions::default() }
    }

    #[test]
    fn patterns_cover_and_overlap() {
        for (a, b, covers, overlaps) in [
            ("*", "*", true, true),
            ("*", "a/*", true, true),
            ("a/*", "*", false, true),
            ("A/*/Read", "a/b/c/read", true, true),
            ("a/*/read", "a/*/c/read", true, true),
            ("a/*/read", "a/b/*", false, true),
            ("*/read", "a/*", false, true),
            ("*/read", "a/*/write", false, false),
            ("a/*", "b/*", false, false),
            ("a", "a", true, true),
            ("a", "ab", false, false),
            ("a*", "a", false, true),
            ("a*b*c", "axbxc", true, true),
            ("a*b*c", "axcxb", false, false),
            ("a*b*b", "a*b*b", true, true),
            ("*a*", "*b*", false, true),
            ("**", "*", false, true),
            ("x*aa", "xa*a", false, true),
        ] {
            let (x, y) = (Pattern::new(a), Pattern::new(b));
            assert_eq!((x.covers(&y), x.overlaps(&y), y.overlaps(&x)), (covers, overlaps, overlaps), "{a} {b}");
        }
    }

    #[test]
    fn a_subset_excludes_what_the_other_excludes() {
        let contributor = role(&["*"], &["Microsoft.Authorization/*/Write", "Microsoft.Blueprint/write"]);
        let names = |inner: &Permissions| -> Vec<(String, bool)> {
            let found = excess(inner, &contributor);
            found.into_iter().map(|one| (one.permission.to_string(), one.into.is_some())).collect()
        };
        assert_eq!(names(&role(&["Microsoft.Compute/*"], &[])), []);
        assert_eq!(names(&role(&["*"], &[])), [("*".to_owned(), true)]);
        assert_eq!(names(&role(&["*"], &["microsoft.authorization/*", "microsoft.blueprint/*"])), []);
        assert_eq!(names(&role(&["*"], &["microsoft.authorization/*"])), [("*".to_owned(), true)]);
        assert_eq!(names(&role(&["Microsoft.Authorization/locks/*"], &["*/write"])), []);
        assert_eq!(names(&role(&["Microsoft.Authorization/locks/write"], &[])).len(), 1);
        assert_eq!(names(&role(&["Microsoft.Authorization/locks/read"], &[])), []);
        let data = Permissions { data_actions: set(&["a/read"]), ..Permissions::default() };
        let found = excess(&data, &contributor);
        assert_eq!((found[0].is_data, &found[0].into), (true, &None), "`*` in actions allows no data action");
    }

    #[test]
    fn what_is_common_is_the_narrower_of_two() {
        let (a, b) = (set(&["a/*", "b/read", "c/write"]), set(&["a/b/read", "b/*", "d/write", "C/WRITE"]));
        assert_eq!(common(&a, &b), set(&["a/b/read", "b/read", "c/write"]));
        let names: Vec<&str> = uncovered(&b, &a).into_iter().map(Permission::as_str).collect();
        assert_eq!(names, ["b/*", "d/write"]);
    }

    #[test]
    fn long_patterns_are_not_compared_letter_by_letter() {
        let long = |tail: &str| Pattern::new(&format!("a*{}*{tail}", "x".repeat(5_000)));
        assert!(long("z").overlaps(&long("z")) && !long("z").overlaps(&long("y")));
    }
}
