//! `rolewright apply --plan`: exactly what was reviewed, or nothing.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::SignedDuration;

use crate::cli::apply::{Args, LOOKS, confirm, execution};
use crate::cli::connection::{Connection, Purpose};
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::fault::Fault;
use crate::cli::plan::{self, Format};
use crate::cli::{plan_file, planning};
use crate::core::address::Labels;
use crate::core::binding::{self, Fit};
use crate::core::diagnostic::Diagnostic;
use crate::core::guard::{self, Scene};
use crate::core::id::PrincipalId;
use crate::core::name::Names;
use crate::core::observed::{Observed, Part};
use crate::core::outcome::{Report, State};
use crate::core::plan::Plan;
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
    let verify = async |report: &Report, stop: &AtomicBool| verify(context, plan, connection, report, stop).await;
    execution::execute(context, args, connection, plan, None, verify).await
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
        Fit::Same | Fit::Applied => binding::rejudge(plan, &observed),
    };
    differences.extend(found.into_iter().map(|one| format!("{}: {}", one.address, one.what)));
    if !differences.is_empty() {
        let message = "the tenant is not as it was when this plan was made; nothing was written";
        return Err(Fault::stale(message).details(differences).help("plan again, and have the new plan reviewed"));
    }
    let is_unread = observed.unreadable.iter().any(|gap| gap.part != Part::DeletedRoles);
    if is_unread && !plan.is_allowed("--allow-incomplete") && plan.unreadable.is_empty() {
        let gaps: Vec<String> = observed.unreadable.iter().map(|gap| format!("{}: {}", gap.what(), gap.why)).collect();
        let fault = Fault::error("the tenant could not be read in full; nothing was written").details(gaps);
        return Err(fault.help("give this identity what it needs to read everything and run again"));
    }
    refuse(plan, &observed, connection.applier.as_ref())
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
    let standing: Vec<String> = (verdicts.iter().filter(|verdict| !plan.overrides(verdict)))
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
    let approvers = guard::concerned_by(&plan.changes, &observed);
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
    let is_done = |state: &State| state.is_success() || matches!(state, State::Pending(_));
    let mut left: Vec<usize> = (0..plan.changes.len()).collect();
    for seconds in LOOKS {
        connection.clock.sleep(SignedDuration::from_secs(seconds)).await;
        if stop.load(Ordering::SeqCst) {
            context.say("Stopped before the check of the tenant was over.\n");
            return Ok(Exit::Success);
        }
        let (observed, ..) = observe(plan, connection).await?;
        left.retain(|at| !binding::holds(&plan.changes[*at], plan.created_at, &observed));
        let waits = report.outcomes.iter().any(|outcome| is_done(&outcome.state) && left.contains(&outcome.change));
        if !waits {
            break;
        }
    }
    if left.is_empty() {
        context.print("\nChecked: every change of the plan holds.\n")?;
        return Ok(Exit::Success);
    }
    let mut text = "\nChecked: not every change of the plan holds. Left to do:\n".to_owned();
    for change in left.iter().map(|at| &plan.changes[*at]) {
        text.push_str(&format!("  {} {}\n", change.action.as_str(), render::escape::terminal(&change.address)));
    }
    text.push_str("Run `rolewright plan` later: what is only slow disappears by itself; the rest needs a new plan.\n");
    context.print(&text)?;
    Ok(Exit::Partial)
}
