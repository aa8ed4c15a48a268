//! `rolewright apply --plan`: exactly what was reviewed, or nothing.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use crate::cli::apply::{Args, confirm, execution, verification};
use crate::cli::connection::{Connection, Purpose};
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::fault::Fault;
use crate::cli::plan::{self, Format};
use crate::cli::{plan_file, planning};
use crate::core::address::Labels;
use crate::core::binding::{self, Fit, Relied};
use crate::core::diagnostic::Diagnostic;
use crate::core::guard::{self, Scene, Verdict};
use crate::core::id::PrincipalId;
use crate::core::name::Names;
use crate::core::observed::{Observed, Unreadable};
use crate::core::outcome::Report;
use crate::core::plan::Plan;
use crate::core::policy::rule::Approver;
use crate::core::project::project;
use crate::core::state::Desired;
use crate::reconcile::{approver, names, survey};
use crate::render;

/// Applies a saved plan.
pub(super) async fn run(context: &Context, args: &Args, file: &Path) -> Result<Exit, Fault> {
    let plan = plan_file::read(file, args.digest.as_deref())?;
    if let Some(path) = &args.path {
        same_manifests(context, path, &plan)?;
    }
    let path = args.path.as_deref().unwrap_or(Path::new("."));
    let connection = Connection::open(context, path, &(&plan).into(), Purpose::Write).await?;
    let outcome = guarded(context, args, &plan, &connection).await;
    planning::show_statistics(context, &connection);
    connection.close().await?;
    outcome
}

/// Refuses a plan that was made from other manifests than those that are named.
fn same_manifests(context: &Context, path: &Path, plan: &Plan) -> Result<(), Fault> {
    let declared = planning::read(context, path)?;
    if declared.head.tenant_id != plan.tenant_id {
        let message = format!(
            "the plan is for tenant {}, the manifests in {} for {} ({})",
            plan.tenant_id,
            path.display(),
            declared.head.tenant_id,
            declared.head.at
        );
        return Err(Fault::error(message).help("take the plan that was made from these manifests"));
    }
    if format!("sha256:{}", declared.manifests.digest()) != plan.manifests_digest {
        let message = format!("the plan was made from other manifests than those in {}", path.display());
        return Err(Fault::stale(message).help(
            "plan again, and have the new plan reviewed; without a PATH no manifests are compared. Nothing was written",
        ));
    }
    Ok(())
}

async fn guarded(context: &Context, args: &Args, plan: &Plan, connection: &Connection) -> Result<Exit, Fault> {
    let cloud = &connection.client.cloud().name;
    if *cloud != plan.cloud {
        let message = format!("the plan is for cloud {}, this is {cloud}", plan.cloud);
        return Err(Fault::error(message).help("sign in to the plan's cloud; nothing was written"));
    }
    if let Some(fault) = plan_file::expired(plan, connection.client.now()) {
        return Err(fault);
    }
    let options = plan::options(context, render::plan::Wording::Apply);
    context.print(&plan::show(plan, Format::Text, &options))?;
    match plan::verdict(plan) {
        Exit::Success => {}
        refusal => {
            context.complain(
                "the plan does not stand as it is; nothing was written",
                Some("a refusal is overridden when the plan is made, so that its review shows it"),
            );
            return Ok(refusal);
        }
    }
    if plan.is_empty() {
        return Ok(Exit::Success);
    }
    check(plan, connection).await?;
    let declared = plan.basis.tenant.applied_by.as_ref().map(|declared| &declared.value);
    if let (Some(declared), Some(own)) = (declared, &connection.applier)
        && declared != own
    {
        context.warn(&format!(
            "warning: the plan was judged for {declared} (`spec.appliedBy`), but {own} applies it: it was judged again for that one\n"
        ));
    }
    if !args.yes {
        confirm(context, plan)?;
        // the answer took its time
        check(plan, connection).await?;
    }
    let recheck = async || check(plan, connection).await.map(|()| Exit::Success);
    let verify = async |report: &Report, stop: &AtomicBool| verify(context, plan, connection, report, stop).await;
    execution::execute(context, args, connection, plan, None, recheck, verify).await
}

/// Reads what planning read, and refuses a plan that has expired, does not fit any more, or would be refused now.
async fn check(plan: &Plan, connection: &Connection) -> Result<(), Fault> {
    let (observed, names, mistakes) = observe(plan, connection).await?;
    if let Some(fault) = plan_file::expired(plan, observed.now) {
        return Err(fault);
    }
    let fit = binding::compare(plan, &observed, &names);
    if fit == Fit::Applied {
        let message = format!("this plan was applied already: all of its {} change(s) hold", plan.changes.len());
        return Err(Fault::stale(message).help("there is nothing to do; nothing was written"));
    }
    let mut differences: Vec<String> = mistakes.into_iter().map(|mistake| mistake.message).collect();
    let found = match fit {
        Fit::Stale(found) => found,
        Fit::Same | Fit::Applied => {
            let mut found = binding::rejudge(plan, &observed);
            found.extend(binding::reorder(plan, &observed));
            found
        }
    };
    differences.extend(found.into_iter().map(|one| format!("{}: {}", one.address, one.what)));
    if !differences.is_empty() {
        let message = "the tenant is not as it was when this plan was made; nothing was written";
        return Err(Fault::stale(message).details(differences).help("plan again, and have the new plan reviewed"));
    }
    let gaps = unread(plan, &observed);
    if !gaps.is_empty() {
        let fault = Fault::error("the tenant could not be read as far as when the plan was made; nothing was written");
        return Err(fault.details(gaps).help("give this identity what it needs to read everything and run again"));
    }
    refuse(plan, &observed, connection.applier.as_ref())
}

