//! `rolewright drift`: whether the tenant still matches.

use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::fault::Fault;
use crate::cli::overrides::OverrideArgs;
use crate::cli::plan::{self, Format};
use crate::cli::planning::PlanningArgs;
use crate::render;

/// Flags of `drift`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    planning: PlanningArgs,
    /// The form of the result on stdout.
    #[arg(long, value_name = "FORM", default_value = "text", env = "ROLEWRIGHT_DRIFT_FORMAT")]
    format: Format,
}

/// Compares and says what drifted: 0 in sync, 2 drift, 1 when the tenant could not be read. Guards have nothing to refuse
/// here, since nothing is written.
pub(crate) async fn run(context: &Context, args: &Args) -> Result<Exit, Fault> {
    let found = plan::make(context, &args.planning, &OverrideArgs::default()).await?;
    let options = plan::options(context, render::plan::Wording::Drift);
    context.print(&plan::show(&found, &args.planning.path, args.format, &options))?;
    let mut exit = Exit::Success;
    if !found.complete && !args.planning.allow_incomplete {
        exit = exit.and(Exit::Error);
    }
    if found.drift().next().is_some() {
        exit = exit.and(Exit::Changes);
    }
    Ok(exit)
}
