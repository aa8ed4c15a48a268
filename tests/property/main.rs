//! Properties of planning over generated tenants: no sockets, no clock, no sandbox.
//!
//! Everything is drawn from a list of numbers ([`world::Choices`]), so that a failure shrinks to the smallest numbers.
#![allow(clippy::unwrap_used, reason = "a test that cannot read what it made has failed")]

mod chain;
mod condition;
mod order;
mod order_chain;
mod permission;
mod plan;
mod value;
mod world;
