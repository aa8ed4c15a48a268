//! The Azure half of the tenant: the hierarchy from the root management group to single resources, and what is assigned in it.
//!
//! What follows from something else is not stored: an untouched policy, an instance, the row of `roleAssignments` behind an active
//! schedule.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::answer::Problem;
use super::super::id;
use super::super::shared::Shared;
use super::super::tenant::Side;
use super::policy::Policy;
use super::refusal;
use super::request::Request;
use super::role_assignment::RoleAssignment;
use super::role_definition::RoleDefinition;
use super::schedule::Schedule;
use super::scope::{Level, Scope};
use super::scoped::{Row, Scoped};

/// Everything that ARM answers from.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Azure {
    /// Management groups by id in lower case; the root's id is the tenant's.
    pub(crate) management_groups: Shared<BTreeMap<String, Shared<ManagementGroup>>>,
    /// Subscriptions by id in lower case.
    pub(crate) subscriptions: Shared<BTreeMap<String, Shared<Subscription>>>,
    /// Resource groups by the key of their scope.
    pub(crate) resource_groups: Shared<BTreeMap<String, Shared<ResourceGroup>>>,
    /// Resources by the key of their scope.
    pub(crate) resources: Shared<BTreeMap<String, Shared<Resource>>>,
    /// Custom role definitions by GUID in lower case.
    pub(crate) roles: Shared<BTreeMap<String, Shared<RoleDefinition>>>,
    /// Role assignments made outside PIM, by scope and GUID. What PIM assigns actively follows from `schedules`.
    pub(crate) assignments: Scoped<RoleAssignment>,
    /// PIM's schedules by scope and name, eligible and active, ended ones included for a while.
    pub(crate) schedules: Scoped<Schedule>,
    /// Schedule requests by scope and name.
    pub(crate) requests: Scoped<Request>,
    /// Policies that were ever written, by scope and the GUID of their role.
    pub(crate) policies: Scoped<Policy>,
    /// What the alias of a subscription made, by the alias' name in lower case.
    pub(crate) aliases: BTreeMap<String, String>,
    /// Providers that were unregistered, as `{subscription}/{namespace}` in lower case; all others are registered.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) unregistered: BTreeSet<String>,
    /// The names of the built-in roles that lists show; all of them when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) listed_built_in: Option<BTreeSet<String>>,
}

/// A management group.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ManagementGroup {
    /// The id as it was spelled.
    pub(crate) id: String,
    pub(crate) display_name: String,
    /// The id of the one above in lower case; `None` for the root.
    pub(crate) parent: Option<String>,
    /// How often it was written.
    #[serde(default)]
    pub(crate) version: u32,
    #[serde(default)]
    pub(crate) updated: Option<Timestamp>,
    /// The object id of who wrote it.
    #[serde(default)]
    pub(crate) updated_by: Option<String>,
}

/// A subscription.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Subscription {
    pub(crate) id: String,
    pub(crate) display_name: String,
    /// The id of its management group in lower case.
    pub(crate) parent: String,
    /// `Enabled`, `Warned`, `PastDue`, `Disabled` or `Deleted`.
    pub(crate) state: String,
}

/// A resource group.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ResourceGroup {
    /// The full id as it was spelled.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) location: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tags: Option<Map<String, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) managed_by: Option<String>,
}

/// A resource of any type.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Resource {
    /// The full id as it was spelled.
    pub(crate) id: String,
    /// The type, e.g. `Microsoft.Storage/storageAccounts`.
    pub(crate) kind: String,
    pub(crate) name: String,
    /// What was put: `location`, `tags`, `sku`, `properties` …
    pub(crate) document: Map<String, Value>,
}

/// Which rows a list at a scope shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Exactly at the scope.
    At,
    /// At the scope and above.
    AtOrAbove,
    /// At, above and below.
    Around,
}

/// A custom role or a built-in one.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Role<'a> {
    BuiltIn(&'static super::built_in::BuiltInRole),
    Custom(&'a str, &'a RoleDefinition),
}

impl<'a> Role<'a> {
    /// Returns the GUID.
    pub(crate) fn name(self) -> &'a str {
        match self {
            Self::BuiltIn(role) => &role.name,
            Self::Custom(name, _) => name,
        }
    }

    /// Returns the display name.
    pub(crate) fn role_name(self) -> &'a str {
        match self {
            Self::BuiltIn(role) => &role.role_name,
            Self::Custom(_, role) => &role.role_name,
        }
    }

    /// Returns `BuiltInRole` or `CustomRole`.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::BuiltIn(_) => "BuiltInRole",
            Self::Custom(..) => "CustomRole",
        }
    }

    /// Returns the permissions.
    pub(crate) fn permissions(self) -> &'a [super::built_in::Permission] {
        match self {
            Self::BuiltIn(role) => &role.permissions,
            Self::Custom(_, role) => &role.permissions,
        }
    }

    /// Returns the assignable scopes as they are spelled.
    pub(crate) fn assignable_scopes(self) -> &'a [String] {
        match self {
            Self::BuiltIn(role) => &role.assignable_scopes,
            Self::Custom(_, role) => &role.assignable_scopes,
        }
    }

    /// Tells whether some permission has data actions.
    pub(crate) fn has_data_actions(self) -> bool {
        self.permissions().iter().any(|permission| !permission.data_actions.is_empty())
    }
}

