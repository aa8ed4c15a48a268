//! The command line: flags become values, verbs run, outcomes become exit codes. One file per verb.

mod apply;
mod base;
mod connection;
mod context;
mod drift;
mod exit;
mod fault;
mod flags;
mod guardrails;
mod listing;
mod logging;
mod output;
mod overrides;
mod plan;
mod plan_file;
mod planning;
mod preflight;
mod reference;
#[cfg(feature = "sandbox")]
mod sandbox;
mod schema;
mod show;
mod validate;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::cli::context::Context;
pub use crate::cli::context::{Answer, Environment, Surroundings};
use crate::cli::exit::Exit;
use crate::cli::flags::Global;

/// Keeps privileged access in Microsoft Entra PIM, to the directory and to Azure, as files in Git.
///
/// Manifests declare custom roles, role settings and assignments of directory roles and of Azure resource roles. `validate` checks
/// them offline, `plan` compares them with the tenant, `apply` makes the tenant match, `drift` says whether it still does.
#[derive(Debug, Parser)]
#[command(name = "rolewright", version, max_term_width = 100, propagate_version = true, after_help = exit::TABLE)]
pub(crate) struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Check manifests offline: YAML, schema, references, names, limits, contradictions.
    Validate(validate::Args),
    /// Compare the manifests with the tenant and show what would change. Reads only.
    ///
    /// In Azure only the scopes that the manifests speak of are read; Reader is enough there. What could not be read is said, never
    /// taken for empty.
    Plan(plan::Args),
    /// Plan, show, ask, carry out, and check that the second plan is empty.
    ///
    /// In Azure this needs User Access Administrator or Owner at the scopes that the manifests speak of, or above them.
    Apply(apply::Args),
    /// Say whether the tenant still matches the manifests. For scheduled jobs; reads only.
    Drift(drift::Args),
    /// Show a saved plan in any form. Reads no tenant and no manifest.
    ///
    /// The plan must be as it was written: one that was edited, or that this version does not understand whole, is refused.
    Show(show::Args),
    /// Print or write the JSON schemas of the manifests.
    Schema(schema::Args),
    /// Run the embedded tenant as a server.
    #[cfg(feature = "sandbox")]
    Sandbox(sandbox::Args),
    /// Evaluate guardrails: the process of their own that `plan`, `apply` and `validate` start.
    #[command(name = crate::guardrail::evaluator::VERB, hide = true)]
    EvaluateGuardrails,
    /// Print a completion script for a shell.
    Completions(reference::CompletionArgs),
    /// Print the manual page.
    Man,
}

/// Runs the program with the process's arguments and environment and returns its exit code.
pub fn run() -> ExitCode {
    ExitCode::from(run_with(std::env::args_os(), Surroundings::process()))
}

/// Runs the program with these arguments (the program's name first) in these surroundings and returns its exit code. Blocks,
/// on a runtime of its own.
pub fn run_with(arguments: impl IntoIterator<Item = OsString>, mut surroundings: Surroundings) -> u8 {
    // the first client that is built would panic without a provider; a second call is harmless
    let _ = rustls::crypto::ring::default_provider().install_default();
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let is_help = !error.use_stderr();
            let (stream, is_terminal) = match is_help {
                true => (&mut surroundings.stdout, surroundings.is_terminal.0),
                false => (&mut surroundings.stderr, surroundings.is_terminal.1),
            };
            let text = error.render();
            let text = if is_terminal { text.ansi().to_string() } else { text.to_string() };
            // a reader that went away has nobody to be told
            let _ = stream.write_all(text.as_bytes());
            return if is_help { Exit::Success } else { Exit::Usage }.code();
        }
    };
    if matches!(cli.verb, Verb::EvaluateGuardrails) {
        return crate::guardrail::evaluator::serve();
    }
    let context = Context::new(cli.global, surroundings);
    logging::start(&context);
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            context.complain(&format!("cannot start: {error}"), None);
            return Exit::Error.code();
        }
    };
    let outcome = runtime.block_on(async {
        match cli.verb {
            Verb::Validate(args) => validate::run(&context, &args),
            Verb::Plan(args) => plan::run(&context, &args).await,
            Verb::Apply(args) => apply::run(&context, &args).await,
            Verb::Drift(args) => drift::run(&context, &args).await,
            Verb::Show(args) => show::run(&context, &args),
            Verb::Schema(args) => schema::run(&context, &args),
            #[cfg(feature = "sandbox")]
            Verb::Sandbox(args) => sandbox::run(&context, &args).await,
            Verb::Completions(args) => reference::completions(&context, &args, Cli::command()),
            // ended above, before anything is set up
            Verb::EvaluateGuardrails => Ok(Exit::Success),
            Verb::Man => reference::man(&context, Cli::command()),
        }
    });
    let exit = outcome.unwrap_or_else(|fault| {
        fault.show(&context);
        fault.exit
    });
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    exit.code()
}
