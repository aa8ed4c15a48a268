//! `rolewright apply`: plan, show, ask, carry out, check.

mod execution;
mod saved;
mod verification;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use crate::cli::connection::{Connection, Purpose};
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::fault::Fault;
use crate::cli::guardrails::{GuardrailArgs, Guardrails};
use crate::cli::overrides::OverrideArgs;
use crate::cli::plan::{self, Format};
use crate::cli::planning::{self, Declared, PlanningArgs, Terms};
use crate::core::change::Change;
use crate::core::outcome::Report;
use crate::core::plan::Plan;
use crate::render;

/// Flags of `apply`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder or file of manifests; the current folder when absent. With `--plan` none is needed, and those that are named must
    /// be the ones that the plan was made from.
    path: Option<PathBuf>,
    /// Apply exactly this plan, which `plan --out` wrote: nothing is written when anything that it touches or relies on has changed
    /// since.
    #[arg(long, value_name = "FILE", env = "ROLEWRIGHT_PLAN", conflicts_with_all = ["targets", "allow_incomplete", "OverrideArgs", "GuardrailArgs"])]
    plan: Option<PathBuf>,
    /// Demand that the plan has this digest: the one that the review showed.
    #[arg(long, value_name = "sha256:HEX", env = "ROLEWRIGHT_DIGEST", requires = "plan")]
    digest: Option<String>,
    #[command(flatten)]
    planning: PlanningArgs,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// Ask the service first whether it would take each request about an assignment; write nothing if it would refuse one.
    #[arg(long, env = "ROLEWRIGHT_PREFLIGHT")]
    preflight: bool,
    /// Append every request and its outcome to this file, as JSON lines.
    #[arg(long, value_name = "FILE", env = "ROLEWRIGHT_JOURNAL")]
    journal: Option<PathBuf>,
    #[command(flatten)]
    overrides: OverrideArgs,
    #[command(flatten)]
    guardrails: GuardrailArgs,
}

/// Plans, shows, asks, carries out and checks.
pub(crate) async fn run(context: &Context, args: &Args) -> Result<Exit, Fault> {
    if let Some(file) = &args.plan {
        return saved::run(context, args, file).await;
    }
    let path = args.path.as_deref().unwrap_or(Path::new("."));
    let declared = planning::read(context, path)?;
    let guardrails = Guardrails::read(context, path, &declared.manifests, &args.guardrails)?;
    let connection = Connection::open(context, path, &(&declared.head).into(), Purpose::Write).await?;
    let outcome = guarded(context, args, &declared, &guardrails, &connection).await;
    planning::show_statistics(context, &connection);
    connection.close().await?;
    outcome
}

async fn guarded(
    context: &Context,
    args: &Args,
    declared: &Declared,
    guardrails: &Guardrails,
    connection: &Connection,
) -> Result<Exit, Fault> {
    let overrides = args.planning.overrides(&args.overrides);
    let nonce = planning::nonce(context);
    let terms = Terms {
        targets: &args.planning.targets,
        overrides: &overrides,
        nonce: &nonce,
        base: None,
        guardrails: Some(guardrails),
    };
    let plan = planning::plan(context, declared, connection, &terms).await?;
    let options = plan::options(context, render::plan::Wording::Apply);
    context.print(&plan::show(&plan, Format::Text, &options))?;
    match plan::verdict(&plan) {
        Exit::Success => {}
        refusal => return Ok(refusal),
    }
    if plan.is_empty() {
        return Ok(Exit::Success);
    }
    if !args.yes {
        confirm(context, &plan)?;
        // the answer took its time: what was reviewed must still be so
        let again = planning::plan(context, declared, connection, &terms).await?;
        let mut exit = plan::verdict(&again);
        if exit != Exit::Success {
            // the same work may be refused now: who else holds the role, or can use it, is no part of a change
            context.print(&plan::show(&again, Format::Text, &options))?;
        }
        if !is_same_work(&plan, &again) {
            exit = exit.and(Exit::Stale);
        }
        if exit != Exit::Success {
            context.complain(
                "the tenant changed while you were reading; nothing was written",
                Some("run `rolewright apply` again and review the new plan"),
            );
            return Ok(exit);
        }
    }
    let recheck = async || {
        let again = planning::plan(context, declared, connection, &terms).await?;
        let exit = plan::verdict(&again);
        Ok(if is_same_work(&plan, &again) { exit } else { exit.and(Exit::Stale) })
    };
    let verify = async |report: &Report, stop: &AtomicBool| {
        verify(context, args, declared, connection, &plan, report, stop).await
    };
    execution::execute(context, args, connection, &plan, Some(&declared.manifests), recheck, verify).await
}

