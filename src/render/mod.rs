//! What people and other programs see: words, tables, colour and the machine-readable forms.
//!
//! Text that comes from a tenant or a manifest is data and goes through [`escape`] before it meets a terminal, a page or a
//! log that interprets commands.

mod annotation;
pub mod diagnostic;
pub mod escape;
mod page;
pub mod plan;
pub mod progress;
pub mod report;
mod sarif;
mod style;
