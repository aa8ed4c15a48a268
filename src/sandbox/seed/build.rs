//! The words that seeds are written in.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::super::arm::built_in;
use super::super::arm::role_assignment::RoleAssignment;
use super::super::arm::scope::Scope;
use super::super::catalog;
use super::super::id::minted;
use super::super::instant::{plus, truncate};
use super::super::permission;
use super::super::place::{Access, Key, Place, Subject, Surface};
use super::super::tenant::{Credential, CustomRole, Kind, Object, Policy, Request, Schedule, Side, Tenant};

/// A tenant in the making.
#[derive(Debug)]
pub(super) struct Builder {
    pub(super) tenant: Tenant,
    pub(super) now: Timestamp,
}

/// From when until when, relative to first use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) from: SignedDuration,
    pub(super) to: Option<SignedDuration>,
}

/// Returns so many days.
pub(super) const fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

impl Span {
    /// Returns a span without an end that began so many days ago.
    pub(super) const fn since(ago: i64) -> Self {
        Self { from: days(-ago), to: None }
    }

    /// Returns a span from so many days ago until in so many days.
    pub(super) const fn until(ago: i64, to: i64) -> Self {
        Self { from: days(-ago), to: Some(days(to)) }
    }
}

impl Builder {
    /// Returns what every seed has: two break-glass accounts and the three app registrations of the README.
    pub(super) fn new(now: Timestamp) -> Self {
        // Whole seconds read better, and no sample of Microsoft's has nine digits.
        let mut new = Self { tenant: Tenant::blank(), now: truncate(now, 1_000_000_000) };
        for (number, name) in [("1", "Break Glass 1"), ("2", "Break Glass 2")] {
            let id = new.user(&format!("breakglass{number}"), name);
            new.outside(&id, "Global Administrator", "/");
        }
        let plan: Vec<&str> = permission::PLAN.to_vec();
        let apply: Vec<&str> = permission::PLAN.iter().chain(permission::APPLY).copied().collect();
        for (name, tail, permissions) in
            [("rolewright-plan", "a1", plan), ("rolewright-apply", "a2", apply), ("rolewright-admin", "a3", vec!["*"])]
        {
            let client = format!("00000000-0000-4000-8000-0000000000{tail}");
            let credential = Credential {
                secrets: vec!["sandbox".to_owned()],
                accepts_assertions: true,
                federated_subject: Some(format!("system:serviceaccount:rolewright:{name}")),
                permissions: permissions.into_iter().map(str::to_owned).collect(),
            };
            let (_, principal) = new.application(name, Some(&client), Some(credential));
            let role = match tail {
                "a1" => "Reader",
                "a2" => "User Access Administrator",
                _ => "Owner",
            };
            new.arm_outside(&principal, role, "/");
        }
        new.tenant.contexts = vec![
            json!({"id": "c1", "displayName": "Require phishing-resistant MFA", "description": "For tier 0 roles", "isAvailable": true}),
            json!({"id": "c2", "displayName": "Require compliant device", "description": null, "isAvailable": true}),
        ];
        new
    }

    /// Adds an object; its id follows from kind and name.
    fn object(&mut self, kind: Kind, key: &str, properties: Value) -> String {
        let id = minted(kind.name(), key);
        let properties = match properties {
            Value::Object(members) => members,
            _ => Map::new(),
        };
        let created = plus(self.now, days(-400));
        let object = Object { kind, created, properties, members: Vec::new(), owners: Vec::new(), credential: None };
        self.tenant.objects.insert(id.clone(), object.into());
        id
    }

    /// Adds a user of the default domain.
    pub(super) fn user(&mut self, name: &str, display_name: &str) -> String {
        let upn = format!("{name}@contoso.example");
        let nickname = name.to_owned();
        self.object(
            Kind::User,
            &upn,
            json!({"displayName": display_name, "userPrincipalName": upn, "mail": upn,
            "mailNickname": nickname}),
        )
    }

    /// Adds a group with these members.
    pub(super) fn group(&mut self, name: &str, more: Value, members: &[&str]) -> String {
        self.group_as(name, name, more, members)
    }

    /// Adds a group whose id follows from `key` instead of its name.
    pub(super) fn group_as(&mut self, key: &str, name: &str, more: Value, members: &[&str]) -> String {
        let nickname: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let id = self.object(Kind::Group, key, json!({"displayName": name, "mailNickname": nickname}));
        self.change(&id, more);
        if let Some(object) = self.tenant.objects.get_mut(&id) {
            object.members = members.iter().map(|id| (*id).to_owned()).collect();
        }
        id
    }

    /// Sets properties of an object.
    pub(super) fn change(&mut self, id: &str, more: Value) {
        if let (Some(object), Value::Object(more)) = (self.tenant.objects.get_mut(id), more) {
            object.properties.extend(more);
        }
    }

    /// Adds an administrative unit with these members.
    pub(super) fn unit(&mut self, name: &str, members: &[&str]) -> String {
        let id = self.object(Kind::AdministrativeUnit, name, json!({"displayName": name}));
        if let Some(object) = self.tenant.objects.get_mut(&id) {
            object.members = members.iter().map(|id| (*id).to_owned()).collect();
        }
        id
    }

