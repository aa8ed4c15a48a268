//! The sandbox over HTTP, behaviour by behaviour (E1 to E23 of the reference for Microsoft Graph).
#![allow(clippy::unwrap_used, reason = "a test that cannot read its answer has failed")]

mod client;

mod control;
mod directory;
mod fault;
mod lag;
mod page;
mod policy;
mod request;
mod role;
mod seed;
mod state;
mod switch;
mod token;
