//! Bad manifests with the exact complaints, and inputs that try to hurt.

mod bad;
mod hostile;
