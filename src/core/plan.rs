//! The plan: ordered, judged, bound to what was observed, and data (design.md 5).

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::core::address::Labels;
use crate::core::basis::Basis;
use crate::core::binding::{self, Reliance};
use crate::core::chain::Graph;
use crate::core::change::{Action, Change, Since, Subject, canonical, digest};
use crate::core::crosscheck;
use crate::core::diagnostic::Diagnostic;
use crate::core::diff::{self, Context};
use crate::core::direction::Direction;
use crate::core::guard::{self, Scene, Verdict};
use crate::core::id::{PrincipalId, TenantId, request_id};
use crate::core::identity::Found;
use crate::core::notice::{Notice, Unmanaged};
use crate::core::observed::{Observed, Part, Unreadable};
use crate::core::order::{self, Edges, Step};
use crate::core::policy::default::factory;
use crate::core::policy::settings::Settings as PolicySettings;
use crate::core::principal::PrincipalType;
use crate::core::project::project;
use crate::core::reach::Reach;
use crate::core::risk;
use crate::core::role_definition::RoleDefinition;
use crate::core::state::Desired;
use crate::core::target::{RoleKey, Target};

/// The version of the plan document.
pub const FORMAT: &str = "rolewright.plan/v1";

/// How long a plan may be applied.
pub const LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// What planning needs besides the two states.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// This program's version.
    pub tool_version: String,
    /// The cloud's name.
    pub cloud: String,
    /// Randomness, passed in: the same nonce gives the same request ids.
    pub nonce: String,
    /// Digest of the manifests.
    pub manifests: String,
    /// Addresses to plan, everything when empty.
    pub targets: Vec<String>,
    /// The long flags that override refusals, e.g. `--allow-mass-removal`: the plan records that they were used.
    pub overrides: Vec<String>,
    /// The object id of whoever applies, where the token tells; otherwise the manifests may (`spec.appliedBy`).
    pub applier: Option<PrincipalId>,
    /// Where in Azure and among groups the manifests look.
    pub reach: Reach,
    /// The principals that the manifests name.
    pub principals: BTreeMap<PrincipalId, PrincipalType>,
}

/// How many changes there are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// By action.
    pub actions: BTreeMap<Action, usize>,
    /// By direction.
    pub directions: BTreeMap<Direction, usize>,
    /// Undeclared objects that are left alone.
    pub unmanaged: usize,
}

/// A folder of policies in Rego that judged a plan.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Guardrail {
    /// The folder as it was named.
    pub path: String,
    /// Digest of the names and contents of its files.
    pub digest: String,
}

/// What an organisation's own policies say of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judgement {
    /// What they refuse.
    pub verdicts: Vec<Verdict>,
    /// What they warn of.
    pub notices: Vec<Notice>,
    /// The folders that they stand in.
    pub guardrails: Vec<Guardrail>,
    /// Digest of what they were told besides the plan.
    pub data: Option<String>,
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// [`FORMAT`].
    pub format: String,
    /// The program that made it.
    pub tool_version: String,
    /// The tenant it is for.
    pub tenant_id: TenantId,
    /// The tenant's name in the manifests.
    pub tenant_name: String,
    /// The cloud.
    pub cloud: String,
    /// The service's time when the tenant was read.
    pub created_at: Timestamp,
    /// When it may no longer be applied.
    pub expires_at: Timestamp,
    /// What request ids are derived from.
    pub nonce: String,
    /// Digest of the manifests.
    pub manifests_digest: String,
    /// Whether everything that matters could be read.
    pub complete: bool,
    /// What could not be read.
    pub unreadable: Vec<Unreadable>,
    /// The long flags that override refusals and were given, e.g. `--allow-mass-removal`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<String>,
    /// Addresses that the plan is limited to; everything when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
    /// What changes, sorted by address.
    pub changes: Vec<Change>,
    /// What is left alone.
    pub unmanaged: Vec<Unmanaged>,
    /// Remarks.
    pub notices: Vec<Notice>,
    /// Refusals.
    pub verdicts: Vec<Verdict>,
    /// The folders of policies in Rego that judged it, sorted by path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guardrails: Vec<Guardrail>,
    /// Digest of what those policies were told besides the plan; `None` when nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guardrail_data: Option<String>,
    /// Counts.
    pub summary: Summary,
    /// What the grants rely on without changing it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relies: Vec<Reliance>,
    /// What it rests on.
    pub basis: Box<Basis>,
    /// Digest of everything above.
    pub digest: String,
}

