//! `rolewright drift`: whether the tenant still matches.

use std::path::PathBuf;

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
    /// The folders or files of manifests, each with a Tenant of its own: one report for all.
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    planning: PlanningArgs,
    /// The form of the result on stdout.
    #[arg(long, value_name = "FORM", default_value = "text", env = "ROLEWRIGHT_DRIFT_FORMAT")]
    format: Format,
}

/// Compares and says what drifted: 0 in sync, 2 drift, 1 when the tenant could not be read. Guards and
/// guardrails have nothing to refuse here, since nothing is written.
pub(crate) async fn run(context: &Context, args: &Args) -> Result<Exit, Fault> {
    let mut exit = Exit::Success;
    let mut all = Vec::new();
    for path in &args.paths {
        match plan::make(context, path, None, &args.planning, &OverrideArgs::default(), None).await {
            Ok(found) => all.push((path.as_path(), found)),
            Err(fault) => {
                fault.show(context);
                exit = exit.and(fault.exit);
            }
        }
    }
    plan::report(context, &all, args.paths.len(), args.format, render::plan::Wording::Drift, None)?;
    for (_, found) in &all {
        if !found.complete && !args.planning.allow_incomplete {
            exit = exit.and(Exit::Error);
        }
        if found.drift().next().is_some() {
            exit = exit.and(Exit::Changes);
        }
    }
    Ok(exit)
}
