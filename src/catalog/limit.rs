//! Microsoft's limits: how many, how long, what is forbidden.

use std::sync::LazyLock;

use crate::catalog::front::lines;

/// Who enforces a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strength {
    /// Documented, or enforced by the service: breaking it is an error.
    Service,
    /// Enforced by the portal or by Terraform only: breaking it is a warning.
    Client,
    /// Microsoft's advice: ignoring it is a warning.
    Recommendation,
}

/// A limit.
#[derive(Debug)]
pub struct Limit {
    /// Its id, e.g. `azure.customRole.name.maxLength`.
    pub id: &'static str,
    /// Who enforces it.
    pub strength: Strength,
    /// `maxCount`, `maxLength`, `forbidden`, `enum` and so on.
    pub kind: &'static str,
    /// The value as JSON.
    pub value: &'static str,
    /// A remark; may be empty.
    pub note: &'static str,
}

static LIMITS: LazyLock<Vec<Limit>> = LazyLock::new(|| {
    lines(include_str!("../../data/limits.txt"))
        .map(|line| {
            let fields: Vec<&'static str> = line.split('\t').collect();
            let &[id, strength, kind, value, note] = fields.as_slice() else { panic!("not five fields: {line:?}") };
            let strength = match strength {
                "service" => Strength::Service,
                "client" => Strength::Client,
                "recommendation" => Strength::Recommendation,
                other => panic!("no strength: {other:?}"),
            };
            Limit { id, strength, kind, value, note }
        })
        .collect()
});

/// Returns all limits, sorted by id.
pub fn all() -> &'static [Limit] {
    &LIMITS
}

/// Returns the number that a limit sets.
///
/// # Panics
/// When no limit has this id or its value is no number: ids are literals in this crate and the data are part of it.
pub fn number(id: &str) -> usize {
    let limit = LIMITS.iter().find(|limit| limit.id == id).unwrap_or_else(|| panic!("no limit {id}"));
    limit.value.parse().unwrap_or_else(|_| panic!("limit {id} is no number: {}", limit.value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_facts() {
        assert_eq!(all().len(), 64);
        assert!(all().windows(2).all(|pair| pair[0].id < pair[1].id), "sorted and unique");
        assert_eq!(number("entra.customRoles.maxPerTenant"), 100);
        assert_eq!(number("azure.customRole.name.maxLength"), 512);
        assert_eq!(all().iter().filter(|limit| limit.strength == Strength::Recommendation).count(), 3);
    }
}
