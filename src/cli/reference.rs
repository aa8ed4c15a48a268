//! Completions and the manual page.

use clap::Command;
use clap_complete::Shell;

use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::fault::Fault;

/// Flags of `completions`.
#[derive(Debug, clap::Args)]
pub(crate) struct CompletionArgs {
    /// The shell.
    shell: Shell,
}

/// Prints a completion script.
pub(crate) fn completions(context: &Context, args: &CompletionArgs, mut command: Command) -> Result<Exit, Fault> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "rolewright", &mut script);
    context.print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Success)
}

/// Prints the manual page in roff.
pub(crate) fn man(context: &Context, command: Command) -> Result<Exit, Fault> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    context.print(&String::from_utf8_lossy(&page))?;
    Ok(Exit::Success)
}
