//! One failure per test: what the program does when the service, the network or the machine fails half-way.

#[path = "../scenario/stage.rs"]
mod stage;

mod killed;
mod play;
mod read;
mod write;
