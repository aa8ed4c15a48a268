//! The words that the Azure part of a seed is written in. Ids are functions of names, like those of the directory.

use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::super::arm::azure::{ManagementGroup, Resource, ResourceGroup, Subscription};
use super::super::arm::built_in::Permission;
use super::super::arm::policy::Policy;
use super::super::arm::policy_rule;
use super::super::arm::request::Request;
use super::super::arm::role_definition::RoleDefinition;
use super::super::arm::schedule::Schedule;
use super::super::arm::scope::Scope;
use super::super::arm::window::Window;
use super::super::id::{self, minted};
use super::super::instant::plus;
use super::super::tenant::Side;
use super::build::{Builder, Span, days};

impl Builder {
    /// Adds a management group below another (the root's id is the tenant's); returns its scope.
    pub(super) fn management_group(&mut self, id: &str, display_name: &str, parent: &str) -> String {
        let group = ManagementGroup {
            id: id.to_owned(),
            display_name: display_name.to_owned(),
            parent: Some(parent.to_ascii_lowercase()),
            version: 1,
            updated: Some(plus(self.now, days(-400))),
            updated_by: None,
        };
        self.tenant.azure.management_groups.insert(id.to_ascii_lowercase(), group.into());
        Scope::of_management_group(id).id().to_owned()
    }

    /// Adds a subscription, or moves the first one when that is its name; returns its scope.
    pub(super) fn subscription(&mut self, name: &str, group: &str) -> String {
        let id = if name == "prod-core" { id::SUBSCRIPTION.to_owned() } else { minted("subscription", name) };
        let subscription = Subscription {
            id: id.clone(),
            display_name: name.to_owned(),
            parent: group.to_ascii_lowercase(),
            state: "Enabled".to_owned(),
        };
        self.tenant.azure.subscriptions.insert(id.clone(), subscription.into());
        Scope::of_subscription(&id).id().to_owned()
    }

    /// Adds a resource group; returns its scope.
    pub(super) fn resource_group(&mut self, subscription: &str, name: &str) -> String {
        let scope = Scope::new(&format!("{subscription}/resourceGroups/{name}"));
        let group = ResourceGroup {
            id: scope.id().to_owned(),
            name: name.to_owned(),
            location: "westeurope".to_owned(),
            tags: None,
            managed_by: None,
        };
        self.tenant.azure.resource_groups.insert(scope.key().to_owned(), group.into());
        scope.id().to_owned()
    }

    /// Adds a resource to a resource group; returns its scope.
    pub(super) fn resource(&mut self, group: &str, kind: &str, name: &str) -> String {
        let scope = Scope::new(&format!("{group}/providers/{kind}/{name}"));
        let mut document = Map::new();
        document.insert("location".to_owned(), json!("westeurope"));
        let resource = Resource { id: scope.id().to_owned(), kind: kind.to_owned(), name: name.to_owned(), document };
        self.tenant.azure.resources.insert(scope.key().to_owned(), resource.into());
        scope.id().to_owned()
    }

    /// Adds a custom role; returns its GUID.
    pub(super) fn azure_role(&mut self, name: &str, description: &str, scope: &str, actions: &[&str]) -> String {
        let guid = minted("azureRoleDefinition", name);
        let actions = actions.iter().map(|action| (*action).to_owned()).collect();
        let created = plus(self.now, days(-200));
        let role = RoleDefinition {
            role_name: name.to_owned(),
            description: description.to_owned(),
            assignable_scopes: vec![scope.to_owned()],
            permissions: vec![Permission { actions, ..Permission::default() }],
            created,
            updated: created,
            created_by: None,
            updated_by: None,
            previous: None,
        };
        self.tenant.azure.roles.insert(guid.clone(), role.into());
        guid
    }

