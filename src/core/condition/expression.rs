//! What a condition says: the tree that the parser makes.

use crate::core::condition::operator::{Cross, Operator};

/// Part of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expression {
    /// All of these.
    And(Vec<Expression>),
    /// One of these.
    Or(Vec<Expression>),
    /// Not this.
    Not(Box<Expression>),
    /// `ActionMatches{'…'}`: the action is one of these patterns.
    ActionMatches(Vec<Value>),
    /// `SubOperationMatches{'…'}`: the operation's part is one of these.
    SubOperationMatches,
    /// `Exists @…[…]`.
    Exists(Attribute),
    /// `left operator right`.
    Comparison(Box<Comparison>),
    /// Something that was complained about.
    Unknown,
}

/// A comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Comparison {
    /// What is compared.
    pub(super) left: Operand,
    /// How values are paired.
    pub(super) cross: Option<Cross>,
    /// How each pair is compared.
    pub(super) operator: &'static Operator,
    /// What it is compared with.
    pub(super) right: Operand,
    /// The first byte of the operator, cross product included.
    pub(super) offset: usize,
    /// The bytes of the operator, cross product included.
    pub(super) length: usize,
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operand {
    /// An attribute.
    Attribute(Attribute),
    /// Values: one alone, or a set in braces.
    Values(Vec<Value>),
}

/// An attribute, e.g. `@Request[Microsoft.Authorization/roleAssignments:PrincipalId]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attribute {
    /// Where it comes from, without the `@`, as written.
    pub(super) source: String,
    /// What stands in the brackets.
    pub(super) path: String,
    /// Its first byte.
    pub(super) offset: usize,
    /// Its bytes.
    pub(super) length: usize,
}

/// A literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    /// Its content: of texts what stands between the quotes, with doubled quotes read as one; of GUIDs the form with hyphens
    /// in lower case; else as written.
    pub(super) content: String,
    /// What it is.
    pub(super) kind: ValueKind,
    /// Its first byte.
    pub(super) offset: usize,
    /// Its bytes.
    pub(super) length: usize,
}

/// What a literal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueKind {
    /// In quotes.
    Text,
    /// A whole number.
    Integer,
    /// A GUID without quotes.
    Guid,
    /// `true` or `false`.
    Bool,
}

impl Expression {
    /// Calls `look` for this part and every part of it, the outer ones first.
    pub(super) fn walk<'a>(&'a self, look: &mut impl FnMut(&'a Self)) {
        look(self);
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.walk(look)),
            Self::Not(part) => part.walk(look),
            _ => {}
        }
    }
}

impl Attribute {
    /// Tells whether this attribute comes from `source` and is `path`; neither's case matters.
    pub(super) fn is(&self, source: &str, path: &str) -> bool {
        self.source.eq_ignore_ascii_case(source) && self.path.eq_ignore_ascii_case(path)
    }

    /// Tells whether the path begins like this; case does not matter.
    pub(super) fn begins_with(&self, start: &str) -> bool {
        self.path.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
    }
}

impl Operand {
    /// Returns the attribute, where it is one.
    pub(super) fn attribute(&self) -> Option<&Attribute> {
        match self {
            Self::Attribute(attribute) => Some(attribute),
            Self::Values(_) => None,
        }
    }
}
