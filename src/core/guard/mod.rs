//! Refusals: what a plan must not do, however well it was declared (design.md 6).
//!
//! A guard refuses only what the plan makes worse, or touches and leaves unmet; what was already so is a notice. Each is one file and
//! one row of [`GUARDS`], with a fixture that trips it and one that does not. What each sees, and what none can see, is told in
//! `docs/guards.md`.

mod approver;
mod azure_administrator;
mod break_glass;
mod empty;
mod incomplete;
mod lockout;
mod mass_removal;
mod own_rights;
mod world;

use std::cell::OnceCell;

use serde::{Deserialize, Serialize};

use crate::core::change::Change;
use crate::core::guard::world::World;
use crate::core::id::PrincipalId;
use crate::core::notice::Notice;
use crate::core::observed::Observed;
use crate::core::origin::Origin;
use crate::core::state::Desired;
use crate::core::target::{RoleKey, Surface, Target};

pub use approver::{concerned, concerned_by};

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
    /// The object id of whoever applies, where that is known: of the token that writes, or as declared (`spec.appliedBy`).
    pub applier: Option<&'a PrincipalId>,
}

/// What guards say.
#[derive(Debug, Default)]
struct Findings {
    verdicts: Vec<Verdict>,
    notices: Vec<Notice>,
}

impl Findings {
    /// Refuses.
    fn refuse(&mut self, guard: &str, message: String, overridden_by: Option<&str>) {
        let overridden_by = overridden_by.map(str::to_owned);
        self.verdicts.push(Verdict { guard: guard.to_owned(), message, overridden_by, ..Verdict::default() });
    }

    /// Remarks.
    fn remark(&mut self, notice: Notice) {
        self.notices.push(notice);
    }
}

/// A scene with both of its states made ready for questions, once for all guards.
struct Case<'a> {
    scene: Scene<'a>,
    before: World<'a>,
    after: World<'a>,
    lasting: [OnceCell<World<'a>>; 2],
}

impl<'a> Case<'a> {
    fn new(scene: Scene<'a>) -> Self {
        Self { scene, before: World::of(scene.before), after: World::of(scene.after), lasting: Default::default() }
    }

    /// Returns what of the state before has no end.
    fn lasting_before(&self) -> &World<'a> {
        self.lasting[0].get_or_init(|| World::lasting(self.scene.before))
    }

    /// Returns what of the state afterwards has no end.
    fn lasting_after(&self) -> &World<'a> {
        self.lasting[1].get_or_init(|| World::lasting(self.scene.after))
    }
}

/// One guard.
struct Guard {
    /// What its verdicts are called.
    name: &'static str,
    /// The surface that it is about, when it is about one: whoever does not touch a surface need not be able to read it.
    about: Option<Surface>,
    /// Whether it judges a saved plan again before it is applied, over what is there then. Such a guard looks at nothing of what is
    /// declared but the Tenant document: no manifest is needed to apply. The others are about the plan itself, which stays.
    again: bool,
    /// What it refuses and what it remarks.
    judge: fn(&Case<'_>, &mut Findings),
    #[cfg(test)]
    fixture: fixture::Fixture,
}

/// Every guard.
const GUARDS: &[Guard] = &[
    Guard {
        name: break_glass::NAME,
        about: Some(Surface::Directory),
        again: true,
        judge: break_glass::judge,
        #[cfg(test)]
        fixture: break_glass::tests::FIXTURE,
    },
    Guard {
        name: incomplete::NAME,
        about: Some(Surface::Directory),
        again: true,
        judge: incomplete::judge,
        #[cfg(test)]
        fixture: incomplete::tests::FIXTURE,
    },
    Guard {
        name: lockout::NAME,
        about: Some(Surface::Directory),
        again: true,
        judge: lockout::judge,
        #[cfg(test)]
        fixture: lockout::tests::FIXTURE,
    },
    Guard {
        name: azure_administrator::NAME,
        about: Some(Surface::Azure),
        again: true,
        judge: azure_administrator::judge,
        #[cfg(test)]
        fixture: azure_administrator::tests::FIXTURE,
    },
    Guard {
        name: own_rights::NAME,
        about: None,
        again: true,
        judge: own_rights::judge,
        #[cfg(test)]
        fixture: own_rights::tests::FIXTURE,
    },
    Guard {
        name: approver::NAME,
        about: None,
        again: true,
        judge: approver::judge,
        #[cfg(test)]
        fixture: approver::tests::FIXTURE,
    },
    Guard {
        name: mass_removal::NAME,
        about: None,
        again: false,
        judge: mass_removal::judge,
        #[cfg(test)]
        fixture: mass_removal::tests::FIXTURE,
    },
    Guard {
        name: empty::NAME,
        about: None,
        again: false,
        judge: empty::judge,
        #[cfg(test)]
        fixture: empty::tests::FIXTURE,
    },
];

/// Returns the names of all guards, in the order in which they judge.
pub fn names() -> impl Iterator<Item = &'static str> {
    GUARDS.iter().map(|guard| guard.name)
}

/// Asks every guard.
pub fn judge(scene: &Scene<'_>) -> (Vec<Verdict>, Vec<Notice>) {
    ask(scene, |_| true)
}

/// Asks the guards that judge a saved plan once more, over a fresh observation. They look at nothing of what is declared but
/// [`Desired::tenant`](crate::core::state::Desired::tenant): the rest of it may be empty.
pub fn judge_again(scene: &Scene<'_>) -> (Vec<Verdict>, Vec<Notice>) {
    ask(scene, |guard| guard.again)
}

fn ask(scene: &Scene<'_>, is_asked: impl Fn(&Guard) -> bool) -> (Vec<Verdict>, Vec<Notice>) {
    let is_known = |surface: Surface| scene.before.surfaces.contains(&surface);
    let case = Case::new(*scene);
    let mut findings = Findings::default();
    for guard in GUARDS.iter().filter(|guard| is_asked(guard) && guard.about.is_none_or(is_known)) {
        (guard.judge)(&case, &mut findings);
    }
    let Findings { mut verdicts, mut notices } = findings;
    verdicts.sort();
    verdicts.dedup();
    notices.sort();
    notices.dedup();
    (verdicts, notices)
}

/// Global Administrator (the built-in role's template id, entra-builtin-roles.json).
pub(crate) const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";
/// Privileged Role Administrator (likewise).
pub(crate) const PRIVILEGED_ROLE_ADMINISTRATOR: &str = "e8611ab8-c189-46e8-94e1-60213ab1f814";

/// The roles about whose holders guards need more than lists say: who is enabled, a guest, or comes from on-premises.
pub const JUDGED: [&str; 2] = [GLOBAL_ADMINISTRATOR, PRIVILEGED_ROLE_ADMINISTRATOR];

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
mod fixture;
#[cfg(test)]
mod tests;
