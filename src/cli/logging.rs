//! Log lines on stderr.

use tracing_subscriber::EnvFilter;

use crate::cli::context::Context;
use crate::cli::flags::LogFormat;

/// Starts logging: errors only, unless `-v` asks for more or `ROLEWRIGHT_LOG` names a filter.
pub(crate) fn start(context: &Context) {
    let level = match (context.flags.quiet, context.flags.verbose) {
        (true, _) | (false, 0) => "rolewright=error",
        (false, 1) => "rolewright=info",
        (false, _) => "rolewright=debug",
    };
    let filter = EnvFilter::try_from_env("ROLEWRIGHT_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // a second start, in tests that run more than one verb, changes nothing
    let _ = match context.flags.log_format {
        LogFormat::Text => subscriber.with_target(false).with_ansi(context.color_stderr).try_init(),
        LogFormat::Json => subscriber.json().try_init(),
    };
}