impl Plan {
    /// Tells whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Tells whether a flag that overrides refusals was given.
    pub fn is_allowed(&self, flag: &str) -> bool {
        self.overrides.iter().any(|given| given == flag)
    }

    /// Tells whether a given flag overrides a refusal.
    pub fn overrides(&self, verdict: &Verdict) -> bool {
        verdict.overridden_by.as_deref().is_some_and(|flag| self.is_allowed(flag))
    }

    /// Returns the refusals that stand: those that no flag overrides.
    pub fn refusals(&self) -> impl Iterator<Item = &Verdict> {
        self.verdicts.iter().filter(|verdict| !self.overrides(verdict))
    }

    /// Returns how many changes are left out until an activation ends: the tenant does not match the manifests before.
    pub fn left_out(&self) -> usize {
        let waiting = self.notices.iter().filter(|notice| notice.code == order::outlive::CODE);
        waiting.map(|notice| &notice.address).collect::<BTreeSet<_>>().len()
    }

    /// Returns the changes that mean the tenant has drifted: a due extension is work, not drift (design.md 2).
    pub fn drift(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.action != Action::Extend)
    }

    /// Marks every change by whether the plan of the base asks for exactly the same, and remarks on what the base asks for and this
    /// plan does not.
    pub fn compare_with(&mut self, base: Option<&Self>) {
        let pending: BTreeMap<&str, &Change> =
            base.iter().flat_map(|base| &base.changes).map(|change| (change.address.as_str(), change)).collect();
        for change in &mut self.changes {
            let is_same = pending.get(change.address.as_str()).is_some_and(|base| base.does_the_same(change));
            change.since = Some(if is_same { Since::Pending } else { Since::ThisChange });
        }
        let is_kept = |address: &str| self.changes.iter().any(|change| change.address == address);
        let dropped: Vec<Notice> = (pending.values())
            .filter(|change| self.targets.is_empty() && !is_kept(&change.address))
            .map(|change| {
                let message = format!("the base would {} it, these manifests do not any more", change.action.as_str());
                Notice::new("no-longer-pending", Some(change.address.clone()), message, None)
            })
            .collect();
        self.notices.extend(dropped);
        self.notices.sort();
        self.digest = self.compute_digest();
    }

    /// Returns the steps in order.
    ///
    /// # Errors
    /// When requirements go round in a circle.
    pub fn steps(&self) -> Result<Vec<Step>, order::Cycle> {
        order::order(&self.changes)
    }

    /// Adds what policies say of the plan, and binds the plan to it.
    #[must_use]
    pub fn judged(mut self, judgement: Judgement) -> Self {
        self.verdicts.extend(judgement.verdicts);
        self.verdicts.sort();
        self.notices.extend(judgement.notices);
        self.notices.sort();
        self.guardrails = judgement.guardrails;
        self.guardrails.sort();
        self.guardrail_data = judgement.data;
        self.digest = self.compute_digest();
        self
    }

    /// Computes the digest over all other members.
    pub fn compute_digest(&self) -> String {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        if let Some(members) = value.as_object_mut() {
            members.remove("digest");
        }
        digest(&canonical(&value))
    }
}

