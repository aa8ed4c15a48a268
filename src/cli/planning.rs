//! From a path to a plan: read the manifests, look names up and read the tenant side by side, compare.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::cli::base::{self, Base};
use crate::cli::connection::Connection;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::fault::Fault;
use crate::cli::guardrails::{self, Guardrails};
use crate::cli::listing;
use crate::cli::overrides::OverrideArgs;
use crate::core::basis::Basis;
use crate::core::diagnostic::{self, Diagnostic};
use crate::core::guard;
use crate::core::id::RoleId;
use crate::core::identity::{Found, Identities, identify};
use crate::core::name::Reference;
use crate::core::observed::{Observed, Part};
use crate::core::plan::{self, Plan, Settings};
use crate::core::reach::Asked;
use crate::core::role_definition::RoleDefinition;
use crate::core::state::Desired;
use crate::core::target::{RoleKey, Surface};
use crate::manifest::{self, Manifests, TenantHead};
use crate::reconcile::{approver, names, survey};

/// Flags that every planning verb takes.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct PlanningArgs {
    /// Only this change and what it requires; may be given several times. Addresses are those that `plan` prints.
    #[arg(long = "target", value_name = "ADDRESS", env = "ROLEWRIGHT_TARGET")]
    pub targets: Vec<String>,
    /// Go on although a part of the tenant, e.g. one subscription, could not be read. Nothing is removed there.
    #[arg(long)]
    pub allow_incomplete: bool,
}

impl PlanningArgs {
    /// Returns the flags that override refusals, those of `overrides` among them.
    pub(crate) fn overrides(&self, overrides: &OverrideArgs) -> Vec<String> {
        let mut names = overrides.names();
        names.extend(self.allow_incomplete.then(|| "--allow-incomplete".to_owned()));
        names
    }
}

/// Manifests without errors and the head of their tenant.
#[derive(Debug)]
pub(crate) struct Declared {
    pub manifests: Manifests,
    pub head: TenantHead,
}

/// Reads and checks the manifests; shows what is wrong and stops at errors.
pub(crate) fn read(context: &Context, path: &Path) -> Result<Declared, Fault> {
    let manifests = manifest::validate(path);
    let mut diagnostics = manifests.diagnostics.clone();
    diagnostic::sort(&mut diagnostics);
    // a plan repeats no advice that `validate` gives: errors and warnings only
    diagnostics.retain(|d| d.severity != crate::core::diagnostic::Severity::Notice);
    listing::show(context, &manifests, &diagnostics);
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(Fault::silent(Exit::Error));
    }
    match manifests.tenant() {
        Some(head) => Ok(Declared { manifests, head }),
        None => {
            Err(Fault::error("the manifests hold no Tenant")
                .help("one document of kind Tenant says which tenant is meant"))
        }
    }
}

/// What is asked of a plan besides the manifests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms<'a> {
    /// Addresses, everything when empty.
    pub targets: &'a [String],
    /// The flags that override refusals.
    pub overrides: &'a [String],
    /// What request ids are derived from.
    pub nonce: &'a str,
    /// The manifests that changes are compared with, to say which of them are pending already.
    pub base: Option<&'a Base>,
    /// The policies that judge the plan; none judge what is only compared.
    pub guardrails: Option<&'a Guardrails>,
}

/// Makes a plan, and shows what only the tenant reveals about the manifests.
pub(crate) async fn plan(
    context: &Context,
    declared: &Declared,
    connection: &Connection,
    terms: &Terms<'_>,
) -> Result<Plan, Fault> {
    let mut said = Vec::new();
    let planned = attempt(declared, connection, terms, &mut said).await?;
    let judged = match planned {
        None => None,
        Some(mut planned) => {
            if let Some(base) = terms.base {
                base::mark(&mut planned, &declared.manifests, base, connection).await?;
            }
            let Planned { plan, desired, observed } = planned;
            match terms.guardrails {
                Some(guardrails) => guardrails.judge(&declared.manifests, &desired, &observed, plan, &mut said)?,
                None => Some(plan),
            }
        }
    };
    diagnostic::sort(&mut said);
    let bundles = terms.guardrails.map(Guardrails::bundles).unwrap_or_default();
    listing::show_with(context, &|name| guardrails::source(&declared.manifests, bundles, name), &said);
    judged.ok_or(Fault::silent(Exit::Error))
}

/// A plan with the two states that it was made from.
pub(crate) struct Planned {
    pub plan: Plan,
    pub desired: Desired,
    pub observed: Observed,
}

