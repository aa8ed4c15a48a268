//! Flags and environment become values, once.

use std::io::{IsTerminal, Write};

use crate::cli::flags::{ColorChoice, Global};
use crate::render::escape;

/// What every verb works with.
#[derive(Debug)]
pub(crate) struct Context {
    /// The global flags.
    pub flags: Global,
    /// Whether stdout gets colour.
    pub color: bool,
    /// Whether stderr gets colour.
    pub color_stderr: bool,
    /// Whether somebody can be asked.
    pub is_interactive: bool,
    /// Whether progress may be drawn.
    pub progress: bool,
}

impl Context {
    /// Turns flags into values.
    pub(crate) fn new(flags: Global) -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let colored = |is_terminal: bool| match flags.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => is_terminal && !no_color,
        };
        let (stdout, stderr) = (std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
        Self {
            color: colored(stdout),
            color_stderr: colored(stderr),
            is_interactive: std::io::stdin().is_terminal() && stderr,
            progress: stderr && !flags.no_progress && !flags.quiet,
            flags,
        }
    }

    /// Says an error on stderr.
    pub(crate) fn complain(&self, message: &str, help: Option<&str>) {
        let mut text = format!("error: {}\n", escape::terminal(message));
        if let Some(help) = help {
            text.push_str(&format!("  = help: {}\n", escape::terminal(help)));
        }
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }

    /// Says something on stderr, unless `--quiet`. `text` is ready for a terminal.
    pub(crate) fn say(&self, text: &str) {
        if !self.flags.quiet {
            let _ = std::io::stderr().lock().write_all(text.as_bytes());
        }
    }

    /// Writes data to stdout. A reader that went away is no error.
    ///
    /// # Errors
    /// Any other failure of the pipe.
    pub(crate) fn print(&self, text: &str) -> std::io::Result<()> {
        let mut stdout = std::io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }
}
