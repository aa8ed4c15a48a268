//! What the tenant will be once a plan is carried out: changes applied to an observation as data.

use crate::core::assignment::{ObservedAssignment, Provenance};
use crate::core::change::{Change, Subject};
use crate::core::observed::Observed;

/// Returns `observed` with `changes` carried out at its own time. Guards judge this state, and the second plan over it is
/// empty.
pub fn project(observed: &Observed, changes: &[Change]) -> Observed {
    let mut end = observed.clone();
    for change in changes {
        match &change.subject {
            Subject::Role { after: Some(role), .. } => {
                end.roles.insert(role.key(), (**role).clone());
            }
            Subject::Role { before: Some(role), after: None } => {
                end.roles.remove(&role.key());
            }
            Subject::Role { before: None, after: None } => {}
            Subject::Settings { target, after, .. } => {
                end.untouched.remove(target);
                end.settings.insert(target.clone(), (**after).clone());
            }
            Subject::Assignment { key, ask: None, .. } => {
                end.assignments.remove(key);
            }
            Subject::Assignment { key, ask: Some(ask), condition, .. } => {
                end.crowded.remove(key);
                let granted = ObservedAssignment {
                    window: ask.window(end.now),
                    condition: condition.clone(),
                    provenance: Provenance::Pim { request: String::new() },
                };
                end.assignments.insert(key.clone(), granted);
            }
        }
    }
    end
}
