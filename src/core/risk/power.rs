//! How much a role can do wherever it holds: the weight that everything else is added to or taken from.

use crate::catalog::azure_operation::{self, Plane};
use crate::catalog::azure_role::{self, AzureRole};
use crate::catalog::directory_action;
use crate::catalog::directory_role::{self, DirectoryRole};
use crate::catalog::escalation::{self, AttackPath, Severity};
use crate::catalog::tier::Tier;
use crate::core::permission_set::Granted;
use crate::core::risk::weight;
use crate::core::role_definition::{Permission, Permissions, RoleDefinition};
use crate::core::target::Surface;

/// What a role can do, and how that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Power {
    /// The weight, by the table of [`crate::core::risk`].
    pub(super) points: i32,
    /// The tier, where it is known.
    pub(super) tier: Option<Tier>,
    /// The tier of what it changes.
    written: Option<Tier>,
    /// The tier of what it reads.
    read: Option<Tier>,
    /// The attack paths that it opens, the worst first, with the permission that does where it was found by one.
    pub(super) paths: Vec<(&'static str, Severity, &'static str, Option<&'static str>)>,
    /// A permission, as listed, that is known for escalation.
    pub(super) escalating: Option<String>,
    /// Nothing is known of it.
    pub(super) is_unknown: bool,
}

impl Power {
    /// Returns the power of a role of which nothing is known: when in doubt, more.
    pub(super) fn unknown() -> Self {
        Self { points: weight::UNKNOWN, is_unknown: true, ..Self::none() }
    }

    /// Returns the power of a role that allows nothing.
    fn none() -> Self {
        Self {
            points: 0,
            tier: None,
            written: None,
            read: None,
            paths: Vec::new(),
            escalating: None,
            is_unknown: false,
        }
    }

    /// Adds the tier of a permission.
    fn add(&mut self, tier: Option<Tier>, reads: bool) {
        let known = if reads { &mut self.read } else { &mut self.written };
        *known = known.iter().copied().chain(tier).min();
        self.tier = self.tier.into_iter().chain(tier).min();
    }

    /// Returns the power of a role that was read: a built-in one's as classified, any other's that of its permissions.
    pub(super) fn of(role: &RoleDefinition) -> Self {
        let listed = || Self::of_permissions(role.surface, &role.permissions);
        if !role.is_built_in {
            return listed();
        }
        let known = Self::of_built_in(role.surface, role.id.as_str());
        known.or_else(|| (!role.permissions.is_empty()).then(listed)).unwrap_or_else(Self::unknown)
    }

    /// Returns the power of a built-in role; `None` when the catalog does not know it.
    pub(super) fn of_built_in(surface: Surface, id: &str) -> Option<Self> {
        match surface {
            Surface::Directory => directory_role::find(id).map(directory),
            Surface::Azure => azure_role::find(id).map(azure),
            Surface::Group => None,
        }
    }

    /// Returns the power of permissions alone: those of a custom role, or a part of a role's.
    pub(super) fn of_permissions(surface: Surface, permissions: &Permissions) -> Self {
        match surface {
            Surface::Azure => of_azure_permissions(permissions),
            Surface::Directory | Surface::Group => {
                of_directory_actions(permissions.actions.iter().map(Permission::as_str))
            }
        }
    }

    /// Puts the parts together: the worst of them counts.
    fn weigh(mut self, is_labelled: bool) -> Self {
        self.paths.sort_by_key(|(id, severity, ..)| (std::cmp::Reverse(*severity), *id));
        self.paths.dedup_by_key(|(id, ..)| *id);
        let of_path = self.paths.first().map(|(_, severity, ..)| weight::of_path(*severity));
        let of_written = self.written.map(|tier| match tier {
            Tier::ControlPlane if is_labelled || self.escalating.is_some() => weight::TIER_0_PRIVILEGED,
            Tier::ControlPlane => weight::TIER_0,
            Tier::ManagementPlane => weight::TIER_1,
            Tier::UserAccess => weight::TIER_2,
        });
        let of_read = self.read.map(|tier| match tier {
            Tier::ControlPlane => weight::TIER_0_READ,
            Tier::ManagementPlane => weight::TIER_1_READ,
            Tier::UserAccess => weight::TIER_2,
        });
        let of_pattern = self.escalating.is_some().then_some(weight::ESCALATING);
        let all = [of_path, of_written, of_read, of_pattern];
        self.points = all.into_iter().flatten().max().unwrap_or(weight::TIER_2);
        self
    }
}

fn named(
    path: &'static AttackPath,
    by: Option<&'static str>,
) -> (&'static str, Severity, &'static str, Option<&'static str>) {
    (path.id, path.severity, path.name, by)
}

/// Tells whether a directory permission changes nothing that counts: it reads, or opens tickets.
fn only_reads(action: &str) -> bool {
    let last = action.rsplit('/').next().unwrap_or(action);
    last.eq_ignore_ascii_case("read")
        || last.ends_with("Read")
        || last.starts_with("get")
        || action.contains(".serviceHealth/")
        || action.contains(".supportTickets/")
}

