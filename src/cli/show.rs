//! `rolewright show`: a saved plan, in any form, without the tenant.

use std::path::PathBuf;

use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::fault::Fault;
use crate::cli::plan::{self, Format};
use crate::cli::plan_file;
use crate::render::plan::Wording;

/// Flags of `show`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file that `plan --out` wrote.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The form of the plan on stdout.
    #[arg(long, value_name = "FORM", default_value = "text", env = "ROLEWRIGHT_SHOW_FORMAT")]
    format: Format,
    /// Print nothing but the plan's digest, which `apply --digest` demands.
    #[arg(long, conflicts_with = "format")]
    digest: bool,
}

/// Checks the file and shows what it holds. Whether it may still be applied only the tenant can tell.
pub(crate) fn run(context: &Context, args: &Args) -> Result<Exit, Fault> {
    let plan = plan_file::read(&args.file, None)?;
    if args.digest {
        context.print(&format!("{}\n", plan.digest))?;
    } else {
        context.print(&plan::show(&plan, args.format, &plan::options(context, Wording::Plan)))?;
    }
    Ok(Exit::Success)
}
