//! Why something failed below us, kept as text without secrets, so that our errors can be cloned and shown anywhere.

use std::error::Error;
use std::fmt;

use super::redact::scrub;

/// One link of a chain of causes, outermost first. Texts are scrubbed of tokens and of addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    message: String,
    source: Option<Box<Cause>>,
}

impl Cause {
    /// Returns a cause that has no deeper one.
    pub(super) fn new(message: impl AsRef<str>) -> Self {
        Self { message: scrub(message.as_ref()), source: None }
    }

    /// Copies `error` and everything beneath it.
    pub(super) fn of(error: &(dyn Error + 'static)) -> Self {
        let mut messages = vec![error.to_string()];
        let mut next = error.source();
        while let Some(deeper) = next {
            let text = deeper.to_string();
            // Layers that only repeat what is below them are noise.
            if messages.last().is_none_or(|last| !last.ends_with(&text)) {
                messages.push(text);
            }
            next = deeper.source();
            if messages.len() > 16 {
                break;
            }
        }
        let mut chain: Option<Box<Self>> = None;
        for message in messages.into_iter().rev() {
            chain = Some(Box::new(Self { message: scrub(&message), source: chain }));
        }
        chain.map_or_else(|| Self::new("unknown"), |link| *link)
    }

    /// Copies a failure of `reqwest`, whose own text would repeat the address with its query.
    pub(super) fn of_request(error: reqwest::Error) -> Self {
        Self::of(&error.without_url())
    }

    /// Returns the innermost text, which for a connection is what actually went wrong
    /// (e.g. `invalid peer certificate: UnknownIssuer`).
    pub fn root(&self) -> &str {
        let mut link = self;
        while let Some(next) = &link.source {
            link = next;
        }
        &link.message
    }

    /// Tells whether any text of the chain contains `part`.
    pub(super) fn mentions(&self, part: &str) -> bool {
        self.message.contains(part) || self.source.as_ref().is_some_and(|next| next.mentions(part))
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Cause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|next| next as &(dyn Error + 'static))
    }
}