    /// Adds an application and its service principal; returns the ids of both.
    pub(super) fn application(
        &mut self,
        name: &str,
        client: Option<&str>,
        credential: Option<Credential>,
    ) -> (String, String) {
        let client = client.map_or_else(|| minted("appId", name), str::to_owned);
        let application = self.object(Kind::Application, name, json!({"displayName": name, "appId": client}));
        if let Some(object) = self.tenant.objects.get_mut(&application) {
            object.credential = credential;
        }
        let principal = self.object(
            Kind::ServicePrincipal,
            name,
            json!({"displayName": name, "appDisplayName": name,
            "appId": client, "servicePrincipalNames": [client], "appOwnerOrganizationId": super::super::id::TENANT}),
        );
        (application, principal)
    }

    fn role_id(&self, name: &str) -> String {
        let custom =
            || self.tenant.custom_roles.iter().find(|(_, role)| role.display_name == name).map(|(id, _)| id.as_str());
        catalog::role_named(name).or_else(custom).unwrap_or(name).to_owned()
    }

    /// Returns a directory role at a scope; `role` is a name, or an id.
    pub(super) fn role(&self, role: &str, scope: &str) -> Place {
        Place::Directory { role: self.role_id(role), scope: scope.to_owned() }
    }

    /// Adds an assignment of a directory role made through PIM.
    pub(super) fn assign(&mut self, side: Side, principal: &str, role: &str, scope: &str, span: Span) -> String {
        let place = self.role(role, scope);
        self.assign_at(side, principal, place, span)
    }

    /// Adds a membership or ownership of a group made through PIM, which manages the group from then on.
    pub(super) fn assign_group(
        &mut self,
        side: Side,
        principal: &str,
        group: &str,
        access: Access,
        span: Span,
    ) -> String {
        self.assign_at(side, principal, Place::Group { group: group.to_owned(), access }, span)
    }

    /// Adds an assignment with the request that made it where the service still has it; returns the schedule's id.
    fn assign_at(&mut self, side: Side, principal: &str, place: Place, span: Span) -> String {
        let key = Key { side, principal: principal.to_owned(), place };
        let request = self.tenant.mint(&key.text());
        let id = key.place.schedule_id(&request);
        let (start, end) = (plus(self.now, span.from), span.to.map(|to| plus(self.now, to)));
        let created = start.min(plus(self.now, days(-1)));
        let is_future = start > self.now;
        let document = json!({"id": request, "status": if is_future { "Granted" } else { "Provisioned" },
            "createdDateTime": created, "completedDateTime": start, "approvalId": null, "customData": null,
            "action": "adminAssign", "principalId": key.principal, "isValidationOnly": false, "targetScheduleId": id,
            "justification": "Seeded", "createdBy": {"application": null, "device": null,
                "user": {"displayName": null, "id": minted("user", "breakglass1@contoso.example")}},
            "scheduleInfo": {"startDateTime": start, "recurrence": null, "expiration": {
                "type": if end.is_some() { "afterDateTime" } else { "noExpiration" }, "endDateTime": end, "duration": null}},
            "ticketInfo": {"ticketNumber": null, "ticketSystem": null}});
        if let Value::Object(mut document) = document {
            key.place.print(&mut document);
            let settles = is_future.then_some(start);
            let made = Request { side, created, document, settles, pending: None, due: None };
            if made.is_kept(self.now) {
                self.tenant.requests.insert(request.clone(), made.into());
            }
        }
        self.tenant.onboard(&key.place);
        self.tenant.schedules.insert(
            id.clone(),
            Schedule {
                key,
                start,
                end,
                duration: None,
                created,
                modified: None,
                created_using: Some(request),
                activated_using: None,
                visible_from: None,
            }
            .into(),
        );
        id
    }

    /// Adds a running activation of the eligibility `using` by `principal`, from so many hours ago until in so many hours.
    pub(super) fn activate(&mut self, using: &str, principal: &str, hours: (i64, i64)) {
        let span = Span { from: SignedDuration::from_hours(-hours.0), to: Some(SignedDuration::from_hours(hours.1)) };
        let Some(place) = self.tenant.schedules.get(using).map(|s| s.key.place.clone()) else { return };
        let id = self.assign_at(Side::Active, principal, place, span);
        let mut made = None;
        if let Some(schedule) = self.tenant.schedules.get_mut(&id) {
            schedule.activated_using = Some(using.to_owned());
            schedule.created = schedule.start;
            made.clone_from(&schedule.created_using);
        }
        if let Some(request) = made.and_then(|made| self.tenant.requests.get_mut(&made)) {
            request.document.insert("action".to_owned(), json!("selfActivate"));
            request.document.insert(
                "createdBy".to_owned(),
                json!({"application": null, "device": null,
                "user": {"displayName": null, "id": principal}}),
            );
        }
    }

