//! What could not be read: not the same as empty.

use serde::{Deserialize, Serialize};

use crate::core::assignment::Mode;
use crate::core::id::{GroupId, RoleId};
use crate::core::observed::Observed;
use crate::core::scope::ArmScope;
use crate::core::target::{Surface, Target};

/// A part of a tenant that is read as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Part {
    /// Role definitions.
    Roles,
    /// Soft-deleted role definitions.
    DeletedRoles,
    /// Role settings.
    Settings,
    /// Plain role assignments.
    PlainAssignments,
    /// Active schedules.
    ActiveSchedules,
    /// Active schedule instances.
    ActiveInstances,
    /// Eligible schedules.
    EligibleSchedules,
    /// How Azure's scopes contain each other.
    Hierarchy,
    /// Which groups PIM manages.
    Onboarded,
}

impl Part {
    /// Returns the words used in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Roles => "role definitions",
            Self::DeletedRoles => "deleted role definitions",
            Self::Settings => "role settings",
            Self::PlainAssignments => "role assignments",
            Self::ActiveSchedules => "active assignment schedules",
            Self::ActiveInstances => "active assignment schedule instances",
            Self::EligibleSchedules => "eligibility schedules",
            Self::Hierarchy => "the hierarchy",
            Self::Onboarded => "the list of onboarded groups",
        }
    }

    /// Tells whether the part is needed to know all assignments of `mode`.
    pub fn tells_of(self, mode: Mode) -> bool {
        match self {
            Self::PlainAssignments | Self::ActiveSchedules | Self::ActiveInstances => mode == Mode::Active,
            Self::EligibleSchedules => mode == Mode::Eligible,
            Self::Roles | Self::DeletedRoles | Self::Settings | Self::Hierarchy | Self::Onboarded => false,
        }
    }
}

/// A part that could not be read: not the same as empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreadable {
    /// The surface.
    pub surface: Surface,
    /// The part.
    pub part: Part,
    /// Where on the Azure surface; all that lies below by path is unknown too. `None` when the whole surface is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<ArmScope>,
    /// The group that is meant; all of them when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupId>,
    /// The Azure role whose settings alone are meant; all of them when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleId>,
    /// Why, in the service's words.
    pub why: String,
}

impl Unreadable {
    /// Tells whether the gap hides something about `target`.
    pub(crate) fn hides(&self, target: &Target) -> bool {
        self.surface == target.surface()
            && self.role.as_ref().is_none_or(|role| target.role() == Some(role))
            && self.scope.as_ref().zip(target.arm_scope()).is_none_or(|(gap, scope)| gap.contains_path(scope))
            && self.group.as_ref().zip(target.group()).is_none_or(|(gap, group)| gap == group)
    }

    /// Returns the words for what could not be read.
    pub fn what(&self) -> String {
        match (&self.scope, &self.group) {
            (Some(scope), _) => format!("{} at {scope}", self.part.as_str()),
            (None, Some(group)) => format!("{} of group {group}", self.part.as_str()),
            (None, None) => self.part.as_str().to_owned(),
        }
    }
}

impl Observed {
    /// Returns why assignments of `mode` of `target` are not completely known, if they are not.
    pub fn missing(&self, target: &Target, mode: Mode) -> Option<&Unreadable> {
        self.unreadable.iter().find(|gap| gap.part.tells_of(mode) && gap.hides(target))
    }

    /// Returns why active assignments of the whole tenant's directory roles are not completely known, if they are not.
    pub fn missing_directory(&self, mode: Mode) -> Option<&Unreadable> {
        self.unreadable.iter().find(|gap| gap.part.tells_of(mode) && gap.surface == Surface::Directory)
    }

    /// Returns why `part` could not be read anywhere on `surface`, if it could not. A gap about one role only is not meant.
    pub fn gap(&self, surface: Surface, part: Part) -> Option<&Unreadable> {
        self.unreadable.iter().find(|gap| gap.surface == surface && gap.part == part && gap.role.is_none())
    }

    /// Returns why `part` of what `target` is about could not be read, if it could not.
    pub fn gap_at(&self, target: &Target, part: Part) -> Option<&Unreadable> {
        // role definitions are listed from a management group down
        let lies_below = |gap: &Unreadable| {
            let scopes = gap.scope.as_ref().zip(target.arm_scope());
            part == Part::Roles
                && gap.role.as_ref().is_none_or(|role| target.role() == Some(role))
                && scopes.is_some_and(|(gap, scope)| self.hierarchy.contains(gap, scope))
        };
        let hides = |gap: &&Unreadable| gap.surface == target.surface() && lies_below(gap) || gap.hides(target);
        self.unreadable.iter().filter(|gap| gap.part == part).find(hides)
    }
}
