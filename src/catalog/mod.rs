//! Embedded reference data: built-in roles, permission names, Microsoft's limits. Look-ups only; it decides nothing.
//!
//! The data are snapshots (`data/NOTICE.md` has sources and dates): a role or permission that is missing here may exist all
//! the same, so "not in the catalog" is never more than a warning. Every look-up ignores case, as the services do. Each
//! table is parsed at its first use.

pub mod azure_operation;
pub mod azure_role;
pub mod directory_action;
pub mod directory_role;
pub mod escalation;
mod front;
pub mod limit;
pub mod similar;
pub mod tier;