/// Compares again until nothing is left to do, or what is left is not a matter of time.
async fn verify(
    context: &Context,
    args: &Args,
    declared: &Declared,
    connection: &Connection,
    plan: &Plan,
    report: &Report,
    stop: &AtomicBool,
) -> Result<Exit, Fault> {
    let done: Vec<&str> = verification::done(report).map(|at| plan.changes[at].address.as_str()).collect();
    // what is left to do is compared, not judged
    let terms = Terms { targets: &[], overrides: &plan.overrides, nonce: &plan.nonce, base: None, guardrails: None };
    let look = async || {
        let mut again = planning::plan(context, declared, connection, &terms).await?;
        if !args.planning.targets.is_empty() {
            // addresses that have no change any more would be mistakes
            again.changes.retain(|change| plan.changes.iter().any(|c| c.address == change.address));
        }
        Ok(again)
    };
    let is_over = |again: &Plan| {
        let waits_for = again.changes.iter().any(|change| done.contains(&change.address.as_str()));
        !waits_for && (again.complete || args.planning.allow_incomplete)
    };
    let Some(left) = verification::look(context, connection, stop, look, is_over).await? else {
        return Ok(Exit::Success);
    };
    if !left.complete && !args.planning.allow_incomplete {
        return Ok(verification::incomplete(context));
    }
    // what was not looked at is not said to be in order
    let extent = match (args.planning.targets.is_empty(), left.complete) {
        (true, true) => "",
        (false, true) => " for the targets",
        (true, false) => " as far as the tenant could be read",
        (false, false) => " for the targets, as far as the tenant could be read",
    };
    if left.changes.is_empty() {
        let but = match left.left_out() {
            0 => String::new(),
            count => format!(", but for {count} left out until an activation ends"),
        };
        context.print(&format!("\nChecked{extent}: the second plan is empty{but}.\n"))?;
        return Ok(Exit::Success);
    }
    let what = format!("Checked{extent}: the second plan is not empty.");
    let advice = "what is only slow disappears by itself, what is not can be applied again.";
    verification::leftovers(context, &what, &left.changes, advice)
}

/// Asks on a terminal. Without one, and without `--yes`, nothing is written.
fn confirm(context: &Context, plan: &Plan) -> Result<(), Fault> {
    let question = format!(
        "\nApply {} change(s) to tenant {} ({})? Only `yes` is taken for yes: ",
        plan.changes.len(),
        render::escape::terminal(&plan.tenant_name),
        plan.tenant_id
    );
    match context.ask(&question)? {
        None => Err(Fault::usage("nobody can be asked: stdin and stderr are no terminal; nothing was written")
            .help("`--yes` applies without asking")),
        Some(answer) if answer.trim() == "yes" => Ok(()),
        Some(_) => Err(Fault::error("not confirmed; nothing was written")),
    }
}

/// Tells whether two plans do the same to the same things, relying on the same, in the same order, at no greater risk. A window that
/// is asked for relative to now stays the same.
fn is_same_work(reviewed: &Plan, again: &Plan) -> bool {
    let key = |change: &Change| {
        let waits = (change.requires.clone(), change.follows.clone());
        (
            change.address.clone(),
            change.action,
            change.observed.clone(),
            serde_json::to_string(&change.subject).ok(),
            waits,
        )
    };
    let is_riskier = |(was, is): (&Change, &Change)| is.risk > was.risk;
    reviewed.complete == again.complete
        && reviewed.relies == again.relies
        && reviewed.changes.iter().map(key).eq(again.changes.iter().map(key))
        && !reviewed.changes.iter().zip(&again.changes).any(is_riskier)
}
