//! What a condition does to an action, as far as the action alone decides: three-valued logic over its tree.

use crate::catalog::azure_operation::wildcard;
use crate::core::condition::Condition;
use crate::core::condition::expression::Expression;

/// What a condition does to an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The action stays as it is: whatever the attributes, the condition holds.
    Allows,
    /// Attributes decide.
    Limits,
    /// The action is never allowed.
    Refuses,
}

impl Condition {
    /// Returns what the condition does to an action, e.g. `Microsoft.Authorization/roleAssignments/write`.
    pub fn effect_on(&self, action: &str) -> Effect {
        effect(&self.expression, Some(&action.to_ascii_lowercase()), false)
    }

    /// Returns what the condition does to actions that it does not name. The service's own builder always writes guards
    /// `!(ActionMatches{…}) OR …`, which leave those as they are (conditions-format, "How a condition is evaluated").
    pub fn effect_on_others(&self) -> Effect {
        effect(&self.expression, None, false)
    }
}

/// Returns what a part does to an action in lower case, or to one that no part names. Under a negation of which nothing is known
/// nothing is known either.
pub(super) fn effect(part: &Expression, action: Option<&str>, is_negated: bool) -> Effect {
    match part {
        Expression::Not(inner) => effect(inner, action, !is_negated),
        Expression::And(parts) | Expression::Or(parts) => {
            let is_all = matches!(part, Expression::And(_)) != is_negated;
            let mut effects = parts.iter().map(|part| effect(part, action, is_negated));
            match is_all {
                true => effects.try_fold(Effect::Allows, |joined, next| match (joined, next) {
                    (_, Effect::Refuses) => Err(Effect::Refuses),
                    (Effect::Allows, Effect::Allows) => Ok(Effect::Allows),
                    _ => Ok(Effect::Limits),
                }),
                false => effects.try_fold(Effect::Refuses, |joined, next| match (joined, next) {
                    (_, Effect::Allows) => Err(Effect::Allows),
                    (Effect::Refuses, Effect::Refuses) => Ok(Effect::Refuses),
                    _ => Ok(Effect::Limits),
                }),
            }
            .unwrap_or_else(|decided| decided)
        }
        Expression::ActionMatches(patterns) => {
            let matches = |pattern: &str| action.is_some_and(|action| wildcard(&pattern.to_ascii_lowercase(), action));
            let count = patterns.iter().filter(|pattern| matches(&pattern.content)).count();
            match (count, is_negated) {
                (0, false) => Effect::Refuses,
                (0, true) => Effect::Allows,
                // whether a set means one of its patterns or all is not documented
                (some, _) if some < patterns.len() => Effect::Limits,
                (_, false) => Effect::Allows,
                (_, true) => Effect::Refuses,
            }
        }
        Expression::SubOperationMatches | Expression::Exists(_) | Expression::Comparison(_) | Expression::Unknown => {
            Effect::Limits
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guards_leave_other_actions_alone() {
        let write = "Microsoft.Authorization/roleAssignments/write";
        for (text, on_write, on_others) in [
            (
                "!(ActionMatches{'microsoft.authorization/roleAssignments/*'}) OR @Request[a:b] StringEquals 'x'",
                Effect::Limits,
                Effect::Allows,
            ),
            ("!(ActionMatches{'a/read'}) OR @Request[a:b] StringEquals 'x'", Effect::Allows, Effect::Allows),
            ("@Request[a:b] StringEquals 'x'", Effect::Limits, Effect::Limits),
            ("ActionMatches{'a/read'} AND @Request[a:b] StringEquals 'x'", Effect::Refuses, Effect::Refuses),
            (
                "!(ActionMatches{'*'} AND SubOperationMatches{'x'}) OR @Request[a:b] StringEquals 'x'",
                Effect::Limits,
                Effect::Allows,
            ),
            (
                "NOT (NOT ActionMatches{'Microsoft.Authorization/roleAssignments/write'})",
                Effect::Allows,
                Effect::Refuses,
            ),
            ("!(ActionMatches{'*'}) AND !(ActionMatches{'a/read'})", Effect::Refuses, Effect::Allows),
            ("!(ActionMatches{'*', 'a/read'})", Effect::Limits, Effect::Allows),
        ] {
            let condition = Condition::parse(text).unwrap();
            assert_eq!((condition.effect_on(write), condition.effect_on_others()), (on_write, on_others), "{text}");
        }
    }
}