impl Azure {
    /// Returns what every tenant has: the root management group, and the first subscription under it.
    pub(crate) fn first() -> Self {
        let mut azure = Self::default();
        azure.management_groups.insert(
            id::TENANT.to_owned(),
            ManagementGroup {
                id: id::TENANT.to_owned(),
                display_name: "Tenant Root Group".to_owned(),
                parent: None,
                version: 1,
                updated: None,
                updated_by: None,
            }
            .into(),
        );
        azure.subscriptions.insert(
            id::SUBSCRIPTION.to_owned(),
            Subscription {
                id: id::SUBSCRIPTION.to_owned(),
                display_name: "prod-core".to_owned(),
                parent: id::TENANT.to_owned(),
                state: "Enabled".to_owned(),
            }
            .into(),
        );
        azure
    }

    /// Returns the role with this GUID, whatever its case.
    pub(crate) fn role(&self, name: &str) -> Option<Role<'_>> {
        let name = name.to_ascii_lowercase();
        if let Some(role) = super::built_in::role(&name) {
            return Some(Role::BuiltIn(role));
        }
        self.roles.get_key_value(&name).map(|(name, role)| Role::Custom(name, role))
    }

    /// Returns every role that lists show, built-in ones first.
    pub(crate) fn all_roles(&self) -> impl Iterator<Item = Role<'_>> {
        let custom = self.roles.iter().map(|(name, role)| Role::Custom(name, role));
        let is_listed = |role: &&super::built_in::BuiltInRole| {
            self.listed_built_in.as_ref().is_none_or(|listed| listed.contains(&role.role_name))
        };
        super::built_in::roles().iter().filter(is_listed).map(Role::BuiltIn).chain(custom)
    }

    /// Tells whether the role may be assigned at the scope: one of its assignable scopes is there or above.
    pub(crate) fn is_assignable(&self, role: Role<'_>, scope: &Scope) -> bool {
        let chain = self.chain(scope);
        role.assignable_scopes().iter().any(|one| chain.contains(&Scope::new(one).key().to_owned()))
    }

    /// Returns the keys of the scope and of everything above it, the root last.
    pub(crate) fn chain(&self, scope: &Scope) -> Vec<String> {
        let mut keys = Vec::new();
        let mut at = Some(scope.clone());
        let mut top = scope.clone();
        while let Some(scope) = at {
            keys.push(scope.key().to_owned());
            at = scope.parent();
            top = scope;
        }
        let mut group = match top.level() {
            Level::ManagementGroup => {
                let group = top.management_group().and_then(|id| self.management_groups.get(id));
                group.and_then(|group| group.parent.clone())
            }
            Level::Subscription => {
                top.subscription().and_then(|id| self.subscriptions.get(id)).map(|found| found.parent.clone())
            }
            _ => None,
        };
        // A hierarchy is six levels deep at most; the bound keeps a broken state file from looping.
        for _ in 0..16 {
            let Some(id) = group else { break };
            keys.push(Scope::of_management_group(&id).key().to_owned());
            group = self.management_groups.get(&id).and_then(|found| found.parent.clone());
        }
        if keys.last().is_none_or(|last| last != "/") {
            keys.push("/".to_owned());
        }
        keys
    }

    /// Tells whether `above` is the scope with the key `below` or stands above it.
    pub(crate) fn is_at_or_above(&self, above: &str, below: &Scope) -> bool {
        self.chain(below).iter().any(|key| key == above)
    }

    /// Returns the lower-case ids of the management groups below one, at any depth, itself not included.
    pub(crate) fn groups_below(&self, id: &str) -> Vec<String> {
        let mut found = vec![id.to_owned()];
        let mut next = 0;
        while let Some(parent) = found.get(next).cloned() {
            next += 1;
            let children = self.management_groups.iter().filter(|(_, group)| group.parent.as_deref() == Some(&parent));
            found.extend(children.map(|(id, _)| id.clone()));
        }
        found.remove(0);
        found
    }

    /// Returns the rows of a collection that a list at `scope` shows, those at the scope first, then above, then below.
    pub(crate) fn rows<'a, T>(&'a self, of: &'a Scoped<T>, scope: &Scope, reach: Reach) -> Vec<Row<'a, T>> {
        let mut rows: Vec<Row<'a, T>> = of.at(scope.key()).collect();
        if reach == Reach::At {
            return rows;
        }
        for key in self.chain(scope).iter().skip(1) {
            rows.extend(of.at(key));
        }
        if reach == Reach::AtOrAbove {
            return rows;
        }
        match scope.level() {
            Level::Root => return of.iter().collect(),
            Level::ManagementGroup => {
                let id = scope.management_group().unwrap_or_default();
                let mut groups = self.groups_below(id);
                for group in &groups {
                    rows.extend(of.at(Scope::of_management_group(group).key()));
                }
                groups.push(id.to_owned());
                for (id, _) in self.subscriptions.iter().filter(|(_, one)| groups.contains(&one.parent)) {
                    let key = format!("/subscriptions/{id}");
                    rows.extend(of.at(&key));
                    rows.extend(of.under(&key));
                }
            }
            _ => rows.extend(of.under(scope.key())),
        }
        rows
    }

    /// Returns the role assignments in force that a list at `scope` shows, with their names: those made outside PIM, and one for
    /// each active schedule (arm.md B.0).
    pub(crate) fn held(&self, scope: &Scope, reach: Reach, now: Timestamp) -> Vec<(String, Cow<'_, RoleAssignment>)> {
        let classic = self.rows(&self.assignments, scope, reach).into_iter();
        let mut held: Vec<_> = classic.map(|(_, name, row)| (name.to_owned(), Cow::Borrowed(row))).collect();
        let active = self.rows(&self.schedules, scope, reach).into_iter();
        held.extend(
            active
                .filter(|(_, _, row)| row.side == Side::Active && row.is_in_force(now))
                .map(|(_, _, row)| (row.instance.clone(), Cow::Owned(RoleAssignment::of_schedule(row)))),
        );
        held
    }

    /// Returns 404 unless the scope exists. Resources other than those of the sandbox's own hierarchy exist when their resource
    /// group does and somebody put them.
    pub(crate) fn exists(&self, scope: &Scope) -> Result<(), Problem> {
        if let Some(id) = scope.subscription()
            && !self.subscriptions.contains_key(id)
        {
            return Err(refusal::no_subscription(id));
        }
        match scope.level() {
            Level::Root | Level::Subscription => Ok(()),
            Level::ManagementGroup => {
                let id = scope.management_group().unwrap_or_default();
                let is_known = self.management_groups.contains_key(id);
                if is_known { Ok(()) } else { Err(refusal::no_management_group(scope.name())) }
            }
            Level::ResourceGroup | Level::Resource => {
                if let Some(key) = scope.resource_group()
                    && !self.resource_groups.contains_key(key)
                {
                    return Err(refusal::no_resource_group(scope.id().split('/').nth(4).unwrap_or_default()));
                }
                if scope.level() == Level::Resource && !self.resources.contains_key(scope.key()) {
                    // Outside a resource group the service names the group so.
                    let group = scope.resource_group().and_then(|_| scope.id().split('/').nth(4)).unwrap_or("<null>");
                    return Err(refusal::no_resource(&scope.type_name(), scope.name(), group));
                }
                Ok(())
            }
        }
    }

    /// Returns what people call the scope, as `expandedProperties.scope.displayName` prints it.
    pub(crate) fn display_name(&self, scope: &Scope) -> String {
        let stored = match scope.level() {
            Level::Root => Some("Tenant Root".to_owned()),
            Level::ManagementGroup => scope
                .management_group()
                .and_then(|id| self.management_groups.get(id))
                .map(|group| group.display_name.clone()),
            Level::Subscription => {
                scope.subscription().and_then(|id| self.subscriptions.get(id)).map(|one| one.display_name.clone())
            }
            Level::ResourceGroup => self.resource_groups.get(scope.key()).map(|group| group.name.clone()),
            Level::Resource => self.resources.get(scope.key()).map(|resource| resource.name.clone()),
        };
        stored.unwrap_or_else(|| scope.name().to_owned())
    }

    /// Returns the id of a role definition as rows seen through `scope` print it: with the subscription's prefix below a
    /// subscription, at the tenant's level otherwise (arm.md B.1).
    pub(crate) fn role_id(&self, scope: &Scope, role: &str) -> String {
        let home = match scope.subscription() {
            Some(id) => {
                let spelled = self.subscriptions.get(id).map_or(id, |found| found.id.as_str());
                Scope::of_subscription(spelled)
            }
            None => Scope::root(),
        };
        home.authorization("roleDefinitions", role)
    }
}
