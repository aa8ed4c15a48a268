//! What a condition says that its author can hardly have meant. The service takes all of it.

use crate::catalog::similar::{closest, did_you_mean};
use crate::core::condition::Condition;
use crate::core::condition::delegation::{ASSIGN, ATTRIBUTES, UNASSIGN};
use crate::core::condition::effect::Effect;
use crate::core::condition::expression::{Attribute, Comparison, Expression, Operand};
use crate::core::condition::operator::Cross;

/// A kind of doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DoubtKind {
    /// `AND` and `OR` stand side by side without brackets.
    Ambiguous,
    /// An operator, or a cross product of it, that the condition page does not list.
    Undocumented,
    /// An attribute that role assignments do not have, or not for this action.
    Attribute,
    /// A comparison that every value passes.
    AlwaysTrue,
    /// The condition bears on actions that it does not name.
    Unguarded,
    /// The making of role assignments is limited and their removal is not, or the reverse.
    HalfDelegation,
}

/// Something that its author can hardly have meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// What kind of doubt.
    pub kind: DoubtKind,
    /// The byte of the condition where it begins.
    pub offset: usize,
    /// How many bytes it is about; 0 when it is about the whole.
    pub length: usize,
    /// One sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// The attributes of role assignments (conditions-authorization-actions-attributes).
const KNOWN: &[&str] = &["RoleDefinitionId", "PrincipalId", "PrincipalType"];

impl Condition {
    /// Returns what the author can hardly have meant, in the order of the text.
    pub fn doubts(&self) -> Vec<Doubt> {
        let mut found = Vec::new();
        for (offset, length) in &self.ambiguous {
            found.push(Doubt {
                kind: DoubtKind::Ambiguous,
                offset: *offset,
                length: *length,
                message: "`AND` and `OR` stand side by side".to_owned(),
                help: "put brackets around what belongs together: which of them binds stronger is not documented"
                    .to_owned(),
            });
        }
        self.expression.walk(&mut |part| {
            if let Expression::Comparison(one) = part {
                found.extend(undocumented(one));
                found.extend(always_true(one));
            }
            for attribute in attributes(part) {
                found.extend(unknown(attribute));
            }
        });
        wrong_source(&self.expression, &mut found);
        found.extend(self.unguarded());
        found.extend(self.half_delegation());
        found.sort_by_key(|doubt| (doubt.offset, doubt.kind));
        found.dedup();
        found
    }

    fn unguarded(&self) -> Option<Doubt> {
        let message = match self.effect_on_others() {
            Effect::Allows => return None,
            Effect::Limits => "the condition bears on every action of the role",
            Effect::Refuses => "the condition refuses every action that it does not name",
        };
        Some(self.doubt(
            DoubtKind::Unguarded,
            message,
            "say which action is meant and leave the others alone: `(!(ActionMatches{'…'})) OR (…)`",
        ))
    }

    fn half_delegation(&self) -> Option<Doubt> {
        let delegation = self.delegation()?;
        let (free, advice) = match (delegation.assign, delegation.unassign) {
            (Effect::Allows, Effect::Allows) => return None,
            (Effect::Limits | Effect::Refuses, Effect::Allows) => {
                ("removed", "limit `Microsoft.Authorization/roleAssignments/delete` by `@Resource[…]` in the same way")
            }
            (Effect::Allows, Effect::Limits | Effect::Refuses) => {
                ("made", "limit `Microsoft.Authorization/roleAssignments/write` by `@Request[…]` in the same way")
            }
            _ => return None,
        };
        let limited = if free == "made" { "removal" } else { "making" };
        let message = format!("the {limited} of role assignments is limited, but any may be {free}");
        Some(self.doubt(DoubtKind::HalfDelegation, message, advice))
    }

    /// Returns a doubt about the whole condition.
    fn doubt(&self, kind: DoubtKind, message: impl Into<String>, help: &str) -> Doubt {
        let offset = self.written.len() - self.written.trim_start().len();
        Doubt { kind, offset, length: 0, message: message.into(), help: help.to_owned() }
    }
}

/// Returns the attributes of a part, those of its parts left out.
fn attributes(part: &Expression) -> impl Iterator<Item = &Attribute> {
    let (exists, sides) = match part {
        Expression::Exists(attribute) => (Some(attribute), [None, None]),
        Expression::Comparison(one) => (None, [one.left.attribute(), one.right.attribute()]),
        _ => (None, [None, None]),
    };
    exists.into_iter().chain(sides.into_iter().flatten())
}

fn undocumented(one: &Comparison) -> Option<Doubt> {
    let message = match (one.operator.is_documented, one.cross) {
        (false, _) => format!("`{}` is not documented", one.operator.name),
        (true, Some(_)) if !one.operator.is_crossable => {
            format!("`{}` is not documented with a cross product", one.operator.name)
        }
        _ => return None,
    };
    Some(Doubt {
        kind: DoubtKind::Undocumented,
        offset: one.offset,
        length: one.length,
        message,
        help: "the service may refuse it; Microsoft's condition page lists what it takes".to_owned(),
    })
}

