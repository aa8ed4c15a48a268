//! Role management policies at ARM scopes (arm.md C): one for each scope and role usable there. An untouched one follows from its
//! role and is not stored; it inherits nothing from above.

use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::answer::{Answer, Problem, Reply};
use super::super::fault::Effect;
use super::super::instant::{plus, precise};
use super::super::store::View;
use super::super::tenant::Tenant;
use super::super::world::World;
use super::ask::Ask;
use super::azure::Role;
use super::pim_filter::Filter;
use super::scope::{Level, Scope};
use super::{order, page, policy_rule, row};

/// A policy that somebody wrote to, filed in `Azure::policies` by the key of its scope and the GUID of its role.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Policy {
    /// Its name, a GUID.
    pub(crate) name: String,
    /// All rules as ARM prints them.
    pub(crate) rules: Vec<Value>,
    pub(crate) modified: Option<Timestamp>,
    /// The display name of who wrote it.
    pub(crate) modified_by: Option<String>,
}

/// The factory rules as text: a list repeats them for hundreds of roles.
static DEFAULT_TEXT: LazyLock<String> = LazyLock::new(|| order::text(&Value::Array(policy_rule::defaults().to_vec())));

/// Returns the rules in force for a role at the scope with `key`.
pub(super) fn rules<'a>(tenant: &'a Tenant, key: &str, role: &str) -> &'a [Value] {
    tenant.azure.policies.get(key, role).map_or_else(|| policy_rule::defaults(), |policy| &policy.rules)
}

/// One policy of a scope, stored or not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown<'a> {
    pub(super) role: Role<'a>,
    pub(super) written: Option<&'a Policy>,
}

impl<'a> Shown<'a> {
    /// Returns its name: the GUID of the role as long as nobody touched it (arm.md C.1).
    pub(super) fn name(&self) -> &'a str {
        self.written.map_or(self.role.name(), |policy| &policy.name)
    }

    /// Returns the rules as JSON text.
    pub(super) fn rules(&self) -> String {
        self.written.map_or_else(|| DEFAULT_TEXT.clone(), |policy| order::text(&Value::Array(policy.rules.clone())))
    }

    /// Returns `lastModifiedBy`, empty as long as nobody touched it.
    pub(super) fn modified_by(&self) -> Value {
        match self.written.and_then(|policy| policy.modified_by.as_deref()) {
            Some(name) => json!({"displayName": name}),
            None => json!({}),
        }
    }
}

/// The policies of one scope, and how a call sees them.
#[derive(Debug)]
pub(super) struct Shelf<'a> {
    pub(super) tenant: &'a Tenant,
    pub(super) ask: &'a Ask<'a>,
    /// Whether nothing was ever done at a resource group or resource; its rows name the scope by id alone (arm.md C.2).
    pub(super) is_fresh: bool,
    /// How old a custom role must be to be known here.
    lag: jiff::SignedDuration,
    chain: Vec<String>,
}

impl<'a> Shelf<'a> {
    /// Opens the shelf of the call's scope, which must exist and which the caller must be allowed to read.
    pub(super) fn open(world: &World, tenant: &'a Tenant, ask: &'a Ask<'a>) -> Result<Self, Problem> {
        row::licensed(world)?;
        ask.require(tenant, &format!("Microsoft.Authorization/{}/read", ask.kind))?;
        tenant.azure.exists(&ask.scope)?;
        let (azure, key) = (&tenant.azure, ask.scope.key());
        let is_small = matches!(ask.scope.level(), Level::ResourceGroup | Level::Resource);
        Ok(Self {
            tenant,
            ask,
            is_fresh: is_small && azure.policies.at(key).next().is_none() && azure.schedules.at(key).next().is_none(),
            lag: world.options.lag,
            chain: azure.chain(&ask.scope),
        })
    }

    fn is_usable(&self, role: Role<'_>) -> bool {
        if let Role::Custom(_, role) = role
            && self.ask.now() < plus(role.created, self.lag)
        {
            return false;
        }
        role.assignable_scopes()
            .iter()
            .any(|one| one == "/" || self.chain.iter().any(|key| key == Scope::new(one).key()))
    }

    fn shown(&self, role: Role<'a>) -> Shown<'a> {
        Shown { role, written: self.tenant.azure.policies.get(self.ask.scope.key(), role.name()) }
    }

    /// Returns what the filter asks for; only `roleDefinitionId eq '…'` exists, of which the last GUID counts.
    pub(super) fn filtered(&self) -> Result<Vec<Shown<'a>>, Problem> {
        let filter = self.ask.filter().map(|text| Filter::parse(text, &["roleDefinitionId"])).transpose()?;
        let wanted = filter.and_then(|filter| filter.equal.into_iter().next());
        let azure = &self.tenant.azure;
        let Some((_, id)) = wanted else {
            return Ok(azure.all_roles().filter(|role| self.is_usable(*role)).map(|role| self.shown(role)).collect());
        };
        let role = row::role_guid(&id).and_then(|guid| azure.role(&guid)).filter(|role| self.is_usable(*role));
        Ok(role.map(|role| self.shown(role)).into_iter().collect())
    }