/// Returns what could not be read that the plan did without having read, or that nothing in it touches: an override of the plan speaks
/// of the gaps that its review showed.
fn unread(plan: &Plan, observed: &Observed) -> Vec<String> {
    let is_known = |gap: &&Unreadable| {
        let mut known = plan.unreadable.iter().chain(&plan.basis.unneeded);
        known.any(|known| known.is_same_part(gap)) || !binding::concerns(plan, gap)
    };
    observed.unreadable.iter().filter(|gap| !is_known(gap)).map(|gap| format!("{}: {}", gap.what(), gap.why)).collect()
}

/// Asks the guards again, over what is there now, for whoever applies.
fn refuse(plan: &Plan, observed: &Observed, applier: Option<&PrincipalId>) -> Result<(), Fault> {
    let desired = Desired {
        tenant: plan.basis.tenant.clone(),
        roles: Default::default(),
        settings: Default::default(),
        assignments: Default::default(),
    };
    let after = project(observed, &plan.changes);
    let labels = Labels::new(observed, []);
    let applier = applier.or(desired.tenant.applied_by.as_ref().map(|declared| &declared.value));
    let scene =
        Scene { desired: &desired, before: observed, after: &after, changes: &plan.changes, labels: &labels, applier };
    let (verdicts, _) = guard::judge_again(&scene);
    // an override allows the refusals that the review showed, not others of the same guard
    let is_reviewed = |verdict: &Verdict| plan.overrides(verdict) && plan.verdicts.contains(verdict);
    let standing: Vec<String> = (verdicts.iter().filter(|verdict| !is_reviewed(verdict)))
        .map(|verdict| format!("{}: {}", verdict.guard, verdict.message))
        .collect();
    if standing.is_empty() {
        return Ok(());
    }
    let fault = Fault::refused("refused by a guard now; nothing was written").details(standing);
    Err(fault.help("the tenant has changed since the plan was made: plan again"))
}

/// Reads the tenant as planning did.
async fn observe(plan: &Plan, connection: &Connection) -> Result<(Observed, Names, Vec<Diagnostic>), Fault> {
    let basis = &*plan.basis;
    let client = &connection.client;
    let survey::Survey { names, mut observed, mistakes } =
        survey::survey(client, &plan.tenant_id, &basis.surfaces, &basis.references(), basis).await?;
    observed.beside = basis.beside.clone();
    names::enrich(&client.reader(), &mut observed, &names, &guard::JUDGED).await?;
    let mut approvers = guard::concerned_by(&plan.changes, &observed);
    // whose members were read for other reasons is read again too
    approvers.extend(plan.relies.iter().filter_map(|relied| match &relied.on {
        Relied::Members(group) => Some(Approver::Group(PrincipalId::new(group.as_str()))),
        _ => None,
    }));
    approver::read(&client.reader(), &mut observed, &approvers).await?;
    let errors = mistakes.into_iter().filter(Diagnostic::is_error).collect();
    Ok((observed, names, errors))
}

/// Looks until every change that was carried out can be seen, or what is left is not a matter of time.
async fn verify(
    context: &Context,
    plan: &Plan,
    connection: &Connection,
    report: &Report,
    stop: &AtomicBool,
) -> Result<Exit, Fault> {
    let look = async || {
        let (observed, ..) = observe(plan, connection).await?;
        let is_left = |at: &usize| !binding::holds(&plan.changes[*at], plan.created_at, &observed);
        let left: Vec<usize> = (0..plan.changes.len()).filter(is_left).collect();
        Ok((left, unread(plan, &observed).is_empty()))
    };
    let done: Vec<usize> = verification::done(report).collect();
    let is_over = |(left, is_read): &(Vec<usize>, bool)| *is_read && !done.iter().any(|at| left.contains(at));
    let Some((left, is_read)) = verification::look(context, connection, stop, look, is_over).await? else {
        return Ok(Exit::Success);
    };
    if !is_read {
        return Ok(verification::incomplete(context));
    }
    if left.is_empty() {
        context.print("\nChecked: every change of the plan holds.\n")?;
        return Ok(Exit::Success);
    }
    let left = left.iter().map(|at| &plan.changes[*at]);
    let advice = "what is only slow disappears by itself; the rest needs a new plan.";
    verification::leftovers(context, "Checked: not every change of the plan holds.", left, advice)
}
