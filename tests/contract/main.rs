//! Documents of Microsoft's, each with its source in `graph/INDEX.md` or `arm/INDEX.md`: what both the sandbox and the client must speak.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its document has failed")]

mod client;
mod client_arm;
mod client_validation;
mod client_write;
mod sandbox;
mod sandbox_arm;
mod sandbox_arm_pim;
mod sandbox_group;
#[allow(dead_code, reason = "shared with the transport's tests, which use all of it")]
#[path = "../transport/server.rs"]
mod server;
mod shape;
mod tenant;