    /// Finds a policy by the name it has now.
    pub(super) fn named(&self, name: &str) -> Result<Shown<'a>, Problem> {
        let azure = &self.tenant.azure;
        let mut written = azure.policies.at(self.ask.scope.key());
        let role = match written.find(|(_, _, policy)| policy.name.eq_ignore_ascii_case(name)) {
            Some((_, role, _)) => azure.role(role),
            None => azure.role(name).filter(|role| self.shown(*role).written.is_none()),
        };
        let found = role.filter(|role| self.is_usable(*role)).map(|role| self.shown(role));
        found.ok_or_else(|| Problem::new(400, "InputPolicyNotFound", format!("The policy '{name}' is not found.")))
    }

    /// Returns the policy of a role.
    fn of(&self, role: &str) -> Option<Shown<'a>> {
        self.tenant.azure.role(role).map(|role| self.shown(role))
    }

    /// Returns a policy as JSON text.
    fn text(&self, shown: Shown<'_>) -> String {
        let mut properties = json!({"scope": self.ask.scope.id(), "isOrganizationDefault": shown.written.is_none(),
            "lastModifiedBy": shown.modified_by(), "rules": null, "effectiveRules": null,
            "policyProperties": {"scope": row::place(self.tenant, &self.ask.scope)}});
        if let Some(modified) = shown.written.and_then(|policy| policy.modified) {
            let text = precise(modified);
            properties["lastModifiedDateTime"] = json!(format!("{}+00:00", text.trim_end_matches('Z')));
        }
        let row = json!({"properties": properties, "name": shown.name(),
            "id": row::id(&self.ask.scope, "roleManagementPolicies", shown.name(), self.ask.is_preview()),
            "type": "Microsoft.Authorization/roleManagementPolicies"});
        with_rules(&row, &shown.rules())
    }
}

/// Returns a row as JSON text, with rules that are text already in the place of nulls: what is the same for hundreds of roles is
/// printed once.
pub(super) fn with_rules(row: &Value, rules: &str) -> String {
    let mut text = order::text(row);
    for name in ["rules", "effectiveRules"] {
        text = text.replace(&format!("\"{name}\":null"), &format!("\"{name}\":{rules}"));
    }
    text
}

/// Answers the calls of `roleManagementPolicies`.
pub(super) fn answer(world: &Arc<World>, ask: &Ask<'_>) -> Answer {
    match (ask.method.as_str(), ask.rest.as_slice()) {
        ("GET", []) => {
            let tenant = world.store.read(ask.view);
            let shelf = Shelf::open(world, &tenant, ask)?;
            page::texts(ask, shelf.filtered()?, |shown| shelf.text(shown))
        }
        ("GET", [name]) => {
            let tenant = world.store.read(ask.view);
            let shelf = Shelf::open(world, &tenant, ask)?;
            Ok(Reply::raw(200, shelf.text(shelf.named(name)?)))
        }
        ("PATCH", [name]) => patch(world, ask, name),
        _ => Err(ask.not_emulated()),
    }
}

/// Merges the sent rules by id and answers the whole policy (arm.md C.5).
fn patch(world: &Arc<World>, ask: &Ask<'_>, name: &str) -> Answer {
    let sent = ask.properties()?.get("rules").and_then(Value::as_array);
    let sent = sent.ok_or_else(|| policy_rule::invalid("properties.rules is missing."))?;
    let change = |tenant: &mut Tenant, now: Timestamp| {
        ask.require(tenant, "Microsoft.Authorization/roleManagementPolicies/write")?;
        let (role, old) = {
            let found = Shelf::open(world, tenant, ask)?.named(name)?;
            (found.role.name().to_owned(), found.written.cloned())
        };
        let mut rules = old.as_ref().map_or_else(|| policy_rule::defaults().to_vec(), |policy| policy.rules.clone());
        for one in sent {
            let next = policy_rule::replacement(one, tenant, &world.options.switches)?;
            let Some(rule) = rules.iter_mut().find(|rule| rule["id"] == next["id"]) else {
                return Err(policy_rule::invalid(&format!("There is no rule {}.", next["id"])));
            };
            if next["id"] == policy_rule::APPROVAL && *rule != next {
                ask.require(tenant, "Microsoft.Authorization/roleManagementPolicies/approvalRule/action")?;
            }
            *rule = next;
        }
        policy_rule::agree(&rules)?;
        let name = if world.options.switches.renamed_policies {
            tenant.mint(&format!("policy/{}/{role}", ask.scope.key()))
        } else {
            old.map_or_else(|| role.clone(), |policy| policy.name)
        };
        let who = tenant.object(&ask.caller.oid).and_then(|(_, object)| object.properties.get("displayName")?.as_str());
        let modified_by = Some(who.unwrap_or(ask.caller.label()).to_owned());
        let policy = Policy { name, rules, modified: Some(now), modified_by };
        tenant.azure.policies.insert(ask.scope.key(), &role, policy);
        let shelf = Shelf::open(world, tenant, ask)?;
        let shown = shelf.of(&role);
        shown.map(|shown| shelf.text(shown)).ok_or_else(|| policy_rule::invalid("The role is gone."))
    };
    let text = if ask.effects.contains(&Effect::IgnorePatch) {
        change(&mut Tenant::clone(&world.store.read(View::Now)), ask.now())?
    } else {
        world.store.write(change)?
    };
    Ok(Reply::raw(200, text))
}
