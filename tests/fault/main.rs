//! One failure per test: what the program does when the service, the network or the machine fails half-way.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its answer has failed")]

#[path = "../scenario/stage.rs"]
#[allow(dead_code, reason = "the stage is shared with the stories")]
mod stage;

mod killed;
mod play;
mod preflight;
mod process;
mod read;
mod stopped;
mod write;
