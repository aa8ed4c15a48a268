//! The real binary, run beside the test as somebody would run it.

use std::process::{Child, Command, Stdio};

use crate::stage::{Stage, TENANT};

/// The writing application's client id, as the journal prints the caller.
pub(crate) const APPLY: &str = "00000000-0000-4000-8000-0000000000a2";

/// Starts `apply --yes` over the stage, with a nonce.
pub(crate) fn start(stage: &Stage, nonce: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_rolewright"))
        .args(["apply", "--yes", "--no-progress", "--nonce", nonce])
        .arg(stage.path())
        .args(["--metadata-host", &stage.running().origins().metadata])
        .env_clear()
        .env("AZURE_TENANT_ID", TENANT)
        .env("AZURE_CLIENT_ID", APPLY)
        .env("AZURE_CLIENT_SECRET", "sandbox")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}
