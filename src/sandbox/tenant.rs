//! The tenant as one document: what a state file holds and a seed makes. Nothing derived is stored: instances, plain
//! assignments and untouched policies follow from it and from the hour.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arm::{self, azure::Azure};
use super::catalog::{self, BuiltIn};
use super::membership::Found;
use super::place::{Key, Place, Subject, Surface};
use super::shared::Shared;
use super::{id, instant};

/// The whole tenant.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Tenant {
    /// Tenant time minus the machine's, in nanoseconds.
    #[serde(default)]
    pub(crate) clock_offset: i64,
    /// The default domain.
    pub(crate) domain: String,
    /// What people call the tenant.
    pub(crate) display_name: String,
    /// Users, groups, administrative units, applications and service principals by id.
    #[serde(default)]
    pub(crate) objects: Shared<BTreeMap<String, Shared<Object>>>,
    /// Custom role definitions by object id, soft-deleted ones included.
    #[serde(default)]
    pub(crate) custom_roles: BTreeMap<String, CustomRole>,
    /// Policies that were ever written, by template id or `{groupId}_member|owner`; all others have the factory values.
    #[serde(default)]
    pub(crate) policies: BTreeMap<String, Policy>,
    /// Groups that PIM manages. There is no way back (graph.md 4.4).
    #[serde(default)]
    pub(crate) onboarded: BTreeSet<String>,
    /// Schedules by id, ended ones included for a while (a renewal needs them).
    #[serde(default)]
    pub(crate) schedules: Shared<BTreeMap<String, Shared<Schedule>>>,
    /// Schedule requests by id.
    #[serde(default)]
    pub(crate) requests: Shared<BTreeMap<String, Shared<Request>>>,
    /// How many ids each key got, so that ids repeat when a history does.
    #[serde(default)]
    pub(crate) minted: Shared<BTreeMap<String, u32>>,
    /// Conditional Access authentication contexts as Graph prints them.
    #[serde(default)]
    pub(crate) contexts: Vec<Value>,
    /// Management groups, subscriptions and what is assigned in them.
    #[serde(default = "Azure::first")]
    pub(crate) azure: Azure,
}

/// The kind of a directory object; also the last part of its `@odata.type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Kind {
    User,
    Group,
    ServicePrincipal,
    Application,
    AdministrativeUnit,
}

impl Kind {
    /// Returns the name in `@odata.type` and in the `types` of getByIds.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::ServicePrincipal => "servicePrincipal",
            Self::Application => "application",
            Self::AdministrativeUnit => "administrativeUnit",
        }
    }
}

/// A directory object.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Object {
    /// What it is.
    pub(crate) kind: Kind,
    /// When it was made; PIM does not know it before `--lag` has passed.
    pub(crate) created: Timestamp,
    /// Its properties as Graph prints them, without those that have their default.
    pub(crate) properties: Map<String, Value>,
    /// Ids of members, in the order they came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) members: Vec<String>,
    /// Ids of owners.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) owners: Vec<String>,
    /// What an application signs in with, and what it was granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) credential: Option<Credential>,
}

/// How an application signs in.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Credential {
    /// Accepted client secrets.
    #[serde(default)]
    pub(crate) secrets: Vec<String>,
    /// Whether a client assertion whose subject is the client id or `federated_subject` is accepted (no signature check).
    #[serde(default)]
    pub(crate) accepts_assertions: bool,
    /// The subject of a federated credential.
    #[serde(default)]
    pub(crate) federated_subject: Option<String>,
    /// Granted application permissions by name; `*` means every one that the sandbox knows.
    #[serde(default)]
    pub(crate) permissions: Vec<String>,
}

/// A custom role definition.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CustomRole {
    pub(crate) template_id: String,
    pub(crate) display_name: String,
    #[serde(default)]
    pub(crate) description: Option<String>,
    pub(crate) is_enabled: bool,
    #[serde(default)]
    pub(crate) version: Option<String>,
    /// `rolePermissions` as Graph prints them.
    pub(crate) permissions: Vec<Value>,
    pub(crate) created: Timestamp,
    /// When it was soft-deleted.
    #[serde(default)]
    pub(crate) deleted: Option<Timestamp>,
}

/// A policy that somebody wrote to.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Policy {
    /// All rules as Graph prints them.
    pub(crate) rules: Vec<Value>,
    pub(crate) modified: Option<Timestamp>,
    pub(crate) modified_by: Option<String>,
    /// A notification rule was written without its target: the other notification rules are refused (graph.md 3.6 #4).
    #[serde(default)]
    pub(crate) is_corrupt: bool,
    /// How often it was written; a group's policy has another id after each time (graph.md 3.6 #2).
    #[serde(default)]
    pub(crate) writes: u32,
}

