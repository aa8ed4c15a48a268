//! Joins the surfaces with the transport: what is awaited, and in which sequence.

pub mod apply;
pub mod approver;
pub mod hierarchy;
pub mod journal;
pub mod names;
pub mod observe;
mod patience;
pub mod preflight;
mod step;
pub mod survey;
