//! rolewright keeps privileged access in Microsoft Entra PIM as files in Git.
pub mod catalog;
pub mod clock;
pub mod core;
pub mod manifest;
pub mod render;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod transport;
pub mod wire;
