//! Refusals: what a plan must not do, however well it was declared (design.md 6).
//!
//! A guard refuses only what the plan makes worse, or touches and leaves unmet; what was already so is a notice.

mod break_glass;
mod incomplete;
mod lockout;
mod mass_removal;

use serde::{Deserialize, Serialize};

use crate::core::change::Change;
use crate::core::notice::Notice;
use crate::core::observed::Observed;
use crate::core::origin::Origin;
use crate::core::state::Desired;
use crate::core::target::{RoleKey, Surface, Target};

/// The verdict of one guard that refuses.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// The guard, e.g. `mass-removal`; of an organisation's own policy `guardrail/` and its package.
    pub guard: String,
    /// Why it refuses, one sentence.
    pub message: String,
    /// The long flag that overrides it, where one may.
    pub overridden_by: Option<String>,
    /// The address of what it is about, where it is about one thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The manifest line, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Origin>,
}

/// What guards look at.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// What is declared.
    pub desired: &'a Desired,
    /// What is there.
    pub before: &'a Observed,
    /// What will be there.
    pub after: &'a Observed,
    /// What the plan does.
    pub changes: &'a [Change],
    /// Names for messages.
    pub labels: &'a crate::core::address::Labels,
}

/// One guard: what it refuses and what it remarks.
type Guard = fn(&Scene<'_>, &mut Vec<Verdict>, &mut Vec<Notice>);

/// Every guard, with the surface that it is about when it is about one.
const GUARDS: [(Option<Surface>, Guard); 4] = [
    (Some(Surface::Directory), break_glass::judge),
    (Some(Surface::Directory), incomplete::judge),
    (Some(Surface::Directory), lockout::judge),
    (None, mass_removal::judge),
];

/// Asks every guard.
pub fn judge(scene: &Scene<'_>) -> (Vec<Verdict>, Vec<Notice>) {
    let (mut verdicts, mut notices) = (Vec::new(), Vec::new());
    // whoever does not touch a surface need not be able to read it
    let is_known = |surface: Surface| scene.before.surfaces.contains(&surface);
    let guards = GUARDS.iter().filter(|(about, _)| about.is_none_or(is_known));
    for (_, guard) in guards {
        guard(scene, &mut verdicts, &mut notices);
    }
    verdicts.sort();
    notices.sort();
    (verdicts, notices)
}

/// Global Administrator (the built-in role's template id, entra-builtin-roles.json).
pub(crate) const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";
/// Privileged Role Administrator (likewise).
pub(crate) const PRIVILEGED_ROLE_ADMINISTRATOR: &str = "e8611ab8-c189-46e8-94e1-60213ab1f814";

/// Tells whether the target is Global Administrator over the whole tenant.
fn is_global_administrator(target: &Target) -> bool {
    is_at_tenant(target, GLOBAL_ADMINISTRATOR)
}

fn is_at_tenant(target: &Target, role: &str) -> bool {
    target.is_tenant_wide() && target.role().is_some_and(|r| r.as_str() == role)
}

/// Tells whether who holds the role can hand out every other one.
pub(crate) fn hands_out_roles(role: &RoleKey) -> bool {
    role.surface == Surface::Directory
        && [GLOBAL_ADMINISTRATOR, PRIVILEGED_ROLE_ADMINISTRATOR].contains(&role.id.as_str())
}

#[cfg(test)]
mod tests;
