//! The operators and functions of conditions, in one table.
//!
//! Microsoft's page "Azure role assignment condition format and syntax" (learn.microsoft.com/azure/role-based-access-control/
//! conditions-format, of 2023-11 and 2024-04) lists the documented ones. The others are names in the condition interpreter that
//! Microsoft publishes (github.com/microsoft/regorus, `src/languages/azure_rbac`): they are read, and doubted.

/// What an operator compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// Texts.
    String,
    /// Whole numbers.
    Numeric,
    /// `true` and `false`.
    Bool,
    /// Instants in quotes.
    DateTime,
    /// GUIDs, without regard to case.
    Guid,
    /// Something that is not documented.
    Other,
}

/// An operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Operator {
    /// Its name.
    pub(super) name: &'static str,
    /// What it compares.
    pub(super) family: Family,
    /// Whether the page lists it.
    pub(super) is_documented: bool,
    /// Whether the page lists it with the four cross products.
    pub(super) is_crossable: bool,
}

const fn crossable(name: &'static str, family: Family) -> Operator {
    Operator { name, family, is_documented: true, is_crossable: true }
}

const fn plain(name: &'static str, family: Family) -> Operator {
    Operator { name, family, is_documented: true, is_crossable: false }
}

const fn undocumented(name: &'static str) -> Operator {
    Operator { name, family: Family::Other, is_documented: false, is_crossable: false }
}

/// All operators.
pub(super) const OPERATORS: &[Operator] = &[
    crossable("StringEquals", Family::String),
    crossable("StringEqualsIgnoreCase", Family::String),
    crossable("StringNotEquals", Family::String),
    crossable("StringNotEqualsIgnoreCase", Family::String),
    plain("StringStartsWith", Family::String),
    plain("StringStartsWithIgnoreCase", Family::String),
    plain("StringNotStartsWith", Family::String),
    plain("StringNotStartsWithIgnoreCase", Family::String),
    crossable("StringLike", Family::String),
    crossable("StringLikeIgnoreCase", Family::String),
    crossable("StringNotLike", Family::String),
    crossable("StringNotLikeIgnoreCase", Family::String),
    crossable("NumericEquals", Family::Numeric),
    crossable("NumericNotEquals", Family::Numeric),
    crossable("NumericLessThan", Family::Numeric),
    crossable("NumericLessThanEquals", Family::Numeric),
    crossable("NumericGreaterThan", Family::Numeric),
    crossable("NumericGreaterThanEquals", Family::Numeric),
    plain("BoolEquals", Family::Bool),
    plain("BoolNotEquals", Family::Bool),
    plain("DateTimeEquals", Family::DateTime),
    plain("DateTimeNotEquals", Family::DateTime),
    plain("DateTimeLessThan", Family::DateTime),
    plain("DateTimeLessThanEquals", Family::DateTime),
    plain("DateTimeGreaterThan", Family::DateTime),
    plain("DateTimeGreaterThanEquals", Family::DateTime),
    crossable("GuidEquals", Family::Guid),
    crossable("GuidNotEquals", Family::Guid),
    undocumented("StringEndsWith"),
    undocumented("StringNotEndsWith"),
    undocumented("StringContains"),
    undocumented("StringNotContains"),
    undocumented("StringMatches"),
    undocumented("StringNotMatches"),
    undocumented("NumericInRange"),
    undocumented("TimeOfDayEquals"),
    undocumented("TimeOfDayNotEquals"),
    undocumented("TimeOfDayGreaterThan"),
    undocumented("TimeOfDayGreaterThanEquals"),
    undocumented("TimeOfDayLessThan"),
    undocumented("TimeOfDayLessThanEquals"),
    undocumented("TimeOfDayInRange"),
    undocumented("IpMatch"),
    undocumented("IpNotMatch"),
    undocumented("IpInRange"),
    undocumented("ListContains"),
    undocumented("ListNotContains"),
];

/// How the values on both sides are paired; stands before an operator, with a colon between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cross {
    /// Some value on the left with some on the right.
    AnyOfAny,
    /// Every value on the left with some on the right.
    AllOfAny,
    /// Some value on the left with every one on the right.
    AnyOfAll,
    /// Every value on the left with every one on the right.
    AllOfAll,
}

/// All cross products.
pub(super) const CROSSES: &[(&str, Cross)] = &[
    ("ForAnyOfAnyValues", Cross::AnyOfAny),
    ("ForAllOfAnyValues", Cross::AllOfAny),
    ("ForAnyOfAllValues", Cross::AnyOfAll),
    ("ForAllOfAllValues", Cross::AllOfAll),
];

/// Functions that stand where a comparison may stand.
pub(super) const FUNCTIONS: &[&str] = &["ActionMatches", "SubOperationMatches", "Exists"];

/// Where attributes come from, without the `@`.
pub(super) const SOURCES: &[&str] = &["Request", "Resource", "Principal", "Environment"];

/// Returns the operator of this name, whatever its case.
pub(super) fn operator(name: &str) -> Option<&'static Operator> {
    OPERATORS.iter().find(|known| known.name.eq_ignore_ascii_case(name))
}

/// Returns the cross product of this name, whatever its case.
pub(super) fn cross(name: &str) -> Option<Cross> {
    CROSSES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, cross)| *cross)
}
