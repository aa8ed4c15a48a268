//! Groups that are eligible for each other.

use crate::core::chain::Circle;
use crate::core::crosscheck::{View, listed};
use crate::core::notice::Notice;
use crate::core::target::Target;

pub(super) const CODE: &str = "circular-eligibility";

/// Remarks on groups that are members of each other in a circle, in any mode: each member of one can become a member of all, so
/// that they are one group with several names.
pub(super) fn check(view: &View<'_>) -> Vec<Notice> {
    view.graph.circles().iter().map(|circle| remark(view, circle)).collect()
}

fn remark(view: &View<'_>, circle: &Circle) -> Notice {
    let keys: Vec<_> = circle.grants.iter().map(|index| &view.graph.grants()[*index].key).collect();
    let mut row = format!("`{}`", view.labels.principal(&circle.groups[0]));
    for key in &keys {
        let group = match &key.target {
            Target::Group { group, .. } => crate::core::id::PrincipalId::new(group.as_str()),
            Target::Directory { .. } | Target::Azure { .. } => continue,
        };
        row.push_str(&format!(" -> `{}` ({}, {})", view.labels.principal(&group), key.mode.as_str(), view.origin(key)));
    }
    let mut message = format!("groups are members of each other in a circle: {row}");
    let on_row: Vec<_> = keys.iter().map(|key| &key.principal).collect();
    let others = circle.groups.iter().filter(|group| !on_row.contains(group));
    let others: Vec<String> = others.map(|group| format!("`{}`", view.labels.principal(group))).collect();
    if !others.is_empty() {
        message.push_str(&format!("; on circles with them: {}", listed(&others, 5)));
    }
    let lines = keys.iter().map(|key| (view.declared)(key).cloned());
    view.remark(CODE, keys[0], message, lines.collect::<Vec<_>>())
}