/// Eligible or active: the two sides of PIM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Side {
    Eligible,
    Active,
}

/// A stored intent with its time window.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Schedule {
    pub(crate) key: Key,
    pub(crate) start: Timestamp,
    /// `None` is permanent.
    pub(crate) end: Option<Timestamp>,
    /// The duration as it was asked, where the request said one.
    #[serde(default)]
    pub(crate) duration: Option<String>,
    /// When it came to be; young ones cannot be removed.
    pub(crate) created: Timestamp,
    #[serde(default)]
    pub(crate) modified: Option<Timestamp>,
    /// The request that made it; `None` for what was assigned outside PIM.
    #[serde(default)]
    pub(crate) created_using: Option<String>,
    /// The eligibility schedule behind an activation.
    #[serde(default)]
    pub(crate) activated_using: Option<String>,
    /// Not shown and not in force before this instant (a request that is still provisioning).
    #[serde(default)]
    pub(crate) visible_from: Option<Timestamp>,
}

impl Schedule {
    /// Tells whether it is neither ended nor still provisioning.
    pub(crate) fn is_listed(&self, now: Timestamp) -> bool {
        self.end.is_none_or(|end| end > now) && self.visible_from.is_none_or(|from| from <= now)
    }

    /// Tells whether it holds at `now`.
    pub(crate) fn is_in_force(&self, now: Timestamp) -> bool {
        self.is_listed(now) && self.start <= now
    }
}

/// A schedule request: a command with its outcome.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Request {
    pub(crate) side: Side,
    pub(crate) created: Timestamp,
    /// As the POST answered it; `status` is the one of that moment.
    pub(crate) document: Map<String, Value>,
    /// The status turns to `Provisioned` at this instant.
    #[serde(default)]
    pub(crate) settles: Option<Timestamp>,
    /// For a request that waits for approval: what to grant once approved.
    #[serde(default)]
    pub(crate) pending: Option<Box<Schedule>>,
    /// When nobody may approve it any more (`approvalStageTimeOutInDays`).
    #[serde(default)]
    pub(crate) due: Option<Timestamp>,
}

/// How long the service keeps requests (graph.md 2.9).
const REQUEST_DAYS: i64 = 45;
/// How long it keeps cancelled ones.
const CANCELED_DAYS: i64 = 30;
/// How long the sandbox remembers ended schedules, so that they can be renewed.
const ENDED_DAYS: i64 = 30;

impl Request {
    /// Tells whether the service still has it.
    pub(crate) fn is_kept(&self, now: Timestamp) -> bool {
        let status = self.document.get("status").and_then(Value::as_str);
        let days = if status == Some("Canceled") { CANCELED_DAYS } else { REQUEST_DAYS };
        now < instant::plus(self.created, SignedDuration::from_hours(24 * days))
    }

    /// Returns the part of PIM that it asked.
    pub(crate) fn surface(&self) -> Surface {
        if self.document.contains_key("groupId") { Surface::Group } else { Surface::Directory }
    }

    /// Tells whether it waited for an approval that nobody gave in time.
    pub(crate) fn is_overdue(&self, now: Timestamp) -> bool {
        self.pending.is_some() && self.due.is_some_and(|due| due <= now)
    }

    /// Returns the status at `now`. What nobody approves in time is `Failed`: Graph's list of statuses has no `TimedOut`
    /// (graph.md 2.7), and which of them it is is unconfirmed.
    pub(crate) fn status(&self, now: Timestamp) -> &str {
        match self.settles {
            Some(at) if at <= now => "Provisioned",
            _ if self.is_overdue(now) => "Failed",
            _ => self.document.get("status").and_then(Value::as_str).unwrap_or_default(),
        }
    }
}

/// A role definition, built in or custom.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Role<'a> {
    BuiltIn(&'static BuiltIn),
    Custom(&'a str, &'a CustomRole),
}

impl Role<'_> {
    /// Returns the object id.
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::BuiltIn(role) => &role.id,
            Self::Custom(id, _) => id,
        }
    }

    /// Returns the template id, which policies are keyed by.
    pub(crate) fn template(&self) -> &str {
        match self {
            Self::BuiltIn(role) => &role.id,
            Self::Custom(_, role) => &role.template_id,
        }
    }

    /// Tells whether some action is on one of `entities`, e.g. `users`.
    pub(crate) fn touches(&self, entities: &[&str]) -> bool {
        let touches = |action: &str| {
            let mut parts = action.split('/');
            parts.next() == Some("microsoft.directory")
                && parts.next().is_some_and(|e| entities.iter().any(|x| e.starts_with(x)))
        };
        match self {
            Self::BuiltIn(role) => role.permissions.iter().flat_map(|p| &p.actions).any(|a| touches(a)),
            Self::Custom(_, role) => role
                .permissions
                .iter()
                .filter_map(|p| p["allowedResourceActions"].as_array())
                .flatten()
                .filter_map(Value::as_str)
                .any(touches),
        }
    }
}

