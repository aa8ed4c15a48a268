//! How privileged a role is, for those who judge by their own rules: Microsoft's mark, and the tier by which risk is judged too.

use crate::catalog::tier::Tier;
use crate::catalog::{azure_role, directory_action, directory_role};
use crate::core::risk::power::Power;
use crate::core::role_definition::RoleDefinition;
use crate::core::target::{Surface, Target};

/// How privileged a role is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rank {
    /// Microsoft marks the role, or for a custom role of the directory one of its permissions, as privileged. A custom role of Azure is
    /// privileged when it is of tier 0: there Microsoft marks roles only.
    pub(crate) is_privileged: bool,
    /// 0 the control plane, 1 the management plane, 2 user access; none where nothing is known. A custom role is of the tier of the most
    /// privileged permission that its wildcards reach and its exclusions leave.
    pub(crate) tier: Option<u8>,
}

impl Rank {
    /// Returns the rank of a role.
    pub(crate) fn of(role: &RoleDefinition) -> Self {
        let tier = Power::of(role).tier;
        let is_privileged = match (role.surface, role.is_built_in) {
            (Surface::Directory, true) => {
                directory_role::find(role.id.as_str()).is_some_and(|known| known.is_privileged)
            }
            (Surface::Directory, false) => {
                let mut actions = role.permissions.actions.iter();
                actions.any(|one| directory_action::find(one.as_str()).is_some_and(|known| known.is_privileged))
            }
            (_, true) => azure_role::find(role.id.as_str()).is_some_and(|known| known.is_privileged),
            (_, false) => tier == Some(Tier::ControlPlane),
        };
        Self { is_privileged, tier: tier.map(number) }
    }
}

/// Returns the tier of a built-in role of the directory, as in [`Rank::tier`]; none of any other target.
pub(crate) fn tier_of(target: &Target) -> Option<u8> {
    let role = target.role().filter(|_| target.surface() == Surface::Directory)?;
    directory_role::find(role.as_str())?.tier.map(number)
}

fn number(tier: Tier) -> u8 {
    match tier {
        Tier::ControlPlane => 0,
        Tier::ManagementPlane => 1,
        Tier::UserAccess => 2,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::core::id::RoleId;
    use crate::core::role_definition::{Permission, Permissions};

    fn custom(surface: Surface, actions: &[&str], not_actions: &[&str], data_actions: &[&str]) -> Rank {
        let set = |names: &[&str]| names.iter().map(|name| Permission::new(name)).collect();
        let (actions, not_actions, data_actions) = (set(actions), set(not_actions), set(data_actions));
        let permissions = Permissions { actions, not_actions, data_actions, ..Permissions::default() };
        Rank::of(&RoleDefinition {
            surface,
            id: RoleId::new("own"),
            template_id: RoleId::new("own"),
            display_name: "Own".to_owned(),
            description: String::new(),
            is_enabled: true,
            is_built_in: false,
            permissions,
            assignable_scopes: BTreeSet::new(),
        })
    }

    #[test]
    fn wildcards_that_reach_the_control_plane_are_of_tier_0() {
        let azure = |actions: &[&str], excluded: &[&str]| custom(Surface::Azure, actions, excluded, &[]);
        let top = Rank { is_privileged: true, tier: Some(0) };
        let reaching: [&[&str]; 6] = [
            &["*"],
            &["*/write"],
            &["Microsoft.Authorization/*"],
            &["microsoft.authorization/roleassignments/*"],
            &["*/roleAssignments/write"],
            &["Microsoft.Compute/virtualMachines/start/action", "Microsoft.Authorization/*/write"],
        ];
        for actions in reaching {
            assert_eq!(azure(actions, &[]), top, "{actions:?}");
        }
        // an exclusion counts for what it takes away, and for nothing else
        assert_eq!(azure(&["*"], &["Microsoft.Compute/*"]), top);
        assert_eq!(azure(&["Microsoft.Authorization/*"], &["Microsoft.Authorization/roleAssignments/write"]), top);
        let lower = Rank { is_privileged: false, tier: Some(1) };
        assert_eq!(azure(&["Microsoft.Authorization/*", "Microsoft.Web/*"], &["Microsoft.Authorization/*"]), lower);
        assert_eq!(azure(&["Microsoft.Web/*"], &[]), lower);
        assert_eq!(azure(&["Microsoft.Compute/virtualMachines/start/action"], &[]).tier, Some(1));
    }

    #[test]
    fn other_roles_keep_their_rank() {
        let of = |actions: &[&str]| custom(Surface::Directory, actions, &[], &[]);
        assert_eq!(of(&["microsoft.directory/users/password/update"]), Rank { is_privileged: true, tier: Some(0) });
        // what is added tomorrow and changes something is not of no tier
        assert_eq!(of(&["microsoft.tomorrow/things/update"]), Rank { is_privileged: false, tier: Some(1) });
        assert_eq!(of(&[]).tier, None);
    }
}
