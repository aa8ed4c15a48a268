//! What must change: the declared state against the observed one.
//!
//! One file per resource. Nothing here orders, judges or carries out anything.

pub(crate) mod assignment;
mod base;
mod group;
mod planned;
mod reliance;
pub(crate) mod role;
pub(crate) mod setting;

use std::collections::BTreeMap;

use crate::core::address::Labels;
use crate::core::change::Change;
use crate::core::diagnostic::Diagnostic;
use crate::core::identity::Found;
use crate::core::notice::{Notice, Unmanaged};
use crate::core::observed::Observed;
use crate::core::state::Desired;
use crate::core::target::RoleKey;

/// The outcome of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// What must change, unordered.
    pub changes: Vec<Change>,
    /// What is there, undeclared and left alone.
    pub unmanaged: Vec<Unmanaged>,
    /// What PIM itself holds, likewise left alone. Azure shows it at every scope that is read.
    own: Vec<Unmanaged>,
    /// Remarks.
    pub notices: Vec<Notice>,
    /// Mistakes that only the tenant could reveal: an assignment the settings refuse, a group that cannot hold roles.
    pub mistakes: Vec<Diagnostic>,
}

/// What a comparison works on.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// What is declared.
    pub desired: &'a Desired,
    /// How each declared role was found, by the id in `desired`.
    pub found: &'a BTreeMap<RoleKey, Found>,
    /// What is there.
    pub observed: &'a Observed,
    /// Names for addresses.
    pub labels: &'a Labels,
}

/// Compares the declared with the observed state.
pub fn diff(context: &Context<'_>) -> Difference {
    let mut difference = Difference::default();
    role::diff(context, &mut difference);
    setting::diff(context, &mut difference);
    assignment::diff(context, &mut difference);
    role::remove(context, &mut difference);
    base::remark(context, &mut difference);
    group::mark_onboarding(context, &mut difference);
    reliance::declare(&mut difference.changes);
    for change in &mut difference.changes {
        change.place = change.subject.target().and_then(|target| context.labels.place(target));
    }
    difference.changes.sort_by(|a, b| a.address.cmp(&b.address));
    for twins in difference.changes.windows(2).filter(|pair| pair[0].address == pair[1].address) {
        // requirements, targets and request ids go by address: two objects of one address must not be told apart by luck
        let message = format!("two objects of the tenant have the address `{}`", twins[0].address);
        let at = twins[0].source.clone();
        let mistake = Diagnostic::error("ambiguous-address", at, message);
        difference.mistakes.push(mistake.help("rename one of them: a role, scope or principal has a misleading name"));
    }
    difference.own.sort();
    let own = std::mem::take(&mut difference.own);
    difference.unmanaged.extend(own.split_first().map(|(first, others)| match others.len() {
        0 => first.clone(),
        more => {
            Unmanaged { detail: format!("{}, and {more} more of its own elsewhere", first.detail), ..first.clone() }
        }
    }));
    // of what nobody speaks nothing is said
    let is_beside = |address: &str| {
        let surface = address.split('/').next();
        context.observed.beside.iter().any(|beside| surface == Some(beside.as_str()))
    };
    difference.unmanaged.retain(|one| !is_beside(&one.address));
    difference.notices.retain(|one| one.code != "activation" || !one.address.as_deref().is_some_and(is_beside));
    difference.unmanaged.sort();
    difference.notices.sort();
    crate::core::diagnostic::sort(&mut difference.mistakes);
    difference
}

#[cfg(test)]
mod tests;
