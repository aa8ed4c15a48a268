//! Documents of Microsoft's, each with its source in `graph/INDEX.md`: what both the sandbox and the client must speak.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its document has failed")]

mod sandbox;
mod shape;