    /// Adds owners to a group, outside PIM.
    pub(super) fn own(&mut self, group: &str, owners: &[&str]) {
        if let Some(object) = self.tenant.objects.get_mut(group) {
            object.owners.extend(owners.iter().map(|id| (*id).to_owned()));
        }
    }

    /// Has PIM manage a group in which nothing is assigned.
    pub(super) fn onboard(&mut self, group: &str) {
        self.tenant.onboarded.insert(group.to_owned());
    }

    /// Adds a permanent active assignment made outside PIM.
    pub(super) fn outside(&mut self, principal: &str, role: &str, scope: &str) {
        let key = Key { side: Side::Active, principal: principal.to_owned(), place: self.role(role, scope) };
        let created = plus(self.now, days(-300));
        self.tenant.schedules.insert(
            key.assignment_id(),
            Schedule {
                key,
                start: created,
                end: None,
                duration: None,
                created,
                modified: None,
                created_using: None,
                activated_using: None,
                visible_from: None,
            }
            .into(),
        );
    }

    /// Adds an Azure role assignment made outside PIM; `role` is the name of a built-in or custom role, or a GUID. Returns its GUID.
    pub(super) fn arm_outside(&mut self, principal: &str, role: &str, scope: &str) -> String {
        let role = self.arm_role_id(role);
        let scope = Scope::new(scope);
        let name = minted("roleAssignment", &format!("{}/{role}/{principal}", scope.key()));
        let created = plus(self.now, days(-300));
        let row = RoleAssignment {
            scope: scope.id().to_owned(),
            role,
            principal: principal.to_owned(),
            principal_type: None,
            condition: None,
            condition_version: None,
            description: None,
            delegated_managed_identity: None,
            created,
            updated: created,
            created_by: None,
            updated_by: None,
        };
        self.tenant.azure.assignments.insert(scope.key(), &name, row);
        name
    }

    /// Returns the GUID of the Azure role with this name.
    pub(super) fn arm_role_id(&self, name: &str) -> String {
        let mut custom = self.tenant.azure.roles.iter();
        built_in::role_named(name)
            .map(str::to_owned)
            .or_else(|| custom.find(|(_, role)| role.role_name == name).map(|(id, _)| id.clone()))
            .unwrap_or_else(|| name.to_ascii_lowercase())
    }

    /// Adds the service principal of PIM with its own rights at a subscription or management group that PIM manages
    /// (arm.md B.0). Its app id is the same in every tenant.
    pub(super) fn ms_pim(&mut self, scope: &str) {
        const APP: &str = "01fc33a7-78ba-4d2f-a4b7-768e336e890e";
        let principal = self.object(
            Kind::ServicePrincipal,
            "MS-PIM",
            json!({"displayName": "MS-PIM", "appDisplayName": "MS-PIM", "appId": APP, "servicePrincipalNames": [APP],
                "appOwnerOrganizationId": "f8cdef31-a31e-4b4a-93e4-5f571e91255a"}),
        );
        self.arm_outside(&principal, "User Access Administrator", scope);
    }

    /// Adds a custom role; `template` differs from the id where it is given.
    pub(super) fn custom_role(
        &mut self,
        name: &str,
        description: &str,
        actions: &[&str],
        template: Option<&str>,
    ) -> String {
        let id = minted("roleDefinition", name);
        let role = CustomRole {
            template_id: template.map_or_else(|| id.clone(), str::to_owned),
            display_name: name.to_owned(),
            description: Some(description.to_owned()),
            is_enabled: true,
            version: None,
            permissions: vec![json!({"allowedResourceActions": actions, "condition": null})],
            created: plus(self.now, days(-200)),
            deleted: None,
        };
        self.tenant.custom_roles.insert(id.clone(), role);
        id
    }

    /// Writes members of one rule of a role's policy.
    pub(super) fn rule(&mut self, role: &str, rule: &str, more: Value) {
        let template = self.role_id(role);
        let key = self.tenant.role(&template).map_or(template.clone(), |role| Subject::Role(role).key());
        self.write_rule(key, Surface::Directory, rule, more);
    }

    /// Writes members of one rule of a group's policy, which PIM manages from then on.
    pub(super) fn group_rule(&mut self, group: &str, access: Access, rule: &str, more: Value) {
        self.onboard(group);
        self.write_rule(Subject::Group(group, access).key(), Surface::Group, rule, more);
    }

    fn write_rule(&mut self, key: String, surface: Surface, rule: &str, more: Value) {
        let modified = Some(plus(self.now, days(-30)));
        let policy = self.tenant.policies.entry(key).or_insert_with(|| Policy {
            rules: catalog::default_rules(surface).to_vec(),
            modified,
            modified_by: Some("Heidi Portal".to_owned()),
            is_corrupt: false,
            writes: 0,
        });
        policy.writes += 1;
        let found = policy.rules.iter_mut().find(|found| found["id"] == rule);
        if let (Some(Value::Object(found)), Value::Object(more)) = (found, more) {
            found.extend(more);
        }
    }
}