/// Different from at least one of several values is everything.
fn always_true(one: &Comparison) -> Option<Doubt> {
    let ignores_case = match one.operator.name {
        "GuidNotEquals" | "NumericNotEquals" | "StringNotEquals" => false,
        "StringNotEqualsIgnoreCase" => true,
        _ => return None,
    };
    let Operand::Values(values) = &one.right else { return None };
    if !matches!(one.cross, Some(Cross::AnyOfAny | Cross::AllOfAny)) || !matches!(one.left, Operand::Attribute(_)) {
        return None;
    }
    let fold = |text: &str| if ignores_case { text.to_lowercase() } else { text.to_owned() };
    let first = fold(&values.first()?.content);
    values.iter().any(|value| fold(&value.content) != first).then(|| {
        let all = if one.cross == Some(Cross::AnyOfAny) { "ForAnyOfAllValues" } else { "ForAllOfAllValues" };
        Doubt {
            kind: DoubtKind::AlwaysTrue,
            offset: one.offset,
            length: one.length,
            message: "every value differs from one of several, so this always holds".to_owned(),
            help: format!("to exclude all of them write `{all}:{}`", one.operator.name),
        }
    })
}

fn unknown(attribute: &Attribute) -> Option<Doubt> {
    if !attribute.begins_with(ATTRIBUTES) {
        return None;
    }
    let name = &attribute.path[ATTRIBUTES.len()..];
    if KNOWN.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        return None;
    }
    Some(Doubt {
        kind: DoubtKind::Attribute,
        offset: attribute.offset,
        length: attribute.length,
        message: format!("role assignments are not documented to have the attribute `{name}`"),
        help: match closest(name, KNOWN.iter().copied()) {
            Some(known) => did_you_mean(known),
            None => "there are `RoleDefinitionId`, `PrincipalId` and `PrincipalType`".to_owned(),
        },
    })
}

/// The making of an assignment has request attributes only, its removal resource attributes only
/// (conditions-authorization-actions-attributes). Looks at alternatives that name one of the two actions alone.
fn wrong_source(part: &Expression, found: &mut Vec<Doubt>) {
    let clauses = match part {
        Expression::And(parts) => parts.as_slice(),
        one => std::slice::from_ref(one),
    };
    for clause in clauses {
        let mut actions = Vec::new();
        clause.walk(&mut |part| {
            if let Expression::ActionMatches(patterns) = part {
                actions.extend(patterns.iter().map(|pattern| pattern.content.as_str()));
            }
        });
        let all = |action: &str| !actions.is_empty() && actions.iter().all(|known| known.eq_ignore_ascii_case(action));
        let (wrong, right, what) = if all(ASSIGN) {
            ("Resource", "Request", "made")
        } else if all(UNASSIGN) {
            ("Request", "Resource", "removed")
        } else {
            continue;
        };
        clause.walk(&mut |part| {
            for attribute in attributes(part) {
                if attribute.begins_with(ATTRIBUTES) && attribute.source.eq_ignore_ascii_case(wrong) {
                    found.push(Doubt {
                        kind: DoubtKind::Attribute,
                        offset: attribute.offset,
                        length: attribute.length,
                        message: format!("a role assignment that is {what} has no `@{wrong}` attributes"),
                        help: format!("write `@{right}[{}]`", attribute.path),
                    });
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doubts(text: &str) -> Vec<(DoubtKind, usize)> {
        let condition = Condition::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        condition.doubts().into_iter().map(|doubt| (doubt.kind, doubt.offset)).collect()
    }

    const BOTH: &str = "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR \
        (@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {acdd72a7-3385-48ef-bd42-f606fba81ae7})) \
        AND ((!(ActionMatches{'Microsoft.Authorization/roleAssignments/delete'})) OR \
        (@Resource[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {acdd72a7-3385-48ef-bd42-f606fba81ae7}))";

    #[test]
    fn what_microsoft_writes_raises_no_doubt() {
        assert_eq!(doubts(BOTH), []);
        let builder = "((!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'} AND NOT \
            SubOperationMatches{'Blob.List'})) OR (@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] \
            StringEquals 'logs'))";
        assert_eq!(doubts(builder), []);
    }

    #[test]
    fn doubts_are_told_apart() {
        let guard = "!(ActionMatches{'a/read'}) OR ";
        for (text, want) in [
            ("@Resource[a:b] StringEquals 'x'".to_owned(), (DoubtKind::Unguarded, 0)),
            (format!("{guard}(@Resource[a:b] StringEndsWith 'x')"), (DoubtKind::Undocumented, 46)),
            (format!("{guard}(@Resource[a:b] ForAnyOfAnyValues:BoolEquals {{true}})"), (DoubtKind::Undocumented, 46)),
            (
                format!("{guard}(@Resource[a:b] ForAnyOfAnyValues:StringNotEquals {{'x', 'y'}})"),
                (DoubtKind::AlwaysTrue, 46),
            ),
            (
                format!("{guard}@Resource[a:b] StringEquals 'x' AND @Resource[a:b] StringEquals 'y'"),
                (DoubtKind::Ambiguous, 62),
            ),
            (BOTH.split("))\u{20}AND").next().unwrap().to_owned() + "))", (DoubtKind::HalfDelegation, 0)),
            (BOTH.replace("@Request[", "@Resource["), (DoubtKind::Attribute, 73)),
            (BOTH.replacen("RoleDefinitionId", "RoleDefinition", 1), (DoubtKind::Attribute, 73)),
        ] {
            assert_eq!(doubts(&text), [want], "{text}");
        }
        let same = format!("{guard}(@Resource[a:b] ForAnyOfAnyValues:StringNotEqualsIgnoreCase {{'x', 'X'}})");
        assert_eq!(doubts(&same), []);
    }
}