fn directory(role: &'static DirectoryRole) -> Power {
    let actions = || role.blocks.iter().filter(|block| block.condition.is_none()).flat_map(|block| &block.actions);
    let mut power = of_directory_actions(actions().map(String::as_str));
    let opened = escalation::paths().iter().filter(|path| path.directory_roles.contains(&role.id));
    power.paths.extend(opened.map(|path| named(path, None)));
    // a role without a single permission has them elsewhere
    let reads = actions().next().is_some() && !role.is_more_than_listed && actions().all(|name| only_reads(name));
    (power.written, power.read) = if reads { (None, role.tier) } else { (role.tier, None) };
    power.tier = role.tier;
    power.weigh(role.is_privileged)
}

fn of_directory_actions<'a>(actions: impl Iterator<Item = &'a str>) -> Power {
    let mut power = Power::none();
    let mut is_labelled = false;
    for name in actions {
        let known = directory_action::find(name);
        let reads = only_reads(name);
        // what changes things and is not classified is taken for tier 1
        let tier = known.and_then(|known| known.tier).or((!reads).then_some(Tier::ManagementPlane));
        power.add(tier, reads);
        is_labelled |= known.is_some_and(|known| known.is_privileged) && !reads;
        let opens =
            |path: &&'static AttackPath| path.directory_actions.iter().any(|one| one.eq_ignore_ascii_case(name));
        let by = |path: &'static AttackPath| {
            path.directory_actions.iter().copied().find(|one| one.eq_ignore_ascii_case(name))
        };
        power.paths.extend(escalation::paths().iter().filter(opens).map(|path| named(path, by(path))));
    }
    power.weigh(is_labelled)
}

fn azure(role: &'static AzureRole) -> Power {
    let (mut power, mut only_reads) = (Power::none(), true);
    for block in &role.blocks {
        let part = of_azure_permissions(&as_permissions(block));
        only_reads &= part.written.is_none();
        // what a condition limits is less than its lists say: the tier alone counts
        if block.is_conditional {
            continue;
        }
        power.paths.extend(part.paths);
        power.escalating = power.escalating.or(part.escalating);
    }
    let opened = escalation::paths().iter().filter(|path| path.azure_roles.contains(&role.id));
    power.paths.extend(opened.map(|path| named(path, None)));
    (power.written, power.read) = if only_reads { (None, role.tier) } else { (role.tier, None) };
    power.tier = role.tier;
    power.weigh(role.is_privileged)
}

/// Returns a block of a built-in role as the core writes permissions.
pub(super) fn as_permissions(block: &azure_role::AzurePermissions) -> Permissions {
    let set = |names: &[String]| names.iter().map(|name| Permission::new(name)).collect();
    Permissions {
        actions: set(&block.actions),
        not_actions: set(&block.not_actions),
        data_actions: set(&block.data_actions),
        not_data_actions: set(&block.not_data_actions),
    }
}

fn of_azure_permissions(permissions: &Permissions) -> Power {
    let Permissions { actions, not_actions, data_actions, not_data_actions } = permissions;
    let planes = [(false, Granted::new(actions, not_actions)), (true, Granted::new(data_actions, not_data_actions))];
    let reads = |name: &str| name.ends_with("/read");
    let mut power = Power::none();
    for (is_data, granted) in &planes {
        let is_control_plane = escalation::control_plane(*is_data).any(|pattern| granted.reaches(pattern));
        power.add(is_control_plane.then_some(Tier::ControlPlane), false);
        for name in granted.listed() {
            let tier = match reads(name) {
                true => escalation::tier_of_operation(name, *is_data).unwrap_or(Tier::UserAccess),
                false => Tier::ManagementPlane,
            };
            power.add(Some(tier), reads(name));
        }
        let escalating = granted.listed().find(|name| escalation::is_escalating(name)).map(str::to_owned);
        power.escalating = power.escalating.or(escalating);
    }
    let opens = |action: &&'static str| {
        let plane = azure_operation::find(action).map(|known| known.plane);
        let fits = |is_data: bool| match plane {
            Some(Plane::Control) => !is_data,
            Some(Plane::Data) => is_data,
            Some(Plane::ControlInferred | Plane::DataInferred | Plane::Unknown) | None => true,
        };
        planes.iter().filter(|(is_data, _)| fits(*is_data)).any(|(_, granted)| match () {
            // who reads everything does not open what a read opens together with other permissions
            () if reads(action) => granted.listed().any(|name| name.eq_ignore_ascii_case(action)),
            // part of a whole provider is not the whole
            () if action.contains('*') => granted.covers(action),
            () => granted.reaches(action),
        })
    };
    for path in escalation::paths() {
        let by = path.azure_actions.iter().copied().find(opens);
        power.paths.extend(by.map(|by| named(path, Some(by))));
    }
    power.weigh(false)
}
