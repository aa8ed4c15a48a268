//! The built binary: help, exit codes, what goes to stdout and what to stderr. The environment is scrubbed.
#![allow(clippy::unwrap_used)]

#[cfg(target_os = "linux")]
mod ci;
mod cost;
mod embedded;
mod golden;
#[cfg(feature = "rego")]
mod guardrails;
mod usage;

use assert_cmd::Command;

/// Returns the binary with an empty environment, in `folder`.
fn rolewright(folder: &std::path::Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rolewright"));
    command.env_clear().current_dir(folder).timeout(std::time::Duration::from_secs(300));
    command
}