impl Tenant {
    /// Returns a tenant without anything in it.
    pub(crate) fn blank() -> Self {
        Self {
            clock_offset: 0,
            domain: "contoso.example".to_owned(),
            display_name: "Contoso".to_owned(),
            objects: Shared::default(),
            custom_roles: BTreeMap::new(),
            policies: BTreeMap::new(),
            onboarded: BTreeSet::new(),
            schedules: Shared::default(),
            requests: Shared::default(),
            minted: Shared::default(),
            contexts: Vec::new(),
            azure: Azure::first(),
        }
    }

    /// Returns the object with this id, ids compared without case.
    pub(crate) fn object(&self, id: &str) -> Option<(&str, &Object)> {
        self.objects.get_key_value(id.to_ascii_lowercase().as_str()).map(|(id, object)| (id.as_str(), &**object))
    }

    /// Returns the object of `kind` with this id.
    pub(crate) fn object_of(&self, kind: Kind, id: &str) -> Option<(&str, &Object)> {
        self.object(id).filter(|(_, object)| object.kind == kind)
    }

    /// Returns the live role with this object id or template id; the object id wins.
    pub(crate) fn role(&self, id: &str) -> Option<Role<'_>> {
        let id = id.to_ascii_lowercase();
        if let Some(role) = catalog::built_in(&id) {
            return Some(Role::BuiltIn(role));
        }
        let live = || self.custom_roles.iter().filter(|(_, role)| role.deleted.is_none());
        live()
            .find(|(key, _)| **key == id)
            .or_else(|| live().find(|(_, role)| role.template_id.eq_ignore_ascii_case(&id)))
            .map(|(key, role)| Role::Custom(key, role))
    }

    /// Returns every live role, built-in ones first.
    pub(crate) fn roles(&self) -> impl Iterator<Item = Role<'_>> {
        let custom = self.custom_roles.iter().filter(|(_, role)| role.deleted.is_none());
        catalog::built_ins().iter().map(Role::BuiltIn).chain(custom.map(|(id, role)| Role::Custom(id, role)))
    }

    /// Returns whose policy decides on `place`; nothing for a role or group that is gone.
    pub(crate) fn subject(&self, place: &Place) -> Option<Subject<'_>> {
        match place {
            Place::Directory { role, .. } => self.role(role).map(Subject::Role),
            Place::Group { group, access } => {
                self.object_of(Kind::Group, group).map(|(id, _)| Subject::Group(id, *access))
            }
        }
    }

    /// Returns the rules in force.
    pub(crate) fn rules(&self, subject: Subject<'_>) -> &[Value] {
        self.policies
            .get(&subject.key())
            .map_or_else(|| catalog::default_rules(subject.surface()), |policy| &policy.rules)
    }

    /// Returns the schedule for `key` that has not ended, one that is still provisioning included.
    pub(crate) fn schedule(&self, key: &Key, now: Timestamp) -> Option<Found<'_>> {
        let is_held = |s: &Schedule| s.key.is(key) && s.end.is_none_or(|end| end > now);
        if let Some((group, _)) = key.place.group() {
            return self.group_rows(group, now).into_iter().find(|found| is_held(found.schedule()));
        }
        self.schedules.iter().find(|(_, s)| is_held(s)).map(|(id, s)| Found::Stored(id, s))
    }

    /// Mints an id for `key`; the n-th one of a key is the same in every history.
    pub(crate) fn mint(&mut self, key: &str) -> String {
        let count = self.minted.entry(key.to_owned()).or_insert(0);
        *count += 1;
        id::minted("request", &format!("{key}#{count}"))
    }

    /// Drops what the service forgets as time goes by.
    pub(crate) fn forget(&mut self, now: Timestamp) {
        let kept = SignedDuration::from_hours(24 * ENDED_DAYS);
        let is_kept = |s: &Schedule| s.end.is_none_or(|end| instant::plus(end, kept) > now);
        // Asked first, since a write would copy what is shared.
        if !self.requests.values().all(|request| request.is_kept(now)) {
            self.requests.retain(|_, request| request.is_kept(now));
        }
        if !self.schedules.values().all(|schedule| is_kept(schedule)) {
            self.schedules.retain(|_, schedule| is_kept(schedule));
        }
        arm::forget(&mut self.azure, now);
    }
}
