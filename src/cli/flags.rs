//! Flags that every verb takes, before or after it.

use clap::{Args, ValueEnum};

/// Global flags.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Use the embedded tenant instead of the cloud. Its state lives in `.rolewright/sandbox.json` under PATH.
    #[cfg(feature = "sandbox")]
    #[arg(long, global = true, env = "ROLEWRIGHT_SANDBOX", help_heading = "Global options")]
    pub sandbox: bool,
    /// What the embedded tenant is made of at first use: empty, contoso, enterprise:N
    /// (or enterprise:N,subscriptions=M,assignments=K), or a file.
    #[cfg(feature = "sandbox")]
    #[arg(
        long,
        global = true,
        value_name = "NAME|FILE",
        default_value = "contoso",
        env = "ROLEWRIGHT_SANDBOX_SEED",
        help_heading = "Global options"
    )]
    pub sandbox_seed: crate::sandbox::Seed,
    /// The embedded tenant's time: an instant, at which it stands still, or an offset such as +60d.
    #[cfg(feature = "sandbox")]
    #[arg(long, global = true, value_name = "INSTANT", env = "ROLEWRIGHT_CLOCK", help_heading = "Global options")]
    pub clock: Option<String>,
    /// Discover login, Graph and ARM from this origin and override the manifest's cloud. Plain http for loopback only.
    #[arg(
        long,
        global = true,
        value_name = "ORIGIN",
        env = "ROLEWRIGHT_METADATA_HOST",
        help_heading = "Global options"
    )]
    pub metadata_host: Option<String>,
    /// How to sign in. `auto` takes the first method that the environment configures.
    #[arg(long, global = true, value_name = "METHOD", default_value = "auto", env = "ROLEWRIGHT_AUTH", help_heading = "Global options",
          value_parser = clap::builder::PossibleValuesParser::new(METHODS))]
    pub auth: String,
    /// A PEM file with certificate authorities to trust besides the system's.
    #[arg(long, global = true, value_name = "FILE", env = "ROLEWRIGHT_CA_FILE", help_heading = "Global options")]
    pub ca_file: Option<std::path::PathBuf>,
    /// The most requests in flight to one host.
    #[arg(long, global = true, value_name = "N", default_value_t = 8, env = "ROLEWRIGHT_CONCURRENCY", help_heading = "Global options",
          value_parser = clap::value_parser!(u16).range(1..=64))]
    pub concurrency: u16,
    /// The longest time for one request with all its repetitions, in seconds.
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 300, env = "ROLEWRIGHT_TIMEOUT", help_heading = "Global options",
          value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub timeout: u32,
    /// Say more: requests by endpoint, waits, edges between changes. Twice: every request.
    #[arg(short, long, global = true, action = clap::ArgAction::Count, env = "ROLEWRIGHT_VERBOSE", help_heading = "Global options")]
    pub verbose: u8,
    /// Say nothing on stderr but errors.
    #[arg(
        short,
        long,
        global = true,
        conflicts_with = "verbose",
        env = "ROLEWRIGHT_QUIET",
        help_heading = "Global options"
    )]
    pub quiet: bool,
    /// The form of log lines on stderr.
    #[arg(
        long,
        global = true,
        value_name = "FORM",
        default_value = "text",
        env = "ROLEWRIGHT_LOG_FORMAT",
        help_heading = "Global options"
    )]
    pub log_format: LogFormat,
    /// When to use colour. `auto` honours NO_COLOR and pipes.
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        env = "ROLEWRIGHT_COLOR",
        help_heading = "Global options"
    )]
    pub color: ColorChoice,
    /// Show no progress bar.
    #[arg(long, global = true, env = "ROLEWRIGHT_NO_PROGRESS", help_heading = "Global options")]
    pub no_progress: bool,
    /// What request ids are derived from; random when absent. The same nonce gives the same plan, byte for byte.
    #[arg(
        long,
        global = true,
        value_name = "TEXT",
        env = "ROLEWRIGHT_NONCE",
        hide_short_help = true,
        help_heading = "Global options"
    )]
    pub nonce: Option<String>,
}

/// The methods of [`crate::transport::Method`], for `--help`.
const METHODS: [&str; 9] = [
    "auto",
    "client-secret",
    "client-certificate",
    "workload-identity",
    "github-oidc",
    "azure-pipelines",
    "managed-identity",
    "device-code",
    "azure-cli",
];

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_is_offered() {
        let known: Vec<String> = crate::transport::Method::ALL.iter().map(ToString::to_string).collect();
        for method in &known {
            assert!(METHODS.contains(&method.as_str()), "{method}");
        }
        assert_eq!(known.len(), METHODS.len());
    }
}
