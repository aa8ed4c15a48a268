//! Why a verb ends early, in a form for people.

use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::transport::TransportError;

/// A reason to stop: what, and what to do about it.
#[derive(Debug)]
pub(crate) struct Fault {
    /// The exit code.
    pub exit: Exit,
    message: Option<String>,
    details: Vec<String>,
    help: Option<String>,
}

impl Fault {
    /// Returns an error.
    pub(crate) fn error(message: impl Into<String>) -> Self {
        Self { exit: Exit::Error, message: Some(message.into()), details: Vec::new(), help: None }
    }

    /// Returns a mistake in how the program was called.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, ..Self::error(message) }
    }

    /// Returns an end that has been explained already.
    pub(crate) fn silent(exit: Exit) -> Self {
        Self { exit, message: None, details: Vec::new(), help: None }
    }

    /// Returns an error that means that a saved plan may not be applied any more.
    pub(crate) fn stale(message: impl Into<String>) -> Self {
        Self { exit: Exit::Stale, ..Self::error(message) }
    }

    /// Returns the refusal of a guard.
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self { exit: Exit::Refused, ..Self::error(message) }
    }

    /// Adds lines that say what in particular.
    #[must_use]
    pub(crate) fn details(mut self, details: Vec<String>) -> Self {
        self.details = details;
        self
    }

    /// Adds what to do.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Shows it on stderr.
    pub(crate) fn show(&self, context: &Context) {
        if let Some(message) = &self.message {
            context.complain_of(message, &self.details, self.help.as_deref());
        }
    }
}

impl From<TransportError> for Fault {
    fn from(error: TransportError) -> Self {
        let help = error.help();
        let fault = Self::error(error.to_string());
        match help {
            Some(help) => fault.help(help),
            None => fault,
        }
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self::error(format!("cannot write: {error}"))
    }
}
