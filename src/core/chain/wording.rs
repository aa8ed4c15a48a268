//! Chains in words.

use crate::core::address::Labels;
use crate::core::assignment::AssignmentKey;
use crate::core::chain::graph::{Graph, as_principal};
use crate::core::chain::{Chain, Link, Manner};

impl Graph {
    /// Returns a chain as one line, e.g. `user:alice@contoso.example -> sg-ops:member (eligible) -> Owner@/ (active)`.
    pub fn words(&self, chain: &Chain, labels: &Labels) -> String {
        self.words_with(chain, labels, |_| None)
    }

    /// Returns a chain as one line, with more about each grant where there is more to say: `(eligible, a.yaml:4:7)`.
    pub fn words_with(
        &self,
        chain: &Chain,
        labels: &Labels,
        more: impl Fn(&AssignmentKey) -> Option<String>,
    ) -> String {
        let mut text = labels.principal(&chain.holder);
        for link in &chain.links {
            text.push_str(" -> ");
            match link {
                Link::Grant(index) => {
                    let key = &self.grants()[*index].key;
                    let more = more(key).map(|more| format!(", {more}")).unwrap_or_default();
                    text.push_str(&format!("{} ({}{more})", labels.target(&key.target), key.mode.as_str()));
                }
                Link::AddsItself(_) => text.push_str("adds itself as a member"),
            }
        }
        text
    }
}

/// How many characters of a name a short way shows.
const NAMED: usize = 100;

impl Graph {
    /// Returns the way over two grants, the one used before the other, in few words: `user:alice@contoso.example ->
    /// sg-ops:member -> Owner@/`. What lies between the two is `...`, and of a long name the beginning is shown.
    pub(crate) fn way(&self, first: usize, last: usize, labels: &Labels) -> String {
        let (first, last) = (&self.grants()[first].key, &self.grants()[last].key);
        let is_next = first.target.group().is_some_and(|group| as_principal(group) == last.principal);
        let between = if is_next { "" } else { "... -> " };
        let [holder, middle, end] =
            [labels.principal(&first.principal), labels.target(&first.target), labels.target(&last.target)].map(cut);
        format!("{holder} -> {middle} -> {between}{end}")
    }
}

fn cut(name: String) -> String {
    match name.char_indices().nth(NAMED) {
        Some((at, _)) => format!("{}...", &name[..at]),
        None => name,
    }
}

impl std::fmt::Display for Manner {
    /// Prints e.g. `standing`, `by 2 activations`, `by adding itself to a group that it owns, after 1 activation`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let activations = match self.activations {
            1 => "1 activation".to_owned(),
            count => format!("{count} activations"),
        };
        let groups = match self.additions {
            1 => "a group that it owns".to_owned(),
            count => format!("{count} groups that it owns"),
        };
        match (self.additions, self.activations) {
            (0, 0) => f.write_str("standing"),
            (0, _) => write!(f, "by {activations}"),
            (_, 0) => write!(f, "by adding itself to {groups}"),
            (_, _) => write!(f, "by adding itself to {groups}, with {activations}"),
        }
    }
}
