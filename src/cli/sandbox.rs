//! `rolewright sandbox`: the embedded tenant as a server.

use std::net::SocketAddr;
use std::path::PathBuf;

use jiff::SignedDuration;

use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::fault::Fault;
use crate::core::period::Period;
use crate::sandbox::{ClockSetting, Sandbox, SandboxOptions, Seed, Throttling};

/// Flags of `sandbox`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where to listen; port 0 picks a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8443", env = "ROLEWRIGHT_LISTEN")]
    listen: SocketAddr,
    /// What the tenant is made of at first use: empty, contoso, enterprise:N
    /// (or enterprise:N,subscriptions=M,assignments=K), or a file.
    #[arg(long, value_name = "NAME|FILE", default_value = "contoso", env = "ROLEWRIGHT_SEED")]
    seed: Seed,
    /// Keep the tenant in this file between runs; it is written after every change.
    #[arg(long, value_name = "FILE", env = "ROLEWRIGHT_STATE")]
    state: Option<PathBuf>,
    /// Note every request in this file, as JSON lines.
    #[arg(long, value_name = "FILE", env = "ROLEWRIGHT_SANDBOX_JOURNAL")]
    journal: Option<PathBuf>,
    /// Wait so long before each answer, e.g. 50ms or 2s.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = wait, env = "ROLEWRIGHT_LATENCY")]
    latency: SignedDuration,
    /// The most rows on a page; 100 when absent, or what `$top` asks for.
    #[arg(long, value_name = "N", env = "ROLEWRIGHT_PAGE_SIZE", value_parser = page_size)]
    page_size: Option<usize>,
    /// How long writes take to be seen, e.g. 10s.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = wait, env = "ROLEWRIGHT_LAG")]
    lag: SignedDuration,
    /// Token buckets: for Microsoft Graph e.g. 100/10s, for Azure Resource Manager its own (arm), or both (100/10s,arm).
    #[arg(long, value_name = "RULE", env = "ROLEWRIGHT_THROTTLE")]
    throttle: Option<Throttling>,
    /// Fault rules, as JSON.
    #[arg(long, value_name = "FILE", env = "ROLEWRIGHT_FAULTS")]
    faults: Option<PathBuf>,
    /// How old an assignment must be to be removed.
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = wait, env = "ROLEWRIGHT_MIN_AGE")]
    min_age: SignedDuration,
    /// Serve HTTPS under a throw-away certificate authority.
    #[arg(long, env = "ROLEWRIGHT_TLS")]
    tls: bool,
}

/// Serves until it is interrupted, then saves the state.
pub(crate) async fn run(context: &Context, args: &Args) -> Result<Exit, Fault> {
    let faults = match &args.faults {
        None => Vec::new(),
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| Fault::error(format!("cannot read {}: {error}", path.display())))?;
            serde_json::from_str(&text).map_err(|error| Fault::error(format!("{}: {error}", path.display())))?
        }
    };
    let clock = match &context.flags.clock {
        Some(text) => Some(text.parse::<ClockSetting>().map_err(|error| Fault::usage(format!("--clock: {error}")))?),
        None => None,
    };
    let options = SandboxOptions {
        listen: args.listen,
        seed: args.seed.clone(),
        state: args.state.clone(),
        journal: args.journal.clone(),
        latency: args.latency,
        page_size: args.page_size,
        lag: args.lag,
        throttle: args.throttle.and_then(|throttling| throttling.graph),
        throttle_arm: args.throttle.is_some_and(|throttling| throttling.arm),
        faults,
        min_age: args.min_age,
        clock,
        tls: args.tls,
        ..SandboxOptions::default()
    };
    let running = Sandbox::start(options).await.map_err(|error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        Fault::error(format!("{error}{cause}"))
    })?;
    context.print(&format!("{}\n", running.origins().to_json()))?;
    interrupted().await;
    running.stop().await.map_err(|error| Fault::error(error.to_string()))?;
    Ok(Exit::Success)
}

/// Waits for SIGINT, or SIGTERM where there is one.
async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// Reads `50ms`, `10s`, `5m`, `2h`, or an ISO 8601 duration.
fn wait(text: &str) -> Result<SignedDuration, String> {
    if let Ok(period) = text.parse::<Period>() {
        return Ok(period.as_duration());
    }
    let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: i64 = number.parse().map_err(|_| format!("`{text}` is not a duration such as 50ms, 10s or 5m"))?;
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(format!("`{text}` is not a duration such as 50ms, 10s or 5m")),
    };
    number.checked_mul(milliseconds).map(SignedDuration::from_millis).ok_or_else(|| format!("`{text}` is too long"))
}

/// Reads a page size of at least one.
fn page_size(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err(format!("`{text}` is not a number of rows")),
        Ok(rows) => Ok(rows),
    }
}
