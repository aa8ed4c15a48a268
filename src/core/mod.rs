//! The shared language: what roles, settings, scopes and assignments are, and what follows from their differences.
//!
//! Pure, synchronous and deterministic: no clock, no environment, no randomness, no files and no sockets. Instants, seeds
//! and names come in as values.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod address;
pub mod assignment;
pub mod authority;
pub mod basis;
pub mod binding;
pub(crate) mod capability;
pub mod chain;
pub mod change;
pub mod condition;
pub mod crosscheck;
pub mod declared;
pub mod diagnostic;
pub mod diff;
pub mod direction;
pub mod feasibility;
pub mod guard;
pub mod hierarchy;
pub mod id;
pub mod identity;
pub mod name;
pub mod notice;
pub mod observed;
pub mod order;
pub mod origin;
pub mod outcome;
pub mod ownership;
pub mod period;
pub mod permission_set;
pub mod plan;
pub mod policy;
pub mod principal;
pub mod project;
pub mod reach;
pub mod risk;
pub mod role_definition;
pub mod row;
pub mod schedule;
pub mod scope;
pub mod state;
pub mod target;
pub mod tenant_change;
pub(crate) mod vocabulary;
