//! Constrained delegation: conditions on the right to assign roles, and which roles they let through.

use std::collections::BTreeSet;

use crate::core::condition::Condition;
use crate::core::condition::effect::Effect;
use crate::core::condition::expression::{Comparison, Expression, Operand, ValueKind};
use crate::core::condition::operator::Cross;
use crate::core::id::RoleId;

/// The action of making and changing role assignments.
pub const ASSIGN: &str = "Microsoft.Authorization/roleAssignments/write";
/// The action of removing role assignments.
pub const UNASSIGN: &str = "Microsoft.Authorization/roleAssignments/delete";
/// What the attributes of role assignments begin with (conditions-authorization-actions-attributes).
pub(super) const ATTRIBUTES: &str = "Microsoft.Authorization/roleAssignments:";
const ROLE: &str = "Microsoft.Authorization/roleAssignments:RoleDefinitionId";

/// What a condition says about assigning roles to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegation {
    /// What it does to the making of assignments.
    pub assign: Effect,
    /// What it does to their removal.
    pub unassign: Effect,
    /// The roles that may be assigned at most. Other parts of the condition may allow fewer.
    pub roles: Delegable,
}

/// Which roles may be assigned at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delegable {
    /// These.
    Only(BTreeSet<RoleId>),
    /// All but these.
    AllBut(BTreeSet<RoleId>),
}

impl Delegable {
    fn any() -> Self {
        Self::AllBut(BTreeSet::new())
    }

    fn none() -> Self {
        Self::Only(BTreeSet::new())
    }

    /// Tells whether the role may be assigned as far as this says.
    pub fn has(&self, role: &RoleId) -> bool {
        match self {
            Self::Only(roles) => roles.contains(role),
            Self::AllBut(roles) => !roles.contains(role),
        }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Only(a), Self::Only(b)) => Self::Only(&a & &b),
            (Self::Only(a), Self::AllBut(b)) | (Self::AllBut(b), Self::Only(a)) => Self::Only(&a - &b),
            (Self::AllBut(a), Self::AllBut(b)) => Self::AllBut(&a | &b),
        }
    }

    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Only(a), Self::Only(b)) => Self::Only(&a | &b),
            (Self::Only(a), Self::AllBut(b)) | (Self::AllBut(b), Self::Only(a)) => Self::AllBut(&b - &a),
            (Self::AllBut(a), Self::AllBut(b)) => Self::AllBut(&a & &b),
        }
    }
}

impl Condition {
    /// Returns what the condition says about assigning roles; none when it names neither the attributes nor the actions of role
    /// assignments.
    pub fn delegation(&self) -> Option<Delegation> {
        let mut is_about = false;
        self.expression.walk(&mut |part| {
            is_about |= match part {
                Expression::Exists(attribute) => attribute.begins_with(ATTRIBUTES),
                Expression::Comparison(one) => [&one.left, &one.right]
                    .iter()
                    .any(|side| side.attribute().is_some_and(|a| a.begins_with(ATTRIBUTES))),
                Expression::ActionMatches(patterns) => patterns.iter().any(|pattern| {
                    pattern.content.to_ascii_lowercase().starts_with("microsoft.authorization/roleassignments/")
                }),
                _ => false,
            };
        });
        is_about.then(|| Delegation {
            assign: self.effect_on(ASSIGN),
            unassign: self.effect_on(UNASSIGN),
            roles: delegable(&self.expression, false),
        })
    }
}

/// Returns the roles with which a part can hold for [`ASSIGN`]: at least those, more where nothing is known.
fn delegable(part: &Expression, is_negated: bool) -> Delegable {
    match part {
        Expression::Not(inner) => delegable(inner, !is_negated),
        Expression::And(parts) | Expression::Or(parts) => {
            let parts = parts.iter().map(|part| delegable(part, is_negated));
            match matches!(part, Expression::And(_)) != is_negated {
                true => parts.fold(Delegable::any(), Delegable::and),
                false => parts.fold(Delegable::none(), Delegable::or),
            }
        }
        Expression::ActionMatches(_) => {
            match super::effect::effect(part, Some(&ASSIGN.to_ascii_lowercase()), is_negated) {
                Effect::Refuses => Delegable::none(),
                Effect::Allows | Effect::Limits => Delegable::any(),
            }
        }
        Expression::Comparison(one) => compared(one, is_negated).unwrap_or_else(Delegable::any),
        Expression::SubOperationMatches | Expression::Exists(_) | Expression::Unknown => Delegable::any(),
    }
}

