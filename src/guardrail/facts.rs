//! What policies are told: the `input` of their rules. Documented, with a sample that is tested, in `docs/guardrails.md`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::core::address::Labels;
use crate::core::assignment::{AssignmentKey, ObservedAssignment};
use crate::core::chain::Graph;
use crate::core::observed::Observed;
use crate::core::period::Period;
use crate::core::plan::Plan;
use crate::core::policy::rule::Event;
use crate::core::policy::settings::Settings;
use crate::core::principal::Principal;
use crate::core::risk::rank::Rank;
use crate::core::role_definition::RoleDefinition;
use crate::core::target::{RoleKey, Surface, Target};

/// What the input is made of.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// What will be there.
    pub after: &'a Observed,
    /// Names.
    pub labels: &'a Labels,
    /// The documents of the manifests as written: `{file, line, kind, metadata, spec}`.
    pub manifests: &'a [Value],
    /// What the caller knows besides, e.g. who approved the pull request: a JSON object.
    pub context: &'a Value,
}

impl Facts<'_> {
    /// Returns the input. The plan is as it is printed, without its digest, which is made after the judgement.
    pub fn input(&self) -> Value {
        let mut plan = serde_json::to_value(self.plan).unwrap_or_else(|e| panic!("plain structs became no JSON: {e}"));
        if let Some(members) = plan.as_object_mut() {
            members.remove("digest");
        }
        json!({
            "plan": plan,
            "manifests": self.manifests,
            "context": self.context,
            "roles": self.roles(),
            "principals": self.after.principals.values().map(principal).collect::<Vec<_>>(),
            "after": {
                "assignments": self.after.assignments.iter().map(|(key, found)| self.assignment(key, found)).collect::<Vec<_>>(),
                "settings": self.after.settings.iter().map(|(target, settings)| self.settings(target, settings)).collect::<Vec<_>>(),
                "holders": self.holders(),
            },
        })
    }

    /// Returns the roles that the plan and the end state speak of: Azure has hundreds that nobody holds.
    fn roles(&self) -> Vec<Value> {
        let held = self.after.assignments.keys().map(|key| &key.target).chain(self.after.settings.keys());
        let mut spoken: BTreeSet<RoleKey> = held.filter_map(Target::role_key).collect();
        spoken.extend(self.plan.changes.iter().filter_map(|change| change.subject.role_key()));
        self.after.roles.iter().filter(|(key, _)| spoken.contains(key)).map(|(_, found)| role(found)).collect()
    }

    fn assignment(&self, key: &AssignmentKey, found: &ObservedAssignment) -> Value {
        let mut out = self.target(&key.target);
        put(&mut out, "address", json!(self.labels.assignment(key)));
        put(&mut out, "mode", json!(key.mode));
        put(&mut out, "principal", json!(key.principal));
        put(&mut out, "principalName", json!(self.labels.principal(&key.principal)));
        put(&mut out, "principalType", json!(self.after.principals.get(&key.principal).and_then(|known| known.kind)));
        put(&mut out, "permanent", json!(found.window.end.is_none()));
        put(&mut out, "start", json!(found.window.start));
        put(&mut out, "end", json!(found.window.end));
        let days = found.window.end.map(|end| end.duration_since(self.after.now).as_hours().div_euclid(24));
        put(&mut out, "daysLeft", json!(days));
        put(&mut out, "condition", json!(found.condition));
        put(
            &mut out,
            "outsidePim",
            json!(!matches!(found.provenance, crate::core::assignment::Provenance::Pim { .. })),
        );
        out
    }

    fn settings(&self, target: &Target, settings: &Settings) -> Value {
        let mut out = self.target(target);
        put(&mut out, "address", json!(self.labels.settings(target)));
        put(&mut out, "settings", json!(settings));
        let minutes = |event: Event| settings.event(event).expiration.maximum.map(|p: Period| p.as_seconds() / 60);
        put(
            &mut out,
            "maximumMinutes",
            json!({
                "eligibleAssignment": minutes(Event::EligibleAssignment),
                "activeAssignment": minutes(Event::ActiveAssignment),
                "activation": minutes(Event::Activation),
            }),
        );
        out
    }

    /// Says who reaches which directory role in the end, through groups too.
    fn holders(&self) -> Vec<Value> {
        let graph = Graph::of(self.after);
        let mut out = Vec::new();
        for target in graph.targets().into_iter().filter(|target| target.surface() == Surface::Directory) {
            for (id, manner) in graph.holders(target).iter() {
                let mut holder = self.target(target);
                put(&mut holder, "principal", json!(id));
                put(&mut holder, "principalName", json!(self.labels.principal(id)));
                put(&mut holder, "principalType", json!(self.after.principals.get(id).and_then(|known| known.kind)));
                put(&mut holder, "standing", json!(manner.is_standing()));
                out.push(holder);
            }
        }
        out
    }

    /// Says what is held: `role` and `scope`, or `group` and `access`.
    fn target(&self, target: &Target) -> Value {
        let surface = target.surface();
        match target {
            Target::Directory { role, scope } => json!({
                "surface": surface, "role": role, "roleName": self.role_name(surface, target),
                "scope": scope.to_string(), "scopeName": self.labels.scope(scope),
            }),
            Target::Azure { role, scope } => json!({
                "surface": surface, "role": role, "roleName": self.role_name(surface, target),
                "scope": scope.to_string(), "scopeName": self.labels.place(target),
            }),
            Target::Group { group, access } => json!({
                "surface": surface, "group": group, "groupName": self.labels.known_group(group), "access": access,
            }),
        }
    }

    fn role_name(&self, surface: Surface, target: &Target) -> Option<&str> {
        let key = RoleKey::new(surface, target.role()?);
        self.after.roles.get(&key).map(|role| role.display_name.as_str())
    }
}

fn put(object: &mut Value, name: &str, value: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

fn principal(known: &Principal) -> Value {
    json!({
        "id": known.id, "type": known.kind, "name": known.name, "isEnabled": known.is_enabled, "isGuest": known.is_guest,
        "isSynchronized": known.is_synchronized, "isRoleAssignable": known.is_role_assignable,
    })
}

fn role(role: &RoleDefinition) -> Value {
    let Rank { is_privileged, tier } = Rank::of(role);
    json!({
        "surface": role.surface, "id": role.id, "displayName": role.display_name, "isBuiltIn": role.is_built_in,
        "isEnabled": role.is_enabled, "isPrivileged": is_privileged, "tier": tier,
    })
}