/// Makes a plan.
///
/// # Errors
/// Every mistake that only the tenant could reveal, and a target that names nothing.
pub fn plan(
    desired: &Desired,
    found: &BTreeMap<RoleKey, Found>,
    observed: &Observed,
    settings: &Settings,
) -> Result<Plan, Vec<Diagnostic>> {
    let planned = (desired.roles.iter()).map(|(key, role)| (key, role.value.display_name.as_str()));
    let labels = Labels::new(observed, planned);
    let context = Context { desired, found, observed, labels: &labels };
    let mut difference = diff::diff(&context);
    if !difference.mistakes.is_empty() {
        return Err(difference.mistakes);
    }
    let end = project(observed, &difference.changes);
    order::follow::declare(&mut difference.changes, observed, &end, &labels);
    order::keep::declare(&mut difference.changes, &end);
    difference.notices.extend(order::outlive::defer(&mut difference.changes, observed, &labels));
    target(&mut difference.changes, &settings.targets, || addresses(&context))?;
    let mistakes = diff::role::refuse_together(&difference.changes);
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    for change in &mut difference.changes {
        let requests = order::parts(change).len();
        change.request_ids = (0..requests).map(|n| request_id(&settings.nonce, &change.address, n)).collect();
    }
    if let Err(cycle) = order::order(&difference.changes) {
        let mistake = Diagnostic::error("circular-requirement", None, cycle.to_string());
        return Err(vec![mistake.help(
            "no order of them is safe in one run: apply them in two, first a commit in which each only loses what it is to lose, \
             then one in which each gets what it is to get; --target cannot part them, since it brings what a change waits for",
        )]);
    }
    let after = project(observed, &difference.changes);
    let judged = risk::judge(&difference.changes, observed, &after, &labels);
    for (change, judged) in difference.changes.iter_mut().zip(judged) {
        (change.risk, change.reasons) = judged;
    }
    let declared = desired.tenant.applied_by.as_ref().map(|applier| &applier.value);
    let applier = settings.applier.as_ref().or(declared);
    let scene =
        Scene { desired, before: observed, after: &after, changes: &difference.changes, labels: &labels, applier };
    let (verdicts, remarks) = guard::judge(&scene);
    difference.notices.extend(remarks);
    let assumed = assumed(&difference.changes);
    difference.notices.extend(crosscheck::check(&crosscheck::View {
        graph: &Graph::of(&after),
        labels: &labels,
        settings: &|target| after.settings_of(target).or_else(|| assumed.get(target)),
        declared: &|key| desired.assignments.get(key).map(|declared| &declared.at),
        governed: &|target| desired.settings.get(target).map(|declared| &declared.at),
    }));
    difference.notices.sort();
    difference.notices.dedup();
    let (unreadable, odd): (Vec<Unreadable>, Vec<Unreadable>) =
        observed.unreadable.iter().map(|gap| gap.named(&labels)).partition(|gap| matters(desired, gap));
    difference.notices.extend(odd.iter().map(|gap| {
        let role = gap.role.as_ref().map(|role| labels.role(&RoleKey::new(gap.surface, role))).unwrap_or_default();
        let message = format!("{} of `{role}` are not understood and left out: {}", gap.what(), gap.why);
        Notice::warning("not-understood", None, message, None)
    }));
    difference.notices.sort();
    let relies = binding::rely(&difference.changes, observed, &labels);
    let summary = summary(&difference.changes, difference.unmanaged.len());
    let mut plan = Plan {
        format: FORMAT.to_owned(),
        tool_version: settings.tool_version.clone(),
        tenant_id: desired.tenant.id.clone(),
        tenant_name: desired.tenant.name.clone(),
        cloud: settings.cloud.clone(),
        created_at: observed.now,
        expires_at: observed.now.checked_add(LIFETIME).unwrap_or(observed.now),
        nonce: settings.nonce.clone(),
        manifests_digest: settings.manifests.clone(),
        complete: !unreadable.iter().any(|gap| gap.part != Part::DeletedRoles),
        unreadable,
        changes: difference.changes,
        unmanaged: difference.unmanaged,
        notices: difference.notices,
        verdicts,
        guardrails: Vec::new(),
        guardrail_data: None,
        summary,
        overrides: settings.overrides.clone(),
        targets: settings.targets.clone(),
        relies,
        basis: Box::new(Basis {
            tenant: desired.tenant.clone(),
            surfaces: observed.surfaces.clone(),
            beside: observed.beside.clone(),
            reach: settings.reach.clone(),
            unneeded: odd,
            principals: settings.principals.clone(),
        }),
        digest: String::new(),
    };
    plan.digest = plan.compute_digest();
    Ok(plan)
}

/// Returns the settings that the plan takes new roles and groups to have: no list shows them yet.
fn assumed(changes: &[Change]) -> BTreeMap<Target, PolicySettings> {
    let targets = changes.iter().filter_map(|change| match &change.subject {
        Subject::Assignment { key, assumed: true, .. } => Some(key.target.policy_target()),
        _ => None,
    });
    targets.map(|target| (target.clone(), factory(target.surface()).canonical(target.surface()))).collect()
}

