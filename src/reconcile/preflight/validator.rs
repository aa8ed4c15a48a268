//! All that a preflight may do: ask the service to judge, and tell the time.

use jiff::Timestamp;

use crate::surface::Validation;
use crate::transport::{Client, TransportError, Writer};
use crate::wire::Answer;

/// The writing half of a client, for nothing but validations: they are POSTs, made with the rights of a write.
pub(super) struct Validator {
    writer: Writer,
    client: Client,
}

impl Validator {
    pub(super) fn new(client: &Client) -> Self {
        Self { writer: client.writer(), client: client.clone() }
    }

    /// Asks the service to judge a request. What is lost on the way is asked again: nothing is carried out.
    pub(super) async fn send(&self, validation: &Validation) -> Result<Answer, TransportError> {
        self.writer.rehearse(validation.command()).await
    }

    /// Returns the service's time.
    pub(super) fn now(&self) -> Timestamp {
        self.client.now()
    }
}
