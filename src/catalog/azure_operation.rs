//! Operations of Azure resource providers: what Azure role definitions may name.

use std::sync::LazyLock;

use crate::catalog::front::{FrontCoded, lines};
use crate::catalog::similar::closest;

/// Which list of a role definition an operation belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plane {
    /// `actions`: a built-in role lists it there literally.
    Control,
    /// `dataActions`: a built-in role lists it there literally.
    Data,
    /// Probably `actions`.
    ControlInferred,
    /// Probably `dataActions`.
    DataInferred,
    /// Nobody knows.
    Unknown,
}

/// An operation.
#[derive(Debug)]
pub struct AzureOperation {
    /// Its name, e.g. `Microsoft.Compute/virtualMachines/start/action`.
    pub name: String,
    folded: String,
    /// Which list it belongs to. Only the confirmed planes are grounds for an error.
    pub plane: Plane,
}

static OPERATIONS: LazyLock<Vec<AzureOperation>> = LazyLock::new(|| {
    let mut names = FrontCoded::default();
    lines(include_str!("../../data/azure-operations.txt"))
        .map(|line| {
            let plane = match line.as_bytes().first() {
                Some(b'c') => Plane::Control,
                Some(b'd') => Plane::Data,
                Some(b'i') => Plane::ControlInferred,
                Some(b'j') => Plane::DataInferred,
                Some(b'u') => Plane::Unknown,
                _ => panic!("no plane: {line:?}"),
            };
            let name = names.name(&line[1..]);
            AzureOperation { folded: name.to_ascii_lowercase(), name, plane }
        })
        .collect()
});

/// Returns all known operations, sorted by name.
pub fn all() -> &'static [AzureOperation] {
    &OPERATIONS
}

/// Returns the operation of this name.
pub fn find(name: &str) -> Option<&'static AzureOperation> {
    let folded = name.trim().to_ascii_lowercase();
    OPERATIONS.binary_search_by(|known| known.folded.as_str().cmp(&folded)).ok().map(|at| &OPERATIONS[at])
}

/// Tells whether any known operation matches a pattern with `*`, which stands for any run of characters, slashes included.
pub fn matches_any(pattern: &str) -> bool {
    matching(pattern).next().is_some()
}

/// Returns the known operations that match a pattern with `*`, sorted by name.
pub fn matching(pattern: &str) -> impl Iterator<Item = &'static AzureOperation> {
    let pattern = pattern.trim().to_ascii_lowercase();
    let literal = pattern.split('*').next().unwrap_or_default();
    beginning_with(literal).iter().filter(move |known| wildcard(&pattern, &known.folded))
}

/// Returns the operations whose name begins with `literal`, which is in lower case.
fn beginning_with(literal: &str) -> &'static [AzureOperation] {
    let start = OPERATIONS.partition_point(|known| known.folded.as_str() < literal);
    let length = OPERATIONS[start..].partition_point(|known| known.folded.starts_with(literal));
    &OPERATIONS[start..start + length]
}

/// Tells whether `name` begins with a known resource provider such as `Microsoft.Compute`.
pub fn has_known_provider(name: &str) -> bool {
    let Some((provider, _)) = name.trim().split_once('/') else { return false };
    !beginning_with(&format!("{}/", provider.to_ascii_lowercase())).is_empty()
}

/// Returns the known operation most like a mistyped one. Looks within the provider when it is known, else among providers. Of a
/// pattern the part before the first `*` is corrected.
pub fn suggest(name: &str) -> Option<String> {
    let name = name.trim();
    if let Some((literal, _)) = name.split_once('*').filter(|_| has_known_provider(name)) {
        let depth = literal.matches('/').count();
        let provider = name.split('/').next().unwrap_or_default().to_ascii_lowercase();
        let heads = beginning_with(&format!("{provider}/")).iter().filter_map(|known| {
            let end = known.name.match_indices('/').nth(depth.checked_sub(1)?).map(|(at, _)| at + 1)?;
            Some(&known.name[..end])
        });
        let head = literal.rfind('/').map(|at| &literal[..=at])?;
        let corrected = format!("{}{}", closest(head, heads)?, &name[head.len()..]);
        return Some(corrected).filter(|corrected| matches_any(corrected));
    }
    let (provider, rest) = name.split_once('/')?;
    if has_known_provider(name) {
        let siblings = beginning_with(&format!("{}/", provider.to_ascii_lowercase()));
        return closest(name, siblings.iter().map(|known| known.name.as_str())).map(str::to_owned);
    }
    static PROVIDERS: LazyLock<Vec<&str>> = LazyLock::new(|| {
        let mut all: Vec<&str> = OPERATIONS.iter().filter_map(|known| known.name.split('/').next()).collect();
        all.dedup();
        all
    });
    let corrected = format!("{}/{rest}", closest(provider, PROVIDERS.iter().copied())?);
    match find(&corrected) {
        Some(known) => Some(known.name.clone()),
        None if corrected.contains('*') => Some(corrected),
        None => suggest(&corrected),
    }
}

/// Tells whether `pattern` covers `text`: `*` stands for any run of characters. Both must be folded by the caller.
pub fn wildcard(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(head) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let tail = parts.pop().unwrap_or_default();
    for part in parts {
        match text.find(part) {
            Some(at) => text = &text[at + part.len()..],
            None => return false,
        }
    }
    text.len() >= tail.len() && text.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_facts() {
        assert_eq!(all().len(), 22_665);
        assert!(all().windows(2).all(|pair| pair[0].folded < pair[1].folded), "sorted and unique");
        assert_eq!(find("Microsoft.Authorization/roleAssignments/WRITE").unwrap().plane, Plane::Control);
        assert_eq!(find("Microsoft.KeyVault/vaults/secrets/getSecret/action").unwrap().plane, Plane::Data);
        assert!(find("Microsoft.Compute/virtualMachines").is_none());
        assert!(has_known_provider("microsoft.compute/nonsense") && !has_known_provider("Microsoft.Directory/users"));
        assert!(matches_any("Microsoft.Compute/virtualMachines/*/read") && matches_any("*") && matches_any("*/read"));
        assert!(!matches_any("Microsoft.Compute/virtualMashines/*"));
    }

    #[test]
    fn suggestions() {
        let start = Some("Microsoft.Compute/virtualMachines/start/action".to_owned());
        assert_eq!(suggest("Microsoft.Compute/virtualMachine/start/action"), start);
        assert_eq!(suggest("Microsoft.Compte/virtualMachines/start/action"), start);
        assert_eq!(suggest("nothing"), None);
        let pattern = Some("Microsoft.Compute/virtualMachines/*".to_owned());
        assert_eq!(suggest("Microsoft.Compute/virtualMashines/*"), pattern);
        assert_eq!(suggest("Microsoft.Compute/virtualMachines/*/nonsense"), None);
    }

    #[test]
    fn stars_stand_for_any_run() {
        for (pattern, text, want) in [
            ("*", "", true),
            ("a/*", "a/b/c", true),
            ("a/*/read", "a/b/c/read", true),
            ("a/*/read", "a/read", false),
            ("*/read", "a/read", true),
            ("a*a", "a", false),
            ("a*b*c", "axbxc", true),
            ("a*b*c", "axcxb", false),
            ("a", "ab", false),
        ] {
            assert_eq!(wildcard(pattern, text), want, "{pattern} {text}");
        }
    }
}
