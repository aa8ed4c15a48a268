//! What the plan makes of roles and their settings, for the assignments that are judged by it: thousands ask.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::change::{Change, Subject};
use crate::core::diff::Context;
use crate::core::policy::default::factory;
use crate::core::policy::settings::Settings;
use crate::core::target::{RoleKey, Target};

/// The planned changes of role definitions and settings, by what they are about.
pub(super) struct Planned {
    roles: BTreeSet<RoleKey>,
    settings: BTreeMap<Target, (Settings, String)>,
}

impl Planned {
    /// Arranges the changes that are planned so far.
    pub(super) fn new(changes: &[Change]) -> Self {
        let mut planned = Self { roles: BTreeSet::new(), settings: BTreeMap::new() };
        for change in changes {
            match &change.subject {
                Subject::Role { .. } => planned.roles.extend(change.subject.role_key()),
                Subject::Settings { target, after, .. } => {
                    planned.settings.insert(target.clone(), ((**after).clone(), change.address.clone()));
                }
                Subject::Assignment { .. } => {}
            }
        }
        planned
    }

    /// Tells whether the definition of a role changes.
    pub(super) fn changes_role(&self, role: &RoleKey) -> bool {
        self.roles.contains(role)
    }

    /// Returns the settings that will hold for `target`, with the address of their change: the planned ones, else the live ones,
    /// else the factory's.
    pub(super) fn holding(&self, context: &Context<'_>, target: &Target) -> (Settings, Option<String>) {
        let target = target.policy_target();
        if let Some((settings, address)) = self.settings.get(&target) {
            return (settings.clone(), Some(address.clone()));
        }
        let live = context.observed.settings_of(&target).cloned();
        (live.unwrap_or_else(|| factory(target.surface())), None)
    }
}