    /// Adds an assignment made through PIM, with the request that made it where the service still has it; returns its name.
    pub(super) fn azure_assign(&mut self, side: Side, principal: &str, role: &str, scope: &str, span: Span) -> String {
        let (role, scope) = (self.arm_role_id(role), Scope::new(scope));
        let about = format!("{side:?}/{role}/{principal}/{}", scope.key());
        let name = minted("azureRequest", &about);
        let (start, end) = (plus(self.now, span.from), span.to.map(|to| plus(self.now, to)));
        let created = start.min(plus(self.now, days(-1)));
        let is_future = start > self.now;
        let request = Request {
            side,
            scope: scope.id().to_owned(),
            role: role.clone(),
            principal: principal.to_owned(),
            request_type: "AdminAssign".to_owned(),
            status: if is_future { "Granted" } else { "Provisioned" }.to_owned(),
            created,
            requestor: minted("user", "breakglass1@contoso.example"),
            window: Some(Window { start, end, duration: None }),
            justification: Some("Seeded".to_owned()),
            ticket: Map::new(),
            condition: None,
            condition_version: None,
            has_target: true,
            linked: None,
            settles: is_future.then_some(start),
            pending: None,
            due: None,
            decision: None,
        };
        if request.is_kept(self.now) {
            self.tenant.azure.requests.insert(scope.key(), &name, request);
        }
        let schedule = Schedule {
            side,
            scope: scope.id().to_owned(),
            role,
            principal: principal.to_owned(),
            start,
            end,
            created,
            updated: None,
            instance: minted("azureInstance", &about),
            linked: None,
            condition: None,
            condition_version: None,
            visible_from: None,
        };
        self.tenant.azure.schedules.insert(scope.key(), &name, schedule);
        name
    }

    /// Gives a condition to an assignment made through PIM.
    pub(super) fn azure_condition(&mut self, scope: &str, name: &str, condition: &str) {
        let (condition, version) = (Some(condition.to_owned()), Some("2.0".to_owned()));
        let key = Scope::new(scope).key().to_owned();
        if let Some(schedule) = self.tenant.azure.schedules.get_mut(&key, name) {
            (schedule.condition, schedule.condition_version) = (condition.clone(), version.clone());
        }
        if let Some(request) = self.tenant.azure.requests.get_mut(&key, name) {
            (request.condition, request.condition_version) = (condition, version);
        }
    }

    /// Adds a running activation of the eligibility `using` at the same scope, begun and to end in so many hours.
    pub(super) fn azure_activate(&mut self, using: &str, person: &str, role: &str, scope: &str, hours: (i64, i64)) {
        let span = Span { from: SignedDuration::from_hours(-hours.0), to: Some(SignedDuration::from_hours(hours.1)) };
        let name = self.azure_assign(Side::Active, person, role, scope, span);
        let key = Scope::new(scope).key().to_owned();
        if let Some(schedule) = self.tenant.azure.schedules.get_mut(&key, &name) {
            schedule.linked = Some(using.to_owned());
            schedule.created = schedule.start;
        }
        if let Some(request) = self.tenant.azure.requests.get_mut(&key, &name) {
            request.request_type = "SelfActivate".to_owned();
            request.requestor = person.to_owned();
            request.linked = Some((scope.to_owned(), using.to_owned()));
        }
    }

    /// Writes members of one rule of a role's policy at a scope.
    pub(super) fn azure_rule(&mut self, scope: &str, role: &str, rule: &str, more: Value) {
        let (role, key) = (self.arm_role_id(role), Scope::new(scope).key().to_owned());
        let stored = self.tenant.azure.policies.get(&key, &role).cloned();
        let mut policy = stored.unwrap_or_else(|| Policy {
            name: role.clone(),
            rules: policy_rule::defaults().to_vec(),
            modified: Some(plus(self.now, days(-30))),
            modified_by: Some("Heidi Portal".to_owned()),
        });
        let found = policy.rules.iter_mut().find(|found| found["id"] == rule);
        if let (Some(Value::Object(found)), Value::Object(more)) = (found, more) {
            found.extend(more);
        }
        self.tenant.azure.policies.insert(&key, &role, policy);
    }
}
