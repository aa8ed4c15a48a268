//! The rows of a collection, made only when somebody looks: a page of a large tenant costs a page.

use serde_json::Value;

/// So many rows, and how each is made.
pub(crate) struct Rows<'a> {
    len: usize,
    make: Box<dyn Fn(usize) -> Value + 'a>,
}

impl<'a> Rows<'a> {
    /// Returns one row for each of `items`.
    pub(crate) fn each<T: 'a>(items: impl Iterator<Item = T>, make: impl Fn(&T) -> Value + 'a) -> Self {
        let items: Vec<T> = items.collect();
        Self { len: items.len(), make: Box::new(move |at| make(&items[at])) }
    }

    /// Returns how many there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Makes the rows of a range, which must lie within.
    pub(crate) fn range(&self, from: usize, to: usize) -> Vec<Value> {
        (from..to).map(|at| (self.make)(at)).collect()
    }

    /// Makes all rows.
    pub(crate) fn all(&self) -> Vec<Value> {
        self.range(0, self.len)
    }
}

impl From<Vec<Value>> for Rows<'_> {
    fn from(rows: Vec<Value>) -> Self {
        Self::each(rows.into_iter(), Value::clone)
    }
}
