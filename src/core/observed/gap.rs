//! What could not be read: not the same as empty.

use serde::{Deserialize, Serialize};

use crate::core::address::Labels;
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
    /// What the group is called, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
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

    /// Returns this gap with the group's name, where `labels` know it.
    #[must_use]
    pub fn named(&self, labels: &Labels) -> Self {
        let name = self.group.as_ref().and_then(|group| labels.known_group(group));
        Self { name: self.name.clone().or(name), ..self.clone() }
    }

    /// Tells whether two gaps are about the same part, whatever the reason.
    pub fn is_same_part(&self, other: &Self) -> bool {
        (self.surface, self.part, &self.scope, &self.group, &self.role)
            == (other.surface, other.part, &other.scope, &other.group, &other.role)
    }

    /// Returns the words for what could not be read.
    pub fn what(&self) -> String {
        let part = self.part.as_str();
        match (&self.scope, &self.group, &self.name) {
            (Some(scope), _, _) => format!("{part} at {scope}"),
            (None, Some(_), Some(name)) => format!("{part} of group `{name}`"),
            (None, Some(group), None) => format!("{part} of group {group}"),
            (None, None, _) => part.to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::id::PrincipalId;
    use crate::core::principal::{Principal, PrincipalType};

    #[test]
    fn a_group_is_named_where_its_name_is_known() {
        let mut observed = Observed::empty("2026-06-01T12:00:00Z".parse().unwrap());
        let mut group = Principal::unknown(PrincipalId::new("g1"));
        (group.kind, group.name) = (Some(PrincipalType::Group), Some("sg-ops".into()));
        observed.learn(group);
        let labels = Labels::new(&observed, []);
        let gap = |group: &str| Unreadable {
            surface: Surface::Group,
            part: Part::Settings,
            scope: None,
            group: Some(GroupId::new(group)),
            role: None,
            name: None,
            why: "HTTP 503".into(),
        };
        assert_eq!(gap("g1").named(&labels).what(), "role settings of group `sg-ops`");
        assert_eq!(gap("g2").named(&labels).what(), "role settings of group g2");
        assert_eq!(gap("g1").named(&labels).group, gap("g1").group, "the id stays");
    }
}