/// Returns the roles with which a comparison of the requested role holds; none when it compares something else. An assignment
/// has one role, so that all values of the left side are that one.
fn compared(one: &Comparison, is_negated: bool) -> Option<Delegable> {
    let (Operand::Attribute(attribute), Operand::Values(values)) = (&one.left, &one.right) else { return None };
    if !attribute.is("Request", ROLE) {
        return None;
    }
    let is_equal = match one.operator.name {
        "GuidEquals" => true,
        "GuidNotEquals" => false,
        _ => return None,
    };
    let known = values.iter().filter(|value| matches!(value.kind, ValueKind::Guid | ValueKind::Text));
    let roles: BTreeSet<RoleId> = known.map(|value| RoleId::new(&value.content)).collect();
    let takes_all = matches!(one.cross, Some(Cross::AnyOfAll | Cross::AllOfAll));
    let is_single = roles.len() == 1;
    let holds = match (is_equal, takes_all || is_single) {
        // equal to one of them
        (true, false) => Delegable::Only(roles),
        // equal to every one of them
        (true, true) if is_single => Delegable::Only(roles),
        (true, true) => Delegable::none(),
        // different from every one of them
        (false, true) => Delegable::AllBut(roles),
        // different from one of them: every role is
        (false, false) => Delegable::any(),
    };
    Some(match (is_negated, holds) {
        (false, holds) => holds,
        (true, Delegable::Only(roles)) => Delegable::AllBut(roles),
        (true, Delegable::AllBut(roles)) => Delegable::Only(roles),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
    const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
    const WRITE: &str = "!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})";

    fn roles(body: &str) -> Delegable {
        Condition::parse(&format!("{WRITE} OR ({body})")).unwrap().delegation().unwrap().roles
    }

    #[test]
    fn roles_that_may_be_delegated() {
        let role = "@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId]";
        let set = |ids: &[&str]| ids.iter().map(|id| RoleId::new(id)).collect::<BTreeSet<_>>();
        for (body, want) in [
            (format!("{role} ForAnyOfAnyValues:GuidEquals {{{READER}, {OWNER}}}"), Delegable::Only(set(&[READER, OWNER]))),
            (format!("{role} GuidEquals {}", READER.replace('-', "")), Delegable::Only(set(&[READER]))),
            (format!("{role} ForAnyOfAllValues:GuidNotEquals {{{READER}, {OWNER}}}"), Delegable::AllBut(set(&[READER, OWNER]))),
            (format!("{role} ForAnyOfAnyValues:GuidNotEquals {{{READER}, {OWNER}}}"), Delegable::any()),
            (format!("{role} GuidNotEquals {OWNER}"), Delegable::AllBut(set(&[OWNER]))),
            (format!("NOT {role} GuidEquals {OWNER}"), Delegable::AllBut(set(&[OWNER]))),
            (format!("{role} ForAnyOfAnyValues:GuidEquals {{{READER}, {OWNER}}} AND {role} GuidNotEquals {OWNER}"), Delegable::Only(set(&[READER]))),
            ("@Request[Microsoft.Authorization/roleAssignments:PrincipalType] StringEqualsIgnoreCase 'User'".to_owned(), Delegable::any()),
            ("@Resource[Microsoft.Authorization/roleAssignments:RoleDefinitionId] GuidEquals acdd72a7-3385-48ef-bd42-f606fba81ae7".to_owned(), Delegable::any()),
        ] {
            assert_eq!(roles(&body), want, "{body}");
        }
        assert!(!roles(&format!("{role} GuidNotEquals {OWNER}")).has(&RoleId::new(OWNER)));
    }

    #[test]
    fn only_conditions_about_assignments_delegate() {
        let reading = Condition::parse("!(ActionMatches{'a/read'}) OR @Resource[a:b] StringEquals 'x'").unwrap();
        assert_eq!(reading.delegation(), None);
        let half =
            Condition::parse(&format!("{WRITE} OR @Request[a:b] StringEquals 'x'")).unwrap().delegation().unwrap();
        assert_eq!((half.assign, half.unassign), (Effect::Limits, Effect::Allows));
    }
}
