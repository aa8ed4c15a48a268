//! Flags and environment become values, once.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::cli::flags::{ColorChoice, Global};
use crate::clock::SharedClock;
use crate::render::escape;

/// Where a run reads from and writes to. The process's own, or those of a test.
pub struct Surroundings {
    /// Where data goes.
    pub stdout: Box<dyn Write + Send>,
    /// Where everything else goes.
    pub stderr: Box<dyn Write + Send>,
    /// Looks up an environment variable; empty ones count as absent.
    pub environment: Environment,
    /// The clock; `None` is the machine's (or the embedded tenant's).
    pub clock: Option<SharedClock>,
    /// Whether stdout and stderr are terminals.
    pub is_terminal: (bool, bool),
    /// The answer to a question; `None` when nobody can be asked.
    pub answer: Option<Answer>,
    /// This program's own file, which is started once more to evaluate guardrails; `None` when nobody knows it.
    pub program: Option<PathBuf>,
}

/// Looks up an environment variable.
pub type Environment = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Reads one line from whoever is asked.
pub type Answer = Box<dyn FnMut() -> std::io::Result<String> + Send>;

impl Surroundings {
    /// Returns the process's own.
    pub fn process() -> Self {
        let is_terminal = (std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
        let ask = || {
            let mut answer = String::new();
            std::io::stdin().read_line(&mut answer).map(|_| answer)
        };
        let can_answer = std::io::stdin().is_terminal() && is_terminal.1;
        Self {
            stdout: Box::new(std::io::stdout()),
            stderr: Box::new(std::io::stderr()),
            environment: Box::new(|name| std::env::var(name).ok().filter(|value| !value.is_empty())),
            clock: None,
            is_terminal,
            answer: if can_answer { Some(Box::new(ask)) } else { None },
            program: std::env::current_exe().ok(),
        }
    }
}

impl std::fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings").field("is_terminal", &self.is_terminal).finish_non_exhaustive()
    }
}

/// What every verb works with.
#[derive(Debug)]
pub(crate) struct Context {
    /// The global flags.
    pub flags: Global,
    /// Whether stdout gets colour.
    pub color: bool,
    /// Whether stderr gets colour.
    pub color_stderr: bool,
    /// Whether progress may be drawn.
    pub progress: bool,
    /// The clock, when it is not the machine's.
    pub clock: Option<SharedClock>,
    /// This program's own file.
    pub program: Option<PathBuf>,
    surroundings: Mutex<Surroundings>,
}

impl Context {
    /// Turns flags into values.
    pub(crate) fn new(flags: Global, surroundings: Surroundings) -> Self {
        let no_color = (surroundings.environment)("NO_COLOR").is_some();
        let colored = |is_terminal: bool| match flags.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => is_terminal && !no_color,
        };
        let (stdout, stderr) = surroundings.is_terminal;
        Self {
            color: colored(stdout),
            color_stderr: colored(stderr),
            progress: stderr && !flags.no_progress && !flags.quiet,
            clock: surroundings.clock.clone(),
            program: surroundings.program.clone(),
            surroundings: Mutex::new(surroundings),
            flags,
        }
    }

    fn surroundings(&self) -> std::sync::MutexGuard<'_, Surroundings> {
        self.surroundings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns an environment variable; empty ones count as absent.
    pub(crate) fn environment(&self, name: &str) -> Option<String> {
        (self.surroundings().environment)(name)
    }

    /// Says an error on stderr.
    pub(crate) fn complain(&self, message: &str, help: Option<&str>) {
        self.complain_of(message, &[], help);
    }

    /// Says an error on stderr, and below it what in particular.
    pub(crate) fn complain_of(&self, message: &str, details: &[String], help: Option<&str>) {
        let mut text = format!("error: {}\n", escape::terminal(message));
        for detail in details {
            text.push_str(&format!("  - {}\n", escape::terminal(detail)));
        }
        if let Some(help) = help {
            text.push_str(&format!("  = help: {}\n", escape::terminal(help)));
        }
        self.warn(&text);
    }

    /// Says something on stderr, unless `--quiet`. `text` is ready for a terminal.
    pub(crate) fn say(&self, text: &str) {
        if !self.flags.quiet {
            self.warn(text);
        }
    }

    /// Says something on stderr, whatever the flags. `text` is ready for a terminal.
    pub(crate) fn warn(&self, text: &str) {
        let mut surroundings = self.surroundings();
        // nobody is left to be told when stderr is gone
        let _ = surroundings.stderr.write_all(text.as_bytes());
        let _ = surroundings.stderr.flush();
    }

    /// Writes data to stdout. A reader that went away is no error.
    ///
    /// # Errors
    /// Any other failure of the pipe.
    pub(crate) fn print(&self, text: &str) -> std::io::Result<()> {
        let mut surroundings = self.surroundings();
        let stdout = &mut surroundings.stdout;
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }

    /// Asks a question on stderr; `None` when nobody can be asked.
    ///
    /// # Errors
    /// When the answer cannot be read.
    pub(crate) fn ask(&self, question: &str) -> std::io::Result<Option<String>> {
        if self.surroundings().answer.is_none() {
            return Ok(None);
        }
        self.warn(question);
        match &mut self.surroundings().answer {
            Some(answer) => answer().map(Some),
            None => Ok(None),
        }
    }
}
