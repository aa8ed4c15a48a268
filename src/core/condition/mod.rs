//! Conditions of Azure role assignments (Azure ABAC): read, compared, and looked through for what their author cannot have meant.
//!
//! The language is that of Microsoft's page "Azure role assignment condition format and syntax"
//! (learn.microsoft.com/azure/role-based-access-control/conditions-format) and of the conditions in built-in roles:
//!
//! ```text
//! expression  = conjunction { ("OR" | "||") conjunction }
//! conjunction = negation { ("AND" | "&&") negation }
//! negation    = ("NOT" | "!") negation | "(" expression ")" | function | operand operator operand
//! function    = ("ActionMatches" | "SubOperationMatches") set | "Exists" attribute
//! operand     = attribute | value | set
//! attribute   = "@" ("Request" | "Resource" | "Principal" | "Environment") "[" path "]"
//! operator    = [ cross product ":" ] name
//! set         = "{" value { "," value } "}"
//! value       = "'" text "'" | whole number | GUID | "true" | "false"
//! ```
//!
//! Which of `AND` and `OR` binds stronger is not documented: the page asks for brackets where both stand side by side.

mod canonical;
mod delegation;
mod doubt;
mod effect;
mod error;
mod expression;
mod mistake;
mod operator;
mod parse;
mod token;

pub use delegation::{ASSIGN, Delegable, Delegation, UNASSIGN};
pub use doubt::{Doubt, DoubtKind};
pub use effect::Effect;
pub use error::ConditionError;

use crate::core::condition::expression::Expression;

/// Longest condition in bytes: 8 KB (arm.md E.4; limits.json `azure.roleAssignment.condition.maxLength`).
pub const LONGEST: usize = 8192;

/// A condition that could be read.
#[derive(Debug, Clone)]
pub struct Condition {
    written: String,
    canonical: String,
    expression: Expression,
    ambiguous: Vec<(usize, usize)>,
}

impl Condition {
    /// Reads a condition of version 2.0, the only one that the service takes (arm.md F).
    ///
    /// # Errors
    /// The first mistake: the text is empty, longer than [`LONGEST`], uses a word that the language does not have, or its
    /// structure is broken. [`mistakes`](Self::mistakes) returns all.
    pub fn parse(text: &str) -> Result<Self, ConditionError> {
        read(text).map_err(|mut mistakes| mistakes.swap_remove(0))
    }

    /// Returns everything that is wrong with a text, in the order of the text; nothing when it can be read.
    pub fn mistakes(text: &str) -> Vec<ConditionError> {
        read(text).err().unwrap_or_default()
    }

    /// Returns the text as it was written. The service stores texts verbatim (arm.md F), so this is what is sent.
    pub fn as_written(&self) -> &str {
        &self.written
    }

    /// Returns the text in a form that is equal for texts that certainly mean the same: blanks and line breaks between words do
    /// not matter, `&&` is `AND` and `||` is `OR` (one operator, two spellings, on the condition page), `AND`, `OR` and `NOT` are
    /// in upper case as they are read in any, GUIDs are in lower case ("case-insensitive matching", same page), and operators are
    /// spelled as on that page (built-in roles write `boolequals`). Everything else counts, order, brackets and the case of other
    /// words included.
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// Returns the action patterns that the condition names in `ActionMatches{…}`, each with its first byte and its bytes in the
    /// text, quotes included.
    pub fn actions(&self) -> Vec<(usize, usize, &str)> {
        let mut found = Vec::new();
        self.expression.walk(&mut |part| {
            if let Expression::ActionMatches(patterns) = part {
                found.extend(patterns.iter().map(|one| (one.offset, one.length, one.content.as_str())));
            }
        });
        found
    }
}

/// Reads a text; the mistakes are never empty.
fn read(text: &str) -> Result<Condition, Vec<ConditionError>> {
    if text.len() > LONGEST {
        let end = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= LONGEST).last().unwrap_or_default();
        let message = format!("a condition of {} bytes; the service takes {LONGEST}", text.len());
        return Err(vec![ConditionError { offset: end, length: 0, message, help: None }]);
    }
    let parsed = parse::parse(text);
    match parsed.mistakes.is_empty() {
        true => Ok(Condition {
            written: text.to_owned(),
            canonical: canonical::join(&parsed.tokens),
            expression: parsed.expression,
            ambiguous: parsed.ambiguous,
        }),
        false => Err(parsed.mistakes),
    }
}

/// Tells whether two conditions certainly mean the same: their canonical forms are equal, or, where one of them cannot be read,
/// their texts are but for the amount of white space outside of quotes. When in doubt they differ.
pub fn same(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    match (Condition::parse(a), Condition::parse(b)) {
        (Ok(a), Ok(b)) => a.canonical == b.canonical,
        _ => canonical::collapse(a) == canonical::collapse(b),
    }
}

#[cfg(test)]
mod tests;
