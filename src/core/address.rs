//! Addresses: the name of one object for a person and for `--target`, stable across runs (design.md 4).

use std::collections::BTreeMap;

use crate::core::assignment::AssignmentKey;
use crate::core::hierarchy::Hierarchy;
use crate::core::id::{GroupId, PrincipalId, RoleId};
use crate::core::observed::Observed;
use crate::core::principal::Principals;
use crate::core::scope::{ArmScope, ArmScopeKind, DirectoryScope};
use crate::core::target::{RoleKey, Surface, Target};

/// Display names for ids. Where two objects share a name, each gets its id behind it, so that an address always names one.
#[derive(Debug, Clone, Default)]
pub struct Labels {
    roles: BTreeMap<RoleKey, String>,
    principals: BTreeMap<PrincipalId, String>,
    scopes: BTreeMap<DirectoryScope, String>,
    hierarchy: Hierarchy,
}

impl Labels {
    /// Returns the labels of everything observed, plus roles that are to be created.
    pub fn new<'a>(observed: &Observed, planned: impl IntoIterator<Item = (&'a RoleKey, &'a str)>) -> Self {
        let mut roles: BTreeMap<RoleKey, String> =
            observed.roles.iter().map(|(key, role)| (key.clone(), role.display_name.clone())).collect();
        for (key, name) in planned {
            roles.entry(key.clone()).or_insert_with(|| name.to_owned());
        }
        // addresses begin with the surface: roles of two surfaces may share a name
        let of = |surface: Surface| -> BTreeMap<RoleId, String> {
            let of_it = roles.iter().filter(|(key, _)| key.surface == surface);
            of_it.map(|(key, name)| (key.id.clone(), name.clone())).collect()
        };
        let keyed =
            |surface: Surface| distinct(of(surface)).into_iter().map(move |(id, name)| (RoleKey { surface, id }, name));
        Self {
            roles: Surface::ALL.into_iter().flat_map(keyed).collect(),
            principals: distinct(principals(&observed.principals)),
            scopes: distinct(observed.scope_names.clone()),
            hierarchy: observed.hierarchy.clone(),
        }
    }

    /// Returns a role's name, or its id when nothing is known.
    pub fn role(&self, key: &RoleKey) -> String {
        self.roles.get(key).cloned().unwrap_or_else(|| key.id.to_string())
    }

    /// Returns `type:name` of a principal, or `id:…` when nothing is known.
    pub fn principal(&self, id: &PrincipalId) -> String {
        self.principals.get(id).cloned().unwrap_or_else(|| format!("id:{id}"))
    }

    /// Returns a directory scope's name; `tenant` for the tenant.
    pub fn scope(&self, scope: &DirectoryScope) -> String {
        match scope {
            DirectoryScope::Tenant => TENANT.to_owned(),
            other => self.scopes.get(other).cloned().unwrap_or_else(|| other.to_string()),
        }
    }

    /// Returns a group's name, where it is known.
    pub(crate) fn known_group(&self, id: &GroupId) -> Option<String> {
        let label = self.principals.get(&PrincipalId::new(id.as_str()))?;
        Some(label.strip_prefix("group:").unwrap_or(label).to_owned())
    }

    fn group(&self, id: &GroupId) -> String {
        self.known_group(id).unwrap_or_else(|| format!("id:{id}"))
    }

    /// Returns `Role@scope`, or `group:access`.
    pub fn target(&self, target: &Target) -> String {
        match target {
            Target::Directory { role, scope } => {
                format!("{}@{}", self.role(&RoleKey::new(Surface::Directory, role)), self.scope(scope))
            }
            Target::Group { group, access } => format!("{}:{}", self.group(group), access.as_str()),
            Target::Azure { role, scope } => format!("{}@{scope}", self.role(&RoleKey::new(Surface::Azure, role))),
        }
    }

    /// Returns where an Azure target lies, in names: the scope, its subscription, and the management groups above it from the top;
    /// the tenant's root group, which is above all, is left out. Nothing elsewhere, and nothing at the root, which the address says.
    pub fn place(&self, target: &Target) -> Option<String> {
        let scope = target.arm_scope()?;
        let named = |scope: &ArmScope| {
            let name = self.hierarchy.name(scope).unwrap_or(scope.name());
            format!("{} {name}", scope.kind().as_str())
        };
        match scope.kind() {
            ArmScopeKind::Root => None,
            _ => {
                let above = self.hierarchy.above(scope);
                let mut text = named(scope);
                if let Some(subscription) = above.iter().find(|above| above.kind() == ArmScopeKind::Subscription) {
                    text.push_str(&format!(" of {}", named(subscription)));
                }
                let groups = above.iter().rev().filter(|above| above.kind() == ArmScopeKind::ManagementGroup);
                let groups: Vec<&str> = groups
                    .filter(|group| self.hierarchy.root() != Some(group))
                    .map(|group| self.hierarchy.name(group).unwrap_or(group.name()))
                    .collect();
                if !groups.is_empty() {
                    text.push_str(&format!(" under {}", groups.join(" / ")));
                }
                Some(text)
            }
        }
    }

    /// Returns the address of a role definition.
    pub fn role_definition(&self, key: &RoleKey) -> String {
        format!("{}/role-definition/{}", key.surface, self.role(key))
    }

    /// Returns the address of role settings. Directory roles have settings at the tenant only, so the scope is left out.
    pub fn settings(&self, target: &Target) -> String {
        let name = match target {
            Target::Directory { role, .. } => self.role(&RoleKey::new(Surface::Directory, role)),
            other => self.target(other),
        };
        format!("{}/settings/{name}", target.surface())
    }

    /// Returns the address of an assignment.
    pub fn assignment(&self, key: &AssignmentKey) -> String {
        let surface = key.target.surface();
        format!("{surface}/{}/{}/{}", key.mode.as_str(), self.target(&key.target), self.principal(&key.principal))
    }
}

