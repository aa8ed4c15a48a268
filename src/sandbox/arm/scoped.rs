//! Rows by scope and name: what is at a scope is found at once, what is below it by one range, and copies share what does not
//! change.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::shared::Shared;

type Rows<T> = BTreeMap<String, Shared<T>>;

/// Rows by the key of their scope (see `Scope::key`), then by name in lower case.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Scoped<T>(Shared<BTreeMap<String, Shared<Rows<T>>>>);

impl<T> Default for Scoped<T> {
    fn default() -> Self {
        Self(Shared::from(BTreeMap::new()))
    }
}

/// A row with the key of its scope and its name.
pub(crate) type Row<'a, T> = (&'a str, &'a str, &'a T);

fn rows<'a, T>((scope, rows): (&'a String, &'a Shared<Rows<T>>)) -> impl Iterator<Item = Row<'a, T>> {
    rows.iter().map(move |(name, row)| (scope.as_str(), name.as_str(), &**row))
}

impl<T> Scoped<T> {
    /// Returns the rows exactly at the scope with `key`.
    pub(crate) fn at(&self, key: &str) -> impl Iterator<Item = Row<'_, T>> {
        self.0.get_key_value(key).into_iter().flat_map(rows)
    }

    /// Returns the rows whose scope's text begins with `key` and a slash: resource groups and resources of a subscription.
    pub(crate) fn under(&self, key: &str) -> impl Iterator<Item = Row<'_, T>> {
        // '0' is the character after '/'.
        self.0.range(format!("{key}/")..format!("{key}0")).flat_map(rows)
    }

    /// Returns all rows.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Row<'_, T>> {
        self.0.iter().flat_map(rows)
    }

    /// Returns the row with this name at this scope.
    pub(crate) fn get(&self, key: &str, name: &str) -> Option<&T> {
        self.0.get(key)?.get(name.to_ascii_lowercase().as_str()).map(|row| &**row)
    }

    /// Returns the row with this name wherever it is.
    pub(crate) fn named(&self, name: &str) -> Option<Row<'_, T>> {
        let name = name.to_ascii_lowercase();
        self.0.iter().find_map(|(scope, rows)| {
            rows.get_key_value(&name).map(|(name, row)| (scope.as_str(), name.as_str(), &**row))
        })
    }
}

impl<T: Clone> Scoped<T> {
    /// Adds a row, or replaces the one of that name at that scope.
    pub(crate) fn insert(&mut self, key: &str, name: &str, row: T) {
        self.0.entry(key.to_owned()).or_default().insert(name.to_ascii_lowercase(), row.into());
    }

    /// Takes a row away and returns it.
    pub(crate) fn remove(&mut self, key: &str, name: &str) -> Option<T> {
        let name = name.to_ascii_lowercase();
        self.get(key, &name)?;
        let rows = self.0.get_mut(key)?;
        let row = rows.remove(&name)?;
        if rows.is_empty() {
            self.0.remove(key);
        }
        Some(T::clone(&row))
    }

    /// Returns a row to be changed.
    pub(crate) fn get_mut(&mut self, key: &str, name: &str) -> Option<&mut T> {
        let name = name.to_ascii_lowercase();
        self.get(key, &name)?;
        self.0.get_mut(key)?.get_mut(&name).map(|row| &mut **row)
    }

    /// Keeps the rows that `keep` says; touches nothing when all stay.
    pub(crate) fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        let gone: Vec<(String, String)> = self
            .iter()
            .filter(|(_, _, row)| !keep(row))
            .map(|(scope, name, _)| (scope.to_owned(), name.to_owned()))
            .collect();
        for (scope, name) in gone {
            self.remove(&scope, &name);
        }
    }

    /// Takes away everything at and textually below a scope: what goes when a resource group goes.
    pub(crate) fn clear(&mut self, key: &str) {
        let scopes: Vec<String> = self
            .0
            .range(key.to_owned()..format!("{key}0"))
            .map(|(scope, _)| scope.clone())
            .filter(|scope| scope == key || scope.starts_with(&format!("{key}/")))
            .collect();
        for scope in scopes {
            self.0.remove(&scope);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_at_and_under() {
        let mut rows = Scoped::default();
        rows.insert("/subscriptions/a", "N", 1);
        rows.insert("/subscriptions/a/resourcegroups/r", "m", 2);
        rows.insert("/subscriptions/ab", "o", 3);
        assert_eq!(rows.at("/subscriptions/a").map(|row| *row.2).collect::<Vec<_>>(), [1]);
        assert_eq!(rows.under("/subscriptions/a").map(|row| *row.2).collect::<Vec<_>>(), [2]);
        assert_eq!(rows.named("M").map(|row| row.0), Some("/subscriptions/a/resourcegroups/r"));
        assert_eq!(rows.get("/subscriptions/a", "n"), Some(&1));
        rows.clear("/subscriptions/a");
        assert_eq!(rows.iter().map(|row| *row.2).collect::<Vec<_>>(), [3]);
        assert_eq!(rows.remove("/subscriptions/ab", "o"), Some(3));
        assert_eq!(rows.iter().count(), 0);
    }
}
