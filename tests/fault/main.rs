//! One failure per test: what the program does when the service, the network or the machine fails half-way.
#![allow(clippy::unwrap_used)]

#[path = "../scenario/stage.rs"]
#[allow(dead_code, reason = "the stage is shared with the stories")]
mod stage;

mod killed;
mod play;
mod read;
mod write;
