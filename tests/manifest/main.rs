//! Bad manifests with the exact complaints, and inputs that try to hurt.
#![allow(clippy::unwrap_used, reason = "a fixture that cannot be read fails the test")]

mod bad;
mod good;
mod hostile;