/// Tells whether a gap stands in the way of anything that is declared. One role of a long list that is not understood (Azure has
/// policies that lack rules, arm.md C.3) stands in the way of what is declared of that role only.
fn matters(desired: &Desired, gap: &Unreadable) -> bool {
    let Some(role) = &gap.role else { return true };
    let key = RoleKey::new(gap.surface, role);
    let targets = desired.settings.keys().chain(desired.assignments.keys().map(|key| &key.target));
    desired.roles.contains_key(&key)
        || targets.into_iter().any(|target| gap.hides(target) || target.role_key().as_ref() == Some(&key))
}

fn summary(changes: &[Change], unmanaged: usize) -> Summary {
    let mut summary = Summary { unmanaged, ..Summary::default() };
    for change in changes {
        *summary.actions.entry(change.action).or_default() += 1;
        *summary.directions.entry(change.direction).or_default() += 1;
    }
    summary
}

/// Returns the addresses of everything that is declared or there, whether it changes or not.
fn addresses(context: &Context<'_>) -> BTreeSet<String> {
    let (desired, observed, labels) = (context.desired, context.observed, context.labels);
    let assignments = desired.assignments.keys().chain(observed.assignments.keys()).map(|key| labels.assignment(key));
    let settings = desired.settings.keys().chain(observed.settings.keys()).map(|target| labels.settings(target));
    let custom = observed.roles.values().filter(|role| !role.is_built_in).map(RoleDefinition::key);
    let declared = desired.roles.keys().cloned();
    let roles = custom.chain(declared).map(|key| labels.role_definition(&key));
    assignments.chain(settings).chain(roles).collect()
}

/// Keeps the targeted changes, what they require and what must precede them: without the removals that it follows, a widening
/// would reach those who are to lose the role. An address that is in sync is a target without a change, and only one
/// that names nothing is a mistake; `known` lists those that name something.
fn target(
    changes: &mut Vec<Change>,
    targets: &[String],
    known: impl FnOnce() -> BTreeSet<String>,
) -> Result<(), Vec<Diagnostic>> {
    if targets.is_empty() {
        return Ok(());
    }
    let known = known();
    let mut wanted: BTreeSet<String> = BTreeSet::new();
    let mut mistakes = Vec::new();
    for target in targets {
        if let Some(change) = changes.iter().find(|change| change.address.eq_ignore_ascii_case(target)) {
            wanted.insert(change.address.clone());
        } else if !known.iter().any(|address| address.eq_ignore_ascii_case(target)) {
            let message = format!("nothing declared and nothing in the tenant has the address `{target}`");
            let mut mistake = Diagnostic::error("unknown-target", None, message);
            let all = changes.iter().map(|change| &change.address).chain(&known);
            let closest = all.max_by_key(|address| common_prefix(address, target));
            if let Some(closest) = closest.filter(|address| common_prefix(address, target) > 3) {
                mistake = mistake.help(format!("did you mean `{closest}`?"));
            }
            mistakes.push(mistake.help("`rolewright plan` without --target prints the address of every change"));
        }
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let edges = Edges::new(changes);
    let mut open: Vec<usize> = wanted.iter().filter_map(|address| edges.index(address)).collect();
    while let Some(at) = open.pop() {
        for required in preceding(changes, at, &edges) {
            if wanted.insert(changes[required].address.clone()) {
                open.push(required);
            }
        }
    }
    changes.retain(|change| wanted.contains(&change.address));
    Ok(())
}

/// Returns the changes that must have succeeded before parts of a change may run: what it requires, and what a widening follows.
fn preceding(changes: &[Change], at: usize, edges: &Edges<'_>) -> Vec<usize> {
    let required = changes[at].requires.iter().filter_map(|required| edges.index(&required.address));
    let steps = order::parts(&changes[at]).into_iter().map(|(phase, part)| Step { change: at, phase, part });
    let followed = steps.flat_map(|step| edges.of(&step)).filter(|edge| edges.has_part(edge));
    required.chain(followed.map(|edge| edge.change)).collect()
}

fn common_prefix(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count()
}