/// Makes a plan, or none where the tenant reveals mistakes in the manifests. What is to be said about them is added to `said`.
pub(crate) async fn attempt(
    declared: &Declared,
    connection: &Connection,
    terms: &Terms<'_>,
    said: &mut Vec<Diagnostic>,
) -> Result<Option<Planned>, Fault> {
    let manifests = &declared.manifests;
    let references: BTreeSet<Reference> = manifests.references().into_iter().map(|r| r.value).collect();
    let (spoken, beside) = surfaces(manifests);
    let surfaces: BTreeSet<Surface> = spoken.union(&beside).copied().collect();
    let survey::Survey { names: mut looked_up, mut observed, mistakes } =
        survey::survey(&connection.client, &declared.head.tenant_id, &surfaces, &references, manifests).await?;
    observed.beside = beside;
    let (roles, remarks) = manifests.declared_roles(&looked_up, &observed.hierarchy);
    let is_wrong = mistakes.iter().any(Diagnostic::is_error);
    said.extend(mistakes);
    if is_wrong {
        // what follows from them is no mistake of its own
        said.retain(Diagnostic::is_error);
        return Ok(None);
    }
    said.extend(remarks);
    if said.iter().any(Diagnostic::is_error) {
        return Ok(None);
    }
    let identities = match identify(
        &declared.head.tenant_id,
        &roles,
        &observed.roles,
        observed.deleted_roles.as_deref().unwrap_or_default(),
    ) {
        Ok(identities) => identities,
        Err(mistakes) => {
            said.extend(mistakes);
            return Ok(None);
        }
    };
    let known = known_roles(&observed, &roles, &identities);
    for surface in &surfaces {
        let gap = observed.gap(*surface, Part::Roles).map(|gap| gap.why.clone());
        names::roles(&references, *surface, &known, gap.as_deref(), &mut looked_up);
    }
    names::enrich(&connection.client.reader(), &mut observed, &looked_up, &guard::JUDGED).await?;
    let ids: BTreeMap<(Surface, String), RoleId> =
        identities.iter().map(|(key, identity)| (key.clone(), identity.id.clone())).collect();
    let lowered = manifests.lower(&looked_up, &observed.hierarchy, &ids, observed.now);
    // what `read` has shown already is not shown again
    said.extend(lowered.diagnostics.into_iter().filter(|d| !manifests.diagnostics.contains(d)));
    let Some(desired) = lowered.desired else { return Ok(None) };
    let approvers = guard::concerned(&desired, &observed);
    approver::read(&connection.client.reader(), &mut observed, &approvers).await?;
    let found: BTreeMap<RoleKey, Found> =
        identities.iter().map(|((surface, _), i)| (RoleKey::new(*surface, &i.id), i.found)).collect();
    let settings = Settings {
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        cloud: connection.client.cloud().name.clone(),
        nonce: terms.nonce.to_owned(),
        manifests: format!("sha256:{}", manifests.digest()),
        targets: terms.targets.to_vec(),
        overrides: terms.overrides.to_vec(),
        applier: connection.applier.clone(),
        reach: manifests.reach(&looked_up, &observed.hierarchy),
        principals: Basis::principals(&looked_up),
    };
    match plan::plan(&desired, &found, &observed, &settings) {
        Ok(plan) => Ok(Some(Planned { plan, desired, observed })),
        Err(mistakes) => {
            said.extend(mistakes);
            Ok(None)
        }
    }
}

/// Returns the surfaces that the manifests speak of, the directory for emergency accounts and when they speak of none; and those
/// that are read beside them: the directory beside groups, since whom a group lets become an administrator, and whether any would
/// be left, is not known otherwise.
fn surfaces(manifests: &Manifests) -> (BTreeSet<Surface>, BTreeSet<Surface>) {
    let mut surfaces: BTreeSet<Surface> = manifests.surfaces().into_iter().map(|declared| declared.value).collect();
    if surfaces.is_empty() || manifests.has_break_glass() {
        surfaces.insert(Surface::Directory);
    }
    let beside = match surfaces.contains(&Surface::Group) && !surfaces.contains(&Surface::Directory) {
        true => BTreeSet::from([Surface::Directory]),
        false => BTreeSet::new(),
    };
    (surfaces, beside)
}

/// Returns the roles that names may mean: live ones, and those that this run declares under the name it gives them.
fn known_roles(
    observed: &Observed,
    declared: &[crate::core::declared::Declared<crate::core::role_definition::DeclaredRole>],
    identities: &Identities,
) -> Vec<RoleDefinition> {
    let mut known: BTreeMap<RoleKey, RoleDefinition> = observed.roles.clone();
    for role in declared {
        let key = (role.value.surface, role.value.name.clone());
        let Some(identity) = identities.get(&key) else { continue };
        known
            .entry(RoleKey::new(role.value.surface, &identity.id))
            .and_modify(|live| live.display_name.clone_from(&role.value.display_name))
            .or_insert_with(|| RoleDefinition {
                surface: role.value.surface,
                id: identity.id.clone(),
                template_id: identity.id.clone(),
                display_name: role.value.display_name.clone(),
                description: role.value.description.clone().unwrap_or_default(),
                is_enabled: role.value.is_enabled.unwrap_or(true),
                is_built_in: false,
                permissions: role.value.permissions.clone(),
                assignable_scopes: role.value.assignable_scopes.clone(),
            });
    }
    known.into_values().collect()
}

/// Returns the nonce of a run: given, or random.
pub(crate) fn nonce(context: &Context) -> String {
    context.flags.nonce.clone().unwrap_or_else(|| uuid::Uuid::new_v4().to_string())
}

/// Shows what was sent, with `-v`.
pub(crate) fn show_statistics(context: &Context, connection: &Connection) {
    if context.flags.verbose > 0 {
        let statistics = connection.client.statistics();
        let mut text = format!(
            "requests: {} ({} bytes received, {} s waited)\n",
            statistics.requests(),
            statistics.bytes_received,
            statistics.waited.as_secs()
        );
        for (endpoint, count) in &statistics.endpoints {
            text.push_str(&format!("  {:>5}  {endpoint}", count.requests));
            if count.batched > 0 {
                text.push_str(&format!("  (+{} in batches)", count.batched));
            }
            if count.repeated > 0 {
                text.push_str(&format!("  ({} repeated)", count.repeated));
            }
            text.push('\n');
        }
        context.say(&text);
    }
}
