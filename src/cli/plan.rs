//! `rolewright plan`: what would change.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::cli::base;
use crate::cli::connection::{Connection, Purpose};
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::fault::Fault;
use crate::cli::guardrails::{GuardrailArgs, Guardrails};
use crate::cli::output;
use crate::cli::overrides::OverrideArgs;
use crate::cli::planning::{self, PlanningArgs, Terms};
use crate::cli::validate;
use crate::core::plan::Plan;
use crate::render;
use crate::render::plan::several::{self, Entry};

/// Flags of `plan`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folders or files of manifests, each with a Tenant of its own: one plan for each, in one report.
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    planning: PlanningArgs,
    #[command(flatten)]
    overrides: OverrideArgs,
    #[command(flatten)]
    guardrails: GuardrailArgs,
    /// The manifests of the target branch: each change is marked as coming from the manifests under review, or as pending already.
    /// With several PATHs, one for each, in their order.
    #[arg(long, value_name = "DIR", env = "ROLEWRIGHT_BASE")]
    base: Vec<PathBuf>,
    /// Also write the plan as JSON to this file, for `show` and `apply --plan`; with several PATHs a folder, in which each plan gets
    /// its Tenant's name.
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
    if !args.base.is_empty() && args.base.len() != args.paths.len() {
        let message = format!("--base is given {} time(s) for {} PATH(s)", args.base.len(), args.paths.len());
        return Err(Fault::usage(message).help("give one base for each PATH, in the same order"));
    }
    let mut bases = args.base.iter();
    let mut plans = Vec::new();
    let mut exit = Exit::Success;
    for path in &args.paths {
        let base = bases.next().map(PathBuf::as_path);
        match make(context, path, base, &args.planning, &args.overrides, Some(&args.guardrails)).await {
            Ok(plan) => plans.push((path.as_path(), plan)),
            // the other tenants are planned all the same
            Err(fault) => {
                fault.show(context);
                exit = exit.and(fault.exit);
            }
        }
    }
    if let Some(path) = &args.out {
        save(path, &plans, args.paths.len() > 1)?;
    }
    report(context, &plans, args.paths.len(), args.format, render::plan::Wording::Plan, args.out.as_deref())?;
    for (_, plan) in &plans {
        exit = exit.and(verdict(plan));
        if args.detailed_exitcode && !plan.is_empty() {
            exit = exit.and(Exit::Changes);
        }
    }
    Ok(exit)
}

/// Writes the plan to a file, or several into a folder.
fn save(path: &Path, plans: &[(&Path, Plan)], is_folder: bool) -> Result<(), Fault> {
    let mut files: BTreeMap<PathBuf, &Plan> = BTreeMap::new();
    for (_, plan) in plans {
        // the name of a manifest is a DNS label: it names no other folder
        let file = if is_folder { path.join(format!("{}.json", plan.tenant_name)) } else { path.to_path_buf() };
        if let Some(other) = files.insert(file, plan) {
            let message = format!("two Tenants are called `{}`: their plans would be one file", other.tenant_name);
            return Err(Fault::error(message).help("give them names of their own, or plan them one by one"));
        }
    }
    for (file, plan) in files {
        output::write_file(&file, &render::plan::json(plan))
            .map_err(|error| Fault::error(format!("cannot write {}: {error}", file.display())))?;
    }
    Ok(())
}

/// Plans, with an identity that only reads. Without `guardrails` no policy judges the plan.
pub(crate) async fn make(
    context: &Context,
    path: &Path,
    base: Option<&Path>,
    args: &PlanningArgs,
    overrides: &OverrideArgs,
    guardrails: Option<&GuardrailArgs>,
) -> Result<Plan, Fault> {
    let declared = planning::read(context, path)?;
    let base = base.map(|base| base::read(base, &declared.head)).transpose()?;
    let guardrails = guardrails.map(|given| Guardrails::read(context, path, &declared.manifests, given));
    let guardrails = guardrails.transpose()?;
    let connection = Connection::open(context, path, &(&declared.head).into(), Purpose::Read).await?;
    let nonce = planning::nonce(context);
    let terms = Terms {
        targets: &args.targets,
        overrides: &args.overrides(overrides),
        nonce: &nonce,
        base: base.as_ref(),
        guardrails: guardrails.as_ref(),
    };
    let planned = planning::plan(context, &declared, &connection, &terms).await;
    planning::show_statistics(context, &connection);
    connection.close().await?;
    planned
}

/// Shows one plan, or several in one report.
pub(crate) fn report(
    context: &Context,
    plans: &[(&Path, Plan)],
    asked: usize,
    format: Format,
    wording: render::plan::Wording,
    saved: Option<&Path>,
) -> Result<(), Fault> {
    let mut options = options(context, wording);
    let folders: Vec<String> = plans.iter().map(|(path, _)| validate::prefix(path)).collect();
    let text = match plans {
        [] => return Ok(()),
        [(_, plan)] if asked == 1 => {
            options.folder.clone_from(&folders[0]);
            options.saved = saved.map(|path| path.to_string_lossy().into_owned());
            show(plan, format, &options)
        }
        _ => {
            let entries = plans.iter().zip(&folders).map(|((_, plan), folder)| Entry { plan, folder });
            let entries: Vec<Entry<'_>> = entries.collect();
            match format {
                Format::Text => several::text(&entries, asked, &options),
                Format::Json => several::json(&entries),
                Format::Markdown => several::markdown(&entries, asked, &options),
                Format::Sarif => several::sarif(&entries, &options),
                Format::Github => several::github(&entries, asked, &options),
            }
        }
    };
    Ok(context.print(&text)?)
}

/// Returns how plans are shown in this run.
pub(crate) fn options(context: &Context, wording: render::plan::Wording) -> render::plan::Options {
    render::plan::Options {
        verbose: context.flags.verbose > 0,
        color: context.color,
        width: 80,
        wording,
        folder: String::new(),
        saved: None,
    }
}

/// Returns a plan in a form.
pub(crate) fn show(plan: &Plan, format: Format, options: &render::plan::Options) -> String {
    match format {
        Format::Sarif => render::plan::sarif(plan, options),
        Format::Github => render::plan::github(plan, options),
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
