//! `rolewright plan`: what would change.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::cli::connection::{Connection, Purpose};
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::fault::Fault;
use crate::cli::output;
use crate::cli::overrides::OverrideArgs;
use crate::cli::planning::{self, PlanningArgs, Terms};
use crate::cli::validate;
use crate::core::plan::Plan;
use crate::render;

/// Flags of `plan`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    planning: PlanningArgs,
    #[command(flatten)]
    overrides: OverrideArgs,
    /// Also write the plan as JSON to this file.
    #[arg(long, value_name = "FILE", env = "ROLEWRIGHT_PLAN_OUT")]
    out: Option<PathBuf>,
    /// The form of the plan on stdout.
    #[arg(long, value_name = "FORM", default_value = "text", env = "ROLEWRIGHT_PLAN_FORMAT")]
    format: Format,
    /// Exit with 2 when there are changes.
    #[arg(long, env = "ROLEWRIGHT_DETAILED_EXITCODE")]
    detailed_exitcode: bool,
}

/// The form of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// The plan document, versioned.
    Json,
    /// For a pull request.
    Markdown,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// GitHub workflow annotations.
    Github,
}

/// Plans and shows.
pub(crate) async fn run(context: &Context, args: &Args) -> Result<Exit, Fault> {
    let plan = make(context, &args.planning, &args.overrides).await?;
    if let Some(path) = &args.out {
        output::write_file(path, &render::plan::json(&plan))
            .map_err(|error| Fault::error(format!("cannot write {}: {error}", path.display())))?;
    }
    context.print(&show(&plan, &args.planning.path, args.format, &options(context, render::plan::Wording::Plan)))?;
    let mut exit = verdict(&plan);
    if args.detailed_exitcode && !plan.is_empty() {
        exit = exit.and(Exit::Changes);
    }
    Ok(exit)
}

/// Plans, with an identity that only reads.
pub(crate) async fn make(context: &Context, args: &PlanningArgs, overrides: &OverrideArgs) -> Result<Plan, Fault> {
    let declared = planning::read(context, &args.path)?;
    let connection = Connection::open(context, &args.path, &declared.head, Purpose::Read).await?;
    let nonce = planning::nonce(context);
    let terms = Terms { targets: &args.targets, overrides: &args.overrides(overrides), nonce: &nonce };
    let planned = planning::plan(context, &declared, &connection, &terms).await;
    planning::show_statistics(context, &connection);
    connection.close().await?;
    planned
}

/// Returns how plans are shown in this run.
pub(crate) fn options(context: &Context, wording: render::plan::Wording) -> render::plan::Options {
    render::plan::Options { verbose: context.flags.verbose > 0, color: context.color, width: 80, wording }
}

/// Returns a plan of the manifests at `path` in a form.
pub(crate) fn show(plan: &Plan, path: &Path, format: Format, options: &render::plan::Options) -> String {
    let folder = validate::prefix(path);
    match format {
        Format::Sarif => render::plan::sarif(plan, &folder, options),
        Format::Github => render::plan::github(plan, &folder, options),
        Format::Json => render::plan::json(plan),
        Format::Markdown => render::plan::markdown(plan, options),
        Format::Text => render::plan::text(plan, options),
    }
}

/// Returns how a plan is to be taken: an incomplete read is an error, a refusal that no flag overrides is a refusal.
pub(crate) fn verdict(plan: &Plan) -> Exit {
    let mut exit = Exit::Success;
    if !plan.complete && !plan.is_allowed("--allow-incomplete") {
        exit = exit.and(Exit::Error);
    }
    if plan.refusals().next().is_some() {
        exit = exit.and(Exit::Refused);
    }
    exit
}