fn principals(known: &Principals) -> BTreeMap<PrincipalId, String> {
    let label = |kind: &str, name: &str| format!("{kind}:{name}");
    (known.values()).filter_map(|p| Some((p.id.clone(), label(p.kind?.as_str(), p.name.as_deref()?)))).collect()
}

/// The word for the whole tenant, which no other scope may look like.
const TENANT: &str = "tenant";

/// Puts the id behind every name that is not unique, that is the word for the tenant, or that could be taken for one with an
/// id behind it.
fn distinct<K: Ord + Clone + ToString>(names: BTreeMap<K, String>) -> BTreeMap<K, String> {
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for name in names.values() {
        *count.entry(name.to_lowercase()).or_default() += 1;
    }
    let label = |key: &K, name: String| {
        let is_unique = count.get(&name.to_lowercase()).is_none_or(|count| *count == 1);
        let is_plain = !name.trim().eq_ignore_ascii_case(TENANT) && !ends_with_id(&name);
        if is_unique && is_plain { name } else { format!("{name} ({})", key.to_string()) }
    };
    names.into_iter().map(|(key, name)| (key.clone(), label(&key, name))).collect()
}

/// Tells whether a name ends like one that got its id put behind it.
fn ends_with_id(name: &str) -> bool {
    let inside = name.strip_suffix(')').and_then(|rest| rest.rsplit_once('('));
    inside.is_some_and(|(_, inside)| crate::core::id::is_guid(inside.rsplit('/').next().unwrap_or(inside)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_azure_place_is_told_in_names_from_the_top() {
        let mut observed = Observed::empty("2026-01-01T00:00:00Z".parse().unwrap());
        let group = |id: &str| ArmScope::management_group(id).unwrap();
        let root = group("5a9dbb0c-0000-4000-8000-000000000001");
        let subscription = ArmScope::parse("/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1").unwrap();
        observed.hierarchy.insert_root(root.clone(), Some("Tenant Root Group".into()));
        observed.hierarchy.insert(group("contoso"), Some("Contoso".into()), Some(root));
        observed.hierarchy.insert(group("corp"), Some("Corp".into()), Some(group("contoso")));
        observed.hierarchy.insert(subscription.clone(), Some("payroll".into()), Some(group("corp")));
        let labels = Labels::new(&observed, []);
        let place = |scope: &str| {
            let scope = ArmScope::parse(scope).unwrap();
            labels.place(&Target::Azure { role: RoleId::new("r"), scope })
        };
        let rest = "subscription payroll under Contoso / Corp";
        assert_eq!(place(subscription.as_str()).as_deref(), Some(rest));
        let of = format!("resource group rg of {rest}");
        assert_eq!(place(&format!("{subscription}/resourceGroups/rg")), Some(of));
        assert_eq!(
            place("/providers/Microsoft.Management/managementGroups/contoso").as_deref(),
            Some("management group Contoso")
        );
        assert_eq!(place("/"), None);
    }
    use crate::core::assignment::Mode;
    use crate::core::id::ObjectId;
    use crate::core::principal::{Principal, PrincipalType};

    fn group(id: &str, name: &str) -> Principal {
        let mut principal = Principal::unknown(PrincipalId::new(id));
        (principal.kind, principal.name) = (Some(PrincipalType::Group), Some(name.to_owned()));
        principal
    }

    #[test]
    fn names_are_used_and_twins_get_their_ids() {
        let mut observed = Observed::empty("2026-01-01T00:00:00Z".parse().unwrap());
        for principal in [group("a", "sg-ops"), group("b", "SG-Ops"), group("c", "sg-net")] {
            observed.learn(principal);
        }
        let unit = DirectoryScope::AdministrativeUnit(ObjectId::new("u"));
        observed.scope_names.insert(unit.clone(), "EMEA Users".into());
        let trap = DirectoryScope::AdministrativeUnit(ObjectId::new("trap"));
        observed.scope_names.insert(trap.clone(), "Tenant".into());
        let labels =
            Labels::new(&observed, [(&RoleKey::new(Surface::Directory, &RoleId::new("r")), "Helpdesk Administrator")]);
        let address = |principal: &str, scope: &DirectoryScope| {
            labels.assignment(&AssignmentKey {
                target: Target::Directory { role: RoleId::new("r"), scope: scope.clone() },
                principal: PrincipalId::new(principal),
                mode: Mode::Eligible,
            })
        };
        assert_eq!(address("c", &unit), "directory/eligible/Helpdesk Administrator@EMEA Users/group:sg-net");
        assert_eq!(
            address("a", &DirectoryScope::Tenant),
            "directory/eligible/Helpdesk Administrator@tenant/group:sg-ops (a)"
        );
        assert_eq!(
            address("c", &trap),
            "directory/eligible/Helpdesk Administrator@Tenant (/administrativeUnits/trap)/group:sg-net",
            "an administrative unit cannot look like the tenant"
        );
        assert_eq!(address("x", &DirectoryScope::Tenant), "directory/eligible/Helpdesk Administrator@tenant/id:x");
    }
}
