//! How much harm a change could do: a first, coarse judgement from direction, role and permanence.

use crate::core::assignment::Mode;
use crate::core::change::{Change, Risk, Subject};
use crate::core::direction::Direction;
use crate::core::guard;
use crate::core::observed::Observed;
use crate::core::schedule::End;

/// Returns the risk of a change and the reasons for it. What does not widen has none.
///
/// The two roles that can hand out every other role are critical; standing (active) or endless access and tenant-wide scope
/// each raise the risk. Built-in roles are not told apart further here.
pub fn assess(change: &Change, observed: &Observed) -> (Risk, Vec<String>) {
    if change.direction != Direction::Widens {
        return (Risk::None, Vec::new());
    }
    let mut reasons = Vec::new();
    let mut score = 1;
    if let Some(role) = change.subject.role_key().filter(guard::hands_out_roles) {
        let name = observed.roles.get(&role).map_or("the role", |role| role.display_name.as_str());
        reasons.push(format!("{name} can hand out every other role"));
        score = 4;
    }
    match &change.subject {
        Subject::Assignment { key, ask, .. } => {
            if key.mode == Mode::Active {
                reasons.push("standing access: it is in force without activation".to_owned());
                score += 1;
            }
            if ask.is_some_and(|ask| ask.end == End::Never) {
                reasons.push("it has no end".to_owned());
                score += 1;
            }
            if key.target.is_tenant_wide() {
                reasons.push("it holds in the whole tenant".to_owned());
            }
        }
        Subject::Settings { .. } => {
            for field in change.fields.iter().filter(|field| field.direction == Direction::Widens) {
                reasons.push(format!("{} demands less", field.path));
            }
            score += 1;
        }
        Subject::Role { .. } => reasons.push("everybody who holds the role can do more".to_owned()),
    }
    let risk = match score {
        0 | 1 => Risk::Low,
        2 => Risk::Medium,
        3 => Risk::High,
        _ => Risk::Critical,
    };
    (risk, reasons)
}
