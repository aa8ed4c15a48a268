//! The words of complaints about names and literals, with what was probably meant.

use crate::catalog::similar::{closest, did_you_mean};
use crate::core::condition::error::ConditionError;
use crate::core::condition::expression::{Value, ValueKind};
use crate::core::condition::operator::{self, CROSSES, FUNCTIONS, Family, OPERATORS, Operator, SOURCES};
use crate::core::condition::token::{Token, TokenKind};

/// Returns the beginning of a text, for messages.
pub(super) fn clip(text: &str) -> std::borrow::Cow<'_, str> {
    match text.char_indices().nth(60) {
        None => text.into(),
        Some((at, _)) => format!("{}…", &text[..at]).into(),
    }
}

/// Returns the complaint about a word that stands where a function or an attribute is expected.
pub(super) fn invented(token: &Token<'_>, next: Token<'_>) -> ConditionError {
    let name = clip(token.text);
    let error = |message: String| ConditionError::new(token.offset, token.text.len(), message);
    let source = SOURCES.iter().find(|known| known.eq_ignore_ascii_case(token.text));
    if let (Some(source), TokenKind::Path) = (source, next.kind) {
        return error(format!("`{name}[…]` lacks its `@`")).help(format!("write `@{source}[…]`"));
    }
    if token.text.eq_ignore_ascii_case("NotExists") {
        return error(format!("`{name}` is no function of Azure conditions")).help("write `NOT Exists @…[…]`");
    }
    if operator::operator(token.text.rsplit(':').next().unwrap_or_default()).is_some() {
        return error(format!("nothing stands before `{name}`"))
            .help("write the attribute first: `@Request[…] StringEquals '…'`");
    }
    let error = error(format!("`{name}` is no function of Azure conditions"));
    match closest(token.text, FUNCTIONS.iter().copied()) {
        Some(known) => error.help(did_you_mean(known)),
        None => {
            error.help("there are `ActionMatches`, `SubOperationMatches` and `Exists`; texts stand in single quotes")
        }
    }
}

/// Returns the complaint about an attribute source that nobody knows. What belongs into role settings is pointed there: the
/// invented `@pimApprovalRequired(true)` circulates.
pub(super) fn invented_source(token: &Token<'_>, name: &str) -> ConditionError {
    let folded = name.to_ascii_lowercase();
    let setting = [
        ("approv", "activation.approval"),
        ("duration", "activation.maxDuration"),
        ("mfa", "activation.require: [multiFactorAuthentication]"),
        ("multifactor", "activation.require: [multiFactorAuthentication]"),
        ("justification", "activation.require: [justification]"),
        ("ticket", "activation.require: [ticket]"),
        ("context", "activation.authenticationContext"),
    ];
    let help = match setting.iter().find(|(part, _)| folded.contains(part)) {
        Some((_, field)) => format!("conditions know nothing of PIM; set `{field}` in a RoleSettings document"),
        None if folded.starts_with("pim") => "conditions know nothing of PIM; use a RoleSettings document".to_owned(),
        None => match closest(name, SOURCES.iter().copied()) {
            Some(known) => did_you_mean(&format!("@{known}")),
            None => {
                "attributes come from `@Request[…]`, `@Resource[…]`, `@Principal[…]` or `@Environment[…]`".to_owned()
            }
        },
    };
    let message = format!("`@{}` is no attribute source of Azure conditions", clip(name));
    ConditionError::new(token.offset, token.text.len(), message).help(help)
}

/// Returns message and help about a cross product that nobody knows.
pub(super) fn no_cross(name: &str) -> (String, Option<String>) {
    let help = closest(name, CROSSES.iter().map(|(known, _)| *known));
    let message = format!("`{}` is no cross product of Azure conditions", clip(name));
    (message, help.map(|known| did_you_mean(&format!("{known}:"))))
}

/// Returns message and help about an operator that nobody knows.
pub(super) fn no_operator(whole: &str, name: &str, is_crossed: bool) -> (String, Option<String>) {
    if name.is_empty() {
        return (format!("`{}` is followed by no operator", clip(whole)), Some(format!("write `{whole}StringEquals`")));
    }
    if !is_crossed && operator::cross(name).is_some() {
        let help = format!("write `{name}:StringEquals` or another operator after the colon");
        return (format!("`{name}` is followed by no operator"), Some(help));
    }
    let documented = OPERATORS.iter().filter(|known| known.is_documented).map(|known| known.name);
    let help = closest(name, documented).map(did_you_mean);
    (format!("`{}` is no operator of Azure conditions", clip(name)), help)
}

/// Returns the complaint about a literal that the operator cannot compare (conditions-format, "comparison operators").
pub(super) fn misfit(operator: &Operator, value: &Value) -> Option<ConditionError> {
    let name = operator.name;
    let error = |message: String| ConditionError::new(value.offset, value.length, message);
    let shown = clip(&value.content);
    match (operator.family, value.kind) {
        (Family::Other, _)
        | (Family::String | Family::DateTime, ValueKind::Text)
        | (Family::Numeric, ValueKind::Integer)
        | (Family::Bool, ValueKind::Bool)
        | (Family::Guid, ValueKind::Guid) => (operator.family == Family::DateTime && !is_instant(&value.content))
            .then(|| error(format!("`{shown}` is no instant")).help("write it like `'2026-01-31T08:00:00.0Z'`")),
        // whether GUIDs may stand in quotes is not documented
        (Family::Guid, ValueKind::Text) => (!crate::core::id::is_guid(&value.content)).then(|| {
            error(format!("`{name}` compares GUIDs, found `{shown}`")).help("name roles and principals by id")
        }),
        (Family::String, _) => Some(
            error(format!("`{name}` compares texts, found `{shown}`")).help(format!("put it in quotes: `'{shown}'`")),
        ),
        (Family::DateTime, _) => Some(
            error(format!("`{name}` compares instants in quotes, found `{shown}`"))
                .help("write it like `'2026-01-31T08:00:00.0Z'`"),
        ),
        (Family::Numeric, _) => Some(error(format!("`{name}` compares whole numbers, found `{shown}`"))),
        (Family::Bool, _) => Some(error(format!("`{name}` compares with `true` or `false`, found `{shown}`"))),
        (Family::Guid, _) => Some(error(format!("`{name}` compares GUIDs, found `{shown}`"))),
    }
}

/// Tells whether a text is an instant, or a date alone.
fn is_instant(text: &str) -> bool {
    text.parse::<jiff::Timestamp>().is_ok() || text.parse::<jiff::civil::DateTime>().is_ok()
}
